//! 审题: where a question of a bank stands between its first draft and a published version, and who may move it on.

use crate::domain::ids::StaffId;
use crate::domain::time::Timestamp;
use std::fmt;

/// 一审, 二审, 三审: so many different people have to approve.
pub const REVIEWS_MAX: u8 = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Being written.
    Draft,
    /// Waiting for a reviewer.
    Submitted,
    /// Sent back with reasons.
    Returned,
    /// In the next version.
    Approved,
    /// In the last version as it stands.
    Published,
    /// Taken out of the versions to come.
    Rested,
}

impl State {
    pub const ALL: [State; 6] =
        [State::Draft, State::Submitted, State::Returned, State::Approved, State::Published, State::Rested];

    /// For programs and tables.
    pub fn code(self) -> &'static str {
        match self {
            State::Draft => "draft",
            State::Submitted => "submitted",
            State::Returned => "returned",
            State::Approved => "approved",
            State::Published => "published",
            State::Rested => "rested",
        }
    }

    pub fn of_code(code: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.code() == code)
    }

    pub fn name(self) -> &'static str {
        match self {
            State::Draft => "草稿",
            State::Submitted => "待审",
            State::Returned => "退回",
            State::Approved => "已通过",
            State::Published => "已发布",
            State::Rested => "已停用",
        }
    }
}

/// Why a question stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewRefusal {
    /// In this state it can't be done.
    WrongState(State),
    /// Nobody approves what they wrote or edited.
    OwnWork,
    /// One person gives one of the reviews.
    ApprovedBefore,
}

impl std::error::Error for ReviewRefusal {}

impl fmt::Display for ReviewRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReviewRefusal::WrongState(state) => write!(f, "这道题现在是「{}」，不能这样做", state.name()),
            ReviewRefusal::OwnWork => f.write_str("这道题您写过或改过，不能由您审批，请由别人来审"),
            ReviewRefusal::ApprovedBefore => f.write_str("您已经通过了这道题，其余各审要由别人来做"),
        }
    }
}

/// One person's yes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    pub by: StaffId,
    pub at: Timestamp,
}

/// A question's way through the review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    pub state: State,
    /// The current one, from 1; each edit makes another.
    pub revision: u32,
    pub author: StaffId,
    /// Whose hand is in the current revision since the one that is carried.
    pub hands: Vec<StaffId>,
    /// Of the current revision, in their order.
    pub approvals: Vec<Approval>,
    /// How many it takes; fixed when it is submitted, so that a change of the bank's rule lets nothing slip through.
    pub reviews: u8,
    /// The revision that goes on from version to version until a newer one is approved.
    pub carried: Option<u32>,
    /// What it was when it was rested.
    pub rested_from: Option<State>,
}

impl Review {
    pub fn begun(author: StaffId, reviews: u8) -> Review {
        Review {
            state: State::Draft,
            revision: 1,
            hands: vec![author.clone()],
            author,
            approvals: Vec::new(),
            reviews,
            carried: None,
            rested_from: None,
        }
    }

    /// A new revision, in draft; what was published stays in its versions, and is carried on unless it was rested.
    pub fn edit(&mut self, by: &StaffId) {
        if self.state == State::Rested {
            self.carried = None;
            self.rested_from = None;
        }
        if self.state == State::Published {
            // What was written before has been reviewed and is carried as it is.
            self.hands.clear();
        }
        if !self.hands.contains(by) {
            self.hands.push(by.clone());
        }
        self.state = State::Draft;
        self.revision += 1;
        self.approvals.clear();
    }

    /// # Errors
    /// It is neither a draft nor returned.
    pub fn submit(&mut self, reviews: u8) -> Result<(), ReviewRefusal> {
        self.is(&[State::Draft, State::Returned])?;
        self.state = State::Submitted;
        self.reviews = reviews.clamp(1, REVIEWS_MAX);
        self.approvals.clear();
        Ok(())
    }

    /// # Errors
    /// It doesn't wait for a review, or not for this person's.
    pub fn approve(&mut self, by: &StaffId, at: Timestamp) -> Result<(), ReviewRefusal> {
        self.may_approve(by)?;
        self.approvals.push(Approval { by: by.clone(), at });
        if self.approvals.len() >= usize::from(self.reviews) {
            self.state = State::Approved;
        }
        Ok(())
    }

    /// # Errors
    /// See [`Review::approve`].
    pub fn may_approve(&self, by: &StaffId) -> Result<(), ReviewRefusal> {
        self.is(&[State::Submitted])?;
        if *by == self.author || self.hands.contains(by) {
            return Err(ReviewRefusal::OwnWork);
        }
        if self.approvals.iter().any(|approval| approval.by == *by) {
            return Err(ReviewRefusal::ApprovedBefore);
        }
        Ok(())
    }

    /// Back to who wrote it; approvals given before don't count any more.
    ///
    /// # Errors
    /// It waits for no review and is in no version to come.
    pub fn send_back(&mut self) -> Result<(), ReviewRefusal> {
        self.is(&[State::Submitted, State::Approved])?;
        self.state = State::Returned;
        self.approvals.clear();
        Ok(())
    }

    /// # Errors
    /// Nothing of it would be in the next version.
    pub fn rest(&mut self) -> Result<(), ReviewRefusal> {
        if self.state == State::Rested || self.in_next_version().is_none() {
            return Err(ReviewRefusal::WrongState(self.state));
        }
        self.rested_from = Some(self.state);
        self.state = State::Rested;
        Ok(())
    }

    /// # Errors
    /// It isn't rested.
    pub fn wake(&mut self) -> Result<(), ReviewRefusal> {
        self.is(&[State::Rested])?;
        self.state = self.rested_from.take().unwrap_or(State::Draft);
        Ok(())
    }

    /// The revision that the next version takes up.
    pub fn in_next_version(&self) -> Option<u32> {
        match self.state {
            State::Rested => None,
            State::Approved | State::Published => Some(self.revision),
            State::Draft | State::Submitted | State::Returned => self.carried,
        }
    }

    /// A version has taken up what [`Review::in_next_version`] says.
    pub fn published(&mut self) {
        self.carried = self.in_next_version();
        if self.state == State::Approved {
            self.state = State::Published;
        }
    }

    fn is(&self, any: &[State]) -> Result<(), ReviewRefusal> {
        if any.contains(&self.state) { Ok(()) } else { Err(ReviewRefusal::WrongState(self.state)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ANNE: &str = "1";
    const BO: &str = "2";
    const CHEN: &str = "3";
    const DAI: &str = "4";

    fn person(name: &str) -> StaffId {
        StaffId(name.to_owned())
    }

    impl Review {
        fn edited(&mut self, by: &str) {
            self.edit(&person(by));
        }

        fn approved(&mut self, by: &str) -> Result<(), ReviewRefusal> {
            self.approve(&person(by), Timestamp(7))
        }
    }

    fn submitted(reviews: u8) -> Review {
        let mut review = Review::begun(person(ANNE), reviews);
        review.submit(reviews).unwrap();
        review
    }

    #[test]
    fn so_many_different_people_approve_as_the_bank_asks_for() {
        for reviews in 1..=3 {
            let mut review = submitted(reviews);
            for by in [BO, CHEN, DAI].into_iter().take(usize::from(reviews)) {
                assert_eq!(review.state, State::Submitted);
                review.approved(by).unwrap();
            }
            assert_eq!(review.state, State::Approved);
        }
        let mut review = submitted(2);
        review.approved(BO).unwrap();
        assert_eq!(review.approved(BO), Err(ReviewRefusal::ApprovedBefore));
    }

    #[test]
    fn neither_the_author_nor_who_edited_it_approves() {
        let mut review = Review::begun(person(ANNE), 1);
        review.edited(BO);
        review.submit(1).unwrap();
        assert_eq!(review.approved(ANNE), Err(ReviewRefusal::OwnWork));
        assert_eq!(review.approved(BO), Err(ReviewRefusal::OwnWork));
        review.send_back().unwrap();
        review.submit(1).unwrap();
        assert_eq!(review.approved(BO), Err(ReviewRefusal::OwnWork), "its text is still in it");
        assert_eq!(review.approved(CHEN), Ok(()));
    }

    #[test]
    fn whoever_edited_what_has_been_published_since_may_approve_what_others_write_later() {
        let mut review = Review::begun(person(ANNE), 1);
        review.edited(BO);
        review.submit(1).unwrap();
        review.approved(CHEN).unwrap();
        review.published();
        review.edited(CHEN);
        review.submit(1).unwrap();
        assert_eq!(review.approved(ANNE), Err(ReviewRefusal::OwnWork));
        assert_eq!(review.approved(CHEN), Err(ReviewRefusal::OwnWork));
        assert_eq!(review.approved(BO), Ok(()));
    }

    #[test]
    fn an_edit_makes_a_draft_and_what_was_published_is_carried_on() {
        let mut review = submitted(1);
        review.approved(BO).unwrap();
        assert_eq!(review.in_next_version(), Some(1));
        review.published();
        assert_eq!((review.state, review.carried), (State::Published, Some(1)));
        review.edited(CHEN);
        assert_eq!((review.state, review.revision, review.in_next_version()), (State::Draft, 2, Some(1)));
        review.published();
        assert_eq!((review.state, review.in_next_version()), (State::Draft, Some(1)));
        review.submit(1).unwrap();
        review.approved(BO).unwrap();
        assert_eq!(review.in_next_version(), Some(2));
    }

    #[test]
    fn a_rested_question_is_in_no_version_to_come_until_it_is_woken_or_reviewed_anew() {
        let mut review = submitted(1);
        assert_eq!(review.rest(), Err(ReviewRefusal::WrongState(State::Submitted)));
        review.approved(BO).unwrap();
        review.published();
        review.rest().unwrap();
        assert_eq!(review.in_next_version(), None);
        assert!(review.rest().is_err());
        review.wake().unwrap();
        assert_eq!((review.state, review.in_next_version()), (State::Published, Some(1)));
        review.rest().unwrap();
        review.edited(ANNE);
        assert_eq!((review.state, review.in_next_version()), (State::Draft, None));
    }

    proptest! {
        /// Whatever is done in whatever order: what goes into a version was approved by as many different people as it
        /// takes, none of whom wrote it.
        #[test]
        fn nothing_is_published_that_was_not_reviewed_by_others(
            acts in prop::collection::vec((0..8u8, 1..6u8), 0..60), reviews in 1..=3u8,
        ) {
            let mut review = Review::begun(person(ANNE), reviews);
            // Who wrote each revision since the one before that was published; who approved the current one.
            let mut wrote = vec![ANNE.to_owned()];
            let mut approved: Vec<String> = Vec::new();
            let mut sound: Vec<u32> = Vec::new();
            for (act, by) in acts {
                let (even, by) = (by % 2 == 0, by.to_string());
                match act {
                    0 => {
                        if review.state == State::Published {
                            wrote.clear();
                        }
                        review.edited(&by);
                        wrote.push(by);
                        approved.clear();
                    }
                    1 => if review.submit(reviews).is_ok() { approved.clear() },
                    2..=4 => if review.approved(&by).is_ok() { approved.push(by) },
                    5 => if review.send_back().is_ok() { approved.clear() },
                    6 => { let _ = if even { review.rest() } else { review.wake() }; }
                    _ => review.published(),
                }
                if review.state == State::Approved {
                    let mut different = approved.clone();
                    different.sort();
                    different.dedup();
                    prop_assert_eq!(different.len(), usize::from(reviews));
                    prop_assert!(different.iter().all(|by| *by != *ANNE && !wrote.contains(by)));
                    sound.push(review.revision);
                }
                if let Some(revision) = review.in_next_version() {
                    prop_assert!(sound.contains(&revision));
                }
            }
        }
    }
}
