-- The desk: what staff edit, beside the ledger and apart from what scores. One text for SQLite (desk.db) and PostgreSQL, so it keeps to
-- types that both know: numbers and truths are bigint, times Unix milliseconds, ids random text, bodies JSON in text. Every table names the season.

-- Whose desk this is, and where the audit log ends: its next row follows that one.
create table desk (
    season bigint not null constraint desk_key primary key,
    name text not null constraint desk_name_once unique,
    last_n bigint not null,
    last_hash bytea not null
);

-- Who runs the season. A password is an argon2id text; a second factor is sealed with the key file, and `second_factor_step` is the last
-- step whose code was used, so that no code is used twice. `offered_factor` waits until its owner has shown a code of it.
create table staff (
    season bigint not null,
    id text not null,
    login text not null,
    name text not null,
    state text not null,
    password text,
    second_factor text,
    offered_factor text,
    second_factor_step bigint not null default 0,
    made_at bigint not null,
    seen_at bigint,
    constraint staff_key primary key (season, id),
    constraint staff_login_once unique (season, login)
);

-- What each may do. `scope` is a bank, a place (`city:450200`) or nothing, which means all.
create table staff_grant (
    season bigint not null,
    staff text not null,
    role text not null,
    scope text not null,
    constraint staff_grant_key primary key (season, staff, role, scope)
);

-- Who is signed in. The token is kept as its hash; `id` names the session to people. `seen_at` moves once a minute at most.
create table staff_session (
    season bigint not null,
    id text not null,
    token bytea not null,
    staff text not null,
    since bigint not null,
    seen_at bigint not null,
    confirmed_until bigint not null,
    network text not null,
    agent text not null,
    constraint staff_session_key primary key (season, id),
    constraint staff_session_token_once unique (season, token)
);

create index staff_session_of_staff on staff_session (season, staff);

-- Codes for a second factor that is lost, as hashes; each is deleted when it is used.
create table staff_recovery (
    season bigint not null,
    staff text not null,
    code bytea not null,
    constraint staff_recovery_key primary key (season, staff, code)
);

-- One-time links for those who have no password yet, or none any more; the secret is kept as its hash. One a person.
create table staff_invitation (
    season bigint not null,
    staff text not null,
    secret bytea not null,
    expires_at bigint not null,
    constraint staff_invitation_key primary key (season, staff),
    constraint staff_invitation_secret_once unique (season, secret)
);

-- A reset that one has asked for and a second has not completed yet.
create table staff_reset (
    season bigint not null,
    staff text not null,
    asked_by text not null,
    asked_at bigint not null,
    reason text not null,
    constraint staff_reset_key primary key (season, staff)
);

-- The audit log. Rows are appended; each holds the hash over itself and the row before it, so that one that was altered, taken out or moved is found.
create table audit (
    season bigint not null,
    n bigint not null,
    at bigint not null,
    who text,
    who_name text,
    network text not null,
    act text not null,
    subject text not null,
    before text,
    after text,
    reason text,
    refused bigint not null,
    hash bytea not null,
    constraint audit_key primary key (season, n)
);

create index audit_of_who on audit (season, who, n);

create index audit_of_subject on audit (season, subject, n);
