//! Frames: how large, of what, and what breaks the WebSocket's own rules. Each is answered at once with its close code.

use super::ROUNDS;
use super::raw::CLOSE;
use super::raw::CONTINUATION;
use super::raw::FIN;
use super::raw::PING;
use super::raw::Raw;
use super::raw::TEXT;
use crate::harness::Server;

/// A ping of so many bytes.
fn ping_of(bytes: usize) -> Vec<u8> {
    let bare = r#"{"type":"ping","n":1,"more":""}"#.len();
    format!(r#"{{"type":"ping","n":1,"more":"{}"}}"#, "x".repeat(bytes - bare)).into_bytes()
}

#[tokio::test]
async fn four_kibibytes_are_taken_and_one_byte_more_is_not() {
    let server = Server::of(ROUNDS).await;
    let mut raw = Raw::welcomed(server.address).await;
    raw.send(FIN | TEXT, &ping_of(4096)).await;
    assert!(raw.text().await.contains("\"pong\""));
    raw.send(FIN | TEXT, &ping_of(4097)).await;
    assert_eq!(raw.close_code().await, 1009);

    // In pieces, too; and before they have all come.
    let mut raw = Raw::welcomed(server.address).await;
    raw.send(TEXT, &ping_of(4000)).await;
    raw.send(CONTINUATION, &[b'x'; 97]).await;
    assert_eq!(raw.close_code().await, 1009);

    // A head that promises much is enough.
    let mut raw = Raw::welcomed(server.address).await;
    raw.bytes(&[FIN | TEXT, 0x80 | 127, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 1, 2, 3, 4]).await;
    assert_eq!(raw.close_code().await, 1009);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_message_in_pieces_is_one_message() {
    let server = Server::of(ROUNDS).await;
    let mut raw = Raw::welcomed(server.address).await;
    let message = ping_of(60);
    raw.send(TEXT, &message[..10]).await;
    raw.send(FIN | PING, b"still here").await; // may stand between the pieces
    raw.send(CONTINUATION, &message[10..20]).await;
    raw.send(FIN | CONTINUATION, &message[20..]).await;
    let pong = raw.any().await;
    assert_eq!(pong, (FIN | 0xA, b"still here".to_vec()));
    assert!(raw.text().await.contains("\"pong\""));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn text_that_is_not_utf_8_ends_the_socket() {
    let server = Server::of(ROUNDS).await;
    for broken in [&b"\"\xff\""[..], b"\xc0\xaf", b"\xed\xa0\x80", b"{\"type\":\"\xe4\xbd\"}"] {
        let mut raw = Raw::welcomed(server.address).await;
        raw.send(FIN | TEXT, broken).await;
        assert_eq!(raw.close_code().await, 1007, "{broken:?}");
    }
    // A character that is cut between two pieces is whole.
    let mut raw = Raw::welcomed(server.address).await;
    let message = "{\"type\":\"ping\",\"n\":1,\"more\":\"科\"}".as_bytes();
    raw.send(TEXT, &message[..message.len() - 4]).await;
    raw.send(FIN | CONTINUATION, &message[message.len() - 4..]).await;
    assert!(raw.text().await.contains("\"pong\""));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn what_breaks_the_protocol_ends_the_socket_at_once() {
    let server = Server::of(ROUNDS).await;
    let ping = ping_of(40);

    let mut raw = Raw::welcomed(server.address).await;
    raw.send_unmasked(FIN | TEXT, &ping).await;
    assert_eq!(raw.close_code().await, 1002, "unmasked");

    let check = async |what: &str, first: u8, payload: &[u8]| {
        let mut raw = Raw::welcomed(server.address).await;
        raw.send(first, payload).await;
        assert_eq!(raw.close_code().await, 1002, "{what}");
    };
    check("a reserved bit", FIN | 0x40 | TEXT, &ping).await;
    check("another reserved bit", FIN | 0x10 | TEXT, &ping).await;
    check("an unknown kind of frame", FIN | 0x3, &ping).await;
    check("an unknown control frame", FIN | 0xB, b"").await;
    check("a piece of nothing", FIN | CONTINUATION, &ping).await;
    check("a control frame in pieces", PING, b"x").await;
    check("a control frame that is too long", FIN | PING, &[b'x'; 126]).await;
    check("a close of one byte", FIN | CLOSE, b"x").await;

    let mut raw = Raw::welcomed(server.address).await;
    raw.send(TEXT, &ping[..10]).await;
    raw.send(FIN | TEXT, &ping).await;
    assert_eq!(raw.close_code().await, 1002, "a message within another");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn who_breaks_the_rules_before_hello_is_treated_alike() {
    let server = Server::of(ROUNDS).await;
    let mut raw = Raw::connect(server.address).await;
    raw.send(FIN | TEXT, &ping_of(4097)).await;
    assert_eq!(raw.close_code().await, 1009);
    let mut raw = Raw::connect(server.address).await;
    raw.send_unmasked(FIN | TEXT, b"{}").await;
    assert_eq!(raw.close_code().await, 1002);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_clients_close_is_answered() {
    let server = Server::of(ROUNDS).await;
    let mut raw = Raw::welcomed(server.address).await;
    raw.send(FIN | CLOSE, &1000_u16.to_be_bytes()).await;
    assert_eq!(raw.close_code().await, 1000);
    server.stop().await.unwrap();
}
