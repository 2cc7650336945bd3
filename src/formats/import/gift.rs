//! GIFT, Moodle's text format (docs.moodle.org, "GIFT format"): multiple choice and true/false; every other type is refused with its place.

use crate::domain::faults::Part;
use crate::formats::aside::Aside;
use crate::formats::draft::tidy;
use crate::formats::import::At;
use crate::formats::import::Item;
use crate::formats::import::Remark;
use crate::formats::import::found::Found;
use crate::formats::import::found::QUESTIONS_MAX;
use crate::formats::import::found::START;
use crate::formats::import::found::refusal;
use crate::formats::import::markup;
use crate::formats::import::moodle::topic_of;
use crate::formats::import::weights::Choosing;
use crate::formats::import::weights::weigh;
use crate::formats::import::words::level;
use crate::formats::text::Lines;
use crate::formats::text::decode;

/// What a backslash takes the meaning from; `\n` is a line break.
pub(in crate::formats) const ESCAPED: &str = "\\:#={}~";

/// `stem {=right ~wrong}`, `{T}`, `$CATEGORY:`, by the first questions.
pub(super) fn recognises(text: &str) -> bool {
    let mut looked_at = 0;
    text.split("\n\n").take(50).any(|chunk| {
        looked_at += chunk.len();
        let said: String = chunk.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let said = said.trim();
        if said.starts_with("$CATEGORY:") {
            return true;
        }
        let glyphs = Glyphs::of(said, 0);
        let Some((_, answers, _)) = split_answers(&glyphs.0) else { return false };
        let answers = trimmed(answers);
        let is_truth = truth_of(before(answers, '#')).is_some();
        looked_at < 100_000 && (is_truth || answers.first().is_some_and(|g| g.is('=') || g.is('~') || g.is('#')))
    })
}

pub(super) fn read(bytes: &[u8]) -> (Vec<Item>, Vec<Remark>) {
    let text = match decode(bytes) {
        Ok(text) => text.replace("\r\n", "\n").replace('\r', "\n"),
        Err(place) => {
            let message = "这里的文字既不是 UTF-8，也不是 GB18030（GBK）编码";
            return (Vec::new(), vec![refusal(place.into(), "encoding", message)]);
        }
    };
    let mut file = File { lines: Lines::of(&text), topic: String::new(), items: Vec::new(), remarks: Vec::new() };
    file.read(&text);
    if file.items.is_empty() && file.remarks.is_empty() {
        file.remarks.push(refusal(START, "no_questions", "文件里没有题目"));
    }
    (file.items, file.remarks)
}

struct File<'t> {
    lines: Lines<'t>,
    topic: String,
    items: Vec<Item>,
    remarks: Vec<Remark>,
}

impl File<'_> {
    /// Blank lines part one question from the next.
    fn read(&mut self, text: &str) {
        let mut chunk: Vec<(usize, &str)> = Vec::new();
        let mut at = 0;
        for line in text.split('\n').chain([""]) {
            if !line.trim().is_empty() {
                chunk.push((at, line));
            } else if !chunk.is_empty() {
                if self.items.len() >= QUESTIONS_MAX {
                    let message = format!("超过了 {QUESTIONS_MAX} 道题，后面的没有读");
                    self.remarks.push(refusal(self.at(at), "too_many_questions", message));
                    return;
                }
                self.read_chunk(&std::mem::take(&mut chunk));
            }
            at += line.len() + 1;
        }
    }

    fn at(&self, byte: usize) -> At {
        self.lines.place(byte).into()
    }

    fn read_chunk(&mut self, lines: &[(usize, &str)]) {
        let mut aside = None;
        let mut difficulty = None;
        let mut glyphs = Glyphs::default();
        for &(at, line) in lines {
            if let Some(comment) = line.trim_start().strip_prefix("//") {
                aside = aside.or_else(|| Aside::read(comment));
                difficulty = difficulty.or_else(|| tags_of(comment).find_map(level));
            } else if let Some(category) = line.trim_start().strip_prefix("$CATEGORY:")
                && glyphs.0.is_empty()
            {
                self.topic = topic_of(category);
            } else {
                glyphs.push_line(line, at);
            }
        }
        let Some(first) = glyphs.0.iter().find(|glyph| !glyph.c.is_whitespace()) else { return };
        let mut raw = String::new();
        lines.iter().for_each(|(_, line)| raw.extend([line, "\n"]));
        let mut found = Found::at(self.at(first.at), &raw);
        found.draft.topic.clone_from(&self.topic);
        found.draft.difficulty = difficulty;
        Question { file: self, found: &mut found }.read(trimmed(&glyphs.0));
        if let Some(aside) = aside {
            aside.tell(&mut found.draft);
        }
        self.items.push(found.finish());
    }
}

/// `[tag:易]` in a comment, as Moodle writes it.
fn tags_of(comment: &str) -> impl Iterator<Item = &str> {
    comment.split("[tag:").skip(1).filter_map(|after| after.split(']').next())
}

/// A character of the text with its place; `escaped` has lost its meaning to a backslash.
#[derive(Clone, Copy)]
struct Glyph {
    c: char,
    escaped: bool,
    at: usize,
}

impl Glyph {
    fn is(self, c: char) -> bool {
        self.c == c && !self.escaped
    }
}

#[derive(Default)]
struct Glyphs(Vec<Glyph>);

impl Glyphs {
    fn of(text: &str, at: usize) -> Glyphs {
        let mut glyphs = Glyphs::default();
        glyphs.push_line(text, at);
        glyphs
    }

    fn push_line(&mut self, line: &str, at: usize) {
        if !self.0.is_empty() {
            self.0.push(Glyph { c: '\n', escaped: false, at });
        }
        let mut chars = line.char_indices().peekable();
        while let Some((offset, c)) = chars.next() {
            let next = chars.peek().map(|&(_, next)| next).filter(|_| c == '\\');
            let meant = match next {
                Some('n') => Some('\n'),
                Some(next) if ESCAPED.contains(next) => Some(next),
                _ => None,
            };
            match meant {
                Some(meant) => {
                    chars.next();
                    self.0.push(Glyph { c: meant, escaped: true, at: at + offset });
                }
                None => self.0.push(Glyph { c, escaped: false, at: at + offset }),
            }
        }
    }
}

/// Blanks around it are layout; a line break that was written as `\n` is not.
fn trimmed(glyphs: &[Glyph]) -> &[Glyph] {
    let is_blank = |glyph: &Glyph| glyph.c.is_whitespace() && !glyph.escaped;
    let from = glyphs.iter().position(|glyph| !is_blank(glyph)).unwrap_or(glyphs.len());
    let to = glyphs.iter().rposition(|glyph| !is_blank(glyph)).map_or(from, |last| last + 1);
    &glyphs[from..to]
}

fn text_of(glyphs: &[Glyph]) -> String {
    glyphs.iter().map(|glyph| glyph.c).collect()
}

/// What stands before the first such sign; all, where there is none.
fn before(glyphs: &[Glyph], sign: char) -> &[Glyph] {
    &glyphs[..glyphs.iter().position(|glyph| glyph.is(sign)).unwrap_or(glyphs.len())]
}

/// The text before the braces, what is in them, and what follows.
fn split_answers(glyphs: &[Glyph]) -> Option<(&[Glyph], &[Glyph], &[Glyph])> {
    let open = glyphs.iter().position(|glyph| glyph.is('{'))?;
    let close = open + glyphs[open..].iter().position(|glyph| glyph.is('}'))?;
    Some((&glyphs[..open], &glyphs[open + 1..close], &glyphs[close + 1..]))
}

fn truth_of(glyphs: &[Glyph]) -> Option<bool> {
    match text_of(trimmed(glyphs)).to_ascii_uppercase().as_str() {
        "T" | "TRUE" => Some(true),
        "F" | "FALSE" => Some(false),
        _ => None,
    }
}

/// What a text may be written in, where it says so at its start.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Written {
    /// With tags HTML, without them as it stands.
    Either,
    Plain,
    Markdown,
}

struct Question<'q, 't> {
    file: &'q File<'t>,
    found: &'q mut Found,
}

impl Question<'_, '_> {
    fn refuse_at(&mut self, glyph: Option<&Glyph>, part: Part, code: &'static str, message: &str) {
        let at = glyph.map_or(self.found.at, |glyph| self.file.at(glyph.at));
        self.found.note(crate::formats::import::Gravity::Refused, at, part, code, message);
    }

    fn read(&mut self, mut glyphs: &[Glyph]) {
        if glyphs.len() >= 2 && glyphs[0].is(':') && glyphs[1].is(':') {
            let title = glyphs[2..].windows(2).position(|pair| pair[0].is(':') && pair[1].is(':'));
            match title {
                Some(end) => glyphs = trimmed(&glyphs[end + 4..]),
                None => {
                    let message = "标题应写作 ::标题::，这里少了后面的两个冒号";
                    return self.refuse_at(glyphs.first(), Part::Whole, "unclosed_title", message);
                }
            }
        }
        let braces = glyphs.iter().filter(|glyph| glyph.is('{') || glyph.is('}')).count();
        let Some((head, answers, tail)) = split_answers(glyphs) else {
            self.found.draft.stem = self.text(glyphs, Part::Stem, Written::Either).0;
            if braces == 0 {
                let message = "没有 { } 和里面的答案：这是说明文字，不是题目";
                return self.refuse_at(glyphs.first(), Part::Whole, "unsupported_type", message);
            }
            let brace = glyphs.iter().find(|glyph| glyph.is('{') || glyph.is('}'));
            let message = "花括号没有成对（答案中间也不能有空行）；文字里的花括号要写作 \\{ 和 \\}";
            return self.refuse_at(brace, Part::Whole, "unclosed_brace", message);
        };
        let mut stem: Vec<Glyph> = head.to_vec();
        if !trimmed(tail).is_empty() {
            // The missing-word form: the gap is where the braces were.
            let at = answers.first().or(tail.first()).map_or(0, |glyph| glyph.at);
            stem.extend("_____".chars().map(|c| Glyph { c, escaped: true, at }));
            stem.extend(tail);
        }
        let (text, written) = self.text(&stem, Part::Stem, Written::Either);
        self.found.draft.stem = text;
        if braces != 2 {
            let extra = tail.iter().find(|glyph| glyph.is('{') || glyph.is('}')).or(head.first());
            return self.refuse_at(extra, Part::Whole, "several_answers", "一道题里有几处花括号：一道题只能有一处答案");
        }
        let (answers, general) = general_feedback(answers);
        self.found.draft.explanation = self.text(general, Part::Explanation, written).0;
        self.read_answers(trimmed(answers), written);
    }

    fn read_answers(&mut self, answers: &[Glyph], written: Written) {
        let has = |sign| answers.iter().any(|glyph| glyph.is(sign));
        let arrow = || answers.windows(2).any(|pair| pair[0].is('-') && pair[1].is('>'));
        let kind = match answers.first() {
            None => "问答题",
            Some(first) if first.is('#') => "数字题",
            _ if has('~') => return self.read_options(answers, written),
            _ if truth_of(before(answers, '#')).is_some() => return self.read_truth(answers, written),
            _ if has('=') && arrow() => "匹配题",
            _ => "填空题（短答题）",
        };
        let message = format!("这是「{kind}」：这里只有判断题、单选题和多选题");
        self.refuse_at(answers.first(), Part::Whole, "unsupported_type", &message);
    }

    /// `{T#what is told to who was wrong#what is told to who was right}`
    fn read_truth(&mut self, answers: &[Glyph], written: Written) {
        let mut parts = answers.split(|glyph| glyph.is('#'));
        self.found.set_truth(parts.next().and_then(truth_of).unwrap_or_default());
        let told: Vec<&[Glyph]> = parts.map(trimmed).collect();
        let right = told.get(1).copied().unwrap_or_default();
        self.read_feedback(right, told.first().is_some_and(|wrong| !wrong.is_empty()), written);
    }

    fn read_options(&mut self, answers: &[Glyph], written: Written) {
        let starts: Vec<usize> = (0..answers.len()).filter(|&at| answers[at].is('~') || answers[at].is('=')).collect();
        let stray = trimmed(&answers[..starts[0]]);
        if !stray.is_empty() {
            let message = "第一个选项前面少了 = 或 ~";
            return self.refuse_at(stray.first(), Part::Options, "stray_text", message);
        }
        let (mut options, mut weights) = (Vec::new(), Vec::new());
        let (mut of_right, mut dropped) = (&answers[..0], false);
        let single = answers.iter().any(|glyph| glyph.is('='));
        for (nth, &start) in starts.iter().enumerate() {
            let end = starts.get(nth + 1).copied().unwrap_or(answers.len());
            let sign = answers[start];
            let body = &answers[start + 1..end];
            if body.is_empty() && sign.is('~') && end < answers.len() && answers[end].is('=') {
                // Some write "~=" for "=".
                continue;
            }
            let spaced = start == 0 || answers[start - 1].c.is_whitespace() || answers[start - 1].is('~');
            if sign.is('=') && !spaced {
                let message = "这个 = 紧跟在文字后面，被读作又一个正确选项；文字里的 = 要写作 \\=";
                let at = self.file.at(sign.at);
                self.found.note(
                    crate::formats::import::Gravity::ToCheck,
                    at,
                    Part::Options,
                    "unescaped_equals",
                    message,
                );
            }
            let (weight, body) = weight_of(body);
            let weight = weight.unwrap_or(if sign.is('=') { 100.0 } else { 0.0 });
            let text = trimmed(before(body, '#'));
            let feedback = trimmed(body.get(before(body, '#').len() + 1..).unwrap_or_default());
            let (text, _) = self.text(text, Part::Option(options.len()), written);
            options.push(text);
            weights.push(weight);
            if weight > 0.0 && of_right.is_empty() {
                of_right = feedback;
            } else {
                dropped |= !feedback.is_empty();
            }
        }
        self.found.set_options(options);
        weigh(self.found, if single { Choosing::One } else { Choosing::Several }, &weights);
        self.read_feedback(of_right, dropped, written);
    }

    /// What is said of single answers: the right one's may be the explanation.
    fn read_feedback(&mut self, of_right: &[Glyph], mut dropped: bool, written: Written) {
        if !of_right.is_empty() {
            if self.found.draft.explanation.is_empty() {
                self.found.draft.explanation = self.text(of_right, Part::Explanation, written).0;
                self.found.check(Part::Explanation, "feedback_as_explanation", "把正确答案的反馈当作了解析");
            } else {
                dropped = true;
            }
        }
        if dropped {
            self.found.check(Part::Explanation, "feedback_dropped", "各选项的反馈没有带过来：这里一道题只有一段解析");
        }
    }

    /// A text as its `[html]`, `[plain]`, … says; what it does not say it has from the stem.
    fn text(&mut self, glyphs: &[Glyph], part: Part, inherited: Written) -> (String, Written) {
        let glyphs = trimmed(glyphs);
        let mut written = inherited;
        let mut body = glyphs;
        if glyphs.first().is_some_and(|glyph| glyph.is('['))
            && let Some(end) = glyphs.iter().take(12).position(|glyph| glyph.is(']'))
        {
            let named = match text_of(&glyphs[1..end]).to_lowercase().as_str() {
                "html" | "moodle" => Some(Written::Either),
                "plain" => Some(Written::Plain),
                "markdown" => Some(Written::Markdown),
                _ => None,
            };
            if let Some(named) = named {
                (written, body) = (named, &glyphs[end + 1..]);
            }
        }
        let text = text_of(trimmed(body));
        let (text, mut lost) = match written {
            Written::Plain => (tidy(&text), Default::default()),
            Written::Either | Written::Markdown => markup::of_either(&text),
        };
        if written == Written::Markdown && text.contains(['*', '_', '`', '#', '[', '|']) {
            lost.insert(markup::Lost::Markdown);
        }
        markup::tell(self.found, part, &lost);
        (text, written)
    }
}

/// What stands after `####` is said to everybody.
fn general_feedback(answers: &[Glyph]) -> (&[Glyph], &[Glyph]) {
    let at = answers.windows(4).rposition(|four| four.iter().all(|glyph| glyph.is('#')));
    at.map_or((answers, &answers[..0]), |at| (&answers[..at], &answers[at + 4..]))
}

/// `%50%` at the start, in percent.
fn weight_of(body: &[Glyph]) -> (Option<f64>, &[Glyph]) {
    const LENGTH_MAX: usize = 14;
    let whole = trimmed(body);
    if !whole.first().is_some_and(|glyph| glyph.is('%')) {
        return (None, body);
    }
    let Some(length) = whole[1..].iter().take(LENGTH_MAX).position(|glyph| glyph.is('%')) else { return (None, body) };
    let number = text_of(&whole[1..=length]);
    match number.parse::<f64>() {
        Ok(weight) if number.chars().all(|c| c.is_ascii_digit() || c == '.' || c == '-') => {
            (Some(weight), &whole[length + 2..])
        }
        _ => (None, body),
    }
}

#[cfg(test)]
mod tests;
