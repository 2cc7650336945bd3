//! What a client may say over the socket, read from one text frame without copying.

use crate::domain::question::Choices;
use serde::Deserialize;
use serde::de::SeqAccess;
use serde::de::Visitor;
use std::borrow::Cow;

/// A frame in is at most so large; over it the socket closes with 1009.
pub const FRAME_BYTES_MAX: usize = 4096;
/// So many malformed messages close the socket with 1008.
pub const BAD_MESSAGES_MAX: u8 = 3;

#[derive(Debug, PartialEq, Eq)]
pub enum ClientMessage<'a> {
    Hello { token: Option<Cow<'a, str>> },
    Start { round: Cow<'a, str> },
    Answer { attempt: Cow<'a, str>, seq: u32, choices: ShownChoices },
    Next { attempt: Cow<'a, str> },
    Finish { attempt: Cow<'a, str> },
    Watch(Watched<'a>),
    Unwatch(Watched<'a>),
    Ping { n: i64 },
}

#[derive(Debug, PartialEq, Eq)]
pub struct Watched<'a> {
    pub board: Cow<'a, str>,
    pub round: Option<Cow<'a, str>>,
    pub by: Option<Cow<'a, str>>,
}

/// The options that were chosen, as shown; `None` where the numbers name no set of options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShownChoices(pub Option<Choices>);

/// All fields that any message has: one pass reads them, `type` says which count.
#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(borrow, default)]
    token: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    round: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    attempt: Option<Cow<'a, str>>,
    #[serde(default)]
    seq: Option<u32>,
    #[serde(default)]
    choices: Option<ShownChoices>,
    #[serde(borrow, default)]
    board: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    by: Option<Cow<'a, str>>,
    #[serde(default)]
    n: Option<i64>,
}

impl<'a> ClientMessage<'a> {
    /// # Errors
    /// What is wrong with it, in Chinese.
    pub fn read(text: &'a str) -> Result<ClientMessage<'a>, String> {
        if !text.trim_start().starts_with('{') {
            return Err("应当是一个 JSON 对象".to_owned());
        }
        let place = |error: serde_json::Error| format!("第 {} 行第 {} 列不是约定的写法", error.line(), error.column());
        let fields: Fields<'a> = serde_json::from_str(text).map_err(place)?;
        let missing = |name: &str| format!("缺少 {name}");
        let attempt = |attempt: Option<Cow<'a, str>>| attempt.ok_or_else(|| missing("attempt"));
        let watched = |board: Option<Cow<'a, str>>, round, by| match board {
            Some(board) => Ok(Watched { board, round, by }),
            None => Err(missing("board")),
        };
        Ok(match &*fields.r#type {
            "answer" => ClientMessage::Answer {
                attempt: attempt(fields.attempt)?,
                seq: fields.seq.ok_or_else(|| missing("seq"))?,
                choices: fields.choices.ok_or_else(|| missing("choices"))?,
            },
            "next" => ClientMessage::Next { attempt: attempt(fields.attempt)? },
            "ping" => ClientMessage::Ping { n: fields.n.ok_or_else(|| missing("n"))? },
            "hello" => ClientMessage::Hello { token: fields.token },
            "start" => ClientMessage::Start { round: fields.round.ok_or_else(|| missing("round"))? },
            "finish" => ClientMessage::Finish { attempt: attempt(fields.attempt)? },
            "watch" => ClientMessage::Watch(watched(fields.board, fields.round, fields.by)?),
            "unwatch" => ClientMessage::Unwatch(watched(fields.board, fields.round, fields.by)?),
            other => return Err(format!("不认识的 type「{}」", other.chars().take(20).collect::<String>())),
        })
    }

    /// Its `type`, for `re` in errors.
    pub fn kind(&self) -> &'static str {
        match self {
            ClientMessage::Hello { .. } => "hello",
            ClientMessage::Start { .. } => "start",
            ClientMessage::Answer { .. } => "answer",
            ClientMessage::Next { .. } => "next",
            ClientMessage::Finish { .. } => "finish",
            ClientMessage::Watch(_) => "watch",
            ClientMessage::Unwatch(_) => "unwatch",
            ClientMessage::Ping { .. } => "ping",
        }
    }
}

impl<'de> Deserialize<'de> for ShownChoices {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<ShownChoices, D::Error> {
        struct Places;

        impl<'de> Visitor<'de> for Places {
            type Value = ShownChoices;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list of option numbers")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<ShownChoices, A::Error> {
                let mut chosen = Some(Choices::NONE);
                while let Some(place) = list.next_element::<i64>()? {
                    let place = usize::try_from(place).ok();
                    let one = place.and_then(|place| Choices::of([place]));
                    chosen = match (chosen, one) {
                        (Some(set), Some(one)) if set.and(one).is_empty() => Some(Choices(set.0 | one.0)),
                        _ => None,
                    };
                }
                Ok(ShownChoices(chosen))
            }
        }

        deserializer.deserialize_seq(Places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_answer_is_read_whatever_else_the_object_holds() {
        let read = ClientMessage::read(r#"{"later":{"x":[1]},"choices":[2,0],"seq":3,"attempt":"A","type":"answer"}"#);
        let choices = ShownChoices(Some(Choices(0b101)));
        assert_eq!(read, Ok(ClientMessage::Answer { attempt: "A".into(), seq: 3, choices }));
    }

    #[test]
    fn numbers_that_name_no_options_are_no_set() {
        for choices in ["[0,0]", "[-1]", "[99]", "[0,1,2,3,4,5,6,7,8]"] {
            let text = format!(r#"{{"type":"answer","attempt":"A","seq":1,"choices":{choices}}}"#);
            let read = ClientMessage::read(&text);
            assert!(matches!(read, Ok(ClientMessage::Answer { choices: ShownChoices(None), .. })), "{choices}");
        }
    }

    #[test]
    fn what_is_no_message_is_refused_in_words() {
        for text in
            ["", "[]", "{}", r#"{"type":"answer"}"#, r#"{"type":"fly"}"#, r#"{"type":"ping","n":"x"}"#, "{\"type\":"]
        {
            assert!(ClientMessage::read(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,200}") {
            let _ = ClientMessage::read(&text);
        }
    }
}
