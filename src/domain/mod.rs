//! The rules of the contest. No async, no clock, no entropy, no I/O: seeds and moments are arguments.
//! In reading order; a module imports only from those above it.

pub mod time;
pub mod ids;
pub mod fault;
pub(crate) mod toml_file;
pub mod region;
pub mod question;
pub mod faults;
pub mod draft;
pub mod twins;
pub mod wording;
pub mod review;
pub mod compare;
pub mod bank;
pub mod rules;
pub mod season;
pub mod staff;
pub mod fairness;
pub mod paper;
pub mod dry_draw;
pub mod proof;
pub mod correction;
pub mod score;
pub mod attempt;
pub mod board;
pub mod cities;
pub mod statistics;
