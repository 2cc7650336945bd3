//! What an attempt that is over comes to by now: played again from its settled answers under every correction since.

use crate::contest::period::Period;
use crate::contest::scoreboard::Finished;
use crate::domain::attempt::Attempt;
use crate::domain::attempt::Ending;
use crate::domain::attempt::Settlement;
use crate::domain::correction::MarkScheme;
use crate::domain::ids::AttemptId;
use crate::domain::ids::CityIndex;
use crate::domain::ids::ParticipantId;
use crate::domain::paper::Paper;
use crate::domain::score::Standing;
use crate::domain::time::Day;
use crate::ledger::entry::Ended;
use crate::ledger::entry::Started;
use crate::ledger::store::Outcome;
use std::sync::Arc;

/// An ended attempt under the corrections on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rescored {
    pub outcome: Outcome,
    /// The most that it has ever come to: a gate that was passed stays passed.
    pub best_correct: u32,
    /// 闯关: by which correction the answer that had ended it came to hold, so that one attempt is given; it is not taken back.
    pub given_back_by: Option<u16>,
    /// The corrections that changed what it comes to, in order.
    pub changed_by: Vec<u16>,
}

impl Rescored {
    /// As it was told.
    pub fn of(outcome: Outcome) -> Rescored {
        Rescored { outcome, best_correct: outcome.correct, given_back_by: None, changed_by: Vec::new() }
    }

    /// Under each of these schemes in turn; `attempt` is the one that came to it.
    pub fn go_on(&mut self, attempt: &mut Attempt, period: &Period, schemes: &[Arc<MarkScheme>]) {
        for scheme in schemes {
            let rules = period.rules(scheme);
            attempt.remark(rules);
            let last = attempt.settled().len() as u32;
            self.take(attempt, scheme, attempt.holds(rules, last));
        }
    }

    fn take(&mut self, attempt: &Attempt, scheme: &MarkScheme, holds: bool) {
        let (score, correct, elapsed_ms) = (attempt.score(), attempt.correct(), attempt.elapsed_ms());
        let now = Outcome { score, correct, elapsed_ms, ..self.outcome };
        if now != self.outcome {
            self.outcome = now;
            self.changed_by.push(scheme.edition);
        }
        self.best_correct = self.best_correct.max(correct);
        if self.outcome.ending == Ending::FirstWrong && holds && self.given_back_by.is_none() {
            self.given_back_by = Some(scheme.edition);
        }
    }
}

/// What an attempt comes to by now.
pub fn rescored(period: &Period, started: &Started, ended: &Ended) -> Rescored {
    rescored_under(period, started, ended, &period.schemes_after(ended.edition))
}

/// As [`rescored`], under these schemes, one after another: those of the period since it ended, and what may be proposed.
pub fn rescored_under(period: &Period, started: &Started, ended: &Ended, schemes: &[Arc<MarkScheme>]) -> Rescored {
    let mut rescored = Rescored::of(Outcome::from(ended));
    if schemes.is_empty() || ended.fates.is_empty() {
        return rescored;
    }
    let told = period.scheme_of(ended.edition).map(|(_, scheme)| scheme).unwrap_or_default();
    let paper = period.paper(&started.seed);
    let settled = &paper.questions()[..ended.fates.len().min(paper.len())];
    if !schemes.iter().chain([&told]).any(|scheme| scheme.concerns(settled)) {
        return rescored;
    }
    let mut attempt = played(period, started, ended, paper, &told);
    rescored.go_on(&mut attempt, period, schemes);
    rescored
}

/// An ended attempt's facts for limits and boards; in which city, its participant knows.
pub fn finished_of(
    participant: ParticipantId,
    attempt: AttemptId,
    by_now: &Rescored,
    period: &Period,
    day: Day,
) -> Finished {
    let outcome = &by_now.outcome;
    let handed_back = outcome.ending == Ending::HandedBack;
    Finished {
        participant,
        round: period.index,
        standing: Standing { score: outcome.score, elapsed_ms: outcome.elapsed_ms, finished_at: outcome.at, attempt },
        correct: by_now.best_correct,
        grants: by_now.given_back_by.is_some(),
        full: outcome.score == period.round.full_marks(),
        day,
        city: CityIndex::default(),
        counted: period.round.counts && !handed_back,
        handed_back,
    }
}

/// The attempt as it was when it ended.
pub fn played(period: &Period, started: &Started, ended: &Ended, paper: Paper, told: &MarkScheme) -> Attempt {
    let mut attempt = Attempt::new(started.attempt, period.index, paper, started.at);
    let last = ended.fates.len();
    for (place, fate) in (1..).zip(&ended.fates) {
        let settlement = Settlement { question: Some(*fate), ending: (place == last).then_some(ended.ending) };
        attempt.settle(period.rules(told), settlement, ended.at);
    }
    if ended.fates.is_empty() {
        attempt.settle(period.rules(told), Settlement { question: None, ending: Some(ended.ending) }, ended.at);
    }
    attempt
}
