//! Where everyone stands: the tallies of each round and of the season, and their order in every scope.

use crate::contest::roster::Place;
use crate::contest::roster::Roster;
use crate::contest::seat::Ranks;
use crate::domain::board::Board;
use crate::domain::cities::CityCounts;
use crate::domain::cities::CityTotals;
use crate::domain::ids::CityIndex;
use crate::domain::ids::CountyIndex;
use crate::domain::ids::GroupIndex;
use crate::domain::ids::OrganisationIndex;
use crate::domain::ids::ParticipantId;
use crate::domain::ids::RoundIndex;
use crate::domain::score::Standing;
use crate::domain::score::Tally;
use crate::domain::score::season_standing;
use crate::domain::season::Season;
use crate::domain::time::Day;
use crate::domain::time::Timestamp;
use std::collections::HashMap;

/// Whose order a board is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    Region,
    City(CityIndex),
    County(CountyIndex),
    Organisation(OrganisationIndex),
    Group(GroupIndex),
    CityGroup(CityIndex, GroupIndex),
}

/// Which attempts a board counts: one round's, or the season's.
pub type Of = Option<RoundIndex>;

/// An attempt that is over, as limits and boards see it.
#[derive(Clone, Copy, Debug)]
pub struct Finished {
    pub participant: ParticipantId,
    pub round: RoundIndex,
    pub standing: Standing,
    pub correct: u32,
    /// Full marks.
    pub full: bool,
    /// The day on which it started.
    pub day: Day,
    /// The participant's city when it started.
    pub city: CityIndex,
    pub counted: bool,
    pub handed_back: bool,
}

/// One set of standings and their boards.
#[derive(Default)]
struct Table {
    /// By participant number.
    standings: Vec<Option<Standing>>,
    boards: HashMap<Scope, Board>,
    /// Counts the changes.
    revision: u64,
    /// At which of them each board changed last.
    changed: HashMap<Scope, u64>,
}

/// A page of a board: places with who has them.
pub struct Page {
    pub rows: Vec<(u64, ParticipantId, Standing)>,
    pub total: u64,
    pub revision: u64,
}

/// How many minutes of city standings are kept, to say what moved within the hour.
const SAMPLES_MINUTES: usize = 66;

pub struct Scoreboard {
    rounds: Vec<Table>,
    tallies: Vec<Vec<Option<Tally>>>,
    season: Table,
    cities: HashMap<Of, CityCounts>,
    /// Counts the attempts that count: each changes the cities, whether or not it betters anyone's place.
    counted: u64,
    /// City standings by the minute, oldest first.
    samples: std::collections::VecDeque<(Timestamp, HashMap<Of, CityTotals>)>,
}

impl Scoreboard {
    pub fn new(season: &Season) -> Scoreboard {
        let rounds = season.rounds.len();
        let scopes = std::iter::once(None).chain((0..rounds).map(|i| Some(RoundIndex(i as u16))));
        Scoreboard {
            rounds: (0..rounds).map(|_| Table::default()).collect(),
            tallies: vec![Vec::new(); rounds],
            season: Table::default(),
            cities: scopes
                .map(|of| (of, CityCounts::new(season.region.cities.len(), season.cities.attempts_cap)))
                .collect(),
            counted: 0,
            samples: Default::default(),
        }
    }

    /// Takes an attempt that is over. Returns the participant's tally in the round, and their ranks there and in the season.
    pub fn finish(
        &mut self,
        season: &Season,
        roster: &Roster,
        finished: &Finished,
    ) -> (Option<Standing>, Option<(Ranks, Ranks)>) {
        let Finished { participant, round, .. } = *finished;
        if !finished.counted {
            return (self.standing(Some(round), participant), None);
        }
        let place = roster.with(participant, |player| player.place).unwrap_or_default();
        let tally = self.tally(season, finished);
        let in_round = self.rounds[usize::from(round.0)].enter(participant, tally.standing, place);
        let tallies = self.tallies.iter().filter_map(|tallies| slot(tallies, participant));
        let in_season = season_standing(season.tally, tallies.map(|tally| tally.standing));
        let in_season = in_season.map(|standing| self.season.enter(participant, standing, place)).unwrap_or_default();
        self.counted += 1;
        for of in [None, Some(round)] {
            if let Some(counts) = self.cities.get_mut(&of) {
                counts.attempt_ended(participant, finished.city, finished.standing.score, finished.full);
            }
        }
        (Some(tally.standing), Some((in_round, in_season)))
    }

    fn tally(&mut self, season: &Season, finished: &Finished) -> Tally {
        let rule = season.round(finished.round).tally;
        let tallies = &mut self.tallies[usize::from(finished.round.0)];
        let tally = slot_mut(tallies, finished.participant);
        match tally {
            Some(tally) => tally.add(rule, finished.standing, finished.day),
            None => *tally = Some(Tally::first(finished.standing, finished.day)),
        }
        tally.unwrap_or_else(|| Tally::first(finished.standing, finished.day))
    }

    fn table(&self, of: Of) -> &Table {
        match of {
            None => &self.season,
            Some(round) => &self.rounds[usize::from(round.0)],
        }
    }

    /// A participant's standing; `None` before their first counted attempt.
    pub fn standing(&self, of: Of, participant: ParticipantId) -> Option<Standing> {
        slot(&self.table(of).standings, participant)
    }

    /// A participant's places in their own scopes.
    pub fn ranks(&self, of: Of, participant: ParticipantId, place: Place) -> Option<Ranks> {
        let table = self.table(of);
        let rank = |scope| table.rank(scope, participant);
        Some(Ranks {
            region: rank(Scope::Region)?,
            city: rank(Scope::City(place.city))?,
            county: place.county.and_then(|county| rank(Scope::County(county))),
        })
    }

    pub fn rank(&self, of: Of, scope: Scope, participant: ParticipantId) -> Option<u64> {
        self.table(of).rank(scope, participant)
    }

    /// The first `count` of a board.
    pub fn top(&self, of: Of, scope: Scope, count: usize) -> Page {
        self.page(of, scope, |board| board.top(count).collect())
    }

    /// Those around `rank`.
    pub fn around(&self, of: Of, scope: Scope, rank: u64, above: usize, below: usize) -> Page {
        self.page(of, scope, |board| board.neighbours(rank, above, below).collect())
    }

    fn page(&self, of: Of, scope: Scope, rows: impl FnOnce(&Board) -> Vec<(u64, ParticipantId)>) -> Page {
        let table = self.table(of);
        let Some(board) = table.boards.get(&scope) else {
            return Page { rows: Vec::new(), total: 0, revision: table.revision_of(scope) };
        };
        let with_standing = |(rank, who)| slot(&table.standings, who).map(|standing| (rank, who, standing));
        let rows = rows(board).into_iter().filter_map(with_standing).collect();
        Page { rows, total: board.len(), revision: table.revision_of(scope) }
    }

    /// Grows with every change of that board.
    pub fn revision(&self, of: Of, scope: Scope) -> u64 {
        self.table(of).revision_of(scope)
    }

    /// Grows with every attempt that counts.
    pub fn cities_revision(&self) -> u64 {
        self.counted
    }

    pub fn cities(&self, of: Of) -> Option<&CityTotals> {
        self.cities.get(&of).map(CityCounts::totals)
    }

    /// The city counts of an hour before `now`; `None` where nothing so old is kept.
    pub fn cities_hour_ago(&self, of: Of, now: Timestamp) -> Option<&CityTotals> {
        let hour_ago = now.plus_ms(-3_600_000);
        let (_, counts) = self.samples.iter().rev().find(|(at, _)| *at <= hour_ago)?;
        counts.get(&of)
    }

    /// Keeps the city counts of this minute.
    pub fn sample(&mut self, now: Timestamp) {
        if self.samples.len() == SAMPLES_MINUTES {
            self.samples.pop_front();
        }
        let totals = self.cities.iter().map(|(of, counts)| (*of, counts.totals().clone()));
        self.samples.push_back((now, totals.collect()));
    }

    /// A participant leaves the boards of one place for those of another.
    pub fn moved(&mut self, participant: ParticipantId, from: Place, to: Place) {
        for table in self.rounds.iter_mut().chain(std::iter::once(&mut self.season)) {
            if let Some(standing) = slot(&table.standings, participant) {
                table.revision += 1;
                table.leave(participant, standing, from);
                table.join(participant, standing, to);
            }
        }
    }

    /// Every standing of every table in its order, for a digest: table, participant, standing.
    pub fn for_each_standing(&self, mut tell: impl FnMut(Of, Scope, u64, ParticipantId, Standing)) {
        let tables = (0..self.rounds.len()).map(|i| Some(RoundIndex(i as u16))).chain(std::iter::once(None));
        for of in tables {
            let table = self.table(of);
            let mut scopes: Vec<_> = table.boards.keys().copied().collect();
            scopes.sort();
            for scope in scopes {
                let page = self.top(of, scope, usize::MAX);
                page.rows.into_iter().for_each(|(rank, who, standing)| tell(of, scope, rank, who, standing));
            }
        }
    }

    /// Bytes on the heap of all boards and standings, for `/metrics`.
    pub fn heap_bytes(&self) -> usize {
        let tables = self.rounds.iter().chain(std::iter::once(&self.season));
        let standings = |table: &Table| table.standings.capacity() * size_of::<Option<Standing>>();
        let boards = |table: &Table| table.boards.values().map(Board::heap_bytes).sum::<usize>();
        let tallies: usize = self.tallies.iter().map(|t| t.capacity() * size_of::<Option<Tally>>()).sum();
        tallies + tables.map(|table| standings(table) + boards(table)).sum::<usize>()
    }
}

impl Table {
    /// Gives a participant a standing, new or better, and tells their ranks under it.
    fn enter(&mut self, participant: ParticipantId, standing: Standing, place: Place) -> Ranks {
        let old = slot_mut(&mut self.standings, participant).replace(standing);
        if let Some(old) = old.filter(|old| *old != standing) {
            self.leave(participant, old, place);
        }
        if old == Some(standing) {
            let rank = |scope| self.rank(scope, participant);
            return Ranks {
                region: rank(Scope::Region).unwrap_or_default(),
                city: rank(Scope::City(place.city)).unwrap_or_default(),
                county: place.county.and_then(|county| rank(Scope::County(county))),
            };
        }
        self.revision += 1;
        self.join(participant, standing, place)
    }

    fn join(&mut self, participant: ParticipantId, standing: Standing, place: Place) -> Ranks {
        let mut ranks = Ranks::default();
        for scope in scopes(place) {
            self.changed.insert(scope, self.revision);
            let standings = &self.standings;
            let board = self.boards.entry(scope).or_default();
            let rank = board.insert(participant, &standing, |who| known(standings, who));
            match scope {
                Scope::Region => ranks.region = rank,
                Scope::City(_) => ranks.city = rank,
                Scope::County(_) => ranks.county = Some(rank),
                Scope::Organisation(_) | Scope::Group(_) | Scope::CityGroup(..) => {}
            }
        }
        ranks
    }

    fn leave(&mut self, participant: ParticipantId, standing: Standing, place: Place) {
        for scope in scopes(place) {
            self.changed.insert(scope, self.revision);
            let standings = &self.standings;
            if let Some(board) = self.boards.get_mut(&scope) {
                board.remove(participant, &standing, |who| known(standings, who));
            }
        }
    }

    fn revision_of(&self, scope: Scope) -> u64 {
        self.changed.get(&scope).copied().unwrap_or_default()
    }

    fn rank(&self, scope: Scope, participant: ParticipantId) -> Option<u64> {
        let standing = slot(&self.standings, participant)?;
        self.boards.get(&scope)?.rank(participant, &standing, |who| known(&self.standings, who))
    }
}

/// The scopes that rank somebody of this place.
fn scopes(place: Place) -> impl Iterator<Item = Scope> {
    [
        Some(Scope::Region),
        Some(Scope::City(place.city)),
        place.county.map(Scope::County),
        place.organisation.map(Scope::Organisation),
        place.group.map(Scope::Group),
        place.group.map(|group| Scope::CityGroup(place.city, group)),
    ]
    .into_iter()
    .flatten()
}

fn slot<T: Copy>(slots: &[Option<T>], participant: ParticipantId) -> Option<T> {
    slots.get(participant.0 as usize).copied().flatten()
}

fn slot_mut<T: Copy>(slots: &mut Vec<Option<T>>, participant: ParticipantId) -> &mut Option<T> {
    let place = participant.0 as usize;
    if slots.len() <= place {
        slots.resize(place + 1, None);
    }
    &mut slots[place]
}

/// The standing of somebody who is on a board.
fn known(standings: &[Option<Standing>], who: ParticipantId) -> Standing {
    slot(standings, who).expect("whoever is on a board has a standing")
}
