//! 接访: finding an attempt by what a citizen can read out, and all that happened in it, on one page. Every look is written down.

use super::attempt_views::AttemptStory;
use super::attempt_views::FoundView;
use super::attempt_views::participant_line;
use super::guard::Desk;
use super::views::ProblemView;
use crate::accounts::roles::On;
use crate::accounts::roles::Permission;
use crate::accounts::staff::By;
use crate::contest::look::Looked;
use crate::domain::fairness;
use crate::domain::ids::AttemptId;
use crate::domain::ids::ParticipantId;
use crate::domain::season::Season;
use crate::domain::staff::Place;
use crate::office::attempt_story::Beside;
use crate::office::complaints;
use crate::transport::me::Asked;
use crate::transport::problem::Problem;
use crate::transport::state::App;
use axum::Json;
use axum::extract::Path;
use axum::extract::Query;
use axum::extract::State;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;
use std::sync::Arc;
use utoipa::IntoParams;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// People of one name that are told; a name that more have is to be written out.
const FOUND_MAX: usize = 50;
/// A name is searched for from so many characters on.
const NAME_MIN: usize = 2;
/// Characters of a search; longer ones are refused.
const SEARCH_MAX: usize = 100;

pub(super) fn calls() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(search)).routes(routes!(attempt))
}

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(super) struct Searched {
    /// A receipt, an attempt's or a participant's id, or a name
    q: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct FoundList {
    items: Vec<FoundView>,
    /// More were found than are told.
    more: bool,
}

/// Where this participant is at home, as far as whoever asks may look there.
fn home(app: &App, desk: &Desk, participant: ParticipantId) -> Option<Place> {
    let season = &app.contest.season;
    let homes = app.contest.roster.with(participant, |player| complaints::homes(player.place))?;
    Some(complaints::home_for(&desk.signed.grants, Permission::SeePeople, &homes, season))
}

/// Lets whoever asks look at this participant.
///
/// # Errors
/// They may not; that is written down.
pub(super) async fn let_look(app: &App, desk: &Desk, participant: ParticipantId) -> Result<(By, Place), Problem> {
    let home = home(app, desk, participant).unwrap_or(Place::Region);
    Ok((desk.may(Permission::SeePeople, On::Place(home)).await?, home))
}

fn may_look(app: &App, desk: &Desk, participant: ParticipantId) -> bool {
    home(app, desk, participant).is_some_and(|home| desk.could(Permission::SeePeople, On::Place(home)))
}

/// 查找答卷：回执、编号、姓名（每次查找都会记入操作记录）
#[utoipa::path(get, path = "/complaints/search", tag = "complaints", params(Searched), responses(
    (status = 200, body = FoundList),
    (status = 400, body = ProblemView),
    (status = 403, body = ProblemView),
))]
pub(super) async fn search(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Query(searched)): Asked<Query<Searched>>,
) -> Result<Json<FoundList>, Problem> {
    let by = desk.may(Permission::SeePeople, On::SomePlace).await?;
    let q = searched.q.trim();
    if q.is_empty() || q.chars().count() > SEARCH_MAX {
        return Err(Problem::bad_request(format!("请输入回执、编号或者姓名，最多 {SEARCH_MAX} 个字")));
    }
    let (items, more) = found(&app, &desk, q).await?;
    let of: Vec<&str> = items.iter().map(FoundView::id).collect();
    let record = by.did("people.searched", "season").after(&json!({"q": q, "found": of}));
    app.staff.write_down(record).await?;
    Ok(Json(FoundList { items, more }))
}

async fn found(app: &Arc<App>, desk: &Desk, q: &str) -> Result<(Vec<FoundView>, bool), Problem> {
    let contest = &app.contest;
    let receipt = fairness::receipt_as_typed(q);
    if let Some(receipt) = receipt
        && let Some((recorded, _)) = contest.attempt_of_receipt(&receipt).await?
    {
        let items = of_attempt(app, desk, recorded.started.attempt).await?;
        return Ok((items, false));
    }
    if let Some(attempt) = contest.keys.attempt_of(q) {
        return Ok((of_attempt(app, desk, attempt).await?, false));
    }
    if let Some(participant) = contest.keys.participant_of(q).filter(|who| may_look(app, desk, *who)) {
        let mut items = vec![FoundView::participant(contest, participant)];
        let attempts = contest.history(participant, None).await?.unwrap_or_default();
        items.extend(attempts.iter().filter_map(|recorded| FoundView::attempt(contest, recorded)));
        return Ok((items, false));
    }
    if q.chars().count() < NAME_MIN {
        return Ok((Vec::new(), false));
    }
    let (wanted, searching) = (q.to_owned(), Arc::clone(contest));
    let (grants, season) = (desk.signed.grants.clone(), Arc::clone(&contest.season));
    // A million names take a moment, in which others want their turn.
    let looked = tokio::task::spawn_blocking(move || {
        let theirs = |place| {
            let homes = complaints::homes(place);
            let home = complaints::home_for(&grants, Permission::SeePeople, &homes, &season);
            crate::accounts::roles::may(&grants, Permission::SeePeople, On::Place(home), &season)
        };
        searching.people(|player| player.name.contains(&wanted) && theirs(player.place), FOUND_MAX + 1)
    });
    let mut people = looked.await.map_err(|_| Problem::unavailable())?;
    let more = people.len() > FOUND_MAX;
    people.truncate(FOUND_MAX);
    Ok((people.into_iter().map(|who| FoundView::participant(contest, who)).collect(), more))
}

/// The attempt, where whoever asks may look at whose it is.
async fn of_attempt(app: &App, desk: &Desk, attempt: AttemptId) -> Result<Vec<FoundView>, Problem> {
    let contest = &app.contest;
    let recorded = contest.store().attempt(attempt).await?;
    let recorded = recorded.filter(|recorded| may_look(app, desk, recorded.started.participant));
    Ok(recorded.iter().filter_map(|recorded| FoundView::attempt(contest, recorded)).collect())
}

/// 一份答卷的全部经过（每次查看都会记入操作记录）
#[utoipa::path(get, path = "/attempts/{id}", tag = "complaints", params(("id" = String, Path)), responses(
    (status = 200, body = AttemptStory),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
))]
pub(super) async fn attempt(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(id)): Asked<Path<String>>,
) -> Result<Json<AttemptStory>, Problem> {
    let contest = &app.contest;
    let looked = match contest.keys.attempt_of(&id) {
        Some(attempt) => contest.look_at(attempt).await?,
        None => None,
    };
    let Some(looked) = looked else {
        desk.may(Permission::SeePeople, On::SomePlace).await?;
        return Err(Problem::not_found("这份答卷"));
    };
    let participant = looked.recorded.started.participant;
    let (by, _) = let_look(&app, &desk, participant).await?;
    let who = json!({"participant": contest.keys.participant(participant)});
    app.staff.write_down(by.did("attempt.seen", format!("attempt:{id}")).after(&who)).await?;
    let beside = beside(&app, &desk, &looked).await?;
    let complaints = app.desk.read().await?.complaints_of_attempt(looked.recorded.started.attempt).await?;
    Ok(Json(AttemptStory::of(contest, &looked, &beside.0, beside.1, &complaints)))
}

/// What the desk has of the attempt, and whether its record of comings and goings has a gap.
async fn beside(app: &App, desk: &Desk, looked: &Looked) -> Result<(Beside, bool), Problem> {
    let contest = &app.contest;
    let (attempt, period) = (looked.recorded.started.attempt, &looked.period);
    let mut link = app.desk.read().await?;
    let comings = link.attempt_events(attempt).await?;
    let reports = link.reports_of_attempt(attempt).await?;
    let to = looked.recorded.ended.as_ref().map_or(contest.now(), |(_, ended)| ended.at);
    let lacks = link.attempt_events_lack(looked.recorded.started.at, to).await?;
    let corrections = contest.corrections_of(period.index);
    let beside = Beside {
        comings,
        reports: reports.into_iter().map(|report| (report.at, report.seq, report.words)).collect(),
        corrections: corrections.into_iter().map(|on_record| (on_record.edition, on_record)).collect(),
        // Whoever looks after a place sees of right and wrong what the participant may see.
        keys: desk.could(Permission::SeeBank, On::Bank(&period.bank.bank)) || contest.review_is_open(period),
    };
    Ok((beside, lacks))
}

/// A participant in one line, for complaints.
pub(super) fn line_of(app: &App, participant: ParticipantId) -> String {
    participant_line(&app.contest, participant)
}

/// The name of a place that the tables have.
pub(super) fn place_name(code: &str, season: &Season) -> String {
    Place::read(code, season).map_or_else(|| code.to_owned(), |place| place.name(season).to_owned())
}
