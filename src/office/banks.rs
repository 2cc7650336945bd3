//! Banks: making one, its name, its reviews and its wording lists; the one that is shipped.

use crate::contest::clock::chance;
use crate::domain::bank::BankVersion;
use crate::domain::draft::Draft;
use crate::domain::question::Question;
use crate::domain::review::REVIEWS_MAX;
use crate::domain::review::Review;
use crate::domain::review::State;
use crate::domain::wording::Wording;
use crate::ledger::desk::BankRow;
use crate::ledger::desk::DeskStore;
use crate::ledger::desk::NewQuestion;
use crate::ledger::desk::QuestionHead;
use crate::ledger::desk::VersionRow;
use crate::ledger::desk::is_duplicate;
use crate::ledger::store::LedgerError;
use crate::office::by::By;
use crate::office::by::because;
use crate::office::fresh::fresh_id;
use crate::office::fresh::head;
use crate::office::refusal::DeskRefusal;
use serde_json::Value;
use serde_json::json;

/// So many banks; more are refused.
pub const BANKS_MAX: usize = 200;
/// Characters of a bank's id and of its name; longer ones are refused.
const ID_MAX: usize = 40;
const NAME_MAX: usize = 60;
/// Questions that are written with one statement's worth of memory.
const AT_ONCE: usize = 1_000;

/// What of a bank may be changed; `None` stays.
#[derive(Clone, Debug, Default)]
pub struct BankChange {
    pub name: Option<String>,
    pub reviews: Option<u8>,
    pub wording: Option<Wording>,
}

/// # Errors
/// The id is taken or none, or the name or number says nothing.
pub async fn create(desk: &DeskStore, by: &By, id: &str, name: &str, reviews: u8) -> Result<BankRow, DeskRefusal> {
    let bank = new_bank(by, id, name, reviews)?;
    let mut act = desk.begin().await?;
    if act.banks().await?.len() >= BANKS_MAX {
        return Err(DeskRefusal::Conflict(format!("最多 {BANKS_MAX} 个题库")));
    }
    act.insert_bank(&bank).await.map_err(taken)?;
    act.commit(by.change("bank.created", subject(id), Value::Null, told(&bank))).await?;
    Ok(bank)
}

/// A bank of questions that are published already: as version 1, which is `published` itself where a running season has it.
///
/// # Errors
/// The id is taken.
pub async fn create_published(
    desk: &DeskStore,
    by: &By,
    id: &str,
    name: &str,
    reviews: u8,
    published: &BankVersion,
) -> Result<BankRow, DeskRefusal> {
    let reason = "从现有题目建立";
    let bank = new_bank(by, id, name, reviews)?;
    let mut act = desk.begin().await?;
    act.insert_bank(&bank).await.map_err(taken)?;
    for some in published.questions.chunks(AT_ONCE) {
        let mut new = Vec::with_capacity(some.len());
        for question in some {
            // The same questions may be in another bank already; there they are others.
            let id = match act.question(&question.id).await? {
                Some(_) => fresh_id(),
                None => question.id.clone(),
            };
            new.push(as_published(by, &bank.id, Question { id, ..question.clone() }));
        }
        act.insert_questions(&new).await?;
    }
    let count = published.questions.len() as i64;
    let version = VersionRow {
        n: 1,
        at: by.at,
        by: by.staff.clone(),
        by_name: by.name.clone(),
        reason: reason.to_owned(),
        digest: published.digest().to_string(),
        questions: count,
        added: count,
        changed: 0,
        removed: 0,
    };
    act.insert_version(&bank.id, &version, &published.to_canonical()).await?;
    let after = json!({"name": bank.name, "reviews": reviews, "version": 1, "questions": count});
    act.commit(because(by.change("bank.created", subject(id), Value::Null, after), reason)).await?;
    Ok(bank)
}

fn as_published(by: &By, bank: &str, question: Question) -> NewQuestion {
    let review = Review { state: State::Published, carried: Some(1), ..Review::begun(by.staff.clone(), 1) };
    let id = question.id.clone();
    let draft = Draft::of(question);
    let head = head(by, bank, id, review, &draft, None);
    NewQuestion { head: QuestionHead { version: Some(1), ..head }, draft, what: "imported" }
}

/// # Errors
/// There is no such bank, or the change says nothing that could be.
pub async fn change(desk: &DeskStore, by: &By, id: &str, change: BankChange) -> Result<BankRow, DeskRefusal> {
    let mut act = desk.begin().await?;
    let before = act.bank(id).await?.ok_or(DeskRefusal::NotFound("这个题库"))?;
    let mut after = before.clone();
    if let Some(name) = change.name {
        after.name = name_of(&name)?;
    }
    if let Some(reviews) = change.reviews {
        after.reviews = reviews_of(reviews)?;
    }
    if let Some(wording) = change.wording {
        if let Some(fault) = wording.fault() {
            return Err(DeskRefusal::Bad(fault));
        }
        after.wording = wording;
    }
    act.update_bank(&after).await?;
    act.commit(by.change("bank.changed", subject(id), told(&before), told(&after))).await?;
    Ok(after)
}

pub fn subject(bank: &str) -> String {
    format!("bank:{bank}")
}

/// A salted version of questions that no season has.
pub fn version_of(bank: &str, questions: Vec<Question>) -> BankVersion {
    BankVersion::new(bank, chance(), questions)
}

fn new_bank(by: &By, id: &str, name: &str, reviews: u8) -> Result<BankRow, DeskRefusal> {
    let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-' || c == b'_';
    if !(1..=ID_MAX).contains(&id.len()) || !id.bytes().all(plain) {
        let message = format!("题库的编号只能用小写字母、数字、- 和 _，最多 {ID_MAX} 个");
        return Err(DeskRefusal::Bad(message));
    }
    Ok(BankRow {
        id: id.to_owned(),
        name: name_of(name)?,
        reviews: reviews_of(reviews)?,
        wording: Wording::default(),
        made_at: by.at,
    })
}

fn name_of(name: &str) -> Result<String, DeskRefusal> {
    let name = name.trim();
    if (1..=NAME_MAX).contains(&name.chars().count()) {
        Ok(name.to_owned())
    } else {
        Err(DeskRefusal::Bad(format!("请给题库起个名字，最多 {NAME_MAX} 个字")))
    }
}

fn reviews_of(reviews: u8) -> Result<u8, DeskRefusal> {
    if (1..=REVIEWS_MAX).contains(&reviews) {
        Ok(reviews)
    } else {
        Err(DeskRefusal::Bad("审核只能是一审、二审或三审".to_owned()))
    }
}

fn told(bank: &BankRow) -> Value {
    json!({"name": bank.name, "reviews": bank.reviews, "wording": bank.wording})
}

fn taken(error: LedgerError) -> DeskRefusal {
    if is_duplicate(&error) {
        DeskRefusal::Conflict("这个编号的题库已经有了".to_owned())
    } else {
        error.into()
    }
}
