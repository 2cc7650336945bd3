//! Aiken (docs.moodle.org, "Aiken format"): a stem, options `A.` or `A)`, one line `ANSWER: A`.

use crate::domain::faults::Part;
use crate::domain::faults::letter;
use crate::formats::import::At;
use crate::formats::import::Gravity;
use crate::formats::import::Item;
use crate::formats::import::Remark;
use crate::formats::import::found::Found;
use crate::formats::import::found::QUESTIONS_MAX;
use crate::formats::import::found::START;
use crate::formats::import::found::refusal;
use crate::formats::text::decode;

/// An option in Latin letters right before `ANSWER:`.
pub(super) fn recognises(text: &str) -> bool {
    let mut before = "";
    text.lines().map(str::trim).filter(|line| !line.is_empty()).take(200).any(|line| {
        let found = answer_of(line).is_some() && option_of(before).is_some();
        before = line;
        found
    })
}

pub(super) fn read(bytes: &[u8]) -> (Vec<Item>, Vec<Remark>) {
    let text = match decode(bytes) {
        Ok(text) => text.replace("\r\n", "\n").replace('\r', "\n"),
        Err(place) => {
            let message = "这里的文字既不是 UTF-8，也不是 GB18030（GBK）编码";
            return (Vec::new(), vec![refusal(place.into(), "encoding", message)]);
        }
    };
    let (mut items, mut remarks) = (Vec::new(), Vec::new());
    let mut open: Option<Open<'_>> = None;
    for (row, line) in (1..).zip(text.lines()) {
        let said = line.trim();
        if said.is_empty() {
            continue;
        }
        if items.len() >= QUESTIONS_MAX {
            let message = format!("超过了 {QUESTIONS_MAX} 道题，后面的没有读");
            remarks.push(refusal(At { row, column: 1 }, "too_many_questions", message));
            break;
        }
        // Options without an answer before the next stem: the question before it ends there.
        let begins = option_of(said).is_none() && answer_of(said).is_none();
        if begins && let Some(before) = open.take_if(|open| !open.options.is_empty()) {
            items.push(before.finish(None));
        }
        let question = open.get_or_insert_with(|| Open::at(row, line));
        question.raw.push((row, said));
        match (answer_of(said), option_of(said)) {
            (Some(answer), _) => items.extend(open.take().map(|open| open.finish(Some((row, answer))))),
            (None, Some((letter, option))) => question.options.push((row, letter, option)),
            (None, None) => question.stem.push(said),
        }
    }
    items.extend(open.map(|open| open.finish(None)));
    if items.is_empty() && remarks.is_empty() {
        remarks.push(refusal(START, "no_questions", "文件里没有题目"));
    }
    (items, remarks)
}

/// `A.` or `A)`, and a text.
fn option_of(line: &str) -> Option<(char, &str)> {
    let mut chars = line.chars();
    let letter = chars.next().filter(char::is_ascii_uppercase)?;
    chars.next().filter(|c| ['.', ')'].contains(c))?;
    let rest = chars.as_str();
    rest.starts_with(char::is_whitespace).then(|| (letter, rest.trim()))
}

fn answer_of(line: &str) -> Option<&str> {
    let (word, answer) = line.split_at_checked(6)?;
    word.eq_ignore_ascii_case("ANSWER").then_some(())?;
    answer.trim_start().strip_prefix([':', '：']).map(str::trim)
}

struct Open<'t> {
    at: At,
    stem: Vec<&'t str>,
    options: Vec<(u32, char, &'t str)>,
    raw: Vec<(u32, &'t str)>,
}

impl<'t> Open<'t> {
    fn at(row: u32, line: &str) -> Open<'t> {
        let column = line.chars().take_while(|c| c.is_whitespace()).count() as u32 + 1;
        Open { at: At { row, column }, stem: Vec::new(), options: Vec::new(), raw: Vec::new() }
    }

    fn finish(self, answer: Option<(u32, &str)>) -> Item {
        let raw: Vec<&str> = self.raw.iter().map(|(_, line)| *line).collect();
        let mut found = Found::at(self.at, &raw.join("\n"));
        found.draft.stem = self.stem.join("\n");
        found.set_options(self.options.iter().map(|(_, _, option)| (*option).to_owned()).collect());
        for (place, (row, named, _)) in self.options.iter().enumerate() {
            if *named != letter(place) {
                let message = format!("选项应按 A、B、C 的次序写，这里应是 {}，写的是 {named}", letter(place));
                found.note(Gravity::Refused, At { row: *row, column: 1 }, Part::Options, "bad_letters", message);
                break;
            }
        }
        let Some((row, answer)) = answer else {
            found.set_key(false, &[]);
            found.remarks.retain(|remark| remark.code != "no_right");
            found.refuse(Part::Key, "missing_answer", "没有「ANSWER:」这一行");
            return found.finish();
        };
        let at = At { row, column: 1 };
        let letters: Vec<char> =
            answer.chars().filter(|c| !c.is_whitespace() && ![',', '，', '、'].contains(c)).collect();
        let mut right: Vec<usize> = letters
            .iter()
            .filter_map(|c| self.options.iter().position(|(_, named, _)| named == &c.to_ascii_uppercase()))
            .collect();
        right.sort_unstable();
        right.dedup();
        if letters.is_empty() || right.len() != letters.len() {
            let answer: String = answer.chars().take(20).collect();
            found.set_key(false, &[]);
            found.remarks.retain(|remark| remark.code != "no_right");
            let message = format!("答案「{answer}」不是这道题的选项");
            found.note(Gravity::Refused, at, Part::Key, "bad_key", message);
        } else {
            found.set_key(right.len() > 1, &right);
            if right.len() > 1 {
                let message = "Aiken 只有单选题，这里写了几个答案：当作多选题";
                found.note(Gravity::ToCheck, at, Part::Kind, "several_answers", message);
            }
        }
        found.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::question::Choices;
    use crate::domain::question::Kind;
    use crate::formats::import::Standing;

    const SOUND: &str = "水的化学式是？\nA. H2O\nB. CO2\nC) O2\nANSWER: A\n\n  哪个更重？\nA) 铁\nB) 铝\nANSWER:B\n";

    fn told(items: &[Item]) -> Vec<(u32, &'static str)> {
        let grave = |remark: &&Remark| remark.gravity > Gravity::Note;
        items.iter().flat_map(|item| item.remarks.iter().filter(grave)).map(|r| (r.at.row, r.code)).collect()
    }

    #[test]
    fn questions_are_read_with_their_places() {
        assert!(recognises(SOUND) && !recognises("答案：A\nA. 甲"));
        let (items, remarks) = read(SOUND.as_bytes());
        assert_eq!((items.len(), remarks), (2, vec![]));
        assert_eq!(items[1].at, At { row: 7, column: 3 });
        assert_eq!(items[1].draft.stem, "哪个更重？");
        assert_eq!((items[1].draft.kind, items[1].draft.key), (Some(Kind::Single), Choices(0b10)));
        assert_eq!(items[0].draft.options, ["H2O", "CO2", "O2"]);
        assert!(items.iter().all(|item| item.standing() == Standing::Ready));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_row() {
        let check = |from: &str, to: &str, expected: &[(u32, &str)]| {
            assert!(SOUND.contains(from), "{from}");
            assert_eq!(told(&read(SOUND.replacen(from, to, 1).as_bytes()).0), expected);
        };
        check("ANSWER: A", "ANSWER: D", &[(5, "bad_key")]);
        check("ANSWER: A", "ANSWER: A, C", &[(5, "several_answers")]);
        check("ANSWER: A", "ANSWER:", &[(5, "bad_key")]);
        check("ANSWER: A\n", "", &[(1, "missing_answer")]);
        check("B. CO2", "D. CO2", &[(3, "bad_letters")]);
        check("B. CO2", "B. H2O", &[(1, "same_option")]);
        check("水的化学式是？\n", "", &[(1, "missing_stem")]);
        assert_eq!(read(b"").1.iter().map(|r| r.code).collect::<Vec<_>>(), ["no_questions"]);
        let bytes: Vec<u8> = SOUND.bytes().chain([0xFF, 0xFF]).collect();
        assert_eq!(read(&bytes).1.iter().map(|r| r.code).collect::<Vec<_>>(), ["encoding"]);
    }
}
