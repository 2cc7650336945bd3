//! A few hundred blocks of a board, and the place of an entry among them.

use crate::domain::board::entry::Entry;
use crate::domain::board::entry::Probe;
use crate::domain::board::search::count_before;
use crate::domain::board::search::last_at_or_before;
use crate::domain::ids::ParticipantId;
use crate::domain::score::Standing;

/// Sorted blocks of sorted entries; no block is empty.
#[derive(Clone, Debug, Default)]
pub(super) struct Group<const BLOCK_MAX: usize, const GROUP_MAX: usize> {
    /// Packed standings of the first entry of each block.
    heads: Vec<u64>,
    counts: Vec<u16>,
    blocks: Vec<Vec<Entry>>,
}

pub(super) struct Place {
    block: usize,
    at: usize,
}

impl Place {
    /// Where this place of the same group is once the entry at `removed` has gone.
    pub(super) fn without(&mut self, removed: &Place) {
        if self.block == removed.block && self.at > removed.at {
            self.at -= 1;
        }
    }
}

/// How much a block's capacity grows, in entries; what is empty beyond twice as much is given back. So at most a quarter of
/// what is used is unused, and an entry takes less than sixteen bytes.
fn growth(len: usize) -> usize {
    (len / 8).max(2)
}

impl<const BLOCK_MAX: usize, const GROUP_MAX: usize> Group<BLOCK_MAX, GROUP_MAX> {
    /// Blocks and groups that are filled in order, or joined, keep room for what comes between.
    const BLOCK_FILL: usize = BLOCK_MAX * 3 / 4;
    const GROUP_FILL: usize = GROUP_MAX * 3 / 4;
    /// A block with fewer entries looks for a neighbour to join.
    const BLOCK_SPARSE: usize = BLOCK_MAX / 4;

    pub(super) fn of(entry: Entry) -> Self {
        const { assert!(BLOCK_MAX >= 4 && BLOCK_MAX < u16::MAX as usize && GROUP_MAX >= 4) };
        let mut group = Group { heads: Vec::new(), counts: Vec::new(), blocks: Vec::new() };
        group.insert_block(0, vec![entry]);
        group
    }

    pub(super) fn len(&self) -> u32 {
        self.counts.iter().map(|count| u32::from(*count)).sum()
    }

    pub(super) fn head(&self) -> u64 {
        self.heads[0]
    }

    pub(super) fn first(&self) -> Entry {
        self.blocks[0][0]
    }

    /// The packed standing of the last entry.
    pub(super) fn tail(&self) -> u64 {
        self.blocks.last().and_then(|block| block.last()).map_or(0, |entry| entry.key())
    }

    /// Where the probe is, or belongs.
    pub(super) fn place(&self, probe: &Probe<'_, impl Fn(ParticipantId) -> Standing>) -> Place {
        let block = last_at_or_before(&self.heads, probe, |block| self.blocks[block][0]);
        Place { block, at: count_before(&self.blocks[block], probe) }
    }

    pub(super) fn get(&self, place: &Place) -> Option<Entry> {
        self.blocks[place.block].get(place.at).copied()
    }

    /// How many entries of the group come before the place.
    pub(super) fn before(&self, place: &Place) -> u32 {
        let blocks: u32 = self.counts[..place.block].iter().map(|count| u32::from(*count)).sum();
        blocks + place.at as u32
    }

    /// The group's entries, best first, without the first `skipped`.
    pub(super) fn entries_after(&self, skipped: u32) -> impl Iterator<Item = Entry> {
        let (mut first, mut skipped) = (0, skipped);
        while first < self.counts.len() && skipped >= u32::from(self.counts[first]) {
            skipped -= u32::from(self.counts[first]);
            first += 1;
        }
        self.blocks[first..].iter().flatten().skip(skipped as usize).copied()
    }

    pub(super) fn insert(&mut self, place: &Place, entry: Entry) {
        let block = &mut self.blocks[place.block];
        if block.len() == block.capacity() {
            block.reserve_exact(growth(block.len()));
        }
        block.insert(place.at, entry);
        self.changed(place.block);
        if self.blocks[place.block].len() > BLOCK_MAX {
            let half = self.blocks[place.block].len() / 2;
            let second = self.blocks[place.block].split_off(half);
            self.blocks[place.block].shrink_to(half + growth(half));
            self.changed(place.block);
            self.insert_block(place.block + 1, second);
        }
    }

    /// Behind all others; false, and nothing is done, where the group is full enough.
    pub(super) fn append(&mut self, entry: Entry) -> bool {
        let last = self.blocks.len() - 1;
        if self.blocks[last].len() < Self::BLOCK_FILL {
            self.insert(&Place { block: last, at: self.blocks[last].len() }, entry);
            return true;
        }
        let room = self.blocks.len() < Self::GROUP_FILL;
        if room {
            // As a rule the block is filled, so it doesn't grow into its size by steps.
            let mut block = Vec::with_capacity(Self::BLOCK_FILL);
            block.push(entry);
            self.insert_block(last + 1, block);
        }
        room
    }

    pub(super) fn shrink(&mut self) {
        self.heads.shrink_to_fit();
        self.counts.shrink_to_fit();
        self.blocks.shrink_to_fit();
        self.blocks.iter_mut().for_each(Vec::shrink_to_fit);
    }

    pub(super) fn remove(&mut self, place: &Place) {
        let block = &mut self.blocks[place.block];
        block.remove(place.at);
        if block.is_empty() {
            self.remove_block(place.block);
            return;
        }
        let len = block.len();
        if block.capacity() - len > 2 * growth(len) {
            block.shrink_to(len + growth(len));
        }
        self.changed(place.block);
        if self.blocks[place.block].len() < Self::BLOCK_SPARSE {
            self.join_with_neighbour(place.block);
        }
    }

    /// Whether an entry less leaves the block as it is.
    pub(super) fn can_spare(&self, place: &Place) -> bool {
        usize::from(self.counts[place.block]) > Self::BLOCK_SPARSE
    }

    /// Whether an entry more leaves the block as it is.
    pub(super) fn has_room(&self, place: &Place) -> bool {
        usize::from(self.counts[place.block]) < BLOCK_MAX
    }

    pub(super) fn is_full(&self) -> bool {
        self.blocks.len() >= GROUP_MAX
    }

    pub(super) fn is_sparse(&self) -> bool {
        self.blocks.len() < GROUP_MAX / 4
    }

    pub(super) fn fits_with(&self, second: &Self) -> bool {
        self.blocks.len() + second.blocks.len() <= Self::GROUP_FILL
    }

    /// Keeps the first half and hands out the second.
    pub(super) fn split(&mut self) -> Self {
        let half = self.blocks.len() / 2;
        Group {
            heads: self.heads.split_off(half),
            counts: self.counts.split_off(half),
            blocks: self.blocks.split_off(half),
        }
    }

    pub(super) fn join(&mut self, second: Self) {
        self.heads.extend(second.heads);
        self.counts.extend(second.counts);
        self.blocks.extend(second.blocks);
    }

    pub(super) fn heap_bytes(&self) -> usize {
        let entries: usize = self.blocks.iter().map(|block| block.capacity() * size_of::<Entry>()).sum();
        self.heads.capacity() * size_of::<u64>()
            + self.counts.capacity() * size_of::<u16>()
            + self.blocks.capacity() * size_of::<Vec<Entry>>()
            + entries
    }

    /// With the next block, or the one before, if both fit into one with room to spare.
    fn join_with_neighbour(&mut self, block: usize) {
        let fits = |first: &usize| {
            self.blocks
                .get(first + 1)
                .is_some_and(|second| self.blocks[*first].len() + second.len() <= Self::BLOCK_FILL)
        };
        let Some(first) = [Some(block), block.checked_sub(1)].into_iter().flatten().find(fits) else { return };
        let second = self.remove_block(first + 1);
        let joined = &mut self.blocks[first];
        joined.reserve_exact(second.len());
        joined.extend(second);
        self.changed(first);
    }

    fn changed(&mut self, block: usize) {
        self.heads[block] = self.blocks[block][0].key();
        // At most BLOCK_MAX and one more.
        self.counts[block] = self.blocks[block].len() as u16;
    }

    fn insert_block(&mut self, at: usize, block: Vec<Entry>) {
        self.heads.insert(at, block[0].key());
        self.counts.insert(at, block.len() as u16);
        self.blocks.insert(at, block);
    }

    fn remove_block(&mut self, at: usize) -> Vec<Entry> {
        self.heads.remove(at);
        self.counts.remove(at);
        self.blocks.remove(at)
    }
}

#[cfg(test)]
impl<const BLOCK_MAX: usize, const GROUP_MAX: usize> Group<BLOCK_MAX, GROUP_MAX> {
    /// The counts and heads say what is in the blocks, and nothing is empty or too large.
    pub(super) fn check(&self) {
        for (at, block) in self.blocks.iter().enumerate() {
            assert!((1..=BLOCK_MAX).contains(&block.len()));
            assert_eq!((self.heads[at], usize::from(self.counts[at])), (block[0].key(), block.len()));
        }
        assert!((1..GROUP_MAX).contains(&self.blocks.len()));
        assert_eq!((self.heads.len(), self.counts.len()), (self.blocks.len(), self.blocks.len()));
    }
}
