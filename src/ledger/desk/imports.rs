//! Files on their way into a bank, and the questions that were read in them.

use super::Act;
use super::SEASON;
use super::banks::small;
use super::body;
use super::link::Link;
use super::link::Row;
use super::link::Value;
use super::link::values;
use super::many::Marks;
use super::many::rows_at_once;
use crate::domain::draft::Draft;
use crate::domain::ids::QuestionId;
use crate::domain::ids::StaffId;
use crate::domain::time::Timestamp;
use crate::ledger::store::LedgerError;
use serde::Deserialize;
use serde::Serialize;
use std::collections::HashMap;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportRow {
    pub id: String,
    pub bank: String,
    /// The file's.
    pub name: String,
    pub at: Timestamp,
    pub by: StaffId,
    pub by_name: String,
    /// `reading`, `preview`, `saving`, `saved` or `failed`.
    pub state: String,
    /// Of `items`, while it is read or saved.
    pub done: i64,
    pub items: i64,
    /// JSON: what the person told of the file.
    pub told: String,
    /// JSON: what was seen in it.
    pub found: String,
    pub error: Option<String>,
}

/// How a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowStanding {
    Ready,
    ToCheck,
    Refused,
    Saved,
    /// A person wants it left out.
    Skipped,
}

impl RowStanding {
    pub const ALL: [RowStanding; 5] =
        [RowStanding::Ready, RowStanding::ToCheck, RowStanding::Refused, RowStanding::Saved, RowStanding::Skipped];

    pub fn code(self) -> &'static str {
        match self {
            RowStanding::Ready => "ready",
            RowStanding::ToCheck => "to_check",
            RowStanding::Refused => "refused",
            RowStanding::Saved => "saved",
            RowStanding::Skipped => "skipped",
        }
    }

    pub fn of_code(code: &str) -> Option<RowStanding> {
        RowStanding::ALL.into_iter().find(|standing| standing.code() == code)
    }
}

/// One thing said of a row, as it is kept: codes instead of types, which a later version may have more of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptRemark {
    /// `note`, `to_check` or `refused`.
    pub gravity: String,
    pub row: u32,
    pub column: u32,
    /// As the wire has it: `stem`, `option:2`, …
    pub part: String,
    pub code: String,
    pub message: String,
}

/// A question that is the same or nearly so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Twin {
    /// A question of the bank …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// … or a row of the same file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u32>,
    pub stem: String,
    /// Of 1,000.
    pub similarity: u32,
    pub same: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadRow {
    /// From 1, in the order of the file.
    pub n: u32,
    pub line: u32,
    pub cell: u32,
    pub standing: RowStanding,
    /// The bank or an earlier row has the same question.
    pub same: bool,
    /// A person had a hand in it.
    pub mended: bool,
    pub draft: Draft,
    pub remarks: Vec<KeptRemark>,
    /// What stood there.
    pub raw: String,
    pub twins: Vec<Twin>,
    /// What it was saved as.
    pub question: Option<QuestionId>,
}

/// How many rows stand how, and how many of those that are not saved are the same as another question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowCounts {
    pub by_standing: Vec<(RowStanding, i64)>,
    pub same: i64,
}

impl RowCounts {
    pub fn of(&self, standing: RowStanding) -> i64 {
        self.by_standing.iter().find(|(of, _)| *of == standing).map_or(0, |(_, rows)| *rows)
    }
}

const IMPORT: &str = "select i.id, i.bank, i.name, i.at, i.by_staff, s.name as by_name, i.state, i.done, i.items, i.told, i.found, i.error
     from import i left join staff s on s.season = i.season and s.id = i.by_staff";
const ROW: &str = "select n, line, cell, standing, same, mended, body, remarks, raw, twins, question from import_row";

impl Link {
    /// # Errors
    /// The database refuses.
    pub async fn import(&mut self, id: &str) -> Result<Option<ImportRow>, LedgerError> {
        let sql = sqlx::AssertSqlSafe(format!("{IMPORT} where i.season = $1 and i.id = $2"));
        self.row(sql, values![SEASON, id]).await?.as_ref().map(import).transpose()
    }

    /// Of a bank, newest first.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn imports(&mut self, bank: &str, limit: i64) -> Result<Vec<ImportRow>, LedgerError> {
        let sql = format!("{IMPORT} where i.season = $1 and i.bank = $2 order by i.at desc, i.id limit $3");
        self.rows(sqlx::AssertSqlSafe(sql), values![SEASON, bank, limit]).await?.iter().map(import).collect()
    }

    /// Those that were being read or saved when the process ended.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn imports_under_way(&mut self) -> Result<Vec<ImportRow>, LedgerError> {
        let sql = format!("{IMPORT} where i.season = $1 and i.state in ('reading', 'saving') order by i.at, i.id");
        self.rows(sqlx::AssertSqlSafe(sql), values![SEASON]).await?.iter().map(import).collect()
    }

    /// # Errors
    /// The database refuses.
    pub async fn import_bytes(&mut self, id: &str) -> Result<Option<Vec<u8>>, LedgerError> {
        let sql = "select bytes from import_file where season = $1 and import = $2";
        self.row(sql, values![SEASON, id]).await?.map(|row| row.bytes("bytes")).transpose()
    }

    /// # Errors
    /// The database refuses.
    pub async fn row_counts(&mut self, import: &str) -> Result<RowCounts, LedgerError> {
        let sql = "select standing, same, count(*) as found from import_row where season = $1 and import = $2 group by standing, same";
        let mut counts = RowCounts::default();
        for row in self.rows(sql, values![SEASON, import]).await? {
            let (standing, same, found) = (standing(&row)?, row.truth("same")?, row.whole("found")?);
            match counts.by_standing.iter_mut().find(|(of, _)| *of == standing) {
                Some((_, rows)) => *rows += found,
                None => counts.by_standing.push((standing, found)),
            }
            if same && !matches!(standing, RowStanding::Saved | RowStanding::Skipped) {
                counts.same += found;
            }
        }
        Ok(counts)
    }

    /// Rows in the order of the file: those that stand so (all where it is `None`), or that are the same as another question.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn read_rows(
        &mut self,
        import: &str,
        wanted: WantedRows,
        offset: i64,
        limit: i64,
    ) -> Result<Vec<ReadRow>, LedgerError> {
        let (and, code) = match wanted {
            WantedRows::All => ("and $3 = ''", ""),
            WantedRows::Standing(standing) => ("and standing = $3", standing.code()),
            WantedRows::Same => ("and same = 1 and standing not in ('saved', 'skipped') and $3 = ''", ""),
        };
        let sql = format!("{ROW} where season = $1 and import = $2 {and} order by n limit $4 offset $5");
        let values = values![SEASON, import, code, limit, offset];
        self.rows(sqlx::AssertSqlSafe(sql), values).await?.iter().map(read_row).collect()
    }

    /// Rows after `after` in the order of the file.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn read_rows_after(&mut self, import: &str, after: u32, limit: i64) -> Result<Vec<ReadRow>, LedgerError> {
        let sql = format!("{ROW} where season = $1 and import = $2 and n > $3 order by n limit $4");
        let values = values![SEASON, import, i64::from(after), limit];
        self.rows(sqlx::AssertSqlSafe(sql), values).await?.iter().map(read_row).collect()
    }

    /// Those of them that are ready.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn ready_rows_after(
        &mut self,
        import: &str,
        after: u32,
        limit: i64,
    ) -> Result<Vec<ReadRow>, LedgerError> {
        let sql =
            format!("{ROW} where season = $1 and import = $2 and standing = 'ready' and n > $3 order by n limit $4");
        let values = values![SEASON, import, i64::from(after), limit];
        self.rows(sqlx::AssertSqlSafe(sql), values).await?.iter().map(read_row).collect()
    }

    /// These rows, in the order of the file.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn these_rows(&mut self, import: &str, these: &[u32]) -> Result<Vec<ReadRow>, LedgerError> {
        let marks = Marks::of(self);
        let mut found = Vec::with_capacity(these.len());
        let mut left = these;
        while !left.is_empty() {
            let (some, rest) = left.split_at(rows_at_once(left.len(), 1));
            left = rest;
            let mut values: Vec<Value<'_>> = some.iter().map(|n| i64::from(*n).into()).collect();
            let mut sql = format!("{ROW} where n in (values ");
            marks.rows(&mut sql, some.len(), 1);
            sql.push_str(") and ");
            within(marks, &mut sql, &mut values, import, some.iter().copied());
            let rows = self.rows(sqlx::AssertSqlSafe(sql), &values).await?;
            found.extend(rows.iter().map(read_row).collect::<Result<Vec<_>, _>>()?);
        }
        found.sort_by_key(|row| row.n);
        Ok(found)
    }

    /// How each row stands.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn row_standings(&mut self, import: &str) -> Result<HashMap<u32, RowStanding>, LedgerError> {
        let sql = "select n, standing from import_row where season = $1 and import = $2";
        let rows = self.rows(sql, values![SEASON, import]).await?;
        rows.iter().map(|row| Ok((small(row.whole("n")?)?, standing(row)?))).collect()
    }

    /// # Errors
    /// The database refuses.
    pub async fn read_row(&mut self, import: &str, n: u32) -> Result<Option<ReadRow>, LedgerError> {
        let sql = sqlx::AssertSqlSafe(format!("{ROW} where season = $1 and import = $2 and n = $3"));
        self.row(sql, values![SEASON, import, i64::from(n)]).await?.as_ref().map(read_row).transpose()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WantedRows {
    All,
    Standing(RowStanding),
    Same,
}

impl Act {
    /// # Errors
    /// The database refuses.
    pub async fn insert_import(&mut self, import: &ImportRow, bytes: &[u8]) -> Result<(), LedgerError> {
        let sql = "insert into import (season, id, bank, name, at, by_staff, state, done, items, told, found, error)
                   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
        let ImportRow { id, bank, name, at, by, state, done, items, told, found, error, .. } = import;
        let values =
            values![SEASON, id, bank, name, at.0, by.as_str(), state, *done, *items, told, found, error.as_deref(),];
        self.execute(sql, values).await?;
        let sql = "insert into import_file (season, import, bytes) values ($1, $2, $3)";
        self.execute(sql, values![SEASON, id, bytes]).await.map(|_| ())
    }

    /// # Errors
    /// The database refuses.
    pub async fn update_import(&mut self, import: &ImportRow) -> Result<(), LedgerError> {
        let sql = "update import set state = $3, done = $4, items = $5, told = $6, found = $7, error = $8
                   where season = $1 and id = $2";
        let ImportRow { id, state, done, items, told, found, error, .. } = import;
        let values = values![SEASON, id, state, *done, *items, told, found, error.as_deref()];
        self.execute(sql, values).await.map(|_| ())
    }

    /// # Errors
    /// The database refuses.
    pub async fn delete_import(&mut self, id: &str) -> Result<(), LedgerError> {
        self.execute("delete from import where season = $1 and id = $2", values![SEASON, id]).await.map(|_| ())
    }

    /// The file is not needed any more.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn forget_import_bytes(&mut self, id: &str) -> Result<(), LedgerError> {
        let sql = "delete from import_file where season = $1 and import = $2";
        self.execute(sql, values![SEASON, id]).await.map(|_| ())
    }

    /// # Errors
    /// The database refuses.
    pub async fn delete_read_rows(&mut self, import: &str) -> Result<(), LedgerError> {
        let sql = "delete from import_row where season = $1 and import = $2";
        self.execute(sql, values![SEASON, import]).await.map(|_| ())
    }

    /// # Errors
    /// The database refuses.
    pub async fn insert_read_rows(&mut self, import: &str, rows: &[ReadRow]) -> Result<(), LedgerError> {
        let rows = rows.iter().map(|row| {
            values![
                SEASON,
                import,
                i64::from(row.n),
                i64::from(row.line),
                i64::from(row.cell),
                row.standing.code(),
                row.same,
                row.mended,
                body::written(&row.draft),
                serde_json::to_string(&row.remarks).unwrap_or_default(),
                &row.raw,
                serde_json::to_string(&row.twins).unwrap_or_default(),
                row.question.as_ref().map(QuestionId::as_str),
            ]
            .to_vec()
        });
        let into =
            "import_row (season, import, n, line, cell, standing, same, mended, body, remarks, raw, twins, question)";
        self.insert_many(into, rows).await
    }

    /// Draft, remarks, standing and twins of a row.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn update_read_row(&mut self, import: &str, row: &ReadRow) -> Result<(), LedgerError> {
        let sql = "update import_row set standing = $4, same = $5, mended = $6, body = $7, remarks = $8, twins = $9
                   where season = $1 and import = $2 and n = $3";
        let values = values![
            SEASON,
            import,
            i64::from(row.n),
            row.standing.code(),
            row.same,
            row.mended,
            body::written(&row.draft),
            serde_json::to_string(&row.remarks).unwrap_or_default(),
            serde_json::to_string(&row.twins).unwrap_or_default(),
        ];
        self.execute(sql, values).await.map(|_| ())
    }

    /// The rows have become questions.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn read_rows_saved(&mut self, import: &str, saved: &[(u32, QuestionId)]) -> Result<(), LedgerError> {
        let marks = Marks::of(self);
        let mut left = saved;
        while !left.is_empty() {
            let (some, rest) = left.split_at(rows_at_once(left.len(), 2));
            left = rest;
            let mut values: Vec<Value<'_>> = Vec::with_capacity(2 * some.len() + 2);
            values.extend(some.iter().flat_map(|(n, question)| [i64::from(*n).into(), question.as_str().into()]));
            let mut sql = "update import_row set standing = 'saved', question = v.column2 from (values ".to_owned();
            marks.rows(&mut sql, some.len(), 2);
            sql.push_str(") as v where n = v.column1 and ");
            within(marks, &mut sql, &mut values, import, some.iter().map(|(n, _)| *n));
            self.execute(sqlx::AssertSqlSafe(sql), &values).await?;
        }
        Ok(())
    }
}

/// Of the import; and on PostgreSQL, which may know nothing of the table yet and would go through all rows of the import to find a thousand, from the
/// first of these rows to the last. SQLite finds each by its key, and would go through the stretch instead.
fn within<'v>(
    marks: Marks,
    sql: &mut String,
    values: &mut Vec<Value<'v>>,
    import: &'v str,
    rows: impl Iterator<Item = u32> + Clone,
) {
    let mut conditions = vec![("season = ", SEASON.into()), (" and import = ", import.into())];
    if let (false, Some(first), Some(last)) = (marks.nameless, rows.clone().min(), rows.max()) {
        conditions.extend([(" and n >= ", i64::from(first).into()), (" and n <= ", i64::from(last).into())]);
    }
    for (condition, value) in conditions {
        sql.push_str(condition);
        marks.write(sql, values.len());
        values.push(value);
    }
}

fn import(row: &Row) -> Result<ImportRow, LedgerError> {
    Ok(ImportRow {
        id: row.text("id")?,
        bank: row.text("bank")?,
        name: row.text("name")?,
        at: Timestamp(row.whole("at")?),
        by: StaffId(row.text("by_staff")?),
        by_name: row.maybe_text("by_name")?.unwrap_or_default(),
        state: row.text("state")?,
        done: row.whole("done")?,
        items: row.whole("items")?,
        told: row.text("told")?,
        found: row.text("found")?,
        error: row.maybe_text("error")?,
    })
}

fn standing(row: &Row) -> Result<RowStanding, LedgerError> {
    let code = row.text("standing")?;
    RowStanding::of_code(&code).ok_or_else(|| body::unreadable(format!("standing {code}")))
}

fn read_row(row: &Row) -> Result<ReadRow, LedgerError> {
    Ok(ReadRow {
        n: small(row.whole("n")?)?,
        line: small(row.whole("line")?)?,
        cell: small(row.whole("cell")?)?,
        standing: standing(row)?,
        same: row.truth("same")?,
        mended: row.truth("mended")?,
        draft: body::read(&row.text("body")?)?,
        remarks: serde_json::from_str(&row.text("remarks")?).map_err(body::unreadable)?,
        raw: row.text("raw")?,
        twins: serde_json::from_str(&row.text("twins")?).map_err(body::unreadable)?,
        question: row.maybe_text("question")?.map(QuestionId),
    })
}
