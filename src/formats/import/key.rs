//! Answers as people write them: letters, numbers, the options' own words, right and wrong. What could be read in two ways is said.

use crate::domain::faults::letter;
use crate::domain::faults::same;
use crate::domain::question::Choices;
use crate::domain::question::Kind;
use crate::domain::question::OPTIONS_MAX;
use crate::formats::import::words::clean;
use crate::formats::import::words::label_of;
use crate::formats::text::half_width;

/// Code and sentence.
pub(super) type Said = (&'static str, String);

/// The places that an answer names, and what had to be assumed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) places: Vec<usize>,
    pub(super) assumed: Vec<Said>,
}

impl Named {
    fn sure(places: Vec<usize>) -> Named {
        Named { places, assumed: Vec::new() }
    }

    fn assumed(places: Vec<usize>, code: &'static str, message: String) -> Named {
        Named { places, assumed: vec![(code, message)] }
    }

    /// # Errors
    /// An option named twice, or one that is not there.
    pub(super) fn choices(&self, options: usize) -> Result<Choices, Said> {
        if let Some(&beyond) = self.places.iter().find(|&&place| place >= options.min(OPTIONS_MAX)) {
            return Err(("bad_key", format!("答案里的 {} 没有对应的选项", letter(beyond))));
        }
        Choices::of(self.places.iter().copied()).ok_or_else(|| ("bad_key", "答案里有重复的字母".to_owned()))
    }
}

/// Characters of an answer that are looked at: more than eight options can have.
const KEY_MAX: usize = 4_000;

/// Without 答案：, brackets and full stops around it.
pub(super) fn bare(text: &str) -> String {
    let mut text = clean(&text.chars().take(KEY_MAX).collect::<String>());
    loop {
        let before = text.len();
        for opening in [
            "正确答案",
            "标准答案",
            "参考答案",
            "答案",
            "正确选项",
            "应选",
            "故选",
            "选择",
            "选",
            "为",
            "是",
            "：",
            ":",
            "【",
            "】",
            "[",
            "]",
        ] {
            // 是 alone is an answer.
            if let Some(rest) = text.strip_prefix(opening).map(str::trim).filter(|rest| !rest.is_empty()) {
                text = rest.to_owned();
            }
        }
        text = text.trim_end_matches(['。', '】', ']', '；', ';']).trim_end().to_owned();
        let inner = text.strip_prefix(['(', '（']).and_then(|text| text.strip_suffix([')', '）'])).map(str::trim);
        if let Some(inner) = inner.filter(|inner| !inner.is_empty() && !inner.contains(['(', '（', ')', '）'])) {
            text = inner.to_owned();
        }
        if text.len() == before {
            return text;
        }
    }
}

/// The options that an answer names.
///
/// # Errors
/// It cannot be read.
pub(super) fn named_in(text: &str, kind: Option<Kind>, options: &[String]) -> Result<Named, Said> {
    // 为人民服务 is an option, and not 人民服务 with a word in front.
    let whole = clean(text);
    if letters_of(&whole).is_none()
        && bare(&whole) != whole
        && let Some(place) = options.iter().position(|option| *option == whole)
    {
        return Ok(Named::sure(vec![place]));
    }
    let text = bare(text);
    if text.is_empty() {
        return Err(("missing_key", "没有答案".to_owned()));
    }
    let letters = letters_of(&text);
    let texts = texts_of(&text, options, kind);
    match (letters, texts) {
        (Some(letters), Some(texts)) if letters == texts => Ok(Named::sure(letters)),
        (Some(letters), Some(texts)) => {
            let there = letters.iter().all(|&place| place < options.len());
            let fits = |places: &[usize]| match kind {
                Some(Kind::Multiple) => places.len() > 1,
                Some(_) => places.len() == 1,
                None => true,
            };
            let by_text = !there || (fits(&texts) && !fits(&letters));
            let told: String = if by_text { &texts } else { &letters }.iter().map(|&place| letter(place)).collect();
            let how = if by_text { "选项的文字" } else { "选项的字母" };
            let message = format!("答案「{text}」既可能是选项的字母，也可能是选项的文字：当作{how}，即选项 {told}");
            Ok(Named::assumed(if by_text { texts } else { letters }, "key_in_two_ways", message))
        }
        (Some(letters), None) => Ok(Named::sure(letters)),
        (None, Some(texts)) => match numbers_of(&text) {
            Some(numbers) if numbers != texts && numbers.iter().all(|&place| place < options.len()) => {
                let told: String = texts.iter().map(|&place| letter(place)).collect();
                let message =
                    format!("答案「{text}」既可能是第几个选项，也可能是选项的文字：当作选项的文字，即选项 {told}");
                Ok(Named::assumed(texts, "key_in_two_ways", message))
            }
            _ => Ok(Named::sure(texts)),
        },
        (None, None) => match numbers_of(&text) {
            Some(numbers) if numbers.iter().all(|&place| place < options.len()) => {
                let told: String = numbers.iter().map(|&place| letter(place)).collect();
                let message = format!("答案「{text}」当作第几个选项，即选项 {told}");
                Ok(Named::assumed(numbers, "key_by_number", message))
            }
            _ => match labelled(&text, options) {
                Some(found) => found,
                None => {
                    let shown: String = text.chars().take(40).collect();
                    Err(("bad_key", format!("看不懂答案「{shown}」：应是选项的字母，或者与某个选项完全相同的文字")))
                }
            },
        },
    }
}

/// `B`, `ACD`, `A、C`, `Ａ；Ｃ`, `A和C`.
pub(super) fn letters_of(text: &str) -> Option<Vec<usize>> {
    let mut places = Vec::new();
    for c in half_width(text).chars() {
        match c {
            'A'..='Z' => places.push(c as usize - 'A' as usize),
            'a'..='z' => places.push(c as usize - 'a' as usize),
            c if c.is_whitespace() || ",，、;；/|.·+&和及与项┋".contains(c) => {}
            _ => return None,
        }
    }
    // A word is none: DNA, None.
    let is_word = text.chars().filter(char::is_ascii_lowercase).count() > 1
        && !text.contains([',', '、', ' ', ';', '；', '，', '|', '/']);
    let in_order = places.windows(2).all(|pair| pair[0] < pair[1]);
    (!places.is_empty() && (in_order || !is_word)).then_some(places)
}

fn texts_of(text: &str, options: &[String], kind: Option<Kind>) -> Option<Vec<usize>> {
    let of = |text: &str| {
        let text = clean(text);
        if text.is_empty() {
            return None;
        }
        options.iter().position(|option| *option == text).or_else(|| {
            let wanted = same(&text);
            options.iter().position(|option| !wanted.is_empty() && same(option) == wanted)
        })
    };
    if let Some(one) = of(text) {
        return Some(vec![one]);
    }
    if kind == Some(Kind::TrueFalse) {
        return None;
    }
    let separators: [&[char]; 2] = [&['\n', ';', '；', '|', '┋'], &['、', ',', '，', '\n', ';', '；', '|', '/']];
    separators.iter().find_map(|separators| {
        let pieces: Vec<&str> = text.split(*separators).map(str::trim).filter(|piece| !piece.is_empty()).collect();
        (pieces.len() > 1).then(|| pieces.iter().map(|piece| of(piece)).collect::<Option<Vec<usize>>>()).flatten()
    })
}

/// `2`, `1,3`, `134`.
fn numbers_of(text: &str) -> Option<Vec<usize>> {
    let mut places = Vec::new();
    for c in half_width(text).chars() {
        match c {
            '1'..='9' => places.push(c as usize - '1' as usize),
            c if c.is_whitespace() || ",，、;；/|".contains(c) => {}
            _ => return None,
        }
    }
    (!places.is_empty()).then_some(places)
}

/// `B.太阳能`, `A、甲；C、丙`: letters with the options' words behind them.
fn labelled(text: &str, options: &[String]) -> Option<Result<Named, Said>> {
    let whole = label_of(text).map(|_| vec![text]);
    let pieces: Vec<&str> =
        text.split(['\n', ';', '；', '|', '┋']).map(str::trim).filter(|piece| !piece.is_empty()).collect();
    let pieces = if pieces.len() > 1 { pieces } else { whole? };
    let mut places = Vec::new();
    for piece in pieces {
        let (place, length) = label_of(piece)?;
        let words = clean(&piece[length..]);
        let option = options.get(place)?;
        if same(option) != same(&words) {
            let message = format!("答案写的是「{piece}」，而选项 {} 是「{option}」：两处不一致", letter(place));
            return Some(Err(("key_conflict", message)));
        }
        places.push(place);
    }
    Some(Ok(Named::sure(places)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, kind: Option<Kind>, options: &[&str]) -> Result<(String, bool), &'static str> {
        let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        named_in(text, kind, &options)
            .and_then(|named| named.choices(options.len()).map(|key| (key, named)))
            .map(|(key, named)| (key.places().map(letter).collect(), !named.assumed.is_empty()))
            .map_err(|(code, _)| code)
    }

    #[track_caller]
    fn check(text: &str, expected: &str, assumed: bool) {
        let options = ["太阳能", "风能", "煤", "石油、天然气"];
        assert_eq!(read(text, None, &options), Ok((expected.to_owned(), assumed)), "{text}");
    }

    #[test]
    fn letters_words_and_numbers_are_read() {
        check("B", "B", false);
        check(" ｂ。", "B", false);
        check("【答案】AC", "AC", false);
        check("A、C", "AC", false);
        check("正确答案是：A，B", "AB", false);
        check("A;B;D", "ABD", false);
        check("（C）", "C", false);
        check("风能", "B", false);
        check("太阳能；风能", "AB", false);
        check("太阳能,风能", "AB", false);
        check("石油、天然气", "D", false);
        check("B.风能", "B", false);
        check("A、太阳能；C、煤", "AC", false);
        check("2", "B", true);
        check("1,2", "AB", true);
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let options = ["太阳能", "风能", "煤"];
        for (text, code) in [
            ("", "missing_key"),
            ("AA", "bad_key"),
            ("E", "bad_key"),
            ("水能", "bad_key"),
            ("B.煤", "key_conflict"),
            ("5", "bad_key"),
        ] {
            assert_eq!(read(text, None, &options), Err(code), "{text}");
        }
    }

    #[test]
    fn an_answer_that_could_be_two_is_to_be_checked() {
        let groups = ["A", "B", "AB", "O"];
        assert_eq!(read("AB", Some(Kind::Single), &groups), Ok(("C".into(), true)));
        assert_eq!(read("AB", Some(Kind::Multiple), &groups), Ok(("AB".into(), true)));
        assert_eq!(read("A", Some(Kind::Single), &groups), Ok(("A".into(), false)));
        assert_eq!(read("O", Some(Kind::Single), &groups), Ok(("D".into(), true)));
        assert_eq!(read("3", Some(Kind::Single), &["1", "2", "3"]), Ok(("C".into(), false)));
        assert_eq!(read("3", Some(Kind::Single), &["3", "4", "5"]), Ok(("A".into(), true)));
    }
}
