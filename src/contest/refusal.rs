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
    UnknownRound,
    AttemptsExhausted(Exhausted),
    AttemptInProgress,
    UnknownAttempt,
    Answer(AnswerRefusal),
    NotEligible(NotEligible),
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
