//! Joining: once however often it is asked, with a name and a place that the season has.

use super::refused;
use super::server;
use super::somebody;
use crate::wire::everything;
use serde_json::Value;
use serde_json::json;

const REQUEST: &str = "5f0c7c1e-9a44-4d0b-8a53-0f6b5f4b7a11";

fn request(mut fields: Value) -> Value {
    fields["request"] = json!(REQUEST);
    fields
}

#[tokio::test]
async fn the_same_request_gets_the_same_participant_again_also_after_a_restart() {
    let server = server().await;
    let first = server.post("/participants", None, request(everything())).await;
    assert_eq!(first.0, 201, "{}", first.1);
    assert_eq!(server.post("/participants", None, request(everything())).await, first);
    let server = server.restart(3_600_000).await;
    assert_eq!(server.post("/participants", None, request(everything())).await, first);
    let (_, me) = server.get("/me", first.1["token"].as_str()).await;
    assert_eq!(me["participant"], first.1["participant"]);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn requests_that_come_at_once_register_once() {
    let server = server().await;
    let ask = || server.post("/participants", None, request(everything()));
    let (a, b, c, d) = tokio::join!(ask(), ask(), ask(), ask());
    assert!(a.0 == 201 && a == b && b == c && c == d, "{a:?} {b:?} {c:?} {d:?}");
    let metrics = server.http.get(server.url("/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("kejing_participants 1\n"), "{metrics}");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_request_that_comes_again_days_later_takes_nobody_elses_place() {
    let server = server().await;
    let (_, first) = server.post("/participants", None, request(everything())).await;
    server.advance(3 * 86_400_000);
    let (_, again) = server.post("/participants", None, request(everything())).await;
    let (_, me) = server.get("/me", first["token"].as_str()).await;
    assert_eq!(me["participant"], first["participant"], "the token that was handed over stays its owner's");
    let (_, me) = server.get("/me", again["token"].as_str()).await;
    assert_eq!(me["participant"], again["participant"]);
    let server = server.restart(0).await;
    let (_, me) = server.get("/me", first["token"].as_str()).await;
    assert_eq!(me["participant"], first["participant"], "and after a restart");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn another_request_is_another_participant_though_all_else_is_the_same() {
    let server = server().await;
    let (first, second) = (server.join_as(everything()).await, server.join_as(everything()).await);
    let id = async |token: &str| server.get("/me", Some(token)).await.1["participant"]["id"].clone();
    assert_ne!(id(&first).await, id(&second).await);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_name_is_2_to_20_letters_or_han_and_not_a_blocked_one() {
    let server = server().await;
    let join = async |name: &str| {
        let fields = json!({"request": uuid(), "name": name, "city": "450200", "consent": true});
        server.post("/participants", None, fields).await
    };
    for name in ["", "韦", "韦1兰", "韦_兰", "<b>韦</b>", "韦兰😀", "·韦兰", "管理员", "系统管·理员", &"长".repeat(21)]
    {
        refused(join(name).await, 400, "bad_request");
    }
    for (name, kept) in [
        (" 韦兰 ", "韦兰"),
        ("阿卜杜•热合曼", "阿卜杜·热合曼"),
        ("Mary", "Mary"),
        (&*"长".repeat(20), &*"长".repeat(20)),
    ] {
        let (status, body) = join(name).await;
        assert_eq!((status, &body["participant"]["name"]), (201, &json!(kept)), "{body}");
    }
    server.stop().await.unwrap();
}

fn uuid() -> String {
    uuid::Uuid::from_bytes(kejing::contest::clock::chance()).to_string()
}

#[tokio::test]
async fn a_place_has_to_be_one_of_the_seasons_and_fit_together() {
    let server = server().await;
    let join = async |field: &str, value: Value| {
        let mut fields = everything();
        fields["request"] = json!(uuid());
        fields[field] = value;
        server.post("/participants", None, fields).await
    };
    refused(join("city", json!("999999")).await, 400, "bad_request");
    refused(join("city", json!("450300")).await, 400, "bad_request"); // its county is Liuzhou's
    refused(join("county", json!("450302")).await, 400, "bad_request"); // Guilin's
    refused(join("county", json!("nowhere")).await, 400, "bad_request");
    refused(join("organisation", json!("org-gl-01")).await, 400, "bad_request"); // Guilin's
    refused(join("organisation", json!("org-none")).await, 400, "bad_request");
    refused(join("group", json!("elders")).await, 400, "bad_request");
    for (field, value) in [
        ("organisation", json!("org-region")),
        ("organisation", json!("")),
        ("group", json!(null)),
        ("county", json!("")),
    ] {
        let (status, body) = join(field, value.clone()).await;
        assert_eq!(status, 201, "{field} {value}: {body}");
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn who_has_not_agreed_to_the_notice_that_is_shown_is_not_registered() {
    let server = server().await;
    let join = async |consent: Value| {
        let mut fields = everything();
        fields["request"] = json!(uuid());
        fields["consent"] = consent;
        server.post("/participants", None, fields).await
    };
    for consent in [json!(null), json!(false), json!("privacy-2025"), json!(1)] {
        refused(join(consent).await, 400, "bad_request");
    }
    for consent in [json!(true), json!("privacy-2026-08")] {
        assert_eq!(join(consent).await.0, 201);
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn organisations_are_found_by_city_and_by_a_part_of_their_name() {
    let server = server().await;
    let found = async |query: &str| {
        let (status, body) = server.get(&format!("/organisations{query}"), None).await;
        assert_eq!(status, 200, "{body}");
        let ids =
            body["organisations"].as_array().unwrap().iter().map(|found| found["id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(found("?city=450200").await, ["org-lz-07", "org-lz-lib", "org-region"]);
    assert_eq!(found("?city=450200&q=图书").await, ["org-lz-lib"]);
    assert_eq!(found("?city=450300&q=图书").await, Vec::<String>::new());
    assert_eq!(found("?q=小学").await, ["org-gl-01"]);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn who_moves_to_another_city_once_takes_their_place_on_boards_along() {
    let server = server().await;
    let token = somebody(&server, "韦小兰", "450200", json!({"county": "450204", "organisation": "org-lz-07"})).await;
    let (mut phone, _) = server.hello(&token).await;
    super::play(&server, &mut phone, |_| vec![0]).await;
    let (status, me) = server.patch("/me", &token, json!({"city": "450300", "county": "450302"})).await;
    assert_eq!(status, 200, "{me}");
    let participant = &me["participant"];
    assert_eq!((&participant["city"], &participant["county"]), (&json!("450300"), &json!("450302")));
    assert_eq!(participant.get("organisation"), None, "another city has other organisations");
    assert_eq!(me["season"]["ranks"], json!({"region": 1, "city": 1, "county": 1}));
    server.advance(1_000);
    for (scope, total) in [
        ("region", 1),
        ("city:450200", 0),
        ("county:450204", 0),
        ("organisation:org-lz-07", 0),
        ("city:450300", 1),
        ("county:450302", 1),
    ] {
        let (_, board) = server.get(&format!("/boards/{scope}"), None).await;
        assert_eq!(board["total"], total, "{scope}");
    }
    let (_, cities) = server.get("/boards/cities?by=participants", None).await;
    let first = &cities["entries"][0];
    assert_eq!(
        (&first["code"], &first["participants"]),
        (&json!("450200"), &json!(1)),
        "the attempt counts where it was started"
    );

    let detail = refused(server.patch("/me", &token, json!({"city": "450200"})).await, 409, "not_eligible");
    assert!(detail.contains("一次"), "{detail}");
    let detail = refused(server.patch("/me", &token, json!({"county": "450305"})).await, 409, "not_eligible");
    assert!(detail.contains("地方"), "a county is a place, too: {detail}");
    let server = server.restart(0).await;
    refused(server.patch("/me", &token, json!({"city": "450200"})).await, 409, "not_eligible");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_name_a_group_and_an_organisation_may_be_changed_and_cleared() {
    let server = server().await;
    let token = somebody(&server, "韦小兰", "450200", json!({"organisation": "org-lz-07"})).await;
    let (_, me) = server.patch("/me", &token, json!({"name": "韦大兰", "group": "youth", "organisation": ""})).await;
    let participant = &me["participant"];
    assert_eq!((&participant["name"], &participant["group"]), (&json!("韦大兰"), &json!("youth")), "{me}");
    assert_eq!(participant.get("organisation"), None);
    for change in
        [json!({"name": "管理员"}), json!({"county": "450302"}), json!({"group": "elders"}), json!({"city": "0"})]
    {
        refused(server.patch("/me", &token, change).await, 400, "bad_request");
    }
    assert_eq!(server.get("/me", Some(&token)).await.1, me, "what was refused changed nothing");
    // What was left open may be filled in; what was said may be changed once.
    assert_eq!(server.patch("/me", &token, json!({"county": "450204"})).await.0, 200);
    assert_eq!(server.patch("/me", &token, json!({"group": "other"})).await.0, 200);
    refused(server.patch("/me", &token, json!({"group": "youth"})).await, 409, "not_eligible");
    assert_eq!(server.patch("/me", &token, json!({"organisation": "org-lz-lib"})).await.0, 200);
    refused(server.patch("/me", &token, json!({"organisation": "org-lz-07"})).await, 409, "not_eligible");
    assert_eq!(server.patch("/me", &token, json!({"name": "韦小兰"})).await.0, 200, "a name may be set right again");
    server.stop().await.unwrap();
}
