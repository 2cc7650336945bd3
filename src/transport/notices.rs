//! 公告 as everyone sees them: packed once when they change, not for each of the phones that ask after one was told.

use crate::ledger::desk::DeskStore;
use crate::ledger::desk::NoticeRow;
use crate::ledger::store::LedgerError;
use crate::office::notices;
use crate::transport::packed::Packed;
use serde::Serialize;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;

pub struct Notices(RwLock<Arc<Packed>>);

#[derive(Serialize)]
struct View<'a> {
    notices: Vec<NoticeView<'a>>,
}

#[derive(Serialize)]
struct NoticeView<'a> {
    id: &'a str,
    at: i64,
    level: &'a str,
    text: &'a str,
}

impl Notices {
    /// # Errors
    /// The desk's tables cannot be read.
    pub async fn of(desk: &DeskStore) -> Result<Notices, LedgerError> {
        Ok(Notices(RwLock::new(packed(&notices::shown(desk).await?))))
    }

    /// As they stand by now.
    ///
    /// # Errors
    /// The desk's tables cannot be read; then the old ones stay.
    pub async fn refresh(&self, desk: &DeskStore) -> Result<(), LedgerError> {
        let packed = packed(&notices::shown(desk).await?);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = packed;
        Ok(())
    }

    pub fn packed(&self) -> Arc<Packed> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn packed(rows: &[NoticeRow]) -> Arc<Packed> {
    fn view(row: &NoticeRow) -> NoticeView<'_> {
        NoticeView { id: &row.id, at: row.at.0, level: &row.level, text: &row.text }
    }
    let body = serde_json::to_vec(&View { notices: rows.iter().map(view).collect() }).unwrap_or_default();
    Arc::new(Packed::of(body.into(), "application/json"))
}
