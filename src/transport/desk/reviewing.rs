//! 审题: what is decided of questions, one by one and many at once; what waits for whom.

use super::bank_access::Inside;
use super::bank_access::Wants;
use super::guard::Desk;
use super::question_views::QuestionView;
use super::question_views::Questions;
use super::questions::BODY_MAX;
use super::questions::Filter;
use super::questions::Page;
use super::questions::refused;
use super::questions::whole;
use super::refused::Refused;
use super::views::ProblemView;
use crate::accounts::roles::On;
use crate::accounts::roles::Permission;
use crate::domain::ids::QuestionId;
use crate::domain::time::Timestamp;
use crate::ledger::desk::QuestionFilter;
use crate::office::bulk;
use crate::office::bulk::BulkAct;
use crate::office::bulk::Meant;
use crate::office::bulk::Selection;
use crate::office::powers::Powers;
use crate::office::questions;
use crate::office::questions::Deciding;
use crate::office::questions::Decision;
use crate::transport::me::Asked;
use crate::transport::me::Said;
use crate::transport::problem::Problem;
use crate::transport::state::App;
use axum::Json;
use axum::extract::DefaultBodyLimit;
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

/// Characters of a topic that many questions are given.
const TOPIC_MAX: usize = 40;

pub(super) fn calls() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(submit))
        .routes(routes!(approve))
        .routes(routes!(send_back))
        .routes(routes!(rest))
        .routes(routes!(wake))
        .routes(routes!(many))
        .routes(routes!(waiting))
        .layer(DefaultBodyLimit::max(BODY_MAX))
}

/// What is decided of a question as it stood when the person saw it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Decided {
    revision: u32,
    reason: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Returned {
    revision: u32,
    /// For whoever wrote it.
    reasons: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Because {
    reason: String,
}

async fn decide(app: &App, desk: &Desk, id: &QuestionId, deciding: Deciding) -> Result<Json<QuestionView>, Refused> {
    let wants = if deciding.decision == Decision::Submit { Wants::Write } else { Wants::Review };
    let (Inside { by, powers }, _) = Inside::of_question(app, desk, id, wants).await?;
    match questions::decide(&app.desk, &app.contest, &by, &powers, id, &deciding).await {
        Ok(head) => Ok(Json(whole(app, desk, &powers, head).await?)),
        Err(refusal) => {
            let refusal = desk.tried(questions::subject(id), refusal).await?;
            Err(refused(app, desk, &powers, id, refusal).await)
        }
    }
}

/// 提交审核
#[utoipa::path(post, path = "/questions/{id}/submit", tag = "questions", params(("id" = String, Path)), request_body = Decided, responses(
    (status = 200, body = QuestionView),
    (status = 400, body = ProblemView, description = "`faults` 是还差的"),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<QuestionId>>,
    Said(Decided { revision, reason }): Said<Decided>,
) -> Result<Json<QuestionView>, Refused> {
    let reason = reason.unwrap_or_default();
    decide(&app, &desk, &id, Deciding { decision: Decision::Submit, revision: Some(revision), reason }).await
}

/// 通过一审；写过、改过这一稿的人不能审，一个人只审一次
#[utoipa::path(post, path = "/questions/{id}/approve", tag = "questions", params(("id" = String, Path)), request_body = Decided, responses(
    (status = 200, body = QuestionView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn approve(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<QuestionId>>,
    Said(Decided { revision, reason }): Said<Decided>,
) -> Result<Json<QuestionView>, Refused> {
    let reason = reason.unwrap_or_default();
    decide(&app, &desk, &id, Deciding { decision: Decision::Approve, revision: Some(revision), reason }).await
}

/// 退回，写明理由
#[utoipa::path(post, path = "/questions/{id}/return", tag = "questions", params(("id" = String, Path)), request_body = Returned, responses(
    (status = 200, body = QuestionView),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn send_back(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<QuestionId>>,
    Said(Returned { revision, reasons }): Said<Returned>,
) -> Result<Json<QuestionView>, Refused> {
    let reason = reasons;
    decide(&app, &desk, &id, Deciding { decision: Decision::Return, revision: Some(revision), reason }).await
}

/// 停用：以后的试卷和版本里没有它
#[utoipa::path(post, path = "/questions/{id}/rest", tag = "questions", params(("id" = String, Path)), request_body = Because, responses(
    (status = 200, body = QuestionView),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn rest(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<QuestionId>>,
    Said(Because { reason }): Said<Because>,
) -> Result<Json<QuestionView>, Refused> {
    decide(&app, &desk, &id, Deciding { decision: Decision::Rest, revision: None, reason }).await
}

/// 恢复停用的题
#[utoipa::path(post, path = "/questions/{id}/wake", tag = "questions", params(("id" = String, Path)), request_body = Because, responses(
    (status = 200, body = QuestionView),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn wake(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<QuestionId>>,
    Said(Because { reason }): Said<Because>,
) -> Result<Json<QuestionView>, Refused> {
    decide(&app, &desk, &id, Deciding { decision: Decision::Wake, revision: None, reason }).await
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ManyAct {
    Submit,
    Approve,
    Return,
    Topic,
    Difficulty,
    Delete,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Many {
    act: ManyAct,
    /// These; or all that pass the filter.
    ids: Option<Vec<String>>,
    filter: Option<Filter>,
    /// `as_of` of the list in which they were seen: what was changed after it is refused. An approval needs it.
    seen_at: Option<i64>,
    reason: Option<String>,
    topic: Option<String>,
    difficulty: Option<u8>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct ManyDone {
    done: usize,
    refused: Vec<OneRefused>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct OneRefused {
    id: String,
    code: &'static str,
    message: String,
}

/// 一次处理许多题：逐题判断，不成的逐题说明
#[utoipa::path(post, path = "/banks/{bank}/bulk", tag = "questions", params(("bank" = String, Path)), request_body = Many, responses(
    (status = 200, body = ManyDone),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
))]
pub(super) async fn many(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(bank)): Asked<Path<String>>,
    Said(many): Said<Many>,
) -> Result<Json<ManyDone>, Problem> {
    let wants = if matches!(many.act, ManyAct::Approve | ManyAct::Return) { Wants::Review } else { Wants::Write };
    let Inside { by, powers } = Inside::of(&app, &desk, &bank, wants).await?;
    let reason = many.reason.clone().unwrap_or_default();
    let (act, seen_at) = (many.act()?, many.seen_at.map(Timestamp));
    let meant = Meant { bank: &bank, selection: many.selection(&powers)?, seen_at };
    let mut done = bulk::bulk(&app.desk, &by, &powers, meant, &act, &reason).await?;
    // One record for all that were forbidden: the first says why.
    if let Some(place) = done.refused.iter().position(|(_, why)| why.code() == "forbidden") {
        let (id, why) = done.refused.swap_remove(place);
        let why = desk.tried(questions::subject(&id), why).await?;
        done.refused.push((id, why));
    }
    let refused =
        done.refused.into_iter().map(|(id, why)| OneRefused { id: id.0, code: why.code(), message: why.to_string() });
    Ok(Json(ManyDone { done: done.done, refused: refused.collect() }))
}

impl Many {
    fn act(&self) -> Result<BulkAct, Problem> {
        Ok(match self.act {
            ManyAct::Submit => BulkAct::Decide(Decision::Submit),
            // Nobody approves what they have not seen.
            ManyAct::Approve if self.seen_at.is_none() => {
                return Err(Problem::bad_request("请写明看到的是什么时候的题目：seen_at，即列表的 as_of"));
            }
            ManyAct::Approve => BulkAct::Decide(Decision::Approve),
            ManyAct::Return => BulkAct::Decide(Decision::Return),
            ManyAct::Delete => BulkAct::Delete,
            ManyAct::Topic => {
                let topic = self.topic.as_deref().unwrap_or_default().trim();
                if !(1..=TOPIC_MAX).contains(&topic.chars().count()) {
                    return Err(Problem::bad_request(format!("请写明主题，最多 {TOPIC_MAX} 个字")));
                }
                BulkAct::Topic(topic.to_owned())
            }
            ManyAct::Difficulty => match self.difficulty {
                Some(difficulty @ 1..=3) => BulkAct::Difficulty(difficulty),
                _ => return Err(Problem::bad_request("难度只能是 1（易）、2（中）、3（难）")),
            },
        })
    }

    fn selection(self, powers: &Powers) -> Result<Selection, Problem> {
        match (self.ids, self.filter) {
            (Some(ids), None) => Ok(Selection::These(ids.into_iter().map(QuestionId).collect())),
            (None, Some(filter)) => Ok(Selection::All(Box::new(filter.read(powers)?))),
            _ => Err(Problem::bad_request("请选定题目：ids 或者 filter，二者择一")),
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(super) struct WaitingIn {
    bank: Option<String>,
}

/// 等我审的题
#[utoipa::path(get, path = "/review", tag = "questions", params(WaitingIn, Page), responses(
    (status = 200, body = Questions),
    (status = 403, body = ProblemView),
))]
pub(super) async fn waiting(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Query(of)): Asked<Query<WaitingIn>>,
    Asked(Query(page)): Asked<Query<Page>>,
) -> Result<Json<Questions>, Problem> {
    let on = of.bank.as_deref().map_or(On::SomeBank, On::Bank);
    desk.may(Permission::ReviewQuestions, on).await?;
    let (offset, limit) = page.bounds()?;
    let mut link = app.desk.read().await?;
    let banks = match of.bank {
        Some(bank) => vec![bank],
        None => link.banks().await?.into_iter().map(|bank| bank.id).collect(),
    };
    let reviews = |bank: &String| desk.could(Permission::ReviewQuestions, On::Bank(bank));
    let filter = QuestionFilter {
        banks: Some(banks.into_iter().filter(reviews).collect()),
        for_review_by: Some(desk.signed.id.clone()),
        ..QuestionFilter::default()
    };
    let as_of = app.contest.now();
    let heads = link.questions(None, &filter, page.sort(), offset, limit).await?;
    let facets = link.facets(None, &filter).await?;
    Ok(Json(Questions::of(as_of, &heads, facets, &app.statistics)))
}
