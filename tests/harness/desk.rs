//! The desk as a browser asks it: cookies, the proof with each call, sign-ins with all that belongs to them.

use crate::harness::PATIENCE;
use crate::harness::Server;
use crate::harness::wait_as_told;
use kejing::accounts::totp::Secret;
use kejing::domain::time::Timestamp;
use reqwest::Method;
use reqwest::Response;
use reqwest::header::HeaderMap;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;

/// The first administrator's link, on every server of a test on which nobody is there.
pub(crate) const FIRST_LINK: &str = "first-link";
pub(crate) const PASSWORD: &str = "三江程阳风雨桥头等你来";

/// A browser at the desk.
#[derive(Clone)]
pub(crate) struct Clerk {
    base: String,
    http: reqwest::Client,
    pub(crate) cookies: BTreeMap<String, String>,
    pub(crate) csrf: String,
    pub(crate) login: String,
    /// Once a second factor was set up.
    pub(crate) secret: Option<Secret>,
    pub(crate) recovery: Vec<String>,
}

impl Server {
    /// A browser on which nobody is signed in, with its proof.
    pub(crate) async fn browser(&self) -> Clerk {
        let mut clerk = Clerk {
            base: self.url("/api/desk/v1"),
            http: self.http.clone(),
            cookies: BTreeMap::new(),
            csrf: String::new(),
            login: String::new(),
            secret: None,
            recovery: Vec::new(),
        };
        clerk.look().await;
        clerk
    }

    /// The first administrator, `guan`, with their second factor.
    pub(crate) async fn first_administrator(&self) -> Clerk {
        let mut clerk = self.browser().await;
        let body = json!({"link": FIRST_LINK, "login": "guan", "name": "管理员", "password": PASSWORD});
        let (status, told) = clerk.post("/setup", body).await;
        assert_eq!(status, 201, "{told}");
        clerk.login = "guan".to_owned();
        clerk.set_up_factor(self).await;
        clerk
    }

    /// Somebody with these roles, invited by `by` and signed in, with a second factor where the roles ask for one.
    pub(crate) async fn colleague(&self, by: &mut Clerk, login: &str, roles: Value) -> Clerk {
        let name = format!("同事 {login}");
        let (status, invited) = by.post("/staff", json!({"login": login, "name": name, "roles": roles})).await;
        assert_eq!(status, 201, "{invited}");
        self.accept(invited["invitation"]["link"].as_str().unwrap(), login).await
    }

    /// Follows a one-time link.
    pub(crate) async fn accept(&self, link: &str, login: &str) -> Clerk {
        let secret = link.strip_prefix("/desk#/invitation/").unwrap();
        let mut clerk = self.browser().await;
        let (status, told) = clerk.post(&format!("/invitations/{secret}"), json!({"password": PASSWORD})).await;
        assert_eq!(status, 201, "{told}");
        clerk.login = login.to_owned();
        if told["needs"] == "second_factor_setup" {
            clerk.set_up_factor(self).await;
        }
        clerk
    }
}

impl Clerk {
    /// The same browser at another address of the same site.
    pub(crate) fn of(self, server: &Server) -> Clerk {
        Clerk { base: server.url("/api/desk/v1"), ..self }
    }

    /// Asks who one is, and takes the proof.
    pub(crate) async fn look(&mut self) -> Value {
        let (status, told) = self.get("/session").await;
        assert_eq!(status, 200, "{told}");
        self.csrf = told["csrf"].as_str().unwrap().to_owned();
        told
    }

    pub(crate) async fn get(&mut self, path: &str) -> (u16, Value) {
        self.call(Method::GET, path, None).await
    }

    /// Asks, as fast as one of the staff may, until the answer is as expected.
    pub(crate) async fn eventually(&mut self, path: &str, expected: impl Fn(&Value) -> bool) -> Value {
        let asking = async {
            loop {
                let (status, told) = self.get(path).await;
                assert_eq!(status, 200, "{path}: {told}");
                if expected(&told) {
                    return told;
                }
            }
        };
        let asked = tokio::time::timeout(3 * PATIENCE, asking).await;
        asked.unwrap_or_else(|_| panic!("{path} did not come to what was expected"))
    }

    pub(crate) async fn post(&mut self, path: &str, body: Value) -> (u16, Value) {
        self.call(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&mut self, path: &str, body: Value) -> (u16, Value) {
        self.call(Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn patch(&mut self, path: &str, body: Value) -> (u16, Value) {
        self.call(Method::PATCH, path, Some(body)).await
    }

    pub(crate) async fn delete(&mut self, path: &str) -> (u16, Value) {
        self.call(Method::DELETE, path, None).await
    }

    /// Whoever calls too fast waits as told and calls again; that a sign-in has to wait is what is asked about.
    pub(crate) async fn call(&mut self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        loop {
            let (status, told) = self.call_once(method.clone(), path, body.clone()).await;
            if status != 429 || path == "/session" {
                return (status, told);
            }
            wait_as_told(&told).await;
        }
    }

    async fn call_once(&mut self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let response = self.answer(method, path, body, HeaderMap::new()).await;
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        let told: Value = serde_json::from_str(&text).unwrap_or(Value::String(text));
        if let Some(csrf) = told["csrf"].as_str() {
            self.csrf = csrf.to_owned();
        }
        (status, told)
    }

    /// Sends a file.
    pub(crate) async fn upload(&mut self, path: &str, bytes: Vec<u8>) -> (u16, Value) {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        loop {
            let request = self.http.post(format!("{}{path}", self.base)).header("cookie", cookies.join("; "));
            let request = request.header("x-kejing-csrf", &self.csrf).body(bytes.clone());
            let response = request.send().await.unwrap();
            let (status, told) = (response.status().as_u16(), response.json().await.unwrap());
            if status != 429 {
                return (status, told);
            }
            wait_as_told(&told).await;
        }
    }

    /// A file, with its name as the browser is told it.
    pub(crate) async fn download(&mut self, path: &str) -> (u16, String, Vec<u8>) {
        loop {
            let response = self.answer(Method::GET, path, None, HeaderMap::new()).await;
            let status = response.status().as_u16();
            if status == 429 {
                wait_as_told(&response.json().await.unwrap()).await;
                continue;
            }
            let disposition =
                response.headers().get("content-disposition").map(|value| value.to_str().unwrap().to_owned());
            return (status, disposition.unwrap_or_default(), response.bytes().await.unwrap().to_vec());
        }
    }

    /// Shows that it is them: dangerous acts are open for a while. The clock moves on to the next code.
    pub(crate) async fn confirm(&mut self, server: &Server) {
        let mut body = json!({"password": PASSWORD});
        if self.secret.is_some() {
            server.advance(30_000);
            body["code"] = json!(self.code(server));
        }
        let (status, told) = self.post("/session/confirm", body).await;
        assert_eq!(status, 200, "{told}");
    }

    /// With headers of one's own, which come first.
    pub(crate) async fn answer(
        &mut self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: HeaderMap,
    ) -> Response {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        if !self.csrf.is_empty() && !headers.contains_key("x-kejing-csrf") {
            request = request.header("x-kejing-csrf", &self.csrf);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.headers(headers).send().await.unwrap();
        for set in response.headers().get_all("set-cookie") {
            let (pair, _) = set.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        response
    }

    pub(crate) async fn set_up_factor(&mut self, server: &Server) {
        let (status, offer) = self.post("/session/second-factor", json!({})).await;
        assert_eq!(status, 200, "{offer}");
        let secret = Secret::read(offer["secret"].as_str().unwrap()).unwrap();
        self.secret = Some(secret);
        let (status, told) = self.put("/session/second-factor", json!({"code": self.code(server)})).await;
        assert_eq!(status, 200, "{told}");
        let codes = told["recovery"].as_array().unwrap().iter();
        self.recovery = codes.map(|code| code.as_str().unwrap().to_owned()).collect();
        self.look().await;
    }

    /// What the app on the phone shows now.
    pub(crate) fn code(&self, server: &Server) -> String {
        self.secret.unwrap().shown(Timestamp(server.clock.now().0))
    }

    /// Signs in on this browser; the clock moves on to the next code first, since each is good once.
    pub(crate) async fn sign_in(&mut self, server: &Server, password: &str) -> (u16, Value) {
        let mut body = json!({"login": self.login, "password": password});
        if self.secret.is_some() {
            server.advance(30_000);
            body["code"] = json!(self.code(server));
        }
        self.post("/session", body).await
    }

    /// The newest rows of the audit log, as this person sees them.
    pub(crate) async fn audit(&mut self, query: &str) -> Vec<Value> {
        let (status, page) = self.get(&format!("/audit?{query}")).await;
        assert_eq!(status, 200, "{page}");
        page["items"].as_array().unwrap().clone()
    }
}
