//! Indices worked out by hand, and counts that come to the same however they came about.

use super::*;
use proptest::prelude::*;
use std::collections::HashSet;

/// Three cities of 2,000, 4,000 and 1,000 residents.
const REGION: &str = r#"[region]
code = "45"
name = "甲地区"
short = "甲地"
population_year = 2020
levels = ["地区", "市"]

[[city]]
code = "4503"
name = "丙市"
population = 2000

[[city]]
code = "4501"
name = "乙市"
population = 4000

[[city]]
code = "4502"
name = "丁市"
population = 1000
"#;

const SEASON: &str = r#"id = "small"
name = "小赛季"
opens = 2026-08-01
last_day = 2026-08-31
region = "region"

[cities]
attempts_cap = 3
mean_weight = 2
participants_min = 2
composite = { participants = 50, mean_best = 30, full_marks = 20 }

[[bank]]
id = "kexue"
path = "bank"

[[round]]
id = "daily"
name = "每日竞赛"
question_seconds = 30
[[round.section]]
count = 10
points = 10
"#;

fn season() -> Season {
    Season::read(SEASON, &|_| Ok(REGION.to_owned())).unwrap()
}

/// Participant, city, score; 100 is full.
type Attempt = (i64, u16, u32);

fn counted(season: &Season, attempts: &[Attempt]) -> CityCounts {
    let mut counts = CityCounts::new(season.region.cities.len(), season.cities.attempts_cap);
    for (who, city, score) in attempts {
        counts.attempt_ended(ParticipantId(*who), CityIndex(*city), *score, *score == 100);
    }
    counts
}

/// Rank, city and value of each line.
fn lines(season: &Season, attempts: &[Attempt], by: CityIndexKind) -> Vec<(Option<u32>, u16, Option<i64>)> {
    let standings = counted(season, attempts).ranked(season, by);
    standings.into_iter().map(|standing| (standing.rank, standing.city.0, standing.value_millionths)).collect()
}

/// City 0: three people, bests 100, 60 and 50, one of them with five attempts. City 1: two people, 90 and 90. City 2: one, 100.
const PLAYED: [Attempt; 10] = [
    (1, 0, 20),
    (1, 0, 100),
    (1, 0, 100),
    (1, 0, 80),
    (1, 0, 0),
    (2, 0, 60),
    (3, 0, 50),
    (4, 1, 90),
    (5, 1, 90),
    (6, 2, 100),
];

#[test]
fn each_index_is_what_the_hand_works_out() {
    let season = season();
    let check = |by, first: (u16, i64), second: (u16, i64)| {
        let expected = [(Some(1), first.0, Some(first.1)), (Some(2), second.0, Some(second.1)), (None, 2, None)];
        assert_eq!(lines(&season, &PLAYED, by), expected, "{by:?}");
    };
    check(CityIndexKind::Participants, (0, 3_000_000), (1, 2_000_000));
    check(CityIndexKind::Attempts, (0, 7_000_000), (1, 2_000_000));
    // Five attempts of one person count as three.
    check(CityIndexKind::CappedAttempts, (0, 5_000_000), (1, 2_000_000));
    // 3 × 10,000 ÷ 2,000 and 2 × 10,000 ÷ 4,000.
    check(CityIndexKind::Per10k, (0, 15_000_000), (1, 5_000_000));
    // The region's mean is 490 ÷ 6, of all cities: (180 + 163⅓) ÷ 4 = 85.8333… and (210 + 163⅓) ÷ 5 = 74.6666…
    check(CityIndexKind::MeanBest, (1, 85_833_333), (0, 74_666_667));
    check(CityIndexKind::FullMarks, (0, 333_333), (1, 0));
    // City 0: 50 × 1 + 30 × 74.666667 ÷ 85.833333 (26.097088) + 20 × 1. City 1: 50 × ⅔ + 30 × 1 + 0.
    check(CityIndexKind::Composite, (0, 96_097_088), (1, 63_333_333));
}

#[test]
fn a_line_tells_how_many_took_part_and_how_often() {
    let season = season();
    let standing = counted(&season, &PLAYED).ranked(&season, CityIndexKind::MeanBest)[1];
    assert_eq!((standing.participants, standing.attempts), (3, 7));
}

#[test]
fn of_equal_values_more_participants_come_first_and_then_the_lower_code() {
    let season = season();
    let more_people = [(1, 0, 10), (2, 0, 10), (3, 2, 10), (4, 2, 10), (5, 2, 10)];
    let order = |attempts: &[Attempt]| -> Vec<u16> {
        lines(&season, attempts, CityIndexKind::FullMarks).into_iter().map(|(_, city, _)| city).collect()
    };
    assert_eq!(order(&more_people), [2, 0, 1]);
    // Codes 4503, 4501 and 4502.
    assert_eq!(order(&[(1, 0, 0), (2, 0, 0), (3, 1, 0), (4, 1, 0), (5, 2, 0), (6, 2, 0)]), [1, 2, 0]);
}

#[test]
fn too_few_participants_show_no_value_and_come_last_without_a_rank() {
    let season = season();
    for by in CityIndexKind::ALL {
        let lines = lines(&season, &[(1, 0, 100), (2, 1, 10), (3, 1, 10)], by);
        assert_eq!(lines[1..], [(None, 2, None), (None, 0, None)], "{by:?}");
        assert_eq!((lines[0].0, lines[0].1), (Some(1), 1), "{by:?}");
    }
    assert!(
        lines(&season, &[], CityIndexKind::MeanBest).iter().all(|(rank, _, value)| rank.is_none() && value.is_none())
    );
}

#[test]
fn what_nobody_shows_does_not_set_the_measure_of_the_composite() {
    let season = season();
    let shown = [(1, 1, 50), (2, 1, 50)];
    let with_a_small_city = [(1, 1, 50), (2, 1, 50), (3, 2, 100)];
    let composite = |attempts: &[Attempt]| lines(&season, attempts, CityIndexKind::Composite)[0];
    assert_eq!(composite(&shown), (Some(1), 1, Some(80_000_000)));
    assert_eq!(composite(&with_a_small_city), (Some(1), 1, Some(80_000_000)));
}

#[test]
fn who_moves_counts_in_both_cities_with_the_attempts_made_for_each() {
    let season = season();
    let attempts = [(1, 0, 100), (1, 1, 40), (1, 1, 60), (2, 0, 50), (3, 1, 50), (1, 0, 10)];
    let counts = counted(&season, &attempts);
    let city = |place: usize| counts.totals().cities[place];
    assert_eq!((city(0).participants, city(0).attempts, city(0).best_sum, city(0).full), (2, 3, 150, 1));
    assert_eq!((city(1).participants, city(1).attempts, city(1).best_sum, city(1).full), (2, 3, 110, 0));
}

#[test]
fn the_public_is_told_what_each_index_means_with_the_seasons_numbers() {
    let told: Vec<String> = CityIndexKind::shown(&season())
        .map(|by| format!("{} {} {}", by.id(), by.name(), by.definition(&season())))
        .collect();
    assert_eq!(
        told,
        [
            "participants 参与人数 完成过至少一次计分答题的人数；参与人数不足 2 人的地方不排名。",
            "attempts 答题次数 完成的计分答题次数；参与人数不足 2 人的地方不排名。",
            "capped_attempts 限次答题数 完成的计分答题次数，每人最多计 3 次；参与人数不足 2 人的地方不排名。",
            "per_10k 每万人参与数 参与人数 × 10000 ÷ 常住人口（2020 年人口普查）；参与人数不足 2 人的地方不排名。",
            "mean_best 平均成绩 每人取得分最高的一次，（得分之和 + 2 × 甲地平均分）÷（参与人数 + 2），\
             人少的地方因此更接近甲地平均分；参与人数不足 2 人的地方不排名。",
            "full_marks 满分率 得过满分的人数 ÷ 参与人数；参与人数不足 2 人的地方不排名。",
            "composite 综合指数 满分 100，参与人数占 50%、平均成绩占 30%、满分率占 20%，每项按与最高的地方之比计；\
             参与人数不足 2 人的地方不排名。",
        ]
    );
}

#[test]
fn an_index_is_shown_only_where_the_season_can_tell_it() {
    let mut season = season();
    season.cities.composite.clear();
    season.region.cities[1].population = None;
    let shown: Vec<&str> = CityIndexKind::shown(&season).map(CityIndexKind::id).collect();
    assert_eq!(shown, ["participants", "attempts", "capped_attempts", "mean_best", "full_marks"]);
    assert!(CityIndexKind::ALL.into_iter().all(|kind| CityIndexKind::of_id(kind.id()) == Some(kind)));
}

/// A city's counts from all its attempts at once.
fn from_scratch(attempts: &[Attempt], city: u16, cap: u64) -> Totals {
    let here: Vec<&Attempt> = attempts.iter().filter(|(_, at, _)| *at == city).collect();
    let people: HashSet<i64> = here.iter().map(|(who, _, _)| *who).collect();
    let scores = |who: i64| here.iter().filter(move |(of, _, _)| *of == who).map(|(_, _, score)| u64::from(*score));
    Totals {
        participants: people.len() as u64,
        attempts: here.len() as u64,
        capped_attempts: people.iter().map(|who| cap.min(scores(*who).count() as u64)).sum(),
        best_sum: people.iter().filter_map(|who| scores(*who).max()).sum(),
        full: people.iter().filter(|who| scores(**who).any(|score| score == 100)).count() as u64,
    }
}

proptest! {
    #[test]
    fn counting_one_by_one_comes_to_what_counting_all_at_once_does(
        attempts in prop::collection::vec((1i64..15, 0u16..3, prop_oneof![Just(100u32), 0u32..100]), 0..150),
    ) {
        let counts = counted(&season(), &attempts);
        for city in 0..3u16 {
            prop_assert_eq!(counts.totals().cities[usize::from(city)], from_scratch(&attempts, city, 3));
        }
    }
}
