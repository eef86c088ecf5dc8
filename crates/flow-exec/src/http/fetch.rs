//! Data at a URL: what is there now, and the whole of it as a file.
//!
//! Unlike a step's request this sends no credentials and has bounds of its own. What identifies the content is the
//! server's `ETag`, else its `Last-Modified` with the length, else a hash of the content. Knows no formats.

use super::{
    Client, MOST_REDIRECTS,
    answer::{save, status_failure},
    in_vain, no_answer, redirect, shown,
};
use crate::api::Cancel;
use flow_diag::codes;
use flow_plan::{ErrorClass, Failure};
use jiff::Timestamp;
use reqwest::{
    Method, Response, StatusCode, Url,
    header::{ACCEPT_ENCODING, CONTENT_LENGTH, ETAG, HeaderName, LAST_MODIFIED},
};
use std::{path::PathBuf, time::Duration};
use tempfile::TempDir;

/// For asking what is there.
const LOOK_TIMEOUT: Duration = Duration::from_secs(30);
/// For taking all of it.
const FETCH_TIMEOUT: Duration = Duration::from_secs(600);

/// What a server says of the content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// A hash of what identifies it; none if the server says nothing of the kind.
    pub(crate) hash: Option<String>,
    /// When it was modified.
    pub(crate) modified: Option<Timestamp>,
}

/// Content that was fetched, for as long as this value lives.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) seen: Seen,
    pub(crate) path: PathBuf,
    _folder: TempDir,
}

impl Client {
    /// What is there, without taking it; none if nothing is.
    pub(crate) async fn look(&self, url: &Url, cancel: &Cancel) -> Result<Option<Seen>, Failure> {
        bounded(url, LOOK_TIMEOUT, cancel, async {
            let response = self.ask(Method::HEAD, url).await?;
            match response.status() {
                status if status.is_success() => Ok(Some(seen(url, &response))),
                StatusCode::NOT_FOUND | StatusCode::GONE => Ok(None),
                // A server that does not answer this kind of request may answer the usual one.
                StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => Ok(Some(Seen::default())),
                _ => Err(at(url, status_failure(response).await)),
            }
        })
        .await
    }

    /// All of it, in a file of its own; none if nothing is there.
    pub(crate) async fn fetch(&self, url: &Url, cancel: &Cancel) -> Result<Option<Fetched>, Failure> {
        bounded(url, FETCH_TIMEOUT, cancel, async {
            let mut response = self.ask(Method::GET, url).await?;
            match response.status() {
                StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(None),
                status if !status.is_success() => return Err(at(url, status_failure(response).await)),
                _ => {}
            }
            let seen = seen(url, &response);
            let kept = |error: std::io::Error| super::super::blocking::broken(&error.to_string());
            let folder = tempfile::Builder::new().prefix("flow-").tempdir().map_err(kept)?;
            let name = url.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default();
            let name: String =
                name.chars().filter(|sign| sign.is_ascii_alphanumeric() || "-_.".contains(*sign)).collect();
            let name = name.trim_start_matches('.').get(..100).unwrap_or(name.trim_start_matches('.')).to_owned();
            let path = folder.path().join(if name.is_empty() { "data" } else { &name });
            save(&mut response, path.clone()).await.map_err(|failure| at(url, failure))?;
            Ok(Some(Fetched { seen, path, _folder: folder }))
        })
        .await
    }

    async fn ask(&self, method: Method, url: &Url) -> Result<Response, Failure> {
        let client = self.get().await?;
        let mut target = url.clone();
        for _ in 0..=MOST_REDIRECTS {
            let request = client.request(method.clone(), target.clone()).header(ACCEPT_ENCODING, "identity");
            let response = request.send().await.map_err(|error| no_answer(&target, &error))?;
            let Some(next) = redirect(&response)? else { return Ok(response) };
            if target.scheme() == "https" && next.scheme() == "http" {
                return Err(in_vain(format!("{} redirects from https to plain {}", shown(url), shown(&next))));
            }
            target = next;
        }
        Err(in_vain(format!("{} redirects more than {MOST_REDIRECTS} times", shown(url))))
    }
}

/// An address for people: without user and password.
pub(crate) fn name(url: &Url) -> String {
    shown(url)
}

/// Nothing is at the address.
pub(crate) fn nothing(url: &Url) -> Failure {
    let message = format!("nothing is at {}", shown(url));
    Failure::new(ErrorClass::Internal, codes::R0301.as_str(), message)
}

fn at(url: &Url, mut failure: Failure) -> Failure {
    failure.message = format!("{}: {}", shown(url), failure.message);
    failure
}

async fn bounded<T>(
    url: &Url,
    timeout: Duration,
    cancel: &Cancel,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(super::super::blocking::cancelled()),
        () = tokio::time::sleep(timeout) => {
            let message = format!("{}: no complete answer within {} s", shown(url), timeout.as_secs());
            Err(Failure::new(ErrorClass::Timeout, codes::R0103.as_str(), message))
        }
        done = work => done,
    }
}

fn seen(url: &Url, response: &Response) -> Seen {
    let header = |name: HeaderName| response.headers().get(name).and_then(|value| value.to_str().ok());
    let modified = header(LAST_MODIFIED);
    let identity = match (header(ETAG), modified) {
        (Some(tag), _) => Some(format!("etag {tag}")),
        (None, Some(at)) => Some(format!("modified {at}, {} bytes", header(CONTENT_LENGTH).unwrap_or("unknown"))),
        (None, None) => None,
    };
    let hash = identity.map(|identity| blake3::hash(format!("{url}\n{identity}").as_bytes()).to_hex().to_string());
    let modified = modified.and_then(|text| httpdate::parse_http_date(text).ok());
    Seen { hash, modified: modified.and_then(|at| Timestamp::try_from(at).ok()) }
}
