//! What `replay` finds when somebody has been at the ledger.

use crate::harness::Key;
use crate::harness::Server;
use kejing::contest::replay::replay;

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

/// Plays one paper, long enough that the right answers to it are not by chance those to another; does `act` to the stopped ledger, and returns what replay says of it.
async fn after(act: &'static str) -> Vec<String> {
    let server = Server::of(DAILY).await;
    let key = Key::of_the_shipped_bank();
    let mut phone = server.phone("韦小兰").await;
    let first = phone.start("daily").await;
    phone.play_on(first, |question| key.right(question)).await;
    let ground = std::sync::Arc::clone(&server.folder);
    server.stop().await.unwrap();
    // The two write bytes differently.
    let zeros = "00".repeat(32);
    let zeros = if ground.is_postgres() { format!("'\\x{zeros}'") } else { format!("x'{zeros}'") };
    ground.sql(&act.replace("ZEROS", &zeros)).await;
    let store = ground.open_stopped().await.unwrap();
    replay(store.as_ref()).await.unwrap().disagreements
}

#[tokio::test]
async fn an_untouched_ledger_agrees() {
    assert_eq!(after("select 1").await, Vec::<String>::new());
}

#[tokio::test]
async fn whatever_vanishes_or_is_altered_is_found() {
    for act in [
        "delete from ended",
        "delete from answer where seq = 3",
        "delete from start",
        "delete from participant",
        "delete from entry where n = 3",
        "update ended set score = 20",
        "update ended set elapsed_ms = elapsed_ms + 1",
        "update answer set given = given * 2 where seq = 1",
        "update start set seed = ZEROS",
    ] {
        let found = after(act).await;
        assert!(!found.is_empty(), "{act} went unnoticed");
    }
}
