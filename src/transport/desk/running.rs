//! 运行: what whoever runs the season sees of it and does to it while it runs; what is told to everyone.

use super::guard::Desk;
use super::running_views::ActView;
use super::running_views::Acts;
use super::running_views::NoticeView;
use super::running_views::NoticesView;
use super::running_views::RunningView;
use super::views::ProblemView;
use crate::accounts::roles::On;
use crate::accounts::roles::Permission;
use crate::domain::time::Timestamp;
use crate::office::acts;
use crate::office::by::By;
use crate::office::by::deed;
use crate::office::notices;
use crate::office::notices::Level;
use crate::transport::line::framed;
use crate::transport::me::Asked;
use crate::transport::me::Said;
use crate::transport::messages::ServerMessage;
use crate::transport::problem::Problem;
use crate::transport::state::App;
use axum::Json;
use axum::extract::Path;
use axum::extract::Query;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// At most so many acts or notices an answer.
const LIMIT_MAX: usize = 200;
const LIMIT_USUAL: usize = 50;

pub(super) fn calls() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(running))
        .routes(routes!(pause))
        .routes(routes!(resume))
        .routes(routes!(extend))
        .routes(routes!(give_time))
        .routes(routes!(acts_list))
        .routes(routes!(undo))
        .routes(routes!(notices_list, tell))
        .routes(routes!(take_back))
}

/// 赛季现在的样子，每两秒可以问一次
#[utoipa::path(get, path = "/running", tag = "running", responses(
    (status = 200, body = RunningView),
    (status = 403, body = ProblemView),
))]
pub(super) async fn running(State(app): State<Arc<App>>, desk: Desk) -> Result<Json<RunningView>, Problem> {
    desk.may(Permission::SeeRunning, On::Season).await?;
    Ok(Json(RunningView::of(&app)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OfRound {
    /// Null: every round.
    round: Option<String>,
    #[schema(min_length = 4, max_length = 500)]
    reason: String,
}

impl OfRound {
    fn index(&self, app: &App) -> Result<Option<crate::domain::ids::RoundIndex>, Problem> {
        Ok(self.round.as_deref().map(|id| app.contest.round_named(id)).transpose()?)
    }
}

/// An act on the season: done, written down, and seen at once.
pub(super) async fn acted(
    app: &App,
    by: &By,
    acting: impl Future<Output = Result<crate::contest::acts_record::OnRecord, crate::contest::acts::RunRefusal>>,
) -> Result<Json<ActView>, Problem> {
    let on_record = acts::done(&app.desk, &app.contest, by, acting).await?;
    app.season_views.forget();
    app.boards.forget();
    Ok(Json(ActView::of(&app.contest, &on_record)))
}

/// 暂停一个场次或全部：不能开始、不能交答案，时钟停住
#[utoipa::path(post, path = "/pause", tag = "running", request_body = OfRound, responses(
    (status = 200, body = ActView),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn pause(
    State(app): State<Arc<App>>,
    desk: Desk,
    Said(said): Said<OfRound>,
) -> Result<Json<ActView>, Problem> {
    let by = By::of(desk.may(Permission::RunSeason, On::Season).await?);
    let round = said.index(&app)?;
    acted(&app, &by, app.contest.pause(round, deed(&by, &said.reason))).await
}

/// 恢复一个场次或全部：暂停的时间还给每一个人
#[utoipa::path(post, path = "/resume", tag = "running", request_body = OfRound, responses(
    (status = 200, body = ActView),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn resume(
    State(app): State<Arc<App>>,
    desk: Desk,
    Said(said): Said<OfRound>,
) -> Result<Json<ActView>, Problem> {
    let by = By::of(desk.may(Permission::RunSeason, On::Season).await?);
    let round = said.index(&app)?;
    acted(&app, &by, app.contest.resume(round, deed(&by, &said.reason))).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Extension {
    /// Later than it closes by now.
    closes: i64,
    #[schema(min_length = 4, max_length = 500)]
    reason: String,
}

/// 延长一个场次：结束得更晚
#[utoipa::path(post, path = "/rounds/{id}/extend", tag = "running", params(("id" = String, Path)), request_body = Extension, responses(
    (status = 200, body = ActView),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn extend(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
    Said(said): Said<Extension>,
) -> Result<Json<ActView>, Problem> {
    let by = By::of(desk.may(Permission::RunSeason, On::Season).await?);
    let round = app.contest.round_named(&id)?;
    acted(&app, &by, app.contest.extend(round, Timestamp(said.closes), deed(&by, &said.reason))).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MoreTime {
    #[schema(minimum = 1_000, maximum = 3_600_000)]
    ms: u32,
    #[schema(min_length = 4, max_length = 500)]
    reason: String,
}

/// 给正在答这个场次的每一个人补时：正开着的题和整卷
#[utoipa::path(post, path = "/rounds/{id}/give-time", tag = "running", params(("id" = String, Path)), request_body = MoreTime, responses(
    (status = 200, body = ActView),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn give_time(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
    Said(said): Said<MoreTime>,
) -> Result<Json<ActView>, Problem> {
    let by = By::of(desk.may(Permission::RunSeason, On::Season).await?);
    let round = app.contest.round_named(&id)?;
    acted(&app, &by, app.contest.give_time(round, said.ms, deed(&by, &said.reason))).await
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ActsQuery {
    /// `pause`, `resume`, `extend`, `give_time`, `give_back`, `exclude`, `reinstate`, `rename`, `hide`, `show` or `undo`
    kind: Option<String>,
    /// Those that were taken back, or those that stand.
    undone: Option<bool>,
    /// Only acts before this one.
    before: Option<String>,
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// 赛季运行中的操作，新的在前
#[utoipa::path(get, path = "/acts", tag = "running", params(ActsQuery), responses(
    (status = 200, body = Acts),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
))]
pub(super) async fn acts_list(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Query(query)): Asked<Query<ActsQuery>>,
) -> Result<Json<Acts>, Problem> {
    desk.may(Permission::SeeRunning, On::Season).await?;
    let limit = limit_of(query.limit)?;
    let no_act = || Problem::bad_request("before 应当是一个操作的编号");
    let before = query.before.map(|id| id.parse::<i64>().map_err(|_| no_act())).transpose()?;
    let wanted: Vec<_> = {
        let on_record = app.contest.acts();
        let passes = |one: &&crate::contest::acts_record::OnRecord| {
            before.is_none_or(|before| one.n < before)
                && query.kind.as_ref().is_none_or(|kind| acts::kind(&one.act).0 == kind)
                && query.undone.is_none_or(|undone| one.undone.is_some() == undone)
        };
        on_record.all().iter().rev().filter(passes).take(limit + 1).cloned().collect()
    };
    Ok(Json(Acts::of(&app.contest, &wanted, limit)))
}

fn limit_of(limit: Option<usize>) -> Result<usize, Problem> {
    let limit = limit.unwrap_or(LIMIT_USUAL);
    let fits = (1..=LIMIT_MAX).contains(&limit);
    fits.then_some(limit).ok_or_else(|| Problem::bad_request(format!("limit 应在 1 到 {LIMIT_MAX} 之间")))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Why {
    #[schema(min_length = 4, max_length = 500)]
    pub(super) reason: String,
}

/// 撤销一个操作：另记一条，原来的也留着
#[utoipa::path(post, path = "/acts/{id}/undo", tag = "running", params(("id" = String, Path)), request_body = Why, responses(
    (status = 200, body = ActView),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn undo(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
    Said(Why { reason }): Said<Why>,
) -> Result<Json<ActView>, Problem> {
    let by = By::of(desk.may(Permission::RunSeason, On::Season).await?);
    let n = id.parse().map_err(|_| Problem::not_found("这个操作"))?;
    acted(&app, &by, app.contest.undo(n, deed(&by, &reason))).await
}

/// 全部公告，撤回的也在，新的在前
#[utoipa::path(get, path = "/notices", tag = "running", responses(
    (status = 200, body = NoticesView),
    (status = 403, body = ProblemView),
))]
pub(super) async fn notices_list(State(app): State<Arc<App>>, desk: Desk) -> Result<Json<NoticesView>, Problem> {
    desk.may(Permission::SeeRunning, On::Season).await?;
    let rows = app.desk.read().await?.notices(false, LIMIT_MAX as i64).await?;
    Ok(Json(NoticesView::of(rows)))
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum LevelView {
    Info,
    Warning,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewNotice {
    level: LevelView,
    #[schema(min_length = 1, max_length = 200)]
    text: String,
}

/// 发公告：一秒内到每一部在线的手机和大屏
#[utoipa::path(post, path = "/notices", tag = "running", request_body = NewNotice, responses(
    (status = 201, body = NoticeView),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
))]
pub(super) async fn tell(
    State(app): State<Arc<App>>,
    desk: Desk,
    Said(NewNotice { level, text }): Said<NewNotice>,
) -> Result<(StatusCode, Json<NoticeView>), Problem> {
    let by = By::of(desk.may(Permission::RunSeason, On::Season).await?);
    let level = match level {
        LevelView::Info => Level::Info,
        LevelView::Warning => Level::Warning,
    };
    let row = notices::tell(&app.desk, &by, level, &text).await?;
    app.notices.refresh(&app.desk).await?;
    let frame = framed(|bytes| ServerMessage::Notice { level: &row.level, text: &row.text }.write(bytes));
    let telling = Arc::clone(&app);
    // On a thread that may block: what is told to everyone takes all its time on a processor at once.
    let told = tokio::task::spawn_blocking(move || telling.audience.tell_everyone(&frame)).await;
    match told {
        Ok(0) => {}
        Ok(left_out) => tracing::warn!(left_out, "some sockets were too far behind for a notice"),
        Err(panicked) => tracing::error!(%panicked, "a notice could not be told"),
    }
    Ok((StatusCode::CREATED, Json(NoticeView::of(row))))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct WhyQuery {
    /// 4 to 500 characters.
    reason: String,
}

/// 撤回公告：以后打开的人看不到它；记录留着
#[utoipa::path(delete, path = "/notices/{id}", tag = "running", params(("id" = String, Path), WhyQuery), responses(
    (status = 200, body = NoticeView),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn take_back(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
    Asked(Query(WhyQuery { reason })): Asked<Query<WhyQuery>>,
) -> Result<Json<NoticeView>, Problem> {
    let by = By::of(desk.may(Permission::RunSeason, On::Season).await?);
    let row = notices::take_back(&app.desk, &by, &id, &reason).await?;
    app.notices.refresh(&app.desk).await?;
    Ok(Json(NoticeView::of(row)))
}
