//! Who does something at the desk, when and from where: what the audit log has of every act.

use crate::domain::ids::StaffId;
use crate::domain::time::Timestamp;
use crate::ledger::desk::Record;
use serde_json::Value;

#[derive(Clone, Debug)]
pub struct By {
    pub staff: StaffId,
    pub name: String,
    pub network: String,
    pub at: Timestamp,
}

impl By {
    /// `act` as `question.approved`, `subject` as `question:ID`.
    pub fn record(&self, act: &str, subject: String) -> Record {
        Record {
            at: self.at,
            who: Some((self.staff.clone(), self.name.clone())),
            network: self.network.clone(),
            act: act.to_owned(),
            subject,
            before: None,
            after: None,
            reason: None,
            refused: false,
        }
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
