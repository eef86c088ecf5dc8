//! `start on webhook "/path"`: requests that are signed as Standard Webhooks has it (standardwebhooks.com, 1.0.0).
//!
//! HMAC-SHA256 over `id.timestamp.body` with a secret; a request is good for five minutes and its id once. The values of a
//! JSON object become the parameters of their names.

use super::{App, error::ApiError};
use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::Json,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use flow_control::schedule::{Cause, Due};
use flow_plan::{Flow, Trigger};
use jiff::Timestamp;
use ring::hmac;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

/// How far the time of a request may be from now, in seconds, as the specification recommends.
const TOLERANCE_S: u64 = 300;

/// Ids that are remembered at most: within the tolerance no more are taken.
const MOST_IDS: usize = 200_000;

/// The secret, and the ids that were seen.
#[derive(Debug)]
pub struct Hooks {
    key: hmac::Key,
    /// What was signed before is not taken, seconds since 1970: it may have been taken by the service before this one.
    since: i64,
    /// Ids of requests and when they can be forgotten, seconds since 1970.
    seen: Mutex<HashMap<String, i64>>,
}

/// Why a request is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsigned {
    Headers,
    Time,
    Signature,
    Replayed,
    TooMany,
}

impl Hooks {
    /// With a secret, as `whsec_` and base64, or as it is, for requests since then, in seconds since 1970.
    ///
    /// # Errors
    /// It is shorter than 24 bytes, or is no base64.
    pub fn new(secret: &str, since: i64) -> Result<Self, String> {
        let bytes = match secret.trim().strip_prefix("whsec_") {
            Some(encoded) => STANDARD.decode(encoded).map_err(|_| "what follows `whsec_` is no base64".to_owned())?,
            None => secret.trim().as_bytes().to_vec(),
        };
        if bytes.len() < 24 {
            return Err("a secret of webhooks has at least 24 bytes".into());
        }
        Ok(Self { key: hmac::Key::new(hmac::HMAC_SHA256, &bytes), since, seen: Mutex::default() })
    }

    /// The id of a request that is signed, in time, and seen for the first time.
    pub(crate) fn check(&self, headers: &HeaderMap, body: &[u8], now: i64) -> Result<String, Unsigned> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let (Some(id), Some(at), Some(signatures)) =
            (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"))
        else {
            return Err(Unsigned::Headers);
        };
        let time: i64 = at.parse().map_err(|_| Unsigned::Headers)?;
        if id.is_empty() || id.len() > 256 || now.abs_diff(time) > TOLERANCE_S || time < self.since {
            return Err(Unsigned::Time);
        }
        let mut signed = format!("{id}.{at}.").into_bytes();
        signed.extend_from_slice(body);
        let is_ours = |signature: &str| {
            let given = signature.strip_prefix("v1,").and_then(|encoded| STANDARD.decode(encoded).ok());
            given.is_some_and(|given| hmac::verify(&self.key, &signed, &given).is_ok())
        };
        if !signatures.split(' ').any(is_ours) {
            return Err(Unsigned::Signature);
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= MOST_IDS {
            seen.retain(|_, until| *until >= now);
            if seen.len() >= MOST_IDS {
                return Err(Unsigned::TooMany);
            }
        }
        match seen.insert(id.to_owned(), time.max(now).saturating_add_unsigned(TOLERANCE_S)) {
            Some(until) if until >= now => Err(Unsigned::Replayed),
            _ => Ok(id.to_owned()),
        }
    }
}

impl From<Unsigned> for ApiError {
    fn from(unsigned: Unsigned) -> Self {
        let refused = |code, title: &str| Self::new(StatusCode::UNAUTHORIZED, code, title);
        match unsigned {
            Unsigned::Headers => refused("unsigned", "the request is not signed")
                .hint("send `webhook-id`, `webhook-timestamp` and `webhook-signature`"),
            Unsigned::Time => refused("too_old", "the request's time is more than five minutes from now"),
            Unsigned::Signature => refused("bad_signature", "the signature is not ours"),
            Unsigned::Replayed => Self::new(StatusCode::CONFLICT, "replayed", "a request of this id was taken already"),
            Unsigned::TooMany => Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many", "too many requests"),
        }
    }
}

/// A request to a path that flows start on.
pub(crate) async fn hook(
    State(app): State<Arc<App>>,
    Path(path): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let hooks = app.hooks.as_ref().ok_or_else(|| {
        ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "no_secret",
            "webhooks are not taken: there is no secret for them",
        )
        .hint("start the service with FLOW_WEBHOOK_SECRET")
    })?;
    let now = Timestamp::now();
    let id = hooks.check(&headers, &body, now.as_second())?;
    let path: Arc<str> = format!("/{path}").into();
    let given = values(&body)?;
    let mut started = vec![];
    for project in &app.projects {
        let Some((_, program)) = project.standing().await else { continue };
        for (flow, clause) in program.flows.values().filter_map(|flow| Some((flow, clause(flow, &path)?))) {
            let params: BTreeMap<String, String> = given
                .iter()
                .filter(|(name, _)| flow.params.iter().any(|param| *param.name == **name))
                .cloned()
                .collect();
            let due = Due {
                flow: flow.name.clone(),
                cause: Cause::Webhook(path.clone()),
                nominal: now.as_millisecond(),
                mark: Some(id.as_str().into()),
                clause: Some(clause),
                params,
            };
            let (record, run) = project.start(due).await?;
            started.push(json!({ "project": project.name(), "record": record, "run": run }));
        }
    }
    if started.is_empty() {
        return Err(ApiError::not_found(format!("no flow starts on webhook {path}")));
    }
    Ok((StatusCode::ACCEPTED, Json(json!({ "started": started }))))
}

fn clause(flow: &Flow, path: &str) -> Option<usize> {
    flow.starts.iter().position(|start| matches!(&start.trigger, Trigger::Webhook(known) if **known == *path))
}

/// The values of a JSON object, as text.
fn values(body: &[u8]) -> Result<Vec<(String, String)>, ApiError> {
    if body.is_empty() {
        return Ok(vec![]);
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(all)) => Ok(texts(all)),
        Ok(_) => Err(ApiError::bad("the body is no JSON object")),
        Err(error) => Err(ApiError::bad(format!("the body is no JSON: {error}"))),
    }
}

/// Values as they are given on a command line.
pub(crate) fn texts(all: serde_json::Map<String, Value>) -> Vec<(String, String)> {
    let text = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    all.into_iter().map(|(name, value)| (name, text(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's reference libraries.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const AT: i64 = 1_614_265_330;

    fn headers(id: &str, at: &str, signature: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in [("webhook-id", id), ("webhook-timestamp", at), ("webhook-signature", signature)] {
            headers.insert(axum::http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        headers
    }

    const SIGNED: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";

    #[test]
    fn a_signed_request_is_taken_once() {
        let hooks = Hooks::new(SECRET, AT - 1000).unwrap();
        let good = headers(ID, "1614265330", &format!("v1,AAAA v2,x {SIGNED}"));
        assert_eq!(hooks.check(&good, BODY, AT).as_deref(), Ok(ID));
        assert_eq!(hooks.check(&good, BODY, AT + 299), Err(Unsigned::Replayed));
        assert_eq!(hooks.check(&good, BODY, AT + 301), Err(Unsigned::Time));
        assert_eq!(hooks.check(&good, BODY, AT - 301), Err(Unsigned::Time));
        // The next service does not take what this one may have taken.
        assert_eq!(Hooks::new(SECRET, AT + 1).unwrap().check(&good, BODY, AT + 2), Err(Unsigned::Time));
    }

    #[test]
    fn what_is_not_signed_so_is_not_taken() {
        let hooks = Hooks::new(SECRET, AT - 1000).unwrap();
        let check = |headers: &HeaderMap, body: &[u8]| hooks.check(headers, body, AT);
        assert_eq!(check(&HeaderMap::new(), BODY), Err(Unsigned::Headers));
        assert_eq!(check(&headers(ID, "1614265330", SIGNED), b"{}"), Err(Unsigned::Signature));
        assert_eq!(check(&headers("other", "1614265330", SIGNED), BODY), Err(Unsigned::Signature));
        assert_eq!(check(&headers(ID, "1614265331", SIGNED), BODY), Err(Unsigned::Signature));
        assert_eq!(check(&headers(ID, "soon", SIGNED), BODY), Err(Unsigned::Headers));
        assert_eq!(check(&headers(ID, "1614265330", &SIGNED[3..]), BODY), Err(Unsigned::Signature));
        assert!(Hooks::new("short", 0).is_err());
        assert!(Hooks::new("whsec_!", 0).is_err());
    }
}
