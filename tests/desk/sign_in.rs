//! Coming in: the first link, sessions and their cookies, wrong passwords, the second factor.

use super::ROUNDS;
use super::done;
use super::refused;
use crate::harness::Server;
use crate::harness::Start;
use crate::harness::desk::Clerk;
use crate::harness::desk::FIRST_LINK;
use crate::harness::desk::PASSWORD;
use crate::harness::season;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;
use serde_json::json;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

fn setup(link: &str, password: &str) -> Value {
    json!({"link": link, "login": "guan", "name": "管理员", "password": password})
}

/// An editor, who needs no second factor.
async fn editor(server: &Server) -> Clerk {
    let mut first = server.first_administrator().await;
    server.colleague(&mut first, "wei", json!([{"role": "editor"}])).await
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
}

#[tokio::test]
async fn the_first_link_makes_one_administrator_and_works_once() {
    let server = Server::of(ROUNDS).await;
    let mut clerk = server.browser().await;
    assert_eq!(clerk.look().await["setup"], true);
    refused(clerk.post("/setup", setup("another", PASSWORD)).await, 404, "not_found");
    let told = refused(clerk.post("/setup", setup(FIRST_LINK, "短")).await, 400, "bad_request");
    assert_eq!(told["faults"][0]["part"], "password", "{told}");
    let told = done(clerk.post("/setup", setup(FIRST_LINK, PASSWORD)).await, 201);
    assert_eq!((&told["staff"]["roles"][0]["role"], &told["setup"]), (&json!("administrator"), &json!(false)));
    let mut second = server.browser().await;
    refused(second.post("/setup", setup(FIRST_LINK, PASSWORD)).await, 404, "not_found");

    let server = server.restart(1_000).await;
    let mut late = server.browser().await;
    assert_eq!(late.look().await["setup"], false);
    refused(late.post("/setup", setup(FIRST_LINK, PASSWORD)).await, 404, "not_found");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn two_who_follow_the_first_link_at_once_make_one_administrator() {
    let server = Server::of(ROUNDS).await;
    let (mut one, mut other) = (server.browser().await, server.browser().await);
    let mut body = setup(FIRST_LINK, PASSWORD);
    body["login"] = json!("other");
    let ((one, _), (other, _)) =
        tokio::join!(one.post("/setup", setup(FIRST_LINK, PASSWORD)), other.post("/setup", body));
    assert_eq!([one, other].iter().filter(|status| **status == 201).count(), 1, "{one} {other}");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_session_is_under_a_token_that_the_browser_had_not_before() {
    let server = Server::of(ROUNDS).await;
    let mut clerk = editor(&server).await;
    let invited = clerk.cookies["kejing_desk"].clone();
    let mut browser = server.browser().await;
    let planted = browser.cookies["kejing_desk"].clone();
    browser.login = "wei".to_owned();
    done(browser.sign_in(&server, PASSWORD).await, 200);
    assert_ne!(browser.cookies["kejing_desk"], planted);
    let mut thief = server.browser().await;
    thief.cookies.insert("kejing_desk".to_owned(), planted);
    assert_eq!(thief.look().await["staff"], Value::Null);

    // Whoever signs in again leaves no session behind.
    let before = browser.cookies["kejing_desk"].clone();
    done(browser.sign_in(&server, PASSWORD).await, 200);
    thief.cookies.insert("kejing_desk".to_owned(), before);
    assert_eq!(thief.look().await["staff"], Value::Null);
    assert_eq!(clerk.cookies["kejing_desk"], invited);
    assert_eq!(clerk.look().await["staff"]["login"], "wei");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn cookies_are_kept_from_scripts_and_other_sites_and_on_https_from_plain_connections() {
    for (trusted, proto, secure) in [(false, "https", false), (true, "http", false), (true, "https", true)] {
        let mut start = Start::of(&season(ROUNDS));
        if trusted {
            start.settings.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
        }
        let server = start.start().await.unwrap();
        let mut clerk = server.browser().await;
        let by = headers(&[("x-forwarded-proto", proto)]);
        let told = clerk.answer(Method::POST, "/setup", Some(setup(FIRST_LINK, PASSWORD)), by).await;
        assert_eq!(told.status(), 201);
        let cookies: Vec<&str> = told.headers().get_all("set-cookie").iter().map(|set| set.to_str().unwrap()).collect();
        assert_eq!(cookies.len(), 2, "{cookies:?}");
        for cookie in &cookies {
            let parts: Vec<&str> = cookie.split("; ").collect();
            assert!(parts.contains(&"HttpOnly") && parts.contains(&"SameSite=Strict"), "{cookie}");
            assert_eq!(parts.contains(&"Secure"), secure, "{trusted} {proto}: {cookie}");
        }
        assert!(cookies[0].starts_with("kejing_desk=") && cookies[0].contains("; Path=/api/desk;"), "{cookies:?}");
        assert!(!cookies[0].contains("Max-Age"), "it goes with the browser: {cookies:?}");
        assert_eq!(told.headers()["cache-control"], "no-store");
        server.stop().await.unwrap();
    }
}

#[tokio::test]
async fn only_a_page_of_ours_changes_anything() {
    let server = Server::of(ROUNDS).await;
    let mut first = server.first_administrator().await;
    let mut clerk = server.colleague(&mut first, "wei", json!([{"role": "editor"}])).await;
    let body = json!({"password": PASSWORD});
    let mut ask = async |name: &'static str, value: &str| {
        let told = clerk.answer(Method::POST, "/session/confirm", Some(body.clone()), headers(&[(name, value)])).await;
        told.status().as_u16()
    };
    let own = server.url("");
    assert_eq!(ask("origin", &own).await, 200);
    assert_eq!(ask("x-other", "").await, 200, "who is no browser sends none");
    assert_eq!(ask("origin", "https://evil.example").await, 403);
    assert_eq!(ask("origin", "null").await, 403);
    assert_eq!(ask("x-kejing-csrf", "").await, 403);
    assert_eq!(ask("x-kejing-csrf", &first.csrf).await, 403, "another's");
    // Nor does anybody sign somebody in whose browser did not ask who it is.
    let mut bare = server.browser().await;
    bare.cookies.clear();
    refused(bare.post("/session", json!({"login": "wei", "password": PASSWORD})).await, 403, "forbidden");
    let written = first.audit("act=call.refused").await;
    assert_eq!(written.len(), 5);
    assert!(written.iter().all(|row| row["refused"] == true && row["who"] == Value::Null), "{written:?}");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_session_ends_when_it_is_left_or_has_lasted_a_day_or_is_told_to() {
    let server = Server::of(ROUNDS).await;
    let mut clerk = editor(&server).await;
    server.advance(2 * HOUR - 1);
    assert_eq!(clerk.look().await["staff"]["login"], "wei");
    server.advance(2 * HOUR);
    assert_eq!(clerk.look().await["staff"], Value::Null, "nobody was there for two hours");

    done(clerk.sign_in(&server, PASSWORD).await, 200);
    for _ in 0..13 {
        server.advance(HOUR);
        assert_eq!(clerk.look().await["staff"]["login"], "wei");
    }
    server.advance(HOUR);
    assert_eq!(clerk.look().await["staff"], Value::Null, "fourteen hours are a day's work");

    done(clerk.sign_in(&server, PASSWORD).await, 200);
    done(clerk.delete("/session").await, 204);
    assert_eq!(clerk.look().await["staff"], Value::Null);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn wrong_passwords_slow_down_and_never_shut_out() {
    let server = Server::of(ROUNDS).await;
    let mut first = server.first_administrator().await;
    let mut owner = server.colleague(&mut first, "wei", json!([{"role": "editor"}])).await;
    let mut stranger = server.browser().await;
    stranger.login = "wei".to_owned();
    for _ in 0..5 {
        refused(stranger.sign_in(&server, "guessed-password").await, 401, "unauthorised");
    }
    let told = refused(stranger.sign_in(&server, PASSWORD).await, 429, "rate_limited");
    let wait = told["retry_after_ms"].as_i64().unwrap();
    assert_eq!(wait, 2_000);
    // The owner's own browser is not held up by that, nor is anybody else.
    done(owner.sign_in(&server, PASSWORD).await, 200);
    done(first.sign_in(&server, PASSWORD).await, 200);
    // And whoever waits is heard again.
    server.advance(wait);
    refused(stranger.sign_in(&server, "guessed-password").await, 401, "unauthorised");
    assert_eq!(refused(stranger.sign_in(&server, "x").await, 429, "rate_limited")["retry_after_ms"], 4_000);
    server.advance(4_000);
    done(stranger.sign_in(&server, PASSWORD).await, 200);

    let mut nobody = server.browser().await;
    nobody.login = "nobody".to_owned();
    refused(nobody.sign_in(&server, "guessed-password").await, 401, "unauthorised");
    let written = first.audit("act=session.refused").await;
    assert_eq!(written.len(), 7);
    assert_eq!((&written[0]["subject"], &written[0]["before"]["login"]), (&json!("staff:unknown"), &Value::Null));
    assert_eq!(written[1]["before"]["login"], "wei");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_code_is_asked_for_and_good_once() {
    let server = Server::of(ROUNDS).await;
    let first = server.first_administrator().await;
    let mut clerk = server.browser().await;
    let mut ask = async |code: Option<String>| {
        clerk.post("/session", json!({"login": "guan", "password": PASSWORD, "code": code})).await
    };
    refused(ask(None).await, 401, "second_factor");
    refused(ask(Some(first.code(&server))).await, 401, "second_factor");
    server.advance(30_000);
    done(ask(Some(first.code(&server))).await, 200);
    refused(ask(Some(first.code(&server))).await, 401, "second_factor");
    done(ask(Some(first.recovery[3].to_lowercase())).await, 200);
    refused(ask(Some(first.recovery[3].clone())).await, 401, "second_factor");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn one_code_typed_on_two_browsers_at_once_lets_one_in() {
    let server = Server::of(ROUNDS).await;
    let first = server.first_administrator().await;
    server.advance(30_000);
    let body = json!({"login": "guan", "password": PASSWORD, "code": first.code(&server)});
    let (mut one, mut other) = (server.browser().await, server.browser().await);
    let ((one, _), (other, _)) = tokio::join!(one.post("/session", body.clone()), other.post("/session", body));
    assert_eq!([one, other].iter().filter(|status| **status == 200).count(), 1, "{one} {other}");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn guessing_codes_is_slowed_down_as_passwords_are() {
    let server = Server::of(ROUNDS).await;
    server.first_administrator().await;
    let mut thief = server.browser().await;
    let body = json!({"login": "guan", "password": PASSWORD, "code": "000000"});
    for _ in 0..5 {
        refused(thief.post("/session", body.clone()).await, 401, "second_factor");
    }
    refused(thief.post("/session", body).await, 429, "rate_limited");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_second_factor_counts_once_a_code_was_shown_and_stays_where_the_role_asks_for_it() {
    let server = Server::of(ROUNDS).await;
    let mut first = server.first_administrator().await;
    refused(first.delete("/session/second-factor").await, 409, "conflict");
    let mut clerk = server.colleague(&mut first, "wei", json!([{"role": "editor"}])).await;
    refused(clerk.put("/session/second-factor", json!({"code": "123456"})).await, 409, "conflict");
    let offer = done(clerk.post("/session/second-factor", json!({})).await, 200);
    assert!(offer["qr"].as_str().unwrap().contains("<svg"), "{offer}");
    assert!(offer["uri"].as_str().unwrap().starts_with("otpauth://totp/"), "{offer}");
    refused(clerk.put("/session/second-factor", json!({"code": "12345"})).await, 401, "second_factor");
    done(clerk.sign_in(&server, PASSWORD).await, 200);
    clerk.set_up_factor(&server).await;
    server.advance(6 * MINUTE);
    refused(clerk.post("/session/second-factor", json!({})).await, 403, "confirm_first");
    refused(clerk.delete("/session/second-factor").await, 403, "confirm_first");
    let confirm = json!({"password": PASSWORD, "code": clerk.code(&server)});
    done(clerk.post("/session/confirm", confirm).await, 200);
    done(clerk.delete("/session/second-factor").await, 204);
    clerk.secret = None;
    done(clerk.sign_in(&server, PASSWORD).await, 200);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn dangerous_acts_ask_again_after_five_minutes() {
    let server = Server::of(ROUNDS).await;
    let mut first = server.first_administrator().await;
    let invite = json!({"login": "wei", "name": "韦", "roles": [{"role": "auditor"}]});
    server.advance(5 * MINUTE);
    refused(first.post("/staff", invite.clone()).await, 403, "confirm_first");
    refused(first.post("/session/confirm", json!({"password": PASSWORD})).await, 401, "second_factor");
    let wrong = json!({"password": "guessed-password", "code": first.code(&server)});
    refused(first.post("/session/confirm", wrong).await, 401, "unauthorised");
    let confirm = json!({"password": PASSWORD, "code": first.code(&server)});
    let until = done(first.post("/session/confirm", confirm).await, 200)["confirmed_until"].as_i64().unwrap();
    assert_eq!(until, server.clock.now().0 + 5 * MINUTE);
    done(first.post("/staff", invite).await, 201);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let server = Server::of(ROUNDS).await;
    let mut clerk = editor(&server).await;
    let mut other = server.browser().await;
    other.login = "wei".to_owned();
    done(other.sign_in(&server, PASSWORD).await, 200);
    let new = "柳州螺蛳粉加两个蛋真好吃";
    refused(clerk.post("/session/password", json!({"old": "wrong-password", "new": new})).await, 401, "unauthorised");
    let told = refused(
        clerk.post("/session/password", json!({"old": PASSWORD, "new": "1234567890"})).await,
        400,
        "bad_request",
    );
    assert_eq!((&told["faults"][0]["part"], &told["faults"][0]["code"]), (&json!("new"), &json!("too_common")));
    done(clerk.post("/session/password", json!({"old": PASSWORD, "new": new})).await, 204);
    assert_eq!(clerk.look().await["staff"]["login"], "wei");
    assert_eq!(other.look().await["staff"], Value::Null);
    refused(other.sign_in(&server, PASSWORD).await, 401, "unauthorised");
    done(other.sign_in(&server, new).await, 200);
    server.stop().await.unwrap();
}
