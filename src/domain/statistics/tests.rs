//! The measures against figures worked out by hand.

use super::*;
use crate::domain::attempt::Fate;
use crate::domain::attempt::Given;
use crate::domain::attempt::Rules;
use crate::domain::bank::BankVersion;
use crate::domain::correction::MarkScheme;
use crate::domain::correction::PUBLISHED;
use crate::domain::correction::Remedy;
use crate::domain::fairness::DrawList;
use crate::domain::fairness::Seed;
use crate::domain::ids::QuestionId;
use crate::domain::ids::QuestionIndex;
use crate::domain::paper::Paper;
use crate::domain::question::Choices;
use crate::domain::question::Kind;
use crate::domain::question::Question;
use crate::domain::rules::Round;
use crate::domain::rules::Threshold;
use crate::domain::season::tests::shipped;
use crate::domain::time::Day;
use proptest::prelude::*;

const DAY: Day = Day(20_000);

fn sitting(mark: u16, rest: u8) -> Sitting {
    let given = Given::Chosen(Choices(if mark > 0 { 0b1 } else { 0b10 }));
    Sitting { day: DAY, given, elapsed_ms: 4_000, mark, rest: Some(rest) }
}

fn item(sittings: impl IntoIterator<Item = Sitting>) -> Item {
    let mut item = Item::default();
    sittings.into_iter().for_each(|sitting| item.add(&sitting));
    item
}

#[track_caller]
fn near(found: Option<f64>, expected: f64) {
    assert!(found.is_some_and(|found| (found - expected).abs() < 1e-9), "{found:?} is not {expected}");
}

/// Marks 1 0 1 1 0 beside rests of 100 75 50 50 25 percent. Σx = 3, Σx² = 3, Σy = 300, Σy² = 21250, Σxy = 200:
/// n·Σxy − Σx·Σy = 100; n·Σx² − (Σx)² = 6; n·Σy² − (Σy)² = 16250. In order, 0 0 1 1 1 beside 25 50 50 75 100, Σxy = 225, so that
/// 225 is the most that the 100 could be.
#[test]
fn the_measures_are_those_worked_out_by_hand() {
    let five = [(WHOLE, 100), (0, 75), (WHOLE, 50), (WHOLE, 50), (0, 25)];
    let measures = Measures::of(&item(five.map(|(mark, rest)| sitting(mark, rest))));
    near(measures.facility, 0.6);
    near(measures.sd, 0.3_f64.sqrt());
    near(measures.discrimination_index, 100.0 / (6.0_f64 * 16_250.0).sqrt());
    near(measures.discriminative_efficiency, 100.0 / 225.0);
    near(measures.options[0].all, 0.6);
    near(measures.options[1].all, 0.4);
    assert_eq!((measures.group, measures.options[0].top), (0, None));
    assert_eq!(measures.mean_ms, Some(4_000));
}

/// Marks ½ 0 1 ½ beside 60 20 80 40. Σx = 2, Σx² = 1.5, Σy = 200, Σy² = 12000, Σxy = 130: 120; 2; 8000. In order: Σxy = 130, the same.
#[test]
fn an_incomplete_answer_has_its_part_of_the_mark() {
    let four = [(5_000, 60), (0, 20), (WHOLE, 80), (5_000, 40)];
    let measures = Measures::of(&item(four.map(|(mark, rest)| sitting(mark, rest))));
    near(measures.facility, 0.5);
    near(measures.sd, (0.5_f64 / 3.0).sqrt());
    near(measures.discrimination_index, 120.0 / (2.0_f64 * 8_000.0).sqrt());
    near(measures.discriminative_efficiency, 1.0);
}

#[test]
fn what_does_not_vary_discriminates_nothing() {
    for alike in [[(WHOLE, 40), (WHOLE, 60)], [(WHOLE, 50), (0, 50)]] {
        let measures = Measures::of(&item(alike.map(|(mark, rest)| sitting(mark, rest))));
        assert_eq!((measures.discrimination_index, measures.discriminative_efficiency), (None, None));
    }
    let alone = Measures::of(&item([sitting(WHOLE, 40)]));
    assert_eq!((alone.facility, alone.sd, alone.discrimination_index), (Some(1.0), None, None));
    assert_eq!(Measures::of(&Item::default()).facility, None);
}

/// Of twenty papers a group is 5.4, so five. Two have 90, six 80, six 50, six 10: the best five are the two and half of the six.
/// Right are the two, two of the six at 80, three of those at 50, none at 10: (2 + 2 × ½) ÷ 5 of the best, 0 of the weakest.
#[test]
fn the_best_and_the_weakest_are_counted_by_the_rest_of_their_papers() {
    let some = |rest, right: usize, wrong: usize| {
        let (right, wrong) = (std::iter::repeat_n(WHOLE, right), std::iter::repeat_n(0, wrong));
        right.chain(wrong).map(move |mark| sitting(mark, rest))
    };
    let twenty = some(90, 2, 0).chain(some(80, 2, 4)).chain(some(50, 3, 3)).chain(some(10, 0, 6));
    let measures = Measures::of(&item(twenty));
    assert_eq!(measures.group, 5);
    near(measures.options[0].all, 7.0 / 20.0);
    near(measures.options[0].top, 3.0 / 5.0);
    near(measures.options[1].top, 2.0 / 5.0);
    near(measures.options[0].bottom, 0.0);
    near(measures.options[1].bottom, 1.0);
}

#[test]
fn what_was_passed_timed_out_or_left_is_wrong_and_in_no_mean_time() {
    let given = [Given::Chosen(Choices(1)), Given::Chosen(Choices::NONE), Given::TimedOut, Given::Left];
    let sitting =
        |given| Sitting { given, mark: if given == Given::Chosen(Choices(1)) { WHOLE } else { 0 }, ..sitting(0, 0) };
    let measures = Measures::of(&item(given.map(sitting)));
    let Tally { shown, right, answered, passed, timed_out, left, .. } = measures.tally;
    assert_eq!((shown, right, answered, passed, timed_out, left), (4, 1, 1, 1, 1, 1));
    near(measures.facility, 0.25);
    assert_eq!(measures.mean_ms, Some(4_000));
}

/// Single-choice questions with A right, and the first round of the demo season: 5 of them for 10 points each.
fn ground() -> (Round, BankVersion) {
    let mut round = shipped("demo.toml").rounds[0].clone();
    round.blueprint.sections.truncate(1);
    let section = &mut round.blueprint.sections[0];
    (section.kinds, section.topics, section.difficulties) = (Vec::new(), Vec::new(), Vec::new());
    (section.count, section.points) = (5, 10);
    round.scoring.threshold = None;
    let questions = (0..5).map(|n| question(&format!("q{n}"), Kind::Single)).collect();
    (round, BankVersion::new("kexue", [0; 16], questions))
}

fn question(id: &str, kind: Kind) -> Question {
    Question {
        id: QuestionId(id.into()),
        kind,
        topic: "卫生健康".into(),
        difficulty: 1,
        stem: id.into(),
        options: ["甲", "乙", "丙", "丁"].map(String::from).into(),
        key: Choices(1),
        fixed_order: false,
        explanation: String::new(),
        source: String::new(),
        contributor: None,
        link: None,
        media: None,
    }
}

/// The sittings of a paper on which these were answered right, in its order; what is beyond them was not reached.
fn of_paper(
    round: &Round,
    bank: &BankVersion,
    scheme: &MarkScheme,
    right: &[bool],
) -> (Paper, Vec<(QuestionIndex, Sitting)>) {
    let list = DrawList::of(bank, &Default::default());
    let paper = Paper::draw(&list, &round.blueprint, &Seed([7; 32]));
    let fate = |(place, right): (usize, &bool)| Fate {
        seq: place as u32 + 1,
        given: Given::Chosen(Choices(if *right { 1 } else { 2 })),
        elapsed_ms: 1_000,
    };
    let fates: Vec<Fate> = right.iter().enumerate().map(fate).collect();
    let mut found = Vec::new();
    sittings(Rules { round, bank, scheme }, &paper, &fates, DAY, |index, sitting| found.push((index, sitting)));
    (paper, found)
}

fn marks_and_rests(sittings: &[(QuestionIndex, Sitting)]) -> Vec<(u16, Option<u8>)> {
    sittings.iter().map(|(_, sitting)| (sitting.mark, sitting.rest)).collect()
}

#[test]
fn the_rest_is_the_paper_without_the_question_and_what_was_not_reached_brought_nothing() {
    let (round, bank) = ground();
    let (paper, all) = of_paper(&round, &bank, &PUBLISHED, &[true, false, true]);
    assert_eq!(marks_and_rests(&all), [(WHOLE, Some(25)), (0, Some(50)), (WHOLE, Some(25))]);
    assert_eq!(all.iter().map(|(index, _)| *index).collect::<Vec<_>>(), paper.questions()[..3]);
}

#[test]
fn questions_of_different_points_are_weighed_by_them() {
    let (mut round, bank) = ground();
    round.blueprint.sections = [(1, 30), (4, 10)]
        .map(|(count, points)| crate::domain::rules::Section { count, points, ..round.blueprint.sections[0].clone() })
        .into();
    let (_, all) = of_paper(&round, &bank, &PUBLISHED, &[true, true, false, false, false]);
    // Of 40, 10; of 60, 30; then 40 of 60: 66.7.
    assert_eq!(marks_and_rests(&all)[..3], [(WHOLE, Some(25)), (WHOLE, Some(50)), (0, Some(67))]);
}

#[test]
fn where_right_answers_are_counted_each_is_worth_the_same() {
    let (mut round, bank) = ground();
    round.blueprint.sections[0].points = 0;
    round.scoring.threshold = Some(Threshold { right: 3, points: 100 });
    let (_, all) = of_paper(&round, &bank, &PUBLISHED, &[true, true, true, true, false]);
    assert_eq!(marks_and_rests(&all)[3..], [(WHOLE, Some(75)), (0, Some(100))]);
}

#[test]
fn a_question_is_marked_as_it_was_corrected_and_left_out_where_it_was_annulled() {
    let (round, bank) = ground();
    let answers = [true, false, true, true, true];
    let (paper, _) = of_paper(&round, &bank, &PUBLISHED, &answers);
    let second = paper.questions()[1];
    let corrected = PUBLISHED.after(1, second, &Remedy::NewKey { key: Choices(2) });
    let (_, all) = of_paper(&round, &bank, &corrected, &answers);
    assert_eq!(marks_and_rests(&all), [(WHOLE, Some(100)); 5]);
    let annulled = PUBLISHED.after(1, second, &Remedy::Annul);
    let (_, all) = of_paper(&round, &bank, &annulled, &answers);
    assert_eq!(marks_and_rests(&all), [(WHOLE, Some(100)); 4]);
    assert!(all.iter().all(|(index, _)| *index != second));
}

#[test]
fn a_paper_of_one_question_has_no_rest() {
    let (mut round, bank) = ground();
    round.blueprint.sections[0].count = 1;
    let (_, all) = of_paper(&round, &bank, &PUBLISHED, &[true]);
    assert_eq!(marks_and_rests(&all), [(WHOLE, None)]);
    let item = item([all[0].1]);
    assert_eq!((item.total().shown, item.levels().len()), (1, 0));
}

fn day(day: i32, papers: usize, right: usize, elapsed_ms: u32) -> impl Iterator<Item = Sitting> {
    let marks = (0..papers).map(move |n| if n < right { WHOLE } else { 0 });
    marks.map(move |mark| Sitting { day: Day(DAY.0 + day), elapsed_ms, ..sitting(mark, 50) })
}

fn found(item: &Item, kind: Kind, today: i32) -> Vec<(AlarmCode, Option<usize>, Option<i32>)> {
    let measures = Measures::of(item);
    let alarms = alarms(&question("q", kind), Choices(1), item, &measures, Day(DAY.0 + today));
    alarms.iter().map(|alarm| (alarm.code, alarm.option, alarm.day.map(|day| day.0 - DAY.0))).collect()
}

#[test]
fn a_jump_needs_enough_papers_on_both_sides_and_twenty_points_of_a_hundred() {
    let jumps = |before: (usize, usize), on: (usize, usize)| {
        let item = item(day(0, before.0, before.1, 8_000).chain(day(1, on.0, on.1, 8_000)));
        found(&item, Kind::TrueFalse, 1).contains(&(AlarmCode::FacilityJump, None, Some(1)))
    };
    assert!(jumps((200, 80), (100, 80)));
    assert!(!jumps((200, 80), (100, 59)), "nineteen points");
    assert!(!jumps((200, 80), (49, 45)), "too few on the day");
    assert!(!jumps((99, 40), (100, 80)), "too few before it");
    assert!(!jumps((100, 40), (50, 30)), "within chance");
    assert!(jumps((100, 0), (50, 50)), "where all are alike");
}

#[test]
fn a_day_is_told_for_two_weeks_and_of_several_the_newest() {
    let item = item(day(0, 200, 80, 8_000).chain(day(1, 100, 90, 3_000)).chain(day(2, 100, 100, 2_000)));
    let both = |day| vec![(AlarmCode::FacilityJump, None, Some(day)), (AlarmCode::TimeCollapse, None, Some(day))];
    assert_eq!(found(&item, Kind::TrueFalse, 2), both(2));
    assert_eq!(found(&item, Kind::TrueFalse, 15), both(2));
    assert_eq!(found(&item, Kind::TrueFalse, 16), []);
}

#[test]
fn an_option_that_nobody_chooses_is_told_once_enough_have_answered() {
    let options = |item: &Item| found(item, Kind::Single, 0);
    // A and B are chosen, C and D by nobody.
    let of = |papers| item(day(0, papers, papers * 3 / 5, 8_000));
    assert_eq!(options(&of(199)), []);
    let expected = [2, 3].map(|place| (AlarmCode::NobodyChooses, Some(place), None));
    assert_eq!(options(&of(200)), expected);
    assert_eq!(found(&of(200), Kind::TrueFalse, 0), []);
}

#[test]
fn the_best_who_choose_a_wrong_option_more_than_the_key_are_told_of() {
    let of = |papers: usize, right_of_best: usize| {
        let best = (0..papers).map(|n| sitting(if n < right_of_best { WHOLE } else { 0 }, 90));
        let others = (0..papers * 3).map(|_| sitting(WHOLE, 20));
        found(&item(best.chain(others)), Kind::TrueFalse, 0)
    };
    // The best of 120 are 32: these, and two of the others, who are right.
    assert_eq!(of(30, 13), [(AlarmCode::BestChooseWrong, Some(1), None)]);
    assert_eq!(of(30, 20), []);
    assert_eq!(of(20, 2), [], "too few");
}

#[test]
fn alarms_say_what_to_do() {
    let item = item(day(0, 200, 80, 8_000).chain(day(1, 100, 90, 3_000)));
    let alarms = alarms(&question("q", Kind::Single), Choices(1), &item, &Measures::of(&item), Day(DAY.0 + 1));
    let said: Vec<&str> = alarms.iter().map(|alarm| alarm.sentence.as_str()).collect();
    assert_eq!(
        said,
        [
            "2024-10-05 的正确率是 90%（100 人），此前平均 40%：题目可能外传了。请看看网上有没有这道题；外传了的，停用它，换一批题。",
            "2024-10-05 平均 3.0 秒 答完，此前平均要 8.0 秒：题目可能外传了，或者有人用程序作答。请和当天其他题对照；只有这一道变快的，停用它。",
            "300 人作答，选 C 的只有 0 人，这个选项起不到干扰作用。修订时换一个更像的说法，或者删去它。",
            "300 人作答，选 D 的只有 0 人，这个选项起不到干扰作用。修订时换一个更像的说法，或者删去它。",
        ]
    );
}

fn any_sitting() -> impl Strategy<Value = Sitting> {
    let given =
        prop_oneof![(0u16..16).prop_map(|set| Given::Chosen(Choices(set))), Just(Given::TimedOut), Just(Given::Left)];
    let marks = prop_oneof![Just(0), Just(3_333), Just(5_000), Just(WHOLE)];
    (0i32..5, given, 0u32..60_000, marks, prop::option::of(0u8..=100)).prop_map(
        |(day, given, elapsed_ms, mark, rest)| Sitting { day: Day(DAY.0 + day), given, elapsed_ms, mark, rest },
    )
}

proptest! {
    #[test]
    fn in_any_order_and_from_any_parts_it_is_the_same(
        sittings in prop::collection::vec(any_sitting(), 0..60), part in any::<prop::sample::Index>(), by in any::<u64>(),
    ) {
        let whole = item(sittings.iter().copied());
        let mut shuffled = sittings.clone();
        shuffled.sort_by_key(|sitting| (u64::from(sitting.elapsed_ms) + 1).wrapping_mul(by | 1));
        prop_assert_eq!(&item(shuffled.iter().copied()), &whole);
        let (one, other) = shuffled.split_at(part.index(shuffled.len() + 1));
        let mut merged = item(one.iter().copied());
        merged.merge(&item(other.iter().copied()));
        prop_assert_eq!(&merged, &whole);
        let measures = Measures::of(&whole);
        for within in [measures.discrimination_index, measures.discriminative_efficiency.filter(|_| measures.discrimination_index.is_some())] {
            prop_assert!(within.is_none_or(|found| found <= 1.0 + 1e-9), "{within:?}");
        }
        prop_assert!(measures.facility.is_none_or(|facility| (0.0..=1.0).contains(&facility)));
    }
}

/// The figures of docs/statistics.md.
#[test]
fn a_day_and_a_level_take_no_more_than_is_said() {
    assert_eq!(size_of::<(Day, Tally)>(), 88);
    assert_eq!(size_of::<Level>(), 48);
    assert_eq!(size_of::<Item>(), 72);
}
