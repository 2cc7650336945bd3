use super::*;
use crate::domain::question::Kind;
use crate::formats::import::Defaults;
use crate::formats::import::Field;
use crate::formats::import::Standing;
use encoding_rs::GB18030;
use rust_xlsxwriter::Format as Look;
use rust_xlsxwriter::Formula;
use rust_xlsxwriter::Workbook;

fn read_bytes(file: &str, bytes: &[u8]) -> Preview {
    read(&Source { file, bytes, ..Source::default() }, &mut |_, _| true).unwrap()
}

/// Of a table typed as lines with `|` between cells.
fn table(text: &str) -> Preview {
    read_bytes("题.csv", text.replace('|', "\t").as_bytes())
}

/// Standing, kind, key and codes that are no notes, of each question.
fn told(preview: &Preview) -> Vec<String> {
    let of = |item: &Item| {
        let key: String = item.draft.key.places().map(crate::domain::faults::letter).collect();
        let kind = item.draft.kind.map_or("?", Kind::code);
        let mut codes: Vec<&str> = item.remarks.iter().filter(|r| r.gravity > Gravity::Note).map(|r| r.code).collect();
        codes.sort_unstable();
        let standing = match item.standing() {
            Standing::Ready => "ready",
            Standing::ToCheck => "to_check",
            Standing::Refused => "refused",
        };
        format!("{standing} {kind} {key} {}", codes.join(",")).trim_end().to_owned()
    };
    preview.import.items.iter().map(of).collect()
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let preview = table(text);
    assert_eq!(told(&preview), expected, "{:#?}", preview.import.remarks);
}

const HEADER: &str = "题型|题干|A|B|C|D|答案\n";

#[test]
fn a_table_in_the_usual_form_is_ready_and_lacks_only_what_is_needed_later() {
    let preview = table(
        "2026年科普知识题库||||||\n说明：请勿改动列名||||||\n题型|题干|A|B|C|D|答案\n\
         单选题|水的化学式是（　）|A、H2O|B、CO2|C、O2|D、N2|Ａ\n\
         判断题|声音能在真空里传播。|||||×\n\
         多选|哪些是行星？|火星|金星|月球|土星|A、B、D\n",
    );
    assert_eq!(told(&preview), ["ready single A", "ready true_false B", "ready multiple ABD"]);
    let first = &preview.import.items[0];
    assert_eq!((first.at.row, first.at.column), (4, 2));
    assert_eq!(first.draft.options, ["H2O", "CO2", "O2", "N2"]);
    let notes: Vec<&str> = first.remarks.iter().map(|remark| remark.code).collect();
    assert_eq!(notes, ["missing_difficulty", "missing_topic", "missing_explanation", "missing_source"]);
    assert_eq!(preview.table.unwrap().columns.len(), 7);
}

#[test]
fn the_same_table_is_read_in_every_encoding_and_with_every_separator() {
    let text = "题目类型,题目内容,选项A,选项B,正确答案\n单选题,\"水，\n是？\",甲,乙,B\n";
    let expected = read_bytes("a.csv", text.as_bytes()).import.items;
    assert_eq!(expected.len(), 1);
    assert_eq!(expected[0].draft.stem, "水，\n是？");
    for bytes in [
        format!("\u{FEFF}{text}").into_bytes(),
        GB18030.encode(text).0.into_owned(),
        text.replace(',', ";").into_bytes(),
        text.replace(',', "\t").into_bytes(),
        format!("sep=;\n{}", text.replace(',', ";")).into_bytes(),
    ] {
        let mut items = read_bytes("无名", &bytes).import.items;
        for item in &mut items {
            item.at.row = expected[0].at.row;
            for (remark, expected) in item.remarks.iter_mut().zip(&expected[0].remarks) {
                remark.at = expected.at;
            }
        }
        assert_eq!(items, expected);
    }
}

#[test]
fn answers_are_read_in_every_form() {
    let of = |key: &str| told(&table(&format!("{HEADER}|哪些是能源？|太阳能|风能|煤|石油|{key}\n"))).remove(0);
    for (key, expected) in [
        ("B", "to_check single B kind_assumed"),
        ("AC", "to_check multiple AC kind_assumed"),
        ("太阳能；煤", "to_check multiple AC kind_assumed"),
        ("1", "to_check single A key_by_number,kind_assumed"),
        ("E", "refused ?  bad_key"),
        ("核能", "refused ?  bad_key"),
        ("", "refused ?  missing_key"),
    ] {
        assert_eq!(of(key), expected, "{key}");
    }
    let truth = |key: &str| told(&table(&format!("题型|题干|答案\n判断题|洗手能防病。|{key}\n"))).remove(0);
    for key in ["对", "正确", "√", "T", "true", "1", "是"] {
        assert_eq!(truth(key), "ready true_false A", "{key}");
    }
    for key in ["错", "错误", "×", "F", "0", "否", "x"] {
        assert_eq!(truth(key), "ready true_false B", "{key}");
    }
    // A letter without the options that it names is taken for what it mostly means, and looked at.
    assert_eq!(truth("A"), "to_check true_false A key_assumed");
    assert_eq!(truth("B"), "to_check true_false B key_assumed");
    assert_eq!(truth("也许"), "refused true_false  bad_key");
}

#[test]
fn true_and_false_may_be_options_in_either_order() {
    check(
        "题型|题干|A|B|答案\n判断题|甲。|对|错|A\n判断题|乙。|错|对|A\n判断题|丙。|错误|正确|错误\n|丁。|√|×|B\n",
        &["ready true_false A", "ready true_false B", "ready true_false B", "to_check true_false B kind_assumed"],
    );
}

#[test]
fn options_stand_in_one_cell_or_in_one_row_each_or_carry_flags() {
    let cells = "题型|题干|选项|答案\n";
    check(
        &format!("{cells}单选题|甲？|A.水 B.火 C.土|B\n多选题|乙？|\"水\n火\n土\"|A,C\n单选题|丙？|水;火;土|火\n"),
        &["ready single B", "ready multiple AC", "ready single B"],
    );
    check(
        &format!("{cells}单选题|甲？|水、火、土|B\n单选题|乙？|水|A\n"),
        &["to_check single B options_by_comma", "refused single  bad_options"],
    );
    check(
        "题型|题干|选项内容|是否正确\n多选题|甲？|水|是\n||火|否\n||土|是\n单选题|乙？|水|0\n||火|1\n",
        &["ready multiple AC", "ready single B"],
    );
    check("题干|选项标识|选项|答案\n甲？|A|水|B\n|B|火|\n|C|土|\n", &["to_check single B kind_assumed"]);
    check("题干|选项标识|选项|答案\n甲？|A|水|B\n|C|火|\n", &["refused ?  option_order"]);
    check(
        "题型|题干|选项1|选项1是否正确|选项2|选项2是否正确|选项3|选项3是否正确\n多选题|甲？|水|√|火||土|√\n",
        &["ready multiple AC"],
    );
}

#[test]
fn one_name_over_several_columns_is_an_option_a_column() {
    check(
        "题型|题干|选项|||答案\n单选题|甲？|水|火|土|C\n单选题|乙？|水|火||B\n",
        &["ready single C", "ready single B"],
    );
    check(
        "题型|题干|选项|选项|选项|答案\n单选题|甲？|水|火|土|C\n单选题|乙？|水|火|土|B\n",
        &["ready single C", "ready single B"],
    );
    check("题型|题干|选项|||答案\n||A|B|C|\n单选题|甲？|水|火|土|C\n", &["ready single C"]);
}

#[test]
fn what_the_rows_do_not_say_is_never_guessed_in_silence() {
    check(
        &format!("{HEADER}选择题|甲？|水|火|土||A\n|（多选）乙？|水|火|土||AB\n单选题|丙？（多选）|水|火|土||A\n"),
        &["to_check single A kind_assumed", "to_check multiple AB kind_from_stem", "to_check single A kind_conflict"],
    );
    check(
        &format!("{HEADER}单选题|甲？|水|火|土||AB\n多选题|乙？|水|火|土||A\n单选题|丙？|水||土||A\n"),
        &["refused single AB kind_conflict", "refused multiple A kind_conflict", "refused single  gap"],
    );
    check(
        &format!("{HEADER}填空题|水的沸点是____|||||100\n简答题|为什么？|||||因为\n排序题|排一排|水|火|土||ABC\n"),
        &["refused ?  unsupported_kind", "refused ?  unsupported_kind", "refused ?  unsupported_kind"],
    );
    check(
        &format!("{HEADER}单选题|甲？|水|火|以上都对||C\n单选题|乙？|水|火|/|/|A\n单选题|甲？|水|火|以上都对||C\n"),
        &[
            "to_check single C points_at_others",
            "to_check single A blank_mark",
            "to_check single C points_at_others,same_question",
        ],
    );
    check(
        &format!("{HEADER}单选题||水|火|||A\n单选题|甲？|水|水|||A\n单选题|乙？|A水|B、火|||A\n"),
        &["refused single A missing_stem", "refused single A same_option", "to_check single A some_labels"],
    );
}

#[test]
fn negative_marks_and_partial_weights_are_not_flattened() {
    check(
        "题型|题干|A|B|C|答案|分值|答错扣分|漏选得分\n多选题|甲？|水|火|土|AB|2||\n多选题|乙？|水|火|土|AB|2|1|0\n\
         多选题|丙？|水|火|土|AB|2|0|1\n多选题|丁？|水|火|土|AB|-2||\n多选题|戊？|水|火|土|AB|1;0.5;0||\n",
        &[
            "ready multiple AB",
            "refused multiple AB negative_marks",
            "to_check multiple AB part_marks",
            "refused multiple AB negative_marks",
            "refused multiple AB partial_weights",
        ],
    );
    check(
        "题型|题干|A|A分值|B|B分值|C|C分值\n多选题|甲？|水|50|火|50|土|0\n单选题|乙？|水|100|火|50|土|0\n单选题|丙？|水|1|火|-1|土|\n",
        &["to_check multiple AB key_by_weights", "refused single  partial_weights", "refused single  negative_marks"],
    );
    check("题干|选项|是否正确|分值\n甲？|水|是|2\n|火|否|1\n", &["refused ? A partial_weights"]);
}

#[test]
fn levels_of_another_scale_are_to_be_checked() {
    let levels = |levels: [&str; 3]| {
        let rows: String = levels.iter().enumerate().map(|(n, level)| format!("判断题|第{n}。|对|{level}\n")).collect();
        let preview = table(&format!("题型|题干|答案|难度\n{rows}"));
        preview.import.items.iter().map(|item| (item.draft.difficulty, item.standing())).collect::<Vec<_>>()
    };
    use Standing::Ready;
    use Standing::ToCheck;
    assert_eq!(levels(["易", "较难", "中等"]), [(Some(1), Ready), (Some(3), Ready), (Some(2), Ready)]);
    assert_eq!(levels(["1", "2", "3"]), [(Some(1), Ready), (Some(2), Ready), (Some(3), Ready)]);
    assert_eq!(levels(["1", "3", "5"]), [(Some(1), ToCheck), (Some(2), ToCheck), (Some(3), ToCheck)]);
    assert_eq!(levels(["0.9", "0.5", "0.2"]), [(Some(1), ToCheck), (Some(2), ToCheck), (Some(3), ToCheck)]);
    assert_eq!(levels(["", "九", "易"]), [(None, Ready), (None, ToCheck), (Some(1), Ready)]);
}

#[test]
fn headings_inside_a_table_footnotes_and_repeated_headers_are_understood() {
    check(
        "题干|A|B|C|答案\n一、单选题（每题2分）||||\n1、甲？|水|火|土|A\n\n题干|A|B|C|答案\n二、判断题||||\n2、乙。||||对\n注：以上||||\n",
        &["ready single A", "ready true_false A"],
    );
}

#[test]
fn defaults_fill_what_is_blank_and_nothing_else() {
    let defaults = Defaults {
        topic: Some("科学".into()),
        difficulty: Some(2),
        source: Some("教材".into()),
        explanation: Some("略".into()),
        contributor: Some("南宁市科协".into()),
    };
    let bytes = "题型\t题干\t答案\t难度\t主题\n判断题\t甲。\t对\t\t\n判断题\t乙。\t对\t难\t健康\n";
    let source = Source { file: "a.tsv", bytes: bytes.as_bytes(), defaults, ..Source::default() };
    let items = read(&source, &mut |_, _| true).unwrap().import.items;
    let parts: Vec<_> = items.iter().map(|item| (item.draft.topic.as_str(), item.draft.difficulty)).collect();
    assert_eq!(parts, [("科学", Some(2)), ("健康", Some(3))]);
    assert!(items.iter().all(|item| item.remarks.is_empty()));
    assert_eq!(items[0].draft.contributor.as_deref(), Some("南宁市科协"));
}

#[test]
fn a_table_without_a_header_waits_for_a_person_to_name_its_columns() {
    let text = "甲？,水,火,A\n乙？,水,火,B\n";
    let preview = read_bytes("题.csv", text.as_bytes());
    let table = preview.table.unwrap();
    assert!(table.mapping_needed && preview.import.items.is_empty());
    assert_eq!(table.columns[0].samples, ["甲？", "乙？"]);
    assert_eq!(preview.import.remarks[0].code, "no_header");

    let columns = [(1, Field::Stem), (2, Field::Option(0)), (3, Field::Option(1)), (4, Field::Key)].into();
    let source = Source { file: "题.csv", bytes: text.as_bytes(), columns: Some(columns), ..Source::default() };
    let named = read(&source, &mut |_, _| true).unwrap();
    assert_eq!(told(&named), ["to_check single A kind_assumed", "to_check single B kind_assumed"]);
    assert!(!named.table.unwrap().mapping_needed);
}

#[test]
fn a_workbook_shows_its_cells_as_a_person_sees_them() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name("题目").unwrap();
    let title = Look::new();
    sheet.merge_range(0, 0, 0, 7, "某市题库", &title).unwrap();
    for (column, name) in ["题型", "题干", "A", "B", "C", "D", "答案", "知识点"].iter().enumerate() {
        sheet.write(2, column as u16, *name).unwrap();
    }
    sheet.write(3, 0, "单选题").unwrap();
    sheet.write(3, 1, "空气里氧气约占多少？").unwrap();
    for (column, share) in [0.21, 0.5, 0.78, 0.01].iter().enumerate() {
        sheet.write_with_format(3, column as u16 + 2, *share, &Look::new().set_num_format("0%")).unwrap();
    }
    sheet.write(3, 6, "A").unwrap();
    sheet.merge_range(3, 7, 4, 7, "大气", &title).unwrap();
    sheet.write(4, 0, "单选题").unwrap();
    sheet.write(4, 1, "1.0 写作？").unwrap();
    sheet.write(4, 2, 1.0).unwrap();
    sheet.write(4, 3, 2.5).unwrap();
    sheet.write_formula(4, 4, Formula::new("1+2").set_result("3")).unwrap();
    sheet.write(4, 6, "A").unwrap();
    sheet.write(6, 0, "判断题").unwrap();
    sheet.write(6, 1, "这行是隐藏的。").unwrap();
    sheet.write_boolean(6, 6, true).unwrap();
    sheet.set_row_hidden(6).unwrap();
    let bytes = book.save_to_buffer().unwrap();
    let preview = read_bytes("", &bytes);
    assert_eq!(
        told(&preview),
        ["ready single A", "to_check single A formula", "to_check true_false A hidden_row"],
        "{preview:#?}"
    );
    let items = &preview.import.items;
    assert_eq!(items[0].draft.options, ["21%", "50%", "78%", "1%"]);
    assert_eq!(items[1].draft.options, ["1", "2.5", "3"]);
    assert_eq!((items[1].draft.topic.as_str(), items[1].at), ("大气", At { row: 5, column: 2 }));
    let formula = items[1].remarks.iter().find(|remark| remark.code == "formula").unwrap();
    assert_eq!(formula.at, At { row: 5, column: 5 });
}

#[test]
fn sheets_with_a_header_are_all_read_and_the_others_named() {
    let mut book = Workbook::new();
    for (name, stem) in [("单选题", "甲？"), ("判断题", "乙。"), ("说明", "")] {
        let sheet = book.add_worksheet().set_name(name).unwrap();
        if stem.is_empty() {
            sheet.write(0, 0, "请按格式填写").unwrap();
            continue;
        }
        for (column, text) in ["题干", "选项A", "选项B", "答案"].iter().enumerate() {
            sheet.write(0, column as u16, *text).unwrap();
        }
        sheet.write(1, 0, stem).unwrap();
        if name == "单选题" {
            sheet.write(1, 1, "水").unwrap();
            sheet.write(1, 2, "火").unwrap();
        }
        sheet.write(1, 3, "A").unwrap();
    }
    let bytes = book.save_to_buffer().unwrap();
    let preview = read_bytes("题.xlsx", &bytes);
    assert_eq!(told(&preview), ["ready single A", "to_check true_false A key_assumed"]);
    let table = preview.table.unwrap();
    assert_eq!(
        table.sheets.iter().map(|s| (s.read, s.items.clone())).collect::<Vec<_>>(),
        [(true, 0..1), (true, 1..2), (false, 2..2)]
    );
    assert!(preview.import.remarks.iter().any(|r| r.code == "unread_sheets" && r.message.contains("说明")));

    let source = Source { file: "", bytes: &bytes, sheet: Some("判断题"), ..Source::default() };
    assert_eq!(told(&read(&source, &mut |_, _| true).unwrap()), ["to_check true_false A key_assumed"]);
}

#[test]
fn reading_stops_when_it_is_told_to() {
    let rows: String = (0..2_000).map(|n| format!("判断题,第{n}题。,对\n")).collect();
    let text = format!("题型,题干,答案\n{rows}");
    let source = Source { file: "a.csv", bytes: text.as_bytes(), ..Source::default() };
    let mut calls = 0;
    let stopped = read(&source, &mut |_, _| {
        calls += 1;
        calls < 5
    });
    assert_eq!((stopped, calls), (Err(Cancelled), 5));
    let mut told: Vec<u32> = Vec::new();
    let whole = read(&source, &mut |done, of| {
        assert_eq!(of, 1000);
        told.push(done);
        true
    });
    assert!(
        whole.is_ok() && told.is_sorted() && told.last().is_some_and(|last| (900..=1000).contains(last)),
        "{told:?}"
    );
}

#[test]
fn a_file_of_another_kind_is_told_what_it_is() {
    let code = |file: &str, bytes: &[u8]| read_bytes(file, bytes).import.remarks[0].code;
    assert_eq!(code("a.xlsx", b""), "no_questions");
    assert_eq!(code("a.xlsx", b"PK\x03\x04..."), "unknown_format");
    assert_eq!(code("a.pdf", b"%PDF-1.7"), "unknown_format");
    assert_eq!(code("a.xls", "<html><table>".as_bytes()), "unknown_format");
    assert_eq!(code("a", &vec![b' '; FILE_BYTES_MAX + 1]), "too_large");
    assert_eq!(code("a.txt", "随便写写".as_bytes()), "no_questions");
}
