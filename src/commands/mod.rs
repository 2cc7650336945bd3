//! The commands, a file each. What they say to people is Chinese.

pub(crate) mod outcome;
pub(crate) mod greeting;
pub(crate) mod serve;
pub(crate) mod place;
pub(crate) mod preview;
pub(crate) mod convert;
pub(crate) mod season;
pub(crate) mod replay;
pub(crate) mod backup;
pub(crate) mod ledger;
pub(crate) mod staff;
pub(crate) mod audit;
pub(crate) mod bank_export;
pub(crate) mod bank;
pub(crate) mod verify;
pub(crate) mod cli;
pub(crate) mod usage;
