//! `kejing verify`: one paper again, from what the organisers published.

use crate::commands::outcome::Failure;
use crate::commands::outcome::Outcome;
use crate::commands::outcome::say;
use anyhow::Context;
use anyhow::anyhow;
use clap::Args;
use kejing::domain::faults::letter;
use kejing::domain::proof::Proof;
use kejing::files;
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct VerifyArgs {
    /// 公示文件：GET /api/v1/rounds/场次/proof 的内容
    #[arg(long, value_name = "文件")]
    proof: PathBuf,
    /// 第几期；不写就是唯一公布了密钥的那一期
    #[arg(long, value_name = "期")]
    period: Option<u32>,
    /// 选手编号，在「核对试卷」页面（#/verify）和 GET /api/v1/me 里
    #[arg(long, value_name = "编号")]
    participant: String,
    /// 这位选手在这个场次的第几次答题，从 1 起
    #[arg(long, value_name = "次", value_parser = clap::value_parser!(u32).range(1..))]
    attempt: u32,
}

pub(crate) fn run(args: &VerifyArgs) -> Result<Outcome, Failure> {
    let shown = args.proof.display();
    let text = files::text_of(&args.proof).with_context(|| format!("读不到 {shown}")).map_err(Failure::Misused)?;
    let proof: Proof = serde_json::from_str(&text).map_err(|error| {
        Failure::Misused(anyhow!("{shown}:{}:{}：不是公示的内容（{error}）", error.line(), error.column()))
    })?;
    let period = match args.period {
        Some(period) => period,
        None => only_period(&proof).map_err(Failure::Misused)?,
    };
    let paper = proof.verify(period, &args.participant, args.attempt).with_context(|| format!("{shown}"))?;

    say(format_args!("第 {period} 期的承诺与公布的密钥、抽题清单、试卷结构相符：{}", paper.commitment));
    say(format_args!("seed {}", paper.seed));
    for (place, question) in paper.questions.iter().enumerate() {
        let order: String = question.order.iter().map(|&option| letter(option)).collect();
        say(format_args!("{} {} {order}", place + 1, question.id));
    }
    Ok(Outcome::Fine)
}

fn only_period(proof: &Proof) -> anyhow::Result<u32> {
    let published: Vec<u32> = proof.published().collect();
    match published.as_slice() {
        [only] => Ok(*only),
        [] => Err(anyhow!("这份公示还没有公布任何一期的密钥：要等那一期的最后一份答卷结束")),
        several => {
            let several: Vec<String> = several.iter().map(u32::to_string).collect();
            Err(anyhow!("请用 --period 写明是第几期；已公布密钥的有：{}", several.join("、")))
        }
    }
}
