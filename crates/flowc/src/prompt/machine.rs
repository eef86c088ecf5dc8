//! What a session needs of the machine, for real: files of the project, data as a run reads it, steps as a run runs them.
//!
//! Nothing is recorded and nothing is published. What is read and made is kept in a folder of its own, which goes with the
//! session. What runs is made when it is first needed, so that the prompt is there at once.

use crate::{cli::Global, engine, moment::now, programs, project::Project, world::DiskWorld};
use flow_compiler::{Options, World};
use flow_driver::{VersionRecord, data_time_of};
use flow_exec::{
    Artifacts, Executor, ExecutorOptions,
    api::{Cancel, CancelSource, ComputeCall, DatasetRef, Execute, LogSink, StepCall, Stream},
};
use flow_expr::{Expr, Name, Table, Value, VarId, redact::labels_in};
use flow_plan::{ErrorClass, Failure, Param, Program, Step};
use flow_repl::{Data, Host, Trouble};
use flow_store::{Layout, Reader};
use jiff::Timestamp;
use std::{
    cell::OnceCell,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Where, in the session's folder, tables and files are kept.
const ARTIFACTS: &str = "artifacts";

/// The machine of a session.
pub(crate) struct Machine {
    project: Project,
    global: Global,
    world: DiskWorld,
    runner: OnceCell<Arc<Runner>>,
}

/// What runs steps.
struct Runner {
    executor: Executor,
    runtime: Runtime,
    folder: TempDir,
}

/// What a step writes while it runs goes to the person who looks on, unless it is given labelled data.
struct Shown {
    is_labelled: bool,
}

impl LogSink for Shown {
    fn line(&self, stream: Stream, bytes: &[u8]) {
        if stream == Stream::Err && !self.is_labelled {
            eprintln!("{}", String::from_utf8_lossy(bytes));
        }
    }
}

impl Machine {
    pub(crate) fn new(project: Project, global: Global) -> Self {
        Self { world: DiskWorld::new(&project.root), project, global, runner: OnceCell::new() }
    }

    pub(crate) fn global(&self) -> &Global {
        &self.global
    }

    /// Where the project is, for people.
    pub(crate) fn place(&self) -> String {
        self.project.root.display().to_string()
    }

    fn runner(&self) -> Result<Arc<Runner>, Trouble> {
        if let Some(runner) = self.runner.get() {
            return Ok(runner.clone());
        }
        let failed = |why: String| Failure::new(ErrorClass::Exit(1), flow_diag::codes::R0306.as_str(), why);
        let folder = tempfile::Builder::new().prefix("flow-prompt-").tempdir();
        let folder = folder.map_err(|error| failed(format!("a folder for what is read: {error}")))?;
        let runtime = engine::runtime().map_err(|failure| failed(failure.message))?;
        let artifacts = folder.path().join(ARTIFACTS);
        let executor = Executor::new(ExecutorOptions { artifacts, ..ExecutorOptions::new(&self.project.root) });
        Ok(self.runner.get_or_init(|| Arc::new(Runner { executor, runtime, folder })).clone())
    }

    /// Does something that Ctrl-C ends.
    fn wait<T, F: Future<Output = Result<T, Failure>>>(
        &self,
        work: impl FnOnce(Arc<Runner>, Cancel) -> F,
    ) -> Result<T, Trouble> {
        let runner = self.runner()?;
        let (source, cancel) = CancelSource::new();
        let done = work(runner.clone(), cancel);
        runner.runtime.block_on(async {
            let mut done = std::pin::pin!(done);
            tokio::select! {
                result = &mut done => return result,
                _ = tokio::signal::ctrl_c() => source.cancel(),
            }
            done.await
        })
    }

    /// The newest version of a dataset in the catalogue. One that cannot be read is as good as none here.
    fn known(&self, dataset: &Name) -> Option<VersionRecord> {
        let reader = Reader::open(&Layout::new(&self.project.root)).ok()??;
        reader.versions(dataset.as_str(), "", None, 1).ok()?.pop()
    }

    fn call(&self, runner: &Runner, program: &Arc<Program>, step: &Arc<Step>, args: Args) -> Result<StepCall, Trouble> {
        let failed = |error: std::io::Error| {
            Failure::new(
                ErrorClass::Exit(1),
                flow_diag::codes::R0306.as_str(),
                format!("a folder for the step: {error}"),
            )
        };
        let scratch = tempfile::Builder::new().prefix("attempt-").tempdir_in(runner.folder.path()).map_err(failed)?;
        Ok(StepCall {
            step: step.clone(),
            program: program.clone(),
            args,
            attempt: 1,
            idempotency_key: None,
            timeout: Duration::from_millis(step.timeout_ms),
            scratch: scratch.keep(),
            run: "prompt".into(),
            label: step.name.short().into(),
            now: self.now(),
        })
    }
}

/// Arguments by parameter.
type Args = Vec<(Arc<str>, Value)>;

impl Host for Machine {
    fn world(&self) -> &dyn World {
        &self.world
    }

    fn options(&self) -> Options {
        programs::options(&self.project, &self.global)
    }

    fn now(&self) -> Timestamp {
        now()
    }

    fn stamp(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        let mut paths = self.world.list(".").unwrap_or_default();
        paths.sort();
        paths.push("flow.toml".to_owned());
        for path in paths {
            let found = std::fs::metadata(self.project.root.join(&path));
            let stamp = found.ok().map(|found| (found.len(), found.modified().ok()));
            (path, stamp).hash(&mut hasher);
        }
        hasher.finish()
    }

    fn read(&mut self, program: &Arc<Program>, dataset: &Name) -> Result<Data, Trouble> {
        let read =
            DatasetRef { program: program.clone(), dataset: dataset.clone(), partition: vec![], now: self.now() };
        let found = self.wait(|runner, cancel| async move { runner.executor.read_dataset(read, cancel).await })?;
        let known = self.known(dataset);
        let declared = program.datasets.get(dataset);
        let time = declared.and_then(|declared| data_time_of(declared, &found.fingerprint, known.as_ref()));
        Ok(Data { value: found.value, time })
    }

    fn first_rows(&mut self, program: &Arc<Program>, table: &Table, rows: usize) -> Result<Table, Trouble> {
        let artifacts = Artifacts::new(self.runner()?.folder.path().join(ARTIFACTS));
        Ok(Table { data: Some(artifacts.first_rows(table, program, rows)?), ..table.clone() })
    }

    fn compute(&mut self, program: &Arc<Program>, expr: Expr, bindings: Vec<(VarId, Value)>) -> Result<Value, Trouble> {
        let call = ComputeCall { program: program.clone(), expr, bindings, now: self.now() };
        self.wait(|runner, cancel| async move { runner.executor.compute(call, cancel).await })
    }

    fn run(&mut self, program: &Arc<Program>, step: &Arc<Step>, args: Args) -> Result<Value, Trouble> {
        let call = self.call(&*self.runner()?, program, step, args)?;
        let has_labels = |param: &Param| !param.labels.is_empty() || !labels_in(&param.ty, &program.types).is_empty();
        let log = Arc::new(Shown { is_labelled: step.params.iter().any(has_labels) });
        self.wait(|runner, cancel| async move { Ok(runner.executor.run_step(call, log, cancel).await?.value) })
    }

    fn prompt(&mut self, program: &Arc<Program>, step: &Arc<Step>, args: Args) -> Result<String, Trouble> {
        let call = self.call(&*self.runner()?, program, step, args)?;
        self.wait(|runner, cancel| async move { runner.executor.prompt(call, cancel).await })
    }
}
