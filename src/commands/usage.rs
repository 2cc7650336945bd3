//! Help and mistakes of usage in Chinese: clap's own words are English.

use crate::commands::cli::Cli;
use crate::commands::outcome::MISUSED;
use clap::Arg;
use clap::ArgAction;
use clap::Command;
use clap::CommandFactory;
use clap::error::ContextKind;
use clap::error::ErrorKind;
use std::process::ExitCode;

const TEMPLATE: &str = "{about-with-newline}\n用法：{usage}\n\n{all-args}{after-help}";

pub(crate) fn command() -> Command {
    in_chinese(Cli::command()).arg(
        Arg::new("version").short('V').long("version").action(ArgAction::Version).help("显示版本").help_heading("参数"),
    )
}

fn in_chinese(command: Command) -> Command {
    let help = Arg::new("help").short('h').long("help").action(ArgAction::Help).help("显示说明");
    command
        .help_template(TEMPLATE)
        .subcommand_help_heading("命令")
        .subcommand_value_name("命令")
        .disable_help_flag(true)
        .disable_version_flag(true)
        .disable_help_subcommand(true)
        .arg(help)
        .mut_args(|arg| {
            let heading = if arg.is_positional() { "内容" } else { "参数" };
            arg.help_heading(heading)
        })
        .mut_subcommands(in_chinese)
}

/// Prints help, or what is wrong with the flags.
pub(crate) fn told(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // A closed pipe is the reader's wish.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = error.print();
        return ExitCode::from(MISUSED);
    }
    match sentence(error) {
        Some(sentence) => eprintln!("kejing：{sentence}\n\n用 --help 看说明。"),
        None => eprintln!("kejing：{error}"),
    }
    ExitCode::from(MISUSED)
}

fn sentence(error: &clap::Error) -> Option<String> {
    let context = |kind| error.get(kind).map(ToString::to_string);
    let argument = || context(ContextKind::InvalidArg);
    let meant = |kind| context(kind).map_or(String::new(), |known| format!("，是不是想写「{known}」？"));
    Some(match error.kind() {
        ErrorKind::UnknownArgument => format!("不认识参数「{}」{}", argument()?, meant(ContextKind::SuggestedArg)),
        ErrorKind::InvalidSubcommand => {
            let name = context(ContextKind::InvalidSubcommand)?;
            format!("没有命令「{name}」{}", meant(ContextKind::SuggestedSubcommand))
        }
        ErrorKind::MissingRequiredArgument => format!("缺少 {}", argument()?),
        ErrorKind::MissingSubcommand => "缺少命令".to_owned(),
        ErrorKind::ArgumentConflict => {
            let other = context(ContextKind::PriorArg).unwrap_or_default();
            format!("{} 和 {other} 不能同时写", argument()?)
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let value = context(ContextKind::InvalidValue).unwrap_or_default();
            match value.as_str() {
                "" => format!("参数 {} 后面要写内容", argument()?),
                value => format!("参数 {} 的内容「{value}」不对", argument()?),
            }
        }
        _ => return None,
    })
}
