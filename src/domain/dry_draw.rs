//! 试抽: what papers of a round would be, before anybody plays it. Shares are counted, and nothing here decides anything.

use crate::domain::fairness::DrawEntry;
use crate::domain::fairness::DrawList;
use crate::domain::fairness::Seed;
use crate::domain::ids::QuestionIndex;
use crate::domain::paper::Paper;
use crate::domain::paper::Shortfall;
use crate::domain::paper::shortfalls;
use crate::domain::question::Kind;
use crate::domain::rules::Blueprint;
use crate::domain::rules::Round;
use std::collections::BTreeMap;
use std::collections::HashMap;

/// What a number of papers came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DryDraw {
    pub papers: u32,
    /// Questions that some section takes.
    pub eligible: usize,
    /// On how many papers each question stood, the most frequent first; those that stood on none are left out.
    pub drawn: Vec<(QuestionIndex, u32)>,
    pub topics: Vec<(String, PerPaper)>,
    /// By [`Kind::code`].
    pub kinds: Vec<(Kind, PerPaper)>,
    /// 1 to 3.
    pub difficulties: Vec<(u8, PerPaper)>,
    /// The mean difficulty of a paper, in thousandths: 1000 is all easy, 3000 all hard.
    pub difficulty: PerPaper,
    pub full_marks: u32,
    /// What somebody who only guesses may expect of a paper, in thousandths of a point.
    pub guessed: PerPaper,
    /// Sections that may find too few questions.
    pub shortfalls: Vec<Shortfall>,
}

/// The fewest and the most on one paper, and the sum over all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerPaper {
    pub least: u64,
    pub most: u64,
    pub sum: u64,
    papers: u32,
}

impl PerPaper {
    fn take(&mut self, value: u64) {
        self.least = if self.papers == 0 { value } else { self.least.min(value) };
        self.most = self.most.max(value);
        self.sum += value;
        self.papers += 1;
    }

    /// In thousandths.
    pub fn mean(&self) -> u64 {
        self.sum * 1000 / u64::from(self.papers.max(1))
    }
}

/// Draws one paper of `round` from each seed, as an attempt would.
pub fn dry_draw(list: &DrawList, round: &Round, seeds: impl IntoIterator<Item = Seed>) -> DryDraw {
    let entries: HashMap<QuestionIndex, &DrawEntry> = list.entries.iter().map(|entry| (entry.index, entry)).collect();
    let sections = &round.blueprint.sections;
    let eligible: Vec<&DrawEntry> =
        list.entries.iter().filter(|entry| sections.iter().any(|section| section.takes(entry))).collect();
    let mut times: HashMap<QuestionIndex, u32> = HashMap::new();
    let mut topics: BTreeMap<&str, PerPaper> =
        eligible.iter().map(|one| (one.topic.as_str(), PerPaper::default())).collect();
    let all_kinds = [Kind::TrueFalse, Kind::Single, Kind::Multiple].into_iter();
    let there = all_kinds.filter(|kind| eligible.iter().any(|one| one.kind == *kind));
    let mut kinds: Vec<(Kind, PerPaper)> = there.map(|kind| (kind, PerPaper::default())).collect();
    let mut difficulties: BTreeMap<u8, PerPaper> =
        eligible.iter().map(|one| (one.difficulty, PerPaper::default())).collect();
    let mut found = DryDraw {
        eligible: eligible.len(),
        full_marks: round.full_marks(),
        shortfalls: shortfalls(list, &round.blueprint),
        ..DryDraw::default()
    };
    for seed in seeds {
        let paper = Paper::draw(list, &round.blueprint, &seed);
        let drawn: Vec<&DrawEntry> = paper.questions().iter().filter_map(|index| entries.get(index).copied()).collect();
        drawn.iter().for_each(|entry| *times.entry(entry.index).or_default() += 1);
        let count = |is: &dyn Fn(&DrawEntry) -> bool| drawn.iter().filter(|entry| is(entry)).count() as u64;
        topics.iter_mut().for_each(|(topic, per)| per.take(count(&|entry| entry.topic == *topic)));
        kinds.iter_mut().for_each(|(kind, per)| per.take(count(&|entry| entry.kind == *kind)));
        difficulties.iter_mut().for_each(|(level, per)| per.take(count(&|entry| entry.difficulty == *level)));
        let hardness: u64 = drawn.iter().map(|entry| u64::from(entry.difficulty) * 1000).sum();
        found.difficulty.take(hardness / (drawn.len() as u64).max(1));
        found.guessed.take(guessed(&round.blueprint, &drawn));
        found.papers += 1;
    }
    found.drawn = times.into_iter().collect();
    // The same papers are told in the same order.
    found.drawn.sort_by_key(|(index, times)| (std::cmp::Reverse(*times), *index));
    found.topics = topics.into_iter().map(|(topic, per)| (topic.to_owned(), per)).collect();
    found.kinds = kinds;
    found.difficulties = difficulties.into_iter().collect();
    found
}

/// Thousandths of a point: one answer in so many is right. A multiple-choice answer is any choice but none, and right only whole.
fn guessed(blueprint: &Blueprint, drawn: &[&DrawEntry]) -> u64 {
    let points = |seq: usize| blueprint.section_of(seq as u32 + 1).map_or(0, |section| u64::from(section.points));
    let ways = |entry: &DrawEntry| match entry.kind {
        Kind::Multiple => (1u64 << entry.options.min(32)) - 1,
        Kind::Single => u64::from(entry.options),
        Kind::TrueFalse => 2,
    };
    drawn.iter().enumerate().map(|(seq, entry)| points(seq) * 1000 / ways(entry).max(1)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::season::tests::shipped;

    fn entry(index: u32, kind: Kind, difficulty: u8, options: u8) -> DrawEntry {
        DrawEntry {
            index: QuestionIndex(index),
            id: crate::domain::ids::QuestionId(format!("q{index}")),
            kind,
            topic: if index.is_multiple_of(2) { "健康" } else { "航天" }.to_owned(),
            difficulty,
            options,
            fixed_order: false,
        }
    }

    fn seeds(count: u8) -> impl Iterator<Item = Seed> {
        (0..count).map(|n| Seed([n; 32]))
    }

    /// The round of 南京 with a single section of `count` single-choice questions of 10 points.
    fn round(count: u32) -> Round {
        let mut round = shipped("presets/nanjing-2018.toml").rounds.swap_remove(0);
        round.blueprint.sections.truncate(1);
        let section = &mut round.blueprint.sections[0];
        (section.kinds, section.count, section.points) = (vec![Kind::Single], count, 10);
        round
    }

    #[test]
    fn every_question_that_may_be_drawn_is_drawn_about_as_often() {
        let entries = (0..20).map(|index| entry(index, Kind::Single, 1 + (index % 3) as u8, 4)).collect();
        let found = dry_draw(&DrawList { entries }, &round(5), seeds(200));
        assert_eq!((found.papers, found.eligible, found.drawn.len()), (200, 20, 20));
        assert_eq!(found.drawn.iter().map(|(_, times)| times).sum::<u32>(), 1_000);
        assert!(found.drawn.iter().all(|(_, times)| (25..=80).contains(times)), "{:?}", found.drawn);
        assert_eq!((found.full_marks, found.shortfalls.len()), (50, 0));
        assert_eq!(found.kinds, [(Kind::Single, PerPaper { least: 5, most: 5, sum: 1_000, papers: 200 })]);
        assert_eq!(found.topics.iter().map(|(_, per)| per.sum).sum::<u64>(), 1_000);
    }

    #[test]
    fn who_only_guesses_gets_a_share_by_the_number_of_options() {
        let entries = (0..5).map(|index| entry(index, Kind::Single, 2, 4)).collect();
        let found = dry_draw(&DrawList { entries }, &round(4), seeds(3));
        assert_eq!((found.guessed.least, found.guessed.mean()), (10_000, 10_000_000));
        assert_eq!((found.difficulty.least, found.difficulty.most), (2_000, 2_000));
    }

    #[test]
    fn a_section_that_finds_too_few_is_named_and_drawn_as_far_as_it_goes() {
        let entries =
            (0..3).map(|index| entry(index, Kind::Single, 2, 4)).chain([entry(9, Kind::TrueFalse, 1, 2)]).collect();
        let found = dry_draw(&DrawList { entries }, &round(5), seeds(2));
        assert_eq!(found.shortfalls, [Shortfall { section: 0, needed: 5, sure: 3 }]);
        assert_eq!((found.eligible, found.drawn.len()), (3, 3));
    }
}
