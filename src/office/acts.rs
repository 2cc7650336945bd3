//! Acts of whoever runs the season, from the desk: done in the ledger, written down in the audit log, and told in sentences.

use crate::contest::acts::RunRefusal;
use crate::contest::acts_record::OnRecord;
use crate::contest::core::Contest;
use crate::domain::ids::ParticipantId;
use crate::domain::staff::Place;
use crate::domain::time::Timestamp;
use crate::ledger::desk::DeskStore;
use crate::ledger::entry::Act;
use crate::ledger::entry::Lost;
use crate::office::by::By;
use crate::office::by::because;
use serde_json::Value;
use serde_json::json;

/// Lets an act be done and writes it down. Nothing is done where the desk cannot write.
///
/// # Errors
/// Why it was not done.
pub async fn done(
    desk: &DeskStore,
    contest: &Contest,
    by: &By,
    acting: impl Future<Output = Result<OnRecord, RunRefusal>>,
) -> Result<OnRecord, RunRefusal> {
    let begun = desk.begin().await?;
    let on_record = acting.await?;
    let after = json!({"entry": on_record.n, "what": sentence(contest, &on_record.act)});
    let record = by.change(kind(&on_record.act).1, subject(contest, &on_record.act), Value::Null, after);
    begun.commit(because(record, &on_record.deed.reason)).await?;
    Ok(on_record)
}

/// A kind of act on the wire, and in the audit log.
pub fn kind(act: &Act) -> (&'static str, &'static str) {
    match act {
        Act::Paused { .. } => ("pause", "season.paused"),
        Act::Resumed { .. } => ("resume", "season.resumed"),
        Act::Extended { .. } => ("extend", "season.extended"),
        Act::TimeGiven { .. } => ("give_time", "season.time_given"),
        Act::AttemptsGiven { .. } => ("give_back", "participant.given_back"),
        Act::Excluded { .. } => ("exclude", "participant.excluded"),
        Act::Reinstated { .. } => ("reinstate", "participant.reinstated"),
        Act::Renamed { .. } => ("rename", "participant.renamed"),
        Act::NameHidden { .. } => ("hide", "participant.name_hidden"),
        Act::NameShown { .. } => ("show", "participant.name_shown"),
        Act::Undone { .. } => ("undo", "season.undone"),
    }
}

/// What it is about: `season`, `round:ID`, `participant:ID`, a place, or `act:N`.
pub fn subject(contest: &Contest, act: &Act) -> String {
    let participant = |participant: &ParticipantId| format!("participant:{}", contest.keys.participant(*participant));
    match act {
        Act::Paused { round: None, .. } | Act::Resumed { round: None } => "season".to_owned(),
        Act::Paused { round: Some(round), .. }
        | Act::Resumed { round: Some(round) }
        | Act::Extended { round, .. }
        | Act::TimeGiven { round, .. } => format!("round:{round}"),
        Act::AttemptsGiven { lost, .. } => match lost_by(lost) {
            Some(one) => participant(&one),
            None => lost.of.clone(),
        },
        Act::Excluded { participant: one }
        | Act::Reinstated { participant: one }
        | Act::Renamed { participant: one, .. }
        | Act::NameHidden { participant: one }
        | Act::NameShown { participant: one } => participant(one),
        Act::Undone { of, .. } => format!("act:{of}"),
    }
}

/// The one person whose attempts were lost, where it was one.
pub fn lost_by(lost: &Lost) -> Option<ParticipantId> {
    lost.of.strip_prefix("participant:")?.parse().ok().map(ParticipantId)
}

/// What was done, to whom, for people.
pub fn sentence(contest: &Contest, act: &Act) -> String {
    let season = &contest.season;
    let round_name = |id: &str| {
        let name = season.round_of_id(id).map(|index| season.round(index).name.as_str());
        format!("「{}」", name.unwrap_or(id))
    };
    let round = |id: &Option<String>| id.as_deref().map_or("全部场次".to_owned(), round_name);
    let name = |who: &ParticipantId| {
        contest.roster.with(*who, |player| format!("「{}」", player.name)).unwrap_or_else(|| "一位选手".to_owned())
    };
    match act {
        Act::Paused { round: id, .. } => format!("暂停{}", round(id)),
        Act::Resumed { round: id } => format!("恢复{}", round(id)),
        Act::Extended { round: id, was, closes } => {
            format!("把{}的结束时间从 {} 延到 {}", round_name(id), civil(contest, *was), civil(contest, *closes))
        }
        Act::TimeGiven { round: id, ms } => format!("给正在答{}的人补时 {} 秒", round_name(id), ms / 1_000),
        Act::AttemptsGiven { round: id, to, lost } => {
            let mut people = to.clone();
            people.dedup();
            let of = match (lost_by(lost), Place::read(&lost.of, season)) {
                (Some(one), _) => name(&one),
                (None, Some(place)) => format!("{} {} 人", place.name(season), people.len()),
                (None, None) => format!("{} 人", people.len()),
            };
            format!("给{of}补{}的答题次数，共 {} 次", round_name(id), to.len())
        }
        Act::Excluded { participant } => format!("取消{}的参赛资格", name(participant)),
        Act::Reinstated { participant } => format!("恢复{}的参赛资格", name(participant)),
        Act::Renamed { was, name, .. } => format!("把「{was}」改名为「{name}」"),
        Act::NameHidden { participant } => format!("在榜上隐藏{}的名字", name(participant)),
        Act::NameShown { participant } => format!("在榜上恢复显示{}的名字", name(participant)),
        Act::Undone { of, from } => {
            let undone = contest.acts().of(*of).map(|on_record| on_record.act.clone());
            let what = undone.map_or_else(|| format!("第 {of} 条"), |act| sentence(contest, &act));
            let taken =
                if from.is_empty() { String::new() } else { format!("，收回没用掉的 {} 次", from.len()) };
            format!("撤销：{what}{taken}")
        }
    }
}

/// A moment in the season's time zone: `11月30日 22:00`.
pub fn civil(contest: &Contest, at: Timestamp) -> String {
    let at = contest.season.time_zone.civil(at);
    format!("{}月{}日 {}:{:02}", at.month(), at.day(), at.hour(), at.minute())
}
