//! Versions of a bank: what the next one would be, making it, and what differs between two.

use crate::contest::core::Contest;
use crate::domain::bank::BankVersion;
use crate::domain::compare::Difference;
use crate::domain::compare::Fate;
use crate::domain::compare::differences;
use crate::domain::faults::QuestionFault;
use crate::domain::faults::faults_of;
use crate::domain::ids::QuestionId;
use crate::domain::question::Question;
use crate::domain::review::State;
use crate::formats::export::Format;
use crate::formats::export::write;
use crate::ledger::desk::DeskStore;
use crate::ledger::desk::Link;
use crate::ledger::desk::VersionRow;
use crate::ledger::store::LedgerError;
use crate::office::banks;
use crate::office::by::By;
use crate::office::by::because;
use crate::office::in_season;
use crate::office::refusal::DeskRefusal;
use crate::office::refusal::REASON_MAX;
use crate::office::refusal::said;
use serde_json::Value;
use serde_json::json;

/// Texts that are read at once.
const PAGE: i64 = 2_000;
/// Faults that are told of a version; the rest is counted.
const FAULTS_TOLD: usize = 100;

/// What a version would come to.
#[derive(Debug)]
pub struct Prospect {
    /// Its number.
    pub version: i64,
    pub questions: Vec<Question>,
    /// Against the last version.
    pub differences: Vec<Difference>,
    /// It is not published while there are any.
    pub faults: Vec<FaultOf>,
    /// Besides those that are told.
    pub more_faults: usize,
}

/// A fault with its question.
#[derive(Clone, Debug)]
pub struct FaultOf {
    pub id: QuestionId,
    pub stem: String,
    pub fault: QuestionFault,
}

impl Prospect {
    pub fn added(&self) -> i64 {
        self.differences.iter().filter(|found| matches!(found.fate, Fate::Added)).count() as i64
    }

    pub fn changed(&self) -> i64 {
        self.differences.iter().filter(|found| matches!(found.fate, Fate::Changed(_))).count() as i64
    }

    pub fn removed(&self) -> i64 {
        self.differences.iter().filter(|found| matches!(found.fate, Fate::Removed)).count() as i64
    }
}

/// All approved and published questions, and the last published text of those that are being edited; rested ones are out.
///
/// # Errors
/// There is no such bank.
pub async fn prospect(link: &mut Link, bank: &str) -> Result<Prospect, DeskRefusal> {
    link.bank(bank).await?.ok_or(DeskRefusal::NotFound("这个题库"))?;
    let last = link.versions(bank, 1).await?.into_iter().next();
    let before = match &last {
        Some(last) => questions_of(link, bank, last.n).await?,
        None => Vec::new(),
    };
    let mut questions = Vec::new();
    let mut unfinished = Vec::new();
    let mut after = String::new();
    loop {
        let page = link.drafts_of_next_version(bank, &after, PAGE).await?;
        let Some((id, _)) = page.last() else { break };
        after.clone_from(&id.0);
        for (id, draft) in page {
            let stem = draft.stem.clone();
            match draft.finish(id.clone()) {
                Ok(question) => questions.push(question),
                Err(faults) => {
                    let of = |fault| FaultOf { id: id.clone(), stem: stem.clone(), fault };
                    unfinished.extend(faults.into_iter().map(of));
                }
            }
        }
    }
    let version = last.map_or(1, |last| last.n + 1);
    // Tens of thousands of questions take a moment, in which others want their turn.
    let looked = tokio::task::spawn_blocking(move || {
        let mut faults = unfinished;
        faults.extend(faults_of(&questions).into_iter().map(|fault| {
            let Question { id, stem, .. } = &questions[fault.question];
            FaultOf { id: id.clone(), stem: stem.clone(), fault }
        }));
        let more_faults = faults.len().saturating_sub(FAULTS_TOLD);
        faults.truncate(FAULTS_TOLD);
        let differences = differences(&before, &questions);
        Prospect { version, questions, differences, faults, more_faults }
    });
    Ok(looked.await.map_err(|_| LedgerError::Stopped)?)
}

/// A version's questions.
///
/// # Errors
/// There is no such version.
pub async fn questions_of(link: &mut Link, bank: &str, version: i64) -> Result<Vec<Question>, DeskRefusal> {
    let canonical = link.version_canonical(bank, version).await?.ok_or(DeskRefusal::NotFound("这个版本"))?;
    let read = tokio::task::spawn_blocking(move || BankVersion::from_canonical(&canonical));
    let read = read.await.map_err(|_| LedgerError::Stopped)?;
    Ok(read.map_err(|error| LedgerError::Unreadable { n: version, what: error.to_string() })?.questions)
}

/// The current texts of a bank that are whole, in this state or in any, and how many are left out because they are not.
///
/// # Errors
/// The database refuses.
pub async fn current_questions(
    link: &mut Link,
    bank: &str,
    state: Option<State>,
) -> Result<(Vec<Question>, usize), DeskRefusal> {
    let mut questions = Vec::new();
    let mut left_out = 0;
    let mut after = String::new();
    loop {
        let page = link.drafts_after(bank, &after, PAGE).await?;
        let Some((last, _)) = page.last() else { return Ok((questions, left_out)) };
        after.clone_from(&last.id.0);
        for (head, draft) in page {
            if state.is_some_and(|state| state != head.review.state) {
                continue;
            }
            match draft.finish(head.id) {
                Ok(question) => questions.push(question),
                Err(_) => left_out += 1,
            }
        }
    }
}

/// A file of questions. Who takes one away takes the keys along, so it is written down.
///
/// # Errors
/// There are none, or the format can't hold them.
pub async fn export(
    desk: &DeskStore,
    by: &By,
    bank: &str,
    format: Format,
    questions: Vec<Question>,
) -> Result<Vec<u8>, DeskRefusal> {
    if questions.is_empty() {
        return Err(DeskRefusal::Conflict("没有可以导出的题目".to_owned()));
    }
    let count = questions.len();
    let written = tokio::task::spawn_blocking(move || write(format, &questions)).await;
    let bytes = written.map_err(|_| LedgerError::Stopped)?;
    let bytes = bytes.map_err(|error| DeskRefusal::Conflict(error.to_string()))?;
    let after = json!({"format": format.code(), "questions": count});
    let record = by.change("bank.exported", banks::subject(bank), Value::Null, after);
    desk.begin().await?.commit(record).await?;
    Ok(bytes)
}

/// What differs between two versions; 0 is the empty bank before the first.
///
/// # Errors
/// There is no such version.
pub async fn between(link: &mut Link, bank: &str, from: i64, to: i64) -> Result<Vec<Difference>, DeskRefusal> {
    let before = if from == 0 { Vec::new() } else { questions_of(link, bank, from).await? };
    let after = questions_of(link, bank, to).await?;
    Ok(tokio::task::spawn_blocking(move || differences(&before, &after)).await.map_err(|_| LedgerError::Stopped)?)
}

/// Makes the next version. Where the season plays this bank, its papers are drawn from it from here on.
///
/// # Errors
/// A question fails the bank's check, nothing has changed, papers could not be drawn, or no reason is given.
pub async fn publish(
    desk: &DeskStore,
    contest: &Contest,
    by: &By,
    bank: &str,
    reason: &str,
) -> Result<(VersionRow, bool), DeskRefusal> {
    let reason = &*said(reason, "请写明这次发布的缘由", REASON_MAX)?;
    // Begun first: nobody changes a question between what is looked at and what is published.
    let mut act = desk.begin().await?;
    let next = prospect(&mut act, bank).await?;
    if !next.faults.is_empty() {
        return Err(DeskRefusal::Faulty(next.faults.into_iter().map(|found| found.fault).collect()));
    }
    if next.questions.is_empty() {
        return Err(DeskRefusal::Conflict("还没有通过审核的题目，没有可以发布的".to_owned()));
    }
    if next.differences.is_empty() {
        return Err(DeskRefusal::Conflict("和上一版完全一样，不用发布".to_owned()));
    }
    let (added, changed, removed) = (next.added(), next.changed(), next.removed());
    let questions = next.questions.len() as i64;
    // The ledger is asked first, since it may refuse. If the process ended before the desk's own commit, the next attempt
    // finds that the season has this version already, and takes it over.
    let (version, plays) = in_season::publish(contest, by, bank, next.questions, reason).await?;
    let row = VersionRow {
        n: next.version,
        at: by.at,
        by: by.staff.clone(),
        by_name: by.name.clone(),
        reason: reason.to_owned(),
        digest: version.digest().to_string(),
        questions,
        added,
        changed,
        removed,
    };
    act.insert_version(bank, &row, &version.to_canonical()).await?;
    act.questions_published(bank, row.n).await?;
    let after = json!({"version": row.n, "digest": row.digest, "questions": questions, "added": added, "changed": changed,
        "removed": removed, "in_season": plays});
    act.commit(because(by.change("bank.published", banks::subject(bank), Value::Null, after), reason)).await?;
    Ok((row, plays))
}
