//! The long reads, a page at a time: what a start, a replay and a copy go through from end to end. They are rusqlite's, because
//! sqlx hands over each row through a channel between two threads, which takes longer than reading it.

use super::BUSY;
use super::CACHE_KIB;
use crate::ledger::columns;
use crate::ledger::columns::SELECT_ANSWER;
use crate::ledger::columns::SELECT_RUN;
use crate::ledger::entry::EntryNumber;
use crate::ledger::rows::RawAnswer;
use crate::ledger::store::LedgerError;
use crate::ledger::store::PAGE_ROWS;
use futures_util::future::BoxFuture;
use rusqlite::Connection;
use rusqlite::OpenFlags;
use rusqlite::Row;
use std::path::Path;
use std::path::PathBuf;

/// Where pages are read from. Each comes through a connection of its own, which takes a hundredth of the page's time to open
/// and leaves nothing behind once a start is over.
pub(super) struct Pages {
    file: PathBuf,
}

impl Pages {
    pub(super) fn of(folder: &Path) -> Pages {
        Pages { file: folder.join("ledger.db") }
    }

    /// The page after the key `after`, read on a thread that may block. `tail` binds the key and the most rows.
    pub(super) fn after<T: Send + 'static>(
        &self,
        head: &'static str,
        tail: &'static str,
        after: i64,
        read: fn(&Row<'_>) -> Result<T, LedgerError>,
    ) -> BoxFuture<'static, Result<Vec<T>, LedgerError>> {
        let file = self.file.clone();
        let page = move || {
            let reader = reader(&file)?;
            let mut statement = reader.prepare(&format!("{head} {tail}"))?;
            let mut rows = statement.query((after, PAGE_ROWS))?;
            let mut page = Vec::new();
            while let Some(row) = rows.next()? {
                page.push(read(row)?);
            }
            Ok(page)
        };
        Box::pin(async move { tokio::task::spawn_blocking(page).await.map_err(|_| LedgerError::Stopped)? })
    }

    /// The raw answers after a number: first those from before there were runs, whose numbers are all lower.
    pub(super) fn answers(&self, after: EntryNumber) -> BoxFuture<'static, Result<Vec<RawAnswer>, LedgerError>> {
        let file = self.file.clone();
        let page = move || {
            let reader = reader(&file)?;
            let mut page = Vec::new();
            let mut statement = reader.prepare(&format!("{SELECT_ANSWER} where n > ? order by n limit ?"))?;
            let mut rows = statement.query((after, PAGE_ROWS))?;
            while let Some(row) = rows.next()? {
                page.push(columns::raw_answer(row)?);
            }
            let mut statement = reader.prepare(&format!("{SELECT_RUN} where last_n > ? order by last_n"))?;
            let mut rows = statement.query([after])?;
            while (page.len() as i64) < PAGE_ROWS
                && let Some(row) = rows.next()?
            {
                page.extend(columns::run(row)?.into_iter().filter(|answer| answer.n > after));
            }
            page.truncate(PAGE_ROWS as usize);
            Ok(page)
        };
        Box::pin(async move { tokio::task::spawn_blocking(page).await.map_err(|_| LedgerError::Stopped)? })
    }
}

fn reader(file: &Path) -> Result<Connection, LedgerError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let reader = Connection::open_with_flags(file, flags)?;
    reader.busy_timeout(BUSY)?;
    reader.pragma_update(None, "query_only", "on")?;
    reader.pragma_update(None, "cache_size", CACHE_KIB)?;
    Ok(reader)
}
