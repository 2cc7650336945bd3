//! `burst`: a city starts in the same minute. So many phones say hello and start within so many seconds; each must be seated, none refused.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until, timeout};

use crate::args::BurstArgs;
use crate::clock::{Micros, SECOND_US, instant, now_us};
use crate::drive::people;
use crate::meter::{Latency, Meter, Percentiles};
use crate::net::{SUBPROTOCOL, Target};
use crate::process::{Usage, usage};
use crate::raw::{RawReader, hello, open, put, start};
use crate::report::{print_latency, write_json};

/// A phone without its first question after so long counts as not seated.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Serialize)]
struct BurstReport {
    phones: usize,
    seconds: f64,
    seated: usize,
    refused: usize,
    /// From the phone's moment in the schedule: it connects, upgrades, says hello and starts.
    due_to_question: Percentiles,
    hello_to_question: Percentiles,
    server_cpu_us_per_phone: Option<f64>,
    client_cpu_us_per_phone: f64,
    told: Vec<String>,
}

struct Burst {
    target: Target,
    meter: Meter,
    start: Vec<u8>,
}

pub(crate) async fn burst(args: BurstArgs) -> anyhow::Result<u64> {
    let (round, tokens) = people(&args.url, &args.seats, args.phones).await?;
    let target = Target::find(&args.url, args.seats.sources).await?;
    let burst = Arc::new(Burst { target, meter: Meter::new()?, start: start(&round) });
    let (server, me) = (args.server_pid.map(usage).transpose()?, usage(std::process::id())?);
    let begun = now_us() + SECOND_US / 10;
    let step_us = args.within * 1e6 / args.phones as f64;
    let mut phones = JoinSet::new();
    for (number, token) in tokens.into_iter().enumerate() {
        let due = begun + (number as f64 * step_us) as Micros;
        phones.spawn(Arc::clone(&burst).phone(number, token, due));
    }
    let (mut seated, mut told) = (Vec::with_capacity(args.phones), Vec::new());
    let mut refused = 0;
    while let Some(done) = phones.join_next().await {
        match done? {
            Ok(phone) => seated.push(phone),
            Err(error) => {
                refused += 1;
                if told.len() < 20 {
                    told.push(format!("{error:#}"));
                }
            }
        }
    }
    let seconds = (now_us() - begun) as f64 / SECOND_US as f64;
    let each = |before: Usage, after: Usage| (after.cpu_us - before.cpu_us) as f64 / args.phones as f64;
    let report = BurstReport {
        phones: args.phones,
        seconds,
        seated: seated.len(),
        refused,
        due_to_question: burst.meter.percentiles(Latency::Welcome)?,
        hello_to_question: burst.meter.percentiles(Latency::Question)?,
        server_cpu_us_per_phone: match (server, args.server_pid) {
            (Some(before), Some(pid)) => Some(each(before, usage(pid)?)),
            _ => None,
        },
        client_cpu_us_per_phone: each(me, usage(std::process::id())?),
        told,
    };
    println!(
        "phones              {}, {} seated, {} refused, in {:.1} s",
        report.phones, report.seated, refused, seconds
    );
    print_latency("hello → question  ", &report.hello_to_question);
    print_latency("due → question    ", &report.due_to_question);
    if let Some(cpu) = report.server_cpu_us_per_phone {
        println!("server CPU          {cpu:.1} µs a phone");
    }
    println!("client CPU          {:.1} µs a phone", report.client_cpu_us_per_phone);
    report.told.iter().for_each(|told| println!("  {told}"));
    write_json(&report, args.report.as_deref())?;
    // Held until here: a phone that has sat down stays connected.
    drop(seated);
    // Who was not seated is a figure like the others.
    Ok(0)
}

type Line = (RawReader, tokio::net::tcp::OwnedWriteHalf);

impl Burst {
    async fn phone(self: Arc<Burst>, number: usize, token: String, due: Micros) -> anyhow::Result<Line> {
        sleep_until(instant(due)).await;
        let (mut reader, write) = self.connect(number).await?;
        let said = now_us();
        put(&write, &hello(&token))?;
        let question = timeout(PATIENCE, async {
            loop {
                let text = reader.next().await?;
                match text.get(9..12).unwrap_or_default() {
                    b"wel" => put(&write, &self.start)?,
                    b"que" => return Ok(now_us()),
                    b"err" => anyhow::bail!("{}", String::from_utf8_lossy(text)),
                    _ => {}
                }
            }
        });
        let asked = question.await??;
        self.meter.took(number, Latency::Question, asked.saturating_sub(said));
        self.meter.took(number, Latency::Welcome, asked.saturating_sub(due));
        Ok((reader, write))
    }

    /// As a phone does: tries again a little later where the server is too busy to take it; that takes time, and counts.
    async fn connect(&self, number: usize) -> anyhow::Result<Line> {
        let mut tries = 0;
        loop {
            match open(&self.target, number, Some(SUBPROTOCOL)).await {
                Ok(line) => return Ok(line),
                Err(error) if tries == 3 => return Err(error),
                Err(_) => tries += 1,
            }
            sleep(Duration::from_millis(100 << tries)).await;
        }
    }
}
