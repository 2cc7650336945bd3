//! How much is let in, and what becomes of the rest: a full process, a full queue, clients that are slow or do not read.

mod full;
mod queue;
mod slow;
