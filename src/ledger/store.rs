//! What a database must do to be the ledger. One trait, two dialects, one suite that both must pass.

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
use futures_util::future::BoxFuture;

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

/// A raw answer row: `given` is [`crate::domain::attempt::Given::code`] or [`crate::ledger::entry::OPENED_CODE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawAnswer {
    pub n: EntryNumber,
    pub attempt: AttemptId,
    pub seq: u32,
    pub given: i16,
    pub elapsed_ms: u32,
    pub at: Timestamp,
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
    fn answers(&self, after: EntryNumber) -> BoxFuture<'_, Result<Vec<RawAnswer>, LedgerError>>;

    fn attempt(&self, id: AttemptId) -> BoxFuture<'_, Result<Option<Recorded>, LedgerError>>;
    /// The attempt that a receipt belongs to.
    fn attempt_of_receipt<'a>(&'a self, receipt: &'a str) -> BoxFuture<'a, Result<Option<Recorded>, LedgerError>>;
    /// A participant's attempts below `before`, newest first, at most `limit`.
    fn attempts_of(
        &self,
        participant: ParticipantId,
        before: AttemptId,
        limit: i64,
    ) -> BoxFuture<'_, Result<Vec<Recorded>, LedgerError>>;

    /// Writes back what the log holds and closes; the last act of a stop.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// A seed as a database row has it.
pub(crate) fn seed_of(n: EntryNumber, bytes: &[u8]) -> Result<Seed, LedgerError> {
    let bytes: [u8; 32] =
        bytes.try_into().map_err(|_| LedgerError::Unreadable { n, what: "种子不是 32 字节".into() })?;
    Ok(Seed(bytes))
}
