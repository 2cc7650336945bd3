//! What only PostgreSQL promises: it is not guessed at, and it says why it cannot be the ledger.

use super::facts::append;
use super::facts::registers;
use super::facts::season;
use super::facts::settles;
use super::facts::starts;
use crate::harness::ground::Ground;
use crate::harness::postgres::Cluster;
use kejing::ledger::entry::Entry;
use kejing::ledger::postgres::Patience;
use kejing::ledger::postgres::Postgres;
use kejing::ledger::postgres::PostgresUrl;
use kejing::ledger::store::LedgerError;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_raw_answer_takes_at_most_twenty_bytes() {
    let ground = Ground::postgres();
    let store = ground.open(&season()).await.unwrap();
    let mut lane = store.take_lane().await.unwrap();
    // 2,000 play at once, ten questions each, in no order among themselves.
    let mut entries = Vec::new();
    for wave in 0..5 {
        for seq in 1..=10 {
            entries.extend((0..2_000).map(|i| settles(wave * 2_000 + (i * 7_919) % 2_000, seq)));
        }
    }
    for batch in entries.chunks(1_000) {
        append(store.as_ref(), &mut lane, batch).await.unwrap();
    }
    let bytes: f64 = ground.sql("select pg_total_relation_size('answer_run') / 100000.0").await.parse().unwrap();
    assert!(bytes <= 20.0, "{bytes} bytes an answer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_raw_answers_is_found_by_its_numbers() {
    let ground = Ground::postgres();
    let store = ground.open(&season()).await.unwrap();
    let mut lane = store.take_lane().await.unwrap();
    for i in 0..20 {
        let entries: Vec<Entry> = (1..=5_000).map(|attempt| settles(i * 5_000 + attempt, 1)).collect();
        append(store.as_ref(), &mut lane, &entries).await.unwrap();
    }
    ground.sql("analyze answer_run").await;
    let plan = ground.sql("explain select packed from answer_run where last_n > 50000 order by last_n limit 16").await;
    assert!(plan.contains("answer_run_key") && !plan.contains("Seq Scan"), "{plan}");
}

fn hurried() -> Patience {
    let ms = Duration::from_millis;
    Patience { start: ms(1_000), lock: ms(200), attempt: ms(500), stall: ms(1_500) }
}

async fn open(url: &str) -> Result<Postgres, LedgerError> {
    Postgres::open(&PostgresUrl::read(url).unwrap(), &season(), hurried()).await
}

/// Why it is not opened, which names what to do and never the password.
async fn told(url: &str) -> String {
    let told = open(url).await.err().unwrap().to_string();
    assert!(!told.contains("geheim"), "{told}");
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_not_fit_is_refused_with_what_to_do() {
    let cluster = Cluster::shared();
    let url = cluster.url("no_such_database");
    assert!(told(&url).await.contains("没有这个数据库，请先建好"));

    let host = url.split_once("host=").unwrap().1.split('&').next().unwrap();
    let nobody = format!("postgres:///postgres?host={host}&user=nobody&password=geheim");
    assert!(told(&nobody).await.contains("不接受这个用户或密码"));

    let nowhere = told("postgres://kejing:geheim@127.0.0.1:1/season").await;
    assert!(nowhere.contains("等了 1 秒还连不上") && nowhere.contains("127.0.0.1:1"), "{nowhere}");

    let database = cluster.database();
    database.sql(&format!("alter database {} set default_transaction_read_only = on", database.name()));
    assert!(told(&database.url()).await.contains("数据库设成了只读"));

    let latin = cluster.database();
    cluster.sql("postgres", &format!("drop database {0}", latin.name()));
    cluster.sql("postgres", &format!("create database {} encoding 'LATIN1' template template0", latin.name()));
    assert!(told(&latin.url()).await.contains("编码不是 UTF8"));

    let foreign = cluster.database();
    cluster.sql("postgres", "create role guest login");
    for revoked in ["create", "all"] {
        foreign.sql(&format!("revoke {revoked} on schema public from public"));
        let told = told(&foreign.url().replace("user=kejing", "user=guest")).await;
        assert!(told.contains("不能在里面建表"), "{told}");
    }
    cluster.sql("postgres", "drop role guest");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_cut_is_made_again_and_the_lane_goes_on() {
    let ground = Ground::postgres();
    let store = ground.open(&season()).await.unwrap();
    let mut lane = store.take_lane().await.unwrap();
    for i in 1..=5 {
        append(store.as_ref(), &mut lane, &[registers(i), starts(i, i)]).await.unwrap();
        let cut = "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name like 'kejing%'
                   and datname = current_database()";
        ground.sql(cut).await;
    }
    append(store.as_ref(), &mut lane, &[registers(6)]).await.unwrap();
    assert_eq!(store.lane().await.unwrap(), lane);
    let told = ground.open(&season()).await.err().unwrap();
    assert!(matches!(told, LedgerError::InUse { .. }), "the lock was not taken again: {told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_stays_away_ends_the_writer() {
    let cluster = Cluster::start(&["fsync=off"]);
    cluster.sql("postgres", "create database season");
    let store = open(&cluster.url("season")).await.unwrap();
    let store: &dyn kejing::ledger::store::Store = &store;
    let mut lane = store.take_lane().await.unwrap();
    append(store, &mut lane, &[registers(1)]).await.unwrap();
    cluster.end("fast");
    let told = append(store, &mut lane.clone(), &[registers(2)]).await.unwrap_err();
    assert!(matches!(told, LedgerError::Stalled { seconds: 1, .. }), "{told}");
    // Whoever asks again once it is back is served.
    cluster.begin();
    append(store, &mut lane, &[registers(2)]).await.unwrap();
}
