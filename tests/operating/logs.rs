//! The log says what happened and to which request, and nothing of who anyone is.

use super::serve;
use super::signal;
use super::with_season;
use crate::harness::Phone;
use serde_json::Value;
use serde_json::json;
use std::fs;

const NAME: &str = "覃不可见";
const ADDRESS: &str = "203.0.113.77";
const REQUEST: &str = "0f0e0d0c-0b0a-4908-8706-050403020100";

#[tokio::test]
async fn a_season_played_through_leaves_nothing_personal_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    with_season(folder.path());
    let log = folder.path().join("log");
    let file = fs::File::create(&log).unwrap();
    let (mut server, address) = serve(folder.path(), "data", |command| {
        command.args(["--log-format", "json", "--trusted-proxies", "127.0.0.1"]).env("RUST_LOG", "debug").stderr(file);
    })
    .await;
    let http = reqwest::Client::new();
    let url = |path: &str| format!("http://{address}/api/v1{path}");
    let body = json!({"request": REQUEST, "name": NAME, "city": "450200", "county": "450204"});
    let joined = http.post(url("/participants")).header("x-forwarded-for", ADDRESS).json(&body).send().await.unwrap();
    assert_eq!(joined.status(), 201);
    let made = joined.headers()["x-request-id"].to_str().unwrap().to_owned();
    let joined: Value = joined.json().await.unwrap();
    let token = joined["token"].as_str().unwrap().to_owned();

    let mut phone = Phone::connect(address).await;
    phone.say(json!({"type": "hello", "token": token})).await;
    let welcome = phone.hear("welcome").await;
    let first = phone.start("daily").await;
    let stem = first["stem"].as_str().unwrap().to_owned();
    let result = phone.play_on(first, |_| vec![1]).await;
    let receipt = result["receipt"].as_str().unwrap();
    let found = http.get(url(&format!("/receipts/{receipt}"))).send().await.unwrap();
    assert_eq!(found.status(), 200);
    let me = http.get(url("/me")).bearer_auth(&token).header("x-request-id", "from-the-proxy-1").send().await.unwrap();
    assert_eq!(me.headers()["x-request-id"], "from-the-proxy-1");
    let wrong = http.get(url("/me")).bearer_auth("wrong-token-4711").send().await.unwrap();
    assert_eq!(wrong.status(), 401);
    drop(phone);
    signal(&server, rustix::process::Signal::TERM);
    assert!(server.wait().await.unwrap().success());

    let log = fs::read_to_string(&log).unwrap();
    let secrets = [NAME, ADDRESS, REQUEST, "127.0.0.1:", &token, receipt, &stem, "choices", "wrong-token", "450204"];
    for secret in secrets.iter().copied().chain(joined["recovery"].as_str()) {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "the log tells {secret}");
    }
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let line = |id: &str| {
        lines
            .iter()
            .map(|line| &line["fields"])
            .find(|fields| fields["request"] == id)
            .unwrap_or_else(|| panic!("{log}"))
    };
    assert_eq!((&line(&made)["message"], &line(&made)["status"]), (&json!("POST /api/v1/participants"), &json!(201)));
    let mine = line("from-the-proxy-1");
    assert_eq!(mine["message"], "GET /api/v1/me");
    assert_eq!(mine["participant"], welcome["participant"]["id"]);
    assert!(mine["ms"].is_u64());
    for event in ["a phone says hello", "a socket has gone"] {
        let told = lines.iter().map(|line| &line["fields"]).find(|fields| fields["message"] == event);
        assert_eq!(told.unwrap()["participant"], welcome["participant"]["id"], "{event}");
    }
    assert!(lines.iter().any(|line| line["fields"]["message"] == "GET /api/v1/receipts/{receipt}"));
}

#[tokio::test]
async fn a_stranger_does_not_name_requests() {
    let server = crate::harness::Server::of(super::ROUNDS).await;
    let told = server.http.get(server.url("/healthz")).header("x-request-id", "chosen").send().await.unwrap();
    let id = told.headers()["x-request-id"].to_str().unwrap();
    assert_ne!(id, "chosen");
    assert!(id.len() == 16 && id.bytes().all(|c| c.is_ascii_hexdigit()), "{id}");
    server.stop().await.unwrap();
}
