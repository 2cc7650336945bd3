//! Writes the log back into the database beside the writer, on a connection and a thread of its own, so that no commit waits
//! for thousands of pages.

use crate::ledger::store::LedgerError;
use rusqlite::Connection;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread::JoinHandle;
use std::time::Duration;

/// So often what was committed meanwhile is written back.
const EVERY: Duration = Duration::from_millis(200);

pub(super) struct Checkpoints {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Shared {
    stopped: Mutex<bool>,
    stops: Condvar,
    failed: Mutex<Option<LedgerError>>,
}

impl Checkpoints {
    /// # Errors
    /// There is no thread to be had.
    pub(super) fn on(connection: Connection) -> std::io::Result<Checkpoints> {
        let shared = Arc::new(Shared::default());
        let of_thread = Arc::clone(&shared);
        let thread =
            std::thread::Builder::new().name("checkpoints".into()).spawn(move || of_thread.run(&connection))?;
        Ok(Checkpoints { shared, thread: Mutex::new(Some(thread)) })
    }

    /// # Errors
    /// Pages could not be written back. What the disk holds is found out by the next start: nothing more is committed.
    pub(super) fn fine(&self) -> Result<(), LedgerError> {
        self.shared.failed.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Ok(()), Err)
    }

    /// Returns once the connection is closed.
    pub(super) fn stop(&self) {
        *self.shared.stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.shared.stops.notify_all();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        // A panic of the thread has been logged; there is nothing of its own to lose.
        let _ = thread.map(JoinHandle::join);
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn run(&self, connection: &Connection) {
        loop {
            let stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
            let waited = self.stops.wait_timeout_while(stopped, EVERY, |stopped| !*stopped);
            if *waited.unwrap_or_else(PoisonError::into_inner).0 {
                return;
            }
            // Passive: it waits for nobody, and nobody waits for it. With nothing new it touches no file.
            if let Err(error) = connection.query_row("pragma wal_checkpoint(passive)", [], |_| Ok(())) {
                *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.into());
                return;
            }
        }
    }
}
