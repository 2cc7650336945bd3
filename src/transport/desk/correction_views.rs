//! What the desk tells and is told of corrections: types of the wire, converted by hand. Names of participants are masked here as on the
//! public boards.

use super::question_views::KindView;
use super::question_views::Person;
use crate::accounts::names::masked;
use crate::domain::correction::Remedy;
use crate::domain::ids::ParticipantId;
use crate::domain::ids::QuestionId;
use crate::domain::ids::StaffId;
use crate::domain::question::Choices;
use crate::domain::question::Question;
use crate::ledger::desk::CorrectionRow;
use crate::ledger::desk::CorrectionState;
use crate::office::corrections::Board;
use crate::office::corrections::CameTo;
use crate::office::corrections::Foreseen;
use crate::office::corrections::Moved;
use crate::office::corrections::Seen;
use crate::transport::problem::Problem;
use crate::transport::state::App;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

/// What is decided of a question. Options by the bank's order, from 0.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[schema(as = Remedy)]
pub(super) enum RemedyView {
    /// 改正答案
    NewKey { key: Vec<usize> },
    /// 多个答案均算对
    Accept { accepted: Vec<Vec<usize>> },
    /// 这道题人人得分
    AllPoints {},
    /// 作废并折算
    Annul {},
    /// 恢复原来的评分
    AsPublished {},
}

impl RemedyView {
    pub(super) fn of(remedy: &Remedy) -> RemedyView {
        let places = |choices: &Choices| choices.places().collect::<Vec<_>>();
        match remedy {
            Remedy::NewKey { key } => RemedyView::NewKey { key: places(key) },
            Remedy::Accept { accepted } => RemedyView::Accept { accepted: accepted.iter().map(places).collect() },
            Remedy::AllPoints => RemedyView::AllPoints {},
            Remedy::Annul => RemedyView::Annul {},
            Remedy::AsPublished => RemedyView::AsPublished {},
        }
    }

    pub(super) fn read(self) -> Result<Remedy, Problem> {
        let set = |places: Vec<usize>| {
            Choices::of(places).ok_or_else(|| Problem::bad_request("选项超出了这道题的范围，或者写了两次"))
        };
        Ok(match self {
            RemedyView::NewKey { key } => Remedy::NewKey { key: set(key)? },
            RemedyView::Accept { accepted } => {
                Remedy::Accept { accepted: accepted.into_iter().map(set).collect::<Result<_, _>>()? }
            }
            RemedyView::AllPoints {} => Remedy::AllPoints,
            RemedyView::Annul {} => Remedy::Annul,
            RemedyView::AsPublished {} => Remedy::AsPublished,
        })
    }
}

/// A text of a question that papers have shown.
#[derive(Serialize, ToSchema)]
pub(super) struct PlayedVersion {
    /// Names the version in a proposal; from 1, in no order.
    version: usize,
    kind: KindView,
    stem: String,
    options: Vec<String>,
    key: Vec<usize>,
    explanation: String,
    source: String,
    /// The rounds whose papers may hold it.
    rounds: Vec<String>,
}

/// A question as papers have shown it.
#[derive(Serialize, ToSchema)]
pub(super) struct PlayedQuestion {
    bank: String,
    question: String,
    /// One where all papers have shown the same; others only where text or key differ.
    versions: Vec<PlayedVersion>,
    drawn: u64,
    rests: bool,
    /// Whether the bank has it by now.
    in_bank: bool,
}

/// The versions of a question by their texts: those that say the same are one.
fn by_text(app: &App, bank: &str, id: &QuestionId) -> Vec<(Question, Vec<String>, Vec<String>)> {
    let mut found: Vec<(Question, Vec<String>, Vec<String>)> = Vec::new();
    for version in app.contest.versions_of(bank, id) {
        let rounds = version.rounds.iter().map(|round| app.contest.season.round(*round).name.clone());
        match found.iter_mut().find(|(question, ..)| *question == version.question) {
            Some((_, digests, named)) => {
                digests.push(version.digest);
                rounds.for_each(|round| {
                    if !named.contains(&round) {
                        named.push(round);
                    }
                });
            }
            None => found.push((version.question, vec![version.digest], rounds.collect())),
        }
    }
    found
}

/// The digests of the versions that were named.
///
/// # Errors
/// There is no such version.
pub(super) fn digests(app: &App, bank: &str, id: &QuestionId, versions: &[usize]) -> Result<Vec<String>, Problem> {
    let found = by_text(app, bank, id);
    let mut digests = Vec::new();
    for version in versions {
        let of = version.checked_sub(1).and_then(|place| found.get(place));
        let (_, of, _) = of.ok_or_else(|| Problem::bad_request("没有这个版本，请刷新页面"))?;
        digests.extend(of.iter().cloned());
    }
    Ok(digests)
}

impl PlayedQuestion {
    /// `None`: no paper was ever drawn from a version with it.
    pub(super) fn of(app: &App, bank: &str, id: &QuestionId) -> Option<PlayedQuestion> {
        let found = by_text(app, bank, id);
        if found.is_empty() {
            return None;
        }
        let version = |(place, (question, _, rounds)): (usize, (Question, Vec<String>, Vec<String>))| PlayedVersion {
            version: place + 1,
            kind: KindView::of(question.kind),
            key: question.key.places().collect(),
            stem: question.stem,
            options: question.options,
            explanation: question.explanation,
            source: question.source,
            rounds,
        };
        let banks = app.contest.banks();
        let now = banks.of_id(bank);
        Some(PlayedQuestion {
            bank: bank.to_owned(),
            question: id.0.clone(),
            versions: found.into_iter().enumerate().map(version).collect(),
            drawn: app.statistics.drawn(id).unwrap_or(0),
            rests: now.is_some_and(|now| now.rests(id)),
            in_bank: now.is_some_and(|now| now.version.index_of(id).is_some()),
        })
    }
}

/// A correction in a list.
#[derive(Serialize, ToSchema)]
#[schema(as = CorrectionRow)]
pub(super) struct CorrectionRowView {
    id: String,
    at: i64,
    by: Person,
    bank: String,
    question: String,
    stem: String,
    remedy: RemedyView,
    /// `proposed`, `applying`, `applied` or `withdrawn`
    state: &'static str,
    /// Its preview is made, and can be decided on.
    previewed: bool,
    decided_by: Option<Person>,
    decided_at: Option<i64>,
}

fn person(id: Option<&StaffId>, name: &str) -> Option<Person> {
    id.map(|id| Person::of(id, name))
}

impl CorrectionRowView {
    pub(super) fn of(row: &CorrectionRow) -> CorrectionRowView {
        CorrectionRowView {
            id: row.id.clone(),
            at: row.at.0,
            by: Person::of(&row.by, &row.by_name),
            bank: row.bank.clone(),
            question: row.question.0.clone(),
            stem: row.stem.clone(),
            remedy: RemedyView::of(&row.remedy),
            state: row.state.code(),
            previewed: row.preview.is_some(),
            decided_by: person(row.decided_by.as_ref(), &row.decided_by_name),
            decided_at: row.decided_at.map(|at| at.0),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(super) struct Progressed {
    /// Attempts read.
    done: i64,
    of: i64,
}

#[derive(Serialize, ToSchema)]
pub(super) struct BoardChange {
    /// Null: the season's.
    round: Option<String>,
    name: String,
    /// Participants whose score or time there changes, and those whose rank does.
    tallies: u64,
    ranks: u64,
    /// Those who move most.
    movers: Vec<Mover>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Mover {
    /// Masked.
    name: String,
    city: String,
    rank_before: u64,
    rank_after: u64,
    score_before: u32,
    score_after: u32,
}

#[derive(Serialize, ToSchema)]
#[schema(as = CityChange)]
pub(super) struct CityChangeView {
    round: Option<String>,
    city: String,
    index: String,
    /// In millionths.
    value_before: Option<i64>,
    value_after: Option<i64>,
    rank_before: Option<u32>,
    rank_after: Option<u32>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct GateView {
    round: String,
    participants: u64,
}

/// Who would change, and by how much.
#[derive(Serialize, ToSchema)]
#[schema(as = CorrectionPreview)]
pub(super) struct PreviewView {
    /// Names what was seen, for who decides.
    number: i64,
    at: i64,
    /// Attempts that there were.
    read: i64,
    attempts: u64,
    raised: u64,
    lowered: u64,
    participants: u64,
    /// Attempts under way on papers with the question.
    live: u64,
    boards: Vec<BoardChange>,
    cities: Vec<CityChangeView>,
    more_cities: usize,
    eligibility: Vec<GateView>,
    given_back: u64,
    /// Why it is out of date.
    moved_on: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = CorrectionApplied)]
pub(super) struct AppliedView {
    /// Its entry's number in the ledger.
    entry: i64,
    at: i64,
    attempts: u64,
    participants: u64,
    /// False: boards follow with the next start of the server.
    standings_replaced: bool,
}

/// What whoever asks may do with a correction.
#[derive(Serialize, ToSchema)]
pub(super) struct CorrectionMay {
    /// Decide on the preview that is shown.
    decide: bool,
    withdraw: bool,
    preview: bool,
    propose: bool,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Correction)]
pub(super) struct CorrectionView {
    #[serde(flatten)]
    row: CorrectionRowView,
    /// For the record, and what is published.
    reason: String,
    text: String,
    complaint: Option<String>,
    played: Option<PlayedQuestion>,
    progress: Option<Progressed>,
    preview: Option<PreviewView>,
    trouble: Option<String>,
    applied: Option<AppliedView>,
    withdrawn: Option<String>,
    /// What would undo it.
    undo: Option<RemedyView>,
    may: CorrectionMay,
}

impl CorrectionView {
    pub(super) fn of(app: &App, seen: Seen, may: (bool, bool), me: &StaffId) -> CorrectionView {
        let (proposes, decides) = may;
        let Seen { row, progress, preview, applied, moved_on, undo } = seen;
        let waits = row.state == CorrectionState::Proposed;
        let own = row.by == *me;
        let may = CorrectionMay {
            decide: waits && decides && !own && preview.is_some() && moved_on.is_none(),
            withdraw: waits && (own || decides),
            preview: waits && proposes && progress.is_none(),
            propose: proposes,
        };
        let number = row.previews;
        CorrectionView {
            preview: preview.map(|preview| PreviewView::of(app, number, preview, moved_on)),
            played: PlayedQuestion::of(app, &row.bank, &row.question),
            progress: progress.map(|(done, of)| Progressed { done, of }),
            applied: applied.map(AppliedView::of),
            undo: undo.as_ref().map(RemedyView::of),
            reason: row.reason.clone(),
            text: row.words.clone(),
            complaint: row.complaint.clone(),
            trouble: row.trouble.clone(),
            withdrawn: row.withdrawn.clone(),
            row: CorrectionRowView::of(&row),
            may,
        }
    }
}

impl AppliedView {
    fn of(came_to: CameTo) -> AppliedView {
        let CameTo { entry, at, attempts, participants, standings_replaced } = came_to;
        AppliedView { entry, at, attempts, participants, standings_replaced }
    }
}

impl PreviewView {
    fn of(app: &App, number: i64, preview: Foreseen, moved_on: Option<String>) -> PreviewView {
        let season = &app.contest.season;
        let name_of = |round: &Option<String>| match round {
            None => "全赛季".to_owned(),
            Some(id) => season.round_of_id(id).map_or_else(|| id.clone(), |round| season.round(round).name.clone()),
        };
        let indices = season.city_indices();
        let index_name = |id: &str| indices.iter().find(|(known, ..)| *known == id).map_or("", |(_, name, _)| name);
        let city_name =
            |code: &str| season.region.city_of_code(code).map_or("", |city| &season.region.city(city).name).to_owned();
        let mover = |moved: &Moved| {
            let who = app.contest.roster.with(ParticipantId(moved.participant), |player| {
                (masked(&player.name), season.region.city(player.place.city).name.clone())
            });
            let (name, city) = who.unwrap_or_default();
            Mover {
                name,
                city,
                rank_before: moved.rank_before,
                rank_after: moved.rank_after,
                score_before: moved.score_before,
                score_after: moved.score_after,
            }
        };
        let board = |board: &Board| BoardChange {
            name: name_of(&board.round),
            tallies: board.tallies,
            ranks: board.ranks,
            movers: preview.moves.iter().filter(|moved| moved.round == board.round).map(mover).collect(),
            round: board.round.clone(),
        };
        PreviewView {
            number,
            at: preview.at,
            read: preview.read,
            attempts: preview.attempts,
            raised: preview.up,
            lowered: preview.down,
            participants: preview.participants,
            live: preview.live,
            boards: preview.standings.iter().map(board).collect(),
            cities: preview
                .cities
                .iter()
                .map(|change| CityChangeView {
                    round: change.round.as_ref().map(|_| name_of(&change.round)),
                    city: city_name(&change.city),
                    index: index_name(&change.by).to_owned(),
                    value_before: change.value_before,
                    value_after: change.value_after,
                    rank_before: change.rank_before,
                    rank_after: change.rank_after,
                })
                .collect(),
            more_cities: preview.more_cities,
            eligibility: preview
                .gates
                .iter()
                .map(|gate| GateView { round: name_of(&Some(gate.round.clone())), participants: gate.participants })
                .collect(),
            given_back: preview.given_back,
            moved_on,
        }
    }
}
