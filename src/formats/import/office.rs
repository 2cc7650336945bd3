//! What Office files are made of: a zip archive of XML. Unpacked within bounds, read without DOCTYPE, entities and anything outside the file.

use ::quick_xml::Reader;
use ::quick_xml::events::BytesStart;
use ::quick_xml::events::Event;
use std::borrow::Cow;
use std::io::Cursor;
use std::io::Read;
use std::ops::Range;
use zip::ZipArchive;

/// Of one file, all that is read of it together; a larger one is refused.
pub(super) const UNZIPPED_MAX: u64 = 256 << 20;
/// An entry that is larger than this may not be packed more tightly than [`RATIO_MAX`]; refused.
const RATIO_FREE: u64 = 8 << 20;
/// Sheets of many equal rows pack a hundred times.
const RATIO_MAX: u64 = 300;
/// Entries of an archive, of which a package of questions has one a question; more are refused.
const ENTRIES_MAX: usize = 60_000;
/// Elements inside each other; deeper is refused.
const DEPTH_MAX: usize = 256;

/// Why a file, or a part of it, cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub(super) code: &'static str,
    pub(super) message: String,
}

pub(super) fn unreadable(code: &'static str, message: impl Into<String>) -> Unreadable {
    Unreadable { code, message: message.into() }
}

pub(super) struct Package<'b> {
    archive: ZipArchive<Cursor<&'b [u8]>>,
    /// Bytes that may still be unpacked.
    left: u64,
}

impl<'b> Package<'b> {
    pub(super) fn open(bytes: &'b [u8]) -> Result<Package<'b>, Unreadable> {
        let archive = ZipArchive::new(Cursor::new(bytes))
            .map_err(|_| unreadable("broken_file", "文件已损坏，打不开：请在 Office 或 WPS 里另存一次再导入"))?;
        if archive.len() > ENTRIES_MAX {
            return Err(unreadable("too_large", format!("压缩包里的文件超过了 {ENTRIES_MAX} 个")));
        }
        Ok(Package { archive, left: UNZIPPED_MAX })
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.archive.file_names().filter_map(Result::ok).map(Cow::into_owned).collect()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.archive.index_for_name(name).is_some()
    }

    /// An entry's text; `None` where there is no such entry.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, Unreadable> {
        let Some(index) = self.archive.index_for_name(name) else { return Ok(None) };
        let broken =
            || unreadable("broken_file", format!("文件里的 {name} 已损坏：请在 Office 或 WPS 里另存一次再导入"));
        let entry = self.archive.by_index(index).map_err(|_| broken())?;
        if entry.encrypted() {
            return Err(unreadable("encrypted", "文件有密码：请去掉密码再导入"));
        }
        let packed = entry.compressed_size().max(1);
        let most = self.left.min(RATIO_FREE.max(packed.saturating_mul(RATIO_MAX)));
        let mut bytes = Vec::new();
        entry.take(most + 1).read_to_end(&mut bytes).map_err(|_| broken())?;
        let read = bytes.len() as u64;
        if read > most {
            let message =
                "文件解开以后大得不正常（可能是压缩炸弹），为了安全没有读：请只保留题目所在的工作表，另存一次再导入";
            return Err(unreadable("zip_bomb", message));
        }
        self.left -= read;
        let text = match bytes.as_slice() {
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => crate::formats::text::decode(&bytes).map_err(|_| broken())?,
            _ => String::from_utf8(bytes).map_err(|_| broken())?,
        };
        Ok(Some(text))
    }
}

/// XML, a step at a time.
pub(super) struct Xml<'t> {
    reader: Reader<&'t [u8]>,
    depth: usize,
}

pub(super) enum Step<'t> {
    /// An empty element opens and closes.
    Open(BytesStart<'t>),
    /// By its name without prefix.
    Close(String),
    Text(Cow<'t, str>),
    Over,
}

impl<'t> Xml<'t> {
    pub(super) fn of(text: &'t str) -> Xml<'t> {
        let mut reader = Reader::from_str(text.strip_prefix('\u{FEFF}').unwrap_or(text));
        reader.config_mut().expand_empty_elements = true;
        Xml { reader, depth: 0 }
    }

    /// Bytes read so far.
    pub(super) fn position(&self) -> u64 {
        self.reader.buffer_position()
    }

    pub(super) fn next(&mut self) -> Result<Step<'t>, Unreadable> {
        let broken = || unreadable("broken_file", "文件里的 XML 写法有误：请在 Office 或 WPS 里另存一次再导入");
        loop {
            return Ok(match self.reader.read_event().map_err(|_| broken())? {
                Event::Start(start) => {
                    self.depth += 1;
                    if self.depth > DEPTH_MAX {
                        return Err(unreadable("too_deep", format!("XML 的标签一层套一层，超过了 {DEPTH_MAX} 层")));
                    }
                    Step::Open(start)
                }
                Event::End(end) => {
                    self.depth = self.depth.saturating_sub(1);
                    Step::Close(end.local_name().into_inner().to_owned())
                }
                Event::Text(text) => Step::Text(Cow::Owned(text.xml10_content().into_owned())),
                Event::CData(text) => Step::Text(Cow::Owned(text.xml10_content().into_owned())),
                Event::GeneralRef(reference) => {
                    let name = reference.xml10_content();
                    let known = match reference.resolve_char_ref() {
                        Ok(Some(c)) => Some(c.to_string()),
                        Ok(None) => ::quick_xml::escape::resolve_xml_entity(&name).map(str::to_owned),
                        Err(_) => None,
                    };
                    Step::Text(Cow::Owned(known.ok_or_else(broken)?))
                }
                Event::DocType(_) => {
                    return Err(unreadable("doctype", "文件里有 DOCTYPE：为了安全，不读这样的文件"));
                }
                Event::Eof if self.depth > 0 => return Err(broken()),
                Event::Eof => Step::Over,
                Event::Empty(_) | Event::Decl(_) | Event::PI(_) | Event::Comment(_) => continue,
            });
        }
    }
}

pub(super) fn name<'s>(start: &'s BytesStart<'_>) -> &'s str {
    start.local_name().into_inner()
}

/// An attribute by its name without prefix.
pub(super) fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    start.attributes().with_checks(false).flatten().find_map(|attribute| {
        let known = attribute.key.local_name().into_inner() == name;
        let value = || attribute.normalized_value(::quick_xml::XmlVersion::Explicit1_0).ok().map(Cow::into_owned);
        if known { value() } else { None }
    })
}

/// A text without what is struck out in it. Where all of it is, it stays: whoever checks it sees what was there.
pub(super) fn without_struck(text: &str, struck: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for range in struck {
        out.push_str(text.get(at..range.start).unwrap_or_default());
        at = range.end.max(at);
    }
    out.push_str(text.get(at..).unwrap_or_default());
    if out.trim().is_empty() { text.to_owned() } else { out }
}

/// Raised and lowered figures as characters; `None` where one has no such character.
pub(super) fn raised(text: &str, up: bool) -> Option<String> {
    const PLAIN: &str = "0123456789+-=()n";
    const UP: &str = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ";
    const DOWN: &str = "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₙ";
    let to = if up { UP } else { DOWN };
    let one = |c: char| {
        let c = match c {
            '－' | '−' | '–' => '-',
            '＋' => '+',
            c => c,
        };
        PLAIN.chars().position(|known| known == c).and_then(|at| to.chars().nth(at))
    };
    text.chars().map(|c| if c.is_whitespace() { Some(c) } else { one(c) }).collect()
}
