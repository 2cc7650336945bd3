//! What anyone may ask by HTTP: the season, organisations, boards, proofs, receipts.

use crate::contest::scoreboard::Scope;
use crate::domain::fairness;
use crate::domain::ids::ParticipantId;
use crate::domain::proof::PeriodProof;
use crate::domain::proof::Proof;
use crate::domain::proof::PublishedSecret;
use crate::domain::score::Standing;
use crate::transport::board_view::BehindView;
use crate::transport::board_view::BoardName;
use crate::transport::board_view::Body;
use crate::transport::board_view::LIMIT_MAX;
use crate::transport::board_view::LIMIT_USUAL;
use crate::transport::board_view::MeView;
use crate::transport::board_view::PeopleView;
use crate::transport::board_view::entries;
use crate::transport::errata::ErratumView;
use crate::transport::errata::WasView;
use crate::transport::me::Asked;
use crate::transport::me::Caller;
use crate::transport::me::ended_text;
use crate::transport::metrics;
use crate::transport::problem::Problem;
use crate::transport::state::App;
use axum::Json;
use axum::extract::Path;
use axum::extract::Query;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use serde::Deserialize;
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// At most so many organisations an answer.
const ORGANISATIONS_MAX: usize = 20;
/// Neighbours shown above and below oneself.
const NEIGHBOURS: usize = 2;

pub async fn no_such_call() -> Problem {
    Problem::not_found("这个接口")
}

pub async fn no_such_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "bad_request", "这个接口不支持这样的请求")
}

pub async fn season(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let missed = app.statistics.missed().first().map(|missed| missed.week.monday().date().to_string());
    app.season_views.view(&app.contest, missed).respond(&headers, "no-cache")
}

/// What the organisers have told everyone, newest first.
pub async fn notices(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    app.notices.packed().respond(&headers, "no-cache")
}

#[derive(Deserialize)]
pub struct MissedQuery {
    week: Option<String>,
}

/// 易错题: of the newest week that is over, or of the one that begins on this Monday (`2026-08-31`).
pub async fn missed(
    State(app): State<Arc<App>>,
    Asked(Query(query)): Asked<Query<MissedQuery>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let view = app.missed.view(&app.statistics, &app.contest.season, query.week.as_deref());
    Ok(view.ok_or_else(|| Problem::not_found("这一周的易错题"))?.respond(&headers, "public, max-age=60"))
}

#[derive(Deserialize)]
pub struct OrganisationQuery {
    city: Option<String>,
    #[serde(default)]
    q: String,
}

#[derive(Serialize)]
pub struct Organisations {
    organisations: Vec<OrganisationView>,
}

#[derive(Serialize)]
struct OrganisationView {
    id: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    county: Option<String>,
}

/// Organisations of a city, and the region's own, whose name holds the text.
pub async fn organisations(
    State(app): State<Arc<App>>,
    Asked(Query(query)): Asked<Query<OrganisationQuery>>,
) -> Result<Json<Organisations>, Problem> {
    let season = &app.contest.season;
    let unknown = || Problem::bad_request("没有这个城市");
    let city = query.city.as_deref().map(|code| season.region.city_of_code(code).ok_or_else(unknown)).transpose()?;
    let wanted = query.q.trim();
    let found = season
        .organisations
        .iter()
        .filter(|organisation| city.is_none() || organisation.city.is_none() || organisation.city == city)
        .filter(|organisation| wanted.is_empty() || organisation.name.contains(wanted))
        .take(ORGANISATIONS_MAX)
        .map(|organisation| OrganisationView {
            id: organisation.id.clone(),
            name: organisation.name.clone(),
            city: organisation.city.map(|city| season.region.city(city).code.clone()),
            county: organisation.county.map(|county| season.region.county(county).code.clone()),
        });
    Ok(Json(Organisations { organisations: found.collect() }))
}

#[derive(Deserialize)]
pub struct BoardQuery {
    round: Option<String>,
    by: Option<String>,
    limit: Option<usize>,
    around: Option<String>,
}

/// A board. With `around=me` and a token, one's own place and neighbours too.
pub async fn board(
    State(app): State<Arc<App>>,
    Asked(Path(scope)): Asked<Path<String>>,
    Asked(Query(query)): Asked<Query<BoardQuery>>,
    caller: Option<Caller>,
) -> Result<Json<Body>, Problem> {
    let limit = query.limit.unwrap_or(LIMIT_USUAL);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Problem::bad_request(format!("limit 应在 1 到 {LIMIT_MAX} 之间")));
    }
    let name = BoardName::read(&app.contest.season, &scope, query.round.as_deref(), query.by.as_deref())?;
    let mut body = app.boards.view(&app.contest, name).body.clone();
    if let (Body::People(people), BoardName::People(of, scope)) = (&mut body, name) {
        people.entries.truncate(limit);
        match query.around.as_deref() {
            Some("me") => add_me(&app, of, scope, caller.ok_or_else(Problem::unauthorised)?.0, people),
            Some(_) => return Err(Problem::bad_request("around 只能是 me")),
            None => {}
        }
    }
    Ok(Json(body))
}

fn add_me(
    app: &App,
    of: Option<crate::domain::ids::RoundIndex>,
    scope: Scope,
    me: ParticipantId,
    view: &mut PeopleView,
) {
    let scoreboard = app.contest.scoreboard();
    let Some(rank) = scoreboard.rank(of, scope, me) else { return };
    let page = scoreboard.around(of, scope, rank, NEIGHBOURS, NEIGHBOURS);
    drop(scoreboard);
    let standing_at =
        |wanted: u64| page.rows.iter().find(|(rank, ..)| *rank == wanted).map(|(_, _, standing)| *standing);
    let Some(mine) = standing_at(rank) else { return };
    let ahead = rank.checked_sub(1).and_then(standing_at);
    view.me = Some(MeView {
        rank,
        score: mine.score,
        elapsed_ms: mine.elapsed_ms,
        finished_at: mine.finished_at.0,
        behind: ahead.map(|ahead: Standing| BehindView {
            score: i64::from(ahead.score) - i64::from(mine.score),
            elapsed_ms: mine.elapsed_ms as i64 - ahead.elapsed_ms as i64,
        }),
    });
    view.neighbours = entries(&app.contest, &page, Some(me));
}

/// Commitments of a round's draw periods; their draw list once one has begun, secrets once they are out.
pub async fn proof(
    State(app): State<Arc<App>>,
    Asked(Path(round)): Asked<Path<String>>,
) -> Result<Json<Proof>, Problem> {
    let contest = &app.contest;
    let unknown = || Problem::of(&crate::contest::refusal::Refusal::UnknownRound, &contest.season.time_zone);
    let index = contest.season.round_of_id(&round).ok_or_else(unknown)?;
    let periods = contest.periods_of(index);
    // The draw list tells nothing of texts and keys; it is told with the secret, when it can be checked.
    let published = periods.iter().rev().find(|period| period.secret_is_out());
    let draw_list = published.map(|period| period.list.clone());
    let blueprint = periods.last().map(|period| period.round.blueprint.clone());
    let commitments = periods.iter().map(|period| PeriodProof {
        period: period.number,
        from: Some(period.from),
        to: period.to,
        commitment: period.commitment,
        algorithm: fairness::ALGORITHM,
        draw_list: Some(&period.list)
            .filter(|list| period.secret_is_out() && Some(*list) != draw_list.as_ref())
            .cloned(),
        blueprint: Some(&period.round.blueprint).filter(|own| Some(*own) != blueprint.as_ref()).cloned(),
    });
    let secrets = periods
        .iter()
        .filter_map(|period| period.published_secret().map(|secret| PublishedSecret { period: period.number, secret }));
    Ok(Json(Proof {
        season: contest.season.id.clone(),
        round: contest.season.round(index).id.clone(),
        commitments: commitments.collect(),
        secrets: secrets.collect(),
        draw_list,
        blueprint,
    }))
}

#[derive(Serialize)]
pub struct ErrataView {
    errata: Vec<ErratumView>,
}

/// 勘误: the corrections of a round's questions, oldest first, by their ids and without keys.
pub async fn errata(
    State(app): State<Arc<App>>,
    Asked(Path(round)): Asked<Path<String>>,
) -> Result<Json<ErrataView>, Problem> {
    let contest = &app.contest;
    let unknown = || Problem::of(&crate::contest::refusal::Refusal::UnknownRound, &contest.season.time_zone);
    let index = contest.season.round_of_id(&round).ok_or_else(unknown)?;
    Ok(Json(ErrataView { errata: contest.corrections_of(index).iter().map(ErratumView::of).collect() }))
}

#[derive(Serialize)]
pub struct ReceiptView {
    state: &'static str,
    round: String,
    finished_at: i64,
    score: u32,
    correct: u32,
    of: u32,
    /// What the receipt was given for, where a correction has changed it since.
    #[serde(skip_serializing_if = "Option::is_none")]
    was: Option<WasView>,
}

/// What a receipt vouches for, and nothing personal.
pub async fn receipt(
    State(app): State<Arc<App>>,
    Asked(Path(typed)): Asked<Path<String>>,
) -> Result<Json<ReceiptView>, Problem> {
    let missing = || Problem::not_found("这张回执，请核对 12 位字符");
    let receipt = fairness::receipt_as_typed(&typed).ok_or_else(missing)?;
    let (recorded, period) = app.contest.attempt_of_receipt(&receipt).await?.ok_or_else(missing)?;
    let outcome = app.contest.by_now(&recorded).ok_or_else(missing)?.outcome;
    let (_, ended) = recorded.ended.ok_or_else(missing)?;
    Ok(Json(ReceiptView {
        state: ended_text(ended.ending),
        round: period.round.id.0.clone(),
        finished_at: ended.at.0,
        score: outcome.score,
        correct: outcome.correct,
        was: WasView::of(&ended, &outcome),
        of: period.round.blueprint.count(),
    }))
}

pub async fn healthz() -> &'static str {
    "ok\n"
}

/// 200 once it serves, 503 while it recovers or drains.
pub async fn readyz(State(app): State<Arc<App>>) -> Result<&'static str, Problem> {
    if app.ready.load(Ordering::Acquire) { Ok("ready\n") } else { Err(Problem::unavailable()) }
}

/// What `prometheus-client` writes; as plain text a scraper would read it by the older format, and refuse it.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    let state = metrics::State {
        ready: app.ready.load(Ordering::Acquire),
        certificate_expires: app.settings.tls.as_ref().and_then(|tls| tls.expires()),
    };
    ([(header::CONTENT_TYPE, OPEN_METRICS)], metrics::text(&app.meters, &app.contest, &app.admission, state))
}
