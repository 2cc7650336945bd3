//! The cities' indices (rules.md): counted attempt by attempt, and ranked. Integers only.
//!
//! A person belongs to the city they had when the attempt started, so whoever moved counts in both cities, in each with
//! the attempts made for it: as a participant, with a best score, and with a cap on attempts of their own there.

use crate::domain::ids::CityIndex;
use crate::domain::ids::ParticipantId;
use crate::domain::season::Season;
use std::collections::HashMap;

mod kind;
mod rank;

pub use kind::CityIndexKind;
pub use rank::CityStanding;

/// The counts of a season or a round, and of each person what the next attempt is counted by.
#[derive(Clone, Debug)]
pub struct CityCounts {
    attempts_cap: u32,
    totals: CityTotals,
    /// By participant number: what they did for the first city that they played for.
    people: Vec<Person>,
    /// … and for another, after moving.
    moved: HashMap<(ParticipantId, CityIndex), Person>,
}

/// What the indices follow from: a few numbers a city, cheap to keep copies of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CityTotals {
    cities: Vec<Totals>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Totals {
    participants: u64,
    attempts: u64,
    capped_attempts: u64,
    best_sum: u64,
    /// Participants with full marks in some attempt.
    full: u64,
}

/// One participant's attempts for one city; without any, no one's.
#[derive(Clone, Copy, Debug, Default)]
struct Person {
    attempts: u32,
    /// The highest score of one attempt.
    best: u32,
    city: CityIndex,
    full: bool,
}

impl CityCounts {
    /// Of a region with so many cities; `attempts_cap` is the season's.
    pub fn new(cities: usize, attempts_cap: u32) -> CityCounts {
        CityCounts {
            attempts_cap,
            totals: CityTotals { cities: vec![Totals::default(); cities] },
            people: Vec::new(),
            moved: HashMap::new(),
        }
    }

    /// Takes a counted, finished attempt that was started for `city`. `full`: it brought all the points of its paper.
    pub fn attempt_ended(&mut self, participant: ParticipantId, city: CityIndex, score: u32, full: bool) {
        let cap = self.attempts_cap;
        let person = self.person(participant, city);
        let before = *person;
        person.attempts += 1;
        person.best = before.best.max(score);
        person.full |= full;
        let after = *person;
        let totals = &mut self.totals.cities[usize::from(city.0)];
        totals.participants += u64::from(before.attempts == 0);
        totals.attempts += 1;
        totals.capped_attempts += u64::from(before.attempts < cap);
        totals.best_sum += u64::from(after.best - before.best);
        totals.full += u64::from(after.full && !before.full);
    }

    pub fn totals(&self) -> &CityTotals {
        &self.totals
    }

    /// See [`CityTotals::ranked`].
    pub fn ranked(&self, season: &Season, by: CityIndexKind) -> Vec<CityStanding> {
        self.totals.ranked(season, by)
    }

    /// Memory on the heap, by capacity.
    pub fn heap_bytes(&self) -> usize {
        self.people.capacity() * size_of::<Person>()
            + self.moved.capacity() * size_of::<((ParticipantId, CityIndex), Person)>()
            + self.totals.cities.capacity() * size_of::<Totals>()
    }

    fn person(&mut self, participant: ParticipantId, city: CityIndex) -> &mut Person {
        let number = usize::try_from(participant.0).expect("participants are numbered from 1");
        if self.people.len() <= number {
            self.people.resize(number + 1, Person::default());
        }
        let first = &mut self.people[number];
        if first.attempts == 0 {
            first.city = city;
        }
        match first.city == city {
            true => first,
            false => self.moved.entry((participant, city)).or_insert(Person { city, ..Person::default() }),
        }
    }
}

#[cfg(test)]
mod tests;
