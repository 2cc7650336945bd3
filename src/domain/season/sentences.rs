//! The season's rules in plain Chinese, as the rules page shows them and `kejing season check` prints them.

use crate::domain::ids::RoundIndex;
use crate::domain::rules::SeasonTallyRule;
use crate::domain::season::CITY_INDICES;
use crate::domain::season::Season;
use crate::domain::season::SignIn;
use crate::domain::season::round_sentences;
use crate::domain::season::times;
use crate::domain::time::TimeZone;
use crate::domain::time::Timestamp;

impl Season {
    /// What holds in one round, or, for `None`, in the whole season.
    pub fn sentences(&self, round: Option<RoundIndex>) -> Vec<String> {
        match round {
            Some(round) => round_sentences::of_round(self, self.round(round)),
            None => of_season(self),
        }
    }

    /// The indices that this season's cities are ranked by: id, name, and what it counts, in the public's words.
    pub fn city_indices(&self) -> Vec<(&'static str, &'static str, String)> {
        let shown = |id: &str| id != "per_10k" || self.region.cities.iter().all(|city| city.population.is_some());
        let mut indices: Vec<_> = CITY_INDICES
            .iter()
            .filter(|(id, _)| shown(id))
            .map(|&(id, name)| (id, name, self.index_definition(id)))
            .collect();
        if !self.cities.composite.is_empty() {
            indices.push(("composite", "综合指数", self.composite_definition()));
        }
        indices
    }

    fn index_definition(&self, id: &str) -> String {
        let rules = &self.cities;
        match id {
            "participants" => "至少答完一份计分答卷的人数".to_owned(),
            "attempts" => "答完的计分答卷份数".to_owned(),
            "capped_attempts" => format!("答完的计分答卷份数，每人最多计 {} 份", rules.attempts_cap),
            "per_10k" => {
                let census = self.region.population_year.map_or(String::new(), |year| format!("（{year} 年人口普查）"));
                format!("参与人数 × 10000 ÷ 常住人口{census}")
            }
            "mean_best" => format!(
                "（各人最好一次得分之和 + {k} × 全{}人均最好得分）÷（参与人数 + {k}），这样人数少的地方不会因为偶然而大起大落",
                whole_region(&self.region.name),
                k = rules.mean_weight
            ),
            _ => "最好一次得满分的人数 ÷ 参与人数".to_owned(),
        }
    }

    fn composite_definition(&self) -> String {
        let name = |id: &str| CITY_INDICES.iter().find(|(known, _)| *known == id).map_or("", |(_, name)| name);
        let parts: Vec<String> =
            self.cities.composite.iter().map(|(id, weight)| format!("{} {weight}%", name(id))).collect();
        format!("各项指数先除以该项最高地方的值，再按权重相加：{}", parts.join("、"))
    }

    /// What the ranked places are called: 设区市.
    fn city_level(&self) -> &str {
        self.region.levels.get(1).map_or("地方", String::as_str)
    }
}

/// 全区, 全市, 全省: by the last character of the region's name.
fn whole_region(name: &str) -> char {
    name.chars().next_back().unwrap_or('区')
}

fn of_season(season: &Season) -> Vec<String> {
    let mut told = vec![window(season), who(season)];
    if !season.groups.is_empty() {
        let names: Vec<&str> = season.groups.iter().map(|group| group.name.as_str()).collect();
        told.push(format!("分 {} 个组别，各组另有自己的排行榜：{}。", names.len(), names.join("、")));
    }
    told.extend(tally(season));
    told.push(
        "名次先看得分，得分高的在前；得分相同看用时，用时少的在前；用时也相同，先完成的在前；还相同，先开始答题的在前。没有并列。"
            .to_owned(),
    );
    told.push(format!("日期和时间都按{}，以服务器的时钟为准。", clock_name(&season.time_zone)));
    told.push(
        "自己的网络断开时，计时照常进行，回来后接着答同一份试卷；服务器停机的时间不算在任何人的用时里。".to_owned(),
    );
    told.push("每一题的作答只记一次，重复提交不会重复计分。题目有错的，改正后所有相关答卷重新计分。".to_owned());
    told.extend(cities(season));
    if !season.not_played.is_empty() {
        told.push(format!("本赛季没有：{}。", season.not_played.join("；")));
    }
    told
}

fn window(season: &Season) -> String {
    let zone = &season.time_zone;
    match season.closes {
        Timestamp::MAX if season.opens <= Timestamp(0) => format!("「{}」一直开放，随时可以参加。", season.name),
        Timestamp::MAX => format!("「{}」从 {} 起一直开放。", season.name, times::told(zone, season.opens, false)),
        closes => format!(
            "「{}」从 {} 开始，到 {} 结束。",
            season.name,
            times::told(zone, season.opens, false),
            times::told(zone, closes, true)
        ),
    }
}

fn who(season: &Season) -> String {
    let place = season.region.levels.get(1..).unwrap_or_default().join("和");
    match season.sign_in {
        SignIn::Open => {
            format!("填写姓名和所在的{place}就可以参加，不用注册；身份未经核验，排行榜上会注明「身份未核验」。")
        }
        SignIn::Phone => format!("用手机号验证后，填写姓名和所在的{place}就可以参加。"),
    }
}

fn tally(season: &Season) -> Option<String> {
    let counting: Vec<&str> = season.rounds.iter().filter(|r| r.counts).map(|r| r.name.as_str()).collect();
    let practice = if counting.len() < season.rounds.len() { "练习场不计入" } else { "" };
    match (counting.as_slice(), season.tally) {
        ([], _) => Some("本赛季只有练习，不排名次。".to_owned()),
        ([only], _) => Some(joined(&format!("赛季成绩就是「{only}」的成绩"), practice)),
        (_, SeasonTallyRule::SumOfRounds) => Some(joined("赛季成绩是各个计分场次的成绩之和，用时也相加", practice)),
        (_, SeasonTallyRule::BestRound) => Some(joined("赛季成绩取各个计分场次中最好的一场", practice)),
    }
}

fn joined(first: &str, second: &str) -> String {
    if second.is_empty() { format!("{first}。") } else { format!("{first}，{second}。") }
}

fn cities(season: &Season) -> Vec<String> {
    let level = season.city_level();
    let mut told =
        vec![format!("{level}之间按下面的指数分别排名，成绩算给开始答题时所在的地方；所在的地方一个赛季只能改一次。")];
    for (_, name, definition) in season.city_indices() {
        told.push(format!("{name}：{definition}。"));
    }
    let fewest = season.cities.participants_min;
    told.push(format!("指数相同的，参与人数多的在前；参与人数不足 {fewest} 人的地方不公布指数。"));
    told
}

/// The clock as people call it.
pub(super) fn clock_name(zone: &TimeZone) -> String {
    match zone.name() {
        "Asia/Shanghai" | "PRC" => "北京时间".to_owned(),
        other => format!("{other} 时间"),
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::season::tests::shipped;

    #[test]
    fn the_season_of_guangxi_is_told_to_citizens() {
        assert_eq!(
            shipped("guangxi-2026.toml").sentences(None),
            [
                "「2026年广西公民科学素质网络学习竞赛」从 2026年8月1日 0:00 开始，到 2026年11月30日 24:00 结束。",
                "填写姓名和所在的设区市和县（市、区）就可以参加，不用注册；身份未经核验，排行榜上会注明「身份未核验」。",
                "分 6 个组别，各组另有自己的排行榜：青少年、农民、产业工人、老年人、领导干部和公务员、其他。",
                "赛季成绩是各个计分场次的成绩之和，用时也相加，练习场不计入。",
                "名次先看得分，得分高的在前；得分相同看用时，用时少的在前；用时也相同，先完成的在前；还相同，先开始答题的在前。没有并列。",
                "日期和时间都按北京时间，以服务器的时钟为准。",
                "自己的网络断开时，计时照常进行，回来后接着答同一份试卷；服务器停机的时间不算在任何人的用时里。",
                "每一题的作答只记一次，重复提交不会重复计分。题目有错的，改正后所有相关答卷重新计分。",
                "设区市之间按下面的指数分别排名，成绩算给开始答题时所在的地方；所在的地方一个赛季只能改一次。",
                "参与人数：至少答完一份计分答卷的人数。",
                "答题次数：答完的计分答卷份数。",
                "限次答题数：答完的计分答卷份数，每人最多计 30 份。",
                "每万人参与数：参与人数 × 10000 ÷ 常住人口（2020 年人口普查）。",
                "平均成绩：（各人最好一次得分之和 + 200 × 全区人均最好得分）÷（参与人数 + 200），这样人数少的地方不会因为偶然而大起大落。",
                "满分率：最好一次得满分的人数 ÷ 参与人数。",
                "综合指数：各项指数先除以该项最高地方的值，再按权重相加：每万人参与数 50%、平均成绩 30%、满分率 20%。",
                "指数相同的，参与人数多的在前；参与人数不足 20 人的地方不公布指数。",
                "本赛季没有：签到积分和参与率排行；分享换次数或分数；抽奖。",
            ]
        );
    }

    #[test]
    fn a_place_without_populations_has_no_index_per_head() {
        let indices = shipped("chengdu.toml").city_indices();
        assert!(indices.iter().all(|(id, _, _)| *id != "per_10k"));
        assert!(indices.iter().any(|(id, _, _)| *id == "composite"));
    }
}
