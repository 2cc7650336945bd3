//! Joining, coming back and moving: each is durable before it is told.

use crate::accounts::codes::Codes;
use crate::accounts::names::BlockedNames;
use crate::accounts::names::NameFault;
use crate::accounts::tokens;
use crate::accounts::tokens::ByHash;
use crate::accounts::tokens::Token;
use crate::contest::clock::chance;
use crate::contest::core::Contest;
use crate::contest::recovery::Follower;
use crate::contest::roster;
use crate::contest::roster::Changes;
use crate::contest::roster::Place;
use crate::domain::ids::ParticipantId;
use crate::domain::season::Season;
use crate::domain::season::SignIn;
use crate::domain::time::Timestamp;
use crate::ledger::entry::Entry;
use crate::ledger::entry::EntryNumber;
use crate::ledger::entry::Note;
use crate::ledger::entry::Registered;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering;
use tokio::sync::Mutex;

/// Requests that come twice at once wait for each other, in so many lines.
const LINES: usize = 64;

pub struct Accounts {
    tokens: ByHash<ParticipantId>,
    recoveries: ByHash<ParticipantId>,
    lines: [Mutex<()>; LINES],
    next_participant: AtomicI64,
    pub codes: Codes,
    blocked: BlockedNames,
}

/// What a person says when they join; places by code and id.
#[derive(Clone, Debug)]
pub struct Joining {
    pub request: [u8; 16],
    pub name: String,
    pub city: String,
    pub county: Option<String>,
    pub organisation: Option<String>,
    pub group: Option<String>,
    pub consented: bool,
}

/// What is handed over once.
#[derive(Debug)]
pub struct Joined {
    pub participant: ParticipantId,
    pub token: Token,
    pub recovery: String,
}

/// What a person changes of themselves; `None` leaves it. An empty text clears what may be absent.
#[derive(Clone, Debug, Default)]
pub struct Change {
    pub name: Option<String>,
    pub city: Option<String>,
    pub county: Option<String>,
    pub organisation: Option<String>,
    pub group: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinRefusal {
    #[error("{0}")]
    Name(NameFault),
    #[error("请选择所在的城市")]
    UnknownCity,
    #[error("请从列表中选择所在的县（市、区）")]
    UnknownCounty,
    #[error("没有找到这个单位，请从搜索结果中选择")]
    UnknownOrganisation,
    #[error("请从列表中选择组别")]
    UnknownGroup,
    #[error("请先阅读并同意隐私说明")]
    NoConsent,
    #[error("本赛季需要手机号登录")]
    PhoneNeeded,
    #[error("{0}一个赛季只能更改一次，您已经改过了")]
    ChangedBefore(&'static str),
    #[error("您的名字由组织者改定，不能自己再改；如有疑问请联系组织者")]
    NameKept,
    #[error("服务器正忙，请稍后再试")]
    Busy,
}

impl Accounts {
    pub fn new(blocked: BlockedNames) -> Accounts {
        Accounts {
            tokens: ByHash::default(),
            recoveries: ByHash::default(),
            lines: std::array::from_fn(|_| Mutex::new(())),
            next_participant: AtomicI64::new(1),
            codes: Codes::default(),
            blocked,
        }
    }

    /// Whose token it is.
    pub fn of_token(&self, token: &str) -> Option<ParticipantId> {
        self.tokens.get(&tokens::presented(token)).map(|owner| *owner)
    }

    pub fn of_recovery(&self, typed: &str) -> Option<ParticipantId> {
        self.recoveries.get(&tokens::recovery_hash(typed)).map(|owner| *owner)
    }

    /// Registers a participant, or finds the one that the same request registered.
    ///
    /// # Errors
    /// What the person has to mend, or that the server is busy; then nothing was registered.
    pub async fn join(&self, contest: &Contest, joining: Joining) -> Result<Joined, JoinRefusal> {
        let keys = &contest.keys;
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&keys.of_request("token", &joining.request)[..16]);
        let token = Token::of(bytes);
        let recovery = tokens::recovery_code(&keys.of_request("recovery", &joining.request));
        let _line = self.lines[usize::from(joining.request[15]) % LINES].lock().await;
        let now = contest.now();
        // The token follows from the request: whose it is, made the request before. Not for a day only, since a second
        // participant with the same token would take the first one's place.
        if let Some(participant) = self.of_token(token.hand_over()) {
            return Ok(Joined { participant, token, recovery });
        }
        let season = &contest.season;
        if season.sign_in == SignIn::Phone {
            return Err(JoinRefusal::PhoneNeeded);
        }
        if season.consent.is_some() && !joining.consented {
            return Err(JoinRefusal::NoConsent);
        }
        let name = self.blocked.check(&joining.name).map_err(JoinRefusal::Name)?;
        let place = found(
            contest,
            &joining.city,
            joining.county.as_deref(),
            joining.organisation.as_deref(),
            joining.group.as_deref(),
        )?;
        let room = contest.lane().reserve_for_start().map_err(|_| JoinRefusal::Busy)?;
        let participant = ParticipantId(self.next_participant.fetch_add(1, Ordering::Relaxed));
        let committed = room.push_and_wait(Entry::Registered(Box::new(Registered {
            participant,
            request: joining.request,
            who: roster::who(season, &name, place),
            token: token.hash(),
            recovery: tokens::recovery_hash(&recovery),
            consented: joining.consented,
            at: now,
        })));
        committed.await.map_err(|_| JoinRefusal::Busy)?;
        Ok(Joined { participant, token, recovery })
    }

    /// A name as it would be kept.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn checked_name(&self, name: &str) -> Result<String, NameFault> {
        self.blocked.check(name)
    }

    /// A new token for somebody who has shown a code or a recovery code.
    ///
    /// # Errors
    /// The ledger has stopped.
    pub async fn new_token(&self, contest: &Contest, participant: ParticipantId) -> Result<Token, JoinRefusal> {
        let token = Token::of(chance());
        let note = Note::Token { participant, token: token.hash() };
        contest.note_asked(note, contest.now()).await.map_err(|_| JoinRefusal::Busy)?;
        Ok(token)
    }

    /// Changes a participant's name or place.
    ///
    /// # Errors
    /// What the person has to mend; then nothing was changed.
    pub async fn change(
        &self,
        contest: &Contest,
        participant: ParticipantId,
        change: Change,
    ) -> Result<(), JoinRefusal> {
        let season = &contest.season;
        let found_now = contest.roster.with(participant, |p| (p.name.to_string(), p.place, p.changed, p.name_kept));
        let Some((name, place_before, changed, name_kept)) = found_now else { return Err(JoinRefusal::Busy) };
        let name = match change.name {
            Some(wanted) if name_kept && wanted.trim() != name => return Err(JoinRefusal::NameKept),
            Some(_) if name_kept => name,
            Some(name) => self.blocked.check(&name).map_err(JoinRefusal::Name)?,
            None => name,
        };
        let before = roster::who(season, &name, place_before);
        let city = change.city.unwrap_or_else(|| before.city.clone());
        let stays = city == before.city;
        // Another city has other counties, and other organisations but for the region's own.
        let county = change.county.or(if stays { before.county } else { None });
        let organisation = change.organisation.or(if stays { before.organisation } else { None });
        let group = change.group.or(before.group);
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let (county, organisation, group) = (given(county), given(organisation), given(group));
        let place = found(contest, &city, county.as_deref(), organisation.as_deref(), group.as_deref())?;
        let alters = Changes::between(place_before, place);
        let again = [
            (alters.place && changed.place, "所在的地方"),
            (alters.organisation && changed.organisation, "单位"),
            (alters.group && changed.group, "组别"),
        ];
        if let Some((_, what)) = again.into_iter().find(|(again, _)| *again) {
            return Err(JoinRefusal::ChangedBefore(what));
        }
        let note = Note::Changed { participant, who: roster::who(season, &name, place) };
        contest.note_asked(note, contest.now()).await.map_err(|_| JoinRefusal::Busy)
    }

    /// How many participants have a token, for `/metrics`.
    pub fn participants(&self) -> usize {
        self.recoveries.len()
    }
}

/// The place that codes and ids name.
fn found(
    contest: &Contest,
    city: &str,
    county: Option<&str>,
    organisation: Option<&str>,
    group: Option<&str>,
) -> Result<Place, JoinRefusal> {
    let season: &Season = &contest.season;
    let city = season.region.city_of_code(city).ok_or(JoinRefusal::UnknownCity)?;
    let county = county.map(|code| season.region.county_of_code(code).ok_or(JoinRefusal::UnknownCounty)).transpose()?;
    if county.is_some_and(|county| season.region.county(county).city != city) {
        return Err(JoinRefusal::UnknownCounty);
    }
    let organisation =
        organisation.map(|id| contest.places().organisation(id).ok_or(JoinRefusal::UnknownOrganisation)).transpose()?;
    let elsewhere = |index: crate::domain::ids::OrganisationIndex| {
        season.organisations[index.0 as usize].city.is_some_and(|home| home != city)
    };
    if organisation.is_some_and(elsewhere) {
        return Err(JoinRefusal::UnknownOrganisation);
    }
    let group = group.map(|id| season.group_of_id(id).ok_or(JoinRefusal::UnknownGroup)).transpose()?;
    Ok(Place { city, county, organisation, group })
}

impl Follower for Accounts {
    fn registered(&self, registered: &Registered) {
        self.tokens.insert(registered.token, registered.participant);
        self.recoveries.insert(registered.recovery, registered.participant);
        self.next_participant.fetch_max(registered.participant.0 + 1, Ordering::Relaxed);
    }

    fn noted(&self, _n: EntryNumber, _at: Timestamp, note: &Note) {
        if let Note::Token { participant, token } = note {
            self.tokens.insert(*token, *participant);
        }
    }
}
