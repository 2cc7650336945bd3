//! CSV: the same table, saved as text; separated by commas, tabs or semicolons, in any encoding that spreadsheets save.

use crate::formats::csv::unguarded;
use crate::formats::draft::Place;
use crate::formats::import::Stop;
use crate::formats::import::Watch;
use crate::formats::import::grid::Cell;
use crate::formats::import::grid::Line;
use crate::formats::import::grid::Room;
use crate::formats::import::grid::Sheet;
use crate::formats::import::header::header_of;
use crate::formats::import::office::unreadable;
use crate::formats::text::decode;
use crate::formats::text::with_plain_lines;
use ::csv::ReaderBuilder;
use ::csv::StringRecord;

/// So many lines are looked at to find out what separates cells.
const LOOKED_AT: usize = 40;
const SEPARATORS: [u8; 3] = [b',', b'\t', b';'];
/// Rows between two signs of life.
const STRIDE: usize = 256;

pub(super) fn read(bytes: &[u8], watch: &mut Watch<'_>) -> Result<Sheet, Stop> {
    let text = decode(bytes).map_err(|Place { row, .. }| {
        unreadable("encoding", format!("第 {row} 行的文字既不是 UTF-8，也不是 GB18030（GBK）编码"))
    })?;
    let text = with_plain_lines(text);
    let (text, skipped, separator) = match text.lines().next().and_then(|line| line.trim().strip_prefix("sep=")) {
        Some(told) if told.len() == 1 => (text.split_once('\n').map_or("", |(_, rest)| rest), 1, told.as_bytes()[0]),
        _ => (text.as_str(), 0, separator_of(&text)),
    };
    rows_of(text, skipped, separator, usize::MAX, watch)
}

/// The separator with which there is a header; else the most frequent one.
pub(super) fn separator_of(text: &str) -> u8 {
    let end = text.match_indices('\n').nth(LOOKED_AT).map_or(text.len(), |(at, _)| at);
    let head = &text[..end];
    let with_header = SEPARATORS.into_iter().find(|&separator| {
        rows_of(head, 0, separator, LOOKED_AT, &mut |_, _| true).is_ok_and(|sheet| header_of(&sheet).is_some())
    });
    let count = |separator: u8| head.bytes().filter(|&b| b == separator).count();
    with_header.unwrap_or_else(|| SEPARATORS.into_iter().rev().max_by_key(|&s| count(s)).unwrap_or(b','))
}

fn rows_of(text: &str, skipped: u64, separator: u8, most: usize, watch: &mut Watch<'_>) -> Result<Sheet, Stop> {
    let mut sheet = Sheet::default();
    let mut room = Room::default();
    let mut rows =
        ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator).from_reader(text.as_bytes());
    // Line breaks inside cells so far: a spreadsheet counts rows, the reader lines.
    let mut inner_breaks: u64 = 0;
    let mut record = StringRecord::new();
    let mut count = 0;
    while count < most {
        match rows.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => return Err(unreadable("syntax", format!("CSV 写法有误（{error}）")).into()),
        }
        count += 1;
        let line = record.position().map_or(1, ::csv::Position::line);
        let row = u32::try_from(line.saturating_sub(inner_breaks) + skipped).unwrap_or(u32::MAX);
        inner_breaks += record.iter().map(|cell| cell.matches('\n').count() as u64).sum::<u64>();
        let mut cells = Vec::with_capacity(record.len());
        for (column, text) in (1..).zip(record.iter()) {
            if !text.is_empty() {
                room.take(text)?;
                cells.push(Cell { column, text: unguarded(text).to_owned(), ..Cell::default() });
            }
        }
        sheet.add(Line { row, hidden: false, cells });
        let position = record.position().map_or(0, ::csv::Position::byte);
        if count % STRIDE == 0 && !watch((position * 1000 / text.len().max(1) as u64) as u32, 1000) {
            return Err(Stop::Cancelled);
        }
    }
    Ok(sheet)
}

/// The first rows, for finding out what a text is.
pub(super) fn head(text: &str) -> Sheet {
    let end = text.match_indices('\n').nth(LOOKED_AT).map_or(text.len(), |(at, _)| at);
    let separator = separator_of(text);
    rows_of(&text[..end], 0, separator, LOOKED_AT, &mut |_, _| true).unwrap_or_default()
}

/// Rows of as many cells as each other, three or more.
pub(super) fn looks_tabular(text: &str) -> bool {
    let sheet = head(text);
    let widths: Vec<u32> = sheet.lines.iter().map(|line| line.cells.last().map_or(0, |cell| cell.column)).collect();
    let wide = widths.iter().filter(|width| **width >= 3).count();
    wide > 0 && wide * 3 >= widths.len() * 2
}
