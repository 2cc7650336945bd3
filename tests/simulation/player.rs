//! One participant and their phone: mostly sensible, sometimes late, lost, doubled or mischievous.

use super::season::CITIES;
use super::season::who;
use super::world::World;
use kejing::contest::core::Contest;
use kejing::contest::meet::Presence;
use kejing::contest::play::Answered;
use kejing::contest::refusal::Refusal;
use kejing::contest::seat::News;
use kejing::domain::attempt::AnswerRefusal;
use kejing::domain::attempt::Given;
use kejing::domain::ids::AttemptId;
use kejing::domain::ids::ParticipantId;
use kejing::domain::ids::QuestionIndex;
use kejing::domain::paper::Order;
use kejing::domain::question::Choices;
use kejing::domain::question::Kind;
use kejing::ledger::entry::Note;
use std::sync::Arc;
use std::task::Waker;

const ROUNDS: [&str; 6] = ["daily", "each", "paper", "gauntlet", "free", "practice"];

/// A question as it was shown.
#[derive(Clone, Copy)]
struct Shown {
    attempt: AttemptId,
    seq: u32,
    index: QuestionIndex,
    order: Order,
}

pub(crate) struct Player {
    number: usize,
    id: ParticipantId,
    presence: Option<Presence>,
    welcomed: bool,
    pub(crate) attempt: Option<AttemptId>,
    open: Option<Shown>,
    /// A verdict has been told that waits for `next`.
    reading: bool,
    past: Vec<Shown>,
    moved: bool,
}

enum Reply {
    /// It comes as news, or came.
    Fine,
    Again,
    Refused(Refusal),
}

impl Player {
    pub(crate) fn new(number: usize) -> Player {
        Player {
            number,
            id: ParticipantId(number as i64),
            presence: None,
            welcomed: false,
            attempt: None,
            open: None,
            reading: false,
            past: Vec::new(),
            moved: false,
        }
    }

    /// The process is gone, and the connection with it; what the phone was told stays.
    pub(crate) fn cut_off(&mut self) {
        self.presence = None;
        self.welcomed = false;
    }

    /// The note of a move to the other city, the first time.
    pub(crate) fn moves(&mut self) -> Option<Note> {
        if std::mem::replace(&mut self.moved, true) {
            return None;
        }
        let city = CITIES[(self.number + 1) % 2];
        Some(Note::Changed { participant: self.id, who: who(self.number, city) })
    }

    /// Hears what there is to hear; the oracle checks every word of it.
    pub(crate) fn listen(&mut self, world: &World) {
        let Some(presence) = &mut self.presence else { return };
        let now = world.now();
        let mut oracle = world.oracle.lock().unwrap();
        if !self.welcomed {
            match presence.resume(now) {
                Ok(Some(resumed)) => {
                    self.welcomed = true;
                    self.attempt = resumed.live;
                    (self.open, self.reading) = (None, false);
                }
                Ok(None) => return,
                Err(_) => return self.cut_off(),
            }
        }
        let Ok(news) = presence.take_news(now) else { return self.cut_off() };
        for one in news {
            match one {
                News::Question(told) => {
                    oracle.told_question(&told, now);
                    let shown = Shown { attempt: told.attempt, seq: told.seq, index: told.index, order: told.order };
                    (self.attempt, self.open, self.reading) = (Some(told.attempt), Some(shown), false);
                }
                News::Verdict(told) => {
                    oracle.told_verdict(&told);
                    if let Some(open) = self.open.take_if(|open| open.attempt == told.attempt) {
                        self.past.push(open);
                    }
                    self.reading = told.feedback.is_some() && !told.last;
                }
                News::Result(told) => {
                    oracle.told_result(&told);
                    if self.attempt == Some(told.attempt) {
                        (self.attempt, self.open, self.reading) = (None, None, false);
                    }
                }
                News::Clock(told) => oracle.told_clock(&told, now),
                News::StartRefused(_) | News::Corrected(_) | News::Told(_) => {}
            }
        }
    }

    /// Does one thing.
    pub(crate) async fn act(&mut self, world: &mut World, others: &[AttemptId]) {
        let contest = world.contest();
        let now = world.now();
        if self.presence.is_none() {
            if world.chance.in_thousand(700) {
                self.presence = Some(contest.hello(self.id, Waker::noop()));
                self.listen(world);
            }
            return;
        }
        match world.chance.weighted(&[820, 40, 25, 60, 40, 15]) {
            0 => self.go_on(world, &contest).await,
            1 => self.cut_off(),
            // A second phone; the first hears that it is superseded.
            2 => {
                let older = self.presence.replace(contest.hello(self.id, Waker::noop()));
                self.welcomed = false;
                drop(older);
            }
            3 => self.send_again(world, &contest).await,
            4 => self.make_mischief(world, &contest, others).await,
            _ => {
                if let (Some(attempt), Some(presence)) = (self.attempt, &self.presence) {
                    let _ = contest.finish(&presence.seat, attempt, now);
                }
            }
        }
    }

    async fn go_on(&mut self, world: &mut World, contest: &Contest) {
        let Some(presence) = &self.presence else { return };
        let now = world.now();
        match (self.open, self.attempt) {
            (Some(open), _) => {
                let shown = self.choose(world, open);
                let _ = self.answer(world, contest, open.attempt, open.seq, Some(shown)).await;
            }
            (None, Some(attempt)) if self.reading => {
                if contest.next(&presence.seat, attempt, now).is_ok() {
                    self.reading = false;
                }
            }
            (None, _) => {
                let round = ROUNDS[world.chance.below(ROUNDS.len() as u64) as usize];
                let _ = contest.start(&presence.seat, round, now);
            }
        }
    }

    /// Two in three right.
    fn choose(&self, world: &mut World, shown: Shown) -> Choices {
        let question = world.genesis.bank.question(shown.index);
        if world.chance.in_thousand(666) {
            return shown.order.to_shown(question.key);
        }
        match question.kind {
            Kind::Multiple => Choices(world.chance.below(16) as u16),
            _ => Choices(1 << world.chance.below(question.options.len() as u64)),
        }
    }

    async fn answer(
        &self,
        world: &World,
        contest: &Contest,
        attempt: AttemptId,
        seq: u32,
        shown: Option<Choices>,
    ) -> Reply {
        let seat = Arc::clone(&self.presence.as_ref().unwrap().seat);
        let answered = match contest.answer(&seat, attempt, seq, shown, world.now()) {
            Ok(Answered::Past) => contest.answer_to_past(self.id, attempt, seq, shown).await.unwrap(),
            other => other,
        };
        match answered {
            Ok(Answered::Again(told)) => {
                world.oracle.lock().unwrap().told_verdict(&told);
                Reply::Again
            }
            Ok(_) => Reply::Fine,
            Err(refusal) => Reply::Refused(refusal),
        }
    }

    /// An answer to a settled question, the same or another.
    async fn send_again(&mut self, world: &mut World, contest: &Contest) {
        if self.past.is_empty() {
            return;
        }
        let shown = self.past[world.chance.below(self.past.len() as u64) as usize];
        let fate = world.oracle.lock().unwrap().fate(shown.attempt, shown.seq).expect("told and not kept");
        let other = world.chance.in_thousand(500);
        let choices = match fate.given {
            Given::Chosen(given) if !other => shown.order.to_shown(given),
            Given::Chosen(given) if given.has(0) => shown.order.to_shown(Choices(0b10)),
            _ => shown.order.to_shown(Choices(0b1)),
        };
        let reply = self.answer(world, contest, shown.attempt, shown.seq, Some(choices)).await;
        match (reply, fate.given) {
            (Reply::Refused(Refusal::Busy), _) => {}
            (Reply::Again, Given::Chosen(_)) if !other => {}
            (Reply::Refused(Refusal::Answer(AnswerRefusal::AlreadyAnswered)), Given::Chosen(_)) if other => {}
            (Reply::Refused(Refusal::Answer(AnswerRefusal::TooLate)), Given::TimedOut | Given::Left) => {}
            (Reply::Refused(refusal), given) => panic!("{given:?}, sent again ({other}): {refusal:?}"),
            (_, given) => panic!("{given:?}, sent again ({other}), was taken as new"),
        }
    }

    async fn make_mischief(&mut self, world: &mut World, contest: &Contest, others: &[AttemptId]) {
        let stranger = others.iter().copied().find(|attempt| self.attempt != Some(*attempt));
        let foreign = stranger.filter(|_| world.chance.in_thousand(300));
        if let Some(foreign) = foreign {
            let reply = self.answer(world, contest, foreign, 1, Some(Choices(1))).await;
            // The phone may not know yet which attempt is its own.
            let seat = &self.presence.as_ref().unwrap().seat;
            let mine = seat.state().find(foreign).is_some();
            let refused = matches!(reply, Reply::Refused(Refusal::UnknownAttempt | Refusal::Busy));
            assert!(mine || refused || self.past.iter().any(|shown| shown.attempt == foreign), "took over an attempt");
            return;
        }
        let Some(open) = self.open else { return };
        let (seq, shown) = match world.chance.below(4) {
            0 => (open.seq + 1, Some(Choices(1))),
            1 => (0, Some(Choices(1))),
            2 => (open.seq, None),
            _ => (open.seq, Some(Choices(0x80))),
        };
        let reply = self.answer(world, contest, open.attempt, seq, shown).await;
        assert!(matches!(reply, Reply::Refused(_) | Reply::Fine), "an answer that cannot be was settled");
        if let Reply::Fine = reply {
            // Taken to be a resend of one that is being committed; it must not become the answer.
            assert_eq!(seq, open.seq);
        }
    }

    /// Without any fault or mischief: comes back, goes on, and hands in what has no end of its own.
    pub(crate) async fn play_on(&mut self, world: &World) {
        let contest = world.contest();
        if self.presence.is_none() {
            self.presence = Some(contest.hello(self.id, Waker::noop()));
            self.welcomed = false;
        }
        self.listen(world);
        let Some(presence) = &self.presence else { return };
        match (self.open, self.attempt) {
            (Some(open), _) => {
                let key = world.genesis.bank.question(open.index).key;
                let _ = self.answer(world, &contest, open.attempt, open.seq, Some(open.order.to_shown(key))).await;
            }
            (None, Some(attempt)) if self.reading => {
                let _ = contest.next(&presence.seat, attempt, world.now());
            }
            _ => {}
        }
    }
}
