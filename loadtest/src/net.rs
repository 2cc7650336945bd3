//! Connections: where the server is, and client addresses spread over 127.0.0.0/8, as phones are spread over networks.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

pub(crate) type Socket = WebSocketStream<TcpStream>;

pub(crate) const SUBPROTOCOL: &str = "kejing.v1";

/// A connection that takes longer counts as failed.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// Larger than any frame that a contest sends; a server that sends more is cut off.
const FRAME_MAX: usize = 256 * 1024;

#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub addr: SocketAddr,
    pub authority: String,
    sources: u32,
}

impl Target {
    /// `url` is `http://HOST:PORT` or `ws://HOST:PORT`.
    pub(crate) async fn find(url: &str, sources: u32) -> anyhow::Result<Target> {
        let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("ws://"));
        let Some(rest) = rest else { bail!("{url}: an address begins with http:// (TLS is a proxy's part)") };
        let authority = rest.split('/').next().unwrap_or_default().to_owned();
        let with_port = if authority.contains(':') { authority.clone() } else { format!("{authority}:80") };
        let addr = tokio::net::lookup_host(&with_port)
            .await
            .with_context(|| format!("looking up {with_port}"))?
            .next()
            .with_context(|| format!("{with_port} has no address"))?;
        Ok(Target { addr, authority, sources: sources.max(1) })
    }

    /// A connection from the client address numbered `source`.
    pub(crate) async fn tcp(&self, source: usize) -> anyhow::Result<TcpStream> {
        let socket = if self.addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        if self.addr.is_ipv4() && self.addr.ip().is_loopback() {
            socket.bind(SocketAddr::new(self.source(source), 0))?;
        }
        socket.set_nodelay(true)?;
        Ok(timeout(CONNECT_TIMEOUT, socket.connect(self.addr)).await??)
    }

    /// A WebSocket at `/ws`, with the contest's subprotocol where `subprotocol` asks for it.
    pub(crate) async fn socket(&self, source: usize, subprotocol: Option<&'static str>) -> anyhow::Result<Socket> {
        let stream = self.tcp(source).await?;
        let mut request = format!("ws://{}/ws", self.authority).into_client_request()?;
        if let Some(name) = subprotocol {
            request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static(name));
        }
        let upgrade = client_async_with_config(request, stream, Some(config()));
        let (socket, _) = timeout(CONNECT_TIMEOUT, upgrade).await??;
        Ok(socket)
    }

    fn source(&self, number: usize) -> IpAddr {
        let n = number as u32 % self.sources;
        let octet = |n: u32| (n % 250) as u8 + 1;
        IpAddr::V4(Ipv4Addr::new(127, octet(n / 62_500 + 9), octet(n / 250), octet(n)))
    }
}

/// Small buffers: tens of thousands of sockets share this process, and the default read buffer is zero-filled at each read.
fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(1536)
        .write_buffer_size(0)
        .max_write_buffer_size(64 * 1024)
        .max_message_size(Some(FRAME_MAX))
        .max_frame_size(Some(FRAME_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn client_addresses_are_as_many_as_asked_for_and_all_of_loopback() {
        let target = Target::find("http://127.0.0.1:9", 1000).await.unwrap();
        let mut seen = std::collections::HashSet::new();
        for n in 0..3000 {
            let address = target.source(n);
            assert!(address.is_loopback());
            seen.insert(address);
        }
        assert_eq!(seen.len(), 1000);
    }

    #[tokio::test]
    async fn only_plain_http_addresses_are_taken() {
        assert!(Target::find("https://127.0.0.1:9", 1).await.is_err());
        assert_eq!(Target::find("http://127.0.0.1:9/x", 1).await.unwrap().authority, "127.0.0.1:9");
    }
}
