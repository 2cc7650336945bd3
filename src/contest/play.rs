//! The participant's verbs: start, answer, next, finish; and what time asks for.
//! Each takes the moment, reserves room in the ledger before it judges, and never awaits in between.

use crate::contest::core::Contest;
use crate::contest::core::Life;
use crate::contest::refusal::Exhausted;
use crate::contest::refusal::NotEligible;
use crate::contest::refusal::Refusal;
use crate::contest::seat::Asked;
use crate::contest::seat::Live;
use crate::contest::seat::Seat;
use crate::contest::seat::SeatState;
use crate::contest::seat::VerdictFacts;
use crate::domain::attempt::AnswerRefusal;
use crate::domain::attempt::Attempt;
use crate::domain::attempt::Due;
use crate::domain::attempt::Ending;
use crate::domain::attempt::Judged;
use crate::domain::attempt::Phase;
use crate::domain::attempt::Settlement;
use crate::domain::ids::AttemptId;
use crate::domain::ids::ParticipantId;
use crate::domain::ids::RoundIndex;
use crate::domain::question::Choices;
use crate::domain::time::Timestamp;
use crate::ledger::entry::Ended;
use crate::ledger::entry::Entry;
use crate::ledger::entry::Settled;
use crate::ledger::entry::Started;
use crate::ledger::lane::Room;
use std::sync::Arc;

/// A client that dropped within so long of question 1, and did not come back, may have the attempt handed back.
const HAND_BACK_WITHIN_MS: i64 = 10_000;
/// After a full queue, time's demands are tried again.
const DUE_RETRY_MS: i64 = 50;

/// What an answer got at once; most verdicts come later, as news of the seat.
pub enum Answered {
    /// The verdict comes by itself when it is durable.
    Settling,
    /// An answer to the same question is being committed: to be asked again when there is news of it.
    Waiting,
    /// The same answer was settled before: its verdict as it was first told.
    Again(VerdictFacts),
    /// Not live and not just ended: [`Contest::answer_to_past`] knows.
    Past,
}

impl Contest {
    /// Begins an attempt; its first question comes as news when the start is durable.
    ///
    /// # Errors
    /// Why the participant may not start; nothing was used up.
    pub fn start(&self, seat: &Seat, round: &str, now: Timestamp) -> Result<(), Refusal> {
        let index = self.season.round_of_id(round).ok_or(Refusal::UnknownRound)?;
        let room = self.lane.reserve_for_start().map_err(|_| Refusal::Busy)?;
        let mut state = seat.state();
        if let Some(live) = state.live.as_deref_mut() {
            if live.period.round.counts {
                return Err(Refusal::AttemptInProgress);
            }
            // An attempt that doesn't count makes room; it is refused first if the new one could not start.
            self.may_start(seat.participant, index, now)?;
            live.take_up_corrections();
            live.take_up_clock();
            let at = live.clock.reads(now);
            let ending = live.attempt.end(live.period.rules(&live.scheme), Ending::Replaced, at);
            if let Some(settlement) = ending {
                room.push(self.settled_entry(seat.participant, live, settlement, now));
            }
            state.asked = Some(Asked::Start(index));
            return Ok(());
        }
        self.start_now(seat, &mut state, index, now, room)
    }

    /// Starts with nothing live on the seat.
    pub(crate) fn start_now(
        &self,
        seat: &Seat,
        state: &mut SeatState,
        index: RoundIndex,
        now: Timestamp,
        room: Room<'_>,
    ) -> Result<(), Refusal> {
        self.may_start(seat.participant, index, now)?;
        let day = self.season.time_zone.day(now);
        let participant = self.keys.participant(seat.participant);
        // The period is chosen and counted under one lock, so that its secret cannot come out in between.
        let periods = self.periods();
        let period = periods.current(index, now).filter(|period| !period.secret_is_out()).ok_or(not_open(None))?;
        let used = self.roster.change(seat.participant, |player| {
            let used = player.usage_mut(index);
            used.start(day, &period.round.attempts);
            (used.number, player.latest())
        });
        let (number, previous) = used.ok_or(Refusal::UnknownRound)?;
        let seed = period.seed(&participant, number).ok_or(not_open(None))?;
        period.attempt_started();
        let attempt = Attempt::new(self.new_attempt_id(), index, period.paper(&seed), now);
        let started = Started {
            attempt: attempt.id,
            participant: seat.participant,
            previous,
            period: period.n,
            number,
            seed,
            at: now,
        };
        let (scheme, clock) = (period.scheme(), period.clock.now());
        state.live = Some(Box::new(Live { attempt, period: Arc::clone(period), scheme, clock, started_n: 0 }));
        room.push(Entry::Started(Box::new(started)));
        Ok(())
    }

    /// # Errors
    /// The first reason found why the participant may not start in this round now.
    fn may_start(&self, participant: ParticipantId, index: RoundIndex, now: Timestamp) -> Result<(), Refusal> {
        let round = self.season.round(index);
        match self.round_life(index, now) {
            Life::Open => {}
            Life::Paused => return Err(Refusal::RoundPaused),
            Life::Upcoming if now < self.season.opens => {
                return Err(Refusal::SeasonNotOpen { opens: Some(self.season.opens) });
            }
            Life::Upcoming => return Err(not_open(Some(round.opens))),
            Life::Settling | Life::Closed if self.season_life(now) != Life::Open => {
                return Err(Refusal::SeasonNotOpen { opens: None });
            }
            Life::Settling | Life::Closed => return Err(not_open(None)),
        }
        let day = self.season.time_zone.day(now);
        let found = self.roster.with(participant, |player| {
            let past_gate =
                round.gate.is_none_or(|gate| u32::from(player.usage(gate.round).best_correct) >= gate.right);
            (player.place.group, past_gate, player.usage(index).left(&round.attempts, day), player.excluded)
        });
        let (group, past_gate, left, excluded) = found.ok_or(Refusal::UnknownRound)?;
        if excluded {
            return Err(self.exclusion(participant));
        }
        if !round.groups.is_empty() && !group.is_some_and(|group| round.groups.contains(&group)) {
            let names = round.groups.iter().map(|group| self.season.groups[usize::from(group.0)].name.as_str());
            let allowed = names.collect::<Vec<_>>().join("、");
            return Err(Refusal::NotEligible(NotEligible::Group { allowed }));
        }
        if let Some(gate) = round.gate.filter(|_| !past_gate) {
            let name = self.season.round(gate.round).name.clone();
            return Err(Refusal::NotEligible(NotEligible::Gate { round: name, right: gate.right }));
        }
        match (left.today, left.week, left.in_all) {
            (_, _, Some(0)) => Err(Refusal::AttemptsExhausted(Exhausted::InAll)),
            (_, Some(0), _) => Err(Refusal::AttemptsExhausted(Exhausted::ThisWeek)),
            (Some(0), _, _) => Err(Refusal::AttemptsExhausted(Exhausted::Today)),
            _ => Ok(()),
        }
    }

    /// Takes an answer to question `seq`; `shown` are places as they were shown, `None` where they name no set.
    ///
    /// # Errors
    /// Why it is not taken; the question stays as it was.
    pub fn answer(
        &self,
        seat: &Seat,
        attempt: AttemptId,
        seq: u32,
        shown: Option<Choices>,
        now: Timestamp,
    ) -> Result<Answered, Refusal> {
        let room = self.lane.reserve().map_err(|_| Refusal::Busy)?;
        let mut state = seat.state();
        let is_live = state.live.as_deref().is_some_and(|live| live.attempt.id == attempt);
        if !is_live {
            return Contest::answer_to_ended(&mut state, attempt, seq, shown, now);
        }
        let Some(live) = state.live.as_deref_mut() else { return Ok(Answered::Past) };
        live.take_up_corrections();
        live.take_up_clock();
        if live.clock.is_stopped() && live.attempt.waits_for(seq) {
            return Err(Refusal::RoundPaused);
        }
        match live.attempt.judge(live.period.rules(&live.scheme), seq, shown, now) {
            Ok(Judged::Settling(settlement)) => {
                room.push(self.settled_entry(seat.participant, live, settlement, now));
                Ok(Answered::Settling)
            }
            Ok(Judged::Waiting) => Ok(Answered::Waiting),
            Ok(Judged::Again) => Ok(live.verdict_facts(seq).map_or(Answered::Past, Answered::Again)),
            Err(refusal) => {
                drop(state);
                if refusal == AnswerRefusal::TooLate {
                    drop(room);
                    self.come_due(seat.participant, now);
                }
                Err(refusal.into())
            }
        }
    }

    /// An answer to an attempt that is over and still at hand.
    fn answer_to_ended(
        state: &mut SeatState,
        attempt: AttemptId,
        seq: u32,
        shown: Option<Choices>,
        now: Timestamp,
    ) -> Result<Answered, Refusal> {
        let ended = state.ended.as_mut().filter(|ended| ended.attempt == attempt);
        let Some(live) = ended.and_then(|ended| ended.live.as_deref_mut()) else { return Ok(Answered::Past) };
        match live.attempt.judge(live.period.rules(&live.scheme), seq, shown, now)? {
            Judged::Again => Ok(live.verdict_facts(seq).map_or(Answered::Past, Answered::Again)),
            Judged::Settling(_) | Judged::Waiting => Err(Refusal::UnknownAttempt),
        }
    }

    /// Opens the next question where a verdict waits for it; otherwise it is passed over.
    ///
    /// # Errors
    /// The attempt is not this participant's live one.
    pub fn next(&self, seat: &Seat, attempt: AttemptId, now: Timestamp) -> Result<(), Refusal> {
        let mut state = seat.state();
        let live = state.live.as_deref_mut().filter(|live| live.attempt.id == attempt);
        let live = live.ok_or(Refusal::UnknownAttempt)?;
        live.take_up_clock();
        if live.clock.is_stopped() {
            return Err(Refusal::RoundPaused);
        }
        if live.attempt.open_next(now) {
            self.note_opened(live, now);
            self.schedule(seat, &mut state);
            seat.wake(&state);
        }
        Ok(())
    }

    /// That a question was opened is worth keeping for a crash, and not worth waiting or refusing for.
    fn note_opened(&self, live: &Live, now: Timestamp) {
        if let Ok(room) = self.lane.reserve() {
            let seq = live.attempt.settled().len() as u32 + 1;
            room.push(Entry::Opened { attempt: live.attempt.id, seq, at: now });
        }
    }

    /// Hands the paper in; its result comes as news when it is durable.
    ///
    /// # Errors
    /// The attempt is not this participant's live one, or the queue is full.
    pub fn finish(&self, seat: &Seat, attempt: AttemptId, now: Timestamp) -> Result<(), Refusal> {
        let room = self.lane.reserve().map_err(|_| Refusal::Busy)?;
        let mut state = seat.state();
        let live = state.live.as_deref_mut().filter(|live| live.attempt.id == attempt);
        let live = live.ok_or(Refusal::UnknownAttempt)?;
        live.take_up_corrections();
        live.take_up_clock();
        if live.clock.is_stopped() {
            return Err(Refusal::RoundPaused);
        }
        match live.attempt.end(live.period.rules(&live.scheme), Ending::HandedIn, now) {
            Some(settlement) => room.push(self.settled_entry(seat.participant, live, settlement, now)),
            None => state.asked = Some(Asked::Finish),
        }
        Ok(())
    }

    /// A deadline that was asked for `at` a moment has come. One that an earlier one has overtaken is passed over.
    pub fn deadline_came(&self, participant: ParticipantId, at: Timestamp, now: Timestamp) {
        let asked_for = self.existing_seat(participant).is_some_and(|seat| seat.state().wake_at == Some(at));
        if asked_for {
            self.come_due(participant, now);
        }
    }

    /// Does what time asks for on a participant's seat, if anything does.
    fn come_due(&self, participant: ParticipantId, now: Timestamp) {
        let Some(seat) = self.existing_seat(participant) else { return };
        let mut state = seat.state();
        if state.wake_at.is_some_and(|wake_at| wake_at <= now) {
            state.wake_at = None;
        }
        let Some(live) = state.live.as_deref_mut() else { return };
        live.take_up_corrections();
        live.take_up_clock();
        if live.clock.is_stopped() {
            // Time asks for nothing; whoever lets the round run on sees to its deadlines.
            return;
        }
        let hand_back = self.hands_back(participant, &state);
        let Some(live) = state.live.as_deref_mut() else { return };
        let rules = live.period.rules(&live.scheme);
        if live.attempt.deadline(rules).is_some_and(|at| at <= now) {
            let Ok(room) = self.lane.reserve() else {
                let retry_at = now.plus_ms(DUE_RETRY_MS);
                state.wake_at = Some(retry_at);
                self.deadlines.add(retry_at, participant);
                return;
            };
            let due = if hand_back {
                live.attempt.end(rules, Ending::HandedBack, now).map(Due::Settle)
            } else {
                live.attempt.due(rules, now)
            };
            match due {
                Some(Due::Settle(settlement)) => room.push(self.settled_entry(participant, live, settlement, now)),
                Some(Due::OpenNext) => {
                    live.attempt.open_next(now);
                    let seq = live.attempt.settled().len() as u32 + 1;
                    room.push(Entry::Opened { attempt: live.attempt.id, seq, at: now });
                    seat.wake(&state);
                }
                None => {}
            }
        }
        self.schedule(&seat, &mut state);
    }

    /// Whether question 1, timed out, gives the attempt back instead: the client dropped early and has not come back.
    fn hands_back(&self, participant: ParticipantId, state: &SeatState) -> bool {
        let (Some(live), Some(dropped_at), None) = (state.live.as_deref(), state.dropped_at, &state.waker) else {
            return false;
        };
        let Phase::Open { since } = live.attempt.phase() else { return false };
        let allowed = live.period.round.attempts.hand_back
            && live.attempt.settled().is_empty()
            && dropped_at.since(since) <= HAND_BACK_WITHIN_MS;
        // Once a day: the attempt's own, which may be over by now.
        let day = self.season.time_zone.day(live.attempt.started_at);
        let index = live.attempt.round;
        allowed && self.roster.with(participant, |p| p.usage(index).may_be_handed_back(day)).unwrap_or(false)
    }

    /// The entry of a settlement, with the attempt's end where it is one: what it comes to is computed on a copy, since
    /// nothing counts before it is committed.
    pub(crate) fn settled_entry(
        &self,
        participant: ParticipantId,
        live: &Live,
        settlement: Settlement,
        now: Timestamp,
    ) -> Entry {
        let ended = settlement.ending.map(|ending| {
            let mut after = live.attempt.clone();
            after.settle(live.rules(), settlement, now);
            Box::new(Ended {
                attempt: after.id,
                score: after.score(),
                correct: after.correct(),
                elapsed_ms: after.elapsed_ms(),
                at: now,
                ending,
                fates: after.fates().collect(),
                edition: live.scheme.edition,
                receipt: None,
            })
        });
        Entry::Settled(Settled { participant, attempt: live.attempt.id, fate: settlement.question, at: now, ended })
    }

    /// Sees to it that the live attempt's deadline is met.
    pub(crate) fn schedule(&self, seat: &Seat, state: &mut SeatState) {
        let Some(live) = state.live.as_deref_mut() else { return };
        live.take_up_clock();
        let deadline = live.attempt.deadline(live.rules()).filter(|_| !live.clock.is_stopped());
        let Some(deadline) = deadline else { return };
        if state.wake_at.is_none_or(|wake_at| deadline < wake_at) {
            state.wake_at = Some(deadline);
            self.deadlines.add(deadline, seat.participant);
        }
    }
}

fn not_open(opens: Option<Timestamp>) -> Refusal {
    Refusal::RoundNotOpen { opens }
}
