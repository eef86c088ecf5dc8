//! `http` bodies: one request, its redirects, its answer.
//!
//! Retries are not made here: a failure says its class and how long the server asked to wait.
//! `request.rs` makes the request from the step, `answer.rs` the value from the answer.
//! `tests/http.rs` has a server that misbehaves in every way known to us.

mod answer;
mod fetch;
mod request;

use crate::{
    api::{Outcome, Stream},
    attempt::Attempt,
};
use answer::{status_failure, take};
pub(crate) use fetch::{Fetched, name as web_name, nothing as nothing_there};
use flow_diag::codes;
use flow_plan::{ErrorClass, Failure};
use request::Request;
use reqwest::{Method, Response, StatusCode, Url, header::LOCATION};
use std::time::Instant;
use tokio::sync::OnceCell;

/// As most clients.
const MOST_REDIRECTS: usize = 10;

/// Connections that requests share. Made when first needed, since certificates are read then.
#[derive(Default)]
pub(crate) struct Client(OnceCell<reqwest::Client>);

impl Client {
    async fn get(&self) -> Result<&reqwest::Client, Failure> {
        self.0.get_or_try_init(|| async { connect() }).await
    }
}

fn connect() -> Result<reqwest::Client, Failure> {
    // Fails only if another part of the process has chosen a provider before, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = || {
        let agent = concat!("flowc/", env!("CARGO_PKG_VERSION"));
        reqwest::Client::builder().user_agent(agent).redirect(reqwest::redirect::Policy::none())
    };
    // A machine without any certificate can still speak plain HTTP.
    builder().build().or_else(|_| builder().tls_certs_only([]).build()).map_err(|error| {
        Failure::new(ErrorClass::Internal, codes::R0110.as_str(), format!("no HTTP client: {}", innermost(&error)))
    })
}

/// One attempt of a request.
pub(crate) async fn run(attempt: &Attempt<'_>, client: &Client) -> Result<Outcome, Failure> {
    attempt
        .bounded(async {
            let request = Request::of(attempt).await?;
            let response = send(attempt, client.get().await?, request).await?;
            let status = response.status();
            if status.is_success() { take(attempt, response).await } else { Err(status_failure(response).await) }
        })
        .await
}

/// Sends it, and follows where it is redirected to.
async fn send(attempt: &Attempt<'_>, client: &reqwest::Client, mut request: Request) -> Result<Response, Failure> {
    for _ in 0..=MOST_REDIRECTS {
        let start = Instant::now();
        let line = format!("{} {}", request.method, shown(&request.url));
        let response = client.execute(request.build()).await.map_err(|error| no_answer(&request.url, &error))?;
        let status = response.status();
        let note = format!("{line}: {status} in {} ms", start.elapsed().as_millis());
        attempt.log.line(Stream::Note, attempt.scrubber.text(&note).as_bytes());
        let Some(target) = redirect(&response)? else { return Ok(response) };
        if request.url.scheme() == "https" && target.scheme() == "http" {
            return Err(in_vain(format!("redirected from https to plain {}", shown(&target))));
        }
        request.follow(target, status);
    }
    Err(in_vain(format!("redirected more than {MOST_REDIRECTS} times, last to {}", shown(&request.url))))
}

/// Where an answer redirects to, if it does.
fn redirect(response: &Response) -> Result<Option<Url>, Failure> {
    let followed = [
        StatusCode::MOVED_PERMANENTLY,
        StatusCode::FOUND,
        StatusCode::SEE_OTHER,
        StatusCode::TEMPORARY_REDIRECT,
        StatusCode::PERMANENT_REDIRECT,
    ];
    let Some(location) = response.headers().get(LOCATION).filter(|_| followed.contains(&response.status())) else {
        return Ok(None);
    };
    let target = location.to_str().ok().and_then(|location| response.url().join(location).ok());
    match target {
        Some(target) if ["http", "https"].contains(&target.scheme()) => Ok(Some(target)),
        _ => Err(in_vain(format!("redirected to {location:?}, which is no http or https URL"))),
    }
}

fn in_vain(message: String) -> Failure {
    Failure::new(ErrorClass::ClientError, codes::R0124.as_str(), message)
}

/// A URL for people: without user and password.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Only URLs without a host cannot change these, and they have none.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string()
}

/// Nothing came back, or not all of it.
fn no_answer(url: &Url, error: &reqwest::Error) -> Failure {
    let what = if error.is_connect() { "no connection to" } else { "no complete answer from" };
    let host = format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default());
    let message = format!("{what} {host}: {}", innermost(error));
    Failure::new(ErrorClass::Connection, codes::R0121.as_str(), message)
}

/// The cause that says most; those around it name the layers of the client.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// Kinds of request that a redirect turns into `GET`, as browsers do.
fn becomes_get(method: &Method, status: StatusCode) -> bool {
    let posted = *method == Method::POST && [StatusCode::MOVED_PERMANENTLY, StatusCode::FOUND].contains(&status);
    posted || (status == StatusCode::SEE_OTHER && *method != Method::HEAD)
}
