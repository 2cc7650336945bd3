//! 旁注: what GIFT, Moodle XML and QTI have no word for, as one line of JSON in a comment, `kejing: {"difficulty":2}`. Other systems pass over it.

use crate::domain::draft::Draft;
use crate::domain::question::Kind;
use crate::domain::question::Media;
use crate::domain::question::Question;
use serde::Deserialize;
use serde::Serialize;

const MARK: &str = "kejing:";

/// No key is ever in it. What a newer version adds is passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Aside {
    /// Where the format would make another kind of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<Kind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) topic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) difficulty: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fixed_order: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) contributor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) link: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) media: Option<Media>,
}

impl Aside {
    /// What none of the three formats can say.
    pub(super) fn of(q: &Question) -> Aside {
        Aside {
            difficulty: Some(q.difficulty),
            source: Some(q.source.clone()),
            contributor: q.contributor.clone(),
            link: q.link.clone(),
            media: q.media.clone(),
            ..Aside::default()
        }
    }

    /// What stands in the comment. It has no line break, and no two hyphens in a row, which would end a comment of XML.
    pub(super) fn written(&self) -> String {
        // Texts and numbers only; there is nothing in it that JSON could not say.
        let json = serde_json::to_string(self).unwrap_or_default();
        format!("{MARK} {}", json.replace('-', "\\u002d"))
    }

    /// `None`: another comment.
    pub(super) fn read(comment: &str) -> Option<Aside> {
        serde_json::from_str(comment.trim().strip_prefix(MARK)?).ok()
    }

    /// The kind is left to who reads the answers.
    pub(super) fn tell(self, draft: &mut Draft) {
        let tidy = |text: String| text.trim().to_owned();
        if let Some(topic) = self.topic {
            draft.topic = tidy(topic);
        }
        if let Some(source) = self.source {
            draft.source = tidy(source);
        }
        draft.difficulty = self.difficulty.or(draft.difficulty);
        draft.fixed_order = self.fixed_order.unwrap_or(draft.fixed_order);
        draft.contributor = self.contributor.map(tidy).filter(|text| !text.is_empty()).or(draft.contributor.take());
        draft.link = self.link.map(tidy).filter(|text| !text.is_empty()).or(draft.link.take());
        draft.media = self.media.or(draft.media.take());
    }
}

/// 易, 中, 难.
pub(super) fn difficulty_name(level: u8) -> &'static str {
    ["易", "中", "难"].get(usize::from(level).wrapping_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_ends_no_comment_and_comes_back() {
        let aside = Aside {
            difficulty: Some(2),
            source: Some("a--b -->\n第二行".into()),
            link: Some("https://a-b.cn/--".into()),
            ..Aside::default()
        };
        let written = aside.written();
        assert!(!written.contains("--") && !written.contains('\n'), "{written}");
        assert_eq!(Aside::read(&format!(" {written} ")), Some(aside));
        assert_eq!(Aside::read("question: 12"), None);
        assert_eq!(Aside::read("kejing: {"), None);
    }
}
