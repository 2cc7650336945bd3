//! Facts to commit. Each number makes another one, and the same one every time.

use kejing::domain::attempt::Ending;
use kejing::domain::attempt::Fate;
use kejing::domain::attempt::Given;
use kejing::domain::fairness::Seed;
use kejing::domain::ids::AttemptId;
use kejing::domain::ids::ParticipantId;
use kejing::domain::ids::SeasonId;
use kejing::domain::question::Choices;
use kejing::domain::time::Timestamp;
use kejing::ledger::entry::Ended;
use kejing::ledger::entry::Entry;
use kejing::ledger::entry::Note;
use kejing::ledger::entry::Registered;
use kejing::ledger::entry::Settled;
use kejing::ledger::entry::Started;
use kejing::ledger::entry::TokenHash;
use kejing::ledger::entry::Who;
use kejing::ledger::store::Batch;
use kejing::ledger::store::LaneState;
use kejing::ledger::store::LedgerError;
use kejing::ledger::store::Store;

pub(crate) const NOON: Timestamp = Timestamp(1_788_235_200_000);

pub(crate) fn season() -> SeasonId {
    SeasonId("guangxi-2026".into())
}

pub(crate) fn registered(id: i64) -> Registered {
    Registered {
        participant: ParticipantId(id),
        request: (id as u128).to_be_bytes(),
        who: Who {
            name: format!("韦小兰{id}"),
            city: "450200".into(),
            county: (id % 2 == 0).then(|| "450204".into()),
            organisation: (id % 3 == 0).then(|| "柳州高级中学".into()),
            group: None,
        },
        token: TokenHash((id as u128 + 1).to_be_bytes()),
        recovery: TokenHash((id as u128 + 2).to_be_bytes()),
        consented: id % 2 == 1,
        at: NOON.plus_ms(id),
    }
}

pub(crate) fn registers(id: i64) -> Entry {
    Entry::Registered(Box::new(registered(id)))
}

pub(crate) fn started(attempt: i64, participant: i64) -> Started {
    Started {
        attempt: AttemptId(attempt),
        participant: ParticipantId(participant),
        previous: None,
        period: 3,
        number: 1,
        seed: Seed([attempt as u8; 32]),
        at: NOON.plus_ms(attempt),
    }
}

pub(crate) fn starts(attempt: i64, participant: i64) -> Entry {
    Entry::Started(Box::new(started(attempt, participant)))
}

pub(crate) fn starts_after(previous: Option<i64>, attempt: i64, participant: i64) -> Entry {
    Entry::Started(Box::new(Started { previous: previous.map(AttemptId), ..started(attempt, participant) }))
}

pub(crate) fn opens(attempt: i64, seq: u32) -> Entry {
    Entry::Opened { attempt: AttemptId(attempt), seq, at: NOON.plus_ms(attempt) }
}

pub(crate) fn fate(seq: u32) -> Fate {
    Fate { seq, given: Given::Chosen(Choices(0b101)), elapsed_ms: 9_000 + seq }
}

pub(crate) fn settles(attempt: i64, seq: u32) -> Entry {
    Entry::Settled(Settled {
        participant: ParticipantId(1),
        attempt: AttemptId(attempt),
        fate: Some(fate(seq)),
        at: NOON.plus_ms(attempt + i64::from(seq)),
        ended: None,
    })
}

pub(crate) fn ended(attempt: i64, questions: u32) -> Ended {
    Ended {
        attempt: AttemptId(attempt),
        score: 10 * questions,
        correct: questions,
        elapsed_ms: 9_000,
        at: NOON.plus_ms(attempt + 20_000),
        ending: Ending::Complete,
        fates: (1..=questions).map(fate).collect(),
        edition: u16::from(attempt % 2 == 0) * 300,
        receipt: None,
    }
}

/// Settles the last question and ends the attempt.
pub(crate) fn ends(attempt: i64, questions: u32) -> Entry {
    Entry::Settled(Settled {
        participant: ParticipantId(1),
        attempt: AttemptId(attempt),
        fate: Some(fate(questions)),
        at: NOON.plus_ms(attempt + 20_000),
        ended: Some(Box::new(ended(attempt, questions))),
    })
}

pub(crate) fn notes(i: i64) -> Entry {
    let note =
        Note::Report {
            participant: ParticipantId(i), attempt: AttemptId(i), seq: 1, reason: "选项「甲」\n\0".into()
        };
    Entry::Noted { at: NOON.plus_ms(i), note: Box::new(note) }
}

/// Commits these after what the lane has.
pub(crate) async fn append(store: &dyn Store, lane: &mut LaneState, entries: &[Entry]) -> Result<(), LedgerError> {
    let alive_at = NOON.plus_ms(lane.last_n);
    store.commit(Batch { epoch: lane.epoch, first: lane.last_n + 1, entries, alive_at }).await?;
    lane.last_n += entries.len() as i64;
    lane.alive_at = Some(alive_at);
    Ok(())
}

/// Everything that the ledger tells, page by page, as text that can be compared.
pub(crate) async fn everything(store: &dyn Store) -> String {
    let mut told = format!("{:?}\n", store.lane().await.unwrap());
    let mut after = 0;
    loop {
        let page = store.notes(after).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.n;
        page.iter().for_each(|noted| told += &format!("{noted:?}\n"));
    }
    let mut after = ParticipantId(0);
    loop {
        let page = store.participants(after).await.unwrap();
        let Some((_, last)) = page.last() else { break };
        after = last.participant;
        // `Debug` of a hash tells nothing.
        let lines = page.iter().map(|(n, who)| format!("{n} {who:?} {:?} {:?}\n", who.token.0, who.recovery.0));
        told.extend(lines);
    }
    let mut after = AttemptId(0);
    loop {
        let page = store.attempts(after).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.started.attempt;
        page.iter().for_each(|recorded| told += &format!("{recorded:?}\n"));
    }
    let mut after = 0;
    loop {
        let page = store.answers(after).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.n;
        page.iter().for_each(|answer| told += &format!("{answer:?}\n"));
    }
    told
}
