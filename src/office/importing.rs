//! Files on their way into a bank: read in the background, kept as a preview across restarts, mended row by row. Nothing is in the
//! bank before a person confirms.

mod reading;
mod rows;
mod saving;

pub use reading::Found;
pub use reading::FoundColumn;
pub use reading::Told;
pub use reading::ToldDefaults;
pub use rows::Mend;
pub use saving::Which;

use crate::domain::ids::StaffId;
use crate::formats::import;
use crate::formats::import::Format;
use crate::formats::import::Item;
use crate::formats::import::rest_sheet;
use crate::ledger::desk::DeskStore;
use crate::ledger::desk::ImportRow;
use crate::ledger::desk::RowCounts;
use crate::ledger::desk::RowStanding;
use crate::ledger::desk::WantedRows;
use crate::ledger::store::LedgerError;
use crate::office::by::By;
use crate::office::fresh::fresh_name;
use crate::office::powers::Powers;
use crate::office::refusal::DeskRefusal;
use serde_json::Value;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

/// Imports of a bank that are kept; more are refused until some are deleted.
pub const IMPORTS_MAX: i64 = 100;
/// Questions of one file; a larger one fails and says so.
pub const ITEMS_MAX: usize = 100_000;
/// Files that are read or saved at once; more wait their turn.
const AT_ONCE: usize = 1;
/// Characters of a file's name; the rest is cut.
const NAME_MAX: usize = 120;
/// Progress is told in thousandths.
pub const WHOLE: u32 = 1_000;

/// The desk's imports, and the work on them that is under way.
#[derive(Clone)]
pub struct Imports(Arc<Inner>);

struct Inner {
    desk: DeskStore,
    turn: Semaphore,
    under_way: Mutex<HashMap<String, Arc<Progress>>>,
    tasks: TaskTracker,
}

/// How far a job is.
#[derive(Default)]
struct Progress {
    done: AtomicU32,
    /// The import was deleted, or the process stops.
    stop: AtomicBool,
}

impl Progress {
    /// `done` of `of` between two thousandths.
    fn between(&self, from: u32, to: u32, done: u32, of: u32) {
        let of = u64::from(of.max(1));
        let done = u64::from(done).min(of);
        self.done.store(from + (u64::from(to - from) * done / of) as u32, Ordering::Relaxed);
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// An import as it is told.
#[derive(Clone, Debug)]
pub struct Seen {
    pub import: ImportRow,
    /// In thousandths.
    pub done: u32,
    pub counts: RowCounts,
    pub told: Told,
    pub found: Found,
}

impl Imports {
    pub fn new(desk: DeskStore) -> Imports {
        Imports(Arc::new(Inner {
            desk,
            turn: Semaphore::new(AT_ONCE),
            under_way: Mutex::default(),
            tasks: TaskTracker::new(),
        }))
    }

    /// Takes up what a stop interrupted: files are read again, and what was not saved yet can be confirmed again.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn resume(&self) -> Result<(), LedgerError> {
        let interrupted = self.0.desk.read().await?.imports_under_way().await?;
        for import in interrupted {
            if import.state == "reading" {
                self.start_reading(import.id);
            } else {
                let mut act = self.0.desk.begin().await?;
                let error = Some("存到一半时服务器停了：存进的都在题库里，其余的还在这里，请再存一次".to_owned());
                act.update_import(&ImportRow { state: "preview".to_owned(), error, ..import }).await?;
                act.commit_unrecorded().await?;
            }
        }
        Ok(())
    }

    /// Waits for the work that is under way to break off.
    pub async fn stop(&self) {
        for progress in self.under_way().values() {
            progress.stop.store(true, Ordering::Relaxed);
        }
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    /// Waits until nothing is under way; for commands and tests.
    pub async fn settled(&self) {
        while !self.under_way().is_empty() {
            tokio::task::yield_now().await;
        }
    }

    /// Takes a file in and begins to read it.
    ///
    /// # Errors
    /// The person imports nothing here, the bank is not there, or has too many imports.
    pub async fn upload(
        &self,
        by: &By,
        powers: &Powers,
        bank: &str,
        name: &str,
        format: Option<Format>,
        bytes: Vec<u8>,
    ) -> Result<Seen, DeskRefusal> {
        if !powers.writes {
            return Err(DeskRefusal::Forbidden);
        }
        if bytes.is_empty() {
            return Err(DeskRefusal::Bad("文件是空的".to_owned()));
        }
        let told = Told { format: format.map(|format| format.code().to_owned()), ..Told::default() };
        let import = ImportRow {
            id: fresh_name(),
            bank: bank.to_owned(),
            name: name.trim().chars().take(NAME_MAX).collect(),
            at: by.at,
            by: by.staff.clone(),
            by_name: by.name.clone(),
            state: "reading".to_owned(),
            done: 0,
            items: 0,
            told: told.written(),
            found: Found::default().written(),
            error: None,
        };
        let mut act = self.0.desk.begin().await?;
        act.bank(bank).await?.ok_or(DeskRefusal::NotFound("这个题库"))?;
        if act.imports(bank, IMPORTS_MAX).await?.len() as i64 >= IMPORTS_MAX {
            return Err(DeskRefusal::Conflict(format!("这个题库已经有 {IMPORTS_MAX} 份导入，请先删掉一些")));
        }
        act.insert_import(&import, &bytes).await?;
        let after = json!({"bank": bank, "name": import.name, "bytes": bytes.len()});
        act.commit(by.change("import.uploaded", subject(&import.id), Value::Null, after)).await?;
        self.start_reading(import.id.clone());
        self.seen(import).await
    }

    /// Reads the file again, as the person now says that it is to be read. What was mended stays mended.
    ///
    /// # Errors
    /// It is being read or saved, or some of it is saved.
    pub async fn tell(&self, by: &By, id: &str, change: impl FnOnce(&mut Told)) -> Result<Seen, DeskRefusal> {
        let mut act = self.0.desk.begin().await?;
        let import = own(act.import(id).await?, &by.staff)?;
        let counts = act.row_counts(id).await?;
        if import.state != "preview" && import.state != "failed" {
            return Err(busy());
        }
        if counts.of(RowStanding::Saved) > 0 {
            let message = "已经有题目存进题库，不能再改识别方式；其余的可以逐题修改，或者另传一次";
            return Err(DeskRefusal::Conflict(message.to_owned()));
        }
        let before = import.told.clone();
        let mut told = Told::read(&import.told);
        change(&mut told);
        let told = told.written();
        let import = ImportRow { state: "reading".to_owned(), error: None, done: 0, told, ..import };
        act.update_import(&import).await?;
        let json = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
        act.commit(by.change("import.told", subject(id), json(&before), json(&import.told))).await?;
        self.start_reading(import.id.clone());
        self.seen(import).await
    }

    /// # Errors
    /// It is not this person's, or the database refuses.
    pub async fn delete(&self, by: &By, id: &str) -> Result<(), DeskRefusal> {
        let mut act = self.0.desk.begin().await?;
        let import = own(act.import(id).await?, &by.staff)?;
        if import.state == "saving" {
            return Err(busy());
        }
        if let Some(progress) = self.under_way().get(id) {
            progress.stop.store(true, Ordering::Relaxed);
        }
        act.delete_import(id).await?;
        let before = json!({"bank": import.bank, "name": import.name});
        Ok(act.commit(by.change("import.deleted", subject(id), before, Value::Null)).await?)
    }

    /// # Errors
    /// There is none, or the database refuses.
    pub async fn import(&self, id: &str) -> Result<Seen, DeskRefusal> {
        let import = self.0.desk.read().await?.import(id).await?;
        self.seen(import.ok_or(DeskRefusal::NotFound("这份导入"))?).await
    }

    /// Of a bank, newest first.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn of_bank(&self, bank: &str) -> Result<Vec<Seen>, DeskRefusal> {
        let imports = self.0.desk.read().await?.imports(bank, IMPORTS_MAX).await?;
        let mut seen = Vec::with_capacity(imports.len());
        for import in imports {
            seen.push(self.seen(import).await?);
        }
        Ok(seen)
    }

    /// What is to be checked or mended, with the reasons: a table that can be imported again.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn rest(&self, id: &str) -> Result<Vec<u8>, DeskRefusal> {
        let mut link = self.0.desk.read().await?;
        let mut left = Vec::new();
        for standing in [RowStanding::ToCheck, RowStanding::Refused] {
            left.extend(link.read_rows(id, WantedRows::Standing(standing), 0, ITEMS_MAX as i64).await?);
        }
        left.sort_by_key(|row| row.n);
        let written = tokio::task::spawn_blocking(move || {
            let items: Vec<Item> = left.into_iter().map(rows::as_item).collect();
            rest_sheet(&items)
        });
        let written = written.await.map_err(|_| LedgerError::Stopped)?;
        written.map_err(|error| DeskRefusal::Conflict(format!("写不成表格：{error}")))
    }

    async fn seen(&self, import: ImportRow) -> Result<Seen, DeskRefusal> {
        let counts = self.0.desk.read().await?.row_counts(&import.id).await?;
        let under_way = self.under_way().get(&import.id).map(|progress| progress.done.load(Ordering::Relaxed));
        let at_rest = if matches!(import.state.as_str(), "preview" | "saved") { WHOLE } else { 0 };
        Ok(Seen {
            done: under_way.unwrap_or(at_rest),
            counts,
            told: Told::read(&import.told),
            found: Found::read(&import.found),
            import,
        })
    }

    fn under_way(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Progress>>> {
        self.0.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a job on an import, so that its progress is told and a stop waits for it.
    fn start<F>(&self, id: String, job: impl FnOnce(Imports, String, Arc<Progress>) -> F)
    where
        F: Future<Output = Result<(), LedgerError>> + Send + 'static,
    {
        let progress = Arc::new(Progress::default());
        self.under_way().insert(id.clone(), Arc::clone(&progress));
        let work = job(self.clone(), id.clone(), progress);
        let imports = self.clone();
        self.0.tasks.spawn(async move {
            if let Err(error) = work.await {
                tracing::error!(%error, import = id, "an import could not be worked on");
            }
            imports.under_way().remove(&id);
        });
    }
}

/// A table to fill in.
///
/// # Errors
/// It could not be made.
pub fn template() -> Result<Vec<u8>, DeskRefusal> {
    import::template().map_err(|error| DeskRefusal::Conflict(format!("写不成表格：{error}")))
}

fn busy() -> DeskRefusal {
    DeskRefusal::Conflict("这份导入正在处理，请稍候".to_owned())
}

/// Whoever took a file in goes on with it: what they mend is theirs, and so they don't approve it.
fn own(import: Option<ImportRow>, staff: &StaffId) -> Result<ImportRow, DeskRefusal> {
    let import = import.ok_or(DeskRefusal::NotFound("这份导入"))?;
    if import.by == *staff { Ok(import) } else { Err(DeskRefusal::Forbidden) }
}

pub fn subject(id: &str) -> String {
    format!("import:{id}")
}
