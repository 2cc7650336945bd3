//! From counts to values, and from values to the order of the cities.

use crate::domain::cities::CityIndexKind;
use crate::domain::cities::CityTotals;
use crate::domain::cities::Totals;
use crate::domain::ids::CityIndex;
use crate::domain::season::Season;
use std::cmp::Reverse;

/// One city's line in a ranking of the cities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CityStanding {
    /// From 1. `None`: no value is shown.
    pub rank: Option<u32>,
    pub city: CityIndex,
    /// In millionths. `None`: too few participants, or residents that nobody counted.
    pub value_millionths: Option<i64>,
    pub participants: u64,
    pub attempts: u64,
}

const MILLION: i128 = 1_000_000;

impl CityTotals {
    /// All cities: the higher value first, of equal ones the one with more participants, then the lower code. Those
    /// without a value come last, by code alone, so that not even their order tells it.
    pub fn ranked(&self, season: &Season, by: CityIndexKind) -> Vec<CityStanding> {
        let values = self.values(season, by);
        let mut standings: Vec<CityStanding> = (0..).zip(&self.cities).zip(values).map(standing).collect();
        standings.sort_by_key(|standing| {
            let participants = standing.value_millionths.map(|_| standing.participants);
            let code = &season.region.city(standing.city).code;
            (Reverse(standing.value_millionths), Reverse(participants), code)
        });
        for (rank, standing) in (1..).zip(&mut standings) {
            standing.rank = standing.value_millionths.map(|_| rank);
        }
        standings
    }

    /// Of each city, in the region's order.
    fn values(&self, season: &Season, by: CityIndexKind) -> Vec<Option<i64>> {
        if by == CityIndexKind::Composite {
            return self.composites(season);
        }
        let everyone = self.region();
        let value = |(place, totals): (usize, &Totals)| {
            let enough = totals.participants >= u64::from(season.cities.participants_min);
            let residents = season.region.cities[place].population;
            enough.then(|| totals.value(by, residents, season.cities.mean_weight, &everyone)).flatten()
        };
        self.cities.iter().enumerate().map(value).collect()
    }

    /// Each part is its weight × the value ÷ the highest value that is shown, rounded, so that whoever reads the shown
    /// values can add it up again. The best possible is the sum of the weights, 100.
    fn composites(&self, season: &Season) -> Vec<Option<i64>> {
        let weights = &season.cities.composite;
        let none = if weights.is_empty() { None } else { Some(0) };
        weights.iter().fold(vec![none; self.cities.len()], |sums, (id, weight)| {
            let values =
                CityIndexKind::of_id(id).map_or_else(|| vec![None; sums.len()], |kind| self.values(season, kind));
            let highest = values.iter().flatten().max().copied().unwrap_or(0);
            let part =
                |value: i64| ratio(i128::from(*weight) * i128::from(value) * MILLION, highest.into()).unwrap_or(0);
            sums.into_iter().zip(values).map(|(sum, value)| Some(sum? + part(value?))).collect()
        })
    }

    /// All cities together; who moved counts in each of theirs here too.
    fn region(&self) -> Totals {
        self.cities.iter().fold(Totals::default(), |sum, city| Totals {
            participants: sum.participants + city.participants,
            attempts: sum.attempts + city.attempts,
            capped_attempts: sum.capped_attempts + city.capped_attempts,
            best_sum: sum.best_sum + city.best_sum,
            full: sum.full + city.full,
        })
    }
}

fn standing(((place, totals), value): ((u16, &Totals), Option<i64>)) -> CityStanding {
    CityStanding {
        rank: None,
        city: CityIndex(place),
        value_millionths: value,
        participants: totals.participants,
        attempts: totals.attempts,
    }
}

impl Totals {
    fn value(&self, by: CityIndexKind, residents: Option<u64>, mean_weight: u32, region: &Totals) -> Option<i64> {
        let participants = i128::from(self.participants);
        match by {
            CityIndexKind::Participants => ratio(participants * MILLION, 1),
            CityIndexKind::Attempts => ratio(i128::from(self.attempts) * MILLION, 1),
            CityIndexKind::CappedAttempts => ratio(i128::from(self.capped_attempts) * MILLION, 1),
            CityIndexKind::Per10k => ratio(participants * 10_000 * MILLION, residents?.into()),
            CityIndexKind::MeanBest => self.mean_best(mean_weight.into(), region),
            CityIndexKind::FullMarks => ratio(i128::from(self.full) * MILLION, participants),
            // Made of the others, of all cities at once.
            CityIndexKind::Composite => None,
        }
    }

    /// (Σ best + k × S ÷ N) ÷ (n + k), multiplied by N so that it is divided, and rounded, once.
    fn mean_best(&self, weight: i128, region: &Totals) -> Option<i64> {
        let (everyone, participants) = (i128::from(region.participants), i128::from(self.participants));
        let above = i128::from(self.best_sum) * everyone + weight * i128::from(region.best_sum);
        ratio(above * MILLION, (participants + weight) * everyone)
    }
}

/// Rounded half up; neither is negative. `None`: nothing to divide by.
fn ratio(above: i128, below: i128) -> Option<i64> {
    if below == 0 {
        return None;
    }
    i64::try_from((2 * above + below) / (2 * below)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_rounded_up() {
        assert_eq!([ratio(1, 2), ratio(3, 2), ratio(4, 3), ratio(5, 3)], [Some(1), Some(2), Some(1), Some(2)]);
        assert_eq!(ratio(1, 0), None);
    }

    #[test]
    fn the_largest_counts_stay_within_the_integers() {
        let most = Totals {
            participants: 1 << 32,
            attempts: 1 << 42,
            capped_attempts: 1 << 42,
            best_sum: (1 << 62) - (1 << 32),
            full: 1 << 32,
        };
        let value = |by| most.value(by, Some(10_000_000), 1_000_000, &most);
        assert_eq!(value(CityIndexKind::MeanBest), Some(((1 << 30) - 1) * 1_000_000));
        assert_eq!(value(CityIndexKind::Per10k), Some((1 << 32) * 1000));
        assert_eq!(value(CityIndexKind::Attempts), Some((1 << 42) * 1_000_000));
    }
}
