//! 更正 as participants and the public are told of them: what an attempt came to before, what was corrected, and why.

use crate::contest::core::Contest;
use crate::contest::period::OnRecord;
use crate::domain::ids::ParticipantId;
use crate::ledger::entry::Ended;
use crate::ledger::store::Outcome;
use serde::Serialize;

/// A correction that has changed attempts of the participant who asks.
#[derive(Serialize)]
pub struct CorrectedView {
    at: i64,
    text: String,
    attempts: Vec<String>,
}

/// What was told before a correction changed it.
#[derive(Serialize)]
pub struct WasView {
    score: u32,
    correct: u32,
    elapsed_ms: u64,
}

impl WasView {
    /// `None`: it is as it was told.
    pub fn of(told: &Ended, by_now: &Outcome) -> Option<WasView> {
        let Ended { score, correct, elapsed_ms, .. } = *told;
        (Outcome::from(told) != *by_now).then_some(WasView { score, correct, elapsed_ms })
    }
}

/// 勘误: what is published of a correction.
#[derive(Serialize)]
pub struct ErratumView {
    at: i64,
    question: String,
    remedy: &'static str,
    text: String,
}

impl ErratumView {
    pub fn of(on_record: &OnRecord) -> ErratumView {
        let correction = &on_record.correction;
        ErratumView {
            at: on_record.at.0,
            question: correction.question.0.clone(),
            remedy: correction.remedy.code(),
            text: correction.reason.clone(),
        }
    }
}

impl CorrectedView {
    pub fn all_of(contest: &Contest, me: ParticipantId) -> Vec<CorrectedView> {
        let attempts = |ids: &[_]| ids.iter().map(|attempt| contest.keys.attempt(*attempt)).collect();
        let facts = contest.corrections_for(me);
        let view = |facts: &crate::contest::seat::CorrectedFacts| CorrectedView {
            at: facts.at.0,
            text: facts.text.to_string(),
            attempts: attempts(&facts.attempts),
        };
        facts.iter().map(view).collect()
    }
}
