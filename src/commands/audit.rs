//! `kejing audit verify`: the audit log's chain, in the database or in an export.

use crate::commands::outcome::Failure;
use crate::commands::outcome::Outcome;
use crate::commands::outcome::say;
use crate::commands::place::PlaceArgs;
use crate::commands::staff::open;
use anyhow::Context;
use clap::Args;
use clap::Subcommand;
use kejing::office::audit;
use kejing::office::audit::Checked;
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

#[derive(Subcommand)]
pub(crate) enum Audit {
    /// 核对操作记录：每一条都含有前一条的校验值，被改动、删去或调换的都会发现
    ///
    /// 核对数据文件夹或数据库里的（服务可以照常运行），或者从工作台导出的一个文件。打印 rows（条数）和 last（最后一条的校验值）；
    /// 把 last 记在别处，以后就能看出之前的记录有没有整个重写过。有问题时退出码为 1。
    #[command(verbatim_doc_comment)]
    Verify(VerifyArgs),
}

#[derive(Args)]
pub(crate) struct VerifyArgs {
    /// 从工作台导出的文件（.ndjson）；不写就核对数据库里的
    #[arg(value_name = "文件")]
    file: Option<PathBuf>,
    #[command(flatten)]
    place: PlaceArgs,
}

pub(crate) fn verify(args: &VerifyArgs) -> Result<Outcome, Failure> {
    let checked = match &args.file {
        Some(file) => {
            let opened = File::open(file).with_context(|| format!("打不开 {}", file.display()));
            let export = BufReader::new(opened.map_err(Failure::Misused)?);
            audit::verify_export(export).with_context(|| format!("读不出 {}", file.display()))?
        }
        None => verify_desk(args)?,
    };
    say(format_args!("rows {}", checked.rows));
    say(format_args!("last {}", checked.last));
    match checked.fault {
        Some(fault) => {
            say(format_args!("操作记录不完整：{fault}"));
            Ok(Outcome::Wrong)
        }
        None => {
            say("操作记录首尾相连，没有发现改动。");
            Ok(Outcome::Fine)
        }
    }
}

fn verify_desk(args: &VerifyArgs) -> Result<Checked, Failure> {
    let place = args.place.place()?;
    let runtime = tokio::runtime::Runtime::new().context("无法启动")?;
    runtime.block_on(async {
        let desk = open(&place).await?;
        let checked = audit::verify(&desk).await.context("读不出操作记录");
        desk.close().await;
        Ok(checked?)
    })
}
