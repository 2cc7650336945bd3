//! Where a command finds the ledger and the desk that `serve` is told of: by the same flags, variables and file.

use crate::commands::outcome::Failure;
use crate::commands::serve::open_files;
use crate::commands::serve::variables;
use anyhow::anyhow;
use clap::Args;
use kejing::config::Settings;
use kejing::config::Sources;
use kejing::ledger::place::LedgerPlace;
use std::path::PathBuf;

/// Where the season's ledger and desk are, as `serve` is told.
#[derive(Args)]
pub(crate) struct PlaceArgs {
    /// 数据文件夹 [默认与 serve 相同：设置文件、KEJING_DATA、./data]
    #[arg(long, value_name = "文件夹")]
    data: Option<String>,
    /// 账本的数据库，写法与 serve 相同 [默认 sqlite]
    #[arg(long, value_name = "地址")]
    database: Option<String>,
    /// 服务器所用的设置文件，从中得知数据文件夹和数据库 [环境变量 KEJING_CONFIG]
    #[arg(long, value_name = "文件")]
    config: Option<PathBuf>,
}

impl PlaceArgs {
    pub(crate) fn place(&self) -> Result<LedgerPlace, Failure> {
        let flags = [("data", &self.data), ("database", &self.database)];
        let sources = Sources {
            file: self.config.clone(),
            variables: variables(),
            flags: flags.into_iter().filter_map(|(name, text)| text.clone().map(|text| (name, text))).collect(),
            open_files: open_files(),
        };
        let settings = Settings::gather(&sources).map_err(|wrong| Failure::Misused(anyhow!(wrong)))?;
        Ok(settings.database.place(&settings.data))
    }
}
