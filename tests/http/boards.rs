//! Boards: every scope, masked names, so many entries as were asked for, my own place, the cities an hour ago.

use super::play;
use super::refused;
use super::server;
use super::somebody;
use crate::harness::Key;
use crate::harness::Server;
use serde_json::Value;
use serde_json::json;

/// `count` people of a city, each with one paper: the first right, the others wrong, each a second slower than the one before.
async fn crowd(server: &Server, count: usize, city: &str, more: Value) -> Vec<String> {
    let key = Key::of_the_shipped_bank();
    let mut tokens = Vec::new();
    for place in 0..count {
        let token = somebody(server, "韦小兰", city, more.clone()).await;
        let (mut phone, _) = server.hello(&token).await;
        let first = phone.start("daily").await;
        server.advance(1_000 * (place as i64 + 1));
        phone.play_on(first, |question| if place == 0 { key.right(question) } else { key.wrong(question) }).await;
        tokens.push(token);
    }
    server.advance(1_000);
    tokens
}

#[tokio::test]
async fn a_board_has_twenty_entries_or_as_many_as_were_asked_for_up_to_two_hundred() {
    let server = server().await;
    crowd(&server, 22, "450200", json!({})).await;
    let entries = async |query: &str| {
        let (status, board) = server.get(&format!("/boards/region{query}"), None).await;
        assert_eq!((status, &board["total"]), (200, &json!(22)), "{board}");
        board["entries"].as_array().unwrap().clone()
    };
    assert_eq!(entries("").await.len(), 20);
    assert_eq!(entries("?limit=1").await.len(), 1);
    let all = entries("?limit=200&round=daily").await;
    assert_eq!(all.len(), 22);
    for (place, entry) in all.iter().enumerate() {
        assert_eq!(entry["rank"], place + 1);
        assert_eq!(entry["elapsed_ms"], 1_000 * (place + 1), "at the same score the faster is before the slower");
    }
    for limit in ["0", "201", "1000000"] {
        refused(server.get(&format!("/boards/region?limit={limit}"), None).await, 400, "bad_request");
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn each_scope_ranks_those_who_belong_to_it() {
    let server = server().await;
    crowd(&server, 1, "450200", json!({"county": "450204", "organisation": "org-lz-07", "group": "youth"})).await;
    crowd(&server, 1, "450200", json!({"group": "other"})).await;
    crowd(&server, 1, "450300", json!({"county": "450302", "group": "youth", "organisation": "org-region"})).await;
    let check = async |scope: &str, total: u32| {
        for round in ["", "?round=daily"] {
            let (status, board) = server.get(&format!("/boards/{scope}{round}"), None).await;
            assert_eq!((status, &board["total"], &board["scope"]), (200, &json!(total), &json!(scope)), "{board}");
            assert_eq!(board["entries"].as_array().unwrap().len() as u32, total);
        }
    };
    check("region", 3).await;
    check("city:450200", 2).await;
    check("city:450300", 1).await;
    check("city:450100", 0).await;
    check("county:450204", 1).await;
    check("county:450302", 1).await;
    check("organisation:org-lz-07", 1).await;
    check("organisation:org-region", 1).await;
    check("organisation:org-lz-lib", 0).await;
    check("group:youth", 2).await;
    check("city:450200/group:youth", 1).await;
    check("city:450200/group:other", 1).await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn names_on_public_boards_keep_their_first_and_last_character() {
    let server = server().await;
    for (name, masked) in [("韦小兰", "韦*兰"), ("阿卜杜·热合曼", "阿*曼"), ("韦兰", "韦*")] {
        let token = somebody(&server, name, "450200", json!({})).await;
        let (mut phone, _) = server.hello(&token).await;
        play(&server, &mut phone, |_| vec![0]).await;
        let (_, board) = server.get("/boards/region", None).await;
        let text = board.to_string();
        assert!(text.contains(masked) && !text.contains(name), "{text}");
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn around_me_shows_my_place_and_what_the_one_before_me_has_more() {
    let server = server().await;
    let tokens = crowd(&server, 6, "450200", json!({})).await;
    let (_, board) = server.get("/boards/region?around=me&limit=1", Some(&tokens[3])).await;
    assert_eq!((&board["me"]["rank"], &board["me"]["elapsed_ms"]), (&json!(4), &json!(4_000)));
    assert_eq!(board["me"]["behind"], json!({"score": 0, "elapsed_ms": 1_000}));
    assert_eq!(board["entries"].as_array().unwrap().len(), 1);
    let ranks: Vec<&Value> = board["neighbours"].as_array().unwrap().iter().map(|row| &row["rank"]).collect();
    assert_eq!(ranks, [2, 3, 4, 5, 6]);
    let (_, board) = server.get("/boards/region?around=me", Some(&tokens[1])).await;
    assert_eq!(board["me"]["behind"], json!({"score": 10, "elapsed_ms": 1_000}));
    let (_, board) = server.get("/boards/city:450300?around=me", Some(&tokens[1])).await;
    assert_eq!(board.get("me"), None, "on another city's board I am not");
    let idle = somebody(&server, "覃小满", "450200", json!({})).await;
    let (status, board) = server.get("/boards/region?around=me", Some(&idle)).await;
    assert_eq!((status, board.get("me")), (200, None));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn cities_tell_their_indices_and_their_rank_of_an_hour_ago() {
    let server = server().await;
    crowd(&server, 2, "450300", json!({})).await;
    crowd(&server, 1, "450200", json!({})).await;
    let cities = async |server: &Server, by: &str| {
        let (status, board) = server.get(&format!("/boards/cities?by={by}"), None).await;
        assert_eq!((status, &board["by"]), (200, &json!(by)), "{board}");
        board
    };
    let board = cities(&server, "participants").await;
    assert_eq!((&board["entries"][0]["code"], &board["entries"][1]["code"]), (&json!("450300"), &json!("450200")));
    assert_eq!((&board["entries"][0]["rank"], &board["entries"][0]["value"]), (&json!(1), &json!(2_000_000)));
    assert_eq!(board["entries"][0].get("rank_hour_ago"), None, "no hour has passed");
    for index in board["indices"].as_array().unwrap() {
        assert!(index["definition"].as_str().unwrap().chars().count() > 5, "{index}");
        cities(&server, index["id"].as_str().unwrap()).await;
    }
    for id in ["participants", "attempts", "capped_attempts", "per_10k", "mean_best", "full_marks"] {
        assert!(board["indices"].as_array().unwrap().iter().any(|index| index["id"] == id), "{id}");
    }

    let server = server.restart(3_600_000).await;
    crowd(&server, 2, "450200", json!({})).await;
    let board = cities(&server, "participants").await;
    let places: Vec<_> =
        (0..2).map(|place| &board["entries"][place]).map(|city| (&city["code"], &city["rank_hour_ago"])).collect();
    assert_eq!(places, [(&json!("450200"), &json!(2)), (&json!("450300"), &json!(1))]);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn an_attempt_that_betters_nothing_still_counts_for_its_city() {
    let server = server().await;
    let token = somebody(&server, "韦小兰", "450200", json!({})).await;
    let (mut phone, _) = server.hello(&token).await;
    let key = Key::of_the_shipped_bank();
    play(&server, &mut phone, |question| key.right(question)).await;
    let (_, before) = server.get("/boards/cities?by=attempts", None).await;
    play(&server, &mut phone, |question| key.wrong(question)).await;
    let (_, after) = server.get("/boards/cities?by=attempts", None).await;
    assert_eq!((&before["entries"][0]["attempts"], &after["entries"][0]["attempts"]), (&json!(1), &json!(2)));
    assert!(after["revision"].as_u64() > before["revision"].as_u64(), "what has changed has another revision");
    server.stop().await.unwrap();
}
