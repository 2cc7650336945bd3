//! 修订: a season published at the desk. Its entry is committed while the one before is being played; the next start, which follows at
//! once, takes it up. Attempts that have begun keep the rules under which they began.

use crate::contest::banks::Banks;
use crate::contest::banks::ShortSection;
use crate::contest::core::Contest;
use crate::contest::publish::ActRefusal;
use crate::contest::publish::said;
use crate::contest::scoreboard::Scope;
use crate::domain::bank::BankVersion;
use crate::domain::ids::RoundIndex;
use crate::domain::season::Season;
use crate::ledger::entry::Deed;
use crate::ledger::entry::Entry;
use crate::ledger::entry::EntryNumber;
use crate::ledger::entry::Note;
use crate::ledger::store::LedgerError;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Places that are named in a refusal; the rest is counted.
const NAMED_MAX: usize = 10;

/// Why a season was not published; nothing was written then.
#[derive(Debug, thiserror::Error)]
pub enum AmendRefusal {
    #[error("这样改会影响已经答完的试卷：{}", .0.join("；"))]
    Touches(Vec<String>),
    #[error("和现在的赛季完全一样，不用发布")]
    SameAsNow,
    #[error("刚刚发布了新的赛季，正在启用，请稍候再试")]
    Underway,
    #[error("没有题库「{0}」")]
    UnknownBank(String),
    #[error(transparent)]
    Act(#[from] ActRefusal),
}

impl From<LedgerError> for AmendRefusal {
    fn from(error: LedgerError) -> AmendRefusal {
        AmendRefusal::Act(error.into())
    }
}

impl Contest {
    /// Publishes a season with the bank versions that it needs and the ledger has not. Returns its entry's number; what was committed is in
    /// force from the next start on.
    ///
    /// # Errors
    /// Why not; or the lane has stopped.
    pub async fn amend_season(
        &self,
        season: &Season,
        versions: &[Arc<BankVersion>],
        deed: Deed,
    ) -> Result<EntryNumber, AmendRefusal> {
        let deed = said(deed)?;
        let _alone = self.desk_acts.lock().await;
        if self.is_amended() {
            return Err(AmendRefusal::Underway);
        }
        let notes = self.notes_of(versions, &deed);
        if *season == *self.season && notes.is_empty() {
            return Err(AmendRefusal::SameAsNow);
        }
        let touched = self.touched_by(season);
        if !touched.is_empty() {
            return Err(AmendRefusal::Touches(touched));
        }
        let short = self.short_under(season, &notes)?;
        if !short.is_empty() {
            return Err(ActRefusal::Short(short).into());
        }
        let canonical =
            serde_json::to_string(season).map_err(|error| LedgerError::Unreadable { n: 0, what: error.to_string() })?;
        // Banks first: a season that the ledger has can always be played.
        for note in notes {
            self.note(note, self.now()).await?;
        }
        let note = Note::Season { canonical, reason: None, published: Some(deed) };
        let n = self.lane.append(Entry::Noted { at: self.now(), note: Box::new(note) }).await?;
        self.amended.store(true, Ordering::Release);
        tracing::info!(n, "a season was published; it is in force from the next start on");
        Ok(n)
    }

    /// Another season has been published, and the next start takes it up.
    pub fn is_amended(&self) -> bool {
        self.amended.load(Ordering::Acquire)
    }

    /// Entries of those versions that papers are not drawn from yet.
    fn notes_of(&self, versions: &[Arc<BankVersion>], deed: &Deed) -> Vec<Note> {
        let banks = self.banks();
        let new = |version: &&Arc<BankVersion>| {
            banks.of_id(&version.bank).is_none_or(|known| known.version.questions != version.questions)
        };
        let note = |version: &Arc<BankVersion>| Note::Bank {
            canonical: version.to_canonical(),
            digest: version.digest().to_string(),
            published: Some(deed.clone()),
        };
        versions.iter().filter(new).map(note).collect()
    }

    /// Rounds that could not draw their papers.
    fn short_under(&self, season: &Season, notes: &[Note]) -> Result<Vec<ShortSection>, AmendRefusal> {
        let mut banks: Banks = self.banks().clone();
        for note in notes {
            banks.take(note).map_err(|error| LedgerError::Unreadable { n: 0, what: error.to_string() })?;
        }
        if let Some(round) = season.rounds.iter().find(|round| banks.of_id(&round.bank).is_none()) {
            return Err(AmendRefusal::UnknownBank(round.bank.clone()));
        }
        let now = self.now();
        Ok(banks.short_rounds(season, |round| season.round(round).closes <= now))
    }

    /// Whether anybody has begun a counted attempt in the round.
    pub fn has_counted_attempts(&self, round: RoundIndex) -> bool {
        let counted = |period: &Arc<crate::contest::period::Period>| period.round.counts && period.open_attempts() > 0;
        self.scoreboard().top(Some(round), Scope::Region, 1).total > 0 || self.periods_of(round).iter().any(counted)
    }

    /// What a season would change of attempts that were played, in Chinese: papers keep their rules, but what they come to together, and
    /// where those who played them stand, follows from the season.
    pub fn touched_by(&self, new: &Season) -> Vec<String> {
        let old = &*self.season;
        let mut touched = Vec::new();
        if old.id != new.id {
            touched.push(format!("赛季编号「{}」不能改", old.id));
        }
        let mut counted = false;
        for (place, was) in old.rounds.iter().enumerate() {
            if !self.has_counted_attempts(RoundIndex(place as u16)) {
                continue;
            }
            counted = true;
            let name = &was.name;
            let Some(is) = new.round_of_id(was.id.as_str()).map(|index| new.round(index)) else {
                touched.push(format!("场次「{name}」已经有人答过，不能删去"));
                continue;
            };
            if was.counts != is.counts {
                touched.push(format!("场次「{name}」已经有人答过，不能改变是否计入成绩"));
            }
            if was.tally != is.tally {
                touched.push(format!("场次「{name}」已经有人答过，不能改变多次成绩的算法"));
            }
        }
        if counted && old.tally != new.tally {
            touched.push("已经有计分的答卷，不能改变赛季成绩的算法".to_owned());
        }
        if counted && old.time_zone != new.time_zone {
            touched.push("已经有计分的答卷，不能改变时区".to_owned());
        }
        touched.extend(self.people_without_a_place(new));
        touched
    }

    /// Places in which somebody is and which the new season does not have.
    fn people_without_a_place(&self, new: &Season) -> Vec<String> {
        let old = &*self.season;
        if old.region == new.region && old.organisations == new.organisations && old.groups == new.groups {
            return Vec::new();
        }
        let mut lived_in = BTreeSet::new();
        self.roster.for_each(|player| {
            let place = player.place;
            lived_in.insert((0, u32::from(place.city.0)));
            lived_in.extend(place.county.map(|county| (1, u32::from(county.0))));
            lived_in.extend(place.organisation.map(|organisation| (2, organisation.0)));
            lived_in.extend(place.group.map(|group| (3, u32::from(group.0))));
        });
        let known: BTreeSet<&str> = new.organisations.iter().map(|one| one.id.as_str()).collect();
        let gone = |(kind, index): (i32, u32)| {
            let index = index as usize;
            let (name, there) = match kind {
                0 => {
                    let city = &old.region.cities[index];
                    (&city.name, new.region.city_of_code(&city.code).is_some())
                }
                1 => {
                    let county = &old.region.counties[index];
                    (&county.name, new.region.county_of_code(&county.code).is_some())
                }
                2 => {
                    let organisation = &old.organisations[index];
                    (&organisation.name, known.contains(organisation.id.as_str()))
                }
                _ => {
                    let group = &old.groups[index];
                    (&group.name, new.group_of_id(&group.id).is_some())
                }
            };
            (!there).then(|| name.clone())
        };
        let gone: Vec<String> = lived_in.into_iter().filter_map(gone).collect();
        if gone.is_empty() {
            return Vec::new();
        }
        let more = if gone.len() > NAMED_MAX { format!("等 {} 个", gone.len()) } else { String::new() };
        let named = gone[..gone.len().min(NAMED_MAX)].join("、");
        vec![format!("已经有人报名在「{named}」{more}，新的赛季里没有，不能删去")]
    }
}
