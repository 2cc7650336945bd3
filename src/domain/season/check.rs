//! Checks that need more than the season file: the banks, and what a public season owes the public.

use crate::domain::fault::Fault;
use crate::domain::fault::suggestion;
use crate::domain::question::Kind;
use crate::domain::rules::Round;
use crate::domain::rules::Section;
use crate::domain::season::Season;
use std::collections::BTreeSet;

/// What a blueprint asks about a question: kind, topic, difficulty.
pub type Asked = (Kind, String, u8);

/// Whether each bank, by its id, has enough questions for every paper of every round: whatever the sections before took,
/// enough must be left for the next, since no question stands twice in a paper.
pub fn check_blueprints(season: &Season, banks: &[(String, Vec<Asked>)]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for round in &season.rounds {
        match banks.iter().find(|(id, _)| *id == round.bank) {
            Some((_, questions)) => faults.extend(check_round(round, questions)),
            None => faults
                .push(Fault::of_whole(format!("round.{}.bank", round.id), format!("没有读到题库「{}」", round.bank))),
        }
    }
    faults
}

fn check_round(round: &Round, questions: &[Asked]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let topics: BTreeSet<&str> = questions.iter().map(|(_, topic, _)| topic.as_str()).collect();
    let sections = &round.blueprint.sections;
    for (place, section) in sections.iter().enumerate() {
        let key = |name: &str| format!("round.{}.section[{}].{name}", round.id, place + 1);
        let unknown: Vec<&String> = section.topics.iter().filter(|topic| !topics.contains(topic.as_str())).collect();
        for topic in &unknown {
            let hint = suggestion(topic, topics.iter().copied());
            let message = format!("题库「{}」没有主题「{topic}」{hint}", round.bank);
            faults.push(Fault::of_whole(key("topics"), message));
        }
        let left = left_for(section, &sections[..place], questions);
        if unknown.is_empty() && left < section.count as usize {
            let before = if place == 0 { "" } else { "、减去前面各节最多抽走的之后" };
            let message = format!(
                "要抽 {} 题，题库「{}」里符合条件的{before}只有 {left} 题；请加题、少抽或放宽条件",
                section.count, round.bank
            );
            faults.push(Fault::of_whole(key("count"), message));
        }
    }
    faults
}

/// The fewest matching questions that can be left after the sections before.
fn left_for(section: &Section, before: &[Section], questions: &[Asked]) -> usize {
    let mine: Vec<&Asked> = questions.iter().filter(|q| section.asks_for(q)).collect();
    let shared = |other: &Section| mine.iter().filter(|q| other.asks_for(q)).count();
    let taken: usize = before.iter().map(|other| shared(other).min(other.count as usize)).sum();
    let reachable = mine.iter().filter(|q| before.iter().any(|other| other.asks_for(q))).count();
    mine.len() - taken.min(reachable)
}

impl Section {
    /// Whether a question of this kind, topic and difficulty may stand in the section.
    fn asks_for(&self, (kind, topic, difficulty): &Asked) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(kind))
            && (self.topics.is_empty() || self.topics.contains(topic))
            && (self.difficulties.is_empty() || self.difficulties.contains(difficulty))
    }
}

/// What `season check --public` refuses: a season that strangers play without knowing whom to ask, what becomes of their
/// data, or under which filing the site runs.
pub fn public_faults(season: &Season) -> Vec<Fault> {
    let about = &season.about;
    let mut faults = Vec::new();
    let mut need = |there: bool, key: &str, message: &str| {
        if !there {
            faults.push(Fault::of_whole(key, message));
        }
    };
    need(about.contact.is_some(), "about.contact", "公开举办要写联系方式：电话或邮箱，以及办公时间");
    need(
        about.privacy.is_some(),
        "about.privacy",
        "公开举办要写个人信息保护说明：收集什么、用来做什么、保存多久、怎样删除",
    );
    need(!about.filings.is_empty(), "about.filings", "公开举办要写网站备案号，例如 filings = [\"桂ICP备…号\"]");
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::season::tests::shipped;

    /// A bank with `each` questions of every kind and difficulty in one topic.
    fn bank(topic: &str, each: usize) -> Vec<Asked> {
        let kinds = [Kind::TrueFalse, Kind::Single, Kind::Multiple];
        let all = kinds.into_iter().flat_map(|kind| (1..=3).map(move |level| (kind, topic.to_owned(), level)));
        all.flat_map(|asked| std::iter::repeat_n(asked, each)).collect()
    }

    fn told(season: &Season, questions: Vec<Asked>) -> Vec<String> {
        check_blueprints(season, &[("kexue".to_owned(), questions)]).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_bank_that_is_too_small_is_refused_section_by_section() {
        let season = shipped("presets/nanjing-2018.toml");
        assert_eq!(told(&season, bank("卫生健康", 3)), Vec::<String>::new());
        assert_eq!(
            told(&season, bank("卫生健康", 2)),
            [
                "round.daily.section[1].count：要抽 7 题，题库「kexue」里符合条件的只有 6 题；请加题、少抽或放宽条件",
                "round.daily.section[2].count：要抽 7 题，题库「kexue」里符合条件的、减去前面各节最多抽走的之后只有 6 题；请加题、少抽或放宽条件",
            ]
        );
    }

    #[test]
    fn what_an_earlier_section_may_take_is_not_there_for_a_later_one() {
        let mut season = shipped("presets/nanjing-2018.toml");
        season.rounds[0].blueprint.sections[0].kinds.clear();
        // Nine single-choice questions, of which the first section may take seven.
        assert!(told(&season, bank("卫生健康", 3)).iter().any(|fault| fault.contains("只有 2 题")));
        assert_eq!(told(&season, bank("卫生健康", 9)), Vec::<String>::new());
    }

    #[test]
    fn a_topic_that_the_bank_does_not_have_is_named_with_its_neighbour() {
        let mut season = shipped("presets/ningxia-2018.toml");
        season.rounds.truncate(1);
        season.rounds[0].blueprint.sections[0].topics = vec!["卫生与健康".to_owned()];
        assert_eq!(
            told(&season, bank("卫生健康", 9)),
            ["round.daily.section[1].topics：题库「kexue」没有主题「卫生与健康」，是不是想写「卫生健康」？"]
        );
    }

    #[test]
    fn a_bank_that_was_not_read_is_named() {
        let faults = check_blueprints(&shipped("bench.toml"), &[]);
        assert_eq!(faults[0].to_string(), "round.bench.bank：没有读到题库「kexue」");
    }

    #[test]
    fn a_public_season_names_contact_privacy_and_filing() {
        let mut season = shipped("bench.toml");
        let keys = |season: &Season| public_faults(season).into_iter().map(|fault| fault.key).collect::<Vec<_>>();
        assert_eq!(keys(&season), ["about.contact", "about.privacy", "about.filings"]);
        season.about.contact = Some("0771-0000000".to_owned());
        season.about.privacy = Some("…".to_owned());
        season.about.filings = vec!["桂ICP备00000000号".to_owned()];
        assert!(keys(&season).is_empty());
    }
}
