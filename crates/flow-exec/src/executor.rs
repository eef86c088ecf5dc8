//! The executor: what an engine needs done, done for real. Joins steps, queries and data; decides nothing.

use crate::{
    Artifacts, Secrets, Steps,
    ai::Asker,
    api::{
        AskCall, Asked, Cancel, ComputeCall, DatasetRef, Execute, FingerprintCache, LogSink, NoFingerprintCache,
        Outcome, StepCall, VersionRead, VersionWritten,
    },
    data::Data,
};
use async_trait::async_trait;
use flow_expr::Value;
use flow_plan::{Body, Failure, Fingerprint, Model, Program, Rendered};
use std::{path::PathBuf, sync::Arc};

/// Where an executor works, and what it may use.
#[derive(Clone)]
pub struct ExecutorOptions {
    /// The project's root: paths of datasets, connections and programs are relative to it.
    pub root: PathBuf,
    /// The folder of tables and files kept by their hash, usually `.flow/artifacts`.
    pub artifacts: PathBuf,
    /// What is remembered of files.
    pub cache: Arc<dyn FingerprintCache>,
    /// What asks models.
    pub models: Arc<flow_ai::Client>,
    /// Bytes that all queries may use together; none for three quarters of what the machine has.
    pub query_memory_bytes: Option<u64>,
}

impl ExecutorOptions {
    /// The usual options for a project.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        let models = Arc::new(flow_ai::Client::new().with_root(&root));
        let artifacts = root.join(".flow").join("artifacts");
        Self { root, artifacts, cache: Arc::new(NoFingerprintCache), models, query_memory_bytes: None }
    }
}

/// Does what engines ask for.
pub struct Executor {
    secrets: Arc<Secrets>,
    steps: Steps,
    asker: Asker,
    data: Data,
}

impl Executor {
    /// An executor for one project.
    #[must_use]
    pub fn new(options: ExecutorOptions) -> Self {
        let secrets = Arc::new(Secrets::new(options.root.clone()));
        let artifacts = Arc::new(Artifacts::new(options.artifacts));
        let data =
            Data::new(options.root.clone(), artifacts, options.cache, secrets.clone(), options.query_memory_bytes);
        let asker = Asker::new(options.models, secrets.clone(), data.clone());
        Self { steps: Steps::new(options.root, secrets.clone(), Arc::new(data.clone())), asker, data, secrets }
    }

    /// Whether a model of the program can be asked: its key is at hand, or it needs none.
    ///
    /// # Errors
    /// With the class `auth`, naming the secret.
    pub async fn can_ask(&self, program: &Program, model: &Model) -> Result<(), Failure> {
        self.asker.ready(program, model).await
    }

    /// The prompt of an AI step as it would be sent, labelled data redacted. Asks nobody.
    ///
    /// # Errors
    /// A hole has no value, or the step asks no model.
    pub async fn prompt(&self, call: StepCall, cancel: Cancel) -> Result<String, Failure> {
        self.asker.prompt(&call, &cancel).await
    }

    /// Takes out every secret that was read so far, for what goes to others besides logs and failures.
    #[must_use]
    pub fn scrubber(&self) -> crate::Scrubber {
        self.secrets.scrubber()
    }
}

#[async_trait]
impl Execute for Executor {
    fn begin_run(&self) {
        self.asker.begin_run();
    }

    async fn run_step(&self, call: StepCall, log: Arc<dyn LogSink>, cancel: Cancel) -> Result<Outcome, Failure> {
        match &call.step.body {
            Body::Sql { text, connection } => self.data.run_sql(&call, text, connection.as_ref(), &cancel).await,
            _ => self.steps.run(&call, log, &cancel).await,
        }
    }

    async fn render(&self, call: StepCall, cancel: Cancel) -> Result<Rendered, Failure> {
        self.asker.render(&call, &cancel).await
    }

    async fn ask(&self, call: StepCall, ask: AskCall, log: Arc<dyn LogSink>, cancel: Cancel) -> Asked {
        self.asker.run(&call, &ask, &*log, &cancel).await
    }

    async fn read_dataset(&self, dataset: DatasetRef, cancel: Cancel) -> Result<VersionRead, Failure> {
        self.data.read(dataset, &cancel).await
    }

    async fn write_dataset(
        &self,
        dataset: DatasetRef,
        value: Value,
        cancel: Cancel,
    ) -> Result<VersionWritten, Failure> {
        self.data.write(dataset, value, &cancel).await
    }

    async fn compute(&self, call: ComputeCall, cancel: Cancel) -> Result<Value, Failure> {
        self.data.compute(call, &cancel).await
    }

    async fn compute_seen(&self, call: ComputeCall, cancel: Cancel) -> Result<Value, Failure> {
        let hidden = call.bindings.iter().map(|(var, _)| (*var, None, vec![])).collect();
        self.data.compute_seen(call, hidden, &cancel).await
    }

    async fn fingerprint(&self, dataset: DatasetRef) -> Result<Option<Fingerprint>, Failure> {
        self.data.fingerprint(dataset).await
    }
}
