//! What a column of a table holds, by the many names that are in use for it.

use crate::domain::faults::Part;
use crate::domain::question::OPTIONS_MAX;
use crate::formats::text::half_width;

/// Options that are named; a question with more is refused.
pub(super) const NAMED_MAX: usize = 26;

/// What a column of a table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    Id,
    Kind,
    Stem,
    /// All options in one cell, or one option a row.
    Options,
    /// One option, by its place from 0.
    Option(usize),
    /// Whether this option is right.
    Flag(usize),
    /// What this option alone is worth.
    Weight(usize),
    /// The letter of the option that this row holds.
    Letter,
    /// Whether the option that this row holds is right.
    Mark,
    Key,
    Explanation,
    Source,
    Difficulty,
    Topic,
    Points,
    /// What a wrong answer costs.
    Penalty,
    /// What a part of the answer earns.
    PartMark,
    Contributor,
    Link,
    FixedOrder,
    MediaFile,
    MediaWidth,
    MediaHeight,
    MediaAlt,
    /// It is known, and nothing of it is read.
    Ignore,
}

const PLAIN: [Field; 22] = [
    Field::Id,
    Field::Kind,
    Field::Stem,
    Field::Options,
    Field::Letter,
    Field::Mark,
    Field::Key,
    Field::Explanation,
    Field::Source,
    Field::Difficulty,
    Field::Topic,
    Field::Points,
    Field::Penalty,
    Field::PartMark,
    Field::Contributor,
    Field::Link,
    Field::FixedOrder,
    Field::MediaFile,
    Field::MediaWidth,
    Field::MediaHeight,
    Field::MediaAlt,
    Field::Ignore,
];

impl Field {
    /// For programs; options count from 0: `option:0`.
    pub fn code(self) -> String {
        let plain = match self {
            Field::Option(place) => return format!("option:{place}"),
            Field::Flag(place) => return format!("flag:{place}"),
            Field::Weight(place) => return format!("weight:{place}"),
            Field::Id => "id",
            Field::Kind => "kind",
            Field::Stem => "stem",
            Field::Options => "options",
            Field::Letter => "letter",
            Field::Mark => "mark",
            Field::Key => "key",
            Field::Explanation => "explanation",
            Field::Source => "source",
            Field::Difficulty => "difficulty",
            Field::Topic => "topic",
            Field::Points => "points",
            Field::Penalty => "penalty",
            Field::PartMark => "part_mark",
            Field::Contributor => "contributor",
            Field::Link => "link",
            Field::FixedOrder => "fixed_order",
            Field::MediaFile => "media_file",
            Field::MediaWidth => "media_width",
            Field::MediaHeight => "media_height",
            Field::MediaAlt => "media_alt",
            Field::Ignore => "ignore",
        };
        plain.to_owned()
    }

    pub fn of_code(code: &str) -> Option<Field> {
        if let Some((name, place)) = code.split_once(':') {
            let place = place.parse().ok().filter(|&place| place < NAMED_MAX)?;
            return match name {
                "option" => Some(Field::Option(place)),
                "flag" => Some(Field::Flag(place)),
                "weight" => Some(Field::Weight(place)),
                _ => None,
            };
        }
        PLAIN.into_iter().find(|field| field.code() == code)
    }

    pub(crate) fn part(self) -> Part {
        match self {
            Field::Id => Part::Id,
            Field::Kind => Part::Kind,
            Field::Stem => Part::Stem,
            Field::Options | Field::Letter | Field::FixedOrder => Part::Options,
            Field::Option(place) => Part::Option(place),
            Field::Flag(_) | Field::Weight(_) | Field::Mark | Field::Key | Field::Penalty | Field::PartMark => {
                Part::Key
            }
            Field::Explanation => Part::Explanation,
            Field::Source => Part::Source,
            Field::Difficulty => Part::Difficulty,
            Field::Topic => Part::Topic,
            Field::Contributor => Part::Contributor,
            Field::Link => Part::Link,
            Field::MediaFile | Field::MediaWidth | Field::MediaHeight | Field::MediaAlt => Part::Media,
            Field::Points | Field::Ignore => Part::Whole,
        }
    }
}

/// The names of each column; those in front win where a table has several of them.
const NAMES: [(Field, &str); 22] = [
    (Field::Kind, "题型 题目类型 试题类型 题目题型 试题题型 题型名称 考题类型 题类 类型 questiontype kind type"),
    (
        Field::Stem,
        "题干 题目题干 试题题干 题干内容 题目内容 试题内容 问题内容 题目 试题 问题 考题 题面 题文 \
         题目正文 试题正文 题目描述 问题描述 题目名称 试题名称 题目标题 标题 正文 内容 stem question \
         questiontext content title",
    ),
    (
        Field::Options,
        "选项 选项内容 题目选项 试题选项 全部选项 所有选项 选项列表 备选项 备选答案 可选项 候选项 \
         候选答案 供选答案 选择项 options choices",
    ),
    (Field::Letter, "选项标识 选项序号 选项字母 选项编号 选项号 选项名 选项代码 选项标号"),
    (
        Field::Mark,
        "是否正确 是否正确答案 是否为正确答案 是否答案 是否为答案 是否正确选项 是否为正确选项 正确与否 \
         iscorrect isanswer isright",
    ),
    (
        Field::Key,
        "答案 正确答案 标准答案 答 参考答案 正确选项 正确项 试题答案 题目答案 答案内容 正确答案选项 \
         正确答案字母 答案选项 本题答案 正误 对错 key answer correctanswer rightanswer",
    ),
    (
        Field::Explanation,
        "解析 答案解析 试题解析 题目解析 考题解析 答题解析 解析说明 答案说明 解析内容 详解 答案详解 \
         试题详解 分析 试题分析 答案分析 解释 答案解释 理由 知识讲解 说明 explanation analysis",
    ),
    (
        Field::Source,
        "来源 出处 题目来源 试题来源 题目出处 试题出处 答案来源 答案出处 知识来源 资料来源 来源出处 依据 \
         出题依据 命题依据 答案依据 参考依据 参考资料 参考文献 source reference",
    ),
    (
        Field::Difficulty,
        "难度 难易度 难易程度 难易 难度等级 难度级别 难度系数 难度值 题目难度 试题难度 difficulty \
         difficultylevel level",
    ),
    (
        Field::Topic,
        "主题 知识点 知识点名称 所属知识点 知识类别 知识领域 知识类型 知识模块 所属主题 题目主题 专题 \
         领域 所属领域 分类 题目分类 试题分类 所属分类 类别 题目类别 试题类别 模块 栏目 板块 版块 \
         一级知识点 知识点一级 科目 学科 章节 所属章节 考点 标签 题库 题库名 题库名称 topic category \
         subject",
    ),
    (Field::Points, "分值 分数 得分 题目分值 试题分值 每题分值 每题分数 本题分值 题目分数 试题分数 score points"),
    (Field::Penalty, "扣分 倒扣分 答错扣分 错误扣分 选错扣分 错选扣分 负分 扣分值 penalty"),
    (Field::PartMark, "漏选得分 少选得分 部分得分 漏选分值 少选分值 半对得分 漏选给分 部分分值"),
    (
        Field::Contributor,
        "供题单位 供题人 供题者 出题单位 出题人 出题者 命题单位 命题人 命题专家 提供单位 提供人 提供者 \
         供稿单位 供稿人 投稿单位 投稿人 征集单位 推荐单位 报送单位 作者 编者 contributor author",
    ),
    (Field::Link, "链接 延伸阅读 参考链接 来源链接 原文链接 网址 link url"),
    (Field::FixedOrder, "选项不打乱 固定选项顺序 选项固定 选项顺序固定 固定顺序 不打乱选项"),
    (Field::Id, "编号 题号 序号 题目编号 试题编号 题目序号 试题序号 题序 试题guid 题目id 试题id id no"),
    (Field::MediaFile, "图片 题目图片 题干图片 试题图片 配图 附件 图片链接 图片地址 音频 视频"),
    (Field::MediaWidth, "图片宽"),
    (Field::MediaHeight, "图片高"),
    (Field::MediaAlt, "图片说明 图片替代文字 替代文字"),
    (Field::Ignore, "导入结果 要处理的问题 原来的位置 原来的内容"),
];

/// The columns that the list of what is left adds, so that it loads back.
pub(super) const REST: [&str; 4] = ["导入结果", "要处理的问题", "原来的位置", "原来的内容"];
/// What stands under the first of them where something was assumed; whoever has checked it clears the cell.
pub(super) const TO_CHECK: &str = "请检查";

const NUMERALS: &str = "一二三四五六七八九十";

/// The field, and how many other names are to be preferred to this one.
pub(super) fn named(title: &str) -> Option<(Field, usize)> {
    let title = bare(title);
    if title.is_empty() {
        return None;
    }
    for (field, names) in &NAMES {
        if let Some(rank) = names.split_whitespace().position(|name| name == title) {
            return Some((*field, rank));
        }
    }
    lettered(&title).map(|field| (field, 0))
}

/// Without blanks, stars, remarks in brackets, and 必填: as it is looked up.
fn bare(title: &str) -> String {
    let mut out = String::new();
    let mut depth = 0u32;
    let half = half_width(title);
    // `选项(A)` and `(A)` name an option; every other bracket only explains.
    let inner = |from: usize| {
        let mut chars = half[from..].chars().filter(|c| !c.is_whitespace());
        matches!((chars.next(), chars.next()), (Some(c), Some(')' | ']' | '】')) if c.is_ascii_alphanumeric() || NUMERALS.contains(c))
    };
    let mut kept = false;
    for (at, c) in half.char_indices() {
        match c {
            '(' | '[' | '【' if depth == 0 && inner(at + c.len_utf8()) => kept = true,
            ')' | ']' | '】' if kept => kept = false,
            '(' | '[' | '【' => depth += 1,
            ')' | ']' | '】' => depth = depth.saturating_sub(1),
            c if depth > 0
                || c.is_whitespace()
                || matches!(c, '*' | '_' | ':' | '.' | '、' | '#' | '\u{FEFF}' | '\u{200B}') => {}
            c => out.extend(c.to_lowercase()),
        }
    }
    for ending in ["必填项", "必填", "选填", "可选", "可不填", "勿删"] {
        if let Some(rest) = out.strip_suffix(ending).filter(|rest| !rest.is_empty()) {
            out = rest.to_owned();
        }
    }
    out
}

/// 选项A, A, A选项, 选项一内容, option1, 选项A是否正确, A分值, iscorrect1 …
fn lettered(title: &str) -> Option<Field> {
    const FLAGS: [&str; 10] = [
        "是否正确",
        "是否正确答案",
        "是否为正确答案",
        "是否答案",
        "是否为答案",
        "正确与否",
        "正误",
        "对错",
        "正确",
        "iscorrect",
    ];
    const WEIGHTS: [&str; 6] = ["分值", "得分", "分数", "权重", "score", "weight"];
    let places: Vec<(usize, usize, usize)> = title
        .char_indices()
        .filter_map(|(at, c)| {
            let alone = |at: Option<char>| !at.is_some_and(|c| c.is_ascii_alphanumeric());
            let end = at + c.len_utf8();
            let before = title[..at].chars().next_back();
            let after = title[end..].chars().next();
            let place = match c {
                'a'..='z' => Some(c as usize - 'a' as usize)
                    .filter(|_| alone(after) && (alone(before) || is_option_word(&title[..at]))),
                '1'..='9' => Some(c as usize - '1' as usize).filter(|_| !after.is_some_and(|c| c.is_ascii_digit())),
                c => NUMERALS.chars().position(|numeral| numeral == c),
            };
            place.map(|place| (place, at, end))
        })
        .collect();
    for (place, from, to) in places {
        let rest = format!("{}{}", &title[..from], &title[to..]);
        let is_letter = title[from..to].bytes().all(|b| b.is_ascii_lowercase());
        if let Some(rest) = FLAGS.iter().find_map(|flag| rest.strip_suffix(flag).or_else(|| rest.strip_prefix(flag)))
            && (rest.is_empty() || is_option_word(rest))
        {
            return Some(Field::Flag(place));
        }
        if let Some(rest) = WEIGHTS.iter().find_map(|weight| rest.strip_suffix(weight))
            && (is_option_word(rest) || (rest.is_empty() && is_letter))
        {
            return Some(Field::Weight(place));
        }
        if is_option_word(rest.strip_suffix("内容").unwrap_or(&rest)) || (rest.is_empty() && is_letter) {
            return Some(Field::Option(place));
        }
    }
    None
}

fn is_option_word(rest: &str) -> bool {
    matches!(
        rest,
        "选项"
            | "备选项"
            | "选择项"
            | "备选答案"
            | "选项内容"
            | "答案选项"
            | "项"
            | "答案"
            | "option"
            | "choice"
            | "opt"
            | "ans"
            | "answer"
    )
}

/// The field of a strict table, which knows no others and has no blanks in its names.
pub(super) fn strictly_named(title: &str) -> Option<Field> {
    let field = named(title)?.0;
    let blank = title.chars().any(char::is_whitespace);
    match field {
        Field::Option(place) => (place < OPTIONS_MAX).then_some(field),
        Field::Options | Field::Flag(_) | Field::Weight(_) | Field::Letter | Field::Mark => None,
        Field::Points | Field::Penalty | Field::PartMark | Field::Ignore => None,
        _ => (!blank).then_some(field),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_known_under_the_many_names_in_use() {
        use Field::*;
        for (title, field) in [
            ("题干（必填）", Stem),
            ("*题目内容", Stem),
            ("问题内容", Stem),
            ("题 干", Stem),
            ("题型 （必填）", Kind),
            ("题型（0单选，1判断，2多选）", Kind),
            ("选项 A", Option(0)),
            ("选项E\n(勿删)", Option(4)),
            ("Ｂ", Option(1)),
            ("C选项", Option(2)),
            ("选项（D）", Option(3)),
            ("选项一内容", Option(0)),
            ("选项3", Option(2)),
            ("optionA", Option(0)),
            ("option1", Option(0)),
            ("选项", Options),
            ("选项A是否正确", Flag(0)),
            ("isCorrect2", Flag(1)),
            ("选项二是否为正确答案", Flag(1)),
            ("选项A分值", Weight(0)),
            ("B得分", Weight(1)),
            ("答案（多选用英文逗号分隔，如：A,B）", Key),
            ("正确答案\n（必填）", Key),
            ("是否正确", Mark),
            ("解析\n（勿删）", Explanation),
            ("难易程度（默认简单）", Difficulty),
            ("供题单位", Contributor),
            ("知识点", Topic),
            ("分值", Points),
            ("答错扣分", Penalty),
            ("导入结果", Ignore),
        ] {
            assert_eq!(named(title).map(|(field, _)| field), Some(field), "{title}");
        }
        for title in ["备注", "2024年题库", "A1", "", "第一章", "电话", "一", "1", "题库征集表"] {
            assert_eq!(named(title), None, "{title}");
        }
    }

    #[test]
    fn codes_come_back() {
        for field in PLAIN.into_iter().chain([Field::Option(7), Field::Flag(0), Field::Weight(25)]) {
            assert_eq!(Field::of_code(&field.code()), Some(field));
        }
        assert_eq!(Field::of_code("option:26"), None);
    }
}
