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

/// Where the lines of a text begin, to tell row and column of any byte.
pub(super) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Lines<'a> {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Lines { text, starts }
    }

    /// Columns count characters, as editors do.
    pub(super) fn place(&self, byte: usize) -> Place {
        let byte = byte.min(self.text.len());
        let line = self.starts.partition_point(|&start| start <= byte).saturating_sub(1);
        let column = self.text.as_bytes()[self.starts[line]..byte].iter().filter(|&&b| (b as i8) >= -0x40).count();
        Place { row: line as u32 + 1, column: column as u32 + 1 }
    }

    fn end(&self) -> Place {
        self.place(self.text.len())
    }
}
