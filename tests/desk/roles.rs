//! The role table: each call for each role. Whoever adds a call adds its row; `openapi.json` tells which are missing.

use super::ROUNDS;
use crate::harness::Server;
use crate::harness::desk::Clerk;
use reqwest::Method;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// The columns. An editor and a reviewer of the bank `kexue`, an association of 三江 (450226, in Liuzhou).
const ROLES: [(&str, &str); 6] = [
    ("administrator", r#"{"role": "administrator"}"#),
    ("editor", r#"{"role": "editor", "bank": "kexue"}"#),
    ("reviewer", r#"{"role": "reviewer", "bank": "kexue"}"#),
    ("association", r#"{"role": "association", "place": "county:450226"}"#),
    ("auditor", r#"{"role": "auditor"}"#),
    ("editor_of_another", r#"{"role": "editor", "bank": "jiankang"}"#),
];

/// A call: as the description names it, as it is made, what is sent, and who may. Everybody else is refused with 403 and written down. Whoever may
/// gets anything but 401 and 403: rows name what is not there, so that none changes what the next one finds.
type Row = (&'static str, &'static str, Value, &'static [&'static str]);

fn table() -> Vec<Row> {
    vec![
        ("GET /staff", "/staff", Value::Null, &["administrator", "auditor"]),
        ("POST /staff", "/staff", json!({"login": "", "name": "", "roles": []}), &["administrator"]),
        ("PATCH /staff/{id}", "/staff/none", json!({"name": "新名字"}), &["administrator"]),
        ("POST /staff/{id}/reset", "/staff/none/reset", json!({"reason": "忘了密码"}), &["administrator", "reviewer"]),
        ("GET /staff/{id}/sessions", "/staff/none/sessions", Value::Null, &["administrator", "auditor"]),
        ("DELETE /staff/{id}/sessions/{session}", "/staff/none/sessions/none", Value::Null, &["administrator"]),
        ("GET /audit", "/audit?limit=1", Value::Null, &["administrator", "auditor"]),
        ("GET /audit/export", "/audit/export", Value::Null, &["administrator", "auditor"]),
        ("GET /places/{place}", "/places/region", Value::Null, &["administrator", "auditor"]),
        ("GET /places/{place}", "/places/city:450200", Value::Null, &["administrator", "auditor"]),
        ("GET /places/{place}", "/places/county:450226", Value::Null, &["administrator", "auditor", "association"]),
        ("GET /places/{place}", "/places/county:450225", Value::Null, &["administrator", "auditor"]),
    ]
}

/// Calls that ask for no role: they are everybody's own, or come before anybody is known.
const WITHOUT_ROLE: [&str; 14] = [
    "GET /session",
    "POST /session",
    "DELETE /session",
    "POST /setup",
    "GET /invitations/{secret}",
    "POST /invitations/{secret}",
    "POST /session/confirm",
    "POST /session/password",
    "POST /session/second-factor",
    "PUT /session/second-factor",
    "DELETE /session/second-factor",
    "GET /session/all",
    "DELETE /session/all/{session}",
    "GET /phone",
];

async fn everybody(server: &Server) -> (Clerk, BTreeMap<&'static str, Clerk>) {
    let mut first = server.first_administrator().await;
    let mut clerks = BTreeMap::new();
    for (role, grant) in ROLES {
        let grant: Value = serde_json::from_str(grant).unwrap();
        clerks.insert(role, server.colleague(&mut first, &role.replace('_', "-"), json!([grant])).await);
    }
    (first, clerks)
}

#[tokio::test]
async fn each_role_may_do_just_what_it_names_and_what_it_may_not_is_written_down() {
    let server = Server::of(ROUNDS).await;
    let (mut first, mut clerks) = everybody(&server).await;
    for (call, path, body, allowed) in table() {
        let method: Method = call.split(' ').next().unwrap().parse().unwrap();
        for (role, clerk) in &mut clerks {
            let what = format!("{role}: {method} {path}");
            let sent = (!body.is_null()).then(|| body.clone());
            let (status, told) = clerk.call(method.clone(), path, sent).await;
            if allowed.contains(role) {
                assert!(status != 401 && status != 403 && status < 500, "{what}: {status} {told}");
                continue;
            }
            assert_eq!((status, &told["code"]), (403, &json!("forbidden")), "{what}: {told}");
            let written = first.audit("limit=1").await;
            let asked = format!("{method} /api/desk/v1{}", path.split('?').next().unwrap());
            assert_eq!(written[0]["act"], "access.refused", "{what}: {}", written[0]);
            assert_eq!((&written[0]["refused"], &written[0]["after"]["call"]), (&json!(true), &json!(asked)), "{what}");
            assert_eq!(written[0]["who"]["name"], format!("同事 {}", clerk.login), "{what}");
        }
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn whoever_is_not_signed_in_is_asked_to() {
    let server = Server::of(ROUNDS).await;
    let mut nobody = server.browser().await;
    for (call, path, body, _) in table() {
        let method: Method = call.split(' ').next().unwrap().parse().unwrap();
        let sent = (!body.is_null()).then_some(body);
        super::refused(nobody.call(method, path, sent).await, 401, "unauthorised");
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn every_call_of_the_description_is_in_the_table() {
    let server = Server::of(ROUNDS).await;
    let (_, description) = server.browser().await.get("/openapi.json").await;
    let mut described = BTreeSet::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let path = path.strip_prefix("/api/desk/v1").unwrap();
            described.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let rows = table().into_iter().map(|(call, ..)| call.to_owned());
    let known: BTreeSet<String> = rows.chain(WITHOUT_ROLE.map(str::to_owned)).collect();
    assert_eq!(described, known);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn an_administrator_without_a_second_factor_may_nothing_else_yet() {
    let server = Server::of(ROUNDS).await;
    let mut first = server.first_administrator().await;
    let (_, invited) =
        first.post("/staff", json!({"login": "qin", "name": "覃", "roles": [{"role": "administrator"}]})).await;
    let secret = invited["invitation"]["link"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let mut clerk = server.browser().await;
    let told = super::done(
        clerk.post(&format!("/invitations/{secret}"), json!({"password": crate::harness::desk::PASSWORD})).await,
        201,
    );
    assert_eq!(told["needs"], "second_factor_setup");
    super::refused(clerk.get("/staff").await, 403, "second_factor_setup");
    clerk.set_up_factor(&server).await;
    super::done(clerk.get("/staff").await, 200);
    server.stop().await.unwrap();
}
