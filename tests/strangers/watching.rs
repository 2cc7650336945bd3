//! Watching boards: each at once, then when it changes; 20 entries, never `me`; at most 8 a socket.

use super::ROUNDS;
use crate::harness::Key;
use crate::harness::Phone;
use crate::harness::Server;
use serde_json::Value;
use serde_json::json;

async fn screen(server: &Server) -> Phone {
    let mut screen = Phone::connect(server.address).await;
    screen.say(json!({"type": "hello"})).await;
    screen.hear("welcome").await;
    screen
}

async fn watch(phone: &mut Phone, board: &str) -> Value {
    phone.say(json!({"type": "watch", "board": board})).await;
    phone.hear("board").await
}

/// Somebody of this city plays the short round.
async fn play(server: &Server, city: &str) -> (Phone, Value) {
    let token = server.join_as(json!({"name": "韦小兰", "city": city})).await;
    let (mut phone, _) = server.hello(&token).await;
    let first = phone.start("weekly").await;
    let key = Key::of_the_shipped_bank();
    let result = phone.play_on(first, |question| key.right(question)).await;
    server.advance(1_000);
    (phone, result)
}

/// What the next board of cities says.
async fn attempts_in_liuzhou(screen: &mut Phone) -> i64 {
    let board = screen.hear("board").await;
    let city = board["entries"].as_array().unwrap().iter().find(|entry| entry["code"] == "450200");
    city.unwrap()["attempts"].as_i64().unwrap()
}

#[tokio::test]
async fn a_watched_board_comes_at_once_and_again_when_it_changes() {
    let server = Server::of(ROUNDS).await;
    let mut screen = screen(&server).await;
    let board = watch(&mut screen, "region").await;
    assert_eq!((&board["scope"], &board["total"], &board["entries"]), (&json!("region"), &json!(0), &json!([])));
    play(&server, "450200").await;
    let changed = screen.hear("board").await;
    assert_eq!((&changed["total"], &changed["entries"][0]["name"]), (&json!(1), &json!("韦*兰")));
    assert!(changed["revision"].as_u64() > board["revision"].as_u64());
    screen.hears_nothing().await;
    screen.say(json!({"type": "unwatch", "board": "region"})).await;
    assert_eq!(watch(&mut screen, "city:450200").await["total"], 1);
    play(&server, "450200").await;
    let next = screen.hear("board").await;
    assert_eq!((&next["scope"], &next["total"]), (&json!("city:450200"), &json!(2)), "the other is watched no more");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_board_that_has_not_changed_is_not_told_again() {
    let server = Server::of(ROUNDS).await;
    let mut screen = screen(&server).await;
    watch(&mut screen, "city:450300").await;
    watch(&mut screen, "region").await;
    play(&server, "450200").await;
    let told = screen.hear("board").await;
    assert_eq!(told["scope"], "region", "in the other city nothing has happened");
    screen.hears_nothing().await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn cities_are_told_of_every_attempt_that_counts() {
    let server = Server::of(ROUNDS).await;
    let mut screen = screen(&server).await;
    screen.say(json!({"type": "watch", "board": "cities", "by": "attempts"})).await;
    screen.hear("board").await;
    let (mut phone, _) = play(&server, "450200").await;
    assert_eq!(attempts_in_liuzhou(&mut screen).await, 1);
    // Nothing is bettered by a paper that is handed in empty, and yet it is one more.
    let question = phone.start("weekly").await;
    phone.say(json!({"type": "finish", "attempt": question["attempt"]})).await;
    phone.hear("result").await;
    server.advance(1_000);
    assert_eq!(attempts_in_liuzhou(&mut screen).await, 2);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn whoever_watches_is_not_pointed_out_and_hears_of_twenty() {
    let server = Server::of(ROUNDS).await;
    let (mut phone, _) = play(&server, "450200").await;
    for _ in 0..21 {
        play(&server, "450200").await;
    }
    let board = watch(&mut phone, "region").await;
    assert_eq!((board["entries"].as_array().unwrap().len(), &board["total"]), (20, &json!(22)));
    assert_eq!((board.get("me"), board.get("neighbours")), (None, None));
    assert!(board["entries"].as_array().unwrap().iter().all(|entry| entry.get("me").is_none()));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_socket_watches_eight_boards_and_no_more() {
    let server = Server::of(ROUNDS).await;
    let mut screen = screen(&server).await;
    let boards = [
        "region",
        "cities",
        "city:450100",
        "city:450200",
        "city:450300",
        "county:450204",
        "group:youth",
        "city:450200/group:youth",
    ];
    for board in boards {
        watch(&mut screen, board).await;
    }
    watch(&mut screen, "region").await; // is one of them already
    screen.say(json!({"type": "watch", "board": "city:450400"})).await;
    assert_eq!(screen.refused("bad_message").await["re"], json!({"type": "watch"}));
    screen.say(json!({"type": "unwatch", "board": "group:youth"})).await;
    watch(&mut screen, "city:450400").await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_board_that_is_not_there_cannot_be_watched_and_costs_nothing() {
    let server = Server::of(ROUNDS).await;
    let mut screen = screen(&server).await;
    for board in ["moon", "city:1", "county:", "organisation:none", "group:none", "city:450200/group:none", ""] {
        screen.say(json!({"type": "watch", "board": board})).await;
        assert_eq!(screen.refused("bad_message").await["re"], json!({"type": "watch"}), "{board}");
    }
    screen.say(json!({"type": "watch", "board": "region", "round": "nightly"})).await;
    screen.refused("unknown_round").await;
    screen.say(json!({"type": "watch", "board": "cities", "by": "luck"})).await;
    screen.refused("bad_message").await;
    screen.say(json!({"type": "unwatch", "board": "region"})).await;
    screen.hears_nothing().await;
    watch(&mut screen, "region").await;
    server.stop().await.unwrap();
}
