//! What goes wrong with a request, as `application/problem+json` (RFC 9457): a status, a code that stays, words and a way
//! out.

use crate::{Problem, api::access::Refusal};
use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use flow_engine::{EngineError, StoreError};
use serde::Serialize;

/// A request that is refused, or failed.
#[derive(Debug, Serialize)]
pub(crate) struct ApiError {
    status: u16,
    code: &'static str,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &'static str, title: impl Into<String>) -> Self {
        Self { status: status.as_u16(), code, title: title.into(), hint: None }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    pub(crate) fn not_found(what: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", what)
    }

    pub(crate) fn bad(title: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_request", title)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_string(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            // Who has no token learns no more than who has a wrong one.
            Refusal::None | Refusal::Unknown => Self::new(
                StatusCode::UNAUTHORIZED,
                "no_token",
                "a token is needed, and this is none that is known here",
            )
            .hint("send `Authorization: Bearer TOKEN`"),
            Refusal::Expired => Self::new(StatusCode::UNAUTHORIZED, "token_expired", "the token has expired"),
            Refusal::Role(wanted) => {
                let role = serde_json::to_value(wanted).ok().and_then(|role| role.as_str().map(str::to_owned));
                let title = format!("the token is not good for this: it takes the role `{}`", role.unwrap_or_default());
                Self::new(StatusCode::FORBIDDEN, "wrong_role", title)
            }
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let status = match &error {
            StoreError::NoRun { .. } | StoreError::NoStep { .. } => StatusCode::NOT_FOUND,
            StoreError::NotOpen { .. } | StoreError::NotInDoubt { .. } => StatusCode::CONFLICT,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self::new(status, error.code(), error.to_string())
    }
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Store(error) => error.into(),
            EngineError::NoFlow(_) => Self::new(StatusCode::NOT_FOUND, error.code(), error.to_string()),
            EngineError::Internal(_) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.code(), error.to_string()),
            _ => Self::new(StatusCode::CONFLICT, error.code(), error.to_string()),
        }
    }
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Engine(error) => error.into(),
            Problem::Store(error) => error.into(),
            Problem::NoFlow(_) | Problem::NoRun(_) => Self::not_found(problem.to_string()),
            Problem::Ending => Self::new(StatusCode::SERVICE_UNAVAILABLE, "ending", problem.to_string()),
            Problem::Over(_) => Self::new(StatusCode::CONFLICT, "over", problem.to_string()),
            Problem::Labelled(_) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "labelled", problem.to_string()),
            Problem::Program(_) => Self::new(StatusCode::SERVICE_UNAVAILABLE, "stalled", problem.to_string()),
        }
    }
}
