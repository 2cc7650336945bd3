//! What every handler and socket shares.

use crate::accounts::register::Accounts;
use crate::accounts::staff::StaffRegister;
use crate::contest::core::Contest;
use crate::ledger::desk::DeskStore;
use crate::office::corrections::Corrections;
use crate::office::importing::Imports;
use crate::office::reports::Reports;
use crate::office::seasons::Seasons;
use crate::office::statistics::Statistics;
use crate::transport::admission::Admission;
use crate::transport::audience::Audience;
use crate::transport::board_view::BoardViews;
use crate::transport::metrics::Meters;
use crate::transport::missed::MissedViews;
use crate::transport::notices::Notices;
use crate::transport::pulse::Pulse;
use crate::transport::season_view::SeasonViews;
use crate::transport::tls::Tls;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What the operator may set of the transport.
#[derive(Clone, Debug, Default)]
pub struct ServeSettings {
    /// Besides the host itself: `https://example.org`.
    pub allowed_origins: Vec<String>,
    /// Only these are believed when they say for whom they ask.
    pub trusted_proxies: Vec<ipnet::IpNet>,
    /// At most so many connections; the rest are answered with 503.
    pub connections_max: usize,
    /// Folders with the banks' pictures, looked through in this order.
    pub media: Vec<PathBuf>,
    /// Its files are served beside the pages: what WeChat and the filing office ask for.
    pub root_files: Option<PathBuf>,
    /// Where phones on the same network open the pages. `None`: only this machine reaches the server.
    pub for_phones: Option<String>,
    /// `None`: plain HTTP.
    pub tls: Option<Arc<Tls>>,
    pub patience: Patience,
    /// Where the ledger of a rehearsal lies while it lasts; nothing else may be in it. `None`: there are none.
    pub rehearsal_folder: Option<PathBuf>,
}

/// How long the server waits for a client, in real time: what is slower loses its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For a request's head, from the connection's or the last request's end on. Longer: the connection closes.
    pub head_ms: u64,
    /// For a request's body. Longer: 408, and the connection closes.
    pub body_ms: u64,
    /// For the other end to take what was sent, or to let any more of it be sent. Longer: the connection is reset; a phone resumes.
    pub unread_ms: u64,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience { head_ms: 10_000, body_ms: 10_000, unread_ms: 20_000 }
    }
}

pub struct App {
    pub contest: Arc<Contest>,
    pub accounts: Arc<Accounts>,
    pub staff: StaffRegister,
    /// What staff edit.
    pub desk: DeskStore,
    pub imports: Imports,
    pub statistics: Statistics,
    pub reports: Reports,
    pub corrections: Corrections,
    pub seasons: Seasons,
    pub settings: ServeSettings,
    pub admission: Admission,
    pub boards: BoardViews,
    pub season_views: SeasonViews,
    pub missed: MissedViews,
    pub meters: Meters,
    /// Sockets, so that a stop can wait for them.
    pub sockets: TaskTracker,
    /// Another season has been published: the server stops and starts again with it.
    pub again: CancellationToken,
    /// The server is stopping: everyone is told to come back.
    pub stop: CancellationToken,
    /// Serving, and neither recovering nor draining.
    pub ready: AtomicBool,
    /// Who hears what many are told alike.
    pub audience: Audience,
    pub notices: Notices,
    pub pulse: Pulse,
}
