//! A batch as rows, table by table, as every database keeps them.

use crate::domain::ids::AttemptId;
use crate::domain::time::Timestamp;
use crate::ledger::entry::Ended;
use crate::ledger::entry::Entry;
use crate::ledger::entry::EntryNumber;
use crate::ledger::entry::Note;
use crate::ledger::entry::OPENED_CODE;
use crate::ledger::entry::Registered;
use crate::ledger::entry::Started;

/// Rows with their entries' numbers. An entry that settles a question and ends the attempt is two rows of one number.
#[derive(Default)]
pub struct Rows<'a> {
    pub participants: Vec<(EntryNumber, &'a Registered)>,
    pub starts: Vec<(EntryNumber, &'a Started)>,
    pub answers: Vec<RawAnswer>,
    pub ends: Vec<(EntryNumber, &'a Ended)>,
    pub notes: Vec<(EntryNumber, Timestamp, &'a Note)>,
}

impl<'a> Rows<'a> {
    /// Entry i has the number `first + i`.
    pub fn of(first: EntryNumber, entries: &'a [Entry]) -> Rows<'a> {
        let mut rows = Rows::default();
        for (n, entry) in (first..).zip(entries) {
            match entry {
                Entry::Registered(registered) => rows.participants.push((n, registered)),
                Entry::Started(started) => rows.starts.push((n, started)),
                Entry::Opened { attempt, seq, at } => {
                    let opened =
                        RawAnswer { n, attempt: *attempt, seq: *seq, given: OPENED_CODE, elapsed_ms: 0, at: *at };
                    rows.answers.push(opened);
                }
                Entry::Settled(settled) => {
                    if let Some(fate) = settled.fate {
                        rows.answers.push(RawAnswer {
                            n,
                            attempt: settled.attempt,
                            seq: fate.seq,
                            given: fate.given.code(),
                            elapsed_ms: fate.elapsed_ms,
                            at: settled.at,
                        });
                    }
                    if let Some(ended) = &settled.ended {
                        rows.ends.push((n, ended));
                    }
                }
                Entry::Noted { at, note } => rows.notes.push((n, *at, note)),
            }
        }
        rows
    }
}

/// A raw answer row: `given` is [`crate::domain::attempt::Given::code`] or [`OPENED_CODE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawAnswer {
    pub n: EntryNumber,
    pub attempt: AttemptId,
    pub seq: u32,
    pub given: i16,
    pub elapsed_ms: u32,
    pub at: Timestamp,
}
