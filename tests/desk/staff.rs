//! Managing staff: invitations, changes, resets by two, sessions ended at once.

use super::ROUNDS;
use super::done;
use super::refused;
use crate::harness::Server;
use crate::harness::desk::Clerk;
use crate::harness::desk::PASSWORD;
use serde_json::Value;
use serde_json::json;

const DAY: i64 = 24 * 60 * 60 * 1000;

/// The administrator of the first link, another one, a reviewer and an editor.
async fn office(server: &Server) -> [Clerk; 4] {
    let mut first = server.first_administrator().await;
    let second = server.colleague(&mut first, "second", json!([{"role": "administrator"}])).await;
    let reviewer = server.colleague(&mut first, "reviewer", json!([{"role": "reviewer"}])).await;
    let editor = server.colleague(&mut first, "editor", json!([{"role": "editor", "bank": "kexue"}])).await;
    [first, second, reviewer, editor]
}

async fn id_of(clerk: &mut Clerk) -> String {
    clerk.look().await["staff"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_invitation_is_good_once_and_for_a_week() {
    let server = Server::of(ROUNDS).await;
    let mut first = server.first_administrator().await;
    let roles = json!([{"role": "association", "place": "county:450226"}, {"role": "auditor"}]);
    let invited =
        done(first.post("/staff", json!({"login": " SanJiang ", "name": "三江科协", "roles": roles})).await, 201);
    assert_eq!((&invited["staff"]["login"], &invited["staff"]["state"]), (&json!("sanjiang"), &json!("invited")));
    let link = invited["invitation"]["link"].as_str().unwrap();
    let secret = link.rsplit('/').next().unwrap();
    let mut browser = server.browser().await;
    let whom = done(browser.get(&format!("/invitations/{secret}")).await, 200);
    assert_eq!(whom["roles"][0]["place_name"], "三江侗族自治县");
    let mut clerk = server.accept(link, "sanjiang").await;
    assert_eq!(clerk.look().await["staff"]["name"], "三江科协");
    refused(browser.get(&format!("/invitations/{secret}")).await, 404, "not_found");
    refused(browser.post(&format!("/invitations/{secret}"), json!({"password": PASSWORD})).await, 404, "not_found");

    let again = refused(
        first.post("/staff", json!({"login": "sanjiang", "name": "甲", "roles": roles})).await,
        400,
        "bad_request",
    );
    assert_eq!((&again["faults"][0]["part"], &again["faults"][0]["code"]), (&json!("login"), &json!("taken")));
    let late = done(first.post("/staff", json!({"login": "late", "name": "甲", "roles": roles})).await, 201);
    let secret = late["invitation"]["link"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    server.advance(7 * DAY);
    refused(browser.post(&format!("/invitations/{secret}"), json!({"password": PASSWORD})).await, 404, "not_found");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_wrong_with_a_form_is_told_part_by_part() {
    let server = Server::of(ROUNDS).await;
    let mut first = server.first_administrator().await;
    let mut parts = async |body: Value| {
        let told = refused(first.post("/staff", body).await, 400, "bad_request");
        let faults = told["faults"].as_array().unwrap().iter();
        faults.map(|fault| fault["part"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(parts(json!({"login": "韦", "name": " ", "roles": []})).await, ["login", "name", "roles"]);
    let of = |role: Value| json!({"login": "wei", "name": "韦", "roles": [role]});
    assert_eq!(parts(of(json!({"role": "association", "place": "city:000000"}))).await, ["roles"]);
    assert_eq!(parts(of(json!({"role": "editor", "bank": "../kexue"}))).await, ["roles"]);
    let (status, _) = first.post("/staff", of(json!({"role": "king"}))).await;
    assert_eq!(status, 400);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn whoever_is_disabled_is_out_at_once() {
    let server = Server::of(ROUNDS).await;
    let [mut first, _, _, mut editor] = office(&server).await;
    let path = format!("/staff/{}", id_of(&mut editor).await);
    let told = done(first.patch(&path, json!({"state": "disabled"})).await, 200);
    assert_eq!(told["state"], "disabled");
    assert_eq!(editor.look().await["staff"], Value::Null);
    refused(editor.sign_in(&server, PASSWORD).await, 401, "unauthorised");
    done(first.patch(&path, json!({"state": "active", "name": "韦小兰", "roles": [{"role": "auditor"}]})).await, 200);
    done(editor.sign_in(&server, PASSWORD).await, 200);
    let me = editor.look().await;
    assert_eq!((&me["staff"]["name"], &me["staff"]["roles"]), (&json!("韦小兰"), &json!([{"role": "auditor"}])));
    let written = &first.audit("act=staff.changed&limit=1").await[0];
    assert_eq!(written["before"]["roles"], json!(["editor/kexue"]));
    assert_eq!(written["after"]["roles"], json!(["auditor"]));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let server = Server::of(ROUNDS).await;
    let [mut first, mut second, ..] = office(&server).await;
    let (one, other) = (id_of(&mut first).await, id_of(&mut second).await);
    done(first.patch(&format!("/staff/{other}"), json!({"state": "disabled"})).await, 200);
    refused(first.patch(&format!("/staff/{one}"), json!({"state": "disabled"})).await, 409, "conflict");
    refused(first.patch(&format!("/staff/{one}"), json!({"roles": [{"role": "auditor"}]})).await, 409, "conflict");
    // Somebody who was invited and has not come yet can't run the season.
    done(first.post("/staff", json!({"login": "new", "name": "新", "roles": [{"role": "administrator"}]})).await, 201);
    refused(first.patch(&format!("/staff/{one}"), json!({"state": "disabled"})).await, 409, "conflict");
    assert_eq!(first.look().await["staff"]["id"], json!(one));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_reset_takes_two_others() {
    let server = Server::of(ROUNDS).await;
    let [mut first, mut second, mut reviewer, mut editor] = office(&server).await;
    let path = format!("/staff/{}/reset", id_of(&mut editor).await);
    let because = json!({"reason": "手机丢了"});
    let told = done(first.post(&path, because.clone()).await, 200);
    assert_eq!((&told["state"], &told["invitation"]), (&json!("asked"), &Value::Null));
    assert_eq!(done(first.post(&path, because.clone()).await, 200)["state"], "asked", "one is not two");
    assert_eq!(editor.look().await["staff"]["login"], "editor", "nothing happened yet");
    let told = done(reviewer.post(&path, because.clone()).await, 200);
    assert_eq!(told["state"], "done");
    assert_eq!(editor.look().await["staff"], Value::Null);
    refused(editor.sign_in(&server, PASSWORD).await, 401, "unauthorised");
    let mut editor = server.accept(told["invitation"]["link"].as_str().unwrap(), "editor").await;
    assert_eq!(editor.look().await["staff"]["login"], "editor");

    let own = format!("/staff/{}/reset", id_of(&mut first).await);
    refused(first.post(&own, because.clone()).await, 409, "conflict");
    done(second.post(&own, because.clone()).await, 200);
    server.advance(DAY);
    for clerk in [&mut second, &mut reviewer] {
        done(clerk.sign_in(&server, PASSWORD).await, 200);
    }
    assert_eq!(done(reviewer.post(&own, because.clone()).await, 200)["state"], "asked", "yesterday's has run out");
    let told = done(second.post(&own, because).await, 200);
    let mut first = server.accept(told["invitation"]["link"].as_str().unwrap(), "guan").await;
    assert_eq!(first.audit("act=staff.reset").await.len(), 2);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn two_reviewers_are_not_enough_for_a_reset() {
    let server = Server::of(ROUNDS).await;
    let [mut first, _, mut reviewer, mut editor] = office(&server).await;
    let mut other = server.colleague(&mut first, "other", json!([{"role": "reviewer"}])).await;
    let path = format!("/staff/{}/reset", id_of(&mut editor).await);
    let because = json!({"reason": "手机丢了"});
    done(reviewer.post(&path, because.clone()).await, 200);
    refused(other.post(&path, because.clone()).await, 409, "conflict");
    assert_eq!(done(first.post(&path, because).await, 200)["state"], "done");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn sessions_are_seen_and_ended_one_by_one_and_a_look_at_anothers_is_written_down() {
    let server = Server::of(ROUNDS).await;
    let [mut first, _, _, mut editor] = office(&server).await;
    let mut other = server.browser().await;
    other.login = "editor".to_owned();
    server.advance(1_000);
    done(other.sign_in(&server, PASSWORD).await, 200);
    let own = done(editor.get("/session/all").await, 200);
    let items = own["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!((&items[0]["current"], &items[1]["current"]), (&json!(false), &json!(true)));
    assert_eq!(items[0]["from"], "127.0.0.*");

    let id = id_of(&mut editor).await;
    let seen = done(first.get(&format!("/staff/{id}/sessions")).await, 200);
    assert_eq!(seen["items"].as_array().unwrap().len(), 2);
    assert_eq!(first.audit("limit=1").await[0]["act"], "staff.sessions_seen");
    done(first.delete(&format!("/staff/{id}/sessions/{}", items[1]["id"].as_str().unwrap())).await, 204);
    assert_eq!(editor.look().await["staff"], Value::Null, "at once");
    let current = done(other.get("/session/all").await, 200)["items"][0]["id"].clone();
    done(other.delete(&format!("/session/all/{}", current.as_str().unwrap())).await, 204);
    assert_eq!(other.look().await["staff"], Value::Null);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn an_association_sees_its_own_place_with_its_figures() {
    let server = Server::of(ROUNDS).await;
    let mut first = server.first_administrator().await;
    let role = json!([{"role": "association", "place": "city:450200"}]);
    let mut liuzhou = server.colleague(&mut first, "liuzhou", role).await;
    let token = server.join_as(json!({"name": "韦小兰", "city": "450200", "county": "450226"})).await;
    let (mut phone, _) = server.hello(&token).await;
    let key = crate::harness::Key::of_the_shipped_bank();
    let question = phone.start("daily").await;
    phone.play_on(question, |question| key.right(question)).await;
    let told = done(liuzhou.get("/places/city:450200").await, 200);
    assert_eq!((&told["name"], &told["ranked"]), (&json!("柳州市"), &json!(1)));
    let sanjiang = told["below"].as_array().unwrap().iter().find(|place| place["place"] == "county:450226").unwrap();
    assert_eq!((&sanjiang["name"], &sanjiang["ranked"]), (&json!("三江侗族自治县"), &json!(1)));
    refused(liuzhou.get("/places/city:450100").await, 403, "forbidden");
    refused(liuzhou.get("/places/county:999999").await, 404, "not_found");
    server.stop().await.unwrap();
}
