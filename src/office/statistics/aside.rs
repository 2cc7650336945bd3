//! A thread for long work that nobody waits for: the system gives it a processor only when nobody else wants one.

use std::sync::mpsc::Receiver;
use std::sync::mpsc::SyncSender;
use std::sync::mpsc::sync_channel;
use std::thread::Builder;
use tokio::sync::oneshot;

/// How far the thread steps back, of 19.
const NICE: i32 = 19;

type Job = Box<dyn FnOnce() + Send>;

/// One piece of work after another. The thread ends with it.
pub(super) struct Aside(SyncSender<Job>);

impl Aside {
    /// # Errors
    /// There is no thread to be had.
    pub(super) fn start() -> std::io::Result<Aside> {
        let (jobs, waiting) = sync_channel(1);
        Builder::new().name("statistics".into()).spawn(move || work(&waiting))?;
        Ok(Aside(jobs))
    }

    /// `None`: it panicked.
    pub(super) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (done, outcome) = oneshot::channel();
        let job: Job = Box::new(move || {
            // Whoever asked may have stopped waiting.
            let _ = done.send(work());
        });
        // There is room: whoever sends has waited for the work before.
        self.0.send(job).ok()?;
        outcome.await.ok()
    }
}

fn work(waiting: &Receiver<Job>) {
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::warn!(%error, "statistics are counted at the usual priority");
    }
    while let Ok(job) = waiting.recv() {
        job();
    }
}
