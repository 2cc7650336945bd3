//! Moodle XML: multiple choice and true/false as Moodle exports them (docs.moodle.org, "Moodle XML format"); every other type is refused with its place.

use crate::domain::faults::Part;
use crate::domain::question::Choices;
use crate::formats::aside::Aside;
use crate::formats::draft::tidy;
use crate::formats::import::Item;
use crate::formats::import::Remark;
use crate::formats::import::found::Found;
use crate::formats::import::found::QUESTIONS_MAX;
use crate::formats::import::found::START;
use crate::formats::import::found::refusal;
use crate::formats::import::markup;
use crate::formats::import::markup::Lost;
use crate::formats::import::weights::Choosing;
use crate::formats::import::weights::weigh;
use crate::formats::import::words::level;
use crate::formats::import::xml::Document;
use crate::formats::import::xml::Element;
use crate::formats::import::xml::Node;
use crate::formats::import::xml::XmlFault;
use crate::formats::text::decode;
use std::collections::BTreeSet;

pub(super) fn read(bytes: &[u8]) -> (Vec<Item>, Vec<Remark>) {
    let text = match decode(bytes) {
        Ok(text) => text,
        Err(place) => return (Vec::new(), vec![refusal(place.into(), "encoding", "这里的文字不是 UTF-8 编码")]),
    };
    let mut quiz = Quiz::default();
    if let Err(fault) = quiz.read(&text) {
        quiz.remarks.push(refusal(fault.at, fault.code, fault.message));
    }
    (quiz.items, quiz.remarks)
}

#[derive(Default)]
struct Quiz {
    items: Vec<Item>,
    remarks: Vec<Remark>,
    /// Of the category that was named last.
    topic: String,
}

impl Quiz {
    fn read(&mut self, text: &str) -> Result<(), XmlFault> {
        let mut document = Document::open(text)?;
        if document.root.name != "quiz" {
            let message = format!("这不是 Moodle XML：最外层应是 <quiz>，这里是 <{}>", document.root.name);
            self.remarks.push(refusal(document.root.at, "unknown_format", message));
            return Ok(());
        }
        loop {
            let from = document.read_so_far();
            let Some(node) = document.next()? else { break };
            let Node::Element(element) = node else { continue };
            if element.name != "question" {
                self.remarks.push(refusal(element.at, "unknown_element", format!("不认识的标签 <{}>", element.name)));
                continue;
            }
            if self.items.len() >= QUESTIONS_MAX {
                let message = format!("超过了 {QUESTIONS_MAX} 道题，后面的没有读");
                self.remarks.push(refusal(element.at, "too_many_questions", message));
                break;
            }
            let source = document.source(from, document.read_so_far());
            self.read_question(&element, source);
        }
        if self.items.is_empty() && self.remarks.is_empty() {
            self.remarks.push(refusal(START, "no_questions", "文件里没有题目"));
        }
        Ok(())
    }

    fn read_question(&mut self, element: &Element, source: &str) {
        let kind = element.attribute("type").unwrap_or_default();
        if kind == "category" {
            let path = element.child("category").map(inner_text).unwrap_or_default();
            self.topic = topic_of(&path);
            return;
        }
        let mut question = Question { element, found: Found::at(element.at, source) };
        question.found.draft.topic.clone_from(&self.topic);
        question.read(kind);
        self.items.push(question.found.finish());
    }
}

/// The last part of `$course$/top/卫生健康`. A slash in a name is written twice.
pub(in crate::formats) fn topic_of(path: &str) -> String {
    const SLASH: &str = "\u{0}";
    let path = path.trim().replace("//", SLASH);
    let mut parts: Vec<&str> = path.split('/').map(str::trim).collect();
    // The context, and the root that every context has, are no topics.
    let is_context = |part: &&str| part.len() > 1 && part.starts_with('$') && part.ends_with('$');
    if parts.first().is_some_and(is_context) {
        parts.remove(0);
    }
    if parts.first() == Some(&"top") {
        parts.remove(0);
    }
    parts.last().map(|last| last.replace(SLASH, "/")).unwrap_or_default()
}

/// The path of a category of this name in a course.
pub(in crate::formats) fn path_of(topic: &str) -> String {
    format!("$course$/top/{}", topic.replace('/', "//"))
}

struct Question<'e> {
    element: &'e Element,
    found: Found,
}

impl Question<'_> {
    fn read(&mut self, kind: &str) {
        self.found.draft.stem = self.text("questiontext", Part::Stem);
        self.found.draft.explanation = self.text("generalfeedback", Part::Explanation);
        let aside = self.element.comments().find_map(Aside::read);
        self.read_tags();
        match kind {
            "truefalse" => self.read_truth(),
            "multichoice" => {
                let single = self.flag("single").unwrap_or(true);
                self.read_options(if single { Choosing::One } else { Choosing::Several });
            }
            "multichoiceset" => self.read_options(Choosing::AllOrNothing),
            other => {
                let name = NAMES.iter().find(|(known, _)| *known == other).map_or(other, |(_, name)| name);
                let name: String = name.chars().take(40).collect();
                let message = format!("这是「{name}」：这里只有判断题、单选题和多选题");
                self.found.refuse(Part::Whole, "unsupported_type", message);
            }
        }
        if self.flag("hidden") == Some(true) {
            self.found.check(Part::Whole, "hidden", "这道题在原来的题库里是隐藏的（删除了的，或旧的版本）");
        }
        if let Some(aside) = aside {
            aside.tell(&mut self.found.draft);
        }
    }

    fn read_truth(&mut self) {
        let answers: Vec<&Element> = self.element.elements().filter(|child| child.name == "answer").collect();
        let mut right = Vec::new();
        self.found.set_truth(true);
        self.found.draft.key = Choices::NONE;
        for answer in &answers {
            let text = answer.child("text").map(Element::text).unwrap_or_default().trim().to_lowercase();
            match (fraction(answer), text.as_str()) {
                (Some(100.0), "true" | "false") => right.push(text == "true"),
                (Some(weight), "true" | "false") if weight <= 0.0 => {}
                _ => {
                    return self.found.refuse(
                        Part::Key,
                        "bad_weight",
                        "判断题的答案应是 true 和 false，分值应是 100 和 0",
                    );
                }
            }
        }
        match right.as_slice() {
            [truth] => self.found.set_truth(*truth),
            _ => self.found.refuse(Part::Key, "no_right", "判断题应有一个正确答案"),
        }
        self.read_feedback(&answers, right.first().map(|truth| if *truth { "true" } else { "false" }));
    }

    fn read_options(&mut self, choosing: Choosing) {
        let answers: Vec<&Element> = self.element.elements().filter(|child| child.name == "answer").collect();
        let mut options = Vec::new();
        let mut weights = Vec::new();
        for (place, answer) in answers.iter().enumerate() {
            let (text, lost) = plain(answer);
            markup::tell(&mut self.found, Part::Option(place), &lost);
            options.push(text);
            weights.push(fraction(answer).unwrap_or(f64::NAN));
        }
        self.found.set_options(options);
        weigh(&mut self.found, choosing, &weights);
        self.found.draft.fixed_order = self.flag("shuffleanswers") == Some(false);
        let right = weights.iter().position(|&weight| weight > 0.0).and_then(|place| answers.get(place));
        let right = right.map(|answer| answer.child("text").map(Element::text).unwrap_or_default());
        self.read_feedback(&answers, right.as_deref());
    }

    /// What is said of single answers: the right one's may be the explanation.
    fn read_feedback(&mut self, answers: &[&Element], right: Option<&str>) {
        let mut dropped = false;
        for answer in answers {
            let Some(feedback) = answer.child("feedback") else { continue };
            let (text, _) = plain(feedback);
            if text.is_empty() {
                continue;
            }
            let is_right =
                right.is_some() && answer.child("text").map(Element::text).as_deref().map(str::trim) == right;
            if is_right && self.found.draft.explanation.is_empty() {
                self.found.draft.explanation = text;
                self.found.check(Part::Explanation, "feedback_as_explanation", "把正确答案的反馈当作了解析");
            } else {
                dropped = true;
            }
        }
        if dropped {
            self.found.check(Part::Explanation, "feedback_dropped", "各选项的反馈没有带过来：这里一道题只有一段解析");
        }
    }

    fn read_tags(&mut self) {
        let tags = self.element.child("tags").into_iter().flat_map(Element::elements);
        for tag in tags.map(inner_text) {
            let tag = tag.trim().trim_start_matches("难度").trim_start_matches([':', '：']);
            if let Some(level) = level(tag) {
                self.found.draft.difficulty = Some(level);
            }
        }
    }

    fn text(&mut self, name: &str, part: Part) -> String {
        let Some(element) = self.element.child(name) else { return String::new() };
        let (text, lost) = plain(element);
        markup::tell(&mut self.found, part, &lost);
        text
    }

    /// 1 and 0, or true and false.
    fn flag(&self, name: &str) -> Option<bool> {
        match self.element.child(name).map(|child| child.text().trim().to_lowercase()).as_deref() {
            Some("1" | "true") => Some(true),
            Some("0" | "false") => Some(false),
            _ => None,
        }
    }
}

/// The text in an element's `text`, as its `format` says.
fn plain(element: &Element) -> (String, BTreeSet<Lost>) {
    let text = element.child("text").map(Element::text).unwrap_or_default();
    let (text, mut lost) = match element.attribute("format").unwrap_or_default() {
        "plain_text" => (tidy(&text), BTreeSet::new()),
        "markdown" => {
            let (plain, mut lost) = markup::of_lines(&text);
            if text.contains(['*', '_', '`', '#', '[', '|']) {
                lost.insert(Lost::Markdown);
            }
            (plain, lost)
        }
        "moodle_auto_format" => markup::of_lines(&text),
        "html" => markup::of_html(&text),
        // Files that do not say it.
        _ => markup::of_either(&text),
    };
    if element.child("file").is_some() {
        lost.insert(Lost::File);
    }
    (text, lost)
}

fn inner_text(element: &Element) -> String {
    element.child("text").map(Element::text).unwrap_or_default()
}

fn fraction(answer: &Element) -> Option<f64> {
    answer.attribute("fraction").and_then(|text| text.trim().parse().ok())
}

/// Types of Moodle that cannot be a question here, in its own Chinese words.
const NAMES: [(&str, &str); 14] = [
    ("shortanswer", "填空题（短答题）"),
    ("essay", "问答题"),
    ("numerical", "数字题"),
    ("matching", "匹配题"),
    ("description", "说明文字"),
    ("cloze", "完形填空题"),
    ("calculated", "计算题"),
    ("calculatedsimple", "简单计算题"),
    ("calculatedmulti", "计算型选择题"),
    ("ddwtos", "拖放填空题"),
    ("ddimageortext", "拖放到图片上"),
    ("ddmarker", "拖放标记题"),
    ("gapselect", "选择填空题"),
    ("randomsamatch", "随机匹配题"),
];

#[cfg(test)]
mod tests;
