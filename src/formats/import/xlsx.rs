//! .xlsx: sheets with their cells as shown. Formulas are never computed, macros and links to other files never followed.

use crate::formats::import::Stop;
use crate::formats::import::Watch;
use crate::formats::import::grid::Area;
use crate::formats::import::grid::Cell;
use crate::formats::import::grid::Line;
use crate::formats::import::grid::Mark;
use crate::formats::import::grid::Room;
use crate::formats::import::grid::Sheet;
use crate::formats::import::grid::place_of;
use crate::formats::import::office::Package;
use crate::formats::import::office::Step;
use crate::formats::import::office::Unreadable;
use crate::formats::import::office::Xml;
use crate::formats::import::office::attribute;
use crate::formats::import::office::name;
use crate::formats::import::office::raised;
use crate::formats::import::office::unreadable;
use crate::formats::import::office::without_struck;
use crate::formats::import::shown::built_in;
use crate::formats::import::shown::shown;
use ::quick_xml::events::BytesStart;
use std::collections::HashMap;
use std::ops::Range;

/// Merged areas of a sheet; more are left as they are.
const MERGED_MAX: usize = 100_000;
/// Sheets of a file; more are refused.
const SHEETS_MAX: usize = 200;
/// Rows between two signs of life.
const STRIDE: u32 = 256;

pub(super) struct Book {
    pub(super) sheets: Vec<Sheet>,
    /// Code and sentence of what was passed over.
    pub(super) passed_over: Vec<(&'static str, &'static str)>,
}

pub(super) fn read(bytes: &[u8], watch: &mut Watch<'_>) -> Result<Book, Stop> {
    let mut package = Package::open(bytes)?;
    let names = package.names();
    let mut passed_over = Vec::new();
    if names.iter().any(|name| name.to_ascii_lowercase().ends_with("vbaproject.bin")) {
        passed_over.push(("macros", "文件里有宏：没有运行，也没有读入"));
    }
    if names.iter().any(|name| name.contains("externalLinks/")) {
        passed_over.push(("external_links", "文件里有指向其他文件的链接：没有打开，读的是上次保存的结果"));
    }
    let root = relations(&mut package, "_rels/.rels")?;
    let book = root.iter().find(|r| r.is("officeDocument")).map_or("xl/workbook.xml", |r| r.target.as_str()).to_owned();
    let folder = book.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let beside = |target: &str| match target.strip_prefix('/') {
        Some(whole) => whole.to_owned(),
        None if folder.is_empty() => target.to_owned(),
        None => format!("{folder}/{target}"),
    };
    let file = book.rsplit('/').next().unwrap_or_default();
    let related = relations(&mut package, &beside(&format!("_rels/{file}.rels")))?;
    let text = package.text(&book)?.ok_or_else(|| unreadable("broken_file", "文件里没有工作簿：请另存一次再导入"))?;
    let plan = plan_of(&text)?;
    let part =
        |kind: &str, known: &str| related.iter().find(|r| r.is(kind)).map_or(known.to_owned(), |r| r.target.clone());

    let mut room = Room::default();
    let shared = match package.text(&beside(&part("sharedStrings", "sharedStrings.xml")))? {
        Some(text) => strings_of(&text)?,
        None => Vec::new(),
    };
    let formats = match package.text(&beside(&part("styles", "styles.xml")))? {
        Some(text) => formats_of(&text)?,
        None => Vec::new(),
    };
    let mut sheets = Vec::new();
    for (place, planned) in plan.sheets.iter().enumerate() {
        let target = related.iter().find(|r| r.id == planned.relation).map(|r| r.target.as_str());
        let Some(text) = target.map(|target| package.text(&beside(target))).transpose()?.flatten() else { continue };
        let sheet = Sheet { name: planned.name.clone(), hidden: planned.hidden, ..Sheet::default() };
        let reading = Reading { shared: &shared, formats: &formats, since_1904: plan.since_1904, room: &mut room };
        let (from, of) = (place as u64 * 1000, plan.sheets.len() as u64 * 1000);
        let length = text.len().max(1) as u64;
        let mut paced = |position: u64| watch((from + position * 1000 / length) as u32, of as u32);
        sheets.push(reading.sheet(&text, sheet, &mut paced)?);
    }
    Ok(Book { sheets, passed_over })
}

struct Relation {
    id: String,
    kind: String,
    target: String,
}

impl Relation {
    fn is(&self, kind: &str) -> bool {
        self.kind.rsplit('/').next() == Some(kind)
    }
}

/// Those that lead outside are left out.
fn relations(package: &mut Package<'_>, part: &str) -> Result<Vec<Relation>, Unreadable> {
    let Some(text) = package.text(part)? else { return Ok(Vec::new()) };
    let mut xml = Xml::of(&text);
    let mut found = Vec::new();
    loop {
        match xml.next()? {
            Step::Open(start) if name(&start) == "Relationship" => {
                if attribute(&start, "TargetMode").is_some_and(|mode| mode == "External") {
                    continue;
                }
                let of = |name: &str| attribute(&start, name).unwrap_or_default();
                let target = of("Target");
                let target = target.strip_prefix("./").unwrap_or(&target).to_owned();
                found.push(Relation { id: of("Id"), kind: of("Type"), target });
            }
            Step::Over => return Ok(found),
            _ => {}
        }
    }
}

struct Planned {
    name: String,
    hidden: bool,
    relation: String,
}

struct Plan {
    sheets: Vec<Planned>,
    since_1904: bool,
}

fn plan_of(text: &str) -> Result<Plan, Unreadable> {
    let mut xml = Xml::of(text);
    let mut plan = Plan { sheets: Vec::new(), since_1904: false };
    loop {
        match xml.next()? {
            Step::Open(start) if name(&start) == "sheet" => {
                let hidden = attribute(&start, "state").is_some_and(|state| state != "visible");
                let of = |name: &str| attribute(&start, name).unwrap_or_default();
                plan.sheets.push(Planned { name: of("name"), hidden, relation: of("id") });
                if plan.sheets.len() > SHEETS_MAX {
                    return Err(unreadable("too_large", format!("工作表超过了 {SHEETS_MAX} 张")));
                }
            }
            Step::Open(start) if name(&start) == "workbookPr" => plan.since_1904 = is_on(&start, "date1904"),
            Step::Over => return Ok(plan),
            _ => {}
        }
    }
}

fn is_on(start: &BytesStart<'_>, attribute_name: &str) -> bool {
    attribute(start, attribute_name).is_some_and(|value| value == "1" || value == "true")
}

/// A text, and what was lost of it.
type Shared = (String, Mark);

fn strings_of(text: &str) -> Result<Vec<Shared>, Unreadable> {
    let mut xml = Xml::of(text);
    let mut found = Vec::new();
    loop {
        match xml.next()? {
            Step::Open(start) if name(&start) == "si" => found.push(rich_text(&mut xml, "si")?),
            Step::Over => return Ok(found),
            _ => {}
        }
    }
}

/// Up to the end of the element that is open.
fn rich_text(xml: &mut Xml<'_>, until: &str) -> Result<Shared, Unreadable> {
    let mut out = String::new();
    let mut mark = Mark::Plain;
    let (mut in_text, mut in_phonetic) = (false, false);
    // What a run is raised by, whether it is struck out, and where it begins.
    let mut raise: Option<bool> = None;
    let mut is_struck = false;
    let mut run_from = 0;
    let mut struck: Vec<Range<usize>> = Vec::new();
    loop {
        match xml.next()? {
            Step::Open(start) => match name(&start) {
                "t" => in_text = true,
                "rPh" => in_phonetic = true,
                "r" => (raise, is_struck, run_from) = (None, false, out.len()),
                "strike" => is_struck = attribute(&start, "val").is_none_or(|value| value != "0" && value != "false"),
                "vertAlign" => match attribute(&start, "val").as_deref() {
                    Some("superscript") => raise = Some(true),
                    Some("subscript") => raise = Some(false),
                    _ => {}
                },
                _ => {}
            },
            Step::Text(text) if in_text && !in_phonetic => out.push_str(&text),
            Step::Close(name) => match name.as_str() {
                "t" => in_text = false,
                "rPh" => in_phonetic = false,
                "r" => {
                    if let Some(up) = raise.take() {
                        match raised(&out[run_from..], up) {
                            Some(text) => out.replace_range(run_from.., &text),
                            None => mark = Mark::Raised,
                        }
                    }
                    if std::mem::take(&mut is_struck) {
                        struck.push(run_from..out.len());
                    }
                }
                name if name == until => break,
                _ => {}
            },
            Step::Over => break,
            Step::Text(_) => {}
        }
    }
    if !struck.is_empty() {
        (out, mark) = (without_struck(&out, &struck), Mark::Struck);
    }
    Ok((unescaped(out), mark))
}

/// `_x000D_` stands for a character that XML cannot hold.
fn unescaped(text: String) -> String {
    if !text.contains("_x") {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find("_x") {
        out.push_str(&rest[..at]);
        let code = rest.get(at + 2..at + 6).filter(|_| rest.as_bytes().get(at + 6) == Some(&b'_'));
        match code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32) {
            Some(c) => {
                out.push(c);
                rest = &rest[at + 7..];
            }
            None => {
                out.push_str("_x");
                rest = &rest[at + 2..];
            }
        }
    }
    out + rest
}

/// What a cell's style says of what it shows.
struct Style {
    format: String,
    struck: bool,
}

/// The number format of each style, and whether its font strikes out.
fn formats_of(text: &str) -> Result<Vec<Style>, Unreadable> {
    let mut xml = Xml::of(text);
    let mut own: HashMap<u32, String> = HashMap::new();
    let mut fonts: Vec<bool> = Vec::new();
    let mut styles = Vec::new();
    let (mut in_styles, mut in_fonts) = (false, false);
    loop {
        match xml.next()? {
            Step::Open(start) => match name(&start) {
                "fonts" => in_fonts = true,
                "font" if in_fonts => fonts.push(false),
                "strike" if in_fonts => {
                    let on = attribute(&start, "val").is_none_or(|value| value != "0" && value != "false");
                    if let Some(font) = fonts.last_mut() {
                        *font = on;
                    }
                }
                "numFmt" => {
                    let id = attribute(&start, "numFmtId").and_then(|id| id.parse().ok());
                    if let (Some(id), Some(code)) = (id, attribute(&start, "formatCode")) {
                        own.insert(id, code);
                    }
                }
                "cellXfs" => in_styles = true,
                "xf" if in_styles => {
                    let id = attribute(&start, "numFmtId").and_then(|id| id.parse().ok()).unwrap_or(0);
                    let code = own.get(&id).cloned().or_else(|| built_in(id).map(str::to_owned));
                    let font = attribute(&start, "fontId").and_then(|id| id.parse::<usize>().ok());
                    let struck = font.and_then(|font| fonts.get(font).copied()).unwrap_or(false);
                    styles.push(Style { format: code.unwrap_or_else(|| "General".to_owned()), struck });
                }
                _ => {}
            },
            Step::Close(name) if name == "cellXfs" => in_styles = false,
            Step::Close(name) if name == "fonts" => in_fonts = false,
            Step::Over => return Ok(styles),
            _ => {}
        }
    }
}

struct Reading<'a> {
    shared: &'a [Shared],
    formats: &'a [Style],
    since_1904: bool,
    room: &'a mut Room,
}

/// A cell as it stands in the file.
#[derive(Default)]
struct Stored {
    kind: String,
    style: usize,
    value: String,
    inline: Option<Shared>,
    formula: bool,
}

impl Reading<'_> {
    fn sheet(self, text: &str, mut sheet: Sheet, paced: &mut dyn FnMut(u64) -> bool) -> Result<Sheet, Stop> {
        let mut xml = Xml::of(text);
        let mut merged: Vec<Area> = Vec::new();
        let mut line = Line::default();
        let mut column = 0;
        let mut in_data = false;
        loop {
            match xml.next()? {
                Step::Open(start) => match name(&start) {
                    "sheetData" => in_data = true,
                    "row" if in_data => {
                        let row = attribute(&start, "r").and_then(|r| r.parse().ok()).unwrap_or(line.row + 1);
                        line = Line { row, hidden: is_on(&start, "hidden"), cells: Vec::new() };
                        column = 0;
                        if row.is_multiple_of(STRIDE) && !paced(xml.position()) {
                            return Err(Stop::Cancelled);
                        }
                    }
                    "c" if in_data => {
                        column = attribute(&start, "r").and_then(|r| place_of(&r)).map_or(column + 1, |(_, c)| c);
                        let style = attribute(&start, "s").and_then(|s| s.parse().ok()).unwrap_or(0);
                        let kind = attribute(&start, "t").unwrap_or_default();
                        let stored = stored(&mut xml, Stored { kind, style, ..Stored::default() })?;
                        if let Some((text, mark)) = self.shown(stored) {
                            self.room.take(&text)?;
                            line.cells.push(Cell { column, text, mark, repeats: false });
                        }
                    }
                    "mergeCell" if merged.len() < MERGED_MAX => {
                        merged.extend(attribute(&start, "ref").and_then(area_of))
                    }
                    _ => {}
                },
                Step::Close(name) => match name.as_str() {
                    "row" if in_data => {
                        let next = Line { row: line.row, ..Line::default() };
                        sheet.add(std::mem::replace(&mut line, next));
                    }
                    "sheetData" => in_data = false,
                    _ => {}
                },
                Step::Over => break,
                Step::Text(_) => {}
            }
        }
        sheet.merge(&merged, self.room)?;
        Ok(sheet)
    }

    fn shown(&self, stored: Stored) -> Option<(String, Mark)> {
        let (text, mut mark) = match stored.kind.as_str() {
            "s" => self.shared.get(stored.value.trim().parse::<usize>().ok()?)?.clone(),
            "inlineStr" => stored.inline?,
            "b" => (if stored.value.trim() == "1" { "TRUE" } else { "FALSE" }.to_owned(), Mark::Plain),
            "e" => return Some((stored.value, Mark::Error)),
            "str" | "d" => (unescaped(stored.value), Mark::Plain),
            _ => match stored.value.trim() {
                "" if stored.formula => return Some(("?".to_owned(), Mark::Error)),
                "" => return None,
                text => match text.parse::<f64>() {
                    Ok(value) => {
                        let format = self.formats.get(stored.style).map_or("General", |style| style.format.as_str());
                        let (text, clear) = shown(value, format, self.since_1904);
                        (text, if clear { Mark::Plain } else { Mark::Unclear })
                    }
                    Err(_) => (text.to_owned(), Mark::Unclear),
                },
            },
        };
        if stored.formula {
            mark = Mark::Formula;
        } else if self.formats.get(stored.style).is_some_and(|style| style.struck) {
            mark = Mark::Struck;
        }
        Some((text, mark))
    }
}

/// Reads to the end of the cell that is open.
fn stored(xml: &mut Xml<'_>, mut cell: Stored) -> Result<Stored, Unreadable> {
    let mut in_value = false;
    loop {
        match xml.next()? {
            Step::Open(start) => match name(&start) {
                "v" => in_value = true,
                "f" => cell.formula = true,
                "is" => cell.inline = Some(rich_text(xml, "is")?),
                _ => {}
            },
            Step::Text(text) if in_value => cell.value.push_str(&text),
            Step::Close(name) if name == "v" => in_value = false,
            Step::Close(name) if name == "c" => return Ok(cell),
            Step::Over => return Ok(cell),
            _ => {}
        }
    }
}

fn area_of(reference: String) -> Option<Area> {
    let (from, to) = reference.split_once(':')?;
    let ((top, left), (bottom, right)) = (place_of(from)?, place_of(to)?);
    (top <= bottom && left <= right).then_some(Area { rows: (top, bottom), columns: (left, right) })
}
