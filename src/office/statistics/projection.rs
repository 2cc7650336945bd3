//! What is added up, by round and bank version. A correction concerns whole versions: these are counted anew and take the old one's place.

use crate::contest::period::Period;
use crate::domain::attempt::Ending;
use crate::domain::bank::BankVersion;
use crate::domain::correction::MarkScheme;
use crate::domain::ids::QuestionId;
use crate::domain::ids::QuestionIndex;
use crate::domain::ids::RoundIndex;
use crate::domain::question::Choices;
use crate::domain::statistics::Item;
use crate::domain::statistics::sittings;
use crate::domain::time::Day;
use crate::domain::time::Timestamp;
use crate::ledger::entry::Ended;
use crate::ledger::entry::Started;
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;

/// The papers of one round from one bank version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupKey {
    pub round: RoundIndex,
    /// The version's digest.
    pub version: String,
}

impl GroupKey {
    pub fn of(period: &Period) -> GroupKey {
        GroupKey { round: period.index, version: period.bank_digest.clone() }
    }
}

/// Every question of a bank version, as one round's papers had it.
#[derive(Clone)]
pub struct Group {
    /// One of those that drew the papers, and how many corrections had been made when it was counted: all of them, of one version, are
    /// marked alike.
    period: Arc<Period>,
    edition: u16,
    since: Timestamp,
    /// By the question's place in the version.
    items: Vec<Item>,
    /// On how many papers it was settled, annulled or not.
    drawn: Vec<u32>,
}

impl Group {
    fn new(period: &Arc<Period>) -> Group {
        Group::under(period, period.edition())
    }

    fn under(period: &Arc<Period>, edition: u16) -> Group {
        let questions = period.bank.questions.len();
        Group {
            period: Arc::clone(period),
            edition,
            since: period.from,
            items: vec![Item::default(); questions],
            drawn: vec![0; questions],
        }
    }

    fn meet(&mut self, period: &Arc<Period>) {
        self.since = self.since.min(period.from);
        if self.period.n < period.n {
            self.period = Arc::clone(period);
        }
    }

    pub fn bank(&self) -> &Arc<BankVersion> {
        &self.period.bank
    }

    /// Where its periods stand among all; the newest is the highest.
    pub fn opened(&self) -> i64 {
        self.period.n
    }

    /// When the first of its periods began.
    pub fn since(&self) -> Timestamp {
        self.since
    }

    pub fn items(&self) -> impl Iterator<Item = (QuestionIndex, &Item)> {
        (0..).map(QuestionIndex).zip(&self.items).filter(|(_, item)| !item.is_empty())
    }

    pub fn item(&self, question: QuestionIndex) -> &Item {
        &self.items[question.0 as usize]
    }

    fn scheme(&self, period: &Period) -> Arc<MarkScheme> {
        period.scheme_of(self.edition).map(|(_, scheme)| scheme).unwrap_or_default()
    }

    /// The options that are right as it was counted; of several right answers all that are in any, and all where every answer is right.
    pub fn right(&self, question: QuestionIndex) -> Choices {
        let asked = self.period.bank.question(question);
        let scheme = self.scheme(&self.period);
        let Some(judging) = scheme.judging(question) else { return asked.key };
        match judging.right_answers(&asked.key) {
            [] => Choices((1 << asked.options.len()) - 1),
            several => Choices(several.iter().fold(0, |all, answer| all | answer.0)),
        }
    }

    pub fn is_annulled(&self, question: QuestionIndex) -> bool {
        self.scheme(&self.period).judging(question).is_some_and(|judging| judging.is_annulled())
    }
}

/// All groups.
#[derive(Clone, Default)]
pub struct Projection {
    groups: BTreeMap<GroupKey, Group>,
}

impl Projection {
    pub fn groups(&self) -> impl Iterator<Item = (&GroupKey, &Group)> {
        self.groups.iter()
    }

    /// Adds an attempt that is over, under the corrections that its group was counted under so far.
    pub fn take(&mut self, period: &Arc<Period>, started: &Started, ended: &Ended, day: Day) {
        if ended.ending == Ending::HandedBack {
            return;
        }
        let group = self.groups.entry(GroupKey::of(period)).or_insert_with(|| Group::new(period));
        group.meet(period);
        let scheme = group.scheme(period);
        let paper = period.paper(&started.seed);
        for question in paper.questions().iter().take(ended.fates.len()) {
            group.drawn[question.0 as usize] += 1;
        }
        let items = &mut group.items;
        sittings(period.rules(&scheme), &paper, &ended.fates, day, |question, sitting| {
            items[question.0 as usize].add(&sitting);
        });
    }

    /// Groups with nothing in them under the same corrections, to count a part in.
    pub fn alike(&self) -> Projection {
        let empty = |group: &Group| Group::under(&group.period, group.edition);
        Projection { groups: self.groups.iter().map(|(key, group)| (key.clone(), empty(group))).collect() }
    }

    /// Adds what was counted in [`Projection::alike`].
    pub fn merge(&mut self, more: Projection) {
        for (key, part) in more.groups {
            let Some(group) = self.groups.get_mut(&key) else {
                self.groups.insert(key, part);
                continue;
            };
            group.meet(&part.period);
            group.since = group.since.min(part.since);
            group.items.iter_mut().zip(&part.items).for_each(|(item, more)| item.merge(more));
            group.drawn.iter_mut().zip(&part.drawn).for_each(|(times, more)| *times += more);
        }
    }

    /// The groups that a correction has concerned since they were counted, empty and under what is right by now.
    pub fn outdated(&self) -> Projection {
        let outdated = self.groups.iter().filter(|(_, group)| group.period.edition() != group.edition);
        Projection { groups: outdated.map(|(key, group)| (key.clone(), Group::new(&group.period))).collect() }
    }

    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    pub fn has(&self, period: &Period) -> bool {
        self.groups.contains_key(&GroupKey::of(period))
    }

    /// Groups that were counted anew take the place of the old ones.
    pub fn replace(&mut self, anew: Projection) {
        self.groups.extend(anew.groups);
    }

    /// How many papers have shown each question.
    pub fn drawn(&self) -> HashMap<QuestionId, u64> {
        let mut drawn: HashMap<QuestionId, u64> = HashMap::new();
        for group in self.groups.values() {
            for (question, times) in group.bank().questions.iter().zip(&group.drawn).filter(|(_, times)| **times > 0) {
                *drawn.entry(question.id.clone()).or_default() += u64::from(*times);
            }
        }
        drawn
    }
}

#[cfg(test)]
impl Projection {
    /// What of it can be compared.
    pub(super) fn counted(&self) -> Vec<(GroupKey, u16, Vec<Item>, Vec<u32>)> {
        let of =
            |(key, group): (&GroupKey, &Group)| (key.clone(), group.edition, group.items.clone(), group.drawn.clone());
        self.groups.iter().map(of).collect()
    }
}
