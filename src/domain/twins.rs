//! 重题: questions that say the same, or nearly. What cannot be near by its length and its characters is passed over; what is left is compared in full.

use crate::domain::faults::same;
use rapidfuzz::distance::indel::BatchComparator;
use std::ops::Range;

/// Twins that are told of one question, the nearest first.
pub const TWINS_MAX: usize = 5;
/// Of a thousand; what is less alike is another question.
pub const NEAR: u16 = 800;
/// Questions that may be near one question. Once there are twice as many, only so many of them stay, those nearest by their characters, and from
/// then on only what is nearer: in a file whose questions are all alike the rest is passed over.
const MAYBES: usize = 128;
/// Steps of the comparisons of one question (64 characters of it against one of another's); beyond it the rest is passed over, but the nearest
/// by its characters never. Questions of a hundred characters take a hundredth of it.
const STEPS_MAX: usize = 4_000_000;
/// Characters are counted by so many kinds, and by fewer, kinds of which each holds several of the former.
const KINDS: usize = 64;
const COARSE_KINDS: usize = 16;
/// Questions that go over the shelf together, so that it comes through the cache less often.
const TOGETHER: usize = 8;

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

/// Stem and options as they are compared; the order of options is none.
pub fn text_of(stem: &str, options: &[String]) -> Text {
    let mut options: Vec<String> = options.iter().map(|option| same(option)).collect();
    options.sort();
    let mut text: Vec<char> = same(stem).chars().collect();
    for option in options {
        text.push('\n');
        text.extend(option.chars());
    }
    text.into()
}

pub type Text = Box<[char]>;

/// Questions among which twins are looked for, by their places in the order in which they were given.
pub struct Shelf {
    texts: Vec<Text>,
    /// Their places, the short ones first; of one length as they were given.
    by_length: Vec<u32>,
    /// In that order: how often each kind of character stands in a text.
    counts: Vec<[u8; KINDS]>,
    coarse_counts: Vec<[u8; COARSE_KINDS]>,
    /// Stretches of that order with one length.
    lengths: Vec<(usize, Range<usize>)>,
}

impl Shelf {
    pub fn of(texts: Vec<Text>) -> Shelf {
        let mut by_length: Vec<u32> = (0..texts.len() as u32).collect();
        by_length.sort_by_key(|&place| texts[place as usize].len());
        let lengths = by_length.chunk_by(|a, b| texts[*a as usize].len() == texts[*b as usize].len());
        let mut from = 0;
        let lengths = lengths.map(|some| {
            let range = from..from + some.len();
            from = range.end;
            (texts[some[0] as usize].len(), range)
        });
        let lengths = lengths.collect();
        let counts: Vec<_> = by_length.iter().map(|&place| counts_of(&texts[place as usize])).collect();
        let coarse_counts = counts.iter().map(coarse).collect();
        Shelf { texts, by_length, counts, coarse_counts, lengths }
    }

    pub fn text(&self, place: usize) -> &[char] {
        &self.texts[place]
    }

    /// These places, by the lengths of their texts: as they are best asked for ([`Shelf::twins_of`]), some of them at a time.
    pub fn in_order(&self, places: Range<usize>) -> Vec<usize> {
        self.by_length.iter().map(|&place| place as usize).filter(|place| places.contains(place)).collect()
    }

    /// The nearest others of each of these places: what a comparison of all with all would find, but for what [`MAYBES`] and [`STEPS_MAX`] say.
    pub fn twins_of(&self, places: &[usize]) -> Vec<Vec<Twin>> {
        let mut found = Vec::with_capacity(places.len());
        for some in places.chunks(TOGETHER) {
            let mut maybes: Vec<Maybes> = some.iter().map(|place| Maybes::of(&self.texts[*place], *place)).collect();
            self.pass_over(&mut maybes);
            found.extend(maybes.into_iter().map(|maybes| self.compared(maybes)));
        }
        found
    }

    /// Leaves out what cannot be near: characters that one has and the other has not are a part of what differs.
    fn pass_over(&self, all: &mut [Maybes<'_>]) {
        for (length, stretch) in &self.lengths {
            all.iter_mut().for_each(|maybes| maybes.come_to(*length));
            if all.iter().all(|maybes| maybes.below == 0) {
                continue;
            }
            for at in stretch.clone() {
                let coarse = &self.coarse_counts[at];
                for maybes in &mut *all {
                    if apart(&maybes.coarse_counts, coarse) < maybes.below {
                        maybes.look_at(&self.counts[at], self.by_length[at]);
                    }
                }
            }
        }
    }

    fn compared(&self, maybes: Maybes<'_>) -> Vec<Twin> {
        let Maybes { text, mut found, .. } = maybes;
        found.sort_unstable();
        let comparator = BatchComparator::new(text.iter().copied());
        let mut twins: Vec<Twin> = Vec::with_capacity(TWINS_MAX + 1);
        let mut steps = 0;
        for (least, other) in found {
            let (theirs, other) = (&self.texts[other as usize], other as usize);
            let both = text.len() + theirs.len();
            let rank = |similarity: u16, other: usize| (std::cmp::Reverse(similarity), other);
            let is_told = |at_most: u16| match twins.get(TWINS_MAX - 1) {
                Some(last) => rank(at_most, other) < rank(last.similarity, last.other),
                None => at_most >= NEAR,
            };
            if !is_told(similarity(least as usize, both)) {
                continue;
            }
            let same = text == theirs.as_ref();
            // Only what is the same is wholly alike.
            let similarity = if same {
                1000
            } else {
                let cost = text.len().div_ceil(64) * theirs.len();
                if steps > 0 && steps + cost > STEPS_MAX {
                    continue;
                }
                steps += cost;
                similarity(comparator.distance(theirs.iter().copied()), both).min(999)
            };
            if is_told(similarity) {
                twins.push(Twin { other, similarity, same });
                twins.sort_by_key(|twin| rank(twin.similarity, twin.other));
                twins.truncate(TWINS_MAX);
            }
        }
        twins
    }
}

/// What may be near one question, while the shelf is gone over.
struct Maybes<'s> {
    text: &'s [char],
    place: u32,
    counts: [u8; KINDS],
    coarse_counts: [u8; COARSE_KINDS],
    /// Texts of the length that is gone over are near only if they differ in fewer characters.
    below: u32,
    /// And so it is for all of them, since there are too many.
    crowded_below: u32,
    /// In how many characters they differ at least, and their places.
    found: Vec<(u32, u32)>,
}

impl<'s> Maybes<'s> {
    fn of(text: &'s [char], place: usize) -> Maybes<'s> {
        let counts = counts_of(text);
        let coarse_counts = coarse(&counts);
        let crowded_below = if text.is_empty() { 0 } else { u32::MAX };
        Maybes { text, place: place as u32, counts, coarse_counts, below: 0, crowded_below, found: Vec::new() }
    }

    fn come_to(&mut self, length: usize) {
        let both = self.text.len() + length;
        let most = both * usize::from(1000 - NEAR) / 1000;
        let below = if self.text.len().abs_diff(length) <= most { most as u32 + 1 } else { 0 };
        self.below = below.min(self.crowded_below);
    }

    fn look_at(&mut self, counts: &[u8; KINDS], place: u32) {
        let least = apart(&self.counts, counts);
        if least >= self.below || place == self.place {
            return;
        }
        self.found.push((least, place));
        if self.found.len() == 2 * MAYBES {
            let (_, &mut (farthest, _), _) = self.found.select_nth_unstable(MAYBES - 1);
            self.found.truncate(MAYBES);
            self.crowded_below = farthest;
            self.below = self.below.min(farthest);
        }
    }
}

/// Of a thousand, of two texts that differ in so many of all their characters.
fn similarity(distance: usize, both: usize) -> u16 {
    ((both - distance) * 1000 / both) as u16
}

/// Counts beyond 255 stay there: they can only make texts look nearer than they are.
fn counts_of(text: &[char]) -> [u8; KINDS] {
    let mut counts = [0u8; KINDS];
    for &c in text {
        let kind = (c as u32).wrapping_mul(0x9E37_79B1) >> (u32::BITS - KINDS.ilog2());
        let count = &mut counts[kind as usize];
        *count = count.saturating_add(1);
    }
    counts
}

fn coarse(counts: &[u8; KINDS]) -> [u8; COARSE_KINDS] {
    std::array::from_fn(|kind| {
        counts[kind * KINDS / COARSE_KINDS..][..KINDS / COARSE_KINDS]
            .iter()
            .fold(0u8, |all, one| all.saturating_add(*one))
    })
}

/// What one has more of than the other, over all kinds. Written so that it becomes one instruction for sixteen kinds.
#[inline]
fn apart<const N: usize>(one: &[u8; N], other: &[u8; N]) -> u32 {
    one.iter().zip(other).map(|(a, b)| u32::from(a.abs_diff(*b))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn options(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn shelf(questions: &[(&str, &[&str])]) -> Shelf {
        Shelf::of(questions.iter().map(|(stem, texts)| text_of(stem, &options(texts))).collect())
    }

    fn of(shelf: &Shelf, place: usize) -> Vec<Twin> {
        shelf.twins_of(&[place]).remove(0)
    }

    #[test]
    fn the_same_but_for_punctuation_and_order_is_the_same() {
        let shelf = shelf(&[("水的化学式是（　）。", &["H2O", "CO2"]), ("水的化学式是", &["CO2", "H2O"])]);
        assert_eq!(of(&shelf, 1), [Twin { other: 0, similarity: 1000, same: true }]);
    }

    #[test]
    fn a_few_other_words_are_near_and_another_question_is_not() {
        let shelf = shelf(&[
            ("成年人正常的体温大约是多少摄氏度？", &["36.5", "33.5", "39.5"]),
            ("下列哪种行星离太阳最近？", &["水星", "金星", "地球"]),
            ("成年人的正常体温约是多少摄氏度？", &["36.5", "33.5", "39.5"]),
        ]);
        let twins = of(&shelf, 2);
        assert_eq!(twins.iter().map(|twin| (twin.other, twin.same)).collect::<Vec<_>>(), [(0, false)]);
        assert!((NEAR..1000).contains(&twins[0].similarity), "{twins:?}");
    }

    #[test]
    fn the_same_stem_with_other_options_is_another_question() {
        let shelf = shelf(&[
            ("下列说法正确的是？", &["地球是行星", "太阳是行星", "月球是行星"]),
            ("下列说法正确的是？", &["冰比水重", "铁能浮在水上", "油比水轻"]),
        ]);
        assert_eq!(of(&shelf, 1), []);
    }

    #[test]
    fn a_question_is_no_twin_of_its_own() {
        let stems: Vec<String> = (0..3).map(|n| format!("第一批第{n}题：什么是光合作用的产物？")).collect();
        let shelf = Shelf::of(stems.iter().map(|stem| text_of(stem, &[])).collect());
        assert_eq!(of(&shelf, 1).iter().map(|twin| twin.other).collect::<Vec<_>>(), [0, 2]);
    }

    #[test]
    fn short_stems_are_compared_too() {
        let shelf = shelf(&[("光？", &[]), ("光", &[]), ("", &[]), ("", &[])]);
        assert!(of(&shelf, 1)[0].same);
        assert_eq!((of(&shelf, 1).len(), of(&shelf, 2)), (1, Vec::new()));
    }

    #[test]
    fn a_character_may_come_more_often_than_a_byte_counts() {
        let long = |more: &str| text_of(&("一".repeat(700) + more), &[]);
        let shelf = Shelf::of(vec![long("二"), long("三"), long(&"四".repeat(400))]);
        assert_eq!(of(&shelf, 0), [Twin { other: 1, similarity: 998, same: false }]);
    }

    /// By the definition: it is compared with all others, in full.
    fn plain(texts: &[Text], place: usize) -> Vec<Twin> {
        let own = &texts[place];
        let compared = texts.iter().enumerate().filter(|(other, _)| *other != place).map(|(other, theirs)| {
            let thousandths = 2000 * common(own, theirs) / (own.len() + theirs.len()).max(1);
            let same = own == theirs;
            Twin { other, similarity: if same { 1000 } else { thousandths.min(999) as u16 }, same }
        });
        let mut twins: Vec<Twin> = compared.filter(|twin| twin.similarity >= NEAR && !own.is_empty()).collect();
        twins.sort_by_key(|twin| (std::cmp::Reverse(twin.similarity), twin.other));
        twins.truncate(TWINS_MAX);
        twins
    }

    fn plain_of_all(texts: &[Text]) -> Vec<Vec<Twin>> {
        (0..texts.len()).map(|place| plain(texts, place)).collect()
    }

    /// Characters that both have in the same order, by the textbook.
    fn common(one: &[char], other: &[char]) -> usize {
        let mut row = vec![0; other.len() + 1];
        for a in one {
            let mut left_above = 0;
            for (at, b) in other.iter().enumerate() {
                let above = row[at + 1];
                row[at + 1] = if a == b { left_above + 1 } else { above.max(row[at]) };
                left_above = above;
            }
        }
        row[other.len()]
    }

    fn all_of(shelf: &Shelf) -> Vec<Vec<Twin>> {
        let places = shelf.in_order(0..shelf.texts.len());
        let mut found: Vec<(usize, Vec<Twin>)> = places.iter().copied().zip(shelf.twins_of(&places)).collect();
        found.sort_by_key(|(place, _)| *place);
        found.into_iter().map(|(_, twins)| twins).collect()
    }

    /// Some texts, and many that were made of them by a few changes.
    fn any_texts(most: usize) -> impl Strategy<Value = Vec<Text>> {
        let letters =
            prop_oneof![Just("的一是在有"), Just("水火土木金石山川草树鱼鸟虫兽人天地日月星风雨雷电云"), Just("a1")];
        let change = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..3u8);
        let changes = prop::collection::vec(change, 0..8);
        let made = prop::collection::vec((any::<prop::sample::Index>(), changes), 0..most);
        let bases = prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 0..90), 1..6);
        (letters, bases, made).prop_map(|(letters, bases, made)| {
            let letters: Vec<char> = letters.chars().collect();
            let of_base = |base: &Vec<prop::sample::Index>| base.iter().map(|at| *at.get(&letters)).collect();
            let bases: Vec<Vec<char>> = bases.iter().map(of_base).collect();
            let change = |text: &mut Vec<char>, (at, letter, how): (prop::sample::Index, prop::sample::Index, u8)| {
                let (at, letter) = (at.index(text.len().max(1)), *letter.get(&letters));
                match how {
                    _ if text.is_empty() => text.push(letter),
                    0 => text.insert(at, letter),
                    1 => text[at] = letter,
                    _ => drop(text.remove(at)),
                }
            };
            let made = made.into_iter().map(|(base, changes)| {
                let mut text = base.get(&bases).clone();
                changes.into_iter().for_each(|one| change(&mut text, one));
                text.into_boxed_slice()
            });
            made.collect()
        })
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_comparing_all_with_all_finds(texts in any_texts(60)) {
            prop_assert_eq!(all_of(&Shelf::of(texts.clone())), plain_of_all(&texts));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4, max_shrink_iters: 20, ..ProptestConfig::default() })]

        /// More than are kept of one question's maybes, if few of them are near.
        #[test]
        fn and_so_it_is_among_many(some in prop::collection::vec(any_texts(30), 20)) {
            let marked = some.into_iter().zip('甲'..).map(|(texts, mark)| {
                // Each batch has words of its own, so that it is near to itself alone.
                texts.into_iter().map(move |text| text.iter().flat_map(|c| [*c, mark]).collect::<Text>())
            });
            let texts: Vec<Text> = marked.flatten().collect();
            let found = all_of(&Shelf::of(texts.clone()));
            for place in (0..texts.len()).step_by(20) {
                prop_assert_eq!(&found[place], &plain(&texts, place));
            }
        }
    }

    #[test]
    fn where_all_are_alike_the_nearest_are_told_all_the_same() {
        let texts: Vec<Text> =
            (1000..1700).map(|n| text_of(&format!("第{n}题：下列哪一项是光合作用的产物？"), &[])).collect();
        let found = all_of(&Shelf::of(texts.clone()));
        let similarities = |twins: &[Twin]| twins.iter().map(|twin| twin.similarity).collect::<Vec<_>>();
        for place in (0..texts.len()).step_by(50) {
            assert_eq!(similarities(&found[place]), similarities(&plain(&texts, place)));
        }
        let equal: Vec<Text> = vec![texts[0].clone(); 1_000];
        assert_eq!(of(&Shelf::of(equal.clone()), 999), plain(&equal[..7], 6));
    }
}
