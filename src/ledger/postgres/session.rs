//! The one connection that writes: how it is made and checked, and the lock that it holds for as long as it lives.

use super::Patience;
use super::PostgresUrl;
use super::write;
use crate::ledger::store::LedgerError;
use sqlx::ConnectOptions;
use sqlx::PgConnection;
use sqlx::Row;
use sqlx::postgres::PgConnectOptions;
use std::io::ErrorKind;
use std::time::Duration;
use tokio_rustls::rustls;

/// Whoever writes a ledger holds this lock of its database, as `ledger.lock` is held in a data folder.
const LOCK: i64 = i64::from_be_bytes(*b"kejing/1");
/// Older ones are no longer kept by their makers, and lack what the tables ask for.
const VERSION_MIN: u32 = 130_000;
const PAUSE_FIRST: Duration = Duration::from_millis(25);
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// A connection that holds the lock.
pub(super) struct Session {
    pub(super) connection: PgConnection,
    pub(super) backend: Backend,
}

/// The server's process behind a connection. It may outlive the connection and hold its lock, or still be committing.
#[derive(Clone)]
pub(super) struct Backend {
    pid: i32,
    /// Numbers of processes are given again.
    since: String,
}

/// Longer and longer pauses between attempts.
pub(super) struct Pauses(Duration);

impl Pauses {
    pub(super) fn new() -> Pauses {
        Pauses(PAUSE_FIRST)
    }

    pub(super) async fn next(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 2).min(PAUSE_MAX);
    }
}

/// How to get in.
pub(super) struct Entrance {
    pub(super) url: PostgresUrl,
    pub(super) patience: Patience,
}

impl Entrance {
    fn options(&self) -> PgConnectOptions {
        let options = self.url.options().application_name("kejing");
        // The plan of the one long statement doesn't depend on its values; the server finds out within half a minute that our
        // machine has vanished, and lets go of the lock.
        let settings = [
            ("plan_cache_mode", "force_generic_plan"),
            ("jit", "off"),
            ("tcp_keepalives_idle", "10"),
            ("tcp_keepalives_interval", "5"),
            ("tcp_keepalives_count", "4"),
        ];
        options.options(settings).disable_statement_logging()
    }

    /// For reads: they may change nothing.
    pub(super) fn reading(&self) -> PgConnectOptions {
        let options = self.url.options().application_name("kejing read");
        options.options([("default_transaction_read_only", "on"), ("jit", "off")]).disable_statement_logging()
    }

    /// Connects and takes the lock. `before`, the process behind an earlier connection of ours, is ended first: what it was
    /// about to do is then done or undone.
    pub(super) async fn enter(
        &self,
        before: Option<&Backend>,
        epoch: Option<i64>,
        wait: Duration,
    ) -> Result<Session, LedgerError> {
        let mut connection = self.options().connect().await.map_err(|error| self.refused(error))?;
        self.suits(&mut connection).await?;
        if let Some(before) = before {
            sqlx::query(
                "select pg_terminate_backend(pid) from pg_stat_activity where pid = $1 and backend_start::text = $2",
            )
            .bind(before.pid)
            .bind(&before.since)
            .execute(&mut connection)
            .await?;
        }
        let backend =
            sqlx::query("select pid, backend_start::text as since from pg_stat_activity where pid = pg_backend_pid()")
                .fetch_one(&mut connection)
                .await?;
        let backend = Backend { pid: backend.try_get("pid")?, since: backend.try_get("since")? };
        let locking = tokio::time::timeout(wait, lock(&mut connection)).await;
        match locking {
            Ok(locked) => locked?,
            // A statement given up in mid-way: the connection is not used again.
            Err(_) => return Err(self.in_use(epoch).await?),
        }
        Ok(Session { connection, backend })
    }

    /// Whether the database can be the ledger.
    async fn suits(&self, connection: &mut PgConnection) -> Result<(), LedgerError> {
        let version = connection.server_version_num().unwrap_or_default();
        let unsuitable = |why: String| Err(LedgerError::Unsuitable(format!("{}：{why}", self.url)));
        if version < VERSION_MIN {
            return unsuitable(format!("服务器的版本是 {}，需要 PostgreSQL 13 或更新的版本", version / 10_000));
        }
        let row = sqlx::query(
            "select pg_is_in_recovery() as standby, current_setting('transaction_read_only') as read_only,
                    current_setting('server_encoding') as encoding, current_setting('synchronous_commit') as commits,
                    current_setting('fsync') as fsync",
        )
        .fetch_one(&mut *connection)
        .await?;
        if row.try_get("standby")? {
            return Err(LedgerError::ReadOnly(format!("{}：这是只读的备库，请连接主库", self.url)));
        }
        if row.try_get::<&str, _>("read_only")? == "on" {
            return Err(LedgerError::ReadOnly(format!(
                "{}：数据库设成了只读（default_transaction_read_only），请取消",
                self.url
            )));
        }
        if row.try_get::<&str, _>("encoding")? != "UTF8" {
            return unsuitable("数据库的编码不是 UTF8，请用 create database … encoding 'UTF8' 重新建一个".to_owned());
        }
        if row.try_get::<&str, _>("commits")? == "off" {
            // Whatever the server's own setting: nothing is told before it is durable.
            sqlx::query("set synchronous_commit = on").execute(&mut *connection).await?;
        }
        if row.try_get::<&str, _>("fsync")? == "off" {
            tracing::warn!("PostgreSQL 的 fsync 是关着的：停电会丢失已经确认的作答，正式比赛请打开");
        }
        Ok(())
    }

    /// Why the lock cannot be had: somebody took the lane over, or runs beside us.
    async fn in_use(&self, mine: Option<i64>) -> Result<LedgerError, LedgerError> {
        let mut connection = self.options().connect().await?;
        if let Some(mine) = mine {
            let found = write::lane(&mut connection).await?.epoch;
            if found != mine {
                return Ok(LedgerError::Fenced { found, mine });
            }
        }
        let holder = sqlx::query(
            "select a.pid, coalesce(host(a.client_addr), '本机') as place from pg_locks l join pg_stat_activity a on a.pid = l.pid
             where l.locktype = 'advisory' and l.granted and l.objsubid = 1 and l.database = (
                 select oid from pg_database where datname = current_database()
             ) and l.classid::bigint << 32 | l.objid::bigint = $1",
        )
        .bind(LOCK)
        .fetch_optional(&mut connection)
        .await?;
        let holder = match holder {
            Some(row) => {
                format!("来自{}，数据库进程 {}", row.try_get::<&str, _>("place")?, row.try_get::<i32, _>("pid")?)
            }
            None => "刚刚离开，请再试一次".to_owned(),
        };
        Ok(LedgerError::InUse { database: self.url.to_string(), holder })
    }

    /// What to do about a connection that the server refused.
    fn refused(&self, error: sqlx::Error) -> LedgerError {
        let url = &self.url;
        let code = error.as_database_error().and_then(|error| error.code()).unwrap_or_default().into_owned();
        match (code.as_str(), &error) {
            ("28P01" | "28000", _) => LedgerError::Unsuitable(format!(
                "{url}：服务器不接受这个用户或密码。请检查地址里的用户名和密码，以及服务器的 pg_hba.conf（{error}）"
            )),
            ("3D000", _) => LedgerError::Unsuitable(format!(
                "{url}：没有这个数据库，请先建好，例如 createdb --encoding=UTF8 --owner=用户 数据库"
            )),
            ("42501", _) => LedgerError::Unsuitable(format!("{url}：这个用户不能连接这个数据库（{error}）")),
            (_, sqlx::Error::Tls(cause)) => self.not_encrypted(cause),
            _ => LedgerError::Database(error),
        }
    }

    fn not_encrypted(&self, cause: &dyn std::fmt::Display) -> LedgerError {
        let url = &self.url;
        LedgerError::Unsuitable(format!(
            "{url}：不能建立加密连接，请检查地址里的主机名、sslmode 和 sslrootcert（{cause}）"
        ))
    }

    /// For a start, which does not wait for what is set up wrongly. A server that runs does: a certificate may be wrong for a moment
    /// while it is exchanged.
    pub(super) fn at_start(&self, error: LedgerError) -> LedgerError {
        let LedgerError::Database(sqlx::Error::Io(cause)) = &error else { return error };
        if let Some(wrong @ rustls::Error::InvalidCertificate(_)) =
            cause.get_ref().and_then(|inner| inner.downcast_ref())
        {
            return self.not_encrypted(wrong);
        }
        // Over TCP that is none of a connection's own failures: the address names files.
        let options = self.url.options();
        let over_tcp = options.get_socket().is_none() && !options.get_host().starts_with('/');
        if over_tcp && matches!(cause.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) {
            let url = &self.url;
            return LedgerError::Unsuitable(format!(
                "{url}：地址里 sslrootcert 写的文件读不到，请检查它在不在、这个用户能不能读（{cause}）"
            ));
        }
        error
    }

    /// A connection that takes nothing over.
    pub(super) async fn look(&self) -> Result<PgConnection, LedgerError> {
        self.reading().connect().await.map_err(|error| self.refused(error))
    }
}

async fn lock(connection: &mut PgConnection) -> Result<(), LedgerError> {
    let mut pauses = Pauses::new();
    loop {
        let locked: bool =
            sqlx::query_scalar("select pg_try_advisory_lock($1)").bind(LOCK).fetch_one(&mut *connection).await?;
        if locked {
            return Ok(());
        }
        pauses.next().await;
    }
}

/// Whether the same may go well in a moment: the connection failed, or the server is going, coming or short of something.
pub(super) fn passes(error: &LedgerError) -> bool {
    let LedgerError::Database(error) = error else { return matches!(error, LedgerError::ReadOnly(_)) };
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            // Connections (08), resources such as a full disk (53), an operator's stop or a crash (57), a rollback for others' sake
            // (40), a server that has become a standby (25006).
            ["08", "53", "57", "40"].iter().any(|class| code.starts_with(class)) || code == "25006"
        }
        _ => false,
    }
}
