-- The ledger: the durable truth of one season. Facts are appended, never changed; everything else is computed from them.
-- `n` is an entry's number in its lane: order in a lane is commit order. Times are Unix milliseconds.

-- Which season this is. Every table names it by this number, so that the shape is the same where several share a database.
create table season (
    id integer primary key,
    name text not null constraint season_name_once unique
);

-- One writer's ordered part of the ledger. Every commit checks the epoch, so that a writer thought dead is fenced.
-- `alive_at` is written in each idle second: from there to the next start the server was away.
create table lane (
    id integer primary key,
    season integer not null constraint lane_season references season (id),
    epoch integer not null,
    last_n integer not null,
    alive_at integer not null
);

-- The rare facts, one JSON body each: the canonical season, bank versions, draw periods, outages, tokens, changes, reports.
create table entry (
    n integer primary key,
    season integer not null,
    kind text not null,
    at integer not null,
    body text not null
);

-- Who takes part, as registered; later changes are entries.
create table participant (
    id integer primary key,
    season integer not null,
    n integer not null,
    request blob not null,
    name text not null,
    city text not null,
    county text,
    organisation text,
    group_id text,
    token blob not null,
    recovery blob not null,
    consented integer not null,
    at integer not null
);

-- An attempt's start. `period` is the number of the entry that opened its draw period, which says round, rules and bank.
create table start (
    attempt integer primary key,
    season integer not null,
    n integer not null,
    participant integer not null,
    period integer not null,
    number integer not null,
    seed blob not null,
    at integer not null
);

-- A participant's history, newest first.
create index start_of_participant on start (participant, attempt);

-- Raw answers, append-only and without a second index: this is the table that a burst writes.
-- `given`: the chosen options as bits, in the bank's order (0: passed); -1 timed out, -2 left when the attempt was ended, -3 the question was opened.
create table answer (
    n integer primary key,
    season integer not null,
    attempt integer not null,
    seq integer not null,
    given integer not null,
    elapsed_ms integer not null,
    at integer not null
);

-- An attempt's end, with its answers packed: reviews, resends, history, corrections and statistics read this.
create table ended (
    attempt integer primary key,
    season integer not null,
    n integer not null,
    score integer not null,
    correct integer not null,
    elapsed_ms integer not null,
    at integer not null,
    ending integer not null,
    answers blob not null,
    receipt text not null
);

-- A receipt read out over a telephone finds its attempt.
create index ended_of_receipt on ended (receipt);
