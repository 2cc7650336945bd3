//! One run: the real contest and the real lane over a ledger that fails, on a clock that the run moves; lives and deaths.

use super::chance::Chance;
use super::memory::Faults;
use super::memory::Memory;
use super::memory::Weather;
use super::oracle::Oracle;
use super::player::Player;
use super::season::Genesis;
use super::season::keys;
use kejing::contest::acts::RunRefusal;
use kejing::contest::clock::Clock;
use kejing::contest::core::Contest;
use kejing::contest::correct::CorrectionRefusal;
use kejing::contest::correct::Proposal;
use kejing::contest::recovery::Follower;
use kejing::contest::recovery::Opened;
use kejing::contest::recovery::Opening;
use kejing::contest::recovery::OpeningError;
use kejing::contest::replay::replay;
use kejing::domain::correction::Remedy;
use kejing::domain::ids::ParticipantId;
use kejing::domain::ids::RoundIndex;
use kejing::domain::question::Choices;
use kejing::domain::question::Kind;
use kejing::domain::time::Timestamp;
use kejing::ledger::entry::Deed;
use kejing::ledger::entry::Entry;
use kejing::ledger::entry::EntryNumber;
use kejing::ledger::entry::Note;
use kejing::ledger::entry::Registered;
use kejing::ledger::lane::LaneMeter;
use kejing::ledger::lane::Projection;
use kejing::ledger::store::LedgerError;
use sha2::Digest;
use sha2::Sha256;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use tokio::task::JoinHandle;

/// 2026-09-01T10:00:00+08:00
pub(crate) const BEGIN: Timestamp = Timestamp(1_788_228_000_000);
const STEPS: u64 = 60;

/// What a run came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) digest: String,
    pub(crate) entries: usize,
    pub(crate) attempts: usize,
    pub(crate) answers: usize,
    pub(crate) told: u64,
    pub(crate) crashes: u64,
    pub(crate) stops: u64,
    pub(crate) corrections: u64,
    pub(crate) acts: u64,
    pub(crate) faults: Faults,
}

/// One process: born of a recovery, dead by an abort.
struct Life {
    contest: Arc<Contest>,
    writer: JoinHandle<Result<(), LedgerError>>,
    deadlines: JoinHandle<()>,
    upkeep: JoinHandle<Result<(), LedgerError>>,
}

pub(crate) struct World {
    pub(crate) genesis: &'static Genesis,
    pub(crate) clock: Clock,
    pub(crate) oracle: Arc<Mutex<Oracle>>,
    pub(crate) chance: Chance,
    memory: Arc<Memory>,
    weather: Weather,
    life: Option<Life>,
    players: Vec<Player>,
    outcome: Outcome,
}

/// The contest, watched: each entry has to be in the ledger before it is applied.
struct Watched {
    contest: Arc<Contest>,
    oracle: Arc<Mutex<Oracle>>,
    memory: Arc<Memory>,
}

impl Projection for Watched {
    fn committed(&self, first: EntryNumber, entries: Vec<Entry>) {
        self.oracle.lock().unwrap().committed(&self.memory, first, &entries, self.contest.now());
        self.contest.committed(first, entries);
    }
}

struct Nobody;

impl Follower for Nobody {
    fn registered(&self, _: &Registered) {}
    fn noted(&self, _: EntryNumber, _: Timestamp, _: &Note) {}
}

impl LaneMeter for Nobody {
    fn begins(&self) {}
    fn committed(&self, _: usize, _: kejing::ledger::entry::EntryNumber) {}
}

/// Runs one seed to its end.
pub(crate) async fn run(genesis: &'static Genesis, seed: u64) -> Outcome {
    let mut chance = Chance::of(seed);
    let participants = chance.between(2, 6) as usize;
    let clock = Clock::standing_at(BEGIN);
    let memory =
        Arc::new(Memory::with(genesis.with_participants(participants, BEGIN), BEGIN, Chance::of(seed ^ 0x5eed)));
    let weather = Weather {
        slow: [0, 50, 400][chance.below(3) as usize],
        slowest_ms: [20, 500, 8_000][chance.below(3) as usize],
        resent: [0, 100][chance.below(2) as usize],
        failed: [0, 15, 40][chance.below(3) as usize],
        mark_failed: [0, 20][chance.below(2) as usize],
    };
    let mut world = World {
        genesis,
        clock,
        oracle: Arc::new(Mutex::new(Oracle::new(genesis, &memory, BEGIN))),
        chance,
        memory,
        weather,
        life: None,
        players: (1..=participants).map(Player::new).collect(),
        outcome: Outcome::default(),
    };
    world.reopen(BEGIN, |_| {}).await;
    let crashes = [5, 25, 60][world.chance.below(3) as usize];
    for _ in 0..STEPS {
        world.step(crashes).await;
    }
    world.end().await
}

impl World {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn contest(&self) -> Arc<Contest> {
        Arc::clone(&self.life.as_ref().unwrap().contest)
    }

    async fn step(&mut self, crashes: u64) {
        // Dying while a commit is on its way shows more than dying at rest.
        let crashes = if self.memory.disk().is_in_flight() { crashes * 4 } else { crashes };
        match self.chance.weighted(&[600, 300, crashes, 10, 5, 3, 8, 24]) {
            0 => self.somebody_acts().await,
            1 => {
                let most = [2_000, 2_000, 12_000, 45_000, 2_400_000][self.chance.weighted(&[40, 20, 20, 15, 2])];
                let ms = self.chance.span(most);
                self.pass(ms).await;
            }
            2 => self.crash().await,
            3 => self.stop().await,
            4 => self.somebody_moves().await,
            5 => self.crowd().await,
            6 => self.two_correct().await,
            _ => self.somebody_runs_it().await,
        }
        for _ in 0..self.chance.below(4) {
            tokio::task::yield_now().await;
        }
        if self.chance.in_thousand(400) {
            let ms = self.chance.between(1, 5);
            self.pass(ms).await;
        }
        self.everyone_listens();
        // A process whose writer has ended serves on for a moment and tells nothing new.
        if self.life.as_ref().unwrap().writer.is_finished() && self.chance.in_thousand(600) {
            self.crash().await;
        }
    }

    async fn somebody_acts(&mut self) {
        let place = self.chance.below(self.players.len() as u64) as usize;
        let others: Vec<_> = self.players.iter().filter_map(|player| player.attempt).collect();
        let mut player = self.players.swap_remove(place);
        player.act(self, &others).await;
        self.players.push(player);
        let last = self.players.len() - 1;
        self.players.swap(place, last);
    }

    fn everyone_listens(&mut self) {
        for mut player in std::mem::take(&mut self.players) {
            player.listen(self);
            self.players.push(player);
        }
    }

    /// Lets time pass, for the contest and for what is on its way.
    pub(crate) async fn pass(&mut self, ms: i64) {
        let step = (ms / 12).max(1);
        let mut left = ms;
        while left > 0 {
            let now = step.min(left);
            self.clock.advance(now);
            // A long silence need not be waited through second by second.
            tokio::time::sleep(Duration::from_millis(now.min(2_000) as u64)).await;
            left -= now;
        }
    }

    /// Somebody goes to another city; once, as in a season.
    async fn somebody_moves(&mut self) {
        let place = self.chance.below(self.players.len() as u64) as usize;
        let contest = self.contest();
        if let Some(moved) = self.players[place].moves() {
            // A failed commit ends the process; whether it was kept is found out by the start.
            let _ = contest.note(moved, self.now()).await;
        }
    }

    /// Two decide about a question. A commit that fails ends the process; whether it was kept is found out by the start.
    async fn two_correct(&mut self) {
        let genesis = self.genesis;
        let question = &genesis.questions[self.chance.below(genesis.questions.len() as u64) as usize];
        let options = question.options.len() as u64;
        let single = Choices(1 << self.chance.below(options));
        let several = Choices(self.chance.between(1, (1 << options) - 1) as u16);
        let one = if question.kind == Kind::Multiple { several } else { single };
        let remedy = match self.chance.below(5) {
            0 => Remedy::NewKey { key: one },
            1 if one != question.key => Remedy::Accept { accepted: vec![question.key, one] },
            1 | 2 => Remedy::AllPoints,
            3 => Remedy::Annul,
            _ => Remedy::AsPublished,
        };
        let proposal =
            Proposal { bank: "kexue".to_owned(), question: question.id.clone(), versions: Vec::new(), remedy };
        let by = ["甲".to_owned(), "乙".to_owned()];
        let contest = self.contest();
        let seen = contest.preview_correction(&proposal, Arc::default()).await;
        match contest.apply_correction(proposal, "答案有误".to_owned(), by, Arc::default()).await {
            Ok(applied) => {
                assert!(applied.standings_replaced);
                self.outcome.corrections += 1;
                self.everyone_listens();
                self.oracle.lock().unwrap().check_boards(&contest);
                // Nothing else happens while a commit is waited for but what waits with it.
                assert!(seen.is_ok_and(|seen| seen.attempts <= applied.changed_attempts));
            }
            Err(CorrectionRefusal::SameAsNow) => {}
            Err(CorrectionRefusal::Ledger(_)) => {}
            Err(other) => panic!("a correction was refused: {other}"),
        }
    }

    /// Whoever runs the season does something to it; what cannot be done by now is refused.
    async fn somebody_runs_it(&mut self) {
        let contest = self.contest();
        let rounds = contest.season.rounds.len() as u64;
        let round = RoundIndex(self.chance.below(rounds) as u16);
        let one_or_all = self.chance.in_thousand(600).then_some(round);
        let who = ParticipantId(1 + self.chance.below(self.players.len() as u64) as i64);
        let deed = Deed { by: "甲".to_owned(), reason: "事出有因".to_owned() };
        let done = match self.chance.below(10) {
            0..3 => contest.pause(one_or_all, deed).await,
            3..7 => contest.resume(one_or_all, deed).await,
            7 => contest.give_time(round, self.chance.between(1_000, 30_000) as u32, deed).await,
            8 => contest.exclude(who, deed).await,
            _ => contest.reinstate(who, deed).await,
        };
        match done {
            Ok(_) => {
                self.outcome.acts += 1;
                self.everyone_listens();
                self.oracle.lock().unwrap().check_boards(&contest);
            }
            Err(RunRefusal::NotNow(_) | RunRefusal::Ledger(_)) => {}
            Err(other) => panic!("an act was refused: {other}"),
        }
    }

    /// The queue is full for a while: everything is refused or comes later, and nothing is used up.
    async fn crowd(&mut self) {
        // Filling it takes long; one crowd in ten shows the same.
        if !self.chance.in_thousand(100) {
            return;
        }
        let contest = self.contest();
        let mut rooms = Vec::new();
        while let Ok(room) = contest.lane().reserve() {
            rooms.push(room);
        }
        for _ in 0..6 {
            self.somebody_acts().await;
            let ms = self.chance.span(40_000);
            self.pass(ms).await;
            self.everyone_listens();
        }
    }

    /// The process dies between any two of its steps.
    async fn crash(&mut self) {
        self.outcome.crashes += 1;
        let Life { contest, writer, deadlines, upkeep } = self.life.take().unwrap();
        writer.abort();
        deadlines.abort();
        upkeep.abort();
        let _ = (writer.await, deadlines.await, upkeep.await);
        drop(contest);
        let gone = self.now();
        self.players.iter_mut().for_each(Player::cut_off);
        let late = self.memory.crashed();
        self.reopen(gone, late).await;
    }

    /// The process is told to stop: all that was taken is committed first.
    async fn stop(&mut self) {
        self.outcome.stops += 1;
        let Life { contest, mut writer, deadlines, upkeep } = self.life.take().unwrap();
        self.players.iter_mut().for_each(Player::cut_off);
        contest.lane().close();
        let mut written = None;
        for _ in 0..20_000 {
            tokio::task::yield_now().await;
            if writer.is_finished() {
                written = Some((&mut writer).await.unwrap());
                break;
            }
            self.pass(5).await;
        }
        let written = written.expect("a lane that was closed does not end");
        deadlines.abort();
        upkeep.abort();
        let _ = (deadlines.await, upkeep.await);
        drop(contest);
        let gone = self.now();
        if written.is_ok() {
            self.everything_is_applied();
        }
        let late = self.memory.crashed();
        self.reopen(gone, late).await;
    }

    fn everything_is_applied(&self) {
        let entries = self.memory.disk().entries.len();
        assert_eq!(self.oracle.lock().unwrap().taken(), entries as EntryNumber, "a stop left something unsaid");
    }

    /// Starts until it succeeds, and takes up where the ledger stands.
    async fn reopen(&mut self, gone: Timestamp, late: impl FnOnce(&Memory)) {
        let mut late = Some(late);
        let (opened, back) = loop {
            let away = self.chance.span(7_200_000);
            self.clock.advance(away);
            if self.chance.in_thousand(50) {
                self.start_behind().await;
            }
            self.memory.disk().weather = Weather { failed: self.weather.failed * 5, ..self.weather };
            let opening = self.opening(self.clock.clone());
            let clock = self.clock.clone();
            let opening = tokio::spawn(async move { (opening.open(Arc::new(Nobody)).await, clock.now()) });
            while !opening.is_finished() {
                let ms = self.chance.between(1, 50);
                self.pass(ms).await;
            }
            let (opened, back) = opening.await.unwrap();
            if let Some(late) = late.take() {
                late(&self.memory);
            }
            match opened {
                Ok(opened) => break (opened, back),
                Err(OpeningError::Ledger(LedgerError::Database(_))) => drop(self.memory.crashed()),
                Err(other) => panic!("the ledger is not taken up: {other}"),
            }
        };
        self.memory.disk().weather = self.weather;
        let Opened { contest, writer, .. } = opened;
        {
            let mut oracle = self.oracle.lock().unwrap();
            oracle.reopened(&self.memory, gone, back);
            oracle.check_boards(&contest);
        }
        let watched = Watched {
            contest: Arc::clone(&contest),
            oracle: Arc::clone(&self.oracle),
            memory: Arc::clone(&self.memory),
        };
        self.life = Some(Life {
            writer: tokio::spawn(writer.run(Arc::new(watched), Arc::new(Nobody))),
            deadlines: tokio::spawn(Arc::clone(&contest).meet_deadlines()),
            upkeep: tokio::spawn(Arc::clone(&contest).keep_up()),
            contest,
        });
    }

    fn opening(&self, clock: Clock) -> Opening {
        Opening {
            season: self.genesis.season.clone(),
            banks: vec![("kexue".to_owned(), self.genesis.questions.clone())],
            keys: keys(),
            clock,
            store: Arc::clone(&self.memory) as Arc<_>,
            accept_change: None,
            published: None,
        }
    }

    /// A start with the clock behind the ledger is refused, and changes nothing but the epoch.
    async fn start_behind(&mut self) {
        let alive_at = self.memory.disk().alive_at.unwrap();
        let before = self.memory.disk().entries.len();
        let behind = alive_at.plus_ms(-1 - self.chance.span(3_600_000));
        let refused = self.opening(Clock::standing_at(behind)).open(Arc::new(Nobody)).await.err();
        assert!(matches!(refused, Some(OpeningError::ClockBehind { .. })), "a clock that is behind was not refused");
        assert_eq!(self.memory.disk().entries.len(), before);
    }

    /// Nothing fails any more: everyone plays to the end, and everything is compared.
    async fn end(mut self) -> Outcome {
        self.weather = Weather::default();
        if self.life.as_ref().unwrap().writer.is_finished() {
            self.crash().await;
        }
        self.memory.disk().weather = self.weather;
        let deed = Deed { by: "甲".to_owned(), reason: "到此为止".to_owned() };
        match self.contest().resume(None, deed).await {
            Ok(_) | Err(RunRefusal::NotNow(_)) => {}
            Err(other) => panic!("the season does not run on: {other}"),
        }
        let mut rounds = 0;
        loop {
            self.pass(20_000).await;
            self.everyone_listens();
            if self.life.as_ref().unwrap().writer.is_finished() {
                self.crash().await;
            }
            let (_, live) = self.contest().seats_in_use();
            if live == 0 {
                break;
            }
            rounds += 1;
            assert!(rounds < 400, "{live} attempts never end");
            for mut player in std::mem::take(&mut self.players) {
                player.play_on(&self).await;
                self.players.push(player);
            }
        }
        self.pass(1_000).await;
        self.everything_is_applied();
        let ((attempts, answers), told) = {
            let oracle = self.oracle.lock().unwrap();
            assert_eq!(oracle.live(), 0, "the ledger has attempts that the contest lost");
            oracle.check_boards(&self.contest());
            (oracle.counts(), oracle.told)
        };
        let replayed = replay(self.memory.as_ref()).await.unwrap();
        assert_eq!(replayed.disagreements, Vec::<String>::new(), "replay");
        let life = self.life.take().unwrap();
        let tasks = (life.writer, life.deadlines, life.upkeep);
        tasks.0.abort();
        tasks.1.abort();
        tasks.2.abort();
        let _ = (tasks.0.await, tasks.1.await, tasks.2.await);
        let disk = self.memory.disk();
        let digest = Sha256::digest(format!("{:?}", disk.entries));
        Outcome {
            digest: data_encoding::HEXLOWER.encode(&digest),
            entries: disk.entries.len(),
            attempts,
            answers,
            told,
            faults: disk.faults,
            ..self.outcome
        }
    }
}
