//! 工作人员: who runs the season, and which part of it each is there for.

use crate::domain::ids::CityIndex;
use crate::domain::ids::CountyIndex;
use crate::domain::ids::OrganisationIndex;
use crate::domain::season::Season;

/// A node of the region's tree, or a base in it: where an association is at home.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    Region,
    City(CityIndex),
    County(CountyIndex),
    Organisation(OrganisationIndex),
}

impl Place {
    /// `region`, `city:450200`, `county:450226`, `organisation:museum`.
    pub fn read(text: &str, season: &Season) -> Option<Place> {
        if text == "region" {
            return Some(Place::Region);
        }
        match text.split_once(':')? {
            ("city", code) => season.region.city_of_code(code).map(Place::City),
            ("county", code) => season.region.county_of_code(code).map(Place::County),
            ("organisation", id) => {
                let index = season.organisations.iter().position(|organisation| organisation.id == id)?;
                Some(Place::Organisation(OrganisationIndex(index as u32)))
            }
            _ => None,
        }
    }

    /// As [`Place::read`] reads it.
    pub fn code(self, season: &Season) -> String {
        match self {
            Place::Region => "region".to_owned(),
            Place::City(city) => format!("city:{}", season.region.city(city).code),
            Place::County(county) => format!("county:{}", season.region.county(county).code),
            Place::Organisation(index) => format!("organisation:{}", season.organisations[index.0 as usize].id),
        }
    }

    pub fn name(self, season: &Season) -> &str {
        match self {
            Place::Region => &season.region.name,
            Place::City(city) => &season.region.city(city).name,
            Place::County(county) => &season.region.county(county).name,
            Place::Organisation(index) => &season.organisations[index.0 as usize].name,
        }
    }

    /// What the place lies in; `None` for the region.
    pub fn above(self, season: &Season) -> Option<Place> {
        match self {
            Place::Region => None,
            Place::City(_) => Some(Place::Region),
            Place::County(county) => Some(Place::City(season.region.county(county).city)),
            Place::Organisation(index) => {
                let organisation = &season.organisations[index.0 as usize];
                let county = organisation.county.map(Place::County);
                Some(county.or(organisation.city.map(Place::City)).unwrap_or(Place::Region))
            }
        }
    }

    /// Whether `other` is this place or lies below it.
    pub fn holds(self, other: Place, season: &Season) -> bool {
        let mut at = Some(other);
        while let Some(place) = at {
            if place == self {
                return true;
            }
            at = place.above(season);
        }
        false
    }
}

/// One thing that somebody is there for. A person may have several.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grant {
    /// Runs the season for the region.
    Administrator,
    /// Writes questions; of every bank where none is named.
    Editor { bank: Option<String> },
    /// Reviews questions; of every bank where none is named.
    Reviewer { bank: Option<String> },
    /// Looks after one place and what is below it.
    Association { place: Place },
    /// Reads everything and changes nothing.
    Auditor,
}

impl Grant {
    /// The role's name in tables and on the wire.
    pub fn role(&self) -> &'static str {
        match self {
            Grant::Administrator => "administrator",
            Grant::Editor { .. } => "editor",
            Grant::Reviewer { .. } => "reviewer",
            Grant::Association { .. } => "association",
            Grant::Auditor => "auditor",
        }
    }

    /// What it is bound to: a bank, a place, or nothing (the empty text).
    pub fn scope(&self, season: &Season) -> String {
        match self {
            Grant::Administrator | Grant::Auditor => String::new(),
            Grant::Editor { bank } | Grant::Reviewer { bank } => bank.clone().unwrap_or_default(),
            Grant::Association { place } => place.code(season),
        }
    }

    /// `None`: there is no such role, or its place is not of this season.
    pub fn read(role: &str, scope: &str, season: &Season) -> Option<Grant> {
        let bank = || (!scope.is_empty()).then(|| scope.to_owned());
        Some(match role {
            "administrator" if scope.is_empty() => Grant::Administrator,
            "auditor" if scope.is_empty() => Grant::Auditor,
            "editor" => Grant::Editor { bank: bank() },
            "reviewer" => Grant::Reviewer { bank: bank() },
            "association" => Grant::Association { place: Place::read(scope, season)? },
            _ => return None,
        })
    }

    /// Whoever decides over others' work, or over everybody's, shows a second factor.
    pub fn needs_second_factor(&self) -> bool {
        matches!(self, Grant::Administrator | Grant::Reviewer { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::season::tests::shipped;

    #[test]
    fn a_place_holds_itself_and_what_is_below_it_and_nothing_else() {
        let season = shipped("guangxi-2026.toml");
        let place = |text: &str| match season.organisations.iter().position(|organisation| organisation.name == text) {
            Some(index) => Place::Organisation(OrganisationIndex(index as u32)),
            None => Place::read(text, &season).unwrap(),
        };
        let check = |upper, lower, expected| {
            assert_eq!(place(upper).holds(place(lower), &season), expected, "{upper} {lower}");
        };
        check("region", "county:450226", true);
        check("city:450200", "county:450226", true);
        check("county:450226", "county:450226", true);
        check("county:450226", "city:450200", false);
        check("county:450226", "county:450225", false);
        check("county:450226", "region", false);
        check("city:450100", "county:450226", false);
        check("city:450200", "柳州市示例汽车公司", true);
        check("county:450204", "柳州市示例汽车公司", true);
        check("county:450226", "柳州市示例汽车公司", false);
        check("柳州市示例汽车公司", "city:450200", false);
        check("city:450200", "自治区示例科技馆", false);
        check("region", "自治区示例科技馆", true);
    }

    #[test]
    fn a_grant_is_read_as_it_was_kept() {
        let season = shipped("guangxi-2026.toml");
        let grants = [
            Grant::Administrator,
            Grant::Auditor,
            Grant::Editor { bank: None },
            Grant::Reviewer { bank: Some("kexue".into()) },
            Grant::Association { place: Place::read("county:450226", &season).unwrap() },
        ];
        for grant in grants {
            assert_eq!(Grant::read(grant.role(), &grant.scope(&season), &season), Some(grant));
        }
        for (role, scope) in [("administrator", "kexue"), ("association", ""), ("association", "city:1"), ("king", "")]
        {
            assert_eq!(Grant::read(role, scope, &season), None, "{role} {scope}");
        }
    }
}
