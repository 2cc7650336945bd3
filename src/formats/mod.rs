//! 题库文件: bytes to questions and back, every fault with its row and column. No I/O: who calls reads the files.

mod aside;
mod columns;
pub mod csv;
mod draft;
pub mod export;
pub mod import;
mod text;
pub mod toml;

#[cfg(test)]
mod shipped;

pub use crate::formats::text::FILE_BYTES_MAX;

use crate::domain::faults::Fault;
use crate::domain::faults::faults_of;
use crate::domain::question::Question;
use crate::formats::draft::Draft;
use crate::formats::draft::Reading;

/// So many faults are told; then one that says how many more there are.
pub const FAULTS_MAX: usize = 1_000;

/// A text that people wrote, in whichever of the usual encodings; `None`: it is none.
pub fn text_of(bytes: &[u8]) -> Option<String> {
    text::decode(bytes).ok()
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::QuestionId;
    use crate::domain::question::Choices;
    use crate::domain::question::Kind;
    use crate::domain::question::Media;
    use proptest::prelude::*;
    use proptest::sample::subsequence;

    fn text() -> impl Strategy<Value = String> {
        "[\\PC&&[^\u{E000}-\u{F8FF}\u{FFFD}]]{1,20}".prop_filter_map("tidy and sound", |text| {
            let text = text.trim().to_owned();
            let sound = !text.is_empty() && text.chars().all(|c| !c.is_control());
            sound.then_some(text)
        })
    }

    prop_compose! {
        fn question()(
            kind in prop_oneof![Just(Kind::TrueFalse), Just(Kind::Single), Just(Kind::Multiple)],
            texts in prop::array::uniform4(text()),
            stem_more in "(\n[a-z\"\\\\]{1,9})?",
            written in 3..=8usize,
            option in text(),
            right in subsequence((0..8).collect::<Vec<usize>>(), 2..=8),
            difficulty in 1..=3u8,
            fixed_order: bool,
            contributor in prop::option::of(text()),
            link in prop::option::of("https://[a-z]{1,9}\\.cn/\\?a=[0-9]"),
            media in prop::option::of((text(), 1..4096u32, 1..4096u32)),
        ) -> Question {
            let [topic, stem, explanation, source] = texts;
            let options: Vec<String> = match kind {
                Kind::TrueFalse => vec![Question::TRUE.into(), Question::FALSE.into()],
                _ => (0..written).map(|n| format!("{n}、{option}")).collect(),
            };
            let mut key: Vec<usize> = right.into_iter().map(|place| place % options.len()).collect();
            key.sort_unstable();
            key.dedup();
            match kind {
                Kind::Multiple if key.len() < 2 => key = vec![0, 2],
                Kind::Multiple => {}
                _ => key.truncate(1),
            }
            Question {
                id: QuestionId::default(),
                kind, topic, difficulty, options, fixed_order, explanation, source, contributor, link,
                stem: stem + &stem_more,
                key: Choices::of(key).unwrap(),
                media: media.map(|(alt, width, height)| Media { file: "a/图.png".into(), width, height, alt }),
            }
        }
    }

    /// Each with an id and a stem of its own.
    fn bank() -> impl Strategy<Value = Vec<Question>> {
        prop::collection::vec(question(), 1..6).prop_map(|mut questions| {
            for (place, q) in questions.iter_mut().enumerate() {
                q.id = QuestionId(format!("q{place}"));
                q.stem = format!("{place}{}", q.stem);
            }
            questions
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_the_same(questions in bank()) {
            let written = toml::write(&questions);
            let (read, faults) = read_bank(&[("a.toml".into(), written.into_bytes())]);
            let faults: Vec<&Fault> = faults.iter().filter(|f| f.code != "unseen_character").collect();
            prop_assert_eq!(faults, Vec::<&Fault>::new());
            prop_assert_eq!(read, questions);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            for name in ["a.toml", "a.csv", "a"] {
                read_bank(&[(name.into(), bytes.clone())]);
            }
        }

        #[test]
        fn no_mutilated_file_makes_it_panic(
            questions in bank(), cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
        ) {
            let mut bytes = toml::write(&questions).into_bytes();
            for (at, byte) in cuts {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            read_bank(&[("a.toml".into(), bytes.clone())]);
            read_bank(&[("a.csv".into(), bytes)]);
        }

        #[test]
        fn no_table_makes_it_panic(cells in prop::collection::vec("[\\PC\n\"]{0,6}", 0..60)) {
            let mut text = "编号,题型,题干,选项A,选项B,选项C,答案,解析,来源,难度,主题\n".to_owned();
            for row in cells.chunks(11) {
                text.push_str(&row.join(","));
                text.push('\n');
            }
            read_bank(&[("a.csv".into(), text.into_bytes())]);
        }
    }

    #[test]
    fn questions_that_collide_across_files_are_told_with_both_places() {
        let file = "topic = \"主题\"\n[[question]]\nid = \"x\"\nkind = \"true_false\"\ndifficulty = 1\nstem = \"题干\"\n\
            key = \"正确\"\nexplanation = \"解析。\"\nsource = \"来源\"\n";
        let files = [("1.toml".to_owned(), file.into()), ("2.toml".to_owned(), file.into())];
        let (questions, faults) = read_bank(&files);
        let told: Vec<String> = faults.iter().map(Fault::to_string).collect();
        assert_eq!(
            told,
            [
                "2.toml 第 3 行第 6 列：编号与另一道题相同（1.toml 第 3 行）",
                "2.toml 第 6 行第 8 列：与另一道题的题干和选项相同（1.toml 第 6 行）",
            ]
        );
        assert_eq!(questions.len(), 2);
    }

    #[test]
    fn a_bank_without_questions_and_a_file_of_another_kind_are_faults() {
        let codes = |files: &[(String, Vec<u8>)]| read_bank(files).1.iter().map(|f| f.code).collect::<Vec<_>>();
        assert_eq!(codes(&[]), ["no_questions"]);
        assert_eq!(codes(&[("a.toml".into(), vec![])]), ["no_questions"]);
        assert_eq!(codes(&[("a.csv".into(), vec![])]), ["no_header"]);
        assert_eq!(codes(&[("说明".into(), "随便写写".into())]), ["unknown_format"]);
        assert_eq!(codes(&[("a.toml".into(), vec![b'#'; FILE_BYTES_MAX + 1])]), ["too_large"]);
    }

    #[test]
    fn so_many_faults_are_told_and_the_rest_is_counted() {
        let file = "[[question]]\n".repeat(FAULTS_MAX);
        let (_, faults) = read_bank(&[("a.toml".into(), file.into())]);
        assert_eq!(faults.len(), FAULTS_MAX + 1);
        assert_eq!(faults.last().map(|f| f.code), Some("more"));
    }
}
