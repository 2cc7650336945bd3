//! Who asks again before the first answer has come: every attempt that was begun is ended with its result told.

use crate::harness::Server;
use crate::harness::steps::round;
use serde_json::Value;
use serde_json::json;
use std::collections::HashSet;

/// How often it is tried: what is looked for happens only where two commits come between a message and its telling.
const TRIES: usize = 40;

#[tokio::test]
async fn starts_on_each_others_heels_end_each_attempt_with_its_result() {
    let server = Server::of(&round("practice", "counts = false")).await;
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    phone.start("practice").await;
    let mut told: HashSet<Value> = HashSet::new();
    for _ in 0..TRIES {
        for _ in 0..3 {
            phone.say(json!({"type": "start", "round": "practice"})).await;
        }
        phone.say(json!({"type": "ping", "n": 1})).await;
        let mut open = Value::Null;
        let mut ponged = false;
        // Until all three were heard and the one that is open has told its question.
        loop {
            let message = phone.hear_any().await;
            match message["type"].as_str().unwrap() {
                "pong" => ponged = true,
                "result" => assert!(told.insert(message["attempt"].clone()), "told twice: {message}"),
                "question" => open = message["attempt"].clone(),
                _ => panic!("{message}"),
            }
            let attempts = server.got("/me/attempts", Some(&token)).await;
            let newest = &attempts["attempts"][0];
            if ponged && newest["state"] == "open" && newest["id"] == open {
                break;
            }
        }
        let attempts = server.got("/me/attempts", Some(&token)).await;
        for attempt in &attempts["attempts"].as_array().unwrap()[1..] {
            assert!(told.contains(&attempt["id"]), "never told: {attempt}");
        }
    }
    server.stop().await.unwrap();
}
