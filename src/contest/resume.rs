//! Attempts as a start finds them: the ended ones go to limits and boards, the live ones run on where they were.

use crate::contest::core::Contest;
use crate::contest::pages::Pages;
use crate::contest::period::Periods;
use crate::contest::recovery::OpeningError;
use crate::contest::recovery::Recovered;
use crate::contest::rescore::Rescored;
use crate::contest::rescore::finished_of;
use crate::contest::rescore::rescored;
use crate::contest::scoreboard::Finished;
use crate::contest::scoreboard::Tallies;
use crate::contest::seat::ENDED_TOLD_MS;
use crate::contest::seat::JustEnded;
use crate::contest::seat::Live;
use crate::contest::windows::Windows;
use crate::contest::windows::windows_after;
use crate::domain::attempt::Attempt;
use crate::domain::attempt::Fate;
use crate::domain::attempt::Given;
use crate::domain::attempt::Settlement;
use crate::domain::ids::AttemptId;
use crate::domain::ids::ParticipantId;
use crate::domain::ids::RoundIndex;
use crate::domain::season::Season;
use crate::domain::time::Days;
use crate::domain::time::Timestamp;
use crate::ledger::entry::Act;
use crate::ledger::entry::Ended;
use crate::ledger::entry::EntryNumber;
use crate::ledger::entry::Note;
use crate::ledger::entry::OPENED_CODE;
use crate::ledger::store::LedgerError;
use crate::ledger::store::Noted;
use crate::ledger::store::Outcome;
use crate::ledger::store::PAGE_ROWS;
use crate::ledger::store::RawAnswer;
use crate::ledger::store::Recorded;
use crate::ledger::store::Store;
use crate::ledger::store::Told;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

const MINUTE_MS: i64 = 60_000;
/// City standings are known by the minute for a little more than an hour.
pub(crate) const SAMPLED_MS: i64 = 62 * MINUTE_MS;

/// An attempt as a start reads it: without its answers, unless a correction may need them.
struct Read {
    told: Told,
    ended: Option<Ended>,
}

impl Read {
    fn outcome(told: Told) -> Read {
        Read { told, ended: None }
    }

    fn whole(recorded: Recorded) -> Read {
        let Recorded { n, started, ended } = recorded;
        let outcome = ended.as_ref().map(|(n, ended)| (*n, Outcome::from(ended)));
        Read { told: Told { n, started, outcome }, ended: ended.map(|(_, ended)| ended) }
    }
}

/// What an attempt is to a start.
enum TakenUp {
    Live(Box<Live>),
    Over(Finished),
    /// The running season has no such round.
    OfNoRound,
}

/// What happened to a live attempt, in the ledger's order.
enum Event {
    Row(RawAnswer),
    /// The server was away, from and to: what is open in these rounds loses none of it.
    Away(Vec<RoundIndex>, Timestamp, Timestamp),
    /// The round stood still from this moment on; what was open then had been told later than its entry says, by so many milliseconds at most.
    Stopped(RoundIndex, Timestamp, i64),
    /// It ran on, as if the time between had not been.
    Started(RoundIndex, Timestamp, Timestamp),
    /// What is open in this round has so much more time.
    Given(RoundIndex, u32),
}

impl Contest {
    pub(crate) async fn take_up_attempts(&self, notes: &[Noted], found: &mut Recovered) -> Result<(), OpeningError> {
        let mut live: HashMap<AttemptId, (ParticipantId, Live)> = HashMap::new();
        let mut recent = Vec::new();
        let mut tallies = Tallies::new(&self.season).without(self.acts().excluded());
        let mut days = Days::of(&self.season.time_zone);
        // One moment for all, or of two attempts of the same person the later could be tallied first.
        let now = self.now();
        // The answers are read along only where a correction may need them.
        let with_answers = !self.periods().corrections().is_empty();
        let read = move |store: Arc<dyn Store>, after| async move {
            match with_answers {
                true => Ok(store.attempts(AttemptId(after)).await?.into_iter().map(Read::whole).collect()),
                false => Ok(store.outcomes(AttemptId(after)).await?.into_iter().map(Read::outcome).collect()),
            }
        };
        let mut pages: Pages<'_, Read, _> = Pages::new(&self.store, read, |read| read.told.started.attempt.0);
        while let Some(page) = pages.next().await? {
            let periods = self.periods();
            for Read { told, ended } in &page {
                match self.take_up(told, ended.as_ref(), &periods, &mut days, now) {
                    TakenUp::Live(attempt) => {
                        live.insert(told.started.attempt, (told.started.participant, *attempt));
                    }
                    TakenUp::Over(finished) if now.since(finished.standing.finished_at) < SAMPLED_MS => {
                        recent.push(finished);
                    }
                    TakenUp::Over(finished) => tallies.take(&self.season, &finished),
                    TakenUp::OfNoRound => {}
                }
            }
            if let Some(last) = page.last() {
                self.next_attempt.store(last.told.started.attempt.0 + 1, Ordering::Relaxed);
            }
            found.attempts += page.len();
            drop(periods);
        }
        found.attempts -= live.len();
        self.take_up_recent(recent, &mut tallies);
        *self.scoreboard() = tallies.ranked(&self.season, &self.roster);
        found.live = live.len();
        self.run_on(live, notes).await
    }

    /// Counts the attempts of the last hour minute by minute, so that what moved within it is known at once.
    pub(crate) fn take_up_recent(&self, mut recent: Vec<Finished>, tallies: &mut Tallies) {
        recent.sort_by_key(|finished| finished.standing.finished_at);
        let now = self.now();
        // Each minute's sample has what had ended before it, also those minutes in which nothing did.
        let mut minute = now.plus_ms(-SAMPLED_MS);
        for finished in recent {
            while minute < finished.standing.finished_at {
                tallies.sample(minute);
                minute = minute.plus_ms(MINUTE_MS);
            }
            tallies.take(&self.season, &finished);
        }
        while minute < now {
            tallies.sample(minute);
            minute = minute.plus_ms(MINUTE_MS);
        }
    }

    /// Takes an attempt into limits; a live one is returned as it was when it started.
    fn take_up(
        &self,
        told: &Told,
        ended: Option<&Ended>,
        periods: &Periods,
        days: &mut Days<'_>,
        now: Timestamp,
    ) -> TakenUp {
        let Told { n, started, outcome } = told;
        let Some(period) = periods.get(started.period) else {
            self.roster.change(started.participant, |player| player.started(started.attempt));
            return TakenUp::OfNoRound;
        };
        let day = days.day(started.at);
        let Some((_, outcome)) = outcome else {
            self.roster.change(started.participant, |player| {
                player.started(started.attempt);
                player.usage_mut(period.index).start(day, &period.round.attempts);
            });
            self.count_start(period.index, day);
            period.attempt_started();
            let mut attempt = Attempt::new(started.attempt, period.index, period.paper(&started.seed), started.at);
            attempt.start_committed(started.at);
            return TakenUp::Live(Box::new(Live {
                attempt,
                period: Arc::clone(period),
                scheme: Arc::default(),
                clock: period.clock.now(),
                started_n: *n,
            }));
        };
        let by_now = match ended {
            Some(ended) => rescored(period, started, ended),
            None => Rescored::of(*outcome),
        };
        for edition in &by_now.changed_by {
            self.concerned().add(*edition, started.participant, started.attempt);
        }
        let mut finished = finished_of(started.participant, started.attempt, &by_now, period, day);
        self.count_start(period.index, day);
        self.roster.change(started.participant, |player| {
            player.started(started.attempt);
            player.usage_mut(period.index).start(day, &period.round.attempts);
            finished.use_up(player);
            finished.city = player.city_at(*n);
        });
        if now.since(outcome.at) <= ENDED_TOLD_MS {
            let just_ended = JustEnded {
                attempt: started.attempt,
                at: outcome.at,
                live: None,
                result: None,
                told: true,
                before: None,
            };
            self.seat(started.participant).state().ended = Some(just_ended);
        }
        TakenUp::Over(finished)
    }

    /// Plays the raw answers and the outages since on the live attempts, in the ledger's order, and seats them.
    async fn run_on(
        &self,
        mut live: HashMap<AttemptId, (ParticipantId, Live)>,
        notes: &[Noted],
    ) -> Result<(), OpeningError> {
        let Some(since) = live.values().map(|(_, live)| live.started_n).min() else { return Ok(()) };
        let mut events = events_of_clocks(&self.season, notes, since);
        let mut after = since;
        loop {
            let page = self.store.answers(after).await?;
            let more = page.len() as i64 == PAGE_ROWS;
            after = page.last().map_or(after, |row| row.n);
            let of_live = page.into_iter().filter(|row| live.contains_key(&row.attempt));
            events.extend(of_live.map(|row| (row.n, Event::Row(row))));
            if !more {
                break;
            }
        }
        events.sort_by_key(|(n, _)| *n);
        // By round: since which entry it stands still, and since when.
        let mut stopped: HashMap<RoundIndex, (EntryNumber, Timestamp)> = HashMap::new();
        for (n, event) in events {
            match event {
                Event::Stopped(round, at, told_after_ms) => {
                    stopped.insert(round, (n, at));
                    live.values_mut()
                        .filter(|(_, live)| live.started_n < n && live.attempt.round == round)
                        .for_each(|(_, live)| live.attempt.shift(at.plus_ms(-told_after_ms), at));
                }
                Event::Started(round, from, to) => {
                    let stopped = stopped.remove(&round);
                    for (_, live) in live.values_mut().filter(|(_, live)| live.started_n < n) {
                        if live.attempt.round == round {
                            began_no_earlier(live, stopped);
                            live.attempt.shift(from, to);
                        }
                    }
                }
                Event::Away(rounds, from, to) => {
                    live.values_mut()
                        .filter(|(_, live)| live.started_n < n && rounds.contains(&live.attempt.round))
                        .for_each(|(_, live)| live.attempt.shift(from, to));
                }
                Event::Given(round, ms) => {
                    live.values_mut()
                        .filter(|(_, live)| live.started_n < n && live.attempt.round == round)
                        .for_each(|(_, live)| live.attempt.give(ms));
                }
                Event::Row(row) => {
                    if let Some((_, live)) = live.get_mut(&row.attempt) {
                        take_row(live, row)?;
                        // What was committed while the round stood still was told meanwhile, and its clock had not begun.
                        if let Some((_, at)) = stopped.get(&live.attempt.round) {
                            live.attempt.not_before(*at);
                        }
                    }
                }
            }
        }
        for (participant, mut attempt) in live.into_values() {
            let still = stopped.get(&attempt.attempt.round).copied();
            began_no_earlier(&mut attempt, still);
            attempt.mark_by(attempt.period.scheme());
            attempt.clock = attempt.period.clock.now();
            let seat = self.seat(participant);
            let mut state = seat.state();
            state.live = Some(Box::new(attempt));
            self.schedule(&seat, &mut state);
        }
        Ok(())
    }

    /// Moves every live attempt on by the outage that ends with this start. What stands still has it back when it runs on.
    pub(crate) fn give_back(&self, from: Timestamp, to: Timestamp) {
        for seat in &self.seats {
            if let Some(live) = seat.state().live.as_deref_mut().filter(|live| !live.clock.is_stopped()) {
                // Its deadline, looked at too early, is found again from there.
                live.attempt.shift(from, to);
            }
        }
    }
}

fn events_of_clocks(season: &Season, notes: &[Noted], since: EntryNumber) -> Vec<(EntryNumber, Event)> {
    let mut windows = Windows::of(season);
    let mut events = Vec::new();
    for noted in notes {
        if let Note::Act { act: Act::Resumed { round }, .. } = &noted.note {
            let of_id = round.as_deref().map(|id| season.round_of_id(id));
            let spans = if of_id == Some(None) { Vec::new() } else { windows.resume(of_id.flatten(), noted.at) };
            events.extend(spans.into_iter().map(|(round, from, to)| (noted.n, Event::Started(round, from, to))));
            continue;
        }
        if let Note::Act { act: Act::Paused { round, told_after_ms }, .. } = &noted.note {
            let of_id = round.as_deref().map(|id| season.round_of_id(id));
            let rounds = if of_id == Some(None) { Vec::new() } else { windows.pause(of_id.flatten(), noted.at) };
            events.extend(rounds.into_iter().map(|round| (noted.n, Event::Stopped(round, noted.at, *told_after_ms))));
            continue;
        }
        let rounds = windows_after(&mut windows, season, notes, noted);
        match &noted.note {
            Note::Outage { from, to } => events.push((noted.n, Event::Away(rounds, *from, *to))),
            Note::Act { act: Act::TimeGiven { round, ms }, .. } => {
                events.extend(season.round_of_id(round).map(|round| (noted.n, Event::Given(round, *ms))));
            }
            _ => {}
        }
    }
    // A pause from before may still be one; what of it is over by then concerns nobody.
    events.retain(|(n, event)| *n > since || matches!(event, Event::Stopped(..) | Event::Started(..)));
    events
}

/// An attempt whose start was committed while its round stood still began no earlier than that.
fn began_no_earlier(live: &mut Live, stopped: Option<(EntryNumber, Timestamp)>) {
    if let Some((_, at)) = stopped.filter(|(n, _)| *n < live.started_n) {
        live.attempt.not_before(at);
    }
}

fn take_row(live: &mut Live, row: RawAnswer) -> Result<(), LedgerError> {
    live.attempt.heard_at = row.at;
    if row.given == OPENED_CODE {
        live.attempt.open_next(row.at);
        return Ok(());
    }
    let unreadable = || LedgerError::Unreadable { n: row.n, what: format!("不认识的答案 {}", row.given) };
    let given = Given::from_code(row.given).ok_or_else(unreadable)?;
    let fate = Fate { seq: row.seq, given, elapsed_ms: row.elapsed_ms };
    // Its verdict was told as the corrections up to there had it.
    live.mark_by(live.period.scheme_before(row.n));
    live.attempt.settle(live.period.rules(&live.scheme), Settlement { question: Some(fate), ending: None }, row.at);
    Ok(())
}
