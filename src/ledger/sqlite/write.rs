//! One batch into the tables of the SQLite ledger: multi-row statements in a few fixed sizes, so that each stays prepared.

use super::LANE;
use super::SEASON;
use crate::domain::time::Timestamp;
use crate::ledger::columns::bodies;
use crate::ledger::entry::EntryNumber;
use crate::ledger::entry::Registered;
use crate::ledger::entry::pack;
use crate::ledger::rows::Rows;
use crate::ledger::runs::runs;
use crate::ledger::store::LedgerError;
use rusqlite::CachedStatement;
use rusqlite::Connection;
use rusqlite::ToSql;
use rusqlite::TransactionBehavior;
use std::sync::OnceLock;

/// Rows a statement, largest first: any number below the double of the first takes one statement a bit of it. SQLite takes
/// 32,766 bound values; the widest table here binds 13 a row.
const CHUNKS: [usize; 10] = [512, 256, 128, 64, 32, 16, 8, 4, 2, 1];

/// How the lane moves with what is written.
pub(super) struct Step {
    pub(super) epoch: i64,
    pub(super) from: EntryNumber,
    pub(super) to: EntryNumber,
    pub(super) alive_at: Timestamp,
}

/// Moves the lane and writes the rows, or does nothing. Blocks for as long as that takes.
pub(super) fn write(writer: &mut Connection, step: &Step, rows: &Rows<'_>) -> Result<(), LedgerError> {
    let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let moved = transaction
        .prepare_cached("update lane set last_n = ?, alive_at = ? where id = ? and epoch = ? and last_n = ?")?
        .execute((step.to, step.alive_at.0, LANE, step.epoch, step.from))?;
    fence(&transaction, step.epoch, moved)?;
    RUNS.insert(&transaction, &runs(&rows.answers), |row, run| {
        row.put(run.last_n)?;
        row.put(SEASON)?;
        row.put(&run.packed[..])
    })?;
    STARTS.insert(&transaction, &rows.starts, |row, (n, started)| {
        row.put(started.attempt.0)?;
        row.put(SEASON)?;
        row.put(n)?;
        row.put(started.participant.0)?;
        row.put(started.period)?;
        row.put(started.number)?;
        row.put(&started.seed.0[..])?;
        row.put(started.at.0)?;
        row.put(started.previous.map_or(0, |previous| previous.0))
    })?;
    ENDS.insert(&transaction, &rows.ends, |row, (n, ended)| {
        row.put(ended.attempt.0)?;
        row.put(SEASON)?;
        row.put(n)?;
        row.put(ended.score)?;
        row.put(ended.correct)?;
        row.put(ended.elapsed_ms as i64)?;
        row.put(ended.at.0)?;
        row.put(ended.ending.code())?;
        row.put(pack(&ended.fates, ended.edition))?;
        row.put(ended.receipt.as_deref().unwrap_or_default())
    })?;
    PARTICIPANTS.insert(&transaction, &rows.participants, put_participant)?;
    NOTES.insert(&transaction, &bodies(rows)?, |row, note| {
        row.put(note.n)?;
        row.put(SEASON)?;
        row.put(&note.kind)?;
        row.put(note.at.0)?;
        row.put(&note.body)
    })?;
    Ok(transaction.commit()?)
}

/// `Ok` where the write before it found its lane under our epoch.
pub(super) fn fence(writer: &Connection, mine: i64, rows: usize) -> Result<(), LedgerError> {
    if rows == 1 {
        return Ok(());
    }
    let found = writer.query_row("select epoch from lane where id = ?", [LANE], |row| row.get(0))?;
    Err(LedgerError::Fenced { found, mine })
}

fn put_participant(row: &mut Row<'_, '_>, (n, who): &(EntryNumber, &Registered)) -> rusqlite::Result<()> {
    row.put(who.participant.0)?;
    row.put(SEASON)?;
    row.put(n)?;
    row.put(&who.request[..])?;
    row.put(who.who.name.as_str())?;
    row.put(who.who.city.as_str())?;
    row.put(who.who.county.as_deref())?;
    row.put(who.who.organisation.as_deref())?;
    row.put(who.who.group.as_deref())?;
    row.put(&who.token.0[..])?;
    row.put(&who.recovery.0[..])?;
    row.put(who.consented)?;
    row.put(who.at.0)
}

static PARTICIPANTS: Inserter = Inserter::new(
    "insert or fail into participant
     (id, season, n, request, name, city, county, organisation, group_id, token, recovery, consented, at)",
    "(?,?,?,?,?,?,?,?,?,?,?,?,?)",
);
static STARTS: Inserter = Inserter::new(
    "insert or fail into start (attempt, season, n, participant, period, number, seed, at, previous)",
    "(?,?,?,?,?,?,?,?,?)",
);
static RUNS: Inserter = Inserter::new("insert or fail into answer_run (last_n, season, packed)", "(?,?,?)");
static ENDS: Inserter = Inserter::new(
    "insert or fail into ended (attempt, season, n, score, correct, elapsed_ms, at, ending, answers, receipt)",
    "(?,?,?,?,?,?,?,?,?,?)",
);
static NOTES: Inserter = Inserter::new("insert or fail into entry (n, season, kind, at, body)", "(?,?,?,?,?)");

/// Inserts many rows of one table by statements of [`CHUNKS`] rows. `or fail`, because a statement that fails takes the whole
/// batch back with it: so SQLite need not copy each page that it touches to be able to take back the statement alone.
struct Inserter {
    head: &'static str,
    row: &'static str,
    statements: OnceLock<[String; CHUNKS.len()]>,
}

/// The values of the rows of one statement, bound one after the other.
struct Row<'a, 'c> {
    statement: &'a mut CachedStatement<'c>,
    bound: usize,
}

impl Row<'_, '_> {
    fn put(&mut self, value: impl ToSql) -> rusqlite::Result<()> {
        self.bound += 1;
        self.statement.raw_bind_parameter(self.bound, value)
    }
}

impl Inserter {
    const fn new(head: &'static str, row: &'static str) -> Inserter {
        Inserter { head, row, statements: OnceLock::new() }
    }

    fn insert<T>(
        &self,
        writer: &Connection,
        mut rows: &[T],
        put: impl Fn(&mut Row<'_, '_>, &T) -> rusqlite::Result<()>,
    ) -> Result<(), LedgerError> {
        let statements = self
            .statements
            .get_or_init(|| CHUNKS.map(|size| format!("{} values {}", self.head, vec![self.row; size].join(","))));
        for (size, statement) in CHUNKS.into_iter().zip(statements) {
            while rows.len() >= size {
                let (chunk, rest) = rows.split_at(size);
                let mut statement = writer.prepare_cached(statement)?;
                let mut row = Row { statement: &mut statement, bound: 0 };
                chunk.iter().try_for_each(|one| put(&mut row, one))?;
                statement.raw_execute()?;
                rows = rest;
            }
        }
        Ok(())
    }
}

/// Every statement of this file, so that all of them stay prepared.
pub(super) const STATEMENTS_MAX: usize = 5 * CHUNKS.len() + 8;
