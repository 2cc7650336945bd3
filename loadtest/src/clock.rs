//! The one file that asks the machine for the time. Everything else takes `Micros` as an argument.
#![expect(clippy::disallowed_methods, reason = "a load test measures real time; here is the one place that reads it")]

use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Microseconds since this process first asked; monotonic.
pub(crate) type Micros = u64;

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

pub(crate) fn now_us() -> Micros {
    START.elapsed().as_micros() as Micros
}

/// The moment `at` as tokio's timer wants it.
pub(crate) fn instant(at: Micros) -> Instant {
    *START + Duration::from_micros(at)
}

/// Wall time, for seeds and file names only: nothing is judged by it.
pub(crate) fn unix_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64)
}

pub(crate) const SECOND_US: Micros = 1_000_000;
