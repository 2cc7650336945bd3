//! 「这道题有问题」: reports as they come from phones, by question; resting one at a click; one answer for all who reported it.

use crate::contest::core::Contest;
use crate::contest::publish::ActRefusal;
use crate::domain::ids::ParticipantId;
use crate::domain::ids::QuestionId;
use crate::domain::review::State;
use crate::domain::time::Timestamp;
use crate::ledger::desk::AnswerRow;
use crate::ledger::desk::DeskStore;
use crate::ledger::desk::ReportRow;
use crate::ledger::entry::EntryNumber;
use crate::ledger::entry::Note;
use crate::ledger::store::LedgerError;
use crate::ledger::store::Noted;
use crate::ledger::store::PAGE_ROWS;
use crate::office::by::By;
use crate::office::by::because;
use crate::office::by::deed;
use crate::office::in_season;
use crate::office::powers::Powers;
use crate::office::questions;
use crate::office::questions::Deciding;
use crate::office::questions::Decision;
use crate::office::refusal::DeskRefusal;
use crate::office::refusal::REASON_MAX;
use crate::office::refusal::said;
use serde_json::Value;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use tokio::sync::Notify;

/// Characters of an answer; longer ones are refused.
pub const ANSWER_MAX: usize = 500;
/// Even where nothing was heard, the ledger is looked at so often.
const EVERY_MS: i64 = 60_000;
/// For so long a phone is reminded that a report of its owner was answered.
const REMINDED_MS: i64 = 30 * 86_400_000;
/// At most so many are reminded; those answered longest ago are left out, and still find the answer among their reports.
const REMINDED_MAX: usize = 200_000;

/// Keeps the desk's reports as the ledger has them, and knows whom an answer waits for.
#[derive(Clone, Default)]
pub struct Reports(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// A report was committed.
    came: Notify,
    /// Up to which note all is taken up.
    after: Mutex<EntryNumber>,
    answered: Mutex<HashMap<ParticipantId, Timestamp>>,
}

impl Reports {
    /// A report was committed; called by the lane, so it only rings.
    pub fn heard(&self) {
        self.0.came.notify_one();
    }

    /// When a report of this participant was last answered, within [`REMINDED_MS`].
    pub fn answered_at(&self, participant: ParticipantId, now: Timestamp) -> Option<Timestamp> {
        self.answered().get(&participant).copied().filter(|at| now.since(*at) <= REMINDED_MS)
    }

    fn answered(&self) -> MutexGuard<'_, HashMap<ParticipantId, Timestamp>> {
        self.0.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn after(&self) -> MutexGuard<'_, EntryNumber> {
        self.0.after.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins where the tables end.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn open(&self, desk: &DeskStore, now: Timestamp) -> Result<(), LedgerError> {
        let mut link = desk.read().await?;
        let last = link.last_report().await?;
        let answered = link.answered_since(now.plus_ms(-REMINDED_MS), REMINDED_MAX as i64).await?;
        *self.after() = last;
        self.answered().extend(answered);
        Ok(())
    }

    /// Takes up reports as they come, for as long as the server runs.
    pub async fn follow(self, contest: Arc<Contest>, desk: DeskStore) {
        let clock = contest.clock.clone();
        loop {
            // In a task of its own: a connection must not be left in mid-statement.
            let (reports, contest, desk) = (self.clone(), Arc::clone(&contest), desk.clone());
            let taking = tokio::spawn(async move { reports.take_up(&contest, &desk).await });
            if let Ok(Err(error)) = taking.await {
                tracing::warn!(%error, "reports could not be taken up; it is tried again");
            }
            tokio::select! {
                () = self.0.came.notified() => {}
                () = clock.until(clock.now().plus_ms(EVERY_MS)) => {}
            }
        }
    }

    /// Takes up what the ledger has and the tables have not, a page at a time.
    ///
    /// # Errors
    /// The ledger could not be read or the database refuses; what was taken up stays.
    pub async fn take_up(&self, contest: &Contest, desk: &DeskStore) -> Result<(), LedgerError> {
        loop {
            let after = *self.after();
            let page = contest.store().notes(after).await?;
            let Some(last) = page.last().map(|noted| noted.n) else { return Ok(()) };
            let more = page.len() as i64 == PAGE_ROWS;
            let mut found = Vec::new();
            for noted in &page {
                found.extend(report(contest, noted).await?);
            }
            if !found.is_empty() {
                let mut act = desk.begin().await?;
                act.insert_reports(&found).await?;
                act.commit_unrecorded().await?;
            }
            *self.after() = last;
            if !more {
                return Ok(());
            }
        }
    }

    /// One answer to everybody who has reported the question up to report `up_to`, which is as far as the person saw.
    ///
    /// # Errors
    /// Nobody waits for an answer, or it is none.
    pub async fn answer(
        &self,
        desk: &DeskStore,
        by: &By,
        (bank, question): (&str, &QuestionId),
        words: &str,
        up_to: EntryNumber,
    ) -> Result<usize, DeskRefusal> {
        let words = said(words, "请写明回复的内容", ANSWER_MAX)?;
        let mut act = desk.begin().await?;
        let answer = AnswerRow {
            n: 0,
            bank: bank.to_owned(),
            question: question.clone(),
            at: by.at,
            by: by.staff.clone(),
            by_name: by.name.clone(),
            words,
        };
        if act.reported_question(bank, question).await?.is_none() {
            return Err(DeskRefusal::NotFound("这道题的报告"));
        }
        let told = act.answer_reports(&answer, up_to).await?;
        if told.is_empty() {
            return Err(DeskRefusal::Conflict("这道题的报告都已经回复过了".to_owned()));
        }
        let after = json!({"words": answer.words, "people": told.len()});
        act.commit(by.change("report.answered", questions::subject(question), Value::Null, after)).await?;
        let people = told.len();
        let mut answered = self.answered();
        answered.extend(told.into_iter().map(|participant| (participant, by.at)));
        // The oldest are let go.
        if answered.len() > REMINDED_MAX {
            let mut moments: Vec<Timestamp> = answered.values().copied().collect();
            moments.sort_unstable();
            let oldest = moments[moments.len() - REMINDED_MAX];
            answered.retain(|_, at| *at >= oldest);
        }
        Ok(people)
    }
}

/// A report with its question, which the paper tells.
async fn report(contest: &Contest, noted: &Noted) -> Result<Option<ReportRow>, LedgerError> {
    let Note::Report { participant, attempt, seq, reason } = &noted.note else { return Ok(None) };
    let recorded = contest.store().attempt(*attempt).await?;
    let found = recorded.and_then(|recorded| contest.question_at(&recorded, *seq));
    let Some((bank, question)) = found else {
        tracing::warn!(n = noted.n, "a report is of a round that the season does not have any more; it is left out");
        return Ok(None);
    };
    Ok(Some(ReportRow {
        n: noted.n,
        at: noted.at,
        participant: *participant,
        attempt: *attempt,
        seq: *seq,
        bank,
        question,
        words: reason.clone(),
        answer: None,
    }))
}

/// Papers to come don't draw the question, or draw it again; where the desk keeps it, it rests there as well.
///
/// # Errors
/// The season does not play it, it stands so already, or papers could not be drawn without it.
pub async fn rest(
    desk: &DeskStore,
    contest: &Contest,
    by: &By,
    (bank, question): (&str, &QuestionId),
    rests: bool,
    reason: &str,
) -> Result<(), DeskRefusal> {
    let reason = said(reason, "请写明理由", REASON_MAX)?;
    let head = desk.read().await?.question(question).await?.filter(|head| head.bank == bank);
    if let Some(head) = head {
        let moves = match rests {
            true => head.review.clone().rest().is_ok(),
            false => head.review.state == State::Rested,
        };
        if moves {
            let decision = if rests { Decision::Rest } else { Decision::Wake };
            let powers = Powers { sees_all: true, reviews: true, ..Powers::default() };
            let deciding = Deciding { decision, revision: None, reason: reason.clone() };
            questions::decide(desk, contest, by, &powers, question, &deciding).await?;
            // Where the season stands so already, that is well.
            return Ok(());
        }
    }
    // Nothing is done where the desk cannot write.
    let act = desk.begin().await?;
    let outcome = match rests {
        true => contest.rest_question(bank, question, deed(by, &reason)).await,
        false => contest.wake_question(bank, question, deed(by, &reason)).await,
    };
    match outcome {
        Ok(_) => {}
        Err(ActRefusal::UnknownBank(_) | ActRefusal::UnknownQuestion(_)) => {
            return Err(DeskRefusal::Conflict("现在的题库里没有这道题，新的试卷本来就不会抽到它".to_owned()));
        }
        Err(refusal) => return Err(in_season::told(refusal)),
    }
    let act_code = if rests { "question.rested" } else { "question.woken" };
    let record = because(by.record(act_code, questions::subject(question)), &reason);
    Ok(act.commit(record).await?)
}
