//! The server: what starts, in which order, and what stops, in which order.

use crate::accounts::names::BlockedNames;
use crate::contest::core::Contest;
use crate::contest::recovery::Opening;
use crate::ledger::desk::DeskStore;
use crate::transport::admission::Admission;
use crate::transport::admission::Places;
use crate::transport::desk;
use crate::transport::door;
use crate::transport::door::Door;
use crate::transport::pages;
use crate::transport::public;
use crate::transport::rehearsals;
use crate::transport::rehearsals::Rehearsals;
use crate::transport::requests;
use crate::transport::routes::admit;
use crate::transport::routes::for_everybody;
use crate::transport::service::DRAIN_MS;
use crate::transport::service::Founding;
pub use crate::transport::service::ServeError;
use crate::transport::service::Service;
use crate::transport::state::App;
use crate::transport::state::ServeSettings;
use axum::Extension;
use axum::Router;
use axum::middleware;
use axum::routing::get;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Connections of the metrics' own listener. Full: 503.
const METRICS_CONNECTIONS_MAX: usize = 16;

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

    let rehearsals = Arc::new(Rehearsals::new(settings.rehearsal_folder.clone(), blocked.clone()));
    let founding = Founding { opening, desk, setup, blocked, settings, admission, door: Some(door.clone()) };
    let mut service = Service::open(founding).await?;
    let app = Arc::clone(&service.app);
    let measuring =
        metrics_listener.map(|listener| tokio::spawn(serve_metrics(listener, Arc::clone(&app), closing.clone())));
    door.open(router(Arc::clone(&app), Arc::clone(&rehearsals)));
    tracing::info!("serving");
    if let Some(ready) = ready {
        // Whoever asked may have stopped waiting.
        let _ = ready.send(Arc::clone(&app.contest));
    }

    let ended = tokio::select! {
        () = stop.cancelled() => Ok(Ended::Stopped),
        () = app.again.cancelled() => Ok(Ended::Again),
        failed = service.writer_ended() => Err(failed),
    };

    // Stopping, in this order: nobody new, everyone told, the last commits, the log written back.
    tokio::join!(service.drain(), rehearsals.close());
    closing.cancel();
    accepting.abort();
    let _ = accepting.await;
    connections.close();
    let _ = tokio::time::timeout(Duration::from_millis(DRAIN_MS / 4), connections.wait()).await;
    for task in measuring.into_iter().chain(following) {
        task.abort();
        let _ = task.await;
    }
    match ended {
        Ok(ended) => {
            service.close().await?;
            Ok(ended)
        }
        Err(failed) => {
            service.abandon().await;
            Err(failed.into())
        }
    }
}

fn router(app: Arc<App>, rehearsals: Arc<Rehearsals>) -> Router {
    let desk = desk::router(&app).layer(middleware::from_fn_with_state(Arc::clone(&app), admit));
    for_everybody(&app)
        .merge(desk)
        .route("/metrics", get(public::metrics))
        .route("/media/{*file}", get(pages::media))
        .nest_service(rehearsals::PATH, rehearsals::inside(Arc::clone(&rehearsals)))
        .fallback(get(pages::page))
        .layer(Extension(rehearsals))
        .layer(middleware::from_fn(pages::with_headers))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), requests::with_line))
        .with_state(app)
}

async fn serve_metrics(listener: TcpListener, app: Arc<App>, closing: CancellationToken) {
    let door = Door::new(app.settings.clone(), Places::new(METRICS_CONNECTIONS_MAX), closing);
    door.open(Router::new().route("/metrics", get(public::metrics)).with_state(app));
    door::accept(listener, door, TaskTracker::new()).await;
}
