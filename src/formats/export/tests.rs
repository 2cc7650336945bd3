use super::*;
use crate::domain::draft::Draft;
use crate::domain::faults::faults_of;
use crate::domain::ids::QuestionId;
use crate::domain::question::Choices;
use crate::domain::question::Kind;
use crate::domain::question::Media;
use crate::formats::import;
use crate::formats::import::Gravity;
use crate::formats::import::Item;
use crate::formats::import::Source;
use crate::formats::import::Standing;
use crate::formats::read_bank;
use proptest::prelude::*;
use proptest::sample::subsequence;

/// What the formats are made of, beside what people write.
const PIECES: &str = "(~|=|\\{|\\}|#|:|\\\\|%50%|%|\\[html\\]|\\[|\\]|<b>|</b>|<|>|&amp;|&|\"|'|--|-->|\\]\\]>|//|\\$|\\$CATEGORY:|####|->|A\\.|ANSWER: A|,|;|\\+|@|  |　|水|温度|36\\.5℃|x|1|TRUE|正确|\\\\n|\\(|\\)|\\|)";

fn line() -> impl Strategy<Value = String> {
    prop::collection::vec(PIECES, 1..8).prop_map(|pieces| pieces.concat().trim().to_owned())
}

prop_compose! {
    fn question()(
        kind in prop_oneof![Just(Kind::TrueFalse), Just(Kind::Single), Just(Kind::Multiple)],
        lines in prop::array::uniform5(line()),
        more in prop::option::of(line()),
        written in 2..=8usize,
        options in prop::array::uniform8(line()),
        right in subsequence((0..8).collect::<Vec<usize>>(), 1..=8),
        difficulty in 1..=3u8,
        fixed_order: bool,
        contributor in prop::option::of(line()),
        link in prop::option::of("https://[a-z]{1,9}\\.cn/\\?a=[0-9]&b=--"),
        media in prop::option::of((line(), 1..4096u32, 1..4096u32)),
        truths: bool,
    ) -> Question {
        let [topic, stem, second, explanation, source] = lines;
        let mut options: Vec<String> = options.into_iter().take(written).collect();
        match kind {
            Kind::TrueFalse => options = vec![Question::TRUE.into(), Question::FALSE.into()],
            // Words that would make a true/false question of it.
            Kind::Single if truths => options = vec![Question::FALSE.into(), Question::TRUE.into()],
            _ => {}
        }
        let mut key: Vec<usize> = right.into_iter().map(|place| place % options.len()).collect();
        key.sort_unstable();
        key.dedup();
        if kind != Kind::Multiple {
            key.truncate(1);
        }
        Question {
            id: QuestionId("q-1_a".into()),
            kind, topic, difficulty, options, fixed_order, source, contributor, link,
            stem: more.map_or(stem.clone(), |more| format!("{stem}\n{more}\n{second}").trim().to_owned()),
            explanation,
            key: Choices::of(key).unwrap(),
            media: media.map(|(alt, width, height)| Media { file: "a/图.png".into(), width, height, alt }),
        }
    }
}

/// Each sound by itself, with an id of its own.
fn bank() -> impl Strategy<Value = Vec<Question>> {
    prop::collection::vec(question().prop_filter("sound", |q| faults_of(std::slice::from_ref(q)).is_empty()), 1..4)
        .prop_map(|mut questions| {
            for (place, q) in questions.iter_mut().enumerate() {
                q.id = QuestionId(format!("q-{place}"));
            }
            questions
        })
}

fn read(format: Format, bytes: &[u8]) -> Vec<Item> {
    let source = Source { file: &format.file_name("题"), bytes, ..Source::default() };
    let import = import::read(&source, &mut |_, _| true).unwrap().import;
    assert_eq!((import.format, import.remarks), (format.imported(), vec![]));
    import.items
}

/// In the formats whose readers are this module's neighbours.
const EXCHANGED: [Format; 4] = [Format::Json, Format::Gift, Format::MoodleXml, Format::Qti];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn a_bank_comes_back_the_same_from_every_exchange_format(questions in bank()) {
        for format in EXCHANGED {
            let bytes = write(format, &questions).unwrap();
            let shown = || String::from_utf8_lossy(&bytes).into_owned();
            prop_assert_eq!(import::recognise("题", &bytes), Some(format.imported()), "{}", shown());
            let items = read(format, &bytes);
            let refused = |item: &&Item| item.remarks.iter().any(|remark| remark.gravity == Gravity::Refused);
            prop_assert_eq!(items.iter().find(refused), None, "{}", shown());
            let drafts: Vec<Draft> = items.into_iter().map(|item| item.draft).collect();
            let written: Vec<Draft> = questions.iter().cloned().map(Draft::of).collect();
            prop_assert_eq!(drafts, written, "{:?}: {}", format, shown());
        }
    }

    #[test]
    fn a_bank_comes_back_the_same_from_csv_and_toml(questions in bank()) {
        for format in [Format::Csv, Format::Toml] {
            let bytes = write(format, &questions).unwrap();
            let (read, faults) = read_bank(&[(format.file_name("a"), bytes.clone())]);
            let told: Vec<&str> = faults.iter().map(|fault| fault.code).filter(|code| *code != "same_question").collect();
            prop_assert_eq!(told, Vec::<&str>::new());
            prop_assert_eq!(read, questions.clone(), "{}", String::from_utf8_lossy(&bytes));
        }
    }
}

fn sample() -> Vec<Question> {
    let question = |id: &str, kind, options: &[&str], key| Question {
        id: QuestionId(id.into()),
        kind,
        topic: "卫生健康".into(),
        difficulty: 2,
        stem: format!("=1+1 等于几？第 {id} 题"),
        options: options.iter().map(|option| (*option).to_owned()).collect(),
        key: Choices(key),
        fixed_order: false,
        explanation: "@一加一等于二。".into(),
        source: "人教版数学一年级教材".into(),
        contributor: None,
        link: None,
        media: None,
    };
    vec![
        question("a", Kind::Single, &["2", "-1", "+3"], 0b1),
        question("b", Kind::Multiple, &["二", "贰", "三"], 0b11),
        question("c", Kind::TrueFalse, &["正确", "错误"], 0b10),
    ]
}

#[test]
fn the_same_questions_are_the_same_bytes_and_no_question_is_no_error() {
    for format in Format::ALL {
        let written = write(format, &sample()).unwrap();
        assert_eq!(written, write(format, &sample()).unwrap(), "{format:?}");
        assert!(write(format, &[]).is_ok());
        assert_eq!(Format::of_code(format.code()), Some(format));
        assert!(format.file_name("题").starts_with("题."));
    }
}

#[test]
fn nothing_in_a_spreadsheet_is_a_formula() {
    let text = String::from_utf8(write(Format::Csv, &sample()).unwrap()).unwrap();
    assert!(text.starts_with("\u{FEFF}编号,题型,题干,选项A"));
    let cells = text.lines().skip(1).flat_map(|line| line.split(','));
    assert!(cells.clone().any(|cell| cell == "'-1") && cells.clone().any(|cell| cell.starts_with("'=1+1")));
    assert!(cells.clone().all(|cell| !cell.starts_with(['=', '+', '-', '@'])));
    let mut book = zip::ZipArchive::new(std::io::Cursor::new(write(Format::Xlsx, &sample()).unwrap())).unwrap();
    let mut sheet = String::new();
    std::io::Read::read_to_string(&mut book.by_name("xl/worksheets/sheet1.xml").unwrap(), &mut sheet).unwrap();
    assert!(!sheet.contains("<f>") && !sheet.contains("<v>2</v></c><c r=\"E2\" t=\"n\""));
    // Every cell names a text of the shared table.
    assert_eq!(sheet.matches("<c ").count(), sheet.matches(" t=\"s\"").count());
}

#[test]
fn moodle_gets_its_own_fractions() {
    let text = String::from_utf8(write(Format::MoodleXml, &sample()).unwrap()).unwrap();
    for part in
        ["<answer fraction=\"50\" ", "<answer fraction=\"-100\" ", "<single>false</single>", "type=\"truefalse\""]
    {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let gift = String::from_utf8(write(Format::Gift, &sample()).unwrap()).unwrap();
    assert!(gift.contains("::a::[plain]\\=1+1 等于几？第 a 题{\n\t=2\n\t~-1\n"), "{gift}");
    assert!(
        gift.contains("\t~%50%二\n") && gift.contains("\t~%-100%三\n") && gift.contains("题{FALSE####@一加"),
        "{gift}"
    );
}

#[test]
fn the_shipped_bank_comes_back_the_same_and_ready_from_every_format() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("question-bank/kexue");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    paths.sort();
    let files: Vec<(String, Vec<u8>)> =
        paths.iter().map(|path| (path.display().to_string(), std::fs::read(path).unwrap())).collect();
    let (questions, _) = read_bank(&files);
    assert!(questions.len() > 400);
    for format in Format::ALL {
        let items = read(format, &write(format, &questions).unwrap());
        assert_eq!(items.len(), questions.len(), "{format:?}");
        for (item, q) in items.iter().zip(&questions) {
            assert_eq!(item.draft, Draft::of(q.clone()), "{format:?}: {:?}", item.remarks);
            let told: Vec<&str> = item.remarks.iter().map(|remark| remark.message.as_str()).collect();
            assert_eq!(item.standing(), Standing::Ready, "{format:?}: {told:?} {}", q.stem);
        }
    }
}
