//! The audit log's chain: each row's hash covers the row and the one before it. Whoever alters, removes or moves one would have to make all
//! that follow anew, and the copies that others hold would not agree.

use super::audit::Entry;
use super::audit::Record;
use sha2::Digest;
use sha2::Sha256;

const TAG: &str = "kejing/v1/audit";

/// A row's number and hash: where a chain stands. Before the first row: 0 and zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    pub n: i64,
    pub hash: [u8; 32],
}

/// Where a chain does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    #[error("第 {n} 条记录之前缺了记录：本该是第 {expected} 条")]
    Missing { n: i64, expected: i64 },
    #[error("第 {n} 条记录与它的校验值不符：它或它前面的记录被改动、删去或调换过")]
    Altered { n: i64 },
    #[error("末尾缺了记录：应当到第 {expected} 条，现在只到第 {n} 条")]
    CutOff { n: i64, expected: i64 },
    #[error("末尾的校验值与登记的不符（第 {n} 条）")]
    OtherEnd { n: i64 },
}

impl Chain {
    pub const BEGINNING: [u8; 32] = [0; 32];

    pub fn beginning() -> Chain {
        Chain { n: 0, hash: Chain::BEGINNING }
    }

    /// As a table has it; a hash of another length fits nothing that follows.
    pub(super) fn at(n: i64, bytes: &[u8]) -> Chain {
        Chain { n, hash: bytes.try_into().unwrap_or([0xff; 32]) }
    }

    /// Where the chain stands after one more row.
    #[must_use]
    pub fn after(&self, record: &Record) -> Chain {
        let n = self.n + 1;
        let mut fields = Fields(Sha256::new());
        fields.bytes(TAG.as_bytes());
        fields.bytes(&self.hash);
        fields.bytes(n.to_string().as_bytes());
        fields.bytes(record.at.0.to_string().as_bytes());
        let (who, name) = record.who.as_ref().map(|(who, name)| (who.as_str(), name.as_str())).unzip();
        fields.maybe(who);
        fields.maybe(name);
        for text in [&record.network, &record.act, &record.subject] {
            fields.bytes(text.as_bytes());
        }
        for text in [&record.before, &record.after, &record.reason] {
            fields.maybe(text.as_deref());
        }
        fields.bytes(if record.refused { b"1" } else { b"0" });
        Chain { n, hash: fields.0.finalize().into() }
    }

    /// Goes on over rows in their order.
    ///
    /// # Errors
    /// The first row that does not follow.
    pub fn follow(&mut self, entries: &[Entry]) -> Result<(), Break> {
        for entry in entries {
            if entry.n != self.n + 1 {
                return Err(Break::Missing { n: entry.n, expected: self.n + 1 });
            }
            let next = self.after(&entry.record);
            if next.hash != entry.hash {
                return Err(Break::Altered { n: entry.n });
            }
            *self = next;
        }
        Ok(())
    }

    /// Whether the chain ends where it is said to.
    ///
    /// # Errors
    /// Rows are missing at its end.
    pub fn ends_at(&self, end: Chain) -> Result<(), Break> {
        match end {
            end if end == *self => Ok(()),
            end if end.n > self.n => Err(Break::CutOff { n: self.n, expected: end.n }),
            _ => Err(Break::OtherEnd { n: self.n }),
        }
    }
}

/// Each field after its length, so that no two rows share their bytes; what is not there is not an empty text.
struct Fields(Sha256);

impl Fields {
    fn bytes(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u32).to_le_bytes());
        self.0.update(bytes);
    }

    fn maybe(&mut self, text: Option<&str>) {
        self.bytes(if text.is_some() { b"1" } else { b"0" });
        self.bytes(text.unwrap_or_default().as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::StaffId;
    use crate::domain::time::Timestamp;
    use proptest::prelude::*;

    fn record(text: &str) -> Record {
        Record {
            at: Timestamp(7),
            who: Some((StaffId("s".into()), "韦".into())),
            network: "127.0.0.1".into(),
            act: text.into(),
            subject: "bank:kexue".into(),
            before: None,
            after: Some(text.into()),
            reason: None,
            refused: false,
        }
    }

    fn chained(texts: &[&str]) -> Vec<Entry> {
        let mut chain = Chain::beginning();
        let mut entries = Vec::new();
        for text in texts {
            chain = chain.after(&record(text));
            entries.push(Entry { n: chain.n, record: record(text), hash: chain.hash });
        }
        entries
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut Vec<Entry>), expected: Result<(), Break>) {
        let mut entries = chained(&["a", "b", "c", "d"]);
        let end = entries.last().map(|entry| Chain { n: entry.n, hash: entry.hash }).unwrap();
        change(&mut entries);
        let mut chain = Chain::beginning();
        assert_eq!(chain.follow(&entries).and_then(|()| chain.ends_at(end)), expected);
    }

    #[test]
    fn a_chain_holds_as_it_was_made() {
        check(|_| {}, Ok(()));
    }

    #[test]
    fn an_altered_row_is_found() {
        check(|entries| entries[1].record.act = "x".into(), Err(Break::Altered { n: 2 }));
        check(|entries| entries[1].record.after = None, Err(Break::Altered { n: 2 }));
        check(|entries| entries[2].record.refused = true, Err(Break::Altered { n: 3 }));
        check(|entries| entries[0].hash[0] ^= 1, Err(Break::Altered { n: 1 }));
    }

    #[test]
    fn a_row_altered_with_its_hash_is_found_by_the_next_one() {
        let change = |entries: &mut Vec<Entry>| {
            entries[1].record.act = "x".into();
            let before = Chain { n: 1, hash: entries[0].hash };
            entries[1].hash = before.after(&entries[1].record).hash;
        };
        check(change, Err(Break::Altered { n: 3 }));
    }

    #[test]
    fn a_row_that_is_missing_or_moved_is_found() {
        check(|entries| drop(entries.remove(1)), Err(Break::Missing { n: 3, expected: 2 }));
        check(|entries| drop(entries.remove(0)), Err(Break::Missing { n: 2, expected: 1 }));
        check(|entries| drop(entries.pop()), Err(Break::CutOff { n: 3, expected: 4 }));
        check(|entries| entries.swap(1, 2), Err(Break::Missing { n: 3, expected: 2 }));
        let swapped = |entries: &mut Vec<Entry>| {
            entries.swap(1, 2);
            (entries[1].n, entries[2].n) = (2, 3);
        };
        check(swapped, Err(Break::Altered { n: 2 }));
    }

    proptest! {
        #[test]
        fn no_text_moves_from_one_field_into_the_next(act in "[a-c]{0,3}", subject in "[a-c]{0,3}", more in "[a-c]{1,3}") {
            let of = |act: &str, subject: &str| {
                let record = Record { act: act.into(), subject: subject.into(), ..record("") };
                Chain::beginning().after(&record).hash
            };
            prop_assert_ne!(of(&format!("{act}{more}"), &subject), of(&act, &format!("{more}{subject}")));
        }
    }
}
