//! 题库: questions of one bank; a published version never changes and is named by its digest.

use crate::domain::ids::QuestionId;
use crate::domain::ids::QuestionIndex;
use crate::domain::question::Choices;
use crate::domain::question::Kind;
use crate::domain::question::Media;
use crate::domain::question::Question;
use data_encoding::HEXLOWER;
use serde::Deserialize;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;
use std::fmt;

/// A bank's questions at one moment, as the ledger keeps them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankVersion {
    /// The bank's id in the season file.
    pub bank: String,
    /// Random, so that the digest gives nothing away about the questions.
    pub salt: [u8; 16],
    /// By question id, where [`BankVersion::new`] made it.
    pub questions: Vec<Question>,
}

/// SHA-256 over the canonical form: the version's name. Not shown while a round uses the version.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BankDigest(pub [u8; 32]);

impl BankVersion {
    /// The order of questions in their files does not matter.
    pub fn new(bank: &str, salt: [u8; 16], mut questions: Vec<Question>) -> BankVersion {
        questions.sort_by(|a, b| a.id.cmp(&b.id));
        BankVersion { bank: bank.to_owned(), salt, questions }
    }

    pub fn question(&self, index: QuestionIndex) -> &Question {
        &self.questions[index.0 as usize]
    }

    pub fn index_of(&self, id: &QuestionId) -> Option<QuestionIndex> {
        self.questions.iter().position(|q| q.id == *id).map(|place| QuestionIndex(place as u32))
    }

    /// One JSON text for one version: fields in the order below, no spaces, what is absent left out.
    /// It holds the keys: it goes into the ledger and nowhere else.
    pub fn to_canonical(&self) -> String {
        let form = Canonical {
            format: FORMAT.to_owned(),
            bank: self.bank.clone(),
            salt: HEXLOWER.encode(&self.salt),
            questions: self.questions.iter().map(CanonicalQuestion::of).collect(),
        };
        // Strings, numbers and lists only; there is nothing in it that JSON could not say.
        serde_json::to_string(&form).unwrap_or_default()
    }

    /// # Errors
    /// The text is not what [`BankVersion::to_canonical`] writes.
    pub fn from_canonical(text: &str) -> Result<BankVersion, NotCanonical> {
        let form: Canonical = serde_json::from_str(text).map_err(|e| NotCanonical(e.to_string()))?;
        if form.format != FORMAT {
            return Err(NotCanonical(format!("格式是 {}，应为 {FORMAT}", form.format)));
        }
        let salt = HEXLOWER.decode(form.salt.as_bytes()).ok().and_then(|s| s.try_into().ok());
        let salt = salt.ok_or_else(|| NotCanonical("salt 应为 32 位十六进制数字".to_owned()))?;
        let questions = form.questions.into_iter().map(CanonicalQuestion::question).collect();
        Ok(BankVersion { bank: form.bank, salt, questions })
    }

    pub fn digest(&self) -> BankDigest {
        BankDigest(Sha256::digest(self.to_canonical()).into())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("不是题库版本的规范写法：{0}")]
pub struct NotCanonical(String);

impl fmt::Display for BankDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for BankDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BankDigest({self})")
    }
}

/// The tag of what is hashed; a change to the form is a new one.
const FORMAT: &str = "kejing/v1/bank";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Canonical {
    format: String,
    bank: String,
    salt: String,
    questions: Vec<CanonicalQuestion>,
}

/// A question with its key, as [`BankVersion::to_canonical`] writes it. Private: nothing else may serialise a key.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CanonicalQuestion {
    id: QuestionId,
    kind: Kind,
    topic: String,
    difficulty: u8,
    stem: String,
    options: Vec<String>,
    key: Choices,
    fixed_order: bool,
    explanation: String,
    source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    contributor: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    media: Option<Media>,
}

impl CanonicalQuestion {
    fn of(q: &Question) -> CanonicalQuestion {
        let q = q.clone();
        CanonicalQuestion {
            id: q.id,
            kind: q.kind,
            topic: q.topic,
            difficulty: q.difficulty,
            stem: q.stem,
            options: q.options,
            key: q.key,
            fixed_order: q.fixed_order,
            explanation: q.explanation,
            source: q.source,
            contributor: q.contributor,
            link: q.link,
            media: q.media,
        }
    }

    fn question(self) -> Question {
        Question {
            id: self.id,
            kind: self.kind,
            topic: self.topic,
            difficulty: self.difficulty,
            stem: self.stem,
            options: self.options,
            key: self.key,
            fixed_order: self.fixed_order,
            explanation: self.explanation,
            source: self.source,
            contributor: self.contributor,
            link: self.link,
            media: self.media,
        }
    }
}
