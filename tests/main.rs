//! Everything that goes through the front door: the wire, HTTP, the binary.
#![allow(clippy::unwrap_used, reason = "tests")]

mod harness;
mod commands;
mod paper;
mod tidy;
