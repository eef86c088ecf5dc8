//! The engine of a project with all that is concrete: files, processes, databases, the clock.
//!
//! Made only by commands that need it: nothing here is touched by `check` or `fmt`.

use crate::{
    exit::{Exit, Failure},
    project::Project,
    world::DiskWorld,
};
use flow_compiler::{History, manifest};
use flow_engine::{Engine, EngineError, FileMemory, Keep, Options};
use flow_exec::{Executor, ExecutorOptions};
use flow_plan::Plan;
use flow_store::{Layout, Reader, SCHEDULER, StoreError};
use flow_telemetry::Scrub;
use std::{path::Path, sync::Arc};
use tokio::signal::unix::{SignalKind, signal};

/// What is kept of past runs, as `flow.toml` says it.
pub(crate) fn keep(project: &Project) -> Keep {
    let History { keep_runs, keep_days } = manifest(&DiskWorld::new(&project.root)).history;
    let (kept, days) = (Keep::default(), keep_days.map(i64::from));
    Keep { runs: keep_runs.unwrap_or(kept.runs), run_days: days, result_days: days.unwrap_or(kept.result_days), ..kept }
}

/// The engine of a project. Opens and makes nothing yet.
pub(crate) fn of(project: &Project, options: Options) -> Engine {
    with(project, options, ExecutorOptions::new(&project.root)).0
}

/// The engine for a run, and what takes out the secrets that it has read. With a cassette, every answer of a
/// model is appended to it; it is made if it is not there.
pub(crate) fn running(
    project: &Project,
    options: Options,
    cassette: Option<&Path>,
) -> Result<(Engine, Scrub), Failure> {
    let Some(cassette) = cassette else { return Ok(with(project, options, ExecutorOptions::new(&project.root))) };
    // A path on the command line is meant from where it is given.
    let cassette = std::path::absolute(cassette).map_err(|error| Failure::environment(error.to_string()))?;
    let models = flow_ai::Client::new().with_root(&project.root).record(&cassette);
    let models = models.map_err(|failure| Failure::environment(format!("{} [{}]", failure.message, failure.code)))?;
    let executor = ExecutorOptions { models: Arc::new(models), ..ExecutorOptions::new(&project.root) };
    Ok(with(project, options, executor))
}

fn with(project: &Project, options: Options, executor: ExecutorOptions) -> (Engine, Scrub) {
    let memory = FileMemory::new(&project.root);
    let executor = Arc::new(Executor::new(ExecutorOptions { cache: memory.clone(), ..executor }));
    let engine = Engine::new(&project.root, executor.clone(), memory, options);
    (engine, Arc::new(move |text: &str| executor.scrubber().text(text)))
}

/// The plan that a run followed; none if there is no such run.
pub(crate) fn plan_of_run(project: &Project, run: &str) -> Result<Option<Plan>, Failure> {
    let Some(reader) = Reader::open(&Layout::new(&project.root)).map_err(|error| store_failure(&error))? else {
        return Ok(None);
    };
    let row = match reader.run(run) {
        Ok(row) => row,
        Err(StoreError::NoRun { .. }) => return Ok(None),
        Err(error) => return Err(store_failure(&error)),
    };
    let Some(text) = reader.plan(&row.plan).map_err(|error| store_failure(&error))? else { return Ok(None) };
    Plan::from_json(&text, flow_compiler::VERSION)
        .map(Some)
        .map_err(|error| with_code(Exit::Wrong, error.code(), &format!("the plan of run {}: {error}", row.run)))
}

/// Stack of each thread that runs steps: a query's expressions are evaluated as deeply as they are chained.
const WORKER_STACK_BYTES: usize = 256 << 20;

/// Threads besides the workers that a run has: for files, and the store's.
const OTHER_THREADS: usize = 3;

/// Threads for a run.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let failed = |error: std::io::Error| Failure::environment(format!("starting the runtime: {error}"));
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    can_start(workers + OTHER_THREADS).map_err(|error| {
        failed(error).hint("a run needs some threads and address space: look at `ulimit -u` and `ulimit -v`")
    })?;
    let mut threads = tokio::runtime::Builder::new_multi_thread();
    let threads = threads.worker_threads(workers).enable_all().thread_stack_size(WORKER_STACK_BYTES);
    let runtime = threads.build().map_err(failed)?;
    // A file that may not grow is an error that is told, not the end without a word.
    runtime.block_on(async { drop(signal(SignalKind::from_raw(SIGXFSZ))) });
    Ok(runtime)
}

/// The signal for a file that grows beyond `ulimit -f`, on Linux and macOS.
const SIGXFSZ: i32 = 25;

/// Whether so many threads can be there at once. The runtime panics where one cannot be started.
fn can_start(count: usize) -> std::io::Result<()> {
    let (done, wait) = std::sync::mpsc::channel::<()>();
    let wait = Arc::new(std::sync::Mutex::new(wait));
    let mut started = vec![];
    let mut result = Ok(());
    for _ in 0..count {
        let wait = wait.clone();
        let thread = std::thread::Builder::new().stack_size(WORKER_STACK_BYTES);
        match thread.spawn(move || drop(wait.lock().map(|wait| wait.recv()))) {
            Ok(thread) => started.push(thread),
            Err(error) => {
                result = Err(error);
                break;
            }
        }
    }
    drop(done);
    started.into_iter().for_each(|thread| drop(thread.join()));
    result
}

/// What a failure of the engine means for the exit code.
pub(crate) fn failure(error: &EngineError) -> Failure {
    match error {
        EngineError::Store(error) => store_failure(error),
        EngineError::InputsChanged(_) | EngineError::NoFlow(_) => with_code(Exit::Wrong, error.code(), error),
        EngineError::CannotResume { .. } => {
            with_code(Exit::Wrong, error.code(), error).hint("`flowc run` begins anew: what is done is kept")
        }
        EngineError::InDoubt { .. } => with_code(Exit::InDoubt, error.code(), error),
        EngineError::NotInDoubt(_) => {
            with_code(Exit::Wrong, error.code(), error).hint("`flowc show RUN` says what of it is in doubt")
        }
        EngineError::CannotRetry { .. } => {
            with_code(Exit::Wrong, error.code(), error).hint("`flowc run` begins anew: what can be reused is")
        }
        EngineError::NotAsked(_) | EngineError::Misfit(_) | EngineError::CannotCancel { .. } => {
            with_code(Exit::Wrong, error.code(), error)
        }
        EngineError::Internal(_) => with_code(Exit::Environment, error.code(), error),
    }
}

pub(crate) fn store_failure(error: &StoreError) -> Failure {
    let exit = match error {
        StoreError::NoRun { .. }
        | StoreError::NoStep { .. }
        | StoreError::NotOpen { .. }
        | StoreError::NotInDoubt { .. } => Exit::Wrong,
        _ => Exit::Environment,
    };
    let failure = with_code(exit, error.code(), error);
    match error {
        StoreError::Locked { holder } if *holder.run == *SCHEDULER => {
            failure.hint("`flowc start FLOW` asks it to run one; `flowc status` says what it does")
        }
        StoreError::Locked { .. } => failure.hint("--wait 10m waits for it to end"),
        StoreError::Full { .. } => failure.hint("free some space and run again: what is done is kept"),
        StoreError::NoRun { .. } => failure.hint("`flowc history` lists runs"),
        StoreError::NotOpen { .. } => failure.hint("`flowc approvals` lists what waits for an answer"),
        _ => failure,
    }
}

pub(crate) fn with_code(exit: Exit, code: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure { exit, message: format!("{error} [{code}]"), hints: vec![] }
}
