//! A participant's seat: the attempt that is live, the one that just ended, and the phone that hears of them.
//! Synchronous; its lock never crosses an await.

use crate::contest::period::Period;
use crate::contest::refusal::Refusal;
use crate::contest::round_clock::Taken;
use crate::domain::attempt::Attempt;
use crate::domain::attempt::Ending;
use crate::domain::attempt::Given;
use crate::domain::attempt::Phase;
use crate::domain::attempt::Rules;
use crate::domain::correction::MarkScheme;
use crate::domain::fairness::ReceiptFacts;
use crate::domain::ids::AttemptId;
use crate::domain::ids::ParticipantId;
use crate::domain::ids::QuestionIndex;
use crate::domain::ids::RoundIndex;
use crate::domain::paper::Order;
use crate::domain::question::Choices;
use crate::domain::rules::Feedback;
use crate::domain::score::Standing;
use crate::domain::time::Timestamp;
use crate::ledger::entry::EntryNumber;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::task::Waker;

/// For so long an ended attempt is named in `welcome`.
pub const ENDED_TOLD_MS: i64 = 10 * 60 * 1000;

pub struct Seat {
    pub participant: ParticipantId,
    /// Rung when there may be news; a socket that has heard it ring so often has nothing to ask.
    bell: AtomicU32,
    state: Mutex<SeatState>,
}

#[derive(Default)]
pub struct SeatState {
    pub live: Option<Box<Live>>,
    pub ended: Option<JustEnded>,
    /// Counts the hellos; only the newest socket is spoken to.
    pub hellos: u32,
    /// Wakes the newest socket; `None` while nobody is there.
    pub waker: Option<Waker>,
    /// When the newest socket was lost.
    pub dropped_at: Option<Timestamp>,
    /// A wake-up is due at this moment; later ones are found from there.
    pub wake_at: Option<Timestamp>,
    /// Asked for while a commit was under way; done when it is through.
    pub asked: Option<Asked>,
    /// Why what was asked for could not be done after all.
    pub refused: Option<Refusal>,
    /// To be told unasked.
    pub told: Option<Refusal>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    Finish,
    Start(RoundIndex),
}

/// The live attempt with what it is played under.
pub struct Live {
    pub attempt: Attempt,
    pub period: Arc<Period>,
    /// What it is marked by; a correction is taken up by [`Live::take_up_corrections`] when next it is touched.
    pub scheme: Arc<MarkScheme>,
    /// Where its clocks are; a change of the round's is taken up by [`Live::take_up_clock`] when next it is touched.
    pub clock: Taken,
    /// The number of the start's entry; 0 until it is committed.
    pub started_n: EntryNumber,
}

/// An attempt that is over: kept for resends until the next one starts or [`ENDED_TOLD_MS`] have passed.
pub struct JustEnded {
    pub attempt: AttemptId,
    pub at: Timestamp,
    /// `None` after a restart, and once the next one has begun: then it is read from the ledger.
    pub live: Option<Box<Live>>,
    /// `None` until the scoreboard has taken it, and once the next one has begun.
    pub result: Option<Box<ResultFacts>>,
    /// The newest socket has told the result, or has said in its `welcome` that there is one.
    pub told: bool,
    /// One that was over before it and has not been told yet. A chain of them is no longer than what one socket asked for in
    /// a single turn.
    pub before: Option<Box<JustEnded>>,
}

impl Seat {
    pub fn new(participant: ParticipantId) -> Seat {
        Seat { participant, bell: AtomicU32::new(0), state: Mutex::default() }
    }

    pub fn state(&self) -> MutexGuard<'_, SeatState> {
        // A panic under the lock is a bug that has been logged; the state is plain data and stays usable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the newest socket that there may be news.
    pub fn wake(&self, state: &SeatState) {
        self.bell.fetch_add(1, Ordering::Release);
        if let Some(waker) = &state.waker {
            waker.wake_by_ref();
        }
    }

    /// How often the bell has been rung.
    pub fn rung(&self) -> u32 {
        self.bell.load(Ordering::Acquire)
    }
}

impl SeatState {
    /// Whether a commit is under way, so that a hello has to wait.
    pub fn is_settling(&self) -> bool {
        let committing = |live: &Live| matches!(live.attempt.phase(), Phase::Starting | Phase::Settling(_));
        self.live.as_deref().is_some_and(committing)
            || self.ended.as_ref().is_some_and(|ended| ended.live.is_some() && ended.result.is_none())
    }

    /// The attempt of that id, live or just ended.
    pub fn find(&self, attempt: AttemptId) -> Option<&Live> {
        let just_ended = self.ended.as_ref().and_then(|ended| ended.live.as_deref());
        self.live.as_deref().into_iter().chain(just_ended).find(|live| live.attempt.id == attempt)
    }

    /// Nothing in it is worth keeping.
    pub fn is_empty(&self, now: Timestamp) -> bool {
        self.live.is_none()
            && self.waker.is_none()
            && self.ended.as_ref().is_none_or(|ended| now.since(ended.at) > ENDED_TOLD_MS)
    }
}

/// How far one socket has been told of its attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    attempt: Option<AttemptId>,
    questions: u32,
    verdicts: u32,
    /// The change of the round's clock that was told last, and whether it stands still.
    clock: u32,
    stopped: bool,
}

/// What a socket has yet to say.
pub enum News {
    Question(QuestionFacts),
    Verdict(VerdictFacts),
    Result(Box<ResultFacts>),
    /// A start that had to wait and could not be done.
    StartRefused(Refusal),
    Corrected(CorrectedFacts),
    Clock(ClockFacts),
    /// Something that nobody asked for has come to the participant.
    Told(Refusal),
}

/// The clocks were stopped, started or given time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockFacts {
    pub attempt: AttemptId,
    pub paused: bool,
    pub remaining_ms: Option<u32>,
    pub paper_remaining_ms: Option<u32>,
}

/// A correction that concerns attempts of the participant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorrectedFacts {
    pub at: Timestamp,
    pub text: Arc<str>,
    /// Those that it has changed.
    pub attempts: Vec<AttemptId>,
}

pub struct QuestionFacts {
    pub period: Arc<Period>,
    pub attempt: AttemptId,
    pub seq: u32,
    pub of: u32,
    pub index: QuestionIndex,
    /// The question after it, whose picture may be fetched meanwhile.
    pub next: Option<QuestionIndex>,
    pub order: Order,
    pub points: u32,
    pub remaining_ms: Option<u32>,
    pub paper_remaining_ms: Option<u32>,
}

pub struct VerdictFacts {
    pub attempt: AttemptId,
    pub seq: u32,
    pub timed_out: bool,
    pub last: bool,
    /// In rounds with feedback after each.
    pub feedback: Option<FeedbackFacts>,
}

pub struct FeedbackFacts {
    pub period: Arc<Period>,
    pub index: QuestionIndex,
    pub order: Order,
    pub correct: bool,
    pub points: u32,
    pub score: u32,
    /// By the bank's order of options, as it was held right at that time.
    pub key: Choices,
    /// Every answer that was accepted, where a correction accepts several.
    pub accepted: Vec<Choices>,
}

#[derive(Clone, Debug)]
pub struct ResultFacts {
    pub attempt: AttemptId,
    pub round: RoundIndex,
    pub score: u32,
    pub correct: u32,
    pub of: u32,
    pub elapsed_ms: u64,
    pub finished_at: Timestamp,
    pub counted: bool,
    pub best: Option<Standing>,
    /// The round's ranks and the season's, right after it was applied.
    pub ranks: Option<(Ranks, Ranks)>,
}

impl ResultFacts {
    pub fn receipt_facts(&self) -> ReceiptFacts {
        ReceiptFacts {
            attempt: self.attempt,
            score: u64::from(self.score),
            correct: self.correct,
            of: self.of,
            elapsed_ms: self.elapsed_ms,
            finished_at: self.finished_at,
        }
    }
}

/// A participant's places in their own scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ranks {
    pub region: u64,
    pub city: u64,
    pub county: Option<u64>,
}

impl Cursor {
    /// After a hello: the open question, or the verdict that waits for `next`, is yet to be told, and nothing older.
    pub fn resumed(state: &SeatState) -> Cursor {
        match state.live.as_deref() {
            None => Cursor::default(),
            Some(live) => {
                let settled = live.attempt.settled().len() as u32;
                let reading = matches!(live.attempt.phase(), Phase::Reading { .. });
                Cursor {
                    attempt: Some(live.attempt.id),
                    questions: settled,
                    verdicts: settled - u32::from(reading && settled > 0),
                    clock: live.clock.edition(),
                    stopped: false,
                }
            }
        }
    }

    /// What there is to tell, and moves on past it.
    pub fn take_news(&mut self, state: &mut SeatState, now: Timestamp) -> Vec<News> {
        // A verdict and the next question, nearly always.
        let mut news = Vec::with_capacity(2);
        if let Some(ended) = &mut state.ended {
            self.take_end(ended, &mut news);
        }
        if let Some(live) = state.live.as_deref_mut() {
            live.take_up_clock();
            self.take_live(live, now, &mut news);
        }
        news.extend(state.refused.take().map(News::StartRefused));
        news.extend(state.told.take().map(News::Told));
        news
    }

    /// An attempt may have been begun and ended before anything of it was told: its result is told all the same.
    fn take_end(&mut self, ended: &mut JustEnded, news: &mut Vec<News>) {
        if let Some(mut before) = ended.before.take() {
            self.take_end(&mut before, news);
        }
        let Some(live) = ended.live.as_deref().filter(|_| !ended.told) else { return };
        if self.attempt != Some(ended.attempt) {
            *self = Cursor { attempt: Some(ended.attempt), ..Cursor::default() };
        }
        self.take_verdicts(live, news);
        if let Some(result) = &ended.result {
            ended.told = true;
            news.push(News::Result(result.clone()));
        }
    }

    fn take_live(&mut self, live: &Live, now: Timestamp, news: &mut Vec<News>) {
        if live.attempt.phase() == Phase::Starting {
            return;
        }
        if self.attempt != Some(live.attempt.id) {
            *self = Cursor { attempt: Some(live.attempt.id), clock: live.clock.edition(), ..Cursor::default() };
        }
        self.take_verdicts(live, news);
        let seq = live.attempt.settled().len() as u32 + 1;
        if matches!(live.attempt.phase(), Phase::Open { .. }) && self.questions < seq {
            self.questions = seq;
            news.extend(live.question_facts(now).map(News::Question));
            // With the time that is left; that it stands still is told beside it.
            (self.clock, self.stopped) = (live.clock.edition(), false);
        }
        let told = self.clock == live.clock.edition() && self.stopped == live.clock.is_stopped();
        if !told && matches!(live.attempt.phase(), Phase::Open { .. } | Phase::Reading { .. }) {
            (self.clock, self.stopped) = (live.clock.edition(), live.clock.is_stopped());
            news.push(News::Clock(live.clock_facts(now)));
        }
    }

    fn take_verdicts(&mut self, live: &Live, news: &mut Vec<News>) {
        let settled = live.attempt.settled().len() as u32;
        for seq in self.verdicts + 1..=settled {
            news.extend(live.verdict_facts(seq).map(News::Verdict));
        }
        self.verdicts = self.verdicts.max(settled);
    }
}

impl Live {
    pub fn rules(&self) -> Rules<'_> {
        self.period.rules(&self.scheme)
    }

    /// Marks anew what a correction has changed since. Not while a commit is under way: what it holds was judged before.
    pub fn take_up_corrections(&mut self) {
        if self.scheme.edition != self.period.edition() && !matches!(self.attempt.phase(), Phase::Settling(_)) {
            self.mark_by(self.period.scheme());
        }
    }

    /// As [`Live::take_up_corrections`], by whoever commits: what is under way is applied now.
    pub fn take_up_corrections_at_commit(&mut self) {
        if self.scheme.edition != self.period.edition() {
            self.mark_by(self.period.scheme());
        }
    }

    /// Marks everything by this scheme.
    pub fn mark_by(&mut self, scheme: Arc<MarkScheme>) {
        if self.scheme.edition != scheme.edition {
            self.attempt.remark(self.period.rules(&scheme));
            self.scheme = scheme;
        }
    }

    /// Takes up what has happened to the round's clock since. One atomic read where nothing has.
    pub fn take_up_clock(&mut self) {
        self.period.clock.take_up(&mut self.clock, &mut self.attempt);
    }

    /// As it is told on the socket.
    fn clock_facts(&self, now: Timestamp) -> ClockFacts {
        let (remaining_ms, paper_remaining_ms) = self.attempt.remaining_ms(self.rules(), self.clock.reads(now));
        let paused = self.clock.is_stopped();
        ClockFacts { attempt: self.attempt.id, paused, remaining_ms, paper_remaining_ms }
    }

    fn question_facts(&self, now: Timestamp) -> Option<QuestionFacts> {
        let seq = self.attempt.settled().len() as u32 + 1;
        let rules = self.rules();
        let index = self.attempt.paper.question(seq)?;
        let (remaining_ms, paper_remaining_ms) = self.attempt.remaining_ms(rules, self.clock.reads(now));
        Some(QuestionFacts {
            period: Arc::clone(&self.period),
            attempt: self.attempt.id,
            seq,
            of: self.attempt.of(),
            index,
            next: self.attempt.paper.question(seq + 1),
            order: self.attempt.paper.order(seq, rules.bank.question(index)),
            points: rules.round.blueprint.section_of(seq).map_or(0, |section| section.points),
            remaining_ms,
            paper_remaining_ms,
        })
    }

    /// The verdict of a settled question as it was first told; `None` for a question left when the attempt was ended by hand.
    pub fn verdict_facts(&self, seq: u32) -> Option<VerdictFacts> {
        let settled = self.attempt.settled().get(seq as usize - 1)?;
        if settled.given == Given::Left {
            return None;
        }
        let over = match self.attempt.phase() {
            Phase::Over(Ending::HandedIn | Ending::Idle | Ending::Replaced | Ending::HandedBack) => false,
            Phase::Over(_) => true,
            _ => false,
        };
        let after_each = self.period.round.feedback == Feedback::AfterEach;
        let feedback = |index| {
            let question = self.period.bank.question(index);
            let order = self.attempt.paper.order(seq, question);
            let period = Arc::clone(&self.period);
            if settled.edition == 0 && self.scheme.is_plain() {
                let (correct, points, score) = (settled.correct, settled.points, self.attempt.score_after(seq));
                let (key, accepted) = (question.key, Vec::new());
                return FeedbackFacts { period, index, order, correct, points, score, key, accepted };
            }
            // As it was first told, whatever has been corrected since.
            let scheme = self.period.scheme_of(settled.edition).map(|(_, scheme)| scheme).unwrap_or_default();
            let told = self.attempt.as_after(self.period.rules(&scheme), seq);
            let (correct, points) = told.settled().last().map_or((false, 0), |last| (last.correct, last.points));
            let judging = scheme.judging(index);
            let key = judging.map_or(question.key, |judging| judging.key_told(question));
            let accepted = judging.map_or(Vec::new(), |judging| judging.accepted().to_vec());
            FeedbackFacts { period, index, order, correct, points, score: told.score(), key, accepted }
        };
        Some(VerdictFacts {
            attempt: self.attempt.id,
            seq,
            timed_out: settled.given == Given::TimedOut,
            last: over && seq as usize == self.attempt.settled().len(),
            feedback: if after_each { self.attempt.paper.question(seq).map(feedback) } else { None },
        })
    }
}
