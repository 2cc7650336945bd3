//! Bytes in and out: uploads that are larger than a call, and files to keep.

use crate::transport::problem::Problem;
use crate::transport::state::App;
use axum::body::Body;
use axum::extract::FromRequest;
use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// For a file on a slow line; what takes longer is refused (408).
const PATIENCE: Duration = Duration::from_secs(120);
/// Uploads under way; more are told to come back.
const UPLOADS_MAX: usize = 4;

static UPLOADS: Semaphore = Semaphore::const_new(UPLOADS_MAX);

/// What was sent, whole; how much it may be is the route's body limit.
pub(super) struct Sent(pub(super) Vec<u8>);

impl FromRequest<Arc<App>> for Sent {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Sent, Problem> {
        let _room = UPLOADS.try_acquire().map_err(|_| Problem::busy())?;
        let body = tokio::time::timeout(PATIENCE, Bytes::from_request(request, app));
        let bytes = body.await.map_err(|_| Problem::too_slow())?.map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                Problem::too_large()
            } else {
                Problem::bad_request("文件没有完整送达，请重试")
            }
        })?;
        Ok(Sent(bytes.to_vec()))
    }
}

/// A file that the browser keeps under this name.
pub(super) struct Download {
    pub(super) name: String,
    pub(super) content_type: &'static str,
    pub(super) bytes: Vec<u8>,
}

impl IntoResponse for Download {
    fn into_response(self) -> Response {
        let mut response = Body::from(self.bytes).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        // RFC 6266: a name in UTF-8, percent-encoded.
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        let name: String =
            self.name.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect();
        let disposition = format!("attachment; filename*=UTF-8''{name}");
        if let Ok(disposition) = HeaderValue::from_str(&disposition) {
            headers.insert(header::CONTENT_DISPOSITION, disposition);
        }
        response
    }
}
