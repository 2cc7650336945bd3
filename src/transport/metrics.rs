//! Figures for `/metrics`, in Prometheus' text form. What an answer touches is atomics alone; the rest is asked when it is told.

use crate::contest::clock::Clock;
use crate::contest::core::Contest;
use crate::domain::time::Timestamp;
use crate::ledger::entry::EntryNumber;
use crate::ledger::lane::LaneMeter;
use crate::ledger::lane::QUEUE_ENTRIES;
use crate::transport::admission::Admission;
use crate::transport::histogram::Histogram;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

/// Microseconds are told as seconds.
const A_SECOND: f64 = 1_000_000.0;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct ByCode {
    code: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ByStatus {
    status: u16,
}

type Seconds = Gauge<f64, AtomicU64>;

/// What is counted. Cheap to clone: each is a handle.
#[derive(Clone)]
pub struct Meters {
    registry: Arc<Registry>,
    clock: Clock,
    pub sockets: Gauge,
    pub answers: Counter,
    pub refusals: Family<ByCode, Counter>,
    requests: Family<ByStatus, Counter>,
    verdict_seconds: Histogram,
    commit_entries: Histogram,
    commit_seconds: Histogram,
    /// When the commit under way began; there is one at a time.
    commit_began_us: Arc<AtomicU64>,
    ledger_last: Gauge,
    recovery_seconds: Seconds,
    away_seconds: Seconds,
    asked: Asked,
}

/// What is asked of others when the figures are told.
#[derive(Clone)]
struct Asked {
    ready: Gauge,
    participants: Gauge,
    seats: Gauge,
    live_attempts: Gauge,
    ledger_waiting: Gauge,
    limits_counted: Gauge,
    connections: Gauge,
    boards_bytes: Gauge,
    certificate_expires: Gauge,
    resident_bytes: Gauge,
    open_files: Gauge,
}

impl Meters {
    pub fn new(clock: Clock, connections_max: usize) -> Meters {
        let mut root = Registry::default();
        let asked = Asked::among(&mut root);
        let own = root.sub_registry_with_prefix("kejing");
        let gauge = |own: &mut Registry, name: &str, help: &str| -> Gauge {
            let gauge = Gauge::default();
            own.register(name, help, gauge.clone());
            gauge
        };
        let seconds = |own: &mut Registry, name: &str, help: &str| -> Seconds {
            let gauge = Seconds::default();
            own.register(name, help, gauge.clone());
            gauge
        };
        let histogram = |own: &mut Registry, name: &str, help: &str, histogram: Histogram| {
            own.register(name, help, histogram.clone());
            histogram
        };
        own.register("build", "This program", Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]));
        gauge(own, "connections_limit", "So many connections are accepted").set(connections_max as i64);
        gauge(own, "ledger_waiting_limit", "So many entries may wait; then answers are refused as busy")
            .set(QUEUE_ENTRIES as i64);
        let counters = (Counter::default(), Family::default(), Family::default());
        own.register("answers", "Answers taken", counters.0.clone());
        own.register("refusals", "What was refused, by code", counters.1.clone());
        own.register("requests", "HTTP requests answered, by status", counters.2.clone());
        Meters {
            sockets: gauge(own, "sockets", "Open sockets"),
            answers: counters.0,
            refusals: counters.1,
            requests: counters.2,
            verdict_seconds: histogram(
                own,
                "verdict_seconds",
                "Seconds from an answer's arrival to its durable verdict's handing over",
                Histogram::doubling(125, 16, A_SECOND),
            ),
            commit_entries: histogram(own, "commit_entries", "Entries a commit", Histogram::doubling(1, 14, 1.0)),
            commit_seconds: histogram(
                own,
                "commit_seconds",
                "Seconds a commit",
                Histogram::doubling(125, 16, A_SECOND),
            ),
            commit_began_us: Arc::default(),
            ledger_last: gauge(own, "ledger_last_entry", "Number of the ledger's last entry"),
            recovery_seconds: seconds(own, "recovery_seconds", "Seconds that the last start took to read the ledger"),
            away_seconds: seconds(own, "away_seconds", "Seconds that the server was away before this start"),
            registry: Arc::new(root),
            clock,
            asked,
        }
    }

    /// What is refused at the door is counted where it costs nothing, and told from there.
    pub fn refused_times(&self, code: &'static str, times: usize) {
        self.refusals.get_or_create(&ByCode { code }).inc_by(times as u64);
    }

    pub fn refused(&self, code: &'static str) {
        self.refusals.get_or_create(&ByCode { code }).inc();
    }

    pub fn requested(&self, status: u16) {
        self.requests.get_or_create(&ByStatus { status }).inc();
    }

    /// Of an answer that arrived when the clock showed so many [`Clock::ticks_us`].
    pub fn verdict_told(&self, arrived_us: u64) {
        self.verdict_seconds.observe(self.clock.ticks_us().saturating_sub(arrived_us));
    }

    /// Commits so far, and the microseconds that they took.
    pub fn commits(&self) -> (u64, u64) {
        self.commit_seconds.totals()
    }

    /// How often this was refused.
    pub fn times_refused(&self, code: &'static str) -> u64 {
        self.refusals.get(&ByCode { code }).map_or(0, |counter| counter.get())
    }

    /// HTTP requests that were answered with a fault of the server's.
    pub fn faults(&self) -> u64 {
        let times = |status| self.requests.get(&ByStatus { status }).map_or(0, |counter| counter.get());
        [500, 502, 504].into_iter().map(times).sum()
    }

    /// What the start found.
    pub fn recovered(&self, began_us: u64, away_ms: i64, last: EntryNumber) {
        self.recovery_seconds.set(self.clock.ticks_us().saturating_sub(began_us) as f64 / A_SECOND);
        self.away_seconds.set(away_ms as f64 / 1_000.0);
        self.ledger_last.set(last);
    }
}

impl LaneMeter for Meters {
    fn begins(&self) {
        self.commit_began_us.store(self.clock.ticks_us(), Ordering::Relaxed);
    }

    fn committed(&self, entries: usize, last: EntryNumber) {
        let began_us = self.commit_began_us.load(Ordering::Relaxed);
        self.commit_seconds.observe(self.clock.ticks_us().saturating_sub(began_us));
        self.commit_entries.observe(entries as u64);
        self.ledger_last.set(last);
    }
}

impl Asked {
    fn among(root: &mut Registry) -> Asked {
        let gauge = |registry: &mut Registry, name: &str, help: &str| {
            let gauge = Gauge::<i64>::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        let resident_bytes = gauge(root, "process_resident_memory_bytes", "Memory of the process in use");
        let open_files = gauge(root, "process_open_fds", "Files and connections that the process has open");
        let own = root.sub_registry_with_prefix("kejing");
        Asked {
            ready: gauge(own, "ready", "1 while it serves, 0 while it drains"),
            participants: gauge(own, "participants", "Registered participants"),
            seats: gauge(own, "seats", "Seats in memory"),
            live_attempts: gauge(own, "live_attempts", "Attempts that are open"),
            ledger_waiting: gauge(own, "ledger_waiting", "Entries waiting for their commit"),
            limits_counted: gauge(own, "limits_counted", "Participants and networks whose rate is counted"),
            connections: gauge(own, "connections", "Accepted connections"),
            boards_bytes: gauge(own, "boards_bytes", "Heap of boards and standings, bytes"),
            certificate_expires: gauge(
                own,
                "certificate_expires_timestamp_seconds",
                "When the own TLS certificate expires; 0 without one",
            ),
            resident_bytes,
            open_files,
        }
    }

    fn ask(&self, contest: &Contest, admission: &Admission, state: State) {
        let (seats, live) = contest.seats_in_use();
        self.ready.set(i64::from(state.ready));
        self.participants.set(contest.roster.len() as i64);
        self.seats.set(seats as i64);
        self.live_attempts.set(live as i64);
        self.ledger_waiting.set(contest.lane().waiting() as i64);
        self.limits_counted.set(admission.counted() as i64);
        self.connections.set(admission.connections() as i64);
        self.boards_bytes.set(contest.scoreboard().heap_bytes() as i64);
        self.certificate_expires.set(state.certificate_expires.map_or(0, |at| at.0 / 1_000));
        self.resident_bytes.set(resident_bytes().unwrap_or(0));
        self.open_files.set(std::fs::read_dir("/proc/self/fd").map_or(0, |files| files.count() as i64));
    }
}

/// `VmRSS:   12345 kB`
fn resident_bytes() -> Option<i64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: i64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}

/// What the server says of itself.
#[derive(Clone, Copy)]
pub struct State {
    pub ready: bool,
    pub certificate_expires: Option<Timestamp>,
}

/// The text of `/metrics`.
pub fn text(meters: &Meters, contest: &Contest, admission: &Admission, state: State) -> String {
    meters.asked.ask(contest, admission, state);
    let mut text = String::new();
    if let Err(error) = encode(&mut text, &meters.registry) {
        tracing::error!(%error, "the metrics could not be written");
    }
    text
}
