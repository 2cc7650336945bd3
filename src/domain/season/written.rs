//! A season as a season file says it: what a form begins with. Reading it again gives the same season.

use crate::domain::ids::GroupIndex;
use crate::domain::region::Region;
use crate::domain::rules::DrawPeriod;
use crate::domain::rules::Feedback;
use crate::domain::rules::MultipleScoring;
use crate::domain::rules::Round;
use crate::domain::rules::SeasonTallyRule;
use crate::domain::rules::Section;
use crate::domain::rules::TallyRule;
use crate::domain::season::CityRules;
use crate::domain::season::Organisation;
use crate::domain::season::Season;
use crate::domain::season::SignIn;
use crate::domain::season::rounds::LONG_MS;
use crate::domain::season::rounds::Pace;
use crate::domain::time::TimeZone;
use crate::domain::time::Timestamp;
use toml::Table;
use toml::Value;

impl Season {
    /// The season's tables. `region` is how the file names its region, `organisations` its list, where it has one.
    pub fn written(&self, region: &str, organisations: &str) -> Table {
        let mut table = Table::new();
        put(&mut table, "id", self.id.as_str());
        put(&mut table, "name", self.name.as_str());
        put(&mut table, "time_zone", self.time_zone.name());
        window(&mut table, &self.time_zone, (self.opens, self.closes), None);
        put(&mut table, "sign_in", if self.sign_in == SignIn::Open { "open" } else { "phone" });
        maybe(&mut table, "consent", self.consent.as_deref());
        put(&mut table, "region", region);
        maybe(&mut table, "organisations", (!self.organisations.is_empty()).then_some(organisations));
        texts(&mut table, "hosts", &self.hosts);
        texts(&mut table, "organisers", &self.organisers);
        texts(&mut table, "not_played", &self.not_played);
        let tally = match self.tally {
            SeasonTallyRule::SumOfRounds => "sum_of_rounds",
            SeasonTallyRule::BestRound => "best_round",
        };
        put(&mut table, "tally", tally);
        let named = |id: &str, name: &str| pairs([("id", id), ("name", name)]);
        tables(&mut table, "groups", self.groups.iter().map(|group| named(&group.id, &group.name)));
        let source = |bank: &crate::domain::season::BankSource| pairs([("id", &bank.id), ("path", &bank.path)]);
        tables(&mut table, "bank", self.banks.iter().map(source));
        let about = self.about();
        if !about.is_empty() {
            table.insert("about".to_owned(), Value::Table(about));
        }
        if self.cities != CityRules::default() {
            table.insert("cities".to_owned(), Value::Table(cities(&self.cities)));
        }
        tables(&mut table, "round", self.rounds.iter().map(|round| self.round_written(round)));
        table
    }

    fn about(&self) -> Table {
        let mut table = Table::new();
        let about = &self.about;
        maybe(&mut table, "contact", about.contact.as_deref());
        texts(&mut table, "prizes", &about.prizes);
        maybe(&mut table, "privacy", about.privacy.as_deref());
        texts(&mut table, "filings", &about.filings);
        let faq = |faq: &crate::domain::season::Faq| pairs([("question", &faq.question), ("answer", &faq.answer)]);
        tables(&mut table, "faq", about.faq.iter().map(faq));
        table
    }

    fn round_written(&self, round: &Round) -> Table {
        let mut table = Table::new();
        put(&mut table, "id", round.id.as_str());
        put(&mut table, "name", round.name.as_str());
        window(&mut table, &self.time_zone, (round.opens, round.closes), Some((self.opens, self.closes)));
        put(&mut table, "bank", round.bank.as_str());
        let limits = &round.limits;
        maybe(&mut table, "question_seconds", limits.question_ms.map(|ms| ms / 1000));
        maybe(&mut table, "paper_seconds", limits.paper_ms.map(|ms| ms / 1000));
        let usual = Pace::USUAL;
        let unusual = |value: u32, usual: u32| (value != usual).then_some(value);
        maybe(&mut table, "grace_ms", unusual(limits.grace_ms, usual.grace_ms));
        maybe(&mut table, "elapsed_floor_ms", unusual(limits.elapsed_floor_ms, usual.elapsed_floor_ms));
        maybe(&mut table, "reading_seconds", unusual(limits.reading_ms, usual.reading_ms).map(|ms| ms / 1000));
        let attempts = &round.attempts;
        maybe(&mut table, "attempts_per_day", attempts.per_day);
        maybe(&mut table, "attempts_per_week", attempts.per_week);
        maybe(&mut table, "attempts_in_all", attempts.in_all);
        maybe(&mut table, "hand_back", attempts.hand_back.then_some(true));
        put(&mut table, "tally", tally(round.tally));
        put(&mut table, "feedback", feedback(round.feedback));
        put(&mut table, "counts", round.counts);
        maybe(&mut table, "ends_at_first_wrong", round.ends_at_first_wrong.then_some(true));
        maybe(&mut table, "multiple", multiple(round.scoring.multiple));
        let usual = if round.closes.since(round.opens) > LONG_MS { DrawPeriod::Week } else { DrawPeriod::Round };
        if round.draw_period != usual {
            put(&mut table, "draw_period", if round.draw_period == DrawPeriod::Week { "week" } else { "round" });
        }
        let groups: Vec<String> = round.groups.iter().map(|group| self.group_id(*group)).collect();
        texts(&mut table, "groups", &groups);
        if let Some(threshold) = round.scoring.threshold {
            let rule = numbers([("right", threshold.right), ("points", threshold.points)]);
            table.insert("threshold".to_owned(), Value::Table(rule));
        }
        if let Some(gate) = round.gate {
            let mut rule = numbers([("right", gate.right)]);
            put(&mut rule, "round", self.round(gate.round).id.as_str());
            table.insert("gate".to_owned(), Value::Table(rule));
        }
        let by_threshold = round.scoring.threshold.is_some();
        tables(&mut table, "section", round.blueprint.sections.iter().map(|one| section(one, by_threshold)));
        table
    }

    fn group_id(&self, index: GroupIndex) -> String {
        self.groups.get(usize::from(index.0)).map_or_else(String::new, |group| group.id.clone())
    }
}

impl Region {
    /// As a region file says it.
    pub fn written(&self) -> String {
        let mut head = pairs([("code", &self.code), ("name", &self.name), ("short", &self.short)]);
        maybe(&mut head, "population", self.population.map(|people| people as i64));
        maybe(&mut head, "population_year", self.population_year.map(u32::from));
        texts(&mut head, "levels", &self.levels);
        let mut table = Table::new();
        table.insert("region".to_owned(), Value::Table(head));
        let city = |(place, city): (usize, &crate::domain::region::City)| {
            let mut table = pairs([("code", &city.code), ("name", &city.name)]);
            maybe(&mut table, "population", city.population.map(|people| people as i64));
            let counties = self.counties_of(crate::domain::ids::CityIndex(place as u16));
            tables(&mut table, "counties", counties.map(|(_, one)| pairs([("code", &one.code), ("name", &one.name)])));
            table
        };
        tables(&mut table, "city", self.cities.iter().enumerate().map(city));
        table.to_string()
    }
}

/// As a list of organisations says them, with their ids.
pub fn organisations_written(organisations: &[Organisation], region: &Region) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Into memory nothing fails.
    let _ = writer.write_record(["名称", "市", "县", "编号"]);
    for one in organisations {
        let city = one.city.map_or("", |city| region.city(city).code.as_str());
        let county = one.county.map_or("", |county| region.county(county).code.as_str());
        let _ = writer.write_record([&one.name, city, county, &one.id]);
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

fn put(table: &mut Table, key: &str, value: impl Into<Value>) {
    table.insert(key.to_owned(), value.into());
}

fn maybe(table: &mut Table, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        put(table, key, value);
    }
}

fn texts(table: &mut Table, key: &str, list: &[String]) {
    if !list.is_empty() {
        put(table, key, Value::Array(list.iter().map(|text| Value::String(text.clone())).collect()));
    }
}

fn tables(table: &mut Table, key: &str, list: impl Iterator<Item = Table>) {
    let list: Vec<Value> = list.map(Value::Table).collect();
    if !list.is_empty() {
        put(table, key, Value::Array(list));
    }
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Table {
    pairs.into_iter().map(|(key, text)| (key.to_owned(), Value::String(text.to_owned()))).collect()
}

fn numbers<const N: usize>(pairs: [(&str, u32); N]) -> Table {
    pairs.into_iter().map(|(key, number)| (key.to_owned(), Value::Integer(i64::from(number)))).collect()
}

/// What a round has of the season it need not say. Whole days are said as days.
fn window(
    table: &mut Table,
    zone: &TimeZone,
    window: (Timestamp, Timestamp),
    of_season: Option<(Timestamp, Timestamp)>,
) {
    let ((opens, closes), outer) = (window, of_season);
    let starts_at_once = outer.is_none() && opens <= Timestamp(0) && closes == Timestamp::MAX;
    if outer.is_none_or(|(outer, _)| outer != opens) && !starts_at_once {
        let civil = zone.civil(opens);
        put(table, "opens", if is_midnight(civil) { civil.date().to_string() } else { civil.to_string() });
    }
    if outer.is_some_and(|(_, outer)| outer == closes) {
        return;
    }
    if closes == Timestamp::MAX {
        return put(table, "always_open", true);
    }
    let civil = zone.civil(closes);
    match civil.date().yesterday() {
        Ok(last_day) if is_midnight(civil) => put(table, "last_day", last_day.to_string()),
        _ => put(table, "closes", civil.to_string()),
    }
}

fn is_midnight(civil: jiff::civil::DateTime) -> bool {
    civil.time() == jiff::civil::Time::midnight()
}

fn cities(rules: &CityRules) -> Table {
    let mut table = numbers([
        ("attempts_cap", rules.attempts_cap),
        ("mean_weight", rules.mean_weight),
        ("participants_min", rules.participants_min),
    ]);
    if !rules.composite.is_empty() {
        let weights = rules.composite.iter().map(|(id, weight)| (id.clone(), Value::Integer(i64::from(*weight))));
        table.insert("composite".to_owned(), Value::Table(weights.collect()));
    }
    table
}

fn section(section: &Section, by_threshold: bool) -> Table {
    let mut table = numbers([("count", section.count)]);
    if !by_threshold {
        put(&mut table, "points", section.points);
    }
    texts(&mut table, "kind", &section.kinds.iter().map(|kind| kind.code().to_owned()).collect::<Vec<_>>());
    texts(&mut table, "topics", &section.topics);
    if !section.difficulties.is_empty() {
        let levels = section.difficulties.iter().map(|level| Value::Integer(i64::from(*level)));
        put(&mut table, "difficulties", Value::Array(levels.collect()));
    }
    table
}

fn tally(rule: TallyRule) -> &'static str {
    match rule {
        TallyRule::Best => "best",
        TallyRule::Sum => "sum",
        TallyRule::SumOfDailyBest => "sum_of_daily_best",
        TallyRule::Last => "last",
    }
}

fn feedback(feedback: Feedback) -> &'static str {
    match feedback {
        Feedback::AfterEach => "after_each",
        Feedback::AfterPaper => "after_paper",
        Feedback::AfterRound => "after_round",
        Feedback::Never => "never",
    }
}

fn multiple(rule: MultipleScoring) -> Option<&'static str> {
    match rule {
        MultipleScoring::AllOrNothing => None,
        MultipleScoring::HalfForPart => Some("half_for_part"),
        MultipleScoring::ByOption => Some("by_option"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::season::tests::shipped;

    #[test]
    fn every_shipped_season_is_read_again_as_it_was() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("seasons");
        for folder in ["", "presets/"] {
            for file in std::fs::read_dir(root.join(folder)).unwrap() {
                let name = file.unwrap().file_name().into_string().unwrap();
                if !name.ends_with(".toml") {
                    continue;
                }
                let season = shipped(&format!("{folder}{name}"));
                let text = season.written("region.toml", "list.csv").to_string();
                let (region, list) =
                    (season.region.written(), organisations_written(&season.organisations, &season.region));
                let files = |path: &str| Ok(if path == "region.toml" { region.clone() } else { list.clone() });
                let again = Season::read(&text, &files).unwrap_or_else(|faults| panic!("{name}: {faults:?}\n{text}"));
                // The weights of a composite are a table, which has no order of its own.
                let sorted = |mut season: Season| {
                    season.cities.composite.sort();
                    season
                };
                assert_eq!(sorted(again), sorted(season), "{name}\n{text}");
            }
        }
    }
}
