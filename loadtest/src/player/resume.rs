//! Coming back: hello, and whether the server thinks us where we know we are. Nothing acknowledged may be lost, none doubled.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::sleep;

use super::{Go, Player, Stage, asked_after, referee};
use crate::clock::{Micros, SECOND_US, now_us};
use crate::closing::Attempt;
use crate::link::{FrameKind, Link, Lost};
use crate::meter::{Latency, count};
use crate::referee::Outcome;
use crate::wire::{self, Question, Welcome};

/// A server that cannot be reached for so long is gone.
const PATIENCE_US: Micros = 120 * SECOND_US;

impl Player {
    /// Connects, says hello and takes up where the server says we are.
    pub(super) async fn come_back(&mut self) -> Result<Go, Lost> {
        if self.return_after_ms > 0 {
            sleep(Duration::from_millis(std::mem::take(&mut self.return_after_ms))).await;
        }
        let since = now_us();
        let mut wait_ms = 20;
        let mut link = loop {
            match Link::open(&self.crowd, self.person.index).await {
                Ok(link) => break link,
                Err(error) => {
                    if now_us() - since > PATIENCE_US {
                        self.crowd.fail(format!("cannot connect: {error:#}"));
                        return Ok(Go::Done);
                    }
                }
            }
            if self.crowd.is_stopped() {
                return Ok(Go::Done);
            }
            sleep(Duration::from_millis(self.rng.u64(wait_ms / 2..=wait_ms))).await;
            wait_ms = (wait_ms * 2).min(500);
        };
        self.hello = now_us();
        count(&self.crowd.meter.counts.hellos);
        link.send(wire::hello(&self.person.token)).await?;
        self.link = Some(link);
        self.crowd.meter.connected.fetch_add(1, Ordering::Relaxed);
        self.welcomed().await
    }

    /// Waits for `welcome`.
    async fn welcomed(&mut self) -> Result<Go, Lost> {
        let Some(frame) = self.next_before(now_us() + 45 * SECOND_US).await? else {
            self.faults.add("silence", "no welcome");
            self.resync();
            return Ok(Go::On);
        };
        if frame.kind == FrameKind::Error {
            return self.refused_at_hello(&frame.text).await;
        }
        let welcome: Welcome<'_> = match serde_json::from_str(&frame.text) {
            Ok(welcome) if frame.kind == FrameKind::Welcome => welcome,
            _ => {
                self.unexpected(format!("instead of welcome: {}", frame.text));
                return Ok(Go::On);
            }
        };
        self.crowd.downtime.welcomed(self.hello, frame.at);
        self.crowd.meter.took(self.person.index, Latency::Welcome, frame.at.saturating_sub(self.hello));
        if welcome.participant.as_ref().is_none_or(|p| p.id != self.person.id) {
            self.faults.add("welcome: participant", format!("{:?}", welcome.participant));
        }
        if let Some(link) = &mut self.link {
            link.ping_every(welcome.ping_ms);
        }
        self.reconcile(welcome.attempt.as_deref(), welcome.ended.as_deref()).await
    }

    async fn refused_at_hello(&mut self, text: &str) -> Result<Go, Lost> {
        let refusal: Option<wire::Refusal<'_>> = serde_json::from_str(text).ok();
        let code = refusal.as_ref().map_or("", |r| r.code.as_ref());
        self.crowd.meter.refused(code);
        if super::frames::NOT_NOW.contains(&code) {
            let wait = refusal.and_then(|r| r.retry_after_ms).unwrap_or(200).clamp(10, 10_000);
            count(&self.crowd.meter.counts.retried);
            self.hang_up();
            sleep(Duration::from_millis(wait)).await;
        } else {
            // A token that was told is durable: `unknown_token` is a loss.
            self.unexpected(format!("hello was refused: {text}"));
        }
        Ok(Go::On)
    }

    async fn reconcile(&mut self, attempt: Option<&str>, ended: Option<&str>) -> Result<Go, Lost> {
        let mine = self.sheet.as_ref().map(|s| s.id.clone()).filter(|_| self.stage != Stage::Idle);
        match (attempt, mine) {
            (None, None) => {
                // A `start` that was never committed is sent again.
                self.stage = Stage::Idle;
                self.sheet = None;
            }
            (Some(told), None) if self.stage == Stage::Starting => {
                // Committed and never told: from its commit it counts as used, and it is the one to play.
                if self.expects_exhausted {
                    self.faults.add("limit: started beyond it", told);
                }
                self.adopt(told);
                self.stage = Stage::Resumed;
            }
            (Some(told), None) => self.unexpected(format!("welcome: attempt {told} is open, here none is")),
            (Some(told), Some(mine)) if told == mine => {
                count(&self.crowd.meter.counts.resumes);
                if self.stage == Stage::Ending {
                    self.faults.add("resume: attempt open again", format!("{mine} was told to be over"));
                }
                self.stage = Stage::Resumed;
            }
            (Some(told), Some(mine)) => {
                self.faults.add("resume: another attempt", format!("{told} is open, here {mine}"));
                self.give_up();
            }
            (None, Some(mine)) => self.ended_while_away(&mine, ended).await?,
        }
        Ok(Go::On)
    }

    /// After `welcome`: the question we left, or the one after it. False where there is nothing more to note.
    pub(super) fn is_next_after_resume(&mut self, q: &Question<'_>, now: Micros) -> bool {
        let Some(sheet) = self.sheet.as_mut().filter(|s| s.id == q.attempt) else {
            self.unexpected(format!("question of attempt {}", q.attempt));
            return false;
        };
        let referee = referee(&self.crowd, self.round);
        if sheet.open.as_ref().is_some_and(|o| o.seq == q.seq) {
            referee.question_again(sheet, q, self.hello, now, &mut self.faults);
            self.stage = Stage::Open;
            return false;
        }
        if q.seq < sheet.next_seq() {
            let told = sheet.line(q.seq).is_some_and(|l| l.told.is_some());
            let what = if told { "resume: a verdict was lost" } else { "resume: went back" };
            self.faults.add(what, format!("question {} of {} is open again", q.seq, q.attempt));
            self.give_up();
            return false;
        }
        if let Some(open) = &sheet.open {
            self.asked = asked_after(open);
            let seq = open.seq;
            count(&self.crowd.meter.counts.settled_unseen);
            referee.settled_unseen(sheet, now, &mut self.faults);
            if sheet.is_unsure() {
                self.unsure = Some(seq);
            }
        }
        let may_have_timed_out = self.crowd.rounds[self.round].question_ms.is_some();
        while may_have_timed_out && sheet.next_seq() < q.seq {
            // Asked and timed out while we were away.
            referee.never_seen(sheet);
        }
        true
    }

    /// The attempt is no longer open: it must have ended, and its result is fetched.
    async fn ended_while_away(&mut self, mine: &str, ended: Option<&str>) -> Result<(), Lost> {
        let round = &self.crowd.rounds[self.round];
        let Some(sheet) = &mut self.sheet else { return Ok(()) };
        let answered = sheet.open.as_ref().is_some_and(|o| o.sent.is_some());
        let limited = round.question_ms.is_some() || round.paper_ms.is_some();
        if !(limited || answered || self.finishing || sheet.over || sheet.is_unsure()) {
            self.faults.add("resume: attempt lost", format!("{mine} in stage {:?} is no longer open", self.stage));
        }
        if ended != Some(mine) {
            self.faults.add("welcome: ended", format!("told {ended:?}, expected {mine}"));
        }
        if answered {
            // Where `finish` was sent too, a kill may have taken either: the resent answer tells which.
            count(&self.crowd.meter.counts.settled_unseen);
            referee(&self.crowd, self.round).settled_unseen(sheet, now_us(), &mut self.faults);
        }
        if sheet.is_unsure() {
            let seq = sheet.lines.len() as u32;
            self.ask_again(seq).await?;
        }
        count(&self.crowd.meter.counts.results_fetched);
        let fetched = self.fetch(mine).await.and_then(|reply| match reply.status {
            200 => reply.json::<Attempt>(),
            _ => anyhow::bail!("GET /me/attempts/{mine}: {}", reply.shown()),
        });
        match fetched {
            Ok(attempt) => {
                let outcome = Outcome {
                    score: attempt.score,
                    correct: attempt.correct,
                    of: attempt.of,
                    elapsed_ms: attempt.elapsed_ms,
                    receipt: attempt.receipt.as_deref().unwrap_or_default(),
                };
                self.ended(outcome, now_us());
            }
            Err(error) => {
                self.faults.add("resume: result lost", format!("{error:#}"));
                self.sheet = None;
                self.stage = Stage::Idle;
            }
        }
        Ok(())
    }

    /// Sends the answer to a question that was settled while we were away once more: its verdict, told for the first time.
    pub(super) async fn ask_again(&mut self, seq: u32) -> Result<(), Lost> {
        let Some(sheet) = &self.sheet else { return Ok(()) };
        let Some(chosen) = sheet.line(seq).and_then(|l| l.chosen) else { return Ok(()) };
        let answer = wire::answer(&sheet.id, seq, chosen);
        self.unsure = Some(seq);
        let told = self.told_again(seq, answer).await?;
        self.unsure = None;
        match told.as_deref() {
            None => {}
            Some("too_late") if self.crowd.rounds[self.round].question_ms.is_some() => {
                if let Some(sheet) = &mut self.sheet {
                    referee(&self.crowd, self.round).was_too_late(sheet, seq);
                }
            }
            Some("already_answered") if self.finishing => {
                if let Some(sheet) = &mut self.sheet {
                    referee(&self.crowd, self.round).was_too_late(sheet, seq);
                }
            }
            Some(code) => self.faults.add("resend: refused", format!("question {seq} with {code}")),
        }
        Ok(())
    }
}
