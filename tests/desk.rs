//! The desk: who comes in, who may do what, and that everything is written down.

mod audit;
mod banks;
mod detours;
mod complaints;
mod corrections;
mod imports;
mod moving;
mod participants;
mod roles;
mod running;
mod sign_in;
mod staff;
mod statistics;

use crate::harness::steps::done;
use serde_json::Value;
use serde_json::json;

/// One short round of the shipped bank.
const ROUNDS: &str = r#"
[[round]]
id = "daily"
name = "每日竞赛"
bank = "kexue"
question_seconds = 30
feedback = "after_paper"

[[round.section]]
kind = "single"
count = 1
points = 10
"#;

/// The call was refused with this status and code, as a problem.
#[track_caller]
fn refused((status, body): (u16, Value), expected: u16, code: &str) -> Value {
    assert_eq!((status, &body["code"]), (expected, &json!(code)), "{body}");
    assert!(body["detail"].is_string(), "{body}");
    body
}
