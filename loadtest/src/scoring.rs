//! How points are made, computed here a second time: of an answer, of a paper, and of all attempts in a round.

use std::str::FromStr;

use crate::wire::{Kind, Mask};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scoring {
    AllOrNothing,
    /// Multiple choice: half the points, rounded down, for some of the right options and no wrong one.
    Half,
    /// Multiple choice: points × right options chosen ÷ right options, rounded down, if no wrong one was chosen.
    ByOption,
    /// So many right answers make the paper worth so many points, fewer nothing; answers earn none of their own.
    Threshold {
        right: u32,
        points: i64,
    },
}

impl FromStr for Scoring {
    type Err = String;

    fn from_str(text: &str) -> Result<Scoring, String> {
        match text {
            "all" => return Ok(Scoring::AllOrNothing),
            "half" => return Ok(Scoring::Half),
            "by-option" => return Ok(Scoring::ByOption),
            _ => {}
        }
        let threshold = || {
            let (right, points) = text.strip_prefix("threshold:")?.split_once(':')?;
            Some(Scoring::Threshold { right: right.parse().ok()?, points: points.parse().ok()? })
        };
        threshold().ok_or_else(|| "all, half, by-option or threshold:RIGHT:POINTS".to_owned())
    }
}

impl Scoring {
    /// What `chosen` earns where `key` is right.
    pub(crate) fn of_answer(self, kind: Kind, key: Mask, chosen: Mask, points: i64) -> i64 {
        if chosen == key {
            return points;
        }
        let part = kind == Kind::Multiple && chosen != 0 && chosen & !key == 0;
        match self {
            Scoring::Half if part => points / 2,
            Scoring::ByOption if part => points * i64::from(chosen.count_ones()) / i64::from(key.count_ones()),
            _ => 0,
        }
    }

    /// The paper's score from what its answers earned.
    pub(crate) fn of_paper(self, earned: i64, right_answers: u32) -> i64 {
        match self {
            Scoring::Threshold { right, points } => i64::from(right_answers >= right) * points,
            _ => earned,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TallyRule {
    Best,
    Sum,
    DayBest,
    Last,
}

impl FromStr for TallyRule {
    type Err = String;

    fn from_str(text: &str) -> Result<TallyRule, String> {
        match text {
            "best" => Ok(TallyRule::Best),
            "sum" => Ok(TallyRule::Sum),
            "day-best" => Ok(TallyRule::DayBest),
            "last" => Ok(TallyRule::Last),
            _ => Err("best, sum, day-best or last".to_owned()),
        }
    }
}

/// One finished attempt, as far as the tally needs it. In the order of finishing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Finished {
    pub score: i64,
    pub elapsed_ms: i64,
    pub finished_at: i64,
    /// The day in which it started, in the season's time zone.
    pub day: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tally {
    pub score: i64,
    pub elapsed_ms: i64,
    /// Of the attempt that brought the tally to its present score.
    pub finished_at: i64,
}

impl TallyRule {
    /// What `attempts` come to, none for none.
    pub(crate) fn of(self, attempts: &[Finished]) -> Option<Tally> {
        match self {
            TallyRule::Best => best(attempts),
            TallyRule::Last => attempts.last().map(alone),
            TallyRule::Sum => {
                let mut sum = Tally { score: 0, elapsed_ms: 0, finished_at: attempts.first()?.finished_at };
                for attempt in attempts {
                    if attempt.score != 0 {
                        sum.finished_at = attempt.finished_at;
                    }
                    sum.score += attempt.score;
                    sum.elapsed_ms += attempt.elapsed_ms;
                }
                Some(sum)
            }
            TallyRule::DayBest => {
                let first = attempts.first()?;
                let mut sum = Tally { score: 0, elapsed_ms: 0, finished_at: first.finished_at };
                let mut days: Vec<i64> = attempts.iter().map(|a| a.day).collect();
                days.sort_unstable();
                days.dedup();
                for day in days {
                    let of_day: Vec<Finished> = attempts.iter().filter(|a| a.day == day).copied().collect();
                    if let Some(best) = best(&of_day) {
                        if best.score != 0 {
                            sum.finished_at = sum.finished_at.max(best.finished_at);
                        }
                        sum.score += best.score;
                        sum.elapsed_ms += best.elapsed_ms;
                    }
                }
                Some(sum)
            }
        }
    }
}

fn alone(attempt: &Finished) -> Tally {
    Tally { score: attempt.score, elapsed_ms: attempt.elapsed_ms, finished_at: attempt.finished_at }
}

fn best(attempts: &[Finished]) -> Option<Tally> {
    attempts.iter().map(alone).min_by_key(|t| (-t.score, t.elapsed_ms, t.finished_at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_earns_what_the_rule_says() {
        let key = 0b0111;
        for (scoring, chosen, earned) in [
            (Scoring::AllOrNothing, 0b0111, 5),
            (Scoring::AllOrNothing, 0b0011, 0),
            (Scoring::AllOrNothing, 0, 0),
            (Scoring::Half, 0b0011, 2),
            (Scoring::Half, 0b1011, 0),
            (Scoring::Half, 0, 0),
            (Scoring::ByOption, 0b0011, 3),
            (Scoring::ByOption, 0b0111, 5),
            (Scoring::ByOption, 0b1111, 0),
        ] {
            assert_eq!(scoring.of_answer(Kind::Multiple, key, chosen, 5), earned, "{scoring:?} {chosen:b}");
        }
        assert_eq!(Scoring::Half.of_answer(Kind::Single, 0b1, 0b10, 5), 0);
    }

    #[test]
    fn a_threshold_is_all_of_its_points_or_none() {
        let scoring: Scoring = "threshold:2:1".parse().unwrap();
        assert_eq!([1, 2, 3].map(|right| scoring.of_paper(0, right)), [0, 1, 1]);
    }

    #[test]
    fn attempts_come_to_their_tally() {
        let at = |score, elapsed_ms, finished_at, day| Finished { score, elapsed_ms, finished_at, day };
        let attempts = [at(50, 900, 10, 1), at(50, 800, 20, 1), at(40, 100, 30, 2), at(0, 5, 40, 2)];
        for (rule, score, elapsed_ms, finished_at) in [
            (TallyRule::Best, 50, 800, 20),
            (TallyRule::Sum, 140, 1805, 30),
            (TallyRule::DayBest, 90, 900, 30),
            (TallyRule::Last, 0, 5, 40),
        ] {
            assert_eq!(rule.of(&attempts), Some(Tally { score, elapsed_ms, finished_at }), "{rule:?}");
            assert_eq!(rule.of(&[]), None);
        }
    }
}
