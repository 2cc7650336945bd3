//! Headings of documents and tables: what kind of questions follow.

use crate::formats::import::stem::number_of;
use crate::formats::import::words::Asked;
use crate::formats::import::words::asked_of;
use crate::formats::import::words::label_of;

/// A longer line is no heading.
const HEADING_MAX: usize = 60;
const NUMERALS: &str = "一二三四五六七八九十百";

/// `一、单选题（每题2分）`, `【判断题】`, `第二部分 多项选择题`: what kind of questions follow.
pub(super) fn heading_of(line: &str) -> Option<Asked> {
    let line = line.trim();
    if line.chars().count() > HEADING_MAX || number_of(line).is_some() || label_of(line).is_some() {
        return None;
    }
    let rest = without_numeral(line);
    let rest = rest.trim_start_matches(['【', '[', '#', '*', ' ', '（', '(']);
    let end = rest
        .find(|c: char| "（(【[】]）)：:，,。、；; \u{3000}*#共".contains(c) || c.is_ascii_digit())
        .unwrap_or(rest.len());
    let (word, after) = rest.split_at(end);
    // 判断题 and 判断 are headings; 判断下列说法 is not.
    let after = after.trim_start_matches(['】', ']', '）', ')', '*', '#', ' ', '：', ':']);
    if number_of(after).is_some() {
        // 【单选题】1. 水的沸点是多少？ is a question.
        return None;
    }
    let is_aside = after.is_empty()
        || after.starts_with(['（', '(', '共', '[', '【', '，', ',', '。', '、', '；'])
        || after.starts_with(|c: char| c.is_ascii_digit())
        || after.starts_with("每");
    if !is_aside || word.is_empty() {
        return None;
    }
    asked_of(word).filter(|_| word.ends_with('题') || word.ends_with("选择") || rest.len() < line.len())
}

/// `（单选题）1. 水的沸点`, as other programs print it, with the number in front: `1. （单选题）水的沸点`.
pub(super) fn number_first(line: &str) -> Option<String> {
    let inner = line.strip_prefix(['【', '[', '（', '('])?;
    let end = inner.find(['】', ']', '）', ')'])?;
    asked_of(&inner[..end])?;
    let close = inner[end..].chars().next()?.len_utf8();
    let kind = &line[..line.len() - inner.len() + end + close];
    let rest = line[kind.len()..].trim_start();
    let (_, length) = number_of(rest)?;
    Some(format!("{}{kind}{}", &rest[..length], &rest[length..]))
}

/// Without 一、, （二）, 第三部分.
pub(super) fn without_numeral(line: &str) -> &str {
    let is_numeral = |c: char| NUMERALS.contains(c);
    if let Some(rest) = line.strip_prefix('第') {
        let after = rest.trim_start_matches(|c: char| is_numeral(c) || c.is_ascii_digit());
        for word in ["部分", "大题", "节", "章"] {
            if let Some(after) = after.strip_prefix(word) {
                return after.trim_start_matches(['：', ':', ' ', '\u{3000}', '、', '.', '．']);
            }
        }
        return line;
    }
    let opened = line.strip_prefix(['（', '(']);
    let after = opened.unwrap_or(line).trim_start_matches(is_numeral);
    if after.len() == opened.unwrap_or(line).len() {
        return line;
    }
    let after = match opened {
        Some(_) => after.strip_prefix(['）', ')']),
        None => after.strip_prefix(['、', '.', '．', '，', ':', '：', ' ', '\u{3000}']),
    };
    after.map_or(line, |after| after.trim_start_matches(['、', ' ', '\u{3000}']))
}

/// Whether a text looks like questions.
pub(super) fn recognises(text: &str) -> bool {
    let mut numbered = 0;
    let mut lettered = 0;
    let mut answered = 0;
    for line in text.lines().map(str::trim) {
        numbered += usize::from(number_of(line).is_some());
        lettered += usize::from(label_of(line).is_some());
        answered += usize::from(line.contains("答案"));
    }
    answered > 0 || lettered >= 2 || numbered >= 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::question::Kind;

    #[test]
    fn headings_are_told_from_questions() {
        let kind = |line: &str| match heading_of(line) {
            Some(Asked::Known(kind)) => Some(kind),
            _ => None,
        };
        for line in [
            "一、单选题",
            "一、单项选择题（每题2分，共20题）",
            "【单选题】",
            "（一）单选题：",
            "第一部分 单选题",
            "单选题 共 20 题",
        ] {
            assert_eq!(kind(line), Some(Kind::Single), "{line}");
        }
        assert_eq!(kind("三、判断题（对的打√，错的打×）"), Some(Kind::TrueFalse));
        assert_eq!(heading_of("四、简答题"), Some(Asked::Unsupported("简答题".into())));
        for line in ["判断下列说法", "1. 单选题有几种？", "A. 单选题", "一、生态环境", "多选题目的设置要求是什么？"]
        {
            assert_eq!(heading_of(line), None, "{line}");
        }
    }
}
