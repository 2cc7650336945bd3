//! What all players of a run share, and who they are: participants registered by HTTP, spread over cities, counties and groups.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::args::Mischief;
use crate::bank::Bank;
use crate::clock::Micros;
use crate::downtime::Downtime;
use crate::findings::Findings;
use crate::http::{Call, Http};
use crate::meter::{Meter, count};
use crate::net::Target;
use crate::pace::Pace;
use crate::season::{Round, Season};

/// Handshakes at once: more only wait in the server's accept queue and look slow.
const HANDSHAKES_MAX: usize = 256;
const REGISTRATIONS_MAX: usize = 64;
/// Of all registrations, sent twice to see that the same participant comes back.
const REGISTERED_TWICE_SHARE: f64 = 0.02;

pub(crate) struct Crowd {
    pub target: Target,
    pub http: Http,
    pub season: Season,
    pub rounds: Vec<Round>,
    pub bank: Option<Bank>,
    pub mischief: Mischief,
    pub skill: f64,
    pub think_ms: u64,
    pub pace: OnceLock<Pace>,
    pub papers_each: u32,
    /// No new paper after this.
    pub deadline: OnceLock<Micros>,
    /// Of each player, attempts whose lines are kept for the review at the end.
    pub reviews_each: usize,
    pub findings: Findings,
    pub meter: Meter,
    pub downtime: Arc<Downtime>,
    /// The server is killed on purpose: a lost connection is no disagreement.
    pub kills: bool,
    pub handshakes: Semaphore,
    /// When the run began, by the wall clock, ms.
    pub began_at: i64,
    pub stop: Stop,
}

/// Set when the run cannot go on; players stop.
#[derive(Default)]
pub(crate) struct Stop {
    stopped: AtomicBool,
    why: Mutex<Option<String>>,
}

impl Crowd {
    pub(crate) fn handshakes() -> Semaphore {
        Semaphore::new(HANDSHAKES_MAX)
    }

    /// The run cannot go on; the first reason is told at the end.
    pub(crate) fn fail(&self, why: String) {
        self.stop.why.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why);
        self.stop.stopped.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.stopped.load(Ordering::Relaxed)
    }

    pub(crate) fn failure(&self) -> Option<String> {
        self.stop.why.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A registered participant.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub index: usize,
    pub id: String,
    pub token: String,
    pub name: String,
    pub city: String,
    pub county: Option<String>,
    pub group: Option<String>,
}

impl Person {
    /// For disagreements.
    pub(crate) fn shown(&self) -> String {
        format!("participant {} ({})", self.index, self.id)
    }
}

#[derive(Deserialize)]
struct Registered {
    participant: Participant,
    token: String,
    recovery: Option<String>,
}

#[derive(Deserialize)]
struct Participant {
    id: String,
    name: String,
    city: String,
    county: Option<String>,
    group: Option<String>,
}

/// Registers `number` participants, numbered from `first`, in that order.
pub(crate) async fn register(
    crowd: &Arc<Crowd>,
    seed: u64,
    first: usize,
    number: usize,
) -> anyhow::Result<Vec<Person>> {
    let permits = Arc::new(Semaphore::new(REGISTRATIONS_MAX));
    let mut tasks = JoinSet::new();
    for index in first..first + number {
        let (crowd, permits) = (Arc::clone(crowd), Arc::clone(&permits));
        tasks.spawn(async move {
            let _permit = permits.acquire().await?;
            register_one(&crowd, seed, index).await
        });
    }
    let mut people = Vec::with_capacity(number);
    while let Some(done) = tasks.join_next().await {
        people.push(done??);
    }
    people.sort_by_key(|p| p.index);
    Ok(people)
}

async fn register_one(crowd: &Crowd, seed: u64, index: usize) -> anyhow::Result<Person> {
    let mut rng = fastrand::Rng::with_seed(seed ^ (index as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let asked = application(crowd, &mut rng, index);
    let body = asked.to_string();
    let registered = send(crowd, &body).await.with_context(|| format!("registering participant {index}"))?;
    let participant = registered.participant;
    let person = Person {
        index,
        id: participant.id,
        token: registered.token,
        name: participant.name,
        city: participant.city,
        county: participant.county,
        group: participant.group,
    };
    let field = |name: &str| asked.get(name).and_then(Value::as_str).map(str::to_owned);
    let asked_for = (field("name"), field("city"), field("county"), field("group"));
    let got = (Some(person.name.clone()), Some(person.city.clone()), person.county.clone(), person.group.clone());
    if asked_for != got {
        crowd.findings.add(&person.shown(), "register: other fields", &format!("asked {asked_for:?}, got {got:?}"));
    }
    if registered.recovery.is_none_or(|r| r.is_empty()) && !crowd.kills {
        crowd.findings.add(&person.shown(), "register: no recovery", "the first registration shows the recovery code");
    }
    if rng.f64() < REGISTERED_TWICE_SHARE {
        let again = send(crowd, &body).await?.participant.id;
        if again != person.id {
            crowd.findings.add(&person.shown(), "register: doubled", &format!("the same request made {again} too"));
        }
    }
    count(&crowd.meter.counts.registered);
    Ok(person)
}

async fn send(crowd: &Crowd, body: &str) -> anyhow::Result<Registered> {
    loop {
        let reply = crowd.http.patiently(Call::post("/participants", None, body)).await?;
        match reply.status {
            200 | 201 => return reply.json(),
            // Too many waiting behind us: `patiently` has waited long enough only where nothing else stands in the way.
            429 | 503 if !crowd.is_stopped() => tokio::time::sleep(Duration::from_millis(500)).await,
            _ => bail!("POST /participants: {}", reply.shown()),
        }
    }
}

fn application(crowd: &Crowd, rng: &mut fastrand::Rng, index: usize) -> Value {
    let season = &crowd.season;
    let city = &season.cities[rng.usize(..season.cities.len())];
    let mut asked = json!({ "request": uuid(rng), "name": name(index), "city": city.code });
    if !city.counties.is_empty() && rng.f64() < 0.9 {
        asked["county"] = city.counties[rng.usize(..city.counties.len())].code.clone().into();
    }
    if !season.groups.is_empty() {
        asked["group"] = season.groups[rng.usize(..season.groups.len())].id.clone().into();
    }
    if let Some(consent) = &season.consent {
        asked["consent"] = consent.clone();
    }
    asked
}

/// A name of Han letters for each number, as real names are (2 to 20 letters, no digits).
fn name(index: usize) -> String {
    const SURNAMES: [char; 10] = ['韦', '黄', '覃', '梁', '陆', '农', '莫', '蒙', '蓝', '罗'];
    const DIGITS: [char; 10] = ['林', '一', '明', '三', '思', '武', '柳', '琦', '安', '久'];
    let mut letters = vec![SURNAMES[index % 10]];
    let mut rest = index / 10 + 10;
    while rest > 0 {
        letters.push(DIGITS[rest % 10]);
        rest /= 10;
    }
    letters.into_iter().collect()
}

fn uuid(rng: &mut fastrand::Rng) -> String {
    let (a, b) = (rng.u64(..), rng.u64(..));
    // Version 4, variant 1 (RFC 9562).
    let (time, version) = (a >> 32, (a & 0xFFFF_0FFF) | 0x4000);
    let variant = (b >> 48) & 0x3FFF | 0x8000;
    format!("{time:08x}-{:04x}-{:04x}-{variant:04x}-{:012x}", version >> 16, version & 0xFFFF, b & 0xFFFF_FFFF_FFFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_and_are_three_to_twenty_letters() {
        let names: std::collections::HashSet<String> = (0..20_000).map(name).collect();
        assert_eq!(names.len(), 20_000);
        assert!(names.iter().all(|n| (3..=20).contains(&n.chars().count())));
    }

    #[test]
    fn requests_are_uuids_of_version_4() {
        let mut rng = fastrand::Rng::with_seed(1);
        for _ in 0..100 {
            let id = uuid(&mut rng);
            let parts: Vec<usize> = id.split('-').map(str::len).collect();
            assert_eq!(parts, [8, 4, 4, 4, 12]);
            assert_eq!(&id[14..15], "4");
            assert!("89ab".contains(&id[19..20]), "{id}");
        }
    }
}
