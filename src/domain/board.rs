//! 排行榜: the order of all participants in one scope. Inside are counted blocks of a few hundred entries, so that a rank
//! is a sum of counts and nobody walks the board.
//!
//! An entry is twelve bytes: score and elapsed time packed in 64 bits, best first, and who it is. That decides nearly
//! every comparison. Where two agree on both, the board asks `standing_of` for the standing that it doesn't keep itself.

use crate::domain::ids::ParticipantId;
use crate::domain::score::Standing;

mod entry;
mod group;
mod search;

use entry::Entry;
use entry::Probe;
pub use entry::packed;
use group::Group;
use group::Place;
use search::last_at_or_before;

/// The participants of one scope, best first.
///
/// Who is concerned comes with their standing in each call: `standing_of` is never asked about them, so it may already
/// know their new standing, or still the old one. About everyone else on the board it must tell the standing that they
/// entered it with. A board thus changes for one participant at a time.
///
/// The parameters are the most entries of a block and the most blocks of a group; `benches/board.rs` chose them.
#[derive(Clone, Debug, Default)]
pub struct Board<const BLOCK_MAX: usize = 256, const GROUP_MAX: usize = 256> {
    /// Packed standings of the first entry of each group.
    heads: Vec<u64>,
    /// Entries of each group.
    counts: Vec<u32>,
    /// None is empty.
    groups: Vec<Group<BLOCK_MAX, GROUP_MAX>>,
}

impl Board {
    pub fn new() -> Board {
        Board::default()
    }
}

impl<const BLOCK_MAX: usize, const GROUP_MAX: usize> Board<BLOCK_MAX, GROUP_MAX> {
    pub fn len(&self) -> u64 {
        self.counts.iter().map(|count| u64::from(*count)).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Enters someone who is not on the board, and tells their rank, from 1.
    pub fn insert(
        &mut self,
        who: ParticipantId,
        standing: &Standing,
        standing_of: impl Fn(ParticipantId) -> Standing,
    ) -> u64 {
        let probe = Probe::new(who, standing, standing_of);
        if self.groups.is_empty() {
            self.push_group(Group::of(probe.entry));
            return 1;
        }
        let (group, place) = self.place(&probe);
        let rank = self.rank_of(group, &place);
        self.groups[group].insert(&place, probe.entry);
        self.counts[group] += 1;
        self.heads[group] = self.groups[group].head();
        if self.groups[group].is_full() {
            let second = self.groups[group].split();
            self.counts[group] = self.groups[group].len();
            self.insert_group(group + 1, second);
        }
        rank
    }

    /// Takes someone off the board. False: under that standing they are not on it, and nothing has changed.
    pub fn remove(
        &mut self,
        who: ParticipantId,
        standing: &Standing,
        standing_of: impl Fn(ParticipantId) -> Standing,
    ) -> bool {
        let probe = Probe::new(who, standing, standing_of);
        let Some((group, place)) = self.find(&probe) else { return false };
        self.groups[group].remove(&place);
        self.counts[group] -= 1;
        if self.counts[group] == 0 {
            self.remove_group(group);
            return true;
        }
        self.heads[group] = self.groups[group].head();
        if self.groups[group].is_sparse() {
            self.join_with_neighbour(group);
        }
        true
    }

    /// Moves someone from their old standing to their new one, and tells their rank there.
    ///
    /// # Panics
    /// If they are not on the board under `old`: ranks would be wrong from here on.
    pub fn replace(
        &mut self,
        who: ParticipantId,
        old: &Standing,
        new: &Standing,
        standing_of: impl Fn(ParticipantId) -> Standing,
    ) -> u64 {
        if let Some(rank) = self.replace_in_place(who, old, new, &standing_of) {
            return rank;
        }
        let was_there = self.remove(who, old, &standing_of);
        assert!(was_there, "{who:?} left a board under a standing that they had not entered it with");
        self.insert(who, new, standing_of)
    }

    /// [`Board::replace`] where no block or group is split, joined or dropped by it: nearly always. Both places are looked
    /// for before either is changed, because the processor then waits for both at once.
    fn replace_in_place(
        &mut self,
        who: ParticipantId,
        old: &Standing,
        new: &Standing,
        standing_of: impl Fn(ParticipantId) -> Standing,
    ) -> Option<u64> {
        let (old, new) = (Probe::new(who, old, &standing_of), Probe::new(who, new, &standing_of));
        // Equal in score and time, the old entry would stand among those that the new one is compared with.
        if self.groups.is_empty() || old.key() == new.key() {
            return None;
        }
        let (from, old_place) = self.place(&old);
        let (to, mut new_place) = self.place(&new);
        let is_there = self.groups[from].get(&old_place) == Some(old.entry);
        if !is_there || !self.groups[from].can_spare(&old_place) || !self.groups[to].has_room(&new_place) {
            return None;
        }
        self.groups[from].remove(&old_place);
        if from == to {
            new_place.without(&old_place);
        }
        self.groups[to].insert(&new_place, new.entry);
        self.counts[from] -= 1;
        self.counts[to] += 1;
        self.heads[from] = self.groups[from].head();
        self.heads[to] = self.groups[to].head();
        Some(self.rank_of(to, &new_place))
    }

    /// Enters someone who comes after everyone on the board: it is filled best first in one pass without a search.
    ///
    /// # Panics
    /// If the score and elapsed time would put them before the last. Order among equals of both is the caller's word.
    pub fn append(&mut self, who: ParticipantId, standing: &Standing) {
        let entry = Entry::new(who, standing);
        let Some(last) = self.groups.last_mut() else { return self.push_group(Group::of(entry)) };
        assert!(last.tail() <= entry.key(), "{who:?} was appended to a board out of order");
        match last.append(entry) {
            true => self.counts[self.groups.len() - 1] += 1,
            false => self.push_group(Group::of(entry)),
        }
    }

    /// Gives back what was reserved beyond what there is: after a board has been filled, and before others come between.
    pub fn shrink(&mut self) {
        self.heads.shrink_to_fit();
        self.counts.shrink_to_fit();
        self.groups.shrink_to_fit();
        self.groups.iter_mut().for_each(Group::shrink);
    }

    /// From 1. `None`: under that standing they are not on the board.
    pub fn rank(
        &self,
        who: ParticipantId,
        standing: &Standing,
        standing_of: impl Fn(ParticipantId) -> Standing,
    ) -> Option<u64> {
        let (group, place) = self.find(&Probe::new(who, standing, standing_of))?;
        Some(self.rank_of(group, &place))
    }

    /// Who has this rank.
    pub fn at(&self, rank: u64) -> Option<ParticipantId> {
        self.page(rank, 1).next().map(|(_, who)| who)
    }

    /// The first `count`, with their ranks.
    pub fn top(&self, count: usize) -> impl Iterator<Item = (u64, ParticipantId)> {
        self.page(1, count)
    }

    /// At most `count` from rank `from` on, with their ranks. Rank 0 counts as 1; past the end there is nobody.
    pub fn page(&self, from: u64, count: usize) -> impl Iterator<Item = (u64, ParticipantId)> {
        let from = from.max(1);
        let mut before = from - 1;
        let mut group = 0;
        while group < self.groups.len() && before >= u64::from(self.counts[group]) {
            before -= u64::from(self.counts[group]);
            group += 1;
        }
        // Less than a group's count, so it fits.
        let skipped = before as u32;
        let first = self.groups.get(group).map(|group| group.entries_after(skipped));
        let rest = self.groups.iter().skip(group + 1).map(|group| group.entries_after(0));
        let entries = first.into_iter().chain(rest).flatten().take(count);
        (from..).zip(entries.map(|entry| entry.who()))
    }

    /// Whoever has this rank, at most `above` before it and `below` after it, with their ranks.
    pub fn neighbours(&self, rank: u64, above: usize, below: usize) -> impl Iterator<Item = (u64, ParticipantId)> {
        let from = rank.saturating_sub(above as u64).max(1);
        let before = rank.saturating_sub(from) as usize;
        self.page(from, before + 1 + below)
    }

    /// Memory on the heap, by capacity.
    pub fn heap_bytes(&self) -> usize {
        let inside: usize = self.groups.iter().map(Group::heap_bytes).sum();
        let own = self.heads.capacity() * size_of::<u64>()
            + self.counts.capacity() * size_of::<u32>()
            + self.groups.capacity() * size_of::<Group<BLOCK_MAX, GROUP_MAX>>();
        own + inside
    }

    fn place(&self, probe: &Probe<'_, impl Fn(ParticipantId) -> Standing>) -> (usize, Place) {
        let group = last_at_or_before(&self.heads, probe, |group| self.groups[group].first());
        (group, self.groups[group].place(probe))
    }

    fn find(&self, probe: &Probe<'_, impl Fn(ParticipantId) -> Standing>) -> Option<(usize, Place)> {
        if self.groups.is_empty() {
            return None;
        }
        let (group, place) = self.place(probe);
        (self.groups[group].get(&place) == Some(probe.entry)).then_some((group, place))
    }

    fn rank_of(&self, group: usize, place: &Place) -> u64 {
        let before: u64 = self.counts[..group].iter().map(|count| u64::from(*count)).sum();
        before + u64::from(self.groups[group].before(place)) + 1
    }

    fn push_group(&mut self, group: Group<BLOCK_MAX, GROUP_MAX>) {
        self.insert_group(self.groups.len(), group);
    }

    fn insert_group(&mut self, at: usize, group: Group<BLOCK_MAX, GROUP_MAX>) {
        self.heads.insert(at, group.head());
        self.counts.insert(at, group.len());
        self.groups.insert(at, group);
    }

    fn remove_group(&mut self, at: usize) -> Group<BLOCK_MAX, GROUP_MAX> {
        self.heads.remove(at);
        self.counts.remove(at);
        self.groups.remove(at)
    }

    /// With the next group, or the one before, if both fit into one with room to spare.
    fn join_with_neighbour(&mut self, group: usize) {
        let fits =
            |first: &usize| self.groups.get(first + 1).is_some_and(|second| self.groups[*first].fits_with(second));
        let Some(first) = [Some(group), group.checked_sub(1)].into_iter().flatten().find(fits) else { return };
        let second = self.remove_group(first + 1);
        self.groups[first].join(second);
        self.counts[first] = self.groups[first].len();
    }
}

#[cfg(test)]
mod tests;
