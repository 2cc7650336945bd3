//! A draft as the desk's tables keep it: JSON with its key, which goes there and nowhere else.

use crate::domain::draft::Draft;
use crate::domain::question::Choices;
use crate::domain::question::Kind;
use crate::domain::question::Media;
use crate::ledger::store::LedgerError;
use serde::Deserialize;
use serde::Serialize;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<Kind>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    topic: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    difficulty: Option<u8>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    stem: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    options: Vec<String>,
    key: Choices,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    fixed_order: bool,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    explanation: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    contributor: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    media: Option<Media>,
}

pub(super) fn written(draft: &Draft) -> String {
    let draft = draft.clone();
    let body = Body {
        kind: draft.kind,
        topic: draft.topic,
        difficulty: draft.difficulty,
        stem: draft.stem,
        options: draft.options,
        key: draft.key,
        fixed_order: draft.fixed_order,
        explanation: draft.explanation,
        source: draft.source,
        contributor: draft.contributor,
        link: draft.link,
        media: draft.media,
    };
    // Strings, numbers and lists only; there is nothing in it that JSON could not say.
    serde_json::to_string(&body).unwrap_or_default()
}

pub(super) fn read(text: &str) -> Result<Draft, LedgerError> {
    let body: Body = serde_json::from_str(text).map_err(unreadable)?;
    Ok(Draft {
        kind: body.kind,
        topic: body.topic,
        difficulty: body.difficulty,
        stem: body.stem,
        options: body.options,
        key: body.key,
        fixed_order: body.fixed_order,
        explanation: body.explanation,
        source: body.source,
        contributor: body.contributor,
        link: body.link,
        media: body.media,
    })
}

pub(super) fn unreadable(error: impl std::fmt::Display) -> LedgerError {
    LedgerError::Unreadable { n: 0, what: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_comes_back_as_it_was_whole_or_not() {
        let whole = Draft {
            kind: Some(Kind::Multiple),
            topic: "航天".into(),
            difficulty: Some(2),
            stem: "\"天宫\"\n？".into(),
            options: vec!["甲".into(), String::new()],
            key: Choices(0b101),
            fixed_order: true,
            explanation: "解析".into(),
            source: "来源".into(),
            contributor: Some("柳州市".into()),
            link: Some("https://x.cn".into()),
            media: Some(Media { file: "a.png".into(), width: 4, height: 3, alt: "图".into() }),
        };
        for draft in [whole, Draft::default()] {
            assert_eq!(read(&written(&draft)).unwrap(), draft);
        }
        assert!(read("{}").is_err());
    }
}
