//! What is asked by HTTP: joining and coming back, history, boards, proofs, pages; and what strangers get for asking wrongly.

use crate::harness::Phone;
use crate::harness::Server;
use crate::wire::full_season;
use serde_json::Value;
use serde_json::json;

mod boards;
mod coming_back;
mod headers;
mod history;
mod joining;
mod pages;
mod proof;
mod season;

/// One question a paper, so that many papers are quickly played.
const ROUNDS: &str = r#"
[[round]]
id = "daily"
name = "每日竞赛"
bank = "kexue"
question_seconds = 30
feedback = "after_paper"

[[round.section]]
kind = "single"
count = 1
points = 10
"#;

/// A server of one short round, with organisations and a consent that is asked for.
async fn server() -> Server {
    full_season(ROUNDS).start().await.unwrap()
}

/// Somebody of this city and whatever else `more` says.
async fn somebody(server: &Server, name: &str, city: &str, more: Value) -> String {
    let mut fields = json!({"name": name, "city": city, "consent": true});
    fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    server.join_as(fields).await
}

/// Plays one paper of the round `daily`; its result.
async fn play(server: &Server, phone: &mut Phone, choose: impl FnMut(&Value) -> Vec<usize>) -> Value {
    let first = phone.start("daily").await;
    server.advance(1_000);
    phone.play_on(first, choose).await
}

/// The call is refused with this status and code, as a problem.
fn refused((status, body): (u16, Value), expected: u16, code: &str) -> String {
    assert_eq!((status, &body["code"]), (expected, &json!(code)), "{body}");
    assert_eq!(body["status"], expected, "{body}");
    for field in ["type", "title", "detail"] {
        assert!(body[field].is_string(), "{field}: {body}");
    }
    body["detail"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn whatever_is_asked_wrongly_is_answered_with_a_problem() {
    let server = server().await;
    let token = somebody(&server, "韦小兰", "450200", json!({})).await;
    let check = async |method: &str, path: &str, body: &str, status: u16, code: &str| {
        let method = method.parse().unwrap();
        let request = server.http.request(method, server.url(&format!("/api/v1{path}"))).bearer_auth(&token);
        let response = request.body(body.to_owned()).send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "application/problem+json", "{path}");
        let found = (response.status().as_u16(), response.json().await.unwrap());
        refused(found, status, code);
    };
    check("GET", "/nothing", "", 404, "not_found").await;
    check("GET", "/boards", "", 404, "not_found").await;
    check("GET", "/boards/moon", "", 404, "not_found").await;
    check("GET", "/boards/city:000000", "", 404, "not_found").await;
    check("GET", "/boards/region?round=nightly", "", 404, "unknown_round").await;
    check("GET", "/boards/region?limit=many", "", 400, "bad_request").await;
    check("GET", "/boards/region?limit=-1", "", 400, "bad_request").await;
    check("GET", "/boards/region?around=you", "", 400, "bad_request").await;
    check("GET", "/boards/cities?by=luck", "", 400, "bad_request").await;
    check("GET", "/boards/%ff", "", 400, "bad_request").await;
    check("GET", "/organisations?city=1", "", 400, "bad_request").await;
    check("GET", "/rounds/nightly/proof", "", 404, "unknown_round").await;
    check("GET", "/receipts/none", "", 404, "not_found").await;
    check("GET", "/me/attempts/none", "", 404, "not_found").await;
    check("GET", "/me/attempts?before=none", "", 404, "not_found").await;
    check("DELETE", "/me", "", 405, "bad_request").await;
    check("POST", "/participants", "{", 400, "bad_request").await;
    check("POST", "/participants", "[]", 400, "bad_request").await;
    check("POST", "/participants", r#"{"name":"韦小兰"}"#, 400, "bad_request").await;
    check("POST", "/participants", r#"{"request":"1","name":"韦小兰","city":"450200"}"#, 400, "bad_request").await;
    check("POST", "/sessions", "{}", 400, "bad_request").await;
    check("PATCH", "/me", r#"{"city":1}"#, 400, "bad_request").await;
    check("POST", "/participants", &" ".repeat(20_000), 413, "too_large").await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn who_does_not_say_who_they_are_is_unauthorised() {
    let server = server().await;
    for token in [None, Some("kt_nobody"), Some("")] {
        for path in ["/me", "/me/attempts", "/me/attempts/none", "/boards/region?around=me"] {
            refused(server.get(path, token).await, 401, "unauthorised");
        }
        for path in ["/me/code", "/me/reports"] {
            refused(server.post(path, token, json!({})).await, 401, "unauthorised");
        }
    }
    refused(server.patch("/me", "kt_nobody", json!({})).await, 401, "unauthorised");
    let token = somebody(&server, "韦小兰", "450200", json!({})).await;
    for (scheme, status) in [("Bearer", 200), ("bearer", 200), ("Basic", 401), ("", 401)] {
        let asked = server.http.get(server.url("/api/v1/me")).header("authorization", format!("{scheme} {token}"));
        assert_eq!(asked.send().await.unwrap().status(), status, "{scheme}");
    }
    server.stop().await.unwrap();
}
