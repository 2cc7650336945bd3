//! Corrections on their way to the ledger: proposed, previewed, decided, applied or withdrawn.

use super::Act;
use super::SEASON;
use super::body;
use super::link::Link;
use super::link::Row;
use super::link::values;
use crate::domain::correction::Remedy;
use crate::domain::ids::QuestionId;
use crate::domain::ids::StaffId;
use crate::domain::time::Timestamp;
use crate::ledger::store::LedgerError;
use sqlx::AssertSqlSafe;

/// Where a correction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CorrectionState {
    /// Its preview is being made, or waits to be decided on.
    Proposed,
    /// Decided, and on its way into the ledger and onto the boards.
    Applying,
    Applied,
    Withdrawn,
}

impl CorrectionState {
    const ALL: [CorrectionState; 4] =
        [CorrectionState::Proposed, CorrectionState::Applying, CorrectionState::Applied, CorrectionState::Withdrawn];

    pub fn code(self) -> &'static str {
        match self {
            CorrectionState::Proposed => "proposed",
            CorrectionState::Applying => "applying",
            CorrectionState::Applied => "applied",
            CorrectionState::Withdrawn => "withdrawn",
        }
    }

    pub fn of_code(code: &str) -> Option<CorrectionState> {
        CorrectionState::ALL.into_iter().find(|state| state.code() == code)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorrectionRow {
    pub id: String,
    pub at: Timestamp,
    pub by: StaffId,
    pub by_name: String,
    pub bank: String,
    pub question: QuestionId,
    pub stem: String,
    pub remedy: Remedy,
    /// The digests of the versions that it is of.
    pub versions: Vec<String>,
    /// For the record.
    pub reason: String,
    /// 勘误: what is published of it.
    pub words: String,
    /// The complaint that it came from.
    pub complaint: Option<String>,
    pub state: CorrectionState,
    /// How many previews were begun; the last one is the one that counts.
    pub previews: i64,
    /// The last one, JSON; `None` while it is being made, or could not be.
    pub preview: Option<String>,
    /// Why the last preview was not made, or why it could not be applied.
    pub trouble: Option<String>,
    pub decided_by: Option<StaffId>,
    pub decided_by_name: String,
    pub decided_at: Option<Timestamp>,
    /// What it came to, JSON.
    pub applied: Option<String>,
    /// Why it was withdrawn.
    pub withdrawn: Option<String>,
}

const CORRECTION: &str = "select c.id, c.at, c.by_staff, s.name as by_name, c.bank, c.question, c.stem, c.remedy, c.versions, c.reason, c.words,
     c.complaint, c.state, c.previews, c.preview, c.trouble, c.decided_by, d.name as decided_by_name, c.decided_at, c.applied, c.withdrawn
     from correction c left join staff s on s.season = c.season and s.id = c.by_staff
     left join staff d on d.season = c.season and d.id = c.decided_by";

impl Link {
    /// Newest first.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn corrections(&mut self, limit: i64) -> Result<Vec<CorrectionRow>, LedgerError> {
        let sql = format!("{CORRECTION} where c.season = $1 order by c.at desc, c.id limit $2");
        self.rows(AssertSqlSafe(sql), values![SEASON, limit]).await?.iter().map(correction).collect()
    }

    /// In this state, oldest first.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn corrections_in(&mut self, state: CorrectionState) -> Result<Vec<CorrectionRow>, LedgerError> {
        let sql = format!("{CORRECTION} where c.season = $1 and c.state = $2 order by c.at, c.id");
        self.rows(AssertSqlSafe(sql), values![SEASON, state.code()]).await?.iter().map(correction).collect()
    }

    /// # Errors
    /// The database refuses.
    pub async fn corrections_of_question(
        &mut self,
        bank: &str,
        question: &QuestionId,
    ) -> Result<Vec<CorrectionRow>, LedgerError> {
        let sql =
            format!("{CORRECTION} where c.season = $1 and c.bank = $2 and c.question = $3 order by c.at desc, c.id");
        let values = values![SEASON, bank, question.as_str()];
        self.rows(AssertSqlSafe(sql), values).await?.iter().map(correction).collect()
    }

    /// # Errors
    /// The database refuses.
    pub async fn correction(&mut self, id: &str) -> Result<Option<CorrectionRow>, LedgerError> {
        let sql = format!("{CORRECTION} where c.season = $1 and c.id = $2");
        self.row(AssertSqlSafe(sql), values![SEASON, id]).await?.as_ref().map(correction).transpose()
    }
}

impl Act {
    /// # Errors
    /// The database refuses.
    pub async fn insert_correction(&mut self, row: &CorrectionRow) -> Result<(), LedgerError> {
        let sql = "insert into correction (season, id, at, by_staff, bank, question, stem, remedy, versions, reason, words, complaint, state, previews)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
        let values = values![
            SEASON,
            &row.id,
            row.at.0,
            row.by.as_str(),
            &row.bank,
            row.question.as_str(),
            &row.stem,
            serde_json::to_string(&row.remedy).unwrap_or_default(),
            serde_json::to_string(&row.versions).unwrap_or_default(),
            &row.reason,
            &row.words,
            row.complaint.as_deref(),
            row.state.code(),
            row.previews,
        ];
        self.execute(sql, values).await.map(|_| ())
    }

    /// Where it stands.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn update_correction(&mut self, row: &CorrectionRow) -> Result<(), LedgerError> {
        let sql = "update correction set state = $3, previews = $4, preview = $5, trouble = $6, decided_by = $7, decided_at = $8,
             applied = $9, withdrawn = $10 where season = $1 and id = $2";
        let values = values![
            SEASON,
            &row.id,
            row.state.code(),
            row.previews,
            row.preview.as_deref(),
            row.trouble.as_deref(),
            row.decided_by.as_ref().map(StaffId::as_str),
            row.decided_at.map(|at| at.0),
            row.applied.as_deref(),
            row.withdrawn.as_deref(),
        ];
        self.execute(sql, values).await.map(|_| ())
    }
}

fn correction(row: &Row) -> Result<CorrectionRow, LedgerError> {
    let state = row.text("state")?;
    Ok(CorrectionRow {
        id: row.text("id")?,
        at: Timestamp(row.whole("at")?),
        by: StaffId(row.text("by_staff")?),
        by_name: row.maybe_text("by_name")?.unwrap_or_default(),
        bank: row.text("bank")?,
        question: QuestionId(row.text("question")?),
        stem: row.text("stem")?,
        remedy: serde_json::from_str(&row.text("remedy")?).map_err(body::unreadable)?,
        versions: serde_json::from_str(&row.text("versions")?).map_err(body::unreadable)?,
        reason: row.text("reason")?,
        words: row.text("words")?,
        complaint: row.maybe_text("complaint")?,
        state: CorrectionState::of_code(&state).ok_or_else(|| body::unreadable(format!("state {state}")))?,
        previews: row.whole("previews")?,
        preview: row.maybe_text("preview")?,
        trouble: row.maybe_text("trouble")?,
        decided_by: row.maybe_text("decided_by")?.map(StaffId),
        decided_by_name: row.maybe_text("decided_by_name")?.unwrap_or_default(),
        decided_at: row.maybe_whole("decided_at")?.map(Timestamp),
        applied: row.maybe_text("applied")?,
        withdrawn: row.maybe_text("withdrawn")?,
    })
}
