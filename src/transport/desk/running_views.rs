//! What the desk tells of a season that runs: its figures, the acts on it, what was told to everyone.

use crate::contest::acts_record::OnRecord;
use crate::contest::core::Contest;
use crate::contest::core::Life;
use crate::contest::recovery::indexed;
use crate::domain::time::Timestamp;
use crate::ledger::desk::NoticeRow;
use crate::ledger::lane::QUEUE_ENTRIES;
use crate::office::acts;
use crate::transport::season_view::life_text;
use crate::transport::state::App;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What may be refused over the socket, and at the door.
const CODES: [&str; 24] = [
    "bad_message",
    "hello_first",
    "unknown_token",
    "participants_only",
    "season_not_open",
    "round_not_open",
    "round_paused",
    "unknown_round",
    "attempts_exhausted",
    "attempt_in_progress",
    "unknown_attempt",
    "wrong_seq",
    "too_late",
    "already_answered",
    "bad_choices",
    "not_eligible",
    "rate_limited",
    "busy",
    "unavailable",
    "excluded",
    "bad_request",
    "unauthorised",
    "full",
    "out_of_files",
];

#[derive(Serialize, ToSchema)]
#[schema(as = Running)]
pub(super) struct RunningView {
    now: i64,
    season: SeasonRuns,
    /// Open connections of phones and screens.
    sockets: i64,
    seats: usize,
    live_attempts: usize,
    answers_per_second: u64,
    /// By the second, oldest first; at most ten minutes.
    answers: Vec<u32>,
    starts_today: u32,
    participants: usize,
    queue: Queue,
    /// The mean of the last ten seconds; null: nothing was committed.
    commit_ms: Option<f64>,
    /// Since the process started, by code.
    refused: BTreeMap<&'static str, u64>,
    /// HTTP requests that ended in a fault since the process started.
    errors: u64,
    rounds: Vec<RoundRuns>,
    /// What waits for somebody, the most pressing first.
    todo: Vec<Todo>,
}

#[derive(Serialize, ToSchema)]
struct SeasonRuns {
    id: String,
    name: String,
    /// `upcoming`, `open`, `paused`, `settling` or `closed`
    state: &'static str,
    closes: i64,
}

#[derive(Serialize, ToSchema)]
struct Queue {
    used: usize,
    of: usize,
}

#[derive(Serialize, ToSchema)]
pub(super) struct RoundRuns {
    id: String,
    name: String,
    /// `upcoming`, `open`, `paused`, `settling` or `closed`
    state: &'static str,
    opens: i64,
    closes: i64,
    /// Never closes.
    always_open: bool,
    /// Since when it stands still.
    paused_since: Option<i64>,
    /// There is a limit to which time can be given.
    limited: bool,
    open_attempts: i64,
    starts_today: u32,
}

#[derive(Serialize, ToSchema)]
struct Todo {
    what: String,
    count: usize,
    /// The page to go to, as `running`
    link: String,
}

impl RunningView {
    pub(super) fn of(app: &App) -> RunningView {
        let contest = &app.contest;
        let now = contest.now();
        let season = &contest.season;
        let (seats, live_attempts) = app.pulse.seats(contest, now);
        let figures = app.pulse.figures();
        let rounds = rounds_of(contest, now);
        let times = CODES.map(|code| (code, app.meters.times_refused(code)));
        RunningView {
            now: now.0,
            season: SeasonRuns {
                id: season.id.0.clone(),
                name: season.name.clone(),
                state: life_text(contest.season_life(now)),
                closes: rounds.iter().map(|round| round.closes).fold(season.closes.0, i64::max),
            },
            sockets: app.meters.sockets.get(),
            seats,
            live_attempts,
            answers_per_second: figures.answers_per_second,
            answers: figures.answers,
            starts_today: rounds.iter().map(|round| round.starts_today).sum(),
            participants: contest.roster.len(),
            queue: Queue { used: contest.lane().waiting(), of: QUEUE_ENTRIES },
            commit_ms: figures.commit_ms,
            refused: times.into_iter().filter(|(_, times)| *times > 0).collect(),
            errors: app.meters.faults(),
            todo: todo(&rounds),
            rounds,
        }
    }
}

pub(super) fn rounds_of(contest: &Contest, now: Timestamp) -> Vec<RoundRuns> {
    indexed(&contest.season.rounds).map(|(index, _)| round(contest, index, now)).collect()
}

fn round(contest: &Contest, index: crate::domain::ids::RoundIndex, now: Timestamp) -> RoundRuns {
    let round = contest.season.round(index);
    let closes = contest.closes_by(index, now);
    let life = contest.round_life(index, now);
    let paused = contest.paused_since(index).filter(|_| life != Life::Closed);
    RoundRuns {
        id: round.id.0.clone(),
        name: round.name.clone(),
        state: life_text(life),
        opens: round.opens.0,
        closes: closes.0,
        always_open: closes >= Timestamp::MAX,
        paused_since: paused.map(|at| at.0),
        limited: round.limits.question_ms.is_some() || round.limits.paper_ms.is_some(),
        open_attempts: contest.open_attempts(index),
        starts_today: contest.starts_on(index, contest.season.time_zone.day(now)),
    }
}

fn todo(rounds: &[RoundRuns]) -> Vec<Todo> {
    let paused = rounds.iter().filter(|round| round.paused_since.is_some()).count();
    let mut todo = Vec::new();
    if paused > 0 {
        let what = format!("{paused} 个场次暂停着，事情办好以后请恢复");
        todo.push(Todo { what, count: paused, link: "running".to_owned() });
    }
    todo
}

#[derive(Serialize, ToSchema)]
#[schema(as = Act)]
pub(super) struct ActView {
    id: String,
    at: i64,
    by: String,
    /// `pause`, `resume`, `extend`, `give_time`, `give_back`, `exclude`, `reinstate`, `rename`, `hide`, `show` or `undo`
    kind: &'static str,
    /// `season`, `round:ID`, `participant:ID`, a place, or `act:ID`
    subject: String,
    /// What was done, in Chinese.
    sentence: String,
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    undone: Option<UndoneView>,
    undoable: bool,
    /// Why it cannot be undone.
    #[serde(skip_serializing_if = "Option::is_none")]
    why_not: Option<&'static str>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ActUndone)]
struct UndoneView {
    at: i64,
    by: String,
    reason: String,
}

impl ActView {
    pub(super) fn of(contest: &Contest, on_record: &OnRecord) -> ActView {
        let why_not = contest.cannot_undo(on_record);
        ActView {
            id: on_record.n.to_string(),
            at: on_record.at.0,
            by: on_record.deed.by.clone(),
            kind: acts::kind(&on_record.act).0,
            subject: acts::subject(contest, &on_record.act),
            sentence: acts::sentence(contest, &on_record.act),
            reason: on_record.deed.reason.clone(),
            undone: on_record.undone.as_ref().map(|undone| UndoneView {
                at: undone.at.0,
                by: undone.deed.by.clone(),
                reason: undone.deed.reason.clone(),
            }),
            undoable: why_not.is_none(),
            why_not,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(super) struct Acts {
    items: Vec<ActView>,
    /// For `before`; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl Acts {
    /// One more than `limit` says that there are more.
    pub(super) fn of(contest: &Contest, acts: &[OnRecord], limit: usize) -> Acts {
        let more = acts.len() > limit;
        let items: Vec<ActView> = acts.iter().take(limit).map(|act| ActView::of(contest, act)).collect();
        Acts { next: items.last().filter(|_| more).map(|last| last.id.clone()), items }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = Notices)]
pub(super) struct NoticesView {
    items: Vec<NoticeView>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Notice)]
pub(super) struct NoticeView {
    id: String,
    at: i64,
    /// `info` or `warning`
    level: String,
    text: String,
    by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    taken_back: Option<UndoneView>,
}

impl NoticesView {
    pub(super) fn of(rows: Vec<NoticeRow>) -> NoticesView {
        NoticesView { items: rows.into_iter().map(NoticeView::of).collect() }
    }
}

impl NoticeView {
    pub(super) fn of(row: NoticeRow) -> NoticeView {
        NoticeView {
            id: row.id,
            at: row.at.0,
            level: row.level,
            text: row.text,
            by: row.by_name,
            taken_back: row.taken_back.map(|taken_back| UndoneView {
                at: taken_back.at.0,
                by: taken_back.by_name,
                reason: taken_back.reason,
            }),
        }
    }
}
