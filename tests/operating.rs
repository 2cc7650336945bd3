//! What operators rely on: backups, verification files, TLS of its own, figures, logs.

mod backup;
mod draining;
mod elsewhere;
mod figures;
mod logs;
mod root_files;
mod tls;

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncBufReadExt;
use tokio::io::BufReader;
use tokio::process::Child;
use tokio::process::Command;

/// A failing test's patience, not a pace.
const PATIENCE: Duration = Duration::from_secs(60);

const ROUNDS: &str = r#"
[[round]]
id = "daily"
name = "每日竞赛"
bank = "kexue"
question_seconds = 600
tally = "best"
feedback = "after_paper"

[[round.section]]
count = 3
points = 10
"#;

/// The binary, without what the caller's environment says of it.
fn kejing(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kejing"));
    command.args(arguments).env("RUST_LOG", "off").stdin(Stdio::null()).kill_on_drop(true);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("KEJING_")) {
        command.env_remove(name);
    }
    command
}

/// What a command printed and how it ended.
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

async fn run(arguments: &[&str]) -> Ran {
    let output = kejing(arguments).output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// A folder with a season file and what it names.
fn with_season(folder: &Path) {
    std::fs::write(folder.join("season.toml"), crate::harness::season(ROUNDS)).unwrap();
    for (shipped, name) in [("seasons/regions", "regions"), ("question-bank", "question-bank")] {
        std::os::unix::fs::symlink(crate::harness::root().join(shipped), folder.join(name)).unwrap();
    }
}

/// Serves the folder's season from its data folder `data`, and returns once it says so.
async fn serve(folder: &Path, data: &str, change: impl FnOnce(&mut Command)) -> (Child, SocketAddr) {
    let (season, data) = (folder.join("season.toml"), folder.join(data));
    let arguments =
        ["serve", "--season", season.to_str().unwrap(), "--data", data.to_str().unwrap(), "--listen", "127.0.0.1:0"];
    let mut command = kejing(&arguments);
    change(command.stdout(Stdio::piped()));
    let mut process = command.spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut address = None;
    while let Some(line) = tokio::time::timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap() {
        if line.trim_start().starts_with("答题") {
            let (_, rest) = line.split_once("://").unwrap();
            address = rest.trim_end_matches('/').parse().ok();
        }
        if line.contains("Ctrl+C") {
            return (process, address.unwrap());
        }
    }
    panic!("the server ended while starting: {:?}", process.wait().await);
}

fn signal(process: &Child, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(process.id().unwrap() as i32).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}
