//! The words of tables and documents: kinds of questions, levels, right and wrong, marks in front of options.

use crate::domain::faults::is_unseen;
use crate::domain::question::Kind;
use crate::formats::draft::kind_of;
use crate::formats::text::half_width;

/// A text without what cannot be seen, with plain blanks, none of them at an edge of a line.
pub(super) fn clean(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' | '\u{A0}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' => out.push(' '),
            '\u{2028}' | '\u{2029}' | '\u{B}' | '\u{C}' => out.push('\n'),
            // Lost bytes and private signs are left, so that they are told.
            c if is_unseen(c) && c != '\u{FFFD}' && !('\u{E000}'..='\u{F8FF}').contains(&c) => {}
            c => out.push(c),
        }
    }
    if !out.contains('\n') {
        return out.trim().to_owned();
    }
    let lines: Vec<&str> = out.lines().map(str::trim).collect();
    lines.join("\n").trim().to_owned()
}

/// Likewise, in one line.
pub(super) fn line(text: &str) -> String {
    let text = clean(text);
    if !text.contains('\n') {
        return text;
    }
    text.lines().filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// What a text says of a question's kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Known(Kind),
    /// 选择题: one or several, which only the answers tell.
    Choice,
    /// 不定项选择题: several, or one.
    AnyNumber,
    /// A kind that there is not here, by its name.
    Unsupported(String),
}

const UNSUPPORTED: [&str; 35] = [
    "填空",
    "简答",
    "问答",
    "论述",
    "排序",
    "匹配",
    "连线",
    "配对",
    "完形",
    "阅读理解",
    "名词解释",
    "计算题",
    "案例",
    "材料",
    "主观",
    "编程",
    "程序题",
    "操作题",
    "附件题",
    "作文",
    "写作",
    "翻译",
    "听力",
    "分录",
    "资料题",
    "投票",
    "问卷",
    "量表",
    "矩阵",
    "打分题",
    "综合题",
    "实验题",
    "作图",
    "essay",
    "fill",
];

/// A word in a column 题型, in a heading or in brackets.
pub(super) fn asked_of(text: &str) -> Option<Asked> {
    let half = half_width(text).to_lowercase();
    let word: String = half.chars().filter(|c| !c.is_whitespace()).collect();
    let word = word.trim_matches(|c: char| "()[]【】:.、,，。;；*「」".contains(c));
    if let Some(kind) = kind_of(word) {
        return Some(Asked::Known(kind));
    }
    if let Some(name) = UNSUPPORTED.iter().find(|name| word.contains(*name)) {
        return Some(Asked::Unsupported(if word.chars().count() <= 12 { word.to_owned() } else { (*name).to_owned() }));
    }
    let with = |names: &[&str]| names.contains(&word);
    if with(&[
        "判断",
        "判断题",
        "是非",
        "是非题",
        "对错",
        "对错题",
        "判断对错",
        "正误",
        "正误题",
        "正误判断",
        "判断正误",
        "判断正误题",
        "正误判断题",
        "truefalse",
        "true/false",
        "true_false",
        "tf",
        "judge",
        "judgment",
        "判",
    ]) {
        return Some(Asked::Known(Kind::TrueFalse));
    }
    if with(&[
        "单选",
        "单项",
        "单选题",
        "单项题",
        "单项选择",
        "单一选择",
        "单一选择题",
        "单选择题",
        "单项单选题",
        "single",
        "singlechoice",
        "single_choice",
        "radio",
        "单",
    ]) {
        return Some(Asked::Known(Kind::Single));
    }
    if with(&[
        "多选",
        "多项",
        "多选题",
        "多项题",
        "多项选择",
        "复选",
        "复选题",
        "多选择题",
        "multiple",
        "multiplechoice",
        "multiple_choice",
        "multi",
        "checkbox",
        "multiple_answer",
        "多",
    ]) {
        return Some(Asked::Known(Kind::Multiple));
    }
    if with(&["不定项", "不定项选择", "不定项选择题", "不定项题"]) {
        return Some(Asked::AnyNumber);
    }
    if with(&["选择", "选择题", "客观题", "choice"]) {
        return Some(Asked::Choice);
    }
    None
}

/// A mark of the kind at an edge of a stem, （多选）, 【单选题】, [判断], and the stem without it.
pub(super) fn kind_in_stem(stem: &str) -> Option<(Asked, String)> {
    const OPENING: [char; 4] = ['(', '（', '[', '【'];
    const CLOSING: [char; 4] = [')', '）', ']', '】'];
    let inner = |text: &str| if text.chars().count() <= 10 { asked_of(text) } else { None };
    let number = stem.len() - stem.trim_start_matches(|c: char| c.is_ascii_digit() || "、．. ".contains(c)).len();
    let (front, rest) = stem.split_at(number);
    if let Some(after) = rest.strip_prefix(OPENING) {
        if let Some((word, after)) = after.split_once(CLOSING) {
            if let Some(asked) = inner(word) {
                return Some((asked, format!("{front}{}", after.trim_start())));
            }
        }
    }
    let trimmed = stem.trim_end_matches(['。', '.', '？', '?', ' ']);
    if let Some(before) = trimmed.strip_suffix(CLOSING) {
        if let Some(at) = before.rfind(OPENING) {
            let opening = before[at..].chars().next().map_or(1, char::len_utf8);
            if let Some(asked) = inner(&before[at + opening..]) {
                return Some((
                    asked,
                    format!("{}{}", before[..at].trim_end(), &stem[trimmed.len()..]).trim_end().to_owned(),
                ));
            }
        }
    }
    None
}

/// 对, √, T … and their opposites; whether that is beyond doubt.
pub(super) fn truth_of(text: &str) -> Option<(bool, bool)> {
    let half = half_width(text).to_uppercase();
    let word: String = half.chars().filter(|c| !c.is_whitespace()).collect();
    let word = word.trim_matches(|c: char| "()[]【】:.、,，。;；\u{FE0F}".contains(c));
    Some(match word {
        "正确" | "对" | "是" | "√" | "✓" | "✔" | "☑" | "T" | "TRUE" | "Y" | "YES" | "正" | "RIGHT" | "CORRECT"
        | "对的" | "正确的" | "同意" | "○" => (true, true),
        "错误" | "错" | "否" | "×" | "✗" | "✘" | "☒" | "F" | "FALSE" | "N" | "NO" | "误" | "WRONG" | "INCORRECT"
        | "不对" | "不正确" | "错的" | "错误的" | "不同意" | "╳" | "✕" | "✖" | "X" | "非" | "不是" | "Х" => {
            (false, true)
        }
        "1" => (true, true),
        "0" => (false, true),
        "V" => (true, false),
        _ => return None,
    })
}

/// Likewise, where nothing but a word for it will do: no figure, no doubt.
pub(super) fn truth(text: &str) -> Option<bool> {
    truth_of(text).filter(|(_, sure)| *sure && !text.trim().starts_with(['0', '1', '０', '１'])).map(|(truth, _)| truth)
}

/// 是, √, 1 … of one option, or of a setting; blank is no.
pub(super) fn flag_of(text: &str) -> Option<bool> {
    if text.trim().is_empty() {
        return Some(false);
    }
    truth_of(text).map(|(truth, _)| truth)
}

/// A letter with a sign behind it at the start of a text, `A、`, `B.`, `（C）`, `D．`: the place, and the length of it all.
pub(super) fn label_of(text: &str) -> Option<(usize, usize)> {
    let mut chars = text.char_indices().map(|(at, c)| (at, half(c))).peekable();
    let mut opened = false;
    while chars.next_if(|(_, c)| *c == ' ').is_some() {}
    if chars.next_if(|(_, c)| *c == '(' || *c == '[' || *c == '【').is_some() {
        opened = true;
    }
    while chars.next_if(|(_, c)| *c == ' ').is_some() {}
    let (_, c) = chars.next()?;
    let place = c.is_ascii_alphabetic().then(|| (c.to_ascii_uppercase() as u8 - b'A') as usize)?;
    while chars.next_if(|(_, c)| *c == ' ').is_some() {}
    let (at, sign) = chars.next()?;
    let ends = |at: usize| text[at..].chars().next().map_or(at, |c| at + c.len_utf8());
    let mut end = match sign {
        ')' | ']' | '】' => ends(at),
        '、' | '.' | ':' | ',' | '。' if !opened => ends(at),
        _ => return None,
    };
    // `(A)、` has two signs; `A.` may be followed by blanks.
    let rest = &text[end..];
    if let Some(more) = rest.chars().next().filter(|c| opened && matches!(half(*c), '、' | '.' | ':')) {
        end += more.len_utf8();
    }
    end += text[end..].len() - text[end..].trim_start().len();
    Some((place, end))
}

pub(super) fn half(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
        c if c != '\n' && c.is_whitespace() => ' ',
        c => c,
    }
}

/// The pieces of a text that holds several options with their letters in order, from the letter `first` on: `A.甲 B.乙`.
pub(super) fn lettered(text: &str, first: usize) -> Vec<(usize, String)> {
    let mut starts: Vec<(usize, usize, usize)> = Vec::new();
    let mut next = first;
    let mut last: Option<char> = None;
    for (at, c) in text.char_indices() {
        // A letter inside a word of letters is none: `DNA.`
        let inside = last.is_some_and(|c| half(c).is_ascii_alphanumeric());
        let opened = last.is_some_and(|c| "(（[【".contains(c));
        if !inside && !opened {
            if let Some((place, length)) = label_of(&text[at..]).filter(|(place, _)| *place == next) {
                if starts.is_empty() && !text[..at].trim().is_empty() {
                    return Vec::new();
                }
                let blank =
                    text[at..].len() - text[at..].trim_start_matches([' ', '\u{3000}', '\u{A0}', '\t', '\n']).len();
                if blank == 0 {
                    starts.push((place, at, at + length));
                    next += 1;
                }
            }
        }
        last = Some(c);
    }
    let ends: Vec<usize> = starts.iter().skip(1).map(|(_, at, _)| *at).chain([text.len()]).collect();
    starts.iter().zip(ends).map(|((place, _, from), to)| (*place, text[(*from).min(to)..to].to_owned())).collect()
}

/// The numbers of a column 难度 taken together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    OneToThree,
    OneToFive,
    /// 难度系数, the share of people who are right: the higher, the easier.
    Share,
}

/// What a column of levels counts in.
pub(super) fn scale_of<'t>(texts: impl Iterator<Item = &'t str>) -> Scale {
    let mut scale = Scale::OneToThree;
    for number in texts.filter_map(|text| half_width(text).trim().parse::<f64>().ok()) {
        if number > 3.0 && number <= 5.0 && number.fract() == 0.0 {
            return Scale::OneToFive;
        }
        if (0.0..1.0).contains(&number) {
            scale = Scale::Share;
        }
    }
    scale
}

/// A level and, where something was assumed, what.
pub(super) fn level_of(text: &str, scale: Scale) -> Option<(u8, Option<String>)> {
    let half = half_width(text).to_lowercase();
    let word: String = half.chars().filter(|c| !c.is_whitespace()).collect();
    let word = word.trim_end_matches(['级', '度']);
    let sure = |level| Some((level, None));
    match word {
        "易" | "容易" | "简单" | "较易" | "偏易" | "较容易" | "较简单" | "很容易" | "低" | "初级" | "基础" | "入门"
        | "easy" | "simple" | "low" => {
            return sure(1);
        }
        "中" | "中等" | "一般" | "适中" | "普通" | "中级" | "正常" | "中等难" | "较适中" | "medium" | "normal"
        | "middle" => return sure(2),
        "难" | "困难" | "较难" | "偏难" | "很难" | "高" | "较高" | "高级" | "较困难" | "hard" | "difficult"
        | "high" => return sure(3),
        _ => {}
    }
    let stars = word.chars().filter(|&c| c == '★' || c == '⭐').count();
    if stars > 0 {
        return five(stars as u32, &format!("{stars} 颗星"));
    }
    let number: f64 =
        word.strip_suffix('%').map_or_else(|| word.parse(), |n| n.parse().map(|n: f64| n / 100.0)).ok()?;
    match scale {
        Scale::OneToThree if number.fract() == 0.0 && (1.0..=3.0).contains(&number) => sure(number as u8),
        Scale::OneToFive if number.fract() == 0.0 && (1.0..=5.0).contains(&number) => {
            five(number as u32, &format!("难度 {number}"))
        }
        Scale::Share if (0.0..=1.0).contains(&number) => {
            let (level, name) = if number >= 0.7 {
                (1, "易")
            } else if number >= 0.4 {
                (2, "中")
            } else {
                (3, "难")
            };
            let message = format!(
                "难度 {text} 按难度系数（答对的比例，越大越容易）当作「{name}」：0.7 以上易，0.4 以上中，其余难"
            );
            Some((level, Some(message)))
        }
        _ => None,
    }
}

/// Of a word, or of 1, 2 and 3; nothing is assumed.
pub(super) fn level(text: &str) -> Option<u8> {
    level_of(text, Scale::OneToThree).filter(|(_, assumed)| assumed.is_none()).map(|(level, _)| level)
}

fn five(number: u32, told: &str) -> Option<(u8, Option<String>)> {
    let (level, name) = match number {
        1 | 2 => (1, "易"),
        3 => (2, "中"),
        4 | 5 => (3, "难"),
        _ => return None,
    };
    Some((level, Some(format!("{told}按五级（1 最易，5 最难）当作「{name}」：1、2 易，3 中，4、5 难"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_known_by_the_words_in_use_and_no_other_is_taken_for_one() {
        let known = |text: &str| match asked_of(text) {
            Some(Asked::Known(kind)) => Some(kind),
            _ => None,
        };
        for text in ["判断题", "是非题", " 判 断 ", "【判断题】", "TF", "true_false"] {
            assert_eq!(known(text), Some(Kind::TrueFalse), "{text}");
        }
        for text in ["单选题", "单项选择题", "（单选）", "single"] {
            assert_eq!(known(text), Some(Kind::Single), "{text}");
        }
        for text in ["多选题", "多项选择", "Multiple_Choice"] {
            assert_eq!(known(text), Some(Kind::Multiple), "{text}");
        }
        assert_eq!(asked_of("选择题"), Some(Asked::Choice));
        assert_eq!(asked_of("不定项选择题"), Some(Asked::AnyNumber));
        assert_eq!(asked_of("填空题"), Some(Asked::Unsupported("填空题".into())));
        assert_eq!(asked_of("甲"), None);
    }

    #[test]
    fn a_mark_of_the_kind_is_taken_off_the_stem() {
        let rest = |stem: &str| kind_in_stem(stem).map(|(_, rest)| rest);
        assert_eq!(rest("（多选）下列哪些是行星？").as_deref(), Some("下列哪些是行星？"));
        assert_eq!(rest("3、【多选题】下列哪些是行星？").as_deref(), Some("3、下列哪些是行星？"));
        assert_eq!(rest("下列哪些是行星？（多选）").as_deref(), Some("下列哪些是行星？"));
        assert_eq!(rest("下列哪些是行星（多选）？").as_deref(), Some("下列哪些是行星？"));
        assert_eq!(rest("（本题难）下列哪些是行星（　）？"), None);
    }

    #[test]
    fn options_in_one_line_are_told_apart_by_their_letters() {
        let pieces = |text: &str| lettered(text, 0).into_iter().map(|(_, text)| clean(&text)).collect::<Vec<_>>();
        assert_eq!(pieces("A.甲 B.乙 C.丙 D.丁"), ["甲", "乙", "丙", "丁"]);
        assert_eq!(pieces("A、甲\nB、乙"), ["甲", "乙"]);
        assert_eq!(pieces("（A）甲（B）乙"), ["甲", "乙"]);
        assert_eq!(pieces("Ａ．维生素C．Ｂ．DNA.Ｃ．钙"), ["维生素C．", "DNA.", "钙"]);
        assert_eq!(pieces("A. 36.5℃　B. 37.5℃"), ["36.5℃", "37.5℃"]);
        assert_eq!(pieces("见 A.甲"), Vec::<String>::new());
    }

    #[test]
    fn levels_in_words_and_in_numbers_of_every_scale() {
        let level = |text, scale| level_of(text, scale).map(|(level, told)| (level, told.is_some()));
        assert_eq!(level("较 易", Scale::OneToThree), Some((1, false)));
        assert_eq!(level("２", Scale::OneToThree), Some((2, false)));
        assert_eq!(level("2", Scale::OneToFive), Some((1, true)));
        assert_eq!(level("★★★★☆", Scale::OneToThree), Some((3, true)));
        assert_eq!(level("0.85", Scale::Share), Some((1, true)));
        assert_eq!(level("85%", Scale::Share), Some((1, true)));
        assert_eq!(level("九", Scale::OneToThree), None);
        assert_eq!(scale_of(["1", "易", "5"].into_iter()), Scale::OneToFive);
        assert_eq!(scale_of(["1", "0.35"].into_iter()), Scale::Share);
        assert_eq!(scale_of(["1", "3"].into_iter()), Scale::OneToThree);
    }

    #[test]
    fn unseen_signs_go_and_lost_bytes_stay() {
        assert_eq!(clean("\u{FEFF} 水\u{A0}的\u{200B}沸点 \r\n　是？ "), "水 的沸点\n是？");
        assert_eq!(clean("水\u{FFFD}"), "水\u{FFFD}");
        assert_eq!(line("甲\n\n乙"), "甲 乙");
    }
}
