//! .xls, Excel 97 to 2003 ([MS-XLS], BIFF8): sheets with their cells as shown. Every length is checked before it is believed.

use crate::formats::import::Stop;
use crate::formats::import::Watch;
use crate::formats::import::grid::Area;
use crate::formats::import::grid::Cell;
use crate::formats::import::grid::Line;
use crate::formats::import::grid::Mark;
use crate::formats::import::grid::Room;
use crate::formats::import::grid::Sheet;
use crate::formats::import::office::Unreadable;
use crate::formats::import::office::raised;
use crate::formats::import::office::unreadable;
use crate::formats::import::office::without_struck;
use crate::formats::import::shown::built_in;
use crate::formats::import::shown::shown;
use crate::formats::import::xlsx::Book;
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::io::Cursor;
use std::io::Read;
use std::ops::Range;

/// Cells between two signs of life.
const STRIDE: usize = 4096;
const SHEETS_MAX: usize = 200;
const MERGED_MAX: usize = 100_000;

pub(super) fn read(bytes: &[u8], watch: &mut Watch<'_>) -> Result<Book, Stop> {
    let broken = || unreadable("broken_file", "文件已损坏，打不开：请在 Excel 或 WPS 里另存为 .xlsx 再导入");
    let mut file = cfb::CompoundFile::open(Cursor::new(bytes)).map_err(|_| broken())?;
    if !file.is_stream("/Workbook") {
        let old = file.is_stream("/Book");
        let message = "这是 Excel 95 或更早的文件：请在 Excel 或 WPS 里另存为 .xlsx 再导入";
        return Err(if old { unreadable("unknown_format", message) } else { broken() }.into());
    }
    let mut passed_over = Vec::new();
    if file.is_storage("/_VBA_PROJECT_CUR") {
        passed_over.push(("macros", "文件里有宏：没有运行，也没有读入"));
    }
    let mut stream = Vec::new();
    let opened = file.open_stream("/Workbook").map_err(|_| broken())?;
    // A stream is never longer than its file.
    opened.take(bytes.len() as u64).read_to_end(&mut stream).map_err(|_| broken())?;

    let globals = Globals::of(&stream)?;
    let mut room = Room::default();
    let mut sheets = Vec::new();
    for (n, planned) in globals.sheets.iter().enumerate() {
        let sheet = Sheet { name: planned.name.clone(), hidden: planned.hidden, ..Sheet::default() };
        let (from, of) = (n as u32 * 1000, globals.sheets.len() as u32 * 1000);
        let length = stream.len().max(1);
        let mut paced = |at: usize| watch(from + (at * 1000 / length) as u32, of);
        sheets.push(globals.sheet(&stream, planned.offset, sheet, &mut room, &mut paced)?);
    }
    Ok(Book { sheets, passed_over })
}

/// A record's kind, its data, and where the next one begins.
fn record(stream: &[u8], at: usize) -> Option<(u16, &[u8], usize)> {
    let kind = u16_at(stream, at)?;
    let length = usize::from(u16_at(stream, at + 2)?);
    let data = stream.get(at + 4..at + 4 + length)?;
    Some((kind, data, at + 4 + length))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn f64_at(bytes: &[u8], at: usize) -> Option<f64> {
    Some(f64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

const BOF: u16 = 0x0809;
const EOF: u16 = 0x000A;
const CONTINUE: u16 = 0x003C;

struct Planned {
    name: String,
    hidden: bool,
    offset: usize,
}

/// What all sheets share.
#[derive(Default)]
struct Globals {
    sheets: Vec<Planned>,
    shared: Vec<(String, Mark)>,
    /// The number format of each style, and whether it is struck out.
    styles: Vec<(u16, bool)>,
    formats: HashMap<u16, String>,
    since_1904: bool,
}

impl Globals {
    fn of(stream: &[u8]) -> Result<Globals, Unreadable> {
        let broken = || unreadable("broken_file", "文件已损坏：请在 Excel 或 WPS 里另存为 .xlsx 再导入");
        let mut globals = Globals::default();
        // 1 raised, 2 lowered, by font; and whether it is struck out.
        let mut fonts: Vec<u16> = Vec::new();
        let mut pieces: Vec<&[u8]> = Vec::new();
        let mut at = 0;
        let mut last = 0;
        while let Some((kind, data, next)) = record(stream, at) {
            match kind {
                BOF if at == 0 && u16_at(data, 0) != Some(0x0600) => {
                    let message = "这是 Excel 95 或更早的文件：请在 Excel 或 WPS 里另存为 .xlsx 再导入";
                    return Err(unreadable("unknown_format", message));
                }
                0x002F => return Err(unreadable("encrypted", "文件有密码：请去掉密码再导入")),
                0x0022 => globals.since_1904 = u16_at(data, 0) == Some(1),
                0x0031 => {
                    let struck = if u16_at(data, 2).unwrap_or(0) & 8 != 0 { STRUCK } else { 0 };
                    fonts.push(u16_at(data, 8).unwrap_or(0) & 3 | struck);
                }
                0x00E0 => {
                    let font = u16_at(data, 0).and_then(|font| fonts.get(font_of(font))).copied().unwrap_or(0);
                    globals.styles.push((u16_at(data, 2).unwrap_or(0), font & STRUCK != 0));
                }
                0x041E => {
                    let code = u16_at(data, 2).and_then(|count| plain(data, 4, usize::from(count)));
                    if let (Some(id), Some(code)) = (u16_at(data, 0), code) {
                        globals.formats.insert(id, code);
                    }
                }
                // Charts and macros are no sheets.
                0x0085 if data.get(5) == Some(&0) => {
                    let name = data.get(6).and_then(|count| plain(data, 7, usize::from(*count)));
                    let (offset, name) = u32_at(data, 0).zip(name).ok_or_else(broken)?;
                    let hidden = data[4] & 3 != 0;
                    globals.sheets.push(Planned { name, hidden, offset: offset as usize });
                    if globals.sheets.len() > SHEETS_MAX {
                        return Err(unreadable("too_large", format!("工作表超过了 {SHEETS_MAX} 张")));
                    }
                }
                0x00FC => pieces = vec![data],
                CONTINUE if last == 0x00FC => pieces.push(data),
                EOF => break,
                _ => {}
            }
            if kind != CONTINUE {
                last = kind;
            }
            at = next;
        }
        globals.shared = Strings { pieces, piece: 0, at: 8, fonts: &fonts }.all();
        Ok(globals)
    }

    fn format(&self, style: u16) -> &str {
        let id = self.styles.get(usize::from(style)).map_or(0, |(id, _)| *id);
        self.formats.get(&id).map(String::as_str).or_else(|| built_in(u32::from(id))).unwrap_or("General")
    }

    fn sheet(
        &self,
        stream: &[u8],
        offset: usize,
        mut sheet: Sheet,
        room: &mut Room,
        paced: &mut dyn FnMut(usize) -> bool,
    ) -> Result<Sheet, Stop> {
        let mut lines: BTreeMap<u32, Line> = BTreeMap::new();
        let mut merged: Vec<Area> = Vec::new();
        let mut at = offset;
        let mut depth = 0u32;
        // The formula whose text is in the next record.
        let mut waiting: Option<(u16, u16)> = None;
        let mut records = 0usize;
        while let Some((kind, data, next)) = record(stream, at) {
            at = next;
            records += 1;
            if records.is_multiple_of(STRIDE) && !paced(at) {
                return Err(Stop::Cancelled);
            }
            match kind {
                BOF => depth += 1,
                EOF => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        break;
                    }
                }
                _ if depth != 1 => {}
                0x0208 => {
                    if let (Some(row), Some(flags)) = (u16_at(data, 0), u32_at(data, 12)) {
                        lines.entry(u32::from(row) + 1).or_default().hidden = flags & 0x20 != 0;
                    }
                }
                0x00E5 => {
                    for n in 0..usize::from(u16_at(data, 0).unwrap_or(0)) {
                        let of = |k: usize| u16_at(data, 2 + n * 8 + k * 2).map(|value| u32::from(value) + 1);
                        let (Some(top), Some(bottom), Some(left), Some(right)) = (of(0), of(1), of(2), of(3)) else {
                            break;
                        };
                        if top <= bottom && left <= right && merged.len() < MERGED_MAX {
                            merged.push(Area { rows: (top, bottom), columns: (left, right) });
                        }
                    }
                }
                0x0207 => {
                    let text = u16_at(data, 0).and_then(|count| plain(data, 2, usize::from(count)));
                    if let (Some((row, column)), Some(text)) = (waiting.take(), text) {
                        put(&mut lines, room, (row, column), text, Mark::Formula)?;
                    }
                }
                _ => {
                    let Some((row, column, style)) =
                        u16_at(data, 0).zip(u16_at(data, 2)).zip(u16_at(data, 4)).map(|((r, c), s)| (r, c, s))
                    else {
                        continue;
                    };
                    if kind == 0x00BD {
                        for n in 0..data.len().saturating_sub(6) / 6 {
                            let (Some(style), Some(rk)) = (u16_at(data, 4 + n * 6), u32_at(data, 6 + n * 6)) else {
                                break;
                            };
                            let (text, mark) = self.number(number_of(rk), style);
                            put(&mut lines, room, (row, column.saturating_add(n as u16)), text, mark)?;
                        }
                        continue;
                    }
                    if kind == 0x0006 && data.get(12..14) == Some(&[0xFF, 0xFF]) && data.get(6) == Some(&0) {
                        waiting = Some((row, column));
                        continue;
                    }
                    if let Some((text, mark)) = self.cell(kind, data, style) {
                        put(&mut lines, room, (row, column), text, mark)?;
                    }
                }
            }
        }
        for (row, line) in lines {
            sheet.add(Line { row, ..line });
        }
        sheet.merge(&merged, room)?;
        Ok(sheet)
    }

    fn cell(&self, kind: u16, data: &[u8], style: u16) -> Option<(String, Mark)> {
        match kind {
            0x00FD => {
                let (text, mark) = self.shared.get(u32_at(data, 6)? as usize)?;
                let is_struck = self.styles.get(usize::from(style)).is_some_and(|(_, struck)| *struck);
                Some((text.clone(), if is_struck { Mark::Struck } else { *mark }))
            }
            0x0203 => Some(self.number(f64_at(data, 6)?, style)),
            0x027E => Some(self.number(number_of(u32_at(data, 6)?), style)),
            0x0204 | 0x00D6 => Some((plain(data, 8, usize::from(u16_at(data, 6)?))?, Mark::Plain)),
            0x0205 if data.get(7) == Some(&0) => Some((truth(data.get(6)?), Mark::Plain)),
            0x0205 => Some((error_of(*data.get(6)?).to_owned(), Mark::Error)),
            0x0006 => match (data.get(12..14)?, data.get(6)?) {
                ([0xFF, 0xFF], 1) => Some((truth(data.get(8)?), Mark::Formula)),
                ([0xFF, 0xFF], 2) => Some((error_of(*data.get(8)?).to_owned(), Mark::Error)),
                ([0xFF, 0xFF], _) => Some((String::new(), Mark::Formula)),
                _ => Some((self.number(f64_at(data, 6)?, style).0, Mark::Formula)),
            },
            _ => None,
        }
    }

    fn number(&self, value: f64, style: u16) -> (String, Mark) {
        let (text, clear) = shown(value, self.format(style), self.since_1904);
        let is_struck = self.styles.get(usize::from(style)).is_some_and(|(_, struck)| *struck);
        (
            text,
            if is_struck {
                Mark::Struck
            } else if clear {
                Mark::Plain
            } else {
                Mark::Unclear
            },
        )
    }
}

/// Of a font, beside what it is raised by.
const STRUCK: u16 = 4;

/// There is no font of number 4.
fn font_of(number: u16) -> usize {
    usize::from(if number > 4 { number - 1 } else { number })
}

fn put(
    lines: &mut BTreeMap<u32, Line>,
    room: &mut Room,
    (row, column): (u16, u16),
    text: String,
    mark: Mark,
) -> Result<(), Unreadable> {
    room.take(&text)?;
    let line = lines.entry(u32::from(row) + 1).or_default();
    line.cells.push(Cell { column: u32::from(column) + 1, text, mark, repeats: false });
    Ok(())
}

fn truth(value: &u8) -> String {
    if *value == 0 { "FALSE" } else { "TRUE" }.to_owned()
}

fn error_of(code: u8) -> &'static str {
    match code {
        0x00 => "#NULL!",
        0x07 => "#DIV/0!",
        0x0F => "#VALUE!",
        0x17 => "#REF!",
        0x1D => "#NAME?",
        0x24 => "#NUM!",
        _ => "#N/A",
    }
}

/// A number in four bytes: two flags, then an integer or the upper half of a fraction.
fn number_of(rk: u32) -> f64 {
    let value = if rk & 2 != 0 { f64::from(rk as i32 >> 2) } else { f64::from_bits(u64::from(rk & !3) << 32) };
    if rk & 1 != 0 { value / 100.0 } else { value }
}

/// A text of so many characters whose flags stand at `at`.
fn plain(data: &[u8], at: usize, count: usize) -> Option<String> {
    let wide = data.get(at)? & 1 != 0;
    let bytes = data.get(at + 1..at + 1 + if wide { count * 2 } else { count })?;
    Some(if wide { utf_16(bytes) } else { bytes.iter().map(|&b| char::from(b)).collect() })
}

fn utf_16(bytes: &[u8]) -> String {
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    String::from_utf16_lossy(&units)
}

/// The shared texts: one after the other, over the borders of the records that continue them.
struct Strings<'a> {
    pieces: Vec<&'a [u8]>,
    piece: usize,
    at: usize,
    fonts: &'a [u16],
}

impl Strings<'_> {
    fn all(mut self) -> Vec<(String, Mark)> {
        let told = self.pieces.first().and_then(|piece| u32_at(piece, 4)).unwrap_or(0) as usize;
        let mut found = Vec::new();
        while found.len() < told {
            match self.next() {
                Some(text) => found.push(text),
                None => break,
            }
        }
        found
    }

    fn byte(&mut self) -> Option<u8> {
        loop {
            let piece = self.pieces.get(self.piece)?;
            if let Some(byte) = piece.get(self.at) {
                self.at += 1;
                return Some(*byte);
            }
            self.piece += 1;
            self.at = 0;
        }
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes([self.byte()?, self.byte()?]))
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from(self.u16()?) | u32::from(self.u16()?) << 16)
    }

    fn skip(&mut self, mut count: usize) -> Option<()> {
        while count > 0 {
            let left = self.pieces.get(self.piece)?.len().saturating_sub(self.at);
            let step = left.min(count);
            self.at += step;
            count -= step;
            if count > 0 {
                self.piece += 1;
                self.at = 0;
            }
        }
        Some(())
    }

    fn next(&mut self) -> Option<(String, Mark)> {
        let count = usize::from(self.u16()?);
        let flags = self.byte()?;
        let mut wide = flags & 1 != 0;
        let runs = if flags & 8 != 0 { usize::from(self.u16()?) } else { 0 };
        let more = if flags & 4 != 0 { self.u32()? as usize } else { 0 };
        let mut units: Vec<u16> = Vec::with_capacity(count);
        while units.len() < count {
            if self.at >= self.pieces.get(self.piece)?.len() {
                // The record that goes on says anew how wide its characters are.
                self.piece += 1;
                self.at = 0;
                wide = self.byte()? & 1 != 0;
            }
            units.push(if wide { self.u16()? } else { u16::from(self.byte()?) });
        }
        let mut raises: Vec<(usize, u16)> = Vec::new();
        for _ in 0..runs {
            let (from, font) = (self.u16()?, self.u16()?);
            raises.push((usize::from(from), self.fonts.get(font_of(font)).copied().unwrap_or(0)));
        }
        self.skip(more)?;
        Some(with_raised(&units, &raises))
    }
}

fn with_raised(units: &[u16], raises: &[(usize, u16)]) -> (String, Mark) {
    if raises.iter().all(|(_, raise)| *raise == 0) {
        return (String::from_utf16_lossy(units), Mark::Plain);
    }
    let mut out = String::new();
    let mut mark = Mark::Plain;
    let mut struck: Vec<Range<usize>> = Vec::new();
    let first = raises.first().map_or(0, |(from, _)| *from).min(units.len());
    out.push_str(&String::from_utf16_lossy(&units[..first]));
    for (n, (from, raise)) in raises.iter().enumerate() {
        let to = raises.get(n + 1).map_or(units.len(), |(next, _)| *next).min(units.len());
        let text = String::from_utf16_lossy(units.get(*from..to).unwrap_or_default());
        let start = out.len();
        match *raise & 3 {
            up @ (1 | 2) => match raised(&text, up == 1) {
                Some(raised) => out.push_str(&raised),
                None => {
                    mark = Mark::Raised;
                    out.push_str(&text);
                }
            },
            _ => out.push_str(&text),
        }
        if *raise & STRUCK != 0 && start < out.len() {
            struck.push(start..out.len());
        }
    }
    if struck.is_empty() { (out, mark) } else { (without_struck(&out, &struck), Mark::Struck) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_four_bytes() {
        assert_eq!(number_of(0x3FF0_0000), 1.0);
        assert_eq!(number_of(1234 << 2 | 3), 12.34);
        assert_eq!(number_of((-5i32 << 2) as u32 | 2), -5.0);
    }

    #[test]
    fn a_text_goes_on_over_the_border_of_records() {
        let first: Vec<u8> = [&[1, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0][..], b"a"].concat();
        let second: Vec<u8> = vec![1, 0x34, 0x6C, 0x62, 0];
        let strings = Strings { pieces: vec![&first, &second], piece: 0, at: 8, fonts: &[] };
        assert_eq!(strings.all(), [("a水b".to_owned(), Mark::Plain)]);
    }

    #[test]
    fn lowered_figures_stay_lowered() {
        let units: Vec<u16> = "H2O".encode_utf16().collect();
        assert_eq!(with_raised(&units, &[(1, 2), (2, 0)]), ("H₂O".to_owned(), Mark::Plain));
    }
}
