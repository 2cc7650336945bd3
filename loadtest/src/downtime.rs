//! When the server was down, as this side saw it, and what of a span of time that must or may have been given back.

use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::clock::{Micros, SECOND_US};

/// The server marks its life once in each idle second, and dates the mark back by what a commit takes when it is slow, so
/// what it gives back may begin so long before the kill.
const ALIVE_MARK_US: Micros = SECOND_US * 9 / 5;
/// Between the end of what the server gives back and the moment when we see it ready.
const READY_SEEN_US: Micros = SECOND_US / 2;

#[derive(Default)]
pub(crate) struct Downtime {
    any: AtomicBool,
    spans: RwLock<Vec<Span>>,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    killed: Micros,
    /// `Micros::MAX` while it is down.
    ready: Micros,
}

impl Downtime {
    pub(crate) fn killed(&self, at: Micros) {
        self.write().push(Span { killed: at, ready: Micros::MAX });
        self.any.store(true, Ordering::Release);
    }

    pub(crate) fn ready(&self, at: Micros) {
        if let Some(span) = self.write().last_mut() {
            span.ready = span.ready.min(at);
        }
    }

    /// A hello sent at `hello` was welcomed: among a crowd that storms back, a player often sees first that the server serves.
    pub(crate) fn welcomed(&self, hello: Micros, at: Micros) {
        let unseen = |span: &Span| span.ready == Micros::MAX && hello > span.killed;
        if self.any.load(Ordering::Acquire) && self.read().last().is_some_and(unseen) {
            self.ready(at);
        }
    }

    pub(crate) fn kills(&self) -> usize {
        self.read().len()
    }

    /// The longest time from a kill to ready again.
    pub(crate) fn longest_us(&self) -> Micros {
        self.read().iter().filter(|s| s.ready != Micros::MAX).map(|s| s.ready - s.killed).max().unwrap_or(0)
    }

    /// Of `from..to`, what the server was certainly away for: no clock may have run.
    pub(crate) fn surely_us(&self, from: Micros, to: Micros) -> Micros {
        self.sum(|s| overlap(from, to, s.killed, s.ready.saturating_sub(READY_SEEN_US)))
    }

    /// Of `from..to`, what the server may count as away.
    pub(crate) fn possibly_us(&self, from: Micros, to: Micros) -> Micros {
        let all = self
            .sum(|s| overlap(from, to, s.killed.saturating_sub(ALIVE_MARK_US), s.ready.saturating_add(READY_SEEN_US)));
        all.min(to.saturating_sub(from))
    }

    fn sum(&self, part: impl Fn(&Span) -> Micros) -> Micros {
        if !self.any.load(Ordering::Acquire) {
            return 0;
        }
        self.read().iter().map(part).sum()
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Vec<Span>> {
        self.spans.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Vec<Span>> {
        self.spans.write().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn overlap(from: Micros, to: Micros, a: Micros, b: Micros) -> Micros {
    to.min(b).saturating_sub(from.max(a))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_lies_between_the_sure_and_the_possible() {
        let downtime = Downtime::default();
        let s = SECOND_US;
        assert_eq!(downtime.possibly_us(0, 100 * s), 0);
        downtime.killed(10 * s);
        downtime.welcomed(9 * s, 11 * s);
        downtime.welcomed(11 * s, 12 * s);
        downtime.ready(13 * s);
        assert_eq!(downtime.surely_us(0, 100 * s), 3 * s / 2);
        assert_eq!(downtime.possibly_us(0, 100 * s), 2 * s + ALIVE_MARK_US + READY_SEEN_US);
        assert_eq!(downtime.surely_us(11 * s, 100 * s), s / 2);
        assert_eq!(downtime.surely_us(13 * s, 100 * s), 0);
        assert_eq!(downtime.possibly_us(10 * s, 11 * s), s);
    }
}
