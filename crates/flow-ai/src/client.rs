//! The client: one per process, shared by all steps. What models share between asks lives here.
//!
//! An ask passes the model's breaker, waits for its turn, is sent, and its outcome is told to both. Nothing is tried
//! again here, except that a server which names a part of the request that it does not know is asked without it.

use crate::{
    Answer, Ask, AskFailed, Usage,
    breaker::Breaker,
    cassette::{Collector, Recorder, Replay},
    limits::Gate,
    providers::{self, Dialect},
    secret::{scrub_answer, scrub_failure},
    transport::{self, Problem},
};
use flow_diag::codes;
use flow_plan::{ErrorClass, Failure, Model, Provider};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    pin::Pin,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// How often one ask is worded anew for a server that does not know a part of it.
const MOST_DIALECTS: usize = 4;

/// Asks models.
#[derive(Default)]
pub struct Client {
    http: OnceLock<reqwest::Client>,
    models: Mutex<HashMap<String, Arc<Shared>>>,
    root: PathBuf,
    recorder: Option<Recorder>,
    collector: Option<Collector>,
    replays: Mutex<HashMap<PathBuf, Arc<Replay>>>,
}

/// What the asks of one model share.
#[derive(Default)]
struct Shared {
    gate: Gate,
    breaker: Breaker,
    dialect: Mutex<Dialect>,
    sent: AtomicU64,
}

/// Someone's wish that an ask end.
type Cancel<'c> = Pin<&'c mut (dyn Future<Output = ()> + Send)>;

impl Client {
    /// A client whose cassettes are relative to the current folder.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks for cassettes under the project's root.
    #[must_use]
    pub fn with_root(mut self, root: impl Into<PathBuf>) -> Self {
        self.root = root.into();
        self
    }

    /// Appends every exchange to a cassette, which is made if it is not there.
    ///
    /// # Errors
    /// If it cannot be written, or is damaged: R0812.
    pub fn record(mut self, path: &Path) -> Result<Self, Failure> {
        self.recorder = Some(Recorder::open(&self.root.join(path))?);
        Ok(self)
    }

    /// Keeps every exchange for a cassette, which [`Self::finish_recording`] writes. A question that an earlier run
    /// asked is not sent again.
    ///
    /// # Errors
    /// If no file can be made there: R0812.
    pub fn collect(mut self, path: &Path) -> Result<Self, Failure> {
        self.collector = Some(Collector::new(&self.root.join(path))?);
        Ok(self)
    }

    /// Writes what was collected, all of it or nothing. Gives how many exchanges the cassette holds.
    ///
    /// # Errors
    /// If it cannot be written: R0812; what was there before is there still.
    pub fn finish_recording(&self) -> Result<usize, Failure> {
        self.collector.as_ref().map_or(Ok(0), Collector::finish)
    }

    /// How many requests were sent so far: none for what is answered from a cassette.
    #[must_use]
    pub fn sent(&self) -> u64 {
        lock(&self.models).values().map(|shared| shared.sent.load(Ordering::Relaxed)).sum()
    }

    /// A new run begins: keys that were refused are tried again, and cassettes replayed from their beginning.
    pub fn begin_run(&self) {
        lock(&self.models).values().for_each(|shared| shared.breaker.begin_run());
        lock(&self.replays).clear();
        self.collector.iter().for_each(Collector::begin_run);
    }

    /// Asks, and waits for the whole answer. Ends soon after `cancel` does; a connection that is open then is closed.
    ///
    /// # Errors
    /// With the class that a retry policy can name. The key is in no error.
    pub async fn ask(&self, ask: &Ask<'_>, cancel: impl Future<Output = ()> + Send) -> Result<Answer, AskFailed> {
        if let Some(answer) = self.collector.as_ref().and_then(|collector| collector.again(ask)) {
            return Ok(answer);
        }
        let mut cancel = std::pin::pin!(cancel);
        let answer = match &ask.model.provider {
            Provider::Replay { file } => self.replay(file, ask).map_err(AskFailed::from),
            Provider::Scripted => Err(scripted(ask.model).into()),
            _ => self.live(ask, cancel.as_mut()).await,
        };
        let answer = match answer {
            Ok(answer) => scrub_answer(answer, ask.key),
            Err(failed) => return Err(scrub_failure(failed, ask.key)),
        };
        if let Some(recorder) = &self.recorder {
            let failed = |failure| AskFailed { failure, usage: Some(answer.usage), waited: answer.waited };
            recorder.record(ask, &answer).map_err(failed)?;
        }
        self.collector.iter().for_each(|collector| collector.record(ask, &answer));
        Ok(answer)
    }

    fn replay(&self, file: &str, ask: &Ask<'_>) -> Result<Answer, Failure> {
        let path = self.root.join(file);
        let known = lock(&self.replays).get(&path).cloned();
        let replay = match known {
            Some(replay) => replay,
            None => {
                let read = Arc::new(Replay::open(&path)?);
                // Another ask may have been faster; its count of what was given is the one that goes on.
                lock(&self.replays).entry(path).or_insert(read).clone()
            }
        };
        replay.answer(ask)
    }

    fn shared(&self, model: &Model) -> Arc<Shared> {
        let key = format!("{}|{:?}|{:?}|{}", model.name, model.provider, model.endpoint, model.model);
        lock(&self.models).entry(key).or_default().clone()
    }

    fn http(&self) -> Result<&reqwest::Client, Failure> {
        if let Some(http) = self.http.get() {
            return Ok(http);
        }
        let http = transport::connect()?;
        Ok(self.http.get_or_init(|| http))
    }

    async fn live(&self, ask: &Ask<'_>, mut cancel: Cancel<'_>) -> Result<Answer, AskFailed> {
        needs(ask.model, ask.key)?;
        let key = ask.key;
        let (http, shared) = (self.http()?, self.shared(ask.model));
        let mut waited = Duration::ZERO;
        let before = *lock(&shared.dialect);
        let mut dialect = before;
        for _ in 0..MOST_DIALECTS {
            shared.breaker.check(key, Instant::now()).map_err(|failure| AskFailed { waited, ..failure.into() })?;
            let queued = Instant::now();
            let turn = tokio::select! {
                biased;
                () = cancel.as_mut() => Err(cancelled()),
                turn = shared.gate.enter(ask.model.limit) => turn,
            };
            waited += queued.elapsed();
            turn.map_err(|failure| AskFailed { waited, ..failure.into() })?;
            match once(http, &shared, ask, dialect, cancel.as_mut()).await {
                Once::Answer(mut answer) => {
                    if dialect != before {
                        *lock(&shared.dialect) = dialect;
                    }
                    answer.waited = waited;
                    if answer.served.is_empty() {
                        ask.model.model.as_ref().clone_into(&mut answer.served);
                    }
                    return Ok(*answer);
                }
                Once::Reworded(next) => dialect = next,
                Once::Failed(failure, usage) => return Err(AskFailed { failure, usage, waited }),
            }
        }
        let message = "the server names one part of the request after another that it does not know";
        let failure = Failure::new(ErrorClass::ClientError, codes::R0805.as_str(), message);
        Err(AskFailed { waited, ..failure.into() })
    }
}

/// What became of one request.
enum Once {
    Answer(Box<Answer>),
    /// The server does not know a part of it; so it should be worded.
    Reworded(Dialect),
    Failed(Failure, Option<Usage>),
}

async fn once(http: &reqwest::Client, shared: &Shared, ask: &Ask<'_>, dialect: Dialect, cancel: Cancel<'_>) -> Once {
    let permit = match shared.breaker.admit(ask.key, Instant::now()) {
        Ok(permit) => permit,
        Err(failure) => return Once::Failed(failure, Some(Usage::default())),
    };
    let Some(request) = providers::request(ask, dialect) else {
        return Once::Failed(scripted(ask.model), Some(Usage::default()));
    };
    shared.sent.fetch_add(1, Ordering::Relaxed);
    let mut decoder = providers::decoder(ask);
    let input = || ask.input_tokens_at_most();
    let (outcome, ended) = {
        let exchange = transport::exchange(http, &request, &mut decoder, ask.silence, input);
        tokio::select! {
            biased;
            () = cancel => (Err(cancelled().into()), Ended::Cancelled),
            outcome = exchange => (outcome, Ended::Itself),
            () = sleep(ask.timeout) => (Err(timed_out(ask.timeout).into()), Ended::TimedOut),
        }
    };
    let problem = match outcome {
        Ok((answer, wait)) => {
            wait.into_iter().for_each(|wait| shared.gate.pause(wait));
            permit.report(None, ask.key, Instant::now());
            return Once::Answer(Box::new(answer));
        }
        Err(problem) => problem,
    };
    if let Some(next) = reworded(&problem, ask, dialect) {
        permit.report(None, ask.key, Instant::now());
        return Once::Reworded(next);
    }
    let free = problem.costs_nothing().then(Usage::default);
    let failure = problem.failure();
    failure.retry_after.into_iter().for_each(|wait| shared.gate.pause(wait));
    if ended != Ended::Cancelled {
        permit.report(Some(failure.class), ask.key, Instant::now());
    }
    // Who stops listening may still be charged for what was sent.
    let sent = (ended != Ended::Itself).then(|| Usage { input_tokens: input(), output_tokens: 0, estimated: true });
    Once::Failed(failure, decoder.usage(input).or(sent).or(free))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    Itself,
    Cancelled,
    TimedOut,
}

/// How to ask a server that does not know a part of the request.
fn reworded(problem: &Problem, ask: &Ask<'_>, dialect: Dialect) -> Option<Dialect> {
    let Problem::Status { status: 400 | 422, body, .. } = problem else { return None };
    if ask.model.provider != Provider::Openai {
        return None;
    }
    let next = dialect.after(body)?;
    (next.no_format == dialect.no_format || ask.schema.is_some()).then_some(next)
}

/// Whether a model can be asked with this key, or without one.
///
/// # Errors
/// With the class `auth` where it needs a key and has none: R0807.
pub fn needs(model: &Model, key: Option<&str>) -> Result<(), Failure> {
    let missing = |message: String| Err(Failure::new(ErrorClass::Auth, codes::R0807.as_str(), message));
    let name = model.name.short();
    match (key.map(str::trim).filter(|key| !key.is_empty()), &model.key) {
        (Some(_), _) => Ok(()),
        (None, Some(secret)) => missing(format!("the model `{name}` needs its key, the secret `{}`", secret.short())),
        (None, None) if model.endpoint.is_none() && model.provider != Provider::Ollama => {
            missing(format!("the model `{name}` needs a key, and declares none"))
        }
        (None, None) => Ok(()),
    }
}

fn scripted(model: &Model) -> Failure {
    let message = format!("the model `{}` is scripted: only a test can ask it", model.name.short());
    Failure::new(ErrorClass::ClientError, codes::R0814.as_str(), message)
}

fn cancelled() -> Failure {
    Failure::new(ErrorClass::Internal, codes::R0104.as_str(), "it was cancelled")
}

fn timed_out(timeout: Duration) -> Failure {
    let message = format!("the model did not answer within {} s", timeout.as_secs_f64());
    Failure::new(ErrorClass::Timeout, codes::R0802.as_str(), message)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
