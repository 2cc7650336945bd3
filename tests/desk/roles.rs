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
    let of_staff: Vec<Row> = vec![
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
    ];
    let of_bank = [of_banks(), of_questions(), of_imports(), of_reports()].concat();
    [of_staff, of_bank, of_complaints(), of_season(), of_running(), of_participants(), of_statistics()].concat()
}

/// An editor of another bank is let into no call that names this one; a call that names a question or an import which is not there tells them so.
const SEES_ALL: &[&str] = &["administrator", "auditor", "editor", "reviewer"];
const SEES: &[&str] = &["administrator", "association", "auditor", "editor", "reviewer"];
const SEES_SOME: &[&str] = &["administrator", "association", "auditor", "editor", "editor_of_another", "reviewer"];
const WRITES: &[&str] = &["administrator", "association", "editor"];
const WRITES_SOME: &[&str] = &["administrator", "association", "editor", "editor_of_another"];

fn of_banks() -> Vec<Row> {
    let bank = json!({"id": "Nicht erlaubt", "name": "x"});
    vec![
        ("GET /banks", "/banks", Value::Null, SEES_SOME),
        ("POST /banks", "/banks", bank, &["administrator"]),
        ("POST /banks/sample", "/banks/sample", json!({}), &["administrator"]),
        ("GET /banks/{bank}", "/banks/kexue", Value::Null, SEES),
        ("PATCH /banks/{bank}", "/banks/kexue", json!({"reviews": 9}), &["administrator"]),
        (
            "GET /banks/{bank}/publish/preview",
            "/banks/kexue/publish/preview",
            Value::Null,
            &["administrator", "reviewer"],
        ),
        ("GET /banks/{bank}/versions", "/banks/kexue/versions", Value::Null, SEES_ALL),
        ("GET /banks/{bank}/versions/{range}", "/banks/kexue/versions/7..8", Value::Null, SEES_ALL),
        ("GET /banks/{bank}/export", "/banks/kexue/export?format=none", Value::Null, SEES_ALL),
        ("GET /topics", "/topics?bank=kexue", Value::Null, SEES),
    ]
}

fn of_questions() -> Vec<Row> {
    let at = json!({"revision": 1});
    let back = json!({"revision": 1, "reasons": "x"});
    let because = json!({"reason": "x"});
    let many = json!({"act": "approve", "seen_at": 1, "ids": []});
    let unsaved = json!({"bank": "kexue", "draft": {}});
    vec![
        ("GET /banks/{bank}/questions", "/banks/kexue/questions", Value::Null, SEES),
        ("POST /banks/{bank}/questions", "/banks/kexue/questions", json!({"draft": {"difficulty": 9}}), WRITES),
        ("GET /questions/{id}", "/questions/none", Value::Null, SEES_SOME),
        ("PUT /questions/{id}", "/questions/none", json!({"revision": 1, "draft": {}}), WRITES_SOME),
        ("DELETE /questions/{id}", "/questions/none", Value::Null, WRITES_SOME),
        ("POST /questions/{id}/submit", "/questions/none/submit", at.clone(), WRITES_SOME),
        ("POST /questions/{id}/approve", "/questions/none/approve", at, &["reviewer"]),
        ("POST /questions/{id}/return", "/questions/none/return", back, &["reviewer"]),
        ("POST /questions/{id}/rest", "/questions/none/rest", because.clone(), &["reviewer"]),
        ("POST /questions/{id}/wake", "/questions/none/wake", because, &["reviewer"]),
        ("GET /questions/{id}/revisions", "/questions/none/revisions", Value::Null, SEES_SOME),
        ("GET /questions/{id}/revisions/{range}", "/questions/none/revisions/1..2", Value::Null, SEES_SOME),
        ("GET /questions/{id}/similar", "/questions/none/similar", Value::Null, SEES_SOME),
        ("POST /banks/{bank}/bulk", "/banks/kexue/bulk", many, &["reviewer"]),
        ("POST /banks/{bank}/bulk", "/banks/kexue/bulk", json!({"act": "delete", "ids": []}), WRITES),
        ("GET /review", "/review", Value::Null, &["reviewer"]),
        ("POST /wording", "/wording", unsaved, SEES),
        ("GET /media/{id}", "/media/none", Value::Null, SEES_SOME),
        ("POST /media", "/media", json!({}), WRITES_SOME),
    ]
}

fn of_imports() -> Vec<Row> {
    vec![
        ("GET /banks/{bank}/imports", "/banks/kexue/imports", Value::Null, SEES),
        ("POST /banks/{bank}/imports", "/banks/kexue/imports?format=none", json!({}), WRITES),
        ("GET /imports/{id}", "/imports/none", Value::Null, SEES_SOME),
        ("PATCH /imports/{id}", "/imports/none", json!({}), WRITES_SOME),
        ("DELETE /imports/{id}", "/imports/none", Value::Null, WRITES_SOME),
        ("GET /imports/{id}/rows", "/imports/none/rows", Value::Null, SEES_SOME),
        ("GET /imports/{id}/rows/{n}", "/imports/none/rows/1", Value::Null, SEES_SOME),
        ("PATCH /imports/{id}/rows/{n}", "/imports/none/rows/1", json!({"skip": true}), WRITES_SOME),
        ("POST /imports/{id}/accept", "/imports/none/accept", json!({"code": "kind_assumed"}), WRITES_SOME),
        ("POST /imports/{id}/confirm", "/imports/none/confirm", json!({"rows": "ready"}), WRITES_SOME),
        ("GET /imports/{id}/rest.xlsx", "/imports/none/rest.xlsx", Value::Null, SEES_SOME),
        ("GET /imports/template.xlsx", "/imports/template.xlsx", Value::Null, WRITES_SOME),
    ]
}

const SEES_RUNNING: &[&str] = &["administrator", "auditor"];

fn of_running() -> Vec<Row> {
    let because = json!({"reason": "没有这样的场次"});
    let of_round = json!({"round": "none", "reason": "没有这样的场次"});
    vec![
        ("GET /running", "/running", Value::Null, SEES_RUNNING),
        ("POST /pause", "/pause", of_round.clone(), &["administrator"]),
        ("POST /resume", "/resume", of_round, &["administrator"]),
        ("POST /rounds/{id}/extend", "/rounds/none/extend", json!({"closes": 1, "reason": "x"}), &["administrator"]),
        ("POST /rounds/{id}/give-time", "/rounds/none/give-time", json!({"ms": 1, "reason": "x"}), &["administrator"]),
        ("GET /acts", "/acts?limit=1", Value::Null, SEES_RUNNING),
        ("POST /acts/{id}/undo", "/acts/999/undo", because, &["administrator"]),
        ("GET /notices", "/notices", Value::Null, SEES_RUNNING),
        ("POST /notices", "/notices", json!({"level": "info", "text": ""}), &["administrator"]),
        ("DELETE /notices/{id}", "/notices/none?reason=none", Value::Null, &["administrator"]),
    ]
}

fn of_participants() -> Vec<Row> {
    const SEES: &[&str] = &["administrator", "association", "auditor"];
    const GIVES: &[&str] = &["administrator", "association"];
    let because = json!({"reason": "没有这样的选手"});
    let lost = |place: &str| json!({"round": "none", "place": place, "reason": "没有这样的场次"});
    let only_seen = |place: &str| json!({"round": "none", "place": place});
    vec![
        ("GET /participants", "/participants?q=none", Value::Null, SEES),
        ("GET /participants/{id}", "/participants/none", Value::Null, SEES),
        ("POST /participants/{id}/exclude", "/participants/none/exclude", because.clone(), &["administrator"]),
        ("POST /participants/{id}/reinstate", "/participants/none/reinstate", because.clone(), &["administrator"]),
        (
            "POST /participants/{id}/rename",
            "/participants/none/rename",
            json!({"name": "x", "reason": "x"}),
            &["administrator"],
        ),
        ("POST /participants/{id}/hide", "/participants/none/hide", because.clone(), &["administrator"]),
        ("POST /participants/{id}/show", "/participants/none/show", because, &["administrator"]),
        ("POST /give-back/preview", "/give-back/preview", only_seen("county:450226"), GIVES),
        ("POST /give-back/preview", "/give-back/preview", only_seen("county:450225"), &["administrator"]),
        ("POST /give-back", "/give-back", lost("county:450226"), GIVES),
        ("POST /give-back", "/give-back", lost("region"), &["administrator"]),
    ]
}

fn of_statistics() -> Vec<Row> {
    let everywhere: &[&str] = &["administrator", "auditor", "editor", "editor_of_another", "reviewer"];
    vec![
        ("GET /statistics/questions", "/statistics/questions?bank=kexue", Value::Null, SEES_ALL),
        ("GET /statistics/questions", "/statistics/questions", Value::Null, everywhere),
        ("GET /statistics/questions/{id}", "/statistics/questions/none?bank=kexue", Value::Null, SEES_ALL),
        ("GET /statistics/questions/{id}", "/statistics/questions/none", Value::Null, everywhere),
        ("GET /statistics/export", "/statistics/export?bank=kexue", Value::Null, SEES_ALL),
        ("GET /statistics/overview", "/statistics/overview", Value::Null, &["administrator", "association", "auditor"]),
        ("GET /statistics/overview", "/statistics/overview?place=region", Value::Null, &["administrator", "auditor"]),
        (
            "GET /statistics/overview",
            "/statistics/overview?place=county:450226",
            Value::Null,
            &["administrator", "association", "auditor"],
        ),
        (
            "GET /statistics/overview",
            "/statistics/overview?place=county:450225",
            Value::Null,
            &["administrator", "auditor"],
        ),
    ]
}

fn of_reports() -> Vec<Row> {
    const PROPOSES: &[&str] = &["administrator", "editor", "reviewer"];
    const PROPOSES_SOME: &[&str] = &["administrator", "editor", "editor_of_another", "reviewer"];
    const SEES_SOME_REPORTS: &[&str] = &["administrator", "auditor", "editor", "editor_of_another", "reviewer"];
    let because = json!({"reason": "x"});
    let proposal =
        json!({"bank": "kexue", "question": "none", "remedy": {"kind": "all_points"}, "reason": "x", "text": "x"});
    let answer = json!({"text": "x", "up_to": 1});
    vec![
        ("GET /reports", "/reports", Value::Null, SEES_SOME_REPORTS),
        ("GET /reports", "/reports?bank=kexue", Value::Null, SEES_ALL),
        ("GET /reports/{bank}/{question}", "/reports/kexue/none", Value::Null, SEES_ALL),
        (
            "POST /reports/{bank}/{question}/answer",
            "/reports/kexue/none/answer",
            answer,
            &["administrator", "reviewer"],
        ),
        ("POST /reports/{bank}/{question}/rest", "/reports/kexue/none/rest", because.clone(), &["reviewer"]),
        ("POST /reports/{bank}/{question}/wake", "/reports/kexue/none/wake", because.clone(), &["reviewer"]),
        ("GET /corrections", "/corrections", Value::Null, SEES_SOME_REPORTS),
        ("POST /corrections", "/corrections", proposal, PROPOSES),
        ("GET /corrections/{id}", "/corrections/none", Value::Null, SEES_SOME_REPORTS),
        ("POST /corrections/{id}/preview", "/corrections/none/preview", json!({}), PROPOSES_SOME),
        (
            "POST /corrections/{id}/decide",
            "/corrections/none/decide",
            json!({"preview": 1}),
            &["administrator", "reviewer"],
        ),
        ("POST /corrections/{id}/withdraw", "/corrections/none/withdraw", because, PROPOSES_SOME),
    ]
}

fn of_complaints() -> Vec<Row> {
    const SEES_PEOPLE: &[&str] = &["administrator", "association", "auditor"];
    const HANDLES: &[&str] = &["administrator", "association"];
    let told = json!({"text": "x"});
    vec![
        ("GET /complaints/search", "/complaints/search?q=NONE", Value::Null, SEES_PEOPLE),
        ("GET /attempts/{id}", "/attempts/none", Value::Null, SEES_PEOPLE),
        ("GET /complaints", "/complaints", Value::Null, SEES_PEOPLE),
        ("POST /complaints", "/complaints", json!({"attempt": "none", "text": "x"}), HANDLES),
        ("GET /complaints/{id}", "/complaints/none", Value::Null, SEES_PEOPLE),
        ("POST /complaints/{id}/explain", "/complaints/none/explain", told.clone(), HANDLES),
        ("POST /complaints/{id}/refer", "/complaints/none/refer", json!({"to": "region", "text": "x"}), HANDLES),
        ("POST /complaints/{id}/close", "/complaints/none/close", told.clone(), HANDLES),
        ("POST /complaints/{id}/reopen", "/complaints/none/reopen", told, HANDLES),
    ]
}

fn of_season() -> Vec<Row> {
    let draft = json!({"draft": {}});
    vec![
        ("GET /season", "/season", Value::Null, READS_ALL),
        ("GET /season/versions", "/season/versions", Value::Null, READS_ALL),
        ("GET /season/draft", "/season/draft", Value::Null, READS_ALL),
        ("PUT /season/draft", "/season/draft", json!({"revision": 99, "draft": {}}), &["administrator"]),
        ("DELETE /season/draft", "/season/draft", Value::Null, &["administrator"]),
        ("POST /season/draft/check", "/season/draft/check", draft, READS_ALL),
        (
            "POST /season/draft/dry-draw",
            "/season/draft/dry-draw",
            json!({"draft": {}, "round": "none", "papers": 1}),
            READS_ALL,
        ),
        ("GET /season/draft/organisations", "/season/draft/organisations", Value::Null, READS_ALL),
        ("POST /season/draft/organisations", "/season/draft/organisations?revision=99", json!({}), &["administrator"]),
        ("GET /season/draft/file", "/season/draft/file", Value::Null, READS_ALL),
        ("DELETE /season/publication", "/season/publication", Value::Null, &["administrator"]),
        ("GET /season/rehearsal", "/season/rehearsal", Value::Null, &["administrator"]),
        ("POST /season/rehearsal", "/season/rehearsal", json!({"from": -1}), &["administrator"]),
        ("DELETE /season/rehearsal", "/season/rehearsal", Value::Null, &["administrator"]),
    ]
}

const READS_ALL: &[&str] = &["administrator", "auditor"];

/// What is dangerous asks for more than a role: see `versions_hold_what_was_approved_and_differ_by_what_came_went_and_changed`
/// and `seasons`.
const DANGEROUS: [&str; 2] = ["POST /banks/{bank}/publish", "POST /season/publication"];

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
            let asked = format!("{method} {}", path.split('?').next().unwrap());
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
    let known: BTreeSet<String> =
        rows.chain(WITHOUT_ROLE.map(str::to_owned)).chain(DANGEROUS.map(str::to_owned)).collect();
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
