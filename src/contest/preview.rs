//! What a correction would change, before it is decided: computed from the ledger beside the running season, which it leaves alone.

use crate::contest::core::Contest;
use crate::contest::correct::CorrectionRefusal;
use crate::contest::correct::Progress;
use crate::contest::correct::Proposal;
use crate::contest::pages::Pages;
use crate::contest::period::Period;
use crate::contest::rescore::Rescored;
use crate::contest::rescore::finished_of;
use crate::contest::rescore::rescored_under;
use crate::contest::scoreboard::Of;
use crate::contest::scoreboard::Tallies;
use crate::domain::cities::CityIndexKind;
use crate::domain::cities::CityTotals;
use crate::domain::correction::MarkScheme;
use crate::domain::ids::AttemptId;
use crate::domain::ids::CityIndex;
use crate::domain::ids::ParticipantId;
use crate::domain::ids::RoundIndex;
use crate::domain::score::Standing;
use crate::domain::time::Days;
use crate::ledger::entry::EntryNumber;
use crate::ledger::store::LedgerError;
use crate::ledger::store::Recorded;
use crate::ledger::store::Store;
use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// So many of those whose rank moves most are named; the rest is counted.
pub const MOVES_TOLD: usize = 50;

/// Who changes, and by how much.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preview {
    /// Attempts that are over and come to something else.
    pub attempts: u64,
    /// Of these by score: more, less; the others keep their score and change in right answers or time.
    pub up: u64,
    pub down: u64,
    pub participants: u64,
    /// Attempts that are under way on papers that are marked otherwise from here on; they show it with their next verdict.
    pub live: u64,
    /// Of each counted round that changes, and of the season (`of: None`), which comes last.
    pub standings: Vec<StandingsChange>,
    /// Those whose rank in the region moves most by their own change, the season's before a round's.
    pub moves: Vec<Move>,
    pub cities: Vec<CityChange>,
    /// Who passes the gate into a round that was closed to them. Whoever has passed one stays past it.
    pub gates: Vec<GateChange>,
    /// 闯关: attempts that are given because the answer that ended one holds after all.
    pub given_back: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingsChange {
    pub of: Of,
    /// Participants whose tally changes.
    pub tallies: u64,
    /// Participants whose rank in the region changes, also because others pass them.
    pub ranks: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    pub of: Of,
    pub participant: ParticipantId,
    pub rank_before: u64,
    pub rank_after: u64,
    pub before: Standing,
    pub after: Standing,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CityChange {
    pub of: Of,
    pub by: CityIndexKind,
    pub city: CityIndex,
    pub value_before: Option<i64>,
    pub value_after: Option<i64>,
    pub rank_before: Option<u32>,
    pub rank_after: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateChange {
    /// The round that opens.
    pub round: RoundIndex,
    pub participants: u64,
}

/// What the ledger is read for: everyone's tallies as they are, and as they would be.
struct Both {
    before: Tallies,
    after: Tallies,
    preview: Preview,
    changed: HashSet<ParticipantId>,
    /// The most right answers of a gate's round, where they change.
    best_correct: HashMap<(ParticipantId, RoundIndex), u32>,
}

impl Contest {
    /// What the correction would change by now. It can be cancelled, and tells how far it is.
    ///
    /// # Errors
    /// The proposal is none, it was cancelled, or the ledger could not be read.
    pub async fn preview_correction(
        self: &Arc<Contest>,
        proposal: &Proposal,
        progress: Arc<Progress>,
    ) -> Result<Preview, CorrectionRefusal> {
        let proposed = Arc::new(Proposed::of(self, &self.checked(proposal)?));
        // On a thread that may block, as a correction itself.
        let (runtime, contest) = (tokio::runtime::Handle::current(), Arc::clone(self));
        let previewing = tokio::task::spawn_blocking(move || runtime.block_on(contest.preview(&proposed, &progress)));
        previewing.await.map_err(|_| LedgerError::Stopped)?
    }

    async fn preview(&self, proposed: &Proposed, progress: &Progress) -> Result<Preview, CorrectionRefusal> {
        progress.begin(self.next_attempt.load(Ordering::Relaxed) - 1);
        let mut both = Both {
            before: Tallies::new(&self.season).without(self.acts().excluded()),
            after: Tallies::new(&self.season).without(self.acts().excluded()),
            preview: Preview::default(),
            changed: HashSet::new(),
            best_correct: HashMap::new(),
        };
        let mut days = Days::of(&self.season.time_zone);
        let read = |store: Arc<dyn Store>, after| async move { store.attempts(AttemptId(after)).await };
        let mut pages = Pages::new(&self.store, read, |recorded| recorded.started.attempt.0);
        while let Some(page) = pages.next().await? {
            if progress.is_cancelled() {
                return Err(CorrectionRefusal::Cancelled);
            }
            page.iter().for_each(|recorded| self.take_both(recorded, proposed, &mut days, &mut both));
            progress.add(page.len());
        }
        if progress.is_cancelled() {
            return Err(CorrectionRefusal::Cancelled);
        }
        Ok(self.compared(both))
    }

    fn take_both(&self, recorded: &Recorded, proposed: &Proposed, days: &mut Days<'_>, both: &mut Both) {
        let started = &recorded.started;
        let Some(period) = self.period(started.period) else { return };
        let Some((_, ended)) = &recorded.ended else {
            both.preview.live += u64::from(proposed.is_drawn(&period, recorded));
            return;
        };
        let mut schemes = period.schemes_after(ended.edition);
        let before = rescored_under(&period, started, ended, &schemes);
        let after = match proposed.scheme(&period) {
            None => before.clone(),
            Some(scheme) => {
                schemes.push(scheme);
                rescored_under(&period, started, ended, &schemes)
            }
        };
        let city = self.roster.with(started.participant, |player| player.city_at(recorded.n)).unwrap_or_default();
        let day = days.day(started.at);
        let finished = |by_now: &Rescored| {
            let finished = finished_of(started.participant, started.attempt, by_now, &period, day);
            crate::contest::scoreboard::Finished { city, ..finished }
        };
        let [of_before, of_after] = [&before, &after].map(finished);
        both.before.take(&self.season, &of_before);
        both.after.take(&self.season, &of_after);
        both.preview.given_back += u64::from(before.given_back_by != after.given_back_by);
        if after.best_correct > before.best_correct {
            let best = both.best_correct.entry((started.participant, period.index)).or_default();
            *best = after.best_correct.max(*best);
        }
        if before.outcome != after.outcome {
            both.changed.insert(started.participant);
            both.preview.attempts += 1;
            both.preview.up += u64::from(after.outcome.score > before.outcome.score);
            both.preview.down += u64::from(after.outcome.score < before.outcome.score);
        }
    }

    fn compared(&self, both: Both) -> Preview {
        let Both { mut before, mut after, mut preview, changed, best_correct } = both;
        before.tally_season(&self.season);
        after.tally_season(&self.season);
        preview.participants = changed.len() as u64;
        let rounds = (0..self.season.rounds.len()).map(|i| Some(RoundIndex(i as u16)));
        for of in rounds.chain([None]) {
            let own: Vec<ParticipantId> =
                changed.iter().copied().filter(|who| before.standing(of, *who) != after.standing(of, *who)).collect();
            if !own.is_empty() {
                let ranks = std::thread::scope(|threads| {
                    let before = threads.spawn(|| before.ranks(of));
                    let after = after.ranks(of);
                    (before.join().unwrap_or_default(), after)
                });
                let moved = ranks.0.iter().zip(&ranks.1).filter(|(before, after)| before != after);
                preview.standings.push(StandingsChange { of, tallies: own.len() as u64, ranks: moved.count() as u64 });
                preview.moves.extend(moves(of, &own, &ranks, (&before, &after)));
            }
            if let (Some(before), Some(after)) = (before.cities(of), after.cities(of)) {
                preview.cities.extend(self.city_changes(of, before, after));
            }
        }
        preview.moves.sort_by_key(|moved| {
            (moved.of.is_some(), std::cmp::Reverse(moved.rank_before.abs_diff(moved.rank_after)), moved.participant)
        });
        preview.moves.truncate(MOVES_TOLD);
        preview.gates = self.gate_changes(&best_correct);
        preview
    }

    fn city_changes(&self, of: Of, before: &CityTotals, after: &CityTotals) -> Vec<CityChange> {
        if before == after {
            return Vec::new();
        }
        let mut changes = Vec::new();
        for by in CityIndexKind::ALL {
            let (before, after) = (before.ranked(&self.season, by), after.ranked(&self.season, by));
            for one in &before {
                let Some(other) = after.iter().find(|other| other.city == one.city) else { continue };
                if (one.value_millionths, one.rank) != (other.value_millionths, other.rank) {
                    changes.push(CityChange {
                        of,
                        by,
                        city: one.city,
                        value_before: one.value_millionths,
                        value_after: other.value_millionths,
                        rank_before: one.rank,
                        rank_after: other.rank,
                    });
                }
            }
        }
        changes
    }

    fn gate_changes(&self, best_correct: &HashMap<(ParticipantId, RoundIndex), u32>) -> Vec<GateChange> {
        let gates = self.season.rounds.iter().enumerate().filter_map(|(i, round)| Some((i, round.gate?)));
        gates
            .map(|(i, gate)| {
                let passes = |((who, round), best): &(&(ParticipantId, RoundIndex), &u32)| {
                    let so_far = self.roster.with(*who, |player| u32::from(player.usage(gate.round).best_correct));
                    *round == gate.round && so_far.unwrap_or(0) < gate.right && **best >= gate.right
                };
                let participants = best_correct.iter().filter(passes).count() as u64;
                GateChange { round: RoundIndex(i as u16), participants }
            })
            .filter(|change| change.participants > 0)
            .collect()
    }
}

fn moves(
    of: Of,
    own: &[ParticipantId],
    ranks: &(Vec<u32>, Vec<u32>),
    (before, after): (&Tallies, &Tallies),
) -> Vec<Move> {
    let mut moves: Vec<Move> = Vec::new();
    for participant in own.iter().copied() {
        let rank = |ranks: &[u32]| ranks.get(participant.0 as usize).map_or(0, |rank| u64::from(*rank));
        let (rank_before, rank_after) = (rank(&ranks.0), rank(&ranks.1));
        if let (Some(before), Some(after)) = (before.standing(of, participant), after.standing(of, participant)) {
            moves.push(Move { of, participant, rank_before, rank_after, before, after });
        }
    }
    moves.sort_by_key(|moved| (std::cmp::Reverse(moved.rank_before.abs_diff(moved.rank_after)), moved.participant));
    moves.truncate(MOVES_TOLD);
    moves
}

/// What the proposal makes of each period's scheme.
struct Proposed(HashMap<EntryNumber, Arc<MarkScheme>>);

impl Proposed {
    fn of(contest: &Contest, proposal: &Proposal) -> Proposed {
        let periods = contest.periods();
        let edition = periods.corrections().len() as u16 + 1;
        let scheme = |period: &Arc<Period>| {
            let index = period.bank.index_of(&proposal.question);
            let index = index.filter(|_| proposal.versions.contains(&period.bank_digest))?;
            Some((period.n, Arc::new(period.scheme().after(edition, index, &proposal.remedy))))
        };
        Proposed(periods.iter().filter_map(scheme).collect())
    }

    fn scheme(&self, period: &Period) -> Option<Arc<MarkScheme>> {
        self.0.get(&period.n).cloned()
    }

    /// Whether a live attempt's paper has a question that is marked otherwise by it.
    fn is_drawn(&self, period: &Period, recorded: &Recorded) -> bool {
        let before = period.scheme();
        self.0.get(&period.n).is_some_and(|scheme| {
            let paper = period.paper(&recorded.started.seed);
            paper.questions().iter().any(|index| scheme.judging(*index) != before.judging(*index))
        })
    }
}
