//! Files as people have them, good, odd and hostile, through `kejing bank check --json`: how many questions are ready, to check and refused, and what is said where.

mod keys;

use crate::harness::root;
use encoding_rs::GB18030;
use rust_xlsxwriter::Format;
use rust_xlsxwriter::Formula;
use rust_xlsxwriter::Workbook;
use serde_json::Value;
use std::io::Cursor;
use std::io::Write;
use std::process::Command;
use std::process::Stdio;
use zip::CompressionMethod;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Ready, to check, refused.
type Counts = [u64; 3];
/// Row, column and code of each fault.
type Places<'a> = &'a [(u64, u64, &'a str)];

struct Checked {
    code: Option<i32>,
    report: Value,
}

fn checked(bytes: &[u8], arguments: &[&str]) -> Checked {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kejing"));
    command.args(["bank", "check", "--json"]).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let mut input = process.stdin.take().unwrap();
    let bytes = bytes.to_vec();
    // It may end before it has read everything.
    let writer = std::thread::spawn(move || drop(input.write_all(&bytes)));
    let output = process.wait_with_output().unwrap();
    writer.join().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let report =
        serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}\n{}", String::from_utf8_lossy(&output.stderr)));
    Checked { code: output.status.code(), report }
}

fn places(report: &Value) -> Vec<(u64, u64, String)> {
    let of = |fault: &Value| {
        let number = |name: &str| fault[name].as_u64().unwrap();
        (number("row"), number("column"), fault["code"].as_str().unwrap().to_owned())
    };
    report["faults"].as_array().unwrap().iter().map(of).collect()
}

#[track_caller]
fn check(bytes: &[u8], format: &str, counts: Counts, expected: Places<'_>) -> Value {
    let Checked { code, report } = checked(bytes, &["-"]);
    let told = ["ready", "to_check", "refused"].map(|name| report[name].as_u64().unwrap());
    let found = places(&report);
    let found: Vec<(u64, u64, &str)> = found.iter().map(|(row, column, code)| (*row, *column, code.as_str())).collect();
    assert_eq!((report["format"].as_str(), told, found.as_slice()), (Some(format), counts, expected), "{report:#}");
    assert_eq!(code, Some(i32::from(!expected.is_empty())));
    let questions = report["questions"].as_array().unwrap();
    assert_eq!(questions.len() as u64, counts.iter().sum::<u64>());
    report
}

fn own(name: &str) -> Vec<u8> {
    std::fs::read(root().join("tests/import").join(name)).unwrap()
}

pub(crate) fn zipped(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in entries {
        archive.start_file(*name, options).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

const USUAL: &str = "题型,题目内容,选项A,选项B,选项C,选项D,正确答案,解析,难度,知识点,出处\n\
    单选题,水的化学式是（　）,H2O,CO2,O2,N2,A,由氢和氧组成。,易,化学,教材\n\
    多选题,哪些是可再生能源？,太阳能,风能,煤,,\"A,B\",煤要亿万年才能形成。,中,能源,教材\n\
    判断题,声音能在真空里传播。,,,,,错,声音的传播需要介质。,难,物理,教材\n";

#[test]
fn a_table_in_the_usual_form_is_ready_in_every_encoding() {
    for bytes in [
        USUAL.as_bytes().to_vec(),
        format!("\u{FEFF}{}", USUAL.replace('\n', "\r\n")).into_bytes(),
        GB18030.encode(USUAL).0.into_owned(),
        USUAL.replace("\"A,B\"", "AB").replace(',', "\t").into_bytes(),
    ] {
        let report = check(&bytes, "csv", [3, 0, 0], &[]);
        let second = &report["questions"][1];
        assert_eq!(second["key"], serde_json::json!([0, 1]));
        assert_eq!((second["row"].as_u64(), second["notes"].as_array().unwrap().len()), (Some(3), 0));
    }
}

#[test]
fn a_messy_workbook_says_of_each_row_what_is_the_matter() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.merge_range(0, 0, 0, 9, "某市科普题库征集表", &Format::new()).unwrap();
    sheet.write(1, 0, "说明：红字为必填项，请勿合并单元格").unwrap();
    let titles = ["序号", "供题单位", "题目", "选项A", "选项B", "选项C", "选项D", "答案", "难度", "题型"];
    for (column, title) in titles.iter().enumerate() {
        sheet.write(3, column as u16, *title).unwrap();
    }
    let rows: [&[&str]; 9] = [
        &["1", "甲局", "1、水的沸点是？", "A、100℃", "B、50℃", "", "", "Ａ", "易", "单选题"],
        &["2", "", "（多选）哪些是行星？", "火星", "月球", "金星", "", "A，C", "", ""],
        &["3", "", "氧气约占空气的多少？", "", "", "", "", "A", "较难", "单选"],
        &["4", "", "地球是圆的。", "", "", "", "", "√", "3", "判断题"],
        &["5", "", "为什么天是蓝的？", "", "", "", "", "散射", "", "简答题"],
        &["6", "", "水的沸点是？", "100℃", "50℃", "", "", "C", "", "单选题"],
        &["7", "", "光速约为？", "30万千米每秒", "3万千米每秒", "", "", "30万千米每秒", "4", "单选题"],
        &["8", "", "水的沸点是？", "100℃", "50℃", "", "", "A", "", "单选题"],
        &["", "", "", "", "", "", "", "", "", ""],
    ];
    for (row, texts) in (4..).zip(rows) {
        for (column, text) in texts.iter().enumerate().filter(|(_, text)| !text.is_empty()) {
            sheet.write_string(row, column as u16, *text).unwrap();
        }
    }
    let percent = Format::new().set_num_format("0%");
    for (column, share) in [(3, 0.21), (4, 0.78)] {
        sheet.write_with_format(6, column, share, &percent).unwrap();
    }
    sheet.write_formula(6, 5, Formula::new("1%").set_result("0.01")).unwrap();
    let report = check(
        &book.save_to_buffer().unwrap(),
        "xlsx",
        [1, 5, 2],
        &[
            (6, 3, "kind_from_stem"),
            (7, 6, "formula"),
            (8, 9, "difficulty_scale"),
            (9, 10, "unsupported_kind"),
            (10, 8, "bad_key"),
            (10, 3, "same_question"),
            (11, 9, "difficulty_scale"),
            (12, 3, "same_question"),
        ],
    );
    let first = &report["questions"][0];
    assert_eq!((first["stem"].as_str(), first["contributor"].as_str()), (Some("水的沸点是？"), Some("甲局")));
    assert_eq!(first["options"], serde_json::json!(["100℃", "50℃"]));
    assert_eq!(report["questions"][2]["options"][0], "21%");
}

#[test]
fn old_workbooks_are_read_as_they_are_shown() {
    let report = check(&own("usual.xls"), "xls", [5, 1, 0], &[(6, 4, "empty_formula"), (8, 1, "hidden_row")]);
    let question = |n: usize| &report["questions"][n];
    assert_eq!(question(0)["options"], serde_json::json!(["21%", "50%", "78%", "1%"]));
    assert_eq!(question(1)["options"], serde_json::json!(["1月1日", "1月2日", "1月3日"]));
    assert_eq!(question(1)["topic"], "大气");
    assert_eq!(question(3)["stem"], "H₂O 是什么？");
    assert_eq!(question(4)["sheet"], "判断题");
    let report = check(&own("long_texts.xls"), "xls", [300, 0, 0], &[]);
    for (n, question) in report["questions"].as_array().unwrap().iter().enumerate() {
        let row = n + 1;
        // Its own number is no part of the stem.
        assert_eq!(question["stem"], format!("{}是？", "水的性质有哪些，".repeat(20)));
        assert_eq!(question["options"], serde_json::json!([format!("ascii only {row}"), format!("汉字 {row}")]));
    }
}

#[test]
fn a_document_with_words_own_numbers_and_tables_is_read() {
    let paragraph = |text: &str| format!("<w:p><w:r><w:t>{text}</w:t></w:r></w:p>");
    let listed = |list: u32, level: u32, text: &str| {
        let number =
            format!("<w:pPr><w:numPr><w:ilvl w:val=\"{level}\"/><w:numId w:val=\"{list}\"/></w:numPr></w:pPr>");
        format!("<w:p>{number}<w:r><w:t>{text}</w:t></w:r></w:p>")
    };
    let row = |cells: &[&str]| {
        let cells: String = cells.iter().map(|text| format!("<w:tc>{}</w:tc>", paragraph(text))).collect();
        format!("<w:tr>{cells}</w:tr>")
    };
    let body = [
        paragraph("一、单选题"),
        listed(1, 0, "10<w:t>的平方写作？</w:t>").replace("10<w:t>", "10 ").replace("</w:t></w:t>", "</w:t>"),
        listed(1, 1, "一百"),
        listed(1, 1, "一千"),
        paragraph("答案：A"),
        listed(1, 0, "水是？<w:del><w:r><w:delText>删去的</w:delText></w:r></w:del>")
            .replace("<w:del>", "</w:t></w:r><w:del>")
            .replace("</w:del></w:t></w:r>", "</w:del>"),
        listed(
            1,
            1,
            "H</w:t></w:r><w:r><w:rPr><w:vertAlign w:val=\"subscript\"/></w:rPr><w:t>2</w:t></w:r><w:r><w:t>O",
        ),
        listed(1, 1, "CO"),
        paragraph("答案：A　解析：见教材。"),
        format!("<w:tbl>{}{}</w:tbl>", row(&["题型", "题干", "答案"]), row(&["判断题", "洗手能防病。", "对"])),
    ]
    .concat();
    let document = format!("<w:document xmlns:w=\"w\"><w:body>{body}</w:body></w:document>");
    let numbering = "<w:numbering xmlns:w=\"w\"><w:abstractNum w:abstractNumId=\"0\">\
        <w:lvl w:ilvl=\"0\"><w:start w:val=\"1\"/><w:numFmt w:val=\"decimal\"/><w:lvlText w:val=\"%1.\"/></w:lvl>\
        <w:lvl w:ilvl=\"1\"><w:start w:val=\"1\"/><w:numFmt w:val=\"upperLetter\"/><w:lvlText w:val=\"%2.\"/></w:lvl>\
        </w:abstractNum><w:num w:numId=\"1\"><w:abstractNumId w:val=\"0\"/></w:num></w:numbering>";
    let bytes = zipped(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("word/document.xml", document.as_bytes()),
        ("word/numbering.xml", numbering.as_bytes()),
    ]);
    let report = check(&bytes, "docx", [3, 0, 0], &[]);
    assert_eq!(report["questions"][1]["stem"], "水是？");
    assert_eq!(report["questions"][1]["options"], serde_json::json!(["H₂O", "CO"]));
    assert_eq!(report["questions"][2]["kind"], "true_false");
}

#[test]
fn pasted_text_is_read() {
    let text =
        "一、单选题\n1．水的化学式是（A）。\nA．H2O　B．CO2\n二、判断题\n1．声音能在真空里传播。\n【答案】错误\n";
    check(text.as_bytes(), "text", [2, 0, 0], &[]);
}

#[test]
fn a_table_without_a_header_needs_a_person() {
    check("甲？,水,火,A\n乙？,水,火,B\n".as_bytes(), "csv", [0, 0, 0], &[(1, 1, "no_header")]);
}

#[test]
fn hostile_files_are_refused_safely() {
    let sheet = |body: &str| format!("<worksheet xmlns=\"m\"><sheetData>{body}</sheetData></worksheet>");
    let workbook = |sheet: &[u8], strings: &[u8]| {
        zipped(&[
            ("[Content_Types].xml", b"<Types/>"),
            ("xl/workbook.xml", b"<workbook xmlns:r=\"r\"><sheets><sheet name=\"a\" r:id=\"1\"/></sheets></workbook>"),
            (
                "xl/_rels/workbook.xml.rels",
                b"<Relationships><Relationship Id=\"1\" Type=\"t/worksheet\" Target=\"s.xml\"/></Relationships>",
            ),
            ("xl/s.xml", sheet),
            ("xl/sharedStrings.xml", strings),
        ])
    };
    let refused = |bytes: &[u8], format: &str, code: &str| drop(check(bytes, format, [0, 0, 0], &[(1, 1, code)]));
    // Two hundred megabytes of blanks in two hundred kilobytes.
    let blanks = vec![b' '; 200 << 20];
    refused(&workbook(&blanks, b"<sst/>"), "xlsx", "zip_bomb");
    let laughs = "<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><worksheet>&b;</worksheet>";
    refused(&workbook(laughs.as_bytes(), b"<sst/>"), "xlsx", "doctype");
    refused(&workbook(b"<worksheet>&x;</worksheet>", b"<sst/>"), "xlsx", "broken_file");
    refused(&workbook("<a>".repeat(100_000).as_bytes(), b"<sst/>"), "xlsx", "too_deep");
    // One long text that every cell repeats.
    let long = format!("<sst><si><t>{}</t></si></sst>", "水".repeat(30_000));
    let cells: String = (1..=20_000).map(|row| format!("<row r=\"{row}\"><c t=\"s\"><v>0</v></c></row>")).collect();
    refused(&workbook(sheet(&cells).as_bytes(), long.as_bytes()), "xlsx", "too_large");
    let outside =
        zipped(&[("xl/workbook.xml", b"<workbook/>"), ("[Content_Types].xml", b""), ("../../etc/passwd", b"x")]);
    refused(&outside, "xlsx", "no_questions");
    let whole = own("usual.xls");
    refused(&whole[..whole.len() / 2], "text", "unknown_format");
    let deep = format!("<w:document xmlns:w=\"w\">{}</w:document>", "<w:tbl><w:tr><w:tc>".repeat(10_000));
    refused(&zipped(&[("word/document.xml", deep.as_bytes())]), "docx", "too_deep");
    refused("<html><table><tr><td>题干</td></tr></table></html>".as_bytes(), "text", "unknown_format");
    refused(b"\x00\x01\x02\xFF\xFE", "text", "unknown_format");
    refused(b"", "text", "no_questions");
    refused(b"PK\x03\x04 and nothing more", "text", "unknown_format");
}

#[test]
fn formulas_of_strangers_stay_text_and_macros_and_links_are_only_told() {
    let csv = "题型,题干,选项A,选项B,答案\n单选题,=cmd|'/c calc'!A0,+1,-1,A\n";
    let report = check(csv.as_bytes(), "csv", [1, 0, 0], &[]);
    assert_eq!(report["questions"][0]["stem"], "=cmd|'/c calc'!A0");
}

#[test]
fn a_file_can_be_told_its_format_and_sheet_and_one_that_is_not_there_is_a_mistake_of_usage() {
    let Checked { code, report } = checked(&own("usual.xls"), &["-", "--sheet", "判断题"]);
    assert_eq!((code, report["ready"].as_u64()), (Some(0), Some(2)));
    let Checked { code, report } = checked(USUAL.as_bytes(), &["-", "--format", "csv"]);
    assert_eq!((code, report["ready"].as_u64()), (Some(0), Some(3)));
    let run =
        |arguments: &[&str]| Command::new(env!("CARGO_BIN_EXE_kejing")).args(arguments).output().unwrap().status.code();
    assert_eq!(run(&["bank", "check", "--json", "nowhere.xlsx"]), Some(2));
    assert_eq!(run(&["bank", "check", "--json", "--format", "pdf", "nowhere.xlsx"]), Some(2));
    assert_eq!(run(&["bank", "check", "--json", "a", "b"]), Some(2));
    assert_eq!(run(&["bank", "check", "--sheet", "x", "a"]), Some(2));
}

#[cfg(unix)]
#[test]
fn a_file_whose_name_is_no_utf_8_is_read() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(std::ffi::OsStr::from_bytes(b"\xCC\xE2\xBF\xE2.csv"));
    std::fs::write(&path, USUAL).unwrap();
    let output =
        Command::new(env!("CARGO_BIN_EXE_kejing")).args(["bank", "check", "--json"]).arg(&path).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
}
