//! The messages of `kejing.v1` as protocol.md has them: what the server says, borrowed from the frame, and what a client says.
//!
//! Fields that nobody here has heard of are passed over, as the protocol asks of every client.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Deserialize;

/// A string borrowed from the frame wherever it holds no escapes (a plain `Vec<Cow<str>>` would always copy).
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

impl AsRef<str> for Text<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    TrueFalse,
    Single,
    Multiple,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Welcome<'a> {
    #[serde(borrow)]
    pub participant: Option<Who<'a>>,
    pub ping_ms: u64,
    #[serde(borrow)]
    pub attempt: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub ended: Option<Cow<'a, str>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Who<'a> {
    #[serde(borrow)]
    pub id: Cow<'a, str>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Question<'a> {
    #[serde(borrow)]
    pub attempt: Cow<'a, str>,
    pub seq: u32,
    pub of: u32,
    pub kind: Kind,
    #[serde(borrow)]
    pub stem: Cow<'a, str>,
    #[serde(borrow)]
    pub options: Vec<Text<'a>>,
    pub points: i64,
    pub limit_ms: Option<i64>,
    pub remaining_ms: Option<i64>,
    pub paper_remaining_ms: Option<i64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Verdict<'a> {
    #[serde(borrow)]
    pub attempt: Cow<'a, str>,
    pub seq: u32,
    pub received: bool,
    pub timed_out: bool,
    pub answered: u32,
    pub last: bool,
    pub correct: Option<bool>,
    pub points: Option<i64>,
    pub score: Option<i64>,
    pub key: Option<Vec<u8>>,
    #[serde(borrow)]
    pub explanation: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub source: Option<Cow<'a, str>>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Best {
    pub score: i64,
    pub elapsed_ms: i64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct AttemptResult<'a> {
    #[serde(borrow)]
    pub attempt: Cow<'a, str>,
    #[serde(borrow)]
    pub round: Cow<'a, str>,
    pub score: i64,
    pub correct: u32,
    pub of: u32,
    pub elapsed_ms: i64,
    pub counted: bool,
    pub best: Option<Best>,
    pub ranks: Option<Ranks>,
    #[serde(borrow)]
    pub receipt: Cow<'a, str>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Ranks {
    pub round: Option<ScopeRanks>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ScopeRanks {
    pub region: Option<u64>,
    pub city: Option<u64>,
    pub county: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Refusal<'a> {
    #[serde(borrow)]
    pub code: Cow<'a, str>,
    #[serde(borrow)]
    pub message: Option<Cow<'a, str>>,
    pub retry_after_ms: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Pong {
    pub n: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Reconnect {
    pub after_ms: u64,
}

/// The `type` of a frame. The server is expected to write it first; anything else costs one more pass.
pub(crate) fn type_of(frame: &str) -> Option<Cow<'_, str>> {
    const HEAD: &str = "{\"type\":\"";
    if let Some(rest) = frame.strip_prefix(HEAD)
        && let Some((name, _)) = rest.split_once('"')
    {
        return Some(Cow::Borrowed(name));
    }
    #[derive(Deserialize)]
    struct Tagged<'a> {
        #[serde(rename = "type", borrow)]
        name: Cow<'a, str>,
    }
    serde_json::from_str::<Tagged<'_>>(frame).ok().map(|t| t.name)
}

/// The options chosen, one bit each, numbered as shown.
pub(crate) type Mask = u32;

pub(crate) fn mask_of(choices: &[u8]) -> Mask {
    choices.iter().fold(0, |mask, &c| mask | 1u32.checked_shl(u32::from(c)).unwrap_or(1 << 31))
}

pub(crate) fn hello(token: &str) -> String {
    format!("{{\"type\":\"hello\",\"token\":{}}}", quoted(token))
}

pub(crate) fn start(round: &str) -> String {
    format!("{{\"type\":\"start\",\"round\":{}}}", quoted(round))
}

pub(crate) fn answer(attempt: &str, seq: u32, chosen: Mask) -> String {
    let mut text = format!("{{\"type\":\"answer\",\"attempt\":{},\"seq\":{seq},\"choices\":[", quoted(attempt));
    let mut first = true;
    for option in (0..32).filter(|o| chosen & (1 << o) != 0) {
        if !first {
            text.push(',');
        }
        first = false;
        // Writing to a String cannot fail.
        let _ = write!(text, "{option}");
    }
    text.push_str("]}");
    text
}

pub(crate) fn next(attempt: &str) -> String {
    format!("{{\"type\":\"next\",\"attempt\":{}}}", quoted(attempt))
}

pub(crate) fn finish(attempt: &str) -> String {
    format!("{{\"type\":\"finish\",\"attempt\":{}}}", quoted(attempt))
}

pub(crate) fn watch(board: &str, round: &str) -> String {
    format!("{{\"type\":\"watch\",\"board\":{},\"round\":{}}}", quoted(board), quoted(round))
}

pub(crate) fn ping(n: u64) -> String {
    format!("{{\"type\":\"ping\",\"n\":{n}}}")
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_is_found_first_or_anywhere() {
        for (frame, name) in [
            (r#"{"type":"pong","n":1}"#, Some("pong")),
            (r#"{"n":1,"type":"pong"}"#, Some("pong")),
            (r#"{ "type" : "pong" }"#, Some("pong")),
            ("[]", None),
            ("{", None),
        ] {
            assert_eq!(type_of(frame).as_deref(), name, "{frame}");
        }
    }

    /// The samples that the server's tests and the pages' tests read.
    #[test]
    fn every_sample_of_the_servers_messages_is_understood() {
        fn read<'a, T: Deserialize<'a>>(text: &'a str) -> bool {
            serde_json::from_str::<T>(text).is_ok()
        }
        let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/wire");
        let mut read_types = std::collections::BTreeSet::new();
        for entry in std::fs::read_dir(samples).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if !name.starts_with("server-") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let kind = type_of(&text).unwrap();
            let understood = match kind.as_ref() {
                "welcome" => read::<Welcome<'_>>(&text),
                "question" => read::<Question<'_>>(&text),
                "verdict" => read::<Verdict<'_>>(&text),
                "result" => read::<AttemptResult<'_>>(&text),
                "error" => read::<Refusal<'_>>(&text),
                "pong" => read::<Pong>(&text),
                "reconnect" => read::<Reconnect>(&text),
                _ => continue,
            };
            assert!(understood, "{name}");
            read_types.insert(kind.into_owned());
        }
        assert_eq!(read_types.len(), 7, "{read_types:?}");
    }

    #[test]
    fn client_messages_are_the_protocols() {
        assert_eq!(answer("a1", 3, 0b101), r#"{"type":"answer","attempt":"a1","seq":3,"choices":[0,2]}"#);
        assert_eq!(answer("a1", 3, 0), r#"{"type":"answer","attempt":"a1","seq":3,"choices":[]}"#);
        assert_eq!(hello("t\"1"), r#"{"type":"hello","token":"t\"1"}"#);
        assert_eq!(mask_of(&[2, 0]), 0b101);
    }

    #[test]
    fn a_question_borrows_and_passes_over_what_it_does_not_know() {
        let frame = r#"{"type":"question","attempt":"x","seq":1,"of":10,"kind":"true_false","stem":"S","options":["正确","错误"],
            "media":null,"points":5,"limit_ms":null,"remaining_ms":null,"paper_remaining_ms":null,"new":{"a":[1]}}"#;
        let question: Question<'_> = serde_json::from_str(frame).unwrap();
        assert!(matches!(question.stem, Cow::Borrowed(_)));
        assert!(matches!(question.options[1].0, Cow::Borrowed("错误")));
        assert_eq!(question.kind, Kind::TrueFalse);
    }
}
