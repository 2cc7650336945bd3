//! From the parts of one question, as a table or a document tells them, to a draft and all that is to be said of it.

mod answer;

use crate::domain::draft::Draft;
use crate::domain::faults::Part;
use crate::domain::faults::letter;
use crate::domain::question::Media;
use crate::domain::question::OPTIONS_MAX;
use crate::formats::columns::NAMED_MAX;
use crate::formats::import::At;
use crate::formats::import::Defaults;
use crate::formats::import::Gravity;
use crate::formats::import::Item;
use crate::formats::import::Remark;
use crate::formats::import::grid::Mark;
use crate::formats::import::options;
use crate::formats::import::stem;
use crate::formats::import::words;
use crate::formats::import::words::Asked;
use crate::formats::import::words::Scale;
use crate::formats::import::words::clean;
use crate::formats::import::words::line;
use crate::formats::text::half_width;

/// Characters of what stood there; the rest is left out of the preview.
const RAW_MAX: usize = 2_000;

/// A text with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) text: String,
    pub(super) at: At,
    pub(super) mark: Mark,
}

/// Everything that was said of one question, before anyone knows what it means.
#[derive(Clone, Debug, Default)]
pub(super) struct Sighting {
    pub(super) at: Option<At>,
    pub(super) raw: String,
    /// Its row is hidden in the table.
    pub(super) hidden: bool,
    pub(super) number: Option<String>,
    /// The n-th question of the file, from 1.
    pub(super) ordinal: usize,
    pub(super) kind: Option<Told>,
    /// What a heading or the sheet's name says of the kind.
    pub(super) heading: Option<Asked>,
    pub(super) stem: Option<Told>,
    /// By place; `None` where a table has a blank cell.
    pub(super) options: Vec<Option<Told>>,
    pub(super) all_options: Option<Told>,
    pub(super) flags: Vec<Option<Told>>,
    pub(super) weights: Vec<Option<Told>>,
    pub(super) key: Option<Told>,
    /// Of another column of answers.
    pub(super) other_key: Option<Told>,
    pub(super) points: Vec<Told>,
    pub(super) penalty: Option<Told>,
    pub(super) part_mark: Option<Told>,
    pub(super) explanation: Option<Told>,
    pub(super) source: Option<Told>,
    pub(super) difficulty: Option<Told>,
    pub(super) topic: Option<Told>,
    pub(super) contributor: Option<Told>,
    pub(super) link: Option<Told>,
    pub(super) fixed_order: Option<Told>,
    /// File, width, height, words.
    pub(super) media: [Option<Told>; 4],
    /// Found while it was gathered: pictures, two keys.
    pub(super) remarks: Vec<Remark>,
}

/// What holds for all questions of a file.
pub(super) struct Ground<'a> {
    pub(super) defaults: &'a Defaults,
    pub(super) scale: Scale,
    /// What numbers in the column 题型 stand for.
    pub(super) legend: &'a [(char, String)],
    /// An answer in the stem's brackets stands where all of the file's stand.
    pub(super) keys_in_stems: bool,
}

pub(super) struct Settling<'a> {
    pub(super) told: Sighting,
    pub(super) ground: &'a Ground<'a>,
    pub(super) draft: Draft,
    remarks: Vec<Remark>,
}

pub(super) fn settle(told: Sighting, ground: &Ground<'_>) -> Item {
    let mut settling = Settling { told, ground, draft: Draft::default(), remarks: Vec::new() };
    settling.remarks.append(&mut settling.told.remarks);
    settling.look_at_marks();
    let asked = settling.read_stem();
    settling.read_texts();
    settling.read_marking();
    let kind = settling.read_kind(asked);
    if !settling.is_refused(Part::Kind) {
        options::read(&mut settling);
        if !settling.is_refused(Part::Options) {
            settling.read_key(kind);
        }
    }
    settling.finish()
}

impl Settling<'_> {
    pub(super) fn say(&mut self, gravity: Gravity, at: At, part: Part, code: &'static str, message: impl Into<String>) {
        self.remarks.push(Remark { gravity, at, part, code, message: message.into() });
    }

    pub(super) fn check(&mut self, part: Part, code: &'static str, message: impl Into<String>) {
        let at = self.place(part);
        self.say(Gravity::ToCheck, at, part, code, message);
    }

    pub(super) fn refuse(&mut self, part: Part, code: &'static str, message: impl Into<String>) {
        let at = self.place(part);
        self.say(Gravity::Refused, at, part, code, message);
    }

    pub(super) fn is_refused(&self, part: Part) -> bool {
        self.remarks.iter().any(|r| r.gravity == Gravity::Refused && (r.part == part || r.part == Part::Whole))
    }

    fn place(&self, part: Part) -> At {
        let told = &self.told;
        let found = match part {
            Part::Kind => &told.kind,
            Part::Stem => &told.stem,
            Part::Options => &told.all_options,
            Part::Option(place) => match told.options.get(place) {
                Some(found @ Some(_)) => found,
                _ => &told.all_options,
            },
            Part::Key => &told.key,
            Part::Explanation => &told.explanation,
            Part::Source => &told.source,
            Part::Difficulty => &told.difficulty,
            Part::Topic => &told.topic,
            Part::Contributor => &told.contributor,
            Part::Link => &told.link,
            Part::Media => &told.media[0],
            Part::Id | Part::Whole => &None,
        };
        let first_option = || told.options.iter().flatten().next().map(|told| told.at);
        let near = match part {
            Part::Options => first_option(),
            Part::Key => told.flags.iter().chain(&told.weights).flatten().next().map(|told| told.at),
            _ => None,
        };
        found.as_ref().map(|told| told.at).or(near).or(told.at).unwrap_or(At { row: 1, column: 1 })
    }

    /// What the table itself says against a cell.
    fn look_at_marks(&mut self) {
        let told = &self.told;
        let parts = [
            (Part::Kind, &told.kind),
            (Part::Stem, &told.stem),
            (Part::Options, &told.all_options),
            (Part::Key, &told.key),
            (Part::Explanation, &told.explanation),
            (Part::Source, &told.source),
            (Part::Difficulty, &told.difficulty),
            (Part::Topic, &told.topic),
        ];
        let options = told.options.iter().enumerate().map(|(place, told)| (Part::Option(place), told));
        let flags = told.flags.iter().map(|told| (Part::Key, told));
        let mut found = Vec::new();
        for (part, told) in parts.into_iter().chain(options).chain(flags) {
            let Some(told) = told else { continue };
            let text: String = told.text.chars().take(40).collect();
            let (gravity, code, message) = match told.mark {
                Mark::Plain => continue,
                Mark::Formula => {
                    (Gravity::ToCheck, "formula", format!("这一格是公式，没有计算，读的是上次保存的结果「{text}」"))
                }
                Mark::Unclear => (
                    Gravity::ToCheck,
                    "number_format",
                    format!("这一格的数字格式没有认出来，读作「{text}」，与表格里显示的可能不同"),
                ),
                Mark::Error => (Gravity::Refused, "error_cell", format!("这一格是错误值「{text}」：请改成实际的内容")),
                Mark::Raised => (
                    Gravity::ToCheck,
                    "raised_lost",
                    "这里有公式、上标或下标，已改成平排的文字，意思可能变了".to_owned(),
                ),
                Mark::Struck => (
                    Gravity::ToCheck,
                    "struck_out",
                    format!("这里有划掉的文字：只划掉一部分的，划掉的没有读入；全部划掉的照样读入。现在是「{text}」"),
                ),
                Mark::Hidden => {
                    (Gravity::ToCheck, "hidden_text", format!("这里有隐藏的文字，也读入了：现在是「{text}」"))
                }
            };
            found.push(Remark { gravity, at: told.at, part, code, message });
        }
        self.remarks.append(&mut found);
        if self.told.hidden {
            self.check(Part::Whole, "hidden_row", "这一行在表格里是隐藏的，也读入了");
        }
    }

    /// The stem without number, kind and answer; the kind that it told.
    fn read_stem(&mut self) -> Option<Asked> {
        let text = self.told.stem.as_ref().map(|told| clean(&told.text)).unwrap_or_default();
        let text = stem::without_number(&text, self.told.ordinal, self.told.number.as_deref());
        let (asked, text) = match words::kind_in_stem(&text) {
            Some((asked, rest)) => (Some(asked), stem::without_number(&rest, self.told.ordinal, None)),
            None => (None, text),
        };
        self.draft.stem = text;
        asked
    }

    fn read_texts(&mut self) {
        let text = |told: &Option<Told>| told.as_ref().map(|told| clean(&told.text)).unwrap_or_default();
        let one_line = |told: &Option<Told>| told.as_ref().map(|told| line(&told.text)).unwrap_or_default();
        let or = |text: String, default: &Option<String>| match default {
            Some(default) if text.is_empty() => default.clone(),
            _ => text,
        };
        let defaults = self.ground.defaults;
        let explanation = text(&self.told.explanation);
        let explanation = stem::without_label(&explanation, &["答案解析", "解析", "解答", "详解"]);
        self.draft.explanation = or(explanation, &defaults.explanation);
        self.draft.source = or(one_line(&self.told.source), &defaults.source);
        self.draft.topic = or(one_line(&self.told.topic), &defaults.topic);
        self.draft.contributor =
            Some(or(one_line(&self.told.contributor), &defaults.contributor)).filter(|text| !text.is_empty());
        self.read_link();
        self.read_difficulty();
        self.read_fixed_order();
        self.read_media();
        if stem::names_letters(&self.draft.explanation) {
            let at = self.place(Part::Explanation);
            let message = "解析里用字母指称选项，而选手看到的选项是打乱的：请改成选项的内容，或标明选项不打乱";
            self.say(Gravity::Note, at, Part::Explanation, "explanation_letters", message);
        }
    }

    fn read_link(&mut self) {
        let link = self.told.link.as_ref().map(|told| line(&told.text)).unwrap_or_default();
        if link.starts_with("http://") || link.starts_with("https://") {
            self.draft.link = Some(link);
        } else if !link.is_empty() {
            self.check(Part::Link, "bad_link", format!("「{link}」不是以 https:// 或 http:// 开头的链接，没有读入"));
        }
    }

    fn read_difficulty(&mut self) {
        let text = self.told.difficulty.as_ref().map(|told| line(&told.text)).unwrap_or_default();
        if text.is_empty() {
            self.draft.difficulty = self.ground.defaults.difficulty;
            return;
        }
        match words::level_of(&text, self.ground.scale) {
            Some((level, assumed)) => {
                self.draft.difficulty = Some(level);
                if let Some(message) = assumed {
                    self.check(Part::Difficulty, "difficulty_scale", message);
                }
            }
            None => {
                let message = format!("看不懂难度「{text}」，空着：应是 易、中、难 或 1、2、3");
                self.check(Part::Difficulty, "bad_difficulty", message);
            }
        }
    }

    fn read_fixed_order(&mut self) {
        let Some(told) = &self.told.fixed_order else { return };
        let (text, at) = (line(&told.text), told.at);
        match words::flag_of(&text) {
            Some(fixed) => self.draft.fixed_order = fixed,
            None => {
                let message = format!("看不懂「{text}」，当作选项可以打乱：应是 是 或 否");
                self.say(Gravity::ToCheck, at, Part::Options, "bad_fixed_order", message);
            }
        }
    }

    fn read_media(&mut self) {
        let [file, width, height, alt] =
            self.told.media.each_ref().map(|told| told.as_ref().map(|told| line(&told.text)).unwrap_or_default());
        if file.is_empty() {
            return;
        }
        match (width.parse(), height.parse()) {
            (Ok(width), Ok(height)) => self.draft.media = Some(Media { file, width, height, alt }),
            _ => {
                let message = format!("这道题有图片或附件「{file}」，没有带过来：保存以后请在编辑页上传");
                self.check(Part::Media, "picture_lost", message);
            }
        }
    }

    /// Points of a part, of a wrong answer, of one option: a question here is right or wrong as a whole.
    fn read_marking(&mut self) {
        let number = |told: &Told| half_width(&told.text).trim().trim_end_matches('分').trim().parse::<f64>().ok();
        let mut points: Vec<f64> = Vec::new();
        for told in &self.told.points.clone() {
            let text = line(&told.text);
            match number(told) {
                Some(value) if value < 0.0 => {
                    self.say(
                        Gravity::Refused,
                        told.at,
                        Part::Key,
                        "negative_marks",
                        format!("分值是负数（{text}）：这里的题目不倒扣分"),
                    );
                }
                Some(value) => points.push(value),
                None if text
                    .split([';', '；', '/', '|', ',', '，'])
                    .filter(|piece| !piece.trim().is_empty())
                    .count()
                    > 1 =>
                {
                    let message = format!("各选项的分值不同（{text}）：这里的题目只有全对才得分，请重新定答案");
                    self.say(Gravity::Refused, told.at, Part::Key, "partial_weights", message);
                }
                None => {}
            }
        }
        if points.windows(2).any(|pair| pair[0] != pair[1]) {
            let at = self.told.points.first().map_or_else(|| self.place(Part::Key), |told| told.at);
            let message = "同一道题里各选项的分值不同：这里的题目只有全对才得分，请重新定答案";
            self.say(Gravity::Refused, at, Part::Key, "partial_weights", message);
        }
        if let Some(told) = self.told.penalty.clone().filter(|told| number(told).is_none_or(|value| value != 0.0)) {
            let message = format!("答错要扣分（{}）：这里的题目不倒扣分", line(&told.text));
            self.say(Gravity::Refused, told.at, Part::Key, "negative_marks", message);
        }
        if let Some(told) = self.told.part_mark.clone().filter(|told| number(told).is_none_or(|value| value != 0.0)) {
            let message = format!("少选也得分（{}）没有读入：多选题怎样给分，由场次的规则统一决定", line(&told.text));
            self.say(Gravity::ToCheck, told.at, Part::Key, "part_marks", message);
        }
        self.read_weights();
    }

    /// Weights that only tell right from wrong are flags.
    fn read_weights(&mut self) {
        let told: Vec<Told> = self.told.weights.iter().flatten().cloned().collect();
        let Some(first) = told.first() else { return };
        let at = first.at;
        let value = |told: &Told| half_width(&told.text).trim().trim_end_matches(['分', '%']).trim().parse::<f64>();
        let values: Vec<f64> = told.iter().filter_map(|told| value(told).ok()).collect();
        let shown: Vec<&str> = told.iter().map(|told| told.text.trim()).take(10).collect();
        let shown = shown.join("、");
        if values.iter().any(|value| *value < 0.0) {
            let message = format!("有的选项是负分（{shown}）：这里的题目不倒扣分");
            return self.say(Gravity::Refused, at, Part::Key, "negative_marks", message);
        }
        let mut right: Vec<f64> = values.iter().copied().filter(|value| *value > 0.0).collect();
        right.dedup();
        if values.len() < told.len() || right.len() > 1 {
            let message = format!("各选项的分值不同（{shown}）：这里的题目只有全对才得分，请重新定答案");
            return self.say(Gravity::Refused, at, Part::Key, "partial_weights", message);
        }
        if self.told.key.is_none() && self.told.flags.iter().all(Option::is_none) && !right.is_empty() {
            self.told.flags = self.told.weights.clone();
            for flag in self.told.flags.iter_mut().flatten() {
                let is_right = value(flag).is_ok_and(|value| value > 0.0);
                flag.text = if is_right { "1" } else { "0" }.to_owned();
            }
            let message = format!("没有写答案，把有分值的选项（{shown}）当作正确答案");
            self.say(Gravity::ToCheck, at, Part::Key, "key_by_weights", message);
        }
    }

    /// The kind as far as words tell it.
    fn read_kind(&mut self, in_stem: Option<Asked>) -> Option<Asked> {
        let text = self.told.kind.as_ref().map(|told| line(&told.text)).unwrap_or_default();
        let meant = self.ground.legend.iter().find(|(n, _)| text.chars().eq([*n])).map(|(_, word)| word.clone());
        let written = words::asked_of(meant.as_deref().unwrap_or(&text));
        if !text.is_empty() && written.is_none() {
            self.check(Part::Kind, "unknown_kind", format!("不认识的题型「{text}」，按答案和选项来定"));
        }
        if let (Some(written), Some(in_stem)) = (&written, &in_stem) {
            let differ = matches!((written, in_stem), (Asked::Known(a), Asked::Known(b)) if a != b);
            if differ {
                self.check(Part::Kind, "kind_conflict", "题型一栏与题干里注明的题型不同，以题型一栏为准");
            }
        }
        let from_stem = written.is_none() && self.told.heading.is_none() && matches!(in_stem, Some(Asked::Known(_)));
        let asked = written.or(match (&self.told.heading, in_stem) {
            (Some(Asked::Choice) | None, Some(in_stem)) => Some(in_stem),
            (heading, _) => heading.clone(),
        });
        match &asked {
            Some(Asked::Unsupported(name)) => {
                let message = format!("「{name}」不能自动判分，这里只有判断题、单选题、多选题");
                self.refuse(Part::Kind, "unsupported_kind", message);
            }
            Some(Asked::Known(kind)) if from_stem => {
                self.check(Part::Kind, "kind_from_stem", format!("题型只在题干里注明，当作{}", kind.name()));
            }
            _ => {}
        }
        self.draft.kind = match asked {
            Some(Asked::Known(kind)) => Some(kind),
            _ => None,
        };
        asked
    }

    /// With what the rules for questions say of it.
    fn finish(mut self) -> Item {
        self.draft.options.truncate(NAMED_MAX);
        for fault in self.draft.faults() {
            if fault.part == Part::Id || self.is_told(fault.part) {
                continue;
            }
            let (gravity, code) = match (fault.part, fault.code) {
                (Part::Explanation, "empty") => (Gravity::Note, "missing_explanation"),
                (Part::Source, "empty") => (Gravity::Note, "missing_source"),
                (Part::Topic, "empty") => (Gravity::Note, "missing_topic"),
                (Part::Difficulty, "missing_difficulty") => (Gravity::Note, "missing_difficulty"),
                (Part::Stem, "empty") => (Gravity::Refused, "missing_stem"),
                (Part::Option(place), "points_at_others") => {
                    self.draft.fixed_order = true;
                    let message = format!("选项 {} 指着别的选项，选项不能打乱：已标为「选项不打乱」", letter(place));
                    self.check(fault.part, "points_at_others", message);
                    continue;
                }
                (_, code) => (Gravity::Refused, code),
            };
            let at = self.place(fault.part);
            self.say(gravity, at, fault.part, code, fault.message);
        }
        self.remarks.sort_by_key(|remark| (std::cmp::Reverse(remark.gravity), remark.at));
        let at = self.told.at.unwrap_or(At { row: 1, column: 1 });
        let raw = self.told.raw.trim().chars().take(RAW_MAX).collect();
        Item { at, draft: self.draft, remarks: self.remarks, raw }
    }

    /// Whether the part was refused already, or hangs on one that was.
    fn is_told(&self, part: Part) -> bool {
        let hangs_on: &[Part] = match part {
            Part::Options => &[Part::Kind, Part::Key],
            Part::Option(_) => &[Part::Options],
            Part::Key => &[Part::Kind, Part::Options],
            Part::Kind => &[Part::Key, Part::Options],
            _ => &[],
        };
        self.is_refused(part) || hangs_on.iter().any(|&other| self.is_refused(other))
    }
}

/// How many options a table may give before it is no question here.
pub(super) fn too_many(count: usize) -> Option<String> {
    (count > OPTIONS_MAX).then(|| format!("有 {count} 个选项，一道题最多 {OPTIONS_MAX} 个"))
}
