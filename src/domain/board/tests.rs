//! What a board promises, against a sorted list that keeps whole standings.

use super::*;
use crate::domain::ids::AttemptId;
use crate::domain::time::Timestamp;
use proptest::prelude::*;
use std::cell::Cell;
use std::collections::HashMap;

fn standing(score: u32, elapsed_ms: u64, finished_at: i64, attempt: i64) -> Standing {
    Standing { score, elapsed_ms, finished_at: Timestamp(finished_at), attempt: AttemptId(attempt) }
}

/// Everyone's standing, by participant.
type Known = HashMap<ParticipantId, Standing>;

fn sorted(known: &Known) -> Vec<ParticipantId> {
    let mut all: Vec<_> = known.iter().map(|(who, standing)| (*standing, *who)).collect();
    all.sort();
    all.into_iter().map(|(_, who)| who).collect()
}

fn alone(_: ParticipantId) -> Standing {
    panic!("nobody ties on score and elapsed time here")
}

#[derive(Clone, Debug)]
enum Act {
    /// Enters, or moves to another standing.
    Reach(i64, Standing),
    Leave(i64),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let standing = (0u32..3, 0u64..4, 0i64..3).prop_map(|(score, elapsed, at)| standing(score, elapsed, at, 0));
    let act = prop_oneof![
        4 => (1i64..80, standing).prop_map(|(who, standing)| Act::Reach(who, standing)),
        2 => (1i64..80).prop_map(Act::Leave),
    ];
    prop::collection::vec(act, 0..400)
}

proptest! {
    #[test]
    fn a_board_agrees_with_a_sorted_list_whatever_happens(acts in acts()) {
        let mut board = Board::<4, 4>::default();
        let mut known = Known::new();
        for (attempt, act) in acts.into_iter().enumerate() {
            match act {
                Act::Reach(who, new) => {
                    let (who, new) = (ParticipantId(who), Standing { attempt: AttemptId(attempt as i64), ..new });
                    let rank = match known.insert(who, new) {
                        Some(old) => board.replace(who, &old, &new, |other| known[&other]),
                        None => board.insert(who, &new, |other| known[&other]),
                    };
                    prop_assert_eq!(sorted(&known)[rank as usize - 1], who);
                }
                Act::Leave(who) => {
                    let who = ParticipantId(who);
                    if let Some(old) = known.remove(&who) {
                        prop_assert!(board.remove(who, &old, |other| known[&other]));
                        prop_assert_eq!(board.rank(who, &old, |other| known[&other]), None);
                    }
                }
            }
            board.check();
        }
        let expected = sorted(&known);
        prop_assert_eq!(board.len(), expected.len() as u64);
        let listed: Vec<_> = board.top(1000).collect();
        let ranked: Vec<_> = (1..).zip(expected.iter().copied()).collect();
        prop_assert_eq!(&listed, &ranked);
        for (rank, who) in ranked {
            prop_assert_eq!(board.rank(who, &known[&who], |other| known[&other]), Some(rank));
            prop_assert_eq!(board.at(rank), Some(who));
        }
    }

    #[test]
    fn pages_are_cut_from_the_one_order(count in 0i64..120, from in 0u64..130, n in 0usize..130, above in 0usize..9) {
        let mut board = Board::<4, 4>::default();
        for who in 1..=count {
            board.append(ParticipantId(who), &standing(1, who as u64, 0, who));
        }
        board.check();
        let expected = |from: u64, end: u64| (from.max(1)..end.min(count as u64 + 1)).map(|r| (r, ParticipantId(r as i64)));
        let page: Vec<_> = board.page(from, n).collect();
        prop_assert_eq!(page, expected(from, from.max(1) + n as u64).collect::<Vec<_>>());
        let around: Vec<_> = board.neighbours(from.max(1), above, 2).collect();
        prop_assert_eq!(around, expected(from.max(1).saturating_sub(above as u64), from.max(1) + 3).collect::<Vec<_>>());
    }
}

impl<const BLOCK_MAX: usize, const GROUP_MAX: usize> Board<BLOCK_MAX, GROUP_MAX> {
    /// The counts and heads say what is below them.
    fn check(&self) {
        for (at, group) in self.groups.iter().enumerate() {
            group.check();
            assert_eq!((self.heads[at], self.counts[at]), (group.head(), group.len()));
        }
        assert_eq!((self.heads.len(), self.counts.len()), (self.groups.len(), self.groups.len()));
    }
}

#[test]
fn equals_on_score_and_time_are_ordered_by_finish_and_then_by_attempt() {
    let (late, early, first) = (standing(9, 5, 8, 1), standing(9, 5, 7, 3), standing(9, 5, 7, 2));
    let known: Known = [(1, late), (2, early), (3, first)].map(|(who, standing)| (ParticipantId(who), standing)).into();
    let mut board = Board::new();
    for (who, standing) in &known {
        board.insert(*who, standing, |other| known[&other]);
    }
    let order: Vec<_> = board.top(9).collect();
    assert_eq!(order, [(1, ParticipantId(3)), (2, ParticipantId(2)), (3, ParticipantId(1))]);
}

#[test]
fn nobody_is_asked_about_where_score_and_time_differ() {
    let mut board = Board::new();
    for who in 1..=2000 {
        board.insert(ParticipantId(who), &standing(1, who as u64 * 7 % 2001, 0, who), alone);
    }
    for who in 1..=2000 {
        let standing = standing(1, who as u64 * 7 % 2001, 0, who);
        assert_eq!(board.rank(ParticipantId(who), &standing, alone), Some(who as u64 * 7 % 2001));
    }
}

#[test]
fn the_one_who_moves_is_never_asked_about() {
    let (old, new, other) = (standing(5, 5, 1, 1), standing(5, 5, 3, 3), standing(5, 5, 2, 2));
    let mut board = Board::new();
    board.insert(ParticipantId(1), &old, alone);
    let standing_of = |who: ParticipantId| {
        assert_eq!(who, ParticipantId(2));
        other
    };
    assert_eq!(board.insert(ParticipantId(2), &other, |_| old), 2);
    assert_eq!(board.replace(ParticipantId(1), &old, &new, standing_of), 2);
}

#[test]
fn a_board_of_equals_alone_asks_for_few_standings() {
    let asked = Cell::new(0u64);
    let standing_of = |who: ParticipantId| {
        asked.set(asked.get() + 1);
        standing(10, 10, 0, who.0)
    };
    let mut board = Board::new();
    let count = 50_000i64;
    for n in 0..count {
        let who = ParticipantId(1 + n * 7919 % count);
        board.insert(who, &standing_of(who), standing_of);
    }
    for who in 1..=count {
        assert_eq!(board.rank(ParticipantId(who), &standing_of(ParticipantId(who)), standing_of), Some(who as u64));
    }
    let a_call = asked.get() / (2 * count as u64);
    assert!(a_call <= 20, "{a_call} standings asked for a call: more than a binary search needs");
}

#[test]
fn a_standing_that_someone_does_not_have_takes_nobody_off() {
    let mut board = Board::new();
    let had = standing(5, 5, 1, 1);
    board.insert(ParticipantId(1), &had, alone);
    assert!(!board.remove(ParticipantId(1), &standing(6, 5, 1, 1), |_| had));
    assert!(!board.remove(ParticipantId(2), &had, |_| had));
    assert_eq!(board.len(), 1);
    assert!(board.remove(ParticipantId(1), &had, alone));
    assert!(board.is_empty() && board.at(1).is_none());
}

#[test]
#[should_panic(expected = "had not entered it with")]
fn moving_someone_who_is_not_there_is_a_fault() {
    let mut board = Board::new();
    board.replace(ParticipantId(1), &standing(1, 1, 1, 1), &standing(2, 1, 1, 2), alone);
}

#[test]
#[should_panic(expected = "out of order")]
fn appending_out_of_order_is_a_fault() {
    let mut board = Board::new();
    board.append(ParticipantId(1), &standing(1, 1, 1, 1));
    board.append(ParticipantId(2), &standing(2, 1, 1, 2));
}

#[test]
fn the_greatest_score_and_time_fit() {
    let mut board = Board::new();
    let most = (1u32 << 30) - 1;
    let longest = (1u64 << 34) - 1;
    board.insert(ParticipantId(i64::from(u32::MAX)), &standing(most, longest, 0, 1), alone);
    board.insert(ParticipantId(1), &standing(0, longest, 0, 2), alone);
    board.insert(ParticipantId(2), &standing(0, 0, 0, 3), alone);
    assert_eq!(board.at(1), Some(ParticipantId(i64::from(u32::MAX))));
    assert_eq!(board.at(3), Some(ParticipantId(1)));
}

/// measures.md: at most 16 bytes an entry in a scope, however the board came about.
#[test]
fn an_entry_takes_at_most_sixteen_bytes_grown_appended_or_churned() {
    let count = 100_000i64;
    let scrambled = |n: i64, turn: i64| standing(1, (n * 48_271 + turn * 7919) as u64 % 2_147_483_647, turn, n);
    let check = |board: &Board| {
        let bytes = board.heap_bytes() as f64 / board.len() as f64;
        assert!(bytes <= 16.0, "{bytes} bytes an entry");
    };
    let mut known: Vec<Standing> = (0..=count).map(|n| scrambled(n, 0)).collect();
    let mut board = Board::new();
    for n in 1..=count {
        board.insert(ParticipantId(n), &known[n as usize], |who| known[who.0 as usize]);
    }
    check(&board);
    for turn in 1..=3 {
        for n in 1..=count {
            let new = scrambled(n * 31 + turn, turn);
            board.replace(ParticipantId(n), &known[n as usize], &new, |who| known[who.0 as usize]);
            known[n as usize] = new;
        }
        check(&board);
    }
    for n in (1..=count).filter(|n| n % 4 != 0) {
        assert!(board.remove(ParticipantId(n), &known[n as usize], |who| known[who.0 as usize]));
    }
    check(&board);
    let mut appended = Board::new();
    for n in 1..=count {
        appended.append(ParticipantId(n), &standing(1, n as u64, 0, n));
    }
    check(&appended);
}
