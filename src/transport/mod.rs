//! Where strangers arrive: the wire, the public API, the pages. What comes in is checked here, what goes out is made here.

pub mod problem;
pub mod wire;
pub mod line;
pub mod messages;
pub mod board_view;
pub mod packed;
pub mod season_view;
pub mod peer;
pub mod admission;
pub mod tls;
pub mod histogram;
pub mod metrics;
pub mod missed;
pub mod audience;
pub mod state;
pub mod requests;
pub mod errata;
pub mod me;
pub mod phone;
pub mod socket;
pub mod public;
pub mod pages;
pub mod door;
pub mod upgrade;
pub mod desk;
pub mod serve;
