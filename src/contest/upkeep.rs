//! What the contest does by itself: deadlines, next week's draw period, secrets that may be told.

use crate::contest::clock::chance;
use crate::contest::core::Contest;
use crate::contest::recovery::Wanting;
use crate::contest::refusal::Refusal;
use crate::domain::fairness::PeriodSecret;
use crate::domain::time::Timestamp;
use crate::ledger::entry;
use crate::ledger::entry::Entry;
use crate::ledger::entry::Note;
use crate::ledger::store::LedgerError;
use std::sync::Arc;

/// How often draw periods and seats are looked after.
const UPKEEP_MS: i64 = 60_000;

impl Contest {
    /// Meets every deadline as it comes. Runs until it is dropped.
    pub async fn meet_deadlines(self: Arc<Contest>) {
        loop {
            let due = self.deadlines.next(&self.clock).await;
            let now = self.now();
            for (at, participant) in due {
                self.deadline_came(participant, at, now);
            }
        }
    }

    /// Looks after draw periods and seats, at once and then once a minute. Runs until it is dropped.
    ///
    /// # Errors
    /// The lane has stopped.
    pub async fn keep_up(self: Arc<Contest>) -> Result<(), LedgerError> {
        loop {
            let now = self.now();
            self.open_periods(now).await?;
            self.publish_secrets(now).await?;
            self.clear_empty_seats();
            self.scoreboard().sample(now);
            self.clock.until(now.plus_ms(UPKEEP_MS)).await;
        }
    }

    /// Opens the draw periods that are wanted by now, before they begin.
    pub(crate) async fn open_periods(&self, now: Timestamp) -> Result<(), LedgerError> {
        let _alone = self.opening_periods.lock().await;
        self.open_wanted_periods(now).await
    }

    /// By whoever holds [`Contest::opening_periods`].
    pub(crate) async fn open_wanted_periods(&self, now: Timestamp) -> Result<(), LedgerError> {
        for entry in self.periods_to_open(now) {
            tracing::info!(round = %entry.round, number = entry.number, "a draw period is committed to");
            self.note(Note::Period(entry), now).await?;
        }
        Ok(())
    }

    fn periods_to_open(&self, now: Timestamp) -> Vec<entry::Period> {
        let (banks, periods) = (self.banks(), self.periods());
        let wanting = Wanting { season: &self.season, season_entry: self.season_entry, banks: &banks, now };
        let missing = wanting.missing(&periods, |index| self.closes_by(index, now));
        missing.iter().map(|(_, draft)| draft.entry(&self.keys, &PeriodSecret(chance()), chance())).collect()
    }

    /// Publishes the secret of each period whose last attempt has ended.
    async fn publish_secrets(&self, now: Timestamp) -> Result<(), LedgerError> {
        let ready = self.periods().to_be_published(now, |round| self.closes_by(round, now));
        for period in ready {
            // First no start can take the period any more, then the secret is told.
            period.let_secret_out();
            if let Some(secret) = period.secret() {
                tracing::info!(round = %period.round.id, number = period.number, "a draw period's secret is published");
                self.note(Note::SecretOut { period: period.n, secret: secret.publish() }, now).await?;
            }
        }
        Ok(())
    }

    /// Commits one of the rare facts.
    ///
    /// # Errors
    /// The lane has stopped.
    pub async fn note(&self, note: Note, now: Timestamp) -> Result<(), LedgerError> {
        self.lane.append(Entry::Noted { at: now, note: Box::new(note) }).await.map(|_| ())
    }

    /// Commits one of the rare facts that somebody asks for: where the queue has no room to spare, they are told so.
    ///
    /// # Errors
    /// The queue is full, or the lane has stopped.
    pub async fn note_asked(&self, note: Note, now: Timestamp) -> Result<(), Refusal> {
        let room = self.lane.reserve_for_start().map_err(|_| Refusal::Busy)?;
        let committed = room.push_and_wait(Entry::Noted { at: now, note: Box::new(note) });
        committed.await.map(|_| ()).map_err(|_| Refusal::Busy)
    }
}
