//! 公告: what was told to everyone, and what of it was taken back.

use super::Act;
use super::SEASON;
use super::link::Link;
use super::link::Row;
use super::link::values;
use crate::domain::ids::StaffId;
use crate::domain::time::Timestamp;
use crate::ledger::store::LedgerError;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeRow {
    pub id: String,
    pub at: Timestamp,
    /// `info` or `warning`.
    pub level: String,
    pub text: String,
    pub by: StaffId,
    /// As it was then.
    pub by_name: String,
    pub taken_back: Option<TakenBack>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenBack {
    pub at: Timestamp,
    pub by_name: String,
    pub reason: String,
}

const NOTICE: &str = "select id, at, level, body, author, author_name, taken_back_at, taken_back_by, taken_back_reason
                      from notice where season = $1";

impl Link {
    /// Newest first; those that stand, or all.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn notices(&mut self, standing: bool, limit: i64) -> Result<Vec<NoticeRow>, LedgerError> {
        let which = if standing { " and taken_back_at is null" } else { "" };
        let sql = format!("{NOTICE}{which} order by at desc, id desc limit $2");
        self.rows(sqlx::AssertSqlSafe(sql), values![SEASON, limit]).await?.iter().map(notice).collect()
    }

    /// # Errors
    /// The database refuses.
    pub async fn notice(&mut self, id: &str) -> Result<Option<NoticeRow>, LedgerError> {
        let sql = format!("{NOTICE} and id = $2");
        self.row(sqlx::AssertSqlSafe(sql), values![SEASON, id]).await?.as_ref().map(notice).transpose()
    }
}

impl Act {
    /// # Errors
    /// The database refuses.
    pub async fn insert_notice(&mut self, row: &NoticeRow) -> Result<(), LedgerError> {
        let sql =
            "insert into notice (season, id, at, level, body, author, author_name) values ($1, $2, $3, $4, $5, $6, $7)";
        let NoticeRow { id, at, level, text, by, by_name, .. } = row;
        self.execute(sql, values![SEASON, id, at.0, level, text, by.as_str(), by_name]).await.map(|_| ())
    }

    /// # Errors
    /// The database refuses.
    pub async fn take_back_notice(&mut self, id: &str, taken_back: &TakenBack) -> Result<(), LedgerError> {
        let sql = "update notice set taken_back_at = $3, taken_back_by = $4, taken_back_reason = $5
                   where season = $1 and id = $2";
        let TakenBack { at, by_name, reason } = taken_back;
        self.execute(sql, values![SEASON, id, at.0, by_name, reason]).await.map(|_| ())
    }
}

fn notice(row: &Row) -> Result<NoticeRow, LedgerError> {
    let taken_back = match row.maybe_whole("taken_back_at")? {
        None => None,
        Some(at) => Some(TakenBack {
            at: Timestamp(at),
            by_name: row.maybe_text("taken_back_by")?.unwrap_or_default(),
            reason: row.maybe_text("taken_back_reason")?.unwrap_or_default(),
        }),
    };
    Ok(NoticeRow {
        id: row.text("id")?,
        at: Timestamp(row.whole("at")?),
        level: row.text("level")?,
        text: row.text("body")?,
        by: StaffId(row.text("author")?),
        by_name: row.text("author_name")?,
        taken_back,
    })
}
