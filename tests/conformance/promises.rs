//! The promises. Each is a function of the ground that it is kept on.

use super::facts::NOON;
use super::facts::append;
use super::facts::ended;
use super::facts::ends;
use super::facts::everything;
use super::facts::notes;
use super::facts::opens;
use super::facts::registered;
use super::facts::registers;
use super::facts::season;
use super::facts::settles;
use super::facts::started;
use super::facts::starts;
use super::facts::starts_after;
use crate::harness::ground::Ground;
use kejing::domain::attempt::Ending;
use kejing::domain::attempt::Fate;
use kejing::domain::attempt::Given;
use kejing::domain::ids::AttemptId;
use kejing::domain::ids::ParticipantId;
use kejing::domain::ids::SeasonId;
use kejing::domain::question::Choices;
use kejing::domain::time::Timestamp;
use kejing::ledger::entry::Ended;
use kejing::ledger::entry::Entry;
use kejing::ledger::entry::OPENED_CODE;
use kejing::ledger::entry::Settled;
use kejing::ledger::store::Batch;
use kejing::ledger::store::LaneState;
use kejing::ledger::store::LedgerError;
use kejing::ledger::store::PAGE_ROWS;
use kejing::ledger::store::RawAnswer;
use kejing::ledger::store::Store;
use std::sync::Arc;

async fn new(ground: &Ground) -> (Arc<dyn Store>, LaneState) {
    let store = ground.open(&season()).await.unwrap();
    let lane = store.take_lane().await.unwrap();
    (store, lane)
}

pub(crate) async fn a_new_ledger_is_empty(ground: Ground) {
    let store = ground.open(&season()).await.unwrap();
    assert_eq!(store.lane().await.unwrap(), LaneState { epoch: 0, last_n: 0, alive_at: None });
    let lane = store.take_lane().await.unwrap();
    assert_eq!(lane, LaneState { epoch: 1, last_n: 0, alive_at: None });
    assert_eq!(everything(store.as_ref()).await, format!("{lane:?}\n"));
    assert_eq!(store.attempt(AttemptId(1)).await.unwrap(), None);
}

pub(crate) async fn every_kind_of_entry_is_read_back_as_it_was_committed(ground: Ground) {
    let (store, mut lane) = new(&ground).await;
    let entries =
        [notes(1), registers(1), starts(1, 1), opens(1, 1), settles(1, 1), settles(1, 2), ends(1, 3), starts(2, 1)];
    append(store.as_ref(), &mut lane, &entries).await.unwrap();
    append(store.as_ref(), &mut lane, &[registers(2)]).await.unwrap();

    let Entry::Noted { at, note } = notes(1) else { unreachable!() };
    let noted = store.notes(0).await.unwrap();
    assert_eq!((noted.len(), noted[0].n, noted[0].at, &noted[0].note), (1, 1, at, note.as_ref()));
    assert_eq!(store.participants(ParticipantId(0)).await.unwrap(), [(2, registered(1)), (9, registered(2))]);
    assert_eq!(store.participants(ParticipantId(1)).await.unwrap(), [(9, registered(2))]);

    let attempts = store.attempts(AttemptId(0)).await.unwrap();
    assert_eq!((attempts[0].n, &attempts[0].started), (3, &started(1, 1)));
    assert_eq!(attempts[0].ended, Some((7, ended(1, 3))));
    assert_eq!((attempts[1].n, &attempts[1].started, &attempts[1].ended), (8, &started(2, 1), &None));
    assert_eq!(store.attempt(AttemptId(1)).await.unwrap().as_ref(), attempts.first());

    let answers = store.answers(0).await.unwrap();
    let rows: Vec<_> = answers.iter().map(|row| (row.n, row.attempt.0, row.seq, row.given, row.elapsed_ms)).collect();
    assert_eq!(rows, [(4, 1, 1, OPENED_CODE, 0), (5, 1, 1, 5, 9_001), (6, 1, 2, 5, 9_002), (7, 1, 3, 5, 9_003)]);
    assert_eq!(answers[1].at, NOON.plus_ms(2));
    assert_eq!(store.answers(6).await.unwrap(), answers[3..]);
}

pub(crate) async fn every_column_holds_the_most_that_can_be_in_it(ground: Ground) {
    let (store, mut lane) = new(&ground).await;
    let mut who = registered(1);
    (who.participant, who.at) = (ParticipantId(i64::MAX), Timestamp::MAX);
    who.request = [255; 16];
    who.who.name = "𠮷".repeat(500);
    let mut start = started(1 << 40, i64::MAX);
    (start.period, start.number, start.at) = (i64::MAX, u32::MAX, Timestamp::MAX);
    start.previous = Some(AttemptId(i64::MAX));
    let given = [Given::Chosen(Choices::NONE), Given::Chosen(Choices(i16::MAX as u16)), Given::TimedOut, Given::Left];
    let fates = (1..=200).map(|seq| Fate { seq, given: given[seq as usize % 4], elapsed_ms: u32::MAX });
    let end = Ended {
        attempt: start.attempt,
        score: u32::MAX,
        correct: u32::MAX,
        elapsed_ms: i64::MAX as u64,
        at: Timestamp::MAX,
        ending: Ending::HandedBack,
        fates: fates.clone().collect(),
        edition: u16::MAX,
        receipt: Some("回".repeat(100)),
    };
    let mut entries = vec![Entry::Registered(Box::new(who.clone())), Entry::Started(Box::new(start.clone()))];
    entries.extend(fates.map(|fate| {
        let ended = (fate.seq == 200).then(|| Box::new(end.clone()));
        let (participant, attempt) = (start.participant, start.attempt);
        Entry::Settled(Settled { participant, attempt, fate: Some(fate), at: Timestamp::MAX, ended })
    }));
    append(store.as_ref(), &mut lane, &entries).await.unwrap();

    assert_eq!(store.participants(ParticipantId(0)).await.unwrap(), [(1, who)]);
    let recorded = store.attempt(start.attempt).await.unwrap().unwrap();
    assert_eq!((recorded.started, recorded.ended), (start.clone(), Some((202, end))));
    let answers = store.answers(0).await.unwrap();
    let last =
        RawAnswer { n: 202, attempt: start.attempt, seq: 200, given: 0, elapsed_ms: u32::MAX, at: Timestamp::MAX };
    assert_eq!((answers.len(), answers[199]), (200, last));
}

pub(crate) async fn a_commit_moves_the_lane_to_its_last_number_and_its_sign_of_life(ground: Ground) {
    let (store, mut lane) = new(&ground).await;
    append(store.as_ref(), &mut lane, &[starts(1, 1), settles(1, 1), ends(1, 2)]).await.unwrap();
    assert_eq!(store.lane().await.unwrap(), LaneState { epoch: 1, last_n: 3, alive_at: Some(NOON) });
    append(store.as_ref(), &mut lane, &[notes(1)]).await.unwrap();
    assert_eq!(store.lane().await.unwrap(), LaneState { epoch: 1, last_n: 4, alive_at: Some(NOON.plus_ms(3)) });
}

pub(crate) async fn long_reads_come_in_ordered_pages_and_miss_nothing(ground: Ground) {
    let (store, mut lane) = new(&ground).await;
    // Long stretches without a raw answer between those with one.
    let many = PAGE_ROWS + 7;
    for chunk in (1..=many).collect::<Vec<_>>().chunks(8_192) {
        let at_once = |entry: fn(i64) -> Entry| chunk.iter().map(|&i| entry(i)).collect::<Vec<_>>();
        append(store.as_ref(), &mut lane, &at_once(registers)).await.unwrap();
        append(store.as_ref(), &mut lane, &at_once(|i| starts(i, i))).await.unwrap();
        append(store.as_ref(), &mut lane, &at_once(|i| settles(i, 1))).await.unwrap();
        append(store.as_ref(), &mut lane, &at_once(notes)).await.unwrap();
    }
    let page = PAGE_ROWS as usize;

    let first = store.answers(0).await.unwrap();
    assert_eq!(first.len(), page);
    assert!(first.is_sorted_by(|a, b| a.n < b.n));
    let rest = store.answers(first[page - 1].n).await.unwrap();
    assert_eq!(rest.len(), 7);
    let ids: Vec<i64> = first.iter().chain(&rest).map(|row| row.attempt.0).collect();
    assert_eq!(ids, (1..=many).collect::<Vec<_>>());

    let first = store.participants(ParticipantId(0)).await.unwrap();
    assert!(first.iter().map(|(_, who)| who.participant.0).eq(1..=PAGE_ROWS));
    let rest = store.participants(ParticipantId(PAGE_ROWS)).await.unwrap();
    assert!(rest.iter().map(|(_, who)| who.participant.0).eq(PAGE_ROWS + 1..=many));

    let first = store.attempts(AttemptId(0)).await.unwrap();
    assert!(first.iter().map(|recorded| recorded.started.attempt.0).eq(1..=PAGE_ROWS));
    let rest = store.attempts(AttemptId(PAGE_ROWS)).await.unwrap();
    assert!(rest.iter().map(|recorded| recorded.started.attempt.0).eq(PAGE_ROWS + 1..=many));

    let first = store.notes(0).await.unwrap();
    assert_eq!(first.len(), page);
    assert!(first.is_sorted_by(|a, b| a.n < b.n));
    assert_eq!(store.notes(first[page - 1].n).await.unwrap().len(), 7);
}

/// The ledger after a batch that it had to refuse is as before, and takes what follows.
async fn refused(store: &dyn Store, lane: &mut LaneState, entries: &[Entry]) {
    let before = everything(store).await;
    let mut same = *lane;
    append(store, &mut same, entries).await.unwrap_err();
    assert_eq!(everything(store).await, before);
    append(store, lane, &[notes(lane.last_n)]).await.unwrap();
}

pub(crate) async fn a_batch_is_committed_whole_or_not_at_all(ground: Ground) {
    let (store, mut lane) = new(&ground).await;
    append(store.as_ref(), &mut lane, &[registers(1), starts(1, 1)]).await.unwrap();
    let batch = [registers(2), starts(2, 2), opens(2, 1), settles(2, 1), ends(2, 2), notes(5), starts(1, 1)];
    refused(store.as_ref(), &mut lane, &batch).await;
    append(store.as_ref(), &mut lane, &batch[..6]).await.unwrap();
}

pub(crate) async fn what_is_there_is_not_there_twice(ground: Ground) {
    let (store, mut lane) = new(&ground).await;
    append(store.as_ref(), &mut lane, &[registers(1), starts(1, 1), ends(1, 1)]).await.unwrap();
    refused(store.as_ref(), &mut lane, &[registers(1)]).await;
    refused(store.as_ref(), &mut lane, &[starts(1, 1)]).await;
    refused(store.as_ref(), &mut lane, &[ends(1, 1)]).await;
    refused(store.as_ref(), &mut lane, &[registers(2), registers(2)]).await;
}

pub(crate) async fn a_batch_that_does_not_follow_the_last_number_is_refused(ground: Ground) {
    let (store, mut lane) = new(&ground).await;
    append(store.as_ref(), &mut lane, &[notes(1), notes(2)]).await.unwrap();
    let before = everything(store.as_ref()).await;
    for first in [1, 2, 4] {
        let batch = Batch { epoch: lane.epoch, first, entries: &[notes(9)], alive_at: NOON };
        store.commit(batch).await.unwrap_err();
    }
    assert_eq!(everything(store.as_ref()).await, before);
    append(store.as_ref(), &mut lane, &[notes(3)]).await.unwrap();
}

pub(crate) async fn whoever_takes_the_lane_fences_the_writer_before(ground: Ground) {
    let (store, mut before) = new(&ground).await;
    append(store.as_ref(), &mut before, &[registers(1)]).await.unwrap();
    let mut after = store.take_lane().await.unwrap();
    assert_eq!(after, LaneState { epoch: 2, ..before });

    let told = append(store.as_ref(), &mut before, &[registers(2)]).await.unwrap_err();
    assert!(matches!(told, LedgerError::Fenced { found: 2, mine: 1 }), "{told}");
    let told = store.mark_alive(1, NOON.plus_ms(99)).await.unwrap_err();
    assert!(matches!(told, LedgerError::Fenced { found: 2, mine: 1 }), "{told}");
    assert_eq!(store.lane().await.unwrap(), after);
    assert_eq!(store.participants(ParticipantId(0)).await.unwrap().len(), 1);
    append(store.as_ref(), &mut after, &[registers(3)]).await.unwrap();
}

pub(crate) async fn a_sign_of_life_moves_nothing_else(ground: Ground) {
    let (store, mut lane) = new(&ground).await;
    store.mark_alive(lane.epoch, NOON).await.unwrap();
    assert_eq!(store.lane().await.unwrap(), LaneState { alive_at: Some(NOON), ..lane });
    append(store.as_ref(), &mut lane, &[registers(1)]).await.unwrap();
    store.mark_alive(lane.epoch, NOON.plus_ms(5_000)).await.unwrap();
    assert_eq!(store.lane().await.unwrap(), LaneState { epoch: 1, last_n: 1, alive_at: Some(NOON.plus_ms(5_000)) });
}

pub(crate) async fn a_receipt_of_the_first_form_finds_its_attempt(ground: Ground) {
    let (store, mut lane) = new(&ground).await;
    let ends_with = |attempt, receipt: Option<&str>| {
        let ended = Ended { receipt: receipt.map(str::to_owned), ..ended(attempt, 1) };
        let (participant, attempt, at) = (ParticipantId(1), AttemptId(attempt), ended.at);
        Entry::Settled(Settled { participant, attempt, fate: None, at, ended: Some(Box::new(ended)) })
    };
    append(store.as_ref(), &mut lane, &[starts(1, 1), starts(2, 2), ends_with(2, Some("KJ-2")), ends_with(1, None)])
        .await
        .unwrap();
    let found = store.attempt_of_receipt("KJ-2").await.unwrap().unwrap();
    assert_eq!((found.started.attempt, found.ended.map(|(n, _)| n)), (AttemptId(2), Some(3)));
    assert_eq!(store.attempt_of_receipt("KJ-3").await.unwrap(), None);
    assert_eq!(store.attempt_of_receipt("").await.unwrap(), None);
    assert_eq!(store.attempt_of_receipt("' or 1 = 1 --").await.unwrap(), None);
}

pub(crate) async fn a_history_is_newest_first_and_comes_in_pages(ground: Ground) {
    let (store, mut lane) = new(&ground).await;
    let mine = [1, 3, 4, 8];
    let mut latest = std::collections::HashMap::new();
    let entries: Vec<Entry> = (1..=9)
        .map(|id| {
            let who = if mine.contains(&id) { 7 } else { 8 };
            starts_after(latest.insert(who, id), id, who)
        })
        .collect();
    append(store.as_ref(), &mut lane, &entries).await.unwrap();
    append(store.as_ref(), &mut lane, &[ends(4, 2)]).await.unwrap();
    let ids = async |newest, limit| {
        let page = store.attempts_back_from(AttemptId(newest), limit).await.unwrap();
        page.iter().map(|recorded| (recorded.started.attempt.0, recorded.ended.is_some())).collect::<Vec<_>>()
    };
    assert_eq!(ids(8, 2).await, [(8, false), (4, true)]);
    assert_eq!(ids(3, 9).await, [(3, false), (1, false)]);
    assert_eq!(ids(10, 2).await, []);
}

pub(crate) async fn a_ledger_from_before_runs_and_chains_is_read_as_it_was_and_goes_on(ground: Ground) {
    let before = "
        insert into season (id, name) values (1, 'guangxi-2026');
        insert into lane (id, season, epoch, last_n, alive_at) values (1, 1, 1, 9, 5);";
    let noon = NOON.0;
    let mut rows = before.to_owned();
    for (n, attempt, participant) in [(1, 1, 7), (2, 2, 8), (3, 3, 7), (4, 4, 7)] {
        let seed = ground.bytes(&[attempt as u8; 32]);
        rows += &format!(
            "insert into start (attempt, season, n, participant, period, number, seed, at)
             values ({attempt}, 1, {n}, {participant}, 3, 1, {seed}, {noon} + {attempt});"
        );
    }
    for (n, seq, given) in [(5, 1, 5), (6, 2, -3), (7, 2, 5), (8, 3, 5)] {
        rows += &format!(
            "insert into answer (n, season, attempt, seq, given, elapsed_ms, at)
             values ({n}, 1, 3, {seq}, {given}, 9000 + {seq}, {noon} + 3 + {seq});"
        );
    }
    let answers = ground.bytes(&kejing::ledger::entry::pack(&ended(3, 3).fates, 0));
    rows += &format!(
        "insert into ended (attempt, season, n, score, correct, elapsed_ms, at, ending, answers, receipt)
         values (3, 1, 9, 30, 3, 9000, {noon} + 20003, 0, {answers}, 'KJ-3');"
    );
    ground.first_schema(&rows).await;

    let store = ground.open(&season()).await.unwrap();
    let mut lane = store.take_lane().await.unwrap();
    assert_eq!(lane, LaneState { epoch: 2, last_n: 9, alive_at: Some(Timestamp(5)) });
    let history = store.attempts_back_from(AttemptId(4), 9).await.unwrap();
    assert_eq!(history.iter().map(|recorded| recorded.started.attempt.0).collect::<Vec<_>>(), [4, 3, 1]);
    let with_receipt = Ended { receipt: Some("KJ-3".to_owned()), ..ended(3, 3) };
    assert_eq!(history[1].ended, Some((9, with_receipt)));
    assert_eq!(store.attempt_of_receipt("KJ-3").await.unwrap().as_ref(), Some(&history[1]));

    append(store.as_ref(), &mut lane, &[settles(4, 1), starts_after(Some(2), 5, 8), settles(5, 1)]).await.unwrap();
    let told = |row: &RawAnswer| (row.n, row.attempt.0, row.seq, row.given);
    let all = [(5, 3, 1, 5), (6, 3, 2, -3), (7, 3, 2, 5), (8, 3, 3, 5), (10, 4, 1, 5), (12, 5, 1, 5)];
    for (after, there) in [(0, &all[..]), (6, &all[2..]), (8, &all[4..]), (10, &all[5..]), (12, &[])] {
        assert_eq!(store.answers(after).await.unwrap().iter().map(told).collect::<Vec<_>>(), there, "after {after}");
    }
    let again = everything(store.as_ref()).await;
    store.close().await;
    drop(store);
    assert_eq!(everything(ground.open(&season()).await.unwrap().as_ref()).await, again);
}

pub(crate) async fn reopened_it_is_as_it_was_left(ground: Ground) {
    let (store, mut lane) = new(&ground).await;
    append(store.as_ref(), &mut lane, &[notes(1), registers(1), starts(1, 1), settles(1, 1), ends(1, 2)])
        .await
        .unwrap();
    let before = everything(store.as_ref()).await;
    store.close().await;
    drop(store);
    let store = ground.open(&season()).await.unwrap();
    assert_eq!(everything(store.as_ref()).await, before);
    assert_eq!(store.take_lane().await.unwrap(), LaneState { epoch: 2, ..lane });
    lane.epoch = 2;
    append(store.as_ref(), &mut lane, &[registers(2)]).await.unwrap();
}

pub(crate) async fn another_season_is_refused(ground: Ground) {
    let (store, _) = new(&ground).await;
    store.close().await;
    drop(store);
    let told = ground.open(&SeasonId("chengdu-2026".into())).await.err().unwrap();
    assert!(matches!(&told, LedgerError::OtherSeason { found, .. } if found == "guangxi-2026"), "{told}");
    ground.open(&season()).await.unwrap();
}

pub(crate) async fn it_is_opened_by_one_process_at_a_time(ground: Ground) {
    let (store, mut lane) = new(&ground).await;
    for told in [ground.open(&season()).await.err().unwrap(), ground.open_stopped().await.err().unwrap()] {
        assert!(told.to_string().contains("正被另一个科竞进程使用"), "{told}");
    }
    append(store.as_ref(), &mut lane, &[registers(1)]).await.unwrap();
    store.close().await;
    drop(store);
    ground.open_stopped().await.unwrap();
}

pub(crate) async fn a_ledger_opened_to_be_read_takes_nothing(ground: Ground) {
    assert!(ground.open_stopped().await.is_err(), "there is none yet");
    let (store, mut lane) = new(&ground).await;
    append(store.as_ref(), &mut lane, &[registers(1)]).await.unwrap();
    let before = everything(store.as_ref()).await;
    store.close().await;
    drop(store);
    let store = ground.open_stopped().await.unwrap();
    assert!(matches!(store.take_lane().await, Err(LedgerError::Stopped)));
    assert!(matches!(store.mark_alive(1, NOON).await, Err(LedgerError::Stopped)));
    assert!(matches!(append(store.as_ref(), &mut lane, &[registers(2)]).await, Err(LedgerError::Stopped)));
    assert_eq!(everything(store.as_ref()).await, before);
}

pub(crate) async fn opening_it_again_and_again_changes_no_table(ground: Ground) {
    let (store, mut lane) = new(&ground).await;
    append(store.as_ref(), &mut lane, &[registers(1), starts(1, 1)]).await.unwrap();
    let before = everything(store.as_ref()).await;
    store.close().await;
    drop(store);
    for _ in 0..3 {
        let store = ground.open(&season()).await.unwrap();
        assert_eq!(everything(store.as_ref()).await, before);
        store.close().await;
    }
}

pub(crate) async fn an_interrupted_migration_is_made_good_by_the_next_start(ground: Ground) {
    // The tables in part, in a transaction that nobody ends: what a crash leaves.
    let tables = "create table season (id bigint primary key, name text); create table lane (id bigint primary key)";
    ground.sql_cut_off(tables).await;
    let (store, mut lane) = new(&ground).await;
    append(store.as_ref(), &mut lane, &[registers(1), starts(1, 1), ends(1, 1)]).await.unwrap();
}

pub(crate) async fn a_closed_ledger_takes_nothing(ground: Ground) {
    let (store, mut lane) = new(&ground).await;
    store.close().await;
    assert!(matches!(append(store.as_ref(), &mut lane, &[registers(1)]).await, Err(LedgerError::Stopped)));
    assert!(matches!(store.mark_alive(lane.epoch, NOON).await, Err(LedgerError::Stopped)));
    assert!(store.lane().await.is_err());
}

pub(crate) async fn readers_that_go_away_harm_nobody(ground: Ground) {
    let (store, mut lane) = new(&ground).await;
    let entries: Vec<Entry> = (1..=3_000).map(|i| settles(i, 1)).collect();
    append(store.as_ref(), &mut lane, &entries).await.unwrap();
    for i in 0..60 {
        let (reader, patience) = (Arc::clone(&store), std::time::Duration::from_micros(37 * i));
        // Some are cut before they have asked, some in mid-answer.
        let _ = tokio::time::timeout(patience, reader.answers(0)).await;
        append(store.as_ref(), &mut lane, &[registers(i as i64 + 1)]).await.unwrap();
    }
    assert_eq!(store.answers(0).await.unwrap().len(), 3_000);
    assert_eq!(store.participants(ParticipantId(0)).await.unwrap().len(), 60);
}
