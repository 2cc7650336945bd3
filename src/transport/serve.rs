//! The server: what starts, in which order, and what stops, in which order.

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
use crate::office::comings;
use crate::office::corrections::Corrections;
use crate::office::importing::Imports;
use crate::office::reports::Reports;
use crate::office::statistics::Statistics;
use crate::transport::admission::Admission;
use crate::transport::admission::Places;
use crate::transport::desk;
use crate::transport::door;
use crate::transport::door::Door;
use crate::transport::me;
use crate::transport::me::BODY_BYTES_MAX;
use crate::transport::metrics::Meters;
use crate::transport::my_reports;
use crate::transport::notices::Notices;
use crate::transport::pages;
use crate::transport::peer::Peer;
use crate::transport::problem::Problem;
use crate::transport::public;
use crate::transport::requests;
use crate::transport::state::App;
use crate::transport::state::ServeSettings;
use crate::transport::upgrade::upgrade;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::extract::Request;
use axum::extract::State;
use axum::middleware;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use axum::routing::post;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Connections of the metrics' own listener. Full: 503.
const METRICS_CONNECTIONS_MAX: usize = 16;
/// When stopping, sockets and requests get so long to end; then the process ends without them.
const DRAIN_MS: u64 = 8_000;

/// What a server is made of.
pub struct Serving {
    pub opening: Opening,
    pub desk: DeskStore,
    /// The secret of the first administrator's link, where nobody is there yet.
    pub setup: Option<String>,
    pub blocked: BlockedNames,
    pub listener: TcpListener,
    /// Where `/metrics` is served alone; `None`: beside the pages.
    pub metrics_listener: Option<TcpListener>,
    pub settings: ServeSettings,
    /// Told, with the contest, once the ledger has been read and everyone is let in.
    pub ready: Option<oneshot::Sender<Arc<Contest>>>,
    /// Cancelled to stop.
    pub stop: CancellationToken,
}

/// Why a server that did not fail has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Stopped,
    /// Another season has been published: whoever called starts again at once, on a copy of the same listener, on which connections
    /// wait meanwhile.
    Again,
}

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error(transparent)]
    Opening(#[from] OpeningError),
    /// A commit failed: nothing of it was told, and the next start finds out what the disk holds.
    #[error("账本写入失败，服务已停止；没有把任何未写入的结果告诉选手。原因：{0}")]
    Ledger(#[from] LedgerError),
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

/// Serves until it is told to stop, a season was published, or a commit fails.
///
/// # Errors
/// Why it did not start, or why it had to end.
pub async fn serve(serving: Serving) -> Result<Ended, ServeError> {
    let Serving { opening, desk, setup, blocked, listener, metrics_listener, settings, ready, stop } = serving;
    // Until the ledger has been read, phones are told to wait instead of finding a closed door.
    let closing = CancellationToken::new();
    let connections = TaskTracker::new();
    let admission = Admission::new(Places::new(settings.connections_max));
    let door = Door::new(settings.clone(), admission.connections.clone(), closing.clone());
    let following = settings.tls.clone().map(|tls| tokio::spawn(tls.follow()));
    let accepting = tokio::spawn(door::accept(listener, door.clone(), connections.clone()));

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
    let hearers =
        Arc::new(Hearers { accounts: Arc::clone(&accounts), contest: Arc::clone(&contest), reports: reports.clone() });
    // On a thread of its own: between the statements of a commit nothing else gets a turn, however many sockets are awake.
    let runtime = tokio::runtime::Handle::current();
    let commits = writer.run(hearers, Arc::new(meters.clone()));
    let mut writing = tokio::task::spawn_blocking(move || runtime.block_on(commits));
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
    let beating = tokio::spawn(beat(Arc::clone(&app), door.clone()));
    let measuring =
        metrics_listener.map(|listener| tokio::spawn(serve_metrics(listener, Arc::clone(&app), closing.clone())));
    door.open(router(Arc::clone(&app)));
    tracing::info!("serving");
    if let Some(ready) = ready {
        // Whoever asked may have stopped waiting.
        let _ = ready.send(Arc::clone(&app.contest));
    }

    let ended = tokio::select! {
        () = stop.cancelled() => Ok(Ended::Stopped),
        () = app.again.cancelled() => Ok(Ended::Again),
        ended = &mut writing => Err(ended),
    };

    // Stopping, in this order: nobody new, everyone told, the last commits, the log written back.
    app.ready.store(false, Ordering::Release);
    app.stop.cancel();
    app.audience.wake_everyone();
    app.sockets.close();
    let drained = tokio::time::timeout(Duration::from_millis(DRAIN_MS), app.sockets.wait()).await;
    if drained.is_err() {
        tracing::warn!(left = app.sockets.len(), "some sockets did not end in time");
    }
    closing.cancel();
    accepting.abort();
    let _ = accepting.await;
    connections.close();
    let _ = tokio::time::timeout(Duration::from_millis(DRAIN_MS / 4), connections.wait()).await;
    // A sweep that is under way comes to its end.
    let _ = beating.await;
    for task in [deadlines, counting, reporting, coming].into_iter().chain(measuring).chain(following) {
        task.abort();
        // Once it has ended it holds nothing of the ledger's any more.
        let _ = task.await;
    }
    upkeep.abort();
    let ended = match ended {
        Ok(ended) => ended,
        Err(Ok(Ok(()))) => return Ok(Ended::Stopped),
        Err(Ok(Err(error))) => return Err(error.into()),
        Err(Err(panicked)) => return Err(LedgerError::Unreadable { n: 0, what: panicked.to_string() }.into()),
    };
    app.corrections.stop().await;
    app.contest.lane().close();
    let written = (&mut writing).await.unwrap_or_else(|_| Err(LedgerError::Stopped));
    app.imports.stop().await;
    // The last phones have gone by now.
    if let Err(error) = comings::write(Arc::clone(&app.contest), app.desk.clone()).await {
        tracing::warn!(%error, "the last comings and goings of phones could not be written down");
    }
    app.desk.close().await;
    store.close().await;
    written.map_err(ServeError::from)?;
    Ok(ended)
}

/// Once a second at most: who watches boards is told of those that have changed. Once a minute: what has gone quiet is forgotten.
/// Until the server stops.
async fn beat(app: Arc<App>, door: Door) {
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

fn router(app: Arc<App>) -> Router {
    let api = Router::new()
        .route("/season", get(public::season))
        .route("/notices", get(public::notices))
        .route("/missed", get(public::missed))
        .route("/organisations", get(public::organisations))
        .route("/participants", post(me::join))
        .route("/sessions", post(me::session))
        .route("/me", get(me::me).patch(me::change))
        .route("/me/code", post(me::code))
        .route("/me/attempts", get(me::attempts))
        .route("/me/attempts/{id}", get(me::attempt))
        .route("/me/reports", get(my_reports::reports).post(me::report))
        .route("/boards/{*scope}", get(public::board))
        .route("/rounds/{id}/proof", get(public::proof))
        .route("/rounds/{id}/errata", get(public::errata))
        .route("/receipts/{receipt}", get(public::receipt))
        .fallback(public::no_such_call)
        .method_not_allowed_fallback(public::no_such_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), admit));
    let desk = desk::router(&app).layer(middleware::from_fn_with_state(Arc::clone(&app), admit));
    Router::new()
        .nest("/api/v1", api)
        .merge(desk)
        .route("/ws", get(upgrade))
        .route("/healthz", get(public::healthz))
        .route("/readyz", get(public::readyz))
        .route("/metrics", get(public::metrics))
        .route("/media/{*file}", get(pages::media))
        .fallback(get(pages::page))
        .layer(middleware::from_fn(pages::with_headers))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), requests::with_line))
        .with_state(app)
}

/// Every API call counts for its network, and takes a place while it is under way.
async fn admit(State(app): State<Arc<App>>, request: Request, next: middleware::Next) -> Response {
    let peer = request.extensions().get::<Peer>().copied();
    let admitted = peer.map_or(Ok(()), |peer| app.admission.network(peer.0));
    match admitted.and_then(|()| app.admission.requests.take().ok_or_else(Problem::full)) {
        Ok(_place) => next.run(request).await,
        Err(problem) => {
            app.meters.refused(problem.code);
            problem.into_response()
        }
    }
}

async fn serve_metrics(listener: TcpListener, app: Arc<App>, closing: CancellationToken) {
    let door = Door::new(app.settings.clone(), Places::new(METRICS_CONNECTIONS_MAX), closing);
    door.open(Router::new().route("/metrics", get(public::metrics)).with_state(app));
    door::accept(listener, door, TaskTracker::new()).await;
}
