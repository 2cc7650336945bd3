//! What a board of five million costs: an update with its exact rank, and the memory of an entry (docs/benchmarks.md).
//! `cargo bench --bench board [-- ENTRIES]`

use kejing::domain::board::Board;
use kejing::domain::ids::AttemptId;
use kejing::domain::ids::ParticipantId;
use kejing::domain::score::Standing;
use kejing::domain::time::Timestamp;
use std::time::Instant;

const SAMPLES: usize = 7;
const UPDATES: usize = 1_000_000;

fn main() {
    let entries = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(5_000_000);
    println!("a board of {entries}, {SAMPLES} × {UPDATES} updates of random participants, one thread");
    for ties in [Ties::Few, Ties::OnePercentTogether] {
        measure::<64, 512>(entries, ties);
        measure::<128, 256>(entries, ties);
        measure::<256, 256>(entries, ties);
        measure::<512, 256>(entries, ties);
    }
    measure::<256, 256>(entries, Ties::All);
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

fn measure<const BLOCK_MAX: usize, const GROUP_MAX: usize>(entries: usize, ties: Ties) {
    let mut draw = Draw { state: 7, ties, attempts: 0 };
    let mut standings: Vec<Standing> = (0..=entries).map(|_| draw.standing()).collect();
    let mut board = Board::<BLOCK_MAX, GROUP_MAX>::default();
    let start = now();
    for (who, standing) in standings.iter().enumerate().skip(1) {
        board.insert(ParticipantId(who as i64), standing, |other| standings[other.0 as usize]);
    }
    let insert_us = start.elapsed().as_secs_f64() * 1e6 / entries as f64;
    let bytes_grown = bytes_an_entry(&board);
    let (mut updates_us, mut ranks_us) = (Vec::new(), Vec::new());
    for _ in 0..SAMPLES {
        let updates: Vec<_> =
            (0..UPDATES).map(|_| (1 + draw.below(entries as u64) as usize, draw.standing())).collect();
        updates_us.push(update_us(&mut board, &mut standings, &updates));
        ranks_us.push(rank_us(&board, &standings, &updates));
    }
    println!("{ties:?}, blocks {BLOCK_MAX}, groups {GROUP_MAX}");
    println!("  update + exact rank  {} µs", spread(&mut updates_us));
    println!("  rank alone           {} µs", spread(&mut ranks_us));
    println!("  insert, while growing  {insert_us:.3} µs");
    println!("  bytes an entry  {bytes_grown:.2} grown, {:.2} after the updates", bytes_an_entry(&board));
}

fn update_us<const B: usize, const G: usize>(
    board: &mut Board<B, G>,
    standings: &mut [Standing],
    updates: &[(usize, Standing)],
) -> f64 {
    let start = now();
    let mut sum = 0;
    for (who, new) in updates {
        let old = standings[*who];
        sum += board.replace(ParticipantId(*who as i64), &old, new, |other| standings[other.0 as usize]);
        standings[*who] = *new;
    }
    std::hint::black_box(sum);
    start.elapsed().as_secs_f64() * 1e6 / updates.len() as f64
}

fn rank_us<const B: usize, const G: usize>(
    board: &Board<B, G>,
    standings: &[Standing],
    updates: &[(usize, Standing)],
) -> f64 {
    let start = now();
    let mut sum = 0;
    for (who, _) in updates {
        let rank = board.rank(ParticipantId(*who as i64), &standings[*who], |other| standings[other.0 as usize]);
        sum += rank.expect("everyone is on the board");
    }
    std::hint::black_box(sum);
    start.elapsed().as_secs_f64() * 1e6 / updates.len() as f64
}

fn bytes_an_entry<const B: usize, const G: usize>(board: &Board<B, G>) -> f64 {
    board.heap_bytes() as f64 / board.len() as f64
}

/// Median, least and most.
fn spread(samples: &mut [f64]) -> String {
    samples.sort_by(f64::total_cmp);
    let (least, median, most) = (samples[0], samples[samples.len() / 2], samples[samples.len() - 1]);
    format!("{median:.3} ({least:.3}–{most:.3})")
}

#[allow(clippy::disallowed_methods, reason = "a benchmark measures; nothing of the contest hangs on it")]
fn now() -> Instant {
    Instant::now()
}
