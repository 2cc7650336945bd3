//! How much one participant, one network and all together may ask for. Every limit is named here, with what happens beyond it.

use crate::domain::ids::ParticipantId;
use crate::transport::problem::Problem;
use governor::DefaultKeyedRateLimiter;
use governor::Quota;
use governor::clock::Clock as _;
use governor::clock::DefaultClock;
use std::hash::Hash;
use std::net::IpAddr;
use std::net::Ipv6Addr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

/// Messages of one participant a second; many times what a hand can do. Over it: `rate_limited`, nothing is used up.
const PARTICIPANT_RATE: (u32, u32) = (200, 400);
/// Requests and hellos of one network a second: schools and carriers share addresses. Over it: `rate_limited`.
const NETWORK_RATE: (u32, u32) = (1_000, 10_000);
/// Tokens, codes and recovery codes that turned out wrong, of one network a second. Over it: `rate_limited`.
const WRONG_SECRETS_RATE: (u32, u32) = (2, 60);

/// The address for which a request is counted.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

pub struct Admission {
    participants: DefaultKeyedRateLimiter<ParticipantId>,
    networks: DefaultKeyedRateLimiter<IpAddr>,
    wrong_secrets: DefaultKeyedRateLimiter<IpAddr>,
    connections: Arc<AtomicUsize>,
    connections_max: usize,
}

/// Counts as a connection until dropped.
pub struct Slot(Arc<AtomicUsize>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Admission {
    pub fn new(connections_max: usize) -> Admission {
        Admission {
            participants: limiter(PARTICIPANT_RATE),
            networks: limiter(NETWORK_RATE),
            wrong_secrets: limiter(WRONG_SECRETS_RATE),
            connections: Arc::default(),
            connections_max,
        }
    }

    /// # Errors
    /// The participant sends more than anyone could by hand.
    pub fn participant(&self, participant: ParticipantId) -> Result<(), Problem> {
        check(&self.participants, &participant)
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
        let before = self.connections.fetch_add(1, Ordering::Relaxed);
        let slot = Slot(Arc::clone(&self.connections));
        (before < self.connections_max).then_some(slot)
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Forgets who has been quiet. Called once a minute, since keyed limits would grow for ever.
    pub fn forget_the_quiet(&self) {
        self.participants.retain_recent();
        self.networks.retain_recent();
        self.wrong_secrets.retain_recent();
        self.participants.shrink_to_fit();
    }

    /// How many participants and networks are being counted.
    pub fn counted(&self) -> usize {
        self.participants.len() + self.networks.len() + self.wrong_secrets.len()
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

/// The network that an address stands for: itself, or the /64 of an IPv6 address.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_network_is_a_64() {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        assert_eq!(network_of(address("2001:db8:1:2:3::9")), address("2001:db8:1:2::"));
        assert_eq!(network_of(address("::ffff:10.0.0.1")), address("10.0.0.1"));
    }

    #[test]
    fn a_full_process_takes_no_more_until_somebody_leaves() {
        let admission = Admission::new(1);
        let first = admission.connect();
        assert!(first.is_some());
        assert!(admission.connect().is_none());
        drop(first);
        assert!(admission.connect().is_some());
    }

    #[test]
    fn who_guesses_tokens_is_slowed_down() {
        let admission = Admission::new(1);
        let address = "10.0.0.1".parse().unwrap();
        let refused = (0..100).filter_map(|_| admission.wrong_secret(address).err()).next();
        assert_eq!(refused.map(|problem| problem.code), Some("rate_limited"));
    }
}
