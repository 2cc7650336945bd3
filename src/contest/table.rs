//! One set of standings, a round's or the season's, and their order in every scope.

use crate::contest::roster::Place;
use crate::contest::seat::Ranks;
use crate::domain::board::Board;
use crate::domain::board::packed;
use crate::domain::ids::AttemptId;
use crate::domain::ids::CityIndex;
use crate::domain::ids::CountyIndex;
use crate::domain::ids::GroupIndex;
use crate::domain::ids::OrganisationIndex;
use crate::domain::ids::ParticipantId;
use crate::domain::score::Standing;
use crate::domain::season::Season;
use crate::domain::time::Timestamp;

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

pub(crate) struct Table {
    standings: Standings,
    shape: Shape,
    /// One for each scope of the season, in the order of scopes.
    ranked: Vec<Ranked>,
    /// Counts the changes.
    revision: u64,
}

/// The board of one scope.
#[derive(Clone, Default)]
struct Ranked {
    board: Board,
    /// At which of the table's changes it changed last.
    changed: u64,
}

impl Table {
    pub(crate) fn new(season: &Season) -> Table {
        let shape = Shape {
            cities: season.region.cities.len(),
            counties: season.region.counties.len(),
            organisations: season.organisations.len(),
            groups: season.groups.len(),
        };
        let ranked = vec![Ranked::default(); shape.scopes().count()];
        Table { standings: Standings::default(), shape, ranked, revision: 0 }
    }

    pub(crate) fn standing(&self, who: ParticipantId) -> Option<Standing> {
        self.standings.get(who)
    }

    /// One more than the highest number of a participant who has a standing.
    pub(crate) fn slots(&self) -> usize {
        self.standings.0.len()
    }

    /// Those that the season has, in their order.
    pub(crate) fn scopes(&self) -> impl Iterator<Item = Scope> + use<> {
        self.shape.scopes()
    }

    pub(crate) fn board(&self, scope: Scope) -> Option<&Board> {
        self.ranked.get(self.shape.number_of(scope)?).map(|ranked| &ranked.board)
    }

    /// Gives a participant a standing, new or better, and tells their ranks under it.
    ///
    /// # Panics
    /// If they are on boards of another place: ranks would be wrong from here on.
    pub(crate) fn enter(&mut self, who: ParticipantId, standing: Standing, place: Place) -> Ranks {
        let old = self.standings.set(who, standing);
        if old == Some(standing) {
            return ranks(place, |scope| self.rank(scope, who).unwrap_or_default());
        }
        self.revision += 1;
        let Table { standings, shape, ranked, revision } = self;
        let known = |who| standings.known(who);
        ranks(place, |scope| {
            let Some(ranked) = shape.number_of(scope).and_then(|number| ranked.get_mut(number)) else { return 0 };
            ranked.changed = *revision;
            match &old {
                Some(old) => ranked.board.replace(who, old, &standing, known),
                None => ranked.board.insert(who, &standing, known),
            }
        })
    }

    /// A participant leaves the boards of one place for those of another.
    ///
    /// # Panics
    /// If they are not on those of `from`.
    pub(crate) fn moved(&mut self, who: ParticipantId, from: Place, to: Place) {
        let Some(standing) = self.standing(who) else { return };
        self.revision += 1;
        let Table { standings, shape, ranked, revision } = self;
        let known = |who| standings.known(who);
        for number in scopes(from).filter_map(|scope| shape.number_of(scope)) {
            ranked[number].changed = *revision;
            let was_there = ranked[number].board.remove(who, &standing, known);
            assert!(was_there, "{who:?} left a place whose boards they were not on");
        }
        for number in scopes(to).filter_map(|scope| shape.number_of(scope)) {
            ranked[number].changed = *revision;
            ranked[number].board.insert(who, &standing, known);
        }
    }

    /// Somebody has no standing any more; returns the one that they had.
    ///
    /// # Panics
    /// If they are on boards of another place: ranks would be wrong from here on.
    pub(crate) fn leave(&mut self, who: ParticipantId, place: Place) -> Option<Standing> {
        let standing = self.standing(who)?;
        self.revision += 1;
        let Table { standings, shape, ranked, revision } = self;
        let known = |who| standings.known(who);
        for number in scopes(place).filter_map(|scope| shape.number_of(scope)) {
            ranked[number].changed = *revision;
            let was_there = ranked[number].board.remove(who, &standing, known);
            assert!(was_there, "{who:?} left a place whose boards they were not on");
        }
        standings.clear(who);
        Some(standing)
    }

    /// Something is told otherwise of somebody on the boards of this place.
    pub(crate) fn touch(&mut self, who: ParticipantId, place: Place) {
        if self.standing(who).is_some() {
            self.revision += 1;
            for number in scopes(place).filter_map(|scope| self.shape.number_of(scope)) {
                self.ranked[number].changed = self.revision;
            }
        }
    }

    /// Keeps a standing and leaves the boards to [`Table::rank_all`].
    pub(crate) fn tally(&mut self, who: ParticipantId, standing: Standing) {
        let old = self.standings.set(who, standing);
        self.revision += u64::from(old != Some(standing));
    }

    /// Everyone who has a standing, best first.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = ParticipantId> + use<> {
        // By score and time as boards pack them, which decides nearly every comparison; the rest are equals of both.
        let mut order: Vec<(u64, u32)> =
            self.standings.iter().map(|(standing, who)| (packed(&standing), who.0 as u32)).collect();
        let known = |who: u32| self.standings.known(ParticipantId(i64::from(who)));
        order.sort_unstable_by(|(a, one), (b, other)| a.cmp(b).then_with(|| known(*one).cmp(&known(*other))));
        order.into_iter().map(|(_, who)| ParticipantId(i64::from(who)))
    }

    /// Takes another table's place: every board counts as changed.
    pub(crate) fn go_on_from(&mut self, before: &Table) {
        self.revision += before.revision + 1;
        for ranked in &mut self.ranked {
            ranked.changed = self.revision;
        }
    }

    /// Fills the empty boards with everyone who has a standing: sorted once, each is behind those before on every board.
    /// `places` by participant number.
    pub(crate) fn rank_all(&mut self, places: &[Place]) {
        for who in self.in_order() {
            let standing = self.standings.known(who);
            let place = places.get(who.0 as usize).copied().unwrap_or_default();
            for number in scopes(place).filter_map(|scope| self.shape.number_of(scope)) {
                self.ranked[number].board.append(who, &standing);
            }
        }
        for ranked in &mut self.ranked {
            ranked.board.shrink();
            ranked.changed = self.revision;
        }
    }

    pub(crate) fn revision_of(&self, scope: Scope) -> u64 {
        let ranked = self.shape.number_of(scope).and_then(|number| self.ranked.get(number));
        ranked.map_or(0, |ranked| ranked.changed)
    }

    pub(crate) fn rank(&self, scope: Scope, who: ParticipantId) -> Option<u64> {
        let standing = self.standing(who)?;
        self.board(scope)?.rank(who, &standing, |who| self.standings.known(who))
    }

    /// Memory on the heap, by capacity.
    pub(crate) fn heap_bytes(&self) -> usize {
        let boards: usize = self.ranked.iter().map(|ranked| ranked.board.heap_bytes()).sum();
        self.standings.0.capacity() * size_of::<Standing>() + self.ranked.capacity() * size_of::<Ranked>() + boards
    }
}

/// Asks for the rank in each scope of a place, and keeps those that a participant is told.
fn ranks(place: Place, mut rank: impl FnMut(Scope) -> u64) -> Ranks {
    let mut ranks = Ranks::default();
    for scope in scopes(place) {
        let rank = rank(scope);
        match scope {
            Scope::Region => ranks.region = rank,
            Scope::City(_) => ranks.city = rank,
            Scope::County(_) => ranks.county = Some(rank),
            Scope::Organisation(_) | Scope::Group(_) | Scope::CityGroup(..) => {}
        }
    }
    ranks
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

/// How many of each a season has: its scopes are numbered by it, so that finding a board is arithmetic.
#[derive(Clone, Copy)]
struct Shape {
    cities: usize,
    counties: usize,
    organisations: usize,
    groups: usize,
}

impl Shape {
    fn scopes(self) -> impl Iterator<Item = Scope> {
        let cities = (0..self.cities).map(|i| CityIndex(i as u16));
        let groups = (0..self.groups).map(|i| GroupIndex(i as u16));
        let in_cities =
            cities.clone().flat_map(move |city| groups.clone().map(move |group| Scope::CityGroup(city, group)));
        std::iter::once(Scope::Region)
            .chain(cities.map(Scope::City))
            .chain((0..self.counties).map(|i| Scope::County(CountyIndex(i as u16))))
            .chain((0..self.organisations).map(|i| Scope::Organisation(OrganisationIndex(i as u32))))
            .chain((0..self.groups).map(|i| Scope::Group(GroupIndex(i as u16))))
            .chain(in_cities)
    }

    /// A scope's place among [`Shape::scopes`]; `None` where the season has no such one.
    fn number_of(self, scope: Scope) -> Option<usize> {
        let Shape { cities, counties, organisations, groups } = self;
        let within = |index: usize, count: usize| (index < count).then_some(index);
        Some(match scope {
            Scope::Region => 0,
            Scope::City(city) => 1 + within(usize::from(city.0), cities)?,
            Scope::County(county) => 1 + cities + within(usize::from(county.0), counties)?,
            Scope::Organisation(index) => 1 + cities + counties + within(index.0 as usize, organisations)?,
            Scope::Group(group) => 1 + cities + counties + organisations + within(usize::from(group.0), groups)?,
            Scope::CityGroup(city, group) => {
                let in_city = within(usize::from(city.0), cities)? * groups + within(usize::from(group.0), groups)?;
                1 + cities + counties + organisations + groups + in_city
            }
        })
    }
}

/// Standings by participant number; whoever has none is under attempt 0, which nobody started.
#[derive(Default)]
struct Standings(Vec<Standing>);

const NONE: Standing = Standing { score: 0, elapsed_ms: 0, finished_at: Timestamp(0), attempt: AttemptId(0) };

impl Standings {
    fn get(&self, who: ParticipantId) -> Option<Standing> {
        self.0.get(who.0 as usize).copied().filter(|standing| standing.attempt != NONE.attempt)
    }

    /// The standing of somebody who is on a board.
    fn known(&self, who: ParticipantId) -> Standing {
        self.get(who).expect("whoever is on a board has a standing")
    }

    /// Returns the one before.
    fn set(&mut self, who: ParticipantId, standing: Standing) -> Option<Standing> {
        assert_ne!(standing.attempt, NONE.attempt, "attempts are numbered from 1");
        let place = who.0 as usize;
        if self.0.len() <= place {
            if self.0.capacity() <= place {
                // By an eighth, not by as much again: half of it would stand empty.
                self.0.reserve_exact(place + 1 + place / 8 - self.0.len());
            }
            self.0.resize(place + 1, NONE);
        }
        let before = std::mem::replace(&mut self.0[place], standing);
        (before.attempt != NONE.attempt).then_some(before)
    }

    fn clear(&mut self, who: ParticipantId) {
        self.0[who.0 as usize] = NONE;
    }

    fn iter(&self) -> impl Iterator<Item = (Standing, ParticipantId)> {
        let taken = self.0.iter().zip(0..).filter(|(standing, _)| standing.attempt != NONE.attempt);
        taken.map(|(standing, who)| (*standing, ParticipantId(who)))
    }
}
