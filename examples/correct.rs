//! Measures a correction on a ledger that `fill` has made: how long a preview takes, how long until everyone stands by it, and how
//! long answers wait for their verdicts meanwhile, beside how long they wait in quiet. It is undone at the end.

use anyhow::Context;
use clap::Parser;
use kejing::contest::clock::Clock;
use kejing::contest::core::Contest;
use kejing::contest::correct::Progress;
use kejing::contest::correct::Proposal;
use kejing::contest::keys::Keys;
use kejing::contest::recovery::Follower;
use kejing::contest::recovery::Opened;
use kejing::contest::recovery::Opening;
use kejing::contest::seat::News;
use kejing::domain::correction::Remedy;
use kejing::domain::ids::ParticipantId;
use kejing::domain::ids::RoundIndex;
use kejing::domain::question::Choices;
use kejing::domain::question::Kind;
use kejing::domain::time::Timestamp;
use kejing::files;
use kejing::ledger::entry::EntryNumber;
use kejing::ledger::entry::Note;
use kejing::ledger::entry::Registered;
use kejing::ledger::lane::LaneMeter;
use kejing::ledger::sqlite::Sqlite;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::task::Waker;
use std::time::Duration;

#[derive(Parser)]
struct Args {
    /// A folder that `fill` has filled
    #[arg(long)]
    data: PathBuf,
    #[arg(long, default_value = "seasons/bench.toml")]
    season: PathBuf,
    /// How many answer all the while
    #[arg(long, default_value_t = 200)]
    players: i64,
    /// Each so many milliseconds after the last verdict
    #[arg(long, default_value_t = 100)]
    pace_ms: u64,
}

struct Nobody;

impl Follower for Nobody {
    fn registered(&self, _: &Registered) {}
    fn noted(&self, _: EntryNumber, _: Timestamp, _: &Note) {}
}

impl LaneMeter for Nobody {
    fn begins(&self) {}
    fn committed(&self, _: usize, _: EntryNumber) {}
}

/// From an answer to its verdict, in microseconds.
type Waits = Arc<Mutex<Vec<u64>>>;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let read = files::read_season(&args.season)?;
    let store = Arc::new(Sqlite::open(&args.data, &read.season.id).await?);
    let clock = Clock::of_the_machine();
    let opening = Opening {
        season: read.season,
        banks: read.banks,
        keys: Keys::of(&files::key_file(&args.data)?),
        clock: clock.clone(),
        store,
        accept_change: None,
        published: None,
    };
    let began = clock.ticks_us();
    let Opened { contest, writer, recovered } = opening.open(Arc::new(Nobody)).await?;
    println!("start: {} attempts, {} ms", recovered.attempts, (clock.ticks_us() - began) / 1000);
    let runtime = tokio::runtime::Handle::current();
    let commits = writer.run(Arc::clone(&contest) as Arc<_>, Arc::new(Nobody));
    tokio::task::spawn_blocking(move || runtime.block_on(commits));
    let period = contest.periods_of(RoundIndex(0)).last().cloned().context("the season has no round")?;
    let single = period.bank.questions.iter().find(|question| question.kind == Kind::Single);
    let question = single.context("the bank has no single choice")?;
    let other = Choices(if question.key == Choices(1) { 2 } else { 1 });
    let proposal = |remedy| Proposal {
        bank: period.bank.bank.clone(),
        question: question.id.clone(),
        versions: Vec::new(),
        remedy,
    };
    let change = proposal(Remedy::NewKey { key: other });
    for _ in 0..3 {
        let began = clock.ticks_us();
        let seen = contest.preview_correction(&change, Arc::default()).await?;
        let ms = (clock.ticks_us() - began) / 1000;
        println!("preview: {ms} ms, {} attempts of {} participants change", seen.attempts, seen.participants);
    }
    let waits = Waits::default();
    for number in 1..=args.players {
        tokio::spawn(play(Arc::clone(&contest), ParticipantId(number), Arc::clone(&waits), args.pace_ms));
    }
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_secs(4)).await;
        tell("in quiet", &waits);
        for remedy in [Remedy::NewKey { key: other }, Remedy::AsPublished] {
            let by = ["甲".to_owned(), "乙".to_owned()];
            let began = clock.ticks_us();
            let applied = contest.apply_correction(proposal(remedy), "测量".to_owned(), by, progress()).await?;
            let ms = (clock.ticks_us() - began) / 1000;
            println!("apply: {ms} ms, {} attempts change", applied.changed_attempts);
            tell("meanwhile", &waits);
        }
    }
    Ok(())
}

fn progress() -> Arc<Progress> {
    Arc::default()
}

fn tell(when: &str, waits: &Waits) {
    let mut waits = std::mem::take(&mut *waits.lock().unwrap_or_else(PoisonError::into_inner));
    waits.sort_unstable();
    let at =
        |share: usize| waits.get(waits.len().saturating_sub(1) * share / 1000).map_or(0.0, |us| *us as f64 / 1000.0);
    let (half, most, last) = (at(500), at(990), at(1000));
    println!("  {when}: {} answers, p50 {half:.1} ms, p99 {most:.1} ms, longest {last:.1} ms", waits.len());
}

/// Plays paper after paper, and notes how long each verdict took.
async fn play(contest: Arc<Contest>, participant: ParticipantId, waits: Waits, pace_ms: u64) {
    let mut presence = contest.hello(participant, Waker::noop());
    while !matches!(presence.resume(contest.now()), Ok(Some(_))) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let round = contest.season.rounds[0].id.clone();
    let mut answered_us = None;
    // Somebody who was left in mid-paper goes on with it.
    let _ = contest.start(&presence.seat, round.as_str(), contest.now());
    loop {
        let Ok(news) = presence.take_news(contest.now()) else { return };
        let quiet = news.is_empty();
        for one in news {
            match one {
                News::Question(told) => {
                    tokio::time::sleep(Duration::from_millis(pace_ms)).await;
                    answered_us = Some(contest.clock.ticks_us());
                    let shown = Some(Choices(1));
                    let _ = contest.answer(&presence.seat, told.attempt, told.seq, shown, contest.now());
                }
                News::Verdict(told) => {
                    if let Some(answered_us) = answered_us.take() {
                        let us = contest.clock.ticks_us() - answered_us;
                        waits.lock().unwrap_or_else(PoisonError::into_inner).push(us);
                    }
                    if told.feedback.is_some() && !told.last {
                        let _ = contest.next(&presence.seat, told.attempt, contest.now());
                    }
                }
                News::Result(_) => {
                    let _ = contest.start(&presence.seat, round.as_str(), contest.now());
                }
                News::StartRefused(_) | News::Corrected(_) | News::Clock(_) | News::Told(_) => {}
            }
        }
        if quiet {
            // As coarse as a timer is; the waits are told with it.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}
