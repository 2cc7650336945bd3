//! The pages, built into the binary and packed once; pictures of questions; the headers that every page carries.

use crate::office::pictures;
use crate::transport::packed::Packed;
use crate::transport::problem::Problem;
use crate::transport::state::App;
use axum::extract::Path;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use bytes::Bytes;
use rust_embed::RustEmbed;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::LazyLock;
use tokio::io::AsyncReadExt;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/web/dist"]
struct Dist;

static FILES: LazyLock<HashMap<String, Packed>> = LazyLock::new(|| {
    let file = |path: std::borrow::Cow<'static, str>| {
        let file = Dist::get(&path)?;
        let content_type = content_type(&path);
        Some((path.into_owned(), Packed::of(Bytes::from(file.data.into_owned()), content_type)))
    };
    Dist::iter().filter_map(file).collect()
});

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json" | "webmanifest") => "application/json",
        Some("webp") => "image/webp",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("ico") => "image/x-icon",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// A page or one of its parts.
pub async fn page(State(app): State<Arc<App>>, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    match built_in(path, &headers) {
        Some(file) => file,
        None => match root_file(&app, path).await {
            Some(file) => file,
            None => Problem::not_found("这个页面").into_response(),
        },
    }
}

/// What was built into the binary. Names with a hash in them never change; pages are asked for anew each time.
pub fn built_in(path: &str, headers: &HeaderMap) -> Option<Response> {
    let (path, cache) = match path {
        "" => ("index.html", "no-cache"),
        "boards" => ("boards.html", "no-cache"),
        "desk" => ("desk.html", "no-cache"),
        path if path.starts_with("assets/") => (path, "public, max-age=31536000, immutable"),
        path => (path, "no-cache"),
    };
    FILES.get(path).map(|file| file.respond(headers, cache))
}

/// A file that WeChat or the filing office asks for, from the top level of the folder that the settings name. What the
/// pages and the API have of that name comes first, since they were asked before.
async fn root_file(app: &App, name: &str) -> Option<Response> {
    let kind = root_file_kind(name)?;
    let file = app.settings.root_files.as_ref()?.join(name);
    let _turn = app.admission.files.acquire().await;
    // A link could lead out of the folder.
    let found = tokio::fs::symlink_metadata(&file).await.ok()?;
    if !found.is_file() || found.len() > ROOT_FILE_BYTES_MAX {
        return None;
    }
    let mut bytes = Vec::new();
    let opened = tokio::fs::File::open(&file).await.ok()?;
    opened.take(ROOT_FILE_BYTES_MAX).read_to_end(&mut bytes).await.ok()?;
    let headers = [(header::CONTENT_TYPE, HeaderValue::from_static(kind)), (header::CACHE_CONTROL, NO_CACHE)];
    Some((headers, bytes).into_response())
}

/// The content type of a name that such files have; `None`: no such name, and the disk is not asked.
fn root_file_kind(name: &str) -> Option<&'static str> {
    let plain = |c: u8| c.is_ascii_alphanumeric() || b"._-".contains(&c);
    let (stem, ending) = name.rsplit_once('.')?;
    if stem.is_empty() || name.starts_with('.') || name.len() > ROOT_FILE_NAME_MAX || !name.bytes().all(plain) {
        return None;
    }
    // Also in a binary that was built without its pages.
    if PAGES.contains(&name) {
        return None;
    }
    match ending {
        "txt" => Some("text/plain; charset=utf-8"),
        "html" | "htm" => Some("text/html; charset=utf-8"),
        "xml" => Some("text/xml; charset=utf-8"),
        "json" => Some("application/json"),
        _ => None,
    }
}

const PAGES: [&str; 3] = ["index.html", "boards.html", "desk.html"];
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");
/// A larger file of the root folder is not served: verification files are a line long.
const ROOT_FILE_BYTES_MAX: u64 = 64 * 1024;
const ROOT_FILE_NAME_MAX: usize = 128;

/// A question's picture, from the banks' own folders or the desk's tables and nowhere else.
pub async fn media(State(app): State<Arc<App>>, Path(file): Path<String>) -> Result<Response, Problem> {
    let missing = || Problem::not_found("这张图片");
    let safe = file.split('/').all(|part| !part.is_empty() && !part.starts_with('.') && !part.contains('\\'));
    if !safe {
        return Err(missing());
    }
    let _turn = app.admission.files.acquire().await;
    let shown = |bytes: Vec<u8>| {
        let kind = HeaderValue::from_static(content_type(&file));
        let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
        ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, forever)], bytes).into_response()
    };
    for folder in &app.settings.media {
        if let Ok(bytes) = tokio::fs::read(folder.join(&file)).await {
            return Ok(shown(bytes));
        }
    }
    // Those of the desk's banks are named by their digests, which nobody guesses.
    if !pictures::is_id(&file) {
        return Err(missing());
    }
    let picture = app.desk.read().await?.picture(&file).await?;
    picture.map(|picture| shown(picture.bytes)).ok_or_else(missing)
}

/// What every answer carries. Scripts, styles and sockets come from here alone: no inline ones, no frames, no sniffing, no
/// referrer, none of the phone's devices. `'self'` means no sockets to older WebViews, so those are named.
pub const HEADERS: [(&str, &str); 7] = [
    (
        "content-security-policy",
        "default-src 'self'; img-src 'self' data:; connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'none'; \
         form-action 'self'; object-src 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    (
        "permissions-policy",
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), microphone=(), midi=(), payment=(), \
         serial=(), usb=(), fullscreen=(self), screen-wake-lock=(self)",
    ),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// Adds [`HEADERS`]. What says nothing of how long it may be kept is not kept: it is somebody's own, or a refusal.
pub async fn with_headers(request: axum::extract::Request, next: axum::middleware::Next) -> Response {
    let mut response = next.run(request).await;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return response;
    }
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_of_verification_files_are_looked_for() {
        for name in ["MP_verify_aB3dE5fG7hI9jK1l.txt", "beian.html", "a.b-c_d.xml", "x.json", "y.htm"] {
            assert!(root_file_kind(name).is_some(), "{name}");
        }
        let long = format!("{}.txt", "a".repeat(200));
        for name in [
            "",
            ".txt",
            ".env.txt",
            "..",
            "../x.txt",
            "a/b.txt",
            "a\\b.txt",
            "a%2fb.txt",
            "x.js",
            "x.db",
            "key",
            "甲.txt",
            &long,
        ] {
            assert!(root_file_kind(name).is_none(), "{name}");
        }
    }
}
