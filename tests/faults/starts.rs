//! Starts that must not be: beside another server, on a newer ledger, with the clock behind; and first starts that are cut off.

use super::crowd::Scene;
use super::disk::Disk;
use super::process::Ended;
use super::process::plain;
use super::process::serve;
use kejing::contest::clock::Clock;
use kejing::contest::keys::Keys;
use kejing::contest::recovery::Follower;
use kejing::contest::recovery::Opening;
use kejing::domain::time::Timestamp;
use kejing::ledger::entry::EntryNumber;
use kejing::ledger::entry::Note;
use kejing::ledger::entry::Registered;
use kejing::ledger::sqlite::Sqlite;
use sqlx::Connection;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const PLAYERS: usize = 12;
/// A connection waits for 10 s for another one; a start does so several times.
const LONGER_THAN_ONE_WAIT: Duration = Duration::from_secs(12);

/// Does something to a stopped server's tables.
async fn alter(data: &Path, act: &'static str) {
    let file = format!("sqlite://{}?mode=rwc", data.join("ledger.db").display());
    let mut ledger = sqlx::SqliteConnection::connect(&file).await.unwrap();
    sqlx::raw_sql(act).execute(&mut ledger).await.unwrap();
    ledger.close().await.unwrap();
}

#[tokio::test]
async fn a_second_server_on_the_same_folder_is_refused_and_the_first_is_not_disturbed() {
    let scene = Scene::of(PLAYERS, tempfile::tempdir().unwrap(), plain).await;
    scene.until_more(PLAYERS).await;
    for _ in 0..3 {
        // Lost connections fail the players: nobody expects an end here.
        scene.is_refused(plain).await.plainly(&["正被另一个科竞进程使用"]);
        scene.until_more(PLAYERS).await;
    }
    scene.end().await;
}

#[tokio::test]
async fn a_ledger_of_a_newer_version_is_refused_and_left_as_it_is() {
    let mut scene = Scene::of(PLAYERS, tempfile::tempdir().unwrap(), plain).await;
    scene.until_more(PLAYERS).await;
    scene.terminate().await;
    let newer = "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
                 values (9999, 'of tomorrow', true, x'00', 0)";
    alter(&scene.data(), newer).await;
    scene.is_refused(plain).await.plainly(&["账本的表结构", "9999"]);
    alter(&scene.data(), "delete from _sqlx_migrations where version = 9999").await;
    scene.serve_again(plain).await;
    scene.end().await;
}

#[tokio::test]
async fn a_migration_that_is_marked_as_half_done_is_refused() {
    let mut scene = Scene::of(PLAYERS, tempfile::tempdir().unwrap(), plain).await;
    scene.until_more(PLAYERS).await;
    scene.terminate().await;
    alter(&scene.data(), "update _sqlx_migrations set success = false where version = 1").await;
    scene.is_refused(plain).await.plainly(&["账本的表结构"]);
    alter(&scene.data(), "update _sqlx_migrations set success = true where version = 1").await;
    scene.serve_again(plain).await;
    scene.end().await;
}

/// The first start makes the tables, the season and its draw periods; it is killed at every third of its first writes, each
/// time with half of the bytes put down, and the next start goes on from there.
#[tokio::test]
async fn a_first_start_that_is_killed_anywhere_is_made_good_by_the_next() {
    let mut killed = 0;
    for skip in (0..36).step_by(3) {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::within(folder.path());
        Scene::furnish(folder.path());
        disk.is_to(&format!("write kill {skip} /data/ledger.db"));
        match serve(folder.path(), disk.under()).await {
            Ok(served) => drop(served),
            Err(Ended { code, said }) => {
                assert_eq!((code, said.as_str()), (None, ""), "it did not die by the signal");
                killed += 1;
            }
        }
        let served = serve(folder.path(), plain).await.unwrap_or_else(|ended| panic!("{skip}: {}", ended.said));
        let ended = super::process::stop(served.process, folder.path()).await;
        assert_eq!(ended.code, Some(0));
        let data = folder.path().join("data");
        let replayed = kejing::contest::replay::replay(&Sqlite::open_stopped(&data).await.unwrap()).await.unwrap();
        assert_eq!(replayed.disagreements, Vec::<String>::new(), "{skip}");
    }
    assert!(killed >= 8, "only {killed} starts were cut off");
}

/// A backup began before the crash, and goes on beside the next start: what it does not let be written back may not be on the disk.
#[tokio::test]
async fn a_start_waits_for_who_keeps_the_log_from_being_written_back() {
    let mut scene = Scene::of(PLAYERS, tempfile::tempdir().unwrap(), plain).await;
    scene.until_more(PLAYERS).await;
    let file = format!("sqlite://{}", scene.data().join("ledger.db").display());
    let mut reader = sqlx::SqliteConnection::connect(&file).await.unwrap();
    sqlx::raw_sql("begin; select count(*) from answer_run").execute(&mut reader).await.unwrap();
    scene.until_more(60).await;
    scene.kill().await;
    {
        let mut starting = std::pin::pin!(scene.serve_again(plain));
        let served = tokio::time::timeout(LONGER_THAN_ONE_WAIT, starting.as_mut()).await;
        assert!(served.is_err(), "it serves what may not be on the disk");
        reader.close().await.unwrap();
        starting.await;
    }
    scene.until_more(60).await;
    scene.end().await;
}

struct Nobody;

impl Follower for Nobody {
    fn registered(&self, _: &Registered) {}
    fn noted(&self, _: EntryNumber, _: Timestamp, _: &Note) {}
}

#[tokio::test]
async fn a_start_with_the_clock_behind_the_ledgers_last_entry_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    Scene::furnish(folder.path());
    let read = kejing::files::read_season(&folder.path().join("season.toml")).unwrap();
    let data = folder.path().join("data");
    let key = kejing::files::key_file(&data).unwrap();
    let tomorrow = Clock::of_the_machine().now().plus_ms(86_400_000);
    let store = Sqlite::open(&data, &read.season.id).await.unwrap();
    let opening = Opening {
        season: read.season,
        banks: read.banks,
        keys: Keys::of(&key),
        clock: Clock::standing_at(tomorrow),
        store: Arc::new(store),
        accept_change: None,
        published: None,
    };
    drop(opening.open(Arc::new(Nobody)).await.unwrap());
    let entries = replayed(&data).await;
    let Err(ended) = serve(folder.path(), plain).await else { panic!("it started a day before its last entry") };
    ended.plainly(&["这台机器的时间", "请先校准系统时间再启动"]);
    assert_eq!(replayed(&data).await, entries, "a refused start wrote something");
}

/// The number of entries of a stopped server's ledger, which has to agree with itself.
async fn replayed(data: &Path) -> i64 {
    let replayed = kejing::contest::replay::replay(&Sqlite::open_stopped(data).await.unwrap()).await.unwrap();
    assert_eq!(replayed.disagreements, Vec::<String>::new());
    replayed.entries
}
