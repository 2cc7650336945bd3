//! The running season: who is at which question, until when, and where everyone stands. All of it is computed from
//! committed entries and can be computed again.
//!
//! In reading order: time and keys; draw periods; participants; seats; boards; then the contest's verbs.

pub mod clock;
pub mod keys;
pub mod banks;
pub mod round_clock;
pub mod windows;
pub mod acts_record;
pub mod period;
pub mod roster;
pub mod refusal;
pub mod seat;
mod table;
pub mod scoreboard;
pub mod rescore;
pub mod concerned;
pub mod comings;
pub mod deadlines;
pub mod core;
pub mod play;
pub mod acted;
pub mod apply;
pub mod meet;
pub mod past;
mod pages;
pub mod recovery;
pub mod resume;
pub mod upkeep;
pub mod publish;
pub mod amend;
pub mod correct;
pub mod preview;
pub mod acts;
pub mod acts_given;
pub mod look;
pub mod replay;
