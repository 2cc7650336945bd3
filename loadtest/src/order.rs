//! The total order of a board, computed here: higher score, less elapsed time, earlier finish. Attempt ids are not known, so equals may
//! stand either way round.

use std::cmp::Reverse;

use serde::Deserialize;

use crate::findings::Faults;
use crate::scoring::Tally;

#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub name: String,
    pub city: String,
    pub tally: Tally,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Board {
    pub total: u64,
    pub revision: u64,
    pub entries: Vec<Entry>,
    pub me: Option<Me>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Entry {
    pub rank: u64,
    pub name: String,
    pub city: String,
    pub score: i64,
    pub elapsed_ms: i64,
    pub finished_at: i64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Me {
    pub rank: u64,
    pub score: i64,
    pub elapsed_ms: i64,
    pub finished_at: i64,
    pub behind: Option<Behind>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Behind {
    pub score: i64,
    pub elapsed_ms: i64,
}

type Key = (Reverse<i64>, i64, i64);

fn key(tally: &Tally) -> Key {
    (Reverse(tally.score), tally.elapsed_ms, tally.finished_at)
}

/// Best first.
pub(crate) fn sort(standings: &mut [Standing]) {
    standings.sort_by_key(|s| key(&s.tally));
}

/// The first and the last character stay, the rest is one star. For the names of three and more letters that this test gives.
pub(crate) fn masked(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().unwrap_or_default();
    let last = letters.next_back().unwrap_or_default();
    format!("{first}*{last}")
}

/// A page of a board whose every standing is known here, in order.
pub(crate) fn whole_page(what: &'static str, board: &Board, ours: &[Standing], faults: &mut Faults) {
    if board.total != ours.len() as u64 {
        faults.add(what, format!("total {} where {} have a standing", board.total, ours.len()));
        return;
    }
    for entry in &board.entries {
        let Some(place) = (entry.rank as usize).checked_sub(1).filter(|&p| p < ours.len()) else {
            faults.add(what, format!("rank {} of {}", entry.rank, ours.len()));
            continue;
        };
        let told = (Reverse(entry.score), entry.elapsed_ms, entry.finished_at);
        let expected = key(&ours[place].tally);
        if told != expected {
            faults.add(what, format!("rank {}: told {told:?}, expected {expected:?}", entry.rank));
            continue;
        }
        // Equals may stand either way round, so any of them may be meant.
        let equals = ours[..place].iter().rev().take_while(|s| key(&s.tally) == expected);
        let mut equals = equals.chain(ours[place..].iter().take_while(|s| key(&s.tally) == expected));
        if !equals.any(|s| masked(&s.name) == entry.name && s.city == entry.city) {
            let (name, city) = (&entry.name, &entry.city);
            let expected = (masked(&ours[place].name), &ours[place].city);
            faults.add(what, format!("rank {}: told {name} of {city}, expected {expected:?}", entry.rank));
        }
    }
}

/// A page by itself: ranks one after the other, best first.
pub(crate) fn page_is_ordered(what: &'static str, board: &Board, faults: &mut Faults) {
    for pair in board.entries.windows(2) {
        if pair[1].rank != pair[0].rank + 1 {
            faults.add(what, format!("rank {} follows {}", pair[1].rank, pair[0].rank));
        }
        let [a, b] = [&pair[0], &pair[1]].map(|e| (Reverse(e.score), e.elapsed_ms, e.finished_at));
        if a > b {
            faults.add(what, format!("rank {} {b:?} stands behind {a:?}", pair[1].rank));
        }
    }
}

/// The rank told to each participant (with its tally), against the order of all of them. `whole`: there are no others.
pub(crate) fn ranks(mut told: Vec<(u64, Tally)>, whole: bool, faults: &mut Faults) {
    told.sort_by_key(|(rank, _)| *rank);
    for pair in told.windows(2) {
        if pair[0].0 == pair[1].0 {
            faults.add("board: rank told twice", format!("{}", pair[0].0));
        }
        if key(&pair[0].1) > key(&pair[1].1) {
            let ((a, first), (b, second)) = (pair[0], pair[1]);
            faults.add("board: order", format!("rank {a} {first:?} before rank {b} {second:?}"));
        }
    }
    if whole && let Some((last, _)) = told.last() {
        faults.differs("board: last rank", *last, told.len() as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(score: i64, elapsed_ms: i64, finished_at: i64) -> Tally {
        Tally { score, elapsed_ms, finished_at }
    }

    fn standing(name: &str, tally: Tally) -> Standing {
        Standing { name: name.to_owned(), city: "450100".to_owned(), tally }
    }

    fn entry(rank: u64, name: &str, of: Tally) -> Entry {
        let city = "450100".to_owned();
        let Tally { score, elapsed_ms, finished_at } = of;
        Entry { rank, name: name.to_owned(), city, score, elapsed_ms, finished_at }
    }

    fn board(entries: Vec<Entry>) -> Board {
        Board { total: 3, revision: 1, entries, me: None }
    }

    #[test]
    fn higher_score_then_less_time_then_earlier_finish() {
        let mut all = [
            standing("d", tally(10, 5, 2)),
            standing("b", tally(20, 9, 1)),
            standing("a", tally(20, 5, 9)),
            standing("c", tally(10, 5, 1)),
        ];
        sort(&mut all);
        assert_eq!(all.map(|s| s.name), ["a", "b", "c", "d"]);
    }

    #[test]
    fn names_keep_their_ends() {
        assert_eq!(masked("韦二三四"), "韦*四");
    }

    #[test]
    fn equals_may_stand_either_way_and_nothing_else_may() {
        let ours = [
            standing("一二三", tally(20, 5, 1)),
            standing("四五六", tally(10, 5, 1)),
            standing("七八九", tally(10, 5, 1)),
        ];
        let page = |first: &str, second: &str, third: &str| {
            board(vec![
                entry(1, first, tally(20, 5, 1)),
                entry(2, second, tally(10, 5, 1)),
                entry(3, third, tally(10, 5, 1)),
            ])
        };
        for (page, wrong) in [
            (page("一*三", "四*六", "七*九"), 0),
            (page("一*三", "七*九", "四*六"), 0),
            (page("四*六", "一*三", "七*九"), 2),
        ] {
            let mut faults = Faults::default();
            whole_page("board", &page, &ours, &mut faults);
            assert_eq!(faults.whats().len(), wrong, "{faults:?}");
        }
    }

    #[test]
    fn ranks_are_told_once_each_and_in_order() {
        for (told, whole, whats) in [
            (vec![(2, tally(10, 1, 1)), (1, tally(20, 1, 1))], true, &[][..]),
            (vec![(7, tally(10, 1, 1)), (3, tally(20, 1, 1))], false, &[]),
            (vec![(7, tally(10, 1, 1)), (3, tally(20, 1, 1))], true, &["board: last rank"]),
            (vec![(1, tally(10, 1, 1)), (2, tally(20, 1, 1))], true, &["board: order"]),
            (vec![(1, tally(10, 1, 1)), (1, tally(10, 1, 1))], false, &["board: rank told twice"]),
        ] {
            let mut faults = Faults::default();
            ranks(told, whole, &mut faults);
            assert_eq!(faults.whats(), whats);
        }
    }
}
