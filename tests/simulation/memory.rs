//! A ledger in memory that fails as disks and networks do, by seed. What was applied to it survives every crash.

use super::chance::Chance;
use futures_util::future::BoxFuture;
use kejing::domain::ids::AttemptId;
use kejing::domain::ids::ParticipantId;
use kejing::domain::time::Timestamp;
use kejing::ledger::entry::Entry;
use kejing::ledger::entry::EntryNumber;
use kejing::ledger::entry::Note;
use kejing::ledger::entry::OPENED_CODE;
use kejing::ledger::entry::Registered;
use kejing::ledger::rows::Rows;
use kejing::ledger::store::Batch;
use kejing::ledger::store::LaneState;
use kejing::ledger::store::LedgerError;
use kejing::ledger::store::Noted;
use kejing::ledger::store::Outcome;
use kejing::ledger::store::RawAnswer;
use kejing::ledger::store::Recorded;
use kejing::ledger::store::Store;
use kejing::ledger::store::Told;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::time::Duration;

/// What a question was told shortly before a crash is known up to this; the start gives it to the participant.
pub(crate) const DOUBT_MS: i64 = 100;

/// How often each thing goes wrong, in a thousand commits; chosen anew for each seed.
#[derive(Clone, Copy, Default)]
pub(crate) struct Weather {
    pub(crate) slow: u64,
    pub(crate) slowest_ms: i64,
    pub(crate) resent: u64,
    pub(crate) failed: u64,
    pub(crate) mark_failed: u64,
}

pub(crate) struct Memory(Mutex<Disk>);

/// A batch on its way: sent, and neither known to be kept nor to be lost.
struct Flight {
    epoch: i64,
    first: EntryNumber,
    entries: Vec<Entry>,
    alive_at: Timestamp,
}

pub(crate) struct Disk {
    pub(crate) epoch: i64,
    pub(crate) alive_at: Option<Timestamp>,
    /// Entry n is at n − 1.
    pub(crate) entries: Vec<Entry>,
    pub(crate) weather: Weather,
    flight: Option<Flight>,
    chance: Chance,
    /// How often each fault was made.
    pub(crate) faults: Faults,
}

#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Faults {
    pub(crate) commits: u64,
    pub(crate) slow: u64,
    pub(crate) torn: u64,
    pub(crate) unknown: u64,
    pub(crate) duplicated: u64,
    pub(crate) late: u64,
    pub(crate) marks: u64,
}

/// What happens to one commit.
enum Fate {
    Kept,
    /// On its way for so long, before it is kept and after.
    Slow(u64, u64),
    /// Sent twice under the same numbers: the first was kept and its answer lost, or never arrived.
    Resent {
        first_arrives: bool,
        after_ms: u64,
    },
    /// The process is told of an error; the batch is kept all the same, or not.
    Failed {
        kept: bool,
    },
}

impl Memory {
    pub(crate) fn with(entries: Vec<Entry>, alive_at: Timestamp, chance: Chance) -> Memory {
        Memory(Mutex::new(Disk {
            epoch: 0,
            alive_at: Some(alive_at),
            entries,
            weather: Weather::default(),
            flight: None,
            chance,
            faults: Faults::default(),
        }))
    }

    pub(crate) fn disk(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().unwrap()
    }

    /// The process has died: what was on its way arrived, or didn't, or arrives when another has taken over.
    pub(crate) fn crashed(&self) -> impl FnOnce(&Memory) + use<> {
        let mut disk = self.disk();
        let mut late = None;
        if let Some(flight) = disk.flight.take() {
            match disk.chance.below(3) {
                0 => disk.faults.torn += 1,
                1 => {
                    disk.faults.unknown += 1;
                    disk.deliver(flight.epoch, flight.first, &flight.entries, flight.alive_at).unwrap();
                }
                _ => {
                    disk.faults.late += 1;
                    late = Some(flight);
                }
            }
        }
        move |memory| {
            if let Some(flight) = late {
                let mut disk = memory.disk();
                let told = disk.deliver(flight.epoch, flight.first, &flight.entries, flight.alive_at);
                assert!(matches!(told, Err(LedgerError::Fenced { .. })), "a writer thought dead was not fenced");
            }
        }
    }

    async fn committed(&self, batch: Batch<'_>) -> Result<(), LedgerError> {
        let fate = {
            let mut disk = self.disk();
            disk.faults.commits += 1;
            let fate = disk.fate();
            disk.flight = Some(Flight {
                epoch: batch.epoch,
                first: batch.first,
                entries: batch.entries.to_vec(),
                alive_at: batch.alive_at,
            });
            fate
        };
        let keep = || self.disk().deliver(batch.epoch, batch.first, batch.entries, batch.alive_at);
        let result = match fate {
            Fate::Kept => keep(),
            Fate::Slow(before, after) => {
                tokio::time::sleep(Duration::from_millis(before)).await;
                let kept = keep();
                self.disk().flight = None;
                tokio::time::sleep(Duration::from_millis(after)).await;
                kept
            }
            Fate::Resent { first_arrives, after_ms } => {
                if first_arrives {
                    keep()?;
                    // From here on a crash finds it kept.
                    self.disk().flight = None;
                }
                tokio::time::sleep(Duration::from_millis(after_ms)).await;
                keep()
            }
            Fate::Failed { kept } => {
                if kept {
                    keep()?;
                }
                Err(failed())
            }
        };
        self.disk().flight = None;
        result
    }
}

fn failed() -> LedgerError {
    LedgerError::Database(sqlx::Error::Protocol("made to fail".into()))
}

impl Disk {
    fn fate(&mut self) -> Fate {
        let Weather { slow, slowest_ms, resent, failed, .. } = self.weather;
        let fair = 1_000 - (slow + resent + failed).min(1_000);
        match self.chance.weighted(&[fair, slow, resent, failed]) {
            0 => Fate::Kept,
            1 => {
                self.faults.slow += 1;
                let (before, after) = (self.chance.span(slowest_ms), self.chance.span(slowest_ms));
                Fate::Slow(before as u64, after as u64)
            }
            2 => {
                let first_arrives = self.chance.in_thousand(500);
                self.faults.duplicated += u64::from(first_arrives);
                self.faults.unknown += 1;
                Fate::Resent { first_arrives, after_ms: self.chance.span(slowest_ms) as u64 }
            }
            _ => {
                let kept = self.chance.in_thousand(500);
                self.faults.torn += u64::from(!kept);
                self.faults.unknown += u64::from(kept);
                Fate::Failed { kept }
            }
        }
    }

    /// The contract of a commit: under the lane's epoch, right after its last number; the same batch again is recognised.
    fn deliver(
        &mut self,
        epoch: i64,
        first: EntryNumber,
        entries: &[Entry],
        alive_at: Timestamp,
    ) -> Result<(), LedgerError> {
        if epoch != self.epoch {
            return Err(LedgerError::Fenced { found: self.epoch, mine: epoch });
        }
        let (there, place) = (self.entries.len(), first as usize - 1);
        if place + entries.len() <= there && place < there {
            assert_eq!(&self.entries[place..place + entries.len()], entries, "two facts under one number");
            return Ok(());
        }
        assert_eq!(place, there, "numbers were skipped, or given twice");
        for entry in entries {
            if let Entry::Noted { note, .. } = entry
                && let Note::Outage { from, to } = **note
            {
                let last_sign = self.alive_at.unwrap();
                assert!(from >= last_sign.plus_ms(-DOUBT_MS), "more was given back than the doubt");
                assert!(from <= last_sign && to >= last_sign, "an outage that does not hold the last sign of life");
            }
        }
        self.entries.extend_from_slice(entries);
        self.alive_at = Some(alive_at);
        Ok(())
    }

    pub(crate) fn is_in_flight(&self) -> bool {
        self.flight.is_some()
    }

    pub(crate) fn numbered(&self) -> impl DoubleEndedIterator<Item = (EntryNumber, &Entry)> {
        self.entries.iter().enumerate().map(|(place, entry)| (place as EntryNumber + 1, entry))
    }

    fn recorded(&self) -> Vec<Recorded> {
        let mut found: Vec<Recorded> = Vec::new();
        for (n, entry) in self.numbered() {
            match entry {
                Entry::Started(started) => found.push(Recorded { n, started: (**started).clone(), ended: None }),
                Entry::Settled(settled) => {
                    if let Some(ended) = &settled.ended {
                        let of = found.iter_mut().rev().find(|recorded| recorded.started.attempt == ended.attempt);
                        of.expect("an attempt ended that never started").ended = Some((n, (**ended).clone()));
                    }
                }
                _ => {}
            }
        }
        found.sort_by_key(|recorded| recorded.started.attempt);
        found
    }

    fn raw_answers(&self, after: EntryNumber) -> Vec<RawAnswer> {
        let raw = |(n, entry): (EntryNumber, &Entry)| match entry {
            Entry::Opened { attempt, seq, at } => {
                Some(RawAnswer { n, attempt: *attempt, seq: *seq, given: OPENED_CODE, elapsed_ms: 0, at: *at })
            }
            Entry::Settled(settled) => settled.fate.map(|fate| RawAnswer {
                n,
                attempt: settled.attempt,
                seq: fate.seq,
                given: fate.given.code(),
                elapsed_ms: fate.elapsed_ms,
                at: settled.at,
            }),
            _ => None,
        };
        self.numbered().filter(|(n, _)| *n > after).filter_map(raw).collect()
    }
}

fn ready<T: Send + 'static>(value: T) -> BoxFuture<'static, Result<T, LedgerError>> {
    Box::pin(std::future::ready(Ok(value)))
}

impl Store for Memory {
    fn take_lane(&self) -> BoxFuture<'_, Result<LaneState, LedgerError>> {
        let mut disk = self.disk();
        disk.epoch += 1;
        let state = LaneState { epoch: disk.epoch, last_n: disk.entries.len() as i64, alive_at: disk.alive_at };
        ready(state)
    }

    fn commit<'a>(&'a self, batch: Batch<'a>) -> BoxFuture<'a, Result<(), LedgerError>> {
        Box::pin(self.committed(batch))
    }

    fn mark_alive(&self, epoch: i64, at: Timestamp) -> BoxFuture<'_, Result<(), LedgerError>> {
        let mut disk = self.disk();
        let cases = disk.weather.mark_failed;
        let marked = if epoch != disk.epoch {
            Err(LedgerError::Fenced { found: disk.epoch, mine: epoch })
        } else if disk.chance.in_thousand(cases) {
            disk.faults.marks += 1;
            Err(failed())
        } else {
            disk.alive_at = Some(at);
            Ok(())
        };
        Box::pin(std::future::ready(marked))
    }

    fn lane(&self) -> BoxFuture<'_, Result<LaneState, LedgerError>> {
        let disk = self.disk();
        ready(LaneState { epoch: disk.epoch, last_n: disk.entries.len() as i64, alive_at: disk.alive_at })
    }

    fn notes(&self, after: EntryNumber) -> BoxFuture<'_, Result<Vec<Noted>, LedgerError>> {
        let noted = |(n, entry): (EntryNumber, &Entry)| match entry {
            Entry::Noted { at, note } if n > after => Some(Noted { n, at: *at, note: (**note).clone() }),
            _ => None,
        };
        ready(self.disk().numbered().filter_map(noted).collect())
    }

    fn participants(&self, after: ParticipantId) -> BoxFuture<'_, Result<Vec<(EntryNumber, Registered)>, LedgerError>> {
        let registered = |(n, entry): (EntryNumber, &Entry)| match entry {
            Entry::Registered(registered) if registered.participant > after => Some((n, (**registered).clone())),
            _ => None,
        };
        ready(self.disk().numbered().filter_map(registered).collect())
    }

    fn attempts(&self, after: AttemptId) -> BoxFuture<'_, Result<Vec<Recorded>, LedgerError>> {
        ready(self.disk().recorded().into_iter().filter(|recorded| recorded.started.attempt > after).collect())
    }

    fn outcomes(&self, after: AttemptId) -> BoxFuture<'_, Result<Vec<Told>, LedgerError>> {
        let told = |recorded: Recorded| Told {
            n: recorded.n,
            started: recorded.started,
            outcome: recorded.ended.map(|(n, ended)| (n, Outcome::from(&ended))),
        };
        let recorded = self.disk().recorded().into_iter();
        ready(recorded.filter(|recorded| recorded.started.attempt > after).map(told).collect())
    }

    fn answers(&self, after: EntryNumber) -> BoxFuture<'_, Result<Vec<RawAnswer>, LedgerError>> {
        ready(self.disk().raw_answers(after))
    }

    fn attempt(&self, id: AttemptId) -> BoxFuture<'_, Result<Option<Recorded>, LedgerError>> {
        ready(self.disk().recorded().into_iter().find(|recorded| recorded.started.attempt == id))
    }

    fn attempt_of_receipt<'a>(&'a self, receipt: &'a str) -> BoxFuture<'a, Result<Option<Recorded>, LedgerError>> {
        let is_of = |recorded: &Recorded| {
            recorded.ended.as_ref().is_some_and(|(_, ended)| ended.receipt.as_deref() == Some(receipt))
        };
        ready(self.disk().recorded().into_iter().find(is_of))
    }

    fn attempts_back_from(&self, newest: AttemptId, limit: i64) -> BoxFuture<'_, Result<Vec<Recorded>, LedgerError>> {
        let recorded = self.disk().recorded();
        let find = |id| recorded.iter().find(|recorded| recorded.started.attempt == id);
        let chain = std::iter::successors(find(newest), |recorded| recorded.started.previous.and_then(find));
        ready(chain.take(limit as usize).cloned().collect())
    }

    fn begin_copy(&self) -> BoxFuture<'_, Result<(), LedgerError>> {
        Box::pin(async { Err(LedgerError::NotEmpty) })
    }

    fn copy_rows<'a>(&'a self, _: &'a Rows<'a>) -> BoxFuture<'a, Result<(), LedgerError>> {
        Box::pin(async { Err(LedgerError::NotEmpty) })
    }

    fn end_copy(&self, _: LaneState) -> BoxFuture<'_, Result<(), LedgerError>> {
        Box::pin(async { Err(LedgerError::NotEmpty) })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}
