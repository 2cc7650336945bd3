//! The flags of the commands that measure with next to no work of their own.

use std::path::PathBuf;

use clap::Args;

use super::{CONNECTIONS_MAX, ServerArgs};

/// Who sits down, where the player does no more than measure.
#[derive(Args, Clone, Debug)]
pub(crate) struct SeatArgs {
    /// Tokens of participants, one a line (as `fill` writes them); without it they are registered first
    #[arg(long)]
    pub tokens: Option<PathBuf>,
    /// Default: the first open round
    #[arg(long)]
    pub round: Option<String>,
    #[arg(long, default_value_t = 4096)]
    pub sources: u32,
}

#[derive(Args)]
pub(crate) struct DriveArgs {
    #[arg(long)]
    pub url: String,
    /// The other end is an echo
    #[arg(long)]
    pub echo: bool,
    #[arg(long, default_value_t = 1_000)]
    pub connections: usize,
    /// Bytes of a message to an echo
    #[arg(long, default_value_t = 75)]
    pub send: usize,
    /// How many frames an echo answers each message with (as many as its --replies; 1 for a plain one)
    #[arg(long, default_value_t = 1)]
    pub replies: usize,
    /// Seconds that are measured
    #[arg(long, default_value_t = 10)]
    pub duration: u64,
    /// Seconds of play before that
    #[arg(long, default_value_t = 2)]
    pub warm: u64,
    /// Answers a second in an open loop; without it, each answers as soon as it is asked
    #[arg(long)]
    pub rate: Option<f64>,
    #[arg(long)]
    pub server_pid: Option<u32>,
    #[command(flatten)]
    pub seats: SeatArgs,
    #[arg(long)]
    pub report: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct OverloadArgs {
    #[arg(long)]
    pub url: String,
    #[arg(long, default_value_t = 10_000)]
    pub connections: usize,
    /// Seconds of each of the two phases
    #[arg(long, default_value_t = 8)]
    pub seconds: u64,
    /// Of the measured peak
    #[arg(long, default_value_t = 2.0)]
    pub times: f64,
    #[command(flatten)]
    pub seats: SeatArgs,
    /// Measure the CPU time of this process as well: whichever end has no processor left is the one that is measured
    #[arg(long)]
    pub server_pid: Option<u32>,
    #[arg(long)]
    pub report: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct BurstArgs {
    #[arg(long)]
    pub url: String,
    #[arg(long, default_value_t = 15_000)]
    pub phones: usize,
    /// Seconds
    #[arg(long, default_value_t = 10.0)]
    pub within: f64,
    #[arg(long)]
    pub server_pid: Option<u32>,
    #[command(flatten)]
    pub seats: SeatArgs,
    #[arg(long)]
    pub report: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct TellArgs {
    #[arg(long)]
    pub url: String,
    #[arg(long, default_value_t = CONNECTIONS_MAX)]
    pub seated: usize,
    #[arg(long)]
    pub server_pid: Option<u32>,
    #[command(flatten)]
    pub seats: SeatArgs,
    #[arg(long)]
    pub report: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct RestartArgs {
    #[command(flatten)]
    pub server: ServerArgs,
    #[arg(long, default_value_t = 2_000)]
    pub players: usize,
    /// Seconds of play before the kill
    #[arg(long, default_value_t = 3)]
    pub duration: u64,
    #[command(flatten)]
    pub seats: SeatArgs,
    #[arg(long)]
    pub report: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct FillArgs {
    #[arg(long)]
    pub data: PathBuf,
    #[arg(long, default_value = "seasons/bench.toml")]
    pub season: PathBuf,
    #[arg(long)]
    pub participants: u64,
    #[arg(long)]
    pub answers: u64,
}
