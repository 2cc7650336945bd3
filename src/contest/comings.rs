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
    lost: Option<Lost>,
}

/// What could not be kept: how many, and when the first of them was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    pub since: Timestamp,
    pub count: u64,
}

impl Lost {
    fn with(self, more: Option<Lost>) -> Lost {
        let more = more.unwrap_or(Lost { count: 0, ..self });
        Lost { since: self.since.min(more.since), count: self.count + more.count }
    }
}

impl Comings {
    pub(crate) fn note(&self, attempt: AttemptId, at: Timestamp, coming: Coming) {
        let mut waiting = self.waiting();
        if waiting.noted.len() < COMINGS_MAX {
            waiting.noted.push((attempt, at, coming));
        } else {
            waiting.lost = Some(Lost { since: at, count: 1 }.with(waiting.lost));
        }
    }

    /// What was noted since the last time, and what is lost.
    pub fn fetch(&self) -> (Vec<(AttemptId, Timestamp, Coming)>, Option<Lost>) {
        let waiting = std::mem::take(&mut *self.waiting());
        (waiting.noted, waiting.lost)
    }

    /// These could not be written down, besides what was lost before.
    pub fn lose(&self, noted: &[(AttemptId, Timestamp, Coming)], lost: Option<Lost>) {
        let first = noted.iter().map(|(_, at, _)| *at).min();
        let unwritten = first.map(|since| Lost { since, count: noted.len() as u64 });
        let mut waiting = self.waiting();
        for more in unwritten.into_iter().chain(lost) {
            waiting.lost = Some(more.with(waiting.lost));
        }
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
        for at in 0..COMINGS_MAX as i64 + 3 {
            comings.note(AttemptId(1), Timestamp(at), Coming::Dropped);
        }
        let (noted, lost) = comings.fetch();
        assert_eq!(noted.len(), COMINGS_MAX);
        assert_eq!(lost, Some(Lost { since: Timestamp(COMINGS_MAX as i64), count: 3 }));
        assert_eq!(comings.fetch(), (Vec::new(), None));
    }

    #[test]
    fn what_could_not_be_written_is_a_gap_from_its_first_moment_on() {
        let comings = Comings::default();
        comings.note(AttemptId(1), Timestamp(7), Coming::Dropped);
        comings.note(AttemptId(1), Timestamp(9), Coming::Resumed);
        let (noted, lost) = comings.fetch();
        comings.lose(&noted, lost);
        comings.note(AttemptId(2), Timestamp(20), Coming::Dropped);
        let (noted, lost) = comings.fetch();
        assert_eq!((noted.len(), lost), (1, Some(Lost { since: Timestamp(7), count: 2 })));
        comings.lose(&noted, lost);
        assert_eq!(comings.fetch(), (Vec::new(), Some(Lost { since: Timestamp(7), count: 3 })));
    }
}
