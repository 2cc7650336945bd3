//! The bank versions that papers are drawn from, and which of their questions rest.

use crate::domain::bank::BankVersion;
use crate::domain::bank::NotCanonical;
use crate::domain::fairness::DrawList;
use crate::domain::ids::QuestionId;
use crate::domain::ids::RoundIndex;
use crate::domain::paper::shortfalls;
use crate::domain::season::Season;
use crate::ledger::entry::Note;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// The newest version of each bank.
#[derive(Clone, Debug, Default)]
pub struct Banks(Vec<Bank>);

#[derive(Clone, Debug)]
pub struct Bank {
    /// Its id in the season file.
    pub id: String,
    pub digest: String,
    pub version: Arc<BankVersion>,
    /// The desk published it: the bank's files are no longer compared with it.
    pub by_desk: bool,
    /// Questions that rest, also such as this version does not have: a version to come may have them again.
    rested: BTreeSet<QuestionId>,
}

impl Bank {
    /// The version's questions that no paper draws.
    pub fn resting(&self) -> BTreeSet<QuestionId> {
        self.rested.iter().filter(|id| self.version.index_of(id).is_some()).cloned().collect()
    }

    pub fn rests(&self, question: &QuestionId) -> bool {
        self.rested.contains(question)
    }
}

/// A section for which a round would find too few questions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShortSection {
    pub round: RoundIndex,
    pub name: String,
    /// From 1.
    pub section: usize,
    pub needed: u32,
    /// So many match and are left, whatever the earlier sections took.
    pub sure: u32,
}

impl fmt::Display for ShortSection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ShortSection { name, section, needed, sure, .. } = self;
        write!(f, "「{name}」第 {section} 节要抽 {needed} 题，能用的只有 {sure} 题，还差 {} 题", needed - sure)
    }
}

impl Banks {
    /// Takes a note in the ledger's order; others than those of banks change nothing.
    ///
    /// # Errors
    /// The note holds no bank version.
    pub fn take(&mut self, note: &Note) -> Result<(), NotCanonical> {
        match note {
            Note::Bank { canonical, digest, published } => {
                let version = BankVersion::from_canonical(canonical)?;
                self.put(version, digest, published.is_some());
            }
            Note::Rested { bank, question, rests, .. } => {
                let bank = self.0.iter_mut().find(|known| known.id == *bank);
                bank.into_iter().for_each(|bank| {
                    match rests {
                        true => bank.rested.insert(question.clone()),
                        false => bank.rested.remove(question),
                    };
                });
            }
            _ => {}
        }
        Ok(())
    }

    fn put(&mut self, version: BankVersion, digest: &str, by_desk: bool) {
        let (id, digest, version) = (version.bank.clone(), digest.to_owned(), Arc::new(version));
        match self.0.iter_mut().find(|known| known.id == id) {
            Some(known) => (known.digest, known.version, known.by_desk) = (digest, version, by_desk),
            None => self.0.push(Bank { id, digest, version, by_desk, rested: BTreeSet::new() }),
        }
    }

    pub fn of_id(&self, id: &str) -> Option<&Bank> {
        self.0.iter().find(|bank| bank.id == id)
    }

    pub fn of_digest(&self, digest: &str) -> Option<&Bank> {
        self.0.iter().find(|bank| bank.digest == digest)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Bank> {
        self.0.iter()
    }

    /// The sections of rounds that are not closed for which a paper could not be drawn as it should be.
    pub fn short_rounds(&self, season: &Season, closed: impl Fn(RoundIndex) -> bool) -> Vec<ShortSection> {
        let mut short = Vec::new();
        for (place, round) in season.rounds.iter().enumerate() {
            let index = RoundIndex(place as u16);
            let Some(bank) = self.of_id(&round.bank).filter(|_| !closed(index)) else { continue };
            let list = DrawList::of(&bank.version, &bank.rested);
            short.extend(shortfalls(&list, &round.blueprint).into_iter().map(|found| ShortSection {
                round: index,
                name: round.name.clone(),
                section: found.section + 1,
                needed: found.needed,
                sure: found.sure,
            }));
        }
        short
    }
}
