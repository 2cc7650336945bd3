//! `kejing bank export`: a version that the desk published, as the folder that a season file names.

use crate::commands::outcome::Failure;
use crate::commands::outcome::Outcome;
use crate::commands::outcome::say;
use crate::commands::place::PlaceArgs;
use crate::commands::staff::open;
use anyhow::Context;
use anyhow::anyhow;
use clap::Args;
use kejing::domain::question::Question;
use kejing::files::MEDIA_FOLDER;
use kejing::formats::toml;
use kejing::ledger::desk::Link;
use kejing::office::publishing::questions_of;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// Questions of one file: a larger one is hard to look at.
const QUESTIONS_A_FILE: usize = 500;

#[derive(Args)]
pub(crate) struct ExportArgs {
    /// 题库的编号
    #[arg(long, value_name = "编号")]
    bank: String,
    /// 第几版，不写就是最新的一版
    #[arg(long, value_name = "版次")]
    version: Option<i64>,
    /// 写到这个文件夹；它要么还不存在，要么是空的
    #[arg(long, value_name = "文件夹")]
    out: PathBuf,
    #[command(flatten)]
    place: PlaceArgs,
}

pub(crate) fn export(args: &ExportArgs) -> Result<Outcome, Failure> {
    let place = args.place.place()?;
    let runtime = tokio::runtime::Runtime::new().context("无法启动")?;
    runtime.block_on(async {
        let desk = open(&place).await?;
        let mut link = desk.read().await.context("读不出题库")?;
        let outcome = write(&mut link, args).await;
        drop(link);
        desk.close().await;
        outcome
    })
}

async fn write(link: &mut Link, args: &ExportArgs) -> Result<Outcome, Failure> {
    let newest = link.versions(&args.bank, 1).await.context("读不出题库")?.into_iter().next();
    let newest = newest.ok_or_else(|| Failure::Misused(anyhow!("题库「{}」还没有发布过", args.bank)))?;
    let version = args.version.unwrap_or(newest.n);
    let questions = questions_of(link, &args.bank, version).await;
    let questions = questions.map_err(|error| Failure::Misused(anyhow!("{error}")))?;
    let unwritable = || format!("写不到 {}", args.out.display());
    empty(&args.out)?;
    for (number, some) in (1..).zip(questions.chunks(QUESTIONS_A_FILE)) {
        let file = args.out.join(format!("{number:02}.toml"));
        fs::write(&file, toml::write(some)).with_context(unwritable)?;
    }
    let pictures = pictures(link, &args.out, &questions).await?;
    let count = questions.len();
    say(format_args!("「{}」第 {version} 版：{count} 道题，{pictures} 张图片，写在 {}", args.bank, args.out.display()));
    say("赛季文件里这样写就可以用它：");
    say(format_args!("[[bank]]\nid = \"{}\"\npath = \"{}\"", args.bank, args.out.display()));
    Ok(Outcome::Fine)
}

fn empty(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).with_context(|| format!("建不了 {}", folder.display()))?;
    let mut entries = fs::read_dir(folder).with_context(|| format!("读不到 {}", folder.display()))?;
    if entries.next().is_some() {
        return Err(Failure::Misused(anyhow!("{} 不是空的，请换一个文件夹", folder.display())));
    }
    Ok(())
}

async fn pictures(link: &mut Link, folder: &Path, questions: &[Question]) -> Result<usize, Failure> {
    let mut names: Vec<&str> = questions.iter().filter_map(|q| q.media.as_ref()).map(|m| m.file.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let mut written = 0;
    for name in names {
        // What came with a bank's files lies in that bank's folder.
        let Some(picture) = link.picture(name).await.context("读不出图片")? else {
            eprintln!("图片 {name} 不在工作台里，请从原来题库的 {MEDIA_FOLDER} 文件夹拷过来");
            continue;
        };
        let media = folder.join(MEDIA_FOLDER);
        fs::create_dir_all(&media).with_context(|| format!("建不了 {}", media.display()))?;
        fs::write(media.join(name), picture.bytes).with_context(|| format!("写不到 {}", media.display()))?;
        written += 1;
    }
    Ok(written)
}
