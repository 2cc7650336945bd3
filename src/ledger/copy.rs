//! One ledger into another, row by row with its numbers, and a digest over everything that a ledger tells.

use crate::domain::ids::AttemptId;
use crate::domain::ids::ParticipantId;
use crate::ledger::entry::EntryNumber;
use crate::ledger::entry::Registered;
use crate::ledger::entry::pack;
use crate::ledger::rows::Rows;
use crate::ledger::store::LaneState;
use crate::ledger::store::LedgerError;
use crate::ledger::store::Noted;
use crate::ledger::store::PAGE_ROWS;
use crate::ledger::store::RawAnswer;
use crate::ledger::store::Recorded;
use crate::ledger::store::Store;
use data_encoding::HEXLOWER;
use sha2::Digest;
use sha2::Sha256;

/// A page of one table, in the order of its key.
enum Page {
    Notes(Vec<Noted>),
    Participants(Vec<(EntryNumber, Registered)>),
    Attempts(Vec<Recorded>),
    Answers(Vec<RawAnswer>),
}

/// How far a reader is: table by table.
#[derive(Clone, Copy)]
enum Next {
    Notes(EntryNumber),
    Participants(ParticipantId),
    Attempts(AttemptId),
    Answers(EntryNumber),
}

impl Next {
    async fn page(self, store: &dyn Store) -> Result<Page, LedgerError> {
        Ok(match self {
            Next::Notes(after) => Page::Notes(store.notes(after).await?),
            Next::Participants(after) => Page::Participants(store.participants(after).await?),
            Next::Attempts(after) => Page::Attempts(store.attempts(after).await?),
            Next::Answers(after) => Page::Answers(store.answers(after).await?),
        })
    }
}

impl Page {
    fn rows(&self) -> Rows<'_> {
        let mut rows = Rows::default();
        match self {
            Page::Notes(page) => rows.notes = page.iter().map(|noted| (noted.n, noted.at, &noted.note)).collect(),
            Page::Participants(page) => rows.participants = page.iter().map(|(n, who)| (*n, who)).collect(),
            Page::Attempts(page) => {
                rows.starts = page.iter().map(|recorded| (recorded.n, &recorded.started)).collect();
                rows.ends =
                    page.iter().filter_map(|recorded| recorded.ended.as_ref().map(|(n, end)| (*n, end))).collect();
            }
            Page::Answers(page) => rows.answers.clone_from(page),
        }
        rows
    }

    fn len(&self) -> usize {
        match self {
            Page::Notes(page) => page.len(),
            Page::Participants(page) => page.len(),
            Page::Attempts(page) => page.len(),
            Page::Answers(page) => page.len(),
        }
    }

    /// What to read after it; `None` after the last table's last page.
    fn next(&self) -> Option<Next> {
        let full = self.len() as i64 == PAGE_ROWS;
        Some(match self {
            Page::Notes(page) => match page.last().filter(|_| full) {
                Some(last) => Next::Notes(last.n),
                None => Next::Participants(ParticipantId(0)),
            },
            Page::Participants(page) => match page.last().filter(|_| full) {
                Some((_, last)) => Next::Participants(last.participant),
                None => Next::Attempts(AttemptId(0)),
            },
            Page::Attempts(page) => match page.last().filter(|_| full) {
                Some(last) => Next::Attempts(last.started.attempt),
                None => Next::Answers(0),
            },
            Page::Answers(page) => Next::Answers(page.last().filter(|_| full)?.n),
        })
    }
}

/// Copies everything into an empty ledger. `progress` hears after each page how many rows there are by now.
///
/// # Errors
/// Either ledger fails, or the other one is not empty.
pub async fn copy(from: &dyn Store, to: &dyn Store, mut progress: impl FnMut(u64)) -> Result<LaneState, LedgerError> {
    let lane = from.lane().await?.whole()?;
    to.begin_copy().await?;
    let mut copied = 0;
    let mut next = Some(Next::Notes(0));
    while let Some(reading) = next {
        let page = reading.page(from).await?;
        if page.len() > 0 {
            to.copy_rows(&page.rows()).await?;
            copied += page.len() as u64;
            progress(copied);
        }
        next = page.next();
    }
    to.end_copy(lane).await?;
    Ok(lane)
}

/// `sha256:` over every row with its number, table by table, and the lane's last number; the epoch is not in it.
///
/// # Errors
/// The ledger cannot be read.
pub async fn digest(store: &dyn Store) -> Result<String, LedgerError> {
    let lane = store.lane().await?.whole()?;
    let mut hash = Hash(Sha256::new());
    hash.whole(lane.last_n);
    hash.whole(lane.alive_at.map_or(0, |at| at.0));
    let mut next = Some(Next::Notes(0));
    while let Some(reading) = next {
        let page = reading.page(store).await?;
        hash.rows(&page.rows())?;
        next = page.next();
    }
    Ok(format!("sha256:{}", HEXLOWER.encode(&hash.0.finalize())))
}

/// Numbers of eight bytes, texts after their lengths: no two ledgers come to the same bytes.
struct Hash(Sha256);

impl Hash {
    fn whole(&mut self, value: i64) {
        self.0.update(value.to_be_bytes());
    }

    fn wholes<const N: usize>(&mut self, values: [i64; N]) {
        values.into_iter().for_each(|value| self.whole(value));
    }

    fn bytes(&mut self, value: &[u8]) {
        self.whole(value.len() as i64);
        self.0.update(value);
    }

    fn maybe(&mut self, value: Option<&str>) {
        self.whole(i64::from(value.is_some()));
        self.bytes(value.unwrap_or_default().as_bytes());
    }

    fn rows(&mut self, rows: &Rows<'_>) -> Result<(), LedgerError> {
        for (n, at, note) in &rows.notes {
            let body =
                serde_json::to_vec(note).map_err(|error| LedgerError::Unreadable { n: *n, what: error.to_string() })?;
            self.wholes([1, *n, at.0]);
            self.bytes(&body);
        }
        for (n, who) in &rows.participants {
            self.wholes([2, *n, who.participant.0, i64::from(who.consented), who.at.0]);
            for value in [&who.request, &who.token.0, &who.recovery.0] {
                self.bytes(value);
            }
            self.bytes(who.who.name.as_bytes());
            self.bytes(who.who.city.as_bytes());
            for value in [&who.who.county, &who.who.organisation, &who.who.group] {
                self.maybe(value.as_deref());
            }
        }
        for (n, start) in &rows.starts {
            let (attempt, previous) = (start.attempt.0, start.previous.map_or(0, |previous| previous.0));
            let numbers = [3, *n, attempt, start.participant.0, start.period, i64::from(start.number), start.at.0];
            self.wholes(numbers);
            self.whole(previous);
            self.bytes(&start.seed.0);
        }
        for (n, end) in &rows.ends {
            let numbers =
                [4, *n, end.attempt.0, i64::from(end.score), i64::from(end.correct), end.elapsed_ms as i64, end.at.0];
            self.wholes(numbers);
            self.whole(i64::from(end.ending.code()));
            self.bytes(&pack(&end.fates, end.edition));
            self.maybe(end.receipt.as_deref());
        }
        for answer in &rows.answers {
            let RawAnswer { n, attempt, seq, given, elapsed_ms, at } = *answer;
            let numbers = [5, n, attempt.0, i64::from(seq), i64::from(given), i64::from(elapsed_ms), at.0];
            self.wholes(numbers);
        }
        Ok(())
    }
}
