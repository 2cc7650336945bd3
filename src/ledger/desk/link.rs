//! One connection to the desk's tables, on either database: a query is written once and asked here.

use crate::ledger::store::LedgerError;
use sqlx::Postgres;
use sqlx::Row as _;
use sqlx::SqlSafeStr;
use sqlx::Sqlite;
use sqlx::Transaction;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use std::borrow::Cow;

/// A connection that reads, or a transaction.
pub struct Link(pub(super) Inner);

pub(super) enum Inner {
    SqliteRead(PoolConnection<Sqlite>),
    SqliteAct(Transaction<'static, Sqlite>),
    PostgresRead(PoolConnection<Postgres>),
    PostgresAct(Transaction<'static, Postgres>),
}

/// What stands for `$1`, `$2`, …. `None` is null.
#[derive(Clone, Debug)]
pub(super) enum Value<'v> {
    Whole(Option<i64>),
    Text(Option<Cow<'v, str>>),
    Bytes(Option<Cow<'v, [u8]>>),
}

macro_rules! made_from {
    ($($given:ty, $value:ident => $made:expr;)*) => {$(
        impl<'v> From<$given> for Value<'v> {
            fn from($value: $given) -> Value<'v> {
                $made
            }
        }
    )*};
}

made_from! {
    i64, value => Value::Whole(Some(value));
    Option<i64>, value => Value::Whole(value);
    bool, value => Value::Whole(Some(i64::from(value)));
    &'v str, value => Value::Text(Some(Cow::Borrowed(value)));
    &'v String, value => Value::Text(Some(Cow::Borrowed(value)));
    String, value => Value::Text(Some(Cow::Owned(value)));
    Option<&'v str>, value => Value::Text(value.map(Cow::Borrowed));
    Option<String>, value => Value::Text(value.map(Cow::Owned));
    &'v [u8], value => Value::Bytes(Some(Cow::Borrowed(value)));
    Vec<u8>, value => Value::Bytes(Some(Cow::Owned(value)));
    Option<&'v [u8]>, value => Value::Bytes(value.map(Cow::Borrowed));
}

impl<'v, const N: usize> From<&'v [u8; N]> for Value<'v> {
    fn from(value: &'v [u8; N]) -> Value<'v> {
        Value::Bytes(Some(Cow::Borrowed(value)))
    }
}

/// `values![1_i64, "text", None::<&str>]`
macro_rules! values {
    ($($value:expr),* $(,)?) => {
        &[$($crate::ledger::desk::link::Value::from($value)),*]
    };
}
pub(super) use values;

/// A row of either database. Columns are asked for by their names.
pub(super) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

macro_rules! column {
    ($($ask:ident -> $type:ty;)*) => {$(
        pub(super) fn $ask(&self, name: &str) -> Result<$type, LedgerError> {
            // Unchecked is the type's name, not its value: whatever width a number has, it is read as a whole.
            Ok(match self {
                Row::Sqlite(row) => row.try_get_unchecked(name)?,
                Row::Postgres(row) => row.try_get_unchecked(name)?,
            })
        }
    )*};
}

impl Row {
    column! {
        whole -> i64;
        maybe_whole -> Option<i64>;
        text -> String;
        maybe_text -> Option<String>;
        bytes -> Vec<u8>;
        maybe_bytes -> Option<Vec<u8>>;
    }

    pub(super) fn truth(&self, name: &str) -> Result<bool, LedgerError> {
        Ok(self.whole(name)? != 0)
    }
}

/// Binds the values and does the rest with each database's own query.
macro_rules! asked {
    ($link:expr, $sql:expr, $values:expr, |$query:ident, $connection:ident, $row:ident| $ask:expr) => {{
        let sql = $sql.into_sql_str();
        macro_rules! ask {
            ($held:expr, $kind:path) => {{
                let $connection = $held;
                let $row = $kind;
                let mut $query = sqlx::query(sql);
                for value in $values {
                    $query = match value {
                        Value::Whole(value) => $query.bind(*value),
                        Value::Text(value) => $query.bind(value.as_deref()),
                        Value::Bytes(value) => $query.bind(value.as_deref()),
                    };
                }
                $ask
            }};
        }
        match &mut $link.0 {
            Inner::SqliteRead(held) => ask!(&mut **held, Row::Sqlite),
            Inner::SqliteAct(held) => ask!(&mut **held, Row::Sqlite),
            Inner::PostgresRead(held) => ask!(&mut **held, Row::Postgres),
            Inner::PostgresAct(held) => ask!(&mut **held, Row::Postgres),
        }
    }};
}

impl Link {
    pub(super) async fn rows(&mut self, sql: impl SqlSafeStr, values: &[Value<'_>]) -> Result<Vec<Row>, LedgerError> {
        asked!(self, sql, values, |query, connection, row| {
            Ok(query.fetch_all(connection).await?.into_iter().map(row).collect())
        })
    }

    /// The first row, if there is one.
    pub(super) async fn row(&mut self, sql: impl SqlSafeStr, values: &[Value<'_>]) -> Result<Option<Row>, LedgerError> {
        asked!(self, sql, values, |query, connection, row| { Ok(query.fetch_optional(connection).await?.map(row)) })
    }

    /// Returns how many rows were changed.
    pub(super) async fn execute(&mut self, sql: impl SqlSafeStr, values: &[Value<'_>]) -> Result<u64, LedgerError> {
        asked!(self, sql, values, |query, connection, row| {
            let _ = row;
            Ok(query.execute(connection).await?.rows_affected())
        })
    }

    pub(super) async fn commit(self) -> Result<(), LedgerError> {
        match self.0 {
            Inner::SqliteAct(transaction) => Ok(transaction.commit().await?),
            Inner::PostgresAct(transaction) => Ok(transaction.commit().await?),
            Inner::SqliteRead(_) | Inner::PostgresRead(_) => Ok(()),
        }
    }
}
