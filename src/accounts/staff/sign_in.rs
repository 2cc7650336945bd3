//! Signing in and out: the first administrator, those who were invited, everybody else; and the password anew before dangerous acts.

use super::ACTIVE;
use super::By;
use super::CONFIRMED_MS;
use super::FormFault;
use super::SESSION_IDLE_MS;
use super::SESSION_MS;
use super::Signed;
use super::StaffRefusal;
use super::StaffRegister;
use super::Visitor;
use super::agent;
use super::login_of;
use super::new_id;
use super::subject;
use crate::accounts::backoff::Origin;
use crate::accounts::passwords;
use crate::accounts::tokens;
use crate::accounts::tokens::Token;
use crate::contest::clock::chance;
use crate::domain::ids::StaffId;
use crate::domain::staff::Grant;
use crate::domain::time::Timestamp;
use crate::ledger::desk::Act;
use crate::ledger::desk::PersonRow;
use crate::ledger::desk::SessionRow;
use crate::ledger::store::LedgerError;
use serde_json::json;
use std::sync::PoisonError;

/// A name that people read has so many characters.
const NAME_CHARACTERS: std::ops::RangeInclusive<usize> = 1..=30;
/// A name to sign in with.
const LOGIN_CHARACTERS: std::ops::RangeInclusive<usize> = 2..=32;

/// A session that has begun. Token and mark are handed over once.
pub struct Opened {
    pub token: Token,
    /// The browser is known from now on.
    pub known: String,
    pub signed: Signed,
}

impl StaffRegister {
    /// The first administrator, by the link that the server printed.
    ///
    /// # Errors
    /// Somebody is there already, it is not the link, or the form has faults.
    pub async fn set_up(
        &self,
        visitor: &Visitor,
        link: &str,
        login: &str,
        name: &str,
        password: &str,
    ) -> Result<Opened, StaffRefusal> {
        if !self.is_setup(link) {
            return Err(StaffRefusal::NotFound(
                "这个链接：它已经用过，或者服务重新启动过；请用最近一次启动时打印的链接",
            ));
        }
        let login = login_of(login);
        let mut faults = faults_of_names(&login, name);
        faults.extend(password_fault("password", password, &login, name));
        if !faults.is_empty() {
            return Err(StaffRefusal::Form(faults));
        }
        let hash = self.hashing.hash(password).await?;
        let mut act = self.store.begin().await?;
        if act.somebody_is_there().await? {
            return Err(StaffRefusal::Conflict("已经有管理员了，请登录".to_owned()));
        }
        let person = PersonRow {
            id: new_id(),
            login,
            name: name.trim().to_owned(),
            state: ACTIVE.to_owned(),
            password: Some(hash),
            second_factor: None,
            offered_factor: None,
            second_factor_step: 0,
            seen_at: None,
            grants: self.rows(&[Grant::Administrator]),
        };
        act.insert_person(&person, visitor.now).await?;
        let opened = self.open(&mut act, person, visitor).await?;
        let by = By::signed(&opened.signed, visitor);
        let made = json!({ "login": opened.signed.login, "name": opened.signed.name, "roles": ["administrator"] });
        act.commit(by.did("staff.set_up", subject(&opened.signed.id)).after(&made)).await?;
        *self.setup.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(opened)
    }

    fn is_setup(&self, link: &str) -> bool {
        let setup = self.setup.lock().unwrap_or_else(PoisonError::into_inner);
        setup.as_ref().is_some_and(|setup| *setup == tokens::invitation_hash(link))
    }

    /// With sign-in name, password and, where there is a second factor, its code or a recovery code. `before` is the session that the
    /// browser had until now.
    ///
    /// # Errors
    /// One of them is wrong or missing, or was wrong too often.
    pub async fn sign_in(
        &self,
        visitor: &Visitor,
        before: Option<&Signed>,
        login: &str,
        password: &str,
        code: Option<&str>,
    ) -> Result<Opened, StaffRefusal> {
        let login = login_of(login);
        let origin = self.origin(&login, visitor);
        let person = self.store.read().await?.person_of_login(&login).await?;
        let person = person.filter(|person| person.state == ACTIVE);
        self.prove_password(visitor, &login, &origin, person.as_ref(), password).await?;
        // The password was somebody's: there is a person.
        let person = person.ok_or(StaffRefusal::WrongPassword)?;
        let mut act = self.store.begin().await?;
        let person = self.prove_factor(&mut act, visitor, person, code).await;
        let (person, with) = match person {
            Ok(proved) => proved,
            Err(error) => {
                drop(act);
                return Err(self.mistaken_code(visitor, &login, &origin, error).await?);
            }
        };
        self.backoff.right(&login, &origin);
        if let Some(before) = before {
            act.end_session(&before.id, &before.session.id).await?;
        }
        let over = visitor.now.plus_ms(-SESSION_MS);
        act.forget_what_is_over(over, visitor.now.plus_ms(-SESSION_IDLE_MS), visitor.now).await?;
        let opened = self.open(&mut act, person, visitor).await?;
        let by = By::signed(&opened.signed, visitor);
        let told = json!({ "session": opened.signed.session.id, "second_factor": with });
        act.commit(by.did("session.opened", subject(&opened.signed.id)).after(&told)).await?;
        Ok(opened)
    }

    /// Whoever tries too often is not even heard.
    async fn prove_password(
        &self,
        visitor: &Visitor,
        login: &str,
        origin: &Origin,
        person: Option<&PersonRow>,
        password: &str,
    ) -> Result<(), StaffRefusal> {
        if let Some(ms) = self.backoff.left_ms(login, origin, visitor.now) {
            return Err(StaffRefusal::Wait { ms });
        }
        let kept = person.and_then(|person| person.password.as_deref());
        let hashing = if matches!(origin, Origin::Known(_)) { &self.hashing_known } else { &self.hashing };
        if hashing.verify(password, kept).await? {
            return Ok(());
        }
        self.backoff.mistaken(login, origin, visitor.now);
        self.refused_sign_in(visitor, login, person.map(|person| &person.id), "password").await?;
        Err(StaffRefusal::WrongPassword)
    }

    /// The person as they are within the act, and with what they proved themselves. A code is used up by this.
    async fn prove_factor(
        &self,
        act: &mut Act,
        visitor: &Visitor,
        person: PersonRow,
        code: Option<&str>,
    ) -> Result<(PersonRow, Option<&'static str>), StaffRefusal> {
        let person = act.person(&person.id).await?.filter(|found| {
            // Whoever was disabled or changed their password a moment ago does not come in by the old one.
            found.state == ACTIVE && found.password == person.password
        });
        let mut person = person.ok_or(StaffRefusal::WrongPassword)?;
        let Some(sealed) = &person.second_factor else { return Ok((person, None)) };
        let code = code.map(str::trim).filter(|code| !code.is_empty()).ok_or(StaffRefusal::CodeWanted)?;
        let secret = self.unsealed(sealed).ok_or(StaffRefusal::WrongCode)?;
        if let Some(step) = secret.step_of(code, visitor.now, person.second_factor_step) {
            person.second_factor_step = step;
            act.update_person(&person).await?;
            return Ok((person, Some("code")));
        }
        if act.use_recovery_code(&person.id, &tokens::recovery_hash(code).0).await? {
            return Ok((person, Some("recovery")));
        }
        Err(StaffRefusal::WrongCode)
    }

    /// What to tell of a code that did not prove anything.
    async fn mistaken_code(
        &self,
        visitor: &Visitor,
        login: &str,
        origin: &Origin,
        error: StaffRefusal,
    ) -> Result<StaffRefusal, LedgerError> {
        if matches!(error, StaffRefusal::WrongCode | StaffRefusal::WrongPassword) {
            self.backoff.mistaken(login, origin, visitor.now);
            let person = self.store.read().await?.person_of_login(login).await?;
            self.refused_sign_in(visitor, login, person.map(|person| person.id).as_ref(), "code").await?;
        }
        Ok(error)
    }

    async fn refused_sign_in(
        &self,
        visitor: &Visitor,
        login: &str,
        person: Option<&StaffId>,
        wrong: &str,
    ) -> Result<(), LedgerError> {
        // A name that nobody has may be a password typed into the wrong field.
        let subject = person.map_or_else(|| "staff:unknown".to_owned(), subject);
        let login = person.is_some().then_some(login);
        let told = json!({ "login": login, "wrong": wrong });
        self.write_down_stranger(By::nobody(visitor).refused("session.refused", subject).before(&told)).await
    }

    /// A new session, under a token that nobody has seen before.
    pub(super) async fn open(
        &self,
        act: &mut Act,
        person: PersonRow,
        visitor: &Visitor,
    ) -> Result<Opened, LedgerError> {
        let token = Token::of(chance());
        let session = SessionRow {
            id: tokens::code(chance::<12>()),
            staff: person.id.clone(),
            since: visitor.now,
            seen_at: visitor.now,
            confirmed_until: visitor.now.plus_ms(CONFIRMED_MS),
            network: visitor.from.clone(),
            agent: agent(visitor),
        };
        act.insert_session(&token.hash().0, &session).await?;
        let known = self.known(&person.login);
        Ok(Opened { token, known, signed: self.signed(person, session) })
    }

    /// # Errors
    /// The database refuses.
    pub async fn sign_out(&self, signed: &Signed, visitor: &Visitor) -> Result<(), LedgerError> {
        let mut act = self.store.begin().await?;
        act.end_session(&signed.id, &signed.session.id).await?;
        let told = json!({ "session": signed.session.id });
        act.commit(By::signed(signed, visitor).did("session.closed", subject(&signed.id)).before(&told)).await
    }

    /// The person shows once more that it is them. Until when that is believed.
    ///
    /// # Errors
    /// Password or code are wrong, or were too often.
    pub async fn confirm(
        &self,
        signed: &Signed,
        visitor: &Visitor,
        password: &str,
        code: Option<&str>,
    ) -> Result<Timestamp, StaffRefusal> {
        let person = self.proved(signed, visitor, password).await?;
        let origin = self.origin(&signed.login, visitor);
        let mut act = self.store.begin().await?;
        if let Err(error) = self.prove_factor(&mut act, visitor, person, code).await {
            drop(act);
            return Err(self.mistaken_code(visitor, &signed.login, &origin, error).await?);
        }
        self.backoff.right(&signed.login, &origin);
        let until = visitor.now.plus_ms(CONFIRMED_MS);
        act.session_confirmed(&signed.session.id, until).await?;
        act.commit(By::signed(signed, visitor).did("session.confirmed", subject(&signed.id))).await?;
        Ok(until)
    }

    /// The person, whose password this is.
    async fn proved(&self, signed: &Signed, visitor: &Visitor, password: &str) -> Result<PersonRow, StaffRefusal> {
        let person = self.store.read().await?.person(&signed.id).await?;
        let origin = self.origin(&signed.login, visitor);
        self.prove_password(visitor, &signed.login, &origin, person.as_ref(), password).await?;
        person.ok_or(StaffRefusal::SignInFirst)
    }

    /// The person's other sessions end.
    ///
    /// # Errors
    /// The old one is wrong, or the new one will not do.
    pub async fn change_password(
        &self,
        signed: &Signed,
        visitor: &Visitor,
        old: &str,
        new: &str,
    ) -> Result<(), StaffRefusal> {
        let before = self.proved(signed, visitor, old).await?;
        if let Some(fault) = password_fault("new", new, &signed.login, &signed.name) {
            return Err(StaffRefusal::Form(vec![fault]));
        }
        let hash = self.hashing_known.hash(new).await?;
        self.backoff.right(&signed.login, &self.origin(&signed.login, visitor));
        let mut act = self.store.begin().await?;
        let person = act.person(&signed.id).await?.filter(|person| person.password == before.password);
        let mut person = person.ok_or(StaffRefusal::WrongPassword)?;
        person.password = Some(hash);
        act.update_person(&person).await?;
        let ended = act.end_sessions(&signed.id, Some(&signed.session.id)).await?;
        let record = By::signed(signed, visitor).did("staff.password_changed", subject(&signed.id));
        Ok(act.commit(record.after(&json!({ "sessions_ended": ended }))).await?)
    }

    /// Whom a one-time link was made for.
    ///
    /// # Errors
    /// It is none, or none any more.
    pub async fn invited(&self, secret: &str, now: Timestamp) -> Result<(PersonRow, Vec<Grant>), StaffRefusal> {
        let mut link = self.store.read().await?;
        let invitation = link.invitation(&tokens::invitation_hash(secret).0).await?;
        let (id, _) = invitation.filter(|(_, expires)| *expires > now).ok_or(NO_INVITATION)?;
        let person = link.person(&id).await?.filter(|person| person.state != super::DISABLED).ok_or(NO_INVITATION)?;
        let grants = self.grants(&person.grants);
        Ok((person, grants))
    }

    /// Somebody who was invited, or whose sign-in was reset, chooses a password and is signed in.
    ///
    /// # Errors
    /// The link is none any more, or the password will not do.
    pub async fn accept(&self, visitor: &Visitor, secret: &str, password: &str) -> Result<Opened, StaffRefusal> {
        let (person, _) = self.invited(secret, visitor.now).await?;
        if let Some(fault) = password_fault("password", password, &person.login, &person.name) {
            return Err(StaffRefusal::Form(vec![fault]));
        }
        let hash = self.hashing.hash(password).await?;
        let mut act = self.store.begin().await?;
        let still = act.invitation(&tokens::invitation_hash(secret).0).await?;
        let person = act.person(&person.id).await?;
        let mut person =
            person.filter(|person| still.is_some() && person.state != super::DISABLED).ok_or(NO_INVITATION)?;
        person.password = Some(hash);
        person.state = ACTIVE.to_owned();
        act.update_person(&person).await?;
        act.set_invitation(&person.id, None).await?;
        let ended = act.end_sessions(&person.id, None).await?;
        let opened = self.open(&mut act, person, visitor).await?;
        let by = By::signed(&opened.signed, visitor);
        let told = json!({ "session": opened.signed.session.id, "sessions_ended": ended });
        act.commit(by.did("staff.joined", subject(&opened.signed.id)).after(&told)).await?;
        Ok(opened)
    }
}

const NO_INVITATION: StaffRefusal = StaffRefusal::NotFound("这个链接：它已经用过或者过期了，请找管理员重新要一个");

pub(super) fn faults_of_names(login: &str, name: &str) -> Vec<FormFault> {
    let mut faults = Vec::new();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    if !LOGIN_CHARACTERS.contains(&login.len()) || !login.chars().all(plain) {
        let message = "登录名要有 2 到 32 位，只用小写字母、数字和 . _ -".to_owned();
        faults.push(FormFault { part: "login", code: "bad_login", message });
    }
    faults.extend(name_fault(name));
    faults
}

pub(super) fn name_fault(name: &str) -> Option<FormFault> {
    let name = name.trim();
    if NAME_CHARACTERS.contains(&name.chars().count()) && !name.chars().any(char::is_control) {
        return None;
    }
    Some(FormFault { part: "name", code: "bad_name", message: "姓名要有 1 到 30 个字".to_owned() })
}

fn password_fault(part: &'static str, password: &str, login: &str, name: &str) -> Option<FormFault> {
    let fault = passwords::check(password, login, name).err()?;
    Some(FormFault { part, code: fault.code(), message: fault.to_string() })
}
