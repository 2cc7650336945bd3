//! Steps that many promises are made of.

use crate::harness::Key;
use crate::harness::PATIENCE;
use crate::harness::Phone;
use crate::harness::Server;
use crate::harness::Start;
use futures_util::SinkExt;
use futures_util::StreamExt;
use kejing::contest::clock::Clock;
use kejing::contest::replay::Replayed;
use kejing::contest::replay::replay;
use kejing::domain::time::Timestamp;
use kejing::transport::state::ServeSettings;
use serde_json::Value;
use serde_json::json;
use std::sync::Arc;
use tokio_tungstenite::tungstenite::Message;

/// Less than the silence that closes a socket.
const HEARD_EVERY_MS: i64 = 50_000;

/// One round of five single-choice questions of 10 points, under these lines.
pub(crate) fn round(id: &str, lines: &str) -> String {
    let section = "[[round.section]]\nkind = \"single\"\ncount = 5\npoints = 10\n";
    format!("[[round]]\nid = \"{id}\"\nname = \"{id}\"\n{lines}\n\n{section}\n")
}

/// The call did what was asked.
#[track_caller]
pub(crate) fn done((status, body): (u16, Value), expected: u16) -> Value {
    assert_eq!(status, expected, "{body}");
    body
}

/// Unix milliseconds of a civil time in Shanghai: `2026-09-01T10:00:00`.
pub(crate) fn shanghai(civil: &str) -> i64 {
    let at: jiff::Timestamp = format!("{civil}+08:00").parse().unwrap();
    at.as_millisecond()
}

/// The names of a list, as the wire has them.
pub(crate) fn each<'v>(list: &'v Value, field: &str) -> Vec<&'v Value> {
    list.as_array().unwrap().iter().map(|entry| &entry[field]).collect()
}

impl Start {
    /// On a clock that stands at this civil time in Shanghai.
    pub(crate) fn at(season: &str, civil: &str) -> Start {
        Start { clock: Clock::standing_at(Timestamp(shanghai(civil))), ..Start::of(season) }
    }
}

impl Server {
    /// A start on this server's folder and clock.
    pub(crate) fn again(&self) -> Start {
        Start {
            season: self.season.clone(),
            folder: Arc::clone(&self.folder),
            clock: self.clock.clone(),
            accept_change: None,
            settings: ServeSettings { connections_max: 1_000, ..ServeSettings::default() },
        }
    }

    /// Stops it and replays its ledger, which has to agree.
    pub(crate) async fn replayed(self) -> Replayed {
        let ground = Arc::clone(&self.folder);
        self.stop().await.unwrap();
        let replayed = replay(ground.open_stopped().await.unwrap().as_ref()).await.unwrap();
        assert_eq!(replayed.disagreements, Vec::<String>::new());
        replayed
    }

    /// A GET that has to succeed.
    pub(crate) async fn got(&self, path: &str, token: Option<&str>) -> Value {
        let (status, body) = self.get(path, token).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// Asks until the answer is as expected: for what time brings while no phone is there to be told.
    pub(crate) async fn eventually(&self, path: &str, token: &str, expected: impl Fn(&Value) -> bool) -> Value {
        let asking = async {
            loop {
                let body = self.got(path, Some(token)).await;
                if expected(&body) {
                    return body;
                }
            }
        };
        tokio::time::timeout(PATIENCE, asking)
            .await
            .unwrap_or_else(|_| panic!("{path} did not come to what was expected"))
    }

    /// Once the newest attempt of this participant is over, what is told of it.
    pub(crate) async fn over(&self, token: &str) -> Value {
        let mut body = self.eventually("/me/attempts", token, |body| body["attempts"][0]["state"] != "open").await;
        body["attempts"][0].take()
    }

    /// A round as `GET /season` tells it.
    pub(crate) async fn round(&self, id: &str) -> Value {
        let season = self.got("/season", None).await;
        season["rounds"].as_array().unwrap().iter().find(|round| round["id"] == id).unwrap().clone()
    }

    /// A round as `GET /me` tells it.
    pub(crate) async fn mine(&self, round: &str, token: &str) -> Value {
        let me = self.got("/me", Some(token)).await;
        me["rounds"].as_array().unwrap().iter().find(|mine| mine["id"] == round).unwrap().clone()
    }

    /// A figure of `/metrics`.
    pub(crate) async fn figure(&self, name: &str) -> i64 {
        let text = self.http.get(self.url("/metrics")).send().await.unwrap().text().await.unwrap();
        let figure = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
        figure.unwrap_or_else(|| panic!("{name} is not among the figures: {text}"))
    }

    /// Asks until the figure is as expected.
    pub(crate) async fn comes_to(&self, name: &str, expected: i64) {
        let asking = async { while self.figure(name).await != expected {} };
        tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("{name} did not come to {expected}"));
    }

    /// The ranks and names of a board.
    pub(crate) async fn board(&self, path: &str) -> Vec<(u64, String, u64)> {
        let board = self.got(&format!("/boards/{path}"), None).await;
        let row = |entry: &Value| {
            (
                entry["rank"].as_u64().unwrap(),
                entry["name"].as_str().unwrap().to_owned(),
                entry["score"].as_u64().unwrap(),
            )
        };
        board["entries"].as_array().unwrap().iter().map(row).collect()
    }
}

impl Phone {
    /// Goes, and returns once the server has let the seat go.
    pub(crate) async fn leave(mut self) {
        self.socket.send(Message::Close(None)).await.unwrap();
        let gone = async { while let Some(Ok(_)) = self.socket.next().await {} };
        tokio::time::timeout(PATIENCE, gone).await.expect("the server did not let the socket go");
    }

    /// Lets time pass on a socket that stays; nothing may come but what is returned.
    pub(crate) async fn stay(&mut self, server: &Server, ms: i64) -> Vec<Value> {
        let mut heard = Vec::new();
        let mut left = ms;
        while left > 0 {
            let step = left.min(HEARD_EVERY_MS);
            server.advance(step);
            left -= step;
            self.say(json!({"type": "ping", "n": left})).await;
            loop {
                let message = self.hear_any().await;
                if message["type"] == "pong" {
                    break;
                }
                heard.push(message);
            }
        }
        heard
    }

    /// Answers and hears the verdict.
    pub(crate) async fn verdict(&mut self, question: &Value, choices: &[usize]) -> Value {
        self.answer(question, choices).await;
        self.hear("verdict").await
    }

    pub(crate) async fn next(&mut self, question: &Value) -> Value {
        self.say(json!({"type": "next", "attempt": question["attempt"]})).await;
        self.hear("question").await
    }

    pub(crate) async fn finish(&mut self, question: &Value) -> Value {
        self.say(json!({"type": "finish", "attempt": question["attempt"]})).await;
        self.hear("result").await
    }

    /// Is refused a start.
    pub(crate) async fn start_refused(&mut self, round: &str, code: &str) -> Value {
        self.say(json!({"type": "start", "round": round})).await;
        self.refused(code).await
    }

    /// Plays on to the result under any feedback: the questions up to `right` right, the rest wrong, each after `pace_ms`.
    pub(crate) async fn play_right(
        &mut self,
        server: &Server,
        key: &Key,
        first: Value,
        right: u64,
        pace_ms: i64,
    ) -> Value {
        let mut question = first;
        loop {
            server.advance(pace_ms);
            let is_right = question["seq"].as_u64().unwrap() <= right;
            let choices = if is_right { key.right(&question) } else { key.wrong(&question) };
            let verdict = self.verdict(&question, &choices).await;
            if let Some(correct) = verdict.get("correct") {
                assert_eq!(correct, is_right, "{question} {verdict}");
            }
            if verdict["last"] == true {
                return self.hear("result").await;
            }
            question =
                if verdict.get("correct").is_some() { self.next(&question).await } else { self.hear("question").await };
        }
    }

    /// Starts a round and plays it, as [`Phone::play_right`].
    pub(crate) async fn play(&mut self, server: &Server, key: &Key, round: &str, right: u64, pace_ms: i64) -> Value {
        let first = self.start(round).await;
        self.play_right(server, key, first, right, pace_ms).await
    }
}
