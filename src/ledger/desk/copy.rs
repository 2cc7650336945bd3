//! A desk from one database into another, row by row, and a digest over everything in it. Tables are found by name, their columns by what the
//! database says of them: whoever adds a table adds its name to [`TABLES`] and has nothing else to do here.

use super::DeskStore;
use super::SEASON;
use super::link::Inner;
use super::link::Link;
use super::link::Row;
use super::link::Value;
use super::link::values;
use crate::ledger::store::LedgerError;
use data_encoding::HEXLOWER;
use sha2::Digest;
use sha2::Sha256;
use sqlx::AssertSqlSafe;
use std::borrow::Cow;

/// All tables of the desk, each after those that it refers to, with how many rows are held at a time: one may be a whole file. Each begins with
/// `season`, and its key is within its first [`KEY_COLUMNS`] columns.
const TABLES: &[(&str, i64)] = &[
    ("desk", 1),
    ("staff", 500),
    ("staff_grant", 500),
    ("staff_session", 500),
    ("staff_recovery", 500),
    ("staff_invitation", 500),
    ("staff_reset", 500),
    ("audit", 500),
    ("bank", 100),
    ("question", 500),
    ("question_revision", 500),
    ("question_step", 500),
    ("bank_version", 1),
    ("picture", 20),
    ("import", 100),
    ("import_file", 1),
    ("import_row", 500),
    ("notice", 500),
    ("report", 500),
    ("report_answer", 500),
    ("correction", 100),
    ("complaint", 500),
    ("complaint_step", 500),
    ("attempt_event", 2_000),
    ("attempt_event_gap", 500),
    ("season_draft", 1),
    ("season_draft_file", 1),
];
const KEY_COLUMNS: usize = 4;
struct Column {
    name: String,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Whole,
    Text,
    Bytes,
}

impl Link {
    /// Names of the tables that the database has and [`TABLES`] does not.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn tables_left_out(&mut self) -> Result<Vec<String>, LedgerError> {
        // What PostgreSQL holds beside the desk's tables is the ledger's: only a desk by itself can be told whole.
        if matches!(self.0, Inner::PostgresRead(_) | Inner::PostgresAct(_)) {
            return Ok(Vec::new());
        }
        let sql = "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'";
        let names: Result<Vec<String>, LedgerError> =
            self.rows(sql, &[]).await?.iter().map(|row| row.text("name")).collect();
        let known = |name: &String| name == "desk_migrations" || TABLES.iter().any(|(table, _)| table == name);
        Ok(names?.into_iter().filter(|name| !known(name)).collect())
    }

    async fn columns(&mut self, table: &str) -> Result<Vec<Column>, LedgerError> {
        let sql = match self.0 {
            Inner::SqliteRead(_) | Inner::SqliteAct(_) => {
                "select name, type as kind from pragma_table_info($1) order by cid"
            }
            Inner::PostgresRead(_) | Inner::PostgresAct(_) => {
                "select column_name::text as name, data_type::text as kind from information_schema.columns
                 where table_schema = current_schema() and table_name = $1 order by ordinal_position"
            }
        };
        let column = |row: &Row| {
            let kind = match row.text("kind")?.as_str() {
                "bigint" => Kind::Whole,
                "bytea" => Kind::Bytes,
                _ => Kind::Text,
            };
            Ok(Column { name: row.text("name")?, kind })
        };
        self.rows(sql, values![table]).await?.iter().map(column).collect()
    }

    /// A page of a table, in the order of its key.
    async fn table_page(
        &mut self,
        (table, rows): (&str, i64),
        columns: &[Column],
        from: i64,
    ) -> Result<Vec<Vec<Value<'static>>>, LedgerError> {
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let key = names.iter().take(KEY_COLUMNS).copied().collect::<Vec<_>>().join(", ");
        let names = names.join(", ");
        let sql = format!("select {names} from {table} where season = $1 order by {key} limit $2 offset $3");
        let rows = self.rows(AssertSqlSafe(sql), values![SEASON, rows, from]).await?;
        rows.iter().map(|row| columns.iter().map(|column| cell(row, column)).collect()).collect()
    }
}

fn cell(row: &Row, column: &Column) -> Result<Value<'static>, LedgerError> {
    Ok(match column.kind {
        Kind::Whole => Value::Whole(row.maybe_whole(&column.name)?),
        Kind::Text => Value::Text(row.maybe_text(&column.name)?.map(Cow::Owned)),
        Kind::Bytes => Value::Bytes(row.maybe_bytes(&column.name)?.map(Cow::Owned)),
    })
}

/// Copies everything into a desk on which nothing has happened yet, all or nothing. How many rows there were.
///
/// # Errors
/// Either database refuses, or the other desk is not empty.
pub async fn copy(from: &DeskStore, to: &DeskStore) -> Result<u64, LedgerError> {
    let mut source = from.read().await?;
    let mut act = to.begin().await?;
    let used =
        "select (select count(*) from staff where season = $1) + (select last_n from desk where season = $1) as used";
    if act.row(used, values![SEASON]).await?.map_or(Ok(0), |row| row.whole("used"))? != 0 {
        return Err(LedgerError::NotEmpty);
    }
    act.execute("delete from desk where season = $1", values![SEASON]).await?;
    let mut copied = 0;
    for (table, rows) in TABLES.iter().copied() {
        let columns = source.columns(table).await?;
        let names = columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ");
        let places = (1..=columns.len()).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ");
        let insert = format!("insert into {table} ({names}) values ({places})");
        let mut at = 0;
        loop {
            let page = source.table_page((table, rows), &columns, at).await?;
            for row in &page {
                act.execute(AssertSqlSafe(insert.clone()), row).await?;
            }
            at += page.len() as i64;
            copied += page.len() as u64;
            if (page.len() as i64) < rows {
                break;
            }
        }
    }
    act.commit_unrecorded().await?;
    Ok(copied)
}

/// Over every row of every table, whatever order a database returns them in.
///
/// # Errors
/// The database refuses.
pub async fn digest(store: &DeskStore) -> Result<String, LedgerError> {
    let mut link = store.read().await?;
    let mut all = Sha256::new();
    for (table, rows) in TABLES.iter().copied() {
        let columns = link.columns(table).await?;
        let (mut at, mut sum) = (0, [0_u8; 32]);
        loop {
            let page = link.table_page((table, rows), &columns, at).await?;
            for row in &page {
                let cells = columns.iter().zip(row);
                let mut cells: Vec<_> = cells.map(|(column, value)| (column.name.as_str(), value)).collect();
                cells.sort_by_key(|(name, _)| *name);
                add(&mut sum, &row_hash(&cells));
            }
            at += page.len() as i64;
            if (page.len() as i64) < rows {
                break;
            }
        }
        all.update((table.len() as u64).to_be_bytes());
        all.update(table);
        all.update(at.to_be_bytes());
        all.update(sum);
    }
    Ok(format!("sha256:{}", HEXLOWER.encode(&all.finalize())))
}

/// Numbers of eight bytes, texts after their lengths, and what is not there is not empty.
fn row_hash(cells: &[(&str, &Value<'_>)]) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut bytes = |kind: u8, bytes: &[u8]| {
        hash.update([kind]);
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    for (name, value) in cells {
        bytes(0, name.as_bytes());
        match value {
            Value::Whole(Some(value)) => bytes(1, &value.to_be_bytes()),
            Value::Text(Some(value)) => bytes(2, value.as_bytes()),
            Value::Bytes(Some(value)) => bytes(3, value),
            Value::Whole(None) | Value::Text(None) | Value::Bytes(None) => bytes(4, &[]),
        }
    }
    hash.finalize().into()
}

/// Adds as numbers of 256 bits, so that the order of rows does not matter and equal ones don't cancel each other out.
fn add(sum: &mut [u8; 32], more: &[u8; 32]) {
    let mut carry = 0;
    for (byte, more) in sum.iter_mut().zip(more).rev() {
        let added = u16::from(*byte) + u16::from(*more) + carry;
        *byte = added as u8;
        carry = added >> 8;
    }
}
