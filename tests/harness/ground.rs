//! What a test's server stands on: a temporary folder, and the database that this run is for.

use crate::harness::postgres::Cluster;
use crate::harness::postgres::Database;
use crate::harness::root;
use kejing::domain::ids::SeasonId;
use kejing::ledger::desk::DeskStore;
use kejing::ledger::postgres::Patience;
use kejing::ledger::postgres::Postgres;
use kejing::ledger::postgres::PostgresUrl;
use kejing::ledger::sqlite::Sqlite;
use kejing::ledger::store::LedgerError;
use kejing::ledger::store::Store;
use sqlx::Connection;
use sqlx::migrate::Migrator;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// `sqlite` (also where it is not set) or `postgres`: what the servers of this run keep their ledgers in.
const CHOICE: &str = "KEJING_TEST_DATABASE";

/// Short where nothing is hoped for, long enough on a busy machine.
const PATIENCE: Patience = Patience {
    start: Duration::from_secs(20),
    lock: Duration::from_millis(300),
    attempt: Duration::from_secs(3),
    stall: Duration::from_secs(8),
};

pub(crate) struct Ground {
    folder: tempfile::TempDir,
    postgres: Option<Database>,
}

impl Ground {
    /// On the database that the variable names.
    pub(crate) fn chosen() -> Ground {
        match std::env::var(CHOICE).as_deref() {
            Err(_) | Ok("sqlite") => Ground::sqlite(),
            Ok("postgres") => Ground::postgres(),
            Ok(other) => panic!("{CHOICE} is {other}; it can be sqlite or postgres"),
        }
    }

    pub(crate) fn sqlite() -> Ground {
        Ground { folder: tempfile::tempdir().unwrap(), postgres: None }
    }

    pub(crate) fn postgres() -> Ground {
        Ground { postgres: Some(Cluster::shared().database()), ..Ground::sqlite() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Puts the season file there, and what it names beside it; returns its path.
    pub(crate) fn furnish(&self, season: &str) -> PathBuf {
        let file = self.path().join("season.toml");
        std::fs::write(&file, season).unwrap();
        for (shipped, name) in [("seasons/regions", "regions"), ("question-bank", "question-bank")] {
            let link = self.path().join(name);
            if !link.exists() {
                std::os::unix::fs::symlink(root().join(shipped), link).unwrap();
            }
        }
        file
    }

    /// As `kejing ledger copy` names it.
    pub(crate) fn ledger(&self) -> String {
        self.postgres.as_ref().map_or_else(|| self.data().display().to_string(), Database::url)
    }

    pub(crate) async fn season_there(&self) -> Result<Option<SeasonId>, LedgerError> {
        match &self.postgres {
            None => Sqlite::season_in(&self.data()).await,
            Some(database) => Postgres::season_in(&address(database), PATIENCE).await,
        }
    }

    pub(crate) async fn open(&self, season: &SeasonId) -> Result<Arc<dyn Store>, LedgerError> {
        Ok(match &self.postgres {
            None => Arc::new(Sqlite::open(&self.data(), season).await?),
            Some(database) => Arc::new(Postgres::open(&address(database), season, PATIENCE).await?),
        })
    }

    pub(crate) async fn open_stopped(&self) -> Result<Arc<dyn Store>, LedgerError> {
        Ok(match &self.postgres {
            None => Arc::new(Sqlite::open_stopped(&self.data()).await?),
            Some(database) => Arc::new(Postgres::open_stopped(&address(database), PATIENCE).await?),
        })
    }

    pub(crate) async fn open_desk(&self, season: &SeasonId) -> Result<DeskStore, LedgerError> {
        match &self.postgres {
            None => DeskStore::in_folder(&self.data(), season).await,
            Some(database) => DeskStore::in_postgres(&address(database), season).await,
        }
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.postgres.is_some()
    }

    /// A ledger as the first migration makes it, and these rows in it.
    pub(crate) async fn first_schema(&self, rows: &str) {
        let first = |all: Migrator| Migrator { migrations: all.migrations[..1].to_vec().into(), ..all };
        if let Some(database) = &self.postgres {
            let mut ledger = sqlx::PgConnection::connect(&database.url()).await.unwrap();
            first(sqlx::migrate!("migrations/postgres")).run(&mut ledger).await.unwrap();
            ledger.close().await.unwrap();
        } else {
            self.sql("pragma journal_mode = wal").await;
            let url = format!("sqlite://{}", self.data().join("ledger.db").display());
            let mut ledger = sqlx::SqliteConnection::connect(&url).await.unwrap();
            first(sqlx::migrate!("migrations/sqlite")).run(&mut ledger).await.unwrap();
            ledger.close().await.unwrap();
        }
        self.sql(rows).await;
    }

    /// Bytes as this database's SQL writes them.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> String {
        let hex = data_encoding::HEXLOWER.encode(bytes);
        if self.is_postgres() { format!("'\\x{hex}'") } else { format!("x'{hex}'") }
    }

    /// A transaction that breaks off before its end.
    pub(crate) async fn sql_cut_off(&self, sql: &str) {
        if let Some(database) = &self.postgres {
            let mut connection = sqlx::PgConnection::connect(&database.url()).await.unwrap();
            let begun = format!("begin; {sql}");
            sqlx::raw_sql(sqlx::AssertSqlSafe(begun)).execute(&mut connection).await.unwrap();
            return connection.close_hard().await.unwrap();
        }
        self.sql(&format!("pragma journal_mode = wal; begin; {sql}")).await;
    }

    /// Somebody's hand in the ledger, past the program.
    pub(crate) async fn sql(&self, sql: &str) -> String {
        if let Some(database) = &self.postgres {
            return database.sql(sql);
        }
        self.sql_in("ledger.db", sql).await
    }

    /// The same in what staff edit.
    pub(crate) async fn desk_sql(&self, sql: &str) -> String {
        if let Some(database) = &self.postgres {
            return database.sql(sql);
        }
        self.sql_in("desk.db", sql).await
    }

    async fn sql_in(&self, file: &str, sql: &str) -> String {
        std::fs::create_dir_all(self.data()).unwrap();
        let file = self.data().join(file);
        let url = format!("sqlite://{}?mode=rwc", file.display());
        let mut ledger = sqlx::SqliteConnection::connect(&url).await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut ledger).await.unwrap();
        ledger.close().await.unwrap();
        String::new()
    }
}

fn address(database: &Database) -> PostgresUrl {
    PostgresUrl::read(&database.url()).unwrap()
}
