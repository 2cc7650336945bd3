-- The ledger: the durable truth of one season. Facts are appended, never changed; everything else is computed from them.
-- `n` is an entry's number in its lane: order in a lane is commit order. Times are Unix milliseconds.
-- Columns stand widest first, so that no row is padded between them.

-- Which season this is. Every table names it by this number, so that the shape is the same where several share a database.
create table season (
    id smallint constraint season_key primary key,
    name text not null constraint season_name_once unique
);

-- One writer's ordered part of the ledger. Every commit checks the epoch, so that a writer thought dead is fenced.
-- `alive_at` is written in each idle second: from there to the next start the server was away.
-- The row is rewritten by every commit: the room that is left in its page keeps those versions in it.
create table lane (
    epoch bigint not null,
    last_n bigint not null,
    alive_at bigint not null,
    id smallint constraint lane_key primary key,
    season smallint not null constraint lane_season references season (id)
) with (fillfactor = 10, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);

-- The rare facts, one JSON body each: the canonical season, bank versions, draw periods, outages, tokens, changes, reports.
create table entry (
    n bigint constraint entry_key primary key,
    at bigint not null,
    season smallint not null,
    kind text not null,
    body text not null
);

-- Who takes part, as registered; later changes are entries.
create table participant (
    id bigint constraint participant_key primary key,
    n bigint not null,
    at bigint not null,
    season smallint not null,
    consented boolean not null,
    request bytea not null,
    token bytea not null,
    recovery bytea not null,
    name text not null,
    city text not null,
    county text,
    organisation text,
    group_id text
);

-- An attempt's start. `period` is the number of the entry that opened its draw period, which says round, rules and bank.
create table start (
    attempt bigint constraint start_key primary key,
    n bigint not null,
    participant bigint not null,
    period bigint not null,
    at bigint not null,
    number bigint not null,
    season smallint not null,
    seed bytea not null
);

-- A participant's history, newest first.
create index start_of_participant on start (participant, attempt);

-- Raw answers, append-only: this is the table that a burst writes, 40 bytes of values a row.
-- `given`: the chosen options as bits, in the bank's order (0: passed); -1 timed out, -2 left when the attempt was ended, -3 the question was opened.
create table answer (
    n bigint not null,
    attempt bigint not null,
    at bigint not null,
    elapsed_ms bigint not null,
    seq integer not null,
    given smallint not null,
    season smallint not null
) with (autovacuum_vacuum_insert_scale_factor = 0.02);

-- A question of an attempt is settled once, whoever writes: the arbiter between nodes. That it was opened is no settling.
-- One number instead of two columns, and full pages: 29 bytes a row instead of 39. A paper has at most 200 questions.
create unique index answer_once on answer ((attempt * 65536 + seq)) with (fillfactor = 100) where given <> -3;

-- Rows lie in the order of their numbers: a few bytes for each 32 pages find a page of a read.
create index answer_by_number on answer using brin (n) with (pages_per_range = 32, autosummarize = on);

-- An attempt's end, with its answers packed: reviews, resends, history, corrections and statistics read this.
create table ended (
    attempt bigint constraint ended_key primary key,
    n bigint not null,
    elapsed_ms bigint not null,
    at bigint not null,
    score bigint not null,
    correct bigint not null,
    season smallint not null,
    ending smallint not null,
    answers bytea not null,
    receipt text not null
);

-- A receipt read out over a telephone finds its attempt.
create index ended_of_receipt on ended (receipt);
