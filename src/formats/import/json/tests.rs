use super::*;
use crate::formats::import::Standing;
use proptest::prelude::*;

/// Kind, key, and the codes of all that is more than a note.
fn one(text: &str) -> (Option<Kind>, Vec<usize>, Vec<&'static str>) {
    let (items, _) = read(text.as_bytes());
    assert_eq!(items.len(), 1, "{text}");
    let grave = items[0].remarks.iter().filter(|remark| remark.gravity > Gravity::Note);
    (items[0].draft.kind, items[0].draft.key.places().collect(), grave.map(|remark| remark.code).collect())
}

#[track_caller]
fn check(text: &str, kind: Kind, key: &[usize], codes: &[&str]) {
    assert_eq!(one(text), (Some(kind), key.to_vec(), codes.to_vec()), "{text}");
}

#[test]
fn names_in_common_use_are_known() {
    let chinese = r#"[{"题型": "单选题", "题目": "水的化学式是？", "选项A": "CO2", "选项B": "H2O", "答案": "B", "难度": "易", "知识点": "水"}]"#;
    check(chinese, Kind::Single, &[1], &[]);
    let draft = read(chinese.as_bytes()).0.remove(0).draft;
    assert_eq!((draft.topic.as_str(), draft.difficulty), ("水", Some(1)));
    check(
        r#"{"data": [{"type": "single", "title": "甲？", "options": {"A": "1", "B": "2"}, "answer": "A"}]}"#,
        Kind::Single,
        &[0],
        &[],
    );
    check(
        r#"[{"type": "checkbox", "stem": "甲？", "options": [{"label": "A", "text": "1", "correct": true}, {"label": "B", "text": "2"}, {"label": "C", "text": "3", "correct": true}]}]"#,
        Kind::Multiple,
        &[0, 2],
        &[],
    );
    check(
        r#"[{"type": "multi", "question": "甲？", "options": ["A. 1", "B. 2", "C. 3"], "answer": ["A", "C"]}]"#,
        Kind::Multiple,
        &[0, 2],
        &[],
    );
    check(r#"[{"type": "boolean", "question": "甲。", "answer": false}]"#, Kind::TrueFalse, &[1], &[]);
    check(r#"[{"题型": "判断题", "题干": "甲。", "选项": ["错", "对"], "答案": "A"}]"#, Kind::TrueFalse, &[1], &[]);
    check(r#"[{"题型": "判断", "题干": "甲。", "答案": "√"}]"#, Kind::TrueFalse, &[0], &[]);
    check(
        r#"[{"type": "multiple", "question": "甲？", "correct_answer": "1", "incorrect_answers": ["2", "3"]}]"#,
        Kind::Single,
        &[0],
        &[],
    );
}

#[test]
fn what_is_assumed_is_told() {
    check(r#"[{"question": "甲？", "options": ["1", "2"], "answer": "2"}]"#, Kind::Single, &[1], &["kind_assumed"]);
    check(
        r#"[{"type": "choice", "question": "甲？", "options": ["子", "丑", "寅"], "answer": "AC"}]"#,
        Kind::Multiple,
        &[0, 2],
        &["kind_assumed"],
    );
    check(
        r#"[{"type": "single", "question": "甲？", "options": ["子", "丑"], "answer": 1}]"#,
        Kind::Single,
        &[1],
        &["counted_from_0"],
    );
    check(
        r#"[{"type": "single", "question": "<p>甲？</p>", "options": ["子", "丑"], "answer": "A"}]"#,
        Kind::Single,
        &[0],
        &["markup_dropped"],
    );
    check(
        r#"[{"type": "single", "question": "甲？", "options": "A.子\nB.丑", "answer": "A"}]"#,
        Kind::Single,
        &[0],
        &["options_split"],
    );
    let (_, remarks) = read(
        r#"[{"type": "single", "question": "甲？", "options": ["子", "丑"], "answer": "A", "score": 2}]"#.as_bytes(),
    );
    assert_eq!((remarks[0].code, remarks[0].gravity), ("unknown_fields", Gravity::Note));
    assert!(remarks[0].message.contains("score"));
}

#[test]
fn what_cannot_be_read_is_refused_with_its_place() {
    let told = |text: &str| {
        let (items, remarks) = read(text.as_bytes());
        let all = items.iter().flat_map(|item| item.remarks.iter()).chain(&remarks);
        all.filter(|r| r.gravity == Gravity::Refused).map(|r| (r.at.row, r.at.column, r.code)).collect::<Vec<_>>()
    };
    let base = |more: &str| format!("[\n {{\"type\": \"single\", \"question\": \"甲？\", {more}}}]");
    assert_eq!(told(&base("\"options\": [\"子\", \"丑\"], \"answer\": \"E\"")), [(2, 72, "bad_key")]);
    assert_eq!(told(&base("\"options\": [\"子\", \"丑\"]")), [(2, 2, "missing_answer")]);
    assert_eq!(told(&base("\"options\": [\"A\", \"C\", \"B\"], \"answer\": \"B\"")), [(2, 72, "bad_key")]);
    assert_eq!(told("[{\"type\": \"填空题\", \"question\": \"甲？\"}]"), [(1, 2, "unsupported_type")]);
    assert_eq!(
        told("[{\"type\": \"single\", \"question\": [1]}, 7]"),
        [(1, 33, "wrong_type"), (1, 2, "bad_options"), (1, 2, "missing_answer"), (1, 39, "wrong_type")]
    );
    assert_eq!(told("[{\"a\": 1},\n 科]"), [(2, 2, "syntax")]);
    assert_eq!(told("[{\"a\": 1}"), [(1, 9, "truncated")]);
    assert_eq!(told("{\"a\": 1}"), [(1, 1, "no_questions")]);
    assert_eq!(told("[]"), [(1, 1, "no_questions")]);
    assert_eq!(told("{\"format\": \"kejing/v9/questions\", \"questions\": []}"), [(1, 1, "unknown_format")]);
    let deep = format!("[{{\"stem\": {}1{}}}]", "[".repeat(100_000), "]".repeat(100_000));
    assert!(told(&deep).iter().any(|(_, _, code)| *code == "too_deep" || *code == "syntax"), "{:?}", told(&deep));
    assert_eq!(told(&"[".repeat(1_000_000)), [(1, 1_000_000, "truncated")]);
}

#[test]
fn our_own_form_is_taken_literally() {
    let text = format!(
        r#"{{"format": "{FORMAT}", "topic": "水", "questions": [{{"kind": "single", "difficulty": 1, "stem": "<b>&amp;", "options": ["B", "A. x", "C"], "key": "A", "more": 1}}]}}"#
    );
    let item = read(text.as_bytes()).0.remove(0);
    assert_eq!((item.draft.stem.as_str(), item.draft.key), ("<b>&amp;", Choices(1)));
    assert_eq!((item.draft.options[1].as_str(), item.draft.topic.as_str()), ("A. x", "水"));
    assert_eq!(item.standing(), Standing::ToCheck);
}

proptest! {
    #[test]
    fn no_value_makes_it_panic(
        fields in prop::collection::vec((
            "(题型|type|题干|stem|options|选项A|选项B|answer|答案|难度|media|fixed_order|incorrect_answers|x)",
            "(null|true|1|-1|1e999|99999999999|\"[A-D正确√<b>&;]{0,3}\"|\\[\\]|\\[\"A\",\"B\"\\]|\\[\\{\"text\":\"甲\",\"correct\":true\\}\\]|\\{\"A\":\"x\",\"B\":1\\}|\"单选题\"|\"multi\"|\"boolean\")",
        ), 0..8),
    ) {
        let fields: Vec<String> = fields.into_iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
        let text = format!("[{{{}}}]", fields.join(", "));
        let (items, _) = read(text.as_bytes());
        for item in items {
            let sound = item.draft.kind.is_some() || item.standing() == Standing::Refused;
            prop_assert!(sound, "{:?}", item);
        }
    }
}
