//! The questions of a file: as they were read, and as a person mends them.

use super::Imports;
use super::busy;
use super::own;
use super::subject;
use crate::domain::compare::changes;
use crate::domain::draft::Draft;
use crate::domain::faults::Part;
use crate::formats::import::At;
use crate::formats::import::Gravity;
use crate::formats::import::Item;
use crate::formats::import::Remark;
use crate::formats::import::Standing;
use crate::ledger::desk::KeptRemark;
use crate::ledger::desk::ReadRow;
use crate::ledger::desk::RowStanding;
use crate::ledger::desk::WantedRows;
use crate::office::by::By;
use crate::office::questions::fits;
use crate::office::questions::tidied;
use crate::office::refusal::DeskRefusal;
use serde_json::Value;
use serde_json::json;

/// Characters of what stood in the file that are kept of a row; the rest is cut.
const RAW_MAX: usize = 2_000;

/// Rows of one transaction and one record of the audit log, where many are accepted at once.
const ACCEPTED_AT_ONCE: i64 = 500;

/// What a person does with a row.
#[derive(Clone, Debug)]
pub enum Mend {
    /// This is the question.
    Draft(Box<Draft>),
    /// What was assumed is right.
    Accept,
    /// It is left out, or is not left out after all.
    Skip(bool),
}

impl Imports {
    /// Rows in the order of the file, with how many there are in all.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn rows(
        &self,
        id: &str,
        wanted: WantedRows,
        offset: i64,
        limit: i64,
    ) -> Result<(Vec<ReadRow>, i64), DeskRefusal> {
        let mut link = self.0.desk.read().await?;
        let counts = link.row_counts(id).await?;
        let total = match wanted {
            WantedRows::All => counts.by_standing.iter().map(|(_, rows)| rows).sum(),
            WantedRows::Standing(standing) => counts.of(standing),
            WantedRows::Same => counts.same,
        };
        Ok((link.read_rows(id, wanted, offset, limit).await?, total))
    }

    /// # Errors
    /// There is no such row.
    pub async fn row(&self, id: &str, n: u32) -> Result<ReadRow, DeskRefusal> {
        self.0.desk.read().await?.read_row(id, n).await?.ok_or(DeskRefusal::NotFound("这一行"))
    }

    /// # Errors
    /// The row is saved already, or cannot be accepted as it is; the import is not this person's or is being worked on.
    pub async fn mend(&self, by: &By, id: &str, n: u32, mend: Mend) -> Result<ReadRow, DeskRefusal> {
        let mut act = self.0.desk.begin().await?;
        let import = own(act.import(id).await?, &by.staff)?;
        if import.state != "preview" {
            return Err(busy());
        }
        let before = act.read_row(id, n).await?.ok_or(DeskRefusal::NotFound("这一行"))?;
        if before.standing == RowStanding::Saved {
            return Err(DeskRefusal::Conflict("这一题已经存进题库，请在题库里改".to_owned()));
        }
        let mut row = before.clone();
        row.mended = true;
        match mend {
            Mend::Draft(draft) => {
                row.draft = tidied(*draft);
                fits(&mut act, &row.draft).await?;
                let (stem, options) = (&row.draft.stem, &row.draft.options);
                row.same &= *stem == before.draft.stem && *options == before.draft.options;
                (row.standing, row.remarks) = judged(&row.draft, row.line, row.cell);
            }
            Mend::Accept if before.standing == RowStanding::ToCheck => row.standing = RowStanding::Ready,
            Mend::Accept if before.standing == RowStanding::Ready => {}
            Mend::Accept => return Err(DeskRefusal::Conflict("这一行要先改好".to_owned())),
            Mend::Skip(true) => row.standing = RowStanding::Skipped,
            Mend::Skip(false) if before.standing == RowStanding::Skipped => {
                row.standing = gravest(&row.remarks);
            }
            Mend::Skip(false) => {}
        }
        act.update_read_row(id, &row).await?;
        let found = changes(&before.draft, &row.draft);
        let side = |standing: RowStanding, side: fn(&crate::domain::compare::Change) -> &String| {
            let parts: serde_json::Map<_, _> =
                found.iter().map(|change| (change.part.code(), side(change).clone().into())).collect();
            json!({"row": n, "standing": standing.code(), "parts": parts})
        };
        let (old, new) = (side(before.standing, |c| &c.before), side(row.standing, |c| &c.after));
        act.commit(by.change("import.mended", subject(id), old, new)).await?;
        Ok(row)
    }
}

impl Imports {
    /// Accepts, in all rows in which nothing else was assumed, what this code stands for; how many there were.
    ///
    /// # Errors
    /// The import is not this person's or is being worked on. What was accepted by then stays.
    pub async fn accept_all(&self, by: &By, id: &str, code: &str) -> Result<usize, DeskRefusal> {
        let mut done = 0;
        let mut after = 0;
        loop {
            let mut act = self.0.desk.begin().await?;
            let import = own(act.import(id).await?, &by.staff)?;
            if import.state != "preview" {
                return Err(busy());
            }
            let rows = act.read_rows_after(id, after, ACCEPTED_AT_ONCE).await?;
            let Some(last) = rows.last() else { return Ok(done) };
            after = last.n;
            let mut accepted = Vec::new();
            for row in rows.into_iter().filter(|row| row.standing == RowStanding::ToCheck) {
                let mut doubts = row.remarks.iter().filter(|remark| remark.gravity == "to_check");
                if doubts.all(|remark| remark.code == code) {
                    accepted.push(row.n);
                    let ready = ReadRow { standing: RowStanding::Ready, mended: true, ..row };
                    act.update_read_row(id, &ready).await?;
                }
            }
            if accepted.is_empty() {
                continue;
            }
            done += accepted.len();
            let after = json!({"code": code, "rows": accepted});
            act.commit(by.change("import.accepted", subject(id), Value::Null, after)).await?;
        }
    }
}

pub(super) fn of_item(n: u32, item: Item) -> ReadRow {
    let standing = match item.standing() {
        Standing::Ready => RowStanding::Ready,
        Standing::ToCheck => RowStanding::ToCheck,
        Standing::Refused => RowStanding::Refused,
    };
    ReadRow {
        n,
        line: item.at.row,
        cell: item.at.column,
        standing,
        same: false,
        mended: false,
        remarks: item.remarks.iter().map(kept).collect(),
        draft: item.draft,
        raw: item.raw.chars().take(RAW_MAX).collect(),
        twins: Vec::new(),
        question: None,
    }
}

/// As the reader told it, for a table of what is left.
pub(super) fn as_item(row: ReadRow) -> Item {
    let at = At { row: row.line, column: row.cell };
    let remark = |kept: KeptRemark| Remark {
        gravity: match kept.gravity.as_str() {
            "note" => Gravity::Note,
            "to_check" => Gravity::ToCheck,
            _ => Gravity::Refused,
        },
        at: At { row: kept.row, column: kept.column },
        // The table names places and reasons, not parts and codes.
        part: Part::Whole,
        code: "kept",
        message: kept.message,
    };
    Item { at, draft: row.draft, remarks: row.remarks.into_iter().map(remark).collect(), raw: row.raw }
}

pub(super) fn kept(remark: &Remark) -> KeptRemark {
    KeptRemark {
        gravity: gravity_code(remark.gravity).to_owned(),
        row: remark.at.row,
        column: remark.at.column,
        part: remark.part.code(),
        code: remark.code.to_owned(),
        message: remark.message.clone(),
    }
}

fn gravity_code(gravity: Gravity) -> &'static str {
    match gravity {
        Gravity::Note => "note",
        Gravity::ToCheck => "to_check",
        Gravity::Refused => "refused",
    }
}

/// How a row stands by what is said of it.
fn gravest(remarks: &[KeptRemark]) -> RowStanding {
    let any = |gravity: &str| remarks.iter().any(|remark| remark.gravity == gravity);
    match (any("refused"), any("to_check")) {
        (true, _) => RowStanding::Refused,
        (false, true) => RowStanding::ToCheck,
        (false, false) => RowStanding::Ready,
    }
}

/// What is left to say of a question that a person has written: 解析, 来源, 难度 and 主题 may come later, the question itself may not.
fn judged(draft: &Draft, line: u32, cell: u32) -> (RowStanding, Vec<KeptRemark>) {
    let remark = |fault: crate::domain::faults::QuestionFault| {
        let later = matches!(
            fault.part,
            Part::Topic | Part::Difficulty | Part::Explanation | Part::Source | Part::Contributor | Part::Link
        );
        KeptRemark {
            gravity: gravity_code(if later { Gravity::Note } else { Gravity::Refused }).to_owned(),
            row: line,
            column: cell,
            part: fault.part.code(),
            code: fault.code.to_owned(),
            message: fault.message,
        }
    };
    let remarks: Vec<KeptRemark> = draft.faults().into_iter().map(remark).collect();
    (gravest(&remarks), remarks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::question::Choices;
    use crate::domain::question::Kind;

    fn draft() -> Draft {
        Draft {
            kind: Some(Kind::Single),
            stem: "题干".into(),
            options: vec!["甲".into(), "乙".into()],
            key: Choices(1),
            ..Draft::default()
        }
    }

    #[test]
    fn a_mended_question_is_ready_where_only_what_may_come_later_is_missing() {
        let (standing, remarks) = judged(&draft(), 7, 1);
        assert_eq!(standing, RowStanding::Ready);
        let parts: Vec<&str> = remarks.iter().map(|remark| remark.part.as_str()).collect();
        assert_eq!(parts, ["difficulty", "topic", "explanation", "source"]);
        assert!(remarks.iter().all(|remark| remark.gravity == "note" && remark.row == 7));
    }

    #[test]
    fn a_mended_question_without_a_key_is_still_refused() {
        let (standing, remarks) = judged(&Draft { key: Choices::NONE, ..draft() }, 7, 1);
        assert_eq!(standing, RowStanding::Refused);
        assert!(remarks.iter().any(|remark| remark.part == "key" && remark.gravity == "refused"));
    }
}
