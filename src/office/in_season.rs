//! What the desk's banks have to do with the season that runs: where it plays a bank of the same id.

use crate::contest::core::Contest;
use crate::contest::publish::ActRefusal;
use crate::domain::bank::BankVersion;
use crate::domain::question::Question;
use crate::domain::review::State;
use crate::ledger::desk::QuestionHead;
use crate::ledger::entry::Deed;
use crate::office::banks::version_of;
use crate::office::by::By;
use crate::office::refusal::DeskRefusal;
use std::sync::Arc;

/// The version from which papers are drawn, with its digest.
pub fn playing(contest: &Contest, bank: &str) -> Option<(String, Arc<BankVersion>)> {
    contest.banks().of_id(bank).map(|found| (found.digest.clone(), Arc::clone(&found.version)))
}

/// The version as it is kept, and whether papers are drawn from it from here on.
///
/// # Errors
/// The season cannot be played with it.
pub(crate) async fn publish(
    contest: &Contest,
    by: &By,
    bank: &str,
    questions: Vec<Question>,
    reason: &str,
) -> Result<(Arc<BankVersion>, bool), DeskRefusal> {
    if playing(contest, bank).is_none() {
        return Ok((Arc::new(version_of(bank, questions)), false));
    }
    match contest.publish_bank(bank, questions, deed(by, reason)).await {
        // It was published before the process ended, and the desk did not come to know of it.
        Ok(_) | Err(ActRefusal::SameAsNow) => {}
        Err(refusal) => return Err(told(refusal)),
    }
    let (_, version) = playing(contest, bank).ok_or(DeskRefusal::NotFound("这个编号的赛季题库"))?;
    Ok((version, true))
}

/// Papers that are started from here on don't draw a question that rests, and draw it again once it is woken.
///
/// # Errors
/// Papers could not be drawn without it.
pub(crate) async fn rest(contest: &Contest, by: &By, head: &QuestionHead, reason: &str) -> Result<(), DeskRefusal> {
    let deed = deed(by, reason);
    let done = match head.review.state {
        State::Rested => contest.rest_question(&head.bank, &head.id, deed).await,
        _ => contest.wake_question(&head.bank, &head.id, deed).await,
    };
    match done {
        // A bank or a question that the season does not play, or that it has so already.
        Ok(_)
        | Err(
            ActRefusal::UnknownBank(_)
            | ActRefusal::UnknownQuestion(_)
            | ActRefusal::RestsAlready(_)
            | ActRefusal::DoesNotRest(_),
        ) => Ok(()),
        Err(refusal) => Err(told(refusal)),
    }
}

/// The desk asks for a reason where one is owed; the ledger always wants to hold one.
fn deed(by: &By, reason: &str) -> Deed {
    let reason = if reason.trim().is_empty() { "未另说明" } else { reason };
    Deed { by: by.name.clone(), reason: reason.to_owned() }
}

fn told(refusal: ActRefusal) -> DeskRefusal {
    match refusal {
        ActRefusal::Faulty(faults) => DeskRefusal::Faulty(faults),
        ActRefusal::Ledger(error) => DeskRefusal::Ledger(error),
        ActRefusal::NoReason => DeskRefusal::Bad(refusal.to_string()),
        _ => DeskRefusal::Conflict(refusal.to_string()),
    }
}
