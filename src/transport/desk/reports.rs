//! 「这道题有问题」 at the desk: the queue by question, resting at a click, one answer for all who reported it.

use super::correction_views::CorrectionRowView;
use super::correction_views::PlayedQuestion;
use super::guard::Desk;
use super::question_views::Person;
use super::questions::bounds;
use super::views::ProblemView;
use crate::accounts::roles::On;
use crate::accounts::roles::Permission;
use crate::domain::ids::QuestionId;
use crate::ledger::desk::AnswerRow;
use crate::ledger::desk::ReportRow;
use crate::ledger::desk::ReportedRow;
use crate::office::by::By;
use crate::office::reports;
use crate::transport::me::Asked;
use crate::transport::me::Said;
use crate::transport::problem::Problem;
use crate::transport::state::App;
use axum::Json;
use axum::extract::Path;
use axum::extract::Query;
use axum::extract::State;
use serde::Deserialize;
use serde::Serialize;
use std::sync::Arc;
use utoipa::IntoParams;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Reports of one question that are told; the rest is counted.
const TOLD_MAX: i64 = 200;

pub(super) fn calls() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(question))
        .routes(routes!(answer))
        .routes(routes!(rest))
        .routes(routes!(wake))
}

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(super) struct Wanted {
    bank: Option<String>,
    /// `open` (the usual) or `answered`
    state: Option<String>,
    offset: Option<u32>,
    /// 1 to 200; 50 where it is left out
    limit: Option<u32>,
}

/// A question that was reported, with the figures beside it.
#[derive(Serialize, ToSchema)]
#[schema(as = Reported)]
pub(super) struct ReportedView {
    bank: String,
    question: String,
    stem: String,
    /// Reports, and those of them that have no answer yet.
    count: i64,
    open: i64,
    first: i64,
    last: i64,
    /// How many papers have shown it.
    drawn: u64,
    /// No paper to come draws it.
    rests: bool,
    /// The newest report.
    newest: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ReportedPage)]
pub(super) struct ReportedList {
    items: Vec<ReportedView>,
    total: i64,
}

/// 被报告的题，等回复的在前
#[utoipa::path(get, path = "/reports", tag = "reports", params(Wanted), responses(
    (status = 200, body = ReportedList),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Query(wanted)): Asked<Query<Wanted>>,
) -> Result<Json<ReportedList>, Problem> {
    let on = wanted.bank.as_deref().map_or(On::SomeBank, On::Bank);
    desk.may(Permission::SeeReports, on).await?;
    let (offset, limit) = bounds(wanted.offset, wanted.limit)?;
    let open = match wanted.state.as_deref() {
        None | Some("" | "open") => true,
        Some("answered") => false,
        Some(_) => return Err(Problem::bad_request("state 只能是 open 或 answered")),
    };
    let mut banks: Vec<String> = app.contest.season.rounds.iter().map(|round| round.bank.clone()).collect();
    banks.sort();
    banks.dedup();
    banks.retain(|bank| wanted.bank.as_ref().is_none_or(|wanted| wanted == bank));
    banks.retain(|bank| desk.could(Permission::SeeReports, On::Bank(bank)));
    let mut link = app.desk.read().await?;
    let (rows, total) = link.reported(&banks, open, offset, limit).await?;
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        let newest = link.reports_of_question(&row.bank, &row.question, 1).await?;
        items.push(ReportedView::of(&app, row, newest.into_iter().next().map(|report| report.words)));
    }
    Ok(Json(ReportedList { items, total }))
}

impl ReportedView {
    fn of(app: &App, row: ReportedRow, newest: Option<String>) -> ReportedView {
        let versions = app.contest.versions_of(&row.bank, &row.question);
        ReportedView {
            stem: versions.last().map(|version| version.question.stem.clone()).unwrap_or_default(),
            drawn: app.statistics.drawn(&row.question).unwrap_or(0),
            rests: app.contest.banks().of_id(&row.bank).is_some_and(|bank| bank.rests(&row.question)),
            bank: row.bank,
            question: row.question.0,
            count: row.count,
            open: row.open,
            first: row.first.0,
            last: row.last.0,
            newest,
        }
    }
}

/// One report, without who made it: that is found from the attempt, by those who may look at people.
#[derive(Serialize, ToSchema)]
#[schema(as = Report)]
pub(super) struct ReportView {
    n: i64,
    at: i64,
    seq: u32,
    attempt: String,
    words: String,
    answered: bool,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ReportAnswer)]
pub(super) struct AnswerView {
    at: i64,
    by: Person,
    words: String,
}

impl AnswerView {
    fn of(row: &AnswerRow) -> AnswerView {
        AnswerView { at: row.at.0, by: Person::of(&row.by, &row.by_name), words: row.words.clone() }
    }
}

/// What whoever asks may do about a question.
#[derive(Serialize, ToSchema)]
pub(super) struct ReportMay {
    answer: bool,
    rest: bool,
    propose: bool,
}

/// A question as papers have shown it, with what was reported of it, answered and corrected.
#[derive(Serialize, ToSchema)]
pub(super) struct ReportedQuestion {
    question: PlayedQuestion,
    /// Whether the desk keeps it, so that it can be opened there.
    at_desk: bool,
    count: i64,
    open: i64,
    /// The newest, at most 200.
    reports: Vec<ReportView>,
    answers: Vec<AnswerView>,
    corrections: Vec<CorrectionRowView>,
    may: ReportMay,
}

async fn whole(app: &App, desk: &Desk, bank: &str, id: &QuestionId) -> Result<ReportedQuestion, Problem> {
    let question = PlayedQuestion::of(app, bank, id).ok_or_else(|| Problem::not_found("这道题：没有试卷用过它"))?;
    let mut link = app.desk.read().await?;
    let counted = link.reported_question(bank, id).await?;
    let report = |row: ReportRow| ReportView {
        n: row.n,
        at: row.at.0,
        seq: row.seq,
        attempt: app.contest.keys.attempt(row.attempt),
        words: row.words,
        answered: row.answer.is_some(),
    };
    let reports = link.reports_of_question(bank, id, TOLD_MAX).await?.into_iter().map(report).collect();
    let answers = link.answers_of_question(bank, id).await?.iter().map(AnswerView::of).collect();
    let corrections = link.corrections_of_question(bank, id).await?;
    let at_desk = link.question(id).await?.is_some_and(|head| head.bank == bank);
    Ok(ReportedQuestion {
        question,
        at_desk,
        count: counted.as_ref().map_or(0, |counted| counted.count),
        open: counted.as_ref().map_or(0, |counted| counted.open),
        reports,
        answers,
        corrections: corrections.iter().map(CorrectionRowView::of).collect(),
        may: ReportMay {
            answer: desk.could(Permission::AnswerReports, On::Bank(bank)),
            rest: desk.could(Permission::ReviewQuestions, On::Bank(bank)),
            propose: desk.could(Permission::ProposeCorrections, On::Bank(bank)),
        },
    })
}

/// 一道题：试卷上的样子、收到的报告、回复和更正
#[utoipa::path(get, path = "/reports/{bank}/{question}", tag = "reports",
    params(("bank" = String, Path), ("question" = String, Path)), responses(
    (status = 200, body = ReportedQuestion),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
))]
pub(super) async fn question(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path((bank, question))): Asked<Path<(String, QuestionId)>>,
) -> Result<Json<ReportedQuestion>, Problem> {
    desk.may(Permission::SeeReports, On::Bank(&bank)).await?;
    Ok(Json(whole(&app, &desk, &bank, &question).await?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Answering {
    text: String,
    /// The newest report that was seen: those that came later are not answered by it.
    up_to: i64,
}

/// 回复：写一次，每位报告过这道题的选手都会在手机上看到
#[utoipa::path(post, path = "/reports/{bank}/{question}/answer", tag = "reports",
    params(("bank" = String, Path), ("question" = String, Path)), request_body = Answering, responses(
    (status = 200, body = ReportedQuestion),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn answer(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path((bank, question))): Asked<Path<(String, QuestionId)>>,
    Said(Answering { text, up_to }): Said<Answering>,
) -> Result<Json<ReportedQuestion>, Problem> {
    let by = By::of(desk.may(Permission::AnswerReports, On::Bank(&bank)).await?);
    app.reports.answer(&app.desk, &by, (&bank, &question), &text, up_to).await?;
    Ok(Json(whole(&app, &desk, &bank, &question).await?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RestBecause {
    reason: String,
}

async fn set_rest(
    app: &App,
    desk: &Desk,
    (bank, question): (&str, &QuestionId),
    rests: bool,
    reason: &str,
) -> Result<Json<ReportedQuestion>, Problem> {
    let by = By::of(desk.may(Permission::ReviewQuestions, On::Bank(bank)).await?);
    reports::rest(&app.desk, &app.contest, &by, (bank, question), rests, reason).await?;
    Ok(Json(whole(app, desk, bank, question).await?))
}

/// 停用：一秒之内，新的试卷不再抽到它
#[utoipa::path(post, path = "/reports/{bank}/{question}/rest", tag = "reports",
    params(("bank" = String, Path), ("question" = String, Path)), request_body = RestBecause, responses(
    (status = 200, body = ReportedQuestion),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn rest(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path((bank, question))): Asked<Path<(String, QuestionId)>>,
    Said(RestBecause { reason }): Said<RestBecause>,
) -> Result<Json<ReportedQuestion>, Problem> {
    set_rest(&app, &desk, (&bank, &question), true, &reason).await
}

/// 恢复：新的试卷又能抽到它
#[utoipa::path(post, path = "/reports/{bank}/{question}/wake", tag = "reports",
    params(("bank" = String, Path), ("question" = String, Path)), request_body = RestBecause, responses(
    (status = 200, body = ReportedQuestion),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn wake(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path((bank, question))): Asked<Path<(String, QuestionId)>>,
    Said(RestBecause { reason }): Said<RestBecause>,
) -> Result<Json<ReportedQuestion>, Problem> {
    set_rest(&app, &desk, (&bank, &question), false, &reason).await
}
