//! What one of the staff may do with a bank, from what they are there for.

use crate::accounts::roles;
use crate::accounts::roles::On;
use crate::accounts::roles::Permission;
use crate::domain::ids::CityIndex;
use crate::domain::ids::CountyIndex;
use crate::domain::ids::OrganisationIndex;
use crate::domain::review::State;
use crate::domain::season::Season;
use crate::domain::staff::Grant;
use crate::domain::staff::Place;
use crate::ledger::desk::QuestionHead;

/// Of one person in one bank.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Powers {
    /// Sees every question; otherwise only those of `places`.
    pub sees_all: bool,
    /// Writes, imports and submits.
    pub writes: bool,
    /// Approves, returns, rests and wakes.
    pub reviews: bool,
    /// Makes versions.
    pub publishes: bool,
    /// Makes banks and sets their rules.
    pub rules: bool,
    /// The place for which an association writes, and all below it, as the tables have them.
    pub places: Vec<String>,
    /// Whom a question is credited to that an association writes.
    pub credit: Option<String>,
}

impl Powers {
    pub fn of(grants: &[Grant], bank: &str, season: &Season) -> Powers {
        let may = |permission| roles::may(grants, permission, On::Bank(bank), season);
        let mut powers = Powers {
            sees_all: may(Permission::SeeBank),
            writes: may(Permission::WriteQuestions),
            reviews: may(Permission::ReviewQuestions),
            publishes: may(Permission::PublishBank),
            rules: may(Permission::ManageBanks),
            ..Powers::default()
        };
        // Who writes for the bank anyway does not write for a place.
        if !powers.writes && may(Permission::OfferQuestions) {
            let places = grants.iter().filter_map(|grant| match grant {
                Grant::Association { place } => Some(*place),
                _ => None,
            });
            for place in places {
                powers.writes = true;
                powers.credit.get_or_insert_with(|| place.name(season).to_owned());
                powers.places.extend(places_in(place, season));
            }
        }
        powers
    }

    /// Whether the bank is any of this person's business.
    pub fn sees_bank(&self) -> bool {
        self.sees_all || !self.places.is_empty()
    }

    pub fn sees(&self, question: &QuestionHead) -> bool {
        self.sees_all || self.owns(question)
    }

    fn owns(&self, question: &QuestionHead) -> bool {
        question.place.as_ref().is_some_and(|place| self.places.contains(place))
    }

    /// The place that goes with what this person writes.
    pub fn place(&self) -> Option<&str> {
        self.places.first().map(String::as_str)
    }

    /// Of what this person sees: an association's reviewer still changes only what the association wrote.
    pub fn edits(&self, question: &QuestionHead) -> bool {
        self.writes && (self.places.is_empty() || self.owns(question))
    }

    pub fn deletes(&self, question: &QuestionHead) -> bool {
        let fresh = matches!(question.review.state, State::Draft | State::Returned);
        self.edits(question) && fresh && question.version.is_none() && question.review.carried.is_none()
    }
}

/// The place and all that lie in it.
fn places_in(place: Place, season: &Season) -> Vec<String> {
    let cities = (0..season.region.cities.len()).map(|at| Place::City(CityIndex(at as u16)));
    let counties = (0..season.region.counties.len()).map(|at| Place::County(CountyIndex(at as u16)));
    let organisations = (0..season.organisations.len()).map(|at| Place::Organisation(OrganisationIndex(at as u32)));
    let below =
        cities.chain(counties).chain(organisations).filter(|other| *other != place && place.holds(*other, season));
    std::iter::once(place).chain(below).map(|place| place.code(season)).collect()
}
