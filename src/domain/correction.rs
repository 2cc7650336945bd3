//! 更正: what the organisers decide about a question that was wrong, and how its answers are judged from then on. What each
//! remedy does stands in docs/corrections.md, with examples.

use crate::domain::ids::QuestionIndex;
use crate::domain::question::Choices;
use crate::domain::question::Kind;
use crate::domain::question::Question;
use serde::Deserialize;
use serde::Serialize;

/// At most so many answers are accepted for one question; more is refused.
pub const ACCEPTED_MAX: usize = 16;

/// What is decided about a question. The last decision stands; [`Remedy::Annul`] alone keeps the one before it beneath, since
/// nobody loses by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Remedy {
    /// 改正答案: this answer is right, and no other. By the bank's order of options.
    NewKey { key: Choices },
    /// 多个答案均算对: each of these answers is right.
    Accept { accepted: Vec<Choices> },
    /// 送分: whoever had the question has answered it right, whatever they chose.
    AllPoints,
    /// 作废并折算: the rest of the paper stands for the whole, where that is better for the participant.
    Annul,
    /// 恢复原判: as the bank has it.
    AsPublished,
}

/// Why a remedy does not fit its question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RemedyFault {
    #[error("没有写出正确的选项")]
    NoOption,
    #[error("选项超出了这道题的范围")]
    NoSuchOption,
    #[error("单选题和判断题的一个答案只能是一个选项；要认可几个选项，请选“多个答案均算对”")]
    OneOptionOnly,
    #[error("认可的答案要有 1 到 {ACCEPTED_MAX} 个，不能重复")]
    Accepted,
}

impl Remedy {
    /// For programs.
    pub fn code(&self) -> &'static str {
        match self {
            Remedy::NewKey { .. } => "new_key",
            Remedy::Accept { .. } => "accept",
            Remedy::AllPoints => "all_points",
            Remedy::Annul => "annul",
            Remedy::AsPublished => "as_published",
        }
    }

    /// For people.
    pub fn name(&self) -> &'static str {
        match self {
            Remedy::NewKey { .. } => "改正答案",
            Remedy::Accept { .. } => "多个答案均算对",
            Remedy::AllPoints => "这道题人人得分",
            Remedy::Annul => "这道题作废，按其余各题折算",
            Remedy::AsPublished => "恢复原来的评分",
        }
    }

    /// # Errors
    /// What does not fit the question.
    pub fn check(&self, question: &Question) -> Result<(), RemedyFault> {
        match self {
            Remedy::NewKey { key } => fits(question, *key),
            Remedy::Accept { accepted } => {
                let twice = (1..accepted.len()).any(|i| accepted[..i].contains(&accepted[i]));
                if accepted.is_empty() || accepted.len() > ACCEPTED_MAX || twice {
                    return Err(RemedyFault::Accepted);
                }
                accepted.iter().try_for_each(|answer| fits(question, *answer))
            }
            Remedy::AllPoints | Remedy::Annul | Remedy::AsPublished => Ok(()),
        }
    }
}

fn fits(question: &Question, answer: Choices) -> Result<(), RemedyFault> {
    if answer.is_empty() {
        return Err(RemedyFault::NoOption);
    }
    if answer.places().any(|place| place >= question.options.len()) {
        return Err(RemedyFault::NoSuchOption);
    }
    match question.kind {
        Kind::Multiple => Ok(()),
        Kind::TrueFalse | Kind::Single if answer.count() == 1 => Ok(()),
        Kind::TrueFalse | Kind::Single => Err(RemedyFault::OneOptionOnly),
    }
}

/// How the answers to one question are judged in the place of its published key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judging {
    right: Right,
    annulled: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Right {
    #[default]
    AsPublished,
    Key(Choices),
    Several(Vec<Choices>),
    Anything,
}

impl Judging {
    /// After one more decision.
    pub fn after(&self, remedy: &Remedy) -> Judging {
        let right = match remedy {
            Remedy::NewKey { key } => Right::Key(*key),
            Remedy::Accept { accepted } => Right::Several(accepted.clone()),
            Remedy::AllPoints => Right::Anything,
            Remedy::Annul => return Judging { right: self.right.clone(), annulled: true },
            Remedy::AsPublished => Right::AsPublished,
        };
        Judging { right, annulled: false }
    }

    /// The answers that are right, given the published one; empty: every one is.
    pub fn right_answers<'a>(&'a self, published: &'a Choices) -> &'a [Choices] {
        match &self.right {
            Right::AsPublished => std::slice::from_ref(published),
            Right::Key(key) => std::slice::from_ref(key),
            Right::Several(accepted) => accepted,
            Right::Anything => &[],
        }
    }

    pub fn is_annulled(&self) -> bool {
        self.annulled
    }

    /// The options that are told as the key: of several single options all, of several sets the first.
    pub fn key_told(&self, question: &Question) -> Choices {
        match &self.right {
            Right::AsPublished | Right::Anything => question.key,
            Right::Key(key) => *key,
            Right::Several(accepted) if question.kind == Kind::Multiple => {
                accepted.first().copied().unwrap_or(question.key)
            }
            Right::Several(accepted) => Choices(accepted.iter().fold(0, |all, answer| all | answer.0)),
        }
    }

    /// Every accepted answer, where there are several.
    pub fn accepted(&self) -> &[Choices] {
        match &self.right {
            Right::Several(accepted) => accepted,
            Right::AsPublished | Right::Key(_) | Right::Anything => &[],
        }
    }
}

/// What the corrections have made of one bank version's keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MarkScheme {
    /// Which of the season's corrections, from 1, was the last to concern the version; 0: none has.
    pub edition: u16,
    /// Of the corrected questions; few.
    judgings: Vec<(QuestionIndex, Judging)>,
}

/// Every key as it was published.
pub static PUBLISHED: MarkScheme = MarkScheme { edition: 0, judgings: Vec::new() };

impl MarkScheme {
    /// `None`: by the published key.
    pub fn judging(&self, question: QuestionIndex) -> Option<&Judging> {
        self.judgings.iter().find(|(index, _)| *index == question).map(|(_, judging)| judging)
    }

    /// Every key is as it was published.
    pub fn is_plain(&self) -> bool {
        self.judgings.is_empty()
    }

    /// Whether any of these questions is judged otherwise than by its published key.
    pub fn concerns(&self, questions: &[QuestionIndex]) -> bool {
        self.judgings.iter().any(|(index, _)| questions.contains(index))
    }

    /// The scheme after correction `edition`.
    #[must_use]
    pub fn after(&self, edition: u16, question: QuestionIndex, remedy: &Remedy) -> MarkScheme {
        let mut scheme = MarkScheme { edition, judgings: self.judgings.clone() };
        let judging = self.judging(question).cloned().unwrap_or_default().after(remedy);
        scheme.judgings.retain(|(index, _)| *index != question);
        if judging != Judging::default() {
            scheme.judgings.push((question, judging));
        }
        scheme
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const Q: QuestionIndex = QuestionIndex(3);

    #[test]
    fn the_last_decision_stands_and_annulling_keeps_the_one_before() {
        let key = Remedy::NewKey { key: Choices(0b10) };
        let published = Choices(0b01);
        let annulled = PUBLISHED.after(1, Q, &key).after(2, Q, &Remedy::Annul);
        let judging = annulled.judging(Q).unwrap();
        assert!(judging.is_annulled());
        assert_eq!(judging.right_answers(&published), [Choices(0b10)]);
        let all = annulled.after(3, Q, &Remedy::AllPoints);
        assert!(!all.judging(Q).unwrap().is_annulled());
        let undone = all.after(4, Q, &Remedy::AsPublished);
        assert!(undone.is_plain());
        assert_eq!(undone.edition, 4);
    }

    #[test]
    fn a_decision_keeps_its_form_in_the_ledger() {
        let forms = [
            (Remedy::NewKey { key: Choices(2) }, r#"{"kind":"new_key","key":2}"#),
            (Remedy::Accept { accepted: vec![Choices(1), Choices(2)] }, r#"{"kind":"accept","accepted":[1,2]}"#),
            (Remedy::AllPoints, r#"{"kind":"all_points"}"#),
            (Remedy::Annul, r#"{"kind":"annul"}"#),
            (Remedy::AsPublished, r#"{"kind":"as_published"}"#),
        ];
        for (remedy, form) in forms {
            assert_eq!(serde_json::to_string(&remedy).unwrap(), form);
            assert_eq!(serde_json::from_str::<Remedy>(form).unwrap(), remedy);
        }
    }
}
