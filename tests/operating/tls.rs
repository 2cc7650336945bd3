//! TLS of the server's own: pages and sockets over it, new certificates without a restart, strangers that never finish.

use super::ROUNDS;
use crate::harness::Server;
use crate::harness::Start;
use crate::harness::season;
use futures_util::SinkExt;
use futures_util::StreamExt;
use kejing::transport::tls::Tls;
use kejing::transport::tls::TlsFiles;
use rcgen::CertifiedKey;
use rcgen::KeyPair;
use serde_json::Value;
use serde_json::json;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// A failing test's patience, not a pace; a handshake's own time is within it.
const PATIENCE: Duration = Duration::from_secs(40);

/// Writes a fresh pair, and returns the certificate that a client then trusts.
fn pair(folder: &Path) -> CertificateDer<'static> {
    let CertifiedKey { cert, signing_key } = made();
    fs::write(folder.join("key.pem"), signing_key.serialize_pem()).unwrap();
    fs::write(folder.join("cert.pem"), cert.pem()).unwrap();
    cert.der().clone()
}

fn made() -> CertifiedKey<KeyPair> {
    rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap()
}

async fn server(folder: &Path) -> Server {
    let files = TlsFiles { certificate: folder.join("cert.pem"), key: folder.join("key.pem") };
    let mut start = Start::of(&season(ROUNDS));
    start.settings.tls = Some(Arc::new(Tls::open(files).unwrap()));
    start.start().await.unwrap()
}

/// A connection that trusts this certificate and no other.
async fn connect(server: &Server, trusted: &CertificateDer<'static>) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = TcpStream::connect(server.address).await.unwrap();
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost").unwrap(), stream).await
}

#[tokio::test]
async fn pages_are_served_over_tls_and_ask_to_be_asked_for_so_again() {
    let folder = tempfile::tempdir().unwrap();
    let trusted = pair(folder.path());
    let server = server(folder.path()).await;
    let mut stream = connect(&server, &trusted).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
    assert!(text.contains("strict-transport-security: max-age="), "{text}");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_phone_plays_over_tls_until_the_server_says_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let trusted = pair(folder.path());
    let server = server(folder.path()).await;
    let stream = connect(&server, &trusted).await.unwrap();
    let mut request = "wss://localhost/ws".into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "kejing.v1".parse().unwrap());
    request.headers_mut().insert("origin", "https://localhost".parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
    socket.send(Message::text(json!({"type": "hello"}).to_string())).await.unwrap();
    let mut hear = async || -> Value {
        match tokio::time::timeout(PATIENCE, socket.next()).await.unwrap() {
            Some(Ok(Message::Text(text))) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(hear().await["type"], "welcome");
    let (heard, stopped) = tokio::join!(hear(), server.stop());
    assert_eq!(heard["type"], "reconnect");
    stopped.unwrap();
}

#[tokio::test]
async fn a_new_certificate_is_used_without_a_restart_and_a_broken_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let first = pair(folder.path());
    let server = server(folder.path()).await;
    connect(&server, &first).await.unwrap();
    fs::write(folder.path().join("cert.pem"), made().cert.pem()).unwrap();
    connect(&server, &first).await.unwrap();
    let second = pair(folder.path());
    let renewed = async {
        let mut again = tokio::time::interval(Duration::from_millis(50));
        while connect(&server, &second).await.is_err() {
            again.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, renewed).await.expect("the new certificate was not taken");
    assert!(connect(&server, &first).await.is_err());
    server.stop().await.unwrap();
}

#[tokio::test]
async fn who_never_finishes_the_handshake_is_let_go() {
    let folder = tempfile::tempdir().unwrap();
    let trusted = pair(folder.path());
    let server = server(folder.path()).await;
    // The first bytes of a ClientHello, and then nothing.
    let mut half = TcpStream::connect(server.address).await.unwrap();
    half.write_all(&[0x16, 0x03, 0x01, 0x02, 0x00]).await.unwrap();
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    // Plain HTTP is told off at once, and others are served meanwhile.
    let mut plain = TcpStream::connect(server.address).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    connect(&server, &trusted).await.unwrap();
    for stream in [&mut plain, &mut half, &mut silent] {
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "the connection stays open");
    }
    server.stop().await.unwrap();
}
