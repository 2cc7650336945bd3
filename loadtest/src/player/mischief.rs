//! What people and networks do besides playing well: drops, second devices, answers sent twice, messages out of turn. Each has one right reply.

use super::frames::NOT_NOW;
use super::{Player, Stage, other_than};
use crate::clock::{SECOND_US, now_us};
use crate::link::{FrameKind, Link, Lost};
use crate::meter::count;
use crate::season::Feedback;
use crate::wire::{self, Pong, Refusal, Verdict};

const REPLY_WITHIN_US: u64 = 45 * SECOND_US;
/// The close code of a socket whose participant said hello elsewhere.
const SUPERSEDED: u16 = 4001;

impl Player {
    /// Before an answer, with an open question.
    pub(super) async fn before_answering(&mut self) -> Result<(), Lost> {
        let shares = self.crowd.mischief;
        if self.chance(shares.stray) {
            self.stray().await?;
        }
        if self.chance(shares.resend) {
            self.resend().await?;
        }
        let open = self.sheet.as_ref().and_then(|s| s.open.as_ref());
        let untouched = self.stage == Stage::Open && open.is_some_and(|o| o.sent.is_none());
        let has_limit = open.is_some_and(|o| o.limit_ms.is_some());
        if self.chance(shares.drop / 4.0) {
            self.drop_link();
        } else if self.chance(shares.drop / 8.0) {
            self.take_over().await?;
        } else if untouched && has_limit && self.chance(shares.late) {
            // Left to time out.
            self.stage = Stage::Answered;
        } else if untouched && self.chance(shares.finish) {
            self.hand_in().await?;
        }
        Ok(())
    }

    /// With a verdict that waits for `next`.
    pub(super) async fn while_reading(&mut self) -> Result<(), Lost> {
        let shares = self.crowd.mischief;
        if self.chance(shares.resend) {
            self.resend().await?;
        }
        if self.chance(shares.drop / 8.0) {
            self.drop_link();
        }
        Ok(())
    }

    async fn hand_in(&mut self) -> Result<(), Lost> {
        let Some(sheet) = &self.sheet else { return Ok(()) };
        let finish = wire::finish(&sheet.id);
        count(&self.crowd.meter.counts.finishes);
        self.finishing = true;
        self.stage = Stage::Finishing;
        self.send(finish).await
    }

    /// A settled answer once more: the same gets the verdict as first told, another `already_answered`.
    pub(super) async fn resend(&mut self) -> Result<(), Lost> {
        let Some(sheet) = self.sheet.as_ref().filter(|s| !s.lines.is_empty()) else { return Ok(()) };
        let seq = self.rng.u32(1..sheet.next_seq());
        let Some(line) = sheet.line(seq).filter(|l| l.told.is_some() && l.mark != 0) else { return Ok(()) };
        let id = sheet.id.clone();
        let other = other_than(line.chosen.unwrap_or(0), line.kind, line.options, &mut self.rng);
        let changed = wire::answer(&id, seq, other);
        match line.chosen {
            Some(chosen) => {
                count(&self.crowd.meter.counts.resent);
                if let Some(code) = self.told_again(seq, wire::answer(&id, seq, chosen)).await? {
                    self.faults.add("resend: refused", format!("question {seq} of {id} with {code}"));
                }
                count(&self.crowd.meter.counts.changed);
                self.refused_with(changed, &["already_answered"]).await
            }
            None => self.refused_with(changed, &["too_late"]).await,
        }
    }

    /// Sends `answer` again and waits for the verdict on question `seq`; the code where it was refused instead.
    pub(super) async fn told_again(&mut self, seq: u32, answer: String) -> Result<Option<String>, Lost> {
        loop {
            self.send(answer.clone()).await?;
            let until = now_us() + REPLY_WITHIN_US;
            let code = loop {
                let Some(frame) = self.next_before(until).await? else {
                    self.faults.add("silence", format!("question {seq} sent again"));
                    return Ok(None);
                };
                if frame.kind == FrameKind::Error {
                    let refusal: Option<Refusal<'_>> = serde_json::from_str(&frame.text).ok();
                    break refusal.map_or_else(String::new, |r| r.code.into_owned());
                }
                let is_it = frame.kind == FrameKind::Verdict
                    && serde_json::from_str::<Verdict<'_>>(&frame.text).is_ok_and(|v| v.seq == seq);
                Box::pin(self.on_frame(frame)).await?;
                if is_it || self.link.is_none() {
                    return Ok(None);
                }
            };
            self.crowd.meter.refused(&code);
            if !NOT_NOW.contains(&code.as_str()) {
                return Ok(Some(code));
            }
            count(&self.crowd.meter.counts.retried);
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    }

    /// A message out of turn, with an open question.
    async fn stray(&mut self) -> Result<(), Lost> {
        let Some(sheet) = &self.sheet else { return Ok(()) };
        let Some(open) = &sheet.open else { return Ok(()) };
        let round = &self.crowd.rounds[self.round];
        let (id, seq) = (sheet.id.as_str(), open.seq);
        count(&self.crowd.meter.counts.strays);
        let (text, code) = match self.rng.u32(..6) {
            // Where it doesn't count, a start would end the open attempt.
            0 if round.counts => (wire::start(&round.id), "attempt_in_progress"),
            1 => (wire::answer(id, seq + 1, 1), "wrong_seq"),
            2 => (wire::answer(id, seq, 1 << 30), "bad_choices"),
            3 => (wire::answer("no-such-attempt", 1, 1), "unknown_attempt"),
            4 if round.feedback == Feedback::AfterEach => return self.passed_over(wire::next(id)).await,
            _ => return self.passed_over(wire::ping(1)).await,
        };
        self.refused_with(text, &[code]).await
    }

    /// Sends what must be refused with one of `codes`.
    async fn refused_with(&mut self, text: String, codes: &[&str]) -> Result<(), Lost> {
        self.send(text.clone()).await?;
        let until = now_us() + REPLY_WITHIN_US;
        while self.link.is_some() {
            let Some(frame) = self.next_before(until).await? else {
                self.faults.add("silence", text);
                break;
            };
            if frame.kind != FrameKind::Error {
                Box::pin(self.on_frame(frame)).await?;
                continue;
            }
            let refusal: Option<Refusal<'_>> = serde_json::from_str(&frame.text).ok();
            let code = refusal.as_ref().map_or("", |r| r.code.as_ref());
            self.crowd.meter.refused(code);
            if !codes.contains(&code) && !NOT_NOW.contains(&code) {
                self.faults.add("refused otherwise", format!("{text}: told {}, expected {codes:?}", frame.text));
            }
            break;
        }
        Ok(())
    }

    /// Sends `text`, which changes nothing, and a ping behind it: the pong is the only reply.
    async fn passed_over(&mut self, text: String) -> Result<(), Lost> {
        let n = u64::from(self.rng.u32(2..));
        self.send(text).await?;
        self.send(wire::ping(n)).await?;
        let until = now_us() + REPLY_WITHIN_US;
        while self.link.is_some() {
            let Some(frame) = self.next_before(until).await? else {
                self.faults.add("silence", "no pong");
                break;
            };
            if frame.kind != FrameKind::Pong {
                Box::pin(self.on_frame(frame)).await?;
            } else if serde_json::from_str::<Pong>(&frame.text).is_ok_and(|p| p.n == n) {
                break;
            }
        }
        Ok(())
    }

    /// The same participant on a second device: the newest hello wins, the older socket is told and closed.
    async fn take_over(&mut self) -> Result<(), Lost> {
        let Some(old) = self.link.take() else { return Ok(()) };
        self.crowd.meter.connected.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
        count(&self.crowd.meter.counts.takeovers);
        // Welcomed before the older one is looked at: it may be told at any time from the new hello on.
        Box::pin(self.come_back()).await?;
        if self.link.is_some() {
            self.is_superseded(old).await;
        }
        Ok(())
    }

    async fn is_superseded(&mut self, mut old: Link) {
        let until = now_us() + REPLY_WITHIN_US;
        let mut told = false;
        let close = loop {
            match old.next(until).await {
                Ok(Some(frame)) => told |= frame.kind == FrameKind::Superseded,
                Ok(None) => break None,
                Err(lost) => break lost.close,
            }
        };
        let now = now_us();
        let killed = self.crowd.downtime.possibly_us(now.saturating_sub(5 * SECOND_US), now) > 0;
        if (!told || close != Some(SUPERSEDED)) && !killed {
            self.faults.add("superseded", format!("the older socket: told {told}, closed with {close:?}"));
        }
    }
}
