//! The description of all calls, and a page to read it with: own files, no others, under the same policy as every page.

use super::BASE;
use super::DESCRIPTION;
use crate::transport::packed::Packed;
use crate::transport::state::App;
use axum::Router;
use axum::http::HeaderMap;
use axum::routing::get;
use bytes::Bytes;
use std::sync::Arc;
use std::sync::LazyLock;

static DESCRIPTION_FILE: LazyLock<Packed> =
    LazyLock::new(|| Packed::of(Bytes::from_static(DESCRIPTION.as_bytes()), "application/json"));
static PAGE: LazyLock<Packed> =
    LazyLock::new(|| Packed::of(Bytes::from_static(include_bytes!("reader.html")), "text/html; charset=utf-8"));
static SCRIPT: LazyLock<Packed> =
    LazyLock::new(|| Packed::of(Bytes::from_static(include_bytes!("reader.js")), "text/javascript; charset=utf-8"));
static STYLE: LazyLock<Packed> =
    LazyLock::new(|| Packed::of(Bytes::from_static(include_bytes!("reader.css")), "text/css; charset=utf-8"));

pub(super) fn router() -> Router<Arc<App>> {
    let file =
        |file: &'static LazyLock<Packed>| get(async move |headers: HeaderMap| file.respond(&headers, "no-cache"));
    Router::new()
        .route(&format!("{BASE}/openapi.json"), file(&DESCRIPTION_FILE))
        .route(&format!("{BASE}/reader"), file(&PAGE))
        .route(&format!("{BASE}/reader.js"), file(&SCRIPT))
        .route(&format!("{BASE}/reader.css"), file(&STYLE))
}
