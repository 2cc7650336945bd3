//! `kejing bank convert`: questions from files of any format that can be read, into one file of another.

use crate::commands::outcome::Failure;
use crate::commands::outcome::Outcome;
use crate::commands::outcome::say;
use anyhow::Context;
use anyhow::anyhow;
use clap::Args;
use kejing::domain::faults::Part;
use kejing::domain::ids::QuestionId;
use kejing::domain::question::Question;
use kejing::formats::FILE_BYTES_MAX;
use kejing::formats::export;
use kejing::formats::import;
use kejing::formats::import::Defaults;
use kejing::formats::import::Gravity;
use kejing::formats::import::Item;
use kejing::formats::import::Remark;
use kejing::formats::import::Source;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct ConvertArgs {
    /// 题目文件：.xlsx、.xls、.docx、.csv、.txt、.toml、.json、GIFT、Aiken、Moodle XML、QTI
    #[arg(required = true, value_name = "文件")]
    files: Vec<PathBuf>,
    /// 写成哪种格式：xlsx、csv、toml、json、gift、moodle_xml、qti
    #[arg(long, value_name = "格式", value_parser = format)]
    to: export::Format,
    /// 写到哪个文件；已有的文件不会覆盖
    #[arg(long, value_name = "文件")]
    out: PathBuf,
    /// 文件里没有写明主题的题，都用这个主题
    #[arg(long, value_name = "主题")]
    topic: Option<String>,
    /// 文件里没有写明难度的题，都用这个难度：1 易，2 中，3 难
    #[arg(long, value_name = "难度", value_parser = clap::value_parser!(u8).range(1..=3))]
    difficulty: Option<u8>,
    /// 文件里没有写明来源的题，都用这个来源
    #[arg(long, value_name = "来源")]
    source: Option<String>,
}

fn format(code: &str) -> Result<export::Format, String> {
    let codes: Vec<&str> = export::Format::ALL.into_iter().map(export::Format::code).collect();
    export::Format::of_code(code).ok_or_else(|| format!("应是 {} 之一", codes.join("、")))
}

pub(crate) fn run(args: &ConvertArgs) -> Result<Outcome, Failure> {
    let mut questions: Vec<Question> = Vec::new();
    let mut left = 0;
    let (topic, source) = (args.topic.clone(), args.source.clone());
    let defaults = Defaults { topic, source, difficulty: args.difficulty, ..Defaults::default() };
    for path in &args.files {
        let bytes = bounded(path).map_err(Failure::Misused)?;
        let name = path.display().to_string();
        let source = Source { file: &name, bytes: &bytes, defaults: defaults.clone(), ..Source::default() };
        // Nobody stops it, so that there is always a preview.
        let Ok(preview) = import::read(&source, &mut |_, _| true) else { continue };
        let refused = |remark: &&Remark| remark.gravity == Gravity::Refused;
        for remark in preview.import.remarks.iter().filter(refused) {
            eprintln!("{}", told(&name, remark));
            left += 1;
        }
        for item in preview.import.items {
            match ready(item, questions.len()) {
                Ok(question) => questions.push(question),
                Err(remarks) => {
                    remarks.iter().for_each(|remark| eprintln!("{}", told(&name, remark)));
                    left += 1;
                }
            }
        }
    }
    let bytes = export::write(args.to, &questions).map_err(|error| anyhow!(error))?;
    let mut file = fs::File::create_new(&args.out)
        .with_context(|| format!("写不了 {}（已有的文件不会覆盖）", args.out.display()))
        .map_err(Failure::Misused)?;
    std::io::Write::write_all(&mut file, &bytes).with_context(|| format!("写不完 {}", args.out.display()))?;
    say(format_args!("{}：{} 道题", args.out.display(), questions.len()));
    if left == 0 {
        return Ok(Outcome::Fine);
    }
    eprintln!("有 {left} 处没有写进去，原因在上面；改好以后再转换");
    Ok(Outcome::Wrong)
}

/// A question that needs no second look. What a bank wants beyond that (解析, 来源, 主题) may still be missing.
fn ready(item: Item, place: usize) -> Result<Question, Vec<Remark>> {
    let Item { at, draft, remarks, .. } = item;
    let missing =
        |part, code, message: &str| Remark { gravity: Gravity::Refused, at, part, code, message: message.to_owned() };
    if remarks.iter().any(|remark| remark.gravity > Gravity::Note) {
        return Err(remarks.into_iter().filter(|remark| remark.gravity > Gravity::Note).collect());
    }
    let Some(kind) = draft.kind else { return Err(vec![missing(Part::Kind, "missing_kind", "没有题型")]) };
    let Some(difficulty) = draft.difficulty else {
        return Err(vec![missing(Part::Difficulty, "missing_difficulty", "没有难度：用 --difficulty 写明")]);
    };
    Ok(Question {
        id: QuestionId(format!("q{}", place + 1)),
        kind,
        topic: draft.topic,
        difficulty,
        stem: draft.stem,
        options: draft.options,
        key: draft.key,
        fixed_order: draft.fixed_order,
        explanation: draft.explanation,
        source: draft.source,
        contributor: draft.contributor,
        link: draft.link,
        media: draft.media,
    })
}

fn told(file: &str, remark: &Remark) -> String {
    format!("{file}:{}:{} {}", remark.at.row, remark.at.column, remark.message)
}

fn bounded(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path).with_context(|| format!("读不到 {}", path.display()))?;
    file.take(FILE_BYTES_MAX as u64 + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("读不到 {}", path.display()))?;
    Ok(bytes)
}
