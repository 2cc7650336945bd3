//! How often a participant may play, how good its best is, and whether the server counts the same.

use serde::Deserialize;

use super::{Player, Stage};
use crate::clock::unix_ms;
use crate::http::{Call, Reply};
use crate::meter::count;
use crate::scoring::TallyRule;
use crate::wire::{AttemptResult, Best};

#[derive(Debug, Deserialize)]
pub(crate) struct Mine {
    pub rounds: Vec<MyRound>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct MyRound {
    pub id: String,
    pub left_today: Option<u32>,
    pub left_week: Option<u32>,
    pub left: Option<u32>,
    pub rank: Option<u64>,
}

impl MyRound {
    pub(crate) fn is_exhausted(&self) -> bool {
        [self.left_today, self.left_week, self.left].contains(&Some(0))
    }
}

impl Player {
    /// How many attempts a participant who is new today may start in this round.
    pub(super) fn allowed(&self, round: usize) -> u32 {
        let limits = self.crowd.rounds[round].attempts;
        [limits.per_day, limits.per_week, limits.in_all].into_iter().flatten().min().unwrap_or(u32::MAX)
    }

    /// All that is allowed has been started: `/me` must say that nothing is left, and then one `start` more must be refused.
    pub(super) async fn nothing_left(&mut self, round: usize) -> bool {
        self.expects_exhausted = self.says_exhausted(round).await.unwrap_or(true);
        if !self.expects_exhausted && !self.day_has_changed() {
            self.faults.add("limit: left", format!("{} started in round {round} and some left", self.started[round]));
            self.done[round] = true;
        }
        // After midnight there may be more: then play on.
        self.expects_exhausted || self.day_has_changed()
    }

    /// `attempts_exhausted` came: exactly when nothing is left.
    pub(super) async fn exhausted(&mut self) {
        count(&self.crowd.meter.counts.exhausted);
        let round = self.round;
        if self.started[round] < self.allowed(round) {
            let (started, allowed) = (self.started[round], self.allowed(round));
            self.faults.add("limit: refused too soon", format!("{started} of {allowed} started in round {round}"));
        } else if !self.expects_exhausted && self.says_exhausted(round).await == Some(false) {
            self.faults.add("limit: refused with some left", format!("round {round}"));
        }
        self.done[round] = true;
        self.stage = Stage::Idle;
    }

    async fn says_exhausted(&mut self, round: usize) -> Option<bool> {
        let mine: Mine = match self.crowd.http.read("/me", Some(&self.person.token)).await {
            Ok(mine) => mine,
            Err(error) => {
                self.faults.add("me", format!("{error:#}"));
                return None;
            }
        };
        let id = &self.crowd.rounds[round].id;
        Some(mine.rounds.iter().find(|r| r.id == *id).is_some_and(MyRound::is_exhausted))
    }

    fn day_has_changed(&self) -> bool {
        let season = &self.crowd.season;
        season.day(unix_ms() as i64) != season.day(self.crowd.began_at)
    }

    /// `best` in a result: the round's tally, or the best attempt where the two differ.
    pub(super) fn best_is_right(&mut self, r: &AttemptResult<'_>) {
        let rule = self.crowd.rounds[self.round].tally;
        let here = || self.played.iter().filter(|p| p.round == self.round);
        let scored = || here().filter_map(|p| Some((p.score?, p.elapsed_ms)));
        let best = scored().min_by_key(|(score, elapsed)| (-score, *elapsed));
        let tally = match rule {
            TallyRule::Sum => Some(scored().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))),
            TallyRule::Last => scored().next_back(),
            TallyRule::Best => best,
            // The day of each start is known only at the end.
            TallyRule::DayBest => return,
        };
        let told = r.best.as_ref().map(|Best { score, elapsed_ms }| (*score, *elapsed_ms));
        let missing = told.is_none() && r.counted;
        if missing || told.is_some_and(|told| Some(told) != best && Some(told) != tally) {
            self.faults.add("result: best", format!("told {told:?}, here {tally:?} (best attempt {best:?})"));
        }
    }

    /// Fetches the attempt `id` of mine.
    pub(super) async fn fetch(&self, id: &str) -> anyhow::Result<Reply> {
        let path = format!("/me/attempts/{}", crate::http::in_path(id));
        self.crowd.http.patiently(Call::get(&path, Some(&self.person.token))).await
    }
}
