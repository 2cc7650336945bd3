//! Where the header of a table stands and what it says; titles and instructions may stand above it.

use crate::domain::faults::letter;
use crate::formats::columns::Field;
use crate::formats::columns::named;
use crate::formats::import::grid::Line;
use crate::formats::import::grid::Sheet;
use crate::formats::text::half_width;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// Rows in which a header is looked for.
const LOOKED_AT: usize = 40;

/// Where the header of a sheet stands and what it says.
#[derive(Clone, Debug)]
pub(super) struct Header {
    /// Its first line, by its place among the sheet's lines.
    pub(super) line: usize,
    /// How many lines it takes.
    pub(super) height: usize,
    /// By column.
    pub(super) fields: BTreeMap<u32, Field>,
    /// Columns that hold the same as another, with the one that is read: both by column.
    pub(super) passed_over: Vec<(u32, u32)>,
}

/// The first line that names a stem and what belongs to it.
pub(super) fn header_of(sheet: &Sheet) -> Option<Header> {
    (0..sheet.lines.len().min(LOOKED_AT)).find_map(|line| {
        let one = fields_of(sheet, &[&sheet.lines[line]]);
        let two = sheet.lines.get(line + 1).map(|next| fields_of(sheet, &[&sheet.lines[line], next]));
        let header = |height, (fields, passed_over)| Header { line, height, fields, passed_over };
        match (one, two) {
            // 选项 above A, B, C, D: the second row only says more of it.
            (Some(one), Some(Some(two))) => {
                let more = sheet.lines.get(line + 1).is_some_and(only_names_options);
                Some(if more && options_in(&two.0) >= options_in(&one.0) { header(2, two) } else { header(1, one) })
            }
            (Some(one), _) => Some(header(1, one)),
            _ => None,
        }
    })
}

fn only_names_options(line: &Line) -> bool {
    let is_option = |text: &str| matches!(named(text), Some((Field::Option(_), _)));
    line.own().count() >= 2 && line.own().all(|cell| is_option(&cell.text))
}

fn options_in(fields: &BTreeMap<u32, Field>) -> usize {
    fields.values().filter(|field| matches!(field, Field::Option(_))).count()
}

type Fields = (BTreeMap<u32, Field>, Vec<(u32, u32)>);

/// The fields that these lines name together, if they are a header.
fn fields_of(sheet: &Sheet, lines: &[&Line]) -> Option<Fields> {
    let mut found: Vec<(u32, Field, usize)> = Vec::new();
    let columns: BTreeSet<u32> = lines.iter().flat_map(|line| line.cells.iter().map(|cell| cell.column)).collect();
    for column in columns {
        let of = |line: &Line| {
            let cell = line.cell(column)?;
            // A title over the whole table names no column, and neither does a long sentence.
            (cell.text.chars().count() <= 60).then(|| named(&cell.text)).flatten()
        };
        if let Some((field, rank)) = lines.iter().rev().find_map(|line| of(line)) {
            found.push((column, field, rank));
        }
    }
    spread_options(sheet, lines, &mut found);
    // A merged title is one name over many columns.
    let own = lines.iter().flat_map(|line| line.own()).filter(|cell| named(&cell.text).is_some()).count();
    let has = |wanted: fn(&Field) -> bool| found.iter().any(|(_, field, _)| wanted(field));
    let answered = has(|field| matches!(field, Field::Key | Field::Flag(_) | Field::Mark | Field::Weight(_)));
    let optioned = has(|field| matches!(field, Field::Option(_) | Field::Options));
    if own < 2 || !has(|field| *field == Field::Stem) || !(answered || optioned) {
        return None;
    }
    let mut fields: BTreeMap<u32, Field> = BTreeMap::new();
    let mut passed_over = Vec::new();
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for cell in sheet.lines.iter().flat_map(|line| &line.cells) {
        *counts.entry(cell.column).or_default() += 1;
    }
    let filled = |column: u32| counts.get(&column).copied().unwrap_or(0);
    for &(column, field, rank) in &found {
        let rivals = found.iter().filter(|(_, other, _)| *other == field);
        let best = rivals.min_by_key(|(column, _, rank)| (filled(*column) <= lines.len(), *rank, *column));
        match best {
            Some((winner, ..)) if *winner != column && field != Field::Ignore => {
                let equal = found.iter().any(|(c, f, r)| c == winner && *f == field && *r == rank);
                if equal || filled(column) > lines.len() {
                    passed_over.push((column, *winner));
                }
            }
            _ => drop(fields.insert(column, field)),
        }
    }
    Some((fields, passed_over))
}

/// 选项 over several columns, or in front of columns without a name, is one option a column.
fn spread_options(sheet: &Sheet, lines: &[&Line], found: &mut Vec<(u32, Field, usize)>) {
    let named: Vec<u32> =
        found.iter().filter(|(_, field, _)| *field == Field::Options).map(|(column, ..)| *column).collect();
    let Some((&first, &last)) = named.first().zip(named.last()) else { return };
    let rows = &sheet.lines;
    let is_filled = |column: u32| rows.iter().filter(|line| line.cell(column).is_some()).count() > lines.len();
    let is_unnamed = |column: u32| lines.iter().all(|line| line.cell(column).is_none());
    let more =
        (last + 1..).take_while(|&column| is_unnamed(column) && rows.iter().any(|line| line.cell(column).is_some()));
    let columns: Vec<u32> = named.iter().copied().chain(more).collect();
    if columns.len() < 2 || columns.len() as u32 != columns[columns.len() - 1] - first + 1 || !is_filled(first) {
        return;
    }
    found.retain(|(_, field, _)| *field != Field::Options);
    found.extend(columns.into_iter().enumerate().map(|(place, column)| (column, Field::Option(place), 0)));
    found.sort_by_key(|(column, ..)| *column);
}

/// What a title tells of numbers: `题型（0单选，1判断，2多选）`.
pub(super) fn legend_of(title: &str) -> Vec<(char, String)> {
    let half = half_width(title);
    let mut found = Vec::new();
    let mut chars = half.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_ascii_digit() && !chars.peek().is_some_and(char::is_ascii_digit) {
            let mut word = String::new();
            while let Some(next) = chars.next_if(|c| !c.is_ascii_digit()) {
                word.push(next);
            }
            let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
            if !word.is_empty() {
                found.push((c, word));
            }
        }
    }
    if found.len() < 2 { Vec::new() } else { found }
}

/// How a column is called where it has to be named.
pub(super) fn column_name(column: u32) -> String {
    let mut n = column;
    let mut out = String::new();
    while n > 0 {
        out.insert(0, letter(((n - 1) % 26) as usize));
        n = (n - 1) / 26;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_tells_what_numbers_stand_for() {
        let told = |title| legend_of(title).into_iter().map(|(n, word)| format!("{n}{word}")).collect::<Vec<_>>();
        assert_eq!(told("题型（0单选，1判断，2多选）"), ["0单选", "1判断", "2多选"]);
        assert_eq!(told("题型"), Vec::<String>::new());
    }

    #[test]
    fn columns_are_called_as_spreadsheets_call_them() {
        assert_eq!([1, 26, 27, 256].map(column_name), ["A", "Z", "AA", "IV"]);
    }
}
