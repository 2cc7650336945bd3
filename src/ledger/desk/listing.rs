//! Questions found by what is asked of them, with the counts beside them. 50,000 questions answer within a tenth of a second.

use super::SEASON;
use super::link::Link;
use super::link::Row;
use super::link::Value;
use super::questions::QuestionHead;
use super::questions::head;
use super::questions::heads;
use crate::domain::ids::StaffId;
use crate::ledger::store::LedgerError;
use sqlx::AssertSqlSafe;

/// What is asked of questions; what is `None` does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuestionFilter {
    /// Pieces of stem, options or id, all of which have to be there.
    pub words: Vec<String>,
    pub topic: Option<String>,
    pub difficulty: Option<u8>,
    /// By its code.
    pub kind: Option<String>,
    pub state: Option<String>,
    pub author: Option<StaffId>,
    pub contributor: Option<String>,
    /// Written by the associations of these places: all that somebody may see who sees no others'.
    pub places: Option<Vec<String>>,
    /// Of these banks.
    pub banks: Option<Vec<String>>,
    /// Waiting for a review that this person may give.
    pub for_review_by: Option<StaffId>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// The last touched first.
    #[default]
    Updated,
    /// The last made first.
    Made,
    Topic,
    Difficulty,
    Id,
}

/// How many questions pass the filter, by what they are. A facet counts as if nothing were asked of its own kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facets {
    pub total: i64,
    pub state: Vec<(String, i64)>,
    pub topic: Vec<(String, i64)>,
    /// `0`: not chosen yet.
    pub difficulty: Vec<(String, i64)>,
    /// Empty: not chosen yet.
    pub kind: Vec<(String, i64)>,
}

/// Conditions with their values, as they gather.
struct Where {
    sql: String,
    values: Vec<Value<'static>>,
}

impl Where {
    fn of(bank: Option<&str>, filter: &QuestionFilter) -> Where {
        let mut found = Where { sql: "q.season = $1".to_owned(), values: vec![SEASON.into()] };
        if let Some(bank) = bank {
            found.and("q.bank =", bank.to_owned());
        }
        for word in &filter.words {
            let escaped = word.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            found.and("q.search like", format!("%{escaped}%"));
            found.sql += " escape '\\'";
        }
        if let Some(author) = &filter.author {
            found.and("q.author =", author.0.clone());
        }
        if let Some(contributor) = &filter.contributor {
            found.and("q.contributor =", contributor.clone());
        }
        if let Some(banks) = &filter.banks {
            found.any_of("q.bank", banks);
        }
        if let Some(places) = &filter.places {
            found.any_of("q.place", places);
        }
        if let Some(by) = &filter.for_review_by {
            found.and("q.state =", "submitted".to_owned());
            found.and("q.author <>", by.0.clone());
            // Lists of ids in JSON: an id stands in quotes there, and has none in it.
            for column in ["q.hands", "q.approvals"] {
                found.and(&format!("{column} not like"), format!("%\"{}\"%", by.0));
            }
        }
        found
    }

    fn and(&mut self, condition: &str, value: impl Into<Value<'static>>) {
        self.values.push(value.into());
        self.sql += &format!(" and {condition} ${}", self.values.len());
    }

    fn any_of(&mut self, column: &str, values: &[String]) {
        let mut marks = Vec::with_capacity(values.len());
        for value in values {
            self.values.push(value.clone().into());
            marks.push(format!("${}", self.values.len()));
        }
        let any = if marks.is_empty() { "1 = 0".to_owned() } else { format!("{column} in ({})", marks.join(", ")) };
        self.sql += &format!(" and {any}");
    }

    /// What the facets leave open.
    fn and_the_rest(&mut self, filter: &QuestionFilter) {
        if let Some(topic) = &filter.topic {
            self.and("q.topic =", topic.clone());
        }
        if let Some(difficulty) = filter.difficulty {
            self.and("q.difficulty =", i64::from(difficulty));
        }
        if let Some(kind) = &filter.kind {
            self.and("q.kind =", kind.clone());
        }
        if let Some(state) = &filter.state {
            self.and("q.state =", state.clone());
        }
    }
}

impl Link {
    /// # Errors
    /// The database refuses.
    pub async fn questions(
        &mut self,
        bank: Option<&str>,
        filter: &QuestionFilter,
        sort: Sort,
        offset: i64,
        limit: i64,
    ) -> Result<Vec<QuestionHead>, LedgerError> {
        let mut wanted = Where::of(bank, filter);
        wanted.and_the_rest(filter);
        let order = match sort {
            Sort::Updated => "q.updated_at desc, q.id",
            Sort::Made => "q.made_at desc, q.id",
            Sort::Topic => "q.topic, q.difficulty, q.id",
            Sort::Difficulty => "q.difficulty, q.topic, q.id",
            Sort::Id => "q.id",
        };
        let Where { sql, mut values } = wanted;
        let (limit_at, offset_at) = (values.len() + 1, values.len() + 2);
        values.extend([limit.into(), offset.into()]);
        let sql = format!("{} where {sql} order by {order} limit ${limit_at} offset ${offset_at}", heads());
        self.rows(AssertSqlSafe(sql), &values).await?.iter().map(head).collect()
    }

    /// # Errors
    /// The database refuses.
    pub async fn facets(&mut self, bank: Option<&str>, filter: &QuestionFilter) -> Result<Facets, LedgerError> {
        let Where { sql, values } = Where::of(bank, filter);
        let sql = format!(
            "select q.state, q.topic, q.difficulty, q.kind, count(*) as questions from question q where {sql}
             group by q.state, q.topic, q.difficulty, q.kind"
        );
        let rows = self.rows(AssertSqlSafe(sql), &values).await?;
        let cell = |row: &Row| {
            let named =
                [row.text("state")?, row.text("topic")?, row.whole("difficulty")?.to_string(), row.text("kind")?];
            Ok((named, row.whole("questions")?))
        };
        let cells: Result<Vec<([String; 4], i64)>, LedgerError> = rows.iter().map(cell).collect();
        Ok(counted(&cells?, filter))
    }

    /// Topics in use, with the commonest first.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn topics(&mut self, bank: Option<&str>, limit: i64) -> Result<Vec<String>, LedgerError> {
        let Where { sql, mut values } = Where::of(bank, &QuestionFilter::default());
        values.push(limit.into());
        let sql = format!(
            "select q.topic, count(*) as questions from question q where {sql} and q.topic <> ''
             group by q.topic order by questions desc, q.topic limit ${}",
            values.len()
        );
        self.rows(AssertSqlSafe(sql), &values).await?.iter().map(|row| row.text("topic")).collect()
    }
}

fn counted(cells: &[([String; 4], i64)], filter: &QuestionFilter) -> Facets {
    let asked = [
        filter.state.clone(),
        filter.topic.clone(),
        filter.difficulty.map(|difficulty| difficulty.to_string()),
        filter.kind.clone(),
    ];
    let passes = |named: &[String; 4], but: Option<usize>| {
        (0..4).all(|dimension| {
            Some(dimension) == but || asked[dimension].as_ref().is_none_or(|wanted| *wanted == named[dimension])
        })
    };
    let facet = |dimension: usize| {
        let mut counts = std::collections::BTreeMap::<String, i64>::new();
        for (named, questions) in cells.iter().filter(|(named, _)| passes(named, Some(dimension))) {
            *counts.entry(named[dimension].clone()).or_default() += questions;
        }
        counts.into_iter().collect()
    };
    Facets {
        total: cells.iter().filter(|(named, _)| passes(named, None)).map(|(_, questions)| questions).sum(),
        state: facet(0),
        topic: facet(1),
        difficulty: facet(2),
        kind: facet(3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_facet_counts_as_if_nothing_were_asked_of_its_own_kind() {
        let cell = |state: &str, topic: &str, questions| {
            ([state.to_owned(), topic.to_owned(), "1".to_owned(), "single".to_owned()], questions)
        };
        let cells = [cell("draft", "航天", 3), cell("draft", "农业", 4), cell("approved", "航天", 5)];
        let filter = QuestionFilter { topic: Some("航天".into()), state: Some("draft".into()), ..Default::default() };
        let found = counted(&cells, &filter);
        assert_eq!(found.total, 3);
        assert_eq!(found.state, [("approved".to_owned(), 5), ("draft".to_owned(), 3)]);
        assert_eq!(found.topic, [("农业".to_owned(), 4), ("航天".to_owned(), 3)]);
        assert_eq!(found.kind, [("single".to_owned(), 3)]);
    }
}
