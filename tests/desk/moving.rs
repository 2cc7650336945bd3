//! A desk that moves: into a backup and back, from one database into the other; and the machine's own way in.

use super::ROUNDS;
use super::done;
use super::refused;
use crate::faults::process::kejing;
use crate::harness::Server;
use crate::harness::desk::PASSWORD;
use crate::harness::ground::Ground;
use kejing::domain::ids::SeasonId;
use kejing::ledger::desk;
use kejing::ledger::desk::DeskStore;
use serde_json::Value;
use serde_json::json;
use std::sync::Arc;

/// The exit code, and what was said.
async fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let ran = kejing(arguments).output().await.unwrap();
    let told = [ran.stdout, ran.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (ran.status.code(), told)
}

fn place(ground: &Ground) -> [String; 2] {
    [if ground.is_postgres() { "--database" } else { "--data" }.to_owned(), ground.ledger()]
}

#[tokio::test]
async fn the_machines_owner_lets_somebody_in_again_while_the_server_runs() {
    let server = Server::of(ROUNDS).await;
    let mut first = server.first_administrator().await;
    let [flag, at] = place(&server.folder);
    let (code, told) = run(&["staff", "reset", "--login", "nobody", &flag, &at]).await;
    assert_eq!((code, told.contains("没有登录名是「nobody」")), (Some(2), true), "{told}");
    let (code, told) = run(&["staff", "reset", "--login", "guan", "--reason", "管理员离职", &flag, &at]).await;
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(first.look().await["staff"], Value::Null, "at once");
    refused(first.sign_in(&server, PASSWORD).await, 401, "unauthorised");
    let link = told.split("https://网址").nth(1).unwrap().lines().next().unwrap();
    let mut first = server.accept(link, "guan").await;
    let written = &first.audit("act=staff.reset_on_the_machine").await[0];
    assert_eq!((&written["who"], &written["reason"]), (&Value::Null, &json!("管理员离职")));
    let server = server.restart(1_000).await;
    assert_eq!(server.browser().await.look().await["setup"], false, "somebody is there");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_folder_that_no_server_was_started_on_has_no_desk() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().to_str().unwrap();
    for command in [&["staff", "reset", "--login", "guan"][..], &["audit", "verify"]] {
        let (code, told) = run(&[command, &["--data", at]].concat()).await;
        assert_eq!((code, told.contains("还没有工作台")), (Some(2), true), "{told}");
    }
    assert_eq!(std::fs::read_dir(at).unwrap().count(), 0);
}

#[tokio::test]
async fn a_season_moves_with_its_desk_and_everybody_signs_in_there() {
    let server = Server::of(ROUNDS).await;
    let mut first = server.first_administrator().await;
    let mut editor = server.colleague(&mut first, "wei", json!([{"role": "editor"}])).await;
    server.join("韦小兰").await;
    let home = Arc::clone(&server.folder);
    let mut again = server.again();
    server.stop().await.unwrap();
    let (there, back) = (Ground::postgres(), Ground::sqlite());
    for (from, to) in [(home.as_ref(), &there), (&there, &back)] {
        let (code, told) = run(&["ledger", "copy", "--from", &from.ledger(), "--to", &to.ledger()]).await;
        assert_eq!(code, Some(0), "{told}");
        let desks: Vec<&str> = told.lines().filter_map(|line| line.trim().strip_prefix("desk ")).collect();
        assert_eq!((desks.len(), desks[0]), (2, desks[1]), "{told}");
    }
    again.folder = Arc::new(back);
    let server = again.start().await.unwrap();
    for clerk in [&mut first, &mut editor] {
        *clerk = clerk.clone().of(&server);
        assert_eq!(clerk.look().await["staff"]["login"], json!(clerk.login));
        done(clerk.sign_in(&server, PASSWORD).await, 200);
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn every_table_of_the_desk_moves_with_it() {
    let ground = Ground::sqlite();
    let store = ground.open_desk(&SeasonId("test".into())).await.unwrap();
    assert_eq!(store.read().await.unwrap().tables_left_out().await.unwrap(), Vec::<String>::new());
    store.close().await;
}

#[tokio::test]
async fn nothing_is_copied_over_a_desk_that_is_in_use() {
    let (one, other) = (Ground::chosen(), Ground::chosen());
    let season = SeasonId("test".into());
    let (one, other) = (one.open_desk(&season).await.unwrap(), other.open_desk(&season).await.unwrap());
    desk::copy(&one, &other).await.unwrap();
    assert_eq!(desk::digest(&one).await.unwrap(), desk::digest(&other).await.unwrap());
    let record = desk::Record {
        at: kejing::domain::time::Timestamp(1),
        who: None,
        network: String::new(),
        act: "test".into(),
        subject: "test".into(),
        before: None,
        after: None,
        reason: None,
        refused: false,
    };
    other.begin().await.unwrap().commit(record).await.unwrap();
    assert!(desk::copy(&one, &other).await.unwrap_err().to_string().contains("不是空的"));
    assert_ne!(desk::digest(&one).await.unwrap(), desk::digest(&other).await.unwrap());
    one.close().await;
    other.close().await;
}

#[tokio::test]
async fn another_seasons_desk_is_refused() {
    let ground = Ground::chosen();
    ground.open_desk(&SeasonId("test".into())).await.unwrap().close().await;
    let told = ground.open_desk(&SeasonId("other".into())).await.map(|_: DeskStore| ()).unwrap_err().to_string();
    assert!(told.contains("属于赛季「test」"), "{told}");
}

#[tokio::test]
async fn an_act_that_is_given_up_never_happened() {
    let ground = Ground::chosen();
    let store = ground.open_desk(&SeasonId("test".into())).await.unwrap();
    let id = kejing::domain::ids::StaffId("x".into());
    let grants = [desk::GrantRow { role: "auditor".into(), scope: String::new() }];
    let before = desk::digest(&store).await.unwrap();
    let mut act = store.begin().await.unwrap();
    act.set_grants(&id, &grants).await.unwrap();
    drop(act);
    let act = store.begin().await.unwrap();
    act.commit_unrecorded().await.unwrap();
    assert_eq!(store.read().await.unwrap().audit_end().await.unwrap().n, 0);
    assert_eq!(desk::digest(&store).await.unwrap(), before);
    store.close().await;
}
