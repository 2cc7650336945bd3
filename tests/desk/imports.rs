//! Files as people have them: read, mended, confirmed, and nothing in the bank before.

use super::banks::Office;
use super::banks::done;
use super::banks::draft;
use super::refused;
use crate::harness::desk::Clerk;
use crate::harness::desk::PASSWORD;
use rust_xlsxwriter::Workbook;
use serde_json::Value;
use serde_json::json;

const TABLE: &str = "题型,题干,选项A,选项B,选项C,选项D,答案,解析,难度,知识点,供题单位\n\
    单选题,第一题问什么？,甲,乙,丙,丁,B,乙是对的。,易,卫生健康,柳州市科协\n\
    判断题,水在标准大气压下 100℃ 沸腾。,,,,,对,定义如此。,易,科学方法,\n\
    单选题,没有答案的题？,甲,乙,丙,丁,,,易,卫生健康,\n";

pub(super) async fn sent(clerk: &mut Clerk, name: &str, bytes: Vec<u8>) -> String {
    let (status, import) = clerk.upload(&format!("/banks/tiku/imports?name={name}"), bytes).await;
    assert_eq!((status, &import["bank"]), (202, &json!("tiku")), "{import}");
    import["id"].as_str().unwrap().to_owned()
}

/// The import once nobody works on it any more.
pub(super) async fn settled(clerk: &mut Clerk, id: &str) -> Value {
    let is_settled = |import: &Value| import["state"] != "reading" && import["state"] != "saving";
    clerk.eventually(&format!("/imports/{id}"), is_settled).await
}

pub(super) async fn rows(clerk: &mut Clerk, id: &str, query: &str) -> Vec<Value> {
    let page = done(clerk.get(&format!("/imports/{id}/rows?limit=200&{query}")).await);
    page["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_table_is_read_mended_and_confirmed_and_nothing_is_saved_before() {
    let mut office = Office::with_reviews(1).await;
    let clerk = &mut office.editor;
    let id = sent(clerk, "题目.csv", TABLE.into()).await;
    let import = settled(clerk, &id).await;
    assert_eq!(
        (&import["state"], &import["format"], &import["name"]),
        (&json!("preview"), &json!("csv"), &json!("题目.csv"))
    );
    assert_eq!((&import["counts"]["ready"], &import["counts"]["refused"]), (&json!(2), &json!(1)), "{import}");
    let column = &import["columns"][1];
    assert_eq!((&column["title"], &column["part"]), (&json!("题干"), &json!("stem")));
    assert_eq!(done(clerk.get("/banks/tiku/questions").await)["total"], 0);

    // Ready rows go on while the rest waits.
    let (status, _) = clerk.post(&format!("/imports/{id}/confirm"), json!({"rows": "ready"})).await;
    assert_eq!(status, 202);
    let import = settled(clerk, &id).await;
    assert_eq!((&import["state"], &import["counts"]["saved"]), (&json!("preview"), &json!(2)), "{import}");
    let found = done(clerk.get("/banks/tiku/questions?sort=id").await);
    assert_eq!((&found["total"], &found["facets"]["state"]), (&json!(2), &json!({"draft": 2})));
    let credited = done(clerk.get("/banks/tiku/questions?contributor=柳州市科协").await);
    assert_eq!(credited["total"], 1);

    let broken = rows(clerk, &id, "standing=refused").await;
    assert_eq!((broken.len(), &broken[0]["row"]), (1, &json!(4)), "{broken:?}");
    let n = broken[0]["n"].as_u64().unwrap();
    let row = format!("/imports/{id}/rows/{n}");
    refused(clerk.patch(&row, json!({"accept": true})).await, 409, "conflict");
    let told = refused(clerk.post(&format!("/imports/{id}/confirm"), json!({"rows": [n]})).await, 409, "conflict");
    assert!(told["detail"].as_str().unwrap().contains("还不能入库"));
    let mended = done(clerk.patch(&row, json!({"draft": draft("补上了答案的题？")})).await);
    assert_eq!((&mended["standing"], &mended["remarks"]), (&json!("ready"), &json!([])));
    clerk.post(&format!("/imports/{id}/confirm"), json!({"rows": [n]})).await;
    let import = settled(clerk, &id).await;
    assert_eq!((&import["state"], &import["counts"]["saved"]), (&json!("saved"), &json!(3)), "{import}");
    let saved = done(clerk.get(&row).await);
    let question = done(clerk.get(&format!("/questions/{}", saved["question"].as_str().unwrap())).await);
    assert_eq!((&question["draft"]["stem"], &question["state"]), (&json!("补上了答案的题？"), &json!("draft")));
    refused(clerk.patch(&row, json!({"skip": true})).await, 409, "conflict");
    let acts: Vec<Value> = office.first.audit("act=import.").await.iter().map(|row| row["act"].clone()).collect();
    assert_eq!(acts, ["import.saved", "import.mended", "import.saved", "import.uploaded"]);
    office.server.stop().await.unwrap();
}

#[tokio::test]
async fn the_file_is_read_again_as_the_person_tells_and_what_was_mended_stays() {
    let mut office = Office::with_reviews(1).await;
    let clerk = &mut office.editor;
    let id = sent(clerk, "题目.csv", TABLE.into()).await;
    settled(clerk, &id).await;
    let broken = rows(clerk, &id, "standing=refused").await[0]["n"].as_u64().unwrap();
    done(clerk.patch(&format!("/imports/{id}/rows/{broken}"), json!({"draft": draft("补上了答案的题？")})).await);
    let told = json!({"defaults": {"source": "2026 年题库", "contributor": "自治区科协"}});
    done(clerk.patch(&format!("/imports/{id}"), told).await);
    let import = settled(clerk, &id).await;
    assert_eq!(import["counts"]["ready"], 3, "{import}");
    let all = rows(clerk, &id, "").await;
    assert_eq!(
        (&all[0]["draft"]["source"], &all[0]["draft"]["contributor"]),
        (&json!("2026 年题库"), &json!("柳州市科协"))
    );
    assert_eq!(all[2]["draft"]["stem"], "补上了答案的题？");
    refused(clerk.patch(&format!("/imports/{id}"), json!({"format": "pdf"})).await, 400, "bad_request");
    refused(clerk.patch(&format!("/imports/{id}"), json!({"columns": {"1": "nonsense"}})).await, 400, "bad_request");

    // Somebody else goes on with their own files, not with this one; who may not write sees it all the same.
    let mut other =
        office.server.colleague(&mut office.first, "nong", json!([{"role": "editor", "bank": "tiku"}])).await;
    refused(other.patch(&format!("/imports/{id}/rows/1"), json!({"skip": true})).await, 403, "forbidden");
    assert_eq!(done(office.reviewers[0].get(&format!("/imports/{id}")).await)["counts"]["ready"], 3);
    refused(
        office.reviewers[0].post(&format!("/imports/{id}/confirm"), json!({"rows": "ready"})).await,
        403,
        "forbidden",
    );
    let (status, _) = office.editor.delete(&format!("/imports/{id}")).await;
    assert_eq!(status, 204);
    refused(office.editor.get(&format!("/imports/{id}")).await, 404, "not_found");
    office.server.stop().await.unwrap();
}

#[tokio::test]
async fn what_the_bank_or_the_file_has_already_is_told_beside_each_row() {
    let mut office = Office::with_reviews(1).await;
    let known = office.written("第一题问什么？").await;
    let clerk = &mut office.editor;
    let twice = format!("{TABLE}判断题,水在标准大气压下100℃沸腾。,,,,,对,定义如此。,易,科学方法,\n");
    let id = sent(clerk, "题目.csv", twice.into()).await;
    let import = settled(clerk, &id).await;
    assert_eq!(import["counts"]["same"], 2, "{import}");
    let same = rows(clerk, &id, "standing=same").await;
    assert_eq!((&same[0]["n"], &same[0]["similar"][0]["id"]), (&json!(1), &known["id"]), "{same:?}");
    assert_eq!((&same[1]["n"], &same[1]["similar"][0]["n"]), (&json!(4), &json!(2)));
    assert_eq!(same[1]["similar"][0]["same"], true);
    done(clerk.patch(&format!("/imports/{id}/rows/1"), json!({"skip": true})).await);
    let import = settled(clerk, &id).await;
    assert_eq!((&import["counts"]["same"], &import["counts"]["skipped"]), (&json!(1), &json!(1)));
    office.server.stop().await.unwrap();
}

/// Questions that are not all alike.
fn words(n: u32) -> String {
    let words =
        ["海洋", "森林", "土壤", "空气", "声音", "电流", "磁场", "分子", "数据", "营养", "疫苗", "地震", "种子"];
    let digits = (0..5).map(|place| words[(n as usize * 7 + n as usize / 13_usize.pow(place)) % words.len()]);
    digits.collect()
}

/// A workbook as it is kept in an office: a title and a note above the header, blank rows, answers written in every way.
fn messy(questions: u32) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write(0, 0, "2026 年公民科学素质竞赛题库（汇总）").unwrap();
    sheet.write(1, 0, "说明：请勿改动表头；判断题不填选项。").unwrap();
    let header = [
        "序号",
        "题目类型",
        "题目内容",
        "选项A",
        "选项B",
        "选项C",
        "选项D",
        "正确答案",
        "答案解析",
        "难易程度",
        "所属知识点",
    ];
    for (column, title) in header.iter().enumerate() {
        sheet.write(2, column as u16, *title).unwrap();
    }
    let mut row = 3;
    for n in 1..=questions {
        // A blank row now and then.
        row += u32::from(n % 50 == 0);
        let (kind, answer, options) = match n % 8 {
            0 => ("判断题", "√", [""; 4]),
            1 => ("判断", "错误", [""; 4]),
            2 => ("单选题", "B", ["甲项", "乙项", "丙项", "丁项"]),
            3 => ("单选题", "丙项", ["甲项", "乙项", "丙项", "丁项"]),
            4 => ("多选题", "ACD", ["甲项", "乙项", "丙项", "丁项"]),
            5 => ("多项选择", "A、B", ["甲项", "乙项", "丙项", ""]),
            6 => ("单选题", "ｂ", ["A、甲项", "B、乙项", "C、丙项", "D、丁项"]),
            _ => ("单选题", "", ["甲项", "乙项", "丙项", "丁项"]),
        };
        sheet.write(row, 0, n).unwrap();
        for (column, text) in
            (1..).zip([kind, &format!("{}第 {n} 道题问的是哪一项？", words(n))].into_iter().chain(options))
        {
            sheet.write(row, column, text).unwrap();
        }
        for (column, text) in (7..).zip([answer, "见教材。", "中等", "卫生健康"]) {
            sheet.write(row, column, text).unwrap();
        }
        row += 1;
    }
    book.save_to_buffer().unwrap()
}

/// Signs somebody in again on the server that was started anew.
async fn back(office: &Office, clerk: &Clerk) -> Clerk {
    let mut again = office.server.browser().await;
    (again.login, again.secret) = (clerk.login.clone(), clerk.secret);
    assert_eq!(again.sign_in(&office.server, PASSWORD).await.0, 200);
    again
}

#[tokio::test]
async fn two_thousand_messy_rows_survive_a_restart_and_end_in_the_bank() {
    let mut office = Office::with_reviews(1).await;
    let id = sent(&mut office.editor, "汇总.xlsx", messy(2_000)).await;
    // In mid-reading, or just after; either way it is there again.
    office.server = office.server.restart(1_000).await;
    let mut clerk = back(&office, &office.editor.clone()).await;
    let import = settled(&mut clerk, &id).await;
    assert_eq!((&import["state"], &import["counts"]["refused"]), (&json!("preview"), &json!(250)), "{import}");
    let counts = &import["counts"];
    assert_eq!(counts["ready"].as_i64().unwrap() + counts["to_check"].as_i64().unwrap(), 1_750, "{counts}");
    let first = &rows(&mut clerk, &id, "").await;
    assert_eq!((&first[0]["row"], &first[0]["draft"]["kind"]), (&json!(4), &json!("true_false")));
    assert_eq!(first[2]["draft"]["key"], json!([2]), "{}", first[2]);

    // Once more, with the preview at rest.
    office.server = office.server.restart(1_000).await;
    let mut clerk = back(&office, &clerk).await;
    assert_eq!(settled(&mut clerk, &id).await["counts"], *counts);
    let ready = counts["ready"].as_i64().unwrap();
    clerk.post(&format!("/imports/{id}/confirm"), json!({"rows": "ready"})).await;
    // In mid-saving, or just after; what is saved is in the bank, the rest is as it was.
    office.server = office.server.restart(1_000).await;
    let mut clerk = back(&office, &clerk).await;
    let import = settled(&mut clerk, &id).await;
    let (saved, left) = (import["counts"]["saved"].as_i64().unwrap(), import["counts"]["ready"].as_i64().unwrap());
    assert_eq!((&import["state"], saved + left), (&json!("preview"), ready), "{import}");
    assert_eq!(done(clerk.get("/banks/tiku/questions").await)["total"], saved);
    assert_eq!(import["error"].is_string(), left > 0, "{import}");
    if left > 0 {
        clerk.post(&format!("/imports/{id}/confirm"), json!({"rows": "ready"})).await;
    }
    let import = settled(&mut clerk, &id).await;
    assert_eq!((&import["state"], &import["counts"]["saved"]), (&json!("preview"), &json!(ready)), "{import}");
    let acts = office.first.clone();
    let records = back(&office, &acts).await.audit("act=import.saved").await;
    let told = records.iter().map(|record| record["after"]["questions"].as_i64().unwrap()).sum::<i64>();
    assert_eq!((told, &records[0]["after"]["left"]), (ready, &json!(2_000 - ready)), "{records:?}");
    let found = done(clerk.get("/banks/tiku/questions?q=题问的是哪一项").await);
    assert_eq!((&found["total"], &found["facets"]["topic"]), (&json!(ready), &json!({"卫生健康": ready})));

    let told = json!({"act": "submit", "filter": {}});
    let many = done(clerk.post("/banks/tiku/bulk", told).await);
    assert_eq!(many["done"], 0, "no source was given");
    assert_eq!(many["refused"].as_array().unwrap().len() as i64, ready);
    office.server.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_left_is_a_table_that_loads_back_and_what_is_exported_is_the_same_again() {
    let mut office = Office::with_reviews(1).await;
    let clerk = &mut office.editor;
    let id = sent(clerk, "题目.csv", TABLE.into()).await;
    settled(clerk, &id).await;
    let (status, disposition, table) = clerk.download(&format!("/imports/{id}/rest.xlsx")).await;
    assert_eq!(status, 200);
    assert!(disposition.ends_with(".xlsx") && disposition.contains("filename*=UTF-8''%E9%A2%98"), "{disposition}");
    let left = sent(clerk, "待改.xlsx", table).await;
    let import = settled(clerk, &left).await;
    assert_eq!((&import["counts"]["refused"], &import["counts"]["ready"]), (&json!(1), &json!(0)), "{import}");
    let (status, _, template) = clerk.download("/imports/template.xlsx").await;
    assert_eq!((status, &template[..2]), (200, &b"PK"[..]));

    let whole = format!(
        "题型,题干,选项A,选项B,答案,解析,来源,难度,主题\n{}",
        "单选题,哪一项？,甲,乙,B,解析。,教材,易,卫生健康\n"
    );
    let id = sent(clerk, "整.csv", whole.into()).await;
    settled(clerk, &id).await;
    clerk.post(&format!("/imports/{id}/confirm"), json!({"rows": "ready"})).await;
    settled(clerk, &id).await;
    for format in ["xlsx", "csv", "json", "gift", "moodle_xml", "qti", "toml"] {
        let (status, disposition, file) = clerk.download(&format!("/banks/tiku/export?format={format}")).await;
        assert_eq!(status, 200, "{format}");
        let again = sent(clerk, "again", file).await;
        let import = settled(clerk, &again).await;
        assert_eq!(
            (&import["format"], &import["counts"]["same"]),
            (&json!(format), &json!(1)),
            "{disposition} {import}"
        );
    }
    let rows = office.first.audit("act=bank.exported").await;
    assert_eq!((rows.len(), &rows[0]["after"]), (7, &json!({"format": "toml", "questions": 1})));
    office.server.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_no_file_of_questions_fails_and_says_why() {
    let mut office = Office::with_reviews(1).await;
    let clerk = &mut office.editor;
    let (status, told) = clerk.upload("/banks/tiku/imports?name=a.csv", Vec::new()).await;
    assert_eq!((status, &told["code"]), (400, &json!("bad_request")));
    let (status, told) = clerk.upload("/banks/keine/imports?name=a.csv", b"x".to_vec()).await;
    assert_eq!((status, &told["code"]), (403, &json!("forbidden")));
    let id = sent(clerk, "a.pdf", b"%PDF-1.7\n".to_vec()).await;
    let import = settled(clerk, &id).await;
    assert_eq!(import["state"], "failed", "{import}");
    assert!(import["error"].is_string(), "{import}");
    let (status, told) = clerk.upload("/banks/tiku/imports?name=a.csv", vec![b'x'; (16 << 20) + 1]).await;
    assert_eq!((status, &told["code"]), (413, &json!("too_large")));
    office.server.stop().await.unwrap();
}
