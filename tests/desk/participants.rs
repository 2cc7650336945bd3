//! 选手 at the desk: found and looked at by whoever may, excluded and reinstated as if nothing had been, renamed and hidden within a
//! second, and given back what an outage took.

use super::done;
use super::refused;
use crate::harness::Key;
use crate::harness::Server;
use crate::harness::Start;
use crate::harness::desk::Clerk;
use crate::harness::season;
use crate::harness::steps::round;
use serde_json::Value;
use serde_json::json;

const WHY: &str = "同一个人用多个名字参赛";

/// What the boards and indices say, without the moments of asking.
async fn boards(server: &Server) -> Vec<Value> {
    let mut told = Vec::new();
    for path in
        ["region", "region?round=daily", "city:450200", "county:450204", "cities", "cities?by=mean_best&round=daily"]
    {
        let mut board = server.got(&format!("/boards/{path}"), None).await;
        for moment in ["as_of", "revision"] {
            board.as_object_mut().unwrap().remove(moment);
        }
        told.push(board);
    }
    told
}

async fn id_of(server: &Server, token: &str) -> String {
    server.got("/me", Some(token)).await["participant"]["id"].as_str().unwrap().to_owned()
}

async fn act(clerk: &mut Clerk, id: &str, what: &str, body: Value) -> Value {
    done(clerk.post(&format!("/participants/{id}/{what}"), body).await, 200)
}

#[tokio::test]
async fn who_is_excluded_is_nowhere_and_reinstated_they_are_where_they_would_have_been() {
    for tally in ["best", "sum", "sum_of_daily_best", "last"] {
        let lines = format!("attempts_in_all = 20\ntally = \"{tally}\"");
        let rounds = round("daily", &lines) + &round("more", &lines);
        let file = season(&rounds).replace("always_open = true", "opens = 2026-08-31\nlast_day = 2026-11-30");
        let server = Start::of(&file).start().await.unwrap();
        let mut clerk = server.first_administrator().await;
        let key = Key::of_the_shipped_bank();
        let mut tokens = Vec::new();
        for (name, right) in [("甲甲一", 3), ("乙乙二", 5), ("丙丙三", 3)] {
            let token = server.join(name).await;
            let (mut phone, _) = server.hello(&token).await;
            phone.play(&server, &key, "daily", right, 1_000).await;
            phone.play(&server, &key, "more", 2, 500).await;
            tokens.push(token);
        }
        let (mut phone, _) = server.hello(&tokens[1]).await;
        let open = phone.start("daily").await;
        let id = id_of(&server, &tokens[1]).await;
        act(&mut clerk, &id, "exclude", json!({"reason": WHY})).await;
        let told = phone.refused("excluded").await;
        assert!(told.get("re").is_none() && told["message"].as_str().unwrap().contains(WHY), "{told}");
        let board = server.board("region?round=daily").await;
        assert_eq!(board.iter().map(|row| row.1.as_str()).collect::<Vec<_>>(), ["甲*一", "丙*三"]);
        let cities = server.got("/boards/cities", None).await;
        let liuzhou = cities["entries"].as_array().unwrap().iter().find(|city| city["code"] == "450200");
        assert_eq!(liuzhou.unwrap()["participants"], 2);
        let me = server.got("/me", Some(&tokens[1])).await;
        assert_eq!((&me["excluded"]["reason"], &me["season"]["ranks"]), (&json!(WHY), &Value::Null));
        // What is open is played to its end, and counts for nothing while they are out.
        let result = phone.play_right(&server, &key, open, 4, 700).await;
        assert_eq!((&result["score"], &result["counted"], &result["ranks"]), (&json!(40), &json!(false), &Value::Null));
        phone.start_refused("daily", "excluded").await;
        let without = boards(&server).await;
        // The same for a start that finds them out, and for one that finds them in again.
        let server = server.restart(1_000).await;
        let mut clerk = clerk.of(&server);
        assert_eq!(boards(&server).await, without, "{tally}");
        act(&mut clerk, &id, "reinstate", json!({"reason": "查清楚了，是误会"})).await;
        let back = boards(&server).await;
        let server = server.restart(1_000).await;
        let mut clerk = clerk.of(&server);
        assert_eq!(boards(&server).await, back, "{tally}: as computed from the ledger alone");
        assert_eq!(server.board("region?round=daily").await.len(), 3);
        // Out and in again within one life is no change at all.
        let act_again = act(&mut clerk, &id, "exclude", json!({"reason": WHY})).await;
        assert_eq!(boards(&server).await, without, "{tally}");
        let undo = format!("/acts/{}/undo", act_again["id"].as_str().unwrap());
        done(clerk.post(&undo, json!({"reason": "查清楚了，是误会"})).await, 200);
        assert_eq!(boards(&server).await, back, "{tally}");
        let (mut phone, _) = server.hello(&tokens[1]).await;
        let open = phone.start("daily").await;
        phone.finish(&open).await;
        server.replayed().await;
    }
}

#[tokio::test]
async fn who_is_excluded_may_move_and_comes_back_where_they_are() {
    let server = Server::of(&round("daily", "")).await;
    let mut clerk = server.first_administrator().await;
    let key = Key::of_the_shipped_bank();
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    phone.play(&server, &key, "daily", 5, 1_000).await;
    let id = id_of(&server, &token).await;
    act(&mut clerk, &id, "exclude", json!({"reason": WHY})).await;
    let (status, _) = server.patch("/me", &token, json!({"city": "450100"})).await;
    assert_eq!(status, 200);
    act(&mut clerk, &id, "reinstate", json!({"reason": "查清楚了，是误会"})).await;
    assert_eq!(server.board("city:450100").await.len(), 1);
    assert_eq!(server.board("city:450200").await.len(), 0);
    server.replayed().await;
}

#[tokio::test]
async fn a_name_is_changed_or_hidden_on_boards_at_once_and_by_undoing_it_back_again() {
    let server = Server::of(&round("daily", "")).await;
    let mut clerk = server.first_administrator().await;
    let key = Key::of_the_shipped_bank();
    let token = server.join("韦小兰").await;
    let (mut phone, _) = server.hello(&token).await;
    phone.play(&server, &key, "daily", 5, 1_000).await;
    let mut screen = crate::harness::Phone::connect(server.address).await;
    screen.say(json!({"type": "hello"})).await;
    screen.hear("welcome").await;
    screen.say(json!({"type": "watch", "board": "region"})).await;
    assert_eq!(screen.hear("board").await["entries"][0]["name"], "韦*兰");
    let id = id_of(&server, &token).await;
    refused(
        clerk.post(&format!("/participants/{id}/rename"), json!({"name": "管理员", "reason": WHY})).await,
        400,
        "bad_request",
    );
    let renamed = act(&mut clerk, &id, "rename", json!({"name": "韦新兰花", "reason": "原来的名字不雅"})).await;
    assert_eq!(renamed["sentence"], "把「韦小兰」改名为「韦新兰花」");
    assert_eq!(screen.hear("board").await["entries"][0]["name"], "韦*花");
    let (status, told) = server.patch("/me", &token, json!({"name": "韦小兰"})).await;
    assert_eq!((status, &told["code"]), (409, &json!("not_eligible")));
    let (status, _) = server.patch("/me", &token, json!({"group": "youth"})).await;
    assert_eq!(status, 200, "everything else is still theirs to change");
    act(&mut clerk, &id, "hide", json!({"reason": "监护人要求不公开"})).await;
    assert_eq!(screen.hear("board").await["entries"][0]["name"], "＊");
    let server = server.restart(1_000).await;
    let mut clerk = clerk.of(&server);
    assert_eq!(server.board("region").await[0].1, "＊");
    act(&mut clerk, &id, "show", json!({"reason": "监护人同意公开"})).await;
    assert_eq!(server.board("region").await[0].1, "韦*花");
    let undo = format!("/acts/{}/undo", renamed["id"].as_str().unwrap());
    done(clerk.post(&undo, json!({"reason": "本人申诉成立"})).await, 200);
    assert_eq!(server.board("region").await[0].1, "韦*兰");
    let (status, _) = server.patch("/me", &token, json!({"name": "韦大兰"})).await;
    assert_eq!(status, 200);
    server.replayed().await;
}

#[tokio::test]
async fn attempts_that_were_lost_are_given_back_and_what_was_not_used_can_be_taken_back() {
    let server = Server::of(&round("daily", "attempts_per_day = 1\nattempts_in_all = 2")).await;
    let mut clerk = server.first_administrator().await;
    let key = Key::of_the_shipped_bank();
    let mut tokens = Vec::new();
    let from = server.clock.now().0;
    for name in ["甲甲一", "乙乙二"] {
        let token = server.join(name).await;
        let (mut phone, _) = server.hello(&token).await;
        phone.play(&server, &key, "daily", 1, 1_000).await;
        phone.start_refused("daily", "attempts_exhausted").await;
        tokens.push(token);
    }
    let to = server.clock.now().0;
    server.advance(60_000);
    let late = server.join("丙丙三").await;
    let (mut phone, _) = server.hello(&late).await;
    phone.play(&server, &key, "daily", 1, 1_000).await;
    let lost = |place: &str| json!({"round": "daily", "place": place, "started_from": from, "started_to": to});
    let seen = done(clerk.post("/give-back/preview", lost("county:450204")).await, 200);
    assert_eq!(seen, json!({"participants": 2, "attempts": 2}));
    refused(clerk.post("/give-back/preview", lost("county:450226")).await, 409, "conflict");
    refused(clerk.post("/give-back/preview", json!({"round": "daily", "place": "region"})).await, 400, "bad_request");
    let mut body = lost("city:450200");
    body["reason"] = json!("柳州机房断网十分钟");
    let given = done(clerk.post("/give-back", body).await, 200);
    assert_eq!(given["sentence"], "给柳州市 2 人补「daily」的答题次数，共 2 次");
    assert_eq!(server.mine("daily", &tokens[0]).await["left_today"], 1);
    assert_eq!(server.mine("daily", &tokens[0]).await["left"], 2);
    assert_eq!(server.mine("daily", &late).await["left_today"], 0);
    let (mut phone, _) = server.hello(&tokens[0]).await;
    phone.play(&server, &key, "daily", 5, 1_000).await;
    assert_eq!(server.mine("daily", &tokens[0]).await["left"], 1, "the season's own second one is still there");
    let server = server.restart(1_000).await;
    let mut clerk = clerk.of(&server);
    assert_eq!(server.mine("daily", &tokens[0]).await["left"], 1);
    assert_eq!(server.mine("daily", &tokens[1]).await["left"], 2);
    let undo = format!("/acts/{}/undo", given["id"].as_str().unwrap());
    let undone = done(clerk.post(&undo, json!({"reason": "补错了地方"})).await, 200);
    assert!(undone["sentence"].as_str().unwrap().ends_with("收回没用掉的 1 次"), "{undone}");
    assert_eq!(server.mine("daily", &tokens[1]).await["left"], 1);
    assert_eq!(server.mine("daily", &tokens[0]).await["left"], 1, "what was used stays used");
    let server = server.restart(1_000).await;
    assert_eq!(server.mine("daily", &tokens[1]).await["left"], 1);
    // To one person, without a time.
    let mut clerk = clerk.of(&server);
    let id = id_of(&server, &late).await;
    let one = json!({"round": "daily", "participant": id, "reason": "答题时手机死机"});
    done(clerk.post("/give-back", one).await, 200);
    let (mut phone, _) = server.hello(&late).await;
    phone.play(&server, &key, "daily", 5, 1_000).await;
    phone.start_refused("daily", "attempts_exhausted").await;
    server.replayed().await;
}

#[tokio::test]
async fn a_participant_is_found_by_name_id_and_receipt_within_ones_own_place() {
    let server = Server::of(&round("daily", "attempts_per_day = 2")).await;
    let mut first = server.first_administrator().await;
    let of = json!([{"role": "association", "place": "county:450204"}]);
    let mut near = server.colleague(&mut first, "liunan", of).await;
    let of = json!([{"role": "association", "place": "city:450100"}]);
    let mut far = server.colleague(&mut first, "nanning", of).await;
    let key = Key::of_the_shipped_bank();
    let token = server.join("韦小兰").await;
    server.join_as(json!({"name": "韦小雨", "city": "450100"})).await;
    let (mut phone, _) = server.hello(&token).await;
    let result = phone.play(&server, &key, "daily", 4, 1_000).await;
    server.patch("/me", &token, json!({"group": "youth"})).await;
    let id = id_of(&server, &token).await;
    let receipt = result["receipt"].as_str().unwrap().to_owned();
    let found = done(first.get("/participants?q=韦小").await, 200);
    assert_eq!(found["items"].as_array().unwrap().len(), 2);
    let attempt = result["attempt"].as_str().unwrap();
    for (is_near, q, count) in [
        (true, "韦小", 1),
        (true, id.as_str(), 1),
        (true, receipt.as_str(), 1),
        (true, attempt, 1),
        (false, "韦小兰", 0),
        (false, id.as_str(), 0),
        (false, receipt.as_str(), 0),
    ] {
        let clerk = if is_near { &mut near } else { &mut far };
        let found = done(clerk.get(&format!("/participants?q={q}")).await, 200);
        assert_eq!(found["items"].as_array().unwrap().len(), count, "{q}: {found}");
    }
    refused(first.get("/participants?q=x").await, 400, "bad_request");
    refused(far.get(&format!("/participants/{id}")).await, 403, "forbidden");
    let one = json!({"round": "daily", "participant": id, "reason": "手机死机一次"});
    refused(far.post("/give-back", one.clone()).await, 403, "forbidden");
    refused(near.post(&format!("/participants/{id}/exclude"), json!({"reason": WHY})).await, 403, "forbidden");
    done(near.post("/give-back", one).await, 200);
    let page = done(near.get(&format!("/participants/{id}")).await, 200);
    assert_eq!((&page["name"], &page["county"], &page["phones"]), (&json!("韦小兰"), &json!("柳南区"), &json!(1)));
    assert_eq!(page["attempts"][0]["receipt"], json!(receipt));
    assert_eq!((&page["attempts"][0]["score"], &page["rounds"][0]["granted"]), (&json!(40), &json!(1)));
    assert_eq!(page["places"].as_array().unwrap().len(), 2);
    assert_eq!((&page["places"][1]["group"], &page["acts"][0]["kind"]), (&json!("青少年"), &json!("give_back")));
    let written = first.audit("act=participant.seen").await;
    assert_eq!((written.len(), &written[0]["subject"]), (1, &json!(format!("participant:{id}"))));
    assert_eq!(first.audit("act=participant.searched").await.len(), 8);
    server.replayed().await;
}
