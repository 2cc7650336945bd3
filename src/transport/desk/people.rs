//! Staff: who they are, inviting, changing, resetting, where they are signed in.

use super::guard::Desk;
use super::views::GrantView;
use super::views::InvitationView;
use super::views::ProblemView;
use super::views::Sessions;
use super::views::StaffView;
use crate::accounts::roles::On;
use crate::accounts::roles::Permission;
use crate::accounts::staff;
use crate::accounts::staff::Change;
use crate::domain::ids::StaffId;
use crate::transport::me::Asked;
use crate::transport::me::Said;
use crate::transport::problem::Problem;
use crate::transport::state::App;
use axum::Json;
use axum::extract::Path;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub(super) struct StaffList {
    items: Vec<StaffView>,
}

/// 全部工作人员
#[utoipa::path(get, path = "/staff", tag = "staff", responses((status = 200, body = StaffList), (status = 403, body = ProblemView)))]
pub(super) async fn list(State(app): State<Arc<App>>, desk: Desk) -> Result<Json<StaffList>, Problem> {
    desk.may(Permission::SeeStaff, On::Season).await?;
    let staff = app.staff.everybody().await?;
    let items = staff.iter().map(|(person, grants)| StaffView::of(person, grants, &app.contest.season));
    Ok(Json(StaffList { items: items.collect() }))
}

#[derive(Deserialize, ToSchema)]
pub(super) struct Invite {
    login: String,
    name: String,
    roles: Vec<GrantView>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct InvitedStaff {
    staff: StaffView,
    invitation: InvitationView,
}

/// 邀请一位工作人员（要先确认本人）
#[utoipa::path(post, path = "/staff", tag = "staff", request_body = Invite, responses(
    (status = 201, body = InvitedStaff),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
))]
pub(super) async fn invite(
    State(app): State<Arc<App>>,
    desk: Desk,
    Said(Invite { login, name, roles }): Said<Invite>,
) -> Result<(StatusCode, Json<InvitedStaff>), Problem> {
    let by = desk.may_now(Permission::ManageStaff, On::Season).await?;
    let season = &app.contest.season;
    let invited = app.staff.invite(&by, &login, &name, &GrantView::read_all(roles, season)?).await?;
    let staff = StaffView::of(&invited.person, &invited.grants, season);
    let invitation = InvitationView::of(&invited.invitation);
    Ok((StatusCode::CREATED, Json(InvitedStaff { staff, invitation })))
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Wanted {
    Active,
    Disabled,
}

/// What is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StaffChange {
    name: Option<String>,
    roles: Option<Vec<GrantView>>,
    state: Option<Wanted>,
}

/// 修改姓名、角色，停用或启用（要先确认本人）
#[utoipa::path(patch, path = "/staff/{id}", tag = "staff", params(("id" = String, Path)), request_body = StaffChange, responses(
    (status = 200, body = StaffView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn change(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
    Said(StaffChange { name, roles, state }): Said<StaffChange>,
) -> Result<Json<StaffView>, Problem> {
    let by = desk.may_now(Permission::ManageStaff, On::Season).await?;
    let season = &app.contest.season;
    let grants = roles.map(|roles| GrantView::read_all(roles, season)).transpose()?;
    let change = Change { name, grants, enabled: state.map(|state| matches!(state, Wanted::Active)) };
    let (person, grants) = app.staff.change(&by, &StaffId(id), change).await?;
    Ok(Json(StaffView::of(&person, &grants, season)))
}

#[derive(Deserialize, ToSchema)]
pub(super) struct StaffBecause {
    reason: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct ResetState {
    /// `asked`: a second person has to do the same; `done`
    state: &'static str,
    invitation: Option<InvitationView>,
}

/// 重置登录：两个人先后操作（要先确认本人）
#[utoipa::path(post, path = "/staff/{id}/reset", tag = "staff", params(("id" = String, Path)), request_body = StaffBecause, responses(
    (status = 200, body = ResetState),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn reset(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
    Said(StaffBecause { reason }): Said<StaffBecause>,
) -> Result<Json<ResetState>, Problem> {
    let by = desk.may_now(Permission::ResetStaff, On::Season).await?;
    Ok(Json(match app.staff.reset(&by, &desk.signed, &StaffId(id), &reason).await? {
        staff::Reset::Asked => ResetState { state: "asked", invitation: None },
        staff::Reset::Done(invitation) => {
            ResetState { state: "done", invitation: Some(InvitationView::of(&invitation)) }
        }
    }))
}

/// 某人在哪些设备上登录着（查看会记入操作记录）
#[utoipa::path(get, path = "/staff/{id}/sessions", tag = "staff", params(("id" = String, Path)), responses(
    (status = 200, body = Sessions),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
))]
pub(super) async fn sessions(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
) -> Result<Json<Sessions>, Problem> {
    let by = desk.may(Permission::SeeStaff, On::Season).await?;
    let sessions = app.staff.sessions(&by, &StaffId(id)).await?;
    Ok(Json(Sessions::of(sessions, &desk.signed.session.id)))
}

/// 让某人在某个设备上的登录失效
#[utoipa::path(delete, path = "/staff/{id}/sessions/{session}", tag = "staff",
    params(("id" = String, Path), ("session" = String, Path)), responses(
    (status = 204),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
))]
pub(super) async fn end_session(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path((id, session))): Asked<Path<(String, String)>>,
) -> Result<StatusCode, Problem> {
    let by = desk.may(Permission::ManageStaff, On::Season).await?;
    app.staff.end_session(&by, &StaffId(id), &session).await?;
    Ok(StatusCode::NO_CONTENT)
}
