//! Each HTTP request's id and its line in the log: what was asked, how it ended, how long it took, by which participant
//! (opaque). Never an address, a token, a name or what was sent: paths are logged as their templates, without queries.

use crate::contest::clock::chance;
use crate::domain::ids::ParticipantId;
use crate::transport::problem::RefusedWith;
use crate::transport::state::App;
use axum::extract::MatchedPath;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;
use data_encoding::HEXLOWER;
use std::sync::Arc;
use std::sync::OnceLock;
use tracing::Instrument;

/// A proxy's own id is taken over, from proxies that are trusted; from others the header never gets so far.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// A longer id is replaced by one of our own.
const ID_CHARACTERS_MAX: usize = 64;
/// What people do is told; pages and what machines ask for only at `debug`, since a season's phones ask for millions.
const TOLD: &str = "/api/";

/// Is told by whoever recognises the caller.
#[derive(Clone, Default)]
pub struct Asker(Arc<OnceLock<ParticipantId>>);

impl Asker {
    pub fn is(&self, participant: ParticipantId) {
        let _ = self.0.set(participant);
    }
}

/// Gives the request its id, answers with it, and writes its line.
pub async fn with_line(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let id = id_of(request.headers()).unwrap_or_else(|| HEXLOWER.encode(&chance::<8>()));
    let asker = Asker::default();
    request.extensions_mut().insert(asker.clone());
    let method = request.method().clone();
    // A path that no route has may hold anything; what stands for it is no secret.
    let path =
        request.extensions().get::<MatchedPath>().map_or_else(|| "/*".to_owned(), |path| path.as_str().to_owned());
    let began_us = app.contest.clock.ticks_us();
    let span = tracing::error_span!("request", id);
    let mut response = next.run(request).instrument(span).await;
    let ms = (app.contest.clock.ticks_us().saturating_sub(began_us)) / 1_000;
    let status = response.status().as_u16();
    let participant = asker.0.get().map(|participant| app.contest.keys.participant(*participant));
    let participant = participant.as_deref();
    if path.starts_with(TOLD) || status == 500 {
        tracing::info!(request = id, status, ms, participant, "{method} {path}");
    } else {
        tracing::debug!(request = id, status, ms, participant, "{method} {path}");
    }
    app.meters.requested(status);
    if let Some(RefusedWith(code)) = response.extensions().get::<RefusedWith>() {
        app.meters.refused(code);
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

fn id_of(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let plain = |c: u8| c.is_ascii_alphanumeric() || b"-_.".contains(&c);
    let fits = (1..=ID_CHARACTERS_MAX).contains(&id.len()) && id.bytes().all(plain);
    fits.then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_could_break_a_line_is_not_taken_over() {
        let taken = |id: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_bytes(id).unwrap());
            id_of(&headers)
        };
        assert_eq!(taken(b"4f2a-9.B_c").as_deref(), Some("4f2a-9.B_c"));
        for id in [&b""[..], b"a b", b"a\"b", b"{id}", "\u{53f7}".as_bytes(), &[b'a'; 65]] {
            assert_eq!(taken(id), None);
        }
        assert_eq!(id_of(&HeaderMap::new()), None);
    }
}
