//! 相同和相近: which questions of a file, or of a bank, say what another one says already.

use crate::domain::draft::Draft;
use crate::domain::faults::same;
use crate::domain::ids::QuestionId;
use crate::domain::twins::Shelf;
use crate::ledger::desk::DeskStore;
use crate::ledger::desk::QuestionHead;
use crate::ledger::desk::ReadRow;
use crate::ledger::desk::Twin;
use crate::ledger::store::LedgerError;
use std::collections::HashMap;

/// Texts that are read at once.
const PAGE: i64 = 2_000;
/// Rows after which progress is told.
const TOLD_EVERY: usize = 256;

/// A question of the bank.
pub struct Text {
    pub id: QuestionId,
    pub draft: Draft,
}

/// What makes two questions the same, as the bank's check has it: stem, options in any order, picture.
type Content = (String, Vec<String>, Option<String>);

fn content(draft: &Draft) -> Content {
    let mut options: Vec<String> = draft.options.iter().map(|option| same(option)).collect();
    options.sort();
    (same(&draft.stem), options, draft.media.as_ref().map(|media| media.file.clone()))
}

/// Tells each row its twins in the bank and in the file. It is the same where the bank or a row above it has it.
pub fn find(rows: &mut [ReadRow], bank: &[Text], watch: &mut dyn FnMut(u32, u32)) {
    let mut shelf = Shelf::default();
    let mut first: HashMap<Content, usize> = HashMap::new();
    let drafts = bank.iter().map(|text| &text.draft).chain(rows.iter().map(|row| &row.draft));
    for (place, draft) in drafts.enumerate() {
        shelf.put(&draft.stem, &draft.options);
        if !draft.stem.is_empty() {
            first.entry(content(draft)).or_insert(place);
        }
    }
    let found: Vec<Vec<Twin>> = (0..rows.len())
        .map(|n| {
            if n % TOLD_EVERY == 0 {
                watch(n as u32, rows.len() as u32);
            }
            twins_of(bank.len() + n, rows, bank, &shelf, &first)
        })
        .collect();
    for (place, (row, twins)) in (bank.len()..).zip(rows.iter_mut().zip(found)) {
        row.same = first.get(&content(&row.draft)).is_some_and(|first| *first < place);
        row.twins = twins;
    }
}

fn twins_of(
    place: usize,
    rows: &[ReadRow],
    bank: &[Text],
    shelf: &Shelf,
    first: &HashMap<Content, usize>,
) -> Vec<Twin> {
    let own = &rows[place - bank.len()].draft;
    if own.stem.is_empty() {
        return Vec::new();
    }
    let told = |other: usize, similarity: u32, same: bool| match bank.get(other) {
        Some(text) => Twin { id: Some(text.id.0.clone()), n: None, stem: text.draft.stem.clone(), similarity, same },
        None => {
            let row = &rows[other - bank.len()];
            Twin { id: None, n: Some(row.n), stem: row.draft.stem.clone(), similarity, same }
        }
    };
    // The one that was there first is told whatever the shelf's look-up passes over.
    let first = first.get(&content(own)).copied().filter(|first| *first != place);
    let near = shelf.twins_of(place);
    let near = near.into_iter().filter(|twin| Some(twin.other) != first);
    first
        .map(|first| told(first, 1_000, true))
        .into_iter()
        .chain(near.map(|twin| told(twin.other, u32::from(twin.similarity), twin.same)))
        .take(crate::domain::twins::TWINS_MAX)
        .collect()
}

/// The twins of a question in its bank.
///
/// # Errors
/// The database refuses.
pub async fn of_question(desk: &DeskStore, head: &QuestionHead) -> Result<Vec<Twin>, LedgerError> {
    let mut link = desk.read().await?;
    let mut texts: Vec<Text> = Vec::new();
    let mut after = String::new();
    loop {
        let page = link.drafts_after(&head.bank, &after, PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after.clone_from(&last.id.0);
        texts.extend(page.into_iter().map(|(other, draft)| Text { id: other.id, draft }));
    }
    let own = head.id.clone();
    let found = tokio::task::spawn_blocking(move || {
        let mut shelf = Shelf::default();
        for text in &texts {
            shelf.put(&text.draft.stem, &text.draft.options);
        }
        let Some(place) = texts.iter().position(|text| text.id == own) else { return Vec::new() };
        let told = |twin: crate::domain::twins::Twin| Twin {
            id: Some(texts[twin.other].id.0.clone()),
            n: None,
            stem: texts[twin.other].draft.stem.clone(),
            similarity: u32::from(twin.similarity),
            same: twin.same,
        };
        shelf.twins_of(place).into_iter().map(told).collect()
    });
    found.await.map_err(|_| LedgerError::Stopped)
}
