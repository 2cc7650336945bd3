//! The options of one question: in cells of their own, or all in one cell; without the letters in front of them.

use crate::domain::faults::Part;
use crate::domain::faults::letter;
use crate::domain::question::Kind;
use crate::domain::question::OPTIONS_MAX;
use crate::domain::question::Question;
use crate::formats::columns::NAMED_MAX;
use crate::formats::import::Gravity;
use crate::formats::import::grid::Mark;
use crate::formats::import::settle::Settling;
use crate::formats::import::settle::Told;
use crate::formats::import::settle::too_many;
use crate::formats::import::words::clean;
use crate::formats::import::words::half;
use crate::formats::import::words::label_of;
use crate::formats::import::words::lettered;
use crate::formats::import::words::line;
use crate::formats::import::words::truth_of;

pub(super) fn read(settling: &mut Settling<'_>) {
    if settling.told.options.iter().all(Option::is_none) {
        if let Some(all) = settling.told.all_options.clone() {
            split(settling, &all);
        }
    } else if settling.told.all_options.as_ref().is_some_and(|all| !clean(&all.text).is_empty()) {
        settling.check(Part::Options, "options_twice", "选项既有单独的列，又合写在一格里：以单独的列为准");
    }
    drop_blank_marks(settling);
    let mut options: Vec<Option<Told>> = settling.told.options.clone();
    while options.last().is_some_and(Option::is_none) {
        options.pop();
    }
    if let Some(gap) = options.iter().position(Option::is_none) {
        let message = format!("选项 {} 空着，后面却还有选项", letter(gap));
        let at = options.iter().skip(gap).flatten().next().map(|told| told.at);
        let at = at.unwrap_or(crate::formats::import::At { row: 1, column: 1 });
        settling.say(Gravity::Refused, at, Part::Options, "gap", message);
    }
    if let Some(message) = too_many(options.len()) {
        settling.refuse(Part::Options, "too_many_options", message);
    }
    let texts: Vec<String> =
        options.iter().map(|told| told.as_ref().map(|told| line(&told.text)).unwrap_or_default()).collect();
    settling.draft.options = without_labels(settling, texts);
    look_for_labels_inside(settling);
    settle_truth(settling);
}

/// 正确 and 错误 under their many names, in either order.
pub(super) fn is_truth(options: &[String]) -> bool {
    match options {
        [first, second] => {
            let of = |text: &str| if text.chars().all(|c| c.is_ascii_digit()) { None } else { truth_of(text) };
            matches!((of(first), of(second)), (Some((a, _)), Some((b, _))) if a != b)
        }
        _ => false,
    }
}

fn settle_truth(settling: &mut Settling<'_>) {
    let options = &settling.draft.options;
    if is_truth(options) && settling.draft.kind != Some(Kind::Single) {
        let turned = truth_of(&options[0]).is_some_and(|(truth, _)| !truth);
        settling.draft.options = if turned {
            vec![Question::FALSE.to_owned(), Question::TRUE.to_owned()]
        } else {
            vec![Question::TRUE.to_owned(), Question::FALSE.to_owned()]
        };
        if turned && settling.told.flags.len() >= 2 {
            settling.told.flags.swap(0, 1);
            settling.draft.options.swap(0, 1);
        }
    } else if settling.draft.kind == Some(Kind::TrueFalse) && options.is_empty() {
        settling.draft.options = vec![Question::TRUE.to_owned(), Question::FALSE.to_owned()];
    } else if settling.draft.kind == Some(Kind::TrueFalse) {
        let message = "判断题的选项只能是「正确」「错误」，也可以不写";
        settling.refuse(Part::Options, "bad_options", message);
    }
}

/// `/`, `-` and the like in the cells after the last option only say that there is none.
fn drop_blank_marks(settling: &mut Settling<'_>) {
    let is_mark =
        |text: &str| matches!(clean(text).as_str(), "/" | "\\" | "-" | "—" | "——" | "--" | "N/A" | "n/a" | "／");
    let marks = settling.told.options.iter().rev().skip_while(|told| told.is_none());
    let count = marks.take_while(|told| told.as_ref().is_none_or(|told| is_mark(&told.text))).flatten().count();
    let filled = settling.told.options.iter().flatten().count();
    if count == 0 || count == filled && filled < 3 && settling.draft.kind != Some(Kind::TrueFalse) {
        return;
    }
    let mut left = count;
    for told in settling.told.options.iter_mut().rev() {
        if left > 0 && told.is_some() {
            *told = None;
            left -= 1;
        }
    }
    settling.check(Part::Options, "blank_mark", format!("末尾 {count} 个选项只有一条横线，当作没有这些选项"));
}

/// `A、` in front of every option goes; in front of some, that is told.
fn without_labels(settling: &mut Settling<'_>, texts: Vec<String>) -> Vec<String> {
    let own =
        |place: usize, text: &str| label_of(text).filter(|(found, length)| *found == place && *length < text.len());
    let labelled = texts.iter().enumerate().filter(|(place, text)| own(*place, text).is_some()).count();
    let is_labelled = |text: &String| label_of(text).is_some_and(|(_, length)| length < text.len());
    if labelled < texts.len() && texts.len() > 1 && texts.iter().all(is_labelled) {
        let wrong = texts.iter().enumerate().find(|(place, text)| own(*place, text).is_none());
        let (place, text) = wrong.map_or((0, ""), |(place, text)| (place, text.as_str()));
        let shown: String = text.chars().take(20).collect();
        let message = format!("选项前面的字母与次序不合：第 {} 个应是 {}，写的是「{shown}」", place + 1, letter(place));
        settling.refuse(Part::Options, "option_order", message);
        return texts;
    }
    if labelled == 0 {
        return texts;
    }
    if labelled < texts.len() {
        settling.check(Part::Options, "some_labels", "有的选项前面带着字母，有的没有：都照原样留着");
        return texts;
    }
    let strip = |(place, text): (usize, &String)| {
        own(place, text).map_or(String::new(), |(_, length)| text[length..].to_owned())
    };
    texts.iter().enumerate().map(strip).collect()
}

/// `甲 C.丙`: an option that went astray in another, where a letter is missing or out of order.
fn look_for_labels_inside(settling: &mut Settling<'_>) {
    let found = settling.draft.options.iter().enumerate().find_map(|(place, text)| Some((place, label_inside(text)?)));
    if let Some((place, label)) = found {
        let message = format!("选项 {} 里还有「{label}」：可能几个选项连在了一起，或者字母的次序不对", letter(place));
        settling.check(Part::Option(place), "label_inside", message);
    }
}

/// The mark of another option within this one. 维生素A、维生素D is none: the sign has to be one that only marks have, or a blank in front.
fn label_inside(text: &str) -> Option<String> {
    let mut before: Option<char> = None;
    for (at, c) in text.char_indices() {
        let last = before.replace(c);
        let Some(last) = last.filter(|last| !half(*last).is_ascii_alphanumeric() && !"(（[【".contains(*last)) else {
            continue;
        };
        let Some((place, length)) = label_of(&text[at..]).filter(|(_, length)| at + length < text.len()) else {
            continue;
        };
        let mark = text[at..at + length].trim();
        let is_sure = last.is_whitespace() || !mark.ends_with(['、', '，', ',', '：', ':', '。']);
        if place < OPTIONS_MAX && is_sure && !c.is_whitespace() {
            return Some(mark.to_owned());
        }
    }
    None
}

/// All options of one cell.
fn split(settling: &mut Settling<'_>, all: &Told) {
    let text = clean(&all.text);
    if text.is_empty() {
        return;
    }
    let pieces = lettered(&text, 0);
    let pieces: Vec<String> = if pieces.len() >= 2 {
        let ends = [';', '；', '|', '┋', ',', '，', '、'];
        let texts: Vec<String> = pieces.into_iter().map(|(_, text)| line(&text)).collect();
        // What stood between options is no part of them.
        let between = |end: char| texts.iter().take(texts.len() - 1).all(|text| text.ends_with(end));
        match ends.into_iter().find(|&end| between(end)) {
            Some(end) => texts.iter().map(|text| text.trim_end_matches(end).trim_end().to_owned()).collect(),
            None => texts,
        }
    } else {
        let separators: [&[char]; 4] = [&['\n'], &['┋', '|', '｜'], &[';', '；'], &[',', '，', '、']];
        let mut found = Vec::new();
        for (rank, separator) in separators.into_iter().enumerate() {
            let pieces: Vec<String> = text.split(separator).map(line).filter(|piece| !piece.is_empty()).collect();
            if pieces.len() >= 2 {
                if rank == 3 {
                    settling.check(
                        Part::Options,
                        "options_by_comma",
                        format!("选项合写在一格里，按逗号、顿号分成了 {} 个", pieces.len()),
                    );
                }
                found = pieces;
                break;
            }
        }
        found
    };
    if pieces.is_empty() {
        let shown: String = text.chars().take(40).collect();
        let message = format!("看不出「{shown}」里有几个选项：请用换行、分号或 | 隔开，或者写成 A.…… B.……");
        return settling.refuse(Part::Options, "bad_options", message);
    }
    settling.told.options =
        pieces.into_iter().take(NAMED_MAX).map(|text| Some(Told { text, at: all.at, mark: Mark::Plain })).collect();
}
