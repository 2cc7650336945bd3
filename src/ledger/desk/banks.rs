//! Banks with their counts, their published versions, and the pictures of questions.

use super::Act;
use super::SEASON;
use super::body;
use super::link::Link;
use super::link::Row;
use super::link::values;
use super::listing::QuestionFilter;
use crate::domain::ids::StaffId;
use crate::domain::review::State;
use crate::domain::time::Timestamp;
use crate::domain::wording::Wording;
use crate::ledger::store::LedgerError;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankRow {
    pub id: String,
    pub name: String,
    /// How many reviews a question takes that is submitted from now on.
    pub reviews: u8,
    pub wording: Wording,
    pub made_at: Timestamp,
}

/// A published version without its questions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionRow {
    pub n: i64,
    pub at: Timestamp,
    pub by: StaffId,
    pub by_name: String,
    pub reason: String,
    pub digest: String,
    pub questions: i64,
    pub added: i64,
    pub changed: i64,
    pub removed: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PictureRow {
    /// The digest of its bytes, and what kind it is: `….webp`.
    pub id: String,
    /// `image/webp`, …
    pub kind: String,
    pub width: u32,
    pub height: u32,
    pub bytes: Vec<u8>,
}

const BANK: &str = "select id, name, reviews, wording, made_at from bank";
const VERSION: &str =
    "select v.n, v.at, v.by_staff, s.name as by_name, v.reason, v.digest, v.questions, v.added, v.changed, v.removed
     from bank_version v left join staff s on s.season = v.season and s.id = v.by_staff";

impl Link {
    /// In the order in which they were made.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn banks(&mut self) -> Result<Vec<BankRow>, LedgerError> {
        let sql = sqlx::AssertSqlSafe(format!("{BANK} where season = $1 order by made_at, id"));
        self.rows(sql, values![SEASON]).await?.iter().map(bank).collect()
    }

    /// # Errors
    /// The database refuses.
    pub async fn bank(&mut self, id: &str) -> Result<Option<BankRow>, LedgerError> {
        let sql = sqlx::AssertSqlSafe(format!("{BANK} where season = $1 and id = $2"));
        self.row(sql, values![SEASON, id]).await?.as_ref().map(bank).transpose()
    }

    /// How many questions are in each state; of these places' alone where some are named.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn states_of(&mut self, bank: &str, places: Option<&[String]>) -> Result<Vec<(State, i64)>, LedgerError> {
        let filter = QuestionFilter { places: places.map(<[String]>::to_vec), ..QuestionFilter::default() };
        let facets = self.facets(Some(bank), &filter).await?;
        facets.state.iter().map(|(code, questions)| Ok((state(code)?, *questions))).collect()
    }

    /// Newest first.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn versions(&mut self, bank: &str, limit: i64) -> Result<Vec<VersionRow>, LedgerError> {
        let sql = format!("{VERSION} where v.season = $1 and v.bank = $2 order by v.n desc limit $3");
        self.rows(sqlx::AssertSqlSafe(sql), values![SEASON, bank, limit]).await?.iter().map(version).collect()
    }

    /// A version's questions with its salt, in the form that the ledger takes.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn version_canonical(&mut self, bank: &str, n: i64) -> Result<Option<String>, LedgerError> {
        let sql = "select canonical from bank_version where season = $1 and bank = $2 and n = $3";
        self.row(sql, values![SEASON, bank, n]).await?.map(|row| row.text("canonical")).transpose()
    }

    /// # Errors
    /// The database refuses.
    pub async fn picture(&mut self, id: &str) -> Result<Option<PictureRow>, LedgerError> {
        let sql = "select id, kind, width, height, bytes from picture where season = $1 and id = $2";
        let row = self.row(sql, values![SEASON, id]).await?;
        let picture = |row: Row| {
            Ok(PictureRow {
                id: row.text("id")?,
                kind: row.text("kind")?,
                width: small(row.whole("width")?)?,
                height: small(row.whole("height")?)?,
                bytes: row.bytes("bytes")?,
            })
        };
        row.map(picture).transpose()
    }

    /// How many pictures there are.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn pictures(&mut self) -> Result<i64, LedgerError> {
        let sql = "select count(*) as pictures from picture where season = $1";
        self.row(sql, values![SEASON]).await?.map_or(Ok(0), |row| row.whole("pictures"))
    }
}

impl Act {
    /// # Errors
    /// There is one of this id ([`super::is_duplicate`]), or the database refuses.
    pub async fn insert_bank(&mut self, bank: &BankRow) -> Result<(), LedgerError> {
        let sql = "insert into bank (season, id, name, reviews, wording, made_at) values ($1, $2, $3, $4, $5, $6)";
        let wording = serde_json::to_string(&bank.wording).unwrap_or_default();
        let values = values![SEASON, &bank.id, &bank.name, i64::from(bank.reviews), wording, bank.made_at.0];
        self.execute(sql, values).await.map(|_| ())
    }

    /// # Errors
    /// The database refuses.
    pub async fn update_bank(&mut self, bank: &BankRow) -> Result<(), LedgerError> {
        let sql = "update bank set name = $3, reviews = $4, wording = $5 where season = $1 and id = $2";
        let wording = serde_json::to_string(&bank.wording).unwrap_or_default();
        let values = values![SEASON, &bank.id, &bank.name, i64::from(bank.reviews), wording];
        self.execute(sql, values).await.map(|_| ())
    }

    /// # Errors
    /// The database refuses.
    pub async fn insert_version(
        &mut self,
        bank: &str,
        version: &VersionRow,
        canonical: &str,
    ) -> Result<(), LedgerError> {
        let sql = "insert into bank_version (season, bank, n, at, by_staff, reason, digest, canonical, questions, added, changed, removed)
                   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
        let VersionRow { n, at, by, reason, digest, questions, added, changed, removed, .. } = version;
        let values = values![
            SEASON,
            bank,
            *n,
            at.0,
            by.as_str(),
            reason,
            digest,
            canonical,
            *questions,
            *added,
            *changed,
            *removed,
        ];
        self.execute(sql, values).await.map(|_| ())
    }

    /// The same picture once more changes nothing.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn insert_picture(
        &mut self,
        picture: &PictureRow,
        by: &StaffId,
        at: Timestamp,
    ) -> Result<(), LedgerError> {
        let sql = "insert into picture (season, id, kind, width, height, bytes, made_at, by_staff)
                   values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing";
        let PictureRow { id, kind, width, height, bytes } = picture;
        let (width, height) = (i64::from(*width), i64::from(*height));
        let values = values![SEASON, id, kind, width, height, bytes.as_slice(), at.0, by.as_str()];
        self.execute(sql, values).await.map(|_| ())
    }
}

fn bank(row: &Row) -> Result<BankRow, LedgerError> {
    Ok(BankRow {
        id: row.text("id")?,
        name: row.text("name")?,
        reviews: small(row.whole("reviews")?)?,
        wording: serde_json::from_str(&row.text("wording")?).map_err(body::unreadable)?,
        made_at: Timestamp(row.whole("made_at")?),
    })
}

fn version(row: &Row) -> Result<VersionRow, LedgerError> {
    Ok(VersionRow {
        n: row.whole("n")?,
        at: Timestamp(row.whole("at")?),
        by: StaffId(row.text("by_staff")?),
        by_name: row.maybe_text("by_name")?.unwrap_or_default(),
        reason: row.text("reason")?,
        digest: row.text("digest")?,
        questions: row.whole("questions")?,
        added: row.whole("added")?,
        changed: row.whole("changed")?,
        removed: row.whole("removed")?,
    })
}

pub(super) fn state(code: &str) -> Result<State, LedgerError> {
    State::of_code(code).ok_or_else(|| body::unreadable(format!("state {code}")))
}

/// A number that was put there as a narrower one.
pub(super) fn small<T: TryFrom<i64>>(number: i64) -> Result<T, LedgerError> {
    T::try_from(number).map_err(|_| body::unreadable(format!("number {number}")))
}
