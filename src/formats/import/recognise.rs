//! What a file is: by what is in it, and only then by its name.

use crate::formats::import::Format;
use crate::formats::import::aiken;
use crate::formats::import::delimited;
use crate::formats::import::gift;
use crate::formats::import::header::header_of;
use crate::formats::import::heading;
use crate::formats::import::office::Package;
use crate::formats::import::office::Unreadable;
use crate::formats::import::office::unreadable;
use crate::formats::text::decode;
use std::io::Cursor;

/// So much of a text is looked at.
const LOOKED_AT: usize = 64 << 10;

/// `None`: nothing that is known here; [`read`](crate::formats::import::read) then says what it is and how to save it otherwise.
pub fn recognise(file: &str, bytes: &[u8]) -> Option<Format> {
    if bytes.starts_with(b"PK\x03\x04") {
        return of_archive(bytes);
    }
    if bytes.starts_with(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1") {
        return has_stream(bytes, &["/Workbook", "/Book"]).then_some(Format::Xls);
    }
    let text = decode(bytes).ok()?;
    let text = text.trim_start_matches('\u{FEFF}');
    of_text(text).or_else(|| by_name(file, text))
}

fn of_archive(bytes: &[u8]) -> Option<Format> {
    let package = Package::open(bytes).ok()?;
    let names = package.names();
    let ends = |ending: &str| names.iter().any(|name| name.ends_with(ending));
    if package.has("xl/workbook.xml") || (ends("workbook.xml") && package.has("[Content_Types].xml")) {
        Some(Format::Xlsx)
    } else if package.has("word/document.xml") || (ends("document.xml") && package.has("[Content_Types].xml")) {
        Some(Format::Docx)
    } else if ends("imsmanifest.xml") || names.iter().any(|name| name.ends_with(".xml") && !name.contains("META-INF")) {
        Some(Format::Qti)
    } else {
        None
    }
}

fn has_stream(bytes: &[u8], names: &[&str]) -> bool {
    cfb::CompoundFile::open(Cursor::new(bytes)).is_ok_and(|file| names.iter().any(|name| file.is_stream(name)))
}

fn of_text(text: &str) -> Option<Format> {
    let head: String = text.chars().take(LOOKED_AT).collect();
    let begins = head.trim_start();
    if begins.starts_with('<') {
        let has = |word: &str| head.contains(word);
        return if has("<quiz") {
            Some(Format::MoodleXml)
        } else if ["assessmentItem", "assessment-item", "assessmentTest", "imsqti", "imscp", "questestinterop"]
            .into_iter()
            .any(has)
        {
            Some(Format::Qti)
        } else {
            None
        };
    }
    if crate::formats::toml::recognises(text.as_bytes()) {
        return Some(Format::Toml);
    }
    if begins.starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
        return Some(Format::Json);
    }
    let sheet = delimited::head(text);
    if header_of(&sheet).is_some() {
        return Some(Format::Csv);
    }
    if aiken::recognises(&head) {
        return Some(Format::Aiken);
    }
    if gift::recognises(&head) {
        return Some(Format::Gift);
    }
    heading::recognises(&head).then_some(Format::Text)
}

fn by_name(file: &str, text: &str) -> Option<Format> {
    let lower = file.to_ascii_lowercase();
    let ending = lower.rsplit_once('.').map_or("", |(_, ending)| ending);
    match ending {
        "csv" | "tsv" => Some(Format::Csv),
        "toml" => Some(Format::Toml),
        "json" => Some(Format::Json),
        "gift" => Some(Format::Gift),
        "aiken" => Some(Format::Aiken),
        _ if text.trim().is_empty() => None,
        // A table without a header, pasted from a spreadsheet.
        _ if delimited::looks_tabular(text) => Some(Format::Csv),
        "txt" | "text" | "md" => Some(Format::Text),
        _ => None,
    }
}

/// What the file is instead, and what to do.
pub(super) fn why_not(file: &str, bytes: &[u8]) -> Unreadable {
    let told = |message: &str| unreadable("unknown_format", message);
    if bytes.iter().all(|b| b.is_ascii_whitespace()) {
        return unreadable("no_questions", "文件是空的");
    }
    if bytes.starts_with(b"\xD0\xCF\x11\xE0") {
        if has_stream(bytes, &["/EncryptedPackage"]) {
            return unreadable("encrypted", "文件有密码：请去掉密码再导入");
        }
        if has_stream(bytes, &["/WordDocument"]) {
            return told("这是旧的 Word 文件（.doc）：请在 Word 或 WPS 里另存为 .docx 再导入");
        }
        return told("这个文件里没有表格：请另存为 .xlsx 或 .docx 再导入");
    }
    if bytes.starts_with(b"PK") {
        return told("这个压缩包里没有认得的题目：可以导入 .xlsx、.docx 和 QTI 题目包");
    }
    if bytes.starts_with(b"%PDF") {
        return told("这是 PDF：请导入原来的文档或表格，或者把文字复制出来粘贴");
    }
    if bytes.starts_with(b"Rar!") || bytes.starts_with(b"7z\xBC\xAF") {
        return told("这是压缩包：请解开以后导入里面的文件");
    }
    match decode(bytes) {
        Err(_) => told("认不出文件的格式：它既不是表格、文档，也不是文字"),
        Ok(text) if text.trim_start().starts_with('<') => {
            let lower = text.chars().take(4096).collect::<String>().to_lowercase();
            if lower.contains("<html") || lower.contains("<table") {
                told("这是网页（有的系统导出的 .xls 其实是网页）：请用表格软件打开，另存为 .xlsx 再导入")
            } else if lower.contains("urn:schemas-microsoft-com:office:spreadsheet") {
                told("这是 XML 表格：请用表格软件打开，另存为 .xlsx 再导入")
            } else if lower.contains("<!doctype") {
                unreadable("doctype", "文件里有 DOCTYPE：为了安全，不读这样的文件")
            } else {
                told("这份 XML 里没有认得的题目：可以导入 Moodle XML 和 QTI")
            }
        }
        Ok(_) => {
            let name = if file.is_empty() { "粘贴的文字" } else { "文件" };
            told(&format!("{name}里没有认出题目：应是表格（有 题干、答案 等列名），或者带题号、选项和答案的文字"))
        }
    }
}
