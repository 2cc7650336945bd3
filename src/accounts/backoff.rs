//! Wrong passwords slow down whoever tries them, and shut nobody out. What is counted is one sign-in name as it is tried from one network, or from a
//! browser that has signed in with it before: so nobody's guesses hold up the owner at their own desk, and from a new place the owner waits
//! for their own mistakes alone.

use crate::domain::time::Timestamp;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::PoisonError;

/// So many mistakes cost nothing.
const FREE: u32 = 4;
/// The wait after the first mistake that costs; each further one doubles it.
const FIRST_MS: i64 = 2_000;
/// No wait is longer. It is told, and a try within it is neither checked nor counted.
const WAIT_MAX_MS: i64 = 15 * 60 * 1000;
/// A sign-in name that was tried wrongly so often from all over costs from the first mistake on, and at once a minute: somebody with many
/// addresses is at it.
const UNDER_ATTACK: u32 = 50;
const ATTACKED_MS: i64 = 60_000;
/// Mistakes older than this are forgotten.
const REMEMBERED_MS: i64 = 60 * 60 * 1000;
/// So many are counted. Full: the one that was quiet for longest is forgotten.
const COUNTED_MAX: usize = 20_000;

/// From where a sign-in name is tried.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    Network(IpAddr),
    /// A browser that has signed in with this name before, by what it was given then.
    Known([u8; 16]),
}

#[derive(Default)]
pub struct Backoff(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    tried: HashMap<(String, Origin), Count>,
    logins: HashMap<String, Count>,
}

#[derive(Clone, Copy)]
struct Count {
    mistakes: u32,
    last: Timestamp,
    until: Timestamp,
}

impl Backoff {
    /// To be asked before anything is checked: how many milliseconds are left to wait.
    pub fn left_ms(&self, login: &str, origin: &Origin, now: Timestamp) -> Option<u64> {
        let counts = self.counts();
        let until = counts.tried.get(&(login.to_owned(), origin.clone()))?.until;
        (until > now).then(|| until.since(now) as u64)
    }

    /// It was wrong.
    pub fn mistaken(&self, login: &str, origin: &Origin, now: Timestamp) {
        let mut counts = self.counts();
        let attacked = counts.count_login(login, now) > UNDER_ATTACK && matches!(origin, Origin::Network(_));
        make_room(&mut counts.tried, now);
        let count = one_more(&mut counts.tried, (login.to_owned(), origin.clone()), now);
        let doubled = count.mistakes.checked_sub(FREE + 1).map(|times| FIRST_MS << times.min(20));
        let wait_ms = doubled.unwrap_or(0).max(if attacked { ATTACKED_MS } else { 0 }).min(WAIT_MAX_MS);
        count.until = now.plus_ms(wait_ms);
    }

    /// It was right: this origin's mistakes are forgiven. Those of others are not.
    pub fn right(&self, login: &str, origin: &Origin) {
        self.counts().tried.remove(&(login.to_owned(), origin.clone()));
    }

    fn counts(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn count_login(&mut self, login: &str, now: Timestamp) -> u32 {
        make_room(&mut self.logins, now);
        one_more(&mut self.logins, login.to_owned(), now).mistakes
    }
}

fn one_more<K: std::hash::Hash + Eq>(counted: &mut HashMap<K, Count>, key: K, now: Timestamp) -> &mut Count {
    let count = counted.entry(key).or_insert(Count { mistakes: 0, last: now, until: now });
    if is_forgotten(count, now) {
        count.mistakes = 0;
    }
    count.mistakes += 1;
    count.last = now;
    count
}

fn is_forgotten(count: &Count, now: Timestamp) -> bool {
    now.since(count.last) > REMEMBERED_MS
}

fn make_room<K: std::hash::Hash + Eq + Clone>(counted: &mut HashMap<K, Count>, now: Timestamp) {
    if counted.len() < COUNTED_MAX {
        return;
    }
    counted.retain(|_, count| !is_forgotten(count, now));
    if counted.len() >= COUNTED_MAX
        && let Some(quietest) = counted.iter().min_by_key(|(_, count)| count.last).map(|(key, _)| key.clone())
    {
        counted.remove(&quietest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(last: u8) -> Origin {
        Origin::Network(IpAddr::from([192, 0, 2, last]))
    }

    #[test]
    fn mistakes_cost_more_and_more_and_never_for_ever() {
        let (backoff, here) = (Backoff::default(), network(1));
        let mut now = Timestamp(0);
        let mut waits = Vec::new();
        for _ in 0..30 {
            backoff.mistaken("wei", &here, now);
            let left = backoff.left_ms("wei", &here, now).unwrap_or(0) as i64;
            waits.push(left);
            now = now.plus_ms(left);
            assert_eq!(backoff.left_ms("wei", &here, now), None, "then the next try is heard");
        }
        assert_eq!(waits[..7], [0, 0, 0, 0, 2_000, 4_000, 8_000]);
        assert_eq!(waits[29], WAIT_MAX_MS);
        assert!(waits.is_sorted());
    }

    #[test]
    fn anothers_guesses_do_not_hold_up_the_owner() {
        let backoff = Backoff::default();
        for guess in 0..200 {
            backoff.mistaken("wei", &network(guess % 40), Timestamp(0));
        }
        assert_eq!(backoff.left_ms("wei", &network(200), Timestamp(0)), None, "from a network where nobody guessed");
        let known = Origin::Known([7; 16]);
        assert_eq!(backoff.left_ms("wei", &known, Timestamp(0)), None);
        backoff.mistaken("wei", &known, Timestamp(0));
        assert_eq!(backoff.left_ms("wei", &known, Timestamp(0)), None, "a slip at one's own desk costs nothing");
        backoff.mistaken("wei", &network(200), Timestamp(0));
        assert_eq!(backoff.left_ms("wei", &network(200), Timestamp(0)), Some(ATTACKED_MS as u64));
        assert_eq!(backoff.left_ms("qin", &network(1), Timestamp(0)), None, "nor another person");
    }

    #[test]
    fn who_is_right_is_forgiven_and_time_forgets() {
        let (backoff, here) = (Backoff::default(), network(1));
        let mistakes = |times, at| (0..times).for_each(|_| backoff.mistaken("wei", &here, Timestamp(at)));
        mistakes(6, 0);
        backoff.right("wei", &here);
        assert_eq!(backoff.left_ms("wei", &here, Timestamp(0)), None);
        mistakes(6, 0);
        mistakes(4, REMEMBERED_MS + 1);
        assert_eq!(backoff.left_ms("wei", &here, Timestamp(REMEMBERED_MS + 1)), None);
    }

    #[test]
    fn counting_is_bounded() {
        let backoff = Backoff::default();
        for n in 0..COUNTED_MAX + 10 {
            backoff.mistaken(&n.to_string(), &network(1), Timestamp(n as i64));
        }
        let counts = backoff.counts();
        assert_eq!((counts.tried.len(), counts.logins.len()), (COUNTED_MAX, COUNTED_MAX));
    }
}
