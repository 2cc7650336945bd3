-- While the season runs: what was told to everyone. Texts for both databases, as 0001 has it.

-- `taken_back_at` and what follows it are empty while the notice stands.
create table notice (
    season bigint not null,
    id text not null,
    at bigint not null,
    level text not null,
    body text not null,
    author text not null,
    author_name text not null,
    taken_back_at bigint,
    taken_back_by text,
    taken_back_reason text,
    constraint notice_key primary key (season, id)
);

create index notice_in_time on notice (season, at);
