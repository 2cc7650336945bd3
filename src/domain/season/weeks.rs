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
        let (first, last) = (zone.civil(opens), zone.civil(closes.plus_ms(-1)));
        round.name =
            format!("{}（{}月{}日—{}月{}日）", draft.round.name, first.month(), first.day(), last.month(), last.day());
        (round.opens, round.closes) = (opens, closes);
        // A week has one secret, whatever it was cut from.
        round.draw_period = DrawPeriod::Round;
        rounds.push(round);
        opens = closes;
    }
    rounds
}
