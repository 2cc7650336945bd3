//! An open loop: answers leave at a given rate in all, whoever sends them.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::Micros;

/// A schedule that fell further behind than this is not caught up: the answers missed were never offered.
const BEHIND_MAX_NS: u64 = 200_000_000;

pub(crate) struct Pace {
    period_ns: u64,
    next_ns: AtomicU64,
}

impl Pace {
    pub(crate) fn per_second(rate: f64, now: Micros) -> Pace {
        Pace { period_ns: (1e9 / rate) as u64, next_ns: AtomicU64::new(now * 1000) }
    }

    /// When the next answer is to leave.
    pub(crate) fn slot(&self, now: Micros) -> Micros {
        let earliest = (now * 1000).saturating_sub(BEHIND_MAX_NS);
        let advance = |next: u64| Some(next.max(earliest) + self.period_ns);
        let taken = self.next_ns.fetch_update(Ordering::Relaxed, Ordering::Relaxed, advance);
        taken.unwrap_or_else(|next| next).max(earliest) / 1000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_evenly_spaced_and_lost_time_is_not_made_up_in_a_burst() {
        let at = 10_000_000;
        let pace = Pace::per_second(1000.0, at);
        assert_eq!(pace.slot(at), at);
        assert_eq!(pace.slot(at), at + 1000);
        assert_eq!(pace.slot(2 * at), 2 * at - 200_000);
    }
}
