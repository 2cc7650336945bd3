//! Clients that are slow, silent, or do not read: each loses its connection in bounded time, and a phone resumes.

use crate::harness::Phone;
use crate::harness::Server;
use crate::harness::Start;
use crate::harness::season;
use crate::harness::steps::round;
use futures_util::SinkExt;
use kejing::transport::state::Patience;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

const LIMIT: Duration = Duration::from_secs(20);
/// Short, so that a test does not last as long as real patience.
const SHORT: Patience = Patience { head_ms: 300, body_ms: 300, unread_ms: 500 };
const LONG: u64 = 60_000;

async fn server(patience: Patience) -> Server {
    let mut start = Start::of(&season(&round("daily", "question_seconds = 30\nattempts_per_day = 1")));
    start.settings.patience = patience;
    start.start().await.unwrap()
}

/// Everything that comes until the connection ends, which it has to.
async fn rest(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let read = tokio::time::timeout(LIMIT, stream.read_to_end(&mut text)).await;
    // A reset is an end, too.
    let _ = read.expect("the connection did not end in time");
    String::from_utf8_lossy(&text).into_owned()
}

/// With a small buffer, so that little fills it.
async fn small(address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(address).await.unwrap()
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_ends_the_connection() {
    let server = server(Patience { body_ms: LONG, ..SHORT }).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let mut drip = tokio::time::interval(Duration::from_millis(20));
    stream.write_all(b"GET / HTTP/1.1\r\nHost: h\r\nX: ").await.unwrap();
    let ended = async {
        let mut came = [0; 512];
        loop {
            tokio::select! {
                read = stream.read(&mut came) => match read {
                    Ok(0) | Err(_) => break,
                    Ok(_) => {}
                },
                _ = drip.tick() => if stream.write_all(b"x").await.is_err() { break },
            }
        }
    };
    tokio::time::timeout(LIMIT, ended).await.expect("a slow head holds a connection");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn who_connects_and_says_nothing_is_let_go() {
    let server = server(Patience { body_ms: LONG, ..SHORT }).await;
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    assert_eq!(rest(&mut silent).await, "");
    // Likewise who has asked once and keeps the connection.
    let mut kept = TcpStream::connect(server.address).await.unwrap();
    kept.write_all(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
    let answer = rest(&mut kept).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("ok\n"), "{answer}");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_body_that_does_not_come_is_answered_without_it() {
    let server = server(Patience { head_ms: LONG, ..SHORT }).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = "POST /api/v1/participants HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"na";
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("application/problem+json") && answer.contains("请求没有及时送达"), "{answer}");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_reader_that_stops_reading_pages_loses_its_connection() {
    let server = server(Patience { head_ms: LONG, body_ms: LONG, ..SHORT }).await;
    let mut stream = small(server.address).await;
    let asked = "GET /api/v1/season HTTP/1.1\r\nHost: h\r\n\r\n".repeat(50);
    // Until the server takes no more, since nobody takes what it has said.
    let asking = async { while stream.write_all(asked.as_bytes()).await.is_ok() {} };
    tokio::time::timeout(LIMIT, asking).await.expect("the connection did not end in time");
    // The one that asks is left.
    server.comes_to("kejing_connections", 1).await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_phone_that_never_reads_loses_its_socket_and_resumes() {
    let server = server(Patience { head_ms: LONG, body_ms: LONG, ..SHORT }).await;
    let token = server.join("韦小兰").await;
    let mut request = format!("ws://{}/ws", server.address).into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "kejing.v1".parse().unwrap());
    let stream = tokio_tungstenite::MaybeTlsStream::Plain(small(server.address).await);
    let (socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
    let mut phone = Phone { socket };
    phone.say(serde_json::json!({"type": "hello", "token": token})).await;
    phone.hear("welcome").await;
    let question = phone.start("daily").await;
    // It goes on asking, and every answer has to wait for it: the server keeps none of them.
    let asking = async {
        let ping = Message::text(r#"{"type":"ping","n":1}"#);
        while phone.socket.feed(ping.clone()).await.is_ok() {}
    };
    tokio::time::timeout(LIMIT, asking).await.expect("the socket did not end in time");
    server.comes_to("kejing_sockets", 0).await;
    let (mut phone, welcome) = server.hello(&token).await;
    assert_eq!(welcome["attempt"], question["attempt"]);
    assert_eq!(phone.hear("question").await["stem"], question["stem"]);
    server.stop().await.unwrap();
}
