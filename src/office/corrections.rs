//! 更正 at the desk: proposed by one, previewed in the background, decided by another, applied one at a time. What is in the ledger stands;
//! the desk's tables say how it came there.

mod foreseen;

pub use foreseen::Board;
pub use foreseen::CameTo;
pub use foreseen::Foreseen;
pub use foreseen::Moved;

use crate::contest::core::Contest;
use crate::contest::correct::CorrectionRefusal;
use crate::contest::correct::Progress;
use crate::contest::correct::Proposal;
use crate::domain::correction::Remedy;
use crate::domain::ids::QuestionId;
use crate::domain::ids::StaffId;
use crate::ledger::desk::Act;
use crate::ledger::desk::CorrectionRow;
use crate::ledger::desk::CorrectionState;
use crate::ledger::desk::DeskStore;
use crate::ledger::store::LedgerError;
use crate::office::by::By;
use crate::office::by::because;
use crate::office::complaints;
use crate::office::fresh::fresh_name;
use crate::office::refusal::DeskRefusal;
use crate::office::refusal::REASON_MAX;
use crate::office::refusal::said;
use serde_json::Value;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

/// Proposals that wait to be decided; more are refused until some are.
pub const PROPOSED_MAX: usize = 100;
/// Corrections of a list, the newest.
pub const LISTED_MAX: i64 = 500;
/// Previews that are made at once, each holding everybody's tallies twice; more wait their turn.
const PREVIEWS_AT_ONCE: usize = 1;
/// A preview is out of date once so many attempts have been started since …
const MOVED_ON_MIN: i64 = 100;
/// … and they are more than one in so many of those that it has read.
const MOVED_ON_SHARE: i64 = 20;

/// The desk's corrections, and the work on them that is under way.
#[derive(Clone)]
pub struct Corrections(Arc<Inner>);

struct Inner {
    desk: DeskStore,
    contest: Arc<Contest>,
    previewing: Semaphore,
    under_way: Mutex<HashMap<String, Arc<Progress>>>,
    tasks: TaskTracker,
}

/// A correction as it is told.
#[derive(Clone, Debug)]
pub struct Seen {
    pub row: CorrectionRow,
    /// Attempts read of how many, while a preview is made or it is being applied.
    pub progress: Option<(i64, i64)>,
    pub preview: Option<Foreseen>,
    pub applied: Option<CameTo>,
    /// Why the preview is not what would be decided on any more.
    pub moved_on: Option<String>,
    /// What would undo it.
    pub undo: Option<Remedy>,
}

/// What is proposed.
#[derive(Clone, Debug)]
pub struct Proposing {
    pub bank: String,
    pub question: QuestionId,
    /// Digests; none: every version that papers were drawn from.
    pub versions: Vec<String>,
    pub remedy: Remedy,
    /// For the record.
    pub reason: String,
    /// 勘误
    pub words: String,
    pub complaint: Option<String>,
}

impl Corrections {
    pub fn new(desk: DeskStore, contest: Arc<Contest>) -> Corrections {
        Corrections(Arc::new(Inner {
            desk,
            contest,
            previewing: Semaphore::new(PREVIEWS_AT_ONCE),
            under_way: Mutex::default(),
            tasks: TaskTracker::new(),
        }))
    }

    /// Takes up what a stop interrupted: previews are made again, and what was decided is carried out.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn resume(&self) -> Result<(), LedgerError> {
        let mut link = self.0.desk.read().await?;
        let proposed = link.corrections_in(CorrectionState::Proposed).await?;
        let decided = link.corrections_in(CorrectionState::Applying).await?;
        drop(link);
        for row in proposed.into_iter().filter(|row| row.preview.is_none() && row.trouble.is_none()) {
            self.start_preview(row);
        }
        for row in decided {
            self.start_applying(row);
        }
        Ok(())
    }

    /// Breaks previews off and waits for what is being applied.
    pub async fn stop(&self) {
        for progress in self.under_way().values() {
            progress.cancel();
        }
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    /// Proposes a correction; its preview begins.
    ///
    /// # Errors
    /// It would not be one, or says too little or too much.
    pub async fn propose(&self, by: &By, proposing: Proposing) -> Result<Seen, DeskRefusal> {
        let Proposing { bank, question, versions, remedy, reason, words, complaint } = proposing;
        let reason = said(&reason, "请写明为什么要更正", REASON_MAX)?;
        let words = said(&words, "请写明勘误的文字，它会公布", REASON_MAX)?;
        let proposal = Proposal { bank, question, versions, remedy };
        let checked = self.0.contest.checked(&proposal).map_err(told)?;
        let stem = self.0.contest.versions_of(&checked.bank, &checked.question);
        let stem = stem.last().map(|version| version.question.stem.clone()).unwrap_or_default();
        let row = CorrectionRow {
            id: fresh_name(),
            at: by.at,
            by: by.staff.clone(),
            by_name: by.name.clone(),
            bank: checked.bank,
            question: checked.question,
            stem,
            remedy: checked.remedy,
            versions: checked.versions,
            reason: reason.clone(),
            words,
            complaint,
            state: CorrectionState::Proposed,
            previews: 1,
            preview: None,
            trouble: None,
            decided_by: None,
            decided_by_name: String::new(),
            decided_at: None,
            applied: None,
            withdrawn: None,
        };
        let mut act = self.0.desk.begin().await?;
        if act.corrections_in(CorrectionState::Proposed).await?.len() >= PROPOSED_MAX {
            return Err(DeskRefusal::Conflict(format!("已经有 {PROPOSED_MAX} 份更正等人决定，请先决定一些")));
        }
        act.insert_correction(&row).await?;
        if let Some(complaint) = &row.complaint {
            complaints::led_to(&mut act, by, complaint, &row.id).await?;
        }
        let record = by.change("correction.proposed", subject(&row.id), Value::Null, recorded(&row));
        act.commit(because(record, &reason)).await?;
        self.start_preview(row.clone());
        Ok(self.seen(row).await?)
    }

    /// Makes the preview again, as of now.
    ///
    /// # Errors
    /// It is not there to be decided, or a preview is being made.
    pub async fn preview(&self, by: &By, id: &str) -> Result<Seen, DeskRefusal> {
        let (mut act, mut row) = self.proposed(id).await?;
        if self.under_way().contains_key(id) {
            return Err(DeskRefusal::Conflict("正在预览，请稍候".to_owned()));
        }
        row.previews += 1;
        (row.preview, row.trouble) = (None, None);
        act.update_correction(&row).await?;
        act.commit(by.record("correction.previewed", subject(id))).await?;
        self.start_preview(row.clone());
        Ok(self.seen(row).await?)
    }

    /// The second of the two decides, on the preview of this number, which they saw. It is applied in the background.
    ///
    /// # Errors
    /// It is the proposer, or the preview is not the last one, or out of date.
    pub async fn decide(&self, by: &By, id: &str, preview: i64) -> Result<Seen, DeskRefusal> {
        let (mut act, mut row) = self.proposed(id).await?;
        if row.by == by.staff {
            return Err(DeskRefusal::NotByThemselves("更正要由两个人决定：提出的人不能自己决定"));
        }
        let Some(seen) = foreseen(&row).filter(|_| row.previews == preview) else {
            return Err(DeskRefusal::Conflict("预览还没有做完，或者已经重做过，请先看新的预览".to_owned()));
        };
        if let Some(why) = self.moved_on(&seen) {
            return Err(DeskRefusal::Conflict(why));
        }
        let before = recorded(&row);
        row.state = CorrectionState::Applying;
        (row.decided_by, row.decided_at) = (Some(by.staff.clone()), Some(by.at));
        row.decided_by_name.clone_from(&by.name);
        act.update_correction(&row).await?;
        act.commit(by.change("correction.decided", subject(id), before, recorded(&row))).await?;
        self.start_applying(row.clone());
        Ok(self.seen(row).await?)
    }

    /// # Errors
    /// It is not there to be decided any more, or no reason was given.
    pub async fn withdraw(&self, by: &By, id: &str, reason: &str) -> Result<Seen, DeskRefusal> {
        let reason = said(reason, "请写明为什么撤回", REASON_MAX)?;
        let (mut act, mut row) = self.proposed(id).await?;
        let before = recorded(&row);
        row.state = CorrectionState::Withdrawn;
        row.withdrawn = Some(reason.clone());
        act.update_correction(&row).await?;
        let record = by.change("correction.withdrawn", subject(id), before, recorded(&row));
        act.commit(because(record, &reason)).await?;
        if let Some(progress) = self.under_way().get(id) {
            progress.cancel();
        }
        Ok(self.seen(row).await?)
    }

    async fn proposed(&self, id: &str) -> Result<(Act, CorrectionRow), DeskRefusal> {
        let mut act = self.0.desk.begin().await?;
        let row = act.correction(id).await?.ok_or(DeskRefusal::NotFound("这份更正"))?;
        match row.state {
            CorrectionState::Proposed => Ok((act, row)),
            CorrectionState::Applying => Err(DeskRefusal::Conflict("这份更正已经决定，正在生效".to_owned())),
            CorrectionState::Applied => {
                Err(DeskRefusal::Conflict("这份更正已经生效；要撤销，请再提一份更正".to_owned()))
            }
            CorrectionState::Withdrawn => Err(DeskRefusal::Conflict("这份更正已经撤回".to_owned())),
        }
    }

    /// # Errors
    /// There is none, or the database refuses.
    pub async fn correction(&self, id: &str) -> Result<Seen, DeskRefusal> {
        let row = self.0.desk.read().await?.correction(id).await?;
        Ok(self.seen(row.ok_or(DeskRefusal::NotFound("这份更正"))?).await?)
    }

    pub(crate) async fn seen(&self, row: CorrectionRow) -> Result<Seen, LedgerError> {
        let preview = foreseen(&row);
        let waits = row.state == CorrectionState::Proposed;
        let undo = match row.state {
            CorrectionState::Applied => self.undo(&row).await?,
            _ => None,
        };
        Ok(Seen {
            progress: self.under_way().get(&row.id).map(|progress| progress.share()),
            moved_on: preview.as_ref().filter(|_| waits).and_then(|preview| self.moved_on(preview)),
            applied: row.applied.as_deref().and_then(|json| serde_json::from_str(json).ok()),
            preview,
            undo,
            row,
        })
    }

    /// What was decided before it of the same versions, or the bank's own key; `None` where something was decided after it.
    async fn undo(&self, row: &CorrectionRow) -> Result<Option<Remedy>, LedgerError> {
        let of_question = self.0.desk.read().await?.corrections_of_question(&row.bank, &row.question).await?;
        let mut applied: Vec<_> = of_question
            .into_iter()
            .filter(|other| other.state == CorrectionState::Applied && other.versions == row.versions)
            .filter_map(|other| Some((came_to(&other)?.entry, other.id, other.remedy)))
            .collect();
        applied.sort_by_key(|(entry, ..)| *entry);
        let Some(place) = applied.iter().position(|(_, id, _)| *id == row.id) else { return Ok(None) };
        if place + 1 < applied.len() || row.remedy == Remedy::AsPublished {
            return Ok(None);
        }
        let before = place.checked_sub(1).map(|before| applied[before].2.clone());
        // Annulling keeps beneath it what held before: going back to it is more than one step.
        Ok(Some(before.filter(|before| *before != Remedy::Annul).unwrap_or(Remedy::AsPublished)))
    }

    /// Why a preview is out of date.
    fn moved_on(&self, preview: &Foreseen) -> Option<String> {
        if self.0.contest.corrections_made() != preview.corrections {
            return Some("预览以后又有别的更正生效，请重新预览".to_owned());
        }
        let more = self.0.contest.attempts_started() - preview.read;
        (more >= MOVED_ON_MIN && more * MOVED_ON_SHARE > preview.read)
            .then(|| format!("预览以后又有 {more} 份答卷，和预览时的 {} 份相比变化较大，请重新预览", preview.read))
    }

    fn under_way(&self) -> MutexGuard<'_, HashMap<String, Arc<Progress>>> {
        self.0.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, id: &str) -> Arc<Progress> {
        let progress = Arc::new(Progress::default());
        self.under_way().insert(id.to_owned(), Arc::clone(&progress));
        progress
    }

    fn start_preview(&self, row: CorrectionRow) {
        let (progress, corrections) = (self.begin(&row.id), self.clone());
        self.0.tasks.spawn(async move {
            let id = row.id.clone();
            if let Err(error) = corrections.make_preview(&row, progress).await {
                tracing::error!(%error, correction = id, "a preview could not be kept");
            }
            corrections.under_way().remove(&id);
        });
    }

    async fn make_preview(&self, row: &CorrectionRow, progress: Arc<Progress>) -> Result<(), LedgerError> {
        // It is never closed.
        let Ok(_turn) = self.0.previewing.acquire().await else { return Ok(()) };
        let contest = &self.0.contest;
        let (at, read, corrections) = (contest.now().0, contest.attempts_started(), contest.corrections_made());
        let found = match contest.preview_correction(&proposal(row), progress).await {
            Ok(preview) => Ok(Foreseen::of(preview, &contest.season, at, read, corrections)),
            // Withdrawn, or the server stops: then a start makes it again.
            Err(CorrectionRefusal::Cancelled) => return Ok(()),
            Err(CorrectionRefusal::Ledger(error)) => return Err(error),
            Err(refusal) => Err(refusal.to_string()),
        };
        let mut act = self.0.desk.begin().await?;
        let Some(mut now) = act.correction(&row.id).await? else { return Ok(()) };
        if now.state != CorrectionState::Proposed || now.previews != row.previews {
            return Ok(());
        }
        match found {
            Ok(preview) => now.preview = serde_json::to_string(&preview).ok(),
            Err(trouble) => now.trouble = Some(trouble),
        }
        act.update_correction(&now).await?;
        act.commit_unrecorded().await
    }

    fn start_applying(&self, row: CorrectionRow) {
        let (progress, corrections) = (self.begin(&row.id), self.clone());
        self.0.tasks.spawn(async move {
            let id = row.id.clone();
            if let Err(error) = corrections.apply(row, progress).await {
                tracing::error!(%error, correction = id, "a correction could not be carried out; the next start does it");
            }
            corrections.under_way().remove(&id);
        });
    }

    async fn apply(&self, row: CorrectionRow, progress: Arc<Progress>) -> Result<(), LedgerError> {
        let contest = &self.0.contest;
        let two = self.two(&row).await?;
        let came_to = match self.on_record(&row, &two) {
            // A stop came between the ledger and these tables.
            Some(came_to) => Ok(came_to),
            None => match contest.apply_correction(proposal(&row), row.words.clone(), two, progress).await {
                Ok(applied) => Ok(CameTo::from(applied)),
                Err(CorrectionRefusal::Ledger(error)) => return Err(error),
                Err(refusal) => Err(refusal.to_string()),
            },
        };
        let mut act = self.0.desk.begin().await?;
        let Some(mut now) = act.correction(&row.id).await? else { return Ok(()) };
        match came_to {
            Ok(came_to) => {
                now.state = CorrectionState::Applied;
                now.applied = serde_json::to_string(&came_to).ok();
            }
            Err(trouble) => {
                // Nothing was written: it is there to be decided again, or withdrawn.
                (now.state, now.preview, now.trouble) = (CorrectionState::Proposed, None, Some(trouble));
                (now.decided_by, now.decided_at) = (None, None);
            }
        }
        act.update_correction(&now).await?;
        act.commit_unrecorded().await
    }

    /// The two who decided, told apart also where they have one name.
    async fn two(&self, row: &CorrectionRow) -> Result<[String; 2], LedgerError> {
        if row.by_name != row.decided_by_name {
            return Ok([row.by_name.clone(), row.decided_by_name.clone()]);
        }
        let mut link = self.0.desk.read().await?;
        let mut named = [String::new(), String::new()];
        let second = row.decided_by.clone().unwrap_or_default();
        for (named, id) in named.iter_mut().zip([&row.by, &second]) {
            let login = link.person(id).await?.map_or_else(|| id.0.clone(), |person| person.login);
            *named = format!("{}（{login}）", row.by_name);
        }
        Ok(named)
    }

    fn on_record(&self, row: &CorrectionRow, two: &[String; 2]) -> Option<CameTo> {
        let decided_at = row.decided_at?;
        let periods = self.0.contest.corrections_since(decided_at);
        let found = periods.into_iter().find(|on_record| {
            let correction = &on_record.correction;
            correction.bank == row.bank
                && correction.question == row.question
                && correction.remedy == row.remedy
                && correction.versions == row.versions
                && correction.reason == row.words
                && correction.decided_by == *two
        })?;
        let (attempts, participants) = self.0.contest.concerned_by(found.edition);
        Some(CameTo { entry: found.n, at: found.at.0, attempts, participants, standings_replaced: true })
    }
}

fn proposal(row: &CorrectionRow) -> Proposal {
    Proposal {
        bank: row.bank.clone(),
        question: row.question.clone(),
        versions: row.versions.clone(),
        remedy: row.remedy.clone(),
    }
}

fn foreseen(row: &CorrectionRow) -> Option<Foreseen> {
    row.preview.as_deref().and_then(|json| serde_json::from_str(json).ok())
}

fn came_to(row: &CorrectionRow) -> Option<CameTo> {
    row.applied.as_deref().and_then(|json| serde_json::from_str(json).ok())
}

fn told(refusal: CorrectionRefusal) -> DeskRefusal {
    match refusal {
        CorrectionRefusal::Ledger(error) => error.into(),
        CorrectionRefusal::UnknownQuestion { .. } => DeskRefusal::NotFound("这道题：没有试卷用过它"),
        CorrectionRefusal::SameAsNow | CorrectionRefusal::TooMany => DeskRefusal::Conflict(refusal.to_string()),
        other => DeskRefusal::Bad(other.to_string()),
    }
}

fn recorded(row: &CorrectionRow) -> Value {
    json!({
        "state": row.state.code(),
        "bank": row.bank,
        "question": row.question,
        "remedy": row.remedy,
        "words": row.words,
        "preview": row.previews,
        "proposed_by": row.by,
        "decided_by": row.decided_by.as_ref().map(StaffId::as_str),
    })
}

pub fn subject(id: &str) -> String {
    format!("correction:{id}")
}
