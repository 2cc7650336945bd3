//! Kejing's own JSON (docs/formats.md): the fields of the TOML form, all of them.

use crate::domain::ids::QuestionId;
use crate::domain::question::Kind;
use crate::domain::question::Media;
use crate::domain::question::Question;
use crate::formats::export::Unwritable;
use crate::formats::import::json::FORMAT;
use crate::formats::toml::key_as_written;
use serde::Serialize;

#[derive(Serialize)]
struct File<'q> {
    format: &'static str,
    questions: Vec<Written<'q>>,
}

/// A question with its key. Private: nothing but a file for staff may hold one.
#[derive(Serialize)]
struct Written<'q> {
    id: &'q QuestionId,
    kind: Kind,
    topic: &'q str,
    difficulty: u8,
    stem: &'q str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    options: &'q [String],
    key: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    fixed_order: bool,
    explanation: &'q str,
    source: &'q str,
    #[serde(skip_serializing_if = "Option::is_none")]
    contributor: Option<&'q str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<&'q str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    media: Option<&'q Media>,
}

impl<'q> Written<'q> {
    fn of(q: &'q Question) -> Written<'q> {
        Written {
            id: &q.id,
            kind: q.kind,
            topic: &q.topic,
            difficulty: q.difficulty,
            stem: &q.stem,
            options: if q.kind == Kind::TrueFalse { &[] } else { &q.options },
            key: key_as_written(q),
            fixed_order: q.fixed_order,
            explanation: &q.explanation,
            source: &q.source,
            contributor: q.contributor.as_deref(),
            link: q.link.as_deref(),
            media: q.media.as_ref(),
        }
    }
}

pub(super) fn write(questions: &[Question]) -> Result<Vec<u8>, Unwritable> {
    let file = File { format: FORMAT, questions: questions.iter().map(Written::of).collect() };
    let mut bytes = serde_json::to_vec_pretty(&file).map_err(Unwritable::because)?;
    bytes.push(b'\n');
    Ok(bytes)
}
