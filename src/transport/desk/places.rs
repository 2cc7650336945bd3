//! Places: what an association sees of its own and of what is below it.

use super::guard::Desk;
use super::views::ProblemView;
use crate::accounts::roles::On;
use crate::accounts::roles::Permission;
use crate::contest::core::Contest;
use crate::contest::scoreboard::Scope;
use crate::domain::ids::CityIndex;
use crate::domain::ids::CountyIndex;
use crate::domain::ids::OrganisationIndex;
use crate::domain::season::Season;
use crate::domain::staff::Place;
use crate::transport::me::Asked;
use crate::transport::problem::Problem;
use crate::transport::state::App;
use axum::Json;
use axum::extract::Path;
use axum::extract::State;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
#[schema(as = Place)]
pub(super) struct PlaceView {
    #[serde(flatten)]
    here: Figures,
    below: Vec<Figures>,
}

#[derive(Serialize, ToSchema)]
struct Figures {
    /// `region`, `city:450200`, `county:450226` or `organisation:ID`
    place: String,
    name: String,
    /// How many participants are on the season's board of this place.
    ranked: usize,
}

impl Figures {
    fn of(contest: &Contest, place: Place) -> Figures {
        let scope = match place {
            Place::Region => Scope::Region,
            Place::City(city) => Scope::City(city),
            Place::County(county) => Scope::County(county),
            Place::Organisation(organisation) => Scope::Organisation(organisation),
        };
        let season = &contest.season;
        let ranked = contest.scoreboard().top(None, scope, 0).total as usize;
        Figures { place: place.code(season), name: place.name(season).to_owned(), ranked }
    }
}

/// A place's cities or counties, then the organisations that stand directly below it.
fn below(season: &Season, place: Place) -> Vec<Place> {
    let cities = (0..season.region.cities.len()).map(|index| Place::City(CityIndex(index as u16)));
    let counties = (0..season.region.counties.len()).map(|index| Place::County(CountyIndex(index as u16)));
    let organisations =
        (0..season.organisations.len()).map(|index| Place::Organisation(OrganisationIndex(index as u32)));
    let all = cities.chain(counties).chain(organisations);
    all.filter(|other| other.above(season) == Some(place)).collect()
}

/// 一个地方和它下面各处的参赛情况
#[utoipa::path(get, path = "/places/{place}", tag = "places", params(("place" = String, Path)), responses(
    (status = 200, body = PlaceView),
    (status = 403, body = ProblemView),
    (status = 404, body = ProblemView),
))]
pub(super) async fn place(
    State(app): State<Arc<App>>,
    desk: Desk,
    Asked(Path(place)): Asked<Path<String>>,
) -> Result<Json<PlaceView>, Problem> {
    let contest = &app.contest;
    let place = Place::read(&place, &contest.season).ok_or_else(|| Problem::not_found("这个地方"))?;
    desk.may(Permission::SeePlace, On::Place(place)).await?;
    let below = below(&contest.season, place).into_iter().map(|other| Figures::of(contest, other));
    Ok(Json(PlaceView { here: Figures::of(contest, place), below: below.collect() }))
}
