//! `tell`: one message to everyone who is seated. Today that is a board that all of them watch: one participant plays a paper, and the
//! changed board goes to all. What it costs the server each, and how long after the first the last has it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::ensure;
use serde::Serialize;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::args::TellArgs;
use crate::clock::{Micros, SECOND_US, now_us};
use crate::drive::people;
use crate::net::Target;
use crate::process::usage;
use crate::raw::{answer, put, start, text_frame};
use crate::report::write_json;
use crate::stage::{Peer, Seat, Stage, read};

/// For one paper and the beat of the boards behind it.
const PATIENCE_US: Micros = 20 * SECOND_US;
/// Nothing happens for so long: what the server does by itself is told apart.
const IDLE: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct TellReport {
    seated: usize,
    bytes: u64,
    server_cpu_us_each: Option<f64>,
    client_cpu_us_each: f64,
    first_to_last_ms: f64,
}

/// What the watchers heard. Told with next to no work each: only the first and the last look at the clock.
struct Told {
    everyone: u64,
    boards: AtomicU64,
    bytes: AtomicU64,
    first: AtomicU64,
    last: AtomicU64,
}

pub(crate) async fn tell(args: TellArgs) -> anyhow::Result<u64> {
    let (round, tokens) = people(&args.url, &args.seats, args.seated).await?;
    let target = Target::find(&args.url, args.seats.sources).await?;
    let stage = Arc::new(Stage::new(target, Peer::Contest, &round)?);
    let mut seats = stage.seat(args.seated, &tokens).await?;
    // The one that plays; the others watch.
    let player = seats.remove(0);
    let watching = args.seated as u64 - 1;
    let told = Arc::new(Told::by(watching));
    let mut watchers = JoinSet::new();
    let watch = text_frame(r#"{"type":"watch","board":"region"}"#);
    for seat in seats {
        put(seat.slot.writer(), &watch)?;
        let told = Arc::clone(&told);
        let (mut reader, slot) = (seat.reader, seat.slot);
        watchers.spawn(async move {
            let lost = loop {
                match reader.next().await {
                    Ok(text) if text.starts_with(br#"{"type":"board""#) => told.heard(text.len()),
                    Ok(_) => {}
                    Err(error) => break error,
                }
            };
            // The writing end is held as long as the reading one.
            drop(slot);
            lost
        });
    }
    told.heard_by_all().await?;
    let idle = args.server_pid.map(usage).transpose()?;
    sleep(IDLE).await;
    let before = (args.server_pid.map(usage).transpose()?, usage(std::process::id())?);
    told.reset();
    one_paper(player, &start(&round)).await?;
    told.heard_by_all().await?;
    let after = (args.server_pid.map(usage).transpose()?, usage(std::process::id())?);
    ensure!(watchers.try_join_next().is_none(), "a watcher lost its connection");
    let each = |us: u64| us as f64 / watching as f64;
    let quiet = idle.zip(before.0).map_or(0, |(idle, before)| before.cpu_us - idle.cpu_us);
    let report = TellReport {
        seated: args.seated,
        bytes: read(&told.bytes),
        server_cpu_us_each: before.0.zip(after.0).map(|(before, after)| each(after.cpu_us - before.cpu_us)),
        client_cpu_us_each: each(after.1.cpu_us - before.1.cpu_us),
        first_to_last_ms: (read(&told.last) - read(&told.first)) as f64 / 1000.0,
    };
    println!("seated              {}", report.seated);
    println!("message             {} bytes", report.bytes);
    if let Some(cpu) = report.server_cpu_us_each {
        println!(
            "server CPU          {cpu:.2} µs each ({:.2} µs in {} quiet seconds before)",
            each(quiet),
            IDLE.as_secs()
        );
    }
    println!("client CPU          {:.2} µs each", report.client_cpu_us_each);
    println!("first to last       {:.1} ms", report.first_to_last_ms);
    write_json(&report, args.report.as_deref())?;
    watchers.abort_all();
    Ok(0)
}

/// Plays a paper to its result.
async fn one_paper(player: Seat, start: &[u8]) -> anyhow::Result<()> {
    let Seat { mut reader, slot, .. } = player;
    let write: &OwnedWriteHalf = slot.writer();
    put(write, start)?;
    loop {
        let text = reader.next().await?;
        match text.get(9..12).unwrap_or_default() {
            b"que" => put(write, &answer(text).unwrap_or_default())?,
            b"res" => return Ok(()),
            b"err" => anyhow::bail!("{}", String::from_utf8_lossy(text)),
            _ => {}
        }
    }
}

impl Told {
    fn by(everyone: u64) -> Told {
        let zero = AtomicU64::default;
        Told { everyone, boards: zero(), bytes: zero(), first: zero(), last: zero() }
    }

    fn heard(&self, bytes: usize) {
        let before = self.boards.fetch_add(1, Ordering::Relaxed);
        if before == 0 {
            self.first.store(now_us(), Ordering::Relaxed);
            self.bytes.store(bytes as u64, Ordering::Relaxed);
        }
        if before + 1 == self.everyone {
            self.last.store(now_us(), Ordering::Release);
        }
    }

    fn reset(&self) {
        for counter in [&self.boards, &self.bytes, &self.first, &self.last] {
            counter.store(0, Ordering::Relaxed);
        }
    }

    async fn heard_by_all(&self) -> anyhow::Result<()> {
        let until = now_us() + PATIENCE_US;
        while self.last.load(Ordering::Acquire) == 0 {
            let heard = read(&self.boards);
            ensure!(now_us() < until, "only {heard} of {} watchers were told", self.everyone);
            sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }
}
