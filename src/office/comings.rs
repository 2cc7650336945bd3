//! Writes down when the phones of live attempts came and went, once a second, behind everything else.

use crate::contest::core::Contest;
use crate::ledger::desk::DeskStore;
use crate::ledger::store::LedgerError;
use std::sync::Arc;

/// What came within so long is written at once.
const EVERY_MS: i64 = 1_000;

/// Writes until it is stopped; what is left then is for [`write`].
pub async fn follow(contest: Arc<Contest>, desk: DeskStore) {
    let clock = contest.clock.clone();
    let mut last = clock.now();
    loop {
        clock.until(last.plus_ms(EVERY_MS)).await;
        last = clock.now();
        // In a task of its own: a connection must not be left in mid-statement.
        let writing = tokio::spawn(write(Arc::clone(&contest), desk.clone()));
        if let Ok(Err(error)) = writing.await {
            tracing::warn!(%error, "comings and goings of phones could not be written down");
        }
    }
}

/// Writes what was noted since the last time.
///
/// # Errors
/// The database refuses; then the record has a gap, which is written with the next.
pub async fn write(contest: Arc<Contest>, desk: DeskStore) -> Result<(), LedgerError> {
    let (noted, lost) = contest.comings.fetch();
    if noted.is_empty() && lost.is_none() {
        return Ok(());
    }
    let events: Vec<_> = noted.iter().map(|(attempt, at, coming)| (*attempt, *at, coming.code())).collect();
    let written = async {
        let mut act = desk.begin().await?;
        act.insert_attempt_events(&events).await?;
        if let Some(lost) = lost {
            act.insert_attempt_event_gap(lost.since, contest.now(), lost.count as i64).await?;
        }
        act.commit_unrecorded().await
    };
    let written = written.await;
    if written.is_err() {
        contest.comings.lose(&noted, lost);
    }
    written
}
