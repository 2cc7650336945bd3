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

#[cfg(test)]
mod tests {
    use super::*;

    fn version() -> BankVersion {
        let question = |id: &str| Question {
            id: QuestionId(id.into()),
            kind: Kind::Multiple,
            topic: "航天航空与国防".into(),
            difficulty: 3,
            stem: "\"天宫\"？\n下一行".into(),
            options: ["甲", "乙", "丙"].map(String::from).into(),
            key: Choices(0b101),
            fixed_order: false,
            explanation: "解析。".into(),
            source: "来源".into(),
            contributor: None,
            link: Some("https://www.cmse.gov.cn".into()),
            media: Some(Media { file: "a.png".into(), width: 4, height: 3, alt: "图".into() }),
        };
        BankVersion::new("kexue", [0x5A; 16], vec![question("b"), question("a")])
    }

    #[test]
    fn a_version_comes_back_from_its_canonical_form() {
        let version = version();
        assert_eq!(version.questions[0].id.as_str(), "a");
        assert_eq!(version.index_of(&QuestionId("b".into())), Some(QuestionIndex(1)));
        assert_eq!(BankVersion::from_canonical(&version.to_canonical()), Ok(version));
    }

    /// Frozen: the digest names what a ledger holds. Another form needs another tag.
    #[test]
    fn the_canonical_form_stays_as_it_is() {
        let mut version = version();
        version.questions.truncate(1);
        assert_eq!(
            version.to_canonical(),
            concat!(
                r#"{"format":"kejing/v1/bank","bank":"kexue","salt":"5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a","questions":["#,
                r#"{"id":"a","kind":"multiple","topic":"航天航空与国防","difficulty":3,"stem":"\"天宫\"？\n下一行","#,
                r#""options":["甲","乙","丙"],"key":5,"fixed_order":false,"explanation":"解析。","source":"来源","#,
                r#""link":"https://www.cmse.gov.cn","media":{"file":"a.png","width":4,"height":3,"alt":"图"}}]}"#
            )
        );
    }

    #[test]
    fn a_digest_changes_with_the_salt_and_with_any_question() {
        let digest = version().digest();
        assert_eq!(version().digest(), digest);
        let mut salted = version();
        salted.salt[0] ^= 1;
        assert_ne!(salted.digest(), digest);
        let mut rekeyed = version();
        rekeyed.questions[1].key = Choices(0b011);
        assert_ne!(rekeyed.digest(), digest);
    }

    #[test]
    fn another_form_is_refused() {
        let text = version().to_canonical();
        assert!(BankVersion::from_canonical("{}").is_err());
        assert!(BankVersion::from_canonical(&text.replace("kejing/v1/bank", "kejing/v2/bank")).is_err());
        assert!(BankVersion::from_canonical(&text.replace("5a5a", "5a")).is_err());
    }
}
