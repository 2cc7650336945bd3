//! PostgreSQL for tests: a cluster in a temporary folder, on a Unix socket only, gone when the test's process is.

use std::fs;
use std::io::PipeWriter;
use std::io::Write;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::sync::OnceLock;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::AsyncBufReadExt;
use tokio::io::BufReader;
use tokio::io::Lines;
use tokio::process::Child;
use tokio::process::ChildStdout;

const USER: &str = "kejing";
/// By it a Unix socket is named; nobody else is in its folder.
const PORT: u16 = 5432;
/// A failing test's patience, not a pace.
const PATIENCE: Duration = Duration::from_secs(60);

/// A cluster of our own. A guard outside the test's process group waits for this process to let go of a pipe, however it
/// ends, then stops the cluster and removes its folder.
pub(crate) struct Cluster {
    folder: PathBuf,
    commands: PathBuf,
    port: u16,
    _alive: PipeWriter,
}

impl Cluster {
    /// The one that all tests of this process share. What it holds need not outlive a power cut.
    pub(crate) fn shared() -> &'static Cluster {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| Cluster::start(&["fsync=off", "full_page_writes=off"]))
    }

    /// One that this test may stop and kill.
    pub(crate) fn start(settings: &[&str]) -> Cluster {
        Cluster::apart(settings, Apart::Nothing)
    }

    /// One that keeps a part of what it has on another disk.
    pub(crate) fn apart(settings: &[&str], apart: Apart<'_>) -> Cluster {
        Cluster::made(settings, apart, PORT)
    }

    /// One that is reached over TCP too, by whoever has a password, and over TLS alone: once it [shows](Cluster::shows) a
    /// certificate. And where.
    pub(crate) fn over_tcp() -> (Cluster, SocketAddr) {
        // An address of this process's own: on the usual one any free port may by then be another test's connection.
        let [.., high, low] = std::process::id().to_be_bytes();
        let free = TcpListener::bind((Ipv4Addr::new(127, 77, high, low), 0)).unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let listens = format!("listen_addresses='{}'", address.ip());
        let port = format!("port={}", address.port());
        let settings = [&listens, &port, "password_encryption='scram-sha-256'"];
        let cluster = Cluster::made(&settings, Apart::Nothing, address.port());
        let rules = format!("local all {USER} trust\nhostssl all all all scram-sha-256\n");
        fs::write(cluster.folder.join("data/pg_hba.conf"), rules).unwrap();
        (cluster, address)
    }

    /// Begins anew and shows this certificate from then on.
    pub(crate) fn shows(&self, certificate: &str, key: &str) {
        self.sql("postgres", "alter system set ssl = on");
        self.end("fast");
        for (name, text) in [("server.crt", certificate), ("server.key", key)] {
            let file = self.folder.join("data").join(name);
            let _ = fs::remove_file(&file);
            let mut written = fs::File::options().create_new(true).write(true).mode(0o600).open(&file).unwrap();
            written.write_all(text.as_bytes()).unwrap();
            if let Some((uid, gid)) = someone_else() {
                chown(&file, Some(uid), Some(gid)).unwrap();
            }
        }
        self.begin();
    }

    #[allow(clippy::zombie_processes, reason = "the guard outlives whoever could wait for it")]
    fn made(settings: &[&str], apart: Apart<'_>, port: u16) -> Cluster {
        let commands = commands();
        let folder = tempfile::Builder::new().prefix("kejing-pg-").tempdir().unwrap().keep();
        let (guarded, alive) = std::io::pipe().unwrap();
        if let Some((uid, gid)) = someone_else() {
            chown(&folder, Some(uid), Some(gid)).unwrap();
        }
        let cluster = Cluster { folder, commands, port, _alive: alive };
        let guard = "cat >/dev/null; \"$1/pg_ctl\" -D \"$2/data\" -m immediate stop >/dev/null 2>&1; rm -rf \"$2\"";
        let mut guard_command = as_nobody_special(Path::new("/bin/sh"));
        guard_command.args(["-c", guard, "guard"]).arg(&cluster.commands).arg(&cluster.folder);
        guard_command.stdin(guarded).stdout(Stdio::null()).stderr(Stdio::null()).current_dir("/").process_group(0);
        guard_command.spawn().unwrap();
        let data = cluster.data();
        let initdb = ["--no-sync", "--no-locale", "--encoding=UTF8", "--auth=trust", "--username", USER, "-D", &data];
        let log = cluster.lay(apart);
        cluster.run("initdb", &[&initdb[..], &log.iter().map(String::as_str).collect::<Vec<_>>()].concat());
        let mut all = vec![
            "listen_addresses=''".to_owned(),
            format!("unix_socket_directories='{}'", cluster.folder.display()),
            "max_connections=300".to_owned(),
            "shared_buffers=32MB".to_owned(),
        ];
        all.extend(settings.iter().map(|&setting| setting.to_owned()));
        let written = format!("{}\n", all.join("\n"));
        let file = cluster.folder.join("data/postgresql.conf");
        fs::write(&file, fs::read_to_string(&file).unwrap() + &written).unwrap();
        cluster.begin();
        cluster
    }

    /// Prepares what is to lie apart; returns what `initdb` has to be told of it.
    fn lay(&self, apart: Apart<'_>) -> Vec<String> {
        match apart {
            Apart::Nothing => vec![],
            Apart::Tables(disk) => {
                let data = disk.join("data");
                fs::create_dir(&data).unwrap();
                if let Some((uid, gid)) = someone_else() {
                    chown(&data, Some(uid), Some(gid)).unwrap();
                }
                std::os::unix::fs::symlink(data, self.data()).unwrap();
                vec![format!("--waldir={}", self.folder.join("wal").display())]
            }
            // The smallest segments there are: a new one is soon asked for.
            Apart::Log(disk) => vec![format!("--waldir={}", disk.join("wal").display()), "--wal-segsize=1".to_owned()],
        }
    }

    fn data(&self) -> String {
        self.folder.join("data").display().to_string()
    }

    pub(crate) fn begin(&self) {
        let log = self.folder.join("log").display().to_string();
        self.run("pg_ctl", &["-D", &self.data(), "-l", &log, "--wait", "start"]);
    }

    /// `fast`: sessions are ended and what is committed is written back. `immediate`: as `kill -9`.
    pub(crate) fn end(&self, how: &str) {
        self.run("pg_ctl", &["-D", &self.data(), "-m", how, "--wait", "stop"]);
    }

    /// Whether it runs.
    pub(crate) fn lives(&self) -> bool {
        self.tries("pg_ctl", &["-D", &self.data(), "status"]).is_ok()
    }

    /// What it writes into its log from here on.
    pub(crate) fn says(&self) -> Says {
        let log = self.folder.join("log");
        let from = format!("+{}", fs::metadata(&log).unwrap().len() + 1);
        let mut tail = tokio::process::Command::new("tail");
        tail.args(["-f", "-c", &from]).arg(log).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut tail = tail.spawn().unwrap();
        Says { lines: BufReader::new(tail.stdout.take().unwrap()).lines(), _tail: tail }
    }

    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres:///{database}?host={}&port={}&user={USER}", self.folder.display(), self.port)
    }

    /// Where it listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join(format!(".s.PGSQL.{}", self.port))
    }

    pub(crate) fn sql(&self, database: &str, sql: &str) -> String {
        self.tried(database, sql).unwrap_or_else(|why| panic!("{sql}: {why}"))
    }

    /// # Errors
    /// What was said where it did not go well.
    pub(crate) fn tried(&self, database: &str, sql: &str) -> Result<String, String> {
        let host = self.folder.display().to_string();
        let port = self.port.to_string();
        let there = ["-h", &host, "-p", &port, "-U", USER, "-d", database];
        let psql = [&there[..], &["-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-c", sql]].concat();
        self.tries("psql", &psql)
    }

    /// A database of its own for one test.
    pub(crate) fn database(&'static self) -> Database {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("create database {name}"));
        Database { cluster: self, name }
    }

    fn run(&self, command: &str, arguments: &[&str]) -> String {
        self.tries(command, arguments).unwrap_or_else(|why| panic!("{command} {arguments:?}: {why}"))
    }

    fn tries(&self, command: &str, arguments: &[&str]) -> Result<String, String> {
        let mut process = as_nobody_special(&self.commands.join(command));
        let out = process.args(arguments).current_dir("/").stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&out.stdout);
        if out.status.success() {
            Ok(said.trim().to_owned())
        } else {
            Err(format!("{said}{}", String::from_utf8_lossy(&out.stderr)))
        }
    }
}

/// What of a cluster lies on another disk.
#[derive(Clone, Copy)]
pub(crate) enum Apart<'d> {
    Nothing,
    /// All but the write-ahead log.
    Tables(&'d Path),
    /// The write-ahead log.
    Log(&'d Path),
}

/// A cluster's log, as it is written.
pub(crate) struct Says {
    lines: Lines<BufReader<ChildStdout>>,
    _tail: Child,
}

impl Says {
    /// Returns once so many more lines hold this.
    pub(crate) async fn until(&mut self, part: &str, times: usize) {
        let heard = async {
            let mut left = times;
            while left > 0 {
                let line = self.lines.next_line().await.unwrap().expect("nobody reads the log");
                left -= usize::from(line.contains(part));
            }
        };
        tokio::time::timeout(PATIENCE, heard).await.unwrap_or_else(|_| panic!("the database does not say {part:?}"));
    }
}

/// A test's own database of the shared cluster; dropped with this.
pub(crate) struct Database {
    cluster: &'static Cluster,
    name: String,
}

impl Database {
    pub(crate) fn url(&self) -> String {
        self.cluster.url(&self.name)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn sql(&self, sql: &str) -> String {
        self.cluster.sql(&self.name, sql)
    }

    /// A snapshot of it, whoever writes to it meanwhile; the file goes with the cluster.
    pub(crate) fn dump(&self) -> PathBuf {
        let file = self.cluster.folder.join(format!("{}.dump", self.name));
        self.cluster.run("pg_dump", &["--format=custom", "--file", file.to_str().unwrap(), &self.url()]);
        file
    }

    pub(crate) fn restore(&self, dump: &Path) {
        let arguments = ["--no-owner", "--exit-on-error", "--dbname", &self.url(), dump.to_str().unwrap()];
        self.cluster.run("pg_restore", &arguments);
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // Connections of a server that the test has let go of are cut.
        self.cluster.sql("postgres", &format!("drop database {} with (force)", self.name));
    }
}

/// Where PostgreSQL's own commands are: Debian keeps them out of the path.
fn commands() -> PathBuf {
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|folder| folder.filter_map(Result::ok).map(|entry| entry.path().join("bin")).collect())
        .unwrap_or_default();
    versions.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = versions.into_iter().rev().chain(std::env::split_paths(&path));
    folders
        .into_iter()
        .find(|folder| folder.join("initdb").is_file())
        .expect("initdb is neither below /usr/lib/postgresql nor in PATH: `scripts/needs.sh test` installs PostgreSQL")
}

/// PostgreSQL refuses to run as root: then it runs as `postgres`, or as `nobody`.
fn someone_else() -> Option<(u32, u32)> {
    if !rustix::process::getuid().is_root() {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let of = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2).map(|field| field.parse().ok());
        Some((fields.next()??, fields.next()??))
    };
    Some(of("postgres").or_else(|| of("nobody")).expect("there is neither a user postgres nor nobody"))
}

fn as_nobody_special(command: &Path) -> Command {
    match someone_else() {
        None => Command::new(command),
        Some((uid, gid)) => {
            let mut process = Command::new("setpriv");
            process.arg(format!("--reuid={uid}")).arg(format!("--regid={gid}")).arg("--clear-groups").arg(command);
            process
        }
    }
}
