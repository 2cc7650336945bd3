//! 选手: finding one, everything of one on a page, and what is done to one; attempts that were lost are given back. Each look is
//! written down.

use super::guard::Desk;
use super::participant_views::GivenBack;
use super::participant_views::ParticipantPage;
use super::participant_views::ParticipantRow;
use super::participant_views::Participants;
use super::running::Why;
use super::running::acted;
use super::running_views::ActView;
use super::views::ProblemView;
use crate::accounts::roles::On;
use crate::accounts::roles::Permission;
use crate::accounts::staff;
use crate::contest::acts_given::LostAttempts;
use crate::contest::acts_given::Whose;
use crate::contest::core::Contest;
use crate::domain::ids::AttemptId;
use crate::domain::ids::ParticipantId;
use crate::domain::staff::Grant;
use crate::domain::staff::Place;
use crate::domain::time::Timestamp;
use crate::office::by::By;
use crate::office::by::deed;
use crate::office::complaints;
use crate::office::participants;
use crate::transport::me::Asked;
use crate::transport::me::Said;
use crate::transport::problem::Problem;
use crate::transport::state::App;
use axum::Json;
use axum::extract::Path;
use axum::extract::Query;
use axum::extract::State;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use utoipa::IntoParams;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What is looked for is at least so long, and at most.
const TYPED: std::ops::RangeInclusive<usize> = 2..=60;

pub(super) fn calls() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(search))
        .routes(routes!(participant))
        .routes(routes!(exclude))
        .routes(routes!(reinstate))
        .routes(routes!(rename))
        .routes(routes!(hide))
        .routes(routes!(show))
        .routes(routes!(foresee))
        .routes(routes!(give_back))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Typed {
    /// A part of a name, a participant's id, an attempt's id or a receipt.
    q: String,
}

/// 找选手：姓名的一部分、编号，或者回执（查看会记入操作记录）
#[utoipa::path(get, path = "/participants", tag = "participants", params(Typed), responses(
    (status = 200, body = Participants),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
))]
pub(super) async fn search(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Query(Typed { q })): Asked<Query<Typed>>,
) -> Result<Json<Participants>, Problem> {
    let by = desk.may(Permission::SeePeople, On::SomePlace).await?;
    let typed = q.trim();
    if !TYPED.contains(&typed.chars().count()) {
        return Err(Problem::bad_request("请输入至少两个字：姓名的一部分、选手编号，或者 12 位回执"));
    }
    let found = participants::search(&app.contest, typed, places_of(&desk)).await?;
    let of: Vec<String> = found.participants.iter().map(|one| app.contest.keys.participant(*one)).collect();
    app.staff.write_down(by.did("participant.searched", "season").after(&json!({"q": typed, "found": of}))).await?;
    let rows = found.participants.iter().filter_map(|one| ParticipantRow::of(&app.contest, *one));
    Ok(Json(Participants { items: rows.collect(), more: found.more }))
}

/// Of which places somebody sees the participants.
fn places_of(desk: &Desk) -> Vec<Place> {
    if desk.could(Permission::SeePeople, On::Season) {
        return vec![Place::Region];
    }
    let place = |grant: &Grant| match grant {
        Grant::Association { place } => Some(*place),
        _ => None,
    };
    desk.signed.grants.iter().filter_map(place).collect()
}

/// A participant whom somebody may see, or do something to.
///
/// # Errors
/// There is no such participant, or they are of a place that is none of the person's; that is written down.
async fn theirs(
    app: &App,
    desk: &Desk,
    id: &str,
    permission: Permission,
) -> Result<(ParticipantId, staff::By), Problem> {
    let participant = app.contest.keys.participant_of(id);
    let place = participant.and_then(|one| app.contest.roster.with(one, |player| player.place));
    let Some((participant, place)) = participant.zip(place) else {
        // Who may see nobody is told so, and not that nobody is there.
        desk.may(permission, On::SomePlace).await?;
        return Err(Problem::not_found("这位选手"));
    };
    let homes = complaints::homes(place);
    let home = complaints::home_for(&desk.signed.grants, permission, &homes, &app.contest.season);
    Ok((participant, desk.may(permission, On::Place(home)).await?))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AttemptsBefore {
    /// An attempt's id: those before it.
    before: Option<String>,
}

/// 一位选手：身份、答卷、换过的地方、对他做过的操作（查看会记入操作记录）
#[utoipa::path(get, path = "/participants/{id}", tag = "participants", params(("id" = String, Path), AttemptsBefore), responses(
    (status = 200, body = ParticipantPage),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
))]
pub(super) async fn participant(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
    Asked(Query(AttemptsBefore { before })): Asked<Query<AttemptsBefore>>,
) -> Result<Json<ParticipantPage>, Problem> {
    let (participant, by) = theirs(&app, &desk, &id, Permission::SeePeople).await?;
    let unknown = || Problem::not_found("这份答卷");
    let before: Option<AttemptId> =
        before.map(|id| app.contest.keys.attempt_of(&id).ok_or_else(unknown)).transpose()?;
    let history = app.contest.history(participant, before).await?.ok_or_else(unknown)?;
    let kept = participants::kept(&app.contest, participant).await?;
    app.staff.write_down(by.did("participant.seen", format!("participant:{id}"))).await?;
    let page = ParticipantPage::of(&app.contest, participant, &kept, &history);
    page.map(Json).ok_or_else(|| Problem::not_found("这位选手"))
}

async fn run(app: &App, desk: &Desk, id: &str) -> Result<(ParticipantId, By), Problem> {
    let by = desk.may(Permission::RunSeason, On::Season).await?;
    let participant = app.contest.keys.participant_of(id).ok_or_else(|| Problem::not_found("这位选手"))?;
    Ok((participant, By::of(by)))
}

/// 取消参赛资格：不能再开始答题，从榜和指数里撤下；答卷都留着
#[utoipa::path(post, path = "/participants/{id}/exclude", tag = "participants", params(("id" = String, Path)), request_body = Why, responses(
    (status = 200, body = ActView),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn exclude(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
    Said(Why { reason }): Said<Why>,
) -> Result<Json<ActView>, Problem> {
    let (participant, by) = run(&app, &desk, &id).await?;
    acted(&app, &by, app.contest.exclude(participant, deed(&by, &reason))).await
}

/// 恢复参赛资格：一切和没有取消过一样
#[utoipa::path(post, path = "/participants/{id}/reinstate", tag = "participants", params(("id" = String, Path)), request_body = Why, responses(
    (status = 200, body = ActView),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn reinstate(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
    Said(Why { reason }): Said<Why>,
) -> Result<Json<ActView>, Problem> {
    let (participant, by) = run(&app, &desk, &id).await?;
    acted(&app, &by, app.contest.reinstate(participant, deed(&by, &reason))).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewName {
    #[schema(min_length = 2, max_length = 20)]
    name: String,
    #[schema(min_length = 4, max_length = 500)]
    reason: String,
}

/// 改名：一秒内所有的榜上都是新名字，本人不能再改
#[utoipa::path(post, path = "/participants/{id}/rename", tag = "participants", params(("id" = String, Path)), request_body = NewName, responses(
    (status = 200, body = ActView),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn rename(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
    Said(NewName { name, reason }): Said<NewName>,
) -> Result<Json<ActView>, Problem> {
    let (participant, by) = run(&app, &desk, &id).await?;
    let name = app.accounts.checked_name(&name).map_err(|fault| Problem::bad_request(fault.to_string()))?;
    acted(&app, &by, app.contest.rename(participant, name, deed(&by, &reason))).await
}

/// 隐藏姓名：一秒内所有的榜上都是「＊」
#[utoipa::path(post, path = "/participants/{id}/hide", tag = "participants", params(("id" = String, Path)), request_body = Why, responses(
    (status = 200, body = ActView),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn hide(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
    Said(Why { reason }): Said<Why>,
) -> Result<Json<ActView>, Problem> {
    let (participant, by) = run(&app, &desk, &id).await?;
    acted(&app, &by, app.contest.hide_name(participant, true, deed(&by, &reason))).await
}

/// 恢复显示姓名
#[utoipa::path(post, path = "/participants/{id}/show", tag = "participants", params(("id" = String, Path)), request_body = Why, responses(
    (status = 200, body = ActView),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
    Said(Why { reason }): Said<Why>,
) -> Result<Json<ActView>, Problem> {
    let (participant, by) = run(&app, &desk, &id).await?;
    acted(&app, &by, app.contest.hide_name(participant, false, deed(&by, &reason))).await
}

/// Which attempts were lost.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LostBody {
    round: String,
    /// Of one person …
    participant: Option<String>,
    /// … or of everybody of a place: `region`, `city:450200`, `county:450226` or `organisation:ID`
    place: Option<String>,
    /// Started at or after this moment …
    started_from: Option<i64>,
    /// … and before this one.
    started_to: Option<i64>,
}

impl LostBody {
    /// With who asks, if they may.
    async fn read(&self, app: &App, desk: &Desk) -> Result<(LostAttempts, By), Problem> {
        let contest: &Contest = &app.contest;
        let (whose, by) = match (&self.participant, &self.place) {
            (Some(id), None) => {
                let (participant, by) = theirs(app, desk, id, Permission::GiveBack).await?;
                (Whose::Participant(participant), by)
            }
            (None, Some(place)) => {
                let Some(place) = Place::read(place, &contest.season) else {
                    desk.may(Permission::GiveBack, On::SomePlace).await?;
                    return Err(Problem::not_found("这个地方"));
                };
                (Whose::Place(place), desk.may(Permission::GiveBack, On::Place(place)).await?)
            }
            _ => {
                desk.may(Permission::GiveBack, On::SomePlace).await?;
                return Err(Problem::bad_request("请选定一位选手，或者一个地方"));
            }
        };
        let round = contest.round_named(&self.round)?;
        let (from, to) = (self.started_from.map(Timestamp), self.started_to.map(Timestamp));
        if matches!(whose, Whose::Place(_)) && (from.is_none() || to.is_none()) {
            return Err(Problem::bad_request("给一个地方补次数，要写明从什么时候到什么时候开始的答卷"));
        }
        if from.zip(to).is_some_and(|(from, to)| from >= to) {
            return Err(Problem::bad_request("时间的先后不对"));
        }
        Ok((LostAttempts { round, whose, from, to }, By::of(by)))
    }
}

/// 先看：会给多少人补多少次
#[utoipa::path(post, path = "/give-back/preview", tag = "participants", request_body = LostBody, responses(
    (status = 200, body = GivenBack),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn foresee(
    State(app): State<Arc<App>>,
    desk: Desk,
    Said(lost): Said<LostBody>,
) -> Result<Json<GivenBack>, Problem> {
    let (lost, _) = lost.read(&app, &desk).await?;
    Ok(Json(GivenBack::of(&app.contest.lost_attempts(&lost).await?)))
}

/// Which attempts were lost, and why they are given back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GiveBack {
    round: String,
    participant: Option<String>,
    place: Option<String>,
    started_from: Option<i64>,
    started_to: Option<i64>,
    #[schema(min_length = 4, max_length = 500)]
    reason: String,
}

impl GiveBack {
    /// The attempts, as a preview is asked for them, and the reason.
    fn apart(self) -> (LostBody, String) {
        let GiveBack { round, participant, place, started_from, started_to, reason } = self;
        (LostBody { round, participant, place, started_from, started_to }, reason)
    }
}

/// 补次数：这些答卷每一份补一次，哪一天用都可以，不占每天、每周的次数
#[utoipa::path(post, path = "/give-back", tag = "participants", request_body = GiveBack, responses(
    (status = 200, body = ActView),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn give_back(
    State(app): State<Arc<App>>,
    desk: Desk,
    Said(said): Said<GiveBack>,
) -> Result<Json<ActView>, Problem> {
    let (lost, reason) = said.apart();
    let (lost, by) = lost.read(&app, &desk).await?;
    acted(&app, &by, app.contest.give_attempts(&lost, deed(&by, &reason))).await
}
