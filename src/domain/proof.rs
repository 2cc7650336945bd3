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
