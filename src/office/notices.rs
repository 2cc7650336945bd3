//! 公告: what the organisers tell everyone, kept at the desk; and the acts that tell and take back.

use crate::accounts::tokens;
use crate::contest::clock::chance;
use crate::ledger::desk::DeskStore;
use crate::ledger::desk::NoticeRow;
use crate::ledger::desk::TakenBack;
use crate::ledger::store::LedgerError;
use crate::office::by::By;
use crate::office::by::because;
use crate::office::refusal::DeskRefusal;
use serde_json::Value;
use serde_json::json;

/// Characters of a notice: a phone shows it over whatever it does. Longer is refused.
pub const TEXT_MAX: usize = 200;
/// So many of the newest that stand are shown to everyone.
pub const SHOWN_MAX: i64 = 50;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Info,
    Warning,
}

impl Level {
    pub fn code(self) -> &'static str {
        match self {
            Level::Info => "info",
            Level::Warning => "warning",
        }
    }
}

fn subject(id: &str) -> String {
    format!("notice:{id}")
}

/// Keeps a notice; from here on everyone is told it who asks.
///
/// # Errors
/// It says nothing, or too much; or the database refuses.
pub async fn tell(desk: &DeskStore, by: &By, level: Level, text: &str) -> Result<NoticeRow, DeskRefusal> {
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if !(1..=TEXT_MAX).contains(&text.chars().count()) || text.chars().any(char::is_control) {
        return Err(DeskRefusal::Bad(format!("请写公告的内容，最多 {TEXT_MAX} 个字")));
    }
    let row = NoticeRow {
        id: tokens::code(chance::<8>()),
        at: by.at,
        level: level.code().to_owned(),
        text,
        by: by.staff.clone(),
        by_name: by.name.clone(),
        taken_back: None,
    };
    let mut act = desk.begin().await?;
    act.insert_notice(&row).await?;
    let after = json!({"level": row.level, "text": row.text});
    act.commit(by.change("notice.told", subject(&row.id), Value::Null, after)).await?;
    Ok(row)
}

/// Takes a notice back: nobody who asks is told it any more. It stays on record.
///
/// # Errors
/// There is none, it was taken back before, or no reason is given; or the database refuses.
pub async fn take_back(desk: &DeskStore, by: &By, id: &str, reason: &str) -> Result<NoticeRow, DeskRefusal> {
    let reason = reason.trim();
    if !crate::contest::acts::REASON_CHARACTERS.contains(&reason.chars().count()) {
        return Err(DeskRefusal::Bad("请写明撤回的理由，4 到 500 个字".to_owned()));
    }
    let mut act = desk.begin().await?;
    let row = act.notice(id).await?.ok_or(DeskRefusal::NotFound("这条公告"))?;
    if row.taken_back.is_some() {
        return Err(DeskRefusal::Conflict("这条公告已经撤回过了".to_owned()));
    }
    let taken_back = TakenBack { at: by.at, by_name: by.name.clone(), reason: reason.to_owned() };
    act.take_back_notice(id, &taken_back).await?;
    let before = json!({"level": row.level, "text": row.text});
    act.commit(because(by.change("notice.taken_back", subject(id), before, Value::Null), reason)).await?;
    Ok(NoticeRow { taken_back: Some(taken_back), ..row })
}

/// What everyone is shown, newest first.
///
/// # Errors
/// The database refuses.
pub async fn shown(desk: &DeskStore) -> Result<Vec<NoticeRow>, LedgerError> {
    desk.read().await?.notices(true, SHOWN_MAX).await
}
