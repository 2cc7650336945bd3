//! What a database must do to be the ledger. One trait, two dialects, one suite that both must pass.

use crate::domain::attempt::Ending;
use crate::domain::fairness::Seed;
use crate::domain::ids::AttemptId;
use crate::domain::ids::ParticipantId;
use crate::domain::time::Timestamp;
use crate::ledger::entry::Ended;
use crate::ledger::entry::Entry;
use crate::ledger::entry::EntryNumber;
use crate::ledger::entry::Note;
use crate::ledger::entry::Registered;
use crate::ledger::entry::Started;
use crate::ledger::rows::Rows;
use futures_util::future::BoxFuture;

pub use crate::ledger::rows::RawAnswer;

/// At most so many rows are read at once, so that a long reader never holds the log back.
pub const PAGE_ROWS: i64 = 20_000;

#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    #[error("账本数据库出错：{0}")]
    Database(#[from] sqlx::Error),
    #[error("账本数据库出错：{0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("账本的表结构无法更新：{0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    #[error("账本里第 {n} 条记录读不懂：{what}")]
    Unreadable { n: EntryNumber, what: String },
    #[error("这个账本属于赛季「{found}」，不是「{wanted}」。请换一个数据文件夹，或用对应的赛季文件启动")]
    OtherSeason { found: String, wanted: String },
    #[error("账本已被另一个进程接管（写入轮次 {found}，本进程是 {mine}）")]
    Fenced { found: i64, mine: i64 },
    #[error("数据文件夹 {0} 正被另一个科竞进程使用，同一个文件夹只能运行一个")]
    Locked(String),
    #[error("打不开数据文件夹 {folder}：{cause}")]
    Folder { folder: String, cause: std::io::Error },
    #[error(
        "{database}正被另一个科竞进程使用（{holder}），同一个账本只能运行一个。确认那个进程已经不在的，可以在数据库里用 pg_terminate_backend 结束它的连接"
    )]
    InUse { database: String, holder: String },
    #[error("{0}")]
    Unsuitable(String),
    /// A standby, or set so; a server that has just changed roles may be it for a moment.
    #[error("{0}")]
    ReadOnly(String),
    #[error("等了 {seconds} 秒还连不上{database}：{cause}。请检查地址，以及数据库是否在运行")]
    Unreachable { database: String, seconds: u64, cause: String },
    #[error("账本连续 {seconds} 秒写不进数据库（{cause}）。数据库恢复后请重新启动；停下的时间会还给每一位选手")]
    Stalled { seconds: u64, cause: String },
    /// What the log holds may not be on the disk, and somebody's reading keeps it from being written back.
    #[error(
        "账本的日志在 {seconds} 秒里没能写回 ledger.db：另一个程序正读着它，多半是还没做完的 kejing backup。等它做完，或者结束它，再启动"
    )]
    BeingRead { seconds: u64 },
    #[error("这个账本没有拷贝完，不能使用；请把它删掉，重新执行 kejing ledger copy")]
    HalfCopied,
    #[error("要拷贝到的账本不是空的；请换一个空的数据库或文件夹")]
    NotEmpty,
    #[error("账本已停止写入")]
    Stopped,
}

/// Where a lane stands when it is taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneState {
    pub epoch: i64,
    pub last_n: EntryNumber,
    /// The last moment at which a writer is known to have lived; `None` in a new ledger.
    pub alive_at: Option<Timestamp>,
}

/// Where the lane of a ledger stands that is being copied into.
pub(crate) const COPYING: EntryNumber = -1;

impl LaneState {
    /// # Errors
    /// The ledger was copied into and not to the end.
    pub(crate) fn whole(self) -> Result<LaneState, LedgerError> {
        if self.last_n == COPYING { Err(LedgerError::HalfCopied) } else { Ok(self) }
    }
}

/// A note as it stands in the ledger.
#[derive(Clone, Debug, PartialEq)]
pub struct Noted {
    pub n: EntryNumber,
    pub at: Timestamp,
    pub note: Note,
}

/// An attempt as the ledger has it: its start and, once it is over, its end with that entry's number.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    pub n: EntryNumber,
    pub started: Started,
    pub ended: Option<(EntryNumber, Ended)>,
}

/// What an attempt came to, without the answers that it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub score: u32,
    pub correct: u32,
    pub elapsed_ms: u64,
    pub at: Timestamp,
    pub ending: Ending,
}

impl From<&Ended> for Outcome {
    fn from(ended: &Ended) -> Outcome {
        let Ended { score, correct, elapsed_ms, at, ending, .. } = *ended;
        Outcome { score, correct, elapsed_ms, at, ending }
    }
}

/// Of an attempt what limits and boards need: a start reads every attempt there was.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    pub n: EntryNumber,
    pub started: Started,
    pub outcome: Option<(EntryNumber, Outcome)>,
}

/// One batch, committed whole or not at all. Entry i of `entries` has the number `first + i`.
pub struct Batch<'a> {
    pub epoch: i64,
    pub first: EntryNumber,
    pub entries: &'a [Entry],
    pub alive_at: Timestamp,
}

/// Every page of a read is ordered by its key and holds at most [`PAGE_ROWS`] rows; fewer mean that there are no more.
pub trait Store: Send + Sync {
    /// Takes the lane over: from here on commits under an older epoch fail.
    fn take_lane(&self) -> BoxFuture<'_, Result<LaneState, LedgerError>>;
    /// Returns once the batch is durable.
    fn commit<'a>(&'a self, batch: Batch<'a>) -> BoxFuture<'a, Result<(), LedgerError>>;
    fn mark_alive(&self, epoch: i64, at: Timestamp) -> BoxFuture<'_, Result<(), LedgerError>>;

    /// Reads the lane's state and takes nothing over.
    fn lane(&self) -> BoxFuture<'_, Result<LaneState, LedgerError>>;
    fn notes(&self, after: EntryNumber) -> BoxFuture<'_, Result<Vec<Noted>, LedgerError>>;
    fn participants(&self, after: ParticipantId) -> BoxFuture<'_, Result<Vec<(EntryNumber, Registered)>, LedgerError>>;
    fn attempts(&self, after: AttemptId) -> BoxFuture<'_, Result<Vec<Recorded>, LedgerError>>;
    /// The attempts again, without their answers.
    fn outcomes(&self, after: AttemptId) -> BoxFuture<'_, Result<Vec<Told>, LedgerError>>;
    fn answers(&self, after: EntryNumber) -> BoxFuture<'_, Result<Vec<RawAnswer>, LedgerError>>;

    fn attempt(&self, id: AttemptId) -> BoxFuture<'_, Result<Option<Recorded>, LedgerError>>;
    /// The attempt that a receipt of the first form belongs to; one of the second form names it itself.
    fn attempt_of_receipt<'a>(&'a self, receipt: &'a str) -> BoxFuture<'a, Result<Option<Recorded>, LedgerError>>;
    /// An attempt and those of its participant before it, newest first, at most `limit`; empty where there is no such attempt.
    fn attempts_back_from(&self, newest: AttemptId, limit: i64) -> BoxFuture<'_, Result<Vec<Recorded>, LedgerError>>;

    /// An empty ledger becomes one that is being copied into: nobody takes its lane until [`Store::end_copy`].
    fn begin_copy(&self) -> BoxFuture<'_, Result<(), LedgerError>>;
    /// Takes rows as another ledger has them, whole or not at all.
    fn copy_rows<'a>(&'a self, rows: &'a Rows<'a>) -> BoxFuture<'a, Result<(), LedgerError>>;
    /// The lane stands where the other one stood, under an epoch of its own.
    fn end_copy(&self, lane: LaneState) -> BoxFuture<'_, Result<(), LedgerError>>;

    /// Writes back what the log holds and closes; the last act of a stop.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// A seed as a database row has it.
pub(crate) fn seed_of(n: EntryNumber, bytes: &[u8]) -> Result<Seed, LedgerError> {
    let bytes: [u8; 32] =
        bytes.try_into().map_err(|_| LedgerError::Unreadable { n, what: "种子不是 32 字节".into() })?;
    Ok(Seed(bytes))
}
