//! 补次数: attempts that were lost to an outage somewhere are given back, to one person or to all of a place. Each lost attempt gives one more of
//! its round, on any day, outside the round's limits: nobody gets less than they lost.

use crate::contest::acts::RunRefusal;
use crate::contest::acts::reasoned;
use crate::contest::acts_record::OnRecord;
use crate::contest::core::Contest;
use crate::domain::attempt::Ending;
use crate::domain::ids::AttemptId;
use crate::domain::ids::ParticipantId;
use crate::domain::ids::RoundIndex;
use crate::domain::staff::Place;
use crate::domain::time::Timestamp;
use crate::ledger::entry::Act;
use crate::ledger::entry::Deed;
use crate::ledger::entry::EntryNumber;
use crate::ledger::entry::Lost;
use crate::ledger::store::LedgerError;
use crate::ledger::store::PAGE_ROWS;
use crate::ledger::store::Told;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

/// So many attempts are given back by one act. More: refused; a narrower place or time is asked for.
pub const GIVEN_MAX: usize = 100_000;
/// Attempts are numbered in the order of their starts, but for those that were started at once: so far apart none changes places.
const ORDER_SLACK_MS: i64 = 60_000;

/// Whose attempts were lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    Participant(ParticipantId),
    /// Everybody who is there now.
    Place(Place),
}

/// Which attempts were lost: of this round, by these, started at or after `from` and before `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LostAttempts {
    pub round: RoundIndex,
    pub whose: Whose,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
}

impl LostAttempts {
    fn started_within(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at < to)
    }
}

impl Contest {
    /// Who would get how many: each is named once for each attempt.
    ///
    /// # Errors
    /// Nobody has lost any, or too many have; or the ledger could not be read.
    pub async fn lost_attempts(&self, lost: &LostAttempts) -> Result<Vec<ParticipantId>, RunRefusal> {
        let mut found = Vec::new();
        let mut after = match lost.from {
            Some(from) => self.last_before(from.plus_ms(-ORDER_SLACK_MS)).await?,
            None => AttemptId(0),
        };
        let enough = lost.to.map(|to| to.plus_ms(ORDER_SLACK_MS));
        loop {
            let page = self.store.outcomes(after).await?;
            let more = page.len() as i64 == PAGE_ROWS;
            found.extend(page.iter().filter(|told| self.was_lost(lost, told)).map(|told| told.started.participant));
            if found.len() > GIVEN_MAX {
                return Err(RunRefusal::Bad(format!("一次最多补 {GIVEN_MAX} 份，请缩小地方或时间的范围")));
            }
            let Some(last) = page.last().filter(|last| more && enough.is_none_or(|to| last.started.at < to)) else {
                break;
            };
            after = last.started.attempt;
        }
        if found.is_empty() {
            return Err(RunRefusal::NotNow("这段时间里没有这样的答卷，不用补".to_owned()));
        }
        found.sort();
        Ok(found)
    }

    fn was_lost(&self, lost: &LostAttempts, told: &Told) -> bool {
        let started = &told.started;
        let of_round = || self.period(started.period).is_some_and(|period| period.index == lost.round);
        let handed_back = told.outcome.is_some_and(|(_, outcome)| outcome.ending == Ending::HandedBack);
        let theirs = || match lost.whose {
            Whose::Participant(participant) => participant == started.participant,
            Whose::Place(place) => {
                self.roster.with(started.participant, |player| self.is_in(place, player.place)).unwrap_or(false)
            }
        };
        lost.started_within(started.at) && !handed_back && of_round() && theirs()
    }

    /// Whether somebody of this place is of that place, or of one within it.
    pub fn is_in(&self, place: Place, own: crate::contest::roster::Place) -> bool {
        let season = &self.season;
        let narrowest = own.county.map_or(Place::City(own.city), Place::County);
        let organisation = own.organisation.map(Place::Organisation);
        std::iter::once(narrowest).chain(organisation).any(|own| place.holds(own, season))
    }

    /// The last attempt that was certainly started before this moment; or the one before all.
    async fn last_before(&self, moment: Timestamp) -> Result<AttemptId, LedgerError> {
        let (mut before, mut after) = (0, self.next_attempt.load(Ordering::Relaxed));
        while after - before > 1 {
            let middle = before + (after - before) / 2;
            // A number that no attempt has is taken for a later one: then more is read than had to be.
            match self.store.attempt(AttemptId(middle)).await? {
                Some(recorded) if recorded.started.at < moment => before = middle,
                _ => after = middle,
            }
        }
        Ok(AttemptId(before))
    }

    /// Gives them back. Returns what stands on record.
    ///
    /// # Errors
    /// Why not; or the lane has stopped.
    pub async fn give_attempts(&self, lost: &LostAttempts, deed: Deed) -> Result<OnRecord, RunRefusal> {
        let deed = reasoned(deed)?;
        let _alone = self.acting.lock().await;
        let to = self.lost_attempts(lost).await?;
        let of = match lost.whose {
            Whose::Participant(participant) => format!("participant:{}", participant.0),
            Whose::Place(place) => place.code(&self.season),
        };
        let round = self.season.round(lost.round).id.0.clone();
        let act = Act::AttemptsGiven { round, to, lost: Lost { of, from: lost.from, to: lost.to } };
        self.act(act, deed, self.now()).await
    }

    /// Takes back what was given and not used yet.
    pub(crate) async fn take_back_given(
        &self,
        n: EntryNumber,
        round: &str,
        given: &[ParticipantId],
        deed: Deed,
    ) -> Result<OnRecord, RunRefusal> {
        let _alone = self.acting.lock().await;
        if self.acts().of(n).is_some_and(|on_record| on_record.undone.is_some()) {
            return Err(RunRefusal::NotNow("这个操作已经撤销过了".to_owned()));
        }
        let index = self.round_named(round)?;
        let mut times: BTreeMap<ParticipantId, usize> = BTreeMap::new();
        given.iter().for_each(|participant| *times.entry(*participant).or_default() += 1);
        let left = |one| self.roster.with(one, |player| player.usage(index).granted() as usize).unwrap_or(0);
        let from: Vec<ParticipantId> =
            times.into_iter().flat_map(|(one, times)| std::iter::repeat_n(one, times.min(left(one)))).collect();
        if from.is_empty() {
            return Err(RunRefusal::NotNow("补的次数都已经用掉了，收不回来".to_owned()));
        }
        self.act(Act::Undone { of: n, from }, deed, self.now()).await
    }
}
