//! The job that makes drafts of rows, once a person has said so: some at a time, each row and its question in one act, so that others' acts come in
//! between and a stop splits nothing.

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
use crate::ledger::desk::Link;
use crate::ledger::desk::NewQuestion;
use crate::ledger::desk::ReadRow;
use crate::ledger::desk::RowStanding;
use crate::ledger::store::LedgerError;
use crate::office::by::By;
use crate::office::fresh::fresh_id;
use crate::office::fresh::head;
use crate::office::powers::Powers;
use crate::office::refusal::DeskRefusal;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeSet;

/// Rows of one act: others wait no longer than for so many. A power of two goes in the fewest statements.
const AT_ONCE: usize = 1_024;

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
                let standings = act.row_standings(id).await?;
                for n in rows {
                    let standing = standings.get(n).ok_or(DeskRefusal::NotFound("这一行"))?;
                    if *standing != RowStanding::Ready {
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
        let job = Job { by: by.clone(), powers: powers.clone(), import: import.clone(), which, wanted };
        self.start(id.to_owned(), |imports, _, progress| async move {
            let Ok(_turn) = imports.0.turn.acquire().await else { return Ok(()) };
            let mut done = 0;
            let Err(error) = job.save(&imports, &progress, &mut done).await else { return Ok(()) };
            // What is not saved is as it was, and the preview says what happened.
            let message = match done {
                0 => "没有存成，一道题也没有写入，请再试一次".to_owned(),
                done => format!("存到一半停了：存进了 {done} 道，其余的还在这里，请再存一次"),
            };
            let mut act = imports.0.desk.begin().await?;
            let left = ImportRow { state: "preview".to_owned(), error: Some(message), ..job.import };
            act.update_import(&left).await?;
            act.commit_unrecorded().await?;
            Err(error)
        });
        self.seen(import).await
    }
}

struct Job {
    by: By,
    powers: Powers,
    /// Nobody mends its rows meanwhile.
    import: ImportRow,
    which: Which,
    wanted: i64,
}

impl Job {
    /// `done` is how many are saved for good, whatever happens then.
    async fn save(&self, imports: &Imports, progress: &Progress, done: &mut i64) -> Result<(), LedgerError> {
        let desk = &imports.0.desk;
        let mut link = desk.read().await?;
        let reviews = link.bank(&self.import.bank).await?.map_or(1, |bank| bank.reviews);
        let counts = link.row_counts(&self.import.id).await?;
        let open: i64 =
            [RowStanding::Ready, RowStanding::ToCheck, RowStanding::Refused].map(|of| counts.of(of)).iter().sum();
        let mut rows = self.rows_after(&mut link, 0).await?;
        drop(link);
        // Stopped: the next start shows what is left.
        while !progress.stopped()
            && let Some(last) = rows.last()
        {
            let after = last.n;
            let (new, saved) = self.questions_of(rows, reviews);
            let now = *done + saved.len() as i64;
            let mut act = desk.begin().await?;
            act.insert_questions(&new).await?;
            act.read_rows_saved(&self.import.id, &saved).await?;
            let left = open - now;
            if now >= self.wanted {
                let state = if left == 0 { "saved" } else { "preview" };
                act.update_import(&ImportRow { state: state.to_owned(), ..self.import.clone() }).await?;
            }
            if left == 0 {
                act.forget_import_bytes(&self.import.id).await?;
            }
            let told =
                json!({"bank": self.import.bank, "name": self.import.name, "questions": saved.len(), "left": left});
            act.commit(self.by.change("import.saved", subject(&self.import.id), Value::Null, told)).await?;
            *done = now;
            progress.between(0, WHOLE, now as u32, self.wanted as u32);
            rows = self.rows_after(&mut desk.read().await?, after).await?;
        }
        Ok(())
    }

    async fn rows_after(&self, link: &mut Link, after: u32) -> Result<Vec<ReadRow>, LedgerError> {
        match &self.which {
            Which::Ready => link.ready_rows_after(&self.import.id, after, AT_ONCE as i64).await,
            Which::These(these) => {
                let some: Vec<u32> = these.range(after + 1..).take(AT_ONCE).copied().collect();
                link.these_rows(&self.import.id, &some).await
            }
        }
    }

    fn questions_of(&self, rows: Vec<ReadRow>, reviews: u8) -> (Vec<NewQuestion>, Vec<(u32, QuestionId)>) {
        let question = |row: ReadRow| {
            let id = fresh_id();
            let mut draft = row.draft;
            draft.contributor = draft.contributor.or_else(|| self.powers.credit.clone());
            let review = Review::begun(self.by.staff.clone(), reviews);
            let head = head(&self.by, &self.import.bank, id.clone(), review, &draft, self.powers.place());
            (NewQuestion { head, draft, what: "imported" }, (row.n, id))
        };
        rows.into_iter().map(question).unzip()
    }
}
