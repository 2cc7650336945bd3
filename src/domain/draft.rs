//! A question that is being written: what is missing may still be missing.

use crate::domain::faults::Part;
use crate::domain::faults::QuestionFault;
use crate::domain::faults::faults_of;
use crate::domain::ids::QuestionId;
use crate::domain::question::Choices;
use crate::domain::question::Kind;
use crate::domain::question::Media;
use crate::domain::question::Question;

/// Deliberately not `Serialize`, as a [`Question`] is not: it holds a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    pub kind: Option<Kind>,
    pub topic: String,
    /// 1 easy, 2 medium, 3 hard.
    pub difficulty: Option<u8>,
    pub stem: String,
    /// Of true/false they may be left out.
    pub options: Vec<String>,
    /// By the order of `options`; of true/false 0 stands for 正确, 1 for 错误.
    pub key: Choices,
    pub fixed_order: bool,
    pub explanation: String,
    pub source: String,
    pub contributor: Option<String>,
    pub link: Option<String>,
    pub media: Option<Media>,
}

impl Draft {
    pub fn of(question: Question) -> Draft {
        Draft {
            kind: Some(question.kind),
            topic: question.topic,
            difficulty: Some(question.difficulty),
            stem: question.stem,
            options: question.options,
            key: question.key,
            fixed_order: question.fixed_order,
            explanation: question.explanation,
            source: question.source,
            contributor: question.contributor,
            link: question.link,
            media: question.media,
        }
    }

    /// Everything that stands between the draft and a question of a bank.
    pub fn faults(&self) -> Vec<QuestionFault> {
        let (question, missing) = self.filled(QuestionId("draft".to_owned()));
        let told = |part| missing.iter().any(|fault: &QuestionFault| fault.part == part);
        let mut faults: Vec<QuestionFault> = faults_of(std::slice::from_ref(&question));
        // What hangs on a kind that nobody has chosen yet says nothing.
        faults.retain(|fault| {
            !(told(fault.part) || self.kind.is_none() && matches!(fault.part, Part::Options | Part::Key))
        });
        missing.into_iter().chain(faults).collect()
    }

    /// # Errors
    /// See [`Draft::faults`].
    pub fn finish(self, id: QuestionId) -> Result<Question, Vec<QuestionFault>> {
        match self.faults() {
            faults if faults.is_empty() => Ok(self.filled(id).0),
            faults => Err(faults),
        }
    }

    fn filled(&self, id: QuestionId) -> (Question, Vec<QuestionFault>) {
        let mut missing = Vec::new();
        let mut miss = |part, code, message: &str| {
            missing.push(QuestionFault { question: 0, part, code, message: message.to_owned(), other: None });
        };
        if self.kind.is_none() {
            miss(Part::Kind, "missing_kind", "还没有选定题型");
        }
        if self.difficulty.is_none() {
            miss(Part::Difficulty, "missing_difficulty", "还没有选定难度");
        }
        let draft = self.clone();
        let kind = draft.kind.unwrap_or(Kind::Single);
        let options = match kind {
            Kind::TrueFalse if draft.options.is_empty() => vec![Question::TRUE.to_owned(), Question::FALSE.to_owned()],
            _ => draft.options,
        };
        let question = Question {
            id,
            kind,
            topic: draft.topic,
            difficulty: draft.difficulty.unwrap_or(1),
            stem: draft.stem,
            options,
            key: draft.key,
            fixed_order: draft.fixed_order,
            explanation: draft.explanation,
            source: draft.source,
            contributor: draft.contributor,
            link: draft.link,
            media: draft.media,
        };
        (question, missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        Draft {
            kind: Some(Kind::TrueFalse),
            topic: "卫生健康".into(),
            difficulty: Some(1),
            stem: "洗手能减少肠道传染病。".into(),
            key: Choices(1),
            explanation: "手上的病原体会随食物入口。".into(),
            source: "中国疾病预防控制中心".into(),
            ..Draft::default()
        }
    }

    #[test]
    fn a_whole_draft_becomes_a_question_and_comes_back() {
        let question = draft().finish(QuestionId("q".into())).unwrap();
        assert_eq!(question.options, [Question::TRUE, Question::FALSE]);
        let again = Draft::of(question.clone());
        assert_eq!(again.finish(QuestionId("q".into())), Ok(question));
    }

    #[test]
    fn what_is_missing_is_told_once_and_what_hangs_on_it_not_at_all() {
        let told = |draft: Draft| draft.faults().into_iter().map(|f| (f.part, f.code)).collect::<Vec<_>>();
        assert_eq!(told(Draft { kind: None, ..draft() }), [(Part::Kind, "missing_kind")]);
        assert_eq!(told(Draft { difficulty: None, ..draft() }), [(Part::Difficulty, "missing_difficulty")]);
        assert_eq!(told(Draft { source: String::new(), ..draft() }), [(Part::Source, "empty")]);
        assert!(told(Draft::default()).len() > 3);
    }
}
