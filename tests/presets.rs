//! The 14 rule sets that real contests published (rules.md): papers, limits, scores, feedback and order under each shipped file.

use crate::harness::Key;
use crate::harness::Server;
use crate::harness::Start;
use crate::harness::root;
use crate::harness::steps::each;
use crate::harness::steps::shanghai;
use serde_json::Value;
use serde_json::json;

/// How a person's attempts come together.
#[derive(Clone, Copy, PartialEq)]
enum Tally {
    Best,
    Sum,
}

/// What a contest published of its main round.
struct Published {
    file: &'static str,
    /// A moment inside the window, in the middle of a week.
    at: &'static str,
    round: &'static str,
    /// Kinds and how many of each, in order; `any` says nothing of the kind.
    paper: &'static [(&'static str, usize)],
    question_ms: Option<u64>,
    paper_ms: Option<u64>,
    /// So many attempts from `at` on; `None`: without limit.
    attempts: Option<u64>,
    /// From when on there are more.
    again: Option<&'static str>,
    /// What so many right answers are worth.
    score: fn(u64) -> u64,
    tally: Tally,
    ends_at_first_wrong: bool,
    /// The round that must be passed, and with how many right answers.
    gate: Option<(&'static str, u64)>,
}

/// What most have in common.
const USUAL: Published = Published {
    file: "",
    at: "",
    round: "daily",
    paper: &[],
    question_ms: None,
    paper_ms: None,
    attempts: None,
    again: None,
    score: |right| right,
    tally: Tally::Best,
    ends_at_first_wrong: false,
    gate: None,
};

/// A server for a shipped preset: as it is, but for where the files stand beside it.
async fn preset(file: &str, at: &str) -> Server {
    let text = std::fs::read_to_string(root().join(format!("seasons/presets/{file}.toml"))).unwrap();
    let text = text.replace("\"../regions/", "\"regions/").replace("\"../../question-bank/", "\"question-bank/");
    Start::at(&text, at).start().await.unwrap()
}

/// So many right answers an attempt that is not all right.
const SOME_RIGHT: u64 = 2;

async fn check(published: Published) {
    let server = preset(published.file, published.at).await;
    let key = Key::of_the_shipped_bank();
    let of: usize = published.paper.iter().map(|(_, count)| count).sum();
    let full = (published.score)(of as u64);
    let some = (published.score)(SOME_RIGHT);
    let first = server.join("甲甲一").await;
    pass_gate(&server, &key, &published, &first).await;
    let (mut phone, _) = server.hello(&first).await;
    let mut total = 0;
    for n in 0..published.attempts.unwrap_or(3) {
        let question = phone.start(published.round).await;
        assert_eq!(question["of"], of);
        assert_eq!(
            (&question["limit_ms"], &question["paper_remaining_ms"]),
            (&json!(published.question_ms), &json!(published.paper_ms))
        );
        let right = if n == 0 { of as u64 } else { SOME_RIGHT };
        let result = phone.play_right(&server, &key, question, right, 1_000).await;
        let (score, played) = if n == 0 {
            (full, of as u64)
        } else {
            (some, if published.ends_at_first_wrong { SOME_RIGHT + 1 } else { of as u64 })
        };
        total = if published.tally == Tally::Sum { total + score } else { score.max(total) };
        let facts = ["score", "correct", "elapsed_ms"].map(|field| result[field].as_u64().unwrap());
        assert_eq!(facts, [score, right, played * 1_000]);
        assert_eq!((&result["counted"], &result["best"]["score"]), (&json!(true), &json!(total)));
    }
    if published.attempts.is_some() {
        phone.start_refused(published.round, "attempts_exhausted").await;
    }
    check_paper(&server, &first, published.paper).await;
    check_order(&server, &key, &published, full).await;
    if let Some(again) = published.again {
        server.advance(shanghai(again) - server.clock.now().0 - 1);
        let (mut phone, _) = server.hello(&first).await;
        phone.start_refused(published.round, "attempts_exhausted").await;
        server.advance(1);
        let result = phone.play(&server, &key, published.round, SOME_RIGHT, 1_000).await;
        let after = if published.tally == Tally::Sum { total + some } else { total };
        assert_eq!(result["best"]["score"], after);
    }
    server.replayed().await;
}

/// One right answer less than the gate asks for is not enough.
async fn pass_gate(server: &Server, key: &Key, published: &Published, token: &str) {
    let Some((gate, right)) = published.gate else { return };
    let (mut phone, _) = server.hello(token).await;
    phone.start_refused(published.round, "not_eligible").await;
    phone.play(server, key, gate, right - 1, 100).await;
    phone.start_refused(published.round, "not_eligible").await;
    phone.play(server, key, gate, right, 100).await;
}

/// After the paper its review tells the keys; the questions of the first one, all answered, are of the kinds that were published.
async fn check_paper(server: &Server, token: &str, paper: &[(&str, usize)]) {
    let history = server.got("/me/attempts", Some(token)).await;
    let of: usize = paper.iter().map(|(_, count)| count).sum();
    let whole = each(&history["attempts"], "correct").iter().position(|correct| **correct == of).unwrap();
    let path = format!("/me/attempts/{}", history["attempts"][whole]["id"].as_str().unwrap());
    let attempt = server.got(&path, Some(token)).await;
    let kinds = each(&attempt["review"], "kind");
    let expected = paper.iter().flat_map(|(kind, count)| std::iter::repeat_n(*kind, *count));
    assert_eq!(kinds.len(), of);
    assert!(kinds.iter().zip(expected).all(|(kind, expected)| expected == "any" || *kind == expected), "{kinds:?}");
    assert!(each(&attempt["review"], "key").iter().all(|key| key.is_array()));
}

/// Two more play everything right: one slower, then one as fast as the first; time decides, then the earlier finish.
async fn check_order(server: &Server, key: &Key, published: &Published, full: u64) {
    for (name, pace_ms) in [("乙乙二", 1_500), ("丙丙三", 1_000)] {
        let token = server.join(name).await;
        pass_gate(server, key, published, &token).await;
        let (mut phone, _) = server.hello(&token).await;
        let result = phone.play(server, key, published.round, u64::MAX, pace_ms).await;
        assert_eq!(result["score"], full);
    }
    let board = server.got(&format!("/boards/region?round={}", published.round), None).await;
    assert_eq!(each(&board["entries"], "name"), ["甲*一", "丙*三", "乙*二"]);
}

/// `GET /season` on how often a round may be played.
async fn allowed(server: &Server, round: &str) -> Value {
    server.round(round).await["attempts"].clone()
}

#[tokio::test]
async fn ningxia_2018() {
    let (file, at, again) = ("ningxia-2018", "2018-09-12T10:00:00", Some("2018-09-13T00:00:00"));
    let paper = &[("any", 8)];
    check(Published { file, at, again, paper, question_ms: Some(60_000), attempts: Some(1), ..USUAL }).await;
}

#[tokio::test]
async fn ningxia_2018_practises_without_limit_and_with_feedback_at_once() {
    let server = preset("ningxia-2018", "2018-09-12T10:00:00").await;
    let key = Key::of_the_shipped_bank();
    let mut phone = server.phone("韦小兰").await;
    for _ in 0..3 {
        let first = phone.start("practice").await;
        let verdict = phone.verdict(&first, &key.right(&first)).await;
        assert_eq!((&verdict["correct"], &verdict["score"]), (&json!(true), &json!(1)));
        let result = phone.finish(&first).await;
        assert_eq!((&result["counted"], &result["ranks"]), (&json!(false), &json!(null)));
    }
    assert_eq!(server.board("region").await, []);
    let first = phone.start("daily").await;
    assert_eq!(phone.stay(&server, 61_000).await, Vec::<Value>::new());
    server.advance(1);
    assert_eq!(phone.hear("verdict").await["timed_out"], true);
    phone.hear("question").await;
    let result = phone.finish(&first).await;
    assert_eq!((&result["score"], &result["elapsed_ms"]), (&json!(0), &json!(60_000)), "a time-out scores nothing");
}

#[tokio::test]
async fn nanjing_2018() {
    let (file, at, again) = ("nanjing-2018", "2018-08-15T10:00:00", Some("2018-08-16T00:00:00"));
    let paper = &[("true_false", 7), ("single", 7), ("multiple", 6)];
    let (question_ms, paper_ms) = (Some(30_000), Some(600_000));
    let score = |right| 5 * right;
    check(Published { file, at, again, paper, question_ms, paper_ms, attempts: Some(1), score, ..USUAL }).await;
}

#[tokio::test]
async fn qingdao_2023() {
    let (file, at, again) = ("qingdao-2023", "2023-09-13T10:00:00", Some("2023-09-14T00:00:00"));
    let (paper, question_ms, attempts) = (&[("any", 5)], Some(30_000), Some(5));
    let score = |right| 20 * right;
    check(Published { file, at, again, paper, question_ms, attempts, score, tally: Tally::Sum, ..USUAL }).await;
}

#[tokio::test]
async fn guizhou_2024() {
    let (file, at, again) = ("guizhou-2024", "2024-06-12T10:00:00", Some("2024-06-13T00:00:00"));
    let (paper, attempts) = (&[("any", 3)], Some(3));
    let score = |right| u64::from(right >= 2);
    check(Published { file, at, again, paper, attempts, score, tally: Tally::Sum, ..USUAL }).await;
    let server = preset(file, at).await;
    let result = server.phone("韦小兰").await.play(&server, &Key::of_the_shipped_bank(), "daily", 1, 0).await;
    assert_eq!((&result["score"], &result["correct"]), (&json!(0), &json!(1)), "one right answer is no point");
}

#[tokio::test]
async fn guangdong_2021() {
    let (file, at, round) = ("guangdong-2021", "2021-09-15T10:00:00", "open");
    let score = |right| 10 * right;
    let paper = &[("any", 10)];
    check(Published { file, at, round, paper, paper_ms: Some(200_000), score, tally: Tally::Sum, ..USUAL }).await;
}

#[tokio::test]
async fn jiangsu_2017() {
    let (file, at, round) = ("jiangsu-2017", "2017-09-13T10:00:00", "main");
    check(Published { file, at, round, paper: &[("any", 30)], gate: Some(("warm-up", 6)), ..USUAL }).await;
}

#[tokio::test]
async fn jiangsu_2017_ranks_its_groups_apart() {
    let server = preset("jiangsu-2017", "2017-09-13T10:00:00").await;
    let key = Key::of_the_shipped_bank();
    for (name, group, right) in [("甲甲一", "primary", 20), ("乙乙二", "adult", 30), ("丙丙三", "primary", 25)]
    {
        let fields = json!({"name": name, "city": "450200", "county": "450204", "group": group});
        let (mut phone, _) = server.hello(&server.join_as(fields).await).await;
        phone.play(&server, &key, "warm-up", 6, 0).await;
        phone.play(&server, &key, "main", right, 0).await;
    }
    let expected = [(1, "丙*三".to_owned(), 25), (2, "甲*一".to_owned(), 20)];
    assert_eq!(server.board("group:primary?round=main").await, expected);
    assert_eq!(server.board("group:adult?round=main").await, [(1, "乙*二".to_owned(), 30)]);
    assert_eq!(server.board("group:middle?round=main").await, []);
}

#[tokio::test]
async fn haidian_2021() {
    let (file, at, round) = ("haidian-2021", "2021-09-15T10:00:00", "level-2");
    let (paper, paper_ms, gate) = (&[("any", 60)], Some(100_000), Some(("level-1", 5)));
    check(Published { file, at, round, paper, paper_ms, gate, ends_at_first_wrong: true, ..USUAL }).await;
}

#[tokio::test]
async fn haidian_2021_practises_by_topic() {
    let server = preset("haidian-2021", "2021-09-15T10:00:00").await;
    let key = Key::of_the_shipped_bank();
    let mut phone = server.phone("韦小兰").await;
    let result = phone.play(&server, &key, "topic-health", 10, 0).await;
    assert_eq!((&result["score"], &result["of"], &result["counted"]), (&json!(10), &json!(10), &json!(false)));
}

#[tokio::test]
async fn chengyu_2025() {
    let (file, at, round) = ("chengyu-2025", "2025-09-10T10:00:00", "weekly-2");
    let score = |right| 10 * right;
    check(Published { file, at, round, paper: &[("any", 10)], paper_ms: Some(180_000), score, ..USUAL }).await;
}

#[tokio::test]
async fn chengyu_2025_ranks_afresh_each_week() {
    let server = preset("chengyu-2025", "2025-09-07T23:59:00").await;
    let key = Key::of_the_shipped_bank();
    let (mut first, mut second) = (server.phone("甲甲一").await, server.phone("乙乙二").await);
    first.play(&server, &key, "weekly-1", 9, 0).await;
    first.start_refused("weekly-2", "round_not_open").await;
    server.advance(59_000);
    second.hears_nothing().await;
    server.advance(1_000);
    second.start_refused("weekly-1", "round_not_open").await;
    second.play(&server, &key, "weekly-2", 5, 0).await;
    assert_eq!(server.board("region?round=weekly-1").await, [(1, "甲*一".to_owned(), 90)]);
    assert_eq!(server.board("region?round=weekly-2").await, [(1, "乙*二".to_owned(), 50)]);
    assert_eq!(server.board("region").await, [(1, "甲*一".to_owned(), 90), (2, "乙*二".to_owned(), 50)]);
}

#[tokio::test]
async fn huangshan_2019() {
    let (file, at, round) = ("huangshan-2019", "2019-07-03T10:00:00", "weekly");
    let (paper, again) = (&[("any", 40)], Some("2019-07-08T00:00:00"));
    check(Published { file, at, round, paper, again, question_ms: Some(30_000), attempts: Some(1), ..USUAL }).await;
    assert_eq!(allowed(&preset(file, at).await, round).await, json!({"per_week": 1, "in_all": 12}));
}

#[tokio::test]
async fn students_health_2021() {
    let (file, at, round) = ("students-health-2021", "2021-10-13T10:00:00", "main");
    let paper = &[("single", 15), ("true_false", 5), ("multiple", 5)];
    let score = |right| 4 * right;
    check(Published { file, at, round, paper, attempts: Some(3), score, ..USUAL }).await;
    assert_eq!(allowed(&preset(file, at).await, round).await, json!({"in_all": 3}));
}

#[tokio::test]
async fn tcm_law_2022() {
    for round in ["public", "professional"] {
        let (file, at, again) = ("tcm-law-2022", "2022-07-13T10:00:00", Some("2022-07-14T00:00:00"));
        let (paper, attempts) = (&[("any", 20)], Some(3));
        let score = |right| 10 * right;
        check(Published { file, at, again, round, paper, attempts, score, tally: Tally::Sum, ..USUAL }).await;
    }
}

#[tokio::test]
async fn tcm_law_2022_adds_up_both_banks() {
    let server = preset("tcm-law-2022", "2022-07-13T10:00:00").await;
    let key = Key::of_the_shipped_bank();
    let mut phone = server.phone("韦小兰").await;
    phone.play(&server, &key, "public", 20, 0).await;
    phone.play(&server, &key, "professional", 12, 0).await;
    assert_eq!(server.board("region").await, [(1, "韦*兰".to_owned(), 320)]);
}

#[tokio::test]
async fn neimenggu_2023() {
    let (file, at, again) = ("neimenggu-2023", "2023-09-13T10:00:00", Some("2023-09-14T00:00:00"));
    let (round, paper, attempts) = ("formal", &[("any", 5)], Some(1));
    check(Published { file, at, again, round, paper, attempts, ..USUAL }).await;
}

#[tokio::test]
async fn neimenggu_2023_trains_three_times_a_day_without_points_and_moves_once() {
    let server = preset("neimenggu-2023", "2023-09-13T10:00:00").await;
    let key = Key::of_the_shipped_bank();
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    for _ in 0..3 {
        let result = phone.play(&server, &key, "training", 3, 0).await;
        assert_eq!((&result["of"], &result["counted"]), (&json!(3), &json!(false)));
    }
    phone.start_refused("training", "attempts_exhausted").await;
    assert_eq!(server.board("region").await, []);
    assert_eq!(server.patch("/me", &token, json!({"city": "450100", "county": "450102"})).await.0, 200);
    let (status, problem) = server.patch("/me", &token, json!({"city": "450200", "county": "450204"})).await;
    assert_eq!((status, &problem["code"]), (409, &json!("not_eligible")));
}

#[tokio::test]
async fn constitution_2015() {
    let (file, at, round) = ("constitution-2015", "2015-12-09T10:00:00", "main");
    check(Published { file, at, round, paper: &[("any", 30)], attempts: Some(1), ..USUAL }).await;
    assert_eq!(allowed(&preset(file, at).await, round).await, json!({"in_all": 1}));
}

#[tokio::test]
async fn constitution_2015_gives_nothing_for_a_multiple_choice_with_any_miss() {
    let server = preset("constitution-2015", "2015-12-09T10:00:00").await;
    let key = Key::of_the_shipped_bank();
    let mut phone = server.phone("韦小兰").await;
    let first = phone.start("main").await;
    let mut whole = 0;
    let result = phone.play_on(first, |question| {
        let right = key.right(question);
        let taken = if question["kind"] == "multiple" { right[..right.len() - 1].to_vec() } else { right.clone() };
        whole += usize::from(taken == right);
        taken
    });
    let result = result.await;
    assert_eq!(result["score"], whole);
}

#[tokio::test]
async fn winter_olympics_2022() {
    let (file, at, again) = ("winter-olympics-2022", "2022-01-12T10:00:00", Some("2022-01-13T00:00:00"));
    let (paper, attempts) = (&[("single", 10)], Some(1));
    check(Published { file, at, again, paper, attempts, tally: Tally::Sum, ..USUAL }).await;
}

#[test]
fn every_shipped_preset_is_played_here() {
    let mut shipped: Vec<String> = std::fs::read_dir(root().join("seasons/presets"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    shipped.sort();
    assert_eq!(shipped.len(), 14);
    let here = include_str!("presets.rs");
    for file in shipped {
        assert!(here.contains(&format!("async fn {}()", file.replace('-', "_"))), "{file}");
    }
}
