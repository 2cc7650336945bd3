//! What an answer earns, what an attempt comes to, and what a participant's attempts come to.

use crate::domain::correction::Judging;
use crate::domain::ids::AttemptId;
use crate::domain::question::Choices;
use crate::domain::question::Question;
use crate::domain::rules::MultipleScoring;
use crate::domain::rules::Scoring;
use crate::domain::rules::SeasonTallyRule;
use crate::domain::rules::TallyRule;
use crate::domain::time::Day;
use crate::domain::time::Timestamp;
use std::cmp::Ordering;

/// What one settled question brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    pub correct: bool,
    pub points: u32,
}

/// Marks `chosen` against the question's key. `worth` is the section's points; `right_before` the right answers so far.
pub fn mark(scoring: &Scoring, worth: u32, question: &Question, chosen: Choices, right_before: u32) -> Mark {
    mark_by(scoring, worth, &[question.key], chosen, right_before)
}

/// As [`mark`], by a correction's judging where there is one.
pub fn mark_judged(
    scoring: &Scoring,
    worth: u32,
    (question, judging): (&Question, Option<&Judging>),
    chosen: Choices,
    right_before: u32,
) -> Mark {
    match judging {
        None => mark(scoring, worth, question, chosen, right_before),
        Some(judging) => mark_by(scoring, worth, judging.right_answers(&question.key), chosen, right_before),
    }
}

/// Whether an answer holds: it is right, or its question was annulled.
pub fn holds(question: &Question, judging: Option<&Judging>, chosen: Choices) -> bool {
    judging.map_or(chosen == question.key, |judging| {
        let right = judging.right_answers(&question.key);
        judging.is_annulled() || right.is_empty() || right.contains(&chosen)
    })
}

/// `keys`: each is right; none: every answer is. An incomplete answer earns what it does by the key that is best for it.
fn mark_by(scoring: &Scoring, worth: u32, keys: &[Choices], chosen: Choices, right_before: u32) -> Mark {
    let correct = keys.is_empty() || keys.contains(&chosen);
    if let Some(threshold) = scoring.threshold {
        let reached = correct && right_before + 1 == threshold.right;
        return Mark { correct, points: if reached { threshold.points } else { 0 } };
    }
    let in_part = || keys.iter().map(|key| part(scoring.multiple, worth, *key, chosen)).max().unwrap_or(0);
    let points = if correct { worth } else { in_part() };
    Mark { correct, points }
}

/// The points of an incomplete answer. Single choice and true/false have one right option, so nothing of them can be incomplete.
fn part(rule: MultipleScoring, worth: u32, key: Choices, chosen: Choices) -> u32 {
    let wrong = !chosen.without(key).is_empty();
    if wrong || chosen.is_empty() {
        return 0;
    }
    match rule {
        MultipleScoring::AllOrNothing => 0,
        MultipleScoring::HalfForPart => worth / 2,
        MultipleScoring::ByOption => worth * chosen.count() / key.count(),
    }
}

/// What questions come to together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    pub score: u32,
    pub correct: u32,
    pub elapsed_ms: u64,
}

/// Of a paper's settled questions those that were annulled, beside the paper.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Annulled {
    /// What they come to by themselves.
    pub sums: Sums,
    pub questions: u32,
    /// Their points, were they right.
    pub worth: u32,
}

/// How large the paper is that annulled questions are taken out of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaperSize {
    pub questions: u32,
    pub settled: u32,
    /// The points of all of its questions.
    pub worth: u32,
}

/// 折算: the rest of the paper stands for the whole, rounded half up, where that is better than `all`, what the paper comes to
/// with the annulled questions in it. Nobody's score falls by it and nobody's time grows.
pub fn rescaled(scoring: &Scoring, all: Sums, annulled: &Annulled, paper: PaperSize) -> Sums {
    let questions_left = paper.questions.saturating_sub(annulled.questions);
    let right_left = all.correct.saturating_sub(annulled.sums.correct);
    let score = match scoring.threshold {
        Some(threshold) => {
            let reached = u64::from(right_left) * u64::from(paper.questions)
                >= u64::from(threshold.right) * u64::from(questions_left);
            if reached && questions_left > 0 { threshold.points } else { all.score }
        }
        None => {
            let left = all.score.saturating_sub(annulled.sums.score);
            all.score.max(scaled(left.into(), paper.worth, paper.worth.saturating_sub(annulled.worth)) as u32)
        }
    };
    let elapsed_left = all.elapsed_ms.saturating_sub(annulled.sums.elapsed_ms);
    let elapsed = match paper.settled.saturating_sub(annulled.questions) {
        0 => all.elapsed_ms,
        left => all.elapsed_ms.min(scaled(elapsed_left, paper.settled, left)),
    };
    Sums {
        score,
        correct: all.correct.max(scaled(right_left.into(), paper.questions, questions_left) as u32),
        elapsed_ms: elapsed,
    }
}

/// `part` of `of` as it would be of `whole`, rounded half up; of nothing it is nothing.
fn scaled(part: u64, whole: u32, of: u32) -> u64 {
    if of == 0 {
        return 0;
    }
    let (part, whole, of) = (u128::from(part), u128::from(whole), u128::from(of));
    // The part is at most `of`, so what it comes to is at most `whole`, or for time at most twice what was measured a question.
    ((2 * part * whole + of) / (2 * of)) as u64
}

/// One participant's place in an order, best first: higher score, less elapsed time, earlier finish, lower attempt id.
/// Attempt ids are unique, so no two standings tie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Standing {
    pub score: u32,
    pub elapsed_ms: u64,
    pub finished_at: Timestamp,
    pub attempt: AttemptId,
}

impl Ord for Standing {
    /// `Less` is better.
    fn cmp(&self, other: &Standing) -> Ordering {
        other
            .score
            .cmp(&self.score)
            .then(self.elapsed_ms.cmp(&other.elapsed_ms))
            .then(self.finished_at.cmp(&other.finished_at))
            .then(self.attempt.cmp(&other.attempt))
    }
}

impl PartialOrd for Standing {
    fn partial_cmp(&self, other: &Standing) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// What a participant's counted attempts in one round come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    pub standing: Standing,
    /// Of no meaning under rules other than [`TallyRule::SumOfDailyBest`].
    pub latest: DayBest,
}

/// The best attempt of a participant's latest day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayBest {
    day: Day,
    score: u32,
    elapsed_ms: u64,
}

impl Tally {
    /// The tally after its first counted attempt, which belongs to `day`.
    pub fn first(attempt: Standing, day: Day) -> Tally {
        Tally { standing: attempt, latest: DayBest { day, score: attempt.score, elapsed_ms: attempt.elapsed_ms } }
    }

    /// Takes one more counted attempt. Attempts of one participant never overlap, so they come in the order of their days.
    pub fn add(&mut self, rule: TallyRule, attempt: Standing, day: Day) {
        match rule {
            TallyRule::Best => self.standing = self.standing.min(attempt),
            TallyRule::Last => self.standing = attempt,
            TallyRule::Sum => self.accumulate(attempt.score, attempt.elapsed_ms, attempt),
            TallyRule::SumOfDailyBest => self.add_to_day(attempt, day),
        }
    }

    fn add_to_day(&mut self, attempt: Standing, day: Day) {
        let best = DayBest { day, score: attempt.score, elapsed_ms: attempt.elapsed_ms };
        if day != self.latest.day {
            self.latest = best;
            self.accumulate(attempt.score, attempt.elapsed_ms, attempt);
            return;
        }
        let DayBest { score, elapsed_ms, .. } = self.latest;
        let better = (attempt.score, std::cmp::Reverse(attempt.elapsed_ms)) > (score, std::cmp::Reverse(elapsed_ms));
        if better {
            self.latest = best;
            self.standing = Standing {
                score: self.standing.score - score + attempt.score,
                elapsed_ms: self.standing.elapsed_ms - elapsed_ms + attempt.elapsed_ms,
                finished_at: attempt.finished_at,
                attempt: attempt.attempt,
            };
        }
    }

    /// Finish and id stay with the attempt that brought the score to what it is: one that earned nothing leaves them.
    fn accumulate(&mut self, score: u32, elapsed_ms: u64, attempt: Standing) {
        self.standing.score += score;
        self.standing.elapsed_ms += elapsed_ms;
        if score > 0 {
            self.standing.finished_at = attempt.finished_at;
            self.standing.attempt = attempt.attempt;
        }
    }
}

/// The season's standing from those of its counted rounds; `None` while there are none.
pub fn season_standing(rule: SeasonTallyRule, rounds: impl IntoIterator<Item = Standing>) -> Option<Standing> {
    let mut rounds = rounds.into_iter();
    let first = rounds.next()?;
    Some(rounds.fold(first, |so_far, round| match rule {
        SeasonTallyRule::BestRound => so_far.min(round),
        SeasonTallyRule::SumOfRounds => {
            // As within a round: what earned nothing leaves finish and id with what did.
            let round_is_later = (round.finished_at, round.attempt) > (so_far.finished_at, so_far.attempt);
            let by_round = match (so_far.score, round.score) {
                (0, 0) => !round_is_later,
                (_, 0) => false,
                (0, _) => true,
                _ => round_is_later,
            };
            let brought = if by_round { round } else { so_far };
            Standing {
                score: so_far.score + round.score,
                elapsed_ms: so_far.elapsed_ms + round.elapsed_ms,
                finished_at: brought.finished_at,
                attempt: brought.attempt,
            }
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::QuestionId;
    use crate::domain::question::Kind;
    use crate::domain::rules::Threshold;
    use proptest::prelude::*;

    fn multiple(key: u16) -> Question {
        Question {
            id: QuestionId("q".into()),
            kind: Kind::Multiple,
            topic: "卫生健康".into(),
            difficulty: 1,
            stem: "？".into(),
            options: ["甲", "乙", "丙", "丁"].map(String::from).to_vec(),
            key: Choices(key),
            fixed_order: false,
            explanation: "。".into(),
            source: "。".into(),
            contributor: None,
            link: None,
            media: None,
        }
    }

    fn scoring(multiple: MultipleScoring) -> Scoring {
        Scoring { multiple, threshold: None }
    }

    fn standing(score: u32, elapsed_ms: u64, finished_at: i64, attempt: i64) -> Standing {
        Standing { score, elapsed_ms, finished_at: Timestamp(finished_at), attempt: AttemptId(attempt) }
    }

    #[test]
    fn an_incomplete_answer_earns_what_the_rule_says_and_a_wrong_option_nothing() {
        let check = |rule, chosen: u16, points| {
            let got = mark(&scoring(rule), 5, &multiple(0b0111), Choices(chosen), 0);
            assert_eq!(got, Mark { correct: chosen == 0b0111, points }, "{rule:?} {chosen:b}");
        };
        for rule in [MultipleScoring::AllOrNothing, MultipleScoring::HalfForPart, MultipleScoring::ByOption] {
            check(rule, 0b0111, 5);
            check(rule, 0b1111, 0);
            check(rule, 0b1000, 0);
            check(rule, 0b0000, 0);
        }
        check(MultipleScoring::AllOrNothing, 0b0011, 0);
        check(MultipleScoring::HalfForPart, 0b0011, 2);
        check(MultipleScoring::ByOption, 0b0011, 3);
        check(MultipleScoring::ByOption, 0b0001, 1);
    }

    const TEN: PaperSize = PaperSize { questions: 10, settled: 10, worth: 100 };

    fn annulled(score: u32, correct: u32, elapsed_ms: u64) -> Annulled {
        Annulled { sums: Sums { score, correct, elapsed_ms }, questions: 1, worth: 10 }
    }

    #[test]
    fn a_paper_with_an_annulled_question_is_rescaled_where_that_is_better() {
        let rule = scoring(MultipleScoring::AllOrNothing);
        let check = |all: (u32, u32, u64), out: (u32, u32, u64), expected: (u32, u32, u64)| {
            let all = Sums { score: all.0, correct: all.1, elapsed_ms: all.2 };
            let got = rescaled(&rule, all, &annulled(out.0, out.1, out.2), TEN);
            assert_eq!((got.score, got.correct, got.elapsed_ms), expected);
        };
        // The rest right: full marks. 50 of 90 is 55.6 of 100; with the question right it was 60, and stays so.
        check((90, 9, 90_000), (0, 0, 9_000), (100, 10, 90_000));
        check((50, 5, 100_000), (0, 0, 20_000), (56, 6, 88_889));
        check((60, 6, 100_000), (10, 1, 5_000), (60, 6, 100_000));
        check((0, 0, 10), (0, 0, 10), (0, 0, 0));
    }

    #[test]
    fn a_threshold_is_reached_by_the_share_of_what_is_left() {
        let rule =
            Scoring { multiple: MultipleScoring::AllOrNothing, threshold: Some(Threshold { right: 2, points: 1 }) };
        let three = PaperSize { questions: 3, settled: 3, worth: 0 };
        let score = |correct, out: Annulled, score| {
            rescaled(&rule, Sums { score, correct, elapsed_ms: 9 }, &Annulled { worth: 0, ..out }, three).score
        };
        // One of two is less than two of three; two of two is more.
        assert_eq!(score(1, annulled(0, 0, 3), 0), 0);
        assert_eq!(score(2, annulled(0, 0, 3), 1), 1);
        assert_eq!(score(2, annulled(1, 1, 3), 1), 1, "reached with it, and stays so");
    }

    proptest! {
        #[test]
        fn nobody_loses_by_an_annulled_question(
            rest in 0u32..=90, right in 0u32..=9, with in any::<bool>(), time in 0u64..1_000_000, its in 0u64..100_000,
        ) {
            let own = if with { (10, 1) } else { (0, 0) };
            let all = Sums { score: rest + own.0, correct: right + own.1, elapsed_ms: time + its };
            let got = rescaled(&scoring(MultipleScoring::AllOrNothing), all, &annulled(own.0, own.1, its), TEN);
            prop_assert!(got.score >= all.score && got.score <= 100);
            prop_assert!(got.correct >= all.correct && got.correct <= 10);
            prop_assert!(got.elapsed_ms <= all.elapsed_ms);
        }
    }

    #[test]
    fn the_threshold_is_paid_once_by_the_answer_that_reaches_it() {
        let rule =
            Scoring { multiple: MultipleScoring::AllOrNothing, threshold: Some(Threshold { right: 2, points: 1 }) };
        let points = |right_before| mark(&rule, 0, &multiple(0b11), Choices(0b11), right_before).points;
        assert_eq!([points(0), points(1), points(2)], [0, 1, 0]);
    }

    #[test]
    fn standings_are_ordered_by_score_then_time_then_finish_then_attempt() {
        let in_order = [
            standing(90, 5, 9, 9),
            standing(80, 4, 9, 9),
            standing(80, 5, 7, 9),
            standing(80, 5, 8, 1),
            standing(80, 5, 8, 2),
        ];
        let mut shuffled = in_order;
        shuffled.reverse();
        shuffled.sort();
        assert_eq!(shuffled, in_order);
    }

    #[test]
    fn best_keeps_the_better_attempt_whole() {
        let mut tally = Tally::first(standing(80, 50, 1, 1), Day(0));
        tally.add(TallyRule::Best, standing(80, 40, 2, 2), Day(0));
        tally.add(TallyRule::Best, standing(70, 1, 3, 3), Day(0));
        assert_eq!(tally.standing, standing(80, 40, 2, 2));
    }

    #[test]
    fn a_sum_keeps_the_finish_of_the_attempt_that_last_earned_something() {
        let mut tally = Tally::first(standing(10, 5, 1, 1), Day(0));
        tally.add(TallyRule::Sum, standing(20, 5, 2, 2), Day(0));
        tally.add(TallyRule::Sum, standing(0, 5, 3, 3), Day(0));
        assert_eq!(tally.standing, standing(30, 15, 2, 2));
    }

    #[test]
    fn each_days_best_is_summed() {
        let mut tally = Tally::first(standing(60, 5, 1, 1), Day(0));
        tally.add(TallyRule::SumOfDailyBest, standing(50, 1, 2, 2), Day(0));
        tally.add(TallyRule::SumOfDailyBest, standing(80, 9, 3, 3), Day(0));
        tally.add(TallyRule::SumOfDailyBest, standing(40, 2, 4, 4), Day(1));
        assert_eq!(tally.standing, standing(120, 11, 4, 4));
    }

    #[test]
    fn a_season_is_the_sum_of_its_rounds_or_the_best_of_them() {
        let rounds = [standing(90, 10, 5, 5), standing(80, 20, 3, 3)];
        assert_eq!(season_standing(SeasonTallyRule::SumOfRounds, rounds), Some(standing(170, 30, 5, 5)));
        assert_eq!(season_standing(SeasonTallyRule::BestRound, rounds), Some(rounds[0]));
        assert_eq!(season_standing(SeasonTallyRule::BestRound, []), None);
    }

    #[test]
    fn a_round_that_earned_nothing_leaves_the_seasons_finish() {
        let rounds = [standing(90, 10, 3, 3), standing(0, 20, 5, 5)];
        for rounds in [rounds, [rounds[1], rounds[0]]] {
            assert_eq!(season_standing(SeasonTallyRule::SumOfRounds, rounds), Some(standing(90, 30, 3, 3)));
        }
        let nothing = [standing(0, 10, 5, 5), standing(0, 20, 3, 3)];
        assert_eq!(season_standing(SeasonTallyRule::SumOfRounds, nothing), Some(standing(0, 30, 3, 3)));
    }
}
