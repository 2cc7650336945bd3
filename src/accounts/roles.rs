//! Who may do what: one function, and the table that it is.

use crate::domain::season::Season;
use crate::domain::staff::Grant;
use crate::domain::staff::Place;

/// What there is to be allowed at the desk. Whoever adds a call names what it takes here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Who the staff are, and where they are signed in.
    SeeStaff,
    /// Inviting, changing, disabling; ending others' sessions.
    ManageStaff,
    /// Sign-in and second factor of another person anew, by two.
    ResetStaff,
    ReadAudit,
    /// A place's figures, and what is below it.
    SeePlace,
    /// A bank's questions with their keys.
    SeeBank,
    /// Banks themselves: making them, their reviews and wordings.
    ManageBanks,
    /// Writing, importing and submitting questions.
    WriteQuestions,
    /// Submitting questions of one's own to the region, and seeing those.
    OfferQuestions,
    /// Approving, returning, resting.
    ReviewQuestions,
    /// A new version of a bank.
    PublishBank,
    /// How the season goes, and the acts on it.
    SeeRunning,
    /// Pausing, extending, telling everyone, excluding, renaming.
    RunSeason,
    /// Attempts that a place's participants lost.
    GiveBack,
    /// What phones report of questions, and the corrections of them.
    SeeReports,
    /// Telling those who reported a question what became of it.
    AnswerReports,
    /// The first of the two who correct a question.
    ProposeCorrections,
    /// The second of the two.
    DecideCorrections,
    /// Participants with their attempts, and what they complain of.
    SeePeople,
    /// Taking complaints down and dealing with them.
    HandleComplaints,
    /// The season as it is set up, and what is being written of the next version.
    SeeSeason,
    /// Writing that, trying it, and putting it in force.
    ManageSeason,
}

/// What an act is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On<'a> {
    /// The season as a whole, or nothing narrower.
    Season,
    /// One bank, by its id.
    Bank(&'a str),
    /// Whatever bank it may be: at least one has to be the person's.
    SomeBank,
    Place(Place),
    /// Whatever place it may be: at least one has to be the person's.
    SomePlace,
}

impl Permission {
    /// An auditor may do all of this, and nothing else.
    fn only_reads(self) -> bool {
        use Permission::*;
        matches!(self, SeeStaff | ReadAudit | SeePlace | SeeBank | SeeReports | SeePeople | SeeSeason | SeeRunning)
    }
}

/// Whether somebody with these grants may do this. What is not named here is not allowed.
pub fn may(grants: &[Grant], permission: Permission, on: On<'_>, season: &Season) -> bool {
    grants.iter().any(|grant| grant_allows(grant, permission, on, season))
}

fn grant_allows(grant: &Grant, permission: Permission, on: On<'_>, season: &Season) -> bool {
    use Permission::*;
    match grant {
        // Whoever runs the season writes and publishes; that others' questions are good is for reviewers to say.
        Grant::Administrator => !matches!(permission, ReviewQuestions | OfferQuestions),
        Grant::Auditor => permission.only_reads(),
        Grant::Editor { bank } => {
            let theirs = matches!(permission, SeeBank | WriteQuestions | SeeReports | ProposeCorrections);
            theirs && covers(bank.as_deref(), on)
        }
        Grant::Reviewer { bank } => match permission {
            SeeBank | ReviewQuestions | PublishBank => covers(bank.as_deref(), on),
            SeeReports | AnswerReports | ProposeCorrections | DecideCorrections => covers(bank.as_deref(), on),
            // As the second of two.
            ResetStaff => true,
            _ => false,
        },
        Grant::Association { place } => match (permission, on) {
            (SeePlace | SeePeople | HandleComplaints | GiveBack, On::Place(other)) => place.holds(other, season),
            (SeePeople | HandleComplaints | GiveBack, On::SomePlace) => true,
            (OfferQuestions, On::Bank(_) | On::SomeBank) => true,
            _ => false,
        },
    }
}

/// Whether a grant for this bank, or for all, reaches so far.
fn covers(bank: Option<&str>, on: On<'_>) -> bool {
    match (bank, on) {
        (None, On::Bank(_) | On::SomeBank) | (Some(_), On::SomeBank) => true,
        (Some(own), On::Bank(other)) => own == other,
        (_, On::Season | On::Place(_) | On::SomePlace) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::season::tests::shipped;
    use Permission::*;

    const ALL: [Permission; 22] = [
        SeeStaff,
        ManageStaff,
        ResetStaff,
        ReadAudit,
        SeePlace,
        SeeBank,
        ManageBanks,
        WriteQuestions,
        OfferQuestions,
        ReviewQuestions,
        PublishBank,
        SeeRunning,
        RunSeason,
        GiveBack,
        SeeReports,
        AnswerReports,
        ProposeCorrections,
        DecideCorrections,
        SeePeople,
        HandleComplaints,
        SeeSeason,
        ManageSeason,
    ];

    /// What somebody with this grant may do to the bank `kexue`.
    #[track_caller]
    fn check(grant: Grant, on: &str, expected: &[Permission]) {
        let season = shipped("guangxi-2026.toml");
        let on = match on {
            "season" => On::Season,
            "some bank" => On::SomeBank,
            on => Place::read(on, &season).map_or(On::Bank(on), On::Place),
        };
        let found: Vec<Permission> =
            ALL.into_iter().filter(|wanted| may(std::slice::from_ref(&grant), *wanted, on, &season)).collect();
        assert_eq!(found, expected, "{grant:?} on {on:?}");
    }

    #[test]
    fn each_role_is_able_to_do_just_what_it_names() {
        let of = |bank: Option<&str>| bank.map(str::to_owned);
        let all_but = |out: &[Permission]| ALL.into_iter().filter(|wanted| !out.contains(wanted)).collect::<Vec<_>>();
        check(Grant::Administrator, "season", &all_but(&[OfferQuestions, ReviewQuestions]));
        check(Grant::Administrator, "kexue", &all_but(&[OfferQuestions, ReviewQuestions]));
        check(
            Grant::Auditor,
            "season",
            &[SeeStaff, ReadAudit, SeePlace, SeeBank, SeeRunning, SeeReports, SeePeople, SeeSeason],
        );
        let editor = [SeeBank, WriteQuestions, SeeReports, ProposeCorrections];
        check(Grant::Editor { bank: of(Some("kexue")) }, "kexue", &editor);
        check(Grant::Editor { bank: of(None) }, "kexue", &editor);
        check(Grant::Editor { bank: of(Some("kexue")) }, "some bank", &editor);
        check(Grant::Editor { bank: of(Some("jiankang")) }, "kexue", &[]);
        check(Grant::Editor { bank: of(None) }, "season", &[]);
        let of_banks = [SeeReports, AnswerReports, ProposeCorrections, DecideCorrections];
        let reviewer = [&[ResetStaff, SeeBank, ReviewQuestions, PublishBank], &of_banks[..]].concat();
        check(Grant::Reviewer { bank: of(Some("kexue")) }, "kexue", &reviewer);
        check(Grant::Reviewer { bank: of(Some("jiankang")) }, "kexue", &[ResetStaff]);
        check(Grant::Reviewer { bank: of(None) }, "region", &[ResetStaff]);
    }

    #[test]
    fn an_association_sees_its_own_place_and_what_is_below_it() {
        let season = shipped("guangxi-2026.toml");
        let of = |place| Grant::Association { place: Place::read(place, &season).unwrap() };
        let own = [SeePlace, GiveBack, SeePeople, HandleComplaints];
        check(of("county:450226"), "county:450226", &own);
        check(of("county:450226"), "county:450225", &[]);
        check(of("county:450226"), "city:450200", &[]);
        check(of("county:450226"), "region", &[]);
        check(of("city:450200"), "county:450226", &own);
        check(of("region"), "county:450226", &own);
        check(of("county:450226"), "kexue", &[OfferQuestions]);
        check(of("county:450226"), "season", &[]);
    }
}
