//! `drive`: papers played with next to no work a message, in a closed or an open loop, against a contest or an echo; what it costs
//! the server, and whether the server counted as many answers as were acknowledged. The client's own cost is told, since it
//! shares the processors.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::args::{DriveArgs, RuleArgs, SeatArgs};
use crate::clock::{SECOND_US, now_us, unix_ms};
use crate::crowd::register;
use crate::meter::{Latency, Percentiles};
use crate::net::Target;
use crate::pacer::Pacer;
use crate::play::crowd;
use crate::process::{Usage, usage};
use crate::report::{print_latency, write_json};
use crate::stage::{Loop, Peer, Seat, Slot, Stage, read};

/// For the answers that are under way when a run ends.
const DRAIN: Duration = Duration::from_secs(15);

#[derive(Serialize)]
struct DriveReport {
    connections: usize,
    seconds: f64,
    answers: u64,
    answers_per_second: f64,
    /// From the moment at which an answer was due, in an open loop.
    answer_to_verdict: Percentiles,
    /// By how much answers left later than they were due.
    late_leaving: Percentiles,
    server_cpu_us_per_answer: Option<f64>,
    client_cpu_us_per_answer: f64,
    server_rss_anon_bytes: Option<u64>,
    /// Of the whole run.
    acknowledged: u64,
    papers: u64,
    refused: u64,
    timed_out: u64,
    turns_left_out: u64,
    mean_verdict_bytes: f64,
    mean_question_bytes: f64,
    commit: Option<Commits>,
    disagreements: u64,
    told: Vec<String>,
}

/// From `/metrics`, within the measured time.
#[derive(Clone, Copy, Serialize)]
struct Commits {
    number: f64,
    mean_entries: f64,
    mean_ms: f64,
}

/// What the server is asked for beside the play.
#[derive(Clone, Copy, Default)]
pub(crate) struct Metrics {
    pub answers: f64,
    commits: f64,
    entries: f64,
    seconds: f64,
}

/// Tokens of participants, and the round that they play.
pub(crate) async fn people(url: &str, seats: &SeatArgs, number: usize) -> anyhow::Result<(String, Vec<String>)> {
    let asked: Vec<String> = seats.round.clone().into_iter().collect();
    let crowd = Arc::new(crowd(url, seats.sources, &asked, &RuleArgs::default(), None).await?);
    let round = crowd.rounds.first().context("no round is open")?.id.clone();
    let tokens = match &seats.tokens {
        Some(path) => tokens_in(path, number)?,
        None => register(&crowd, unix_ms(), 0, number).await?.into_iter().map(|person| person.token).collect(),
    };
    Ok((round, tokens))
}

fn tokens_in(path: &Path, number: usize) -> anyhow::Result<Vec<String>> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let tokens: Vec<String> = text.lines().take(number).map(str::to_owned).collect();
    ensure!(tokens.len() == number, "{} holds only {} tokens", path.display(), tokens.len());
    Ok(tokens)
}

pub(crate) async fn drive(args: DriveArgs) -> anyhow::Result<u64> {
    let target = Target::find(&args.url, args.seats.sources).await?;
    let (peer, round, tokens) = if args.echo {
        (Peer::Echo { send: args.send, replies: args.replies }, String::new(), Vec::new())
    } else {
        let (round, tokens) = people(&args.url, &args.seats, args.connections).await?;
        (Peer::Contest, round, tokens)
    };
    let first = metrics(&target).await;
    let stage = Arc::new(Stage::new(target.clone(), peer, &round)?);
    let seats = stage.seat(args.connections, &tokens).await?;
    let slots: Vec<Arc<Slot>> = seats.iter().map(|seat| Arc::clone(&seat.slot)).collect();
    if args.rate.is_some() {
        stage.set(Loop::Open);
    }
    let mut players = begin(&stage, seats);
    let pacer = args.rate.map(|rate| Pacer::start(Arc::clone(&stage), slots.clone(), rate));
    sleep(Duration::from_secs(args.warm)).await;

    stage.measure(true);
    let me = std::process::id();
    let before = (args.server_pid.map(usage).transpose()?, usage(me)?, metrics(&target).await);
    let (from, acked) = (now_us(), read(&stage.tally.acked));
    for second in 1..=args.duration {
        sleep(Duration::from_micros((from + second * SECOND_US).saturating_sub(now_us()))).await;
        let recent = stage.meter.recent()?;
        eprintln!("{:>4} s · {} answers/s · p50 {} µs · p99 {} µs", second, recent.count, recent.p50_us, recent.p99_us);
        ensure!(read(&stage.tally.lost) == 0, "connections were lost: {:?}", stage.told());
    }
    let answers = read(&stage.tally.acked) - acked;
    let seconds = (now_us() - from) as f64 / SECOND_US as f64;
    let after = (args.server_pid.map(usage).transpose()?, usage(me)?, metrics(&target).await);
    stage.measure(false);

    let turns_left_out = pacer.map_or(0, |pacer| pacer.stop().1);
    let drained = drain(&stage, &slots).await;
    let mut disagreements = read(&stage.tally.faults) + u64::from(!drained && !args.echo);
    let mut told = stage.told();
    if !drained && !args.echo {
        told.push(format!("{} answers have no verdict", Stage::outstanding(&slots)));
    }
    let acknowledged = read(&stage.tally.acked);
    if let (Some(first), Some(last)) = (first, metrics(&target).await.filter(|_| !args.echo)) {
        let counted = last.answers - first.answers;
        if counted != acknowledged as f64 {
            disagreements += 1;
            told.push(format!("the server took {counted} answers and acknowledged {acknowledged}"));
        }
    }
    players.abort_all();
    let each = |total: u64, of: u64| if of == 0 { 0.0 } else { total as f64 / of as f64 };
    let spent = |before: Usage, after: Usage| each(after.cpu_us.saturating_sub(before.cpu_us), answers);
    let report = DriveReport {
        connections: args.connections,
        seconds,
        answers,
        answers_per_second: answers as f64 / seconds,
        answer_to_verdict: stage.meter.percentiles(Latency::Verdict)?,
        late_leaving: stage.meter.percentiles(Latency::Welcome)?,
        server_cpu_us_per_answer: before.0.zip(after.0).map(|(before, after)| spent(before, after)),
        client_cpu_us_per_answer: spent(before.1, after.1),
        server_rss_anon_bytes: after.0.map(|usage| usage.rss_anon_bytes),
        acknowledged,
        papers: read(&stage.tally.papers),
        refused: read(&stage.tally.refused),
        timed_out: read(&stage.tally.timed_out),
        turns_left_out,
        mean_verdict_bytes: each(read(&stage.tally.verdict_bytes), acknowledged),
        mean_question_bytes: each(read(&stage.tally.question_bytes), read(&stage.tally.questions)),
        commit: before.2.zip(after.2).and_then(|(before, after)| Commits::between(before, after)),
        disagreements,
        told,
    };
    print(&report);
    write_json(&report, args.report.as_deref())?;
    Ok(report.disagreements)
}

fn print(report: &DriveReport) {
    println!("connections         {}", report.connections);
    println!("answers             {} ({:.0}/s)", report.answers, report.answers_per_second);
    print_latency("due → verdict     ", &report.answer_to_verdict);
    if report.late_leaving.count > 0 {
        print_latency("of it, leaving late", &report.late_leaving);
    }
    if let Some(cpu) = report.server_cpu_us_per_answer {
        println!("server CPU          {cpu:.2} µs an answer");
    }
    println!("client CPU          {:.2} µs an answer", report.client_cpu_us_per_answer);
    println!(
        "frames              verdict {:.0} bytes, question {:.0} bytes",
        report.mean_verdict_bytes, report.mean_question_bytes
    );
    if let Some(commit) = report.commit {
        println!(
            "commits             {:.0}, {:.1} entries and {:.2} ms each",
            commit.number, commit.mean_entries, commit.mean_ms
        );
    }
    println!("refused             {} · timed out {}", report.refused, report.timed_out);
    println!("disagreements       {}", report.disagreements);
    report.told.iter().for_each(|told| println!("  {told}"));
}

pub(crate) fn begin(stage: &Arc<Stage>, seats: Vec<Seat>) -> JoinSet<()> {
    let mut players = JoinSet::new();
    for seat in seats {
        players.spawn(Arc::clone(stage).play(seat));
    }
    players
}

/// Nothing new leaves; `true` once every answer that left has its verdict.
pub(crate) async fn drain(stage: &Stage, slots: &[Arc<Slot>]) -> bool {
    stage.set(Loop::Stopped);
    let until = now_us() + DRAIN.as_micros() as u64;
    while Stage::outstanding(slots) > 0 {
        if now_us() > until {
            return false;
        }
        sleep(Duration::from_millis(20)).await;
    }
    true
}

impl Commits {
    fn between(before: Metrics, after: Metrics) -> Option<Commits> {
        let number = after.commits - before.commits;
        let each = |total: f64| total / number;
        let (entries, seconds) = (after.entries - before.entries, after.seconds - before.seconds);
        (number > 0.0).then(|| Commits { number, mean_entries: each(entries), mean_ms: each(seconds) * 1000.0 })
    }
}

/// `None` where the server has no such page.
pub(crate) async fn metrics(target: &Target) -> Option<Metrics> {
    let text = timeout(Duration::from_secs(10), page(target, "/metrics")).await.ok()?.ok()?;
    let value = |name: &str| -> Option<f64> {
        let line = text.lines().find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')))?;
        line.rsplit(' ').next()?.parse().ok()
    };
    Some(Metrics {
        answers: value("kejing_answers_total")?,
        commits: value("kejing_commit_seconds_count").unwrap_or_default(),
        entries: value("kejing_commit_entries_sum").unwrap_or_default(),
        seconds: value("kejing_commit_seconds_sum").unwrap_or_default(),
    })
}

/// One page over a connection of its own.
pub(crate) async fn page(target: &Target, path: &str) -> anyhow::Result<String> {
    let mut stream = target.tcp(0).await?;
    let host = &target.authority;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    if !answer.starts_with("HTTP/1.1 200") {
        bail!("{path}: {}", answer.lines().next().unwrap_or_default());
    }
    Ok(answer)
}
