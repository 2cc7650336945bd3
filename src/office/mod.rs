//! Behind the desk: what staff do, apart from how they ask for it. Each act is one transaction with its record in the audit log.

pub mod audit;
pub mod by;
pub mod refusal;
pub mod powers;
pub mod fresh;
pub mod pictures;
pub mod banks;
pub mod in_season;
pub mod questions;
pub mod bulk;
pub mod publishing;
pub mod sample;
pub mod shelf;
pub mod seasons;
pub mod twins;
pub mod importing;
pub mod statistics;
pub mod notices;
pub mod acts;
pub mod participants;
pub mod reports;
pub mod complaints;
pub mod corrections;
pub mod comings;
pub mod attempt_story;
