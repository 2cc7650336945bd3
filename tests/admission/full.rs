//! The real binary under a small limit of files: as many connections as it can bear, a plain word to the rest, and no end of it.

use crate::harness::Ended;
use crate::harness::Phone;
use crate::harness::root;
use kejing::config::OPEN_FILES_RESERVE;
use rustix::process::Pid;
use rustix::process::Resource;
use rustix::process::Rlimit;
use rustix::process::prlimit;
use serde_json::Value;
use serde_json::json;
use std::io::BufRead;
use std::io::BufReader;
use std::net::SocketAddr;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const LIMIT: Duration = Duration::from_secs(20);
const PLACES: u64 = 24;

struct Small {
    process: Child,
    address: SocketAddr,
    _data: tempfile::TempDir,
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Small {
    /// A server that may open as many files as are kept back, and [`PLACES`] more.
    fn start() -> Small {
        let data = tempfile::tempdir().unwrap();
        let files = OPEN_FILES_RESERVE + PLACES;
        let mut process = Command::new("prlimit")
            .arg(format!("--nofile={files}:{files}"))
            .arg(env!("CARGO_BIN_EXE_kejing"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data.path().join("data"))
            .current_dir(root())
            .env("RUST_LOG", "off")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
        let address = lines.find_map(|line| {
            let (_, at) = line.split_once("http://127.0.0.1:")?;
            let port: String = at.chars().take_while(char::is_ascii_digit).collect();
            Some(SocketAddr::from(([127, 0, 0, 1], port.parse().unwrap())))
        });
        Small { process, address: address.expect("it did not say where it is"), _data: data }
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.process)
    }

    /// From now on it may open so many files.
    fn may_open(&self, files: u64) {
        let maximum = Some(OPEN_FILES_RESERVE + PLACES);
        prlimit(Some(self.pid()), Resource::Nofile, Rlimit { current: Some(files), maximum }).unwrap();
    }

    /// Every file below this number is open.
    fn first_free_file(&self) -> u64 {
        let open = std::fs::read_dir(format!("/proc/{}/fd", self.process.id())).unwrap();
        let open: Vec<u64> = open.map(|file| file.unwrap().file_name().to_str().unwrap().parse().unwrap()).collect();
        (0..).find(|number| !open.contains(number)).unwrap()
    }

    /// Asks on a connection of its own; what comes until it ends.
    async fn ask(&self, path: &str) -> String {
        let asked = async {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            let request = format!("GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
            let mut answer = Vec::new();
            // It may have been closed at once, which is an answer without words.
            if stream.write_all(request.as_bytes()).await.is_ok() {
                let _ = stream.read_to_end(&mut answer).await;
            }
            String::from_utf8(answer).unwrap()
        };
        tokio::time::timeout(LIMIT, asked).await.expect("no answer and no end")
    }

    /// Asks until it is let in.
    async fn lets_somebody_in(&self) {
        let asking = async { while !self.ask("/api/v1/season").await.starts_with("HTTP/1.1 200 ") {} };
        tokio::time::timeout(LIMIT, asking).await.expect("nobody is let in any more");
    }

    async fn spectator(&self) -> Phone {
        let mut phone = Phone::connect(self.address).await;
        phone.say(json!({"type": "hello"})).await;
        phone.hear("welcome").await;
        phone
    }
}

#[tokio::test]
async fn a_process_serves_as_many_as_it_may_open_files_less_a_reserve_and_tells_the_rest() {
    let server = Small::start();
    let mut inside = Vec::new();
    for _ in 0..PLACES {
        inside.push(server.spectator().await);
    }
    for _ in 0..200 {
        let answer = server.ask("/api/v1/season").await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer}"));
        assert!(head.starts_with("HTTP/1.1 503 ") && head.contains("retry-after: 2"), "{head}");
        assert!(head.contains("application/problem+json") && head.contains("nosniff"), "{head}");
        let problem: Value = serde_json::from_str(body).unwrap();
        assert_eq!(
            (&problem["code"], &problem["status"], &problem["retry_after_ms"]),
            (&json!("busy"), &json!(503), &json!(2000))
        );
    }
    assert!(server.ask("/healthz").await.starts_with("HTTP/1.1 200 "), "a watchman must not take it for dead");
    for phone in &mut inside {
        phone.hears_nothing().await;
    }
    inside.pop().unwrap().leave().await;
    server.lets_somebody_in().await;
    for phone in &mut inside {
        phone.hears_nothing().await;
    }
}

#[tokio::test]
async fn who_is_refused_and_says_nothing_keeps_nobody_out() {
    let server = Small::start();
    let mut inside = Vec::new();
    for _ in 0..PLACES {
        inside.push(server.spectator().await);
    }
    // More than can be told at once: the last of them are closed without a word.
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(TcpStream::connect(server.address).await.unwrap());
    }
    inside.truncate(1);
    server.lets_somebody_in().await;
    for stream in &mut silent {
        let ended = tokio::time::timeout(LIMIT, stream.read(&mut [0; 16])).await.expect("it is held for ever");
        assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
    }
    inside[0].hears_nothing().await;
}

#[tokio::test]
async fn with_no_file_left_connections_are_closed_and_those_inside_play_on() {
    let server = Small::start();
    let mut inside = server.spectator().await;
    server.may_open(server.first_free_file());
    for _ in 0..20 {
        let answer = server.ask("/api/v1/season").await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 503 "), "{answer}");
    }
    inside.hears_nothing().await;
    server.may_open(OPEN_FILES_RESERVE + PLACES);
    server.lets_somebody_in().await;
    inside.hears_nothing().await;
    rustix::process::kill_process(server.pid(), rustix::process::Signal::TERM).unwrap();
    inside.hear("reconnect").await;
    assert_eq!(inside.ended().await, Ended::Code(1012));
}
