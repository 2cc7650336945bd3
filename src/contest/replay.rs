//! 重算: everything once more from the raw answers, beside what the server kept. Changes nothing.

use crate::contest::period::Period;
use crate::contest::period::Periods;
use crate::contest::recovery::History;
use crate::contest::recovery::OpeningError;
use crate::contest::recovery::all_notes;
use crate::contest::rescore::finished_of;
use crate::contest::rescore::rescored;
use crate::contest::roster::Places;
use crate::contest::roster::Player;
use crate::contest::roster::Roster;
use crate::contest::scoreboard::Finished;
use crate::contest::scoreboard::Scoreboard;
use crate::domain::attempt::Attempt;
use crate::domain::attempt::Ending;
use crate::domain::attempt::Fate;
use crate::domain::attempt::Given;
use crate::domain::attempt::Settlement;
use crate::domain::correction::MarkScheme;
use crate::domain::correction::PUBLISHED;
use crate::domain::ids::AttemptId;
use crate::domain::ids::ParticipantId;
use crate::domain::season::Season;
use crate::ledger::entry::Ended;
use crate::ledger::entry::EntryNumber;
use crate::ledger::entry::Note;
use crate::ledger::entry::OPENED_CODE;
use crate::ledger::store::Noted;
use crate::ledger::store::PAGE_ROWS;
use crate::ledger::store::RawAnswer;
use crate::ledger::store::Recorded;
use crate::ledger::store::Store;
use data_encoding::HEXLOWER;
use sha2::Digest;
use sha2::Sha256;
use std::collections::HashMap;
use std::sync::Arc;

/// So many disagreements are told in full; the rest is counted.
const TOLD_MAX: usize = 100;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    pub entries: i64,
    pub attempts: u64,
    pub participants: u64,
    /// `sha256:` and the digest of every board, in every scope.
    pub boards: String,
    /// Where what was recomputed differs from what the server kept.
    pub disagreements: Vec<String>,
}

/// Recomputes a stopped server's season from its raw answers.
///
/// # Errors
/// The ledger cannot be read, or is not a season's.
pub async fn replay(store: &dyn Store) -> Result<Replayed, OpeningError> {
    let notes = all_notes(store).await?;
    let canonical = notes.iter().rev().find_map(|noted| match &noted.note {
        Note::Season { canonical, .. } => Some(canonical),
        _ => None,
    });
    let canonical = canonical.ok_or_else(|| OpeningError::Unreadable("账本里还没有赛季".to_owned()))?;
    let season: Season =
        serde_json::from_str(canonical).map_err(|error| OpeningError::Unreadable(error.to_string()))?;
    let periods = periods(&notes, &with_rounds_that_are_gone(&notes, &season)?)?;
    let lane = store.lane().await?;
    let mut found = Found::up_to(lane.last_n);
    notes.iter().for_each(|noted| found.mark(noted.n));
    let (roster, participants) = roster(store, &notes, &season, &mut found).await?;
    let mut disagreements = Disagreements::default();
    let mut attempts = Replay::started(store, &periods, &mut found, &mut disagreements).await?;
    attempts.play(store, &mut found, &mut disagreements).await?;
    found.missing().for_each(|n| disagreements.add(format!("账本里缺少第 {n} 条记录")));
    let (kept, recomputed) = attempts.boards(&season, &roster, &mut disagreements);
    if kept != recomputed {
        disagreements.add(format!("排行榜不一致：服务器保存的是 {kept}，从原始作答重算的是 {recomputed}"));
    }
    Ok(Replayed {
        entries: lane.last_n,
        attempts: attempts.over,
        participants,
        boards: format!("sha256:{recomputed}"),
        disagreements: disagreements.told(),
    })
}

/// Which entries of the lane have been found: every number up to the last has to be there.
struct Found {
    last: EntryNumber,
    bits: Vec<u64>,
}

impl Found {
    fn up_to(last: EntryNumber) -> Found {
        Found { last, bits: vec![0; last as usize / 64 + 1] }
    }

    fn mark(&mut self, n: EntryNumber) {
        if let Some(bits) = self.bits.get_mut(n as usize / 64) {
            *bits |= 1 << (n % 64);
        }
    }

    fn missing(&self) -> impl Iterator<Item = EntryNumber> {
        (1..=self.last).filter(|n| self.bits[*n as usize / 64] & (1 << (n % 64)) == 0)
    }
}

#[derive(Default)]
struct Disagreements {
    told: Vec<String>,
    more: u64,
}

impl Disagreements {
    fn add(&mut self, sentence: String) {
        if self.told.len() < TOLD_MAX {
            self.told.push(sentence);
        } else {
            self.more += 1;
        }
    }

    fn told(mut self) -> Vec<String> {
        if self.more > 0 {
            self.told.push(format!("另有 {} 处不一致", self.more));
        }
        self.told
    }
}

/// The season with the rounds that only earlier files had, after its own: their attempts are on no board, and still as they were.
fn with_rounds_that_are_gone(notes: &[Noted], season: &Season) -> Result<Season, OpeningError> {
    let mut all = season.clone();
    for noted in notes {
        let Note::Season { canonical, .. } = &noted.note else { continue };
        let earlier: Season =
            serde_json::from_str(canonical).map_err(|error| OpeningError::Unreadable(error.to_string()))?;
        for round in earlier.rounds {
            if all.round_of_id(round.id.as_str()).is_none() {
                all.rounds.push(round);
            }
        }
    }
    Ok(all)
}

fn periods(notes: &[Noted], season: &Season) -> Result<Periods, OpeningError> {
    let mut history = History::default();
    let mut periods = Periods::default();
    for noted in notes {
        history.take(noted)?;
        if let Note::Period(entry) = &noted.note {
            history.period(&mut periods, season, noted.n, entry, None)?;
        }
        if let Note::Correction(correction) = &noted.note {
            periods.correct(noted.n, noted.at, correction);
        }
    }
    Ok(periods)
}

async fn roster(
    store: &dyn Store,
    notes: &[Noted],
    season: &Season,
    found: &mut Found,
) -> Result<(Roster, u64), OpeningError> {
    let places = Places::of(season);
    let roster = Roster::default();
    let mut after = ParticipantId(0);
    let mut count = 0;
    loop {
        let page = store.participants(after).await?;
        count += page.len() as u64;
        for (n, registered) in &page {
            found.mark(*n);
            if let Some(place) = places.place(season, &registered.who) {
                roster.insert(registered.participant, Player::new(&registered.who.name, place));
            }
        }
        match page.last() {
            Some((_, last)) if page.len() as i64 == PAGE_ROWS => after = last.participant,
            _ => break,
        }
    }
    for noted in notes {
        if let Note::Changed { participant, who } = &noted.note
            && let Some(place) = places.place(season, who)
        {
            roster.change(*participant, |player| player.change(noted.n, &who.name, place));
        }
    }
    Ok((roster, count))
}

/// One attempt as it is played again.
struct Replaying {
    recorded: Recorded,
    period: Arc<Period>,
    attempt: Attempt,
}

struct Replay {
    attempts: HashMap<AttemptId, Replaying>,
    over: u64,
}

impl Replay {
    async fn started(
        store: &dyn Store,
        periods: &Periods,
        found: &mut Found,
        disagreements: &mut Disagreements,
    ) -> Result<Replay, OpeningError> {
        let mut replay = Replay { attempts: HashMap::new(), over: 0 };
        let mut latest: HashMap<ParticipantId, AttemptId> = HashMap::new();
        let mut after = AttemptId(0);
        loop {
            let page = store.attempts(after).await?;
            let more = page.len() as i64 == PAGE_ROWS;
            for recorded in page {
                after = recorded.started.attempt;
                replay.over += u64::from(recorded.ended.is_some());
                found.mark(recorded.n);
                recorded.ended.iter().for_each(|(n, _)| found.mark(*n));
                if latest.insert(recorded.started.participant, after) != recorded.started.previous {
                    disagreements.add(format!("答卷 {}：记的前一份答卷不是这位选手的前一份", after.0));
                }
                let Some(period) = periods.get(recorded.started.period) else {
                    disagreements.add(format!("答卷 {} 的抽题期不在账本里", after.0));
                    continue;
                };
                let paper = period.paper(&recorded.started.seed);
                let mut attempt = Attempt::new(after, period.index, paper, recorded.started.at);
                attempt.start_committed(recorded.started.at);
                replay.attempts.insert(after, Replaying { recorded, period: Arc::clone(period), attempt });
            }
            if !more {
                return Ok(replay);
            }
        }
    }

    /// Plays every raw answer, in the ledger's order.
    async fn play(
        &mut self,
        store: &dyn Store,
        found: &mut Found,
        disagreements: &mut Disagreements,
    ) -> Result<(), OpeningError> {
        let mut after: EntryNumber = 0;
        loop {
            let page = store.answers(after).await?;
            for row in &page {
                found.mark(row.n);
                match self.attempts.get_mut(&row.attempt) {
                    Some(replaying) => replaying.take(row, disagreements),
                    None => disagreements.add(format!("第 {} 条作答属于账本里没有的答卷 {}", row.n, row.attempt.0)),
                }
            }
            match page.last() {
                Some(last) if page.len() as i64 == PAGE_ROWS => after = last.n,
                _ => return Ok(()),
            }
        }
    }

    /// The digest of the boards as the server keeps them, and as the raw answers make them.
    fn boards(&self, season: &Season, roster: &Roster, disagreements: &mut Disagreements) -> (String, String) {
        let mut kept = Scoreboard::new(season);
        let mut recomputed = Scoreboard::new(season);
        let mut in_order: Vec<&Replaying> = self.attempts.values().collect();
        in_order.sort_by_key(|replaying| replaying.recorded.started.attempt);
        for replaying in in_order {
            let Some((_, ended)) = &replaying.recorded.ended else {
                if replaying.is_through() {
                    let id = replaying.recorded.started.attempt.0;
                    disagreements.add(format!("答卷 {id}：每一题都已作答，账本里却没有它的结果"));
                }
                continue;
            };
            let started = &replaying.recorded.started;
            if !replaying.edition_fits() {
                let id = started.attempt.0;
                disagreements
                    .add(format!("答卷 {id}：记的是按第 {} 次更正评分，账本里没有它能用的这次更正", ended.edition));
            }
            let again = replaying.again(ended);
            if again != *ended {
                let id = started.attempt.0;
                disagreements.add(format!(
                    "答卷 {id}：保存的是 {} 分、答对 {}、用时 {} 毫秒、{} 题；重算的是 {} 分、答对 {}、用时 {} 毫秒、{} 题",
                    ended.score,
                    ended.correct,
                    ended.elapsed_ms,
                    ended.fates.len(),
                    again.score,
                    again.correct,
                    again.elapsed_ms,
                    again.fates.len()
                ));
            }
            if usize::from(replaying.period.index.0) >= season.rounds.len() {
                continue;
            }
            let city = roster.with(started.participant, |player| player.city_at(replaying.recorded.n));
            let city = city.unwrap_or_default();
            let day = season.time_zone.day(started.at);
            for (board, ended) in [(&mut kept, ended), (&mut recomputed, &again)] {
                let by_now = rescored(&replaying.period, started, ended);
                let finished = finished_of(started.participant, started.attempt, &by_now, &replaying.period, day);
                board.finish(season, roster, &Finished { city, ..finished });
            }
        }
        (digest(&kept), digest(&recomputed))
    }
}

impl Replaying {
    /// Whether the raw answers alone have ended the attempt.
    fn is_through(&self) -> bool {
        let settled = self.attempt.settled();
        settled.len() == self.attempt.of() as usize || self.ends_at_first_wrong(&self.every_scheme())
    }

    fn every_scheme(&self) -> Vec<Arc<MarkScheme>> {
        [Arc::default()].into_iter().chain(self.period.schemes_after(0)).collect()
    }

    /// Whether the last answer ends the attempt, by whichever of these schemes it was judged.
    fn ends_at_first_wrong(&self, schemes: &[Arc<MarkScheme>]) -> bool {
        let last = self.attempt.settled().len() as u32;
        let wrong = |scheme: &Arc<MarkScheme>| !self.attempt.holds(self.period.rules(scheme), last);
        self.period.round.ends_at_first_wrong && last > 0 && schemes.iter().all(wrong)
    }

    /// The edition that the end names had been made by then.
    fn edition_fits(&self) -> bool {
        let Some((ended_n, ended)) = &self.recorded.ended else { return true };
        self.period.scheme_of(ended.edition).is_some_and(|(since, _)| since < *ended_n)
    }

    fn take(&mut self, row: &RawAnswer, disagreements: &mut Disagreements) {
        if row.given == OPENED_CODE {
            self.attempt.open_next(row.at);
            return;
        }
        let expected = self.attempt.settled().len() as u32 + 1;
        if row.seq != expected {
            let (n, id, seq) = (row.n, row.attempt.0, row.seq);
            disagreements.add(format!("第 {n} 条作答：答卷 {id} 应当是第 {expected} 题，记的是第 {seq} 题"));
            return;
        }
        let Some(given) = Given::from_code(row.given) else {
            return disagreements.add(format!("第 {} 条作答的选项 {} 读不懂", row.n, row.given));
        };
        let fate = Fate { seq: row.seq, given, elapsed_ms: row.elapsed_ms };
        self.attempt.settle(self.period.rules(&PUBLISHED), Settlement { question: Some(fate), ending: None }, row.at);
    }

    /// The end that the raw answers come to; what cannot follow from them (moment, receipt, an end by hand) is taken as kept.
    fn again(&self, kept: &Ended) -> Ended {
        let scheme = self.period.scheme_of(kept.edition).map(|(_, scheme)| scheme).unwrap_or_default();
        let mut attempt = self.attempt.clone();
        if !scheme.is_plain() {
            attempt.remark(self.period.rules(&scheme));
        }
        Ended {
            attempt: kept.attempt,
            score: attempt.score(),
            correct: attempt.correct(),
            elapsed_ms: attempt.elapsed_ms(),
            at: kept.at,
            ending: self.ending(kept.ending, &scheme),
            fates: attempt.fates().collect(),
            edition: kept.edition,
            receipt: kept.receipt.clone(),
        }
    }

    /// An end that follows from the answers must be the one that follows.
    fn ending(&self, kept: Ending, scheme: &Arc<MarkScheme>) -> Ending {
        let round = &self.period.round;
        let settled = self.attempt.settled();
        let used: u64 = settled.iter().map(|settled| u64::from(settled.elapsed_ms)).sum();
        if settled.len() == self.attempt.of() as usize && settled.last().is_some_and(|last| last.given != Given::Left) {
            return Ending::Complete;
        }
        let follows = match kept {
            Ending::Complete => false,
            Ending::FirstWrong => self.ends_at_first_wrong(std::slice::from_ref(scheme)),
            Ending::PaperTimeUp => round.limits.paper_ms.is_some_and(|limit| used >= u64::from(limit)),
            Ending::HandedIn | Ending::Idle | Ending::Replaced | Ending::HandedBack => true,
        };
        if follows { kept } else { Ending::HandedIn }
    }
}

/// Of every board in every scope: round, scope, rank, participant and the whole standing.
fn digest(scoreboard: &Scoreboard) -> String {
    let mut hash = Sha256::new();
    scoreboard.for_each_standing(|of, scope, rank, who, standing| {
        let round = of.map_or(-1, |round| i64::from(round.0));
        hash.update(format!(
            "{round}|{scope:?}|{rank}|{}|{}|{}|{}|{}\n",
            who.0, standing.score, standing.elapsed_ms, standing.finished_at.0, standing.attempt.0
        ));
    });
    HEXLOWER.encode(&hash.finalize())
}
