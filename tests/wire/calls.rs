//! Every HTTP call's answer has the shape of its sample, and every sample of a request is taken.

use super::ROUNDS;
use super::everything;
use super::full_season;
use super::like;
use super::sample;
use crate::harness::Key;
use crate::harness::Server;
use serde_json::Value;
use serde_json::json;

/// One call after the other, by one participant.
#[tokio::test]
async fn each_call_answers_as_its_sample_says() {
    let server = full_season(ROUNDS).start().await.unwrap();
    let (status, joined) = server.post("/participants", None, sample("http-participants-request")).await;
    assert_eq!(status, 201, "{joined}");
    like(&joined, &["http-participants"]);
    let token = joined["token"].as_str().unwrap();
    let told = |(status, body): (u16, Value), name: &str| {
        assert!(status == 200 || status == 201, "{name}: {status} {body}");
        like(&body, &[name]);
        body
    };
    let season = told(server.get("/season", None).await, "http-season");
    check_season(&season, server.clock.now().0);
    told(server.get("/notices", None).await, "http-notices");
    told(server.get("/organisations?city=450200", None).await, "http-organisations");
    told(server.get("/me", Some(token)).await, "http-me-new");
    assert_eq!(server.get("/me/attempts", Some(token)).await, (200, json!({"attempts": []})));

    let code = told(server.post("/me/code", Some(token), json!({})).await, "http-me-code");
    assert_eq!(code["expires_ms"], 600_000);
    let mut request = sample("http-sessions-request-code");
    request["code"] = code["code"].clone();
    told(server.post("/sessions", None, request).await, "http-sessions");
    let mut request = sample("http-sessions-request-recovery");
    request["recovery"] = joined["recovery"].clone();
    told(server.post("/sessions", None, request).await, "http-sessions");

    let attempt = play_daily(&server, token).await;
    told(server.get("/me", Some(token)).await, "http-me");
    let history = told(server.get("/me/attempts", Some(token)).await, "http-attempts");
    like(&history["attempts"][1], &["http-attempt"]);
    let open = &history["attempts"][0];
    assert_eq!((&open["state"], &open["finished_at"], &open["receipt"]), (&json!("open"), &json!(null), &json!(null)));
    let reviewed = told(server.get(&format!("/me/attempts/{attempt}"), Some(token)).await, "http-attempt-review");
    assert_eq!((&reviewed["id"], reviewed["review"].as_array().unwrap().len()), (&json!(attempt), 3));
    assert_eq!(reviewed["review"][2]["chosen"], json!(null), "what was not answered has no choice");
    let receipt = reviewed["receipt"].as_str().unwrap();
    told(server.get(&format!("/receipts/{receipt}"), None).await, "http-receipt");
    let mut report = sample("http-report-request");
    report["attempt"] = json!(attempt);
    assert_eq!(server.post("/me/reports", Some(token), report).await.0, 201);

    server.advance(1_000);
    let board = told(server.get("/boards/city:450200?round=daily", None).await, "http-board");
    assert_eq!(
        (&board["scope"], &board["round"], &board["total"]),
        (&json!("city:450200"), &json!("daily"), &json!(1))
    );
    told(server.get("/boards/cities?by=per_10k&round=daily", None).await, "http-cities");
    check_me(&server, token).await;
    told(server.patch("/me", token, sample("http-me-patch-request")).await, "http-me");
    server.stop().await.unwrap();
}

/// One attempt that ends, with its last question left; and another that stays open.
async fn play_daily(server: &Server, token: &str) -> String {
    let key = Key::of_the_shipped_bank();
    let (mut phone, _) = server.hello(token).await;
    let mut question = phone.start("daily").await;
    for choose in [Key::right, Key::wrong] {
        phone.answer(&question, &choose(&key, &question)).await;
        phone.hear("verdict").await;
        question = phone.hear("question").await;
    }
    phone.say(json!({"type": "finish", "attempt": question["attempt"]})).await;
    let result = phone.hear("result").await;
    assert_eq!((&result["score"], &result["correct"]), (&json!(10), &json!(1)));
    phone.start("daily").await;
    result["attempt"].as_str().unwrap().to_owned()
}

/// With `around=me`: my place, and how far the one before me is ahead.
async fn check_me(server: &Server, token: &str) {
    let better = server.join_as(json!({"name": "覃小满", "city": "450200", "consent": true})).await;
    let (mut phone, _) = server.hello(&better).await;
    let key = Key::of_the_shipped_bank();
    let first = phone.start("daily").await;
    phone.play_on(first, |question| key.right(question)).await;
    server.advance(1_000);
    let (status, board) = server.get("/boards/city:450200?round=daily&around=me", Some(token)).await;
    assert_eq!(status, 200, "{board}");
    like(&board, &["http-board-me"]);
    assert_eq!((&board["me"]["rank"], &board["me"]["behind"]["score"]), (&json!(2), &json!(20)));
    let (_, board) = server.get("/boards/city:450200?round=daily&around=me", Some(&better)).await;
    assert_eq!(board["me"].get("behind"), None, "nobody is before the first");
}

fn check_season(season: &Value, now: i64) {
    assert_eq!((&season["now"], &season["state"], &season["sign_in"]), (&json!(now), &json!("open"), &json!("open")));
    let round = |place: usize| &season["rounds"][place];
    assert_eq!((&round(0)["of"], &round(0)["question_ms"]), (&json!(3), &json!(30_000)));
    assert_eq!((&round(0)["paper_ms"], &round(0)["attempts"]), (&json!(600_000), &json!({"per_day": 3})));
    assert_eq!((&round(0)["feedback"], &round(0)["counts"]), (&json!("after_paper"), &json!(true)));
    assert_eq!((&round(1)["feedback"], &round(1)["counts"]), (&json!("after_each"), &json!(false)));
    assert_eq!((round(1).get("question_ms"), &round(1)["attempts"]), (None, &json!({})));
    let cities = season["cities"].as_array().unwrap();
    let counties: usize = cities.iter().map(|city| city["counties"].as_array().unwrap().len()).sum();
    assert_eq!((cities.len(), counties), (14, 111));
    for round in season["rounds"].as_array().unwrap() {
        let rules = round["rules"].as_array().unwrap();
        assert!(!rules.is_empty() && rules.iter().all(|rule| rule.as_str().unwrap().ends_with('。')), "{rules:?}");
    }
}

#[tokio::test]
async fn a_problem_has_its_fields_and_its_media_type() {
    let server = full_season(ROUNDS).start().await.unwrap();
    let response = server.http.get(server.url("/api/v1/receipts/000000000000")).send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), response.headers()["content-type"].as_bytes()),
        (404, &b"application/problem+json"[..])
    );
    let problem: Value = response.json().await.unwrap();
    like(&problem, &["http-problem"]);
    assert_eq!((&problem["code"], &problem["status"]), (&json!("not_found"), &json!(404)));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn who_guesses_codes_is_told_when_to_try_again() {
    let server = full_season(ROUNDS).start().await.unwrap();
    let guess = || server.http.post(server.url("/api/v1/sessions")).body(r#"{"code":"00000000"}"#).send();
    let limited = loop {
        let response = guess().await.unwrap();
        if response.status() != 401 {
            break response;
        }
    };
    assert_eq!(limited.status(), 429);
    assert!(limited.headers()["retry-after"].to_str().unwrap().parse::<u32>().unwrap() >= 1);
    let problem: Value = limited.json().await.unwrap();
    like(&problem, &["http-problem-rate_limited"]);
    assert_eq!(problem["code"], "rate_limited");
    // The network may go on with what it has a token for.
    assert_eq!(server.get("/me", Some(&server.join_as(everything()).await)).await.0, 200);
    server.stop().await.unwrap();
}
