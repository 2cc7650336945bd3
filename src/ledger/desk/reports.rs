//! 「这道题有问题」: reports as the desk reads them, by question, and what those who reported are told.

use super::Act;
use super::SEASON;
use super::link::Link;
use super::link::Row;
use super::link::Value;
use super::link::values;
use crate::domain::ids::AttemptId;
use crate::domain::ids::ParticipantId;
use crate::domain::ids::QuestionId;
use crate::domain::ids::StaffId;
use crate::domain::time::Timestamp;
use crate::ledger::entry::EntryNumber;
use crate::ledger::store::LedgerError;
use sqlx::AssertSqlSafe;

/// A report under its number in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportRow {
    pub n: EntryNumber,
    pub at: Timestamp,
    pub participant: ParticipantId,
    pub attempt: AttemptId,
    pub seq: u32,
    pub bank: String,
    pub question: QuestionId,
    pub words: String,
    /// The answer's number.
    pub answer: Option<i64>,
}

/// What is said to all who have reported a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerRow {
    pub n: i64,
    pub bank: String,
    pub question: QuestionId,
    pub at: Timestamp,
    pub by: StaffId,
    pub by_name: String,
    pub words: String,
}

/// The reports of one question, counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedRow {
    pub bank: String,
    pub question: QuestionId,
    pub count: i64,
    /// Of these, those that have no answer yet.
    pub open: i64,
    pub first: Timestamp,
    pub last: Timestamp,
}

const REPORT: &str =
    "select r.n, r.at, r.participant, r.attempt, r.seq, r.bank, r.question, r.words, r.answer from report r";
const ANSWER: &str = "select a.n, a.bank, a.question, a.at, a.by_staff, s.name as by_name, a.words from report_answer a
     left join staff s on s.season = a.season and s.id = a.by_staff";

impl Link {
    /// Up to which note of the ledger reports were taken up; 0: none was.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn last_report(&mut self) -> Result<EntryNumber, LedgerError> {
        let row = self.row("select max(n) as last from report where season = $1", values![SEASON]).await?;
        Ok(row.map(|row| row.maybe_whole("last")).transpose()?.flatten().unwrap_or(0))
    }

    /// Questions of these banks that were reported: those with open reports, most of them first, or those without any.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn reported(
        &mut self,
        banks: &[String],
        open: bool,
        offset: i64,
        limit: i64,
    ) -> Result<(Vec<ReportedRow>, i64), LedgerError> {
        if banks.is_empty() {
            return Ok((Vec::new(), 0));
        }
        let mut values: Vec<Value<'_>> = vec![SEASON.into()];
        values.extend(banks.iter().map(Value::from));
        let marks: Vec<String> = (2..values.len() + 1).map(|n| format!("${n}")).collect();
        let having = if open { "count(*) > count(answer)" } else { "count(*) = count(answer)" };
        let grouped = format!(
            "select bank, question, count(*) as reports, count(*) - count(answer) as unanswered, min(at) as first_at, max(at) as last_at
             from report where season = $1 and bank in ({}) group by bank, question having {having}",
            marks.join(", ")
        );
        let counting = format!("select count(*) as questions from ({grouped}) as counted");
        let total = self.row(AssertSqlSafe(counting), &values).await?.map_or(Ok(0), |row| row.whole("questions"))?;
        let (limit_at, offset_at) = (values.len() + 1, values.len() + 2);
        values.extend([limit.into(), offset.into()]);
        let order = if open { "unanswered desc, last_at desc" } else { "last_at desc" };
        let sql = format!("{grouped} order by {order}, bank, question limit ${limit_at} offset ${offset_at}");
        let rows: Result<Vec<ReportedRow>, LedgerError> =
            self.rows(AssertSqlSafe(sql), &values).await?.iter().map(reported).collect();
        Ok((rows?, total))
    }

    /// The newest reports of a question, at most `limit`.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn reports_of_question(
        &mut self,
        bank: &str,
        question: &QuestionId,
        limit: i64,
    ) -> Result<Vec<ReportRow>, LedgerError> {
        let sql =
            format!("{REPORT} where r.season = $1 and r.bank = $2 and r.question = $3 order by r.n desc limit $4");
        let values = values![SEASON, bank, question.as_str(), limit];
        self.rows(AssertSqlSafe(sql), values).await?.iter().map(report).collect()
    }

    /// How the reports of a question are counted; `None`: there is none.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn reported_question(
        &mut self,
        bank: &str,
        question: &QuestionId,
    ) -> Result<Option<ReportedRow>, LedgerError> {
        let sql = "select bank, question, count(*) as reports, count(*) - count(answer) as unanswered, min(at) as first_at, max(at) as last_at
             from report where season = $1 and bank = $2 and question = $3 group by bank, question";
        self.row(sql, values![SEASON, bank, question.as_str()]).await?.as_ref().map(reported).transpose()
    }

    /// What was answered of a question, newest first.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn answers_of_question(
        &mut self,
        bank: &str,
        question: &QuestionId,
    ) -> Result<Vec<AnswerRow>, LedgerError> {
        let sql = format!("{ANSWER} where a.season = $1 and a.bank = $2 and a.question = $3 order by a.n desc");
        self.rows(AssertSqlSafe(sql), values![SEASON, bank, question.as_str()]).await?.iter().map(answer).collect()
    }

    /// The newest reports of a participant with what they were answered, at most `limit`.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn reports_of_participant(
        &mut self,
        participant: ParticipantId,
        limit: i64,
    ) -> Result<Vec<(ReportRow, Option<(Timestamp, String)>)>, LedgerError> {
        let sql = REPORT.replacen(" from report r", ", a.at as answered_at, a.words as answered from report r", 1)
            + " left join report_answer a on a.season = r.season and a.n = r.answer
               where r.season = $1 and r.participant = $2 order by r.n desc limit $3";
        let told = |row: &Row| {
            let answered_at = row.maybe_whole("answered_at")?.map(Timestamp);
            Ok((report(row)?, answered_at.zip(row.maybe_text("answered")?)))
        };
        self.rows(AssertSqlSafe(sql), values![SEASON, participant.0, limit]).await?.iter().map(told).collect()
    }

    /// # Errors
    /// The database refuses.
    pub async fn reports_of_attempt(&mut self, attempt: AttemptId) -> Result<Vec<ReportRow>, LedgerError> {
        let sql = format!("{REPORT} where r.season = $1 and r.attempt = $2 order by r.n");
        self.rows(AssertSqlSafe(sql), values![SEASON, attempt.0]).await?.iter().map(report).collect()
    }

    /// Who was answered since `since`, each with when it was last, at most `limit`: the latest.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn answered_since(
        &mut self,
        since: Timestamp,
        limit: i64,
    ) -> Result<Vec<(ParticipantId, Timestamp)>, LedgerError> {
        let sql = "select r.participant, max(a.at) as answered_at from report r
             join report_answer a on a.season = r.season and a.n = r.answer
             where r.season = $1 and a.at >= $2 group by r.participant order by answered_at desc limit $3";
        let told = |row: &Row| Ok((ParticipantId(row.whole("participant")?), Timestamp(row.whole("answered_at")?)));
        self.rows(sql, values![SEASON, since.0, limit]).await?.iter().map(told).collect()
    }
}

impl Act {
    /// Those that are there already stay as they are.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn insert_reports(&mut self, reports: &[ReportRow]) -> Result<(), LedgerError> {
        let rows = reports.iter().map(|report| {
            let ReportRow { n, at, participant, attempt, seq, bank, question, words, .. } = report;
            let seq = i64::from(*seq);
            values![SEASON, *n, at.0, participant.0, attempt.0, seq, bank.as_str(), question.as_str(), words].to_vec()
        });
        let into = "report (season, n, at, participant, attempt, seq, bank, question, words)";
        self.insert_missing(into, rows).await
    }

    /// Answers every report of the question up to number `up_to` that has no answer yet; who is told.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn answer_reports(
        &mut self,
        answer: &AnswerRow,
        up_to: EntryNumber,
    ) -> Result<Vec<ParticipantId>, LedgerError> {
        let AnswerRow { bank, question, at, by, words, .. } = answer;
        let next = self.row("select max(n) as last from report_answer where season = $1", values![SEASON]).await?;
        let n = next.map(|row| row.maybe_whole("last")).transpose()?.flatten().unwrap_or(0) + 1;
        let sql = "insert into report_answer (season, n, bank, question, at, by_staff, words) values ($1, $2, $3, $4, $5, $6, $7)";
        let values = values![SEASON, n, bank.as_str(), question.as_str(), at.0, by.as_str(), words];
        self.execute(sql, values).await?;
        let told = "select distinct participant from report
             where season = $1 and bank = $2 and question = $3 and n <= $4 and answer is null";
        let of = values![SEASON, bank.as_str(), question.as_str(), up_to];
        let told = self.rows(told, of).await?;
        let sql = "update report set answer = $5 where season = $1 and bank = $2 and question = $3 and n <= $4 and answer is null";
        self.execute(sql, values![SEASON, bank.as_str(), question.as_str(), up_to, n]).await?;
        told.iter().map(|row| Ok(ParticipantId(row.whole("participant")?))).collect()
    }
}

fn report(row: &Row) -> Result<ReportRow, LedgerError> {
    Ok(ReportRow {
        n: row.whole("n")?,
        at: Timestamp(row.whole("at")?),
        participant: ParticipantId(row.whole("participant")?),
        attempt: AttemptId(row.whole("attempt")?),
        seq: super::banks::small(row.whole("seq")?)?,
        bank: row.text("bank")?,
        question: QuestionId(row.text("question")?),
        words: row.text("words")?,
        answer: row.maybe_whole("answer")?,
    })
}

fn reported(row: &Row) -> Result<ReportedRow, LedgerError> {
    Ok(ReportedRow {
        bank: row.text("bank")?,
        question: QuestionId(row.text("question")?),
        count: row.whole("reports")?,
        open: row.whole("unanswered")?,
        first: Timestamp(row.whole("first_at")?),
        last: Timestamp(row.whole("last_at")?),
    })
}

fn answer(row: &Row) -> Result<AnswerRow, LedgerError> {
    Ok(AnswerRow {
        n: row.whole("n")?,
        bank: row.text("bank")?,
        question: QuestionId(row.text("question")?),
        at: Timestamp(row.whole("at")?),
        by: StaffId(row.text("by_staff")?),
        by_name: row.maybe_text("by_name")?.unwrap_or_default(),
        words: row.text("words")?,
    })
}
