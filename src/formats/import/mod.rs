//! 导入: files as people have them, read for a preview. Nothing is guessed in silence: each question ends as ready, to check or refused.

mod aiken;
mod answers;
mod delimited;
mod docx;
mod exchange;
mod found;
pub(in crate::formats) mod gift;
mod grid;
mod header;
mod heading;
pub(in crate::formats) mod json;
mod key;
mod markup;
pub(in crate::formats) mod moodle;
mod numbering;
mod office;
mod options;
mod package;
mod prose;
mod qti;
mod qti_item;
mod read;
mod recognise;
mod rest;
mod settle;
mod shown;
mod stem;
mod strict;
mod table;
mod tags;
mod weights;
mod words;
mod xls;
mod xlsx;
mod xml;

pub use crate::formats::columns::Field;
pub use crate::formats::import::read::read;
pub use crate::formats::import::recognise::recognise;
pub use crate::formats::import::rest::rest_sheet;
pub use crate::formats::import::rest::template;

use crate::domain::draft::Draft;
use crate::domain::faults::Part;
use crate::formats::import::office::Unreadable;
use std::collections::BTreeMap;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Xlsx,
    Xls,
    Docx,
    Csv,
    /// Questions typed one after the other: numbered stems, lettered options, 【答案】.
    Text,
    Toml,
    Json,
    Gift,
    Aiken,
    MoodleXml,
    /// An item of QTI 2.1, 2.2 or 3.0, or a package of them.
    Qti,
}

impl Format {
    pub const ALL: [Format; 11] = [
        Format::Xlsx,
        Format::Xls,
        Format::Docx,
        Format::Csv,
        Format::Text,
        Format::Toml,
        Format::Json,
        Format::Gift,
        Format::Aiken,
        Format::MoodleXml,
        Format::Qti,
    ];

    /// For programs.
    pub fn code(self) -> &'static str {
        match self {
            Format::Xlsx => "xlsx",
            Format::Xls => "xls",
            Format::Docx => "docx",
            Format::Csv => "csv",
            Format::Text => "text",
            Format::Toml => "toml",
            Format::Json => "json",
            Format::Gift => "gift",
            Format::Aiken => "aiken",
            Format::MoodleXml => "moodle_xml",
            Format::Qti => "qti",
        }
    }

    pub fn of_code(code: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.code() == code)
    }
}

/// Where in the file something stands, from 1: a row and a cell of a table, a line and a character of a text, the n-th item of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct At {
    pub row: u32,
    pub column: u32,
}

/// Ascending in gravity: a question's standing is its gravest remark's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gravity {
    /// Something that the file does not say and that is needed only before the question is submitted: 解析, 来源, 难度, 主题.
    Note,
    /// Something was assumed: a person should look.
    ToCheck,
    /// It cannot be read as a question, or says something that a question here cannot say.
    Refused,
}

/// One thing said of a question or of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    pub gravity: Gravity,
    pub at: At,
    pub part: Part,
    /// For programs.
    pub code: &'static str,
    /// In Chinese, for the person.
    pub message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Ready,
    ToCheck,
    Refused,
}

/// A question as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub at: At,
    /// As far as it could be read.
    pub draft: Draft,
    pub remarks: Vec<Remark>,
    /// What stood there, as far as a person needs it to mend the question.
    pub raw: String,
}

impl Item {
    pub fn standing(&self) -> Standing {
        match self.remarks.iter().map(|remark| remark.gravity).max() {
            Some(Gravity::Refused) => Standing::Refused,
            Some(Gravity::ToCheck) => Standing::ToCheck,
            Some(Gravity::Note) | None => Standing::Ready,
        }
    }
}

/// What a file came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    pub format: Format,
    pub items: Vec<Item>,
    /// Of the file as a whole: [`Gravity::Refused`] says that nothing, or not all, of it could be read.
    pub remarks: Vec<Remark>,
}

/// What a person wants for questions that do not say it themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Defaults {
    pub topic: Option<String>,
    pub difficulty: Option<u8>,
    pub source: Option<String>,
    pub explanation: Option<String>,
    pub contributor: Option<String>,
}

/// What each column holds, by its number from 1, where a person said so. A column that is not in it is not read.
pub type Mapping = BTreeMap<u32, Field>;

/// A file, and how it is to be read.
#[derive(Clone, Debug, Default)]
pub struct Source<'a> {
    /// Its name; it need not end in anything.
    pub file: &'a str,
    pub bytes: &'a [u8],
    /// `None`: recognised by its content, then by its name.
    pub format: Option<Format>,
    /// `None`: every sheet that holds questions.
    pub sheet: Option<&'a str>,
    pub columns: Option<Mapping>,
    pub defaults: Defaults,
}

/// A file before anything of it is saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    pub import: Import,
    /// Of formats that are tables.
    pub table: Option<Table>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Visible ones first. CSV has none.
    pub sheets: Vec<SheetSeen>,
    /// Of the first sheet that was read.
    pub columns: Vec<Column>,
    /// Nothing was read: there is no header, a person has to say what the columns hold.
    pub mapping_needed: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SheetSeen {
    pub name: String,
    /// Whether its rows are among the items.
    pub read: bool,
    /// Which items are its own.
    pub items: std::ops::Range<usize>,
}

/// A column of a table, for the person who says what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// From 1.
    pub n: u32,
    pub title: String,
    /// What stands in its first rows, shortened.
    pub samples: Vec<String>,
    pub field: Option<Field>,
}

/// Told how much is done of how much; `false` stops the reading. The whole may grow from call to call.
pub type Watch<'w> = dyn FnMut(u32, u32) -> bool + 'w;

/// Somebody stopped it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled;

/// Why reading ended early.
#[derive(Debug)]
enum Stop {
    Cancelled,
    Unreadable(Unreadable),
}

impl From<Unreadable> for Stop {
    fn from(why: Unreadable) -> Stop {
        Stop::Unreadable(why)
    }
}
