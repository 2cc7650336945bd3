//! The acts of whoever runs the season, as they stand on record: what was done, why, and what took it back.

use crate::domain::ids::ParticipantId;
use crate::domain::time::Timestamp;
use crate::ledger::entry::Act;
use crate::ledger::entry::Deed;
use crate::ledger::entry::EntryNumber;
use std::collections::HashMap;

/// At most so many acts a season; more are refused.
pub const ACTS_MAX: usize = 20_000;

#[derive(Debug, Default)]
pub struct ActsRecord {
    /// In the ledger's order.
    all: Vec<OnRecord>,
    /// Who is excluded, by which of them.
    excluded: HashMap<ParticipantId, usize>,
}

/// An act as it stands in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnRecord {
    pub n: EntryNumber,
    pub at: Timestamp,
    pub act: Act,
    pub deed: Deed,
    /// What has taken it back.
    pub undone: Option<UndoneBy>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndoneBy {
    pub n: EntryNumber,
    pub at: Timestamp,
    pub deed: Deed,
}

impl OnRecord {
    /// Whose it is about, where it is about one person.
    pub fn participant(&self) -> Option<ParticipantId> {
        participant(&self.act)
    }

    /// Whether it is about this person, also among others.
    pub fn concerns(&self, who: ParticipantId) -> bool {
        match &self.act {
            Act::AttemptsGiven { to, .. } => to.contains(&who),
            Act::Undone { from, .. } => from.contains(&who),
            act => participant(act) == Some(who),
        }
    }
}

fn participant(act: &Act) -> Option<ParticipantId> {
    match act {
        Act::Excluded { participant }
        | Act::Reinstated { participant }
        | Act::Renamed { participant, .. }
        | Act::NameHidden { participant }
        | Act::NameShown { participant } => Some(*participant),
        _ => None,
    }
}

impl ActsRecord {
    pub fn take(&mut self, n: EntryNumber, at: Timestamp, act: &Act, deed: &Deed) {
        let by = UndoneBy { n, at, deed: deed.clone() };
        for place in self.taken_back(act) {
            self.all[place].undone = Some(by.clone());
        }
        match act {
            Act::Excluded { participant } => {
                self.excluded.insert(*participant, self.all.len());
            }
            Act::Reinstated { participant } => {
                self.excluded.remove(participant);
            }
            _ => {}
        }
        self.all.push(OnRecord { n, at, act: act.clone(), deed: deed.clone(), undone: None });
    }

    /// The acts that this one takes back, by their places.
    fn taken_back(&self, act: &Act) -> Vec<usize> {
        let standing = self.all.iter().enumerate().filter(|(_, before)| before.undone.is_none());
        let is_taken_back = |before: &OnRecord| match (act, &before.act) {
            (Act::Resumed { round: None }, Act::Paused { .. }) => true,
            (Act::Resumed { round }, Act::Paused { round: before, .. }) => round == before,
            (Act::Reinstated { participant }, Act::Excluded { participant: before })
            | (Act::NameShown { participant }, Act::NameHidden { participant: before }) => participant == before,
            (Act::Undone { of, .. }, _) => *of == before.n,
            _ => false,
        };
        standing.filter(|(_, before)| is_taken_back(before)).map(|(place, _)| place).collect()
    }

    pub fn all(&self) -> &[OnRecord] {
        &self.all
    }

    pub fn of(&self, n: EntryNumber) -> Option<&OnRecord> {
        let place = self.all.binary_search_by_key(&n, |on_record| on_record.n).ok()?;
        self.all.get(place)
    }

    /// By which act this participant is excluded.
    pub fn exclusion(&self, participant: ParticipantId) -> Option<&OnRecord> {
        self.excluded.get(&participant).and_then(|place| self.all.get(*place))
    }

    pub fn excluded(&self) -> impl Iterator<Item = ParticipantId> + '_ {
        self.excluded.keys().copied()
    }

    /// The newest act on this person's name that stands.
    pub fn name_act(&self, participant: ParticipantId) -> Option<&OnRecord> {
        let on_name = |on_record: &&OnRecord| {
            let named = matches!(on_record.act, Act::Renamed { .. } | Act::NameHidden { .. });
            named && on_record.undone.is_none() && on_record.participant() == Some(participant)
        };
        self.all.iter().rev().find(on_name)
    }
}
