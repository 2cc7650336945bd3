//! PostgreSQL stopped, killed and cut off under load: what was acknowledged is there, once, and replay agrees.
//!
//! The server is the real binary and lives through it; the cluster is this test's own and flushes to the disk.

use crate::faults::crowd::Chance;
use crate::faults::crowd::Scene;
use crate::faults::disk::SmallDisk;
use crate::faults::process::arranged;
use crate::faults::process::kejing;
use crate::faults::process::plain;
use crate::faults::process::serve;
use crate::faults::process::stop;
use crate::harness::postgres::Apart;
use crate::harness::postgres::Cluster;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::net::UnixStream;
use tokio::process::Command;

fn cluster() -> Cluster {
    cluster_with(Apart::Nothing)
}

const PLAYERS: usize = 24;
const KILLS: usize = 10;
/// What a server says that has waited long enough.
const STALLED: &str = "账本连续 8 秒写不进数据库";

/// On this database.
fn on(url: &str) -> impl FnOnce(Command) -> Command {
    move |mut command| {
        command.args(["--database", url]);
        command
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_stopped_and_killed_under_load_loses_nothing_and_needs_no_restart_of_the_server() {
    let cluster = cluster();
    let scene = Scene::on(PLAYERS, &cluster.url("season")).await;
    let mut chance = Chance(20_260_801);
    for how in ["fast", "immediate", "immediate", "fast"] {
        scene.until_more(40 + chance.below(80)).await;
        cluster.end(how);
        cluster.begin();
    }
    scene.until_more(100).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_of_the_server_on_postgres_lose_nothing_and_cost_nobody_time() {
    let cluster = cluster();
    let url = cluster.url("season");
    let mut scene = Scene::on(PLAYERS, &url).await;
    let mut chance = Chance(20_260_802);
    for _ in 0..KILLS {
        scene.until_more(40 + chance.below(80)).await;
        scene.kill().await;
        scene.serve_again(on(&url)).await;
    }
    assert!(scene.end().await > 0, "no question was open at any kill");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_away_for_too_long_ends_the_server_plainly_and_the_next_start_gives_the_time_back() {
    let cluster = cluster();
    let url = cluster.url("season");
    let mut scene = Scene::on(PLAYERS, &url).await;
    scene.until_more(60).await;
    scene.expect_the_end();
    cluster.end("immediate");
    scene.ends().await.plainly(&[STALLED, "停下的时间会还给每一位选手"]);
    // The next start waits for the database.
    tokio::join!(scene.serve_again(on(&url)), async { cluster.begin() });
    scene.until_more(60).await;
    scene.end().await;
}

/// Nobody names a season file: the database is asked first of all whose ledger it holds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_without_a_season_file_waits_for_the_database_as_well() {
    let (cluster, folder) = (cluster(), tempfile::tempdir().unwrap());
    let season = async || {
        let without = |_| {
            let url = cluster.url("season");
            let mut command = kejing(&["serve", "--data", "data", "--database", &url, "--listen", "127.0.0.1:0"]);
            command.current_dir(folder.path());
            command
        };
        cluster.end("fast");
        let (served, ()) = tokio::join!(serve(folder.path(), without), async { cluster.begin() });
        let ended = stop(arranged(served).process, folder.path()).await;
        assert_eq!(ended.code, Some(0), "{}", ended.said);
        cluster.sql("season", "select name from season")
    };
    assert_eq!(season().await, season().await);
}

/// Sessions that are open when a database is set so stay as they are: they are ended.
fn turns_read_only(cluster: &Cluster) {
    cluster.sql("postgres", "alter database season set default_transaction_read_only = on");
    cluster.sql("postgres", "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = 'season'");
}

fn may_be_written_again(cluster: &Cluster) {
    cluster.sql("postgres", "alter database season reset default_transaction_read_only");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_turns_read_only_and_back_is_waited_for() {
    let cluster = Cluster::start(&["fsync=on", "synchronous_commit=on", "log_connections=on"]);
    cluster.sql("postgres", "create database season");
    let scene = Scene::on(PLAYERS, &cluster.url("season")).await;
    scene.until_more(60).await;
    let mut says = cluster.says();
    turns_read_only(&cluster);
    // It came back, found it so, and came again.
    says.until("terminating connection", 1).await;
    says.until("application_name=kejing", 4).await;
    may_be_written_again(&cluster);
    scene.until_more(60).await;
    // The whole server, and sessions that are open find it so in mid-run.
    let mut says = cluster.says();
    cluster.sql("postgres", "alter system set default_transaction_read_only = on");
    cluster.sql("postgres", "select pg_reload_conf()");
    says.until("in a read-only transaction", 1).await;
    cluster.sql("postgres", "alter system reset default_transaction_read_only");
    cluster.sql("postgres", "select pg_reload_conf()");
    scene.until_more(60).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_stays_read_only_ends_the_server_plainly_and_is_refused_until_it_is_set_back() {
    let cluster = cluster();
    let url = cluster.url("season");
    let mut scene = Scene::on(PLAYERS, &url).await;
    scene.until_more(60).await;
    scene.expect_the_end();
    turns_read_only(&cluster);
    scene.ends().await.plainly(&[STALLED, "数据库设成了只读", "停下的时间会还给每一位选手"]);
    scene.is_refused(on(&url)).await.plainly(&["数据库设成了只读"]);
    may_be_written_again(&cluster);
    scene.serve_again(on(&url)).await;
    scene.until_more(60).await;
    scene.end().await;
}

/// The small disk is there where the tests may mount one. Elsewhere there is nothing to take its place: PostgreSQL runs as
/// someone whom no limit of ours stops, and no part of ours stands between it and its disk.
fn small() -> Option<SmallDisk> {
    SmallDisk::mounted("size=96m")
}

fn cluster_with(apart: Apart<'_>) -> Cluster {
    let cluster = Cluster::apart(&["fsync=on", "synchronous_commit=on"], apart);
    cluster.sql("postgres", "create database season");
    cluster
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_below_postgres_that_fills_up_and_is_freed_in_time_is_waited_for() {
    let Some(small) = small() else { return };
    let cluster = cluster_with(Apart::Tables(small.path()));
    let scene = Scene::on(PLAYERS, &cluster.url("season")).await;
    for _ in 0..2 {
        scene.until_more(60).await;
        let mut says = cluster.says();
        small.is_filled_but_for(0);
        says.until("No space left on device", 2).await;
        small.is_freed();
    }
    scene.until_more(100).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_below_postgres_that_stays_full_ends_the_server_plainly_and_a_later_start_finds_all() {
    let Some(small) = small() else { return };
    let cluster = cluster_with(Apart::Tables(small.path()));
    let url = cluster.url("season");
    let mut scene = Scene::on(PLAYERS, &url).await;
    scene.until_more(60).await;
    scene.expect_the_end();
    small.is_filled_but_for(0);
    scene.ends().await.plainly(&[STALLED, "No space left on device"]);
    small.is_freed();
    scene.serve_again(on(&url)).await;
    scene.until_more(60).await;
    scene.end().await;
}

/// PostgreSQL goes down by itself then, since it can write down nothing any more; once there is room it is started again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_below_the_log_of_postgres_is_waited_for_where_room_is_made_and_the_database_started() {
    let Some(small) = small() else { return };
    let cluster = cluster_with(Apart::Log(small.path()));
    let scene = Scene::on(PLAYERS, &cluster.url("season")).await;
    scene.until_more(60).await;
    let mut says = cluster.says();
    small.is_filled_but_for(0);
    // More than its last segment holds; no checkpoint gives an old one back.
    let filling = "select count(pg_logical_emit_message(false, '', repeat('-', 1 << 20))) from generate_series(1, 16)";
    cluster.tried("postgres", filling).expect_err("there is room in the log");
    says.until("PANIC", 1).await;
    small.is_freed();
    if cluster.lives() {
        cluster.end("immediate");
    }
    cluster.begin();
    scene.until_more(100).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_outcome_is_unknown_is_not_guessed_at() {
    let cluster = cluster();
    let proxy = Proxy::before(cluster.socket()).await;
    let url = format!("postgres://kejing@{}/season?sslmode=disable", proxy.address);
    let scene = Scene::on(PLAYERS, &url).await;
    let mut chance = Chance(20_260_803);
    for round in 0..6 {
        scene.until_more(20 + chance.below(60)).await;
        proxy.cut(if round % 2 == 0 { Cut::Answer } else { Cut::Request }).await;
    }
    scene.until_more(100).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_on_one_database_are_one_too_many() {
    let database = Cluster::shared().database();
    let scene = Scene::on(PLAYERS, &database.url()).await;
    let second = tempfile::tempdir().unwrap();
    Scene::furnish(second.path());
    // Its own data folder, as on another machine; the key is not asked for before the ledger is its own.
    let Err(ended) = serve(second.path(), on(&database.url())).await else { panic!("both serve") };
    ended.plainly(&["正被另一个科竞进程使用"]);
    scene.until_more(20).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_lane_was_taken_ends_and_tells_nothing_more() {
    let database = Cluster::shared().database();
    let mut scene = Scene::on(PLAYERS, &database.url()).await;
    scene.until_more(40).await;
    scene.expect_the_end();
    database.sql("update lane set epoch = epoch + 1");
    scene.ends().await.plainly(&["账本已被另一个进程接管"]);
    scene.serve_again(on(&database.url())).await;
    scene.until_more(60).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_that_is_not_told_of_the_database_does_not_begin_an_empty_season() {
    let database = Cluster::shared().database();
    let mut scene = Scene::on(2, &database.url()).await;
    scene.until_more(4).await;
    scene.terminate().await;
    scene.is_refused(plain).await.plainly(&["账本上次在 PostgreSQL 里", "KEJING_DATABASE"]);
    scene.serve_again(on(&database.url())).await;
    scene.until_more(4).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_with_a_ledger_is_not_served_without_its_key() {
    let database = Cluster::shared().database();
    Scene::on(1, &database.url()).await.end().await;
    let another = tempfile::tempdir().unwrap();
    Scene::furnish(another.path());
    let Err(ended) = serve(another.path(), on(&database.url())).await else { panic!("it serves with a new key") };
    ended.plainly(&["已经有账本，却没有密钥文件"]);
}

/// What the proxy cuts the next commit at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// Before it reaches the database.
    Request,
    /// Between the database and its answer.
    Answer,
}

/// Between the server and its database. A commit is known by its size: nothing else that is sent is as long.
struct Proxy {
    address: SocketAddr,
    wanted: Arc<Mutex<Option<Cut>>>,
    cut: Arc<tokio::sync::Notify>,
}

/// Every commit binds forty arrays, empty or not, of 12 bytes and more each.
const COMMIT_BYTES: usize = 600;

impl Proxy {
    async fn before(socket: PathBuf) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Proxy {
            address: listener.local_addr().unwrap(),
            wanted: Arc::default(),
            cut: Arc::new(tokio::sync::Notify::new()),
        };
        let (wanted, cut) = (Arc::clone(&proxy.wanted), Arc::clone(&proxy.cut));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                client.set_nodelay(true).unwrap();
                let Ok(server) = UnixStream::connect(&socket).await else { continue };
                tokio::spawn(pass(client, server, Arc::clone(&wanted), Arc::clone(&cut)));
            }
        });
        proxy
    }

    /// Cuts the next commit, and returns when it has.
    async fn cut(&self, cut: Cut) {
        *self.wanted.lock().unwrap() = Some(cut);
        tokio::time::timeout(Duration::from_secs(20), self.cut.notified()).await.expect("no commit came to be cut");
    }
}

async fn pass(
    mut client: TcpStream,
    mut server: UnixStream,
    wanted: Arc<Mutex<Option<Cut>>>,
    cut: Arc<tokio::sync::Notify>,
) {
    let (mut up, mut down) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    let mut cutting = false;
    loop {
        tokio::select! {
            read = client.read(&mut up) => {
                let Ok(bytes @ 1..) = read else { return };
                // A Bind that is long enough to be a commit's.
                if up[0] == b'B' && bytes >= COMMIT_BYTES {
                    match wanted.lock().unwrap().take() {
                        Some(Cut::Request) => return cut.notify_one(),
                        Some(Cut::Answer) => cutting = true,
                        None => {}
                    }
                }
                if server.write_all(&up[..bytes]).await.is_err() {
                    return;
                }
            }
            read = server.read(&mut down) => {
                let Ok(bytes @ 1..) = read else { return };
                if cutting {
                    // It is done, and nobody will be told.
                    return cut.notify_one();
                }
                if client.write_all(&down[..bytes]).await.is_err() {
                    return;
                }
            }
        }
    }
}
