//! 曝光: how many papers have shown each question. Counted from the ledger's ended attempts, page by page, behind everything else.

use crate::contest::clock::Clock;
use crate::contest::core::Contest;
use crate::domain::ids::AttemptId;
use crate::domain::ids::QuestionId;
use crate::domain::time::Timestamp;
use crate::ledger::store::LedgerError;
use crate::ledger::store::PAGE_ROWS;
use crate::ledger::store::Recorded;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

/// New attempts are counted so often; figures are that old at most.
const EVERY_MS: i64 = 60_000;
/// Attempts that may be open for so long are looked at again until they have ended.
const OPEN_MAX: usize = 100_000;

/// Questions of any bank, with how many papers have shown them.
#[derive(Clone, Default)]
pub struct Exposure(Arc<Mutex<Counted>>);

#[derive(Default)]
struct Counted {
    times: HashMap<QuestionId, u64>,
    /// All attempts up to here were looked at.
    after: AttemptId,
    /// Of these, those that had not ended.
    open: Vec<AttemptId>,
}

impl Exposure {
    /// `None`: no paper has shown it.
    pub fn of(&self, question: &QuestionId) -> Option<u64> {
        self.counted().times.get(question).copied()
    }

    fn counted(&self) -> std::sync::MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts for as long as the server runs.
    pub async fn follow(self, contest: Arc<Contest>) {
        let clock: Clock = contest.clock.clone();
        loop {
            if let Err(error) = self.count(&contest).await {
                tracing::warn!(%error, "how often questions were shown could not be counted; it is tried again");
            }
            clock.until(Timestamp(clock.now().0 + EVERY_MS)).await;
        }
    }

    /// # Errors
    /// The ledger could not be read; what was counted stays.
    pub async fn count(&self, contest: &Contest) -> Result<(), LedgerError> {
        let waiting = std::mem::take(&mut self.counted().open);
        let mut still_open = Vec::new();
        for id in waiting {
            match contest.store().attempt(id).await? {
                Some(recorded) if recorded.ended.is_some() => self.take(contest, &[recorded]),
                Some(_) => still_open.push(id),
                None => {}
            }
        }
        self.counted().open.extend(still_open);
        loop {
            let after = self.counted().after;
            let page = contest.store().attempts(after).await?;
            let Some(last) = page.last() else { return Ok(()) };
            let (next, more) = (last.started.attempt, page.len() as i64 == PAGE_ROWS);
            self.take(contest, &page);
            self.seen(&page, next);
            if !more {
                return Ok(());
            }
            tokio::task::yield_now().await;
        }
    }

    /// A page has been looked at, up to this attempt.
    fn seen(&self, page: &[Recorded], next: AttemptId) {
        let mut counted = self.counted();
        let open = page.iter().filter(|recorded| recorded.ended.is_none()).map(|recorded| recorded.started.attempt);
        counted.open.extend(open);
        // Too many to ask for one by one: the oldest are given up, and their questions are counted a little too low.
        let beyond = counted.open.len().saturating_sub(OPEN_MAX);
        counted.open.drain(..beyond);
        counted.after = next;
    }

    fn take(&self, contest: &Contest, page: &[Recorded]) {
        let mut times: HashMap<QuestionId, u64> = HashMap::new();
        for recorded in page {
            let Some((_, ended)) = &recorded.ended else { continue };
            let Some(period) = contest.period(recorded.started.period) else { continue };
            let paper = period.paper(&recorded.started.seed);
            // Those that were settled; the rest of a paper that ended early was never shown.
            for drawn in paper.questions().iter().take(ended.fates.len()) {
                *times.entry(period.bank.question(*drawn).id.clone()).or_default() += 1;
            }
        }
        let mut counted = self.counted();
        for (question, more) in times {
            *counted.times.entry(question).or_default() += more;
        }
    }
}
