-- What an attempt and an answer cost to write. Nine in ten pages of the log were those of two indices that every attempt touched
-- at a random place. A history is now a chain, a receipt leads to its attempt by itself, and raw answers come in runs.

-- Raw answers packed one behind the other (src/ledger/runs.rs), under the number of the last. A commit writes one row, or a few.
-- What was answered before stays in `answer`, which takes no more: all its numbers are below those here.
create table answer_run (
    last_n integer primary key,
    season integer not null,
    packed blob not null
);

-- The participant's attempt before this one; 0: there was none. Which one is the newest, every start reads anew.
alter table start add column previous integer not null default 0;
update start set previous = coalesce(
    (select max(before.attempt) from start before where before.participant = start.participant and before.attempt < start.attempt), 0
);
drop index start_of_participant;

-- A receipt of the first form, which only a look-up leads back to its attempt; empty: of the second form, made when it is asked for.
drop index ended_of_receipt;
create index ended_of_first_receipt on ended (receipt) where receipt <> '';
