//! The list of organisations: a CSV file with the columns 名称, 市, 县 (optional) and 编号 (optional).

use crate::domain::fault::Fault;
use crate::domain::fault::Place;
use crate::domain::fault::suggestion;
use crate::domain::ids::CityIndex;
use crate::domain::ids::CountyIndex;
use crate::domain::region::Region;
use crate::domain::season::Organisation;
use csv::StringRecord;
use sha2::Digest;
use sha2::Sha256;
use std::collections::HashMap;

/// More is refused: the list is part of the canonical season, which is held in memory.
pub const ORGANISATIONS_MAX: usize = 100_000;

const COLUMNS: [&str; 4] = ["名称", "市", "县", "编号"];

/// The organisations of a CSV text, with or without a byte order mark; lines that begin with # are passed over.
pub(super) fn read(text: &str, region: &Region) -> Result<Vec<Organisation>, Vec<Fault>> {
    let mut sheet = Sheet { region, columns: [None; 4], faults: Vec::new(), seen: HashMap::new() };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .comment(Some(b'#'))
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut records = reader.records();
    match records.next() {
        Some(Ok(head)) => sheet.read_head(&head),
        _ => sheet.faults.push(Fault::of_whole("", format!("第一行要写列名：{}", COLUMNS.join(",")))),
    }
    let mut organisations = Vec::new();
    for record in records.take(if sheet.faults.is_empty() { ORGANISATIONS_MAX + 1 } else { 0 }) {
        match record {
            Ok(record) => organisations.extend(sheet.read_row(&record)),
            Err(error) => sheet.faults.push(Fault::of_whole("", format!("读不懂这个 CSV 文件：{error}"))),
        }
    }
    if organisations.len() > ORGANISATIONS_MAX {
        sheet.faults.push(Fault::of_whole("", format!("单位太多，最多 {ORGANISATIONS_MAX} 个")));
    }
    if sheet.faults.is_empty() { Ok(organisations) } else { Err(sheet.faults) }
}

struct Sheet<'r> {
    region: &'r Region,
    /// Where each of [`COLUMNS`] stands.
    columns: [Option<usize>; 4],
    faults: Vec<Fault>,
    /// Ids and the lines that they were first on.
    seen: HashMap<String, u32>,
}

impl Sheet<'_> {
    fn read_head(&mut self, head: &StringRecord) {
        for (place, name) in head.iter().enumerate() {
            match COLUMNS.iter().position(|column| *column == name) {
                Some(column) if self.columns[column].is_none() => self.columns[column] = Some(place),
                Some(_) => self.fault(head, place, name, format!("「{name}」这一列写了两次")),
                None => {
                    let hint = suggestion(name, COLUMNS);
                    self.fault(
                        head,
                        place,
                        name,
                        format!("不认识的列「{name}」{hint}（可用的列：{}）", COLUMNS.join("、")),
                    );
                }
            }
        }
        for column in [0, 1] {
            if self.columns[column].is_none() {
                let name = COLUMNS[column];
                self.faults.push(Fault::of_whole(name, format!("缺少「{name}」这一列")));
            }
        }
    }

    fn read_row(&mut self, row: &StringRecord) -> Option<Organisation> {
        if row.iter().all(str::is_empty) {
            return None;
        }
        let cell = |column: usize| self.columns[column].and_then(|place| row.get(place)).unwrap_or("");
        let (name, city, county, number) = (cell(0), cell(1), cell(2), cell(3));
        if name.is_empty() || name.chars().count() > 60 {
            self.fault_in(row, 0, "单位名称要有 1 到 60 个字".to_owned());
            return None;
        }
        let (city, county) = self.places(row, city, county)?;
        let id = self.id(row, name, number, city, county)?;
        let line = line(row);
        if let Some(first) = self.seen.get(&id) {
            let why = format!("「{name}」和第 {first} 行重复；确是两个单位的，请在「编号」列给它们不同的编号");
            self.fault_in(row, 0, why);
            return None;
        }
        self.seen.insert(id.clone(), line);
        Some(Organisation { id, name: name.to_owned(), city, county })
    }

    /// Without a city the organisation is the region's own.
    fn places(
        &mut self,
        row: &StringRecord,
        city: &str,
        county: &str,
    ) -> Option<(Option<CityIndex>, Option<CountyIndex>)> {
        let region = self.region;
        if city.is_empty() {
            if !county.is_empty() {
                self.fault_in(row, 1, format!("写了县「{county}」，也要写它所在的市"));
                return None;
            }
            return Some((None, None));
        }
        let found = region.cities.iter().position(|c| c.name == city || c.code == city);
        let Some(found) = found.map(|place| CityIndex(place as u16)) else {
            let hint = suggestion(city, region.cities.iter().map(|c| c.name.as_str()));
            self.fault_in(row, 1, format!("{}没有「{city}」{hint}", region.short));
            return None;
        };
        if county.is_empty() {
            return Some((Some(found), None));
        }
        let below = || region.counties_of(found);
        let Some((index, _)) = below().find(|(_, c)| c.name == county || c.code == county) else {
            let hint = suggestion(county, below().map(|(_, c)| c.name.as_str()));
            self.fault_in(row, 2, format!("{}没有「{county}」{hint}", region.city(found).name));
            return None;
        };
        Some((Some(found), Some(index)))
    }

    /// The file's own number, or one that follows from name and place, so that sorting the file changes no id.
    fn id(
        &mut self,
        row: &StringRecord,
        name: &str,
        number: &str,
        city: Option<CityIndex>,
        county: Option<CountyIndex>,
    ) -> Option<String> {
        if number.is_empty() {
            let city = city.map_or("", |index| self.region.city(index).code.as_str());
            let county = county.map_or("", |index| self.region.county(index).code.as_str());
            return Some(derived_id(&[name, city, county]));
        }
        if number.len() > 32 || !number.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            self.fault_in(row, 3, format!("编号「{number}」只能用数字、英文字母和短横线，最多 32 位"));
            return None;
        }
        Some(number.to_owned())
    }

    fn fault_in(&mut self, row: &StringRecord, column: usize, message: String) {
        self.fault(row, self.columns[column].unwrap_or(0), COLUMNS[column], message);
    }

    fn fault(&mut self, row: &StringRecord, field: usize, name: &str, message: String) {
        let place = Some(Place { line: line(row), column: field as u32 + 1 });
        self.faults.push(Fault { file: None, place, key: name.to_owned(), message });
    }
}

fn line(row: &StringRecord) -> u32 {
    row.position().map_or(0, |position| position.line() as u32)
}

/// 16 characters of SHA-256 over a tag and the length-prefixed fields.
fn derived_id(fields: &[&str]) -> String {
    let mut hash = Sha256::new();
    for field in ["kejing/v1/organisation"].iter().chain(fields) {
        hash.update((field.len() as u32).to_be_bytes());
        hash.update(field.as_bytes());
    }
    data_encoding::BASE32_NOPAD.encode(&hash.finalize()[..10]).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guangxi() -> Region {
        Region::read(include_str!("../../../seasons/regions/guangxi.toml")).unwrap()
    }

    #[test]
    fn sorting_the_file_or_saving_it_with_a_mark_changes_no_id() {
        let region = guangxi();
        let one = read("名称,市,县\n甲小学,南宁市,兴宁区\n乙中学,柳州市,\n丙局,,\n", &region).unwrap();
        let mut other = read("\u{feff}市,名称,县\n,丙局,\n柳州市,乙中学,\n南宁市,甲小学,450102\n", &region).unwrap();
        other.reverse();
        assert_eq!(one, other);
        assert_eq!(one[2].city, None);
        assert_eq!(one[0].id.len(), 16);
    }

    #[test]
    fn two_schools_of_one_name_in_two_counties_are_two() {
        let both = read("名称,市,县\n中心小学,南宁市,兴宁区\n中心小学,南宁市,青秀区\n", &guangxi()).unwrap();
        assert_ne!(both[0].id, both[1].id);
    }

    #[test]
    fn every_fault_is_named_with_its_row_and_column() {
        let text = "名称,市,县,编号\n甲,南宁,,\n乙,南宁市,城中区,\n丙,,城中区,\n丁,柳州市,,a b\n戊,柳州市,,\n戊,柳州市,,\n,柳州市,,\n";
        let told: Vec<String> = read(text, &guangxi()).unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "第 2 行第 2 列 市：广西没有「南宁」，是不是想写「南宁市」？",
                "第 3 行第 3 列 县：南宁市没有「城中区」",
                "第 4 行第 2 列 市：写了县「城中区」，也要写它所在的市",
                "第 5 行第 4 列 编号：编号「a b」只能用数字、英文字母和短横线，最多 32 位",
                "第 7 行第 1 列 名称：「戊」和第 6 行重复；确是两个单位的，请在「编号」列给它们不同的编号",
                "第 8 行第 1 列 名称：单位名称要有 1 到 60 个字",
            ]
        );
    }

    #[test]
    fn an_unknown_or_missing_column_is_named() {
        let told: Vec<String> = read("名字,市\n", &guangxi()).unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "第 1 行第 1 列 名字：不认识的列「名字」，是不是想写「名称」？（可用的列：名称、市、县、编号）",
                "名称：缺少「名称」这一列",
            ]
        );
    }
}
