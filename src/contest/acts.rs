//! What whoever runs the season may do to it while it runs: each act is an entry with its reason, is done when it is committed, and is
//! taken back by another one.

use crate::contest::acts_record::ACTS_MAX;
use crate::contest::acts_record::OnRecord;
use crate::contest::core::Contest;
use crate::contest::core::Life;
use crate::contest::refusal::Refusal;
use crate::domain::ids::ParticipantId;
use crate::domain::ids::RoundIndex;
use crate::domain::time::Timestamp;
use crate::ledger::entry::Act;
use crate::ledger::entry::Deed;
use crate::ledger::entry::Entry;
use crate::ledger::entry::EntryNumber;
use crate::ledger::entry::Note;
use crate::ledger::store::LedgerError;
use std::ops::RangeInclusive;

/// Characters of a reason. Shorter says nothing to whoever reads the record; longer is refused.
pub const REASON_CHARACTERS: RangeInclusive<usize> = 4..=500;
/// At once at most so much time is given; who needs more gives it twice, or pauses.
pub const GIVEN_MS_MAX: u32 = 60 * 60 * 1000;
/// So many seats are looked after at a time; then others get their turn.
const SEATS_AT_ONCE: usize = 256;

/// Why an act was not done; nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum RunRefusal {
    #[error("没有这个场次")]
    UnknownRound,
    #[error("没有这位选手")]
    UnknownParticipant,
    #[error("没有这个操作")]
    UnknownAct,
    /// It is so already, or cannot be so by now.
    #[error("{0}")]
    NotNow(String),
    #[error("{0}")]
    Bad(String),
    #[error("请写明理由，{} 到 {} 个字", REASON_CHARACTERS.start(), REASON_CHARACTERS.end())]
    NoReason,
    #[error("一个赛季最多 {ACTS_MAX} 次操作，已经用完")]
    TooMany,
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

fn not_now(why: &str) -> RunRefusal {
    RunRefusal::NotNow(why.to_owned())
}

/// A deed with a reason that says something.
///
/// # Errors
/// It has none.
pub fn reasoned(deed: Deed) -> Result<Deed, RunRefusal> {
    let Deed { by, reason } = deed;
    let reason = reason.trim().to_owned();
    let fits = REASON_CHARACTERS.contains(&reason.chars().count()) && !by.trim().is_empty();
    if fits { Ok(Deed { by, reason }) } else { Err(RunRefusal::NoReason) }
}

impl Contest {
    /// # Errors
    /// The season has no such round.
    pub fn round_named(&self, id: &str) -> Result<RoundIndex, RunRefusal> {
        self.season.round_of_id(id).ok_or(RunRefusal::UnknownRound)
    }

    fn round_id(&self, round: Option<RoundIndex>) -> Option<String> {
        round.map(|round| self.season.round(round).id.0.clone())
    }

    /// 暂停: a round, or all that are not over, stand still. Starts and answers are refused and nothing is used up; clocks stop.
    ///
    /// # Errors
    /// Why not; or the lane has stopped.
    pub async fn pause(&self, round: Option<RoundIndex>, deed: Deed) -> Result<OnRecord, RunRefusal> {
        let deed = reasoned(deed)?;
        let _alone = self.acting.lock().await;
        let now = self.now();
        let meant: Vec<RoundIndex> = self.windows().meant(round).collect();
        let would_stop =
            |one: &&RoundIndex| self.paused_since(**one).is_none() && self.round_life(**one, now) != Life::Closed;
        if meant.iter().find(would_stop).is_none() {
            return Err(not_now("没有可以暂停的场次：都已经暂停或者结束了"));
        }
        // What is on its way is told first: how late that is at most goes into the entry, so that a start takes nothing of it from anyone.
        self.lane.catch_up().await?;
        let at = self.now();
        let told_after_ms = self.lane.slowest_ms().max(at.since(now));
        let on_record = self.act(Act::Paused { round: self.round_id(round), told_after_ms }, deed, at).await?;
        self.look_after(&meant).await;
        Ok(on_record)
    }

    /// 恢复: a round, or all that stand still, run on. The time between is given back to everyone whose attempt is open, and to the
    /// round's end.
    ///
    /// # Errors
    /// Why not; or the lane has stopped.
    pub async fn resume(&self, round: Option<RoundIndex>, deed: Deed) -> Result<OnRecord, RunRefusal> {
        let deed = reasoned(deed)?;
        let _alone = self.acting.lock().await;
        let now = self.now();
        let meant: Vec<RoundIndex> =
            self.windows().meant(round).filter(|one| self.paused_since(*one).is_some()).collect();
        if meant.is_empty() {
            return Err(not_now("没有暂停着的场次"));
        }
        // The end that moves away may lie in a week that has no draw period yet.
        self.open_periods(now).await?;
        let on_record = self.act(Act::Resumed { round: self.round_id(round) }, deed, self.now()).await?;
        self.look_after(&meant).await;
        Ok(on_record)
    }

    /// 延长: the round closes at this later moment.
    ///
    /// # Errors
    /// Why not, above all an earlier moment, or a round that is over; or the lane has stopped.
    pub async fn extend(&self, round: RoundIndex, closes: Timestamp, deed: Deed) -> Result<OnRecord, RunRefusal> {
        let deed = reasoned(deed)?;
        let _alone = self.acting.lock().await;
        let now = self.now();
        let was = self.closes(round);
        if was >= Timestamp::MAX {
            return Err(not_now("这个场次一直开放，不用延长"));
        }
        match self.round_life(round, now) {
            Life::Upcoming | Life::Open | Life::Settling => {}
            Life::Paused => return Err(not_now("请先恢复这个场次，再延长")),
            // Its answers may be told by now, and its secret.
            Life::Closed => return Err(not_now("这个场次已经结束，答案和抽题密钥可能已经公布，不能再延长")),
        }
        if closes <= was || closes <= now {
            return Err(RunRefusal::Bad("新的结束时间要比现在的晚".to_owned()));
        }
        if closes > Timestamp::MAX {
            return Err(RunRefusal::Bad("结束时间太远了".to_owned()));
        }
        let round_id = self.season.round(round).id.0.clone();
        let on_record = self.act(Act::Extended { round: round_id, was, closes }, deed, now).await?;
        self.open_periods(self.now()).await?;
        Ok(on_record)
    }

    /// 补时: every open attempt of the round has so much more time, for its question and its paper.
    ///
    /// # Errors
    /// Why not; or the lane has stopped.
    pub async fn give_time(&self, round: RoundIndex, ms: u32, deed: Deed) -> Result<OnRecord, RunRefusal> {
        let deed = reasoned(deed)?;
        if !(1_000..=GIVEN_MS_MAX).contains(&ms) {
            return Err(RunRefusal::Bad("一次可以补 1 秒到 60 分钟".to_owned()));
        }
        let limits = &self.season.round(round).limits;
        if limits.question_ms.is_none() && limits.paper_ms.is_none() {
            return Err(not_now("这个场次不限时，不用补时"));
        }
        let _alone = self.acting.lock().await;
        if self.open_attempts(round) == 0 {
            return Err(not_now("现在没有人在答这个场次，不用补时"));
        }
        let round_id = self.season.round(round).id.0.clone();
        let on_record = self.act(Act::TimeGiven { round: round_id, ms }, deed, self.now()).await?;
        self.look_after(&[round]).await;
        Ok(on_record)
    }

    /// 取消资格: the participant starts nothing more and is on no board. What they have done stays in the ledger.
    ///
    /// # Errors
    /// Why not; or the lane has stopped.
    pub async fn exclude(&self, participant: ParticipantId, deed: Deed) -> Result<OnRecord, RunRefusal> {
        let deed = reasoned(deed)?;
        let _alone = self.acting.lock().await;
        // While standings are computed anew, nobody is taken off them.
        let _standing = self.correcting.lock().await;
        match self.roster.with(participant, |player| player.excluded) {
            None => return Err(RunRefusal::UnknownParticipant),
            Some(true) => return Err(not_now("这位选手已经被取消资格")),
            Some(false) => {}
        }
        let on_record = self.act(Act::Excluded { participant }, deed, self.now()).await?;
        if let Some(seat) = self.existing_seat(participant) {
            let told = self.exclusion(participant);
            let mut state = seat.state();
            state.told = Some(told);
            seat.wake(&state);
        }
        Ok(on_record)
    }

    /// 恢复资格: everything is as if the participant had never been excluded.
    ///
    /// # Errors
    /// Why not; or the lane has stopped.
    pub async fn reinstate(&self, participant: ParticipantId, deed: Deed) -> Result<OnRecord, RunRefusal> {
        let deed = reasoned(deed)?;
        let _alone = self.acting.lock().await;
        let _standing = self.correcting.lock().await;
        match self.roster.with(participant, |player| player.excluded) {
            None => return Err(RunRefusal::UnknownParticipant),
            Some(false) => return Err(not_now("这位选手没有被取消资格")),
            Some(true) => {}
        }
        let on_record = self.act(Act::Reinstated { participant }, deed, self.now()).await?;
        if let Some(seat) = self.existing_seat(participant) {
            seat.state().told = None;
        }
        Ok(on_record)
    }

    /// 改名: the participant is called so from here on, and does not change it.
    ///
    /// # Errors
    /// Why not; or the lane has stopped.
    pub async fn rename(&self, participant: ParticipantId, name: String, deed: Deed) -> Result<OnRecord, RunRefusal> {
        let deed = reasoned(deed)?;
        let _alone = self.acting.lock().await;
        let was = self.roster.with(participant, |player| player.name.to_string());
        let was = was.ok_or(RunRefusal::UnknownParticipant)?;
        if was == name {
            return Err(not_now("现在就叫这个名字"));
        }
        self.act(Act::Renamed { participant, was, name }, deed, self.now()).await
    }

    /// 隐藏姓名: boards show a star for it; or shows it again.
    ///
    /// # Errors
    /// Why not; or the lane has stopped.
    pub async fn hide_name(&self, participant: ParticipantId, hide: bool, deed: Deed) -> Result<OnRecord, RunRefusal> {
        let deed = reasoned(deed)?;
        let _alone = self.acting.lock().await;
        match self.roster.with(participant, |player| player.name_hidden) {
            None => return Err(RunRefusal::UnknownParticipant),
            Some(true) if hide => return Err(not_now("这位选手的名字已经隐藏")),
            Some(false) if !hide => return Err(not_now("这位选手的名字没有隐藏")),
            Some(_) => {}
        }
        let act = if hide { Act::NameHidden { participant } } else { Act::NameShown { participant } };
        self.act(act, deed, self.now()).await
    }

    /// Why an act cannot be taken back; `None`: it can.
    pub fn cannot_undo(&self, on_record: &OnRecord) -> Option<&'static str> {
        if on_record.undone.is_some() {
            return Some("这个操作已经撤销过了");
        }
        match &on_record.act {
            Act::Paused { .. } | Act::Excluded { .. } | Act::NameHidden { .. } => None,
            Act::Renamed { participant, .. } => {
                let acts = self.acts();
                let newest = acts.all().iter().rev().find(|one| {
                    matches!(one.act, Act::Renamed { .. })
                        && one.undone.is_none()
                        && one.participant() == Some(*participant)
                });
                newest.filter(|newest| newest.n != on_record.n).map(|_| "这位选手后来又改过名，请先撤销后面那一次")
            }
            Act::Extended { round, .. } => {
                let round = self.season.round_of_id(round);
                let over = round.is_none_or(|round| self.round_life(round, self.now()) == Life::Closed);
                over.then_some("这个场次已经结束，延长不能再撤销")
            }
            Act::AttemptsGiven { .. } => None,
            Act::TimeGiven { .. } => Some("补过的时间有人已经用了，不能收回"),
            Act::Resumed { .. } | Act::Reinstated { .. } | Act::NameShown { .. } | Act::Undone { .. } => {
                Some("这个操作本身就是撤销；需要的话请再做一次原来的操作")
            }
        }
    }

    /// 撤销: another act, which takes this one back.
    ///
    /// # Errors
    /// Why not; or the lane has stopped.
    pub async fn undo(&self, n: EntryNumber, deed: Deed) -> Result<OnRecord, RunRefusal> {
        let deed = reasoned(deed)?;
        let on_record = self.acts().of(n).cloned().ok_or(RunRefusal::UnknownAct)?;
        if let Some(why) = self.cannot_undo(&on_record) {
            return Err(not_now(why));
        }
        match &on_record.act {
            Act::Paused { round, .. } => {
                let round = round.as_deref().map(|id| self.round_named(id)).transpose()?;
                self.resume(round, deed).await
            }
            Act::Excluded { participant } => self.reinstate(*participant, deed).await,
            Act::NameHidden { participant } => self.hide_name(*participant, false, deed).await,
            Act::AttemptsGiven { round, to, .. } => self.take_back_given(n, round, to, deed).await,
            _ => {
                let _alone = self.acting.lock().await;
                // Looked at again: somebody may have been faster.
                let on_record = self.acts().of(n).cloned().ok_or(RunRefusal::UnknownAct)?;
                if let Some(why) = self.cannot_undo(&on_record) {
                    return Err(not_now(why));
                }
                self.act(Act::Undone { of: n, from: Vec::new() }, deed, self.now()).await
            }
        }
    }

    /// Commits an act; when this returns, it is done. By whoever holds [`Contest::acting`].
    pub(crate) async fn act(&self, act: Act, deed: Deed, now: Timestamp) -> Result<OnRecord, RunRefusal> {
        if self.acts().all().len() >= ACTS_MAX {
            return Err(RunRefusal::TooMany);
        }
        let note = Box::new(Note::Act { act, deed });
        let n = self.lane.append(Entry::Noted { at: now, note }).await?;
        let on_record = self.acts().of(n).cloned().ok_or(LedgerError::Stopped)?;
        tracing::info!(n, "an act of whoever runs the season is done");
        Ok(on_record)
    }

    /// The clocks of these rounds have changed: deadlines are met anew, and phones are told.
    async fn look_after(&self, rounds: &[RoundIndex]) {
        let participants: Vec<ParticipantId> = self.seats.iter().map(|seat| *seat.key()).collect();
        for some in participants.chunks(SEATS_AT_ONCE) {
            for seat in some.iter().filter_map(|participant| self.existing_seat(*participant)) {
                let mut state = seat.state();
                if state.live.as_deref().is_some_and(|live| rounds.contains(&live.attempt.round)) {
                    self.schedule(&seat, &mut state);
                    seat.wake(&state);
                }
            }
            tokio::task::yield_now().await;
        }
    }

    /// What a participant who is excluded is told; `None`: they are not.
    pub fn exclusion_of(&self, participant: ParticipantId) -> Option<Refusal> {
        let excluded = self.roster.with(participant, |player| player.excluded).unwrap_or(false);
        excluded.then(|| self.exclusion(participant))
    }
}
