//! The sentences of an attempt's story: what happened, and by which rule, in words that can be read out over a telephone.

use crate::contest::look::Looked;
use crate::contest::period::OnRecord;
use crate::contest::period::Period;
use crate::contest::rescore::Rescored;
use crate::domain::attempt::Ending;
use crate::domain::attempt::IDLE_MS;
use crate::domain::attempt::Settled;
use crate::domain::question::Choices;
use crate::domain::time::Timestamp;
use crate::ledger::entry::Ended;
use crate::office::attempt_story::Event;

/// 30 秒, 1 分 30 秒, 10 分钟
pub(super) fn span(ms: i64) -> String {
    let (minutes, seconds) = (ms / 60_000, ms % 60_000);
    match (minutes, seconds) {
        (0, _) => seconds_of(seconds),
        (minutes, 0) => format!("{minutes} 分钟"),
        (minutes, seconds) => format!("{minutes} 分 {}", seconds_of(seconds)),
    }
}

fn seconds_of(ms: i64) -> String {
    match ms % 1_000 {
        0 => format!("{} 秒", ms / 1_000),
        rest => {
            let decimals = format!("{rest:03}");
            format!("{}.{} 秒", ms / 1_000, decimals.trim_end_matches('0'))
        }
    }
}

/// To the millisecond: 5.120 秒
pub(super) fn seconds(ms: i64) -> String {
    format!("{}.{:03} 秒", ms / 1_000, ms % 1_000)
}

/// B, A、C: by the order that was shown.
pub(super) fn letters(shown: Choices) -> String {
    let letter = |place: usize| char::from(b'A' + (place % 26) as u8).to_string();
    shown.places().map(letter).collect::<Vec<_>>().join("、")
}

pub(super) fn earned(looked: &Looked, settled: &Settled) -> String {
    let threshold = looked.period.round.scoring.threshold.is_some();
    match (settled.correct, settled.points, threshold) {
        (true, _, true) => "判为正确。".to_owned(),
        (true, points, false) => format!("判为正确，得 {points} 分。"),
        (false, 0, _) => "判为不正确，不得分。".to_owned(),
        (false, points, _) => format!("选对了一部分，得 {points} 分。"),
    }
}

/// An answer after the limit and within the grace was in time.
pub(super) fn grace_rule(period: &Period, settled: &Settled) -> Option<String> {
    let limit = period.round.limits.question_ms?;
    (settled.elapsed_ms >= limit).then(|| {
        let grace = span(i64::from(period.round.limits.grace_ms));
        format!("限时到了以后还有 {grace}宽限，留给路上的答案：这个答案算按时，用时按满限时计。")
    })
}

pub(super) fn timed_out(period: &Period, seq: u32, settled: &Settled) -> String {
    match period.round.limits.question_ms.filter(|limit| settled.elapsed_ms >= *limit) {
        Some(limit) => format!("第 {seq} 题 {}内没有收到答案，按超时处理，不得分。", span(i64::from(limit))),
        None => format!("整卷的时间到了，第 {seq} 题没有收到答案，按超时处理，不得分。"),
    }
}

pub(super) fn timed_out_rule(period: &Period) -> String {
    let grace = span(i64::from(period.round.limits.grace_ms));
    format!(
        "从题目送出起，限时再加 {grace}宽限还没有收到答案，这道题就按超时计，以后到的答案不收。时间以服务器为准，断线也照样计时。"
    )
}

pub(super) fn outage(from: Timestamp, to: Timestamp) -> Event {
    let away = span(to.since(from));
    Event {
        at: from,
        kind: "outage",
        seq: None,
        sentence: format!("服务器中断了 {away}。"),
        rule: Some(format!("服务器中断不算任何人的用时：正在计时的题目和整卷都顺延了 {away}。")),
    }
}

pub(super) fn pause(from: Timestamp, to: Option<Timestamp>) -> Event {
    let lasted = match to {
        Some(to) => format!("主办方暂停了 {}。", span(to.since(from))),
        None => "主办方暂停了答题，还没有恢复。".to_owned(),
    };
    let rule = "暂停的时间不算用时：正在计时的题目和整卷都停住，恢复后接着计。".to_owned();
    Event { at: from, kind: "paused", seq: None, sentence: lasted, rule: Some(rule) }
}

pub(super) fn time_given(at: Timestamp, ms: u32) -> Event {
    let sentence = format!("主办方给正在答的每份答卷加了 {}。", span(i64::from(ms)));
    let rule = "正在答的题和整卷的时间都加上。".to_owned();
    Event { at, kind: "time_given", seq: None, sentence, rule: Some(rule) }
}

pub(super) fn coming(at: Timestamp, kind: &str) -> Option<Event> {
    let (kind, sentence, rule) = match kind {
        "dropped" => (
            "dropped",
            "手机断开了连接（退出、锁屏、切换网络或者信号中断）。",
            "断线不结束答卷，题目照样计时；重新打开就接着答同一份试卷，时间还剩多少就是多少。",
        ),
        "resumed" => ("resumed", "手机重新连上，接着答题。", "试卷、选项的次序和剩下的时间都不变。"),
        "superseded" => (
            "superseded",
            "同一身份在另一部手机或另一个页面上打开，以后打开的为准。",
            "一个身份同时只能在一处答题，先前打开的页面会停下，答卷不受影响。",
        ),
        _ => return None,
    };
    Some(Event { at, kind, seq: None, sentence: sentence.to_owned(), rule: Some(rule.to_owned()) })
}

pub(super) fn ended(ended: &Ended, period: &Period, of: u32, receipt: Option<&str>) -> Event {
    let (kind, why, rule) = match ended.ending {
        Ending::Complete => ("ended", format!("{of} 题都有了结果，答卷结束。"), None),
        Ending::FirstWrong => {
            let rule = "闯关：答错、放弃或者超时一题，答卷就结束，已经得到的分数有效。".to_owned();
            ("ended", "闯关没有答对，答卷结束。".to_owned(), Some(rule))
        }
        Ending::PaperTimeUp => {
            let limit = period.round.limits.paper_ms.map(|ms| span(i64::from(ms))).unwrap_or_default();
            let rule = format!("整卷限时 {limit}，到时间自动交卷，没有作答的题按 0 分计。");
            ("ended", "整卷的时间到了，自动交卷。".to_owned(), Some(rule))
        }
        Ending::HandedIn => {
            let rule = "选手点了「交卷」并确认，没有作答的题按 0 分计。".to_owned();
            ("handed_in", "选手自己交卷。".to_owned(), Some(rule))
        }
        Ending::Idle => {
            let rule = format!("不限时的答卷，{}没有任何动静就自动交卷。", span(IDLE_MS));
            ("ended", "很久没有动静，自动交卷。".to_owned(), Some(rule))
        }
        Ending::Replaced => {
            let rule = "不计成绩的练习，开始新的一份时，没有答完的那份就结束。".to_owned();
            ("ended", "选手又开始了新的一份，这份练习结束。".to_owned(), Some(rule))
        }
        Ending::HandedBack => {
            let rule = "第 1 题出现后 10 秒内断线、一题未答、也没有再回来的，退还这一次机会，每天最多一次。".to_owned();
            ("handed_back", "刚开始就断线，没有回来：退还这一次机会。".to_owned(), Some(rule))
        }
    };
    let counts = match ended.ending {
        Ending::HandedBack => "这份答卷不计成绩，也不算用过。".to_owned(),
        _ => {
            let receipt = receipt.map(|receipt| format!("回执 {receipt}。")).unwrap_or_default();
            let elapsed = seconds(ended.elapsed_ms as i64);
            format!("得 {} 分，答对 {} 题，用时 {elapsed}。{receipt}", ended.score, ended.correct)
        }
    };
    Event { at: ended.at, kind, seq: None, sentence: format!("{why}{counts}"), rule }
}

pub(super) fn corrected(
    on_record: &OnRecord,
    seq: Option<u32>,
    before: (u32, u32),
    now: (u32, u32),
    by_now: Option<&Rescored>,
    ending: Ending,
) -> Event {
    let correction = &on_record.correction;
    let place = seq.map(|seq| format!("第 {seq} 题")).unwrap_or_default();
    let change = match (before.0 == now.0, before.1 == now.1) {
        (false, _) => format!("成绩由 {} 分改为 {} 分，答对由 {} 题改为 {} 题。", before.0, now.0, before.1, now.1),
        (true, false) => format!("得分不变，仍是 {} 分；答对由 {} 题改为 {} 题。", now.0, before.1, now.1),
        (true, true) => format!("得分不变，仍是 {} 分；用时改按更正以后的计。", now.0),
    };
    let gives =
        ending == Ending::FirstWrong && by_now.is_some_and(|by_now| by_now.given_back_by == Some(on_record.edition));
    let gives = if gives { "这道题曾使闯关结束，所以另补一次答题机会。" } else { "" };
    Event {
        at: on_record.at,
        kind: "corrected",
        seq,
        sentence: format!(
            "{place}更正（{}）：{}。{change}{gives}",
            correction.remedy.name(),
            correction.reason.trim_end_matches('。')
        ),
        rule: Some("题目更正由两人决定，所有答过这道题的人一起重新计分；当初告诉的成绩和回执仍留着。".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_as_people_say_them() {
        for (ms, told) in [
            (30_000, "30 秒"),
            (1_500, "1.5 秒"),
            (90_000, "1 分 30 秒"),
            (600_000, "10 分钟"),
            (61_050, "1 分 1.05 秒"),
        ] {
            assert_eq!(span(ms), told);
        }
        assert_eq!(seconds(5_120), "5.120 秒");
        assert_eq!(letters(Choices(0b101)), "A、C");
    }
}
