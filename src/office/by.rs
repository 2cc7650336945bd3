//! Who does something in a bank, when and from where; and what the audit log has of it.

use crate::accounts::staff;
use crate::domain::ids::StaffId;
use crate::domain::time::Timestamp;
use crate::ledger::desk::Record;
use crate::ledger::entry::Deed;
use serde_json::Value;

#[derive(Clone, Debug)]
pub struct By {
    pub staff: StaffId,
    pub name: String,
    pub at: Timestamp,
    /// Whom the desk has let in.
    known: staff::By,
}

impl By {
    pub fn of(known: staff::By) -> By {
        let staff = known.id().cloned().unwrap_or_default();
        By { staff, name: known.name().to_owned(), at: known.at(), known }
    }

    /// `act` as `question.approved`, `subject` as `question:ID`.
    pub fn record(&self, act: &str, subject: String) -> Record {
        self.known.did(act, subject)
    }

    pub fn change(&self, act: &str, subject: String, before: Value, after: Value) -> Record {
        let told = |value: Value| Some(value).filter(|value| !value.is_null()).map(|value| value.to_string());
        Record { before: told(before), after: told(after), ..self.record(act, subject) }
    }
}

/// A record with the reason that was given, if one was.
pub fn because(record: Record, reason: &str) -> Record {
    Record { reason: Some(reason.to_owned()).filter(|reason| !reason.is_empty()), ..record }
}

/// Who does it, and why, as the ledger keeps it.
pub fn deed(by: &By, reason: &str) -> Deed {
    Deed { by: by.name.clone(), reason: reason.to_owned() }
}
