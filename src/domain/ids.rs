//! A type for each id, so that swapped arguments don't compile. Numbers inside; what a stranger sees is made in `transport`.

use serde::{Deserialize, Serialize};

macro_rules! numbered {
    ($($(#[$doc:meta])* $name:ident($inner:ty);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);
    )*};
}

macro_rules! named {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

numbered! {
    /// One person's place in the season, numbered in the order of registration from 1.
    ParticipantId(i64);
    /// One go at one paper, numbered in the order of starting from 1; the last word in a tie.
    AttemptId(i64);
    /// A round's place in its season file, from 0.
    RoundIndex(u16);
    /// A city's place in its region file, from 0.
    CityIndex(u16);
    /// A county's place among all counties of the region, from 0.
    CountyIndex(u16);
    /// An organisation's place in the season's list, from 0.
    OrganisationIndex(u32);
    /// A group's place in the season file, from 0.
    GroupIndex(u16);
    /// A question's place in its bank version, from 0.
    QuestionIndex(u32);
}

named! {
    /// A season's name for programs: `guangxi-2026`.
    SeasonId;
    /// A round's name for programs: `daily`.
    RoundId;
    /// A question's random name, the same in every version of its bank.
    QuestionId;
    /// The random name of one of the staff.
    StaffId;
}
