//! The flags, as clap reads them; what stands over a field is what `--help` says.

use crate::commands::audit::Audit;
use crate::commands::backup::BackupArgs;
use crate::commands::backup::RestoreArgs;
use crate::commands::bank::Bank;
use crate::commands::ledger::Ledger;
use crate::commands::replay::ReplayArgs;
use crate::commands::season::SeasonCommand;
use crate::commands::serve::ServeArgs;
use crate::commands::staff::Staff;
use crate::commands::verify::VerifyArgs;
use clap::Parser;
use clap::Subcommand;

/// 科竞：网络知识竞赛系统。一个程序就是一个赛季：题库、答题、计分、排名、公平核对都在里面。
#[derive(Parser)]
#[command(name = "kejing", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// 运行一个赛季：打开网页、接收答题、计分和排名
    ///
    /// 设置有四个来源，后面的优先：默认值、--config 指定的文件、KEJING_ 开头的环境变量、参数。
    /// 环境变量的名字由参数得来：--metrics-listen 就是 KEJING_METRICS_LISTEN。文件是 TOML，键名如 metrics_listen。
    /// 按 Ctrl+C（或发 SIGTERM）停止：先请手机稍后重连，写完账本再退出；停机的时间不算在任何人的用时里。
    #[command(verbatim_doc_comment)]
    Serve(Box<ServeArgs>),
    /// 题库文件
    #[command(subcommand)]
    Bank(Bank),
    /// 赛季文件
    #[command(subcommand)]
    Season(SeasonCommand),
    /// 用账本里的原始作答重算一切，与服务器保存的结果核对
    ///
    /// 要先停止服务器；什么也不改。逐行打印：entries（记录数）、attempts（答卷数）、participants（选手数）、
    /// boards（全部排行榜的 SHA-256）。有任何不一致就逐条说明，退出码为 1。
    #[command(verbatim_doc_comment)]
    Replay(ReplayArgs),
    /// 备份账本和密钥文件；服务器可以照常运行
    ///
    /// 备份是一个新的文件夹，只有属主能读：账本在某一刻的完整副本、密钥文件、清单（manifest.json，有校验和）。
    /// 副本当场检查并重算一遍，与 replay 一样；没有通过就不留下。先写在临时名字下，完成后才有正式的名字，从不覆盖。
    #[command(verbatim_doc_comment)]
    Backup(BackupArgs),
    /// 把备份恢复到一个空的数据文件夹
    ///
    /// 先核对校验和，再重算一遍，与备份时的结果相同才放进去。用 root 运行时，文件归数据文件夹的属主。
    #[command(verbatim_doc_comment)]
    Restore(RestoreArgs),
    /// 账本
    #[command(subcommand)]
    Ledger(Ledger),
    /// 工作人员
    #[command(subcommand)]
    Staff(Staff),
    /// 工作台的操作记录
    #[command(subcommand)]
    Audit(Audit),
    /// 用公布的抽题密钥重新抽出一份试卷，核对它是不是事先定下的
    ///
    /// 公示文件由 GET /api/v1/rounds/场次/proof 得到；一期的密钥在这一期最后一份答卷结束后公布。
    #[command(verbatim_doc_comment)]
    Verify(VerifyArgs),
}
