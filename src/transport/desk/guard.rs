//! Who asks, and whether they may: the session's cookie, the proof that a page of ours asks, the permission.

use super::BASE;
use crate::accounts::roles::On;
use crate::accounts::roles::Permission;
use crate::accounts::staff::By;
use crate::accounts::staff::Opened;
use crate::accounts::staff::Signed;
use crate::accounts::staff::StaffRefusal;
use crate::accounts::staff::StaffRegister;
use crate::accounts::staff::Visitor;
use crate::office::refusal::DeskRefusal;
use crate::transport::peer::Peer;
use crate::transport::peer::Secure;
use crate::transport::peer::masked;
use crate::transport::peer::network_of;
use crate::transport::problem::Problem;
use crate::transport::state::App;
use crate::transport::upgrade::origin_is_allowed;
use axum::extract::FromRequestParts;
use axum::extract::OptionalFromRequestParts;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::header;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::sync::Arc;
use tracing::Instrument;

const SESSION: &str = "kejing_desk";
const SESSION_PATH: &str = "/api/desk";
/// A browser that has signed in before; good for nothing but not being taken for a stranger.
const KNOWN: &str = "kejing_desk_known";
const KNOWN_PATH: &str = "/api/desk/v1/session";
const KNOWN_SECONDS: u32 = 180 * 24 * 60 * 60;
const CSRF: &str = "x-kejing-csrf";
/// A token of 128 bits, as it is written.
const TOKEN_CHARACTERS: usize = 22;

/// A call runs to its end even when whoever asked hangs up: an act is done or not done, and a database's connection is not left in
/// mid-sentence.
pub(super) async fn to_its_end(request: Request, next: Next) -> Response {
    let ended = tokio::spawn(next.run(request).in_current_span()).await;
    ended.unwrap_or_else(|_| Problem::unavailable().into_response())
}

/// What changes something comes from a page of ours: its origin is the host's, and it shows what only such a page could read.
pub(super) async fn same_site(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let headers = request.headers();
    let shown = headers.get(CSRF).map(HeaderValue::as_bytes).unwrap_or_default();
    let token = cookie(headers, SESSION);
    let proved = token.is_some_and(|token| same(app.staff.csrf(token).as_bytes(), shown));
    if proved && origin_is_allowed(headers, &app.settings.allowed_origins) {
        return next.run(request).await;
    }
    let visitor = visitor(&app, headers, request.extensions());
    let path = request.uri().path();
    let call = format!("{} {}", request.method(), path.strip_prefix(BASE).unwrap_or(path));
    match app.staff.refuse_stranger(&visitor, &call).await {
        Ok(()) => Problem::forbidden("页面已经过期，请刷新后再试").into_response(),
        Err(error) => Problem::from(error).into_response(),
    }
}

/// In the same time whatever the first difference is.
fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

/// Whoever asks, signed in or not.
pub struct Visiting {
    pub visitor: Visitor,
    /// What the browser was given, which may be a session's token.
    pub token: Option<String>,
    /// Whether cookies may be kept to encrypted connections.
    secure: bool,
    /// The address by which the desk was found, with its port where it has one.
    host: Option<String>,
}

/// `localhost:8080`, `127.0.0.1`, `[::1]:80`.
fn is_loopback(host: &str) -> bool {
    let name = host
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|c| c.is_ascii_digit()))
        .map_or(host, |(name, _)| name);
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

impl FromRequestParts<Arc<App>> for Visiting {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Visiting, Problem> {
        Ok(Visiting {
            visitor: visitor(app, &parts.headers, &parts.extensions),
            token: cookie(&parts.headers, SESSION).map(str::to_owned),
            secure: parts.extensions.get::<Secure>().is_some_and(|secure| secure.0),
            host: parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).map(str::to_owned),
        })
    }
}

impl Visiting {
    /// Where phones open the pages: at the address by which the desk itself was found, or, where that is this machine's own name for itself,
    /// at the one that the local network knows. `None`: only this machine reaches the server.
    pub fn for_phones(&self, app: &App) -> Option<String> {
        let host = self.host.as_deref().filter(|host| !is_loopback(host));
        let scheme = if self.secure { "https" } else { "http" };
        host.map(|host| format!("{scheme}://{host}/")).or_else(|| app.settings.for_phones.clone())
    }

    /// Gives the browser this token, in place of the one that it had.
    pub fn give(&self, token: &str) -> (header::HeaderName, HeaderValue) {
        self.set(SESSION, token, SESSION_PATH, "")
    }

    /// Gives the browser a session, and the mark by which it is known from now on.
    pub fn give_session(&self, opened: &Opened) -> HeaderMap {
        let age = format!("; Max-Age={KNOWN_SECONDS}");
        let mut headers = HeaderMap::new();
        for (name, value) in [self.give(opened.token.hand_over()), self.set(KNOWN, &opened.known, KNOWN_PATH, &age)] {
            headers.append(name, value);
        }
        headers
    }

    fn set(&self, name: &str, value: &str, path: &str, age: &str) -> (header::HeaderName, HeaderValue) {
        let secure = if self.secure { "; Secure" } else { "" };
        let cookie = format!("{name}={value}; Path={path}{age}; HttpOnly; SameSite=Strict{secure}");
        // Tokens and paths are plain characters.
        (header::SET_COOKIE, HeaderValue::from_str(&cookie).unwrap_or(HeaderValue::from_static("")))
    }
}

fn visitor(app: &App, headers: &HeaderMap, extensions: &axum::http::Extensions) -> Visitor {
    let peer = extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0);
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    Visitor {
        network: network_of(peer),
        from: masked(peer),
        agent: agent.unwrap_or_default().to_owned(),
        known: cookie(headers, KNOWN).map(str::to_owned),
        now: app.contest.now(),
    }
}

/// A cookie of this name. Of the session's only what could be a token.
fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let value = pairs.find(|(found, _)| *found == name).map(|(_, value)| value)?;
    let plain = |c: u8| c.is_ascii_alphanumeric() || b"-_.".contains(&c);
    let fits = name != SESSION || value.len() == TOKEN_CHARACTERS;
    (fits && value.bytes().all(plain)).then_some(value)
}

/// Somebody who is signed in. Before they do anything they ask whether they may.
pub struct Desk {
    app: Arc<App>,
    pub signed: Signed,
    pub visitor: Visitor,
    /// As the description has it, without the base.
    call: String,
}

impl FromRequestParts<Arc<App>> for Desk {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Desk, Problem> {
        <Desk as OptionalFromRequestParts<Arc<App>>>::from_request_parts(parts, app)
            .await?
            .ok_or_else(|| StaffRefusal::SignInFirst.into())
    }
}

impl OptionalFromRequestParts<Arc<App>> for Desk {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Option<Desk>, Problem> {
        let visitor = visitor(app, &parts.headers, &parts.extensions);
        let Some(token) = cookie(&parts.headers, SESSION) else { return Ok(None) };
        let Some(signed) = app.staff.signed_in(token, visitor.now).await? else { return Ok(None) };
        app.admission.staff(&signed.id)?;
        let call = format!("{} {}", parts.method, parts.uri.path());
        Ok(Some(Desk { app: Arc::clone(app), signed, visitor, call }))
    }
}

impl Desk {
    /// Whoever may, may act; whoever may not is refused, and that is written down.
    ///
    /// # Errors
    /// They may not.
    pub async fn may(&self, permission: Permission, on: On<'_>) -> Result<By, Problem> {
        Ok(self.app.staff.allow(&self.signed, &self.visitor, permission, on, &self.call).await?)
    }

    /// As [`Desk::may`], for dangerous acts: the person has shown within the last minutes that it is them.
    ///
    /// # Errors
    /// They may not, or have to show it first.
    pub async fn may_now(&self, permission: Permission, on: On<'_>) -> Result<By, Problem> {
        let by = self.may(permission, on).await?;
        if !self.signed.is_confirmed(self.visitor.now) {
            return Err(StaffRefusal::ConfirmFirst.into());
        }
        Ok(by)
    }

    /// Whether they may, without a word to anyone: for what a page shows and hides.
    pub fn could(&self, permission: Permission, on: On<'_>) -> bool {
        self.app.staff.could(&self.signed, permission, on)
    }

    /// Writes down that what a bank's rules forbid was tried: another's import, one's own question. The refusal comes back.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn tried(&self, subject: String, refusal: DeskRefusal) -> Result<DeskRefusal, Problem> {
        if refusal.code() == "forbidden" {
            let asked = serde_json::json!({ "call": self.call, "why": refusal.to_string() });
            self.app.staff.write_down(self.own().refused("access.refused", subject).after(&asked)).await?;
        }
        Ok(refusal)
    }

    /// For what is the person's own.
    pub fn own(&self) -> By {
        StaffRegister::own(&self.signed, &self.visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machines_own_name_for_itself_is_no_address_for_phones() {
        for host in ["localhost", "LOCALHOST:8080", "127.0.0.1", "127.8.0.1:80", "[::1]", "[::1]:8080"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "kepu.example.cn",
            "kepu.example.cn:8443",
            "192.0.2.7",
            "[2001:db8::1]",
            "[2001:db8::1]:80",
            "localhost.example.cn",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
