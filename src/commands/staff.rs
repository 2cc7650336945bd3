//! `kejing staff reset`: on the machine itself, for whoever cannot sign in any more and has nobody left to help.

use crate::commands::outcome::Failure;
use crate::commands::outcome::Outcome;
use crate::commands::outcome::say;
use crate::commands::place::PlaceArgs;
use anyhow::Context;
use anyhow::anyhow;
use clap::Args;
use clap::Subcommand;
use kejing::accounts::staff::StaffRefusal;
use kejing::accounts::staff::reset_on_the_machine;
use kejing::contest::clock::Clock;
use kejing::ledger::desk::DeskStore;
use kejing::ledger::place::LedgerPlace;

#[derive(Subcommand)]
pub(crate) enum Staff {
    /// 重置一位工作人员的登录：密码、第二重验证和所有登录都作废，打印一个一次性链接
    ///
    /// 给谁都登录不了的时候用；平时请两位同事在工作台里重置。要在服务器这台机器上执行，服务可以照常运行。会记入操作记录。
    #[command(verbatim_doc_comment)]
    Reset(ResetArgs),
}

#[derive(Args)]
pub(crate) struct ResetArgs {
    /// 登录名
    #[arg(long, value_name = "登录名")]
    login: String,
    /// 为什么重置，记入操作记录
    #[arg(long, value_name = "原因", default_value = "本机重置")]
    reason: String,
    #[command(flatten)]
    place: PlaceArgs,
}

/// The desk that is there.
pub(crate) async fn open(place: &LedgerPlace) -> Result<DeskStore, Failure> {
    let found = place.open_desk_that_is_there().await.with_context(|| format!("打不开 {place} 里的工作台"))?;
    found.ok_or_else(|| {
        Failure::Misused(anyhow!(
            "{place} 里还没有工作台：账本在 PostgreSQL 里时，请用 --config、--database 或 KEJING_DATABASE 写明；\
             新的赛季请先用 kejing serve 启动一次"
        ))
    })
}

pub(crate) fn reset(args: &ResetArgs) -> Result<Outcome, Failure> {
    let place = args.place.place()?;
    let runtime = tokio::runtime::Runtime::new().context("无法启动")?;
    runtime.block_on(async {
        let desk = open(&place).await?;
        let done = reset_on_the_machine(&desk, &args.login, &args.reason, Clock::of_the_machine().now()).await;
        desk.close().await;
        let (person, invitation) = done.map_err(|refusal| match refusal {
            StaffRefusal::NotFound(_) => Failure::Misused(anyhow!("没有登录名是「{}」的工作人员", args.login)),
            other => Failure::Wrong(anyhow!(other)),
        })?;
        say(format_args!(
            "已重置「{}」（{}）的登录，原来的密码、第二重验证和登录都已作废。",
            person.name, person.login
        ));
        say("请本人在浏览器里打开（把前面换成工作台的网址；7 天内有效，只能用一次）：");
        say(format_args!("  https://网址/desk#/invitation/{}", invitation.secret));
        Ok(Outcome::Fine)
    })
}
