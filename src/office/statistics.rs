//! 统计: how questions did and how many took part, counted from the ledger behind everything else. It is read through once after a start, page by
//! page; from then on what is new is added once a minute. Nothing of it is on an answer's way.

mod aside;
mod figures;
mod missed;
mod overview;
mod projection;
#[cfg(test)]
mod tests;

pub use figures::Asked;
pub use figures::Row;
pub use figures::Sort;
pub use figures::Version;
pub use figures::rows;
pub use figures::sort;
pub use figures::versions;
pub use missed::Missed;
pub use missed::MissedQuestion;
pub use overview::Count;
pub use overview::Counts;
pub use overview::Overview;
pub use projection::Group;
pub use projection::GroupKey;
pub use projection::Projection;

use crate::contest::clock::Clock;
use crate::contest::core::Contest;
use crate::contest::period::Period;
use crate::domain::ids::AttemptId;
use crate::domain::ids::ParticipantId;
use crate::domain::ids::QuestionId;
use crate::domain::season::Season;
use crate::domain::time::Days;
use crate::domain::time::Timestamp;
use crate::ledger::store::LedgerError;
use crate::ledger::store::PAGE_ROWS;
use crate::ledger::store::Recorded;
use aside::Aside;
use overview::Home;
use overview::Start;
use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::RwLockReadGuard;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering;
use tokio::sync::Notify;

/// New attempts are counted so often …
const EVERY_MS: i64 = 60_000;
/// … and where somebody looks at figures that are older than this.
const FRESH_MS: i64 = 5_000;
/// Attempts that may be open for so long are looked at again until they have ended. More: the oldest are given up, and their questions
/// are counted a little too low until the next start.
const OPEN_MAX: usize = 100_000;
/// So many attempts are prepared at a time; then others get their turn.
const AT_ONCE: usize = 1_000;

/// Shared by those who ask. Whoever looks into what was counted does so on a thread that may block.
#[derive(Clone, Default)]
pub struct Statistics(Arc<Shared>);

#[derive(Default)]
struct Shared {
    projection: RwLock<Projection>,
    overview: RwLock<Overview>,
    /// Held for no longer than taking or putting it: a thread that steps back must not make others wait.
    drawn: Mutex<Arc<HashMap<QuestionId, u64>>>,
    /// As [`Shared::drawn`].
    missed: Mutex<Arc<Vec<Missed>>>,
    /// When what is told was counted; 0: the ledger has not been read through yet.
    as_of: AtomicI64,
    reading: tokio::sync::Mutex<Reading>,
    /// Somebody looks.
    looked: Notify,
}

/// How far the ledger has been read.
#[derive(Default)]
struct Reading {
    after: AttemptId,
    /// Of the attempts up to there, those that had not ended.
    open: Vec<(AttemptId, ParticipantId)>,
}

/// An attempt with what it takes to count it, so that nothing of the contest is held while it is.
struct Read {
    recorded: Recorded,
    period: Option<Arc<Period>>,
    home: Option<Home>,
}

/// What could not be done; it is tried again.
#[derive(Debug, thiserror::Error)]
pub enum Uncounted {
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("the thread that counts has ended")]
    Ended,
}

impl Statistics {
    /// 曝光: how many papers have shown a question. `None`: no paper has.
    pub fn drawn(&self, question: &QuestionId) -> Option<u64> {
        let drawn = Arc::clone(&self.0.drawn.lock().unwrap_or_else(PoisonError::into_inner));
        drawn.get(question).copied()
    }

    /// Somebody looks now: what is new is counted soon, for their next look.
    pub fn looked_at(&self, now: Timestamp) {
        if now.since(Timestamp(self.0.as_of.load(Ordering::Acquire))) >= FRESH_MS {
            self.0.looked.notify_one();
        }
    }

    /// When what is told was counted; `None`: the ledger has not been read through yet.
    pub fn as_of(&self) -> Option<Timestamp> {
        Some(self.0.as_of.load(Ordering::Acquire)).filter(|at| *at > 0).map(Timestamp)
    }

    /// 易错题: of the weeks that are over, the newest first, as far as their answers may be told.
    pub fn missed(&self) -> Arc<Vec<Missed>> {
        Arc::clone(&self.0.missed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits, for milliseconds, while a page is added.
    pub fn projection(&self) -> RwLockReadGuard<'_, Projection> {
        self.0.projection.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits, for milliseconds, while a page is added.
    pub fn overview(&self) -> RwLockReadGuard<'_, Overview> {
        self.0.overview.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts for as long as the server runs.
    pub async fn follow(self, contest: Arc<Contest>) {
        let clock: Clock = contest.clock.clone();
        let aside = match Aside::start() {
            Ok(aside) => aside,
            Err(error) => return tracing::error!(%error, "there is no thread for statistics; none are counted"),
        };
        let began_us = clock.ticks_us();
        let mut read_through = false;
        loop {
            match self.count(&contest, &aside).await {
                Ok(()) if !read_through => {
                    read_through = true;
                    let took_ms = (clock.ticks_us() - began_us) / 1000;
                    tracing::info!(took_ms, "statistics have been counted from the ledger");
                }
                Ok(()) => {}
                Err(error) => tracing::warn!(%error, "statistics could not be brought up to date; it is tried again"),
            }
            tokio::select! {
                () = clock.until(Timestamp(clock.now().0 + EVERY_MS)) => {}
                () = self.0.looked.notified() => {}
            }
        }
    }

    /// Brings everything up to what the ledger has now.
    ///
    /// # Errors
    /// The ledger could not be read; what was counted stays.
    async fn count(&self, contest: &Contest, aside: &Aside) -> Result<(), Uncounted> {
        let now = contest.now();
        let mut reading = self.0.reading.lock().await;
        self.count_anew(contest, aside, &reading).await?;
        self.count_ended(contest, aside, &mut reading).await?;
        loop {
            let page = contest.store().attempts(reading.after).await?;
            let Some(last) = page.last() else { break };
            let (next, more) = (last.started.attempt, page.len() as i64 == PAGE_ROWS);
            let open = page.iter().filter(|recorded| recorded.ended.is_none()).map(|recorded| &recorded.started);
            reading.open.extend(open.map(|started| (started.attempt, started.participant)));
            let beyond = reading.open.len().saturating_sub(OPEN_MAX);
            reading.open.drain(..beyond);
            let page = read(contest, page).await;
            let counting = self.clone();
            let season = Arc::clone(&contest.season);
            aside.run(move || counting.add(&season, &page, true)).await.ok_or(Uncounted::Ended)?;
            reading.after = next;
            if !more {
                break;
            }
        }
        let told = self.clone();
        let season = Arc::clone(&contest.season);
        let withheld = missed::withheld(contest);
        aside.run(move || told.tell(&season, &withheld, now)).await.ok_or(Uncounted::Ended)
    }

    /// Those that were open when they were read, and have ended.
    async fn count_ended(&self, contest: &Contest, aside: &Aside, reading: &mut Reading) -> Result<(), Uncounted> {
        let mut still_open = Vec::new();
        let mut ended = Vec::new();
        for (id, participant) in &reading.open {
            if contest.is_live(*participant, *id) {
                still_open.push((*id, *participant));
                continue;
            }
            match contest.store().attempt(*id).await? {
                Some(recorded) if recorded.ended.is_some() => ended.push(recorded),
                Some(_) => still_open.push((*id, *participant)),
                None => {}
            }
        }
        let page = read(contest, ended).await;
        let counting = self.clone();
        let season = Arc::clone(&contest.season);
        aside.run(move || counting.add(&season, &page, false)).await.ok_or(Uncounted::Ended)?;
        reading.open = still_open;
        Ok(())
    }

    /// Counts the groups again that a correction concerns: until it is done, they are told as they were.
    async fn count_anew(&self, contest: &Contest, aside: &Aside, reading: &Reading) -> Result<(), Uncounted> {
        let mut anew = self.projection().outdated();
        if anew.is_empty() {
            return Ok(());
        }
        let open: Arc<HashSet<AttemptId>> = Arc::new(reading.open.iter().map(|(id, _)| *id).collect());
        let (mut after, until) = (AttemptId(0), reading.after);
        while after < until {
            let mut page = contest.store().attempts(after).await?;
            page.retain(|recorded| recorded.started.attempt <= until);
            let Some(last) = page.last() else { break };
            after = last.started.attempt;
            let page = read(contest, page).await;
            let open = Arc::clone(&open);
            let season = Arc::clone(&contest.season);
            anew = aside
                .run(move || {
                    let concerned = page.iter().filter(|read| {
                        let period = read.period.as_ref();
                        period.is_some_and(|period| anew.has(period)) && !open.contains(&read.recorded.started.attempt)
                    });
                    let concerned: Vec<&Read> = concerned.collect();
                    take(&mut anew, &season, concerned);
                    anew
                })
                .await
                .ok_or(Uncounted::Ended)?;
        }
        self.0.projection.write().unwrap_or_else(PoisonError::into_inner).replace(anew);
        Ok(())
    }

    /// Adds a page: counted aside first, so that whoever looks meanwhile waits for the sums alone.
    fn add(&self, season: &Season, page: &[Read], are_new: bool) {
        let mut part = self.projection().alike();
        take(&mut part, season, page);
        self.0.projection.write().unwrap_or_else(PoisonError::into_inner).merge(part);
        if !are_new {
            return;
        }
        let mut days = Days::of(&season.time_zone);
        let mut overview = self.0.overview.write().unwrap_or_else(PoisonError::into_inner);
        for Read { recorded, home, .. } in page {
            let Some(home) = *home else { continue };
            let (at, participant) = (recorded.started.at, recorded.started.participant);
            overview.take(&Start { participant, home, day: days.day(at), hour: days.hour(at) });
        }
    }

    fn tell(&self, season: &Season, withheld: &HashSet<QuestionId>, now: Timestamp) {
        let drawn = Arc::new(self.projection().drawn());
        let missed = Arc::new(missed::missed(&self.projection(), season, withheld, season.time_zone.day(now)));
        *self.0.drawn.lock().unwrap_or_else(PoisonError::into_inner) = drawn;
        *self.0.missed.lock().unwrap_or_else(PoisonError::into_inner) = missed;
        self.0.as_of.store(now.0, Ordering::Release);
    }
}

/// With the period that drew each, and where its participant stood.
async fn read(contest: &Contest, page: Vec<Recorded>) -> Vec<Read> {
    let mut all = Vec::with_capacity(page.len());
    let mut periods = HashMap::new();
    for recorded in page {
        let n = recorded.started.period;
        let period = periods.entry(n).or_insert_with(|| contest.period(n)).clone();
        let home = contest.roster.with(recorded.started.participant, |player| {
            let city = player.city_at(recorded.n);
            // Who has moved since was in a county of that city that is not known any more.
            let same = city == player.place.city;
            Home {
                city,
                county: player.place.county.filter(|_| same),
                organisation: player.place.organisation.filter(|_| same),
            }
        });
        all.push(Read { recorded, period, home });
        if all.len().is_multiple_of(AT_ONCE) {
            tokio::task::yield_now().await;
        }
    }
    all
}

fn take<'r>(projection: &mut Projection, season: &Season, page: impl IntoIterator<Item = &'r Read>) {
    let mut days = Days::of(&season.time_zone);
    for Read { recorded, period, .. } in page {
        let (Some(period), Some((_, ended))) = (period, &recorded.ended) else { continue };
        projection.take(period, &recorded.started, ended, days.day(recorded.started.at));
    }
}
