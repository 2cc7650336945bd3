//! What is allowed to a season file and unwise, or forbidden to the organisers by their superiors (防止“指尖上的形式主义”): told, not refused.

use crate::domain::fault::Fault;
use crate::domain::rules::Feedback;
use crate::domain::rules::Round;
use crate::domain::rules::TallyRule;
use crate::domain::season::Season;
use crate::domain::season::public_faults;
use crate::domain::time::Timestamp;

/// Words that are harmless alone: a warning is given where one of each list stands in a text.
struct Rule {
    one: &'static [&'static str],
    other: &'static [&'static str],
    message: &'static str,
}

const RULES: [Rule; 3] = [
    Rule {
        one: &["分享", "转发", "朋友圈", "助力", "拉票", "邀请好友"],
        other: &["奖", "次数", "机会", "加分", "积分", "抽", "红包"],
        message: "微信禁止奖励分享：分享、转发不能换次数、积分或奖品，被举报会封停链接",
    },
    Rule {
        one: &["签到", "打卡"],
        other: &["必须", "强制", "要求", "考核", "积分", "加分", "奖", "每日", "每天"],
        message: "强制签到、签到积分属于“指尖上的形式主义”，没有批准文件不要写",
    },
    Rule {
        one: &["未参加", "未参与", "没有参加", "没参加", "参与率", "参赛率", "未答题"],
        other: &["名单", "通报", "公示", "排名", "排行", "考核", "公布"],
        message: "通报未参加的人或单位、按参与率排名考核，都是明令禁止的",
    },
];
/// In percent: an index that counts attempts alone was gamed wherever it decided.
const ATTEMPTS_WEIGHT_MAX: u32 = 50;

/// Each with the key that it is about.
pub fn warnings(season: &Season) -> Vec<Fault> {
    let mut found = public_faults(season);
    for (key, text) in texts(season) {
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        let broken = RULES.iter().filter(|rule| has(rule.one) && has(rule.other) && !denies(&text));
        found.extend(broken.map(|rule| Fault::of_whole(key.clone(), rule.message)));
    }
    let by_attempts = |(index, weight): &&(String, u32)| index == "attempts" && *weight >= ATTEMPTS_WEIGHT_MAX;
    if season.cities.composite.iter().any(|weight| by_attempts(&weight)) {
        found.push(Fault::of_whole(
            "cities.composite",
            "综合指数主要看答题次数，容易被反复答题刷高；建议用限次答题数或每万人参与数",
        ));
    }
    for round in season.rounds.iter().filter(|round| round.counts) {
        found.extend(of_counted(season, round));
    }
    found
}

/// 「不设分享奖励」 says that there is none.
fn denies(text: &str) -> bool {
    ["不设", "没有", "不奖励", "不得", "禁止", "不计", "取消", "不会", "不需要", "无需"]
        .iter()
        .any(|word| text.contains(word))
}

fn texts(season: &Season) -> Vec<(String, String)> {
    let about = &season.about;
    let mut texts = vec![("name".to_owned(), season.name.clone())];
    texts.extend(about.prizes.iter().map(|prize| ("about.prizes".to_owned(), prize.clone())));
    let faq = about.faq.iter().enumerate();
    texts.extend(faq.map(|(i, faq)| (format!("about.faq[{}]", i + 1), format!("{} {}", faq.question, faq.answer))));
    texts.extend(season.rounds.iter().map(|round| (format!("round.{}.name", round.id), round.name.clone())));
    texts
}

fn of_counted(season: &Season, round: &Round) -> Vec<Fault> {
    let key = |name: &str| format!("round.{}.{name}", round.id);
    let mut found = Vec::new();
    let mut warn = |name: &str, message: &str| found.push(Fault::of_whole(key(name), message));
    let allowed = &round.attempts;
    let unlimited = allowed.per_day.is_none() && allowed.per_week.is_none() && allowed.in_all.is_none();
    if unlimited && round.tally == TallyRule::Sum {
        warn("attempts_per_day", "不限次数又把每次的分相加，谁刷得多谁在前；建议限制次数，或者取最好的一次");
    } else if unlimited && round.feedback == Feedback::AfterEach {
        warn("attempts_per_day", "不限次数又逐题公布答案，多答几次就背得下整个题库；建议限制次数，或者交卷以后才公布");
    }
    if round.limits.question_ms.is_none() && round.limits.paper_ms.is_none() {
        warn("question_seconds", "计分的场次没有时限，可以边查边答；建议每题 20 到 60 秒");
    }
    if round.closes == Timestamp::MAX && season.rounds.iter().filter(|round| round.counts).count() > 0 {
        warn("always_open", "计分的场次没有结束的时候，排名就一直不会定下来");
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::season::Faq;
    use crate::domain::season::tests::changed;

    /// Keys of what is warned of in the small season after a change, those of a public season left out.
    fn told(change: impl FnOnce(&mut Season)) -> Vec<String> {
        let mut season = changed("小赛季", "小赛季").unwrap();
        change(&mut season);
        let own: Vec<String> = public_faults(&season).into_iter().map(|fault| fault.key).collect();
        warnings(&season).into_iter().map(|fault| fault.key).filter(|key| !own.contains(key)).collect()
    }

    #[test]
    fn a_sound_season_is_warned_of_nothing() {
        assert_eq!(told(|_| ()), Vec::<String>::new());
    }

    #[test]
    fn what_is_forbidden_to_organisers_is_named_where_it_stands() {
        let prize = |text: &str| told(|season| season.about.prizes = vec![text.to_owned()]);
        assert_eq!(prize("分享到朋友圈可以多抽一次奖"), ["about.prizes"]);
        assert_eq!(prize("每天签到加 1 分"), ["about.prizes"]);
        assert_eq!(prize("未参加单位名单每周通报"), ["about.prizes"]);
        assert_eq!(prize("一等奖 10 名"), Vec::<String>::new());
        assert_eq!(prize("不设分享奖励"), Vec::<String>::new());
        let faq =
            Faq { question: "怎样多得次数？".to_owned(), answer: "邀请好友助力可得次数".to_owned() };
        assert_eq!(told(|season| season.about.faq = vec![faq]), ["about.faq[1]"]);
    }

    #[test]
    fn rules_that_were_gamed_elsewhere_are_named() {
        let daily = |season: &mut Season| season.round_of_id("daily").unwrap();
        let rules = |change: fn(&mut Round)| {
            told(|season| {
                let index = daily(season);
                change(&mut season.rounds[usize::from(index.0)]);
            })
        };
        let unlimited = |round: &mut Round| {
            round.attempts.per_day = None;
            round.tally = TallyRule::Sum;
        };
        assert_eq!(rules(unlimited), ["round.daily.attempts_per_day"]);
        assert_eq!(rules(|round| round.limits.question_ms = None), ["round.daily.question_seconds"]);
        assert_eq!(rules(|round| round.closes = Timestamp::MAX), ["round.daily.always_open"]);
        assert_eq!(told(|season| season.cities.composite = vec![("attempts".to_owned(), 60)]), ["cities.composite"]);
    }
}
