//! What `replay` finds when somebody has been at the ledger.

use crate::harness::Key;
use crate::harness::Server;
use crate::harness::ground::Ground;
use kejing::contest::replay::replay;
use kejing::ledger::rows::RawAnswer;
use kejing::ledger::runs::runs;
use std::sync::Arc;

const DAILY: &str = r#"
[[round]]
id = "daily"
name = "每日竞赛"
bank = "kexue"
question_seconds = 30
tally = "best"
feedback = "after_paper"

[[round.section]]
kind = "single"
count = 10
points = 10
"#;

/// Plays one paper, long enough that the right answers to it are not by chance those to another; does
/// `act` to the stopped ledger, and returns what replay says of it.
async fn after(act: &str) -> Vec<String> {
    let ground = played().await;
    // The two write bytes differently.
    ground.sql(&act.replace("ZEROS", &ground.bytes(&[0; 32]))).await;
    disagreements(&ground).await
}

async fn disagreements(ground: &Ground) -> Vec<String> {
    let store = ground.open_stopped().await.unwrap();
    let found = replay(store.as_ref()).await.unwrap().disagreements;
    store.close().await;
    found
}

async fn played() -> Arc<Ground> {
    let server = Server::of(DAILY).await;
    let key = Key::of_the_shipped_bank();
    let mut phone = server.phone("韦小兰").await;
    let first = phone.start("daily").await;
    phone.play_on(first, |question| key.right(question)).await;
    let ground = Arc::clone(&server.folder);
    server.stop().await.unwrap();
    ground
}

#[tokio::test]
async fn an_untouched_ledger_agrees() {
    assert_eq!(after("select 1").await, Vec::<String>::new());
}

#[tokio::test]
async fn whatever_vanishes_or_is_altered_is_found() {
    for act in [
        "delete from ended",
        "delete from answer_run where last_n = (select max(last_n) from answer_run)",
        "delete from start",
        "delete from participant",
        "delete from entry where n = 3",
        "update ended set score = 20",
        "update ended set elapsed_ms = elapsed_ms + 1",
        "update start set seed = ZEROS",
        "update start set previous = 7",
    ] {
        let found = after(act).await;
        assert!(!found.is_empty(), "{act} went unnoticed");
    }
}

#[tokio::test]
async fn an_answer_that_is_altered_or_taken_out_of_its_run_is_found() {
    let alter: [fn(&mut Vec<RawAnswer>); 4] = [
        |answers| answers[0].given *= 2,
        |answers| answers[0].seq += 1,
        |answers| answers[0].attempt.0 += 1,
        |answers| {
            answers.pop();
        },
    ];
    for (which, alter) in alter.into_iter().enumerate() {
        let ground = played().await;
        let store = ground.open_stopped().await.unwrap();
        let mut first = vec![store.answers(0).await.unwrap()[0]];
        store.close().await;
        drop(store);
        let n = first[0].n;
        alter(&mut first);
        let packed = runs(&first).pop().map_or_else(Vec::new, |run| run.packed);
        ground.sql(&format!("update answer_run set packed = {} where last_n = {n}", ground.bytes(&packed))).await;
        let found = disagreements(&ground).await;
        assert!(!found.is_empty(), "alteration {which} went unnoticed");
    }
}
