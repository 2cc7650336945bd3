//! A referee that lets everything pass would find nothing: each lie must be found, and a true telling must pass.

use super::*;
use crate::clock::SECOND_US;
use crate::season::{Limits, round_for_tests};
use crate::wire::mask_of;

const S: Micros = SECOND_US;

struct Table {
    round: Round,
    bank: Bank,
    downtime: Downtime,
}

impl Table {
    fn new() -> Table {
        let mut bank = Bank::default();
        for stem in ["q1", "q2", "q3"] {
            bank.add(&format!(
                "[[question]]\nkind = \"single\"\nstem = \"{stem}\"\noptions = [\"a\", \"b\", \"c\", \"d\"]\nkey = \"B\""
            ))
            .unwrap();
        }
        Table { round: round_for_tests(), bank, downtime: Downtime::default() }
    }

    fn referee(&self) -> Referee<'_> {
        Referee { round: &self.round, bank: Some(&self.bank), downtime: &self.downtime }
    }
}

fn question(seq: u32, remaining_ms: i64) -> String {
    format!(
        r#"{{"type":"question","attempt":"A","seq":{seq},"of":3,"kind":"single","stem":"q{seq}","options":["d","c","b","a"],
        "media":null,"points":5,"limit_ms":30000,"remaining_ms":{remaining_ms},"paper_remaining_ms":null}}"#
    )
}

fn verdict(seq: u32, change: &str) -> String {
    let score = 5 * seq;
    let last = seq == 3;
    let mut told: serde_json::Value = serde_json::from_str(&format!(
        r#"{{"type":"verdict","attempt":"A","seq":{seq},"received":true,"timed_out":false,"answered":{seq},"last":{last},
        "correct":true,"points":5,"score":{score},"key":[2],"explanation":"E","source":"S"}}"#
    ))
    .unwrap();
    let change: serde_json::Value = serde_json::from_str(change).unwrap();
    for (field, value) in change.as_object().unwrap() {
        told[field] = value.clone();
    }
    told.to_string()
}

/// Asks question `seq` at second `at` and answers it with option 2 (right) a second later.
fn ask(table: &Table, sheet: &mut Sheet, seq: u32, at: Micros, faults: &mut Faults) {
    let text = question(seq, 30_000);
    table.referee().question(sheet, &serde_json::from_str(&text).unwrap(), at, at + 1000, faults);
    if let Some(open) = &mut sheet.open {
        open.sent = Some((mask_of(&[2]), at + S));
    }
}

fn tell(table: &Table, sheet: &mut Sheet, text: &str, at: Micros, faults: &mut Faults) {
    let v: Verdict<'_> = serde_json::from_str(text).unwrap();
    if v.seq < sheet.next_seq() {
        table.referee().verdict_again(sheet, &v, faults);
    } else {
        table.referee().verdict(sheet, &v, at, faults);
    }
}

fn played(table: &Table) -> Sheet {
    let (mut sheet, mut faults) = (Sheet::new("A"), Faults::default());
    for seq in 1..=3 {
        let at = Micros::from(seq) * 10 * S;
        ask(table, &mut sheet, seq, at, &mut faults);
        tell(table, &mut sheet, &verdict(seq, "{}"), at + S + 2000, &mut faults);
    }
    assert!(faults.is_empty(), "{faults:?}");
    sheet
}

fn outcome(score: i64, correct: u32, elapsed_ms: i64) -> Outcome<'static> {
    Outcome { score: Some(score), correct: Some(correct), of: 3, elapsed_ms, receipt: "7KQ2M9TD41XC" }
}

#[test]
fn a_true_telling_passes_and_ends_in_its_score() {
    let table = Table::new();
    let mut sheet = played(&table);
    let mut faults = Faults::default();
    table.referee().outcome(&mut sheet, outcome(15, 3, 3001), 40 * S, &mut faults);
    assert!(faults.is_empty(), "{faults:?}");
    assert!(sheet.over);
}

#[test]
fn each_lie_in_a_verdict_is_found() {
    for (change, what) in [
        (r#"{"correct":false}"#, "verdict: correct"),
        (r#"{"points":4}"#, "verdict: points"),
        (r#"{"score":6}"#, "verdict: score"),
        (r#"{"key":[1]}"#, "verdict: key"),
        (r#"{"key":null}"#, "verdict: key"),
        (r#"{"answered":2}"#, "verdict: answered"),
        (r#"{"last":true}"#, "verdict: last"),
        (r#"{"received":false}"#, "verdict: received"),
        (r#"{"explanation":null}"#, "verdict: without explanation or source"),
        (r#"{"timed_out":true,"points":0,"score":0,"correct":false}"#, "verdict: timed out too early"),
    ] {
        let table = Table::new();
        let (mut sheet, mut faults) = (Sheet::new("A"), Faults::default());
        ask(&table, &mut sheet, 1, S, &mut faults);
        tell(&table, &mut sheet, &verdict(1, change), 2 * S + 2000, &mut faults);
        assert_eq!(faults.whats(), [what], "{change}");
    }
}

#[test]
fn each_lie_in_a_result_is_found() {
    for (told, what) in [
        (outcome(14, 3, 3001), "result: score"),
        (outcome(15, 2, 3001), "result: correct"),
        (outcome(15, 3, 2900), "result: elapsed_ms"),
        (outcome(15, 3, 3100), "result: elapsed_ms"),
        (Outcome { receipt: "7KQ2M9TD41X", ..outcome(15, 3, 3001) }, "result: receipt"),
        (Outcome { receipt: "7KQ2M9TD4IXC", ..outcome(15, 3, 3001) }, "result: receipt"),
        (Outcome { of: 4, ..outcome(15, 3, 3001) }, "result: of"),
    ] {
        let table = Table::new();
        let (mut sheet, mut faults) = (played(&table), Faults::default());
        table.referee().outcome(&mut sheet, told, 40 * S, &mut faults);
        assert_eq!(faults.whats(), [what], "{told:?}");
    }
}

#[test]
fn a_verdict_told_again_must_be_the_same_in_every_field() {
    let table = Table::new();
    let (mut sheet, mut faults) = (played(&table), Faults::default());
    tell(&table, &mut sheet, &verdict(2, "{}"), 50 * S, &mut faults);
    assert!(faults.is_empty());
    tell(&table, &mut sheet, &verdict(2, r#"{"explanation":"other"}"#), 50 * S, &mut faults);
    assert_eq!(faults.whats(), ["verdict: told otherwise"]);
}

#[test]
fn nothing_of_the_key_may_be_told_before_the_feedback_allows_it() {
    let mut table = Table::new();
    table.round.feedback = Feedback::AfterPaper;
    let hidden = r#"{"correct":null,"points":null,"score":null,"key":null,"explanation":null,"source":null}"#;
    for (change, whats) in [
        (hidden.to_owned(), &[][..]),
        (hidden.replacen("null", "true", 1), &["verdict: told too much"]),
        (hidden.replace("\"source\":null", "\"source\":\"S\""), &["verdict: told too much"]),
    ] {
        let (mut sheet, mut faults) = (Sheet::new("A"), Faults::default());
        ask(&table, &mut sheet, 1, S, &mut faults);
        tell(&table, &mut sheet, &verdict(1, &change), 2 * S + 2000, &mut faults);
        assert_eq!(faults.whats(), whats, "{change}");
    }
}

#[test]
fn a_resumed_question_is_the_same_and_its_time_ran_on() {
    let table = Table::new();
    let (mut sheet, mut faults) = (Sheet::new("A"), Faults::default());
    ask(&table, &mut sheet, 1, 10 * S, &mut faults);
    let again = |remaining_ms, faults: &mut Faults| {
        let text = question(1, remaining_ms);
        table.referee().question_again(&sheet, &serde_json::from_str(&text).unwrap(), 15 * S, 15 * S + 1000, faults);
    };
    again(25_000, &mut faults);
    assert!(faults.is_empty(), "{faults:?}");
    again(25_100, &mut faults);
    again(24_900, &mut faults);
    assert_eq!(faults.whats(), ["question: remaining_ms"; 2]);
    let mut faults = Faults::default();
    let other = question(1, 25_000).replace(r#""d","c""#, r#""c","d""#);
    table.referee().question_again(&sheet, &serde_json::from_str(&other).unwrap(), 15 * S, 15 * S, &mut faults);
    assert_eq!(faults.whats(), ["resume: another question"]);
}

#[test]
fn the_servers_absence_costs_no_time() {
    let table = Table::new();
    let (mut sheet, mut faults) = (Sheet::new("A"), Faults::default());
    ask(&table, &mut sheet, 1, 10 * S, &mut faults);
    table.downtime.killed(12 * S);
    table.downtime.ready(17 * S);
    for (remaining_ms, fair) in [(27_000, true), (28_200, true), (22_000, false), (29_900, false)] {
        let mut faults = Faults::default();
        let text = question(1, remaining_ms);
        table.referee().question_again(
            &sheet,
            &serde_json::from_str(&text).unwrap(),
            18 * S,
            18 * S + 1000,
            &mut faults,
        );
        assert_eq!(faults.is_empty(), fair, "{remaining_ms}: {faults:?}");
    }
}

#[test]
fn an_answer_settled_while_away_is_known_when_it_is_told_again() {
    let table = Table::new();
    let (mut sheet, mut faults) = (Sheet::new("A"), Faults::default());
    ask(&table, &mut sheet, 1, 10 * S, &mut faults);
    table.referee().settled_unseen(&mut sheet, 12 * S, &mut faults);
    assert!(sheet.is_unsure());
    assert_eq!(table.referee().earned(&sheet), None);
    tell(&table, &mut sheet, &verdict(1, "{}"), 13 * S, &mut faults);
    assert_eq!(table.referee().earned(&sheet), Some(5));
    assert!(faults.is_empty(), "{faults:?}");
}

#[test]
fn a_question_nobody_answered_cannot_be_settled_before_its_limit() {
    let table = Table::new();
    let (mut sheet, mut faults) = (Sheet::new("A"), Faults::default());
    ask(&table, &mut sheet, 1, 10 * S, &mut faults);
    sheet.open.as_mut().unwrap().sent = None;
    table.referee().settled_unseen(&mut sheet, 12 * S, &mut faults);
    assert_eq!(faults.whats(), ["resume: settled by nobody"]);
}

#[test]
fn a_round_ends_at_the_first_wrong_answer_always_or_never() {
    let table = Table::new();
    let wrong = r#"{"correct":false,"points":0,"score":0,"last":true}"#;
    for (change, whats) in [(wrong.to_owned(), &[][..]), (wrong.replace("true", "false"), &["verdict: last"])] {
        let (mut sheet, mut faults) = (Sheet::new("A"), Faults::default());
        ask(&table, &mut sheet, 1, S, &mut faults);
        sheet.open.as_mut().unwrap().sent = Some((mask_of(&[0]), 2 * S));
        tell(&table, &mut sheet, &verdict(1, &change), 2 * S + 2000, &mut faults);
        assert_eq!(faults.whats(), whats, "{change}");
    }
    assert!(!table.round.ends_at_first_wrong.agrees(false));
}

#[test]
fn without_a_bank_the_revealed_key_must_agree_with_the_verdict() {
    let table = Table::new();
    let referee = Referee { bank: None, ..table.referee() };
    let (mut sheet, mut faults) = (Sheet::new("A"), Faults::default());
    let text = question(1, 30_000);
    referee.question(&mut sheet, &serde_json::from_str(&text).unwrap(), S, S, &mut faults);
    sheet.open.as_mut().unwrap().sent = Some((mask_of(&[1]), S));
    referee.verdict(&mut sheet, &serde_json::from_str(&verdict(1, "{}")).unwrap(), 2 * S, &mut faults);
    assert_eq!(faults.whats(), ["verdict: correct", "verdict: points", "verdict: score"]);
}

#[test]
fn rounds_without_limits_have_no_time_left_to_tell() {
    let mut table = Table::new();
    table.round.question_ms = None;
    table.round.attempts = Limits::default();
    let (mut sheet, mut faults) = (Sheet::new("A"), Faults::default());
    ask(&table, &mut sheet, 1, S, &mut faults);
    assert_eq!(faults.whats(), ["question: limit_ms", "question: remaining_ms"]);
}
