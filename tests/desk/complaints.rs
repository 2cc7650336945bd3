//! 接访: from a receipt to the reason, in every state of an attempt; who may look at whom; what is done about a complaint.

use super::done;
use super::refused;
use crate::harness::Key;
use crate::harness::Server;
use crate::harness::desk::Clerk;
use crate::harness::steps::each;
use crate::harness::steps::round;
use serde_json::Value;
use serde_json::json;

const LINES: &str = "feedback = \"after_paper\"\nquestion_seconds = 30\nattempts_per_day = 9";

fn kinds(story: &Value) -> Vec<&str> {
    story["events"].as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap()).collect()
}

fn event<'s>(story: &'s Value, kind: &str) -> &'s Value {
    let events = story["events"].as_array().unwrap();
    events.iter().find(|event| event["kind"] == kind).unwrap_or_else(|| panic!("no {kind} in {story}"))
}

async fn story(clerk: &mut Clerk, attempt: &Value) -> Value {
    done(clerk.get(&format!("/attempts/{}", attempt.as_str().unwrap())).await, 200)
}

/// What the search finds first.
async fn found(clerk: &mut Clerk, q: &str) -> Value {
    let told = done(clerk.get(&format!("/complaints/search?q={}", urlencoded(q))).await, 200);
    told["items"][0].clone()
}

fn urlencoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[tokio::test]
async fn a_receipt_read_out_leads_to_everything_that_happened() {
    let server = Server::of(&round("daily", LINES)).await;
    let mut first = server.first_administrator().await;
    let key = Key::of_the_shipped_bank();
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    let asked = phone.start("daily").await;
    server.advance(5_120);
    let verdict = phone.verdict(&asked, &key.right(&asked)).await;
    assert_eq!(verdict["seq"], 1);
    let second = phone.hear("question").await;
    server.advance(2_000);
    // Passed, then out of time, then handed in.
    phone.verdict(&second, &[]).await;
    phone.hear("question").await;
    server.advance(31_001);
    assert_eq!(phone.hear("verdict").await["timed_out"], true);
    let fourth = phone.hear("question").await;
    server.advance(1_500);
    let result = phone.finish(&fourth).await;

    let receipt = result["receipt"].as_str().unwrap();
    let spoken = format!("{} {}", receipt[..6].to_lowercase(), &receipt[6..]);
    let hit = found(&mut first, &spoken).await;
    assert_eq!((&hit["kind"], &hit["id"], &hit["name"]), (&json!("attempt"), &result["attempt"], &json!("韦小兰")));
    let told = story(&mut first, &result["attempt"]).await;
    assert_eq!(
        kinds(&told),
        ["started", "asked", "answered", "asked", "passed", "asked", "timed_out", "asked", "left", "handed_in"]
    );
    let started = told["started_at"].as_i64().unwrap();
    let at: Vec<i64> = each(&told["events"], "at").iter().map(|at| at.as_i64().unwrap() - started).collect();
    assert_eq!(at, [0, 0, 5_120, 5_120, 7_120, 7_120, 38_121, 38_121, 39_621, 39_621]);
    let answered = event(&told, "answered")["sentence"].as_str().unwrap();
    assert!(answered.contains("用时 5.120 秒") && answered.contains("判为正确，得 10 分"), "{answered}");
    assert!(event(&told, "timed_out")["rule"].as_str().unwrap().contains("1 秒宽限"), "{told}");
    let ended = event(&told, "handed_in")["sentence"].as_str().unwrap();
    assert!(ended.contains(receipt) && ended.contains("得 10 分，答对 1 题"), "{ended}");
    assert_eq!((&told["state"], &told["receipt"], &told["score"]), (&json!("ended"), &json!(receipt), &json!(10)));
    assert_eq!(
        (&told["ranks"]["round"]["region"], &told["worked_out"], &told["gap"]),
        (&json!(1), &json!(false), &json!(false))
    );
    assert_eq!(told["period"]["commitment"], server.round("daily").await["commitment"]);

    // The questions as they were shown.
    let questions = told["questions"].as_array().unwrap();
    assert_eq!(questions.len(), 4);
    assert_eq!((&questions[0]["stem"], &questions[0]["options"]), (&asked["stem"], &asked["options"]));
    assert_eq!(questions[0]["key"], json!(key.right(&asked)));
    assert_eq!(questions[0]["chosen"], json!(key.right(&asked)));
    assert_eq!(each(&told["questions"], "state"), ["answered", "passed", "timed_out", "left"]);

    // The look itself is on record, with who was looked at.
    let audit = first.audit("limit=1").await;
    assert_eq!(
        (&audit[0]["act"], &audit[0]["after"]["participant"]),
        (&json!("attempt.seen"), &told["participant"]["id"])
    );
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_drop_a_return_and_another_phone_are_told_and_so_is_an_outage() {
    let server = Server::of(&round("daily", LINES)).await;
    let mut first = server.first_administrator().await;
    let key = Key::of_the_shipped_bank();
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    let asked = phone.start("daily").await;
    server.advance(1_000);
    phone.leave().await;
    server.advance(2_000);
    let (mut phone, _) = server.hello(&token).await;
    phone.hear("question").await;
    server.advance(1_000);
    let (mut other, _) = server.hello(&token).await;
    other.hear("question").await;
    phone.hear("superseded").await;
    let path = format!("/attempts/{}", asked["attempt"].as_str().unwrap());
    // They are written once a second.
    server.advance(1_000);
    let told = first.eventually(&path, |told| kinds(told).contains(&"superseded")).await;
    assert_eq!(kinds(&told), ["started", "asked", "dropped", "resumed", "superseded"]);
    assert_eq!(told["state"], "open");
    assert_eq!((&told["questions"][0]["state"], &told["questions"][0]["key"]), (&json!("open"), &Value::Null));
    let started = told["started_at"].as_i64().unwrap();
    let at: Vec<i64> = each(&told["events"], "at").iter().map(|at| at.as_i64().unwrap() - started).collect();
    assert_eq!(at, [0, 0, 1_000, 3_000, 4_000]);
    assert!(event(&told, "dropped")["rule"].as_str().unwrap().contains("照样计时"), "{told}");

    // The server goes and comes back: nobody's time, and the phone is gone with it.
    let server = server.restart(60_000).await;
    let mut first = first.of(&server);
    let (mut phone, _) = server.hello(&token).await;
    let again = phone.hear("question").await;
    server.advance(1_000);
    let result = phone.play_right(&server, &key, again, 5, 1_000).await;
    let told = story(&mut first, &result["attempt"]).await;
    let outage = event(&told, "outage");
    assert!(outage["rule"].as_str().unwrap().contains("不算任何人的用时"), "{outage}");
    assert!(kinds(&told).contains(&"dropped") && kinds(&told).last() == Some(&"ended"), "{:?}", kinds(&told));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn an_association_finds_and_sees_its_own_people_and_nobody_else() {
    let server = Server::of(&round("daily", LINES)).await;
    let mut first = server.first_administrator().await;
    let place = json!([{"role": "association", "place": "county:450226"}]);
    let mut sanjiang = server.colleague(&mut first, "sanjiang", place).await;
    let mut attempts = Vec::new();
    for county in ["450226", "450204"] {
        let token = server.join_as(json!({"name": "吴山花", "city": "450200", "county": county})).await;
        let (mut phone, _) = server.hello(&token).await;
        let asked = phone.start("daily").await;
        let result = phone.finish(&asked).await;
        attempts.push(result);
        phone.leave().await;
    }
    let [own, others] = [&attempts[0], &attempts[1]];
    let told = done(sanjiang.get(&format!("/complaints/search?q={}", urlencoded("山花"))).await, 200);
    assert_eq!(told["items"].as_array().unwrap().len(), 1, "{told}");
    assert!(told["items"][0]["line"].as_str().unwrap().contains("三江"), "{told}");
    let told = done(first.get(&format!("/complaints/search?q={}", urlencoded("山花"))).await, 200);
    assert_eq!(told["items"].as_array().unwrap().len(), 2, "{told}");
    assert_eq!(found(&mut sanjiang, own["receipt"].as_str().unwrap()).await["id"], own["attempt"]);
    assert_eq!(found(&mut sanjiang, others["receipt"].as_str().unwrap()).await, Value::Null);
    let audit = first.audit("limit=1&act=people.searched").await;
    assert_eq!(audit[0]["after"]["q"], others["receipt"]);

    story(&mut sanjiang, &own["attempt"]).await;
    let path = format!("/attempts/{}", others["attempt"].as_str().unwrap());
    refused(sanjiang.get(&path).await, 403, "forbidden");
    let audit = first.audit("limit=1").await;
    assert_eq!((&audit[0]["act"], &audit[0]["refused"]), (&json!("access.refused"), &json!(true)));
    let complaint = json!({"attempt": others["attempt"], "text": "成绩不对"});
    refused(sanjiang.post("/complaints", complaint).await, 403, "forbidden");

    // A participant's own attempts, from the name on.
    let hit = found(&mut sanjiang, "吴山花").await;
    let told = done(sanjiang.get(&format!("/complaints/search?q={}", hit["id"].as_str().unwrap())).await, 200);
    assert_eq!(told["items"][1]["id"], own["attempt"]);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn whoever_looks_after_a_place_sees_of_right_and_wrong_what_the_participant_may_see() {
    let server = Server::of(&round("daily", "feedback = \"never\"\nquestion_seconds = 30")).await;
    let mut first = server.first_administrator().await;
    let place = json!([{"role": "association", "place": "city:450200"}]);
    let mut liuzhou = server.colleague(&mut first, "liuzhou", place).await;
    let key = Key::of_the_shipped_bank();
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    let result = phone.play(&server, &key, "daily", 5, 1_000).await;
    let told = story(&mut liuzhou, &result["attempt"]).await;
    assert_eq!(
        (&told["keys"], &told["questions"][0]["key"], &told["questions"][0]["points"]),
        (&json!(false), &Value::Null, &Value::Null)
    );
    let answered = event(&told, "answered")["sentence"].as_str().unwrap();
    assert!(!answered.contains("判为"), "{answered}");
    let told = story(&mut first, &result["attempt"]).await;
    assert_eq!((&told["keys"], &told["questions"][0]["correct"]), (&json!(true), &json!(true)));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_complaint_is_taken_down_explained_referred_closed_and_opened_again() {
    let server = Server::of(&round("daily", LINES)).await;
    let mut first = server.first_administrator().await;
    let of = |place: &str| json!([{"role": "association", "place": place}]);
    let mut liunan = server.colleague(&mut first, "liunan", of("county:450204")).await;
    let mut liuzhou = server.colleague(&mut first, "liuzhou", of("city:450200")).await;
    let mut nanning = server.colleague(&mut first, "nanning", of("city:450100")).await;
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    let asked = phone.start("daily").await;
    let result = phone.finish(&asked).await;

    let complaint = json!({"attempt": result["attempt"], "text": "说没有答完就交卷了", "from": "韦女士，在柳南"});
    let made = done(liunan.post("/complaints", complaint).await, 201);
    assert_eq!(
        (&made["state"], &made["mine"], &made["participant_name"]),
        (&json!("open"), &json!(true), &json!("韦小兰"))
    );
    assert_eq!(each(&made["refer_to"], "to")[..3], ["county:450204", "city:450200", "region"]);
    let path = format!("/complaints/{}", made["id"].as_str().unwrap());
    refused(nanning.get(&path).await, 403, "forbidden");
    assert_eq!(done(nanning.get("/complaints").await, 200)["total"], 0);

    let told = done(liunan.post(&format!("{path}/explain"), json!({"text": "您在 10:00:00 点了交卷。"})).await, 200);
    assert_eq!(told["steps"][1]["words"], "您在 10:00:00 点了交卷。");
    let refer = json!({"to": "city:450200", "text": "本人不同意，请市里再看"});
    let told = done(liunan.post(&format!("{path}/refer"), refer).await, 200);
    assert_eq!((&told["held_by"]["name"], &told["mine"]), (&json!("柳州市"), &json!(false)));
    let listed = done(liuzhou.get("/complaints").await, 200);
    assert_eq!((&listed["total"], &listed["items"][0]["mine"]), (&json!(1), &json!(true)));
    let elsewhere = json!({"to": "city:450100", "text": "转南宁"});
    refused(liuzhou.post(&format!("{path}/refer"), elsewhere).await, 400, "bad_request");

    let told = done(liuzhou.post(&format!("{path}/close"), json!({"text": "已当面解释"})).await, 200);
    assert_eq!(told["state"], "closed");
    refused(liuzhou.post(&format!("{path}/explain"), json!({"text": "再说"})).await, 409, "conflict");
    assert_eq!(done(liuzhou.get("/complaints?state=closed").await, 200)["total"], 1);
    let told = done(liuzhou.post(&format!("{path}/reopen"), json!({"text": "又打来电话"})).await, 200);
    assert_eq!((&told["state"], &told["mine"]), (&json!("open"), &json!(true)));
    assert_eq!(each(&told["steps"], "act"), ["opened", "explained", "referred", "closed", "reopened"]);
    let told = story(&mut first, &result["attempt"]).await;
    assert_eq!(told["complaints"][0]["id"], made["id"]);
    let acts = first.audit("act=complaint.&limit=20").await;
    let acts: Vec<&Value> = acts.iter().map(|row| &row["act"]).collect();
    for act in
        ["complaint.opened", "complaint.explained", "complaint.referred", "complaint.closed", "complaint.reopened"]
    {
        assert!(acts.contains(&&json!(act)), "{act} in {acts:?}");
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_pause_is_told_and_is_nobodys_time() {
    let server = Server::of(&round("daily", LINES)).await;
    let mut first = server.first_administrator().await;
    let key = Key::of_the_shipped_bank();
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    let asked = phone.start("daily").await;
    server.advance(2_000);
    let why = json!({"round": "daily", "reason": "机房检修，先停一下"});
    done(first.post("/pause", why.clone()).await, 200);
    assert_eq!(phone.hear("clock").await["paused"], true);
    server.advance(10_000);
    done(first.post("/resume", why).await, 200);
    assert_eq!(phone.hear("clock").await["paused"], false);
    server.advance(1_000);
    phone.verdict(&asked, &key.right(&asked)).await;
    let told = story(&mut first, &asked["attempt"]).await;
    assert_eq!(kinds(&told)[..4], ["started", "asked", "paused", "answered"]);
    let answered = event(&told, "answered")["sentence"].as_str().unwrap();
    assert!(answered.contains("用时 3.000 秒"), "{answered}");
    assert!(event(&told, "paused")["sentence"].as_str().unwrap().contains("10 秒"), "{told}");
    let started = told["started_at"].as_i64().unwrap();
    let at: Vec<i64> = each(&told["events"], "at").iter().map(|at| at.as_i64().unwrap() - started).collect();
    assert_eq!(at[..4], [0, 0, 2_000, 13_000]);
    server.stop().await.unwrap();
}
