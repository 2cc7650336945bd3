//! The table of moments, and what a round's rules make of them: endings, `next`, feedback, scoring.

use crate::harness::Key;
use crate::harness::Server;
use crate::harness::Start;
use crate::harness::season;
use crate::harness::steps::each;
use crate::harness::steps::round;
use serde_json::Value;
use serde_json::json;

#[tokio::test]
async fn when_the_papers_time_is_up_the_open_question_times_out_last_and_the_result_follows() {
    let server = Server::of(&round("daily", "paper_seconds = 40")).await;
    let key = Key::of_the_shipped_bank();
    let mut phone = server.phone("韦小兰").await;
    let first = phone.start("daily").await;
    assert_eq!((&first["limit_ms"], &first["remaining_ms"]), (&json!(null), &json!(null)));
    server.advance(10_000);
    phone.verdict(&first, &key.right(&first)).await;
    let second = phone.hear("question").await;
    assert_eq!(second["paper_remaining_ms"], 30_000);
    server.advance(31_000);
    phone.hears_nothing().await;
    server.advance(1);
    let verdict = phone.hear("verdict").await;
    assert_eq!((&verdict["seq"], &verdict["timed_out"], &verdict["last"]), (&json!(2), &json!(true), &json!(true)));
    let result = phone.hear("result").await;
    let facts = ["score", "correct", "of", "elapsed_ms"].map(|field| result[field].as_u64().unwrap());
    assert_eq!(facts, [10, 1, 5, 40_000]);
    phone.hears_nothing().await;
    server.replayed().await;
}

#[tokio::test]
async fn an_answer_in_the_papers_grace_counts_and_is_the_last() {
    let server = Server::of(&round("daily", "paper_seconds = 40")).await;
    let key = Key::of_the_shipped_bank();
    let mut phone = server.phone("韦小兰").await;
    let first = phone.start("daily").await;
    server.advance(41_000);
    let verdict = phone.verdict(&first, &key.right(&first)).await;
    assert_eq!((&verdict["timed_out"], &verdict["last"]), (&json!(false), &json!(true)));
    let result = phone.hear("result").await;
    assert_eq!((&result["score"], &result["elapsed_ms"]), (&json!(10), &json!(40_000)));
}

#[tokio::test]
async fn a_questions_own_limit_goes_before_the_papers() {
    let server = Server::of(&round("daily", "question_seconds = 30\npaper_seconds = 40")).await;
    let mut phone = server.phone("韦小兰").await;
    phone.start("daily").await;
    server.advance(31_001);
    assert_eq!(phone.hear("verdict").await["last"], false);
    let second = phone.hear("question").await;
    assert_eq!((&second["remaining_ms"], &second["paper_remaining_ms"]), (&json!(30_000), &json!(10_000)));
    server.advance(11_001);
    assert_eq!(phone.hear("verdict").await["last"], true);
    assert_eq!(phone.hear("result").await["elapsed_ms"], 40_000);
}

#[tokio::test]
async fn finish_brings_the_result_alone_and_the_open_questions_time_counts() {
    let server = Server::of(&round("daily", "question_seconds = 30")).await;
    let key = Key::of_the_shipped_bank();
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    let first = phone.start("daily").await;
    server.advance(3_000);
    phone.verdict(&first, &key.right(&first)).await;
    let second = phone.hear("question").await;
    server.advance(4_000);
    let result = phone.finish(&second).await;
    assert_eq!((&result["score"], &result["of"], &result["elapsed_ms"]), (&json!(10), &json!(5), &json!(7_000)));
    phone.hears_nothing().await;
    phone.say(json!({"type": "finish", "attempt": second["attempt"]})).await;
    phone.refused("unknown_attempt").await;
    let id = result["attempt"].as_str().unwrap();
    let attempt = server.got(&format!("/me/attempts/{id}"), Some(&token)).await;
    assert_eq!(attempt["review"][1]["chosen"], json!(null));
    server.replayed().await;
}

#[tokio::test]
async fn finish_while_a_verdict_is_read_costs_nothing() {
    let server = Server::of(&round("daily", "question_seconds = 30\nfeedback = \"after_each\"")).await;
    let mut phone = server.phone("韦小兰").await;
    let first = phone.start("daily").await;
    server.advance(3_000);
    phone.verdict(&first, &[]).await;
    server.advance(9_000);
    assert_eq!(phone.finish(&first).await["elapsed_ms"], 3_000);
    server.replayed().await;
}

#[tokio::test]
async fn an_attempt_without_limits_ends_after_thirty_minutes_without_a_message_about_it() {
    const HALF_AN_HOUR: i64 = 30 * 60 * 1000;
    let server = Server::of(&round("daily", "")).await;
    let key = Key::of_the_shipped_bank();
    let mut phone = server.phone("韦小兰").await;
    let first = phone.start("daily").await;
    assert_eq!(phone.stay(&server, HALF_AN_HOUR - 1).await, Vec::<Value>::new());
    phone.verdict(&first, &key.right(&first)).await;
    phone.hear("question").await;
    // Pings keep the socket, not the attempt.
    assert_eq!(phone.stay(&server, HALF_AN_HOUR - 1).await, Vec::<Value>::new());
    server.advance(1);
    let result = phone.hear("result").await;
    assert_eq!((&result["score"], &result["correct"]), (&json!(10), &json!(1)));
    server.replayed().await;
}

#[tokio::test]
async fn next_before_the_verdict_or_twice_is_passed_over() {
    let server = Server::of(&round("daily", "question_seconds = 30\nfeedback = \"after_each\"")).await;
    let mut phone = server.phone("韦小兰").await;
    let first = phone.start("daily").await;
    let next = json!({"type": "next", "attempt": first["attempt"]});
    phone.say(next.clone()).await;
    phone.hears_nothing().await;
    phone.verdict(&first, &[]).await;
    phone.say(next.clone()).await;
    phone.say(next.clone()).await;
    assert_eq!(phone.hear("question").await["seq"], 2);
    phone.say(next).await;
    phone.hears_nothing().await;
    phone.say(json!({"type": "next", "attempt": "AAAAAAAA"})).await;
    phone.refused("unknown_attempt").await;
}

#[tokio::test]
async fn next_in_a_round_that_goes_on_by_itself_is_passed_over() {
    let server = Server::of(&round("daily", "")).await;
    let mut phone = server.phone("韦小兰").await;
    let first = phone.start("daily").await;
    phone.verdict(&first, &[]).await;
    let second = phone.hear("question").await;
    phone.say(json!({"type": "next", "attempt": first["attempt"]})).await;
    phone.hears_nothing().await;
    assert_eq!(second["seq"], 2);
}

#[tokio::test]
async fn once_the_reading_time_is_over_the_next_question_opens_by_itself() {
    let rounds = round("usual", "feedback = \"after_each\"\nquestion_seconds = 30")
        + &round("slow", "feedback = \"after_each\"\nreading_seconds = 45");
    let server = Server::of(&rounds).await;
    let mut phone = server.phone("韦小兰").await;
    for (id, reading_ms) in [("usual", 20_000), ("slow", 45_000)] {
        let first = phone.start(id).await;
        phone.verdict(&first, &[]).await;
        server.advance(reading_ms - 1);
        phone.hears_nothing().await;
        server.advance(1);
        let second = phone.hear("question").await;
        assert_eq!(second["seq"], 2);
        assert_eq!(second["remaining_ms"], second["limit_ms"]);
        phone.finish(&second).await;
    }
}

#[tokio::test]
async fn a_start_while_an_attempt_is_open_is_refused_and_uses_nothing_up() {
    let server = Server::of(&(round("daily", "attempts_per_day = 2") + &round("other", ""))).await;
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    let first = phone.start("daily").await;
    phone.start_refused("daily", "attempt_in_progress").await;
    phone.start_refused("other", "attempt_in_progress").await;
    assert_eq!(server.mine("daily", &token).await["left_today"], 1);
    phone.finish(&first).await;
    phone.start("other").await;
}

#[tokio::test]
async fn an_open_attempt_that_does_not_count_is_ended_by_a_start() {
    let lines = "counts = false\nfeedback = \"after_each\"";
    let server = Server::of(&(round("practice", lines) + &round("daily", "attempts_per_day = 1"))).await;
    let key = Key::of_the_shipped_bank();
    let mut phone = server.phone("韦小兰").await;
    let practice = phone.start("practice").await;
    phone.verdict(&practice, &key.right(&practice)).await;
    phone.say(json!({"type": "start", "round": "daily"})).await;
    let result = phone.hear("result").await;
    let facts = ["attempt", "score", "counted", "ranks"].map(|field| &result[field]);
    assert_eq!(facts, [&practice["attempt"], &json!(10), &json!(false), &json!(null)]);
    let daily = phone.hear("question").await;
    assert_eq!(daily["seq"], 1);
    phone.finish(&daily).await;
    // What could not start ends nothing.
    let practice = phone.start("practice").await;
    phone.start_refused("daily", "attempts_exhausted").await;
    phone.verdict(&practice, &[]).await;
    assert_eq!(server.board("region").await.len(), 1);
    server.replayed().await;
}

#[tokio::test]
async fn a_challenge_ends_at_the_first_answer_that_is_not_right() {
    let server =
        Server::of(&round("run", "ends_at_first_wrong = true\nquestion_seconds = 20\nfeedback = \"after_each\"")).await;
    let key = Key::of_the_shipped_bank();
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    let result = phone.play(&server, &key, "run", 2, 1_000).await;
    let facts = ["score", "correct", "of", "elapsed_ms"].map(|field| result[field].as_u64().unwrap());
    assert_eq!(facts, [20, 2, 5, 3_000]);
    // What was never shown is not told afterwards either.
    let path = format!("/me/attempts/{}", result["attempt"].as_str().unwrap());
    let attempt = server.got(&path, Some(&token)).await;
    assert_eq!(each(&attempt["review"], "correct"), [true, true, false]);
    let whole = phone.play(&server, &key, "run", 5, 1_000).await;
    assert_eq!(whole["score"], 50);
    // Passed, and timed out.
    let first = phone.start("run").await;
    assert_eq!(phone.verdict(&first, &[]).await["last"], true);
    phone.hear("result").await;
    phone.start("run").await;
    server.advance(21_001);
    assert_eq!(phone.hear("verdict").await["last"], true);
    assert_eq!(phone.hear("result").await["score"], 0);
    server.replayed().await;
}

/// Plays one paper in a round with this feedback; returns the first verdict and the attempt as `GET` tells it.
async fn played_under(feedback: &str, lines: &str) -> (Server, String, Value, String) {
    let server = Server::of(&round("daily", &format!("feedback = \"{feedback}\"\n{lines}"))).await;
    let key = Key::of_the_shipped_bank();
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    let first = phone.start("daily").await;
    let verdict = phone.verdict(&first, &key.right(&first)).await;
    let next = if feedback == "after_each" { phone.next(&first).await } else { phone.hear("question").await };
    let open = server.got(&format!("/me/attempts/{}", first["attempt"].as_str().unwrap()), Some(&token)).await;
    assert_eq!(open["review"], json!(null), "no key of an open attempt");
    let result = phone.play_right(&server, &key, next, 4, 1_000).await;
    assert_eq!(result["score"], 40, "the result tells the score under any feedback");
    let path = format!("/me/attempts/{}", result["attempt"].as_str().unwrap());
    (server, token, verdict, path)
}

const AFTERWARDS: [&str; 6] = ["correct", "points", "score", "key", "explanation", "source"];

#[tokio::test]
async fn feedback_after_each_is_in_the_verdict_and_in_the_review() {
    let (server, token, verdict, path) = played_under("after_each", "").await;
    assert_eq!((&verdict["correct"], &verdict["points"], &verdict["score"]), (&json!(true), &json!(10), &json!(10)));
    assert!(AFTERWARDS.iter().all(|field| !verdict[field].is_null()), "{verdict}");
    let attempt = server.got(&path, Some(&token)).await;
    assert_eq!(each(&attempt["review"], "correct"), [true, true, true, true, false]);
}

#[tokio::test]
async fn feedback_after_the_paper_is_in_the_review_alone() {
    let (server, token, verdict, path) = played_under("after_paper", "").await;
    assert!(AFTERWARDS.iter().all(|field| verdict.get(field).is_none()), "{verdict}");
    let attempt = server.got(&path, Some(&token)).await;
    assert_eq!(each(&attempt["review"], "points"), [10, 10, 10, 10, 0]);
    assert!(
        attempt["review"]
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row["explanation"].is_string() && row["source"].is_string())
    );
    let other = server.join("莫小雨").await;
    assert_eq!(server.get(&path, Some(&other)).await.0, 404);
}

#[tokio::test]
async fn feedback_after_the_round_waits_until_the_last_attempt_of_it_has_ended() {
    let lines = "opens = 2026-09-01T09:00:00\ncloses = 2026-09-01T10:00:30";
    let (server, token, verdict, path) = played_under("after_round", lines).await;
    assert!(AFTERWARDS.iter().all(|field| verdict.get(field).is_none()), "{verdict}");
    assert_eq!(server.got(&path, Some(&token)).await["review"], json!(null));
    let mut other = server.phone("莫小雨").await;
    let open = other.start("daily").await;
    server.advance(30_000);
    assert_eq!(server.round("daily").await["state"], "settling");
    assert_eq!(server.got(&path, Some(&token)).await["review"], json!(null));
    other.finish(&open).await;
    server.advance(1_000); // what `GET /season` tells is kept for a second
    assert_eq!(server.round("daily").await["state"], "closed");
    assert_eq!(server.got(&path, Some(&token)).await["review"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn where_feedback_is_never_no_key_is_told_even_when_the_round_is_closed() {
    let lines = "opens = 2026-09-01T09:00:00\ncloses = 2026-09-01T11:00:00";
    let (server, token, verdict, path) = played_under("never", lines).await;
    assert!(AFTERWARDS.iter().all(|field| verdict.get(field).is_none()), "{verdict}");
    server.advance(3 * 3_600_000);
    assert_eq!(server.round("daily").await["state"], "closed");
    let attempt = server.got(&path, Some(&token)).await;
    assert_eq!((&attempt["review"], &attempt["score"]), (&json!(null), &json!(40)));
}

/// Three multiple-choice questions of 7 points under this scoring.
fn multiple(lines: &str) -> String {
    let section = "[[round.section]]\nkind = \"multiple\"\ncount = 3\npoints = 7\n";
    format!("[[round]]\nid = \"daily\"\nname = \"多选\"\nfeedback = \"after_each\"\n{lines}\n\n{section}")
}

#[tokio::test]
async fn part_of_a_multiple_choice_answer_earns_what_the_round_says() {
    type Points = fn(usize) -> usize;
    let cases: [(&str, Points); 3] =
        [("all_or_nothing", |_| 0), ("half_for_part", |_| 3), ("by_option", |right| 7 / right)];
    let key = Key::of_the_shipped_bank();
    for (rule, of_one) in cases {
        let server = Server::of(&multiple(&format!("multiple = \"{rule}\""))).await;
        let mut phone = server.phone("韦小兰").await;
        let first = phone.start("daily").await;
        let right = key.right(&first);
        let one = phone.verdict(&first, &right[..1]).await;
        assert_eq!((&one["points"], &one["correct"]), (&json!(of_one(right.len())), &json!(false)), "{rule}");
        let second = phone.next(&first).await;
        let options = second["options"].as_array().unwrap().len();
        let wrong = (0..options).find(|place| !key.right(&second).contains(place));
        let verdict = match wrong {
            Some(wrong) => phone.verdict(&second, &[key.right(&second)[0], wrong]).await,
            None => phone.verdict(&second, &[]).await,
        };
        assert_eq!(verdict["points"], 0, "{rule}: a wrong option always earns nothing");
        let third = phone.next(&second).await;
        assert_eq!(phone.verdict(&third, &key.right(&third)).await["points"], 7);
        assert_eq!(phone.hear("result").await["correct"], 1);
        server.replayed().await;
    }
}

#[tokio::test]
async fn a_threshold_makes_the_whole_paper_worth_its_points() {
    let section = "[[round.section]]\ncount = 3\n";
    let lines = "threshold = { right = 2, points = 1 }\nattempts_per_day = 4\ntally = \"sum\"";
    let window = "opens = 2026-09-01\nlast_day = 2026-09-30";
    let rounds = format!("[[round]]\nid = \"daily\"\nname = \"每日\"\n{lines}\n{window}\n\n{section}");
    let server = Start::of(&season(&rounds)).start().await.unwrap();
    let key = Key::of_the_shipped_bank();
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    for (right, score) in [(0, 0), (1, 0), (2, 1), (3, 1)] {
        let result = phone.play(&server, &key, "daily", right, 1_000).await;
        assert_eq!((&result["score"], &result["correct"]), (&json!(score), &json!(right)));
    }
    let best = &server.mine("daily", &token).await["best"];
    assert_eq!(*best, json!({"score": 2, "elapsed_ms": 12_000}));
    server.replayed().await;
}

#[tokio::test]
async fn what_comes_while_a_commit_is_under_way_waits_for_it() {
    let rounds = round("daily", "question_seconds = 30") + &round("practice", "counts = false");
    let server = Server::of(&rounds).await;
    let key = Key::of_the_shipped_bank();
    let mut phone = server.phone("韦小兰").await;
    let question = phone.start("daily").await;
    let right = key.right(&question);
    phone.answer(&question, &right).await;
    phone.answer(&question, &right).await;
    phone.say(json!({"type": "finish", "attempt": question["attempt"]})).await;
    // The verdict comes once or twice, as the second answer finds it settled or not; it scores once.
    let result = loop {
        let message = phone.hear_any().await;
        match message["type"].as_str().unwrap() {
            "verdict" => assert_eq!((&message["seq"], &message["received"]), (&json!(1), &json!(true))),
            "question" => assert_eq!(message["seq"], 2),
            "result" => break message,
            _ => panic!("{message}"),
        }
    };
    assert_eq!((&result["score"], &result["correct"]), (&json!(10), &json!(1)));

    let practice = phone.start("practice").await;
    phone.answer(&practice, &[]).await;
    phone.say(json!({"type": "start", "round": "daily"})).await;
    let daily = loop {
        let message = phone.hear_any().await;
        if message["type"] == "question" && message["attempt"] != practice["attempt"] {
            break message;
        }
    };
    assert_eq!(daily["seq"], 1);
    server.replayed().await;
}
