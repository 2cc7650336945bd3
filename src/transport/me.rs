//! What participants ask by HTTP of themselves: joining, coming back, their place, history and reviews.

use crate::accounts::register::Change;
use crate::accounts::register::Joining;
use crate::accounts::tokens::Token;
use crate::contest::core::Contest;
use crate::contest::past::Past;
use crate::contest::recovery::indexed;
use crate::contest::refusal::Refusal;
use crate::contest::roster;
use crate::domain::attempt::Ending;
use crate::domain::attempt::Given;
use crate::domain::correction::Judging;
use crate::domain::correction::PUBLISHED;
use crate::domain::ids::ParticipantId;
use crate::domain::question::Kind;
use crate::domain::question::Question;
use crate::ledger::entry::Note;
use crate::ledger::store::Recorded;
use crate::transport::errata::CorrectedView;
use crate::transport::errata::ErratumView;
use crate::transport::errata::WasView;
use crate::transport::messages::BestView;
use crate::transport::messages::MediaView;
use crate::transport::messages::ParticipantView;
use crate::transport::messages::RanksView;
use crate::transport::messages::places;
use crate::transport::peer::Peer;
use crate::transport::problem::Problem;
use crate::transport::requests::Asker;
use crate::transport::state::App;
use axum::Json;
use axum::extract::FromRequest;
use axum::extract::FromRequestParts;
use axum::extract::OptionalFromRequestParts;
use axum::extract::Path;
use axum::extract::Query;
use axum::extract::Request;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header;
use axum::http::request::Parts;
use axum::response::IntoResponse;
use axum::response::Response;
use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use std::sync::Arc;
use uuid::Uuid;

/// A request's body is at most so large; more is `too_large`.
pub const BODY_BYTES_MAX: usize = 16 * 1024;
/// A report is cut to so many characters.
const REASON_CHARACTERS: usize = 500;

/// Who calls, by the bearer token.
pub struct Caller(pub ParticipantId);

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Caller, Problem> {
        <Caller as OptionalFromRequestParts<Arc<App>>>::from_request_parts(parts, app)
            .await?
            .ok_or_else(Problem::unauthorised)
    }
}

impl OptionalFromRequestParts<Arc<App>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Option<Caller>, Problem> {
        let Some(header) = parts.headers.get(header::AUTHORIZATION) else { return Ok(None) };
        // The scheme's name is written in capitals or not (RFC 9110, 11.1).
        let bearer = header.to_str().ok().and_then(|value| value.split_once(' '));
        let token = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token);
        let owner = token.and_then(|token| app.accounts.of_token(token.trim()));
        let Some(participant) = owner else {
            if let Some(peer) = parts.extensions.get::<Peer>() {
                app.admission.wrong_secret(peer.0)?;
            }
            return Err(Problem { status: StatusCode::UNAUTHORIZED, ..Problem::unauthorised() });
        };
        if let Some(asker) = parts.extensions.get::<Asker>() {
            asker.is(participant);
        }
        app.admission.participant(participant)?;
        Ok(Some(Caller(participant)))
    }
}

/// A part of the address, or what stands behind its question mark, refused as everything else is.
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<App>> for Asked<Query<T>> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Asked<Query<T>>, Problem> {
        let query = Query::<T>::from_request_parts(parts, app).await;
        query.map(Asked).map_err(|rejection| {
            tracing::debug!(%rejection, "a query could not be read");
            Problem::bad_request("网址里「?」后面的参数不对")
        })
    }
}

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<App>> for Asked<Path<T>> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Asked<Path<T>>, Problem> {
        let path = <Path<T> as FromRequestParts<Arc<App>>>::from_request_parts(parts, app).await;
        path.map(Asked).map_err(|rejection| Problem::bad_request(format!("请求的地址不对：{rejection}")))
    }
}

/// A JSON body, with what is wrong said in the person's words.
pub struct Said<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Said<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Said<T>, Problem> {
        let patience = std::time::Duration::from_millis(app.settings.patience.body_ms);
        let body = tokio::time::timeout(patience, bytes::Bytes::from_request(request, app));
        let bytes = body.await.map_err(|_| Problem::too_slow())?.map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                Problem::too_large()
            } else {
                Problem::bad_request("请求没有完整送达，请重试")
            }
        })?;
        if !bytes.trim_ascii_start().starts_with(b"{") {
            return Err(Problem::bad_request("请求应当是一个 JSON 对象"));
        }
        let said = serde_json::from_slice(&bytes).map_err(|error| {
            let (row, column) = (error.line(), error.column());
            Problem::bad_request(format!("请求缺少必填的内容，或者写法不对（第 {row} 行第 {column} 列）"))
        });
        said.map(Said)
    }
}

/// A participant as they see themselves.
pub fn participant_view(contest: &Contest, participant: ParticipantId) -> Option<ParticipantView> {
    let season = &contest.season;
    let who =
        contest.roster.with(participant, |player| (roster::who(season, &player.name, player.place), player.place));
    let (who, place) = who?;
    Some(ParticipantView {
        id: contest.keys.participant(participant),
        name: who.name,
        city: who.city,
        county: who.county,
        organisation: who.organisation,
        organisation_name: place.organisation.map(|index| season.organisations[index.0 as usize].name.clone()),
        group: who.group,
    })
}

#[derive(Deserialize)]
pub struct JoinBody {
    request: Uuid,
    name: String,
    city: String,
    county: Option<String>,
    organisation: Option<String>,
    group: Option<String>,
    consent: Option<serde_json::Value>,
}

impl JoinBody {
    /// Agreed: `true`, or the name of the notice that was shown.
    fn consented(&self, notice: Option<&str>) -> bool {
        match &self.consent {
            Some(serde_json::Value::Bool(agreed)) => *agreed,
            Some(serde_json::Value::String(shown)) => notice.is_none_or(|notice| notice == shown),
            _ => false,
        }
    }
}

pub async fn join(State(app): State<Arc<App>>, Said(body): Said<JoinBody>) -> Result<impl IntoResponse, Problem> {
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let consented = body.consented(app.contest.season.consent.as_deref());
    let joining = Joining {
        request: body.request.into_bytes(),
        name: body.name,
        city: body.city,
        county: given(body.county),
        organisation: given(body.organisation),
        group: given(body.group),
        consented,
    };
    let joined = app.accounts.join(&app.contest, joining).await?;
    let participant = participant_view(&app.contest, joined.participant);
    let body = json!({ "participant": participant, "token": joined.token.hand_over(), "recovery": joined.recovery });
    Ok((StatusCode::CREATED, no_store(Json(body))))
}

fn no_store(answer: impl IntoResponse) -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-store")], answer)
}

pub async fn code(State(app): State<Arc<App>>, Caller(me): Caller) -> Result<impl IntoResponse, Problem> {
    app.admission.kept_act(me)?;
    let now = app.contest.now();
    let (code, expires) = app.accounts.codes.issue(me, crate::contest::clock::chance(), now);
    Ok(no_store(Json(json!({ "code": code, "expires_ms": expires.since(now) }))))
}

#[derive(Deserialize)]
pub struct SessionBody {
    code: Option<String>,
    recovery: Option<String>,
}

pub async fn session(
    State(app): State<Arc<App>>,
    axum::Extension(peer): axum::Extension<Peer>,
    Said(body): Said<SessionBody>,
) -> Result<impl IntoResponse, Problem> {
    // A code is short: who guesses must not get through with the right one either.
    app.admission.wrong_secret(peer.0)?;
    let owner = match (&body.code, &body.recovery) {
        (Some(code), _) => app.accounts.codes.redeem(code, app.contest.now()),
        (None, Some(recovery)) => app.accounts.of_recovery(recovery),
        (None, None) => return Err(Problem::bad_request("请填写恢复码，或另一部手机上显示的 8 位代码")),
    };
    let Some(participant) = owner else {
        let message = match body.code {
            Some(_) => "代码不对，或已经过期、用过了，请在原来的手机上重新获取",
            None => "没有这个恢复码，请核对后再试",
        };
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "unauthorised", message));
    };
    app.admission.kept_act(participant)?;
    let token: Token = app.accounts.new_token(&app.contest, participant).await?;
    let body = json!({ "participant": participant_view(&app.contest, participant), "token": token.hand_over() });
    Ok((StatusCode::CREATED, no_store(Json(body))))
}

#[derive(Serialize)]
pub struct Me {
    participant: Option<ParticipantView>,
    rounds: Vec<MyRound>,
    season: MySeason,
    /// Corrections of late that have changed attempts of mine.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    corrections: Vec<CorrectedView>,
    /// Why I may start nothing more, and whom to turn to.
    #[serde(skip_serializing_if = "Option::is_none")]
    excluded: Option<ExcludedView>,
    /// When a report of mine was last answered, within the last month.
    #[serde(skip_serializing_if = "Option::is_none")]
    report_answered_at: Option<i64>,
}

#[derive(Serialize)]
struct ExcludedView {
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<String>,
}

#[derive(Serialize)]
struct MyRound {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_today: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_week: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    best: Option<BestView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rank: Option<u64>,
}

#[derive(Serialize)]
struct MySeason {
    score: Option<u32>,
    elapsed_ms: Option<u64>,
    ranks: Option<RanksView>,
}

pub async fn me(State(app): State<Arc<App>>, Caller(me): Caller) -> Json<Me> {
    Json(me_view(&app, me))
}

fn me_view(app: &App, me: ParticipantId) -> Me {
    let contest = &app.contest;
    let season = &contest.season;
    let today = season.time_zone.day(contest.now());
    let left = contest.roster.with(me, |player| {
        let left = |(index, round): (_, &crate::domain::rules::Round)| player.usage(index).left(&round.attempts, today);
        (indexed(&season.rounds).map(left).collect::<Vec<_>>(), player.place)
    });
    let (left, place) = left.unwrap_or_default();
    let scoreboard = contest.scoreboard();
    let rounds = indexed(&season.rounds).zip(left).map(|((index, round), left)| {
        let best = scoreboard.standing(Some(index), me);
        MyRound {
            id: round.id.0.clone(),
            left_today: left.today,
            left_week: left.week,
            left: left.in_all,
            best: best.map(BestView::of),
            rank: best.and_then(|_| scoreboard.ranks(Some(index), me, place)).map(|ranks| ranks.region),
        }
    });
    let rounds = rounds.collect();
    let standing = scoreboard.standing(None, me);
    let ranks = scoreboard.ranks(None, me, place);
    drop(scoreboard);
    Me {
        participant: participant_view(contest, me),
        rounds,
        season: MySeason {
            score: standing.map(|standing| standing.score),
            elapsed_ms: standing.map(|standing| standing.elapsed_ms),
            ranks: ranks.map(RanksView::of),
        },
        corrections: CorrectedView::all_of(contest, me),
        excluded: match contest.exclusion_of(me) {
            Some(Refusal::Excluded { reason, contact }) => Some(ExcludedView { reason, contact }),
            _ => None,
        },
        report_answered_at: app.reports.answered_at(me, contest.now()).map(|at| at.0),
    }
}

/// Absent: left as it is. Null or an empty text: cleared, where it may be.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeBody {
    name: Option<String>,
    city: Option<String>,
    #[serde(default, deserialize_with = "null_clears")]
    county: Option<String>,
    #[serde(default, deserialize_with = "null_clears")]
    organisation: Option<String>,
    #[serde(default, deserialize_with = "null_clears")]
    group: Option<String>,
}

fn null_clears<'de, D: serde::Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    Ok(Some(Option::<String>::deserialize(value)?.unwrap_or_default()))
}

pub async fn change(
    State(app): State<Arc<App>>,
    Caller(me): Caller,
    Said(body): Said<ChangeBody>,
) -> Result<Json<Me>, Problem> {
    app.admission.kept_act(me)?;
    let ChangeBody { name, city, county, organisation, group } = body;
    app.accounts.change(&app.contest, me, Change { name, city, county, organisation, group }).await?;
    Ok(Json(me_view(&app, me)))
}

#[derive(Serialize)]
struct AttemptView {
    id: String,
    round: String,
    score: u32,
    correct: u32,
    of: u32,
    elapsed_ms: u64,
    started_at: i64,
    finished_at: Option<i64>,
    state: &'static str,
    receipt: Option<String>,
    /// The how-manieth of the participant in its round; with the participant's id it names the paper.
    number: u32,
    /// What was told when it ended, where a correction has changed it since; the receipt was given for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    was: Option<WasView>,
}

/// How an attempt that is over is told.
pub fn ended_text(ending: Ending) -> &'static str {
    if ending == Ending::HandedBack { "handed_back" } else { "ended" }
}

#[derive(Deserialize)]
pub struct HistoryQuery {
    before: Option<String>,
}

pub async fn attempts(
    State(app): State<Arc<App>>,
    Caller(me): Caller,
    Asked(Query(query)): Asked<Query<HistoryQuery>>,
) -> Result<Json<serde_json::Value>, Problem> {
    let unknown = || Problem::not_found("这份答卷");
    let before = query.before.map(|id| app.contest.keys.attempt_of(&id).ok_or_else(unknown)).transpose()?;
    let recorded = app.contest.history(me, before).await?.ok_or_else(unknown)?;
    let views: Vec<AttemptView> = recorded.iter().filter_map(|recorded| attempt_view(&app.contest, recorded)).collect();
    Ok(Json(json!({ "attempts": views })))
}

fn attempt_view(contest: &Contest, recorded: &Recorded) -> Option<AttemptView> {
    let period = contest.period(recorded.started.period)?;
    let ended = recorded.ended.as_ref().map(|(_, ended)| ended);
    let by_now = contest.by_now(recorded).map(|by_now| by_now.outcome);
    Some(AttemptView {
        id: contest.keys.attempt(recorded.started.attempt),
        round: period.round.id.0.clone(),
        score: by_now.map_or(0, |by_now| by_now.score),
        correct: by_now.map_or(0, |by_now| by_now.correct),
        of: period.round.blueprint.count(),
        elapsed_ms: by_now.map_or(0, |by_now| by_now.elapsed_ms),
        was: ended.zip(by_now).and_then(|(ended, by_now)| WasView::of(ended, &by_now)),
        started_at: recorded.started.at.0,
        finished_at: ended.map(|ended| ended.at.0),
        state: ended.map_or("open", |ended| ended_text(ended.ending)),
        // What was handed back counts for nothing, so nothing vouches for it.
        receipt: ended
            .filter(|ended| ended.ending != Ending::HandedBack)
            .map(|ended| contest.receipt_of(&recorded.started, ended, &period)),
        number: recorded.started.number,
    })
}

#[derive(Serialize)]
struct AttemptWithReview {
    #[serde(flatten)]
    attempt: AttemptView,
    #[serde(skip_serializing_if = "Option::is_none")]
    review: Option<Vec<ReviewView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    paper: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    orders: Option<Vec<Vec<usize>>>,
}

/// One question of a review. Made only where the round's feedback allows keys to be seen.
#[derive(Serialize)]
struct ReviewView {
    seq: u32,
    question: String,
    kind: Kind,
    stem: String,
    options: Vec<String>,
    media: Option<serde_json::Value>,
    /// Null: not answered.
    chosen: Option<Vec<usize>>,
    key: Vec<usize>,
    correct: bool,
    points: u32,
    explanation: String,
    source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    /// Each answer that is right, where a correction accepts several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    accepted: Vec<Vec<usize>>,
    /// The question was annulled: the rest of the paper stands for it, where that is better.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    annulled: bool,
    /// What was held right when the result was told, and what the answer earned then, where that has been corrected.
    #[serde(skip_serializing_if = "Option::is_none")]
    was: Option<WasMarked>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errata: Vec<ErratumView>,
}

#[derive(Serialize)]
struct WasMarked {
    key: Vec<usize>,
    correct: bool,
    points: u32,
}

pub async fn attempt(
    State(app): State<Arc<App>>,
    Caller(me): Caller,
    Asked(Path(id)): Asked<Path<String>>,
) -> Result<Response, Problem> {
    let unknown = || Problem::not_found("这份答卷");
    let contest = &app.contest;
    let id = contest.keys.attempt_of(&id).ok_or_else(unknown)?;
    let Some(past) = contest.past(me, id).await? else {
        let recorded = contest.store().attempt(id).await?;
        let recorded = recorded.filter(|recorded| recorded.started.participant == me).ok_or_else(unknown)?;
        return Ok(Json(attempt_view(contest, &recorded)).into_response());
    };
    let attempt = attempt_view(contest, &past.recorded).ok_or_else(unknown)?;
    let secret_out = past.period.secret_is_out();
    let told = AttemptWithReview {
        attempt,
        review: contest.review_is_open(&past.period).then(|| review(contest, &past)),
        seed: secret_out.then(|| past.recorded.started.seed.to_string()),
        paper: secret_out.then(|| questions(&past, past.attempt.of(), |_, question| question.id.0.clone())),
        orders: secret_out.then(|| {
            let order = |seq, question: &Question| past.attempt.paper.order(seq, question).places().collect();
            questions(&past, past.attempt.of(), order)
        }),
    };
    Ok(Json(told).into_response())
}

fn questions<T>(past: &Past, up_to: u32, mut tell: impl FnMut(u32, &Question) -> T) -> Vec<T> {
    let rules = past.period.rules(&PUBLISHED);
    (1..=up_to).filter_map(|seq| past.attempt.question(rules, seq).map(|question| tell(seq, question))).collect()
}

fn review(contest: &Contest, past: &Past) -> Vec<ReviewView> {
    // Questions that were never shown stay in the bank, with their keys.
    let shown = past.attempt.settled().len() as u32;
    let scheme = past.period.scheme();
    let edition_told = past.recorded.ended.as_ref().map_or(0, |(_, ended)| ended.edition);
    let scheme_told = past.period.scheme_of(edition_told).map(|(_, scheme)| scheme).unwrap_or_default();
    questions(past, shown, |seq, question| {
        let index = past.attempt.paper.question(seq).unwrap_or_default();
        let (judging, judging_told) = (scheme.judging(index), scheme_told.judging(index));
        let key_of = |judging: Option<&Judging>| judging.map_or(question.key, |judging| judging.key_told(question));
        let order = past.attempt.paper.order(seq, question);
        let settled = past.attempt.settled().get(seq as usize - 1);
        let chosen = settled.and_then(|settled| match settled.given {
            Given::Chosen(chosen) => Some(places(order.to_shown(chosen))),
            Given::TimedOut | Given::Left => None,
        });
        let told = past.told.settled().get(seq as usize - 1);
        let was = told.filter(|_| judging != judging_told).map(|told| WasMarked {
            key: places(order.to_shown(key_of(judging_told))),
            correct: told.correct,
            points: told.points,
        });
        let corrected = contest.corrections_of_question(&past.period, &question.id);
        let accepted = judging.map_or(&[][..], Judging::accepted);
        ReviewView {
            seq,
            question: question.id.0.clone(),
            kind: question.kind,
            stem: question.stem.clone(),
            options: order.places().map(|place| question.options[place].clone()).collect(),
            media: question.media.as_ref().and_then(|media| serde_json::to_value(MediaView::of(media)).ok()),
            chosen,
            key: places(order.to_shown(key_of(judging))),
            accepted: accepted.iter().map(|answer| places(order.to_shown(*answer))).collect(),
            annulled: judging.is_some_and(Judging::is_annulled),
            was,
            errata: corrected.iter().map(ErratumView::of).collect(),
            correct: settled.is_some_and(|settled| settled.correct),
            points: settled.map_or(0, |settled| settled.points),
            explanation: question.explanation.clone(),
            source: question.source.clone(),
            link: question.link.clone(),
        }
    })
}

#[derive(Deserialize)]
pub struct ReportBody {
    attempt: String,
    seq: u32,
    reason: String,
}

/// 「这道题有问题」: kept in the ledger for the desk.
pub async fn report(
    State(app): State<Arc<App>>,
    Caller(me): Caller,
    Said(body): Said<ReportBody>,
) -> Result<StatusCode, Problem> {
    let contest = &app.contest;
    let unknown = || Problem::not_found("这道题");
    let attempt = contest.keys.attempt_of(&body.attempt).ok_or_else(unknown)?;
    let recorded = contest.store().attempt(attempt).await?.filter(|recorded| recorded.started.participant == me);
    let recorded = recorded.ok_or_else(unknown)?;
    let period = contest.period(recorded.started.period).ok_or_else(unknown)?;
    let reason: String = body.reason.trim().chars().take(REASON_CHARACTERS).collect();
    if reason.is_empty() {
        return Err(Problem::bad_request("请写一句话说明哪里有问题"));
    }
    if body.seq == 0 || body.seq > period.round.blueprint.count() {
        return Err(unknown());
    }
    app.admission.kept_act(me)?;
    let note = Note::Report { participant: me, attempt, seq: body.seq, reason };
    contest.note_asked(note, contest.now()).await.map_err(|_| Problem::busy())?;
    Ok(StatusCode::CREATED)
}
