-- The season as it is being written by form, before it is published and becomes the ledger's. Texts for both databases, as 0001 has it.

-- `body` is a season file (TOML). Whoever saves names the revision that they began with. `asked_by` has asked for this revision to be
-- published while a counted round is open, and waits for a second person.
create table season_draft (
    season bigint not null,
    revision bigint not null,
    at bigint not null,
    by_staff text not null,
    body text not null,
    asked_by text,
    asked_at bigint,
    asked_why text,
    constraint season_draft_key primary key (season)
);

-- Files that the draft names: the region, the list of organisations.
create table season_draft_file (
    season bigint not null,
    name text not null,
    at bigint not null,
    body text not null,
    constraint season_draft_file_key primary key (season, name)
);
