//! A table as a spreadsheet shows it: rows of cells, each as the text that a person sees.

use crate::formats::import::office::Unreadable;
use crate::formats::import::office::unreadable;

/// A cell further to the right is left out, and that is told.
pub(super) const COLUMNS_MAX: u32 = 256;
/// Rows of one sheet; what follows is left out, and that is told.
pub(super) const ROWS_MAX: usize = 100_000;
/// Cells of a file, and bytes of their texts, where each cell has its own; a file with more is refused.
const CELLS_MAX: usize = 3_000_000;
const TEXT_MAX: usize = 256 << 20;

/// Cells that are looked at for the sake of merged areas; the areas after that are left as they are.
const LOOKED_AT_MAX: usize = 100_000_000;

/// What a file may still hold.
pub(super) struct Room {
    cells: usize,
    bytes: usize,
}

impl Default for Room {
    fn default() -> Room {
        Room { cells: CELLS_MAX, bytes: TEXT_MAX }
    }
}

impl Room {
    pub(super) fn take(&mut self, text: &str) -> Result<(), Unreadable> {
        if self.cells == 0 || self.bytes < text.len() {
            let message = format!("文件里的内容太多（超过 {CELLS_MAX} 格）：请分成几个文件导入");
            return Err(unreadable("too_large", message));
        }
        self.cells -= 1;
        self.bytes -= text.len();
        Ok(())
    }
}

/// What has to be known of a cell beside its text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mark {
    #[default]
    Plain,
    /// Shown is what the formula came to when the file was last saved.
    Formula,
    /// A number in a format that is not known here.
    Unclear,
    /// `#N/A` and the like.
    Error,
    /// Figures were raised or lowered, and there is no such character.
    Raised,
    /// Some of it was struck out, which is left out; or all of it, which is not.
    Struck,
    /// Some of it is hidden.
    Hidden,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cell {
    /// From 1.
    pub(super) column: u32,
    pub(super) text: String,
    pub(super) mark: Mark,
    /// It belongs to a merged area and repeats its first cell.
    pub(super) repeats: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// From 1.
    pub(super) row: u32,
    pub(super) hidden: bool,
    /// By column; blank ones are left out.
    pub(super) cells: Vec<Cell>,
}

impl Line {
    pub(super) fn cell(&self, column: u32) -> Option<&Cell> {
        self.cells.binary_search_by_key(&column, |cell| cell.column).ok().map(|at| &self.cells[at])
    }

    pub(super) fn text(&self, column: u32) -> &str {
        self.cell(column).map_or("", |cell| cell.text.as_str())
    }

    /// Cells that say something of their own.
    pub(super) fn own(&self) -> impl Iterator<Item = &Cell> {
        self.cells.iter().filter(|cell| !cell.repeats)
    }

    /// For a person who has to mend it.
    pub(super) fn raw(&self) -> String {
        let texts: Vec<&str> = self.own().map(|cell| cell.text.as_str()).collect();
        texts.join(" | ")
    }
}

/// A rectangle, both corners in it, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) rows: (u32, u32),
    pub(super) columns: (u32, u32),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sheet {
    pub(super) name: String,
    pub(super) hidden: bool,
    pub(super) lines: Vec<Line>,
    /// Something lay beyond [`ROWS_MAX`] or [`COLUMNS_MAX`].
    pub(super) cut: bool,
    /// Formulas that show nothing: the row and column of the first, and how many.
    pub(super) empty_formulas: Option<(u32, u32, u32)>,
}

impl Sheet {
    /// Adds a row, without its blank cells.
    pub(super) fn add(&mut self, mut line: Line) {
        if line.cells.iter().any(|cell| cell.column > COLUMNS_MAX && !cell.text.trim().is_empty()) {
            self.cut = true;
        }
        for cell in line.cells.iter().filter(|cell| cell.mark == Mark::Formula && is_blank(&cell.text)) {
            let first = self.empty_formulas.get_or_insert((line.row, cell.column, 0));
            first.2 += 1;
        }
        line.cells.retain(|cell| cell.column <= COLUMNS_MAX && !is_blank(&cell.text));
        line.cells.sort_by_key(|cell| cell.column);
        line.cells.dedup_by_key(|cell| cell.column);
        if line.cells.is_empty() {
            return;
        }
        if self.lines.len() >= ROWS_MAX {
            self.cut = true;
            return;
        }
        self.lines.push(line);
    }

    /// A merged area shows its first cell; here each of its cells says the same.
    pub(super) fn merge(&mut self, areas: &[Area], room: &mut Room) -> Result<(), Unreadable> {
        self.lines.sort_by_key(|line| line.row);
        let mut looked_at = 0usize;
        for area in areas {
            let from = self.lines.partition_point(|line| line.row < area.rows.0);
            let to = self.lines.partition_point(|line| line.row <= area.rows.1);
            let Some(first) = self.lines.get(from).filter(|line| line.row == area.rows.0) else { continue };
            let Some(shown) = first.cell(area.columns.0).cloned() else { continue };
            // Areas that lie over each other, as no spreadsheet makes them, would have every cell looked at again and again.
            looked_at = looked_at.saturating_add((to - from).saturating_mul(COLUMNS_MAX as usize));
            if looked_at > LOOKED_AT_MAX {
                return Ok(());
            }
            for line in &mut self.lines[from..to] {
                for column in area.columns.0..=area.columns.1.min(COLUMNS_MAX) {
                    if let Err(at) = line.cells.binary_search_by_key(&column, |cell| cell.column) {
                        room.take(&shown.text)?;
                        line.cells.insert(at, Cell { column, repeats: true, ..shown.clone() });
                    }
                }
            }
        }
        Ok(())
    }
}

/// Without anything that a person could see.
pub(super) fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || matches!(c, '\u{200B}'..='\u{200F}' | '\u{FEFF}' | '\u{2060}'))
}

/// `AB12` is column 28 of row 12.
pub(super) fn place_of(reference: &str) -> Option<(u32, u32)> {
    let letters = reference.bytes().take_while(u8::is_ascii_alphabetic).count();
    if letters == 0 || letters > 3 {
        return None;
    }
    let column = reference[..letters].bytes().fold(0, |sum, b| sum * 26 + u32::from(b.to_ascii_uppercase() - b'A' + 1));
    Some((reference[letters..].parse().ok()?, column))
}
