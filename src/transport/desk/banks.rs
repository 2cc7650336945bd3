//! Banks: what there are, their rules, their versions, and files of them.

use super::bank_access::Inside;
use super::bank_access::Wants;
use super::bank_views::BankView;
use super::bank_views::FateView;
use super::bank_views::ForbiddenView;
use super::bank_views::RequiredView;
use super::bank_views::VersionView;
use super::bank_views::range;
use super::files::Download;
use super::guard::Desk;
use super::refused::Refused;
use super::views::ProblemView;
use crate::accounts::roles::On;
use crate::accounts::roles::Permission;
use crate::contest::core::Life;
use crate::domain::ids::RoundIndex;
use crate::domain::question::TOPICS;
use crate::domain::review;
use crate::domain::wording::Wording;
use crate::formats::export::Format;
use crate::ledger::desk::BankRow;
use crate::office::banks;
use crate::office::banks::BankChange;
use crate::office::in_season;
use crate::office::powers::Powers;
use crate::office::publishing;
use crate::office::publishing::FaultOf;
use crate::office::sample;
use crate::transport::me::Asked;
use crate::transport::me::Said;
use crate::transport::problem::Problem;
use crate::transport::state::App;
use axum::Json;
use axum::extract::Path;
use axum::extract::State;
use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Response;
use serde::Deserialize;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Versions that are listed; older ones are still compared by their numbers.
const VERSIONS_LISTED: i64 = 200;
/// How many questions are not in an exported file because they are not whole yet.
const LEFT_OUT: HeaderName = HeaderName::from_static("x-kejing-left-out");
/// Topics that are offered besides the usual ones.
const TOPICS_MAX: i64 = 100;

pub(super) fn calls() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(create_sample))
        .routes(routes!(bank, change))
        .routes(routes!(preview))
        .routes(routes!(publish))
        .routes(routes!(versions))
        .routes(routes!(version_changes))
        .routes(routes!(export))
        .routes(routes!(topics))
}

#[derive(Serialize, ToSchema)]
pub(super) struct BankList {
    items: Vec<BankView>,
}

/// 题库一览
#[utoipa::path(get, path = "/banks", tag = "banks", responses((status = 200, body = BankList), (status = 403, body = ProblemView)))]
pub(super) async fn list(State(app): State<Arc<App>>, desk: Desk) -> Result<Json<BankList>, Problem> {
    Inside::anywhere(&desk, Wants::See).await?;
    let banks = app.desk.read().await?.banks().await?;
    let mut items = Vec::with_capacity(banks.len());
    for bank in banks {
        let powers = Powers::of(&desk.signed.grants, &bank.id, &app.contest.season);
        if powers.sees_bank() {
            items.push(view(&app, bank, &powers).await?);
        }
    }
    Ok(Json(BankList { items }))
}

async fn view(app: &App, bank: BankRow, powers: &Powers) -> Result<BankView, Problem> {
    let mut link = app.desk.read().await?;
    let places = if powers.sees_all { None } else { Some(powers.places.as_slice()) };
    let counts = link.states_of(&bank.id, places).await?;
    let last = link.versions(&bank.id, 1).await?.into_iter().next();
    let playing = playing(app, &bank.id);
    Ok(BankView::of(bank, &counts, last.as_ref(), playing.as_deref(), powers))
}

/// The digest of the version from which papers are drawn, while a round still draws.
fn playing(app: &App, bank: &str) -> Option<String> {
    let now = app.contest.now();
    let rounds = (0..app.contest.season.rounds.len()).map(|index| RoundIndex(index as u16));
    let mut of_bank = rounds.filter(|round| app.contest.season.round(*round).bank == bank);
    let draws = of_bank.any(|round| app.contest.round_life(round, now) != Life::Closed);
    in_season::playing(&app.contest, bank).map(|(digest, _)| digest).filter(|_| draws)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewBank {
    /// Small letters, digits, - and _. Where the season plays a bank of this id, what is published goes into it.
    id: String,
    name: String,
    /// 1, 2 or 3
    reviews: Option<u8>,
    /// What it begins with; nothing where it is left out.
    from: Option<From>,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum From {
    /// The shipped questions, published.
    Sample,
    /// The questions that the season plays under this id, published.
    Season,
}

/// 新建题库
#[utoipa::path(post, path = "/banks", tag = "banks", request_body = NewBank, responses(
    (status = 201, body = BankView),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    desk: Desk,
    Said(new): Said<NewBank>,
) -> Result<(StatusCode, Json<BankView>), Problem> {
    let Inside { by, powers } = Inside::of(&app, &desk, &new.id, Wants::Manage).await?;
    let reviews = new.reviews.unwrap_or(1);
    let bank = match new.from {
        None => banks::create(&app.desk, &by, &new.id, &new.name, reviews).await?,
        Some(From::Sample) => sample::shipped(&app.desk, &app.contest, &by, &new.id, &new.name, reviews).await?,
        Some(From::Season) => sample::of_season(&app.desk, &app.contest, &by, &new.id, &new.name, reviews).await?,
    };
    Ok((StatusCode::CREATED, Json(view(&app, bank, &powers).await?)))
}

/// 新建示例题库：自带的题目，已发布为第 1 版
#[utoipa::path(post, path = "/banks/sample", tag = "banks", responses(
    (status = 201, body = BankView),
    (status = 403, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn create_sample(
    State(app): State<Arc<App>>,
    desk: Desk,
) -> Result<(StatusCode, Json<BankView>), Problem> {
    let Inside { by, powers } = Inside::of(&app, &desk, sample::ID, Wants::Manage).await?;
    let bank = sample::shipped(&app.desk, &app.contest, &by, sample::ID, sample::NAME, 1).await?;
    Ok((StatusCode::CREATED, Json(view(&app, bank, &powers).await?)))
}

/// 一个题库
#[utoipa::path(get, path = "/banks/{bank}", tag = "banks", params(("bank" = String, Path)), responses(
    (status = 200, body = BankView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
))]
pub(super) async fn bank(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
) -> Result<Json<BankView>, Problem> {
    let Inside { powers, .. } = Inside::of(&app, &desk, &id, Wants::See).await?;
    let bank = app.desk.read().await?.bank(&id).await?.ok_or_else(|| Problem::not_found("这个题库"))?;
    Ok(Json(view(&app, bank, &powers).await?))
}

/// What is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangedBank {
    name: Option<String>,
    reviews: Option<u8>,
    required: Option<Vec<RequiredView>>,
    forbidden: Option<Vec<ForbiddenView>>,
}

/// 修改名称、审核次数和词表
#[utoipa::path(patch, path = "/banks/{bank}", tag = "banks", params(("bank" = String, Path)), request_body = ChangedBank, responses(
    (status = 200, body = BankView),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
))]
pub(super) async fn change(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
    Said(said): Said<ChangedBank>,
) -> Result<Json<BankView>, Problem> {
    let Inside { by, powers } = Inside::of(&app, &desk, &id, Wants::Manage).await?;
    let wording = match (said.required, said.forbidden) {
        (None, None) => None,
        (required, forbidden) => {
            let known = app.desk.read().await?.bank(&id).await?.map(|bank| bank.wording).unwrap_or_default();
            Some(Wording {
                required: required.map_or(known.required, |all| all.into_iter().map(RequiredView::read).collect()),
                forbidden: forbidden.map_or(known.forbidden, |all| all.into_iter().map(ForbiddenView::read).collect()),
            })
        }
    };
    let change = BankChange { name: said.name, reviews: said.reviews, wording };
    let bank = banks::change(&app.desk, &by, &id, change).await?;
    Ok(Json(view(&app, bank, &powers).await?))
}

#[derive(Serialize, ToSchema)]
pub(super) struct Prospect {
    /// Its number.
    version: i64,
    questions: i64,
    added: i64,
    changed: i64,
    removed: i64,
    /// It is not published while there are any.
    faults: Vec<ProspectFault>,
    /// Besides those that are told.
    more_faults: usize,
    /// Papers will be drawn from it at once.
    in_season: bool,
}

#[derive(Serialize, ToSchema)]
pub(super) struct ProspectFault {
    id: String,
    stem: String,
    part: String,
    code: &'static str,
    message: String,
}

impl ProspectFault {
    fn of(FaultOf { id, stem, fault }: FaultOf) -> ProspectFault {
        ProspectFault { id: id.0, stem, part: fault.part.code(), code: fault.code, message: fault.message }
    }
}

/// 发布之前：下一版会是什么
#[utoipa::path(get, path = "/banks/{bank}/publish/preview", tag = "banks", params(("bank" = String, Path)), responses(
    (status = 200, body = Prospect),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
))]
pub(super) async fn preview(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
) -> Result<Json<Prospect>, Problem> {
    Inside::of(&app, &desk, &id, Wants::Foresee).await?;
    let next = publishing::prospect(&mut app.desk.read().await?, &id).await?;
    Ok(Json(Prospect {
        version: next.version,
        questions: next.questions.len() as i64,
        added: next.added(),
        changed: next.changed(),
        removed: next.removed(),
        faults: next.faults.into_iter().map(ProspectFault::of).collect(),
        more_faults: next.more_faults,
        in_season: in_season::playing(&app.contest, &id).is_some(),
    }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WithReason {
    reason: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct PublishedVersion {
    version: i64,
    questions: i64,
    added: i64,
    changed: i64,
    removed: i64,
    /// Papers are drawn from it from here on.
    in_season: bool,
}

/// 发布新的一版（要先确认本人）
#[utoipa::path(post, path = "/banks/{bank}/publish", tag = "banks", params(("bank" = String, Path)), request_body = WithReason, responses(
    (status = 201, body = PublishedVersion),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn publish(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
    Said(WithReason { reason }): Said<WithReason>,
) -> Result<(StatusCode, Json<PublishedVersion>), Refused> {
    let Inside { by, .. } = Inside::of(&app, &desk, &id, Wants::Publish).await?;
    let (row, in_season) = publishing::publish(&app.desk, &app.contest, &by, &id, &reason).await?;
    let published = PublishedVersion {
        version: row.n,
        questions: row.questions,
        added: row.added,
        changed: row.changed,
        removed: row.removed,
        in_season,
    };
    Ok((StatusCode::CREATED, Json(published)))
}

#[derive(Serialize, ToSchema)]
pub(super) struct Versions {
    items: Vec<VersionView>,
}

/// 各版，新的在前
#[utoipa::path(get, path = "/banks/{bank}/versions", tag = "banks", params(("bank" = String, Path)), responses(
    (status = 200, body = Versions),
    (status = 403, body = ProblemView),
))]
pub(super) async fn versions(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
) -> Result<Json<Versions>, Problem> {
    Inside::all_of(&app, &desk, &id).await?;
    let rows = app.desk.read().await?.versions(&id, VERSIONS_LISTED).await?;
    Ok(Json(Versions { items: rows.into_iter().map(VersionView::of).collect() }))
}

#[derive(Serialize, ToSchema)]
pub(super) struct VersionChanges {
    changes: Vec<FateView>,
}

/// 两版之间改了什么；0 是第 1 版之前的空题库
#[utoipa::path(get, path = "/banks/{bank}/versions/{range}", tag = "banks",
    params(("bank" = String, Path), ("range" = String, Path, description = "`1..3`")),
    responses(
        (status = 200, body = VersionChanges),
        (status = 400, body = ProblemView),
        (status = 403, body = ProblemView),
        (status = 404, body = ProblemView),
    ))]
pub(super) async fn version_changes(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path((id, versions))): Asked<Path<(String, String)>>,
) -> Result<Json<VersionChanges>, Problem> {
    Inside::all_of(&app, &desk, &id).await?;
    let (from, to) = range(&versions)?;
    let found = publishing::between(&mut app.desk.read().await?, &id, from, to).await?;
    Ok(Json(VersionChanges { changes: found.into_iter().map(FateView::of).collect() }))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Exported {
    /// xlsx, csv, json, gift, moodle_xml, qti or toml
    format: String,
    /// A published version; else the texts as they are now
    version: Option<i64>,
    /// Of the texts as they are now those in this state
    state: Option<String>,
}

/// 导出：一个版本，或现在的题目；没有写完的不在其中
#[utoipa::path(get, path = "/banks/{bank}/export", tag = "banks", params(("bank" = String, Path), Exported), responses(
    (status = 200, description = "按所要的格式", content(
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (String = "text/csv"),
        (String = "application/toml"),
        (serde_json::Value = "application/json"),
        (String = "text/plain"),
        (Vec<u8> = "application/xml"),
        (Vec<u8> = "application/zip"),
    )),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn export(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
    Asked(axum::extract::Query(wanted)): Asked<axum::extract::Query<Exported>>,
) -> Result<Response, Problem> {
    let Inside { by, .. } = Inside::all_of(&app, &desk, &id).await?;
    let format = Format::of_code(&wanted.format).ok_or_else(|| Problem::bad_request("不认识这种文件格式"))?;
    let state = wanted.state.as_deref().filter(|code| !code.is_empty());
    let unknown = || Problem::bad_request("不认识这样的 state");
    let state = state.map(|code| review::State::of_code(code).ok_or_else(unknown)).transpose()?;
    let mut link = app.desk.read().await?;
    let bank = link.bank(&id).await?.ok_or_else(|| Problem::not_found("这个题库"))?;
    let (questions, left_out) = match wanted.version {
        Some(version) => (publishing::questions_of(&mut link, &id, version).await?, 0),
        None => publishing::current_questions(&mut link, &id, state).await?,
    };
    drop(link);
    let bytes = publishing::export(&app.desk, &by, &id, format, questions).await?;
    let name = match wanted.version {
        Some(version) => format.file_name(&format!("{}-第{version}版", bank.name)),
        None => format.file_name(&bank.name),
    };
    let mut response = Download { name, content_type: format.content_type(), bytes }.into_response();
    response.headers_mut().insert(LEFT_OUT, HeaderValue::from(left_out));
    Ok(response)
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct TopicsOf {
    bank: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Topics {
    topics: Vec<String>,
}

/// 主题：题库里用着的和常用的
#[utoipa::path(get, path = "/topics", tag = "banks", params(TopicsOf), responses((status = 200, body = Topics), (status = 403, body = ProblemView)))]
pub(super) async fn topics(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(axum::extract::Query(of)): Asked<axum::extract::Query<TopicsOf>>,
) -> Result<Json<Topics>, Problem> {
    let on = of.bank.as_deref().map_or(On::SomeBank, On::Bank);
    let sees = desk.could(Permission::SeeBank, on);
    desk.may(if sees { Permission::SeeBank } else { Permission::OfferQuestions }, on).await?;
    // Topics in use name no question; an association that offers one finds the usual names.
    let mut topics = match of.bank.as_deref().filter(|_| sees) {
        Some(bank) => app.desk.read().await?.topics(Some(bank), TOPICS_MAX).await?,
        None => Vec::new(),
    };
    for usual in TOPICS {
        if !topics.iter().any(|topic| topic == usual) {
            topics.push(usual.to_owned());
        }
    }
    Ok(Json(Topics { topics }))
}
