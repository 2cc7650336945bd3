//! What a board of five million costs: an update with its exact rank, and the memory of an entry (docs/benchmarks.md).
//! `cargo bench --bench board [-- ENTRIES]`; with `--in-turns` one sample and one line of JSON for each line on standard input, so
//! that it can be measured in turns with something else.

use kejing::domain::board::Board;
use kejing::domain::ids::AttemptId;
use kejing::domain::ids::ParticipantId;
use kejing::domain::score::Standing;
use kejing::domain::time::Timestamp;
use std::collections::BTreeSet;

const SAMPLES: usize = 7;
const UPDATES: usize = 1_000_000;

fn main() {
    let entries = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(5_000_000);
    if std::env::args().any(|arg| arg == "--in-turns") {
        return in_turns(entries);
    }
    println!("a board of {entries}, {SAMPLES} × {UPDATES} updates of random participants, µs of one thread's CPU time");
    for ties in [Ties::Few, Ties::OnePercentTogether, Ties::All] {
        measure(entries, ties);
    }
}

#[derive(Clone, Copy, Debug)]
enum Ties {
    /// One in a hundred shares score and time with a few others.
    Few,
    /// One in a hundred has full marks in the least time that counts.
    OnePercentTogether,
    All,
}

struct Draw {
    state: u64,
    ties: Ties,
    attempts: i64,
}

impl Draw {
    /// SplitMix64: the same updates in every run.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    /// Of participants at random, nobody twice.
    fn updates(&mut self, standings: &[Standing]) -> Vec<Update> {
        let mut chosen = vec![false; standings.len()];
        let mut updates = Vec::with_capacity(UPDATES);
        while updates.len() < UPDATES.min(standings.len() / 2) {
            let who = 1 + self.below(standings.len() as u64 - 1) as usize;
            if !std::mem::replace(&mut chosen[who], true) {
                updates.push(Update { who: ParticipantId(who as i64), old: standings[who], new: self.standing() });
            }
        }
        updates
    }

    fn standing(&mut self) -> Standing {
        self.attempts += 1;
        let tied = self.below(100) == 0;
        let (score, elapsed_ms) = match self.ties {
            Ties::OnePercentTogether if tied => (1000, 60_000),
            Ties::All => (1000, 60_000),
            Ties::Few if tied => (self.below(101) as u32 * 10, 60_000 + self.below(500) * 1000),
            _ => (self.below(101) as u32 * 10, 60_001 + self.below(500_000_000)),
        };
        Standing { score, elapsed_ms, finished_at: Timestamp(self.attempts / 4), attempt: AttemptId(self.attempts) }
    }
}

/// Someone's change. Who has a new standing knows the old one: it was just read, once, for all scopes.
struct Update {
    who: ParticipantId,
    old: Standing,
    new: Standing,
}

fn grown(standings: &[Standing]) -> Board {
    let mut board = Board::new();
    for (who, standing) in standings.iter().enumerate().skip(1) {
        board.insert(ParticipantId(who as i64), standing, |other| standings[other.0 as usize]);
    }
    board
}

fn in_turns(entries: usize) {
    let mut draw = Draw { state: 7, ties: Ties::OnePercentTogether, attempts: 0 };
    let mut standings: Vec<Standing> = (0..=entries).map(|_| draw.standing()).collect();
    let mut board = grown(&standings);
    for _ in std::io::stdin().lines() {
        let updates = draw.updates(&standings);
        let update = update_us(&mut board, &mut standings, &updates);
        let bytes = bytes_an_entry(&board);
        println!("{{\"update_and_rank_us\": {update:.4}, \"bytes_an_entry\": {bytes:.3}}}");
    }
}

fn measure(entries: usize, ties: Ties) {
    let mut draw = Draw { state: 7, ties, attempts: 0 };
    let mut standings: Vec<Standing> = (0..=entries).map(|_| draw.standing()).collect();
    let start = cpu_now_us();
    let mut board = grown(&standings);
    let insert_us = (cpu_now_us() - start) / entries as f64;
    let bytes_grown = bytes_an_entry(&board);
    let mut tree: BTreeSet<(Standing, ParticipantId)> =
        (1..).zip(&standings[1..]).map(|(who, standing)| (*standing, ParticipantId(who))).collect();
    let (mut updates_us, mut ranks_us, mut tree_us) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..SAMPLES {
        let updates = draw.updates(&standings);
        updates_us.push(update_us(&mut board, &mut standings, &updates));
        tree_us.push(update_tree_us(&mut tree, &updates));
        ranks_us.push(rank_us(&board, &standings, &draw.updates(&standings)));
    }
    println!("{ties:?}");
    println!("  update + exact rank    {} µs", spread(&mut updates_us));
    println!("  rank alone             {} µs", spread(&mut ranks_us));
    println!("  BTreeSet, no rank      {} µs", spread(&mut tree_us));
    println!("  insert, while growing  {insert_us:.3} µs");
    println!("  bytes an entry         {bytes_grown:.2} grown, {:.2} after the updates", bytes_an_entry(&board));
}

fn update_us(board: &mut Board, standings: &mut [Standing], updates: &[Update]) -> f64 {
    let start = cpu_now_us();
    let mut sum = 0;
    for Update { who, old, new } in updates {
        sum += board.replace(*who, old, new, |other| standings[other.0 as usize]);
        standings[who.0 as usize] = *new;
    }
    std::hint::black_box(sum);
    (cpu_now_us() - start) / updates.len() as f64
}

/// The yardstick of the same run: the standard library's order, which moves an entry and knows no ranks.
fn update_tree_us(tree: &mut BTreeSet<(Standing, ParticipantId)>, updates: &[Update]) -> f64 {
    let start = cpu_now_us();
    for Update { who, old, new } in updates {
        let moved = tree.remove(&(*old, *who)) && tree.insert((*new, *who));
        assert!(moved);
    }
    (cpu_now_us() - start) / updates.len() as f64
}

fn rank_us(board: &Board, standings: &[Standing], asked: &[Update]) -> f64 {
    let start = cpu_now_us();
    let mut sum = 0;
    for Update { who, old, .. } in asked {
        let rank = board.rank(*who, old, |other| standings[other.0 as usize]);
        sum += rank.expect("everyone is on the board");
    }
    std::hint::black_box(sum);
    (cpu_now_us() - start) / asked.len() as f64
}

fn bytes_an_entry(board: &Board) -> f64 {
    board.heap_bytes() as f64 / board.len() as f64
}

/// Median, least and most.
fn spread(samples: &mut [f64]) -> String {
    samples.sort_by(f64::total_cmp);
    let (least, median, most) = (samples[0], samples[samples.len() / 2], samples[samples.len() - 1]);
    format!("{median:.3} ({least:.3}–{most:.3})")
}

/// The thread's own time on a processor: steadier than the wall's on a machine with other work.
fn cpu_now_us() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells a thread's time");
    let ns: u64 = stat.split(' ').next().and_then(|ns| ns.parse().ok()).expect("nanoseconds come first");
    ns as f64 / 1000.0
}
