//! How much one participant, one network and all together may ask for. Every limit is named here, with what happens beyond it.

use crate::domain::ids::ParticipantId;
use crate::domain::ids::StaffId;
use crate::transport::peer::network_of;
use crate::transport::problem::Problem;
use governor::DefaultKeyedRateLimiter;
use governor::Quota;
use governor::clock::Clock as _;
use governor::clock::DefaultClock;
use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use tokio::sync::Semaphore;

/// Messages of one participant a second; many times what a hand can do. Over it: `rate_limited`, nothing is used up.
const PARTICIPANT_RATE: (u32, u32) = (200, 400);
/// Acts of one participant that the ledger keeps besides play, a second: reports, changes, codes, tokens for another phone.
/// Over it: `rate_limited`.
const KEPT_ACTS_RATE: (u32, u32) = (1, 30);
/// Requests and hellos of one network a second: schools and carriers share addresses. Over it: `rate_limited`.
const NETWORK_RATE: (u32, u32) = (1_000, 10_000);
/// Tokens, codes and recovery codes that turned out wrong, of one network a second. Over it: `rate_limited`.
const WRONG_SECRETS_RATE: (u32, u32) = (2, 60);
/// Calls of one of the staff a second. Over it: `rate_limited`.
const STAFF_RATE: (u32, u32) = (30, 300);
/// While more participants and networks than this are counted, who has been quiet is forgotten each second instead of each
/// minute. An act is remembered for as long as its share takes to come back, half a second for a wrong secret: so the number
/// of keys follows the rate of acts, however many addresses they come from.
const COUNTED_MAX: usize = 100_000;

/// API requests at a time; each holds at most a body of 16 KiB, for at most the time that a body may take. Full: `busy`.
pub const REQUESTS_MAX: usize = 2_048;
/// So many are being told that the process is full. Full: one more is closed without a word.
pub const REFUSALS_MAX: usize = 64;

/// Pictures being read from the disk, each an open file. Full: one more waits for its turn, which comes in milliseconds.
const FILES_MAX: usize = 64;

pub struct Admission {
    participants: DefaultKeyedRateLimiter<ParticipantId>,
    kept_acts: DefaultKeyedRateLimiter<ParticipantId>,
    staff: DefaultKeyedRateLimiter<StaffId>,
    networks: DefaultKeyedRateLimiter<IpAddr>,
    wrong_secrets: DefaultKeyedRateLimiter<IpAddr>,
    pub connections: Places,
    pub requests: Places,
    pub files: Semaphore,
}

/// A number of places, each taken until it is given back. Cheap to clone: all clones count together.
#[derive(Clone)]
pub struct Places {
    taken: Arc<AtomicUsize>,
    refused: Arc<AtomicUsize>,
    max: usize,
}

/// Holds its place until dropped.
pub struct Slot(Arc<AtomicUsize>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Places {
    pub fn new(max: usize) -> Places {
        Places { taken: Arc::default(), refused: Arc::default(), max }
    }

    /// One more place; `None`: all are taken.
    pub fn take(&self) -> Option<Slot> {
        let before = self.taken.fetch_add(1, Ordering::Relaxed);
        let slot = Slot(Arc::clone(&self.taken));
        if before < self.max {
            return Some(slot);
        }
        self.refused.fetch_add(1, Ordering::Relaxed);
        None
    }

    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// How often there was none.
    pub fn refused(&self) -> usize {
        self.refused.load(Ordering::Relaxed)
    }
}

impl Admission {
    pub fn new(connections: Places) -> Admission {
        Admission {
            participants: limiter(PARTICIPANT_RATE),
            kept_acts: limiter(KEPT_ACTS_RATE),
            staff: limiter(STAFF_RATE),
            networks: limiter(NETWORK_RATE),
            wrong_secrets: limiter(WRONG_SECRETS_RATE),
            connections,
            requests: Places::new(REQUESTS_MAX),
            files: Semaphore::new(FILES_MAX),
        }
    }

    /// # Errors
    /// The participant sends more than anyone could by hand.
    pub fn participant(&self, participant: ParticipantId) -> Result<(), Problem> {
        check(&self.participants, &participant)
    }

    /// To be asked before something is written down that is not play.
    ///
    /// # Errors
    /// The participant has asked for too many of them.
    pub fn kept_act(&self, participant: ParticipantId) -> Result<(), Problem> {
        check(&self.kept_acts, &participant)
    }

    /// # Errors
    /// One of the staff asks for more than anyone could by hand.
    pub fn staff(&self, staff: &StaffId) -> Result<(), Problem> {
        check(&self.staff, staff)
    }

    /// # Errors
    /// The network asks for more than a large school could.
    pub fn network(&self, address: IpAddr) -> Result<(), Problem> {
        check(&self.networks, &network_of(address))
    }

    /// To be asked after a token or code turned out wrong.
    ///
    /// # Errors
    /// The network guesses.
    pub fn wrong_secret(&self, address: IpAddr) -> Result<(), Problem> {
        check(&self.wrong_secrets, &network_of(address))
    }

    /// A place for one more connection; `None`: the process is full.
    pub fn connect(&self) -> Option<Slot> {
        self.connections.take()
    }

    pub fn connections(&self) -> usize {
        self.connections.taken()
    }

    /// Forgets who has been quiet, once a minute or, while very many are counted, at each call. Called once a second, since
    /// keyed limits would grow for ever.
    pub fn forget_the_quiet(&self, minute: bool) {
        if !minute && self.counted() <= COUNTED_MAX {
            return;
        }
        forget(&self.participants);
        forget(&self.kept_acts);
        forget(&self.staff);
        forget(&self.networks);
        forget(&self.wrong_secrets);
    }

    /// How many participants and networks are being counted.
    pub fn counted(&self) -> usize {
        self.participants.len()
            + self.kept_acts.len()
            + self.staff.len()
            + self.networks.len()
            + self.wrong_secrets.len()
    }
}

fn limiter<K: Hash + Eq + Clone>((rate, burst): (u32, u32)) -> DefaultKeyedRateLimiter<K> {
    let at_least_one = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
    DefaultKeyedRateLimiter::keyed(Quota::per_second(at_least_one(rate)).allow_burst(at_least_one(burst)))
}

fn check<K: Hash + Eq + Clone>(limiter: &DefaultKeyedRateLimiter<K>, key: &K) -> Result<(), Problem> {
    limiter.check_key(key).map_err(|until| {
        let wait = until.wait_time_from(DefaultClock::default().now());
        Problem::rate_limited(wait.as_millis() as u64 + 1)
    })
}

fn forget<K: Hash + Eq + Clone>(limiter: &DefaultKeyedRateLimiter<K>) {
    limiter.retain_recent();
    limiter.shrink_to_fit();
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv6Addr;

    fn admission() -> Admission {
        Admission::new(Places::new(1))
    }

    #[test]
    fn a_full_process_takes_no_more_until_somebody_leaves() {
        let admission = admission();
        let first = admission.connect();
        assert!(first.is_some());
        assert!(admission.connect().is_none());
        assert!(admission.connect().is_none());
        drop(first);
        assert!(admission.connect().is_some());
        assert_eq!((admission.connections(), admission.connections.refused()), (0, 2));
    }

    #[test]
    fn who_guesses_tokens_is_slowed_down() {
        let admission = admission();
        let address = "10.0.0.1".parse().unwrap();
        let refused = (0..100).filter_map(|_| admission.wrong_secret(address).err()).next();
        assert_eq!(refused.map(|problem| problem.code), Some("rate_limited"));
        assert!(admission.wrong_secret("10.0.0.2".parse().unwrap()).is_ok(), "another network is not");
    }

    #[test]
    fn who_guesses_from_all_over_one_network_is_one_guesser() {
        let admission = admission();
        let address = |last: u128| IpAddr::V6(Ipv6Addr::from_bits((0x2001_0db8 << 96) | last));
        let refused = (0..100).filter(|last| admission.wrong_secret(address(*last)).is_err()).count();
        assert!(refused >= 30, "{refused}");
        assert_eq!(admission.counted(), 1);
    }

    #[test]
    fn networks_beyond_number_are_counted_and_forgotten() {
        let admission = admission();
        for network in 0..=COUNTED_MAX as u128 {
            admission.network(IpAddr::V6(Ipv6Addr::from_bits(network << 64))).unwrap();
        }
        assert_eq!(admission.counted(), COUNTED_MAX + 1);
        admission.forget_the_quiet(false);
        assert!(admission.counted() <= COUNTED_MAX / 2, "{}", admission.counted());
        let left = admission.counted();
        admission.forget_the_quiet(false);
        assert_eq!(admission.counted(), left, "few are left alone until the minute is over");
    }
}
