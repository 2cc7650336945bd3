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
    let (score, elapsed) = (u128::from(full_marks(round)), longest_ms(round));
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

/// The points of a paper with every question right.
pub(super) fn full_marks(round: &Round) -> u64 {
    match round.scoring.threshold {
        Some(threshold) => u64::from(threshold.points),
        None => round.blueprint.sections.iter().map(|s| u64::from(s.count) * u64::from(s.points)).sum(),
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
