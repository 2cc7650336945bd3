//! Refusing rules under which a tally could exceed what a board can hold.

use crate::domain::rules::Round;
use crate::domain::rules::SeasonTallyRule;
use crate::domain::rules::TallyRule;
use crate::domain::season::rounds::Draft;
use crate::domain::season::rounds::Shared;
use crate::domain::time::TimeZone;
use crate::domain::time::Timestamp;
use crate::domain::toml_file::Table;

/// Boards pack a score in 30 bits.
pub const SCORE_MAX: u64 = (1 << 30) - 1;
/// … and an elapsed time in 34: 198 days.
pub const ELAPSED_MS_MAX: u64 = (1 << 34) - 1;

/// A question without any limit: the attempt ends after 30 minutes without a message (protocol.md).
const IDLE_MS: u128 = 30 * 60 * 1000;

/// The most that a participant's tally can come to. `None`: there is no bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bound {
    pub(super) score: Option<u128>,
    pub(super) elapsed_ms: Option<u128>,
}

impl Bound {
    fn fits(self) -> bool {
        self.score.is_some_and(|score| score <= u128::from(SCORE_MAX))
            && self.elapsed_ms.is_some_and(|elapsed| elapsed <= u128::from(ELAPSED_MS_MAX))
    }
}

pub(super) fn refuse_overflow(root: &Table<'_>, drafts: &[Draft<'_>], rounds: &[(usize, Round)], shared: &Shared<'_>) {
    let mut whole = Bound { score: Some(0), elapsed_ms: Some(0) };
    let mut refused = false;
    let mut last_draft = None;
    for (place, round) in rounds.iter().filter(|(_, round)| round.counts) {
        let bound = of_round(round, shared.zone);
        if !bound.fits() && last_draft != Some(place) {
            let table = &drafts[*place].table;
            table.page.fault(&table.key_of("tally"), sentence("场次", bound));
            last_draft = Some(place);
        }
        refused |= !bound.fits();
        whole = together(whole, bound, shared.tally);
    }
    if !refused && !whole.fits() {
        root.page.fault(&root.key_of("tally"), sentence("赛季", whole));
    }
}

fn sentence(of: &str, bound: Bound) -> String {
    let most = match (bound.score, bound.elapsed_ms) {
        (Some(score), _) if score > u128::from(SCORE_MAX) => {
            format!("最多可达 {score} 分，超过排行榜能记的 {SCORE_MAX} 分")
        }
        (Some(_), Some(elapsed)) => {
            format!("最多可达 {} 秒，超过排行榜能记的 {} 秒", elapsed / 1000, ELAPSED_MS_MAX / 1000)
        }
        _ => "可以没有止境地累加".to_owned(),
    };
    let what = if bound.score.is_some_and(|score| score <= u128::from(SCORE_MAX)) { "用时" } else { "总分" };
    format!("一个人的{of}{what}{most}；请限制次数、缩短开放时间、降低分值，或改用 tally = \"best\"")
}

fn together(whole: Bound, round: Bound, rule: SeasonTallyRule) -> Bound {
    let add = |a: Option<u128>, b: Option<u128>| match rule {
        SeasonTallyRule::SumOfRounds => Some(a? + b?),
        SeasonTallyRule::BestRound => Some(a?.max(b?)),
    };
    Bound { score: add(whole.score, round.score), elapsed_ms: add(whole.elapsed_ms, round.elapsed_ms) }
}

pub(super) fn of_round(round: &Round, zone: &TimeZone) -> Bound {
    let (score, elapsed) = (u128::from(round.full_marks()), longest_ms(round));
    let times = match round.tally {
        TallyRule::Best | TallyRule::Last => Some(1),
        TallyRule::Sum => attempts_max(round, zone),
        TallyRule::SumOfDailyBest => days(round, zone).map(|days| attempts_max(round, zone).unwrap_or(days).min(days)),
    };
    // Attempts of one participant follow one another, so together they take no longer than the window and one attempt
    // more, but for what the floor adds to each question.
    let floor = u128::from(round.limits.elapsed_floor_ms) * u128::from(round.blueprint.count());
    let within = |times: u128| window_ms(round).map(|window| window + elapsed + times * floor);
    Bound {
        score: times.map(|times| times * score),
        elapsed_ms: times.map(|times| within(times).unwrap_or(u128::MAX).min(times * elapsed)),
    }
}

fn longest_ms(round: &Round) -> u128 {
    let count = u128::from(round.blueprint.count());
    let by_question = round.limits.question_ms.map(|ms| count * u128::from(ms));
    let by_paper = round.limits.paper_ms.map(|ms| u128::from(ms) + u128::from(round.limits.grace_ms));
    let limit = by_question.into_iter().chain(by_paper).min().unwrap_or(count * IDLE_MS);
    limit + count * u128::from(round.limits.elapsed_floor_ms)
}

/// `None`: without bound. Nobody starts more than one attempt a second.
fn attempts_max(round: &Round, zone: &TimeZone) -> Option<u128> {
    let allowed = &round.attempts;
    let by_day = allowed.per_day.and_then(|n| days(round, zone).map(|days| days * u128::from(n)));
    let by_week = allowed.per_week.and_then(|n| weeks(round, zone).map(|weeks| weeks * u128::from(n)));
    let by_second = window_ms(round).map(|ms| ms / 1000 + 1);
    [allowed.in_all.map(u128::from), by_day, by_week, by_second].into_iter().flatten().min()
}

fn window_ms(round: &Round) -> Option<u128> {
    (round.closes != Timestamp::MAX).then(|| u128::try_from(round.closes.since(round.opens)).unwrap_or(0))
}

fn days(round: &Round, zone: &TimeZone) -> Option<u128> {
    window_ms(round)?;
    let days = zone.day(round.closes.plus_ms(-1)).0 - zone.day(round.opens).0 + 1;
    Some(u128::try_from(days).unwrap_or(0))
}

fn weeks(round: &Round, zone: &TimeZone) -> Option<u128> {
    window_ms(round)?;
    let weeks = zone.day(round.closes.plus_ms(-1)).week().0 - zone.day(round.opens).week().0 + 1;
    Some(u128::try_from(weeks).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::season::Season;
    use crate::domain::season::tests::SMALL;
    use crate::domain::season::tests::files;
    use crate::domain::season::tests::shipped;

    /// The faults of [`SMALL`] after some changes.
    fn told(changes: &[(&str, &str)]) -> Vec<String> {
        let text = changes.iter().fold(SMALL.to_owned(), |text, (from, to)| text.replace(from, to));
        Season::read(&text, &files).err().into_iter().flatten().map(|fault| fault.to_string()).collect()
    }

    const SUM: (&str, &str) = ("attempts_per_day = 3", "tally = \"sum\"");
    const ALWAYS: (&str, &str) = ("opens = 2026-08-01\nlast_day = 2026-08-31", "always_open = true");
    const YEAR: (&str, &str) = ("last_day = 2026-08-31", "last_day = 2027-07-31");

    #[test]
    fn a_sum_without_limit_is_taken_where_the_window_bounds_it() {
        assert_eq!(told(&[SUM]), Vec::<String>::new());
        assert_eq!(
            told(&[SUM, ("points = 10", "points = 1000")]),
            [
                "第 24 行第 1 列 round.daily.tally：一个人的场次总分最多可达 26784010000 分，超过排行榜能记的 1073741823 分；\
              请限制次数、缩短开放时间、降低分值，或改用 tally = \"best\""
            ]
        );
    }

    #[test]
    fn a_sum_that_never_ends_is_refused_and_a_best_is_not() {
        assert_eq!(told(&[ALWAYS]), Vec::<String>::new());
        assert_eq!(
            told(&[ALWAYS, SUM]),
            ["第 23 行第 1 列 round.daily.tally：一个人的场次总分可以没有止境地累加；\
              请限制次数、缩短开放时间、降低分值，或改用 tally = \"best\""]
        );
        assert_eq!(
            told(&[ALWAYS, ("attempts_per_day = 3", "attempts_in_all = 9\ntally = \"sum\"")]),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_sum_of_times_may_not_outgrow_a_board() {
        let faults = told(&[YEAR, SUM, ("points = 10", "points = 1")]);
        assert_eq!(
            faults,
            ["第 24 行第 1 列 round.daily.tally：一个人的场次用时最多可达 31536300 秒，超过排行榜能记的 17179869 秒；\
              请限制次数、缩短开放时间、降低分值，或改用 tally = \"best\""]
        );
        assert_eq!(
            told(&[YEAR, ("attempts_per_day = 3", "attempts_per_day = 3\ntally = \"sum\"")]),
            Vec::<String>::new()
        );
    }

    #[test]
    fn rounds_that_fit_may_not_sum_to_a_season_that_does_not() {
        let mut text = SMALL.replace("attempts_per_day = 3", "tally = \"sum\"").replace("points = 10", "points = 30");
        let round = text[text.find("[[round]]\nid = \"daily\"").unwrap()..].to_owned();
        text += &round.replace("\"daily\"", "\"evening\"");
        let told: Vec<String> = Season::read(&text, &files).unwrap_err().iter().map(ToString::to_string).collect();
        assert!(told[0].contains("一个人的赛季总分最多可达 1607040600 分"), "{told:#?}");
        assert_eq!(Season::read(&format!("tally = \"best_round\"\n{text}"), &files).map(|_| ()), Ok(()));
    }

    #[test]
    fn days_and_weeks_of_a_window_are_civil() {
        let season = shipped("guangxi-2026.toml");
        let daily = &season.rounds[0];
        assert_eq!(days(daily, &season.time_zone), Some(122));
        // From Saturday 1 August, week 1, to Monday 30 November, week 19.
        assert_eq!(weeks(daily, &season.time_zone), Some(19));
        assert_eq!(attempts_max(daily, &season.time_zone), Some(366));
    }
}
