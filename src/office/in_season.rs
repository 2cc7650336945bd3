//! What the desk's banks have to do with the season that runs: where it plays a bank of the same id, a version that is published goes into
//! it, and a question that rests is drawn no more.

use crate::contest::core::Contest;
use crate::contest::publish::ActRefusal;
use crate::domain::bank::BankVersion;
use crate::domain::question::Question;
use crate::domain::review::State;
use crate::ledger::desk::QuestionHead;
use crate::office::banks::version_of;
use crate::office::by::By;
use crate::office::by::deed;
use crate::office::refusal::DeskRefusal;
use std::sync::Arc;

/// The version from which papers are drawn, with its digest.
pub fn playing(contest: &Contest, bank: &str) -> Option<(String, Arc<BankVersion>)> {
    contest.banks().of_id(bank).map(|bank| (bank.digest.clone(), Arc::clone(&bank.version)))
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
    match contest.publish_bank(bank, questions.clone(), deed(by, reason)).await {
        Ok(_) | Err(ActRefusal::SameAsNow) => {
            let playing = playing(contest, bank).ok_or(DeskRefusal::NotFound("这个题库"))?;
            Ok((playing.1, true))
        }
        Err(ActRefusal::UnknownBank(_)) => Ok((Arc::new(version_of(bank, questions)), false)),
        Err(refusal) => Err(told(refusal)),
    }
}

/// Papers that are started from here on don't draw a question that rests, and draw it again once it is woken.
///
/// # Errors
/// Papers could not be drawn without it.
pub(crate) async fn rest(contest: &Contest, by: &By, head: &QuestionHead, reason: &str) -> Result<(), DeskRefusal> {
    let deed = deed(by, reason);
    let outcome = match head.review.state {
        State::Rested => contest.rest_question(&head.bank, &head.id, deed).await,
        _ => contest.wake_question(&head.bank, &head.id, deed).await,
    };
    match outcome {
        // The season doesn't play it, or it stands so already.
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

pub(crate) fn told(refusal: ActRefusal) -> DeskRefusal {
    match refusal {
        ActRefusal::Faulty(faults) => DeskRefusal::Faulty(faults),
        ActRefusal::Ledger(error) => error.into(),
        ActRefusal::NoReason => DeskRefusal::Bad(refusal.to_string()),
        other => DeskRefusal::Conflict(other.to_string()),
    }
}
