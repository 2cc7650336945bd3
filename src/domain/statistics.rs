//! 题目统计: how each question did, from attempts that are over. What is measured, with its source, stands in docs/statistics.md.
//!
//! Whole numbers are added up, in any order and from any parts to the same sums; a fraction is made of them only when it is told.

mod alarms;
mod item;
mod measures;
mod sitting;
#[cfg(test)]
mod tests;

pub use alarms::Alarm;
pub use alarms::AlarmCode;
pub use alarms::alarms;
pub use item::Item;
pub use item::Level;
pub use item::Tally;
pub use measures::Measures;
pub use measures::Share;
pub use sitting::Sitting;
pub use sitting::sittings;

/// A question's mark is in ten-thousandths of what the question is worth …
pub const WHOLE: u16 = 10_000;
/// … and what the rest of the paper came to is in whole percent, rounded half up: a paper has few scores, so these are few, too.
pub const REST_WHOLE: u8 = 100;
