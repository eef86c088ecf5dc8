//! One request over HTTP, and the bytes of its answer into a decoder as they come.
//!
//! Redirects are not followed, since the key would go along. What is read is bounded whatever the server says. Knows no
//! provider and no timeout but the silence between two pieces; whoever calls bounds the whole.

use crate::{
    Answer,
    failures::{self, no_protocol},
    providers::{Decoder, Request, too_long},
    waits,
};
use flow_diag::codes;
use flow_plan::{ErrorClass, Failure};
use reqwest::{
    Response, Url,
    header::{CONTENT_ENCODING, HeaderMap, HeaderName, HeaderValue},
};
use std::time::Duration;
use tokio::time::timeout;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// The most bytes of an answer with everything around it: a stream wraps each word in some hundred bytes.
const MOST_BYTES: usize = 64 << 20;

/// How much of an error's body is read.
const MOST_ERROR_BYTES: usize = 64 << 10;

/// Why there is no answer.
pub(crate) enum Problem {
    /// The server answered with a status that reports no success.
    Status {
        /// The status.
        status: u16,
        /// What came with it, or its beginning.
        body: String,
        /// How long the server asked to wait.
        wait: Option<Duration>,
        /// The exchange's name.
        request_id: Option<String>,
    },
    /// No server was reached, so nothing was sent.
    Unreached(Failure),
    /// Anything else.
    Failed(Failure),
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Problem {
    /// Whether no model did anything: no server was reached, or it turned the request down. Of one that broke, or of an
    /// answer that broke off, nobody knows.
    pub(crate) const fn costs_nothing(&self) -> bool {
        match self {
            Self::Status { status, .. } => *status < 500,
            Self::Unreached(_) => true,
            Self::Failed(_) => false,
        }
    }

    /// The failure that it is.
    pub(crate) fn failure(self) -> Failure {
        match self {
            Self::Unreached(failure) | Self::Failed(failure) => failure,
            Self::Status { status, body, wait, request_id } => {
                let failure = failures::of_status(status, &body).retry_after(wait);
                match request_id {
                    Some(id) => failure.detail(format!("the server's name for this request: {id}")),
                    None => failure,
                }
            }
        }
    }
}

/// The HTTP client. Made when first needed, since certificates are read then.
pub(crate) fn connect() -> Result<reqwest::Client, Failure> {
    // Fails only if another part of the process has chosen a provider before, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = || {
        let agent = concat!("flowc/", env!("CARGO_PKG_VERSION"));
        let plain = reqwest::Client::builder().user_agent(agent).connect_timeout(CONNECT);
        plain.redirect(reqwest::redirect::Policy::none())
    };
    // A machine without any certificate can still speak plain HTTP.
    builder().build().or_else(|_| builder().tls_certs_only([]).build()).map_err(|error| {
        Failure::new(ErrorClass::Internal, codes::R0801.as_str(), format!("no HTTP client: {}", innermost(&error)))
    })
}

/// Sends the request and reads the answer.
pub(crate) async fn exchange(
    http: &reqwest::Client,
    request: &Request,
    decoder: &mut Decoder,
    silence: Duration,
    input: impl FnOnce() -> u64,
) -> Result<(Answer, Option<Duration>), Problem> {
    let url = Url::parse(&request.url).ok().filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
    let Some(url) = url else {
        let message = "the model's endpoint is no http or https URL";
        return Err(Problem::Unreached(Failure::new(ErrorClass::ClientError, codes::R0805.as_str(), message)));
    };
    let headers = headers(request).map_err(Problem::Unreached)?;
    let sent = http.post(url.clone()).headers(headers).json(&request.body).send().await;
    let mut response = sent.map_err(|error| match no_answer(&url, &error) {
        failure if error.is_connect() => Problem::Unreached(failure),
        failure => failure.into(),
    })?;
    let wait = wait(&response);
    let request_id = request_id(response.headers());
    if !response.status().is_success() {
        let status = response.status().as_u16();
        return Err(Problem::Status { status, body: beginning(&mut response, silence).await, wait, request_id });
    }
    if let Some(encoding) = response.headers().get(CONTENT_ENCODING).filter(|encoding| *encoding != "identity") {
        let message = format!("the answer is compressed ({encoding:?}), which was not asked for");
        return Err(no_protocol(message).into());
    }
    read(&mut response, decoder, silence).await?;
    let mut answer = decoder.finish(input)?;
    answer.request_id = request_id.or(answer.request_id);
    Ok((answer, wait))
}

async fn read(response: &mut Response, decoder: &mut Decoder, silence: Duration) -> Result<(), Failure> {
    let mut bytes = 0;
    loop {
        let next = response.chunk();
        // Before the first piece a model may think for as long as the whole may take.
        let next = if bytes == 0 { Ok(next.await) } else { timeout(silence, next).await };
        let chunk = next.map_err(|_| silent(silence))?;
        let Some(chunk) = chunk.map_err(|error| no_answer(&response.url().clone(), &error))? else { return Ok(()) };
        bytes += chunk.len();
        if bytes > MOST_BYTES {
            return Err(too_long());
        }
        if decoder.push(&chunk)? {
            return Ok(());
        }
    }
}

/// The beginning of an error's body: what of it comes before anything goes wrong.
async fn beginning(response: &mut Response, silence: Duration) -> String {
    let mut bytes = Vec::new();
    while let Ok(Ok(Some(chunk))) = timeout(silence, response.chunk()).await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MOST_ERROR_BYTES {
            break;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn headers(request: &Request) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    for (name, value) in &request.headers {
        let mut value = HeaderValue::from_str(value).map_err(|_| {
            let message = "the key holds a character that no header can, such as a line's end";
            Failure::new(ErrorClass::Auth, codes::R0807.as_str(), message)
        })?;
        value.set_sensitive(true);
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok(headers)
}

fn wait(response: &Response) -> Option<Duration> {
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    waits::asked_for(header, response.status().as_u16() == 429, jiff::Timestamp::now())
}

fn request_id(headers: &HeaderMap) -> Option<String> {
    let found = ["x-request-id", "request-id"].iter().find_map(|name| headers.get(*name)?.to_str().ok())?;
    Some(failures::snippet(found))
}

fn silent(silence: Duration) -> Failure {
    let message = format!("the answer began, and then nothing came for {} s", silence.as_secs_f64());
    Failure::new(ErrorClass::Timeout, codes::R0802.as_str(), message)
}

/// Nothing came back, or not all of it.
fn no_answer(url: &Url, error: &reqwest::Error) -> Failure {
    let what = if error.is_connect() { "no connection to" } else { "no complete answer from" };
    let host = format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default());
    Failure::new(ErrorClass::Connection, codes::R0801.as_str(), format!("{what} {host}: {}", innermost(error)))
}

/// The cause that says most; those around it name the layers of the client.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
