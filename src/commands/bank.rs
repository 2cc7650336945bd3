//! `kejing bank check`: all faults of question files at once.

use crate::commands::convert::ConvertArgs;
use crate::commands::outcome::Failure;
use crate::commands::outcome::Outcome;
use crate::commands::outcome::say;
use crate::commands::preview;
use anyhow::anyhow;
use clap::Args;
use clap::Subcommand;
use kejing::domain::question::Kind;
use kejing::domain::question::Question;
use kejing::files;
use kejing::files::FileError;
use std::collections::BTreeSet;
use std::path::PathBuf;

#[derive(Subcommand)]
pub(crate) enum Bank {
    /// 检查题库文件，一次说出全部问题，每个都带文件、行号和列号
    ///
    /// 写几个文件，就把它们合起来当作一个题库；写文件夹，每个文件夹是一个题库。有问题时退出码为 1。
    /// 加 --json 就像网页上的导入那样读一个文件（表格、文档、文字，不限于题库自己的格式），打印一个 JSON：
    /// {format, ready, to_check, refused, questions:[…], faults:[{row, column, code, message, …}]}，见 docs/import.md。
    /// 全部题目都可以导入时退出码为 0；有要检查或不能导入的为 1；文件读不到为 2。
    #[command(verbatim_doc_comment)]
    Check(CheckArgs),
    /// 把题目换成另一种文件：表格、文档、Moodle、QTI…… 换成 xlsx、csv、toml、json、gift、moodle_xml 或 qti
    ///
    /// 读法和网页上的导入一样；要检查的、不能导入的题不写进去，逐条说明，退出码为 1。
    /// 编号不带过去，重新编为 q1、q2……。文件不存在或格式写错，退出码为 2，什么也不写。
    #[command(verbatim_doc_comment)]
    Convert(ConvertArgs),
}

#[derive(Args)]
pub(crate) struct CheckArgs {
    /// 题目文件（.toml、.csv），或者题库文件夹；加了 --json 时是一个要导入的文件，- 表示标准输入
    #[arg(required = true, value_name = "文件或文件夹")]
    files: Vec<PathBuf>,
    /// 像导入那样宽松地读一个文件，打印 JSON
    #[arg(long)]
    json: bool,
    /// 文件的格式，不写就按内容认：xlsx、xls、docx、csv、text、toml、json、gift、aiken、moodle_xml、qti
    #[arg(long, value_name = "格式", requires = "json")]
    format: Option<String>,
    /// 只读这一张工作表
    #[arg(long, value_name = "名称", requires = "json")]
    sheet: Option<String>,
}

pub(crate) fn run(args: &CheckArgs) -> Result<Outcome, Failure> {
    match (args.json, args.files.as_slice()) {
        (false, places) => check(places),
        (true, [file]) => preview::run(file, args.format.as_deref(), args.sheet.as_deref()),
        (true, _) => Err(Failure::Misused(anyhow!("加了 --json 一次只能检查一个文件"))),
    }
}

fn check(places: &[PathBuf]) -> Result<Outcome, Failure> {
    let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) = places.iter().cloned().partition(|place| place.is_dir());
    let mut banks: Vec<(String, Result<Vec<Question>, FileError>)> = Vec::new();
    if let Some(first) = files.first() {
        let more = if files.len() > 1 { format!(" 等 {} 个文件", files.len()) } else { String::new() };
        banks.push((format!("{}{more}", first.display()), files::read_bank_files(&files)));
    }
    banks.extend(folders.iter().map(|folder| (folder.display().to_string(), files::read_bank(folder))));

    let mut outcome = Outcome::Fine;
    for (name, read) in banks {
        match read {
            Ok(questions) => say(format_args!("{name}：{}，没有问题", counted(&questions))),
            Err(FileError::Faulty(faults)) => {
                faults.iter().for_each(|fault| eprintln!("{fault}"));
                eprintln!("{name}：{} 处问题", faults.len());
                outcome = Outcome::Wrong;
            }
            Err(error @ FileError::Unreadable(..)) => return Err(Failure::Misused(anyhow!(error))),
        }
    }
    Ok(outcome)
}

fn counted(questions: &[Question]) -> String {
    let of = |kind| questions.iter().filter(|question| question.kind == kind).count();
    let topics: BTreeSet<&str> = questions.iter().map(|question| question.topic.as_str()).collect();
    format!(
        "{} 道题（判断题 {}，单选题 {}，多选题 {}），{} 个主题",
        questions.len(),
        of(Kind::TrueFalse),
        of(Kind::Single),
        of(Kind::Multiple),
        topics.len()
    )
}
