//! 比对: what changed between two revisions of a question, and between two versions of a bank.

use crate::domain::draft::Draft;
use crate::domain::faults::Part;
use crate::domain::faults::letter;
use crate::domain::ids::QuestionId;
use crate::domain::question::Choices;
use crate::domain::question::Kind;
use crate::domain::question::Question;
use std::collections::BTreeMap;

/// A part that differs, as a person reads it; empty where it is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub part: Part,
    pub before: String,
    pub after: String,
}

/// What became of a question from one version to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    Added,
    Changed(Vec<Change>),
    Removed,
}

/// A question that two versions don't have alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub id: QuestionId,
    /// As the later one has it that has it at all.
    pub stem: String,
    pub fate: Fate,
}

pub fn difficulty_name(difficulty: u8) -> &'static str {
    match difficulty {
        1 => "易",
        2 => "中",
        3 => "难",
        _ => "",
    }
}

/// The parts in which two drafts differ, in the order in which a question is read.
pub fn changes(before: &Draft, after: &Draft) -> Vec<Change> {
    let mut found = Vec::new();
    let mut compare = |part: Part, before: String, after: String| {
        if before != after {
            found.push(Change { part, before, after });
        }
    };
    let kind = |draft: &Draft| draft.kind.map_or("", Kind::name).to_owned();
    compare(Part::Kind, kind(before), kind(after));
    compare(Part::Topic, before.topic.clone(), after.topic.clone());
    let difficulty = |draft: &Draft| draft.difficulty.map_or("", difficulty_name).to_owned();
    compare(Part::Difficulty, difficulty(before), difficulty(after));
    compare(Part::Stem, before.stem.clone(), after.stem.clone());
    let (old, new) = (options(before), options(after));
    for place in 0..old.len().max(new.len()) {
        let option = |options: &[String]| options.get(place).cloned().unwrap_or_default();
        compare(Part::Option(place), option(&old), option(&new));
    }
    compare(Part::Key, key(before), key(after));
    let order = |draft: &Draft| if draft.fixed_order { "选项不打乱" } else { "选项打乱" }.to_owned();
    compare(Part::Options, order(before), order(after));
    compare(Part::Explanation, before.explanation.clone(), after.explanation.clone());
    compare(Part::Source, before.source.clone(), after.source.clone());
    let optional = |text: &Option<String>| text.clone().unwrap_or_default();
    compare(Part::Contributor, optional(&before.contributor), optional(&after.contributor));
    compare(Part::Link, optional(&before.link), optional(&after.link));
    let picture = |draft: &Draft| {
        draft.media.as_ref().map_or_else(String::new, |m| format!("{}（{}×{}）：{}", m.file, m.width, m.height, m.alt))
    };
    compare(Part::Media, picture(before), picture(after));
    found
}

/// Of true/false they may be left out, which changes nothing.
fn options(draft: &Draft) -> Vec<String> {
    match draft.kind {
        Some(Kind::TrueFalse) if draft.options.is_empty() => {
            vec![Question::TRUE.to_owned(), Question::FALSE.to_owned()]
        }
        _ => draft.options.clone(),
    }
}

/// The key as people say it: 正确, B, ACD.
fn key(draft: &Draft) -> String {
    match draft.kind {
        Some(Kind::TrueFalse) if draft.key == Choices(1) => Question::TRUE.to_owned(),
        Some(Kind::TrueFalse) if draft.key == Choices(2) => Question::FALSE.to_owned(),
        _ => draft.key.places().map(letter).collect(),
    }
}

/// What differs between two versions of a bank, by question id; what stayed the same is not told.
pub fn differences(before: &[Question], after: &[Question]) -> Vec<Difference> {
    let mut both: BTreeMap<&QuestionId, (Option<&Question>, Option<&Question>)> = BTreeMap::new();
    for question in before {
        both.entry(&question.id).or_default().0 = Some(question);
    }
    for question in after {
        both.entry(&question.id).or_default().1 = Some(question);
    }
    let fate = |pair: (Option<&Question>, Option<&Question>)| match pair {
        (None, Some(_)) => Some(Fate::Added),
        (Some(_), None) => Some(Fate::Removed),
        (Some(old), Some(new)) if old != new => {
            Some(Fate::Changed(changes(&Draft::of(old.clone()), &Draft::of(new.clone()))))
        }
        _ => None,
    };
    let difference = |id: &QuestionId, pair: (Option<&Question>, Option<&Question>)| {
        let stem = pair.1.or(pair.0).map_or_else(String::new, |question| question.stem.clone());
        Some(Difference { id: id.clone(), stem, fate: fate(pair)? })
    };
    both.into_iter().filter_map(|(id, pair)| difference(id, pair)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::question::Media;

    fn question(id: &str) -> Question {
        Question {
            id: QuestionId(id.into()),
            kind: Kind::Multiple,
            topic: "航天".into(),
            difficulty: 3,
            stem: "题干".into(),
            options: ["甲", "乙", "丙"].map(String::from).into(),
            key: Choices(0b101),
            fixed_order: false,
            explanation: "解析。".into(),
            source: "来源".into(),
            contributor: None,
            link: None,
            media: None,
        }
    }

    fn told(change: impl FnOnce(&mut Draft)) -> Vec<(Part, String, String)> {
        let before = Draft::of(question("a"));
        let mut after = before.clone();
        change(&mut after);
        changes(&before, &after).into_iter().map(|c| (c.part, c.before, c.after)).collect()
    }

    #[test]
    fn each_part_that_differs_is_told_with_before_and_after() {
        let says = |part, before: &str, after: &str| vec![(part, before.to_owned(), after.to_owned())];
        assert_eq!(told(|_| {}), []);
        assert_eq!(told(|d| d.stem = "新题干".into()), says(Part::Stem, "题干", "新题干"));
        assert_eq!(told(|d| d.options.push("丁".into())), says(Part::Option(3), "", "丁"));
        assert_eq!(told(|d| d.options.truncate(2)), says(Part::Option(2), "丙", ""));
        assert_eq!(told(|d| d.key = Choices(0b11)), says(Part::Key, "AC", "AB"));
        assert_eq!(told(|d| d.difficulty = None), says(Part::Difficulty, "难", ""));
        assert_eq!(told(|d| d.fixed_order = true), says(Part::Options, "选项打乱", "选项不打乱"));
        assert_eq!(told(|d| d.contributor = Some("柳州市".into())), says(Part::Contributor, "", "柳州市"));
        let picture = Media { file: "a.png".into(), width: 4, height: 3, alt: "图".into() };
        assert_eq!(told(|d| d.media = Some(picture)), says(Part::Media, "", "a.png（4×3）：图"));
    }

    #[test]
    fn options_of_true_and_false_that_are_left_out_change_nothing() {
        let short = Draft { kind: Some(Kind::TrueFalse), key: Choices(1), ..Draft::default() };
        let long = Draft { options: vec![Question::TRUE.into(), Question::FALSE.into()], ..short.clone() };
        assert_eq!(changes(&short, &long), []);
        let other = Draft { key: Choices(2), ..short.clone() };
        let told = Change { part: Part::Key, before: "正确".into(), after: "错误".into() };
        assert_eq!(changes(&short, &other), [told]);
    }

    #[test]
    fn versions_differ_by_what_came_went_and_changed() {
        let mut changed = question("b");
        changed.source = "新来源".into();
        let found =
            differences(&[question("a"), question("b"), question("c")], &[changed, question("c"), question("d")]);
        let source = Change { part: Part::Source, before: "来源".into(), after: "新来源".into() };
        let expected = [("a", Fate::Removed), ("b", Fate::Changed(vec![source])), ("d", Fate::Added)];
        assert_eq!(
            found,
            expected.map(|(id, fate)| Difference { id: QuestionId(id.into()), stem: "题干".into(), fate })
        );
    }
}
