//! The season by form: from an empty folder to a paper on a phone, changes while it runs, and what may not be changed.

use crate::harness::Server;
use crate::harness::desk::Clerk;
use crate::harness::steps::done;
use serde_json::Value;
use serde_json::json;

const DAILY: &str = r#"
[[round]]
id = "daily"
name = "每日竞赛"
question_seconds = 30
attempts_per_day = 3
feedback = "after_paper"

[[round.section]]
count = 5
points = 20
"#;

/// What is wrong with a draft, by field.
fn faults(body: &Value) -> Vec<(String, String)> {
    let text = |fault: &Value, key: &str| fault[key].as_str().unwrap().to_owned();
    let all = body["faults"].as_array().unwrap().iter();
    all.map(|fault| (text(fault, if fault["path"].is_null() { "part" } else { "path" }), text(fault, "message")))
        .collect()
}

/// The draft as it is, after a change.
async fn changed(clerk: &mut Clerk, change: impl FnOnce(&mut Value)) -> Value {
    let draft = done(clerk.get("/season/draft").await, 200);
    let mut file = draft["draft"].clone();
    change(&mut file);
    json!({"revision": draft["revision"], "draft": file})
}

async fn save(clerk: &mut Clerk, change: impl FnOnce(&mut Value)) -> Value {
    let body = changed(clerk, change).await;
    done(clerk.put("/season/draft", body).await, 200)
}

async fn publish(server: &Server, clerk: &mut Clerk, reason: &str) -> (u16, Value) {
    clerk.confirm(server).await;
    publish_now(clerk, reason).await
}

/// By somebody who has just shown that it is them.
async fn publish_now(clerk: &mut Clerk, reason: &str) -> (u16, Value) {
    let draft = done(clerk.get("/season/draft").await, 200);
    clerk.post("/season/publication", json!({"revision": draft["revision"], "reason": reason})).await
}

fn round(id: &str) -> Value {
    json!({"id": id, "name": "每日竞赛", "bank": "own", "question_seconds": 30, "attempts_per_day": 1, "feedback": "after_paper",
        "section": [{"count": 5, "points": 20}]})
}

#[tokio::test]
async fn from_an_empty_folder_a_season_is_set_up_by_form_and_played_on_a_phone() {
    let mut server = Server::in_an_empty_folder().await;
    let (_, starter) = server.get("/season", None).await;
    assert_eq!(starter["rounds"][0]["counts"], false);
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    phone.start("practice").await;
    drop(phone);

    let mut clerk = server.first_administrator().await;
    assert_eq!(done(clerk.get("/season").await, 200)["starter"], true);
    let bank = json!({"id": "own", "name": "自己的题库", "from": "sample"});
    done(clerk.post("/banks", bank).await, 201);
    let begun = done(clerk.get("/season/draft").await, 200);
    assert!(begun["draft"]["about"]["contact"].is_null(), "what practice says of itself is nobody's contact: {begun}");
    let saved = save(&mut clerk, |file| {
        file["name"] = json!("三江科学素质竞赛");
        file["hosts"] = json!(["三江科协"]);
        file["opens"] = json!("2026-09-01");
        file["last_day"] = json!("2026-09-30");
        file["always_open"] = Value::Null;
        file["round"] = json!([round("daily")]);
    })
    .await;
    assert_eq!(saved["revision"], 1);
    let check = done(clerk.post("/season/draft/check", json!({"draft": saved["draft"]})).await, 200);
    assert_eq!(faults(&check), []);
    assert!(check["differences"][0].as_str().unwrap().contains("三江科学素质竞赛"), "{check}");
    assert!(check["rounds"][0]["sentences"].as_array().unwrap().len() > 3);

    let told = done(publish(&server, &mut clerk, "正式开始").await, 202);
    assert_eq!(told["state"], "published");
    server.serves_again().await;
    let now = done(clerk.get("/season").await, 200);
    assert_eq!((&now["name"], &now["starter"]), (&json!("三江科学素质竞赛"), &json!(false)));
    assert_eq!((&now["version"]["n"], &now["version"]["by"]), (&told["version"], &json!("管理员")));
    assert!(now["rounds"][0]["commitment"].as_str().unwrap().len() >= 64);

    // Whoever had joined is still there, and the new bank is drawn from.
    let (mut phone, welcome) = server.hello(&token).await;
    assert!(welcome["attempt"].is_null(), "practice that the new season has not is over: {welcome}");
    let first = phone.start("daily").await;
    let result = phone.play_on(first, |_| vec![0]).await;
    assert_eq!((&result["of"], &result["counted"]), (&json!(5), &json!(true)));
    let (_, public) = server.get("/season", None).await;
    assert!(public["changes"].is_null(), "what was before the first season is no change: {public}");

    let server = server.restart(60_000).await;
    let (_, same) = server.get("/season", None).await;
    assert_eq!((&same["id"], &same["name"]), (&starter["id"], &json!("三江科学素质竞赛")));
    assert_eq!(server.got("/me/attempts", Some(&token)).await["attempts"].as_array().unwrap().len(), 1);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn while_a_counted_round_is_open_two_change_the_rules_and_nobody_loses_time() {
    let mut server = Server::of(DAILY).await;
    let mut first = server.first_administrator().await;
    let mut second = server.colleague(&mut first, "qin", json!([{"role": "administrator"}])).await;
    let token = server.join("韦小兰").await;
    save(&mut first, |file| file["round"][0]["attempts_per_day"] = json!(5)).await;
    let told = done(publish(&server, &mut first, "次数太少").await, 202);
    assert_eq!(told["state"], "asked");
    let waiting = done(first.get("/season").await, 200);
    assert_eq!((&waiting["needs_two"], &waiting["draft"]["asked"]["mine"]), (&json!(true), &json!(true)));
    // The same person once more is still one.
    assert_eq!(done(publish(&server, &mut first, "还是我").await, 202)["state"], "asked");
    second.confirm(&server).await;
    let (mut phone, _) = server.hello(&token).await;
    let question = phone.start("daily").await;
    server.advance(5_000);
    let told = done(publish_now(&mut second, "同意").await, 202);
    assert_eq!(told["state"], "published");
    let reconnect = phone.hear("reconnect").await;
    assert!(reconnect["after_ms"].as_u64().unwrap() < 5_000);
    server.serves_again().await;

    let (mut phone, welcome) = server.hello(&token).await;
    assert!(!welcome["attempt"].is_null());
    let again = phone.hear("question").await;
    assert_eq!((&again["stem"], &again["options"]), (&question["stem"], &question["options"]));
    // While it was away the clock stood still; a start gives up to a tenth of a second of doubt.
    let left = again["remaining_ms"].as_u64().unwrap();
    assert!((25_000..=25_200).contains(&left), "{left}");
    let versions = done(second.get("/season/versions").await, 200);
    let newest = &versions["items"][0];
    assert_eq!(newest["by"], "管理员、同事 qin");
    assert_eq!(newest["differences"], json!(["场次「每日竞赛」的每天次数由「3 次」改为「5 次」"]));
    let public = server.got("/season", None).await;
    assert_eq!(
        public["changes"],
        json!([{"at": newest["at"], "why": newest["reason"], "what": newest["differences"]}])
    );
    server.stop().await.unwrap();
}

#[tokio::test]
async fn two_editors_do_not_overwrite_one_another_and_each_fault_stands_at_its_field() {
    let server = Server::of(DAILY).await;
    let mut clerk = server.first_administrator().await;
    let mine = changed(&mut clerk, |file| file["name"] = json!("甲")).await;
    save(&mut clerk, |file| file["name"] = json!("乙")).await;
    let refused = done(clerk.put("/season/draft", mine).await, 409);
    assert!(refused["detail"].as_str().unwrap().contains("管理员"), "{refused}");

    let body = changed(&mut clerk, |file| {
        file["round"][0]["question_seconds"] = json!(1);
        file["round"][0]["section"][0]["topics"] = json!(["占星"]);
        file["opens"] = json!("2026-13-01");
    })
    .await;
    let check = done(clerk.post("/season/draft/check", json!({"draft": body["draft"]})).await, 200);
    let paths: Vec<String> = faults(&check).into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["opens", "round.daily.question_seconds"]);
    let body = changed(&mut clerk, |file| file["round"][0]["section"][0]["topics"] = json!(["占星"])).await;
    let check = done(clerk.post("/season/draft/check", json!({"draft": body["draft"]})).await, 200);
    assert_eq!(faults(&check)[0].0, "round.daily.section[1].topics");
    done(clerk.put("/season/draft", body).await, 200);
    let refused = done(publish(&server, &mut clerk, "试试").await, 400);
    assert_eq!(faults(&refused)[0].0, "round.daily.section[1].topics");
    done(clerk.delete("/season/draft").await, 204);
    assert_eq!(done(clerk.get("/season/draft").await, 200)["revision"], 0);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn what_would_touch_papers_that_were_played_is_refused() {
    let server = Server::of(DAILY).await;
    let mut clerk = server.first_administrator().await;
    let mut phone = server.phone("韦小兰").await;
    let first = phone.start("daily").await;
    phone.play_on(first, |_| vec![0]).await;
    let mut check = async |change: fn(&mut Value), sentence: &str| {
        save(&mut clerk, change).await;
        let refused = done(publish(&server, &mut clerk, "改一改").await, 409);
        assert!(refused["detail"].as_str().unwrap().contains(sentence), "{refused}");
        done(clerk.delete("/season/draft").await, 204);
    };
    check(|file| file["round"][0]["id"] = json!("other"), "场次「每日竞赛」已经有人答过，不能删去").await;
    check(|file| file["round"][0]["tally"] = json!("last"), "不能改变多次成绩的算法").await;
    check(|file| file["round"][0]["counts"] = json!(false), "不能改变是否计入成绩").await;
    check(|file| file["region"] = json!("regions/chengdu.toml"), "柳州市").await;
    // The id is the ledger's, whatever a form says.
    save(&mut clerk, |file| file["id"] = json!("other")).await;
    assert_eq!(done(clerk.get("/season/draft").await, 200)["draft"]["id"], "test");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn the_form_begins_with_what_runs_and_that_is_nothing_new_to_publish() {
    let server = Server::of(DAILY).await;
    let mut clerk = server.first_administrator().await;
    let begun = done(clerk.get("/season/draft").await, 200);
    let check = done(clerk.post("/season/draft/check", json!({"draft": begun["draft"]})).await, 200);
    assert_eq!((faults(&check), &check["differences"]), (vec![], &json!([])));
    save(&mut clerk, |_| ()).await;
    clerk.confirm(&server).await;
    let mut second = server.colleague(&mut clerk, "qin", json!([{"role": "administrator"}])).await;
    assert_eq!(done(publish(&server, &mut clerk, "没有变化").await, 202)["state"], "asked");
    let refused = done(publish(&server, &mut second, "没有变化").await, 409);
    assert!(refused["detail"].as_str().unwrap().contains("完全一样"), "{refused}");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn papers_are_drawn_for_a_trial_and_a_bank_that_is_too_small_is_told() {
    let server = Server::of(DAILY).await;
    let mut clerk = server.first_administrator().await;
    let body = changed(&mut clerk, |_| ()).await;
    let ask = |draft: &Value, papers: u32| json!({"draft": draft, "round": "daily", "papers": papers});
    let drawn = done(clerk.post("/season/draft/dry-draw", ask(&body["draft"], 300)).await, 200);
    assert_eq!((&drawn["papers"], &drawn["eligible"], &drawn["full_marks"]), (&json!(300), &json!(480), &json!(100)));
    assert_eq!(drawn["shortfalls"], json!([]));
    let mean: u64 = drawn["topics"].as_array().unwrap().iter().map(|topic| topic["mean"].as_u64().unwrap()).sum();
    assert!((4_980..=5_000).contains(&mean), "five a paper, whatever the topic: {mean}");
    let body = changed(&mut clerk, |file| {
        file["round"][0]["section"][0] =
            json!({"kind": ["multiple"], "topics": ["科学精神与方法"], "count": 11, "points": 1});
    })
    .await;
    let drawn = done(clerk.post("/season/draft/dry-draw", ask(&body["draft"], 10)).await, 200);
    assert_eq!(drawn["shortfalls"], json!([{"section": 1, "needed": 11, "sure": 10}]));
    for papers in [0, 1_001] {
        done(clerk.post("/season/draft/dry-draw", ask(&body["draft"], papers)).await, 400);
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_list_of_organisations_is_sent_and_its_faults_are_told_at_its_field() {
    let mut server = Server::of(DAILY).await;
    let mut clerk = server.first_administrator().await;
    let second = server.colleague(&mut clerk, "qin", json!([{"role": "administrator"}])).await;
    save(&mut clerk, |_| ()).await;
    let list = "名称,市,县\n三江县民族中学,柳州市,三江侗族自治县\n谁知道,南宁,\n";
    done(clerk.upload("/season/draft/organisations?revision=7", list.into()).await, 409);
    let saved = done(clerk.upload("/season/draft/organisations?revision=1", list.into()).await, 200);
    assert_eq!((&saved["revision"], &saved["draft"]["organisations"]), (&json!(2), &json!("organisations.csv")));
    let check = done(clerk.post("/season/draft/check", json!({"draft": saved["draft"]})).await, 200);
    assert_eq!(
        faults(&check)[0],
        ("organisations".to_owned(), "第 3 行第 2 列：广西没有「南宁」，是不是想写「南宁市」？".to_owned())
    );

    let list = encoding_rs::GB18030.encode("名称,市,县\n三江县民族中学,柳州市,三江侗族自治县\n").0.into_owned();
    let saved = done(clerk.upload("/season/draft/organisations?revision=2", list).await, 200);
    let check = done(clerk.post("/season/draft/check", json!({"draft": saved["draft"]})).await, 200);
    assert_eq!((faults(&check), &check["organisations"]), (vec![], &json!(1)));
    let (mut first, mut second) = (clerk, second);
    assert_eq!(done(publish(&server, &mut first, "加上单位").await, 202)["state"], "asked");
    assert_eq!(done(publish(&server, &mut second, "加上单位").await, 202)["state"], "published");
    server.serves_again().await;
    let (_, found) = server.get("/organisations?city=450200&q=民族", None).await;
    assert_eq!(found["organisations"][0]["name"], "三江县民族中学");
    let (_, _, kept) = first.download("/season/draft/organisations").await;
    assert!(String::from_utf8(kept).unwrap().contains("三江县民族中学"));
    server.stop().await.unwrap();
}
