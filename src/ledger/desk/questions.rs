//! Questions of banks: where each stands, every text it ever had, and what was decided of it.

use super::Act;
use super::SEASON;
use super::banks::small;
use super::banks::state;
use super::body;
use super::link::Link;
use super::link::Row;
use super::link::Value;
use super::link::values;
use crate::domain::draft::Draft;
use crate::domain::ids::QuestionId;
use crate::domain::ids::StaffId;
use crate::domain::question::Kind;
use crate::domain::review::Approval;
use crate::domain::review::Review;
use crate::domain::time::Timestamp;
use crate::ledger::store::LedgerError;
use sqlx::AssertSqlSafe;

/// A question as lists show it: everything but its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuestionHead {
    pub id: QuestionId,
    pub bank: String,
    pub review: Review,
    /// Empty where the person is not there any more.
    pub author_name: String,
    /// The place whose association wrote it.
    pub place: Option<String>,
    /// The last version that holds it.
    pub version: Option<i64>,
    /// Why it was returned or rested last.
    pub reason: Option<String>,
    pub kind: Option<Kind>,
    pub topic: String,
    pub difficulty: Option<u8>,
    pub contributor: Option<String>,
    pub stem: String,
    pub faults: u32,
    pub made_at: Timestamp,
    pub updated_at: Timestamp,
}

impl QuestionHead {
    /// Takes over what lists show of a text.
    pub fn shows(&mut self, draft: &Draft) {
        self.kind = draft.kind;
        self.topic.clone_from(&draft.topic);
        self.difficulty = draft.difficulty;
        self.contributor.clone_from(&draft.contributor);
        self.stem.clone_from(&draft.stem);
        self.faults = u32::try_from(draft.faults().len()).unwrap_or(u32::MAX);
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevisionRow {
    pub n: u32,
    pub at: Timestamp,
    pub by: StaffId,
    pub by_name: String,
    /// `written`, `imported`, `edited`, …
    pub what: String,
}

/// One decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepRow {
    pub revision: u32,
    pub at: Timestamp,
    pub by: StaffId,
    pub by_name: String,
    pub act: String,
    pub reason: String,
}

const HEAD: &str = "select q.id, q.bank, q.state, q.rested_from, q.revision, q.carried, q.version, q.author, s.name as author_name, q.place,
     q.hands, q.approvals, q.reviews, q.reason, q.kind, q.topic, q.difficulty, q.contributor, q.stem, q.faults, q.made_at, q.updated_at
     from question q left join staff s on s.season = q.season and s.id = q.author";

/// What a search looks through.
fn search(id: &QuestionId, draft: &Draft) -> String {
    let mut text = draft.stem.to_lowercase();
    for option in &draft.options {
        text.push('\n');
        text.push_str(&option.to_lowercase());
    }
    text.push('\n');
    text.push_str(&id.as_str().to_lowercase());
    text
}

pub(super) fn heads() -> &'static str {
    HEAD
}

impl Link {
    /// # Errors
    /// The database refuses.
    pub async fn question(&mut self, id: &QuestionId) -> Result<Option<QuestionHead>, LedgerError> {
        let sql = AssertSqlSafe(format!("{HEAD} where q.season = $1 and q.id = $2"));
        self.row(sql, values![SEASON, id.as_str()]).await?.as_ref().map(head).transpose()
    }

    /// A text that the question has or had.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn draft(&mut self, id: &QuestionId, revision: u32) -> Result<Option<Draft>, LedgerError> {
        let sql = "select body from question_revision where season = $1 and question = $2 and n = $3";
        let row = self.row(sql, values![SEASON, id.as_str(), i64::from(revision)]).await?;
        row.map(|row| body::read(&row.text("body")?)).transpose()
    }

    /// The current texts of a bank's questions after `after`, in the order of their ids, at most `limit`.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn drafts_after(
        &mut self,
        bank: &str,
        after: &str,
        limit: i64,
    ) -> Result<Vec<(QuestionHead, Draft)>, LedgerError> {
        let sql = HEAD.replacen(" from question q", ", r.body from question q", 1)
            + " join question_revision r on r.season = q.season and r.question = q.id and r.n = q.revision
               where q.season = $1 and q.bank = $2 and q.id > $3 order by q.id limit $4";
        let rows = self.rows(AssertSqlSafe(sql), values![SEASON, bank, after, limit]).await?;
        rows.iter().map(|row| Ok((head(row)?, body::read(&row.text("body")?)?))).collect()
    }

    /// As [`Link::drafts_after`], the texts alone.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn texts_after(
        &mut self,
        bank: &str,
        after: &str,
        limit: i64,
    ) -> Result<Vec<(QuestionId, Draft)>, LedgerError> {
        let sql =
            "select q.id, r.body from question q join question_revision r on r.season = q.season and r.question = q.id
             and r.n = q.revision where q.season = $1 and q.bank = $2 and q.id > $3 order by q.id limit $4";
        self.rows(sql, values![SEASON, bank, after, limit]).await?.iter().map(text).collect()
    }

    /// The texts that the next version of a bank takes up, in the order of their ids after `after`.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn drafts_of_next_version(
        &mut self,
        bank: &str,
        after: &str,
        limit: i64,
    ) -> Result<Vec<(QuestionId, Draft)>, LedgerError> {
        // As `Review::in_next_version` has it.
        let sql = "select q.id, r.body from question q join question_revision r on r.season = q.season and r.question = q.id
             and r.n = case when q.state in ('approved', 'published') then q.revision when q.state = 'rested' then 0 else q.carried end
             where q.season = $1 and q.bank = $2 and q.id > $3 order by q.id limit $4";
        self.rows(sql, values![SEASON, bank, after, limit]).await?.iter().map(text).collect()
    }

    /// Oldest first.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn revisions(&mut self, id: &QuestionId) -> Result<Vec<RevisionRow>, LedgerError> {
        let sql = "select r.n, r.at, r.by_staff, s.name as by_name, r.what from question_revision r
                   left join staff s on s.season = r.season and s.id = r.by_staff
                   where r.season = $1 and r.question = $2 order by r.n";
        let revision = |row: &Row| {
            Ok(RevisionRow {
                n: small(row.whole("n")?)?,
                at: Timestamp(row.whole("at")?),
                by: StaffId(row.text("by_staff")?),
                by_name: row.maybe_text("by_name")?.unwrap_or_default(),
                what: row.text("what")?,
            })
        };
        self.rows(sql, values![SEASON, id.as_str()]).await?.iter().map(revision).collect()
    }

    /// What was decided, oldest first.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn steps(&mut self, id: &QuestionId) -> Result<Vec<StepRow>, LedgerError> {
        let sql = "select t.revision, t.at, t.by_staff, s.name as by_name, t.act, t.reason from question_step t
                   left join staff s on s.season = t.season and s.id = t.by_staff
                   where t.season = $1 and t.question = $2 order by t.n";
        let step = |row: &Row| {
            Ok(StepRow {
                revision: small(row.whole("revision")?)?,
                at: Timestamp(row.whole("at")?),
                by: StaffId(row.text("by_staff")?),
                by_name: row.maybe_text("by_name")?.unwrap_or_default(),
                act: row.text("act")?,
                reason: row.text("reason")?,
            })
        };
        self.rows(sql, values![SEASON, id.as_str()]).await?.iter().map(step).collect()
    }
}

/// A question with the text of its current revision, on its way into the tables.
pub struct NewQuestion {
    pub head: QuestionHead,
    pub draft: Draft,
    /// `written`, `imported`, …
    pub what: &'static str,
}

impl Act {
    /// # Errors
    /// One of them is there already ([`super::is_duplicate`]), or the database refuses.
    pub async fn insert_questions(&mut self, questions: &[NewQuestion]) -> Result<(), LedgerError> {
        let heads = questions.iter().map(|new| head_values(&new.head, &new.draft));
        self.insert_many(
            "question (season, id, bank, state, rested_from, revision, carried, version, author, place, hands, approvals,
             reviews, reason, kind, topic, difficulty, contributor, stem, search, faults, made_at, updated_at)",
            heads,
        )
        .await?;
        let revisions = questions.iter().map(|NewQuestion { head, draft, what }| {
            let id = head.id.as_str();
            let by = head.review.hands.last().unwrap_or(&head.review.author).as_str();
            let n = i64::from(head.review.revision);
            values![SEASON, id, n, head.updated_at.0, by, *what, body::written(draft)].to_vec()
        });
        self.insert_many("question_revision (season, question, n, at, by_staff, what, body)", revisions).await
    }

    /// Where the question stands.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn update_question(&mut self, head: &QuestionHead) -> Result<(), LedgerError> {
        let sql =
            "update question set state = $3, rested_from = $4, revision = $5, carried = $6, version = $7, hands = $8,
                   approvals = $9, reviews = $10, reason = $11, updated_at = $12
                   where season = $1 and id = $2";
        let review = &head.review;
        let values = values![
            SEASON,
            head.id.as_str(),
            review.state.code(),
            review.rested_from.map(|state| state.code()),
            i64::from(review.revision),
            review.carried.map(i64::from),
            head.version,
            hands(review),
            approvals(review),
            i64::from(review.reviews),
            head.reason.as_deref(),
            head.updated_at.0,
        ];
        self.execute(sql, values).await.map(|_| ())
    }

    /// The question's next text; `head` is as it stands then.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn insert_revision(
        &mut self,
        head: &QuestionHead,
        draft: &Draft,
        by: &StaffId,
        what: &str,
    ) -> Result<(), LedgerError> {
        let sql = "insert into question_revision (season, question, n, at, by_staff, what, body) values ($1, $2, $3, $4, $5, $6, $7)";
        let (id, n, at) = (head.id.as_str(), i64::from(head.review.revision), head.updated_at.0);
        self.execute(sql, values![SEASON, id, n, at, by.as_str(), what, body::written(draft)]).await?;
        let sql = "update question set kind = $3, topic = $4, difficulty = $5, contributor = $6, stem = $7, search = $8, faults = $9
                   where season = $1 and id = $2";
        let values = values![
            SEASON,
            id,
            head.kind.map_or("", Kind::code),
            &head.topic,
            head.difficulty.map_or(0, i64::from),
            head.contributor.as_deref().unwrap_or_default(),
            &head.stem,
            search(&head.id, draft),
            i64::from(head.faults),
        ];
        self.execute(sql, values).await?;
        self.update_question(head).await
    }

    /// # Errors
    /// The database refuses.
    pub async fn insert_step(
        &mut self,
        head: &QuestionHead,
        by: &StaffId,
        act: &str,
        reason: &str,
    ) -> Result<(), LedgerError> {
        let sql = "insert into question_step (season, question, n, revision, at, by_staff, act, reason)
                   select $1, $2, count(*) + 1, $3, $4, $5, $6, $7 from question_step where season = $1 and question = $2";
        let (revision, at) = (i64::from(head.review.revision), head.updated_at.0);
        let values = values![SEASON, head.id.as_str(), revision, at, by.as_str(), act, reason];
        self.execute(sql, values).await.map(|_| ())
    }

    /// # Errors
    /// The database refuses.
    pub async fn delete_question(&mut self, id: &QuestionId) -> Result<(), LedgerError> {
        let sql = "delete from question where season = $1 and id = $2";
        self.execute(sql, values![SEASON, id.as_str()]).await.map(|_| ())
    }

    /// What approved questions and carried ones become once version `n` holds them. As `Review::published` has it.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn questions_published(&mut self, bank: &str, n: i64) -> Result<(), LedgerError> {
        let sql =
            "update question set carried = case when state in ('approved', 'published') then revision else carried end,
                   version = $3, state = case when state = 'approved' then 'published' else state end
                   where season = $1 and bank = $2 and state <> 'rested'
                   and (state in ('approved', 'published') or carried is not null)";
        self.execute(sql, values![SEASON, bank, n]).await?;
        let rested = "update question set carried = null where season = $1 and bank = $2 and state = 'rested'";
        self.execute(rested, values![SEASON, bank]).await.map(|_| ())
    }
}

fn head_values<'v>(head: &'v QuestionHead, draft: &'v Draft) -> Vec<Value<'v>> {
    let review = &head.review;
    values![
        SEASON,
        head.id.as_str(),
        &head.bank,
        review.state.code(),
        review.rested_from.map(|state| state.code()),
        i64::from(review.revision),
        review.carried.map(i64::from),
        head.version,
        review.author.as_str(),
        head.place.as_deref(),
        hands(review),
        approvals(review),
        i64::from(review.reviews),
        head.reason.as_deref(),
        head.kind.map_or("", Kind::code),
        &head.topic,
        head.difficulty.map_or(0, i64::from),
        head.contributor.as_deref().unwrap_or_default(),
        &head.stem,
        search(&head.id, draft),
        i64::from(head.faults),
        head.made_at.0,
        head.updated_at.0,
    ]
    .to_vec()
}

fn hands(review: &Review) -> String {
    serde_json::to_string(&review.hands).unwrap_or_default()
}

fn approvals(review: &Review) -> String {
    let pairs: Vec<(&StaffId, Timestamp)> = review.approvals.iter().map(|given| (&given.by, given.at)).collect();
    serde_json::to_string(&pairs).unwrap_or_default()
}

fn text(row: &Row) -> Result<(QuestionId, Draft), LedgerError> {
    Ok((QuestionId(row.text("id")?), body::read(&row.text("body")?)?))
}

pub(super) fn head(row: &Row) -> Result<QuestionHead, LedgerError> {
    let approvals: Vec<(StaffId, Timestamp)> =
        serde_json::from_str(&row.text("approvals")?).map_err(body::unreadable)?;
    let review = Review {
        state: state(&row.text("state")?)?,
        revision: small(row.whole("revision")?)?,
        author: StaffId(row.text("author")?),
        hands: serde_json::from_str(&row.text("hands")?).map_err(body::unreadable)?,
        approvals: approvals.into_iter().map(|(by, at)| Approval { by, at }).collect(),
        reviews: small(row.whole("reviews")?)?,
        carried: row.maybe_whole("carried")?.map(small).transpose()?,
        rested_from: row.maybe_text("rested_from")?.map(|code| state(&code)).transpose()?,
    };
    let said = |text: String| Some(text).filter(|text| !text.is_empty());
    Ok(QuestionHead {
        id: QuestionId(row.text("id")?),
        bank: row.text("bank")?,
        review,
        author_name: row.maybe_text("author_name")?.unwrap_or_default(),
        place: row.maybe_text("place")?,
        version: row.maybe_whole("version")?,
        reason: row.maybe_text("reason")?,
        kind: Kind::of_code(&row.text("kind")?),
        topic: row.text("topic")?,
        difficulty: Some(row.whole("difficulty")?).filter(|&d| d != 0).map(small).transpose()?,
        contributor: said(row.text("contributor")?),
        stem: row.text("stem")?,
        faults: small(row.whole("faults")?)?,
        made_at: Timestamp(row.whole("made_at")?),
        updated_at: Timestamp(row.whole("updated_at")?),
    })
}
