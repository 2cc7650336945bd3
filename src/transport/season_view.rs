//! `GET /season`: what everyone sees of the season, made at most once a second and kept packed.

use crate::contest::core::Contest;
use crate::contest::core::Life;
use crate::contest::core::SeasonVersion;
use crate::contest::recovery::indexed;
use crate::domain::ids::RoundIndex;
use crate::domain::rules::AttemptsAllowed;
use crate::domain::rules::Feedback;
use crate::domain::season::About;
use crate::domain::season::SignIn;
use crate::domain::time::Timestamp;
use crate::office::shelf::STARTER_BY;
use crate::transport::packed::Packed;
use serde::Serialize;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

const FRESH_MS: i64 = 1_000;

/// The answer to `GET /season`, kept for a second.
#[derive(Default)]
pub struct SeasonViews(Mutex<Option<(Timestamp, Arc<Packed>)>>);

impl SeasonViews {
    /// Something has changed that nobody should wait a second for.
    pub fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// `missed`: the Monday of the newest week whose most missed questions are told.
    pub fn view(&self, contest: &Contest, missed: Option<String>) -> Arc<Packed> {
        let now = contest.now();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some((at, view)) if (0..FRESH_MS).contains(&now.since(*at)) => Arc::clone(view),
            _ => {
                let body = serde_json::to_vec(&season_view(contest, now, missed)).unwrap_or_default();
                let view = Arc::new(Packed::of(body.into(), "application/json"));
                *kept = Some((now, Arc::clone(&view)));
                view
            }
        }
    }
}

#[derive(Serialize)]
struct SeasonView<'a> {
    id: &'a str,
    name: &'a str,
    now: i64,
    opens: i64,
    closes: i64,
    time_zone: &'a str,
    state: &'static str,
    sign_in: SignIn,
    /// Whether somebody has made sure that participants are who they say; false shows 身份未核验.
    identity_checked: bool,
    /// The newest week at `GET /missed`; absent while there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    missed: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consent: Option<&'a str>,
    hosts: &'a [String],
    organisers: &'a [String],
    about: &'a About,
    rules: Vec<String>,
    region: RegionView<'a>,
    cities: Vec<CityView<'a>>,
    groups: &'a [crate::domain::season::Group],
    rounds: Vec<RoundView<'a>>,
    /// 规则变更记录, newest first; what was before the season was first set up is left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<ChangeView<'a>>,
}

#[derive(Serialize)]
struct ChangeView<'a> {
    at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
    what: &'a [String],
}

/// More are in the desk's list of versions.
const CHANGES_MAX: usize = 50;

fn changes(contest: &Contest) -> Vec<ChangeView<'_>> {
    let first = |pair: &&[SeasonVersion]| pair[0].by.as_deref() != Some(STARTER_BY);
    let changed = contest.season_versions.windows(2).filter(first).map(|pair| &pair[1]);
    let view = |version| {
        let SeasonVersion { at, reason, differences, .. }: &SeasonVersion = version;
        ChangeView { at: at.0, why: reason.as_deref(), what: differences }
    };
    changed.rev().take(CHANGES_MAX).map(view).collect()
}

#[derive(Serialize)]
struct RegionView<'a> {
    code: &'a str,
    name: &'a str,
    short: &'a str,
    levels: &'a [String],
}

#[derive(Serialize)]
struct CityView<'a> {
    code: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    population: Option<u64>,
    counties: Vec<CountyView<'a>>,
}

#[derive(Serialize)]
struct CountyView<'a> {
    code: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
struct RoundView<'a> {
    id: &'a str,
    name: &'a str,
    summary: String,
    opens: i64,
    closes: i64,
    state: &'static str,
    of: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    question_ms: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    paper_ms: Option<u32>,
    attempts: AttemptsView,
    feedback: Feedback,
    counts: bool,
    mode: &'static str,
    ends_at_first_wrong: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    groups: Vec<&'a str>,
    rules: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commitment: Option<String>,
}

#[derive(Serialize)]
struct AttemptsView {
    #[serde(skip_serializing_if = "Option::is_none")]
    per_day: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    per_week: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    in_all: Option<u32>,
}

impl AttemptsView {
    fn of(allowed: &AttemptsAllowed) -> AttemptsView {
        AttemptsView { per_day: allowed.per_day, per_week: allowed.per_week, in_all: allowed.in_all }
    }
}

/// A life as the wire names it.
pub fn life_text(life: Life) -> &'static str {
    match life {
        Life::Upcoming => "upcoming",
        Life::Open => "open",
        Life::Paused => "paused",
        Life::Settling => "settling",
        Life::Closed => "closed",
    }
}

fn season_view(contest: &Contest, now: Timestamp, missed: Option<String>) -> SeasonView<'_> {
    let season = &*contest.season;
    let cities = (0..season.region.cities.len()).map(|i| {
        let index = crate::domain::ids::CityIndex(i as u16);
        let city = season.region.city(index);
        let counties = season.region.counties_of(index);
        CityView {
            code: &city.code,
            name: &city.name,
            population: city.population,
            counties: counties.map(|(_, county)| CountyView { code: &county.code, name: &county.name }).collect(),
        }
    });
    SeasonView {
        id: season.id.as_str(),
        name: &season.name,
        now: now.0,
        opens: season.opens.0,
        // A round that was extended may close after the season's own end.
        closes: indexed(&season.rounds)
            .map(|(index, _)| contest.closes_by(index, now).0)
            .fold(season.closes.0, i64::max),
        time_zone: season.time_zone.name(),
        state: life_text(contest.season_life(now)),
        sign_in: season.sign_in,
        missed,
        identity_checked: season.sign_in == SignIn::Phone,
        consent: season.consent.as_deref(),
        hosts: &season.hosts,
        organisers: &season.organisers,
        about: &season.about,
        rules: season.sentences(None),
        region: RegionView {
            code: &season.region.code,
            name: &season.region.name,
            short: &season.region.short,
            levels: &season.region.levels,
        },
        cities: cities.collect(),
        groups: &season.groups,
        rounds: indexed(&season.rounds).map(|(index, _)| round_view(contest, index, now)).collect(),
        changes: changes(contest),
    }
}

fn round_view(contest: &Contest, index: RoundIndex, now: Timestamp) -> RoundView<'_> {
    let season = &*contest.season;
    let round = season.round(index);
    let periods = contest.periods_of(index);
    let current = periods
        .iter()
        .rev()
        .find(|period| period.from <= now)
        .or(periods.iter().rev().min_by_key(|period| period.from));
    RoundView {
        id: round.id.as_str(),
        name: &round.name,
        summary: round.summary(),
        opens: round.opens.0,
        closes: contest.closes_by(index, now).0,
        state: life_text(contest.round_life(index, now)),
        of: round.blueprint.count(),
        question_ms: round.limits.question_ms,
        paper_ms: round.limits.paper_ms,
        attempts: AttemptsView::of(&round.attempts),
        feedback: round.feedback,
        counts: round.counts,
        mode: "linear",
        ends_at_first_wrong: round.ends_at_first_wrong,
        groups: round.groups.iter().map(|group| season.groups[usize::from(group.0)].id.as_str()).collect(),
        rules: season.sentences(Some(index)),
        commitment: current.map(|period| period.commitment.to_string()),
    }
}
