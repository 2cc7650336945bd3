//! The contract: what the server says and takes has the shape of the samples in `tests/wire`, which the pages are tested with too.

use crate::harness::Key;
use crate::harness::Phone;
use crate::harness::Server;
use crate::harness::Start;
use crate::harness::root;
use crate::harness::season;
use kejing::transport::wire::ClientMessage;
use serde_json::Value;
use serde_json::json;

mod calls;
mod codes;
pub(crate) mod shape;

pub(crate) const ROUNDS: &str = r#"
[[round]]
id = "daily"
name = "每日竞赛"
bank = "kexue"
question_seconds = 30
paper_seconds = 600
attempts_per_day = 3
feedback = "after_paper"

[[round.section]]
kind = "true_false"
count = 1
points = 10

[[round.section]]
kind = "single"
count = 1
points = 10

[[round.section]]
kind = "multiple"
count = 1
points = 10

[[round]]
id = "practice"
name = "学习练习"
bank = "kexue"
counts = false
feedback = "after_each"

[[round.section]]
kind = "single"
count = 2
points = 10

[[round]]
id = "challenge"
name = "闯关"
bank = "kexue"
question_seconds = 20
attempts_per_day = 1
ends_at_first_wrong = true
feedback = "after_each"

[[round.section]]
kind = "single"
count = 5
points = 10
"#;

/// A season with everything that a season may tell, as the samples have it: consent, organisations, what there is to read.
pub(crate) fn full_season(rounds: &str) -> Start {
    let more = r#"organisers = ["各设区市科学技术协会"]
consent = "privacy-2026-08"
organisations = "organisations.csv"
about.contact = "0771-1234567"
about.prizes = ["荣誉证书"]
about.privacy = "我们只收集姓名和所在市、县（市、区）。"
about.filings = ["桂ICP备00000000号-1"]
about.faq = [{ question = "换了手机怎么办？", answer = "用恢复码。" }]
cities.participants_min = 1
"#;
    let start = Start::of(&season(rounds).replacen("hosts = ", &format!("{more}hosts = "), 1));
    let organisations = "名称,市,县,编号\n柳州市第七中学,柳州市,柳南区,org-lz-07\n柳州市图书馆,柳州市,,org-lz-lib\n\
                         桂林市第一小学,桂林市,秀峰区,org-gl-01\n自治区科技馆,,,org-region\n";
    std::fs::write(start.folder.path().join("organisations.csv"), organisations).unwrap();
    start
}

/// Every field that somebody can have, but for `request`.
pub(crate) fn everything() -> Value {
    let mut fields = sample("http-participants-request");
    fields.as_object_mut().unwrap().remove("request");
    fields
}

pub(crate) fn sample(name: &str) -> Value {
    let file = root().join(format!("tests/wire/{name}.json"));
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// The message has the keys and types of these samples.
pub(crate) fn like(real: &Value, names: &[&str]) {
    let samples: Vec<Value> = names.iter().map(|name| sample(name)).collect();
    let found = shape::differences(&samples.iter().collect::<Vec<_>>(), real);
    assert!(found.is_empty(), "not like {names:?}: {found:#?}\n{real:#}");
}

/// The names of the samples that begin so.
fn samples(prefix: &str) -> Vec<String> {
    let files = std::fs::read_dir(root().join("tests/wire")).unwrap().map(|entry| entry.unwrap().file_name());
    let names = files.filter_map(|name| name.to_str().unwrap().strip_suffix(".json").map(str::to_owned));
    let mut names: Vec<String> = names.filter(|name| name.starts_with(prefix)).collect();
    names.sort();
    names
}

#[test]
fn every_sample_of_a_client_is_read_as_what_it_says() {
    let names = samples("client-");
    assert!(names.len() >= 11, "{names:?}");
    for name in names {
        let text = sample(&name).to_string();
        let read = ClientMessage::read(&text).unwrap_or_else(|why| panic!("{name}: {why}"));
        assert_eq!(sample(&name)["type"], read.kind(), "{name}");
    }
}

#[tokio::test]
async fn every_sample_of_a_client_is_taken_by_the_socket() {
    let server = Server::of(ROUNDS).await;
    for name in samples("client-") {
        let mut phone = server.phone("韦小兰").await;
        phone.say(sample(&name)).await;
        phone.say(json!({"type": "ping", "n": 99})).await;
        loop {
            let message = phone.hear_any().await;
            assert_ne!(message["code"], "bad_message", "{name}: {message}");
            if message["n"] == 99 {
                break;
            }
        }
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn welcome_has_its_fields_for_newcomers_spectators_and_who_comes_back() {
    let server = full_season(ROUNDS).start().await.unwrap();
    let token = server.join_as(everything()).await;
    let (mut phone, welcome) = server.hello(&token).await;
    like(&welcome, &["server-welcome"]);
    assert_eq!((&welcome["season"], &welcome["ping_ms"]), (&json!("test"), &json!(25_000)));
    assert_eq!(welcome["now"], server.clock.now().0);

    let mut screen = Phone::connect(server.address).await;
    screen.say(sample("client-hello-spectator")).await;
    let welcome = screen.hear("welcome").await;
    like(&welcome, &["server-welcome-spectator"]);

    let question = phone.start("daily").await;
    server.advance(4_000);
    let (mut phone, welcome) = server.hello(&token).await;
    like(&welcome, &["server-welcome-resume"]);
    assert_eq!(welcome["attempt"], question["attempt"]);
    let resumed = phone.hear("question").await;
    like(&resumed, &["server-question-resumed"]);
    assert_eq!((&resumed["remaining_ms"], &resumed["paper_remaining_ms"]), (&json!(26_000), &json!(596_000)));
    assert_eq!((&resumed["stem"], &resumed["options"]), (&question["stem"], &question["options"]));

    phone.say(json!({"type": "finish", "attempt": question["attempt"]})).await;
    phone.hear("result").await;
    server.advance(10 * 60_000);
    let (_phone, welcome) = server.hello(&token).await;
    like(&welcome, &["server-welcome-ended"]);
    assert_eq!(welcome["ended"], question["attempt"]);
    server.advance(1);
    let (_phone, welcome) = server.hello(&token).await;
    assert_eq!(welcome["ended"], json!(null), "an attempt is named for 10 minutes after its end");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_paper_without_feedback_in_between_is_told_in_bare_verdicts_and_a_result() {
    let server = full_season(ROUNDS).start().await.unwrap();
    let key = Key::of_the_shipped_bank();
    let token = server.join_as(everything()).await;
    let (mut phone, _) = server.hello(&token).await;
    let first = phone.start("daily").await;
    like(&first, &["server-question-true_false"]);
    assert_eq!(first["options"], json!(["正确", "错误"]), "true and false are never shuffled");
    phone.answer(&first, &key.right(&first)).await;
    like(&phone.hear("verdict").await, &["server-verdict-bare"]);
    let second = phone.hear("question").await;
    like(&second, &["server-question-single"]);
    assert_eq!((&second["seq"], &second["of"], &second["limit_ms"]), (&json!(2), &json!(3), &json!(30_000)));
    server.advance(31_001);
    let timed_out = phone.hear("verdict").await;
    like(&timed_out, &["server-verdict-bare-timed_out"]);
    assert_eq!((&timed_out["received"], &timed_out["timed_out"]), (&json!(false), &json!(true)));
    let third = phone.hear("question").await;
    like(&third, &["server-question-multiple"]);
    phone.answer(&third, &key.right(&third)).await;
    let last = phone.hear("verdict").await;
    like(&last, &["server-verdict-bare-last"]);
    assert_eq!(last["last"], true);
    let result = phone.hear("result").await;
    like(&result, &["server-result"]);
    assert_eq!((&result["round"], &result["score"], &result["counted"]), (&json!("daily"), &json!(20), &json!(true)));
    let receipt = result["receipt"].as_str().unwrap();
    assert_eq!(receipt.len(), 12);
    assert!(receipt.bytes().all(|b| b"0123456789ABCDEFGHJKMNPQRSTVWXYZ".contains(&b)), "{receipt} has look-alikes");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn with_feedback_after_each_a_verdict_tells_the_key_and_waits_for_next() {
    let server = full_season(ROUNDS).start().await.unwrap();
    let key = Key::of_the_shipped_bank();
    let token = server.join_as(everything()).await;
    let (mut phone, _) = server.hello(&token).await;
    let first = phone.start("practice").await;
    like(&first, &["server-question-no_limits"]);
    phone.answer(&first, &key.right(&first)).await;
    let verdict = phone.hear("verdict").await;
    like(&verdict, &["server-verdict-after_each"]);
    assert_eq!((&verdict["correct"], &verdict["points"], &verdict["score"]), (&json!(true), &json!(10), &json!(10)));
    assert_eq!(verdict["key"], json!(key.right(&first)), "the key in the order that was shown");
    phone.hears_nothing().await;
    phone.say(json!({"type": "next", "attempt": first["attempt"]})).await;
    let second = phone.hear("question").await;
    phone.answer(&second, &key.wrong(&second)).await;
    let verdict = phone.hear("verdict").await;
    like(&verdict, &["server-verdict-last"]);
    assert_eq!((&verdict["correct"], &verdict["points"], &verdict["score"]), (&json!(false), &json!(0), &json!(10)));
    let result = phone.hear("result").await;
    like(&result, &["server-result-practice"]);

    let first = phone.start("challenge").await;
    server.advance(21_001);
    let verdict = phone.hear("verdict").await;
    like(&verdict, &["server-verdict-timed_out"]);
    assert_eq!((&verdict["last"], &verdict["attempt"]), (&json!(true), &first["attempt"]));
    phone.hear("result").await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn who_comes_back_while_a_verdict_waits_for_next_hears_it_again() {
    let server = Server::of(ROUNDS).await;
    let token = server.join_as(json!({"name": "韦小兰", "city": "450200"})).await;
    let (mut phone, _) = server.hello(&token).await;
    let first = phone.start("practice").await;
    phone.answer(&first, &[0]).await;
    let verdict = phone.hear("verdict").await;
    let (mut phone, welcome) = server.hello(&token).await;
    assert_eq!(welcome["attempt"], first["attempt"]);
    assert_eq!(phone.hear("verdict").await, verdict, "as it was first told");
    phone.say(json!({"type": "next", "attempt": first["attempt"]})).await;
    assert_eq!(phone.hear("question").await["seq"], 2);

    // And who has no county has no rank in one.
    phone.say(json!({"type": "finish", "attempt": first["attempt"]})).await;
    phone.hear("result").await;
    let question = phone.start("daily").await;
    phone.say(json!({"type": "finish", "attempt": question["attempt"]})).await;
    let ranks = phone.hear("result").await["ranks"].clone();
    assert_eq!(ranks, json!({"round": {"region": 1, "city": 1}, "season": {"region": 1, "city": 1}}));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_question_with_a_picture_names_it_and_the_picture_is_served() {
    let mut start = Start::of(&season(ROUNDS).replace("question-bank/kexue", "pictures"));
    let bank = start.folder.path().join("pictures");
    std::fs::create_dir_all(bank.join("media")).unwrap();
    std::fs::write(bank.join("media/peaks.png"), b"\x89PNG").unwrap();
    std::fs::write(bank.join("bank.toml"), bank_with_pictures()).unwrap();
    start.settings.media = vec![bank.join("media")];
    let server = start.start().await.unwrap();
    let mut phone = server.phone("韦小兰").await;
    let question = phone.start("practice").await;
    let mut expected = sample("server-question-media");
    for limit in ["limit_ms", "remaining_ms", "paper_remaining_ms"] {
        expected[limit] = json!(null);
    }
    assert_eq!(shape::differences(&[&expected], &question), Vec::<String>::new());
    let url = question["media"]["url"].as_str().unwrap();
    let picture = server.http.get(server.url(url)).send().await.unwrap();
    assert_eq!(picture.status(), 200);
    assert_eq!(picture.headers()["content-type"], "image/png");
    for outside in ["/media/../bank.toml", "/media/%2e%2e/bank.toml", "/media/..%2fbank.toml", "/media/other.png"] {
        let found = server.http.get(server.url(outside)).send().await.unwrap();
        assert_eq!(found.status(), 404, "{outside}");
    }
    server.stop().await.unwrap();
}

fn bank_with_pictures() -> String {
    let picture = r#"media = { file = "peaks.png", width = 800, height = 480, alt = "江边的石峰" }"#;
    let end = "difficulty = 1\nexplanation = \"广西多喀斯特地貌。\"\nsource = \"教科书\"\n";
    let mut bank = "topic = \"广西自然与资源\"\n".to_owned();
    for i in 0..10 {
        bank += &format!(
            "[[question]]\nid = \"t{i}\"\nkind = \"true_false\"\nstem = \"判断{i}\"\nkey = \"正确\"\n{end}\
             [[question]]\nid = \"s{i}\"\nkind = \"single\"\nstem = \"图中{i}是什么？\"\n\
             options = [\"石峰\", \"沙丘\", \"冰川\"]\nkey = \"A\"\n{picture}\n{end}\
             [[question]]\nid = \"m{i}\"\nkind = \"multiple\"\nstem = \"哪些对{i}？\"\n\
             options = [\"甲\", \"乙\", \"丙\", \"丁\"]\nkey = \"AB\"\n{end}"
        );
    }
    bank
}

#[tokio::test]
async fn pong_boards_superseded_and_reconnect_have_their_fields() {
    let server = full_season(ROUNDS).start().await.unwrap();
    let token = server.join_as(everything()).await;
    let (mut phone, _) = server.hello(&token).await;
    phone.say(sample("client-ping")).await;
    let pong = phone.hear("pong").await;
    like(&pong, &["server-pong"]);
    assert_eq!((&pong["n"], &pong["now"]), (&json!(7), &json!(server.clock.now().0)));

    let question = phone.start("daily").await;
    phone.say(json!({"type": "finish", "attempt": question["attempt"]})).await;
    phone.hear("result").await;
    phone.say(sample("client-watch")).await;
    let board = phone.hear("board").await;
    like(&board, &["server-board"]);
    assert_eq!(board["entries"].as_array().unwrap().len(), 1);
    phone.say(json!({"type": "watch", "board": "cities", "by": "per_10k", "round": "daily"})).await;
    let board = phone.hear("board").await;
    like(&board, &["server-board-cities"]);
    assert_eq!((&board["by"], board["entries"].as_array().unwrap().len()), (&json!("per_10k"), 14));
    phone.say(sample("client-watch-cities")).await;
    assert_eq!(phone.hear("board").await.get("round"), None, "without `round` a board is the season's");

    let (mut newer, _) = server.hello(&token).await;
    assert_eq!(phone.hear("superseded").await, sample("server-superseded"));
    let stopping = tokio::spawn(server.stop());
    like(&newer.hear("reconnect").await, &["server-reconnect"]);
    stopping.await.unwrap().unwrap();
}
