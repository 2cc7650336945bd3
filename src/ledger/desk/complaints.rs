//! Complaints and what was done about them; and when the phones of live attempts came and went.

use super::Act;
use super::SEASON;
use super::link::Link;
use super::link::Row;
use super::link::Value;
use super::link::values;
use crate::domain::ids::AttemptId;
use crate::domain::ids::ParticipantId;
use crate::domain::ids::StaffId;
use crate::domain::time::Timestamp;
use crate::ledger::store::LedgerError;
use sqlx::AssertSqlSafe;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComplaintRow {
    pub id: String,
    pub at: Timestamp,
    pub by: StaffId,
    pub by_name: String,
    pub attempt: Option<AttemptId>,
    pub participant: Option<ParticipantId>,
    /// Where the participant is at home, as places are written; the region where nobody is named.
    pub place: String,
    /// Who complained and how to reach them, as far as they said.
    pub complainer: String,
    pub words: String,
    /// `open` or `closed`.
    pub state: String,
    /// Who has it: a person, or a place's people.
    pub held_by: Option<StaffId>,
    pub held_by_name: String,
    pub held_at: Option<String>,
    pub changed_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComplaintStepRow {
    pub at: Timestamp,
    pub by: StaffId,
    pub by_name: String,
    /// `opened`, `explained`, `referred`, `corrected`, `closed` or `reopened`.
    pub act: String,
    pub words: String,
    pub towards: Option<String>,
}

const COMPLAINT: &str = "select c.id, c.at, c.by_staff, s.name as by_name, c.attempt, c.participant, c.place, c.complainer, c.words, c.state,
     c.held_by, h.name as held_by_name, c.held_at, c.changed_at from complaint c
     left join staff s on s.season = c.season and s.id = c.by_staff
     left join staff h on h.season = c.season and h.id = c.held_by";

/// Who asks for complaints, and which of them are theirs to see.
#[derive(Clone, Debug)]
pub struct ComplaintsOf<'a> {
    pub state: &'a str,
    /// Held by this person, wherever they come from; and all of these places. `None`: all there are.
    pub within: Option<(&'a StaffId, &'a [String])>,
}

impl Link {
    /// The last touched first, at most `limit` from `offset` on, and how many there are.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn complaints(
        &mut self,
        of: &ComplaintsOf<'_>,
        offset: i64,
        limit: i64,
    ) -> Result<(Vec<ComplaintRow>, i64), LedgerError> {
        let mut values: Vec<Value<'_>> = vec![SEASON.into(), of.state.into()];
        let mut wanted = "c.season = $1 and c.state = $2".to_owned();
        if let Some((holder, places)) = of.within {
            values.push(holder.as_str().into());
            let first = values.len() + 1;
            values.extend(places.iter().map(Value::from));
            let marks: Vec<String> = (first..=values.len()).map(|n| format!("${n}")).collect();
            let marks = if marks.is_empty() { "null".to_owned() } else { marks.join(", ") };
            wanted += &format!(" and (c.held_by = $3 or c.place in ({marks}) or c.held_at in ({marks}))");
        }
        let counting = format!("select count(*) as complaints from complaint c where {wanted}");
        let total = self.row(AssertSqlSafe(counting), &values).await?.map_or(Ok(0), |row| row.whole("complaints"))?;
        let (limit_at, offset_at) = (values.len() + 1, values.len() + 2);
        values.extend([limit.into(), offset.into()]);
        let sql = format!(
            "{COMPLAINT} where {wanted} order by c.changed_at desc, c.id limit ${limit_at} offset ${offset_at}"
        );
        let rows: Result<Vec<ComplaintRow>, LedgerError> =
            self.rows(AssertSqlSafe(sql), &values).await?.iter().map(complaint).collect();
        Ok((rows?, total))
    }

    /// # Errors
    /// The database refuses.
    pub async fn complaint(&mut self, id: &str) -> Result<Option<ComplaintRow>, LedgerError> {
        let sql = format!("{COMPLAINT} where c.season = $1 and c.id = $2");
        self.row(AssertSqlSafe(sql), values![SEASON, id]).await?.as_ref().map(complaint).transpose()
    }

    /// How many are not closed.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn open_complaints(&mut self) -> Result<i64, LedgerError> {
        let sql = "select count(*) as complaints from complaint where season = $1 and state = 'open'";
        self.row(sql, values![SEASON]).await?.map_or(Ok(0), |row| row.whole("complaints"))
    }

    /// # Errors
    /// The database refuses.
    pub async fn complaints_of_attempt(&mut self, attempt: AttemptId) -> Result<Vec<ComplaintRow>, LedgerError> {
        let sql = format!("{COMPLAINT} where c.season = $1 and c.attempt = $2 order by c.at, c.id");
        self.rows(AssertSqlSafe(sql), values![SEASON, attempt.0]).await?.iter().map(complaint).collect()
    }

    /// Oldest first.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn complaint_steps(&mut self, id: &str) -> Result<Vec<ComplaintStepRow>, LedgerError> {
        let sql = "select t.at, t.by_staff, s.name as by_name, t.act, t.words, t.towards from complaint_step t
             left join staff s on s.season = t.season and s.id = t.by_staff
             where t.season = $1 and t.complaint = $2 order by t.n";
        let step = |row: &Row| {
            Ok(ComplaintStepRow {
                at: Timestamp(row.whole("at")?),
                by: StaffId(row.text("by_staff")?),
                by_name: row.maybe_text("by_name")?.unwrap_or_default(),
                act: row.text("act")?,
                words: row.text("words")?,
                towards: row.maybe_text("towards")?,
            })
        };
        self.rows(sql, values![SEASON, id]).await?.iter().map(step).collect()
    }

    /// When the phone came and went, in order.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn attempt_events(&mut self, attempt: AttemptId) -> Result<Vec<(Timestamp, String)>, LedgerError> {
        let sql = "select at, kind from attempt_event where season = $1 and attempt = $2 order by at, kind";
        let event = |row: &Row| Ok((Timestamp(row.whole("at")?), row.text("kind")?));
        self.rows(sql, values![SEASON, attempt.0]).await?.iter().map(event).collect()
    }

    /// Whether some of these may have been left out between two moments.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn attempt_events_lack(&mut self, from: Timestamp, to: Timestamp) -> Result<bool, LedgerError> {
        let sql = "select count(*) as gaps from attempt_event_gap where season = $1 and since <= $3 and until >= $2";
        let row = self.row(sql, values![SEASON, from.0, to.0]).await?;
        Ok(row.map_or(Ok(0), |row| row.whole("gaps"))? > 0)
    }
}

impl Act {
    /// # Errors
    /// The database refuses.
    pub async fn insert_complaint(&mut self, row: &ComplaintRow) -> Result<(), LedgerError> {
        let sql = "insert into complaint (season, id, at, by_staff, attempt, participant, place, complainer, words, state, held_by, held_at, changed_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
        let values = values![
            SEASON,
            &row.id,
            row.at.0,
            row.by.as_str(),
            row.attempt.map(|id| id.0),
            row.participant.map(|id| id.0),
            &row.place,
            &row.complainer,
            &row.words,
            &row.state,
            row.held_by.as_ref().map(StaffId::as_str),
            row.held_at.as_deref(),
            row.changed_at.0,
        ];
        self.execute(sql, values).await.map(|_| ())
    }

    /// Where it stands and who has it.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn update_complaint(&mut self, row: &ComplaintRow) -> Result<(), LedgerError> {
        let sql = "update complaint set state = $3, held_by = $4, held_at = $5, changed_at = $6 where season = $1 and id = $2";
        let holder = row.held_by.as_ref().map(StaffId::as_str);
        let values = values![SEASON, &row.id, &row.state, holder, row.held_at.as_deref(), row.changed_at.0];
        self.execute(sql, values).await.map(|_| ())
    }

    /// # Errors
    /// The database refuses.
    pub async fn insert_complaint_step(&mut self, id: &str, step: &ComplaintStepRow) -> Result<(), LedgerError> {
        let last = "select max(n) as last from complaint_step where season = $1 and complaint = $2";
        let row = self.row(last, values![SEASON, id]).await?;
        let n = row.map(|row| row.maybe_whole("last")).transpose()?.flatten().unwrap_or(0) + 1;
        let sql = "insert into complaint_step (season, complaint, n, at, by_staff, act, words, towards) values ($1, $2, $3, $4, $5, $6, $7, $8)";
        let ComplaintStepRow { at, by, act, words, towards, .. } = step;
        self.execute(sql, values![SEASON, id, n, at.0, by.as_str(), act, words, towards.as_deref()]).await.map(|_| ())
    }

    /// Comings and goings; what is there already is passed over.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn insert_attempt_events(
        &mut self,
        events: &[(AttemptId, Timestamp, &'static str)],
    ) -> Result<(), LedgerError> {
        let rows = events.iter().map(|(attempt, at, kind)| values![SEASON, attempt.0, at.0, *kind].to_vec());
        self.insert_missing("attempt_event (season, attempt, at, kind)", rows).await
    }

    /// # Errors
    /// The database refuses.
    pub async fn insert_attempt_event_gap(
        &mut self,
        since: Timestamp,
        until: Timestamp,
        lost: i64,
    ) -> Result<(), LedgerError> {
        let sql =
            "insert into attempt_event_gap (season, since, until, lost) values ($1, $2, $3, $4) on conflict do nothing";
        self.execute(sql, values![SEASON, since.0, until.0, lost]).await.map(|_| ())
    }
}

fn complaint(row: &Row) -> Result<ComplaintRow, LedgerError> {
    Ok(ComplaintRow {
        id: row.text("id")?,
        at: Timestamp(row.whole("at")?),
        by: StaffId(row.text("by_staff")?),
        by_name: row.maybe_text("by_name")?.unwrap_or_default(),
        attempt: row.maybe_whole("attempt")?.map(AttemptId),
        participant: row.maybe_whole("participant")?.map(ParticipantId),
        place: row.text("place")?,
        complainer: row.text("complainer")?,
        words: row.text("words")?,
        state: row.text("state")?,
        held_by: row.maybe_text("held_by")?.map(StaffId),
        held_by_name: row.maybe_text("held_by_name")?.unwrap_or_default(),
        held_at: row.maybe_text("held_at")?,
        changed_at: Timestamp(row.whole("changed_at")?),
    })
}
