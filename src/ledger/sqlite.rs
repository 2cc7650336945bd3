//! The ledger on SQLite: `ledger.db` in the data folder, one writer connection, a pool for short reads, pages for long ones. The writer is rusqlite's,
//! which works on the thread that asks: sqlx's hands each statement to a thread of its own, and a commit waited for that.
//! Durable means: WAL with `synchronous=FULL`, so each commit has been flushed to the disk when it returns.

mod checkpoints;
mod copy;
mod pages;
mod write;

use crate::domain::ids::AttemptId;
use crate::domain::ids::ParticipantId;
use crate::domain::ids::SeasonId;
use crate::domain::time::Timestamp;
use crate::ledger::columns;
use crate::ledger::columns::CHAIN;
use crate::ledger::columns::OF_CHAIN;
use crate::ledger::columns::OF_FIRST_RECEIPT;
use crate::ledger::columns::SELECT_ATTEMPT;
use crate::ledger::columns::SELECT_OUTCOME;
use crate::ledger::columns::SELECT_PARTICIPANT;
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
use checkpoints::Checkpoints;
pub(in crate::ledger) use copy::copy_database;
use futures_util::future::BoxFuture;
use pages::Pages;
use rusqlite::Connection;
use rusqlite::OpenFlags;
use sqlx::ConnectOptions;
use sqlx::Connection as _;
use sqlx::SqliteConnection;
use sqlx::SqlitePool;
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::sqlite::SqliteJournalMode;
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::sqlite::SqliteSynchronous;
use std::fs::File;
use std::path::Path;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use write::Step;

/// Embedded, so that the binary brings its schema along.
static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// The one lane of SQLite.
const LANE: i64 = 1;
/// The one season of a data folder.
const SEASON: i64 = 1;
/// Connections for reads; more wait their turn.
const READERS_MAX: u32 = 4;
/// Pages of the log, 200 MB, at which a commit itself writes back what [`Checkpoints`] has not yet: under a load that never
/// pauses the log can only be begun anew so.
const CHECKPOINT_PAGES: i64 = 50_000;
/// Pages that a connection keeps, negative for KiB, as SQLite has it. What is not there is in the system's cache.
const CACHE_KIB: i64 = -4_096;
/// How the pages of attempts follow one another.
const OF_ATTEMPTS: &str = "where s.attempt > ? order by s.attempt limit ?";
/// So long a connection waits for another one, of this process or of somebody's backup.
const BUSY: Duration = Duration::from_secs(10);
/// So many times that long a start waits for a reader that keeps the log from being written back; then it is refused.
const WRITES_BACK_MAX: u32 = 6;

pub struct Sqlite {
    /// `None` once closed, or where the folder was only opened to be read.
    writer: Mutex<Option<Connection>>,
    readers: SqlitePool,
    pages: Pages,
    /// `None` where the folder was only opened to be read.
    checkpoints: Option<Checkpoints>,
    /// Holds the folder for this process until closed or dropped.
    lock: Mutex<Option<File>>,
}

impl Sqlite {
    /// Opens the ledger of `season` in `folder`, making both where they are not there.
    ///
    /// # Errors
    /// Another process has the folder, it holds another season, or the database refuses.
    pub async fn open(folder: &Path, season: &SeasonId) -> Result<Sqlite, LedgerError> {
        std::fs::create_dir_all(folder).map_err(|cause| at(folder, cause))?;
        let lock = lock(folder)?;
        let mut first = options(folder).create_if_missing(true).connect().await?;
        MIGRATIONS.run(&mut first).await?;
        claim(&mut first, season).await?;
        first.close().await?;
        let writer = writer(folder)?;
        write_back(&writer, WRITES_BACK_MAX)?;
        let checkpoints = Checkpoints::on(self::writer(folder)?).map_err(|cause| at(folder, cause))?;
        Ok(Sqlite {
            writer: Mutex::new(Some(writer)),
            readers: readers(folder).await?,
            pages: Pages::of(folder),
            checkpoints: Some(checkpoints),
            lock: Mutex::new(Some(lock)),
        })
    }

    /// Opens the ledger in `folder` beside a stopped server, changing nothing. Which season it is, is in its notes.
    ///
    /// # Errors
    /// There is no ledger there, a server is running on it, or the database refuses.
    pub async fn open_stopped(folder: &Path) -> Result<Sqlite, LedgerError> {
        let file = folder.join("ledger.db");
        std::fs::metadata(&file).map_err(|cause| at(&file, cause))?;
        let lock = lock(folder)?;
        Ok(Sqlite {
            writer: Mutex::new(None),
            readers: readers(folder).await?,
            pages: Pages::of(folder),
            checkpoints: None,
            lock: Mutex::new(Some(lock)),
        })
    }
}

impl Sqlite {
    /// Whose ledger is in `folder`; `None` where there is none. Takes nothing over.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn season_in(folder: &Path) -> Result<Option<SeasonId>, LedgerError> {
        if !folder.join("ledger.db").is_file() {
            return Ok(None);
        }
        let mut found =
            SqliteConnectOptions::new().filename(folder.join("ledger.db")).busy_timeout(BUSY).connect().await?;
        let there = "select count(*) from sqlite_master where name = 'season'";
        let there: i64 = sqlx::query_scalar(there).fetch_one(&mut found).await?;
        let name = sqlx::query_scalar("select name from season where id = ?").bind(SEASON);
        let name: Option<String> = if there > 0 { name.fetch_optional(&mut found).await? } else { None };
        found.close().await?;
        Ok(name.map(SeasonId))
    }

    /// Blocks: whoever writes has a thread for it.
    fn write<T>(&self, act: impl FnOnce(&mut Connection) -> Result<T, LedgerError>) -> Result<T, LedgerError> {
        self.checkpoints.as_ref().map_or(Ok(()), Checkpoints::fine)?;
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        act(writer.as_mut().ok_or(LedgerError::Stopped)?)
    }
}

fn at(path: &Path, cause: std::io::Error) -> LedgerError {
    LedgerError::Folder { folder: path.display().to_string(), cause }
}

fn lock(folder: &Path) -> Result<File, LedgerError> {
    let path = folder.join("ledger.lock");
    let file =
        File::options().create(true).truncate(false).write(true).open(&path).map_err(|cause| at(&path, cause))?;
    file.try_lock().map_err(|_| LedgerError::Locked(folder.display().to_string()))?;
    Ok(file)
}

/// The connection that writes: each commit has been flushed to the disk when it returns.
fn writer(folder: &Path) -> Result<Connection, LedgerError> {
    let writer = Connection::open_with_flags(folder.join("ledger.db"), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    writer.busy_timeout(BUSY)?;
    writer.pragma_update(None, "synchronous", "full")?;
    writer.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    writer.pragma_update(None, "cache_size", CACHE_KIB)?;
    writer.pragma_update(None, "foreign_keys", "on")?;
    writer.set_prepared_statement_cache_capacity(write::STATEMENTS_MAX);
    Ok(writer)
}

/// After a crash the log is written back in full before anything is acknowledged, so that what is read is on the disk: after a
/// flush that failed it may be in the system's cache alone, and no later flush of the log would say so. Blocks.
///
/// # Errors
/// Somebody reads the ledger as it was before the log's end, and has not stopped within `times` waits for him; or a write failed.
fn write_back(writer: &Connection, times: u32) -> Result<(), LedgerError> {
    for time in 1..=times {
        if checkpoint(writer)? {
            return Ok(());
        }
        tracing::warn!(
            time,
            times,
            "somebody reads the ledger, a backup perhaps; the start waits to write its log back"
        );
    }
    Err(LedgerError::BeingRead { seconds: BUSY.as_secs() * u64::from(times) })
}

/// Writes the log back into the database and empties it, waiting [`BUSY`] for who reads. Whether all of it is in the database:
/// a reader of its end keeps it from being emptied, and of nothing else.
fn checkpoint(writer: &Connection) -> Result<bool, LedgerError> {
    let told = writer.query_row("pragma wal_checkpoint(truncate)", [], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
    })?;
    // Both counts are -1 where another checkpoint is under way.
    Ok(matches!(told, (0, ..)) || matches!(told, (_, pages @ 0.., written) if pages == written))
}

fn options(folder: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(folder.join("ledger.db"))
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY)
        .pragma("cache_size", CACHE_KIB.to_string())
        .command_buffer_size(256)
        .row_buffer_size(1024)
}

async fn readers(folder: &Path) -> Result<SqlitePool, LedgerError> {
    let options = options(folder).pragma("query_only", "on");
    Ok(SqlitePoolOptions::new().max_connections(READERS_MAX).connect_with(options).await?)
}

/// Writes the season's name into a new ledger; refuses one that holds another.
async fn claim(writer: &mut SqliteConnection, season: &SeasonId) -> Result<(), LedgerError> {
    let found: Option<String> =
        sqlx::query_scalar("select name from season where id = ?").bind(SEASON).fetch_optional(&mut *writer).await?;
    match found {
        Some(found) if found == season.as_str() => Ok(()),
        Some(found) => Err(LedgerError::OtherSeason { found, wanted: season.to_string() }),
        None => {
            let mut transaction = writer.begin_with("begin immediate").await?;
            sqlx::query("insert into season (id, name) values (?, ?)")
                .bind(SEASON)
                .bind(season.as_str())
                .execute(&mut *transaction)
                .await?;
            sqlx::query("insert into lane (id, season, epoch, last_n, alive_at) values (?, ?, 0, 0, 0)")
                .bind(LANE)
                .bind(SEASON)
                .execute(&mut *transaction)
                .await?;
            Ok(transaction.commit().await?)
        }
    }
}

impl Store for Sqlite {
    fn take_lane(&self) -> BoxFuture<'_, Result<LaneState, LedgerError>> {
        Box::pin(async {
            self.write(|writer| Ok(writer.execute("update lane set epoch = epoch + 1 where id = ?", [LANE])?))?;
            self.lane().await?.whole()
        })
    }

    fn commit<'a>(&'a self, batch: Batch<'a>) -> BoxFuture<'a, Result<(), LedgerError>> {
        let (from, to) = (batch.first - 1, batch.first + batch.entries.len() as i64 - 1);
        let step = Step { epoch: batch.epoch, from, to, alive_at: batch.alive_at };
        Box::pin(async move { self.write(|writer| write::write(writer, &step, &Rows::of(batch.first, batch.entries))) })
    }

    fn mark_alive(&self, epoch: i64, at: Timestamp) -> BoxFuture<'_, Result<(), LedgerError>> {
        Box::pin(async move {
            self.write(|writer| {
                let marked = writer
                    .prepare_cached("update lane set alive_at = ? where id = ? and epoch = ?")?
                    .execute((at.0, LANE, epoch))?;
                write::fence(writer, epoch, marked)
            })
        })
    }

    fn lane(&self) -> BoxFuture<'_, Result<LaneState, LedgerError>> {
        Box::pin(async {
            let row = sqlx::query("select epoch, last_n, alive_at from lane where id = ?")
                .bind(LANE)
                .fetch_one(&self.readers)
                .await?;
            columns::lane(&row)
        })
    }

    fn notes(&self, after: EntryNumber) -> BoxFuture<'_, Result<Vec<Noted>, LedgerError>> {
        Box::pin(async move {
            let found = sqlx::query("select n, at, body from entry where n > ? order by n limit ?")
                .bind(after)
                .bind(PAGE_ROWS)
                .fetch_all(&self.readers)
                .await?;
            found.iter().map(columns::noted).collect()
        })
    }

    fn participants(&self, after: ParticipantId) -> BoxFuture<'_, Result<Vec<(EntryNumber, Registered)>, LedgerError>> {
        self.pages
            .after(SELECT_PARTICIPANT, "where id > ? order by id limit ?", after.0, |row| columns::registered(row))
    }

    fn attempts(&self, after: AttemptId) -> BoxFuture<'_, Result<Vec<Recorded>, LedgerError>> {
        self.pages.after(SELECT_ATTEMPT, OF_ATTEMPTS, after.0, |row| columns::recorded(row))
    }

    fn outcomes(&self, after: AttemptId) -> BoxFuture<'_, Result<Vec<Told>, LedgerError>> {
        self.pages.after(SELECT_OUTCOME, OF_ATTEMPTS, after.0, |row| columns::told(row))
    }

    fn answers(&self, after: EntryNumber) -> BoxFuture<'_, Result<Vec<RawAnswer>, LedgerError>> {
        self.pages.answers(after)
    }

    fn attempt(&self, id: AttemptId) -> BoxFuture<'_, Result<Option<Recorded>, LedgerError>> {
        Box::pin(async move {
            let found = sqlx::query(joined(&[SELECT_ATTEMPT, "where s.attempt = ?"]))
                .bind(id.0)
                .fetch_optional(&self.readers)
                .await?;
            found.as_ref().map(columns::recorded).transpose()
        })
    }

    fn attempt_of_receipt<'a>(&'a self, receipt: &'a str) -> BoxFuture<'a, Result<Option<Recorded>, LedgerError>> {
        Box::pin(async move {
            let found = sqlx::query(joined(&[SELECT_ATTEMPT, OF_FIRST_RECEIPT]))
                .bind(receipt)
                .fetch_optional(&self.readers)
                .await?;
            found.as_ref().map(columns::recorded).transpose()
        })
    }

    fn attempts_back_from(&self, newest: AttemptId, limit: i64) -> BoxFuture<'_, Result<Vec<Recorded>, LedgerError>> {
        Box::pin(async move {
            let chain = joined(&[CHAIN, SELECT_ATTEMPT, OF_CHAIN]);
            let found = sqlx::query(chain).bind(newest.0).bind(limit).fetch_all(&self.readers).await?;
            found.iter().map(columns::recorded).collect()
        })
    }

    fn begin_copy(&self) -> BoxFuture<'_, Result<(), LedgerError>> {
        Box::pin(async {
            let begin = "update lane set last_n = ? where id = ? and epoch = 0 and last_n = 0";
            let begun = self.write(|writer| Ok(writer.execute(begin, (COPYING, LANE))?))?;
            if begun == 1 { Ok(()) } else { Err(LedgerError::NotEmpty) }
        })
    }

    fn copy_rows<'a>(&'a self, rows: &'a Rows<'a>) -> BoxFuture<'a, Result<(), LedgerError>> {
        let step = Step { epoch: 0, from: COPYING, to: COPYING, alive_at: Timestamp(0) };
        Box::pin(async move { self.write(|writer| write::write(writer, &step, rows)) })
    }

    fn end_copy(&self, lane: LaneState) -> BoxFuture<'_, Result<(), LedgerError>> {
        let alive_at = lane.alive_at.unwrap_or_default();
        let step = Step { epoch: 0, from: COPYING, to: lane.last_n, alive_at };
        Box::pin(async move { self.write(|writer| write::write(writer, &step, &Rows::default())) })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            self.readers.close().await;
            if let Some(checkpoints) = &self.checkpoints {
                checkpoints.stop();
            }
            let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(writer) = writer
                && let Err(error) = checkpoint(&writer)
            {
                tracing::warn!(%error, "the ledger was not written back on closing; the next start does it");
            }
            // Whoever still holds this store finds it stopped; the next one in this process may have the folder.
            self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ledger's connections with short patience: one that writes, one that reads; and something in the log.
    fn two(folder: &Path) -> (Connection, Connection) {
        let made = Connection::open(folder.join("ledger.db")).unwrap();
        made.execute_batch("pragma journal_mode = wal; create table told (n integer)").unwrap();
        let writer = writer(folder).unwrap();
        writer.busy_timeout(Duration::from_millis(1)).unwrap();
        (writer, made)
    }

    fn says(writer: &Connection) {
        writer.execute("insert into told (n) values (1)", []).unwrap();
    }

    /// From here on the reader sees the ledger as it is now.
    fn begins(reader: &Connection) {
        reader.execute_batch("begin").unwrap();
        reader.query_row("select count(*) from told", [], |_| Ok(())).unwrap();
    }

    #[test]
    fn a_log_that_is_kept_from_being_written_back_is_not_taken_for_written_back() {
        let folder = tempfile::tempdir().unwrap();
        let (writer, reader) = two(folder.path());
        begins(&reader);
        says(&writer);
        let refused = write_back(&writer, 2).unwrap_err();
        assert!(refused.to_string().contains("另一个程序正读着它"), "{refused}");
        reader.execute_batch("commit").unwrap();
        write_back(&writer, 1).unwrap();
        assert_eq!(std::fs::metadata(folder.path().join("ledger.db-wal")).unwrap().len(), 0);
    }

    #[test]
    fn a_reader_of_the_logs_end_keeps_nothing_from_being_written_back() {
        let folder = tempfile::tempdir().unwrap();
        let (writer, reader) = two(folder.path());
        says(&writer);
        begins(&reader);
        write_back(&writer, 1).unwrap();
        assert!(
            std::fs::metadata(folder.path().join("ledger.db-wal")).unwrap().len() > 0,
            "it was emptied below a reader"
        );
    }
}
