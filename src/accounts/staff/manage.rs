//! What administrators do about staff: inviting, changing, resetting by two, ending sessions.

use super::ACTIVE;
use super::By;
use super::DISABLED;
use super::FormFault;
use super::INVITED;
use super::Signed;
use super::StaffRefusal;
use super::StaffRegister;
use super::login_of;
use super::new_id;
use super::sign_in::faults_of_names;
use super::sign_in::name_fault;
use super::subject;
use crate::accounts::tokens;
use crate::accounts::tokens::Token;
use crate::contest::clock::chance;
use crate::domain::ids::StaffId;
use crate::domain::staff::Grant;
use crate::domain::time::Timestamp;
use crate::ledger::desk::Act;
use crate::ledger::desk::DeskStore;
use crate::ledger::desk::GrantRow;
use crate::ledger::desk::PersonRow;
use crate::ledger::desk::ResetRow;
use crate::ledger::desk::SessionRow;
use crate::ledger::desk::is_duplicate;
use crate::ledger::store::LedgerError;
use serde_json::Value;
use serde_json::json;

/// A link is good for so long.
const INVITATION_MS: i64 = 7 * 24 * 60 * 60 * 1000;
/// A reset waits so long for its second person; then it has to be asked for anew.
const RESET_MS: i64 = 24 * 60 * 60 * 1000;
/// A person has at most so many grants. More: refused.
const GRANTS_MAX: usize = 20;
/// A season has at most so many staff. Full: refused; the disabled count.
const STAFF_MAX: usize = 2_000;
/// A reason has so many characters.
const REASON_CHARACTERS: std::ops::RangeInclusive<usize> = 2..=500;

/// A one-time link's secret, handed over once.
pub struct Invitation {
    pub secret: String,
    pub expires: Timestamp,
}

pub struct Invited {
    pub person: PersonRow,
    pub grants: Vec<Grant>,
    pub invitation: Invitation,
}

/// What is changed; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct Change {
    pub name: Option<String>,
    pub grants: Option<Vec<Grant>>,
    /// Signing in is allowed (`true`) or not.
    pub enabled: Option<bool>,
}

/// How far a reset is.
pub enum Reset {
    /// A second person has to do the same.
    Asked,
    Done(Invitation),
}

impl StaffRegister {
    /// Everybody, with their grants.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn everybody(&self) -> Result<Vec<(PersonRow, Vec<Grant>)>, LedgerError> {
        let staff = self.store.read().await?.staff().await?;
        Ok(staff.into_iter().map(|person| (self.grants(&person.grants), person)).map(|(g, p)| (p, g)).collect())
    }

    /// # Errors
    /// The form has faults, or the sign-in name is taken.
    pub async fn invite(&self, by: &By, login: &str, name: &str, grants: &[Grant]) -> Result<Invited, StaffRefusal> {
        let login = login_of(login);
        let mut faults = faults_of_names(&login, name);
        faults.extend(grants_fault(grants));
        if !faults.is_empty() {
            return Err(StaffRefusal::Form(faults));
        }
        let person = PersonRow {
            id: new_id(),
            login,
            name: name.trim().to_owned(),
            state: INVITED.to_owned(),
            password: None,
            second_factor: None,
            offered_factor: None,
            second_factor_step: 0,
            seen_at: None,
            grants: self.rows(grants),
        };
        let mut act = self.store.begin().await?;
        if act.staff().await?.len() >= STAFF_MAX {
            return Err(StaffRefusal::Conflict(format!("工作人员最多 {STAFF_MAX} 位")));
        }
        act.insert_person(&person, by.at()).await.map_err(taken)?;
        let invitation = invite(&mut act, &person.id, by.at()).await?;
        act.commit(by.did("staff.invited", subject(&person.id)).after(&seen(&person))).await?;
        Ok(Invited { person, grants: grants.to_vec(), invitation })
    }

    /// # Errors
    /// There is nobody of this id, the form has faults, or no administrator would be left.
    pub async fn change(&self, by: &By, id: &StaffId, change: Change) -> Result<(PersonRow, Vec<Grant>), StaffRefusal> {
        let faults: Vec<FormFault> = change
            .name
            .as_deref()
            .and_then(name_fault)
            .into_iter()
            .chain(change.grants.as_deref().and_then(grants_fault))
            .collect();
        if !faults.is_empty() {
            return Err(StaffRefusal::Form(faults));
        }
        let mut act = self.store.begin().await?;
        let before = act.person(id).await?.ok_or(NOBODY)?;
        let mut person = before.clone();
        if let Some(name) = change.name {
            person.name = name.trim().to_owned();
        }
        if let Some(grants) = change.grants {
            person.grants = self.rows(&grants);
        }
        match change.enabled {
            Some(true) => person.state = if person.password.is_some() { ACTIVE } else { INVITED }.to_owned(),
            Some(false) => person.state = DISABLED.to_owned(),
            None => {}
        }
        act.update_person(&person).await?;
        act.set_grants(id, &person.grants).await?;
        if person.state == DISABLED {
            act.end_sessions(id, None).await?;
            act.set_invitation(id, None).await?;
        }
        if !act.staff().await?.iter().any(runs_the_season) {
            let message = "至少要留一位能登录的管理员；请先请另一位管理员加入".to_owned();
            return Err(StaffRefusal::Conflict(message));
        }
        act.commit(by.did("staff.changed", subject(id)).before(&seen(&before)).after(&seen(&person))).await?;
        let grants = self.grants(&person.grants);
        Ok((person, grants))
    }

    /// Password and second factor anew, by two: the first asks, the second completes. One of them is an administrator, and neither is
    /// the person. `signed` is who acts.
    ///
    /// # Errors
    /// It is oneself, there is nobody of this id, or the two are not enough.
    pub async fn reset(&self, by: &By, signed: &Signed, id: &StaffId, reason: &str) -> Result<Reset, StaffRefusal> {
        let reason = reason_of(reason)?;
        if signed.id == *id {
            return Err(StaffRefusal::Conflict("不能重置自己的登录，请另外两位同事操作".to_owned()));
        }
        let mut act = self.store.begin().await?;
        let mut person = act.person(id).await?.filter(|person| person.state != DISABLED).ok_or(NOBODY)?;
        let asked = act.reset(id).await?;
        let asked = asked.filter(|asked| by.at().since(asked.asked_at) < RESET_MS && asked.asked_by != signed.id);
        let Some(asked) = asked else {
            let asked = ResetRow { asked_by: signed.id.clone(), asked_at: by.at(), reason: reason.clone() };
            act.set_reset(id, Some(&asked)).await?;
            act.commit(by.did("staff.reset_asked", subject(id)).because(reason)).await?;
            return Ok(Reset::Asked);
        };
        let first = act.person(&asked.asked_by).await?.filter(|first| first.state == ACTIVE);
        let first = first.map(|first| self.grants(&first.grants)).unwrap_or_default();
        if ![&first, &signed.grants].iter().any(|grants| grants.contains(&Grant::Administrator)) {
            let message = "两个人里至少要有一位管理员，请管理员来完成".to_owned();
            return Err(StaffRefusal::Conflict(message));
        }
        let invitation = forget_sign_in(&mut act, &mut person, by.at()).await?;
        let told = json!({ "asked_by": asked.asked_by.as_str(), "asked_because": asked.reason });
        act.commit(by.did("staff.reset", subject(id)).before(&told).because(reason)).await?;
        Ok(Reset::Done(invitation))
    }

    /// Where somebody is signed in: a look at a person, so it is written down, but for one's own.
    ///
    /// # Errors
    /// There is nobody of this id.
    pub async fn sessions(&self, by: &By, id: &StaffId) -> Result<Vec<SessionRow>, StaffRefusal> {
        let mut link = self.store.read().await?;
        link.person(id).await?.ok_or(NOBODY)?;
        let sessions = link.sessions(id).await?;
        drop(link);
        if by.id() != Some(id) {
            self.write_down(by.did("staff.sessions_seen", subject(id))).await?;
        }
        Ok(sessions.into_iter().filter(|session| is_alive(session, by.at())).collect())
    }

    /// Ends a session at once: the next call with it is refused.
    ///
    /// # Errors
    /// There is none of this name.
    pub async fn end_session(&self, by: &By, id: &StaffId, session: &str) -> Result<(), StaffRefusal> {
        let mut act = self.store.begin().await?;
        if !act.end_session(id, session).await? {
            return Err(StaffRefusal::NotFound("这个登录"));
        }
        Ok(act.commit(by.did("session.ended", subject(id)).before(&json!({ "session": session }))).await?)
    }
}

/// `kejing staff reset`: for the one engineer when everybody is locked out. The server may run or not.
///
/// # Errors
/// Nobody signs in with this name, or the database refuses.
pub async fn reset_on_the_machine(
    store: &DeskStore,
    login: &str,
    reason: &str,
    now: Timestamp,
) -> Result<(PersonRow, Invitation), StaffRefusal> {
    let mut act = store.begin().await?;
    let mut person = act.person_of_login(&login_of(login)).await?.ok_or(NOBODY)?;
    // Whoever was disabled is let in again: it is the machine's owner who says so.
    let before = json!({ "state": person.state });
    let invitation = forget_sign_in(&mut act, &mut person, now).await?;
    let by = By::the_machine(now);
    act.commit(by.did("staff.reset_on_the_machine", subject(&person.id)).before(&before).because(reason)).await?;
    Ok((person, invitation))
}

/// Password, second factor and sessions go; a link to begin anew with comes.
async fn forget_sign_in(act: &mut Act, person: &mut PersonRow, now: Timestamp) -> Result<Invitation, LedgerError> {
    (person.password, person.second_factor, person.offered_factor) = (None, None, None);
    person.state = INVITED.to_owned();
    act.update_person(person).await?;
    act.set_recovery_codes(&person.id, &[]).await?;
    act.end_sessions(&person.id, None).await?;
    act.set_reset(&person.id, None).await?;
    invite(act, &person.id, now).await
}

async fn invite(act: &mut Act, id: &StaffId, now: Timestamp) -> Result<Invitation, LedgerError> {
    let secret = Token::of(chance()).hand_over().to_owned();
    let expires = now.plus_ms(INVITATION_MS);
    act.set_invitation(id, Some((&tokens::invitation_hash(&secret).0, expires))).await?;
    Ok(Invitation { secret, expires })
}

const NOBODY: StaffRefusal = StaffRefusal::NotFound("这位工作人员");

fn taken(error: LedgerError) -> StaffRefusal {
    if is_duplicate(&error) {
        let message = "这个登录名已经有人用了".to_owned();
        return StaffRefusal::Form(vec![FormFault { part: "login", code: "taken", message }]);
    }
    StaffRefusal::Ledger(error)
}

fn runs_the_season(person: &PersonRow) -> bool {
    let administrates = |grant: &GrantRow| grant.role == Grant::Administrator.role();
    person.state == ACTIVE && person.password.is_some() && person.grants.iter().any(administrates)
}

fn is_alive(session: &SessionRow, now: Timestamp) -> bool {
    now.since(session.since) < super::SESSION_MS && now.since(session.seen_at) < super::SESSION_IDLE_MS
}

fn grants_fault(grants: &[Grant]) -> Option<FormFault> {
    let fault = |code, message: String| Some(FormFault { part: "roles", code, message });
    match grants.len() {
        0 => fault("no_roles", "至少要有一个角色".to_owned()),
        n if n > GRANTS_MAX => fault("too_many", format!("角色最多 {GRANTS_MAX} 个")),
        _ => None,
    }
}

pub(super) fn reason_of(typed: &str) -> Result<String, StaffRefusal> {
    let reason = typed.trim();
    if REASON_CHARACTERS.contains(&reason.chars().count()) {
        return Ok(reason.to_owned());
    }
    let message = "请写明原因，2 到 500 个字".to_owned();
    Err(StaffRefusal::Form(vec![FormFault { part: "reason", code: "bad_reason", message }]))
}

/// A person as the audit log shows them: without anything secret.
fn seen(person: &PersonRow) -> Value {
    let grants: Vec<String> = person
        .grants
        .iter()
        .map(|grant| match grant.scope.as_str() {
            "" => grant.role.clone(),
            scope => format!("{}/{scope}", grant.role),
        })
        .collect();
    json!({ "login": person.login, "name": person.name, "roles": grants, "state": person.state })
}
