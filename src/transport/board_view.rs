//! Boards as the public sees them: names masked, encoded once, made anew at most once a second.

use crate::accounts::names::masked;
use crate::contest::core::Contest;
use crate::contest::scoreboard::Of;
use crate::contest::scoreboard::Page;
use crate::contest::scoreboard::Scope;
use crate::domain::cities::CityIndexKind;
use crate::domain::ids::ParticipantId;
use crate::domain::ids::RoundIndex;
use crate::domain::score::Standing;
use crate::domain::season::Season;
use crate::domain::time::Timestamp;
use crate::transport::line::framed;
use crate::transport::problem::Problem;
use bytes::Bytes;
use dashmap::DashMap;
use serde::Serialize;
use std::sync::Arc;
use std::sync::OnceLock;

/// A board shows at most so many …
pub const LIMIT_MAX: usize = 200;
/// … and so many where nothing is said, and on sockets.
pub const LIMIT_USUAL: usize = 20;
/// A board that many look at is made anew at most so often.
const FRESH_MS: i64 = 1_000;
/// Instead of a name that whoever runs the season has hidden.
const HIDDEN: &str = "＊";
/// At most so many boards are kept ready. Full: all are dropped, and made again when asked for.
const KEPT_MAX: usize = 4_096;

/// Which board: of what, in which scope; or the cities themselves by an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BoardName {
    People(Of, Scope),
    Cities(Of, CityIndexKind),
}

#[derive(Default)]
pub struct BoardViews {
    kept: DashMap<BoardName, Arc<BoardView>>,
}

/// One board at one moment.
pub struct BoardView {
    pub as_of: Timestamp,
    pub revision: u64,
    pub body: Body,
    /// For sockets: 20 entries, encoded when the first watcher needs it.
    frame: OnceLock<Bytes>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Body {
    People(PeopleView),
    Cities(CitiesView),
}

#[derive(Clone, Debug, Serialize)]
pub struct PeopleView {
    pub scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round: Option<String>,
    pub as_of: i64,
    pub revision: u64,
    pub total: u64,
    pub entries: Vec<EntryView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub me: Option<MeView>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub neighbours: Vec<EntryView>,
}

#[derive(Clone, Debug, Serialize)]
pub struct EntryView {
    pub rank: u64,
    pub name: String,
    pub city: String,
    pub score: u32,
    pub elapsed_ms: u64,
    pub finished_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub me: Option<bool>,
}

#[derive(Clone, Debug, Serialize)]
pub struct MeView {
    pub rank: u64,
    pub score: u32,
    pub elapsed_ms: u64,
    pub finished_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub behind: Option<BehindView>,
}

/// How far the one ranked next above is ahead.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct BehindView {
    pub score: i64,
    pub elapsed_ms: i64,
}

#[derive(Clone, Debug, Serialize)]
pub struct CitiesView {
    pub by: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round: Option<String>,
    pub as_of: i64,
    pub revision: u64,
    pub indices: Vec<IndexView>,
    /// From so many participants on a city has a value.
    pub participants_min: u32,
    pub entries: Vec<CityView>,
}

#[derive(Clone, Debug, Serialize)]
pub struct IndexView {
    pub id: &'static str,
    pub name: &'static str,
    pub definition: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct CityView {
    pub rank: Option<u32>,
    pub code: String,
    pub name: String,
    /// In millionths; null where too few have taken part.
    pub value: Option<i64>,
    pub participants: u64,
    pub attempts: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank_hour_ago: Option<u32>,
}

impl BoardName {
    /// Reads `region`, `city:CODE`, `cities` and so on.
    ///
    /// # Errors
    /// What was asked for is not there.
    pub fn read(season: &Season, board: &str, round: Option<&str>, by: Option<&str>) -> Result<BoardName, Problem> {
        let unknown_round = || Problem::of(&crate::contest::refusal::Refusal::UnknownRound, &season.time_zone);
        let of = round.map(|id| season.round_of_id(id).ok_or_else(unknown_round)).transpose()?;
        if board == "cities" {
            let by = by.unwrap_or("participants");
            let kind = CityIndexKind::of_id(by).ok_or_else(|| Problem::bad_request("没有这个城市指标"))?;
            return Ok(BoardName::Cities(of, kind));
        }
        let scope = read_scope(season, board).ok_or_else(|| Problem::not_found("这个排行榜"))?;
        Ok(BoardName::People(of, scope))
    }

    /// Tells whether the board has changed; much cheaper than the board itself.
    pub fn revision(self, contest: &Contest) -> u64 {
        match self {
            BoardName::People(of, scope) => contest.scoreboard().revision(of, scope),
            BoardName::Cities(..) => contest.scoreboard().cities_revision(),
        }
    }
}

fn read_scope(season: &Season, text: &str) -> Option<Scope> {
    if text == "region" {
        return Some(Scope::Region);
    }
    let (kind, rest) = text.split_once(':')?;
    match kind {
        "city" => match rest.split_once("/group:") {
            Some((city, group)) => {
                Some(Scope::CityGroup(season.region.city_of_code(city)?, season.group_of_id(group)?))
            }
            None => season.region.city_of_code(rest).map(Scope::City),
        },
        "county" => season.region.county_of_code(rest).map(Scope::County),
        "group" => season.group_of_id(rest).map(Scope::Group),
        "organisation" => {
            let place = season.organisations.iter().position(|organisation| organisation.id == rest)?;
            Some(Scope::Organisation(crate::domain::ids::OrganisationIndex(place as u32)))
        }
        _ => None,
    }
}

pub fn scope_text(season: &Season, scope: Scope) -> String {
    let city = |index| season.region.city(index).code.as_str();
    let group = |index: crate::domain::ids::GroupIndex| season.groups[usize::from(index.0)].id.as_str();
    match scope {
        Scope::Region => "region".to_owned(),
        Scope::City(index) => format!("city:{}", city(index)),
        Scope::County(index) => format!("county:{}", season.region.county(index).code),
        Scope::Organisation(index) => format!("organisation:{}", season.organisations[index.0 as usize].id),
        Scope::Group(index) => format!("group:{}", group(index)),
        Scope::CityGroup(index, of) => format!("city:{}/group:{}", city(index), group(of)),
    }
}

pub fn round_text(season: &Season, of: Of) -> Option<String> {
    of.map(|round: RoundIndex| season.round(round).id.0.clone())
}

impl BoardView {
    /// The board as a message in one whole frame, its first 20 entries.
    pub fn frame(&self) -> Bytes {
        #[derive(Serialize)]
        struct Message<'a> {
            r#type: &'static str,
            #[serde(flatten)]
            body: &'a Body,
        }
        let encode = || {
            let mut body = self.body.clone();
            if let Body::People(people) = &mut body {
                people.entries.truncate(LIMIT_USUAL);
            }
            // Strings, numbers and lists only, into memory: nothing can fail.
            framed(|bytes| serde_json::to_writer(bytes, &Message { r#type: "board", body: &body }).unwrap_or_default())
        };
        self.frame.get_or_init(encode).clone()
    }
}

impl BoardViews {
    /// Something has changed that nobody should wait a second for.
    pub fn forget(&self) {
        self.kept.clear();
    }

    /// The board as it is, at most a second old.
    pub fn view(&self, contest: &Contest, name: BoardName) -> Arc<BoardView> {
        let now = contest.now();
        if let Some(kept) = self.kept.get(&name)
            && now.since(kept.as_of) < FRESH_MS
        {
            return Arc::clone(&kept);
        }
        let view = Arc::new(made(contest, name, now));
        if self.kept.len() >= KEPT_MAX {
            self.kept.clear();
        }
        self.kept.insert(name, Arc::clone(&view));
        view
    }
}

fn made(contest: &Contest, name: BoardName, now: Timestamp) -> BoardView {
    let season = &contest.season;
    let (revision, body) = match name {
        BoardName::People(of, scope) => {
            let page = contest.scoreboard().top(of, scope, LIMIT_MAX);
            let view = PeopleView {
                scope: scope_text(season, scope),
                round: round_text(season, of),
                as_of: now.0,
                revision: page.revision,
                total: page.total,
                entries: entries(contest, &page, None),
                me: None,
                neighbours: Vec::new(),
            };
            (page.revision, Body::People(view))
        }
        BoardName::Cities(of, kind) => {
            let view = cities_view(contest, of, kind, now);
            (view.revision, Body::Cities(view))
        }
    };
    BoardView { as_of: now, revision, body, frame: OnceLock::new() }
}

/// Rows with masked names; `me` is pointed out.
pub fn entries(contest: &Contest, page: &Page, me: Option<ParticipantId>) -> Vec<EntryView> {
    let row = |&(rank, who, standing): &(u64, ParticipantId, Standing)| {
        let name = |player: &crate::contest::roster::Player| {
            if player.name_hidden { HIDDEN.to_owned() } else { masked(&player.name) }
        };
        let found = contest.roster.with(who, |player| (name(player), player.place.city));
        let (name, city) = found.unwrap_or_default();
        EntryView {
            rank,
            name,
            city: contest.season.region.city(city).code.clone(),
            score: standing.score,
            elapsed_ms: standing.elapsed_ms,
            finished_at: standing.finished_at.0,
            me: (me == Some(who)).then_some(true),
        }
    };
    page.rows.iter().map(row).collect()
}

fn cities_view(contest: &Contest, of: Of, kind: CityIndexKind, now: Timestamp) -> CitiesView {
    let season = &contest.season;
    let scoreboard = contest.scoreboard();
    let revision = scoreboard.cities_revision();
    let standings = scoreboard.cities(of).map(|counts| counts.ranked(season, kind)).unwrap_or_default();
    let before = scoreboard.cities_hour_ago(of, now).map(|counts| counts.ranked(season, kind)).unwrap_or_default();
    drop(scoreboard);
    let rank_before = |city| before.iter().find(|standing| standing.city == city).and_then(|standing| standing.rank);
    let entries = standings
        .iter()
        .map(|standing| {
            let city = season.region.city(standing.city);
            CityView {
                rank: standing.rank,
                code: city.code.clone(),
                name: city.name.clone(),
                value: standing.value_millionths,
                participants: standing.participants,
                attempts: standing.attempts,
                rank_hour_ago: rank_before(standing.city),
            }
        })
        .collect();
    let index = |(id, name, definition): (&'static str, &'static str, String)| IndexView { id, name, definition };
    CitiesView {
        by: kind.id(),
        round: round_text(season, of),
        as_of: now.0,
        revision,
        indices: season.city_indices().into_iter().map(index).collect(),
        participants_min: season.cities.participants_min,
        entries,
    }
}
