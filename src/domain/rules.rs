//! What a round allows, how its papers are made and how they score. Data only: `season` reads and checks it, `attempt` and `score` apply it.
//!
//! Serialised, these types are part of the season's canonical form, which the ledger keeps: fields are only ever added, with a default.

use crate::domain::ids::GroupIndex;
use crate::domain::ids::RoundId;
use crate::domain::ids::RoundIndex;
use crate::domain::question::Kind;
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// 场次: a part of the season with its own window, bank and rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    pub id: RoundId,
    pub name: String,
    /// An attempt may start from here …
    pub opens: Timestamp,
    /// … until here, exclusive; it then runs to its own limits. [`Timestamp::MAX`]: always open.
    pub closes: Timestamp,
    /// The bank's id, one of the season's.
    pub bank: String,
    pub blueprint: Blueprint,
    pub limits: Limits,
    pub attempts: AttemptsAllowed,
    pub scoring: Scoring,
    pub tally: TallyRule,
    /// 闯关: the first wrong, passed or timed-out answer ends the attempt.
    pub ends_at_first_wrong: bool,
    pub feedback: Feedback,
    /// False: practice, in no tally and on no board.
    pub counts: bool,
    pub gate: Option<Gate>,
    /// Who may take part; empty: everyone.
    pub groups: Vec<GroupIndex>,
    pub draw_period: DrawPeriod,
}

/// The questions of a paper, section by section, in this order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blueprint {
    pub sections: Vec<Section>,
}

impl Round {
    /// The most that one attempt can score.
    pub fn full_marks(&self) -> u32 {
        match self.scoring.threshold {
            Some(threshold) => threshold.points,
            None => self.blueprint.sections.iter().map(|section| section.count * section.points).sum(),
        }
    }
}

impl Blueprint {
    /// How many questions a paper has.
    pub fn count(&self) -> u32 {
        self.sections.iter().map(|s| s.count).sum()
    }

    /// The section that question `seq` (1-based) belongs to.
    pub fn section_of(&self, seq: u32) -> Option<&Section> {
        let mut before = 0;
        self.sections.iter().find(|section| {
            before += section.count;
            seq >= 1 && seq <= before
        })
    }
}

/// `count` questions out of those that match; an empty list matches everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    pub kinds: Vec<Kind>,
    pub count: u32,
    /// Points of a right answer; 0 in rounds with a [`Threshold`].
    pub points: u32,
    pub topics: Vec<String>,
    pub difficulties: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    pub question_ms: Option<u32>,
    pub paper_ms: Option<u32>,
    /// After a limit, for answers that were on their way.
    pub grace_ms: u32,
    /// A question counts for at least so long.
    pub elapsed_floor_ms: u32,
    /// How long a verdict waits for `next` in rounds with feedback after each.
    pub reading_ms: u32,
}

/// `None`: without limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptsAllowed {
    pub per_day: Option<u32>,
    pub per_week: Option<u32>,
    pub in_all: Option<u32>,
    /// Once a day an attempt whose client dropped within 10 s of question 1, with nothing settled, and did not come back, is handed back.
    pub hand_back: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scoring {
    pub multiple: MultipleScoring,
    pub threshold: Option<Threshold>,
}

/// What an incomplete answer to a multiple-choice question earns; a wrong option always earns nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MultipleScoring {
    AllOrNothing,
    /// Half of the points, rounded down, for some of the right options and no wrong one.
    HalfForPart,
    /// points × right options chosen ÷ right options, rounded down, if no wrong one was chosen.
    ByOption,
}

/// 贵州: `right` or more right answers make the whole paper worth `points`, fewer nothing. Questions have no points of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Threshold {
    pub right: u32,
    pub points: u32,
}

/// How the attempts of one participant in one round come to one standing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TallyRule {
    Best,
    Sum,
    SumOfDailyBest,
    Last,
}

/// How the rounds' tallies come to the season's: one sum, or the best of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeasonTallyRule {
    SumOfRounds,
    BestRound,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feedback {
    AfterEach,
    AfterPaper,
    AfterRound,
    Never,
}

/// 热身关: only who has once answered `right` or more questions right in one attempt of `round` may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    pub round: RoundIndex,
    pub right: u32,
}

/// For how long one secret draws papers (design.md, Fairness).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DrawPeriod {
    Round,
    Week,
}
