//! A backup made beside a server under load holds all that was acknowledged before it, and a season goes on from it.

use super::PATIENCE;
use super::Ran;
use super::run;
use super::serve;
use super::with_season;
use crate::harness::postgres::Cluster;
use crate::harness::postgres::Database;
use futures_util::SinkExt;
use futures_util::StreamExt;
use serde_json::Value;
use serde_json::json;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use tokio::process::Child;
use tokio::process::Command;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

const PLAYERS: usize = 6;
const RESULTS_BEFORE: usize = 24;

/// What was told: the player's token with each result.
#[derive(Default)]
struct Told {
    results: Mutex<Vec<(String, Value)>>,
    more: Notify,
}

impl Told {
    fn all(&self) -> Vec<(String, Value)> {
        self.results.lock().unwrap().clone()
    }

    async fn until(&self, wanted: usize) {
        while self.all().len() < wanted {
            tokio::time::timeout(PATIENCE, self.more.notified()).await.expect("the players stand still");
        }
    }
}

async fn join(http: &reqwest::Client, address: SocketAddr, number: usize) -> String {
    let name = format!("选手{}", char::from_u32('一' as u32 + number as u32).unwrap());
    let request = format!("00000000-0000-4000-9000-{number:012}");
    let body = json!({"request": request, "name": name, "city": "450200", "county": "450204"});
    let sent = http.post(format!("http://{address}/api/v1/participants")).json(&body).send().await.unwrap();
    let told: Value = sent.json().await.unwrap();
    told["token"].as_str().unwrap().to_owned()
}

/// Plays paper after paper until the server is gone.
async fn play(address: SocketAddr, token: String, told: Arc<Told>) -> Option<()> {
    let mut request = format!("ws://{address}/ws").into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "kejing.v1".parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.ok()?;
    socket.send(Message::text(json!({"type": "hello", "token": token}).to_string())).await.ok()?;
    loop {
        let frame = tokio::time::timeout(PATIENCE, socket.next()).await.expect("nothing came in time")?.ok()?;
        let Message::Text(text) = frame else { continue };
        let message: Value = serde_json::from_str(&text).unwrap();
        let reply = match message["type"].as_str().unwrap() {
            "welcome" => json!({"type": "start", "round": "daily"}),
            "question" => {
                json!({"type": "answer", "attempt": message["attempt"], "seq": message["seq"], "choices": [0]})
            }
            "result" => {
                told.results.lock().unwrap().push((token.clone(), message));
                told.more.notify_one();
                json!({"type": "start", "round": "daily"})
            }
            _ => continue,
        };
        socket.send(Message::text(reply.to_string())).await.ok()?;
    }
}

/// Players who play on until the server is gone, and what they were told; some have been told some by now.
async fn under_load(address: SocketAddr) -> (Arc<Told>, JoinSet<Option<()>>) {
    let http = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
    let told = Arc::new(Told::default());
    let mut players = JoinSet::new();
    for number in 0..PLAYERS {
        let token = join(&http, address, number).await;
        players.spawn(play(address, token, Arc::clone(&told)));
    }
    told.until(RESULTS_BEFORE).await;
    (told, players)
}

/// Every receipt and every token is known to it; then it is stopped.
async fn knows((mut server, address): (Child, SocketAddr), before: &[(String, Value)]) {
    let http = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
    for (token, result) in before {
        let receipt = result["receipt"].as_str().unwrap();
        let found = http.get(format!("http://{address}/api/v1/receipts/{receipt}")).send().await.unwrap();
        assert_eq!(found.status(), 200, "{result}");
        let found: Value = found.json().await.unwrap();
        assert_eq!(found["score"], result["score"]);
        let me = http.get(format!("http://{address}/api/v1/me")).bearer_auth(token).send().await.unwrap();
        assert_eq!(me.status(), 200);
    }
    super::signal(&server, rustix::process::Signal::TERM);
    assert!(server.wait().await.unwrap().success());
}

/// The lines that `replay`, `backup` and `restore` have in common.
fn figures(ran: &Ran) -> Vec<&str> {
    let named = ["entries ", "attempts ", "participants ", "boards "];
    ran.out.lines().filter(|line| named.iter().any(|name| line.starts_with(name))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_is_restored_with_all_that_was_acknowledged_before_it() {
    let folder = tempfile::tempdir().unwrap();
    with_season(folder.path());
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (mut server, address) = serve(folder.path(), "data", |_| {}).await;
    let (told, players) = under_load(address).await;

    let before = told.all();
    let taken = run(&["backup", "--data", &path("data"), "--to", &path("backup")]).await;
    assert_eq!((taken.code, taken.err.as_str()), (Some(0), ""), "{}", taken.out);
    assert_eq!(figures(&taken).len(), 4, "{}", taken.out);
    // The server went on: what it tells after the backup is not in it.
    told.until(told.all().len() + PLAYERS).await;
    server.kill().await.unwrap();
    players.join_all().await;

    for (name, mode) in
        [("", 0o700), ("ledger.db", 0o600), ("desk.db", 0o600), ("kejing.key", 0o600), ("manifest.json", 0o600)]
    {
        let found = fs::metadata(folder.path().join("backup").join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "{name}");
    }
    assert_eq!(fs::read_dir(folder.path().join("backup")).unwrap().count(), 4);

    // An empty folder that is there already is as good as none.
    fs::create_dir(folder.path().join("restored")).unwrap();
    let restored = run(&["restore", "--from", &path("backup"), "--data", &path("restored")]).await;
    assert_eq!((restored.code, restored.err.as_str()), (Some(0), ""), "{}", restored.out);
    let replayed = run(&["replay", "--data", &path("restored")]).await;
    assert_eq!(replayed.code, Some(0), "{}{}", replayed.out, replayed.err);
    assert_eq!(figures(&replayed), figures(&taken));
    assert_eq!(figures(&restored), figures(&taken));

    knows(serve(folder.path(), "restored", |_| {}).await, &before).await;
}

/// As docs/operations.md says for PostgreSQL: `pg_dump` while the server runs, `pg_restore` into another database, the key into another folder.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dump_of_postgres_under_load_is_restored_with_all_that_was_acknowledged_before_it() {
    let folder = tempfile::tempdir().unwrap();
    with_season(folder.path());
    let (database, other) = (Cluster::shared().database(), Cluster::shared().database());
    let on = |database: &Database| {
        let url = database.url();
        move |command: &mut Command| {
            command.env("KEJING_DATABASE", url);
        }
    };
    let (mut server, address) = serve(folder.path(), "data", on(&database)).await;
    let (told, players) = under_load(address).await;

    let before = told.all();
    let dump = database.dump();
    told.until(told.all().len() + PLAYERS).await;
    server.kill().await.unwrap();
    players.join_all().await;

    other.restore(&dump);
    let (data, restored) = (folder.path().join("data"), folder.path().join("restored"));
    fs::create_dir(&restored).unwrap();
    fs::copy(data.join("kejing.key"), restored.join("kejing.key")).unwrap();
    let replayed = run(&["replay", "--database", &other.url()]).await;
    assert_eq!(replayed.code, Some(0), "{}{}", replayed.out, replayed.err);
    knows(serve(folder.path(), "restored", on(&other)).await, &before).await;
}

/// A small season that was started and stopped, and its backup.
async fn backed_up(folder: &Path) -> [String; 2] {
    with_season(folder);
    let (mut server, _) = serve(folder, "data", |_| {}).await;
    super::signal(&server, rustix::process::Signal::TERM);
    assert!(server.wait().await.unwrap().success());
    let [data, backup] = ["data", "backup"].map(|name| folder.join(name).to_str().unwrap().to_owned());
    let taken = run(&["backup", "--data", &data, "--to", &backup]).await;
    assert_eq!((taken.code, taken.err.as_str()), (Some(0), ""));
    [data, backup]
}

#[tokio::test]
async fn nothing_is_ever_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let [data, backup] = backed_up(folder.path()).await;
    let again = run(&["backup", "--data", &data, "--to", &backup]).await;
    assert_eq!(again.code, Some(2));
    assert!(again.err.contains("已经存在"), "{}", again.err);
    let over = run(&["restore", "--from", &backup, "--data", &data]).await;
    assert_eq!(over.code, Some(2));
    assert!(over.err.contains("不是空文件夹"), "{}", over.err);
    // Neither left anything beside it.
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 5, "{names:?}");
}

#[tokio::test]
async fn a_backup_that_was_altered_is_not_restored() {
    let folder = tempfile::tempdir().unwrap();
    let [_, backup] = backed_up(folder.path()).await;
    let restored = folder.path().join("restored");
    let restore = async || run(&["restore", "--from", &backup, "--data", restored.to_str().unwrap()]).await;
    let ledger = folder.path().join("backup/ledger.db");
    let mut bytes = fs::read(&ledger).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&ledger, &bytes).unwrap();
    let altered = restore().await;
    assert_eq!(altered.code, Some(1));
    assert!(altered.err.contains("ledger.db 的内容与备份时的校验和不符"), "{}", altered.err);
    fs::remove_file(folder.path().join("backup/manifest.json")).unwrap();
    let unknown = restore().await;
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.err.contains("不是科竞的备份"), "{}", unknown.err);
    assert!(!restored.join("ledger.db").exists());
}

#[tokio::test]
async fn a_restore_that_was_cut_off_is_done_again() {
    let folder = tempfile::tempdir().unwrap();
    let [data, backup] = backed_up(folder.path()).await;
    let restored = folder.path().join("restored");
    fs::create_dir_all(restored.join(".restoring")).unwrap();
    fs::copy(Path::new(&data).join("kejing.key"), restored.join("kejing.key")).unwrap();
    let again = run(&["restore", "--from", &backup, "--data", restored.to_str().unwrap()]).await;
    assert_eq!((again.code, again.err.as_str()), (Some(0), ""));
    assert_eq!(fs::read_dir(&restored).unwrap().count(), 3);
}

#[tokio::test]
async fn a_folder_without_a_ledger_is_not_backed_up_as_if_it_had_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let nothing = run(&["backup", "--data", &path(""), "--to", &path("backup")]).await;
    assert_eq!(nothing.code, Some(2));
    assert!(nothing.err.contains("pg_dump"), "{}", nothing.err);
    assert!(!folder.path().join("backup").exists());
}

#[tokio::test]
async fn a_ledger_in_postgresql_is_not_passed_over_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    let [data, _] = backed_up(folder.path()).await;
    let to = folder.path().join("another");
    // A ledger that was left behind when the season moved is not the one that is in use.
    let mut command = super::kejing(&["backup", "--data", &data, "--to", to.to_str().unwrap()]);
    let told = command.env("KEJING_DATABASE", "postgres://kejing:secret@127.0.0.1:1/kejing").output().await.unwrap();
    let error = String::from_utf8(told.stderr).unwrap();
    assert_eq!(told.status.code(), Some(2), "{error}");
    assert!(error.contains("PostgreSQL") && !error.contains("secret"), "{error}");
    assert!(!to.exists());
}
