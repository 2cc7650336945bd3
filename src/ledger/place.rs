//! Where a ledger is: in a data folder or in a PostgreSQL database. Whoever opens one need not know which.

use crate::domain::ids::SeasonId;
use crate::ledger::desk::DeskStore;
use crate::ledger::postgres::Patience;
use crate::ledger::postgres::Postgres;
use crate::ledger::postgres::PostgresUrl;
use crate::ledger::sqlite::Sqlite;
use crate::ledger::store::LedgerError;
use crate::ledger::store::Store;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedgerPlace {
    /// `ledger.db` in it.
    Folder(PathBuf),
    Postgres(PostgresUrl),
}

impl LedgerPlace {
    /// `postgres://…`, `sqlite:FOLDER`, or a folder.
    ///
    /// # Errors
    /// A Chinese sentence without the text: it may hold a password.
    pub fn read(text: &str) -> Result<LedgerPlace, String> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return PostgresUrl::read(text).map(LedgerPlace::Postgres);
        }
        let folder = text.strip_prefix("sqlite:").map_or(text, |rest| rest.strip_prefix("//").unwrap_or(rest));
        if folder.is_empty() || folder.contains("://") {
            return Err("应当是数据文件夹，或 postgres:// 开头的地址".to_owned());
        }
        Ok(LedgerPlace::Folder(folder.into()))
    }

    /// Opens the season's ledger, making it where there is none.
    ///
    /// # Errors
    /// See [`Sqlite::open`] and [`Postgres::open`].
    pub async fn open(&self, season: &SeasonId) -> Result<Arc<dyn Store>, LedgerError> {
        Ok(match self {
            LedgerPlace::Folder(folder) => Arc::new(Sqlite::open(folder, season).await?),
            LedgerPlace::Postgres(url) => Arc::new(Postgres::open(url, season, Patience::default()).await?),
        })
    }

    /// Whose ledger is there; `None` where there is none. Takes nothing over.
    ///
    /// # Errors
    /// See [`Sqlite::season_in`] and [`Postgres::season_in`].
    pub async fn season_there(&self) -> Result<Option<SeasonId>, LedgerError> {
        match self {
            LedgerPlace::Folder(folder) => Sqlite::season_in(folder).await,
            LedgerPlace::Postgres(url) => Postgres::season_in(url, Patience::default()).await,
        }
    }

    /// Opens the season's desk beside the ledger, making it where there is none. A server may run on it.
    ///
    /// # Errors
    /// See [`DeskStore::in_folder`] and [`DeskStore::in_postgres`].
    pub async fn open_desk(&self, season: &SeasonId) -> Result<DeskStore, LedgerError> {
        match self {
            LedgerPlace::Folder(folder) => DeskStore::in_folder(folder, season).await,
            LedgerPlace::Postgres(url) => DeskStore::in_postgres(url, season).await,
        }
    }

    /// Opens the desk that is there, whosever it is; `None` where there is none. A server may run on it.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn open_desk_that_is_there(&self) -> Result<Option<DeskStore>, LedgerError> {
        match self {
            LedgerPlace::Folder(folder) => DeskStore::there_in_folder(folder).await,
            LedgerPlace::Postgres(url) => DeskStore::there_in_postgres(url).await,
        }
    }

    /// Opens a ledger that no server runs on, to be read.
    ///
    /// # Errors
    /// See [`Sqlite::open_stopped`] and [`Postgres::open_stopped`].
    pub async fn open_stopped(&self) -> Result<Arc<dyn Store>, LedgerError> {
        Ok(match self {
            LedgerPlace::Folder(folder) => Arc::new(Sqlite::open_stopped(folder).await?),
            LedgerPlace::Postgres(url) => Arc::new(Postgres::open_stopped(url, Patience::default()).await?),
        })
    }
}

impl fmt::Display for LedgerPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LedgerPlace::Folder(folder) => write!(f, "数据文件夹 {}", folder.display()),
            LedgerPlace::Postgres(url) => write!(f, "{url}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_or_an_address_is_read() {
        for text in ["data", "sqlite:data", "sqlite://data"] {
            assert_eq!(LedgerPlace::read(text), Ok(LedgerPlace::Folder("data".into())));
        }
        assert_eq!(LedgerPlace::read("sqlite:/var/lib/kejing"), Ok(LedgerPlace::Folder("/var/lib/kejing".into())));
        assert!(matches!(LedgerPlace::read("postgres://kejing@localhost/season"), Ok(LedgerPlace::Postgres(_))));
        assert!(LedgerPlace::read("mysql://u:geheim@h/d").is_err_and(|told| !told.contains("geheim")));
    }
}
