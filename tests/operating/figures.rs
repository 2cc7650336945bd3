//! `/metrics` tells what operators watch, and what the dashboard and the alarms ask for is told.

use super::ROUNDS;
use crate::harness::Server;
use crate::harness::root;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// Each line's figure, by its name with its labels.
async fn figures(server: &Server) -> BTreeMap<String, f64> {
    let told = server.http.get(server.url("/metrics")).send().await.unwrap();
    // Prometheus reads it by what it is said to be, and refuses it as anything else.
    assert!(
        told.headers()["content-type"].to_str().unwrap().starts_with("application/openmetrics-text; version=1.0.0")
    );
    let text = told.text().await.unwrap();
    let line = |line: &str| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        (name.to_owned(), value.parse().unwrap())
    };
    text.lines().filter(|line| !line.starts_with('#')).map(line).collect()
}

#[tokio::test]
async fn an_answer_is_seen_in_the_figures() {
    let server = Server::of(ROUNDS).await;
    let mut phone = server.phone("韦小兰").await;
    let question = phone.start("daily").await;
    let open = figures(&server).await;
    assert_eq!((open["kejing_live_attempts"], open["kejing_sockets"]), (1.0, 1.0));
    phone.play_on(question, |_| vec![0]).await;
    let told = figures(&server).await;
    assert_eq!(told["kejing_live_attempts"], 0.0);
    assert_eq!(told["kejing_answers_total"], 3.0);
    assert_eq!(told["kejing_verdict_seconds_count"], 3.0);
    assert!(told["kejing_commit_seconds_count"] >= 4.0);
    assert!(told["kejing_commit_entries_sum"] >= 4.0);
    assert!(told["kejing_ledger_last_entry"] > open["kejing_ledger_last_entry"]);
    assert_eq!((told["kejing_ready"], told["kejing_ledger_waiting"]), (1.0, 0.0));
    assert_eq!(told["kejing_connections_limit"], 1_000.0);
    assert!(told["process_resident_memory_bytes"] > 1e6 && told["process_open_fds"] > 3.0);
    assert!(told.keys().any(|name| name.starts_with("kejing_build_info{version=")));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_refused_is_counted_by_its_code() {
    let server = Server::of(ROUNDS).await;
    let mut phone = server.phone("韦小兰").await;
    phone.say(serde_json::json!({"type": "start", "round": "nowhere"})).await;
    phone.refused("unknown_round").await;
    assert_eq!(server.get("/nowhere", None).await.0, 404);
    assert_eq!(server.http.get(server.url("/ws")).send().await.unwrap().status(), 400, "no WebSocket is asked for");
    let told = figures(&server).await;
    assert_eq!(told["kejing_refusals_total{code=\"unknown_round\"}"], 1.0);
    assert_eq!(told["kejing_requests_total{status=\"404\"}"], 1.0);
    assert_eq!(told["kejing_refusals_total{code=\"not_found\"}"], 1.0, "over HTTP as over the socket");
    assert_eq!(told["kejing_refusals_total{code=\"bad_request\"}"], 1.0);
    server.stop().await.unwrap();
}

/// Every word of a text that is a metric's name.
fn named(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("kejing_") || word.starts_with("process_")).map(str::to_owned).collect()
}

#[tokio::test]
async fn the_dashboard_and_the_alarms_ask_only_for_what_is_told() {
    let server = Server::of(ROUNDS).await;
    let mut phone = server.phone("韦小兰").await;
    phone.say(serde_json::json!({"type": "start", "round": "nowhere"})).await;
    phone.refused("unknown_round").await;
    let told: BTreeSet<String> =
        figures(&server).await.into_keys().map(|name| name.split('{').next().unwrap().to_owned()).collect();
    let dashboard = std::fs::read_to_string(root().join("deploy/grafana-dashboard.json")).unwrap();
    let parsed: serde_json::Value = serde_json::from_str(&dashboard).unwrap();
    let panels = parsed["panels"].as_array().unwrap();
    let expressions: Vec<&str> = panels
        .iter()
        .flat_map(|panel| panel["targets"].as_array().unwrap())
        .map(|target| target["expr"].as_str().unwrap())
        .collect();
    let shown = named(&expressions.join("\n"));
    let alarms = std::fs::read_to_string(root().join("deploy/alerts.yml")).unwrap();
    let alarms: Vec<&str> = alarms.lines().filter(|line| line.trim_start().starts_with("expr:")).collect();
    for name in shown.union(&named(&alarms.join("\n"))) {
        assert!(told.contains(name), "{name} is asked for and not told");
    }
    // And each figure has its panel.
    for name in told.iter().filter(|name| !name.ends_with("_sum") && !name.ends_with("_count")) {
        let histogram = name.trim_end_matches("_bucket");
        assert!(shown.iter().any(|shown| shown.starts_with(histogram)), "{name} is on no panel");
    }
    server.stop().await.unwrap();
}
