//! A preview and what a correction came to, as the tables keep them. Fields are only ever added, with a default.

use crate::contest::correct::AppliedCorrection;
use crate::contest::preview::Preview;
use crate::domain::ids::RoundIndex;
use crate::domain::season::Season;
use serde::Deserialize;
use serde::Serialize;

/// Of the changes in the cities' boards so many are kept; the rest is counted.
const CITIES_KEPT: usize = 200;

/// Who changes, and by how much, as of the attempts that there were.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Foreseen {
    pub at: i64,
    /// Attempts that had been started.
    pub read: i64,
    /// Corrections that were on record.
    pub corrections: usize,
    pub attempts: u64,
    pub up: u64,
    pub down: u64,
    pub participants: u64,
    pub live: u64,
    pub standings: Vec<Board>,
    pub moves: Vec<Moved>,
    pub cities: Vec<CityMoved>,
    pub more_cities: usize,
    pub gates: Vec<GateOpened>,
    pub given_back: u64,
}

/// A board: a round's, or with none the season's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Board {
    pub round: Option<String>,
    pub tallies: u64,
    pub ranks: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    pub round: Option<String>,
    pub participant: i64,
    pub rank_before: u64,
    pub rank_after: u64,
    pub score_before: u32,
    pub score_after: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CityMoved {
    pub round: Option<String>,
    pub city: String,
    /// The index, by its id.
    pub by: String,
    pub value_before: Option<i64>,
    pub value_after: Option<i64>,
    pub rank_before: Option<u32>,
    pub rank_after: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateOpened {
    pub round: String,
    pub participants: u64,
}

/// What a correction came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CameTo {
    pub entry: i64,
    pub at: i64,
    pub attempts: u64,
    pub participants: u64,
    pub standings_replaced: bool,
}

impl From<AppliedCorrection> for CameTo {
    fn from(applied: AppliedCorrection) -> CameTo {
        CameTo {
            entry: applied.n,
            at: applied.at.0,
            attempts: applied.changed_attempts,
            participants: applied.changed_participants,
            standings_replaced: applied.standings_replaced,
        }
    }
}

impl Foreseen {
    pub fn of(preview: Preview, season: &Season, at: i64, read: i64, corrections: usize) -> Foreseen {
        let round = |of: Option<RoundIndex>| of.map(|of| season.round(of).id.0.clone());
        let shown: Vec<&str> = season.city_indices().into_iter().map(|(id, ..)| id).collect();
        // Of the indices that this season shows.
        let mut cities: Vec<CityMoved> = preview
            .cities
            .iter()
            .filter(|change| shown.contains(&change.by.id()))
            .map(|change| CityMoved {
                round: round(change.of),
                city: season.region.city(change.city).code.clone(),
                by: change.by.id().to_owned(),
                value_before: change.value_before,
                value_after: change.value_after,
                rank_before: change.rank_before,
                rank_after: change.rank_after,
            })
            .collect();
        // Places that change their ranks first.
        cities.sort_by_key(|city| city.rank_before == city.rank_after);
        let more_cities = cities.len().saturating_sub(CITIES_KEPT);
        cities.truncate(CITIES_KEPT);
        Foreseen {
            at,
            read,
            corrections,
            attempts: preview.attempts,
            up: preview.up,
            down: preview.down,
            participants: preview.participants,
            live: preview.live,
            standings: preview
                .standings
                .iter()
                .map(|change| Board { round: round(change.of), tallies: change.tallies, ranks: change.ranks })
                .collect(),
            moves: preview
                .moves
                .iter()
                .map(|moved| Moved {
                    round: round(moved.of),
                    participant: moved.participant.0,
                    rank_before: moved.rank_before,
                    rank_after: moved.rank_after,
                    score_before: moved.before.score,
                    score_after: moved.after.score,
                })
                .collect(),
            cities,
            more_cities,
            gates: preview
                .gates
                .iter()
                .map(|gate| GateOpened {
                    round: season.round(gate.round).id.0.clone(),
                    participants: gate.participants,
                })
                .collect(),
            given_back: preview.given_back,
        }
    }
}
