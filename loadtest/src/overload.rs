//! `overload`: twice the load that the server bears, first from phones that wait for their verdicts, then from impatient ones that
//! send the same answer again meanwhile. It must keep nine tenths of its peak rate of durable answers, refuse the rest at once with
//! `retry_after_ms`, and be as quick as before within two seconds of the load going down.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::time::sleep;

use crate::args::OverloadArgs;
use crate::clock::{Micros, SECOND_US, now_us};
use crate::drive::{begin, drain, metrics, people};
use crate::meter::{Latency, Percentiles};
use crate::net::Target;
use crate::pacer::Pacer;
use crate::process::{Usage, usage};
use crate::report::{print_latency, write_json};
use crate::stage::{Loop, Peer, Slot, Stage, read};

/// After the load has gone down, latencies are looked at so often.
const WINDOW: Duration = Duration::from_millis(100);
/// So many calm windows one after the other are a recovery.
const CALM_WINDOWS: u32 = 3;
/// An answer whose verdict comes within so long is calm. A person notices no less.
const CALM_P99_US: u64 = 100_000;
/// A refusal is at once if most come within so long.
const REFUSED_P99_US: u64 = 1_000_000;
const KEPT_SHARE: f64 = 0.9;
const RECOVERED_MS: u64 = 2_000;
const RECOVERY_WATCHED: Duration = Duration::from_secs(15);
/// Of the peak, for the time after.
const CALM_LOAD: f64 = 0.3;

#[derive(Serialize)]
struct OverloadReport {
    connections: usize,
    peak_per_second: f64,
    offered_per_second: f64,
    durable_per_second: f64,
    kept: f64,
    impatient_durable_per_second: f64,
    impatient_kept: f64,
    refused: u64,
    refusals: std::collections::BTreeMap<String, u64>,
    refusal_latency: Percentiles,
    repeated: u64,
    turns_left_out: u64,
    recovered_ms: Option<u64>,
    /// At the peak; under twice that from phones that wait; from phones that send again.
    phases: [Phase; 3],
    passed: [(&'static str, bool); 5],
    disagreements: u64,
    told: Vec<String>,
}

pub(crate) async fn overload(args: OverloadArgs) -> anyhow::Result<u64> {
    let target = Target::find(&args.url, args.seats.sources).await?;
    let (round, tokens) = people(&args.url, &args.seats, args.connections).await?;
    let first = metrics(&target).await;
    let stage = Arc::new(Stage::new(target.clone(), Peer::Contest, &round)?);
    let seats = stage.seat(args.connections, &tokens).await?;
    let slots: Vec<Arc<Slot>> = seats.iter().map(|seat| Arc::clone(&seat.slot)).collect();
    let mut players = begin(&stage, seats);
    sleep(Duration::from_secs(2)).await;
    stage.measure(true);

    let at_peak = phase(&stage, args.seconds, args.server_pid).await?;
    let peak = at_peak.durable_per_second;
    eprintln!("peak {peak:.0} answers/s");
    stage.set(Loop::Open);
    let offered = peak * args.times;
    let pacer = Pacer::start(Arc::clone(&stage), slots.clone(), offered);
    // What was under way in the closed loop has gone by then.
    sleep(Duration::from_secs(1)).await;
    let while_patient = phase(&stage, args.seconds, args.server_pid).await?;
    let patient = while_patient.durable_per_second;
    eprintln!("{patient:.0} answers/s under {offered:.0}/s from those who wait");
    stage.set(Loop::Impatient);
    sleep(Duration::from_secs(1)).await;
    let (refused, from, turns) = (read(&stage.tally.refused), now_us(), read(&stage.tally.repeated));
    let while_impatient = phase(&stage, args.seconds, args.server_pid).await?;
    let durable = while_impatient.durable_per_second;
    let seconds = (now_us() - from) as f64 / SECOND_US as f64;
    let (refused, repeated) = (read(&stage.tally.refused) - refused, read(&stage.tally.repeated) - turns);
    eprintln!("{durable:.0} answers/s under {offered:.0}/s from those who send again, {refused} refused");

    let (due, turns_left_out) = pacer.stop();
    Stage::forgive(&slots);
    stage.set(Loop::Open);
    let pacer = Pacer::start(Arc::clone(&stage), slots.clone(), peak * CALM_LOAD);
    let recovered_ms = recovery(&stage).await?;
    pacer.stop();
    let drained = drain(&stage, &slots).await;
    players.abort_all();

    let mut told = stage.told();
    let mut disagreements = read(&stage.tally.faults) + read(&stage.tally.lost) + u64::from(!drained);
    let acked = read(&stage.tally.acked);
    if let (Some(first), Some(last)) = (first, metrics(&target).await)
        && last.answers - first.answers != acked as f64
    {
        disagreements += 1;
        told.push(format!("the server took {} answers and acknowledged {acked}", last.answers - first.answers));
    }
    let refusal_latency = stage.refusals.percentiles(Latency::Verdict)?;
    let passed = [
        ("nine tenths of the peak kept, phones that wait", patient >= KEPT_SHARE * peak),
        ("nine tenths of the peak kept, phones that send again", durable >= KEPT_SHARE * peak),
        ("refused at once", refusal_latency.p99_us <= REFUSED_P99_US),
        ("recovered within 2 s", recovered_ms.is_some_and(|ms| ms <= RECOVERED_MS)),
        ("nothing lost, nothing wrong", disagreements == 0),
    ];
    let report = OverloadReport {
        connections: args.connections,
        peak_per_second: peak,
        // With the seconds between the phases.
        offered_per_second: (due - turns_left_out) as f64 / (2.0 * seconds + 2.0),
        durable_per_second: patient,
        kept: patient / peak,
        impatient_durable_per_second: durable,
        impatient_kept: durable / peak,
        refused,
        refusals: stage.meter.refusals(),
        refusal_latency,
        repeated,
        turns_left_out,
        recovered_ms,
        phases: [at_peak, while_patient, while_impatient],
        passed,
        disagreements,
        told,
    };
    print(&report);
    write_json(&report, args.report.as_deref())?;
    Ok(report.disagreements)
}

/// Some seconds of one load, with what each end used of the processors meanwhile: one that had none left was what was measured.
#[derive(Clone, Copy, Debug, Serialize)]
struct Phase {
    durable_per_second: f64,
    server_cores: Option<f64>,
    client_cores: f64,
}

async fn phase(stage: &Stage, seconds: u64, server: Option<u32>) -> anyhow::Result<Phase> {
    let used = || anyhow::Ok((server.map(usage).transpose()?, usage(std::process::id())?));
    let (from, acked, before) = (now_us(), read(&stage.tally.acked), used()?);
    sleep(Duration::from_secs(seconds)).await;
    let (took, after) = ((now_us() - from) as f64, used()?);
    let cores = |before: Usage, after: Usage| (after.cpu_us - before.cpu_us) as f64 / took;
    Ok(Phase {
        durable_per_second: (read(&stage.tally.acked) - acked) as f64 * SECOND_US as f64 / took,
        server_cores: before.0.zip(after.0).map(|(before, after)| cores(before, after)),
        client_cores: cores(before.1, after.1),
    })
}

/// How long after now verdicts come quickly again, and go on doing so; `None`: not while anybody watched.
async fn recovery(stage: &Stage) -> anyhow::Result<Option<u64>> {
    let from = now_us();
    let (mut calm, mut since): (u32, Micros) = (0, 0);
    let mut refused = read(&stage.tally.refused);
    stage.meter.recent()?;
    while now_us() < from + RECOVERY_WATCHED.as_micros() as u64 {
        let begun = now_us();
        sleep(WINDOW).await;
        let recent = stage.meter.recent()?;
        let refused_now = read(&stage.tally.refused);
        if recent.count > 0 && recent.p99_us <= CALM_P99_US && refused_now == refused {
            if calm == 0 {
                since = begun;
            }
            calm += 1;
        } else {
            calm = 0;
        }
        refused = refused_now;
        if calm == CALM_WINDOWS {
            return Ok(Some((since - from) / 1000));
        }
    }
    Ok(None)
}

fn print(report: &OverloadReport) {
    println!("connections         {}", report.connections);
    println!("peak                {:.0} answers/s, closed loop", report.peak_per_second);
    println!("offered             {:.0} messages/s", report.offered_per_second);
    for (of, phase) in ["at the peak", "phones that wait", "that send again"].iter().zip(report.phases) {
        let server = phase.server_cores.map_or("–".to_owned(), |cores| format!("{cores:.2}"));
        println!("processors          server {server}, client {:.2}: {of}", phase.client_cores);
    }
    println!(
        "durable             {:.0} answers/s ({:.2} of the peak), phones that wait",
        report.durable_per_second, report.kept
    );
    println!(
        "                    {:.0} answers/s ({:.2} of the peak), phones that send again",
        report.impatient_durable_per_second, report.impatient_kept
    );
    println!("refused             {} ({:?}), {} verdicts told again", report.refused, report.refusals, report.repeated);
    print_latency("answer → refusal  ", &report.refusal_latency);
    match report.recovered_ms {
        Some(ms) => println!("recovered           {ms} ms after the load went down"),
        None => println!("recovered           not within {RECOVERY_WATCHED:?}"),
    }
    for (what, passed) in report.passed {
        println!("{}  {what}", if passed { "PASS" } else { "FAIL" });
    }
    report.told.iter().for_each(|told| println!("  {told}"));
}
