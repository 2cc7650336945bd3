//! A big screen: hello without a token, watches the boards, and holds them to their promises.

use std::sync::Arc;

use serde::Deserialize;
use tokio::sync::watch;

use crate::clock::{Micros, SECOND_US, now_us};
use crate::crowd::Crowd;
use crate::findings::Faults;
use crate::link::{Frame, FrameKind, Link, Lost};
use crate::meter::count;
use crate::order::{Board, page_is_ordered};
use crate::wire;

/// A board comes at most once a second; less than this apart is too often, by the server's own time as well as by ours: one that waited for
/// a processor of a crowded machine comes late, and the next one soon after it.
const APART_US: Micros = SECOND_US * 8 / 10;
const ENTRIES_MAX: usize = 20;
/// Besides the region's board; a socket may watch eight.
const CITIES_MAX: usize = 5;

#[derive(Deserialize)]
struct Which {
    scope: Option<String>,
    by: Option<String>,
    /// By the server's clock, in milliseconds.
    as_of: Micros,
}

#[derive(Default)]
struct Seen {
    /// Of each board, its last revision, when it came, and of when it was.
    last: std::collections::HashMap<String, (u64, Micros, Micros)>,
}

/// Watches until the players have ended; after a lost connection, anew.
pub(crate) async fn spectate(crowd: Arc<Crowd>, number: usize, ended: watch::Receiver<bool>) {
    while !*ended.borrow() && !crowd.is_stopped() {
        let Ok(mut link) = Link::open(&crowd, number).await else {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            continue;
        };
        // What it lost the connection with, the players have told.
        let _ = watch_boards(&crowd, &mut link, &ended).await;
    }
}

async fn watch_boards(crowd: &Crowd, link: &mut Link, ended: &watch::Receiver<bool>) -> Result<(), Lost> {
    link.send("{\"type\":\"hello\"}".to_owned()).await?;
    let Some(round) = crowd.rounds.iter().find(|r| r.counts) else { return Ok(()) };
    link.send(wire::watch("region", &round.id)).await?;
    link.send(wire::watch("cities", &round.id)).await?;
    for city in crowd.season.cities.iter().take(CITIES_MAX) {
        link.send(wire::watch(&format!("city:{}", city.code), &round.id)).await?;
    }
    let mut seen = Seen::default();
    while !*ended.borrow() {
        let Some(frame) = link.next(now_us() + SECOND_US / 2).await? else { continue };
        let mut faults = Faults::default();
        match frame.kind {
            FrameKind::Board => seen.board(crowd, &frame, &mut faults),
            FrameKind::Welcome => {}
            _ => faults.add("spectator: unexpected", frame.text.as_str()),
        }
        crowd.findings.take("spectator", &mut faults);
    }
    Ok(())
}

impl Seen {
    fn board(&mut self, crowd: &Crowd, frame: &Frame, faults: &mut Faults) {
        count(&crowd.meter.counts.boards_watched);
        let Ok(which) = serde_json::from_str::<Which>(&frame.text) else {
            return faults.add("spectator: malformed", frame.text.as_str());
        };
        if which.by.is_some() {
            return;
        }
        let board: Board = match serde_json::from_str(&frame.text) {
            Ok(board) => board,
            Err(error) => return faults.add("spectator: malformed", format!("{error}: {}", frame.text)),
        };
        page_is_ordered("spectator: board", &board, faults);
        if board.entries.len() > ENTRIES_MAX || board.me.is_some() {
            faults.add("spectator: board", format!("{} entries, me {}", board.entries.len(), board.me.is_some()));
        }
        let scope = which.scope.unwrap_or_default();
        let last = self.last.insert(scope.clone(), (board.revision, frame.at, which.as_of));
        if let Some((revision, at, as_of)) = last {
            if board.revision < revision {
                faults.add("spectator: older revision", format!("{scope}: {} after {revision}", board.revision));
            }
            let apart = (frame.at - at).max((which.as_of - as_of) * 1_000);
            if apart < APART_US {
                faults.add("spectator: too often", format!("{scope}: after {apart} µs"));
            }
        }
    }
}
