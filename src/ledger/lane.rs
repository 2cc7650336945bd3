//! The lane: room is reserved before anything is judged, entries are committed in groups, and only what was committed is applied.

use crate::domain::time::Timestamp;
use crate::ledger::entry::Entry;
use crate::ledger::entry::EntryNumber;
use crate::ledger::store::Batch;
use crate::ledger::store::LaneState;
use crate::ledger::store::LedgerError;
use crate::ledger::store::Store;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// Entries waiting for their commit. Full: [`Full`], which the person is told as `busy`; nothing was used up.
pub const QUEUE_ENTRIES: usize = 32_768;
/// Room that is left to those who are playing: where less is free, a start or a registration is [`Full`], while answers
/// still find room. Who has begun is not made to wait by who comes new.
pub const KEPT_FOR_ANSWERS: usize = QUEUE_ENTRIES / 4;
/// At most so many entries a commit; the rest goes into the next.
pub const BATCH_ENTRIES: usize = 8_192;
/// From so many entries in the last commit on, the next one gathers, for as long as the last one took: under load fewer, larger
/// commits cost less, and the disk is busy for half of the time at most.
const GATHER_FROM: usize = 24;
/// What is gathered for: a commit that takes longer is not made to wait for longer still.
const GATHER_MS: RangeInclusive<i64> = 1..=4;

/// For at least so long, and at most twice so long, it is remembered how slow the slowest commit was: a day, which is the
/// longest that a question can stay open, since what was told late is known to have been told late for as long as it is open.
const SLOWEST_MS: i64 = 86_400_000;

/// Asks the contest's clock; the ledger has none of its own.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What is computed from committed entries.
pub trait Projection: Send + Sync {
    /// Called once for each commit, in order, with the number of the first entry. Must not block.
    fn committed(&self, first: EntryNumber, entries: Vec<Entry>);
}

/// The queue is full: refuse before anything is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

struct Pushed {
    /// `None`: somebody waits for what was pushed before.
    entry: Option<Entry>,
    done: Option<oneshot::Sender<EntryNumber>>,
}

/// A handle to the lane's queue; cheap to clone.
#[derive(Clone)]
pub struct Lane {
    queue: mpsc::Sender<Pushed>,
    closing: CancellationToken,
    slowest_ms: Arc<AtomicI64>,
}

/// Room for one entry. From reserving to pushing nothing may await.
pub struct Room<'a>(mpsc::Permit<'a, Pushed>);

impl Lane {
    /// # Errors
    /// [`Full`] when [`QUEUE_ENTRIES`] wait, or the lane has stopped.
    pub fn reserve(&self) -> Result<Room<'_>, Full> {
        self.queue.try_reserve().map(Room).map_err(|_| Full)
    }

    /// As [`Lane::reserve`], for what begins something new: a start, a registration, a token.
    ///
    /// # Errors
    /// [`Full`] when less than [`KEPT_FOR_ANSWERS`] is free.
    pub fn reserve_for_start(&self) -> Result<Room<'_>, Full> {
        if self.queue.capacity() <= KEPT_FOR_ANSWERS { Err(Full) } else { self.reserve() }
    }

    /// Pushes one entry where waiting for room is right: timers, and acts of the server itself.
    ///
    /// # Errors
    /// The lane has stopped.
    pub async fn append(&self, entry: Entry) -> Result<EntryNumber, LedgerError> {
        let (done, committed) = oneshot::channel();
        self.queue.send(Pushed { entry: Some(entry), done: Some(done) }).await.map_err(|_| LedgerError::Stopped)?;
        committed.await.map_err(|_| LedgerError::Stopped)
    }

    /// Returns once everything that was pushed before is committed and applied.
    ///
    /// # Errors
    /// The lane has stopped.
    pub async fn catch_up(&self) -> Result<(), LedgerError> {
        let (done, committed) = oneshot::channel();
        self.queue.send(Pushed { entry: None, done: Some(done) }).await.map_err(|_| LedgerError::Stopped)?;
        committed.await.map(|_| ()).map_err(|_| LedgerError::Stopped)
    }

    /// The longest that an entry waited lately from its moment to its commit, in milliseconds.
    pub fn slowest_ms(&self) -> i64 {
        self.slowest_ms.load(Ordering::Relaxed)
    }

    /// Takes no more entries; the writer commits what was pushed before, and returns.
    pub fn close(&self) {
        self.closing.cancel();
    }

    /// How many entries wait for their commit.
    pub fn waiting(&self) -> usize {
        QUEUE_ENTRIES - self.queue.capacity()
    }
}

impl Room<'_> {
    /// The projection hears of it when it is committed.
    pub fn push(self, entry: Entry) {
        self.0.send(Pushed { entry: Some(entry), done: None });
    }

    /// As [`Room::push`]; the receiver gets the entry's number once it is committed, and an error if it never will be.
    pub fn push_and_wait(self, entry: Entry) -> oneshot::Receiver<EntryNumber> {
        let (done, committed) = oneshot::channel();
        self.0.send(Pushed { entry: Some(entry), done: Some(done) });
        committed
    }
}

/// Figures of the lane for `/metrics`.
pub trait LaneMeter: Send + Sync {
    fn begins(&self);
    /// So many entries, and the number of the last.
    fn committed(&self, entries: usize, last: EntryNumber);
}

/// The lane's own end: one task, one transaction in flight.
pub struct Writer {
    queue: mpsc::Receiver<Pushed>,
    closing: CancellationToken,
    store: Arc<dyn Store>,
    state: LaneState,
    now: Now,
    slowest: Slowest,
    slowest_ms: Arc<AtomicI64>,
    own_thread: bool,
}

/// The longest that an entry waited lately from its moment to its commit. A question is told after its commit, and a start
/// knows only the entry's moment: so each sign of life is dated back by this, and nobody loses time by a crash.
#[derive(Default)]
struct Slowest {
    since: Timestamp,
    before_ms: i64,
    ms: i64,
}

impl Slowest {
    fn take(&mut self, waited_ms: i64, now: Timestamp) {
        if now.since(self.since) >= SLOWEST_MS {
            *self = Slowest { since: now, before_ms: self.ms, ms: 0 };
        }
        self.ms = self.ms.max(waited_ms);
    }

    fn before(&self, now: Timestamp) -> Timestamp {
        now.plus_ms(-self.lately_ms())
    }

    fn lately_ms(&self) -> i64 {
        self.ms.max(self.before_ms)
    }
}

/// A lane whose writer still has to be run.
pub fn lane(store: Arc<dyn Store>, state: LaneState, now: Now) -> (Lane, Writer) {
    let (sender, receiver) = mpsc::channel(QUEUE_ENTRIES);
    let closing = CancellationToken::new();
    let slowest_ms = Arc::new(AtomicI64::new(0));
    (
        Lane { queue: sender, closing: closing.clone(), slowest_ms: Arc::clone(&slowest_ms) },
        Writer {
            queue: receiver,
            closing,
            store,
            state,
            now,
            slowest: Slowest::default(),
            slowest_ms,
            own_thread: false,
        },
    )
}

impl Writer {
    /// After what the start itself has written, the last of which took so long.
    pub fn going_on_from(mut self, state: LaneState, waited_ms: i64) -> Writer {
        let now = (self.now)();
        self.slowest.take(waited_ms, now);
        self.slowest_ms.store(self.slowest.lately_ms(), Ordering::Relaxed);
        Writer { state, ..self }
    }

    /// It is run where nothing else runs, and may sleep there: a timer of the runtime's goes off when a worker looks at it, which is
    /// late when all of them have much to do.
    pub fn on_its_own_thread(self) -> Writer {
        Writer { own_thread: true, ..self }
    }

    /// Runs until the lane is closed, or every [`Lane`] is gone, then returns; everything pushed before was committed.
    ///
    /// # Errors
    /// A commit failed. Nothing of it was told, and the process must end: what the disk holds is found out by the next start.
    pub async fn run(mut self, projection: Arc<dyn Projection>, meter: Arc<dyn LaneMeter>) -> Result<(), LedgerError> {
        let mut pushed = Vec::with_capacity(256);
        let (mut last_size, mut took_ms) = (0, 0);
        let mut idle = tokio::time::interval(Duration::from_secs(1));
        idle.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let closing = self.closing.clone();
        loop {
            tokio::select! {
                biased;
                () = closing.cancelled(), if !self.queue.is_closed() => {
                    self.queue.close();
                    continue;
                }
                received = self.queue.recv_many(&mut pushed, BATCH_ENTRIES) => {
                    if received == 0 {
                        return self.store.mark_alive(self.state.epoch, self.slowest.before((self.now)())).await;
                    }
                }
                _ = idle.tick() => {
                    self.store.mark_alive(self.state.epoch, self.slowest.before((self.now)())).await?;
                    continue;
                }
            }
            if last_size.max(pushed.len()) >= GATHER_FROM {
                self.gather(&mut pushed, took_ms.clamp(*GATHER_MS.start(), *GATHER_MS.end())).await;
            }
            last_size = pushed.len();
            took_ms = self.commit(&mut pushed, projection.as_ref(), meter.as_ref()).await?;
            idle.reset();
        }
    }

    async fn gather(&mut self, pushed: &mut Vec<Pushed>, ms: i64) {
        let pause = Duration::from_millis(ms.unsigned_abs());
        if self.own_thread {
            std::thread::sleep(pause);
        } else {
            tokio::time::sleep(pause).await;
        }
        while pushed.len() < BATCH_ENTRIES {
            match self.queue.try_recv() {
                Ok(next) => pushed.push(next),
                Err(_) => break,
            }
        }
    }

    /// Returns how long it took, what follows from it included.
    async fn commit(
        &mut self,
        pushed: &mut Vec<Pushed>,
        projection: &dyn Projection,
        meter: &dyn LaneMeter,
    ) -> Result<i64, LedgerError> {
        let mut entries = Vec::with_capacity(pushed.len());
        let mut waiting = Vec::new();
        for Pushed { entry, done } in pushed.drain(..) {
            entries.extend(entry);
            if let Some(done) = done {
                waiting.push((entries.len(), done));
            }
        }
        let first = self.state.last_n + 1;
        let begun = (self.now)();
        let oldest = entries.iter().map(Entry::at).min().unwrap_or(begun);
        self.slowest.take(begun.since(oldest), begun);
        if entries.is_empty() {
            for (_, done) in waiting {
                let _ = done.send(self.state.last_n);
            }
            return Ok(0);
        }
        let batch = Batch { epoch: self.state.epoch, first, entries: &entries, alive_at: self.slowest.before(begun) };
        meter.begins();
        self.store.commit(batch).await?;
        meter.committed(entries.len(), self.state.last_n + entries.len() as i64);
        let done = (self.now)();
        self.slowest.take(done.since(oldest), done);
        self.slowest_ms.store(self.slowest.lately_ms(), Ordering::Relaxed);
        self.state.last_n += entries.len() as i64;
        projection.committed(first, entries);
        for (up_to, done) in waiting {
            // A waiter that hung up has been split from nothing: the entry is committed and applied.
            let _ = done.send(first + up_to as i64 - 1);
        }
        Ok((self.now)().since(begun))
    }
}
