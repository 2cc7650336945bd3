//! A paper from its first question to the boards.

use crate::harness::Key;
use crate::harness::Server;
use serde_json::json;

const DAILY: &str = r#"
[[round]]
id = "daily"
name = "每日竞赛"
bank = "kexue"
question_seconds = 30
attempts_per_day = 3
tally = "best"
feedback = "after_paper"

[[round.section]]
kind = "single"
count = 5
points = 10
"#;

#[tokio::test]
async fn a_whole_paper_is_played_scored_and_ranked() {
    let server = Server::of(DAILY).await;
    let key = Key::of_the_shipped_bank();
    let token = server.join("韦小兰").await;
    let (mut phone, welcome) = server.hello(&token).await;
    assert_eq!(welcome["attempt"], json!(null));
    let first = phone.start("daily").await;
    assert_eq!((&first["seq"], &first["of"], &first["remaining_ms"]), (&json!(1), &json!(5), &json!(30_000)));
    server.advance(2_000);
    let result = phone
        .play_on(first, |question| if question["seq"] == 3 { key.wrong(question) } else { key.right(question) })
        .await;
    assert_eq!((&result["score"], &result["correct"], &result["elapsed_ms"]), (&json!(40), &json!(4), &json!(2_000)));
    assert_eq!(result["ranks"]["round"], json!({"region": 1, "city": 1, "county": 1}));

    let (status, board) = server.get("/boards/region?round=daily&around=me", Some(&token)).await;
    assert_eq!(status, 200, "{board}");
    assert_eq!(board["entries"][0]["name"], "韦*兰");
    assert_eq!(board["me"]["rank"], 1);

    let id = result["attempt"].as_str().unwrap();
    let (_, attempt) = server.get(&format!("/me/attempts/{id}"), Some(&token)).await;
    assert_eq!(attempt["review"].as_array().unwrap().len(), 5);
    assert_eq!(attempt["review"][2]["correct"], false);
    let (_, receipt) = server.get(&format!("/receipts/{}", result["receipt"].as_str().unwrap()), None).await;
    assert_eq!(receipt["score"], 40);
    server.stop().await.unwrap();
}
