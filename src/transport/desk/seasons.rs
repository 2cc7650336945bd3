//! The season: what runs, what is being written of the next version, and putting that in force.

use super::files::Download;
use super::files::Sent;
use super::guard::Desk;
use super::season_views::CheckView;
use super::season_views::DraftLine;
use super::season_views::DraftView;
use super::season_views::DryDrawView;
use super::season_views::SeasonFile;
use super::season_views::SeasonMay;
use super::season_views::SeasonVersionView;
use super::season_views::SeasonView;
use super::views::ProblemView;
use crate::accounts::roles::On;
use crate::accounts::roles::Permission;
use crate::office::by::By;
use crate::office::seasons;
use crate::office::seasons::BODY_BYTES_MAX;
use crate::office::seasons::ORGANISATIONS_BYTES_MAX;
use crate::office::seasons::Published;
use crate::transport::me::Asked;
use crate::transport::me::Said;
use crate::transport::problem::Problem;
use crate::transport::state::App;
use axum::Json;
use axum::extract::DefaultBodyLimit;
use axum::extract::Query;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Response;
use serde::Deserialize;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn calls() -> OpenApiRouter<Arc<App>> {
    let lists = OpenApiRouter::new()
        .routes(routes!(save_organisations, organisations))
        .layer(DefaultBodyLimit::max(ORGANISATIONS_BYTES_MAX));
    OpenApiRouter::new()
        .routes(routes!(season))
        .routes(routes!(versions))
        .routes(routes!(draft, save, discard))
        .routes(routes!(check))
        .routes(routes!(dry_draw))
        .routes(routes!(file))
        .routes(routes!(publish, withdraw))
        // JSON escapes make a text up to six times as long.
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX * 2))
        .merge(lists)
}

/// 现在的赛季：状态、场次、正在写的草稿
#[utoipa::path(get, path = "/season", tag = "season", responses((status = 200, body = SeasonView), (status = 403, body = ProblemView)))]
pub(super) async fn season(State(app): State<Arc<App>>, desk: Desk) -> Result<Json<SeasonView>, Problem> {
    desk.may(Permission::SeeSeason, On::Season).await?;
    let draft = seasons::draft(&mut app.desk.read().await?, &app.contest).await?;
    let line = DraftLine::of(&draft, desk.signed.id.as_str());
    let may = SeasonMay { manage: desk.could(Permission::ManageSeason, On::Season) };
    Ok(Json(SeasonView::of(&app.contest, line, may)))
}

#[derive(Serialize, ToSchema)]
pub(super) struct SeasonVersions {
    items: Vec<SeasonVersionView>,
}

/// 赛季的各个版本，新的在前：什么时候、谁、为什么、改了什么
#[utoipa::path(get, path = "/season/versions", tag = "season", responses((status = 200, body = SeasonVersions), (status = 403, body = ProblemView)))]
pub(super) async fn versions(State(app): State<Arc<App>>, desk: Desk) -> Result<Json<SeasonVersions>, Problem> {
    desk.may(Permission::SeeSeason, On::Season).await?;
    let items = app.contest.season_versions.iter().rev().map(SeasonVersionView::of).collect();
    Ok(Json(SeasonVersions { items }))
}

/// 正在写的赛季，以及可选的地区、题库和预设规则
#[utoipa::path(get, path = "/season/draft", tag = "season", responses((status = 200, body = DraftView), (status = 403, body = ProblemView)))]
pub(super) async fn draft(State(app): State<Arc<App>>, desk: Desk) -> Result<Json<DraftView>, Problem> {
    desk.may(Permission::SeeSeason, On::Season).await?;
    Ok(Json(draft_view(&app).await?))
}

async fn draft_view(app: &App) -> Result<DraftView, Problem> {
    let mut link = app.desk.read().await?;
    let draft = seasons::draft(&mut link, &app.contest).await?;
    let banks = seasons::playable(&mut link, &app.contest).await?;
    Ok(DraftView::of(&draft, banks, &app.contest.season))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedDraft {
    /// The one that the writer began with.
    revision: i64,
    draft: SeasonFile,
}

/// 保存草稿；别人同时保存过的，409
#[utoipa::path(put, path = "/season/draft", tag = "season", request_body = SavedDraft, responses(
    (status = 200, body = DraftView),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn save(
    State(app): State<Arc<App>>,
    desk: Desk,
    Said(SavedDraft { revision, draft }): Said<SavedDraft>,
) -> Result<Json<DraftView>, Problem> {
    let by = By::of(desk.may(Permission::ManageSeason, On::Season).await?);
    seasons::save(&app.desk, &app.contest, &by, revision, seasons::table_of(&draft.0)?).await?;
    Ok(Json(draft_view(&app).await?))
}

/// 放弃草稿，回到现在的赛季
#[utoipa::path(delete, path = "/season/draft", tag = "season", responses((status = 204), (status = 403, body = ProblemView)))]
pub(super) async fn discard(State(app): State<Arc<App>>, desk: Desk) -> Result<StatusCode, Problem> {
    let by = By::of(desk.may(Permission::ManageSeason, On::Season).await?);
    seasons::discard(&app.desk, &by).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct OfRevision {
    /// The one that the writer began with
    revision: i64,
}

/// 上传单位名单（CSV：名称、市、县、编号），草稿随即用它；名单里的错误在检查时一并说出
#[utoipa::path(post, path = "/season/draft/organisations", tag = "season", params(OfRevision),
    request_body(content = String, content_type = "text/csv", description = "at most 8 MiB"),
    responses(
        (status = 200, body = DraftView),
        (status = 400, body = ProblemView),
        (status = 403, body = ProblemView),
        (status = 409, body = ProblemView),
        (status = 413, body = ProblemView),
    ))]
pub(super) async fn save_organisations(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Query(of)): Asked<Query<OfRevision>>,
    Sent(bytes): Sent,
) -> Result<Json<DraftView>, Problem> {
    let by = By::of(desk.may(Permission::ManageSeason, On::Season).await?);
    seasons::save_organisations(&app.desk, &app.contest, &by, of.revision, bytes).await?;
    Ok(Json(draft_view(&app).await?))
}

/// 单位名单，改好以后可以再传上来
#[utoipa::path(get, path = "/season/draft/organisations", tag = "season", responses(
    (status = 200, description = "名单", content((String = "text/csv"))),
    (status = 403, body = ProblemView),
))]
pub(super) async fn organisations(State(app): State<Arc<App>>, desk: Desk) -> Result<Response, Problem> {
    desk.may(Permission::SeeSeason, On::Season).await?;
    let list = seasons::organisations(&mut app.desk.read().await?, &app.contest).await?;
    // The mark tells spreadsheets that it is UTF-8.
    let bytes = format!("\u{feff}{}", list.trim_start_matches('\u{feff}')).into_bytes();
    Ok(Download { name: "单位名单.csv".to_owned(), content_type: "text/csv; charset=utf-8", bytes }.into_response())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UnsavedDraft {
    draft: SeasonFile,
}

/// 检查还没有保存的草稿：哪里不对，规则是什么意思，和现在有什么不同
#[utoipa::path(post, path = "/season/draft/check", tag = "season", request_body = UnsavedDraft, responses(
    (status = 200, body = CheckView),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
))]
pub(super) async fn check(
    State(app): State<Arc<App>>,
    desk: Desk,
    Said(UnsavedDraft { draft }): Said<UnsavedDraft>,
) -> Result<Json<CheckView>, Problem> {
    desk.may(Permission::SeeSeason, On::Season).await?;
    let table = seasons::table_of(&draft.0)?;
    let checked = app.seasons.check(&mut app.desk.read().await?, &app.contest, table).await?;
    Ok(Json(CheckView::of(checked)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedPapers {
    draft: SeasonFile,
    /// Its id.
    round: String,
    /// At most 1,000.
    papers: u32,
}

/// 试抽：按草稿的规则抽若干份试卷，看每道题、每个主题、难度各占多少
#[utoipa::path(post, path = "/season/draft/dry-draw", tag = "season", request_body = WantedPapers, responses(
    (status = 200, body = DryDrawView),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
))]
pub(super) async fn dry_draw(
    State(app): State<Arc<App>>,
    desk: Desk,
    Said(WantedPapers { draft, round, papers }): Said<WantedPapers>,
) -> Result<Json<DryDrawView>, Problem> {
    // Questions are named, so who sees it sees banks.
    desk.may(Permission::SeeSeason, On::Season).await?;
    let table = seasons::table_of(&draft.0)?;
    let (drawn, version) = app.seasons.dry_draw(&app.desk, &app.contest, table, &round, papers).await?;
    Ok(Json(DryDrawView::of(&drawn, &version)))
}

/// 草稿作为赛季文件（TOML）下载
#[utoipa::path(get, path = "/season/draft/file", tag = "season", responses(
    (status = 200, description = "赛季文件", content((String = "application/toml"))),
    (status = 403, body = ProblemView),
))]
pub(super) async fn file(State(app): State<Arc<App>>, desk: Desk) -> Result<Response, Problem> {
    desk.may(Permission::SeeSeason, On::Season).await?;
    let draft = seasons::draft(&mut app.desk.read().await?, &app.contest).await?;
    let name = format!("{}.toml", app.contest.season.id);
    let bytes = draft.table.to_string().into_bytes();
    Ok(Download { name, content_type: "application/toml", bytes }.into_response())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Publication {
    /// The one that was looked at.
    revision: i64,
    /// The public reads it on the rules page.
    reason: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct PublicationView {
    /// `asked`: a second person has to agree; `published`: the server starts again with it within seconds
    state: &'static str,
    /// The version that will be in force.
    version: Option<i64>,
}

/// 发布赛季（要先确认本人）：写进账本，服务器几秒内按新的赛季运行；有计分场次正在进行时要第二个人再发布一次
#[utoipa::path(post, path = "/season/publication", tag = "season", request_body = Publication, responses(
    (status = 202, body = PublicationView),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn publish(
    State(app): State<Arc<App>>,
    desk: Desk,
    Said(Publication { revision, reason }): Said<Publication>,
) -> Result<(StatusCode, Json<PublicationView>), Problem> {
    let by = By::of(desk.may_now(Permission::ManageSeason, On::Season).await?);
    let published = app.seasons.publish(&app.desk, &app.contest, &by, revision, &reason).await?;
    let view = match published {
        Published::Asked => PublicationView { state: "asked", version: None },
        Published::InForce(n) => {
            app.again.cancel();
            PublicationView { state: "published", version: Some(n) }
        }
    };
    Ok((StatusCode::ACCEPTED, Json(view)))
}

/// 收回等待第二个人确认的发布
#[utoipa::path(delete, path = "/season/publication", tag = "season", responses(
    (status = 204),
    (status = 403, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn withdraw(State(app): State<Arc<App>>, desk: Desk) -> Result<StatusCode, Problem> {
    let by = By::of(desk.may(Permission::ManageSeason, On::Season).await?);
    seasons::withdraw(&app.desk, &by).await?;
    Ok(StatusCode::NO_CONTENT)
}
