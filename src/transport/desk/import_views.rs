//! What the desk tells of imports and their rows: types of the wire, converted by hand.

use super::imports::DefaultsView;
use super::question_views::DraftView;
use crate::formats::import::Format;
use crate::ledger::desk::KeptRemark;
use crate::ledger::desk::ReadRow;
use crate::ledger::desk::RowStanding;
use crate::ledger::desk::Twin;
use crate::office::importing::FoundColumn;
use crate::office::importing::Seen;
use crate::office::importing::WHOLE;
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
#[schema(as = Import)]
pub(super) struct ImportView {
    id: String,
    bank: String,
    /// The file's.
    name: String,
    at: i64,
    by: ByView,
    /// reading, preview, saving, saved or failed
    state: String,
    progress: ProgressView,
    /// As which it was read; empty before it has been.
    format: String,
    formats: Vec<&'static str>,
    sheets: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sheet: Option<String>,
    columns: Vec<ColumnView>,
    /// Nothing was read: somebody has to say what the columns hold.
    mapping_needed: bool,
    defaults: DefaultsView,
    counts: CountsView,
    /// On the file as a whole.
    remarks: Vec<FileRemark>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ImportPerson)]
pub(super) struct ByView {
    id: String,
    name: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Progress)]
pub(super) struct ProgressView {
    done: u32,
    of: u32,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Column)]
pub(super) struct ColumnView {
    n: u32,
    title: String,
    samples: Vec<String>,
    part: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = RowCounts)]
pub(super) struct CountsView {
    ready: i64,
    to_check: i64,
    refused: i64,
    saved: i64,
    skipped: i64,
    /// Of those that are not saved, the same as another question.
    same: i64,
}

#[derive(Serialize, ToSchema)]
pub(super) struct FileRemark {
    gravity: String,
    row: u32,
    column: u32,
    code: String,
    message: String,
}

impl ImportView {
    pub(super) fn of(seen: Seen) -> ImportView {
        let Seen { import, done, counts, told, found } = seen;
        let count = |standing| counts.of(standing);
        ImportView {
            id: import.id,
            bank: import.bank,
            name: import.name,
            at: import.at.0,
            by: ByView { id: import.by.0, name: import.by_name },
            state: import.state,
            progress: ProgressView { done, of: WHOLE },
            format: if found.format.is_empty() { told.format.unwrap_or_default() } else { found.format },
            formats: Format::ALL.iter().map(|format| format.code()).collect(),
            sheets: found.sheets,
            sheet: told.sheet,
            columns: found.columns.into_iter().map(ColumnView::of).collect(),
            mapping_needed: found.mapping_needed,
            defaults: DefaultsView::of(told.defaults),
            counts: CountsView {
                ready: count(RowStanding::Ready),
                to_check: count(RowStanding::ToCheck),
                refused: count(RowStanding::Refused),
                saved: count(RowStanding::Saved),
                skipped: count(RowStanding::Skipped),
                same: counts.same,
            },
            remarks: found.remarks.into_iter().map(FileRemark::of).collect(),
            error: import.error,
        }
    }
}

impl ColumnView {
    fn of(column: FoundColumn) -> ColumnView {
        let FoundColumn { n, title, samples, part } = column;
        ColumnView { n, title, samples, part }
    }
}

impl FileRemark {
    fn of(remark: KeptRemark) -> FileRemark {
        let KeptRemark { gravity, row, column, code, message, .. } = remark;
        FileRemark { gravity, row, column, code, message }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = ImportRow)]
pub(super) struct RowView {
    /// From 1, in the order of the file.
    n: u32,
    row: u32,
    column: u32,
    /// ready, to_check, refused, saved or skipped
    standing: &'static str,
    draft: DraftView,
    remarks: Vec<RowRemark>,
    /// What stood there.
    raw: String,
    similar: Vec<TwinView>,
    /// What it was saved as.
    #[serde(skip_serializing_if = "Option::is_none")]
    question: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct RowRemark {
    /// note, to_check or refused
    gravity: String,
    row: u32,
    column: u32,
    part: String,
    code: String,
    message: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Twin)]
pub(super) struct TwinView {
    /// A question of the bank …
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// … or a row of the same file.
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<u32>,
    stem: String,
    /// Of 1,000.
    similarity: u32,
    same: bool,
}

impl RowView {
    pub(super) fn of(row: ReadRow) -> RowView {
        let remark = |remark: KeptRemark| {
            let KeptRemark { gravity, row, column, part, code, message } = remark;
            RowRemark { gravity, row, column, part, code, message }
        };
        let twin = |twin: Twin| {
            let Twin { id, n, stem, similarity, same } = twin;
            TwinView { id, n, stem, similarity, same }
        };
        RowView {
            n: row.n,
            row: row.line,
            column: row.cell,
            standing: row.standing.code(),
            draft: DraftView::of(&row.draft),
            remarks: row.remarks.into_iter().map(remark).collect(),
            raw: row.raw,
            similar: row.twins.into_iter().map(twin).collect(),
            question: row.question.map(|id| id.0),
        }
    }
}
