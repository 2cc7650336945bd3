//! What a command came to, and its exit code.

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

/// What was checked is wrong, or the server could not start or go on.
const WRONG: u8 = 1;
/// Wrong flags or settings, or a named file that cannot be read: nothing was done.
pub(crate) const MISUSED: u8 = 2;

/// What was wrong has been printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Fine,
    Wrong,
}

/// Why a command broke off.
pub(crate) enum Failure {
    Wrong(anyhow::Error),
    /// The caller's mistake.
    Misused(anyhow::Error),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Failure {
        Failure::Wrong(error)
    }
}

pub(crate) fn exit_code(done: Result<Outcome, Failure>) -> ExitCode {
    match done {
        Ok(Outcome::Fine) => ExitCode::SUCCESS,
        Ok(Outcome::Wrong) => ExitCode::from(WRONG),
        Err(Failure::Wrong(error)) => failed(&error, WRONG),
        Err(Failure::Misused(error)) => failed(&error, MISUSED),
    }
}

fn failed(error: &anyhow::Error, code: u8) -> ExitCode {
    eprintln!("kejing：{error:#}");
    ExitCode::from(code)
}

/// Prints a line. A reader that has gone away (`| head`) is no reason to break off.
pub(crate) fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
