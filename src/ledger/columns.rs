//! Columns of either database: read back as facts, and what of a fact is made into text to be kept.

use crate::domain::attempt::Ending;
use crate::domain::ids::AttemptId;
use crate::domain::ids::ParticipantId;
use crate::domain::time::Timestamp;
use crate::ledger::entry::Ended;
use crate::ledger::entry::EntryNumber;
use crate::ledger::entry::Registered;
use crate::ledger::entry::Started;
use crate::ledger::entry::TokenHash;
use crate::ledger::entry::Who;
use crate::ledger::entry::unpack;
use crate::ledger::rows::RawAnswer;
use crate::ledger::rows::Rows;
use crate::ledger::runs::unpacked;
use crate::ledger::store::LaneState;
use crate::ledger::store::LedgerError;
use crate::ledger::store::Noted;
use crate::ledger::store::Outcome;
use crate::ledger::store::Recorded;
use crate::ledger::store::Told;
use crate::ledger::store::seed_of;
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;

/// A column of a row, by its place in the list that was selected: finding names costs as much as reading. Numbers are asked
/// for as they are meant; how wide a database keeps them is its own affair.
pub(super) trait Columns {
    fn whole(&self, at: usize) -> Result<i64, LedgerError>;
    fn maybe_whole(&self, at: usize) -> Result<Option<i64>, LedgerError>;
    fn truth(&self, at: usize) -> Result<bool, LedgerError>;
    fn text(&self, at: usize) -> Result<&str, LedgerError>;
    fn maybe_text(&self, at: usize) -> Result<Option<&str>, LedgerError>;
    fn bytes(&self, at: usize) -> Result<&[u8], LedgerError>;
}

macro_rules! columns {
    ($row:ty) => {
        impl Columns for $row {
            fn whole(&self, at: usize) -> Result<i64, LedgerError> {
                // Unchecked is the type's name, not its value: smaller columns are read as well.
                Ok(self.try_get_unchecked(at)?)
            }

            fn maybe_whole(&self, at: usize) -> Result<Option<i64>, LedgerError> {
                Ok(self.try_get_unchecked(at)?)
            }

            fn truth(&self, at: usize) -> Result<bool, LedgerError> {
                Ok(self.try_get(at)?)
            }

            fn text(&self, at: usize) -> Result<&str, LedgerError> {
                Ok(self.try_get(at)?)
            }

            fn maybe_text(&self, at: usize) -> Result<Option<&str>, LedgerError> {
                Ok(self.try_get(at)?)
            }

            fn bytes(&self, at: usize) -> Result<&[u8], LedgerError> {
                Ok(self.try_get(at)?)
            }
        }
    };
}

columns!(SqliteRow);
columns!(PgRow);

impl Columns for rusqlite::Row<'_> {
    fn whole(&self, at: usize) -> Result<i64, LedgerError> {
        Ok(self.get(at)?)
    }

    fn maybe_whole(&self, at: usize) -> Result<Option<i64>, LedgerError> {
        Ok(self.get(at)?)
    }

    fn truth(&self, at: usize) -> Result<bool, LedgerError> {
        Ok(self.get(at)?)
    }

    fn text(&self, at: usize) -> Result<&str, LedgerError> {
        Ok(self.get_ref(at)?.as_str().map_err(rusqlite::Error::from)?)
    }

    fn maybe_text(&self, at: usize) -> Result<Option<&str>, LedgerError> {
        Ok(self.get_ref(at)?.as_str_or_null().map_err(rusqlite::Error::from)?)
    }

    fn bytes(&self, at: usize) -> Result<&[u8], LedgerError> {
        Ok(self.get_ref(at)?.as_blob().map_err(rusqlite::Error::from)?)
    }
}

/// A number that has to fit where it belongs.
fn fitting<T: TryFrom<i64>>(
    row: &impl Columns,
    n: EntryNumber,
    at: usize,
    name: &'static str,
) -> Result<T, LedgerError> {
    let value = row.whole(at)?;
    T::try_from(value).map_err(|_| LedgerError::Unreadable { n, what: format!("{name} 是 {value}") })
}

/// What every list of raw answers reads that are not in runs.
pub(super) const SELECT_ANSWER: &str = "select n, attempt, seq, given, elapsed_ms, at from answer";

/// What every list of runs reads.
pub(super) const SELECT_RUN: &str = "select last_n, packed from answer_run";

/// What every list of participants reads.
pub(super) const SELECT_PARTICIPANT: &str = "select id, n, request, name, city, county, organisation, group_id, token, recovery, consented, at from participant";

/// An attempt's start beside its end, if it has one.
pub(super) const SELECT_ATTEMPT: &str = "
    select s.attempt, s.n, s.participant, s.period, s.number, s.seed, s.at, s.previous,
           e.n, e.score, e.correct, e.elapsed_ms, e.at, e.ending, e.answers, e.receipt
    from start s left join ended e on e.attempt = s.attempt";

/// A participant's attempts from one back, for [`SELECT_ATTEMPT`] and [`OF_CHAIN`] behind it: each start names the one before.
pub(super) const CHAIN: &str = "
    with recursive chain (attempt, place) as (
        select s.attempt, 1 from start s where s.attempt = $1
        union all
        select s.previous, place + 1 from chain join start s on s.attempt = chain.attempt
        where s.previous <> 0 and place < $2
    )";
pub(super) const OF_CHAIN: &str = "where s.attempt in (select attempt from chain) order by s.attempt desc";

/// The attempt of a receipt of the first form.
pub(super) const OF_FIRST_RECEIPT: &str = "where e.receipt = $1 and e.receipt <> '' limit 1";

/// The same without the answers and the receipt.
pub(super) const SELECT_OUTCOME: &str = "
    select s.attempt, s.n, s.participant, s.period, s.number, s.seed, s.at, s.previous,
           e.n, e.score, e.correct, e.elapsed_ms, e.at, e.ending
    from start s left join ended e on e.attempt = s.attempt";

/// Of `epoch, last_n, alive_at`.
pub(super) fn lane(row: &impl Columns) -> Result<LaneState, LedgerError> {
    let alive_at = row.whole(2)?;
    Ok(LaneState {
        epoch: row.whole(0)?,
        last_n: row.whole(1)?,
        alive_at: (alive_at != 0).then_some(Timestamp(alive_at)),
    })
}

/// Of `n, at, body`.
pub(super) fn noted(row: &impl Columns) -> Result<Noted, LedgerError> {
    let n = row.whole(0)?;
    let note =
        serde_json::from_str(row.text(2)?).map_err(|error| LedgerError::Unreadable { n, what: error.to_string() })?;
    Ok(Noted { n, at: Timestamp(row.whole(1)?), note })
}

/// Of [`SELECT_PARTICIPANT`].
pub(super) fn registered(row: &impl Columns) -> Result<(EntryNumber, Registered), LedgerError> {
    let n = row.whole(1)?;
    let maybe = |at| Ok::<_, LedgerError>(row.maybe_text(at)?.map(str::to_owned));
    let registered = Registered {
        participant: ParticipantId(row.whole(0)?),
        request: sixteen(n, row.bytes(2)?)?,
        who: Who {
            name: row.text(3)?.to_owned(),
            city: row.text(4)?.to_owned(),
            county: maybe(5)?,
            organisation: maybe(6)?,
            group: maybe(7)?,
        },
        token: TokenHash(sixteen(n, row.bytes(8)?)?),
        recovery: TokenHash(sixteen(n, row.bytes(9)?)?),
        consented: row.truth(10)?,
        at: Timestamp(row.whole(11)?),
    };
    Ok((n, registered))
}

fn sixteen(n: EntryNumber, bytes: &[u8]) -> Result<[u8; 16], LedgerError> {
    bytes.try_into().map_err(|_| LedgerError::Unreadable { n, what: "应当是 16 字节".into() })
}

/// Of [`SELECT_ATTEMPT`].
pub(super) fn recorded(row: &impl Columns) -> Result<Recorded, LedgerError> {
    let Told { n, started, outcome } = told(row)?;
    let unreadable = |n, what: &str| LedgerError::Unreadable { n, what: what.to_owned() };
    let ended = match outcome {
        None => None,
        Some((ended_n, outcome)) => {
            let (fates, edition) = unpack(row.bytes(14)?).ok_or_else(|| unreadable(ended_n, "答案读不出"))?;
            let Outcome { score, correct, elapsed_ms, at, ending } = outcome;
            let (attempt, receipt) = (started.attempt, Some(row.text(15)?.to_owned()).filter(|text| !text.is_empty()));
            Some((ended_n, Ended { attempt, score, correct, elapsed_ms, at, ending, fates, edition, receipt }))
        }
    };
    Ok(Recorded { n, started, ended })
}

/// Of [`SELECT_OUTCOME`].
pub(super) fn told(row: &impl Columns) -> Result<Told, LedgerError> {
    let n = row.whole(1)?;
    let started = Started {
        attempt: AttemptId(row.whole(0)?),
        participant: ParticipantId(row.whole(2)?),
        period: row.whole(3)?,
        number: fitting(row, n, 4, "number")?,
        seed: seed_of(n, row.bytes(5)?)?,
        at: Timestamp(row.whole(6)?),
        previous: Some(AttemptId(row.whole(7)?)).filter(|previous| previous.0 != 0),
    };
    let outcome = match row.maybe_whole(8)? {
        None => None,
        Some(ended_n) => Some((ended_n, outcome(row, ended_n)?)),
    };
    Ok(Told { n, started, outcome })
}

fn outcome(row: &impl Columns, n: EntryNumber) -> Result<Outcome, LedgerError> {
    let unknown = || LedgerError::Unreadable { n, what: "结束方式不认识".to_owned() };
    Ok(Outcome {
        score: fitting(row, n, 9, "score")?,
        correct: fitting(row, n, 10, "correct")?,
        elapsed_ms: fitting(row, n, 11, "elapsed_ms")?,
        at: Timestamp(row.whole(12)?),
        ending: Ending::from_code(fitting(row, n, 13, "ending")?).ok_or_else(unknown)?,
    })
}

/// Of [`SELECT_ANSWER`].
pub(super) fn raw_answer(row: &impl Columns) -> Result<RawAnswer, LedgerError> {
    let n = row.whole(0)?;
    Ok(RawAnswer {
        n,
        attempt: AttemptId(row.whole(1)?),
        seq: fitting(row, n, 2, "seq")?,
        given: fitting(row, n, 3, "given")?,
        elapsed_ms: fitting(row, n, 4, "elapsed_ms")?,
        at: Timestamp(row.whole(5)?),
    })
}

/// Of [`SELECT_RUN`]: the raw answers in it.
pub(super) fn run(row: &impl Columns) -> Result<Vec<RawAnswer>, LedgerError> {
    let n = row.whole(0)?;
    unpacked(row.bytes(1)?).ok_or_else(|| LedgerError::Unreadable { n, what: "作答读不出".to_owned() })
}

/// Joins some of the ledger's own constants; nothing of a stranger's is in any.
pub(super) fn joined(parts: &[&'static str]) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(parts.join(" "))
}

/// A note as a row.
pub(super) struct Body {
    pub(super) n: EntryNumber,
    pub(super) at: Timestamp,
    pub(super) kind: String,
    pub(super) body: String,
}

/// Notes with their kinds and JSON bodies.
pub(super) fn bodies(rows: &Rows<'_>) -> Result<Vec<Body>, LedgerError> {
    let mut bodies = Vec::with_capacity(rows.notes.len());
    for (n, at, note) in &rows.notes {
        let unreadable = |error: serde_json::Error| LedgerError::Unreadable { n: *n, what: error.to_string() };
        let value = serde_json::to_value(note).map_err(unreadable)?;
        let kind = value["kind"].as_str().unwrap_or_default().to_owned();
        bodies.push(Body { n: *n, at: *at, kind, body: value.to_string() });
    }
    Ok(bodies)
}
