//! Why the desk does not do what somebody asked for; nothing was written then.

use crate::domain::fault::Fault;
use crate::domain::faults::QuestionFault;
use crate::domain::review::ReviewRefusal;
use crate::ledger::store::LedgerError;

/// Characters of a reason, as the ledger takes them; longer ones are refused.
pub const REASON_MAX: usize = 500;

#[derive(Debug, thiserror::Error)]
pub enum DeskRefusal {
    #[error("没有找到{0}")]
    NotFound(&'static str),
    /// A form that says something that cannot be.
    #[error("{0}")]
    Bad(String),
    /// In this state it can't be done, or it is there already.
    #[error("{0}")]
    Conflict(String),
    /// Somebody else was there meanwhile.
    #[error("别人刚刚改过这道题，请先看看新的内容")]
    Overtaken,
    #[error("还有 {} 处要改：{}", .0.len(), named(.0))]
    Faulty(Vec<QuestionFault>),
    /// A season that is being written cannot be one yet.
    #[error("赛季还有 {} 处问题，改好了再发布", .0.len())]
    SeasonFaulty(Vec<Fault>),
    #[error("{0}")]
    Review(#[from] ReviewRefusal),
    #[error("您的角色不能这样做")]
    Forbidden,
    /// It takes another person.
    #[error("{0}")]
    NotByThemselves(&'static str),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl DeskRefusal {
    pub fn code(&self) -> &'static str {
        match self {
            DeskRefusal::NotFound(_) => "not_found",
            DeskRefusal::Bad(_) | DeskRefusal::Faulty(_) | DeskRefusal::SeasonFaulty(_) => "bad_request",
            DeskRefusal::Conflict(_) | DeskRefusal::Overtaken => "conflict",
            DeskRefusal::Review(ReviewRefusal::WrongState(_)) => "conflict",
            DeskRefusal::Review(_) | DeskRefusal::Forbidden | DeskRefusal::NotByThemselves(_) => "forbidden",
            DeskRefusal::Ledger(_) => "unavailable",
        }
    }
}

/// The first faults, in a line: who did the same to many questions sees nothing else of them.
fn named(faults: &[QuestionFault]) -> String {
    const NAMED: usize = 3;
    let mut named: Vec<&str> = faults.iter().take(NAMED).map(|fault| fault.message.as_str()).collect();
    if faults.len() > NAMED {
        named.push("……");
    }
    named.join("；")
}

/// A text without blanks around it.
///
/// # Errors
/// There is none, or too much of it.
pub(crate) fn said(text: &str, missing: &str, max: usize) -> Result<String, DeskRefusal> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err(DeskRefusal::Bad(missing.to_owned())),
        n if n > max => Err(DeskRefusal::Bad(format!("最多 {max} 个字"))),
        _ => Ok(text.to_owned()),
    }
}
