//! Attempts that are over, read from the ledger: resends, history, reviews.

use crate::contest::core::Contest;
use crate::contest::core::Life;
use crate::contest::period::Period;
use crate::contest::play::Answered;
use crate::contest::refusal::Refusal;
use crate::contest::seat::Live;
use crate::domain::attempt::AnswerRefusal;
use crate::domain::attempt::Attempt;
use crate::domain::attempt::Settlement;
use crate::domain::fairness;
use crate::domain::fairness::ReceiptFacts;
use crate::domain::ids::AttemptId;
use crate::domain::ids::ParticipantId;
use crate::domain::question::Choices;
use crate::domain::rules::Feedback;
use crate::ledger::entry::Ended;
use crate::ledger::entry::Started;
use crate::ledger::store::LedgerError;
use crate::ledger::store::Recorded;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// At most so many attempts a page of history.
pub const HISTORY_PAGE: i64 = 50;

/// An attempt that is over, played again from its facts.
pub struct Past {
    pub recorded: Recorded,
    pub period: Arc<Period>,
    /// Every question that was settled, marked as it was then.
    pub attempt: Attempt,
}

impl Contest {
    /// An answer to an attempt that is no longer at hand: the verdict as it was first told.
    ///
    /// # Errors
    /// The refusal within, or the ledger could not be read.
    pub async fn answer_to_past(
        &self,
        participant: ParticipantId,
        attempt: AttemptId,
        seq: u32,
        shown: Option<Choices>,
    ) -> Result<Result<Answered, Refusal>, LedgerError> {
        let Some(past) = self.past(participant, attempt).await? else { return Ok(Err(Refusal::UnknownAttempt)) };
        let now = self.now();
        let mut live = Live { attempt: past.attempt, period: past.period, started_n: past.recorded.n };
        let judged = live.attempt.judge(live.period.rules(), seq, shown, now);
        Ok(match judged {
            Ok(_) => match live.verdict_facts(seq) {
                Some(verdict) => Ok(Answered::Again(verdict)),
                None => Err(AnswerRefusal::AlreadyAnswered.into()),
            },
            Err(refusal) => Err(refusal.into()),
        })
    }

    /// An attempt of this participant that is over.
    ///
    /// # Errors
    /// The ledger could not be read.
    pub async fn past(&self, participant: ParticipantId, attempt: AttemptId) -> Result<Option<Past>, LedgerError> {
        let recorded = self.store.attempt(attempt).await?;
        let recorded = recorded.filter(|recorded| recorded.started.participant == participant);
        Ok(recorded.and_then(|recorded| self.replayed(recorded)))
    }

    /// A participant's attempts, newest first, from the one before `before` on; `None` where that one is not theirs.
    ///
    /// # Errors
    /// The ledger could not be read.
    pub async fn history(
        &self,
        participant: ParticipantId,
        before: Option<AttemptId>,
    ) -> Result<Option<Vec<Recorded>>, LedgerError> {
        let newest = match before {
            None => self.roster.with(participant, |player| player.latest()).flatten(),
            Some(before) => match self.store.attempt(before).await? {
                Some(recorded) if recorded.started.participant == participant => recorded.started.previous,
                _ => return Ok(None),
            },
        };
        match newest {
            Some(newest) => self.store.attempts_back_from(newest, HISTORY_PAGE).await.map(Some),
            None => Ok(Some(Vec::new())),
        }
    }

    fn replayed(&self, recorded: Recorded) -> Option<Past> {
        let (_, ended) = recorded.ended.as_ref()?;
        let period = self.period(recorded.started.period)?;
        let paper = period.paper(&recorded.started.seed);
        let mut attempt = Attempt::new(recorded.started.attempt, period.index, paper, recorded.started.at);
        for (i, fate) in ended.fates.iter().enumerate() {
            let last = i + 1 == ended.fates.len();
            let settlement = Settlement { question: Some(*fate), ending: last.then_some(ended.ending) };
            attempt.settle(period.rules(), settlement, ended.at);
        }
        if ended.fates.is_empty() {
            let settlement = Settlement { question: None, ending: Some(ended.ending) };
            attempt.settle(period.rules(), settlement, ended.at);
        }
        Some(Past { recorded, period, attempt })
    }

    /// Whether the round's feedback allows its answers to be shown by now.
    pub fn review_is_open(&self, period: &Period) -> bool {
        match period.round.feedback {
            Feedback::AfterEach | Feedback::AfterPaper => true,
            Feedback::AfterRound => self.round_life(period.index, self.now()) == Life::Closed,
            Feedback::Never => false,
        }
    }

    /// 回执: to be read out over a telephone.
    pub fn receipt(&self, facts: &ReceiptFacts) -> String {
        fairness::receipt(self.keys.receipts(), facts)
    }

    /// The receipt of an attempt that is over, as it was told.
    pub fn receipt_of(&self, started: &Started, ended: &Ended, period: &Period) -> String {
        let made = || {
            self.receipt(&ReceiptFacts {
                attempt: ended.attempt,
                score: u64::from(ended.score),
                correct: ended.correct,
                of: period.paper(&started.seed).len() as u32,
                elapsed_ms: ended.elapsed_ms,
                finished_at: ended.at,
            })
        };
        ended.receipt.clone().unwrap_or_else(made)
    }

    /// The attempt that is over and has this receipt.
    ///
    /// # Errors
    /// The ledger could not be read.
    pub async fn attempt_of_receipt(&self, receipt: &str) -> Result<Option<(Ended, Arc<Period>)>, LedgerError> {
        let named = fairness::attempt_of_receipt(self.keys.receipts(), receipt);
        // Of what anyone may make up, nearly nothing names an attempt that there is, and the ledger is not asked.
        let named = named.filter(|attempt| attempt.0 < self.next_attempt.load(Ordering::Relaxed));
        let of_second_form = match named {
            Some(attempt) => self.store.attempt(attempt).await?,
            None => None,
        };
        for recorded in [of_second_form, self.store.attempt_of_receipt(receipt).await?].into_iter().flatten() {
            let Recorded { started, ended, .. } = recorded;
            let (Some((_, ended)), Some(period)) = (ended, self.period(started.period)) else { continue };
            if self.receipt_of(&started, &ended, &period) == receipt {
                return Ok(Some((ended, period)));
            }
        }
        Ok(None)
    }
}
