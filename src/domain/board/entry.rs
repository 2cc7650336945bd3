//! One line of a board in twelve bytes, and someone who looks for their place among such lines.

use crate::domain::ids::ParticipantId;
use crate::domain::score::Standing;
use crate::domain::season::ELAPSED_MS_MAX;
use crate::domain::season::SCORE_MAX;

/// Halves of the packed standing, because a `u64` would align the entry to sixteen bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    high: u32,
    low: u32,
    who: u32,
}

const ELAPSED_BITS: u32 = ELAPSED_MS_MAX.count_ones();

/// Score and elapsed time in one number: the lower, the better.
///
/// # Panics
/// If one of them doesn't fit; `season check` refuses rules under which it could not.
pub fn packed(standing: &Standing) -> u64 {
    let score = u64::from(standing.score);
    assert!(score <= SCORE_MAX && standing.elapsed_ms <= ELAPSED_MS_MAX, "a board cannot hold {standing:?}");
    (SCORE_MAX - score) << ELAPSED_BITS | standing.elapsed_ms
}

impl Entry {
    /// # Panics
    /// If a number doesn't fit.
    pub(super) fn new(who: ParticipantId, standing: &Standing) -> Entry {
        let key = packed(standing);
        let who = u32::try_from(who.0).expect("participants are numbered from 1 and are fewer than 2^32");
        Entry { high: (key >> 32) as u32, low: key as u32, who }
    }

    /// Score and elapsed time: the lower, the better.
    pub(super) fn key(self) -> u64 {
        u64::from(self.high) << 32 | u64::from(self.low)
    }

    pub(super) fn who(self) -> ParticipantId {
        ParticipantId(i64::from(self.who))
    }
}

/// Someone with a standing that the board holds, or is about to.
pub(super) struct Probe<'s, F> {
    pub(super) entry: Entry,
    standing: &'s Standing,
    standing_of: F,
}

impl<'s, F: Fn(ParticipantId) -> Standing> Probe<'s, F> {
    pub(super) fn new(who: ParticipantId, standing: &'s Standing, standing_of: F) -> Probe<'s, F> {
        Probe { entry: Entry::new(who, standing), standing, standing_of }
    }

    pub(super) fn key(&self) -> u64 {
        self.entry.key()
    }

    /// Whether `tied`, of the same score and elapsed time, comes before the one who looks.
    pub(super) fn comes_after(&self, tied: Entry) -> bool {
        tied.who != self.entry.who && (self.standing_of)(tied.who()) < *self.standing
    }

    /// … or is their own entry.
    pub(super) fn comes_after_or_is(&self, tied: Entry) -> bool {
        tied.who == self.entry.who || (self.standing_of)(tied.who()) < *self.standing
    }
}
