//! Who someone is: names, tokens, recovery codes, codes that move a person to another phone.

pub mod names;
pub mod tokens;
pub mod codes;
pub mod register;
pub mod roles;
pub mod passwords;
pub mod totp;
pub mod backoff;
pub mod staff;
