//! What a run comes to: for people on standard output, for machines in the report file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context;
use serde::Serialize;

use crate::args::PlayArgs;
use crate::crowd::Crowd;
use crate::meter::{Latency, Percentiles};
use crate::process::Usage;

#[derive(Serialize)]
pub(crate) struct PlayReport {
    seed: u64,
    participants: usize,
    rounds: Vec<String>,
    seconds: f64,
    answers: u64,
    answers_per_second: f64,
    answer_to_verdict: Percentiles,
    hello_to_welcome: Percentiles,
    start_to_question: Percentiles,
    server: ServerReport,
    counts: BTreeMap<&'static str, u64>,
    refusals: BTreeMap<String, u64>,
    disagreements: Disagreements,
}

#[derive(Serialize)]
pub(crate) struct ServerReport {
    /// Of the whole play (starts, results, hellos and boards included) for each answer.
    cpu_us_per_answer: Option<f64>,
    rss_bytes: Option<u64>,
    rss_anon_bytes: Option<u64>,
    kills: usize,
    longest_downtime_ms: u64,
    replay: Option<String>,
}

#[derive(Serialize)]
struct Disagreements {
    count: u64,
    by_kind: BTreeMap<&'static str, u64>,
    first: Vec<String>,
}

impl ServerReport {
    pub(crate) fn new(
        before: Option<Usage>,
        after: Option<Usage>,
        crowd: &Crowd,
        replay: Option<String>,
    ) -> ServerReport {
        let verdicts = crowd.meter.counts.verdicts.load(std::sync::atomic::Ordering::Relaxed);
        let spent = before.zip(after).map(|(before, after)| after.cpu_us.saturating_sub(before.cpu_us));
        ServerReport {
            cpu_us_per_answer: spent.filter(|_| verdicts > 0).map(|us| us as f64 / verdicts as f64),
            rss_bytes: after.map(|a| a.rss_bytes),
            rss_anon_bytes: after.map(|a| a.rss_anon_bytes),
            kills: crowd.downtime.kills(),
            longest_downtime_ms: crowd.downtime.longest_us() / 1000,
            replay,
        }
    }
}

impl PlayReport {
    pub(crate) fn new(
        crowd: &Crowd,
        args: &PlayArgs,
        seed: u64,
        seconds: f64,
        server: ServerReport,
    ) -> anyhow::Result<PlayReport> {
        let counts = crowd.meter.counts.named();
        let answers = counts.get("verdicts").copied().unwrap_or(0);
        let (first, by_kind) = crowd.findings.all();
        Ok(PlayReport {
            seed,
            participants: args.participants,
            rounds: crowd.rounds.iter().map(|r| r.id.clone()).collect(),
            seconds,
            answers,
            answers_per_second: answers as f64 / seconds.max(0.001),
            answer_to_verdict: crowd.meter.percentiles(Latency::Verdict)?,
            hello_to_welcome: crowd.meter.percentiles(Latency::Welcome)?,
            start_to_question: crowd.meter.percentiles(Latency::Question)?,
            server,
            counts,
            refusals: crowd.meter.refusals(),
            disagreements: Disagreements { count: crowd.findings.count(), by_kind, first },
        })
    }

    pub(crate) fn write(&self, path: Option<&Path>) -> anyhow::Result<()> {
        write_json(self, path)
    }
}

pub(crate) fn write_json(report: &impl Serialize, path: Option<&Path>) -> anyhow::Result<()> {
    let Some(path) = path else { return Ok(()) };
    fs::write(path, serde_json::to_string_pretty(report)?).with_context(|| format!("writing {}", path.display()))
}

pub(crate) fn print_play(report: &PlayReport) {
    println!("participants        {}", report.participants);
    println!("played              {:.1} s, seed {}", report.seconds, report.seed);
    println!("answers             {} ({:.0}/s)", report.answers, report.answers_per_second);
    print_latency("answer → verdict  ", &report.answer_to_verdict);
    print_latency("hello → welcome   ", &report.hello_to_welcome);
    print_latency("start → question  ", &report.start_to_question);
    let server = &report.server;
    if let Some(cpu) = server.cpu_us_per_answer {
        println!("server CPU          {cpu:.1} µs an answer");
    }
    if let (Some(rss), Some(anon)) = (server.rss_bytes, server.rss_anon_bytes) {
        println!("server memory       {:.1} MiB resident, {:.1} MiB of it anonymous", mib(rss), mib(anon));
    }
    if server.kills > 0 {
        println!("kills               {}, longest away {} ms", server.kills, server.longest_downtime_ms);
    }
    let happened = report.counts.iter().filter(|(_, n)| **n > 0);
    println!("counts              {}", happened.map(|(name, n)| format!("{name} {n}")).collect::<Vec<_>>().join(", "));
    let refusals: Vec<String> = report.refusals.iter().map(|(code, n)| format!("{code} {n}")).collect();
    println!("refusals            {}", refusals.join(", "));
    if let Some(said) = &server.replay {
        println!("replay              {}", said.trim().replace('\n', " · "));
    }
    println!("disagreements       {}", report.disagreements.count);
    for (kind, number) in &report.disagreements.by_kind {
        println!("  {number:>8}  {kind}");
    }
    for told in &report.disagreements.first {
        println!("  {told}");
    }
}

pub(crate) fn print_latency(name: &str, of: &Percentiles) {
    let ms = |us: u64| us as f64 / 1000.0;
    println!(
        "{name}  p50 {:.2} · p90 {:.2} · p99 {:.2} · p99.9 {:.2} · max {:.1} ms ({})",
        ms(of.p50_us),
        ms(of.p90_us),
        ms(of.p99_us),
        ms(of.p999_us),
        ms(of.max_us),
        of.count
    );
}

pub(crate) fn mib(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}
