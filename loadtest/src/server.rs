//! The server as a process of ours: started on a free port, killed and started again, stopped, and its ledger replayed.

use std::fs::{File, OpenOptions};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use hyper::Method;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::args::ServerArgs;
use crate::clock::{SECOND_US, now_us};
use crate::downtime::Downtime;
use crate::net::Target;
use crate::process::{Usage, usage};

/// A recovery that takes longer counts as failed.
const READY_WITHIN_US: u64 = 120 * SECOND_US;
/// After SIGTERM.
const STOPPED_WITHIN: Duration = Duration::from_secs(30);

pub(crate) struct Server {
    path: PathBuf,
    season: PathBuf,
    data: PathBuf,
    more: Vec<String>,
    log: PathBuf,
    pub addr: SocketAddr,
    child: Child,
    /// Of the processes that were killed.
    spent_before: Usage,
    downtime: Arc<Downtime>,
}

impl Server {
    pub(crate) async fn start(args: &ServerArgs, downtime: Arc<Downtime>) -> anyhow::Result<Server> {
        let (Some(path), Some(season), Some(data)) = (&args.path, &args.season, &args.data) else {
            bail!("--server goes with --season and --data");
        };
        let log = args.log.clone().unwrap_or_else(|| data.with_extension("server.log"));
        let addr = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), free_port()?);
        let child = spawn(path, season, data, &args.more, &log, addr)?;
        let mut server = Server {
            path: path.clone(),
            season: season.clone(),
            data: data.clone(),
            more: args.more.clone(),
            log,
            addr,
            child,
            spent_before: Usage::default(),
            downtime,
        };
        server.until_ready().await?;
        Ok(server)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// CPU time of all its lives, memory of this one.
    pub(crate) fn usage(&self) -> anyhow::Result<Usage> {
        let pid = self.child.id().context("the server is not running")?;
        let now = usage(pid)?;
        Ok(Usage { cpu_us: now.cpu_us + self.spent_before.cpu_us, ..now })
    }

    /// kill -9, and at once a new start on the same data and port.
    pub(crate) async fn kill_and_restart(&mut self) -> anyhow::Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("the server ended by itself: {status}; see {}", self.log.display());
        }
        self.spent_before.cpu_us = self.usage()?.cpu_us;
        self.downtime.killed(now_us());
        self.child.kill().await?;
        self.child = spawn(&self.path, &self.season, &self.data, &self.more, &self.log, self.addr)?;
        self.until_ready().await?;
        self.downtime.ready(now_us());
        Ok(())
    }

    /// SIGTERM, and how it ended.
    pub(crate) async fn stop(&mut self) -> anyhow::Result<ExitStatus> {
        let pid = self.child.id().and_then(|id| Pid::from_raw(id as i32)).context("the server is not running")?;
        kill_process(pid, Signal::TERM)?;
        match timeout(STOPPED_WITHIN, self.child.wait()).await {
            Ok(status) => Ok(status?),
            Err(_) => {
                self.child.kill().await?;
                bail!("the server did not stop within {STOPPED_WITHIN:?} of SIGTERM");
            }
        }
    }

    /// `replay --data DIR` beside the stopped server, with the `--database` that it was given: whether it agreed, and what
    /// it printed.
    pub(crate) async fn replay(&self) -> anyhow::Result<(bool, String)> {
        let mut flags = self.more.iter().skip_while(|flag| !flag.starts_with("--database"));
        let named = flags.next();
        // `--database=URL` is one flag, `--database URL` two.
        let url = flags.next().filter(|_| named.is_some_and(|named| named == "--database"));
        let mut replay = Command::new(&self.path);
        replay.arg("replay").arg("--data").arg(&self.data).args(named).args(url);
        let out = replay.output().await?;
        let mut said = String::from_utf8_lossy(&out.stdout).into_owned();
        said.push_str(&String::from_utf8_lossy(&out.stderr));
        Ok((out.status.success(), said))
    }

    async fn until_ready(&mut self) -> anyhow::Result<()> {
        let until = now_us() + READY_WITHIN_US;
        let target = Target::find(&self.url(), 1).await?;
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended while starting: {status}; see {}", self.log.display());
            }
            if is_ready(&target).await.unwrap_or(false) {
                return Ok(());
            }
            if now_us() > until {
                bail!("the server was not ready in time; see {}", self.log.display());
            }
            sleep(Duration::from_millis(10)).await;
        }
    }
}

async fn is_ready(target: &Target) -> anyhow::Result<bool> {
    use http_body_util::Empty;
    use hyper::body::Bytes;
    let stream = target.tcp(0).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(hyper_util::rt::TokioIo::new(stream)).await?;
    let driver = tokio::spawn(connection);
    let request = hyper::Request::builder()
        .method(Method::GET)
        .uri("/readyz")
        .header("host", &target.authority)
        .body(Empty::<Bytes>::new())?;
    let answer = timeout(Duration::from_secs(5), sender.send_request(request)).await;
    driver.abort();
    Ok(answer??.status() == 200)
}

fn spawn(
    path: &PathBuf,
    season: &PathBuf,
    data: &PathBuf,
    more: &[String],
    log: &PathBuf,
    addr: SocketAddr,
) -> anyhow::Result<Child> {
    let open = || -> anyhow::Result<File> {
        OpenOptions::new().create(true).append(true).open(log).with_context(|| format!("opening {}", log.display()))
    };
    Command::new(path)
        .arg("serve")
        .arg("--season")
        .arg(season)
        .arg("--data")
        .arg(data)
        .arg("--listen")
        .arg(addr.to_string())
        .args(more)
        .stdin(Stdio::null())
        .stdout(open()?)
        .stderr(open()?)
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("starting {}", path.display()))
}

/// Below the range from which the kernel gives client ports, so that no client of ours can be sitting on it after a restart.
fn free_port() -> anyhow::Result<u16> {
    for _ in 0..200 {
        let port = fastrand::u16(20_000..32_000);
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no free port between 20000 and 32000")
}
