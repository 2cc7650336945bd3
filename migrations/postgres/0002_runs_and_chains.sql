-- What an attempt and an answer cost to write: a row's header is longer than an answer, and two indices were touched by every attempt
-- at a random place. A history is now a chain, a receipt leads to its attempt by itself, and raw answers come in runs.

-- Raw answers packed one behind the other (src/ledger/runs.rs), under the number of the last. A commit writes one row, or a few;
-- a run is short enough to stay in its page, uncompressed.
-- What was answered before stays in `answer`, which takes no more: all its numbers are below those here.
create table answer_run (
    last_n bigint constraint answer_run_key primary key,
    season smallint not null,
    packed bytea not null
) with (autovacuum_vacuum_insert_scale_factor = 0.02);
alter table answer_run alter column packed set storage external;

-- Nothing is settled there any more. That a question is settled once is the lane's own to keep: its epoch and last number admit one
-- writer, and an attempt belongs to the lane that started it.
drop index answer_once;

-- The participant's attempt before this one; 0: there was none. Which one is the newest, every start reads anew.
alter table start add column previous bigint not null default 0;
update start set previous = chain.previous
from (select attempt, lag(attempt) over (partition by participant order by attempt) as previous from start) chain
where chain.attempt = start.attempt and chain.previous is not null;
drop index start_of_participant;

-- A receipt of the first form, which only a look-up leads back to its attempt; empty: of the second form, made when it is asked for.
drop index ended_of_receipt;
create index ended_of_first_receipt on ended (receipt) where receipt <> '';
