//! Requests that are not what they seem: two lengths, smuggled ones, huge ones, paths that lead outside.

use super::ROUNDS;
use crate::harness::Server;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// Sends these bytes and nothing more; everything that comes back until the connection ends.
async fn say(server: &Server, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let mut answer = Vec::new();
    let said = async {
        // It may be closed while it is still being said.
        if stream.write_all(bytes).await.is_ok() {
            let _ = stream.shutdown().await;
        }
        let _ = stream.read_to_end(&mut answer).await;
    };
    tokio::time::timeout(Duration::from_secs(20), said).await.expect("no answer and no end");
    String::from_utf8_lossy(&answer).into_owned()
}

/// The statuses of all answers on a connection.
fn statuses(answers: &str) -> Vec<u16> {
    let status = |line: &str| line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest[..3].parse().ok());
    // An answer follows the body before it without a line of its own.
    answers.replace("HTTP/1.1 ", "\nHTTP/1.1 ").lines().filter_map(status).collect()
}

#[tokio::test]
async fn a_request_of_two_lengths_is_refused_and_nothing_after_it_is_read() {
    let server = Server::of(ROUNDS).await;
    let smuggled = "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n";
    for lengths in [
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5, 6\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: 5x\r\n",
        "Content-Length: 99999999999999999999999\r\n",
        "Content-Length : 5\r\n",
        "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: x\r\n",
        " folded: line\r\n",
    ] {
        let request = format!("POST /api/v1/sessions HTTP/1.1\r\nHost: h\r\n{lengths}\r\n0\r\n\r\n{smuggled}");
        let answers = say(&server, request.as_bytes()).await;
        assert_eq!(statuses(&answers), [400], "{lengths}: {answers}");
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_head_without_end_and_a_url_without_end_are_refused() {
    let server = Server::of(ROUNDS).await;
    let check = async |what: &str, request: String, expected: &[u16]| {
        let answers = say(&server, request.as_bytes()).await;
        let found = statuses(&answers);
        assert!(found.len() == 1 && expected.contains(&found[0]), "{what}: {answers}");
    };
    check("a long URL", format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", "a".repeat(20_000)), &[414, 431]).await;
    check(
        "a long query",
        format!("GET /api/v1/organisations?q={} HTTP/1.1\r\nHost: h\r\n\r\n", "a".repeat(70_000)),
        &[414, 431],
    )
    .await;
    check("a long header", format!("GET / HTTP/1.1\r\nHost: h\r\nX: {}\r\n\r\n", "a".repeat(20_000)), &[431]).await;
    check("many headers", format!("GET / HTTP/1.1\r\nHost: h\r\n{}\r\n", "X: 1\r\n".repeat(200)), &[431]).await;
    check("no head at all", "a".repeat(20_000), &[400, 414, 431]).await;
    check("a control character", "GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n".to_owned(), &[400]).await;
    assert_eq!(say(&server, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await, "", "another protocol has no answer here");
    check("an unknown method", "STEAL / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".to_owned(), &[405]).await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_chunked_body_may_not_be_larger_than_a_plain_one() {
    let server = Server::of(ROUNDS).await;
    let head = "POST /api/v1/participants HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = format!("1000\r\n{}\r\n", " ".repeat(0x1000));
    let answers = say(&server, format!("{head}{}0\r\n\r\n", chunk.repeat(5)).as_bytes()).await;
    assert_eq!(statuses(&answers)[..1], [413], "{answers}");
    for broken in ["zz\r\n", "ffffffffffffffffff\r\n", "-1\r\n", "5\r\nabcdefgh"] {
        let answers = say(&server, format!("{head}{broken}").as_bytes()).await;
        assert!(matches!(statuses(&answers)[..], [400] | []), "{broken}: {answers}");
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn no_path_leads_out_of_the_pages_and_pictures() {
    let server = Server::of(ROUNDS).await;
    for path in [
        "/../../../../etc/passwd",
        "/..%2f..%2fetc/passwd",
        "//etc/passwd",
        "/./.",
        "/assets/../../Cargo.toml",
        "/assets/..%2f..%2fCargo.toml",
        "/media/../../Cargo.toml",
        "/media/..%2f..%2fCargo.toml",
        "/media/%2e%2e/%2e%2e/Cargo.toml",
        "/media/..%5c..%5cCargo.toml",
        "/media//etc/passwd",
        "/media/%2fetc%2fpasswd",
        "/media/a%00.png",
        "/media/.hidden",
        "/%00",
        "/data/ledger.db",
        "/kejing.key",
        "/api/v1/../../healthz",
    ] {
        let answers =
            say(&server, format!("GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").as_bytes()).await;
        assert!(matches!(statuses(&answers)[..], [404] | [400]), "{path}: {answers}");
        assert!(answers.contains("application/problem+json") || statuses(&answers) == [400], "{path}: {answers}");
        assert!(!answers.contains("root:") && !answers.contains("[package]"), "{path}: {answers}");
    }
    server.stop().await.unwrap();
}
