//! Pictures of questions, in and out.

use super::bank_access::Inside;
use super::bank_access::Wants;
use super::files::Sent;
use super::guard::Desk;
use super::views::ProblemView;
use crate::ledger::desk::PictureRow;
use crate::office::pictures;
use crate::transport::me::Asked;
use crate::transport::problem::Problem;
use crate::transport::state::App;
use axum::Json;
use axum::extract::DefaultBodyLimit;
use axum::extract::Path;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn calls() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(keep))
        .layer(DefaultBodyLimit::max(pictures::SENT_BYTES_MAX))
        .routes(routes!(picture))
}

#[derive(Serialize, ToSchema)]
pub(super) struct Kept {
    /// For a draft's `media`.
    id: String,
    width: u32,
    height: u32,
    bytes: usize,
}

/// 上传一张图片：重新编码，去掉其中的附加信息，最大 2048 像素、300 KB
#[utoipa::path(post, path = "/media", tag = "questions",
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "PNG, JPEG or WebP"),
    responses(
        (status = 201, body = Kept),
        (status = 400, body = ProblemView),
        (status = 403, body = ProblemView),
        (status = 413, body = ProblemView),
    ))]
pub(super) async fn keep(
    State(app): State<Arc<App>>,
    desk: Desk,
    Sent(bytes): Sent,
) -> Result<(StatusCode, Json<Kept>), Problem> {
    let by = Inside::anywhere(&desk, Wants::Write).await?;
    let PictureRow { id, width, height, bytes, .. } = pictures::keep(&app.desk, &by, bytes).await?;
    Ok((StatusCode::CREATED, Json(Kept { id, width, height, bytes: bytes.len() })))
}

/// 一张图片
#[utoipa::path(get, path = "/media/{id}", tag = "questions", params(("id" = String, Path)), responses(
    (status = 200, body = Vec<u8>, content_type = "image/*"),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
))]
pub(super) async fn picture(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
) -> Result<Response, Problem> {
    Inside::anywhere(&desk, Wants::See).await?;
    let picture = app.desk.read().await?.picture(&id).await?.ok_or_else(|| Problem::not_found("这张图片"))?;
    Ok(shown(picture))
}

fn shown(picture: PictureRow) -> Response {
    let mut response = picture.bytes.into_response();
    let kind = HeaderValue::from_str(&picture.kind);
    response.headers_mut().insert(header::CONTENT_TYPE, kind.unwrap_or(HeaderValue::from_static("image/png")));
    response
}
