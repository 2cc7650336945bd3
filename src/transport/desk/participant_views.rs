//! What the desk tells of participants.

use super::running_views::ActView;
use crate::contest::core::Contest;
use crate::contest::recovery::indexed;
use crate::domain::ids::ParticipantId;
use crate::domain::time::Timestamp;
use crate::ledger::entry::Who;
use crate::ledger::store::Recorded;
use crate::office::participants::Kept;
use crate::transport::me::ended_text;
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub(super) struct Participants {
    pub(super) items: Vec<ParticipantRow>,
    /// There are more: type more of the name.
    pub(super) more: bool,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ParticipantRow)]
pub(super) struct ParticipantRow {
    id: String,
    name: String,
    #[serde(flatten)]
    place: PlaceNames,
    /// Started so far, in all rounds.
    started: u32,
    excluded: bool,
    hidden: bool,
}

/// A place by names, for people.
#[derive(Serialize, ToSchema)]
struct PlaceNames {
    city: String,
    county: Option<String>,
    organisation: Option<String>,
    group: Option<String>,
}

impl ParticipantRow {
    pub(super) fn of(contest: &Contest, participant: ParticipantId) -> Option<ParticipantRow> {
        let season = &contest.season;
        contest.roster.with(participant, |player| ParticipantRow {
            id: contest.keys.participant(participant),
            name: player.name.to_string(),
            place: PlaceNames {
                city: season.region.city(player.place.city).name.clone(),
                county: player.place.county.map(|county| season.region.county(county).name.clone()),
                organisation: player.place.organisation.map(|one| season.organisations[one.0 as usize].name.clone()),
                group: player.place.group.map(|group| season.groups[usize::from(group.0)].name.clone()),
            },
            started: indexed(&season.rounds).map(|(index, _)| player.usage(index).number).sum(),
            excluded: player.excluded,
            hidden: player.name_hidden,
        })
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = Participant)]
pub(super) struct ParticipantPage {
    #[serde(flatten)]
    who: ParticipantRow,
    joined_at: Option<i64>,
    /// How often they signed in on a phone, the first one counted.
    phones: usize,
    rounds: Vec<RoundOf>,
    attempts: Vec<AttemptOf>,
    /// For `before`; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// As they joined and as they changed it, oldest first.
    places: Vec<PlaceAt>,
    /// Acts that concern them, newest first.
    acts: Vec<ActView>,
}

#[derive(Serialize, ToSchema)]
struct RoundOf {
    id: String,
    name: String,
    started: u32,
    left_today: Option<u32>,
    left_week: Option<u32>,
    left: Option<u32>,
    /// Given on top of what the round allows, and not used yet.
    granted: u32,
    score: Option<u32>,
    rank: Option<u64>,
}

#[derive(Serialize, ToSchema)]
struct AttemptOf {
    id: String,
    round: String,
    round_name: String,
    started_at: i64,
    finished_at: Option<i64>,
    /// `open`, `ended` or `handed_back`
    state: &'static str,
    score: Option<u32>,
    correct: Option<u32>,
    of: u32,
    elapsed_ms: Option<u64>,
    receipt: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct PlaceAt {
    at: i64,
    name: String,
    #[serde(flatten)]
    place: PlaceNames,
}

impl PlaceAt {
    fn of(contest: &Contest, (at, who): &(Timestamp, Who)) -> PlaceAt {
        let season = &contest.season;
        let region = &season.region;
        let city = region.city_of_code(&who.city).map(|city| region.city(city).name.clone());
        let county = who.county.as_ref().map(|code| {
            region.county_of_code(code).map_or_else(|| code.clone(), |county| region.county(county).name.clone())
        });
        let organisation = who.organisation.as_ref().map(|id| {
            let found = season.organisations.iter().find(|one| one.id == *id);
            found.map_or_else(|| id.clone(), |one| one.name.clone())
        });
        let group = who.group.as_ref().map(|id| {
            season.groups.iter().find(|one| one.id == *id).map_or_else(|| id.clone(), |one| one.name.clone())
        });
        let city = city.unwrap_or_else(|| who.city.clone());
        PlaceAt { at: at.0, name: who.name.clone(), place: PlaceNames { city, county, organisation, group } }
    }
}

impl ParticipantPage {
    pub(super) fn of(
        contest: &Contest,
        participant: ParticipantId,
        kept: &Kept,
        history: &[Recorded],
    ) -> Option<ParticipantPage> {
        let attempts: Vec<AttemptOf> = history.iter().filter_map(|recorded| AttemptOf::of(contest, recorded)).collect();
        let acts: Vec<_> = {
            let on_record = contest.acts();
            on_record.all().iter().rev().filter(|act| act.concerns(participant)).cloned().collect()
        };
        let full_page = history.len() as i64 == crate::contest::past::HISTORY_PAGE;
        Some(ParticipantPage {
            who: ParticipantRow::of(contest, participant)?,
            joined_at: kept.joined.as_ref().map(|(at, _)| at.0),
            phones: kept.phones,
            rounds: rounds(contest, participant),
            next: attempts.last().filter(|_| full_page).map(|last| last.id.clone()),
            attempts,
            places: kept.joined.iter().chain(&kept.changes).map(|change| PlaceAt::of(contest, change)).collect(),
            acts: acts.iter().map(|act| ActView::of(contest, act)).collect(),
        })
    }
}

/// Of those rounds in which something was started or given.
fn rounds(contest: &Contest, participant: ParticipantId) -> Vec<RoundOf> {
    let season = &contest.season;
    let today = season.time_zone.day(contest.now());
    let usages = contest.roster.with(participant, |player| {
        let of = |(index, round): (_, &crate::domain::rules::Round)| {
            let used = player.usage(index);
            (index, used.number, used.left(&round.attempts, today), used.granted())
        };
        (indexed(&season.rounds).map(of).collect::<Vec<_>>(), player.place)
    });
    let Some((usages, place)) = usages else { return Vec::new() };
    let scoreboard = contest.scoreboard();
    let of =
        |(index, started, left, granted): (crate::domain::ids::RoundIndex, u32, crate::contest::roster::Left, u32)| {
            let round = season.round(index);
            let standing = scoreboard.standing(Some(index), participant);
            RoundOf {
                id: round.id.0.clone(),
                name: round.name.clone(),
                started,
                left_today: left.today,
                left_week: left.week,
                left: left.in_all,
                granted,
                score: standing.map(|standing| standing.score),
                rank: scoreboard.ranks(Some(index), participant, place).map(|ranks| ranks.region),
            }
        };
    usages.into_iter().filter(|(_, started, _, granted)| *started + *granted > 0).map(of).collect()
}

impl AttemptOf {
    fn of(contest: &Contest, recorded: &Recorded) -> Option<AttemptOf> {
        let period = contest.period(recorded.started.period)?;
        let ended = recorded.ended.as_ref().map(|(_, ended)| ended);
        let by_now = contest.by_now(recorded).map(|by_now| by_now.outcome);
        Some(AttemptOf {
            id: contest.keys.attempt(recorded.started.attempt),
            round: period.round.id.0.clone(),
            round_name: period.round.name.clone(),
            started_at: recorded.started.at.0,
            finished_at: ended.map(|ended| ended.at.0),
            state: ended.map_or("open", |ended| ended_text(ended.ending)),
            score: by_now.map(|by_now| by_now.score),
            correct: by_now.map(|by_now| by_now.correct),
            of: period.round.blueprint.count(),
            elapsed_ms: by_now.map(|by_now| by_now.elapsed_ms),
            receipt: ended.map(|ended| contest.receipt_of(&recorded.started, ended, &period)),
        })
    }
}

/// What a give-back comes to.
#[derive(Serialize, ToSchema)]
pub(super) struct GivenBack {
    participants: usize,
    attempts: usize,
}

impl GivenBack {
    /// Each is named once for each attempt, in order.
    pub(super) fn of(to: &[ParticipantId]) -> GivenBack {
        let mut people = to.to_vec();
        people.dedup();
        GivenBack { participants: people.len(), attempts: to.len() }
    }
}
