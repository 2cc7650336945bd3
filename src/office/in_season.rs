//! What the desk's banks have to do with the season that runs: where it plays a bank of the same id.

use crate::contest::core::Contest;
use crate::domain::bank::BankVersion;
use crate::domain::question::Question;
use crate::ledger::desk::QuestionHead;
use crate::office::banks::version_of;
use crate::office::by::By;
use crate::office::refusal::DeskRefusal;
use std::sync::Arc;

/// The version from which papers are drawn, with its digest.
pub fn playing(contest: &Contest, bank: &str) -> Option<(String, Arc<BankVersion>)> {
    let found = contest.banks.iter().find(|(id, ..)| id == bank);
    found.map(|(_, digest, version)| (digest.clone(), Arc::clone(version)))
}

/// The version as it is kept, and whether papers are drawn from it from here on.
///
/// # Errors
/// The season cannot be played with it.
pub(crate) async fn publish(
    _contest: &Contest,
    _by: &By,
    bank: &str,
    questions: Vec<Question>,
    _reason: &str,
) -> Result<(Arc<BankVersion>, bool), DeskRefusal> {
    Ok((Arc::new(version_of(bank, questions)), false))
}

/// Papers that are started from here on don't draw a question that rests, and draw it again once it is woken.
///
/// # Errors
/// Papers could not be drawn without it.
pub(crate) async fn rest(_contest: &Contest, _by: &By, _head: &QuestionHead, _reason: &str) -> Result<(), DeskRefusal> {
    Ok(())
}
