//! `kejing backup`, beside a server that runs or not, and `kejing restore`.

use crate::commands::outcome::Failure;
use crate::commands::outcome::Outcome;
use crate::commands::outcome::say;
use crate::commands::serve::open_files;
use crate::commands::serve::variables;
use anyhow::Context;
use anyhow::anyhow;
use clap::Args;
use kejing::backup;
use kejing::backup::BackupError;
use kejing::backup::Manifest;
use kejing::config::Database;
use kejing::config::Settings;
use kejing::config::Sources;
use kejing::contest::clock::Clock;
use kejing::domain::time::TimeZone;
use kejing::domain::time::Timestamp;
use std::path::PathBuf;

/// Moments are told in Beijing time, in which those who run it live.
const ZONE: &str = "Asia/Shanghai";

#[derive(Args)]
pub(crate) struct BackupArgs {
    /// 数据文件夹 [默认与 serve 相同：设置文件、KEJING_DATA、./data]
    #[arg(long, value_name = "文件夹")]
    data: Option<String>,
    /// 服务器所用的设置文件，从中得知数据文件夹和数据库 [环境变量 KEJING_CONFIG]
    #[arg(long, value_name = "文件")]
    config: Option<PathBuf>,
    /// 备份放在哪里：一个还没有的文件夹
    #[arg(long, value_name = "文件夹")]
    to: PathBuf,
}

#[derive(Args)]
pub(crate) struct RestoreArgs {
    /// 备份所在的文件夹
    #[arg(long, value_name = "文件夹")]
    from: PathBuf,
    /// 恢复到哪个数据文件夹：还没有，或者是空的
    #[arg(long, value_name = "文件夹")]
    data: PathBuf,
}

pub(crate) fn back_up(args: &BackupArgs) -> Result<Outcome, Failure> {
    let sources = Sources {
        file: args.config.clone(),
        variables: variables(),
        flags: args.data.clone().map(|data| ("data", data)).into_iter().collect(),
        open_files: open_files(),
    };
    let settings = Settings::gather(&sources).map_err(|wrong| Failure::Misused(anyhow!(wrong)))?;
    if settings.database != Database::Sqlite {
        return Err(Failure::Misused(anyhow!(
            "这个赛季的账本在 PostgreSQL 里，不在数据文件夹里；什么也没有备份。请用 pg_dump 备份数据库，\
             并把 {}/kejing.key 一起复制走（见 docs/operations.md「备份和恢复」）",
            settings.data.display()
        )));
    }
    let runtime = tokio::runtime::Runtime::new().context("无法启动")?;
    let taken = runtime.block_on(backup::take(&settings.data, &args.to, Clock::of_the_machine().now()));
    let manifest = taken.map_err(failure)?;
    say(format_args!("已备份到 {}", args.to.display()));
    tell(&manifest);
    say("账本已检查并重算，与服务器保存的一致。密钥文件也在里面：请像保管密码一样保管这份备份。");
    Ok(Outcome::Fine)
}

pub(crate) fn restore(args: &RestoreArgs) -> Result<Outcome, Failure> {
    let runtime = tokio::runtime::Runtime::new().context("无法启动")?;
    let manifest = runtime.block_on(backup::restore(&args.from, &args.data)).map_err(failure)?;
    say(format_args!("已恢复到 {}", args.data.display()));
    tell(&manifest);
    say("账本已重算，与备份时一致。备份以后的报名和作答不在里面。现在可以用原来的赛季文件和题库启动。");
    Ok(Outcome::Fine)
}

fn failure(error: BackupError) -> Failure {
    match error {
        BackupError::Unsound(_) | BackupError::Altered { .. } | BackupError::Otherwise { .. } => {
            Failure::Wrong(anyhow!(error))
        }
        error => Failure::Misused(anyhow!(error)),
    }
}

fn tell(manifest: &Manifest) {
    let zone = TimeZone::named(ZONE).ok();
    let shown = |at: Timestamp| {
        let civil = zone.as_ref().map(|zone| zone.civil(at).strftime("%Y-%m-%d %H:%M:%S").to_string());
        civil.unwrap_or_else(|| at.0.to_string())
    };
    say(format_args!("赛季 {}（{}）", manifest.season.name, manifest.season.id));
    say(format_args!("备份于 {}", shown(manifest.taken_at)));
    if let Some(alive_at) = manifest.alive_at {
        say(format_args!("账本里服务器最后在运行的时刻 {}", shown(alive_at)));
    }
    for held in &manifest.files {
        say(format_args!("{} {} 字节", held.name, held.bytes));
    }
    let ledger = &manifest.ledger;
    say(format_args!("entries {}", ledger.entries));
    say(format_args!("attempts {}", ledger.attempts));
    say(format_args!("participants {}", ledger.participants));
    say(format_args!("boards {}", ledger.boards));
    if let Some(audit) = &manifest.audit {
        say(format_args!("audit {}", audit.rows));
    }
}
