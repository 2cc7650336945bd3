//! One socket of a player: sends, receives, keeps itself alive, and passes over what concerns no attempt.

use futures_util::{SinkExt, StreamExt};
use tokio::time::timeout_at;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::clock::{Micros, instant, now_us};
use crate::crowd::Crowd;
use crate::net::{SUBPROTOCOL, Socket};
use crate::wire::{self, Pong, Reconnect};

/// The connection is gone; how, as far as it was told.
#[derive(Debug)]
pub(crate) struct Lost {
    pub close: Option<u16>,
    /// The server said `reconnect`: it drains, and we come back after so long.
    pub return_after_ms: Option<u64>,
    /// What this side found out about it, for the report.
    pub why: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameKind {
    Welcome,
    Question,
    Verdict,
    Result,
    Error,
    Board,
    Pong,
    Superseded,
}

#[derive(Debug)]
pub(crate) struct Frame {
    pub kind: FrameKind,
    pub text: Utf8Bytes,
    pub at: Micros,
}

pub(crate) struct Link {
    socket: Socket,
    ping_us: Micros,
    pinged: Micros,
    return_after_ms: Option<u64>,
}

impl Link {
    pub(crate) async fn open(crowd: &Crowd, source: usize) -> anyhow::Result<Link> {
        let _turn = crowd.handshakes.acquire().await?;
        let socket = crowd.target.socket(source, Some(SUBPROTOCOL)).await?;
        // Until `welcome` says how often.
        let ping_us = 25_000_000;
        Ok(Link { socket, ping_us, pinged: now_us(), return_after_ms: None })
    }

    pub(crate) fn ping_every(&mut self, ms: u64) {
        self.ping_us = ms.max(100) * 1000;
    }

    pub(crate) async fn send(&mut self, text: String) -> Result<(), Lost> {
        let sent = self.socket.send(Message::text(text)).await;
        sent.map_err(|error| Lost { why: format!("sending: {error}"), ..self.lost(None) })
    }

    /// The next frame that matters, or `None` once `until` has come. Pongs are among them: they answer the stray `ping`s.
    pub(crate) async fn next(&mut self, until: Micros) -> Result<Option<Frame>, Lost> {
        loop {
            let ping_at = self.pinged + self.ping_us;
            let Ok(received) = timeout_at(instant(until.min(ping_at)), self.socket.next()).await else {
                let now = now_us();
                if now >= until {
                    return Ok(None);
                }
                if now >= ping_at {
                    self.pinged = now;
                    self.send(wire::ping(0)).await?;
                }
                continue;
            };
            let at = now_us();
            match received {
                Some(Ok(Message::Text(text))) => {
                    if let Some(frame) = self.sort(text, at) {
                        return Ok(Some(frame));
                    }
                }
                Some(Ok(Message::Close(frame))) => return Err(self.lost(frame.map(|f| f.code))),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(Lost { why: error.to_string(), ..self.lost(None) }),
                None => return Err(self.lost(None)),
            }
        }
    }

    fn sort(&mut self, text: Utf8Bytes, at: Micros) -> Option<Frame> {
        let kind = match wire::type_of(&text).as_deref() {
            Some("verdict") => FrameKind::Verdict,
            Some("question") => FrameKind::Question,
            Some("result") => FrameKind::Result,
            Some("welcome") => FrameKind::Welcome,
            Some("error") => FrameKind::Error,
            Some("board") => FrameKind::Board,
            Some("superseded") => FrameKind::Superseded,
            Some("pong") => match serde_json::from_str::<Pong>(&text) {
                Ok(pong) if pong.n == 0 => return None,
                _ => FrameKind::Pong,
            },
            Some("reconnect") => {
                self.return_after_ms = serde_json::from_str::<Reconnect>(&text).ok().map(|r| r.after_ms);
                return None;
            }
            // `clock`, `notice`, `corrected` and what later versions add concern no check here.
            _ => return None,
        };
        Some(Frame { kind, text, at })
    }

    fn lost(&self, close: Option<CloseCode>) -> Lost {
        Lost { close: close.map(u16::from), return_after_ms: self.return_after_ms, why: String::new() }
    }
}
