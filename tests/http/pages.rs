//! The pages, their headers, and what operators ask.

use super::ROUNDS;
use super::server;
use crate::harness::Start;
use crate::harness::season;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;

#[tokio::test]
async fn a_page_is_asked_for_anew_and_sent_only_where_it_has_changed() {
    let server = server().await;
    for path in ["/", "/boards", "/api/v1/season"] {
        let first = server.http.get(server.url(path)).send().await.unwrap();
        assert_eq!(first.status(), 200, "{path}");
        assert_eq!(first.headers()["cache-control"], "no-cache");
        let etag = first.headers()["etag"].clone();
        let again = server.http.get(server.url(path)).header("if-none-match", &etag).send().await.unwrap();
        assert_eq!((again.status().as_u16(), &again.headers()["etag"]), (304, &etag), "{path}");
        assert_eq!(again.bytes().await.unwrap().len(), 0);
        let packed = server.http.get(server.url(path)).header("accept-encoding", "gzip").send().await.unwrap();
        assert_eq!(packed.headers()["vary"], "accept-encoding");
        if packed.headers().get("content-encoding").is_some_and(|packing| packing == "gzip") {
            assert_eq!(packed.bytes().await.unwrap()[..2], [0x1f, 0x8b], "{path}");
        }
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_pages_parts_have_their_hash_in_their_name_and_are_kept_for_ever() {
    let server = server().await;
    let page = server.http.get(server.url("/")).send().await.unwrap().text().await.unwrap();
    let parts: Vec<&str> = page.split('"').filter(|part| part.starts_with("/assets/")).collect();
    assert!(parts.iter().any(|part| part.ends_with(".js")), "{page}");
    for part in parts {
        let found = server.http.get(server.url(part)).send().await.unwrap();
        assert_eq!(found.status(), 200, "{part}");
        assert_eq!(found.headers()["cache-control"], "public, max-age=31536000, immutable", "{part}");
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_that_lives_and_serves_says_so_and_tells_its_figures() {
    let server = server().await;
    let get = async |path: &str| {
        let response = server.http.get(server.url(path)).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    assert_eq!(get("/healthz").await.0, 200);
    assert_eq!(get("/readyz").await.0, 200);
    let _phone = server.join_as(crate::wire::everything()).await;
    let (status, figures) = get("/metrics").await;
    assert_eq!(status, 200);
    for line in ["# TYPE kejing_sockets gauge", "kejing_sockets 0", "kejing_participants 1", "# EOF"] {
        assert!(figures.lines().any(|found| found == line), "{line}: {figures}");
    }
    server.stop().await.unwrap();
}

/// Asks on a connection of its own; what comes back is read later.
async fn ask(address: std::net::SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn while_the_ledger_is_being_read_the_server_lives_and_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // They wait at the door before the server starts, so they are let in before it has read its ledger.
    let (alive, ready, season_asked) =
        (ask(address, "/healthz").await, ask(address, "/readyz").await, ask(address, "/api/v1/season").await);
    let server = Start::of(&season(ROUNDS)).start_on(listener).await.unwrap();
    let answer = async |mut stream: TcpStream| {
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    };
    assert!(answer(alive).await.starts_with("HTTP/1.1 200 "));
    for asked in [ready, season_asked] {
        let text = answer(asked).await;
        assert!(text.starts_with("HTTP/1.1 503 ") && text.contains("retry-after: "), "{text}");
        let problem: serde_json::Value = serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap();
        assert_eq!((&problem["code"], &problem["status"]), (&json!("unavailable"), &json!(503)));
    }
    assert_eq!(server.http.get(server.url("/readyz")).send().await.unwrap().status(), 200);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_full_server_says_that_it_is_busy_and_goes_on_for_those_inside() {
    let mut start = Start::of(&season(ROUNDS));
    start.settings.connections_max = 1;
    let server = start.start().await.unwrap();
    // The client keeps its one connection.
    assert_eq!(server.get("/season", None).await.0, 200);
    let second = reqwest::Client::new().get(server.url("/api/v1/season")).send().await.unwrap();
    assert_eq!(second.status(), 503);
    let problem: serde_json::Value = second.json().await.unwrap();
    assert_eq!(problem["code"], "busy");
    assert!(problem["retry_after_ms"].as_u64().unwrap() > 0);
    assert_eq!(server.get("/season", None).await.0, 200);
    server.stop().await.unwrap();
}
