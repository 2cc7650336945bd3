//! The one way in: whatever the file is, what it came to.

use crate::domain::faults::Part;
use crate::domain::faults::same;
use crate::formats::draft::Place;
use crate::formats::import::At;
use crate::formats::import::Cancelled;
use crate::formats::import::Format;
use crate::formats::import::Gravity;
use crate::formats::import::Import;
use crate::formats::import::Item;
use crate::formats::import::Preview;
use crate::formats::import::Remark;
use crate::formats::import::SheetSeen;
use crate::formats::import::Source;
use crate::formats::import::Stop;
use crate::formats::import::Table;
use crate::formats::import::Watch;
use crate::formats::import::delimited;
use crate::formats::import::docx;
use crate::formats::import::exchange;
use crate::formats::import::grid::Sheet;
use crate::formats::import::office::Unreadable;
use crate::formats::import::office::unreadable;
use crate::formats::import::prose;
use crate::formats::import::recognise::recognise;
use crate::formats::import::recognise::why_not;
use crate::formats::import::strict;
use crate::formats::import::table;
use crate::formats::import::xls;
use crate::formats::import::xlsx;
use crate::formats::text::FILE_BYTES_MAX;
use crate::formats::text::decode;
use std::collections::HashMap;

const START: At = At { row: 1, column: 1 };

/// Reads a file for a preview. Nothing is saved, nothing is computed, nothing outside the bytes is looked at.
///
/// # Errors
/// `watch` said `false`.
pub fn read(source: &Source<'_>, watch: &mut Watch<'_>) -> Result<Preview, Cancelled> {
    let format = source.format.or_else(|| recognise(source.file, source.bytes));
    let told = format.unwrap_or(Format::Text);
    let done = if source.bytes.len() > FILE_BYTES_MAX {
        let max = FILE_BYTES_MAX >> 20;
        Err(unreadable("too_large", format!("文件超过 {max} MiB：请分成几个文件导入")).into())
    } else {
        match format {
            Some(format) => read_as(format, source, watch),
            None => Err(why_not(source.file, source.bytes).into()),
        }
    };
    let mut preview = match done {
        Ok(preview) => preview,
        Err(Stop::Cancelled) => return Err(Cancelled),
        Err(Stop::Unreadable(why)) => refused(told, why),
    };
    tell_twins(&mut preview.import.items);
    Ok(preview)
}

fn read_as(format: Format, source: &Source<'_>, watch: &mut Watch<'_>) -> Result<Preview, Stop> {
    match format {
        Format::Xlsx | Format::Xls => {
            let book = match format {
                Format::Xlsx => xlsx::read(source.bytes, watch)?,
                _ => xls::read(source.bytes, watch)?,
            };
            let mut preview = read_sheets(format, book.sheets, source, watch)?;
            let notes = book.passed_over.into_iter().map(|(code, message)| remark(Gravity::Note, code, message));
            preview.import.remarks.extend(notes);
            Ok(preview)
        }
        Format::Csv => read_sheets(format, vec![delimited::read(source.bytes, watch)?], source, watch),
        Format::Docx => Ok(written(format, docx::read(source.bytes, &source.defaults, watch)?)),
        Format::Text => {
            let text = decode(source.bytes).map_err(|Place { row, .. }| {
                unreadable("encoding", format!("第 {row} 行的文字既不是 UTF-8，也不是 GB18030（GBK）编码"))
            })?;
            Ok(written(format, prose::read(&prose::paragraphs_of(&text), &source.defaults, watch)?))
        }
        Format::Toml => Ok(Preview { import: strict::read(source.bytes), table: None }),
        Format::Json | Format::Gift | Format::Aiken | Format::MoodleXml | Format::Qti => {
            if !watch(0, 1) {
                return Err(Stop::Cancelled);
            }
            Ok(Preview { import: exchange::read(format, source.bytes, &source.defaults), table: None })
        }
    }
}

fn written(format: Format, found: prose::Found) -> Preview {
    let mut import = Import { format, items: found.items, remarks: found.remarks };
    if import.items.is_empty() {
        import.remarks.insert(0, remark(Gravity::Refused, "no_questions", "没有认出题目：应有题号、选项和答案"));
    }
    Preview { import, table: None }
}

fn refused(format: Format, why: Unreadable) -> Preview {
    let remarks = vec![remark(Gravity::Refused, why.code, why.message)];
    Preview { import: Import { format, items: Vec::new(), remarks }, table: None }
}

fn remark(gravity: Gravity, code: &'static str, message: impl Into<String>) -> Remark {
    Remark { gravity, at: START, part: Part::Whole, code, message: message.into() }
}

/// The sheet that was asked for; else all visible ones that have a header.
fn read_sheets(
    format: Format,
    mut sheets: Vec<Sheet>,
    source: &Source<'_>,
    watch: &mut Watch<'_>,
) -> Result<Preview, Stop> {
    sheets.sort_by_key(|sheet| sheet.hidden);
    let mapping = source.columns.as_ref();
    let asked = |sheet: &Sheet| source.sheet.is_none_or(|name| name == sheet.name);
    if let Some(name) = source.sheet.filter(|_| !sheets.iter().any(asked)) {
        return Err(unreadable("no_sheet", format!("没有叫「{name}」的工作表")).into());
    }
    let mut import = Import { format, items: Vec::new(), remarks: Vec::new() };
    let mut table = Table::default();
    let mut unread: Vec<&str> = Vec::new();
    let named = sheets.len() > 1;
    for sheet in &sheets {
        let from = import.items.len();
        // What a person says of columns holds for one sheet.
        let wanted = asked(sheet)
            && !sheet.lines.is_empty()
            && (source.sheet.is_some() || !sheet.hidden)
            && !(mapping.is_some() && table.sheets.iter().any(|seen| seen.read));
        let layout = if wanted { table::layout(sheet, mapping) } else { None };
        if let Some(header) = &layout {
            if table.sheets.iter().all(|seen| !seen.read) {
                table.columns = table::columns_of(sheet, layout.as_ref());
            }
            let mut found = table::read(sheet, header, &source.defaults, watch)?;
            if named {
                for remark in &mut found.remarks {
                    remark.message = format!("工作表「{}」：{}", sheet.name, remark.message);
                }
            }
            import.items.append(&mut found.items);
            import.remarks.append(&mut found.remarks);
        } else if !sheet.lines.is_empty() && !asked_for_another(source, sheet) {
            unread.push(&sheet.name);
        }
        let read = layout.is_some();
        table.sheets.push(SheetSeen { name: sheet.name.clone(), read, items: from..import.items.len() });
    }
    let read = table.sheets.iter().any(|seen| seen.read);
    if !read {
        let first = sheets.iter().find(|sheet| asked(sheet) && !sheet.lines.is_empty());
        match first {
            Some(first) => {
                table.mapping_needed = true;
                table.columns = table::columns_of(first, None);
                let message = "没有找到列名（题干、答案、选项A……）：请说明每一列是什么";
                import.remarks.push(remark(Gravity::Refused, "no_header", message));
            }
            None => import.remarks.push(remark(Gravity::Refused, "no_questions", "文件里没有题目")),
        }
    } else {
        if !unread.is_empty() {
            let message = format!("没有读的工作表：{}（没有认出列名，或者是隐藏的）", unread.join("、"));
            import.remarks.push(remark(Gravity::Note, "unread_sheets", message));
        }
        if import.items.is_empty() {
            import.remarks.push(remark(Gravity::Refused, "no_questions", "列名下面没有题目"));
        }
    }
    if format == Format::Csv {
        table.sheets.clear();
    }
    Ok(Preview { import, table: Some(table) })
}

fn asked_for_another(source: &Source<'_>, sheet: &Sheet) -> bool {
    source.sheet.is_some_and(|name| name != sheet.name)
}

/// Questions that the file has twice.
fn tell_twins(items: &mut [Item]) {
    let mut seen: HashMap<(String, Vec<String>), u32> = HashMap::new();
    for item in items {
        let stem = same(&item.draft.stem);
        if stem.is_empty() {
            continue;
        }
        let mut options: Vec<String> = item.draft.options.iter().map(|option| same(option)).collect();
        options.sort();
        match seen.entry((stem, options)) {
            std::collections::hash_map::Entry::Occupied(first) => {
                let message = format!("与第 {} 行的题目相同：要不要都留下？", first.get());
                let (gravity, at, part) = (Gravity::ToCheck, item.at, Part::Stem);
                item.remarks.push(Remark { gravity, at, part, code: "same_question", message });
            }
            std::collections::hash_map::Entry::Vacant(free) => drop(free.insert(item.at.row)),
        }
    }
}

#[cfg(test)]
mod tests;
