//! Questions in TOML, the form in which banks are kept: a `topic`, then `[[question]]` after `[[question]]` (question-bank/README.md).

use crate::domain::faults::Part;
use crate::domain::faults::letter;
use crate::domain::ids::QuestionId;
use crate::domain::question::Choices;
use crate::domain::question::Kind;
use crate::domain::question::Media;
use crate::domain::question::OPTIONS_MAX;
use crate::domain::question::Question;
use crate::formats::draft::Draft;
use crate::formats::draft::Place;
use crate::formats::draft::Reading;
use crate::formats::draft::key_of;
use crate::formats::draft::kind_of;
use crate::formats::draft::tidy;
use crate::formats::text::Lines;
use crate::formats::text::decode_utf8;
use ::toml::Spanned;
use ::toml::de::DeTable;
use ::toml::de::DeValue;
use std::fmt::Write;

pub(super) fn recognises(bytes: &[u8]) -> bool {
    decode_utf8(bytes).is_ok_and(|text| text.lines().any(|line| line.trim() == "[[question]]"))
}

pub(super) fn read(bytes: &[u8], reading: &mut Reading) {
    match decode_utf8(bytes) {
        Ok(text) => File { lines: Lines::of(text), reading }.read(text),
        Err(place) => reading.fault(place, "encoding", "这里不是 UTF-8 编码的文字：请用 UTF-8 保存"),
    }
}

struct File<'a> {
    lines: Lines<'a>,
    reading: &'a mut Reading,
}

type Value<'t> = Spanned<DeValue<'t>>;

impl File<'_> {
    fn read(&mut self, text: &str) {
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut wrong: Vec<usize> = Vec::with_capacity(errors.len());
        for error in &errors {
            let at = error.span().map_or(0, |span| span.start);
            wrong.push(at);
            self.reading.fault(self.lines.place(at), "syntax", in_chinese(error.message()));
        }

        let mut topic = None;
        let mut questions: &[Value<'_>] = &[];
        for (name, value) in table.get_ref() {
            let place = self.lines.place(name.span().start);
            match (&**name.get_ref(), value.get_ref()) {
                ("topic", DeValue::String(text)) => topic = Some((tidy(text), self.lines.place(value.span().start))),
                ("topic", _) => self.reading.fault(place, "wrong_type", "topic 应是带引号的文字"),
                ("question", DeValue::Array(array)) => questions = array,
                ("question", _) => self.reading.fault(place, "wrong_type", "题目应写作 [[question]]，两层方括号"),
                (name, _) => self.reading.fault(place, "unknown_field", format!("不认识的字段 {name}")),
            }
        }
        let topic_is_wrong = wrong.iter().any(|&at| questions.first().is_none_or(|first| at < first.span().start))
            || (topic.is_none() && table.get_ref().iter().any(|(name, _)| name.get_ref() == "topic"));

        for (number, value) in questions.iter().enumerate() {
            let from = value.span().start;
            let to = questions.get(number + 1).map_or(usize::MAX, |next| next.span().start);
            let DeValue::Table(fields) = value.get_ref() else {
                self.reading.fault(self.lines.place(from), "wrong_type", "题目应写作 [[question]]，下面一行一个字段");
                continue;
            };
            let mut draft = Draft::at(self.lines.place(from));
            if let Some((topic, place)) = &topic {
                draft.question.topic = topic.clone();
                draft.stands(Part::Topic, *place);
            }
            if topic_is_wrong {
                draft.breaks(Part::Topic);
            }
            if wrong.iter().any(|at| (from..to).contains(at)) {
                // What was recovered from a broken text is not worth checking.
                draft.breaks(Part::Whole);
            } else {
                self.read_question(fields, &mut draft);
            }
            self.reading.drafts.push(draft);
        }
    }

    fn read_question(&mut self, fields: &DeTable<'_>, draft: &mut Draft) {
        let mut kind = None;
        let mut key = None;
        let mut difficulty = false;
        for (name, value) in fields {
            match &**name.get_ref() {
                "kind" => kind = self.text(draft, Part::Kind, value),
                "key" => key = self.text(draft, Part::Key, value),
                "id" => draft.question.id = QuestionId(self.text(draft, Part::Id, value).unwrap_or_default()),
                "topic" => {
                    draft.question.topic = self.text(draft, Part::Topic, value).unwrap_or_default();
                }
                "difficulty" => {
                    difficulty = true;
                    draft.stands(Part::Difficulty, self.start(value));
                    match integer(value) {
                        Some(level) => draft.question.difficulty = u8::try_from(level).unwrap_or(u8::MAX),
                        None => {
                            let message = "难度应是数字 1（易）、2（中）、3（难），不带引号";
                            self.reading.broken(draft, Part::Difficulty, "wrong_type", message);
                        }
                    }
                }
                "stem" => draft.question.stem = self.text(draft, Part::Stem, value).unwrap_or_default(),
                "options" => self.read_options(draft, value),
                "explanation" => {
                    draft.question.explanation = self.text(draft, Part::Explanation, value).unwrap_or_default();
                }
                "source" => draft.question.source = self.text(draft, Part::Source, value).unwrap_or_default(),
                "contributor" => draft.question.contributor = self.text(draft, Part::Contributor, value),
                "link" => draft.question.link = self.text(draft, Part::Link, value),
                "fixed_order" => match value.get_ref() {
                    DeValue::Boolean(fixed) => draft.question.fixed_order = *fixed,
                    _ => {
                        let place = self.start(value);
                        self.reading.fault(place, "wrong_type", "fixed_order 应是 true 或 false，不带引号");
                        draft.breaks(Part::Options);
                    }
                },
                "media" => self.read_media(draft, value),
                other => {
                    let place = self.lines.place(name.span().start);
                    self.reading.fault(place, "unknown_field", format!("不认识的字段 {other}"));
                }
            }
        }
        if !difficulty {
            self.reading.broken(draft, Part::Difficulty, "missing", "没有难度（difficulty）");
        }
        self.settle_kind_and_key(draft, kind, key);
    }

    fn settle_kind_and_key(&mut self, draft: &mut Draft, kind: Option<String>, key: Option<String>) {
        match kind.as_deref().map(|text| (text, kind_of(text))) {
            Some((_, Some(kind))) => draft.question.kind = kind,
            Some((text, None)) => {
                let message = format!("不认识的题型「{text}」：应是 true_false、single 或 multiple");
                self.reading.broken(draft, Part::Kind, "unknown_kind", message);
            }
            None if draft.is_broken(Part::Kind) => {}
            None => self.reading.broken(draft, Part::Kind, "missing", "没有题型（kind）"),
        }
        if draft.question.kind == Kind::TrueFalse && draft.question.options.is_empty() {
            draft.question.options = vec![Question::TRUE.to_owned(), Question::FALSE.to_owned()];
        }
        match key.map(|text| key_of(&text, draft.question.kind)) {
            _ if draft.is_broken(Part::Key) => {}
            Some(Ok(key)) => draft.question.key = key,
            Some(Err(message)) => self.reading.broken(draft, Part::Key, "bad_key", message),
            None => self.reading.broken(draft, Part::Key, "missing", "没有答案（key）"),
        }
    }

    fn read_options(&mut self, draft: &mut Draft, value: &Value<'_>) {
        draft.stands(Part::Options, self.start(value));
        let DeValue::Array(array) = value.get_ref() else {
            let message = "选项应写作 [\"……\", \"……\"]";
            return self.reading.broken(draft, Part::Options, "wrong_type", message);
        };
        for (place, option) in array.iter().enumerate() {
            let part = Part::Option(place);
            match self.text(draft, part, option) {
                Some(text) => draft.question.options.push(text),
                None => draft.breaks(Part::Options),
            }
        }
    }

    fn read_media(&mut self, draft: &mut Draft, value: &Value<'_>) {
        draft.stands(Part::Media, self.start(value));
        let DeValue::Table(fields) = value.get_ref() else {
            let message = "图片应写作 { file = \"……\", width = 640, height = 480, alt = \"……\" }";
            return self.reading.broken(draft, Part::Media, "wrong_type", message);
        };
        let mut media = Media { file: String::new(), width: 0, height: 0, alt: String::new() };
        for (name, value) in fields {
            match (&**name.get_ref(), value.get_ref(), integer(value)) {
                ("file", DeValue::String(text), _) => media.file = tidy(text),
                ("alt", DeValue::String(text), _) => media.alt = tidy(text),
                ("width", _, Some(width)) => media.width = u32::try_from(width).unwrap_or(0),
                ("height", _, Some(height)) => media.height = u32::try_from(height).unwrap_or(0),
                (other, _, _) => {
                    let place = self.lines.place(name.span().start);
                    let known = ["file", "alt", "width", "height"].contains(&other);
                    let (code, told) =
                        if known { ("wrong_type", "写法不对") } else { ("unknown_field", "不是已知的字段") };
                    self.reading.fault(place, code, format!("图片的 {other} {told}"));
                    draft.breaks(Part::Media);
                }
            }
        }
        draft.question.media = Some(media);
    }

    /// A field's text; where it is none, that is told.
    fn text(&mut self, draft: &mut Draft, part: Part, value: &Value<'_>) -> Option<String> {
        draft.stands(part, self.start(value));
        match value.get_ref() {
            DeValue::String(text) => Some(tidy(text)),
            _ => {
                self.reading.broken(draft, part, "wrong_type", "这里应是带引号的文字");
                None
            }
        }
    }

    fn start(&self, value: &Value<'_>) -> Place {
        self.lines.place(value.span().start)
    }
}

fn integer(value: &Value<'_>) -> Option<i64> {
    value.get_ref().as_integer().and_then(|i| i64::from_str_radix(i.as_str(), i.radix()).ok())
}

fn in_chinese(message: &str) -> String {
    let told = match message {
        "duplicate key" => "同一个字段写了两次",
        m if m.starts_with("invalid basic string") => "引号不配对：文字里的英文引号要写作 \\\"，一段文字要写在一行里",
        m if m.starts_with("missing escaped value") || m.contains("escape") => "反斜杠要写作 \\\\",
        m if m.contains("array") => "方括号或逗号不配对",
        m if m.starts_with("key with no value") => "这里缺少 = 和后面的内容",
        _ => "TOML 写法有误",
    };
    format!("{told}（{message}）")
}

/// The questions as a file that [`read`] reads back to the same. A topic that all share stands at the top.
pub fn write(questions: &[Question]) -> String {
    let mut out = String::new();
    let shared = questions.first().map(|q| &q.topic).filter(|topic| questions.iter().all(|q| q.topic == **topic));
    if let Some(topic) = shared {
        field(&mut out, "topic", &quoted(topic));
    }
    for q in questions {
        out.push_str(if out.is_empty() { "[[question]]\n" } else { "\n[[question]]\n" });
        if !q.id.as_str().is_empty() {
            field(&mut out, "id", &quoted(q.id.as_str()));
        }
        if shared.is_none() {
            field(&mut out, "topic", &quoted(&q.topic));
        }
        field(&mut out, "kind", &quoted(q.kind.code()));
        field(&mut out, "difficulty", &q.difficulty.to_string());
        field(&mut out, "stem", &quoted(&q.stem));
        if q.kind != Kind::TrueFalse {
            let options: Vec<String> = q.options.iter().map(|o| quoted(o)).collect();
            field(&mut out, "options", &format!("[{}]", options.join(", ")));
        }
        field(&mut out, "key", &quoted(&key_as_written(q)));
        if q.fixed_order {
            field(&mut out, "fixed_order", "true");
        }
        field(&mut out, "explanation", &quoted(&q.explanation));
        field(&mut out, "source", &quoted(&q.source));
        for (name, value) in [("contributor", &q.contributor), ("link", &q.link)] {
            if let Some(value) = value {
                field(&mut out, name, &quoted(value));
            }
        }
        if let Some(m) = &q.media {
            let (file, alt) = (quoted(&m.file), quoted(&m.alt));
            let media = format!("{{ file = {file}, width = {}, height = {}, alt = {alt} }}", m.width, m.height);
            field(&mut out, "media", &media);
        }
    }
    out
}

fn field(out: &mut String, name: &str, value: &str) {
    for text in [name, " = ", value, "\n"] {
        out.push_str(text);
    }
}

/// The key as the file has it: letters of the options, or 正确 and 错误.
pub fn key_as_written(q: &Question) -> String {
    match q.kind {
        Kind::TrueFalse if q.key == Choices(1) => Question::TRUE.to_owned(),
        Kind::TrueFalse => Question::FALSE.to_owned(),
        _ => q.key.places().take(OPTIONS_MAX).map(letter).collect(),
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                // Writing to a String does not fail.
                let _ = write!(out, "\\u{:04X}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use crate::formats::read_bank;

    const SOUND: &str = r#"topic = "卫生健康"

[[question]]
id = "a1"
kind = "single"
difficulty = 2
stem = "成年人一天大约需要睡多久？"
options = ["7～9小时", "4～5小时", "2～3小时", "12小时以上"]
key = "A"
explanation = "多数成年人需要七到九小时。"
source = "国家卫生健康委《睡眠健康核心信息及释义》"

[[question]]
id = "a2"
kind = "true_false"
difficulty = 1
stem = "感冒都要吃抗生素。"
key = "错误"
explanation = "抗生素对病毒无效。"
source = "人教版生物学八年级教材"
"#;

    /// Changes the sound file and expects row, column and code of each fault.
    #[track_caller]
    fn check(from: &str, to: &str, expected: &[(u32, u32, &str)]) {
        assert!(SOUND.contains(from), "{from}");
        let text = SOUND.replacen(from, to, 1);
        let (_, faults) = read_bank(&[("a.toml".into(), text.into_bytes())]);
        let found: Vec<_> = faults.iter().map(|f| (f.row, f.column, f.code)).collect();
        assert_eq!(found, expected, "{faults:#?}");
    }

    #[test]
    fn a_sound_file_is_read_whole() {
        check("", "", &[]);
        check("", "\u{FEFF}", &[]);
        let (questions, _) = read_bank(&[("a.toml".into(), SOUND.replace('\n', "\r\n").into_bytes())]);
        assert_eq!(questions.len(), 2);
        assert_eq!(questions[1].options, ["正确", "错误"]);
        assert!(questions[1].key.has(1));
        assert_eq!(questions[1].topic, "卫生健康");
    }

    #[test]
    fn each_fault_is_told_with_its_row_and_column() {
        check(r#""A""#, r#""E""#, &[(9, 7, "bad_key")]);
        check(r#""A""#, r#""Z""#, &[(9, 7, "bad_key")]);
        check(r#""4～5小时""#, r#""7～9小时""#, &[(8, 21, "same_option")]);
        check(r#"["7～9小时", "4～5小时", "2～3小时", "12小时以上"]"#, r#""7～9小时""#, &[(8, 11, "wrong_type")]);
        check(r#""2～3小时""#, "23", &[(8, 30, "wrong_type")]);
        check("difficulty = 2", "difficulty = \"中\"", &[(6, 14, "wrong_type")]);
        check("difficulty = 2", "difficulty = 9", &[(6, 14, "bad_difficulty")]);
        check("difficulty = 2\n", "", &[(3, 1, "missing")]);
        check("\"single\"", "\"one\"", &[(5, 8, "unknown_kind")]);
        check("id = \"a2\"\n", "", &[(13, 1, "missing_id")]);
        check("\"a2\"", "\"a1\"", &[(14, 6, "same_id")]);
        check("stem = \"感", "stam = \"感", &[(13, 1, "empty"), (17, 1, "unknown_field")]);
        check("topic = \"卫生健康\"", "", &[(3, 1, "empty"), (13, 1, "empty")]);
        check("key = \"错误\"", "key = \"不对\"", &[(18, 7, "bad_key")]);
    }

    #[test]
    fn faults_of_writing_are_told_all_at_once_and_hide_no_others() {
        let text = SOUND.replace("stem = \"成年人", "stem = 成年人").replace("key = \"错误\"", "key = \"都对\"");
        let (questions, faults) = read_bank(&[("a.toml".into(), text.into_bytes())]);
        assert_eq!(questions, []);
        assert!(faults.iter().any(|f| (f.row, f.code) == (7, "syntax")), "{faults:#?}");
        assert!(faults.iter().any(|f| (f.row, f.code) == (18, "bad_key")), "{faults:#?}");
        assert!(faults.iter().all(|f| f.row == 7 || f.row == 18), "{faults:#?}");
    }

    #[test]
    fn a_field_written_twice_and_a_lost_quote_are_told_in_chinese() {
        check("difficulty = 2", "difficulty = 2\ndifficulty = 3", &[(7, 1, "syntax")]);
        check("\"single\"", "\"single", &[(5, 15, "syntax")]);
        let (_, faults) = read_bank(&[("a.toml".into(), SOUND.replace("\"single\"", "\"single").into_bytes())]);
        assert!(faults[0].message.contains("引号不配对"), "{faults:?}");
    }

    #[test]
    fn text_that_is_not_utf_8_is_told_with_its_place() {
        let mut bytes = SOUND.as_bytes().to_vec();
        let at = SOUND.find("成年人").unwrap();
        bytes[at] = 0xB3;
        let (_, faults) = read_bank(&[("a.toml".into(), bytes)]);
        assert_eq!((faults[0].row, faults[0].column, faults[0].code), (7, 9, "encoding"));
    }
}
