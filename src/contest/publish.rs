//! Acts of the desk on banks in mid-season: a version is published, a question rests or is drawn again. Each opens new draw
//! periods for the rounds that it concerns; attempts under way keep their papers.

use crate::contest::banks::Banks;
use crate::contest::banks::ShortSection;
use crate::contest::clock::chance;
use crate::contest::core::Contest;
use crate::domain::bank::BankVersion;
use crate::domain::faults::QuestionFault;
use crate::domain::faults::faults_of;
use crate::domain::ids::QuestionId;
use crate::domain::question::Question;
use crate::domain::time::Timestamp;
use crate::ledger::entry::Deed;
use crate::ledger::entry::Entry;
use crate::ledger::entry::Note;
use crate::ledger::store::LedgerError;

/// A reason and a name are at most so many characters; longer ones are refused.
pub const REASON_MAX: usize = 500;

/// Why an act of the desk was not done; nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ActRefusal {
    #[error("没有题库「{0}」")]
    UnknownBank(String),
    #[error("题库里没有题目 {0}")]
    UnknownQuestion(QuestionId),
    #[error("题目还有 {} 处毛病，不能发布", .0.len())]
    Faulty(Vec<QuestionFault>),
    #[error("和现在用的版本完全一样，不用发布")]
    SameAsNow,
    #[error("题目 {0} 已经停用")]
    RestsAlready(QuestionId),
    #[error("题目 {0} 没有停用")]
    DoesNotRest(QuestionId),
    #[error("这样就抽不出试卷了：{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("；"))]
    Short(Vec<ShortSection>),
    #[error("请写明原因和经办人，各不超过 {REASON_MAX} 字")]
    NoReason,
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// What was published, for the desk's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedBank {
    pub digest: String,
    pub at: Timestamp,
}

impl Contest {
    /// Publishes a version of one of the season's banks: papers from here on are drawn from it, and it is compared with the
    /// bank's files no more. Questions that rest stay at rest.
    ///
    /// # Errors
    /// Why not; or the lane has stopped.
    pub async fn publish_bank(
        &self,
        bank: &str,
        questions: Vec<Question>,
        deed: Deed,
    ) -> Result<PublishedBank, ActRefusal> {
        let deed = said(deed)?;
        let faults = faults_of(&questions);
        if !faults.is_empty() {
            return Err(ActRefusal::Faulty(faults));
        }
        let _alone = self.desk_acts.lock().await;
        let version = BankVersion::new(bank, chance(), questions);
        let known = self.banks().of_id(bank).map(|known| known.version.questions == version.questions);
        if known.ok_or_else(|| ActRefusal::UnknownBank(bank.to_owned()))? {
            return Err(ActRefusal::SameAsNow);
        }
        let (canonical, digest) = (version.to_canonical(), version.digest().to_string());
        let at = self.act_on_banks(Note::Bank { canonical, digest: digest.clone(), published: Some(deed) }).await?;
        tracing::info!(bank, "a bank version was published");
        Ok(PublishedBank { digest, at })
    }

    /// 停用: no paper that is started once this has returned draws the question.
    ///
    /// # Errors
    /// Why not, above all a paper that could no longer be drawn; or the lane has stopped.
    pub async fn rest_question(&self, bank: &str, question: &QuestionId, deed: Deed) -> Result<Timestamp, ActRefusal> {
        self.set_rest(bank, question, true, deed).await
    }

    /// 恢复: papers draw the question again.
    ///
    /// # Errors
    /// Why not; or the lane has stopped.
    pub async fn wake_question(&self, bank: &str, question: &QuestionId, deed: Deed) -> Result<Timestamp, ActRefusal> {
        self.set_rest(bank, question, false, deed).await
    }

    async fn set_rest(
        &self,
        bank: &str,
        question: &QuestionId,
        rests: bool,
        deed: Deed,
    ) -> Result<Timestamp, ActRefusal> {
        let deed = said(deed)?;
        let _alone = self.desk_acts.lock().await;
        let known = self.banks().of_id(bank).map(|bank| (bank.version.index_of(question), bank.rests(question)));
        match known {
            None => return Err(ActRefusal::UnknownBank(bank.to_owned())),
            // A question that rests may have left the bank, and may still be woken.
            Some((None, false)) => return Err(ActRefusal::UnknownQuestion(question.clone())),
            Some((_, true)) if rests => return Err(ActRefusal::RestsAlready(question.clone())),
            Some((_, false)) if !rests => return Err(ActRefusal::DoesNotRest(question.clone())),
            Some(_) => {}
        }
        let note = Note::Rested { bank: bank.to_owned(), question: question.clone(), rests, deed };
        let at = self.act_on_banks(note).await?;
        tracing::info!(bank, %question, rests, "a question rests or is woken");
        Ok(at)
    }

    /// Commits a note of banks under which every paper can still be drawn, and opens the periods that follow from it.
    async fn act_on_banks(&self, note: Note) -> Result<Timestamp, ActRefusal> {
        let now = self.now();
        let mut after: Banks = self.banks().clone();
        after.take(&note).map_err(|error| LedgerError::Unreadable { n: 0, what: error.to_string() })?;
        let short = after.short_rounds(&self.season, |round| self.closes_by(round, now) <= now);
        if !short.is_empty() {
            return Err(ActRefusal::Short(short));
        }
        // No period is opened in between under what the act has changed.
        let _alone = self.opening_periods.lock().await;
        self.lane.append(Entry::Noted { at: now, note: Box::new(note) }).await?;
        // From the moment at which the act is in force, not from that at which it was asked for.
        self.open_wanted_periods(self.now()).await?;
        Ok(now)
    }
}

/// # Errors
/// No reason or nobody's name, or too much of either.
pub(crate) fn said(deed: Deed) -> Result<Deed, ActRefusal> {
    let said = |text: &str| {
        let text = text.trim();
        (1..=REASON_MAX).contains(&text.chars().count()).then(|| text.to_owned())
    };
    match (said(&deed.by), said(&deed.reason)) {
        (Some(by), Some(reason)) => Ok(Deed { by, reason }),
        _ => Err(ActRefusal::NoReason),
    }
}
