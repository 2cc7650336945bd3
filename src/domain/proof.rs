//! 核对: with a published secret anyone draws any paper again and sees whether the server kept to its commitment.

use crate::domain::fairness;
use crate::domain::fairness::Commitment;
use crate::domain::fairness::DrawList;
use crate::domain::fairness::Period;
use crate::domain::fairness::PeriodSecret;
use crate::domain::fairness::Seed;
use crate::domain::ids::QuestionId;
use crate::domain::ids::RoundId;
use crate::domain::ids::SeasonId;
use crate::domain::paper::Order;
use crate::domain::paper::Paper;
use crate::domain::rules::Blueprint;
use crate::domain::time::Timestamp;
use serde::Deserialize;
use serde::Serialize;

/// What `GET /rounds/{id}/proof` tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    pub season: SeasonId,
    pub round: RoundId,
    pub commitments: Vec<PeriodProof>,
    /// Of every period that does not tell its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draw_list: Option<DrawList>,
    /// Of every period that does not tell its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blueprint: Option<Blueprint>,
    /// Of the periods whose last attempt has ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<PublishedSecret>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeriodProof {
    pub period: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
    pub commitment: Commitment,
    pub algorithm: u32,
    /// Where it differs from the proof's: a question was taken out in mid-round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draw_list: Option<DrawList>,
    /// Where it differs from the proof's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blueprint: Option<Blueprint>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedSecret {
    pub period: u32,
    /// 64 hexadecimal digits.
    pub secret: String,
}

/// A paper as the proof's secret draws it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerifiedPaper {
    pub period: u32,
    pub commitment: Commitment,
    pub seed: Seed,
    pub questions: Vec<VerifiedQuestion>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerifiedQuestion {
    pub id: QuestionId,
    /// The bank's place of each option, in the order shown.
    pub order: Vec<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofFault {
    #[error("这份公示里没有第 {0} 期")]
    UnknownPeriod(u32),
    #[error("第 {0} 期的密钥还没有公布：要等这一期的最后一份答卷结束")]
    NotPublished(u32),
    #[error("第 {period} 期用的是第 {algorithm} 版抽题办法，本程序只懂第 {} 版", fairness::ALGORITHM)]
    UnknownAlgorithm { period: u32, algorithm: u32 },
    #[error("公示里缺少抽题清单或者试卷结构")]
    Incomplete,
    #[error("第 {0} 期公布的密钥不是 64 位十六进制数字")]
    NotASecret(u32),
    #[error("第 {period} 期对不上：事先公布的承诺是 {told}，由密钥和抽题清单算出来的是 {found}")]
    Differs { period: u32, told: Commitment, found: Commitment },
}

impl Proof {
    /// The periods whose papers can be drawn again, in order.
    pub fn published(&self) -> impl Iterator<Item = u32> {
        let published = |period: &u32| self.secrets.iter().any(|s| s.period == *period);
        self.commitments.iter().map(|c| c.period).filter(published)
    }

    /// The paper of a participant's `attempt`-th attempt in the round, if it was started in this period.
    ///
    /// # Errors
    /// What is missing from the proof, or does not agree with its commitment.
    pub fn verify(&self, period: u32, participant: &str, attempt: u32) -> Result<VerifiedPaper, ProofFault> {
        let told = self.commitments.iter().find(|c| c.period == period).ok_or(ProofFault::UnknownPeriod(period))?;
        if told.algorithm != fairness::ALGORITHM {
            return Err(ProofFault::UnknownAlgorithm { period, algorithm: told.algorithm });
        }
        let secret = self.secrets.iter().find(|s| s.period == period).ok_or(ProofFault::NotPublished(period))?;
        let secret = PeriodSecret::published(&secret.secret).map_err(|_| ProofFault::NotASecret(period))?;
        let list = told.draw_list.as_ref().or(self.draw_list.as_ref()).ok_or(ProofFault::Incomplete)?;
        let blueprint = told.blueprint.as_ref().or(self.blueprint.as_ref()).ok_or(ProofFault::Incomplete)?;

        let named = Period { season: &self.season, round: &self.round, number: period };
        let found = fairness::commitment(&secret, named, blueprint, list);
        if found != told.commitment {
            return Err(ProofFault::Differs { period, told: told.commitment, found });
        }
        let seed = fairness::seed(&secret, participant, &self.round, attempt);
        Ok(VerifiedPaper { period, commitment: found, seed, questions: questions(list, blueprint, &seed) })
    }
}

fn questions(list: &DrawList, blueprint: &Blueprint, seed: &Seed) -> Vec<VerifiedQuestion> {
    let paper = Paper::draw(list, blueprint, seed);
    let mut questions = Vec::with_capacity(paper.questions().len());
    for (seq, index) in (1..).zip(paper.questions()) {
        // An entry's index is wherever its bank has it; of a published list, its place.
        if let Some(entry) = list.entries.iter().find(|e| e.index == *index) {
            let order = Order::of_entry(seed, seq, entry).places().collect();
            questions.push(VerifiedQuestion { id: entry.id.clone(), order });
        }
    }
    questions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fairness::ReceiptFacts;
    use crate::domain::fairness::receipt;
    use crate::domain::ids::AttemptId;

    /// Made by tests/vectors/fairness.py, which knows docs/fairness.md and none of this code.
    const VECTORS: &str = include_str!("../../tests/vectors/fairness.json");

    #[derive(Deserialize)]
    struct Vectors {
        algorithm: u32,
        periods: Vec<PeriodVector>,
        receipt_key: String,
        receipts: Vec<ReceiptVector>,
    }

    #[derive(Deserialize)]
    struct PeriodVector {
        name: String,
        season: SeasonId,
        round: RoundId,
        period: u32,
        secret: String,
        commitment: Commitment,
        blueprint: Blueprint,
        draw_list: DrawList,
        papers: Vec<PaperVector>,
    }

    #[derive(Deserialize)]
    struct PaperVector {
        participant: String,
        attempt: u32,
        seed: Seed,
        paper: Vec<QuestionId>,
        orders: Vec<Vec<usize>>,
    }

    #[derive(Deserialize)]
    struct ReceiptVector {
        attempt: i64,
        score: u64,
        correct: u32,
        of: u32,
        elapsed_ms: u64,
        finished_at: i64,
        receipt: String,
    }

    fn vectors() -> Vectors {
        serde_json::from_str(VECTORS).unwrap()
    }

    impl PeriodVector {
        fn proof(&self) -> Proof {
            let commitment = PeriodProof {
                period: self.period,
                from: None,
                to: None,
                commitment: self.commitment,
                algorithm: fairness::ALGORITHM,
                draw_list: None,
                blueprint: None,
            };
            Proof {
                season: self.season.clone(),
                round: self.round.clone(),
                commitments: vec![commitment],
                draw_list: Some(self.draw_list.clone()),
                blueprint: Some(self.blueprint.clone()),
                secrets: vec![PublishedSecret { period: self.period, secret: self.secret.clone() }],
            }
        }
    }

    #[test]
    fn the_same_seed_draws_the_same_paper_for_ever() {
        let vectors = vectors();
        assert_eq!(vectors.algorithm, fairness::ALGORITHM);
        for period in vectors.periods {
            let proof = period.proof();
            assert!(proof.published().eq([period.period]));
            for expected in &period.papers {
                let found = proof.verify(period.period, &expected.participant, expected.attempt).unwrap();
                assert_eq!(found.seed, expected.seed, "{}", period.name);
                let (ids, orders): (Vec<_>, Vec<_>) = found.questions.into_iter().map(|q| (q.id, q.order)).unzip();
                assert_eq!(ids, expected.paper, "{}", period.name);
                assert_eq!(orders, expected.orders, "{}", period.name);
            }
        }
    }

    #[test]
    fn the_same_result_has_the_same_receipt_for_ever() {
        let vectors = vectors();
        let key = PeriodSecret::published(&vectors.receipt_key).unwrap().0;
        for v in vectors.receipts {
            let facts = ReceiptFacts {
                attempt: AttemptId(v.attempt),
                score: v.score,
                correct: v.correct,
                of: v.of,
                elapsed_ms: v.elapsed_ms,
                finished_at: Timestamp(v.finished_at),
            };
            assert_eq!(receipt(&key, &facts), v.receipt);
        }
    }

    #[test]
    fn a_proof_that_was_tampered_with_is_found_out() {
        let honest = vectors().periods[0].proof();
        let changes: [fn(&mut Proof); 4] = [
            |p| p.draw_list.as_mut().unwrap().entries.swap(0, 1),
            |p| p.blueprint.as_mut().unwrap().sections[0].count = 9,
            |p| p.secrets[0].secret = "00".repeat(32),
            |p| p.season = SeasonId("another".into()),
        ];
        for change in changes {
            let mut proof = honest.clone();
            change(&mut proof);
            assert!(matches!(proof.verify(0, "p", 1), Err(ProofFault::Differs { .. })));
        }
    }

    #[test]
    fn what_a_proof_lacks_is_told() {
        let check = |period, change: fn(&mut Proof), expected| {
            let mut proof = vectors().periods[0].proof();
            change(&mut proof);
            assert_eq!(proof.verify(period, "p", 1), Err(expected));
        };
        check(7, |_| {}, ProofFault::UnknownPeriod(7));
        check(0, |p| p.secrets.clear(), ProofFault::NotPublished(0));
        check(0, |p| p.secrets[0].secret.push('0'), ProofFault::NotASecret(0));
        check(0, |p| p.draw_list = None, ProofFault::Incomplete);
        check(0, |p| p.commitments[0].algorithm = 2, ProofFault::UnknownAlgorithm { period: 0, algorithm: 2 });
    }

    #[test]
    fn a_period_may_have_a_draw_list_of_its_own() {
        let mut proof = vectors().periods[0].proof();
        let honest = proof.verify(0, "p", 1).unwrap();
        proof.commitments[0].draw_list = proof.draw_list.take();
        proof.draw_list = Some(DrawList { entries: vec![] });
        assert_eq!(proof.verify(0, "p", 1), Ok(honest));
    }

    #[test]
    fn a_proof_survives_its_json() {
        let proof = vectors().periods[1].proof();
        let json = serde_json::to_string(&proof).unwrap();
        assert_eq!(serde_json::from_str::<Proof>(&json).unwrap(), proof);
    }
}
