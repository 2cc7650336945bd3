use super::*;
use crate::domain::faults::letter;
use crate::formats::import::Standing;

/// Standing, key and codes that are no notes, of each question.
fn told(text: &str) -> (Vec<String>, Vec<Item>) {
    let found = read(&paragraphs_of(text), &Defaults::default(), &mut |_, _| true).unwrap_or_default();
    let of = |item: &Item| {
        let key: String = item.draft.key.places().map(letter).collect();
        let kind = item.draft.kind.map_or("?", |kind| kind.code());
        let codes: Vec<&str> = item.remarks.iter().filter(|r| r.gravity > Gravity::Note).map(|r| r.code).collect();
        let standing = match item.standing() {
            Standing::Ready => "ready",
            Standing::ToCheck => "to_check",
            Standing::Refused => "refused",
        };
        format!("{standing} {kind} {key} {}", codes.join(",")).trim_end().to_owned()
    };
    (found.items.iter().map(of).collect(), found.items)
}

#[track_caller]
fn check(text: &str, expected: &[&str]) -> Vec<Item> {
    let (found, items) = told(text);
    assert_eq!(found, expected, "{items:#?}");
    items
}

#[test]
fn a_document_with_headings_and_marked_answers_is_ready() {
    let items = check(
        "2026年科普知识竞赛题库\n\n一、单选题（每题2分）\n\n1. 水的化学式是（  ）。\nA. H2O\nB. CO2\nC. O2\n\n【答案】A\n【解析】水由氢和氧组成。\n\
         它很重要。\n【难度】易 【知识点】化学\n\n2、下列属于行星的是？\nA、火星　B、月球　C、太阳　D、北极星\n答案：A  解析：月球是卫星。\n\n\
         二、多项选择题\n1．哪些是可再生能源？A．太阳能 B．风能 C．煤\n正确答案：AB\n来源：教材\n\n三、判断题\n1、声音能在真空里传播。（×）\n2、洗手能防病。\n答案：对\n",
        &["ready single A", "ready single A", "ready multiple AB", "ready true_false B", "ready true_false A"],
    );
    assert_eq!(items[0].draft.stem, "水的化学式是（  ）。");
    assert_eq!(items[0].draft.explanation, "水由氢和氧组成。\n它很重要。");
    assert_eq!((items[0].draft.topic.as_str(), items[0].draft.difficulty), ("化学", Some(1)));
    assert_eq!(items[1].draft.options, ["火星", "月球", "太阳", "北极星"]);
    assert_eq!((items[2].draft.stem.as_str(), items[2].draft.source.as_str()), ("哪些是可再生能源？", "教材"));
    assert_eq!(items[2].draft.options, ["太阳能", "风能", "煤"]);
    assert_eq!(items[3].draft.stem, "声音能在真空里传播。（　）");
    assert_eq!((items[0].at.row, items[4].at.row), (5, 26));
}

#[test]
fn answers_in_the_stems_brackets_are_read_and_told_where_that_is_not_the_habit() {
    check("单选题\n1. 水的沸点是（B）。\nA. 50℃ B. 100℃\n", &["ready single B"]);
    check("单选题\n1. 水在（B）沸腾。\nA. 50℃ B. 100℃\n", &["to_check single B key_from_stem"]);
    let many: String = (1..=3).map(|n| format!("{n}. 水在（B）沸腾吗{n}？\nA. 50℃\nB. 100℃\n")).collect();
    check(&format!("单选题\n{many}"), &["ready single B"; 3]);
    check("单选题\n1. 维生素（A）与（B）之比。\nA. 大 B. 小\n", &["refused single  missing_key"]);
}

#[test]
fn answers_gathered_at_the_end_find_their_questions() {
    let questions = "一、单选题\n1. 甲？\nA. 水 B. 火\n2. 乙？\nA. 水 B. 火\n二、判断题\n1. 丙。\n2. 丁。\n";
    check(
        &format!("{questions}\n参考答案\n一、单选题\n1-2 AB\n二、判断题\n1.√ 2.×\n"),
        &["ready single A", "ready single B", "ready true_false A", "ready true_false B"],
    );
    check(
        &format!("{questions}\n答案：\n1-2 AB\n1.对 2.错\n"),
        &["ready single A", "ready single B", "ready true_false A", "ready true_false B"],
    );
    // Which of the two is meant nobody can tell.
    check(
        &format!("{questions}\n参考答案\n1.A 2.B\n"),
        &[
            "refused single  missing_key",
            "refused single  missing_key",
            "refused true_false  missing_key",
            "refused true_false  missing_key",
        ],
    );
}

#[test]
fn what_was_assumed_or_is_missing_is_told() {
    check(
        "1. 甲？\nA. 水\nB. 火\n答案：A\n\n2.（多选题）乙？\nA. 水\nB. 火\nC. 土\n答案：AC\n",
        &["to_check single A kind_assumed", "to_check multiple AC kind_from_stem"],
    );
    check("单选题\n1. 甲？\nA. 水\nC. 火\n答案：A\n", &["refused single  gap"]);
    check(
        "单选题\n1. 甲？\nA. 水\nB. 火\n2. 乙？\nA. 水\nB. 火\n答案：C\n",
        &["refused single  missing_key", "refused single  bad_key"],
    );
    check("填空题\n1. 水的沸点是____。\n答案：100℃\n", &["refused ?  unsupported_kind"]);
    check("单选题\n1. 甲？\nA. 水\nB. 火\n答案：A\n答案：B\n", &["refused single A key_conflict"]);
}

#[test]
fn lists_inside_a_question_are_no_questions() {
    let items = check(
        "单选题\n1. 下列实验：\n（1）加热；（2）冷却。\n（3）搅拌\n次序是？\nA. 123\nB. 321\n答案：A\n解析：先后是：\n1. 加热\nA、错误。\n2. 乙？\nA. 水\nB. 火\n答案：B\n",
        &["ready single A", "ready single B"],
    );
    assert!(items[0].draft.explanation.ends_with("1. 加热\nA、错误。"), "{}", items[0].draft.explanation);
    assert!(items[0].draft.stem.contains("（3）搅拌"), "{}", items[0].draft.stem);
}

#[test]
fn questions_without_numbers_are_told_apart_by_blank_lines() {
    let items = check(
        "题型：单选题\n题干：水的化学式？\nA. H2O\nB. CO2\n答案：A\n\n题型：判断题\n题干：水会沸腾。\n答案：正确\n",
        &["ready single A", "ready true_false A"],
    );
    assert_eq!(items[1].draft.stem, "水会沸腾。");
    check(
        "甲是什么？\nA. 水\nB. 火\n答案：A\n\n乙是什么？\nA. 水\nB. 火\n答案：B\n",
        &["to_check single A kind_assumed", "to_check single B kind_assumed"],
    );
}

#[test]
fn what_belongs_to_no_question_is_left_out_and_told() {
    let found = read(&paragraphs_of("说明\n答题时间一小时\n"), &Defaults::default(), &mut |_, _| true);
    let found = found.unwrap_or_default();
    assert_eq!((found.items.len(), found.remarks[0].code), (0, "left_out"));
}
