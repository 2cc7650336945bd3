//! 公平: what fixes every paper before anyone plays: draw lists, secrets, their commitments, and seeds. Byte for byte in docs/fairness.md.

use crate::domain::bank::BankVersion;
use crate::domain::ids::AttemptId;
use crate::domain::ids::QuestionId;
use crate::domain::ids::QuestionIndex;
use crate::domain::ids::RoundId;
use crate::domain::ids::SeasonId;
use crate::domain::question::Kind;
use crate::domain::question::OPTIONS_MAX;
use crate::domain::question::Question;
use crate::domain::rules::Blueprint;
use crate::domain::time::Timestamp;
use data_encoding::HEXLOWER;
use data_encoding::HEXLOWER_PERMISSIVE;
use hmac::Hmac;
use hmac::KeyInit;
use hmac::Mac;
use serde::Deserialize;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;
use std::collections::BTreeSet;
use std::fmt;

/// The number of the way in which papers are drawn; a change to any byte of it is a new number.
pub const ALGORITHM: u32 = 1;

/// What one paper follows from. It gives away which questions come, by their ids, and no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Seed(pub [u8; 32]);

/// What is public of a period's secret and draw list before the period opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Commitment(pub [u8; 32]);

/// All seeds of one draw period follow from this. Deliberately not `Serialize`: it is published by [`PeriodSecret::publish`] alone.
#[derive(Clone, PartialEq, Eq)]
pub struct PeriodSecret(pub [u8; 32]);

impl PeriodSecret {
    /// The secret as 64 hexadecimal digits, for the round's proof once its last attempt has ended.
    pub fn publish(&self) -> String {
        HEXLOWER.encode(&self.0)
    }

    /// # Errors
    /// Not 64 hexadecimal digits.
    pub fn published(hex: &str) -> Result<PeriodSecret, NotHex> {
        bytes_of_hex(hex).map(PeriodSecret)
    }
}

impl fmt::Debug for PeriodSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PeriodSecret(***)")
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("应当是 64 位十六进制数字")]
pub struct NotHex;

fn bytes_of_hex(hex: &str) -> Result<[u8; 32], NotHex> {
    let bytes = HEXLOWER_PERMISSIVE.decode(hex.trim().as_bytes()).map_err(|_| NotHex)?;
    bytes.try_into().map_err(|_| NotHex)
}

macro_rules! told_in_hex {
    ($($name:ident)*) => {$(
        impl TryFrom<String> for $name {
            type Error = NotHex;

            fn try_from(hex: String) -> Result<$name, NotHex> {
                bytes_of_hex(&hex).map($name)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.to_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&HEXLOWER.encode(&self.0))
            }
        }
    )*};
}

told_in_hex! { Seed Commitment }

/// 抽题清单: what a period's papers are drawn from, without texts and keys, so that it can be public.
///
/// In JSON a list of entries; read back, an entry's `index` is its place in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<PublicEntry>", into = "Vec<PublicEntry>")]
pub struct DrawList {
    /// By question id.
    pub entries: Vec<DrawEntry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrawEntry {
    pub id: QuestionId,
    pub kind: Kind,
    pub topic: String,
    pub difficulty: u8,
    /// How many options the question has.
    pub options: u8,
    pub fixed_order: bool,
    /// Where the question is in its bank version; not part of the commitment.
    pub index: QuestionIndex,
}

impl DrawList {
    /// The questions of `bank` but for those that rest.
    pub fn of(bank: &BankVersion, rested: &BTreeSet<QuestionId>) -> DrawList {
        let mut entries: Vec<DrawEntry> = bank
            .questions
            .iter()
            .enumerate()
            .filter(|(_, question)| !rested.contains(&question.id))
            .map(|(place, question)| DrawEntry::of(question, QuestionIndex(place as u32)))
            .collect();
        entries.sort_by(|a, b| a.id.cmp(&b.id));
        DrawList { entries }
    }
}

impl DrawEntry {
    fn of(question: &Question, index: QuestionIndex) -> DrawEntry {
        DrawEntry {
            id: question.id.clone(),
            kind: question.kind,
            topic: question.topic.clone(),
            difficulty: question.difficulty,
            options: question.options.len() as u8,
            fixed_order: question.fixed_order,
            index,
        }
    }

    /// Whether a paper may show the options in another order, as [`Question::may_shuffle`] says it.
    pub fn may_shuffle(&self) -> bool {
        !self.fixed_order && self.kind != Kind::TrueFalse
    }
}

/// An entry as strangers see it.
#[derive(Clone, Serialize, Deserialize)]
struct PublicEntry {
    id: QuestionId,
    kind: Kind,
    topic: String,
    difficulty: u8,
    options: u8,
    fixed_order: bool,
}

impl From<DrawList> for Vec<PublicEntry> {
    fn from(list: DrawList) -> Vec<PublicEntry> {
        let public = |e: DrawEntry| PublicEntry {
            id: e.id,
            kind: e.kind,
            topic: e.topic,
            difficulty: e.difficulty,
            options: e.options,
            fixed_order: e.fixed_order,
        };
        list.entries.into_iter().map(public).collect()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("题目 {0} 的选项多于 {OPTIONS_MAX} 个")]
struct TooManyOptions(QuestionId);

impl TryFrom<Vec<PublicEntry>> for DrawList {
    type Error = TooManyOptions;

    fn try_from(public: Vec<PublicEntry>) -> Result<DrawList, TooManyOptions> {
        let mut entries = Vec::with_capacity(public.len());
        for (place, e) in public.into_iter().enumerate() {
            if usize::from(e.options) > OPTIONS_MAX {
                return Err(TooManyOptions(e.id));
            }
            entries.push(DrawEntry {
                id: e.id,
                kind: e.kind,
                topic: e.topic,
                difficulty: e.difficulty,
                options: e.options,
                fixed_order: e.fixed_order,
                index: QuestionIndex(place as u32),
            });
        }
        Ok(DrawList { entries })
    }
}

/// A draw period: a round, or a part of it that has its own secret.
#[derive(Clone, Copy, Debug)]
pub struct Period<'a> {
    pub season: &'a SeasonId,
    pub round: &'a RoundId,
    /// Counted within the round.
    pub number: u32,
}

/// What is published before the period opens, and binds the server to its papers.
pub fn commitment(secret: &PeriodSecret, period: Period<'_>, blueprint: &Blueprint, list: &DrawList) -> Commitment {
    let fields = Fields::tagged("kejing/v1/commitment")
        .bytes(&secret.0)
        .text(period.season.as_str())
        .text(period.round.as_str())
        .number(period.number)
        .number(ALGORITHM);
    let fields = with_draw_list(with_blueprint(fields, blueprint), list);
    Commitment(Sha256::digest(&fields.0).into())
}

fn with_blueprint(mut fields: Fields, blueprint: &Blueprint) -> Fields {
    fields = fields.number(blueprint.sections.len() as u64);
    for section in &blueprint.sections {
        fields = fields.number(section.kinds.len() as u64);
        for kind in &section.kinds {
            fields = fields.text(kind.code());
        }
        fields = fields.number(section.count).number(section.points).number(section.topics.len() as u64);
        for topic in &section.topics {
            fields = fields.text(topic);
        }
        fields = fields.number(section.difficulties.len() as u64);
        for difficulty in &section.difficulties {
            fields = fields.number(*difficulty);
        }
    }
    fields
}

fn with_draw_list(mut fields: Fields, list: &DrawList) -> Fields {
    fields = fields.number(list.entries.len() as u64);
    for entry in &list.entries {
        fields = fields
            .text(entry.id.as_str())
            .text(entry.kind.code())
            .text(&entry.topic)
            .number(entry.difficulty)
            .number(entry.options)
            .number(entry.fixed_order);
    }
    fields
}

/// The seed of a participant's `attempt`-th attempt (from 1, all that were started) in a round, under one period's secret.
/// `participant` is the id that the participant themself sees.
pub fn seed(secret: &PeriodSecret, participant: &str, round: &RoundId, attempt: u32) -> Seed {
    let fields = Fields::tagged("kejing/v1/paper").text(participant).text(round.as_str()).number(attempt);
    Seed(keyed_hash(&secret.0, &fields))
}

/// What a receipt vouches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiptFacts {
    pub attempt: AttemptId,
    pub score: u64,
    pub correct: u32,
    pub of: u32,
    pub elapsed_ms: u64,
    pub finished_at: Timestamp,
}

/// How many characters a receipt has.
pub const RECEIPT_CHARACTERS: usize = 12;

/// Digits and capitals without I, L, O and U, which are misread or misheard (Crockford's base 32).
const RECEIPT_ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Of a receipt's 60 bits so many say which attempt it is of; the rest vouches for what it came to.
const RECEIPT_ATTEMPT_BITS: u32 = 36;
const RECEIPT_PROOF_BITS: u32 = 60 - RECEIPT_ATTEMPT_BITS;
const RECEIPT_HALF_BITS: u32 = 30;
const RECEIPT_ROUNDS: u64 = 6;

/// 回执: 12 characters that only this server can have made for this result, and can read its attempt from: the attempt's number
/// and a proof of the rest, encrypted together. There are as many receipts as attempts among 2^60, so none is guessed.
pub fn receipt(key: &[u8; 32], facts: &ReceiptFacts) -> String {
    let fields = Fields::tagged("kejing/v2/receipt")
        .number(facts.attempt.0.unsigned_abs())
        .number(facts.score)
        .number(facts.correct)
        .number(facts.of)
        .number(facts.elapsed_ms)
        .number(facts.finished_at.0.unsigned_abs());
    let proof = first_bits(&keyed_hash(key, &fields), RECEIPT_PROOF_BITS);
    let attempt = facts.attempt.0.unsigned_abs() & ((1 << RECEIPT_ATTEMPT_BITS) - 1);
    let sealed = (1..=RECEIPT_ROUNDS).fold(attempt << RECEIPT_PROOF_BITS | proof, |block, round| {
        let (left, right) = halves(block);
        right << RECEIPT_HALF_BITS | (left ^ round_bits(key, round, right))
    });
    let letter = |place: usize| {
        let bits = sealed >> (5 * (RECEIPT_CHARACTERS - 1 - place));
        char::from(RECEIPT_ALPHABET[(bits & 31) as usize])
    };
    (0..RECEIPT_CHARACTERS).map(letter).collect()
}

/// The attempt of a receipt as [`receipt`] writes it, if it is one: whoever asks makes that attempt's receipt and compares.
pub fn attempt_of_receipt(key: &[u8; 32], receipt: &str) -> Option<AttemptId> {
    let sealed = receipt.bytes().try_fold(0u64, |bits, letter| {
        let place = RECEIPT_ALPHABET.iter().position(|of_alphabet| *of_alphabet == letter)?;
        Some(bits << 5 & ((1 << 60) - 1) | place as u64)
    })?;
    let block = (1..=RECEIPT_ROUNDS).rev().fold(sealed, |block, round| {
        let (right, mixed) = halves(block);
        (mixed ^ round_bits(key, round, right)) << RECEIPT_HALF_BITS | right
    });
    let attempt = (block >> RECEIPT_PROOF_BITS) as i64;
    (receipt.len() == RECEIPT_CHARACTERS).then_some(AttemptId(attempt))
}

fn halves(block: u64) -> (u64, u64) {
    (block >> RECEIPT_HALF_BITS, block & ((1 << RECEIPT_HALF_BITS) - 1))
}

fn round_bits(key: &[u8; 32], round: u64, half: u64) -> u64 {
    let fields = Fields::tagged("kejing/v2/receipt/round").number(round).number(half);
    first_bits(&keyed_hash(key, &fields), RECEIPT_HALF_BITS)
}

/// The first bits of a hash, as a number.
fn first_bits(hash: &[u8; 32], bits: u32) -> u64 {
    hash[..8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte)) >> (64 - bits)
}

/// What a person typed or dictated, as [`receipt`] writes it; `None` where it cannot be a receipt.
pub fn receipt_as_typed(typed: &str) -> Option<String> {
    // A receipt with every character apart is short; more is not worth reading.
    if typed.chars().count() > RECEIPT_CHARACTERS * 4 {
        return None;
    }
    let mut receipt = String::with_capacity(RECEIPT_CHARACTERS);
    for c in typed.chars() {
        // Input methods leave full-width letters behind.
        let c = match c {
            '！'..='～' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
            _ => c,
        };
        match c.to_ascii_uppercase() {
            c if c.is_whitespace() || matches!(c, '-' | '_' | '.' | '—' | '–' | '·') => {}
            'O' => receipt.push('0'),
            'I' | 'L' => receipt.push('1'),
            c if c.is_ascii() && RECEIPT_ALPHABET.contains(&(c as u8)) => receipt.push(c),
            _ => return None,
        }
    }
    (receipt.len() == RECEIPT_CHARACTERS).then_some(receipt)
}

/// What a hash is taken over: a tag, then fields, each after its length, so that no two inputs share their bytes.
struct Fields(Vec<u8>);

impl Fields {
    fn tagged(tag: &str) -> Fields {
        Fields(Vec::with_capacity(256)).text(tag)
    }

    fn bytes(mut self, bytes: &[u8]) -> Fields {
        self.0.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        self.0.extend_from_slice(bytes);
        self
    }

    fn text(self, text: &str) -> Fields {
        self.bytes(text.as_bytes())
    }

    /// Decimal digits; a yes is 1, a no is 0.
    fn number(self, number: impl Into<u64>) -> Fields {
        self.text(&number.into().to_string())
    }
}

fn keyed_hash(key: &[u8; 32], fields: &Fields) -> [u8; 32] {
    // HMAC fills a short key up with zeros to the hash's block of 64 bytes.
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    mac.update(&fields.0);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rules::Section;

    #[derive(Clone)]
    struct Committed {
        secret: PeriodSecret,
        season: SeasonId,
        round: RoundId,
        number: u32,
        blueprint: Blueprint,
        list: DrawList,
    }

    impl Committed {
        fn commitment(&self) -> Commitment {
            let period = Period { season: &self.season, round: &self.round, number: self.number };
            commitment(&self.secret, period, &self.blueprint, &self.list)
        }
    }

    fn committed() -> Committed {
        let entry = |id: &str| DrawEntry {
            id: QuestionId(id.into()),
            kind: Kind::Single,
            topic: "安全生产".into(),
            difficulty: 2,
            options: 4,
            fixed_order: false,
            index: QuestionIndex(0),
        };
        let section = Section {
            kinds: vec![Kind::Single],
            count: 1,
            points: 5,
            topics: vec!["安全生产".into()],
            difficulties: vec![2],
        };
        Committed {
            secret: PeriodSecret([1; 32]),
            season: SeasonId("guangxi-2026".into()),
            round: RoundId("daily".into()),
            number: 1,
            blueprint: Blueprint { sections: vec![section] },
            list: DrawList { entries: vec![entry("a"), entry("b")] },
        }
    }

    #[test]
    fn a_commitment_changes_with_each_field() {
        let changes: Vec<fn(&mut Committed)> = vec![
            |_| {},
            |c| c.secret.0[31] ^= 1,
            |c| c.season = SeasonId("guangxi-2027".into()),
            |c| c.round = RoundId("final".into()),
            |c| c.number = 2,
            |c| c.blueprint.sections.clear(),
            |c| c.blueprint.sections[0].kinds = vec![Kind::Multiple],
            |c| c.blueprint.sections[0].kinds.clear(),
            |c| c.blueprint.sections[0].count = 2,
            |c| c.blueprint.sections[0].points = 6,
            |c| c.blueprint.sections[0].topics.clear(),
            |c| c.blueprint.sections[0].topics = vec!["安全".into(), "生产".into()],
            |c| c.blueprint.sections[0].difficulties = vec![3],
            |c| c.list.entries.truncate(1),
            |c| c.list.entries.reverse(),
            |c| c.list.entries[0].id = QuestionId("c".into()),
            |c| c.list.entries[0].kind = Kind::TrueFalse,
            |c| c.list.entries[0].topic = "卫生健康".into(),
            |c| c.list.entries[0].difficulty = 1,
            |c| c.list.entries[0].options = 5,
            |c| c.list.entries[0].fixed_order = true,
            // From the end of one field to the beginning of the next.
            |c| (c.season, c.round) = (SeasonId("guangxi-2026d".into()), RoundId("aily".into())),
        ];
        let all: BTreeSet<String> = changes
            .iter()
            .map(|change| {
                let mut changed = committed();
                change(&mut changed);
                changed.commitment().to_string()
            })
            .collect();
        assert_eq!(all.len(), changes.len());

        let mut moved = committed();
        moved.list.entries[0].index = QuestionIndex(9);
        assert_eq!(moved.commitment(), committed().commitment(), "where the bank has a question is not committed to");
    }

    #[test]
    fn a_seed_is_of_one_attempt_alone() {
        let round = RoundId("daily".into());
        let first = seed(&PeriodSecret([1; 32]), "p1", &round, 1);
        assert_eq!(seed(&PeriodSecret([1; 32]), "p1", &round, 1), first);
        assert_ne!(seed(&PeriodSecret([2; 32]), "p1", &round, 1), first);
        assert_ne!(seed(&PeriodSecret([1; 32]), "p2", &round, 1), first);
        assert_ne!(seed(&PeriodSecret([1; 32]), "p1", &RoundId("final".into()), 1), first);
        assert_ne!(seed(&PeriodSecret([1; 32]), "p1", &round, 2), first);
    }

    #[test]
    fn a_secret_is_not_logged() {
        assert_eq!(format!("{:?}", PeriodSecret([7; 32])), "PeriodSecret(***)");
        let secret = PeriodSecret([0xAB; 32]);
        assert_eq!(PeriodSecret::published(&secret.publish()), Ok(secret));
        assert_eq!(PeriodSecret::published("abc"), Err(NotHex));
    }

    #[test]
    fn a_draw_list_is_by_id_and_leaves_out_what_rests() {
        let question = |id: &str| Question {
            id: QuestionId(id.into()),
            kind: Kind::Single,
            topic: "安全生产".into(),
            difficulty: 1,
            stem: "？".into(),
            options: vec!["是".into(), "否".into()],
            key: crate::domain::question::Choices(1),
            fixed_order: true,
            explanation: "。".into(),
            source: "。".into(),
            contributor: None,
            link: None,
            media: None,
        };
        let bank = BankVersion { bank: "kexue".into(), salt: [0; 16], questions: ["c", "a", "b"].map(question).into() };
        let list = DrawList::of(&bank, &BTreeSet::from([QuestionId("a".into())]));
        let told: Vec<_> = list.entries.iter().map(|e| (e.id.as_str(), e.index.0, e.options)).collect();
        assert_eq!(told, [("b", 2, 2), ("c", 0, 2)]);

        let json = serde_json::to_string(&list).unwrap();
        assert!(json.starts_with(
            r#"[{"id":"b","kind":"single","topic":"安全生产","difficulty":1,"options":2,"fixed_order":true}"#
        ));
        let back: DrawList = serde_json::from_str(&json).unwrap();
        assert_eq!(back.entries[1].index, QuestionIndex(1));
        assert!(serde_json::from_str::<DrawList>(&json.replacen("\"options\":2", "\"options\":9", 1)).is_err());
    }

    #[test]
    fn a_receipt_is_found_however_it_is_typed() {
        let receipt = "7KQ2M9TD41XC";
        let ways = ["7kq2m9td41xc", " 7KQ2-M9TD-41XC ", "7KQ2 M9TD 4LXC", "7kq2m9td4ixc", "７ＫＱ２Ｍ９ＴＤ４１ＸＣ"];
        for typed in ways {
            assert_eq!(receipt_as_typed(typed).as_deref(), Some(receipt), "{typed}");
        }
        assert_eq!(receipt_as_typed("OOOOOOOOOOOO").as_deref(), Some("000000000000"));
        for typed in ["", "7KQ2M9TD41X", "7KQ2M9TD41XCC", "7KQ2M9TD41XU", "回执7KQ2M9TD41XC"] {
            assert_eq!(receipt_as_typed(typed), None, "{typed}");
        }
        assert_eq!(receipt_as_typed(&"- ".repeat(100_000)), None);
    }

    #[test]
    fn a_receipt_changes_with_each_fact_and_the_key() {
        let facts = ReceiptFacts {
            attempt: AttemptId(1),
            score: 2,
            correct: 3,
            of: 4,
            elapsed_ms: 5,
            finished_at: Timestamp(6),
        };
        let all = [
            receipt(&[0; 32], &facts),
            receipt(&[1; 32], &facts),
            receipt(&[0; 32], &ReceiptFacts { attempt: AttemptId(9), ..facts }),
            receipt(&[0; 32], &ReceiptFacts { score: 9, ..facts }),
            receipt(&[0; 32], &ReceiptFacts { correct: 9, ..facts }),
            receipt(&[0; 32], &ReceiptFacts { of: 9, ..facts }),
            receipt(&[0; 32], &ReceiptFacts { elapsed_ms: 9, ..facts }),
            receipt(&[0; 32], &ReceiptFacts { finished_at: Timestamp(9), ..facts }),
        ];
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        assert!(all.iter().all(|r| receipt_as_typed(r).as_ref() == Some(r)));
    }

    #[test]
    fn a_receipt_leads_to_its_attempt_with_the_key_alone() {
        let facts = ReceiptFacts {
            attempt: AttemptId(0),
            score: 2,
            correct: 3,
            of: 4,
            elapsed_ms: 5,
            finished_at: Timestamp(6),
        };
        for attempt in [1, 2, 4_730_000, (1 << RECEIPT_ATTEMPT_BITS) - 1].map(AttemptId) {
            let told = receipt(&[7; 32], &ReceiptFacts { attempt, ..facts });
            assert_eq!(attempt_of_receipt(&[7; 32], &told), Some(attempt));
            assert_ne!(attempt_of_receipt(&[8; 32], &told), Some(attempt));
        }
        for no_receipt in ["", "0", "00000000000", "0000000000000", "00000000000U", "回执回执", "ZZZZZZZZZZZZ0"] {
            assert_eq!(attempt_of_receipt(&[7; 32], no_receipt), None, "{no_receipt}");
        }
    }
}
