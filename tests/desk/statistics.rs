//! Statistics are what was played: figures worked out by hand, before and after corrections, and nothing of them too early.

use crate::harness::Phone;
use crate::harness::Server;
use crate::harness::desk::Clerk;
use crate::wire::like;
use kejing::contest::correct::Proposal;
use kejing::domain::correction::Remedy;
use kejing::domain::ids::RoundIndex;
use kejing::domain::question::Choices;
use kejing::domain::question::Question;
use serde_json::Value;
use serde_json::json;
use std::sync::Arc;

/// Every paper has the same four questions, in an order of its own: the bank has no more of them.
const FOUR: &str = r#"
[[round.section]]
kind = "multiple"
topics = ["安全生产"]
difficulties = [2]
count = 4
points = 10
"#;

fn round(id: &str, lines: &str) -> String {
    format!("[[round]]\nid = \"{id}\"\nname = \"{id}\"\nbank = \"kexue\"\n{lines}\n{FOUR}")
}

/// The four, by their stems.
fn four(server: &Server) -> Vec<Question> {
    let period = server.contest.periods_of(RoundIndex(0)).last().unwrap().clone();
    let bank = &period.bank.questions;
    let wanted = |question: &&Question| {
        period.round.blueprint.sections[0].topics.contains(&question.topic) && question.difficulty == 2
    };
    let of_kind = |question: &&Question| period.round.blueprint.sections[0].kinds.contains(&question.kind);
    let mut four: Vec<Question> = bank.iter().filter(wanted).filter(of_kind).cloned().collect();
    assert_eq!(four.len(), 4);
    four.sort_by(|one, other| one.stem.cmp(&other.stem));
    four
}

/// The first option in the bank's order that is wrong.
fn wrong_of(question: &Question) -> usize {
    (0..question.options.len()).find(|place| !question.key.has(*place)).unwrap()
}

/// Plays a paper on which the four are right (`1`), wrong (`0`, by the first wrong option) or passed (`-`), each after four seconds.
async fn play(server: &Server, phone: &mut Phone, round: &str, four: &[Question], answers: &str) {
    let mut question = phone.start(round).await;
    loop {
        let place = four.iter().position(|one| question["stem"] == one.stem.as_str()).unwrap();
        let wanted = &four[place];
        let chosen: Vec<&String> = match &answers[place..=place] {
            "1" => wanted.key.places().map(|place| &wanted.options[place]).collect(),
            "0" => vec![&wanted.options[wrong_of(wanted)]],
            _ => Vec::new(),
        };
        let shown = question["options"].as_array().unwrap();
        let choices: Vec<usize> =
            (0..shown.len()).filter(|place| chosen.iter().any(|text| shown[*place] == text.as_str())).collect();
        server.advance(4_000);
        let verdict = phone.verdict(&question, &choices).await;
        if verdict["last"] == true {
            phone.hear("result").await;
            return;
        }
        question = phone.hear("question").await;
    }
}

/// Lets a minute pass, so that what is new is counted, and waits until it is.
async fn counted(server: &Server, clerk: &mut Clerk) -> Value {
    server.advance(60_000);
    let now = server.clock.now().0;
    let is_counted = |page: &Value| page["as_of"].as_i64().is_some_and(|as_of| as_of >= now);
    clerk.eventually("/statistics/questions?round=daily", is_counted).await
}

fn of<'p>(page: &'p Value, question: &Question) -> &'p Value {
    let items = page["items"].as_array().unwrap();
    items.iter().find(|item| item["question"] == question.id.as_str()).unwrap_or_else(|| panic!("{page}"))
}

async fn correct(server: &Server, question: &Question, remedy: Remedy) {
    let proposal = Proposal { bank: "kexue".into(), question: question.id.clone(), versions: Vec::new(), remedy };
    let two = ["韦主任".to_owned(), "莫老师".to_owned()];
    server.contest.apply_correction(proposal, "参考答案有误".into(), two, Arc::default()).await.unwrap();
}

/// Marks of the first question, with what the other three came to: 1 100, 1 67, 0 67, 1 0, 0 0. Σx = 3, Σy = 234, Σxy = 167, Σy² = 18978:
/// 5·167 − 3·234 = 133; 5·3 − 9 = 6; 5·18978 − 234² = 40134; 133 ÷ √(6 · 40134) = 0.2710. At most, 0 0 1 1 1 beside 0 0 67 67 100,
/// it were 5·234 − 702 = 468: 133 ÷ 468 = 0.2842. The deviation is √((3 − 9/5) ÷ 4) = 0.5477.
#[tokio::test]
async fn figures_are_those_worked_out_by_hand_and_follow_corrections() {
    let server = Server::of(&round("daily", "feedback = \"after_paper\"")).await;
    let mut clerk = server.first_administrator().await;
    let four = four(&server);
    let mut phone = server.phone("韦小兰").await;
    for answers in ["1111", "1110", "0110"] {
        play(&server, &mut phone, "daily", &four, answers).await;
    }
    let mut other = server.phone("莫小雨").await;
    for answers in ["1000", "000-"] {
        play(&server, &mut other, "daily", &four, answers).await;
    }
    // One that is open is in nothing yet.
    phone.start("daily").await;

    let page = counted(&server, &mut clerk).await;
    assert_eq!(page["total"], 4);
    let first = of(&page, &four[0]);
    let told = |name: &str| first[name].clone();
    assert_eq!(
        (told("shown"), told("right"), told("answered"), told("passed")),
        (json!(5), json!(3), json!(5), json!(0))
    );
    assert_eq!((told("facility"), told("sd")), (json!(0.6), json!(0.5477)));
    assert_eq!((told("discrimination_index"), told("discriminative_efficiency")), (json!(0.271), json!(0.2842)));
    assert_eq!((told("mean_ms"), told("group")), (json!(4_000), json!(0)));
    // By the bank's order, whatever order each paper showed.
    for (place, option) in first["options"].as_array().unwrap().iter().enumerate() {
        let chosen = if four[0].key.has(place) {
            3
        } else if place == wrong_of(&four[0]) {
            2
        } else {
            0
        };
        assert_eq!((&option["chosen"], &option["text"]), (&json!(chosen), &json!(four[0].options[place])), "{first}");
        assert_eq!(option["share"], json!(f64::from(chosen) / 5.0));
    }
    let last = of(&page, &four[3]);
    assert_eq!((&last["right"], &last["answered"], &last["passed"]), (&json!(1), &json!(4), &json!(1)));

    let path = format!("/statistics/questions/{}", four[0].id);
    let one = super::done(clerk.get(&path).await, 200);
    let day = json!([{"day": "2026-09-01", "shown": 5, "right": 3, "facility": 0.6, "mean_ms": 4_000}]);
    assert_eq!((&one["days"], &one["stem"]), (&day, &json!(four[0].stem)));
    super::refused(clerk.get("/statistics/questions/none").await, 404, "not_found");
    let (status, name, bytes) = clerk.download("/statistics/export?bank=kexue").await;
    let table = String::from_utf8(bytes).unwrap();
    assert_eq!((status, name.starts_with("attachment")), (200, true));
    assert_eq!(table.lines().count(), 5, "{table}");
    assert!(table.contains(&format!("\"{}\"", four[0].stem.replace('"', "\"\""))), "{table}");

    // Who chose the wrong option is right by now, and who was right is not.
    correct(&server, &four[0], Remedy::NewKey { key: Choices(1 << wrong_of(&four[0])) }).await;
    let page = counted(&server, &mut clerk).await;
    assert_eq!((&of(&page, &four[0])["right"], &of(&page, &four[0])["facility"]), (&json!(2), &json!(0.4)));
    let keys = of(&page, &four[0])["options"].as_array().unwrap().iter().filter(|option| option["key"] == true).count();
    assert_eq!(keys, 1);
    // The rest of the others' papers has changed with it: of the last question the marks are 1 0 0 0 0 beside 67 67 100 0 33. Σxy = 67,
    // Σy = 267, Σy² = 20067: 5·67 − 267 = 68, 5·1 − 1 = 4, 5·20067 − 267² = 29046: 68 ÷ √(4 · 29046) = 0.1995.
    assert_eq!(of(&page, &four[3])["discrimination_index"], json!(0.1995));

    // Annulled, it is in nothing any more: of the last question the rests are 100 100 100 0 0.
    correct(&server, &four[0], Remedy::Annul).await;
    let page = counted(&server, &mut clerk).await;
    assert_eq!(page["total"], 3);
    // Σxy = 100, Σy = 300, Σy² = 30000: 500 − 300 = 200; 4; 150000 − 90000 = 60000: 200 ÷ √240000 = 0.4082.
    assert_eq!(of(&page, &four[3])["discrimination_index"], json!(0.4082));
    // On how many papers it was shown, is known all the same.
    let drawn = super::done(clerk.get("/statistics/overview").await, 200);
    assert_eq!((&drawn["starts"], &drawn["participants"]), (&json!(6), &json!(2)));

    // A start counts the same from the ledger.
    let server = server.restart(1_000).await;
    let mut clerk = clerk.of(&server);
    let again = counted(&server, &mut clerk).await;
    assert_eq!(again["items"], page["items"]);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn an_association_is_told_of_its_own_place_and_nobody_by_name() {
    let server = Server::of(&round("daily", "feedback = \"after_paper\"")).await;
    let mut first = server.first_administrator().await;
    let four = four(&server);
    let sanjiang = server.join_as(json!({"name": "杨小花", "city": "450200", "county": "450226"})).await;
    let nanning = server.join_as(json!({"name": "黄大力", "city": "450100", "county": "450103"})).await;
    for token in [&sanjiang, &sanjiang, &nanning] {
        let (mut phone, _) = server.hello(token).await;
        play(&server, &mut phone, "daily", &four, "1111").await;
        phone.leave().await;
    }
    counted(&server, &mut first).await;
    let all = super::done(first.get("/statistics/overview").await, 200);
    let day = json!([{"day": "2026-09-01", "starts": 3, "participants": 2}]);
    assert_eq!(
        (&all["place"], &all["starts"], &all["participants"], &all["days"]),
        (&json!("region"), &json!(3), &json!(2), &day)
    );
    assert_eq!(all["hours"][10], json!({"hour": 10, "starts": 3, "participants": 2}));
    let liuzhou = all["places"].as_array().unwrap().iter().find(|place| place["place"] == "city:450200").unwrap();
    assert_eq!((&liuzhou["starts"], &liuzhou["participants"]), (&json!(2), &json!(1)));

    let grant = json!([{"role": "association", "place": "county:450226"}]);
    let mut association = server.colleague(&mut first, "sanjiang", grant).await;
    let own = super::done(association.get("/statistics/overview").await, 200);
    assert_eq!((&own["place"], &own["starts"], &own["participants"]), (&json!("county:450226"), &json!(2), &json!(1)));
    assert!(!own.to_string().contains("杨小花"), "{own}");
    super::refused(association.get("/statistics/overview?place=city:450200").await, 403, "forbidden");
    super::refused(association.get("/statistics/questions").await, 403, "forbidden");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn what_was_asked_for_is_checked() {
    let server = Server::of(&round("daily", "feedback = \"after_paper\"")).await;
    let mut clerk = server.first_administrator().await;
    for wrong in ["alarm=none", "from=gestern", "sort=none", "limit=0", "limit=201"] {
        super::refused(clerk.get(&format!("/statistics/questions?{wrong}")).await, 400, "bad_request");
    }
    for missing in ["round=none", "bank=kexue&version=9"] {
        super::refused(clerk.get(&format!("/statistics/questions?{missing}")).await, 404, "not_found");
    }
    super::refused(clerk.get("/statistics/overview?place=none").await, 404, "not_found");
    let empty = super::done(clerk.get("/statistics/questions?alarm=any&bank=kexue").await, 200);
    assert_eq!((&empty["total"], &empty["versions"]), (&json!(0), &json!([])));
    server.stop().await.unwrap();
}

/// Thirty papers in the week from Monday, 31 August: of the four, 24, 12, 3 and none were wrong.
async fn a_week(lines: &str) -> (Server, Clerk, Vec<Question>) {
    let server = Server::of(&round("daily", lines)).await;
    let mut clerk = server.first_administrator().await;
    let four = four(&server);
    let mut phone = server.phone("韦小兰").await;
    for n in 0..30 {
        let answers: String = [24, 12, 3, 0].iter().map(|wrong| if n < *wrong { '0' } else { '1' }).collect();
        play(&server, &mut phone, "daily", &four, &answers).await;
    }
    phone.leave().await;
    counted(&server, &mut clerk).await;
    (server, clerk, four)
}

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// So many days later, when it has been counted.
async fn days_later(server: &Server, clerk: &mut Clerk, days: i64) -> Value {
    server.advance(days * DAY_MS);
    clerk.sign_in(server, crate::harness::desk::PASSWORD).await;
    counted(server, clerk).await;
    server.got("/missed", None).await
}

#[tokio::test]
async fn the_most_missed_questions_of_a_week_are_told_when_it_is_over() {
    let (server, mut clerk, four) = a_week("feedback = \"after_paper\"").await;
    assert_eq!(server.got("/missed", None).await, json!({"weeks": [], "week": null}), "on Tuesday");
    let told = days_later(&server, &mut clerk, 5).await;
    assert_eq!(told["week"], Value::Null, "on Sunday");
    let told = days_later(&server, &mut clerk, 1).await;
    like(&told, &["http-missed"]);
    assert_eq!((&told["weeks"], &told["week"]["id"]), (&json!(["2026-08-31"]), &json!("2026-08-31")));
    let questions = told["week"]["questions"].as_array().unwrap();
    let figures: Vec<_> = questions.iter().map(|one| (&one["stem"], &one["shown"], &one["missed"])).collect();
    // The third was wrong in a tenth alone.
    assert_eq!(
        figures,
        [(&json!(four[0].stem), &json!(30), &json!(24)), (&json!(four[1].stem), &json!(30), &json!(12))]
    );
    let key: Vec<usize> = four[0].key.places().collect();
    assert_eq!((&questions[0]["key"], &questions[0]["options"]), (&json!(key), &json!(four[0].options)));
    assert_eq!(server.got("/missed?week=2026-08-31", None).await, told);
    let (status, problem) = server.get("/missed?week=2026-08-24", None).await;
    assert_eq!((status, &problem["code"]), (404, &json!("not_found")));

    // What was annulled is in nothing, and what was corrected is told with its right answer.
    correct(&server, &four[0], Remedy::Annul).await;
    let wrong = wrong_of(&four[1]);
    correct(&server, &four[1], Remedy::NewKey { key: Choices(1 << wrong) }).await;
    counted(&server, &mut clerk).await;
    let told = server.got("/missed", None).await;
    let questions = told["week"]["questions"].as_array().unwrap();
    assert_eq!(questions.len(), 1, "{told}");
    assert_eq!((&questions[0]["key"], &questions[0]["missed"]), (&json!([wrong]), &json!(18)));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn no_key_is_told_while_a_round_that_may_ask_it_keeps_it() {
    let (server, mut clerk, _) = a_week("opens = 2026-09-01\nlast_day = 2026-09-12\nfeedback = \"after_round\"").await;
    let told = days_later(&server, &mut clerk, 7).await;
    assert_eq!(told, json!({"weeks": [], "week": null}), "the round is open until the twelfth");
    let told = days_later(&server, &mut clerk, 6).await;
    assert_eq!(told["week"]["questions"].as_array().map(Vec::len), Some(2), "{told}");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn where_nothing_is_ever_told_no_week_tells_it() {
    let never = round("other", "feedback = \"never\"");
    let lines = "feedback = \"after_paper\"";
    let both = format!("{lines}\n{FOUR}\n{}", never.replace(FOUR, ""));
    // One round that keeps its answers is enough.
    let (server, mut clerk, _) = a_week(&both).await;
    let told = days_later(&server, &mut clerk, 14).await;
    assert_eq!(told, json!({"weeks": [], "week": null}));
    server.stop().await.unwrap();
}
