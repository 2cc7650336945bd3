//! After the last paper: every attempt that was told, in the histories, the reviews, the boards and the cities' indices.

mod boards;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::crowd::{Crowd, Person};
use crate::findings::{Faults, fingerprint};
use crate::http::in_path;
use crate::order::Me;
use crate::player::{Mine, Played, referee};
use crate::scoring::{Finished, Scoring, Tally};
use crate::season::{Feedback, Season};
use crate::wire::mask_of;

pub(crate) use boards::{boards, settled};

const AT_ONCE: usize = 48;
/// Receipts looked up as a stranger would.
const RECEIPTS_MAX: usize = 200;

/// An attempt in a participant's history.
#[derive(Debug, Deserialize)]
pub(crate) struct Attempt {
    pub id: String,
    pub round: String,
    pub score: Option<i64>,
    pub correct: Option<u32>,
    pub of: u32,
    pub elapsed_ms: i64,
    pub started_at: i64,
    pub finished_at: Option<i64>,
    pub receipt: Option<String>,
    pub review: Option<Vec<Reviewed>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Reviewed {
    seq: u32,
    stem: String,
    options: Vec<String>,
    chosen: Option<Vec<u8>>,
    key: Vec<u8>,
    correct: bool,
    points: i64,
}

#[derive(Deserialize)]
struct Page {
    attempts: Vec<Attempt>,
}

/// A participant with all that its attempts came to, by round.
pub(crate) struct Closed {
    pub person: Person,
    pub tallies: Vec<Option<Tally>>,
    /// Counted, finished attempts.
    pub attempts: Vec<u64>,
    /// What `around=me` told on the region's board.
    pub me: Vec<Option<Me>>,
}

/// Checks each participant's history, limits, reviews and own place; in the order of the participants.
pub(crate) async fn histories(crowd: &Arc<Crowd>, players: Vec<(Person, Vec<Played>)>, exclusive: bool) -> Vec<Closed> {
    let permits = Arc::new(Semaphore::new(AT_ONCE));
    let every = players.len().div_ceil(RECEIPTS_MAX);
    let mut tasks = JoinSet::new();
    for (person, played) in players {
        let (crowd, permits) = (Arc::clone(crowd), Arc::clone(&permits));
        let receipt_too = person.index % every == 0;
        tasks.spawn(async move {
            let _permit = permits.acquire().await;
            let mut faults = Faults::default();
            let who = person.shown();
            let closed = history(&crowd, person, &played, exclusive, &mut faults).await;
            if receipt_too && let Some(last) = played.last() {
                receipt(&crowd, last, &mut faults).await;
            }
            crowd.findings.take(&who, &mut faults);
            closed
        });
    }
    let mut all = Vec::new();
    while let Some(done) = tasks.join_next().await {
        match done {
            Ok(closed) => all.push(closed),
            Err(error) => crowd.fail(format!("the closing checks broke off: {error}")),
        }
    }
    all.sort_by_key(|c| c.person.index);
    all
}

async fn history(crowd: &Crowd, person: Person, played: &[Played], exclusive: bool, faults: &mut Faults) -> Closed {
    let attempts = match all_attempts(crowd, &person).await {
        Ok(attempts) => attempts,
        Err(error) => {
            faults.add("history", format!("{error:#}"));
            Vec::new()
        }
    };
    all_told_are_kept(crowd, &attempts, played, faults);
    let rounds = crowd.rounds.len();
    let mut closed =
        Closed { person, tallies: vec![None; rounds], attempts: vec![0; rounds], me: Vec::with_capacity(rounds) };
    for (number, round) in crowd.rounds.iter().enumerate() {
        let here: Vec<&Attempt> = attempts.iter().filter(|a| a.round == round.id).collect();
        limits_held(crowd, number, &here, faults);
        if round.counts {
            let mut finished: Vec<Finished> = here.iter().filter_map(|a| finished(crowd, a)).collect();
            finished.sort_by_key(|f| f.finished_at);
            closed.attempts[number] = finished.len() as u64;
            closed.tallies[number] = round.tally.of(&finished);
        }
        closed.me.push(boards::own_place(crowd, &closed, number, faults).await);
    }
    for told in played.iter().filter(|p| p.lines.is_some()) {
        review(crowd, &closed.person, told, faults).await;
    }
    me(crowd, &closed, &attempts, exclusive, faults).await;
    closed
}

/// Newest first, page after page.
async fn all_attempts(crowd: &Crowd, person: &Person) -> anyhow::Result<Vec<Attempt>> {
    let mut all: Vec<Attempt> = Vec::new();
    loop {
        let path = match all.last() {
            Some(last) => format!("/me/attempts?before={}", in_path(&last.id)),
            None => "/me/attempts".to_owned(),
        };
        let page: Page = crowd.http.read(&path, Some(&person.token)).await?;
        if page.attempts.is_empty() {
            return Ok(all);
        }
        anyhow::ensure!(!all.iter().any(|a| a.id == page.attempts[0].id), "{path} begins with an attempt told before");
        all.extend(page.attempts);
    }
}

/// Nothing told is lost, nothing is there that was never told.
fn all_told_are_kept(crowd: &Crowd, kept: &[Attempt], played: &[Played], faults: &mut Faults) {
    if kept.windows(2).any(|pair| pair[0].started_at < pair[1].started_at) {
        faults.add("history: order", "not the newest first");
    }
    let mut left: HashMap<&str, &Attempt> = kept.iter().map(|a| (a.id.as_str(), a)).collect();
    if left.len() != kept.len() {
        faults.add("history: doubled", format!("{} entries for {} attempts", kept.len(), left.len()));
    }
    for told in played {
        let Some(attempt) = left.remove(told.id.as_str()) else {
            faults.add("history: lost", format!("attempt {} was told to have ended", told.id));
            continue;
        };
        faults.differs("history: round", attempt.round.as_str(), &crowd.rounds[told.round].id);
        if attempt.score.is_some() && told.score.is_some() {
            faults.differs("history: score", attempt.score, told.score);
            faults.differs("history: correct", attempt.correct, told.correct);
        }
        faults.differs("history: of", attempt.of, crowd.rounds[told.round].of);
        faults.differs("history: elapsed_ms", attempt.elapsed_ms, told.elapsed_ms);
        faults.differs("history: receipt", attempt.receipt.as_deref(), Some(told.receipt.as_str()));
        if attempt.finished_at.is_none_or(|at| at < attempt.started_at) {
            faults.add("history: finished_at", format!("{}: {:?}", attempt.id, attempt.finished_at));
        }
    }
    for attempt in left.into_values().filter(|a| a.finished_at.is_some()) {
        faults.add("history: never told", format!("attempt {} of round {}", attempt.id, attempt.round));
    }
}

fn finished(crowd: &Crowd, attempt: &Attempt) -> Option<Finished> {
    Some(Finished {
        score: attempt.score?,
        elapsed_ms: attempt.elapsed_ms,
        finished_at: attempt.finished_at?,
        day: crowd.season.day(attempt.started_at),
    })
}

fn limits_held(crowd: &Crowd, round: usize, attempts: &[&Attempt], faults: &mut Faults) {
    let limits = crowd.rounds[round].attempts;
    let (mut by_day, mut by_week) = (BTreeMap::<i64, u32>::new(), BTreeMap::<i64, u32>::new());
    for attempt in attempts {
        let day = crowd.season.day(attempt.started_at);
        *by_day.entry(day).or_default() += 1;
        *by_week.entry(Season::week(day)).or_default() += 1;
    }
    let most = |by: &BTreeMap<i64, u32>| by.values().copied().max().unwrap_or(0);
    for (what, started, allowed) in [
        ("a day", most(&by_day), limits.per_day),
        ("a week", most(&by_week), limits.per_week),
        ("in all", attempts.len() as u32, limits.in_all),
    ] {
        if allowed.is_some_and(|allowed| started > allowed) {
            faults.add("limit: exceeded", format!("{started} {what} in round {}", crowd.rounds[round].id));
        }
    }
}

async fn review(crowd: &Crowd, person: &Person, told: &Played, faults: &mut Faults) {
    let path = format!("/me/attempts/{}", in_path(&told.id));
    let attempt: Attempt = match crowd.http.read(&path, Some(&person.token)).await {
        Ok(attempt) => attempt,
        Err(error) => return faults.add("review", format!("{error:#}")),
    };
    let (round, lines) = (&crowd.rounds[told.round], told.lines.as_deref().unwrap_or_default());
    let open = matches!(round.feedback, Feedback::AfterEach | Feedback::AfterPaper);
    let Some(review) = attempt.review else {
        if open {
            faults.add("review: missing", format!("attempt {} with feedback {:?}", told.id, round.feedback));
        }
        return;
    };
    if !open {
        return faults.add("review: too soon", format!("attempt {} with feedback {:?}", told.id, round.feedback));
    }
    let referee = referee(crowd, told.round);
    for (number, line) in lines.iter().enumerate() {
        let seq = number as u32 + 1;
        let Some(shown) = review.iter().find(|r| r.seq == seq) else {
            faults.add("review: question missing", format!("question {seq} of {}", told.id));
            continue;
        };
        if line.mark == 0 || line.unsure {
            continue;
        }
        let mut line = line.clone();
        let key = mask_of(&shown.key);
        // Without a bank the review is the first to tell the key.
        let known = *line.key.get_or_insert(key);
        let chosen = shown.chosen.as_deref().map(mask_of);
        let told_now = (fingerprint(&shown.stem, &shown.options), key, chosen.unwrap_or(0), shown.correct);
        let played = (line.mark, known, line.chosen.unwrap_or(0), line.correct().unwrap_or(false));
        if told_now != played {
            faults.add(
                "review: otherwise",
                format!("question {seq} of {}: told {told_now:?}, played {played:?}", told.id),
            );
        }
        if let Some(earned) = referee.line_earned(&line) {
            faults.differs("review: points", shown.points, earned);
        }
    }
    let sum: i64 = review.iter().map(|r| r.points).sum();
    let right = review.iter().filter(|r| r.correct).count() as u32;
    if !matches!(round.scoring, Scoring::Threshold { .. }) {
        faults.differs("review: sum of points", Some(sum), attempt.score);
    }
    faults.differs("review: right answers", Some(right), attempt.correct);
}

/// `GET /me`: what is left, and the rank.
async fn me(crowd: &Crowd, closed: &Closed, attempts: &[Attempt], exclusive: bool, faults: &mut Faults) {
    let mine: Mine = match crowd.http.read("/me", Some(&closed.person.token)).await {
        Ok(mine) => mine,
        Err(error) => return faults.add("me", format!("{error:#}")),
    };
    for (number, round) in crowd.rounds.iter().enumerate() {
        let Some(told) = mine.rounds.iter().find(|r| r.id == round.id) else {
            faults.add("me: round missing", round.id.clone());
            continue;
        };
        let days: Vec<i64> =
            attempts.iter().filter(|a| a.round == round.id).map(|a| crowd.season.day(a.started_at)).collect();
        let today = crowd.season.day(crate::clock::unix_ms() as i64);
        let in_day = days.iter().filter(|&&d| d == today).count() as u32;
        let in_week = days.iter().filter(|&&d| Season::week(d) == Season::week(today)).count() as u32;
        let left = |allowed: Option<u32>, used: u32| allowed.map(|n| n.saturating_sub(used));
        faults.differs("me: left_today", told.left_today, left(round.attempts.per_day, in_day));
        faults.differs("me: left_week", told.left_week, left(round.attempts.per_week, in_week));
        faults.differs("me: left", told.left, left(round.attempts.in_all, days.len() as u32));
        if exclusive && round.counts {
            faults.differs("me: rank", told.rank, closed.me[number].as_ref().map(|m| m.rank));
        }
    }
}

/// `GET /receipts/{receipt}`: the same result, and nothing personal.
async fn receipt(crowd: &Crowd, told: &Played, faults: &mut Faults) {
    let path = format!("/receipts/{}", in_path(&told.receipt));
    let shown: serde_json::Value = match crowd.http.read(&path, None).await {
        Ok(shown) => shown,
        Err(error) => return faults.add("receipt", format!("{error:#}")),
    };
    let round = &crowd.rounds[told.round];
    if shown["round"] != round.id.as_str() {
        faults.add("receipt: round", shown.to_string());
    }
    if told.score.is_some() && shown["score"].is_i64() && shown["score"].as_i64() != told.score {
        faults.add("receipt: score", format!("told {:?}, now {shown}", told.score));
    }
    const PUBLIC: [&str; 6] = ["state", "round", "finished_at", "score", "correct", "of"];
    if let Some(more) = shown.as_object().and_then(|o| o.keys().find(|k| !PUBLIC.contains(&k.as_str()))) {
        faults.add("receipt: more than its fields", more.clone());
    }
}
