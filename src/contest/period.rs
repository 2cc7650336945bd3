//! Draw periods: for each round and time, the rules, the bank version and the secret that papers come from.

use crate::contest::keys::Keys;
use crate::contest::round_clock::RoundClock;
use crate::domain::attempt::Rules;
use crate::domain::bank::BankVersion;
use crate::domain::correction::MarkScheme;
use crate::domain::fairness;
use crate::domain::fairness::Commitment;
use crate::domain::fairness::DrawList;
use crate::domain::fairness::PeriodSecret;
use crate::domain::fairness::Seed;
use crate::domain::ids::QuestionId;
use crate::domain::ids::QuestionIndex;
use crate::domain::ids::RoundIndex;
use crate::domain::ids::SeasonId;
use crate::domain::paper::Paper;
use crate::domain::question::Question;
use crate::domain::rules::Round;
use crate::domain::time::Timestamp;
use crate::ledger::entry;
use crate::ledger::entry::Correction;
use crate::ledger::entry::EntryNumber;
use serde_json::value::RawValue;
use serde_json::value::to_raw_value;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::RwLockReadGuard;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::AtomicU16;
use std::sync::atomic::Ordering;

/// After a period's end, before its secret may come out.
const PUBLISH_AFTER_MS: i64 = 60_000;

/// One draw period. What an attempt is played, marked and reviewed under, for ever.
pub struct Period {
    /// Its entry's number, which is its name.
    pub n: EntryNumber,
    pub number: u32,
    /// The round's place in the season that runs now.
    pub index: RoundIndex,
    /// The round as it was when the period opened.
    pub round: Round,
    pub bank: Arc<BankVersion>,
    pub bank_digest: String,
    /// The questions of the bank version that are not on the list.
    pub rested: BTreeSet<QuestionId>,
    pub list: DrawList,
    /// Of the bank's questions, by their index.
    texts: Arc<[Texts]>,
    pub commitment: Commitment,
    pub from: Timestamp,
    pub to: Option<Timestamp>,
    /// `None` where only the ledger is read, without the key file.
    secret: Option<PeriodSecret>,
    /// Attempts that have started and not ended.
    open_attempts: AtomicI64,
    secret_out: AtomicBool,
    /// By edition, each with its correction's entry; the first is that of the published keys.
    schemes: RwLock<Vec<(EntryNumber, Arc<MarkScheme>)>>,
    edition: AtomicU16,
    /// Its round's.
    pub clock: Arc<RoundClock>,
}

/// What of a question is shown while it is open, as JSON has it: escaped once and not each time it is asked. No key is in it.
pub struct Texts {
    pub stem: Box<RawValue>,
    pub options: Vec<Box<RawValue>>,
}

impl Texts {
    fn of(question: &Question) -> Texts {
        // A text always has a form in JSON: nothing can fail.
        let json = |text: &String| to_raw_value(text).unwrap_or_default();
        Texts { stem: json(&question.stem), options: question.options.iter().map(json).collect() }
    }
}

impl Period {
    /// What its papers are marked by under one of its schemes.
    pub fn rules<'a>(&'a self, scheme: &'a MarkScheme) -> Rules<'a> {
        Rules { round: &self.round, bank: &self.bank, scheme }
    }

    /// The number of the last correction that concerns it; 0: none does.
    pub fn edition(&self) -> u16 {
        self.edition.load(Ordering::Acquire)
    }

    /// What its papers are marked by now.
    pub fn scheme(&self) -> Arc<MarkScheme> {
        self.schemes().last().map(|(_, scheme)| Arc::clone(scheme)).unwrap_or_default()
    }

    /// The scheme in force when entry `n` was committed.
    pub fn scheme_before(&self, n: EntryNumber) -> Arc<MarkScheme> {
        let schemes = self.schemes();
        let before = schemes.iter().rev().find(|(since, _)| *since < n);
        before.map(|(_, scheme)| Arc::clone(scheme)).unwrap_or_default()
    }

    /// The scheme of an edition, with the entry that made it.
    pub fn scheme_of(&self, edition: u16) -> Option<(EntryNumber, Arc<MarkScheme>)> {
        self.schemes().iter().find(|(_, scheme)| scheme.edition == edition).cloned()
    }

    /// Those that came after an edition, in order.
    pub fn schemes_after(&self, edition: u16) -> Vec<Arc<MarkScheme>> {
        if self.edition() == edition {
            return Vec::new();
        }
        let schemes = self.schemes();
        schemes.iter().filter(|(_, scheme)| scheme.edition > edition).map(|(_, scheme)| Arc::clone(scheme)).collect()
    }

    fn schemes(&self) -> RwLockReadGuard<'_, Vec<(EntryNumber, Arc<MarkScheme>)>> {
        self.schemes.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes up a correction, if it is one of its bank version.
    fn correct(&self, on_record: &OnRecord) {
        let Correction { question, versions, remedy, .. } = &on_record.correction;
        let Some(index) = self.bank.index_of(question).filter(|_| versions.contains(&self.bank_digest)) else { return };
        let scheme = self.scheme().after(on_record.edition, index, remedy);
        self.schemes.write().unwrap_or_else(PoisonError::into_inner).push((on_record.n, Arc::new(scheme)));
        self.edition.store(on_record.edition, Ordering::Release);
    }

    pub fn texts(&self, question: QuestionIndex) -> &Texts {
        &self.texts[question.0 as usize]
    }

    /// The seed of a participant's `number`-th attempt; `participant` is the opaque id.
    pub fn seed(&self, participant: &str, number: u32) -> Option<Seed> {
        self.secret.as_ref().map(|secret| fairness::seed(secret, participant, &self.round.id, number))
    }

    pub fn paper(&self, seed: &Seed) -> Paper {
        Paper::draw(&self.list, &self.round.blueprint, seed)
    }

    /// From when on a later period draws the papers of this one's time, if it does so to its end.
    fn taken_over_by(&self, later: &Period) -> Option<Timestamp> {
        let to_its_end = match (self.to, later.to) {
            (None, _) | (_, None) => true,
            (Some(own), Some(later)) => later >= own,
        };
        to_its_end.then_some(later.from.max(self.from))
    }

    pub fn attempt_started(&self) {
        self.open_attempts.fetch_add(1, Ordering::Relaxed);
    }

    pub fn attempt_ended(&self) {
        self.open_attempts.fetch_sub(1, Ordering::Relaxed);
    }

    pub fn open_attempts(&self) -> i64 {
        self.open_attempts.load(Ordering::Relaxed)
    }

    pub fn secret_is_out(&self) -> bool {
        self.secret_out.load(Ordering::Acquire)
    }

    pub fn let_secret_out(&self) {
        self.secret_out.store(true, Ordering::Release);
    }

    /// The secret, once it may be known.
    pub fn published_secret(&self) -> Option<String> {
        if self.secret_is_out() { self.secret.as_ref().map(PeriodSecret::publish) } else { None }
    }

    /// For the entry that publishes it.
    pub fn secret(&self) -> Option<&PeriodSecret> {
        self.secret.as_ref()
    }
}

/// What a new period is made of, before its entry has a number.
pub struct Draft<'a> {
    pub season: &'a SeasonId,
    pub round: &'a Round,
    pub number: u32,
    pub from: Timestamp,
    pub to: Option<Timestamp>,
    /// The number of the season's entry.
    pub season_entry: EntryNumber,
    pub bank: &'a Arc<BankVersion>,
    pub bank_digest: &'a str,
    /// The bank version's questions that rest.
    pub rested: BTreeSet<QuestionId>,
}

impl Draft<'_> {
    /// The entry that opens the period: the secret sealed, the commitment to it in the open.
    pub fn entry(&self, keys: &Keys, secret: &PeriodSecret, nonce: [u8; 12]) -> entry::Period {
        let list = DrawList::of(self.bank, &self.rested);
        let named = fairness::Period { season: self.season, round: &self.round.id, number: self.number };
        let commitment = fairness::commitment(secret, named, &self.round.blueprint, &list);
        entry::Period {
            round: self.round.id.0.clone(),
            number: self.number,
            from: self.from,
            to: self.to,
            season: self.season_entry,
            bank: self.bank_digest.to_owned(),
            rested: self.rested.clone(),
            commitment,
            sealed: keys.seal(secret, nonce),
        }
    }
}

/// All periods that the ledger has.
#[derive(Default)]
pub struct Periods {
    by_entry: HashMap<EntryNumber, Arc<Period>>,
    /// By round, in the order in which they were opened.
    of_round: HashMap<RoundIndex, Vec<Arc<Period>>>,
    /// In the ledger's order; a period that is opened later is under them too.
    corrections: Vec<OnRecord>,
    clocks: HashMap<RoundIndex, Arc<RoundClock>>,
}

/// A correction as it stands in the ledger.
#[derive(Clone, Debug)]
pub struct OnRecord {
    pub n: EntryNumber,
    pub at: Timestamp,
    /// Counted from 1.
    pub edition: u16,
    pub correction: Correction,
}

impl Periods {
    /// Takes up a period from its entry. `round` is the round's rules in the season that the entry names.
    pub fn take_up(
        &mut self,
        n: EntryNumber,
        entry: &entry::Period,
        index: RoundIndex,
        round: Round,
        bank: Arc<BankVersion>,
        keys: Option<&Keys>,
    ) -> Arc<Period> {
        let list = DrawList::of(&bank, &entry.rested);
        let of_this_bank = self.by_entry.values().find(|period| Arc::ptr_eq(&period.bank, &bank));
        let texts = match of_this_bank {
            Some(period) => Arc::clone(&period.texts),
            None => bank.questions.iter().map(Texts::of).collect(),
        };
        let period = Arc::new(Period {
            n,
            number: entry.number,
            index,
            round,
            bank,
            bank_digest: entry.bank.clone(),
            rested: entry.rested.clone(),
            list,
            texts,
            commitment: entry.commitment,
            from: entry.from,
            to: entry.to,
            secret: keys.and_then(|keys| keys.unseal(&entry.sealed)),
            open_attempts: AtomicI64::new(0),
            secret_out: AtomicBool::new(false),
            schemes: RwLock::new(vec![(0, Arc::default())]),
            edition: AtomicU16::new(0),
            clock: self.clock(index),
        });
        self.corrections.iter().for_each(|on_record| period.correct(on_record));
        self.by_entry.insert(n, Arc::clone(&period));
        self.of_round.entry(index).or_default().push(Arc::clone(&period));
        period
    }

    /// A round's clock, which its periods share.
    pub fn clock(&mut self, index: RoundIndex) -> Arc<RoundClock> {
        Arc::clone(self.clocks.entry(index).or_default())
    }

    /// Takes up a correction: from here on every paper that it concerns is marked by it.
    pub fn correct(&mut self, n: EntryNumber, at: Timestamp, correction: &Correction) {
        // No more are taken at the desk than can be counted.
        let edition = self.corrections.len() as u16 + 1;
        let on_record = OnRecord { n, at, edition, correction: correction.clone() };
        self.by_entry.values().for_each(|period| period.correct(&on_record));
        self.corrections.push(on_record);
    }

    /// All corrections, in the ledger's order.
    pub fn corrections(&self) -> &[OnRecord] {
        &self.corrections
    }

    pub fn iter(&self) -> impl Iterator<Item = &Arc<Period>> {
        self.by_entry.values()
    }

    pub fn get(&self, n: EntryNumber) -> Option<&Arc<Period>> {
        self.by_entry.get(&n)
    }

    pub fn of_round(&self, index: RoundIndex) -> &[Arc<Period>] {
        self.of_round.get(&index).map_or(&[], Vec::as_slice)
    }

    /// The period that draws papers at `now`: of those that have begun and not ended, the one opened last.
    pub fn current(&self, index: RoundIndex, now: Timestamp) -> Option<&Arc<Period>> {
        self.of_round(index).iter().rev().find(|period| period.from <= now && period.to.is_none_or(|to| now < to))
    }

    /// The period that stands for the time from `from` to `to`: of those opened for it, the last.
    pub fn standing(&self, index: RoundIndex, from: Timestamp, to: Option<Timestamp>) -> Option<&Arc<Period>> {
        self.of_round(index).iter().rev().find(|period| period.to == to && period.from <= from)
    }

    /// Periods whose papers are all handed in and that draw no more, with their secret still kept. `closes` says when a
    /// round closes; a minute is left for starts that were on their way.
    pub fn to_be_published(&self, now: Timestamp, closes: impl Fn(RoundIndex) -> Timestamp) -> Vec<Arc<Period>> {
        let mut found = Vec::new();
        for (index, periods) in &self.of_round {
            let over = closes(*index).plus_ms(PUBLISH_AFTER_MS) <= now;
            for (i, period) in periods.iter().enumerate() {
                let taken_over = periods[i + 1..].iter().filter_map(|later| period.taken_over_by(later));
                let ends = period.to.into_iter().chain(taken_over).min();
                let over = over || ends.is_some_and(|ends| ends.plus_ms(PUBLISH_AFTER_MS) <= now);
                if over && !period.secret_is_out() && period.open_attempts() == 0 {
                    found.push(Arc::clone(period));
                }
            }
        }
        found
    }
}
