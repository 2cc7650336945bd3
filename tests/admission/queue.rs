//! The ledger's queue: who has begun finds room longer than who comes new, and a full one refuses at once.

use crate::harness::Server;
use crate::harness::steps::round;
use kejing::domain::ids::SeasonId;
use kejing::domain::time::Timestamp;
use kejing::ledger::lane::Full;
use kejing::ledger::lane::KEPT_FOR_ANSWERS;
use kejing::ledger::lane::QUEUE_ENTRIES;
use kejing::ledger::lane::lane;
use kejing::ledger::sqlite::Sqlite;
use kejing::ledger::store::Store;
use std::sync::Arc;

#[tokio::test]
async fn starts_are_refused_while_answers_still_find_room() {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(Sqlite::open(folder.path(), &SeasonId("test".to_owned())).await.unwrap());
    let state = store.take_lane().await.unwrap();
    // Its writer is never run, so nothing leaves the queue.
    let (lane, _writer) = lane(Arc::clone(&store), state, Arc::new(|| Timestamp(0)));
    let mut rooms: Vec<_> = (0..QUEUE_ENTRIES - KEPT_FOR_ANSWERS).map(|_| lane.reserve_for_start().unwrap()).collect();
    assert!(matches!(lane.reserve_for_start(), Err(Full)), "what is left is for answers");
    rooms.extend((0..KEPT_FOR_ANSWERS).map(|_| lane.reserve().unwrap()));
    assert!(matches!(lane.reserve(), Err(Full)), "and no more than there is");
    assert_eq!(lane.waiting(), QUEUE_ENTRIES);
    rooms.truncate(QUEUE_ENTRIES - KEPT_FOR_ANSWERS - 1);
    assert!(lane.reserve_for_start().is_ok(), "what was not used comes back");
    drop(rooms);
    store.close().await;
}

#[tokio::test]
async fn a_full_queue_says_busy_to_who_comes_new_first_and_nothing_is_used_up() {
    let server = Server::of(&round("daily", "attempts_per_day = 1")).await;
    let (mut playing, token) = (server.phone("韦小兰").await, server.join("覃小满").await);
    let (mut waiting, _) = server.hello(&token).await;
    let first = playing.start("daily").await;
    let lane = server.contest.lane();
    let mut rooms = Vec::new();
    while let Ok(room) = lane.reserve_for_start() {
        rooms.push(room);
    }

    let start =
        serde_json::json!({"type": "start", "round": "daily", "request": "00000000-0000-4000-8000-000000000001"});
    waiting.say(start.clone()).await;
    let refused = waiting.refused("busy").await;
    assert!(refused["retry_after_ms"].as_u64().unwrap() > 0, "{refused}");
    let fields = serde_json::json!({"request": "00000000-0000-4000-8000-000000000002", "name": "梁小红", "city": "450200", "county": "450204"});
    let (status, body) = server.post("/participants", None, fields).await;
    assert_eq!((status, body["code"].as_str()), (503, Some("busy")), "{body}");
    assert!(body["retry_after_ms"].as_u64().unwrap() > 0, "{body}");
    playing.answer(&first, &[0]).await;
    let verdict = playing.hear("verdict").await;
    assert_eq!(verdict["seq"], first["seq"], "answers come first");

    while let Ok(room) = lane.reserve() {
        rooms.push(room);
    }
    let second = playing.hear("question").await;
    playing.answer(&second, &[0]).await;
    playing.refused("busy").await;
    drop(rooms);
    playing.answer(&second, &[0]).await;
    assert_eq!(playing.hear("verdict").await["seq"], second["seq"], "the same answer is taken now");
    waiting.say(start).await;
    waiting.hear("question").await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn reports_and_codes_are_kept_for_one_participant_only_so_often() {
    let server = Server::of(&round("daily", "")).await;
    let (mine, other) = (server.join("韦小兰").await, server.join("覃小满").await);
    let mut refused = None;
    for _ in 0..200 {
        let (status, body) = server.post("/me/code", Some(&mine), serde_json::json!({})).await;
        if status != 200 {
            refused = Some((status, body));
            break;
        }
    }
    let (status, body) = refused.expect("two hundred codes were given");
    assert_eq!((status, body["code"].as_str()), (429, Some("rate_limited")), "{body}");
    assert!(body["retry_after_ms"].as_u64().unwrap() > 0);
    assert_eq!(server.post("/me/code", Some(&other), serde_json::json!({})).await.0, 200, "others are not concerned");
    server.got("/me", Some(&mine)).await;
    server.stop().await.unwrap();
}
