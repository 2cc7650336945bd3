//! What a player makes of each message of its attempt.

use std::time::Duration;

use tokio::time::sleep;

use super::{Go, Played, Player, Stage, asked_after, referee};
use crate::clock::{Micros, now_us};
use crate::link::{Frame, FrameKind, Lost};
use crate::meter::{Latency, count};
use crate::referee::Outcome;
use crate::season::Feedback;
use crate::sheet::Sheet;
use crate::wire::{AttemptResult, Question, Refusal, Verdict};

/// What any command may be refused with while there is too much to do.
pub(super) const NOT_NOW: [&str; 3] = ["rate_limited", "busy", "unavailable"];

impl Player {
    pub(super) async fn on_frame(&mut self, frame: Frame) -> Result<Go, Lost> {
        let understood = match frame.kind {
            FrameKind::Verdict => serde_json::from_str(&frame.text).map(|v| self.on_verdict(&v, frame.at)),
            FrameKind::Question => serde_json::from_str(&frame.text).map(|q| self.on_question(&q, frame.at)),
            FrameKind::Result => serde_json::from_str(&frame.text).map(|r| self.on_result(&r, frame.at)),
            FrameKind::Error => match serde_json::from_str::<Refusal<'_>>(&frame.text) {
                Ok(refusal) => {
                    self.on_refusal(&refusal).await?;
                    Ok(())
                }
                Err(error) => Err(error),
            },
            FrameKind::Superseded => {
                self.faults.add("superseded", "nobody else plays this participant");
                Ok(())
            }
            FrameKind::Welcome | FrameKind::Board | FrameKind::Pong => {
                self.faults.add("unasked", frame.text.as_str());
                Ok(())
            }
        };
        if let Err(error) = understood {
            self.faults.add("malformed", format!("{error}: {}", frame.text));
            self.resync();
        }
        Ok(Go::On)
    }

    fn on_question(&mut self, q: &Question<'_>, now: Micros) {
        match self.stage {
            Stage::Starting => {
                if self.expects_exhausted {
                    self.faults
                        .add("limit: started beyond it", format!("attempt {} of round {}", q.attempt, self.round));
                }
                self.crowd.meter.took(self.person.index, Latency::Question, now.saturating_sub(self.asked));
                self.adopt(&q.attempt);
            }
            Stage::Resumed => {
                if !self.is_next_after_resume(q, now) {
                    return;
                }
            }
            Stage::Between | Stage::Reading => {}
            stage => return self.unexpected(format!("question {} in stage {stage:?}", q.seq)),
        }
        let Some(sheet) = &mut self.sheet else { return };
        referee(&self.crowd, self.round).question(sheet, q, self.asked, now, &mut self.faults);
        self.stage = Stage::Open;
    }

    /// A new attempt, told by its first question or by `welcome`.
    pub(super) fn adopt(&mut self, attempt: &str) {
        if self.played.iter().any(|p| p.id == attempt) {
            self.faults.add("start: an old attempt", attempt);
        }
        self.started[self.round] += 1;
        self.finishing = false;
        self.sheet = Some(Sheet::new(attempt));
    }

    fn on_verdict(&mut self, v: &Verdict<'_>, now: Micros) {
        let Some(sheet) = self.sheet.as_mut().filter(|s| s.id == v.attempt) else {
            return self.unexpected(format!("verdict on attempt {}", v.attempt));
        };
        let referee = referee(&self.crowd, self.round);
        if v.seq < sheet.next_seq() {
            referee.verdict_again(sheet, v, &mut self.faults);
            if self.stage == Stage::Resumed {
                self.stage = self.stage_after(v.last);
            }
            return;
        }
        let Some(open) = sheet.open.as_ref().filter(|o| o.seq == v.seq) else {
            return self.unexpected(format!("verdict on question {}, not open", v.seq));
        };
        let asked = asked_after(open);
        count(&self.crowd.meter.counts.verdicts);
        if v.timed_out {
            count(&self.crowd.meter.counts.timed_out);
        } else if self.stage == Stage::Answered {
            self.crowd.meter.took(self.person.index, Latency::Verdict, now.saturating_sub(self.sent));
        }
        self.asked = asked;
        referee.verdict(sheet, v, now, &mut self.faults);
        self.stage = self.stage_after(v.last);
    }

    fn stage_after(&self, last: bool) -> Stage {
        if last {
            Stage::Ending
        } else if self.crowd.rounds[self.round].feedback == Feedback::AfterEach {
            Stage::Reading
        } else {
            Stage::Between
        }
    }

    fn on_result(&mut self, r: &AttemptResult<'_>, now: Micros) {
        if self.sheet.as_ref().is_none_or(|s| s.id != r.attempt) {
            return self.unexpected(format!("result of attempt {}", r.attempt));
        }
        let round = &self.crowd.rounds[self.round];
        let due = matches!(self.stage, Stage::Ending) || self.finishing || round.paper_ms.is_some();
        if !due {
            self.faults.add("result: too soon", format!("in stage {:?}", self.stage));
        }
        self.faults.differs("result: round", r.round.as_ref(), round.id.as_str());
        self.faults.differs("result: counted", r.counted, round.counts);
        match &r.ranks {
            None if r.counted => self.faults.add("result: without ranks", "it counts"),
            Some(ranks) => {
                if let Some(ranks) = &ranks.round {
                    // A smaller scope has no more people in front.
                    let steps = [ranks.region, ranks.city, ranks.county];
                    let told: Vec<u64> = steps.into_iter().flatten().collect();
                    if told.contains(&0) || told.windows(2).any(|w| w[0] < w[1]) {
                        self.faults.add("result: ranks", format!("region, city, county: {told:?}"));
                    }
                }
            }
            None => {}
        }
        count(&self.crowd.meter.counts.results);
        let outcome = Outcome {
            score: Some(r.score),
            correct: Some(r.correct),
            of: r.of,
            elapsed_ms: r.elapsed_ms,
            receipt: &r.receipt,
        };
        self.ended(outcome, now);
        self.best_is_right(r);
    }

    /// The attempt is over, by `result` or by the history.
    pub(super) fn ended(&mut self, outcome: Outcome<'_>, now: Micros) {
        let Some(mut sheet) = self.sheet.take() else { return };
        referee(&self.crowd, self.round).outcome(&mut sheet, outcome, now, &mut self.faults);
        let kept = self.played.len() < self.crowd.reviews_each;
        self.played.push(Played {
            id: sheet.id.clone(),
            round: self.round,
            score: outcome.score,
            correct: outcome.correct,
            elapsed_ms: outcome.elapsed_ms,
            receipt: outcome.receipt.to_owned(),
            lines: kept.then(|| sheet.lines.clone()),
        });
        self.stage = Stage::Idle;
        self.unsure = None;
        if self.chance(self.crowd.mischief.resend) {
            self.last = Some(sheet);
        }
    }

    async fn on_refusal(&mut self, refusal: &Refusal<'_>) -> Result<(), Lost> {
        let code = refusal.code.as_ref();
        self.crowd.meter.refused(code);
        if refusal.message.as_deref().is_none_or(str::is_empty) {
            self.faults.add("error: no message", code);
        }
        if NOT_NOW.contains(&code) {
            count(&self.crowd.meter.counts.retried);
            sleep(Duration::from_millis(refusal.retry_after_ms.unwrap_or(200).clamp(10, 10_000))).await;
            self.stage = match self.stage {
                Stage::Starting => Stage::Idle,
                Stage::Answered | Stage::Finishing => Stage::Open,
                Stage::Between => Stage::Reading,
                other => other,
            };
            return Ok(());
        }
        match (self.stage, code) {
            (Stage::Starting, "attempts_exhausted") => self.exhausted().await,
            // A gate, a window that closed meanwhile: rules that `GET /season` does not tell a machine.
            (Stage::Starting, "not_eligible" | "round_not_open" | "round_paused" | "season_not_open") => {
                self.done[self.round] = true;
                self.stage = Stage::Idle;
            }
            // Its `timed_out` verdict has been told or will be.
            (Stage::Answered | Stage::Reading | Stage::Between | Stage::Open, "too_late") if self.may_be_late() => {}
            _ => self.unexpected(format!("error {code} in stage {:?}", self.stage)),
        }
        Ok(())
    }

    /// Whether the open question may have run out, by this side's clock.
    fn may_be_late(&self) -> bool {
        let round = &self.crowd.rounds[self.round];
        if round.paper_ms.is_some() {
            return true;
        }
        let Some(limit_ms) = round.question_ms else { return false };
        let open = self.sheet.as_ref().and_then(|s| s.open.as_ref());
        open.is_none_or(|o| now_us().saturating_sub(o.asked) >= crate::sheet::us(limit_ms))
    }

    pub(super) fn unexpected(&mut self, text: String) {
        self.faults.add("unexpected", text);
        self.resync();
    }
}
