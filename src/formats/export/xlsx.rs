//! The same table as a workbook of Excel and WPS. Every cell is a text: nothing turns into a formula, a date or a number with fewer digits.

use crate::domain::question::Question;
use crate::formats::export::Unwritable;
use crate::formats::export::csv::ALT;
use crate::formats::export::csv::COLUMNS;
use crate::formats::export::csv::cells;
use rust_xlsxwriter::DocProperties;
use rust_xlsxwriter::ExcelDateTime;
use rust_xlsxwriter::Format;
use rust_xlsxwriter::Workbook;

/// In characters; what is not named here is narrow.
const WIDTHS: [(&str, f64); 9] = [
    ("题干", 50.0),
    ("解析", 50.0),
    ("来源", 30.0),
    ("主题", 18.0),
    ("选项A", 20.0),
    ("选项B", 20.0),
    ("选项C", 20.0),
    ("选项D", 20.0),
    ("链接", 24.0),
];

pub(super) fn write(questions: &[Question]) -> Result<Vec<u8>, Unwritable> {
    let mut book = Workbook::new();
    // The same questions are the same bytes: no moment of writing.
    let moment = ExcelDateTime::from_ymd(2000, 1, 1).map_err(Unwritable::because)?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&moment));
    let text = Format::new().set_num_format("@").set_text_wrap();
    let title = Format::new().set_num_format("@").set_bold();
    let sheet = book.add_worksheet();
    sheet.set_name("题目").map_err(Unwritable::because)?;
    for (column, name) in (0..).zip(COLUMNS.iter().chain([&ALT])) {
        sheet.write_string_with_format(0, column, *name, &title).map_err(Unwritable::because)?;
        let width = WIDTHS.iter().find(|(wide, _)| wide == name).map_or(10.0, |(_, width)| *width);
        sheet.set_column_width(column, width).map_err(Unwritable::because)?;
        // New rows are texts as well.
        sheet.set_column_format(column, &text).map_err(Unwritable::because)?;
    }
    sheet.set_freeze_panes(1, 0).map_err(Unwritable::because)?;
    for (row, q) in (1..).zip(questions) {
        for (column, cell) in (0..).zip(cells(q)).filter(|(_, cell)| !cell.is_empty()) {
            sheet.write_string_with_format(row, column, cell, &text).map_err(Unwritable::because)?;
        }
    }
    book.save_to_buffer().map_err(Unwritable::because)
}
