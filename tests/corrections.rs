//! 更正: what two decide about a question is so for everyone at once, and nothing that was told before is told otherwise.

mod anew;

use crate::harness::Key;
use crate::harness::Phone;
use crate::harness::Server;
use crate::harness::steps::round;
use crate::wire::like;
use kejing::contest::correct::AppliedCorrection;
use kejing::contest::correct::CorrectionRefusal;
use kejing::contest::correct::Progress;
use kejing::contest::correct::Proposal;
use kejing::contest::preview::Preview;
use kejing::domain::correction::Remedy;
use kejing::domain::ids::QuestionId;
use kejing::domain::ids::RoundIndex;
use kejing::domain::question::Choices;
use kejing::domain::question::Question;
use serde_json::Value;
use serde_json::json;
use std::sync::Arc;

fn two() -> [String; 2] {
    ["韦主任".to_owned(), "莫老师".to_owned()]
}

fn proposal(question: &Question, remedy: Remedy) -> Proposal {
    Proposal { bank: "kexue".to_owned(), question: question.id.clone(), versions: Vec::new(), remedy }
}

async fn correct(server: &Server, question: &Question, remedy: Remedy) -> AppliedCorrection {
    let proposal = proposal(question, remedy);
    let reason = "参考答案有误".to_owned();
    server.contest.apply_correction(proposal, reason, two(), Arc::default()).await.unwrap()
}

async fn preview(server: &Server, question: &Question, remedy: Remedy) -> Preview {
    server.contest.preview_correction(&proposal(question, remedy), Arc::default()).await.unwrap()
}

/// The bank's question that is shown.
fn shown(server: &Server, told: &Value) -> Question {
    let period = server.contest.periods_of(RoundIndex(0)).last().unwrap().clone();
    let stem = told["stem"].as_str().unwrap();
    period.bank.questions.iter().find(|question| question.stem == stem).unwrap().clone()
}

/// The bank's places of the options that are shown at these.
fn in_bank(question: &Question, told: &Value, places: &[usize]) -> Choices {
    let text = |place: &usize| told["options"][place].as_str().unwrap();
    let of = |text: &str| question.options.iter().position(|option| option == text).unwrap();
    Choices::of(places.iter().map(|place| of(text(place)))).unwrap()
}

/// One who answers every question wrong, and one who answers every question right, on papers of five; with the first one's first question and what
/// they chose for it.
struct Played {
    server: Server,
    wrong: String,
    right: String,
    question: Question,
    chosen: Choices,
    attempt: String,
}

async fn played(lines: &str) -> Played {
    let server = Server::of(&round("daily", lines)).await;
    let key = Key::of_the_shipped_bank();
    let (wrong, right) = (server.join("韦小兰").await, server.join("莫小雨").await);
    let (mut phone, _) = server.hello(&wrong).await;
    let first = phone.start("daily").await;
    let (question, chosen) = (shown(&server, &first), in_bank(&shown(&server, &first), &first, &key.wrong(&first)));
    let result = phone.play_right(&server, &key, first, 0, 1_000).await;
    assert_eq!(result["score"], 0);
    let attempt = result["attempt"].as_str().unwrap().to_owned();
    let (mut other, _) = server.hello(&right).await;
    other.play(&server, &key, "daily", 5, 2_000).await;
    phone.leave().await;
    other.leave().await;
    Played { server, wrong, right, question, chosen, attempt }
}

/// The paper of somebody else has the question or not; whoever answered it right loses by another key.
async fn also_has(server: &Server, token: &str, question: &QuestionId) -> bool {
    let me = server.got("/me/attempts", Some(token)).await;
    let path = format!("/me/attempts/{}", me["attempts"][0]["id"].as_str().unwrap());
    let attempt = server.got(&path, Some(token)).await;
    attempt["review"].as_array().unwrap().iter().any(|asked| asked["question"] == question.as_str())
}

#[tokio::test]
async fn another_key_changes_scores_ranks_reviews_and_receipts_and_keeps_what_was_told() {
    let Played { server, wrong, right, question, chosen, attempt } = played("feedback = \"after_paper\"").await;
    let loses = also_has(&server, &right, &question.id).await;
    let path = format!("/me/attempts/{attempt}");
    let before = server.got(&path, Some(&wrong)).await;
    let remedy = Remedy::NewKey { key: chosen };
    let seen = preview(&server, &question, remedy.clone()).await;
    assert_eq!((seen.attempts, seen.up, seen.down), (1 + u64::from(loses), 1, u64::from(loses)));
    assert_eq!(server.got(&path, Some(&wrong)).await, before, "seen beforehand, and nothing done");

    let (mut phone, _) = server.hello(&wrong).await;
    let applied = correct(&server, &question, remedy).await;
    assert_eq!(applied.changed_attempts, seen.attempts);
    assert!(applied.standings_replaced);
    let told = phone.hear("corrected").await;
    like(&told, &["server-corrected"]);
    assert_eq!(told["attempts"], json!([attempt]));
    assert_eq!(told["text"], "更正（改正答案）：参考答案有误");
    phone.hears_nothing().await;

    let after = server.got(&path, Some(&wrong)).await;
    assert_eq!((&after["score"], &after["correct"]), (&json!(10), &json!(1)));
    assert_eq!(after["was"], json!({"score": 0, "correct": 0, "elapsed_ms": before["elapsed_ms"]}));
    assert_eq!(after["receipt"], before["receipt"]);
    let asked = &after["review"][0];
    assert_eq!((&asked["correct"], &asked["points"], &asked["key"]), (&json!(true), &json!(10), &asked["chosen"]));
    assert_eq!(asked["was"], json!({"key": before["review"][0]["key"], "correct": false, "points": 0}));
    assert_eq!(asked["errata"][0]["text"], "参考答案有误");
    let receipt = server.got(&format!("/receipts/{}", before["receipt"].as_str().unwrap()), None).await;
    assert_eq!((&receipt["score"], &receipt["was"]["score"]), (&json!(10), &json!(0)));
    like(&receipt, &["http-receipt-corrected"]);
    let others = if loses { 40 } else { 50 };
    let board = server.board("region?round=daily").await;
    assert_eq!(board.iter().map(|row| row.2).collect::<Vec<_>>(), [others, 10]);
    assert_eq!(server.mine("daily", &wrong).await["best"]["score"], 10);
    let errata = server.got("/rounds/daily/errata", None).await;
    like(&errata, &["http-errata"]);
    assert_eq!(errata["errata"][0]["question"], question.id.as_str());
    assert_eq!(errata["errata"][0].get("key"), None);
    let me = server.got("/me", Some(&wrong)).await;
    assert_eq!(me["corrections"][0]["attempts"], json!([attempt]));

    // A start finds everything as it is, and tells those who come once more.
    let (boards, mine) = (server.got("/boards/region", None).await, me);
    let server = server.restart(1_000).await;
    assert_eq!(server.got("/boards/region", None).await["entries"], boards["entries"]);
    let again = server.got("/me", Some(&wrong)).await;
    assert_eq!((&again["rounds"], &again["corrections"]), (&mine["rounds"], &mine["corrections"]));
    assert_eq!(server.got(&path, Some(&wrong)).await, after);
    let (mut phone, _) = server.hello(&wrong).await;
    assert_eq!(phone.hear("corrected").await, told);
    phone.leave().await;
    let (mut phone, _) = server.hello(&wrong).await;
    phone.hears_nothing().await;
    assert_eq!(server.replayed().await.attempts, 2);
}

#[tokio::test]
async fn several_answers_all_points_and_annulling_do_what_they_say_and_can_be_undone() {
    let Played { server, wrong, question, chosen, attempt, .. } = played("feedback = \"after_paper\"").await;
    let path = format!("/me/attempts/{attempt}");
    let first = server.got(&path, Some(&wrong)).await;
    let several = Remedy::Accept { accepted: vec![question.key, chosen] };
    for (remedy, score, right) in [
        (several, 10, 1),
        // Nothing else is right: the rest of the paper comes to nothing, too.
        (Remedy::Annul, 10, 1),
        (Remedy::AsPublished, 0, 0),
        (Remedy::Annul, 0, 0),
        (Remedy::AllPoints, 10, 1),
        (Remedy::NewKey { key: chosen }, 10, 1),
        (Remedy::AsPublished, 0, 0),
    ] {
        let seen = preview(&server, &question, remedy.clone()).await;
        correct(&server, &question, remedy.clone()).await;
        let told = server.got(&path, Some(&wrong)).await;
        assert_eq!((&told["score"], &told["correct"]), (&json!(score), &json!(right)), "{remedy:?}");
        assert_eq!(server.mine("daily", &wrong).await["best"]["score"], score);
        let refused = server.contest.preview_correction(&proposal(&question, remedy), Arc::default()).await;
        assert!(matches!(refused, Err(CorrectionRefusal::SameAsNow)), "{refused:?} after {seen:?}");
    }
    let last = server.got(&path, Some(&wrong)).await;
    assert_eq!((&last["score"], last.get("was"), &last["receipt"]), (&first["score"], None, &first["receipt"]));
    assert_eq!(last["review"][0]["errata"].as_array().unwrap().len(), 7);
    server.replayed().await;
}

#[tokio::test]
async fn what_is_no_correction_is_refused_and_nothing_is_written() {
    let Played { server, question, .. } = played("feedback = \"after_paper\"").await;
    let before = server.contest.store().lane().await.unwrap().last_n;
    let apply = async |proposal: Proposal, reason: &str, by: [&str; 2]| {
        let by = by.map(str::to_owned);
        server.contest.apply_correction(proposal, reason.to_owned(), by, Arc::default()).await.unwrap_err().to_string()
    };
    let all = || proposal(&question, Remedy::AllPoints);
    assert_eq!(apply(all(), "理由", ["甲", " 甲 "]).await, "更正要由两个人决定，请写明两个不同的人");
    assert_eq!(apply(all(), "  ", ["甲", "乙"]).await, "请写明勘误的内容，不超过 500 字");
    let nothing = Remedy::NewKey { key: Choices::NONE };
    assert_eq!(apply(proposal(&question, nothing), "理由", ["甲", "乙"]).await, "没有写出正确的选项");
    let two = Remedy::NewKey { key: Choices(0b11) };
    assert!(apply(proposal(&question, two), "理由", ["甲", "乙"]).await.contains("只能是一个选项"));
    let same = Remedy::NewKey { key: question.key };
    let restored = apply(proposal(&question, Remedy::AsPublished), "理由", ["甲", "乙"]).await;
    assert_eq!(restored, "这道题现在就是这样评分的");
    let unknown = Proposal { question: QuestionId("nobody".to_owned()), ..proposal(&question, same) };
    assert_eq!(apply(unknown, "理由", ["甲", "乙"]).await, "没有用过题库「kexue」里的题目 nobody");
    let version = Proposal { versions: vec!["abc".to_owned()], ..all() };
    assert!(apply(version, "理由", ["甲", "乙"]).await.contains("没有用过题库版本 abc"));
    let progress = Arc::new(Progress::default());
    progress.cancel();
    let cancelled = server.contest.preview_correction(&all(), progress).await;
    assert!(matches!(cancelled, Err(CorrectionRefusal::Cancelled)));
    assert_eq!(server.contest.store().lane().await.unwrap().last_n, before);
}

/// Begins a paper of the round and answers its first question wrong; the phone, that question, what was chosen, and the verdict.
async fn one_wrong(server: &Server, token: &str, round: &str) -> (Phone, Value, Vec<usize>, Value) {
    let key = Key::of_the_shipped_bank();
    let (mut phone, _) = server.hello(token).await;
    let first = phone.start(round).await;
    let wrong = key.wrong(&first);
    let verdict = phone.verdict(&first, &wrong).await;
    (phone, first, wrong, verdict)
}

#[tokio::test]
async fn a_live_attempt_shows_the_new_total_at_its_next_verdict_and_resends_what_was_told() {
    let server = Server::of(&round("daily", "feedback = \"after_each\"")).await;
    let key = Key::of_the_shipped_bank();
    let token = server.join("韦小兰").await;
    let (mut phone, first, wrong, verdict) = one_wrong(&server, &token, "daily").await;
    let question = shown(&server, &first);
    let second = phone.next(&first).await;
    let remedy = Remedy::NewKey { key: in_bank(&question, &first, &wrong) };
    assert_eq!(preview(&server, &question, remedy.clone()).await.live, 1);
    assert_eq!(correct(&server, &question, remedy).await.changed_attempts, 0, "it is not over");
    phone.hears_nothing().await;
    assert_eq!(phone.verdict(&first, &wrong).await, verdict, "as it was first told");
    let told = phone.verdict(&second, &key.right(&second)).await;
    assert_eq!((&told["points"], &told["score"]), (&json!(10), &json!(20)));
    let third = phone.next(&second).await;

    // A start knows what was told under which key.
    let server = server.restart(1_000).await;
    let (mut phone, _) = server.hello(&token).await;
    let again = phone.hear("question").await;
    assert_eq!(again["stem"], third["stem"]);
    assert_eq!(phone.verdict(&first, &wrong).await, verdict);
    assert_eq!(phone.verdict(&second, &key.right(&second)).await, told);
    let result = phone.finish(&again).await;
    assert_eq!((&result["score"], &result["correct"], &result["best"]["score"]), (&json!(20), &json!(2), &json!(20)));
    let path = format!("/me/attempts/{}", result["attempt"].as_str().unwrap());
    assert_eq!(server.got(&path, Some(&token)).await.get("was"), None, "the result was told under the new key");
    // Long over, and read from the ledger.
    let server = server.restart(3_600_000).await;
    let (mut phone, _) = server.hello(&token).await;
    assert_eq!(phone.verdict(&first, &wrong).await, verdict);
    assert_eq!(phone.verdict(&second, &key.right(&second)).await, told);
    // Corrected back, it is another result than was told.
    correct(&server, &question, Remedy::AsPublished).await;
    phone.hear("corrected").await;
    assert_eq!(phone.verdict(&first, &wrong).await, verdict);
    assert_eq!(phone.verdict(&second, &key.right(&second)).await, told);
    assert_eq!(server.got(&path, Some(&token)).await["was"]["score"], 20);
    assert_eq!(server.mine("daily", &token).await["best"]["score"], 10);
    server.replayed().await;
}

#[tokio::test]
async fn feedback_that_is_never_given_is_not_given_by_a_correction() {
    let server = Server::of(&round("daily", "feedback = \"never\"")).await;
    let token = server.join("韦小兰").await;
    let (mut phone, first, wrong, verdict) = one_wrong(&server, &token, "daily").await;
    let second = phone.hear("question").await;
    let question = shown(&server, &first);
    correct(&server, &question, Remedy::NewKey { key: in_bank(&question, &first, &wrong) }).await;
    let told = phone.verdict(&second, &[]).await;
    for field in ["correct", "points", "score", "key", "accepted"] {
        assert_eq!((verdict.get(field), told.get(field)), (None, None), "{field}");
    }
    let third = phone.hear("question").await;
    assert_eq!(phone.finish(&third).await["score"], 10);
    server.replayed().await;
}

const CHALLENGE: &str = "ends_at_first_wrong = true\nattempts_per_day = 1\nfeedback = \"after_paper\"";

#[tokio::test]
async fn an_attempt_that_the_question_ended_keeps_its_new_score_and_gives_one_attempt() {
    let server = Server::of(&round("daily", CHALLENGE)).await;
    let token = server.join("韦小兰").await;
    let (mut phone, first, wrong, verdict) = one_wrong(&server, &token, "daily").await;
    assert_eq!(verdict["last"], true);
    let result = phone.hear("result").await;
    assert_eq!(result["score"], 0);
    phone.start_refused("daily", "attempts_exhausted").await;
    let question = shown(&server, &first);
    let remedy = Remedy::NewKey { key: in_bank(&question, &first, &wrong) };
    assert_eq!(preview(&server, &question, remedy.clone()).await.given_back, 1);
    correct(&server, &question, remedy).await;
    phone.hear("corrected").await;
    assert_eq!(server.mine("daily", &token).await["best"]["score"], 10);
    assert_eq!(server.mine("daily", &token).await["left_today"], 1);
    // It is given for good: to be used on another day, though the correction is corrected meanwhile.
    correct(&server, &question, Remedy::AsPublished).await;
    phone.hear("corrected").await;
    let server = server.restart(24 * 3_600_000).await;
    assert_eq!(server.mine("daily", &token).await["left_today"], 2);
    let (mut phone, _) = server.hello(&token).await;
    phone.hear("corrected").await;
    phone.hear("corrected").await;
    for _ in 0..2 {
        let first = phone.start("daily").await;
        phone.finish(&first).await;
    }
    phone.start_refused("daily", "attempts_exhausted").await;
    let server = server.restart(24 * 3_600_000).await;
    assert_eq!(server.mine("daily", &token).await["left_today"], 1);
    server.replayed().await;
}

#[tokio::test]
async fn a_gate_that_a_correction_opens_stays_open() {
    let rounds = round("warm-up", "feedback = \"after_paper\"")
        + &round("final", "feedback = \"after_paper\"\ngate = { round = \"warm-up\", right = 1 }");
    let server = Server::of(&rounds).await;
    let token = server.join("韦小兰").await;
    let (mut phone, first, wrong, _) = one_wrong(&server, &token, "warm-up").await;
    let second = phone.hear("question").await;
    phone.finish(&second).await;
    phone.start_refused("final", "not_eligible").await;
    let question = shown(&server, &first);
    let remedy = Remedy::NewKey { key: in_bank(&question, &first, &wrong) };
    let seen = preview(&server, &question, remedy.clone()).await;
    assert_eq!((seen.gates.len(), seen.gates[0].participants, seen.gates[0].round), (1, 1, RoundIndex(1)));
    correct(&server, &question, remedy).await;
    correct(&server, &question, Remedy::AsPublished).await;
    phone.hear("corrected").await;
    phone.hear("corrected").await;
    let server = server.restart(1_000).await;
    let (mut phone, _) = server.hello(&token).await;
    phone.hear("corrected").await;
    phone.hear("corrected").await;
    let first = phone.start("final").await;
    phone.finish(&first).await;
    server.replayed().await;
}
