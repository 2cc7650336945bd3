//! .docx: paragraphs with the numbers that Word gives them, and tables. Deleted text, macros and links to other files are left out.

use crate::formats::import::Defaults;
use crate::formats::import::Stop;
use crate::formats::import::Watch;
use crate::formats::import::grid::Cell;
use crate::formats::import::grid::Line;
use crate::formats::import::grid::Mark;
use crate::formats::import::grid::Room;
use crate::formats::import::grid::Sheet;
use crate::formats::import::numbering::Numbering;
use crate::formats::import::office::Package;
use crate::formats::import::office::Step;
use crate::formats::import::office::Unreadable;
use crate::formats::import::office::Xml;
use crate::formats::import::office::attribute;
use crate::formats::import::office::name;
use crate::formats::import::office::raised;
use crate::formats::import::office::unreadable;
use crate::formats::import::office::without_struck;
use crate::formats::import::prose;
use crate::formats::import::prose::Paragraph;
use crate::formats::import::table;
use ::quick_xml::events::BytesStart;
use std::ops::Range;

pub(super) fn read(bytes: &[u8], defaults: &Defaults, watch: &mut Watch<'_>) -> Result<prose::Found, Stop> {
    let mut package = Package::open(bytes)?;
    let text = package.text("word/document.xml")?;
    let text = text.ok_or_else(|| unreadable("broken_file", "文件里没有正文：请在 Word 或 WPS 里另存一次再导入"))?;
    let numbering = package.text("word/numbering.xml")?.unwrap_or_default();
    let styles = package.text("word/styles.xml")?.unwrap_or_default();
    let numbering = Numbering::of(&numbering, &styles)?;
    let mut document = Document { numbering, room: Room::default(), ..Document::default() };
    document.read(&text)?;

    let mut paragraphs = Vec::new();
    let mut tables = prose::Found::default();
    for block in document.blocks {
        match block {
            Block::Paragraph(paragraph) => paragraphs.push(paragraph),
            Block::Table(sheet) => match table::layout(&sheet, None) {
                Some(header) => {
                    let mut found = table::read(&sheet, &header, defaults, &mut |_, _| watch(0, 1000))?;
                    tables.items.append(&mut found.items);
                    tables.remarks.append(&mut found.remarks);
                }
                None => paragraphs.extend(written_out(&sheet)),
            },
        }
    }
    let mut found = prose::read(&paragraphs, defaults, watch)?;
    found.items.append(&mut tables.items);
    found.remarks.append(&mut tables.remarks);
    found.items.sort_by_key(|item| item.at);
    Ok(found)
}

/// A table that is no table of questions: 题号 above 答案 as answers, any other cell by cell.
fn written_out(sheet: &Sheet) -> Vec<Paragraph> {
    let begins = |line: &Line, word: &str| line.cells.first().is_some_and(|cell| cell.text.trim().starts_with(word));
    let paragraph = |row, text| Paragraph { row, text, ..Paragraph::default() };
    let mut found = Vec::new();
    let mut lines = sheet.lines.iter().peekable();
    while let Some(line) = lines.next() {
        if begins(line, "题号")
            && let Some(keys) = lines.next_if(|next| begins(next, "答案"))
        {
            let answers: Vec<String> = line.cells[1..]
                .iter()
                .map(|number| format!("{}.{}", number.text.trim(), keys.text(number.column).trim()))
                .collect();
            found.push(paragraph(line.row, "参考答案".to_owned()));
            found.push(paragraph(keys.row, answers.join(" ")));
            continue;
        }
        let own = line.own().flat_map(|cell| cell.text.split('\n'));
        found.extend(own.map(|text| paragraph(line.row, text.to_owned())));
    }
    found
}

enum Block {
    Paragraph(Paragraph),
    Table(Sheet),
}

/// A paragraph that is open.
#[derive(Default)]
struct Writing {
    text: String,
    mark: Mark,
    picture: bool,
    style: Option<String>,
    list: Option<u32>,
    level: Option<usize>,
    run_from: usize,
    raise: Option<bool>,
    /// The run that is open is hidden.
    hides: bool,
    /// The run that is open is struck out; those that were.
    is_struck: bool,
    struck: Vec<Range<usize>>,
}

#[derive(Default)]
struct Grid {
    sheet: Sheet,
    line: Line,
    column: u32,
    span: u32,
    /// It goes on with the cell above.
    continues: bool,
    cell: String,
    mark: Mark,
}

#[derive(Default)]
struct Document {
    numbering: Numbering,
    room: Room,
    blocks: Vec<Block>,
    /// Paragraphs and table rows so far.
    row: u32,
    open: Vec<Writing>,
    tables: Vec<Grid>,
}

impl Document {
    fn read(&mut self, text: &str) -> Result<(), Unreadable> {
        let mut xml = Xml::of(text);
        let mut in_text = false;
        // Inside what was deleted, or is there twice for old programs.
        let mut skipped = 0u32;
        loop {
            match xml.next()? {
                Step::Open(start) => {
                    let known = name(&start);
                    if skipped > 0 || matches!(known, "del" | "moveFrom" | "Fallback") {
                        skipped += 1;
                        continue;
                    }
                    if known == "t" {
                        in_text = true;
                    }
                    self.opens(known, &start);
                }
                Step::Text(text) if in_text && skipped == 0 => {
                    self.room.take("")?;
                    if let Some(open) = self.open.last_mut() {
                        open.text.push_str(&text);
                    }
                }
                Step::Close(_) if skipped > 0 => skipped -= 1,
                Step::Close(name) => {
                    if name == "t" {
                        in_text = false;
                    }
                    self.closes(&name)?;
                }
                Step::Over => return Ok(()),
                Step::Text(_) => {}
            }
        }
    }

    fn opens(&mut self, known: &str, start: &BytesStart<'_>) {
        match known {
            "p" => self.open.push(Writing::default()),
            "tbl" => self.tables.push(Grid::default()),
            "tr" | "tc" | "gridSpan" | "vMerge" => self.opens_in_table(known, start),
            _ => {
                let Some(open) = self.open.last_mut() else { return };
                let value = || attribute(start, "val");
                match known {
                    "pStyle" => open.style = value(),
                    "numId" => open.list = value().and_then(|id| id.parse().ok()),
                    "ilvl" => open.level = value().and_then(|level| level.parse().ok()),
                    "r" => {
                        (open.run_from, open.raise) = (open.text.len(), None);
                        (open.is_struck, open.hides) = (false, false);
                    }
                    "strike" | "dstrike" => open.is_struck |= is_on(value()),
                    "vanish" if is_on(value()) => open.hides = true,
                    "vertAlign" => match value().as_deref() {
                        Some("superscript") => open.raise = Some(true),
                        Some("subscript") => open.raise = Some(false),
                        _ => {}
                    },
                    // A tab stop of the paragraph has a position, a tab in its text has none.
                    "tab" if attribute(start, "pos").is_none() => open.text.push(' '),
                    "br" | "cr" => open.text.push('\n'),
                    "noBreakHyphen" => open.text.push('-'),
                    "sym" => open.text.push_str(symbol(&attribute(start, "char").unwrap_or_default())),
                    "oMath" => open.mark = Mark::Raised,
                    "blip" | "imagedata" | "OLEObject" => open.picture = true,
                    _ => {}
                }
            }
        }
    }

    fn opens_in_table(&mut self, known: &str, start: &BytesStart<'_>) {
        // A table inside a cell is read as the cell's text.
        let nested = self.tables.len() > 1;
        let Some(grid) = self.tables.last_mut() else { return };
        match known {
            "tr" if !nested => {
                self.row += 1;
                grid.line = Line { row: self.row, ..Line::default() };
                grid.column = 0;
            }
            "tc" => (grid.span, grid.continues) = (1, false),
            "gridSpan" => grid.span = attribute(start, "val").and_then(|n| n.parse().ok()).unwrap_or(1).clamp(1, 256),
            "vMerge" => grid.continues = attribute(start, "val").is_none_or(|value| value != "restart"),
            _ => {}
        }
    }

    fn closes(&mut self, name: &str) -> Result<(), Unreadable> {
        match name {
            "r" => {
                if let Some(open) = self.open.last_mut() {
                    raise_run(open);
                    if std::mem::take(&mut open.is_struck) && open.run_from < open.text.len() {
                        open.struck.push(open.run_from..open.text.len());
                    }
                    if std::mem::take(&mut open.hides) && open.run_from < open.text.len() {
                        open.mark = Mark::Hidden;
                    }
                }
            }
            "p" => self.close_paragraph()?,
            "tc" if self.tables.len() == 1 => self.close_cell()?,
            "tr" if self.tables.len() == 1 => {
                let grid = &mut self.tables[0];
                let line = std::mem::take(&mut grid.line);
                grid.sheet.add(line);
            }
            "tbl" => {
                let Some(grid) = self.tables.pop() else { return Ok(()) };
                match self.tables.last_mut() {
                    Some(outer) => outer.cell.push_str(&grid.cell),
                    None => self.blocks.push(Block::Table(grid.sheet)),
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn close_paragraph(&mut self) -> Result<(), Unreadable> {
        let Some(mut open) = self.open.pop() else { return Ok(()) };
        if !open.struck.is_empty() {
            (open.text, open.mark) = (without_struck(&open.text, &open.struck), Mark::Struck);
        }
        let has_text = !open.text.trim().is_empty();
        let label = has_text.then(|| self.numbering.label(open.style.as_deref(), open.list, open.level)).flatten();
        if let Some(label) = label {
            open.text.insert_str(0, &label);
        }
        self.room.take(&open.text)?;
        // A text box inside a paragraph goes before it.
        if let Some(grid) = self.tables.last_mut() {
            if !grid.cell.is_empty() {
                grid.cell.push('\n');
            }
            grid.cell.push_str(&open.text);
            if open.mark != Mark::Plain {
                grid.mark = open.mark;
            }
            return Ok(());
        }
        self.row += 1;
        let (row, text, mark, picture) = (self.row, open.text, open.mark, open.picture);
        self.blocks.push(Block::Paragraph(Paragraph { row, text, mark, picture }));
        Ok(())
    }

    fn close_cell(&mut self) -> Result<(), Unreadable> {
        let grid = &mut self.tables[0];
        let column = grid.column + 1;
        grid.column = (grid.column + grid.span).min(u32::from(u16::MAX));
        let text = std::mem::take(&mut grid.cell);
        let mark = std::mem::take(&mut grid.mark);
        if grid.continues {
            let above = grid.sheet.lines.last().and_then(|line| line.cell(column)).cloned();
            if let Some(above) = above {
                self.room.take(&above.text)?;
                grid.line.cells.push(Cell { repeats: true, ..above });
            }
            return Ok(());
        }
        for offset in 0..grid.span {
            self.room.take(&text)?;
            grid.line.cells.push(Cell { column: column + offset, text: text.clone(), mark, repeats: offset > 0 });
        }
        Ok(())
    }
}

fn raise_run(open: &mut Writing) {
    let Some(up) = open.raise.take() else { return };
    match raised(&open.text[open.run_from..], up) {
        Some(text) => open.text.replace_range(open.run_from.., &text),
        None => open.mark = Mark::Raised,
    }
}

/// A property that stands there is on, unless it says that it is not.
fn is_on(value: Option<String>) -> bool {
    value.is_none_or(|value| !matches!(value.as_str(), "0" | "false" | "off"))
}

/// The ticks and crosses of Wingdings; anything else is a sign that no one can tell.
fn symbol(code: &str) -> &'static str {
    match code.to_ascii_uppercase().trim_start_matches("F0").trim_start_matches("00") {
        "FC" | "FE" | "50" | "52" => "√",
        "FB" | "FD" | "4F" | "51" => "×",
        _ => "\u{FFFD}",
    }
}
