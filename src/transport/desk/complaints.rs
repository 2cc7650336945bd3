//! 接访: complaints taken down, explained, referred, closed. Whoever looks after where somebody is at home deals with theirs.

use super::attempts::let_look;
use super::attempts::line_of;
use super::attempts::place_name;
use super::guard::Desk;
use super::question_views::Person;
use super::questions::bounds;
use super::views::ProblemView;
use crate::accounts::roles;
use crate::accounts::roles::On;
use crate::accounts::roles::Permission;
use crate::domain::ids::StaffId;
use crate::domain::staff::Grant;
use crate::domain::staff::Place;
use crate::ledger::desk::ComplaintRow;
use crate::ledger::desk::ComplaintStepRow;
use crate::ledger::desk::ComplaintsOf;
use crate::office::by::By;
use crate::office::complaints;
use crate::office::complaints::Complaining;
use crate::office::complaints::Deed;
use crate::office::complaints::Holder;
use crate::transport::me::Asked;
use crate::transport::me::Said;
use crate::transport::problem::Problem;
use crate::transport::state::App;
use axum::Json;
use axum::extract::Path;
use axum::extract::Query;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;
use std::sync::Arc;
use utoipa::IntoParams;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn calls() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, open))
        .routes(routes!(complaint))
        .routes(routes!(explain))
        .routes(routes!(refer))
        .routes(routes!(close))
        .routes(routes!(reopen))
}

/// Who has a complaint: one of the staff, or those who look after a place.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ComplaintHolder)]
pub(super) struct HolderView {
    /// `staff:ID`, or a place as `city:450200`
    to: String,
    name: String,
}

/// A complaint in a list.
#[derive(Serialize, ToSchema)]
#[schema(as = ComplaintRow)]
pub(super) struct ComplaintRowView {
    id: String,
    at: i64,
    changed_at: i64,
    by: Person,
    /// `open` or `closed`
    state: String,
    place: String,
    words: String,
    from: String,
    held_by: Option<HolderView>,
    /// It is with whoever asks.
    mine: bool,
}

#[derive(Serialize, ToSchema)]
pub(super) struct ComplaintList {
    items: Vec<ComplaintRowView>,
    total: i64,
}

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(super) struct Wanted {
    /// `open` (the usual) or `closed`
    state: Option<String>,
    offset: Option<u32>,
    /// 1 to 200; 50 where it is left out
    limit: Option<u32>,
}

fn holder(app: &App, row: &ComplaintRow) -> Option<HolderView> {
    let season = &app.contest.season;
    match (&row.held_by, &row.held_at) {
        (Some(staff), _) => Some(HolderView { to: format!("staff:{staff}"), name: row.held_by_name.clone() }),
        (None, Some(place)) => Some(HolderView { to: place.clone(), name: place_name(place, season) }),
        (None, None) => None,
    }
}

fn row_view(app: &App, desk: &Desk, row: &ComplaintRow) -> ComplaintRowView {
    let season = &app.contest.season;
    let of_place = |code: &String| {
        Place::read(code, season).is_some_and(|place| {
            let own = |grant: &Grant| matches!(grant, Grant::Association { place: own } if *own == place);
            desk.signed.grants.iter().any(own)
        })
    };
    ComplaintRowView {
        id: row.id.clone(),
        at: row.at.0,
        changed_at: row.changed_at.0,
        by: Person::of(&row.by, &row.by_name),
        state: row.state.clone(),
        place: place_name(&row.place, season),
        words: row.words.clone(),
        from: row.complainer.clone(),
        held_by: holder(app, row),
        mine: row.held_by.as_ref() == Some(&desk.signed.id) || row.held_at.as_ref().is_some_and(of_place),
    }
}

/// 反映的事，最近动过的在前
#[utoipa::path(get, path = "/complaints", tag = "complaints", params(Wanted), responses(
    (status = 200, body = ComplaintList),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Query(wanted)): Asked<Query<Wanted>>,
) -> Result<Json<ComplaintList>, Problem> {
    desk.may(Permission::SeePeople, On::SomePlace).await?;
    let (offset, limit) = bounds(wanted.offset, wanted.limit)?;
    let state = match wanted.state.as_deref() {
        None | Some("" | complaints::OPEN) => complaints::OPEN,
        Some(complaints::CLOSED) => complaints::CLOSED,
        Some(_) => return Err(Problem::bad_request("state 只能是 open 或 closed")),
    };
    let places = complaints::looked_after(&desk.signed.grants, Permission::SeePeople, &app.contest.season);
    let within = places.as_deref().map(|places| (&desk.signed.id, places));
    let (rows, total) = app.desk.read().await?.complaints(&ComplaintsOf { state, within }, offset, limit).await?;
    let items = rows.iter().map(|row| row_view(&app, &desk, row)).collect();
    Ok(Json(ComplaintList { items, total }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewComplaint {
    /// The attempt that it is about, or whose; neither where it is about something else.
    attempt: Option<String>,
    participant: Option<String>,
    /// What is complained of.
    text: String,
    /// Who complains, and how to reach them.
    #[serde(default)]
    from: String,
}

/// 记下一件反映
#[utoipa::path(post, path = "/complaints", tag = "complaints", request_body = NewComplaint, responses(
    (status = 201, body = ComplaintView),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn open(
    State(app): State<Arc<App>>,
    desk: Desk,
    Said(NewComplaint { attempt, participant, text, from }): Said<NewComplaint>,
) -> Result<(StatusCode, Json<ComplaintView>), Problem> {
    let contest = &app.contest;
    desk.may(Permission::HandleComplaints, On::SomePlace).await?;
    let unknown = || Problem::not_found("这份答卷或者这位选手");
    let attempt = attempt.map(|id| contest.keys.attempt_of(&id).ok_or_else(unknown)).transpose()?;
    let named = participant.map(|id| contest.keys.participant_of(&id).ok_or_else(unknown)).transpose()?;
    let participant = match attempt {
        Some(attempt) => Some(contest.store().attempt(attempt).await?.ok_or_else(unknown)?.started.participant),
        None => named.filter(|who| contest.roster.with(*who, |_| ()).is_some()),
    };
    let place = match participant {
        Some(participant) => let_look(&app, &desk, participant).await?.1,
        None => own_place(&app, &desk),
    };
    let by = By::of(desk.may(Permission::HandleComplaints, On::Place(place)).await?);
    let complaining = Complaining { attempt, participant, complainer: from, words: text };
    let row = complaints::open(&app.desk, contest, &by, place, complaining).await?;
    Ok((StatusCode::CREATED, Json(whole(&app, &desk, row).await?)))
}

/// Where a complaint belongs that is about nobody: where whoever takes it down is at home.
fn own_place(app: &App, desk: &Desk) -> Place {
    let season = &app.contest.season;
    if roles::may(&desk.signed.grants, Permission::HandleComplaints, On::Place(Place::Region), season) {
        return Place::Region;
    }
    let own = desk.signed.grants.iter().find_map(|grant| match grant {
        Grant::Association { place } => Some(*place),
        _ => None,
    });
    own.unwrap_or(Place::Region)
}

#[derive(Serialize, ToSchema)]
#[schema(as = ComplaintStep)]
pub(super) struct StepView {
    at: i64,
    by: Person,
    /// opened, explained, referred, corrected, closed or reopened
    act: String,
    words: String,
    /// To whom it was referred, or the id of the correction that it led to.
    towards: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Complaint)]
pub(super) struct ComplaintView {
    #[serde(flatten)]
    row: ComplaintRowView,
    attempt: Option<String>,
    participant: Option<String>,
    participant_name: Option<String>,
    participant_line: Option<String>,
    steps: Vec<StepView>,
    /// To whom it can be referred.
    refer_to: Vec<HolderView>,
    handles: bool,
}

async fn whole(app: &App, desk: &Desk, row: ComplaintRow) -> Result<ComplaintView, Problem> {
    let contest = &app.contest;
    let season = &contest.season;
    let mut link = app.desk.read().await?;
    let steps = link.complaint_steps(&row.id).await?;
    drop(link);
    let everybody = app.staff.everybody().await?;
    let name = |id: &str| {
        let found = everybody.iter().find(|(person, _)| person.id.0 == id);
        found.map_or_else(String::new, |(person, _)| person.name.clone())
    };
    let step = |step: ComplaintStepRow| StepView {
        at: step.at.0,
        by: Person::of(&step.by, &step.by_name),
        towards: step.towards.map(|towards| match towards.split_once(':') {
            Some(("staff", id)) => name(id),
            Some(("correction", id)) => id.to_owned(),
            _ => place_name(&towards, season),
        }),
        act: step.act,
        words: step.words,
    };
    let handles = may_see(app, desk, &row, Permission::HandleComplaints);
    // Places from where the person is at home upwards, then those who look after one of them.
    let homes = homes(app, &row);
    let mut above: Vec<Place> = Vec::new();
    for home in homes.iter().filter(|_| handles) {
        above.extend(std::iter::successors(Some(*home), |here| here.above(season)));
    }
    let known = |place: usize| above[..place].contains(&above[place]);
    let named = (0..above.len()).filter(|place| !known(*place)).map(|place| above[place]);
    let mut refer_to: Vec<HolderView> =
        named.map(|here| HolderView { to: here.code(season), name: here.name(season).to_owned() }).collect();
    let can = |grants: &[Grant]| {
        homes.iter().any(|home| roles::may(grants, Permission::HandleComplaints, On::Place(*home), season))
    };
    let people = everybody.iter().filter(|(person, grants)| handles && person.state == "active" && can(grants));
    refer_to
        .extend(people.map(|(person, _)| HolderView { to: format!("staff:{}", person.id), name: person.name.clone() }));
    Ok(ComplaintView {
        attempt: row.attempt.map(|id| contest.keys.attempt(id)),
        participant: row.participant.map(|id| contest.keys.participant(id)),
        participant_name: row.participant.and_then(|id| contest.roster.with(id, |player| player.name.to_string())),
        participant_line: row.participant.map(|id| line_of(app, id)),
        steps: steps.into_iter().map(step).collect(),
        refer_to,
        handles,
        row: row_view(app, desk, &row),
    })
}

/// Where a complaint is at home: where it was taken down for, and of whomever it is about, a county beside a unit that lies elsewhere.
fn homes(app: &App, row: &ComplaintRow) -> Vec<Place> {
    let taken_down = Place::read(&row.place, &app.contest.season).unwrap_or(Place::Region);
    let own = row.participant.and_then(|who| app.contest.roster.with(who, |player| complaints::homes(player.place)));
    let narrowest = own.unwrap_or_default().into_iter().filter(|home| !matches!(home, Place::City(_)));
    std::iter::once(taken_down).chain(narrowest).collect()
}

/// Of one's own places, or with oneself.
fn may_see(app: &App, desk: &Desk, row: &ComplaintRow, permission: Permission) -> bool {
    let held_at = row.held_at.as_ref().and_then(|code| Place::read(code, &app.contest.season));
    let theirs = homes(app, row).into_iter().chain(held_at).any(|place| desk.could(permission, On::Place(place)));
    theirs || (row.held_by.as_ref() == Some(&desk.signed.id) && desk.could(permission, On::SomePlace))
}

/// The complaint, for somebody who may do this about it.
pub(super) async fn of(
    app: &App,
    desk: &Desk,
    id: &str,
    permission: Permission,
) -> Result<(By, ComplaintRow), Problem> {
    let Some(row) = app.desk.read().await?.complaint(id).await? else {
        desk.may(permission, On::SomePlace).await?;
        return Err(Problem::not_found("这件反映"));
    };
    let by = match may_see(app, desk, &row, permission) {
        true => desk.may(permission, On::SomePlace).await?,
        false => {
            let place = Place::read(&row.place, &app.contest.season).unwrap_or(Place::Region);
            desk.may(permission, On::Place(place)).await?
        }
    };
    Ok((By::of(by), row))
}

/// 一件反映（查看会记入操作记录）
#[utoipa::path(get, path = "/complaints/{id}", tag = "complaints", params(("id" = String, Path)), responses(
    (status = 200, body = ComplaintView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
))]
pub(super) async fn complaint(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
) -> Result<Json<ComplaintView>, Problem> {
    let (by, row) = of(&app, &desk, &id, Permission::SeePeople).await?;
    let who = json!({"participant": row.participant.map(|who| app.contest.keys.participant(who))});
    let record = by.change("complaint.seen", complaints::subject(&id), serde_json::Value::Null, who);
    app.staff.write_down(record).await?;
    Ok(Json(whole(&app, &desk, row).await?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Told {
    text: String,
}

async fn act(app: &App, desk: &Desk, id: &str, deed: Deed, text: &str) -> Result<Json<ComplaintView>, Problem> {
    let (by, _) = of(app, desk, id, Permission::HandleComplaints).await?;
    let row = complaints::act_on(&app.desk, &app.contest.season, &by, id, deed, text).await?;
    Ok(Json(whole(app, desk, row).await?))
}

/// 记下怎样解释的
#[utoipa::path(post, path = "/complaints/{id}/explain", tag = "complaints", params(("id" = String, Path)), request_body = Told, responses(
    (status = 200, body = ComplaintView),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn explain(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
    Said(Told { text }): Said<Told>,
) -> Result<Json<ComplaintView>, Problem> {
    act(&app, &desk, &id, Deed::Explain, &text).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Referred {
    /// `staff:ID`, or a place as `city:450200`
    to: String,
    text: String,
}

/// 转给别的地方或者别的人
#[utoipa::path(post, path = "/complaints/{id}/refer", tag = "complaints", params(("id" = String, Path)), request_body = Referred, responses(
    (status = 200, body = ComplaintView),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn refer(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
    Said(Referred { to, text }): Said<Referred>,
) -> Result<Json<ComplaintView>, Problem> {
    let (_, row) = of(&app, &desk, &id, Permission::HandleComplaints).await?;
    let offered = whole(&app, &desk, row).await?.refer_to;
    if offered.iter().all(|holder| holder.to != to) {
        return Err(Problem::bad_request("不能转给这里，请从列出的地方和人里选"));
    }
    let holder = match to.strip_prefix("staff:") {
        Some(id) => Holder::Person(StaffId(id.to_owned())),
        None => {
            let place = Place::read(&to, &app.contest.season);
            Holder::Place(place.ok_or_else(|| Problem::bad_request("没有这个地方"))?)
        }
    };
    act(&app, &desk, &id, Deed::Refer(holder), &text).await
}

/// 办结
#[utoipa::path(post, path = "/complaints/{id}/close", tag = "complaints", params(("id" = String, Path)), request_body = Told, responses(
    (status = 200, body = ComplaintView),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn close(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
    Said(Told { text }): Said<Told>,
) -> Result<Json<ComplaintView>, Problem> {
    act(&app, &desk, &id, Deed::Close, &text).await
}

/// 重新打开办结了的
#[utoipa::path(post, path = "/complaints/{id}/reopen", tag = "complaints", params(("id" = String, Path)), request_body = Told, responses(
    (status = 200, body = ComplaintView),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn reopen(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
    Said(Told { text }): Said<Told>,
) -> Result<Json<ComplaintView>, Problem> {
    act(&app, &desk, &id, Deed::Reopen, &text).await
}
