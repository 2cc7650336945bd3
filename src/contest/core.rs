//! The contest itself: what all its verbs share.

use crate::contest::acts_record::ActsRecord;
use crate::contest::banks::Banks;
use crate::contest::clock::Clock;
use crate::contest::comings::Comings;
use crate::contest::concerned::Concerned;
use crate::contest::deadlines::Deadlines;
use crate::contest::keys::Keys;
use crate::contest::period::Period;
use crate::contest::period::Periods;
use crate::contest::refusal::Refusal;
use crate::contest::roster::Places;
use crate::contest::roster::Roster;
use crate::contest::round_clock::RoundClock;
use crate::contest::scoreboard::Scoreboard;
use crate::contest::seat::Seat;
use crate::contest::windows::Windows;
use crate::domain::ids::AttemptId;
use crate::domain::ids::ParticipantId;
use crate::domain::ids::RoundIndex;
use crate::domain::season::Season;
use crate::domain::time::Day;
use crate::domain::time::Timestamp;
use crate::ledger::entry::EntryNumber;
use crate::ledger::lane::Lane;
use crate::ledger::store::Store;
use dashmap::DashMap;
use std::hash::BuildHasherDefault;
use std::hash::Hasher;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::RwLockReadGuard;
use std::sync::RwLockWriteGuard;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::AtomicU16;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

/// A running season. Shared by everything that serves it.
pub struct Contest {
    pub season: Arc<Season>,
    pub clock: Clock,
    pub keys: Arc<Keys>,
    pub roster: Roster,
    pub(crate) places: Places,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) lane: Lane,
    pub(crate) season_entry: EntryNumber,
    /// Oldest first; the last is in force.
    pub season_versions: Vec<SeasonVersion>,
    /// The desk has published another season: it is in force from the next start on, which follows at once.
    pub(crate) amended: AtomicBool,
    pub(crate) banks: RwLock<Banks>,
    /// Held by an act of the desk on banks, from looking to opening its periods.
    pub(crate) desk_acts: tokio::sync::Mutex<()>,
    /// Held by a correction until everyone stands by it.
    pub(crate) correcting: tokio::sync::Mutex<()>,
    pub(crate) concerned: RwLock<Concerned>,
    /// The newest correction that those concerned are told of.
    pub(crate) corrections_told: AtomicU16,
    /// Held while draw periods are opened, so that two acts of the desk do not open the same one.
    pub(crate) opening_periods: tokio::sync::Mutex<()>,
    pub(crate) seats: DashMap<ParticipantId, Arc<Seat>, BuildHasherDefault<ByNumber>>,
    pub(crate) deadlines: Deadlines,
    pub(crate) periods: RwLock<Periods>,
    /// When each round closes by now, and which stand still.
    pub(crate) windows: RwLock<Windows>,
    /// By round: what its open attempts' clocks have to make up for.
    pub(crate) clocks: Vec<Arc<RoundClock>>,
    pub(crate) acts: RwLock<ActsRecord>,
    /// Held by an act of whoever runs the season, from looking to its being done.
    pub(crate) acting: tokio::sync::Mutex<()>,
    /// By round: the day, in the upper half, and how many attempts were started on it.
    pub(crate) starts: Vec<AtomicU64>,
    /// Held for microseconds at a time; see docs/decisions.md for why it is not a task of its own.
    pub(crate) scoreboard: Mutex<Scoreboard>,
    pub(crate) next_attempt: AtomicI64,
    /// When phones of live attempts came and went, until the desk has written it down.
    pub comings: Comings,
}

/// A season that was in force, and what it changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeasonVersion {
    /// Its entry.
    pub n: EntryNumber,
    pub at: Timestamp,
    pub reason: Option<String>,
    /// Who published it at the desk; `None`: it came from a file.
    pub by: Option<String>,
    /// Against the version before, in Chinese; empty of the first.
    pub differences: Vec<String>,
}

/// Participants are numbered by us and in order, so nobody can choose numbers that meet in a table: one multiplication spreads them.
#[derive(Default)]
pub(crate) struct ByNumber(u64);

impl Hasher for ByNumber {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_i64(&mut self, number: i64) {
        self.write_u64(number as u64);
    }

    fn write_u64(&mut self, number: u64) {
        let spread = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = spread ^ (spread >> 32);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Where a round, or the season, is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    Upcoming,
    Open,
    /// Stands still, by an act of whoever runs the season.
    Paused,
    /// Closed to new attempts while the last ones run to their limits.
    Settling,
    Closed,
}

impl Contest {
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn scoreboard(&self) -> MutexGuard<'_, Scoreboard> {
        self.scoreboard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn periods(&self) -> RwLockReadGuard<'_, Periods> {
        self.periods.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bank versions that papers are drawn from by now, and what of them rests.
    pub fn banks(&self) -> RwLockReadGuard<'_, Banks> {
        self.banks.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who is concerned by which correction.
    pub(crate) fn concerned(&self) -> RwLockWriteGuard<'_, Concerned> {
        self.concerned.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The draw period of an entry.
    pub fn period(&self, n: EntryNumber) -> Option<Arc<Period>> {
        self.periods().get(n).cloned()
    }

    /// All draw periods of a round, in the order in which they were opened.
    pub fn periods_of(&self, round: RoundIndex) -> Vec<Arc<Period>> {
        self.periods().of_round(round).to_vec()
    }

    pub(crate) fn windows(&self) -> RwLockReadGuard<'_, Windows> {
        self.windows.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn windows_mut(&self) -> RwLockWriteGuard<'_, Windows> {
        self.windows.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The acts of whoever runs the season.
    pub fn acts(&self) -> RwLockReadGuard<'_, ActsRecord> {
        self.acts.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// When the round closes: outages, pauses and extensions counted.
    pub fn closes(&self, round: RoundIndex) -> Timestamp {
        self.windows().closes(round)
    }

    /// When the round closes if it runs on at `now`; the same but for one that stands still.
    pub fn closes_by(&self, round: RoundIndex, now: Timestamp) -> Timestamp {
        self.windows().closes_by(round, now)
    }

    /// Since when the round stands still.
    pub fn paused_since(&self, round: RoundIndex) -> Option<Timestamp> {
        self.windows().paused(round)
    }

    /// Attempts of the round that have started and not ended.
    pub fn open_attempts(&self, round: RoundIndex) -> i64 {
        self.periods().of_round(round).iter().map(|period| period.open_attempts()).sum()
    }

    pub fn round_life(&self, round: RoundIndex, now: Timestamp) -> Life {
        let (closes, paused) = {
            let windows = self.windows();
            (windows.closes_by(round, now), windows.paused(round).is_some())
        };
        if now < self.season.round(round).opens {
            Life::Upcoming
        } else if now < closes {
            if paused { Life::Paused } else { Life::Open }
        } else if self.periods().of_round(round).iter().any(|period| period.open_attempts() > 0) {
            if paused { Life::Paused } else { Life::Settling }
        } else {
            Life::Closed
        }
    }

    pub fn season_life(&self, now: Timestamp) -> Life {
        let mut lives = (0..self.season.rounds.len()).map(|i| self.round_life(RoundIndex(i as u16), now));
        if now < self.season.opens {
            Life::Upcoming
        } else if lives.clone().any(|life| life == Life::Open) {
            Life::Open
        } else if lives.clone().any(|life| life == Life::Paused) {
            Life::Paused
        } else if now < self.season.closes {
            Life::Open
        } else if lives.any(|life| life == Life::Settling) {
            Life::Settling
        } else {
            Life::Closed
        }
    }

    /// Why this participant may start nothing.
    pub(crate) fn exclusion(&self, participant: ParticipantId) -> Refusal {
        let reason = self.acts().exclusion(participant).map(|act| act.deed.reason.clone()).unwrap_or_default();
        Refusal::Excluded { reason, contact: self.season.about.contact.clone() }
    }

    /// Attempts of the round that were started on this day.
    pub fn starts_on(&self, round: RoundIndex, day: Day) -> u32 {
        let packed = self.starts[usize::from(round.0)].load(Ordering::Relaxed);
        if (packed >> 32) as i32 == day.0 { packed as u32 } else { 0 }
    }

    /// Counted by one thread at a time: the lane's, or a start's.
    pub(crate) fn count_start(&self, round: RoundIndex, day: Day) {
        let Some(starts) = self.starts.get(usize::from(round.0)) else { return };
        let packed = starts.load(Ordering::Relaxed);
        let (counted_on, count) = ((packed >> 32) as i32, packed as u32);
        let count = if counted_on == day.0 { count.saturating_add(1) } else { 1 };
        if counted_on <= day.0 {
            starts.store((day.0 as u32 as u64) << 32 | u64::from(count), Ordering::Relaxed);
        }
    }

    pub(crate) fn seat(&self, participant: ParticipantId) -> Arc<Seat> {
        if let Some(seat) = self.seats.get(&participant) {
            return Arc::clone(&seat);
        }
        Arc::clone(&self.seats.entry(participant).or_insert_with(|| Arc::new(Seat::new(participant))))
    }

    pub(crate) fn existing_seat(&self, participant: ParticipantId) -> Option<Arc<Seat>> {
        self.seats.get(&participant).map(|seat| Arc::clone(&seat))
    }

    /// Whether an attempt is known to be open; one that is not may have ended.
    pub fn is_live(&self, participant: ParticipantId, attempt: AttemptId) -> bool {
        let seat = self.existing_seat(participant);
        seat.is_some_and(|seat| seat.state().live.as_ref().is_some_and(|live| live.attempt.id == attempt))
    }

    pub(crate) fn new_attempt_id(&self) -> AttemptId {
        AttemptId(self.next_attempt.fetch_add(1, Ordering::Relaxed))
    }

    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    pub fn lane(&self) -> &Lane {
        &self.lane
    }

    pub fn places(&self) -> &Places {
        &self.places
    }

    /// Forgets seats that hold nothing any more. Called once a minute.
    pub fn clear_empty_seats(&self) {
        let now = self.now();
        // A seat that somebody is about to use is held by them, too.
        self.seats.retain(|_, seat| Arc::strong_count(seat) > 1 || !seat.state().is_empty(now));
    }

    /// How many seats there are, and how many have a live attempt.
    pub fn seats_in_use(&self) -> (usize, usize) {
        let live = self.seats.iter().filter(|seat| seat.state().live.is_some()).count();
        (self.seats.len(), live)
    }
}
