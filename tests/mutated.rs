//! Whatever strangers and spreadsheets may send, mutated from what is right: read or refused, never a panic, and what was read
//! reads the same again. A second each from a fixed seed in the suite; `make fuzz` runs one for longer, from another seed.

#![allow(clippy::disallowed_methods, reason = "how long it is tried is real time")]

mod exchange;

use crate::harness::root;
use crate::import::zipped;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use kejing::accounts::tokens;
use kejing::contest::keys::Keys;
use kejing::domain::fairness::receipt_as_typed;
use kejing::domain::season::Season;
use kejing::domain::season::public_faults;
use kejing::formats;
use kejing::formats::import;
use kejing::formats::import::Gravity;
use kejing::formats::import::Source;
use kejing::formats::import::Standing;
use kejing::ledger::entry::pack;
use kejing::ledger::entry::unpack;
use kejing::transport::peer::client_address;
use kejing::transport::wire::ClientMessage;
use rand::Rng;
use rand::RngExt;
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

/// An input is at most so long.
const BYTES_MAX: usize = 16 * 1024;
/// What is worth putting in: what the formats are made of, and what is known to hurt.
const TOKENS: [&str; 32] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    "\\",
    ",",
    ":",
    "\n",
    "\t",
    "'''",
    "\"\"\"",
    "[[question]]\n",
    "[[round]]\n",
    "null",
    "true",
    "-1",
    "0",
    "99999999999999999999",
    "1e999",
    "\\ud800",
    "\u{feff}",
    "科",
    "\u{202e}",
    "\0",
    "=",
    ".",
    "#",
    "2026-02-30",
    "24:00:00",
    "::ffff:1.2.3.4",
    " ",
];

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// The files of a folder and below it that are worth beginning with.
fn seeds(folder: &str, ending: &str) -> Vec<Vec<u8>> {
    fn gather(folder: &Path, ending: &str, found: &mut Vec<std::path::PathBuf>) {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                gather(&path, ending, found);
            } else if path.to_str().is_some_and(|name| name.ends_with(ending)) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    gather(&root().join(folder), ending, &mut found);
    found.sort();
    let seeds: Vec<Vec<u8>> = found.into_iter().map(|path| std::fs::read(path).unwrap()).collect();
    assert!(!seeds.is_empty(), "{folder} holds nothing to begin with");
    seeds
}

fn mutate(bytes: &mut Vec<u8>, other: &[u8], chance: &mut StdRng) {
    let at = chance.random_range(0..=bytes.len());
    let to = chance.random_range(at..=bytes.len().min(at + 64));
    match chance.random_range(0..7) {
        0 => bytes.truncate(at),
        1 => drop(bytes.drain(at..to)),
        2 => {
            let token = TOKENS[chance.random_range(0..TOKENS.len())];
            drop(bytes.splice(at..at, token.bytes()));
        }
        3 => {
            let again: Vec<u8> = bytes[at..to].repeat(chance.random_range(1..20));
            drop(bytes.splice(at..at, again));
        }
        4 if at < bytes.len() => bytes[at] ^= 1 << chance.random_range(0..8),
        5 if at < bytes.len() => bytes[at] = chance.next_u32() as u8,
        _ if !other.is_empty() => {
            let from = chance.random_range(0..other.len());
            let piece = &other[from..other.len().min(from + 200)];
            drop(bytes.splice(at..to, piece.iter().copied()));
        }
        _ => {}
    }
    bytes.truncate(BYTES_MAX);
}

/// Tries mutations of the seeds until the time is over. What was read well becomes a seed itself.
fn try_out(name: &str, mut seeds: Vec<Vec<u8>>, takes: impl Fn(&[u8]) -> bool) {
    let seed = variable("FUZZ_SEED").unwrap_or(1);
    let time = variable("FUZZ_SECONDS").map_or(Duration::from_secs(1), Duration::from_secs);
    let mut chance = StdRng::seed_from_u64(seed);
    let (began, shipped) = (Instant::now(), seeds.len());
    let (mut tried, mut taken) = (0_u64, 0_u64);
    while began.elapsed() < time {
        let mut bytes = seeds[chance.random_range(0..seeds.len())].clone();
        for _ in 0..chance.random_range(1..6) {
            let other = chance.random_range(0..seeds.len());
            mutate(&mut bytes, &seeds[other], &mut chance);
        }
        tried += 1;
        if takes(&bytes) {
            taken += 1;
            if seeds.len() < shipped + 500 {
                seeds.push(bytes);
            } else {
                let place = chance.random_range(shipped..seeds.len());
                seeds[place] = bytes;
            }
        }
    }
    println!("{name}: seed {seed}, {tried} tried, {taken} read, {} s", began.elapsed().as_secs());
}

#[test]
fn mutated_messages_are_read_or_refused() {
    try_out("wire", seeds("tests/wire", ".json"), |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return false };
        let read = ClientMessage::read(text);
        assert_eq!(read, ClientMessage::read(text));
        if let Err(why) = &read {
            assert!(why.chars().count() < 100, "{why}");
        }
        read.is_ok()
    });
}

#[test]
fn mutated_seasons_are_read_or_told_their_faults() {
    let region = std::fs::read_to_string(root().join("seasons/regions/guangxi.toml")).unwrap();
    let files = |path: &str| match path {
        "regions/guangxi.toml" => Ok(region.clone()),
        _ => Err("没有这个文件".to_owned()),
    };
    try_out("season", seeds("seasons", "demo.toml"), |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return false };
        match Season::read(text, &files) {
            Ok(season) => {
                let _ = public_faults(&season);
                true
            }
            Err(faults) => {
                assert!(!faults.is_empty(), "refused without a reason: {text}");
                false
            }
        }
    });
}

/// Reads a bank; what was read without a fault is the same when it was written and read again.
fn reads_again(name: &str, bytes: &[u8]) -> bool {
    let files = [(name.to_owned(), bytes.to_vec())];
    let _ = formats::read_unnumbered(&files);
    let (questions, faults) = formats::read_bank(&files);
    if !faults.is_empty() || questions.is_empty() {
        return false;
    }
    let written = formats::toml::write(&questions);
    let (again, faults) = formats::read_bank(&[("bank.toml".to_owned(), written.clone().into_bytes())]);
    assert!(faults.is_empty(), "{faults:?}\n{written}");
    assert_eq!(questions, again, "{written}");
    true
}

#[test]
fn mutated_toml_banks_are_read_or_told_their_faults() {
    try_out("bank_toml", seeds("tests/mutated", ".toml"), |bytes| reads_again("bank.toml", bytes));
}

#[test]
fn mutated_csv_banks_are_read_or_told_their_faults() {
    try_out("bank_csv", seeds("tests/mutated", ".csv"), |bytes| {
        reads_again("bank.tsv", bytes) | reads_again("bank.csv", bytes)
    });
}

/// Whether anything of it was read; what was read has a place, and says so wherever it is not ready.
fn is_imported(bytes: &[u8]) -> bool {
    let source = Source { bytes, ..Source::default() };
    let Ok(preview) = import::read(&source, &mut |_, _| true) else { return false };
    for item in &preview.import.items {
        assert!(item.at.row > 0 && item.at.column > 0);
        assert!(
            item.remarks.iter().all(|remark| remark.at.row > 0 && remark.at.column > 0 && !remark.message.is_empty())
        );
        if item.standing() != Standing::Refused {
            let draft = &item.draft;
            assert!(draft.kind.is_some() && !draft.key.is_empty() && !draft.stem.is_empty(), "{item:?}");
        }
    }
    assert!(!preview.import.items.is_empty() || preview.import.remarks.iter().any(|r| r.gravity == Gravity::Refused));
    !preview.import.items.is_empty()
}

#[test]
fn mutated_tables_are_imported_or_refused() {
    let mut tables = seeds("tests/mutated", ".csv");
    tables.push("题干\t选项\t是否正确\t分值\n甲？\t水\t是\t2\n\t火\t否\t2\n".into());
    tables.push(
        "题型,题目,A,A分值,B,B分值,难度\n选择题,甲？（多选）,A、水,1,B、火,0,0.5\n判断题,乙（√）,,,,,★★\n".into(),
    );
    try_out("import_tables", tables, is_imported);
}

#[test]
fn mutated_texts_are_imported_or_refused() {
    let text = "一、单选题（2分）\n1．水（A）。\nA．H2O　B．CO2\n【答案】A【解析】水。\n二、判断题\n(1)甲。\n（2）乙。\n\n参考答案\n1-2 √×\n1.A；2．BC\n";
    try_out(
        "import_texts",
        vec![text.into(), "题型：多选题\n题干：甲？\nA. 水\nB. 火\n答案：A、B\n难度：易\n".into()],
        is_imported,
    );
}

#[test]
fn mutated_workbooks_and_documents_are_imported_or_refused() {
    let mut files = seeds("tests/import", "usual.xls");
    files.push(
        import::rest_sheet(
            &files
                .iter()
                .flat_map(|bytes| {
                    let source = Source { bytes, ..Source::default() };
                    import::read(&source, &mut |_, _| true).unwrap().import.items
                })
                .collect::<Vec<_>>(),
        )
        .unwrap(),
    );
    try_out("import_workbooks", files, is_imported);
}

#[test]
fn mutated_sheets_inside_workbooks_are_imported_or_refused() {
    let sheet = "<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>题干</t></is></c><c t=\"s\"><v>0</v></c></row>\
        <row r=\"2\" hidden=\"1\"><c r=\"A2\" s=\"1\"><v>0.5</v></c><c><f>1</f><v>1</v></c></row></sheetData>\
        <mergeCells><mergeCell ref=\"A2:B3\"/></mergeCells></worksheet>";
    let document = "<w:document><w:body><w:p><w:r><w:rPr><w:vertAlign w:val=\"superscript\"/></w:rPr><w:t>1.甲&amp;</w:t></w:r></w:p>\
        <w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val=\"2\"/><w:vMerge/></w:tcPr><w:p/></w:tc></w:tr></w:tbl></w:body></w:document>";
    try_out("import_parts", vec![sheet.into(), document.into()], |bytes| {
        let workbook = zipped(&[
            ("xl/workbook.xml", b"<workbook><sheets><sheet name=\"a\" id=\"1\"/></sheets></workbook>"),
            ("[Content_Types].xml", b""),
            ("xl/_rels/workbook.xml.rels", b"<R><Relationship Id=\"1\" Type=\"t/worksheet\" Target=\"s.xml\"/></R>"),
            ("xl/sharedStrings.xml", "<sst><si><t>答案</t></si></sst>".as_bytes()),
            ("xl/styles.xml", b"<styleSheet><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"9\"/></cellXfs></styleSheet>"),
            ("xl/s.xml", bytes),
        ]);
        let document =
            zipped(&[("word/document.xml", bytes), ("word/numbering.xml", bytes), ("word/styles.xml", bytes)]);
        is_imported(&workbook) | is_imported(&document)
    });
}

#[test]
fn mutated_packed_answers_are_unpacked_or_refused() {
    try_out("ledger", vec![vec![1, 2, 3, 0, 4, 5], vec![0xff; 40]], |bytes| {
        let read = unpack(bytes);
        if let Some((fates, edition)) = &read {
            assert_eq!(unpack(&pack(fates, *edition)), read);
        }
        read.is_some()
    });
}

#[test]
fn mutated_headers_and_ids_deceive_nobody() {
    let keys = Keys::of(&[7; 32]);
    let trusted = ["127.0.0.0/8".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
    let (proxy, stranger) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([192, 0, 2, 7]));
    let begin = [
        "1.1.1.1, 198.51.100.1:4711, [2001:db8::7]:1, 10.0.0.1".to_owned(),
        "7KQ2-M9TD-41XC".to_owned(),
        keys.attempt(kejing::domain::ids::AttemptId(1)),
    ];
    try_out("door", begin.map(String::into_bytes).to_vec(), |bytes| {
        if let Ok(told) = HeaderValue::from_bytes(bytes) {
            let mut headers = HeaderMap::new();
            headers.append("x-forwarded-for", told);
            assert_eq!(client_address(stranger, &trusted, &headers), stranger);
            let _ = client_address(proxy, &trusted, &headers);
            headers.append("x-forwarded-for", HeaderValue::from_static("198.51.100.1"));
            assert_eq!(client_address(proxy, &trusted, &headers), IpAddr::from([198, 51, 100, 1]));
        }
        let Ok(text) = std::str::from_utf8(bytes) else { return false };
        let id = keys.attempt_of(text);
        assert!(id.is_none_or(|id| keys.attempt(id) == text), "two spellings of one id: {text}");
        let receipt = receipt_as_typed(text);
        assert!(
            receipt.as_deref().is_none_or(|receipt| receipt_as_typed(receipt).as_deref() == Some(receipt)),
            "{text}"
        );
        let _ = (tokens::presented(text), tokens::recovery_hash(text));
        id.is_some() || receipt.is_some()
    });
}
