//! `sit`: what a seated participant costs in memory. Each has said hello, played one paper, and is in mid-attempt of the next.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::args::{RuleArgs, SitArgs};
use crate::bank::Bank;
use crate::clock::{SECOND_US, now_us, unix_ms};
use crate::crowd::{Crowd, register};
use crate::play::crowd;
use crate::player::Player;
use crate::process::{Usage, usage};
use crate::report::{mib, write_json};

/// After the last has sat down, for what the server still has to put away.
const SETTLE: Duration = Duration::from_secs(3);

#[derive(Serialize)]
struct Step {
    seated: u64,
    rss_bytes: u64,
    rss_anon_bytes: u64,
    rss_each: f64,
    rss_anon_each: f64,
}

pub(crate) async fn sit(args: SitArgs) -> anyhow::Result<u64> {
    let seed = args.seed.unwrap_or_else(unix_ms);
    let bank = args.bank.as_deref().map(Bank::read).transpose()?;
    let rules = RuleArgs::default();
    let asked: Vec<String> = args.round.clone().into_iter().collect();
    let mut crowd = crowd(&args.url, args.sources, &asked, &rules, bank).await?;
    crowd.papers_each = 2;
    let crowd = Arc::new(crowd);
    let before = usage(args.server_pid)?;
    println!("before      {:.1} MiB resident, {:.1} MiB anonymous", mib(before.rss_bytes), mib(before.rss_anon_bytes));
    let mut seats = JoinSet::new();
    let (mut steps, mut there) = (Vec::new(), 0);
    for number in &args.steps {
        let people = register(&crowd, seed, there, number - there).await?;
        there = *number;
        for person in people {
            seats.spawn(take_seat(Player::new(Arc::clone(&crowd), person, seed), Arc::clone(&crowd)));
        }
        seated(&crowd, there as u64).await?;
        sleep(SETTLE).await;
        let step = Step::new(there as u64, before, usage(args.server_pid)?);
        println!(
            "{:>6}      {:.1} MiB resident, {:.1} MiB anonymous · a participant {:.0} B resident, {:.0} B anonymous",
            step.seated,
            mib(step.rss_bytes),
            mib(step.rss_anon_bytes),
            step.rss_each,
            step.rss_anon_each
        );
        steps.push(step);
    }
    seats.abort_all();
    write_json(&steps, args.report.as_deref())?;
    let (told, _) = crowd.findings.all();
    for disagreement in &told {
        println!("  {disagreement}");
    }
    Ok(crowd.findings.count())
}

impl Step {
    fn new(seated: u64, before: Usage, now: Usage) -> Step {
        let each = |now: u64, before: u64| (now as f64 - before as f64) / seated as f64;
        Step {
            seated,
            rss_bytes: now.rss_bytes,
            rss_anon_bytes: now.rss_anon_bytes,
            rss_each: each(now.rss_bytes, before.rss_bytes),
            rss_anon_each: each(now.rss_anon_bytes, before.rss_anon_bytes),
        }
    }
}

async fn take_seat(player: Player, crowd: Arc<Crowd>) {
    let Some(mut player) = player.sit().await else {
        return crowd.fail("a participant could not sit down (does the round allow two papers?)".to_owned());
    };
    crowd.meter.counts.seated.fetch_add(1, Ordering::Relaxed);
    while player.keep_seat(now_us() + 3600 * SECOND_US).await.is_ok() {}
    crowd.fail("a seated participant lost its connection".to_owned());
}

async fn seated(crowd: &Crowd, number: u64) -> anyhow::Result<()> {
    loop {
        if let Some(why) = crowd.failure() {
            anyhow::bail!("{why}");
        }
        let now = crowd.meter.counts.seated.load(Ordering::Relaxed);
        if now >= number {
            return Ok(());
        }
        eprintln!("{now} of {number} seated");
        sleep(Duration::from_millis(500)).await;
    }
}
