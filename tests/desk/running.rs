//! While the season runs: pausing, extending, giving time, telling everyone, and that each stays on record and can be taken back.

use super::done;
use super::refused;
use crate::harness::Key;
use crate::harness::Phone;
use crate::harness::Server;
use crate::harness::desk::Clerk;
use crate::harness::season;
use crate::harness::steps::round;
use crate::harness::steps::shanghai;
use crate::wire::like;
use serde_json::Value;
use serde_json::json;

const DOUBT_MS: i64 = 100;
const AN_HOUR: i64 = 3_600_000;
const WHY: &str = "场馆断电，等恢复";

async fn pause(clerk: &mut Clerk, round: Option<&str>) -> Value {
    done(clerk.post("/pause", json!({"round": round, "reason": WHY})).await, 200)
}

async fn resume(clerk: &mut Clerk, round: Option<&str>) -> Value {
    done(clerk.post("/resume", json!({"round": round, "reason": "已经恢复供电"})).await, 200)
}

async fn state_of(server: &Server, round: &str) -> Value {
    server.round(round).await["state"].clone()
}

#[tokio::test]
async fn while_a_round_stands_still_nobody_loses_time_or_wins_any() {
    let rounds = round("daily", "question_seconds = 30\npaper_seconds = 100") + &round("other", "");
    let server = Server::of(&rounds).await;
    let mut clerk = server.first_administrator().await;
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    let first = phone.start("daily").await;
    server.advance(7_000);
    let paused = pause(&mut clerk, Some("daily")).await;
    assert_eq!((&paused["kind"], &paused["subject"]), (&json!("pause"), &json!("round:daily")));
    let clock = phone.hear("clock").await;
    like(&clock, &["server-clock"]);
    assert_eq!(clock["paused"], true);
    assert_eq!((&clock["remaining_ms"], &clock["paper_remaining_ms"]), (&json!(23_000), &json!(93_000)));
    assert_eq!((state_of(&server, "daily").await, state_of(&server, "other").await), (json!("paused"), json!("open")));
    assert_eq!(server.got("/season", None).await["state"], "open", "the other one runs");

    // Far beyond its limit nothing happens, and what is asked for is refused and used up by nobody.
    assert_eq!(phone.stay(&server, AN_HOUR).await, Vec::<Value>::new());
    for refused in [
        json!({"type": "answer", "attempt": first["attempt"], "seq": 1, "choices": [0]}),
        json!({"type": "finish", "attempt": first["attempt"]}),
    ] {
        phone.say(refused).await;
        phone.refused("round_paused").await;
    }
    let mut another = server.phone("覃小满").await;
    another.start_refused("daily", "round_paused").await;
    let other = another.start("other").await;
    another.finish(&other).await;

    resume(&mut clerk, Some("daily")).await;
    let clock = phone.hear("clock").await;
    assert_eq!((&clock["paused"], &clock["remaining_ms"]), (&json!(false), &json!(23_000)));
    assert_eq!(clock["paper_remaining_ms"], 93_000);
    assert_eq!(state_of(&server, "daily").await, "open");
    server.advance(3_000);
    phone.verdict(&first, &[]).await;
    let second = phone.hear("question").await;
    assert_eq!(second["paper_remaining_ms"], 90_000);
    // And a question still runs out to the millisecond.
    pause(&mut clerk, None).await;
    phone.hear("clock").await;
    assert_eq!(server.got("/season", None).await["state"], "paused", "all of it stands still");
    phone.stay(&server, 50_000).await;
    resume(&mut clerk, None).await;
    phone.hear("clock").await;
    server.advance(31_000);
    phone.hears_nothing().await;
    server.advance(1);
    assert_eq!(phone.hear("verdict").await["timed_out"], true);
    let third = phone.hear("question").await;
    assert_eq!(phone.finish(&third).await["elapsed_ms"], 40_000);
    server.replayed().await;
}

#[tokio::test]
async fn a_round_that_stands_still_does_so_after_a_restart_and_gives_all_of_it_back() {
    let lines = "question_seconds = 30\nopens = 2026-09-01T09:00:00\ncloses = 2026-09-01T10:30:00";
    let server = Server::of(&round("daily", lines)).await;
    let mut clerk = server.first_administrator().await;
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    let first = phone.start("daily").await;
    server.advance(10_000);
    let began = server.clock.now().0;
    pause(&mut clerk, Some("daily")).await;
    phone.hear("clock").await;
    server.advance(60_000);
    let server = server.restart(AN_HOUR).await;
    let mut clerk = clerk.of(&server);
    assert_eq!(state_of(&server, "daily").await, "paused");
    let (mut phone, welcome) = server.hello(&token).await;
    assert_eq!(welcome["attempt"], first["attempt"]);
    assert_eq!(phone.hear("question").await["remaining_ms"], 20_000);
    let clock = phone.hear("clock").await;
    assert_eq!((&clock["paused"], &clock["remaining_ms"]), (&json!(true), &json!(20_000)));
    phone.stay(&server, 120_000).await;
    resume(&mut clerk, None).await;
    assert_eq!(phone.hear("clock").await["remaining_ms"], 20_000);
    let stood = server.clock.now().0 - began;
    let closes = shanghai("2026-09-01T10:30:00") + stood;
    assert_eq!(server.round("daily").await["closes"], closes, "its end has moved on by as much");
    server.advance(5_000);
    // And a start that finds it running again comes to the same, but for the doubt of its own absence.
    let server = server.restart(1_000).await;
    let (mut phone, _) = server.hello(&token).await;
    let again = phone.hear("question").await;
    assert_eq!(again["remaining_ms"], 15_000 + DOUBT_MS);
    assert_eq!(server.round("daily").await["closes"], closes + 1_000 + DOUBT_MS);
    let result = phone.finish(&again).await;
    assert_eq!(result["elapsed_ms"], 15_000 - DOUBT_MS);
    server.replayed().await;
}

#[tokio::test]
async fn a_verdict_that_is_read_and_an_attempt_without_limits_stand_still_as_well() {
    let rounds = round("each", "question_seconds = 30\nfeedback = \"after_each\"") + &round("free", "");
    let server = Server::of(&rounds).await;
    let mut clerk = server.first_administrator().await;
    let mut reads = server.phone("韦小兰").await;
    let first = reads.start("each").await;
    reads.verdict(&first, &[0]).await;
    let mut free = server.phone("覃小满").await;
    let open = free.start("free").await;
    server.advance(15_000);
    pause(&mut clerk, None).await;
    assert_eq!(reads.hear("clock").await["paused"], true);
    assert_eq!(free.hear("clock").await["remaining_ms"], Value::Null);
    for _ in 0..40 {
        assert_eq!(free.stay(&server, 40_000).await, Vec::<Value>::new());
        reads.hears_nothing().await;
    }
    reads.say(json!({"type": "next", "attempt": first["attempt"]})).await;
    reads.refused("round_paused").await;
    resume(&mut clerk, None).await;
    reads.hear("clock").await;
    free.hear("clock").await;
    server.advance(4_999);
    reads.hears_nothing().await;
    server.advance(1);
    assert_eq!(reads.hear("question").await["remaining_ms"], 30_000);
    assert_eq!(free.finish(&open).await["elapsed_ms"], 15_000 + 5_000);
    server.replayed().await;
}

#[tokio::test]
async fn a_pause_is_done_once_and_taken_back_by_its_own_undoing() {
    let server = Server::of(&(round("daily", "") + &round("other", ""))).await;
    let mut clerk = server.first_administrator().await;
    refused(clerk.post("/pause", json!({"round": "daily", "reason": "短"})).await, 400, "bad_request");
    refused(clerk.post("/pause", json!({"round": "nightly", "reason": WHY})).await, 404, "not_found");
    refused(clerk.post("/resume", json!({"round": null, "reason": WHY})).await, 409, "conflict");
    let act = pause(&mut clerk, Some("daily")).await;
    refused(clerk.post("/pause", json!({"round": "daily", "reason": WHY})).await, 409, "conflict");
    assert_eq!(act["undoable"], true);
    let undo = format!("/acts/{}/undo", act["id"].as_str().unwrap());
    let undone = done(clerk.post(&undo, json!({"reason": "按错了按钮"})).await, 200);
    assert_eq!((&undone["kind"], &undone["undoable"]), (&json!("resume"), &json!(false)));
    refused(clerk.post(&undo, json!({"reason": "按错了按钮"})).await, 409, "conflict");
    assert_eq!(state_of(&server, "daily").await, "open");
    let acts = done(clerk.get("/acts").await, 200);
    assert_eq!(acts["items"].as_array().unwrap().len(), 2);
    let (newest, oldest) = (&acts["items"][0], &acts["items"][1]);
    assert_eq!((&newest["sentence"], &newest["reason"]), (&json!("恢复「daily」"), &json!("按错了按钮")));
    assert_eq!(oldest["undone"]["reason"], "按错了按钮");
    assert_eq!(oldest["by"], "管理员");
    let written = clerk.audit("act=season.&limit=2").await;
    assert_eq!((&written[0]["act"], &written[0]["reason"]), (&json!("season.resumed"), &json!("按错了按钮")));
    assert_eq!((&written[1]["act"], &written[1]["subject"]), (&json!("season.paused"), &json!("round:daily")));
    let some = done(clerk.get("/acts?kind=pause&undone=true&limit=1").await, 200);
    assert_eq!(some["items"].as_array().unwrap().len(), 1);
    // Kept by a restart, as everything in the ledger is.
    let before = acts["items"].clone();
    let server = server.restart(1_000).await;
    let mut clerk = clerk.of(&server);
    assert_eq!(done(clerk.get("/acts").await, 200)["items"], before);
    server.replayed().await;
}

#[tokio::test]
async fn a_round_closes_later_and_by_undoing_it_not_before_now() {
    let lines = "opens = 2026-09-01T09:00:00\ncloses = 2026-09-01T10:30:00";
    let server = Server::of(&round("daily", lines)).await;
    let mut clerk = server.first_administrator().await;
    let later = shanghai("2026-09-01T12:00:00");
    let extend = |closes: i64| json!({"closes": closes, "reason": "报名的人还很多"});
    for earlier in [shanghai("2026-09-01T10:30:00"), shanghai("2026-09-01T09:30:00")] {
        refused(clerk.post("/rounds/daily/extend", extend(earlier)).await, 400, "bad_request");
    }
    let act = done(clerk.post("/rounds/daily/extend", extend(later)).await, 200);
    assert_eq!(act["sentence"], "把「daily」的结束时间从 9月1日 10:30 延到 9月1日 12:00");
    assert_eq!(server.round("daily").await["closes"], later);
    server.advance(AN_HOUR);
    let mut phone = server.phone("韦小兰").await;
    let open = phone.start("daily").await;
    phone.finish(&open).await;
    let server = server.restart(1_000).await;
    let mut clerk = clerk.of(&server);
    let moved = later + 1_000 + DOUBT_MS;
    assert_eq!(server.round("daily").await["closes"], moved);
    let undo = format!("/acts/{}/undo", act["id"].as_str().unwrap());
    done(clerk.post(&undo, json!({"reason": "改回原来的时间"})).await, 200);
    let now = server.clock.now().0;
    assert_eq!(
        (server.round("daily").await["closes"].clone(), state_of(&server, "daily").await),
        (json!(now), json!("closed"))
    );
    refused(clerk.post("/rounds/daily/extend", extend(later + AN_HOUR)).await, 409, "conflict");
    server.replayed().await;
}

#[tokio::test]
async fn the_end_of_a_week_is_passed_by_an_extension_and_by_a_pause() {
    let window = "opens = 2026-07-20\nlast_day = 2026-09-06";
    let file = season(&round("daily", "")).replace("always_open = true", window);
    let server = crate::harness::Start::at(&file, "2026-09-06T22:00:00").start().await.unwrap();
    let mut clerk = server.first_administrator().await;
    pause(&mut clerk, None).await;
    server.advance(AN_HOUR);
    resume(&mut clerk, None).await;
    let closes = shanghai("2026-09-07T01:00:00");
    assert_eq!(server.round("daily").await["closes"], closes);
    server.advance(AN_HOUR + AN_HOUR / 2);
    let mut phone = server.phone("韦小兰").await;
    let open = phone.start("daily").await;
    phone.finish(&open).await;
    let body = json!({"closes": shanghai("2026-09-15T00:00:00"), "reason": "报名的人还很多"});
    done(clerk.post("/rounds/daily/extend", body).await, 200);
    assert_eq!(server.got("/season", None).await["closes"], shanghai("2026-09-15T00:00:00"));
    server.advance(24 * AN_HOUR);
    let mut phone = server.phone("覃小满").await;
    let open = phone.start("daily").await;
    phone.finish(&open).await;
    server.replayed().await;
}

#[tokio::test]
async fn given_time_is_had_by_who_is_playing_and_in_no_ones_score() {
    let server = Server::of(&round("daily", "question_seconds = 30\npaper_seconds = 60")).await;
    let mut clerk = server.first_administrator().await;
    let give = json!({"ms": 20_000, "reason": "网络卡了一会儿"});
    refused(clerk.post("/rounds/daily/give-time", give.clone()).await, 409, "conflict");
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    let first = phone.start("daily").await;
    server.advance(25_000);
    done(clerk.post("/rounds/daily/give-time", give).await, 200);
    let clock = phone.hear("clock").await;
    assert_eq!((&clock["paused"], &clock["remaining_ms"]), (&json!(false), &json!(25_000)));
    assert_eq!(clock["paper_remaining_ms"], 55_000);
    server.advance(20_000);
    // What was given is there after a restart.
    let server = server.restart(1_000).await;
    let (mut phone, _) = server.hello(&token).await;
    let again = phone.hear("question").await;
    assert_eq!(again["remaining_ms"], 5_000 + DOUBT_MS);
    phone.verdict(&first, &[]).await;
    let second = phone.hear("question").await;
    assert_eq!(second["remaining_ms"], 30_000, "it was for the question that was open");
    assert_eq!(second["paper_remaining_ms"], 60_000 + 20_000 - 45_000 + DOUBT_MS);
    server.advance(30_000 + 1_001);
    phone.hear("verdict").await;
    let third = phone.hear("question").await;
    assert_eq!(third["paper_remaining_ms"], 5_000 + DOUBT_MS);
    server.advance(5_000 + DOUBT_MS + 1_001);
    assert_eq!(phone.hear("verdict").await["last"], true);
    // Thirty seconds at most of each question count, and sixty of the paper.
    assert_eq!(phone.hear("result").await["elapsed_ms"], 60_000);
    server.replayed().await;
}

#[tokio::test]
async fn everyone_hears_a_notice_and_nobody_who_asks_after_it_was_taken_back() {
    let server = Server::of(&round("daily", "")).await;
    let mut clerk = server.first_administrator().await;
    let mut phones = vec![server.phone("韦小兰").await, server.phone("覃小满").await];
    let mut screen = Phone::connect(server.address).await;
    screen.say(json!({"type": "hello"})).await;
    screen.hear("welcome").await;
    phones.push(screen);
    refused(clerk.post("/notices", json!({"level": "info", "text": " "})).await, 400, "bad_request");
    let text = "今晚 23:00—23:10 维护，期间的答题时间会补给大家。";
    let told = done(clerk.post("/notices", json!({"level": "warning", "text": text})).await, 201);
    for phone in &mut phones {
        let notice = phone.hear("notice").await;
        like(&notice, &["server-notice"]);
        assert_eq!((&notice["level"], &notice["text"]), (&json!("warning"), &json!(text)));
    }
    server.advance(1_000);
    done(clerk.post("/notices", json!({"level": "info", "text": "维护已经结束"})).await, 201);
    let notices = server.got("/notices", None).await;
    like(&notices, &["http-notices"]);
    assert_eq!(notices["notices"][0]["text"], "维护已经结束");
    assert_eq!(notices["notices"][1]["id"], told["id"]);
    let path = format!("/notices/{}?reason=", told["id"].as_str().unwrap());
    refused(clerk.delete(&path).await, 400, "bad_request");
    let taken = done(clerk.delete(&format!("{path}写错了时间")).await, 200);
    assert_eq!(taken["taken_back"]["reason"], "写错了时间");
    refused(clerk.delete(&format!("{path}写错了时间")).await, 409, "conflict");
    let server = server.restart(1_000).await;
    let left = server.got("/notices", None).await;
    assert_eq!(left["notices"].as_array().unwrap().len(), 1);
    let all = done(clerk.of(&server).get("/notices").await, 200);
    assert_eq!(all["items"][1]["taken_back"]["by"], "管理员", "the desk keeps it");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn the_dashboard_tells_how_the_season_goes() {
    let server = Server::of(&round("daily", "question_seconds = 30")).await;
    let mut clerk = server.first_administrator().await;
    let key = Key::of_the_shipped_bank();
    let mut phone = server.phone("韦小兰").await;
    phone.play(&server, &key, "daily", 5, 1_000).await;
    phone.start("daily").await;
    server.advance(1_000);
    phone.start_refused("daily", "attempt_in_progress").await;
    pause(&mut clerk, None).await;
    let told = done(clerk.get("/running").await, 200);
    assert_eq!((&told["sockets"], &told["live_attempts"], &told["participants"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!((&told["starts_today"], &told["season"]["state"]), (&json!(2), &json!("paused")));
    assert_eq!(told["refused"], json!({"attempt_in_progress": 1}));
    assert_eq!(told["queue"]["of"], 32_768);
    let daily = &told["rounds"][0];
    assert_eq!((&daily["state"], &daily["open_attempts"]), (&json!("paused"), &json!(1)));
    assert_eq!((&daily["starts_today"], &daily["always_open"]), (&json!(2), &json!(true)));
    assert_eq!(told["todo"][0]["count"], 1);
    let server = server.restart(1_000).await;
    let told = done(clerk.of(&server).get("/running").await, 200);
    assert_eq!(told["starts_today"], 2, "counted anew by a start");
    server.stop().await.unwrap();
}
