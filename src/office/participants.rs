//! 选手 as the desk finds them: by name, number or receipt; and what the ledger has of one.

use crate::contest::core::Contest;
use crate::domain::fairness::receipt_as_typed;
use crate::domain::ids::ParticipantId;
use crate::domain::staff::Place;
use crate::domain::time::Timestamp;
use crate::ledger::entry::Note;
use crate::ledger::entry::Who;
use crate::ledger::store::LedgerError;
use crate::ledger::store::PAGE_ROWS;
use std::sync::Arc;

/// At most so many are found at once; the search says that there are more.
pub const FOUND_MAX: usize = 50;

/// What a search came to.
pub struct Found {
    /// The newest first.
    pub participants: Vec<ParticipantId>,
    /// There are more than are told.
    pub more: bool,
}

/// Finds participants by what somebody types: an id, a receipt or an attempt's id, or a part of a name; only those of these places.
///
/// # Errors
/// The ledger could not be read.
pub async fn search(contest: &Arc<Contest>, typed: &str, within: Vec<Place>) -> Result<Found, LedgerError> {
    let typed = typed.trim();
    if let Some(one) = named(contest, typed).await? {
        let theirs = contest.roster.with(one, |player| is_within(contest, &within, player.place));
        return Ok(Found {
            participants: theirs.filter(|theirs| *theirs).map(|_| one).into_iter().collect(),
            more: false,
        });
    }
    let (contest, typed) = (Arc::clone(contest), typed.to_owned());
    // A million names are looked through: on a thread that may block.
    let looking = tokio::task::spawn_blocking(move || {
        let mut participants = Vec::new();
        contest.roster.for_each_numbered(|participant, player| {
            if player.name.contains(&typed) && is_within(&contest, &within, player.place) {
                participants.push(participant);
            }
        });
        participants.sort_by(|one, other| other.cmp(one));
        let more = participants.len() > FOUND_MAX;
        participants.truncate(FOUND_MAX);
        Found { participants, more }
    });
    looking.await.map_err(|_| LedgerError::Stopped)
}

/// Somebody who is named by what is theirs alone.
async fn named(contest: &Contest, typed: &str) -> Result<Option<ParticipantId>, LedgerError> {
    if let Some(participant) = contest.keys.participant_of(typed) {
        return Ok(Some(participant));
    }
    if let Some(attempt) = contest.keys.attempt_of(typed) {
        return Ok(contest.store().attempt(attempt).await?.map(|recorded| recorded.started.participant));
    }
    let Some(receipt) = receipt_as_typed(typed) else { return Ok(None) };
    Ok(contest.attempt_of_receipt(&receipt).await?.map(|(recorded, _)| recorded.started.participant))
}

fn is_within(contest: &Contest, within: &[Place], place: crate::contest::roster::Place) -> bool {
    within.iter().any(|one| contest.is_in(*one, place))
}

/// What the ledger has of one participant, beside their attempts.
#[derive(Debug, Default)]
pub struct Kept {
    /// As they joined, and when.
    pub joined: Option<(Timestamp, Who)>,
    /// Names and places that they gave later.
    pub changes: Vec<(Timestamp, Who)>,
    /// How often they signed in on a phone, the first one counted.
    pub phones: usize,
}

/// Reads what the ledger has of one participant: every rare fact is looked at, a page at a time.
///
/// # Errors
/// The ledger could not be read.
pub async fn kept(contest: &Contest, participant: ParticipantId) -> Result<Kept, LedgerError> {
    let page = contest.store().participants(ParticipantId(participant.0 - 1)).await?;
    let first = page.into_iter().next().filter(|(_, registered)| registered.participant == participant);
    let joined = first.map(|(_, registered)| (registered.at, registered.who));
    let mut kept = Kept { joined, changes: Vec::new(), phones: 1 };
    let mut after = 0;
    loop {
        let page = contest.store().notes(after).await?;
        for noted in &page {
            match &noted.note {
                Note::Changed { participant: who, who: to } if *who == participant => {
                    kept.changes.push((noted.at, to.clone()));
                }
                Note::Token { participant: who, .. } if *who == participant => kept.phones += 1,
                _ => {}
            }
        }
        match page.last() {
            Some(last) if page.len() as i64 == PAGE_ROWS => after = last.n,
            _ => return Ok(kept),
        }
    }
}
