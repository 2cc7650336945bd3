//! The schedule of an open loop: turns evenly spaced, player after player, kept by a thread of its own since the runtime's
//! timers are as coarse as a millisecond. A turn counts from when it was due, however late it is sent (no coordinated omission).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::clock::{Micros, now_us};
use crate::stage::{Slot, Stage};

/// Between looks at the schedule; the turns of one look leave together.
const LOOK: Duration = Duration::from_micros(200);
/// A schedule that fell further behind than this (the machine stood still) leaves turns out instead of pouring them out at once.
const BEHIND_MAX_US: Micros = 1_000_000;

pub(crate) struct Pacer {
    stopped: Arc<AtomicBool>,
    /// How many turns were due, and how many were left out.
    thread: Option<JoinHandle<(u64, u64)>>,
}

impl Pacer {
    pub(crate) fn start(stage: Arc<Stage>, slots: Vec<Arc<Slot>>, per_second: f64) -> Pacer {
        let stopped = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopped);
        let thread = std::thread::spawn(move || keep(&stage, &slots, 1e6 / per_second, &stop));
        Pacer { stopped, thread: Some(thread) }
    }

    /// How many turns were due, and how many of them were left out.
    pub(crate) fn stop(mut self) -> (u64, u64) {
        self.stopped.store(true, Ordering::Relaxed);
        self.thread.take().and_then(|thread| thread.join().ok()).unwrap_or_default()
    }
}

fn keep(stage: &Stage, slots: &[Arc<Slot>], period_us: f64, stop: &AtomicBool) -> (u64, u64) {
    let begun = now_us();
    let due = |turn: u64| begun + (turn as f64 * period_us) as Micros;
    let (mut turn, mut left_out) = (0, 0);
    while !stop.load(Ordering::Relaxed) {
        let now = now_us();
        while due(turn) <= now {
            if now - due(turn) > BEHIND_MAX_US {
                left_out += 1;
            } else {
                let slot = &slots[(turn % slots.len() as u64) as usize];
                // A lost connection shows at its reader.
                let _ = stage.turn(slot, due(turn));
            }
            turn += 1;
        }
        std::thread::sleep(LOOK);
    }
    (turn, left_out)
}
