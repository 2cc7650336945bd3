//! Faults of disks, processes and clocks: the real binary under load, then every acknowledged answer and the replay.
#![allow(clippy::disallowed_methods, reason = "the binary runs on the machine's clock, and so does what it is held to")]

mod clock;
pub(crate) mod crowd;
pub(crate) mod disk;
mod drain;
mod kill;
mod migrations;
pub(crate) mod process;
mod starts;
mod torn;
