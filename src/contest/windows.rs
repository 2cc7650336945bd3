//! When each round closes by now, and which stand still: the season file's window, moved by outages, pauses and extensions in the
//! ledger's order. Pure, so that a start comes to what the running server had.

use crate::domain::ids::RoundIndex;
use crate::domain::season::Season;
use crate::domain::time::Timestamp;
use crate::ledger::entry::Act;
use crate::ledger::entry::Note;
use crate::ledger::store::Noted;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Windows(Vec<Window>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Window {
    opens: Timestamp,
    closes: Timestamp,
    /// Since when the round stands still.
    paused: Option<Timestamp>,
}

/// What a round's clocks have to make up for.
pub type Span = (RoundIndex, Timestamp, Timestamp);

impl Windows {
    pub fn of(season: &Season) -> Windows {
        let window =
            |round: &crate::domain::rules::Round| Window { opens: round.opens, closes: round.closes, paused: None };
        Windows(season.rounds.iter().map(window).collect())
    }

    fn window(&self, round: RoundIndex) -> &Window {
        &self.0[usize::from(round.0)]
    }

    fn rounds(&self) -> impl Iterator<Item = RoundIndex> + use<> {
        (0..self.0.len()).map(|i| RoundIndex(i as u16))
    }

    pub fn closes(&self, round: RoundIndex) -> Timestamp {
        self.window(round).closes
    }

    /// When it closes if it runs on at `now`: the end of a round that stands still moves away.
    pub fn closes_by(&self, round: RoundIndex, now: Timestamp) -> Timestamp {
        let mut window = *self.window(round);
        if let Some(since) = window.paused {
            window.gives_back(since, now);
        }
        window.closes
    }

    pub fn paused(&self, round: RoundIndex) -> Option<Timestamp> {
        self.window(round).paused
    }

    /// Those that an act on this round, or on all, is about.
    pub fn meant(&self, round: Option<RoundIndex>) -> impl Iterator<Item = RoundIndex> + use<> {
        self.rounds().filter(move |one| round.is_none_or(|round| round == *one))
    }

    /// The server was away. A round that stood still loses nothing more by it, and stood still from then on at the latest. Which
    /// rounds' clocks have to make up for it.
    pub fn outage(&mut self, from: Timestamp, to: Timestamp) -> Vec<RoundIndex> {
        let mut concerned = Vec::new();
        for (i, window) in self.0.iter_mut().enumerate() {
            match &mut window.paused {
                Some(since) => *since = from.min(*since),
                None => {
                    window.gives_back(from, to);
                    concerned.push(RoundIndex(i as u16));
                }
            }
        }
        concerned
    }

    /// Those that stand still from `at` on, and did not before.
    pub fn pause(&mut self, round: Option<RoundIndex>, at: Timestamp) -> Vec<RoundIndex> {
        let meant: Vec<RoundIndex> = self.meant(round).filter(|one| self.paused(*one).is_none()).collect();
        for one in &meant {
            self.0[usize::from(one.0)].paused = Some(at);
        }
        meant
    }

    /// Those that run on from `at`, each with the time for which it stood still.
    pub fn resume(&mut self, round: Option<RoundIndex>, at: Timestamp) -> Vec<Span> {
        let mut spans = Vec::new();
        for one in self.meant(round) {
            let window = &mut self.0[usize::from(one.0)];
            if let Some(since) = window.paused.take() {
                window.gives_back(since, at);
                spans.push((one, since, at.max(since)));
            }
        }
        spans
    }

    pub fn extend(&mut self, round: RoundIndex, closes: Timestamp) {
        self.0[usize::from(round.0)].closes = closes;
    }

    /// Takes back an extension from `was` to `closes`; nothing closes before `at`, the moment of taking it back.
    pub fn shorten(&mut self, round: RoundIndex, (was, closes): (Timestamp, Timestamp), at: Timestamp) {
        let window = &mut self.0[usize::from(round.0)];
        window.closes = at.max(window.closes.plus_ms(-closes.since(was)));
    }

    /// Takes up an act, if it is one of windows; rounds that the season no longer has are passed over. `undone` is the act that
    /// an [`Act::Undone`] names.
    pub fn take(&mut self, season: &Season, at: Timestamp, act: &Act, undone: Option<&Act>) {
        let of_id = |id: &str| season.round_of_id(id);
        match (act, undone) {
            (Act::Paused { round: None, .. }, _) => drop(self.pause(None, at)),
            (Act::Resumed { round: None }, _) => drop(self.resume(None, at)),
            (Act::Paused { round: Some(id), .. }, _) => {
                if let Some(round) = of_id(id) {
                    self.pause(Some(round), at);
                }
            }
            (Act::Resumed { round: Some(id) }, _) => {
                if let Some(round) = of_id(id) {
                    self.resume(Some(round), at);
                }
            }
            (Act::Extended { round, closes, .. }, _) => {
                if let Some(round) = of_id(round) {
                    self.extend(round, *closes);
                }
            }
            (Act::Undone { .. }, Some(Act::Extended { round, was, closes })) => {
                if let Some(round) = of_id(round) {
                    self.shorten(round, (*was, *closes), at);
                }
            }
            _ => {}
        }
    }
}

impl Window {
    /// Its end moves on by what of the time from `from` to `to` lay within it.
    fn gives_back(&mut self, from: Timestamp, to: Timestamp) {
        let lost = to.since(from.max(self.opens));
        if self.closes < Timestamp::MAX && from < self.closes && lost > 0 {
            self.closes = self.closes.plus_ms(lost);
        }
    }
}

/// Each round's window after every outage, pause and extension that is noted.
pub(crate) fn windows_by_now(season: &Season, notes: &[Noted]) -> Windows {
    let mut windows = Windows::of(season);
    notes.iter().for_each(|noted| drop(windows_after(&mut windows, season, notes, noted)));
    windows
}

/// Takes up one note of `notes`, where it is one of windows. Of an outage: which rounds' clocks make up for it.
pub(crate) fn windows_after(windows: &mut Windows, season: &Season, notes: &[Noted], noted: &Noted) -> Vec<RoundIndex> {
    match &noted.note {
        Note::Outage { from, to } => return windows.outage(*from, *to),
        Note::Act { act: act @ Act::Undone { of, .. }, .. } => {
            let place = notes.binary_search_by_key(of, |noted| noted.n).ok();
            let undone = place.and_then(|place| match &notes[place].note {
                Note::Act { act, .. } => Some(act),
                _ => None,
            });
            windows.take(season, noted.at, act, undone);
        }
        Note::Act { act, .. } => windows.take(season, noted.at, act, None),
        _ => {}
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: RoundIndex = RoundIndex(0);

    fn at(ms: i64) -> Timestamp {
        Timestamp(ms)
    }

    /// One round from 100 to 1,000, and one that is always open.
    fn windows() -> Windows {
        let window = |opens, closes| Window { opens: at(opens), closes, paused: None };
        Windows(vec![window(100, at(1_000)), window(0, Timestamp::MAX)])
    }

    #[test]
    fn a_pause_moves_the_end_by_what_of_it_lay_within_the_window() {
        let check = |from: i64, to: i64, closes: i64| {
            let mut windows = windows();
            windows.pause(Some(ONE), at(from));
            assert_eq!(windows.closes(ONE), at(1_000), "not before it is over");
            assert_eq!(windows.closes_by(ONE, at(to)), at(closes), "{from} to {to}");
            assert_eq!(windows.resume(Some(ONE), at(to)), [(ONE, at(from), at(to))]);
            assert_eq!(windows.closes(ONE), at(closes), "{from} to {to}");
        };
        check(200, 300, 1_100);
        check(50, 300, 1_200);
        check(10, 90, 1_000);
        check(900, 5_000, 5_100);
        check(1_000, 2_000, 1_000);
    }

    #[test]
    fn what_stands_still_is_paused_once_and_what_runs_is_not_resumed() {
        let mut windows = windows();
        assert_eq!(windows.pause(None, at(200)), [ONE, RoundIndex(1)]);
        assert_eq!(windows.pause(Some(ONE), at(300)), []);
        assert_eq!(windows.resume(Some(ONE), at(400)).len(), 1);
        assert_eq!(windows.resume(None, at(500)), [(RoundIndex(1), at(200), at(500))]);
        assert_eq!(windows.resume(None, at(600)), []);
        assert_eq!(windows.closes(RoundIndex(1)), Timestamp::MAX);
    }

    #[test]
    fn an_outage_within_a_pause_is_given_back_once() {
        let mut windows = windows();
        windows.pause(Some(ONE), at(200));
        assert_eq!(windows.outage(at(190), at(500)), [RoundIndex(1)], "only what ran makes up for it");
        assert_eq!(windows.resume(Some(ONE), at(600)), [(ONE, at(190), at(600))], "both together, from the earlier on");
        assert_eq!(windows.closes(ONE), at(1_410));
        assert_eq!(windows.outage(at(700), at(800)), [ONE, RoundIndex(1)]);
        assert_eq!(windows.closes(ONE), at(1_510));
    }

    #[test]
    fn an_extension_is_taken_back_but_not_to_before_now() {
        let check = |now: i64, closes: i64| {
            let mut windows = windows();
            windows.extend(ONE, at(2_000));
            windows.outage(at(500), at(600));
            windows.shorten(ONE, (at(1_000), at(2_000)), at(now));
            assert_eq!(windows.closes(ONE), at(closes));
        };
        check(700, 1_100);
        check(1_500, 1_500);
    }
}
