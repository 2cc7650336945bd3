//! 工作台: what staff edit, apart from what scores. `desk.db` in the data folder, or the same tables in the season's PostgreSQL database.
//! One writer at a time on either: an act is one transaction, and its record in the audit log is part of it.
//!
//! For whoever adds tables: a migration in `migrations/desk` that both databases read (bigint, text, bytea; every table with `season`, which
//! is [`SEASON`]), a file here with `impl Link` for reads and `impl Act` for writes, SQL with `$1` parameters; and its name in `copy.rs`, so that
//! `kejing ledger copy` takes it along.

mod audit;
mod banks;
mod body;
mod chain;
mod complaints;
mod copy;
mod corrections;
mod imports;
mod link;
mod listing;
mod many;
mod notices;
mod open;
mod questions;
mod reports;
mod seasons;
mod staff;

pub use audit::AuditFilter;
pub use audit::Entry;
pub use audit::Record;
pub use banks::BankRow;
pub use banks::PictureRow;
pub use banks::VersionRow;
pub use chain::Break;
pub use chain::Chain;
pub use complaints::ComplaintRow;
pub use complaints::ComplaintStepRow;
pub use complaints::ComplaintsOf;
pub use copy::copy;
pub use copy::digest;
pub use corrections::CorrectionRow;
pub use corrections::CorrectionState;
pub use imports::ImportRow;
pub use imports::KeptRemark;
pub use imports::ReadRow;
pub use imports::RowCounts;
pub use imports::RowStanding;
pub use imports::Twin;
pub use imports::WantedRows;
pub use link::Link;
pub use listing::Facets;
pub use listing::QuestionFilter;
pub use listing::Sort;
pub use notices::NoticeRow;
pub use notices::TakenBack;
pub use open::DESK_FILE;
pub use open::DeskStore;
pub use questions::NewQuestion;
pub use questions::QuestionHead;
pub use questions::RevisionRow;
pub use questions::StepRow;
pub use reports::AnswerRow;
pub use reports::ReportRow;
pub use reports::ReportedRow;
pub use seasons::AskedRow;
pub use seasons::DraftRow;
pub use staff::GrantRow;
pub use staff::PersonRow;
pub use staff::ResetRow;
pub use staff::SessionRow;

use crate::ledger::store::LedgerError;
use link::Value;

/// The one season of a desk.
const SEASON: i64 = 1;

/// One act under way: nobody else writes meanwhile, and nothing of it is there before [`Act::commit`]. Dropped before, it never happened.
///
/// It must not be cancelled between two of its statements (sqlx would hand a half-used connection to the next): the desk's calls run in
/// tasks of their own, and so does everything else that acts.
pub struct Act {
    link: Link,
    /// Where the audit log ends.
    last: Chain,
}

impl std::ops::Deref for Act {
    type Target = Link;

    fn deref(&self) -> &Link {
        &self.link
    }
}

impl std::ops::DerefMut for Act {
    fn deref_mut(&mut self) -> &mut Link {
        &mut self.link
    }
}

impl Act {
    /// Writes the act down and makes it durable, both or neither.
    ///
    /// # Errors
    /// The database refuses; nothing happened then.
    pub async fn commit(mut self, record: Record) -> Result<(), LedgerError> {
        self.record(record).await?;
        self.link.commit().await
    }

    /// For what is nobody's act: a session's last sign of life, a job's progress.
    ///
    /// # Errors
    /// The database refuses; nothing happened then.
    pub async fn commit_unrecorded(self) -> Result<(), LedgerError> {
        self.link.commit().await
    }

    /// Returns how many rows were changed.
    async fn execute(&mut self, sql: impl sqlx::SqlSafeStr, values: &[Value<'_>]) -> Result<u64, LedgerError> {
        self.link.execute(sql, values).await
    }
}

/// The database has such a row already.
pub fn is_duplicate(error: &LedgerError) -> bool {
    matches!(error, LedgerError::Database(sqlx::Error::Database(error)) if error.is_unique_violation())
}
