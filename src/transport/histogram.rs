//! A histogram that is counted by two atomic additions: an answer costs microseconds in all, and measuring it must not add one.

use prometheus_client::encoding::EncodeMetric;
use prometheus_client::encoding::MetricEncoder;
use prometheus_client::encoding::NoLabelSet;
use prometheus_client::metrics::MetricType;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

/// A handle; cheap to clone.
#[derive(Clone, Debug)]
pub struct Histogram(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// The highest value of each bucket; beyond the last there is one more bucket.
    bounds: Vec<u64>,
    counts: Vec<AtomicU64>,
    sum: AtomicU64,
    /// How many of what is observed make one of what is told: 1,000,000 where microseconds are told as seconds.
    a_unit: f64,
}

impl Histogram {
    /// Buckets up to `first`, twice that, and so on, `buckets` of them.
    pub fn doubling(first: u64, buckets: u32, a_unit: f64) -> Histogram {
        let bounds: Vec<u64> = (0..buckets).map(|power| first << power).collect();
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Histogram(Arc::new(Inner { bounds, counts, sum: AtomicU64::new(0), a_unit }))
    }

    pub fn observe(&self, value: u64) {
        let bucket = self.0.bounds.partition_point(|bound| *bound < value);
        self.0.counts[bucket].fetch_add(1, Ordering::Relaxed);
        self.0.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// How many values there were, and what they come to.
    pub fn totals(&self) -> (u64, u64) {
        let count = self.0.counts.iter().map(|count| count.load(Ordering::Relaxed)).sum();
        (count, self.0.sum.load(Ordering::Relaxed))
    }
}

impl EncodeMetric for Histogram {
    fn encode(&self, mut encoder: MetricEncoder) -> Result<(), fmt::Error> {
        let Inner { bounds, counts, sum, a_unit } = &*self.0;
        let above = bounds.iter().map(|bound| *bound as f64 / a_unit).chain([f64::INFINITY]);
        let counted = counts.iter().map(|count| count.load(Ordering::Relaxed));
        let buckets: Vec<(f64, u64)> = above.zip(counted).collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        let sum = sum.load(Ordering::Relaxed) as f64 / a_unit;
        encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;

    #[test]
    fn each_value_is_counted_in_the_first_bucket_that_holds_it() {
        let histogram = Histogram::doubling(500, 3, 1_000.0);
        for value in [0, 500, 501, 2_000, 2_001, 1 << 40] {
            histogram.observe(value);
        }
        let mut registry = Registry::default();
        registry.register("h", "Help", histogram);
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        for line in [
            "# TYPE h histogram",
            "h_count 6",
            "h_bucket{le=\"0.5\"} 2",
            "h_bucket{le=\"1.0\"} 3",
            "h_bucket{le=\"2.0\"} 4",
            "h_bucket{le=\"+Inf\"} 6",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}
