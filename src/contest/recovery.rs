//! The start: the ledger is read, checked against the files, and everything that was running runs on.

use crate::contest::acted::take_up_changes;
use crate::contest::acts_record::ActsRecord;
use crate::contest::banks::Banks;
use crate::contest::clock::Clock;
use crate::contest::clock::chance;
use crate::contest::concerned::Concerned;
use crate::contest::core::Contest;
use crate::contest::core::SeasonVersion;
use crate::contest::deadlines::Deadlines;
use crate::contest::keys::Keys;
use crate::contest::pages::Pages;
use crate::contest::period::Draft;
use crate::contest::period::Periods;
use crate::contest::roster::Places;
use crate::contest::roster::Player;
use crate::contest::roster::Roster;
use crate::contest::scoreboard::Scoreboard;
use crate::contest::windows::windows_by_now;
use crate::domain::bank::BankVersion;
use crate::domain::fairness::PeriodSecret;
use crate::domain::ids::ParticipantId;
use crate::domain::ids::RoundIndex;
use crate::domain::question::Question;
use crate::domain::rules::DrawPeriod;
use crate::domain::rules::Round;
use crate::domain::season::Season;
use crate::domain::time::Day;
use crate::domain::time::Timestamp;
use crate::ledger::entry;
use crate::ledger::entry::Deed;
use crate::ledger::entry::Entry;
use crate::ledger::entry::EntryNumber;
use crate::ledger::entry::Note;
use crate::ledger::entry::Registered;
use crate::ledger::lane::Writer;
use crate::ledger::lane::lane;
use crate::ledger::store::Batch;
use crate::ledger::store::LaneState;
use crate::ledger::store::LedgerError;
use crate::ledger::store::Noted;
use crate::ledger::store::PAGE_ROWS;
use crate::ledger::store::Store;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::RwLock;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::AtomicU16;
use std::sync::atomic::AtomicU64;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// What a question was told shortly before a crash is known to the millisecond only up to its commit; the doubt is the participant's.
const DOUBT_MS: i64 = 100;

/// Pages of participants that wait for the follower. Full: reading waits for it.
const FOLLOWED_PAGES: usize = 8;

/// What a start is given.
pub struct Opening {
    pub season: Season,
    /// By bank id, as the files have them now.
    pub banks: Vec<(String, Vec<Question>)>,
    pub keys: Keys,
    pub clock: Clock,
    pub store: Arc<dyn Store>,
    /// `--accept-season-change`: go on with files that differ, for this reason.
    pub accept_change: Option<String>,
    /// There are no files: a new ledger has season and banks as published for this reason, and an old one must hold its own.
    pub published: Option<Deed>,
}

#[derive(Debug, thiserror::Error)]
pub enum OpeningError {
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(
        "这台机器的时间（{now}）比账本里最后的记录（{last}）还早 {behind_s} 秒。请先校准系统时间再启动，否则答题用时会算错"
    )]
    ClockBehind { now: String, last: String, behind_s: i64 },
    #[error("赛季文件或题库与账本中的不同：\n{}\n如果确实要按新的继续，请加上 --accept-season-change \"原因\"；已经答完的试卷不会受影响", .0.join("\n"))]
    Changed(Vec<String>),
    #[error("数据里的赛季「{0}」是用赛季文件举办的，请用 --season 指定那个文件")]
    FileWanted(String),
    #[error("题库里停用了题目以后，有的场次抽不够题：\n{}\n请改回赛季文件，或者在管理台恢复停用的题目、发布补足了的题库", .0.join("\n"))]
    Short(Vec<String>),
    #[error("密钥文件 kejing.key 与账本不符：抽题密钥解不开。请恢复与这份数据一起备份的 kejing.key")]
    WrongKey,
    #[error("账本里的赛季读不懂：{0}")]
    Unreadable(String),
}

/// Hears of every registration and rare fact, as the contest itself does; of registrations on a thread of its own.
pub trait Follower: Send + Sync {
    fn registered(&self, registered: &Registered);
    fn noted(&self, n: EntryNumber, at: Timestamp, note: &Note);
}

/// A contest that has taken everything up, and the writer that still has to be run.
pub struct Opened {
    pub contest: Arc<Contest>,
    pub writer: Writer,
    pub recovered: Recovered,
}

/// What a start found, for the log.
#[derive(Clone, Copy, Debug, Default)]
pub struct Recovered {
    pub entries: EntryNumber,
    pub participants: usize,
    pub attempts: usize,
    pub live: usize,
    pub away_ms: i64,
}

impl Opening {
    /// # Errors
    /// See [`OpeningError`]; nothing is served then, and nothing was changed but the lane's epoch.
    pub async fn open(mut self, follower: Arc<dyn Follower>) -> Result<Opened, OpeningError> {
        let now = self.clock.now();
        let state = self.store.take_lane().await?;
        refuse_clock_behind(&self.season, state.alive_at, now)?;
        let mut notes = all_notes(self.store.as_ref()).await?;
        self.take_what_the_desk_published(&notes)?;
        let mut scribe = Scribe { store: Arc::clone(&self.store), state, now, alive_at: state.alive_at.unwrap_or(now) };
        let settled_on = self.settle_files(&mut scribe, &mut notes).await?;
        // The outage that ends now is noted last; rounds that it moves into another week need their period before that.
        let under_way = state.alive_at.map(|alive_at| (alive_at.plus_ms(-DOUBT_MS), now));
        let mut windows = windows_by_now(&self.season, &notes);
        if let Some((from, to)) = under_way {
            windows.outage(from, to);
        }
        let closes: Vec<Timestamp> =
            indexed(&self.season.rounds).map(|(index, _)| windows.closes_by(index, now)).collect();
        let mut periods = self.take_up_periods(&mut scribe, &mut notes, &settled_on, &closes).await?;
        for noted in &notes {
            follower.noted(noted.n, noted.at, &noted.note);
        }
        let clock = self.clock.clone();
        let (lane, writer) = lane(Arc::clone(&self.store), scribe.state, Arc::new(move || clock.now()));
        let corrections = periods.corrections().len() as u16;
        let mut concerned = Concerned::default();
        periods.corrections().iter().for_each(|on_record| concerned.open(on_record, now));
        let clocks: Vec<_> = indexed(&self.season.rounds).map(|(index, _)| periods.clock(index)).collect();
        for (index, clock) in (0..).map(RoundIndex).zip(&clocks) {
            clock.stands_since(windows.paused(index));
        }
        let mut acts = ActsRecord::default();
        for noted in &notes {
            if let Note::Act { act, deed } = &noted.note {
                acts.take(noted.n, noted.at, act, deed);
            }
        }
        let contest = Contest {
            places: Places::of(&self.season),
            scoreboard: Mutex::new(Scoreboard::new(&self.season)),
            season: Arc::new(self.season),
            clock: self.clock,
            keys: Arc::new(self.keys),
            roster: Roster::default(),
            store: self.store,
            lane,
            season_entry: settled_on.season_entry,
            season_versions: season_versions(&notes)?,
            amended: Default::default(),
            banks: RwLock::new(settled_on.banks),
            desk_acts: Default::default(),
            correcting: Default::default(),
            concerned: RwLock::new(concerned),
            corrections_told: AtomicU16::new(corrections),
            opening_periods: Default::default(),
            seats: Default::default(),
            deadlines: Deadlines::default(),
            periods: RwLock::new(periods),
            starts: clocks.iter().map(|_| AtomicU64::new(0)).collect(),
            clocks,
            windows: RwLock::new(windows),
            acts: RwLock::new(acts),
            acting: Default::default(),
            next_attempt: AtomicI64::new(1),
            comings: Default::default(),
        };
        let mut recovered = Recovered::default();
        let following = contest.take_up_participants(&notes, follower, &mut recovered).await?;
        contest.take_up_attempts(&notes, &mut recovered).await?;
        contest.concerned().sort();
        following.await.map_err(|_| LedgerError::Stopped)?;
        let mut waited_ms = 0;
        // Last, so that the time that reading the ledger took is given back too.
        if let Some(alive_at) = state.alive_at {
            let to = contest.now();
            recovered.away_ms = scribe.note_outage(alive_at, to, &mut notes).await?;
            contest.give_back(to.plus_ms(-recovered.away_ms), to);
            // Nor does it cost anybody time how long that commit took: given back here, and remembered as every slow commit is.
            let noted = contest.now();
            waited_ms = noted.since(to);
            contest.give_back(to, noted);
            let windows = windows_by_now(&contest.season, &notes);
            for (index, clock) in (0..).map(RoundIndex).zip(&contest.clocks) {
                clock.stands_since(windows.paused(index));
            }
            *contest.windows_mut() = windows;
        }
        recovered.entries = scribe.state.last_n;
        Ok(Opened { contest: Arc::new(contest), writer: writer.going_on_from(scribe.state, waited_ms), recovered })
    }

    /// A season that the desk published is the ledger's, with its banks: files are not compared with it.
    fn take_what_the_desk_published(&mut self, notes: &[Noted]) -> Result<(), OpeningError> {
        let newest = notes.iter().rev().find_map(|noted| match &noted.note {
            Note::Season { canonical, published, .. } => Some((canonical, published.is_some())),
            _ => None,
        });
        match newest {
            Some((canonical, true)) => {
                self.season = read_season(canonical)?;
                self.banks.clear();
                tracing::info!(
                    "the desk published this season: no season file is compared with it 赛季是在工作台发布的，不再与赛季文件比较"
                );
                Ok(())
            }
            Some((canonical, false)) if self.published.is_some() => {
                Err(OpeningError::FileWanted(read_season(canonical)?.name))
            }
            _ => Ok(()),
        }
    }

    /// The season and banks that are in force: the ledger's, the files' where the ledger is new or a change is accepted.
    async fn settle_files(&self, scribe: &mut Scribe, notes: &mut Vec<Noted>) -> Result<SettledOn, OpeningError> {
        let canonical =
            serde_json::to_string(&self.season).map_err(|error| OpeningError::Unreadable(error.to_string()))?;
        let kept = notes.iter().rev().find_map(|noted| match &noted.note {
            Note::Season { canonical, .. } => Some((noted.n, canonical.clone())),
            _ => None,
        });
        let mut differences = Vec::new();
        if let Some((_, kept)) = kept.as_ref().filter(|(_, kept)| *kept != canonical) {
            differences.extend(crate::domain::season::differences(&read_season(kept)?, &self.season));
        }
        let mut banks = Banks::default();
        for noted in notes.iter() {
            banks.take(&noted.note).map_err(|error| OpeningError::Unreadable(error.to_string()))?;
        }
        let mut new_banks = Vec::new();
        for (id, questions) in &self.banks {
            let kept = banks.of_id(id);
            if kept.is_some_and(|kept| kept.by_desk) {
                tracing::info!(bank = %id, "the desk published this bank's newest version: its files are not compared with it");
                continue;
            }
            let salt = kept.map_or_else(chance, |kept| kept.version.salt);
            let version = BankVersion::new(id, salt, questions.clone());
            match kept {
                Some(kept) if *kept.version == version => {}
                Some(kept) => {
                    differences.push(bank_difference(id, &kept.version, &version));
                    new_banks.push(BankVersion { salt: chance(), ..version });
                }
                None => new_banks.push(version),
            }
        }
        if !differences.is_empty() && self.accept_change.is_none() {
            return Err(OpeningError::Changed(differences));
        }
        let mut new_notes = Vec::new();
        for version in new_banks {
            let (canonical, digest) = (version.to_canonical(), version.digest().to_string());
            let note = Note::Bank { canonical, digest, published: self.published.clone() };
            banks.take(&note).map_err(|error| OpeningError::Unreadable(error.to_string()))?;
            new_notes.push(note);
        }
        // Before anything is written: what rests stays at rest, and a paper must still be drawn without it.
        let closed = |index: RoundIndex| self.season.round(index).closes <= scribe.now;
        let short = banks.short_rounds(&self.season, closed);
        if !short.is_empty() {
            return Err(OpeningError::Short(short.iter().map(ToString::to_string).collect()));
        }
        for note in new_notes {
            scribe.note(note, notes).await?;
        }
        let season_entry = match kept {
            Some((n, _)) if differences.is_empty() => n,
            _ => {
                let (reason, published) = (self.accept_change.clone(), self.published.clone());
                scribe.note(Note::Season { canonical, reason, published }, notes).await?
            }
        };
        Ok(SettledOn { season_entry, banks })
    }

    /// Takes up every period that the ledger has, and opens those that are missing.
    async fn take_up_periods(
        &self,
        scribe: &mut Scribe,
        notes: &mut Vec<Noted>,
        settled_on: &SettledOn,
        closes: &[Timestamp],
    ) -> Result<Periods, OpeningError> {
        let mut history = History::default();
        let mut periods = Periods::default();
        for noted in notes.iter() {
            history.take(noted)?;
            if let Note::Period(entry) = &noted.note {
                let period = history.period(&mut periods, &self.season, noted.n, entry, Some(&self.keys))?;
                if period.is_some_and(|period| period.secret().is_none()) {
                    return Err(OpeningError::WrongKey);
                }
            }
            if let Note::Correction(correction) = &noted.note {
                periods.correct(noted.n, noted.at, correction);
            }
            if let Note::SecretOut { period, .. } = &noted.note {
                periods.get(*period).inspect(|period| period.let_secret_out());
            }
        }
        let SettledOn { season_entry, ref banks } = *settled_on;
        let wanting = Wanting { season: &self.season, season_entry, banks, now: scribe.now };
        for (index, draft) in wanting.missing(&periods, |index| closes[usize::from(index.0)]) {
            let entry = draft.entry(&self.keys, &PeriodSecret(chance()), chance());
            let n = scribe.note(Note::Period(entry.clone()), notes).await?;
            periods.take_up(n, &entry, index, draft.round.clone(), Arc::clone(draft.bank), Some(&self.keys));
        }
        Ok(periods)
    }
}

struct SettledOn {
    season_entry: EntryNumber,
    banks: Banks,
}

pub(crate) fn read_season(canonical: &str) -> Result<Season, OpeningError> {
    serde_json::from_str(canonical).map_err(|error| OpeningError::Unreadable(error.to_string()))
}

fn read_bank(canonical: &str) -> Result<BankVersion, OpeningError> {
    BankVersion::from_canonical(canonical).map_err(|error| OpeningError::Unreadable(error.to_string()))
}

fn bank_difference(id: &str, kept: &BankVersion, new: &BankVersion) -> String {
    let missing = |from: &BankVersion, of: &BankVersion| {
        of.questions.iter().filter(|question| from.index_of(&question.id).is_none()).count()
    };
    let changed = new
        .questions
        .iter()
        .filter(|question| kept.index_of(&question.id).is_some_and(|index| kept.question(index) != *question))
        .count();
    let (added, removed) = (missing(kept, new), missing(new, kept));
    format!("题库「{id}」：新增 {added} 题，删去 {removed} 题，改动 {changed} 题")
}

fn refuse_clock_behind(season: &Season, alive_at: Option<Timestamp>, now: Timestamp) -> Result<(), OpeningError> {
    match alive_at {
        Some(last) if now < last => Err(OpeningError::ClockBehind {
            now: season.time_zone.civil(now).to_string(),
            last: season.time_zone.civil(last).to_string(),
            behind_s: (last.since(now) + 999) / 1000,
        }),
        _ => Ok(()),
    }
}

/// Every version of the season that the ledger has, oldest first.
fn season_versions(notes: &[Noted]) -> Result<Vec<SeasonVersion>, OpeningError> {
    let mut versions = Vec::new();
    let mut before: Option<Season> = None;
    for noted in notes {
        let Note::Season { canonical, reason, published } = &noted.note else { continue };
        let season = read_season(canonical)?;
        versions.push(SeasonVersion {
            n: noted.n,
            at: noted.at,
            reason: published.as_ref().map(|deed| &deed.reason).or(reason.as_ref()).cloned(),
            by: published.as_ref().map(|deed| deed.by.clone()),
            differences: before.map_or_else(Vec::new, |before| crate::domain::season::differences(&before, &season)),
        });
        before = Some(season);
    }
    Ok(versions)
}

/// Reads every note there is.
pub(crate) async fn all_notes(store: &dyn Store) -> Result<Vec<Noted>, LedgerError> {
    let mut notes = Vec::new();
    loop {
        let page = store.notes(notes.last().map_or(0, |noted: &Noted| noted.n)).await?;
        let more = page.len() as i64 == PAGE_ROWS;
        notes.extend(page);
        if !more {
            return Ok(notes);
        }
    }
}

/// Writes notes before the lane's own task runs.
struct Scribe {
    store: Arc<dyn Store>,
    state: LaneState,
    now: Timestamp,
    /// The last sign of life before this start: kept until the outage is noted, should this start be cut off too.
    alive_at: Timestamp,
}

impl Scribe {
    async fn note(&mut self, note: Note, notes: &mut Vec<Noted>) -> Result<EntryNumber, LedgerError> {
        let n = self.state.last_n + 1;
        let entries = [Entry::Noted { at: self.now, note: Box::new(note.clone()) }];
        let batch = Batch { epoch: self.state.epoch, first: n, entries: &entries, alive_at: self.alive_at };
        self.store.commit(batch).await?;
        self.state.last_n = n;
        notes.push(Noted { n, at: self.now, note });
        Ok(n)
    }

    /// Returns for how long the server was away.
    async fn note_outage(
        &mut self,
        alive_at: Timestamp,
        now: Timestamp,
        notes: &mut Vec<Noted>,
    ) -> Result<i64, LedgerError> {
        let from = alive_at.plus_ms(-DOUBT_MS);
        (self.now, self.alive_at) = (now, now);
        self.note(Note::Outage { from, to: now }, notes).await?;
        Ok(now.since(from))
    }
}

/// The seasons and bank versions that the ledger has had, as its notes are read in order.
#[derive(Default)]
pub(crate) struct History {
    seasons: HashMap<EntryNumber, Arc<Season>>,
    banks: HashMap<String, Arc<BankVersion>>,
}

impl History {
    pub(crate) fn take(&mut self, noted: &Noted) -> Result<(), OpeningError> {
        match &noted.note {
            Note::Season { canonical, .. } => {
                self.seasons.insert(noted.n, Arc::new(read_season(canonical)?));
            }
            Note::Bank { canonical, digest, .. } => {
                self.banks.insert(digest.clone(), Arc::new(read_bank(canonical)?));
            }
            _ => {}
        }
        Ok(())
    }

    /// Takes up a period under the rules and the bank that its entry names; `None` where the running season has no such round.
    pub(crate) fn period(
        &self,
        periods: &mut Periods,
        running: &Season,
        n: EntryNumber,
        entry: &entry::Period,
        keys: Option<&Keys>,
    ) -> Result<Option<Arc<crate::contest::period::Period>>, OpeningError> {
        let missing = |what: &str| OpeningError::Unreadable(format!("第 {n} 条记录的抽题期找不到它的{what}"));
        let Some(index) = running.round_of_id(&entry.round) else { return Ok(None) };
        let season = self.seasons.get(&entry.season).ok_or_else(|| missing("赛季"))?;
        let round = season.round_of_id(&entry.round).map(|index| season.round(index)).ok_or_else(|| missing("场次"))?;
        let bank = self.banks.get(&entry.bank).ok_or_else(|| missing("题库"))?;
        Ok(Some(periods.take_up(n, entry, index, round.clone(), Arc::clone(bank), keys)))
    }
}

pub(crate) fn indexed(rounds: &[Round]) -> impl Iterator<Item = (RoundIndex, &Round)> {
    rounds.iter().enumerate().map(|(i, round)| (RoundIndex(i as u16), round))
}

/// What decides which draw periods there must be.
pub(crate) struct Wanting<'a> {
    pub(crate) season: &'a Season,
    pub(crate) season_entry: EntryNumber,
    pub(crate) banks: &'a Banks,
    pub(crate) now: Timestamp,
}

impl<'a> Wanting<'a> {
    /// Drafts of the periods that `periods` lacks: of a time that nothing stands for, or for which rules, bank or what rests have changed.
    pub(crate) fn missing(
        &self,
        periods: &Periods,
        closes: impl Fn(RoundIndex) -> Timestamp,
    ) -> Vec<(RoundIndex, Draft<'a>)> {
        let mut missing = Vec::new();
        for (index, round) in indexed(&self.season.rounds) {
            let Some(bank) = self.banks.of_id(&round.bank) else { continue };
            let rested = bank.resting();
            let mut number = periods.of_round(index).len() as u32;
            for (from, to) in wanted_periods(round, closes(index), &self.season.time_zone, self.now) {
                let from = from.max(self.now);
                let fits = |period: &Arc<crate::contest::period::Period>| {
                    period.round == *round && period.bank_digest == bank.digest && period.rested == rested
                };
                if periods.standing(index, from, to).is_some_and(fits) {
                    continue;
                }
                number += 1;
                let draft = Draft {
                    season: &self.season.id,
                    round,
                    number,
                    from,
                    to,
                    season_entry: self.season_entry,
                    bank: &bank.version,
                    bank_digest: &bank.digest,
                    rested: rested.clone(),
                };
                missing.push((index, draft));
            }
        }
        missing
    }
}

/// The draw periods that a round must have by `now`: the one that is running or comes first, and for weeks the next one too,
/// so that each commitment is public before its period opens. `closes` is the round's end by now, outages counted: it may
/// lie in a week that the file knew nothing of.
pub(crate) fn wanted_periods(
    round: &Round,
    closes: Timestamp,
    zone: &crate::domain::time::TimeZone,
    now: Timestamp,
) -> Vec<(Timestamp, Option<Timestamp>)> {
    if now >= closes {
        return Vec::new();
    }
    match round.draw_period {
        DrawPeriod::Round => vec![(round.opens, None)],
        DrawPeriod::Week => {
            let today = zone.day(now.max(round.opens));
            let monday = Day(today.week().0 * 7 - 3);
            let week = |weeks: i32| {
                let from = zone.start_of(Day(monday.0 + 7 * weeks));
                let to = zone.start_of(Day(monday.0 + 7 * weeks + 7));
                (from.max(round.opens), Some(to))
            };
            [week(0), week(1)].into_iter().filter(|(from, _)| *from < closes).collect()
        }
    }
}

impl Contest {
    /// Returns what has to be waited for until the follower has heard of all of them: it does so beside what is read next.
    async fn take_up_participants(
        &self,
        notes: &[Noted],
        follower: Arc<dyn Follower>,
        recovered: &mut Recovered,
    ) -> Result<JoinHandle<()>, OpeningError> {
        let (heard, mut hearing) = mpsc::channel::<Vec<(EntryNumber, Registered)>>(FOLLOWED_PAGES);
        let following = tokio::task::spawn_blocking(move || {
            while let Some(page) = hearing.blocking_recv() {
                page.iter().for_each(|(_, registered)| follower.registered(registered));
            }
        });
        let read = |store: Arc<dyn Store>, after| async move { store.participants(ParticipantId(after)).await };
        let mut pages = Pages::new(&self.store, read, |(_, last)| last.participant.0);
        while let Some(page) = pages.next().await? {
            for (_, registered) in &page {
                if let Some(place) = self.places.place(&self.season, &registered.who) {
                    self.roster.insert(registered.participant, Player::new(&registered.who.name, place));
                }
            }
            recovered.participants += page.len();
            heard.send(page).await.map_err(|_| LedgerError::Stopped)?;
        }
        take_up_changes(&self.roster, &self.places, &self.season, notes);
        Ok(following)
    }
}
