//! The bank as its files say it, and the key of a shown question found by its texts (options arrive shuffled).

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use serde::Deserialize;

use crate::wire::{Kind, Mask};

/// Every question of the bank's files by its stem.
#[derive(Default)]
pub(crate) struct Bank {
    by_stem: HashMap<String, Vec<Entry>>,
    pub questions: usize,
}

struct Entry {
    kind: Kind,
    options: Vec<String>,
    key: Mask,
    fixed_order: bool,
}

/// What the bank knows of a question as it was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// The right options, numbered as shown.
    Key(Mask),
    /// The texts are the bank's, but options that must keep their order were moved.
    Moved,
    Unknown,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    question: Vec<Written>,
}

#[derive(Deserialize)]
struct Written {
    kind: Kind,
    stem: String,
    #[serde(default)]
    options: Vec<String>,
    key: String,
    #[serde(default)]
    fixed_order: bool,
}

impl Bank {
    /// Reads every `*.toml` in `dir` and below.
    pub(crate) fn read(dir: &Path) -> anyhow::Result<Bank> {
        let mut bank = Bank::default();
        for path in toml_files(dir)? {
            let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
            bank.add(&text).with_context(|| format!("in {}", path.display()))?;
        }
        ensure!(bank.questions > 0, "no questions in {}", dir.display());
        Ok(bank)
    }

    pub(crate) fn add(&mut self, text: &str) -> anyhow::Result<()> {
        let file: File = toml::from_str(text)?;
        for (number, written) in file.question.into_iter().enumerate() {
            let entry = Entry::read(&written).with_context(|| format!("question {}: {}", number + 1, written.stem))?;
            self.by_stem.entry(written.stem).or_default().push(entry);
            self.questions += 1;
        }
        Ok(())
    }

    pub(crate) fn find<T: AsRef<str>>(&self, kind: Kind, stem: &str, shown: &[T]) -> Found {
        let mut found = Found::Unknown;
        for entry in self.by_stem.get(stem).into_iter().flatten().filter(|e| e.kind == kind) {
            match entry.key_as_shown(shown) {
                Found::Unknown => {}
                Found::Moved => found = Found::Moved,
                key => return key,
            }
        }
        found
    }
}

impl Entry {
    fn read(written: &Written) -> anyhow::Result<Entry> {
        if written.kind == Kind::TrueFalse {
            let key = match written.key.as_str() {
                "正确" => 0b01,
                "错误" => 0b10,
                other => bail!("the key of a true/false question is 正确 or 错误, not {other}"),
            };
            let options = vec!["正确".to_owned(), "错误".to_owned()];
            return Ok(Entry { kind: Kind::TrueFalse, options, key, fixed_order: true });
        }
        let mut key = 0;
        for letter in written.key.bytes() {
            let option = usize::from(letter.wrapping_sub(b'A'));
            ensure!(option < written.options.len(), "the key {} names no option", written.key);
            key |= 1 << option;
        }
        ensure!(key != 0, "no key");
        let options = written.options.clone();
        Ok(Entry { kind: written.kind, options, key, fixed_order: written.fixed_order })
    }

    fn key_as_shown<T: AsRef<str>>(&self, shown: &[T]) -> Found {
        if shown.len() != self.options.len() {
            return Found::Unknown;
        }
        let (mut key, mut seen, mut moved) = (0, 0u32, false);
        for (place, text) in shown.iter().enumerate() {
            let written = (0..self.options.len()).find(|&i| seen & (1 << i) == 0 && self.options[i] == text.as_ref());
            let Some(written) = written else { return Found::Unknown };
            seen |= 1 << written;
            moved |= written != place;
            if self.key & (1 << written) != 0 {
                key |= 1 << place;
            }
        }
        if moved && self.fixed_order { Found::Moved } else { Found::Key(key) }
    }
}

fn toml_files(dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "toml") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bank() -> Bank {
        let mut bank = Bank::default();
        bank.add(
            r#"
            topic = "卫生健康"
            [[question]]
            kind = "multiple"
            difficulty = 2
            stem = "哪些是维生素？"
            options = ["维生素C", "铁", "维生素D", "钙"]
            key = "AC"
            explanation = "E"
            source = "S"
            [[question]]
            kind = "true_false"
            stem = "地球是平的。"
            key = "错误"
            [[question]]
            kind = "single"
            stem = "几个？"
            options = ["1", "2", "3", "4"]
            key = "C"
            fixed_order = true
            "#,
        )
        .unwrap();
        bank
    }

    #[test]
    fn a_key_follows_its_options_however_they_are_shuffled() {
        let bank = bank();
        let stem = "哪些是维生素？";
        for (shown, key) in [(["维生素C", "铁", "维生素D", "钙"], 0b0101), (["钙", "维生素D", "维生素C", "铁"], 0b0110)]
        {
            assert_eq!(bank.find(Kind::Multiple, stem, &shown), Found::Key(key), "{shown:?}");
        }
    }

    #[test]
    fn what_must_keep_its_order_is_found_moved() {
        let bank = bank();
        assert_eq!(bank.find(Kind::Single, "几个？", &["1", "2", "3", "4"]), Found::Key(0b100));
        assert_eq!(bank.find(Kind::Single, "几个？", &["2", "1", "3", "4"]), Found::Moved);
        assert_eq!(bank.find(Kind::TrueFalse, "地球是平的。", &["正确", "错误"]), Found::Key(0b10));
        assert_eq!(bank.find(Kind::TrueFalse, "地球是平的。", &["错误", "正确"]), Found::Moved);
    }

    #[test]
    fn other_texts_other_kinds_and_repeated_options_are_unknown() {
        let bank = bank();
        let stem = "哪些是维生素？";
        assert_eq!(bank.find(Kind::Multiple, "?", &["1", "2", "3", "4"]), Found::Unknown);
        assert_eq!(bank.find(Kind::Single, stem, &["维生素C", "铁", "维生素D", "钙"]), Found::Unknown);
        assert_eq!(bank.find(Kind::Multiple, stem, &["维生素C", "铁", "铁", "钙"]), Found::Unknown);
        assert_eq!(bank.find(Kind::Multiple, stem, &["维生素C", "铁", "维生素D"]), Found::Unknown);
    }

    #[test]
    fn a_key_that_names_no_option_is_refused() {
        let text = "[[question]]\nkind = \"single\"\nstem = \"s\"\noptions = [\"a\", \"b\"]\nkey = \"C\"";
        assert!(Bank::default().add(text).is_err());
    }
}
