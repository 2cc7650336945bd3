//! Boards that are filled at once are the ones that fill attempt by attempt.

use super::*;
use crate::contest::roster::Player;
use crate::domain::ids::AttemptId;
use crate::domain::ids::CountyIndex;
use crate::domain::ids::GroupIndex;
use crate::domain::ids::OrganisationIndex;
use crate::domain::rules::SeasonTallyRule;
use crate::domain::season::Organisation;
use proptest::prelude::*;

const TALLIES: [TallyRule; 4] = [TallyRule::Best, TallyRule::Last, TallyRule::Sum, TallyRule::SumOfDailyBest];

/// A season of four rounds, each tallied by another rule.
fn season(tally: SeasonTallyRule) -> Season {
    let mut season = crate::domain::season::tests::shipped("guangxi-2026.toml");
    let round = season.rounds[0].clone();
    season.rounds = TALLIES.map(|tally| crate::domain::rules::Round { tally, ..round.clone() }).to_vec();
    season.tally = tally;
    let organisation =
        |i: usize| Organisation { id: format!("o{i}"), name: format!("单位{i}"), city: None, county: None };
    season.organisations = (0..3).map(organisation).collect();
    season
}

#[derive(Clone, Debug)]
enum Act {
    Finish(Finished),
    Move(ParticipantId, Place),
}

fn place() -> impl Strategy<Value = Place> {
    let few = |most: u16| prop::option::of(0..most);
    (0u16..3, few(5), few(3), few(2)).prop_map(|(city, county, organisation, group)| Place {
        city: CityIndex(city),
        county: county.map(CountyIndex),
        organisation: organisation.map(|index| OrganisationIndex(u32::from(index))),
        group: group.map(GroupIndex),
    })
}

/// Few participants with few different scores, so that standings are replaced, repeated and tied.
fn acts() -> impl Strategy<Value = Vec<Act>> {
    let finish = (1i64..30, 0u16..4, 0u32..4, 0u64..4, 0u16..3, 0u8..10);
    let finish = finish.prop_map(|(who, round, score, elapsed_ms, city, luck)| {
        Act::Finish(Finished {
            participant: ParticipantId(who),
            round: RoundIndex(round),
            standing: Standing { score, elapsed_ms, finished_at: Timestamp(0), attempt: AttemptId(0) },
            correct: score,
            grants: false,
            full: score == 3,
            day: Day(0),
            city: CityIndex(city),
            counted: luck > 0,
            handed_back: luck == 0,
        })
    });
    let act = prop_oneof![
        12 => finish,
        1 => (1i64..30, place()).prop_map(|(who, place)| Act::Move(ParticipantId(who), place)),
    ];
    prop::collection::vec(act, 0..300)
}

/// Moments, days and attempt ids as they come in a season: each later than the one before, many a day.
fn in_order(acts: Vec<Act>) -> Vec<Act> {
    let mut later = 0;
    let mut acts = acts;
    for act in &mut acts {
        if let Act::Finish(finished) = act {
            later += 1;
            finished.standing.attempt = AttemptId(later);
            finished.standing.finished_at = Timestamp(later / 3);
            finished.day = Day((later / 40) as i32);
        }
    }
    acts
}

type Row = (Of, Scope, u64, ParticipantId, Standing);

fn rows(scoreboard: &Scoreboard) -> Vec<Row> {
    let mut rows = Vec::new();
    scoreboard.for_each_standing(|of, scope, rank, who, standing| rows.push((of, scope, rank, who, standing)));
    rows
}

fn same(one: &Scoreboard, other: &Scoreboard, roster: &Roster) {
    assert_eq!(rows(one), rows(other));
    assert_eq!(one.latest, other.latest);
    assert_eq!(one.cities_revision(), other.cities_revision());
    for of in (0..4).map(|i| Some(RoundIndex(i))).chain([None]) {
        assert_eq!(one.cities(of), other.cities(of));
        for who in (1..30).map(ParticipantId) {
            let place = roster.with(who, |player| player.place).unwrap_or_default();
            assert_eq!(one.standing(of, who), other.standing(of, who));
            assert_eq!(one.ranks(of, who, place), other.ranks(of, who, place));
        }
    }
}

proptest! {
    #[test]
    fn boards_filled_at_once_are_those_that_fill_attempt_by_attempt(
        (best, acts, places, until) in (any::<bool>(), acts(), prop::collection::vec(place(), 29), 0usize..300)
    ) {
        let season = season(if best { SeasonTallyRule::BestRound } else { SeasonTallyRule::SumOfRounds });
        let roster = Roster::default();
        for (who, place) in (1..).zip(places) {
            roster.insert(ParticipantId(who), Player::new("某某", place));
        }
        let mut one_by_one = Scoreboard::new(&season);
        let mut tallies = Tallies::new(&season);
        let acts = in_order(acts);
        let (before, after) = acts.split_at(until.min(acts.len()));
        for act in before {
            match act {
                Act::Finish(finished) => {
                    one_by_one.finish(&season, &roster, finished);
                    tallies.take(&season, finished);
                }
                Act::Move(who, to) => {
                    let from = roster.change(*who, |player| std::mem::replace(&mut player.place, *to));
                    one_by_one.moved(*who, from.unwrap_or_default(), *to);
                }
            }
        }
        let mut at_once = tallies.ranked(&season, &roster);
        same(&one_by_one, &at_once, &roster);
        // What comes later finds nothing different either.
        for act in after {
            match act {
                Act::Finish(finished) => {
                    let told = [&mut one_by_one, &mut at_once].map(|board| board.finish(&season, &roster, finished));
                    prop_assert_eq!(told[0], told[1]);
                }
                Act::Move(who, to) => {
                    let from = roster.change(*who, |player| std::mem::replace(&mut player.place, *to));
                    for board in [&mut one_by_one, &mut at_once] {
                        board.moved(*who, from.unwrap_or_default(), *to);
                    }
                }
            }
        }
        same(&one_by_one, &at_once, &roster);
    }
}

/// What everyone sees: rows, standings and cities. How often they changed is another matter.
fn seen(scoreboard: &Scoreboard) -> (Vec<Row>, Vec<Option<CityTotals>>) {
    let scopes = (0..4).map(|i| Some(RoundIndex(i))).chain([None]);
    (rows(scoreboard), scopes.map(|of| scoreboard.cities(of).cloned()).collect())
}

proptest! {
    #[test]
    fn who_was_taken_off_and_put_back_is_where_a_recomputation_puts_them(
        (best, acts, places) in (any::<bool>(), acts(), prop::collection::vec(place(), 29)),
        turns in prop::collection::vec((0usize..300, 1i64..30), 0..40),
    ) {
        let season = season(if best { SeasonTallyRule::BestRound } else { SeasonTallyRule::SumOfRounds });
        let roster = Roster::default();
        for (who, place) in (1..).zip(places) {
            roster.insert(ParticipantId(who), Player::new("某某", place));
        }
        let mut running = Scoreboard::new(&season);
        let mut out = std::collections::BTreeSet::new();
        let acts = in_order(acts);
        let place_of = |who| roster.with(who, |player| player.place).unwrap_or_default();
        let computed = |upto: usize, out: &std::collections::BTreeSet<ParticipantId>| {
            let mut tallies = Tallies::new(&season).without(out.iter().copied());
            for act in &acts[..upto] {
                if let Act::Finish(finished) = act {
                    tallies.take(&season, finished);
                }
            }
            tallies.ranked(&season, &roster)
        };
        for (place, act) in acts.iter().enumerate() {
            for (_, who) in turns.iter().filter(|(at, _)| *at == place) {
                let who = ParticipantId(*who);
                if out.remove(&who) {
                    running.put_back(&season, who, place_of(who));
                } else {
                    running.take_off(who, place_of(who));
                    out.insert(who);
                }
                prop_assert_eq!(seen(&running), seen(&computed(place, &out)));
            }
            match act {
                Act::Finish(finished) => {
                    running.finish(&season, &roster, finished);
                }
                Act::Move(who, to) => {
                    let from = roster.change(*who, |player| std::mem::replace(&mut player.place, *to));
                    running.moved(*who, from.unwrap_or_default(), *to);
                }
            }
        }
        let mut started = computed(acts.len(), &out);
        prop_assert_eq!(seen(&running), seen(&started));
        // A start that found them out puts them back where the running one does.
        for who in std::mem::take(&mut out) {
            running.put_back(&season, who, place_of(who));
            started.put_back(&season, who, place_of(who));
        }
        prop_assert_eq!(seen(&running), seen(&computed(acts.len(), &out)));
        prop_assert_eq!(seen(&running), seen(&started));
    }
}

#[test]
#[should_panic(expected = "left a place whose boards they were not on")]
fn nobody_leaves_a_place_where_they_were_not() {
    let season = season(SeasonTallyRule::BestRound);
    let roster = Roster::default();
    let standing = Standing { score: 1, elapsed_ms: 1, finished_at: Timestamp(1), attempt: AttemptId(1) };
    let finished = Finished {
        participant: ParticipantId(1),
        round: RoundIndex(0),
        standing,
        correct: 1,
        grants: false,
        full: false,
        day: Day(0),
        city: CityIndex(0),
        counted: true,
        handed_back: false,
    };
    let mut scoreboard = Scoreboard::new(&season);
    scoreboard.finish(&season, &roster, &finished);
    let elsewhere = Place { city: CityIndex(1), ..Place::default() };
    scoreboard.moved(ParticipantId(1), elsewhere, Place::default());
}
