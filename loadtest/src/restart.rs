//! `restart`: kill -9 under load, a start on the same ledger, how long until it serves, and whether every acknowledged answer is there.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::args::RestartArgs;
use crate::clock::now_us;
use crate::closing::Attempt;
use crate::drive::{begin, people};
use crate::http::{Call, Http};
use crate::net::Target;
use crate::raw::{field, number};
use crate::report::{mib, write_json};
use crate::server::Server;
use crate::stage::{Loop, Peer, Seat, Stage, read};

/// After a hello, for the open question.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Serialize)]
struct RestartReport {
    ledger_bytes: u64,
    first_start_ms: u64,
    /// From the start of the process that follows the killed one to `/readyz` 200.
    ready_ms: u64,
    acknowledged: u64,
    players: usize,
    checked: usize,
    lost: usize,
    rss_bytes: u64,
    boards_bytes: Option<u64>,
    told: Vec<String>,
}

#[derive(serde::Deserialize)]
struct History {
    attempts: Vec<Attempt>,
}

pub(crate) async fn restart(args: RestartArgs) -> anyhow::Result<u64> {
    let from = now_us();
    let mut server = Server::start(&args.server, Arc::default()).await?;
    let first_start_ms = (now_us() - from) / 1000;
    let url = server.url();
    let target = Target::find(&url, args.seats.sources).await?;
    let (round, tokens) = people(&url, &args.seats, args.players).await?;
    let stage = Arc::new(Stage::new(target.clone(), Peer::Contest, &round)?);
    let seats = stage.seat(args.players, &tokens).await?;
    let slots: Vec<_> = seats.iter().map(|seat| Arc::clone(&seat.slot)).collect();
    let mut players = begin(&stage, seats);
    sleep(Duration::from_secs(args.duration)).await;
    ensure!(read(&stage.tally.lost) == 0, "connections were lost before the kill: {:?}", stage.told());

    let from = now_us();
    server.kill_and_restart().await?;
    let ready_ms = (now_us() - from) / 1000;
    // Whoever was playing sees the end of the old connection.
    stage.set(Loop::Stopped);
    while timeout(PATIENCE, players.join_next()).await.context("a connection outlived the server")?.is_some() {}

    let usage = server.usage()?;
    let boards_bytes = boards_bytes(&target).await;
    let again = Arc::new(Stage::new(target.clone(), Peer::Contest, &round)?);
    let seats = again.seat(args.players, &tokens).await?;
    let http = Arc::new(Http::new(target));
    let mut checks = JoinSet::new();
    for ((seat, slot), token) in seats.into_iter().zip(&slots).zip(tokens) {
        if let Some((attempt, seq)) = slot.last_acked() {
            checks.spawn(holds(seat, Arc::clone(&http), token, attempt, seq));
        }
    }
    let (mut checked, mut lost, mut told) = (0, 0, Vec::new());
    while let Some(done) = checks.join_next().await {
        checked += 1;
        if let Err(error) = done? {
            lost += 1;
            if told.len() < 20 {
                told.push(format!("{error:#}"));
            }
        }
    }
    let status = server.stop().await?;
    ensure!(status.success(), "SIGTERM: it ended with {status}");
    let faults = read(&stage.tally.faults);
    if faults > 0 {
        told.extend(stage.told());
    }
    let data = args.server.data.as_deref().context("--data")?;
    let report = RestartReport {
        ledger_bytes: fs::read_dir(data)?.filter_map(|file| file.ok()?.metadata().ok()).map(|file| file.len()).sum(),
        first_start_ms,
        ready_ms,
        acknowledged: read(&stage.tally.acked),
        players: args.players,
        checked,
        lost,
        rss_bytes: usage.rss_bytes,
        boards_bytes,
        told,
    };
    println!("ledger              {:.0} MiB", mib(report.ledger_bytes));
    println!("first start         {} ms", report.first_start_ms);
    println!("after kill -9       {} ms until /readyz", report.ready_ms);
    println!(
        "acknowledged        {} answers of {} players; {} players checked, {} lost something",
        report.acknowledged, report.players, checked, lost
    );
    println!("memory              {:.0} MiB resident after the start", mib(report.rss_bytes));
    if let Some(bytes) = report.boards_bytes {
        println!("boards              {:.1} MiB", mib(bytes));
    }
    report.told.iter().for_each(|told| println!("  {told}"));
    write_json(&report, args.report.as_deref())?;
    Ok(lost as u64 + faults)
}

/// The server goes on behind the last acknowledged answer, or has the attempt in the history with all of it.
async fn holds(seat: Seat, http: Arc<Http>, token: String, attempt: String, seq: u64) -> anyhow::Result<()> {
    let Seat { mut reader, slot, welcome } = seat;
    let open = field(&welcome, br#""attempt":""#, b'"').map(|id| String::from_utf8_lossy(id).into_owned());
    if open.as_deref() == Some(attempt.as_str()) {
        let question = timeout(PATIENCE, async {
            loop {
                let text = reader.next().await?;
                if text.starts_with(br#"{"type":"question""#) {
                    return anyhow::Ok(number(text, br#""seq":"#));
                }
            }
        });
        let seq_now = question.await.context("no question after the hello")??;
        ensure!(
            seq_now.is_some_and(|now| now > seq),
            "player {}: answer {seq} was acknowledged, the server asks {seq_now:?}",
            slot.number
        );
        return Ok(());
    }
    let reply = http.patiently(Call::get("/me/attempts", Some(&token))).await?;
    let history: History = reply.json()?;
    let kept = history.attempts.iter().find(|kept| kept.id == attempt);
    let kept = kept.with_context(|| format!("player {}: attempt {attempt} is in no history", slot.number))?;
    ensure!(kept.finished_at.is_some(), "player {}: attempt {attempt} is neither open nor over", slot.number);
    Ok(())
}

async fn boards_bytes(target: &Target) -> Option<u64> {
    let text = crate::drive::page(target, "/metrics").await.ok()?;
    let line = text.lines().find(|line| line.starts_with("kejing_boards_bytes "))?;
    line.rsplit(' ').next()?.parse().ok()
}
