//! 重题: questions that say the same, or nearly. Candidates share rare pieces of text; only these are compared in full.

use crate::domain::faults::same;
use rapidfuzz::fuzz::RatioBatchComparator;
use std::collections::HashMap;

/// Characters of a piece.
const PIECE: usize = 3;
/// A question is looked up by so many of its rarest pieces.
const RAREST: usize = 24;
/// A piece that more questions have tells nothing.
const COMMON: usize = 2_000;
/// So many questions that share most are compared in full; the others are passed over.
const COMPARED: usize = 24;
/// Twins that are told of one question, the nearest first.
pub const TWINS_MAX: usize = 5;
/// Of a thousand; what is less alike is another question.
pub const NEAR: u16 = 800;

/// Another question that says the same, or nearly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Twin {
    /// Its place on the shelf.
    pub other: usize,
    /// Of a thousand: twice the characters that both have in the same order, against all of both.
    pub similarity: u16,
    /// They differ in nothing but spaces, punctuation and the order of options.
    pub same: bool,
}

/// Questions among which twins are looked for, by their place in the order in which they were put there.
#[derive(Default)]
pub struct Shelf {
    texts: Vec<Vec<char>>,
    /// By the hash of a piece: who has it, ascending.
    holders: HashMap<u32, Vec<u32>>,
}

impl Shelf {
    pub fn put(&mut self, stem: &str, options: &[String]) -> usize {
        let place = self.texts.len();
        let text = text_of(stem, options);
        for piece in pieces_of(&text) {
            let holders = self.holders.entry(piece).or_default();
            // One more than may be tells that it is common.
            if holders.len() <= COMMON {
                holders.push(place as u32);
            }
        }
        self.texts.push(text);
        place
    }

    /// The nearest of all on the shelf.
    pub fn twins(&self, stem: &str, options: &[String]) -> Vec<Twin> {
        self.near(&text_of(stem, options), None)
    }

    /// The nearest of the others to one that is on the shelf.
    pub fn twins_of(&self, place: usize) -> Vec<Twin> {
        self.texts.get(place).map(|text| self.near(text, Some(place))).unwrap_or_default()
    }

    fn near(&self, text: &[char], but: Option<usize>) -> Vec<Twin> {
        let mut shared: Vec<&Vec<u32>> = pieces_of(text).iter().filter_map(|piece| self.holders.get(piece)).collect();
        shared.retain(|holders| holders.len() <= COMMON && holders.len() > usize::from(but.is_some()));
        shared.sort_by_key(|holders| holders.len());
        let mut counts: HashMap<u32, u32> = HashMap::new();
        for holders in shared.into_iter().take(RAREST) {
            for &holder in holders {
                *counts.entry(holder).or_default() += 1;
            }
        }
        let mut candidates: Vec<(u32, usize)> = counts
            .into_iter()
            .map(|(holder, count)| (count, holder as usize))
            .filter(|(_, h)| Some(*h) != but)
            .collect();
        candidates.sort_unstable_by_key(|&(count, holder)| (std::cmp::Reverse(count), holder));
        candidates.truncate(COMPARED);

        let comparator = RatioBatchComparator::new(text.iter().copied());
        let mut twins: Vec<Twin> = Vec::new();
        for (_, other) in candidates {
            let theirs = &self.texts[other];
            // Too different in length to be near.
            let (short, long) = (text.len().min(theirs.len()), text.len().max(theirs.len()));
            if short * 2000 < usize::from(NEAR) * (short + long) {
                continue;
            }
            let same = text == theirs.as_slice();
            let ratio = if same { 1.0 } else { comparator.similarity(theirs.iter().copied()) };
            // Only what is the same is wholly alike.
            let similarity = if same { 1000 } else { ((ratio * 1000.0) as u16).min(999) };
            if similarity >= NEAR {
                twins.push(Twin { other, similarity, same });
            }
        }
        twins.sort_by_key(|twin| (std::cmp::Reverse(twin.similarity), twin.other));
        twins.truncate(TWINS_MAX);
        twins
    }
}

/// Stem and options as they are compared; the order of options is none.
fn text_of(stem: &str, options: &[String]) -> Vec<char> {
    let mut options: Vec<String> = options.iter().map(|option| same(option)).collect();
    options.sort();
    let mut text: Vec<char> = same(stem).chars().collect();
    for option in options {
        text.push('\n');
        text.extend(option.chars());
    }
    text
}

fn pieces_of(text: &[char]) -> Vec<u32> {
    let hash = |piece: &[char]| {
        piece.iter().fold(0x811C_9DC5u32, |hash, &c| (hash ^ c as u32).wrapping_mul(0x0100_0193).rotate_left(5))
    };
    let mut pieces: Vec<u32> = match text.len() {
        0 => Vec::new(),
        1..=PIECE => vec![hash(text)],
        _ => text.windows(PIECE).map(hash).collect(),
    };
    pieces.sort_unstable();
    pieces.dedup();
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn the_same_but_for_punctuation_and_order_is_the_same() {
        let mut shelf = Shelf::default();
        shelf.put("水的化学式是（　）。", &options(&["H2O", "CO2"]));
        let twins = shelf.twins("水的化学式是", &options(&["CO2", "H2O"]));
        assert_eq!(twins, [Twin { other: 0, similarity: 1000, same: true }]);
    }

    #[test]
    fn a_few_other_words_are_near_and_another_question_is_not() {
        let mut shelf = Shelf::default();
        shelf.put("成年人正常的体温大约是多少摄氏度？", &options(&["36.5", "33.5", "39.5"]));
        shelf.put("下列哪种行星离太阳最近？", &options(&["水星", "金星", "地球"]));
        let twins = shelf.twins("成年人的正常体温约是多少摄氏度？", &options(&["36.5", "33.5", "39.5"]));
        assert_eq!(twins.iter().map(|twin| (twin.other, twin.same)).collect::<Vec<_>>(), [(0, false)]);
        assert!((NEAR..1000).contains(&twins[0].similarity), "{twins:?}");
    }

    #[test]
    fn the_same_stem_with_other_options_is_another_question() {
        let mut shelf = Shelf::default();
        shelf.put("下列说法正确的是？", &options(&["地球是行星", "太阳是行星", "月球是行星"]));
        assert_eq!(shelf.twins("下列说法正确的是？", &options(&["冰比水重", "铁能浮在水上", "油比水轻"])), []);
    }

    #[test]
    fn a_question_is_no_twin_of_its_own() {
        let mut shelf = Shelf::default();
        for n in 0..3 {
            shelf.put(&format!("第一批第{n}题：什么是光合作用的产物？"), &[]);
        }
        assert_eq!(shelf.twins_of(1).iter().map(|twin| twin.other).collect::<Vec<_>>(), [0, 2]);
        assert_eq!(shelf.twins_of(9), []);
    }

    #[test]
    fn short_stems_are_compared_too() {
        let mut shelf = Shelf::default();
        shelf.put("光？", &[]);
        assert!(shelf.twins("光", &[])[0].same);
        assert_eq!(shelf.twins("", &[]), []);
    }
}
