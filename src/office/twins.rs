//! 相同和相近: which questions of a file, or of a bank, say what another one says already.

use crate::domain::draft::Draft;
use crate::domain::ids::QuestionId;
use crate::domain::twins::Shelf;
use crate::domain::twins::TWINS_MAX;
use crate::domain::twins::text_of;
use crate::ledger::desk::DeskStore;
use crate::ledger::desk::QuestionHead;
use crate::ledger::desk::ReadRow;
use crate::ledger::desk::Twin;
use crate::ledger::store::LedgerError;
use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::sync::mpsc::channel;

/// Texts that are read at once.
const PAGE: i64 = 2_000;
/// Questions that a thread takes at once; after as many progress is told.
const AT_ONCE: usize = 256;
/// How far the threads step back, of 19: whoever plays comes first.
const NICE: i32 = 19;

/// A question of the bank.
pub struct Known {
    pub id: QuestionId,
    pub draft: Draft,
}

/// Tells each row its twins in the bank and in the file. It is the same where the bank or a row above it has it. On all processors, but for
/// what others want of them.
///
/// `watch` is told how many questions of how many have been looked at, and says whether to go on; `false`: it said no.
pub fn find(rows: &mut [ReadRow], bank: &[Known], watch: &mut dyn FnMut(u32, u32) -> bool) -> bool {
    let drafts: Vec<&Draft> = bank.iter().map(|known| &known.draft).chain(rows.iter().map(|row| &row.draft)).collect();
    let text = |draft: &&Draft| text_of(&draft.stem, &draft.options);
    let Some(texts) = on_all_processors(&drafts, |some| some.iter().map(text).collect(), &mut |_, _| true) else {
        return false;
    };
    let shelf = Shelf::of(texts);
    let first = first_of_each(&drafts, &shelf);
    let places = shelf.in_order(bank.len()..drafts.len());
    let Some(near) = on_all_processors(&places, |some| shelf.twins_of(some), watch) else { return false };

    let own = |place: usize| &drafts[place];
    let told = |other: usize, similarity: u32, same: bool| {
        let stem = own(other).stem.clone();
        match bank.get(other) {
            Some(known) => Twin { id: Some(known.id.0.clone()), n: None, stem, similarity, same },
            None => Twin { id: None, n: Some(rows[other - bank.len()].n), stem, similarity, same },
        }
    };
    let mut found: Vec<(bool, Vec<Twin>)> = vec![(false, Vec::new()); rows.len()];
    for (place, near) in places.into_iter().zip(near).filter(|(place, _)| !own(*place).stem.is_empty()) {
        // The one that was there first is told whatever the shelf passes over.
        let first = first.get(&content(own(place), &shelf, place)).copied().filter(|first| *first != place);
        let near = near.into_iter().filter(|twin| Some(twin.other) != first);
        let near = near.map(|twin| told(twin.other, u32::from(twin.similarity), twin.same));
        let twins = first.map(|first| told(first, 1_000, true)).into_iter().chain(near).take(TWINS_MAX).collect();
        found[place - bank.len()] = (first.is_some_and(|first| first < place), twins);
    }
    drop(drafts);
    for (row, (same, twins)) in rows.iter_mut().zip(found) {
        (row.same, row.twins) = (same, twins);
    }
    true
}

/// What makes two questions the same, as the bank's check has it: stem, options in any order, picture.
type Content<'t> = (&'t [char], Option<&'t str>);

fn content<'t>(draft: &'t Draft, shelf: &'t Shelf, place: usize) -> Content<'t> {
    (shelf.text(place), draft.media.as_ref().map(|media| media.file.as_str()))
}

fn first_of_each<'t>(drafts: &[&'t Draft], shelf: &'t Shelf) -> HashMap<Content<'t>, usize> {
    let mut first = HashMap::with_capacity(drafts.len());
    for (place, draft) in drafts.iter().enumerate().filter(|(_, draft)| !draft.stem.is_empty()) {
        first.entry(content(draft, shelf, place)).or_insert(place);
    }
    first
}

/// What `work` makes of all, some at a time, in their order; `None`: `watch` did not want to go on.
fn on_all_processors<A: Sync, B: Send>(
    all: &[A],
    work: impl Fn(&[A]) -> Vec<B> + Sync,
    watch: &mut dyn FnMut(u32, u32) -> bool,
) -> Option<Vec<B>> {
    let parts: Vec<&[A]> = all.chunks(AT_ONCE).collect();
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get().min(parts.len()));
    let (next, work) = (AtomicUsize::new(0), &work);
    let mut made: Vec<Option<Vec<B>>> = parts.iter().map(|_| None).collect();
    std::thread::scope(|scope| {
        // Nobody who works waits for whoever takes it.
        let (send, receive) = channel();
        for _ in 0..threads {
            let (send, parts, next) = (send.clone(), &parts, &next);
            scope.spawn(move || {
                step_back();
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    let Some(part) = parts.get(n) else { return };
                    // Nobody takes it any more where `watch` said no.
                    if send.send((n, work(part))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        let mut done = 0;
        while let Ok((n, part)) = receive.recv() {
            done += part.len() as u32;
            made[n] = Some(part);
            if !watch(done, all.len() as u32) {
                return;
            }
        }
    });
    made.into_iter().collect::<Option<Vec<Vec<B>>>>().map(|made| made.into_iter().flatten().collect())
}

fn step_back() {
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::warn!(%error, "questions are compared at the usual priority");
    }
}

/// The twins of a question in its bank.
///
/// # Errors
/// The database refuses.
pub async fn of_question(desk: &DeskStore, head: &QuestionHead) -> Result<Vec<Twin>, LedgerError> {
    let known = all_of(desk, &head.bank).await?;
    let own = head.id.clone();
    let found = tokio::task::spawn_blocking(move || {
        let Some(place) = known.iter().position(|known| known.id == own) else { return Vec::new() };
        let shelf = Shelf::of(known.iter().map(|known| text_of(&known.draft.stem, &known.draft.options)).collect());
        let told = |twin: crate::domain::twins::Twin| Twin {
            id: Some(known[twin.other].id.0.clone()),
            n: None,
            stem: known[twin.other].draft.stem.clone(),
            similarity: u32::from(twin.similarity),
            same: twin.same,
        };
        shelf.twins_of(&[place]).into_iter().flatten().map(told).collect()
    });
    found.await.map_err(|_| LedgerError::Stopped)
}

/// The current texts of a bank.
///
/// # Errors
/// The database refuses.
pub async fn all_of(desk: &DeskStore, bank: &str) -> Result<Vec<Known>, LedgerError> {
    let mut link = desk.read().await?;
    let mut known = Vec::new();
    let mut after = String::new();
    loop {
        let page = link.texts_after(bank, &after, PAGE).await?;
        let Some((last, _)) = page.last() else { return Ok(known) };
        after.clone_from(&last.0);
        known.extend(page.into_iter().map(|(id, draft)| Known { id, draft }));
    }
}
