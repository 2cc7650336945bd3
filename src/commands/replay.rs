//! `kejing replay`: everything again from raw answers, beside a stopped server.

use crate::commands::outcome::Failure;
use crate::commands::outcome::Outcome;
use crate::commands::outcome::say;
use anyhow::Context;
use anyhow::anyhow;
use clap::Args;
use kejing::config::Database;
use kejing::contest::replay::replay;
use kejing::ledger::place::LedgerPlace;
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct ReplayArgs {
    /// 数据文件夹
    #[arg(long, value_name = "文件夹", required_unless_present = "database")]
    data: Option<PathBuf>,
    /// 账本所在的数据库，写法与 serve 的相同；不写就在数据文件夹里
    #[arg(long, value_name = "地址")]
    database: Option<String>,
}

impl ReplayArgs {
    fn place(&self) -> Result<LedgerPlace, String> {
        let database = self.database.as_deref().map_or(Ok(Database::Sqlite), Database::named)?;
        match (&self.data, database) {
            (Some(folder), database) => Ok(database.place(folder)),
            (None, Database::Postgres(url)) => Ok(LedgerPlace::Postgres(url)),
            (None, Database::Sqlite) => Err("SQLite 的账本在数据文件夹里，请用 --data 文件夹".to_owned()),
        }
    }
}

pub(crate) fn run(args: &ReplayArgs) -> Result<Outcome, Failure> {
    let place = args.place().map_err(|why| Failure::Misused(anyhow!("参数 --database：{why}")))?;
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
