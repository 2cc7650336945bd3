//! `/api/desk/v1`: the desk's calls. Each is described where it is handled (utoipa) and routed by that description, so that none is missing from
//! `openapi.json`. Adding calls: a file here, its handlers in `calls()`, three moves each: extract (`Desk` says who), call the office, convert.

mod attempt_views;
mod attempts;
mod audit;
mod bank_access;
mod bank_views;
mod banks;
mod complaints;
mod correction_views;
mod corrections;
mod files;
mod guard;
mod import_views;
mod imports;
mod people;
mod pictures;
mod places;
mod question_views;
mod questions;
mod reader;
mod rehearsing;
mod refused;
mod running;
mod running_views;
mod participants;
mod participant_views;
mod reports;
mod reviewing;
mod season_views;
mod seasons;
mod session;
mod statistics;
mod statistics_views;
mod views;

pub use guard::Desk;
pub use guard::Visiting;

use crate::transport::me::BODY_BYTES_MAX;
use crate::transport::problem::Problem;
use crate::transport::state::App;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use serde_json::Value;
use serde_json::json;
use std::sync::Arc;
use std::sync::LazyLock;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

const BASE: &str = "/api/desk/v1";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "科竞工作台",
        description = "工作台的接口。除 GET 以外的调用都要带请求头 `X-Kejing-Csrf`，它的值由 GET /session 得到；登录以后凭 Cookie `kejing_desk` 识别。\
                       出错时返回 application/problem+json：`code` 给程序看，`detail` 给人看，`faults` 指出表单里要改的地方。",
        license(name = "Apache-2.0")
    ),
    components(schemas(views::ProblemView)),
    modifiers(&Common),
    tags(
        (name = "session", description = "登录"),
        (name = "staff", description = "工作人员"),
        (name = "audit", description = "操作记录"),
        (name = "places", description = "各地"),
        (name = "banks", description = "题库"),
        (name = "questions", description = "题目"),
        (name = "imports", description = "导入"),
        (name = "running", description = "运行"),
        (name = "participants", description = "选手"),
        (name = "statistics", description = "统计"),
        (name = "reports", description = "题目的报告"),
        (name = "corrections", description = "更正"),
        (name = "complaints", description = "接访"),
        (name = "season", description = "赛季")
    )
)]
struct Description;

/// What every call has in common.
struct Common;

impl utoipa::Modify for Common {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        description.info.version = env!("CARGO_PKG_VERSION").to_owned();
    }
}

/// Every call. A folder of handlers adds its own line.
fn calls() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(Description::openapi()).nest(
        BASE,
        OpenApiRouter::new()
            .routes(routes!(session::session, session::sign_in, session::sign_out))
            .routes(routes!(session::set_up))
            .routes(routes!(session::invitation, session::accept))
            .routes(routes!(session::confirm))
            .routes(routes!(session::password))
            .routes(routes!(session::offer_factor, session::take_factor, session::drop_factor))
            .routes(routes!(session::all))
            .routes(routes!(session::end))
            .routes(routes!(session::phone))
            .routes(routes!(people::list, people::invite))
            .routes(routes!(people::change))
            .routes(routes!(people::reset))
            .routes(routes!(people::sessions))
            .routes(routes!(people::end_session))
            .routes(routes!(audit::page))
            .routes(routes!(audit::export))
            .routes(routes!(places::place))
            .merge(banks::calls())
            .merge(questions::calls())
            .merge(reviewing::calls())
            .merge(imports::calls())
            .merge(pictures::calls())
            .merge(running::calls())
            .merge(participants::calls())
            .merge(statistics::calls())
            .merge(reports::calls())
            .merge(corrections::calls())
            .merge(attempts::calls())
            .merge(complaints::calls())
            .merge(seasons::calls())
            .merge(rehearsing::calls()),
    )
}

/// The description, made once.
static DESCRIPTION: LazyLock<String> = LazyLock::new(|| {
    let (_, description) = calls().split_for_parts();
    let mut description = serde_json::to_value(&description).unwrap_or_default();
    described_refusals(&mut description);
    named_with_their_tags(&mut description);
    description.to_string()
});

/// Handlers of two files may have one name, calls may not: `banks_list`, `staff_list`.
fn named_with_their_tags(description: &mut Value) {
    for operation in operations(description) {
        let (tag, name) = (operation["tags"][0].as_str(), operation["operationId"].as_str());
        if let (Some(tag), Some(name)) = (tag, name) {
            operation["operationId"] = format!("{tag}_{name}").into();
        }
    }
}

fn operations(description: &mut Value) -> impl Iterator<Item = &mut Value> {
    let paths = description["paths"].as_object_mut().into_iter().flat_map(|paths| paths.values_mut());
    paths.filter_map(Value::as_object_mut).flat_map(|methods| methods.values_mut())
}

/// Every call may be refused as every other: what each says of its own refusals is told beside that, as problems.
fn described_refusals(description: &mut Value) {
    let problem = json!({"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}});
    for responses in operations(description).filter_map(|operation| operation["responses"].as_object_mut()) {
        for (_, refusal) in responses.iter_mut().filter(|(status, _)| status.starts_with(['4', '5'])) {
            refusal["content"] = problem.clone();
        }
        let any = json!({"description": "拒绝或出错，见 code 和 detail", "content": problem.clone()});
        responses.insert("default".to_owned(), any);
    }
}

pub fn router(app: &Arc<App>) -> Router<Arc<App>> {
    let (calls, _) = calls().split_for_parts();
    calls
        .merge(reader::router())
        .route(&format!("{BASE}/{{*none}}"), axum::routing::any(async || Problem::not_found("这个接口")))
        .method_not_allowed_fallback(crate::transport::public::no_such_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(Arc::clone(app), guard::same_site))
        .layer(middleware::from_fn(guard::to_its_end))
}
