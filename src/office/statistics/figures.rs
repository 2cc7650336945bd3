//! What was counted, as it is asked for: a row a question, over rounds and versions together or one by one.

use crate::domain::bank::BankVersion;
use crate::domain::ids::QuestionId;
use crate::domain::ids::QuestionIndex;
use crate::domain::ids::RoundIndex;
use crate::domain::question::Choices;
use crate::domain::question::Question;
use crate::domain::season::Season;
use crate::domain::statistics::Alarm;
use crate::domain::statistics::AlarmCode;
use crate::domain::statistics::Item;
use crate::domain::statistics::Measures;
use crate::domain::statistics::alarms;
use crate::domain::time::Day;
use crate::domain::time::Timestamp;
use crate::office::statistics::projection::Group;
use crate::office::statistics::projection::GroupKey;
use crate::office::statistics::projection::Projection;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Those that whoever asks may see.
    pub banks: Vec<String>,
    /// `None`: those that count, or all where none does.
    pub round: Option<RoundIndex>,
    /// A version's digest. `None`: the newest, and the earlier ones in which a question stood as it does in it.
    pub version: Option<String>,
    /// Both ends within. Where one is set, nothing is told that needs the rest of the papers: those are kept for the whole time.
    pub from: Option<Day>,
    pub to: Option<Day>,
    /// Only this question.
    pub question: Option<QuestionId>,
}

/// A question with its figures.
pub struct Row {
    bank: Arc<BankVersion>,
    index: QuestionIndex,
    /// The digests of the versions that were put together, the newest first.
    pub versions: Vec<String>,
    /// By the bank's order: the options that are right by now.
    pub right: Choices,
    pub annulled: bool,
    /// Of the whole time.
    pub item: Item,
    pub measures: Measures,
    pub alarms: Vec<Alarm>,
}

impl Row {
    pub fn question(&self) -> &Question {
        self.bank.question(self.index)
    }

    pub fn bank(&self) -> &str {
        &self.bank.bank
    }
}

/// Of fewer papers a figure is chance for the most part: those questions come after the others.
const SURE_MIN: u32 = 50;

/// What rows can be sorted by; what has no such figure comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    Alarms,
    Shown,
    Facility,
    Discrimination,
    Efficiency,
    Time,
}

/// All questions that papers have shown, as asked for.
pub fn rows(projection: &Projection, season: &Season, asked: &Asked, today: Day) -> Vec<Row> {
    let mut found: HashMap<&QuestionId, Found<'_>> = HashMap::new();
    let mut groups: Vec<(&GroupKey, &Group)> =
        projection.groups().filter(|(key, group)| is_asked(season, asked, key, group)).collect();
    // The newest first: it says how a question stands.
    groups.sort_by_key(|(_, group)| std::cmp::Reverse(group.opened()));
    for (key, group) in groups {
        for (index, item) in group.items() {
            let question = group.bank().question(index);
            if asked.question.as_ref().is_some_and(|wanted| *wanted != question.id) {
                continue;
            }
            found.entry(&question.id).or_insert_with(|| Found::new(group, index)).add(key, group.bank(), index, item);
        }
    }
    let whole = asked.from.is_none() && asked.to.is_none();
    let (from, to) = (asked.from.unwrap_or(Day(i32::MIN)), asked.to.unwrap_or(Day(i32::MAX)));
    let row = |found: Found<'_>| {
        let measures = match whole {
            true => Measures::of(&found.item),
            false => Measures::of_tally(found.item.tally(from, to)),
        };
        let (question, right) = (found.bank.question(found.index), found.group.right(found.index));
        let alarms = match whole {
            true => alarms(question, right, &found.item, &measures, today),
            false => alarms(question, right, &found.item, &Measures::of(&found.item), today),
        };
        let (index, annulled) = (found.index, found.group.is_annulled(found.index));
        Row {
            bank: Arc::clone(found.bank),
            index,
            versions: found.versions,
            right,
            annulled,
            item: found.item,
            measures,
            alarms,
        }
    };
    found.into_values().map(row).filter(|row| whole || row.measures.tally.shown > 0).collect()
}

struct Found<'p> {
    group: &'p Group,
    bank: &'p Arc<BankVersion>,
    index: QuestionIndex,
    versions: Vec<String>,
    item: Item,
}

impl<'p> Found<'p> {
    fn new(group: &'p Group, index: QuestionIndex) -> Found<'p> {
        Found { group, bank: group.bank(), index, versions: Vec::new(), item: Item::default() }
    }

    fn add(&mut self, key: &GroupKey, bank: &BankVersion, index: QuestionIndex, item: &Item) {
        if !stands_alike(self.bank.question(self.index), bank.question(index)) {
            return;
        }
        if !self.versions.contains(&key.version) {
            self.versions.push(key.version.clone());
        }
        self.item.merge(item);
    }
}

/// Whether figures of the one are figures of the other.
fn stands_alike(one: &Question, other: &Question) -> bool {
    one.kind == other.kind && one.stem == other.stem && one.options == other.options && one.key == other.key
}

fn is_asked(season: &Season, asked: &Asked, key: &GroupKey, group: &Group) -> bool {
    let round = match asked.round {
        Some(round) => key.round == round,
        None => counts(season, key.round),
    };
    let bank = &group.bank().bank;
    let of_bank = asked.banks.contains(bank);
    let of_version = asked.version.as_ref().is_none_or(|version| *version == key.version);
    round && of_bank && of_version
}

/// Whether a round's papers are told where no round was asked for.
fn counts(season: &Season, round: RoundIndex) -> bool {
    season.round(round).counts || season.rounds.iter().all(|round| !round.counts)
}

/// Brings rows into order. Of equals the one with the lower id comes first, whichever way the rest goes.
pub fn sort(rows: &mut [Row], by: Sort, descending: bool) {
    let figure = |row: &Row| match by {
        Sort::Alarms => Some(pressing(row)),
        Sort::Shown => Some(f64::from(row.measures.tally.shown)),
        _ if row.measures.tally.shown < SURE_MIN => None,
        Sort::Facility => row.measures.facility,
        Sort::Discrimination => row.measures.discrimination_index,
        Sort::Efficiency => row.measures.discriminative_efficiency,
        Sort::Time => row.measures.mean_ms.map(|ms| ms as f64),
    };
    let order = |one: &Row, other: &Row| match (figure(one), figure(other)) {
        (Some(one), Some(other)) if descending => other.total_cmp(&one),
        (Some(one), Some(other)) => one.total_cmp(&other),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    };
    rows.sort_by(|one, other| order(one, other).then_with(|| one.question().id.cmp(&other.question().id)));
}

/// The most pressing alarm counts most, then how many there are.
fn pressing(row: &Row) -> f64 {
    let worst = row.alarms.iter().map(|alarm| AlarmCode::ALL.len() - alarm.code as usize).max();
    worst.unwrap_or(0) as f64 * 100.0 + row.alarms.len() as f64
}

/// A bank version that papers were drawn from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    pub bank: String,
    pub digest: String,
    /// Among the bank's that papers were drawn from, from 1.
    pub n: usize,
    pub questions: usize,
    pub rounds: Vec<RoundIndex>,
    /// When the first paper could be drawn from it.
    pub since: Timestamp,
}

/// The versions with anything counted, bank by bank, the oldest first.
pub fn versions(projection: &Projection, banks: &[String]) -> Vec<Version> {
    let mut found: BTreeMap<(&str, i64), Version> = BTreeMap::new();
    let mut first: HashMap<&str, i64> = HashMap::new();
    for (key, group) in projection.groups() {
        let opened = first.entry(key.version.as_str()).or_insert(group.opened());
        *opened = group.opened().min(*opened);
    }
    for (key, group) in projection.groups().filter(|(_, group)| banks.contains(&group.bank().bank)) {
        let bank = group.bank();
        let version = found.entry((bank.bank.as_str(), first[key.version.as_str()])).or_insert_with(|| Version {
            bank: bank.bank.clone(),
            digest: key.version.clone(),
            n: 0,
            questions: bank.questions.len(),
            rounds: Vec::new(),
            since: group.since(),
        });
        version.rounds.push(key.round);
        version.since = version.since.min(group.since());
    }
    let mut versions: Vec<Version> = found.into_values().collect();
    for place in 0..versions.len() {
        let before = place.checked_sub(1).map(|before| &versions[before]);
        versions[place].n =
            before.filter(|before| before.bank == versions[place].bank).map_or(0, |before| before.n) + 1;
    }
    versions
}
