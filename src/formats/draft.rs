//! A question on its way in: what could be read of it, and where each part stood.

use crate::domain::faults::Fault;
use crate::domain::faults::Part;
use crate::domain::faults::letter;
use crate::domain::ids::QuestionId;
use crate::domain::question::Choices;
use crate::domain::question::Kind;
use crate::domain::question::OPTIONS_MAX;
use crate::domain::question::Question;

/// Row and column, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) row: u32,
    pub(super) column: u32,
}

impl Default for Place {
    fn default() -> Place {
        Place { row: 1, column: 1 }
    }
}

/// What one file has come to so far.
pub(super) struct Reading {
    file: String,
    pub(super) drafts: Vec<Draft>,
    pub(super) faults: Vec<Fault>,
}

impl Reading {
    pub(super) fn of(file: &str) -> Reading {
        Reading { file: file.to_owned(), drafts: Vec::new(), faults: Vec::new() }
    }

    pub(super) fn fault(&mut self, place: Place, code: &'static str, message: impl Into<String>) {
        let message = message.into();
        self.faults.push(Fault { file: self.file.clone(), row: place.row, column: place.column, code, message });
    }

    /// A part of `draft` that cannot be read at all: told here, and nothing else is said of that part.
    pub(super) fn broken(&mut self, draft: &mut Draft, part: Part, code: &'static str, message: impl Into<String>) {
        self.fault(draft.place(part), code, message);
        draft.breaks(part);
    }
}

pub(super) struct Draft {
    /// Its broken parts hold something harmless.
    pub(super) question: Question,
    places: Vec<(Part, Place)>,
    broken: Vec<Part>,
}

impl Draft {
    pub(super) fn at(place: Place) -> Draft {
        let question = Question {
            id: QuestionId::default(),
            kind: Kind::Single,
            topic: String::new(),
            difficulty: 1,
            stem: String::new(),
            options: Vec::new(),
            key: Choices::NONE,
            fixed_order: false,
            explanation: String::new(),
            source: String::new(),
            contributor: None,
            link: None,
            media: None,
        };
        Draft { question, places: vec![(Part::Whole, place)], broken: Vec::new() }
    }

    pub(super) fn stands(&mut self, part: Part, place: Place) {
        self.places.push((part, place));
    }

    /// Where a part stands; what is absent would stand with what it belongs to.
    pub(super) fn place(&self, part: Part) -> Place {
        let known = |part| self.places.iter().rev().find(|(p, _)| *p == part).map(|(_, place)| *place);
        let options = || if matches!(part, Part::Option(_)) { known(Part::Options) } else { None };
        known(part).or_else(options).or_else(|| known(Part::Whole)).unwrap_or_default()
    }

    /// Of this part nothing more is to be said: its fault is told already.
    pub(super) fn breaks(&mut self, part: Part) {
        self.broken.push(part);
    }

    /// Whether the part was told of already, or hangs on one that was.
    pub(super) fn is_broken(&self, part: Part) -> bool {
        let hangs_on: &[Part] = match part {
            Part::Options => &[Part::Kind],
            Part::Option(_) => &[Part::Options],
            Part::Key => &[Part::Kind, Part::Options],
            _ => &[],
        };
        self.broken.contains(&Part::Whole)
            || self.broken.contains(&part)
            || self.broken.iter().any(|broken| hangs_on.contains(broken))
    }

    pub(super) fn is_whole(&self) -> bool {
        self.broken.is_empty()
    }
}

pub(super) fn kind_of(text: &str) -> Option<Kind> {
    Kind::of_code(text).or(match text {
        "判断题" | "判断" | "是非题" => Some(Kind::TrueFalse),
        "单选题" | "单选" | "单项选择题" | "单项选择" => Some(Kind::Single),
        "多选题" | "多选" | "多项选择题" | "多项选择" => Some(Kind::Multiple),
        _ => None,
    })
}

/// The key as people write it: `B`, `ACD`, `A、C`, full-width letters; 正确 or 错误, 对 or 错, √ or × for true/false.
///
/// # Errors
/// What is wrong with it, in Chinese.
pub(super) fn key_of(text: &str, kind: Kind) -> Result<Choices, String> {
    if kind == Kind::TrueFalse {
        match text.to_uppercase().as_str() {
            "正确" | "对" | "是" | "√" | "✓" | "T" | "TRUE" | "A" => return Ok(Choices(1)),
            "错误" | "错" | "否" | "×" | "✗" | "F" | "FALSE" | "B" => return Ok(Choices(2)),
            _ => return Err(format!("判断题的答案应是「正确」或「错误」，这里是「{text}」")),
        }
    }
    let mut places = Vec::new();
    for c in text.chars() {
        match c {
            'A'..='H' => places.push(c as usize - 'A' as usize),
            'a'..='h' => places.push(c as usize - 'a' as usize),
            'Ａ'..='Ｈ' => places.push(c as usize - 'Ａ' as usize),
            'ａ'..='ｈ' => places.push(c as usize - 'ａ' as usize),
            c if c.is_whitespace() || ",，、;；/|".contains(c) => {}
            _ => {
                let last = letter(OPTIONS_MAX - 1);
                return Err(format!("答案应是 A 到 {last} 的字母，这里有「{c}」"));
            }
        }
    }
    Choices::of(places).ok_or_else(|| "答案里有重复的字母".to_owned())
}

/// A text as it goes into the bank: without blanks around it, lines ending the same way everywhere.
pub(super) fn tidy(text: &str) -> String {
    text.trim().replace("\r\n", "\n").replace('\r', "\n")
}
