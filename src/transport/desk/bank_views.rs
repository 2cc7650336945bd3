//! What the desk tells and is told of banks and their versions: types of the wire, converted by hand.

use super::question_views::ChangeView;
use super::question_views::Person;
use crate::domain::compare::Difference;
use crate::domain::compare::Fate;
use crate::domain::review::State;
use crate::domain::wording::Forbidden;
use crate::domain::wording::Required;
use crate::ledger::desk::BankRow;
use crate::ledger::desk::VersionRow;
use crate::office::powers::Powers;
use crate::transport::problem::Problem;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What became of a question from one version to another.
#[derive(Serialize, ToSchema)]
#[schema(as = Fate)]
pub(super) struct FateView {
    id: String,
    /// added, changed or removed
    what: &'static str,
    stem: String,
    parts: Vec<ChangeView>,
}

impl FateView {
    pub(super) fn of(Difference { id, stem, fate }: Difference) -> FateView {
        let (what, parts) = match fate {
            Fate::Added => ("added", Vec::new()),
            Fate::Removed => ("removed", Vec::new()),
            Fate::Changed(changes) => ("changed", changes),
        };
        FateView { id: id.0, what, stem, parts: ChangeView::all(parts) }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = Bank)]
pub(super) struct BankView {
    id: String,
    name: String,
    reviews: u8,
    /// How many questions are in each state.
    counts: BTreeMap<&'static str, i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    published: Option<PublishedView>,
    /// Whether the running season draws papers from it.
    in_season: bool,
    required: Vec<RequiredView>,
    forbidden: Vec<ForbiddenView>,
    may: BankMay,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Published)]
pub(super) struct PublishedView {
    version: i64,
    at: i64,
    by: Person,
    questions: i64,
    /// Not while a round uses it.
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
}

/// The right way to write something. Anything that differs from a word of four or more characters in one of them is found.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Required)]
pub(super) enum RequiredView {
    Word(String),
    /// With ways in which it is written wrongly.
    Instead {
        word: String,
        instead_of: Vec<String>,
    },
}

#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Forbidden)]
pub(super) struct ForbiddenView {
    word: String,
    #[serde(default)]
    advice: String,
}

impl RequiredView {
    fn of(required: Required) -> RequiredView {
        match required {
            Required { word, instead_of } if instead_of.is_empty() => RequiredView::Word(word),
            Required { word, instead_of } => RequiredView::Instead { word, instead_of },
        }
    }

    pub(super) fn read(self) -> Required {
        let tidy = |text: String| text.trim().to_owned();
        match self {
            RequiredView::Word(word) => Required { word: tidy(word), instead_of: Vec::new() },
            RequiredView::Instead { word, instead_of } => {
                Required { word: tidy(word), instead_of: instead_of.into_iter().map(tidy).collect() }
            }
        }
    }
}

impl ForbiddenView {
    pub(super) fn read(self) -> Forbidden {
        Forbidden { word: self.word.trim().to_owned(), advice: self.advice.trim().to_owned() }
    }
}

/// What whoever asks may do in the bank.
#[derive(Serialize, ToSchema)]
pub(super) struct BankMay {
    write: bool,
    review: bool,
    settings: bool,
    publish: bool,
}

impl BankView {
    pub(super) fn of(
        bank: BankRow,
        counts: &[(State, i64)],
        last: Option<&VersionRow>,
        playing: Option<&str>,
        powers: &Powers,
    ) -> BankView {
        let count = |state: State| counts.iter().find(|(of, _)| *of == state).map_or(0, |(_, questions)| *questions);
        BankView {
            counts: State::ALL.iter().map(|state| (state.code(), count(*state))).collect(),
            published: last.map(|last| PublishedView {
                version: last.n,
                at: last.at.0,
                by: Person::of(&last.by, &last.by_name),
                questions: last.questions,
                digest: Some(last.digest.clone()).filter(|digest| Some(digest.as_str()) != playing),
            }),
            in_season: playing.is_some(),
            required: bank.wording.required.into_iter().map(RequiredView::of).collect(),
            forbidden: bank
                .wording
                .forbidden
                .into_iter()
                .map(|Forbidden { word, advice }| ForbiddenView { word, advice })
                .collect(),
            may: BankMay {
                write: powers.writes,
                review: powers.reviews,
                settings: powers.rules,
                publish: powers.publishes,
            },
            id: bank.id,
            name: bank.name,
            reviews: bank.reviews,
        }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = Version)]
pub(super) struct VersionView {
    version: i64,
    at: i64,
    by: Person,
    reason: String,
    questions: i64,
    added: i64,
    changed: i64,
    removed: i64,
}

impl VersionView {
    pub(super) fn of(row: VersionRow) -> VersionView {
        VersionView {
            version: row.n,
            at: row.at.0,
            by: Person::of(&row.by, &row.by_name),
            reason: row.reason,
            questions: row.questions,
            added: row.added,
            changed: row.changed,
            removed: row.removed,
        }
    }
}

/// `1..3`
pub(super) fn range<T: std::str::FromStr>(text: &str) -> Result<(T, T), Problem> {
    let pair = text.split_once("..").and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    pair.ok_or_else(|| Problem::bad_request("要比较的两版应写作 1..3"))
}
