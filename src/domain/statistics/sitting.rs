//! One question of one attempt that is over, as statistics take it.

use crate::domain::attempt::Fate;
use crate::domain::attempt::Given;
use crate::domain::attempt::Rules;
use crate::domain::correction::Judging;
use crate::domain::ids::QuestionIndex;
use crate::domain::paper::Paper;
use crate::domain::score::mark_judged;
use crate::domain::statistics::REST_WHOLE;
use crate::domain::statistics::WHOLE;
use crate::domain::time::Day;

/// What one participant made of a question, beside what they made of the rest of their paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sitting {
    /// The attempt's.
    pub day: Day,
    /// By the bank's order of options.
    pub given: Given,
    pub elapsed_ms: u32,
    /// Of [`WHOLE`], as it is judged by now.
    pub mark: u16,
    /// Of [`REST_WHOLE`]: the other questions' points of their full points. What was not reached brought nothing; annulled questions
    /// are no part of it. `None`: there is no rest.
    pub rest: Option<u8>,
}

/// A question with what it brought and what it could have.
struct Marked {
    question: QuestionIndex,
    mark: u16,
    points: u64,
    annulled: bool,
}

/// Tells `take` of each question that was settled and is not annulled. Where a round counts right answers alone, each is worth the same.
pub fn sittings(
    rules: Rules<'_>,
    paper: &Paper,
    fates: &[Fate],
    day: Day,
    mut take: impl FnMut(QuestionIndex, Sitting),
) {
    let worth = |seq: usize| worth_of(rules, seq as u32 + 1);
    let mut full = 0;
    for (place, question) in paper.questions().iter().enumerate() {
        if !is_annulled(rules, *question) {
            full += u64::from(worth(place));
        }
    }
    let marked: Vec<Marked> = paper
        .questions()
        .iter()
        .zip(fates)
        .enumerate()
        .map(|(place, (question, fate))| marked(rules, *question, fate, worth(place)))
        .collect();
    let points: u64 = marked.iter().filter(|one| !one.annulled).map(|one| one.points).sum();
    for ((place, one), fate) in marked.iter().enumerate().zip(fates).filter(|((_, one), _)| !one.annulled) {
        let rest = share(points - one.points, full - u64::from(worth(place)), u64::from(REST_WHOLE));
        let Fate { given, elapsed_ms, .. } = *fate;
        let sitting = Sitting { day, given, elapsed_ms, mark: one.mark, rest: rest.map(|rest| rest as u8) };
        take(one.question, sitting);
    }
}

fn marked(rules: Rules<'_>, question: QuestionIndex, fate: &Fate, worth: u32) -> Marked {
    let judging = rules.scheme.judging(question);
    let judged = (rules.bank.question(question), judging);
    let mark = mark_judged(&rules.round.scoring, worth, judged, fate.given.choices(), 0);
    let counts_right = rules.round.scoring.threshold.is_some() || worth == 0;
    let points = match counts_right {
        true => u64::from(worth) * u64::from(mark.correct),
        false => u64::from(mark.points),
    };
    let whole = if mark.correct { u64::from(WHOLE) } else { 0 };
    let of_worth = share(points, u64::from(worth), u64::from(WHOLE)).unwrap_or(whole);
    Marked { question, mark: of_worth as u16, points, annulled: is_annulled(rules, question) }
}

fn is_annulled(rules: Rules<'_>, question: QuestionIndex) -> bool {
    rules.scheme.judging(question).is_some_and(Judging::is_annulled)
}

/// The points of a right answer; one each where right answers alone are counted.
fn worth_of(rules: Rules<'_>, seq: u32) -> u32 {
    match rules.round.scoring.threshold {
        Some(_) => 1,
        None => rules.round.blueprint.section_of(seq).map_or(0, |section| section.points),
    }
}

/// `part` of `of` in parts of `whole`, rounded half up; `None` of nothing.
fn share(part: u64, of: u64, whole: u64) -> Option<u64> {
    (of > 0).then(|| (2 * part * whole + of) / (2 * of))
}
