//! 操作记录: the audit log as people keep it, a line of JSON a row, and what checking it comes to.

use crate::domain::ids::StaffId;
use crate::domain::time::Timestamp;
use crate::ledger::desk::Break;
use crate::ledger::desk::Chain;
use crate::ledger::desk::DeskStore;
use crate::ledger::desk::Entry;
use crate::ledger::desk::Record;
use crate::ledger::store::LedgerError;
use data_encoding::HEXLOWER;
use serde::Deserialize;
use serde::Serialize;
use std::io::BufRead;

/// So many rows are read at a time.
const PAGE_ROWS: i64 = 1_000;
/// No line of an export is longer: what is recorded is bounded by what a request may hold.
const LINE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// A row as it is exported: everything that its hash covers, and the hash.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    n: i64,
    at: i64,
    who: Option<String>,
    who_name: Option<String>,
    network: String,
    act: String,
    subject: String,
    before: Option<String>,
    after: Option<String>,
    reason: Option<String>,
    refused: bool,
    hash: String,
}

/// The row as a line, with its end.
pub fn line(entry: &Entry) -> String {
    let record = entry.record.clone();
    let (who, who_name) = record.who.map(|(who, name)| (who.0, name)).unzip();
    let line = Line {
        n: entry.n,
        at: record.at.0,
        who,
        who_name,
        network: record.network,
        act: record.act,
        subject: record.subject,
        before: record.before,
        after: record.after,
        reason: record.reason,
        refused: record.refused,
        hash: HEXLOWER.encode(&entry.hash),
    };
    // Texts and numbers are always JSON.
    serde_json::to_string(&line).unwrap_or_default() + "\n"
}

/// `None`: it is no line of an export.
fn read_line(text: &str) -> Option<Entry> {
    let line: Line = serde_json::from_str(text).ok()?;
    let record = Record {
        at: Timestamp(line.at),
        who: line.who.map(|who| (StaffId(who), line.who_name.unwrap_or_default())),
        network: line.network,
        act: line.act,
        subject: line.subject,
        before: line.before,
        after: line.after,
        reason: line.reason,
        refused: line.refused,
    };
    Some(Entry { n: line.n, record, hash: HEXLOWER.decode(line.hash.as_bytes()).ok()?.try_into().ok()? })
}

/// What a check came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// How many rows hold together, and the last one's hash: whoever keeps it can tell later whether anything before it was changed.
    pub rows: i64,
    pub last: String,
    pub fault: Option<Fault>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error(transparent)]
    Break(#[from] Break),
    #[error("文件第 {0} 行不是操作记录")]
    NoRow(u64),
}

fn checked(chain: Chain, fault: Option<Fault>) -> Checked {
    Checked { rows: chain.n, last: HEXLOWER.encode(&chain.hash), fault }
}

/// The next rows of the whole log, oldest first; empty at its end.
///
/// # Errors
/// The database refuses.
pub async fn page(store: &DeskStore, after: i64) -> Result<Vec<Entry>, LedgerError> {
    store.read().await?.audit_after(after, PAGE_ROWS).await
}

/// Follows the whole chain in the database, up to where it is said to end. A server may write meanwhile.
///
/// # Errors
/// The database refuses.
pub async fn verify(store: &DeskStore) -> Result<Checked, LedgerError> {
    // The end first: rows that come meanwhile are beyond it.
    let end = store.read().await?.audit_end().await?;
    let mut chain = Chain::beginning();
    while chain.n < end.n {
        let mut entries = page(store, chain.n).await?;
        entries.retain(|entry| entry.n <= end.n);
        if entries.is_empty() {
            break;
        }
        if let Err(fault) = chain.follow(&entries) {
            return Ok(checked(chain, Some(fault.into())));
        }
    }
    let ended = chain.ends_at(end);
    Ok(checked(chain, ended.err().map(Fault::from)))
}

/// Follows the chain of an export. That rows are missing at its end cannot be seen in it: compare its last row with the log's.
///
/// # Errors
/// It cannot be read.
pub fn verify_export(export: impl BufRead) -> std::io::Result<Checked> {
    let mut chain = Chain::beginning();
    let mut lines = export.take(u64::MAX);
    let mut number = 0;
    loop {
        let mut text = String::new();
        lines.set_limit(LINE_BYTES_MAX);
        if lines.read_line(&mut text)? == 0 {
            return Ok(checked(chain, None));
        }
        number += 1;
        let Some(entry) = read_line(text.trim_end()) else { return Ok(checked(chain, Some(Fault::NoRow(number)))) };
        if let Err(fault) = chain.follow(std::slice::from_ref(&entry)) {
            return Ok(checked(chain, Some(fault.into())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn export() -> Vec<String> {
        let mut chain = Chain::beginning();
        let mut lines = Vec::new();
        for act in ["staff.set_up", "staff.invited", "session.opened"] {
            let record = Record {
                at: Timestamp(1),
                who: None,
                network: "本机命令".into(),
                act: act.into(),
                subject: "staff:X".into(),
                before: None,
                after: Some(r#"{"name":"韦\"小\"兰"}"#.into()),
                reason: Some("换\n行".into()),
                refused: false,
            };
            chain = chain.after(&record);
            lines.push(line(&Entry { n: chain.n, record, hash: chain.hash }));
        }
        lines
    }

    #[track_caller]
    fn check(lines: &[String], rows: i64, fault: Option<Fault>) {
        let found = verify_export(lines.concat().as_bytes()).unwrap();
        assert_eq!((found.rows, found.fault), (rows, fault));
    }

    #[test]
    fn an_export_is_checked_without_the_database() {
        let lines = export();
        check(&lines, 3, None);
        check(&[], 0, None);
        let altered: Vec<String> = lines.iter().map(|line| line.replace("invited", "changed")).collect();
        check(&altered, 1, Some(Break::Altered { n: 2 }.into()));
        check(&[lines[0].clone(), lines[2].clone()], 1, Some(Break::Missing { n: 3, expected: 2 }.into()));
        check(&[lines[0].clone(), "{}\n".to_owned()], 1, Some(Fault::NoRow(2)));
    }
}
