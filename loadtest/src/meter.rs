//! Counts and latencies of all players, cheap enough to keep beside the server on the same cores.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::clock::Micros;

const SHARDS: usize = 8;
/// Longer latencies are counted as this.
const LONGEST_US: u64 = 120_000_000;

#[derive(Clone, Copy)]
pub(crate) enum Latency {
    /// `answer` sent → its `verdict` here.
    Verdict,
    /// `hello` sent → `welcome` here.
    Welcome,
    /// `start` sent → its first `question` here.
    Question,
}

const LATENCIES: usize = 3;

macro_rules! counts {
    ($($name:ident),* $(,)?) => {
        /// What happened, counted.
        #[derive(Default)]
        pub(crate) struct Counts { $(pub $name: AtomicU64),* }

        impl Counts {
            pub(crate) fn named(&self) -> BTreeMap<&'static str, u64> {
                BTreeMap::from([$((stringify!($name), self.$name.load(Ordering::Relaxed))),*])
            }
        }
    };
}

counts!(
    registered,
    hellos,
    starts,
    answers,
    verdicts,
    timed_out,
    results,
    results_fetched,
    finishes,
    passes,
    drops,
    takeovers,
    connections_lost,
    resumes,
    settled_unseen,
    resent,
    changed,
    strays,
    exhausted,
    boards_watched,
    retried,
    seated,
);

pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

pub(crate) struct Meter {
    pub connected: AtomicI64,
    pub counts: Counts,
    shards: Vec<Mutex<Shard>>,
    refusals: Mutex<BTreeMap<String, u64>>,
}

struct Shard {
    all: [Histogram<u32>; LATENCIES],
    /// Verdicts since the last progress line.
    recent: Histogram<u32>,
}

#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Percentiles {
    pub count: u64,
    pub p50_us: u64,
    pub p90_us: u64,
    pub p99_us: u64,
    pub p999_us: u64,
    pub max_us: u64,
}

impl Meter {
    pub(crate) fn new() -> anyhow::Result<Meter> {
        let mut shards = Vec::new();
        for _ in 0..SHARDS {
            shards.push(Mutex::new(Shard { all: [empty()?, empty()?, empty()?], recent: empty()? }));
        }
        let refusals = Mutex::default();
        Ok(Meter { connected: AtomicI64::new(0), counts: Counts::default(), shards, refusals })
    }

    pub(crate) fn took(&self, who: usize, latency: Latency, us: Micros) {
        let mut shard = locked(&self.shards[who % SHARDS]);
        let us = us.clamp(1, LONGEST_US);
        shard.all[latency as usize].saturating_record(us);
        if matches!(latency, Latency::Verdict) {
            shard.recent.saturating_record(us);
        }
    }

    pub(crate) fn refused(&self, code: &str) {
        *locked(&self.refusals).entry(code.to_owned()).or_default() += 1;
    }

    pub(crate) fn refusals(&self) -> BTreeMap<String, u64> {
        locked(&self.refusals).clone()
    }

    pub(crate) fn percentiles(&self, latency: Latency) -> anyhow::Result<Percentiles> {
        let mut sum = empty()?;
        for shard in &self.shards {
            sum.add(&locked(shard).all[latency as usize])?;
        }
        Ok(percentiles(&sum))
    }

    /// Verdicts since this was last asked.
    pub(crate) fn recent(&self) -> anyhow::Result<Percentiles> {
        let mut sum = empty()?;
        for shard in &self.shards {
            let recent = &mut locked(shard).recent;
            sum.add(&*recent)?;
            recent.reset();
        }
        Ok(percentiles(&sum))
    }
}

fn empty() -> anyhow::Result<Histogram<u32>> {
    Ok(Histogram::new_with_bounds(1, LONGEST_US, 3)?)
}

fn percentiles(of: &Histogram<u32>) -> Percentiles {
    Percentiles {
        count: of.len(),
        p50_us: of.value_at_quantile(0.5),
        p90_us: of.value_at_quantile(0.9),
        p99_us: of.value_at_quantile(0.99),
        p999_us: of.value_at_quantile(0.999),
        max_us: of.max(),
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recent_latencies_start_afresh_and_all_are_kept() {
        let meter = Meter::new().unwrap();
        for who in 0..100 {
            meter.took(who, Latency::Verdict, 1000 * (who as u64 + 1));
        }
        assert_eq!(meter.recent().unwrap().count, 100);
        assert_eq!(meter.recent().unwrap().count, 0);
        let all = meter.percentiles(Latency::Verdict).unwrap();
        assert_eq!(all.count, 100);
        assert!((50_000..51_000).contains(&all.p50_us), "{all:?}");
    }
}
