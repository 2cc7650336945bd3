//! The job that reads a file: what the person told goes in, rows with their remarks and twins come out.

use super::ITEMS_MAX;
use super::Imports;
use super::Progress;
use super::WHOLE;
use super::rows::kept;
use crate::domain::draft::Draft;
use crate::formats::import;
use crate::formats::import::Defaults;
use crate::formats::import::Field;
use crate::formats::import::Format;
use crate::formats::import::Mapping;
use crate::formats::import::Preview;
use crate::formats::import::Source;
use crate::ledger::desk::ImportRow;
use crate::ledger::desk::KeptRemark;
use crate::ledger::desk::ReadRow;
use crate::ledger::desk::RowStanding;
use crate::ledger::store::LedgerError;
use crate::office::twins;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;

/// Rows of one transaction: others' acts wait no longer than for so many. A power of two goes in the fewest statements.
const ROWS_AT_ONCE: usize = 2_048;
/// Texts of the bank that are read at once.
const PAGE: i64 = 2_000;
/// Thousandths of the whole after which a file has been read, and after which its twins are known.
const READ: u32 = 400;
const COMPARED: u32 = 750;
/// Remarks on the file as a whole that are kept.
const REMARKS_MAX: usize = 200;

/// What the person says of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Told {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// By the columns' numbers from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub columns: Option<BTreeMap<u32, String>>,
    pub defaults: ToldDefaults,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ToldDefaults {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difficulty: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contributor: Option<String>,
}

/// What was seen in the file, besides its rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Found {
    pub format: String,
    /// Of a table with several.
    pub sheets: Vec<String>,
    pub columns: Vec<FoundColumn>,
    pub mapping_needed: bool,
    pub remarks: Vec<KeptRemark>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundColumn {
    pub n: u32,
    pub title: String,
    pub samples: Vec<String>,
    pub part: Option<String>,
}

impl Told {
    pub(super) fn read(text: &str) -> Told {
        serde_json::from_str(text).unwrap_or_default()
    }

    pub(super) fn written(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Found {
    pub(super) fn read(text: &str) -> Found {
        serde_json::from_str(text).unwrap_or_default()
    }

    pub(super) fn written(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Imports {
    pub(super) fn start_reading(&self, id: String) {
        self.start(id, |imports, id, progress| async move {
            let Ok(_turn) = imports.0.turn.acquire().await else { return Ok(()) };
            imports.read(&id, &progress).await
        });
    }

    async fn read(&self, id: &str, progress: &Arc<Progress>) -> Result<(), LedgerError> {
        let mut link = self.0.desk.read().await?;
        let Some(import) = link.import(id).await? else { return Ok(()) };
        let Some(bytes) = link.import_bytes(id).await? else { return Ok(()) };
        let mended = mended(&mut link, id).await?;
        drop(link);
        let (told, name) = (Told::read(&import.told), import.name.clone());
        let watched = Arc::clone(progress);
        let reading = tokio::task::spawn_blocking(move || preview(&name, &bytes, &told, &watched)).await;
        let Ok(Some(preview)) = reading else {
            // Stopped: the next start reads it again. Or it panicked, which is a fault of ours.
            return if reading.is_err() {
                self.failed(import, "这个文件读不了：程序出错了".to_owned()).await
            } else {
                Ok(())
            };
        };
        if preview.import.items.len() > ITEMS_MAX {
            return self.failed(import, format!("这个文件里有 {ITEMS_MAX} 道以上的题，请分成几个文件")).await;
        }
        let bank = twins::all_of(&self.0.desk, &import.bank).await?;
        let watched = Arc::clone(progress);
        let compared = tokio::task::spawn_blocking(move || {
            let found = found(&preview);
            let mut rows = rows(preview, mended);
            let mut watch = |done, of| {
                watched.between(READ, COMPARED, done, of);
                !watched.stopped()
            };
            twins::find(&mut rows, &bank, &mut watch).then_some((found, rows))
        });
        let Some((found, rows)) = compared.await.map_err(|_| LedgerError::Stopped)? else { return Ok(()) };
        self.keep(import, &found, &rows, progress).await
    }

    async fn failed(&self, import: ImportRow, error: String) -> Result<(), LedgerError> {
        let mut act = self.0.desk.begin().await?;
        act.delete_read_rows(&import.id).await?;
        act.update_import(&ImportRow { state: "failed".to_owned(), error: Some(error), ..import }).await?;
        act.commit_unrecorded().await
    }

    /// In batches, so that others' acts come in between; the last one makes it a preview.
    async fn keep(
        &self,
        import: ImportRow,
        found: &Found,
        rows: &[ReadRow],
        progress: &Progress,
    ) -> Result<(), LedgerError> {
        let mut done = 0;
        let batches = rows.chunks(ROWS_AT_ONCE).map(Some).chain([None]);
        for (place, batch) in batches.enumerate() {
            let mut act = self.0.desk.begin().await?;
            if progress.stopped() || act.import(&import.id).await?.is_none() {
                return Ok(());
            }
            if place == 0 {
                act.delete_read_rows(&import.id).await?;
            }
            match batch {
                Some(batch) => {
                    act.insert_read_rows(&import.id, batch).await?;
                    done += batch.len();
                }
                None => {
                    let (state, error) = outcome(found, rows);
                    let found = found.written();
                    let items = rows.len() as i64;
                    let told = ImportRow { state, error, found, items, done: items, ..import.clone() };
                    act.update_import(&told).await?;
                }
            }
            act.commit_unrecorded().await?;
            progress.between(COMPARED, WHOLE, done as u32, rows.len() as u32);
        }
        Ok(())
    }
}

/// A file in which nothing could be read has failed, unless the person can still say what its columns hold.
fn outcome(found: &Found, rows: &[ReadRow]) -> (String, Option<String>) {
    let why = found.remarks.iter().find(|remark| remark.gravity == "refused");
    match why {
        Some(why) if rows.is_empty() && !found.mapping_needed => ("failed".to_owned(), Some(why.message.clone())),
        _ => ("preview".to_owned(), None),
    }
}

/// `None`: it was stopped.
fn preview(name: &str, bytes: &[u8], told: &Told, progress: &Progress) -> Option<Preview> {
    let columns = told.columns.as_ref().map(|columns| -> Mapping {
        columns.iter().filter_map(|(n, code)| Some((*n, Field::of_code(code)?))).collect()
    });
    let source = Source {
        file: name,
        bytes,
        format: told.format.as_deref().and_then(Format::of_code),
        sheet: told.sheet.as_deref(),
        columns,
        defaults: defaults(&told.defaults),
    };
    let mut watch = |done, of| {
        progress.between(0, READ, done, of);
        !progress.stopped()
    };
    import::read(&source, &mut watch).ok()
}

fn defaults(told: &ToldDefaults) -> Defaults {
    let ToldDefaults { topic, difficulty, source, explanation, contributor } = told.clone();
    Defaults { topic, difficulty, source, explanation, contributor }
}

fn found(preview: &Preview) -> Found {
    let table = preview.table.clone().unwrap_or_default();
    Found {
        format: preview.import.format.code().to_owned(),
        sheets: table.sheets.into_iter().map(|sheet| sheet.name).collect(),
        columns: table
            .columns
            .into_iter()
            .map(|column| FoundColumn {
                n: column.n,
                title: column.title,
                samples: column.samples.into_iter().take(3).collect(),
                part: column.field.map(Field::code),
            })
            .collect(),
        mapping_needed: table.mapping_needed,
        remarks: preview.import.remarks.iter().take(REMARKS_MAX).map(kept).collect(),
    }
}

/// Rows that a person mended, by what stood there: the file may be read differently now, its words are the same.
async fn mended(
    link: &mut crate::ledger::desk::Link,
    import: &str,
) -> Result<HashMap<(u32, String), ReadRow>, LedgerError> {
    let mut found = HashMap::new();
    let mut after = 0;
    loop {
        let page = link.read_rows_after(import, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after = last.n;
        let touched = page.into_iter().filter(|row| row.mended);
        found.extend(touched.map(|row| ((row.line, row.raw.clone()), row)));
    }
}

fn rows(preview: Preview, mut mended: HashMap<(u32, String), ReadRow>) -> Vec<ReadRow> {
    let read = (1..).zip(preview.import.items).map(|(n, item)| {
        let fresh = super::rows::of_item(n, item);
        match mended.remove(&(fresh.line, fresh.raw.clone())) {
            Some(kept) => read_again(fresh, kept),
            None => fresh,
        }
    });
    read.collect()
}

/// What a person wrote stays. What they only accepted or left out was what the file said then: where it now says something else, that
/// is to be looked at anew, so that no key that came from a wrong column goes on.
fn read_again(fresh: ReadRow, kept: ReadRow) -> ReadRow {
    let doubts = |row: &ReadRow| -> Vec<String> {
        row.remarks.iter().filter(|remark| remark.gravity == "to_check").map(|remark| remark.code.clone()).collect()
    };
    let known = doubts(&kept);
    match kept.standing {
        RowStanding::Skipped => ReadRow { standing: RowStanding::Skipped, mended: true, ..fresh },
        RowStanding::Ready if !known.is_empty() => {
            let asks = |draft: &Draft| (draft.kind, draft.stem.clone(), draft.options.clone(), draft.key);
            let nothing_new = doubts(&fresh).iter().all(|doubt| known.contains(doubt));
            let as_accepted = asks(&fresh.draft) == asks(&kept.draft) && nothing_new;
            if as_accepted && fresh.standing != RowStanding::Refused {
                ReadRow { standing: RowStanding::Ready, mended: true, ..fresh }
            } else {
                fresh
            }
        }
        _ => ReadRow { n: fresh.n, same: false, twins: Vec::new(), ..kept },
    }
}
