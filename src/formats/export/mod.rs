//! 导出: a bank's questions as files that other systems take, and that come back the same. No I/O: who calls writes the file.

mod csv;
mod gift;
mod json;
mod moodle;
mod qti;
mod xlsx;

use crate::domain::question::Question;
use crate::formats::import::Format as Imported;
use crate::formats::toml;

/// What questions can be written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Xlsx,
    Csv,
    Toml,
    Json,
    Gift,
    MoodleXml,
    /// A package of QTI 3.0, zipped.
    Qti,
}

/// The questions cannot be written in this format.
#[derive(Debug, thiserror::Error)]
#[error("写不成这种文件：{0}")]
pub struct Unwritable(String);

impl Unwritable {
    fn because(error: impl std::error::Error) -> Unwritable {
        Unwritable(error.to_string())
    }
}

impl Format {
    pub const ALL: [Format; 7] =
        [Format::Xlsx, Format::Csv, Format::Toml, Format::Json, Format::Gift, Format::MoodleXml, Format::Qti];

    /// For programs; the same as the import's.
    pub fn code(self) -> &'static str {
        self.imported().code()
    }

    pub fn of_code(code: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.code() == code)
    }

    /// What the file is read back as.
    pub fn imported(self) -> Imported {
        match self {
            Format::Xlsx => Imported::Xlsx,
            Format::Csv => Imported::Csv,
            Format::Toml => Imported::Toml,
            Format::Json => Imported::Json,
            Format::Gift => Imported::Gift,
            Format::MoodleXml => Imported::MoodleXml,
            Format::Qti => Imported::Qti,
        }
    }

    /// `卫生健康` as `卫生健康.moodle.xml`.
    pub fn file_name(self, stem: &str) -> String {
        let ending = match self {
            Format::Xlsx => "xlsx",
            Format::Csv => "csv",
            Format::Toml => "toml",
            Format::Json => "json",
            Format::Gift => "gift.txt",
            Format::MoodleXml => "moodle.xml",
            Format::Qti => "qti.zip",
        };
        format!("{stem}.{ending}")
    }

    pub fn content_type(self) -> &'static str {
        match self {
            Format::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Format::Csv => "text/csv; charset=utf-8",
            Format::Toml => "application/toml; charset=utf-8",
            Format::Json => "application/json",
            Format::Gift => "text/plain; charset=utf-8",
            Format::MoodleXml => "application/xml",
            Format::Qti => "application/zip",
        }
    }
}

/// The same questions are the same bytes at any time. The file holds the keys.
///
/// # Errors
/// More questions, or longer texts, than the format can hold; never questions without faults of which there are fewer than a million.
pub fn write(format: Format, questions: &[Question]) -> Result<Vec<u8>, Unwritable> {
    match format {
        Format::Xlsx => xlsx::write(questions),
        Format::Csv => csv::write(questions),
        Format::Toml => Ok(toml::write(questions).into_bytes()),
        Format::Json => json::write(questions),
        Format::Gift => Ok(gift::write(questions).into_bytes()),
        Format::MoodleXml => Ok(moodle::write(questions).into_bytes()),
        Format::Qti => qti::write(questions),
    }
}

#[cfg(test)]
mod tests;
