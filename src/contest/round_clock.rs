//! How the clocks of a round's open attempts are stopped, started and given time. A live attempt takes a change up when next it is
//! touched: until then it costs an answer one atomic read.

use crate::domain::attempt::Attempt;
use crate::domain::time::Timestamp;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

/// One for each round, shared by its draw periods.
#[derive(Debug, Default)]
pub struct RoundClock {
    /// How many changes there were.
    edition: AtomicU32,
    changes: RwLock<Changes>,
}

#[derive(Debug, Default)]
struct Changes {
    /// Of this process; what was before it has been played by the start.
    all: Vec<Change>,
    stands_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The clocks stand still from this moment on.
    Stopped(Timestamp),
    /// They run on, as if the time between had not been.
    Started { from: Timestamp, to: Timestamp },
    /// So much more time for the open question and the paper.
    Given(u32),
}

/// Where the clock of one live attempt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    edition: u32,
    /// [`Timestamp::MAX`]: it runs.
    stands_at: Timestamp,
}

impl Taken {
    pub fn is_stopped(self) -> bool {
        self.stands_at < Timestamp::MAX
    }

    /// What the attempt's clock shows.
    pub fn reads(self, now: Timestamp) -> Timestamp {
        now.min(self.stands_at)
    }

    pub fn edition(self) -> u32 {
        self.edition
    }
}

impl RoundClock {
    /// For an attempt that begins now.
    pub fn now(&self) -> Taken {
        let changes = self.changes.read().unwrap_or_else(PoisonError::into_inner);
        Taken { edition: changes.all.len() as u32, stands_at: changes.stands_at.unwrap_or(Timestamp::MAX) }
    }

    /// Makes up for what has changed since.
    pub fn take_up(&self, taken: &mut Taken, attempt: &mut Attempt) {
        if self.edition.load(Ordering::Acquire) == taken.edition {
            return;
        }
        let changes = self.changes.read().unwrap_or_else(PoisonError::into_inner);
        for change in changes.all.iter().skip(taken.edition as usize) {
            change.take_up(taken, attempt);
        }
        taken.edition = changes.all.len() as u32;
    }

    pub fn change(&self, change: Change) {
        let mut changes = self.changes.write().unwrap_or_else(PoisonError::into_inner);
        match change {
            Change::Stopped(at) => changes.stands_at = Some(at),
            Change::Started { .. } => changes.stands_at = None,
            Change::Given(_) => {}
        }
        changes.all.push(change);
        self.edition.store(changes.all.len() as u32, Ordering::Release);
    }

    /// A start found it so, or found that the server was away before it stood still.
    pub fn stands_since(&self, at: Option<Timestamp>) {
        self.changes.write().unwrap_or_else(PoisonError::into_inner).stands_at = at;
    }
}

impl Change {
    fn take_up(self, taken: &mut Taken, attempt: &mut Attempt) {
        match self {
            Change::Stopped(at) => taken.stands_at = at,
            Change::Started { from, to } => {
                attempt.shift(from, to);
                taken.stands_at = Timestamp::MAX;
            }
            Change::Given(ms) => attempt.give(ms),
        }
    }
}
