//! Where the server and we disagree: the first in full, then counted.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::wire::Text;

/// Kept in full; what comes after is only counted.
const TOLD_MAX: usize = 50;

/// Disagreements of one step, before it is known whose they are.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<(&'static str, String)>);

impl Faults {
    pub(crate) fn add(&mut self, what: &'static str, text: impl Into<String>) {
        self.0.push((what, text.into()));
    }

    /// Told against expected, where they differ.
    pub(crate) fn differs<T: PartialEq + std::fmt::Debug>(&mut self, what: &'static str, told: T, expected: T) {
        if told != expected {
            self.add(what, format!("told {told:?}, expected {expected:?}"));
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[cfg(test)]
    pub(crate) fn whats(&self) -> Vec<&'static str> {
        self.0.iter().map(|(what, _)| *what).collect()
    }
}

#[derive(Default)]
pub(crate) struct Findings {
    count: AtomicU64,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    told: Vec<String>,
    by_what: BTreeMap<&'static str, u64>,
}

impl Findings {
    pub(crate) fn add(&self, who: &str, what: &'static str, text: &str) {
        self.count.fetch_add(1, Ordering::Relaxed);
        let mut kept = self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *kept.by_what.entry(what).or_default() += 1;
        if kept.told.len() < TOLD_MAX {
            kept.told.push(format!("{what} · {who} · {text}"));
        }
    }

    /// Takes the faults of one step over, and empties them.
    pub(crate) fn take(&self, who: &str, faults: &mut Faults) {
        for (what, text) in faults.0.drain(..) {
            self.add(who, what, &text);
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// The first ones in full, and how many of each sort.
    pub(crate) fn all(&self) -> (Vec<String>, BTreeMap<&'static str, u64>) {
        let kept = self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        (kept.told.clone(), kept.by_what.clone())
    }
}

/// A question's texts in short, for telling whether it was shown the same twice.
pub(crate) fn fingerprint<T: AsRef<str>>(stem: &str, options: &[T]) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    stem.hash(&mut hasher);
    for option in options {
        option.as_ref().hash(&mut hasher);
    }
    hasher.finish()
}

/// A text in short, for telling whether it was told the same twice; 0 for none.
pub(crate) fn text_mark(text: Option<&str>) -> u64 {
    text.map_or(0, |t| fingerprint::<Text<'_>>(t, &[]) | 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_told_in_full_and_all_are_counted() {
        let findings = Findings::default();
        let mut faults = Faults::default();
        for n in 0..60 {
            faults.differs("score", n, 60);
        }
        faults.differs("score", 60, 60);
        findings.take("participant 1", &mut faults);
        let (told, by_what) = findings.all();
        assert!(faults.is_empty());
        assert_eq!((told.len(), findings.count(), by_what["score"]), (TOLD_MAX, 60, 60));
        assert_eq!(told[0], "score · participant 1 · told 0, expected 60");
    }

    #[test]
    fn a_fingerprint_knows_the_order_of_options() {
        assert_eq!(fingerprint("s", &["a", "b"]), fingerprint("s", &["a", "b"]));
        assert_ne!(fingerprint("s", &["a", "b"]), fingerprint("s", &["b", "a"]));
    }
}
