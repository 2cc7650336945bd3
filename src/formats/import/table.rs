//! A table of questions: the rows below its header, each a question, or each an option of one.

use crate::domain::faults::Part;
use crate::formats::columns::Field;
use crate::formats::columns::REST;
use crate::formats::columns::TO_CHECK;
use crate::formats::import::At;
use crate::formats::import::Column;
use crate::formats::import::Defaults;
use crate::formats::import::Gravity;
use crate::formats::import::Item;
use crate::formats::import::Mapping;
use crate::formats::import::Remark;
use crate::formats::import::Stop;
use crate::formats::import::Watch;
use crate::formats::import::grid::Cell;
use crate::formats::import::grid::Line;
use crate::formats::import::grid::Sheet;
use crate::formats::import::header::Header;
use crate::formats::import::header::column_name;
use crate::formats::import::header::header_of;
use crate::formats::import::header::legend_of;
use crate::formats::import::heading::heading_of;
use crate::formats::import::settle::Ground;
use crate::formats::import::settle::Sighting;
use crate::formats::import::settle::Told;
use crate::formats::import::settle::settle;
use crate::formats::import::words::Asked;
use crate::formats::import::words::asked_of;
use crate::formats::import::words::clean;
use crate::formats::import::words::line as one_line;
use crate::formats::import::words::scale_of;
use crate::formats::text::half_width;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// Cells that are shown of a column that a person has to name, and their length.
const SAMPLES: usize = 3;
const SAMPLE_CHARS: usize = 60;
/// Questions between two signs of life.
const STRIDE: usize = 256;

/// What a sheet came to.
pub(super) struct Found {
    pub(super) items: Vec<Item>,
    pub(super) remarks: Vec<Remark>,
}

/// What the columns hold: as the header says, or as a person says.
pub(super) fn layout(sheet: &Sheet, mapping: Option<&Mapping>) -> Option<Header> {
    let header = header_of(sheet);
    match (mapping, header) {
        (Some(mapping), found) => {
            let fields = mapping.iter().map(|(column, field)| (*column, *field)).collect();
            let (line, height) = found.map_or((0, 0), |header| (header.line, header.height));
            Some(Header { line, height, fields, passed_over: Vec::new() })
        }
        (None, header) => header,
    }
}

/// For a person who looks at the columns, or names them.
pub(super) fn columns_of(sheet: &Sheet, layout: Option<&Header>) -> Vec<Column> {
    let first = layout.map_or(0, |header| header.line + header.height);
    let all: BTreeSet<u32> = sheet.lines.iter().flat_map(|line| line.cells.iter().map(|cell| cell.column)).collect();
    let short = |text: &str| one_line(text).chars().take(SAMPLE_CHARS).collect::<String>();
    let rows = sheet.lines.get(first..).unwrap_or_default();
    all.into_iter()
        .map(|n| {
            let titles = layout.map_or(&[][..], |header| &sheet.lines[header.line..header.line + header.height]);
            let title = titles.iter().rev().map(|line| line.text(n)).find(|text| !text.is_empty()).map(short);
            let samples = rows.iter().map(|line| line.text(n)).filter(|text| !text.is_empty()).map(short).take(SAMPLES);
            let field = layout.and_then(|header| header.fields.get(&n).copied());
            Column { n, title: title.unwrap_or_default(), samples: samples.collect(), field }
        })
        .collect()
}

pub(super) fn read(sheet: &Sheet, header: &Header, defaults: &Defaults, watch: &mut Watch<'_>) -> Result<Found, Stop> {
    let rows = &sheet.lines[(header.line + header.height).min(sheet.lines.len())..];
    let column_of = |field: Field| header.fields.iter().find(|(_, known)| **known == field).map(|(column, _)| *column);
    let titles = &sheet.lines[header.line..header.line + header.height];
    let title = |column: u32| titles.iter().rev().map(|line| line.text(column)).find(|text| !text.is_empty());
    let legend = column_of(Field::Kind).and_then(title).map(legend_of).unwrap_or_default();
    let levels = column_of(Field::Difficulty);
    let scale = scale_of(levels.iter().flat_map(|column| rows.iter().map(|line| line.text(*column))));
    let ground = Ground { defaults, scale, legend: &legend, keys_in_stems: false };
    let result = header.fields.iter().filter(|(_, field)| **field == Field::Ignore).map(|(column, _)| *column);
    let result = result.into_iter().find(|column| title(*column).is_some_and(|title| title.trim() == REST[0]));
    let table = Table { header, stem: column_of(Field::Stem), by_option: by_option(header, rows), titles, result };

    let mut found = Found { items: Vec::new(), remarks: table.remarks(sheet, rows) };
    let sheet_kind = asked_of(&sheet.name);
    let mut heading = sheet_kind.clone();
    let mut open: Option<Sighting> = None;
    let mut count = 0usize;
    for (place, line) in rows.iter().enumerate() {
        if table.repeats_header(line) {
            continue;
        }
        if let Some(said) = table.heading(line) {
            heading = said;
            continue;
        }
        if let Some(before) = open.as_mut().filter(|before| table.continues(line, before)) {
            table.add_option(before, line);
            continue;
        }
        if table.is_footnote(line) {
            continue;
        }
        if let Some(whole) = open.take() {
            found.items.push(settle(whole, &ground));
        }
        count += 1;
        let mut sighting = table.sighting(line, count);
        sighting.heading = heading.clone();
        open = Some(sighting);
        if count.is_multiple_of(STRIDE) && !watch((place * 1000 / rows.len().max(1)) as u32, 1000) {
            return Err(Stop::Cancelled);
        }
    }
    found.items.extend(open.map(|whole| settle(whole, &ground)));
    Ok(found)
}

/// Whether each row holds one option: it says which letter it is or whether it is right, or rows without a stem hold more options.
fn by_option(header: &Header, rows: &[Line]) -> bool {
    let has = |field: Field| header.fields.values().any(|known| *known == field);
    let column_of = |field: Field| header.fields.iter().find(|(_, known)| **known == field).map(|(column, _)| *column);
    let Some(options) = column_of(Field::Options) else { return false };
    let Some(stem) = column_of(Field::Stem) else { return false };
    let more = || {
        rows.iter().any(|line| {
            line.cell(stem).is_none_or(|cell| cell.repeats) && line.cell(options).is_some_and(|cell| !cell.repeats)
        })
    };
    has(Field::Mark) || has(Field::Letter) || more()
}

struct Table<'a> {
    header: &'a Header,
    stem: Option<u32>,
    by_option: bool,
    titles: &'a [Line],
    /// Where a table of what was left says how each question stood.
    result: Option<u32>,
}

impl Table<'_> {
    fn cell<'l>(&self, line: &'l Line, field: Field) -> Option<&'l Cell> {
        let found = self.header.fields.iter().filter(|(_, known)| **known == field);
        found.filter_map(|(column, _)| line.cell(*column)).next()
    }

    fn told(&self, line: &Line, field: Field) -> Option<Told> {
        self.cell(line, field).map(|cell| told(line, cell))
    }

    /// The header is printed again on each page.
    fn repeats_header(&self, line: &Line) -> bool {
        self.titles.iter().any(|title| {
            title.cells.len() == line.cells.len()
                && title.cells.iter().zip(&line.cells).all(|(a, b)| a.column == b.column && a.text == b.text)
        })
    }

    /// A row that only says what kind of questions follow.
    fn heading(&self, line: &Line) -> Option<Option<Asked>> {
        let mut own = line.own();
        let (only, none) = (own.next()?, own.next());
        if none.is_some() || self.has_more_than_one_text(line) {
            return None;
        }
        let text = clean(&only.text);
        heading_of(&text).map(Some)
    }

    fn has_more_than_one_text(&self, line: &Line) -> bool {
        line.cells.windows(2).any(|pair| pair[0].text != pair[1].text)
    }

    /// 合计, 注：… below the questions.
    fn is_footnote(&self, line: &Line) -> bool {
        let mut own = line.own();
        let Some(first) = own.next() else { return true };
        let text = clean(&first.text);
        own.next().is_none()
            && ["注：", "注:", "备注", "说明", "合计", "总计", "填表人", "审核人", "联系人"]
                .iter()
                .any(|word| text.starts_with(word))
    }

    /// Another option of the question above.
    fn continues(&self, line: &Line, before: &Sighting) -> bool {
        let Some(stem) = self.stem.filter(|_| self.by_option) else { return false };
        let has_option =
            [Field::Options, Field::Letter, Field::Mark].iter().any(|field| self.cell(line, *field).is_some());
        let Some(cell) = line.cell(stem) else { return has_option };
        has_option && (cell.repeats || self.says_again(line, cell, before))
    }

    /// The stem written out again in front of each of its options, which are lettered on.
    fn says_again(&self, line: &Line, stem: &Cell, before: &Sighting) -> bool {
        let same = before.stem.as_ref().is_some_and(|told| clean(&told.text) == clean(&stem.text));
        let first = self.cell(line, Field::Letter).is_some_and(|letter| {
            let text = half_width(&letter.text).trim().to_uppercase();
            matches!(text.trim_matches(|c: char| !c.is_alphanumeric()), "A" | "1" | "选项A" | "选项1")
        });
        same && !first && self.column_of(Field::Letter).or(self.column_of(Field::Mark)).is_some()
    }

    fn sighting(&self, line: &Line, ordinal: usize) -> Sighting {
        let lettered = |of: fn(&Field) -> Option<usize>| {
            let mut found: Vec<Option<Told>> = Vec::new();
            for (column, field) in &self.header.fields {
                let Some(place) = of(field) else { continue };
                if found.len() <= place {
                    found.resize(place + 1, None);
                }
                found[place] = line.cell(*column).map(|cell| told(line, cell)).or(found[place].take());
            }
            found
        };
        let first = line.cells.first().map_or(1, |cell| cell.column);
        let mut sighting = Sighting {
            at: Some(At { row: line.row, column: self.cell(line, Field::Stem).map_or(first, |cell| cell.column) }),
            raw: line.raw(),
            hidden: line.hidden,
            number: self.cell(line, Field::Id).map(|cell| cell.text.clone()),
            ordinal,
            kind: self.told(line, Field::Kind),
            stem: self.told(line, Field::Stem),
            options: lettered(|field| if let Field::Option(place) = field { Some(*place) } else { None }),
            flags: lettered(|field| if let Field::Flag(place) = field { Some(*place) } else { None }),
            weights: lettered(|field| if let Field::Weight(place) = field { Some(*place) } else { None }),
            all_options: self.told(line, Field::Options).filter(|_| !self.by_option),
            key: self.told(line, Field::Key),
            points: self.told(line, Field::Points).into_iter().collect(),
            penalty: self.told(line, Field::Penalty),
            part_mark: self.told(line, Field::PartMark),
            explanation: self.told(line, Field::Explanation),
            source: self.told(line, Field::Source),
            difficulty: self.told(line, Field::Difficulty),
            topic: self.told(line, Field::Topic),
            contributor: self.told(line, Field::Contributor),
            link: self.told(line, Field::Link),
            fixed_order: self.told(line, Field::FixedOrder),
            media: [Field::MediaFile, Field::MediaWidth, Field::MediaHeight, Field::MediaAlt]
                .map(|field| self.told(line, field)),
            ..Sighting::default()
        };
        if self.by_option {
            self.add_first_option(&mut sighting, line);
        }
        if let Some(cell) = self.result.and_then(|column| line.cell(column)).filter(|cell| cell.text.trim() == TO_CHECK)
        {
            let message = format!("「{}」一栏还写着「{TO_CHECK}」：上次推断的还没有人确认", REST[0]);
            let (at, gravity) = (At { row: line.row, column: cell.column }, Gravity::ToCheck);
            sighting.remarks.push(Remark { gravity, at, part: Part::Whole, code: "still_to_check", message });
        }
        sighting.other_key = self.column_of(Field::Key).and_then(|read| {
            let others = self.header.passed_over.iter().filter(|(_, winner)| *winner == read);
            others.filter_map(|(column, _)| line.cell(*column)).map(|cell| told(line, cell)).next()
        });
        sighting
    }

    fn column_of(&self, field: Field) -> Option<u32> {
        self.header.fields.iter().find(|(_, known)| **known == field).map(|(column, _)| *column)
    }

    fn add_first_option(&self, sighting: &mut Sighting, line: &Line) {
        // The stem's own row may hold an option or none.
        if self.cell(line, Field::Options).is_some() {
            self.put_option(sighting, line);
        }
    }

    fn add_option(&self, sighting: &mut Sighting, line: &Line) {
        if sighting.raw.len() < 4_000 {
            sighting.raw.push('\n');
            sighting.raw.push_str(&line.raw());
        }
        sighting.hidden |= line.hidden;
        let own = |field: Field| self.cell(line, field).filter(|cell| !cell.repeats).map(|cell| told(line, cell));
        sighting.points.extend(own(Field::Points));
        for (field, part) in [
            (Field::Key, &mut sighting.key),
            (Field::Explanation, &mut sighting.explanation),
            (Field::Source, &mut sighting.source),
            (Field::Difficulty, &mut sighting.difficulty),
            (Field::Topic, &mut sighting.topic),
            (Field::Penalty, &mut sighting.penalty),
            (Field::PartMark, &mut sighting.part_mark),
        ] {
            let Some(found) = own(field) else { continue };
            match part {
                None => *part = Some(found),
                // 答案 in every row: the same again, or another letter.
                Some(known) if clean(&known.text) == clean(&found.text) => {}
                Some(_) if field == Field::Key => {
                    let message = "这道题的几行里写了不同的答案：请在一行里写全";
                    let (gravity, part) = (Gravity::Refused, Part::Key);
                    sighting.remarks.push(Remark {
                        gravity,
                        at: found.at,
                        part,
                        code: "key_conflict",
                        message: message.into(),
                    });
                }
                Some(_) => {}
            }
        }
        self.put_option(sighting, line);
    }

    fn put_option(&self, sighting: &mut Sighting, line: &Line) {
        let place = sighting.options.len();
        let Some(option) = self.cell(line, Field::Options).map(|cell| told(line, cell)) else { return };
        if let Some(letter) = self.cell(line, Field::Letter) {
            let text = half_width(&letter.text).trim().to_uppercase();
            let expected = crate::domain::faults::letter(place);
            let number = (place + 1).to_string();
            let bare = text.trim_matches(|c: char| !c.is_alphanumeric()).trim_start_matches("选项").trim();
            if !bare.chars().eq([expected]) && bare != number {
                let message = format!("选项的次序不对：这里应是 {expected}，写的是「{}」", one_line(&letter.text));
                let at = At { row: line.row, column: letter.column };
                let (gravity, part) = (Gravity::Refused, Part::Options);
                sighting.remarks.push(Remark { gravity, at, part, code: "option_order", message });
            }
        }
        if self.header.fields.values().any(|field| *field == Field::Mark) {
            sighting.flags.resize(place, None);
            let mark = self.cell(line, Field::Mark).map(|cell| told(line, cell));
            sighting.flags.push(Some(mark.unwrap_or(Told { text: String::new(), ..option.clone() })));
        }
        sighting.options.push(Some(option));
    }

    /// Of the columns as a whole.
    fn remarks(&self, sheet: &Sheet, rows: &[Line]) -> Vec<Remark> {
        let row = self.titles.last().map_or(1, |line| line.row);
        let mut remarks = Vec::new();
        let mut say = |gravity, column, part, code, message: String| {
            remarks.push(Remark { gravity, at: At { row, column }, part, code, message });
        };
        let name = |column: u32| {
            let title = self.titles.iter().rev().map(|line| line.text(column)).find(|text| !text.is_empty());
            title.map_or(format!("第 {} 列", column_name(column)), |title| format!("「{}」", one_line(title)))
        };
        for (column, winner) in &self.header.passed_over {
            let message = format!("{} 列与 {} 列说的是同一件事，只读了后者", name(*column), name(*winner));
            say(Gravity::ToCheck, *column, Part::Whole, "same_column", message);
        }
        let mut filled: BTreeMap<u32, usize> = BTreeMap::new();
        for cell in rows.iter().flat_map(|line| &line.cells) {
            *filled.entry(cell.column).or_default() += 1;
        }
        let passed_over = |column: &u32| self.header.passed_over.iter().any(|(known, _)| known == column);
        let unused: Vec<u32> = filled
            .keys()
            .filter(|column| !self.header.fields.contains_key(column) && !passed_over(column))
            .copied()
            .collect();
        if let Some(first) = unused.first() {
            let names: Vec<String> = unused.iter().take(20).map(|column| name(*column)).collect();
            say(Gravity::Note, *first, Part::Whole, "unused_column", format!("没有用到的列：{}", names.join("、")));
        }
        let points =
            self.header.fields.iter().find(|(column, field)| **field == Field::Points && filled.contains_key(column));
        if let Some((column, _)) = points {
            say(Gravity::Note, *column, Part::Whole, "points", "分值没有读入：每题几分由场次的规则决定".to_owned());
        }
        if sheet.cut {
            let message = "表格太大，后面的行或列没有读：请分成几个文件导入";
            say(Gravity::Refused, 1, Part::Whole, "too_large", message.to_owned());
        }
        if let Some((row, column, count)) = sheet.empty_formulas {
            let message = format!(
                "有 {count} 格公式上次保存的结果是空白，当作空着，第一处在第 {row} 行第 {} 列",
                column_name(column)
            );
            let (gravity, part, code) = (Gravity::ToCheck, Part::Whole, "empty_formula");
            remarks.push(Remark { gravity, at: At { row, column }, part, code, message });
        }
        remarks
    }
}

fn told(line: &Line, cell: &Cell) -> Told {
    Told { text: cell.text.clone(), at: At { row: line.row, column: cell.column }, mark: cell.mark }
}
