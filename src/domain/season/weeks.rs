//! `repeat = "week"`: one round a civil week, so that each week is ranked afresh.

use crate::domain::ids::RoundId;
use crate::domain::rules::DrawPeriod;
use crate::domain::rules::Round;
use crate::domain::season::rounds::Draft;
use crate::domain::season::rounds::ROUNDS_MAX;
use crate::domain::time::Day;
use crate::domain::time::TimeZone;

/// `weekly-1`, `weekly-2` …: from the draft's opening to Monday, then week by week, to its close.
pub(super) fn of(draft: &Draft<'_>, zone: &TimeZone) -> Vec<Round> {
    let mut rounds = Vec::new();
    let mut opens = draft.round.opens;
    while opens < draft.round.closes && rounds.len() <= ROUNDS_MAX {
        let today = zone.day(opens);
        let monday = Day((today.week().0 + 1) * 7 - 3);
        let closes = zone.start_of(monday).min(draft.round.closes);
        let mut round = draft.round.clone();
        round.id = RoundId(format!("{}-{}", draft.round.id, rounds.len() + 1));
        let day = |at| {
            let civil = zone.civil(at);
            format!("{}月{}日", civil.month(), civil.day())
        };
        let (first, last) = (day(opens), day(closes.plus_ms(-1)));
        let days = if first == last { first } else { format!("{first}—{last}") };
        round.name = format!("{}（{days}）", draft.round.name);
        (round.opens, round.closes) = (opens, closes);
        // A week has one secret, whatever it was cut from.
        round.draw_period = DrawPeriod::Round;
        rounds.push(round);
        opens = closes;
    }
    rounds
}

#[cfg(test)]
mod tests {
    use crate::domain::rules::Round;
    use crate::domain::season::tests::changed;

    #[test]
    fn a_weekly_round_is_cut_at_mondays_and_at_its_own_ends() {
        // 1 August 2026 is a Saturday, 31 August a Monday.
        let season =
            changed("attempts_per_day = 3\ngate = { round = \"warm-up\", right = 3 }", "repeat = \"week\"").unwrap();
        let weeks: Vec<&Round> = season.rounds.iter().filter(|round| round.id.as_str() != "warm-up").collect();
        let names: Vec<String> = weeks.iter().map(|round| format!("{} {}", round.id, round.name)).collect();
        assert_eq!(
            names,
            [
                "daily-1 每日竞赛（8月1日—8月2日）",
                "daily-2 每日竞赛（8月3日—8月9日）",
                "daily-3 每日竞赛（8月10日—8月16日）",
                "daily-4 每日竞赛（8月17日—8月23日）",
                "daily-5 每日竞赛（8月24日—8月30日）",
                "daily-6 每日竞赛（8月31日）",
            ]
        );
        assert!(weeks.windows(2).all(|pair| pair[0].closes == pair[1].opens));
        assert_eq!((weeks[0].opens, weeks[5].closes), (season.opens, season.closes));
    }

    #[test]
    fn a_weekly_round_that_never_closes_is_refused() {
        let faults = changed("last_day = 2026-08-31", "always_open = true").map(|_| ()).err();
        assert_eq!(faults, None);
        let text = crate::domain::season::tests::SMALL
            .replace("last_day = 2026-08-31", "always_open = true")
            .replace("attempts_per_day = 3", "repeat = \"week\"");
        let faults = crate::domain::season::Season::read(&text, &crate::domain::season::tests::files).unwrap_err();
        assert_eq!(faults[0].message, "每周重来的场次要有截止时间，请写 last_day 或 closes");
    }
}
