//! `kejing bank check --json`: a file as the import reads it, for programs.

use crate::commands::outcome::Failure;
use crate::commands::outcome::Outcome;
use crate::commands::outcome::say;
use anyhow::anyhow;
use kejing::domain::question::Media;
use kejing::files;
use kejing::formats::import;
use kejing::formats::import::Format;
use kejing::formats::import::Gravity;
use kejing::formats::import::Item;
use kejing::formats::import::Preview;
use kejing::formats::import::Remark;
use kejing::formats::import::Source;
use kejing::formats::import::Standing;
use serde::Serialize;
use std::path::Path;

pub(crate) fn run(file: &Path, format: Option<&str>, sheet: Option<&str>) -> Result<Outcome, Failure> {
    let format = match format {
        Some(code) => {
            let unknown = || Failure::Misused(anyhow!("没有格式「{code}」"));
            Some(Format::of_code(code).ok_or_else(unknown)?)
        }
        None => None,
    };
    let bytes = files::read_import(file).map_err(|error| Failure::Misused(anyhow!(error)))?;
    let name = file.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let source = Source { file: &name, bytes: &bytes, format, sheet, ..Source::default() };
    // Nobody stops it.
    let Ok(preview) = import::read(&source, &mut |_, _| true) else { return Ok(Outcome::Wrong) };
    let report = Report::of(&preview);
    let fine = report.faults.is_empty();
    say(serde_json::to_string_pretty(&report).map_err(anyhow::Error::from)?);
    Ok(if fine { Outcome::Fine } else { Outcome::Wrong })
}

#[derive(Serialize)]
struct Report<'a> {
    format: &'static str,
    ready: usize,
    to_check: usize,
    refused: usize,
    questions: Vec<Told<'a>>,
    faults: Vec<Fault<'a>>,
}

/// A question with its key: it goes to who has the file.
#[derive(Serialize)]
struct Told<'a> {
    row: u32,
    column: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    sheet: Option<&'a str>,
    standing: &'static str,
    kind: Option<&'static str>,
    topic: &'a str,
    difficulty: Option<u8>,
    stem: &'a str,
    options: &'a [String],
    /// Places of the right options, from 0.
    key: Vec<usize>,
    fixed_order: bool,
    explanation: &'a str,
    source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    contributor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    media: Option<&'a Media>,
    /// What is needed before it is submitted.
    notes: Vec<Fault<'a>>,
}

#[derive(Serialize)]
struct Fault<'a> {
    row: u32,
    column: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    sheet: Option<&'a str>,
    gravity: &'static str,
    part: String,
    code: &'static str,
    message: &'a str,
}

impl<'a> Report<'a> {
    fn of(preview: &'a Preview) -> Report<'a> {
        let items = &preview.import.items;
        let count = |standing| items.iter().filter(|item| item.standing() == standing).count();
        let sheets = preview.table.iter().flat_map(|table| &table.sheets);
        let several = sheets.clone().filter(|sheet| sheet.read).count() > 1;
        let sheet_of = |n: usize| {
            sheets.clone().find(|sheet| several && sheet.items.contains(&n)).map(|sheet| sheet.name.as_str())
        };
        let mut faults: Vec<Fault<'_>> = faults(&preview.import.remarks, None, false);
        faults.extend(items.iter().enumerate().flat_map(|(n, item)| self::faults(&item.remarks, sheet_of(n), false)));
        Report {
            format: preview.import.format.code(),
            ready: count(Standing::Ready),
            to_check: count(Standing::ToCheck),
            refused: count(Standing::Refused),
            questions: items.iter().enumerate().map(|(n, item)| told(item, sheet_of(n))).collect(),
            faults,
        }
    }
}

fn told<'a>(item: &'a Item, sheet: Option<&'a str>) -> Told<'a> {
    let draft = &item.draft;
    Told {
        row: item.at.row,
        column: item.at.column,
        sheet,
        standing: match item.standing() {
            Standing::Ready => "ready",
            Standing::ToCheck => "to_check",
            Standing::Refused => "refused",
        },
        kind: draft.kind.map(|kind| kind.code()),
        topic: &draft.topic,
        difficulty: draft.difficulty,
        stem: &draft.stem,
        options: &draft.options,
        key: draft.key.places().collect(),
        fixed_order: draft.fixed_order,
        explanation: &draft.explanation,
        source: &draft.source,
        contributor: draft.contributor.as_deref(),
        link: draft.link.as_deref(),
        media: draft.media.as_ref(),
        notes: faults(&item.remarks, sheet, true),
    }
}

/// The notes among the remarks, or all others.
fn faults<'a>(remarks: &'a [Remark], sheet: Option<&'a str>, notes: bool) -> Vec<Fault<'a>> {
    let wanted = remarks.iter().filter(|remark| (remark.gravity == Gravity::Note) == notes);
    let fault = |remark: &'a Remark| Fault {
        row: remark.at.row,
        column: remark.at.column,
        sheet,
        gravity: match remark.gravity {
            Gravity::Note => "note",
            Gravity::ToCheck => "to_check",
            Gravity::Refused => "refused",
        },
        part: remark.part.code(),
        code: remark.code,
        message: &remark.message,
    };
    wanted.map(fault).collect()
}
