//! What was committed is applied: attempts settle, boards move, sockets are woken. Called by the lane alone, in its order.

use crate::contest::core::Contest;
use crate::contest::rescore::Rescored;
use crate::contest::rescore::finished_of;
use crate::contest::roster::Player;
use crate::contest::scoreboard::Finished;
use crate::contest::seat::Asked;
use crate::contest::seat::JustEnded;
use crate::contest::seat::Live;
use crate::contest::seat::ResultFacts;
use crate::contest::seat::Seat;
use crate::contest::seat::SeatState;
use crate::domain::attempt::Ending;
use crate::domain::attempt::Phase;
use crate::domain::attempt::Settlement;
use crate::domain::ids::AttemptId;
use crate::domain::ids::ParticipantId;
use crate::domain::time::Timestamp;
use crate::ledger::entry::Entry;
use crate::ledger::entry::EntryNumber;
use crate::ledger::entry::Note;
use crate::ledger::entry::Registered;
use crate::ledger::entry::Settled;
use crate::ledger::entry::Started;
use crate::ledger::entry::Who;
use crate::ledger::lane::Projection;
use crate::ledger::store::Outcome;
use std::sync::Arc;
use std::sync::PoisonError;

impl Projection for Contest {
    fn committed(&self, first: EntryNumber, entries: Vec<Entry>) {
        let now = self.now();
        let mut over = Vec::new();
        for (n, entry) in (first..).zip(entries) {
            match entry {
                Entry::Registered(registered) => self.registered(&registered),
                Entry::Started(started) => self.started(n, &started, now),
                Entry::Opened { .. } => {}
                Entry::Settled(settled) => over.extend(self.settled(settled, now)),
                Entry::Noted { at, note } => {
                    if matches!(*note, Note::Correction(_) | Note::Act { .. }) {
                        // What ended before it is on the boards before it.
                        over.drain(..).for_each(|(seat, attempt)| self.finished(&seat, attempt, now));
                    }
                    self.noted(n, at, &note, now);
                }
            }
        }
        // Verdicts in mid-paper have been told by now; only results wait for the boards.
        for (seat, attempt) in over {
            self.finished(&seat, attempt, now);
        }
    }
}

impl Contest {
    fn registered(&self, registered: &Registered) {
        if let Some(place) = self.places.place(&self.season, &registered.who) {
            self.roster.insert(registered.participant, Player::new(&registered.who.name, place));
        }
    }

    fn started(&self, n: EntryNumber, started: &Started, now: Timestamp) {
        self.roster.change(started.participant, |player| player.started(started.attempt));
        let seat = self.seat(started.participant);
        let mut state = seat.state();
        if let Some(live) = state.live.as_deref_mut() {
            live.started_n = n;
            // What changed before its entry is none of its business.
            live.clock = live.period.clock.now();
            live.attempt.start_committed(now);
            self.count_start(live.attempt.round, self.season.time_zone.day(started.at));
            // What was kept of the attempt before has been told, or can be read from the ledger.
            let nobody_is_there = state.waker.is_none();
            if let Some(ended) = state.ended.as_mut().filter(|ended| ended.told || nobody_is_there) {
                ended.live = None;
                ended.result = None;
            }
        }
        self.do_what_was_asked(&seat, &mut state, now);
        self.schedule(&seat, &mut state);
        seat.wake(&state);
    }

    /// Applies a settlement; the seat is returned where the attempt is over.
    fn settled(&self, settled: Settled, now: Timestamp) -> Option<(Arc<Seat>, AttemptId)> {
        let seat = self.seat(settled.participant);
        let mut state = seat.state();
        let live = state.live.as_deref_mut().filter(|live| live.attempt.id == settled.attempt)?;
        let ending = settled.ended.as_ref().map(|ended| ended.ending);
        if ending.is_none() {
            // A verdict is told as it stands when it is committed; an end says under which edition it was judged.
            live.take_up_corrections_at_commit();
        }
        live.take_up_clock();
        live.attempt.settle(live.period.rules(&live.scheme), Settlement { question: settled.fate, ending }, now);
        if let Some(ended) = &settled.ended {
            live.period.attempt_ended();
            let live = state.live.take();
            let before = state.ended.take().filter(|before| !before.told && before.live.is_some()).map(Box::new);
            let (attempt, at) = (settled.attempt, ended.at);
            state.ended = Some(JustEnded { attempt, at, live, result: None, told: false, before });
        } else {
            self.do_what_was_asked(&seat, &mut state, now);
            self.schedule(&seat, &mut state);
        }
        seat.wake(&state);
        drop(state);
        settled.ended.map(|_| (seat, settled.attempt))
    }

    /// A `finish` or `start` that came while a commit was under way.
    fn do_what_was_asked(&self, seat: &Seat, state: &mut SeatState, now: Timestamp) {
        let Some(asked) = state.asked else { return };
        let Ok(room) = self.lane.reserve() else { return };
        let Some(live) = state.live.as_deref_mut() else { return };
        let ending = match asked {
            Asked::Finish => {
                state.asked = None;
                Ending::HandedIn
            }
            Asked::Start(_) => Ending::Replaced,
        };
        live.take_up_corrections();
        live.take_up_clock();
        let at = live.clock.reads(now);
        if let Some(settlement) = live.attempt.end(live.period.rules(&live.scheme), ending, at) {
            room.push(self.settled_entry(seat.participant, live, settlement, now));
        }
    }

    /// Puts an attempt that is over on the boards and its result on the seat; then does the start that waited for it.
    fn finished(&self, seat: &Seat, attempt: AttemptId, now: Timestamp) {
        let mut state = seat.state();
        let ended = state.ended.as_mut().filter(|ended| ended.attempt == attempt);
        let Some((ended, live)) = ended.and_then(|ended| {
            let at = ended.at;
            ended.live.as_deref().map(|live| self.result(seat.participant, live, at)).map(|result| (ended, result))
        }) else {
            return;
        };
        ended.result = Some(Box::new(live));
        if let Some(Asked::Start(round)) = state.asked.take() {
            let begun = match self.lane.reserve() {
                Ok(room) => self.start_now(seat, &mut state, round, now, room),
                Err(_) => Err(crate::contest::refusal::Refusal::Busy),
            };
            state.refused = begun.err();
        }
        state.asked = None;
        seat.wake(&state);
    }

    fn result(&self, participant: ParticipantId, live: &Live, at: Timestamp) -> ResultFacts {
        let attempt = &live.attempt;
        let (finished, corrected_by) = self.finished_facts(participant, live, at);
        for edition in corrected_by {
            // A correction came between its judging and its commit: the boards have it as it is by now.
            self.concerned().put(edition, vec![(participant, attempt.id)]);
        }
        let excluded = self.roster.change(participant, |player| {
            finished.use_up(player);
            player.excluded
        });
        let excluded = excluded.unwrap_or(false);
        let (best, ranks) = self.scoreboard().finish(&self.season, &self.roster, &finished);
        ResultFacts {
            attempt: attempt.id,
            round: attempt.round,
            score: attempt.score(),
            correct: attempt.correct(),
            of: attempt.of(),
            elapsed_ms: attempt.elapsed_ms(),
            finished_at: at,
            counted: finished.counted && !excluded,
            best,
            ranks,
        }
    }

    /// With the corrections that have changed it since it was judged; none, but for the few milliseconds of a commit.
    fn finished_facts(&self, participant: ParticipantId, live: &Live, at: Timestamp) -> (Finished, Vec<u16>) {
        let attempt = &live.attempt;
        let Phase::Over(ending) = attempt.phase() else { unreachable!("what is finished is over") };
        let (score, correct, elapsed_ms) = (attempt.score(), attempt.correct(), attempt.elapsed_ms());
        let mut by_now = Rescored::of(Outcome { score, correct, elapsed_ms, at, ending });
        let since = live.period.schemes_after(live.scheme.edition);
        if !since.is_empty() {
            by_now.go_on(&mut attempt.clone(), &live.period, &since);
        }
        let city = self.roster.with(participant, |player| player.city_at(live.started_n)).unwrap_or_default();
        let day = self.season.time_zone.day(attempt.started_at);
        let finished = Finished { city, ..finished_of(participant, attempt.id, &by_now, &live.period, day) };
        (finished, by_now.changed_by)
    }

    fn noted(&self, n: EntryNumber, at: Timestamp, note: &Note, now: Timestamp) {
        match note {
            Note::Correction(correction) => {
                let mut periods = self.periods.write().unwrap_or_else(PoisonError::into_inner);
                periods.correct(n, at, correction);
                periods.corrections().last().into_iter().for_each(|last| self.concerned().open(last, now));
                drop(periods);
                self.scoreboard().begin_anew();
            }
            Note::Changed { participant, who } => self.changed(n, *participant, who),
            Note::Period(period) => {
                let Some(index) = self.season.round_of_id(&period.round) else { return };
                let bank = self.banks().of_digest(&period.bank).map(|bank| Arc::clone(&bank.version));
                if let Some(bank) = bank {
                    let round = self.season.round(index).clone();
                    let mut periods = self.periods.write().unwrap_or_else(PoisonError::into_inner);
                    periods.take_up(n, period, index, round, bank, Some(&self.keys));
                }
            }
            Note::SecretOut { period, .. } => {
                if let Some(period) = self.period(*period) {
                    period.let_secret_out();
                }
            }
            Note::Bank { .. } | Note::Rested { .. } => {
                let mut banks = self.banks.write().unwrap_or_else(PoisonError::into_inner);
                if let Err(error) = banks.take(note) {
                    tracing::error!(n, %error, "a bank version was committed that cannot be read");
                }
            }
            Note::Act { act, deed } => self.acted(n, at, act, deed, now),
            // The season and outages are taken up by a start; tokens by the accounts; reports by the desk.
            Note::Season { .. } | Note::Outage { .. } | Note::Token { .. } | Note::Report { .. } => {}
        }
        tracing::debug!(n, at = now.0, "noted");
    }

    /// A participant's name or place from entry `n` on: they leave the boards of the old place for those of the new.
    fn changed(&self, n: EntryNumber, participant: ParticipantId, who: &Who) {
        let Some(place) = self.places.place(&self.season, who) else { return };
        // Both under one lock: standings that are computed anew find the place on the boards or the move, never half of it.
        let mut scoreboard = self.scoreboard();
        let before = self.roster.change(participant, |player| player.take_change(n, &who.name, place));
        if let Some(before) = before.filter(|before| *before != place) {
            scoreboard.moved(participant, before, place);
        }
    }
}
