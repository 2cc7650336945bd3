//! Who takes part: names, places, and what each has used of what the rounds allow.

use crate::domain::ids::AttemptId;
use crate::domain::ids::CityIndex;
use crate::domain::ids::CountyIndex;
use crate::domain::ids::GroupIndex;
use crate::domain::ids::OrganisationIndex;
use crate::domain::ids::ParticipantId;
use crate::domain::ids::RoundIndex;
use crate::domain::rules::AttemptsAllowed;
use crate::domain::season::Season;
use crate::domain::time::Day;
use crate::ledger::entry::EntryNumber;
use crate::ledger::entry::Who;
use std::collections::HashMap;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

/// Where a participant stands: the scopes that rank them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub city: CityIndex,
    pub county: Option<CountyIndex>,
    pub organisation: Option<OrganisationIndex>,
    pub group: Option<GroupIndex>,
}

/// Of what decides on which boards somebody stands, what a change alters. Filling in what was left open alters nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// City or county.
    pub place: bool,
    pub organisation: bool,
    pub group: bool,
}

impl Changes {
    pub fn between(before: Place, after: Place) -> Changes {
        fn altered<T: PartialEq>(before: Option<T>, after: Option<T>) -> bool {
            before.is_some() && before != after
        }
        let moves = before.city != after.city;
        Changes {
            place: moves || altered(before.county, after.county),
            // Who moves leaves the organisation behind.
            organisation: !moves && altered(before.organisation, after.organisation),
            group: altered(before.group, after.group),
        }
    }
}

/// A participant, kept small: a season may have a million.
#[derive(Clone, Debug)]
pub struct Player {
    pub name: Box<str>,
    pub place: Place,
    /// From which entry on the city is the one of `place`, and which it was before; one change a season.
    pub moved: Option<(EntryNumber, CityIndex)>,
    /// What has been changed this season, and may not be again.
    pub changed: Changes,
    /// The newest correction that they have been told of since the start.
    pub corrections_told: u16,
    /// Starts nothing, and is on no board.
    pub excluded: bool,
    /// Boards show a star.
    pub name_hidden: bool,
    /// The name is not the participant's to change: it was given or hidden by whoever runs the season.
    pub name_kept: bool,
    uses: Vec<Use>,
    /// The newest attempt whose start is durable; 0: there is none. From it a history is read back.
    latest: AttemptId,
}

/// What a participant has used of one round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Use {
    round: RoundIndex,
    /// All that were started, those handed back included: the number of the latest.
    pub number: u32,
    in_all: u32,
    today: u16,
    this_week: u16,
    day: Day,
    /// When an attempt was last handed back by itself.
    handed_back: Option<Day>,
    /// The most right answers in one attempt; what a gate asks for.
    pub best_correct: u16,
    /// Attempts that were given on top of what the round allows, less those that were started on account of them.
    extra: i16,
}

/// What a round still allows; `None`: without limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Left {
    pub today: Option<u32>,
    pub week: Option<u32>,
    pub in_all: Option<u32>,
}

impl Left {
    pub fn nothing(self) -> bool {
        [self.today, self.week, self.in_all].contains(&Some(0))
    }
}

impl Use {
    pub fn left(&self, allowed: &AttemptsAllowed, today: Day) -> Left {
        let used_today = if self.day == today { self.today } else { 0 };
        let used_week = if self.day.week() == today.week() { self.this_week } else { 0 };
        let extra = self.extra.max(0) as u32;
        let left = |allowed: Option<u32>, used: u32| allowed.map(|most| most.saturating_sub(used) + extra);
        Left {
            today: left(allowed.per_day, u32::from(used_today)),
            week: left(allowed.per_week, u32::from(used_week)),
            in_all: left(allowed.in_all, self.in_all),
        }
    }

    /// An attempt more than the round allows, for good.
    pub fn grant(&mut self) {
        self.extra = self.extra.saturating_add(1);
    }

    /// How many granted attempts are left that were not started yet.
    pub fn granted(&self) -> u32 {
        self.extra.max(0) as u32
    }

    /// Takes back an attempt that was granted and not started yet: whoever does so has looked that there is one.
    pub fn take_back_grant(&mut self) {
        self.extra = self.extra.saturating_sub(1);
    }

    /// An attempt started on `day`; days never go back. Beyond the limits it is one of those that were granted. Which one is
    /// follows from the starts alone and not from when it was granted, so that a start finds the same.
    pub fn start(&mut self, day: Day, allowed: &AttemptsAllowed) {
        let by_limits = Use { extra: 0, ..*self }.left(allowed, day);
        if by_limits.nothing() {
            self.number += 1;
            self.extra = self.extra.saturating_sub(1);
            return;
        }
        if self.day != day {
            if self.day.week() != day.week() {
                self.this_week = 0;
            }
            self.today = 0;
            self.day = day;
        }
        self.number += 1;
        self.in_all += 1;
        self.today = self.today.saturating_add(1);
        self.this_week = self.this_week.saturating_add(1);
    }

    pub fn may_be_handed_back(&self, day: Day) -> bool {
        self.handed_back != Some(day)
    }

    /// The attempt that started on `day` counts for nothing.
    pub fn hand_back(&mut self, day: Day) {
        self.handed_back = Some(day);
        self.in_all = self.in_all.saturating_sub(1);
        if self.day == day {
            self.today = self.today.saturating_sub(1);
        }
        if self.day.week() == day.week() {
            self.this_week = self.this_week.saturating_sub(1);
        }
    }
}

impl Player {
    pub fn new(name: &str, place: Place) -> Player {
        Player {
            name: name.into(),
            place,
            moved: None,
            changed: Changes::default(),
            corrections_told: 0,
            excluded: false,
            name_hidden: false,
            name_kept: false,
            uses: Vec::new(),
            latest: AttemptId(0),
        }
    }

    pub fn latest(&self) -> Option<AttemptId> {
        (self.latest != AttemptId(0)).then_some(self.latest)
    }

    /// An attempt's start is durable; they are numbered in order.
    pub fn started(&mut self, attempt: AttemptId) {
        self.latest = self.latest.max(attempt);
    }

    pub fn usage(&self, round: RoundIndex) -> Use {
        self.uses.iter().find(|used| used.round == round).copied().unwrap_or(Use { round, ..Use::default() })
    }

    pub fn usage_mut(&mut self, round: RoundIndex) -> &mut Use {
        let place = match self.uses.iter().position(|used| used.round == round) {
            Some(place) => place,
            None => {
                // Most seasons have one round, or each person plays few of them.
                self.uses.reserve_exact(1);
                self.uses.push(Use { round, ..Use::default() });
                self.uses.len() - 1
            }
        };
        &mut self.uses[place]
    }

    /// Takes a new name and place from entry `n` on; returns the place before.
    pub fn change(&mut self, n: EntryNumber, name: &str, place: Place) -> Place {
        let before = self.place;
        if before.city != place.city {
            self.moved = Some((n, before.city));
        }
        let altered = Changes::between(before, place);
        self.changed.place |= altered.place;
        self.changed.organisation |= altered.organisation;
        self.changed.group |= altered.group;
        self.name = name.into();
        self.place = place;
        before
    }

    /// As [`Player::change`], by the participant: a name that whoever runs the season has given stays.
    pub fn take_change(&mut self, n: EntryNumber, name: &str, place: Place) -> Place {
        let name: Box<str> = if self.name_kept { self.name.clone() } else { name.into() };
        self.change(n, &name, place)
    }

    /// The city of an attempt that started with entry `n`.
    pub fn city_at(&self, n: EntryNumber) -> CityIndex {
        match self.moved {
            Some((since, before)) if n < since => before,
            _ => self.place.city,
        }
    }
}

/// So many locks share the participants, so that two are seldom asked for at once behind one.
const LOCKS: usize = 64;

/// All participants, by number: they are numbered in the order of registration, so a list needs no hashing and stays in order.
pub struct Roster {
    /// Number n is at place n ÷ 64 of list n mod 64.
    lists: [RwLock<Vec<Option<Player>>>; LOCKS],
    count: AtomicUsize,
}

impl Default for Roster {
    fn default() -> Roster {
        Roster { lists: std::array::from_fn(|_| RwLock::default()), count: AtomicUsize::new(0) }
    }
}

impl Roster {
    fn list_of(&self, participant: ParticipantId) -> (&RwLock<Vec<Option<Player>>>, usize) {
        let number = participant.0 as usize;
        (&self.lists[number % LOCKS], number / LOCKS)
    }

    pub fn insert(&self, participant: ParticipantId, player: Player) {
        let (list, place) = self.list_of(participant);
        let mut list = list.write().unwrap_or_else(PoisonError::into_inner);
        if list.len() <= place {
            list.resize(place + 1, None);
        }
        if list[place].replace(player).is_none() {
            self.count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Everybody, by lists and not in the order of numbers; the closure must be short and must not ask the roster.
    pub fn for_each_numbered(&self, mut look: impl FnMut(ParticipantId, &Player)) {
        for (of, list) in self.lists.iter().enumerate() {
            let list = list.read().unwrap_or_else(PoisonError::into_inner);
            for (place, player) in list.iter().enumerate() {
                if let Some(player) = player {
                    look(ParticipantId((place * LOCKS + of) as i64), player);
                }
            }
        }
    }

    /// `None`: nobody of that number. The closure must be short and must not ask the roster again.
    pub fn with<T>(&self, participant: ParticipantId, look: impl FnOnce(&Player) -> T) -> Option<T> {
        let (list, place) = self.list_of(participant);
        list.read().unwrap_or_else(PoisonError::into_inner).get(place)?.as_ref().map(look)
    }

    pub fn change<T>(&self, participant: ParticipantId, act: impl FnOnce(&mut Player) -> T) -> Option<T> {
        let (list, place) = self.list_of(participant);
        list.write().unwrap_or_else(PoisonError::into_inner).get_mut(place)?.as_mut().map(act)
    }

    /// No number is as high as this.
    pub fn numbers_end(&self) -> i64 {
        let length = |list: &RwLock<Vec<Option<Player>>>| list.read().unwrap_or_else(PoisonError::into_inner).len();
        (self.lists.iter().map(length).max().unwrap_or(0) * LOCKS) as i64
    }

    /// Everyone, in no order. Others wait while a list is looked through, so the closure must be short.
    pub fn for_each(&self, mut look: impl FnMut(&Player)) {
        for list in &self.lists {
            list.read().unwrap_or_else(PoisonError::into_inner).iter().flatten().for_each(&mut look);
        }
    }

    pub fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Finds a season's places by the codes and ids that the ledger keeps: a start asks for a million of them.
pub struct Places {
    cities: HashMap<String, CityIndex>,
    counties: HashMap<String, CountyIndex>,
    organisations: HashMap<String, OrganisationIndex>,
}

impl Places {
    pub fn of(season: &Season) -> Places {
        let region = &season.region;
        let cities = region.cities.iter().zip(0..).map(|(city, i)| (city.code.clone(), CityIndex(i)));
        let counties = region.counties.iter().zip(0..).map(|(county, i)| (county.code.clone(), CountyIndex(i)));
        let organisations = season.organisations.iter().zip(0..).map(|(one, i)| (one.id.clone(), OrganisationIndex(i)));
        Places { cities: cities.collect(), counties: counties.collect(), organisations: organisations.collect() }
    }

    /// `None` where the season has no such city; a county, organisation or group that is gone is left out.
    pub fn place(&self, season: &Season, who: &Who) -> Option<Place> {
        Some(Place {
            city: *self.cities.get(&who.city)?,
            county: who.county.as_ref().and_then(|code| self.counties.get(code)).copied(),
            organisation: who.organisation.as_ref().and_then(|id| self.organisations.get(id)).copied(),
            group: who.group.as_deref().and_then(|id| season.group_of_id(id)),
        })
    }

    pub fn organisation(&self, id: &str) -> Option<OrganisationIndex> {
        self.organisations.get(id).copied()
    }
}

/// A place in the words that the ledger keeps.
pub fn who(season: &Season, name: &str, place: Place) -> Who {
    Who {
        name: name.to_owned(),
        city: season.region.city(place.city).code.clone(),
        county: place.county.map(|county| season.region.county(county).code.clone()),
        organisation: place.organisation.map(|index| season.organisations[index.0 as usize].id.clone()),
        group: place.group.map(|group| season.groups[usize::from(group.0)].id.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_counted_by_day_week_and_in_all() {
        let allowed = AttemptsAllowed { per_day: Some(2), per_week: Some(3), in_all: Some(10), hand_back: true };
        let monday = Day(4);
        let mut used = Use::default();
        used.start(monday, &allowed);
        used.start(monday, &allowed);
        assert_eq!(used.left(&allowed, monday), Left { today: Some(0), week: Some(1), in_all: Some(8) });
        assert!(used.left(&allowed, monday).nothing());
        assert_eq!(used.left(&allowed, Day(5)), Left { today: Some(2), week: Some(1), in_all: Some(8) });
        assert_eq!(used.left(&allowed, Day(11)), Left { today: Some(2), week: Some(3), in_all: Some(8) });
    }

    #[test]
    fn a_granted_attempt_is_used_on_any_day_and_counts_in_no_limit() {
        let allowed = AttemptsAllowed { per_day: Some(1), per_week: None, in_all: Some(3), hand_back: false };
        let starts = |grant_after: usize| {
            let mut used = Use::default();
            for (i, day) in [4, 4, 5, 6].into_iter().enumerate() {
                if i == grant_after {
                    used.grant();
                }
                used.start(Day(day), &allowed);
            }
            used
        };
        assert_eq!(starts(1).left(&allowed, Day(7)), Left { today: Some(1), week: None, in_all: Some(0) });
        assert_eq!(starts(0), starts(3), "a start that knows of it from the first finds the same");
        let mut used = Use::default();
        used.start(Day(4), &allowed);
        used.grant();
        assert_eq!(used.left(&allowed, Day(9)), Left { today: Some(2), week: None, in_all: Some(3) });
    }

    #[test]
    fn an_attempt_handed_back_is_not_used_and_is_given_once_a_day() {
        let allowed = AttemptsAllowed { per_day: Some(1), ..AttemptsAllowed::default() };
        let mut used = Use::default();
        used.start(Day(4), &allowed);
        assert!(used.may_be_handed_back(Day(4)));
        used.hand_back(Day(4));
        assert!(!used.left(&allowed, Day(4)).nothing());
        assert!(!used.may_be_handed_back(Day(4)));
        assert!(used.may_be_handed_back(Day(5)));
        assert_eq!(used.number, 1);
    }
}
