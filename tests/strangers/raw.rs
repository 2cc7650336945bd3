//! A client that may break the WebSocket's rules: bytes on a TCP connection.

use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

pub(crate) const CONTINUATION: u8 = 0x0;
pub(crate) const TEXT: u8 = 0x1;
pub(crate) const CLOSE: u8 = 0x8;
pub(crate) const PING: u8 = 0x9;
pub(crate) const FIN: u8 = 0x80;

const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Raw {
    stream: TcpStream,
}

impl Raw {
    /// Asks for a WebSocket with these header lines besides; the status and the head of the answer.
    pub(crate) async fn knock(address: SocketAddr, more: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = ask(&mut stream, address, more).await;
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head)
    }

    /// A socket that has been let in and has said nothing.
    pub(crate) async fn connect(address: SocketAddr) -> Raw {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = ask(&mut stream, address, "Sec-WebSocket-Protocol: kejing.v1\r\n").await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        Raw { stream }
    }

    /// One that has said hello as a spectator and been welcomed.
    pub(crate) async fn welcomed(address: SocketAddr) -> Raw {
        let mut raw = Raw::connect(address).await;
        raw.send(FIN | TEXT, br#"{"type":"hello"}"#).await;
        assert!(raw.text().await.contains("\"welcome\""));
        raw
    }

    /// A masked frame with this first byte.
    pub(crate) async fn send(&mut self, first: u8, payload: &[u8]) {
        let mask = [0x12, 0x34, 0x56, 0x78];
        let mut frame = head(first, payload.len(), 0x80);
        frame.extend(mask);
        frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        self.bytes(&frame).await;
    }

    /// The same without a mask, which clients must not send.
    pub(crate) async fn send_unmasked(&mut self, first: u8, payload: &[u8]) {
        let mut frame = head(first, payload.len(), 0);
        frame.extend(payload);
        self.bytes(&frame).await;
    }

    pub(crate) async fn bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// The next frame: its first byte and what it carries.
    pub(crate) async fn any(&mut self) -> (u8, Vec<u8>) {
        tokio::time::timeout(PATIENCE, async {
            let mut head = [0; 2];
            self.stream.read_exact(&mut head).await.unwrap();
            let length = match head[1] {
                126 => usize::from(self.stream.read_u16().await.unwrap()),
                127 => panic!("a frame of more than 64 KiB"),
                length => usize::from(length),
            };
            let mut payload = vec![0; length];
            self.stream.read_exact(&mut payload).await.unwrap();
            (head[0], payload)
        })
        .await
        .expect("nothing came in time")
    }

    /// Passes frames over until one carries what is wanted.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&str) -> bool) {
        while !wanted(&String::from_utf8_lossy(&self.any().await.1)) {}
    }

    /// Passes everything over until the connection ends, which it has to.
    pub(crate) async fn ends(&mut self) {
        let mut rest = Vec::new();
        // A reset is an end, too.
        let _ =
            tokio::time::timeout(PATIENCE, self.stream.read_to_end(&mut rest)).await.expect("it did not end in time");
    }

    /// The next frame, which has to be a text.
    pub(crate) async fn text(&mut self) -> String {
        let (first, payload) = self.any().await;
        assert_eq!(first, FIN | TEXT, "{payload:?}");
        String::from_utf8(payload).unwrap()
    }

    /// The next frame, which has to be a close, and its code; then the connection ends.
    pub(crate) async fn close_code(&mut self) -> u16 {
        let (first, payload) = self.any().await;
        assert_eq!(first, FIN | CLOSE, "{:?}", String::from_utf8_lossy(&payload));
        u16::from_be_bytes([payload[0], payload[1]])
    }
}

fn head(first: u8, length: usize, masked: u8) -> Vec<u8> {
    let mut head = vec![first];
    match length {
        0..=125 => head.push(masked | length as u8),
        126..=65_535 => {
            head.push(masked | 126);
            head.extend((length as u16).to_be_bytes());
        }
        _ => {
            head.push(masked | 127);
            head.extend((length as u64).to_be_bytes());
        }
    }
    head
}

async fn ask(stream: &mut TcpStream, address: SocketAddr, more: &str) -> String {
    let request = format!(
        "GET /ws HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{more}\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}
