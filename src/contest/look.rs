//! What the desk looks at: one attempt with all that the ledger has of it, and people by their names. Nothing is changed.

use crate::contest::core::Contest;
use crate::contest::period::OnRecord;
use crate::contest::period::Period;
use crate::contest::rescore::Rescored;
use crate::contest::rescore::rescored_under;
use crate::contest::roster::Player;
use crate::domain::attempt::Attempt;
use crate::domain::ids::AttemptId;
use crate::domain::ids::ParticipantId;
use crate::domain::ids::QuestionId;
use crate::domain::time::Timestamp;
use crate::ledger::entry::Act;
use crate::ledger::entry::EntryNumber;
use crate::ledger::entry::Note;
use crate::ledger::entry::OPENED_CODE;
use crate::ledger::store::LedgerError;
use crate::ledger::store::PAGE_ROWS;
use crate::ledger::store::RawAnswer;
use crate::ledger::store::Recorded;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

/// Pages of raw answers that are read for one attempt: with thousands of answers a second around it, some ten minutes. Beyond, moments are
/// worked out from the times that the attempt's end holds.
const ANSWER_PAGES_MAX: usize = 150;
/// Pages of rare facts that are read for one attempt; what is beyond is left out.
const NOTE_PAGES_MAX: usize = 50;

/// An attempt as the desk sees it.
pub struct Looked {
    pub recorded: Recorded,
    pub period: Arc<Period>,
    /// As it is marked by now, settled questions only.
    pub attempt: Attempt,
    /// As it was marked when its result was told; a live one as it is.
    pub told: Attempt,
    /// `None` while it is live.
    pub by_now: Option<Rescored>,
    /// What it came to after each of the corrections that changed it.
    pub after: Vec<(u16, Rescored)>,
    /// When its questions were opened and settled, in order; `None`: too much happened meanwhile to read it all.
    pub rows: Option<Vec<RawAnswer>>,
    /// When the server was away meanwhile.
    pub outages: Vec<(Timestamp, Timestamp)>,
    /// When the round stood still; one that still does has no end.
    pub pauses: Vec<(Timestamp, Option<Timestamp>)>,
    /// When everybody's open attempt was given more time, and how much.
    pub given: Vec<(Timestamp, u32)>,
}

/// What happened to everybody while an attempt ran.
#[derive(Default)]
struct Meanwhile {
    outages: Vec<(Timestamp, Timestamp)>,
    pauses: Vec<(Timestamp, Option<Timestamp>)>,
    given: Vec<(Timestamp, u32)>,
}

impl Meanwhile {
    fn take(&mut self, at: Timestamp, note: &Note, round: &str) {
        let of_round = |named: &Option<String>| named.as_deref().is_none_or(|named| named == round);
        match note {
            Note::Outage { from, to } => self.outages.push((*from, *to)),
            Note::Act { act: Act::Paused { round, .. }, .. } if of_round(round) => self.pauses.push((at, None)),
            Note::Act { act: Act::Resumed { round }, .. } if of_round(round) => {
                if let Some((_, to @ None)) = self.pauses.last_mut() {
                    *to = Some(at);
                }
            }
            Note::Act { act: Act::TimeGiven { round: named, ms }, .. } if named == round => self.given.push((at, *ms)),
            _ => {}
        }
    }
}

impl Contest {
    /// One attempt with all that happened in it; `None`: there is none of that number, or its round is not of this season.
    ///
    /// # Errors
    /// The ledger could not be read.
    pub async fn look_at(&self, attempt: AttemptId) -> Result<Option<Looked>, LedgerError> {
        let Some(recorded) = self.store.attempt(attempt).await? else { return Ok(None) };
        let Some(period) = self.period(recorded.started.period) else { return Ok(None) };
        let to = recorded.ended.as_ref().map(|(n, _)| *n);
        let rows = self.rows_of(&recorded, to).await?;
        let Meanwhile { outages, pauses, given } = self.meanwhile(recorded.n, to, period.round.id.as_str()).await?;
        if let Some((_, ended)) = &recorded.ended {
            let participant = recorded.started.participant;
            let Some(past) = self.past(participant, attempt).await? else { return Ok(None) };
            let schemes = period.schemes_after(ended.edition);
            let up_to = |edition: u16| {
                let under: Vec<_> = schemes.iter().filter(|scheme| scheme.edition <= edition).cloned().collect();
                (edition, rescored_under(&period, &recorded.started, ended, &under))
            };
            let after = past.by_now.changed_by.iter().map(|edition| up_to(*edition)).collect();
            let (attempt, told, by_now) = (past.attempt, past.told, Some(past.by_now));
            return Ok(Some(Looked { recorded, period, attempt, told, by_now, after, rows, outages, pauses, given }));
        }
        let seat = self.existing_seat(recorded.started.participant);
        let live = seat.and_then(|seat| seat.state().find(attempt).map(|live| live.attempt.clone()));
        // It ended between the two looks: the next one finds it so.
        let Some(live) = live else { return Ok(None) };
        let (told, by_now, after) = (live.clone(), None, Vec::new());
        Ok(Some(Looked { recorded, period, attempt: live, told, by_now, after, rows, outages, pauses, given }))
    }

    async fn rows_of(
        &self,
        recorded: &Recorded,
        to: Option<EntryNumber>,
    ) -> Result<Option<Vec<RawAnswer>>, LedgerError> {
        let mut after = recorded.n;
        let mut rows = Vec::new();
        for _ in 0..ANSWER_PAGES_MAX {
            let page = self.store.answers(after).await?;
            let last = page.last().map(|row| row.n);
            let own = |row: &&RawAnswer| row.attempt == recorded.started.attempt && to.is_none_or(|to| row.n <= to);
            rows.extend(page.iter().filter(own).copied());
            match last.filter(|last| page.len() as i64 == PAGE_ROWS && to.is_none_or(|to| *last < to)) {
                Some(last) => after = last,
                None => return Ok(Some(rows)),
            }
        }
        Ok(None)
    }

    async fn meanwhile(
        &self,
        from: EntryNumber,
        to: Option<EntryNumber>,
        round: &str,
    ) -> Result<Meanwhile, LedgerError> {
        let mut after = from;
        let mut meanwhile = Meanwhile::default();
        for _ in 0..NOTE_PAGES_MAX {
            let page = self.store.notes(after).await?;
            for noted in page.iter().filter(|noted| to.is_none_or(|to| noted.n < to)) {
                meanwhile.take(noted.at, &noted.note, round);
            }
            match page.last().filter(|last| page.len() as i64 == PAGE_ROWS && to.is_none_or(|to| last.n < to)) {
                Some(last) => after = last.n,
                None => break,
            }
        }
        Ok(meanwhile)
    }

    /// Which question of which bank stands at that place of an attempt's paper; `None` where there is none.
    pub fn question_at(&self, recorded: &Recorded, seq: u32) -> Option<(String, QuestionId)> {
        let period = self.period(recorded.started.period)?;
        let index = period.paper(&recorded.started.seed).question(seq)?;
        Some((period.bank.bank.clone(), period.bank.question(index).id.clone()))
    }

    /// Participants who pass, in the order of registration, at most `limit`.
    pub fn people(&self, passes: impl Fn(&Player) -> bool, limit: usize) -> Vec<ParticipantId> {
        let numbers = (1..self.roster.numbers_end()).map(ParticipantId);
        numbers.filter(|who| self.roster.with(*who, &passes) == Some(true)).take(limit).collect()
    }

    /// How many attempts have been started.
    pub fn attempts_started(&self) -> i64 {
        self.next_attempt.load(Ordering::Relaxed) - 1
    }

    /// The corrections on record from a moment on.
    pub fn corrections_since(&self, since: Timestamp) -> Vec<OnRecord> {
        self.periods().corrections().iter().filter(|on_record| on_record.at >= since).cloned().collect()
    }

    /// How many attempts, and of how many people, a correction of late has changed.
    pub fn concerned_by(&self, edition: u16) -> (u64, u64) {
        let concerned = self.concerned.read().unwrap_or_else(PoisonError::into_inner);
        (concerned.attempts(edition) as u64, concerned.participants(edition).len() as u64)
    }

    /// How many corrections are on record.
    pub fn corrections_made(&self) -> usize {
        self.periods().corrections().len()
    }
}

/// Whether the row says that a question was opened, not what became of it.
pub fn is_opening(row: &RawAnswer) -> bool {
    row.given == OPENED_CODE
}
