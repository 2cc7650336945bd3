//! One item of QTI: a choice interaction, what is right, and how it is scored. The names of 2.x and 3.0 differ only in their writing.

use crate::domain::faults::Part;
use crate::domain::question::Kind;
use crate::domain::question::Question;
use crate::formats::aside::Aside;
use crate::formats::import::At;
use crate::formats::import::Item;
use crate::formats::import::found::Found;
use crate::formats::import::markup;
use crate::formats::import::markup::Lost;
use crate::formats::import::markup::Plain;
use crate::formats::import::words::truth;
use crate::formats::import::xml::Element;
use crate::formats::import::xml::Node;

/// `qti-choice-interaction` and `choiceInteraction` as `choiceinteraction`.
fn name_of(name: &str) -> String {
    name.strip_prefix("qti-").unwrap_or(name).chars().filter(|c| *c != '-').flat_map(char::to_lowercase).collect()
}

pub(super) fn is_item(root: &str) -> bool {
    name_of(root) == "assessmentitem"
}

impl Element {
    fn is(&self, name: &str) -> bool {
        name_of(&self.name) == name
    }

    fn of(&self, name: &str) -> impl Iterator<Item = &Element> {
        self.elements().filter(move |element| element.is(name))
    }

    fn saying(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| name_of(known) == name).map(|(_, value)| value.trim())
    }

    /// All elements below, in the order of the text.
    fn below(&self) -> Vec<&Element> {
        let mut found = Vec::new();
        let mut open: Vec<&Element> = self.elements().collect();
        open.reverse();
        while let Some(element) = open.pop() {
            found.push(element);
            let from = open.len();
            open.extend(element.elements());
            open[from..].reverse();
        }
        found
    }
}

/// `place`: of the item in its package.
pub(super) fn read_item(root: &Element, text: &str, place: Option<At>) -> Item {
    let mut found = Found::at(place.unwrap_or(root.at), text);
    ItemReader { root, found: &mut found }.read();
    if let Some(aside) = root.comments().find_map(Aside::read) {
        aside.tell(&mut found.draft);
    }
    found.finish()
}

struct ItemReader<'e, 'f> {
    root: &'e Element,
    found: &'f mut Found,
}

impl<'e> ItemReader<'e, '_> {
    fn read(&mut self) {
        if self.root.saying("adaptive") == Some("true") {
            self.found.refuse(Part::Whole, "unsupported_type", "这是分几步作答的题（adaptive），这里没有这种题");
        }
        if self.root.of("templatedeclaration").next().is_some() {
            self.found.refuse(
                Part::Whole,
                "unsupported_type",
                "题目里的数是作答时才生成的（template），这里没有这种题",
            );
        }
        let Some(body) = self.root.of("itembody").next() else {
            return self.found.refuse(Part::Whole, "no_body", "没有题目的正文（itemBody）");
        };
        self.read_feedback();
        let all = body.below();
        let interactions: Vec<&Element> =
            all.iter().copied().filter(|e| name_of(&e.name).ends_with("interaction")).collect();
        let [choice] = interactions.as_slice() else {
            self.read_stem(body, None);
            let message = if interactions.is_empty() {
                "题目里没有要作答的地方"
            } else {
                "题目里有几处要作答：一道题只能有一处"
            };
            return self.found.refuse(Part::Whole, "unsupported_type", message);
        };
        self.read_stem(body, Some(choice));
        if !choice.is("choiceinteraction") {
            let name: String = choice.name.chars().take(40).collect();
            let message = format!("这是「{name}」：这里只有选择（choiceInteraction）的题目");
            return self.found.refuse(Part::Whole, "unsupported_type", message);
        }
        if self.root.of("assessmentstimulusref").next().is_some() {
            self.found.check(Part::Stem, "stimulus_lost", "题目另有一段材料，没有带过来");
        }
        self.read_choices(choice);
    }

    /// What stands around the choices and before them is the stem.
    fn read_stem(&mut self, body: &'e Element, choice: Option<&'e Element>) {
        let mut plain = Plain::default();
        walk(body, &mut plain, choice);
        let (text, lost) = plain.finish();
        markup::tell(self.found, Part::Stem, &lost);
        self.found.draft.stem = text;
    }

    fn read_choices(&mut self, interaction: &'e Element) {
        self.found.draft.kind = Some(Kind::Single);
        let mut ids = Vec::new();
        let mut options = Vec::new();
        let mut fixed = 0;
        for choice in interaction.of("simplechoice") {
            let mut plain = Plain::default();
            let has_feedback = choice.below().iter().any(|element| name_of(&element.name).starts_with("feedback"));
            walk(choice, &mut plain, None);
            let (text, lost) = plain.finish();
            markup::tell(self.found, Part::Option(options.len()), &lost);
            if has_feedback {
                self.found.check(
                    Part::Option(options.len()),
                    "feedback_dropped",
                    "选项的反馈没有带过来：这里一道题只有一段解析",
                );
            }
            fixed += usize::from(choice.saying("fixed") == Some("true"));
            ids.push(choice.saying("identifier").unwrap_or_default());
            options.push(text);
        }
        let shuffles = interaction.saying("shuffle") == Some("true");
        let count = options.len();
        self.found.draft.fixed_order = !shuffles || fixed > 0;
        if shuffles && fixed > 0 && fixed < count {
            self.found.check(Part::Options, "partly_fixed", "文件里只固定了一部分选项的位置，这里标为「选项不打乱」");
        }
        let twice = ids.iter().enumerate().any(|(place, id)| id.is_empty() || ids[..place].contains(id));
        self.found.set_options(options);
        if twice {
            return self.found.refuse(
                Part::Options,
                "bad_identifier",
                "选项没有标识（identifier），或者有两个选项的标识相同",
            );
        }
        let Some(right) = self.right_of(interaction, &ids) else { return };
        let max = interaction.saying("maxchoices").map_or(Some(1), |max| max.parse::<usize>().ok());
        let several = max != Some(1) && self.cardinality(interaction) == "multiple";
        if several && max.is_some_and(|max| max > 0 && max < right.len()) {
            return self.found.refuse(Part::Key, "bad_key", "正确答案比允许选的还多");
        }
        self.found.set_key(several, &right);
        self.settle_truth(several, fixed == count && count > 0, &right);
    }

    /// Two options 正确 and 错误 make a true/false question, unless a comment of ours says otherwise.
    fn settle_truth(&mut self, several: bool, all_fixed: bool, right: &[usize]) {
        let told = self.root.comments().find_map(Aside::read).and_then(|aside| aside.kind);
        let truths: Vec<Option<bool>> = self.found.draft.options.iter().map(|option| truth(option)).collect();
        let ([Some(first), Some(second)], [right]) = (truths.as_slice(), right) else { return };
        if several || first == second || told.is_some_and(|kind| kind != Kind::TrueFalse) {
            return;
        }
        let as_written = self.found.draft.options == [Question::TRUE, Question::FALSE];
        let truth = if *right == 0 { *first } else { *second };
        self.found.set_truth(truth);
        // The two are never shuffled here.
        self.found.draft.fixed_order = as_written && all_fixed;
        if !as_written {
            self.found.check(Part::Kind, "true_false_assumed", "两个选项是对和错，当作判断题");
        }
    }

    fn declaration(&self, interaction: &Element) -> Option<&'e Element> {
        let id = interaction.saying("responseidentifier").unwrap_or("RESPONSE");
        self.root.of("responsedeclaration").find(|declaration| declaration.saying("identifier") == Some(id))
    }

    fn cardinality(&self, interaction: &Element) -> &'e str {
        self.declaration(interaction).and_then(|declaration| declaration.saying("cardinality")).unwrap_or_default()
    }

    /// The places of the right choices; `None`: it was told why there are none.
    fn right_of(&mut self, interaction: &Element, ids: &[&str]) -> Option<Vec<usize>> {
        let Some(declaration) = self.declaration(interaction) else {
            self.found.refuse(Part::Key, "missing_answer", "没有声明答案（responseDeclaration）");
            return None;
        };
        if !["single", "multiple"].contains(&self.cardinality(interaction)) {
            self.found.refuse(Part::Key, "unsupported_type", "答案要讲次序，或者没有写明单选多选（cardinality）");
            return None;
        }
        let values = declaration.of("correctresponse").flat_map(|correct| correct.of("value"));
        let correct: Vec<String> = values.map(|value| value.text().trim().to_owned()).collect();
        let mut right = Vec::new();
        for value in &correct {
            match ids.iter().position(|id| id == value) {
                Some(place) if !right.contains(&place) => right.push(place),
                Some(_) => {}
                None => {
                    let value: String = value.chars().take(40).collect();
                    self.found.refuse(Part::Key, "bad_key", format!("正确答案 {value} 不是选项的标识"));
                    return None;
                }
            }
        }
        right.sort_unstable();
        let scored = self.scoring();
        let mapping = declaration.of("mapping").next().filter(|_| scored != Scoring::Match);
        if let Some(mapping) = mapping {
            return self.mapped(mapping, ids, right);
        }
        if scored == Scoring::Custom {
            self.found.check(Part::Key, "custom_scoring", "题目另有自己的判分规则，没有带过来：这里全对才得分");
        }
        Some(right)
    }

    /// Points by choice: all or nothing says the same only where they are even.
    fn mapped(&mut self, mapping: &Element, ids: &[&str], right: Vec<usize>) -> Option<Vec<usize>> {
        let number =
            |text: Option<&str>| text.map_or(Some(0.0), |text| text.parse::<f64>().ok().filter(|n| n.is_finite()));
        let default = number(mapping.saying("defaultvalue"));
        let mut points: Vec<Option<f64>> = vec![default; ids.len()];
        for entry in mapping.of("mapentry") {
            let key = entry.saying("mapkey").unwrap_or_default();
            if let Some(place) = ids.iter().position(|id| *id == key) {
                points[place] = entry.saying("mappedvalue").and_then(|text| number(Some(text)));
            }
        }
        let Some(points) = points.into_iter().collect::<Option<Vec<f64>>>() else {
            self.found.refuse(Part::Key, "bad_weight", "选项的分值（mapping）不是数字");
            return None;
        };
        let earning: Vec<usize> = (0..points.len()).filter(|&place| points[place] > 0.0).collect();
        let even = earning.iter().all(|&place| points[place] == points[earning[0]]);
        if !even || (!right.is_empty() && right != earning) {
            let message = "各选项的分值（mapping）轻重不同，或者与正确答案不符；这里的题目只有全对才得分，请重新定答案";
            self.found.refuse(Part::Key, "partial_weights", message);
            return None;
        }
        if points.iter().any(|&points| points < 0.0) {
            self.found.check(Part::Key, "negative_marks", "文件里选错要倒扣分，这里选错只是不得分");
        } else if earning.len() > 1 {
            self.found.check(Part::Key, "partial_marks", "文件里选对一部分也得一部分分，这里全对才得分");
        }
        Some(earning)
    }

    fn scoring(&self) -> Scoring {
        let Some(processing) = self.root.of("responseprocessing").next() else { return Scoring::Unsaid };
        let template = processing.saying("template").unwrap_or_default();
        let below = processing.below();
        let any = |name: &str| below.iter().any(|element| element.is(name));
        let known = [
            "responsecondition",
            "responseif",
            "responseelse",
            "responseelseif",
            "match",
            "variable",
            "correct",
            "setoutcomevalue",
            "basevalue",
            "isnull",
            "not",
            "and",
        ];
        if template.contains("match_correct") && below.is_empty() {
            Scoring::Match
        } else if template.contains("map_response") || any("mapresponse") {
            Scoring::Map
        } else if below.is_empty() && template.is_empty() {
            Scoring::Unsaid
        } else if any("match") && below.iter().all(|element| known.contains(&name_of(&element.name).as_str())) {
            Scoring::Match
        } else {
            Scoring::Custom
        }
    }

    /// What is shown after the answer is the explanation.
    fn read_feedback(&mut self) {
        let feedbacks: Vec<&Element> = self.root.of("modalfeedback").collect();
        let mut texts: Vec<String> = Vec::new();
        for feedback in &feedbacks {
            let mut plain = Plain::default();
            walk(feedback, &mut plain, None);
            let (text, lost) = plain.finish();
            markup::tell(self.found, Part::Explanation, &lost);
            if !text.is_empty() && !texts.contains(&text) {
                texts.push(text);
            }
        }
        if texts.len() > 1 {
            self.found.check(Part::Explanation, "feedback_joined", "题目有几段反馈，合成了一段解析");
        }
        self.found.draft.explanation = texts.join("\n");
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scoring {
    Unsaid,
    Match,
    Map,
    Custom,
}

/// Feeds what is below an element to `plain`; of the interaction that is being answered only its prompt.
fn walk(element: &Element, plain: &mut Plain, choice: Option<&Element>) {
    for child in &element.children {
        match child {
            Node::Text(text) => plain.text(text),
            Node::Comment(_) => {}
            Node::Element(child) => {
                let name = name_of(&child.name);
                let is_choice = choice.is_some_and(|choice| std::ptr::eq(choice, child));
                match name.as_str() {
                    // Told beside the choices.
                    "simplechoice" | "feedbackinline" | "feedbackblock" | "stylesheet" | "cataloginfo" => continue,
                    "rubricblock" => {
                        plain.lose(Lost::Rubric);
                        continue;
                    }
                    "prompt" | "choiceinteraction" | "contentbody" => plain.open("p", |_| None),
                    "printedvariable" | "include" => plain.lose(Lost::Sound),
                    name => plain.open(name, |wanted| child.saying(wanted)),
                }
                let inner = if is_choice { None } else { choice };
                walk(child, plain, inner);
                match name.as_str() {
                    "prompt" | "choiceinteraction" | "contentbody" => plain.close("p"),
                    name => plain.close(name),
                }
            }
        }
    }
}
