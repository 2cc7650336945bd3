//! `echo-drive`: the same closed (or paced) loop as `play`, against `echo`, reporting the same figures.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::args::EchoDriveArgs;
use crate::clock::{SECOND_US, instant, now_us};
use crate::crowd::Crowd;
use crate::meter::{Latency, Meter, Percentiles};
use crate::net::{Socket, Target};
use crate::pace::Pace;
use crate::process::usage;
use crate::report::{print_latency, write_json};

#[derive(Serialize)]
struct EchoReport {
    connections: usize,
    seconds: f64,
    messages: u64,
    messages_per_second: f64,
    message_to_last_reply: Percentiles,
    server_cpu_us_per_message: Option<f64>,
    server_rss_anon_bytes: Option<u64>,
}

struct Drive {
    message: Utf8Bytes,
    replies: usize,
    pace: Option<Pace>,
    meter: Meter,
    messages: AtomicU64,
}

pub(crate) async fn drive(args: EchoDriveArgs) -> anyhow::Result<u64> {
    let target = Target::find(&args.url, args.sources).await?;
    let drive = Arc::new(Drive {
        message: "x".repeat(args.send).into(),
        replies: args.replies,
        pace: args.rate.map(|rate| Pace::per_second(rate, now_us())),
        meter: Meter::new()?,
        messages: AtomicU64::new(0),
    });
    let sockets = connect(&target, args.connections).await?;
    let before = args.server_pid.map(usage).transpose()?;
    let (from, first) = (now_us(), drive.messages.load(Ordering::Relaxed));
    let mut tasks = JoinSet::new();
    for (who, socket) in sockets.into_iter().enumerate() {
        tasks.spawn(one(Arc::clone(&drive), who, socket));
    }
    for _ in 0..args.duration {
        sleep(Duration::from_secs(1)).await;
        let recent = drive.meter.recent()?;
        eprintln!("{} messages/s · p50 {} µs · p99 {} µs", recent.count, recent.p50_us, recent.p99_us);
    }
    let messages = drive.messages.load(Ordering::Relaxed) - first;
    let seconds = (now_us() - from) as f64 / SECOND_US as f64;
    let after = args.server_pid.map(usage).transpose()?;
    let lost = args.connections - tasks.len();
    tasks.abort_all();
    anyhow::ensure!(lost == 0, "{lost} connections were lost");
    let spent = before.zip(after).map(|(before, after)| after.cpu_us - before.cpu_us);
    let report = EchoReport {
        connections: args.connections,
        seconds,
        messages,
        messages_per_second: messages as f64 / seconds,
        message_to_last_reply: drive.meter.percentiles(Latency::Verdict)?,
        server_cpu_us_per_message: spent.filter(|_| messages > 0).map(|us| us as f64 / messages as f64),
        server_rss_anon_bytes: after.map(|a| a.rss_anon_bytes),
    };
    println!("connections         {}", report.connections);
    println!("messages            {} ({:.0}/s)", report.messages, report.messages_per_second);
    print_latency("message → replies ", &report.message_to_last_reply);
    if let Some(cpu) = report.server_cpu_us_per_message {
        println!("server CPU          {cpu:.1} µs a message");
    }
    write_json(&report, args.report.as_deref())?;
    Ok(0)
}

async fn connect(target: &Target, number: usize) -> anyhow::Result<Vec<Socket>> {
    let turns = Arc::new(Crowd::handshakes());
    let mut tasks = JoinSet::new();
    for source in 0..number {
        let (target, turns) = (target.clone(), Arc::clone(&turns));
        tasks.spawn(async move {
            let _turn = turns.acquire().await?;
            target.socket(source, None).await
        });
    }
    let mut sockets = Vec::with_capacity(number);
    while let Some(done) = tasks.join_next().await {
        sockets.push(done??);
    }
    Ok(sockets)
}

/// Sends, waits for all replies, and again; ends with its connection.
async fn one(drive: Arc<Drive>, who: usize, mut socket: Socket) -> anyhow::Result<()> {
    loop {
        if let Some(pace) = &drive.pace {
            sleep_until(instant(pace.slot(now_us()))).await;
        }
        let sent = now_us();
        socket.send(Message::Text(drive.message.clone())).await?;
        let mut left = drive.replies;
        while left > 0 {
            match socket.next().await {
                Some(Ok(Message::Text(_))) => left -= 1,
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
                None => anyhow::bail!("closed"),
            }
        }
        drive.meter.took(who, Latency::Verdict, now_us() - sent);
        drive.messages.fetch_add(1, Ordering::Relaxed);
    }
}
