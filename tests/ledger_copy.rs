//! `kejing ledger copy`: a season from one database into the other and back, the same to the last byte.

use crate::faults::process::kejing;
use crate::harness::Key;
use crate::harness::Server;
use crate::harness::ground::Ground;
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
count = 3
points = 10
"#;

/// The exit code, and everything that was said.
async fn copy(from: &Ground, to: &Ground) -> (Option<i32>, String) {
    let copied = kejing(&["ledger", "copy", "--from", &from.ledger(), "--to", &to.ledger()]).output().await.unwrap();
    let told = [copied.stdout, copied.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (copied.status.code(), told)
}

/// The digests over all rows that were printed.
fn digests(told: &str) -> Vec<&str> {
    told.lines().filter_map(|line| line.trim().strip_prefix("rows ")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_season_moves_to_postgres_and_back_and_goes_on_there() {
    let server = Server::of(DAILY).await;
    let key = Key::of_the_shipped_bank();
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    let first = phone.start("daily").await;
    let result = phone.play_on(first, |question| key.right(question)).await;
    let open = phone.start("daily").await;
    server.join("覃大山").await;
    let home = Arc::clone(&server.folder);
    let mut again = server.again();

    let (postgres, folder) = (Ground::postgres(), Ground::sqlite());
    let (code, told) = copy(&home, &postgres).await;
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("正被另一个科竞进程使用"), "{told}");

    server.stop().await.unwrap();
    let (code, there) = copy(&home, &postgres).await;
    assert_eq!(code, Some(0), "{there}");
    let (code, told) = copy(&home, &postgres).await;
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("不是空的"), "{told}");
    let (code, back) = copy(&postgres, &folder).await;
    assert_eq!(code, Some(0), "{back}");
    let all = [digests(&there), digests(&back)].concat();
    assert_eq!(all.len(), 4, "{there}{back}");
    assert!(all.iter().all(|digest| *digest == all[0]), "{all:?}");
    assert!(there.contains("attempts 1\n") && there.contains("participants 2\n"), "{there}");

    again.folder = Arc::new(folder);
    let server = again.start().await.unwrap();
    let (mut phone, welcome) = server.hello(&token).await;
    assert_eq!(welcome["attempt"], open["attempt"]);
    assert_eq!(phone.hear("question").await["stem"], open["stem"]);
    let attempts = server.got("/me/attempts", Some(&token)).await;
    assert_eq!(attempts["attempts"][1]["receipt"], result["receipt"]);
    server.replayed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_that_was_not_copied_to_the_end_is_not_served_or_copied() {
    for ground in [Ground::sqlite(), Ground::postgres()] {
        let season = crate::conformance::facts::season();
        let store = ground.open(&season).await.unwrap();
        store.begin_copy().await.unwrap();
        store.close().await;
        drop(store);
        let store = ground.open(&season).await.unwrap();
        let told = store.take_lane().await.unwrap_err().to_string();
        assert!(told.contains("没有拷贝完"), "{told}");
        store.close().await;
        drop(store);
        let (code, _) = copy(&ground, &Ground::sqlite()).await;
        assert_eq!(code, Some(1));
    }
}
