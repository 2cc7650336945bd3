//! The job that makes drafts of rows, once a person has said so: all of them or none.

use super::Imports;
use super::Progress;
use super::Seen;
use super::WHOLE;
use super::busy;
use super::own;
use super::subject;
use crate::domain::ids::QuestionId;
use crate::domain::review::Review;
use crate::ledger::desk::ImportRow;
use crate::ledger::desk::NewQuestion;
use crate::ledger::desk::ReadRow;
use crate::ledger::desk::RowStanding;
use crate::ledger::desk::WantedRows;
use crate::ledger::store::LedgerError;
use crate::office::by::By;
use crate::office::fresh::fresh_id;
use crate::office::fresh::head;
use crate::office::powers::Powers;
use crate::office::refusal::DeskRefusal;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeSet;

/// Rows of one turn within the transaction.
const AT_ONCE: i64 = 1_000;

/// Which rows are saved.
#[derive(Clone, Debug)]
pub enum Which {
    /// All that are ready.
    Ready,
    These(BTreeSet<u32>),
}

impl Imports {
    /// Begins to save; the rest waits in the preview.
    ///
    /// # Errors
    /// None of the rows is ready, or one that was named is not; it is not this person's or is being worked on.
    pub async fn confirm(&self, by: &By, powers: &Powers, id: &str, which: Which) -> Result<Seen, DeskRefusal> {
        if !powers.writes {
            return Err(DeskRefusal::Forbidden);
        }
        let mut act = self.0.desk.begin().await?;
        let import = own(act.import(id).await?, &by.staff)?;
        if import.state != "preview" {
            return Err(busy());
        }
        let ready = act.row_counts(id).await?.of(RowStanding::Ready);
        let wanted = match &which {
            Which::Ready => ready,
            Which::These(rows) => {
                for n in rows {
                    let row = act.read_row(id, *n).await?.ok_or(DeskRefusal::NotFound("这一行"))?;
                    if row.standing != RowStanding::Ready {
                        return Err(DeskRefusal::Conflict(format!("第 {n} 题还不能入库，要先改好或确认")));
                    }
                }
                rows.len() as i64
            }
        };
        if wanted == 0 {
            return Err(DeskRefusal::Conflict("没有可以入库的题目".to_owned()));
        }
        let import = ImportRow { state: "saving".to_owned(), error: None, ..import };
        act.update_import(&import).await?;
        act.commit_unrecorded().await?;
        let (by, powers, saved) = (by.clone(), powers.clone(), import.clone());
        self.start(id.to_owned(), |imports, _, progress| async move {
            let Ok(_turn) = imports.0.turn.acquire().await else { return Ok(()) };
            let outcome = imports.save(&by, &powers, &saved, &which, wanted, &progress).await;
            let Err(error) = outcome else { return Ok(()) };
            // Nothing was saved: the preview is as it was, and says what happened.
            let message = "没有存成，一道题也没有写入，请再试一次".to_owned();
            let mut act = imports.0.desk.begin().await?;
            act.update_import(&ImportRow { state: "preview".to_owned(), error: Some(message), ..saved }).await?;
            act.commit_unrecorded().await?;
            Err(error)
        });
        self.seen(import).await
    }

    async fn save(
        &self,
        by: &By,
        powers: &Powers,
        import: &ImportRow,
        which: &Which,
        wanted: i64,
        progress: &Progress,
    ) -> Result<(), LedgerError> {
        let mut act = self.0.desk.begin().await?;
        let reviews = act.bank(&import.bank).await?.map_or(1, |bank| bank.reviews);
        let mut after = 0;
        let mut done = 0;
        loop {
            let ready = WantedRows::Standing(RowStanding::Ready);
            let rows = match which {
                // What has been saved is not ready any more.
                Which::Ready => act.read_rows(&import.id, ready, 0, AT_ONCE).await?,
                Which::These(_) => act.read_rows_after(&import.id, after, AT_ONCE).await?,
            };
            let Some(last) = rows.last() else { break };
            after = last.n;
            let chosen: Vec<ReadRow> = match which {
                Which::Ready => rows,
                Which::These(these) => rows.into_iter().filter(|row| these.contains(&row.n)).collect(),
            };
            let mut new = Vec::with_capacity(chosen.len());
            let mut saved: Vec<(u32, QuestionId)> = Vec::with_capacity(chosen.len());
            for row in chosen {
                let id = fresh_id();
                saved.push((row.n, id.clone()));
                let mut draft = row.draft;
                draft.contributor = draft.contributor.or_else(|| powers.credit.clone());
                let review = Review::begun(by.staff.clone(), reviews);
                let head = head(by, &import.bank, id, review, &draft, powers.place());
                new.push(NewQuestion { head, draft, what: "imported" });
            }
            act.insert_questions(&new).await?;
            act.read_rows_saved(&import.id, &saved).await?;
            done += saved.len() as i64;
            progress.between(0, WHOLE, done as u32, wanted as u32);
        }
        let counts = act.row_counts(&import.id).await?;
        let left: i64 =
            [RowStanding::Ready, RowStanding::ToCheck, RowStanding::Refused].map(|of| counts.of(of)).iter().sum();
        let state = if left == 0 { "saved" } else { "preview" };
        act.update_import(&ImportRow { state: state.to_owned(), ..import.clone() }).await?;
        if left == 0 {
            act.forget_import_bytes(&import.id).await?;
        }
        let told = json!({"bank": import.bank, "name": import.name, "questions": done, "left": left});
        act.commit(by.change("import.saved", subject(&import.id), Value::Null, told)).await
    }
}
