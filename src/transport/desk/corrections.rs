//! 更正 at the desk: proposed, seen as a preview, decided by another, withdrawn.

use super::complaints;
use super::correction_views::CorrectionRowView;
use super::correction_views::CorrectionView;
use super::correction_views::RemedyView;
use super::correction_views::digests;
use super::guard::Desk;
use super::views::ProblemView;
use crate::accounts::roles::On;
use crate::accounts::roles::Permission;
use crate::domain::ids::QuestionId;
use crate::office::by::By;
use crate::office::corrections;
use crate::office::corrections::LISTED_MAX;
use crate::office::corrections::Proposing;
use crate::office::corrections::Seen;
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
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn calls() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, propose))
        .routes(routes!(correction))
        .routes(routes!(preview))
        .routes(routes!(decide))
        .routes(routes!(withdraw))
}

#[derive(Serialize, ToSchema)]
pub(super) struct CorrectionList {
    items: Vec<CorrectionRowView>,
}

/// 全部更正，新的在前，最多 500 份
#[utoipa::path(get, path = "/corrections", tag = "corrections", responses(
    (status = 200, body = CorrectionList),
    (status = 403, body = ProblemView),
))]
pub(super) async fn list(State(app): State<Arc<App>>, desk: Desk) -> Result<Json<CorrectionList>, Problem> {
    desk.may(Permission::SeeReports, On::SomeBank).await?;
    let rows = app.desk.read().await?.corrections(LISTED_MAX).await?;
    let seen = rows.iter().filter(|row| desk.could(Permission::SeeReports, On::Bank(&row.bank)));
    Ok(Json(CorrectionList { items: seen.map(CorrectionRowView::of).collect() }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Proposed {
    bank: String,
    question: String,
    remedy: RemedyView,
    /// As GET /reports/{bank}/{question} numbers them; left out: all of them.
    #[serde(default)]
    versions: Vec<usize>,
    /// For the record; not published.
    reason: String,
    /// 勘误: published, and told to those concerned.
    text: String,
    /// The complaint that it comes from.
    complaint: Option<String>,
}

/// 提出更正；预览随即开始
#[utoipa::path(post, path = "/corrections", tag = "corrections", request_body = Proposed, responses(
    (status = 201, body = CorrectionView),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn propose(
    State(app): State<Arc<App>>,
    desk: Desk,
    Said(proposed): Said<Proposed>,
) -> Result<(StatusCode, Json<CorrectionView>), Problem> {
    let Proposed { bank, question, remedy, versions, reason, text, complaint } = proposed;
    let by = By::of(desk.may(Permission::ProposeCorrections, On::Bank(&bank)).await?);
    let question = QuestionId(question);
    let versions = digests(&app, &bank, &question, &versions)?;
    let complaint = complaint.filter(|complaint| !complaint.is_empty());
    if let Some(complaint) = &complaint {
        // It says on the complaint that a correction came of it: that is for those who deal with it.
        complaints::of(&app, &desk, complaint, Permission::HandleComplaints).await?;
    }
    let proposing = Proposing { bank, question, versions, remedy: remedy.read()?, reason, words: text, complaint };
    let seen = app.corrections.propose(&by, proposing).await?;
    Ok((StatusCode::CREATED, Json(told(&app, &desk, seen))))
}

fn told(app: &App, desk: &Desk, seen: Seen) -> CorrectionView {
    let could = |permission| desk.could(permission, On::Bank(&seen.row.bank));
    let may = (could(Permission::ProposeCorrections), could(Permission::DecideCorrections));
    CorrectionView::of(app, seen, may, &desk.signed.id)
}

/// The correction, for somebody who may do this in its bank.
async fn of(app: &App, desk: &Desk, id: &str, permission: Permission) -> Result<(By, Seen), Problem> {
    match app.corrections.correction(id).await {
        Ok(seen) => Ok((By::of(desk.may(permission, On::Bank(&seen.row.bank)).await?), seen)),
        Err(missing) => {
            desk.may(permission, On::SomeBank).await?;
            Err(missing.into())
        }
    }
}

/// 一份更正，带预览和进度
#[utoipa::path(get, path = "/corrections/{id}", tag = "corrections", params(("id" = String, Path)), responses(
    (status = 200, body = CorrectionView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
))]
pub(super) async fn correction(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
) -> Result<Json<CorrectionView>, Problem> {
    let (_, seen) = of(&app, &desk, &id, Permission::SeeReports).await?;
    Ok(Json(told(&app, &desk, seen)))
}

/// 重新预览
#[utoipa::path(post, path = "/corrections/{id}/preview", tag = "corrections", params(("id" = String, Path)), responses(
    (status = 202, body = CorrectionView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn preview(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
) -> Result<(StatusCode, Json<CorrectionView>), Problem> {
    let (by, _) = of(&app, &desk, &id, Permission::ProposeCorrections).await?;
    let seen = app.corrections.preview(&by, &id).await?;
    Ok((StatusCode::ACCEPTED, Json(told(&app, &desk, seen))))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PreviewDecided {
    /// The number of the preview that was seen.
    preview: i64,
}

/// 决定：提出的人以外的另一个人（要先确认本人）；随即生效
#[utoipa::path(post, path = "/corrections/{id}/decide", tag = "corrections", params(("id" = String, Path)), request_body = PreviewDecided, responses(
    (status = 202, body = CorrectionView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn decide(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
    Said(PreviewDecided { preview }): Said<PreviewDecided>,
) -> Result<(StatusCode, Json<CorrectionView>), Problem> {
    let (_, seen) = of(&app, &desk, &id, Permission::DecideCorrections).await?;
    let by = By::of(desk.may_now(Permission::DecideCorrections, On::Bank(&seen.row.bank)).await?);
    match app.corrections.decide(&by, &id, preview).await {
        Ok(seen) => Ok((StatusCode::ACCEPTED, Json(told(&app, &desk, seen)))),
        // Whoever proposed it is not the second of the two: that they tried is written down.
        Err(refusal) => Err(desk.tried(corrections::subject(&id), refusal).await?.into()),
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Withdrawn {
    reason: String,
}

/// 撤回还没有决定的更正
#[utoipa::path(post, path = "/corrections/{id}/withdraw", tag = "corrections", params(("id" = String, Path)), request_body = Withdrawn, responses(
    (status = 200, body = CorrectionView),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn withdraw(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
    Said(Withdrawn { reason }): Said<Withdrawn>,
) -> Result<Json<CorrectionView>, Problem> {
    let (by, seen) = of(&app, &desk, &id, Permission::ProposeCorrections).await?;
    if seen.row.by != by.staff {
        // Somebody else's is withdrawn by those who could decide on it.
        desk.may(Permission::DecideCorrections, On::Bank(&seen.row.bank)).await?;
    }
    let seen = app.corrections.withdraw(&by, &id, &reason).await?;
    Ok(Json(told(&app, &desk, seen)))
}
