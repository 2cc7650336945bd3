//! What is wrong with the questions of a bank: everything at once, so that an editor mends it in one go.

use crate::domain::ids::QuestionId;
use crate::domain::question::Kind;
use crate::domain::question::Media;
use crate::domain::question::OPTIONS_MAX;
use crate::domain::question::Question;
use serde::Serialize;
use std::collections::HashMap;
use std::fmt;

/// Lengths in characters; what is longer does not fit a phone's screen and is refused.
const STEM_MAX: usize = 500;
const OPTION_MAX: usize = 200;
const EXPLANATION_MAX: usize = 1000;
const SOURCE_MAX: usize = 300;
const TOPIC_MAX: usize = 40;
const CONTRIBUTOR_MAX: usize = 100;
const LINK_MAX: usize = 500;
const ALT_MAX: usize = 300;
const FILE_MAX: usize = 200;
const ID_MAX: usize = 40;
/// Pixels; a phone shows no more.
const MEDIA_SIDE_MAX: u32 = 4096;
const MEDIA_ENDINGS: [&str; 5] = [".png", ".jpg", ".jpeg", ".webp", ".gif"];

/// A fault and its place in a file, told to whoever wrote the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    pub file: String,
    /// The line of a text file or the row of a spreadsheet, from 1.
    pub row: u32,
    /// The character in the line or the cell in the row, from 1.
    pub column: u32,
    /// For programs.
    pub code: &'static str,
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} 第 {} 行第 {} 列：{}", self.file, self.row, self.column, self.message)
    }
}

/// A part of a question, for pointing at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    Whole,
    Id,
    Kind,
    Topic,
    Difficulty,
    Stem,
    Options,
    /// One option, by its place from 0.
    Option(usize),
    Key,
    Explanation,
    Source,
    Contributor,
    Link,
    Media,
}

impl Part {
    /// For programs; options count from 0: `option:0`.
    pub fn code(self) -> String {
        let plain = match self {
            Part::Option(place) => return format!("option:{place}"),
            Part::Whole => "whole",
            Part::Id => "id",
            Part::Kind => "kind",
            Part::Topic => "topic",
            Part::Difficulty => "difficulty",
            Part::Stem => "stem",
            Part::Options => "options",
            Part::Key => "key",
            Part::Explanation => "explanation",
            Part::Source => "source",
            Part::Contributor => "contributor",
            Part::Link => "link",
            Part::Media => "media",
        };
        plain.to_owned()
    }
}

/// A fault of one question of a list, before anyone says where the list came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuestionFault {
    /// The question's place in the list.
    pub question: usize,
    pub part: Part,
    pub code: &'static str,
    pub message: String,
    /// The question that it collides with.
    pub other: Option<usize>,
}

/// All faults of a list of questions; a bank is published only without any.
pub fn faults_of(questions: &[Question]) -> Vec<QuestionFault> {
    let mut found = Vec::new();
    for (place, question) in questions.iter().enumerate() {
        let mut faults = Faults { question: place, found: &mut found };
        faults.of_texts(question);
        faults.of_options(question);
        faults.of_key(question);
        if let Some(media) = &question.media {
            faults.of_media(media);
        }
    }
    find_twins(questions, &mut found);
    found
}

struct Faults<'a> {
    question: usize,
    found: &'a mut Vec<QuestionFault>,
}

impl Faults<'_> {
    fn add(&mut self, part: Part, code: &'static str, message: impl Into<String>) {
        self.found.push(QuestionFault { question: self.question, part, code, message: message.into(), other: None });
    }

    fn of_texts(&mut self, q: &Question) {
        self.of_id(&q.id);
        self.of_line(Part::Topic, "主题", &q.topic, TOPIC_MAX);
        if !(1..=3).contains(&q.difficulty) {
            self.add(Part::Difficulty, "bad_difficulty", "难度只能是 1（易）、2（中）、3（难）");
        }
        self.of_text(Part::Stem, "题干", &q.stem, STEM_MAX);
        self.of_text(Part::Explanation, "解析", &q.explanation, EXPLANATION_MAX);
        self.of_line(Part::Source, "来源", &q.source, SOURCE_MAX);
        if let Some(contributor) = &q.contributor {
            self.of_line(Part::Contributor, "供题人", contributor, CONTRIBUTOR_MAX);
        }
        if let Some(link) = &q.link {
            self.of_line(Part::Link, "链接", link, LINK_MAX);
            let web = link.starts_with("https://") || link.starts_with("http://");
            if !web || link.contains(char::is_whitespace) {
                self.add(Part::Link, "bad_link", "链接应以 https:// 或 http:// 开头，中间没有空格");
            }
        }
    }

    fn of_id(&mut self, id: &QuestionId) {
        let id = id.as_str();
        if id.is_empty() {
            self.add(Part::Id, "missing_id", "没有编号");
        } else if id.len() > ID_MAX || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            self.add(Part::Id, "bad_id", format!("编号只能用英文字母、数字、- 和 _，最多 {ID_MAX} 个"));
        }
    }

    /// A text that has no line breaks.
    fn of_line(&mut self, part: Part, name: &str, text: &str, max: usize) {
        if text.contains('\n') {
            self.add(part, "line_break", format!("{name}里不能换行"));
        }
        self.of_text(part, name, text, max);
    }

    fn of_text(&mut self, part: Part, name: &str, text: &str, max: usize) {
        if text.trim().is_empty() {
            self.add(part, "empty", format!("没有{name}"));
            return;
        }
        if text.trim() != text {
            self.add(part, "blank_edge", format!("{name}的前后有多余的空白"));
        }
        let length = text.chars().count();
        if length > max {
            self.add(part, "too_long", format!("{name}有 {length} 个字，最多 {max} 个"));
        }
        if let Some(c) = text.chars().find(|&c| is_unseen(c)) {
            let code = c as u32;
            self.add(part, "unseen_character", format!("{name}里有看不见或无法显示的字符（U+{code:04X}）"));
        }
    }

    fn of_options(&mut self, q: &Question) {
        for (place, option) in q.options.iter().enumerate().take(OPTIONS_MAX) {
            let part = Part::Option(place);
            self.of_line(part, &format!("选项 {}", letter(place)), option, OPTION_MAX);
            if let Some(first) = q.options[..place].iter().position(|o| same(o) == same(option)) {
                let message = format!("选项 {} 与选项 {} 相同", letter(place), letter(first));
                self.add(part, "same_option", message);
            }
            if !q.fixed_order && points_at_others(option) {
                let message = format!("选项会打乱，「{option}」就没有所指：请改写，或标明选项不打乱");
                self.add(part, "points_at_others", message);
            }
        }
        let count = q.options.len();
        match q.kind {
            Kind::TrueFalse if q.options != [Question::TRUE, Question::FALSE] => {
                self.add(Part::Options, "bad_options", "判断题的选项只能是「正确」「错误」，也可以不写");
            }
            Kind::Single if !(2..=OPTIONS_MAX).contains(&count) => {
                self.add(
                    Part::Options,
                    "bad_options",
                    format!("单选题要有 2 到 {OPTIONS_MAX} 个选项，这里有 {count} 个"),
                );
            }
            Kind::Multiple if !(3..=OPTIONS_MAX).contains(&count) => {
                self.add(
                    Part::Options,
                    "bad_options",
                    format!("多选题要有 3 到 {OPTIONS_MAX} 个选项，这里有 {count} 个"),
                );
            }
            _ => {}
        }
    }

    fn of_key(&mut self, q: &Question) {
        if let Some(place) = q.key.places().find(|&place| place >= q.options.len()) {
            self.add(Part::Key, "bad_key", format!("答案里的 {} 没有对应的选项", letter(place)));
        }
        match (q.kind, q.key.count()) {
            (_, 0) => self.add(Part::Key, "bad_key", "没有答案"),
            (Kind::TrueFalse, 2..) => self.add(Part::Key, "bad_key", "判断题的答案只能是「正确」或「错误」"),
            (Kind::Single, 2..) => self.add(Part::Key, "bad_key", "单选题只能有一个答案；有几个答案的是多选题"),
            (Kind::Multiple, 1) => self.add(Part::Key, "bad_key", "多选题至少要有两个答案；只有一个的是单选题"),
            _ => {}
        }
    }

    fn of_media(&mut self, media: &Media) {
        self.of_line(Part::Media, "图片文件名", &media.file, FILE_MAX);
        self.of_line(Part::Media, "图片的替代文字", &media.alt, ALT_MAX);
        let lower = media.file.to_ascii_lowercase();
        if !MEDIA_ENDINGS.iter().any(|ending| lower.ends_with(ending)) {
            let endings = MEDIA_ENDINGS.join(" ");
            self.add(Part::Media, "bad_media", format!("图片文件名的结尾只能是 {endings}"));
        }
        // The path is joined to the bank's folder: it must not lead out of it, on any system.
        let strays = |part: &str| part.is_empty() || part.starts_with('.');
        if media.file.contains(['\\', ':', '?', '#', '%']) || media.file.split('/').any(strays) {
            self.add(Part::Media, "bad_media", "图片文件名应是题库 media 文件夹里的路径，如 plants/yaoshan.webp");
        }
        let side = 1..=MEDIA_SIDE_MAX;
        if !side.contains(&media.width) || !side.contains(&media.height) {
            self.add(Part::Media, "bad_media", format!("图片的宽和高应在 1 到 {MEDIA_SIDE_MAX} 像素之间"));
        }
    }
}

/// The name of an option in files: A, B, …
pub fn letter(place: usize) -> char {
    u8::try_from(place).ok().filter(|&p| p < 26).map_or('?', |p| char::from(b'A' + p))
}

/// Ids that are used twice, and questions that are the same but for spaces and punctuation.
fn find_twins(questions: &[Question], found: &mut Vec<QuestionFault>) {
    let mut ids = HashMap::new();
    let mut contents = HashMap::new();
    for (place, q) in questions.iter().enumerate() {
        let mut twin = |first: usize, part, code, message: &str| {
            found.push(QuestionFault { question: place, part, code, message: message.into(), other: Some(first) });
        };
        if !q.id.as_str().is_empty() {
            let first = *ids.entry(&q.id).or_insert(place);
            if first != place {
                twin(first, Part::Id, "same_id", "编号与另一道题相同");
            }
        }
        // "下列说法正确的是" may open many questions: only with the same options and picture is it the same one.
        let mut options: Vec<String> = q.options.iter().map(|o| same(o)).collect();
        options.sort();
        let stem = same(&q.stem);
        if !stem.is_empty() {
            let media = q.media.as_ref().map(|m| &m.file);
            let first = *contents.entry((stem, options, media)).or_insert(place);
            if first != place {
                twin(first, Part::Stem, "same_question", "与另一道题的题干和选项相同");
            }
        }
    }
}

/// The text as it is compared: without spaces and punctuation, capitals as small letters. Signs that change a
/// number or a formula stay.
pub fn same(text: &str) -> String {
    let passed_over = |c: char| {
        c.is_whitespace()
            || matches!(c, '，' | '。' | '？' | '！' | '：' | '；' | '、' | ',' | '.' | '?' | '!' | ':' | ';')
            || matches!(
                c,
                '（' | '）' | '(' | ')' | '“' | '”' | '"' | '‘' | '’' | '\'' | '「' | '」' | '《' | '》' | '_'
            )
    };
    let kept: String = text.chars().filter(|&c| !passed_over(c)).flat_map(char::to_lowercase).collect();
    // "1.5" and "15" differ, and "（　）" alone is something.
    if text.chars().any(|c| c.is_ascii_digit()) || kept.is_empty() {
        text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
    } else {
        kept
    }
}

/// 以上都对 and its like: what it points at is elsewhere once the options are shuffled. 以上海为例 is none.
fn points_at_others(option: &str) -> bool {
    let rest = option.strip_prefix("以上").or_else(|| option.strip_prefix("上述"));
    rest.is_some_and(|rest| {
        rest.is_empty()
            || rest
                .starts_with(['都', '均', '皆', '全', '选', '各', '几', '所', '答', '说', '两', '三', '四', '，', '、'])
    })
}

/// Control characters, marks that turn or join text unseen, and the sign that stands for lost bytes.
pub(crate) fn is_unseen(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFD}')
        || matches!(c, '\u{E000}'..='\u{F8FF}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::question::Choices;

    fn single() -> Question {
        Question {
            id: QuestionId("q1".into()),
            kind: Kind::Single,
            topic: "卫生健康".into(),
            difficulty: 1,
            stem: "成年人正常的体温大约是多少？".into(),
            options: ["36.5℃", "33.5℃", "39.5℃", "42.5℃"].map(String::from).into(),
            key: Choices(1),
            fixed_order: false,
            explanation: "口腔温度大约在 36.3℃ 到 37.2℃ 之间。".into(),
            source: "人教版生物学教材".into(),
            contributor: None,
            link: None,
            media: None,
        }
    }

    fn codes(questions: &[Question]) -> Vec<(Part, &'static str)> {
        faults_of(questions).into_iter().map(|f| (f.part, f.code)).collect()
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut Question), expected: &[(Part, &'static str)]) {
        let mut question = single();
        change(&mut question);
        assert_eq!(codes(&[question]), expected);
    }

    #[test]
    fn a_sound_question_has_no_fault() {
        check(|_| {}, &[]);
        check(|q| q.options.truncate(2), &[]);
        check(|q| (q.kind, q.key) = (Kind::Multiple, Choices(0b1111)), &[]);
        check(|q| q.options[1] = "以上海为例".into(), &[]);
        check(|q| q.media = Some(Media { file: "a/b.PNG".into(), width: 9, height: 9, alt: "温度计".into() }), &[]);
        check(
            |q| {
                q.kind = Kind::TrueFalse;
                q.options = vec![Question::TRUE.into(), Question::FALSE.into()];
            },
            &[],
        );
    }

    #[test]
    fn each_fault_is_told_with_its_part() {
        use Part::{Difficulty, Explanation, Id, Key, Link, Option, Options, Source, Stem, Topic};
        check(|q| q.id = QuestionId::default(), &[(Id, "missing_id")]);
        check(|q| q.id = QuestionId("编号".into()), &[(Id, "bad_id")]);
        check(|q| q.topic.clear(), &[(Topic, "empty")]);
        check(|q| q.difficulty = 4, &[(Difficulty, "bad_difficulty")]);
        check(|q| q.stem = "　".into(), &[(Stem, "empty")]);
        check(|q| q.stem = "字".repeat(501), &[(Stem, "too_long")]);
        check(|q| q.stem = "看不见\u{200B}的字".into(), &[(Stem, "unseen_character")]);
        check(|q| q.stem.push('\u{7}'), &[(Stem, "unseen_character")]);
        check(|q| q.stem.push(' '), &[(Stem, "blank_edge")]);
        check(|q| q.explanation.clear(), &[(Explanation, "empty")]);
        check(|q| q.source.clear(), &[(Source, "empty")]);
        check(|q| q.source.push_str("\n第二行"), &[(Source, "line_break")]);
        check(|q| q.link = Some("www.gx.cn".into()), &[(Link, "bad_link")]);
        check(|q| q.options[2] = " 36.5 ℃".trim().into(), &[(Option(2), "same_option")]);
        check(|q| q.options[3] = "以上都不对".into(), &[(Option(3), "points_at_others")]);
        check(|q| q.options.truncate(1), &[(Options, "bad_options")]);
        check(|q| q.options = (0..9).map(|n| format!("第{n}项")).collect(), &[(Options, "bad_options")]);
        check(|q| q.kind = Kind::Multiple, &[(Key, "bad_key")]);
        check(|q| q.key = Choices(0b11), &[(Key, "bad_key")]);
        check(|q| q.key = Choices::NONE, &[(Key, "bad_key")]);
        check(|q| q.key = Choices(1 << 4), &[(Key, "bad_key")]);
        check(|q| q.kind = Kind::TrueFalse, &[(Options, "bad_options")]);
    }

    #[test]
    fn a_picture_needs_words_a_size_and_a_path_that_stays_inside() {
        let picture = |file: &str| Media { file: file.into(), width: 640, height: 480, alt: "瑶山苣苔".into() };
        for path in ["../secret.png", "/etc/a.png", "a//b.png", "a\\b.png", "C:a.png", ".hidden.png", "a/./b.png"] {
            check(|q| q.media = Some(picture(path)), &[(Part::Media, "bad_media")]);
        }
        check(|q| q.media = Some(picture("a.svg")), &[(Part::Media, "bad_media")]);
        check(|q| q.media = Some(Media { alt: String::new(), ..picture("a.png") }), &[(Part::Media, "empty")]);
        check(|q| q.media = Some(Media { width: 0, ..picture("a.png") }), &[(Part::Media, "bad_media")]);
    }

    #[test]
    fn all_faults_of_all_questions_are_told_at_once() {
        let mut first = single();
        first.key = Choices::NONE;
        first.difficulty = 0;
        let mut second = single();
        second.source.clear();
        let found = faults_of(&[first, second]);
        let told: Vec<_> = found.iter().map(|f| (f.question, f.code, f.other)).collect();
        assert_eq!(
            told,
            [
                (0, "bad_difficulty", None),
                (0, "bad_key", None),
                (1, "empty", None),
                (1, "same_id", Some(0)),
                (1, "same_question", Some(0))
            ]
        );
    }

    #[test]
    fn a_question_is_the_same_but_for_punctuation_only_with_the_same_options() {
        let second = |change: fn(&mut Question)| {
            let mut q = single();
            q.id = QuestionId("q2".into());
            change(&mut q);
            codes(&[single(), q])
        };
        assert_eq!(second(|q| q.stem = "成年人正常的体温，大约是多少".into()), [(Part::Stem, "same_question")]);
        assert_eq!(second(|q| q.options.reverse()), [(Part::Stem, "same_question")]);
        assert_eq!(second(|q| q.options[1] = "30.0℃".into()), []);
    }
}
