//! Statistics as the desk tells them: types of the wire, converted by hand; the same as a table to keep.

use crate::domain::question::Question;
use crate::domain::season::Season;
use crate::domain::statistics::Alarm;
use crate::domain::statistics::AlarmCode;
use crate::domain::statistics::Measures;
use crate::domain::statistics::Tally;
use crate::domain::time::Day;
use crate::formats::csv::guarded;
use crate::office::statistics::Count;
use crate::office::statistics::Counts;
use crate::office::statistics::Row;
use crate::office::statistics::Version;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A fraction as it is told: of 1, four digits.
fn told(figure: Option<f64>) -> Option<f64> {
    figure.map(|figure| (figure * 10_000.0).round() / 10_000.0)
}

#[derive(Serialize, ToSchema)]
#[schema(as = StatisticsPage)]
pub(super) struct PageView {
    /// When it was counted; absent while the ledger is read through after a start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) as_of: Option<i64>,
    pub(super) items: Vec<FiguresView>,
    pub(super) total: usize,
    /// How many questions have each alarm, whichever alarm was asked for.
    pub(super) alarms: BTreeMap<&'static str, usize>,
    pub(super) rounds: Vec<RoundView>,
    pub(super) versions: Vec<VersionView>,
}

/// A round with anything counted.
#[derive(Serialize, ToSchema)]
#[schema(as = StatisticsRound)]
pub(super) struct RoundView {
    id: String,
    name: String,
    counts: bool,
}

#[derive(Serialize, ToSchema)]
#[schema(as = StatisticsVersion)]
pub(super) struct VersionView {
    bank: String,
    /// Among those of the bank that papers were drawn from, from 1.
    version: usize,
    questions: usize,
    rounds: Vec<String>,
    since: i64,
}

impl VersionView {
    pub(super) fn of(version: &Version, season: &Season) -> VersionView {
        VersionView {
            bank: version.bank.clone(),
            version: version.n,
            questions: version.questions,
            rounds: version.rounds.iter().map(|round| season.round(*round).id.0.clone()).collect(),
            since: version.since.0,
        }
    }

    /// The rounds of any of these versions, in the season's order.
    pub(super) fn rounds(versions: &[Version], season: &Season) -> Vec<RoundView> {
        let mut indices: Vec<_> = versions.iter().flat_map(|version| version.rounds.iter().copied()).collect();
        indices.sort_unstable();
        indices.dedup();
        let view = |round: &crate::domain::rules::Round| RoundView {
            id: round.id.0.clone(),
            name: round.name.clone(),
            counts: round.counts,
        };
        indices.into_iter().map(|index| view(season.round(index))).collect()
    }
}

/// A question's figures. Fractions are of 1; what they mean and where it comes from stands in docs/statistics.md.
#[derive(Serialize, ToSchema)]
#[schema(as = QuestionFigures)]
pub(super) struct FiguresView {
    question: String,
    bank: String,
    /// true_false, single or multiple
    kind: &'static str,
    topic: String,
    difficulty: u8,
    stem: String,
    /// Numbers of the bank's versions that are together in it
    versions: Vec<usize>,
    shown: u32,
    right: u32,
    answered: u32,
    passed: u32,
    timed_out: u32,
    left: u32,
    facility: Option<f64>,
    sd: Option<f64>,
    discrimination_index: Option<f64>,
    discriminative_efficiency: Option<f64>,
    mean_ms: Option<u64>,
    /// How many papers are in each of the groups of the best and the weakest; 0: too few for groups
    group: u64,
    options: Vec<OptionView>,
    alarms: Vec<AlarmView>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = OptionFigures)]
pub(super) struct OptionView {
    /// By the bank's order, whatever order a paper showed
    index: usize,
    text: String,
    /// Whether it is right, as answers are judged by now
    key: bool,
    chosen: u32,
    share: Option<f64>,
    share_top: Option<f64>,
    share_bottom: Option<f64>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Alarm)]
pub(super) struct AlarmView {
    /// best_choose_wrong, facility_jump, time_collapse or nobody_chooses
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    option: Option<usize>,
    /// `2026-09-01`
    #[serde(skip_serializing_if = "Option::is_none")]
    day: Option<String>,
    /// What was found, and what to do
    sentence: String,
}

impl AlarmView {
    fn of(alarm: &Alarm) -> AlarmView {
        AlarmView {
            code: alarm.code.code(),
            option: alarm.option,
            day: alarm.day.map(|day| day.date().to_string()),
            sentence: alarm.sentence.clone(),
        }
    }
}

impl FiguresView {
    pub(super) fn of(row: &Row, versions: &[Version]) -> FiguresView {
        let question = row.question();
        let Measures { tally, facility, sd, discrimination_index, discriminative_efficiency, mean_ms, group, .. } =
            row.measures;
        let Tally { shown, right, answered, passed, timed_out, left, .. } = tally;
        let number =
            |digest: &String| versions.iter().find(|version| version.digest == *digest).map(|version| version.n);
        FiguresView {
            question: question.id.0.clone(),
            bank: row.bank().to_owned(),
            kind: question.kind.code(),
            topic: question.topic.clone(),
            difficulty: question.difficulty,
            stem: question.stem.clone(),
            versions: row.versions.iter().filter_map(number).collect(),
            shown,
            right,
            answered,
            passed,
            timed_out,
            left,
            facility: told(facility),
            sd: told(sd),
            discrimination_index: told(discrimination_index),
            discriminative_efficiency: told(discriminative_efficiency),
            mean_ms,
            group,
            options: options(row, question),
            alarms: row.alarms.iter().map(AlarmView::of).collect(),
        }
    }
}

fn options(row: &Row, question: &Question) -> Vec<OptionView> {
    let option = |(index, text): (usize, &String)| {
        let share = row.measures.options.get(index).copied().unwrap_or_default();
        OptionView {
            index,
            text: text.clone(),
            key: row.right.has(index),
            chosen: row.measures.tally.options.get(index).copied().unwrap_or(0),
            share: told(share.all),
            share_top: told(share.top),
            share_bottom: told(share.bottom),
        }
    };
    question.options.iter().enumerate().map(option).collect()
}

/// A question's figures, and day by day.
#[derive(Serialize, ToSchema)]
#[schema(as = QuestionStatistics)]
pub(super) struct QuestionStatisticsView {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) as_of: Option<i64>,
    #[serde(flatten)]
    pub(super) figures: FiguresView,
    pub(super) days: Vec<DayView>,
    pub(super) rounds: Vec<RoundView>,
    pub(super) versions_used: Vec<VersionView>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = DayFigures)]
pub(super) struct DayView {
    /// `2026-09-01`, in the season's time zone
    day: String,
    shown: u32,
    right: u32,
    facility: Option<f64>,
    mean_ms: Option<u64>,
}

impl DayView {
    pub(super) fn of((day, tally): &(Day, Tally)) -> DayView {
        let measures = Measures::of_tally(*tally);
        DayView {
            day: day.date().to_string(),
            shown: tally.shown,
            right: tally.right,
            facility: told(measures.facility),
            mean_ms: measures.mean_ms,
        }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = Overview)]
pub(super) struct OverviewView {
    #[serde(skip_serializing_if = "Option::is_none")]
    as_of: Option<i64>,
    /// `region`, `city:450200`, `county:450226` or `organisation:ID`
    place: String,
    name: String,
    starts: u64,
    /// Each counted once, where they started first
    participants: u64,
    days: Vec<DayCountView>,
    hours: Vec<HourCountView>,
    /// What lies directly in the place: cities or counties
    places: Vec<PlaceCountView>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = DayCount)]
pub(super) struct DayCountView {
    day: String,
    starts: u64,
    /// Each counted once a day
    participants: u64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = HourCount)]
pub(super) struct HourCountView {
    /// Of the day in the season's time zone, from 0
    hour: usize,
    starts: u64,
    /// Over all days, each counted once in each hour of each day
    participants: u64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = PlaceCount)]
pub(super) struct PlaceCountView {
    pub(super) place: String,
    pub(super) name: String,
    pub(super) starts: u64,
    pub(super) participants: u64,
}

impl OverviewView {
    pub(super) fn of(
        as_of: Option<i64>,
        here: (String, String),
        counts: &Counts,
        places: Vec<PlaceCountView>,
    ) -> OverviewView {
        let day = |(day, count): (&Day, &Count)| DayCountView {
            day: day.date().to_string(),
            starts: count.starts,
            participants: count.participants,
        };
        let hour = |(hour, count): (usize, &Count)| HourCountView {
            hour,
            starts: count.starts,
            participants: count.participants,
        };
        let (place, name) = here;
        OverviewView {
            as_of,
            place,
            name,
            starts: counts.all.starts,
            participants: counts.all.participants,
            days: counts.days.iter().map(day).collect(),
            hours: counts.hours.iter().enumerate().map(hour).collect(),
            places,
        }
    }
}

const COLUMNS: [&str; 19] = [
    "编号",
    "题库",
    "题型",
    "题干",
    "出现次数",
    "答对次数",
    "难度（正确率）",
    "标准差",
    "区分度",
    "区分效率",
    "平均用时（秒）",
    "作答",
    "跳过",
    "超时",
    "未答交卷",
    "答案",
    "各选项所占比例",
    "最好的27%里各选项",
    "提醒",
];

/// The rows as CSV in UTF-8 with a byte order mark, which spreadsheets need.
pub(super) fn table(rows: &[Row]) -> Vec<u8> {
    let mut text = String::from("\u{FEFF}");
    let mut line = |cells: Vec<String>| {
        let quoted = cells.iter().map(|cell| format!("\"{}\"", guarded(cell).replace('"', "\"\"")));
        text.push_str(&quoted.collect::<Vec<_>>().join(","));
        text.push_str("\r\n");
    };
    line(COLUMNS.map(str::to_owned).into());
    rows.iter().for_each(|row| line(cells(row)));
    text.into_bytes()
}

fn cells(row: &Row) -> Vec<String> {
    let (question, measures) = (row.question(), &row.measures);
    let Tally { shown, right, answered, passed, timed_out, left, .. } = measures.tally;
    let figure = |figure: Option<f64>| told(figure).map_or(String::new(), |figure| figure.to_string());
    let letter = |place: usize| char::from(b'A' + place as u8);
    let shares = |of: fn(&crate::domain::statistics::Share) -> Option<f64>| {
        let shares = measures.options.iter().take(question.options.len()).enumerate();
        let told = shares.filter_map(|(place, share)| Some(format!("{} {:.1}%", letter(place), of(share)? * 100.0)));
        told.collect::<Vec<_>>().join("；")
    };
    let alarms: Vec<&str> = row.alarms.iter().map(|alarm| alarm.sentence.as_str()).collect();
    vec![
        question.id.0.clone(),
        row.bank().to_owned(),
        question.kind.name().to_owned(),
        question.stem.clone(),
        shown.to_string(),
        right.to_string(),
        figure(measures.facility),
        figure(measures.sd),
        figure(measures.discrimination_index),
        figure(measures.discriminative_efficiency),
        measures.mean_ms.map_or(String::new(), |ms| format!("{:.1}", ms as f64 / 1000.0)),
        answered.to_string(),
        passed.to_string(),
        timed_out.to_string(),
        left.to_string(),
        row.right.places().map(letter).collect(),
        shares(|share| share.all),
        shares(|share| share.top),
        alarms.join("\n"),
    ]
}

/// How many questions have each alarm.
pub(super) fn alarm_counts(rows: &[Row]) -> BTreeMap<&'static str, usize> {
    let of = |code: AlarmCode| rows.iter().filter(|row| row.alarms.iter().any(|alarm| alarm.code == code)).count();
    AlarmCode::ALL.into_iter().map(|code| (code.code(), of(code))).filter(|(_, questions)| *questions > 0).collect()
}
