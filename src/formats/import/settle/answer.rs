//! The answer of one question: from its column, its stem, flags or weights, and every way in which these can contradict one another.

use crate::domain::faults::Part;
use crate::domain::faults::letter;
use crate::domain::question::Choices;
use crate::domain::question::Kind;
use crate::domain::question::Question;
use crate::formats::import::Gravity;
use crate::formats::import::grid::Mark;
use crate::formats::import::key;
use crate::formats::import::options;
use crate::formats::import::settle::Settling;
use crate::formats::import::settle::Told;
use crate::formats::import::stem;
use crate::formats::import::words;
use crate::formats::import::words::Asked;
use crate::formats::import::words::clean;
use crate::formats::import::words::line;
use crate::formats::text::half_width;

impl Settling<'_> {
    pub(super) fn read_key(&mut self, asked: Option<Asked>) {
        if self.told.flags.iter().any(Option::is_some) {
            self.read_flags();
            self.look_into_brackets();
        } else if self.told.key.as_ref().is_some_and(|told| !clean(&told.text).is_empty()) {
            self.read_written_key();
            self.look_into_brackets();
            self.look_at_the_other_key();
        } else if let Some(found) = stem::key_in(&self.draft.stem, self.lettered_options()) {
            self.draft.stem = found.stem;
            if !found.at_end && !self.ground.keys_in_stems {
                let message = format!("没有另写答案，把题干括号里的「{}」当作答案", found.key);
                self.check(Part::Key, "key_from_stem", message);
            }
            let at = self.place(Part::Stem);
            self.told.key = Some(Told { text: found.key, at, mark: Mark::Plain });
            self.read_written_key();
        } else if !self.is_refused(Part::Key) {
            self.refuse(Part::Key, "missing_key", "没有答案");
        }
        self.settle_kind(asked);
    }

    /// Two columns of answers are one where they agree; where they do not, nobody can tell which is right.
    fn look_at_the_other_key(&mut self) {
        let Some(other) = self.told.other_key.clone().filter(|_| !self.is_refused(Part::Key)) else { return };
        let text = key::bare(&other.text);
        let truth = || words::truth_of(&text).map(|(truth, _)| vec![usize::from(!truth)]);
        let places = match options::is_truth(&self.draft.options) {
            true => truth().or_else(|| key::letters_of(&text)),
            false => key::named_in(&text, self.draft.kind, &self.draft.options).ok().map(|named| named.places),
        };
        let shown = line(&other.text);
        match places.map(|places| Choices::of(places) == Some(self.draft.key)) {
            Some(true) => {}
            Some(false) => {
                let message = format!("两列答案不一致：另一列是「{shown}」");
                self.say(Gravity::Refused, other.at, Part::Key, "key_conflict", message);
            }
            None => {
                let message = format!("另一列答案「{shown}」没有读：看不出是不是同一个答案");
                self.say(Gravity::ToCheck, other.at, Part::Key, "key_in_two_ways", message);
            }
        }
    }

    /// What may be an answer in the stem's brackets, beside the one that is written elsewhere: participants would read it, or it is a
    /// word of the question, as in 分贝（A） and 维生素（C）. Somebody has to look.
    fn look_into_brackets(&mut self) {
        let Some(found) = stem::key_in(&self.draft.stem, self.lettered_options()) else { return };
        if self.is_refused(Part::Key) {
            return;
        }
        let places = key::letters_of(&found.key).or_else(|| {
            let (truth, _) = words::truth_of(&found.key)?;
            Some(vec![usize::from(!truth)])
        });
        let written = found.key;
        let message = if places.and_then(Choices::of) == Some(self.draft.key) {
            self.draft.stem = found.stem;
            format!("题干括号里也写着答案「{written}」，选手会看到：已经去掉；如果不是答案，请照原样改回去")
        } else {
            format!("题干括号里的「{written}」与答案不一致：如果不是答案，就照题干留着")
        };
        self.check(Part::Stem, "key_in_stem", message);
    }

    /// Options that an answer calls by their letters; right and wrong are called by their names.
    fn lettered_options(&self) -> usize {
        if options::is_truth(&self.draft.options) { 0 } else { self.draft.options.len() }
    }

    fn read_flags(&mut self) {
        let mut right = Vec::new();
        for (place, flag) in self.told.flags.clone().iter().enumerate() {
            let Some(told) = flag else { continue };
            match words::flag_of(&told.text) {
                Some(true) => right.push(place),
                Some(false) => {}
                None => {
                    let message =
                        format!("看不懂「{}」：选项 {} 是不是正确答案，应写 是 或 否", line(&told.text), letter(place));
                    return self.say(Gravity::Refused, told.at, Part::Key, "bad_flag", message);
                }
            }
        }
        let named = key::Named { places: right, assumed: Vec::new() };
        if named.places.is_empty() {
            return self.refuse(Part::Key, "missing_key", "没有哪个选项标明是正确答案");
        }
        match named.choices(self.draft.options.len()) {
            Ok(key) => self.draft.key = key,
            Err((code, message)) => return self.refuse(Part::Key, code, message),
        }
        let written = self.told.key.as_ref().map(|told| clean(&told.text)).filter(|text| !text.is_empty());
        if let Some(written) = written {
            let key = key::named_in(&written, self.draft.kind, &self.draft.options);
            let agrees = key.and_then(|named| named.choices(self.draft.options.len())) == Ok(self.draft.key);
            if !agrees {
                self.refuse(Part::Key, "key_conflict", format!("答案「{written}」与各选项的标记不一致"));
            }
        }
    }

    fn read_written_key(&mut self) {
        let text = self.told.key.as_ref().map(|told| told.text.clone()).unwrap_or_default();
        let truth = || words::truth_of(&key::bare(&text));
        let true_false = self.draft.kind == Some(Kind::TrueFalse)
            || (self.draft.kind.is_none() && (self.draft.options.is_empty() || options::is_truth(&self.draft.options)));
        if true_false {
            // After the options have been read they are 正确, 错误, or a table's own pair in its order.
            let turned = self.draft.options == [Question::FALSE, Question::TRUE];
            let decided = match (truth(), key::letters_of(&key::bare(&text))) {
                (Some((truth, sure)), _) => Some((truth, sure)),
                (None, Some(places)) if places == [0] => Some((!turned, true)),
                (None, Some(places)) if places == [1] => Some((turned, true)),
                _ => None,
            };
            if let Some((truth, sure)) = decided {
                self.look_at_doubts_of_truth(&key::bare(&text), turned);
                self.draft.options = vec![Question::TRUE.to_owned(), Question::FALSE.to_owned()];
                self.draft.key = if truth { Choices(0b01) } else { Choices(0b10) };
                if !sure {
                    self.check(Part::Key, "key_assumed", format!("答案「{}」当作「正确」", line(&text)));
                }
                return;
            }
            if self.draft.kind.is_some() || self.draft.options.is_empty() {
                let shown: String = line(&text).chars().take(40).collect();
                let message = match self.draft.kind {
                    Some(_) => format!("判断题的答案应是「正确」或「错误」，这里是「{shown}」"),
                    None => format!("没有选项，答案「{shown}」也不是「正确」或「错误」"),
                };
                return self.refuse(Part::Key, "bad_key", message);
            }
        }
        match key::named_in(&text, self.draft.kind, &self.draft.options) {
            Ok(named) => match named.choices(self.draft.options.len()) {
                Ok(key) => {
                    self.draft.key = key;
                    for (code, message) in named.assumed {
                        self.check(Part::Key, code, message);
                    }
                }
                Err((code, message)) => self.refuse(Part::Key, code, message),
            },
            Err((code, message)) => self.refuse(Part::Key, code, message),
        }
    }

    /// A letter without the options that it names, and a figure beside options in the other order, can be meant in two ways.
    fn look_at_doubts_of_truth(&mut self, text: &str, turned: bool) {
        let has_options = self.told.options.iter().any(Option::is_some);
        let place = key::letters_of(text).filter(|_| words::truth_of(text).is_none());
        if let (Some([place]), false) = (place.as_deref(), has_options) {
            let meant = if *place == 0 { Question::TRUE } else { Question::FALSE };
            let message = format!("没有写选项，答案「{text}」当作「{meant}」（A 正确，B 错误）");
            self.check(Part::Key, "key_assumed", message);
        } else if turned && half_width(text).trim().starts_with(['0', '1']) {
            let message = format!("选项是先错后对，答案「{text}」当作 1 正确、0 错误，不是第几个选项");
            self.check(Part::Key, "key_in_two_ways", message);
        }
    }

    /// Where no word told the kind, the answers do; that is an assumption.
    fn settle_kind(&mut self, asked: Option<Asked>) {
        let count = self.draft.key.count();
        match (self.draft.kind, count) {
            (Some(Kind::Single), 2..) => {
                self.refuse(Part::Kind, "kind_conflict", format!("题型是单选题，答案却有 {count} 个"));
            }
            (Some(Kind::Multiple), 1) => self.refuse(Part::Kind, "kind_conflict", "题型是多选题，答案却只有 1 个"),
            (Some(_), _) | (None, 0) => {}
            (None, _) if self.is_refused(Part::Key) => {}
            (None, _) => {
                let is_truth = self.draft.options == [Question::TRUE, Question::FALSE];
                let kind = match count {
                    1 if is_truth => Kind::TrueFalse,
                    1 => Kind::Single,
                    _ => Kind::Multiple,
                };
                self.draft.kind = Some(kind);
                let message = match asked {
                    Some(Asked::Choice) => format!("题型只写了「选择题」，答案有 {count} 个，当作{}", kind.name()),
                    Some(Asked::AnyNumber) => format!("不定项选择题，答案有 {count} 个，当作{}", kind.name()),
                    _ if is_truth => "没有写题型，答案是对或错，当作判断题".to_owned(),
                    _ => format!("没有写题型，答案有 {count} 个，当作{}", kind.name()),
                };
                self.check(Part::Kind, "kind_assumed", message);
            }
        }
    }
}
