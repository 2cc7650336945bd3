//! From a report on a phone to a correction that two have decided, and what everybody sees of it.

use super::done;
use super::refused;
use crate::harness::Key;
use crate::harness::Phone;
use crate::harness::Server;
use crate::harness::desk::Clerk;
use crate::harness::steps::round;
use crate::wire::like;
use kejing::domain::ids::RoundIndex;
use kejing::domain::question::Question;
use serde_json::Value;
use serde_json::json;

/// A paper of five, every answer wrong, with its first question; and the staff around it.
struct Desk {
    server: Server,
    first: Clerk,
    editor: Clerk,
    reviewer: Clerk,
    token: String,
    phone: Phone,
    /// As it was shown.
    asked: Value,
    question: Question,
    /// By the bank's order.
    chosen: usize,
    result: Value,
}

impl Desk {
    async fn with_a_paper(lines: &str) -> Desk {
        let server = Server::of(&round("daily", lines)).await;
        let mut first = server.first_administrator().await;
        let editor = server.colleague(&mut first, "luhao", json!([{"role": "editor", "bank": "kexue"}])).await;
        let reviewer = server.colleague(&mut first, "huang", json!([{"role": "reviewer", "bank": "kexue"}])).await;
        let key = Key::of_the_shipped_bank();
        let token = server.join("韦小兰").await;
        let (mut phone, _) = server.hello(&token).await;
        let asked = phone.start("daily").await;
        let period = server.contest.periods_of(RoundIndex(0)).last().unwrap().clone();
        let stem = asked["stem"].as_str().unwrap();
        let question = period.bank.questions.iter().find(|question| question.stem == stem).unwrap().clone();
        let text = asked["options"][key.wrong(&asked)[0]].as_str().unwrap();
        let chosen = question.options.iter().position(|option| option == text).unwrap();
        let result = phone.play_right(&server, &key, asked.clone(), 0, 1_000).await;
        Desk { server, first, editor, reviewer, token, phone, asked, question, chosen, result }
    }

    /// Under the reports, and as a proposal names it.
    fn path(&self) -> String {
        format!("/reports/kexue/{}", self.question.id)
    }

    fn proposal(&self, remedy: Value) -> Value {
        let question = self.question.id.as_str();
        json!({"bank": "kexue", "question": question, "remedy": remedy, "reason": "教材第 3 版已经改了", "text": "参考答案有误"})
    }

    async fn report(&self, reason: &str) {
        let body = json!({"attempt": self.asked["attempt"], "seq": 1, "reason": reason});
        let told = self.server.post("/me/reports", Some(&self.token), body).await;
        assert_eq!(told.0, 201, "{told:?}");
    }

    /// Proposes, and waits for the preview.
    async fn proposed(&mut self, remedy: Value) -> Value {
        let proposal = self.proposal(remedy);
        let made = done(self.editor.post("/corrections", proposal).await, 201);
        let path = format!("/corrections/{}", made["id"].as_str().unwrap());
        self.editor.eventually(&path, |told| !told["preview"].is_null() || !told["trouble"].is_null()).await
    }
}

/// Decides, and waits until everybody stands by it.
async fn decided(server: &Server, clerk: &mut Clerk, id: &str, preview: &Value) -> Value {
    clerk.confirm(server).await;
    done(clerk.post(&format!("/corrections/{id}/decide"), json!({"preview": preview})).await, 202);
    clerk.eventually(&format!("/corrections/{id}"), |told| told["state"] == "applied").await
}

#[tokio::test]
async fn a_report_is_queued_its_question_rests_and_the_reporter_sees_the_answer() {
    let mut desk = Desk::with_a_paper("feedback = \"after_paper\"").await;
    desk.report("答案不对：课本上是 C").await;
    let queue = desk.reviewer.eventually("/reports", |told| told["total"] == 1).await;
    let row = &queue["items"][0];
    assert_eq!((&row["question"], &row["stem"]), (&json!(desk.question.id.as_str()), &desk.asked["stem"]));
    assert_eq!((&row["count"], &row["open"], &row["rests"]), (&json!(1), &json!(1), &json!(false)));
    assert_eq!(row["newest"], "答案不对：课本上是 C");
    assert_eq!(desk.server.got("/me/reports", Some(&desk.token)).await["reports"][0].get("answer"), None);
    assert_eq!(desk.server.got("/me", Some(&desk.token)).await.get("report_answered_at"), None);

    // One click, and no paper to come draws it.
    let path = desk.path();
    refused(desk.editor.post(&format!("{path}/rest"), json!({"reason": "先停用"})).await, 403, "forbidden");
    refused(desk.reviewer.post(&format!("{path}/rest"), json!({"reason": " "})).await, 400, "bad_request");
    let told = done(desk.reviewer.post(&format!("{path}/rest"), json!({"reason": "先停用，核对教材"})).await, 200);
    assert_eq!(told["question"]["rests"], true);
    let period = desk.server.contest.periods_of(RoundIndex(0)).last().unwrap().clone();
    assert!(period.rested.contains(&desk.question.id));
    refused(desk.reviewer.post(&format!("{path}/rest"), json!({"reason": "再停用"})).await, 409, "conflict");

    // The answer goes to those whose reports were seen; a later report is open again.
    let seen = told["reports"][0]["n"].as_i64().unwrap();
    desk.report("还有一处").await;
    desk.reviewer.eventually(&path, |told| told["count"] == 2).await;
    let body = json!({"text": "核对过了，参考答案没有错。", "up_to": seen});
    let told = done(desk.reviewer.post(&format!("{path}/answer"), body.clone()).await, 200);
    assert_eq!((&told["open"], &told["answers"][0]["words"]), (&json!(1), &json!("核对过了，参考答案没有错。")));
    refused(desk.reviewer.post(&format!("{path}/answer"), body).await, 409, "conflict");
    let mine = desk.server.got("/me/reports", Some(&desk.token)).await;
    like(&mine, &["http-me-reports"]);
    assert_eq!(mine["reports"][0].get("answer"), None);
    assert_eq!(mine["reports"][1]["answer"]["text"], "核对过了，参考答案没有错。");
    assert_eq!((&mine["reports"][1]["seq"], &mine["reports"][1]["stem"]), (&json!(1), &desk.asked["stem"]));
    let me = desk.server.got("/me", Some(&desk.token)).await;
    assert_eq!(me["report_answered_at"], mine["reports"][1]["answer"]["at"]);

    let told = done(desk.reviewer.post(&format!("{path}/wake"), json!({"reason": "没有错"})).await, 200);
    assert_eq!(told["question"]["rests"], false);
    let acts: Vec<Value> = desk.first.audit("limit=20").await.iter().map(|row| row["act"].clone()).collect();
    for act in ["question.rested", "question.woken", "report.answered"] {
        assert!(acts.contains(&json!(act)), "{act} in {acts:?}");
    }

    // A start finds all of it.
    let server = desk.server.restart(1_000).await;
    let mut reviewer = desk.reviewer.of(&server);
    let told = done(reviewer.get(&path).await, 200);
    assert_eq!((&told["count"], &told["open"]), (&json!(2), &json!(1)));
    assert_eq!(server.got("/me", Some(&desk.token)).await["report_answered_at"], me["report_answered_at"]);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_correction_is_proposed_previewed_and_decided_by_another_and_the_phone_sees_its_new_score() {
    let mut desk = Desk::with_a_paper("feedback = \"after_paper\"").await;
    let remedy = json!({"kind": "new_key", "key": [desk.chosen]});
    let seen = desk.proposed(remedy.clone()).await;
    assert_eq!(seen["state"], "proposed");
    let preview = &seen["preview"];
    assert_eq!((&preview["attempts"], &preview["raised"], &preview["lowered"]), (&json!(1), &json!(1), &json!(0)));
    assert_eq!((&preview["participants"], &preview["live"]), (&json!(1), &json!(0)));
    let mover = &preview["boards"][0]["movers"][0];
    assert_eq!((&mover["score_before"], &mover["score_after"]), (&json!(0), &json!(10)));
    assert_eq!(mover["name"], "韦*兰");
    assert_eq!((&seen["may"]["decide"], &seen["may"]["withdraw"]), (&json!(false), &json!(true)));
    let id = seen["id"].as_str().unwrap().to_owned();
    let path = format!("/corrections/{id}");

    // An editor decides nothing; who proposed does not decide either, whatever their role.
    let decide = format!("{path}/decide");
    refused(desk.editor.post(&decide, json!({"preview": 1})).await, 403, "forbidden");
    let proposal = desk.proposal(json!({"kind": "all_points"}));
    let own = done(desk.reviewer.post("/corrections", proposal).await, 201);
    let own_path = format!("/corrections/{}", own["id"].as_str().unwrap());
    desk.reviewer.eventually(&own_path, |told| !told["preview"].is_null()).await;
    desk.reviewer.confirm(&desk.server).await;
    // The clock has moved on, and a phone that says nothing for a minute is let go.
    desk.phone.hears_nothing().await;
    let told =
        refused(desk.reviewer.post(&format!("{own_path}/decide"), json!({"preview": 1})).await, 403, "forbidden");
    assert!(told["detail"].as_str().unwrap().contains("两个人"), "{told}");
    let withdrawn = done(desk.reviewer.post(&format!("{own_path}/withdraw"), json!({"reason": "提重了"})).await, 200);
    assert_eq!((&withdrawn["state"], &withdrawn["withdrawn"]), (&json!("withdrawn"), &json!("提重了")));
    refused(desk.reviewer.post(&format!("{own_path}/decide"), json!({"preview": 1})).await, 409, "conflict");

    // Decided on what was seen, and on nothing else.
    refused(desk.reviewer.post(&decide, json!({"preview": 2})).await, 409, "conflict");
    assert_eq!(done(desk.reviewer.get(&path).await, 200)["may"]["decide"], true);
    let applied = decided(&desk.server, &mut desk.reviewer, &id, &json!(1)).await;
    assert_eq!((&applied["applied"]["attempts"], &applied["applied"]["participants"]), (&json!(1), &json!(1)));
    assert_eq!(applied["decided_by"]["name"], "同事 huang");
    assert_eq!(applied["undo"], json!({"kind": "as_published"}));
    let told = desk.phone.hear("corrected").await;
    assert_eq!(told["text"], "更正（改正答案）：参考答案有误");
    assert_eq!(desk.server.mine("daily", &desk.token).await["best"]["score"], 10);
    assert_eq!(desk.server.board("region?round=daily").await[0].2, 10);
    let errata = desk.server.got("/rounds/daily/errata", None).await;
    assert_eq!(errata["errata"][0]["text"], "参考答案有误");

    // The page of the attempt tells what it was and what it is.
    let attempt = desk.result["attempt"].as_str().unwrap();
    let story = done(desk.first.get(&format!("/attempts/{attempt}")).await, 200);
    assert_eq!((&story["score"], &story["was"]["score"]), (&json!(10), &json!(0)));
    let last = story["events"].as_array().unwrap().last().unwrap();
    assert_eq!(last["kind"], "corrected");
    let sentence = last["sentence"].as_str().unwrap();
    assert!(sentence.contains("成绩由 0 分改为 10 分"), "{sentence}");
    assert_eq!((&story["questions"][0]["points_then"], &story["questions"][0]["points"]), (&json!(0), &json!(10)));

    // Undone as any other is made: proposed by one, decided by another.
    let undo = desk.proposed(applied["undo"].clone()).await;
    let undone = decided(&desk.server, &mut desk.reviewer, undo["id"].as_str().unwrap(), &json!(1)).await;
    assert_eq!(undone["undo"], Value::Null);
    assert_eq!(desk.server.mine("daily", &desk.token).await["best"]["score"], 0);
    refused(desk.editor.post("/corrections", desk.proposal(json!({"kind": "as_published"}))).await, 409, "conflict");
    let acts: Vec<Value> = desk.first.audit("act=correction.&limit=20").await;
    let acts: Vec<&Value> = acts.iter().map(|row| &row["act"]).collect();
    for act in ["correction.proposed", "correction.decided", "correction.withdrawn"] {
        assert!(acts.contains(&&json!(act)), "{act} in {acts:?}");
    }
    desk.server.replayed().await;
}

#[tokio::test]
async fn a_preview_is_out_of_date_once_another_correction_is_made_and_a_new_one_is_made() {
    let mut desk = Desk::with_a_paper("feedback = \"after_paper\"").await;
    let first = desk.proposed(json!({"kind": "new_key", "key": [desk.chosen]})).await;
    let second = desk.proposed(json!({"kind": "all_points"})).await;
    decided(&desk.server, &mut desk.reviewer, first["id"].as_str().unwrap(), &json!(1)).await;
    let path = format!("/corrections/{}", second["id"].as_str().unwrap());
    // Whoever decides has shown within the last minutes that it is them.
    desk.server.advance(300_001);
    refused(desk.reviewer.post(&format!("{path}/decide"), json!({"preview": 1})).await, 403, "confirm_first");
    desk.reviewer.confirm(&desk.server).await;
    let told = done(desk.reviewer.get(&path).await, 200);
    assert_eq!(told["may"]["decide"], false);
    assert!(told["preview"]["moved_on"].as_str().unwrap().contains("重新预览"), "{told}");
    refused(desk.reviewer.post(&format!("{path}/decide"), json!({"preview": 1})).await, 409, "conflict");
    done(desk.editor.post(&format!("{path}/preview"), json!({})).await, 202);
    let told = desk.reviewer.eventually(&path, |told| told["preview"]["number"] == 2).await;
    assert_eq!((&told["preview"]["moved_on"], &told["preview"]["attempts"]), (&Value::Null, &json!(0)));
    decided(&desk.server, &mut desk.reviewer, second["id"].as_str().unwrap(), &json!(2)).await;
    desk.server.replayed().await;
}

#[tokio::test]
async fn what_a_stop_interrupted_is_taken_up_by_the_next_start() {
    let mut desk = Desk::with_a_paper("feedback = \"after_paper\"").await;
    let seen = desk.proposed(json!({"kind": "new_key", "key": [desk.chosen]})).await;
    let id = seen["id"].as_str().unwrap().to_owned();
    desk.reviewer.confirm(&desk.server).await;
    done(desk.reviewer.post(&format!("/corrections/{id}/decide"), json!({"preview": 1})).await, 202);
    let proposal = desk.proposal(json!({"kind": "all_points"}));
    let other = done(desk.editor.post("/corrections", proposal).await, 201);
    let server = desk.server.restart(1_000).await;
    let mut reviewer = desk.reviewer.of(&server);
    let applied = reviewer.eventually(&format!("/corrections/{id}"), |told| told["state"] == "applied").await;
    assert_eq!(applied["applied"]["attempts"], 1);
    assert_eq!(server.mine("daily", &desk.token).await["best"]["score"], 10);
    assert_eq!(server.got("/rounds/daily/errata", None).await["errata"].as_array().unwrap().len(), 1);
    let path = format!("/corrections/{}", other["id"].as_str().unwrap());
    reviewer.eventually(&path, |told| !told["preview"].is_null()).await;
    server.replayed().await;
}

#[tokio::test]
async fn what_is_no_correction_is_refused_where_it_is_proposed() {
    let mut desk = Desk::with_a_paper("feedback = \"after_paper\"").await;
    let cases = [
        (json!({"remedy": {"kind": "new_key", "key": []}}), 400, "没有写出正确的选项"),
        (json!({"remedy": {"kind": "new_key", "key": [0, 1]}}), 400, "只能是一个选项"),
        (json!({"remedy": {"kind": "new_key", "key": [9]}}), 400, "选项超出"),
        (json!({"remedy": {"kind": "as_published"}}), 409, "现在就是这样评分的"),
        (json!({"question": "none"}), 404, "没有试卷用过它"),
        (json!({"reason": " "}), 400, "为什么要更正"),
        (json!({"text": ""}), 400, "勘误"),
        (json!({"versions": [7]}), 400, "没有这个版本"),
        // Which complaints there are is for those who deal with them.
        (json!({"complaint": "none"}), 403, "您的角色"),
    ];
    for (change, status, why) in cases {
        let mut proposal = desk.proposal(json!({"kind": "all_points"}));
        proposal.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let (found, told) = desk.editor.post("/corrections", proposal).await;
        assert_eq!(found, status, "{change}: {told}");
        assert!(told["detail"].as_str().unwrap().contains(why), "{change}: {told}");
    }
    assert_eq!(done(desk.editor.get("/corrections").await, 200)["items"], json!([]));
    desk.server.stop().await.unwrap();
}
