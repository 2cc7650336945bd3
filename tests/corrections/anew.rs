//! Seasons of chance under corrections that fall into the midst of play: what the running server comes to is what a start
//! computes from the same ledger, what a replay makes of the raw answers, and what was seen beforehand.

use super::two;
use crate::simulation::chance::Chance;
use crate::simulation::memory::Memory;
use crate::simulation::season::CITIES;
use crate::simulation::season::REGION;
use crate::simulation::season::keys;
use crate::simulation::season::questions;
use crate::simulation::season::who;
use kejing::contest::clock::Clock;
use kejing::contest::core::Contest;
use kejing::contest::correct::CorrectionRefusal;
use kejing::contest::correct::Proposal;
use kejing::contest::meet::Presence;
use kejing::contest::preview::Preview;
use kejing::contest::recovery::Follower;
use kejing::contest::recovery::Opened;
use kejing::contest::recovery::Opening;
use kejing::contest::refusal::Refusal;
use kejing::contest::replay::replay;
use kejing::contest::roster::Left;
use kejing::contest::scoreboard::Of;
use kejing::contest::scoreboard::Scope;
use kejing::contest::seat::CorrectedFacts;
use kejing::contest::seat::News;
use kejing::domain::attempt::AnswerRefusal;
use kejing::domain::cities::CityIndexKind;
use kejing::domain::cities::CityStanding;
use kejing::domain::cities::CityTotals;
use kejing::domain::correction::Remedy;
use kejing::domain::ids::AttemptId;
use kejing::domain::ids::ParticipantId;
use kejing::domain::ids::RoundIndex;
use kejing::domain::paper::Order;
use kejing::domain::question::Choices;
use kejing::domain::question::Kind;
use kejing::domain::question::Question;
use kejing::domain::score::Standing;
use kejing::domain::season::Season;
use kejing::domain::time::Timestamp;
use kejing::ledger::entry::Entry;
use kejing::ledger::entry::EntryNumber;
use kejing::ledger::entry::Note;
use kejing::ledger::entry::Registered;
use kejing::ledger::entry::TokenHash;
use kejing::ledger::lane::LaneMeter;
use kejing::ledger::store::Store;
use sha2::Digest;
use sha2::Sha256;
use std::sync::Arc;
use std::task::Waker;
use tokio::task::JoinHandle;

const BEGIN: Timestamp = Timestamp(1_788_228_000_000);
const PEOPLE: usize = 7;
const SEEDS: u64 = 30;

/// Every way of scoring and of adding up, in one season.
const SEASON: &str = r#"
id = "anew"
name = "更正"
time_zone = "Asia/Shanghai"
opens = 2026-08-31
last_day = 2026-11-30
sign_in = "open"
region = "region.toml"
hosts = ["测试"]
groups = [{ id = "youth", name = "青少年" }, { id = "other", name = "其他" }]
tally = "TALLY"

[[bank]]
id = "kexue"
path = "kexue"

[[round]]
id = "best"
name = "最好"
multiple = "by_option"
tally = "best"
feedback = "after_each"
[[round.section]]
count = 3
kind = "multiple"
points = 7
[[round.section]]
count = 2
points = 3

[[round]]
id = "sum"
name = "累计"
multiple = "half_for_part"
elapsed_floor_ms = 2500
question_seconds = 60
attempts_in_all = 200
tally = "sum"
[[round.section]]
count = 5
points = 5

[[round]]
id = "days"
name = "每日最好"
tally = "sum_of_daily_best"
attempts_per_week = 9
attempts_in_all = 200
[[round.section]]
count = 4
points = 1

[[round]]
id = "last"
name = "最后一次"
paper_seconds = 600
tally = "last"
[[round.section]]
count = 4
points = 9

[[round]]
id = "threshold"
name = "按答对题数"
threshold = { right = 2, points = 1 }
attempts_in_all = 200
tally = "sum"
[[round.section]]
count = 3

[[round]]
id = "challenge"
name = "闯关"
ends_at_first_wrong = true
attempts_per_day = 3
tally = "best"
[[round.section]]
count = 6
points = 4

[[round]]
id = "gated"
name = "热身以后"
gate = { round = "threshold", right = 3 }
tally = "best"
feedback = "never"
[[round.section]]
count = 5
points = 2
"#;

struct Nobody;

impl Follower for Nobody {
    fn registered(&self, _: &Registered) {}
    fn noted(&self, _: EntryNumber, _: Timestamp, _: &Note) {}
}

impl LaneMeter for Nobody {
    fn begins(&self) {}
    fn committed(&self, _: usize, _: EntryNumber) {}
}

struct Life {
    contest: Arc<Contest>,
    writer: JoinHandle<()>,
}

impl Life {
    async fn begin(memory: &Arc<Memory>, clock: &Clock, tally: &str) -> Life {
        let text = SEASON.replace("TALLY", tally);
        let season = Season::read(&text, &|_| Ok(REGION.to_owned())).unwrap_or_else(|faults| panic!("{faults:?}"));
        let opening = Opening {
            season,
            banks: vec![("kexue".to_owned(), questions())],
            keys: keys(),
            clock: clock.clone(),
            store: Arc::clone(memory) as Arc<dyn Store>,
            accept_change: None,
            published: None,
        };
        let Opened { contest, writer, .. } = opening.open(Arc::new(Nobody)).await.unwrap();
        let running = writer.run(Arc::clone(&contest) as Arc<_>, Arc::new(Nobody));
        let writer = tokio::spawn(async move { running.await.unwrap() });
        Life { contest, writer }
    }

    async fn end(self) {
        self.contest.lane().close();
        self.writer.await.unwrap();
    }
}

/// The question that is open, as a phone knows it.
struct Asked {
    attempt: AttemptId,
    seq: u32,
    question: Question,
    order: Order,
}

struct Player {
    presence: Presence,
    open: Option<Asked>,
}

impl Player {
    async fn come(contest: &Arc<Contest>, number: usize) -> Player {
        let mut presence = contest.hello(ParticipantId(number as i64), Waker::noop());
        while presence.resume(contest.now()).unwrap().is_none() {
            tokio::task::yield_now().await;
        }
        Player { presence, open: None }
    }

    /// Starts something, or answers what is open, and hears what comes of it.
    async fn act(&mut self, contest: &Contest, chance: &mut Chance) {
        let now = contest.now();
        match self.open.take() {
            None => {
                let rounds = &contest.season.rounds;
                let round = &rounds[chance.below(rounds.len() as u64) as usize].id;
                if contest.start(&self.presence.seat, round.as_str(), now).is_err() {
                    return;
                }
            }
            Some(open) if chance.in_thousand(40) => {
                contest.finish(&self.presence.seat, open.attempt, now).unwrap();
            }
            Some(open) => {
                let chosen = match chance.below(5) {
                    0 => Choices::NONE,
                    1 | 2 => open.question.key,
                    _ => some(&open.question, chance),
                };
                let shown = Some(open.order.to_shown(chosen));
                // Too late: then it is settled as timed out, and that is heard.
                let answered = contest.answer(&self.presence.seat, open.attempt, open.seq, shown, now);
                assert!(matches!(answered, Ok(_) | Err(Refusal::Answer(AnswerRefusal::TooLate))));
            }
        }
        self.hear(contest).await;
    }

    async fn hear(&mut self, contest: &Contest) {
        loop {
            for news in self.presence.take_news(contest.now()).unwrap() {
                match news {
                    News::Question(told) => {
                        let question = told.period.bank.question(told.index).clone();
                        let (attempt, seq, order) = (told.attempt, told.seq, told.order);
                        self.open = Some(Asked { attempt, seq, question, order });
                        return;
                    }
                    News::Verdict(told) if told.feedback.is_some() && !told.last => {
                        contest.next(&self.presence.seat, told.attempt, contest.now()).unwrap();
                    }
                    News::Result(_) => return,
                    News::Verdict(_) | News::Corrected(_) | News::Clock(_) | News::Told(_) => {}
                    News::StartRefused(refusal) => panic!("{refusal:?}"),
                }
            }
            tokio::task::yield_now().await;
        }
    }
}

fn some(question: &Question, chance: &mut Chance) -> Choices {
    let options = question.options.len() as u64;
    match question.kind {
        Kind::Multiple => Choices(chance.between(1, (1 << options) - 1) as u16),
        Kind::TrueFalse | Kind::Single => Choices(1 << chance.below(options)),
    }
}

fn decision(chance: &mut Chance) -> Proposal {
    let questions = questions();
    // Few questions, so that decisions meet.
    let question = &questions[chance.below(5) as usize];
    let (one, other) = (some(question, chance), some(question, chance));
    let remedy = match chance.below(6) {
        0 | 1 => Remedy::NewKey { key: one },
        2 if one != other => Remedy::Accept { accepted: vec![one, other] },
        2 => Remedy::Accept { accepted: vec![one] },
        3 => Remedy::AllPoints,
        4 => Remedy::Annul,
        _ => Remedy::AsPublished,
    };
    Proposal { bank: "kexue".to_owned(), question: question.id.clone(), versions: Vec::new(), remedy }
}

type Row = (Of, Scope, u64, ParticipantId, Standing);

/// Everything that is derived.
#[derive(Debug, PartialEq)]
struct Derived {
    boards: Vec<Row>,
    cities: Vec<Option<CityTotals>>,
    /// Of each participant in each round: what is left, and the most right answers.
    uses: Vec<(Left, u16)>,
    /// Of each live attempt: score, right answers, time.
    live: Vec<(AttemptId, u32, u32, u64)>,
    corrections: Vec<Vec<CorrectedFacts>>,
}

fn ofs(season: &Season) -> impl Iterator<Item = Of> + use<> {
    (0..season.rounds.len()).map(|i| Some(RoundIndex(i as u16))).chain([None])
}

impl Derived {
    fn of(contest: &Arc<Contest>) -> Derived {
        let season = &contest.season;
        let today = season.time_zone.day(contest.now());
        let people = || (1..=PEOPLE).map(|number| ParticipantId(number as i64));
        let mut boards = Vec::new();
        contest.scoreboard().for_each_standing(|of, scope, rank, who, standing| {
            boards.push((of, scope, rank, who, standing));
        });
        let cities = ofs(season).map(|of| contest.scoreboard().cities(of).cloned()).collect();
        let mut uses = Vec::new();
        let mut live = Vec::new();
        for participant in people() {
            for (place, round) in season.rounds.iter().enumerate() {
                let used = contest.roster.with(participant, |player| player.usage(RoundIndex(place as u16))).unwrap();
                uses.push((used.left(&round.attempts, today), used.best_correct));
            }
            let presence = contest.hello(participant, Waker::noop());
            let mut state = presence.seat.state();
            if let Some(attempt) = state.live.as_deref_mut() {
                attempt.take_up_corrections();
                let attempt = &attempt.attempt;
                live.push((attempt.id, attempt.score(), attempt.correct(), attempt.elapsed_ms()));
            }
        }
        let corrections = people().map(|participant| contest.corrections_for(participant)).collect();
        Derived { boards, cities, uses, live, corrections }
    }

    /// As a replay digests the boards.
    fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for (of, scope, rank, who, standing) in &self.boards {
            let round = of.map_or(-1, |round| i64::from(round.0));
            let Standing { score, elapsed_ms, finished_at, attempt } = standing;
            let row =
                format!("{round}|{scope:?}|{rank}|{}|{score}|{elapsed_ms}|{}|{}\n", who.0, finished_at.0, attempt.0);
            hash.update(row);
        }
        format!("sha256:{}", data_encoding::HEXLOWER.encode(&hash.finalize()))
    }

    fn rank(&self, of: Of, who: ParticipantId) -> Option<(u64, Standing)> {
        let row = self.boards.iter().find(|row| (row.0, row.1, row.3) == (of, Scope::Region, who));
        row.map(|row| (row.2, row.4))
    }
}

/// What was seen is what came.
fn check_preview(contest: &Contest, seen: &Preview, before: &Derived, after: &Derived) {
    for (place, of) in ofs(&contest.season).enumerate() {
        let people = (1..=PEOPLE).map(|number| ParticipantId(number as i64));
        let changed: Vec<_> = people.filter(|who| before.rank(of, *who) != after.rank(of, *who)).collect();
        let tallies =
            changed.iter().filter(|who| before.rank(of, **who).map(|r| r.1) != after.rank(of, **who).map(|r| r.1));
        let ranks =
            changed.iter().filter(|who| before.rank(of, **who).map(|r| r.0) != after.rank(of, **who).map(|r| r.0));
        let (tallies, ranks) = (tallies.count() as u64, ranks.count() as u64);
        let told = seen.standings.iter().find(|change| change.of == of).map(|change| (change.tallies, change.ranks));
        assert_eq!(told.unwrap_or_default(), (tallies, if tallies == 0 { 0 } else { ranks }), "{of:?}");
        for moved in seen.moves.iter().filter(|moved| moved.of == of) {
            assert_eq!(before.rank(of, moved.participant), Some((moved.rank_before, moved.before)));
            assert_eq!(after.rank(of, moved.participant), Some((moved.rank_after, moved.after)));
        }
        let (Some(before), Some(after)) = (&before.cities[place], &after.cities[place]) else { continue };
        for by in CityIndexKind::ALL {
            let told = |standing: &CityStanding| (standing.value_millionths, standing.rank);
            let after = after.ranked(&contest.season, by);
            for one in before.ranked(&contest.season, by) {
                let other = after.iter().find(|other| other.city == one.city).unwrap();
                let change = seen.cities.iter().find(|c| (c.of, c.by, c.city) == (of, by, one.city));
                let expected = (told(&one) != told(other)).then(|| (told(&one), told(other)));
                let change = change.map(|c| ((c.value_before, c.rank_before), (c.value_after, c.rank_after)));
                assert_eq!(change, expected, "{of:?} {by:?}");
            }
        }
    }
    let uses = || before.uses.iter().zip(&after.uses);
    assert!(uses().all(|(before, after)| after.1 >= before.1), "a gate that was passed has closed");
    let extra = |left: &Left| left.today.unwrap_or(0);
    let given: u32 = uses().map(|(before, after)| extra(&after.0) - extra(&before.0)).sum();
    assert_eq!(u64::from(given), seen.given_back);
}

async fn register(contest: &Contest) {
    for number in 1..=PEOPLE {
        let mut request = [0; 16];
        request[0] = number as u8;
        let registered = Registered {
            participant: ParticipantId(number as i64),
            request,
            who: who(number, CITIES[number % 2]),
            token: TokenHash(request),
            recovery: TokenHash(request),
            consented: true,
            at: contest.now(),
        };
        contest.lane().append(Entry::Registered(Box::new(registered))).await.unwrap();
    }
}

async fn run(seed: u64) {
    let mut chance = Chance::of(seed);
    let clock = Clock::standing_at(BEGIN);
    let memory = Arc::new(Memory::with(Vec::new(), BEGIN, Chance::of(seed)));
    let tally = ["sum_of_rounds", "best_round"][chance.below(2) as usize];
    let life = Life::begin(&memory, &clock, tally).await;
    let contest = &life.contest;
    register(contest).await;
    let mut players = Vec::new();
    for number in 1..=PEOPLE {
        players.push(Player::come(contest, number).await);
    }
    let mut correcting = Vec::new();
    for _ in 0..260 {
        let player = chance.below(PEOPLE as u64) as usize;
        players[player].act(contest, &mut chance).await;
        clock.advance(chance.between(0, 4_000));
        if chance.in_thousand(20) {
            clock.advance(86_400_000);
        }
        if chance.in_thousand(30) {
            let (contest, proposal) = (Arc::clone(contest), decision(&mut chance));
            let applying =
                async move { contest.apply_correction(proposal, "答案有误".to_owned(), two(), Arc::default()).await };
            correcting.push(tokio::spawn(applying));
        }
        if chance.in_thousand(15) {
            let number = player + 1;
            let moved = who(number, CITIES[(number + 1) % 2]);
            let note = Note::Changed { participant: ParticipantId(number as i64), who: moved };
            let has_moved = contest.roster.with(ParticipantId(number as i64), |player| player.moved.is_some()).unwrap();
            if !has_moved {
                contest.note(note, contest.now()).await.unwrap();
            }
        }
    }
    for applying in correcting {
        match applying.await.unwrap() {
            Ok(applied) => assert!(applied.standings_replaced),
            Err(CorrectionRefusal::SameAsNow) => {}
            Err(other) => panic!("{other}"),
        }
    }
    // In quiet: what is seen beforehand is what comes, whatever is live.
    for _ in 0..3 {
        let proposal = decision(&mut chance);
        let seen = contest.preview_correction(&proposal, Arc::default()).await;
        let before = Derived::of(contest);
        let applied = contest.apply_correction(proposal, "答案有误".to_owned(), two(), Arc::default()).await;
        match (seen, applied) {
            (Ok(seen), Ok(applied)) => {
                assert_eq!(
                    (seen.attempts, seen.participants),
                    (applied.changed_attempts, applied.changed_participants)
                );
                check_preview(contest, &seen, &before, &Derived::of(contest));
            }
            (Err(CorrectionRefusal::SameAsNow), Err(CorrectionRefusal::SameAsNow)) => {}
            (seen, applied) => panic!("{seen:?}, and then {applied:?}"),
        }
    }
    let incremental = Derived::of(contest);
    drop(players);
    life.end().await;
    let again = Life::begin(&memory, &clock, tally).await;
    let from_the_ledger = Derived::of(&again.contest);
    assert_eq!(incremental.boards, from_the_ledger.boards);
    assert_eq!(incremental.cities, from_the_ledger.cities);
    assert_eq!(incremental.live, from_the_ledger.live);
    assert_eq!(incremental.corrections, from_the_ledger.corrections);
    assert_eq!(incremental.uses, from_the_ledger.uses);
    // A correction after the start is the same as before it.
    let _ = again.contest.apply_correction(decision(&mut chance), "答案有误".to_owned(), two(), Arc::default()).await;
    let after = Derived::of(&again.contest);
    again.end().await;
    let replayed = replay(memory.as_ref()).await.unwrap();
    assert_eq!(replayed.disagreements, Vec::<String>::new());
    assert_eq!(replayed.boards, after.digest());
}

#[test]
fn corrections_in_the_midst_of_play_come_to_what_is_computed_from_scratch() {
    let first = std::env::var("KEJING_SEED").ok().map(|seed| seed.parse().unwrap());
    let seeds = first.map_or(1..=SEEDS, |seed| seed..=seed);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for seed in seeds {
        let ran = runtime.block_on(async move { tokio::spawn(run(seed)).await });
        assert!(ran.is_ok(), "seed {seed} failed; KEJING_SEED={seed} plays it again");
    }
}
