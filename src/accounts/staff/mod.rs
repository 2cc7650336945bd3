//! Who runs the season: signing in, what each may do, and that nothing is done without being written down.

mod factor;
mod manage;
mod sign_in;

pub use factor::Offered;
pub use manage::Change;
pub use manage::Invitation;
pub use manage::Invited;
pub use manage::Reset;
pub use manage::reset_on_the_machine;
pub use sign_in::Opened;

use crate::accounts::backoff::Backoff;
use crate::accounts::backoff::Origin;
use crate::accounts::passwords;
use crate::accounts::passwords::Hashing;
use crate::accounts::roles::On;
use crate::accounts::roles::Permission;
use crate::accounts::roles::may;
use crate::accounts::tokens;
use crate::accounts::tokens::Token;
use crate::contest::clock::chance;
use crate::contest::keys::Keys;
use crate::domain::ids::StaffId;
use crate::domain::season::Season;
use crate::domain::staff::Grant;
use crate::domain::time::Timestamp;
use crate::ledger::desk::DeskStore;
use crate::ledger::desk::GrantRow;
use crate::ledger::desk::PersonRow;
use crate::ledger::desk::Record;
use crate::ledger::desk::SessionRow;
use crate::ledger::entry::TokenHash;
use crate::ledger::store::LedgerError;
use serde_json::json;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

/// A session that nobody used for so long is over.
pub const SESSION_IDLE_MS: i64 = 2 * 60 * 60 * 1000;
/// A session is over after so long, however much it is used.
pub const SESSION_MS: i64 = 14 * 60 * 60 * 1000;
/// Its last sign of life is written once in so long, not with each call.
const SEEN_EVERY_MS: i64 = 60 * 1000;
/// Dangerous acts ask for the password again, if it was not given within so long.
pub const CONFIRMED_MS: i64 = 5 * 60 * 1000;
/// What a browser says of itself is cut to so many characters.
const AGENT_CHARACTERS: usize = 200;
/// Refused sign-ins that are written down within an hour, so that no stranger fills the disk. Beyond: they are counted in the next that is.
const STRANGERS_RECORDS_MAX: u32 = 600;
const AN_HOUR_MS: i64 = 60 * 60 * 1000;

/// Who calls, before anybody knows who they are.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// For counting.
    pub network: IpAddr,
    /// For people: without its last part.
    pub from: String,
    pub agent: String,
    /// What a browser shows that has signed in before.
    pub known: Option<String>,
    pub now: Timestamp,
}

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct Signed {
    pub id: StaffId,
    pub login: String,
    pub name: String,
    pub grants: Vec<Grant>,
    pub second_factor: bool,
    pub session: SessionRow,
}

impl Signed {
    /// They have to set up a second factor before they do anything else.
    pub fn needs_second_factor(&self) -> bool {
        !self.second_factor && self.grants.iter().any(Grant::needs_second_factor)
    }

    pub fn is_confirmed(&self, now: Timestamp) -> bool {
        self.session.confirmed_until > now
    }
}

/// Somebody who was found to be allowed, or acts on what is their own; whoever acts needs one, so that nothing is done unseen.
#[derive(Clone, Debug)]
pub struct By {
    who: Option<(StaffId, String)>,
    network: String,
    at: Timestamp,
}

impl By {
    fn signed(signed: &Signed, visitor: &Visitor) -> By {
        let who = Some((signed.id.clone(), signed.name.clone()));
        By { who, network: visitor.from.clone(), at: visitor.now }
    }

    fn nobody(visitor: &Visitor) -> By {
        By { who: None, network: visitor.from.clone(), at: visitor.now }
    }

    /// The machine's own engineer, by a command.
    fn the_machine(now: Timestamp) -> By {
        By { who: None, network: "本机命令".to_owned(), at: now }
    }

    pub fn id(&self) -> Option<&StaffId> {
        self.who.as_ref().map(|(id, _)| id)
    }

    pub fn name(&self) -> &str {
        self.who.as_ref().map_or("", |(_, name)| name)
    }

    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// A record of what they did: `bank.published`, to `bank:kexue`.
    pub fn did(&self, act: &str, subject: impl Into<String>) -> Record {
        Record {
            at: self.at,
            who: self.who.clone(),
            network: self.network.clone(),
            act: act.to_owned(),
            subject: subject.into(),
            before: None,
            after: None,
            reason: None,
            refused: false,
        }
    }

    /// A record of what they wanted to do and may not.
    pub fn refused(&self, act: &str, subject: impl Into<String>) -> Record {
        Record { refused: true, ..self.did(act, subject) }
    }
}

/// A part of a form that has to be mended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormFault {
    pub part: &'static str,
    pub code: &'static str,
    pub message: String,
}

#[derive(Debug, thiserror::Error)]
pub enum StaffRefusal {
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("现在登录的人太多，请稍候再试")]
    Busy,
    #[error("请先登录")]
    SignInFirst,
    #[error("登录名或密码不对")]
    WrongPassword,
    #[error("请输入身份验证器上的 6 位验证码，或一个恢复码")]
    CodeWanted,
    #[error("验证码不对，或者已经用过；请等下一个")]
    WrongCode,
    #[error("试错的次数太多，请过一会儿再试")]
    Wait { ms: u64 },
    #[error("您的角色不能做这件事；如果需要，请联系管理员")]
    Forbidden,
    #[error("这个操作很重要，请先输入密码确认是您本人")]
    ConfirmFirst,
    #[error("您的角色要先设置第二重验证（身份验证器），才能继续")]
    SetUpFactor,
    #[error("没有找到{0}")]
    NotFound(&'static str),
    #[error("{0}")]
    Conflict(String),
    #[error("请改正标出的地方")]
    Form(Vec<FormFault>),
}

impl From<passwords::Busy> for StaffRefusal {
    fn from(_: passwords::Busy) -> StaffRefusal {
        StaffRefusal::Busy
    }
}

pub struct StaffRegister {
    pub store: DeskStore,
    season: Arc<Season>,
    keys: Arc<Keys>,
    hashing: Hashing,
    /// For browsers that have signed in before: strangers don't stand in their way.
    hashing_known: Hashing,
    backoff: Backoff,
    strangers: Mutex<Strangers>,
    /// The link for the first administrator, while there is nobody.
    setup: Mutex<Option<TokenHash>>,
}

/// Refused sign-ins of this hour.
#[derive(Default)]
struct Strangers {
    since: Timestamp,
    recorded: u32,
    left_out: u32,
}

impl StaffRegister {
    /// `setup` is the secret of the first administrator's link, where nobody is there yet.
    pub fn new(store: DeskStore, season: Arc<Season>, keys: Arc<Keys>, setup: Option<&str>) -> StaffRegister {
        StaffRegister {
            store,
            season,
            keys,
            hashing: Hashing::default(),
            hashing_known: Hashing::default(),
            backoff: Backoff::default(),
            strangers: Mutex::default(),
            setup: Mutex::new(setup.map(tokens::invitation_hash)),
        }
    }

    /// Nobody is there yet: the first administrator may come in by the link.
    pub fn waits_for_the_first(&self) -> bool {
        self.setup.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// What a page shows with each call that changes something, to prove that it could read what was told to this cookie.
    pub fn csrf(&self, token: &str) -> String {
        data_encoding::BASE64URL_NOPAD.encode(&self.keys.of_desk("csrf", token.as_bytes())[..16])
    }

    /// Whose session the token is of, if it is one and not over.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn signed_in(&self, token: &str, now: Timestamp) -> Result<Option<Signed>, LedgerError> {
        let mut link = self.store.read().await?;
        let Some(session) = link.session(&tokens::presented(token).0).await? else { return Ok(None) };
        let person = link.person(&session.staff).await?;
        drop(link);
        let Some(person) = person.filter(|person| person.state == ACTIVE) else { return Ok(None) };
        if now.since(session.since) >= SESSION_MS || now.since(session.seen_at) >= SESSION_IDLE_MS {
            return Ok(None);
        }
        if now.since(session.seen_at) >= SEEN_EVERY_MS {
            let mut act = self.store.begin().await?;
            act.session_seen(&session, now).await?;
            act.commit_unrecorded().await?;
        }
        Ok(Some(self.signed(person, session)))
    }

    fn signed(&self, person: PersonRow, session: SessionRow) -> Signed {
        Signed {
            grants: self.grants(&person.grants),
            id: person.id,
            login: person.login,
            name: person.name,
            second_factor: person.second_factor.is_some(),
            session,
        }
    }

    /// Grants as they are kept. One whose place is no longer of the season allows nothing.
    fn grants(&self, rows: &[GrantRow]) -> Vec<Grant> {
        rows.iter().filter_map(|row| Grant::read(&row.role, &row.scope, &self.season)).collect()
    }

    fn rows(&self, grants: &[Grant]) -> Vec<GrantRow> {
        let row = |grant: &Grant| GrantRow { role: grant.role().to_owned(), scope: grant.scope(&self.season) };
        let mut rows: Vec<GrantRow> = grants.iter().map(row).collect();
        rows.sort();
        rows.dedup();
        rows
    }

    /// Whether somebody may, without a word to anyone: for what a page shows and hides.
    pub fn could(&self, signed: &Signed, permission: Permission, on: On<'_>) -> bool {
        may(&signed.grants, permission, on, &self.season)
    }

    /// Whoever may, may act; whoever may not is written down. `call` says what was asked for.
    ///
    /// # Errors
    /// They may not, or have to set up their second factor first.
    pub async fn allow(
        &self,
        signed: &Signed,
        visitor: &Visitor,
        permission: Permission,
        on: On<'_>,
        call: &str,
    ) -> Result<By, StaffRefusal> {
        if signed.needs_second_factor() {
            return Err(StaffRefusal::SetUpFactor);
        }
        let by = By::signed(signed, visitor);
        if may(&signed.grants, permission, on, &self.season) {
            return Ok(by);
        }
        let subject = match on {
            On::Season | On::SomeBank | On::SomePlace => "season".to_owned(),
            On::Bank(bank) => format!("bank:{bank}"),
            On::Place(place) => place.code(&self.season),
        };
        let asked = json!({ "call": call, "permission": format!("{permission:?}") });
        self.write_down(by.refused("access.refused", subject).after(&asked)).await?;
        Err(StaffRefusal::Forbidden)
    }

    /// For what everybody who is signed in may do with what is their own.
    pub fn own(signed: &Signed, visitor: &Visitor) -> By {
        By::signed(signed, visitor)
    }

    /// A look at something, which is an act as well.
    ///
    /// # Errors
    /// The database refuses; then nothing is shown.
    pub async fn write_down(&self, record: Record) -> Result<(), LedgerError> {
        self.store.begin().await?.commit(record).await
    }

    /// A refused sign-in, as far as there is room.
    async fn write_down_stranger(&self, record: Record) -> Result<(), LedgerError> {
        let left_out = {
            let mut strangers = self.strangers.lock().unwrap_or_else(PoisonError::into_inner);
            if record.at.since(strangers.since) >= AN_HOUR_MS {
                *strangers = Strangers { since: record.at, recorded: 0, left_out: strangers.left_out };
            }
            if strangers.recorded >= STRANGERS_RECORDS_MAX {
                strangers.left_out += 1;
                return Ok(());
            }
            strangers.recorded += 1;
            std::mem::take(&mut strangers.left_out)
        };
        let record = if left_out > 0 { record.after(&json!({ "not_written_down_before": left_out })) } else { record };
        self.write_down(record).await
    }

    /// Somebody else's page, or one that has grown old, asked for something.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn refuse_stranger(&self, visitor: &Visitor, call: &str) -> Result<(), LedgerError> {
        let call: String = call.chars().take(AGENT_CHARACTERS).collect();
        let record = By::nobody(visitor).refused("call.refused", "season").before(&json!({ "call": call }));
        self.write_down_stranger(record).await
    }

    /// From where the name is tried.
    fn origin(&self, login: &str, visitor: &Visitor) -> Origin {
        let shown = visitor.known.as_deref().and_then(|shown| shown.split_once('.'));
        match shown {
            Some((mark, proof)) if self.known_proof(mark, login) == proof => {
                let mut bytes = [0; 16];
                bytes.copy_from_slice(&self.keys.of_desk("known", mark.as_bytes())[..16]);
                Origin::Known(bytes)
            }
            _ => Origin::Network(visitor.network),
        }
    }

    /// What a browser is given that has signed in with this name.
    fn known(&self, login: &str) -> String {
        let mark = Token::of(chance()).hand_over().to_owned();
        let proof = self.known_proof(&mark, login);
        format!("{mark}.{proof}")
    }

    fn known_proof(&self, mark: &str, login: &str) -> String {
        data_encoding::BASE64URL_NOPAD
            .encode(&self.keys.of_desk("known_browser", format!("{mark}.{login}").as_bytes())[..16])
    }
}

const INVITED: &str = "invited";
const ACTIVE: &str = "active";
const DISABLED: &str = "disabled";

fn new_id() -> StaffId {
    StaffId(tokens::code(chance::<12>()))
}

/// The subject of what is done to somebody.
fn subject(id: &StaffId) -> String {
    format!("staff:{id}")
}

fn agent(visitor: &Visitor) -> String {
    visitor.agent.chars().filter(|c| !c.is_control()).take(AGENT_CHARACTERS).collect()
}

/// A sign-in name as it is kept: small letters, no spaces around it.
fn login_of(typed: &str) -> String {
    typed.trim().to_lowercase()
}
