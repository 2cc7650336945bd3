//! SIGTERM with thousands of sockets under load: all are told to reconnect, the server ends in time, all resume where they were.

use super::crowd::Lost;
use super::crowd::Scene;
use super::crowd::answer;
use super::crowd::connect;
use super::crowd::say;
use super::process::Served;
use super::process::arranged;
use super::process::serve;
use super::process::stop;
use crate::harness::Phone;
use crate::harness::postgres::Cluster;
use futures_util::StreamExt;
use rustix::process::Resource;
use rustix::process::Rlimit;
use serde_json::Value;
use serde_json::json;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;
use tokio::process::Command;
use tokio::sync::Notify;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;

const SOCKETS: usize = 5_000;
/// So many of them answer as fast as they can; the others are in mid-question.
const BUSY: usize = 200;
const ENDS_WITHIN: Duration = Duration::from_secs(10);
/// A question's limit: longer than the slowest machine needs to seat everyone.
const LIMIT_MS: u64 = 900_000;
/// More often than the server gives a silent socket up.
const PING_EVERY: Duration = Duration::from_secs(15);
/// Between the end of the outage in the ledger and the moment when this side sees the server ready.
const READY_SEEN_MS: u64 = 1_000;
/// A failing test's patience, not a pace.
const PATIENCE: Duration = Duration::from_secs(120);

/// What happens on the stage, counted.
#[derive(Default)]
struct Stage {
    seated: AtomicUsize,
    verdicts: AtomicUsize,
    moved: Notify,
}

impl Stage {
    fn count(&self, what: &AtomicUsize) {
        what.fetch_add(1, Ordering::SeqCst);
        self.moved.notify_one();
    }

    async fn until(&self, what: &AtomicUsize, wanted: usize) {
        let reached = async {
            while what.load(Ordering::SeqCst) < wanted {
                self.moved.notified().await;
            }
        };
        tokio::time::timeout(PATIENCE, reached).await.expect("the stage does not fill");
    }
}

struct Seat {
    token: String,
    question: Value,
    /// When what opened the question was sent: its clock cannot have run longer.
    asked: Instant,
    sent: bool,
    reconnect_told: bool,
    code: Option<u16>,
}

async fn hear(phone: &mut Phone) -> Result<Value, Option<u16>> {
    loop {
        match tokio::time::timeout(PING_EVERY, phone.socket.next()).await {
            Err(_) => say(phone, json!({"type": "ping", "n": 1})).await.map_err(|_| None)?,
            Ok(Some(Ok(Message::Text(text)))) => {
                let message: Value = serde_json::from_str(&text).unwrap();
                if message["type"] != "pong" {
                    return Ok(message);
                }
            }
            Ok(Some(Ok(Message::Close(frame)))) => return Err(frame.map(|frame| frame.code.into())),
            Ok(Some(Ok(_))) => {}
            Ok(Some(Err(_)) | None) => return Err(None),
        }
    }
}

impl Seat {
    async fn take(address: SocketAddr, number: usize, http: &reqwest::Client) -> (Seat, Phone) {
        let body = json!({
            "request": format!("00000000-0000-4000-8000-{number:012}"),
            "name": format!("选手{}", char::from_u32('一' as u32 + number as u32).unwrap()),
            "city": "450200",
            "county": "450204",
        });
        let told = http.post(format!("http://{address}/api/v1/participants")).json(&body).send().await.unwrap();
        assert_eq!(told.status(), 201);
        let token = told.json::<Value>().await.unwrap()["token"].as_str().unwrap().to_owned();
        let mut phone = connect(address).await.unwrap();
        say(&mut phone, json!({"type": "hello", "token": token})).await.unwrap();
        assert_eq!(hear(&mut phone).await.unwrap()["type"], "welcome");
        let asked = Instant::now();
        say(&mut phone, json!({"type": "start", "round": "told-later"})).await.unwrap();
        let question = hear(&mut phone).await.unwrap();
        assert_eq!(question["type"], "question", "{question}");
        (Seat { token, question, asked, sent: false, reconnect_told: false, code: None }, phone)
    }

    /// Plays, or only sits there, until the server says that it goes.
    async fn stay(&mut self, mut phone: Phone, busy: bool, stage: &Stage) {
        loop {
            if busy && !self.sent && !self.reconnect_told {
                let (attempt, seq) = (self.question["attempt"].as_str().unwrap(), &self.question["seq"]);
                self.sent = true;
                let asked = Instant::now();
                if say(&mut phone, answer(attempt, seq, &[0])).await.is_err() {
                    return;
                }
                self.asked = asked;
            }
            let message = match hear(&mut phone).await {
                Ok(message) => message,
                Err(code) => {
                    self.code = code;
                    return;
                }
            };
            match message["type"].as_str().unwrap() {
                "reconnect" => self.reconnect_told = true,
                "verdict" => stage.count(&stage.verdicts),
                "question" => (self.question, self.sent) = (message, false),
                "result" => {
                    self.asked = Instant::now();
                    let start: Result<(), Lost> =
                        say(&mut phone, json!({"type": "start", "round": "told-later"})).await;
                    if start.is_err() {
                        return;
                    }
                }
                other => panic!("{other} was not asked for: {message}"),
            }
        }
    }

    /// Is where it was, with all the time that was left.
    async fn resume(&self, address: SocketAddr, away: Duration) {
        let mut phone = connect(address).await.unwrap();
        say(&mut phone, json!({"type": "hello", "token": self.token})).await.unwrap();
        let welcome = hear(&mut phone).await.unwrap();
        assert_eq!(welcome["type"], "welcome");
        if self.sent {
            // Its answer was on the way; whatever became of it, there is an attempt or its result.
            assert!(welcome["attempt"].is_string() || welcome["ended"].is_string(), "{welcome}");
            return;
        }
        assert_eq!(welcome["attempt"], self.question["attempt"]);
        let again = hear(&mut phone).await.unwrap();
        assert_eq!((&again["seq"], &again["stem"]), (&self.question["seq"], &self.question["stem"]));
        let ran = self.asked.elapsed().saturating_sub(away).as_millis() as u64 + READY_SEEN_MS;
        let left = again["remaining_ms"].as_u64().unwrap();
        assert!(left + ran >= LIMIT_MS, "{left} ms left after at most {ran}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_thousand_sockets_are_told_to_reconnect_and_resume_where_they_were() {
    all_are_told_and_resume(None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_thousand_sockets_on_postgres_are_told_to_reconnect_and_resume_where_they_were() {
    let cluster = Cluster::start(&["fsync=on", "synchronous_commit=on"]);
    cluster.sql("postgres", "create database season");
    all_are_told_and_resume(Some(&cluster.url("season"))).await;
}

/// With the ledger in this database, if not in the folder.
async fn all_are_told_and_resume(database: Option<&str>) {
    static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    // The sockets of two such tests at once are more than a process may open.
    let _alone = ALONE.lock().await;
    let there = |mut command: Command| {
        command.args(database.iter().flat_map(|url| ["--database", url]));
        command
    };
    let limit = rustix::process::getrlimit(Resource::Nofile);
    rustix::process::setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).unwrap();
    let folder = tempfile::tempdir().unwrap();
    Scene::furnish(folder.path());
    let season = std::fs::read_to_string(folder.path().join("season.toml")).unwrap();
    let longer = season.replace("question_seconds = 60", &format!("question_seconds = {}", LIMIT_MS / 1000));
    std::fs::write(folder.path().join("season.toml"), longer).unwrap();
    let Served { process, address } = arranged(serve(folder.path(), there).await);

    let (stage, arriving) = (Arc::new(Stage::default()), Arc::new(Semaphore::new(100)));
    // Of thousands that come at once some wait so long for a processor that a kept connection is closed under them.
    let http = reqwest::Client::builder().timeout(PATIENCE).pool_max_idle_per_host(0).build().unwrap();
    let mut seats = JoinSet::new();
    for number in 0..SOCKETS {
        let (stage, arriving, http) = (Arc::clone(&stage), Arc::clone(&arriving), http.clone());
        seats.spawn(async move {
            let arrives = arriving.acquire_owned().await.unwrap();
            let (mut seat, phone) = Seat::take(address, number, &http).await;
            drop(arrives);
            stage.count(&stage.seated);
            seat.stay(phone, number < BUSY, &stage).await;
            seat
        });
    }
    stage.until(&stage.seated, SOCKETS).await;
    stage.until(&stage.verdicts, stage.verdicts.load(Ordering::SeqCst) + BUSY).await;

    let told = Instant::now();
    let ended = stop(process, folder.path()).await;
    let (took, gone) = (told.elapsed(), Instant::now());
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    assert!(took <= ENDS_WITHIN, "it took {took:?} to end");
    let seats = seats.join_all().await;
    let untold = seats.iter().filter(|seat| !seat.reconnect_told || seat.code != Some(1012)).count();
    assert_eq!(untold, 0, "so many were not told to reconnect");

    let Served { process, address } = arranged(serve(folder.path(), there).await);
    let away = gone.elapsed();
    let mut back = JoinSet::new();
    for seat in seats {
        let arriving = Arc::clone(&arriving);
        back.spawn(async move {
            let _arrives = arriving.acquire_owned().await.unwrap();
            seat.resume(address, away).await;
        });
    }
    back.join_all().await;
    let ended = stop(process, folder.path()).await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    let replayed = super::process::kejing(&["replay", "--data", folder.path().join("data").to_str().unwrap()]);
    assert!(there(replayed).output().await.unwrap().status.success());
}
