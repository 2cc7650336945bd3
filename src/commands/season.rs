//! `kejing season check`: what a season's rules mean, in the sentences that its rules page shows.

use crate::commands::outcome::Failure;
use crate::commands::outcome::Outcome;
use crate::commands::outcome::say;
use anyhow::anyhow;
use clap::Subcommand;
use kejing::domain::ids::RoundIndex;
use kejing::domain::season::Season;
use kejing::domain::season::public_faults;
use kejing::files;
use kejing::files::FileError;
use std::path::Path;
use std::path::PathBuf;

#[derive(Subcommand)]
pub(crate) enum SeasonCommand {
    /// 检查赛季文件和它用到的地区、单位、题库，用中文说出它的规则，也就是规则页上的每一句话
    ///
    /// 有问题时一次全部说出，带文件、行号和列号，退出码为 1。
    Check {
        /// 公开举办的赛季：还要有联系方式、个人信息保护说明和网站备案号
        #[arg(long)]
        public: bool,
        /// 赛季文件
        #[arg(required = true, value_name = "文件")]
        files: Vec<PathBuf>,
    },
}

pub(crate) fn check(public: bool, paths: &[PathBuf]) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::Fine;
    for path in paths {
        match files::read_season(path) {
            Ok(read) => {
                print(path, &read.season);
                for fault in public_faults(&read.season).iter().filter(|_| public) {
                    eprintln!("{} {fault}", path.display());
                    outcome = Outcome::Wrong;
                }
            }
            Err(FileError::Faulty(faults)) => {
                faults.iter().for_each(|fault| eprintln!("{fault}"));
                eprintln!("{}：{} 处问题", path.display(), faults.len());
                outcome = Outcome::Wrong;
            }
            Err(error @ FileError::Unreadable(..)) => return Err(Failure::Misused(anyhow!(error))),
        }
    }
    Ok(outcome)
}

fn print(path: &Path, season: &Season) {
    say(path.display());
    say(&season.name);
    season.sentences(None).iter().for_each(|sentence| say(format_args!("  {sentence}")));
    for (index, round) in season.rounds.iter().enumerate() {
        say(format_args!("{}（{}）", round.name, round.id));
        season.sentences(Some(RoundIndex(index as u16))).iter().for_each(|sentence| say(format_args!("  {sentence}")));
    }
}
