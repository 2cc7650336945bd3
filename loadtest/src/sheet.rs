//! One attempt as this side played it: what was shown, what was chosen, what was told, and what it must come to.

use crate::clock::Micros;
use crate::findings::text_mark;
use crate::wire::{Kind, Mask, Verdict, mask_of};

#[derive(Debug)]
pub(crate) struct Sheet {
    pub id: String,
    /// Settled questions, in their order.
    pub lines: Vec<Line>,
    pub open: Option<Open>,
    /// A verdict said `last`.
    pub over: bool,
    /// What `elapsed_ms` may come to.
    pub elapsed: Bounds,
    /// What the paper's clock may have run.
    pub paper: Bounds,
}

/// The question that is open now.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    pub seq: u32,
    pub kind: Kind,
    /// Fingerprint of the stem and the options in their order.
    pub mark: u64,
    pub options: u32,
    pub key: Option<Mask>,
    pub points: i64,
    pub limit_ms: Option<i64>,
    /// When this side sent what made the server ask it: the server asked no earlier.
    pub asked: Micros,
    /// When it arrived here: the server asked no later.
    pub seen: Micros,
    /// What was sent as the answer, and when first. `None` before that.
    pub sent: Option<(Mask, Micros)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// 0 where the question was never seen (it timed out while we were away).
    pub mark: u64,
    pub kind: Kind,
    pub options: u32,
    pub points_max: i64,
    pub key: Option<Mask>,
    /// `None`: timed out.
    pub chosen: Option<Mask>,
    /// Settled while we were away, and not yet known whether by our answer or by time.
    pub unsure: bool,
    /// The verdict as first told, where it was.
    pub told: Option<Told>,
}

impl Line {
    /// Whether it was right, as far as is known.
    pub(crate) fn correct(&self) -> Option<bool> {
        match (self.unsure, self.chosen, self.key) {
            (true, ..) => None,
            (_, None, _) => Some(false),
            (_, Some(chosen), Some(key)) => Some(chosen == key),
            // A pass is never right, whatever the key.
            (_, Some(0), None) => Some(false),
            (_, Some(_), None) => None,
        }
    }
}

/// A verdict's fields, small enough to keep: what is told again must equal it in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    received: bool,
    timed_out: bool,
    answered: u32,
    last: bool,
    correct: Option<bool>,
    points: Option<i64>,
    score: Option<i64>,
    key: Option<Mask>,
    explanation: u64,
    source: u64,
}

impl Told {
    pub(crate) fn of(verdict: &Verdict<'_>) -> Told {
        Told {
            received: verdict.received,
            timed_out: verdict.timed_out,
            answered: verdict.answered,
            last: verdict.last,
            correct: verdict.correct,
            points: verdict.points,
            score: verdict.score,
            key: verdict.key.as_deref().map(mask_of),
            explanation: text_mark(verdict.explanation.as_deref()),
            source: text_mark(verdict.source.as_deref()),
        }
    }
}

/// Microseconds that a time of the server's must lie between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub lo: Micros,
    pub hi: Micros,
}

impl Bounds {
    pub(crate) fn add(&mut self, more: Bounds) {
        self.lo += more.lo;
        self.hi += more.hi;
    }

    /// Each question at least the floor and at most the limit.
    pub(crate) fn clamped(self, floor_ms: i64, limit_ms: Option<i64>) -> Bounds {
        let limit = limit_ms.map_or(Micros::MAX, us);
        let clamp = |t: Micros| t.max(us(floor_ms)).min(limit);
        Bounds { lo: clamp(self.lo), hi: clamp(self.hi) }
    }
}

pub(crate) fn us(ms: i64) -> Micros {
    Micros::try_from(ms).unwrap_or(0).saturating_mul(1000)
}

impl Sheet {
    pub(crate) fn new(id: &str) -> Sheet {
        Sheet {
            id: id.to_owned(),
            lines: Vec::new(),
            open: None,
            over: false,
            elapsed: Bounds::default(),
            paper: Bounds::default(),
        }
    }

    pub(crate) fn next_seq(&self) -> u32 {
        self.lines.len() as u32 + 1
    }

    pub(crate) fn line(&self, seq: u32) -> Option<&Line> {
        self.lines.get((seq as usize).checked_sub(1)?)
    }

    /// How many are right; `None` while that cannot be known (no bank, or an answer whose fate is unknown).
    pub(crate) fn right(&self) -> Option<u32> {
        self.lines.iter().map(|l| l.correct().map(u32::from)).sum()
    }

    pub(crate) fn is_unsure(&self) -> bool {
        self.lines.iter().any(|l| l.unsure)
    }
}
