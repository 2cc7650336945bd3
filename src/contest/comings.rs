//! When the phones of live attempts come and go: noted on the way past, and fetched by whoever writes it down. Nothing is scored by it.

use crate::domain::ids::AttemptId;
use crate::domain::time::Timestamp;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

/// At most so many wait to be fetched, which takes a second. Full: the rest is counted, and the record says that it has a gap.
pub const COMINGS_MAX: usize = 100_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coming {
    /// The socket is gone, and nobody else is there.
    Dropped,
    /// Somebody is there again.
    Resumed,
    /// Another phone has taken over.
    Superseded,
}

impl Coming {
    pub fn code(self) -> &'static str {
        match self {
            Coming::Dropped => "dropped",
            Coming::Resumed => "resumed",
            Coming::Superseded => "superseded",
        }
    }
}

#[derive(Debug, Default)]
pub struct Comings(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    noted: Vec<(AttemptId, Timestamp, Coming)>,
    lost: u64,
}

impl Comings {
    pub(crate) fn note(&self, attempt: AttemptId, at: Timestamp, coming: Coming) {
        let mut waiting = self.waiting();
        if waiting.noted.len() < COMINGS_MAX {
            waiting.noted.push((attempt, at, coming));
        } else {
            waiting.lost += 1;
        }
    }

    /// What was noted since the last time, and how many more there were.
    pub fn fetch(&self) -> (Vec<(AttemptId, Timestamp, Coming)>, u64) {
        let waiting = std::mem::take(&mut *self.waiting());
        (waiting.noted, waiting.lost)
    }

    /// So many could not be written down.
    pub fn lose(&self, lost: u64) {
        self.waiting().lost += lost;
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beyond_the_bound_is_counted() {
        let comings = Comings::default();
        for _ in 0..COMINGS_MAX + 3 {
            comings.note(AttemptId(1), Timestamp(5), Coming::Dropped);
        }
        let (noted, lost) = comings.fetch();
        assert_eq!((noted.len(), lost), (COMINGS_MAX, 3));
        assert_eq!(comings.fetch(), (Vec::new(), 0));
    }
}
