//! Questions: found, written, edited, looked at.

use super::bank_access::Inside;
use super::bank_access::Wants;
use super::bank_views::range;
use super::guard::Desk;
use super::question_views::ChangeView;
use super::question_views::DraftView;
use super::question_views::FaultView;
use super::question_views::FoundView;
use super::question_views::Names;
use super::question_views::QuestionView;
use super::question_views::Questions;
use super::question_views::RevisionView;
use super::question_views::Whole;
use super::refused::Refused;
use super::views::ProblemView;
use crate::domain::compare::changes;
use crate::domain::draft::Draft;
use crate::domain::ids::QuestionId;
use crate::domain::ids::StaffId;
use crate::ledger::desk::QuestionFilter;
use crate::ledger::desk::QuestionHead;
use crate::ledger::desk::Sort;
use crate::office::powers::Powers;
use crate::office::questions;
use crate::office::refusal::DeskRefusal;
use crate::office::twins;
use crate::transport::me::Asked;
use crate::transport::me::Said;
use crate::transport::problem::Problem;
use crate::transport::state::App;
use axum::Json;
use axum::extract::DefaultBodyLimit;
use axum::extract::Path;
use axum::extract::Query;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde::Serialize;
use std::sync::Arc;
use utoipa::IntoParams;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Questions of a page; more are refused.
const PAGE_MAX: u32 = 200;
const PAGE_USUAL: u32 = 50;
/// Characters of a search; longer ones are refused.
const SEARCH_MAX: usize = 100;
/// Bytes of a call with a question, or with the ids of many; more is `too_large`.
pub(super) const BODY_MAX: usize = 2 << 20;

pub(super) fn calls() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, write))
        .routes(routes!(question, edit, delete))
        .routes(routes!(revisions))
        .routes(routes!(revision_changes))
        .routes(routes!(similar))
        .routes(routes!(wording))
        .layer(DefaultBodyLimit::max(BODY_MAX))
}

#[derive(Clone, Debug, Default, Deserialize, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(super) struct Filter {
    /// Words that all have to be in stem, options or id
    q: Option<String>,
    topic: Option<String>,
    /// 1, 2 or 3
    difficulty: Option<u8>,
    /// true_false, single or multiple
    kind: Option<String>,
    /// draft, submitted, returned, approved, published or rested
    state: Option<String>,
    /// A person's id
    author: Option<String>,
    contributor: Option<String>,
}

impl Filter {
    pub(super) fn read(self, powers: &Powers) -> Result<QuestionFilter, Problem> {
        let q = self.q.unwrap_or_default();
        if q.chars().count() > SEARCH_MAX {
            return Err(Problem::bad_request(format!("搜索的文字最多 {SEARCH_MAX} 个字")));
        }
        let asked = |text: Option<String>| text.filter(|text| !text.is_empty());
        Ok(QuestionFilter {
            words: q.split_whitespace().map(str::to_owned).collect(),
            topic: asked(self.topic),
            difficulty: self.difficulty,
            kind: asked(self.kind),
            state: asked(self.state),
            author: asked(self.author).map(StaffId),
            contributor: asked(self.contributor),
            places: (!powers.sees_all).then(|| powers.places.clone()),
            banks: None,
            for_review_by: None,
        })
    }
}

#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum QuestionSorting {
    /// The last touched first
    #[default]
    Updated,
    /// The last made first
    Made,
    Topic,
    Difficulty,
    Id,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(super) struct Page {
    #[param(inline)]
    sort: Option<QuestionSorting>,
    offset: Option<u32>,
    /// 1 to 200; 50 where it is left out
    limit: Option<u32>,
}

impl Page {
    pub(super) fn sort(self) -> Sort {
        match self.sort.unwrap_or_default() {
            QuestionSorting::Updated => Sort::Updated,
            QuestionSorting::Made => Sort::Made,
            QuestionSorting::Topic => Sort::Topic,
            QuestionSorting::Difficulty => Sort::Difficulty,
            QuestionSorting::Id => Sort::Id,
        }
    }

    pub(super) fn bounds(self) -> Result<(i64, i64), Problem> {
        bounds(self.offset, self.limit)
    }
}

/// What the description's `int32` holds; further on there is nothing to list.
const OFFSET_MAX: u32 = i32::MAX as u32;

/// Offset and limit of a list.
pub(super) fn bounds(offset: Option<u32>, limit: Option<u32>) -> Result<(i64, i64), Problem> {
    let limit = limit.unwrap_or(PAGE_USUAL);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(Problem::bad_request(format!("limit 应在 1 到 {PAGE_MAX} 之间")));
    }
    let offset = offset.unwrap_or(0);
    if offset > OFFSET_MAX {
        return Err(Problem::bad_request(format!("offset 最大是 {OFFSET_MAX}")));
    }
    Ok((i64::from(offset), i64::from(limit)))
}

/// 一个题库里的题目：搜索、筛选
#[utoipa::path(get, path = "/banks/{bank}/questions", tag = "questions", params(("bank" = String, Path), Filter, Page), responses(
    (status = 200, body = Questions),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(bank)): Asked<Path<String>>,
    Asked(Query(filter)): Asked<Query<Filter>>,
    Asked(Query(page)): Asked<Query<Page>>,
) -> Result<Json<Questions>, Problem> {
    let Inside { powers, .. } = Inside::of(&app, &desk, &bank, Wants::See).await?;
    let (offset, limit) = page.bounds()?;
    let filter = filter.read(&powers)?;
    let mut link = app.desk.read().await?;
    link.bank(&bank).await?.ok_or_else(|| Problem::not_found("这个题库"))?;
    let as_of = app.contest.now();
    let heads = link.questions(Some(&bank), &filter, page.sort(), offset, limit).await?;
    let facets = link.facets(Some(&bank), &filter).await?;
    Ok(Json(Questions::of(as_of, &heads, facets, &app.statistics)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewQuestion {
    draft: DraftView,
}

/// 写一道新题
#[utoipa::path(post, path = "/banks/{bank}/questions", tag = "questions", params(("bank" = String, Path)), request_body = NewQuestion, responses(
    (status = 201, body = QuestionView),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
))]
pub(super) async fn write(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(bank)): Asked<Path<String>>,
    Said(NewQuestion { draft }): Said<NewQuestion>,
) -> Result<(StatusCode, Json<QuestionView>), Refused> {
    let Inside { by, powers } = Inside::of(&app, &desk, &bank, Wants::Write).await?;
    let head = questions::write(&app.desk, &by, &powers, &bank, draft.read()?).await?;
    Ok((StatusCode::CREATED, Json(whole(&app, &desk, &powers, head).await?)))
}

/// Everything of a question, for whoever asks.
pub(super) async fn whole(
    app: &App,
    desk: &Desk,
    powers: &Powers,
    head: QuestionHead,
) -> Result<QuestionView, Problem> {
    let mut link = app.desk.read().await?;
    let draft = link.draft(&head.id, head.review.revision).await?.unwrap_or_default();
    let steps = link.steps(&head.id).await?;
    let names: Names = link.staff().await?.into_iter().map(|person| (person.id, person.name)).collect();
    let lists = link.bank(&head.bank).await?.map(|bank| bank.wording).unwrap_or_default();
    let may = questions::may(&desk.signed.id, powers, &head);
    let drawn = app.statistics.drawn(&head.id);
    Ok(QuestionView::of(Whole { wording: lists.found_in(&draft), head, draft, steps, names, may, drawn }))
}

/// The question as it stands now, beside a conflict.
pub(super) async fn refused(app: &App, desk: &Desk, powers: &Powers, id: &QuestionId, refusal: DeskRefusal) -> Refused {
    if !matches!(refusal, DeskRefusal::Overtaken) {
        return refusal.into();
    }
    let now = async {
        let head = app.desk.read().await?.question(id).await?.ok_or_else(|| Problem::not_found("这道题"))?;
        whole(app, desk, powers, head).await
    };
    match now.await {
        Ok(newer) => Refused::overtaken(refusal.into(), newer),
        Err(_) => refusal.into(),
    }
}

/// 一道题
#[utoipa::path(get, path = "/questions/{id}", tag = "questions", params(("id" = String, Path)), responses(
    (status = 200, body = QuestionView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
))]
pub(super) async fn question(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<QuestionId>>,
) -> Result<Json<QuestionView>, Problem> {
    let (Inside { powers, .. }, head) = Inside::of_question(&app, &desk, &id, Wants::See).await?;
    Ok(Json(whole(&app, &desk, &powers, head).await?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Edited {
    /// The one that was edited.
    revision: u32,
    draft: DraftView,
}

/// 修改一道题：得到新的一稿；已发布的那一稿留在它的版本里
#[utoipa::path(put, path = "/questions/{id}", tag = "questions", params(("id" = String, Path)), request_body = Edited, responses(
    (status = 200, body = QuestionView),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView, description = "`newer` 是现在的题目"),
))]
pub(super) async fn edit(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<QuestionId>>,
    Said(Edited { revision, draft }): Said<Edited>,
) -> Result<Json<QuestionView>, Refused> {
    let (Inside { by, powers }, _) = Inside::of_question(&app, &desk, &id, Wants::Write).await?;
    match questions::edit(&app.desk, &by, &powers, &id, revision, draft.read()?).await {
        Ok(head) => Ok(Json(whole(&app, &desk, &powers, head).await?)),
        Err(refusal) => {
            let refusal = desk.tried(questions::subject(&id), refusal).await?;
            Err(refused(&app, &desk, &powers, &id, refusal).await)
        }
    }
}

/// 删除一道从未发布的草稿
#[utoipa::path(delete, path = "/questions/{id}", tag = "questions", params(("id" = String, Path)), responses(
    (status = 204),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<QuestionId>>,
) -> Result<StatusCode, Refused> {
    let (Inside { by, powers }, _) = Inside::of_question(&app, &desk, &id, Wants::Write).await?;
    match questions::delete(&app.desk, &by, &powers, &id).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(refusal) => Err(desk.tried(questions::subject(&id), refusal).await?.into()),
    }
}

#[derive(Serialize, ToSchema)]
pub(super) struct Revisions {
    items: Vec<RevisionView>,
}

/// 各稿，旧的在前
#[utoipa::path(get, path = "/questions/{id}/revisions", tag = "questions", params(("id" = String, Path)), responses(
    (status = 200, body = Revisions),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
))]
pub(super) async fn revisions(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<QuestionId>>,
) -> Result<Json<Revisions>, Problem> {
    Inside::of_question(&app, &desk, &id, Wants::See).await?;
    let rows = app.desk.read().await?.revisions(&id).await?;
    Ok(Json(Revisions { items: rows.into_iter().map(RevisionView::of).collect() }))
}

#[derive(Serialize, ToSchema)]
pub(super) struct RevisionChanges {
    changes: Vec<ChangeView>,
}

/// 两稿之间改了什么
#[utoipa::path(get, path = "/questions/{id}/revisions/{range}", tag = "questions",
    params(("id" = String, Path), ("range" = String, Path, description = "`1..3`")),
    responses(
        (status = 200, body = RevisionChanges),
        (status = 400, body = ProblemView),
        (status = 403, body = ProblemView),
        (status = 404, body = ProblemView),
    ))]
pub(super) async fn revision_changes(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path((id, revisions))): Asked<Path<(QuestionId, String)>>,
) -> Result<Json<RevisionChanges>, Problem> {
    Inside::of_question(&app, &desk, &id, Wants::See).await?;
    let (from, to) = range(&revisions)?;
    let mut link = app.desk.read().await?;
    let missing = || Problem::not_found("这一稿");
    let before: Draft = link.draft(&id, from).await?.ok_or_else(missing)?;
    let after: Draft = link.draft(&id, to).await?.ok_or_else(missing)?;
    Ok(Json(RevisionChanges { changes: ChangeView::all(changes(&before, &after)) }))
}

/// A question that is the same or nearly so.
#[derive(Serialize, ToSchema)]
pub(super) struct Similar {
    id: String,
    stem: String,
    /// Of 1,000.
    similarity: u32,
    same: bool,
}

#[derive(Serialize, ToSchema)]
pub(super) struct SimilarQuestions {
    items: Vec<Similar>,
}

/// 题库里相同和相近的题
#[utoipa::path(get, path = "/questions/{id}/similar", tag = "questions", params(("id" = String, Path)), responses(
    (status = 200, body = SimilarQuestions),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
))]
pub(super) async fn similar(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<QuestionId>>,
) -> Result<Json<SimilarQuestions>, Problem> {
    let (Inside { powers, .. }, head) = Inside::of_question(&app, &desk, &id, Wants::See).await?;
    let twins = if powers.sees_all { twins::of_question(&app.desk, &head).await? } else { Vec::new() };
    let view = |twin: crate::ledger::desk::Twin| {
        Some(Similar { id: twin.id?, stem: twin.stem, similarity: twin.similarity, same: twin.same })
    };
    Ok(Json(SimilarQuestions { items: twins.into_iter().filter_map(view).collect() }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Unsaved {
    bank: String,
    draft: DraftView,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Looked {
    faults: Vec<FaultView>,
    wording: Vec<FoundView>,
}

/// 还没有保存的题：差什么，用词怎样
#[utoipa::path(post, path = "/wording", tag = "questions", request_body = Unsaved, responses(
    (status = 200, body = Looked),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
))]
pub(super) async fn wording(
    State(app): State<Arc<App>>,
    desk: Desk,
    Said(Unsaved { bank, draft }): Said<Unsaved>,
) -> Result<Json<Looked>, Problem> {
    Inside::of(&app, &desk, &bank, Wants::See).await?;
    let draft = questions::tidied(draft.read()?);
    let lists = app.desk.read().await?.bank(&bank).await?.map(|bank| bank.wording).unwrap_or_default();
    Ok(Json(Looked { faults: FaultView::all(&draft.faults()), wording: FoundView::all(lists.found_in(&draft)) }))
}
