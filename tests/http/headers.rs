//! The headers that keep a browser out of trouble, on every answer of every route: pages, calls, refusals, what is not there.

use super::ROUNDS;
use super::server;
use crate::harness::Start;
use crate::harness::season;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;

const EXPECTED: [(&str, &str); 5] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// All headers are there, and none lets in what it should keep out.
fn check(what: &str, header: impl Fn(&str) -> String) {
    for (name, value) in EXPECTED {
        assert_eq!(header(name), value, "{what}: {name}");
    }
    let policy = header("content-security-policy");
    for part in
        ["default-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "object-src 'none'", "form-action 'self'"]
    {
        assert!(policy.split("; ").any(|found| found == part), "{what}: {part}: {policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("script-src") && !policy.contains('*'), "{what}: {policy}");
    let devices = header("permissions-policy");
    assert!(devices.contains("camera=()") && devices.contains("geolocation=()"), "{what}: {devices}");
    assert!(!header("cache-control").is_empty(), "{what}: how long may it be kept?");
    assert!(!header("content-type").is_empty() || header("content-length") == "0", "{what}: of what type is it?");
}

#[tokio::test]
async fn every_answer_of_every_route_has_them() {
    let server = server().await;
    let token = super::somebody(&server, "韦小兰", "450200", serde_json::json!({})).await;
    let page = server.http.get(server.url("/")).send().await.unwrap().text().await.unwrap();
    let asset = page.split('"').find(|part| part.starts_with("/assets/")).unwrap_or("/");
    let routes: &[(&str, &str, u16)] = &[
        ("GET", "/", 200),
        ("HEAD", "/", 200),
        ("GET", "/boards", 200),
        ("GET", "/desk", 200),
        ("GET", asset, 200),
        ("GET", "/nothing", 404),
        ("POST", "/", 405),
        ("GET", "/healthz", 200),
        ("GET", "/readyz", 200),
        ("GET", "/metrics", 200),
        ("POST", "/healthz", 405),
        ("GET", "/media/none.png", 404),
        ("GET", "/ws", 400),
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/v1/season", 200),
        ("GET", "/api/v1/notices", 200),
        ("GET", "/api/v1/organisations", 200),
        ("GET", "/api/v1/organisations?city=1", 400),
        ("GET", "/api/v1/boards/region", 200),
        ("GET", "/api/v1/boards/cities", 200),
        ("GET", "/api/v1/boards/moon", 404),
        ("GET", "/api/v1/rounds/daily/proof", 200),
        ("GET", "/api/v1/rounds/none/proof", 404),
        ("GET", "/api/v1/receipts/none", 404),
        ("POST", "/api/v1/participants", 400),
        ("POST", "/api/v1/sessions", 400),
        ("DELETE", "/api/v1/season", 405),
        ("GET", "/api/v1/me", 200),
        ("PATCH", "/api/v1/me", 400),
        ("GET", "/api/v1/me/attempts", 200),
        ("GET", "/api/v1/me/attempts/none", 404),
        ("POST", "/api/v1/me/code", 200),
        ("POST", "/api/v1/me/reports", 400),
        ("GET", "/api/desk/v1/session", 200),
        ("POST", "/api/desk/v1/session", 403),
        ("GET", "/api/desk/v1/staff", 401),
        ("GET", "/api/desk/v1/nothing", 404),
        ("GET", "/api/desk/v1/openapi.json", 200),
        ("GET", "/api/desk/v1/reader", 200),
        ("GET", "/api/desk/v1/reader.js", 200),
        ("GET", "/api/desk/v1/reader.css", 200),
    ];
    for (method, path, status) in routes {
        let what = format!("{method} {path}");
        let request = server.http.request(method.parse().unwrap(), server.url(path)).bearer_auth(&token);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), *status, "{what}");
        check(&what, |name| {
            response.headers().get(name).map_or(String::new(), |value| value.to_str().unwrap().to_owned())
        });
        if path.starts_with("/api/v1/me") {
            assert_eq!(response.headers()["cache-control"], "no-store", "{what}: it is somebody's own");
        }
    }
    let response = server.http.get(server.url("/api/v1/me")).send().await.unwrap();
    assert_eq!(response.status(), 401);
    check("nobody's", |name| {
        response.headers().get(name).map_or(String::new(), |value| value.to_str().unwrap().to_owned())
    });
    server.stop().await.unwrap();
}

/// What comes on a connection of its own.
async fn answer(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

async fn ask(address: std::net::SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /api/v1/season HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").await.unwrap();
    stream
}

fn check_text(what: &str, text: &str) {
    assert!(text.starts_with("HTTP/1.1 503 "), "{what}: {text}");
    let head = text.split("\r\n\r\n").next().unwrap();
    let header = |name: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.unwrap_or_default().to_owned()
    };
    check(what, header);
    assert!(!header("retry-after").is_empty(), "{what}: {text}");
}

#[tokio::test]
async fn so_has_what_is_refused_while_the_server_recovers_or_is_full() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let early = ask(listener.local_addr().unwrap()).await;
    let mut start = Start::of(&season(ROUNDS));
    start.settings.connections_max = 1;
    let server = start.start_on(listener).await.unwrap();
    check_text("recovering", &answer(early).await);
    assert_eq!(server.get("/season", None).await.0, 200);
    check_text("full", &answer(ask(server.address).await).await);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn who_came_while_the_server_recovered_and_has_stayed_is_served_after_that() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
    let server = Start::of(&season(ROUNDS)).start_on(listener).await.unwrap();
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").await.unwrap();
    let text = answer(stream).await;
    assert!(text.starts_with("HTTP/1.1 503 ") && text.contains("HTTP/1.1 200 OK"), "{text}");
    server.stop().await.unwrap();
}
