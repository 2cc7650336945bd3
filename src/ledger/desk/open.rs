//! Opening the desk's tables: one connection that writes, a pool for reads.

use super::Act;
use super::Chain;
use super::SEASON;
use super::link::Inner;
use super::link::Link;
use super::link::values;
use crate::domain::ids::SeasonId;
use crate::ledger::postgres::PostgresUrl;
use crate::ledger::sqlite::copy_database;
use crate::ledger::store::LedgerError;
use sqlx::ConnectOptions;
use sqlx::Connection;
use sqlx::PgPool;
use sqlx::SqlitePool;
use sqlx::migrate::Migrator;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::sqlite::SqliteJournalMode;
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::sqlite::SqliteSynchronous;
use std::borrow::Cow;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

/// The desk's file in a data folder.
pub const DESK_FILE: &str = "desk.db";
/// Connections for reads; more wait their turn.
const READERS_MAX: u32 = 4;
/// Whoever waits longer for a connection, or for another act to end, is told that the desk is busy.
const TURN: Duration = Duration::from_secs(10);

/// Embedded; with a table of its own for what has run, since PostgreSQL holds the ledger's beside it.
fn migrations() -> Migrator {
    let mut migrations = sqlx::migrate!("migrations/desk");
    migrations.table_name = Cow::Borrowed("desk_migrations");
    migrations
}

/// The desk's tables of one season. Cheap to clone.
#[derive(Clone)]
pub struct DeskStore(Pools);

#[derive(Clone)]
enum Pools {
    Sqlite { writer: SqlitePool, readers: SqlitePool },
    Postgres { writer: PgPool, readers: PgPool },
}

impl DeskStore {
    /// Opens `desk.db` of the data folder, making it where it is not there.
    ///
    /// # Errors
    /// It belongs to another season, or the database refuses.
    pub async fn in_folder(folder: &Path, season: &SeasonId) -> Result<DeskStore, LedgerError> {
        let fault = |cause| LedgerError::Folder { folder: folder.display().to_string(), cause };
        std::fs::create_dir_all(folder).map_err(fault)?;
        let options = sqlite(&folder.join(DESK_FILE));
        // One connection: whoever acts has the desk to itself.
        let writer = SqlitePoolOptions::new().max_connections(1).acquire_timeout(TURN);
        let writer = writer.connect_with(options.clone().create_if_missing(true)).await?;
        migrations().run(&writer).await?;
        let readers = SqlitePoolOptions::new().max_connections(READERS_MAX).acquire_timeout(TURN);
        let readers = readers.connect_lazy_with(options.pragma("query_only", "on"));
        DeskStore(Pools::Sqlite { writer, readers }).claimed(season).await
    }

    /// Opens the tables in the database, making them where they are not there.
    ///
    /// # Errors
    /// They belong to another season, or the database refuses.
    pub async fn in_postgres(url: &PostgresUrl, season: &SeasonId) -> Result<DeskStore, LedgerError> {
        let options = url.options().application_name("kejing desk").disable_statement_logging();
        // A second waits for the first one's row; after that it is told so instead of waiting for ever.
        let writing = options.clone().options([("lock_timeout", "10s"), ("synchronous_commit", "on"), ("jit", "off")]);
        let writer = PgPoolOptions::new().max_connections(2).acquire_timeout(TURN).connect_with(writing).await?;
        migrations().run(&writer).await?;
        let reading = options.options([("default_transaction_read_only", "on"), ("jit", "off")]);
        let readers = PgPoolOptions::new().max_connections(READERS_MAX).acquire_timeout(TURN);
        let readers = readers.connect_lazy_with(reading);
        DeskStore(Pools::Postgres { writer, readers }).claimed(season).await
    }

    /// Opens `desk.db` of the data folder, whosever it is; `None` where there is none. A server may run on it.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn there_in_folder(folder: &Path) -> Result<Option<DeskStore>, LedgerError> {
        let file = folder.join(DESK_FILE);
        if !file.is_file() {
            return Ok(None);
        }
        let mut found = sqlite(&file).connect().await?;
        let season = sqlx::query_scalar("select name from desk where season = $1").bind(SEASON);
        let season: Option<String> = season.fetch_optional(&mut found).await?;
        found.close().await?;
        match season {
            Some(season) => DeskStore::in_folder(folder, &SeasonId(season)).await.map(Some),
            None => Ok(None),
        }
    }

    /// The same in a database.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn there_in_postgres(url: &PostgresUrl) -> Result<Option<DeskStore>, LedgerError> {
        let mut found = url.options().disable_statement_logging().connect().await?;
        let there: bool = sqlx::query_scalar("select to_regclass('desk') is not null").fetch_one(&mut found).await?;
        let season = sqlx::query_scalar("select name from desk where season = $1").bind(SEASON);
        let season: Option<String> = if there { season.fetch_optional(&mut found).await? } else { None };
        found.close().await?;
        match season {
            Some(season) => DeskStore::in_postgres(url, &SeasonId(season)).await.map(Some),
            None => Ok(None),
        }
    }

    /// Copies `desk.db` of a data folder to the new file `to`, as of one commit; whether there was one. A server may run on it.
    ///
    /// # Errors
    /// `to` exists, or the database refuses.
    pub async fn copy_file(folder: &Path, to: &Path) -> Result<bool, LedgerError> {
        let file = folder.join(DESK_FILE);
        if !file.is_file() {
            return Ok(false);
        }
        copy_database(&file, to).await?;
        Ok(true)
    }

    /// Writes the season's name into a new desk; refuses one that holds another.
    async fn claimed(self, season: &SeasonId) -> Result<DeskStore, LedgerError> {
        let mut act = self.begin_unclaimed().await?;
        let sql = "insert into desk (season, name, last_n, last_hash) values ($1, $2, 0, $3) on conflict do nothing";
        act.execute(sql, values![SEASON, season.as_str(), &Chain::BEGINNING]).await?;
        let found = act.row("select name from desk where season = $1", values![SEASON]).await?;
        let found = found.map(|row| row.text("name")).transpose()?.unwrap_or_default();
        act.commit().await?;
        if found == season.as_str() {
            return Ok(self);
        }
        Err(LedgerError::OtherSeason { found, wanted: season.to_string() })
    }

    async fn begin_unclaimed(&self) -> Result<Link, LedgerError> {
        Ok(Link(match &self.0 {
            Pools::Sqlite { writer, .. } => Inner::SqliteAct(writer.begin_with("begin immediate").await?),
            Pools::Postgres { writer, .. } => Inner::PostgresAct(writer.begin().await?),
        }))
    }

    /// Begins an act; whoever comes meanwhile waits.
    ///
    /// # Errors
    /// The database refuses, or another act takes too long.
    pub async fn begin(&self) -> Result<Act, LedgerError> {
        let mut link = self.begin_unclaimed().await?;
        // PostgreSQL lets several write: the row that every act moves is taken first, so that they come one after another there, too.
        let last = match link.0 {
            Inner::PostgresAct(_) => "select last_n, last_hash from desk where season = $1 for update",
            _ => "select last_n, last_hash from desk where season = $1",
        };
        let row = link.row(last, values![SEASON]).await?.ok_or(LedgerError::Stopped)?;
        let last = Chain::at(row.whole("last_n")?, &row.bytes("last_hash")?);
        Ok(Act { link, last })
    }

    /// A connection to read with.
    ///
    /// # Errors
    /// The database refuses, or all connections are taken for too long.
    pub async fn read(&self) -> Result<Link, LedgerError> {
        Ok(Link(match &self.0 {
            Pools::Sqlite { readers, .. } => Inner::SqliteRead(readers.acquire().await?),
            Pools::Postgres { readers, .. } => Inner::PostgresRead(readers.acquire().await?),
        }))
    }

    /// Writes back what the log holds and closes.
    pub async fn close(&self) {
        match &self.0 {
            Pools::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
        }
    }
}

fn sqlite(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(PathBuf::from(file))
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(TURN)
        .disable_statement_logging()
}
