//! 导入: files as people have them, read for a preview. Nothing is guessed in silence: each question ends as ready, to check or refused.

mod found;
mod markup;
mod weights;
mod xml;
mod aiken;
pub(in crate::formats) mod json;
pub(in crate::formats) mod gift;
pub(in crate::formats) mod moodle;
mod package;
mod qti_item;
mod qti;
pub mod exchange;

use crate::domain::draft::Draft;
use crate::domain::faults::Part;

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
