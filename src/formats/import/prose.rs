//! Questions typed one after the other: numbered stems, lettered options, 【答案】, headings, and answers gathered at the end.

use crate::domain::faults::Part;
use crate::domain::faults::letter;
use crate::formats::columns::Field;
use crate::formats::import::At;
use crate::formats::import::Defaults;
use crate::formats::import::Gravity;
use crate::formats::import::Item;
use crate::formats::import::Remark;
use crate::formats::import::Stop;
use crate::formats::import::Watch;
use crate::formats::import::answers;
use crate::formats::import::answers::Answer;
use crate::formats::import::answers::Gathered;
use crate::formats::import::grid::Mark;
use crate::formats::import::grid::ROWS_MAX;
use crate::formats::import::heading::heading_of;
use crate::formats::import::heading::number_first;
use crate::formats::import::heading::without_numeral;
use crate::formats::import::settle::Ground;
use crate::formats::import::settle::Sighting;
use crate::formats::import::settle::Told;
use crate::formats::import::settle::settle;
use crate::formats::import::stem;
use crate::formats::import::stem::number_of;
use crate::formats::import::tags::tagged;
use crate::formats::import::words::Asked;
use crate::formats::import::words::clean;
use crate::formats::import::words::label_of;
use crate::formats::import::words::lettered;
use crate::formats::import::words::scale_of;
use crate::formats::text::with_plain_lines;

/// A longer line that begins with 一、 is no heading.
const HEADING_MAX: usize = 30;
/// So many answers in the brackets of stems are the way of the whole document.
const HABIT: usize = 3;
/// Bytes of a stem in which options are looked for; a longer one is refused for its length anyway.
const INLINE_MAX: usize = 8_000;
/// Lines between two signs of life.
const STRIDE: usize = 1024;

/// A line of a text, or a paragraph of a document.
#[derive(Clone, Debug, Default)]
pub(super) struct Paragraph {
    pub(super) row: u32,
    pub(super) text: String,
    pub(super) mark: Mark,
    /// A picture stood in it.
    pub(super) picture: bool,
}

/// What was read last, and what an unmarked line goes on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    Stem,
    Option(usize),
    Part(Field),
}

struct Open {
    told: Sighting,
    last: Last,
    number: Option<u32>,
    /// How often the numbers began anew before it.
    run: usize,
}

/// What a document came to.
#[derive(Default)]
pub(super) struct Found {
    pub(super) items: Vec<Item>,
    pub(super) remarks: Vec<Remark>,
}

pub(super) fn paragraphs_of(text: &str) -> Vec<Paragraph> {
    let text = with_plain_lines(text.strip_prefix('\u{FEFF}').unwrap_or(text).to_owned());
    let whole = |(row, text): (u32, &str)| Paragraph { row, text: text.to_owned(), ..Paragraph::default() };
    (1..).zip(text.split('\n')).map(whole).collect()
}

pub(super) fn read(paragraphs: &[Paragraph], defaults: &Defaults, watch: &mut Watch<'_>) -> Result<Found, Stop> {
    let mut prose = Prose::default();
    for (n, paragraph) in paragraphs.iter().enumerate() {
        for (part, text) in paragraph.text.split('\n').enumerate() {
            prose.line(&Paragraph { text: clean(text), picture: paragraph.picture && part == 0, ..paragraph.clone() });
        }
        if n.is_multiple_of(STRIDE) && !watch((n * 1000 / paragraphs.len().max(1)) as u32, 1000) {
            return Err(Stop::Cancelled);
        }
    }
    prose.close();
    prose.finish(defaults, watch)
}

#[derive(Default)]
struct Prose {
    done: Vec<Open>,
    open: Option<Open>,
    heading: Option<Asked>,
    run: usize,
    /// Whether numbers stand in brackets, once there is one.
    bracketed: Option<bool>,
    after_blank: bool,
    in_answers: bool,
    answers: Vec<Answer>,
    left_out: Vec<u32>,
    remarks: Vec<Remark>,
}

impl Prose {
    fn line(&mut self, line: &Paragraph) {
        if line.picture {
            self.tell_picture(line);
        }
        if line.text.is_empty() {
            self.after_blank = true;
            return;
        }
        self.sort_out(line);
        self.after_blank = false;
    }

    fn sort_out(&mut self, line: &Paragraph) {
        if let Some(text) = number_first(&line.text) {
            return self.sort_out(&Paragraph { text, ..line.clone() });
        }
        if let Some(asked) = heading_of(&line.text) {
            self.close();
            self.heading = Some(asked);
            return;
        }
        if answers::is_title(&line.text) && self.begins_answers() {
            self.close();
            (self.in_answers, self.heading) = (true, None);
            return;
        }
        if self.in_answers {
            if answers::read(line, self.heading.as_ref(), &mut self.answers) {
                return;
            }
            self.in_answers = number_of(&line.text).is_none();
            if self.in_answers {
                return self.left_out.push(line.row);
            }
        }
        if self.is_other_heading(&line.text) {
            self.close();
            return self.left_out.push(line.row);
        }
        let pieces = tagged(&line.text);
        let (bare, tags) = pieces.split_first().map_or(("", &[][..]), |(first, rest)| (first.text.as_str(), rest));
        if !bare.is_empty() {
            self.untagged(line, bare);
        }
        for piece in tags {
            let column = line.text[..piece.at].chars().count() as u32 + 1;
            let told = Told { text: piece.text.clone(), at: At { row: line.row, column }, mark: line.mark };
            if let Some(field) = piece.field {
                self.part(field, told);
            }
        }
        if let Some(open) = &mut self.open
            && open.told.raw.len() < 4_000
        {
            open.told.raw.push_str(&line.text);
            open.told.raw.push('\n');
        }
    }

    /// 参考答案 alone begins the answers of all questions, unless each question has its own.
    fn begins_answers(&self) -> bool {
        let keyed = |open: &Open| open.told.key.is_some();
        self.open.as_ref().is_none_or(|open| !open.told.options.is_empty() || open.number.is_some() || keyed(open))
            && (self.done.len() + usize::from(self.open.is_some()) > 1)
            && !self.done.iter().any(keyed)
    }

    fn is_other_heading(&self, text: &str) -> bool {
        let is_explained = self.open.as_ref().is_some_and(|open| open.last == Last::Part(Field::Explanation));
        without_numeral(text).len() < text.len()
            && text.chars().count() <= HEADING_MAX
            && !text.starts_with(['（', '('])
            && (self.after_blank || !is_explained)
            && !text.contains("答案")
    }

    fn untagged(&mut self, line: &Paragraph, text: &str) {
        let told = |text: &str| Told { text: text.to_owned(), at: At { row: line.row, column: 1 }, mark: line.mark };
        if let Some((place, _)) = label_of(text).filter(|(place, _)| self.takes_option(*place))
            && let Some(open) = &mut self.open
        {
            for (place, text) in lettered(text, place) {
                if open.told.options.len() <= place {
                    open.told.options.resize(place + 1, None);
                }
                let told = told(&text);
                if let Some(known) = &open.told.options[place] {
                    open.told.remarks.push(written_twice(place, known, &told));
                } else {
                    open.told.options[place] = Some(told);
                }
                open.last = Last::Option(place);
            }
            return;
        }
        let opens_bracket = text.starts_with(['(', '（', '[', '【']);
        if let Some((number, length)) = number_of(text)
            && self.takes_number(number, opens_bracket)
        {
            return self.begin(line, Some(number), opens_bracket, told(&text[length..]));
        }
        match &mut self.open {
            Some(open) => match open.last {
                Last::Stem => push(&mut open.told.stem, "\n", told(text)),
                Last::Option(place) => match open.told.options.get_mut(place) {
                    Some(option) if !self.after_blank => push(option, "", told(text)),
                    _ => self.begin(line, None, false, told(text)),
                },
                Last::Part(Field::Key) if open.told.key.as_ref().is_some_and(|key| key.text.is_empty()) => {
                    open.told.key = Some(told(text));
                }
                Last::Part(Field::Explanation) if !self.after_blank => {
                    push(&mut open.told.explanation, "\n", told(text))
                }
                Last::Part(_) => self.begin(line, None, false, told(text)),
            },
            None => self.begin(line, None, false, told(text)),
        }
    }

    /// After the answer, `A、` begins a sentence of the explanation.
    fn takes_option(&self, place: usize) -> bool {
        self.open.as_ref().is_some_and(|open| match open.last {
            Last::Part(Field::Explanation) => false,
            Last::Part(Field::Key) => open.told.options.is_empty() && place == 0,
            _ => place == open.told.options.len() || (place < 8 && !open.told.options.is_empty()),
        })
    }

    /// Whether a number begins a question, and is not one of a list inside the question that is open.
    fn takes_number(&self, number: u32, bracketed: bool) -> bool {
        let Some(open) = &self.open else { return self.bracketed.is_none_or(|known| known == bracketed) };
        let is_whole = open.told.key.is_some() || open.told.options.iter().flatten().count() >= 2;
        if self.bracketed.is_some_and(|known| known != bracketed) {
            return false;
        }
        match open.number {
            None => true,
            Some(before) => {
                number == before + 1 || (is_whole && (number > before || (number == 1 && self.after_blank)))
            }
        }
    }

    fn begin(&mut self, line: &Paragraph, number: Option<u32>, bracketed: bool, stem: Told) {
        let before = self.open.as_ref().or(self.done.last()).and_then(|open| open.number);
        self.close();
        if let (Some(number), Some(before)) = (number, before) {
            self.run += usize::from(number <= before);
        }
        if number.is_some() {
            self.bracketed.get_or_insert(bracketed);
        }
        let told = Sighting {
            at: Some(At { row: line.row, column: 1 }),
            heading: self.heading.clone(),
            stem: Some(stem),
            ..Sighting::default()
        };
        self.open = Some(Open { told, last: Last::Stem, number, run: self.run });
    }

    fn part(&mut self, field: Field, told: Told) {
        if field == Field::Stem {
            match &mut self.open {
                Some(open) if open.told.stem.is_none() => (open.told.stem, open.last) = (Some(told), Last::Stem),
                _ => self.begin(&Paragraph { row: told.at.row, ..Paragraph::default() }, None, false, told),
            }
            return;
        }
        if self.open.is_none() && field != Field::Kind {
            return self.left_out.push(told.at.row);
        }
        // 题型 may stand in front of the stem.
        let begins = field == Field::Kind
            && self.open.as_ref().is_none_or(|open| {
                let is_answered = open.told.key.is_some() || !open.told.options.is_empty();
                open.told.kind.is_some() || (self.after_blank && is_answered)
            });
        if begins {
            self.close();
            let told = Sighting { at: Some(told.at), heading: self.heading.clone(), ..Sighting::default() };
            self.open = Some(Open { told, last: Last::Stem, number: None, run: self.run });
        }
        let Some(open) = &mut self.open else { return };
        let part = match field {
            Field::Kind => &mut open.told.kind,
            Field::Key => &mut open.told.key,
            Field::Explanation => &mut open.told.explanation,
            Field::Source => &mut open.told.source,
            Field::Difficulty => &mut open.told.difficulty,
            Field::Topic => &mut open.told.topic,
            Field::Contributor => &mut open.told.contributor,
            Field::Link => &mut open.told.link,
            _ => return,
        };
        match part {
            Some(known) if field == Field::Key && clean(&known.text) != clean(&told.text) && !known.text.is_empty() => {
                let message = format!("答案写了两次，先是「{}」，后是「{}」", known.text, told.text);
                let (gravity, part) = (Gravity::Refused, Part::Key);
                open.told.remarks.push(Remark { gravity, at: told.at, part, code: "key_conflict", message });
            }
            Some(_) if field == Field::Explanation => push(part, "\n", told),
            _ => *part = Some(told),
        }
        if field != Field::Kind {
            open.last = Last::Part(field);
        }
    }

    fn tell_picture(&mut self, line: &Paragraph) {
        let at = At { row: line.row, column: 1 };
        let message = "这里有图片，没有带过来：保存以后请在编辑页上传".to_owned();
        let remark = Remark { gravity: Gravity::ToCheck, at, part: Part::Media, code: "picture_lost", message };
        match &mut self.open {
            Some(open) if line.text.is_empty() || number_of(&line.text).is_none() => open.told.remarks.push(remark),
            // It belongs to the question that begins here.
            _ => self.remarks.push(remark),
        }
    }

    fn close(&mut self) {
        let Some(mut open) = self.open.take() else { return };
        inline_options(&mut open.told);
        let is_question = open.number.is_some() || open.told.key.is_some() || open.told.options.len() >= 2;
        if is_question && self.done.len() >= ROWS_MAX {
            if self.done.len() == ROWS_MAX && self.remarks.last().is_none_or(|last| last.code != "too_large") {
                let at = open.told.at.unwrap_or(At { row: 1, column: 1 });
                let message = format!("题目超过 {ROWS_MAX} 道，后面的没有读：请分成几个文件导入");
                let (gravity, part) = (Gravity::Refused, Part::Whole);
                self.remarks.push(Remark { gravity, at, part, code: "too_large", message });
            }
        } else if is_question {
            self.done.push(open)
        } else {
            self.left_out.extend(open.told.at.map(|at| at.row))
        }
    }

    fn finish(mut self, defaults: &Defaults, watch: &mut Watch<'_>) -> Result<Found, Stop> {
        let numbered = self.done.iter().filter_map(|open| Some((open.run, open.number?)));
        let gathered = Gathered::of(&self.answers, numbered);
        for open in &mut self.done {
            if open.told.key.is_some() {
                continue;
            }
            let (run, heading) = (open.run, open.told.heading.as_ref());
            if let Some(answer) = open.number.and_then(|number| gathered.find(run, number, heading)) {
                open.told.key = Some(answer.key.clone());
                if open.told.explanation.is_none() {
                    open.told.explanation = answer.explanation.clone();
                }
            }
        }
        let text = |told: &Option<Told>| told.as_ref().map(|told| told.text.clone()).unwrap_or_default();
        let bracketed = |told: &Sighting| stem::key_in(&text(&told.stem), told.options.len()).is_some();
        let keyless = || self.done.iter().filter(|open| open.told.key.is_none());
        let keys_in_stems = keyless().count() >= HABIT && keyless().all(|open| bracketed(&open.told));
        let levels: Vec<String> = self.done.iter().map(|open| text(&open.told.difficulty)).collect();
        let scale = scale_of(levels.iter().map(String::as_str));
        let ground = Ground { defaults, scale, legend: &[], keys_in_stems };
        let mut found = Found { items: Vec::new(), remarks: self.remarks };
        for (n, open) in self.done.into_iter().enumerate() {
            found.items.push(settle(Sighting { ordinal: usize::MAX, ..open.told }, &ground));
            if n.is_multiple_of(STRIDE) && !watch(1000, 1000) {
                return Err(Stop::Cancelled);
            }
        }
        if let Some(first) = self.left_out.first() {
            let rows: Vec<String> = self.left_out.iter().take(20).map(u32::to_string).collect();
            let more = if self.left_out.len() > rows.len() { " 等" } else { "" };
            let message = format!("不属于题目、没有读入的行：{}{more}", rows.join("、"));
            let (gravity, at) = (Gravity::Note, At { row: *first, column: 1 });
            found.remarks.push(Remark { gravity, at, part: Part::Whole, code: "left_out", message });
        }
        Ok(found)
    }
}

/// The next question lacks its number, or one letter stands for another: either way nobody can tell which words belong together.
fn written_twice(place: usize, known: &Told, told: &Told) -> Remark {
    let short = |told: &Told| told.text.trim().chars().take(20).collect::<String>();
    let (first, second) = (short(known), short(told));
    let message = format!(
        "选项 {} 写了两次，先是「{first}」，后是「{second}」：可能漏了下一题的题号，或者字母写错了",
        letter(place)
    );
    Remark { gravity: Gravity::Refused, at: told.at, part: Part::Options, code: "option_twice", message }
}

fn push(part: &mut Option<Told>, between: &str, more: Told) {
    match part {
        Some(told) => {
            if told.mark == Mark::Plain {
                told.mark = more.mark;
            }
            told.text.push_str(between);
            told.text.push_str(&more.text);
        }
        None => *part = Some(more),
    }
}

/// Options that stand behind the stem in its own line.
fn inline_options(told: &mut Sighting) {
    if !told.options.is_empty() {
        return;
    }
    let Some(stem) = told.stem.as_mut().filter(|stem| stem.text.len() <= INLINE_MAX) else { return };
    let found = stem.text.char_indices().find_map(|(at, _)| {
        let before = stem.text[..at].chars().next_back()?;
        let is_edge = before.is_whitespace() || "）)。？?：:．.；;".contains(before);
        let (place, _) = label_of(&stem.text[at..]).filter(|_| is_edge)?;
        let pieces = lettered(&stem.text[at..], place);
        (place == 0 && pieces.len() >= 2).then_some((at, pieces))
    });
    if let Some((at, pieces)) = found {
        let place = Told { text: String::new(), ..stem.clone() };
        stem.text.truncate(at);
        stem.text.truncate(stem.text.trim_end().len());
        told.options = pieces.into_iter().map(|(_, text)| Some(Told { text, ..place.clone() })).collect();
    }
}

#[cfg(test)]
mod tests;
