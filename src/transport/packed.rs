//! A body that is sent many times, compressed once.

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::Digest;
use sha2::Sha256;
use std::io::Write;

/// A body as it is and, where that is shorter, compressed.
pub struct Packed {
    plain: Bytes,
    gzip: Option<Bytes>,
    content_type: HeaderValue,
    etag: HeaderValue,
}

impl Packed {
    pub fn of(plain: Bytes, content_type: &str) -> Packed {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        let gzip = encoder.write_all(&plain).and_then(|()| encoder.finish()).ok();
        let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(&plain)[..8]);
        Packed {
            gzip: gzip.filter(|gzip| gzip.len() < plain.len()).map(Bytes::from),
            plain,
            content_type: HeaderValue::from_str(content_type).unwrap_or(HeaderValue::from_static("text/plain")),
            etag: HeaderValue::from_str(&format!("\"{digest}\"")).unwrap_or(HeaderValue::from_static("\"\"")),
        }
    }

    pub fn respond(&self, asked: &HeaderMap, cache: &'static str) -> Response {
        let takes = |name, value: &str| {
            asked
                .get(name)
                .and_then(|found: &HeaderValue| found.to_str().ok())
                .is_some_and(|found| found.contains(value))
        };
        let mut response = if asked.get(header::IF_NONE_MATCH) == Some(&self.etag) {
            axum::http::StatusCode::NOT_MODIFIED.into_response()
        } else {
            match &self.gzip {
                Some(gzip) if takes(header::ACCEPT_ENCODING, "gzip") => {
                    let mut response = Response::new(Body::from(gzip.clone()));
                    response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                    response
                }
                _ => Response::new(Body::from(self.plain.clone())),
            }
        };
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, self.content_type.clone());
        headers.insert(header::ETAG, self.etag.clone());
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
        response
    }
}
