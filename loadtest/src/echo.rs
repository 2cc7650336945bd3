//! `echo`: the reference. An axum WebSocket server tuned as a contest server is, which does nothing but answer.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::any;
use axum::serve::ListenerExt;
use futures_util::SinkExt;
use tokio::net::TcpListener;

use crate::args::EchoArgs;

const READ_BUFFER: usize = 512;
const WRITE_BUFFER: usize = 4096;
const FRAME_MAX: usize = 4096;

/// Sent for each message, in one write; none: the message itself.
type Replies = Arc<[Utf8Bytes]>;

pub(crate) async fn echo(args: EchoArgs) -> anyhow::Result<u64> {
    let replies: Replies = args.replies.iter().map(|&size| Utf8Bytes::from("x".repeat(size))).collect();
    let listener = TcpListener::bind(args.listen).await?;
    println!("echo at ws://{}/ws · pid {}", listener.local_addr()?, std::process::id());
    let listener = listener.tap_io(|stream| {
        // Without it a reply waits for the kernel; a socket that is gone already cannot take it, and shows that at its first read.
        let _ = stream.set_nodelay(true);
    });
    let app = Router::new().route("/ws", any(upgrade)).with_state(replies);
    axum::serve(listener, app)
        .with_graceful_shutdown(async {
            let _ = tokio::signal::ctrl_c().await;
        })
        .await?;
    Ok(0)
}

async fn upgrade(ws: WebSocketUpgrade, State(replies): State<Replies>) -> Response {
    ws.read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(16 * WRITE_BUFFER)
        .max_message_size(FRAME_MAX)
        .max_frame_size(FRAME_MAX)
        .on_upgrade(|socket| serve(socket, replies))
}

async fn serve(mut socket: WebSocket, replies: Replies) {
    while let Some(Ok(message)) = socket.recv().await {
        if !matches!(message, Message::Text(_)) {
            continue;
        }
        if answer(&mut socket, message, &replies).await.is_err() {
            break;
        }
    }
}

async fn answer(socket: &mut WebSocket, message: Message, replies: &Replies) -> Result<(), axum::Error> {
    if replies.is_empty() {
        return socket.send(message).await;
    }
    for reply in replies.iter() {
        socket.feed(Message::Text(reply.clone())).await?;
    }
    socket.flush().await
}
