//! The formats in which systems exchange questions, told apart by what is in the file, whatever its name.

use crate::formats::import::Format;
use crate::formats::import::Item;
use crate::formats::import::Remark;
use crate::formats::import::aiken;
use crate::formats::import::gift;
use crate::formats::import::json;
use crate::formats::import::moodle;
use crate::formats::import::qti;

/// `None`: a table, a document, or nothing that is known.
pub fn recognise(bytes: &[u8]) -> Option<Format> {
    let readers: [(Format, fn(&[u8]) -> bool); 5] = [
        (Format::Qti, qti::recognises),
        (Format::MoodleXml, moodle::recognises),
        (Format::Json, json::recognises),
        (Format::Gift, gift::recognises),
        (Format::Aiken, aiken::recognises),
    ];
    readers.into_iter().find(|(_, recognises)| recognises(bytes)).map(|(format, _)| format)
}

/// `None`: the format is another reader's.
pub fn read(format: Format, bytes: &[u8]) -> Option<(Vec<Item>, Vec<Remark>)> {
    match format {
        Format::Json => Some(json::read(bytes)),
        Format::Gift => Some(gift::read(bytes)),
        Format::Aiken => Some(aiken::read(bytes)),
        Format::MoodleXml => Some(moodle::read(bytes)),
        Format::Qti => Some(qti::read(bytes)),
        Format::Xlsx | Format::Xls | Format::Docx | Format::Csv | Format::Text | Format::Toml => None,
    }
}
