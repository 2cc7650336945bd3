//! 公示: the commitment before, the secret after; and whoever has both draws every paper again.

use super::play;
use super::server;
use super::somebody;
use crate::harness::Server;
use kejing::domain::proof::Proof;
use kejing::domain::proof::ProofFault;
use serde_json::Value;
use serde_json::json;

/// From Tuesday 10:00 to the next Monday 00:00, in the season's time zone.
const TO_MONDAY_MS: i64 = (5 * 24 + 14) * 3_600_000;

async fn proof(server: &Server) -> Value {
    let (status, proof) = server.get("/rounds/daily/proof", None).await;
    assert_eq!(status, 200, "{proof}");
    proof
}

/// The proof once it tells a secret; the server publishes by itself.
async fn published(server: &Server) -> Value {
    for _ in 0..10_000 {
        let proof = proof(server).await;
        if proof.get("secrets").is_some() {
            return proof;
        }
        tokio::task::yield_now().await;
    }
    panic!("the secret did not come out");
}

#[tokio::test]
async fn a_periods_commitment_stands_before_it_opens_and_its_secret_comes_out_a_minute_after_its_end() {
    let server = server().await;
    let before = proof(&server).await;
    let commitments = before["commitments"].as_array().unwrap();
    assert_eq!(commitments.len(), 2, "this week's and, before it opens, next week's");
    assert!(commitments[1]["from"].as_i64().unwrap() > server.clock.now().0);
    assert!(before["blueprint"].is_object());
    let (_, season) = server.get("/season", None).await;
    assert_eq!(season["rounds"][0]["commitment"], commitments[0]["commitment"]);

    let token = somebody(&server, "韦小兰", "450200", json!({})).await;
    let (mut phone, _) = server.hello(&token).await;
    play(&server, &mut phone, |_| vec![0]).await;
    let result = play(&server, &mut phone, |_| vec![0]).await;
    let path = format!("/me/attempts/{}", result["attempt"].as_str().unwrap());
    server.advance(TO_MONDAY_MS - 2_000 + 59_999);
    let server = server.restart(0).await;
    assert_eq!(proof(&server).await.get("secrets"), None, "a minute is left for starts that were on their way");
    let (_, attempt) = server.get(&path, Some(&token)).await;
    for field in ["seed", "paper", "orders"] {
        assert_eq!(attempt.get(field), None, "{field} before the secret is out");
    }

    server.advance(60_000);
    let after = published(&server).await;
    assert_eq!(after["commitments"][0], before["commitments"][0], "what was promised stands");
    assert_eq!(after["secrets"].as_array().unwrap().len(), 1, "only of the week that is over");
    let proof: Proof = serde_json::from_value(after).unwrap();
    let (_, me) = server.get("/me", Some(&token)).await;
    let participant = me["participant"]["id"].as_str().unwrap();
    let drawn = proof.verify(1, participant, 2).unwrap();
    let (_, attempt) = server.get(&path, Some(&token)).await;
    assert_eq!(attempt["seed"], serde_json::to_value(drawn.seed).unwrap());
    let ids: Vec<Value> = drawn.questions.iter().map(|question| serde_json::to_value(&question.id).unwrap()).collect();
    let orders: Vec<_> = drawn.questions.iter().map(|question| &question.order).collect();
    assert_eq!((&attempt["paper"], &attempt["orders"]), (&json!(ids), &json!(orders)));
    assert_eq!(attempt["review"][0]["question"], ids[0]);
    assert_eq!(proof.verify(2, participant, 1), Err(ProofFault::NotPublished(2)));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_secret_waits_for_the_last_attempt_that_was_drawn_with_it() {
    let server = server().await;
    let token = somebody(&server, "韦小兰", "450200", json!({})).await;
    server.advance(TO_MONDAY_MS - 10_000);
    let (mut phone, _) = server.hello(&token).await;
    let question = phone.start("daily").await;
    server.advance(29_000);
    assert_eq!(proof(&server).await.get("secrets"), None);
    phone.answer(&question, &[0]).await;
    phone.hear("verdict").await;
    phone.hear("result").await;
    server.advance(41_000 + 60_000);
    let proof: Proof = serde_json::from_value(published(&server).await).unwrap();
    assert!(proof.published().eq([1]));
    server.stop().await.unwrap();
}
