//! While it drains, a server says that it lives and is not ready, so that a proxy sends nobody new.

use super::PATIENCE;
use super::ROUNDS;
use crate::harness::Server;
use futures_util::SinkExt;
use serde_json::json;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpSocket;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// A client that asks and never reads, until the server can tell it no more: its socket keeps the drain waiting.
async fn stalled(address: SocketAddr) -> WebSocketStream<TcpStream> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let stream = socket.connect(address).await.unwrap();
    let mut request = format!("ws://{address}/ws").into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "kejing.v1".parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
    let hello = Message::text(json!({"type": "hello"}).to_string());
    // Nothing is taken any more for so long: the server waits for us as we for it.
    while let Ok(sent) = tokio::time::timeout(Duration::from_secs(1), socket.send(hello.clone())).await {
        sent.unwrap();
    }
    socket
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_it_drains_the_server_lives_and_is_not_ready() {
    let server = Server::of(ROUNDS).await;
    let (http, ready, alive) = (server.http.clone(), server.url("/readyz"), server.url("/healthz"));
    let stalled = stalled(server.address).await;
    assert_eq!(http.get(&ready).send().await.unwrap().status(), 200);
    let stopping = tokio::spawn(server.stop());
    let draining = async { while http.get(&ready).send().await.unwrap().status() != 503 {} };
    tokio::time::timeout(PATIENCE, draining).await.expect("it says that it is ready");
    assert_eq!(http.get(&alive).send().await.unwrap().status(), 200);
    drop(stalled);
    stopping.await.unwrap().unwrap();
}
