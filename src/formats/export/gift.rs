//! GIFT for Moodle. What it has no word for stands in a comment (formats/aside.rs).

use crate::domain::question::Kind;
use crate::domain::question::Question;
use crate::formats::aside::Aside;
use crate::formats::aside::difficulty_name;
use crate::formats::export::moodle::share_of;
use crate::formats::export::moodle::unsaid;
use crate::formats::import::gift::ESCAPED;
use crate::formats::import::moodle::path_of;

pub(super) fn write(questions: &[Question]) -> String {
    let mut out = String::from("// 科竞导出\n\n");
    let mut topic = None;
    for q in questions {
        if topic != Some(&q.topic) {
            topic = Some(&q.topic);
            out.extend(["$CATEGORY: ", &path_of(&q.topic), "\n\n"]);
        }
        write_question(&mut out, q);
    }
    out
}

fn write_question(out: &mut String, q: &Question) {
    // Neither an answer's order nor, for true/false, anything of it can be said.
    let fixed_order = Some(true).filter(|_| q.fixed_order);
    let aside = Aside { fixed_order, topic: unsaid(&q.topic), ..Aside::of(q) };
    out.extend(["// [id:", q.id.as_str(), "] [tag:", difficulty_name(q.difficulty), "]\n"]);
    out.extend(["// ", &aside.written(), "\n"]);
    // Texts are plain, not HTML. What begins so can't be taken for a comment either.
    out.extend(["::", &escaped(q.id.as_str()), "::[plain]", &escaped(&q.stem), "{"]);
    if q.kind == Kind::TrueFalse {
        out.push_str(if q.key.has(0) { "TRUE" } else { "FALSE" });
    } else {
        out.push('\n');
        let share = share_of(q);
        for (place, option) in q.options.iter().enumerate() {
            let sign = match (q.kind, q.key.has(place)) {
                (Kind::Multiple, true) => format!("~%{share}%"),
                // A wrong one takes away what the right ones give.
                (Kind::Multiple, false) => "~%-100%".to_owned(),
                (_, true) => "=".to_owned(),
                (_, false) => "~".to_owned(),
            };
            out.extend(["\t", &sign, &in_format(option), "\n"]);
        }
    }
    if !q.explanation.is_empty() {
        out.extend(["####", &in_format(&q.explanation), if q.kind == Kind::TrueFalse { "" } else { "\n" }]);
    }
    out.push_str("}\n\n");
}

/// `[` or `%` at the start would be read as a format or a weight.
fn in_format(text: &str) -> String {
    format!("{}{}", if text.starts_with(['[', '%']) { "[plain]" } else { "" }, escaped(text))
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            c if ESCAPED.contains(c) => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}
