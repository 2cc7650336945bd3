//! The project's own files, which are read strictly, in a preview like any other.

use crate::domain::draft::Draft;
use crate::domain::faults::Part;
use crate::formats::draft::Reading;
use crate::formats::import::At;
use crate::formats::import::Format;
use crate::formats::import::Gravity;
use crate::formats::import::Import;
use crate::formats::import::Item;
use crate::formats::import::Remark;
use crate::formats::toml;

pub(super) fn read(bytes: &[u8]) -> Import {
    let mut reading = Reading::of("");
    toml::read(bytes, &mut reading);
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.lines().collect();
    let starts: Vec<u32> = reading.drafts.iter().map(|draft| draft.place(Part::Whole).row).collect();
    let mut import = Import { format: Format::Toml, items: Vec::new(), remarks: Vec::new() };
    for (n, draft) in reading.drafts.iter().enumerate() {
        let end = starts.get(n + 1).map_or(lines.len(), |next| *next as usize - 1);
        let raw = lines.get(starts[n] as usize - 1..end).unwrap_or_default().join("\n");
        let place = |part| {
            let place = draft.place(part);
            At { row: place.row, column: place.column }
        };
        let mut item =
            Item { at: place(Part::Whole), draft: Draft::of(draft.question.clone()), remarks: Vec::new(), raw };
        for fault in item.draft.faults() {
            if fault.part == Part::Id || draft.is_broken(fault.part) {
                continue;
            }
            let needed_later =
                fault.code == "empty" && matches!(fault.part, Part::Explanation | Part::Source | Part::Topic);
            let gravity = if needed_later { Gravity::Note } else { Gravity::Refused };
            let (at, part, code) = (place(fault.part), fault.part, fault.code);
            item.remarks.push(Remark { gravity, at, part, code, message: fault.message });
        }
        import.items.push(item);
    }
    // Faults of writing belong to the question in which they stand.
    for fault in reading.faults {
        let at = At { row: fault.row, column: fault.column };
        let remark =
            Remark { gravity: Gravity::Refused, at, part: Part::Whole, code: fault.code, message: fault.message };
        match starts.partition_point(|start| *start <= fault.row).checked_sub(1) {
            Some(n) => import.items[n].remarks.push(remark),
            None => import.remarks.push(remark),
        }
    }
    if import.items.is_empty() && import.remarks.is_empty() {
        let message = "文件里没有题目".to_owned();
        let (gravity, at) = (Gravity::Refused, At { row: 1, column: 1 });
        import.remarks.push(Remark { gravity, at, part: Part::Whole, code: "no_questions", message });
    }
    import
}
