//! Every refusal and fault as strangers see it: a code for programs, a sentence for people, a status or a close code.

use crate::accounts::register::JoinRefusal;
use crate::accounts::staff::FormFault;
use crate::accounts::staff::StaffRefusal;
use crate::contest::acts::RunRefusal;
use crate::contest::refusal::BUSY_RETRY_MS;
use crate::contest::refusal::Exhausted;
use crate::contest::refusal::NotEligible;
use crate::contest::refusal::Refusal;
use crate::domain::attempt::AnswerRefusal;
use crate::domain::time::TimeZone;
use crate::domain::time::Timestamp;
use crate::ledger::store::LedgerError;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use serde::Serialize;

/// A refusal as it is told, over the socket or by HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub status: StatusCode,
    pub code: &'static str,
    pub message: String,
    pub retry_after_ms: Option<u64>,
    /// Of a form: what has to be mended where.
    pub faults: Vec<PartFault>,
}

/// A part of a form that has to be mended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PartFault {
    pub part: String,
    /// For programs.
    pub code: String,
    pub message: String,
}

/// Who finds no place comes back after so long: somebody has to leave first.
const FULL_RETRY_MS: u64 = 2_000;

/// WebSocket close codes of the wire.
pub mod close {
    pub const PROTOCOL: u16 = 1002;
    pub const POLICY: u16 = 1008;
    pub const DRAINING: u16 = 1012;
    pub const SUPERSEDED: u16 = 4001;
    pub const SILENT: u16 = 4008;
}

impl Problem {
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Problem {
        Problem { status, code, message: message.into(), retry_after_ms: None, faults: Vec::new() }
    }

    pub fn bad_request(message: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    pub fn unauthorised() -> Problem {
        Problem::new(StatusCode::UNAUTHORIZED, "unauthorised", "请先登录，或用恢复码找回您的参赛身份")
    }

    pub fn not_found(what: &str) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "not_found", format!("没有找到{what}"))
    }

    pub fn busy() -> Problem {
        let message = "服务器正忙，您的答题不会丢失，请稍候再试";
        let retry_after_ms = Some(BUSY_RETRY_MS);
        Problem { retry_after_ms, ..Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message) }
    }

    /// No place is left.
    pub fn full() -> Problem {
        let retry_after_ms = Some(FULL_RETRY_MS);
        Problem { message: "现在参与的人很多，请稍候再试".into(), retry_after_ms, ..Problem::busy() }
    }

    pub fn too_slow() -> Problem {
        Problem::new(StatusCode::REQUEST_TIMEOUT, "bad_request", "请求没有及时送达，请重试")
    }

    pub fn rate_limited(retry_after_ms: u64) -> Problem {
        let message = "操作太频繁了，请稍候再试";
        let retry_after_ms = Some(retry_after_ms);
        Problem { retry_after_ms, ..Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", message) }
    }

    pub fn too_large() -> Problem {
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "发送的内容太大了")
    }

    pub fn forbidden(message: impl Into<String>) -> Problem {
        Problem::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    pub fn conflict(message: impl Into<String>) -> Problem {
        Problem::new(StatusCode::CONFLICT, "conflict", message)
    }

    /// A form that has to be mended.
    pub fn form(faults: Vec<PartFault>) -> Problem {
        Problem { faults, ..Problem::bad_request("请改正标出的地方") }
    }

    pub fn unavailable() -> Problem {
        let retry_after_ms = Some(2_000);
        let message = "服务器正在恢复，请稍候再试";
        Problem { retry_after_ms, ..Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message) }
    }

    pub fn bad_message(why: &str) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, "bad_message", format!("消息格式不对：{why}"))
    }

    /// The socket has no codes for calls: what was asked for in the wrong way is a bad message there.
    pub fn over_the_socket(self) -> Problem {
        match self.code {
            "bad_request" | "not_found" => Problem { code: "bad_message", ..self },
            _ => self,
        }
    }

    pub fn hello_first() -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, "hello_first", "请先发送 hello")
    }

    pub fn unknown_token() -> Problem {
        let message = "登录已失效，请用恢复码找回您的参赛身份";
        Problem::new(StatusCode::UNAUTHORIZED, "unknown_token", message)
    }

    pub fn participants_only() -> Problem {
        Problem::new(StatusCode::FORBIDDEN, "participants_only", "参赛后才能答题，请先报名")
    }

    /// A refusal of the contest; moments are told in the season's time zone.
    pub fn of(refusal: &Refusal, zone: &TimeZone) -> Problem {
        let conflict = |code, message: &str| Problem::new(StatusCode::CONFLICT, code, message);
        match refusal {
            Refusal::SeasonNotOpen { opens } => not_open("season_not_open", "赛季", *opens, zone),
            Refusal::RoundNotOpen { opens } => not_open("round_not_open", "本场次", *opens, zone),
            Refusal::RoundPaused => conflict("round_paused", "本场次暂停中，暂停的时间会补给您；恢复以后接着来"),
            Refusal::Excluded { reason, contact } => {
                Problem::new(StatusCode::FORBIDDEN, "excluded", excluded_sentence(reason, contact.as_deref()))
            }
            Refusal::UnknownRound => Problem::new(StatusCode::NOT_FOUND, "unknown_round", "没有这个场次，请刷新页面"),
            Refusal::AttemptsExhausted(exhausted) => conflict("attempts_exhausted", exhausted_sentence(*exhausted)),
            Refusal::AttemptInProgress => conflict("attempt_in_progress", "您有一份答卷还没有答完，请先答完或交卷"),
            Refusal::UnknownAttempt => Problem::new(
                StatusCode::NOT_FOUND,
                "unknown_attempt",
                "没有这份正在答的答卷，已经答完的请到「我的答卷」查看",
            ),
            Refusal::Answer(answer) => of_answer(*answer),
            Refusal::NotEligible(why) => {
                Problem::new(StatusCode::FORBIDDEN, "not_eligible", not_eligible_sentence(why))
            }
            Refusal::Busy => Problem::busy(),
        }
    }
}

fn excluded_sentence(reason: &str, contact: Option<&str>) -> String {
    let turn_to = contact.map_or("请联系组织者".to_owned(), |contact| format!("请联系组织者：{contact}"));
    format!("您的参赛资格已被取消，原因：{reason}。如有疑问，{turn_to}")
}

fn of_answer(refusal: AnswerRefusal) -> Problem {
    let conflict = |code, message: &str| Problem::new(StatusCode::CONFLICT, code, message);
    match refusal {
        AnswerRefusal::WrongSeq => conflict("wrong_seq", "题号不对，请按当前题目作答"),
        AnswerRefusal::TooLate => conflict("too_late", "这道题的时间已到，按超时处理"),
        AnswerRefusal::AlreadyAnswered => conflict("already_answered", "这道题已经作答，不能更改"),
        AnswerRefusal::BadChoices => Problem::new(StatusCode::BAD_REQUEST, "bad_choices", "请从题目给出的选项中选择"),
    }
}

fn exhausted_sentence(exhausted: Exhausted) -> &'static str {
    match exhausted {
        Exhausted::Today => "今天的答题次数已用完，请明天再来",
        Exhausted::ThisWeek => "本周的答题次数已用完，请下周再来",
        Exhausted::InAll => "本场次的答题次数已全部用完",
    }
}

fn not_eligible_sentence(why: &NotEligible) -> String {
    match why {
        NotEligible::Group { allowed } => format!("本场次面向：{allowed}。您可以在「我的」里核对自己的组别"),
        NotEligible::Gate { round, right } => format!("请先在「{round}」中一次答对至少 {right} 题，再来参加本场次"),
    }
}

fn not_open(code: &'static str, what: &str, opens: Option<Timestamp>, zone: &TimeZone) -> Problem {
    let message = match opens {
        Some(opens) => {
            let at = zone.civil(opens);
            let (month, day, hour, minute) = (at.month(), at.day(), at.hour(), at.minute());
            format!("{what}还没有开始，{month}月{day}日 {hour}:{minute:02} 开放")
        }
        None => format!("{what}已经结束"),
    };
    Problem::new(StatusCode::CONFLICT, code, message)
}

impl From<JoinRefusal> for Problem {
    fn from(refusal: JoinRefusal) -> Problem {
        match refusal {
            JoinRefusal::Busy => Problem::busy(),
            JoinRefusal::ChangedBefore(_) | JoinRefusal::NameKept => {
                Problem::new(StatusCode::CONFLICT, "not_eligible", refusal.to_string())
            }
            other => Problem::bad_request(other.to_string()),
        }
    }
}

impl From<RunRefusal> for Problem {
    fn from(refusal: RunRefusal) -> Problem {
        let message = refusal.to_string();
        match refusal {
            RunRefusal::Ledger(error) => error.into(),
            RunRefusal::UnknownRound | RunRefusal::UnknownParticipant | RunRefusal::UnknownAct => {
                Problem::new(StatusCode::NOT_FOUND, "not_found", message)
            }
            RunRefusal::NotNow(_) | RunRefusal::TooMany => Problem::conflict(message),
            RunRefusal::Bad(_) | RunRefusal::NoReason => Problem::bad_request(message),
        }
    }
}

impl From<StaffRefusal> for Problem {
    fn from(refusal: StaffRefusal) -> Problem {
        let told = |status, code| Problem::new(status, code, refusal.to_string());
        match &refusal {
            StaffRefusal::Ledger(_) => {}
            StaffRefusal::Busy => return Problem { message: refusal.to_string(), ..Problem::busy() },
            StaffRefusal::SignInFirst | StaffRefusal::WrongPassword => {
                return told(StatusCode::UNAUTHORIZED, "unauthorised");
            }
            StaffRefusal::CodeWanted | StaffRefusal::WrongCode => {
                return told(StatusCode::UNAUTHORIZED, "second_factor");
            }
            StaffRefusal::Wait { ms } => {
                return Problem { message: refusal.to_string(), ..Problem::rate_limited(*ms) };
            }
            StaffRefusal::Forbidden => return told(StatusCode::FORBIDDEN, "forbidden"),
            StaffRefusal::ConfirmFirst => return told(StatusCode::FORBIDDEN, "confirm_first"),
            StaffRefusal::SetUpFactor => return told(StatusCode::FORBIDDEN, "second_factor_setup"),
            StaffRefusal::NotFound(_) => return told(StatusCode::NOT_FOUND, "not_found"),
            StaffRefusal::Conflict(_) => return told(StatusCode::CONFLICT, "conflict"),
            StaffRefusal::Form(faults) => {
                let part = |fault: &FormFault| PartFault {
                    part: fault.part.to_owned(),
                    code: fault.code.to_owned(),
                    message: fault.message.clone(),
                };
                return Problem::form(faults.iter().map(part).collect());
            }
        }
        match refusal {
            StaffRefusal::Ledger(error) => error.into(),
            _ => Problem::unavailable(),
        }
    }
}

impl From<LedgerError> for Problem {
    /// A fault: logged with its cause here, and hidden from the stranger.
    fn from(error: LedgerError) -> Problem {
        tracing::error!(%error, "the ledger could not be read");
        Problem::unavailable()
    }
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    code: &'a str,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    #[serde(skip_serializing_if = "<[PartFault]>::is_empty")]
    faults: &'a [PartFault],
}

impl Problem {
    /// The body of the answer.
    pub fn json(&self) -> String {
        let body = Body {
            r#type: format!("urn:kejing:problem:{}", self.code),
            title: self.status.canonical_reason().unwrap_or_default(),
            status: self.status.as_u16(),
            code: self.code,
            detail: &self.message,
            retry_after_ms: self.retry_after_ms,
            faults: &self.faults,
        };
        serde_json::to_string(&body).unwrap_or_default()
    }
}

/// Goes with the answer, for whoever counts refusals by their codes.
#[derive(Clone, Copy, Debug)]
pub struct RefusedWith(pub &'static str);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.json()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(ms) = self.retry_after_ms {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(ms.div_ceil(1000)));
        }
        response.extensions_mut().insert(RefusedWith(self.code));
        response
    }
}
