//! A round's rules in plain Chinese: what the public page shows is written from what is played.

use crate::domain::question::Kind;
use crate::domain::rules::Blueprint;
use crate::domain::rules::DrawPeriod;
use crate::domain::rules::Feedback;
use crate::domain::rules::MultipleScoring;
use crate::domain::rules::Round;
use crate::domain::rules::Section;
use crate::domain::rules::TallyRule;
use crate::domain::season::Season;
use crate::domain::season::times;
use crate::domain::time::Timestamp;

impl Round {
    /// One line for a card: 「10 题 · 每题 30 秒 · 取最好成绩 · 同分看用时」.
    pub fn summary(&self) -> String {
        let mut parts = vec![format!("{} 题", self.blueprint.count())];
        parts.extend(self.limits.question_ms.map(|ms| format!("每题 {}", span(ms))));
        parts.extend(self.limits.paper_ms.map(|ms| format!("整卷 {}", span(ms))));
        parts.extend(self.ends_at_first_wrong.then(|| "答错即止".to_owned()));
        if !self.counts {
            parts.push("不计成绩".to_owned());
            return parts.join(" · ");
        }
        if self.attempts.in_all == Some(1) {
            parts.push("只有 1 次机会".to_owned());
        } else {
            parts.extend(self.allowed(""));
            parts.push(tally_words(self.tally).to_owned());
        }
        parts.push("同分看用时".to_owned());
        parts.join(" · ")
    }

    /// 每天最多 3 次、总共最多 12 次, with `most` for 最多; `None`: without limit.
    fn allowed(&self, most: &str) -> Option<String> {
        let allowed = &self.attempts;
        let day = allowed.per_day.map(|n| format!("每天{most} {n} 次"));
        let week = allowed.per_week.map(|n| format!("每周{most} {n} 次"));
        let all = allowed.in_all.map(|n| format!("总共{most} {n} 次"));
        let parts: Vec<String> = day.into_iter().chain(week).chain(all).collect();
        (!parts.is_empty()).then(|| parts.join("、"))
    }
}

pub(super) fn of_round(season: &Season, round: &Round) -> Vec<String> {
    let mut told = vec![window(season, round)];
    told.extend(who(season, round));
    told.extend(papers(round));
    told.push(time(round));
    told.push(attempts(season, round));
    told.extend(multiple(round));
    if round.ends_at_first_wrong {
        told.push("闯关：答错、放弃或者超时一题，这份答卷就结束，已经得到的分数有效。".to_owned());
    }
    told.push(result(round));
    told.push(feedback(round));
    if round.attempts.hand_back {
        told.push(
            "刚开始就掉线的（第 1 题出现后 10 秒内断开，一题未答，也没有再回来），自动退还这一次，每天最多退还一次；再答时换一份新试卷。"
                .to_owned(),
        );
    }
    told.push(fairness(round));
    told
}

fn window(season: &Season, round: &Round) -> String {
    let zone = &season.time_zone;
    if round.closes == Timestamp::MAX {
        if round.opens == season.opens {
            return format!("「{}」一直开放。", round.name);
        }
        return format!("「{}」从 {} 起一直开放。", round.name, times::told(zone, round.opens, false));
    }
    let unlimited = round.limits.question_ms.or(round.limits.paper_ms).is_none();
    format!(
        "「{}」从 {} 到 {}；截止前开始的答卷，可以{}答完。",
        round.name,
        times::told(zone, round.opens, false),
        times::told(zone, round.closes, true),
        if unlimited { "" } else { "按规定的时间" }
    )
}

fn who(season: &Season, round: &Round) -> Vec<String> {
    let mut told = Vec::new();
    if !round.groups.is_empty() {
        let names: Vec<&str> =
            round.groups.iter().map(|group| season.groups[usize::from(group.0)].name.as_str()).collect();
        told.push(format!("只限这些组别参加：{}。", names.join("、")));
    }
    if let Some(gate) = round.gate {
        let first = &season.round(gate.round).name;
        told.push(format!("要先在「{first}」的一份答卷里答对至少 {} 题，才能参加。", gate.right));
    }
    told
}

fn papers(round: &Round) -> Vec<String> {
    let Blueprint { sections } = &round.blueprint;
    let count = round.blueprint.count();
    let mut told = Vec::new();
    match (round.scoring.threshold, sections.as_slice()) {
        (Some(rule), sections) => {
            told.push(format!("每份试卷 {count} 题{}。", kinds_of(sections)));
            told.push(format!("每份试卷答对 {} 题及以上得 {} 分，否则得 0 分。", rule.right, rule.points));
        }
        (None, [only]) => {
            let kinds = kinds_of(sections);
            told.push(format!("每份试卷 {count} 题{kinds}，每题 {} 分，满分 {} 分。", only.points, round.full_marks()));
        }
        (None, sections) => {
            let parts: Vec<String> = sections.iter().map(part).collect();
            told.push(format!("每份试卷 {count} 题：{}；满分 {} 分。", parts.join("；"), round.full_marks()));
        }
    }
    let first = sections.first().map(|s| (&s.topics, &s.difficulties));
    let alike = sections.iter().all(|s| first == Some((&s.topics, &s.difficulties)));
    for section in if alike { &sections[..sections.len().min(1)] } else { sections } {
        let of = if alike { "题目".to_owned() } else { kind_words(&section.kinds, "其中的题目") };
        told.extend(range(section).map(|range| format!("{of}{range}。")));
    }
    told
}

/// Where a section's questions are from; `None`: from everywhere.
fn range(section: &Section) -> Option<String> {
    let topics = (!section.topics.is_empty()).then(|| format!("出自：{}", section.topics.join("、")));
    let levels: Vec<&str> = section.difficulties.iter().map(|&level| level_word(level)).collect();
    let levels = (!levels.is_empty()).then(|| format!("难度：{}", levels.join("、")));
    let parts: Vec<String> = topics.into_iter().chain(levels).collect();
    (!parts.is_empty()).then(|| parts.join("，"))
}

fn part(section: &Section) -> String {
    format!("{} {} 题，每题 {} 分", kind_words(&section.kinds, "各种题型"), section.count, section.points)
}

/// （单选题）, where all sections are of certain kinds.
fn kinds_of(sections: &[Section]) -> String {
    match sections {
        [only] if !only.kinds.is_empty() => format!("（{}）", kind_words(&only.kinds, "")),
        [_] | [] => String::new(),
        several => {
            let parts: Vec<String> =
                several.iter().map(|s| format!("{} {} 题", kind_words(&s.kinds, "各种题型"), s.count)).collect();
            format!("（{}）", parts.join("、"))
        }
    }
}

fn kind_words(kinds: &[Kind], all: &str) -> String {
    if kinds.is_empty() {
        return all.to_owned();
    }
    kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join("和")
}

fn level_word(level: u8) -> &'static str {
    match level {
        1 => "容易",
        2 => "中等",
        _ => "较难",
    }
}

fn time(round: &Round) -> String {
    let limits = &round.limits;
    let mut told = match (limits.question_ms, limits.paper_ms) {
        (None, None) => return "答题不限时间；连续 30 分钟没有任何操作的，答卷自动结束。".to_owned(),
        (Some(question), None) => format!("每题限时 {}，到时没有作答的，这一题不得分", span(question)),
        (None, Some(paper)) => format!("整份试卷限时 {}，到时自动交卷，没有作答的题不得分", span(paper)),
        (Some(question), Some(paper)) => {
            format!("每题限时 {}，整份试卷限时 {}，到时没有作答的题不得分", span(question), span(paper))
        }
    };
    if limits.grace_ms > 0 {
        told += &format!("；考虑到网络延迟，时限过后 {}内到达的答案仍然有效", span(limits.grace_ms));
    }
    if limits.elapsed_floor_ms > 0 {
        told += &format!(
            "；每题用时不足 {}的，按 {}计，抢快没有好处",
            span(limits.elapsed_floor_ms),
            span(limits.elapsed_floor_ms)
        );
    }
    told + "。"
}

fn attempts(season: &Season, round: &Round) -> String {
    let Some(most) = round.allowed("最多") else { return "参加次数不限。".to_owned() };
    if round.attempts.per_day.is_none() && round.attempts.per_week.is_none() {
        return match round.attempts.in_all {
            Some(1) => "每人只能参加 1 次。".to_owned(),
            _ => format!("每人{most}。"),
        };
    }
    let clock = super::sentences::clock_name(&season.time_zone);
    let mut turns = Vec::new();
    turns.extend(round.attempts.per_day.map(|_| "一天到半夜 12 点为止"));
    turns.extend(round.attempts.per_week.map(|_| "一周从星期一到星期日"));
    format!("每人{most}。{}（{clock}），以开始答题的时刻为准。", turns.join("，"))
}

fn multiple(round: &Round) -> Option<String> {
    let sections = &round.blueprint.sections;
    let asked = sections.iter().any(|s| s.kinds.is_empty() || s.kinds.contains(&Kind::Multiple));
    let rule = match round.scoring.multiple {
        _ if round.scoring.threshold.is_some() => "多选题要全部选对才算答对，多选、少选、错选都不算。",
        MultipleScoring::AllOrNothing => "多选题要全部选对才得分，多选、少选、错选都不得分。",
        MultipleScoring::HalfForPart => {
            "多选题全部选对得满分；只选了一部分正确选项、没有选错的，得一半的分（不足 1 分的舍去）；选了错误选项的不得分。"
        }
        MultipleScoring::ByOption => {
            "多选题全部选对得满分；只选了一部分正确选项、没有选错的，按选对的比例得分（不足 1 分的舍去）；选了错误选项的不得分。"
        }
    };
    asked.then(|| rule.to_owned())
}

fn result(round: &Round) -> String {
    if !round.counts {
        return "这是练习，不计成绩，不上排行榜。".to_owned();
    }
    if round.attempts.in_all == Some(1) {
        return "得分高的排在前面，同分的看用时，用时少的在前。".to_owned();
    }
    let told = match round.tally {
        TallyRule::Best => "参加多次的，取最好的一次；得分相同时，用时少的算更好。",
        TallyRule::Sum => "参加多次的，各次得分相加，用时也相加；总分相同的，用时少的在前。",
        TallyRule::SumOfDailyBest => "每天取最好的一次，各天的最好成绩相加，用时也相加；总分相同的，用时少的在前。",
        TallyRule::Last => "参加多次的，取最后一次；得分相同的，用时少的在前。",
    };
    told.to_owned()
}

fn tally_words(rule: TallyRule) -> &'static str {
    match rule {
        TallyRule::Best => "取最好成绩",
        TallyRule::Sum => "各次相加",
        TallyRule::SumOfDailyBest => "每天最好成绩相加",
        TallyRule::Last => "取最后一次",
    }
}

fn feedback(round: &Round) -> String {
    match round.feedback {
        Feedback::AfterEach => {
            let reading = span(round.limits.reading_ms);
            format!(
                "每答完一题，马上告诉对错、正确答案和解析；看解析不算用时，最多停留 {reading}，之后自动进入下一题。"
            )
        }
        Feedback::AfterPaper => "整份试卷答完后，可以查看对错、正确答案和解析。".to_owned(),
        Feedback::AfterRound => "本场结束后，才能查看对错、正确答案和解析。".to_owned(),
        Feedback::Never => "不公布各题的对错和答案。".to_owned(),
    }
}

fn fairness(round: &Round) -> String {
    let (before, after) = match round.draw_period {
        DrawPeriod::Round => ("开场前", "本场"),
        DrawPeriod::Week => ("每周开始前", "当周"),
    };
    format!(
        "试卷随机抽题：抽题用的密码在{before}封存并公布凭证，{after}的答卷全部结束后公开，任何人都可以核对每份试卷是不是事先定好的。"
    )
}

/// 30 秒, 10 分钟, 1.5 秒.
pub(super) fn span(ms: u32) -> String {
    match ms {
        ms if ms >= 120_000 && ms % 60_000 == 0 => format!("{} 分钟", ms / 60_000),
        ms if ms % 1000 == 0 => format!("{} 秒", ms / 1000),
        ms => format!("{} 秒", f64::from(ms) / 1000.0),
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::ids::RoundIndex;
    use crate::domain::season::tests::shipped;

    fn told(path: &str, round: u16) -> Vec<String> {
        shipped(path).sentences(Some(RoundIndex(round)))
    }

    #[test]
    fn the_daily_quiz_of_guangxi_is_told_to_citizens() {
        assert_eq!(
            told("guangxi-2026.toml", 0),
            [
                "「每日竞赛」从 2026年8月1日 0:00 到 2026年11月30日 24:00；截止前开始的答卷，可以按规定的时间答完。",
                "每份试卷 10 题，每题 10 分，满分 100 分。",
                "每题限时 30 秒，到时没有作答的，这一题不得分；考虑到网络延迟，时限过后 1 秒内到达的答案仍然有效；每题用时不足 2 秒的，按 2 秒计，抢快没有好处。",
                "每人每天最多 3 次。一天到半夜 12 点为止（北京时间），以开始答题的时刻为准。",
                "多选题要全部选对才得分，多选、少选、错选都不得分。",
                "参加多次的，取最好的一次；得分相同时，用时少的算更好。",
                "整份试卷答完后，可以查看对错、正确答案和解析。",
                "刚开始就掉线的（第 1 题出现后 10 秒内断开，一题未答，也没有再回来），自动退还这一次，每天最多退还一次；再答时换一份新试卷。",
                "试卷随机抽题：抽题用的密码在每周开始前封存并公布凭证，当周的答卷全部结束后公开，任何人都可以核对每份试卷是不是事先定好的。",
            ]
        );
    }

    #[test]
    fn practice_says_that_it_counts_for_nothing() {
        assert_eq!(
            told("demo.toml", 1),
            [
                "「学习练习」一直开放。",
                "每份试卷 10 题，每题 10 分，满分 100 分。",
                "答题不限时间；连续 30 分钟没有任何操作的，答卷自动结束。",
                "参加次数不限。",
                "多选题要全部选对才得分，多选、少选、错选都不得分。",
                "这是练习，不计成绩，不上排行榜。",
                "每答完一题，马上告诉对错、正确答案和解析；看解析不算用时，最多停留 20 秒，之后自动进入下一题。",
                "试卷随机抽题：抽题用的密码在每周开始前封存并公布凭证，当周的答卷全部结束后公开，任何人都可以核对每份试卷是不是事先定好的。",
            ]
        );
    }

    #[test]
    fn sections_thresholds_gates_and_challenges_are_told() {
        let check = |path: &str, round: u16, sentence: &str| {
            let told = told(path, round);
            assert!(told.iter().any(|said| said == sentence), "{sentence}\n{told:#?}");
        };
        check(
            "presets/nanjing-2018.toml",
            0,
            "每份试卷 20 题：判断题 7 题，每题 5 分；单选题 7 题，每题 5 分；多选题 6 题，每题 5 分；满分 100 分。",
        );
        check("presets/guizhou-2024.toml", 0, "每份试卷答对 2 题及以上得 1 分，否则得 0 分。");
        check("presets/jiangsu-2017.toml", 1, "要先在「小试牛刀」的一份答卷里答对至少 6 题，才能参加。");
        check("presets/haidian-2021.toml", 0, "闯关：答错、放弃或者超时一题，这份答卷就结束，已经得到的分数有效。");
        check(
            "presets/huangshan-2019.toml",
            0,
            "每人每周最多 1 次、总共最多 12 次。一周从星期一到星期日（北京时间），以开始答题的时刻为准。",
        );
        check("presets/constitution-2015.toml", 0, "每人只能参加 1 次。");
        check("presets/winter-olympics-2022.toml", 0, "每份试卷 10 题（单选题），每题 1 分，满分 10 分。");
        check("liuzhou-health.toml", 2, "题目出自：防灾减灾与应急避险、安全生产。");
    }

    #[test]
    fn a_round_has_a_line_for_its_card() {
        let line = |path: &str, round: usize| shipped(path).rounds[round].summary();
        assert_eq!(line("bench.toml", 0), "10 题 · 每题 30 秒 · 取最好成绩 · 同分看用时");
        assert_eq!(line("demo.toml", 1), "10 题 · 不计成绩");
        assert_eq!(line("demo.toml", 2), "40 题 · 每题 20 秒 · 答错即止 · 每天 10 次 · 取最好成绩 · 同分看用时");
        assert_eq!(line("presets/constitution-2015.toml", 0), "30 题 · 只有 1 次机会 · 同分看用时");
    }

    #[test]
    fn no_single_choice_round_explains_multiple_choice() {
        assert!(!told("presets/winter-olympics-2022.toml", 0).iter().any(|said| said.contains("多选题")));
    }
}
