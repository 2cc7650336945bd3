//! `fill`: makes a large ledger and keeps it. How a ledger is written only the server's own code can know, so this starts the
//! `fill` program that is built beside it (`cargo build --release --example fill`), and shares none of that code.

use std::env;
use std::process::Command;

use anyhow::{Context, ensure};

use crate::args::FillArgs;

pub(crate) fn fill(args: &FillArgs) -> anyhow::Result<u64> {
    let mine = env::current_exe().context("finding this program")?;
    let program = mine.with_file_name("examples").join("fill");
    ensure!(program.exists(), "{} is not there: cargo build --release --example fill", program.display());
    let mut command = Command::new(program);
    command.arg("--data").arg(&args.data).arg("--season").arg(&args.season);
    command.arg("--participants").arg(args.participants.to_string()).arg("--answers").arg(args.answers.to_string());
    let status = command.status().context("starting the fill program")?;
    ensure!(status.success(), "it ended with {status}");
    Ok(0)
}
