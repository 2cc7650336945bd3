//! What became of the questions that a participant has reported.

use crate::ledger::desk::ReportRow;
use crate::transport::me::Caller;
use crate::transport::problem::Problem;
use crate::transport::state::App;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

/// The newest reports of a participant that are told.
const TOLD_MAX: i64 = 50;

#[derive(Serialize)]
pub struct Reports {
    reports: Vec<ReportView>,
}

#[derive(Serialize)]
struct ReportView {
    at: i64,
    attempt: String,
    round: String,
    seq: u32,
    reason: String,
    /// The question, once it has been answered or its time was up, and the attempt is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    stem: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<AnswerView>,
}

#[derive(Serialize)]
struct AnswerView {
    at: i64,
    text: String,
}

pub async fn reports(State(app): State<Arc<App>>, Caller(me): Caller) -> Result<Json<Reports>, Problem> {
    let contest = &app.contest;
    let rows = app.desk.read().await?.reports_of_participant(me, TOLD_MAX).await?;
    let mut attempts = HashMap::new();
    let mut reports = Vec::with_capacity(rows.len());
    for (ReportRow { at, attempt, seq, words, .. }, answer) in rows {
        let recorded = match attempts.entry(attempt) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(contest.store().attempt(attempt).await?),
        };
        let Some(recorded) = recorded.as_ref() else { continue };
        let Some(period) = contest.period(recorded.started.period) else { continue };
        let settled = recorded.ended.as_ref().is_some_and(|(_, ended)| ended.fates.len() >= seq as usize);
        let paper = settled.then(|| period.paper(&recorded.started.seed));
        let question = paper.and_then(|paper| paper.question(seq)).map(|index| period.bank.question(index));
        reports.push(ReportView {
            at: at.0,
            attempt: contest.keys.attempt(attempt),
            round: period.round.id.0.clone(),
            seq,
            reason: words,
            stem: question.map(|question| question.stem.clone()),
            answer: answer.map(|(at, text)| AnswerView { at: at.0, text }),
        });
    }
    Ok(Json(Reports { reports }))
}
