//! 题库文件: bytes to questions and back, every fault with its row and column. No I/O: who calls reads the files.

pub mod csv;
mod draft;
mod text;
pub mod toml;

use crate::domain::faults::Fault;
use crate::domain::faults::faults_of;
use crate::domain::question::Question;
use crate::formats::draft::Draft;
use crate::formats::draft::Reading;

/// A larger file is refused unread.
pub const FILE_BYTES_MAX: usize = 16 << 20;
/// So many faults are told; then one that says how many more there are.
pub const FAULTS_MAX: usize = 1_000;

/// Whether a file of this name in a bank's folder is meant to hold questions.
pub fn is_question_file(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    [".toml", ".csv", ".tsv"].iter().any(|ending| lower.ends_with(ending))
}

/// A bank from its files, by name; in their order. Where there is a fault the questions are only those that could be
/// read: for a preview, not for publishing.
pub fn read_bank(files: &[(String, Vec<u8>)]) -> (Vec<Question>, Vec<Fault>) {
    read(files, false)
}

/// Likewise, but a question may lack its id, as in a file that is being imported; it is left empty.
pub fn read_unnumbered(files: &[(String, Vec<u8>)]) -> (Vec<Question>, Vec<Fault>) {
    read(files, true)
}

fn read(files: &[(String, Vec<u8>)], unnumbered: bool) -> (Vec<Question>, Vec<Fault>) {
    let mut drafts: Vec<(usize, Draft)> = Vec::new();
    let mut faults: Vec<(usize, Fault)> = Vec::new();
    for (number, (name, bytes)) in files.iter().enumerate() {
        let mut reading = Reading::of(name);
        read_file(name, bytes, &mut reading);
        drafts.extend(reading.drafts.into_iter().map(|draft| (number, draft)));
        faults.extend(reading.faults.into_iter().map(|fault| (number, fault)));
    }
    if drafts.is_empty() && faults.is_empty() {
        let file = files.first().map_or_else(String::new, |(name, _)| name.clone());
        let message = "题库里没有题目".to_owned();
        return (Vec::new(), vec![Fault { file, row: 1, column: 1, code: "no_questions", message }]);
    }

    let questions: Vec<Question> = drafts.iter().map(|(_, draft)| draft.question.clone()).collect();
    for found in faults_of(&questions) {
        let (number, draft) = &drafts[found.question];
        if draft.is_broken(found.part) || (unnumbered && found.code == "missing_id") {
            continue;
        }
        let place = draft.place(found.part);
        let mut message = found.message;
        if let Some(other) = found.other {
            let (other_file, other) = &drafts[other];
            message.push_str(&format!("（{} 第 {} 行）", files[*other_file].0, other.place(found.part).row));
        }
        let file = files[*number].0.clone();
        faults.push((*number, Fault { file, row: place.row, column: place.column, code: found.code, message }));
    }
    faults.sort_by_key(|(number, fault)| (*number, fault.row, fault.column));
    let intact = drafts.into_iter().filter(|(_, draft)| draft.is_whole()).map(|(_, draft)| draft.question);
    (intact.collect(), bounded(faults.into_iter().map(|(_, fault)| fault).collect()))
}

fn bounded(mut faults: Vec<Fault>) -> Vec<Fault> {
    if faults.len() > FAULTS_MAX {
        let more = faults.len() - FAULTS_MAX;
        faults.truncate(FAULTS_MAX);
        if let Some(last) = faults.last().cloned() {
            faults
                .push(Fault { code: "more", message: format!("后面还有 {more} 处问题，没有列出"), ..last });
        }
    }
    faults
}

fn read_file(name: &str, bytes: &[u8], reading: &mut Reading) {
    if bytes.len() > FILE_BYTES_MAX {
        let max = FILE_BYTES_MAX >> 20;
        return reading.fault(Default::default(), "too_large", format!("文件超过 {max} MiB"));
    }
    let lower = name.to_ascii_lowercase();
    if lower.ends_with(".toml") {
        toml::read(bytes, reading);
    } else if lower.ends_with(".csv") || lower.ends_with(".tsv") {
        csv::read(bytes, reading);
    } else if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\xD0\xCF\x11\xE0") {
        let message = "这是 Excel 或 WPS 的表格文件：请在表格软件里另存为「CSV UTF-8」再导入";
        reading.fault(Default::default(), "unknown_format", message);
    } else if csv::recognises(bytes) {
        csv::read(bytes, reading);
    } else if toml::recognises(bytes) {
        toml::read(bytes, reading);
    } else {
        let message = "认不出文件的格式：应是 TOML（含 [[question]]），或第一行是列名（题型、题干、答案……）的 CSV";
        reading.fault(Default::default(), "unknown_format", message);
    }
}
