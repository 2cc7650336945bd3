//! `kejing replay`: everything again from raw answers, beside a stopped server.

use crate::commands::outcome::Failure;
use crate::commands::outcome::Outcome;
use crate::commands::outcome::say;
use crate::commands::place::PlaceArgs;
use anyhow::Context;
use clap::Args;
use kejing::contest::replay::replay;

#[derive(Args)]
pub(crate) struct ReplayArgs {
    #[command(flatten)]
    place: PlaceArgs,
}

pub(crate) fn run(args: &ReplayArgs) -> Result<Outcome, Failure> {
    let place = args.place.place()?;
    let runtime = tokio::runtime::Runtime::new().context("无法启动")?;
    let replayed = runtime.block_on(async {
        let store = place.open_stopped().await.context("打不开账本")?;
        let replayed = replay(store.as_ref()).await.context("无法重算")?;
        store.close().await;
        anyhow::Ok(replayed)
    })?;
    say(format_args!("entries {}", replayed.entries));
    say(format_args!("attempts {}", replayed.attempts));
    say(format_args!("participants {}", replayed.participants));
    say(format_args!("boards {}", replayed.boards));
    replayed.disagreements.iter().for_each(say);
    Ok(if replayed.disagreements.is_empty() { Outcome::Fine } else { Outcome::Wrong })
}
