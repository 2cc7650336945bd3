//! A contest in service: its ledger is read, everything that runs beside it is started, and in the end all of it is stopped in order.

use crate::accounts::names::BlockedNames;
use crate::accounts::register::Accounts;
use crate::accounts::staff::StaffRegister;
use crate::contest::core::Contest;
use crate::contest::recovery::Follower;
use crate::contest::recovery::Opened;
use crate::contest::recovery::Opening;
use crate::contest::recovery::OpeningError;
use crate::ledger::desk::DeskStore;
use crate::ledger::entry::Entry;
use crate::ledger::entry::EntryNumber;
use crate::ledger::entry::Note;
use crate::ledger::lane::Projection;
use crate::ledger::store::LedgerError;
use crate::ledger::store::Store;
use crate::office::comings;
use crate::office::corrections::Corrections;
use crate::office::importing::Imports;
use crate::office::reports::Reports;
use crate::office::statistics::Statistics;
use crate::transport::admission::Admission;
use crate::transport::door::Door;
use crate::transport::metrics::Meters;
use crate::transport::notices::Notices;
use crate::transport::state::App;
use crate::transport::state::ServeSettings;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// When stopping, sockets and requests get so long to end; then the service ends without them.
pub const DRAIN_MS: u64 = 8_000;

/// What a service is made of.
pub struct Founding {
    pub opening: Opening,
    pub desk: DeskStore,
    /// The secret of the first administrator's link, where nobody is there yet.
    pub setup: Option<String>,
    pub blocked: BlockedNames,
    pub settings: ServeSettings,
    pub admission: Admission,
    /// Whose refusals are counted and told; `None`: another service's door.
    pub door: Option<Door>,
}

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error(transparent)]
    Opening(#[from] OpeningError),
    /// A commit failed: nothing of it was told, and the next start finds out what the disk holds.
    #[error("账本写入失败，服务已停止；没有把任何未写入的结果告诉选手。原因：{0}")]
    Ledger(#[from] LedgerError),
}

pub struct Service {
    pub app: Arc<App>,
    store: Arc<dyn Store>,
    writing: JoinHandle<Result<(), LedgerError>>,
    beating: JoinHandle<()>,
    upkeep: JoinHandle<Result<(), LedgerError>>,
    /// What ends only by being ended, and holds something of the ledger's until then.
    tasks: Vec<JoinHandle<()>>,
}

/// Everything that hears of committed entries, in order.
struct Hearers {
    accounts: Arc<Accounts>,
    contest: Arc<Contest>,
    reports: Reports,
}

impl Projection for Hearers {
    fn committed(&self, first: EntryNumber, entries: Vec<Entry>) {
        let mut reports = false;
        for (n, entry) in (first..).zip(&entries) {
            match entry {
                Entry::Registered(registered) => self.accounts.registered(registered),
                Entry::Noted { at, note } => {
                    self.accounts.noted(n, *at, note);
                    reports |= matches!(**note, Note::Report { .. });
                }
                Entry::Started(_) | Entry::Opened { .. } | Entry::Settled(_) => {}
            }
        }
        self.contest.committed(first, entries);
        if reports {
            self.reports.heard();
        }
    }
}

impl Service {
    /// Reads the ledger and starts everything.
    ///
    /// # Errors
    /// The ledger refuses, or is not this season's.
    pub async fn open(founding: Founding) -> Result<Service, ServeError> {
        let Founding { opening, desk, setup, blocked, settings, admission, door } = founding;
        let accounts = Arc::new(Accounts::new(blocked));
        let store = Arc::clone(&opening.store);
        let began_us = opening.clock.ticks_us();
        let Opened { contest, writer, recovered } = opening.open(Arc::clone(&accounts) as Arc<dyn Follower>).await?;
        tracing::info!(
            entries = recovered.entries,
            participants = recovered.participants,
            attempts = recovered.attempts,
            live = recovered.live,
            away_ms = recovered.away_ms,
            "the ledger has been read"
        );
        let meters = Meters::new(contest.clock.clone(), settings.connections_max);
        meters.recovered(began_us, recovered.away_ms, recovered.entries);
        let reports = Reports::default();
        let hearers = Arc::new(Hearers {
            accounts: Arc::clone(&accounts),
            contest: Arc::clone(&contest),
            reports: reports.clone(),
        });
        // On a thread of its own: between the statements of a commit nothing else gets a turn, however many sockets are awake.
        let runtime = tokio::runtime::Handle::current();
        let commits = writer.on_its_own_thread().run(hearers, Arc::new(meters.clone()));
        let writing = tokio::task::spawn_blocking(move || runtime.block_on(commits));
        let deadlines = tokio::spawn(Arc::clone(&contest).meet_deadlines());
        let upkeep = tokio::spawn(Arc::clone(&contest).keep_up());
        let staff =
            StaffRegister::new(desk.clone(), Arc::clone(&contest.season), Arc::clone(&contest.keys), setup.as_deref());
        let imports = Imports::new(desk.clone());
        imports.resume().await?;
        let notices = Notices::of(&desk).await?;
        let statistics = Statistics::default();
        let counting = tokio::spawn(statistics.clone().follow(Arc::clone(&contest)));
        reports.open(&desk, contest.now()).await?;
        let reporting = tokio::spawn(reports.clone().follow(Arc::clone(&contest), desk.clone()));
        let corrections = Corrections::new(desk.clone(), Arc::clone(&contest));
        corrections.resume().await?;
        let coming = tokio::spawn(comings::follow(Arc::clone(&contest), desk.clone()));
        let app = Arc::new(App {
            contest,
            accounts,
            staff,
            desk,
            imports,
            statistics,
            reports,
            corrections,
            settings,
            admission,
            boards: Default::default(),
            season_views: Default::default(),
            missed: Default::default(),
            meters,
            sockets: TaskTracker::new(),
            seasons: Default::default(),
            again: CancellationToken::new(),
            stop: CancellationToken::new(),
            ready: AtomicBool::new(true),
            audience: Default::default(),
            notices,
            pulse: Default::default(),
        });
        let beating = tokio::spawn(beat(Arc::clone(&app), door));
        Ok(Service { app, store, writing, beating, upkeep, tasks: vec![deadlines, counting, reporting, coming] })
    }

    /// Returns when there is no writer any more: a commit failed, or it panicked.
    pub async fn writer_ended(&mut self) -> LedgerError {
        match (&mut self.writing).await {
            Ok(Ok(())) => LedgerError::Stopped,
            Ok(Err(error)) => error,
            Err(panicked) => LedgerError::Unreadable { n: 0, what: panicked.to_string() },
        }
    }

    /// Nobody new, and everyone is told to come back; returns once all have gone, or after [`DRAIN_MS`].
    pub async fn drain(&self) {
        let app = &self.app;
        app.ready.store(false, Ordering::Release);
        app.stop.cancel();
        app.audience.wake_everyone();
        app.sockets.close();
        let drained = tokio::time::timeout(Duration::from_millis(DRAIN_MS), app.sockets.wait()).await;
        if drained.is_err() {
            tracing::warn!(left = app.sockets.len(), "some sockets did not end in time");
        }
    }

    /// After [`Service::drain`]: the last commits, then everything is closed.
    ///
    /// # Errors
    /// The last commit failed.
    pub async fn close(mut self) -> Result<(), LedgerError> {
        self.quiet().await;
        let app = &self.app;
        app.corrections.stop().await;
        app.contest.lane().close();
        let written = (&mut self.writing).await.unwrap_or_else(|_| Err(LedgerError::Stopped));
        app.imports.stop().await;
        // The last phones have gone by now.
        if let Err(error) = comings::write(Arc::clone(&app.contest), app.desk.clone()).await {
            tracing::warn!(%error, "the last comings and goings of phones could not be written down");
        }
        app.desk.close().await;
        self.store.close().await;
        written
    }

    /// After [`Service::drain`], where there is no writer any more: what the disk holds is found out by the next start.
    pub async fn abandon(mut self) {
        self.quiet().await;
    }

    async fn quiet(&mut self) {
        // A sweep that is under way comes to its end.
        let _ = (&mut self.beating).await;
        for task in self.tasks.drain(..) {
            task.abort();
            // Once it has ended it holds nothing of the ledger's any more.
            let _ = task.await;
        }
        self.upkeep.abort();
    }
}

/// Once a second at most: who watches boards is told of those that have changed. Once a minute: what has gone quiet is forgotten.
/// Until the service stops.
async fn beat(app: Arc<App>, door: Option<Door>) {
    let mut told = [0; 2];
    let mut second = tokio::time::interval(Duration::from_secs(1));
    second.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    for beats in 1u64.. {
        tokio::select! {
            _ = second.tick() => {}
            () = app.stop.cancelled() => return,
        }
        let sweeping = Arc::clone(&app);
        // On a thread that may block: what is to be told to many takes all its time on a processor at once.
        let sweep = move || sweeping.audience.tell_boards(&sweeping.contest, &sweeping.boards);
        if let Err(panicked) = tokio::task::spawn_blocking(sweep).await {
            tracing::error!(%panicked, "boards could not be told");
        }
        app.pulse.beat(&app.meters);
        // At most once a second, also where this sweep began late.
        second.reset();
        app.admission.forget_the_quiet(beats.is_multiple_of(60));
        let Some(door) = &door else { continue };
        let at_the_door = [
            ("full", app.admission.connections.refused(), "connections were told that the process is full"),
            ("out_of_files", door.out_of_files(), "connections were closed: the process may open no more files"),
        ];
        for ((code, refused, what), told) in at_the_door.into_iter().zip(&mut told) {
            let times = refused - std::mem::replace(told, refused);
            if times > 0 {
                app.meters.refused_times(code, times);
                tracing::warn!(times, "{what}");
            }
        }
    }
}
