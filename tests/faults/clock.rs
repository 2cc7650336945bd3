//! The machine's clock stepped in mid-play: question times and the rounds' ends go on as they were, and the replay agrees.

use super::crowd::Scene;
use super::disk::Disk;
use super::process::Served;
use super::process::arranged;
use super::process::kejing;
use super::process::serve;
use super::process::stop;
use crate::harness::Phone;
use crate::harness::season;
use crate::harness::steps::round;
use serde_json::Value;
use serde_json::json;
use std::net::SocketAddr;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;

const PLAYERS: usize = 12;
const FORWARD: &str = "clock step 3600 -";
const BACK: &str = "clock step -3600 -";
const LIMIT_SECONDS: u64 = 3;
/// The grace after a limit, and what a busy machine may be late.
const LATE: Duration = Duration::from_secs(6);
/// From the season's making to its round's end: longer than a start takes.
const ROUND_ENDS_IN: Duration = Duration::from_secs(20);
const SHANGHAI_AHEAD: Duration = Duration::from_secs(8 * 3_600);

/// What the server's clock on the wall shows now, to the second: it has no other use for it.
async fn wall(address: SocketAddr) -> SystemTime {
    let told = reqwest::get(format!("http://{address}/healthz")).await.unwrap();
    let date = told.headers()["date"].to_str().unwrap();
    jiff::fmt::rfc2822::parse(date).unwrap().timestamp().into()
}

/// The step has come about, as far as the process is asked.
async fn is_an_hour_ahead(address: SocketAddr) {
    let ahead = wall(address).await.duration_since(SystemTime::now()).expect("the step did not reach the server");
    assert!(ahead > Duration::from_secs(3_590), "only {ahead:?} ahead");
}

#[tokio::test]
async fn a_clock_that_steps_under_load_moves_no_question_and_no_entry() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::within(folder.path());
    let scene = Scene::of(PLAYERS, folder, disk.under()).await;
    for _ in 0..3 {
        scene.until_more(40).await;
        // Players fail on a verdict that says that time is up: every question that is open now would get one.
        disk.is_to(FORWARD);
        is_an_hour_ahead(scene.address().await).await;
        scene.until_more(40).await;
        disk.is_to(BACK);
        scene.until_more(40).await;
        disk.is_well();
    }
    scene.end().await;
}

async fn joins(address: SocketAddr, number: usize) -> Phone {
    let body = json!({
        "request": format!("00000000-0000-4000-8000-{number:012}"), "name": "韦小兰", "city": "450200", "county": "450204",
    });
    let participants = format!("http://{address}/api/v1/participants");
    let told = reqwest::Client::new().post(participants).json(&body).send().await.unwrap();
    let token = told.json::<Value>().await.unwrap()["token"].clone();
    let mut phone = Phone::connect(address).await;
    phone.say(json!({"type": "hello", "token": token})).await;
    phone.hear("welcome").await;
    phone
}

#[tokio::test]
async fn a_question_and_a_round_end_when_they_would_have_ended_whatever_the_wall_clock_does() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::within(folder.path());
    Scene::furnish(folder.path());
    let ends = SystemTime::now() + ROUND_ENDS_IN;
    let civil = jiff::Timestamp::try_from(ends + SHANGHAI_AHEAD).unwrap().strftime("%Y-%m-%dT%H:%M:%S");
    let timed = round("timed", &format!("question_seconds = {LIMIT_SECONDS}"));
    let ending = round("ending", &format!("closes = {civil}\nquestion_seconds = 60"));
    std::fs::write(folder.path().join("season.toml"), season(&(timed + &ending))).unwrap();
    let Served { process, address } = arranged(serve(folder.path(), disk.under()).await);
    let (mut timed, mut in_time, mut late) =
        (joins(address, 1).await, joins(address, 2).await, joins(address, 3).await);

    let mut asked = Instant::now();
    timed.start("timed").await;
    disk.is_to(FORWARD);
    is_an_hour_ahead(address).await;
    in_time.start("ending").await;
    let mut runs_out = async || {
        let verdict = timed.hear("verdict").await;
        let (took, limit) = (asked.elapsed(), Duration::from_secs(LIMIT_SECONDS));
        assert_eq!(verdict["timed_out"], true, "{verdict}");
        assert!(took >= limit && took <= limit + LATE, "time was up after {took:?}");
        asked = Instant::now();
        if timed.hear_any().await["type"] == "result" {
            timed.start("timed").await;
        }
    };
    runs_out().await;
    disk.is_to(BACK);
    runs_out().await;
    // The questions' own limits tell the time until then.
    while SystemTime::now() < ends {
        runs_out().await;
    }
    late.say(json!({"type": "start", "round": "ending"})).await;
    let refusal = late.refused("round_not_open").await;
    assert_eq!(refusal["message"], "本场次已经结束");

    let ended = stop(process, folder.path()).await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    let replayed = kejing(&["replay", "--data", folder.path().join("data").to_str().unwrap()]).output().await.unwrap();
    assert!(replayed.status.success(), "{}", String::from_utf8_lossy(&replayed.stdout));
}
