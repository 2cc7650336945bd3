//! 一周十大易错题: of the questions of a week that is over, those that most got wrong, as far as everybody may know their answers.

use crate::contest::core::Contest;
use crate::contest::core::Life;
use crate::domain::fairness::DrawList;
use crate::domain::ids::QuestionId;
use crate::domain::ids::RoundIndex;
use crate::domain::rules::Feedback;
use crate::domain::rules::Round;
use crate::domain::season::Season;
use crate::domain::statistics::Tally;
use crate::domain::time::Day;
use crate::domain::time::Week;
use crate::office::statistics::figures::Asked;
use crate::office::statistics::figures::Row;
use crate::office::statistics::figures::rows;
use crate::office::statistics::projection::Projection;
use std::collections::BTreeSet;
use std::collections::HashSet;
use std::sync::Arc;

/// So many are told.
const TOLD: usize = 10;
/// A question that fewer had in the week says little, and might say it of few people.
const SHOWN_MIN: u32 = 30;
/// At least so many in a hundred got it wrong: what nearly everybody knows is not missed.
const WRONG_PERCENT_MIN: u64 = 20;
/// Weeks that are told, the newest; earlier ones are not.
const WEEKS_MAX: usize = 60;

/// Of one week.
#[derive(Clone)]
pub struct Missed {
    pub week: Week,
    /// The most missed first.
    pub questions: Vec<MissedQuestion>,
}

#[derive(Clone)]
pub struct MissedQuestion {
    pub row: Arc<Row>,
    /// Of the week.
    pub tally: Tally,
}

/// Every week that is over and of which something may be told, the newest first. `withheld`: questions of which nothing is.
pub(super) fn missed(
    projection: &Projection,
    season: &Season,
    withheld: &HashSet<QuestionId>,
    today: Day,
) -> Vec<Missed> {
    let banks = season.banks.iter().map(|bank| bank.id.clone()).collect();
    let all = rows(projection, season, &Asked { banks, ..Asked::default() }, today);
    let told = all.into_iter().filter(|row| !row.annulled && !withheld.contains(&row.question().id));
    let told: Vec<Arc<Row>> = told.map(Arc::new).collect();
    let weeks: BTreeSet<Week> = told.iter().flat_map(|row| row.item.days()).map(|(day, _)| day.week()).collect();
    let over = weeks.into_iter().rev().filter(|week| *week < today.week());
    let missed = over.map(|week| Missed { week, questions: of_week(&told, week) });
    missed.filter(|missed| !missed.questions.is_empty()).take(WEEKS_MAX).collect()
}

fn of_week(rows: &[Arc<Row>], week: Week) -> Vec<MissedQuestion> {
    let monday = week.monday();
    let of = |row: &Arc<Row>| MissedQuestion { row: Arc::clone(row), tally: row.item.tally(monday, Day(monday.0 + 6)) };
    let is_missed = |one: &MissedQuestion| {
        let Tally { shown, right, .. } = one.tally;
        shown >= SHOWN_MIN && u64::from(shown - right) * 100 >= u64::from(shown) * WRONG_PERCENT_MIN
    };
    let mut questions: Vec<MissedQuestion> = rows.iter().map(of).filter(is_missed).collect();
    // right ÷ shown of the one against that of the other, without dividing.
    let rightness = |one: &MissedQuestion, of: &MissedQuestion| u64::from(one.tally.right) * u64::from(of.tally.shown);
    questions.sort_by(|one, other| {
        let by_shown = other.tally.shown.cmp(&one.tally.shown);
        let by_id = one.row.question().id.cmp(&other.row.question().id);
        rightness(one, other).cmp(&rightness(other, one)).then(by_shown).then(by_id)
    });
    questions.truncate(TOLD);
    questions
}

/// Questions whose answers are not for everybody yet: a round may hold them whose feedback does not tell them, or does not by now. One such
/// round is enough, whatever others tell.
pub(super) fn withheld(contest: &Contest) -> HashSet<QuestionId> {
    let season = &contest.season;
    let now = contest.now();
    let mut withheld = HashSet::new();
    // Rounds to come, and those that run, with the bank as it is now.
    for (index, round) in (0..).map(RoundIndex).zip(&season.rounds) {
        let told = match round.feedback {
            Feedback::AfterEach | Feedback::AfterPaper => true,
            Feedback::AfterRound => contest.round_life(index, now) == Life::Closed,
            Feedback::Never => false,
        };
        if told {
            continue;
        }
        let bank = contest.banks().of_id(&round.bank).map(|bank| Arc::clone(&bank.version));
        if let Some(bank) = bank {
            withhold(&mut withheld, round, &DrawList::of(&bank, &BTreeSet::new()));
        }
    }
    // And papers that were drawn, under the rules of their time.
    let periods: Vec<_> = contest.periods().iter().cloned().collect();
    for period in periods.iter().filter(|period| !contest.review_is_open(period)) {
        withhold(&mut withheld, &period.round, &period.list);
    }
    withheld
}

fn withhold(withheld: &mut HashSet<QuestionId>, round: &Round, list: &DrawList) {
    let sections = &round.blueprint.sections;
    let held = list.entries.iter().filter(|entry| sections.iter().any(|section| section.takes(entry)));
    withheld.extend(held.map(|entry| entry.id.clone()));
}
