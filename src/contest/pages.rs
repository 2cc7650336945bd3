//! A long read of the ledger: the next page is on its way while the last one is taken up.

use crate::ledger::store::LedgerError;
use crate::ledger::store::PAGE_ROWS;
use crate::ledger::store::Store;
use std::sync::Arc;
use tokio::task::JoinHandle;

/// Pages in the order of their keys.
pub(crate) struct Pages<'s, T, K, F> {
    store: &'s Arc<dyn Store>,
    read: F,
    key: fn(&T) -> K,
    next: Option<JoinHandle<Result<Vec<T>, LedgerError>>>,
}

impl<'s, T, K, F, R> Pages<'s, T, K, F>
where
    T: Send + 'static,
    F: Fn(Arc<dyn Store>, K) -> R,
    R: Future<Output = Result<Vec<T>, LedgerError>> + Send + 'static,
{
    /// `read` tells the page after a key, `key` a row's own.
    pub(crate) fn new(store: &'s Arc<dyn Store>, after: K, read: F, key: fn(&T) -> K) -> Self {
        let next = Some(tokio::spawn(read(Arc::clone(store), after)));
        Pages { store, read, key, next }
    }

    /// The next page, or `None` after the last. Dropped in between, a page that is being read is read to its end and forgotten.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<T>>, LedgerError> {
        let Some(reading) = self.next.take() else { return Ok(None) };
        let page = reading.await.map_err(|_| LedgerError::Stopped)??;
        if let Some(last) = page.last().filter(|_| page.len() as i64 == PAGE_ROWS) {
            self.next = Some(tokio::spawn((self.read)(Arc::clone(self.store), (self.key)(last))));
        }
        Ok(Some(page))
    }
}
