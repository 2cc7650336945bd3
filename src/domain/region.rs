//! The places that compete: a region, its cities, their counties.

use crate::domain::fault::Fault;
use crate::domain::ids::CityIndex;
use crate::domain::ids::CountyIndex;
use crate::domain::toml_file::Page;
use crate::domain::toml_file::Table;
use serde::{Deserialize, Serialize};

/// Any tree of two levels below the region: Guangxi's cities and counties, Chengdu's districts without any.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Region {
    pub code: String,
    pub name: String,
    /// The name as people say it: 广西.
    pub short: String,
    pub population: Option<u64>,
    /// The census that the populations are from.
    pub population_year: Option<u16>,
    /// What the levels are called, from the region down: 自治区, 设区市, 县（市、区）.
    pub levels: Vec<String>,
    pub cities: Vec<City>,
    /// All counties, city by city; a city's are `counties[city.counties]`.
    pub counties: Vec<County>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct City {
    pub code: String,
    pub name: String,
    pub population: Option<u64>,
    /// Its counties' places in [`Region::counties`]: first, and one past the last.
    pub counties: (u16, u16),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct County {
    pub code: String,
    pub name: String,
    pub city: CityIndex,
}

impl Region {
    pub fn city(&self, index: CityIndex) -> &City {
        &self.cities[usize::from(index.0)]
    }

    pub fn county(&self, index: CountyIndex) -> &County {
        &self.counties[usize::from(index.0)]
    }

    pub fn city_of_code(&self, code: &str) -> Option<CityIndex> {
        self.cities.iter().position(|c| c.code == code).map(|i| CityIndex(i as u16))
    }

    pub fn county_of_code(&self, code: &str) -> Option<CountyIndex> {
        self.counties.iter().position(|c| c.code == code).map(|i| CountyIndex(i as u16))
    }

    /// A city's counties, in the file's order.
    pub fn counties_of(&self, city: CityIndex) -> impl Iterator<Item = (CountyIndex, &County)> {
        let (first, end) = self.city(city).counties;
        (first..end).map(|i| (CountyIndex(i), self.county(CountyIndex(i))))
    }
}

/// More cities or counties than any region of two levels has.
const PLACES_MAX: usize = 4000;

impl Region {
    /// Reads a region file: `[region]`, then `[[city]]` with its `counties`.
    ///
    /// # Errors
    /// Every fault of the file at once.
    pub fn read(text: &str) -> Result<Region, Vec<Fault>> {
        let page = Page::read(text);
        let region = read(&page.root());
        let faults = page.into_faults();
        if faults.is_empty() { Ok(region) } else { Err(faults) }
    }
}

fn read(root: &Table<'_>) -> Region {
    let mut region = Region {
        code: String::new(),
        name: String::new(),
        short: String::new(),
        population: None,
        population_year: None,
        levels: Vec::new(),
        cities: Vec::new(),
        counties: Vec::new(),
    };
    match root.table("region") {
        Some(table) => read_head(&table, &mut region),
        None => root.missing("region", "[region]"),
    }
    let cities = root.tables("city");
    if cities.is_empty() {
        root.missing("city", "[[city]]");
    }
    for table in &cities {
        read_city(table, &mut region);
    }
    root.finish(&[]);
    region
}

fn read_head(table: &Table<'_>, region: &mut Region) {
    region.code = code(table);
    region.name = name(table);
    region.short = table.text("short").map_or_else(|| region.name.clone(), |at| at.value);
    region.population = table.big("population");
    region.population_year = table.whole("population_year", 1950..=2200).map(|at| at.value as u16);
    region.levels = table.texts("levels").into_iter().map(|at| at.value).collect();
    if !(2..=3).contains(&region.levels.len()) {
        let example = "levels = [\"自治区\", \"设区市\", \"县（市、区）\"]";
        table.page.fault(&table.key_of("levels"), format!("要写出从上到下两级或三级的名称，例如：{example}"));
    }
    table.finish(&[]);
}

fn read_city(table: &Table<'_>, region: &mut Region) {
    let city = CityIndex(region.cities.len() as u16);
    let first = region.counties.len();
    let (code, name) = (unique_code(table, region), name(table));
    let population = table.big("population");
    for county in table.tables("counties") {
        let county_code = unique_code(&county, region);
        region.counties.push(County { code: county_code, name: self::name(&county), city });
        county.finish(&[]);
    }
    table.finish(&[]);
    if region.cities.len() >= PLACES_MAX || region.counties.len() > PLACES_MAX {
        table.page.fault(&table.key, format!("地方太多，最多 {PLACES_MAX} 个"));
        region.counties.truncate(first);
        return;
    }
    region.cities.push(City { code, name, population, counties: (first as u16, region.counties.len() as u16) });
}

fn name(table: &Table<'_>) -> String {
    table.needed_text("name", "name = \"南宁市\"").map_or_else(String::new, |at| at.value)
}

/// A code appears in addresses and board scopes, so it keeps to digits and letters.
fn code(table: &Table<'_>) -> String {
    let Some(at) = table.needed_text("code", "code = \"450100\"") else { return String::new() };
    if at.value.len() > 16 || !at.value.bytes().all(|b| b.is_ascii_alphanumeric()) {
        table.page.fault(&at.key, "代码只能由数字和英文字母组成，最多 16 位，例如 450100");
    }
    at.value
}

fn unique_code(table: &Table<'_>, region: &Region) -> String {
    let code = code(table);
    let taken = region.city_of_code(&code).is_some() || region.county_of_code(&code).is_some();
    if taken && !code.is_empty() {
        table.page.fault(&table.key_of("code"), format!("代码「{code}」前面已经用过，每个地方的代码要不同"));
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guangxi_has_fourteen_cities_and_a_hundred_and_eleven_counties() {
        let region = Region::read(include_str!("../../seasons/regions/guangxi.toml")).unwrap();
        assert_eq!((region.cities.len(), region.counties.len()), (14, 111));
        assert_eq!(region.cities.iter().filter_map(|city| city.population).sum::<u64>(), 50_126_804);
        let liuzhou = region.city_of_code("450200").unwrap();
        assert_eq!(region.counties_of(liuzhou).next().unwrap().1.name, "城中区");
    }

    #[test]
    fn a_region_may_have_no_third_level() {
        let region = Region::read(include_str!("../../seasons/regions/chengdu.toml")).unwrap();
        assert_eq!((region.cities.len(), region.counties.len()), (20, 0));
        Region::read(include_str!("../../seasons/regions/liuzhou.toml")).unwrap();
    }

    #[test]
    fn all_faults_of_a_region_file_are_named_at_once() {
        let text = "[region]\ncode = \"45 00\"\nname = \"广西\"\nlevels = [\"自治区\"]\n\n[[city]]\ncode = \"1\"\n\n\
                    [[city]]\ncode = \"1\"\nname = \"甲\"\npopulaton = 3\n";
        let faults = Region::read(text).unwrap_err();
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "第 2 行第 8 列 region.code：代码只能由数字和英文字母组成，最多 16 位，例如 450100",
                "第 4 行第 1 列 region.levels：要写出从上到下两级或三级的名称，例如：levels = [\"自治区\", \"设区市\", \"县（市、区）\"]",
                "第 6 行第 1 列 city[1].name：缺少「name」，例如：name = \"南宁市\"",
                "第 10 行第 1 列 city[2].code：代码「1」前面已经用过，每个地方的代码要不同",
                "第 12 行第 1 列 city[2].populaton：不认识的键「populaton」，是不是想写「population」？",
            ]
        );
    }
}
