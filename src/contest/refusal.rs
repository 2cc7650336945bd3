//! Why the contest does not do what a participant asks: normal play, told as a code and a sentence.

use crate::domain::attempt::AnswerRefusal;
use crate::domain::time::Timestamp;

/// How long a client waits before it tries again after [`Refusal::Busy`].
pub const BUSY_RETRY_MS: u64 = 500;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    SeasonNotOpen {
        opens: Option<Timestamp>,
    },
    RoundNotOpen {
        opens: Option<Timestamp>,
    },
    /// Everything of the round stands still; nothing was used up, and it may be asked again.
    RoundPaused,
    UnknownRound,
    AttemptsExhausted(Exhausted),
    AttemptInProgress,
    UnknownAttempt,
    Answer(AnswerRefusal),
    NotEligible(NotEligible),
    /// By an act of whoever runs the season, for this reason; and whom to turn to.
    Excluded {
        reason: String,
        contact: Option<String>,
    },
    /// The ledger's queue is full; nothing was used up.
    Busy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exhausted {
    Today,
    ThisWeek,
    InAll,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotEligible {
    /// The round is for other groups.
    Group { allowed: String },
    /// `right` right answers in one attempt of `round` come first.
    Gate { round: String, right: u32 },
}

impl From<AnswerRefusal> for Refusal {
    fn from(refusal: AnswerRefusal) -> Refusal {
        Refusal::Answer(refusal)
    }
}
