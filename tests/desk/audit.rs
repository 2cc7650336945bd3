//! The audit log: looked through, taken home, and checked by the binary itself.

use super::ROUNDS;
use super::done;
use super::refused;
use crate::faults::process::kejing;
use crate::harness::Server;
use crate::harness::ground::Ground;
use serde_json::Value;
use serde_json::json;
use std::sync::Arc;

/// The exit code, and what was said.
async fn verify(arguments: &[&str]) -> (Option<i32>, String) {
    let ran = kejing(&[&["audit", "verify"], arguments].concat()).output().await.unwrap();
    let told = [ran.stdout, ran.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (ran.status.code(), told)
}

async fn verify_ground(ground: &Ground) -> (Option<i32>, String) {
    let place = ground.ledger();
    match ground.is_postgres() {
        true => verify(&["--database", &place]).await,
        false => verify(&["--data", &place]).await,
    }
}

#[tokio::test]
async fn the_log_is_read_by_person_act_subject_and_time_page_by_page() {
    let server = Server::of(ROUNDS).await;
    let mut first = server.first_administrator().await;
    server.advance(60_000);
    let mut auditor = server.colleague(&mut first, "shen", json!([{"role": "auditor"}])).await;
    let who = first.look().await["staff"]["id"].as_str().unwrap().to_owned();
    let all = auditor.audit("limit=200").await;
    let acts: Vec<&str> = all.iter().map(|row| row["act"].as_str().unwrap()).collect();
    let expected = ["staff.joined", "staff.invited", "second_factor.taken", "second_factor.offered", "staff.set_up"];
    assert_eq!(acts, expected);
    assert!(all.iter().all(|row| row["from"] == "127.0.0.*" && row["hash"].as_str().unwrap().len() == 64), "{all:?}");

    assert_eq!(auditor.audit(&format!("who={who}")).await.len(), 4);
    assert_eq!(auditor.audit("act=staff.").await.len(), 3);
    assert_eq!(auditor.audit("act=staff").await.len(), 0);
    assert_eq!(auditor.audit(&format!("subject=staff:{who}&act=staff.set_up")).await.len(), 1);
    let later = all[1]["at"].as_i64().unwrap();
    assert_eq!(auditor.audit(&format!("from={later}")).await.len(), 2);
    assert_eq!(auditor.audit(&format!("to={later}")).await.len(), 3);
    let (_, page) = auditor.get("/audit?limit=2").await;
    let (_, rest) = auditor.get(&format!("/audit?before={}", page["next"].as_str().unwrap())).await;
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next"]), (3, &Value::Null));
    for wrong in ["limit=0", "limit=201", "limit=x", "from=x"] {
        refused(auditor.get(&format!("/audit?{wrong}")).await, 400, "bad_request");
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn an_export_and_the_log_itself_are_checked_while_the_server_runs() {
    let server = Server::of(ROUNDS).await;
    let mut first = server.first_administrator().await;
    server.colleague(&mut first, "wei", json!([{"role": "editor"}])).await;
    let export = done(first.get("/audit/export").await, 200);
    let export = export.as_str().unwrap();
    assert_eq!(export.lines().count(), 6, "with itself: {export}");
    let file = server.folder.path().join("export.ndjson");
    let path = file.to_str().unwrap();
    std::fs::write(&file, export).unwrap();
    let (code, told) = verify(&[path]).await;
    assert_eq!((code, told.contains("rows 6\n")), (Some(0), true), "{told}");
    let (code, own) = verify_ground(&server.folder).await;
    assert_eq!(code, Some(0), "{own}");
    let last = |told: &str| told.lines().find(|line| line.starts_with("last ")).unwrap().to_owned();
    assert_eq!(last(&told), last(&own));

    let lines: Vec<&str> = export.lines().collect();
    std::fs::write(&file, [lines[1], lines[0]].join("\n")).unwrap();
    assert_eq!(verify(&[path]).await.0, Some(1));
    assert_eq!(verify(&["nowhere.ndjson"]).await.0, Some(2));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_row_that_was_altered_taken_out_or_moved_is_found() {
    let server = Server::of(ROUNDS).await;
    let mut first = server.first_administrator().await;
    server.colleague(&mut first, "wei", json!([{"role": "editor"}])).await;
    let ground = Arc::clone(&server.folder);
    server.stop().await.unwrap();
    assert_eq!(verify_ground(&ground).await.0, Some(0));
    let whole = "select count(*) from audit";
    ground.desk_sql(whole).await;
    for (change, back, expected) in [
        (
            "update audit set reason = '改' where n = 2",
            "update audit set reason = null where n = 2",
            "第 2 条记录与它的校验值不符",
        ),
        (
            "update audit set n = -n where n in (2, 3); update audit set n = 5 + n where n in (-2, -3)",
            "update audit set n = -n where n in (2, 3); update audit set n = 5 + n where n in (-2, -3)",
            "第 2 条记录与它的校验值不符",
        ),
        ("update audit set n = 99 where n = 5", "update audit set n = 5 where n = 99", "末尾缺了记录"),
        ("delete from audit where n = 3", "select 1", "本该是第 3 条"),
    ] {
        ground.desk_sql(change).await;
        let (code, told) = verify_ground(&ground).await;
        assert_eq!((code, told.contains(expected)), (Some(1), true), "{change}: {told}");
        ground.desk_sql(back).await;
    }
}
