//! 城市指数: how the cities compare, by several indices side by side (rules.md, City indices). Integers in millionths.

use crate::domain::ids::CityIndex;
use crate::domain::ids::ParticipantId;
use crate::domain::season::Season;
use std::collections::HashMap;

const MILLION: i128 = 1_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CityIndexKind {
    Participants,
    Attempts,
    CappedAttempts,
    Per10k,
    MeanBest,
    FullMarks,
    Composite,
}

impl CityIndexKind {
    pub const ALL: [CityIndexKind; 7] = [
        CityIndexKind::Participants,
        CityIndexKind::Attempts,
        CityIndexKind::CappedAttempts,
        CityIndexKind::Per10k,
        CityIndexKind::MeanBest,
        CityIndexKind::FullMarks,
        CityIndexKind::Composite,
    ];

    pub fn id(self) -> &'static str {
        match self {
            CityIndexKind::Participants => "participants",
            CityIndexKind::Attempts => "attempts",
            CityIndexKind::CappedAttempts => "capped_attempts",
            CityIndexKind::Per10k => "per_10k",
            CityIndexKind::MeanBest => "mean_best",
            CityIndexKind::FullMarks => "full_marks",
            CityIndexKind::Composite => "composite",
        }
    }

    pub fn of_id(id: &str) -> Option<CityIndexKind> {
        CityIndexKind::ALL.into_iter().find(|kind| kind.id() == id)
    }
}

/// What one city comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CityTotal {
    /// People with at least one counted, finished attempt.
    pub participants: u64,
    pub attempts: u64,
    pub capped_attempts: u64,
    /// The sum of each person's best score.
    pub best: u64,
    /// People whose best is full marks.
    pub full: u64,
}

/// All cities of a region, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CityTotals(Vec<CityTotal>);

/// A city's place by one index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CityStanding {
    /// `None` where too few have taken part, or the index cannot be told.
    pub rank: Option<u32>,
    pub city: CityIndex,
    pub value_millionths: Option<i64>,
    pub participants: u64,
    pub attempts: u64,
}

/// The counts behind the totals. Attempts count where they were started: who moved counts in both cities, each with what was done there.
#[derive(Clone, Debug)]
pub struct CityCounts {
    totals: CityTotals,
    attempts_cap: u32,
    /// By participant number: what they did in their first city …
    persons: Vec<Person>,
    /// … and in another, for the few who moved.
    elsewhere: HashMap<(ParticipantId, CityIndex), Person>,
}

/// What one person did in one city; no attempts: nothing yet.
#[derive(Clone, Copy, Debug, Default)]
struct Person {
    best: u32,
    attempts: u32,
    city: CityIndex,
    full: bool,
}

/// What one person did in each of their cities, while it is not counted.
#[derive(Debug, Default)]
pub struct TakenOut(Vec<Person>);

impl CityCounts {
    /// `attempts_cap`: `capped_attempts` counts at most so many a person.
    pub fn new(cities: usize, attempts_cap: u32) -> CityCounts {
        CityCounts {
            totals: CityTotals(vec![CityTotal::default(); cities]),
            attempts_cap,
            persons: Vec::new(),
            elsewhere: HashMap::new(),
        }
    }

    /// A counted attempt has ended; `full`: with full marks.
    pub fn attempt_ended(&mut self, who: ParticipantId, city: CityIndex, score: u32, full: bool) {
        let place = who.0 as usize;
        if self.persons.len() <= place {
            self.persons.resize(place + 1, Person::default());
        }
        let first = &mut self.persons[place];
        let person = if first.attempts == 0 || first.city == city {
            first
        } else {
            self.elsewhere.entry((who, city)).or_default()
        };
        person.city = city;
        let total = &mut self.totals.0[usize::from(city.0)];
        total.participants += u64::from(person.attempts == 0);
        total.attempts += 1;
        total.capped_attempts += u64::from(person.attempts < self.attempts_cap);
        total.best += u64::from(score.saturating_sub(person.best));
        total.full += u64::from(full && !person.full);
        person.attempts = person.attempts.saturating_add(1);
        person.best = person.best.max(score);
        person.full |= full;
    }

    /// What somebody did is counted nowhere any more, and is returned to be counted again by [`CityCounts::put_back`].
    pub fn take_out(&mut self, who: ParticipantId) -> TakenOut {
        let first = self.persons.get_mut(who.0 as usize).map(std::mem::take).filter(|person| person.attempts > 0);
        let elsewhere = self.elsewhere.extract_if(|(of, _), _| *of == who).map(|(_, person)| person);
        let taken: Vec<Person> = first.into_iter().chain(elsewhere).collect();
        for person in &taken {
            let total = &mut self.totals.0[usize::from(person.city.0)];
            total.participants -= 1;
            total.attempts -= u64::from(person.attempts);
            total.capped_attempts -= u64::from(person.attempts.min(self.attempts_cap));
            total.best -= u64::from(person.best);
            total.full -= u64::from(person.full);
        }
        TakenOut(taken)
    }

    /// Counts again what was taken out, of somebody of whom nothing is counted.
    pub fn put_back(&mut self, who: ParticipantId, taken: TakenOut) {
        for (place, person) in taken.0.into_iter().enumerate() {
            let total = &mut self.totals.0[usize::from(person.city.0)];
            total.participants += 1;
            total.attempts += u64::from(person.attempts);
            total.capped_attempts += u64::from(person.attempts.min(self.attempts_cap));
            total.best += u64::from(person.best);
            total.full += u64::from(person.full);
            if place == 0 {
                self.persons[who.0 as usize] = person;
            } else {
                self.elsewhere.insert((who, person.city), person);
            }
        }
    }

    pub fn totals(&self) -> &CityTotals {
        &self.totals
    }
}

impl CityTotals {
    /// The cities by an index, best first; equal: more participants first, then the lower code. Those without a value come last.
    pub fn ranked(&self, season: &Season, kind: CityIndexKind) -> Vec<CityStanding> {
        let values = self.values(season, kind);
        let mut standings: Vec<CityStanding> = self
            .0
            .iter()
            .zip(values)
            .enumerate()
            .map(|(i, (total, value))| CityStanding {
                rank: None,
                city: CityIndex(i as u16),
                value_millionths: value,
                participants: total.participants,
                attempts: total.attempts,
            })
            .collect();
        let code = |standing: &CityStanding| &season.region.city(standing.city).code;
        // The order of those without a value tells nothing of how many took part.
        let counted = |standing: &CityStanding| standing.value_millionths.map(|value| (value, standing.participants));
        standings.sort_by(|a, b| counted(b).cmp(&counted(a)).then_with(|| code(a).cmp(code(b))));
        for (i, standing) in standings.iter_mut().enumerate() {
            standing.rank = standing.value_millionths.map(|_| i as u32 + 1);
        }
        standings
    }

    /// Each city's value; `None` below the season's least number of participants, and where it cannot be told.
    fn values(&self, season: &Season, kind: CityIndexKind) -> Vec<Option<i64>> {
        if kind == CityIndexKind::Composite {
            return self.composite(season);
        }
        let of = |(i, total): (usize, &CityTotal)| {
            let shown = total.participants > 0 && total.participants >= u64::from(season.cities.participants_min);
            if shown { self.value(season, kind, CityIndex(i as u16), total) } else { None }
        };
        self.0.iter().enumerate().map(of).collect()
    }

    fn value(&self, season: &Season, kind: CityIndexKind, city: CityIndex, total: &CityTotal) -> Option<i64> {
        let whole = |count: u64| Some(i128::from(count) * MILLION);
        let value = match kind {
            CityIndexKind::Participants => whole(total.participants),
            CityIndexKind::Attempts => whole(total.attempts),
            CityIndexKind::CappedAttempts => whole(total.capped_attempts),
            CityIndexKind::Per10k => {
                let residents = season.region.city(city).population.filter(|residents| *residents > 0)?;
                Some(rounded(i128::from(total.participants) * 10_000 * MILLION, i128::from(residents)))
            }
            CityIndexKind::FullMarks => Some(rounded(i128::from(total.full) * MILLION, i128::from(total.participants))),
            CityIndexKind::MeanBest => {
                let all = |count: fn(&CityTotal) -> u64| self.0.iter().map(count).map(i128::from).sum::<i128>();
                let (best_of_all, people) = (all(|total| total.best), all(|total| total.participants));
                let weight = i128::from(season.cities.mean_weight);
                // (Σ best + k × mean) ÷ (n + k), with the region's mean as its own fraction, so that only one rounding is made.
                let above = i128::from(total.best) * people + weight * best_of_all;
                Some(rounded(above * MILLION, people * (i128::from(total.participants) + weight)))
            }
            CityIndexKind::Composite => None,
        };
        value.and_then(|value| i64::try_from(value).ok())
    }

    /// Σ weight × (value ÷ the highest city's value).
    fn composite(&self, season: &Season) -> Vec<Option<i64>> {
        const FINE: i128 = 1_000_000_000_000;
        let weights = &season.cities.composite;
        let parts: Vec<(i128, Vec<Option<i64>>)> = weights
            .iter()
            .filter_map(|(id, weight)| CityIndexKind::of_id(id).map(|kind| (kind, i128::from(*weight))))
            .filter(|(kind, _)| *kind != CityIndexKind::Composite)
            .map(|(kind, weight)| (weight, self.values(season, kind)))
            .collect();
        let sum_of = |city: usize| {
            let share = |(weight, values): &(i128, Vec<Option<i64>>)| {
                let highest = values.iter().flatten().copied().max().unwrap_or(0);
                match values[city] {
                    Some(value) if highest > 0 => rounded(weight * i128::from(value) * FINE, i128::from(highest)),
                    _ => 0,
                }
            };
            // Weights are percents, so the sum is in hundredths of a trillionth.
            rounded(parts.iter().map(share).sum::<i128>() * MILLION, FINE * 100)
        };
        let shown = |total: &CityTotal| {
            !parts.is_empty()
                && total.participants > 0
                && total.participants >= u64::from(season.cities.participants_min)
        };
        let value = |(i, total)| if shown(total) { i64::try_from(sum_of(i)).ok() } else { None };
        self.0.iter().enumerate().map(value).collect()
    }
}

/// The quotient rounded half up; both are not negative, and below is not zero.
fn rounded(above: i128, below: i128) -> i128 {
    if below == 0 { 0 } else { (2 * above + below) / (2 * below) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn season() -> Season {
        let mut season = crate::domain::season::tests::shipped("guangxi-2026.toml");
        season.cities.participants_min = 2;
        season.cities.mean_weight = 2;
        season.cities.composite = vec![("participants".into(), 75), ("full_marks".into(), 25)];
        season
    }

    /// Three people in city 0, two in city 1, one in city 2.
    fn counts() -> CityCounts {
        let mut counts = CityCounts::new(14, 2);
        for (who, city, score) in [(1, 0, 100), (2, 0, 50), (3, 0, 90), (4, 1, 100), (5, 1, 100), (6, 2, 100)] {
            counts.attempt_ended(ParticipantId(who), CityIndex(city), score, score == 100);
        }
        for _ in 0..3 {
            counts.attempt_ended(ParticipantId(2), CityIndex(0), 60, false);
        }
        counts
    }

    #[test]
    fn each_index_is_what_the_rules_define() {
        let season = season();
        let check = |kind: CityIndexKind, first: Option<i64>, second: Option<i64>| {
            let values = counts().totals().values(&season, kind);
            assert_eq!((values[0], values[1], values[2]), (first, second, None), "{kind:?}");
        };
        check(CityIndexKind::Participants, Some(3_000_000), Some(2_000_000));
        check(CityIndexKind::Attempts, Some(6_000_000), Some(2_000_000));
        check(CityIndexKind::CappedAttempts, Some(4_000_000), Some(2_000_000));
        // 3 × 10,000 ÷ 8,741,584 and 2 × 10,000 ÷ 4,157,934
        check(CityIndexKind::Per10k, Some(3_432), Some(4_810));
        // The region's mean is 550 ÷ 6; (250 + 2 × 91.666…) ÷ 5 and (200 + 2 × 91.666…) ÷ 4
        check(CityIndexKind::MeanBest, Some(86_666_667), Some(95_833_333));
        check(CityIndexKind::FullMarks, Some(333_333), Some(1_000_000));
        // 75% × 1 + 25% × ⅓ and 75% × ⅔ + 25% × 1
        check(CityIndexKind::Composite, Some(833_333), Some(750_000));
    }

    #[test]
    fn a_place_with_too_few_participants_has_no_rank_and_comes_last() {
        let standings = counts().totals().ranked(&season(), CityIndexKind::FullMarks);
        assert_eq!(standings[0].city, CityIndex(1));
        assert_eq!(standings[0].rank, Some(1));
        assert_eq!(standings[2].rank, None);
        assert_eq!(standings.len(), 14);
    }

    #[test]
    fn equal_values_are_ordered_by_participants_then_by_code() {
        let mut counts = CityCounts::new(14, 30);
        for (who, city) in [(1, 3), (2, 3), (3, 3), (4, 5), (5, 5), (6, 1), (7, 1)] {
            counts.attempt_ended(ParticipantId(who), CityIndex(city), 100, true);
        }
        let order: Vec<u16> =
            counts.totals().ranked(&season(), CityIndexKind::FullMarks).iter().take(3).map(|s| s.city.0).collect();
        assert_eq!(order, [3, 1, 5]);
    }

    #[test]
    fn who_moved_counts_in_each_city_with_what_was_done_there() {
        let mut counts = CityCounts::new(14, 30);
        counts.attempt_ended(ParticipantId(1), CityIndex(0), 80, false);
        counts.attempt_ended(ParticipantId(1), CityIndex(1), 60, false);
        counts.attempt_ended(ParticipantId(1), CityIndex(1), 70, false);
        let totals = |city: usize| counts.totals().0[city];
        assert_eq!((totals(0).participants, totals(0).best, totals(0).attempts), (1, 80, 1));
        assert_eq!((totals(1).participants, totals(1).best, totals(1).attempts), (1, 70, 2));
    }

    #[test]
    fn who_is_taken_out_is_counted_nowhere_and_put_back_as_they_were() {
        let mut counts = counts();
        counts.attempt_ended(ParticipantId(2), CityIndex(1), 100, true);
        let before = counts.totals().clone();
        let taken = counts.take_out(ParticipantId(2));
        let mut without = CityCounts::new(14, 2);
        for (who, city, score) in [(1, 0, 100), (3, 0, 90), (4, 1, 100), (5, 1, 100), (6, 2, 100)] {
            without.attempt_ended(ParticipantId(who), CityIndex(city), score, score == 100);
        }
        assert_eq!(counts.totals(), without.totals());
        counts.put_back(ParticipantId(2), taken);
        assert_eq!(counts.totals(), &before);
        let nobody = counts.take_out(ParticipantId(99));
        counts.put_back(ParticipantId(99), nobody);
        assert_eq!(counts.totals(), &before);
    }

    proptest! {
        #[test]
        fn counting_one_by_one_is_counting_from_scratch(
            attempts in prop::collection::vec((1i64..20, 0u16..4, 0u32..=10), 0..200)
        ) {
            let mut counts = CityCounts::new(4, 3);
            for &(who, city, score) in &attempts {
                counts.attempt_ended(ParticipantId(who), CityIndex(city), score, score == 10);
            }
            for city in 0..4u16 {
                let mut by_person: HashMap<i64, Vec<u32>> = HashMap::new();
                for &(who, _, score) in attempts.iter().filter(|(_, at, _)| *at == city) {
                    by_person.entry(who).or_default().push(score);
                }
                let sum = |of: fn(&Vec<u32>) -> u64| by_person.values().map(of).sum::<u64>();
                let expected = CityTotal {
                    participants: by_person.len() as u64,
                    attempts: sum(|scores| scores.len() as u64),
                    capped_attempts: sum(|scores| scores.len().min(3) as u64),
                    best: sum(|scores| u64::from(scores.iter().copied().max().unwrap_or(0))),
                    full: sum(|scores| u64::from(scores.contains(&10))),
                };
                prop_assert_eq!(counts.totals().0[usize::from(city)], expected);
            }
        }
    }
}
