//! Marks inside the text of a question: 【答案】B, 解析：…, 难度：易.

use crate::formats::columns::Field;
use crate::formats::columns::named;

/// Characters of a mark's name.
const NAME_MAX: usize = 8;

/// A piece of a line and what it is; the first has no mark, and may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) field: Option<Field>,
    pub(super) text: String,
    /// Where the mark begins, in bytes.
    pub(super) at: usize,
}

pub(super) fn tagged(line: &str) -> Vec<Piece> {
    // Field, where the mark begins, where its text begins.
    let mut marks: Vec<(Field, usize, usize)> = Vec::new();
    let mut last: Option<char> = None;
    let mut taken = 0;
    for (at, c) in line.char_indices() {
        if at >= taken {
            let found = bracketed(line, at).or_else(|| {
                let found = with_colon(line, at)?;
                let follows = match last {
                    None => true,
                    Some('（' | '(') => found.0 == Field::Key,
                    Some(c) if c.is_whitespace() => matches!(found.0, Field::Key | Field::Ignore) || !marks.is_empty(),
                    Some('；' | ';' | '。' | '】' | ']' | '，' | ',') => !marks.is_empty(),
                    Some(_) => false,
                };
                follows.then_some(found)
            });
            if let Some((field, from)) = found {
                marks.push((field, at, from));
                taken = from;
            }
        }
        last = Some(c);
    }
    let first = marks.first().map_or(line.len(), |(_, at, _)| *at);
    let mut pieces =
        vec![Piece { field: None, text: line[..first].trim().trim_end_matches(['（', '(']).trim().to_owned(), at: 0 }];
    for (n, (field, at, from)) in marks.iter().enumerate() {
        let to = marks.get(n + 1).map_or(line.len(), |(_, next, _)| *next);
        let mut text = line[*from..to].trim();
        if marks.len() > n + 1 && *field != Field::Explanation {
            text = text.trim_end_matches(['；', ';', '。', '，', ',']).trim();
        }
        // （答案：B） closes what it opened.
        if line[..*at].ends_with(['（', '(']) {
            text = text.trim_end_matches(['）', ')']);
        }
        pieces.push(Piece { field: Some(*field), text: text.to_owned(), at: *at });
    }
    pieces
}

/// What somebody answered, in a print of their paper: no answer of the question.
const ANSWERED: [&str; 8] =
    ["我的答案", "你的答案", "您的答案", "学生答案", "考生答案", "用户答案", "我的得分", "本题得分"];

fn known(name: &str) -> Option<Field> {
    if ANSWERED.contains(&name.trim()) {
        return Some(Field::Ignore);
    }
    let (field, _) = named(name)?;
    matches!(
        field,
        Field::Kind
            | Field::Stem
            | Field::Key
            | Field::Explanation
            | Field::Source
            | Field::Difficulty
            | Field::Topic
            | Field::Points
            | Field::Contributor
            | Field::Link
    )
    .then_some(field)
}

/// `【答案】`, `[解析]：` and where its text begins.
fn bracketed(line: &str, at: usize) -> Option<(Field, usize)> {
    let inner = line[at..].strip_prefix(['【', '[', '〖'])?;
    let closes = |(_, c): &(usize, char)| matches!(c, '】' | ']' | '〗');
    // 【答案：B】 has its text inside.
    let Some((end, _)) = inner.char_indices().take(NAME_MAX + 1).find(closes) else {
        return with_colon(line, line.len() - inner.len());
    };
    let name = &inner[..end];
    let after = &inner[end..];
    let after = &after[after.chars().next()?.len_utf8()..];
    let text = after.trim_start().trim_start_matches(['：', ':']);
    match known(name) {
        Some(field) => Some((field, line.len() - text.trim_start().len())),
        // 【答案：B】
        None => {
            let (field, from) = with_colon(line, line.len() - inner.len())?;
            Some((field, from))
        }
    }
}

/// `答案：`, `难度:` and where its text begins.
fn with_colon(line: &str, at: usize) -> Option<(Field, usize)> {
    let rest = &line[at..];
    let end = rest.char_indices().take(NAME_MAX + 1).find(|(_, c)| matches!(c, '：' | ':')).map(|(end, _)| end)?;
    let field = known(&rest[..end])?;
    // A stem is called so in front of nothing else but itself, a title or content may be anything.
    if field == Field::Stem && !matches!(&rest[..end], "题干" | "题目" | "试题") {
        return None;
    }
    let from = at + end + rest[end..].chars().next()?.len_utf8();
    Some((field, line.len() - line[from..].trim_start().len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: &[(Option<Field>, &str)]) {
        let found = tagged(line);
        let found: Vec<_> = found.iter().map(|piece| (piece.field, piece.text.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn marks_are_found_in_every_form() {
        use Field::*;
        check("【答案】B【解析】水。", &[(None, ""), (Some(Key), "B"), (Some(Explanation), "水。")]);
        check("答案：B  解析：水的难度：大", &[(None, ""), (Some(Key), "B"), (Some(Explanation), "水的难度：大")]);
        check("正确答案: A；难度：易", &[(None, ""), (Some(Key), "A"), (Some(Difficulty), "易")]);
        check("水会沸腾。（答案：对）", &[(None, "水会沸腾。"), (Some(Key), "对")]);
        check("水的沸点 答案：B", &[(None, "水的沸点"), (Some(Key), "B")]);
        check("【难度】：易 【知识点】物理", &[(None, ""), (Some(Difficulty), "易"), (Some(Topic), "物理")]);
        check("参考依据：水法", &[(None, ""), (Some(Source), "水法")]);
        check("比例为1：2的是", &[(None, "比例为1：2的是")]);
        check("下列说法的依据：水法", &[(None, "下列说法的依据：水法")]);
    }
}
