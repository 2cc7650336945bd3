//! Finding a place in sorted entries. Packed standings are compared first; only a run of equal ones asks for whole standings.

use crate::domain::board::entry::Entry;
use crate::domain::board::entry::Probe;
use crate::domain::ids::ParticipantId;
use crate::domain::score::Standing;

/// The last of some stretches of entries whose head is the probe's own or comes before it; the first if none is.
pub(super) fn last_at_or_before(
    heads: &[u64],
    probe: &Probe<'_, impl Fn(ParticipantId) -> Standing>,
    head: impl Fn(usize) -> Entry,
) -> usize {
    let before = heads.partition_point(|key| *key < probe.key());
    let tied_until = end_of_run(before, heads.len(), |at| heads[at] == probe.key());
    let found = partition(before, tied_until, |at| probe.comes_after_or_is(head(at)));
    found.saturating_sub(1)
}

/// How many of the entries come before the probe.
pub(super) fn count_before(entries: &[Entry], probe: &Probe<'_, impl Fn(ParticipantId) -> Standing>) -> usize {
    let before = count_below(entries, probe.key());
    let tied_until = end_of_run(before, entries.len(), |at| entries[at].key() == probe.key());
    partition(before, tied_until, |at| probe.comes_after(entries[at]))
}

/// How many entries have a packed standing below `key`. Every sixteenth is looked at first, at once: a binary search would
/// wait for memory at each step, and these loads don't wait for one another.
fn count_below(entries: &[Entry], key: u64) -> usize {
    const STRIDE: usize = 16;
    let below = |entry: &&Entry| entry.key() < key;
    let strides = entries.iter().step_by(STRIDE).filter(below).count();
    let from = strides.saturating_sub(1) * STRIDE;
    let end = entries.len().min(from + STRIDE);
    from + entries[from..end].iter().filter(below).count()
}

/// The end of the run that begins at `from`, found in strides that double: most runs are empty, and what lies far behind
/// is not in the processor's cache.
fn end_of_run(from: usize, end: usize, holds: impl Fn(usize) -> bool) -> usize {
    let mut stride = 1;
    let mut known = from;
    while known < end && holds(end.min(known + stride) - 1) {
        known = end.min(known + stride);
        stride *= 2;
    }
    partition(known, end.min(known + stride), holds)
}

/// The first place in `from..end` for which `holds` is false, where it is true up to there and false from there on.
fn partition(mut from: usize, mut end: usize, holds: impl Fn(usize) -> bool) -> usize {
    while from < end {
        let middle = from + (end - from) / 2;
        match holds(middle) {
            true => from = middle + 1,
            false => end = middle,
        }
    }
    from
}
