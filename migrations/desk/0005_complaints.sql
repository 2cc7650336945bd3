-- What citizens report and complain of, and what is done about it: reports of questions with their answers, corrections on their way to the
-- ledger, complaints, and when phones came and went. Texts for both databases, as 0001 has it.

-- 「这道题有问题」, as the ledger has it under the same number; `answer` is the answer's, once there is one.
create table report (
    season bigint not null,
    n bigint not null,
    at bigint not null,
    participant bigint not null,
    attempt bigint not null,
    seq bigint not null,
    bank text not null,
    question text not null,
    words text not null,
    answer bigint,
    constraint report_key primary key (season, n)
);

create index report_of_question on report (season, bank, question, n);

create index report_of_participant on report (season, participant, n);

create index report_of_attempt on report (season, attempt);

-- What those who reported a question are told; it stands for all reports of it that came before.
create table report_answer (
    season bigint not null,
    n bigint not null,
    bank text not null,
    question text not null,
    at bigint not null,
    by_staff text not null,
    words text not null,
    constraint report_answer_key primary key (season, n)
);

create index report_answer_of_question on report_answer (season, bank, question);

-- Corrections: proposed by one, seen as a preview, decided by another, then in the ledger under `entry`. `remedy`, `versions` (digests),
-- `preview` and `applied` are JSON; `previews` counts the previews, so that what was seen is what is decided.
create table correction (
    season bigint not null,
    id text not null,
    at bigint not null,
    by_staff text not null,
    bank text not null,
    question text not null,
    stem text not null,
    remedy text not null,
    versions text not null,
    reason text not null,
    words text not null,
    complaint text,
    state text not null,
    previews bigint not null,
    preview text,
    trouble text,
    decided_by text,
    decided_at bigint,
    applied text,
    withdrawn text,
    constraint correction_key primary key (season, id)
);

create index correction_latest on correction (season, at);

create index correction_of_question on correction (season, bank, question);

-- Complaints: who has it is one of the staff or a place. `place` is where the person is at home, and so who may see it.
create table complaint (
    season bigint not null,
    id text not null,
    at bigint not null,
    by_staff text not null,
    attempt bigint,
    participant bigint,
    place text not null,
    complainer text not null,
    words text not null,
    state text not null,
    held_by text,
    held_at text,
    changed_at bigint not null,
    constraint complaint_key primary key (season, id)
);

create index complaint_latest on complaint (season, state, changed_at);

create index complaint_of_attempt on complaint (season, attempt);

create index complaint_of_participant on complaint (season, participant);

-- What was done about a complaint, in order. `towards` is whom it was referred to, or the correction that it led to.
create table complaint_step (
    season bigint not null,
    complaint text not null,
    n bigint not null,
    at bigint not null,
    by_staff text not null,
    act text not null,
    words text not null,
    towards text,
    constraint complaint_step_key primary key (season, complaint, n),
    constraint complaint_step_of_complaint foreign key (season, complaint) references complaint (season, id) on delete cascade
);

-- When the phone of a live attempt came and went. Nothing is scored by it.
create table attempt_event (
    season bigint not null,
    attempt bigint not null,
    at bigint not null,
    kind text not null,
    constraint attempt_event_key primary key (season, attempt, at, kind)
);

-- Where so many of these were left out, because more came than could be kept.
create table attempt_event_gap (
    season bigint not null,
    since bigint not null,
    until bigint not null,
    lost bigint not null,
    constraint attempt_event_gap_key primary key (season, since, until)
);
