//! 统计: questions by their figures, and how many take part where and when. Nothing here names anybody.

use super::files::Download;
use super::guard::Desk;
use super::questions::bounds;
use super::statistics_views::DayView;
use super::statistics_views::FiguresView;
use super::statistics_views::OverviewView;
use super::statistics_views::PageView;
use super::statistics_views::PlaceCountView;
use super::statistics_views::QuestionStatisticsView;
use super::statistics_views::VersionView;
use super::statistics_views::alarm_counts;
use super::statistics_views::table;
use super::views::ProblemView;
use crate::accounts::roles::On;
use crate::accounts::roles::Permission;
use crate::domain::ids::QuestionId;
use crate::domain::staff::Grant;
use crate::domain::staff::Place;
use crate::domain::statistics::AlarmCode;
use crate::domain::time::Day;
use crate::office::statistics::Asked as Wanted;
use crate::office::statistics::Row;
use crate::office::statistics::Sort;
use crate::office::statistics::Version;
use crate::office::statistics::rows;
use crate::office::statistics::sort;
use crate::office::statistics::versions;
use crate::transport::me::Asked;
use crate::transport::problem::Problem;
use crate::transport::state::App;
use axum::Json;
use axum::extract::Path;
use axum::extract::Query;
use axum::extract::State;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn calls() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(questions))
        .routes(routes!(question))
        .routes(routes!(export))
        .routes(routes!(overview))
}

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(super) struct Filter {
    /// One bank; all that one may see where it is left out
    bank: Option<String>,
    /// One round; all that count where it is left out
    round: Option<String>,
    /// One of the bank's versions by its number; the newest where it is left out, with the earlier ones in which a question stood alike
    version: Option<usize>,
    /// `2026-09-01`: from this day on. Discrimination and groups are told for the whole time alone
    from: Option<String>,
    /// Until this day, which is within
    to: Option<String>,
    /// best_choose_wrong, facility_jump, time_collapse, nobody_chooses, or any
    alarm: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Sorting {
    /// The most pressing first
    #[default]
    Alarms,
    Shown,
    Facility,
    Discrimination,
    Efficiency,
    Time,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(super) struct Page {
    #[param(inline)]
    sort: Option<Sorting>,
    /// The greatest first; so it is for alarms where it is left out
    descending: Option<bool>,
    offset: Option<u32>,
    /// 1 to 200; 50 where it is left out
    limit: Option<u32>,
}

impl Page {
    fn order(self) -> (Sort, bool) {
        let by = match self.sort.unwrap_or_default() {
            Sorting::Alarms => Sort::Alarms,
            Sorting::Shown => Sort::Shown,
            Sorting::Facility => Sort::Facility,
            Sorting::Discrimination => Sort::Discrimination,
            Sorting::Efficiency => Sort::Efficiency,
            Sorting::Time => Sort::Time,
        };
        (by, self.descending.unwrap_or(by == Sort::Alarms))
    }
}

/// Which alarms are asked for.
#[derive(Clone, Copy)]
enum Alarmed {
    Or,
    Any,
    By(AlarmCode),
}

impl Alarmed {
    fn read(text: Option<&str>) -> Result<Alarmed, Problem> {
        match text {
            None | Some("") => Ok(Alarmed::Or),
            Some("any") => Ok(Alarmed::Any),
            Some(code) => {
                let code = AlarmCode::of_code(code).ok_or_else(|| Problem::bad_request("没有这种提醒"))?;
                Ok(Alarmed::By(code))
            }
        }
    }

    fn wants(self, row: &Row) -> bool {
        match self {
            Alarmed::Or => true,
            Alarmed::Any => !row.alarms.is_empty(),
            Alarmed::By(code) => row.alarms.iter().any(|alarm| alarm.code == code),
        }
    }
}

/// What was found, with the versions that it is of.
struct Found {
    rows: Vec<Row>,
    versions: Vec<Version>,
    as_of: Option<i64>,
}

impl Filter {
    /// What whoever asks may see of it, counted.
    async fn find(self, app: &Arc<App>, desk: &Desk, question: Option<QuestionId>) -> Result<Found, Problem> {
        let banks = banks_of(app, desk, self.bank.as_deref()).await?;
        app.statistics.looked_at(app.contest.now());
        let season = &app.contest.season;
        let day = |text: Option<String>| match text.filter(|text| !text.is_empty()) {
            None => Ok(None),
            Some(text) => Day::read(&text).map(Some).ok_or_else(|| Problem::bad_request("日期应写作 2026-09-01")),
        };
        let round = match self.round.filter(|id| !id.is_empty()) {
            None => None,
            Some(id) => Some(season.round_of_id(&id).ok_or_else(|| Problem::not_found("这个场次"))?),
        };
        let mut wanted = Wanted { banks, round, version: None, from: day(self.from)?, to: day(self.to)?, question };
        let (app, number) = (Arc::clone(app), self.version);
        // On a thread that may block: sums are made of everything that was counted.
        let finding = tokio::task::spawn_blocking(move || {
            let projection = app.statistics.projection();
            let versions = versions(&projection, &wanted.banks);
            if let Some(number) = number {
                let known = versions.iter().find(|version| version.n == number && wanted.banks.len() == 1);
                let known = known.ok_or_else(|| Problem::not_found("题库的这一版"))?;
                wanted.version = Some(known.digest.clone());
            }
            let today = app.contest.season.time_zone.day(app.contest.now());
            let rows = rows(&projection, &app.contest.season, &wanted, today);
            Ok(Found { rows, versions, as_of: app.statistics.as_of().map(|at| at.0) })
        });
        finding.await.map_err(|_| Problem::unavailable())?
    }
}

/// The banks whose figures whoever asks may see.
async fn banks_of(app: &App, desk: &Desk, bank: Option<&str>) -> Result<Vec<String>, Problem> {
    let on = bank.filter(|bank| !bank.is_empty()).map_or(On::SomeBank, On::Bank);
    desk.may(Permission::SeeBank, on).await?;
    if let On::Bank(bank) = on {
        return Ok(vec![bank.to_owned()]);
    }
    let banks = app.contest.season.banks.iter().map(|bank| &bank.id);
    Ok(banks.filter(|bank| desk.could(Permission::SeeBank, On::Bank(bank))).cloned().collect())
}

/// 题目统计：难度、区分度、选项、用时和提醒
#[utoipa::path(get, path = "/statistics/questions", tag = "statistics", params(Filter, Page), responses(
    (status = 200, body = PageView),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
))]
pub(super) async fn questions(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Query(filter)): Asked<Query<Filter>>,
    Asked(Query(page)): Asked<Query<Page>>,
) -> Result<Json<PageView>, Problem> {
    let (offset, limit) = bounds(page.offset, page.limit)?;
    let alarmed = Alarmed::read(filter.alarm.as_deref())?;
    let Found { mut rows, versions, as_of } = filter.find(&app, &desk, None).await?;
    let alarms = alarm_counts(&rows);
    rows.retain(|row| alarmed.wants(row));
    let (by, descending) = page.order();
    sort(&mut rows, by, descending);
    let season = &app.contest.season;
    let shown = rows.iter().skip(offset as usize).take(limit as usize);
    Ok(Json(PageView {
        as_of,
        items: shown.map(|row| FiguresView::of(row, &versions)).collect(),
        total: rows.len(),
        alarms,
        rounds: VersionView::rounds(&versions, season),
        versions: versions.iter().map(|version| VersionView::of(version, season)).collect(),
    }))
}

/// 一道题的统计，逐日
#[utoipa::path(get, path = "/statistics/questions/{id}", tag = "statistics", params(("id" = String, Path), Filter), responses(
    (status = 200, body = QuestionStatisticsView),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
))]
pub(super) async fn question(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<QuestionId>>,
    Asked(Query(filter)): Asked<Query<Filter>>,
) -> Result<Json<QuestionStatisticsView>, Problem> {
    let Found { rows, versions, as_of } = filter.find(&app, &desk, Some(id)).await?;
    let row = rows.first().ok_or_else(|| Problem::not_found("这道题的统计"))?;
    let season = &app.contest.season;
    let of_bank: Vec<Version> = versions.iter().filter(|version| version.bank == row.bank()).cloned().collect();
    Ok(Json(QuestionStatisticsView {
        as_of,
        figures: FiguresView::of(row, &versions),
        days: row.item.days().iter().map(DayView::of).collect(),
        rounds: VersionView::rounds(&of_bank, season),
        versions_used: of_bank.iter().map(|version| VersionView::of(version, season)).collect(),
    }))
}

/// 下载题目统计（CSV）
#[utoipa::path(get, path = "/statistics/export", tag = "statistics", params(Filter), responses(
    (status = 200, body = Vec<u8>, content_type = "text/csv"),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
))]
pub(super) async fn export(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Query(filter)): Asked<Query<Filter>>,
) -> Result<Download, Problem> {
    let alarmed = Alarmed::read(filter.alarm.as_deref())?;
    let Found { mut rows, .. } = filter.find(&app, &desk, None).await?;
    rows.retain(|row| alarmed.wants(row));
    sort(&mut rows, Sort::Alarms, true);
    Ok(Download { name: "题目统计.csv".to_owned(), content_type: "text/csv; charset=utf-8", bytes: table(&rows) })
}

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(super) struct Of {
    /// `region`, `city:450200`, `county:450226` or `organisation:ID`; one's own where it is left out
    place: Option<String>,
}

/// 参赛概览：逐日、各地、一天里的各个时段
#[utoipa::path(get, path = "/statistics/overview", tag = "statistics", params(Of), responses(
    (status = 200, body = OverviewView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
))]
pub(super) async fn overview(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Query(of)): Asked<Query<Of>>,
) -> Result<Json<OverviewView>, Problem> {
    let season = Arc::clone(&app.contest.season);
    let place = match of.place.filter(|place| !place.is_empty()) {
        Some(place) => Place::read(&place, &season).ok_or_else(|| Problem::not_found("这个地方"))?,
        None => own_place(&desk),
    };
    desk.may(Permission::SeePlace, On::Place(place)).await?;
    app.statistics.looked_at(app.contest.now());
    let finding = tokio::task::spawn_blocking(move || {
        let overview = app.statistics.overview();
        let view = |(place, count): (Place, crate::office::statistics::Count)| PlaceCountView {
            place: place.code(&season),
            name: place.name(&season).to_owned(),
            starts: count.starts,
            participants: count.participants,
        };
        let places = overview.below(place, &season).into_iter().map(view).collect();
        let here = (place.code(&season), place.name(&season).to_owned());
        OverviewView::of(app.statistics.as_of().map(|at| at.0), here, &overview.of(place), places)
    });
    Ok(Json(finding.await.map_err(|_| Problem::unavailable())?))
}

/// The whole region for whoever sees it, an association's own place otherwise.
fn own_place(desk: &Desk) -> Place {
    if desk.could(Permission::SeePlace, On::Place(Place::Region)) {
        return Place::Region;
    }
    let own = desk.signed.grants.iter().find_map(|grant| match grant {
        Grant::Association { place } => Some(*place),
        _ => None,
    });
    own.unwrap_or(Place::Region)
}
