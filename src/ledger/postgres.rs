//! The ledger on PostgreSQL: one connection of its own that writes and holds the lock, a pool for reads.
//! A commit whose outcome is unknown is not guessed at: it is made again under the same numbers, which the lane takes only once.

mod session;
mod url;
mod write;

pub use url::PostgresUrl;

use crate::domain::ids::AttemptId;
use crate::domain::ids::ParticipantId;
use crate::domain::ids::SeasonId;
use crate::domain::time::Timestamp;
use crate::ledger::columns;
use crate::ledger::columns::CHAIN;
use crate::ledger::columns::OF_CHAIN;
use crate::ledger::columns::OF_FIRST_RECEIPT;
use crate::ledger::columns::SELECT_ANSWER;
use crate::ledger::columns::SELECT_ATTEMPT;
use crate::ledger::columns::SELECT_OUTCOME;
use crate::ledger::columns::SELECT_PARTICIPANT;
use crate::ledger::columns::SELECT_RUN;
use crate::ledger::columns::joined;
use crate::ledger::entry::EntryNumber;
use crate::ledger::entry::Registered;
use crate::ledger::rows::Rows;
use crate::ledger::store::Batch;
use crate::ledger::store::COPYING;
use crate::ledger::store::LaneState;
use crate::ledger::store::LedgerError;
use crate::ledger::store::Noted;
use crate::ledger::store::PAGE_ROWS;
use crate::ledger::store::RawAnswer;
use crate::ledger::store::Recorded;
use crate::ledger::store::Store;
use crate::ledger::store::Told;
use futures_util::future::BoxFuture;
use session::Backend;
use session::Entrance;
use session::Pauses;
use session::Session;
use session::passes;
use sqlx::Connection;
use sqlx::PgConnection;
use sqlx::PgPool;
use sqlx::migrate::Migrator;
use sqlx::postgres::PgPoolOptions;
use std::time::Duration;
use tokio::sync::Mutex;
use write::Act;
use write::Tables;

/// Embedded, so that the binary brings its schema along.
static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// The one season of a database.
const SEASON: i16 = 1;
/// The one lane of its season, for now.
const LANE: i16 = 1;
/// Connections for reads; more wait their turn.
const READERS_MAX: u32 = 4;
/// So many answers a full run has at least, as a rule: by it runs are asked for, and if it was too few, more.
const RUN_ANSWERS: i64 = 100;
/// At least so many runs are asked for at once.
const RUNS_MIN: i64 = 16;
/// For so long a read waits for a connection; then it fails, and is asked for again.
const READ_WITHIN: Duration = Duration::from_secs(5);

/// How long a database that is away is waited for.
#[derive(Clone, Copy)]
pub struct Patience {
    /// At the start. Over: [`LedgerError::Unreachable`].
    pub start: Duration,
    /// A writer that somebody else's lock keeps out. Over: [`LedgerError::InUse`].
    pub lock: Duration,
    /// One attempt to commit. Over: its connection is given up, and the next attempt is made on another.
    pub attempt: Duration,
    /// All attempts to commit. Over: [`LedgerError::Stalled`], and the process ends.
    pub stall: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience {
            start: Duration::from_secs(30),
            lock: Duration::from_secs(5),
            attempt: Duration::from_secs(3),
            stall: Duration::from_secs(8),
        }
    }
}

pub struct Postgres {
    writer: Mutex<Writer>,
    readers: PgPool,
}

impl Postgres {
    /// Opens the ledger of `season` in the database, making its tables where they are not there.
    ///
    /// # Errors
    /// The database cannot be reached or is not fit, another process has it, or it holds another season.
    pub async fn open(url: &PostgresUrl, season: &SeasonId, patience: Patience) -> Result<Postgres, LedgerError> {
        let entrance = Entrance { url: url.clone(), patience };
        let mut session = arrive(&entrance).await?;
        prepare(&entrance, &mut session.connection, season).await?;
        Ok(Postgres::of(entrance, session, true))
    }

    /// Whose ledger is in the database; `None` where there is none. Takes nothing over.
    ///
    /// # Errors
    /// The database cannot be reached, or refuses.
    pub async fn season_in(url: &PostgresUrl, patience: Patience) -> Result<Option<SeasonId>, LedgerError> {
        let entrance = Entrance { url: url.clone(), patience };
        let mut found = waited_for(&entrance, async || entrance.look().await).await?;
        let there: bool = sqlx::query_scalar("select to_regclass('season') is not null").fetch_one(&mut found).await?;
        let name = sqlx::query_scalar("select name from season where id = $1").bind(SEASON);
        let name: Option<String> = if there { name.fetch_optional(&mut found).await? } else { None };
        found.close().await?;
        Ok(name.map(SeasonId))
    }

    /// Opens the ledger in the database while no server runs on it, changing nothing. Which season it is, is in its notes.
    ///
    /// # Errors
    /// There is no ledger there, a server is running on it, or the database cannot be reached.
    pub async fn open_stopped(url: &PostgresUrl, patience: Patience) -> Result<Postgres, LedgerError> {
        let entrance = Entrance { url: url.clone(), patience };
        let mut session = arrive(&entrance).await?;
        let there: bool =
            sqlx::query_scalar("select to_regclass('lane') is not null and to_regclass('answer') is not null")
                .fetch_one(&mut session.connection)
                .await?;
        if !there {
            return Err(LedgerError::Unsuitable(format!("{url}：里面没有账本")));
        }
        Ok(Postgres::of(entrance, session, false))
    }

    fn of(entrance: Entrance, session: Session, may_write: bool) -> Postgres {
        let readers = PgPoolOptions::new()
            .max_connections(READERS_MAX)
            .acquire_timeout(READ_WITHIN)
            .connect_lazy_with(entrance.reading());
        let writer = Writer { entrance, may_write, before: None, session: Some(session) };
        Postgres { writer: Mutex::new(writer), readers }
    }

    async fn act(&self, act: &Act<'_>) -> Result<LaneState, LedgerError> {
        self.writer.lock().await.act(act).await
    }

    /// Reads to the end also when whoever asked has gone away: a connection that is left in mid-answer would be handed to the next.
    /// A read that met the database's restart is made once more.
    fn read<T, F>(&self, reading: impl Fn(PgPool) -> F + Send + 'static) -> BoxFuture<'static, Result<T, LedgerError>>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, LedgerError>> + Send,
    {
        let readers = self.readers.clone();
        let reading = tokio::spawn(async move {
            match reading(readers.clone()).await {
                Err(error) if passes(&error) => reading(readers).await,
                read => read,
            }
        });
        Box::pin(async move { reading.await.unwrap_or(Err(LedgerError::Stopped)) })
    }
}

/// The first session of a start.
async fn arrive(entrance: &Entrance) -> Result<Session, LedgerError> {
    waited_for(entrance, async || entrance.enter(None, None, entrance.patience.lock).await).await
}

/// What a start asks of a database; one that is not there yet is waited for.
async fn waited_for<T>(
    entrance: &Entrance,
    asking: impl AsyncFn() -> Result<T, LedgerError>,
) -> Result<T, LedgerError> {
    let mut cause = String::new();
    let arriving = async {
        let mut pauses = Pauses::new();
        loop {
            match asking().await.map_err(|error| entrance.at_start(error)) {
                Err(error) if matches!(error, LedgerError::Database(_)) && passes(&error) => {
                    if cause.is_empty() {
                        tracing::warn!(%error, seconds = entrance.patience.start.as_secs(), "the database cannot be reached yet");
                    }
                    cause = told(&error);
                }
                asked => return asked,
            }
            pauses.next().await;
        }
    };
    let arrived = tokio::time::timeout(entrance.patience.start, arriving).await;
    arrived.unwrap_or_else(|_| {
        let (database, seconds) = (entrance.url.to_string(), entrance.patience.start.as_secs());
        let cause = if cause.is_empty() { "没有回应".to_owned() } else { cause };
        Err(LedgerError::Unreachable { database, seconds, cause })
    })
}

/// The cause in short: the sentence around it is the caller's.
fn told(error: &LedgerError) -> String {
    match error {
        LedgerError::Database(sqlx::Error::Io(cause)) => cause.to_string(),
        LedgerError::Database(error) => error.to_string(),
        error => error.to_string(),
    }
}

/// Tables, season and lane, where they are not there.
async fn prepare(entrance: &Entrance, connection: &mut PgConnection, season: &SeasonId) -> Result<(), LedgerError> {
    MIGRATIONS.run(&mut *connection).await.map_err(|error| match &error {
        sqlx::migrate::MigrateError::Execute(cause) | sqlx::migrate::MigrateError::ExecuteMigration(cause, _)
            if cause
                .as_database_error()
                .is_some_and(|cause| matches!(cause.code().as_deref(), Some("42501" | "3F000"))) =>
        {
            LedgerError::Unsuitable(format!(
                "{}：这个用户不能在里面建表，请让它成为数据库的所有者：alter database 数据库 owner to 用户",
                entrance.url
            ))
        }
        _ => LedgerError::Migration(error),
    })?;
    let found: Option<String> = sqlx::query_scalar("select name from season where id = $1")
        .bind(SEASON)
        .fetch_optional(&mut *connection)
        .await?;
    match found {
        Some(found) if found != season.as_str() => {
            return Err(LedgerError::OtherSeason { found, wanted: season.to_string() });
        }
        Some(_) => {}
        None => {
            let claim = "with claimed as (insert into season (id, name) values ($1, $2) returning id)
                 insert into lane (id, season, epoch, last_n, alive_at) select $3, id, 0, 0, 0 from claimed";
            sqlx::query(claim).bind(SEASON).bind(season.as_str()).bind(LANE).execute(&mut *connection).await?;
        }
    }
    // What came since the last vacuum is found by its number as well.
    sqlx::query("select brin_summarize_new_values('answer_by_number')").execute(&mut *connection).await?;
    Ok(())
}

/// A page of the raw answers from before there were runs.
async fn answers_one_by_one(readers: &PgPool, after: EntryNumber) -> Result<Vec<RawAnswer>, LedgerError> {
    // All of them lie below the first run; where there is none, below the lane's last number.
    let ends = "select coalesce((select min(last_n) from answer_run), (select last_n from lane where id = $1))";
    let end: i64 = sqlx::query_scalar(ends).bind(LANE).fetch_one(readers).await?;
    let mut answers: Vec<RawAnswer> = Vec::new();
    let mut from = after;
    // In windows of numbers: bounded on both sides, a read touches the few blocks where its rows lie and sorts no others.
    while from < end && (answers.len() as i64) < PAGE_ROWS {
        let to = from.saturating_add(PAGE_ROWS);
        let query = sqlx::query(joined(&[SELECT_ANSWER, "where n > $1 and n <= $2 order by n limit $3"]));
        let room = PAGE_ROWS - answers.len() as i64;
        let found = query.bind(from).bind(to).bind(room).fetch_all(readers).await?;
        for row in &found {
            answers.push(columns::raw_answer(row)?);
        }
        from = to;
    }
    Ok(answers)
}

/// The lane's own connection, replaced when it fails.
struct Writer {
    entrance: Entrance,
    /// Not where the ledger was only opened to be read; the lock is held all the same.
    may_write: bool,
    /// Behind the last session that failed.
    before: Option<Backend>,
    session: Option<Session>,
}

impl Writer {
    /// Does it, through as many connections as it takes.
    async fn act(&mut self, act: &Act<'_>) -> Result<LaneState, LedgerError> {
        if !self.may_write {
            return Err(LedgerError::Stopped);
        }
        let Patience { stall, attempt, .. } = self.entrance.patience;
        let mut cause = String::new();
        let acting = async {
            let mut pauses = Pauses::new();
            // Whether an earlier attempt may have been committed without our hearing of it.
            let mut unknown = false;
            loop {
                match tokio::time::timeout(attempt, self.attempt(act, &mut unknown)).await {
                    Ok(Err(error)) if passes(&error) || matches!(error, LedgerError::InUse { .. }) => {
                        cause = told(&error)
                    }
                    Ok(done) => return done,
                    Err(_) => cause = "没有回应".to_owned(),
                }
                tracing::warn!(cause, "the database did not take a commit; trying again");
                pauses.next().await;
            }
        };
        let acted = tokio::time::timeout(stall, acting).await;
        acted.unwrap_or(Err(LedgerError::Stalled { seconds: stall.as_secs(), cause }))
    }

    async fn attempt(&mut self, act: &Act<'_>, unknown: &mut bool) -> Result<LaneState, LedgerError> {
        // Taken out: a session whose statement failed or was given up in mid-way is not used again.
        let mut session = match self.session.take() {
            Some(session) => session,
            None => {
                // Whoever holds the lock now was not ended with our own last session: short patience, then why.
                let wait = self.entrance.patience.attempt / 3;
                self.entrance.enter(self.before.as_ref(), act.epoch(), wait).await?
            }
        };
        self.before = Some(session.backend.clone());
        let before_it = std::mem::replace(unknown, true);
        let done = match act.perform(&mut session.connection).await? {
            Some(lane) => Ok(lane),
            None => match write::lane(&mut session.connection).await? {
                lane if before_it && act.was_done(lane) => Ok(lane),
                lane => Err(LedgerError::Fenced { found: lane.epoch, mine: act.epoch().unwrap_or_default() }),
            },
        };
        self.session = Some(session);
        done
    }
}

impl Store for Postgres {
    fn take_lane(&self) -> BoxFuture<'_, Result<LaneState, LedgerError>> {
        Box::pin(async { self.act(&Act::Take).await?.whole() })
    }

    fn commit<'a>(&'a self, batch: Batch<'a>) -> BoxFuture<'a, Result<(), LedgerError>> {
        Box::pin(async move {
            let tables = Tables::of(&Rows::of(batch.first, batch.entries))?;
            let (from, to) = (batch.first - 1, batch.first + batch.entries.len() as i64 - 1);
            let act = Act::Write { epoch: batch.epoch, from, to, alive_at: batch.alive_at, tables: &tables };
            self.act(&act).await.map(|_| ())
        })
    }

    fn mark_alive(&self, epoch: i64, at: Timestamp) -> BoxFuture<'_, Result<(), LedgerError>> {
        Box::pin(async move { self.act(&Act::MarkAlive { epoch, at }).await.map(|_| ()) })
    }

    fn lane(&self) -> BoxFuture<'_, Result<LaneState, LedgerError>> {
        self.read(|readers| async move { write::lane(&mut *readers.acquire().await?).await })
    }

    fn notes(&self, after: EntryNumber) -> BoxFuture<'_, Result<Vec<Noted>, LedgerError>> {
        self.read(move |readers| async move {
            let query = sqlx::query("select n, at, body from entry where n > $1 order by n limit $2");
            let found = query.bind(after).bind(PAGE_ROWS).fetch_all(&readers).await?;
            found.iter().map(columns::noted).collect()
        })
    }

    fn participants(&self, after: ParticipantId) -> BoxFuture<'_, Result<Vec<(EntryNumber, Registered)>, LedgerError>> {
        self.read(move |readers| async move {
            let query = sqlx::query(joined(&[SELECT_PARTICIPANT, "where id > $1 order by id limit $2"]));
            let found = query.bind(after.0).bind(PAGE_ROWS).fetch_all(&readers).await?;
            found.iter().map(columns::registered).collect()
        })
    }

    fn attempts(&self, after: AttemptId) -> BoxFuture<'_, Result<Vec<Recorded>, LedgerError>> {
        self.read(move |readers| async move {
            let query = sqlx::query(joined(&[SELECT_ATTEMPT, "where s.attempt > $1 order by s.attempt limit $2"]));
            let found = query.bind(after.0).bind(PAGE_ROWS).fetch_all(&readers).await?;
            found.iter().map(columns::recorded).collect()
        })
    }

    fn outcomes(&self, after: AttemptId) -> BoxFuture<'_, Result<Vec<Told>, LedgerError>> {
        self.read(move |readers| async move {
            let query = sqlx::query(joined(&[SELECT_OUTCOME, "where s.attempt > $1 order by s.attempt limit $2"]));
            let found = query.bind(after.0).bind(PAGE_ROWS).fetch_all(&readers).await?;
            found.iter().map(columns::told).collect()
        })
    }

    fn answers(&self, after: EntryNumber) -> BoxFuture<'_, Result<Vec<RawAnswer>, LedgerError>> {
        self.read(move |readers| async move {
            let mut answers = answers_one_by_one(&readers, after).await?;
            while (answers.len() as i64) < PAGE_ROWS {
                let runs_max = ((PAGE_ROWS - answers.len() as i64) / RUN_ANSWERS).max(RUNS_MIN);
                let query = sqlx::query(joined(&[SELECT_RUN, "where last_n > $1 order by last_n limit $2"]));
                let last = answers.last().map_or(after, |last| last.n);
                let found = query.bind(last).bind(runs_max).fetch_all(&readers).await?;
                for row in &found {
                    answers.extend(columns::run(row)?.into_iter().filter(|answer| answer.n > last));
                }
                if (found.len() as i64) < runs_max {
                    break;
                }
            }
            answers.truncate(PAGE_ROWS as usize);
            Ok(answers)
        })
    }

    fn attempt(&self, id: AttemptId) -> BoxFuture<'_, Result<Option<Recorded>, LedgerError>> {
        self.read(move |readers| async move {
            let query = sqlx::query(joined(&[SELECT_ATTEMPT, "where s.attempt = $1"]));
            let found = query.bind(id.0).fetch_optional(&readers).await?;
            found.as_ref().map(columns::recorded).transpose()
        })
    }

    fn attempt_of_receipt<'a>(&'a self, receipt: &'a str) -> BoxFuture<'a, Result<Option<Recorded>, LedgerError>> {
        let receipt = receipt.to_owned();
        self.read(move |readers| {
            let receipt = receipt.clone();
            async move {
                let query = sqlx::query(joined(&[SELECT_ATTEMPT, OF_FIRST_RECEIPT]));
                let found = query.bind(receipt).fetch_optional(&readers).await?;
                found.as_ref().map(columns::recorded).transpose()
            }
        })
    }

    fn attempts_back_from(&self, newest: AttemptId, limit: i64) -> BoxFuture<'_, Result<Vec<Recorded>, LedgerError>> {
        self.read(move |readers| async move {
            let query = sqlx::query(joined(&[CHAIN, SELECT_ATTEMPT, OF_CHAIN]));
            let found = query.bind(newest.0).bind(limit).fetch_all(&readers).await?;
            found.iter().map(columns::recorded).collect()
        })
    }

    fn begin_copy(&self) -> BoxFuture<'_, Result<(), LedgerError>> {
        Box::pin(async {
            match self.act(&Act::BeginCopy).await {
                Err(LedgerError::Fenced { .. }) => Err(LedgerError::NotEmpty),
                begun => begun.map(|_| ()),
            }
        })
    }

    fn copy_rows<'a>(&'a self, rows: &'a Rows<'a>) -> BoxFuture<'a, Result<(), LedgerError>> {
        Box::pin(async move {
            let tables = Tables::of(rows)?;
            let alive_at = Timestamp(0);
            self.act(&Act::Write { epoch: 0, from: COPYING, to: COPYING, alive_at, tables: &tables }).await.map(|_| ())
        })
    }

    fn end_copy(&self, lane: LaneState) -> BoxFuture<'_, Result<(), LedgerError>> {
        Box::pin(async move {
            let alive_at = lane.alive_at.unwrap_or_default();
            let tables = Tables::default();
            self.act(&Act::Write { epoch: 0, from: COPYING, to: lane.last_n, alive_at, tables: &tables })
                .await
                .map(|_| ())
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            self.readers.close().await;
            let mut writer = self.writer.lock().await;
            writer.may_write = false;
            if let Some(session) = writer.session.take()
                && let Err(error) = session.connection.close().await
            {
                tracing::warn!(%error, "the database was not told good-bye; it finds out by itself");
            }
        })
    }
}
