//! Raw answers as they are kept: in runs, the numbers of each packed as steps from the one before. A commit then writes one row,
//! or a few, instead of one an answer, and an answer takes ten bytes or so on either database.

use crate::domain::ids::AttemptId;
use crate::domain::time::Timestamp;
use crate::ledger::entry::EntryNumber;
use crate::ledger::entry::put;
use crate::ledger::entry::take;
use crate::ledger::rows::RawAnswer;

/// At most so many bytes a run; what does not fit begins the next. Three fill a page of SQLite's, six one of PostgreSQL's.
const RUN_BYTES: usize = 1_300;
/// No answer takes more: three numbers of up to 64 bits, two of 32, one of 16, seven bits a byte.
const ANSWER_BYTES_MAX: usize = 3 * 10 + 2 * 5 + 3;

/// Raw answers in the order of their numbers, as a database row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The number of the last: whoever reads on after a number finds the run in which that one lies.
    pub last_n: EntryNumber,
    pub packed: Vec<u8>,
}

/// What the steps of an answer are counted from.
#[derive(Default)]
struct Before {
    n: i64,
    attempt: i64,
    at: i64,
}

/// Packs answers, which are in the order of their numbers.
pub fn runs(answers: &[RawAnswer]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut before = Before::default();
    for answer in answers {
        let run = match runs.last_mut() {
            Some(run) if run.packed.len() + ANSWER_BYTES_MAX <= RUN_BYTES => run,
            _ => {
                before = Before::default();
                runs.push(Run { last_n: 0, packed: Vec::with_capacity(RUN_BYTES.min(answers.len() * 12)) });
                let last = runs.len() - 1;
                &mut runs[last]
            }
        };
        let RawAnswer { n, attempt, seq, given, elapsed_ms, at } = *answer;
        run.last_n = n;
        let packed = &mut run.packed;
        put(packed, n.wrapping_sub(before.n) as u64);
        put(packed, zigzag(attempt.0.wrapping_sub(before.attempt)));
        put(packed, u64::from(seq));
        put(packed, zigzag(i64::from(given)));
        put(packed, u64::from(elapsed_ms));
        put(packed, zigzag(at.0.wrapping_sub(before.at)));
        before = Before { n, attempt: attempt.0, at: at.0 };
    }
    runs
}

/// The inverse: the answers of one run; `None` where the bytes are not of [`runs`]' making.
pub fn unpacked(mut packed: &[u8]) -> Option<Vec<RawAnswer>> {
    let mut answers = Vec::with_capacity(packed.len() / 10);
    let mut before = Before::default();
    while !packed.is_empty() {
        let n = before.n.wrapping_add(take(&mut packed)? as i64);
        let attempt = before.attempt.wrapping_add(unzigzag(take(&mut packed)?));
        let seq = u32::try_from(take(&mut packed)?).ok()?;
        let given = i16::try_from(unzigzag(take(&mut packed)?)).ok()?;
        let elapsed_ms = u32::try_from(take(&mut packed)?).ok()?;
        let at = before.at.wrapping_add(unzigzag(take(&mut packed)?));
        answers.push(RawAnswer { n, attempt: AttemptId(attempt), seq, given, elapsed_ms, at: Timestamp(at) });
        before = Before { n, attempt, at };
    }
    Some(answers)
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_answer() -> impl Strategy<Value = RawAnswer> {
        (any::<i64>(), any::<u32>(), any::<i16>(), any::<u32>(), any::<i64>()).prop_map(
            |(attempt, seq, given, elapsed_ms, at)| RawAnswer {
                n: 0,
                attempt: AttemptId(attempt),
                seq,
                given,
                elapsed_ms,
                at: Timestamp(at),
            },
        )
    }

    proptest! {
        #[test]
        fn answers_are_read_back_whatever_is_in_them(
            mut answers in prop::collection::vec(any_answer(), 0..400), first in 1i64..i64::MAX / 2, steps in 1i64..1 << 40,
        ) {
            for (i, answer) in answers.iter_mut().enumerate() {
                answer.n = first + i as i64 * steps;
            }
            let packed = runs(&answers);
            prop_assert!(packed.iter().all(|run| run.packed.len() <= RUN_BYTES));
            let mut read = Vec::new();
            for run in packed {
                read.extend(unpacked(&run.packed).unwrap());
                prop_assert_eq!(read.last().map(|last| last.n), Some(run.last_n));
            }
            prop_assert_eq!(read, answers);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = unpacked(&bytes);
        }
    }

    #[test]
    fn a_usual_answer_takes_ten_bytes() {
        let answer = |i: i64| RawAnswer {
            n: 1_000_000 + i,
            attempt: AttemptId(700_000 + i * 7_919 % 10_000),
            seq: 7,
            given: 4,
            elapsed_ms: 9_500,
            at: Timestamp(1_788_235_200_000 + i / 20),
        };
        let answers: Vec<RawAnswer> = (0..1_000).map(answer).collect();
        let bytes: usize = runs(&answers).iter().map(|run| run.packed.len()).sum();
        assert!(bytes <= 10 * answers.len(), "{bytes}");
    }
}
