//! Behind the desk: what staff do, apart from how they ask for it. Each act is one transaction with its record in the audit log.

pub mod audit;
