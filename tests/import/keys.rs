//! Wrong keys are the worst that an import can do: what can be meant in two ways is told, through `kejing bank check --json`.

use super::check;
use super::checked;
use super::zipped;
use serde_json::json;

/// Of a table with options: each row's standing, key and codes of what is more than a note.
fn rows(text: &str) -> Vec<String> {
    let bytes = format!("题型|题干|A|B|C|D|答案\n{text}").replace('|', "\t");
    told(bytes.as_bytes())
}

fn told(bytes: &[u8]) -> Vec<String> {
    let report = checked(bytes, &["-"]).report;
    let questions = report["questions"].as_array().unwrap();
    let row = |of: &serde_json::Value| of["row"].as_u64().unwrap_or(0);
    let of = |(place, question): (usize, &serde_json::Value)| {
        // In a document a question goes on to the next.
        let rows = row(question)..questions.get(place + 1).map_or(u64::MAX, row);
        let faults = report["faults"].as_array().unwrap().iter();
        let codes: Vec<&str> =
            faults.filter(|fault| rows.contains(&row(fault))).map(|fault| fault["code"].as_str().unwrap()).collect();
        let places = question["key"].as_array().unwrap().iter().map(|place| place.as_u64().unwrap() as u8);
        let key: String = places.map(|place| char::from(b'A' + place)).collect();
        format!("{} {key} {}", question["standing"].as_str().unwrap(), codes.join(",")).trim_end().to_owned()
    };
    questions.iter().enumerate().map(of).collect()
}

#[test]
fn what_may_be_an_answer_in_the_stem_goes_where_it_says_the_same_and_is_always_told() {
    let found = rows(
        "单选题|水的沸点是（B）。|50℃|100℃|||B\n单选题|水的沸点是（B）。|50℃|100℃|60℃||A\n\
         单选题|水在（B）沸腾吗？|50℃|100℃|70℃||A\n判断题|水会沸腾。（√）|||||错\n\
         单选题|夜里不应超过多少分贝（A）？|55|45|35||B\n",
    );
    let told = |key: &str| format!("to_check {key} key_in_stem");
    assert_eq!(found, [told("B"), told("A"), told("A"), told("B"), told("B")]);
    let report = check(
        "题型,题干,A,B,答案\n单选题,水的沸点是（B）。,50℃,100℃,B\n".as_bytes(),
        "csv",
        [0, 1, 0],
        &[(2, 2, "key_in_stem")],
    );
    assert_eq!(report["questions"][0]["stem"], "水的沸点是（　）。", "participants would read the answer");
}

#[test]
fn a_letter_without_options_and_a_figure_beside_turned_ones_are_told() {
    let found = rows(
        "判断题|甲。|||||A\n判断题|乙。|||||对\n判断题|丙。|错误|正确|||A\n判断题|丁。|错误|正确|||1\n\
         判断题|戊。|正确|错误|||B\n判断题|己。|||||1\n",
    );
    assert_eq!(
        found,
        ["to_check A key_assumed", "ready A", "ready B", "to_check A key_in_two_ways", "ready B", "ready A"]
    );
    let json = json!([
        {"题型": "判断题", "题干": "甲。", "选项": ["对", "错"], "答案": 1},
        {"题型": "判断题", "题干": "乙。", "答案": "B"},
        {"题型": "判断题", "题干": "丙。", "选项": ["错", "对"], "答案": "对"},
    ]);
    let report = checked(json.to_string().as_bytes(), &["-"]).report;
    let standings: Vec<&str> =
        report["questions"].as_array().unwrap().iter().map(|q| q["standing"].as_str().unwrap()).collect();
    assert_eq!(standings, ["to_check", "to_check", "ready"], "{report:#}");
}

#[test]
fn options_whose_letters_contradict_their_places_are_not_taken_as_they_come() {
    let found = rows(
        "单选题|甲？|B.子|A.丑|C.寅|D.卯|A\n单选题|乙？|B.子|C.丑|D.寅|E.卯|B\n单选题|丙？|E.coli|酵母|||A\n\
         单选题|丁？|为人民服务|人民|||为人民服务\n",
    );
    assert_eq!(found, ["refused  option_order", "refused  option_order", "ready A", "ready A"]);
    let one_cell = "题型|题干|选项|答案\n单选题|甲？|A.子 B.丑 D.卯|B\n单选题|乙？|A.子\nC.寅\nB.丑|B\n\
        单选题|丙？|A.维生素A、D B.维生素C|B\n";
    let cells = one_cell.replace("A.子\nC.寅\nB.丑", "\"A.子\nC.寅\nB.丑\"").replace('|', "\t");
    let report = checked(cells.as_bytes(), &["-"]).report;
    let standings: Vec<&str> =
        report["questions"].as_array().unwrap().iter().map(|q| q["standing"].as_str().unwrap()).collect();
    assert_eq!(standings, ["to_check", "to_check", "ready"], "{report:#}");
}

#[test]
fn a_question_without_its_number_does_not_give_its_options_to_the_one_before() {
    let text = "一、单选题\n1. 甲？\nA.子\nB.丑\nC.寅\nD.卯\n乙没有编号？\nA.辰\nB.巳\nC.午\nD.未\n3. 丙？\nA.一 B.二\n参考答案\n1-3 ABA\n";
    assert_eq!(told(text.as_bytes()), ["refused  option_twice,option_twice,option_twice,option_twice", "ready A"]);
    let text = "一、单选题\n1. 甲？ A.子 B.丑 D.卯\n答案：B\n2. 乙？ A.子 B.丑\n我的答案：A 正确答案：B\n";
    assert_eq!(told(text.as_bytes()), ["to_check B label_inside", "ready B"]);
}

#[test]
fn answers_of_one_kind_are_not_given_to_questions_of_another() {
    let text = "一、单选题\n1. 甲？\nA.子 B.丑\n2. 乙？\nA.子 B.丑\n3. 丙？\nA.子 B.丑\n二、多选题\n1. 丁？\nA.子 B.丑 C.寅\n\
        参考答案\n一、单选题\n1.A 2.B\n二、多选题\n1.AB 3.B\n";
    assert_eq!(told(text.as_bytes()), ["ready A", "ready B", "refused  missing_key", "ready AB"]);
}

#[test]
fn the_kind_in_front_of_a_number_is_the_questions_own() {
    let text = "【单选题】1. 甲？\nA、子\nB、丑\n参考答案：A\n（判断题）2. 乙。\n参考答案：√\n3. 丙？ A. 3.5 B. 4.5 C. 5.5\n答案：B\n";
    let found = told(text.as_bytes());
    assert_eq!(found, ["to_check A kind_from_stem", "to_check A kind_from_stem", "to_check B kind_assumed"]);
}

#[test]
fn two_columns_of_answers_have_to_agree() {
    let table = "题型|题干|A|B|C|答案|参考答案\n单选题|甲？|子|丑|寅|A|Ａ\n单选题|乙？|子|丑|寅|A|B\n单选题|丙？|子|丑|寅|C|寅\n单选题|丁？|子|丑|寅|C|略\n";
    let found = told(table.replace('|', "\t").as_bytes());
    assert_eq!(found, ["ready A", "refused A key_conflict", "ready C", "to_check C key_in_two_ways"]);
}

#[test]
fn a_stem_written_in_front_of_each_of_its_options_is_one_question() {
    let table = "题干|选项标识|选项|答案\n甲？|A|子|B\n甲？|B|丑|B\n乙？|A|子|A\n乙？|B|丑|A\n";
    let found = told(table.replace('|', "\t").as_bytes());
    assert_eq!(found, ["to_check B kind_assumed", "to_check A kind_assumed"]);
}

#[test]
fn what_is_struck_out_or_hidden_is_told_and_a_struck_part_is_not_read() {
    let run = |properties: &str, text: &str| format!("<r><rPr>{properties}</rPr><t>{text}</t></r>");
    let strings = format!(
        "<sst><si><t>题型</t></si><si><t>题干</t></si><si><t>A</t></si><si><t>B</t></si><si><t>C</t></si><si><t>答案</t></si>\
         <si><t>多选题</t></si><si><t>甲？</t></si><si><t>子</t></si><si><t>丑</t></si><si><t>寅</t></si><si>{}{}</si><si><t>AB</t></si>\
         <si><t>乙？</t></si></sst>",
        run("<strike/>", "A"),
        run("<strike val=\"0\"/>", "BC"),
    );
    let line = |row: u32, cells: &[(u32, u32)]| {
        let cells: String = (b'A'..)
            .zip(cells)
            .map(|(column, (text, style))| {
                format!("<c r=\"{}{row}\" t=\"s\" s=\"{style}\"><v>{text}</v></c>", char::from(column))
            })
            .collect();
        format!("<row r=\"{row}\">{cells}</row>")
    };
    let plain = |texts: [u32; 6]| texts.map(|text| (text, 0));
    let mut second = plain([6, 13, 8, 9, 10, 12]);
    second[5].1 = 1;
    let sheet = format!(
        "<worksheet><sheetData>{}{}{}</sheetData></worksheet>",
        line(1, &plain([0, 1, 2, 3, 4, 5])),
        line(2, &plain([6, 7, 8, 9, 10, 11])),
        line(3, &second)
    );
    let bytes = zipped(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("xl/workbook.xml", b"<workbook xmlns:r=\"r\"><sheets><sheet name=\"a\" r:id=\"1\"/></sheets></workbook>"),
        (
            "xl/_rels/workbook.xml.rels",
            b"<Relationships><Relationship Id=\"1\" Type=\"t/worksheet\" Target=\"s.xml\"/></Relationships>",
        ),
        ("xl/s.xml", sheet.as_bytes()),
        ("xl/sharedStrings.xml", strings.as_bytes()),
        (
            "xl/styles.xml",
            b"<styleSheet><fonts><font/><font><strike/></font></fonts><cellXfs><xf fontId=\"0\"/><xf fontId=\"1\"/></cellXfs></styleSheet>",
        ),
    ]);
    assert_eq!(told(&bytes), ["to_check BC struck_out", "to_check AB struck_out"]);

    let paragraph = |runs: &str| format!("<w:p>{runs}</w:p>");
    let word = |properties: &str, text: &str| format!("<w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r>");
    let body = [
        paragraph(&word("", "一、多选题")),
        paragraph(&word("", "1. 甲？")),
        paragraph(&word("", "A.子 B.丑 C.寅")),
        paragraph(&(word("", "答案：") + &word("<w:strike/>", "A") + &word("", "BC"))),
        paragraph(&word("", "2. 乙？")),
        paragraph(&word("", "A.子 B.丑 C.寅")),
        paragraph(&(word("", "答案：A") + &word("<w:vanish/>", "B") + &word("", "C"))),
    ]
    .concat();
    let document = format!("<w:document xmlns:w=\"w\"><w:body>{body}</w:body></w:document>");
    let bytes = zipped(&[("[Content_Types].xml", b"<Types/>"), ("word/document.xml", document.as_bytes())]);
    assert_eq!(told(&bytes), ["to_check BC struck_out", "to_check ABC hidden_text"]);
}
