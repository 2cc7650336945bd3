//! 演练: a season is played under a path of its own before it counts, and nothing of it stays.

use crate::harness::Phone;
use crate::harness::Server;
use crate::harness::Start;
use crate::harness::answer;
use crate::harness::desk::Clerk;
use crate::harness::desk::PASSWORD;
use crate::harness::season;
use crate::harness::steps::done;
use crate::harness::steps::shanghai;
use serde_json::Value;
use serde_json::json;

/// Opens long after the day on which tests begin.
const OCTOBER: &str = r#"
[[round]]
id = "october"
name = "十月赛"
opens = "2026-10-01T09:00:00"
closes = "2026-10-01T12:00:00"
question_seconds = 30
attempts_in_all = 1
feedback = "after_paper"

[[round.section]]
count = 3
points = 20
"#;

/// Begins one from this moment; returns its path.
async fn begin(clerk: &mut Clerk, from: i64) -> String {
    let told = done(clerk.post("/season/rehearsal", json!({"from": from})).await, 201);
    told["rehearsal"]["path"].as_str().unwrap().to_owned()
}

async fn get(server: &Server, path: &str, call: &str, token: Option<&str>) -> (u16, Value) {
    let request = server.http.get(server.url(&format!("{path}api/v1{call}")));
    answer(if let Some(token) = token { request.bearer_auth(token) } else { request }).await
}

/// Joins under the path; returns the token.
async fn join(server: &Server, path: &str, name: &str) -> String {
    let request = uuid::Uuid::from_bytes(kejing::contest::clock::chance()).to_string();
    let body = json!({"request": request, "name": name, "city": "450200", "county": "450204"});
    let told = answer(server.http.post(server.url(&format!("{path}api/v1/participants"))).json(&body)).await;
    done(told, 201)["token"].as_str().unwrap().to_owned()
}

async fn hello(server: &Server, path: &str, token: &str) -> Phone {
    let mut phone = Phone::connect_below(server.address, path).await;
    phone.say(json!({"type": "hello", "token": token})).await;
    phone.hear("welcome").await;
    phone
}

#[tokio::test]
async fn a_round_of_another_day_is_played_whole_and_nothing_of_it_counts() {
    let server = Start::of(&season(OCTOBER)).start().await.unwrap();
    let mut clerk = server.first_administrator().await;
    let own = server.join("韦小兰").await;
    assert!(done(clerk.get("/season/rehearsal").await, 200)["rehearsal"].is_null());
    let path = begin(&mut clerk, shanghai("2026-10-01T08:59:30")).await;

    // Its own people: a token of the season's is nobody's here, and the other way round.
    assert_eq!(get(&server, &path, "/me", Some(&own)).await.0, 401);
    let token = join(&server, &path, "梁练习").await;
    assert_eq!(server.get("/me", Some(&token)).await.0, 401);
    let mut phone = hello(&server, &path, &token).await;
    phone.say(json!({"type": "start", "round": "october", "request": "00000000-0000-4000-8000-000000000001"})).await;
    phone.refused("round_not_open").await;

    // Its clock goes on as the server's does, on its own day.
    server.advance(31_000);
    let first = phone.start("october").await;
    let result = phone.play_on(first, |_| vec![0]).await;
    assert_eq!((&result["of"], &result["counted"]), (&json!(3), &json!(true)));
    let board = done(get(&server, &path, "/boards/region?round=october", None).await, 200);
    assert_eq!(board["total"], 1, "{board}");
    let now = done(clerk.get("/season/rehearsal").await, 200);
    let shown = &now["rehearsal"];
    assert_eq!((&shown["participants"], &shown["sockets"]), (&json!(1), &json!(1)));
    assert_eq!((&shown["rounds"][0]["state"], &shown["rounds"][0]["starts_today"]), (&json!("open"), &json!(1)));

    // Of the season nothing has changed.
    let board = done(server.get("/boards/region?round=october", None).await, 200);
    assert_eq!(board["total"], 0, "{board}");
    assert_eq!(server.get("/season", None).await.1["rounds"][0]["state"], "upcoming");
    let acts = clerk.audit("act=season.rehearsal_began").await;
    assert_eq!(acts.len(), 1);

    let replayed = server.replayed().await;
    assert_eq!((replayed.participants, replayed.attempts), (1, 0));
}

#[tokio::test]
async fn it_ends_when_it_is_told_to_and_its_folder_is_gone() {
    let server = Start::of(&season(OCTOBER)).start().await.unwrap();
    let mut clerk = server.first_administrator().await;
    let folder = server.folder.path().join("rehearsal");
    let path = begin(&mut clerk, shanghai("2026-10-01T09:30:00")).await;
    let token = join(&server, &path, "梁练习").await;
    let mut phone = hello(&server, &path, &token).await;
    phone.start("october").await;
    assert!(folder.join("ledger.db").exists());

    // Another takes its place, under another name, and that the first has ended is on record.
    let other = begin(&mut clerk, shanghai("2026-10-01T09:30:00")).await;
    assert_eq!(clerk.audit("act=season.rehearsal_ended").await.len(), 1);
    phone.hear("reconnect").await;
    assert_ne!(other, path);
    assert_eq!(get(&server, &path, "/season", None).await.0, 404);
    assert_eq!(get(&server, &other, "/me", Some(&token)).await.0, 401, "nobody is left of the one before");

    done(clerk.delete("/season/rehearsal").await, 204);
    assert!(!folder.exists());
    assert_eq!(get(&server, &other, "/season", None).await.0, 404);
    assert!(done(clerk.get("/season/rehearsal").await, 200)["rehearsal"].is_null());
    server.stop().await.unwrap();
}

#[tokio::test]
async fn it_ends_by_itself_after_a_day_and_with_the_server() {
    let server = Start::of(&season(OCTOBER)).start().await.unwrap();
    let mut clerk = server.first_administrator().await;
    let folder = server.folder.path().join("rehearsal");
    let path = begin(&mut clerk, shanghai("2026-10-01T09:30:00")).await;
    join(&server, &path, "梁练习").await;
    server.advance(24 * 3_600_000);
    // Their own session has ended by now as well.
    done(clerk.sign_in(&server, PASSWORD).await, 200);
    clerk.eventually("/season/rehearsal", |told| told["rehearsal"].is_null()).await;
    assert_eq!(get(&server, &path, "/season", None).await.0, 404);

    let path = begin(&mut clerk, shanghai("2026-10-01T09:30:00")).await;
    let token = join(&server, &path, "梁练习").await;
    let mut phone = hello(&server, &path, &token).await;
    let server = {
        let (server, _) = tokio::join!(server.restart(1_000), phone.hear("reconnect"));
        server
    };
    assert!(!folder.exists());
    assert_eq!(get(&server, &path, "/season", None).await.0, 404);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn the_draft_is_rehearsed_and_the_desk_is_not_inside() {
    let server = Start::of(&season(OCTOBER)).start().await.unwrap();
    let mut clerk = server.first_administrator().await;
    let draft = done(clerk.get("/season/draft").await, 200);
    let mut file = draft["draft"].clone();
    file["round"][0]["name"] = json!("国庆赛");
    done(clerk.put("/season/draft", json!({"revision": draft["revision"], "draft": file})).await, 200);
    let path = begin(&mut clerk, shanghai("2026-10-01T09:30:00")).await;
    let (_, rehearsed) = get(&server, &path, "/season", None).await;
    assert_eq!(rehearsed["rounds"][0]["name"], "国庆赛");
    assert_eq!(server.get("/season", None).await.1["rounds"][0]["name"], "十月赛");

    for inside in ["api/desk/v1/session", "metrics", "openapi.json", "api/v1/none"] {
        let (status, _) = answer(server.http.get(server.url(&format!("{path}{inside}")))).await;
        assert_eq!(status, 404, "{inside}");
    }
    for page in ["", "boards"] {
        let told = server.http.get(server.url(&format!("{path}{page}"))).send().await.unwrap();
        assert_eq!(told.headers()["x-frame-options"], "DENY", "headers of every page");
    }
    // Guessed, and without the end of the address.
    assert_eq!(get(&server, "/rehearsal/aaaaaaaaaaaaaaaa/", "/season", None).await.0, 404);
    let moved = server.http.get(server.url(path.trim_end_matches('/'))).send().await.unwrap();
    assert_eq!(moved.url().path(), path);

    let (status, told) = clerk.post("/season/rehearsal", json!({"from": 1})).await;
    assert_eq!((status, told["code"].as_str()), (400, Some("bad_request")), "{told}");
    let draft = done(clerk.get("/season/draft").await, 200);
    let mut file = draft["draft"].clone();
    file["round"][0]["closes"] = json!("2026-09-01T12:00:00");
    done(clerk.put("/season/draft", json!({"revision": draft["revision"], "draft": file})).await, 200);
    let (status, told) = clerk.post("/season/rehearsal", json!({"from": null})).await;
    assert_eq!(status, 400, "{told}");
    assert!(!told["faults"].as_array().unwrap().is_empty(), "{told}");
    assert_eq!(get(&server, &path, "/season", None).await.0, 200, "the one before goes on");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn none_begins_while_the_server_stops_and_what_a_killed_one_left_is_removed() {
    let start = Start::of(&season(OCTOBER));
    let folder = start.folder.path().join("rehearsal");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("ledger.db"), "what a killed process left").unwrap();
    let mut server = start.start().await.unwrap();
    assert!(!folder.exists());

    let mut clerk = server.first_administrator().await;
    let mut second = clerk.clone();
    let draft = done(clerk.get("/season/draft").await, 200);
    let mut file = draft["draft"].clone();
    file["round"][0]["name"] = json!("国庆赛");
    let saved = done(clerk.put("/season/draft", json!({"revision": draft["revision"], "draft": file})).await, 200);
    clerk.confirm(&server).await;
    second.csrf.clone_from(&clerk.csrf);
    second.cookies.clone_from(&clerk.cookies);
    let publication = json!({"revision": saved["revision"], "reason": "改了名字"});
    let (published, begun) = tokio::join!(
        clerk.post("/season/publication", publication),
        second.post("/season/rehearsal", json!({"from": shanghai("2026-10-01T09:30:00")}))
    );
    done(published, 202);
    // Before, it ended with the server; after, it was told to wait; in no case does anything of it stay.
    assert!([201, 409, 503].contains(&begun.0), "{begun:?}");
    server.serves_again().await;
    assert!(!folder.exists());
    assert!(done(clerk.get("/season/rehearsal").await, 200)["rehearsal"].is_null());
    server.stop().await.unwrap();
}
