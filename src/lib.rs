//! 科竞 Kejing: the server of a region's online science-literacy competition. Floors, in reading order; see docs/architecture.md.

pub mod domain;
pub mod formats;
pub mod ledger;
pub mod contest;
pub mod accounts;
pub mod office;
pub mod transport;
pub mod files;
pub mod backup;
pub mod config;
