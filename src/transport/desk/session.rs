//! Signing in and out, the second factor, and what is one's own.

use super::guard::Desk;
use super::guard::Visiting;
use super::views::GrantView;
use super::views::MeView;
use super::views::ProblemView;
use super::views::SeasonName;
use super::views::SessionView;
use super::views::Sessions;
use crate::accounts::staff::Offered;
use crate::accounts::staff::Opened;
use crate::accounts::staff::Signed;
use crate::accounts::tokens::Token;
use crate::contest::clock::chance;
use crate::transport::me::Asked;
use crate::transport::me::Said;
use crate::transport::problem::Problem;
use crate::transport::state::App;
use axum::Json;
use axum::extract::Path;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Response;
use fast_qr::QRBuilder;
use fast_qr::convert::svg::SvgBuilder;
use serde::Deserialize;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

fn view(app: &App, signed: Option<&Signed>, token: &str) -> SessionView {
    let season = &app.contest.season;
    let confirmed = signed.filter(|signed| signed.is_confirmed(app.contest.now()));
    SessionView {
        staff: signed.map(|signed| MeView::of(signed, season)),
        csrf: app.staff.csrf(token),
        needs: signed.filter(|signed| signed.needs_second_factor()).map(|_| "second_factor_setup"),
        setup: app.staff.waits_for_the_first(),
        confirmed_until: confirmed.map(|signed| signed.session.confirmed_until.0),
        season: SeasonName { id: season.id.to_string(), name: season.name.clone() },
    }
}

fn opened(app: &App, visiting: &Visiting, status: StatusCode, opened: &Opened) -> Response {
    let view = view(app, Some(&opened.signed), opened.token.hand_over());
    (status, visiting.give_session(opened), Json(view)).into_response()
}

/// 我是谁，以及 CSRF 值
#[utoipa::path(get, path = "/session", tag = "session", responses((status = 200, body = SessionView)))]
pub(super) async fn session(State(app): State<Arc<App>>, visiting: Visiting, desk: Option<Desk>) -> Response {
    let signed = desk.as_ref().map(|desk| &desk.signed);
    match &visiting.token {
        Some(token) => Json(view(&app, signed, token)).into_response(),
        None => {
            // Not a session: something to prove with that it is this browser that signs in.
            let token = Token::of(chance()).hand_over().to_owned();
            ([visiting.give(&token)], Json(view(&app, None, &token))).into_response()
        }
    }
}

#[derive(Deserialize, ToSchema)]
pub(super) struct SignIn {
    login: String,
    password: String,
    /// Six digits of the authenticator, or a recovery code.
    code: Option<String>,
}

/// 登录
#[utoipa::path(post, path = "/session", tag = "session", request_body = SignIn, responses(
    (status = 200, body = SessionView),
    (status = 401, body = ProblemView, description = "unauthorised：登录名或密码不对；second_factor：要验证码，或者不对"),
    (status = 429, body = ProblemView, description = "rate_limited：试错太多，retry_after_ms 之后再试"),
))]
pub(super) async fn sign_in(
    State(app): State<Arc<App>>,
    visiting: Visiting,
    desk: Option<Desk>,
    Said(body): Said<SignIn>,
) -> Result<Response, Problem> {
    let before = desk.as_ref().map(|desk| &desk.signed);
    let SignIn { login, password, code } = body;
    let session = app.staff.sign_in(&visiting.visitor, before, &login, &password, code.as_deref()).await?;
    Ok(opened(&app, &visiting, StatusCode::OK, &session))
}

/// 退出登录
#[utoipa::path(delete, path = "/session", tag = "session", responses((status = 204), (status = 401, body = ProblemView)))]
pub(super) async fn sign_out(State(app): State<Arc<App>>, desk: Desk) -> Result<StatusCode, Problem> {
    app.staff.sign_out(&desk.signed, &desk.visitor).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
pub(super) struct SetUp {
    /// The secret of the link that the server printed.
    link: String,
    login: String,
    name: String,
    password: String,
}

/// 第一位管理员
#[utoipa::path(post, path = "/setup", tag = "session", request_body = SetUp, responses(
    (status = 201, body = SessionView),
    (status = 400, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn set_up(
    State(app): State<Arc<App>>,
    visiting: Visiting,
    Said(SetUp { link, login, name, password }): Said<SetUp>,
) -> Result<Response, Problem> {
    let session = app.staff.set_up(&visiting.visitor, &link, &login, &name, &password).await?;
    Ok(opened(&app, &visiting, StatusCode::CREATED, &session))
}

#[derive(Serialize, ToSchema)]
pub(super) struct Invited {
    login: String,
    name: String,
    roles: Vec<GrantView>,
}

/// 邀请链接是给谁的
#[utoipa::path(get, path = "/invitations/{secret}", tag = "session", params(("secret" = String, Path)), responses(
    (status = 200, body = Invited),
    (status = 404, body = ProblemView),
))]
pub(super) async fn invitation(
    State(app): State<Arc<App>>,
    visiting: Visiting,
    Asked(Path(secret)): Asked<Path<String>>,
) -> Result<Json<Invited>, Problem> {
    let (person, grants) = app.staff.invited(&secret, visiting.visitor.now).await?;
    let roles = GrantView::all(&grants, &app.contest.season);
    Ok(Json(Invited { login: person.login, name: person.name, roles }))
}

#[derive(Deserialize, ToSchema)]
pub(super) struct NewPassword {
    password: String,
}

/// 接受邀请，设定密码
#[utoipa::path(post, path = "/invitations/{secret}", tag = "session", params(("secret" = String, Path)), request_body = NewPassword,
    responses((status = 201, body = SessionView), (status = 400, body = ProblemView), (status = 404, body = ProblemView)))]
pub(super) async fn accept(
    State(app): State<Arc<App>>,
    visiting: Visiting,
    Asked(Path(secret)): Asked<Path<String>>,
    Said(NewPassword { password }): Said<NewPassword>,
) -> Result<Response, Problem> {
    let session = app.staff.accept(&visiting.visitor, &secret, &password).await?;
    Ok(opened(&app, &visiting, StatusCode::CREATED, &session))
}

#[derive(Deserialize, ToSchema)]
pub(super) struct Confirm {
    password: String,
    code: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Confirmed {
    confirmed_until: i64,
}

/// 重要操作之前，确认是本人
#[utoipa::path(post, path = "/session/confirm", tag = "session", request_body = Confirm, responses(
    (status = 200, body = Confirmed),
    (status = 401, body = ProblemView),
    (status = 429, body = ProblemView),
))]
pub(super) async fn confirm(
    State(app): State<Arc<App>>,
    desk: Desk,
    Said(Confirm { password, code }): Said<Confirm>,
) -> Result<Json<Confirmed>, Problem> {
    let until = app.staff.confirm(&desk.signed, &desk.visitor, &password, code.as_deref()).await?;
    Ok(Json(Confirmed { confirmed_until: until.0 }))
}

#[derive(Deserialize, ToSchema)]
pub(super) struct PasswordChange {
    old: String,
    new: String,
}

/// 修改密码；其他设备上的登录随即失效
#[utoipa::path(post, path = "/session/password", tag = "session", request_body = PasswordChange, responses(
    (status = 204),
    (status = 400, body = ProblemView),
    (status = 401, body = ProblemView),
))]
pub(super) async fn password(
    State(app): State<Arc<App>>,
    desk: Desk,
    Said(PasswordChange { old, new }): Said<PasswordChange>,
) -> Result<StatusCode, Problem> {
    app.staff.change_password(&desk.signed, &desk.visitor, &old, &new).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize, ToSchema)]
pub(super) struct Offer {
    /// Base32, for typing.
    secret: String,
    /// `otpauth://totp/…`
    uri: String,
    /// The same as a picture, SVG.
    qr: String,
}

/// 获取第二重验证的密钥
#[utoipa::path(post, path = "/session/second-factor", tag = "session", responses(
    (status = 200, body = Offer),
    (status = 401, body = ProblemView),
    (status = 403, body = ProblemView),
))]
pub(super) async fn offer_factor(State(app): State<Arc<App>>, desk: Desk) -> Result<Json<Offer>, Problem> {
    let Offered { secret, uri } = app.staff.offer_factor(&desk.signed, &desk.visitor).await?;
    let qr = picture(&uri).unwrap_or_default();
    Ok(Json(Offer { secret, uri, qr }))
}

/// A code to scan, SVG; `None`: too long for one.
pub(super) fn picture(text: &str) -> Option<String> {
    QRBuilder::new(text).build().ok().map(|code| SvgBuilder::default().to_str(&code))
}

#[derive(Deserialize, ToSchema)]
pub(super) struct Code {
    code: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Recovery {
    /// Ten codes, each good once, for when the phone is lost. They are told this once.
    recovery: Vec<String>,
}

/// 用一个验证码启用第二重验证
#[utoipa::path(put, path = "/session/second-factor", tag = "session", request_body = Code, responses(
    (status = 200, body = Recovery),
    (status = 401, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn take_factor(
    State(app): State<Arc<App>>,
    desk: Desk,
    Said(Code { code }): Said<Code>,
) -> Result<Json<Recovery>, Problem> {
    let recovery = app.staff.take_factor(&desk.signed, &desk.visitor, &code).await?;
    Ok(Json(Recovery { recovery }))
}

/// 关闭第二重验证（管理员和审题人不能关闭）
#[utoipa::path(delete, path = "/session/second-factor", tag = "session", responses(
    (status = 204),
    (status = 403, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn drop_factor(State(app): State<Arc<App>>, desk: Desk) -> Result<StatusCode, Problem> {
    app.staff.drop_factor(&desk.signed, &desk.visitor).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize, ToSchema)]
pub(super) struct ForPhones {
    /// Of the pages, as phones on the same network reach them. Null: only the server's own machine reaches them.
    url: Option<String>,
    /// The same as a picture, SVG.
    qr: Option<String>,
}

/// 手机打开哪个网址
#[utoipa::path(get, path = "/phone", tag = "session", responses((status = 200, body = ForPhones), (status = 401, body = ProblemView)))]
pub(super) async fn phone(State(app): State<Arc<App>>, _desk: Desk, visiting: Visiting) -> Json<ForPhones> {
    let url = visiting.for_phones(&app);
    let qr = url.as_deref().and_then(picture);
    Json(ForPhones { url, qr })
}

/// 我在哪些设备上登录着
#[utoipa::path(get, path = "/session/all", tag = "session", responses((status = 200, body = Sessions), (status = 401, body = ProblemView)))]
pub(super) async fn all(State(app): State<Arc<App>>, desk: Desk) -> Result<Json<Sessions>, Problem> {
    let sessions = app.staff.sessions(&desk.own(), &desk.signed.id).await?;
    Ok(Json(Sessions::of(sessions, &desk.signed.session.id)))
}

/// 让我在某个设备上的登录失效
#[utoipa::path(delete, path = "/session/all/{session}", tag = "session", params(("session" = String, Path)), responses(
    (status = 204),
    (status = 404, body = ProblemView),
))]
pub(super) async fn end(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(session)): Asked<Path<String>>,
) -> Result<StatusCode, Problem> {
    app.staff.end_session(&desk.own(), &desk.signed.id, &session).await?;
    Ok(StatusCode::NO_CONTENT)
}
