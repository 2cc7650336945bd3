//! The season that is being written by form: one draft, and the files that it names.

use super::Act;
use super::SEASON;
use super::link::Link;
use super::link::Row;
use super::link::values;
use crate::domain::ids::StaffId;
use crate::domain::time::Timestamp;
use crate::ledger::store::LedgerError;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftRow {
    /// From 1, and never one that was there before; who saves names the one that they began with.
    pub revision: i64,
    pub at: Timestamp,
    pub by: StaffId,
    pub by_name: String,
    /// A season file.
    pub body: String,
    pub asked: Option<AskedRow>,
}

/// Somebody has asked for this revision to be published, and a second person has to agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedRow {
    pub by: StaffId,
    pub by_name: String,
    pub at: Timestamp,
    pub why: String,
}

impl Link {
    /// # Errors
    /// The database refuses.
    pub async fn season_draft(&mut self) -> Result<Option<DraftRow>, LedgerError> {
        let sql = "select d.revision, d.at, d.by_staff, s.name as by_name, d.body, d.asked_by, a.name as asked_name, d.asked_at, d.asked_why
                   from season_draft d left join staff s on s.season = d.season and s.id = d.by_staff
                   left join staff a on a.season = d.season and a.id = d.asked_by where d.season = $1 and d.body <> ''";
        self.row(sql, values![SEASON]).await?.as_ref().map(draft).transpose()
    }

    /// A file that the draft names.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn season_draft_file(&mut self, name: &str) -> Result<Option<String>, LedgerError> {
        let sql = "select body from season_draft_file where season = $1 and name = $2";
        self.row(sql, values![SEASON, name]).await?.map(|row| row.text("body")).transpose()
    }
}

impl Act {
    /// In place of the draft before it, under a revision that none has had; nobody has asked for this one to be published.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn keep_season_draft(&mut self, body: &str, by: &StaffId, at: Timestamp) -> Result<i64, LedgerError> {
        let last = self.row("select revision from season_draft where season = $1", values![SEASON]).await?;
        let revision = last.map(|row| row.whole("revision")).transpose()?.unwrap_or(0) + 1;
        self.execute("delete from season_draft where season = $1", values![SEASON]).await?;
        let sql = "insert into season_draft (season, revision, at, by_staff, body) values ($1, $2, $3, $4, $5)";
        self.execute(sql, values![SEASON, revision, at.0, by.as_str(), body]).await?;
        Ok(revision)
    }

    /// # Errors
    /// The database refuses.
    pub async fn keep_season_draft_file(&mut self, name: &str, body: &str, at: Timestamp) -> Result<(), LedgerError> {
        let sql = "insert into season_draft_file (season, name, at, body) values ($1, $2, $3, $4)
                   on conflict (season, name) do update set at = excluded.at, body = excluded.body";
        self.execute(sql, values![SEASON, name, at.0, body]).await.map(|_| ())
    }

    /// `None`: nobody asks any more.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn season_publication_asked(
        &mut self,
        asked: Option<(&StaffId, Timestamp, &str)>,
    ) -> Result<(), LedgerError> {
        let sql = "update season_draft set asked_by = $2, asked_at = $3, asked_why = $4 where season = $1";
        let (by, at, why) =
            asked.map_or((None, None, None), |(by, at, why)| (Some(by.as_str()), Some(at.0), Some(why)));
        self.execute(sql, values![SEASON, by, at, why]).await.map(|_| ())
    }

    /// Leaves no more of the draft than its revision: whoever still has it open must not be taken for having begun with the next one.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn drop_season_draft(&mut self) -> Result<(), LedgerError> {
        self.execute("delete from season_draft_file where season = $1", values![SEASON]).await?;
        let sql =
            "update season_draft set body = '', asked_by = null, asked_at = null, asked_why = null where season = $1";
        self.execute(sql, values![SEASON]).await.map(|_| ())
    }
}

fn draft(row: &Row) -> Result<DraftRow, LedgerError> {
    let asked = match (row.maybe_text("asked_by")?, row.maybe_whole("asked_at")?) {
        (Some(by), Some(at)) => Some(AskedRow {
            by: StaffId(by),
            by_name: row.maybe_text("asked_name")?.unwrap_or_default(),
            at: Timestamp(at),
            why: row.maybe_text("asked_why")?.unwrap_or_default(),
        }),
        _ => None,
    };
    Ok(DraftRow {
        revision: row.whole("revision")?,
        at: Timestamp(row.whole("at")?),
        by: StaffId(row.text("by_staff")?),
        by_name: row.maybe_text("by_name")?.unwrap_or_default(),
        body: row.text("body")?,
        asked,
    })
}
