//! 操作记录: looked through page by page, or taken home whole.

use super::guard::Desk;
use super::views::ProblemView;
use crate::accounts::roles::On;
use crate::accounts::roles::Permission;
use crate::domain::ids::StaffId;
use crate::domain::time::Timestamp;
use crate::ledger::desk::AuditFilter;
use crate::ledger::desk::DeskStore;
use crate::ledger::desk::Entry;
use crate::ledger::store::LedgerError;
use crate::office::audit;
use crate::transport::me::Asked;
use crate::transport::problem::Problem;
use crate::transport::state::App;
use axum::Json;
use axum::body::Body;
use axum::extract::Query;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use bytes::Bytes;
use data_encoding::HEXLOWER;
use serde::Deserialize;
use serde::Serialize;
use serde_json::value::RawValue;
use std::sync::Arc;
use utoipa::IntoParams;
use utoipa::ToSchema;

const LIMIT_USUAL: u32 = 50;
const LIMIT_MAX: u32 = 200;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AuditQuery {
    /// A person's id.
    who: Option<String>,
    /// An act, or with a point at its end all that begin so: `staff.`
    act: Option<String>,
    /// `staff:ID`, `bank:ID`, …
    subject: Option<String>,
    from: Option<i64>,
    to: Option<i64>,
    before: Option<i64>,
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct AuditPage {
    items: Vec<AuditItem>,
    /// For `before`; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct AuditItem {
    n: i64,
    at: i64,
    who: Option<Who>,
    /// The network, without its last part.
    from: String,
    act: String,
    subject: String,
    #[schema(value_type = Option<Object>)]
    before: Option<Box<RawValue>>,
    #[schema(value_type = Option<Object>)]
    after: Option<Box<RawValue>>,
    reason: Option<String>,
    refused: bool,
    hash: String,
}

#[derive(Serialize, ToSchema)]
struct Who {
    id: String,
    /// As it was then.
    name: String,
}

fn item(entry: Entry) -> AuditItem {
    let Entry { n, record, hash } = entry;
    let raw = |text: Option<String>| text.and_then(|text| RawValue::from_string(text).ok());
    AuditItem {
        n,
        at: record.at.0,
        who: record.who.map(|(id, name)| Who { id: id.0, name }),
        from: record.network,
        act: record.act,
        subject: record.subject,
        before: raw(record.before),
        after: raw(record.after),
        reason: record.reason,
        refused: record.refused,
        hash: HEXLOWER.encode(&hash),
    }
}

/// 操作记录，新的在前
#[utoipa::path(get, path = "/audit", tag = "audit", params(AuditQuery), responses(
    (status = 200, body = AuditPage),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
))]
pub(super) async fn page(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Query(query)): Asked<Query<AuditQuery>>,
) -> Result<Json<AuditPage>, Problem> {
    desk.may(Permission::ReadAudit, On::Season).await?;
    let limit = query.limit.unwrap_or(LIMIT_USUAL);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Problem::bad_request(format!("limit 应在 1 到 {LIMIT_MAX} 之间")));
    }
    let found = app.desk.read().await?.audit(&query.filter(), i64::from(limit)).await?;
    let next = (found.len() == limit as usize).then(|| found.last().map(|last| last.n.to_string())).flatten();
    Ok(Json(AuditPage { items: found.into_iter().map(item).collect(), next }))
}

impl AuditQuery {
    fn filter(self) -> AuditFilter {
        AuditFilter {
            who: self.who.map(StaffId),
            act: self.act,
            subject: self.subject,
            from: self.from.map(Timestamp),
            to: self.to.map(Timestamp),
            before: self.before,
        }
    }
}

/// 导出全部操作记录：一行一条 JSON，带校验值，可用 kejing audit verify 核对
#[utoipa::path(get, path = "/audit/export", tag = "audit", responses(
    (status = 200, body = String, content_type = "application/x-ndjson"),
    (status = 403, body = ProblemView),
))]
pub(super) async fn export(State(app): State<Arc<App>>, desk: Desk) -> Result<Response, Problem> {
    let by = desk.may(Permission::ReadAudit, On::Season).await?;
    app.staff.write_down(by.did("audit.exported", "season")).await?;
    let name = format!("attachment; filename=\"kejing-audit-{}.ndjson\"", app.contest.season.id);
    let headers = [(header::CONTENT_TYPE, "application/x-ndjson".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, Body::from_stream(lines(app.desk.clone()))).into_response())
}

/// Page after page; each is read to its end, whether or not anybody still listens.
fn lines(store: DeskStore) -> impl futures_util::Stream<Item = Result<Bytes, LedgerError>> + Send {
    futures_util::stream::try_unfold(0, move |after| {
        let store = store.clone();
        async move {
            let reading = tokio::spawn(async move { audit::page(&store, after).await });
            let entries = reading.await.unwrap_or(Err(LedgerError::Stopped))?;
            let Some(last) = entries.last().map(|entry| entry.n) else { return Ok(None) };
            let text: String = entries.iter().map(audit::line).collect();
            Ok(Some((Bytes::from(text), last)))
        }
    })
}
