//! Attempts as a start finds them: the ended ones go to limits and boards, the live ones run on where they were.

use crate::contest::core::Contest;
use crate::contest::period::Period;
use crate::contest::recovery::OpeningError;
use crate::contest::recovery::Recovered;
use crate::contest::scoreboard::Finished;
use crate::contest::seat::ENDED_TOLD_MS;
use crate::contest::seat::JustEnded;
use crate::contest::seat::Live;
use crate::domain::attempt::Attempt;
use crate::domain::attempt::Ending;
use crate::domain::attempt::Fate;
use crate::domain::attempt::Given;
use crate::domain::attempt::Settlement;
use crate::domain::ids::AttemptId;
use crate::domain::ids::ParticipantId;
use crate::domain::score::Standing;
use crate::domain::season::Season;
use crate::domain::time::Timestamp;
use crate::ledger::entry::Ended;
use crate::ledger::entry::EntryNumber;
use crate::ledger::entry::Note;
use crate::ledger::entry::OPENED_CODE;
use crate::ledger::entry::Started;
use crate::ledger::store::LedgerError;
use crate::ledger::store::Noted;
use crate::ledger::store::PAGE_ROWS;
use crate::ledger::store::RawAnswer;
use crate::ledger::store::Recorded;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

const MINUTE_MS: i64 = 60_000;
/// City standings are known by the minute for a little more than an hour.
const SAMPLED_MS: i64 = 62 * MINUTE_MS;

/// What happened to a live attempt, in the ledger's order.
enum Event {
    Row(RawAnswer),
    /// The server was away, from and to.
    Away(Timestamp, Timestamp),
}

impl Contest {
    pub(crate) async fn take_up_attempts(&self, notes: &[Noted], found: &mut Recovered) -> Result<(), OpeningError> {
        let mut live: HashMap<AttemptId, (ParticipantId, Live)> = HashMap::new();
        let mut recent = Vec::new();
        let mut after = AttemptId(0);
        loop {
            let page = self.store.attempts(after).await?;
            for recorded in &page {
                match self.take_up(recorded, &mut recent) {
                    Some(attempt) => {
                        live.insert(recorded.started.attempt, (recorded.started.participant, attempt));
                    }
                    None => found.attempts += 1,
                }
            }
            match page.last() {
                Some(last) => {
                    after = last.started.attempt;
                    self.next_attempt.store(after.0 + 1, Ordering::Relaxed);
                    if (page.len() as i64) < PAGE_ROWS {
                        break;
                    }
                }
                None => break,
            }
        }
        self.take_up_recent(recent);
        found.live = live.len();
        self.run_on(live, notes).await
    }

    /// Puts the attempts of the last hour on the boards minute by minute, so that what moved within it is known at once.
    fn take_up_recent(&self, mut recent: Vec<Finished>) {
        recent.sort_by_key(|finished| finished.standing.finished_at);
        let mut scoreboard = self.scoreboard();
        let now = self.now();
        // Each minute's sample has what had ended before it, also those minutes in which nothing did.
        let mut minute = now.plus_ms(-SAMPLED_MS);
        for finished in recent {
            while minute < finished.standing.finished_at {
                scoreboard.sample(minute);
                minute = minute.plus_ms(MINUTE_MS);
            }
            scoreboard.finish(&self.season, &self.roster, &finished);
        }
        while minute < now {
            scoreboard.sample(minute);
            minute = minute.plus_ms(MINUTE_MS);
        }
    }

    /// Takes an ended attempt into limits and boards, those of the last hour later; a live one is returned as it was when it started.
    fn take_up(&self, recorded: &Recorded, recent: &mut Vec<Finished>) -> Option<Live> {
        let started = &recorded.started;
        let period = self.period(started.period)?;
        let day = self.season.time_zone.day(started.at);
        self.roster.change(started.participant, |player| player.usage_mut(period.index).start(day));
        match &recorded.ended {
            Some((_, ended)) => {
                let city =
                    self.roster.with(started.participant, |player| player.city_at(recorded.n)).unwrap_or_default();
                let finished = finished_of(&self.season, started, ended, &period, city);
                self.used_up(&finished);
                if self.now().since(ended.at) < SAMPLED_MS {
                    recent.push(finished);
                } else {
                    self.scoreboard().finish(&self.season, &self.roster, &finished);
                }
                if self.now().since(ended.at) <= ENDED_TOLD_MS {
                    let just_ended = JustEnded {
                        attempt: ended.attempt,
                        at: ended.at,
                        live: None,
                        result: None,
                        told: true,
                        before: None,
                    };
                    self.seat(started.participant).state().ended = Some(just_ended);
                }
                None
            }
            None => {
                period.attempt_started();
                let mut attempt = Attempt::new(started.attempt, period.index, period.paper(&started.seed), started.at);
                attempt.start_committed(started.at);
                Some(Live { attempt, period, started_n: recorded.n })
            }
        }
    }

    /// Plays the raw answers and the outages since on the live attempts, in the ledger's order, and seats them.
    async fn run_on(
        &self,
        mut live: HashMap<AttemptId, (ParticipantId, Live)>,
        notes: &[Noted],
    ) -> Result<(), OpeningError> {
        let Some(since) = live.values().map(|(_, live)| live.started_n).min() else { return Ok(()) };
        let mut events: Vec<(EntryNumber, Event)> = outages(notes, since);
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
        for (n, event) in events {
            match event {
                Event::Away(from, to) => {
                    live.values_mut()
                        .filter(|(_, live)| live.started_n < n)
                        .for_each(|(_, live)| live.attempt.shift(from, to));
                }
                Event::Row(row) => {
                    if let Some((_, live)) = live.get_mut(&row.attempt) {
                        take_row(live, row)?;
                    }
                }
            }
        }
        for (participant, attempt) in live.into_values() {
            let seat = self.seat(participant);
            let mut state = seat.state();
            state.live = Some(Box::new(attempt));
            self.schedule(&seat, &mut state);
        }
        Ok(())
    }

    /// Moves every live attempt on by the outage that ends with this start.
    pub(crate) fn give_back(&self, from: Timestamp, to: Timestamp) {
        for seat in &self.seats {
            if let Some(live) = seat.state().live.as_deref_mut() {
                // Its deadline, looked at too early, is found again from there.
                live.attempt.shift(from, to);
            }
        }
    }
}

fn outages(notes: &[Noted], since: EntryNumber) -> Vec<(EntryNumber, Event)> {
    let away = |noted: &Noted| match noted.note {
        Note::Outage { from, to } if noted.n > since => Some((noted.n, Event::Away(from, to))),
        _ => None,
    };
    notes.iter().filter_map(away).collect()
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
    live.attempt.settle(live.period.rules(), Settlement { question: Some(fate), ending: None }, row.at);
    Ok(())
}

/// An ended attempt's facts for limits and boards.
pub(crate) fn finished_of(
    season: &Season,
    started: &Started,
    ended: &Ended,
    period: &Arc<Period>,
    city: crate::domain::ids::CityIndex,
) -> Finished {
    let handed_back = ended.ending == Ending::HandedBack;
    Finished {
        participant: started.participant,
        round: period.index,
        standing: Standing {
            score: ended.score,
            elapsed_ms: ended.elapsed_ms,
            finished_at: ended.at,
            attempt: started.attempt,
        },
        correct: ended.correct,
        full: ended.score == period.round.full_marks(),
        day: season.time_zone.day(started.at),
        city,
        counted: period.round.counts && !handed_back,
        handed_back,
    }
}
