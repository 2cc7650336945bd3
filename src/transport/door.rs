//! The door: connections are accepted and counted; who finds the house full is told so at once, and cheaply.

use crate::transport::admission::Places;
use crate::transport::admission::REFUSALS_MAX;
use crate::transport::admission::Slot;
use crate::transport::pages;
use crate::transport::peer::Peer;
use crate::transport::peer::Secure;
use crate::transport::peer::client_address;
use crate::transport::peer::is_trusted;
use crate::transport::peer::proxy_is_secure;
use crate::transport::problem::Problem;
use crate::transport::public;
use crate::transport::requests::REQUEST_ID;
use crate::transport::state::ServeSettings;
use crate::transport::tls::Tls;
use axum::Router;
use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header;
use axum::middleware;
use axum::routing::get;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use std::convert::Infallible;
use std::fs::File;
use std::io;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::time::Duration;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// A request's line and headers together, and so a URL too. Larger: 431, and the connection closes.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// The system keeps so much that the other end has no room for. Full: the writer waits, and reads no further meanwhile.
const UNSENT_BYTES_MAX: u32 = 64 * 1024;
/// Who is refused has so long to say what they want and to take the answer. Longer: the connection closes.
const REFUSAL_MS: u64 = 2_000;
/// So much is read of a request that will be refused. More: it is answered without having been read.
const REFUSED_HEAD_BYTES: usize = 4 * 1024;
/// With no file left to open, the next look at the door is after so long.
const OUT_OF_FILES_MS: u64 = 50;
/// A file that is held for nothing but to be let go when there is no other, so that a connection can be taken and closed
/// instead of waiting for ever.
const SPARE_FILE: &str = "/dev/null";

/// Behind TLS of our own. Half a year, and not for the hosts beneath: those are somebody else's.
const STAY_SECURE: HeaderValue = HeaderValue::from_static("max-age=15552000");

/// What is behind a listener: nothing yet, or the server.
#[derive(Clone)]
pub struct Door(Arc<Behind>);

struct Behind {
    inside: OnceLock<Router>,
    settings: ServeSettings,
    connections: Places,
    refusals: Places,
    /// Connections that could be accepted only to be closed: the process had no file left.
    out_of_files: Places,
    closing: CancellationToken,
}

/// The connection's place among those admitted; a socket takes it along.
#[derive(Clone)]
pub struct ConnectionSlot(Arc<Mutex<Option<Slot>>>);

impl ConnectionSlot {
    pub fn take(&self) -> Option<Slot> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Door {
    /// A door that tells everyone to wait, until it is opened.
    pub fn new(settings: ServeSettings, connections: Places, closing: CancellationToken) -> Door {
        Door(Arc::new(Behind {
            inside: OnceLock::new(),
            settings,
            connections,
            refusals: Places::new(REFUSALS_MAX),
            out_of_files: Places::new(0),
            closing,
        }))
    }

    pub fn open(&self, router: Router) {
        // A door is opened once.
        let _ = self.0.inside.set(router);
    }

    /// How many connections were closed because the process had no file left.
    pub fn out_of_files(&self) -> usize {
        self.0.out_of_files.refused()
    }

    fn router(&self) -> &Router {
        self.0.inside.get().unwrap_or(&RECOVERING)
    }
}

/// Until the ledger has been read, phones are told to wait instead of finding a closed door.
static RECOVERING: LazyLock<Router> = LazyLock::new(|| {
    Router::new()
        .route("/healthz", get(public::healthz))
        .fallback(async || Problem::unavailable())
        .layer(middleware::from_fn(pages::with_headers))
});

/// Accepts connections until it is aborted.
pub async fn accept(listener: TcpListener, door: Door, connections: TaskTracker) {
    let mut spare = File::open(SPARE_FILE).ok();
    loop {
        match listener.accept().await {
            Ok((stream, address)) => {
                // It fails where the connection has gone by now; whoever serves it will find out.
                let _ = limit(&stream, door.0.settings.patience.unread_ms);
                if let Some(slot) = door.0.connections.take() {
                    connections.spawn(serve_connection(stream, address, door.clone(), slot));
                } else if let Some(place) = door.0.refusals.take() {
                    connections.spawn(refuse_connection(stream, door.0.settings.tls.clone(), place));
                }
            }
            Err(error) if is_out_of_files(&error) => {
                let _ = door.0.out_of_files.take();
                spare = close_one(&listener, spare).await;
            }
            // The connection has gone before it was accepted: the next.
            Err(_) => {}
        }
    }
}

/// What the system itself holds of a connection, and for how long.
fn limit(stream: &TcpStream, unread_ms: u64) -> io::Result<()> {
    let socket = socket2::SockRef::from(stream);
    socket.set_tcp_user_timeout(Some(Duration::from_millis(unread_ms)))?;
    socket.set_tcp_notsent_lowat(UNSENT_BYTES_MAX)?;
    stream.set_nodelay(true)
}

fn is_out_of_files(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let errors = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    error.raw_os_error().is_some_and(|code| errors.iter().any(|errno| errno.raw_os_error() == code))
}

/// Lets the spare file go to take one connection, which is closed, and holds a spare file again. Waits a little, whatever comes of it.
async fn close_one(listener: &TcpListener, spare: Option<File>) -> Option<File> {
    drop(spare);
    let patience = Duration::from_millis(OUT_OF_FILES_MS);
    match tokio::time::timeout(patience, listener.accept()).await {
        // What it asked for has come, most likely, and an answer fits.
        Ok(Ok((stream, _))) => {
            let _ = stream.try_read(&mut [0; REFUSED_HEAD_BYTES]);
            let _ = stream.try_write(&FULL);
        }
        Ok(Err(_)) => tokio::time::sleep(patience).await,
        Err(_) => {}
    }
    File::open(SPARE_FILE).ok()
}

async fn serve_connection(stream: TcpStream, address: SocketAddr, door: Door, slot: Slot) {
    let Some(tls) = &door.0.settings.tls else { return serve_stream(stream, address.ip(), door, slot).await };
    let greeted = tokio::select! {
        greeted = tls.greet(stream) => greeted,
        () = door.0.closing.cancelled() => None,
    };
    if let Some(stream) = greeted {
        // Boxed, so that connections without TLS don't carry its size.
        Box::pin(serve_stream(stream, address.ip(), door, slot)).await;
    }
}

/// Serves requests until the connection ends, or a socket has been made of it.
async fn serve_stream<I>(stream: I, address: IpAddr, door: Door, slot: Slot)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let behind = Arc::clone(&door.0);
    let slot = ConnectionSlot(Arc::new(Mutex::new(Some(slot))));
    let service = hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
        let settings = &door.0.settings;
        let peer = Peer(client_address(address, &settings.trusted_proxies, request.headers()));
        let by_proxy = is_trusted(address, &settings.trusted_proxies);
        if !by_proxy {
            // Only a proxy of the settings names requests.
            request.headers_mut().remove(REQUEST_ID);
        }
        let secure = settings.tls.is_some();
        let encrypted = secure || (by_proxy && proxy_is_secure(request.headers()));
        request.extensions_mut().insert(Secure(encrypted));
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(slot.clone());
        // Who came while the ledger was being read and has stayed finds the door open now.
        let router = door.router().clone();
        async move {
            let mut response = router.oneshot(request.map(Body::new)).await.unwrap_or_else(|e| match e {});
            if secure {
                response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, STAY_SECURE);
            }
            Ok::<_, Infallible>(response)
        }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(behind.settings.patience.head_ms))
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // How a connection ends is the other side's affair.
        _ = connection.as_mut() => {}
        () = behind.closing.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

/// What everyone gets who finds no place, as bytes: made once.
static FULL: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let problem = Problem::full();
    let body = problem.json();
    let retry_after = problem.retry_after_ms.unwrap_or_default().div_ceil(1000);
    let mut head = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\n\
         retry-after: {retry_after}\r\ncache-control: no-store\r\nconnection: close\r\n",
        body.len()
    );
    for (name, value) in pages::HEADERS {
        head += &format!("{name}: {value}\r\n");
    }
    (head + "\r\n" + &body).into_bytes()
});

/// A watchman asks whether the process lives, and it does.
const ALIVE: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 3\r\nconnection: close\r\n\r\nok\n";

/// A browser reads a refusal only in the way in which it asked.
async fn refuse_connection(stream: TcpStream, tls: Option<Arc<Tls>>, place: Slot) {
    match tls {
        None => refuse(stream, place).await,
        Some(tls) => {
            let greeted = tokio::time::timeout(Duration::from_millis(REFUSAL_MS), tls.greet(stream)).await;
            if let Ok(Some(stream)) = greeted {
                Box::pin(refuse(stream, place)).await;
            }
        }
    }
}

/// Reads what is asked, says that the process is full and closes. No parsing, no routes: a refusal costs less than an answer.
async fn refuse<I: AsyncRead + AsyncWrite + Unpin>(mut stream: I, _place: Slot) {
    let said = tokio::time::timeout(Duration::from_millis(REFUSAL_MS), async {
        let mut head = Vec::with_capacity(512);
        while head.len() < REFUSED_HEAD_BYTES && !head.ends_with(b"\r\n\r\n") {
            if stream.read_buf(&mut head).await? == 0 {
                return Ok(());
            }
        }
        let answer = if head.starts_with(b"GET /healthz ") { ALIVE } else { &FULL };
        stream.write_all(answer).await?;
        stream.shutdown().await?;
        // What is still coming is let run out: a connection closed over it would take the answer along.
        let mut rest = [0; 512];
        while stream.read(&mut rest).await? > 0 {}
        io::Result::Ok(())
    });
    // Who does not listen is not spoken to again.
    let _ = said.await;
}
