//! What stands in a stem beside the question itself: its number, and the answer in its brackets.

use crate::formats::import::key::letters_of;
use crate::formats::import::words::truth_of;
use crate::formats::text::half_width;

/// `3、` goes where it is the question's own number; `2035.` of another is left.
pub(super) fn without_number(text: &str, ordinal: usize, number: Option<&str>) -> String {
    let Some((found, length)) = number_of(text) else { return text.to_owned() };
    let own = found as usize == ordinal || number.is_some_and(|number| number.trim() == found.to_string());
    if own { text[length..].to_owned() } else { text.to_owned() }
}

/// The number at the start of a text, `12、`, `12.`, `（12）`, `第12题`, and the length of it all.
pub(super) fn number_of(text: &str) -> Option<(u32, usize)> {
    let after_opening = text.strip_prefix(['(', '（', '[', '【']);
    let after_ordinal = text.strip_prefix('第');
    let opened = after_opening.is_some();
    let rest = after_opening.or(after_ordinal).unwrap_or(text).trim_start();
    let digits: String =
        rest.chars().take_while(|&c| half_width(&c.to_string()).bytes().all(|b| b.is_ascii_digit())).collect();
    let number: u32 = half_width(&digits).parse().ok().filter(|_| digits.chars().count() <= 4)?;
    let mut rest = rest[digits.len()..].trim_start_matches([' ', '\u{3000}']);
    if after_ordinal.is_some() {
        rest = rest.strip_prefix('题')?;
        rest = rest.strip_prefix(['、', '.', '．', '：', ':', ' ', '\u{3000}']).unwrap_or(rest);
    } else if opened {
        rest = rest.strip_prefix([')', '）', ']', '】'])?;
        rest = rest.strip_prefix(['、', '.', '．']).unwrap_or(rest);
    } else {
        let after = rest.strip_prefix(['、', '.', '．', ')', '）', ':', '：', '。'])?;
        // 3.5 and 8:30 are numbers of something else.
        if after.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        rest = after;
    }
    let rest = rest.trim_start();
    (!rest.is_empty()).then(|| (number, text.len() - rest.len()))
}

/// Without 解析： in front.
pub(super) fn without_label(text: &str, labels: &[&str]) -> String {
    let bare = text.trim_start_matches(['【', '[', '（', '(']);
    for label in labels {
        if let Some(rest) = bare.strip_prefix(label) {
            let rest = rest.trim_start_matches(['】', ']', '）', ')']);
            if let Some(rest) =
                rest.trim_start().strip_prefix(['：', ':']).or_else(|| (bare.len() < text.len()).then_some(rest))
            {
                return rest.trim_start().to_owned();
            }
        }
    }
    text.to_owned()
}

/// An answer that stood in the stem's brackets.
pub(super) struct Bracketed {
    pub(super) key: String,
    /// With empty brackets in its place.
    pub(super) stem: String,
    /// Nothing but a full stop or a question mark follows.
    pub(super) at_end: bool,
}

/// The answer in a stem's brackets, （B）, （ A、C ）, （√）; `None` where there is none, or more than one that it could be.
pub(super) fn key_in(stem: &str, options: usize) -> Option<Bracketed> {
    let mut found: Option<(usize, usize, String)> = None;
    let mut from = 0;
    while let Some(at) = stem[from..].find(['(', '（']).map(|at| at + from) {
        let inside = at + stem[at..].chars().next().map_or(1, char::len_utf8);
        let Some(end) = stem[inside..].find([')', '）']).map(|end| end + inside) else { break };
        from = end;
        let text = stem[inside..end].trim();
        let is_key = match letters_of(text) {
            Some(places) => options > 0 && text.chars().count() <= 16 && places.iter().all(|&place| place < options),
            None => options == 0 && truth_of(text).is_some() && !text.chars().all(|c| c.is_ascii_digit()),
        };
        if is_key {
            if found.is_some() {
                return None;
            }
            found = Some((inside, end, text.to_owned()));
        }
    }
    let (inside, end, key) = found?;
    let after = stem[end..].chars().skip(1).collect::<String>();
    let at_end = after.trim().trim_matches(['。', '？', '?', '.', '！', '：', ':']).is_empty();
    Some(Bracketed { key, stem: format!("{}　{}", &stem[..inside], &stem[end..]), at_end })
}

/// Whether options are called by letters, which mean nothing once they are shuffled: A项, 选B, 故A正确.
pub(super) fn names_letters(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    chars.iter().enumerate().any(|(at, &c)| {
        if !matches!(c, 'A'..='H' | 'Ａ'..='Ｈ') {
            return false;
        }
        let before = at.checked_sub(1).map(|at| chars[at]);
        let after: String = chars[at + 1..].iter().take(2).collect();
        let alone = !before.is_some_and(|c| c.is_ascii_alphanumeric());
        alone
            && (["项", "选项", "正确", "错误", "不正", "不对", "不符"].iter().any(|word| after.starts_with(word))
                || (before == Some('选') && !after.starts_with(|c: char| c.is_ascii_alphanumeric())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_questions_own_number_is_taken_off() {
        assert_eq!(without_number("3、水的沸点", 3, None), "水的沸点");
        assert_eq!(without_number("3. 水的沸点", 9, Some("3")), "水的沸点");
        assert_eq!(without_number("（3）水的沸点", 3, None), "水的沸点");
        assert_eq!(without_number("第3题：水的沸点", 3, None), "水的沸点");
        assert_eq!(without_number("3.5米合多少厘米", 3, None), "3.5米合多少厘米");
        assert_eq!(without_number("2035. 什么年", 3, None), "2035. 什么年");
        assert_eq!(without_number("3、5、7都是什么数", 3, None), "3、5、7都是什么数");
    }

    #[test]
    fn an_answer_in_the_stems_brackets_is_found_where_there_is_one() {
        let found = |stem: &str, options| key_in(stem, options).map(|found| (found.key, found.stem, found.at_end));
        assert_eq!(found("水的沸点是（ B ）。", 4), Some(("B".into(), "水的沸点是（　）。".into(), true)));
        assert_eq!(found("水（AC）沸腾", 4), Some(("AC".into(), "水（　）沸腾".into(), false)));
        assert_eq!(found("水会沸腾。（√）", 0), Some(("√".into(), "水会沸腾。（　）".into(), true)));
        assert_eq!(found("维生素（C）与（D）", 4), None);
        assert_eq!(found("水（H2O）的沸点是（　）", 4), None);
    }

    #[test]
    fn an_explanation_that_names_letters_is_found() {
        assert!(names_letters("A项说的是沸点"));
        assert!(names_letters("故选B。"));
        assert!(!names_letters("维生素A能保护视力"));
        assert!(!names_letters("DNA正确复制"));
    }

    #[test]
    fn labels_go() {
        assert_eq!(without_label("【解析】水。", &["解析"]), "水。");
        assert_eq!(without_label("解析：水。", &["解析"]), "水。");
        assert_eq!(without_label("解析几何", &["解析"]), "解析几何");
    }
}
