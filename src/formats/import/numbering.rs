//! The numbers and letters that Word puts in front of paragraphs and that are nowhere in their text.

use crate::formats::import::office::Step;
use crate::formats::import::office::Unreadable;
use crate::formats::import::office::Xml;
use crate::formats::import::office::attribute;
use crate::formats::import::office::name;
use std::collections::HashMap;
use std::collections::HashSet;

const LEVELS: usize = 9;

#[derive(Clone, Debug)]
struct Level {
    start: u32,
    format: String,
    /// `%1.`
    text: String,
}

impl Default for Level {
    fn default() -> Level {
        Level { start: 1, format: "decimal".to_owned(), text: String::new() }
    }
}

#[derive(Debug, Default)]
struct List {
    kind: u32,
    /// Level and number with which it begins anew.
    begins: Vec<(usize, u32)>,
}

#[derive(Debug, Default)]
pub(super) struct Numbering {
    kinds: HashMap<u32, Vec<Level>>,
    lists: HashMap<u32, List>,
    /// List and level of paragraphs of a style.
    styles: HashMap<String, (u32, usize)>,
    counts: HashMap<u32, [Option<u32>; LEVELS]>,
    begun: HashSet<u32>,
}

impl Numbering {
    pub(super) fn of(numbering: &str, styles: &str) -> Result<Numbering, Unreadable> {
        let mut found = Numbering::default();
        found.read_lists(numbering)?;
        found.read_styles(styles)?;
        Ok(found)
    }

    fn read_lists(&mut self, text: &str) -> Result<(), Unreadable> {
        let mut xml = Xml::of(text);
        let (mut kind, mut list, mut level) = (0u32, None::<u32>, 0usize);
        let mut overrides = false;
        loop {
            match xml.next()? {
                Step::Open(start) => {
                    let value = attribute(&start, "val").unwrap_or_default();
                    let of = |name: &str| attribute(&start, name).and_then(|id| id.parse().ok());
                    match name(&start) {
                        "abstractNum" => {
                            (kind, list) = (of("abstractNumId").unwrap_or(0), None);
                            self.kinds.insert(kind, vec![Level::default(); LEVELS]);
                        }
                        "num" => {
                            list = of("numId");
                            self.lists.insert(list.unwrap_or(0), List::default());
                        }
                        "abstractNumId" => {
                            if let (Some(list), Ok(kind)) = (list, value.parse()) {
                                self.lists.entry(list).or_default().kind = kind;
                            }
                        }
                        "lvlOverride" => (level, overrides) = (of("ilvl").unwrap_or(0) as usize, true),
                        "startOverride" => {
                            if let (Some(list), Ok(start)) = (list, value.parse()) {
                                self.lists.entry(list).or_default().begins.push((level, start));
                            }
                        }
                        "lvl" if !overrides => level = of("ilvl").unwrap_or(0) as usize,
                        known @ ("start" | "numFmt" | "lvlText") if list.is_none() => {
                            let Some(level) = self.kinds.get_mut(&kind).and_then(|levels| levels.get_mut(level)) else {
                                continue;
                            };
                            match known {
                                "start" => level.start = value.parse().unwrap_or(1),
                                "numFmt" => level.format = value,
                                _ => level.text = value,
                            }
                        }
                        _ => {}
                    }
                }
                Step::Close(name) if name == "lvlOverride" => overrides = false,
                Step::Over => return Ok(()),
                _ => {}
            }
        }
    }

    fn read_styles(&mut self, text: &str) -> Result<(), Unreadable> {
        let mut xml = Xml::of(text);
        let (mut style, mut list, mut level) = (None::<String>, None::<u32>, 0usize);
        loop {
            match xml.next()? {
                Step::Open(start) => {
                    let value = || attribute(&start, "val").unwrap_or_default();
                    match name(&start) {
                        "style" => (style, list, level) = (attribute(&start, "styleId"), None, 0),
                        "numId" => list = value().parse().ok(),
                        "ilvl" => level = value().parse().unwrap_or(0),
                        _ => {}
                    }
                }
                Step::Close(name) if name == "style" => {
                    if let (Some(style), Some(list)) = (style.take(), list.take()) {
                        self.styles.insert(style, (list, level));
                    }
                }
                Step::Over => return Ok(()),
                _ => {}
            }
        }
    }

    /// What stands in front of the next paragraph of a list.
    pub(super) fn label(&mut self, style: Option<&str>, list: Option<u32>, level: Option<usize>) -> Option<String> {
        let of_style = style.and_then(|style| self.styles.get(style)).copied();
        let list = list.or(of_style.map(|(list, _)| list)).filter(|list| *list != 0)?;
        let level = level.or(of_style.map(|(_, level)| level)).unwrap_or(0);
        let known = self.lists.get(&list)?;
        let levels = self.kinds.get(&known.kind)?;
        let own = levels.get(level)?;
        let counts = self.counts.entry(known.kind).or_default();
        if self.begun.insert(list) {
            for (level, start) in &known.begins {
                if let Some(count) = counts.get_mut(*level) {
                    *count = start.checked_sub(1);
                }
            }
        }
        counts[level] = Some(counts[level].map_or(own.start, |count| count.saturating_add(1)));
        counts[level + 1..].fill(None);
        if own.format == "bullet" || own.format == "none" {
            return None;
        }
        let mut label = own.text.clone();
        for (n, level) in levels.iter().enumerate() {
            let count = counts[n].unwrap_or(level.start);
            label = label.replace(&format!("%{}", n + 1), &written(count, &level.format));
        }
        let label = label.trim().to_owned();
        if label.is_empty() {
            return None;
        }
        // A sign that tells it from the text.
        let sign = if label.ends_with(char::is_alphanumeric) { "." } else { "" };
        Some(format!("{label}{sign} "))
    }
}

fn written(count: u32, format: &str) -> String {
    match format {
        "upperLetter" => lettered(count).to_uppercase(),
        "lowerLetter" => lettered(count),
        "upperRoman" => roman(count).to_uppercase(),
        "lowerRoman" => roman(count),
        _ if format.starts_with("chinese") || format.starts_with("japanese") || format.starts_with("ideograph") => {
            chinese(count)
        }
        _ => count.to_string(),
    }
}

fn lettered(count: u32) -> String {
    let letter = char::from(b'a' + (count.saturating_sub(1) % 26) as u8);
    letter.to_string().repeat((count.saturating_sub(1) / 26 + 1).min(8) as usize)
}

fn roman(count: u32) -> String {
    const SIGNS: [(u32, &str); 13] = [
        (1000, "m"),
        (900, "cm"),
        (500, "d"),
        (400, "cd"),
        (100, "c"),
        (90, "xc"),
        (50, "l"),
        (40, "xl"),
        (10, "x"),
        (9, "ix"),
        (5, "v"),
        (4, "iv"),
        (1, "i"),
    ];
    let mut left = count.min(3999);
    let mut out = String::new();
    for (value, sign) in SIGNS {
        while left >= value {
            out.push_str(sign);
            left -= value;
        }
    }
    out
}

fn chinese(count: u32) -> String {
    const FIGURES: [&str; 10] = ["", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
    match count {
        1..=9 => FIGURES[count as usize].to_owned(),
        10..=19 => format!("十{}", FIGURES[count as usize - 10]),
        20..=99 => format!("{}十{}", FIGURES[count as usize / 10], FIGURES[count as usize % 10]),
        _ => count.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTS: &str = r#"<w:numbering xmlns:w="w">
        <w:abstractNum w:abstractNumId="1">
          <w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>
          <w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="upperLetter"/><w:lvlText w:val="%2"/></w:lvl>
        </w:abstractNum>
        <w:abstractNum w:abstractNumId="2">
          <w:lvl w:ilvl="0"><w:numFmt w:val="chineseCounting"/><w:lvlText w:val="%1、"/></w:lvl>
        </w:abstractNum>
        <w:num w:numId="5"><w:abstractNumId w:val="1"/></w:num>
        <w:num w:numId="6"><w:abstractNumId w:val="1"/>
          <w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride></w:num>
        <w:num w:numId="7"><w:abstractNumId w:val="2"/></w:num>
      </w:numbering>"#;

    #[test]
    fn lists_count_as_word_counts() {
        let styles = r#"<w:styles xmlns:w="w"><w:style w:styleId="H"><w:pPr><w:numPr><w:numId w:val="7"/></w:numPr></w:pPr></w:style></w:styles>"#;
        let mut numbering = Numbering::of(LISTS, styles).unwrap();
        let mut label = |list, level| numbering.label(None, Some(list), Some(level)).unwrap_or_default();
        let told = [label(5, 0), label(5, 1), label(5, 1), label(5, 0), label(5, 1), label(6, 0), label(5, 0)];
        assert_eq!(told, ["1. ", "A. ", "B. ", "2. ", "A. ", "1. ", "2. "]);
        assert_eq!(numbering.label(Some("H"), None, None).as_deref(), Some("一、 "));
        assert_eq!(numbering.label(Some("H"), None, None).as_deref(), Some("二、 "));
        assert_eq!(numbering.label(None, None, None), None);
        assert_eq!(numbering.label(None, Some(0), Some(0)), None);
    }

    #[test]
    fn numbers_are_written_in_each_form() {
        assert_eq!((written(27, "lowerLetter"), written(14, "upperRoman")), ("aa".into(), "XIV".into()));
        assert_eq!(written(21, "chineseCounting"), "二十一");
    }
}
