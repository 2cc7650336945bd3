//! A copy of the ledger as it stands at one moment, beside a server that runs or not.

use crate::ledger::sqlite::Sqlite;
use crate::ledger::sqlite::at;
use crate::ledger::store::LedgerError;
use sqlx::ConnectOptions;
use sqlx::Connection;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteConnectOptions;
use std::path::Path;
use std::time::Duration;

impl Sqlite {
    /// Copies `ledger.db` of `folder` to the new file `to`, whole and as of one commit. It reads through a connection of
    /// its own: the writer goes on, the folder's lock is left to the server, and the log grows until the copy is done.
    ///
    /// # Errors
    /// There is no ledger, `to` exists, or the database refuses.
    pub async fn copy(folder: &Path, to: &Path) -> Result<(), LedgerError> {
        let file = folder.join("ledger.db");
        std::fs::metadata(&file).map_err(|cause| at(&file, cause))?;
        copy_database(&file, to).await
    }

    /// What the database itself finds wrong with the file; nothing if it is sound.
    ///
    /// # Errors
    /// It cannot be read at all.
    pub async fn faults(file: &Path) -> Result<Vec<String>, LedgerError> {
        let mut reader = plain(file).await?;
        let told: Vec<String> = sqlx::query_scalar("pragma integrity_check").fetch_all(&mut reader).await?;
        reader.close().await?;
        Ok(told.into_iter().filter(|line| line != "ok").collect())
    }
}

/// Copies a database to a new file, as of one commit.
///
/// # Errors
/// `to` exists, or the database refuses.
pub(in crate::ledger) async fn copy_database(file: &Path, to: &Path) -> Result<(), LedgerError> {
    let mut reader = plain(file).await?;
    sqlx::query("vacuum into ?").bind(to.display().to_string()).execute(&mut reader).await?;
    Ok(reader.close().await?)
}

async fn plain(file: &Path) -> Result<SqliteConnection, sqlx::Error> {
    SqliteConnectOptions::new().filename(file).busy_timeout(Duration::from_secs(10)).connect().await
}
