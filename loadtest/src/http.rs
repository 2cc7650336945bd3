//! The HTTP side: a small pool of kept connections from changing client addresses, and calls that wait for a server to come back.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use crate::clock::{Micros, SECOND_US, now_us};
use crate::net::Target;

/// At once; more wait.
const CONNECTIONS_MAX: usize = 64;
/// Then another client address takes over, so that no address looks like a flood.
const USES_MAX: u32 = 16;
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// For so long a call is tried again while the server is away or too busy.
const PATIENCE_US: Micros = 60 * SECOND_US;

pub(crate) struct Http {
    target: Target,
    permits: Semaphore,
    idle: Mutex<Vec<Link>>,
    next_source: AtomicUsize,
}

struct Link {
    sender: SendRequest<Full<Bytes>>,
    uses: u32,
}

#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub status: u16,
    pub body: Bytes,
}

impl Reply {
    pub(crate) fn json<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        serde_json::from_slice(&self.body).with_context(|| format!("reading {}", self.shown()))
    }

    /// For people: the status and the beginning of the body.
    pub(crate) fn shown(&self) -> String {
        let body = String::from_utf8_lossy(&self.body);
        format!("{} {}", self.status, body.chars().take(300).collect::<String>())
    }

    fn retry_after(&self) -> Duration {
        #[derive(Deserialize)]
        struct Problem {
            retry_after_ms: Option<u64>,
        }
        let told = serde_json::from_slice::<Problem>(&self.body).ok().and_then(|p| p.retry_after_ms);
        Duration::from_millis(told.unwrap_or(200).clamp(20, 5_000))
    }
}

/// What a call says.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub method: &'a Method,
    pub path: &'a str,
    pub token: Option<&'a str>,
    pub body: &'a str,
}

impl<'a> Call<'a> {
    pub(crate) fn get(path: &'a str, token: Option<&'a str>) -> Call<'a> {
        Call { method: &Method::GET, path, token, body: "" }
    }

    pub(crate) fn post(path: &'a str, token: Option<&'a str>, body: &'a str) -> Call<'a> {
        Call { method: &Method::POST, path, token, body }
    }
}

impl Http {
    pub(crate) fn new(target: Target) -> Http {
        Http {
            target,
            permits: Semaphore::new(CONNECTIONS_MAX),
            idle: Mutex::new(Vec::new()),
            next_source: AtomicUsize::new(0),
        }
    }

    /// Reads a JSON answer of status 200.
    pub(crate) async fn read<T: DeserializeOwned>(&self, path: &str, token: Option<&str>) -> anyhow::Result<T> {
        let reply = self.patiently(Call::get(path, token)).await?;
        if reply.status != 200 {
            bail!("GET {path}: {}", reply.shown());
        }
        reply.json().with_context(|| format!("GET {path}"))
    }

    /// Calls until the server answers: a lost connection, 429 and 503 are tried again for a while. Every call of this protocol may be.
    pub(crate) async fn patiently(&self, call: Call<'_>) -> anyhow::Result<Reply> {
        let until = now_us() + PATIENCE_US;
        loop {
            let outcome = self.once(call).await;
            let wait = match &outcome {
                Ok(reply) if reply.status == 429 || reply.status == 503 => reply.retry_after(),
                Ok(_) => return outcome,
                Err(_) => Duration::from_millis(100),
            };
            if now_us() > until {
                return outcome;
            }
            sleep(wait + Duration::from_millis(fastrand::u64(0..100))).await;
        }
    }

    pub(crate) async fn once(&self, call: Call<'_>) -> anyhow::Result<Reply> {
        let _permit = self.permits.acquire().await?;
        let mut link = match self.take_idle() {
            Some(link) => link,
            None => self.open().await?,
        };
        let mut request = Request::builder()
            .method(call.method)
            .uri(format!("/api/v1{}", call.path))
            .header("host", &self.target.authority)
            .header("accept", "application/json");
        if let Some(token) = call.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if !call.body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        let request = request.body(Full::new(Bytes::copy_from_slice(call.body.as_bytes())))?;
        let exchange = async {
            let answer = link.sender.send_request(request).await?;
            let status = answer.status().as_u16();
            let body = answer.into_body().collect().await?.to_bytes();
            Ok::<_, hyper::Error>(Reply { status, body })
        };
        let reply = timeout(CALL_TIMEOUT, exchange)
            .await
            .map_err(|_| anyhow!("{} {}: no answer in {CALL_TIMEOUT:?}", call.method, call.path))??;
        link.uses += 1;
        if link.uses < USES_MAX {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(link);
        }
        Ok(reply)
    }

    fn take_idle(&self) -> Option<Link> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(link) = idle.pop() {
            if link.sender.is_ready() {
                return Some(link);
            }
        }
        None
    }

    async fn open(&self) -> anyhow::Result<Link> {
        let stream = self.target.tcp(self.next_source.fetch_add(1, Ordering::Relaxed)).await?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // Ends with the connection; what it failed with, the call has told already.
        tokio::spawn(async move {
            let _ = connection.await;
        });
        Ok(Link { sender, uses: 0 })
    }
}

/// `text` where a path takes a value (`city:450100`, a name): everything but letters, digits and `-_.~` escaped.
pub(crate) fn in_path(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~:".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_for_a_path() {
        assert_eq!(in_path("city:450100"), "city:450100");
        assert_eq!(in_path("a/b 中"), "a%2Fb%20%E4%B8%AD");
    }
}
