//! A long read of the ledger: the next pages are on their way while the last one is taken up.

use crate::ledger::store::LedgerError;
use crate::ledger::store::PAGE_ROWS;
use crate::ledger::store::Store;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::task::JoinHandle;

/// So many pages are being read at once: as many as a small machine has processors.
const AHEAD: usize = 2;

/// Pages in the order of their rows' numbers. Numbers are given one after the other, so where a page will end is known before it has been
/// read, and the one behind it is read beside it. Where a number was left out after all, that one is read again.
pub(crate) struct Pages<'s, T, F> {
    store: &'s Arc<dyn Store>,
    read: F,
    number: fn(&T) -> i64,
    /// Each with the number that it comes after.
    ahead: VecDeque<(i64, JoinHandle<Result<Vec<T>, LedgerError>>)>,
}

impl<'s, T, F, R> Pages<'s, T, F>
where
    T: Send + 'static,
    F: Fn(Arc<dyn Store>, i64) -> R,
    R: Future<Output = Result<Vec<T>, LedgerError>> + Send + 'static,
{
    /// All rows from number 1 on. `read` tells the page after a number, `number` a row's own.
    pub(crate) fn new(store: &'s Arc<dyn Store>, read: F, number: fn(&T) -> i64) -> Self {
        let mut pages = Pages { store, read, number, ahead: VecDeque::with_capacity(AHEAD) };
        pages.read_on(0);
        pages
    }

    fn read_on(&mut self, from: i64) {
        while self.ahead.len() < AHEAD {
            let after = self.ahead.back().map_or(from, |(after, _)| after + PAGE_ROWS);
            self.ahead.push_back((after, tokio::spawn((self.read)(Arc::clone(self.store), after))));
        }
    }

    /// Waits for what was read in vain, nearly always a page behind the last: until then it holds the ledger.
    async fn forget(&mut self) {
        for (_, reading) in self.ahead.drain(..) {
            let _ = reading.await;
        }
    }

    /// The next page, or `None` after the last. Dropped in between, pages that are being read are read to their end and forgotten.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<T>>, LedgerError> {
        let Some((_, reading)) = self.ahead.pop_front() else { return Ok(None) };
        let page = reading.await.map_err(|_| LedgerError::Stopped)??;
        match page.last().filter(|_| page.len() as i64 == PAGE_ROWS).map(self.number) {
            Some(last) => {
                if self.ahead.front().is_some_and(|(after, _)| *after != last) {
                    self.forget().await;
                }
                self.read_on(last);
            }
            None => self.forget().await,
        }
        Ok(Some(page))
    }
}
