//! The options of a question in JSON, and which of them an answer names.

use crate::domain::faults::letter;
use crate::formats::import::words::truth;
use serde_json::Value;

#[derive(Default)]
pub(super) struct Options {
    pub(super) texts: Vec<String>,
    pub(super) names: Vec<Option<String>>,
    /// Marked as right one by one.
    pub(super) flagged: Vec<usize>,
    pub(super) has_flags: bool,
    pub(super) counted_from_0: bool,
    /// Our own form names options by nothing else.
    pub(super) letters_only: bool,
}

impl Options {
    /// `A. 甲` where every option begins with its own letter.
    pub(super) fn take_letters_off(&mut self) {
        let off = |(place, text): (usize, &String)| {
            let rest = text.strip_prefix(letter(place))?.trim_start();
            let rest = rest.strip_prefix(['.', '、', '．', ':', '：', ')', '）'])?.trim_start();
            (!rest.is_empty()).then(|| rest.to_owned())
        };
        let stripped: Option<Vec<String>> = self.texts.iter().enumerate().map(off).collect();
        if let Some(stripped) = stripped {
            self.texts = stripped;
        }
    }

    /// 正确 and 错误 in any of their spellings, in this order or the other.
    pub(super) fn truths(&self) -> Option<[bool; 2]> {
        let [a, b] = self.texts.as_slice() else { return None };
        match (truth(a)?, truth(b)?) {
            (a, b) if a != b => Some([a, b]),
            _ => None,
        }
    }

    /// The places of the right ones.
    pub(super) fn right(&mut self, key: Option<&Value>) -> Result<Vec<usize>, String> {
        let places = match key {
            None if self.has_flags => return Ok(self.flagged.clone()),
            None => return Err("没有答案".to_owned()),
            Some(_) if self.has_flags => Ok(self.flagged.clone()),
            Some(Value::Array(list)) => {
                list.iter().map(|value| self.one(value)).collect::<Result<Vec<usize>, String>>()
            }
            Some(Value::String(text)) => match (self.named(text), self.letters(text)) {
                (Some(place), Ok(letters)) if letters != [place] => {
                    Err(format!("答案「{}」既像选项的字母，又是另一个选项的文字", text.trim()))
                }
                (Some(place), _) => Ok(vec![place]),
                (None, letters) => letters,
            },
            Some(value) => self.one(value).map(|place| vec![place]),
        };
        let mut places = places?;
        places.sort_unstable();
        match places.windows(2).any(|pair| pair[0] == pair[1]) {
            true => Err("答案里有重复的选项".to_owned()),
            false => Ok(places),
        }
    }

    fn one(&mut self, value: &Value) -> Result<usize, String> {
        match value {
            Value::String(text) => match (self.named(text), self.letters(text)) {
                (Some(place), _) => Ok(place),
                (None, Ok(places)) if places.len() == 1 => Ok(places[0]),
                (None, Err(message)) => Err(message),
                (None, Ok(_)) => Err("答案应是一个选项一项".to_owned()),
            },
            Value::Number(number) => {
                let place = number.as_u64().and_then(|n| usize::try_from(n).ok()).filter(|n| *n < self.texts.len());
                self.counted_from_0 = true;
                place.ok_or_else(|| format!("答案 {number} 不是选项的序号（从 0 数起）"))
            }
            _ => Err("答案应是选项的字母或全文".to_owned()),
        }
    }

    /// The option of this name, or of this very text.
    fn named(&self, text: &str) -> Option<usize> {
        if self.letters_only {
            return None;
        }
        let text = text.trim();
        let by_name = self.names.iter().position(|name| name.as_deref() == Some(text));
        by_name.or_else(|| self.texts.iter().position(|option| option == text))
    }

    fn letters(&self, text: &str) -> Result<Vec<usize>, String> {
        let signs = text.chars().filter(|c| !c.is_whitespace() && !",，、;；/|".contains(*c));
        let places: Option<Vec<usize>> = signs
            .map(|c| {
                let half = if ('Ａ'..='ｚ').contains(&c) { char::from_u32(c as u32 - 0xFEE0)? } else { c };
                let c = half.to_ascii_uppercase();
                let named = |name: &Option<String>| name.as_ref().is_some_and(|name| name.chars().eq([c]));
                let named = self.names.iter().position(named);
                named.or_else(|| (0..self.texts.len().min(26)).find(|place| letter(*place) == c))
            })
            .collect();
        let shown: String = text.chars().take(30).collect();
        places.filter(|places| !places.is_empty()).ok_or_else(|| format!("答案「{shown}」不是这道题的选项"))
    }
}
