use super::*;
use crate::domain::question::Choices;
use crate::domain::question::Kind;
use crate::formats::import::Gravity;
use crate::formats::import::Standing;
use encoding_rs::GB18030;
use proptest::prelude::*;

fn one(text: &str) -> Item {
    let (mut items, remarks) = read(text.as_bytes());
    assert_eq!((items.len(), &remarks), (1, &vec![]), "{text}");
    items.remove(0)
}

/// Row, column and code of all that is more than a note.
fn told(item: &Item) -> Vec<(u32, u32, &'static str)> {
    let grave = item.remarks.iter().filter(|remark| remark.gravity > Gravity::Note);
    grave.map(|remark| (remark.at.row, remark.at.column, remark.code)).collect()
}

#[track_caller]
fn check(text: &str, kind: Kind, key: u16, options: &[&str]) {
    let item = one(text);
    assert_eq!((item.draft.kind, item.draft.key), (Some(kind), Choices(key)), "{:?}", item.remarks);
    assert_eq!(item.draft.options, options, "{text}");
    assert_eq!(item.standing(), Standing::Ready, "{:?}", item.remarks);
}

#[track_caller]
fn refused(text: &str, expected: &[(u32, u32, &str)]) {
    let item = one(text);
    assert_eq!((told(&item).as_slice(), item.standing()), (expected, Standing::Refused), "{:?}", item.remarks);
    assert!(item.draft.key.is_empty(), "{:?}", item.draft);
}

#[test]
fn the_types_that_there_are_here_are_read() {
    check("水的化学式是？{~CO2 =H2O ~O2}", Kind::Single, 0b010, &["CO2", "H2O", "O2"]);
    check("::题一:: 水的化学式是？{\n  ~CO2\n  =H2O\n}", Kind::Single, 0b10, &["CO2", "H2O"]);
    check("哪些？{~%50%甲 ~%-100%乙 ~%50%丙}", Kind::Multiple, 0b101, &["甲", "乙", "丙"]);
    check("哪些？{~%33.33333%甲 ~%33.33333%乙 ~%33.33333%丙 ~丁}", Kind::Multiple, 0b0111, &["甲", "乙", "丙", "丁"]);
    check("水往低处流。{T}", Kind::TrueFalse, 0b01, &["正确", "错误"]);
    check("水往高处流。{false}", Kind::TrueFalse, 0b10, &["正确", "错误"]);
}

#[test]
fn texts_are_read_with_their_escapes_feedback_and_gaps() {
    let item = one("::a\\:b::若 \\{x\\} \\= 1\\~2\\#3，\\\\ 和 C:\\\\d\\n下一行{=是\\=的 ~否 ####因为 \\#1。}");
    assert_eq!(item.draft.stem, "若 {x} = 1~2#3，\\ 和 C:\\d\n下一行");
    assert_eq!(item.draft.options, ["是=的", "否"]);
    assert_eq!(item.draft.explanation, "因为 #1。");
    assert_eq!(one("水在 {=100 ~50} 度沸腾。").draft.stem, "水在 _____ 度沸腾。");
    assert_eq!(one("[html]<p>水<b>的</b>&nbsp;式</p>{=a ~b}").draft.stem, "水的 式");
    assert_eq!(one("[plain]<b>不是标签</b>{=<i> ~[html]<i>x</i>}").draft.options, ["<i>", "x"]);
    assert_eq!(told(&one("读数是？<img src='a.png'>{=1 ~2}")), [(1, 1, "picture_lost")]);
    assert_eq!(told(&one("[markdown]**水**{=1 ~2}")), [(1, 1, "markdown")]);
    assert_eq!(told(&one("甲？{=1#正是 ~2#不是}")), [(1, 1, "feedback_as_explanation"), (1, 1, "feedback_dropped")]);
    assert_eq!(one("甲。{T#错了#对了}").draft.explanation, "对了");
}

#[test]
fn categories_comments_and_tags_say_topic_and_difficulty() {
    let text = "// 开头\n$CATEGORY: $course$/top/科学/水 // 与火\n\n// [id:x] [tag:hard]\n甲？{=1 ~2}\n\n$CATEGORY: 火\n乙？{=1 ~2}\n";
    let (items, remarks) = read(text.as_bytes());
    assert_eq!(remarks, []);
    let found: Vec<(&str, Option<u8>)> =
        items.iter().map(|item| (item.draft.topic.as_str(), item.draft.difficulty)).collect();
    assert_eq!(found, [("水 / 与火", Some(3)), ("火", None)]);
    assert_eq!(items[0].at, At { row: 5, column: 1 });
    let notes: Vec<&str> = items[1].remarks.iter().map(|remark| remark.code).collect();
    assert_eq!(notes, ["missing_difficulty", "missing_explanation", "missing_source"]);
}

#[test]
fn what_cannot_be_a_question_here_is_refused_with_its_place() {
    refused("谁？{=甲 =乙}", &[(1, 4, "unsupported_type")]);
    refused("连线{=甲->1 =乙->2}", &[(1, 4, "unsupported_type")]);
    refused("几？{#3:1}", &[(1, 4, "unsupported_type")]);
    refused("谈谈。{}", &[(1, 1, "unsupported_type")]);
    refused("只是说明。", &[(1, 1, "unsupported_type")]);
    refused("甲？{=1\n~2", &[(1, 3, "unclosed_brace")]);
    refused("甲}？", &[(1, 2, "unclosed_brace")]);
    refused("{=1 ~2} 和 {=3 ~4}", &[(1, 11, "several_answers")]);
    refused("::题 甲？{=1 ~2}", &[(1, 1, "unclosed_title")]);
    refused("甲？{乙 ~丙 =丁}", &[(1, 4, "stray_text")]);
    refused("哪些？{~%60%甲 ~%40%乙 ~丙}", &[(1, 1, "partial_weights")]);
    refused("哪个？{=甲 ~%50%乙 ~丙}", &[(1, 1, "partial_weights")]);
    refused("哪个？{=甲 =乙 ~丙}", &[(1, 1, "several_right")]);
    refused("哪个？{~甲 ~乙}", &[(1, 1, "no_right")]);
    refused("哪些？{~%1e9%甲 ~乙}", &[(1, 1, "no_right")]);
}

#[test]
fn an_equals_sign_that_was_not_meant_is_told() {
    assert!(told(&one("哪个？{=甲 ~y=2x}")).contains(&(1, 10, "unescaped_equals")));
    assert_eq!(one("哪个？{~=甲 ~乙}").draft.options, ["甲", "乙"]);
}

#[test]
fn files_of_other_kinds_and_encodings() {
    let (items, _) = read(&GB18030.encode("甲？{=1 ~2}").0);
    assert_eq!(items[0].draft.stem, "甲？");
    assert_eq!(read(b"").1[0].code, "no_questions");
    assert_eq!(read(&[0xE6, 0x81, 0xFF, 0xFF]).1[0].code, "encoding");
    assert!(recognises("::t:: 甲？\r\n{=1 ~2}") && recognises("$CATEGORY: a"));
    assert!(recognises("水往低处流。{T}"));
    assert!(!recognises("1. 下列集合{1,2}……\n答案：A") && !recognises("[{\"a\": 1}]"));
}

#[test]
fn a_long_file_takes_no_longer_than_its_length() {
    for text in
        ["{".repeat(1 << 20), "~".repeat(1 << 20), "::".repeat(1 << 19), format!("甲{{={}}}", "#".repeat(1 << 20))]
    {
        let (items, _) = read(text.as_bytes());
        assert_eq!(items[0].standing(), Standing::Refused);
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "([{}~=#:%\\\\\\[\\]n\n/ $A-C0-9水]|TRUE|%50%|####|::|\\$CATEGORY:|->|\n\n){0,40}") {
        let (items, _) = read(text.as_bytes());
        let _ = recognises(&text);
        for item in items {
            prop_assert!(item.standing() == Standing::Refused || item.draft.kind.is_some(), "{:?}", item);
        }
    }
}
