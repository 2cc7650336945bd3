//! One batch into the tables of the PostgreSQL ledger: one statement, one round trip, all or nothing.

use crate::domain::time::Timestamp;
use crate::ledger::columns;
use crate::ledger::columns::Body;
use crate::ledger::columns::bodies;
use crate::ledger::entry::EntryNumber;
use crate::ledger::entry::pack;
use crate::ledger::rows::Rows;
use crate::ledger::runs::Run;
use crate::ledger::runs::runs;
use crate::ledger::store::COPYING;
use crate::ledger::store::LaneState;
use crate::ledger::store::LedgerError;
use sqlx::PgConnection;

/// What is done to the lane.
pub(super) enum Act<'a> {
    /// It becomes ours: commits under an older epoch fail from here on.
    Take,
    /// It moves from a number to another, and the rows are there with it.
    Write {
        epoch: i64,
        from: EntryNumber,
        to: EntryNumber,
        alive_at: Timestamp,
        tables: &'a Tables<'a>,
    },
    MarkAlive {
        epoch: i64,
        at: Timestamp,
    },
    /// A lane that nobody ever took is marked as being copied into.
    BeginCopy,
}

/// The lane moves first; every insert reads the row that it moved, so that a fenced writer inserts nothing. Without an explicit
/// transaction the statement is one, committed with its own round trip. The text is always the same, so that it stays
/// prepared: a table that a batch has nothing for gets empty arrays.
const WRITE: &str = "
    with moved as (
        update lane set last_n = $2, alive_at = $4 where id = 1 and epoch = $3 and last_n = $1
        returning epoch, last_n, alive_at, season
    ), runs as (
        insert into answer_run (last_n, packed, season)
        select r.last_n, r.packed, moved.season from moved, unnest($5::bigint[], $6::bytea[]) as r (last_n, packed)
    ), starts as (
        insert into start (attempt, n, participant, period, at, number, seed, previous, season)
        select r.attempt, r.n, r.participant, r.period, r.at, r.number, r.seed, r.previous, moved.season
        from moved, unnest($7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bytea[],
                           $14::bigint[])
            as r (attempt, n, participant, period, at, number, seed, previous)
    ), ends as (
        insert into ended (attempt, n, elapsed_ms, at, score, correct, ending, answers, receipt, season)
        select r.attempt, r.n, r.elapsed_ms, r.at, r.score, r.correct, r.ending, r.answers, r.receipt, moved.season
        from moved, unnest($15::bigint[], $16::bigint[], $17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[],
                           $21::smallint[], $22::bytea[], $23::text[])
            as r (attempt, n, elapsed_ms, at, score, correct, ending, answers, receipt)
    ), participants as (
        insert into participant
            (id, n, at, consented, request, token, recovery, name, city, county, organisation, group_id, season)
        select r.id, r.n, r.at, r.consented, r.request, r.token, r.recovery,
               r.name, r.city, r.county, r.organisation, r.group_id, moved.season
        from moved, unnest($24::bigint[], $25::bigint[], $26::bigint[], $27::boolean[], $28::bytea[], $29::bytea[], $30::bytea[],
                           $31::text[], $32::text[], $33::text[], $34::text[], $35::text[])
            as r (id, n, at, consented, request, token, recovery, name, city, county, organisation, group_id)
    ), notes as (
        insert into entry (n, at, kind, body, season)
        select r.n, r.at, r.kind, r.body, moved.season
        from moved, unnest($36::bigint[], $37::bigint[], $38::text[], $39::text[]) as r (n, at, kind, body)
    )
    select epoch, last_n, alive_at from moved";

const TAKE: &str = "update lane set epoch = epoch + 1 where id = 1 returning epoch, last_n, alive_at";

const MARK_ALIVE: &str = "
    update lane set alive_at = $2 where id = 1 and epoch = $1 returning epoch, last_n, alive_at";

const BEGIN_COPY: &str = "
    update lane set last_n = $1 where id = 1 and epoch = 0 and last_n = 0 returning epoch, last_n, alive_at";

const READ: &str = "select epoch, last_n, alive_at from lane where id = 1";

impl Act<'_> {
    /// The lane as it left it; `None` where it did not find the lane as it has to be, and nothing was done.
    pub(super) async fn perform(&self, connection: &mut PgConnection) -> Result<Option<LaneState>, LedgerError> {
        let query = match self {
            Act::Take => sqlx::query(TAKE),
            Act::BeginCopy => sqlx::query(BEGIN_COPY).bind(COPYING),
            Act::MarkAlive { epoch, at } => sqlx::query(MARK_ALIVE).bind(epoch).bind(at.0),
            Act::Write { epoch, from, to, alive_at, tables } => {
                let query = sqlx::query(WRITE).bind(from).bind(to).bind(epoch).bind(alive_at.0);
                tables.bound_to(query)
            }
        };
        // The statement is committed when the server is ready for the next one, not when its row has come: this reads that far.
        let found = query.fetch_optional(connection).await?;
        found.as_ref().map(columns::lane).transpose()
    }

    /// Whether the lane, read after an attempt whose outcome is unknown, shows that it was done.
    pub(super) fn was_done(&self, lane: LaneState) -> bool {
        match self {
            Act::Write { epoch, to, .. } => lane.epoch == *epoch && lane.last_n == *to,
            Act::BeginCopy => lane.last_n == COPYING,
            Act::Take | Act::MarkAlive { .. } => false,
        }
    }

    pub(super) fn epoch(&self) -> Option<i64> {
        match self {
            Act::Take | Act::BeginCopy => None,
            Act::Write { epoch, .. } | Act::MarkAlive { epoch, .. } => Some(*epoch),
        }
    }
}

pub(super) async fn lane(connection: &mut PgConnection) -> Result<LaneState, LedgerError> {
    columns::lane(&sqlx::query(READ).fetch_one(connection).await?)
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments>;

/// Rows turned into columns, as `unnest` takes them. Made once, and bound again where a commit has to be repeated.
#[derive(Default)]
pub(super) struct Tables<'a> {
    runs: Runs,
    starts: Starts<'a>,
    ends: Ends<'a>,
    participants: Participants<'a>,
    notes: Notes,
}

#[derive(Default)]
struct Runs {
    last_n: Vec<i64>,
    packed: Vec<Vec<u8>>,
}

#[derive(Default)]
struct Starts<'a> {
    attempt: Vec<i64>,
    n: Vec<i64>,
    participant: Vec<i64>,
    period: Vec<i64>,
    at: Vec<i64>,
    number: Vec<i64>,
    seed: Vec<&'a [u8]>,
    previous: Vec<i64>,
}

#[derive(Default)]
struct Ends<'a> {
    attempt: Vec<i64>,
    n: Vec<i64>,
    elapsed_ms: Vec<i64>,
    at: Vec<i64>,
    score: Vec<i64>,
    correct: Vec<i64>,
    ending: Vec<i16>,
    answers: Vec<Vec<u8>>,
    receipt: Vec<&'a str>,
}

#[derive(Default)]
struct Participants<'a> {
    id: Vec<i64>,
    n: Vec<i64>,
    at: Vec<i64>,
    consented: Vec<bool>,
    request: Vec<&'a [u8]>,
    token: Vec<&'a [u8]>,
    recovery: Vec<&'a [u8]>,
    name: Vec<&'a str>,
    city: Vec<&'a str>,
    county: Vec<Option<&'a str>>,
    organisation: Vec<Option<&'a str>>,
    group: Vec<Option<&'a str>>,
}

#[derive(Default)]
struct Notes {
    n: Vec<i64>,
    at: Vec<i64>,
    kind: Vec<String>,
    body: Vec<String>,
}

impl<'a> Tables<'a> {
    pub(super) fn of(rows: &Rows<'a>) -> Result<Tables<'a>, LedgerError> {
        let mut tables = Tables::default();
        tables.put_runs(rows);
        tables.put_starts(rows);
        tables.put_ends(rows)?;
        tables.put_participants(rows);
        for Body { n, at, kind, body } in bodies(rows)? {
            tables.notes.n.push(n);
            tables.notes.at.push(at.0);
            tables.notes.kind.push(kind);
            tables.notes.body.push(body);
        }
        Ok(tables)
    }

    fn put_runs(&mut self, rows: &Rows<'a>) {
        for Run { last_n, packed } in runs(&rows.answers) {
            self.runs.last_n.push(last_n);
            self.runs.packed.push(packed);
        }
    }

    fn put_starts(&mut self, rows: &Rows<'a>) {
        for (n, started) in &rows.starts {
            self.starts.attempt.push(started.attempt.0);
            self.starts.n.push(*n);
            self.starts.participant.push(started.participant.0);
            self.starts.period.push(started.period);
            self.starts.at.push(started.at.0);
            self.starts.number.push(i64::from(started.number));
            self.starts.seed.push(&started.seed.0);
            self.starts.previous.push(started.previous.map_or(0, |previous| previous.0));
        }
    }

    fn put_ends(&mut self, rows: &Rows<'a>) -> Result<(), LedgerError> {
        for (n, ended) in &rows.ends {
            self.ends.attempt.push(ended.attempt.0);
            self.ends.n.push(*n);
            self.ends.elapsed_ms.push(fitting(*n, "elapsed_ms", ended.elapsed_ms)?);
            self.ends.at.push(ended.at.0);
            self.ends.score.push(i64::from(ended.score));
            self.ends.correct.push(i64::from(ended.correct));
            self.ends.ending.push(ended.ending.code());
            self.ends.answers.push(pack(&ended.fates, ended.edition));
            self.ends.receipt.push(ended.receipt.as_deref().unwrap_or_default());
        }
        Ok(())
    }

    fn put_participants(&mut self, rows: &Rows<'a>) {
        for (n, registered) in &rows.participants {
            self.participants.id.push(registered.participant.0);
            self.participants.n.push(*n);
            self.participants.at.push(registered.at.0);
            self.participants.consented.push(registered.consented);
            self.participants.request.push(&registered.request);
            self.participants.token.push(&registered.token.0);
            self.participants.recovery.push(&registered.recovery.0);
            self.participants.name.push(&registered.who.name);
            self.participants.city.push(&registered.who.city);
            self.participants.county.push(registered.who.county.as_deref());
            self.participants.organisation.push(registered.who.organisation.as_deref());
            self.participants.group.push(registered.who.group.as_deref());
        }
    }

    /// In the order of the statement's numbers.
    fn bound_to<'q>(&'q self, query: Query<'q>) -> Query<'q> {
        let Tables { runs, starts, ends, participants, notes } = self;
        let query = query.bind(&runs.last_n).bind(&runs.packed);
        let query = query.bind(&starts.attempt).bind(&starts.n).bind(&starts.participant).bind(&starts.period);
        let query = query.bind(&starts.at).bind(&starts.number).bind(&starts.seed).bind(&starts.previous);
        let query = query.bind(&ends.attempt).bind(&ends.n).bind(&ends.elapsed_ms).bind(&ends.at).bind(&ends.score);
        let query = query.bind(&ends.correct).bind(&ends.ending).bind(&ends.answers).bind(&ends.receipt);
        let query = query.bind(&participants.id).bind(&participants.n).bind(&participants.at);
        let query = query.bind(&participants.consented).bind(&participants.request).bind(&participants.token);
        let query = query.bind(&participants.recovery).bind(&participants.name).bind(&participants.city);
        let query = query.bind(&participants.county).bind(&participants.organisation).bind(&participants.group);
        query.bind(&notes.n).bind(&notes.at).bind(&notes.kind).bind(&notes.body)
    }
}

fn fitting<T, V>(n: EntryNumber, name: &str, value: V) -> Result<T, LedgerError>
where
    T: TryFrom<V>,
    V: Copy + std::fmt::Display,
{
    T::try_from(value).map_err(|_| LedgerError::Unreadable { n, what: format!("{name} 太大：{value}") })
}
