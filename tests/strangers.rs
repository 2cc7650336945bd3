//! Whoever comes to `/ws`: who is let in, what ends a socket and with which code, and who wins where two come.

use crate::harness::Ended;
use crate::harness::Key;
use crate::harness::Phone;
use crate::harness::Server;
use crate::harness::Start;
use crate::harness::season;
use futures_util::SinkExt;
use raw::Raw;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

mod floods;
mod frames;
mod hasty;
mod raw;
mod requests;
mod watching;

const ROUNDS: &str = r#"
[[round]]
id = "daily"
name = "每日竞赛"
bank = "kexue"
question_seconds = 30
feedback = "after_paper"

[[round.section]]
kind = "single"
count = 2
points = 10

[[round]]
id = "weekly"
name = "每周竞赛"
bank = "kexue"
feedback = "after_paper"

[[round.section]]
kind = "single"
count = 1
points = 10
"#;

#[tokio::test]
async fn who_asks_for_another_subprotocol_or_none_is_not_let_in() {
    let server = Server::of(ROUNDS).await;
    for asked in ["", "Sec-WebSocket-Protocol: kejing.v2\r\n", "Sec-WebSocket-Protocol: chat, xkejing.v1\r\n"] {
        let (status, head) = Raw::knock(server.address, asked).await;
        assert_eq!(status, 400, "{asked}: {head}");
        assert!(head.contains("application/problem+json"), "{head}");
    }
    for asked in ["Sec-WebSocket-Protocol: kejing.v1\r\n", "Sec-WebSocket-Protocol: kejing.v2, kejing.v1\r\n"] {
        let (status, head) = Raw::knock(server.address, asked).await;
        assert_eq!(status, 101, "{asked}: {head}");
        assert!(head.to_lowercase().contains("sec-websocket-protocol: kejing.v1\r\n"), "it is echoed: {head}");
    }
    let plain = server.http.get(server.url("/ws")).send().await.unwrap();
    assert_eq!(plain.status(), 400, "no WebSocket was asked for");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_page_of_another_site_is_not_let_in() {
    let mut start = Start::of(&season(ROUNDS));
    start.settings.allowed_origins = vec!["https://kp.example.org".to_owned()];
    let server = start.start().await.unwrap();
    let own = server.address.to_string();
    let other_port = format!("http://{}:1", server.address.ip());
    let check = async |origin: &str, expected: u16| {
        let asked = format!("Sec-WebSocket-Protocol: kejing.v1\r\nOrigin: {origin}\r\n");
        assert_eq!(Raw::knock(server.address, &asked).await.0, expected, "{origin}");
    };
    check(&format!("http://{own}"), 101).await;
    check(&format!("https://{own}"), 101).await; // behind a proxy that ends TLS
    check("https://kp.example.org", 101).await;
    check("https://evil.example.org", 403).await;
    check("http://kp.example.org", 403).await;
    check("https://kp.example.org.evil.org", 403).await;
    check(&format!("http://{own}.evil.org"), 403).await;
    check(&other_port, 403).await;
    check("null", 403).await;
    check("", 403).await;
    let (status, _) = Raw::knock(server.address, "Sec-WebSocket-Protocol: kejing.v1\r\n").await;
    assert_eq!(status, 101, "a client without an origin is no browser's");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn who_does_not_say_hello_within_ten_seconds_is_sent_away() {
    let server = Server::of(ROUNDS).await;
    let mut phone = Phone::connect(server.address).await;
    phone.say(json!({"type": "ping", "n": 1})).await;
    phone.refused("hello_first").await;
    server.advance(9_999);
    phone.say(json!({"type": "ping", "n": 1})).await;
    phone.refused("hello_first").await;
    server.advance(1);
    assert_eq!(phone.ended().await, Ended::Code(1008));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn sixty_seconds_of_silence_end_a_socket() {
    let server = Server::of(ROUNDS).await;
    let mut phone = server.phone("韦小兰").await;
    for _ in 0..3 {
        server.advance(59_999);
        phone.hears_nothing().await;
    }
    server.advance(60_000);
    assert_eq!(phone.ended().await, Ended::Code(4008));
    let mut screen = Phone::connect(server.address).await;
    screen.say(json!({"type": "hello"})).await;
    screen.hear("welcome").await;
    server.advance(60_000);
    assert_eq!(screen.ended().await, Ended::Code(4008));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn the_third_bad_message_ends_the_socket() {
    let server = Server::of(ROUNDS).await;
    let bad = [
        Message::binary(b"{\"type\":\"ping\",\"n\":1}".to_vec()),
        Message::text("{\"type\":"),
        Message::text("[]"),
        Message::text(""),
        Message::text("{\"type\":\"fly\"}"),
        Message::text("{\"type\":\"answer\"}"),
        Message::text("{\"n\":1}"),
    ];
    for three in bad.windows(3) {
        let mut phone = server.phone("韦小兰").await;
        for message in &three[..2] {
            phone.socket.send(message.clone()).await.unwrap();
            phone.refused("bad_message").await;
        }
        phone.hears_nothing().await;
        phone.socket.send(three[2].clone()).await.unwrap();
        phone.refused("bad_message").await;
        assert_eq!(phone.ended().await, Ended::Code(1008), "{three:?}");
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn hello_may_be_said_again_and_resumes_again() {
    let server = Server::of(ROUNDS).await;
    let (his, hers) = (server.join("覃小满").await, server.join("韦小兰").await);
    let (mut phone, welcome) = server.hello(&hers).await;
    let question = phone.start("daily").await;
    server.advance(1_000);
    phone.say(json!({"type": "hello", "token": hers})).await;
    let again = phone.hear("welcome").await;
    assert_eq!((&again["participant"], &again["attempt"]), (&welcome["participant"], &question["attempt"]));
    assert_eq!(phone.hear("question").await["remaining_ms"], 29_000);
    phone.hears_nothing().await;
    // Somebody else, at the same phone.
    phone.say(json!({"type": "hello", "token": his})).await;
    assert_eq!(phone.hear("welcome").await["attempt"], json!(null));
    phone.answer(&question, &[0]).await;
    phone.refused("unknown_attempt").await;
    phone.say(json!({"type": "hello"})).await;
    assert_eq!(phone.hear("welcome").await["participant"], json!(null));
    phone.say(json!({"type": "start", "round": "daily"})).await;
    phone.refused("participants_only").await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn the_newest_hello_wins_and_the_older_socket_is_told() {
    let server = Server::of(ROUNDS).await;
    let token = server.join("韦小兰").await;
    let (mut first, _) = server.hello(&token).await;
    let question = first.start("daily").await;
    let (mut second, welcome) = server.hello(&token).await;
    assert_eq!(welcome["attempt"], question["attempt"]);
    let resumed = second.hear("question").await;
    assert_eq!(first.hear("superseded").await, json!({"type": "superseded"}));
    assert_eq!(first.ended().await, Ended::Code(4001));
    let (mut third, _) = server.hello(&token).await;
    second.hear("superseded").await;
    assert_eq!(second.ended().await, Ended::Code(4001));
    third.hear("question").await;
    third.answer(&resumed, &[0]).await;
    assert_eq!(third.hear("verdict").await["seq"], 1);
    assert_eq!(third.hear("question").await["seq"], 2);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn spectators_do_not_take_each_others_place() {
    let server = Server::of(ROUNDS).await;
    let mut screens = Vec::new();
    for _ in 0..3 {
        let mut screen = Phone::connect(server.address).await;
        screen.say(json!({"type": "hello"})).await;
        screen.hear("welcome").await;
        screens.push(screen);
    }
    for screen in &mut screens {
        screen.hears_nothing().await;
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn when_the_server_drains_everyone_is_told_to_come_back_and_finds_the_paper_as_it_was() {
    let server = Server::of(ROUNDS).await;
    let key = Key::of_the_shipped_bank();
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    let question = phone.start("daily").await;
    let mut screen = Phone::connect(server.address).await;
    screen.say(json!({"type": "hello"})).await;
    screen.hear("welcome").await;
    let mut stranger = Phone::connect(server.address).await;
    stranger.say(json!({"type": "ping", "n": 1})).await;
    stranger.refused("hello_first").await;
    server.advance(4_000);
    let told = async {
        for socket in [&mut phone, &mut screen, &mut stranger] {
            let told = socket.hear("reconnect").await;
            assert!((1..60_000).contains(&told["after_ms"].as_i64().unwrap()), "{told}");
            assert_eq!(socket.ended().await, Ended::Code(1012));
        }
    };
    let (server, ()) = tokio::join!(server.restart(60_000), told);
    let (mut phone, _) = server.hello(&token).await;
    let resumed = phone.hear("question").await;
    assert_eq!(resumed["options"], question["options"]);
    let remaining = resumed["remaining_ms"].as_i64().unwrap();
    assert!((26_000..=26_100).contains(&remaining), "a minute's absence of the server costs nobody time: {remaining}");
    let result = phone.play_on(resumed, |question| key.right(question)).await;
    assert_eq!(result["score"], 20);
    server.stop().await.unwrap();
}
