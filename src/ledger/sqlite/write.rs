//! One batch into the tables of the SQLite ledger: multi-row statements in a few fixed sizes, so that each stays prepared.

use super::LANE;
use super::SEASON;
use crate::ledger::entry::Ended;
use crate::ledger::entry::Entry;
use crate::ledger::entry::EntryNumber;
use crate::ledger::entry::Note;
use crate::ledger::entry::OPENED_CODE;
use crate::ledger::entry::Registered;
use crate::ledger::entry::Started;
use crate::ledger::entry::pack;
use crate::ledger::store::Batch;
use crate::ledger::store::LedgerError;
use crate::ledger::store::RawAnswer;
use sqlx::Connection;
use sqlx::Sqlite;
use sqlx::SqliteConnection;
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use std::sync::Arc;
use std::sync::OnceLock;

/// Rows a statement, largest first: any number below the double of the first takes one statement a bit of it. SQLite takes
/// 32,766 bound values; the widest table here binds 13 a row.
const CHUNKS: [usize; 10] = [512, 256, 128, 64, 32, 16, 8, 4, 2, 1];

/// The entries of a batch, table by table.
#[derive(Default)]
struct Tables<'a> {
    participants: Vec<(EntryNumber, &'a Registered)>,
    starts: Vec<(EntryNumber, &'a Started)>,
    answers: Vec<RawAnswer>,
    ends: Vec<(EntryNumber, &'a Ended)>,
    notes: Vec<(EntryNumber, crate::domain::time::Timestamp, &'a Note)>,
}

impl<'a> Tables<'a> {
    fn of(first: EntryNumber, entries: &'a [Entry]) -> Tables<'a> {
        let mut tables = Tables::default();
        for (n, entry) in (first..).zip(entries) {
            match entry {
                Entry::Registered(registered) => tables.participants.push((n, registered)),
                Entry::Started(started) => tables.starts.push((n, started)),
                Entry::Opened { attempt, seq, at } => {
                    let opened =
                        RawAnswer { n, attempt: *attempt, seq: *seq, given: OPENED_CODE, elapsed_ms: 0, at: *at };
                    tables.answers.push(opened);
                }
                Entry::Settled(settled) => {
                    if let Some(fate) = settled.fate {
                        tables.answers.push(RawAnswer {
                            n,
                            attempt: settled.attempt,
                            seq: fate.seq,
                            given: fate.given.code(),
                            elapsed_ms: fate.elapsed_ms,
                            at: settled.at,
                        });
                    }
                    if let Some(ended) = &settled.ended {
                        tables.ends.push((n, ended));
                    }
                }
                Entry::Noted { at, note } => tables.notes.push((n, *at, note)),
            }
        }
        tables
    }
}

/// Commits the batch, or nothing of it.
pub(super) async fn commit(writer: &mut SqliteConnection, batch: Batch<'_>) -> Result<(), LedgerError> {
    let tables = Tables::of(batch.first, batch.entries);
    let mut transaction = writer.begin_with("begin immediate").await?;
    let moved = sqlx::query("update lane set last_n = ?, alive_at = ? where id = ? and epoch = ? and last_n = ?")
        .bind(batch.first + batch.entries.len() as i64 - 1)
        .bind(batch.alive_at.0)
        .bind(LANE)
        .bind(batch.epoch)
        .bind(batch.first - 1)
        .execute(&mut *transaction)
        .await?;
    fence(&mut transaction, batch.epoch, moved.rows_affected()).await?;
    ANSWERS
        .insert(&mut transaction, &tables.answers, |query, row| {
            query
                .bind(row.n)
                .bind(SEASON)
                .bind(row.attempt.0)
                .bind(row.seq)
                .bind(row.given)
                .bind(row.elapsed_ms)
                .bind(row.at.0)
        })
        .await?;
    STARTS
        .insert(&mut transaction, &tables.starts, |query, (n, started)| {
            query
                .bind(started.attempt.0)
                .bind(SEASON)
                .bind(*n)
                .bind(started.participant.0)
                .bind(started.period)
                .bind(started.number)
                .bind(&started.seed.0[..])
                .bind(started.at.0)
        })
        .await?;
    ENDS.insert(&mut transaction, &tables.ends, |query, (n, ended)| {
        query
            .bind(ended.attempt.0)
            .bind(SEASON)
            .bind(*n)
            .bind(ended.score)
            .bind(ended.correct)
            .bind(ended.elapsed_ms as i64)
            .bind(ended.at.0)
            .bind(ended.ending.code())
            .bind(pack(&ended.fates))
            .bind(ended.receipt.as_str())
    })
    .await?;
    PARTICIPANTS.insert(&mut transaction, &tables.participants, bind_participant).await?;
    let bodies = bodies(&tables)?;
    NOTES
        .insert(&mut transaction, &bodies, |query, (n, at, kind, body)| {
            query.bind(*n).bind(SEASON).bind(kind.as_str()).bind(*at).bind(body.as_str())
        })
        .await?;
    Ok(transaction.commit().await?)
}

/// `Ok` where the write before it found its lane under our epoch.
pub(super) async fn fence(writer: &mut SqliteConnection, mine: i64, rows: u64) -> Result<(), LedgerError> {
    if rows == 1 {
        return Ok(());
    }
    let found = sqlx::query_scalar("select epoch from lane where id = ?").bind(LANE).fetch_one(writer).await?;
    Err(LedgerError::Fenced { found, mine })
}

fn bind_participant<'q>(query: Insertion<'q>, (n, who): &'q (EntryNumber, &'q Registered)) -> Insertion<'q> {
    query
        .bind(who.participant.0)
        .bind(SEASON)
        .bind(*n)
        .bind(&who.request[..])
        .bind(who.who.name.as_str())
        .bind(who.who.city.as_str())
        .bind(who.who.county.as_deref())
        .bind(who.who.organisation.as_deref())
        .bind(who.who.group.as_deref())
        .bind(&who.token.0[..])
        .bind(&who.recovery.0[..])
        .bind(who.consented)
        .bind(who.at.0)
}

/// Notes as rows: number, moment, kind, body.
fn bodies(tables: &Tables<'_>) -> Result<Vec<(EntryNumber, i64, String, String)>, LedgerError> {
    let unreadable = |n, what: String| LedgerError::Unreadable { n, what };
    tables
        .notes
        .iter()
        .map(|(n, at, note)| {
            let value = serde_json::to_value(note).map_err(|error| unreadable(*n, error.to_string()))?;
            let kind = value["kind"].as_str().unwrap_or_default().to_owned();
            Ok((*n, at.0, kind, value.to_string()))
        })
        .collect()
}

type Insertion<'q> = Query<'q, Sqlite, SqliteArguments>;

static PARTICIPANTS: Inserter = Inserter::new(
    "insert into participant
     (id, season, n, request, name, city, county, organisation, group_id, token, recovery, consented, at)",
    "(?,?,?,?,?,?,?,?,?,?,?,?,?)",
);
static STARTS: Inserter =
    Inserter::new("insert into start (attempt, season, n, participant, period, number, seed, at)", "(?,?,?,?,?,?,?,?)");
static ANSWERS: Inserter =
    Inserter::new("insert into answer (n, season, attempt, seq, given, elapsed_ms, at)", "(?,?,?,?,?,?,?)");
static ENDS: Inserter = Inserter::new(
    "insert into ended (attempt, season, n, score, correct, elapsed_ms, at, ending, answers, receipt)",
    "(?,?,?,?,?,?,?,?,?,?)",
);
static NOTES: Inserter = Inserter::new("insert into entry (n, season, kind, at, body)", "(?,?,?,?,?)");

/// Inserts many rows of one table by statements of [`CHUNKS`] rows.
struct Inserter {
    head: &'static str,
    row: &'static str,
    statements: OnceLock<[Arc<str>; CHUNKS.len()]>,
}

impl Inserter {
    const fn new(head: &'static str, row: &'static str) -> Inserter {
        Inserter { head, row, statements: OnceLock::new() }
    }

    async fn insert<'q, T>(
        &self,
        writer: &mut SqliteConnection,
        mut rows: &'q [T],
        bind: impl Fn(Insertion<'q>, &'q T) -> Insertion<'q>,
    ) -> Result<(), LedgerError> {
        let statements = self.statements.get_or_init(|| {
            CHUNKS.map(|size| format!("{} values {}", self.head, vec![self.row; size].join(",")).into())
        });
        for (size, statement) in CHUNKS.into_iter().zip(statements) {
            while rows.len() >= size {
                let (chunk, rest) = rows.split_at(size);
                // The text is made of this file's own constants.
                let query = sqlx::query(sqlx::AssertSqlSafe(Arc::clone(statement)));
                chunk.iter().fold(query, &bind).execute(&mut *writer).await?;
                rows = rest;
            }
        }
        Ok(())
    }
}
