//! 办公室: what is behind the desk. Questions on their way from a file to a published version; everything that is done leaves its record.

pub mod by;
pub mod refusal;
pub mod powers;
pub mod fresh;
pub mod pictures;
pub mod questions;
pub mod banks;
pub mod bulk;
