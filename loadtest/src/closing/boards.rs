//! The boards and the cities' indices against the order and the counts of all who played.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use tokio::time::sleep;

use super::Closed;
use crate::crowd::Crowd;
use crate::findings::Faults;
use crate::http::in_path;
use crate::order::{Board, Me, Standing, page_is_ordered, ranks, sort, whole_page};
use crate::scoring::Tally;

/// Snapshots are made at most once a second; later than this they are late.
const SETTLED_WITHIN_MS: u64 = 10_000;
const LIMIT_MAX: usize = 200;
/// Of each kind of scope, boards read in whole pages.
const SCOPES_MAX: usize = 16;

#[derive(Deserialize)]
struct Cities {
    entries: Vec<CityEntry>,
}

#[derive(Deserialize)]
struct CityEntry {
    /// Null with `value`: too few participants for a comparison.
    rank: Option<u64>,
    code: String,
    value: Option<i64>,
    participants: u64,
    attempts: u64,
}

/// Where a participant stands on the region's board: its own tally, and a page about it in order.
pub(super) async fn own_place(crowd: &Crowd, closed: &Closed, round: usize, faults: &mut Faults) -> Option<Me> {
    if !crowd.rounds[round].counts {
        return None;
    }
    let path = format!("/boards/region?round={}&limit=5&around=me", in_path(&crowd.rounds[round].id));
    let board: Board = match crowd.http.read(&path, Some(&closed.person.token)).await {
        Ok(board) => board,
        Err(error) => {
            faults.add("board: around me", format!("{error:#}"));
            return None;
        }
    };
    page_is_ordered("board: around me", &board, faults);
    let told = board.me.as_ref().map(|m| (m.score, m.elapsed_ms, m.finished_at));
    let expected = closed.tallies[round].map(|t| (t.score, t.elapsed_ms, t.finished_at));
    faults.differs("board: me", told, expected);
    if let Some(me) = &board.me
        && let Some(behind) = &me.behind
        && let Some(ahead) = board.entries.iter().find(|e| e.rank + 1 == me.rank)
    {
        faults.differs("board: behind", behind.score, ahead.score - me.score);
        if ahead.score == me.score {
            faults.differs("board: behind in time", behind.elapsed_ms, me.elapsed_ms - ahead.elapsed_ms);
        }
    }
    board.me
}

/// Everything that ranks more than one.
pub(crate) async fn boards(crowd: &Crowd, all: &[Closed], exclusive: bool, cities_min: u64) {
    let mut faults = Faults::default();
    for (number, round) in crowd.rounds.iter().enumerate().filter(|(_, r)| r.counts) {
        let told = |c: &Closed| Some((c.me[number].as_ref()?.rank, c.tallies[number]?));
        let told: Vec<(u64, Tally)> = all.iter().filter_map(told).collect();
        ranks(told, exclusive, &mut faults);
        for (scope, mut ours) in scopes(all, number) {
            if let Err(error) = one_board(crowd, &round.id, &scope, &mut ours, exclusive, &mut faults).await {
                faults.add("board", format!("{scope}: {error:#}"));
            }
            crowd.findings.take(&format!("board {scope} of round {}", round.id), &mut faults);
        }
        for index in ["participants", "attempts"] {
            if exclusive && let Err(error) = cities(crowd, all, number, index, cities_min, &mut faults).await {
                faults.add("cities", format!("{error:#}"));
            }
        }
        crowd.findings.take(&format!("round {}", round.id), &mut faults);
    }
}

/// Waits until a counting board holds all who have finished; the snapshot may be a second old.
pub(crate) async fn settled(crowd: &Crowd, finishers: &[u64]) {
    for (number, round) in crowd.rounds.iter().enumerate().filter(|(_, r)| r.counts) {
        let path = format!("/boards/region?round={}&limit=1", in_path(&round.id));
        for _ in 0..SETTLED_WITHIN_MS / 100 {
            let board: Option<Board> = crowd.http.read(&path, None).await.ok();
            if board.is_some_and(|b| b.total >= finishers[number]) {
                break;
            }
            sleep(Duration::from_millis(100)).await;
        }
    }
    // Totals can be right while the last improvement is not yet in the snapshot.
    sleep(Duration::from_millis(1_200)).await;
}

async fn one_board(
    crowd: &Crowd,
    round: &str,
    scope: &str,
    ours: &mut [Standing],
    exclusive: bool,
    faults: &mut Faults,
) -> anyhow::Result<()> {
    let path = format!("/boards/{}?round={}&limit={LIMIT_MAX}", in_path(scope), in_path(round));
    let board: Board = crowd.http.read(&path, None).await?;
    page_is_ordered("board: page", &board, faults);
    if board.me.is_some() {
        faults.add("board: me", "told to a stranger");
    }
    if exclusive {
        sort(ours);
        whole_page("board: standing", &board, ours, faults);
        faults.differs("board: entries", board.entries.len(), ours.len().min(LIMIT_MAX));
    }
    Ok(())
}

/// The region's board, and some of each smaller scope, with the standings of ours in each.
fn scopes(all: &[Closed], round: usize) -> BTreeMap<String, Vec<Standing>> {
    let mut scopes: BTreeMap<String, Vec<Standing>> = BTreeMap::new();
    for closed in all {
        let Some(tally) = closed.tallies[round] else { continue };
        let person = &closed.person;
        let standing = Standing { name: person.name.clone(), city: person.city.clone(), tally };
        let mut put = |scope: String| scopes.entry(scope).or_default().push(standing.clone());
        put("region".to_owned());
        put(format!("city:{}", person.city));
        if let Some(county) = &person.county {
            put(format!("county:{county}"));
        }
        if let Some(group) = &person.group {
            put(format!("group:{group}"));
            put(format!("city:{}/group:{group}", person.city));
        }
    }
    let mut kept: BTreeMap<(String, bool), usize> = BTreeMap::new();
    scopes.retain(|scope, _| {
        let kind = scope.split(':').next().unwrap_or_default().to_owned();
        let number = kept.entry((kind, scope.contains('/'))).or_default();
        *number += 1;
        *number <= SCOPES_MAX
    });
    scopes
}

/// `GET /boards/cities?by=participants|attempts`, counted here.
async fn cities(
    crowd: &Crowd,
    all: &[Closed],
    round: usize,
    index: &str,
    cities_min: u64,
    faults: &mut Faults,
) -> anyhow::Result<()> {
    let mut ours: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for closed in all.iter().filter(|c| c.attempts[round] > 0) {
        let city = ours.entry(closed.person.city.as_str()).or_default();
        city.0 += 1;
        city.1 += closed.attempts[round];
    }
    let path = format!("/boards/cities?by={index}&round={}", in_path(&crowd.rounds[round].id));
    let told: Cities = crowd.http.read(&path, None).await?;
    let shown: Vec<&CityEntry> = told.entries.iter().filter(|e| e.value.is_some()).collect();
    for (code, counts) in ours.iter().filter(|(_, (participants, _))| *participants >= cities_min) {
        let Some(entry) = shown.iter().find(|e| e.code == *code) else {
            faults.add("cities: missing", format!("{index} of {code} with {} participants", counts.0));
            continue;
        };
        faults.differs("cities: counts", (code, entry.participants, entry.attempts), (code, counts.0, counts.1));
        let count = if index == "participants" { counts.0 } else { counts.1 };
        // Indices are integers in millionths.
        faults.differs("cities: value", entry.value, Some(count as i64 * 1_000_000));
    }
    for entry in shown.iter().filter(|e| ours.get(e.code.as_str()).is_none_or(|c| c.0 < cities_min)) {
        faults.add(
            "cities: shown with too few",
            format!("{index} of {}: {} participants", entry.code, entry.participants),
        );
    }
    for entry in told.entries.iter().filter(|e| e.rank.is_some() != e.value.is_some()) {
        faults
            .add("cities: rank", format!("{index} of {}: rank {:?}, value {:?}", entry.code, entry.rank, entry.value));
    }
    for pair in shown.windows(2) {
        let place = |e: &CityEntry| (e.value.map(|v| -v), -(e.participants as i64), e.code.clone());
        if place(pair[0]) > place(pair[1]) || pair[0].rank.map(|rank| rank + 1) != pair[1].rank {
            faults.add("cities: order", format!("{index}: {} before {}", pair[0].code, pair[1].code));
        }
    }
    Ok(())
}
