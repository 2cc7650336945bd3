//! The facts that the ledger keeps. What scores follows from these and from nothing else.

use crate::domain::attempt::Ending;
use crate::domain::attempt::Fate;
use crate::domain::attempt::Given;
use crate::domain::correction::Remedy;
use crate::domain::fairness::Commitment;
use crate::domain::fairness::Seed;
use crate::domain::ids::AttemptId;
use crate::domain::ids::ParticipantId;
use crate::domain::ids::QuestionId;
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// An entry's number in its lane, from 1.
pub type EntryNumber = i64;

#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    Registered(Box<Registered>),
    Started(Box<Started>),
    /// A question was opened other than by the verdict before it. Not waited for: losing it costs nobody anything.
    Opened {
        attempt: AttemptId,
        seq: u32,
        at: Timestamp,
    },
    /// A question was settled, the attempt ended, or both at once.
    Settled(Settled),
    /// One of the rare facts.
    Noted {
        at: Timestamp,
        note: Box<Note>,
    },
}

impl Entry {
    /// When what it says happened.
    pub fn at(&self) -> Timestamp {
        match self {
            Entry::Registered(registered) => registered.at,
            Entry::Started(started) => started.at,
            Entry::Opened { at, .. } | Entry::Noted { at, .. } => *at,
            Entry::Settled(settled) => settled.at,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    /// Whose it is; known from the start's row, so not stored again.
    pub participant: ParticipantId,
    pub attempt: AttemptId,
    pub fate: Option<Fate>,
    pub at: Timestamp,
    pub ended: Option<Box<Ended>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    pub participant: ParticipantId,
    /// The client's UUID: the same one gets the same participant again.
    pub request: [u8; 16],
    pub who: Who,
    /// SHA-256 of the token, cut to 16 bytes.
    pub token: TokenHash,
    pub recovery: TokenHash,
    pub consented: bool,
    pub at: Timestamp,
}

/// A participant's name and place, by codes and ids that outlive a change of the season file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    pub name: String,
    pub city: String,
    pub county: Option<String>,
    pub organisation: Option<String>,
    pub group: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenHash(pub [u8; 16]);

impl std::fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenHash(***)")
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    pub attempt: AttemptId,
    pub participant: ParticipantId,
    /// The participant's attempt before this one: a history is read from the newest back.
    pub previous: Option<AttemptId>,
    /// The entry that opened the draw period.
    pub period: EntryNumber,
    /// The participant's n-th attempt in the round, from 1.
    pub number: u32,
    pub seed: Seed,
    pub at: Timestamp,
}

/// An attempt's end: what it came to, and every settled question in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    pub attempt: AttemptId,
    pub score: u32,
    pub correct: u32,
    pub elapsed_ms: u64,
    pub at: Timestamp,
    pub ending: Ending,
    pub fates: Vec<Fate>,
    /// The edition of the mark scheme under which it came to that: how many corrections had been made when it was judged, those of
    /// other bank versions left out. 0: by the published keys.
    pub edition: u16,
    /// 回执, where it is of the first form, which nothing leads back to its attempt. `None`: it is made when it is asked for,
    /// from the rest and the key file.
    pub receipt: Option<String>,
}

/// The rare facts, kept as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Note {
    /// The season that is in force from here on, in its canonical form.
    Season {
        canonical: String,
        reason: Option<String>,
        /// By whom and why, where the desk published it; from there on no season file is compared with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        published: Option<Deed>,
    },
    /// A bank version in its canonical form; its digest names it.
    Bank {
        canonical: String,
        digest: String,
        /// By whom and why, where the desk published it; from there on the bank's files are not compared with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        published: Option<Deed>,
    },
    /// 停用: no paper to come draws the question, or draws it again.
    Rested {
        bank: String,
        question: QuestionId,
        rests: bool,
        deed: Deed,
    },
    Period(Period),
    /// A draw period's secret is out.
    SecretOut {
        period: EntryNumber,
        secret: String,
    },
    /// The server was away: everything open moves on by `to − from`.
    Outage {
        from: Timestamp,
        to: Timestamp,
    },
    Token {
        participant: ParticipantId,
        token: TokenHash,
    },
    /// A participant's name or place from here on.
    Changed {
        participant: ParticipantId,
        who: Who,
    },
    /// 更正: how the answers to a question are judged from here on, those that were given before as well.
    Correction(Correction),
    /// 「这道题有问题」
    Report {
        participant: ParticipantId,
        attempt: AttemptId,
        seq: u32,
        reason: String,
    },
    /// What whoever runs the season has done to it while it runs.
    Act {
        act: Act,
        deed: Deed,
    },
}

/// An act of whoever runs the season. Each stays on record; what undoes one is another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Act {
    /// The round, or every round that runs, stands still from the entry's moment on. What was open then had been told later than its
    /// own entry says, by so many milliseconds at most.
    Paused {
        round: Option<String>,
        told_after_ms: i64,
    },
    /// The round, or every round that stands still, runs on: the time between is given back.
    Resumed {
        round: Option<String>,
    },
    /// The round closes later than it would have.
    Extended {
        round: String,
        was: Timestamp,
        closes: Timestamp,
    },
    /// Every attempt of the round that is open has so much more time: its question and its paper.
    TimeGiven {
        round: String,
        ms: u32,
    },
    /// So many attempts more of the round, outside its limits: one each time that somebody is named.
    AttemptsGiven {
        round: String,
        to: Vec<ParticipantId>,
        lost: Lost,
    },
    /// Starts nothing more, and is on no board.
    Excluded {
        participant: ParticipantId,
    },
    Reinstated {
        participant: ParticipantId,
    },
    Renamed {
        participant: ParticipantId,
        was: String,
        name: String,
    },
    /// Boards show a star for the name.
    NameHidden {
        participant: ParticipantId,
    },
    NameShown {
        participant: ParticipantId,
    },
    /// Takes back an act that has no other to do so. Of attempts that were given, those that were not used yet.
    Undone {
        of: EntryNumber,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        from: Vec<ParticipantId>,
    },
}

/// Which attempts were lost, for the record: whose, and started when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// `participant:NUMBER`, `city:450200`, `county:450226` or `organisation:ID`
    pub of: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
}

/// A decision of two about a question that was wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    pub bank: String,
    pub question: QuestionId,
    /// The digests of the bank versions in which it was wrong.
    pub versions: Vec<String>,
    pub remedy: Remedy,
    /// 勘误: what is published of it.
    pub reason: String,
    /// The two who decided.
    pub decided_by: [String; 2],
}

/// Who did something at the desk, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// The member of staff, as the desk knows them.
    pub by: String,
    pub reason: String,
}

/// A draw period: the rules and the bank version of one round for a time, and the sealed secret that seeds its papers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Period {
    pub round: String,
    /// Numbered within the round, from 1.
    pub number: u32,
    pub from: Timestamp,
    /// Exclusive; `None` while nothing bounds it.
    pub to: Option<Timestamp>,
    /// The [`Note::Season`] whose rules apply.
    pub season: EntryNumber,
    /// The bank version's digest.
    pub bank: String,
    /// Its questions that rest, by id: they are not on the draw list.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub rested: BTreeSet<QuestionId>,
    pub commitment: Commitment,
    /// The secret, sealed with the key file; hex.
    pub sealed: String,
}

/// The `given` of an [`Entry::Opened`] among the raw answers.
pub const OPENED_CODE: i16 = -3;

/// Where a question's code would stand: what follows is the edition under which the attempt was marked.
const EDITION_CODE: i32 = -4;

/// Packs settled questions in order: for each its code, zigzag, and its time, both LEB128. Two to five bytes each. Where
/// corrections were in force, their edition follows in the same way.
pub fn pack(fates: &[Fate], edition: u16) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(fates.len() * 4);
    for fate in fates {
        put_code(&mut bytes, i32::from(fate.given.code()));
        put(&mut bytes, u64::from(fate.elapsed_ms));
    }
    if edition > 0 {
        put_code(&mut bytes, EDITION_CODE);
        put(&mut bytes, u64::from(edition));
    }
    bytes
}

/// The inverse of [`pack`]; `None` where the bytes are not of its making.
pub fn unpack(mut bytes: &[u8]) -> Option<(Vec<Fate>, u16)> {
    let mut fates = Vec::new();
    while !bytes.is_empty() {
        let zigzag = u32::try_from(take(&mut bytes)?).ok()?;
        let code = (zigzag >> 1) as i32 ^ -((zigzag & 1) as i32);
        let value = u32::try_from(take(&mut bytes)?).ok()?;
        if code == EDITION_CODE {
            let edition = u16::try_from(value).ok().filter(|edition| *edition > 0 && bytes.is_empty())?;
            return Some((fates, edition));
        }
        let given = Given::from_code(i16::try_from(code).ok()?)?;
        fates.push(Fate { seq: fates.len() as u32 + 1, given, elapsed_ms: value });
    }
    Some((fates, 0))
}

fn put_code(bytes: &mut Vec<u8>, code: i32) {
    put(bytes, u64::from(((code << 1) ^ (code >> 31)) as u32));
}

/// A number in LEB128: seven bits a byte, the lowest first.
pub(super) fn put(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// The inverse of [`put`]; what is read is taken off. `None`: it breaks off, or is longer than 64 bits are.
pub(super) fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..70).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::question::Choices;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn packed_answers_are_read_back(
            given in prop::collection::vec((-2i16..256, any::<u32>()), 0..40), edition in prop_oneof![Just(0), any::<u16>()],
        ) {
            let fates: Vec<Fate> = given
                .iter()
                .enumerate()
                .map(|(i, &(code, elapsed_ms))| Fate { seq: i as u32 + 1, given: Given::from_code(code).unwrap(), elapsed_ms })
                .collect();
            prop_assert_eq!(unpack(&pack(&fates, edition)), Some((fates, edition)));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = unpack(&bytes);
        }
    }

    #[test]
    fn a_usual_answer_takes_three_bytes() {
        let fate = Fate { seq: 1, given: Given::Chosen(Choices(0b101)), elapsed_ms: 9_500 };
        assert_eq!(pack(&[fate], 0).len(), 3);
    }
}
