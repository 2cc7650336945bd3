//! Figures for `/metrics`, in Prometheus' text form.

use crate::contest::core::Contest;
use crate::ledger::lane::LaneMeter;
use crate::transport::admission::Admission;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::histogram::exponential_buckets;
use prometheus_client::registry::Registry;
use std::sync::Arc;
use std::time::Duration;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct ByCode {
    code: &'static str,
}

/// What is counted. Cheap to clone: each is a handle.
#[derive(Clone)]
pub struct Meters {
    registry: Arc<Registry>,
    pub sockets: Gauge,
    pub answers: Counter,
    pub refusals: Family<ByCode, Counter>,
    commit_entries: Histogram,
    commit_seconds: Histogram,
    participants: Gauge,
    seats: Gauge,
    live_attempts: Gauge,
    ledger_waiting: Gauge,
    limits_counted: Gauge,
    connections: Gauge,
    boards_bytes: Gauge,
}

impl Meters {
    pub fn new() -> Meters {
        let mut registry = Registry::with_prefix("kejing");
        let mut gauge = |name: &str, help: &str| {
            let gauge = Gauge::<i64>::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        let (sockets, participants) =
            (gauge("sockets", "Open sockets"), gauge("participants", "Registered participants"));
        let (seats, live_attempts) =
            (gauge("seats", "Seats in memory"), gauge("live_attempts", "Attempts that are open"));
        let ledger_waiting = gauge("ledger_waiting", "Entries waiting for their commit");
        let limits_counted = gauge("limits_counted", "Participants and networks whose rate is counted");
        let connections = gauge("connections", "Accepted connections");
        let boards_bytes = gauge("boards_bytes", "Heap of boards and standings, bytes");
        let answers = Counter::default();
        registry.register("answers", "Answers taken", answers.clone());
        let refusals = Family::<ByCode, Counter>::default();
        registry.register("refusals", "What was refused, by code", refusals.clone());
        let commit_entries = Histogram::new(exponential_buckets(1.0, 2.0, 14));
        registry.register("commit_entries", "Entries a commit", commit_entries.clone());
        let commit_seconds = Histogram::new(exponential_buckets(0.000_5, 2.0, 14));
        registry.register("commit_seconds", "Seconds a commit", commit_seconds.clone());
        Meters {
            registry: Arc::new(registry),
            sockets,
            answers,
            refusals,
            commit_entries,
            commit_seconds,
            participants,
            seats,
            live_attempts,
            ledger_waiting,
            limits_counted,
            connections,
            boards_bytes,
        }
    }

    /// What is refused at the door is counted where it costs nothing, and told from there.
    pub fn refused_times(&self, code: &'static str, times: usize) {
        self.refusals.get_or_create(&ByCode { code }).inc_by(times as u64);
    }

    pub fn refused(&self, code: &'static str) {
        self.refusals.get_or_create(&ByCode { code }).inc();
    }
}

impl Default for Meters {
    fn default() -> Meters {
        Meters::new()
    }
}

impl LaneMeter for Meters {
    fn committed(&self, entries: usize, took: Duration) {
        self.commit_entries.observe(entries as f64);
        self.commit_seconds.observe(took.as_secs_f64());
    }
}

/// The text of `/metrics`.
pub fn text(meters: &Meters, contest: &Contest, admission: &Admission) -> String {
    let (seats, live) = contest.seats_in_use();
    meters.participants.set(contest.roster.len() as i64);
    meters.seats.set(seats as i64);
    meters.live_attempts.set(live as i64);
    meters.ledger_waiting.set(contest.lane().waiting() as i64);
    meters.limits_counted.set(admission.counted() as i64);
    meters.connections.set(admission.connections() as i64);
    meters.boards_bytes.set(contest.scoreboard().heap_bytes() as i64);
    let mut text = String::new();
    if let Err(error) = encode(&mut text, &meters.registry) {
        tracing::error!(%error, "the metrics could not be written");
    }
    text
}
