//! What `GET /season` says, as far as a player needs it, and the rounds to play in.

use std::sync::atomic::{AtomicU8, Ordering};

use anyhow::{bail, ensure};
use serde::Deserialize;

use crate::args::RuleArgs;
use crate::scoring::{Scoring, TallyRule};

#[derive(Debug, Deserialize)]
pub(crate) struct Season {
    pub state: String,
    pub sign_in: String,
    pub time_zone: String,
    pub consent: Option<serde_json::Value>,
    pub cities: Vec<City>,
    pub groups: Vec<Group>,
    pub rounds: Vec<PublicRound>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct City {
    pub code: String,
    #[serde(default)]
    pub counties: Vec<County>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct County {
    pub code: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Group {
    pub id: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct PublicRound {
    pub id: String,
    pub state: String,
    pub of: u32,
    pub question_ms: Option<i64>,
    pub paper_ms: Option<i64>,
    pub attempts: Limits,
    pub feedback: Feedback,
    pub counts: bool,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(crate) struct Limits {
    pub per_day: Option<u32>,
    pub per_week: Option<u32>,
    pub in_all: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Feedback {
    AfterEach,
    AfterPaper,
    AfterRound,
    Never,
}

/// The rules of one round as they are judged here.
#[derive(Debug)]
pub(crate) struct Round {
    pub id: String,
    pub of: u32,
    pub question_ms: Option<i64>,
    pub paper_ms: Option<i64>,
    pub attempts: Limits,
    pub feedback: Feedback,
    pub counts: bool,
    pub scoring: Scoring,
    pub tally: TallyRule,
    pub elapsed_floor_ms: i64,
    pub grace_ms: i64,
    pub ends_at_first_wrong: Learnt,
}

/// Whether a round ends at the first wrong answer is not in `GET /season`; the first wrong answer that is told tells, and all others must agree.
#[derive(Debug, Default)]
pub(crate) struct Learnt(AtomicU8);

impl Learnt {
    const UNKNOWN: u8 = 0;
    const NO: u8 = 1;
    const YES: u8 = 2;

    /// False where it was learnt otherwise before.
    pub(crate) fn agrees(&self, yes: bool) -> bool {
        let value = if yes { Self::YES } else { Self::NO };
        match self.0.compare_exchange(Self::UNKNOWN, value, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => true,
            Err(known) => known == value,
        }
    }
}

impl Round {
    pub(crate) fn new(public: &PublicRound, rules: &RuleArgs) -> Round {
        Round {
            id: public.id.clone(),
            of: public.of,
            question_ms: public.question_ms,
            paper_ms: public.paper_ms,
            attempts: public.attempts,
            feedback: public.feedback,
            counts: public.counts,
            scoring: rules.scoring,
            tally: rules.tally,
            elapsed_floor_ms: rules.elapsed_floor,
            grace_ms: rules.grace,
            ends_at_first_wrong: Learnt::default(),
        }
    }
}

impl Season {
    /// The rounds that were asked for: the first open one, those named, or all open ones.
    pub(crate) fn rounds_to_play(&self, asked: &[String], rules: &RuleArgs) -> anyhow::Result<Vec<Round>> {
        ensure!(
            self.sign_in == "open",
            "the season's sign_in is {}; participants can only be made where it is open",
            self.sign_in
        );
        ensure!(!self.cities.is_empty(), "the season names no cities");
        let open = || self.rounds.iter().filter(|r| r.state == "open");
        let chosen: Vec<&PublicRound> = match asked {
            [] => open().take(1).collect(),
            [all] if all == "all" => open().collect(),
            ids => {
                let find = |id: &String| open().find(|r| r.id == *id);
                if let Some(missing) = ids.iter().find(|id| find(id).is_none()) {
                    let named: Vec<String> = self.rounds.iter().map(|r| format!("{} ({})", r.id, r.state)).collect();
                    bail!("no open round {missing}; there are {}", named.join(", "));
                }
                ids.iter().filter_map(find).collect()
            }
        };
        ensure!(!chosen.is_empty(), "no round of the season is open (it is {})", self.state);
        Ok(chosen.into_iter().map(|r| Round::new(r, rules)).collect())
    }

    /// The day of a moment in the season's time zone. China has one, without summer time; others are taken as UTC.
    pub(crate) fn day(&self, at_ms: i64) -> i64 {
        const HOUR_MS: i64 = 3_600_000;
        let offset = if matches!(self.time_zone.as_str(), "Asia/Shanghai" | "Asia/Urumqi") { 8 } else { 0 };
        (at_ms + offset * HOUR_MS).div_euclid(24 * HOUR_MS)
    }

    /// The week of a day, from Monday. Day 0 was a Thursday.
    pub(crate) fn week(day: i64) -> i64 {
        (day + 3).div_euclid(7)
    }
}

#[cfg(test)]
pub(crate) fn round_for_tests() -> Round {
    Round {
        id: "daily".to_owned(),
        of: 3,
        question_ms: Some(30_000),
        paper_ms: None,
        attempts: Limits::default(),
        feedback: Feedback::AfterEach,
        counts: true,
        scoring: Scoring::AllOrNothing,
        tally: TallyRule::Best,
        elapsed_floor_ms: 0,
        grace_ms: 1000,
        ends_at_first_wrong: Learnt::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_learnt_first_holds() {
        let learnt = Learnt::default();
        assert!(learnt.agrees(false));
        assert!(!learnt.agrees(true));
        assert!(learnt.agrees(false));
    }

    #[test]
    fn days_end_at_midnight_in_china_and_weeks_on_sunday() {
        let season: Season = serde_json::from_str(
            r#"{"state":"open","sign_in":"open","time_zone":"Asia/Shanghai","cities":[],"groups":[],"rounds":[]}"#,
        )
        .unwrap();
        // 2026-08-02 was a Sunday; 16:00 UTC is midnight in Shanghai.
        let sunday_end = 1_785_686_399_999;
        let (sunday, monday) = (season.day(sunday_end), season.day(sunday_end + 1));
        assert_eq!(monday, sunday + 1);
        assert_eq!(Season::week(monday), Season::week(sunday) + 1);
        assert_eq!(Season::week(monday), Season::week(monday + 6));
    }
}
