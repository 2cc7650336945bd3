//! The one place that asks the machine for time and chance; everywhere else they are arguments.
#![allow(clippy::disallowed_methods, reason = "this is the clock's file")]

use crate::domain::time::Timestamp;
use rand::Rng;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;
use tokio::sync::watch;
use tokio::time::Sleep;

/// The contest's clock: wall time read once, plus monotonic time. It never follows a step of the machine's clock.
#[derive(Clone)]
pub struct Clock {
    source: Arc<Source>,
    /// Shown in advance of the source: a rehearsal's clock shows another day than the machine's.
    ahead_ms: i64,
}

enum Source {
    Machine { wall_ms: i64, read_at: Instant },
    Moved(watch::Sender<i64>),
}

impl Clock {
    pub fn of_the_machine() -> Clock {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Clock::of(Source::Machine { wall_ms: wall.as_millis() as i64, read_at: Instant::now() })
    }

    /// A clock that stands still until [`Clock::advance`]: for tests, which run the server in their own process.
    pub fn standing_at(now: Timestamp) -> Clock {
        Clock::of(Source::Moved(watch::Sender::new(now.0)))
    }

    fn of(source: Source) -> Clock {
        Clock { source: Arc::new(source), ahead_ms: 0 }
    }

    /// A clock that shows `moment` now and goes on as this one does.
    pub fn showing(&self, moment: Timestamp) -> Clock {
        Clock { source: Arc::clone(&self.source), ahead_ms: self.ahead_ms + moment.since(self.now()) }
    }

    pub fn now(&self) -> Timestamp {
        let source = match &*self.source {
            Source::Machine { wall_ms, read_at } => wall_ms + read_at.elapsed().as_millis() as i64,
            Source::Moved(now) => *now.borrow(),
        };
        Timestamp(source + self.ahead_ms)
    }

    /// Microseconds that only grow, from a beginning of their own: for measuring, never for judging.
    pub fn ticks_us(&self) -> u64 {
        match &*self.source {
            Source::Machine { read_at, .. } => read_at.elapsed().as_micros() as u64,
            Source::Moved(now) => (*now.borrow() * 1_000).max(0) as u64,
        }
    }

    /// Moves a standing clock; the machine's is left alone.
    pub fn advance(&self, ms: i64) {
        if let Source::Moved(now) = &*self.source {
            now.send_modify(|now| *now += ms);
        }
    }

    /// Returns once the clock shows `moment` or later.
    pub async fn until(&self, moment: Timestamp) {
        match &*self.source {
            Source::Machine { .. } => {
                tokio::time::sleep(self.ms_until(moment)).await;
            }
            Source::Moved(now) => {
                // The sender lives in `self`, so waiting cannot fail.
                let _ = now.subscribe().wait_for(|now| *now + self.ahead_ms >= moment.0).await;
            }
        }
    }
}

/// Goes off at a moment that may be moved. For a task that is polled by hand, and for that task alone; others have [`Clock::until`].
pub enum Alarm {
    Machine {
        sleep: Pin<Box<Sleep>>,
        /// It knows the task, which need not be told to it again with every turn.
        armed: bool,
    },
    Moved(Pin<Box<dyn Future<Output = ()> + Send>>),
}

impl Clock {
    pub fn alarm(&self, moment: Timestamp) -> Alarm {
        match &*self.source {
            Source::Machine { .. } => {
                Alarm::Machine { sleep: Box::pin(tokio::time::sleep(self.ms_until(moment))), armed: false }
            }
            Source::Moved(_) => {
                let clock = self.clone();
                Alarm::Moved(Box::pin(async move { clock.until(moment).await }))
            }
        }
    }

    /// Moves an alarm of this clock to another moment.
    pub fn set(&self, alarm: &mut Alarm, moment: Timestamp) {
        match alarm {
            Alarm::Machine { sleep, armed } => {
                *armed = false;
                sleep.as_mut().reset(tokio::time::Instant::now() + self.ms_until(moment));
            }
            Alarm::Moved(_) => *alarm = self.alarm(moment),
        }
    }

    fn ms_until(&self, moment: Timestamp) -> Duration {
        Duration::from_millis(moment.since(self.now()).max(0) as u64)
    }
}

impl Alarm {
    /// Ready once it has gone off; then it has to be set anew before it is asked again.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self {
            Alarm::Machine { sleep, armed: true } if !sleep.is_elapsed() => Poll::Pending,
            Alarm::Machine { sleep, armed } => {
                *armed = true;
                sleep.as_mut().poll(cx)
            }
            Alarm::Moved(until) => until.as_mut().poll(cx),
        }
    }
}

/// Bytes that nobody can foretell, from the operating system's generator.
pub fn chance<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

/// A delay of at most `most_ms`, so that many who were cut off together don't come back together.
pub fn jitter_ms(most_ms: u64) -> u64 {
    u64::from_le_bytes(chance()) % (most_ms + 1)
}
