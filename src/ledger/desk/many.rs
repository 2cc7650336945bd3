//! Many rows in few statements: one a row takes tens of microseconds each, which 50,000 questions feel.

use super::Act;
use super::link::Inner;
use super::link::Link;
use super::link::Value;
use crate::ledger::store::LedgerError;
use sqlx::AssertSqlSafe;
use std::fmt::Write;

/// Parameters of one statement; SQLite takes 32,766.
const PARAMETERS_MAX: usize = 8_000;

/// How parameters are written where there are thousands of them. SQLite takes `$1` for a name and looks through all names for each of them,
/// when it reads the statement and again when it is told the value: for thousands that takes longer than everything else.
#[derive(Clone, Copy)]
pub(super) struct Marks {
    /// It is SQLite.
    pub(super) nameless: bool,
}

impl Marks {
    pub(super) fn of(link: &Link) -> Marks {
        Marks { nameless: matches!(link.0, Inner::SqliteRead(_) | Inner::SqliteAct(_)) }
    }

    /// Writes the next one, `place` from 0; each is written once, in the order of the values.
    pub(super) fn write(self, sql: &mut String, place: usize) {
        sql.push(if self.nameless { '?' } else { '$' });
        if !self.nameless {
            // A string takes whatever is written to it.
            let _ = write!(sql, "{}", place + 1);
        }
    }

    /// `(?, ?), (?, ?), …` for rows of so many columns.
    pub(super) fn rows(self, sql: &mut String, rows: usize, columns: usize) {
        for place in 0..rows * columns {
            sql.push_str(match (place, place % columns) {
                (0, _) => "(",
                (_, 0) => "), (",
                _ => ", ",
            });
            self.write(sql, place);
        }
        sql.push(')');
    }
}

/// Rows of a statement for so many that are left: always one of few numbers, so that the connection knows the statement again.
pub(super) fn rows_at_once(left: usize, columns: usize) -> usize {
    let most = (PARAMETERS_MAX / columns).max(1).min(left);
    1 << most.ilog2()
}

impl Act {
    /// `into` is the table with its columns: `import (season, id, …)`.
    pub(super) async fn insert_many<'v>(
        &mut self,
        into: &str,
        rows: impl ExactSizeIterator<Item = Vec<Value<'v>>>,
    ) -> Result<(), LedgerError> {
        self.insert_all((into, ""), rows).await
    }

    /// As [`Act::insert_many`]; rows that are there already are passed over.
    pub(super) async fn insert_missing<'v>(
        &mut self,
        into: &str,
        rows: impl ExactSizeIterator<Item = Vec<Value<'v>>>,
    ) -> Result<(), LedgerError> {
        self.insert_all((into, " on conflict do nothing"), rows).await
    }

    async fn insert_all<'v>(
        &mut self,
        (into, ending): (&str, &str),
        mut rows: impl ExactSizeIterator<Item = Vec<Value<'v>>>,
    ) -> Result<(), LedgerError> {
        let marks = Marks::of(self);
        while let Some(mut values) = rows.next() {
            let columns = values.len();
            let some = rows_at_once(rows.len() + 1, columns);
            values.extend(rows.by_ref().take(some - 1).flatten());
            let mut sql = format!("insert into {into} values ");
            marks.rows(&mut sql, some, columns);
            sql.push_str(ending);
            self.execute(AssertSqlSafe(sql), &values).await?;
        }
        Ok(())
    }
}
