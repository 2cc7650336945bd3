//! Judges the server: each message of an attempt against what this side computed from the bank, the rules and its own clock.

use crate::bank::{Bank, Found};
use crate::clock::Micros;
use crate::downtime::Downtime;
use crate::findings::{Faults, fingerprint};
use crate::scoring::Scoring;
use crate::season::{Feedback, Round};
use crate::sheet::{Bounds, Line, Open, Sheet, Told, us};
use crate::wire::{Kind, Question, Verdict, mask_of};

/// Rounding to milliseconds, on both ends of a span.
const ROUNDING_US: Micros = 3_000;

/// What is needed to judge.
#[derive(Clone, Copy)]
pub(crate) struct Referee<'a> {
    pub round: &'a Round,
    pub bank: Option<&'a Bank>,
    pub downtime: &'a Downtime,
}

/// What an ended attempt was told to have come to, by `result` or in the history.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome<'a> {
    pub score: Option<i64>,
    pub correct: Option<u32>,
    pub of: u32,
    pub elapsed_ms: i64,
    pub receipt: &'a str,
}

impl Referee<'_> {
    /// A question asked for the first time. `asked`: when we sent what made the server ask it.
    pub(crate) fn question(
        &self,
        sheet: &mut Sheet,
        q: &Question<'_>,
        asked: Micros,
        now: Micros,
        faults: &mut Faults,
    ) {
        faults.differs("question: attempt", q.attempt.as_ref(), sheet.id.as_str());
        faults.differs("question: seq", q.seq, sheet.next_seq());
        faults.differs("question: of", q.of, self.round.of);
        faults.differs("question: limit_ms", q.limit_ms, self.round.question_ms);
        let options = q.options.len() as u32;
        if !(2..=31).contains(&options) || (q.kind == Kind::TrueFalse && options != 2) {
            faults.add("question: options", format!("{options} options for {:?}", q.kind));
        }
        self.times_told(sheet, q, Bounds { lo: 0, hi: now.saturating_sub(asked) }, faults);
        sheet.open = Some(Open {
            seq: q.seq,
            kind: q.kind,
            mark: fingerprint(&q.stem, &q.options),
            options,
            key: self.key(q, faults),
            points: q.points,
            limit_ms: q.limit_ms,
            asked,
            seen: now,
            sent: None,
        });
    }

    /// The open question told again after a hello sent at `hello`.
    pub(crate) fn question_again(
        &self,
        sheet: &Sheet,
        q: &Question<'_>,
        hello: Micros,
        now: Micros,
        faults: &mut Faults,
    ) {
        let Some(open) = &sheet.open else { return };
        let shown = (q.seq, q.of, q.kind, q.points, fingerprint(&q.stem, &q.options));
        if shown != (open.seq, self.round.of, open.kind, open.points, open.mark) {
            faults.add(
                "resume: another question",
                format!("question {} of {} told again differs in texts, order or points", q.seq, sheet.id),
            );
        }
        let lo = hello.saturating_sub(open.seen).saturating_sub(self.downtime.possibly_us(open.seen, hello));
        let hi = now.saturating_sub(open.asked).saturating_sub(self.downtime.surely_us(open.asked, now));
        self.times_told(sheet, q, Bounds { lo, hi }, faults);
    }

    /// The verdict on the open question.
    pub(crate) fn verdict(&self, sheet: &mut Sheet, v: &Verdict<'_>, now: Micros, faults: &mut Faults) {
        let Some(open) = sheet.open.take() else { return };
        let spent = self.open_time(&open, now);
        if v.timed_out {
            if spent.hi + ROUNDING_US < self.soonest_time_out(sheet, &open) {
                faults.add("verdict: timed out too early", format!("question {} after at most {} µs", v.seq, spent.hi));
            }
        } else if open.sent.is_none() {
            faults.add("verdict: without an answer", format!("question {} of {}", v.seq, sheet.id));
        }
        let chosen = if v.timed_out { None } else { open.sent.map(|(chosen, _)| chosen) };
        self.settle(sheet, &open, chosen, spent, false);
        self.told(sheet, v, faults);
    }

    /// The open question was settled while we were away: by our answer if one was sent, else by time.
    pub(crate) fn settled_unseen(&self, sheet: &mut Sheet, now: Micros, faults: &mut Faults) {
        let Some(open) = sheet.open.take() else { return };
        let mut spent = self.open_time(&open, now);
        match open.sent {
            // It may have been lost and the question timed out: the resent answer will tell.
            Some((chosen, _)) => self.settle(sheet, &open, Some(chosen), spent, true),
            None => {
                if spent.hi + ROUNDING_US < self.soonest_time_out(sheet, &open) {
                    faults.add("resume: settled by nobody", format!("question {} of {}", open.seq, sheet.id));
                }
                spent.lo = 0;
                self.settle(sheet, &open, None, spent, false);
            }
        }
    }

    /// The unsure answer turned out to have come too late.
    pub(crate) fn was_too_late(&self, sheet: &mut Sheet, seq: u32) {
        if let Some(line) = sheet.lines.get_mut(seq as usize - 1) {
            line.unsure = false;
            line.chosen = None;
            sheet.elapsed.hi += line_limit(self.round.question_ms);
        }
    }

    /// A question that was asked and timed out while we were away.
    pub(crate) fn never_seen(&self, sheet: &mut Sheet) {
        let limit = self.round.question_ms.map_or(0, us);
        sheet.elapsed.add(Bounds { lo: 0, hi: limit });
        sheet.paper.add(Bounds { lo: 0, hi: limit + us(self.round.grace_ms) });
        sheet.lines.push(Line {
            mark: 0,
            kind: Kind::Single,
            options: 0,
            points_max: 0,
            key: None,
            chosen: None,
            unsure: false,
            told: None,
        });
    }

    /// A verdict on a question that is settled already: as first told, or the first time for one settled while we were away.
    pub(crate) fn verdict_again(&self, sheet: &mut Sheet, v: &Verdict<'_>, faults: &mut Faults) {
        match sheet.line(v.seq).map(|line| line.told) {
            None => faults.add("verdict: seq", format!("question {} of {} was never asked", v.seq, sheet.id)),
            Some(None) => self.told(sheet, v, faults),
            Some(Some(first)) => {
                let again = Told::of(v);
                if again != first {
                    faults.add(
                        "verdict: told otherwise",
                        format!("question {} of {}: first {first:?}, then {again:?}", v.seq, sheet.id),
                    );
                }
            }
        }
    }

    /// An attempt that has ended, against the sheet. An open question was left unanswered: its time counts, its points don't.
    pub(crate) fn outcome(&self, sheet: &mut Sheet, told: Outcome<'_>, now: Micros, faults: &mut Faults) {
        if let Some(open) = sheet.open.take() {
            let mut spent = self.open_time(&open, now);
            spent.lo = 0;
            sheet.elapsed.add(spent.clamped(0, open.limit_ms));
        }
        faults.differs("result: of", told.of, self.round.of);
        if let Some(right) = sheet.right() {
            if let Some(correct) = told.correct {
                faults.differs("result: correct", correct, right);
            }
            if let (Some(score), Some(earned)) = (told.score, self.earned(sheet)) {
                faults.differs("result: score", score, self.round.scoring.of_paper(earned, right));
            }
        }
        let shown = matches!(self.round.feedback, Feedback::AfterEach | Feedback::AfterPaper);
        if shown && (told.score.is_none() || told.correct.is_none()) {
            faults.add("result: without a score", sheet.id.clone());
        }
        let slack = ROUNDING_US * (sheet.lines.len() as Micros + 1);
        let elapsed = us(told.elapsed_ms);
        if elapsed + slack < sheet.elapsed.lo || elapsed > sheet.elapsed.hi + slack {
            let Bounds { lo, hi } = sheet.elapsed;
            faults.add("result: elapsed_ms", format!("{}: told {elapsed} µs, here between {lo} and {hi}", sheet.id));
        }
        if !is_receipt(told.receipt) {
            faults.add("result: receipt", format!("{:?} is not 12 characters without look-alikes", told.receipt));
        }
    }

    /// The sum of the points so far, where all of them are known.
    pub(crate) fn earned(&self, sheet: &Sheet) -> Option<i64> {
        sheet.lines.iter().map(|line| self.line_earned(line)).sum()
    }

    pub(crate) fn line_earned(&self, line: &Line) -> Option<i64> {
        match (line.unsure, line.chosen, line.key) {
            (true, ..) => None,
            (_, None | Some(0), _) => Some(0),
            (_, Some(chosen), Some(key)) => Some(self.round.scoring.of_answer(line.kind, key, chosen, line.points_max)),
            (_, Some(_), None) => None,
        }
    }

    fn key(&self, q: &Question<'_>, faults: &mut Faults) -> Option<u32> {
        match self.bank?.find(q.kind, &q.stem, &q.options) {
            Found::Key(key) => Some(key),
            Found::Moved => {
                faults.add("question: order not kept", q.stem.to_string());
                None
            }
            Found::Unknown => {
                faults.add("question: not in the bank", q.stem.to_string());
                None
            }
        }
    }

    /// `remaining_ms` and `paper_remaining_ms` against the time that this question may have been open.
    fn times_told(&self, sheet: &Sheet, q: &Question<'_>, spent: Bounds, faults: &mut Faults) {
        let mut check =
            |what, limit_ms: Option<i64>, told: Option<i64>, spent: Bounds, floor_us: Micros| match (limit_ms, told) {
                (None, None) => {}
                (Some(limit), Some(left)) => {
                    let most = us(limit).saturating_sub(spent.lo) + ROUNDING_US;
                    let least = us(limit).saturating_sub(spent.hi + ROUNDING_US).min(floor_us);
                    if left > limit || left < 0 || us(left) > most || us(left) < least {
                        faults.add(what, format!("question {}: told {left} ms, here {least} to {most} µs", q.seq));
                    }
                }
                (limit, told) => faults.add(what, format!("told {told:?} where the limit is {limit:?}")),
            };
        let paper = Bounds { lo: sheet.paper.lo + spent.lo, hi: sheet.paper.hi + spent.hi };
        check("question: paper_remaining_ms", self.round.paper_ms, q.paper_remaining_ms, paper, Micros::MAX);
        // A question may be cut short by the end of the paper.
        let paper_left = q.paper_remaining_ms.map_or(Micros::MAX, us);
        check("question: remaining_ms", self.round.question_ms, q.remaining_ms, spent, paper_left);
    }

    /// For how long the question was open when it was settled, as far as can be known here.
    fn open_time(&self, open: &Open, now: Micros) -> Bounds {
        let lo = open.sent.map_or(0, |(_, sent)| {
            sent.saturating_sub(open.seen).saturating_sub(self.downtime.possibly_us(open.seen, sent))
        });
        let hi = now.saturating_sub(open.asked).saturating_sub(self.downtime.surely_us(open.asked, now));
        Bounds { lo: lo.min(hi), hi }
    }

    /// When the question or the paper may time out at the earliest, counted from the question's opening.
    fn soonest_time_out(&self, sheet: &Sheet, open: &Open) -> Micros {
        let question = line_limit(open.limit_ms);
        let paper = self.round.paper_ms.map_or(Micros::MAX, |ms| us(ms).saturating_sub(sheet.paper.hi));
        question.min(paper)
    }

    fn settle(&self, sheet: &mut Sheet, open: &Open, chosen: Option<u32>, spent: Bounds, unsure: bool) {
        let counted = match (chosen, open.limit_ms) {
            (None, Some(limit)) => {
                Bounds { lo: if self.round.paper_ms.is_some() { 0 } else { us(limit) }, hi: us(limit) }
            }
            _ => spent.clamped(self.round.elapsed_floor_ms, open.limit_ms),
        };
        sheet.elapsed.add(counted);
        let grace = us(self.round.grace_ms);
        let paper_hi = open.limit_ms.map_or(spent.hi, |limit| spent.hi.min(us(limit) + grace));
        sheet.paper.add(Bounds { lo: spent.lo.min(line_limit(open.limit_ms)), hi: paper_hi });
        sheet.lines.push(Line {
            mark: open.mark,
            kind: open.kind,
            options: open.options,
            points_max: open.points,
            key: open.key,
            chosen,
            unsure,
            told: None,
        });
    }

    /// A verdict told for the first time, on the line it settles.
    fn told(&self, sheet: &mut Sheet, v: &Verdict<'_>, faults: &mut Faults) {
        let seq = v.seq as usize;
        let any_timed_out = sheet.lines.iter().any(|l| l.chosen.is_none());
        let Some(line) = sheet.lines.get_mut(seq - 1) else { return };
        line.told = Some(Told::of(v));
        if line.unsure {
            line.unsure = false;
            if v.timed_out {
                line.chosen = None;
                sheet.elapsed.hi += line_limit(self.round.question_ms);
            }
        }
        if line.key.is_none() {
            line.key = v.key.as_deref().map(mask_of);
        }
        let line = line.clone();
        sheet.over |= v.last;
        faults.differs("verdict: timed_out", v.timed_out, line.chosen.is_none());
        if !v.timed_out && !v.received {
            faults.add("verdict: received", "false for an answer that was settled");
        }
        if !any_timed_out {
            faults.differs("verdict: answered", v.answered, v.seq);
        }
        self.last_is_right(&line, v, faults);
        if self.round.feedback == Feedback::AfterEach {
            self.feedback_is_right(sheet, &line, v, faults);
        } else if v.correct.is_some() || v.points.is_some() || v.score.is_some() || v.key.is_some() {
            faults.add("verdict: told too much", format!("feedback is {:?}", self.round.feedback));
        } else if v.explanation.is_some() || v.source.is_some() {
            faults.add("verdict: told too much", "explanation or source before their time");
        }
    }

    fn last_is_right(&self, line: &Line, v: &Verdict<'_>, faults: &mut Faults) {
        if v.seq >= self.round.of {
            return faults.differs("verdict: last", v.last, true);
        }
        let paper_time_up = v.timed_out && self.round.paper_ms.is_some();
        let at_first_wrong = &self.round.ends_at_first_wrong;
        match (v.last, line.correct()) {
            (true, Some(true)) => {
                faults.add("verdict: last", format!("question {} of {} was right", v.seq, self.round.of))
            }
            (true, _) if !paper_time_up && !at_first_wrong.agrees(true) => {
                faults.add(
                    "verdict: last",
                    format!("question {} of {}: other wrong answers ended nothing", v.seq, self.round.of),
                );
            }
            (false, Some(false)) if !at_first_wrong.agrees(false) => {
                faults.add(
                    "verdict: last",
                    format!("question {} was wrong and the round ends at the first wrong one", v.seq),
                );
            }
            _ => {}
        }
    }

    fn feedback_is_right(&self, sheet: &Sheet, line: &Line, v: &Verdict<'_>, faults: &mut Faults) {
        let key = v.key.as_deref().map(mask_of);
        faults.differs("verdict: key", key, line.key);
        if let Some(correct) = line.correct() {
            faults.differs("verdict: correct", v.correct, Some(correct));
        }
        if let Some(earned) = self.line_earned(line) {
            faults.differs("verdict: points", v.points, Some(earned));
        }
        let so_far: Option<i64> = sheet.lines.iter().take(v.seq as usize).map(|l| self.line_earned(l)).sum();
        if let Some(so_far) = so_far
            && !matches!(self.round.scoring, Scoring::Threshold { .. })
        {
            faults.differs("verdict: score", v.score, Some(so_far));
        }
        if v.explanation.is_none() || v.source.is_none() {
            faults.add("verdict: without explanation or source", format!("question {} of {}", v.seq, sheet.id));
        }
    }
}

fn line_limit(limit_ms: Option<i64>) -> Micros {
    limit_ms.map_or(Micros::MAX / 4, us)
}

/// 12 characters, to be read out over a telephone: digits and capitals without I, L and O.
pub(crate) fn is_receipt(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit() || (b.is_ascii_uppercase() && !b"ILO".contains(&b)))
}

#[cfg(test)]
mod tests;
