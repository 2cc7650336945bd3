//! 重题: questions that say the same, or nearly. What cannot be near by its length and its characters is passed over; what is left is compared in full.

use crate::domain::faults::same;
use rapidfuzz::distance::indel::BatchComparator;
use std::ops::Range;
use std::ops::RangeInclusive;

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
/// Characters are counted by so many kinds, and by fewer, kinds of which each holds two of the former: 16 would let one in twenty-five of unlike
/// questions pass, 32 let one in thousands.
const KINDS: usize = 64;
const COARSE_KINDS: usize = 32;
/// Texts that lie together on the shelf, so that one instruction compares sixteen of them.
const BLOCK: usize = 64;
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
    /// In that order: the lengths, and how often each kind of character stands in a text.
    lengths: Vec<u32>,
    counts: Vec<[u8; KINDS]>,
    blocks: Vec<Block>,
}

impl Shelf {
    pub fn of(texts: Vec<Text>) -> Shelf {
        let length = |place: u32| texts[place as usize].len();
        let mut by_length: Vec<u32> = (0..texts.len() as u32).collect();
        by_length.sort_by_key(|&place| length(place));
        let counts: Vec<_> = by_length.iter().map(|&place| counts_of(&texts[place as usize])).collect();
        let blocks = by_length.chunks(BLOCK).zip(counts.chunks(BLOCK));
        let blocks = blocks.map(|(some, counts)| Block::of(counts, length(some[0])..=length(some[some.len() - 1])));
        let blocks = blocks.collect();
        let lengths = by_length.iter().map(|&place| length(place) as u32).collect();
        Shelf { texts, by_length, lengths, counts, blocks }
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
        for (n, block) in self.blocks.iter().enumerate() {
            for maybes in &mut *all {
                let Some(most) = maybes.most_apart(&block.lengths) else { continue };
                let apart = block.apart(&maybes.coarse_counts);
                if apart.iter().fold(u8::MAX, |least, one| least.min(*one)) > most {
                    continue;
                }
                let there = apart.iter().zip(n * BLOCK..self.by_length.len());
                for (_, at) in there.filter(|(apart, _)| **apart <= most) {
                    maybes.look_at(&self.counts[at], self.lengths[at], self.by_length[at]);
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

/// Texts of about one length: kind by kind, how often it stands in each of them.
struct Block {
    lengths: RangeInclusive<usize>,
    coarse_counts: [[u8; BLOCK]; COARSE_KINDS],
}

impl Block {
    fn of(counts: &[[u8; KINDS]], lengths: RangeInclusive<usize>) -> Block {
        let mut coarse_counts = [[0; BLOCK]; COARSE_KINDS];
        for (at, counts) in counts.iter().enumerate() {
            for (of_kind, count) in coarse_counts.iter_mut().zip(coarse(counts)) {
                of_kind[at] = count;
            }
        }
        Block { lengths, coarse_counts }
    }

    /// In how many characters each of them differs at least; 255 are 255 or more.
    #[inline]
    fn apart(&self, counts: &[u8; COARSE_KINDS]) -> [u8; BLOCK] {
        let mut apart = [0u8; BLOCK];
        for (theirs, own) in self.coarse_counts.iter().zip(counts) {
            for (apart, their) in apart.iter_mut().zip(theirs) {
                *apart = apart.saturating_add(difference(*their, *own));
            }
        }
        apart
    }
}

/// What may be near one question, while the shelf is gone over.
struct Maybes<'s> {
    text: &'s [char],
    place: u32,
    counts: [u8; KINDS],
    coarse_counts: [u8; COARSE_KINDS],
    /// Only what differs in fewer characters is taken up: there are too many.
    crowded_below: u32,
    /// In how many characters they differ at least, and their places.
    found: Vec<(u32, u32)>,
}

impl<'s> Maybes<'s> {
    fn of(text: &'s [char], place: usize) -> Maybes<'s> {
        let counts = counts_of(text);
        let crowded_below = if text.is_empty() { 0 } else { u32::MAX };
        Maybes { text, place: place as u32, counts, coarse_counts: coarse(&counts), crowded_below, found: Vec::new() }
    }

    /// In how many characters texts of these lengths may differ by the coarse count, 255 are 255 or more; `None`: they are not near, whatever they say.
    fn most_apart(&self, lengths: &RangeInclusive<usize>) -> Option<u8> {
        let own = self.text.len();
        let nearest = own.clamp(*lengths.start(), *lengths.end());
        if own.abs_diff(nearest) > most_apart(own + nearest) {
            return None;
        }
        let most = most_apart(own + lengths.end()).min(self.crowded_below.checked_sub(1)? as usize);
        Some(most.min(usize::from(u8::MAX)) as u8)
    }

    fn look_at(&mut self, counts: &[u8; KINDS], length: u32, place: u32) {
        let least = apart(&self.counts, counts);
        let is_near = least as usize <= most_apart(self.text.len() + length as usize);
        if !is_near || least >= self.crowded_below || place == self.place {
            return;
        }
        self.found.push((least, place));
        if self.found.len() == 2 * MAYBES {
            let (_, &mut (farthest, _), _) = self.found.select_nth_unstable(MAYBES - 1);
            self.found.truncate(MAYBES);
            self.crowded_below = farthest;
        }
    }
}

/// In how many characters two texts differ at least.
fn apart(one: &[u8; KINDS], other: &[u8; KINDS]) -> u32 {
    let mut apart = [0u8; 16];
    for (one, other) in one.chunks_exact(16).zip(other.chunks_exact(16)) {
        for ((apart, one), other) in apart.iter_mut().zip(one).zip(other) {
            *apart = apart.saturating_add(difference(*one, *other));
        }
    }
    apart.iter().map(|apart| u32::from(*apart)).sum()
}

/// As two subtractions that stop at nought: of these the compiler makes instructions for sixteen at once, of `abs_diff` it does not.
#[inline]
fn difference(a: u8, b: u8) -> u8 {
    a.saturating_sub(b) | b.saturating_sub(a)
}

/// In how many of all their characters two near texts differ at most.
fn most_apart(both: usize) -> usize {
    both * usize::from(1000 - NEAR) / 1000
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

#[cfg(test)]
mod tests;
