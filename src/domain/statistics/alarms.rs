//! What of a question's figures asks for somebody, each with a sentence that says what to do.

use crate::domain::question::Choices;
use crate::domain::question::Kind;
use crate::domain::question::Question;
use crate::domain::statistics::Item;
use crate::domain::statistics::Measures;
use crate::domain::statistics::Tally;
use crate::domain::statistics::WHOLE;
use crate::domain::time::Day;

/// An option counts as chosen by nobody where so many or fewer in a thousand chose it …
const NOBODY_PER_MILLE: u32 = 5;
/// … of so many answers at least.
const NOBODY_ANSWERED_MIN: u32 = 200;
/// Of the best, so many at least, before it is said that they choose a wrong option.
const BEST_MIN: u64 = 30;
/// A day is compared with all days before it where so many had the question on it, and so many before.
const DAY_SHOWN_MIN: u32 = 50;
const BEFORE_SHOWN_MIN: u32 = 100;
/// The facility of a day is higher by so much …
const JUMP: f64 = 0.20;
/// … and by so many standard errors, so that chance alone does not do it among thousands of questions.
const JUMP_ERRORS: f64 = 4.0;
/// The mean time of a day is less than this part of that before.
const COLLAPSE: f64 = 0.6;
/// A day with a jump or a collapse is told for so long.
const TOLD_DAYS: i32 = 14;

/// For programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlarmCode {
    /// The best choose a wrong option more often than the key.
    BestChooseWrong,
    /// More know the answer than did until yesterday.
    FacilityJump,
    /// They know it faster.
    TimeCollapse,
    /// An option that fools nobody.
    NobodyChooses,
}

impl AlarmCode {
    /// The most pressing first.
    pub const ALL: [AlarmCode; 4] =
        [AlarmCode::BestChooseWrong, AlarmCode::FacilityJump, AlarmCode::TimeCollapse, AlarmCode::NobodyChooses];

    pub fn code(self) -> &'static str {
        match self {
            AlarmCode::BestChooseWrong => "best_choose_wrong",
            AlarmCode::FacilityJump => "facility_jump",
            AlarmCode::TimeCollapse => "time_collapse",
            AlarmCode::NobodyChooses => "nobody_chooses",
        }
    }

    pub fn of_code(code: &str) -> Option<AlarmCode> {
        AlarmCode::ALL.into_iter().find(|alarm| alarm.code() == code)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    pub code: AlarmCode,
    /// By the bank's order, where it is about one.
    pub option: Option<usize>,
    pub day: Option<Day>,
    /// What was found, and what to do.
    pub sentence: String,
}

/// Everything that a question's figures ask for, the most pressing first. `right`: the options that are right by now.
pub fn alarms(question: &Question, right: Choices, item: &Item, measures: &Measures, today: Day) -> Vec<Alarm> {
    let mut found = Vec::new();
    found.extend(best_choose_wrong(question, right, measures));
    found.extend(latest(item, today, facility_jump));
    found.extend(latest(item, today, time_collapse));
    found.extend(nobody_chooses(question, right, &measures.tally));
    found
}

fn best_choose_wrong(question: &Question, right: Choices, measures: &Measures) -> Option<Alarm> {
    if measures.group < BEST_MIN || right.is_empty() {
        return None;
    }
    let top = |place: usize| measures.options.get(place).and_then(|share| share.top).unwrap_or(0.0);
    let places = 0..question.options.len();
    let key = right.places().min_by(|a, b| top(*a).total_cmp(&top(*b)))?;
    let wrong = places.filter(|place| !right.has(*place)).max_by(|a, b| top(*a).total_cmp(&top(*b)))?;
    (top(wrong) > top(key)).then(|| Alarm {
        code: AlarmCode::BestChooseWrong,
        option: Some(wrong),
        day: None,
        sentence: format!(
            "其余各题成绩最好的 {} 份答卷里，选 {} 的占 {}，比选答案 {} 的（{}）还多：答案可能写错了，或者题干有歧义。请对照来源核对；确实有误的，提出更正，并先停用这道题。",
            measures.group,
            name_of(question, wrong),
            percent(top(wrong)),
            name_of(question, key),
            percent(top(key)),
        ),
    })
}

fn nobody_chooses(question: &Question, right: Choices, tally: &Tally) -> Vec<Alarm> {
    if tally.answered < NOBODY_ANSWERED_MIN || question.kind == Kind::TrueFalse {
        return Vec::new();
    }
    let rare = |place: &usize| {
        u64::from(tally.options[*place]) * 1000 <= u64::from(tally.answered) * u64::from(NOBODY_PER_MILLE)
    };
    let places = (0..question.options.len().min(tally.options.len())).filter(|place| !right.has(*place)).filter(rare);
    let alarm = |place| Alarm {
        code: AlarmCode::NobodyChooses,
        option: Some(place),
        day: None,
        sentence: format!(
            "{} 人作答，选 {} 的只有 {} 人，这个选项起不到干扰作用。修订时换一个更像的说法，或者删去它。",
            tally.answered,
            name_of(question, place),
            tally.options[place],
        ),
    };
    places.map(alarm).collect()
}

/// The newest of the last days on which something is found, compared with all days before it.
fn latest(item: &Item, today: Day, find: impl Fn(Day, &Tally, &Tally) -> Option<Alarm>) -> Option<Alarm> {
    let mut before = Tally::default();
    let mut found = None;
    for (day, on) in item.days() {
        let enough = on.shown >= DAY_SHOWN_MIN && before.shown >= BEFORE_SHOWN_MIN;
        if enough && today.0 - day.0 < TOLD_DAYS {
            found = find(*day, &before, on).or(found);
        }
        before.merge(on);
    }
    found
}

fn facility_jump(day: Day, before: &Tally, on: &Tally) -> Option<Alarm> {
    let (was, is) = (Measures::of_tally(*before), Measures::of_tally(*on));
    let (was_at, is_at) = (was.facility?, is.facility?);
    let error = (variance_of_mean(before) + variance_of_mean(on)).sqrt();
    let jumps = is_at - was_at >= JUMP && is_at - was_at >= JUMP_ERRORS * error;
    jumps.then(|| Alarm {
        code: AlarmCode::FacilityJump,
        option: None,
        day: Some(day),
        sentence: format!(
            "{} 的正确率是 {}（{} 人），此前平均 {}：题目可能外传了。请看看网上有没有这道题；外传了的，停用它，换一批题。",
            day.date(),
            percent(is_at),
            on.shown,
            percent(was_at),
        ),
    })
}

fn time_collapse(day: Day, before: &Tally, on: &Tally) -> Option<Alarm> {
    let (was_ms, is_ms) = (Measures::of_tally(*before).mean_ms?, Measures::of_tally(*on).mean_ms?);
    ((is_ms as f64) < COLLAPSE * was_ms as f64).then(|| Alarm {
        code: AlarmCode::TimeCollapse,
        option: None,
        day: Some(day),
        sentence: format!(
            "{} 平均 {} 答完，此前平均要 {}：题目可能外传了，或者有人用程序作答。请和当天其他题对照；只有这一道变快的，停用它。",
            day.date(),
            seconds(is_ms),
            seconds(was_ms),
        ),
    })
}

/// Of the mean mark, of 1. Where all are alike, as where one of them differed.
fn variance_of_mean(tally: &Tally) -> f64 {
    let n = f64::from(tally.shown);
    let sum = tally.marks as f64 / f64::from(WHOLE);
    let squares = tally.squares as f64 / (f64::from(WHOLE) * f64::from(WHOLE));
    ((squares - sum * sum / n) / n).max(1.0 / n) / n
}

fn name_of(question: &Question, place: usize) -> String {
    match question.kind {
        Kind::TrueFalse => format!("「{}」", question.options.get(place).map_or("", String::as_str)),
        Kind::Single | Kind::Multiple => char::from(b'A' + place as u8).to_string(),
    }
}

fn percent(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}

fn seconds(ms: u64) -> String {
    format!("{:.1} 秒", ms as f64 / 1000.0)
}
