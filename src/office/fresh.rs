//! A question that is not in the tables yet: its random name, and what lists will show of it.

use crate::contest::clock::chance;
use crate::domain::draft::Draft;
use crate::domain::ids::QuestionId;
use crate::domain::review::Review;
use crate::ledger::desk::QuestionHead;
use crate::office::by::By;
use data_encoding::BASE32_NOPAD;

/// A random name of 80 bits, for what the desk keeps: an import, a complaint, a correction.
pub(crate) fn fresh_name() -> String {
    BASE32_NOPAD.encode(&chance::<10>()).to_lowercase()
}

/// A random name for a question.
pub fn fresh_id() -> QuestionId {
    QuestionId(BASE32_NOPAD.encode(&chance::<8>()).to_lowercase())
}

/// A question that is not in the tables yet.
pub(crate) fn head(
    by: &By,
    bank: &str,
    id: QuestionId,
    review: Review,
    draft: &Draft,
    place: Option<&str>,
) -> QuestionHead {
    let mut head = QuestionHead {
        id,
        bank: bank.to_owned(),
        review,
        author_name: by.name.clone(),
        place: place.map(str::to_owned),
        version: None,
        reason: None,
        kind: None,
        topic: String::new(),
        difficulty: None,
        contributor: None,
        stem: String::new(),
        faults: 0,
        made_at: by.at,
        updated_at: by.at,
    };
    head.shows(draft);
    head
}
