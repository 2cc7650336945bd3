//! The real binary as a process of its own: how it is started, how it ends, and what it says then.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncBufReadExt;
use tokio::io::BufReader;
use tokio::process::Child;
use tokio::process::Command;

/// A failing test's patience, not a pace.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A server that serves, and where.
pub(crate) struct Served {
    pub(crate) process: Child,
    pub(crate) address: SocketAddr,
}

/// How a server ended, and what it said of it.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) said: String,
}

impl Ended {
    pub(crate) async fn of(mut process: Child, folder: &Path) -> Ended {
        let status = tokio::time::timeout(PATIENCE, process.wait()).await.expect("the server does not end").unwrap();
        let said = std::fs::read_to_string(folder.join("said.txt")).unwrap();
        Ended { code: status.code(), said }
    }

    /// It ended as a program does that knows what is wrong: in Chinese, in few lines, with an exit code of its own.
    pub(crate) fn plainly(&self, words: &[&str]) {
        assert_eq!(self.code, Some(1), "{}", self.said);
        assert!(self.said.starts_with("kejing："), "{}", self.said);
        assert!(words.iter().all(|word| self.said.contains(word)), "{}", self.said);
        assert!(self.said.lines().count() <= 4 && !self.said.contains("panicked"), "{}", self.said);
    }
}

pub(crate) fn kejing(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kejing"));
    command.args(arguments).env("RUST_LOG", "off").stdin(Stdio::null()).kill_on_drop(true);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("KEJING_")) {
        command.env_remove(name);
    }
    command
}

/// As it is.
pub(crate) fn plain(command: Command) -> Command {
    command
}

pub(crate) fn arranged(served: Result<Served, Ended>) -> Served {
    served.unwrap_or_else(|ended| panic!("the server does not start: {:?} {}", ended.code, ended.said))
}

/// Starts the season of a folder on a free port and returns once it says that it serves.
///
/// # Errors
/// How it ended instead.
pub(crate) async fn serve(folder: &Path, arrange: impl FnOnce(Command) -> Command) -> Result<Served, Ended> {
    let (season, data) = (folder.join("season.toml"), folder.join("data"));
    let arguments =
        ["serve", "--season", season.to_str().unwrap(), "--data", data.to_str().unwrap(), "--listen", "127.0.0.1:0"];
    let said = std::fs::File::create(folder.join("said.txt")).unwrap();
    let mut process = arrange(kejing(&arguments)).stdout(Stdio::piped()).stderr(said).spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut address = None;
    while let Some(line) = tokio::time::timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap() {
        if line.trim_start().starts_with("答题") {
            let (_, rest) = line.split_once("http://").unwrap();
            address = rest.trim_end_matches('/').parse().ok();
        }
        if line.contains("Ctrl+C") {
            // Nobody reads on: what it says at its end goes nowhere, and it does not mind.
            return Ok(Served { process, address: address.unwrap() });
        }
    }
    Err(Ended::of(process, folder).await)
}

/// SIGTERM, and the end.
pub(crate) async fn stop(process: Child, folder: &Path) -> Ended {
    let pid = rustix::process::Pid::from_raw(process.id().unwrap() as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    Ended::of(process, folder).await
}
