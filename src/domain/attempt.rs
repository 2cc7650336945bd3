//! 答卷: one participant's go at one paper, question by question. A state machine without a clock:
//! it is told the moment, judges, waits in *settling* until the ledger has committed, and only then moves on.

use crate::domain::bank::BankVersion;
use crate::domain::correction::Judging;
use crate::domain::correction::MarkScheme;
use crate::domain::ids::AttemptId;
use crate::domain::ids::RoundIndex;
use crate::domain::paper::Paper;
use crate::domain::question::Choices;
use crate::domain::question::Question;
use crate::domain::rules::Feedback;
use crate::domain::rules::Round;
use crate::domain::score::Annulled;
use crate::domain::score::PaperSize;
use crate::domain::score::Sums;
use crate::domain::score::holds;
use crate::domain::score::mark_judged;
use crate::domain::score::rescaled;
use crate::domain::time::Timestamp;

/// An attempt without any limit ends after so long without a message.
pub const IDLE_MS: i64 = 30 * 60 * 1000;

/// What an attempt is played under: its round and the bank version that its paper was drawn from.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    pub round: &'a Round,
    pub bank: &'a BankVersion,
    /// What the corrections on record have made of the bank version's keys.
    pub scheme: &'a MarkScheme,
}

/// What became of one question, by the bank's order of options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// Empty: passed.
    Chosen(Choices),
    TimedOut,
    /// Open when the attempt was ended by hand or for lack of any message.
    Left,
}

impl Given {
    /// The number that the ledger stores: the set of options, or −1, −2.
    pub fn code(self) -> i16 {
        match self {
            Given::Chosen(choices) => choices.0 as i16,
            Given::TimedOut => -1,
            Given::Left => -2,
        }
    }

    pub fn from_code(code: i16) -> Option<Given> {
        match code {
            0.. => Some(Given::Chosen(Choices(code as u16))),
            -1 => Some(Given::TimedOut),
            -2 => Some(Given::Left),
            _ => None,
        }
    }

    /// The options that count: none but those of an answer.
    pub fn choices(self) -> Choices {
        match self {
            Given::Chosen(choices) => choices,
            Given::TimedOut | Given::Left => Choices::NONE,
        }
    }
}

/// Why an attempt is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Every question is settled.
    Complete,
    FirstWrong,
    PaperTimeUp,
    /// `finish`: handed in by hand.
    HandedIn,
    /// No limit, and no message for [`IDLE_MS`].
    Idle,
    /// An attempt that doesn't count, ended by a `start`.
    Replaced,
    /// Given back: it counts for nothing, not even as used.
    HandedBack,
}

impl Ending {
    pub fn code(self) -> i16 {
        match self {
            Ending::Complete => 0,
            Ending::FirstWrong => 1,
            Ending::PaperTimeUp => 2,
            Ending::HandedIn => 3,
            Ending::Idle => 4,
            Ending::Replaced => 5,
            Ending::HandedBack => 6,
        }
    }

    pub fn from_code(code: i16) -> Option<Ending> {
        [
            Ending::Complete,
            Ending::FirstWrong,
            Ending::PaperTimeUp,
            Ending::HandedIn,
            Ending::Idle,
            Ending::Replaced,
            Ending::HandedBack,
        ]
        .into_iter()
        .find(|ending| ending.code() == code)
    }
}

/// What is about to be committed: a question's fate, the attempt's end, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settlement {
    pub question: Option<Fate>,
    pub ending: Option<Ending>,
}

/// The facts of one settled question, as the ledger stores them; marks follow from these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fate {
    pub seq: u32,
    pub given: Given,
    /// From sending to arrival, at most the limit with what was given beyond it; the season's floor is not in it.
    pub elapsed_ms: u32,
}

/// One settled question of a live attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    pub given: Given,
    pub elapsed_ms: u32,
    pub points: u32,
    pub correct: bool,
    /// The edition of the mark scheme under which its verdict was first told.
    pub edition: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The commit of the start is under way; nothing has been told.
    Starting,
    /// Question `settled + 1` is open since this moment.
    Open {
        since: Timestamp,
    },
    /// The commit is under way.
    Settling(Settlement),
    /// The verdict of question `settled` waits for `next`.
    Reading {
        since: Timestamp,
    },
    Over(Ending),
}

/// Why an answer is not taken; normal play, not a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerRefusal {
    WrongSeq,
    TooLate,
    AlreadyAnswered,
    BadChoices,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// Commit this, then [`Attempt::settle`].
    Settling(Settlement),
    /// An answer to it is being committed: ask again when that is through.
    Waiting,
    /// The same answer was settled: tell its verdict again.
    Again,
}

/// What the passing of time asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Commit this, then [`Attempt::settle`].
    Settle(Settlement),
    /// The reading time is over: [`Attempt::open_next`].
    OpenNext,
}

/// What the attempt comes to without any rescaling, and what is to be taken out of it.
#[derive(Clone, Copy, Debug)]
struct Rescaling {
    all: Sums,
    annulled: Annulled,
}

#[derive(Clone, Debug)]
pub struct Attempt {
    pub id: AttemptId,
    pub round: RoundIndex,
    pub paper: Paper,
    /// By the wall clock; says which day, week and window the attempt belongs to.
    pub started_at: Timestamp,
    /// When the participant last said anything about it; only an attempt without limits ends by it.
    pub heard_at: Timestamp,
    phase: Phase,
    settled: Vec<Settled>,
    sums: Sums,
    /// `None` while no settled question is annulled.
    rescaling: Option<Box<Rescaling>>,
    /// Of the paper's time: the questions' own, without the floor.
    used_ms: u32,
    /// Of it what lay within the limits that the round sets: what was given beyond them is in no time that ranks.
    ranked_ms: u32,
    /// Time that was given to the question that is open or comes next, beyond its limit …
    given_ms: u32,
    /// … and to the paper.
    paper_given_ms: u32,
}

impl Attempt {
    pub fn new(id: AttemptId, round: RoundIndex, paper: Paper, started_at: Timestamp) -> Attempt {
        let settled = Vec::with_capacity(paper.len());
        Attempt {
            id,
            round,
            paper,
            started_at,
            heard_at: started_at,
            phase: Phase::Starting,
            settled,
            sums: Sums::default(),
            rescaling: None,
            used_ms: 0,
            ranked_ms: 0,
            given_ms: 0,
            paper_given_ms: 0,
        }
    }

    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// How many questions the paper has.
    pub fn of(&self) -> u32 {
        self.paper.len() as u32
    }

    pub fn settled(&self) -> &[Settled] {
        &self.settled
    }

    /// The settled questions as facts, in order.
    pub fn fates(&self) -> impl Iterator<Item = Fate> {
        let fate =
            |(place, s): (usize, &Settled)| Fate { seq: place as u32 + 1, given: s.given, elapsed_ms: s.elapsed_ms };
        self.settled.iter().enumerate().map(fate)
    }

    pub fn score(&self) -> u32 {
        self.sums.score
    }

    pub fn correct(&self) -> u32 {
        self.sums.correct
    }

    /// The sum that ranks: each question at least the floor and at most its limit.
    pub fn elapsed_ms(&self) -> u64 {
        self.sums.elapsed_ms
    }

    /// The running score after question `seq`, where no question is annulled.
    pub fn score_after(&self, seq: u32) -> u32 {
        self.settled.iter().take(seq as usize).map(|s| s.points).sum()
    }

    /// The attempt as it stood after question `seq`, marked under these rules.
    pub fn as_after(&self, rules: Rules<'_>, seq: u32) -> Attempt {
        let mut before = Attempt::new(self.id, self.round, self.paper.clone(), self.started_at);
        self.fates().take(seq as usize).for_each(|fate| before.record(rules, fate));
        before
    }

    /// Marks every settled question anew: what has been settled stays, what it comes to may change.
    pub fn remark(&mut self, rules: Rules<'_>) {
        let before = std::mem::take(&mut self.settled);
        (self.sums, self.rescaling, self.used_ms, self.ranked_ms) = (Sums::default(), None, 0, 0);
        self.settled.reserve_exact(self.paper.len());
        for (seq, settled) in (1..).zip(before) {
            self.record(rules, Fate { seq, given: settled.given, elapsed_ms: settled.elapsed_ms });
            self.told_under(seq, settled.edition);
        }
    }

    /// Question `seq` was first told under this edition.
    pub fn told_under(&mut self, seq: u32, edition: u16) {
        if let Some(settled) = self.settled.get_mut(seq as usize - 1) {
            settled.edition = edition;
        }
    }

    /// Whether the answer to settled question `seq` holds: it is right, or its question was annulled.
    pub fn holds(&self, rules: Rules<'_>, seq: u32) -> bool {
        let settled = self.settled.get((seq as usize).wrapping_sub(1));
        settled.is_some_and(|settled| self.would_hold(rules, seq, settled.given))
    }

    fn would_hold(&self, rules: Rules<'_>, seq: u32, given: Given) -> bool {
        let Some(index) = self.paper.question(seq) else { return false };
        holds(rules.bank.question(index), rules.scheme.judging(index), given.choices())
    }

    /// The seq of the question that is open, settling or next to open.
    fn current_seq(&self) -> u32 {
        self.settled.len() as u32 + 1
    }

    pub fn question<'a>(&self, rules: Rules<'a>, seq: u32) -> Option<&'a Question> {
        self.paper.question(seq).map(|index| rules.bank.question(index))
    }

    /// What is left of the open question's time and of the paper's, without any grace; `None` where there is no such limit.
    pub fn remaining_ms(&self, rules: Rules<'_>, now: Timestamp) -> (Option<u32>, Option<u32>) {
        let open_for = match self.phase {
            Phase::Open { since } => now.since(since).clamp(0, i64::from(u32::MAX)) as u32,
            _ => 0,
        };
        let limits = &rules.round.limits;
        let question = limits.question_ms.map(|limit| limit.saturating_add(self.given_ms).saturating_sub(open_for));
        let paper = self.paper_left_ms(rules).map(|left| left.saturating_sub(open_for));
        (question, paper)
    }

    fn paper_left_ms(&self, rules: Rules<'_>) -> Option<u32> {
        let limit = rules.round.limits.paper_ms?;
        Some(limit.saturating_add(self.paper_given_ms).saturating_sub(self.used_ms))
    }

    /// The most of the open question's time that ranks: its own limit or what is left of the paper's, without what was given. It
    /// follows from the answers alone, so that a replay finds the same.
    fn ranked_limit(&self, rules: Rules<'_>) -> Option<u32> {
        let limits = &rules.round.limits;
        let paper = limits.paper_ms.map(|limit| limit.saturating_sub(self.ranked_ms));
        limits.question_ms.into_iter().chain(paper).min()
    }

    /// For how long the question may be open, what was given counted.
    fn allowed(&self, rules: Rules<'_>) -> Option<u32> {
        let own = rules.round.limits.question_ms.map(|limit| limit.saturating_add(self.given_ms));
        own.into_iter().chain(self.paper_left_ms(rules)).min()
    }

    /// When time will ask for something; `None` while a commit is under way or the attempt is over.
    pub fn deadline(&self, rules: Rules<'_>) -> Option<Timestamp> {
        match self.phase {
            Phase::Open { since } => Some(match self.allowed(rules) {
                // The grace is inclusive: an answer exactly at its end is in time.
                Some(limit) => since.plus_ms(i64::from(limit) + i64::from(rules.round.limits.grace_ms) + 1),
                None => self.heard_at.plus_ms(IDLE_MS),
            }),
            Phase::Reading { since } => Some(since.plus_ms(i64::from(rules.round.limits.reading_ms))),
            Phase::Starting | Phase::Settling(_) | Phase::Over(_) => None,
        }
    }

    /// What is due at `now`, if anything. A settlement puts the attempt into *settling*.
    pub fn due(&mut self, rules: Rules<'_>, now: Timestamp) -> Option<Due> {
        if self.deadline(rules)? > now {
            return None;
        }
        match self.phase {
            Phase::Reading { .. } => Some(Due::OpenNext),
            Phase::Open { .. } => Some(Due::Settle(match self.allowed(rules) {
                Some(limit) => self.judged(rules, Given::TimedOut, limit),
                None => self.end(rules, Ending::Idle, now)?,
            })),
            _ => None,
        }
    }

    /// Judges an answer to question `seq`; `shown` are the places of the options as they were shown.
    ///
    /// # Errors
    /// Refusals change nothing; after [`AnswerRefusal::TooLate`] the caller asks [`Attempt::due`].
    pub fn judge(
        &mut self,
        rules: Rules<'_>,
        seq: u32,
        shown: Option<Choices>,
        now: Timestamp,
    ) -> Result<Judged, AnswerRefusal> {
        let current = self.current_seq();
        let over = matches!(self.phase, Phase::Over(_));
        if seq == 0 || seq > self.of() || (seq > current && !over) {
            return Err(AnswerRefusal::WrongSeq);
        }
        let question = self.question(rules, seq).ok_or(AnswerRefusal::WrongSeq)?;
        let chosen = shown.and_then(|shown| self.paper.order(seq, question).to_bank(shown));
        if let Some(before) = self.settled.get(seq as usize - 1) {
            return again(before.given, chosen);
        }
        let since = match self.phase {
            Phase::Open { since } => since,
            Phase::Settling(Settlement { question: Some(_), .. }) => return Ok(Judged::Waiting),
            // What was not settled when the attempt ended never will be.
            Phase::Settling(_) | Phase::Over(_) => return Err(AnswerRefusal::TooLate),
            Phase::Starting | Phase::Reading { .. } => return Err(AnswerRefusal::WrongSeq),
        };
        if self.deadline(rules).is_some_and(|deadline| now >= deadline) {
            return Err(AnswerRefusal::TooLate);
        }
        let chosen = chosen.filter(|chosen| fits(question, *chosen)).ok_or(AnswerRefusal::BadChoices)?;
        let open_for = now.since(since).clamp(0, i64::from(u32::MAX)) as u32;
        let elapsed_ms = self.allowed(rules).map_or(open_for, |limit| open_for.min(limit));
        self.heard_at = now;
        Ok(Judged::Settling(self.judged(rules, Given::Chosen(chosen), elapsed_ms)))
    }

    /// Goes to *settling* with the open question's fate, and with the attempt's end where this is it.
    fn judged(&mut self, rules: Rules<'_>, given: Given, elapsed_ms: u32) -> Settlement {
        let seq = self.current_seq();
        let paper_over = self.paper_left_ms(rules).is_some_and(|left| elapsed_ms >= left);
        let ending = if seq == self.of() {
            Some(Ending::Complete)
        } else if paper_over {
            Some(Ending::PaperTimeUp)
        } else if rules.round.ends_at_first_wrong && !self.would_hold(rules, seq, given) {
            Some(Ending::FirstWrong)
        } else {
            None
        };
        let settlement = Settlement { question: Some(Fate { seq, given, elapsed_ms }), ending };
        self.phase = Phase::Settling(settlement);
        settlement
    }

    /// Ends the attempt as it stands: the open question's time counts, the rest is unanswered. `None` while a commit is
    /// under way (the caller waits for it) and when it is over already.
    pub fn end(&mut self, rules: Rules<'_>, ending: Ending, now: Timestamp) -> Option<Settlement> {
        let question = match self.phase {
            Phase::Open { .. } if ending == Ending::HandedBack => None,
            Phase::Open { since } => {
                let open_for = now.since(since).clamp(0, i64::from(u32::MAX)) as u32;
                let elapsed_ms = self.allowed(rules).map_or(open_for, |limit| open_for.min(limit));
                Some(Fate { seq: self.current_seq(), given: Given::Left, elapsed_ms })
            }
            Phase::Reading { .. } => None,
            Phase::Starting | Phase::Settling(_) | Phase::Over(_) => return None,
        };
        let settlement = Settlement { question, ending: Some(ending) };
        self.phase = Phase::Settling(settlement);
        Some(settlement)
    }

    /// The start was committed: question 1 opens.
    pub fn start_committed(&mut self, now: Timestamp) {
        debug_assert_eq!(self.phase, Phase::Starting);
        self.phase = Phase::Open { since: now };
    }

    /// The settlement was committed: it counts, and what follows opens at `now`.
    pub fn settle(&mut self, rules: Rules<'_>, settlement: Settlement, now: Timestamp) {
        if let Some(fate) = settlement.question {
            self.record(rules, fate);
            self.given_ms = 0;
        }
        self.phase = match settlement.ending {
            Some(ending) => Phase::Over(ending),
            None if rules.round.feedback == Feedback::AfterEach => Phase::Reading { since: now },
            None => Phase::Open { since: now },
        };
    }

    /// What [`Attempt::settle`] tells of a settlement that is being committed, without counting it yet.
    fn record(&mut self, rules: Rules<'_>, fate: Fate) {
        debug_assert_eq!(fate.seq, self.current_seq());
        let worth = worth_of(rules, fate.seq);
        let index = self.paper.question(fate.seq);
        let judging = index.and_then(|index| rules.scheme.judging(index));
        let mut all = self.rescaling.as_ref().map_or(self.sums, |rescaling| rescaling.all);
        let mark = match index {
            Some(index) => {
                let judged = (rules.bank.question(index), judging);
                mark_judged(&rules.round.scoring, worth, judged, fate.given.choices(), all.correct)
            }
            None => Default::default(),
        };
        // `used_ms` takes what was measured; what ranks is at least the floor and at most the limit.
        let limit = self.ranked_limit(rules).unwrap_or(u32::MAX);
        let counted_ms = fate.elapsed_ms.max(rules.round.limits.elapsed_floor_ms).min(limit);
        self.used_ms = self.used_ms.saturating_add(fate.elapsed_ms);
        self.ranked_ms = self.ranked_ms.saturating_add(fate.elapsed_ms.min(limit));
        let own = Sums { score: mark.points, correct: u32::from(mark.correct), elapsed_ms: u64::from(counted_ms) };
        add(&mut all, own);
        self.settled.push(Settled {
            given: fate.given,
            elapsed_ms: fate.elapsed_ms,
            points: mark.points,
            correct: mark.correct,
            edition: rules.scheme.edition,
        });
        self.sums = all;
        if self.rescaling.is_some() || judging.is_some_and(Judging::is_annulled) {
            let rescaling =
                self.rescaling.get_or_insert_with(|| Box::new(Rescaling { all, annulled: Annulled::default() }));
            rescaling.all = all;
            if judging.is_some_and(Judging::is_annulled) {
                rescaling.annulled.questions += 1;
                rescaling.annulled.worth += worth;
                add(&mut rescaling.annulled.sums, own);
            }
            let paper = PaperSize {
                questions: self.paper.len() as u32,
                settled: self.settled.len() as u32,
                worth: (1..=self.paper.len() as u32).map(|seq| worth_of(rules, seq)).sum(),
            };
            self.sums = rescaled(&rules.round.scoring, all, &rescaling.annulled, paper);
        }
    }

    /// `next`, or the reading time is over. `false`: there was no verdict waiting.
    pub fn open_next(&mut self, now: Timestamp) -> bool {
        let waiting = matches!(self.phase, Phase::Reading { .. });
        if waiting {
            self.phase = Phase::Open { since: now };
            self.heard_at = now;
        }
        waiting
    }

    /// Nothing of it began before this moment.
    pub fn not_before(&mut self, at: Timestamp) {
        match &mut self.phase {
            Phase::Open { since } | Phase::Reading { since } => *since = at.max(*since),
            Phase::Starting | Phase::Settling(_) | Phase::Over(_) => {}
        }
        self.heard_at = at.max(self.heard_at);
    }

    /// More time for the question that is open, or comes next while a verdict is read, and for the paper.
    pub fn give(&mut self, ms: u32) {
        self.given_ms = self.given_ms.saturating_add(ms);
        self.paper_given_ms = self.paper_given_ms.saturating_add(ms);
    }

    /// Whether question `seq` is open, or its verdict's reader goes on to it.
    pub fn waits_for(&self, seq: u32) -> bool {
        matches!(self.phase, Phase::Open { .. } | Phase::Reading { .. }) && seq == self.current_seq()
    }

    /// The server was away: what is open, being read or idle loses none of that time, and what opened within it begins at its end.
    pub fn shift(&mut self, from: Timestamp, to: Timestamp) {
        let moved = |since: Timestamp| if since >= to { since } else { to.plus_ms(since.since(from).min(0)) };
        match &mut self.phase {
            Phase::Open { since } | Phase::Reading { since } => *since = moved(*since),
            Phase::Starting | Phase::Settling(_) | Phase::Over(_) => {}
        }
        self.heard_at = moved(self.heard_at);
    }
}

fn worth_of(rules: Rules<'_>, seq: u32) -> u32 {
    rules.round.blueprint.section_of(seq).map_or(0, |section| section.points)
}

fn add(sums: &mut Sums, more: Sums) {
    sums.score += more.score;
    sums.correct += more.correct;
    sums.elapsed_ms += more.elapsed_ms;
}

/// An answer to a question that is settled.
fn again(before: Given, now: Option<Choices>) -> Result<Judged, AnswerRefusal> {
    match before {
        Given::TimedOut | Given::Left => Err(AnswerRefusal::TooLate),
        Given::Chosen(chosen) if Some(chosen) == now => Ok(Judged::Again),
        Given::Chosen(_) => Err(AnswerRefusal::AlreadyAnswered),
    }
}

/// Whether a set of options can answer the question at all; none of them passes.
fn fits(question: &Question, chosen: Choices) -> bool {
    use crate::domain::question::Kind;
    question.kind == Kind::Multiple || chosen.count() <= 1
}
