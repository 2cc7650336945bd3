//! A question on its way in from a format of others: what could be read, and all that is to be said of it.

use crate::domain::draft::Draft;
use crate::domain::faults::Part;
use crate::domain::faults::is_unseen;
use crate::domain::faults::letter;
use crate::domain::question::Choices;
use crate::domain::question::Kind;
use crate::domain::question::OPTIONS_MAX;
use crate::domain::question::Question;
use crate::formats::draft::Place;
use crate::formats::import::At;
use crate::formats::import::Gravity;
use crate::formats::import::Item;
use crate::formats::import::Remark;

/// Characters of what stood there; the rest is left out of the preview.
const RAW_MAX: usize = 2_000;
/// Questions of one file; the rest is not read, and that is told.
pub(super) const QUESTIONS_MAX: usize = 50_000;
/// Options that are looked at; a question with more is refused with the first of them.
const LOOKED_AT_MAX: usize = 26;

impl From<Place> for At {
    fn from(place: Place) -> At {
        At { row: place.row, column: place.column }
    }
}

pub(super) const START: At = At { row: 1, column: 1 };

/// A remark of a file as a whole, or of one of its places.
pub(super) fn refusal(at: At, code: &'static str, message: impl Into<String>) -> Remark {
    Remark { gravity: Gravity::Refused, at, part: Part::Whole, code, message: message.into() }
}

pub(super) struct Found {
    pub(super) at: At,
    pub(super) draft: Draft,
    pub(super) remarks: Vec<Remark>,
    raw: String,
}

impl Found {
    pub(super) fn at(at: At, raw: &str) -> Found {
        let raw = raw.trim().chars().take(RAW_MAX).collect();
        Found { at, draft: Draft::default(), remarks: Vec::new(), raw }
    }

    pub(super) fn note(
        &mut self,
        gravity: Gravity,
        at: At,
        part: Part,
        code: &'static str,
        message: impl Into<String>,
    ) {
        self.remarks.push(Remark { gravity, at, part, code, message: message.into() });
    }

    pub(super) fn check(&mut self, part: Part, code: &'static str, message: impl Into<String>) {
        self.note(Gravity::ToCheck, self.at, part, code, message);
    }

    pub(super) fn refuse(&mut self, part: Part, code: &'static str, message: impl Into<String>) {
        self.note(Gravity::Refused, self.at, part, code, message);
    }

    /// The options as they stood; too many are told by the question's own rules.
    pub(super) fn set_options(&mut self, options: Vec<String>) {
        self.draft.options = options.into_iter().take(LOOKED_AT_MAX).collect();
    }

    pub(super) fn set_truth(&mut self, truth: bool) {
        self.draft.kind = Some(Kind::TrueFalse);
        self.draft.options = vec![Question::TRUE.to_owned(), Question::FALSE.to_owned()];
        self.draft.key = if truth { Choices(0b01) } else { Choices(0b10) };
    }

    /// The kind follows from how many answers the file lets a person choose, the key from those that are right.
    pub(super) fn set_key(&mut self, several: bool, right: &[usize]) {
        self.draft.kind = Some(if several { Kind::Multiple } else { Kind::Single });
        if let Some(beyond) = right.iter().find(|&&place| place >= OPTIONS_MAX) {
            let message = format!("第 {} 个选项是正确答案，而一道题最多 {OPTIONS_MAX} 个选项", beyond + 1);
            return self.refuse(Part::Key, "too_many_options", message);
        }
        match (several, right) {
            (_, []) => self.refuse(Part::Key, "no_right", "没有哪个选项是正确答案"),
            (true, [only]) => {
                self.draft.kind = Some(Kind::Single);
                self.draft.key = Choices(1 << only);
                self.check(Part::Kind, "one_right", "文件里写的是多选题，正确答案却只有一个：当作单选题");
            }
            (false, [_, _, ..]) => {
                let message = "单选题有几个正确答案，选哪个都算对：这里的单选题只能有一个答案";
                self.refuse(Part::Key, "several_right", message);
            }
            _ => self.draft.key = Choices::of(right.iter().copied()).unwrap_or_default(),
        }
    }

    /// With what the rules for questions say of it.
    pub(super) fn finish(mut self) -> Item {
        self.make_seen();
        let faults = self.draft.faults();
        for fault in &faults {
            if fault.code == "points_at_others" {
                self.draft.fixed_order = true;
            }
        }
        for fault in faults {
            let told = |part| self.remarks.iter().any(|r| r.gravity == Gravity::Refused && r.part == part);
            let hangs_on = match fault.part {
                Part::Option(_) => told(Part::Options),
                Part::Key => told(Part::Options) || told(Part::Kind),
                Part::Kind => told(Part::Options) || told(Part::Key),
                _ => false,
            };
            if fault.part == Part::Id || told(Part::Whole) || told(fault.part) || hangs_on {
                continue;
            }
            let (gravity, code) = match (fault.part, fault.code) {
                (Part::Stem, "empty") => (Gravity::Refused, "missing_stem"),
                (Part::Explanation, "empty") => (Gravity::Note, "missing_explanation"),
                (Part::Source, "empty") => (Gravity::Note, "missing_source"),
                (Part::Topic, "empty") => (Gravity::Note, "missing_topic"),
                (Part::Difficulty, "missing_difficulty") => (Gravity::Note, "missing_difficulty"),
                (_, "points_at_others") => {
                    let option = if let Part::Option(place) = fault.part { letter(place) } else { '?' };
                    let message = format!("选项 {option} 指着别的选项，选项不能打乱：已标为「选项不打乱」");
                    self.check(fault.part, "points_at_others", message);
                    continue;
                }
                (_, code) => (Gravity::Refused, code),
            };
            self.note(gravity, self.at, fault.part, code, fault.message);
        }
        self.remarks.sort_by_key(|remark| (std::cmp::Reverse(remark.gravity), remark.at));
        Item { at: self.at, draft: self.draft, remarks: self.remarks, raw: self.raw }
    }

    /// What cannot be seen goes, blanks of every kind are blanks; lost bytes and private signs stay, so that they are told.
    fn make_seen(&mut self) {
        let draft = &mut self.draft;
        let texts = [&mut draft.stem, &mut draft.explanation, &mut draft.topic, &mut draft.source];
        for text in texts.into_iter().chain(&mut draft.options).chain(&mut draft.contributor).chain(&mut draft.link) {
            let goes = |c: char| {
                matches!(c, '\u{FFFE}' | '\u{FFFF}')
                    || is_unseen(c) && c != '\u{FFFD}' && !('\u{E000}'..='\u{F8FF}').contains(&c)
            };
            if text.contains(|c| goes(c) || c == '\u{A0}') {
                let seen = text.chars().filter(|&c| c == '\t' || !goes(c));
                *text = seen
                    .map(|c| if matches!(c, '\t' | '\u{A0}') { ' ' } else { c })
                    .collect::<String>()
                    .trim()
                    .to_owned();
            }
        }
    }
}
