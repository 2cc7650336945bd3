//! Acts of the desk on banks in mid-season: a question rests, a version is published; who plays keeps their paper.

use crate::harness::Server;
use kejing::contest::publish::ActRefusal;
use kejing::domain::ids::QuestionId;
use kejing::domain::ids::RoundIndex;
use kejing::domain::proof::Proof;
use kejing::domain::question::Question;
use kejing::ledger::entry::Deed;
use serde_json::Value;
use std::collections::BTreeSet;

/// Of the ten multiple-choice questions of one topic nine are asked, so that one can rest and every paper shows it.
const NINE_OF_TEN: &str = r#"
[[round]]
id = "daily"
name = "每日竞赛"
feedback = "after_paper"
draw_period = "round"

[[round.section]]
kind = "multiple"
topics = ["科学精神与方法"]
count = 9
points = 10
"#;

fn deed() -> Deed {
    Deed { by: "韦主任".to_owned(), reason: "选项有歧义".to_owned() }
}

/// Those that the round may draw, by id.
fn pool(server: &Server) -> Vec<QuestionId> {
    let period = server.contest.periods_of(RoundIndex(0)).last().unwrap().clone();
    let section = &period.round.blueprint.sections[0];
    let entries = period.list.entries.iter().filter(|entry| section.takes(entry));
    entries.map(|entry| entry.id.clone()).collect()
}

async fn rest(server: &Server, question: &QuestionId) -> Result<i64, ActRefusal> {
    server.contest.rest_question("kexue", question, deed()).await.map(|at| at.0)
}

/// The questions of a paper that this participant begins now and hands in after the last.
async fn paper(server: &Server, token: &str) -> BTreeSet<QuestionId> {
    let (mut phone, _) = server.hello(token).await;
    let first = phone.start("daily").await;
    let result = phone.play_on(first, |_| vec![0, 1]).await;
    shown(server, token, &result).await
}

async fn shown(server: &Server, token: &str, result: &Value) -> BTreeSet<QuestionId> {
    let path = format!("/me/attempts/{}", result["attempt"].as_str().unwrap());
    let attempt = server.got(&path, Some(token)).await;
    let review = attempt["review"].as_array().unwrap();
    review.iter().map(|asked| QuestionId(asked["question"].as_str().unwrap().to_owned())).collect()
}

async fn proof(server: &Server) -> Value {
    server.got("/rounds/daily/proof", None).await
}

#[tokio::test]
async fn no_paper_that_is_begun_after_a_question_rests_draws_it_and_those_under_way_stay() {
    let server = Server::of(NINE_OF_TEN).await;
    let (early, late) = (server.join("韦小兰").await, server.join("莫小雨").await);
    let pool = pool(&server);
    let (mut phone, _) = server.hello(&early).await;
    let first = phone.start("daily").await;
    let before = server.contest.periods_of(RoundIndex(0));
    rest(&server, &pool[3]).await.unwrap();
    let after = server.contest.periods_of(RoundIndex(0));
    assert_eq!((before.len(), after.len()), (1, 2));
    let told = proof(&server).await;
    assert_eq!(told["commitments"][1]["commitment"], after[1].commitment.to_string(), "public before any paper");

    let without = pool.iter().filter(|id| **id != pool[3]).cloned().collect::<BTreeSet<_>>();
    assert_eq!(paper(&server, &late).await, without);
    let result = phone.play_on(first, |_| vec![0]).await;
    let attempt = server.contest.keys.attempt_of(result["attempt"].as_str().unwrap()).unwrap();
    let recorded = server.contest.store().attempt(attempt).await.unwrap().unwrap();
    assert_eq!(recorded.started.period, before[0].n, "the paper is the one that was begun");

    // Another one cannot rest, and the first one may be woken: then papers are drawn as at first.
    let refused = rest(&server, &pool[4]).await.unwrap_err();
    assert_eq!(refused.to_string(), "这样就抽不出试卷了：「每日竞赛」第 1 节要抽 9 题，能用的只有 8 题，还差 1 题");
    assert!(matches!(rest(&server, &pool[3]).await, Err(ActRefusal::RestsAlready(_))));
    let server = server.restart(1_000).await;
    assert!(server.contest.banks().of_id("kexue").unwrap().rests(&pool[3]), "a start knows what rests");
    assert_eq!(server.contest.periods_of(RoundIndex(0)).len(), 2, "and opens no period again");
    assert_eq!(paper(&server, &late).await, without);
    server.contest.wake_question("kexue", &pool[3], deed()).await.unwrap();
    assert_eq!(server.contest.periods_of(RoundIndex(0)).len(), 3);
    rest(&server, &pool[4]).await.unwrap();
    assert!(paper(&server, &late).await.contains(&pool[3]));
    server.replayed().await;
}

#[tokio::test]
async fn the_secret_of_a_period_that_was_taken_over_comes_out_when_its_last_attempt_has_ended() {
    let server = Server::of(NINE_OF_TEN).await;
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    let first = phone.start("daily").await;
    let pool = pool(&server);
    rest(&server, &pool[0]).await.unwrap();
    phone.stay(&server, 121_000).await;
    assert_eq!(proof(&server).await.get("secrets"), None, "an attempt is under way");
    phone.finish(&first).await;
    phone.stay(&server, 121_000).await;
    let mut told = proof(&server).await;
    for _ in 0..10_000 {
        if told.get("secrets").is_some() {
            break;
        }
        told = proof(&server).await;
    }
    let proof: Proof = serde_json::from_value(told).unwrap();
    assert!(proof.published().eq([1]), "of the one that was taken over, and not of the one that draws");
    let participant = server.got("/me", Some(&token)).await["participant"]["id"].as_str().unwrap().to_owned();
    assert_eq!(proof.verify(1, &participant, 1).unwrap().questions.len(), 9);
    server.replayed().await;
}

#[tokio::test]
async fn a_version_that_the_desk_publishes_is_drawn_from_at_once_and_its_files_are_compared_no_more() {
    let server = Server::of(NINE_OF_TEN).await;
    let token = server.join("韦小兰").await;
    let old = server.contest.banks().of_id("kexue").unwrap().clone();
    let mut questions: Vec<Question> = old.version.questions.clone();
    let pool = pool(&server);
    rest(&server, &pool[9]).await.unwrap();
    assert!(matches!(
        server.contest.publish_bank("kexue", questions.clone(), deed()).await,
        Err(ActRefusal::SameAsNow)
    ));
    // One of the nine leaves: too few are left. With one more in its stead there are enough.
    questions.retain(|question| question.id != pool[0]);
    let refused = server.contest.publish_bank("kexue", questions.clone(), deed()).await.unwrap_err();
    assert!(refused.to_string().contains("「每日竞赛」第 1 节要抽 9 题，能用的只有 8 题"), "{refused}");
    let mut new = old.version.question(old.version.index_of(&pool[0]).unwrap()).clone();
    new.id = QuestionId("zz-new".to_owned());
    new.stem = "下列关于广西喀斯特地貌的说法，正确的有哪些？".to_owned();
    questions.push(new.clone());
    let mut faulty = questions.clone();
    faulty.last_mut().unwrap().source.clear();
    assert!(matches!(server.contest.publish_bank("kexue", faulty, deed()).await, Err(ActRefusal::Faulty(_))));
    assert!(matches!(
        server.contest.publish_bank("other", questions.clone(), deed()).await,
        Err(ActRefusal::UnknownBank(_))
    ));
    let silent = Deed { by: "韦主任".to_owned(), reason: " ".to_owned() };
    assert!(matches!(server.contest.publish_bank("kexue", questions.clone(), silent).await, Err(ActRefusal::NoReason)));
    let published = server.contest.publish_bank("kexue", questions, deed()).await.unwrap();
    assert_ne!(published.digest, old.digest);
    let drawn = paper(&server, &token).await;
    assert!(drawn.contains(&new.id) && !drawn.contains(&pool[0]) && !drawn.contains(&pool[9]), "{drawn:?}");

    // The start takes the desk's version for the bank, whatever the files say.
    let server = server.restart(1_000).await;
    let bank = server.contest.banks().of_id("kexue").unwrap().clone();
    assert_eq!((bank.digest, bank.by_desk), (published.digest, true));
    assert_eq!(paper(&server, &token).await, drawn);
    server.replayed().await;
}

#[tokio::test]
async fn what_was_committed_to_for_a_round_to_come_is_committed_to_anew() {
    let later = NINE_OF_TEN.replace("draw_period", "opens = 2026-09-02T09:00:00\ndraw_period");
    let server = Server::of(&later).await;
    let token = server.join("韦小兰").await;
    let pool = pool(&server);
    rest(&server, &pool[5]).await.unwrap();
    let [before, after] = &server.contest.periods_of(RoundIndex(0))[..] else { panic!("two periods") };
    assert_eq!((before.from, after.from), (before.round.opens, before.round.opens));
    server.advance(1_000);
    let told = server.round("daily").await;
    assert_eq!(told["commitment"], after.commitment.to_string());
    server.advance(24 * 3_600_000);
    let drawn = paper(&server, &token).await;
    assert!(!drawn.contains(&pool[5]));
    server.replayed().await;
}
