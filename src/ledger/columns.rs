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
use crate::ledger::store::LaneState;
use crate::ledger::store::LedgerError;
use crate::ledger::store::Noted;
use crate::ledger::store::Recorded;
use crate::ledger::store::seed_of;
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;

/// A column of a row, by name. Numbers are asked for as they are meant; how wide a database keeps them is its own affair.
pub(super) trait Columns {
    fn whole(&self, name: &'static str) -> Result<i64, LedgerError>;
    fn maybe_whole(&self, name: &'static str) -> Result<Option<i64>, LedgerError>;
    fn truth(&self, name: &'static str) -> Result<bool, LedgerError>;
    fn text(&self, name: &'static str) -> Result<&str, LedgerError>;
    fn maybe_text(&self, name: &'static str) -> Result<Option<&str>, LedgerError>;
    fn bytes(&self, name: &'static str) -> Result<&[u8], LedgerError>;
}

macro_rules! columns {
    ($row:ty) => {
        impl Columns for $row {
            fn whole(&self, name: &'static str) -> Result<i64, LedgerError> {
                // Unchecked is the type's name, not its value: smaller columns are read as well.
                Ok(self.try_get_unchecked(name)?)
            }

            fn maybe_whole(&self, name: &'static str) -> Result<Option<i64>, LedgerError> {
                Ok(self.try_get_unchecked(name)?)
            }

            fn truth(&self, name: &'static str) -> Result<bool, LedgerError> {
                Ok(self.try_get(name)?)
            }

            fn text(&self, name: &'static str) -> Result<&str, LedgerError> {
                Ok(self.try_get(name)?)
            }

            fn maybe_text(&self, name: &'static str) -> Result<Option<&str>, LedgerError> {
                Ok(self.try_get(name)?)
            }

            fn bytes(&self, name: &'static str) -> Result<&[u8], LedgerError> {
                Ok(self.try_get(name)?)
            }
        }
    };
}

columns!(SqliteRow);
columns!(PgRow);

/// A number that has to fit where it belongs.
fn fitting<T: TryFrom<i64>>(row: &impl Columns, n: EntryNumber, name: &'static str) -> Result<T, LedgerError> {
    let value = row.whole(name)?;
    T::try_from(value).map_err(|_| LedgerError::Unreadable { n, what: format!("{name} 是 {value}") })
}

/// What every list of raw answers reads.
pub(super) const SELECT_ANSWER: &str = "select n, attempt, seq, given, elapsed_ms, at from answer";

/// What every list of participants reads.
pub(super) const SELECT_PARTICIPANT: &str = "select id, n, request, name, city, county, organisation, group_id, token, recovery, consented, at from participant";

/// An attempt's start beside its end, if it has one.
pub(super) const SELECT_ATTEMPT: &str = "
    select s.attempt, s.n, s.participant, s.period, s.number, s.seed, s.at,
           e.n as ended_n, e.score, e.correct, e.elapsed_ms, e.at as ended_at, e.ending, e.answers, e.receipt
    from start s left join ended e on e.attempt = s.attempt";

pub(super) fn lane(row: &impl Columns) -> Result<LaneState, LedgerError> {
    let alive_at = row.whole("alive_at")?;
    Ok(LaneState {
        epoch: row.whole("epoch")?,
        last_n: row.whole("last_n")?,
        alive_at: (alive_at != 0).then_some(Timestamp(alive_at)),
    })
}

pub(super) fn noted(row: &impl Columns) -> Result<Noted, LedgerError> {
    let n = row.whole("n")?;
    let note = serde_json::from_str(row.text("body")?)
        .map_err(|error| LedgerError::Unreadable { n, what: error.to_string() })?;
    Ok(Noted { n, at: Timestamp(row.whole("at")?), note })
}

pub(super) fn registered(row: &impl Columns) -> Result<(EntryNumber, Registered), LedgerError> {
    let n = row.whole("n")?;
    let maybe = |name| Ok::<_, LedgerError>(row.maybe_text(name)?.map(str::to_owned));
    let registered = Registered {
        participant: ParticipantId(row.whole("id")?),
        request: sixteen(n, row.bytes("request")?)?,
        who: Who {
            name: row.text("name")?.to_owned(),
            city: row.text("city")?.to_owned(),
            county: maybe("county")?,
            organisation: maybe("organisation")?,
            group: maybe("group_id")?,
        },
        token: TokenHash(sixteen(n, row.bytes("token")?)?),
        recovery: TokenHash(sixteen(n, row.bytes("recovery")?)?),
        consented: row.truth("consented")?,
        at: Timestamp(row.whole("at")?),
    };
    Ok((n, registered))
}

fn sixteen(n: EntryNumber, bytes: &[u8]) -> Result<[u8; 16], LedgerError> {
    bytes.try_into().map_err(|_| LedgerError::Unreadable { n, what: "应当是 16 字节".into() })
}

pub(super) fn recorded(row: &impl Columns) -> Result<Recorded, LedgerError> {
    let n = row.whole("n")?;
    let attempt = AttemptId(row.whole("attempt")?);
    let started = Started {
        attempt,
        participant: ParticipantId(row.whole("participant")?),
        period: row.whole("period")?,
        number: fitting(row, n, "number")?,
        seed: seed_of(n, row.bytes("seed")?)?,
        at: Timestamp(row.whole("at")?),
    };
    let ended = match row.maybe_whole("ended_n")? {
        None => None,
        Some(ended_n) => Some((ended_n, ended(row, ended_n, attempt)?)),
    };
    Ok(Recorded { n, started, ended })
}

fn ended(row: &impl Columns, n: EntryNumber, attempt: AttemptId) -> Result<Ended, LedgerError> {
    let unreadable = |what: &str| LedgerError::Unreadable { n, what: what.to_owned() };
    Ok(Ended {
        attempt,
        score: fitting(row, n, "score")?,
        correct: fitting(row, n, "correct")?,
        elapsed_ms: fitting(row, n, "elapsed_ms")?,
        at: Timestamp(row.whole("ended_at")?),
        ending: Ending::from_code(fitting(row, n, "ending")?).ok_or_else(|| unreadable("结束方式不认识"))?,
        fates: unpack(row.bytes("answers")?).ok_or_else(|| unreadable("答案读不出"))?,
        receipt: row.text("receipt")?.to_owned(),
    })
}

pub(super) fn raw_answer(row: &impl Columns) -> Result<RawAnswer, LedgerError> {
    let n = row.whole("n")?;
    Ok(RawAnswer {
        n,
        attempt: AttemptId(row.whole("attempt")?),
        seq: fitting(row, n, "seq")?,
        given: fitting(row, n, "given")?,
        elapsed_ms: fitting(row, n, "elapsed_ms")?,
        at: Timestamp(row.whole("at")?),
    })
}

/// Joins two of the ledger's own constants; nothing of a stranger's is in either.
pub(super) fn joined(head: &'static str, tail: &'static str) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(format!("{head} {tail}"))
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
