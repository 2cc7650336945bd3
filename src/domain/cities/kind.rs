//! The indices by name, and what the public is told that each one means.

use crate::domain::season::CITY_INDICES;
use crate::domain::season::Season;

/// What cities are ranked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CityIndexKind {
    Participants,
    Attempts,
    CappedAttempts,
    Per10k,
    MeanBest,
    FullMarks,
    /// Of the others, by the season's weights.
    Composite,
}

impl CityIndexKind {
    /// In the order of [`CITY_INDICES`], and then the composite.
    pub const ALL: [CityIndexKind; 7] = [
        CityIndexKind::Participants,
        CityIndexKind::Attempts,
        CityIndexKind::CappedAttempts,
        CityIndexKind::Per10k,
        CityIndexKind::MeanBest,
        CityIndexKind::FullMarks,
        CityIndexKind::Composite,
    ];

    /// Those that a season can show: per head only where all residents are counted, the composite only where it has weights.
    pub fn shown(season: &Season) -> impl Iterator<Item = CityIndexKind> {
        CityIndexKind::ALL.into_iter().filter(|kind| match kind {
            CityIndexKind::Per10k => season.region.cities.iter().all(|city| city.population.is_some()),
            CityIndexKind::Composite => !season.cities.composite.is_empty(),
            _ => true,
        })
    }

    pub fn of_id(id: &str) -> Option<CityIndexKind> {
        CityIndexKind::ALL.into_iter().find(|kind| kind.id() == id)
    }

    /// The name for programs: `mean_best`.
    pub fn id(self) -> &'static str {
        self.id_and_name().0
    }

    pub fn name(self) -> &'static str {
        self.id_and_name().1
    }

    fn id_and_name(self) -> (&'static str, &'static str) {
        CITY_INDICES.get(self as usize).copied().unwrap_or(("composite", "综合指数"))
    }

    /// One sentence with the season's constants in it.
    pub fn definition(self, season: &Season) -> String {
        let rules = &season.cities;
        let what = match self {
            CityIndexKind::Participants => "完成过至少一次计分答题的人数".to_owned(),
            CityIndexKind::Attempts => "完成的计分答题次数".to_owned(),
            CityIndexKind::CappedAttempts => format!("完成的计分答题次数，每人最多计 {} 次", rules.attempts_cap),
            CityIndexKind::Per10k => match season.region.population_year {
                Some(year) => format!("参与人数 × 10000 ÷ 常住人口（{year} 年人口普查）"),
                None => "参与人数 × 10000 ÷ 常住人口".to_owned(),
            },
            CityIndexKind::MeanBest => mean_best(rules.mean_weight, &season.region.short),
            CityIndexKind::FullMarks => "得过满分的人数 ÷ 参与人数".to_owned(),
            CityIndexKind::Composite => composite(&rules.composite),
        };
        format!("{what}；参与人数不足 {} 人的地方不排名。", rules.participants_min)
    }
}

fn mean_best(weight: u32, region: &str) -> String {
    match weight {
        0 => "每人取得分最高的一次，得分之和 ÷ 参与人数".to_owned(),
        _ => format!(
            "每人取得分最高的一次，（得分之和 + {weight} × {region}平均分）÷（参与人数 + {weight}），人少的地方因此更接近{region}平均分"
        ),
    }
}

fn composite(weights: &[(String, u32)]) -> String {
    let part = |(id, weight): &(String, u32)| {
        let name = CityIndexKind::of_id(id).map_or(id.as_str(), |kind| kind.name());
        format!("{name}占 {weight}%")
    };
    let parts: Vec<String> = weights.iter().map(part).collect();
    format!("满分 100，{}，每项按与最高的地方之比计", parts.join("、"))
}
