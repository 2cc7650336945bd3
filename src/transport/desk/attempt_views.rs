//! What the desk tells of an attempt: types of the wire, converted by hand.

use super::attempts::place_name;
use super::question_views::KindView;
use crate::contest::core::Contest;
use crate::contest::look::Looked;
use crate::contest::roster;
use crate::domain::attempt::Ending;
use crate::domain::attempt::Given;
use crate::domain::correction::Judging;
use crate::domain::correction::PUBLISHED;
use crate::domain::ids::ParticipantId;
use crate::ledger::desk::ComplaintRow;
use crate::ledger::store::Recorded;
use crate::office::attempt_story;
use crate::office::attempt_story::Beside;
use crate::office::attempt_story::Event;
use serde::Serialize;
use utoipa::ToSchema;

/// Something that a search has found.
#[derive(Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schema(as = FoundItem)]
pub(super) enum FoundView {
    Participant {
        id: String,
        name: String,
        /// City, county, organisation.
        line: String,
    },
    Attempt {
        id: String,
        name: String,
        /// Round, when, score.
        line: String,
        started_at: i64,
    },
}

impl FoundView {
    pub(super) fn id(&self) -> &str {
        match self {
            FoundView::Participant { id, .. } | FoundView::Attempt { id, .. } => id,
        }
    }

    pub(super) fn participant(contest: &Contest, participant: ParticipantId) -> FoundView {
        let name = contest.roster.with(participant, |player| player.name.to_string()).unwrap_or_default();
        FoundView::Participant {
            id: contest.keys.participant(participant),
            name,
            line: participant_line(contest, participant),
        }
    }

    /// `None`: its round is not of this season any more.
    pub(super) fn attempt(contest: &Contest, recorded: &Recorded) -> Option<FoundView> {
        let started = &recorded.started;
        let period = contest.period(started.period)?;
        let by_now = contest.by_now(recorded).map(|by_now| by_now.outcome);
        let came_to = match &by_now {
            None => "正在答".to_owned(),
            Some(outcome) if outcome.ending == Ending::HandedBack => "已退还".to_owned(),
            Some(outcome) => format!("{} 分", outcome.score),
        };
        let name = contest.roster.with(started.participant, |player| player.name.to_string()).unwrap_or_default();
        Some(FoundView::Attempt {
            id: contest.keys.attempt(started.attempt),
            name,
            line: format!("{} 第 {} 次 · {came_to}", period.round.name, started.number),
            started_at: started.at.0,
        })
    }
}

/// City, county, organisation, group.
pub(super) fn participant_line(contest: &Contest, participant: ParticipantId) -> String {
    let season = &contest.season;
    let Some(place) = contest.roster.with(participant, |player| player.place) else { return String::new() };
    let city = Some(season.region.city(place.city).name.clone());
    let county = place.county.map(|county| season.region.county(county).name.clone());
    let organisation = place.organisation.map(|index| season.organisations[index.0 as usize].name.clone());
    let group = place.group.map(|group| season.groups[usize::from(group.0)].name.clone());
    [city, county, organisation, group].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

#[derive(Serialize, ToSchema)]
#[schema(as = AttemptParticipant)]
struct WhoseView {
    id: String,
    name: String,
    line: String,
    city: String,
    county: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct RoundRules {
    id: String,
    name: String,
    /// The sentences of the public rules page.
    rules: Vec<String>,
}

#[derive(Serialize, ToSchema)]
struct PeriodView {
    number: u32,
    commitment: String,
    /// Anyone may draw the paper again by now.
    secret_out: bool,
}

#[derive(Serialize, ToSchema)]
struct RanksNow {
    region: u64,
    city: u64,
    county: Option<u64>,
}

#[derive(Serialize, ToSchema)]
struct BothRanksNow {
    round: Option<RanksNow>,
    season: Option<RanksNow>,
}

/// What was told when it ended.
#[derive(Serialize, ToSchema)]
struct ToldThen {
    score: u32,
    correct: u32,
    elapsed_ms: u64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = AttemptEvent)]
struct EventView {
    at: i64,
    /// started, asked, answered, passed, timed_out, left, dropped, resumed, superseded, outage, paused, time_given, reported, handed_in,
    /// handed_back, ended or corrected
    kind: &'static str,
    seq: Option<u32>,
    sentence: String,
    rule: Option<String>,
}

/// A question as it was shown.
#[derive(Serialize, ToSchema)]
#[schema(as = AttemptQuestion)]
struct ShownQuestion {
    seq: u32,
    bank: String,
    question: String,
    kind: KindView,
    stem: String,
    /// In the order in which they were shown; chosen, key and accepted are places in it, from 0.
    options: Vec<String>,
    /// Null: not answered.
    chosen: Option<Vec<usize>>,
    /// Null where it may not be told.
    key: Option<Vec<usize>>,
    accepted: Vec<Vec<usize>>,
    annulled: bool,
    correct: Option<bool>,
    points: Option<u32>,
    /// What it was worth.
    worth: u32,
    /// What it earned when the result was told, where that is not what it earns now.
    points_then: Option<u32>,
    elapsed_ms: Option<u32>,
    limit_ms: Option<u32>,
    asked_at: i64,
    settled_at: Option<i64>,
    /// `answered`, `passed`, `timed_out`, `left` or `open`
    state: &'static str,
}

#[derive(Serialize, ToSchema)]
struct ComplaintOf {
    id: String,
    at: i64,
    state: String,
    words: String,
    place: String,
}

/// One attempt with everything that happened in it.
#[derive(Serialize, ToSchema)]
pub(super) struct AttemptStory {
    id: String,
    /// When this page was made.
    now: i64,
    time_zone: String,
    participant: WhoseView,
    round: RoundRules,
    period: PeriodView,
    /// The how-manieth of the participant in its round.
    number: u32,
    /// `open`, `ended` or `handed_back`
    state: &'static str,
    receipt: Option<String>,
    score: u32,
    correct: u32,
    of: u32,
    full: u32,
    elapsed_ms: u64,
    was: Option<ToldThen>,
    started_at: i64,
    finished_at: Option<i64>,
    /// In tallies and on boards.
    counted: bool,
    ranks: BothRanksNow,
    /// Right and wrong are told; false: the round's feedback does not allow it yet, and whoever looks after a place sees no more.
    keys: bool,
    /// Moments were worked out from what was measured, since the ledger is too long to be read for them.
    worked_out: bool,
    /// Comings and goings of phones may be missing.
    gap: bool,
    events: Vec<EventView>,
    questions: Vec<ShownQuestion>,
    complaints: Vec<ComplaintOf>,
}

impl AttemptStory {
    pub(super) fn of(
        contest: &Contest,
        looked: &Looked,
        beside: &Beside,
        gap: bool,
        complaints: &[ComplaintRow],
    ) -> AttemptStory {
        let season = &contest.season;
        let Looked { recorded, period, attempt, by_now, .. } = looked;
        let started = &recorded.started;
        let ended = recorded.ended.as_ref().map(|(_, ended)| ended);
        let outcome = by_now.as_ref().map(|by_now| by_now.outcome);
        let ending = outcome.map(|outcome| outcome.ending);
        let vouched = ended.filter(|ended| ended.ending != Ending::HandedBack);
        let receipt = vouched.map(|ended| contest.receipt_of(started, ended, period));
        let events = attempt_story::events(looked, beside, receipt.as_deref());
        let was = ended.zip(outcome).filter(|(ended, outcome)| {
            (ended.score, ended.correct, ended.elapsed_ms) != (outcome.score, outcome.correct, outcome.elapsed_ms)
        });
        AttemptStory {
            id: contest.keys.attempt(started.attempt),
            now: contest.now().0,
            time_zone: season.time_zone.name().to_owned(),
            participant: whose(contest, started.participant),
            round: RoundRules {
                id: period.round.id.0.clone(),
                name: period.round.name.clone(),
                rules: season.sentences(Some(period.index)),
            },
            period: PeriodView {
                number: period.number,
                commitment: period.commitment.to_string(),
                secret_out: period.secret_is_out(),
            },
            number: started.number,
            state: attempt_story::state(ending),
            score: attempt.score(),
            correct: attempt.correct(),
            of: attempt.of(),
            full: period.round.full_marks(),
            elapsed_ms: attempt.elapsed_ms(),
            was: was.map(|(ended, _)| ToldThen {
                score: ended.score,
                correct: ended.correct,
                elapsed_ms: ended.elapsed_ms,
            }),
            started_at: started.at.0,
            finished_at: ended.map(|ended| ended.at.0),
            counted: period.round.counts && vouched.is_some(),
            ranks: ranks(contest, looked),
            receipt,
            keys: beside.keys,
            worked_out: looked.rows.is_none(),
            gap,
            events: events.into_iter().map(EventView::of).collect(),
            questions: questions(looked, beside.keys),
            complaints: complaints
                .iter()
                .map(|row| ComplaintOf {
                    id: row.id.clone(),
                    at: row.at.0,
                    state: row.state.clone(),
                    words: row.words.clone(),
                    place: place_name(&row.place, season),
                })
                .collect(),
        }
    }
}

impl EventView {
    fn of(event: Event) -> EventView {
        let Event { at, kind, seq, sentence, rule } = event;
        EventView { at: at.0, kind, seq, sentence, rule }
    }
}

fn whose(contest: &Contest, participant: ParticipantId) -> WhoseView {
    let season = &contest.season;
    let who = contest.roster.with(participant, |player| roster::who(season, &player.name, player.place));
    let (name, city, county) = who.map(|who| (who.name, who.city, who.county)).unwrap_or_default();
    WhoseView {
        id: contest.keys.participant(participant),
        name,
        line: participant_line(contest, participant),
        city,
        county,
    }
}

fn ranks(contest: &Contest, looked: &Looked) -> BothRanksNow {
    let participant = looked.recorded.started.participant;
    let Some(place) = contest.roster.with(participant, |player| player.place) else {
        return BothRanksNow { round: None, season: None };
    };
    let scoreboard = contest.scoreboard();
    let of = |of| {
        let ranks = scoreboard.ranks(of, participant, place)?;
        Some(RanksNow { region: ranks.region, city: ranks.city, county: ranks.county })
    };
    let round = if looked.period.round.counts { of(Some(looked.period.index)) } else { None };
    BothRanksNow { round, season: of(None) }
}

fn questions(looked: &Looked, keys: bool) -> Vec<ShownQuestion> {
    let (period, attempt) = (&looked.period, &looked.attempt);
    let scheme = period.scheme();
    let moments = attempt_story::moments(looked);
    let shown = (1..).zip(moments).filter_map(|(seq, moments)| {
        let question = attempt.question(period.rules(&PUBLISHED), seq)?;
        let index = attempt.paper.question(seq)?;
        let judging = scheme.judging(index);
        let order = attempt.paper.order(seq, question);
        let settled = attempt.settled().get(seq as usize - 1);
        let then = looked.told.settled().get(seq as usize - 1);
        // What is open keeps its key.
        let tells = keys && settled.is_some();
        let shown = |choices| order.to_shown(choices).places().collect::<Vec<_>>();
        let key = judging.map_or(question.key, |judging| judging.key_told(question));
        Some(ShownQuestion {
            seq,
            bank: period.bank.bank.clone(),
            question: question.id.0.clone(),
            kind: KindView::of(question.kind),
            stem: question.stem.clone(),
            options: order.places().map(|place| question.options[place].clone()).collect(),
            chosen: settled.and_then(|settled| match settled.given {
                Given::Chosen(chosen) => Some(shown(chosen)),
                Given::TimedOut | Given::Left => None,
            }),
            key: tells.then(|| shown(key)),
            accepted: match judging.filter(|_| tells) {
                Some(judging) => judging.accepted().iter().map(|answer| shown(*answer)).collect(),
                None => Vec::new(),
            },
            annulled: judging.is_some_and(Judging::is_annulled),
            correct: settled.filter(|_| tells).map(|settled| settled.correct),
            points: settled.filter(|_| tells).map(|settled| settled.points),
            worth: period.round.blueprint.section_of(seq).map_or(0, |section| section.points),
            points_then: then
                .zip(settled)
                .filter(|(then, now)| tells && then.points != now.points)
                .map(|(then, _)| then.points),
            elapsed_ms: settled.map(|settled| settled.elapsed_ms),
            limit_ms: period.round.limits.question_ms,
            asked_at: moments.asked.0,
            settled_at: moments.settled.map(|at| at.0),
            state: match settled.map(|settled| settled.given) {
                None => "open",
                Some(Given::Chosen(chosen)) if chosen.is_empty() => "passed",
                Some(Given::Chosen(_)) => "answered",
                Some(Given::TimedOut) => "timed_out",
                Some(Given::Left) => "left",
            },
        })
    });
    shown.collect()
}
