//! Reading the rounds of a season file.

use crate::domain::fault::suggestion;
use crate::domain::ids::GroupIndex;
use crate::domain::ids::RoundId;
use crate::domain::ids::RoundIndex;
use crate::domain::question::Kind;
use crate::domain::rules::AttemptsAllowed;
use crate::domain::rules::Blueprint;
use crate::domain::rules::DrawPeriod;
use crate::domain::rules::Feedback;
use crate::domain::rules::Gate;
use crate::domain::rules::Limits;
use crate::domain::rules::MultipleScoring;
use crate::domain::rules::Round;
use crate::domain::rules::Scoring;
use crate::domain::rules::SeasonTallyRule;
use crate::domain::rules::Section;
use crate::domain::rules::TallyRule;
use crate::domain::rules::Threshold;
use crate::domain::season::BankSource;
use crate::domain::season::Group;
use crate::domain::season::bounds;
use crate::domain::season::file::finish;
use crate::domain::season::file::needed_id;
use crate::domain::season::file::plain;
use crate::domain::season::times;
use crate::domain::season::times::Window;
use crate::domain::season::weeks;
use crate::domain::time::TimeZone;
use crate::domain::time::Timestamp;
use crate::domain::toml_file::At;
use crate::domain::toml_file::Table;
use std::collections::HashMap;

/// A paper with more is refused: a live attempt is kept in memory.
pub const QUESTIONS_MAX: u32 = 200;
pub const POINTS_MAX: u32 = 10_000;
/// With the weeks of repeated rounds.
pub const ROUNDS_MAX: usize = 300;

/// Longer rounds change their secret every week (design.md, Fairness).
pub(super) const LONG_MS: i64 = 31 * 86_400_000;

/// What the rounds take from the rest of the file.
pub(super) struct Shared<'a> {
    pub(super) zone: &'a TimeZone,
    pub(super) window: &'a Window,
    pub(super) groups: &'a [Group],
    pub(super) banks: &'a [BankSource],
    pub(super) pace: Pace,
    pub(super) tally: SeasonTallyRule,
}

/// The finer points of timing, which a round takes from the season where it doesn't say otherwise.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    pub(super) grace_ms: u32,
    pub(super) elapsed_floor_ms: u32,
    pub(super) reading_ms: u32,
}

impl Pace {
    /// Where a file says nothing.
    pub(super) const USUAL: Pace = Pace { grace_ms: 1000, elapsed_floor_ms: 0, reading_ms: 20_000 };

    pub(super) fn of_season(root: &Table<'_>) -> Pace {
        Pace::USUAL.changed_by(root)
    }

    fn changed_by(self, table: &Table<'_>) -> Pace {
        Pace {
            grace_ms: table.whole("grace_ms", 0..=10_000).map_or(self.grace_ms, |at| at.value),
            elapsed_floor_ms: table.whole("elapsed_floor_ms", 0..=60_000).map_or(self.elapsed_floor_ms, |at| at.value),
            reading_ms: table.whole("reading_seconds", 1..=600).map_or(self.reading_ms, |at| at.value * 1000),
        }
    }
}

/// A round as its table says it, before weeks and gates are worked out.
pub(super) struct Draft<'p> {
    pub(super) round: Round,
    pub(super) table: Table<'p>,
    pub(super) weekly: bool,
    gate: Option<(At<String>, At<u32>)>,
}

pub(super) fn read(root: &Table<'_>, shared: &Shared<'_>) -> Vec<Round> {
    let drafts: Vec<Draft<'_>> = root.tables("round").into_iter().map(|table| draft(table, shared)).collect();
    if drafts.is_empty() {
        root.missing("round", "[[round]]");
    }
    // Each round with its draft's place.
    let mut rounds: Vec<(usize, Round)> = Vec::new();
    for (place, draft) in drafts.iter().enumerate() {
        let weeks = if draft.weekly { weeks::of(draft, shared.zone) } else { vec![draft.round.clone()] };
        rounds.extend(weeks.into_iter().map(|round| (place, round)));
    }
    if rounds.len() > ROUNDS_MAX {
        root.page.fault(&root.key_of("round"), format!("场次太多，最多 {ROUNDS_MAX} 场（每周重来的，一周算一场）"));
    }
    refuse_same_ids(&drafts, &rounds);
    for (place, draft) in drafts.iter().enumerate() {
        open_gate(draft, place, &drafts, &mut rounds);
    }
    bounds::refuse_overflow(root, &drafts, &rounds, shared);
    rounds.into_iter().map(|(_, round)| round).collect()
}

fn refuse_same_ids(drafts: &[Draft<'_>], rounds: &[(usize, Round)]) {
    let mut seen = HashMap::new();
    for (place, round) in rounds {
        let first = seen.insert(round.id.as_str(), *place);
        if first.is_some() && !round.id.as_str().is_empty() {
            let table = &drafts[*place].table;
            table.page.fault(&table.key_of("id"), format!("id「{}」前面已经用过，请换一个", round.id));
        }
    }
}

/// Points the draft's rounds at the round of their gate: a weekly one of a weekly one at that of its own week.
fn open_gate(draft: &Draft<'_>, place: usize, drafts: &[Draft<'_>], rounds: &mut [(usize, Round)]) {
    let Some((named, right)) = &draft.gate else { return };
    let page = draft.table.page;
    let Some(target) = drafts.iter().position(|other| other.round.id.as_str() == named.value) else {
        let hint = suggestion(&named.value, drafts.iter().map(|other| other.round.id.as_str()));
        return page.fault(&named.key, format!("没有 id 是「{}」的场次{hint}", named.value));
    };
    if target >= place {
        return page.fault(&named.key, "热身场要写在前面，不能是自己或后面的场次");
    }
    let of = drafts[target].round.blueprint.count();
    if right.value > of {
        page.fault(&right.key, format!("热身场「{}」每份只有 {of} 题，答对题数不能超过它", named.value));
    }
    let gates: Vec<(RoundIndex, Timestamp)> = rounds
        .iter()
        .enumerate()
        .filter(|(_, (of, _))| *of == target)
        .map(|(index, (_, round))| (RoundIndex(index as u16), round.opens))
        .collect();
    for (_, round) in rounds.iter_mut().filter(|(of, _)| *of == place) {
        let same_week = |opens: Timestamp| !drafts[target].weekly || (draft.weekly && opens == round.opens);
        match gates.iter().find(|(_, opens)| same_week(*opens)) {
            Some((gate, _)) => round.gate = Some(Gate { round: *gate, right: right.value }),
            None => return page.fault(&named.key, "每周重来的热身场，只能用于同样每周重来、起止相同的场次"),
        }
    }
}

fn draft<'p>(table: Table<'p>, shared: &Shared<'_>) -> Draft<'p> {
    let id = needed_id(&table, "id = \"daily\"").map_or_else(String::new, |at| at.value);
    let table = table.named("round", &id);
    let name = table.needed_text("name", "name = \"每日竞赛\"").map_or_else(String::new, |at| at.value);
    let window = times::of_round(&table, shared.zone, shared.window);
    let long = window.closes.value.since(window.opens.value) > LONG_MS;
    let periods = [("round", DrawPeriod::Round), ("week", DrawPeriod::Week)];
    let threshold = table.table("threshold").and_then(|rule| read_threshold(&rule));
    let blueprint = read_blueprint(&table, threshold.as_ref());
    let round = Round {
        id: RoundId(id),
        name,
        opens: window.opens.value,
        closes: window.closes.value,
        bank: read_bank(&table, shared.banks),
        limits: read_limits(&table, shared.pace),
        attempts: read_attempts(&table),
        scoring: Scoring { multiple: read_multiple(&table), threshold: threshold.map(|at| at.value) },
        tally: read_tally(&table),
        ends_at_first_wrong: table.yes("ends_at_first_wrong").is_some_and(|at| at.value),
        feedback: read_feedback(&table, window.closes.value),
        counts: table.yes("counts").is_none_or(|at| at.value),
        gate: None,
        groups: read_group_limits(&table, shared.groups),
        draw_period: table
            .choice("draw_period", &periods)
            .map_or(if long { DrawPeriod::Week } else { DrawPeriod::Round }, |at| at.value),
        blueprint,
    };
    let gate = table.table("gate").and_then(|gate| read_gate(&gate));
    let weekly = table.choice("repeat", &[("week", ())]).is_some();
    if weekly && window.closes.value == Timestamp::MAX {
        table.page.fault(&table.key_of("repeat"), "每周重来的场次要有截止时间，请写 last_day 或 closes");
    }
    finish(&table);
    Draft { weekly: weekly && window.closes.value != Timestamp::MAX, round, gate, table }
}

fn read_bank(table: &Table<'_>, banks: &[BankSource]) -> String {
    if !table.has("bank")
        && let [only] = banks
    {
        // One bank in the season needs no naming.
        table.text("bank");
        return only.id.clone();
    }
    let Some(at) = table.needed_text("bank", "bank = \"kexue\"") else { return String::new() };
    if !banks.iter().any(|bank| bank.id == at.value) {
        let hint = suggestion(&at.value, banks.iter().map(|bank| bank.id.as_str()));
        table.page.fault(&at.key, format!("没有 id 是「{}」的题库{hint}", at.value));
    }
    at.value
}

fn read_limits(table: &Table<'_>, pace: Pace) -> Limits {
    let pace = pace.changed_by(table);
    let question_ms = table.whole("question_seconds", 3..=3600).map(|at| at.value * 1000);
    let paper_ms = table.whole("paper_seconds", 10..=86_400).map(|at| at.value * 1000);
    if question_ms.or(paper_ms).is_some_and(|limit| pace.elapsed_floor_ms >= limit) {
        let key = table.key_of("elapsed_floor_ms");
        table.page.fault(&key, "每题最少计的用时要小于每题（或整卷）的时限");
    }
    Limits {
        question_ms,
        paper_ms,
        grace_ms: pace.grace_ms,
        elapsed_floor_ms: pace.elapsed_floor_ms,
        reading_ms: pace.reading_ms,
    }
}

fn read_attempts(table: &Table<'_>) -> AttemptsAllowed {
    let most = |name| table.whole(name, 1..=100_000).map(|at| at.value);
    AttemptsAllowed {
        per_day: most("attempts_per_day"),
        per_week: most("attempts_per_week"),
        in_all: most("attempts_in_all"),
        hand_back: table.yes("hand_back").is_some_and(|at| at.value),
    }
}

fn read_multiple(table: &Table<'_>) -> MultipleScoring {
    let words = [
        ("all_or_nothing", MultipleScoring::AllOrNothing),
        ("half_for_part", MultipleScoring::HalfForPart),
        ("by_option", MultipleScoring::ByOption),
    ];
    table.choice("multiple", &words).map_or(MultipleScoring::AllOrNothing, |at| at.value)
}

fn read_tally(table: &Table<'_>) -> TallyRule {
    let words = [
        ("best", TallyRule::Best),
        ("sum", TallyRule::Sum),
        ("sum_of_daily_best", TallyRule::SumOfDailyBest),
        ("last", TallyRule::Last),
    ];
    table.choice("tally", &words).map_or(TallyRule::Best, |at| at.value)
}

fn read_feedback(table: &Table<'_>, closes: Timestamp) -> Feedback {
    let words = [
        ("after_each", Feedback::AfterEach),
        ("after_paper", Feedback::AfterPaper),
        ("after_round", Feedback::AfterRound),
        ("never", Feedback::Never),
    ];
    let Some(at) = table.choice("feedback", &words) else { return Feedback::AfterPaper };
    if at.value == Feedback::AfterRound && closes == Timestamp::MAX {
        table.page.fault(&at.key, "一直开放的场次没有结束的时候，请改用 after_paper 或 after_each");
    }
    at.value
}

fn read_group_limits(table: &Table<'_>, groups: &[Group]) -> Vec<GroupIndex> {
    let mut limits = Vec::new();
    for at in table.texts("groups") {
        match groups.iter().position(|group| group.id == at.value) {
            Some(place) => limits.push(GroupIndex(place as u16)),
            None => {
                let hint = suggestion(&at.value, groups.iter().map(|group| group.id.as_str()));
                table.page.fault(&at.key, format!("没有 id 是「{}」的组别{hint}", at.value));
            }
        }
    }
    limits
}

fn read_gate(table: &Table<'_>) -> Option<(At<String>, At<u32>)> {
    let round = table.needed_text("round", "round = \"warm-up\"");
    if !table.has("right") {
        table.missing("right", "right = 6");
    }
    let right = table.whole("right", 1..=QUESTIONS_MAX);
    table.finish(&[]);
    Some((round?, right?))
}

fn read_threshold(table: &Table<'_>) -> Option<At<Threshold>> {
    for (key, example) in [("right", "right = 2"), ("points", "points = 1")] {
        if !table.has(key) {
            table.missing(key, example);
        }
    }
    let right = table.whole("right", 1..=QUESTIONS_MAX);
    let points = table.whole("points", 1..=POINTS_MAX);
    table.finish(&[]);
    Some(At { value: Threshold { right: right?.value, points: points?.value }, key: table.key.clone() })
}

fn read_blueprint(table: &Table<'_>, threshold: Option<&At<Threshold>>) -> Blueprint {
    let tables = table.tables("section");
    if tables.is_empty() {
        table.missing("section", "[[round.section]]");
    }
    let sections: Vec<Section> = tables.iter().map(|section| read_section(section, threshold.is_some())).collect();
    let blueprint = Blueprint { sections };
    let count = blueprint.count();
    if count > QUESTIONS_MAX {
        let key = table.key_of("section");
        table.page.fault(&key, format!("一份试卷有 {count} 题，最多 {QUESTIONS_MAX} 题"));
    }
    if let Some(at) = threshold.filter(|at| at.value.right > count && count > 0) {
        table.page.fault(&at.key, format!("要答对 {} 题，可一份试卷只有 {count} 题", at.value.right));
    }
    blueprint
}

fn read_section(table: &Table<'_>, by_threshold: bool) -> Section {
    let kinds = [("true_false", Kind::TrueFalse), ("single", Kind::Single), ("multiple", Kind::Multiple)];
    let kinds = table.choices("kind", &kinds).into_iter().map(|at| at.value).collect();
    if !table.has("count") {
        table.missing("count", "count = 10");
    }
    if by_threshold {
        table.refuse("points", "本场次按答对题数计分（threshold），各题没有分值，请删去 points");
    } else if !table.has("points") {
        table.missing("points", "points = 10");
    }
    let points = if by_threshold { None } else { table.whole("points", 1..=POINTS_MAX) };
    let section = Section {
        kinds,
        count: table.whole("count", 1..=QUESTIONS_MAX).map_or(0, |at| at.value),
        points: points.map_or(0, |at| at.value),
        topics: plain(table.texts("topics")),
        difficulties: table.wholes("difficulties", 1..=3).into_iter().map(|at| at.value as u8).collect(),
    };
    table.finish(if by_threshold { &["points"] } else { &[] });
    section
}
