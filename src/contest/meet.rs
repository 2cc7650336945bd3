//! Phones come and go: the newest hello wins, and what was told to an older one is told to it as well.

use crate::contest::comings::Coming;
use crate::contest::concerned::TOLD_MS;
use crate::contest::core::Contest;
use crate::contest::seat::Cursor;
use crate::contest::seat::ENDED_TOLD_MS;
use crate::contest::seat::News;
use crate::contest::seat::Seat;
use crate::domain::ids::AttemptId;
use crate::domain::ids::ParticipantId;
use crate::domain::time::Timestamp;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::task::Waker;

/// One socket's hold on a seat. Dropping it leaves the seat.
pub struct Presence {
    pub seat: Arc<Seat>,
    contest: Arc<Contest>,
    /// Which of the seat's hellos this socket's was.
    hello: u32,
    /// How often the seat's bell had been rung when this socket last asked.
    heard: u32,
    cursor: Cursor,
    /// The newest correction that this participant has been told of.
    corrections_told: u16,
}

/// What `welcome` says of attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resumed {
    pub live: Option<AttemptId>,
    pub ended: Option<AttemptId>,
}

/// The same participant said hello elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Superseded;

impl Contest {
    /// Takes the participant's seat for a new socket, whose task `waker` wakes; an older one is superseded.
    pub fn hello(self: &Arc<Contest>, participant: ParticipantId, waker: &Waker) -> Presence {
        let seat = self.seat(participant);
        let mut state = seat.state();
        seat.wake(&state);
        if let Some(live) = state.live.as_deref() {
            let coming = if state.waker.is_some() { Coming::Superseded } else { Coming::Resumed };
            self.comings.note(live.attempt.id, self.now(), coming);
        }
        state.hellos = state.hellos.wrapping_add(1);
        state.waker = Some(waker.clone());
        state.dropped_at = None;
        let hello = state.hellos;
        drop(state);
        // One less than was rung: there is something to ask at once.
        let heard = seat.rung().wrapping_sub(1);
        let corrections_told = self.roster.with(participant, |player| player.corrections_told).unwrap_or_default();
        Presence { seat, contest: Arc::clone(self), hello, heard, cursor: Cursor::default(), corrections_told }
    }
}

impl Presence {
    /// Whether the bell was rung since it was last heard.
    pub fn has_news(&self) -> bool {
        self.heard != self.seat.rung()
    }

    /// To be called before asking for what there is: a bell that rings meanwhile is heard the next time.
    pub fn hear_bell(&mut self) {
        self.heard = self.seat.rung();
    }

    /// What to resume, once no commit is under way; `None`: wait for news and ask again.
    ///
    /// # Errors
    /// A newer hello has come.
    pub fn resume(&mut self, now: Timestamp) -> Result<Option<Resumed>, Superseded> {
        let mut state = self.seat.state();
        if state.hellos != self.hello {
            return Err(Superseded);
        }
        if state.is_settling() {
            return Ok(None);
        }
        self.cursor = Cursor::resumed(&state);
        if let Some(ended) = &mut state.ended {
            (ended.told, ended.before) = (true, None);
        }
        let recent = state.ended.as_ref().filter(|ended| now.since(ended.at) <= ENDED_TOLD_MS);
        Ok(Some(Resumed {
            live: state.live.as_ref().map(|live| live.attempt.id),
            ended: recent.map(|ended| ended.attempt),
        }))
    }

    /// What there is to tell since the last time.
    ///
    /// # Errors
    /// A newer hello has come: say so and go.
    pub fn take_news(&mut self, now: Timestamp) -> Result<Vec<News>, Superseded> {
        let mut state = self.seat.state();
        if state.hellos != self.hello {
            return Err(Superseded);
        }
        let mut news = self.cursor.take_news(&mut state, now);
        drop(state);
        if self.corrections_told != self.contest.corrections_told.load(Ordering::Acquire) {
            self.take_corrections(now, &mut news);
        }
        Ok(news)
    }

    fn take_corrections(&mut self, now: Timestamp, news: &mut Vec<News>) {
        let newest = self.contest.corrections_told.load(Ordering::Acquire);
        let participant = self.seat.participant;
        let concerned = self.contest.concerned.read().unwrap_or_else(PoisonError::into_inner);
        let later = concerned.of(participant, self.corrections_told, now, TOLD_MS);
        drop(concerned);
        news.extend(later.into_iter().map(News::Corrected));
        self.corrections_told = newest;
        self.contest.roster.change(participant, |player| player.corrections_told = newest);
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let mut state = self.seat.state();
        if state.hellos == self.hello {
            let now = self.contest.now();
            state.waker = None;
            state.dropped_at = Some(now);
            if let Some(live) = state.live.as_deref() {
                self.contest.comings.note(live.attempt.id, now, Coming::Dropped);
            }
        }
    }
}
