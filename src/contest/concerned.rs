//! Whose attempts a correction has changed, so that they are told: on their sockets, at their next hello, and in `/me`.

use crate::contest::period::OnRecord;
use crate::contest::seat::CorrectedFacts;
use crate::domain::ids::AttemptId;
use crate::domain::ids::ParticipantId;
use crate::domain::time::Timestamp;
use std::sync::Arc;

/// For so long a correction stands in `/me`; what is older is seen in the attempts themselves. Its list is let go then.
pub const KEPT_MS: i64 = 30 * 86_400_000;
/// For so long it is told at the first hello after it.
pub const TOLD_MS: i64 = 10 * 86_400_000;

/// By correction, those concerned; sixteen bytes a changed attempt.
#[derive(Debug, Default)]
pub struct Concerned(Vec<OfOne>);

#[derive(Debug)]
struct OfOne {
    edition: u16,
    at: Timestamp,
    text: Arc<str>,
    /// In order once [`Concerned::sort`] was called.
    attempts: Vec<(ParticipantId, AttemptId)>,
}

impl Concerned {
    /// A correction that may concern somebody; those that are past [`KEPT_MS`] are let go.
    pub fn open(&mut self, on_record: &OnRecord, now: Timestamp) {
        self.0.retain(|of| now.since(of.at) <= KEPT_MS);
        if now.since(on_record.at) <= KEPT_MS {
            let OnRecord { edition, at, correction, .. } = on_record;
            let text = format!("更正（{}）：{}", correction.remedy.name(), correction.reason).into();
            self.0.push(OfOne { edition: *edition, at: *at, text, attempts: Vec::new() });
        }
    }

    /// The correction has changed this attempt; to be brought into order by [`Concerned::sort`] or [`Concerned::put`].
    pub fn add(&mut self, edition: u16, participant: ParticipantId, attempt: AttemptId) {
        if let Some(of) = self.0.iter_mut().find(|of| of.edition == edition) {
            of.attempts.push((participant, attempt));
        }
    }

    /// All that a correction has changed, in one go.
    pub fn put(&mut self, edition: u16, mut attempts: Vec<(ParticipantId, AttemptId)>) {
        attempts.sort_unstable();
        if let Some(of) = self.0.iter_mut().find(|of| of.edition == edition) {
            of.attempts.extend(attempts);
            of.attempts.sort_unstable();
            of.attempts.dedup();
        }
    }

    /// Brings what a start has added into order.
    pub fn sort(&mut self) {
        for of in &mut self.0 {
            of.attempts.sort_unstable();
            of.attempts.shrink_to_fit();
        }
    }

    /// How many attempts one correction has changed.
    pub fn attempts(&self, edition: u16) -> usize {
        self.0.iter().find(|of| of.edition == edition).map_or(0, |of| of.attempts.len())
    }

    /// Those of one correction, each once.
    pub fn participants(&self, edition: u16) -> Vec<ParticipantId> {
        let of = self.0.iter().find(|of| of.edition == edition);
        let mut all: Vec<_> = of.into_iter().flat_map(|of| &of.attempts).map(|(participant, _)| *participant).collect();
        all.dedup();
        all
    }

    /// The corrections later than `edition` and not older than `within_ms` that have changed attempts of this participant.
    pub fn of(&self, participant: ParticipantId, edition: u16, now: Timestamp, within_ms: i64) -> Vec<CorrectedFacts> {
        let later = self.0.iter().filter(|of| of.edition > edition && now.since(of.at) <= within_ms);
        later.filter_map(|of| of.facts(participant)).collect()
    }
}

impl OfOne {
    fn facts(&self, participant: ParticipantId) -> Option<CorrectedFacts> {
        let from = self.attempts.partition_point(|(who, _)| *who < participant);
        let own = self.attempts[from..].iter().take_while(|(who, _)| *who == participant);
        let attempts: Vec<AttemptId> = own.map(|(_, attempt)| *attempt).collect();
        (!attempts.is_empty()).then(|| CorrectedFacts { at: self.at, text: Arc::clone(&self.text), attempts })
    }
}
