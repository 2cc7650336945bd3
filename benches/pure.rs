//! The pure parts, by Criterion: a paper drawn, an answer judged, a question and a verdict encoded, a standing moved on a board of five
//! million with its exact rank. `cargo bench --bench pure`

use criterion::BatchSize;
use criterion::Criterion;
use criterion::criterion_group;
use criterion::criterion_main;
use kejing::contest::keys::Keys;
use kejing::contest::period::Draft;
use kejing::contest::period::Period;
use kejing::contest::period::Periods;
use kejing::contest::seat::QuestionFacts;
use kejing::contest::seat::VerdictFacts;
use kejing::domain::attempt::Attempt;
use kejing::domain::bank::BankVersion;
use kejing::domain::board::Board;
use kejing::domain::correction::PUBLISHED;
use kejing::domain::fairness::PeriodSecret;
use kejing::domain::ids::AttemptId;
use kejing::domain::ids::ParticipantId;
use kejing::domain::ids::RoundIndex;
use kejing::domain::question::Choices;
use kejing::domain::score::Standing;
use kejing::domain::time::Timestamp;
use kejing::files;
use kejing::transport::messages::QuestionView;
use kejing::transport::messages::ServerMessage;
use kejing::transport::messages::VerdictView;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

const ENTRIES: i64 = 5_000_000;
const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn keys() -> Keys {
    Keys::of(&[7; 32])
}

/// The season that the load test plays, with the shipped bank.
fn period() -> Arc<Period> {
    let season = Path::new(env!("CARGO_MANIFEST_DIR")).join("seasons/bench.toml");
    let read = files::read_season(&season).expect("the bench's season is sound");
    let (id, questions) = read.banks.into_iter().next().expect("it has a bank");
    let bank = Arc::new(BankVersion::new(&id, [1; 16], questions));
    let digest = bank.digest().to_string();
    let round = read.season.rounds[0].clone();
    let draft = Draft {
        season: &read.season.id,
        round: &round,
        number: 1,
        from: NOW,
        to: None,
        season_entry: 1,
        bank: &bank,
        bank_digest: &digest,
        rested: Default::default(),
    };
    let entry = draft.entry(&keys(), &PeriodSecret([3; 32]), [4; 12]);
    Periods::default().take_up(2, &entry, RoundIndex(0), round.clone(), Arc::clone(&bank), Some(&keys()))
}

fn papers(criterion: &mut Criterion) {
    let period = period();
    let mut number = 0;
    criterion.bench_function("draw a paper of 10 with its seed", |bench| {
        bench.iter(|| {
            number += 1;
            let seed = period.seed("AbCdEfGhIjKlMnOpQrStUv", number).expect("the secret is known");
            black_box(period.paper(&seed))
        });
    });
}

fn opened(period: &Period, number: u32) -> Attempt {
    let seed = period.seed("AbCdEfGhIjKlMnOpQrStUv", number).expect("the secret is known");
    let mut attempt = Attempt::new(AttemptId(1), RoundIndex(0), period.paper(&seed), NOW);
    attempt.start_committed(NOW);
    attempt
}

fn answers(criterion: &mut Criterion) {
    let period = period();
    let first = Choices::of([0]);
    criterion.bench_function("judge an answer", |bench| {
        let mut number = 0;
        let fresh = || {
            number += 1;
            opened(&period, number)
        };
        let judge = |mut attempt: Attempt| {
            let judged = attempt.judge(period.rules(&PUBLISHED), 1, first, NOW.plus_ms(4_000));
            (black_box(judged).is_ok(), attempt)
        };
        bench.iter_batched(fresh, judge, BatchSize::SmallInput);
    });
}

fn frames(criterion: &mut Criterion) {
    let (period, keys) = (period(), keys());
    let attempt = opened(&period, 1);
    let index = attempt.paper.question(1).expect("a paper has a first question");
    let question = QuestionFacts {
        period: Arc::clone(&period),
        attempt: attempt.id,
        seq: 1,
        of: attempt.of(),
        index,
        next: attempt.paper.question(2),
        order: attempt.paper.order(1, period.bank.question(index)),
        points: 10,
        remaining_ms: Some(30_000),
        paper_remaining_ms: None,
    };
    criterion.bench_function("encode a question", |bench| {
        let mut bytes = Vec::new();
        bench.iter(|| {
            bytes.clear();
            ServerMessage::Question(QuestionView::of(black_box(&question), &keys)).write(&mut bytes);
            black_box(bytes.len())
        });
    });
    let verdict = VerdictFacts { attempt: attempt.id, seq: 1, timed_out: false, last: false, feedback: None };
    criterion.bench_function("encode a verdict", |bench| {
        let mut bytes = Vec::new();
        bench.iter(|| {
            bytes.clear();
            ServerMessage::Verdict(VerdictView::of(black_box(&verdict), &keys)).write(&mut bytes);
            black_box(bytes.len())
        });
    });
}

fn standing(attempt: i64) -> Standing {
    let spread = (attempt as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let (score, elapsed_ms) = if spread.is_multiple_of(100) {
        (1000, 60_000)
    } else {
        ((spread >> 8) as u32 % 101 * 10, 60_001 + (spread >> 16) % 500_000_000)
    };
    Standing { score, elapsed_ms, finished_at: Timestamp(attempt / 4), attempt: AttemptId(attempt) }
}

fn boards(criterion: &mut Criterion) {
    let mut standings: Vec<Standing> = (0..=ENTRIES).map(standing).collect();
    let mut board = Board::new();
    for who in 1..=ENTRIES {
        board.insert(ParticipantId(who), &standing(who), |other| standings[other.0 as usize]);
    }
    let mut attempt = ENTRIES;
    criterion.bench_function("move a standing on a board of 5 million, with its rank", |bench| {
        bench.iter(|| {
            attempt += 1;
            let who = 1 + (attempt as u64).wrapping_mul(0xd134_2543_de82_ef95) % ENTRIES as u64;
            let (old, new) = (standings[who as usize], standing(attempt));
            let rank = board.replace(ParticipantId(who as i64), &old, &new, |other| standings[other.0 as usize]);
            standings[who as usize] = new;
            black_box(rank)
        });
    });
}

criterion_group!(pure, papers, answers, frames, boards);
criterion_main!(pure);
