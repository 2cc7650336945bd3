//! Attempts that are over, read from the ledger: resends, history, reviews.

use crate::contest::concerned::KEPT_MS;
use crate::contest::core::Contest;
use crate::contest::core::Life;
use crate::contest::period::OnRecord;
use crate::contest::period::Period;
use crate::contest::play::Answered;
use crate::contest::refusal::Refusal;
use crate::contest::rescore::Rescored;
use crate::contest::rescore::played;
use crate::contest::rescore::rescored;
use crate::contest::seat::CorrectedFacts;
use crate::contest::seat::Live;
use crate::domain::attempt::AnswerRefusal;
use crate::domain::attempt::Attempt;
use crate::domain::attempt::Given;
use crate::domain::fairness;
use crate::domain::fairness::ReceiptFacts;
use crate::domain::ids::AttemptId;
use crate::domain::ids::ParticipantId;
use crate::domain::ids::QuestionId;
use crate::domain::ids::RoundIndex;
use crate::domain::question::Choices;
use crate::domain::rules::Feedback;
use crate::ledger::entry::Ended;
use crate::ledger::entry::Started;
use crate::ledger::store::LedgerError;
use crate::ledger::store::Outcome;
use crate::ledger::store::PAGE_ROWS;
use crate::ledger::store::Recorded;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

/// At most so many attempts a page of history.
pub const HISTORY_PAGE: i64 = 50;

/// An attempt that is over, played again from its facts.
pub struct Past {
    pub recorded: Recorded,
    pub period: Arc<Period>,
    /// Every question that was settled, as it is marked by now.
    pub attempt: Attempt,
    /// As it was marked when the result was told.
    pub told: Attempt,
    pub by_now: Rescored,
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
        let scheme = past.period.scheme();
        let (clock, started_n) = (past.period.clock.now(), past.recorded.n);
        let mut live = Live { attempt: past.attempt, period: past.period, scheme, clock, started_n };
        let judged = live.attempt.judge(live.period.rules(&live.scheme), seq, shown, now);
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
        let Some(mut past) = recorded.and_then(|recorded| self.replayed(recorded)) else { return Ok(None) };
        self.find_editions(&mut past).await?;
        Ok(Some(past))
    }

    /// Under which edition each verdict was told, where a correction fell into the attempt: its raw answers say when they were
    /// committed. Rare, and no more than what was committed while the attempt ran is read for it.
    async fn find_editions(&self, past: &mut Past) -> Result<(), LedgerError> {
        let Some((ended_n, ended)) = &past.recorded.ended else { return Ok(()) };
        let (from, to) = (past.recorded.n, *ended_n);
        let begun_under = past.period.scheme_before(from).edition;
        if begun_under == past.period.scheme_before(to).edition && begun_under == ended.edition {
            return Ok(());
        }
        let mut after = from;
        while after < to {
            let page = self.store.answers(after).await?;
            let more = page.len() as i64 == PAGE_ROWS;
            after = page.last().map_or(to, |row| row.n);
            for row in page.iter().filter(|row| row.attempt == past.recorded.started.attempt && row.n <= to) {
                // The end says by itself under which it was judged.
                if Given::from_code(row.given).is_some() && row.n < to {
                    past.attempt.told_under(row.seq, past.period.scheme_before(row.n).edition);
                }
            }
            if !more {
                break;
            }
        }
        Ok(())
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
        let scheme = period.scheme_of(ended.edition).map(|(_, scheme)| scheme).unwrap_or_default();
        let told = played(&period, &recorded.started, ended, paper, &scheme);
        let mut attempt = told.clone();
        let mut by_now = Rescored::of(Outcome::from(ended));
        by_now.go_on(&mut attempt, &period, &period.schemes_after(ended.edition));
        Some(Past { recorded, period, attempt, told, by_now })
    }

    /// What an attempt that is over comes to by now; `None` while it is live.
    pub fn by_now(&self, recorded: &Recorded) -> Option<Rescored> {
        let (_, ended) = recorded.ended.as_ref()?;
        let period = self.period(recorded.started.period)?;
        Some(rescored(&period, &recorded.started, ended))
    }

    /// The corrections that concern a round's papers, in order.
    pub fn corrections_of(&self, round: RoundIndex) -> Vec<OnRecord> {
        let periods = self.periods();
        let of_round = periods.of_round(round);
        let concerns =
            |on_record: &&OnRecord| of_round.iter().any(|period| period.scheme_of(on_record.edition).is_some());
        periods.corrections().iter().filter(concerns).cloned().collect()
    }

    /// The corrections of one question of a period, in order.
    pub fn corrections_of_question(&self, period: &Period, question: &QuestionId) -> Vec<OnRecord> {
        let periods = self.periods();
        let of_it = |on_record: &&OnRecord| {
            on_record.correction.question == *question && period.scheme_of(on_record.edition).is_some()
        };
        periods.corrections().iter().filter(of_it).cloned().collect()
    }

    /// The corrections of the last [`KEPT_MS`] that have changed attempts of this participant.
    pub fn corrections_for(&self, participant: ParticipantId) -> Vec<CorrectedFacts> {
        let concerned = self.concerned.read().unwrap_or_else(PoisonError::into_inner);
        concerned.of(participant, 0, self.now(), KEPT_MS)
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
    pub async fn attempt_of_receipt(&self, receipt: &str) -> Result<Option<(Recorded, Arc<Period>)>, LedgerError> {
        let named = fairness::attempt_of_receipt(self.keys.receipts(), receipt);
        // Of what anyone may make up, nearly nothing names an attempt that there is, and the ledger is not asked.
        let named = named.filter(|attempt| attempt.0 < self.next_attempt.load(Ordering::Relaxed));
        let of_second_form = match named {
            Some(attempt) => self.store.attempt(attempt).await?,
            None => None,
        };
        for recorded in [of_second_form, self.store.attempt_of_receipt(receipt).await?].into_iter().flatten() {
            let Recorded { started, ended, .. } = &recorded;
            let (Some((_, ended)), Some(period)) = (ended, self.period(started.period)) else { continue };
            if self.receipt_of(started, ended, &period) == receipt {
                return Ok(Some((recorded, period)));
            }
        }
        Ok(None)
    }
}
