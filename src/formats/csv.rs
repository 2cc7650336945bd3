//! Questions from a spreadsheet saved as CSV: a row a question, columns by the names in the first row.

use crate::domain::faults::Part;
use crate::domain::faults::letter;
use crate::domain::ids::QuestionId;
use crate::domain::question::Choices;
use crate::domain::question::Kind;
use crate::domain::question::Media;
use crate::domain::question::OPTIONS_MAX;
use crate::domain::question::Question;
use crate::formats::columns::Field;
use crate::formats::columns::strictly_named;
use crate::formats::draft::Draft;
use crate::formats::draft::Place;
use crate::formats::draft::Reading;
use crate::formats::draft::key_of;
use crate::formats::draft::kind_of;
use crate::formats::draft::tidy;
use crate::formats::text::decode;
use crate::formats::text::with_plain_lines;
use ::csv::ReaderBuilder;
use ::csv::StringRecord;
use std::borrow::Cow;

/// Without these there is nothing to read.
const NEEDED: [(Field, &str); 7] = [
    (Field::Kind, "题型"),
    (Field::Stem, "题干"),
    (Field::Key, "答案"),
    (Field::Explanation, "解析"),
    (Field::Source, "来源"),
    (Field::Difficulty, "难度"),
    (Field::Topic, "主题"),
];

pub(super) fn recognises(bytes: &[u8]) -> bool {
    let first_line = |text: String| text.lines().find(|line| !line.trim().is_empty()).map(str::to_owned);
    decode(bytes).ok().and_then(first_line).is_some_and(|line| {
        let delimiter = char::from(delimiter_of(&line));
        let names: Vec<Option<Field>> =
            line.split(delimiter).map(|name| strictly_named(name.trim().trim_matches('"'))).collect();
        names.contains(&Some(Field::Stem)) && names.contains(&Some(Field::Key))
    })
}

pub(super) fn read(bytes: &[u8], reading: &mut Reading) {
    let text = match decode(bytes) {
        Ok(text) => with_plain_lines(text),
        Err(place) => {
            return reading.fault(place, "encoding", "这里的文字既不是 UTF-8，也不是 GB18030（GBK）编码");
        }
    };
    let first_line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let mut rows = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter_of(first_line))
        .from_reader(text.as_bytes());

    let mut columns: Option<Vec<Option<Field>>> = None;
    // Line breaks inside cells so far: a spreadsheet counts rows, the reader lines.
    let mut inner_breaks: u64 = 0;
    let mut record = StringRecord::new();
    loop {
        match rows.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                return reading.fault(Place::default(), "syntax", format!("CSV 写法有误（{error}）"));
            }
        }
        let line = record.position().map_or(1, ::csv::Position::line);
        let row = u32::try_from(line.saturating_sub(inner_breaks)).unwrap_or(u32::MAX);
        inner_breaks += record.iter().map(|cell| cell.matches('\n').count() as u64).sum::<u64>();
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        match &columns {
            None => match read_header(&record, row, reading) {
                Some(read) => columns = Some(read),
                None => return,
            },
            Some(columns) => Row { columns, record: &record, row }.read(reading),
        }
    }
    if columns.is_none() {
        reading.fault(
            Place::default(),
            "no_header",
            "第一行应是列名：题型、题干、选项A……选项H、答案、解析、来源、难度、主题",
        );
    }
}

/// Excel separates by commas, or by tabs when it saves Unicode text, or by semicolons where the system says so.
fn delimiter_of(first_line: &str) -> u8 {
    let count = |c: u8| first_line.bytes().filter(|&b| b == c).count();
    [b',', b'\t', b';'].into_iter().rev().max_by_key(|&c| count(c)).unwrap_or(b',')
}

fn read_header(record: &StringRecord, row: u32, reading: &mut Reading) -> Option<Vec<Option<Field>>> {
    let faults_before = reading.faults.len();
    let mut columns = Vec::with_capacity(record.len());
    for (cell, name) in record.iter().enumerate() {
        let place = Place { row, column: cell as u32 + 1 };
        let name = name.trim();
        let column = strictly_named(name);
        if column.is_none() && !name.is_empty() {
            reading.fault(place, "unknown_column", format!("不认识的列「{name}」"));
        }
        if column.is_some() && columns.contains(&column) {
            reading.fault(place, "same_column", format!("列「{name}」出现了两次"));
        }
        columns.push(column);
    }
    for (needed, name) in NEEDED {
        if !columns.contains(&Some(needed)) {
            reading.fault(Place { row, column: 1 }, "missing_column", format!("缺少列「{name}」"));
        }
    }
    (reading.faults.len() == faults_before).then_some(columns)
}

/// What a spreadsheet would take for a formula begins with one of these.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A cell of CSV as a spreadsheet shows it and does not reckon with it: with an apostrophe in front, as OWASP advises
/// ("CSV injection"). An apostrophe that stood there gets another one.
pub(crate) fn guarded(cell: &str) -> Cow<'_, str> {
    if cell.trim_start_matches('\'').starts_with(FORMULA) {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

/// A cell as it was before [`guarded`].
pub(super) fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.trim_start_matches('\'').starts_with(FORMULA) => rest,
        _ => cell,
    }
}

struct Row<'a> {
    columns: &'a [Option<Field>],
    record: &'a StringRecord,
    row: u32,
}

impl Row<'_> {
    fn read(&self, reading: &mut Reading) {
        let mut draft = Draft::at(Place { row: self.row, column: 1 });
        for (cell, column) in self.columns.iter().enumerate() {
            if let Some(column) = column {
                draft.stands(column.part(), Place { row: self.row, column: cell as u32 + 1 });
            }
        }
        for (cell, text) in self.record.iter().enumerate() {
            if self.columns.get(cell).copied().flatten().is_none() && !text.trim().is_empty() {
                let place = Place { row: self.row, column: cell as u32 + 1 };
                reading.fault(place, "stray_cell", "这一格没有列名");
                draft.breaks(Part::Whole);
            }
        }

        draft.question.id = QuestionId(self.text(Field::Id));
        draft.question.topic = self.text(Field::Topic);
        draft.question.stem = self.text(Field::Stem);
        draft.question.explanation = self.text(Field::Explanation);
        draft.question.source = self.text(Field::Source);
        draft.question.contributor = Some(self.text(Field::Contributor)).filter(|text| !text.is_empty());
        draft.question.link = Some(self.text(Field::Link)).filter(|text| !text.is_empty());
        self.read_difficulty(&mut draft, reading);
        self.read_fixed_order(&mut draft, reading);
        self.read_options(&mut draft, reading);
        self.read_kind_and_key(&mut draft, reading);
        self.read_media(&mut draft, reading);
        reading.drafts.push(draft);
    }

    fn text(&self, column: Field) -> String {
        let cell = self.columns.iter().position(|c| *c == Some(column));
        tidy(unguarded(cell.and_then(|cell| self.record.get(cell)).unwrap_or_default()))
    }

    fn read_difficulty(&self, draft: &mut Draft, reading: &mut Reading) {
        draft.question.difficulty = match self.text(Field::Difficulty).as_str() {
            "1" | "易" | "容易" | "简单" => 1,
            "2" | "中" | "中等" | "一般" => 2,
            "3" | "难" | "困难" | "较难" => 3,
            other => {
                let message = format!("难度应是 1、2、3 或 易、中、难，这里是「{other}」");
                return reading.broken(draft, Part::Difficulty, "bad_difficulty", message);
            }
        }
    }

    fn read_fixed_order(&self, draft: &mut Draft, reading: &mut Reading) {
        draft.question.fixed_order = match self.text(Field::FixedOrder).to_uppercase().as_str() {
            "" | "否" | "0" | "FALSE" => false,
            "是" | "1" | "√" | "TRUE" => true,
            other => {
                let message = format!("「选项不打乱」应是 是、否 或空着，这里是「{other}」");
                return reading.broken(draft, Part::Options, "bad_fixed_order", message);
            }
        }
    }

    fn read_options(&self, draft: &mut Draft, reading: &mut Reading) {
        let options: Vec<String> = (0..OPTIONS_MAX).map(|place| self.text(Field::Option(place))).collect();
        let count = options.iter().rposition(|option| !option.is_empty()).map_or(0, |last| last + 1);
        if let Some(gap) = options[..count].iter().position(String::is_empty) {
            let message = format!("选项 {} 空着，后面却还有选项", letter(gap));
            reading.fault(draft.place(Part::Option(gap)), "gap", message);
            draft.breaks(Part::Options);
        }
        draft.question.options = options.into_iter().take(count).collect();
    }

    fn read_kind_and_key(&self, draft: &mut Draft, reading: &mut Reading) {
        let text = self.text(Field::Kind);
        let Some(kind) = kind_of(&text) else {
            let message = format!("不认识的题型「{text}」：应是 判断题、单选题 或 多选题");
            return reading.broken(draft, Part::Kind, "unknown_kind", message);
        };
        draft.question.kind = kind;
        let mut turned = false;
        if kind == Kind::TrueFalse {
            // Tables give these two in either order, or leave them out.
            turned = draft.question.options == [Question::FALSE, Question::TRUE];
            if turned || draft.question.options.is_empty() {
                draft.question.options = vec![Question::TRUE.to_owned(), Question::FALSE.to_owned()];
            }
        }
        let text = self.text(Field::Key);
        if text.is_empty() {
            return reading.broken(draft, Part::Key, "missing", "没有答案");
        }
        match key_of(&text, kind) {
            Ok(key) if turned && ["A", "B", "a", "b"].contains(&text.as_str()) => {
                draft.question.key = Choices(0b11).without(key);
            }
            Ok(key) => draft.question.key = key,
            Err(message) => reading.broken(draft, Part::Key, "bad_key", message),
        }
    }

    fn read_media(&self, draft: &mut Draft, reading: &mut Reading) {
        let [file, width, height, alt] =
            [Field::MediaFile, Field::MediaWidth, Field::MediaHeight, Field::MediaAlt].map(|c| self.text(c));
        if [&file, &width, &height, &alt].iter().all(|text| text.is_empty()) {
            return;
        }
        match (width.parse(), height.parse()) {
            (Ok(width), Ok(height)) => draft.question.media = Some(Media { file, width, height, alt }),
            _ => reading.broken(draft, Part::Media, "bad_media", "图片宽、图片高应是像素数，如 640、480"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::question::Choices;
    use crate::domain::question::Question;
    use crate::formats::read_bank;
    use crate::formats::read_unnumbered;
    use encoding_rs::GB18030;

    const SOUND: &str = "编号,题型,题干,选项A,选项B,选项C,选项D,答案,解析,来源,难度,主题\n\
        a1,单选题,水的化学式是哪个？,H2O,CO2,O2,N2,A,由氢和氧组成。,人教版化学教材,易,科学精神与方法\n\
        a2,多选题,\"哪些是\n可再生能源？\",太阳能,风能,煤,,A、B,煤要亿万年才能形成。,人教版地理教材,中,科学精神与方法\n\
        a3,判断题,声音能在真空里传播。,,,,,错,声音的传播需要介质。,人教版物理教材,3,科学精神与方法\n";

    fn read(bytes: &[u8]) -> (Vec<Question>, Vec<(u32, u32, &'static str)>) {
        let (questions, faults) = read_bank(&[("题.csv".into(), bytes.to_vec())]);
        (questions, faults.iter().map(|f| (f.row, f.column, f.code)).collect())
    }

    #[track_caller]
    fn check(from: &str, to: &str, expected: &[(u32, u32, &str)]) {
        assert!(SOUND.contains(from), "{from}");
        assert_eq!(read(SOUND.replacen(from, to, 1).as_bytes()).1, expected);
    }

    #[test]
    fn the_same_table_is_read_from_every_encoding_that_spreadsheets_save() {
        let (questions, faults) = read(SOUND.as_bytes());
        assert_eq!(faults, []);
        let keys: Vec<Choices> = questions.iter().map(|q| q.key).collect();
        assert_eq!(keys, [Choices(0b1), Choices(0b11), Choices(0b10)]);
        assert_eq!(questions[1].stem, "哪些是\n可再生能源？");
        assert_eq!(questions[1].options.len(), 3);

        let tabs = SOUND.replace(',', "\t");
        let utf_16 = |text: &str| [vec![0xFF, 0xFE], text.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat();
        for bytes in [
            format!("\u{FEFF}{SOUND}").into_bytes(),
            SOUND.replace('\n', "\r\n").into_bytes(),
            GB18030.encode(SOUND).0.into_owned(),
            tabs.clone().into_bytes(),
            utf_16(&tabs),
            SOUND.replace(',', ";").into_bytes(),
        ] {
            assert_eq!(read(&bytes), (questions.clone(), vec![]));
        }
    }

    #[test]
    fn each_fault_is_told_with_the_spreadsheets_row_and_column() {
        check("H2O,CO2", "H2O,H2O", &[(2, 5, "same_option")]);
        check("太阳能,风能,煤,,A、B", "太阳能,,煤,,AC", &[(3, 5, "gap")]);
        // The cell above it holds a line break; the row is still the fourth.
        check(",错,", ",不知道,", &[(4, 8, "bad_key")]);
        check(",3,", ",难题,", &[(4, 11, "bad_difficulty")]);
        check("单选题", "填空题", &[(2, 2, "unknown_kind")]);
        check(",A,由", ",,由", &[(2, 8, "missing")]);
        check("a3,", ",", &[(4, 1, "missing_id")]);
        check("易,科学精神与方法", "易,科学精神与方法,备注", &[(2, 13, "stray_cell")]);
        check("题干", "题 干", &[(1, 1, "missing_column"), (1, 3, "unknown_column")]);
        check("选项D", "选项C", &[(1, 7, "same_column")]);
    }

    #[test]
    fn rows_are_counted_alike_whatever_ends_a_line() {
        let text = SOUND.replacen(",错,", ",不知道,", 1);
        for text in [text.replace('\n', "\r\n"), text.replace('\n', "\r"), text] {
            assert_eq!(read(text.as_bytes()).1, [(4, 8, "bad_key")]);
        }
    }

    #[test]
    fn true_and_false_may_stand_in_either_order() {
        let with = |options: &str, key: &str| {
            let text = SOUND.replacen(",,,,,错,", &format!(",{options},,,{key},"), 1);
            read(text.as_bytes()).0[2].key
        };
        assert_eq!(with("正确,错误", "B"), Choices(0b10));
        assert_eq!(with("错误,正确", "B"), Choices(0b01));
        assert_eq!(with("错误,正确", "错误"), Choices(0b10));
        assert_eq!(with(",", "×"), Choices(0b10));
    }

    #[test]
    fn a_table_without_ids_is_read_when_it_is_imported() {
        let text = SOUND.replace("a1,", ",").replace("a2,", ",").replace("a3,", ",");
        let (questions, faults) = read_unnumbered(&[("题.csv".into(), text.clone().into_bytes())]);
        assert_eq!((questions.len(), faults), (3, vec![]));
        // Nor does it need the column; and its name says nothing of its format.
        let bare: String = text.replace("编号,", "").replace("\n,", "\n");
        let (questions, faults) = read_unnumbered(&[("题库.txt".into(), bare.into_bytes())]);
        assert_eq!((questions.len(), faults), (3, vec![]));
    }

    #[test]
    fn a_spreadsheets_own_file_is_told_how_to_be_saved() {
        let (_, faults) = read_bank(&[("题.xlsx".into(), b"PK\x03\x04...".to_vec())]);
        assert!(faults[0].message.contains("另存为"));
    }
}
