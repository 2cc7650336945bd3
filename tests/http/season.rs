//! `GET /season`: where the season and its rounds are in their lives.

use super::ROUNDS;
use crate::harness::Server;
use crate::harness::Start;
use crate::harness::season;
use serde_json::Value;
use serde_json::json;

const DAY_MS: i64 = 86_400_000;

/// The states of the season and of its two rounds.
async fn states(server: &Server) -> [Value; 3] {
    let (status, season) = server.get("/season", None).await;
    assert_eq!(status, 200, "{season}");
    assert_eq!(season["now"], server.clock.now().0);
    [season["state"].clone(), season["rounds"][0]["state"].clone(), season["rounds"][1]["state"].clone()]
}

#[tokio::test]
async fn a_season_is_upcoming_open_settling_while_the_last_papers_run_and_closed() {
    let second = ROUNDS.replace("id = \"daily\"", "id = \"final\"").replace("每日竞赛", "决赛");
    let rounds = ROUNDS.replace("id = \"daily\"", "id = \"daily\"\ncloses = 2026-09-02T12:00:00") + &second;
    let window = "opens = 2026-09-02\nlast_day = 2026-09-02";
    let start = Start::of(&season(&rounds).replace("always_open = true", window));
    let server = start.start().await.unwrap();
    assert_eq!(states(&server).await, ["upcoming", "upcoming", "upcoming"]);
    server.advance(DAY_MS); // 10:00 on its day
    assert_eq!(states(&server).await, ["open", "open", "open"]);

    server.advance(2 * 3_600_000 - 1);
    let mut phone = server.phone("韦小兰").await;
    let question = phone.start("daily").await;
    server.advance(1);
    phone.hears_nothing().await;
    assert_eq!(states(&server).await, ["open", "settling", "open"], "one paper of it is still open");
    phone.answer(&question, &[0]).await;
    phone.hear("verdict").await;
    phone.hear("result").await;
    server.advance(1_000);
    assert_eq!(states(&server).await, ["open", "closed", "open"]);

    server.advance(12 * 3_600_000 - 1_001);
    let mut phone = server.phone("覃小满").await;
    let question = phone.start("final").await;
    server.advance(1);
    phone.hears_nothing().await;
    server.advance(1_000);
    assert_eq!(states(&server).await, ["settling", "closed", "settling"]);
    phone.answer(&question, &[0]).await;
    phone.hear("verdict").await;
    phone.hear("result").await;
    server.advance(1_000);
    assert_eq!(states(&server).await, ["closed", "closed", "closed"]);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_published_of_a_round_is_what_is_played() {
    let server = Server::of(ROUNDS).await;
    let (_, season) = server.get("/season", None).await;
    let round = &season["rounds"][0];
    let question = server.phone("韦小兰").await.start("daily").await;
    assert_eq!((&question["of"], &question["limit_ms"]), (&round["of"], &round["question_ms"]));
    assert_eq!((round["of"].clone(), round.get("paper_ms")), (json!(1), None));
    let rules = season["rules"].to_string() + &round["rules"].to_string();
    for said in ["30", "10"] {
        assert!(rules.contains(said), "{said}: {rules}");
    }
    server.stop().await.unwrap();
}
