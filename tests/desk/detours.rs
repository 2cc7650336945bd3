//! Ways round: what a role does not hold is not had by an import, an edit or many at once either, and that it was tried is on record.

use super::banks::Office;
use super::banks::done;
use super::banks::draft;
use super::imports::rows;
use super::imports::sent;
use super::imports::settled;
use super::refused;
use serde_json::json;

const TABLE: &str = "题型,题干,选项A,选项B,选项C,选项D,答案,备用\n单选题,第一题问什么？,甲,乙,丙,丁,1,B\n";

#[tokio::test]
async fn what_is_tried_with_anothers_import_or_ones_own_question_is_written_down() {
    let mut office = Office::with_reviews(1).await;
    let both = json!([{"role": "editor", "bank": "tiku"}, {"role": "reviewer", "bank": "tiku"}]);
    let mut both = office.server.colleague(&mut office.first, "nong", both).await;
    let id = sent(&mut office.editor, "题目.csv", TABLE.into()).await;
    settled(&mut office.editor, &id).await;
    let import = format!("/imports/{id}");
    refused(both.patch(&import, json!({"defaults": {}})).await, 403, "forbidden");
    refused(both.patch(&format!("{import}/rows/1"), json!({"skip": true})).await, 403, "forbidden");
    refused(both.post(&format!("{import}/confirm"), json!({"rows": "ready"})).await, 403, "forbidden");
    refused(both.delete(&import).await, 403, "forbidden");
    let written = office.first.audit("limit=4").await;
    for (entry, call) in written.iter().zip(["DELETE", "POST", "PATCH", "PATCH"]) {
        assert_eq!((&entry["act"], &entry["refused"]), (&json!("access.refused"), &json!(true)), "{entry}");
        assert_eq!(entry["subject"], format!("import:{id}"));
        assert!(entry["after"]["call"].as_str().unwrap().starts_with(call), "{entry}");
    }

    let (_, own) = both.post("/banks/tiku/questions", json!({"draft": draft("自己写的题？")})).await;
    let question = own["id"].as_str().unwrap().to_owned();
    done(both.post(&format!("/questions/{question}/submit"), json!({"revision": 1})).await);
    refused(both.post(&format!("/questions/{question}/approve"), json!({"revision": 1})).await, 403, "forbidden");
    let told =
        done(both.post("/banks/tiku/bulk", json!({"act": "approve", "ids": [question], "seen_at": i64::MAX})).await);
    assert_eq!((&told["done"], &told["refused"][0]["code"]), (&json!(0), &json!("forbidden")));
    let written = office.first.audit("limit=2").await;
    for entry in &written {
        assert_eq!(
            (&entry["act"], &entry["subject"]),
            (&json!("access.refused"), &json!(format!("question:{question}")))
        );
        assert_eq!(entry["who"]["name"], "同事 nong");
    }
    office.server.stop().await.unwrap();
}

#[tokio::test]
async fn an_association_learns_nothing_of_a_bank_by_what_it_sends_in() {
    let mut office = Office::with_reviews(1).await;
    let secret = office.written("第一题问什么？").await;
    let place = json!([{"role": "association", "place": "county:450226"}]);
    let mut sanjiang = office.server.colleague(&mut office.first, "sanjiang", place).await;
    let id = sent(&mut sanjiang, "题目.csv", TABLE.into()).await;
    settled(&mut sanjiang, &id).await;
    let found = rows(&mut sanjiang, &id, "").await;
    assert_eq!(found[0]["similar"], json!([]), "{found:?}");
    let one = done(sanjiang.get(&format!("/imports/{id}/rows/1")).await);
    assert_eq!(one["similar"], json!([]));
    // Whoever reviews sees what it is like.
    let found = rows(&mut office.reviewers[0], &id, "").await;
    assert_eq!(found[0]["similar"][0]["id"], secret["id"], "{found:?}");
    office.server.stop().await.unwrap();
}

#[tokio::test]
async fn what_was_accepted_of_a_wrong_column_is_looked_at_anew() {
    let mut office = Office::with_reviews(1).await;
    let clerk = &mut office.editor;
    let id = sent(clerk, "题目.csv", TABLE.into()).await;
    let import = settled(clerk, &id).await;
    assert_eq!(import["counts"]["to_check"], 1, "{import}");
    let accepted = done(clerk.patch(&format!("/imports/{id}/rows/1"), json!({"accept": true})).await);
    assert_eq!((&accepted["standing"], &accepted["draft"]["key"]), (&json!("ready"), &json!([0])));

    // What was accepted stays accepted where the file still says the same.
    done(clerk.patch(&format!("/imports/{id}"), json!({"defaults": {"source": "教材"}})).await);
    settled(clerk, &id).await;
    let row = done(clerk.get(&format!("/imports/{id}/rows/1")).await);
    assert_eq!((&row["standing"], &row["draft"]["source"]), (&json!("ready"), &json!("教材")), "{row}");

    let columns = ["kind", "stem", "option:0", "option:1", "option:2", "option:3", "ignore", "key"];
    let columns: serde_json::Map<String, serde_json::Value> =
        (1..).zip(columns).map(|(n, part)| (n.to_string(), json!(part))).collect();
    done(clerk.patch(&format!("/imports/{id}"), json!({"columns": columns})).await);
    settled(clerk, &id).await;
    let row = done(clerk.get(&format!("/imports/{id}/rows/1")).await);
    assert_eq!(row["draft"]["key"], json!([1]), "{row}");
    office.server.stop().await.unwrap();
}

#[tokio::test]
async fn one_kind_of_assumption_is_accepted_for_all_rows_that_hang_on_nothing_else() {
    let mut office = Office::with_reviews(1).await;
    let clerk = &mut office.editor;
    let table = "题型,题干,选项A,选项B,选项C,选项D,答案\n,第一题？,甲,乙,丙,丁,B\n,第二题？,子,丑,寅,卯,2\n,第三题？,金,木,水,火,AB\n\
        单选题,第四题？,东,南,西,北,\n";
    let id = sent(clerk, "题目.csv", table.into()).await;
    settled(clerk, &id).await;
    let told = done(clerk.post(&format!("/imports/{id}/accept"), json!({"code": "kind_assumed"})).await);
    assert_eq!((&told["accepted"], &told["import"]["counts"]["ready"]), (&json!(2), &json!(2)), "{told}");
    let left = rows(clerk, &id, "standing=to_check").await;
    assert_eq!((left.len(), &left[0]["n"]), (1, &json!(2)), "its key was assumed as well");
    assert_eq!(told["import"]["counts"]["refused"], 1);
    let again = done(clerk.post(&format!("/imports/{id}/accept"), json!({"code": "kind_assumed"})).await);
    assert_eq!(again["accepted"], 0);
    let written = office.first.audit("limit=1").await;
    assert_eq!((&written[0]["act"], &written[0]["after"]["rows"]), (&json!("import.accepted"), &json!([1, 3])));
    office.server.stop().await.unwrap();
}
