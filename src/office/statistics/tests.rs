//! What is counted bit by bit, in any order and over corrections, is what one reading from the first attempt on comes to.

use super::Projection;
use crate::contest::keys::Keys;
use crate::contest::period::Draft;
use crate::contest::period::Period;
use crate::contest::period::Periods;
use crate::domain::attempt::Ending;
use crate::domain::attempt::Fate;
use crate::domain::attempt::Given;
use crate::domain::bank::BankVersion;
use crate::domain::correction::Remedy;
use crate::domain::fairness::PeriodSecret;
use crate::domain::fairness::Seed;
use crate::domain::ids::AttemptId;
use crate::domain::ids::ParticipantId;
use crate::domain::ids::QuestionId;
use crate::domain::ids::RoundIndex;
use crate::domain::question::Choices;
use crate::domain::question::Kind;
use crate::domain::question::Question;
use crate::domain::season::tests::shipped;
use crate::domain::time::Day;
use crate::domain::time::Timestamp;
use crate::ledger::entry::Correction;
use crate::ledger::entry::Ended;
use crate::ledger::entry::Started;
use proptest::prelude::*;
use std::sync::Arc;

const NOW: Timestamp = Timestamp(1_788_228_000_000);
const QUESTIONS: usize = 8;

/// Two rounds on two versions of a bank, and the corrections made of it.
struct Ground {
    periods: Periods,
    all: Vec<Arc<Period>>,
    corrections: i64,
}

fn ground() -> Ground {
    let season = shipped("demo.toml");
    let question = |n: usize| Question {
        id: QuestionId(format!("q{n}")),
        kind: Kind::Single,
        topic: "卫生健康".into(),
        difficulty: 1,
        stem: format!("第 {n} 题"),
        options: ["甲", "乙", "丙", "丁"].map(String::from).into(),
        key: Choices(1),
        fixed_order: false,
        explanation: String::new(),
        source: String::new(),
        contributor: None,
        link: None,
        media: None,
    };
    let mut ground = Ground { periods: Periods::default(), all: Vec::new(), corrections: 0 };
    for (n, (index, questions)) in [(0, QUESTIONS), (1, QUESTIONS), (0, QUESTIONS - 1)].into_iter().enumerate() {
        let bank = Arc::new(BankVersion::new("kexue", [questions as u8; 16], (0..questions).map(question).collect()));
        let mut round = season.rounds[index].clone();
        round.blueprint.sections.truncate(1);
        let section = &mut round.blueprint.sections[0];
        (section.kinds, section.topics, section.difficulties) = (Vec::new(), Vec::new(), Vec::new());
        (section.count, section.points) = (4, 10);
        let digest = bank.digest().to_string();
        let draft = Draft {
            season: &season.id,
            round: &round,
            number: n as u32 + 1,
            from: NOW,
            to: None,
            season_entry: 1,
            bank: &bank,
            bank_digest: &digest,
            rested: Default::default(),
        };
        let entry = draft.entry(&Keys::of(&[7; 32]), &PeriodSecret([3; 32]), [4; 12]);
        let index = RoundIndex(index as u16);
        ground.all.push(ground.periods.take_up(n as i64 + 2, &entry, index, round.clone(), Arc::clone(&bank), None));
    }
    ground
}

impl Ground {
    fn correct(&mut self, question: usize, remedy: Remedy) {
        self.corrections += 1;
        let correction = Correction {
            bank: "kexue".into(),
            question: QuestionId(format!("q{question}")),
            versions: self.all.iter().map(|period| period.bank_digest.clone()).collect(),
            remedy,
            reason: "勘误".into(),
            decided_by: ["甲".into(), "乙".into()],
        };
        self.periods.correct(100 + self.corrections, NOW, &correction);
    }

    fn take(&self, projection: &mut Projection, attempt: &Attempted) {
        let period = &self.all[attempt.period];
        let started = Started {
            attempt: AttemptId(1),
            participant: ParticipantId(1),
            previous: None,
            period: period.n,
            number: 1,
            seed: Seed([attempt.seed; 32]),
            at: NOW,
        };
        let fate = |(place, code): (usize, &i16)| Fate {
            seq: place as u32 + 1,
            given: Given::from_code(*code).unwrap(),
            elapsed_ms: 1_000 * (place as u32 + 1),
        };
        let ended = Ended {
            attempt: AttemptId(1),
            score: 0,
            correct: 0,
            elapsed_ms: 0,
            at: NOW,
            ending: attempt.ending,
            fates: attempt.codes.iter().enumerate().map(fate).collect(),
            edition: 0,
            receipt: None,
        };
        projection.take(period, &started, &ended, Day(attempt.day));
    }

    fn of(&self, attempts: &[Attempted]) -> Projection {
        let mut projection = Projection::default();
        attempts.iter().for_each(|attempt| self.take(&mut projection, attempt));
        projection
    }
}

/// Where a correction has come in: what [`super::Statistics`] does page by page.
fn brought_up_to_date(ground: &Ground, projection: &mut Projection, so_far: &[Attempted]) {
    let mut anew = projection.outdated();
    for attempt in so_far.iter().filter(|attempt| anew.has(&ground.all[attempt.period])).collect::<Vec<_>>() {
        ground.take(&mut anew, attempt);
    }
    projection.replace(anew);
}

#[derive(Clone, Debug)]
struct Attempted {
    period: usize,
    seed: u8,
    day: i32,
    codes: Vec<i16>,
    ending: Ending,
}

#[derive(Clone, Debug)]
enum Event {
    Page(Vec<Attempted>),
    Correction(usize, Remedy),
}

fn any_attempt() -> impl Strategy<Value = Attempted> {
    let ending = prop_oneof![9 => Just(Ending::Complete), 1 => Just(Ending::HandedBack)];
    let codes =
        prop::collection::vec(prop_oneof![Just(-2i16), Just(-1), Just(0), Just(1), Just(2), Just(4), Just(8)], 0..=4);
    (0usize..3, 0u8..6, 20_000i32..20_003, codes, ending).prop_map(|(period, seed, day, codes, ending)| Attempted {
        period,
        seed,
        day,
        codes,
        ending,
    })
}

fn any_event() -> impl Strategy<Value = Event> {
    let remedy = prop_oneof![
        (0u16..4).prop_map(|place| Remedy::NewKey { key: Choices(1 << place) }),
        Just(Remedy::Accept { accepted: vec![Choices(1), Choices(2)] }),
        Just(Remedy::AllPoints),
        Just(Remedy::Annul),
        Just(Remedy::AsPublished),
    ];
    prop_oneof![
        3 => prop::collection::vec(any_attempt(), 1..8).prop_map(Event::Page),
        1 => (0usize..QUESTIONS, remedy).prop_map(|(question, remedy)| Event::Correction(question, remedy)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_counted_bit_by_bit_is_what_is_counted_anew(events in prop::collection::vec(any_event(), 0..12), by in any::<u64>()) {
        let mut ground = ground();
        let mut projection = Projection::default();
        let mut so_far: Vec<Attempted> = Vec::new();
        for event in events {
            match event {
                Event::Page(page) => {
                    let mut part = projection.alike();
                    page.iter().for_each(|attempt| ground.take(&mut part, attempt));
                    projection.merge(part);
                    so_far.extend(page);
                }
                Event::Correction(question, remedy) => {
                    ground.correct(question, remedy);
                    brought_up_to_date(&ground, &mut projection, &so_far);
                }
            }
        }
        let anew = ground.of(&so_far);
        prop_assert_eq!(projection.counted(), anew.counted());
        prop_assert_eq!(projection.drawn(), anew.drawn());
        let mut in_another_order = so_far;
        in_another_order.sort_by_key(|attempt| (u64::from(attempt.seed) + 1 + attempt.day as u64).wrapping_mul(by | 1));
        prop_assert_eq!(ground.of(&in_another_order).counted(), anew.counted());
    }
}

#[test]
fn a_correction_concerns_the_versions_that_it_names_and_counts_them_by_it() {
    let mut ground = ground();
    let wrong = Attempted { period: 0, seed: 1, day: 20_000, codes: vec![2; 4], ending: Ending::Complete };
    let mut projection = ground.of(std::slice::from_ref(&wrong));
    assert!(projection.outdated().is_empty());
    let paper = ground.all[0].paper(&Seed([1; 32]));
    let first = paper.questions()[0];
    ground.correct(first.0 as usize, Remedy::NewKey { key: Choices(2) });
    brought_up_to_date(&ground, &mut projection, std::slice::from_ref(&wrong));
    let (_, group) = projection.groups().next().unwrap();
    assert_eq!(group.item(first).total().right, 1);
    assert_eq!(group.right(first), Choices(2));
    ground.correct(first.0 as usize, Remedy::Annul);
    brought_up_to_date(&ground, &mut projection, &[wrong]);
    let (_, group) = projection.groups().next().unwrap();
    assert!(group.is_annulled(first) && group.item(first).is_empty());
    assert_eq!(projection.drawn()[&ground.all[0].bank.question(first).id], 1, "it was shown all the same");
}
