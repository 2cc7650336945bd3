//! The server goes and comes back: nobody loses time, nothing told is lost, and no file changes in silence.

use crate::harness::Key;
use crate::harness::Phone;
use crate::harness::Server;
use crate::harness::Start;
use crate::harness::season;
use crate::harness::steps::each;
use crate::harness::steps::round;
use crate::harness::steps::shanghai;
use serde_json::Value;
use serde_json::json;

/// What a moment was worth is in doubt by so much after a stop, to the participant's favour.
const DOUBT_MS: i64 = 100;
const AN_HOUR: i64 = 3_600_000;

/// Comes back to a started server; hears what is told after the welcome.
async fn back(server: &Server, token: &str, attempt: &Value) -> (Phone, Value) {
    let (mut phone, welcome) = server.hello(token).await;
    assert_eq!(welcome["attempt"], *attempt);
    let told = phone.hear_any().await;
    (phone, told)
}

#[tokio::test]
async fn an_open_question_and_the_papers_clock_lose_nothing() {
    let server = Server::of(&round("daily", "question_seconds = 30\npaper_seconds = 100")).await;
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    let first = phone.start("daily").await;
    server.advance(7_000);
    phone.verdict(&first, &[]).await;
    let second = phone.hear("question").await;
    server.advance(10_000);
    let server = server.restart(AN_HOUR).await;
    let (mut phone, again) = back(&server, &token, &second["attempt"]).await;
    let mut expected = second.clone();
    expected["remaining_ms"] = json!(20_000 + DOUBT_MS);
    expected["paper_remaining_ms"] = json!(83_000 + DOUBT_MS);
    assert_eq!(again, expected);
    // Twice, and the limit still stands where it stood.
    server.advance(5_000);
    let server = server.restart(AN_HOUR).await;
    let (mut phone_again, _) = back(&server, &token, &second["attempt"]).await;
    server.advance(15_000 + 1_000 + 2 * DOUBT_MS);
    phone_again.hears_nothing().await;
    server.advance(1);
    assert_eq!(phone_again.hear("verdict").await["timed_out"], true);
    let third = phone_again.hear("question").await;
    assert_eq!(phone_again.finish(&third).await["elapsed_ms"], 37_000);
    phone.ended().await;
    server.replayed().await;
}

#[tokio::test]
async fn elapsed_holds_nothing_of_the_outage() {
    let server = Server::of(&round("daily", "question_seconds = 30")).await;
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    let first = phone.start("daily").await;
    server.advance(4_000);
    let server = server.restart(10_000).await;
    let (mut phone, again) = back(&server, &token, &first["attempt"]).await;
    server.advance(3_000);
    phone.verdict(&again, &[]).await;
    let second = phone.hear("question").await;
    assert_eq!(phone.finish(&second).await["elapsed_ms"], 7_000 - DOUBT_MS);
    server.replayed().await;
}

#[tokio::test]
async fn a_verdict_that_is_read_waits_on() {
    let server = Server::of(&round("daily", "question_seconds = 30\nfeedback = \"after_each\"")).await;
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    let first = phone.start("daily").await;
    let verdict = phone.verdict(&first, &[0]).await;
    server.advance(15_000);
    let server = server.restart(AN_HOUR).await;
    let (mut phone, told) = back(&server, &token, &first["attempt"]).await;
    assert_eq!(told, verdict);
    server.advance(5_000 + DOUBT_MS - 1);
    phone.hears_nothing().await;
    server.advance(1);
    let second = phone.hear("question").await;
    assert_eq!((&second["seq"], &second["remaining_ms"]), (&json!(2), &json!(30_000)));
    // And a question that was opened by `next` stays open.
    server.advance(1_000);
    let server = server.restart(AN_HOUR).await;
    let (mut phone, told) = back(&server, &token, &first["attempt"]).await;
    assert_eq!((&told["seq"], &told["stem"]), (&json!(2), &second["stem"]));
    phone.finish(&told).await;
    server.replayed().await;
}

#[tokio::test]
async fn an_attempt_without_limits_is_not_ended_by_an_outage() {
    let server = Server::of(&round("daily", "")).await;
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    let first = phone.start("daily").await;
    let server = server.restart(24 * AN_HOUR).await;
    let (mut phone, again) = back(&server, &token, &first["attempt"]).await;
    assert_eq!(again, first);
    phone.finish(&again).await;
    server.replayed().await;
}

#[tokio::test]
async fn a_rounds_end_moves_on_by_the_outage() {
    let lines = "opens = 2026-09-01T09:00:00\ncloses = 2026-09-01T10:30:00";
    let server = Server::of(&round("daily", lines)).await;
    let token = server.join("韦小兰").await;
    let server = server.restart(2 * AN_HOUR).await;
    let closes = shanghai("2026-09-01T12:30:00") + DOUBT_MS;
    let told = server.round("daily").await;
    assert_eq!((&told["closes"], &told["state"]), (&json!(closes), &json!("open")));
    server.advance(30 * 60_000 + DOUBT_MS - 1);
    let (mut phone, _) = server.hello(&token).await;
    let first = phone.start("daily").await;
    phone.finish(&first).await;
    server.advance(1);
    phone.start_refused("daily", "round_not_open").await;
    server.replayed().await;
}

#[tokio::test]
async fn the_end_of_a_long_round_moves_on_over_a_sundays_midnight() {
    let window = "opens = 2026-07-20\nlast_day = 2026-09-06";
    let file = season(&round("daily", "")).replace("always_open = true", window);
    let server = Start::at(&file, "2026-09-06T23:30:00").start().await.unwrap();
    let token = server.join("韦小兰").await;
    let server = server.restart(2 * AN_HOUR).await;
    assert_eq!(server.round("daily").await["state"], "open");
    let (mut phone, _) = server.hello(&token).await;
    let first = phone.start("daily").await;
    phone.finish(&first).await;
    server.replayed().await;
}

#[tokio::test]
async fn what_is_told_is_the_same_before_and_after() {
    let rounds = round("daily", "attempts_per_day = 3\nquestion_seconds = 30")
        + &round("practice", "counts = false\nfeedback = \"after_each\"");
    let server = Server::of(&rounds).await;
    let key = Key::of_the_shipped_bank();
    let mut tokens = Vec::new();
    for (name, right) in [("甲甲一", 3), ("乙乙二", 5), ("丙丙三", 3)] {
        let token = server.join(name).await;
        let (mut phone, _) = server.hello(&token).await;
        phone.play(&server, &key, "daily", right, 1_000).await;
        phone.play(&server, &key, "practice", 4, 1_000).await;
        phone.play(&server, &key, "daily", 1, 500).await;
        tokens.push(token);
    }
    let before = everything(&server, &tokens).await;
    let server = server.restart(5_000).await;
    assert_eq!(everything(&server, &tokens).await, before);
    // An attempt that ended is still named for ten minutes.
    let (_, welcome) = server.hello(&tokens[2]).await;
    assert_eq!(welcome["ended"], before[&format!("{} /me/attempts", tokens[2])]["attempts"][0]["id"]);
    let server = server.restart(AN_HOUR).await;
    assert_eq!(everything(&server, &tokens).await, before);
    let (_, welcome) = server.hello(&tokens[2]).await;
    assert_eq!(welcome["ended"], json!(null));
    let replayed = server.replayed().await;
    assert_eq!((replayed.attempts, replayed.participants), (9, 3));
}

/// Every GET that tells of attempts, limits and boards, without the moment of asking.
async fn everything(server: &Server, tokens: &[String]) -> serde_json::Map<String, Value> {
    let mut told = serde_json::Map::new();
    for path in
        ["region", "region?round=daily", "city:450200", "county:450204", "cities", "cities?by=attempts&round=daily"]
    {
        let mut board = server.got(&format!("/boards/{path}"), None).await;
        for moment in ["as_of", "revision"] {
            board.as_object_mut().unwrap().remove(moment);
        }
        told.insert(path.to_owned(), board);
    }
    for token in tokens {
        for path in ["/me", "/me/attempts"] {
            told.insert(format!("{token} {path}"), server.got(path, Some(token)).await);
        }
        for id in
            each(&told[&format!("{token} /me/attempts")]["attempts"], "id").into_iter().cloned().collect::<Vec<_>>()
        {
            let path = format!("/me/attempts/{}", id.as_str().unwrap());
            told.insert(path.clone(), server.got(&path, Some(token)).await);
        }
    }
    told.insert("proof".to_owned(), server.got("/rounds/daily/proof", None).await);
    told
}

/// Why a start is refused.
async fn refused(start: Start) -> String {
    match start.start().await {
        Ok(_) => panic!("it started"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn a_clock_behind_the_ledger_is_refused() {
    let server = Server::of(&round("daily", "")).await;
    server.join("韦小兰").await;
    let again = server.again();
    server.stop().await.unwrap();
    again.clock.advance(-90_000);
    let told = refused(again).await;
    assert!(told.contains("2026-09-01T09:58:30") && told.contains("2026-09-01T10:00:00"), "{told}");
    assert!(told.contains("还早 90 秒。请先校准系统时间再启动"), "{told}");
}

#[tokio::test]
async fn the_same_folder_is_served_once() {
    let server = Server::of(&round("daily", "")).await;
    let told = refused(server.again()).await;
    assert!(told.contains("正被另一个科竞进程使用"), "{told}");
    assert_eq!(server.round("daily").await["state"], "open", "the first one serves on");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_changed_season_file_is_refused_and_accepted_with_a_reason() {
    let server = Server::of(&round("daily", "question_seconds = 30\nattempts_per_day = 3")).await;
    let key = Key::of_the_shipped_bank();
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    phone.play(&server, &key, "daily", 4, 1_000).await;
    let open = phone.start("daily").await;
    let tokens = [token.clone()];
    let before = everything(&server, &tokens).await;
    let proof = server.got("/rounds/daily/proof", None).await;

    let changed =
        server.season.replace("question_seconds = 30", "question_seconds = 20").replace("points = 10", "points = 20");
    let same = server.again();
    let (refusing, accepting) = (Start { season: changed.clone(), ..server.again() }, server.again());
    server.stop().await.unwrap();
    let told = refused(refusing).await;
    assert!(
        told.contains("--accept-season-change") && told.contains("场次「daily」的每题时限由「30 秒」改为「20 秒」"),
        "{told}"
    );
    // Refused, it has changed nothing.
    same.start().await.unwrap().stop().await.unwrap();

    let reason = Some("缩短时限".to_owned());
    let server = Start { season: changed, accept_change: reason, ..accepting }.start().await.unwrap();
    let mut after = everything(&server, &tokens).await;
    let proof_after = after.insert("proof".to_owned(), proof.clone()).unwrap();
    assert_eq!(after, before, "what is past is untouched");
    let (old, new) = (each(&proof["commitments"], "commitment"), each(&proof_after["commitments"], "commitment"));
    assert!(new.starts_with(&old) && new.len() == 2 * old.len(), "new draw periods beside the old ones: {new:?}");
    let (mut phone, going_on) = back(&server, &token, &open["attempt"]).await;
    assert_eq!(
        (&going_on["stem"], &going_on["limit_ms"]),
        (&open["stem"], &json!(30_000)),
        "an open attempt keeps its rules"
    );
    assert_eq!(phone.play_right(&server, &key, going_on, 5, 1_000).await["score"], 50);
    let result = phone.play(&server, &key, "daily", 5, 1_000).await;
    assert_eq!(result["score"], 100);
    server.restart(1_000).await.replayed().await;
}

#[tokio::test]
async fn attempts_of_a_round_that_the_new_file_no_longer_has_stay_in_the_ledger() {
    let server = Server::of(&(round("daily", "") + &round("extra", ""))).await;
    let key = Key::of_the_shipped_bank();
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    phone.play(&server, &key, "extra", 4, 1_000).await;
    phone.play(&server, &key, "daily", 3, 1_000).await;
    let start =
        Start { season: season(&round("daily", "")), accept_change: Some("取消加赛".to_owned()), ..server.again() };
    server.stop().await.unwrap();
    let server = start.start().await.unwrap();
    assert_eq!(server.board("region").await, [(1, "韦*兰".to_owned(), 30)]);
    assert_eq!(server.replayed().await.attempts, 2, "and are recomputed from it");
}

#[tokio::test]
async fn a_changed_bank_is_refused_and_accepted_with_a_reason() {
    let server = Server::of(&round("daily", "question_seconds = 30")).await;
    let key = Key::of_the_shipped_bank();
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    let path =
        format!("/me/attempts/{}", phone.play(&server, &key, "daily", 4, 1_000).await["attempt"].as_str().unwrap());
    let before = server.got(&path, Some(&token)).await;

    let (refusing, accepting) = (server.again(), server.again());
    change_bank(&server);
    server.stop().await.unwrap();
    let told = refused(refusing).await;
    assert!(told.contains("题库「kexue」：新增 0 题，删去 0 题，改动 40 题"), "{told}");
    let server = Start { accept_change: Some("改写解析".to_owned()), ..accepting }.start().await.unwrap();
    assert_eq!(server.got(&path, Some(&token)).await, before, "what is past is told from the bank as it was");
    let (mut phone, _) = server.hello(&token).await;
    phone.play(&server, &key, "daily", 5, 1_000).await;
    server.restart(1_000).await.replayed().await;
}

/// Puts a copy in the place of the shipped bank, with other explanations in one of its files.
fn change_bank(server: &Server) {
    let shipped = crate::harness::root().join("question-bank/kexue");
    let link = server.folder.path().join("question-bank");
    std::fs::remove_file(&link).unwrap();
    std::fs::create_dir_all(link.join("kexue")).unwrap();
    let mut files: Vec<_> = std::fs::read_dir(shipped).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    for (i, file) in files.iter().enumerate() {
        let text = std::fs::read_to_string(file).unwrap();
        let text = if i == 0 { text.replace("explanation = \"", "explanation = \"（已改写）") } else { text };
        std::fs::write(link.join("kexue").join(file.file_name().unwrap()), text).unwrap();
    }
}
