//! Coming back: by a code from the other phone, or by the recovery code that was kept.

use super::refused;
use super::server;
use super::somebody;
use crate::harness::Ended;
use crate::wire::everything;
use serde_json::json;

#[tokio::test]
async fn a_code_moves_me_to_another_phone_once_and_for_ten_minutes() {
    let server = server().await;
    let token = somebody(&server, "韦小兰", "450200", json!({})).await;
    let code = async || server.post("/me/code", Some(&token), json!({})).await.1["code"].as_str().unwrap().to_owned();
    let redeem = async |code: &str| server.post("/sessions", None, json!({"code": code})).await;
    let first = code().await;
    assert_eq!(first.len(), 8);
    let (status, session) = redeem(&first.to_lowercase()).await;
    assert_eq!(status, 201, "{session}");
    let newer = session["token"].as_str().unwrap();
    assert_ne!(newer, token);
    assert_eq!(server.get("/me", Some(newer)).await, server.get("/me", Some(&token)).await);
    refused(redeem(&first).await, 401, "unauthorised");

    let (in_time, mut late) = (code().await, String::new());
    server.advance(10 * 60_000 - 1);
    assert_eq!(redeem(&in_time).await.0, 201);
    late.push_str(&code().await);
    server.advance(10 * 60_000);
    refused(redeem(&late).await, 401, "unauthorised");
    let (older, newer) = (code().await, code().await);
    refused(redeem(&older).await, 401, "unauthorised");
    assert_eq!(redeem(&newer).await.0, 201, "the newest code is the good one");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_recovery_code_is_taken_however_it_was_typed_and_as_often_as_needed() {
    let server = server().await;
    let mut fields = everything();
    fields["request"] = json!("5f0c7c1e-9a44-4d0b-8a53-0f6b5f4b7a11");
    let (_, joined) = server.post("/participants", None, fields).await;
    let code = joined["recovery"].as_str().unwrap().to_owned();
    let typed = [
        code.clone(),
        code.to_lowercase(),
        code.replace('-', ""),
        code.replace('-', " "),
        format!(" {code} "),
        code.replace('0', "O").replace('1', "l"),
    ];
    let server = server.restart(0).await;
    for typed in typed {
        let (status, session) = server.post("/sessions", None, json!({"recovery": typed})).await;
        assert_eq!((status, &session["participant"]), (201, &joined["participant"]), "{typed}: {session}");
    }
    let mut wrong = code.clone();
    wrong.replace_range(..1, if code.starts_with('2') { "3" } else { "2" });
    refused(server.post("/sessions", None, json!({"recovery": wrong})).await, 401, "unauthorised");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn the_paper_goes_on_where_the_code_was_typed() {
    let server = server().await;
    let token = somebody(&server, "韦小兰", "450200", json!({})).await;
    let (mut old, _) = server.hello(&token).await;
    let question = old.start("daily").await;
    let (_, code) = server.post("/me/code", Some(&token), json!({})).await;
    let (_, session) = server.post("/sessions", None, json!({"code": code["code"]})).await;
    server.advance(5_000);
    let (mut new, _) = server.hello(session["token"].as_str().unwrap()).await;
    let resumed = new.hear("question").await;
    assert_eq!((&resumed["options"], &resumed["remaining_ms"]), (&question["options"], &json!(25_000)));
    old.hear("superseded").await;
    assert_eq!(old.ended().await, Ended::Code(4001));
    new.answer(&resumed, &[0]).await;
    new.hear("verdict").await;
    server.stop().await.unwrap();
}
