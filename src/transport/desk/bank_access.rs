//! Who may do what in a bank: the desk's permission first, which writes a refusal down, then the powers that follow from it.

use super::guard::Desk;
use crate::accounts::roles::On;
use crate::accounts::roles::Permission;
use crate::domain::ids::QuestionId;
use crate::ledger::desk::QuestionHead;
use crate::office::by::By;
use crate::office::powers::Powers;
use crate::transport::problem::Problem;
use crate::transport::state::App;

/// Somebody who was let into a bank.
pub(super) struct Inside {
    pub(super) by: By,
    pub(super) powers: Powers,
}

/// What somebody wants in a bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wants {
    /// Looking, at one's own at least.
    See,
    /// Writing, for the bank or for one's place.
    Write,
    Review,
    /// With the person having shown that it is them.
    Publish,
    /// A look at what would be published.
    Foresee,
    Manage,
}

impl Inside {
    /// # Errors
    /// They may not; that is written down.
    pub(super) async fn of(app: &App, desk: &Desk, bank: &str, wants: Wants) -> Result<Inside, Problem> {
        let by = Inside::let_in(desk, On::Bank(bank), wants).await?;
        Ok(Inside { by, powers: Powers::of(&desk.signed.grants, bank, &app.contest.season) })
    }

    /// Whoever may do so in some bank.
    ///
    /// # Errors
    /// They may not in any; that is written down.
    pub(super) async fn anywhere(desk: &Desk, wants: Wants) -> Result<By, Problem> {
        Inside::let_in(desk, On::SomeBank, wants).await
    }

    async fn let_in(desk: &Desk, on: On<'_>, wants: Wants) -> Result<By, Problem> {
        let or_own = |permission| {
            let own = !desk.could(permission, on) && desk.could(Permission::OfferQuestions, on);
            if own { Permission::OfferQuestions } else { permission }
        };
        let by = match wants {
            Wants::See => desk.may(or_own(Permission::SeeBank), on).await?,
            Wants::Write => desk.may(or_own(Permission::WriteQuestions), on).await?,
            Wants::Review => desk.may(Permission::ReviewQuestions, on).await?,
            Wants::Foresee => desk.may(Permission::PublishBank, on).await?,
            Wants::Publish => desk.may_now(Permission::PublishBank, on).await?,
            Wants::Manage => desk.may(Permission::ManageBanks, on).await?,
        };
        Ok(By::of(by))
    }

    /// For what shows all of a bank.
    ///
    /// # Errors
    /// They may not see it.
    pub(super) async fn all_of(app: &App, desk: &Desk, bank: &str) -> Result<Inside, Problem> {
        let by = By::of(desk.may(Permission::SeeBank, On::Bank(bank)).await?);
        Ok(Inside { by, powers: Powers::of(&desk.signed.grants, bank, &app.contest.season) })
    }

    /// Into the bank of a question, which the person has to be allowed to see.
    ///
    /// # Errors
    /// They may not, or there is no such question for them.
    pub(super) async fn of_question(
        app: &App,
        desk: &Desk,
        id: &QuestionId,
        wants: Wants,
    ) -> Result<(Inside, QuestionHead), Problem> {
        let missing = || Problem::not_found("这道题");
        let Some(head) = app.desk.read().await?.question(id).await? else {
            // Whoever may do nothing of the kind anywhere is told so, and not what there is.
            Inside::anywhere(desk, wants).await?;
            return Err(missing());
        };
        let inside = Inside::of(app, desk, &head.bank, wants).await?;
        if inside.powers.sees(&head) { Ok((inside, head)) } else { Err(missing()) }
    }
}
