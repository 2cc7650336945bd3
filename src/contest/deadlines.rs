//! When time asks for something: one entry for each live attempt, moved when it comes up early.

use crate::contest::clock::Clock;
use crate::domain::ids::ParticipantId;
use crate::domain::time::Timestamp;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Mutex;
use std::sync::PoisonError;
use tokio::sync::Notify;

#[derive(Default)]
pub struct Deadlines {
    heap: Mutex<BinaryHeap<Reverse<(Timestamp, ParticipantId)>>>,
    sooner: Notify,
}

impl Deadlines {
    pub fn add(&self, at: Timestamp, participant: ParticipantId) {
        let mut heap = self.heap.lock().unwrap_or_else(PoisonError::into_inner);
        let first = heap.peek().is_none_or(|Reverse((first, _))| at < *first);
        heap.push(Reverse((at, participant)));
        drop(heap);
        if first {
            self.sooner.notify_one();
        }
    }

    /// Takes what is due at `now`.
    fn due(&self, now: Timestamp) -> Vec<(Timestamp, ParticipantId)> {
        let mut heap = self.heap.lock().unwrap_or_else(PoisonError::into_inner);
        let mut due = Vec::new();
        while let Some(&Reverse((at, participant))) = heap.peek() {
            if at > now {
                break;
            }
            heap.pop();
            due.push((at, participant));
        }
        due
    }

    fn first(&self) -> Option<Timestamp> {
        let heap = self.heap.lock().unwrap_or_else(PoisonError::into_inner);
        heap.peek().map(|Reverse((at, _))| *at)
    }

    /// Waits until something is due, and takes it, with the moment that was asked for.
    pub async fn next(&self, clock: &Clock) -> Vec<(Timestamp, ParticipantId)> {
        loop {
            let due = self.due(clock.now());
            if !due.is_empty() {
                return due;
            }
            let sooner = self.sooner.notified();
            match self.first() {
                Some(at) => tokio::select! {
                    () = clock.until(at) => {}
                    () = sooner => {}
                },
                None => sooner.await,
            }
        }
    }
}
