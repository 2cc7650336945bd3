//! Rows of the SQLite ledger, read back as facts.

use super::column;
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
use crate::ledger::store::LaneState;
use crate::ledger::store::LedgerError;
use crate::ledger::store::Noted;
use crate::ledger::store::RawAnswer;
use crate::ledger::store::Recorded;
use crate::ledger::store::seed_of;
use sqlx::sqlite::SqliteRow;

/// An attempt's start beside its end, if it has one.
pub(super) const SELECT_ATTEMPT: &str = "
    select s.attempt, s.n, s.participant, s.period, s.number, s.seed, s.at,
           e.n as ended_n, e.score, e.correct, e.elapsed_ms, e.at as ended_at, e.ending, e.answers, e.receipt
    from start s left join ended e on e.attempt = s.attempt";

pub(super) fn lane(row: &SqliteRow) -> Result<LaneState, LedgerError> {
    let alive_at: i64 = column(row, "alive_at")?;
    Ok(LaneState {
        epoch: column(row, "epoch")?,
        last_n: column(row, "last_n")?,
        alive_at: (alive_at != 0).then_some(Timestamp(alive_at)),
    })
}

pub(super) fn noted(row: &SqliteRow) -> Result<Noted, LedgerError> {
    let n: EntryNumber = column(row, "n")?;
    let body: &str = column(row, "body")?;
    let note = serde_json::from_str(body).map_err(|error| LedgerError::Unreadable { n, what: error.to_string() })?;
    Ok(Noted { n, at: Timestamp(column(row, "at")?), note })
}

pub(super) fn registered(row: &SqliteRow) -> Result<(EntryNumber, Registered), LedgerError> {
    let n: EntryNumber = column(row, "n")?;
    let registered = Registered {
        participant: ParticipantId(column(row, "id")?),
        request: sixteen(n, column(row, "request")?)?,
        who: Who {
            name: column(row, "name")?,
            city: column(row, "city")?,
            county: column(row, "county")?,
            organisation: column(row, "organisation")?,
            group: column(row, "group_id")?,
        },
        token: TokenHash(sixteen(n, column(row, "token")?)?),
        recovery: TokenHash(sixteen(n, column(row, "recovery")?)?),
        consented: column(row, "consented")?,
        at: Timestamp(column(row, "at")?),
    };
    Ok((n, registered))
}

fn sixteen(n: EntryNumber, bytes: &[u8]) -> Result<[u8; 16], LedgerError> {
    bytes.try_into().map_err(|_| LedgerError::Unreadable { n, what: "应当是 16 字节".into() })
}

pub(super) fn recorded(row: &SqliteRow) -> Result<Recorded, LedgerError> {
    let n: EntryNumber = column(row, "n")?;
    let attempt = AttemptId(column(row, "attempt")?);
    let started = Started {
        attempt,
        participant: ParticipantId(column(row, "participant")?),
        period: column(row, "period")?,
        number: column(row, "number")?,
        seed: seed_of(n, column(row, "seed")?)?,
        at: Timestamp(column(row, "at")?),
    };
    let ended = match column::<Option<i64>>(row, "ended_n")? {
        None => None,
        Some(ended_n) => Some((ended_n, ended(row, ended_n, attempt)?)),
    };
    Ok(Recorded { n, started, ended })
}

fn ended(row: &SqliteRow, n: EntryNumber, attempt: AttemptId) -> Result<Ended, LedgerError> {
    let unreadable = |what: &str| LedgerError::Unreadable { n, what: what.to_owned() };
    let elapsed_ms: i64 = column(row, "elapsed_ms")?;
    Ok(Ended {
        attempt,
        score: column(row, "score")?,
        correct: column(row, "correct")?,
        elapsed_ms: u64::try_from(elapsed_ms).map_err(|_| unreadable("用时是负数"))?,
        at: Timestamp(column(row, "ended_at")?),
        ending: Ending::from_code(column(row, "ending")?).ok_or_else(|| unreadable("结束方式不认识"))?,
        fates: unpack(column(row, "answers")?).ok_or_else(|| unreadable("答案读不出"))?,
        receipt: column(row, "receipt")?,
    })
}

pub(super) fn raw_answer(row: &SqliteRow) -> Result<RawAnswer, LedgerError> {
    Ok(RawAnswer {
        n: column(row, "n")?,
        attempt: AttemptId(column(row, "attempt")?),
        seq: column(row, "seq")?,
        given: column(row, "given")?,
        elapsed_ms: column(row, "elapsed_ms")?,
        at: Timestamp(column(row, "at")?),
    })
}
