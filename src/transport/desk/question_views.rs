//! What the desk tells and is told of questions: types of the wire, converted by hand. A draft holds its key; it goes to staff alone.

use crate::domain::compare::Change;
use crate::domain::draft::Draft;
use crate::domain::faults::QuestionFault;
use crate::domain::ids::StaffId;
use crate::domain::question::Choices;
use crate::domain::question::Kind;
use crate::domain::question::Media;
use crate::domain::review::State;
use crate::domain::time::Timestamp;
use crate::domain::wording::Found;
use crate::ledger::desk::Facets;
use crate::ledger::desk::QuestionHead;
use crate::ledger::desk::RevisionRow;
use crate::ledger::desk::StepRow;
use crate::office::questions::May;
use crate::office::statistics::Statistics;
use crate::transport::problem::PartFault;
use crate::transport::problem::Problem;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeMap;
use std::collections::HashMap;
use utoipa::ToSchema;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Kind)]
pub(super) enum KindView {
    TrueFalse,
    Single,
    Multiple,
}

impl KindView {
    pub(super) fn of(kind: Kind) -> KindView {
        match kind {
            Kind::TrueFalse => KindView::TrueFalse,
            Kind::Single => KindView::Single,
            Kind::Multiple => KindView::Multiple,
        }
    }

    fn kind(self) -> Kind {
        match self {
            KindView::TrueFalse => Kind::TrueFalse,
            KindView::Single => Kind::Single,
            KindView::Multiple => Kind::Multiple,
        }
    }
}

/// A question as it is written; what is missing may still be missing.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Draft)]
pub(super) struct DraftView {
    #[serde(default)]
    kind: Option<KindView>,
    #[serde(default)]
    topic: String,
    /// 1 easy, 2 medium, 3 hard
    #[serde(default)]
    difficulty: Option<u8>,
    #[serde(default)]
    stem: String,
    #[serde(default)]
    options: Vec<String>,
    /// By the order of the options, from 0; of true/false 0 stands for 正确, 1 for 错误.
    #[serde(default)]
    key: Vec<u8>,
    #[serde(default)]
    fixed_order: bool,
    #[serde(default)]
    explanation: String,
    #[serde(default)]
    source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    contributor: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    media: Option<MediaInDraft>,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MediaInDraft {
    /// As POST /media told it.
    id: String,
    width: u32,
    height: u32,
    /// 替代文字
    #[serde(default)]
    alt: String,
}

impl DraftView {
    pub(super) fn of(draft: &Draft) -> DraftView {
        let draft = draft.clone();
        DraftView {
            kind: draft.kind.map(KindView::of),
            topic: draft.topic,
            difficulty: draft.difficulty,
            stem: draft.stem,
            options: draft.options,
            key: draft.key.places().filter_map(|place| u8::try_from(place).ok()).collect(),
            fixed_order: draft.fixed_order,
            explanation: draft.explanation,
            source: draft.source,
            contributor: draft.contributor,
            link: draft.link,
            media: draft.media.map(|m| MediaInDraft { id: m.file, width: m.width, height: m.height, alt: m.alt }),
        }
    }

    pub(super) fn read(self) -> Result<Draft, Problem> {
        let wrong = |part: &str, message: &str| {
            Problem::form(vec![PartFault { part: part.into(), code: "bad_request".into(), message: message.into() }])
        };
        if self.difficulty.is_some_and(|difficulty| !(1..=3).contains(&difficulty)) {
            return Err(wrong("difficulty", "难度只能是 1（易）、2（中）、3（难）"));
        }
        let places = self.key.iter().map(|&place| usize::from(place));
        let key = Choices::of(places).ok_or_else(|| wrong("key", "答案里的选项不对"))?;
        Ok(Draft {
            kind: self.kind.map(KindView::kind),
            topic: self.topic,
            difficulty: self.difficulty,
            stem: self.stem,
            options: self.options,
            key,
            fixed_order: self.fixed_order,
            explanation: self.explanation,
            source: self.source,
            contributor: self.contributor,
            link: self.link,
            media: self.media.map(|m| Media { file: m.id, width: m.width, height: m.height, alt: m.alt }),
        })
    }
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Person {
    id: String,
    name: String,
}

impl Person {
    pub(super) fn of(id: &StaffId, name: &str) -> Person {
        Person { id: id.0.clone(), name: name.to_owned() }
    }
}

/// Names of staff, for what the tables have by id.
pub(super) type Names = HashMap<StaffId, String>;

fn named(names: &Names, id: &StaffId) -> Person {
    Person::of(id, names.get(id).map_or("", String::as_str))
}

#[derive(Serialize, ToSchema)]
#[schema(as = QuestionRow)]
pub(super) struct QuestionRowView {
    id: String,
    bank: String,
    /// draft, submitted, returned, approved, published or rested
    state: &'static str,
    kind: Option<KindView>,
    topic: String,
    difficulty: Option<u8>,
    stem: String,
    author: Person,
    #[serde(skip_serializing_if = "Option::is_none")]
    contributor: Option<String>,
    revision: u32,
    updated_at: i64,
    /// How many reviews of how many are done, while it waits for them: `1/3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    returned_reason: Option<String>,
    /// How many papers have shown it.
    #[serde(skip_serializing_if = "Option::is_none")]
    drawn: Option<u64>,
    faults: u32,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Stage {
    done: u8,
    of: u8,
}

impl Stage {
    fn of(head: &QuestionHead) -> Stage {
        Stage { done: head.review.approvals.len() as u8, of: head.review.reviews }
    }
}

impl QuestionRowView {
    pub(super) fn of(head: &QuestionHead, drawn: Option<u64>) -> QuestionRowView {
        let review = &head.review;
        let stage =
            (review.state == State::Submitted).then(|| format!("{}/{}", review.approvals.len(), review.reviews));
        QuestionRowView {
            id: head.id.0.clone(),
            bank: head.bank.clone(),
            state: review.state.code(),
            kind: head.kind.map(KindView::of),
            topic: head.topic.clone(),
            difficulty: head.difficulty,
            stem: head.stem.clone(),
            author: Person::of(&review.author, &head.author_name),
            contributor: head.contributor.clone(),
            revision: review.revision,
            updated_at: head.updated_at.0,
            stage,
            returned_reason: head.reason.clone(),
            drawn,
            faults: head.faults,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(super) struct Questions {
    /// They are shown as they were then, or later.
    as_of: i64,
    items: Vec<QuestionRowView>,
    total: i64,
    facets: FacetsView,
}

impl Questions {
    pub(super) fn of(as_of: Timestamp, heads: &[QuestionHead], facets: Facets, statistics: &Statistics) -> Questions {
        Questions {
            as_of: as_of.0,
            items: heads.iter().map(|head| QuestionRowView::of(head, statistics.drawn(&head.id))).collect(),
            total: facets.total,
            facets: FacetsView::of(facets),
        }
    }
}

/// How many questions there are of each, as if nothing were asked of that facet.
#[derive(Default, Serialize, ToSchema)]
#[schema(as = Facets)]
pub(super) struct FacetsView {
    state: BTreeMap<String, i64>,
    topic: BTreeMap<String, i64>,
    difficulty: BTreeMap<String, i64>,
    kind: BTreeMap<String, i64>,
}

impl FacetsView {
    pub(super) fn of(facets: crate::ledger::desk::Facets) -> FacetsView {
        // What has not been chosen yet has no name to be asked by.
        let chosen = |counts: Vec<(String, i64)>| {
            counts.into_iter().filter(|(name, _)| !name.is_empty() && name != "0").collect()
        };
        FacetsView {
            state: chosen(facets.state),
            topic: chosen(facets.topic),
            difficulty: chosen(facets.difficulty),
            kind: chosen(facets.kind),
        }
    }
}

/// Something that is missing or wrong in a part of a question.
#[derive(Serialize, ToSchema)]
#[schema(as = QuestionFault)]
pub(super) struct FaultView {
    part: String,
    code: &'static str,
    message: String,
}

impl FaultView {
    pub(super) fn all(faults: &[QuestionFault]) -> Vec<FaultView> {
        let view = |fault: &QuestionFault| FaultView {
            part: fault.part.code(),
            code: fault.code,
            message: fault.message.clone(),
        };
        faults.iter().map(view).collect()
    }
}

/// A word to look at, and what to write instead.
#[derive(Serialize, ToSchema)]
#[schema(as = WordingFound)]
pub(super) struct FoundView {
    part: String,
    word: String,
    advice: String,
}

impl FoundView {
    pub(super) fn all(found: Vec<Found>) -> Vec<FoundView> {
        let view = |found: Found| FoundView { part: found.part.code(), word: found.word, advice: found.advice };
        found.into_iter().map(view).collect()
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = Question)]
pub(super) struct QuestionView {
    id: String,
    bank: String,
    state: &'static str,
    revision: u32,
    draft: DraftView,
    author: Person,
    #[serde(skip_serializing_if = "Option::is_none")]
    contributor: Option<String>,
    stage: Stage,
    approvals: Vec<Approved>,
    /// Why it was returned or rested, oldest first.
    reasons: Vec<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    published: Option<InVersion>,
    #[serde(skip_serializing_if = "Option::is_none")]
    drawn: Option<u64>,
    updated_at: i64,
    faults: Vec<FaultView>,
    wording: Vec<FoundView>,
    may: MayView,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Approved {
    by: Person,
    at: i64,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Reason {
    by: Person,
    at: i64,
    /// returned, rested or woken; approved where something was said with it
    act: String,
    text: String,
}

/// The last version that holds it.
#[derive(Serialize, ToSchema)]
pub(super) struct InVersion {
    version: i64,
    /// Whether it holds another text than the current one.
    older: bool,
}

/// What whoever asks may do with it as it stands.
#[derive(Serialize, ToSchema)]
#[schema(as = May)]
pub(super) struct MayView {
    edit: bool,
    submit: bool,
    approve: bool,
    r#return: bool,
    rest: bool,
    wake: bool,
    delete: bool,
}

/// What a question's view is made of.
pub(super) struct Whole {
    pub(super) head: QuestionHead,
    pub(super) draft: Draft,
    pub(super) steps: Vec<StepRow>,
    pub(super) names: Names,
    pub(super) wording: Vec<Found>,
    pub(super) may: May,
    pub(super) drawn: Option<u64>,
}

impl QuestionView {
    pub(super) fn of(whole: Whole) -> QuestionView {
        let Whole { head, draft, steps, names, wording, may, drawn } = whole;
        let review = &head.review;
        let said = steps.iter().filter(|step| !step.reason.is_empty());
        let published =
            head.version.map(|version| InVersion { version, older: review.carried != Some(review.revision) });
        QuestionView {
            state: review.state.code(),
            revision: review.revision,
            author: Person::of(&review.author, &head.author_name),
            stage: Stage::of(&head),
            approvals: review.approvals.iter().map(|a| Approved { by: named(&names, &a.by), at: a.at.0 }).collect(),
            reasons: said
                .map(|step| Reason {
                    by: Person::of(&step.by, &step.by_name),
                    at: step.at.0,
                    act: step.act.clone(),
                    text: step.reason.clone(),
                })
                .collect(),
            published,
            drawn,
            updated_at: head.updated_at.0,
            faults: FaultView::all(&draft.faults()),
            wording: FoundView::all(wording),
            may: MayView {
                edit: may.edit,
                submit: may.submit,
                approve: may.approve,
                r#return: may.send_back,
                rest: may.rest,
                wake: may.wake,
                delete: may.delete,
            },
            draft: DraftView::of(&draft),
            contributor: draft.contributor,
            id: head.id.0,
            bank: head.bank,
        }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = Revision)]
pub(super) struct RevisionView {
    revision: u32,
    at: i64,
    by: Person,
    /// written, imported or edited
    what: String,
}

impl RevisionView {
    pub(super) fn of(row: RevisionRow) -> RevisionView {
        RevisionView { revision: row.n, at: row.at.0, by: Person::of(&row.by, &row.by_name), what: row.what }
    }
}

/// A part that differs, as a person reads it.
#[derive(Serialize, ToSchema)]
#[schema(as = Change)]
pub(super) struct ChangeView {
    part: String,
    before: String,
    after: String,
}

impl ChangeView {
    pub(super) fn all(changes: Vec<Change>) -> Vec<ChangeView> {
        let view = |change: Change| ChangeView { part: change.part.code(), before: change.before, after: change.after };
        changes.into_iter().map(view).collect()
    }
}
