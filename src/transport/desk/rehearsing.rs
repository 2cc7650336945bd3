//! 演练 at the desk: begun from a moment of one's choice, looked at, ended.

use super::guard::Desk;
use super::guard::Visiting;
use super::running_views::RoundRuns;
use super::running_views::rounds_of;
use super::session::picture;
use super::views::ProblemView;
use crate::accounts::roles::On;
use crate::accounts::roles::Permission;
use crate::domain::time::Timestamp;
use crate::office::by::By;
use crate::transport::me::Said;
use crate::transport::problem::Problem;
use crate::transport::rehearsals::LASTS_MS;
use crate::transport::rehearsals::Rehearsal;
use crate::transport::rehearsals::RehearsalError;
use crate::transport::rehearsals::Rehearsals;
use crate::transport::state::App;
use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

const SUBJECT: &str = "season";
/// Of what a rehearsal's clock may show at first: 2000-01-01 and 2100-01-01, UTC.
const FROM_MIN: Timestamp = Timestamp(946_684_800_000);
const FROM_MAX: Timestamp = Timestamp(4_102_444_800_000);

pub(super) fn calls() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(rehearsal, begin, end))
}

#[derive(Serialize, ToSchema)]
#[schema(as = RehearsalNow)]
pub(super) struct RehearsalNowView {
    now: i64,
    /// Null: there is none.
    rehearsal: Option<RehearsalView>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Rehearsal)]
struct RehearsalView {
    /// Of its pages on this server, `/rehearsal/…/`: whoever has it plays along.
    path: String,
    /// The same with the address that phones reach; null: only the server's own machine reaches it.
    url: Option<String>,
    /// That address as a picture, SVG.
    qr: Option<String>,
    by: String,
    began: i64,
    /// It is ended then, if nobody has before.
    ends: i64,
    /// What its clock showed when it began, and what it shows now.
    from: i64,
    shows: i64,
    season: String,
    time_zone: String,
    sockets: usize,
    participants: usize,
    /// As its own clock has it.
    rounds: Vec<RoundRuns>,
}

impl RehearsalNowView {
    fn of(app: &App, rehearsals: &Rehearsals, visiting: &Visiting) -> RehearsalNowView {
        let phones = visiting.for_phones(app);
        let rehearsal = rehearsals.now().map(|rehearsal| RehearsalView::of(&rehearsal, phones.as_deref()));
        RehearsalNowView { now: app.contest.now().0, rehearsal }
    }
}

impl RehearsalView {
    fn of(rehearsal: &Rehearsal, phones: Option<&str>) -> RehearsalView {
        let contest = &rehearsal.app.contest;
        let path = rehearsal.path();
        let url = phones.map(|base| format!("{}{path}", base.trim_end_matches('/')));
        RehearsalView {
            qr: url.as_deref().and_then(picture),
            url,
            path,
            by: rehearsal.by.clone(),
            began: rehearsal.began.0,
            ends: rehearsal.began.plus_ms(LASTS_MS).0,
            from: rehearsal.from.0,
            shows: contest.now().0,
            season: contest.season.name.clone(),
            time_zone: contest.season.time_zone.name().to_owned(),
            sockets: rehearsal.app.sockets.len(),
            participants: contest.roster.len(),
            rounds: rounds_of(contest, contest.now()),
        }
    }
}

/// 正在进行的演练
#[utoipa::path(get, path = "/season/rehearsal", tag = "season", responses((status = 200, body = RehearsalNowView), (status = 403, body = ProblemView)))]
pub(super) async fn rehearsal(
    State(app): State<Arc<App>>,
    Extension(rehearsals): Extension<Arc<Rehearsals>>,
    desk: Desk,
    visiting: Visiting,
) -> Result<Json<RehearsalNowView>, Problem> {
    // Whoever has its address plays along, and so sees questions.
    desk.may(Permission::ManageSeason, On::Season).await?;
    Ok(Json(RehearsalNowView::of(&app, &rehearsals, &visiting)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Beginning {
    /// What its clock is to show at first; null: the machine's time.
    from: Option<i64>,
}

/// 开始演练：按保存的草稿（没有草稿时按现在的赛季）另开一个账本，从选定的时刻走起；以前的演练随即结束
#[utoipa::path(post, path = "/season/rehearsal", tag = "season", request_body = Beginning, responses(
    (status = 201, body = RehearsalNowView),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn begin(
    State(app): State<Arc<App>>,
    Extension(rehearsals): Extension<Arc<Rehearsals>>,
    desk: Desk,
    visiting: Visiting,
    Said(Beginning { from }): Said<Beginning>,
) -> Result<(StatusCode, Json<RehearsalNowView>), Problem> {
    let by = By::of(desk.may(Permission::ManageSeason, On::Season).await?);
    let rehearsed = app.seasons.rehearsed(&app.desk, &app.contest).await?;
    let from = from.map_or_else(|| app.contest.now(), Timestamp);
    if !(FROM_MIN..=FROM_MAX).contains(&from) {
        return Err(Problem::bad_request("演练从哪一刻走起，要在 2000 年到 2099 年之间"));
    }
    if rehearsals.now().is_some() {
        // Which is what beginning another comes to.
        app.staff.write_down(by.record("season.rehearsal_ended", SUBJECT.to_owned())).await?;
    }
    app.staff
        .write_down(by.record("season.rehearsal_began", SUBJECT.to_owned()).after(&json!({"from": from.0})))
        .await?;
    match rehearsals.begin(&app, rehearsed, &by.name, from).await {
        Ok(_) => Ok((StatusCode::CREATED, Json(RehearsalNowView::of(&app, &rehearsals, &visiting)))),
        Err(error @ (RehearsalError::NoFolder | RehearsalError::Stopping)) => {
            Err(Problem::new(StatusCode::CONFLICT, "conflict", error.to_string()))
        }
        Err(error) => {
            tracing::error!(%error, "a rehearsal could not be begun");
            Err(Problem::unavailable())
        }
    }
}

/// 结束演练：它的账本随即删除
#[utoipa::path(delete, path = "/season/rehearsal", tag = "season", responses((status = 204), (status = 403, body = ProblemView)))]
pub(super) async fn end(
    State(app): State<Arc<App>>,
    Extension(rehearsals): Extension<Arc<Rehearsals>>,
    desk: Desk,
) -> Result<StatusCode, Problem> {
    let by = By::of(desk.may(Permission::ManageSeason, On::Season).await?);
    app.staff.write_down(by.record("season.rehearsal_ended", SUBJECT.to_owned())).await?;
    rehearsals.end().await;
    Ok(StatusCode::NO_CONTENT)
}
