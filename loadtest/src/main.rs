//! kejing-loadtest: a client of the wire alone. It plays, judges the server by its own reckoning, and measures it.
//!
//! `play` is the run that must end without a disagreement; `sit` weighs seated participants; `drive`, `overload`, `burst`, `tell` and
//! `restart` measure with next to no work of their own; `echo` is the reference; `fill` makes large ledgers.

mod clock;
mod wire;
mod args;
mod bank;
mod scoring;
mod downtime;
mod findings;
mod season;
mod sheet;
mod referee;
mod order;
mod net;
mod http;
mod meter;
mod pace;
mod process;
mod server;
mod crowd;
mod link;
mod player;
mod spectator;
mod closing;
mod report;
mod play;
mod sit;
mod echo;
mod raw;
mod stage;
mod pacer;
mod drive;
mod overload;
mod burst;
mod tell;
mod restart;
mod fill;

use std::process::ExitCode;

use args::{Cli, Command};

/// Nothing disagreed.
const AGREED: u8 = 0;
const DISAGREED: u8 = 1;
/// Wrong flags, no server, or a run that broke off.
const FAILED: u8 = 2;

fn main() -> ExitCode {
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(error) => return failed(&error),
    };
    // The clock counts from here.
    clock::now_us();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    match runtime.block_on(run(cli.command)) {
        Ok(0) => ExitCode::from(AGREED),
        Ok(_) => ExitCode::from(DISAGREED),
        Err(error) => failed(&error),
    }
}

/// How many disagreements were found.
async fn run(command: Command) -> anyhow::Result<u64> {
    match command {
        Command::Play(args) => play::play(*args).await,
        Command::Sit(args) => sit::sit(args).await,
        Command::Echo(args) => echo::echo(args).await,
        Command::Drive(args) => drive::drive(args).await,
        Command::Overload(args) => overload::overload(args).await,
        Command::Burst(args) => burst::burst(args).await,
        Command::Tell(args) => tell::tell(args).await,
        Command::Restart(args) => restart::restart(args).await,
        Command::Fill(args) => fill::fill(&args),
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("kejing-loadtest: {error:#}");
    ExitCode::from(FAILED)
}
