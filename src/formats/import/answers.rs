//! Answers gathered at the end of a document: 1-5 ABCDA, 6.√ 7.×, one section after the other.

use crate::formats::columns::Field;
use crate::formats::import::At;
use crate::formats::import::key::letters_of;
use crate::formats::import::prose::Paragraph;
use crate::formats::import::settle::Told;
use crate::formats::import::tags::tagged;
use crate::formats::import::words::Asked;
use crate::formats::import::words::truth_of;
use crate::formats::text::half_width;
use std::collections::HashMap;

/// Questions of one range; a longer one is none.
const RANGE_MAX: u32 = 500;

#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) number: u32,
    /// What heading it stood under.
    heading: Option<Asked>,
    /// How often the numbers began anew before it.
    run: usize,
    pub(super) key: Told,
    pub(super) explanation: Option<Told>,
}

/// 参考答案 and its like, alone in a line.
pub(super) fn is_title(line: &str) -> bool {
    let half = half_width(line);
    let bare: String = half.chars().filter(|c| !c.is_whitespace() && !"【】[]():#*-—附、".contains(*c)).collect();
    matches!(
        bare.as_str(),
        "参考答案"
            | "答案"
            | "标准答案"
            | "正确答案"
            | "试题答案"
            | "答案与解析"
            | "答案及解析"
            | "参考答案及解析"
            | "参考答案与解析"
            | "答案解析"
            | "答案汇总"
            | "题库答案"
    )
}

/// Takes up a line; `false`: there are no answers in it.
pub(super) fn read(line: &Paragraph, heading: Option<&Asked>, answers: &mut Vec<Answer>) -> bool {
    let pieces = tagged(&line.text);
    let Some((first, tags)) = pieces.split_first() else { return false };
    let Some(found) = entries(&first.text) else {
        // An explanation of the answer above.
        let Some(last) = answers.last_mut() else { return false };
        return match tags.iter().find(|piece| piece.field == Some(Field::Explanation)) {
            Some(piece) if first.text.is_empty() => {
                last.explanation =
                    Some(Told { text: piece.text.clone(), at: At { row: line.row, column: 1 }, mark: line.mark });
                true
            }
            _ => false,
        };
    };
    for (number, key, column) in found {
        let run = answers.last().map_or(0, |last| last.run + usize::from(number <= last.number));
        let key = Told { text: key, at: At { row: line.row, column }, mark: line.mark };
        answers.push(Answer { number, heading: heading.cloned(), run, key, explanation: None });
    }
    if let (Some(last), Some(piece)) =
        (answers.last_mut(), tags.iter().find(|piece| piece.field == Some(Field::Explanation)))
    {
        last.explanation =
            Some(Told { text: piece.text.clone(), at: At { row: line.row, column: 1 }, mark: line.mark });
    }
    true
}

/// Number, key and column of each answer of a line that holds nothing else.
fn entries(line: &str) -> Option<Vec<(u32, String, u32)>> {
    let chars: Vec<char> = half_width(line).chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    let skip = |at: &mut usize, set: &str| {
        while chars.get(*at).is_some_and(|c| c.is_whitespace() || set.contains(*c)) {
            *at += 1;
        }
    };
    let number = |at: &mut usize| {
        let digits: String = chars[*at..].iter().take_while(|c| c.is_ascii_digit()).take(5).collect();
        *at += digits.len();
        digits.parse::<u32>().ok()
    };
    skip(&mut at, ",;，；、。");
    while at < chars.len() {
        let column = at as u32 + 1;
        if chars[at] == '第' || chars[at] == '(' {
            at += 1;
        }
        let from = number(&mut at)?;
        let mut to = from;
        let mut after = at;
        skip(&mut after, "");
        if chars.get(after).is_some_and(|c| "-—–~～至".contains(*c)) {
            while chars.get(after).is_some_and(|c| "-—–~～至".contains(*c) || c.is_whitespace()) {
                after += 1;
            }
            to = number(&mut after)?;
            at = after;
        }
        skip(&mut at, "题.、:)．。：");
        let start = at;
        while chars.get(at).is_some_and(|c| {
            !c.is_ascii_digit() && *c != '第' && !(*c == '(' && chars.get(at + 1).is_some_and(char::is_ascii_digit))
        }) {
            at += 1;
        }
        let text: String = chars[start..at].iter().collect();
        let text = text.trim().trim_end_matches([',', ';', '，', '；', '、', '。', '.']).trim();
        if from == to {
            let is_key = letters_of(text).is_some() || truth_of(text).is_some();
            if !is_key {
                return None;
            }
            found.push((from, text.to_owned(), column));
            continue;
        }
        if to < from || to - from >= RANGE_MAX {
            return None;
        }
        let count = (to - from + 1) as usize;
        let pieces: Vec<String> = text
            .split(|c: char| c.is_whitespace() || ",，、;；".contains(c))
            .filter(|p| !p.is_empty())
            .map(str::to_owned)
            .collect();
        let single: Vec<String> =
            text.chars().filter(|c| !c.is_whitespace() && !",，、;；".contains(*c)).map(String::from).collect();
        let keys = if pieces.len() == count {
            pieces
        } else if single.len() == count {
            single
        } else {
            return None;
        };
        if !keys.iter().all(|key| letters_of(key).is_some() || truth_of(key).is_some()) {
            return None;
        }
        found.extend((from..=to).zip(keys).map(|(number, key)| (number, key, column)));
    }
    (!found.is_empty()).then_some(found)
}

/// Answers of one number; where there are more, none of them is anybody's.
const RIVALS_MAX: usize = 64;

/// The answers of a document, and how they can belong to its questions.
pub(super) struct Gathered<'a> {
    by_number: HashMap<u32, Vec<&'a Answer>>,
    /// How many questions have this number.
    askers: HashMap<u32, usize>,
    /// The numbers of answers begin anew as often as those of questions.
    in_step: bool,
}

impl<'a> Gathered<'a> {
    /// Of each question its run and number.
    pub(super) fn of(answers: &'a [Answer], questions: impl Iterator<Item = (usize, u32)>) -> Gathered<'a> {
        let mut by_number: HashMap<u32, Vec<&Answer>> = HashMap::new();
        for answer in answers {
            by_number.entry(answer.number).or_default().push(answer);
        }
        let mut askers: HashMap<u32, usize> = HashMap::new();
        let mut runs = 0;
        for (run, number) in questions {
            *askers.entry(number).or_default() += 1;
            runs = runs.max(run);
        }
        let in_step = answers.iter().map(|answer| answer.run).max() == Some(runs);
        Gathered { by_number, askers, in_step }
    }

    /// The one answer of a question; `None` where there is none, or where several could be meant.
    pub(super) fn find(&self, run: usize, number: u32, heading: Option<&Asked>) -> Option<&'a Answer> {
        let same = self.by_number.get(&number).filter(|same| same.len() <= RIVALS_MAX)?;
        let mut under = same.iter().filter(|answer| heading.is_some() && answer.heading.as_ref() == heading);
        if let (Some(only), None) = (under.next(), under.next()) {
            return Some(only);
        }
        match same.as_slice() {
            [only] if self.askers.get(&number) == Some(&1) && !contradict(only.heading.as_ref(), heading) => Some(only),
            _ if self.in_step => same.iter().find(|answer| answer.run == run && answer.heading.is_none()).copied(),
            _ => None,
        }
    }
}

/// An answer under 多选题 is none of a question under 单选题, though nobody else asks for its number.
fn contradict(one: Option<&Asked>, other: Option<&Asked>) -> bool {
    matches!((one, other), (Some(Asked::Known(one)), Some(Asked::Known(other))) if one != other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Option<&[(u32, &str)]>) {
        let found = entries(line);
        let found: Option<Vec<(u32, &str)>> =
            found.as_ref().map(|found| found.iter().map(|(number, key, _)| (*number, key.as_str())).collect());
        assert_eq!(found.as_deref(), expected, "{line}");
    }

    #[test]
    fn answers_stand_in_ranges_or_one_by_one() {
        check("1-5 ABCDA", Some(&[(1, "A"), (2, "B"), (3, "C"), (4, "D"), (5, "A")]));
        check("1—3：ABC  4-5: D A", Some(&[(1, "A"), (2, "B"), (3, "C"), (4, "D"), (5, "A")]));
        check("11～12 ABC BD", Some(&[(11, "ABC"), (12, "BD")]));
        check("1．Ａ 2．BC；3.√ 4、× 5.对", Some(&[(1, "A"), (2, "BC"), (3, "√"), (4, "×"), (5, "对")]));
        check("(1)A (2)B", Some(&[(1, "A"), (2, "B")]));
        check("1-5 ABCD", None);
        check("1. 水的沸点是多少？", None);
        check("见教材", None);
    }

    #[test]
    fn a_title_of_answers_stands_alone() {
        assert!(is_title("【参考答案】"));
        assert!(is_title("附：参考答案"));
        assert!(!is_title("答案：B"));
    }
}
