//! Every code of protocol.md that this version has, provoked once over the socket, with what it answers.

use super::ROUNDS;
use super::like;
use crate::harness::Key;
use crate::harness::Phone;
use crate::harness::Server;
use crate::harness::Start;
use crate::harness::season;
use futures_util::SinkExt;
use serde_json::Value;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

/// An error has a sentence in Chinese for the person, and says what it answers.
fn answers(error: &Value, re: Value) {
    like(error, &["server-error", "server-error-rate_limited"]);
    assert_eq!(error["re"], re, "{error}");
    let message = error["message"].as_str().unwrap();
    assert!(message.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{message}");
}

async fn start_is_refused(phone: &mut Phone, round: &str, code: &str) -> Value {
    phone.say(json!({"type": "start", "round": round})).await;
    let error = phone.refused(code).await;
    answers(&error, json!({"type": "start"}));
    error
}

#[tokio::test]
async fn who_has_not_said_hello_is_told_to() {
    let server = Server::of(ROUNDS).await;
    let mut phone = Phone::connect(server.address).await;
    for kind in ["start", "answer", "next", "finish", "watch", "unwatch", "ping"] {
        phone.say(json!({"type": kind, "round": "daily", "attempt": "A", "seq": 1, "choices": [], "board": "region", "n": 1})).await;
        let re = if kind == "answer" { json!({"type": kind, "seq": 1}) } else { json!({"type": kind}) };
        answers(&phone.refused("hello_first").await, re);
    }
    phone.say(json!({"type": "hello", "token": "kt_nobody"})).await;
    answers(&phone.refused("unknown_token").await, json!({"type": "hello"}));
    let token = server.join("韦小兰").await;
    phone.say(json!({"type": "hello", "token": token})).await;
    phone.hear("welcome").await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_no_message_is_answered_with_bad_message_and_no_re() {
    let server = Server::of(ROUNDS).await;
    let mut phone = server.phone("韦小兰").await;
    phone.say(json!({"type": "fly"})).await;
    let error = phone.refused("bad_message").await;
    assert_eq!(error.get("re"), None);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_round_that_is_not_there_or_was_used_up_cannot_be_started() {
    let server = Server::of(ROUNDS).await;
    let mut phone = server.phone("韦小兰").await;
    start_is_refused(&mut phone, "nightly", "unknown_round").await;
    let question = phone.start("challenge").await;
    start_is_refused(&mut phone, "daily", "attempt_in_progress").await;
    phone.say(json!({"type": "finish", "attempt": question["attempt"]})).await;
    phone.hear("result").await;
    start_is_refused(&mut phone, "challenge", "attempts_exhausted").await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_season_and_a_round_are_not_open_before_their_time_nor_after_it() {
    let (opens, day) = ("always_open = true", 86_400_000);
    let start = Start::of(&season(ROUNDS).replace(opens, "opens = 2026-09-02\nlast_day = 2026-09-03"));
    let server = start.start().await.unwrap();
    let mut phone = server.phone("韦小兰").await;
    let error = start_is_refused(&mut phone, "daily", "season_not_open").await;
    assert!(error["message"].as_str().unwrap().contains("9月2日"), "{error}");
    server.advance(3 * day);
    let mut phone = server.phone("韦小兰").await;
    start_is_refused(&mut phone, "daily", "season_not_open").await;
    server.stop().await.unwrap();

    let windows = ROUNDS.replace("id = \"practice\"", "id = \"practice\"\nopens = 2026-09-02");
    let windows = windows.replace("id = \"challenge\"", "id = \"challenge\"\ncloses = 2026-09-01T09:00:00");
    let server = Server::of(&windows).await;
    let mut phone = server.phone("韦小兰").await;
    start_is_refused(&mut phone, "practice", "round_not_open").await;
    start_is_refused(&mut phone, "challenge", "round_not_open").await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn other_groups_and_who_has_not_warmed_up_are_not_eligible() {
    let rounds = ROUNDS.replace("id = \"challenge\"", "id = \"challenge\"\ngroups = [\"youth\"]");
    let rounds = rounds + "[round.gate]\nround = \"practice\"\nright = 2\n";
    let server = Server::of(&rounds).await;
    let mut phone = server.phone("韦小兰").await;
    let error = start_is_refused(&mut phone, "challenge", "not_eligible").await;
    assert!(error["message"].as_str().unwrap().contains("青少年"), "{error}");
    let token = server.join_as(json!({"name": "覃小满", "city": "450200", "group": "youth"})).await;
    let (mut phone, _) = server.hello(&token).await;
    let error = start_is_refused(&mut phone, "challenge", "not_eligible").await;
    assert!(error["message"].as_str().unwrap().contains("学习练习"), "{error}");
    let key = Key::of_the_shipped_bank();
    let mut question = phone.start("practice").await;
    phone.answer(&question, &key.right(&question)).await;
    phone.hear("verdict").await;
    phone.say(json!({"type": "next", "attempt": question["attempt"]})).await;
    question = phone.hear("question").await;
    phone.answer(&question, &key.right(&question)).await;
    phone.hear("verdict").await;
    phone.hear("result").await;
    phone.start("challenge").await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn an_answer_is_refused_by_what_is_wrong_with_it() {
    let server = Server::of(ROUNDS).await;
    let key = Key::of_the_shipped_bank();
    let mut phone = server.phone("韦小兰").await;
    let first = phone.start("daily").await;
    let attempt = &first["attempt"];
    let answer =
        |seq: u32, choices: Value| json!({"type": "answer", "attempt": attempt, "seq": seq, "choices": choices});
    for choices in [json!([2]), json!([0, 1]), json!([-1]), json!([0, 0]), json!([99])] {
        phone.say(answer(1, choices)).await;
        answers(&phone.refused("bad_choices").await, json!({"type": "answer", "seq": 1}));
    }
    for seq in [2, 0, 4, 1000] {
        phone.say(answer(seq, json!([0]))).await;
        answers(&phone.refused("wrong_seq").await, json!({"type": "answer", "seq": seq}));
    }
    phone.answer(&first, &key.right(&first)).await;
    phone.hear("verdict").await;
    let second = phone.hear("question").await;
    phone.answer(&first, &key.wrong(&first)).await;
    answers(&phone.refused("already_answered").await, json!({"type": "answer", "seq": 1}));
    server.advance(31_001);
    phone.hear("verdict").await;
    phone.hear("question").await;
    phone.answer(&second, &key.right(&second)).await;
    answers(&phone.refused("too_late").await, json!({"type": "answer", "seq": 2}));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn an_attempt_that_is_not_mine_is_unknown() {
    let server = Server::of(ROUNDS).await;
    let mut hers = server.phone("韦小兰").await;
    let question = hers.start("daily").await;
    let mut his = server.phone("覃小满").await;
    his.start("daily").await;
    for attempt in [question["attempt"].clone(), json!("nothing"), json!("")] {
        his.say(json!({"type": "answer", "attempt": attempt, "seq": 1, "choices": [0]})).await;
        answers(&his.refused("unknown_attempt").await, json!({"type": "answer", "seq": 1}));
        for kind in ["next", "finish"] {
            his.say(json!({"type": kind, "attempt": attempt})).await;
            answers(&his.refused("unknown_attempt").await, json!({"type": kind}));
        }
    }
    hers.answer(&question, &[0]).await;
    assert_eq!(hers.hear("verdict").await["received"], true, "hers was not touched");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn spectators_may_only_watch_and_ping() {
    let server = Server::of(ROUNDS).await;
    let mut screen = Phone::connect(server.address).await;
    screen.say(json!({"type": "hello"})).await;
    screen.hear("welcome").await;
    for kind in ["start", "answer", "next", "finish"] {
        screen.say(json!({"type": kind, "round": "daily", "attempt": "A", "seq": 1, "choices": []})).await;
        let re = if kind == "answer" { json!({"type": kind, "seq": 1}) } else { json!({"type": kind}) };
        answers(&screen.refused("participants_only").await, re);
    }
    screen.say(json!({"type": "watch", "board": "region"})).await;
    screen.hear("board").await;
    screen.say(json!({"type": "ping", "n": 1})).await;
    screen.hear("pong").await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn who_sends_more_than_a_hand_could_is_told_when_to_try_again() {
    let server = Server::of(ROUNDS).await;
    let mut phone = server.phone("韦小兰").await;
    // Said all at once, since how fast a slow machine answers is nobody's promise.
    let start = Message::text(json!({"type": "start", "round": "nightly"}).to_string());
    for _ in 0..1_000 {
        phone.socket.feed(start.clone()).await.unwrap();
    }
    phone.socket.flush().await.unwrap();
    let refused = loop {
        let error = phone.hear("error").await;
        if error["code"] == "rate_limited" {
            break error;
        }
    };
    like(&refused, &["server-error-rate_limited"]);
    answers(&refused, json!({"type": "start"}));
    assert!(refused["retry_after_ms"].as_u64().unwrap() > 0);
    server.stop().await.unwrap();
}
