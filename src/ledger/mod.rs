//! 账本: the durable truth, and the only SQL. A lane is one writer's ordered part of it; an entry is one fact.
//! In reading order: the facts, the store that keeps them, the lane that commits them in groups.

pub mod entry;
pub mod rows;
pub mod runs;
pub mod store;
mod columns;
pub mod lane;
pub mod sqlite;
pub mod postgres;
pub mod desk;
pub mod place;
pub mod copy;
