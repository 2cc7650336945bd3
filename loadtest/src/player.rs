//! One participant: plays paper after paper as a phone would, comes back from whatever happens, and has everything judged.

mod frames;
mod limits;
mod mischief;
mod resume;

pub(crate) use limits::Mine;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::clock::{Micros, SECOND_US, now_us};
use crate::crowd::{Crowd, Person};
use crate::findings::Faults;
use crate::link::{Frame, Link, Lost};
use crate::meter::count;
use crate::referee::Referee;
use crate::sheet::{Line, Open, Sheet, us};
use crate::wire::{self, Kind, Mask};

/// Promise 6: nothing is dropped in silence. Longer than any commit takes.
const SILENCE_US: Micros = 45 * SECOND_US;
/// A player who disagrees so often learns nothing more.
const RESYNCS_MAX: u32 = 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// No attempt.
    Idle,
    /// `start` sent.
    Starting,
    /// A question is open.
    Open,
    /// Its answer sent, or left to time out.
    Answered,
    /// The verdict waits for `next`.
    Reading,
    /// The next question must come by itself.
    Between,
    /// `last` told; `result` must come.
    Ending,
    /// `finish` sent.
    Finishing,
    /// `welcome` named the attempt; its question or verdict follows.
    Resumed,
}

pub(super) enum Go {
    On,
    Done,
}

/// An attempt that has ended, as it was told.
#[derive(Debug)]
pub(crate) struct Played {
    pub id: String,
    pub round: usize,
    pub score: Option<i64>,
    pub correct: Option<u32>,
    pub elapsed_ms: i64,
    pub receipt: String,
    /// What was shown and chosen, where the review is to be read.
    pub lines: Option<Vec<Line>>,
}

pub(crate) struct Player {
    crowd: Arc<Crowd>,
    person: Person,
    rng: fastrand::Rng,
    link: Option<Link>,
    stage: Stage,
    /// Of the crowd's rounds, the one being played.
    round: usize,
    sheet: Option<Sheet>,
    /// An ended sheet whose verdicts will be asked for once more.
    last: Option<Sheet>,
    /// When we sent what makes the server ask the next question.
    asked: Micros,
    hello: Micros,
    /// When the answer whose verdict is awaited was sent last.
    sent: Micros,
    /// A question settled while we were away, its verdict not told yet.
    unsure: Option<u32>,
    /// `finish` was sent for this attempt.
    finishing: bool,
    /// `start` was sent where nothing is left.
    expects_exhausted: bool,
    played: Vec<Played>,
    /// Attempts started, by round.
    started: Vec<u32>,
    /// Rounds with nothing more to play.
    done: Vec<bool>,
    faults: Faults,
    /// As a draining server asked.
    return_after_ms: u64,
    resyncs: u32,
}

pub(crate) fn referee(crowd: &Crowd, round: usize) -> Referee<'_> {
    Referee { round: &crowd.rounds[round], bank: crowd.bank.as_ref(), downtime: &crowd.downtime }
}

impl Player {
    pub(crate) fn new(crowd: Arc<Crowd>, person: Person, seed: u64) -> Player {
        let rounds = crowd.rounds.len();
        let rng = fastrand::Rng::with_seed(seed ^ (person.index as u64 + 1).wrapping_mul(0xD134_2543_DE82_EF95));
        Player {
            crowd,
            person,
            rng,
            link: None,
            stage: Stage::Idle,
            round: 0,
            sheet: None,
            last: None,
            asked: 0,
            hello: 0,
            sent: 0,
            unsure: None,
            finishing: false,
            expects_exhausted: false,
            played: Vec::new(),
            started: vec![0; rounds],
            done: vec![false; rounds],
            faults: Faults::default(),
            return_after_ms: 0,
            resyncs: 0,
        }
    }

    /// Plays until nothing is left to play.
    pub(crate) async fn play(mut self) -> (Person, Vec<Played>) {
        while !self.crowd.is_stopped() && self.resyncs < RESYNCS_MAX {
            let step = if self.link.is_none() { self.come_back().await } else { self.step().await };
            if !self.faults.is_empty() {
                self.crowd.findings.take(&self.person.shown(), &mut self.faults);
            }
            match step {
                Ok(Go::On) => {}
                Ok(Go::Done) => break,
                Err(lost) => self.lost(&lost),
            }
        }
        self.hang_up();
        (self.person, self.played)
    }

    /// Plays one paper and stays in mid-attempt of the next; `None` where that was not to be had.
    pub(crate) async fn sit(mut self) -> Option<Player> {
        let seated = |p: &Player| !p.played.is_empty() && p.stage == Stage::Open;
        while !seated(&self) {
            let step = if self.link.is_none() { self.come_back().await } else { self.step().await };
            self.crowd.findings.take(&self.person.shown(), &mut self.faults);
            match step {
                Ok(Go::On) if !self.crowd.is_stopped() => {}
                _ => return None,
            }
        }
        Some(self)
    }

    /// Keeps the seat, with pings, until `until`.
    pub(crate) async fn keep_seat(&mut self, until: Micros) -> Result<(), Lost> {
        while let Some(link) = &mut self.link {
            if link.next(until).await?.is_none() {
                break;
            }
        }
        Ok(())
    }

    async fn step(&mut self) -> Result<Go, Lost> {
        match self.stage {
            Stage::Idle => self.begin().await,
            Stage::Open => self.answer().await,
            Stage::Reading => self.go_on().await,
            _ => self.listen().await,
        }
    }

    async fn begin(&mut self) -> Result<Go, Lost> {
        if let Some(sheet) = self.last.take() {
            self.sheet = Some(sheet);
            self.resend().await?;
            self.sheet = None;
        }
        let too_late = self.crowd.deadline.get().is_some_and(|&d| now_us() >= d);
        let Some(round) = self.next_round().filter(|_| !too_late) else { return Ok(Go::Done) };
        self.round = round;
        self.expects_exhausted = false;
        if self.started[round] >= self.allowed(round) && !self.nothing_left(round).await {
            return Ok(Go::On);
        }
        let start = wire::start(&self.crowd.rounds[round].id);
        self.asked = now_us();
        self.stage = Stage::Starting;
        self.send(start).await?;
        count(&self.crowd.meter.counts.starts);
        Ok(Go::On)
    }

    /// Rounds take turns, so that an interruption finds all of them under way.
    fn next_round(&self) -> Option<usize> {
        let rounds = self.done.len();
        let from = self.played.last().map_or(0, |p| p.round + 1);
        (from..from + rounds).map(|r| r % rounds).find(|&r| !self.done[r] && (self.started[r] < self.crowd.papers_each))
    }

    async fn answer(&mut self) -> Result<Go, Lost> {
        if let Some(seq) = self.unsure.take() {
            self.ask_again(seq).await?;
        }
        self.before_answering().await?;
        if self.stage != Stage::Open || self.link.is_none() {
            return Ok(Go::On);
        }
        let now = now_us();
        let leave = self.when_to_answer(now);
        if leave > now {
            let Some(link) = &mut self.link else { return Ok(Go::On) };
            if let Some(frame) = link.next(leave).await? {
                return self.on_frame(frame).await;
            }
        }
        let chosen = self.choose();
        let Some(Sheet { id, open: Some(open), .. }) = &mut self.sheet else { return Ok(Go::On) };
        let answer = wire::answer(id, open.seq, chosen);
        self.sent = now_us();
        // Sent again after a drop, the first sending may still be the one that counts.
        open.sent.get_or_insert((chosen, self.sent));
        self.stage = Stage::Answered;
        self.send(answer).await?;
        count(&self.crowd.meter.counts.answers);
        if self.chance(self.crowd.mischief.drop / 2.0) {
            self.drop_link();
        }
        Ok(Go::On)
    }

    fn when_to_answer(&mut self, now: Micros) -> Micros {
        if let Some(pace) = self.crowd.pace.get() {
            return pace.slot(now);
        }
        match self.crowd.think_ms * 1000 {
            0 => now,
            mean => now + self.rng.u64(mean / 2..=mean * 3 / 2),
        }
    }

    fn choose(&mut self) -> Mask {
        let Some(open) = self.sheet.as_ref().and_then(|s| s.open.as_ref()) else { return 0 };
        if let Some((chosen, _)) = open.sent {
            return chosen;
        }
        let pass = self.rng.f64() < self.crowd.mischief.pass;
        let right = self.rng.f64() < self.crowd.skill;
        match open.key {
            _ if pass => {
                count(&self.crowd.meter.counts.passes);
                0
            }
            Some(key) if right => key,
            key => other_than(key.unwrap_or(0), open.kind, open.options, &mut self.rng),
        }
    }

    async fn go_on(&mut self) -> Result<Go, Lost> {
        if let Some(seq) = self.unsure.take() {
            self.ask_again(seq).await?;
        }
        self.while_reading().await?;
        if self.stage != Stage::Reading || self.link.is_none() {
            return Ok(Go::On);
        }
        let Some(sheet) = &self.sheet else { return Ok(Go::On) };
        let next = wire::next(&sheet.id);
        self.asked = now_us();
        self.stage = Stage::Between;
        if self.chance(self.crowd.mischief.stray) {
            // Twice: the second is passed over.
            self.send(next.clone()).await?;
        }
        self.send(next).await?;
        Ok(Go::On)
    }

    async fn listen(&mut self) -> Result<Go, Lost> {
        let limit_ms = self.crowd.rounds[self.round].question_ms.unwrap_or(0);
        let until = now_us() + SILENCE_US + us(limit_ms);
        let Some(link) = &mut self.link else { return Ok(Go::On) };
        let frame = link.next(until).await?;
        match frame {
            Some(frame) => self.on_frame(frame).await,
            None => {
                self.faults.add("silence", format!("nothing came in stage {:?}", self.stage));
                self.resync();
                Ok(Go::On)
            }
        }
    }

    pub(super) async fn send(&mut self, text: String) -> Result<(), Lost> {
        match &mut self.link {
            Some(link) => link.send(text).await,
            None => Ok(()),
        }
    }

    pub(super) async fn next_before(&mut self, until: Micros) -> Result<Option<Frame>, Lost> {
        match &mut self.link {
            Some(link) => link.next(until).await,
            None => Ok(None),
        }
    }

    pub(super) fn chance(&mut self, share: f64) -> bool {
        share > 0.0 && self.rng.f64() < share
    }

    /// Hangs up without a word, as a phone in a tunnel does.
    pub(super) fn drop_link(&mut self) {
        count(&self.crowd.meter.counts.drops);
        self.hang_up();
    }

    /// After a disagreement: a new hello shows where the server thinks we are.
    pub(super) fn resync(&mut self) {
        self.resyncs += 1;
        self.hang_up();
    }

    /// What this player knows and what the server says can no longer be brought together.
    pub(super) fn give_up(&mut self) {
        self.resyncs = RESYNCS_MAX;
        self.hang_up();
    }

    fn hang_up(&mut self) {
        if self.link.take().is_some() {
            self.crowd.meter.connected.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn lost(&mut self, lost: &Lost) {
        count(&self.crowd.meter.counts.connections_lost);
        let now = now_us();
        // A kill since the hello took the link, also where that is noticed much later, after a call that waited by HTTP.
        let alive = now.saturating_sub(3 * SECOND_US);
        let killed = self.crowd.kills && self.crowd.downtime.possibly_us(alive.min(self.hello), now) > 0;
        if !killed && lost.return_after_ms.is_none() {
            let since_ms = now.saturating_sub(self.hello) / 1000;
            let text = format!(
                "closed with {:?} {} in stage {:?}, {since_ms} ms after hello, at {now} µs",
                lost.close, lost.why, self.stage
            );
            self.crowd.findings.add(&self.person.shown(), "connection lost", &text);
            self.resyncs += 1;
        }
        self.hang_up();
        self.return_after_ms = lost.return_after_ms.unwrap_or(0).min(30_000);
    }
}

/// A valid choice that is not `key`.
pub(super) fn other_than(key: Mask, kind: Kind, options: u32, rng: &mut fastrand::Rng) -> Mask {
    loop {
        let chosen = match kind {
            Kind::TrueFalse | Kind::Single => 1 << rng.u32(..options.max(1)),
            Kind::Multiple => rng.u32(1..(1u32 << options.min(31))),
        };
        if chosen != key || options < 2 {
            return chosen;
        }
    }
}

/// When the server asked the question after `open`, at the earliest.
pub(super) fn asked_after(open: &Open) -> Micros {
    open.sent.map_or(open.asked + open.limit_ms.map_or(0, us), |(_, sent)| sent)
}
