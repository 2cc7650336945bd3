//! Migrations that are cut off: the binary is killed while it brings a ledger of the first schema up to its own; the next start
//! does it, and everything that was told before is told again.

use super::crowd::Scene;
use super::disk::Disk;
use super::process::Ended;
use super::process::PATIENCE;
use super::process::plain;
use super::process::serve;
use crate::harness::postgres::Cluster;
use kejing::ledger::postgres::Patience;
use kejing::ledger::postgres::Postgres;
use kejing::ledger::postgres::PostgresUrl;
use kejing::ledger::sqlite::Sqlite;
use kejing::ledger::store::Store;
use sqlx::Connection;
use std::path::Path;
use tokio::process::Command;

const PLAYERS: usize = 12;
/// Answers before the migration: so many that it writes some dozens of pages.
const ANSWERS: usize = 400;
/// Writes of the migration that are let through, more each time, before one is cut in half and the process with it.
const LET_THROUGH: usize = 5;

/// Undoes what 0002 did: what the first schema's program would have written of the same play. Texts for both databases, but for
/// the index of one.
async fn back_to_the_first_schema(stopped: &dyn Store, only_here: &str) -> String {
    let mut undone = "
        create index ended_of_receipt on ended (receipt);
        drop index ended_of_first_receipt;
        alter table start drop column previous;
        create index start_of_participant on start (participant, attempt);
        drop table answer_run;
        delete from _sqlx_migrations where version = 2;"
        .to_owned();
    for answer in stopped.answers(0).await.unwrap() {
        let (attempt, at) = (answer.attempt.0, answer.at.0);
        undone += &format!(
            "insert into answer (n, season, attempt, seq, given, elapsed_ms, at)
             values ({}, 1, {attempt}, {}, {}, {}, {at});",
            answer.n, answer.seq, answer.given, answer.elapsed_ms
        );
    }
    stopped.close().await;
    undone + only_here
}

async fn open(file: &Path) -> sqlx::SqliteConnection {
    sqlx::SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap()
}

/// Whether the second migration is in the ledger, as a start would find it; looked up in a copy, which leaves all as it is.
async fn is_migrated(data: &Path) -> bool {
    let copied = super::torn::copy(data);
    let mut ledger = open(&copied.path().join("ledger.db")).await;
    let migrated = "select count(*) from _sqlx_migrations where version = 2";
    sqlx::query_scalar::<_, i64>(migrated).fetch_one(&mut ledger).await.unwrap() == 1
}

#[tokio::test]
async fn a_migration_that_is_killed_anywhere_is_done_by_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::within(folder.path());
    let mut scene = Scene::of(PLAYERS, folder, plain).await;
    scene.until_more(ANSWERS).await;
    scene.terminate().await;
    let data = scene.data();
    let undone = back_to_the_first_schema(&Sqlite::open_stopped(&data).await.unwrap(), "").await;
    let mut ledger = open(&data.join("ledger.db")).await;
    sqlx::raw_sql(sqlx::AssertSqlSafe(undone)).execute(&mut ledger).await.unwrap();
    ledger.close().await.unwrap();

    let mut killed = 0;
    loop {
        disk.is_to(&format!("write kill {} /data/ledger.db", killed * LET_THROUGH));
        let Err(Ended { code, said }) = serve(scene.folder.path(), disk.under()).await else {
            panic!("it was not killed in all its writes")
        };
        assert_eq!((code, said.as_str()), (None, ""), "it did not die by the signal");
        if is_migrated(&data).await {
            break;
        }
        killed += 1;
    }
    assert!(killed >= 5, "the migration was cut off only {killed} times");
    scene.serve_again(plain).await;
    scene.until_more(60).await;
    scene.end().await;
}

/// Returns once the migration waits for this lock.
async fn comes_to_a_lock(looking: &mut sqlx::PgConnection) {
    let waiting = "select exists (select from pg_stat_activity
                   where datname = current_database() and application_name = 'kejing' and wait_event_type = 'Lock')";
    let asking = async { while !sqlx::query_scalar::<_, bool>(waiting).fetch_one(&mut *looking).await.unwrap() {} };
    tokio::time::timeout(PATIENCE, asking).await.expect("the migration does not come to the lock");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_on_postgres_that_is_killed_in_its_middle_is_done_by_the_next_start() {
    let database = Cluster::shared().database();
    let url = database.url();
    let on = |mut command: Command| {
        command.args(["--database", &url]);
        command
    };
    let mut scene = Scene::on(PLAYERS, &url).await;
    scene.until_more(ANSWERS / 2).await;
    scene.terminate().await;
    let stopped = Postgres::open_stopped(&PostgresUrl::read(&url).unwrap(), Patience::default()).await.unwrap();
    let once = "create unique index answer_once on answer ((attempt * 65536 + seq)) where given <> -3;";
    let undone = back_to_the_first_schema(&stopped, once).await;
    let mut hand = sqlx::PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(undone)).execute(&mut hand).await.unwrap();
    // A transaction sees others' doings as they were when it first looked.
    let mut looking = sqlx::PgConnection::connect(&url).await.unwrap();

    // Each table is held where the migration is about to change it: by then it has done what comes before.
    for lock in ["begin; lock table start in share mode", "begin; lock table ended in share mode"] {
        sqlx::raw_sql(lock).execute(&mut hand).await.unwrap();
        tokio::select! {
            _ = serve(scene.folder.path(), on) => panic!("it did not come to the lock"),
            // The process is killed as it is dropped.
            () = comes_to_a_lock(&mut looking) => {}
        }
        sqlx::raw_sql("rollback").execute(&mut hand).await.unwrap();
    }
    assert_eq!(database.sql("select count(*) from _sqlx_migrations where version = 2"), "0");
    hand.close().await.unwrap();
    scene.serve_again(on).await;
    scene.until_more(60).await;
    scene.end().await;
}
