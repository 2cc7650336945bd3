//! An act of whoever runs the season, once it is committed: windows, clocks, boards and participants follow. Called by the lane, in
//! its order; sockets and deadlines are seen to by whoever acts.

use crate::contest::acts_record::ActsRecord;
use crate::contest::core::Contest;
use crate::contest::roster::Places;
use crate::contest::roster::Player;
use crate::contest::roster::Roster;
use crate::contest::round_clock::Change;
use crate::domain::ids::ParticipantId;
use crate::domain::season::Season;
use crate::domain::time::Timestamp;
use crate::ledger::entry::Act;
use crate::ledger::entry::Deed;
use crate::ledger::entry::EntryNumber;
use crate::ledger::entry::Note;
use crate::ledger::store::Noted;
use std::sync::PoisonError;

impl Contest {
    pub(crate) fn acted(&self, n: EntryNumber, at: Timestamp, act: &Act, deed: &Deed, now: Timestamp) {
        let mut acts = self.acts.write().unwrap_or_else(PoisonError::into_inner);
        acts.take(n, at, act, deed);
        take_up_act(&self.roster, &self.season, act, &acts);
        let undone = match act {
            Act::Undone { of, .. } => acts.of(*of).map(|on_record| on_record.act.clone()),
            _ => None,
        };
        drop(acts);
        self.move_windows(at, act, undone.as_ref(), now);
        match act {
            Act::Excluded { participant } => {
                let place = self.place_of(*participant);
                self.scoreboard().take_off(*participant, place);
            }
            Act::Reinstated { participant } => {
                let place = self.place_of(*participant);
                self.scoreboard().put_back(&self.season, *participant, place);
            }
            _ => {}
        }
        let named = match undone.as_ref().unwrap_or(act) {
            Act::Renamed { participant, .. } | Act::NameHidden { participant } | Act::NameShown { participant } => {
                Some(*participant)
            }
            _ => None,
        };
        if let Some(participant) = named {
            let place = self.place_of(participant);
            self.scoreboard().touch(participant, place);
        }
    }

    fn place_of(&self, participant: ParticipantId) -> crate::contest::roster::Place {
        self.roster.with(participant, |player| player.place).unwrap_or_default()
    }

    /// `now` is later than the entry's own moment by what its commit took: for so long a round that runs on still stood still.
    fn move_windows(&self, at: Timestamp, act: &Act, undone: Option<&Act>, now: Timestamp) {
        let of_id = |id: &Option<String>| id.as_deref().map(|id| self.season.round_of_id(id));
        let mut windows = self.windows_mut();
        match act {
            Act::Paused { round, .. } => {
                let Some(round) = of_id(round).map_or(Some(None), |found| found.map(Some)) else { return };
                for round in windows.pause(round, at) {
                    self.clocks[usize::from(round.0)].change(Change::Stopped(at));
                }
            }
            Act::Resumed { round } => {
                let Some(round) = of_id(round).map_or(Some(None), |found| found.map(Some)) else { return };
                for (round, from, to) in windows.resume(round, at) {
                    self.clocks[usize::from(round.0)].change(Change::Started { from, to: now.max(to) });
                }
            }
            Act::TimeGiven { round, ms } => {
                if let Some(round) = self.season.round_of_id(round) {
                    self.clocks[usize::from(round.0)].change(Change::Given(*ms));
                }
            }
            act => windows.take(&self.season, at, act, undone),
        }
    }
}

/// What notes have made of participants' names, places and rights, in the ledger's order.
pub(crate) fn take_up_changes(roster: &Roster, places: &Places, season: &Season, notes: &[Noted]) {
    let mut acts = ActsRecord::default();
    for noted in notes {
        match &noted.note {
            Note::Changed { participant, who } => {
                if let Some(place) = places.place(season, who) {
                    roster.change(*participant, |player| player.take_change(noted.n, &who.name, place));
                }
            }
            Note::Act { act, deed } => {
                acts.take(noted.n, noted.at, act, deed);
                take_up_act(roster, season, act, &acts);
            }
            _ => {}
        }
    }
}

/// What an act makes of those whom it is about. `acts` has it already.
pub(crate) fn take_up_act(roster: &Roster, season: &Season, act: &Act, acts: &ActsRecord) {
    let name_stands = |participant: ParticipantId| acts.name_act(participant).is_some();
    let change = |participant: &ParticipantId, change: &dyn Fn(&mut Player)| {
        roster.change(*participant, |player| change(player));
    };
    match act {
        Act::Excluded { participant } => change(participant, &|player| player.excluded = true),
        Act::Reinstated { participant } => change(participant, &|player| player.excluded = false),
        Act::NameHidden { participant } => change(participant, &|player| {
            (player.name_hidden, player.name_kept) = (true, true);
        }),
        Act::NameShown { participant } => change(participant, &|player| {
            (player.name_hidden, player.name_kept) = (false, name_stands(*participant));
        }),
        Act::Renamed { participant, name, .. } => change(participant, &|player| {
            (player.name, player.name_kept) = (name.as_str().into(), true);
        }),
        Act::AttemptsGiven { round, to, .. } => {
            let Some(index) = season.round_of_id(round) else { return };
            to.iter().for_each(|participant| change(participant, &|player| player.usage_mut(index).grant()));
        }
        Act::Undone { of, from } => match acts.of(*of).map(|on_record| &on_record.act) {
            Some(Act::Renamed { participant, was, .. }) => change(participant, &|player| {
                (player.name, player.name_kept) = (was.as_str().into(), name_stands(*participant));
            }),
            Some(Act::AttemptsGiven { round, .. }) => {
                let Some(index) = season.round_of_id(round) else { return };
                let taken_back = |player: &mut Player| player.usage_mut(index).take_back_grant();
                from.iter().for_each(|participant| change(participant, &taken_back));
            }
            _ => {}
        },
        Act::Paused { .. } | Act::Resumed { .. } | Act::Extended { .. } | Act::TimeGiven { .. } => {}
    }
}
