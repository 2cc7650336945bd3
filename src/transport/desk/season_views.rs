//! The season that is being set up, as the desk's pages have it: types of the wire, converted by hand.

use crate::contest::core::Contest;
use crate::contest::core::SeasonVersion;
use crate::contest::recovery::indexed;
use crate::domain::bank::BankVersion;
use crate::domain::dry_draw::DryDraw;
use crate::domain::dry_draw::PerPaper;
use crate::domain::fault::Fault;
use crate::domain::ids::QuestionIndex;
use crate::domain::ids::RoundIndex;
use crate::domain::paper::Shortfall;
use crate::domain::season::Season;
use crate::domain::time::Timestamp;
use crate::office::seasons;
use crate::office::seasons::Checked;
use crate::office::seasons::Draft;
use crate::office::seasons::Playable;
use crate::office::shelf;
use crate::transport::season_view::life_text;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// The values of a season file by their keys; days and times are texts: `2026-08-01`, `2026-08-01T09:00:00`. The id and the list of banks are the
/// server's to write.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
pub(super) struct SeasonFile(pub(super) serde_json::Map<String, Value>);

impl SeasonFile {
    fn of(table: &toml::Table) -> SeasonFile {
        match seasons::json_of(table) {
            Value::Object(map) => SeasonFile(map),
            _ => SeasonFile(serde_json::Map::new()),
        }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = Season)]
pub(super) struct SeasonView {
    now: i64,
    id: String,
    name: String,
    /// upcoming, open, settling or closed
    state: &'static str,
    opens: i64,
    /// Without one the season is always open.
    closes: Option<i64>,
    time_zone: String,
    version: SeasonVersionView,
    /// Nobody has set up a season yet: there is only practice.
    starter: bool,
    /// Another season has just been published: the server is about to start with it.
    changing: bool,
    /// A counted round is open: a publication takes two people.
    needs_two: bool,
    rounds: Vec<RoundLine>,
    draft: Option<DraftLine>,
    may: SeasonMay,
}

#[derive(Serialize, ToSchema)]
pub(super) struct SeasonMay {
    pub(super) manage: bool,
}

#[derive(Serialize, ToSchema)]
struct RoundLine {
    id: String,
    name: String,
    summary: String,
    opens: i64,
    closes: Option<i64>,
    /// upcoming, open, settling or closed
    state: &'static str,
    counts: bool,
    bank: String,
    /// Of the draw period that draws now, or will first.
    commitment: Option<String>,
    /// From when to when that period draws.
    period_from: Option<i64>,
    period_to: Option<i64>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct DraftLine {
    revision: i64,
    at: i64,
    by: String,
    asked: Option<AskedView>,
}

#[derive(Serialize, ToSchema)]
struct AskedView {
    by: String,
    /// It is the one who asks: somebody else has to agree.
    mine: bool,
    at: i64,
    reason: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = SeasonVersion)]
pub(super) struct SeasonVersionView {
    n: i64,
    at: i64,
    /// Who published it at the desk; nobody where it came from a file.
    by: Option<String>,
    reason: Option<String>,
    /// Against the version before it.
    differences: Vec<String>,
}

impl SeasonVersionView {
    pub(super) fn of(version: &SeasonVersion) -> SeasonVersionView {
        let SeasonVersion { n, at, reason, by, differences } = version.clone();
        SeasonVersionView { n, at: at.0, by, reason, differences }
    }
}

impl DraftLine {
    pub(super) fn of(draft: &Draft, me: &str) -> Option<DraftLine> {
        let (at, by) = draft.saved.clone()?;
        let asked = draft.asked.as_ref().map(|asked| AskedView {
            by: asked.by_name.clone(),
            mine: asked.by.as_str() == me,
            at: asked.at.0,
            reason: asked.why.clone(),
        });
        Some(DraftLine { revision: draft.revision, at: at.0, by, asked })
    }
}

fn end(at: Timestamp) -> Option<i64> {
    (at != Timestamp::MAX).then_some(at.0)
}

impl SeasonView {
    pub(super) fn of(contest: &Contest, draft: Option<DraftLine>, may: SeasonMay) -> SeasonView {
        let (now, season) = (contest.now(), &*contest.season);
        let version = contest.season_versions.last();
        SeasonView {
            now: now.0,
            id: season.id.to_string(),
            name: season.name.clone(),
            state: life_text(contest.season_life(now)),
            opens: season.opens.0,
            closes: end(season.closes),
            time_zone: season.time_zone.name().to_owned(),
            version: version.map_or_else(SeasonVersionView::none, SeasonVersionView::of),
            starter: version.is_some_and(|version| version.by.as_deref() == Some(shelf::STARTER_BY)),
            changing: contest.is_amended(),
            needs_two: seasons::needs_two(contest),
            rounds: indexed(&season.rounds).map(|(index, _)| RoundLine::of(contest, index, now)).collect(),
            draft,
            may,
        }
    }
}

impl SeasonVersionView {
    /// Every ledger has a season, so that this is never told.
    fn none() -> SeasonVersionView {
        SeasonVersionView { n: 0, at: 0, by: None, reason: None, differences: Vec::new() }
    }
}

impl RoundLine {
    fn of(contest: &Contest, index: RoundIndex, now: Timestamp) -> RoundLine {
        let round = contest.season.round(index);
        let periods = contest.periods_of(index);
        let current = periods.iter().rev().find(|period| period.from <= now);
        let period = current.or_else(|| periods.iter().rev().min_by_key(|period| period.from));
        RoundLine {
            id: round.id.to_string(),
            name: round.name.clone(),
            summary: round.summary(),
            opens: round.opens.0,
            closes: end(contest.closes(index)),
            state: life_text(contest.round_life(index, now)),
            counts: round.counts,
            bank: round.bank.clone(),
            commitment: period.map(|period| period.commitment.to_string()),
            period_from: period.map(|period| period.from.0),
            period_to: period.and_then(|period| period.to).map(|to| to.0),
        }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = SeasonDraft)]
pub(super) struct DraftView {
    /// 0: nobody has saved one, and it is the season that runs.
    revision: i64,
    at: Option<i64>,
    by: Option<String>,
    draft: SeasonFile,
    regions: Vec<RegionChoice>,
    banks: Vec<BankChoice>,
    presets: Vec<PresetView>,
}

#[derive(Serialize, ToSchema)]
struct RegionChoice {
    /// What the draft's `region` says.
    file: String,
    name: String,
    cities: usize,
    counties: usize,
}

#[derive(Serialize, ToSchema)]
struct BankChoice {
    id: String,
    name: String,
    questions: i64,
}

/// Rules that a real contest published.
#[derive(Serialize, ToSchema)]
struct PresetView {
    id: String,
    name: String,
    not_played: Vec<String>,
    rounds: Vec<PresetRound>,
}

#[derive(Serialize, ToSchema)]
struct PresetRound {
    name: String,
    summary: String,
    /// As a season file has it; its window and its bank are left out.
    round: SeasonFile,
}

impl DraftView {
    pub(super) fn of(draft: &Draft, banks: Vec<Playable>, running: &Season) -> DraftView {
        let named = draft.table.get("region").and_then(toml::Value::as_str).unwrap_or_default().to_owned();
        let mut regions: Vec<RegionChoice> =
            shelf::REGIONS.iter().map(|shipped| RegionChoice::of(shipped.file.clone(), &shipped.region)).collect();
        if !regions.iter().any(|region| region.file == named) {
            regions.insert(0, RegionChoice::of(named, &running.region));
        }
        let bank = |Playable { id, name, questions }| BankChoice { id, name, questions };
        DraftView {
            revision: draft.revision,
            at: draft.saved.as_ref().map(|(at, _)| at.0),
            by: draft.saved.as_ref().map(|(_, by)| by.clone()),
            draft: SeasonFile::of(&draft.table),
            regions,
            banks: banks.into_iter().map(bank).collect(),
            presets: shelf::PRESETS.iter().map(PresetView::of).collect(),
        }
    }
}

impl RegionChoice {
    fn of(file: String, region: &crate::domain::region::Region) -> RegionChoice {
        RegionChoice { file, name: region.name.clone(), cities: region.cities.len(), counties: region.counties.len() }
    }
}

impl PresetView {
    fn of(preset: &shelf::Preset) -> PresetView {
        let rounds = preset.written.get("round").and_then(toml::Value::as_array).into_iter().flatten();
        let of_table = |table: &toml::Table| {
            let id = table.get("id").and_then(toml::Value::as_str).unwrap_or_default();
            // A weekly round has become several, all of the same rules.
            let same = |round: &&crate::domain::rules::Round| {
                round.id.as_str() == id || round.id.as_str() == format!("{id}-1")
            };
            let round = preset.season.rounds.iter().find(same);
            let mut table = table.clone();
            for of_its_own_time in ["opens", "closes", "last_day", "always_open", "bank"] {
                table.remove(of_its_own_time);
            }
            PresetRound {
                name: table.get("name").and_then(toml::Value::as_str).unwrap_or_default().to_owned(),
                summary: round.map(crate::domain::rules::Round::summary).unwrap_or_default(),
                round: SeasonFile::of(&table),
            }
        };
        PresetView {
            id: preset.id.clone(),
            name: preset.season.name.clone(),
            not_played: preset.season.not_played.clone(),
            rounds: rounds.filter_map(toml::Value::as_table).map(of_table).collect(),
        }
    }
}

/// A field of the form and what is wrong with it.
#[derive(Serialize, ToSchema)]
pub(super) struct FieldFault {
    /// `round.daily.section[1].points`: tables by their ids, those without one by their number from 1.
    path: String,
    message: String,
}

impl FieldFault {
    pub(super) fn of(fault: Fault) -> FieldFault {
        let (path, message) = seasons::told(fault);
        FieldFault { path, message }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = SeasonCheck)]
pub(super) struct CheckView {
    /// What keeps it from being a season.
    faults: Vec<FieldFault>,
    /// What is unwise, or forbidden to the organisers.
    warnings: Vec<FieldFault>,
    /// The rules page as it will be; empty while there are faults.
    sentences: Vec<String>,
    rounds: Vec<RoundSentences>,
    /// How many organisations the list has.
    organisations: usize,
    /// Against the season that runs.
    differences: Vec<String>,
    /// Why it can't be published although it is without fault.
    touches: Vec<String>,
}

#[derive(Serialize, ToSchema)]
struct RoundSentences {
    id: String,
    name: String,
    opens: i64,
    closes: Option<i64>,
    counts: bool,
    sentences: Vec<String>,
}

impl CheckView {
    pub(super) fn of(checked: Checked) -> CheckView {
        let Checked { faults, season, warnings, differences, touches, .. } = checked;
        let round = |season: &Season, index: RoundIndex| {
            let round = season.round(index);
            RoundSentences {
                id: round.id.to_string(),
                name: round.name.clone(),
                opens: round.opens.0,
                closes: end(round.closes),
                counts: round.counts,
                sentences: season.sentences(Some(index)),
            }
        };
        let rounds = season.iter().flat_map(|season| indexed(&season.rounds).map(|(index, _)| round(season, index)));
        CheckView {
            faults: faults.into_iter().map(FieldFault::of).collect(),
            warnings: warnings.into_iter().map(FieldFault::of).collect(),
            rounds: rounds.collect(),
            sentences: season.as_ref().map(|season| season.sentences(None)).unwrap_or_default(),
            organisations: season.as_ref().map_or(0, |season| season.organisations.len()),
            differences,
            touches,
        }
    }
}

/// Questions of a dry draw that are named; the rest is counted.
const DRAWN_NAMED: usize = 50;

#[derive(Serialize, ToSchema)]
#[schema(as = DryDraw)]
pub(super) struct DryDrawView {
    papers: u32,
    /// Questions that the rules allow.
    eligible: usize,
    /// Of those, how many stood on no paper.
    never: usize,
    /// The most frequent and the least frequent of those that were drawn.
    most: Vec<DrawnView>,
    least: Vec<DrawnView>,
    topics: Vec<ShareView>,
    kinds: Vec<ShareView>,
    difficulties: Vec<ShareView>,
    /// Of a paper's questions together, in thousandths: 1000 is easy, 3000 hard.
    difficulty: ShareView,
    full_marks: u32,
    /// What guessing alone earns, in thousandths of a point.
    guessed: ShareView,
    shortfalls: Vec<ShortfallView>,
}

#[derive(Serialize, ToSchema)]
struct DrawnView {
    id: String,
    stem: String,
    topic: String,
    difficulty: u8,
    kind: &'static str,
    /// On so many of the papers.
    times: u32,
}

/// Per paper.
#[derive(Serialize, ToSchema)]
struct ShareView {
    name: String,
    least: u64,
    most: u64,
    /// In thousandths of the unit of the two others.
    mean: u64,
}

#[derive(Serialize, ToSchema)]
struct ShortfallView {
    /// From 1.
    section: usize,
    needed: u32,
    /// So many are sure to be left.
    sure: u32,
}

impl DryDrawView {
    pub(super) fn of(drawn: &DryDraw, version: &BankVersion) -> DryDrawView {
        let named = |(index, times): &(QuestionIndex, u32)| {
            let question = version.question(*index);
            DrawnView {
                id: question.id.to_string(),
                stem: question.stem.clone(),
                topic: question.topic.clone(),
                difficulty: question.difficulty,
                kind: question.kind.code(),
                times: *times,
            }
        };
        let share =
            |name: String, per: &PerPaper| ShareView { name, least: per.least, most: per.most, mean: per.mean() };
        let rest = drawn.drawn.len().saturating_sub(DRAWN_NAMED).min(DRAWN_NAMED);
        let short =
            |short: &Shortfall| ShortfallView { section: short.section + 1, needed: short.needed, sure: short.sure };
        DryDrawView {
            papers: drawn.papers,
            eligible: drawn.eligible,
            never: drawn.eligible - drawn.drawn.len(),
            most: drawn.drawn.iter().take(DRAWN_NAMED).map(named).collect(),
            least: drawn.drawn.iter().rev().take(rest).map(named).collect(),
            topics: drawn.topics.iter().map(|(name, per)| share(name.clone(), per)).collect(),
            kinds: drawn.kinds.iter().map(|(kind, per)| share(kind.code().to_owned(), per)).collect(),
            difficulties: drawn.difficulties.iter().map(|(level, per)| share(level.to_string(), per)).collect(),
            difficulty: share(String::new(), &drawn.difficulty),
            full_marks: drawn.full_marks,
            guessed: share(String::new(), &drawn.guessed),
            shortfalls: drawn.shortfalls.iter().map(short).collect(),
        }
    }
}
