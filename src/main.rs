//! kejing: one binary. `serve` runs a season; the other commands check what it runs on and what it kept.

mod commands;

use clap::FromArgMatches;
use commands::backup;
use commands::bank;
use commands::bank::Bank;
use commands::cli::Cli;
use commands::cli::Command;
use commands::convert;
use commands::ledger;
use commands::ledger::Ledger;
use commands::outcome::exit_code;
use commands::replay;
use commands::season;
use commands::season::SeasonCommand;
use commands::serve;
use commands::usage;
use commands::verify;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match usage::command().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => return usage::told(&error),
    };
    exit_code(match cli.command {
        Command::Serve(args) => serve::run(*args),
        Command::Bank(Bank::Check(args)) => bank::run(&args),
        Command::Bank(Bank::Convert(args)) => convert::run(&args),
        Command::Season(SeasonCommand::Check { public, files }) => season::check(public, &files),
        Command::Replay(args) => replay::run(&args),
        Command::Backup(args) => backup::back_up(&args),
        Command::Restore(args) => backup::restore(&args),
        Command::Ledger(Ledger::Copy(args)) => ledger::run(&args),
        Command::Verify(args) => verify::run(&args),
    })
}
