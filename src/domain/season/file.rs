//! Reading a season file: TOML to a checked [`Season`], or every fault at once.

use crate::domain::fault::Fault;
use crate::domain::fault::suggestion;
use crate::domain::ids::SeasonId;
use crate::domain::region::Region;
use crate::domain::rules::SeasonTallyRule;
use crate::domain::season::About;
use crate::domain::season::BankSource;
use crate::domain::season::CITY_INDICES;
use crate::domain::season::CityRules;
use crate::domain::season::Faq;
use crate::domain::season::Group;
use crate::domain::season::Organisation;
use crate::domain::season::Season;
use crate::domain::season::SignIn;
use crate::domain::season::organisations;
use crate::domain::season::rounds;
use crate::domain::season::times;
use crate::domain::toml_file::At;
use crate::domain::toml_file::Page;
use crate::domain::toml_file::Table;
use std::collections::HashSet;

/// Reads a file by its path relative to the season file; an error is a Chinese sentence.
pub type Files<'f> = &'f dyn Fn(&str) -> Result<String, String>;

/// Keys that some contests had and no season may have, refused with the reason wherever they stand.
pub(super) const REFUSED: [(&str, &str); 5] = [
    ("sign_in_points", "签到积分写在 [attendance] 里，并写明批准文件：approved_by = \"…\""),
    ("attendance_boards", "参与率排行写在 [attendance] 里，并写明批准文件：approved_by = \"…\""),
    ("share_attempts", SHARING),
    ("share_points", SHARING),
    ("sharing", SHARING),
];
const SHARING: &str = "微信禁止奖励分享，分享不能换次数或分数，请删去；原赛事有的，写进 not_played";

impl Season {
    /// # Errors
    /// Every fault of the file and of the files that it names.
    pub fn read(text: &str, files: Files<'_>) -> Result<Season, Vec<Fault>> {
        let page = Page::read(text);
        let season = read(&page.root(), files);
        match (season, page.into_faults()) {
            (Some(season), faults) if faults.is_empty() => Ok(season),
            (_, faults) => Err(faults),
        }
    }
}

/// `None` only where a fault was found.
fn read(root: &Table<'_>, files: Files<'_>) -> Option<Season> {
    let id = needed_id(root, "id = \"guangxi-2026\"");
    let name = root.needed_text("name", "name = \"广西公民科学素质网络学习竞赛\"");
    let time_zone = times::zone(root);
    let window = times::of_season(root, &time_zone);
    let sign_in = root.choice("sign_in", &[("open", SignIn::Open), ("phone", SignIn::Phone)]);
    if let Some(at) = sign_in.as_ref().filter(|at| at.value == SignIn::Phone) {
        // Nobody could join: the codes that prove a number are not sent yet.
        root.page.fault(&at.key, "手机号登录还没有提供，请写 sign_in = \"open\"");
    }
    let tally_words = [("sum_of_rounds", SeasonTallyRule::SumOfRounds), ("best_round", SeasonTallyRule::BestRound)];
    let tally = root.choice("tally", &tally_words);
    let region = read_region(root, files);
    let organisations = read_organisations(root, region.as_ref(), files);
    let groups = read_groups(root);
    let banks = read_banks(root);
    let shared = rounds::Shared {
        zone: &time_zone,
        window: &window,
        groups: &groups,
        banks: &banks,
        pace: rounds::Pace::of_season(root),
        tally: tally.map_or(SeasonTallyRule::SumOfRounds, |at| at.value),
    };
    let rounds = rounds::read(root, &shared);
    let season_tally = shared.tally;
    let cities = root.table("cities").map_or_else(CityRules::default, |table| read_cities(&table, region.as_ref()));
    let about = root.table("about").map_or_else(About::default, |table| read_about(&table));
    refuse_attendance(root);
    let (consent, hosts) = (root.text("consent"), plain(root.texts("hosts")));
    let (organisers, not_played) = (plain(root.texts("organisers")), plain(root.texts("not_played")));
    finish(root);
    Some(Season {
        id: SeasonId(id?.value),
        name: name?.value,
        opens: window.opens.value,
        closes: window.closes.value,
        sign_in: sign_in.map_or(SignIn::Open, |at| at.value),
        consent: consent.map(|at| at.value),
        hosts,
        organisers,
        about,
        region: region?,
        groups,
        organisations,
        tally: season_tally,
        cities,
        banks,
        rounds,
        not_played,
        time_zone,
    })
}

pub(super) fn plain(texts: Vec<At<String>>) -> Vec<String> {
    texts.into_iter().map(|at| at.value).collect()
}

/// Refuses what no season may have, and names unknown keys.
pub(super) fn finish(table: &Table<'_>) {
    for (key, why) in REFUSED {
        table.refuse(key, why);
    }
    table.finish(&REFUSED.map(|(key, _)| key));
}

/// Ids stand in addresses and board scopes, so they keep to a few characters.
pub(super) fn needed_id(table: &Table<'_>, example: &str) -> Option<At<String>> {
    let at = table.needed_text("id", example)?;
    let fits =
        at.value.len() <= 40 && at.value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !fits {
        table.page.fault(&at.key, "id 只能用小写英文字母、数字和短横线，最多 40 个字符，例如 daily");
    }
    Some(at)
}

fn refuse_twice(table: &Table<'_>, id: &At<String>, seen: &mut HashSet<String>) {
    if !seen.insert(id.value.clone()) {
        table.page.fault(&id.key, format!("id「{}」前面已经用过，请换一个", id.value));
    }
}

fn read_region(root: &Table<'_>, files: Files<'_>) -> Option<Region> {
    let at = root.needed_text("region", "region = \"regions/guangxi.toml\"")?;
    match files(&at.value) {
        Ok(text) => match Region::read(&text) {
            Ok(region) => Some(region),
            Err(faults) => {
                root.page.faults_of(&at.value, faults);
                None
            }
        },
        Err(why) => {
            root.page.fault(&at.key, format!("读不到文件「{}」：{why}", at.value));
            None
        }
    }
}

fn read_organisations(root: &Table<'_>, region: Option<&Region>, files: Files<'_>) -> Vec<Organisation> {
    let Some(at) = root.text("organisations") else { return Vec::new() };
    let text = match files(&at.value) {
        Ok(text) => text,
        Err(why) => {
            root.page.fault(&at.key, format!("读不到文件「{}」：{why}", at.value));
            return Vec::new();
        }
    };
    let Some(region) = region else { return Vec::new() };
    organisations::read(&text, region).unwrap_or_else(|faults| {
        root.page.faults_of(&at.value, faults);
        Vec::new()
    })
}

fn read_groups(root: &Table<'_>) -> Vec<Group> {
    let mut seen = HashSet::new();
    let mut groups = Vec::new();
    for table in root.tables("groups") {
        let id = needed_id(&table, "id = \"youth\"");
        let name = table.needed_text("name", "name = \"青少年\"");
        table.finish(&[]);
        if let (Some(id), Some(name)) = (id, name) {
            refuse_twice(&table, &id, &mut seen);
            groups.push(Group { id: id.value, name: name.value });
        }
    }
    groups
}

fn read_banks(root: &Table<'_>) -> Vec<BankSource> {
    let mut seen = HashSet::new();
    let mut banks = Vec::new();
    for table in root.tables("bank") {
        let id = needed_id(&table, "id = \"kexue\"");
        let path = table.needed_text("path", "path = \"../question-bank/kexue\"");
        table.finish(&[]);
        if let (Some(id), Some(path)) = (id, path) {
            refuse_twice(&table, &id, &mut seen);
            banks.push(BankSource { id: id.value, path: path.value });
        }
    }
    if !root.has("bank") {
        root.missing("bank", "[[bank]]");
    }
    banks
}

fn read_cities(table: &Table<'_>, region: Option<&Region>) -> CityRules {
    let mut rules = CityRules::default();
    let whole = |name, range, default| table.whole(name, range).map_or(default, |at| at.value);
    rules.attempts_cap = whole("attempts_cap", 1..=100_000, rules.attempts_cap);
    rules.mean_weight = whole("mean_weight", 0..=1_000_000, rules.mean_weight);
    rules.participants_min = whole("participants_min", 1..=1_000_000, rules.participants_min);
    if let Some(composite) = table.table("composite") {
        rules.composite = read_composite(&composite, region);
    }
    table.finish(&[]);
    rules
}

fn read_composite(table: &Table<'_>, region: Option<&Region>) -> Vec<(String, u32)> {
    let known = || CITY_INDICES.iter().map(|(id, _)| *id);
    let mut weights = Vec::new();
    for at in table.entries(1..=100) {
        let (index, weight) = at.value;
        let unpeopled = region.is_some_and(|region| region.cities.iter().any(|city| city.population.is_none()));
        if !known().any(|id| id == index) {
            let all: Vec<&str> = known().collect();
            let hint = suggestion(&index, known());
            table.page.fault(&at.key, format!("没有名为「{index}」的指数{hint}（有：{}）", all.join("、")));
        } else if index == "per_10k" && unpeopled {
            table.page.fault(&at.key, "地区文件没有写全各地人口，不能用每万人参与数");
        }
        weights.push((index, weight));
    }
    let sum: u32 = weights.iter().map(|(_, weight)| weight).sum();
    if sum != 100 {
        table.page.fault(&table.key, format!("综合指数的权重之和应当是 100（百分比），这里是 {sum}"));
    }
    weights
}

fn read_about(table: &Table<'_>) -> About {
    let mut faq = Vec::new();
    for entry in table.tables("faq") {
        let question = entry.needed_text("question", "question = \"换了手机怎么办？\"");
        let answer = entry.needed_text("answer", "answer = \"…\"");
        entry.finish(&[]);
        if let (Some(question), Some(answer)) = (question, answer) {
            faq.push(Faq { question: question.value, answer: answer.value });
        }
    }
    let about = About {
        contact: table.text("contact").map(|at| at.value),
        prizes: plain(table.texts("prizes")),
        faq,
        privacy: table.text("privacy").map(|at| at.value),
        filings: plain(table.texts("filings")),
    };
    table.finish(&[]);
    about
}

/// Points for attendance and boards of it are forbidden without a superior's approval, and this version plays neither.
fn refuse_attendance(root: &Table<'_>) {
    let Some(table) = root.table("attendance") else { return };
    let points = table.whole("sign_in_points", 1..=100).map(|_| "sign_in_points");
    let boards = table.yes("boards").filter(|at| at.value).map(|_| "boards");
    let approved = table.text("approved_by").is_some();
    for key in points.into_iter().chain(boards) {
        let why = if approved {
            "批准文件已注明，但本版本还不计签到积分，也没有参与率排行；请删去，并写进 not_played"
        } else {
            "签到积分和参与率排行须经批准：请写明批准文件 approved_by = \"…\"，没有批准的请删去"
        };
        table.page.fault(&table.key_of(key), why);
    }
    table.finish(&[]);
}
