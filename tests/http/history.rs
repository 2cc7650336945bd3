//! My attempts: newest first, page by page, with a review as soon as the round's feedback allows it; receipts; reports.

use super::play;
use super::refused;
use super::server;
use super::somebody;
use crate::harness::Key;
use crate::harness::Server;
use crate::harness::Start;
use crate::harness::season;
use crate::wire::full_season;
use serde_json::Value;
use serde_json::json;

#[tokio::test]
async fn history_is_told_newest_first_and_page_by_page() {
    let server = server().await;
    let token = somebody(&server, "韦小兰", "450200", json!({})).await;
    let (mut phone, _) = server.hello(&token).await;
    let mut played = Vec::new();
    for _ in 0..53 {
        let result = play(&server, &mut phone, |_| vec![0]).await;
        played.insert(0, result["attempt"].clone());
    }
    let page = async |query: String| {
        let (status, body) = server.get(&format!("/me/attempts{query}"), Some(&token)).await;
        assert_eq!(status, 200, "{body}");
        body["attempts"].as_array().unwrap().iter().map(|attempt| attempt["id"].clone()).collect::<Vec<Value>>()
    };
    let first = page(String::new()).await;
    assert_eq!(first, played[..first.len()]);
    let second = page(format!("?before={}", first.last().unwrap().as_str().unwrap())).await;
    assert_eq!([first, second].concat(), played);
    assert_eq!(page(format!("?before={}", played[52].as_str().unwrap())).await, Vec::<Value>::new());
    server.stop().await.unwrap();
}

#[tokio::test]
async fn an_attempt_tells_what_it_came_to_and_nobody_elses_does() {
    let server = server().await;
    let key = Key::of_the_shipped_bank();
    let token = somebody(&server, "韦小兰", "450200", json!({})).await;
    let (mut phone, _) = server.hello(&token).await;
    let started_at = server.clock.now().0;
    let result = play(&server, &mut phone, |question| key.right(question)).await;
    let id = result["attempt"].as_str().unwrap();
    let (_, attempt) = server.get(&format!("/me/attempts/{id}"), Some(&token)).await;
    for field in ["score", "correct", "of", "elapsed_ms", "receipt", "round"] {
        assert_eq!(attempt[field], result[field], "{field}");
    }
    assert_eq!((&attempt["started_at"], &attempt["finished_at"]), (&json!(started_at), &json!(started_at + 1_000)));
    assert_eq!(attempt["state"], "ended");
    let question = &attempt["review"][0];
    assert_eq!(
        (&question["chosen"], &question["correct"], &question["points"]),
        (&question["key"], &json!(true), &json!(10))
    );
    let other = somebody(&server, "覃小满", "450200", json!({})).await;
    refused(server.get(&format!("/me/attempts/{id}"), Some(&other)).await, 404, "not_found");
    refused(
        server.post("/me/reports", Some(&other), json!({"attempt": id, "seq": 1, "reason": "错"})).await,
        404,
        "not_found",
    );
    server.stop().await.unwrap();
}

/// What `GET /me/attempts/{id}` tells of one paper of a round with this feedback.
async fn played_with(feedback: &str) -> (Server, String, String) {
    let rounds = super::ROUNDS.replace("feedback = \"after_paper\"", feedback);
    let server = Start::of(&season(&rounds).replace("always_open = true", "opens = 2026-08-01\nlast_day = 2026-09-30"));
    let server = server.start().await.unwrap();
    let token = somebody(&server, "韦小兰", "450200", json!({})).await;
    let (mut phone, _) = server.hello(&token).await;
    let result = play(&server, &mut phone, |_| vec![0]).await;
    (server, token, format!("/me/attempts/{}", result["attempt"].as_str().unwrap()))
}

#[tokio::test]
async fn a_review_waits_for_the_rounds_end_where_the_season_says_so() {
    let (server, token, path) = played_with("feedback = \"after_round\"\ncloses = 2026-09-01T12:00:00").await;
    assert_eq!(server.get(&path, Some(&token)).await.1.get("review"), None);
    server.advance(2 * 3_600_000 - 2_000);
    let (mut phone, _) = server.hello(&token).await;
    let last = phone.start("daily").await;
    server.advance(2_000);
    assert_eq!(server.get(&path, Some(&token)).await.1.get("review"), None, "one attempt is still open");
    phone.answer(&last, &[0]).await;
    phone.hear("verdict").await;
    phone.hear("result").await;
    assert_eq!(server.get(&path, Some(&token)).await.1["review"].as_array().unwrap().len(), 1);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_round_that_never_tells_keeps_its_keys_after_its_end_as_well() {
    let (server, token, path) = played_with("feedback = \"never\"\ncloses = 2026-09-01T12:00:00").await;
    for _ in 0..2 {
        let (status, attempt) = server.get(&path, Some(&token)).await;
        assert_eq!((status, attempt.get("review")), (200, None));
        server.advance(86_400_000);
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn while_a_paper_is_open_nothing_of_its_questions_is_told() {
    let server = full_season(crate::wire::ROUNDS).start().await.unwrap();
    let token = somebody(&server, "韦小兰", "450200", json!({})).await;
    let (mut phone, _) = server.hello(&token).await;
    let question = phone.start("daily").await;
    let (status, attempt) =
        server.get(&format!("/me/attempts/{}", question["attempt"].as_str().unwrap()), Some(&token)).await;
    assert_eq!((status, &attempt["state"], &attempt["finished_at"]), (200, &json!("open"), &json!(null)));
    for field in ["review", "seed", "paper", "orders"] {
        assert_eq!(attempt.get(field), None, "{field}");
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_receipt_is_found_however_it_was_read_out_and_tells_nothing_personal() {
    let server = server().await;
    let token = somebody(&server, "韦小兰", "450200", json!({})).await;
    let (mut phone, _) = server.hello(&token).await;
    let result = play(&server, &mut phone, |_| vec![0]).await;
    let receipt = result["receipt"].as_str().unwrap();
    let dashed = format!("{}-{}-{}", &receipt[..4], &receipt[4..8], &receipt[8..]);
    for typed in [
        receipt.to_owned(),
        receipt.to_lowercase(),
        dashed.to_lowercase(),
        dashed.replace('-', "%20"),
        receipt.replace('0', "o").replace('1', "l"),
    ] {
        let (status, told) = server.get(&format!("/receipts/{typed}"), None).await;
        assert_eq!(status, 200, "{typed}: {told}");
        let finished_at = server.clock.now().0;
        let expected = json!({"state": "ended", "round": "daily", "finished_at": finished_at, "score": result["score"], "correct": result["correct"], "of": 1});
        assert_eq!(told, expected);
    }
    for wrong in ["AAAAAAAAAAAA", "1", &receipt[..11], &format!("{receipt}0")] {
        refused(server.get(&format!("/receipts/{wrong}"), None).await, 404, "not_found");
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_question_is_reported_by_who_was_asked_it() {
    let server = server().await;
    let token = somebody(&server, "韦小兰", "450200", json!({})).await;
    let (mut phone, _) = server.hello(&token).await;
    let result = play(&server, &mut phone, |_| vec![0]).await;
    let report = async |seq: u32, reason: &str| {
        server
            .post("/me/reports", Some(&token), json!({"attempt": result["attempt"], "seq": seq, "reason": reason}))
            .await
    };
    assert_eq!(report(1, "选项有歧义").await.0, 201);
    assert_eq!(report(1, &"长".repeat(2_000)).await.0, 201, "what is too long is cut");
    refused(report(1, "  ").await, 400, "bad_request");
    refused(report(0, "没有这道题").await, 404, "not_found");
    refused(report(2, "没有这道题").await, 404, "not_found");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn me_tells_what_is_left_and_where_i_stand() {
    let rounds = super::ROUNDS
        .replace("id = \"daily\"", "id = \"daily\"\nattempts_per_day = 3\nattempts_per_week = 5\nattempts_in_all = 9");
    let server = full_season(&rounds).start().await.unwrap();
    let token = somebody(&server, "韦小兰", "450200", json!({"county": "450204"})).await;
    let (_, me) = server.get("/me", Some(&token)).await;
    assert_eq!(me["rounds"], json!([{"id": "daily", "left_today": 3, "left_week": 5, "left": 9}]));
    assert_eq!(me["season"], json!({"score": null, "elapsed_ms": null, "ranks": null}));
    let (mut phone, _) = server.hello(&token).await;
    let key = Key::of_the_shipped_bank();
    play(&server, &mut phone, |question| key.right(question)).await;
    let (_, me) = server.get("/me", Some(&token)).await;
    let best = json!({"score": 10, "elapsed_ms": 1_000});
    assert_eq!(
        me["rounds"],
        json!([{"id": "daily", "left_today": 2, "left_week": 4, "left": 8, "best": best, "rank": 1}])
    );
    assert_eq!(me["season"], json!({"score": 10, "elapsed_ms": 1_000, "ranks": {"region": 1, "city": 1, "county": 1}}));
    server.advance(86_400_000);
    let (_, me) = server.get("/me", Some(&token)).await;
    assert_eq!((&me["rounds"][0]["left_today"], &me["rounds"][0]["left_week"]), (&json!(3), &json!(4)));
    server.stop().await.unwrap();
}
