//! Bytes to text: UTF-8 with or without a byte order mark, UTF-16 with one, else GB18030, which spreadsheets in China save.

use crate::formats::draft::Place;
use encoding_rs::Encoding;
use encoding_rs::GB18030;
use encoding_rs::UTF_8;

/// A larger file is refused unread.
pub const FILE_BYTES_MAX: usize = 16 << 20;

/// Every line with the one ending that the readers of tables count by.
pub(super) fn with_plain_lines(text: String) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text }
}

/// The text, or the row at which it stops being text.
pub(super) fn decode(bytes: &[u8]) -> Result<String, Place> {
    let (encoding, bytes) = match Encoding::for_bom(bytes) {
        Some((encoding, mark)) => (encoding, &bytes[mark..]),
        None if std::str::from_utf8(bytes).is_ok() => (UTF_8, bytes),
        None => (GB18030, bytes),
    };
    match encoding.decode_without_bom_handling_and_without_replacement(bytes) {
        Some(text) => Ok(text.into_owned()),
        None => Err(first_fault(encoding, bytes)),
    }
}

/// UTF-8 only, as TOML is.
pub(super) fn decode_utf8(bytes: &[u8]) -> Result<&str, Place> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|e| {
        let (good, _) = bytes.split_at(e.valid_up_to());
        Lines::of(std::str::from_utf8(good).unwrap_or_default()).end()
    })
}

fn first_fault(encoding: &'static Encoding, bytes: &[u8]) -> Place {
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    let good = text.find('\u{FFFD}').unwrap_or(0);
    Lines::of(&text[..good]).end()
}

/// Letters, figures and signs of full width as those of half width; blanks of every kind as blanks.
pub(super) fn half_width(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
            c if c != '\n' && c != '\t' && c.is_whitespace() => ' ',
            c => c,
        })
        .collect()
}

/// Where the lines of a text begin, to tell row and column of any byte, in lines of any length.
pub(super) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
    /// Characters before every [`STRIDE`]th byte: a file may be one line.
    counted: Vec<usize>,
}

const STRIDE: usize = 256;

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Lines<'a> {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let mut before = 0;
        let mut count = |piece: &[u8]| {
            let counted = before;
            before += characters(piece);
            counted
        };
        let counted = text.as_bytes().chunks(STRIDE).map(&mut count).collect();
        Lines { text, starts, counted }
    }

    /// Columns count characters, as editors do.
    pub(super) fn place(&self, byte: usize) -> Place {
        let byte = byte.min(self.text.len());
        let line = self.starts.partition_point(|&start| start <= byte).saturating_sub(1);
        let column = self.characters_before(byte) - self.characters_before(self.starts[line]);
        Place { row: line as u32 + 1, column: column as u32 + 1 }
    }

    fn characters_before(&self, byte: usize) -> usize {
        let chunk = (byte / STRIDE).min(self.counted.len().saturating_sub(1));
        let counted = self.counted.get(chunk).copied().unwrap_or_default();
        counted + characters(&self.text.as_bytes()[chunk * STRIDE..byte])
    }

    fn end(&self) -> Place {
        self.place(self.text.len())
    }
}

/// Those that begin in these bytes.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&b| (b as i8) >= -0x40).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_place_is_where_counting_from_the_start_comes_to(text in "(水{0,90}|a{0,200}|\n){0,12}") {
            let lines = Lines::of(&text);
            for (byte, _) in text.char_indices().chain([(text.len(), ' ')]) {
                let before = &text[..byte];
                let row = before.matches('\n').count() as u32 + 1;
                let column = before.rsplit('\n').next().unwrap_or_default().chars().count() as u32 + 1;
                prop_assert_eq!(lines.place(byte), Place { row, column });
            }
        }
    }
}
