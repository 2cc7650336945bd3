//! Files on their way into a bank: sent, told, mended row by row, confirmed.

use super::bank_access::Inside;
use super::bank_access::Wants;
use super::files::Download;
use super::files::Sent;
use super::guard::Desk;
use super::import_views::ImportView;
use super::import_views::RowView;
use super::question_views::DraftView;
use super::questions::bounds;
use super::views::ProblemView;
use crate::formats;
use crate::formats::import::Field;
use crate::formats::import::Format;
use crate::ledger::desk::ReadRow;
use crate::ledger::desk::RowStanding;
use crate::ledger::desk::WantedRows;
use crate::office::importing;
use crate::office::importing::Mend;
use crate::office::importing::Seen;
use crate::office::importing::ToldDefaults;
use crate::office::importing::Which;
use crate::office::powers::Powers;
use crate::office::refusal::DeskRefusal;
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
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::IntoParams;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Bytes of a call with a row, or with the numbers of many; more is `too_large`.
const BODY_MAX: usize = 1 << 20;
/// Characters of a default; longer ones are refused.
const DEFAULT_MAX: usize = 1_000;
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

pub(super) fn calls() -> OpenApiRouter<Arc<App>> {
    let uploads =
        OpenApiRouter::new().routes(routes!(upload, list)).layer(DefaultBodyLimit::max(formats::FILE_BYTES_MAX));
    OpenApiRouter::new()
        .routes(routes!(import, tell, delete))
        .routes(routes!(rows))
        .routes(routes!(row, mend))
        .routes(routes!(accept))
        .routes(routes!(confirm))
        .routes(routes!(rest))
        .routes(routes!(template))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .merge(uploads)
}

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(super) struct File {
    /// Its name
    name: Option<String>,
    /// xlsx, xls, docx, csv, text, toml, json, gift, aiken, moodle_xml or qti; recognised where it is left out
    format: Option<String>,
}

fn format_of(code: &str) -> Result<Format, Problem> {
    Format::of_code(code).ok_or_else(|| Problem::bad_request("不认识这种文件格式"))
}

/// 导入一个文件，或一段粘贴的文字：先读出来看，确认以前什么也不存
#[utoipa::path(post, path = "/banks/{bank}/imports", tag = "imports", params(("bank" = String, Path), File),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "at most 16 MiB"),
    responses(
        (status = 202, body = ImportView),
        (status = 400, body = ProblemView),
        (status = 403, body = ProblemView),
        (status = 404, body = ProblemView),
        (status = 409, body = ProblemView),
        (status = 413, body = ProblemView),
    ))]
pub(super) async fn upload(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(bank)): Asked<Path<String>>,
    Asked(Query(file)): Asked<Query<File>>,
    Sent(bytes): Sent,
) -> Result<(StatusCode, Json<ImportView>), Problem> {
    let Inside { by, powers } = Inside::of(&app, &desk, &bank, Wants::Write).await?;
    let format = file.format.as_deref().filter(|code| !code.is_empty()).map(format_of).transpose()?;
    let name = file.name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| "粘贴的文字".to_owned());
    let seen = app.imports.upload(&by, &powers, &bank, &name, format, bytes).await?;
    Ok((StatusCode::ACCEPTED, Json(ImportView::of(seen))))
}

#[derive(Serialize, ToSchema)]
pub(super) struct ImportList {
    items: Vec<ImportView>,
}

/// 这个题库的导入，新的在前
#[utoipa::path(get, path = "/banks/{bank}/imports", tag = "imports", params(("bank" = String, Path)), responses(
    (status = 200, body = ImportList),
    (status = 403, body = ProblemView),
))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(bank)): Asked<Path<String>>,
) -> Result<Json<ImportList>, Problem> {
    let Inside { by, powers } = Inside::of(&app, &desk, &bank, Wants::See).await?;
    let seen = app.imports.of_bank(&bank).await?;
    let items = seen.into_iter().filter(|seen| powers.sees_all || seen.import.by == by.staff).map(ImportView::of);
    Ok(Json(ImportList { items: items.collect() }))
}

/// The import, for somebody who is let into its bank and may see it.
async fn of(app: &App, desk: &Desk, id: &str, wants: Wants) -> Result<(Inside, Seen), Problem> {
    let seen = match app.imports.import(id).await {
        Ok(seen) => seen,
        Err(missing) => {
            Inside::anywhere(desk, wants).await?;
            return Err(missing.into());
        }
    };
    let inside = Inside::of(app, desk, &seen.import.bank, wants).await?;
    if inside.powers.sees_all || seen.import.by == inside.by.staff {
        Ok((inside, seen))
    } else {
        Err(Problem::not_found("这份导入"))
    }
}

/// 一份导入
#[utoipa::path(get, path = "/imports/{id}", tag = "imports", params(("id" = String, Path)), responses(
    (status = 200, body = ImportView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
))]
pub(super) async fn import(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
) -> Result<Json<ImportView>, Problem> {
    Ok(Json(ImportView::of(of(&app, &desk, &id, Wants::See).await?.1)))
}

/// What came of an act on an import; another's is not touched, and that it was tried is written down.
async fn tried<T>(desk: &Desk, id: &str, outcome: Result<T, DeskRefusal>) -> Result<T, Problem> {
    match outcome {
        Ok(done) => Ok(done),
        Err(refusal) => Err(desk.tried(importing::subject(id), refusal).await?.into()),
    }
}

/// How the file is to be read. What is left out stays; null takes back what was told before.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Telling {
    #[serde(default, deserialize_with = "told")]
    #[schema(value_type = Option<String>)]
    format: Option<Option<String>>,
    #[serde(default, deserialize_with = "told")]
    #[schema(value_type = Option<String>)]
    sheet: Option<Option<String>>,
    /// By the columns' numbers from 1: id, kind, stem, options, option:N, flag:N, key, explanation, source, difficulty, topic, points,
    /// contributor, link, fixed_order or ignore
    #[serde(default, deserialize_with = "told")]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    columns: Option<Option<BTreeMap<u32, String>>>,
    #[serde(default, deserialize_with = "by_names")]
    defaults: Option<DefaultsView>,
}

/// An object, as it is described; a list in the order of the fields, which serde would take as well, is none.
fn by_names<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<DefaultsView>, D::Error> {
    let named = Option::<serde_json::Map<String, serde_json::Value>>::deserialize(deserializer)?;
    named.map(|named| DefaultsView::deserialize(named).map_err(serde::de::Error::custom)).transpose()
}

fn told<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// For questions that do not say it themselves.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = ImportDefaults)]
pub(super) struct DefaultsView {
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<String>,
    /// 1, 2 or 3
    #[serde(skip_serializing_if = "Option::is_none")]
    difficulty: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contributor: Option<String>,
}

impl DefaultsView {
    pub(super) fn of(told: ToldDefaults) -> DefaultsView {
        let ToldDefaults { topic, difficulty, source, explanation, contributor } = told;
        DefaultsView { topic, difficulty, source, explanation, contributor }
    }

    fn read(self) -> Result<ToldDefaults, Problem> {
        if self.difficulty.is_some_and(|difficulty| !(1..=3).contains(&difficulty)) {
            return Err(Problem::bad_request("难度只能是 1（易）、2（中）、3（难）"));
        }
        let texts = [&self.topic, &self.source, &self.explanation, &self.contributor];
        if texts.into_iter().flatten().any(|text| text.chars().count() > DEFAULT_MAX) {
            return Err(Problem::bad_request(format!("默认值最多 {DEFAULT_MAX} 个字")));
        }
        let said = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        Ok(ToldDefaults {
            topic: said(self.topic),
            difficulty: self.difficulty,
            source: said(self.source),
            explanation: said(self.explanation),
            contributor: said(self.contributor),
        })
    }
}

/// 改变识别的办法（格式、工作表、各列的含义、默认值），重新读一遍
#[utoipa::path(patch, path = "/imports/{id}", tag = "imports", params(("id" = String, Path)), request_body = Telling, responses(
    (status = 200, body = ImportView),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn tell(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
    Said(telling): Said<Telling>,
) -> Result<Json<ImportView>, Problem> {
    let (Inside { by, .. }, _) = of(&app, &desk, &id, Wants::Write).await?;
    if let Some(Some(code)) = &telling.format {
        format_of(code)?;
    }
    let strange = |columns: &BTreeMap<u32, String>| columns.values().any(|code| Field::of_code(code).is_none());
    if telling.columns.iter().flatten().any(strange) {
        return Err(Problem::bad_request("不认识这样的列"));
    }
    let defaults = telling.defaults.map(DefaultsView::read).transpose()?;
    let change = |told: &mut crate::office::importing::Told| {
        told.format = telling.format.unwrap_or_else(|| told.format.take());
        told.sheet = telling.sheet.unwrap_or_else(|| told.sheet.take());
        told.columns = telling.columns.unwrap_or_else(|| told.columns.take());
        told.defaults = defaults.unwrap_or_else(|| std::mem::take(&mut told.defaults));
    };
    Ok(Json(ImportView::of(tried(&desk, &id, app.imports.tell(&by, &id, change).await).await?)))
}

/// 删除一份导入；已经存进题库的题留在题库里
#[utoipa::path(delete, path = "/imports/{id}", tag = "imports", params(("id" = String, Path)), responses(
    (status = 204),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
) -> Result<StatusCode, Problem> {
    let (Inside { by, .. }, _) = of(&app, &desk, &id, Wants::Write).await?;
    tried(&desk, &id, app.imports.delete(&by, &id).await).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(super) struct RowsWanted {
    /// ready, to_check, refused, saved, skipped, or same (twice there); all where it is left out
    standing: Option<String>,
    offset: Option<u32>,
    /// 1 to 200; 50 where it is left out
    limit: Option<u32>,
}

/// An association that sends a question in learns nothing of the bank's own by it.
fn seen_by(powers: &Powers, mut row: ReadRow) -> ReadRow {
    if !powers.sees_all {
        row.twins.retain(|twin| twin.id.is_none());
    }
    row
}

#[derive(Serialize, ToSchema)]
pub(super) struct Rows {
    items: Vec<RowView>,
    total: i64,
}

/// 读出来的题
#[utoipa::path(get, path = "/imports/{id}/rows", tag = "imports", params(("id" = String, Path), RowsWanted), responses(
    (status = 200, body = Rows),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
))]
pub(super) async fn rows(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
    Asked(Query(wanted)): Asked<Query<RowsWanted>>,
) -> Result<Json<Rows>, Problem> {
    let (Inside { powers, .. }, _) = of(&app, &desk, &id, Wants::See).await?;
    let (offset, limit) = bounds(wanted.offset, wanted.limit)?;
    let which = match wanted.standing.as_deref() {
        None | Some("") => WantedRows::All,
        Some("same") => WantedRows::Same,
        Some(code) => {
            let standing = RowStanding::of_code(code);
            WantedRows::Standing(standing.ok_or_else(|| Problem::bad_request("不认识这样的 standing"))?)
        }
    };
    let (rows, total) = app.imports.rows(&id, which, offset, limit).await?;
    Ok(Json(Rows { items: rows.into_iter().map(|row| RowView::of(seen_by(&powers, row))).collect(), total }))
}

/// 读出来的一题
#[utoipa::path(get, path = "/imports/{id}/rows/{n}", tag = "imports", params(("id" = String, Path), ("n" = u32, Path)), responses(
    (status = 200, body = RowView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
))]
pub(super) async fn row(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path((id, n))): Asked<Path<(String, u32)>>,
) -> Result<Json<RowView>, Problem> {
    let (Inside { powers, .. }, _) = of(&app, &desk, &id, Wants::See).await?;
    Ok(Json(RowView::of(seen_by(&powers, app.imports.row(&id, n).await?))))
}

/// One of the three.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Mending {
    /// This is the question.
    draft: Option<DraftView>,
    /// What was assumed is right.
    accept: Option<bool>,
    /// It is left out; false: not after all.
    skip: Option<bool>,
}

/// 改好一题、确认一题，或者不要它
#[utoipa::path(patch, path = "/imports/{id}/rows/{n}", tag = "imports", params(("id" = String, Path), ("n" = u32, Path)),
    request_body = Mending,
    responses(
        (status = 200, body = RowView),
        (status = 400, body = ProblemView),
        (status = 403, body = ProblemView),
        (status = 404, body = ProblemView),
        (status = 409, body = ProblemView),
    ))]
pub(super) async fn mend(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path((id, n))): Asked<Path<(String, u32)>>,
    Said(mending): Said<Mending>,
) -> Result<Json<RowView>, Problem> {
    let (Inside { by, powers }, _) = of(&app, &desk, &id, Wants::Write).await?;
    let mend = match (mending.draft, mending.accept, mending.skip) {
        (Some(draft), None, None) => Mend::Draft(Box::new(draft.read()?)),
        (None, Some(true), None) => Mend::Accept,
        (None, None, Some(skip)) => Mend::Skip(skip),
        _ => return Err(Problem::bad_request("请给出 draft、accept: true 或 skip 之一")),
    };
    Ok(Json(RowView::of(seen_by(&powers, tried(&desk, &id, app.imports.mend(&by, &id, n, mend).await).await?))))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Accepting {
    /// Of a remark, as `kind_assumed`.
    code: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Accepted {
    accepted: usize,
    import: ImportView,
}

/// 同一种推定都没问题：只有这一种推定的题全部转为可导入
#[utoipa::path(post, path = "/imports/{id}/accept", tag = "imports", params(("id" = String, Path)), request_body = Accepting, responses(
    (status = 200, body = Accepted),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn accept(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
    Said(Accepting { code }): Said<Accepting>,
) -> Result<Json<Accepted>, Problem> {
    let (Inside { by, .. }, _) = of(&app, &desk, &id, Wants::Write).await?;
    let accepted = tried(&desk, &id, app.imports.accept_all(&by, &id, &code).await).await?;
    let import = ImportView::of(app.imports.import(&id).await?);
    Ok(Json(Accepted { accepted, import }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RowsConfirmed {
    rows: WhichRows,
}

#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
pub(super) enum WhichRows {
    /// `ready`: all that are
    All(ReadyRows),
    /// By their numbers; each has to be ready.
    These(Vec<u32>),
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ReadyRows {
    Ready,
}

/// 确认：可导入的题一批一批存为题库的草稿，中途停机时存好的留着、其余的仍可确认
#[utoipa::path(post, path = "/imports/{id}/confirm", tag = "imports", params(("id" = String, Path)), request_body = RowsConfirmed, responses(
    (status = 202, body = ImportView),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
    (status = 409, body = ProblemView),
))]
pub(super) async fn confirm(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
    Said(RowsConfirmed { rows }): Said<RowsConfirmed>,
) -> Result<(StatusCode, Json<ImportView>), Problem> {
    let (Inside { by, powers }, _) = of(&app, &desk, &id, Wants::Write).await?;
    let which = match rows {
        WhichRows::All(ReadyRows::Ready) => Which::Ready,
        WhichRows::These(rows) => Which::These(rows.into_iter().collect()),
    };
    let seen = tried(&desk, &id, app.imports.confirm(&by, &powers, &id, which).await).await?;
    Ok((StatusCode::ACCEPTED, Json(ImportView::of(seen))))
}

/// 待核对和不能导入的题，连同原因；改好以后可以再导入
#[utoipa::path(get, path = "/imports/{id}/rest.xlsx", tag = "imports", params(("id" = String, Path)), responses(
    (status = 200, body = Vec<u8>, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
))]
pub(super) async fn rest(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
) -> Result<Download, Problem> {
    let (_, seen) = of(&app, &desk, &id, Wants::See).await?;
    let bytes = app.imports.rest(&id).await?;
    Ok(Download { name: format!("{}-待改.xlsx", stem(&seen.import.name)), content_type: XLSX, bytes })
}

/// A file's name without its ending.
fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// 表格模板
#[utoipa::path(get, path = "/imports/template.xlsx", tag = "imports", responses(
    (status = 200, body = Vec<u8>, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (status = 403, body = ProblemView),
))]
pub(super) async fn template(desk: Desk) -> Result<Download, Problem> {
    Inside::anywhere(&desk, Wants::Write).await?;
    let bytes = crate::office::importing::template()?;
    Ok(Download { name: "题目模板.xlsx".to_owned(), content_type: XLSX, bytes })
}
