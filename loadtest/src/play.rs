//! `play`: from the first registration to the last rank, in the order in which it happens.

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;
use tokio::time::{interval, sleep};

use crate::args::{CONNECTIONS_MAX, Mischief, PlayArgs, RuleArgs};
use crate::bank::Bank;
use crate::clock::{SECOND_US, now_us, unix_ms};
use crate::closing;
use crate::crowd::{Crowd, Person, Stop, register};
use crate::downtime::Downtime;
use crate::findings::Findings;
use crate::http::{Call, Http};
use crate::meter::Meter;
use crate::net::Target;
use crate::pace::Pace;
use crate::player::{Played, Player};
use crate::process::{Usage, usage};
use crate::report::{PlayReport, ServerReport, print_play};
use crate::season::Season;
use crate::server::Server;
use crate::spectator::spectate;

type OwnServer = Arc<Mutex<Option<Server>>>;

pub(crate) async fn play(args: PlayArgs) -> anyhow::Result<u64> {
    let seed = args.seed.unwrap_or_else(unix_ms);
    let bank = args.bank.as_deref().map(Bank::read).transpose()?;
    let downtime = Arc::new(Downtime::default());
    let server: OwnServer = Arc::default();
    if args.server.path.is_some() {
        *server.lock().await = Some(Server::start(&args.server, Arc::clone(&downtime)).await?);
    }
    let url = match (&args.url, &*server.lock().await) {
        (Some(url), _) => url.clone(),
        (None, Some(server)) => server.url(),
        (None, None) => bail!("no server"),
    };
    let crowd = Arc::new(gather(&args, &url, bank, Arc::clone(&downtime)).await?);
    eprintln!("playing {url} · {} participants · rounds {} · seed {seed}", args.participants, round_ids(&crowd));

    let (ending, ended) = watch::channel(false);
    let killer = args
        .kill_every
        .map(|every| tokio::spawn(kill_in_a_loop(Arc::clone(&crowd), Arc::clone(&server), every, ended.clone())));
    let progress = tokio::spawn(show_progress(Arc::clone(&crowd), ended.clone()));
    let people = register(&crowd, seed, 0, args.participants).await?;
    let spectators: Vec<_> =
        (0..args.spectators).map(|number| tokio::spawn(spectate(Arc::clone(&crowd), number, ended.clone()))).collect();

    let before = server_usage(&server, args.server_pid).await;
    let from = now_us();
    let players = all_play(&crowd, people, seed, args.duration, args.rate).await?;
    let seconds = (now_us() - from) as f64 / SECOND_US as f64;
    let after = server_usage(&server, args.server_pid).await;

    ending.send_replace(true);
    if let Some(killer) = killer {
        killer.await?;
    }
    progress.await?;
    for spectator in spectators {
        spectator.await?;
    }
    if let Some(why) = crowd.failure() {
        bail!("the run broke off: {why}");
    }
    eprintln!("played; comparing histories, reviews, boards");
    close(&crowd, players, &args).await;
    let replay = stop_and_replay(&crowd, &server).await?;

    let report = PlayReport::new(&crowd, &args, seed, seconds, ServerReport::new(before, after, &crowd, replay))?;
    print_play(&report);
    report.write(args.report.as_deref())?;
    Ok(crowd.findings.count())
}

async fn gather(args: &PlayArgs, url: &str, bank: Option<Bank>, downtime: Arc<Downtime>) -> anyhow::Result<Crowd> {
    let mut crowd = crowd(url, args.sources, &args.round, &args.rules, bank).await?;
    crowd.mischief = args.mischief;
    crowd.skill = args.skill;
    crowd.think_ms = args.think;
    crowd.papers_each = args.papers_each();
    crowd.reviews_each = args.reviews.div_ceil(args.participants);
    crowd.downtime = downtime;
    crowd.kills = args.kill_every.is_some();
    Ok(crowd)
}

/// A crowd that plays one paper each, well and without mischief.
pub(crate) async fn crowd(
    url: &str,
    sources: u32,
    rounds: &[String],
    rules: &RuleArgs,
    bank: Option<Bank>,
) -> anyhow::Result<Crowd> {
    let target = Target::find(url, sources).await?;
    let http = Http::new(target.clone());
    // A server that is not there at all is told at once, not waited for.
    http.once(Call::get("/season", None)).await.with_context(|| format!("{url} does not answer"))?;
    let season: Season = http.read("/season", None).await?;
    let rounds = season.rounds_to_play(rounds, rules)?;
    Ok(Crowd {
        target,
        http,
        season,
        rounds,
        bank,
        mischief: Mischief::NONE,
        skill: 0.7,
        think_ms: 0,
        pace: OnceLock::new(),
        papers_each: 1,
        deadline: OnceLock::new(),
        reviews_each: 0,
        findings: Findings::default(),
        meter: Meter::new()?,
        downtime: Arc::default(),
        kills: false,
        handshakes: Crowd::handshakes(),
        began_at: unix_ms() as i64,
        stop: Stop::default(),
    })
}

async fn all_play(
    crowd: &Arc<Crowd>,
    people: Vec<Person>,
    seed: u64,
    duration: Option<u64>,
    rate: Option<f64>,
) -> anyhow::Result<Vec<(Person, Vec<Played>)>> {
    if let Some(seconds) = duration {
        crowd.deadline.set(now_us() + seconds * SECOND_US).map_err(|_| anyhow!("the deadline is set once"))?;
    }
    if let Some(rate) = rate {
        // The schedule begins now, not at the first registration.
        crowd.pace.set(Pace::per_second(rate, now_us())).map_err(|_| anyhow!("the pace is set once"))?;
    }
    let mut tasks = JoinSet::new();
    for person in people {
        tasks.spawn(Player::new(Arc::clone(crowd), person, seed).play());
    }
    let mut players = Vec::new();
    while let Some(done) = tasks.join_next().await {
        players.push(done?);
    }
    Ok(players)
}

async fn kill_in_a_loop(crowd: Arc<Crowd>, server: OwnServer, every: f64, mut ended: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            _ = sleep(Duration::from_secs_f64(every)) => {}
            _ = ended.changed() => return,
        }
        if let Some(server) = &mut *server.lock().await
            && let Err(error) = server.kill_and_restart().await
        {
            return crowd.fail(format!("{error:#}"));
        }
    }
}

/// A line a second: who is there, how fast it goes, what disagrees.
async fn show_progress(crowd: Arc<Crowd>, mut ended: watch::Receiver<bool>) {
    let mut ticks = interval(Duration::from_secs(1));
    ticks.tick().await;
    let mut answered = 0;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = ended.changed() => return,
        }
        let Ok(recent) = crowd.meter.recent() else { continue };
        let verdicts = crowd.meter.counts.verdicts.load(Ordering::Relaxed);
        eprintln!(
            "{:>5} s · registered {} · connected {} · {} answers/s · p50 {:.1} ms · p99 {:.1} ms · {} papers · {} kills · {} disagreements",
            now_us() / SECOND_US,
            crowd.meter.counts.registered.load(Ordering::Relaxed),
            crowd.meter.connected.load(Ordering::Relaxed),
            verdicts - answered,
            recent.p50_us as f64 / 1000.0,
            recent.p99_us as f64 / 1000.0,
            crowd.meter.counts.results.load(Ordering::Relaxed),
            crowd.downtime.kills(),
            crowd.findings.count(),
        );
        answered = verdicts;
    }
}

async fn close(crowd: &Arc<Crowd>, players: Vec<(Person, Vec<Played>)>, args: &PlayArgs) {
    let has_finished = |round: usize| players.iter().filter(|(_, p)| p.iter().any(|p| p.round == round)).count() as u64;
    let finishers: Vec<u64> = (0..crowd.rounds.len()).map(has_finished).collect();
    closing::settled(crowd, &finishers).await;
    let closed = closing::histories(crowd, players, args.exclusive).await;
    closing::boards(crowd, &closed, args.exclusive, args.rules.cities_min).await;
}

async fn server_usage(server: &OwnServer, pid: Option<u32>) -> Option<Usage> {
    match &*server.lock().await {
        Some(server) => server.usage().ok(),
        None => usage(pid?).ok(),
    }
}

/// A server of ours is stopped as an operator stops it, and its ledger must say the same once more.
async fn stop_and_replay(crowd: &Crowd, server: &OwnServer) -> anyhow::Result<Option<String>> {
    let Some(mut server) = server.lock().await.take() else { return Ok(None) };
    let status = server.stop().await?;
    if !status.success() {
        crowd.findings.add("server", "SIGTERM", &format!("it ended with {status}"));
    }
    let (agreed, said) = server.replay().await?;
    if !agreed {
        crowd.findings.add("server", "replay", &said);
    }
    Ok(Some(said))
}

fn round_ids(crowd: &Crowd) -> String {
    crowd.rounds.iter().map(|r| r.id.as_str()).collect::<Vec<_>>().join(", ")
}

/// Spectators and HTTP connections beside `participants` fit, as the flags were checked.
const _: () = assert!(CONNECTIONS_MAX + 500 < 20_000);
