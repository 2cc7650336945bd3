//! The wire's promises: at most once, one clock, every device, one order.

use crate::harness::Ended;
use crate::harness::Key;
use crate::harness::Phone;
use crate::harness::Server;
use crate::harness::Start;
use crate::harness::season;
use crate::harness::steps::each;
use crate::harness::steps::round;
use futures_util::SinkExt;
use serde_json::Value;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

/// What a participant was told of one question.
struct Told {
    question: Value,
    choices: Vec<usize>,
    verdict: Value,
}

/// Every answer is sent again, and then another one to the same question.
async fn check_at_most_once(phone: &mut Phone, told: &[Told]) {
    for Told { question, choices, verdict } in told {
        assert_eq!(phone.verdict(question, choices).await, *verdict);
        let other = if choices.is_empty() { vec![0] } else { vec![] };
        phone.answer(question, &other).await;
        let error = phone.refused("already_answered").await;
        assert_eq!(error["re"], json!({"type": "answer", "seq": question["seq"]}));
    }
    phone.hears_nothing().await;
}

async fn an_answer_counts_at_most_once(feedback: &str) {
    let lines = format!("question_seconds = 30\nattempts_per_day = 2\nfeedback = \"{feedback}\"");
    let server = Server::of(&round("daily", &lines)).await;
    let key = Key::of_the_shipped_bank();
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    let mut told = Vec::new();
    let mut question = phone.start("daily").await;
    let result = loop {
        let choices = match question["seq"].as_u64() {
            Some(2) => key.wrong(&question),
            Some(4) => vec![],
            _ => key.right(&question),
        };
        server.advance(1_000);
        let verdict = phone.verdict(&question, &choices).await;
        let last = verdict["last"] == true;
        told.push(Told { question: question.clone(), choices, verdict });
        if last {
            break phone.hear("result").await;
        }
        let next = if feedback == "after_each" { phone.next(&question).await } else { phone.hear("question").await };
        check_at_most_once(&mut phone, &told).await;
        question = next;
    };
    assert_eq!((&result["score"], &result["correct"]), (&json!(30), &json!(3)));
    check_at_most_once(&mut phone, &told).await;
    let open = phone.start("daily").await;
    check_at_most_once(&mut phone, &told).await;

    let server = server.restart(60_000).await;
    let (mut phone, _) = server.hello(&token).await;
    assert_eq!(phone.hear("question").await["stem"], open["stem"]);
    check_at_most_once(&mut phone, &told).await;
    phone.finish(&open).await;
    check_at_most_once(&mut phone, &told).await;
    assert_eq!(server.mine("daily", &token).await["best"]["score"], 30);
    assert_eq!(server.replayed().await.attempts, 2);
}

/// What is sent again while its commit is under way is answered by the one verdict; another answer comes too late.
#[tokio::test]
async fn repeats_of_an_answer_under_way_are_answered_by_its_one_verdict() {
    let server = Server::of(&round("daily", "question_seconds = 30")).await;
    let mut phone = server.phone("韦小兰").await;
    let first = phone.start("daily").await;
    for choices in [[0], [0], [1], [0]] {
        let answer = json!({"type": "answer", "attempt": first["attempt"], "seq": 1, "choices": choices});
        phone.socket.feed(Message::text(answer.to_string())).await.unwrap();
    }
    // In one piece: none of them can come after the verdict.
    phone.socket.flush().await.unwrap();
    let verdict = phone.hear("verdict").await;
    let second = phone.hear("question").await;
    assert_eq!((&verdict["seq"], &second["seq"]), (&json!(1), &json!(2)));
    assert_eq!(phone.refused("already_answered").await["re"], json!({"type": "answer", "seq": 1}));
    phone.hears_nothing().await;
    assert_eq!(phone.verdict(&first, &[0]).await, verdict, "settled, it is told as it was first told");
    server.replayed().await;
}

#[tokio::test]
async fn an_answer_counts_at_most_once_where_verdicts_tell_the_key() {
    an_answer_counts_at_most_once("after_each").await;
}

#[tokio::test]
async fn an_answer_counts_at_most_once_where_verdicts_tell_nothing() {
    an_answer_counts_at_most_once("after_paper").await;
}

#[tokio::test]
async fn answers_that_come_while_one_is_being_committed_wait_for_it() {
    let server = Server::of(&round("daily", "")).await;
    let mut phone = server.phone("韦小兰").await;
    let question = phone.start("daily").await;
    for choices in [[0], [1], [0]] {
        phone.answer(&question, &choices).await;
    }
    let told = phone.hear("verdict").await;
    assert_eq!(phone.hear("question").await["seq"], 2);
    assert_eq!(phone.refused("already_answered").await["re"], json!({"type": "answer", "seq": 1}));
    assert_eq!(phone.hear("verdict").await, told);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn nobody_answers_for_another() {
    let server = Server::of(&round("daily", "")).await;
    let (mut mine, mut other) = (server.phone("韦小兰").await, server.phone("莫小雨").await);
    let question = mine.start("daily").await;
    other.answer(&question, &[0]).await;
    other.refused("unknown_attempt").await;
    other.say(json!({"type": "finish", "attempt": question["attempt"]})).await;
    other.refused("unknown_attempt").await;
    mine.hears_nothing().await;
}

#[tokio::test]
async fn exactly_at_the_end_of_the_grace_is_in_time() {
    let server = Server::of(&round("daily", "question_seconds = 20")).await;
    let mut phone = server.phone("韦小兰").await;
    let first = phone.start("daily").await;
    server.advance(21_000);
    phone.hears_nothing().await;
    let verdict = phone.verdict(&first, &[0]).await;
    assert_eq!((&verdict["received"], &verdict["timed_out"]), (&json!(true), &json!(false)));
    let second = phone.hear("question").await;
    assert_eq!(phone.finish(&second).await["elapsed_ms"], 20_000, "at most the limit");
}

#[tokio::test]
async fn one_millisecond_past_the_grace_is_too_late() {
    let server = Server::of(&round("daily", "question_seconds = 20\ngrace_ms = 500")).await;
    let mut phone = server.phone("韦小兰").await;
    let first = phone.start("daily").await;
    server.advance(20_501);
    phone.answer(&first, &[0]).await;
    // The refusal and what the clock brings come in either order.
    let mut heard = Vec::new();
    for _ in 0..3 {
        heard.push(phone.hear_any().await);
    }
    let of =
        |r#type: &str| heard.iter().find(|message| message["type"] == r#type).unwrap_or_else(|| panic!("{heard:?}"));
    assert_eq!(of("error")["code"], "too_late");
    assert_eq!((&of("verdict")["seq"], &of("verdict")["timed_out"]), (&json!(1), &json!(true)));
    assert_eq!(of("question")["seq"], 2);
    phone.answer(&first, &[0]).await;
    phone.refused("too_late").await;
    let second = of("question").clone();
    phone.finish(&second).await;
    phone.answer(&first, &[0]).await;
    phone.refused("too_late").await;
    phone.start("daily").await;
    phone.answer(&first, &[1]).await;
    phone.refused("too_late").await;
    server.replayed().await;
}

#[tokio::test]
async fn the_clock_alone_settles_a_question_and_pushes_its_verdict() {
    let server = Server::of(&round("daily", "question_seconds = 20\nfeedback = \"after_each\"")).await;
    let mut phone = server.phone("韦小兰").await;
    let first = phone.start("daily").await;
    server.advance(21_000);
    phone.hears_nothing().await;
    server.advance(1);
    let verdict = phone.hear("verdict").await;
    let facts = ["seq", "timed_out", "received", "correct", "points", "score"].map(|field| &verdict[field]);
    assert_eq!(facts, [&json!(1), &json!(true), &json!(false), &json!(false), &json!(0), &json!(0)]);
    assert_eq!(phone.finish(&first).await["elapsed_ms"], 20_000);
}

#[tokio::test]
async fn elapsed_is_the_sum_from_sending_to_arrival_and_reading_costs_nothing() {
    let lines = "question_seconds = 30\npaper_seconds = 100\nfeedback = \"after_each\"";
    let server = Server::of(&round("daily", lines)).await;
    let mut phone = server.phone("韦小兰").await;
    let mut question = phone.start("daily").await;
    let mut paper_left = 100_000;
    for (took, read) in [(3_000, 15_000), (1, 19_999), (7_250, 0)] {
        assert_eq!(question["paper_remaining_ms"], paper_left);
        server.advance(took);
        phone.verdict(&question, &[]).await;
        paper_left -= took;
        server.advance(read);
        question = phone.next(&question).await;
        assert_eq!(question["remaining_ms"], 30_000);
    }
    assert_eq!(phone.finish(&question).await["elapsed_ms"], 3_000 + 1 + 7_250);
}

#[tokio::test]
async fn a_question_counts_for_at_least_the_floor() {
    let server = Server::of(&round("daily", "question_seconds = 30\nelapsed_floor_ms = 2000")).await;
    let mut phone = server.phone("韦小兰").await;
    let first = phone.start("daily").await;
    let paces = [0, 1_999, 2_000, 2_001, 10];
    let mut paces = paces.into_iter();
    let result = phone.play_on(first, |_| {
        server.advance(paces.next().unwrap());
        vec![]
    });
    assert_eq!(result.await["elapsed_ms"], 2_000 + 2_000 + 2_000 + 2_001 + 2_000);
    server.replayed().await;
}

#[tokio::test]
async fn the_clock_runs_on_while_a_phone_is_away_and_the_paper_stays_the_same() {
    let server = Server::of(&round("daily", "question_seconds = 30\npaper_seconds = 100")).await;
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    let first = phone.start("daily").await;
    server.advance(4_000);
    phone.verdict(&first, &[]).await;
    let second = phone.hear("question").await;
    phone.leave().await;
    server.advance(12_000);
    let (mut phone, welcome) = server.hello(&token).await;
    assert_eq!(welcome["attempt"], second["attempt"]);
    let mut expected = second.clone();
    expected["remaining_ms"] = json!(18_000);
    expected["paper_remaining_ms"] = json!(84_000);
    assert_eq!(phone.hear("question").await, expected);
    phone.hears_nothing().await;
}

#[tokio::test]
async fn the_newest_hello_wins_and_goes_on_with_the_same_paper() {
    let server = Server::of(&round("daily", "question_seconds = 30\nfeedback = \"after_each\"")).await;
    let token = server.join("韦小兰").await;
    let (mut old, _) = server.hello(&token).await;
    let question = old.start("daily").await;
    server.advance(5_000);
    let (mut new, welcome) = server.hello(&token).await;
    assert_eq!(welcome["attempt"], question["attempt"]);
    let mut expected = question.clone();
    expected["remaining_ms"] = json!(25_000);
    assert_eq!(new.hear("question").await, expected);
    old.hear("superseded").await;
    assert_eq!(old.ended().await, Ended::Code(4001));

    // A verdict that waits for `next` is told to the third phone, too.
    let verdict = new.verdict(&question, &[0]).await;
    let (mut third, welcome) = server.hello(&token).await;
    assert_eq!(welcome["attempt"], question["attempt"]);
    assert_eq!(third.hear("verdict").await, verdict);
    let second = third.next(&question).await;
    assert_eq!(second["seq"], 2);
    let result = third.finish(&second).await;
    let (_, welcome) = server.hello(&token).await;
    assert_eq!((&welcome["attempt"], &welcome["ended"]), (&json!(null), &result["attempt"]));
}

#[tokio::test]
async fn ranks_order_by_score_then_elapsed_then_finish_then_attempt() {
    let server = Server::of(&round("daily", "question_seconds = 30")).await;
    let key = Key::of_the_shipped_bank();
    let mut phones = Vec::new();
    for name in ["甲甲一", "乙乙二", "丙丙三", "丁丁四", "戊戊五"] {
        phones.push(server.phone(name).await);
    }
    // The last two finish in the same millisecond, so the lower attempt id ranks higher.
    let plays = [(3, 1_000), (4, 2_000), (4, 1_000), (5, 0), (5, 0)];
    for (phone, (right, pace_ms)) in phones.iter_mut().zip(plays) {
        phone.play(&server, &key, "daily", right, pace_ms).await;
    }
    let late = phones[0].play(&server, &key, "daily", 4, 1_000).await;
    assert_eq!(
        late["ranks"]["round"],
        json!({"region": 4, "city": 4, "county": 4}),
        "same score and time, finished later"
    );
    let names = server.got("/boards/region?round=daily", None).await;
    assert_eq!(each(&names["entries"], "name"), ["丁*四", "戊*五", "丙*三", "甲*一", "乙*二"]);
    assert_eq!(each(&names["entries"], "rank"), [1, 2, 3, 4, 5]);
    let worse = phones[0].play(&server, &key, "daily", 1, 0).await;
    assert_eq!(worse["best"], json!({"score": 40, "elapsed_ms": 5_000}));
    assert_eq!(worse["ranks"]["round"]["region"], 4);
    server.replayed().await;
}

#[tokio::test]
async fn every_scope_has_its_board() {
    let server = Server::of(&round("daily", "question_seconds = 30")).await;
    let key = Key::of_the_shipped_bank();
    let people = [
        ("甲甲一", "450200", "450204", "youth", 5),
        ("乙乙二", "450200", "450205", "other", 4),
        ("丙丙三", "450100", "450102", "youth", 3),
    ];
    for (name, city, county, group, right) in people {
        let fields = json!({"name": name, "city": city, "county": county, "group": group});
        let (mut phone, _) = server.hello(&server.join_as(fields).await).await;
        phone.play(&server, &key, "daily", right, 0).await;
    }
    let [first, second, third] = [("甲*一", 50), ("乙*二", 40), ("丙*三", 30)];
    let boards: [(&str, &[(&str, u64)]); 6] = [
        ("region", &[first, second, third]),
        ("city:450200", &[first, second]),
        ("county:450205", &[second]),
        ("group:youth", &[first, third]),
        ("city:450100/group:youth", &[third]),
        ("county:450103", &[]),
    ];
    for (scope, expected) in boards {
        let expected: Vec<_> =
            (1..).zip(expected).map(|(rank, (name, score))| (rank, name.to_string(), *score)).collect();
        let path = scope.replace('/', "%2F");
        assert_eq!(server.board(&format!("{path}?round=daily")).await, expected, "{scope}");
        assert_eq!(server.board(&path).await, expected, "{scope}, season");
    }
}

#[tokio::test]
async fn the_seasons_tally_sums_rounds_and_takes_its_finish_from_what_brought_its_score() {
    let rounds = round("one", "question_seconds = 30") + &round("two", "question_seconds = 30");
    let server = Start::of(&season(&rounds)).start().await.unwrap();
    let key = Key::of_the_shipped_bank();
    let (early, late) = (server.join("甲甲一").await, server.join("乙乙二").await);
    let (mut first, _) = server.hello(&early).await;
    first.play(&server, &key, "one", 3, 1_000).await;
    let (mut second, _) = server.hello(&late).await;
    second.play(&server, &key, "one", 3, 1_000).await;
    second.play(&server, &key, "two", 0, 1_000).await;
    // The first one's second round earns nothing and is handed in last; the 30 points were there before the other's.
    let result = first.play(&server, &key, "two", 0, 1_000).await;
    assert_eq!(result["ranks"]["season"]["region"], 1);
    let board = server.got("/boards/region", None).await;
    assert_eq!(each(&board["entries"], "elapsed_ms"), [10_000, 10_000]);
    assert_eq!(each(&board["entries"], "name"), ["甲*一", "乙*二"]);
    let result = second.play(&server, &key, "two", 5, 2_000).await;
    assert_eq!(result["ranks"]["season"]["region"], 1);
    let me = server.got("/me", Some(&late)).await;
    assert_eq!((&me["season"]["score"], &me["season"]["elapsed_ms"]), (&json!(80), &json!(15_000)));
    server.replayed().await;
}

#[tokio::test]
async fn a_rounds_tally_is_the_best_the_sum_or_the_last_as_the_round_says() {
    let key = Key::of_the_shipped_bank();
    for (tally, expected) in [("best", [40, 40, 40]), ("sum", [40, 50, 70]), ("last", [40, 10, 20])] {
        let lines = format!("tally = \"{tally}\"\nattempts_per_day = 3\nopens = 2026-09-01\nlast_day = 2026-09-30");
        let server = Server::of(&round("daily", &lines)).await;
        let mut phone = server.phone("韦小兰").await;
        for (right, best) in [4, 1, 2].into_iter().zip(expected) {
            let result = phone.play(&server, &key, "daily", right, 1_000).await;
            assert_eq!(result["best"]["score"], best, "{tally}");
            assert_eq!(server.board("region").await, [(1, "韦*兰".to_owned(), best)], "{tally}");
        }
        server.replayed().await;
    }
}
