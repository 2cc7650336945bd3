//! 相同和相近: which questions of a file, or of a bank, say what another one says already.

use crate::domain::draft::Draft;
use crate::domain::faults::same;
use crate::domain::ids::QuestionId;
use crate::ledger::desk::DeskStore;
use crate::ledger::desk::QuestionHead;
use crate::ledger::desk::ReadRow;
use crate::ledger::desk::Twin;
use crate::ledger::store::LedgerError;
use std::collections::HashMap;

/// Twins that are told of a question, the nearest first.
const TOLD_MAX: usize = 5;
/// Texts that are read at once.
const PAGE: i64 = 2_000;

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

/// Tells each row its twins in the bank and above it in the file.
pub fn find(rows: &mut [ReadRow], bank: &[Text], watch: &mut dyn FnMut(u32, u32)) {
    let mut known: HashMap<Content, Twin> = HashMap::new();
    for text in bank {
        let twin = Twin { id: Some(text.id.0.clone()), n: None, ..twin_of(&text.draft) };
        known.entry(content(&text.draft)).or_insert(twin);
    }
    let of = rows.len() as u32;
    for (done, row) in (0..).zip(rows.iter_mut()) {
        watch(done, of);
        if row.draft.stem.is_empty() {
            continue;
        }
        let content = content(&row.draft);
        match known.get(&content) {
            Some(twin) => {
                row.same = true;
                row.twins = vec![twin.clone()];
            }
            None => {
                known.insert(content, Twin { id: None, n: Some(row.n), ..twin_of(&row.draft) });
            }
        }
        row.twins.truncate(TOLD_MAX);
    }
}

fn twin_of(draft: &Draft) -> Twin {
    Twin { id: None, n: None, stem: draft.stem.clone(), similarity: 1_000, same: true }
}

/// The twins of a question in its bank.
///
/// # Errors
/// The database refuses.
pub async fn of_question(desk: &DeskStore, head: &QuestionHead) -> Result<Vec<Twin>, LedgerError> {
    let mut link = desk.read().await?;
    let own = content(&link.draft(&head.id, head.review.revision).await?.unwrap_or_default());
    let mut twins = Vec::new();
    let mut after = String::new();
    loop {
        let page = link.drafts_after(&head.bank, &after, PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after.clone_from(&last.id.0);
        let others = page.into_iter().filter(|(other, draft)| other.id != head.id && content(draft) == own);
        twins.extend(others.map(|(other, draft)| Twin { id: Some(other.id.0), ..twin_of(&draft) }));
    }
    twins.truncate(TOLD_MAX);
    Ok(twins)
}
