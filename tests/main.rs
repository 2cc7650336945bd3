//! Everything that goes through the front door: the wire, HTTP, the binary.
#![allow(clippy::unwrap_used, reason = "tests")]

mod admission;
mod banks;
mod harness;
mod import;
mod http;
mod faults;
mod commands;
mod conformance;
mod desk;
mod corrections;
mod ledger_copy;
mod limits;
mod moments;
mod mutated;
mod operating;
mod paper;
mod postgres_faults;
mod strangers;
mod presets;
mod promises;
mod rehearsals;
mod replay;
mod restart;
mod seasons;
mod simulation;
mod tidy;
mod wire;
