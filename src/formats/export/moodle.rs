//! Moodle XML, with all elements that Moodle itself writes. What it has no word for stands in a comment (formats/aside.rs).

use crate::domain::question::Kind;
use crate::domain::question::Question;
use crate::formats::aside::Aside;
use crate::formats::aside::difficulty_name;
use crate::formats::import::moodle::path_of;
use crate::formats::import::moodle::topic_of;
use std::borrow::Cow;

pub(super) fn write(questions: &[Question]) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<quiz>\n");
    let mut topic = None;
    for q in questions {
        if topic != Some(&q.topic) {
            topic = Some(&q.topic);
            let path = path_of(&q.topic);
            out.extend(["  <question type=\"category\">\n    <category>\n      <text>", &escaped(&path)]);
            out.push_str("</text>\n    </category>\n    <info format=\"moodle_auto_format\"><text></text></info>\n");
            out.push_str("    <idnumber></idnumber>\n  </question>\n");
        }
        write_question(&mut out, q);
    }
    out.push_str("</quiz>\n");
    out
}

fn write_question(out: &mut String, q: &Question) {
    let kind = if q.kind == Kind::TrueFalse { "truefalse" } else { "multichoice" };
    // Of true/false Moodle keeps no order.
    let fixed_order = Some(true).filter(|_| q.fixed_order && q.kind == Kind::TrueFalse);
    let aside = Aside { fixed_order, topic: unsaid(&q.topic), ..Aside::of(q) };
    out.extend(["  <question type=\"", kind, "\">\n    <!-- ", &aside.written(), " -->\n"]);
    out.extend(["    <name><text>", &escaped(&title_of(q)), "</text></name>\n"]);
    text(out, "questiontext", &q.stem);
    text(out, "generalfeedback", &q.explanation);
    out.push_str(
        "    <defaultgrade>1.0000000</defaultgrade>\n    <penalty>0.0000000</penalty>\n    <hidden>0</hidden>\n",
    );
    out.extend(["    <idnumber>", &escaped(q.id.as_str()), "</idnumber>\n"]);
    if q.kind == Kind::TrueFalse {
        for (place, name) in ["true", "false"].into_iter().enumerate() {
            answer(out, if q.key.has(place) { "100" } else { "0" }, "moodle_auto_format", name);
        }
    } else {
        let single = q.kind == Kind::Single;
        let shuffles = !q.fixed_order;
        out.push_str(&format!("    <single>{single}</single>\n    <shuffleanswers>{shuffles}</shuffleanswers>\n"));
        out.push_str(
            "    <answernumbering>ABCD</answernumbering>\n    <showstandardinstruction>0</showstandardinstruction>\n",
        );
        for name in ["correctfeedback", "partiallycorrectfeedback", "incorrectfeedback"] {
            text(out, name, "");
        }
        for (place, option) in q.options.iter().enumerate() {
            let fraction = match (single, q.key.has(place)) {
                (true, true) => "100",
                (true, false) => "0",
                (false, true) => share_of(q),
                // A wrong one takes away what the right ones give.
                (false, false) => "-100",
            };
            answer(out, fraction, "plain_text", option);
        }
    }
    out.extend(["    <tags>\n      <tag><text>难度：", difficulty_name(q.difficulty), "</text></tag>\n    </tags>\n"]);
    out.push_str("  </question>\n");
}

/// A topic that does not come back from the path of its category.
pub(super) fn unsaid(topic: &str) -> Option<String> {
    (topic_of(&path_of(topic)) != topic).then(|| topic.to_owned())
}

/// What each right answer of several is worth, as Moodle writes its fractions; others it refuses.
pub(super) fn share_of(q: &Question) -> &'static str {
    match q.key.count() {
        0 | 1 => "100",
        2 => "50",
        3 => "33.33333",
        4 => "25",
        5 => "20",
        6 => "16.66667",
        7 => "14.28571",
        _ => "12.5",
    }
}

/// What Moodle lists a question by: the beginning of its stem.
pub(super) fn title_of(q: &Question) -> String {
    const CHARS_MAX: usize = 40;
    q.stem.chars().map(|c| if c == '\n' { ' ' } else { c }).take(CHARS_MAX).collect()
}

fn text(out: &mut String, name: &str, said: &str) {
    out.push_str(&format!("    <{name} format=\"plain_text\"><text>{}</text></{name}>\n", escaped(said)));
}

fn answer(out: &mut String, fraction: &str, format: &str, said: &str) {
    out.push_str(&format!("    <answer fraction=\"{fraction}\" format=\"{format}\"><text>{}</text>", escaped(said)));
    out.push_str("<feedback format=\"plain_text\"><text></text></feedback></answer>\n");
}

/// For texts and attributes of XML. A character that XML cannot hold becomes the sign for a lost one.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    let is_lost =
        |c: char| (c.is_control() && !['\n', '\t'].contains(&c) && c < ' ') || matches!(c, '\u{FFFE}' | '\u{FFFF}');
    if !text.contains(|c| ['&', '<', '>', '"'].contains(&c) || is_lost(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if is_lost(c) => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}
