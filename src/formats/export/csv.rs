//! A table, a row a question, under the column names that the import knows; as CSV in UTF-8 with a byte order mark, which spreadsheets need.

use crate::domain::question::Kind;
use crate::domain::question::OPTIONS_MAX;
use crate::domain::question::Question;
use crate::formats::aside::difficulty_name;
use crate::formats::csv::guarded;
use crate::formats::export::Unwritable;
use crate::formats::toml::key_as_written;
use ::csv::Terminator;
use ::csv::WriterBuilder;

pub(super) const COLUMNS: [&str; 22] = [
    "编号",
    "题型",
    "题干",
    "选项A",
    "选项B",
    "选项C",
    "选项D",
    "选项E",
    "选项F",
    "选项G",
    "选项H",
    "答案",
    "解析",
    "来源",
    "难度",
    "主题",
    "选项不打乱",
    "供题人",
    "链接",
    "图片",
    "图片宽",
    "图片高",
];
/// The last one.
pub(super) const ALT: &str = "图片说明";

pub(super) fn cells(q: &Question) -> Vec<String> {
    let mut cells = vec![q.id.to_string(), q.kind.name().to_owned(), q.stem.clone()];
    // True/false has none: they say nothing that the answer doesn't.
    let option = |place: usize| q.options.get(place).filter(|_| q.kind != Kind::TrueFalse).cloned().unwrap_or_default();
    cells.extend((0..OPTIONS_MAX).map(option));
    cells.extend([
        key_as_written(q),
        q.explanation.clone(),
        q.source.clone(),
        difficulty_name(q.difficulty).to_owned(),
        q.topic.clone(),
        if q.fixed_order { "是".to_owned() } else { String::new() },
        q.contributor.clone().unwrap_or_default(),
        q.link.clone().unwrap_or_default(),
    ]);
    match &q.media {
        Some(m) => cells.extend([m.file.clone(), m.width.to_string(), m.height.to_string(), m.alt.clone()]),
        None => cells.extend([const { String::new() }; 4]),
    }
    cells
}

pub(super) fn write(questions: &[Question]) -> Result<Vec<u8>, Unwritable> {
    let mut out = b"\xEF\xBB\xBF".to_vec();
    let mut rows = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(&mut out);
    rows.write_record(COLUMNS.iter().chain([&ALT])).map_err(Unwritable::because)?;
    for q in questions {
        let cells: Vec<String> = cells(q).iter().map(|cell| guarded(cell).into_owned()).collect();
        rows.write_record(&cells).map_err(Unwritable::because)?;
    }
    rows.flush().map_err(Unwritable::because)?;
    drop(rows);
    Ok(out)
}
