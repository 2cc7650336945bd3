//! An attempt told to the citizen whose it is: every event in the server's time, with the rule that was applied. Pure: all facts are arguments.

mod words;

use crate::contest::look::Looked;
use crate::contest::look::is_opening;
use crate::contest::period::OnRecord;
use crate::domain::attempt::Ending;
use crate::domain::attempt::Given;
use crate::domain::attempt::Settled;
use crate::domain::correction::PUBLISHED;
use crate::domain::question::Choices;
use crate::domain::question::Question;
use crate::domain::time::Timestamp;
use crate::ledger::entry::Ended;
use crate::ledger::store::RawAnswer;
use std::collections::HashMap;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub at: Timestamp,
    pub kind: &'static str,
    /// The question that it is about.
    pub seq: Option<u32>,
    pub sentence: String,
    /// The rule that was applied, where one decided.
    pub rule: Option<String>,
}

/// What the desk knows besides the ledger's own.
#[derive(Debug, Default)]
pub struct Beside {
    /// When the phone came and went.
    pub comings: Vec<(Timestamp, String)>,
    /// Of the same attempt: when, of which question, in which words.
    pub reports: Vec<(Timestamp, u32, String)>,
    /// The corrections that may have changed it, by edition.
    pub corrections: HashMap<u16, OnRecord>,
    /// Whether right and wrong may be told.
    pub keys: bool,
}

/// When a question was sent and when it was settled; moments that are worked out and not read are near, not exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moments {
    pub asked: Timestamp,
    pub settled: Option<Timestamp>,
}

/// Everything that happened, in order.
pub fn events(looked: &Looked, beside: &Beside, receipt: Option<&str>) -> Vec<Event> {
    let mut events = vec![started(looked)];
    for (seq, moments) in (1..).zip(moments(looked)) {
        events.push(asked(looked, seq, moments.asked));
        if let (Some(at), Some(settled)) = (moments.settled, looked.told.settled().get(seq as usize - 1)) {
            events.push(settled_event(looked, seq, settled, at, beside.keys));
        }
    }
    events.extend(looked.outages.iter().map(|(from, to)| words::outage(*from, *to)));
    events.extend(looked.pauses.iter().map(|(from, to)| words::pause(*from, *to)));
    events.extend(looked.given.iter().map(|(at, ms)| words::time_given(*at, *ms)));
    events.extend(beside.comings.iter().filter_map(|(at, kind)| words::coming(*at, kind)));
    events.extend(beside.reports.iter().map(|(at, seq, text)| Event {
        at: *at,
        kind: "reported",
        seq: Some(*seq),
        sentence: format!("选手报告第 {seq} 题有问题：{text}"),
        rule: None,
    }));
    if let Some((_, ended)) = &looked.recorded.ended {
        events.push(words::ended(ended, &looked.period, looked.attempt.of(), receipt));
        events.extend(corrections(looked, beside, ended));
    }
    // What happened at one moment stays in the order in which it is told above: first asked, then settled, then ended.
    events.sort_by_key(|event| event.at);
    events
}

fn started(looked: &Looked) -> Event {
    let (started, period) = (&looked.recorded.started, &looked.period);
    let (name, of) = (&period.round.name, looked.attempt.of());
    Event {
        at: started.at,
        kind: "started",
        seq: None,
        sentence: format!("开始在「{name}」答题，这是第 {} 次，共 {of} 题。", started.number),
        rule: Some(format!(
            "试卷由开赛前定下的抽题密钥（第 {} 抽题期）抽出，谁也不能临时换题。答卷从这一刻起算作用了一次机会。",
            period.number
        )),
    }
}

/// When each question that was shown was sent and settled.
pub fn moments(looked: &Looked) -> Vec<Moments> {
    let settled = looked.told.settled();
    let rows: &[RawAnswer] = looked.rows.as_deref().unwrap_or(&[]);
    let row_of = |seq: u32, opening: bool| rows.iter().find(|row| row.seq == seq && is_opening(row) == opening);
    // An end settles the question that was open, under the end's own number: it has a row as every other.
    let mut all = Vec::with_capacity(settled.len() + 1);
    let mut free = looked.recorded.started.at;
    for (seq, one) in (1..).zip(settled) {
        let opened = row_of(seq, true).map(|row| row.at);
        let at = row_of(seq, false).map(|row| row.at);
        let from = opened.unwrap_or(free);
        let at = at.unwrap_or_else(|| from.plus_ms(i64::from(one.elapsed_ms)));
        let asked = opened.unwrap_or_else(|| worked_out(looked, one, free, at));
        all.push(Moments { asked, settled: Some(at) });
        free = at;
    }
    let is_over = looked.recorded.ended.is_some();
    let next = settled.len() as u32 + 1;
    let waits_for_next = looked.period.round.feedback == crate::domain::rules::Feedback::AfterEach && next > 1;
    let open = row_of(next, true).map(|row| row.at).or_else(|| (!waits_for_next).then_some(free));
    if let Some(asked) = open.filter(|_| !is_over && next <= looked.attempt.of()) {
        all.push(Moments { asked, settled: None });
    }
    all
}

/// When a question was sent that came by itself: the time that was measured before the answer came, or right after the one before.
fn worked_out(looked: &Looked, settled: &Settled, free: Timestamp, at: Timestamp) -> Timestamp {
    let measured = matches!(settled.given, Given::Chosen(_))
        && looked.period.round.limits.question_ms.is_none_or(|limit| settled.elapsed_ms < limit);
    if !measured {
        return free;
    }
    let mut asked = at.plus_ms(-i64::from(settled.elapsed_ms));
    let paused = looked.pauses.iter().filter_map(|(from, to)| Some((*from, (*to)?)));
    let mut still: Vec<(Timestamp, Timestamp)> = looked.outages.iter().copied().chain(paused).collect();
    still.sort_unstable();
    for (from, to) in still.into_iter().rev() {
        // What was open while the server was away, or the round stood still, was open for longer by the wall clock.
        if to <= at && to > asked {
            asked = asked.plus_ms(-to.since(from));
        }
    }
    asked.max(free)
}

fn asked(looked: &Looked, seq: u32, at: Timestamp) -> Event {
    let limits = &looked.period.round.limits;
    let limit = limits.question_ms.map(|ms| format!("，限时 {}", words::span(i64::from(ms))));
    let sentence = format!("第 {seq} 题送出{}。", limit.unwrap_or_default());
    Event { at, kind: "asked", seq: Some(seq), sentence, rule: None }
}

fn settled_event(looked: &Looked, seq: u32, settled: &Settled, at: Timestamp, keys: bool) -> Event {
    let period = &looked.period;
    let Some(question) = looked.told.question(period.rules(&PUBLISHED), seq) else {
        return Event {
            at, kind: "answered", seq: Some(seq), sentence: format!("第 {seq} 题已有结果。"), rule: None
        };
    };
    let spent = words::seconds(i64::from(settled.elapsed_ms));
    let earned = if keys { words::earned(looked, settled) } else { String::new() };
    let (kind, sentence, rule) = match settled.given {
        Given::Chosen(chosen) if chosen == Choices::NONE => {
            ("passed", format!("第 {seq} 题放弃作答，用时 {spent}，不得分。"), None)
        }
        Given::Chosen(chosen) => {
            let shown = looked.told.paper.order(seq, question).to_shown(chosen);
            let sentence = format!("收到第 {seq} 题的答案：{}，用时 {spent}。{earned}", words::letters(shown));
            ("answered", sentence, words::grace_rule(period, settled))
        }
        Given::TimedOut => ("timed_out", words::timed_out(period, seq, settled), Some(words::timed_out_rule(period))),
        Given::Left => {
            let rule = Some("还没有作答的题按 0 分计，用去的时间计入用时。".to_owned());
            ("left", format!("第 {seq} 题没有作答，答卷就结束了，已用 {spent}。"), rule)
        }
    };
    Event { at, kind, seq: Some(seq), sentence, rule }
}

fn corrections(looked: &Looked, beside: &Beside, ended: &Ended) -> Vec<Event> {
    let mut before = (ended.score, ended.correct);
    let mut told = Vec::new();
    for (edition, after) in &looked.after {
        let now = (after.outcome.score, after.outcome.correct);
        if let Some(on_record) = beside.corrections.get(edition) {
            let seq = seq_of(looked, on_record);
            told.push(words::corrected(on_record, seq, before, now, looked.by_now.as_ref(), ended.ending));
        }
        before = now;
    }
    told
}

/// At which place of the paper the corrected question stands.
fn seq_of(looked: &Looked, on_record: &OnRecord) -> Option<u32> {
    let rules = looked.period.rules(&PUBLISHED);
    let is_it = |question: &Question| question.id == on_record.correction.question;
    (1..=looked.attempt.of()).find(|seq| looked.attempt.question(rules, *seq).is_some_and(is_it))
}

/// How an attempt stands, for programs.
pub fn state(ending: Option<Ending>) -> &'static str {
    match ending {
        None => "open",
        Some(Ending::HandedBack) => "handed_back",
        Some(_) => "ended",
    }
}
