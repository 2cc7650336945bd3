//! 概览: how many start, and how many people that are, by day, by hour and by place.

use crate::domain::ids::CityIndex;
use crate::domain::ids::CountyIndex;
use crate::domain::ids::OrganisationIndex;
use crate::domain::ids::ParticipantId;
use crate::domain::season::Season;
use crate::domain::staff::Place;
use crate::domain::time::Day;
use std::collections::BTreeMap;

/// Where a participant stood when they started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Home {
    pub city: CityIndex,
    pub county: Option<CountyIndex>,
    pub organisation: Option<OrganisationIndex>,
}

impl Home {
    fn is_in(&self, place: Place) -> bool {
        match place {
            Place::Region => true,
            Place::City(city) => self.city == city,
            Place::County(county) => self.county == Some(county),
            Place::Organisation(organisation) => self.organisation == Some(organisation),
        }
    }
}

/// When a participant started an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    pub participant: ParticipantId,
    pub home: Home,
    pub day: Day,
    pub hour: u8,
}

/// Attempts that were started, and the people who did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub starts: u64,
    pub participants: u64,
}

impl Count {
    fn add(&mut self, is_new: bool) {
        self.starts += 1;
        self.participants += u64::from(is_new);
    }

    fn merge(&mut self, more: &Count) {
        self.starts += more.starts;
        self.participants += more.participants;
    }
}

/// Of one place, or of several together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// People are counted once, where they started first.
    pub all: Count,
    /// People are counted once a day.
    pub days: BTreeMap<Day, Count>,
    /// Over all days; people are counted once in each hour of each day.
    pub hours: [Count; 24],
}

/// By home. Some 2 KB a home and season, and 4 bytes a participant; bounded by the places there are and the people who play.
#[derive(Default)]
pub struct Overview {
    homes: BTreeMap<Home, Counts>,
    /// By the participant's number: the hour of their latest start, counted from 1970; 0: none so far.
    latest: Vec<u32>,
}

impl Overview {
    /// Starts are taken in the order in which they were made.
    pub fn take(&mut self, start: &Start) {
        let Start { participant, home, day, hour } = *start;
        let place = participant.0 as usize;
        if self.latest.len() <= place {
            self.latest.resize(place + 1, 0);
        }
        let slot = day.0.max(0) as u32 * 24 + u32::from(hour);
        let before = std::mem::replace(&mut self.latest[place], slot);
        let counts = self.homes.entry(home).or_default();
        counts.all.add(before == 0);
        counts.days.entry(day).or_default().add(before / 24 != slot / 24);
        counts.hours[usize::from(hour)].add(before != slot);
    }

    /// Of a place and all that lies in it.
    pub fn of(&self, place: Place) -> Counts {
        let mut all = Counts::default();
        for (_, counts) in self.homes.iter().filter(|(home, _)| home.is_in(place)) {
            all.all.merge(&counts.all);
            counts.days.iter().for_each(|(day, count)| all.days.entry(*day).or_default().merge(count));
            all.hours.iter_mut().zip(&counts.hours).for_each(|(sum, count)| sum.merge(count));
        }
        all
    }

    /// Of a place's cities or counties, in the region's order; of those without a county nothing is said.
    pub fn below(&self, place: Place, season: &Season) -> Vec<(Place, Count)> {
        let region = &season.region;
        let below: Vec<Place> = match place {
            Place::Region => (0..region.cities.len()).map(|at| Place::City(CityIndex(at as u16))).collect(),
            Place::City(city) => region.counties_of(city).map(|(county, _)| Place::County(county)).collect(),
            Place::County(_) | Place::Organisation(_) => Vec::new(),
        };
        let mut counts: BTreeMap<Place, Count> = below.iter().map(|place| (*place, Count::default())).collect();
        for (home, more) in &self.homes {
            let of = match place {
                Place::Region => Some(Place::City(home.city)),
                _ => home.county.map(Place::County),
            };
            if let Some(count) = of.and_then(|of| counts.get_mut(&of)) {
                count.merge(&more.all);
            }
        }
        below.into_iter().map(|place| (place, counts[&place])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::season::tests::shipped;

    #[test]
    fn people_are_counted_once_a_day_once_an_hour_and_once_in_all() {
        let season = shipped("guangxi-2026.toml");
        let home = |city: &str, county: &str| Home {
            city: season.region.city_of_code(city).unwrap(),
            county: season.region.county_of_code(county),
            organisation: None,
        };
        let sanjiang = home("450200", "450226");
        let nanning = home("450100", "450103");
        let mut overview = Overview::default();
        let starts = [
            (1, sanjiang, 100, 9),
            (1, sanjiang, 100, 9),
            (2, nanning, 100, 9),
            (1, sanjiang, 100, 21),
            (1, sanjiang, 101, 9),
        ];
        for (participant, home, day, hour) in starts {
            overview.take(&Start { participant: ParticipantId(participant), home, day: Day(day), hour });
        }
        let count = |starts, participants| Count { starts, participants };
        let all = overview.of(Place::Region);
        assert_eq!(all.all, count(5, 2));
        assert_eq!(all.days, BTreeMap::from([(Day(100), count(4, 2)), (Day(101), count(1, 1))]));
        assert_eq!((all.hours[9], all.hours[21], all.hours[3]), (count(4, 3), count(1, 1), count(0, 0)));
        let liuzhou = Place::City(sanjiang.city);
        assert_eq!(overview.of(liuzhou).all, count(4, 1));
        assert_eq!(overview.of(Place::County(nanning.county.unwrap())).all, count(1, 1));
        let below = overview.below(liuzhou, &season);
        let here = below.iter().find(|(place, _)| *place == Place::County(sanjiang.county.unwrap()));
        assert_eq!(here.unwrap().1, count(4, 1));
        assert_eq!(below.iter().map(|(_, count)| count.starts).sum::<u64>(), 4);
        assert_eq!(overview.below(Place::Region, &season).len(), 14);
    }
}
