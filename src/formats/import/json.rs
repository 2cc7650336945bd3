//! JSON: what Kejing itself exports (docs/formats.md), and plain arrays of objects under the names in common use, Chinese or English.

mod options;

use crate::domain::faults::Part;
use crate::domain::faults::letter;
use crate::domain::question::Choices;
use crate::domain::question::Kind;
use crate::domain::question::Media;
use crate::domain::question::Question;
use crate::formats::draft::tidy;
use crate::formats::import::At;
use crate::formats::import::Gravity;
use crate::formats::import::Item;
use crate::formats::import::Remark;
use crate::formats::import::found::Found;
use crate::formats::import::found::OPTIONS_SEEN_MAX;
use crate::formats::import::found::QUESTIONS_MAX;
use crate::formats::import::found::START;
use crate::formats::import::found::refusal;
use crate::formats::import::json::options::Options;
use crate::formats::import::markup;
use crate::formats::import::words::Asked;
use crate::formats::import::words::Scale;
use crate::formats::import::words::asked_of;
use crate::formats::import::words::level_of;
use crate::formats::import::words::truth;
use crate::formats::text::Lines;
use crate::formats::text::decode;
use serde::Deserialize;
use serde::de::MapAccess;
use serde::de::Visitor;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use std::fmt;

/// Stands in `format` of what Kejing exports; a change to the form is a new one.
pub(in crate::formats) const FORMAT: &str = "kejing/v1/questions";
/// Names of fields that are told as passed over; the rest is counted.
const TOLD_MAX: usize = 20;

pub(super) fn read(bytes: &[u8]) -> (Vec<Item>, Vec<Remark>) {
    let text = match decode(bytes) {
        Ok(text) => text,
        Err(place) => {
            let message = "这里的文字既不是 UTF-8，也不是 GB18030（GBK）编码";
            return (Vec::new(), vec![refusal(place.into(), "encoding", message)]);
        }
    };
    let mut file = File::of(&text);
    if let Err(remark) = file.read() {
        file.remarks.push(remark);
    }
    if !file.passed_over.is_empty() {
        let names: Vec<&str> = file.passed_over.iter().take(TOLD_MAX).map(String::as_str).collect();
        let more = if file.passed_over.len() > TOLD_MAX { " 等" } else { "" };
        let message = format!("这些字段没有用到：{}{more}", names.join("、"));
        file.remarks.push(Remark { gravity: Gravity::Note, ..refusal(START, "unknown_fields", message) });
    }
    (file.items, file.remarks)
}

/// An object's fields in their order, not yet read.
struct Fields<'t>(Vec<(String, &'t RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Fields<'de>, D::Error> {
        struct Gather;
        impl<'de> Visitor<'de> for Gather {
            type Value = Fields<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Fields<'de>, M::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Gather)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Id,
    Kind,
    Topic,
    Difficulty,
    Stem,
    Options,
    Option(usize),
    Key,
    /// Beside the right answer, in one list: the form of open trivia banks.
    Wrong,
    Explanation,
    Source,
    Contributor,
    Link,
    FixedOrder,
    Media,
}

impl Field {
    fn named(name: &str) -> Option<Field> {
        let name: String =
            name.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect();
        Some(match name.as_str() {
            "id" | "编号" | "题号" | "序号" | "questionid" => Field::Id,
            "kind" | "type" | "题型" | "类型" | "题目类型" | "questiontype" | "qtype" => Field::Kind,
            "topic" | "category" | "主题" | "分类" | "知识点" | "类别" | "subject" => Field::Topic,
            "difficulty" | "level" | "难度" | "难易度" | "难易程度" => Field::Difficulty,
            "stem" | "question" | "title" | "content" | "题干" | "题目" | "试题" | "问题" | "题目内容" | "问题内容"
            | "questiontext" => Field::Stem,
            "options" | "choices" | "answers" | "选项" | "选项列表" | "optionlist" => Field::Options,
            "key" | "answer" | "correct" | "correctanswer" | "correctanswers" | "rightanswer" | "答案" | "正确答案"
            | "正确选项" | "参考答案" | "标准答案" => Field::Key,
            "incorrectanswers" | "wronganswers" => Field::Wrong,
            "explanation" | "analysis" | "explain" | "解析" | "答案解析" | "试题解析" | "解释" => {
                Field::Explanation
            }
            "source" | "reference" | "来源" | "出处" | "依据" => Field::Source,
            "contributor" | "author" | "供题人" | "供题单位" | "出题人" | "作者" => Field::Contributor,
            "link" | "url" | "链接" => Field::Link,
            "fixedorder" | "选项不打乱" => Field::FixedOrder,
            "media" => Field::Media,
            name => {
                let name =
                    ["选项", "option", "choice"].iter().find_map(|front| name.strip_prefix(front)).unwrap_or(name);
                let mut chars = name.chars();
                let place = chars.next().filter(|c| c.is_ascii_lowercase()).filter(|_| chars.next().is_none())?;
                return Some(Field::Option(place as usize - 'a' as usize));
            }
        })
    }
}

struct File<'t> {
    text: &'t str,
    lines: Lines<'t>,
    /// Texts of our own form are plain, whatever they look like.
    ours: bool,
    topic: String,
    items: Vec<Item>,
    remarks: Vec<Remark>,
    passed_over: BTreeSet<String>,
}

impl<'t> File<'t> {
    fn of(text: &'t str) -> File<'t> {
        let (items, remarks) = (Vec::new(), Vec::new());
        let lines = Lines::of(text);
        File { text, lines, ours: false, topic: String::new(), items, remarks, passed_over: BTreeSet::new() }
    }

    fn read(&mut self) -> Result<(), Remark> {
        let whole: &RawValue = serde_json::from_str(self.text).map_err(|error| self.syntax(&error))?;
        let mut list = whole;
        if whole.get().starts_with('{') {
            let Fields(fields) = self.parsed(whole)?;
            let format = fields.iter().find(|(name, _)| name == "format").map(|(_, value)| value.get());
            self.ours = format.is_some_and(|format| serde_json::from_str::<String>(format).is_ok_and(|f| f == FORMAT));
            if !self.ours && format.is_some_and(|format| format.contains("kejing/")) {
                let message = format!("这是另一个版本的科竞导出文件（format 应为 {FORMAT}）");
                return Err(refusal(START, "unknown_format", message));
            }
            if let Some((_, topic)) = fields.iter().find(|(name, _)| name == "topic") {
                self.topic = serde_json::from_str(topic.get()).map(|text: String| tidy(&text)).unwrap_or_default();
            }
            if fields.iter().any(|(name, _)| Field::named(name) == Some(Field::Stem)) {
                self.read_question(whole);
                return Ok(());
            }
            let is_list = |value: &RawValue| value.get().starts_with('[');
            let lists: Vec<&RawValue> = fields.iter().map(|(_, value)| *value).filter(|value| is_list(value)).collect();
            let named =
                fields.iter().find(|(name, value)| is_list(value) && LISTS.contains(&name.to_lowercase().as_str()));
            list = match (named, lists.as_slice()) {
                (Some((_, list)), _) => list,
                (None, [only]) => only,
                _ => {
                    return Err(refusal(
                        START,
                        "no_questions",
                        "找不到题目：应是一个数组，或者有 questions 数组的对象",
                    ));
                }
            };
        }
        let questions: Vec<&RawValue> = self.parsed(list)?;
        if questions.is_empty() {
            return Err(refusal(START, "no_questions", "文件里没有题目"));
        }
        for question in questions.iter().take(QUESTIONS_MAX) {
            self.read_question(question);
        }
        if let Some(first) = questions.get(QUESTIONS_MAX) {
            let message = format!("超过了 {QUESTIONS_MAX} 道题，后面的没有读");
            return Err(refusal(self.at(first), "too_many_questions", message));
        }
        Ok(())
    }

    /// A value lies in the text: its place is where it begins.
    fn at(&self, value: &RawValue) -> At {
        let from = (value.get().as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        self.lines.place(from).into()
    }

    fn parsed<T: Deserialize<'t>>(&self, value: &'t RawValue) -> Result<T, Remark> {
        serde_json::from_str(value.get()).map_err(|_| refusal(self.at(value), "wrong_type", "这里应是数组或对象"))
    }

    fn syntax(&self, error: &serde_json::Error) -> Remark {
        let line_start =
            self.text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
        let at = self.lines.place(line_start + error.column().saturating_sub(1)).into();
        match error.is_eof() {
            true => refusal(at, "truncated", "文件不完整：括号或引号还没有结束，文件就完了"),
            false => refusal(at, "syntax", format!("JSON 写法有误（{}）", told(error))),
        }
    }

    fn read_question(&mut self, value: &'t RawValue) {
        let mut found = Found::at(self.at(value), value.get());
        match self.parsed::<Fields<'t>>(value) {
            Ok(Fields(fields)) => {
                found.draft.topic.clone_from(&self.topic);
                let mut record = Record { file: self, found: &mut found, fields: Vec::new() };
                record.gather(&fields);
                record.read();
            }
            Err(_) => found.refuse(Part::Whole, "wrong_type", "一道题应是一个对象 { }"),
        }
        self.items.push(found.finish());
    }
}

/// Where lists of questions are usually kept.
const LISTS: [&str; 9] = ["questions", "items", "data", "list", "results", "rows", "题目", "试题", "题库"];

fn told(error: &serde_json::Error) -> String {
    let told = error.to_string();
    told.split(" at line ").next().unwrap_or_default().chars().take(80).collect()
}

struct Record<'r, 't> {
    file: &'r mut File<'t>,
    found: &'r mut Found,
    fields: Vec<(Field, At, Value)>,
}

impl<'t> Record<'_, 't> {
    fn gather(&mut self, fields: &[(String, &'t RawValue)]) {
        for (name, raw) in fields {
            let at = self.file.at(raw);
            let Some(field) = Field::named(name) else {
                if self.file.ours {
                    let name: String = name.chars().take(40).collect();
                    self.found.note(Gravity::ToCheck, at, Part::Whole, "unknown_field", format!("不认识的字段 {name}"));
                } else if self.file.passed_over.len() <= TOLD_MAX {
                    self.file.passed_over.insert(name.chars().take(40).collect());
                }
                continue;
            };
            if self.fields.iter().any(|(known, _, _)| *known == field) {
                let message = format!("字段 {name} 与前面的一个字段说的是同一件事：用了前面的");
                self.found.note(Gravity::ToCheck, at, Part::Whole, "same_field", message);
                continue;
            }
            match serde_json::from_str(raw.get()) {
                Ok(value) => self.fields.push((field, at, value)),
                Err(_) => self.found.note(Gravity::Refused, at, Part::Whole, "too_deep", "括号套得太深"),
            }
        }
    }

    fn value(&self, field: Field) -> Option<(At, &Value)> {
        let found = self.fields.iter().find(|(known, _, value)| *known == field && !value.is_null());
        found.map(|(_, at, value)| (*at, value))
    }

    /// A field's text; a number is as good as one.
    fn text(&mut self, field: Field, part: Part) -> String {
        match self.value(field).map(|(at, value)| (at, value.clone())) {
            None => String::new(),
            Some((_, Value::String(text))) => self.plain(&text, part),
            Some((_, Value::Number(number))) => number.to_string(),
            Some((at, _)) => {
                self.found.note(Gravity::Refused, at, part, "wrong_type", "这里应是一段文字");
                String::new()
            }
        }
    }

    /// Other systems keep HTML in their texts.
    fn plain(&mut self, text: &str, part: Part) -> String {
        if self.file.ours || !(markup::is_marked_up(text) || text.contains('&')) {
            return tidy(text);
        }
        let (plain, lost) = markup::of_either(text);
        markup::tell(self.found, part, &lost);
        if lost.is_empty() && plain != tidy(text) {
            self.found.check(part, "markup_dropped", "这里的 HTML 标签已经去掉，只留下了文字");
        }
        plain
    }

    fn read(&mut self) {
        self.found.draft.stem = self.text(Field::Stem, Part::Stem);
        self.found.draft.explanation = self.text(Field::Explanation, Part::Explanation);
        self.found.draft.source = self.text(Field::Source, Part::Source);
        let topic = self.text(Field::Topic, Part::Topic);
        if !topic.is_empty() {
            self.found.draft.topic = topic;
        }
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        self.found.draft.contributor = some(self.text(Field::Contributor, Part::Contributor));
        self.found.draft.link = some(self.text(Field::Link, Part::Link));
        self.read_difficulty();
        self.read_fixed_order();
        self.read_media();
        let asked = self.read_kind();
        let options = self.read_options();
        self.read_key(asked, options);
    }

    fn read_difficulty(&mut self) {
        let text = self.text(Field::Difficulty, Part::Difficulty);
        if text.is_empty() {
            return;
        }
        match level_of(&text, Scale::OneToThree) {
            Some((level, assumed)) => {
                self.found.draft.difficulty = Some(level);
                if let Some(message) = assumed {
                    self.found.check(Part::Difficulty, "difficulty_scale", message);
                }
            }
            None => {
                let text: String = text.chars().take(20).collect();
                let message = format!("看不懂难度「{text}」，空着：应是 易、中、难 或 1、2、3");
                self.found.check(Part::Difficulty, "bad_difficulty", message);
            }
        }
    }

    fn read_fixed_order(&mut self) {
        let fixed = match self.value(Field::FixedOrder) {
            None => Some(false),
            Some((_, Value::Bool(fixed))) => Some(*fixed),
            Some((_, Value::String(text))) if ["是", "否", ""].contains(&text.trim()) => Some(text.trim() == "是"),
            Some(_) => None,
        };
        match fixed {
            Some(fixed) => self.found.draft.fixed_order = fixed,
            None => self.found.refuse(Part::Options, "wrong_type", "fixed_order 应是 true 或 false"),
        }
    }

    fn read_media(&mut self) {
        let Some((at, value)) = self.value(Field::Media) else { return };
        match Media::deserialize(value) {
            Ok(media) => self.found.draft.media = Some(media),
            Err(_) => {
                let message = "图片应写作 {\"file\": \"……\", \"width\": 640, \"height\": 480, \"alt\": \"……\"}";
                self.found.note(Gravity::ToCheck, at, Part::Media, "bad_media", message);
            }
        }
    }

    /// `Ok(None)`: the file does not say it.
    fn read_kind(&mut self) -> Result<Option<Kind>, ()> {
        let text = self.text(Field::Kind, Part::Kind);
        let word: String =
            text.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect();
        match word.as_str() {
            "" => return Ok(None),
            // Open trivia banks call a question of one right answer so.
            "multiple" if self.value(Field::Wrong).is_some() => return Ok(Some(Kind::Single)),
            // A question with options to choose from, of which one or several are right.
            "multiplechoice" => return Ok(None),
            "boolean" | "yesno" => return Ok(Some(Kind::TrueFalse)),
            "singleselect" => return Ok(Some(Kind::Single)),
            "multichoice" | "multiselect" | "multipleselect" | "multipleresponse" => return Ok(Some(Kind::Multiple)),
            _ => {}
        }
        match asked_of(&text) {
            Some(Asked::Known(kind)) => Ok(Some(kind)),
            Some(Asked::Choice | Asked::AnyNumber) => Ok(None),
            Some(Asked::Unsupported(_)) | None => {
                let text: String = text.chars().take(20).collect();
                let message = format!("这是「{text}」：这里只有判断题、单选题和多选题");
                self.found.refuse(Part::Kind, "unsupported_kind", message);
                Err(())
            }
        }
    }

    /// The options with the names that the file gives them, and those that it marks as right.
    fn read_options(&mut self) -> Options {
        let mut options = Options { letters_only: self.file.ours, ..Options::default() };
        let mut lettered: Vec<(usize, Value)> = Vec::new();
        for (field, _, value) in &self.fields {
            if let Field::Option(place) = field
                && !value.is_null()
                && value.as_str().is_none_or(|text| !text.trim().is_empty())
            {
                lettered.push((*place, value.clone()));
            }
        }
        lettered.sort_by_key(|(place, _)| *place);
        match self.value(Field::Options).map(|(at, value)| (at, value.clone())) {
            None => {
                for (place, value) in lettered {
                    self.add_option(&mut options, Some(letter(place).to_string()), &value);
                }
            }
            Some((_, Value::Array(list))) => list.iter().for_each(|value| self.add_option(&mut options, None, value)),
            Some((_, Value::Object(map))) => {
                let mut named: Vec<(String, Value)> = map.into_iter().collect();
                named.sort_by(|a, b| a.0.cmp(&b.0));
                named.into_iter().for_each(|(name, value)| self.add_option(&mut options, Some(name), &value));
            }
            Some((_, Value::String(text))) => {
                let lines = text.split(['\n', '|']).map(str::trim).filter(|line| !line.is_empty());
                lines.for_each(|line| self.add_option(&mut options, None, &Value::String(line.to_owned())));
                if !options.texts.is_empty() {
                    self.found.check(Part::Options, "options_split", "选项写在一段文字里，按换行或 | 分开了");
                }
            }
            Some((at, _)) => self.found.note(Gravity::Refused, at, Part::Options, "wrong_type", "选项应是数组"),
        }
        if !self.file.ours {
            options.take_letters_off();
        }
        options
    }

    fn add_option(&mut self, options: &mut Options, name: Option<String>, value: &Value) {
        let place = options.texts.len();
        let part = Part::Option(place);
        // One more than are looked at: the question is refused for it.
        if place > OPTIONS_SEEN_MAX {
            return;
        }
        let pick = |map: &serde_json::Map<String, Value>, names: &[&str]| {
            map.iter().find(|(name, _)| names.contains(&name.to_lowercase().as_str())).map(|(_, value)| value.clone())
        };
        let (name, text) = match value {
            Value::String(text) => (name, self.plain(text, part)),
            Value::Number(number) => (name, number.to_string()),
            Value::Object(map) => {
                let named = pick(map, &["label", "letter", "key", "id", "name", "选项"])
                    .and_then(|v| v.as_str().map(str::to_owned));
                let text = pick(map, &["text", "content", "value", "answer", "option", "title", "内容", "选项内容"]);
                let flag = pick(
                    map,
                    &["correct", "iscorrect", "is_correct", "right", "isright", "is_right", "isanswer", "是否正确"],
                );
                match &flag {
                    Some(Value::Bool(true)) => options.flagged.push(place),
                    Some(Value::Number(n)) if n.as_u64() == Some(1) => options.flagged.push(place),
                    _ => {}
                }
                options.has_flags |= flag.is_some();
                let text = match text {
                    Some(Value::String(text)) => self.plain(&text, part),
                    Some(Value::Number(number)) => number.to_string(),
                    _ => String::new(),
                };
                (named.or(name), text)
            }
            _ => {
                self.found.refuse(part, "wrong_type", "选项应是一段文字");
                (name, String::new())
            }
        };
        options.names.push(name.map(|name| name.trim().to_owned()));
        options.texts.push(text);
    }

    fn read_key(&mut self, asked: Result<Option<Kind>, ()>, mut options: Options) {
        let Ok(asked) = asked else {
            return self.found.set_options(options.texts);
        };
        let key = self.value(Field::Key).map(|(at, value)| (at, value.clone()));
        if let Some(wrong) = self.value(Field::Wrong).and_then(|(_, value)| value.as_array().cloned()) {
            // The right answer comes first; papers shuffle.
            if let Some((_, Value::String(right))) = &key {
                options = Options::default();
                self.add_option(&mut options, None, &Value::String(right.clone()));
                options.flagged.push(0);
                options.has_flags = true;
                wrong.iter().for_each(|value| self.add_option(&mut options, None, value));
            }
        }
        let truth = match &key {
            Some((_, Value::Bool(truth))) => Some(*truth),
            Some((_, Value::String(text))) => truth(text),
            Some((_, Value::Number(n))) if asked == Some(Kind::TrueFalse) => {
                n.as_u64().filter(|n| *n < 2).map(|n| n == 1)
            }
            _ => None,
        };
        let pair = options.truths();
        if asked == Some(Kind::TrueFalse)
            || (asked.is_none() && truth.is_some() && (options.texts.is_empty() || pair.is_some()))
        {
            let right = options.right(key.as_ref().map(|(_, value)| value));
            let by_option = right.as_deref().ok().and_then(|places| pair.as_ref()?.get(*places.first()?).copied());
            self.found.set_truth(true);
            match by_option.or(truth).or_else(|| letter_truth(&key, options.texts.is_empty())) {
                Some(truth) => {
                    self.found.set_truth(truth);
                    self.tell_doubts_of_truth(key.as_ref().map(|(_, value)| value), by_option, truth);
                }
                None => {
                    self.found.draft.key = Choices::NONE;
                    let (at, code) = key.as_ref().map_or((self.found.at, "missing_key"), |(at, _)| (*at, "bad_key"));
                    self.found.note(Gravity::Refused, at, Part::Key, code, "判断题的答案应是「正确」或「错误」");
                }
            }
            if pair.is_none() && !options.texts.is_empty() {
                self.found.refuse(Part::Options, "bad_options", "判断题的选项只能是「正确」「错误」，也可以不写");
            }
        } else {
            let right = options.right(key.as_ref().map(|(_, value)| value));
            self.found.set_options(std::mem::take(&mut options.texts));
            match right {
                Ok(right) => {
                    self.found.set_key(asked.map_or(right.len() > 1, |kind| kind == Kind::Multiple), &right);
                    if options.counted_from_0 {
                        let message =
                            format!("答案是数字，从 0 数起当作选项 {}", letter(right.first().copied().unwrap_or(0)));
                        self.found.check(Part::Key, "counted_from_0", message);
                    }
                }
                Err(message) => {
                    self.found.draft.kind = Some(asked.unwrap_or(Kind::Single));
                    let (at, code) = key.as_ref().map_or((self.found.at, "missing_key"), |(at, _)| (*at, "bad_key"));
                    self.found.note(Gravity::Refused, at, Part::Key, code, message);
                }
            }
        }
        if asked.is_none() {
            let name = self.found.draft.kind.map(Kind::name).unwrap_or_default();
            self.found.check(Part::Kind, "kind_assumed", format!("文件里没有写明题型，按答案当作{name}"));
        }
    }
}

impl Record<'_, '_> {
    /// A figure beside two options may count them or say right and wrong; a letter without options names none that is there.
    fn tell_doubts_of_truth(&mut self, key: Option<&Value>, by_option: Option<bool>, truth: bool) {
        let meant = if truth { Question::TRUE } else { Question::FALSE };
        match key {
            Some(Value::Number(_)) if by_option.is_some() => {
                let message = format!("答案是数字，从 0 数起当作选项「{meant}」");
                self.found.check(Part::Key, "counted_from_0", message);
            }
            Some(Value::String(text)) if by_option.is_none() && letter_truth_of(text).is_some() => {
                let message = format!("没有写选项，答案「{}」当作「{meant}」（A 正确，B 错误）", text.trim());
                self.found.check(Part::Key, "key_assumed", message);
            }
            _ => {}
        }
    }
}

/// A and B stand for 正确 and 错误 where a true/false question has no options of its own.
fn letter_truth(key: &Option<(At, Value)>, bare: bool) -> Option<bool> {
    let (_, Value::String(text)) = key.as_ref()? else { return None };
    letter_truth_of(text).filter(|_| bare)
}

fn letter_truth_of(text: &str) -> Option<bool> {
    match text.trim() {
        "A" | "a" => Some(true),
        "B" | "b" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
