//! The audit log's rows: appended by every act, read in pages.

use super::Act;
use super::Chain;
use super::SEASON;
use super::link::Link;
use super::link::Row;
use super::link::Value;
use super::link::values;
use crate::domain::ids::StaffId;
use crate::domain::time::Timestamp;
use crate::ledger::store::LedgerError;
use serde::Serialize;
use sqlx::AssertSqlSafe;

/// What somebody did, was refused or looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub at: Timestamp,
    /// Nobody who is known, or the machine itself: `None`. The name is as it was then.
    pub who: Option<(StaffId, String)>,
    /// From which network.
    pub network: String,
    /// `staff.invited`, `question.approved`, `session.refused`, …
    pub act: String,
    /// `staff:ID`, `bank:ID`, `question:ID`, …
    pub subject: String,
    /// JSON.
    pub before: Option<String>,
    pub after: Option<String>,
    pub reason: Option<String>,
    pub refused: bool,
}

impl Record {
    /// What it was before.
    #[must_use]
    pub fn before(self, before: &impl Serialize) -> Record {
        Record { before: serde_json::to_string(before).ok(), ..self }
    }

    /// What it is now.
    #[must_use]
    pub fn after(self, after: &impl Serialize) -> Record {
        Record { after: serde_json::to_string(after).ok(), ..self }
    }

    /// Why, in the person's words.
    #[must_use]
    pub fn because(self, reason: impl Into<String>) -> Record {
        Record { reason: Some(reason.into()), ..self }
    }
}

/// A record as it stands in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub n: i64,
    pub record: Record,
    pub hash: [u8; 32],
}

/// Which rows are asked for; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    pub who: Option<StaffId>,
    /// An act, or with `.` at its end all acts that begin so.
    pub act: Option<String>,
    pub subject: Option<String>,
    pub from: Option<Timestamp>,
    /// Not this moment itself.
    pub to: Option<Timestamp>,
    /// Only rows before this number.
    pub before: Option<i64>,
}

const COLUMNS: &str = "n, at, who, who_name, network, act, subject, before, after, reason, refused, hash";

impl Act {
    /// Writes a row; for acts that need more than the one with which they are committed.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn record(&mut self, record: Record) -> Result<(), LedgerError> {
        let next = self.last.after(&record);
        let (who, who_name) = record.who.map(|(who, name)| (who.0, name)).unzip();
        let sql = "insert into audit (season, n, at, who, who_name, network, act, subject, before, after, reason, refused, hash)
                   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
        let values = values![
            SEASON,
            next.n,
            record.at.0,
            who,
            who_name,
            record.network,
            record.act,
            record.subject,
            record.before,
            record.after,
            record.reason,
            record.refused,
            &next.hash,
        ];
        self.execute(sql, values).await?;
        let moved = "update desk set last_n = $2, last_hash = $3 where season = $1";
        self.execute(moved, values![SEASON, next.n, &next.hash]).await?;
        self.last = next;
        Ok(())
    }
}

impl Link {
    /// Where the log is said to end.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn audit_end(&mut self) -> Result<Chain, LedgerError> {
        let row = self.row("select last_n, last_hash from desk where season = $1", values![SEASON]).await?;
        let row = row.ok_or(LedgerError::Stopped)?;
        Ok(Chain::at(row.whole("last_n")?, &row.bytes("last_hash")?))
    }

    /// At most `limit` rows after `after`, oldest first.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn audit_after(&mut self, after: i64, limit: i64) -> Result<Vec<Entry>, LedgerError> {
        let sql = format!("select {COLUMNS} from audit where season = $1 and n > $2 order by n limit $3");
        let rows = self.rows(AssertSqlSafe(sql), values![SEASON, after, limit]).await?;
        rows.iter().map(entry).collect()
    }

    /// At most `limit` rows that pass the filter, newest first.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn audit(&mut self, filter: &AuditFilter, limit: i64) -> Result<Vec<Entry>, LedgerError> {
        let mut sql = format!("select {COLUMNS} from audit where season = $1");
        let mut values = vec![Value::from(SEASON)];
        let mut and = |condition: &str, value: Value<'static>| {
            values.push(value);
            sql += &format!(" and {condition} ${}", values.len());
        };
        if let Some(who) = &filter.who {
            and("who =", who.0.clone().into());
        }
        match filter.act.as_deref() {
            Some(act) if act.ends_with('.') => {
                // No pattern, so that nothing in the text means more than itself.
                and(&format!("substr(act, 1, {}) =", act.chars().count()), act.to_owned().into());
            }
            Some(act) => and("act =", act.to_owned().into()),
            None => {}
        }
        if let Some(subject) = &filter.subject {
            and("subject =", subject.clone().into());
        }
        if let Some(from) = filter.from {
            and("at >=", from.0.into());
        }
        if let Some(to) = filter.to {
            and("at <", to.0.into());
        }
        if let Some(before) = filter.before {
            and("n <", before.into());
        }
        and("1 = 1 order by n desc limit", limit.into());
        self.rows(AssertSqlSafe(sql), &values).await?.iter().map(entry).collect()
    }
}

fn entry(row: &Row) -> Result<Entry, LedgerError> {
    let n = row.whole("n")?;
    let who = row.maybe_text("who")?.map(StaffId);
    let name = row.maybe_text("who_name")?;
    let record = Record {
        at: Timestamp(row.whole("at")?),
        who: who.map(|who| (who, name.unwrap_or_default())),
        network: row.text("network")?,
        act: row.text("act")?,
        subject: row.text("subject")?,
        before: row.maybe_text("before")?,
        after: row.maybe_text("after")?,
        reason: row.maybe_text("reason")?,
        refused: row.truth("refused")?,
    };
    Ok(Entry { n, record, hash: Chain::at(n, &row.bytes("hash")?).hash })
}
