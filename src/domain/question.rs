//! A question and its key.

use crate::domain::ids::QuestionId;
use serde::{Deserialize, Serialize};

/// At most so many options a question; more is refused by the bank's check.
pub const OPTIONS_MAX: usize = 8;

/// 主题: those that the organisers name, in the order of the shipped bank's files. A bank may have others.
pub const TOPICS: [&str; 12] = [
    "科学精神与方法",
    "前沿科技与科技强国",
    "生态文明与碳达峰碳中和",
    "卫生健康",
    "食品药品安全",
    "数字素养与网络安全",
    "防灾减灾与应急避险",
    "安全生产",
    "农业科技与乡村振兴",
    "知识产权与科普法律法规",
    "航天航空与国防",
    "广西自然与资源",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// 判断题: two options, 正确 and 错误, always in this order.
    TrueFalse,
    /// 单选题
    Single,
    /// 多选题: at least two right options.
    Multiple,
}

impl Kind {
    /// The kind in the participant's words.
    pub fn name(self) -> &'static str {
        match self {
            Kind::TrueFalse => "判断题",
            Kind::Single => "单选题",
            Kind::Multiple => "多选题",
        }
    }

    /// The kind in files, on the wire and in hashes.
    pub fn code(self) -> &'static str {
        match self {
            Kind::TrueFalse => "true_false",
            Kind::Single => "single",
            Kind::Multiple => "multiple",
        }
    }

    pub fn of_code(code: &str) -> Option<Kind> {
        [Kind::TrueFalse, Kind::Single, Kind::Multiple].into_iter().find(|kind| kind.code() == code)
    }
}

/// A set of options, by their place from 0: bit n stands for option n.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Choices(pub u16);

impl Choices {
    pub const NONE: Choices = Choices(0);

    /// # Errors
    /// An option named twice, or a place of [`OPTIONS_MAX`] or more: `None`.
    pub fn of(places: impl IntoIterator<Item = usize>) -> Option<Choices> {
        let mut set = Choices::NONE;
        for place in places {
            if place >= OPTIONS_MAX || set.has(place) {
                return None;
            }
            set.0 |= 1 << place;
        }
        Some(set)
    }

    pub fn has(self, place: usize) -> bool {
        place < 16 && self.0 & (1 << place) != 0
    }

    pub fn count(self) -> u32 {
        self.0.count_ones()
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The places of the set, ascending.
    pub fn places(self) -> impl Iterator<Item = usize> {
        (0..16).filter(move |&place| self.has(place))
    }

    pub fn and(self, other: Choices) -> Choices {
        Choices(self.0 & other.0)
    }

    /// What is in the set and not in `other`.
    pub fn without(self, other: Choices) -> Choices {
        Choices(self.0 & !other.0)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// Path below the bank's `media` folder.
    pub file: String,
    pub width: u32,
    pub height: u32,
    /// 替代文字: what a person who cannot see the picture is told.
    pub alt: String,
}

/// A question with its key. Deliberately not `Serialize`: what leaves the server is built field by field in `transport`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub id: QuestionId,
    pub kind: Kind,
    pub topic: String,
    /// 1 easy, 2 medium, 3 hard.
    pub difficulty: u8,
    pub stem: String,
    /// As the bank has them; what a participant sees is in the paper's order. 正确, 错误 for true/false.
    pub options: Vec<String>,
    /// By the bank's order of options.
    pub key: Choices,
    /// 选项不打乱
    pub fixed_order: bool,
    pub explanation: String,
    pub source: String,
    pub contributor: Option<String>,
    pub link: Option<String>,
    pub media: Option<Media>,
}

impl Question {
    pub const TRUE: &str = "正确";
    pub const FALSE: &str = "错误";

    /// Whether a paper may show the options in another order.
    pub fn may_shuffle(&self) -> bool {
        !self.fixed_order && self.kind != Kind::TrueFalse
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_named_twice_is_no_set() {
        assert_eq!(Choices::of([0, 2, 0]), None);
        assert_eq!(Choices::of([8]), None);
        assert_eq!(Choices::of([2, 0]), Some(Choices(0b101)));
    }
}
