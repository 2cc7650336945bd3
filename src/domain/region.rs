//! The places that compete: a region, its cities, their counties.

use crate::domain::ids::CityIndex;
use crate::domain::ids::CountyIndex;
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
