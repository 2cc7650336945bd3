//! Where everyone stands: the tallies of each round and of the season, and their order in every scope.

use crate::contest::roster::Place;
use crate::contest::roster::Player;
use crate::contest::roster::Roster;
use crate::contest::seat::Ranks;
use crate::contest::table::Table;
use crate::domain::board::Board;
use crate::domain::cities::CityCounts;
use crate::domain::cities::CityTotals;
use crate::domain::cities::TakenOut;
use crate::domain::ids::CityIndex;
use crate::domain::ids::ParticipantId;
use crate::domain::ids::RoundIndex;
use crate::domain::rules::TallyRule;
use crate::domain::score::DayBest;
use crate::domain::score::Standing;
use crate::domain::score::Tally;
use crate::domain::score::season_standing;
use crate::domain::season::Season;
use crate::domain::time::Day;
use crate::domain::time::Timestamp;
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;

pub use crate::contest::table::Scope;

/// Which attempts a board counts: one round's, or the season's.
pub type Of = Option<RoundIndex>;

/// An attempt that is over, as limits and boards see it.
#[derive(Clone, Copy, Debug)]
pub struct Finished {
    pub participant: ParticipantId,
    pub round: RoundIndex,
    pub standing: Standing,
    /// The most right answers that it has come to under any correction; what a gate asks for.
    pub correct: u32,
    /// A correction has given one attempt for it.
    pub grants: bool,
    /// Full marks.
    pub full: bool,
    /// The day on which it started.
    pub day: Day,
    /// The participant's city when it started.
    pub city: CityIndex,
    pub counted: bool,
    pub handed_back: bool,
}

impl Finished {
    /// What an attempt that is over means for limits and gates.
    pub fn use_up(&self, player: &mut Player) {
        let used = player.usage_mut(self.round);
        if self.handed_back {
            used.hand_back(self.day);
        } else {
            used.best_correct = used.best_correct.max(self.correct as u16);
        }
        if self.grants {
            used.grant();
        }
    }
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
    /// Their standings are the tallies of the rounds.
    rounds: Vec<Table>,
    /// By round and participant number, what [`TallyRule::SumOfDailyBest`] needs beside the standing; empty under other rules.
    latest: Vec<Vec<DayBest>>,
    season: Table,
    cities: HashMap<Of, CityCounts>,
    /// Counts the attempts that count: each changes the cities, whether or not it betters anyone's place.
    counted: u64,
    /// City standings by the minute, oldest first.
    samples: std::collections::VecDeque<(Timestamp, HashMap<Of, CityTotals>)>,
    /// Who is on no board, by an act of whoever runs the season.
    out: HashMap<ParticipantId, Out>,
    /// What has happened since a correction, while standings under it are being computed; `None` otherwise.
    since: Option<Since>,
}

/// What somebody had on the boards when they were taken off, and what they have finished since.
#[derive(Default)]
struct Out {
    /// By round.
    rounds: Vec<(Option<Standing>, DayBest)>,
    cities: Vec<(Of, TakenOut)>,
    finished: Vec<Finished>,
}

/// Counted attempts that are kept for standings that are being computed. More: those are given up, and the next start makes them.
pub const SINCE_MAX: usize = 1 << 20;

#[derive(Default)]
struct Since {
    finished: Vec<Finished>,
    moved: Vec<ParticipantId>,
    /// More came than [`SINCE_MAX`].
    lost: bool,
}

impl Scoreboard {
    pub fn new(season: &Season) -> Scoreboard {
        let rounds = season.rounds.len();
        let scopes = std::iter::once(None).chain((0..rounds).map(|i| Some(RoundIndex(i as u16))));
        Scoreboard {
            rounds: (0..rounds).map(|_| Table::new(season)).collect(),
            latest: vec![Vec::new(); rounds],
            season: Table::new(season),
            cities: scopes
                .map(|of| (of, CityCounts::new(season.region.cities.len(), season.cities.attempts_cap)))
                .collect(),
            counted: 0,
            samples: Default::default(),
            out: HashMap::new(),
            since: None,
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
        if let Some(since) = &mut self.since {
            since.lost |= since.finished.len() >= SINCE_MAX;
            if !since.lost {
                since.finished.push(*finished);
            }
        }
        if self.keeps_out(finished) {
            return (None, None);
        }
        let (tally, ranks) = self.enter(season, place, finished);
        (Some(tally), Some(ranks))
    }

    /// Whether it is of somebody who is on no board; then it is kept until they are back.
    fn keeps_out(&mut self, finished: &Finished) -> bool {
        let out = self.out.get_mut(&finished.participant);
        out.map(|out| out.finished.push(*finished)).is_some()
    }

    /// Takes somebody off every board and out of every index; from here on what they finish is kept aside. `place` is theirs.
    pub fn take_off(&mut self, participant: ParticipantId, place: Place) {
        if self.out.contains_key(&participant) {
            return;
        }
        let number = participant.0 as usize;
        let latest = self.latest.iter().map(|latest| latest.get(number).copied().unwrap_or_default());
        let rounds = self.rounds.iter_mut().map(|table| table.leave(participant, place)).zip(latest).collect();
        self.season.leave(participant, place);
        let cities = self.cities.iter_mut().map(|(of, counts)| (*of, counts.take_out(participant))).collect();
        self.counted += 1;
        self.out.insert(participant, Out { rounds, cities, finished: Vec::new() });
    }

    /// Puts somebody back to where they would be had they never been taken off.
    pub fn put_back(&mut self, season: &Season, participant: ParticipantId, place: Place) {
        let Some(out) = self.out.remove(&participant) else { return };
        for (round, (standing, latest)) in out.rounds.into_iter().enumerate() {
            if let Some(standing) = standing {
                self.rounds[round].enter(participant, standing, place);
            }
            if let Some(kept) = self.latest[round].get_mut(participant.0 as usize) {
                *kept = latest;
            }
        }
        for (of, taken) in out.cities {
            if let Some(counts) = self.cities.get_mut(&of) {
                counts.put_back(participant, taken);
            }
        }
        if let Some(standing) = self.season_standing(season, participant) {
            self.season.enter(participant, standing, place);
        }
        for finished in &out.finished {
            self.enter(season, place, finished);
        }
        self.counted += 1;
    }

    /// Something is told otherwise of somebody: their name.
    pub fn touch(&mut self, participant: ParticipantId, place: Place) {
        for table in self.rounds.iter_mut().chain(std::iter::once(&mut self.season)) {
            table.touch(participant, place);
        }
    }

    fn enter(&mut self, season: &Season, place: Place, finished: &Finished) -> (Standing, (Ranks, Ranks)) {
        let Finished { participant, round, .. } = *finished;
        let tally = self.tally(season, finished);
        let in_round = self.rounds[usize::from(round.0)].enter(participant, tally, place);
        let in_season = self.season_standing(season, participant);
        let in_season = in_season.map(|standing| self.season.enter(participant, standing, place)).unwrap_or_default();
        self.count(finished);
        (tally, (in_round, in_season))
    }

    /// From here on what happens is kept for standings that take the place of these: everything before is in the ledger.
    pub fn begin_anew(&mut self) {
        self.since = Some(Since::default());
    }

    /// What the participant's attempts in the round come to with this one.
    fn tally(&mut self, season: &Season, finished: &Finished) -> Standing {
        let Finished { participant, round, day, .. } = *finished;
        let rule = season.round(round).tally;
        let latest = &mut self.latest[usize::from(round.0)];
        let attempt = Tally::first(finished.standing, day);
        let tally = match self.rounds[usize::from(round.0)].standing(participant) {
            None => attempt,
            Some(standing) => {
                let mut tally =
                    Tally { standing, latest: latest.get(participant.0 as usize).copied().unwrap_or_default() };
                tally.add(rule, finished.standing, day);
                tally
            }
        };
        if rule == TallyRule::SumOfDailyBest {
            if latest.len() <= participant.0 as usize {
                latest.resize(participant.0 as usize + 1, DayBest::default());
            }
            latest[participant.0 as usize] = tally.latest;
        }
        tally.standing
    }

    /// On no board.
    fn is_nowhere(&self, participant: ParticipantId) -> bool {
        self.rounds.iter().all(|table| table.standing(participant).is_none())
    }

    fn season_standing(&self, season: &Season, participant: ParticipantId) -> Option<Standing> {
        season_standing(season.tally, self.rounds.iter().filter_map(|table| table.standing(participant)))
    }

    fn count(&mut self, finished: &Finished) {
        self.counted += 1;
        for of in [None, Some(finished.round)] {
            if let Some(counts) = self.cities.get_mut(&of) {
                counts.attempt_ended(finished.participant, finished.city, finished.standing.score, finished.full);
            }
        }
    }

    fn table(&self, of: Of) -> &Table {
        match of {
            None => &self.season,
            Some(round) => &self.rounds[usize::from(round.0)],
        }
    }

    /// A participant's standing; `None` before their first counted attempt.
    pub fn standing(&self, of: Of, participant: ParticipantId) -> Option<Standing> {
        self.table(of).standing(participant)
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
        let board = table.board(scope);
        let with_standing = |(rank, who)| table.standing(who).map(|standing| (rank, who, standing));
        let rows = board.map(rows).unwrap_or_default().into_iter().filter_map(with_standing).collect();
        Page { rows, total: board.map_or(0, Board::len), revision: table.revision_of(scope) }
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
        if let Some(since) = &mut self.since {
            since.moved.push(participant);
        }
        for table in self.rounds.iter_mut().chain(std::iter::once(&mut self.season)) {
            table.moved(participant, from, to);
        }
    }

    /// Every standing of every table in its order, for a digest: table, participant, standing.
    pub fn for_each_standing(&self, mut tell: impl FnMut(Of, Scope, u64, ParticipantId, Standing)) {
        let tables = (0..self.rounds.len()).map(|i| Some(RoundIndex(i as u16))).chain(std::iter::once(None));
        for of in tables {
            for scope in self.table(of).scopes() {
                let page = self.top(of, scope, usize::MAX);
                page.rows.into_iter().for_each(|(rank, who, standing)| tell(of, scope, rank, who, standing));
            }
        }
    }

    /// Bytes on the heap of all boards and standings, for `/metrics`.
    pub fn heap_bytes(&self) -> usize {
        let tables = self.rounds.iter().chain(std::iter::once(&self.season));
        let latest: usize = self.latest.iter().map(|latest| latest.capacity() * size_of::<DayBest>()).sum();
        latest + tables.map(Table::heap_bytes).sum::<usize>()
    }
}

/// A scoreboard that is still being filled: attempts are tallied and counted, and no board is kept in order until all are
/// there. Sorting a million once costs less than entering them one by one.
pub struct Tallies(Scoreboard);

impl Tallies {
    pub fn new(season: &Season) -> Tallies {
        Tallies(Scoreboard::new(season))
    }

    /// Those who are on no board.
    #[must_use]
    pub fn without(mut self, excluded: impl Iterator<Item = ParticipantId>) -> Tallies {
        self.0.out.extend(excluded.map(|participant| (participant, Out::default())));
        self
    }

    /// Takes an attempt that is over, in the order in which [`Scoreboard::finish`] would.
    pub fn take(&mut self, season: &Season, finished: &Finished) {
        if finished.counted && !self.0.keeps_out(finished) {
            let tally = self.0.tally(season, finished);
            self.0.rounds[usize::from(finished.round.0)].tally(finished.participant, tally);
            self.0.count(finished);
        }
    }

    /// As [`Scoreboard::sample`].
    pub fn sample(&mut self, now: Timestamp) {
        self.0.sample(now);
    }

    /// Puts everyone on the boards of their place: the same ones that [`Scoreboard::finish`] makes.
    pub fn ranked(self, season: &Season, roster: &Roster) -> Scoreboard {
        self.anew(season, roster).scoreboard
    }

    /// As [`Tallies::ranked`], to take the place of a scoreboard that goes on meanwhile.
    pub fn anew(mut self, season: &Season, roster: &Roster) -> Anew {
        self.tally_season(season);
        let mut scoreboard = self.0;
        let most = scoreboard.rounds.iter().map(Table::slots).max().unwrap_or(0) as i64;
        let place = |i| roster.with(ParticipantId(i), |player| player.place).unwrap_or_default();
        let places: Vec<Place> = (0..most).map(place).collect();
        let Scoreboard { rounds, season, .. } = &mut scoreboard;
        std::thread::scope(|threads| {
            threads.spawn(|| season.rank_all(&places));
            rounds.iter_mut().for_each(|round| round.rank_all(&places));
        });
        Anew { scoreboard, places }
    }

    /// The season's standings from those of its rounds.
    pub fn tally_season(&mut self, season: &Season) {
        let most = self.0.rounds.iter().map(Table::slots).max().unwrap_or(0) as i64;
        for participant in (0..most).map(ParticipantId) {
            if let Some(standing) = self.0.season_standing(season, participant) {
                self.0.season.tally(participant, standing);
            }
        }
    }

    /// By participant number, everyone's rank in a round, or in the season once it is tallied; 0: none.
    pub fn ranks(&self, of: Of) -> Vec<u32> {
        let table = self.0.table(of);
        let mut ranks = vec![0; table.slots()];
        for (rank, who) in (1..).zip(table.in_order()) {
            ranks[who.0 as usize] = rank;
        }
        ranks
    }

    pub fn standing(&self, of: Of, participant: ParticipantId) -> Option<Standing> {
        self.0.standing(of, participant)
    }

    pub fn cities(&self, of: Of) -> Option<&CityTotals> {
        self.0.cities(of)
    }
}

/// At most so much of what happened meanwhile is taken up while the scoreboard is held: a few hundred microseconds.
const CAUGHT_UP_WITHIN: usize = 256;

/// Standings that were computed from the ledger while the scoreboard went on, and are to take its place.
pub struct Anew {
    scoreboard: Scoreboard,
    /// On the boards of which place each participant is, by number.
    places: Vec<Place>,
}

impl Anew {
    /// Takes up what the scoreboard in use has seen meanwhile, the last of it under the lock, and takes its place. The scoreboard
    /// is held for moments only. `false`: too much happened meanwhile, and the old one stays.
    pub fn replace(mut self, season: &Season, roster: &Roster, in_use: &Mutex<Scoreboard>) -> bool {
        let mut done = 0;
        loop {
            let mut held = in_use.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(since) = held.since.as_ref().filter(|since| !since.lost) else {
                held.since = None;
                return false;
            };
            let last = since.finished.len() - done <= CAUGHT_UP_WITHIN;
            let until = since.finished.len().min(done + if last { CAUGHT_UP_WITHIN } else { CAUGHT_UP_WITHIN * 64 });
            let finished = since.finished[done..until].to_vec();
            done = until;
            if !last {
                drop(held);
                self.take(season, roster, &finished);
                continue;
            }
            self.take(season, roster, &finished);
            for participant in since.moved.clone() {
                self.move_to_where_they_are(roster, participant);
            }
            self.go_on_from(&mut held);
            let old = std::mem::replace(&mut *held, self.scoreboard);
            drop(held);
            // Freeing all boards takes longer than anybody may wait.
            drop(old);
            return true;
        }
    }

    fn take(&mut self, season: &Season, roster: &Roster, finished: &[Finished]) {
        for finished in finished {
            if self.scoreboard.keeps_out(finished) {
                continue;
            }
            let number = finished.participant.0 as usize;
            if self.places.len() <= number {
                self.places.resize(number + 1, Place::default());
            }
            if self.scoreboard.is_nowhere(finished.participant) {
                self.places[number] = roster.with(finished.participant, |player| player.place).unwrap_or_default();
            }
            self.scoreboard.enter(season, self.places[number], finished);
        }
    }

    fn move_to_where_they_are(&mut self, roster: &Roster, participant: ParticipantId) {
        let number = participant.0 as usize;
        let Some(place) = roster.with(participant, |player| player.place) else { return };
        let Some(before) = self.places.get_mut(number).filter(|before| **before != place) else { return };
        let from = std::mem::replace(before, place);
        self.scoreboard.moved(participant, from, place);
    }

    /// Whoever watches sees that everything may have changed.
    fn go_on_from(&mut self, old: &mut Scoreboard) {
        let new = &mut self.scoreboard;
        new.counted += old.counted + 1;
        let tables = new.rounds.iter_mut().chain(std::iter::once(&mut new.season));
        let before = old.rounds.iter().chain(std::iter::once(&old.season));
        tables.zip(before).for_each(|(table, before)| table.go_on_from(before));
    }
}

#[cfg(test)]
mod tests;
