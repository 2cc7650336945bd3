//! 更正: a decision of two is committed as one entry, and everyone stands by it while play goes on.
//!
//! How it stays whole: when the lane has committed the entry, everything that ended before it is on the boards and in the
//! ledger. From that moment, in the lane's own order, papers are marked by the correction, and what the scoreboard sees is
//! kept aside. Standings are then computed anew from the ledger as it was up to the entry, on a thread of their own, and take up
//! what was kept aside, the last of it under the scoreboard's lock; then they take its place, for all at once. A start that
//! finds the entry computes the same from the same rows.

use crate::contest::core::Contest;
use crate::contest::pages::Pages;
use crate::contest::period::Period;
use crate::contest::publish::REASON_MAX;
use crate::contest::rescore::finished_of;
use crate::contest::rescore::rescored;
use crate::contest::resume::SAMPLED_MS;
use crate::contest::scoreboard::Tallies;
use crate::domain::correction::Remedy;
use crate::domain::correction::RemedyFault;
use crate::domain::ids::AttemptId;
use crate::domain::ids::ParticipantId;
use crate::domain::ids::QuestionId;
use crate::domain::ids::RoundIndex;
use crate::domain::question::Question;
use crate::domain::time::Days;
use crate::domain::time::Timestamp;
use crate::ledger::entry::Correction;
use crate::ledger::entry::Entry;
use crate::ledger::entry::EntryNumber;
use crate::ledger::entry::Note;
use crate::ledger::store::LedgerError;
use crate::ledger::store::Store;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering;

/// At most so many corrections a season; more are refused.
pub const CORRECTIONS_MAX: usize = 10_000;
/// So many seats are woken at a time; then others get their turn.
const WOKEN_AT_ONCE: usize = 256;

/// How far a long act is, told while it runs; a preview can be broken off by it.
#[derive(Debug, Default)]
pub struct Progress {
    done: AtomicI64,
    of: AtomicI64,
    cancelled: AtomicBool,
}

impl Progress {
    /// Attempts read, of how many.
    pub fn share(&self) -> (i64, i64) {
        (self.done.load(Ordering::Relaxed), self.of.load(Ordering::Relaxed))
    }

    /// Breaks a preview off. A correction that is being applied is not broken off.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    pub(crate) fn begin(&self, of: i64) {
        self.of.store(of, Ordering::Relaxed);
    }

    pub(crate) fn add(&self, done: usize) {
        self.done.fetch_add(done as i64, Ordering::Relaxed);
    }
}

/// What is to be decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    pub bank: String,
    pub question: QuestionId,
    /// The digests of the versions concerned; none: every version with the question that papers have been drawn from.
    pub versions: Vec<String>,
    pub remedy: Remedy,
}

/// Why a correction is not made; nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum CorrectionRefusal {
    #[error("没有用过题库「{bank}」里的题目 {question}")]
    UnknownQuestion { bank: String, question: QuestionId },
    #[error("没有用过题库版本 {0}，或者它没有这道题")]
    UnknownVersion(String),
    #[error(transparent)]
    DoesNotFit(#[from] RemedyFault),
    #[error("这道题现在就是这样评分的")]
    SameAsNow,
    #[error("更正要由两个人决定，请写明两个不同的人")]
    NotTwo,
    #[error("请写明勘误的内容，不超过 {REASON_MAX} 字")]
    NoReason,
    #[error("一个赛季最多更正 {CORRECTIONS_MAX} 次")]
    TooMany,
    #[error("已取消")]
    Cancelled,
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// What a correction came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppliedCorrection {
    /// Its entry's number in the ledger.
    pub n: EntryNumber,
    pub at: Timestamp,
    pub changed_attempts: u64,
    pub changed_participants: u64,
    /// `false`: too much happened meanwhile, and boards and ranks follow with the next start. The entry stands all the same.
    pub standings_replaced: bool,
}

/// A version of a bank that has a question, as the desk shows it before it decides.
#[derive(Clone, Debug)]
pub struct VersionOfQuestion {
    pub digest: String,
    /// With its published key.
    pub question: Question,
    /// The rounds whose papers may hold it.
    pub rounds: Vec<RoundIndex>,
}

impl Contest {
    /// The versions of a question that papers have been drawn from, by digest.
    pub fn versions_of(&self, bank: &str, question: &QuestionId) -> Vec<VersionOfQuestion> {
        let mut found: BTreeMap<String, VersionOfQuestion> = BTreeMap::new();
        for period in self.periods().iter().filter(|period| period.bank.bank == bank) {
            let Some(index) = period.bank.index_of(question) else { continue };
            let version = found.entry(period.bank_digest.clone()).or_insert_with(|| VersionOfQuestion {
                digest: period.bank_digest.clone(),
                question: period.bank.question(index).clone(),
                rounds: Vec::new(),
            });
            if !version.rounds.contains(&period.index) {
                version.rounds.push(period.index);
            }
        }
        found.into_values().collect()
    }

    /// A proposal with its versions named, if it is one.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn checked(&self, proposal: &Proposal) -> Result<Proposal, CorrectionRefusal> {
        let Proposal { bank, question, versions, remedy } = proposal;
        let known = self.versions_of(bank, question);
        if known.is_empty() {
            return Err(CorrectionRefusal::UnknownQuestion { bank: bank.clone(), question: question.clone() });
        }
        if let Some(unknown) = versions.iter().find(|digest| known.iter().all(|known| known.digest != **digest)) {
            return Err(CorrectionRefusal::UnknownVersion(unknown.clone()));
        }
        let meant: Vec<_> =
            known.iter().filter(|known| versions.is_empty() || versions.contains(&known.digest)).collect();
        meant.iter().try_for_each(|version| remedy.check(&version.question))?;
        let proposal =
            Proposal { versions: meant.iter().map(|known| known.digest.clone()).collect(), ..proposal.clone() };
        let periods = self.periods();
        let changes = |period: &Arc<Period>| {
            let index = period.bank.index_of(question).filter(|_| proposal.versions.contains(&period.bank_digest));
            let scheme = period.scheme();
            index.is_some_and(|index| scheme.after(0, index, remedy).judging(index) != scheme.judging(index))
        };
        if !periods.iter().any(changes) {
            return Err(CorrectionRefusal::SameAsNow);
        }
        if periods.corrections().len() >= CORRECTIONS_MAX {
            return Err(CorrectionRefusal::TooMany);
        }
        drop(periods);
        Ok(proposal)
    }

    /// Commits a correction and returns when everyone stands by it. Play goes on meanwhile. It is carried through even where
    /// the caller stops waiting.
    ///
    /// # Errors
    /// Why not; or the ledger has stopped.
    pub async fn apply_correction(
        self: &Arc<Contest>,
        proposal: Proposal,
        reason: String,
        decided_by: [String; 2],
        progress: Arc<Progress>,
    ) -> Result<AppliedCorrection, CorrectionRefusal> {
        let contest = Arc::clone(self);
        let applying = tokio::spawn(async move { contest.applied(proposal, reason, decided_by, &progress).await });
        applying.await.map_err(|_| LedgerError::Stopped)?
    }

    async fn applied(
        self: Arc<Contest>,
        proposal: Proposal,
        reason: String,
        decided_by: [String; 2],
        progress: &Arc<Progress>,
    ) -> Result<AppliedCorrection, CorrectionRefusal> {
        let reason = reason.trim().to_owned();
        if !(1..=REASON_MAX).contains(&reason.chars().count()) {
            return Err(CorrectionRefusal::NoReason);
        }
        let decided_by = decided_by.map(|who| who.trim().to_owned());
        if decided_by[0] == decided_by[1] || decided_by.iter().any(String::is_empty) {
            return Err(CorrectionRefusal::NotTwo);
        }
        // One at a time: the next one finds everyone standing by this one.
        let _alone = self.correcting.lock().await;
        let Proposal { bank, question, versions, remedy } = self.checked(&proposal)?;
        let correction = Correction { bank, question, versions, remedy, reason, decided_by };
        let at = self.now();
        let note = Box::new(Note::Correction(correction));
        let n = self.lane.append(Entry::Noted { at, note }).await?;
        let on_record = self.periods().corrections().iter().find(|on_record| on_record.n == n).cloned();
        let on_record = on_record.ok_or(LedgerError::Stopped)?;
        // On a thread that may block: whoever answers is not made to wait for a processor's turn between two pages.
        let (runtime, contest, progress) = (tokio::runtime::Handle::current(), Arc::clone(&self), Arc::clone(progress));
        let edition = on_record.edition;
        let standing = tokio::task::spawn_blocking(move || runtime.block_on(contest.stand_by(n, edition, &progress)));
        let (changed, standings_replaced) = standing.await.map_err(|_| LedgerError::Stopped)??;
        let changed_attempts = changed.len() as u64;
        self.concerned().put(edition, changed);
        let concerned = self.concerned.read().unwrap_or_else(PoisonError::into_inner).participants(edition);
        self.corrections_told.store(edition, Ordering::Release);
        self.wake_all(&concerned).await;
        tracing::info!(
            n,
            changed_attempts,
            participants = concerned.len(),
            standings_replaced,
            "a correction is applied"
        );
        Ok(AppliedCorrection {
            n,
            at,
            changed_attempts,
            changed_participants: concerned.len() as u64,
            standings_replaced,
        })
    }

    /// Computes everyone's standing anew as of entry `n`, and puts it in the place of the old one. Returns the attempts that the
    /// correction has changed.
    async fn stand_by(
        &self,
        n: EntryNumber,
        edition: u16,
        progress: &Progress,
    ) -> Result<(Vec<(ParticipantId, AttemptId)>, bool), LedgerError> {
        progress.begin(self.next_attempt.load(Ordering::Relaxed) - 1);
        // One moment for all: which attempts are of the last hour must not change on the way, or a later one would be tallied first.
        let now = self.now();
        let mut tallies = Tallies::new(&self.season).without(self.acts().excluded());
        let mut days = Days::of(&self.season.time_zone);
        let (mut changed, mut recent) = (Vec::new(), Vec::new());
        let read = |store: Arc<dyn Store>, after| async move { store.attempts(AttemptId(after)).await };
        let mut pages = Pages::new(&self.store, read, |recorded| recorded.started.attempt.0);
        while let Some(page) = pages.next().await? {
            for recorded in &page {
                let Some((_, ended)) = recorded.ended.as_ref().filter(|(ended_n, _)| *ended_n < n) else { continue };
                let started = &recorded.started;
                let Some(period) = self.period(started.period) else { continue };
                let by_now = rescored(&period, started, ended);
                let mut finished =
                    finished_of(started.participant, started.attempt, &by_now, &period, days.day(started.at));
                let by_this = by_now.changed_by.last() == Some(&edition);
                let grants = by_now.given_back_by == Some(edition);
                finished.city = self
                    .roster
                    .change(started.participant, |player| {
                        if by_this || grants {
                            let used = player.usage_mut(period.index);
                            used.best_correct = used.best_correct.max(by_now.best_correct as u16);
                            if grants {
                                used.grant();
                            }
                        }
                        player.city_at(recorded.n)
                    })
                    .unwrap_or_default();
                if by_this {
                    changed.push((started.participant, started.attempt));
                }
                match now.since(finished.standing.finished_at) < SAMPLED_MS {
                    true => recent.push(finished),
                    false => tallies.take(&self.season, &finished),
                }
            }
            progress.add(page.len());
        }
        self.take_up_recent(recent, &mut tallies);
        let anew = tallies.anew(&self.season, &self.roster);
        Ok((changed, anew.replace(&self.season, &self.roster, &self.scoreboard)))
    }

    async fn wake_all(&self, participants: &[ParticipantId]) {
        for some in participants.chunks(WOKEN_AT_ONCE) {
            for seat in some.iter().filter_map(|participant| self.existing_seat(*participant)) {
                let state = seat.state();
                seat.wake(&state);
            }
            tokio::task::yield_now().await;
        }
    }
}
