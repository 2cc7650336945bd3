//! The formats in which systems exchange questions, each by its reader.

use crate::domain::faults::Part;
use crate::formats::import::Defaults;
use crate::formats::import::Format;
use crate::formats::import::Import;
use crate::formats::import::Item;
use crate::formats::import::aiken;
use crate::formats::import::found::START;
use crate::formats::import::found::refusal;
use crate::formats::import::gift;
use crate::formats::import::json;
use crate::formats::import::moodle;
use crate::formats::import::qti;

pub(super) fn read(format: Format, bytes: &[u8], defaults: &Defaults) -> Import {
    let (mut items, remarks) = match format {
        Format::Json => json::read(bytes),
        Format::Gift => gift::read(bytes),
        Format::Aiken => aiken::read(bytes),
        Format::MoodleXml => moodle::read(bytes),
        Format::Qti => qti::read(bytes),
        Format::Xlsx | Format::Xls | Format::Docx | Format::Csv | Format::Text | Format::Toml => {
            (Vec::new(), vec![refusal(START, "unknown_format", "这不是交换题目用的格式")])
        }
    };
    items.iter_mut().for_each(|item| fill(item, defaults));
    Import { format, items, remarks }
}

/// What the file does not say and the person said for all of it.
fn fill(item: &mut Item, defaults: &Defaults) {
    let draft = &mut item.draft;
    let texts = [
        (Part::Topic, &mut draft.topic, &defaults.topic),
        (Part::Source, &mut draft.source, &defaults.source),
        (Part::Explanation, &mut draft.explanation, &defaults.explanation),
    ];
    let mut filled = Vec::new();
    for (part, text, default) in texts {
        if let Some(default) = default
            && text.is_empty()
        {
            text.clone_from(default);
            filled.push(part);
        }
    }
    if draft.difficulty.is_none() && defaults.difficulty.is_some() {
        draft.difficulty = defaults.difficulty;
        filled.push(Part::Difficulty);
    }
    draft.contributor = draft.contributor.take().or_else(|| defaults.contributor.clone());
    item.remarks.retain(|remark| !(remark.code.starts_with("missing_") && filled.contains(&remark.part)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::import::Standing;

    #[test]
    fn what_the_file_does_not_say_is_what_the_person_said() {
        let some = |text: &str| Some(text.to_owned());
        let defaults =
            Defaults { topic: some("水"), source: some("教材"), difficulty: Some(1), ..Defaults::default() };
        let import = read(Format::Gift, "$CATEGORY: 火\n\n甲？{=1 ~2 ####因为。}".as_bytes(), &defaults);
        let item = &import.items[0];
        assert_eq!((item.draft.topic.as_str(), item.draft.source.as_str()), ("火", "教材"));
        assert_eq!((item.draft.difficulty, item.draft.explanation.as_str()), (Some(1), "因为。"));
        assert_eq!((item.remarks.as_slice(), item.standing()), (&[][..], Standing::Ready));
    }
}
