//! `kejing replay`: everything again from raw answers, beside a stopped server.

use crate::commands::outcome::Failure;
use crate::commands::outcome::Outcome;
use crate::commands::outcome::say;
use anyhow::Context;
use anyhow::anyhow;
use clap::Args;
use kejing::config::Database;
use kejing::contest::replay::replay;
use kejing::ledger::sqlite::Sqlite;
use kejing::ledger::store::Store;
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct ReplayArgs {
    /// 数据文件夹
    #[arg(long, value_name = "文件夹", required_unless_present = "database", conflicts_with = "database")]
    data: Option<PathBuf>,
    /// 账本所在的数据库地址（本版本的账本都在数据文件夹里，请用 --data）
    #[arg(long, value_name = "地址")]
    database: Option<String>,
}

pub(crate) fn run(args: &ReplayArgs) -> Result<Outcome, Failure> {
    let Some(folder) = &args.data else {
        let named = args.database.as_deref().map(Database::named);
        let why =
            named.and_then(Result::err).unwrap_or_else(|| "SQLite 的账本在数据文件夹里，请用 --data 文件夹".into());
        return Err(Failure::Misused(anyhow!("参数 --database：{why}")));
    };
    let runtime = tokio::runtime::Runtime::new().context("无法启动")?;
    let replayed = runtime.block_on(async {
        let store = Sqlite::open_stopped(folder).await.context("打不开账本")?;
        let replayed = replay(&store).await.context("无法重算")?;
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
