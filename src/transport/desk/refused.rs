//! The office's refusals as strangers see them; a conflict carries the question as somebody else left it.

use super::question_views::QuestionView;
use crate::ledger::store::LedgerError;
use crate::office::refusal::DeskRefusal;
use crate::office::seasons;
use crate::transport::problem::PartFault;
use crate::transport::problem::Problem;
use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;

impl From<DeskRefusal> for Problem {
    fn from(refusal: DeskRefusal) -> Problem {
        let code = refusal.code();
        let message = refusal.to_string();
        match refusal {
            DeskRefusal::Ledger(error) => error.into(),
            DeskRefusal::Faulty(faults) => {
                let fault = |fault: crate::domain::faults::QuestionFault| PartFault {
                    part: fault.part.code(),
                    code: fault.code.to_owned(),
                    message: fault.message,
                };
                Problem { faults: faults.into_iter().map(fault).collect(), ..Problem::bad_request(message) }
            }
            DeskRefusal::SeasonFaulty(faults) => {
                let fault = |fault: crate::domain::fault::Fault| {
                    let (part, message) = seasons::told(fault);
                    PartFault { part, code: "season".to_owned(), message }
                };
                Problem { faults: faults.into_iter().map(fault).collect(), ..Problem::bad_request(message) }
            }
            _ => {
                let status = match code {
                    "not_found" => StatusCode::NOT_FOUND,
                    "conflict" => StatusCode::CONFLICT,
                    "forbidden" => StatusCode::FORBIDDEN,
                    _ => StatusCode::BAD_REQUEST,
                };
                Problem::new(status, code, message)
            }
        }
    }
}

/// A refusal, with the question as it stands now where somebody was overtaken.
pub(super) struct Refused {
    problem: Problem,
    newer: Option<Box<QuestionView>>,
}

impl Refused {
    pub(super) fn overtaken(problem: Problem, newer: QuestionView) -> Refused {
        Refused { problem, newer: Some(Box::new(newer)) }
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Refused {
        Refused { problem, newer: None }
    }
}

impl From<DeskRefusal> for Refused {
    fn from(refusal: DeskRefusal) -> Refused {
        Problem::from(refusal).into()
    }
}

impl From<LedgerError> for Refused {
    fn from(error: LedgerError) -> Refused {
        Problem::from(error).into()
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Some(newer) = self.newer else { return self.problem.into_response() };
        let status = self.problem.status;
        let mut body: serde_json::Value = serde_json::from_str(&self.problem.json()).unwrap_or_default();
        if let (Some(fields), Ok(newer)) = (body.as_object_mut(), serde_json::to_value(newer)) {
            fields.insert("newer".to_owned(), newer);
        }
        let mut response = (status, Body::from(body.to_string())).into_response();
        let problem = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, problem);
        response
    }
}
