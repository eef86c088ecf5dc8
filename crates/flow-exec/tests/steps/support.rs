//! What the tests of step bodies share: a project in a temporary folder, steps made by hand, a log in memory.

use async_trait::async_trait;
use flow_exec::{
    Secrets, Steps,
    api::{Cancel, LogSink, Outcome, StepCall, Stream},
    handover::{Handover, TakenTable},
};
use flow_expr::{FileHandle, Name, Table, Type, Value, VarId};
use flow_plan::{Body, CachePolicy, Effect, Failure, Format, Param, Program, Step};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

/// Lines as they were logged.
#[derive(Default)]
pub(crate) struct Memory(pub(crate) Mutex<Vec<(Stream, String)>>);

impl LogSink for Memory {
    fn line(&self, stream: Stream, bytes: &[u8]) {
        self.0.lock().unwrap().push((stream, String::from_utf8_lossy(bytes).into_owned()));
    }
}

/// Keeps nothing but the number of bytes.
#[derive(Default)]
pub(crate) struct Counter(pub(crate) std::sync::atomic::AtomicUsize);

impl LogSink for Counter {
    fn line(&self, _: Stream, bytes: &[u8]) {
        self.0.fetch_add(bytes.len(), std::sync::atomic::Ordering::Relaxed);
    }
}

/// Tables and files by their hash, which is their text.
pub(crate) struct PlainFiles;

#[async_trait]
impl Handover for PlainFiles {
    async fn table_path(
        &self,
        table: &Table,
        format: Format,
        scratch: &Path,
        _: &Arc<Program>,
    ) -> Result<PathBuf, Failure> {
        let path = scratch.join(format!("table.{format:?}").to_lowercase());
        std::fs::write(&path, &*table.hash).unwrap();
        Ok(path)
    }

    async fn file_path(&self, file: &FileHandle, scratch: &Path) -> Result<PathBuf, Failure> {
        let path = scratch.join("file");
        std::fs::write(&path, &*file.hash).unwrap();
        Ok(path)
    }

    async fn take_table(&self, taken: TakenTable<'_>) -> Result<Value, Failure> {
        let text = std::fs::read_to_string(taken.path).unwrap();
        let hash = format!("{:?}: {text}", taken.format).into();
        Ok(Value::Table(Table { hash, rows: text.lines().count() as u64, ty: taken.record.clone(), data: None }))
    }

    async fn take_file(&self, path: &Path, name: &str) -> Result<Value, Failure> {
        let text = std::fs::read_to_string(path).unwrap();
        Ok(Value::File(FileHandle { bytes: text.len() as u64, hash: text.into(), name: name.into() }))
    }
}

/// A project with one step, ready to be run.
pub(crate) struct Bench {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) step: Step,
    pub(crate) program: Program,
    pub(crate) args: Vec<(Arc<str>, Value)>,
    pub(crate) timeout: Duration,
    pub(crate) key: Option<String>,
    pub(crate) log: Arc<Memory>,
}

impl Bench {
    pub(crate) fn new(body: Body, returns: Type) -> Self {
        let step = Step {
            name: Name::new("main.tried"),
            params: vec![],
            returns,
            body,
            timeout_ms: 0,
            timeout_declared: true,
            retry: None,
            idempotent: None,
            effect: Effect::Write,
            guards: vec![],
            budget: None,
            fallback: None,
            cache: CachePolicy::Never,
            pool: None,
            needs: None,
            owner: None,
            tags: vec![],
            at: flow_diag::Span::default(),
            clauses_at: vec![],
        };
        Self {
            folder: tempfile::tempdir().unwrap(),
            step,
            program: Program::default(),
            args: vec![],
            timeout: Duration::from_secs(20),
            key: None,
            log: Arc::default(),
        }
    }

    pub(crate) fn shell(script: &str, returns: Type) -> Self {
        Self::new(Body::Shell { script: script.into() }, returns)
    }

    pub(crate) fn python(source: &str, returns: Type) -> Self {
        Self::new(Body::Python { source: source.into(), file: None }, returns)
    }

    pub(crate) fn arg(mut self, name: &str, ty: Type, value: Value) -> Self {
        let var = VarId(self.args.len() as u32);
        self.step.params.push(Param { name: name.into(), var, ty, default: None, labels: vec![] });
        self.args.push((name.into(), value));
        self
    }

    pub(crate) fn text(self, name: &str, value: &str) -> Self {
        self.arg(name, Type::String, Value::String(value.into()))
    }

    pub(crate) fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn call(&self) -> StepCall {
        let scratch = self.root().join(".scratch");
        let _ = std::fs::remove_dir_all(&scratch);
        std::fs::create_dir(&scratch).unwrap();
        StepCall {
            step: Arc::new(self.step.clone()),
            program: Arc::new(self.program.clone()),
            args: self.args.clone(),
            attempt: 2,
            idempotency_key: self.key.clone(),
            timeout: self.timeout,
            scratch,
            run: "run-7".into(),
            label: "tried#1".into(),
            now: "2026-11-22T12:00:00Z".parse().unwrap(),
        }
    }

    pub(crate) fn steps(&self) -> Steps {
        Steps::new(self.root(), Arc::new(Secrets::new(self.root())), Arc::new(PlainFiles))
    }

    pub(crate) async fn run(&self) -> Result<Outcome, Failure> {
        self.run_until(&Cancel::never()).await
    }

    pub(crate) async fn run_until(&self, cancel: &Cancel) -> Result<Outcome, Failure> {
        self.steps().run(&self.call(), self.log.clone(), cancel).await
    }

    pub(crate) async fn value(&self) -> Value {
        self.run().await.unwrap_or_else(|failure| panic!("{failure:#?}")).value
    }

    pub(crate) async fn failure(&self) -> Failure {
        self.run().await.map(|outcome| panic!("{outcome:?}")).unwrap_err()
    }

    /// Everything that was logged, one string.
    pub(crate) fn logged(&self) -> String {
        let lines = self.log.0.lock().unwrap();
        lines.iter().map(|(stream, line)| format!("{stream:?}: {line}\n")).collect()
    }
}

/// A string value.
pub(crate) fn string(text: &str) -> Value {
    Value::String(text.into())
}

/// Whether a process with this number is there and not a zombie.
pub(crate) fn is_alive(pid: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    let state = status.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    state.is_some_and(|state| state != 'Z' && state != 'X')
}
