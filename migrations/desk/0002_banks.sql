-- Question banks: what is written, reviewed and published, and files on their way in. Texts for both databases, as 0001 has it.

-- `wording` are the lists of required and forbidden words, JSON.
create table bank (
    season bigint not null,
    id text not null,
    name text not null,
    reviews bigint not null,
    wording text not null,
    made_at bigint not null,
    constraint bank_key primary key (season, id)
);

-- Where each question stands, with what lists and filters ask for; its text is in its revisions. `search` is what a search looks through, in
-- small letters. `hands` and `approvals` are JSON. `carried` is the revision that versions go on with, `version` the last one that holds it.
create table question (
    season bigint not null,
    id text not null,
    bank text not null,
    state text not null,
    rested_from text,
    revision bigint not null,
    carried bigint,
    version bigint,
    author text not null,
    place text,
    hands text not null,
    approvals text not null,
    reviews bigint not null,
    reason text,
    kind text not null,
    topic text not null,
    difficulty bigint not null,
    contributor text not null,
    stem text not null,
    search text not null,
    faults bigint not null,
    made_at bigint not null,
    updated_at bigint not null,
    constraint question_key primary key (season, id),
    constraint question_of_bank foreign key (season, bank) references bank (season, id)
);

-- For the facets, which are counted over all of a bank.
create index question_facets on question (season, bank, state, topic, difficulty, kind);

create index question_latest on question (season, bank, updated_at);

create index question_latest_in_state on question (season, bank, state, updated_at);

-- Each text that a question ever had; never changed.
create table question_revision (
    season bigint not null,
    question text not null,
    n bigint not null,
    at bigint not null,
    by_staff text not null,
    what text not null,
    body text not null,
    constraint question_revision_key primary key (season, question, n),
    constraint question_revision_of_question foreign key (season, question) references question (season, id) on delete cascade
);

-- What was decided of a question, with the words that were given for it.
create table question_step (
    season bigint not null,
    question text not null,
    n bigint not null,
    revision bigint not null,
    at bigint not null,
    by_staff text not null,
    act text not null,
    reason text not null,
    constraint question_step_key primary key (season, question, n),
    constraint question_step_of_question foreign key (season, question) references question (season, id) on delete cascade
);

-- Published versions, as the ledger takes them; never changed.
create table bank_version (
    season bigint not null,
    bank text not null,
    n bigint not null,
    at bigint not null,
    by_staff text not null,
    reason text not null,
    digest text not null,
    canonical text not null,
    questions bigint not null,
    added bigint not null,
    changed bigint not null,
    removed bigint not null,
    constraint bank_version_key primary key (season, bank, n)
);

-- Pictures, drawn anew on their way in; the id is the digest of the bytes.
create table picture (
    season bigint not null,
    id text not null,
    kind text not null,
    width bigint not null,
    height bigint not null,
    bytes bytea not null,
    made_at bigint not null,
    by_staff text not null,
    constraint picture_key primary key (season, id)
);

-- Files on their way into a bank. `told` is what the person told of the file, `found` what was seen in it, JSON.
create table import (
    season bigint not null,
    id text not null,
    bank text not null,
    name text not null,
    at bigint not null,
    by_staff text not null,
    state text not null,
    done bigint not null,
    items bigint not null,
    told text not null,
    found text not null,
    error text,
    constraint import_key primary key (season, id),
    constraint import_of_bank foreign key (season, bank) references bank (season, id)
);

create index import_latest on import (season, bank, at);

-- The file itself, until all of it is saved or the import is deleted.
create table import_file (
    season bigint not null,
    import text not null,
    bytes bytea not null,
    constraint import_file_key primary key (season, import),
    constraint import_file_of_import foreign key (season, import) references import (season, id) on delete cascade
);

-- The questions of a file as they were read or mended. `standing`: ready, to_check, refused, saved or skipped. `same` is 1 where the bank or
-- the file has the same question. `mended` is 1 where a person had a hand in it.
create table import_row (
    season bigint not null,
    import text not null,
    n bigint not null,
    line bigint not null,
    cell bigint not null,
    standing text not null,
    same bigint not null,
    mended bigint not null,
    body text not null,
    remarks text not null,
    raw text not null,
    twins text not null,
    question text,
    constraint import_row_key primary key (season, import, n),
    constraint import_row_of_import foreign key (season, import) references import (season, id) on delete cascade
);

create index import_row_standing on import_row (season, import, standing, n);
