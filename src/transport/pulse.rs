//! How fast the season goes: answers and commits second by second, for the desk's dashboard. Sampled by the beat, so that nothing is
//! counted twice.

use crate::contest::core::Contest;
use crate::domain::time::Timestamp;
use crate::transport::metrics::Meters;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::PoisonError;

/// Seconds that are kept; older ones are forgotten.
const SECONDS: usize = 600;
/// A commit's mean is taken over so many seconds.
const COMMITS_OVER: usize = 10;

/// Counting seats asks each of them: however many look, it is done at most so often.
const SEATS_FRESH_MS: i64 = 1_000;

#[derive(Default)]
pub struct Pulse {
    beats: Mutex<Beats>,
    seats: Mutex<Option<(Timestamp, (usize, usize))>>,
}

#[derive(Default)]
struct Beats {
    last: Option<Totals>,
    seconds: VecDeque<Totals>,
}

/// So far, or within one second.
#[derive(Clone, Copy, Default)]
struct Totals {
    answers: u64,
    commits: u64,
    commit_us: u64,
}

/// What is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// Of the last second.
    pub answers_per_second: u64,
    /// By the second, oldest first.
    pub answers: Vec<u32>,
    /// `None`: nothing was committed lately.
    pub commit_ms: Option<f64>,
}

impl Pulse {
    /// Called once a second.
    pub fn beat(&self, meters: &Meters) {
        let (commits, commit_us) = meters.commits();
        self.take(Totals { answers: meters.answers.get(), commits, commit_us });
    }

    fn take(&self, so_far: Totals) {
        let mut beats = self.beats.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = beats.last.replace(so_far) {
            if beats.seconds.len() == SECONDS {
                beats.seconds.pop_front();
            }
            beats.seconds.push_back(Totals {
                answers: so_far.answers - last.answers,
                commits: so_far.commits - last.commits,
                commit_us: so_far.commit_us - last.commit_us,
            });
        }
    }

    /// How many seats there are, and how many have a live attempt; a second old at most.
    pub fn seats(&self, contest: &Contest, now: Timestamp) -> (usize, usize) {
        let mut kept = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        match *kept {
            Some((at, seats)) if (0..SEATS_FRESH_MS).contains(&now.since(at)) => seats,
            _ => {
                let seats = contest.seats_in_use();
                *kept = Some((now, seats));
                seats
            }
        }
    }

    pub fn figures(&self) -> Figures {
        let beats = self.beats.lock().unwrap_or_else(PoisonError::into_inner);
        let lately = || beats.seconds.iter().rev().take(COMMITS_OVER);
        let commits: u64 = lately().map(|second| second.commits).sum();
        let commit_us: u64 = lately().map(|second| second.commit_us).sum();
        Figures {
            answers_per_second: beats.seconds.back().map_or(0, |second| second.answers),
            answers: beats.seconds.iter().map(|second| second.answers as u32).collect(),
            commit_ms: (commits > 0).then(|| commit_us as f64 / commits as f64 / 1_000.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_second_has_what_came_in_it_and_ten_minutes_are_kept() {
        let pulse = Pulse::default();
        assert_eq!(pulse.figures(), Figures { answers_per_second: 0, answers: vec![], commit_ms: None });
        for second in 0..=605_u64 {
            pulse.take(Totals { answers: second * 3, commits: second * 2, commit_us: second * 5_000 });
        }
        let figures = pulse.figures();
        assert_eq!((figures.answers_per_second, figures.answers.len()), (3, SECONDS));
        assert_eq!(figures.commit_ms, Some(2.5));
    }
}
