//! Questions at the desk: written, edited, submitted, approved, returned, rested, woken, deleted. One act, one record.

use crate::contest::core::Contest;
use crate::domain::compare::Change;
use crate::domain::compare::changes;
use crate::domain::draft::Draft;
use crate::domain::ids::QuestionId;
use crate::domain::ids::StaffId;
use crate::domain::question::Media;
use crate::domain::question::OPTIONS_MAX;
use crate::domain::review::Review;
use crate::domain::review::State;
use crate::ledger::desk::Act;
use crate::ledger::desk::DeskStore;
use crate::ledger::desk::NewQuestion;
use crate::ledger::desk::QuestionHead;
use crate::office::by::By;
use crate::office::by::because;
use crate::office::fresh::fresh_id;
use crate::office::fresh::head;
use crate::office::in_season;
use crate::office::pictures;
use crate::office::powers::Powers;
use crate::office::refusal::DeskRefusal;
use crate::office::refusal::REASON_MAX;
use serde_json::Value;
use serde_json::json;

/// Characters of all texts of one question together; more is refused. The bank's check is stricter, part by part.
const TEXTS_MAX: usize = 20_000;

/// What is decided of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Submit,
    Approve,
    Return,
    Rest,
    Wake,
}

impl Decision {
    /// In steps and in the audit log.
    pub fn code(self) -> &'static str {
        match self {
            Decision::Submit => "submitted",
            Decision::Approve => "approved",
            Decision::Return => "returned",
            Decision::Rest => "rested",
            Decision::Wake => "woken",
        }
    }

    fn allowed(self, powers: &Powers, head: &QuestionHead) -> bool {
        match self {
            Decision::Submit => powers.edits(head),
            Decision::Approve | Decision::Return | Decision::Rest | Decision::Wake => powers.reviews,
        }
    }

    /// Whoever takes something back says why.
    fn needs_a_reason(self) -> bool {
        matches!(self, Decision::Return | Decision::Rest | Decision::Wake)
    }
}

/// Texts as they go into the bank: without blanks around them, lines ending the same way, what is empty absent.
pub fn tidied(draft: Draft) -> Draft {
    let tidy = |text: String| text.trim().replace("\r\n", "\n").replace('\r', "\n");
    let said = |text: Option<String>| text.map(tidy).filter(|text| !text.is_empty());
    Draft {
        topic: tidy(draft.topic),
        stem: tidy(draft.stem),
        options: draft.options.into_iter().map(tidy).collect(),
        explanation: tidy(draft.explanation),
        source: tidy(draft.source),
        contributor: said(draft.contributor),
        link: said(draft.link),
        media: draft.media.map(|media| Media { alt: tidy(media.alt), ..media }),
        ..draft
    }
}

/// # Errors
/// The person writes nothing here, the bank is not there, or the text is beyond all bounds.
pub async fn write(
    desk: &DeskStore,
    by: &By,
    powers: &Powers,
    bank: &str,
    draft: Draft,
) -> Result<QuestionHead, DeskRefusal> {
    if !powers.writes {
        return Err(DeskRefusal::Forbidden);
    }
    let draft = credited(tidied(draft), powers);
    let mut act = desk.begin().await?;
    let reviews = act.bank(bank).await?.ok_or(DeskRefusal::NotFound("这个题库"))?.reviews;
    fits(&mut act, &draft).await?;
    let review = Review::begun(by.staff.clone(), reviews);
    let head = head(by, bank, fresh_id(), review, &draft, powers.place());
    let new = NewQuestion { head: head.clone(), draft, what: "written" };
    act.insert_questions(std::slice::from_ref(&new)).await?;
    let after = json!({"bank": bank, "parts": parts(&changes(&Draft::default(), &new.draft), |change| &change.after)});
    act.commit(by.change("question.written", subject(&head.id), Value::Null, after)).await?;
    Ok(head)
}

/// A new text; the same text once more changes nothing.
///
/// # Errors
/// Somebody else was faster, or it is not this person's to edit.
pub async fn edit(
    desk: &DeskStore,
    by: &By,
    powers: &Powers,
    id: &QuestionId,
    revision: u32,
    draft: Draft,
) -> Result<QuestionHead, DeskRefusal> {
    let mut act = desk.begin().await?;
    let head = current(&mut act, powers, id, Some(revision)).await?;
    if !powers.edits(&head) {
        return Err(DeskRefusal::Forbidden);
    }
    let draft = credited(tidied(draft), powers);
    fits(&mut act, &draft).await?;
    let before = act.draft(id, head.review.revision).await?.unwrap_or_default();
    let found = changes(&before, &draft);
    if before == draft || found.is_empty() {
        return Ok(head);
    }
    let edited = revise(&mut act, by, head.clone(), &draft, "edited").await?;
    let (before, after) = (parts(&found, |change| &change.before), parts(&found, |change| &change.after));
    let before = json!({"revision": head.review.revision, "state": head.review.state.code(), "parts": before});
    let after = json!({"revision": edited.review.revision, "state": edited.review.state.code(), "parts": after});
    act.commit(by.change("question.edited", subject(id), before, after)).await?;
    Ok(edited)
}

/// # Errors
/// The question doesn't stand so that it could be, or not by this person; somebody else was faster.
pub async fn decide(
    desk: &DeskStore,
    contest: &Contest,
    by: &By,
    powers: &Powers,
    id: &QuestionId,
    revision: Option<u32>,
    decision: Decision,
    reason: &str,
) -> Result<QuestionHead, DeskRefusal> {
    let mut act = desk.begin().await?;
    let before = current(&mut act, powers, id, revision).await?;
    let after = step(&mut act, by, powers, before.clone(), decision, reason).await?;
    if matches!(decision, Decision::Rest | Decision::Wake) {
        in_season::rest(contest, by, &after, reason).await?;
    }
    let told = |head: &QuestionHead| {
        let review = &head.review;
        let approvals: Vec<&str> = review.approvals.iter().map(|given| given.by.as_str()).collect();
        json!({"state": review.state.code(), "revision": review.revision, "approvals": approvals})
    };
    let act_code = format!("question.{}", decision.code());
    act.commit(because(by.change(&act_code, subject(id), told(&before), told(&after)), reason.trim())).await?;
    Ok(after)
}

/// # Errors
/// It has been in a version or is under review, or it is not this person's.
pub async fn delete(desk: &DeskStore, by: &By, powers: &Powers, id: &QuestionId) -> Result<(), DeskRefusal> {
    let mut act = desk.begin().await?;
    let head = current(&mut act, powers, id, None).await?;
    let before = delete_one(&mut act, powers, &head).await?;
    Ok(act.commit(by.change("question.deleted", subject(id), before, Value::Null)).await?)
}

pub(crate) async fn delete_one(act: &mut Act, powers: &Powers, head: &QuestionHead) -> Result<Value, DeskRefusal> {
    if !powers.edits(head) {
        return Err(DeskRefusal::Forbidden);
    }
    if !powers.deletes(head) {
        return Err(DeskRefusal::Conflict("只有从未发布过的草稿和退回的题可以删除；发布过的可以停用".to_owned()));
    }
    act.delete_question(&head.id).await?;
    Ok(json!({"bank": head.bank, "stem": head.stem, "revision": head.review.revision}))
}

/// The question as it stands, for whoever sees it.
pub(crate) async fn current(
    act: &mut Act,
    powers: &Powers,
    id: &QuestionId,
    revision: Option<u32>,
) -> Result<QuestionHead, DeskRefusal> {
    let head = act.question(id).await?.filter(|head| powers.sees(head)).ok_or(DeskRefusal::NotFound("这道题"))?;
    if revision.is_some_and(|revision| revision != head.review.revision) {
        return Err(DeskRefusal::Overtaken);
    }
    Ok(head)
}

/// Writes the next text of a question.
pub(crate) async fn revise(
    act: &mut Act,
    by: &By,
    mut head: QuestionHead,
    draft: &Draft,
    what: &str,
) -> Result<QuestionHead, DeskRefusal> {
    head.review.edit(&by.staff);
    head.shows(draft);
    head.updated_at = by.at;
    act.insert_revision(&head, draft, &by.staff, what).await?;
    Ok(head)
}

/// Moves a question one step on.
pub(crate) async fn step(
    act: &mut Act,
    by: &By,
    powers: &Powers,
    mut head: QuestionHead,
    decision: Decision,
    reason: &str,
) -> Result<QuestionHead, DeskRefusal> {
    let reason = reason.trim();
    if !decision.allowed(powers, &head) {
        return Err(DeskRefusal::Forbidden);
    }
    if decision.needs_a_reason() && reason.is_empty() {
        return Err(DeskRefusal::Bad("请写明理由".to_owned()));
    }
    if reason.chars().count() > REASON_MAX {
        return Err(DeskRefusal::Bad(format!("理由最多 {REASON_MAX} 个字")));
    }
    match decision {
        Decision::Submit => {
            let reviews = act.bank(&head.bank).await?.ok_or(DeskRefusal::NotFound("这个题库"))?.reviews;
            head.review.submit(reviews)?;
            if head.faults > 0 {
                let draft = act.draft(&head.id, head.review.revision).await?.unwrap_or_default();
                return Err(DeskRefusal::Faulty(draft.faults()));
            }
            head.reason = None;
        }
        Decision::Approve => head.review.approve(&by.staff, by.at)?,
        Decision::Return => head.review.send_back()?,
        Decision::Rest => head.review.rest()?,
        Decision::Wake => head.review.wake()?,
    }
    match decision {
        Decision::Return | Decision::Rest => head.reason = Some(reason.to_owned()),
        Decision::Wake => head.reason = None,
        Decision::Submit | Decision::Approve => {}
    }
    head.updated_at = by.at;
    act.update_question(&head).await?;
    act.insert_step(&head, &by.staff, decision.code(), reason).await?;
    Ok(head)
}

/// An association's question names it, whoever else it may name.
fn credited(draft: Draft, powers: &Powers) -> Draft {
    let contributor = draft.contributor.or_else(|| powers.credit.clone());
    Draft { contributor, ..draft }
}

/// Whether the tables take such a text: the pictures it names are there, and it is not beyond all bounds.
pub(crate) async fn fits(act: &mut Act, draft: &Draft) -> Result<(), DeskRefusal> {
    let texts = [&draft.topic, &draft.stem, &draft.explanation, &draft.source];
    let more = [&draft.contributor, &draft.link].into_iter().flatten().chain(&draft.options);
    let length: usize = texts.into_iter().chain(more).map(|text| text.chars().count()).sum();
    if length > TEXTS_MAX || draft.options.len() > 2 * OPTIONS_MAX {
        return Err(DeskRefusal::Bad("这道题太长了".to_owned()));
    }
    let Some(media) = &draft.media else { return Ok(()) };
    // What came with a bank's files lies in its folder, under a name that no picture of the desk has.
    let is_ours = pictures::is_id(&media.file);
    match act.picture(&media.file).await? {
        Some(picture) if (picture.width, picture.height) != (media.width, media.height) => {
            Err(DeskRefusal::Bad("图片的宽高与图片不符".to_owned()))
        }
        None if is_ours => Err(DeskRefusal::Bad("没有这张图片，请重新上传".to_owned())),
        _ => Ok(()),
    }
}

pub fn subject(id: &QuestionId) -> String {
    format!("question:{id}")
}

fn parts(found: &[Change], side: impl Fn(&Change) -> &String) -> Value {
    found
        .iter()
        .map(|change| (change.part.code(), Value::String(side(change).clone())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// Whether somebody may do these things with a question as it stands; for pages, which then offer them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct May {
    pub edit: bool,
    pub submit: bool,
    pub approve: bool,
    pub send_back: bool,
    pub rest: bool,
    pub wake: bool,
    pub delete: bool,
}

pub fn may(by: &StaffId, powers: &Powers, head: &QuestionHead) -> May {
    let tried = |decision: Decision, can: fn(&mut Review) -> bool| {
        decision.allowed(powers, head) && can(&mut head.review.clone())
    };
    May {
        edit: powers.edits(head),
        submit: head.faults == 0 && tried(Decision::Submit, |review| review.submit(1).is_ok()),
        approve: powers.reviews && head.review.may_approve(by).is_ok(),
        send_back: tried(Decision::Return, |review| review.send_back().is_ok()),
        rest: tried(Decision::Rest, |review| review.rest().is_ok()),
        wake: head.review.state == State::Rested && powers.reviews,
        delete: powers.deletes(head),
    }
}
