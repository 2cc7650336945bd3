//! `kejing ledger copy`: a season from one database into another, proved by what both come to.

use crate::commands::outcome::Failure;
use crate::commands::outcome::Outcome;
use crate::commands::outcome::say;
use anyhow::Context;
use anyhow::anyhow;
use clap::Args;
use clap::Subcommand;
use kejing::contest::replay::replay;
use kejing::domain::ids::SeasonId;
use kejing::ledger::copy;
use kejing::ledger::desk;
use kejing::ledger::entry::Note;
use kejing::ledger::place::LedgerPlace;
use kejing::ledger::store::Store;
use std::io::IsTerminal;

/// Whoever watches is told after so many rows.
const ROWS_TOLD: u64 = 200_000;

#[derive(Subcommand)]
pub(crate) enum Ledger {
    /// 把一个赛季的账本从一处拷贝到另一处，并核对两边完全相同
    ///
    /// 两处都写成数据文件夹，或 postgres://用户:密码@主机/数据库。要先停止服务器；来源不会改动，要拷贝到的一处必须是空的。
    /// 拷完把两边从头重算一遍，打印两边的摘要；有任何不同，退出码为 1。密钥文件不在账本里，要自己拷贝。
    #[command(verbatim_doc_comment)]
    Copy(CopyArgs),
}

#[derive(Args)]
pub(crate) struct CopyArgs {
    /// 从哪里拷贝
    #[arg(long, value_name = "地址或文件夹")]
    from: String,
    /// 拷贝到哪里
    #[arg(long, value_name = "地址或文件夹")]
    to: String,
}

pub(crate) fn run(args: &CopyArgs) -> Result<Outcome, Failure> {
    let named = |name, text| LedgerPlace::read(text).map_err(|why| Failure::Misused(anyhow!("参数 --{name}：{why}")));
    let (from, to) = (named("from", &args.from)?, named("to", &args.to)?);
    let runtime = tokio::runtime::Runtime::new().context("无法启动")?;
    let same = runtime.block_on(copied(&from, &to))?;
    Ok(if same { Outcome::Fine } else { Outcome::Wrong })
}

/// Whether both came to the same.
async fn copied(from: &LedgerPlace, to: &LedgerPlace) -> anyhow::Result<bool> {
    let source = from.open_stopped().await.with_context(|| format!("打不开{from}里的账本"))?;
    let season = season_of(source.as_ref()).await?;
    let target = to.open(&season).await.with_context(|| format!("打不开{to}里的账本"))?;
    let watched = std::io::stderr().is_terminal();
    let mut told = 0;
    let progress = |rows: u64| {
        if watched && rows - told >= ROWS_TOLD {
            told = rows;
            eprintln!("已拷贝 {rows} 行");
        }
    };
    let lane = copy::copy(source.as_ref(), target.as_ref(), progress).await.context("拷贝没有完成")?;
    say(format_args!("拷贝了 {} 条记录，现在核对两边", lane.last_n));
    let desks = copied_desk(from, to, &season).await?;
    let (before, after) = (Proof::of(source.as_ref()).await?, Proof::of(target.as_ref()).await?);
    before.say(from);
    after.say(to);
    source.close().await;
    target.close().await;
    if let Some((one, other)) = &desks {
        say(format_args!("工作台\n  desk {one}\n  desk {other}"));
    }
    if before != after || desks.is_some_and(|(one, other)| one != other) {
        say("两边不同，请不要使用拷贝出来的账本。");
        return Ok(false);
    }
    say("两边完全相同。密钥文件 kejing.key 不在账本里，要与数据文件夹一起保留。");
    Ok(true)
}

/// What staff edit goes along; a digest over each side, `None` where there is no desk.
async fn copied_desk(
    from: &LedgerPlace,
    to: &LedgerPlace,
    season: &SeasonId,
) -> anyhow::Result<Option<(String, String)>> {
    let Some(source) = from.open_desk_that_is_there().await.context("打不开来源的工作台")? else {
        return Ok(None);
    };
    let target = to.open_desk(season).await.context("打不开要拷贝到的工作台")?;
    desk::copy(&source, &target).await.context("工作台没有拷贝完")?;
    let digests = (desk::digest(&source).await?, desk::digest(&target).await?);
    source.close().await;
    target.close().await;
    Ok(Some(digests))
}

/// What a ledger comes to: all its rows, and all that follows from them.
#[derive(PartialEq, Eq)]
struct Proof {
    rows: String,
    attempts: u64,
    participants: u64,
    boards: String,
    disagreements: Vec<String>,
}

impl Proof {
    async fn of(store: &dyn Store) -> anyhow::Result<Proof> {
        let rows = copy::digest(store).await.context("读不出账本")?;
        let replayed = replay(store).await.context("无法重算")?;
        Ok(Proof {
            rows,
            attempts: replayed.attempts,
            participants: replayed.participants,
            boards: replayed.boards,
            disagreements: replayed.disagreements,
        })
    }

    fn say(&self, place: &LedgerPlace) {
        say(format_args!("{place}"));
        say(format_args!("  rows {}", self.rows));
        say(format_args!("  attempts {}", self.attempts));
        say(format_args!("  participants {}", self.participants));
        say(format_args!("  boards {}", self.boards));
        self.disagreements.iter().for_each(|sentence| say(format_args!("  {sentence}")));
    }
}

async fn season_of(store: &dyn Store) -> anyhow::Result<SeasonId> {
    let mut after = 0;
    loop {
        let page = store.notes(after).await.context("读不出账本")?;
        let last = page.last().context("来源的账本里还没有赛季")?;
        after = last.n;
        for noted in page {
            if let Note::Season { canonical, .. } = noted.note {
                let season: kejing::domain::season::Season =
                    serde_json::from_str(&canonical).context("来源的账本里的赛季读不懂")?;
                return Ok(season.id);
            }
        }
    }
}
