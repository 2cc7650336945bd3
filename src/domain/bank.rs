//! 题库: questions of one bank; a published version never changes and is named by its digest.

use crate::domain::ids::QuestionIndex;
use crate::domain::question::Question;

/// A bank's questions at one moment, as the ledger keeps them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankVersion {
    /// The bank's id in the season file.
    pub bank: String,
    /// Random, so that the digest gives nothing away about the questions.
    pub salt: [u8; 16],
    pub questions: Vec<Question>,
}

impl BankVersion {
    pub fn question(&self, index: QuestionIndex) -> &Question {
        &self.questions[index.0 as usize]
    }
}
