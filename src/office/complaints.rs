//! 接访: complaints with what was done about them, who has them, and who may see them.

use crate::accounts::roles;
use crate::accounts::roles::On;
use crate::accounts::roles::Permission;
use crate::contest::core::Contest;
use crate::contest::roster;
use crate::domain::ids::AttemptId;
use crate::domain::ids::CityIndex;
use crate::domain::ids::CountyIndex;
use crate::domain::ids::OrganisationIndex;
use crate::domain::ids::ParticipantId;
use crate::domain::ids::StaffId;
use crate::domain::season::Season;
use crate::domain::staff::Grant;
use crate::domain::staff::Place;
use crate::ledger::desk::Act;
use crate::ledger::desk::ComplaintRow;
use crate::ledger::desk::ComplaintStepRow;
use crate::ledger::desk::DeskStore;
use crate::office::by::By;
use crate::office::by::because;
use crate::office::fresh::fresh_name;
use crate::office::refusal::DeskRefusal;
use crate::office::refusal::REASON_MAX;
use crate::office::refusal::said;
use serde_json::Value;
use serde_json::json;

/// Characters of what somebody complains of; longer texts are refused.
pub const WORDS_MAX: usize = 2_000;
/// Characters of who complains and how to reach them.
const COMPLAINER_MAX: usize = 100;
/// Complaints that are open; more are refused until some are closed.
const OPEN_MAX: i64 = 20_000;

/// A complaint as it is taken down.
#[derive(Clone, Debug)]
pub struct Complaining {
    pub attempt: Option<AttemptId>,
    pub participant: Option<ParticipantId>,
    pub complainer: String,
    pub words: String,
}

/// To whom a complaint goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    Person(StaffId),
    Place(Place),
}

/// What is done about a complaint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// What could be read to the person.
    Explain,
    Refer(Holder),
    Close,
    Reopen,
}

/// Where a participant is at home, the narrowest first: whose association may look at them.
pub fn homes(place: roster::Place) -> Vec<Place> {
    let organisation = place.organisation.map(Place::Organisation);
    let county = place.county.map(Place::County);
    organisation.into_iter().chain(county).chain([Place::City(place.city)]).collect()
}

/// The home for which somebody may; the last one where they may for none, to be refused for it.
pub fn home_for(grants: &[Grant], permission: Permission, homes: &[Place], season: &Season) -> Place {
    let may = |home: &&Place| roles::may(grants, permission, On::Place(**home), season);
    homes.iter().find(may).or(homes.last()).copied().unwrap_or(Place::Region)
}

/// All places that these grants let somebody look after, as the tables have them; `None`: everywhere.
pub fn looked_after(grants: &[Grant], permission: Permission, season: &Season) -> Option<Vec<String>> {
    if roles::may(grants, permission, On::Place(Place::Region), season) {
        return None;
    }
    let cities = (0..season.region.cities.len()).map(|at| Place::City(CityIndex(at as u16)));
    let counties = (0..season.region.counties.len()).map(|at| Place::County(CountyIndex(at as u16)));
    let organisations = (0..season.organisations.len()).map(|at| Place::Organisation(OrganisationIndex(at as u32)));
    let all = cities.chain(counties).chain(organisations);
    let may = |place: &Place| roles::may(grants, permission, On::Place(*place), season);
    Some(all.filter(may).map(|place| place.code(season)).collect())
}

/// Takes a complaint down; whoever did so has it.
///
/// # Errors
/// It says nothing, or too much.
pub async fn open(
    desk: &DeskStore,
    contest: &Contest,
    by: &By,
    home: Place,
    complaining: Complaining,
) -> Result<ComplaintRow, DeskRefusal> {
    let Complaining { attempt, participant, complainer, words } = complaining;
    let words = said(&words, "请写下反映的是什么", WORDS_MAX)?;
    let complainer = complainer.trim().to_owned();
    if complainer.chars().count() > COMPLAINER_MAX {
        return Err(DeskRefusal::Bad(format!("反映人最多 {COMPLAINER_MAX} 个字")));
    }
    let row = ComplaintRow {
        id: fresh_name(),
        at: by.at,
        by: by.staff.clone(),
        by_name: by.name.clone(),
        attempt,
        participant,
        place: home.code(&contest.season),
        complainer,
        words,
        state: OPEN.to_owned(),
        held_by: Some(by.staff.clone()),
        held_by_name: by.name.clone(),
        held_at: None,
        changed_at: by.at,
    };
    let mut act = desk.begin().await?;
    if act.open_complaints().await? >= OPEN_MAX {
        return Err(DeskRefusal::Conflict(format!("已经有 {OPEN_MAX} 件没有办结，请先办结一些")));
    }
    act.insert_complaint(&row).await?;
    act.insert_complaint_step(&row.id, &step(by, "opened", "", None)).await?;
    let after = json!({
        "place": row.place,
        "attempt": row.attempt.map(|id| contest.keys.attempt(id)),
        "participant": row.participant.map(|id| contest.keys.participant(id)),
    });
    act.commit(by.change("complaint.opened", subject(&row.id), Value::Null, after)).await?;
    Ok(row)
}

/// # Errors
/// It is not there, in another state, or nothing is said where something has to be.
pub async fn act_on(
    desk: &DeskStore,
    season: &Season,
    by: &By,
    id: &str,
    deed: Deed,
    words: &str,
) -> Result<ComplaintRow, DeskRefusal> {
    let words = said(words, "请写明内容", WORDS_MAX)?;
    let mut act = desk.begin().await?;
    let mut row = act.complaint(id).await?.ok_or(DeskRefusal::NotFound("这件反映"))?;
    let is_open = row.state == OPEN;
    let (code, towards) = match deed {
        Deed::Reopen if is_open => return Err(DeskRefusal::Conflict("这件反映还没有办结".to_owned())),
        Deed::Reopen => {
            row.state = OPEN.to_owned();
            (row.held_by, row.held_at) = (Some(by.staff.clone()), None);
            ("reopened", None)
        }
        _ if !is_open => return Err(DeskRefusal::Conflict("这件反映已经办结；要接着办，请先重新打开".to_owned())),
        Deed::Explain => ("explained", None),
        Deed::Close => {
            row.state = CLOSED.to_owned();
            ("closed", None)
        }
        Deed::Refer(Holder::Person(person)) => {
            let known = act.person(&person).await?.filter(|person| person.state == "active");
            known.ok_or(DeskRefusal::NotFound("这位工作人员"))?;
            (row.held_by, row.held_at) = (Some(person.clone()), None);
            ("referred", Some(format!("staff:{person}")))
        }
        Deed::Refer(Holder::Place(place)) => {
            let code = place.code(season);
            (row.held_by, row.held_at) = (None, Some(code.clone()));
            ("referred", Some(code))
        }
    };
    row.changed_at = by.at;
    act.update_complaint(&row).await?;
    act.insert_complaint_step(id, &step(by, code, &words, towards.clone())).await?;
    let after = json!({"state": row.state, "towards": towards});
    // What is said of somebody stays with the complaint; the log says that it was.
    let reason: String = words.chars().take(REASON_MAX).collect();
    let record = by.change(&format!("complaint.{code}"), subject(id), Value::Null, after);
    act.commit(because(record, if matches!(code, "explained") { "" } else { &reason })).await?;
    let row = desk.read().await?.complaint(id).await?;
    row.ok_or(DeskRefusal::NotFound("这件反映"))
}

/// Notes with a complaint that a correction came of it.
pub(crate) async fn led_to(act: &mut Act, by: &By, id: &str, correction: &str) -> Result<(), DeskRefusal> {
    let mut row = act.complaint(id).await?.ok_or(DeskRefusal::NotFound("这件反映"))?;
    row.changed_at = by.at;
    act.update_complaint(&row).await?;
    let towards = Some(format!("correction:{correction}"));
    Ok(act.insert_complaint_step(id, &step(by, "corrected", "", towards)).await?)
}

fn step(by: &By, act: &str, words: &str, towards: Option<String>) -> ComplaintStepRow {
    ComplaintStepRow {
        at: by.at,
        by: by.staff.clone(),
        by_name: by.name.clone(),
        act: act.to_owned(),
        words: words.to_owned(),
        towards,
    }
}

pub const OPEN: &str = "open";
pub const CLOSED: &str = "closed";

pub fn subject(id: &str) -> String {
    format!("complaint:{id}")
}
