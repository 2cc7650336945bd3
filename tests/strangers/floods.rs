//! Floods, guesses, other people's messages and bombs: each costs whoever sends it, and nobody else.

use super::ROUNDS;
use super::raw::CLOSE;
use super::raw::CONTINUATION;
use super::raw::FIN;
use super::raw::PING;
use super::raw::Raw;
use super::raw::TEXT;
use crate::harness::Ended;
use crate::harness::Phone;
use crate::harness::Server;
use serde_json::Value;
use serde_json::json;

#[tokio::test]
async fn a_flood_of_control_frames_ends_the_socket_and_nobody_elses() {
    let server = Server::of(ROUNDS).await;
    let token = server.join("韦小兰").await;
    let mut other = server.phone("覃小满").await;
    let mut raw = Raw::connect(server.address).await;
    raw.send(FIN | TEXT, json!({"type": "hello", "token": token}).to_string().as_bytes()).await;
    assert!(raw.text().await.contains("\"welcome\""));
    let (mut sent, mut closed) = (0, false);
    while !closed {
        assert!(sent < 20_000, "so many pings were taken");
        for _ in 0..100 {
            raw.send(FIN | PING, b"x").await;
        }
        sent += 100;
        for _ in 0..100 {
            let (first, payload) = raw.any().await;
            if first == FIN | CLOSE {
                assert_eq!(payload[..2], 1008_u16.to_be_bytes());
                closed = true;
                break;
            }
        }
    }
    other.hears_nothing().await;
    let (_phone, welcome) = server.hello(&token).await;
    assert!(welcome["participant"].is_object(), "who was sent away may come back");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_message_in_very_many_pieces_is_one_message_and_takes_no_more_room() {
    let server = Server::of(ROUNDS).await;
    let mut raw = Raw::welcomed(server.address).await;
    let message = br#"{"type":"ping","n":7}"#;
    raw.send(TEXT, &[]).await;
    for byte in message {
        raw.send(CONTINUATION, &[]).await;
        raw.send(CONTINUATION, &[*byte]).await;
    }
    for _ in 0..2_000 {
        raw.send(CONTINUATION, &[]).await;
    }
    raw.send(FIN | CONTINUATION, &[]).await;
    assert!(raw.text().await.contains("\"pong\""));
    // However small the pieces, together they may not be more than a message may.
    raw.send(TEXT, b"\"").await;
    for _ in 0..64 {
        raw.send(CONTINUATION, &[b' '; 64]).await;
    }
    assert_eq!(raw.close_code().await, 1009);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn who_guesses_tokens_is_slowed_down_and_who_has_one_is_not() {
    let server = Server::of(ROUNDS).await;
    let token = server.join("韦小兰").await;
    let mut guesser = Phone::connect(server.address).await;
    let mut codes = Vec::new();
    for guess in 0..100 {
        guesser.say(json!({"type": "hello", "token": format!("kt_{guess:032}")})).await;
        let error = guesser.hear("error").await;
        codes.push(error["code"].as_str().unwrap().to_owned());
        if error["code"] == "rate_limited" {
            assert!(error["retry_after_ms"].as_u64().unwrap() > 0, "{error}");
        }
    }
    assert!(codes[..60].iter().all(|code| code == "unknown_token"), "{codes:?}");
    assert!(codes[60..].iter().filter(|code| *code == "rate_limited").count() > 10, "{codes:?}");
    // Of the same school.
    server.hello(&token).await;
    server.got("/me", Some(&token)).await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn who_guesses_codes_does_not_get_through_with_the_right_one_either() {
    let server = Server::of(ROUNDS).await;
    let joined = server
        .post(
            "/participants",
            None,
            json!({"request": "6f2b1d3e-0f3c-4c1b-9d57-0f6f6a1f2b3c", "name": "韦小兰", "city": "450200"}),
        )
        .await
        .1;
    let recovery = json!({"recovery": joined["recovery"]});
    assert_eq!(server.post("/sessions", None, recovery.clone()).await.0, 201);
    let mut limited = false;
    for guess in 0..500 {
        let (status, body) = server.post("/sessions", None, json!({"code": format!("AAAA{guess:04}")})).await;
        if status == 429 {
            assert!(body["retry_after_ms"].as_u64().unwrap() > 0, "{body}");
            limited = true;
            break;
        }
        assert_eq!((status, &body["code"]), (401, &json!("unauthorised")), "{body}");
    }
    assert!(limited, "five hundred codes could be tried");
    let mut refused = 0;
    for _ in 0..5 {
        refused += usize::from(server.post("/sessions", None, recovery.clone()).await.0 == 429);
    }
    assert!(refused > 0, "the right one was let through while guessing was being slowed down");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn what_one_participant_said_does_nothing_for_another() {
    let server = Server::of(ROUNDS).await;
    let mut hers = server.phone("韦小兰").await;
    let mut his = server.phone("覃小满").await;
    let question = hers.start("daily").await;
    let own = his.start("daily").await;
    for stolen in [
        json!({"type": "answer", "attempt": question["attempt"], "seq": 1, "choices": [0]}),
        json!({"type": "answer", "attempt": question["attempt"], "seq": 1, "choices": []}),
        json!({"type": "next", "attempt": question["attempt"]}),
        json!({"type": "finish", "attempt": question["attempt"]}),
    ] {
        his.say(stolen).await;
        his.refused("unknown_attempt").await;
    }
    hers.hears_nothing().await;
    hers.answer(&question, &[0]).await;
    assert_eq!(hers.hear("verdict").await["seq"], 1);
    assert_eq!(hers.hear("question").await["seq"], 2);
    // And once it is settled, what was told of it is told to her alone.
    his.say(json!({"type": "answer", "attempt": question["attempt"], "seq": 1, "choices": [0]})).await;
    his.refused("unknown_attempt").await;
    his.answer(&own, &[0]).await;
    assert_eq!(his.hear("verdict").await["attempt"], own["attempt"]);
    server.stop().await.unwrap();
}

/// Ten thousand in all: two hundred on each of fifty sockets, of which the last one stays.
#[tokio::test]
async fn ten_thousand_hellos_with_one_token_are_one_seat_and_the_newest_wins() {
    let server = Server::of(ROUNDS).await;
    let token = server.join("韦小兰").await;
    let (mut first, _) = server.hello(&token).await;
    let question = first.start("daily").await;
    let hello = json!({"type": "hello", "token": token}).to_string();
    let mut older: Vec<Raw> = Vec::new();
    for _ in 0..50 {
        let mut raw = Raw::connect(server.address).await;
        for _ in 0..200 {
            raw.send(FIN | TEXT, hello.as_bytes()).await;
        }
        // Heard to the end before the next one comes.
        raw.send(FIN | TEXT, br#"{"type":"ping","n":1}"#).await;
        raw.until(|text| text.contains("\"pong\"") || text.contains("\"ping\"")).await;
        older.push(raw);
    }
    assert_eq!(server.figure("kejing_seats").await, 1);
    assert_eq!(first.ended().await, Ended::Code(4001));
    // What is asked too often is refused for as long as a second, and then the newest has the seat.
    let mut newest = loop {
        let mut phone = Phone::connect(server.address).await;
        phone.say(json!({"type": "hello", "token": token})).await;
        let answer = phone.hear_any().await;
        if answer["type"] == "welcome" {
            assert_eq!(answer["attempt"], question["attempt"]);
            break phone;
        }
        assert_eq!(answer["code"], "rate_limited", "{answer}");
    };
    for raw in &mut older {
        raw.ends().await;
    }
    assert_eq!(newest.hear("question").await["stem"], question["stem"]);
    // Likewise its first answer.
    let verdict = loop {
        newest.answer(&question, &[0]).await;
        let told = newest.hear_any().await;
        if told["code"] != "rate_limited" {
            break told;
        }
    };
    assert_eq!(verdict["type"], "verdict", "{verdict}");
    assert_eq!((server.figure("kejing_seats").await, server.figure("kejing_live_attempts").await), (1, 1));
    server.stop().await.unwrap();
}

/// Objects that are small and hard to read.
fn bombs() -> Vec<(&'static str, String)> {
    let digits = "9".repeat(3_000);
    vec![
        ("an open end", "[".repeat(4_000)),
        ("a huge number", format!(r#"{{"type":"ping","n":{digits}}}"#)),
        ("a huge exponent", r#"{"type":"ping","n":1e999999999}"#.to_owned()),
        ("a number that is none", r#"{"type":"ping","n":NaN}"#.to_owned()),
        ("a negative question", r#"{"type":"answer","attempt":"A","seq":-1,"choices":[0]}"#.to_owned()),
        ("the same key twice", r#"{"type":"ping","n":1,"n":2}"#.to_owned()),
        ("two kinds at once", r#"{"type":"ping","type":"start","n":1,"round":"daily"}"#.to_owned()),
        ("half a surrogate", r#"{"type":"start","round":"\ud800"}"#.to_owned()),
        ("something after it", r#"{"type":"ping","n":1}{"type":"ping","n":2}"#.to_owned()),
    ]
}

#[tokio::test]
async fn bombs_in_json_are_bad_messages() {
    let server = Server::of(ROUNDS).await;
    for (what, bomb) in bombs() {
        assert!(bomb.len() <= 4096, "{what}");
        let mut phone = server.phone("韦小兰").await;
        phone.socket_says(&bomb).await;
        assert_eq!(phone.hear("error").await["code"], "bad_message", "{what}");
        phone.hears_nothing().await;
    }
    // What is merely much or deep is read, and what no field asks for is passed over.
    let mut phone = server.phone("韦小兰").await;
    for (open, close, depth) in [("[", "]", 1_900), (r#"{"a":"#, "}", 600)] {
        let deep = format!("{}1{}", open.repeat(depth), close.repeat(depth));
        phone.socket_says(&format!(r#"{{"type":"ping","n":5,"more":{deep}}}"#)).await;
        assert_eq!(phone.hear("pong").await["n"], 5);
        phone.socket_says(&format!(r#"{{"type":"answer","attempt":"A","seq":1,"choices":{deep}}}"#)).await;
        phone.refused("bad_message").await;
    }
    let keys: String = (0..300).map(|i| format!(r#""k{i}":{i},"#)).collect();
    let mut phone = server.phone("韦小兰").await;
    phone.socket_says(&format!(r#"{{{keys}"type":"ping","n":5}}"#)).await;
    assert_eq!(phone.hear("pong").await["n"], 5);
    let many = (0..1_500).map(|_| "0").collect::<Vec<_>>().join(",");
    phone.socket_says(&format!(r#"{{"type":"answer","attempt":"A","seq":1,"choices":[{many}]}}"#)).await;
    phone.refused("unknown_attempt").await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn bombs_in_a_body_are_bad_requests() {
    let server = Server::of(ROUNDS).await;
    let mut bodies = bombs();
    bodies.push(("deep consent", format!(r#"{{"consent":{}1{}}}"#, "[".repeat(7_000), "]".repeat(7_000))));
    bodies.push((
        "a long name",
        json!({"request": "6f2b1d3e-0f3c-4c1b-9d57-0f6f6a1f2b3c", "name": "韦".repeat(4_000), "city": "450200"})
            .to_string(),
    ));
    for (what, body) in bodies {
        let request = server.http.post(server.url("/api/v1/participants")).header("content-type", "application/json");
        let answer = request.body(body).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{what}");
        assert_eq!(answer.json::<Value>().await.unwrap()["code"], "bad_request", "{what}");
    }
    server.stop().await.unwrap();
}
