//! What is wrong in a file that people wrote, where, and what would be right, in one Chinese sentence.

use std::fmt;

/// From 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub line: u32,
    pub column: u32,
}

impl Place {
    /// The place of a byte in a text.
    pub fn of(text: &str, byte: usize) -> Place {
        let before = text.get(..byte).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Place {
            line: before.bytes().filter(|&b| b == b'\n').count() as u32 + 1,
            column: before[line_start..].chars().count() as u32 + 1,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// A file that the checked one names; `None`: the checked one itself.
    pub file: Option<String>,
    /// `None`: something is missing, or known only from the whole.
    pub place: Option<Place>,
    /// The path of the key: `round.daily.points`; tables without an id by their number from 1. Empty: the whole file.
    pub key: String,
    pub message: String,
}

impl Fault {
    pub fn of_whole(key: impl Into<String>, message: impl Into<String>) -> Fault {
        Fault { file: None, place: None, key: key.into(), message: message.into() }
    }

    pub fn in_file(mut self, file: &str) -> Fault {
        self.file = Some(file.to_owned());
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut where_: Vec<String> = self.file.iter().cloned().collect();
        where_.extend(self.place.map(|p| format!("第 {} 行第 {} 列", p.line, p.column)));
        where_.extend(Some(self.key.clone()).filter(|key| !key.is_empty()));
        if where_.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}：{}", where_.join(" "), self.message)
        }
    }
}

/// The known word that `word` was probably meant to be.
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let far = (word.chars().count() / 2).clamp(1, 4);
    known.into_iter().map(|k| (distance(word, k), k)).filter(|&(d, _)| d <= far).min().map(|(_, k)| k)
}

/// 「…」, or an empty string: what to add to a sentence about an unknown word.
pub fn suggestion<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    nearest(word, known).map_or(String::new(), |k| format!("，是不是想写「{k}」？"))
}

/// Levenshtein's, in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &to) in b.iter().enumerate() {
            let changed = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_word_finds_its_neighbour_and_a_strange_one_none() {
        assert_eq!(nearest("question_secs", ["paper_seconds", "question_seconds"]), Some("question_seconds"));
        assert_eq!(nearest("南宁", ["南宁市", "柳州市"]), Some("南宁市"));
        assert_eq!(nearest("xyz", ["paper_seconds"]), None);
    }

    #[test]
    fn columns_count_characters_and_not_bytes() {
        assert_eq!(Place::of("甲\n乙丙x", "甲\n乙丙".len()), Place { line: 2, column: 3 });
    }
}
