//! Staff, what they may do, their sessions, invitations and resets.

use super::Act;
use super::SEASON;
use super::link::Link;
use super::link::Row;
use super::link::values;
use crate::domain::ids::StaffId;
use crate::domain::time::Timestamp;
use crate::ledger::store::LedgerError;
use std::collections::HashMap;

/// One of the staff, as the table has them. What is secret in it is a hash or sealed.
#[derive(Clone, Debug)]
pub struct PersonRow {
    pub id: StaffId,
    pub login: String,
    pub name: String,
    /// `invited`, `active` or `disabled`.
    pub state: String,
    /// An argon2id text.
    pub password: Option<String>,
    /// Sealed.
    pub second_factor: Option<String>,
    /// Sealed; waits until its owner has shown a code of it.
    pub offered_factor: Option<String>,
    /// The last step whose code was used.
    pub second_factor_step: i64,
    pub seen_at: Option<Timestamp>,
    pub grants: Vec<GrantRow>,
}

/// A role and what it is bound to; an empty scope is everything.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GrantRow {
    pub role: String,
    pub scope: String,
}

#[derive(Clone, Debug)]
pub struct SessionRow {
    pub id: String,
    pub staff: StaffId,
    pub since: Timestamp,
    pub seen_at: Timestamp,
    pub confirmed_until: Timestamp,
    pub network: String,
    pub agent: String,
}

/// A reset that waits for its second person.
#[derive(Clone, Debug)]
pub struct ResetRow {
    pub asked_by: StaffId,
    pub asked_at: Timestamp,
    pub reason: String,
}

const PERSON: &str =
    "select id, login, name, state, password, second_factor, offered_factor, second_factor_step, seen_at from staff";
const SESSION: &str = "select id, staff, since, seen_at, confirmed_until, network, agent from staff_session";

impl Link {
    /// Whether anybody can sign in at all.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn somebody_is_there(&mut self) -> Result<bool, LedgerError> {
        let sql = "select id from staff where season = $1 and password is not null limit 1";
        Ok(self.row(sql, values![SEASON]).await?.is_some())
    }

    /// Everybody, by their sign-in names.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn staff(&mut self) -> Result<Vec<PersonRow>, LedgerError> {
        let sql = sqlx::AssertSqlSafe(format!("{PERSON} where season = $1 order by login"));
        let rows = self.rows(sql, values![SEASON]).await?;
        let sql = "select staff, role, scope from staff_grant where season = $1 order by staff, role, scope";
        let mut grants: HashMap<String, Vec<GrantRow>> = HashMap::new();
        for row in self.rows(sql, values![SEASON]).await? {
            grants.entry(row.text("staff")?).or_default().push(grant(&row)?);
        }
        let person = |row: &Row| {
            let found = grants.remove(&row.text("id")?).unwrap_or_default();
            person(row, found)
        };
        rows.iter().map(person).collect()
    }

    /// # Errors
    /// The database refuses.
    pub async fn person(&mut self, id: &StaffId) -> Result<Option<PersonRow>, LedgerError> {
        let sql = sqlx::AssertSqlSafe(format!("{PERSON} where season = $1 and id = $2"));
        let row = self.row(sql, values![SEASON, id.as_str()]).await?;
        self.with_grants(row).await
    }

    /// By the sign-in name as it is kept: in small letters.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn person_of_login(&mut self, login: &str) -> Result<Option<PersonRow>, LedgerError> {
        let sql = sqlx::AssertSqlSafe(format!("{PERSON} where season = $1 and login = $2"));
        let row = self.row(sql, values![SEASON, login]).await?;
        self.with_grants(row).await
    }

    async fn with_grants(&mut self, row: Option<Row>) -> Result<Option<PersonRow>, LedgerError> {
        let Some(row) = row else { return Ok(None) };
        let sql = "select role, scope from staff_grant where season = $1 and staff = $2 order by role, scope";
        let grants = self.rows(sql, values![SEASON, row.text("id")?]).await?;
        let grants: Result<Vec<GrantRow>, LedgerError> = grants.iter().map(grant).collect();
        person(&row, grants?).map(Some)
    }

    /// The session of a token, by its hash.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn session(&mut self, token: &[u8]) -> Result<Option<SessionRow>, LedgerError> {
        let sql = sqlx::AssertSqlSafe(format!("{SESSION} where season = $1 and token = $2"));
        self.row(sql, values![SEASON, token]).await?.as_ref().map(session).transpose()
    }

    /// Somebody's sessions, newest first.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn sessions(&mut self, staff: &StaffId) -> Result<Vec<SessionRow>, LedgerError> {
        let sql = sqlx::AssertSqlSafe(format!("{SESSION} where season = $1 and staff = $2 order by since desc, id"));
        self.rows(sql, values![SEASON, staff.as_str()]).await?.iter().map(session).collect()
    }

    /// Whose invitation this is, by its hash, and until when it is good.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn invitation(&mut self, secret: &[u8]) -> Result<Option<(StaffId, Timestamp)>, LedgerError> {
        let sql = "select staff, expires_at from staff_invitation where season = $1 and secret = $2";
        let row = self.row(sql, values![SEASON, secret]).await?;
        row.map(|row| Ok((StaffId(row.text("staff")?), Timestamp(row.whole("expires_at")?)))).transpose()
    }

    /// # Errors
    /// The database refuses.
    pub async fn reset(&mut self, staff: &StaffId) -> Result<Option<ResetRow>, LedgerError> {
        let sql = "select asked_by, asked_at, reason from staff_reset where season = $1 and staff = $2";
        let row = self.row(sql, values![SEASON, staff.as_str()]).await?;
        let reset = |row: Row| {
            let asked_by = StaffId(row.text("asked_by")?);
            Ok(ResetRow { asked_by, asked_at: Timestamp(row.whole("asked_at")?), reason: row.text("reason")? })
        };
        row.map(reset).transpose()
    }

    /// How many codes for a lost second factor are left.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn recovery_codes(&mut self, staff: &StaffId) -> Result<i64, LedgerError> {
        let sql = "select count(*) as codes from staff_recovery where season = $1 and staff = $2";
        self.row(sql, values![SEASON, staff.as_str()]).await?.map_or(Ok(0), |row| row.whole("codes"))
    }
}

impl Act {
    /// # Errors
    /// The sign-in name is taken ([`super::is_duplicate`]), or the database refuses.
    pub async fn insert_person(&mut self, person: &PersonRow, at: Timestamp) -> Result<(), LedgerError> {
        let sql =
            "insert into staff (season, id, login, name, state, password, made_at) values ($1, $2, $3, $4, $5, $6, $7)";
        let PersonRow { id, login, name, state, password, .. } = person;
        let values = values![SEASON, id.as_str(), login, name, state, password.as_deref(), at.0];
        self.execute(sql, values).await?;
        self.set_grants(id, &person.grants).await
    }

    /// Everything of the person but their sign-in name and moments: name, state, password, second factor.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn update_person(&mut self, person: &PersonRow) -> Result<(), LedgerError> {
        let sql = "update staff set name = $3, state = $4, password = $5, second_factor = $6, offered_factor = $7,
                   second_factor_step = $8 where season = $1 and id = $2";
        let values = values![
            SEASON,
            person.id.as_str(),
            &person.name,
            &person.state,
            person.password.as_deref(),
            person.second_factor.as_deref(),
            person.offered_factor.as_deref(),
            person.second_factor_step,
        ];
        self.execute(sql, values).await.map(|_| ())
    }

    /// # Errors
    /// The database refuses.
    pub async fn set_grants(&mut self, staff: &StaffId, grants: &[GrantRow]) -> Result<(), LedgerError> {
        let sql = "delete from staff_grant where season = $1 and staff = $2";
        self.execute(sql, values![SEASON, staff.as_str()]).await?;
        for grant in grants {
            let sql =
                "insert into staff_grant (season, staff, role, scope) values ($1, $2, $3, $4) on conflict do nothing";
            self.execute(sql, values![SEASON, staff.as_str(), &grant.role, &grant.scope]).await?;
        }
        Ok(())
    }

    /// # Errors
    /// The database refuses.
    pub async fn insert_session(&mut self, token: &[u8], session: &SessionRow) -> Result<(), LedgerError> {
        let sql =
            "insert into staff_session (season, id, token, staff, since, seen_at, confirmed_until, network, agent)
                   values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let SessionRow { id, staff, since, seen_at, confirmed_until, network, agent } = session;
        let values = values![SEASON, id, token, staff.as_str(), since.0, seen_at.0, confirmed_until.0, network, agent];
        self.execute(sql, values).await?;
        let seen = "update staff set seen_at = $3 where season = $1 and id = $2";
        self.execute(seen, values![SEASON, staff.as_str(), since.0]).await.map(|_| ())
    }

    /// # Errors
    /// The database refuses.
    pub async fn session_seen(&mut self, session: &SessionRow, at: Timestamp) -> Result<(), LedgerError> {
        let sql = "update staff_session set seen_at = $3 where season = $1 and id = $2";
        self.execute(sql, values![SEASON, &session.id, at.0]).await?;
        let sql = "update staff set seen_at = $3 where season = $1 and id = $2";
        self.execute(sql, values![SEASON, session.staff.as_str(), at.0]).await.map(|_| ())
    }

    /// # Errors
    /// The database refuses.
    pub async fn session_confirmed(&mut self, id: &str, until: Timestamp) -> Result<(), LedgerError> {
        let sql = "update staff_session set confirmed_until = $3 where season = $1 and id = $2";
        self.execute(sql, values![SEASON, id, until.0]).await.map(|_| ())
    }

    /// Ends one session of the person; returns whether there was such a one.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn end_session(&mut self, staff: &StaffId, id: &str) -> Result<bool, LedgerError> {
        let sql = "delete from staff_session where season = $1 and staff = $2 and id = $3";
        Ok(self.execute(sql, values![SEASON, staff.as_str(), id]).await? > 0)
    }

    /// Ends all sessions of the person but the one that is named.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn end_sessions(&mut self, staff: &StaffId, but: Option<&str>) -> Result<u64, LedgerError> {
        let sql = "delete from staff_session where season = $1 and staff = $2 and id <> $3";
        self.execute(sql, values![SEASON, staff.as_str(), but.unwrap_or_default()]).await
    }

    /// Forgets sessions that began before `since` or were last seen before `seen`, and invitations that have run out.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn forget_what_is_over(
        &mut self,
        since: Timestamp,
        seen: Timestamp,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let sql = "delete from staff_session where season = $1 and (since < $2 or seen_at < $3)";
        self.execute(sql, values![SEASON, since.0, seen.0]).await?;
        let sql = "delete from staff_invitation where season = $1 and expires_at < $2";
        self.execute(sql, values![SEASON, now.0]).await.map(|_| ())
    }

    /// In place of the person's old codes, if there were any.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn set_recovery_codes(&mut self, staff: &StaffId, codes: &[[u8; 16]]) -> Result<(), LedgerError> {
        let sql = "delete from staff_recovery where season = $1 and staff = $2";
        self.execute(sql, values![SEASON, staff.as_str()]).await?;
        for code in codes {
            let sql = "insert into staff_recovery (season, staff, code) values ($1, $2, $3)";
            self.execute(sql, values![SEASON, staff.as_str(), code]).await?;
        }
        Ok(())
    }

    /// Whether it was a code of the person's; it is used up by this.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn use_recovery_code(&mut self, staff: &StaffId, code: &[u8; 16]) -> Result<bool, LedgerError> {
        let sql = "delete from staff_recovery where season = $1 and staff = $2 and code = $3";
        Ok(self.execute(sql, values![SEASON, staff.as_str(), code]).await? > 0)
    }

    /// In place of the person's old invitation, if there was one; `None` leaves none.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn set_invitation(
        &mut self,
        staff: &StaffId,
        invitation: Option<(&[u8; 16], Timestamp)>,
    ) -> Result<(), LedgerError> {
        let sql = "delete from staff_invitation where season = $1 and staff = $2";
        self.execute(sql, values![SEASON, staff.as_str()]).await?;
        let Some((secret, expires)) = invitation else { return Ok(()) };
        let sql = "insert into staff_invitation (season, staff, secret, expires_at) values ($1, $2, $3, $4)";
        self.execute(sql, values![SEASON, staff.as_str(), secret, expires.0]).await.map(|_| ())
    }

    /// In place of an older one; `None` leaves none.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn set_reset(&mut self, staff: &StaffId, reset: Option<&ResetRow>) -> Result<(), LedgerError> {
        let sql = "delete from staff_reset where season = $1 and staff = $2";
        self.execute(sql, values![SEASON, staff.as_str()]).await?;
        let Some(ResetRow { asked_by, asked_at, reason }) = reset else { return Ok(()) };
        let sql = "insert into staff_reset (season, staff, asked_by, asked_at, reason) values ($1, $2, $3, $4, $5)";
        self.execute(sql, values![SEASON, staff.as_str(), asked_by.as_str(), asked_at.0, reason]).await.map(|_| ())
    }
}

fn grant(row: &Row) -> Result<GrantRow, LedgerError> {
    Ok(GrantRow { role: row.text("role")?, scope: row.text("scope")? })
}

fn person(row: &Row, grants: Vec<GrantRow>) -> Result<PersonRow, LedgerError> {
    Ok(PersonRow {
        id: StaffId(row.text("id")?),
        login: row.text("login")?,
        name: row.text("name")?,
        state: row.text("state")?,
        password: row.maybe_text("password")?,
        second_factor: row.maybe_text("second_factor")?,
        offered_factor: row.maybe_text("offered_factor")?,
        second_factor_step: row.whole("second_factor_step")?,
        seen_at: row.maybe_whole("seen_at")?.map(Timestamp),
        grants,
    })
}

fn session(row: &Row) -> Result<SessionRow, LedgerError> {
    Ok(SessionRow {
        id: row.text("id")?,
        staff: StaffId(row.text("staff")?),
        since: Timestamp(row.whole("since")?),
        seen_at: Timestamp(row.whole("seen_at")?),
        confirmed_until: Timestamp(row.whole("confirmed_until")?),
        network: row.text("network")?,
        agent: row.text("agent")?,
    })
}
