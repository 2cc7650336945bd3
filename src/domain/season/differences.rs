//! What changed between the season that the ledger keeps and the one in the file, told to whoever starts the server.

use crate::domain::ids::GroupIndex;
use crate::domain::ids::RoundIndex;
use crate::domain::rules::DrawPeriod;
use crate::domain::rules::Feedback;
use crate::domain::rules::Round;
use crate::domain::rules::SeasonTallyRule;
use crate::domain::rules::TallyRule;
use crate::domain::season::Organisation;
use crate::domain::season::Season;
use crate::domain::season::SignIn;
use crate::domain::season::round_sentences;
use crate::domain::season::times;
use crate::domain::time::Timestamp;

/// More are counted, not listed.
const LISTED_MAX: usize = 10;

/// In Chinese, one sentence a change; empty only where the seasons are equal.
pub fn differences(old: &Season, new: &Season) -> Vec<String> {
    let mut told = Told::default();
    head(&mut told, old, new);
    places(&mut told, old, new);
    rounds(&mut told, old, new);
    if told.0.is_empty() && old != new {
        told.0.push("赛季文件有改动".to_owned());
    }
    told.0
}

#[derive(Default)]
struct Told(Vec<String>);

impl Told {
    /// A value, as its words say it.
    fn words(&mut self, what: &str, old: &str, new: &str) {
        if old != new {
            self.0.push(format!("{what}由「{old}」改为「{new}」"));
        }
    }

    /// A long text or a list: that it changed is enough.
    fn changed<T: PartialEq>(&mut self, what: &str, old: &T, new: &T) {
        if old != new {
            self.0.push(format!("{what}有改动"));
        }
    }

    /// What is in one list and not in the other.
    fn lists(&mut self, what: &str, old: &[String], new: &[String]) {
        for (verb, from, other) in [("减少", old, new), ("增加", new, old)] {
            let only: Vec<&str> = from.iter().filter(|name| !other.contains(name)).map(String::as_str).collect();
            if !only.is_empty() {
                let listed = only[..only.len().min(LISTED_MAX)].join("、");
                let more = if only.len() > LISTED_MAX { format!("等 {} 个", only.len()) } else { String::new() };
                self.0.push(format!("{what}{verb}：{listed}{more}"));
            }
        }
    }
}

fn head(told: &mut Told, old: &Season, new: &Season) {
    told.words("赛季 id ", old.id.as_str(), new.id.as_str());
    told.words("赛季名称", &old.name, &new.name);
    told.words("时区", old.time_zone.name(), new.time_zone.name());
    told.words("赛季开始时间", &opening(old, old.opens), &opening(new, new.opens));
    told.words("赛季结束时间", &closing(old, old.closes), &closing(new, new.closes));
    told.words("登录方式", old.sign_in.word(), new.sign_in.word());
    told.words("赛季成绩的算法", old.tally.word(), new.tally.word());
    told.changed("同意书", &old.consent, &new.consent);
    told.changed("主办单位", &old.hosts, &new.hosts);
    told.changed("承办单位", &old.organisers, &new.organisers);
    told.changed("联系方式、奖项、常见问题、个人信息保护说明或备案号", &old.about, &new.about);
    told.changed("城市指数的规则", &old.cities, &new.cities);
    told.changed("「本赛季没有」的内容", &old.not_played, &new.not_played);
}

fn places(told: &mut Told, old: &Season, new: &Season) {
    if old.region != new.region {
        told.words("地区", &old.region.name, &new.region.name);
        let before = told.0.len();
        let cities = |season: &Season| season.region.cities.iter().map(|city| city.name.clone()).collect::<Vec<_>>();
        let counties = |season: &Season| season.region.counties.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
        told.lists("城市", &cities(old), &cities(new));
        told.lists("区县", &counties(old), &counties(new));
        if told.0.len() == before {
            told.0.push("地区文件的代码、人口或顺序有改动".to_owned());
        }
    }
    let groups = |season: &Season| season.groups.iter().map(|g| format!("{}（{}）", g.name, g.id)).collect::<Vec<_>>();
    told.lists("组别", &groups(old), &groups(new));
    let sorted = |season: &Season| {
        let mut sorted = groups(season);
        sorted.sort();
        sorted
    };
    if old.groups != new.groups && sorted(old) == sorted(new) {
        told.0.push("组别的顺序有改动".to_owned());
    }
    organisations(told, &old.organisations, &new.organisations);
    let banks = |season: &Season| season.banks.iter().map(|b| format!("{}（{}）", b.id, b.path)).collect::<Vec<_>>();
    told.lists("题库", &banks(old), &banks(new));
    if old.banks != new.banks
        && banks(old).len() == banks(new).len()
        && banks(new).iter().all(|b| banks(old).contains(b))
    {
        told.0.push("题库的顺序有改动".to_owned());
    }
}

fn organisations(told: &mut Told, old: &[Organisation], new: &[Organisation]) {
    if old == new {
        return;
    }
    let before: std::collections::HashMap<&str, &Organisation> = old.iter().map(|o| (o.id.as_str(), o)).collect();
    let after: std::collections::HashSet<&str> = new.iter().map(|o| o.id.as_str()).collect();
    let gone: Vec<String> = old.iter().filter(|o| !after.contains(o.id.as_str())).map(|o| o.name.clone()).collect();
    let come: Vec<String> =
        new.iter().filter(|o| !before.contains_key(o.id.as_str())).map(|o| o.name.clone()).collect();
    let changed = new.iter().filter(|o| before.get(o.id.as_str()).is_some_and(|was| was != o)).count();
    told.lists("单位", &gone, &[]);
    told.lists("单位", &[], &come);
    if changed > 0 {
        told.0.push(format!("{changed} 个单位的名称或所在地有改动"));
    }
    if gone.is_empty() && come.is_empty() && changed == 0 {
        told.0.push("单位的顺序有改动".to_owned());
    }
}

fn rounds(told: &mut Told, old: &Season, new: &Season) {
    let named = |season: &Season| season.rounds.iter().map(|r| format!("{}（{}）", r.name, r.id)).collect::<Vec<_>>();
    let missing = |from: &Season, other: &Season| {
        let only = |(round, name): (&Round, String)| other.round_of_id(round.id.as_str()).is_none().then_some(name);
        from.rounds.iter().zip(named(from)).filter_map(only).collect::<Vec<String>>()
    };
    told.lists("场次", &missing(old, new), &[]);
    told.lists("场次", &[], &missing(new, old));
    for (place, was) in old.rounds.iter().enumerate() {
        let Some(index) = new.round_of_id(was.id.as_str()) else { continue };
        round(told, (old, was), (new, new.round(index)));
        if index != RoundIndex(place as u16) && old.rounds.len() == new.rounds.len() {
            told.0.push(format!("场次「{}」的先后顺序有改动", was.name));
        }
    }
}

fn round(told: &mut Told, (old, was): (&Season, &Round), (new, is): (&Season, &Round)) {
    let before = told.0.len();
    let of = |what: &str| format!("场次「{}」的{what}", was.name);
    told.words(&of("名称"), &was.name, &is.name);
    told.words(&of("开始时间"), &opening(old, was.opens), &opening(new, is.opens));
    told.words(&of("结束时间"), &closing(old, was.closes), &closing(new, is.closes));
    told.words(&of("题库"), &was.bank, &is.bank);
    told.words(&of("题数"), &was.blueprint.count().to_string(), &is.blueprint.count().to_string());
    let points = |round: &Round| {
        round
            .blueprint
            .sections
            .iter()
            .map(|s| format!("{} 题 × {} 分", s.count, s.points))
            .collect::<Vec<_>>()
            .join(" + ")
    };
    told.words(&of("分值"), &points(was), &points(is));
    if points(was) == points(is) {
        told.changed(&of("抽题范围（题型、主题或难度）"), &was.blueprint, &is.blueprint);
    }
    let (a, b) = (&was.limits, &is.limits);
    told.words(&of("每题时限"), &limit(a.question_ms), &limit(b.question_ms));
    told.words(&of("整卷时限"), &limit(a.paper_ms), &limit(b.paper_ms));
    told.words(&of("时限宽限"), &round_sentences::span(a.grace_ms), &round_sentences::span(b.grace_ms));
    told.words(
        &of("每题最少计的用时"),
        &round_sentences::span(a.elapsed_floor_ms),
        &round_sentences::span(b.elapsed_floor_ms),
    );
    told.words(&of("看解析的时间"), &round_sentences::span(a.reading_ms), &round_sentences::span(b.reading_ms));
    let (a, b) = (&was.attempts, &is.attempts);
    told.words(&of("每天次数"), &times_word(a.per_day), &times_word(b.per_day));
    told.words(&of("每周次数"), &times_word(a.per_week), &times_word(b.per_week));
    told.words(&of("总次数"), &times_word(a.in_all), &times_word(b.in_all));
    told.words(&of("掉线退还"), yes(a.hand_back), yes(b.hand_back));
    told.changed(&of("计分办法"), &was.scoring, &is.scoring);
    told.words(&of("多次成绩的算法"), was.tally.word(), is.tally.word());
    told.words(&of("答错即止"), yes(was.ends_at_first_wrong), yes(is.ends_at_first_wrong));
    told.words(&of("答案公布"), was.feedback.word(), is.feedback.word());
    told.words(&of("计入成绩"), yes(was.counts), yes(is.counts));
    told.words(&of("热身关"), &gate(old, was), &gate(new, is));
    told.words(&of("参加组别"), &group_names(old, &was.groups), &group_names(new, &is.groups));
    told.words(&of("抽题密码的周期"), was.draw_period.word(), is.draw_period.word());
    if told.0.len() == before && was != is && old.groups == new.groups && old.rounds.len() == new.rounds.len() {
        told.0.push(of("规则有改动"));
    }
}

fn opening(season: &Season, at: Timestamp) -> String {
    if at <= Timestamp(0) {
        return "随时".to_owned();
    }
    times::told(&season.time_zone, at, false)
}

fn closing(season: &Season, at: Timestamp) -> String {
    if at == Timestamp::MAX { "一直开放".to_owned() } else { times::told(&season.time_zone, at, true) }
}

fn limit(ms: Option<u32>) -> String {
    ms.map_or_else(|| "不限".to_owned(), round_sentences::span)
}

fn times_word(times: Option<u32>) -> String {
    times.map_or_else(|| "不限".to_owned(), |n| format!("{n} 次"))
}

fn yes(yes: bool) -> &'static str {
    if yes { "是" } else { "否" }
}

fn gate(season: &Season, round: &Round) -> String {
    round
        .gate
        .map_or_else(|| "无".to_owned(), |gate| format!("「{}」答对 {} 题", season.round(gate.round).name, gate.right))
}

fn group_names(season: &Season, groups: &[GroupIndex]) -> String {
    if groups.is_empty() {
        return "不限".to_owned();
    }
    groups.iter().map(|group| season.groups[usize::from(group.0)].name.as_str()).collect::<Vec<_>>().join("、")
}

/// The words of the rules' small enumerations.
trait Word {
    fn word(&self) -> &'static str;
}

impl Word for SignIn {
    fn word(&self) -> &'static str {
        match self {
            SignIn::Open => "免登录",
            SignIn::Phone => "手机号",
        }
    }
}

impl Word for SeasonTallyRule {
    fn word(&self) -> &'static str {
        match self {
            SeasonTallyRule::SumOfRounds => "各场之和",
            SeasonTallyRule::BestRound => "最好的一场",
        }
    }
}

impl Word for TallyRule {
    fn word(&self) -> &'static str {
        match self {
            TallyRule::Best => "取最好",
            TallyRule::Sum => "相加",
            TallyRule::SumOfDailyBest => "每天最好相加",
            TallyRule::Last => "取最后一次",
        }
    }
}

impl Word for Feedback {
    fn word(&self) -> &'static str {
        match self {
            Feedback::AfterEach => "每题之后",
            Feedback::AfterPaper => "交卷之后",
            Feedback::AfterRound => "本场结束之后",
            Feedback::Never => "不公布",
        }
    }
}

impl Word for DrawPeriod {
    fn word(&self) -> &'static str {
        match self {
            DrawPeriod::Round => "整场",
            DrawPeriod::Week => "每周",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::season::tests::changed;
    use crate::domain::season::tests::shipped;

    fn told(from: &str, to: &str) -> Vec<String> {
        differences(&changed("小赛季", "小赛季").unwrap(), &changed(from, to).unwrap())
    }

    #[test]
    fn equal_seasons_differ_in_nothing() {
        let season = shipped("guangxi-2026.toml");
        assert!(differences(&season, &season).is_empty());
    }

    #[test]
    fn each_change_is_told_in_chinese() {
        let check = |from: &str, to: &str, sentence: &str| assert_eq!(told(from, to), [sentence]);
        check("points = 10", "points = 5", "场次「每日竞赛」的分值由「10 题 × 10 分」改为「10 题 × 5 分」");
        check("attempts_per_day = 3", "attempts_per_day = 5", "场次「每日竞赛」的每天次数由「3 次」改为「5 次」");
        check("question_seconds = 30", "", "场次「每日竞赛」的每题时限由「30 秒」改为「不限」");
        check("kind = \"single\"", "", "场次「每日竞赛」的抽题范围（题型、主题或难度）有改动");
        check("right = 3", "right = 4", "场次「每日竞赛」的热身关由「「热身」答对 3 题」改为「「热身」答对 4 题」");
        check("groups = [\"youth\"]", "", "场次「每日竞赛」的参加组别由「青少年」改为「不限」");
    }

    #[test]
    fn a_moved_end_is_told_of_the_season_and_of_each_round() {
        assert_eq!(
            told("last_day = 2026-08-31", "last_day = 2026-09-07"),
            [
                "赛季结束时间由「2026年8月31日 24:00」改为「2026年9月7日 24:00」",
                "场次「热身」的结束时间由「2026年8月31日 24:00」改为「2026年9月7日 24:00」",
                "场次「热身」的抽题密码的周期由「整场」改为「每周」",
                "场次「每日竞赛」的结束时间由「2026年8月31日 24:00」改为「2026年9月7日 24:00」",
                "场次「每日竞赛」的抽题密码的周期由「整场」改为「每周」",
            ]
        );
    }

    #[test]
    fn rounds_and_organisations_that_come_and_go_are_named() {
        let old = shipped("guangxi-2026.toml");
        let mut new = old.clone();
        new.rounds.pop();
        new.organisations.remove(0);
        new.organisations[0].city = None;
        new.organisations[2].name = "改名的单位".to_owned();
        assert_eq!(
            differences(&old, &new),
            ["单位减少：自治区示例机关", "1 个单位的名称或所在地有改动", "场次减少：学习练习（practice）"]
        );
    }
}
