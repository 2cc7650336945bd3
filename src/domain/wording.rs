//! 用词: how institutions and dates are to be written, and words that are to be avoided. What is found is advice: a person decides.

use crate::domain::draft::Draft;
use crate::domain::faults::Part;
use serde::Deserialize;
use serde::Serialize;

/// So many words of each list; a longer list is refused.
pub const WORDS_MAX: usize = 1_000;
/// So many characters a word and an advice; longer ones are refused.
pub const WORD_CHARACTERS_MAX: usize = 100;
/// In shorter words a single other character is usually another word.
const NEAR_CHARACTERS_MIN: usize = 4;

/// The right way to write something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Required {
    pub word: String,
    /// Ways in which it is written wrongly; besides, anything that differs from a long word in one character.
    #[serde(default)]
    pub instead_of: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forbidden {
    pub word: String,
    /// What to write, or why not.
    #[serde(default)]
    pub advice: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wording {
    #[serde(default)]
    pub required: Vec<Required>,
    #[serde(default)]
    pub forbidden: Vec<Forbidden>,
}

/// Something to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub part: Part,
    /// As it stands in the text.
    pub word: String,
    pub advice: String,
}

impl Wording {
    /// What is wrong with the lists themselves, in Chinese.
    pub fn fault(&self) -> Option<String> {
        if self.required.len() > WORDS_MAX || self.forbidden.len() > WORDS_MAX {
            return Some(format!("每个词表最多 {WORDS_MAX} 个词"));
        }
        let required = self.required.iter().flat_map(|r| std::iter::once(&r.word).chain(&r.instead_of));
        let words = required.chain(self.forbidden.iter().map(|f| &f.word));
        let advice = self.forbidden.iter().map(|f| &f.advice);
        let long = |text: &&String| text.chars().count() > WORD_CHARACTERS_MAX;
        if words.clone().any(|word| word.trim().is_empty()) {
            return Some("词表里有空白的词".to_owned());
        }
        words.chain(advice).find(long).map(|text| format!("「{text}」太长，最多 {WORD_CHARACTERS_MAX} 个字"))
    }

    /// Everything that a draft says and the lists speak of, part by part.
    pub fn found_in(&self, draft: &Draft) -> Vec<Found> {
        let options = draft.options.iter().enumerate().map(|(place, text)| (Part::Option(place), text));
        let texts =
            [(Part::Stem, &draft.stem)].into_iter().chain(options).chain([(Part::Explanation, &draft.explanation)]);
        let mut found = Vec::new();
        for (part, text) in texts {
            self.look(part, text, &mut found);
        }
        found
    }

    fn look(&self, part: Part, text: &str, found: &mut Vec<Found>) {
        let mut find = |word: &str, advice: String| {
            let told = found.iter().any(|f: &Found| f.part == part && f.word == word);
            if !told {
                found.push(Found { part, word: word.to_owned(), advice });
            }
        };
        for required in &self.required {
            for wrong in required.instead_of.iter().filter(|wrong| stands_alone(text, wrong, &required.word)) {
                find(wrong, format!("应写作「{}」", required.word));
            }
            if let Some(near) = near(text, &required.word) {
                find(&near, format!("应写作「{}」", required.word));
            }
        }
        for forbidden in self.forbidden.iter().filter(|forbidden| text.contains(&forbidden.word)) {
            let advice = if forbidden.advice.is_empty() { "不宜使用".to_owned() } else { forbidden.advice.clone() };
            find(&forbidden.word, advice);
        }
    }
}

/// Whether `wrong` stands somewhere other than within the right word: 科协 within 广西科协.
fn stands_alone(text: &str, wrong: &str, right: &str) -> bool {
    if right.contains(wrong) { text.replace(right, "\u{0}").contains(wrong) } else { text.contains(wrong) }
}

/// A piece of the text that is as long as the word and differs from it in one character.
fn near(text: &str, word: &str) -> Option<String> {
    let word: Vec<char> = word.chars().collect();
    if word.len() < NEAR_CHARACTERS_MIN {
        return None;
    }
    let text: Vec<char> = text.chars().collect();
    let differs_once = |piece: &&[char]| piece.iter().zip(&word).filter(|(a, b)| a != b).take(2).count() == 1;
    text.windows(word.len()).find(differs_once).map(|piece| piece.iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists() -> Wording {
        Wording {
            required: vec![
                Required { word: "广西壮族自治区".into(), instead_of: vec!["广西省".into()] },
                Required { word: "广西科协".into(), instead_of: vec!["科协".into()] },
            ],
            forbidden: vec![
                Forbidden { word: "老百姓".into(), advice: "改为「公民」".into() },
                Forbidden { word: "据说".into(), advice: String::new() },
            ],
        }
    }

    #[track_caller]
    fn check(stem: &str, expected: &[(&str, &str)]) {
        let found = lists().found_in(&Draft { stem: stem.into(), ..Draft::default() });
        let told: Vec<_> = found.iter().map(|f| (f.word.as_str(), f.advice.as_str())).collect();
        assert_eq!(told, expected, "{stem}");
    }

    #[test]
    fn a_wrong_way_to_write_it_is_told_with_the_right_one() {
        check("广西壮族自治区的首府是？", &[]);
        check("广西省的首府是？", &[("广西省", "应写作「广西壮族自治区」")]);
        check("广西壮族自冶区的首府是？", &[("广西壮族自冶区", "应写作「广西壮族自治区」")]);
        check("广西科协成立于哪一年？", &[]);
        check("科协成立于哪一年？", &[("科协", "应写作「广西科协」")]);
    }

    #[test]
    fn a_word_to_be_avoided_is_told_once_a_part_with_its_advice() {
        check("据说老百姓、老百姓……", &[("老百姓", "改为「公民」"), ("据说", "不宜使用")]);
        let draft = Draft {
            stem: "老百姓".into(),
            options: vec!["甲".into(), "老百姓".into()],
            explanation: "老百姓".into(),
            ..Draft::default()
        };
        let parts: Vec<Part> = lists().found_in(&draft).iter().map(|f| f.part).collect();
        assert_eq!(parts, [Part::Stem, Part::Option(1), Part::Explanation]);
    }

    #[test]
    fn lists_that_say_nothing_or_too_much_are_refused() {
        assert_eq!(lists().fault(), None);
        let blank = Wording { forbidden: vec![Forbidden { word: " ".into(), advice: String::new() }], ..lists() };
        assert!(blank.fault().is_some());
        let long = Wording { required: vec![Required { word: "长".repeat(101), instead_of: vec![] }], ..lists() };
        assert!(long.fault().is_some());
        let many = Wording { forbidden: vec![lists().forbidden[0].clone(); WORDS_MAX + 1], ..lists() };
        assert!(many.fault().is_some());
    }
}
