//! Many rows in few statements: one a row takes tens of microseconds each, which 50,000 questions feel.

use super::Act;
use super::link::Value;
use crate::ledger::store::LedgerError;
use sqlx::AssertSqlSafe;
use std::fmt::Write;

/// Parameters of one statement; SQLite takes 32,766.
const PARAMETERS_MAX: usize = 8_000;

impl Act {
    /// `into` is the table with its columns: `import (season, id, …)`.
    pub(super) async fn insert_many<'v>(
        &mut self,
        into: &str,
        rows: impl Iterator<Item = Vec<Value<'v>>>,
    ) -> Result<(), LedgerError> {
        self.insert_all((into, ""), rows).await
    }

    /// As [`Act::insert_many`]; rows that are there already are passed over.
    pub(super) async fn insert_missing<'v>(
        &mut self,
        into: &str,
        rows: impl Iterator<Item = Vec<Value<'v>>>,
    ) -> Result<(), LedgerError> {
        self.insert_all((into, " on conflict do nothing"), rows).await
    }

    async fn insert_all<'v>(
        &mut self,
        into: (&str, &str),
        rows: impl Iterator<Item = Vec<Value<'v>>>,
    ) -> Result<(), LedgerError> {
        let mut gathered: Vec<Value<'v>> = Vec::new();
        let mut columns = 0;
        for row in rows {
            if !gathered.is_empty() && gathered.len() + row.len() > PARAMETERS_MAX {
                self.insert_gathered(into, columns, &gathered).await?;
                gathered.clear();
            }
            columns = row.len();
            gathered.extend(row);
        }
        if gathered.is_empty() { Ok(()) } else { self.insert_gathered(into, columns, &gathered).await }
    }

    async fn insert_gathered(
        &mut self,
        (into, ending): (&str, &str),
        columns: usize,
        values: &[Value<'_>],
    ) -> Result<(), LedgerError> {
        let mut sql = format!("insert into {into} values ");
        for place in 0..values.len() {
            let opens = match (place, place % columns) {
                (0, _) => "(",
                (_, 0) => "), (",
                _ => ", ",
            };
            // A string takes whatever is written to it.
            let _ = write!(sql, "{opens}${}", place + 1);
        }
        sql.push(')');
        sql.push_str(ending);
        self.execute(AssertSqlSafe(sql), values).await.map(|_| ())
    }
}
