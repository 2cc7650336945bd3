//! Who may start, when and how often; what an attempt belongs to; and what is handed back.

use crate::harness::Key;
use crate::harness::Server;
use crate::harness::Start;
use crate::harness::season;
use crate::harness::steps::round;
use serde_json::Value;
use serde_json::json;

async fn server_at(rounds: &str, civil: &str) -> Server {
    Start::at(&season(rounds), civil).start().await.unwrap()
}

/// Starts and hands in so many attempts, which the round allows; the next is refused.
async fn check_exactly(server: &Server, token: &str, round: &str, allowed: usize, sentence: &str) {
    let (mut phone, _) = server.hello(token).await;
    for _ in 0..allowed {
        let first = phone.start(round).await;
        phone.finish(&first).await;
    }
    let error = phone.start_refused(round, "attempts_exhausted").await;
    assert_eq!((error["message"].as_str(), &error["re"]), (Some(sentence), &json!({"type": "start"})));
}

const TODAY: &str = "今天的答题次数已用完，请明天再来";
const WEEK: &str = "本周的答题次数已用完，请下周再来";
const IN_ALL: &str = "本场次的答题次数已全部用完";

#[tokio::test]
async fn attempts_a_day_a_week_and_in_all_are_allowed_exactly() {
    let lines = "attempts_per_day = 2\nattempts_per_week = 3\nattempts_in_all = 4";
    let server = server_at(&round("daily", lines), "2026-09-05T12:00:00").await; // a Saturday
    let token = server.join("韦小兰").await;
    let left = async |server: &Server| {
        let mine = server.mine("daily", &token).await;
        ["left_today", "left_week", "left"].map(|field| mine[field].as_u64().unwrap())
    };
    assert_eq!(left(&server).await, [2, 3, 4]);
    check_exactly(&server, &token, "daily", 2, TODAY).await;
    assert_eq!(left(&server).await, [0, 1, 2]);
    server.advance(24 * 3_600_000); // Sunday
    assert_eq!(left(&server).await, [2, 1, 2]);
    check_exactly(&server, &token, "daily", 1, WEEK).await;
    server.advance(24 * 3_600_000); // Monday
    assert_eq!(left(&server).await, [2, 3, 1]);
    check_exactly(&server, &token, "daily", 1, IN_ALL).await;
    server.replayed().await;
}

#[tokio::test]
async fn an_attempt_is_used_from_its_start_and_not_from_its_end() {
    let server = Server::of(&round("daily", "attempts_per_day = 1")).await;
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    phone.start("daily").await;
    assert_eq!(server.mine("daily", &token).await["left_today"], 0);
}

#[tokio::test]
async fn an_attempt_over_midnight_belongs_to_the_day_in_which_it_started() {
    let lines = "attempts_per_day = 1\ntally = \"sum_of_daily_best\"\nopens = 2026-09-01\nlast_day = 2026-09-30";
    let server = server_at(&round("daily", lines), "2026-09-01T23:59:59.999").await;
    let key = Key::of_the_shipped_bank();
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    let first = phone.start("daily").await;
    server.advance(1);
    assert_eq!(server.mine("daily", &token).await["left_today"], 1, "a new day in Asia/Shanghai");
    phone.play_right(&server, &key, first, 3, 1_000).await;
    assert_eq!(server.mine("daily", &token).await["left_today"], 1);
    let result = phone.play(&server, &key, "daily", 2, 1_000).await;
    assert_eq!(result["best"]["score"], 50, "two days' best, 30 and 20");
    phone.start_refused("daily", "attempts_exhausted").await;
    server.replayed().await;
}

#[tokio::test]
async fn an_attempt_over_sundays_midnight_belongs_to_the_week_in_which_it_started() {
    let server = server_at(&round("weekly", "attempts_per_week = 1"), "2026-09-06T23:59:59.999").await;
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    let first = phone.start("weekly").await;
    server.advance(1);
    assert_eq!(server.mine("weekly", &token).await["left_week"], 1);
    phone.finish(&first).await;
    let second = phone.start("weekly").await;
    phone.finish(&second).await;
    assert_eq!(phone.start_refused("weekly", "attempts_exhausted").await["message"], WEEK);
}

#[tokio::test]
async fn a_day_is_the_seasons_and_not_utcs() {
    let server = server_at(&round("daily", "attempts_per_day = 1"), "2026-09-01T07:59:00").await;
    let token = server.join("韦小兰").await;
    check_exactly(&server, &token, "daily", 1, TODAY).await;
    server.advance(2 * 60_000); // over midnight in UTC
    check_exactly(&server, &token, "daily", 0, TODAY).await;
}

const MORNING: &str = "opens = 2026-09-01T09:00:00\ncloses = 2026-09-01T10:00:00\nquestion_seconds = 30";

#[tokio::test]
async fn a_round_opens_and_closes_to_the_millisecond() {
    let server = server_at(&round("daily", MORNING), "2026-09-01T08:59:59.999").await;
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    assert_eq!(server.round("daily").await["state"], "upcoming");
    let error = phone.start_refused("daily", "round_not_open").await;
    assert_eq!(error["message"], "本场次还没有开始，9月1日 9:00 开放");
    server.advance(1);
    let first = phone.start("daily").await;
    phone.finish(&first).await;
    server.advance(1_000); // what `GET /season` tells is kept for a second
    assert_eq!(server.round("daily").await["state"], "open");
    server.advance(3_599_000 - 1);
    let (mut phone, _) = server.hello(&token).await;
    let first = phone.start("daily").await;
    phone.finish(&first).await;
    server.advance(1);
    assert_eq!(phone.start_refused("daily", "round_not_open").await["message"], "本场次已经结束");
    phone.start_refused("nothing", "unknown_round").await;
    server.advance(1_000);
    assert_eq!(server.round("daily").await["state"], "closed");
}

#[tokio::test]
async fn an_attempt_runs_on_over_the_close_to_its_own_limits_and_counts() {
    let server = server_at(&round("daily", MORNING), "2026-09-01T09:59:59.999").await;
    let key = Key::of_the_shipped_bank();
    let mut phone = server.phone("韦小兰").await;
    let mut late = server.phone("莫小雨").await;
    let first = phone.start("daily").await;
    server.advance(1);
    assert_eq!(server.round("daily").await["state"], "settling");
    late.start_refused("daily", "round_not_open").await;
    let result = phone.play_right(&server, &key, first, 5, 8_000).await;
    assert_eq!((&result["score"], &result["counted"]), (&json!(50), &json!(true)));
    assert_eq!(server.round("daily").await["state"], "closed");
    assert_eq!(server.board("region?round=daily").await.len(), 1);
    server.replayed().await;
}

#[tokio::test]
async fn a_season_that_has_not_opened_or_has_closed_says_so() {
    let window = "opens = 2026-09-01T09:00:00\ncloses = 2026-09-01T10:00:00";
    let file = season(&round("daily", "question_seconds = 30")).replace("always_open = true", window);
    let server = Start::at(&file, "2026-09-01T08:59:59.999").start().await.unwrap();
    let state = async |server: &Server| server.got("/season", None).await["state"].clone();
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    assert_eq!(state(&server).await, "upcoming");
    phone.start_refused("daily", "season_not_open").await;
    server.advance(3_600_000);
    assert_eq!(state(&server).await, "open");
    let (mut phone, _) = server.hello(&token).await;
    let first = phone.start("daily").await;
    server.advance(1_000);
    assert_eq!(state(&server).await, "settling");
    phone.finish(&first).await;
    server.advance(1_000);
    assert_eq!(state(&server).await, "closed");
    let error = phone.start_refused("daily", "season_not_open").await;
    assert_eq!(error["message"], "赛季已经结束");
}

#[tokio::test]
async fn a_round_for_some_groups_is_closed_to_others() {
    let server = Server::of(&(round("school", "groups = [\"youth\"]") + &round("daily", ""))).await;
    for (group, may) in [(json!("youth"), true), (json!("other"), false), (json!(null), false)] {
        let fields = json!({"name": "韦小兰", "city": "450200", "county": "450204", "group": group});
        let (mut phone, _) = server.hello(&server.join_as(fields).await).await;
        if may {
            phone.start("school").await;
        } else {
            let error = phone.start_refused("school", "not_eligible").await;
            assert!(error["message"].as_str().unwrap().contains("青少年"), "{error}");
            phone.start("daily").await;
        }
    }
}

#[tokio::test]
async fn a_gate_opens_with_enough_right_answers_in_one_attempt() {
    let rounds = round("warm-up", "counts = false") + &round("main", "gate = { round = \"warm-up\", right = 3 }");
    let server = Server::of(&rounds).await;
    let key = Key::of_the_shipped_bank();
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    phone.start_refused("main", "not_eligible").await;
    for _ in 0..2 {
        phone.play(&server, &key, "warm-up", 2, 1_000).await;
        let error = phone.start_refused("main", "not_eligible").await;
        assert_eq!(error["message"], "请先在「warm-up」中一次答对至少 3 题，再来参加本场次");
    }
    phone.play(&server, &key, "warm-up", 3, 1_000).await;
    phone.play(&server, &key, "warm-up", 0, 1_000).await;
    let server = server.restart(60_000).await;
    let (mut phone, _) = server.hello(&token).await;
    let first = phone.start("main").await;
    phone.finish(&first).await;
    server.replayed().await;
}

/// One question, so that its time-out ends the attempt.
const HANDED_BACK: &str = r#"
[[round]]
id = "daily"
name = "每日竞赛"
question_seconds = 20
attempts_per_day = 2
hand_back = true

[[round.section]]
kind = "single"
count = 1
points = 10
"#;

/// Starts, drops after so long, and lets question 1 time out; then so many attempts are left today. Returns what history tells of it.
async fn dropped_after(server: &Server, token: &str, ms: i64, left_today: u64) -> Value {
    let (mut phone, _) = server.hello(token).await;
    phone.start("daily").await;
    server.advance(ms);
    phone.leave().await;
    server.advance(21_001 - ms);
    let attempt = server.over(token).await;
    // The ledger tells that it is over a moment before it is counted.
    let counted = |me: &Value| me["rounds"][0]["left_today"] == left_today;
    server.eventually("/me", token, counted).await;
    attempt
}

#[tokio::test]
async fn an_attempt_dropped_within_ten_seconds_is_handed_back_once_a_day() {
    let server = Server::of(HANDED_BACK).await;
    let token = server.join("韦小兰").await;
    assert_eq!(dropped_after(&server, &token, 10_000, 2).await["score"], 0);
    assert_eq!(server.board("region").await, [], "it counts for nothing");
    let server = server.restart(60_000).await;
    dropped_after(&server, &token, 1_000, 1).await; // once a day, also over a restart
    assert_eq!(server.board("region").await.len(), 1);
    server.advance(24 * 3_600_000);
    dropped_after(&server, &token, 1_000, 2).await; // and again on another day
    server.replayed().await;
}

#[tokio::test]
async fn an_attempt_that_times_out_after_midnight_is_handed_back_on_account_of_its_own_day() {
    let server = server_at(HANDED_BACK, "2026-09-01T23:59:00").await;
    let token = server.join("韦小兰").await;
    dropped_after(&server, &token, 1_000, 2).await;
    server.advance(38_000);
    dropped_after(&server, &token, 1_000, 2).await; // nothing of the new day is used
    assert_eq!(server.board("region").await.len(), 1, "the old day's was handed back before, so this one counts");
    dropped_after(&server, &token, 1_000, 2).await; // the new day's own
    server.replayed().await;
}

#[tokio::test]
async fn an_attempt_dropped_later_is_not_handed_back() {
    let server = Server::of(HANDED_BACK).await;
    let token = server.join("韦小兰").await;
    dropped_after(&server, &token, 10_001, 1).await;
}

#[tokio::test]
async fn a_client_that_stays_silent_is_not_one_that_dropped() {
    let server = Server::of(HANDED_BACK).await;
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    phone.start("daily").await;
    server.advance(21_001);
    phone.hear("verdict").await;
    assert_eq!(phone.hear("result").await["counted"], true);
    assert_eq!(server.mine("daily", &token).await["left_today"], 1);
}

#[tokio::test]
async fn an_attempt_whose_client_came_back_is_not_handed_back() {
    let server = Server::of(HANDED_BACK).await;
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    let first = phone.start("daily").await;
    server.advance(1_000);
    phone.leave().await;
    server.advance(15_000);
    let (mut phone, welcome) = server.hello(&token).await;
    assert_eq!(welcome["attempt"], first["attempt"]);
    assert_eq!(phone.hear("question").await["remaining_ms"], 4_000);
    server.advance(5_001);
    assert_eq!(phone.hear("verdict").await["timed_out"], true);
    phone.hear("result").await;
    assert_eq!(server.mine("daily", &token).await["left_today"], 1);
}

#[tokio::test]
async fn where_the_round_does_not_say_so_nothing_is_handed_back() {
    let server = Server::of(&HANDED_BACK.replace("hand_back = true", "")).await;
    let token = server.join("韦小兰").await;
    dropped_after(&server, &token, 1_000, 1).await;
}

#[tokio::test]
async fn with_a_question_settled_nothing_is_handed_back() {
    let lines = "question_seconds = 10\npaper_seconds = 12\nattempts_per_day = 2\nhand_back = true";
    let server = Server::of(&round("daily", lines)).await;
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    let first = phone.start("daily").await;
    server.advance(5_000);
    phone.verdict(&first, &[]).await;
    phone.hear("question").await;
    phone.leave().await;
    server.advance(8_001); // the paper's time is up
    server.over(&token).await;
    assert_eq!(server.mine("daily", &token).await["left_today"], 1);
}

#[tokio::test]
async fn the_paper_after_one_that_was_handed_back_is_another() {
    let window = "opens = 2026-09-01\ncloses = 2026-09-01T11:00:00\nhand_back = true";
    let rounds = HANDED_BACK.replace("hand_back = true", window).replace("count = 1", "count = 20");
    let server = Server::of(&rounds.replace("question_seconds", "paper_seconds")).await;
    let token = server.join("韦小兰").await;
    let handed_back = dropped_after(&server, &token, 1_000, 2).await;
    assert_eq!(handed_back["state"], "handed_back");
    let (mut phone, _) = server.hello(&token).await;
    let first = phone.start("daily").await;
    let next = phone.finish(&first).await["attempt"].clone();
    // Once the round's secret is out, each attempt tells its whole paper.
    server.advance(2 * 3_600_000);
    let mut papers = Vec::new();
    for id in [&handed_back["id"], &next] {
        let path = format!("/me/attempts/{}", id.as_str().unwrap());
        papers.push(server.eventually(&path, &token, |attempt| attempt["paper"].is_array()).await["paper"].take());
    }
    assert_eq!(papers.iter().map(|paper| paper.as_array().unwrap().len()).collect::<Vec<_>>(), [20, 20]);
    assert_ne!(papers[0], papers[1]);
}
