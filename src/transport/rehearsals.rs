//! 演练: a season is played before it counts, by real phones under a path of their own that nobody guesses: a second contest with a ledger
//! of its own, which is thrown away in the end, and a clock that shows another day. The season itself is not touched by it.

use crate::accounts::names::BlockedNames;
use crate::contest::clock::Clock;
use crate::contest::clock::chance;
use crate::contest::keys::Keys;
use crate::contest::recovery::Opening;
use crate::domain::time::Timestamp;
use crate::ledger::desk::DeskStore;
use crate::ledger::entry::Deed;
use crate::ledger::sqlite::Sqlite;
use crate::ledger::store::LedgerError;
use crate::office::seasons::Rehearsed;
use crate::transport::admission::Admission;
use crate::transport::pages;
use crate::transport::problem::Problem;
use crate::transport::routes::for_everybody;
use crate::transport::service::Founding;
use crate::transport::service::ServeError;
use crate::transport::service::Service;
use crate::transport::state::App;
use crate::transport::state::ServeSettings;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::response::IntoResponse;
use axum::response::Redirect;
use axum::response::Response;
use axum::routing::get;
use data_encoding::BASE32_NOPAD;
use std::convert::Infallible;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tower::Service as _;
use tower::ServiceExt;

/// A rehearsal's pages are under this, then its code.
pub const PATH: &str = "/rehearsal";
/// The pages that are opened under that.
const PAGES: [&str; 2] = ["", "boards"];
/// One that nobody ends is ended after so long: a rehearsal is an afternoon.
pub const LASTS_MS: i64 = 24 * 3_600_000;

/// One at a time, or none.
pub struct Rehearsals {
    folder: Option<PathBuf>,
    blocked: BlockedNames,
    /// Who begins or ends one; others wait.
    turn: tokio::sync::Mutex<Turn>,
    open: Arc<Mutex<Option<Arc<Rehearsal>>>>,
}

enum Turn {
    Nobody,
    Runs(JoinHandle<()>),
    /// The server stops: none is begun any more.
    Over,
}

pub struct Rehearsal {
    /// 80 bits: whoever has it plays along.
    pub code: String,
    pub by: String,
    /// By the machine's clock.
    pub began: Timestamp,
    /// What its own clock showed then.
    pub from: Timestamp,
    pub app: Arc<App>,
    router: Router,
    ends: CancellationToken,
}

impl Rehearsal {
    /// Of its pages, below the server's address.
    pub fn path(&self) -> String {
        format!("{PATH}/{}/", self.code)
    }
}

#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    #[error("这台服务器没有设置演练用的文件夹")]
    NoFolder,
    #[error("服务器正在停下或者换用新的赛季，稍后再开始演练")]
    Stopping,
    #[error("演练用的文件夹不能用：{0}")]
    Folder(#[from] io::Error),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Service(#[from] ServeError),
}

impl Rehearsals {
    /// What a killed process left of one is removed. `None`: none can be begun.
    pub fn new(folder: Option<PathBuf>, blocked: BlockedNames) -> Rehearsals {
        if let Some(Err(error)) = folder.as_deref().map(clear) {
            tracing::warn!(%error, "what was left of a rehearsal could not be removed");
        }
        Rehearsals { folder, blocked, turn: tokio::sync::Mutex::new(Turn::Nobody), open: Arc::default() }
    }

    pub fn now(&self) -> Option<Arc<Rehearsal>> {
        lock(&self.open).clone()
    }

    /// Begins one, in place of the one before. It shares the process's connections, and its clock starts at `from`.
    ///
    /// # Errors
    /// There is no folder for its ledger, or it cannot be written to; or the server is stopping.
    pub async fn begin(
        &self,
        beside: &App,
        rehearsed: Rehearsed,
        by: &str,
        from: Timestamp,
    ) -> Result<Arc<Rehearsal>, RehearsalError> {
        let folder = self.folder.clone().ok_or(RehearsalError::NoFolder)?;
        let mut turn = self.turn.lock().await;
        if matches!(*turn, Turn::Over) {
            return Err(RehearsalError::Stopping);
        }
        self.end_in(&mut turn).await;
        clear(&folder)?;
        std::fs::create_dir_all(&folder)?;
        let clock = beside.contest.clock.clone();
        let founding = Beginning {
            folder: folder.clone(),
            deed: Deed { by: by.to_owned(), reason: "演练".to_owned() },
            clock: clock.showing(from),
            blocked: self.blocked.clone(),
            settings: beside.settings.clone(),
            admission: Admission::new(beside.admission.connections.clone()),
        };
        // Statements of migrations cannot move between threads.
        let runtime = tokio::runtime::Handle::current();
        let opened = tokio::task::spawn_blocking(move || runtime.block_on(founding.open(rehearsed))).await;
        let mut service = opened.map_err(|_| LedgerError::Stopped)??;
        let app = Arc::clone(&service.app);
        let router = for_everybody(&app).fallback(get(page)).with_state(Arc::clone(&app));
        let rehearsal = Arc::new(Rehearsal {
            code: BASE32_NOPAD.encode(&chance::<10>()).to_lowercase(),
            by: by.to_owned(),
            began: clock.now(),
            from,
            app,
            router,
            ends: CancellationToken::new(),
        });
        *lock(&self.open) = Some(Arc::clone(&rehearsal));
        let (open, ends, until) = (Arc::clone(&self.open), rehearsal.ends.clone(), clock.now().plus_ms(LASTS_MS));
        *turn = Turn::Runs(tokio::spawn(async move {
            let ended = tokio::select! {
                () = ends.cancelled() => Ok(()),
                () = clock.until(until) => Ok(()),
                failed = service.writer_ended() => Err(failed),
            };
            // Nobody finds it any more; who is inside is told to come back, and then finds nothing.
            *lock(&open) = None;
            service.drain().await;
            let closed = match ended {
                Ok(()) => service.close().await,
                Err(failed) => {
                    service.abandon().await;
                    Err(failed)
                }
            };
            if let Err(error) = closed {
                tracing::warn!(%error, "the rehearsal's ledger failed; the season is not concerned");
            }
            if let Err(error) = clear(&folder) {
                tracing::warn!(%error, "the rehearsal's folder could not be removed");
            }
        }));
        Ok(rehearsal)
    }

    /// Ends the one there is; returns once nothing is left of it.
    pub async fn end(&self) {
        self.end_in(&mut *self.turn.lock().await).await;
    }

    /// Ends the one there is, and none is begun any more.
    pub async fn close(&self) {
        let mut turn = self.turn.lock().await;
        self.end_in(&mut turn).await;
        *turn = Turn::Over;
    }

    async fn end_in(&self, turn: &mut Turn) {
        if let Some(rehearsal) = self.now() {
            rehearsal.ends.cancel();
        }
        if let Turn::Runs(running) = turn {
            // A panic of it has been logged.
            let _ = running.await;
            *turn = Turn::Nobody;
        }
    }
}

/// What a rehearsal is opened with.
struct Beginning {
    folder: PathBuf,
    deed: Deed,
    clock: Clock,
    blocked: BlockedNames,
    settings: ServeSettings,
    admission: Admission,
}

impl Beginning {
    async fn open(self, rehearsed: Rehearsed) -> Result<Service, RehearsalError> {
        let season = rehearsed.season.id.clone();
        let founding = Founding {
            opening: Opening {
                season: rehearsed.season,
                banks: rehearsed.banks,
                keys: Keys::of(&chance()),
                clock: self.clock,
                store: Arc::new(Sqlite::open(&self.folder, &season).await?),
                accept_change: None,
                published: Some(self.deed),
            },
            desk: DeskStore::in_folder(&self.folder, &season).await?,
            setup: None,
            blocked: self.blocked,
            settings: self.settings,
            admission: self.admission,
            door: None,
        };
        Ok(Service::open(founding).await?)
    }
}

fn lock(open: &Mutex<Option<Arc<Rehearsal>>>) -> MutexGuard<'_, Option<Arc<Rehearsal>>> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

/// # Errors
/// It is there and cannot be removed.
fn clear(folder: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// What lies under [`PATH`]: the rehearsal whose code stands first, as if it were a server of its own.
pub(super) fn inside(rehearsals: Arc<Rehearsals>) -> Router {
    let service = tower::service_fn(move |request: Request| {
        let rehearsal = rehearsals.now();
        async move { Ok::<Response, Infallible>(ask(rehearsal, request).await) }
    });
    Router::new().fallback_service(service)
}

/// The desk is not inside.
async fn page(uri: Uri, headers: HeaderMap) -> Response {
    let page = Some(uri.path().trim_start_matches('/')).filter(|path| !path.starts_with("desk"));
    page.and_then(|path| pages::built_in(path, &headers))
        .unwrap_or_else(|| Problem::not_found("这个页面").into_response())
}

fn over() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "rehearsal_over", "没有这次演练，或者已经结束；正式的竞赛请扫正式的二维码")
}

async fn ask(rehearsal: Option<Arc<Rehearsal>>, mut request: Request<Body>) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    let (code, rest) = path.split_once('/').map_or((path, None), |(code, rest)| (code, Some(rest)));
    let Some(rehearsal) = rehearsal.filter(|rehearsal| rehearsal.code == code) else {
        // Its pages say so in a person's way once they have asked.
        let page = rest.filter(|rest| PAGES.contains(rest)).and_then(|page| pages::built_in(page, request.headers()));
        return page.unwrap_or_else(|| over().into_response());
    };
    let Some(rest) = rest else { return Redirect::temporary(&rehearsal.path()).into_response() };
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    // It was part of an address before.
    let Ok(uri) = format!("/{rest}{query}").parse::<Uri>() else {
        return Problem::not_found("这个页面").into_response();
    };
    *request.uri_mut() = uri;
    let mut router = rehearsal.router.clone();
    match ServiceExt::<Request>::ready(&mut router).await {
        Ok(router) => router.call(request).await.into_response(),
        Err(never) => match never {},
    }
}
