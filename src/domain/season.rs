//! 赛季: everything that one process runs, as its season file says it.

use crate::domain::ids::CityIndex;
use crate::domain::ids::CountyIndex;
use crate::domain::ids::GroupIndex;
use crate::domain::ids::RoundIndex;
use crate::domain::ids::SeasonId;
use crate::domain::region::Region;
use crate::domain::rules::Round;
use crate::domain::rules::SeasonTallyRule;
use crate::domain::time::TimeZone;
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};

mod bounds;
mod check;
mod differences;
mod file;
mod organisations;
mod round_sentences;
mod rounds;
mod sentences;
#[cfg(test)]
pub(crate) mod tests;
mod times;
mod warnings;
mod weeks;
mod written;

pub use bounds::ELAPSED_MS_MAX;
pub use bounds::SCORE_MAX;
pub use check::Asked;
pub use check::check_blueprints;
pub use check::public_faults;
pub use differences::differences;
pub use file::Files;
pub use organisations::ORGANISATIONS_MAX;
pub use rounds::POINTS_MAX;
pub use rounds::QUESTIONS_MAX;
pub use rounds::ROUNDS_MAX;
pub use warnings::warnings;
pub use written::organisations_written;

/// A checked season. Serialised with serde_json it is the canonical form that the ledger keeps and digests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Season {
    pub id: SeasonId,
    pub name: String,
    pub opens: Timestamp,
    /// [`Timestamp::MAX`]: always open.
    pub closes: Timestamp,
    pub time_zone: TimeZone,
    pub sign_in: SignIn,
    /// The version of the privacy notice that a participant agrees to when joining; kept with the registration.
    pub consent: Option<String>,
    pub hosts: Vec<String>,
    pub organisers: Vec<String>,
    pub about: About,
    pub region: Region,
    pub groups: Vec<Group>,
    pub organisations: Vec<Organisation>,
    pub tally: SeasonTallyRule,
    pub cities: CityRules,
    pub banks: Vec<BankSource>,
    pub rounds: Vec<Round>,
    /// What the contest that this was taken from also did, and this season does not play.
    pub not_played: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignIn {
    /// A name and a place are enough; boards say 身份未核验.
    Open,
    Phone,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    pub contact: Option<String>,
    pub prizes: Vec<String>,
    pub faq: Vec<Faq>,
    pub privacy: Option<String>,
    /// 备案号
    pub filings: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Faq {
    pub question: String,
    pub answer: String,
}

/// 组别: 青少年, 农民 and so on; ranked apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    pub id: String,
    pub name: String,
}

/// 单位: a school, office, enterprise or base. Without a city it is the region's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organisation {
    pub id: String,
    pub name: String,
    pub city: Option<CityIndex>,
    pub county: Option<CountyIndex>,
}

/// Where a bank's questions are read from, relative to the season file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BankSource {
    pub id: String,
    pub path: String,
}

/// The indices that cities are ranked by, with the names that the public reads.
pub const CITY_INDICES: [(&str, &str); 6] = [
    ("participants", "参与人数"),
    ("attempts", "答题次数"),
    ("capped_attempts", "限次答题数"),
    ("per_10k", "每万人参与数"),
    ("mean_best", "平均成绩"),
    ("full_marks", "满分率"),
];

/// The constants of the city indices (rules.md, City indices).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CityRules {
    /// `capped_attempts` counts at most so many a person.
    pub attempts_cap: u32,
    /// `mean_best`: so many people at the region's mean are added to each city.
    pub mean_weight: u32,
    /// No index of a place with fewer participants is shown.
    pub participants_min: u32,
    /// Of `composite`: index and weight, in percent; empty: no composite is shown.
    pub composite: Vec<(String, u32)>,
}

impl Default for CityRules {
    fn default() -> CityRules {
        CityRules { attempts_cap: 30, mean_weight: 200, participants_min: 20, composite: Vec::new() }
    }
}

impl Season {
    pub fn round(&self, index: RoundIndex) -> &Round {
        &self.rounds[usize::from(index.0)]
    }

    pub fn round_of_id(&self, id: &str) -> Option<RoundIndex> {
        self.rounds.iter().position(|r| r.id.as_str() == id).map(|i| RoundIndex(i as u16))
    }

    pub fn group_of_id(&self, id: &str) -> Option<GroupIndex> {
        self.groups.iter().position(|g| g.id == id).map(|i| GroupIndex(i as u16))
    }
}
