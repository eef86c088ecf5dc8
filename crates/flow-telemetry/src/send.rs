//! Sending: a bounded queue and one task for each place that something goes to.
//!
//! Never waits for a slow place while a run goes on, and never fails it: what does not fit the queue or cannot
//! be delivered is counted, and told in one line at the end. Whatever leaves passes the scrubber. Knows nothing
//! of what spans and events are made from.

use crate::{Config, LineageTarget, TracesTarget, Warning, traces};
use flow_diag::codes;
use serde_json::Value as Json;
use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::mpsc, task::JoinHandle, time::sleep};

/// Takes secrets out of a text.
pub type Scrub = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// Parcels that may wait.
const QUEUE: usize = 256;
/// Spans or events of one parcel.
const PARCEL: usize = 128;
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(3);
/// How long one event of lineage may take.
const EVENT_TIMEOUT: Duration = Duration::from_secs(10);
/// Waits before a parcel is sent again.
const AGAIN: [Duration; 2] = [Duration::from_millis(150), Duration::from_millis(600)];

/// Spans, or events, in their order.
pub type Parcel = Vec<Json>;

/// A place that something is sent to.
#[derive(Debug)]
pub struct Outlet {
    what: &'static str,
    place: String,
    queue: mpsc::Sender<Parcel>,
    task: JoinHandle<()>,
    tally: Arc<Mutex<Tally>>,
}

/// What became of what was sent.
#[derive(Debug, Default)]
struct Tally {
    pushed: usize,
    sent: usize,
    /// Why the first that was lost was lost.
    why: Option<String>,
}

/// How a parcel is delivered.
enum Way {
    Traces { target: TracesTarget, config: Box<Config>, client: reqwest::Client },
    Events { url: String, key: Option<String>, client: reqwest::Client },
    File { path: std::path::PathBuf },
}

/// Why a parcel was not delivered, and whether it may be the next time.
struct Lost {
    why: String,
    again: bool,
}

impl Outlet {
    /// Traces, to a collector. Must be called within a runtime.
    #[must_use]
    pub fn traces(target: TracesTarget, config: &Config, scrub: Scrub) -> Self {
        let place = shown(&target.url);
        let config = Box::new(config.clone());
        Self::start("traces", place, move || Way::Traces { target, config, client: client() }, scrub)
    }

    /// Lineage, to a file or an endpoint. Must be called within a runtime.
    #[must_use]
    pub fn lineage(target: LineageTarget, scrub: Scrub) -> Self {
        match target {
            LineageTarget::File(path) => {
                Self::start("lineage", path.display().to_string(), move || Way::File { path }, scrub)
            }
            LineageTarget::Http { url, key } => {
                let place = shown(&url);
                Self::start("lineage", place, move || Way::Events { url, key, client: client() }, scrub)
            }
        }
    }

    /// `way` is made in the background: reading the machine's certificates takes a while.
    fn start(what: &'static str, place: String, way: impl FnOnce() -> Way + Send + 'static, scrub: Scrub) -> Self {
        let (queue, mut received) = mpsc::channel::<Parcel>(QUEUE);
        let tally = Arc::new(Mutex::new(Tally::default()));
        let counted = tally.clone();
        let task = tokio::spawn(async move {
            let Ok(way) = tokio::task::spawn_blocking(way).await else { return };
            while let Some(parcel) = received.recv().await {
                let parcel: Parcel = parcel.into_iter().map(|json| scrubbed(json, &*scrub)).collect();
                let (sent, lost) = deliver(&way, &parcel).await;
                let mut tally = lock(&counted);
                tally.sent += sent;
                if let Some(lost) = lost {
                    tally.why.get_or_insert(lost.why);
                }
            }
        });
        Self { what, place, queue, task, tally }
    }

    /// Puts something on its way. Waits for nothing.
    pub fn push(&self, items: Vec<Json>) {
        let mut items = items.into_iter().peekable();
        while items.peek().is_some() {
            let parcel: Parcel = items.by_ref().take(PARCEL).collect();
            lock(&self.tally).pushed += parcel.len();
            if self.queue.try_send(parcel).is_err() {
                lock(&self.tally).why.get_or_insert_with(|| "it takes too long to take them".into());
            }
        }
    }

    /// Waits until everything is delivered, but no longer than this. Says what was not, in one line.
    pub async fn finish(self, within: Duration) -> Option<Warning> {
        let Self { what, place, queue, mut task, tally } = self;
        drop(queue);
        if tokio::time::timeout(within, &mut task).await.is_err() {
            task.abort();
            lock(&tally).why.get_or_insert_with(|| format!("no end of it within {} s", within.as_secs()));
        }
        let tally = lock(&tally);
        let lost = tally.pushed - tally.sent.min(tally.pushed);
        let why = tally.why.as_deref().unwrap_or("it broke off");
        let message = format!("{lost} of {} {what} records did not reach {place}: {why}", tally.pushed);
        (lost > 0).then(|| Warning { code: codes::R0951.as_str(), message })
    }
}

fn lock(tally: &Mutex<Tally>) -> std::sync::MutexGuard<'_, Tally> {
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many of a parcel were delivered, and why not all.
async fn deliver(way: &Way, parcel: &[Json]) -> (usize, Option<Lost>) {
    match way {
        Way::Traces { target, config, client } => {
            let body = traces::request(parcel.iter().cloned(), config);
            match again(|| post_spans(client, target, &body)).await {
                Ok(0) => (parcel.len(), None),
                Ok(rejected) => {
                    let why = format!("{rejected} were rejected");
                    (parcel.len().saturating_sub(rejected), Some(Lost { why, again: false }))
                }
                Err(lost) => (0, Some(lost)),
            }
        }
        Way::Events { url, key, client } => {
            for (index, event) in parcel.iter().enumerate() {
                let send = || async {
                    let request = client.post(url).timeout(EVENT_TIMEOUT).json(event);
                    let request = match key {
                        Some(key) => request.bearer_auth(key),
                        None => request,
                    };
                    answered(request).await.map(drop)
                };
                if let Err(lost) = again(send).await {
                    return (index, Some(lost));
                }
            }
            (parcel.len(), None)
        }
        Way::File { path } => {
            let lines: String = parcel.iter().map(|event| format!("{event}\n")).collect();
            let path = path.clone();
            match tokio::task::spawn_blocking(move || append(&path, &lines)).await {
                Ok(Ok(())) => (parcel.len(), None),
                Ok(Err(error)) => (0, Some(Lost { why: error.to_string(), again: false })),
                Err(error) => (0, Some(Lost { why: error.to_string(), again: false })),
            }
        }
    }
}

/// Tries something that may be tried again.
async fn again<T, F: Future<Output = Result<T, Lost>>>(work: impl Fn() -> F) -> Result<T, Lost> {
    let mut waits = AGAIN.into_iter();
    loop {
        match (work().await, waits.next()) {
            (Err(lost), Some(wait)) if lost.again => sleep(wait).await,
            (result, _) => return result,
        }
    }
}

/// Sends spans; gives how many the collector rejected.
async fn post_spans(client: &reqwest::Client, target: &TracesTarget, body: &Json) -> Result<usize, Lost> {
    let mut request = client.post(&target.url).timeout(target.timeout).json(body);
    for (name, value) in &target.headers {
        request = request.header(name, value);
    }
    let response = answered(request).await?;
    // A longer answer says nothing that matters.
    let is_short = response.content_length().is_none_or(|length| length < 64 << 10);
    let text = if is_short { response.bytes().await.unwrap_or_default() } else { Default::default() };
    let answer: Json = serde_json::from_slice(&text).unwrap_or_default();
    let rejected = &answer["partialSuccess"]["rejectedSpans"];
    Ok(rejected.as_str().and_then(|text| text.parse().ok()).or(rejected.as_u64()).unwrap_or(0) as usize)
}

async fn answered(request: reqwest::RequestBuilder) -> Result<reqwest::Response, Lost> {
    let response = request.send().await.map_err(|error| {
        let again = error.is_connect() || error.is_timeout() || error.is_request();
        Lost { why: innermost(&error.without_url()), again }
    })?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let again = matches!(status.as_u16(), 408 | 429 | 502 | 503 | 504);
    Err(Lost { why: format!("it answered {status}"), again })
}

fn append(path: &Path, lines: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    // One write, so that what several runs append at once stays whole lines.
    File::options().append(true).create(true).open(path)?.write_all(lines.as_bytes())
}

fn client() -> reqwest::Client {
    // Fails only if another part of the process has chosen a provider before, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = || {
        let agent = concat!("flowc/", env!("CARGO_PKG_VERSION"));
        let plain = reqwest::Client::builder().user_agent(agent).connect_timeout(CONNECT);
        // The key would go along.
        plain.redirect(reqwest::redirect::Policy::none())
    };
    // A machine without any certificate can still speak plain HTTP.
    builder().build().or_else(|_| builder().tls_certs_only([]).build()).unwrap_or_default()
}

/// A URL without what may be secret in it.
fn shown(url: &str) -> String {
    match reqwest::Url::parse(url) {
        Ok(mut url) => {
            // Both fail only for URLs that can have neither.
            let _ = url.set_username("");
            let _ = url.set_password(None);
            url.set_query(None);
            url.set_fragment(None);
            url.to_string()
        }
        Err(_) => "its endpoint".into(),
    }
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// The same with every text scrubbed.
#[must_use]
pub fn scrubbed(json: Json, scrub: &(dyn Fn(&str) -> String + Send + Sync)) -> Json {
    match json {
        Json::String(text) => Json::String(scrub(&text)),
        Json::Array(items) => Json::Array(items.into_iter().map(|item| scrubbed(item, scrub)).collect()),
        Json::Object(entries) => {
            Json::Object(entries.into_iter().map(|(name, value)| (scrub(&name), scrubbed(value, scrub))).collect())
        }
        other => other,
    }
}
