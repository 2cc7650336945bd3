//! The same act for many questions at once: each is judged by itself, and what was refused is told one by one.

use crate::domain::draft::Draft;
use crate::domain::ids::QuestionId;
use crate::domain::time::Timestamp;
use crate::ledger::desk::Act;
use crate::ledger::desk::DeskStore;
use crate::ledger::desk::QuestionFilter;
use crate::ledger::desk::QuestionHead;
use crate::ledger::desk::Sort;
use crate::office::banks;
use crate::office::by::By;
use crate::office::by::because;
use crate::office::powers::Powers;
use crate::office::questions::Decision;
use crate::office::questions::current;
use crate::office::questions::delete_one;
use crate::office::questions::revise;
use crate::office::questions::step;
use crate::office::refusal::DeskRefusal;
use serde_json::Value;
use serde_json::json;

/// Questions of one bulk act; more are refused.
pub const BULK_MAX: usize = 50_000;
/// Questions of one transaction and one record of the audit log: others' acts wait no longer than for so many.
const AT_ONCE: usize = 500;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BulkAct {
    Decide(Decision),
    Topic(String),
    Difficulty(u8),
    Delete,
}

impl BulkAct {
    fn code(&self) -> &'static str {
        match self {
            BulkAct::Decide(decision) => decision.code(),
            BulkAct::Topic(_) | BulkAct::Difficulty(_) => "edited",
            BulkAct::Delete => "deleted",
        }
    }
}

/// Which questions are meant.
#[derive(Clone, Debug)]
pub enum Selection {
    These(Vec<QuestionId>),
    /// All of the bank that pass.
    All(Box<QuestionFilter>),
}

/// What of one bank is meant, and how it stood.
#[derive(Debug)]
pub struct Meant<'a> {
    pub bank: &'a str,
    pub selection: Selection,
    /// When the person was shown it: what was changed after that is refused. `None`: as it is now.
    pub seen_at: Option<Timestamp>,
}

#[derive(Debug, Default)]
pub struct BulkDone {
    pub done: usize,
    pub refused: Vec<(QuestionId, DeskRefusal)>,
}

/// # Errors
/// More are meant than one act may, or the database refuses. What the database had taken up by then stays.
pub async fn bulk(
    desk: &DeskStore,
    by: &By,
    powers: &Powers,
    Meant { bank, selection, seen_at }: Meant<'_>,
    bulk: &BulkAct,
    reason: &str,
) -> Result<BulkDone, DeskRefusal> {
    let ids = match selection {
        Selection::These(ids) => ids,
        Selection::All(filter) => {
            let limit = BULK_MAX as i64 + 1;
            let heads = desk.read().await?.questions(Some(bank), &filter, Sort::Id, 0, limit).await?;
            heads.into_iter().map(|head| head.id).collect()
        }
    };
    if ids.len() > BULK_MAX {
        return Err(DeskRefusal::Bad(format!("一次最多处理 {BULK_MAX} 道题")));
    }
    let mut done = BulkDone::default();
    for some in ids.chunks(AT_ONCE) {
        let mut act = desk.begin().await?;
        let mut concerned = Vec::with_capacity(some.len());
        for id in some {
            match one(&mut act, by, powers, (bank, id, seen_at), bulk, reason).await {
                Ok(()) => concerned.push(id.as_str()),
                Err(DeskRefusal::Ledger(error)) => return Err(error.into()),
                Err(refusal) => done.refused.push((id.clone(), refusal)),
            }
        }
        if concerned.is_empty() {
            continue;
        }
        done.done += concerned.len();
        let what = match bulk {
            BulkAct::Topic(topic) => json!({"topic": topic}),
            BulkAct::Difficulty(difficulty) => json!({"difficulty": difficulty}),
            BulkAct::Decide(_) | BulkAct::Delete => Value::Null,
        };
        let after = json!({"questions": concerned, "what": what});
        let code = format!("question.{}", bulk.code());
        act.commit(because(by.change(&code, banks::subject(bank), Value::Null, after), reason.trim())).await?;
    }
    Ok(done)
}

async fn one(
    act: &mut Act,
    by: &By,
    powers: &Powers,
    (bank, id, seen_at): (&str, &QuestionId, Option<Timestamp>),
    bulk: &BulkAct,
    reason: &str,
) -> Result<(), DeskRefusal> {
    let head = current(act, powers, id, None).await?;
    if head.bank != bank {
        return Err(DeskRefusal::NotFound("这道题"));
    }
    if seen_at.is_some_and(|seen_at| head.updated_at > seen_at) {
        return Err(DeskRefusal::Overtaken);
    }
    match bulk {
        BulkAct::Decide(decision) => step(act, by, powers, head, *decision, reason).await.map(|_| ()),
        BulkAct::Delete => delete_one(act, powers, &head).await.map(|_| ()),
        BulkAct::Topic(topic) => change(act, by, powers, head, |draft| draft.topic.clone_from(topic)).await,
        BulkAct::Difficulty(difficulty) => {
            change(act, by, powers, head, |draft| draft.difficulty = Some(*difficulty)).await
        }
    }
}

/// An edit as any other: what was approved has to be approved anew.
async fn change(
    act: &mut Act,
    by: &By,
    powers: &Powers,
    head: QuestionHead,
    change: impl FnOnce(&mut Draft),
) -> Result<(), DeskRefusal> {
    if !powers.edits(&head) {
        return Err(DeskRefusal::Forbidden);
    }
    let before = act.draft(&head.id, head.review.revision).await?.unwrap_or_default();
    let mut draft = before.clone();
    change(&mut draft);
    if draft == before { Ok(()) } else { revise(act, by, head, &draft, "edited").await.map(|_| ()) }
}
