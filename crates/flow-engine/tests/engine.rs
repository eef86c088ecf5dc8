//! The engine with an executor made of closures: journal, cache, logs, cancel, timeouts, locks, questions.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests stop at what they did not expect")]

#[path = "../../flow-driver/tests/harness/mod.rs"]
mod harness;

use async_trait::async_trait;
use flow_driver::{Driver, Forced, NodeStatus, RunStatus};
use flow_engine::{
    Choice, Engine, EngineError, ExitClass, FileMemory, Happening, Looking, Options, Progress, StoreError,
};
use flow_exec::api::{
    AskCall, Asked, Cancel, CancelSource, ComputeCall, DatasetRef, Execute, Failure, Fingerprint, LogSink, Outcome,
    StepCall, Stream, VersionRead, VersionWritten,
};
use flow_expr::{Name, Value};
use flow_plan::{
    AskReport, CachePolicy, Effect, ErrorClass, NodeId, PLAN_FORMAT, Plan, Program, Reason, Rendered, Step, Verdict,
};
use flow_store::{Layout, Reader};
use harness::*;
use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::broadcast;

type Does = Box<dyn Fn(&StepCall) -> Action + Send + Sync>;

/// What a step does.
enum Action {
    Gives(Value),
    Fails(Failure),
    Sleeps(Duration),
    NeverEnds,
    Panics,
    Prints(u32),
}

struct Fake {
    does: Does,
    places: Mutex<HashMap<Name, Value>>,
    calls: Mutex<Vec<Arc<str>>>,
}

#[async_trait]
impl Execute for Fake {
    async fn run_step(&self, call: StepCall, log: Arc<dyn LogSink>, cancel: Cancel) -> Result<Outcome, Failure> {
        self.calls.lock().unwrap().push(call.label.clone());
        assert!(call.scratch.is_dir());
        match (self.does)(&call) {
            Action::Gives(value) => Ok(Outcome::new(value)),
            Action::Fails(failure) => Err(failure),
            Action::Panics => panic!("by design"),
            Action::NeverEnds => std::future::pending().await,
            Action::Prints(lines) => {
                (0..lines).for_each(|line| log.line(Stream::Out, format!("line {line}").as_bytes()));
                Ok(Outcome::new(Value::Int(1)))
            }
            Action::Sleeps(time) => tokio::select! {
                () = cancel.cancelled() => Err(Failure::new(ErrorClass::Internal, "R0000", "cancelled")),
                () = tokio::time::sleep(time) => Ok(Outcome::new(Value::Int(1))),
            },
        }
    }

    async fn render(&self, _: StepCall, _: Cancel) -> Result<Rendered, Failure> {
        Ok(Rendered { tokens: 10 })
    }

    async fn ask(&self, call: StepCall, ask: AskCall, log: Arc<dyn LogSink>, cancel: Cancel) -> Asked {
        let report = AskReport {
            model: ask.model,
            served: "fake".into(),
            input_tokens: 10,
            output_tokens: 5,
            micro_dollars: 20,
            known: true,
            finish: "".into(),
            asked: "".into(),
            answer: "42".into(),
            leniencies: vec![],
            calls: vec![],
        };
        Asked { result: self.run_step(call, log, cancel).await, report: Some(report) }
    }

    async fn read_dataset(&self, dataset: DatasetRef, _: Cancel) -> Result<VersionRead, Failure> {
        let places = self.places.lock().unwrap();
        let value = places.get(&dataset.dataset).cloned();
        let value = value.ok_or_else(|| Failure::new(ErrorClass::Internal, "R0000", "no such file"))?;
        Ok(VersionRead { fingerprint: fingerprint(&value), value, rows: None, expectations: vec![] })
    }

    async fn write_dataset(&self, dataset: DatasetRef, value: Value, _: Cancel) -> Result<VersionWritten, Failure> {
        let fingerprint = fingerprint(&value);
        self.places.lock().unwrap().insert(dataset.dataset, value);
        Ok(VersionWritten { fingerprint, rows: None, bytes: None, expectations: vec![] })
    }

    async fn compute(&self, _: ComputeCall, _: Cancel) -> Result<Value, Failure> {
        Ok(Value::Int(0))
    }

    async fn compute_seen(&self, call: ComputeCall, cancel: Cancel) -> Result<Value, Failure> {
        self.compute(call, cancel).await
    }

    async fn fingerprint(&self, dataset: DatasetRef) -> Result<Option<Fingerprint>, Failure> {
        Ok(self.places.lock().unwrap().get(&dataset.dataset).map(fingerprint))
    }
}

fn fingerprint(value: &Value) -> Fingerprint {
    Fingerprint { hash: flow_expr::digest(value).into(), modified: None, data_time: None }
}

/// Reads `raw`, adds to it in two steps, writes `out`.
fn pipeline() -> Program {
    let mut first = call(1, "first", "first", vec![var(0)]);
    first.needs = vec![NodeId(0)];
    let nodes = vec![read(0, "raw"), first, call(2, "second", "second", vec![var(1)]), write(3, "out", var(2))];
    program(
        vec![step("first", 1), step("second", 1)],
        vec![dataset("raw"), dataset("out")],
        vec![flow("f", nodes, Some(var(2)))],
    )
}

fn plan(program: Program) -> Plan {
    let flow = name("m.f");
    let mut plan = Plan {
        format: PLAN_FORMAT,
        compiler: "test".into(),
        hash: "".into(),
        flow,
        params: BTreeMap::new(),
        program,
        inputs: vec![],
        decisions: vec![],
        bounds: Default::default(),
    };
    plan.hash = plan.content_hash();
    plan
}

struct Project {
    folder: tempfile::TempDir,
    fake: Arc<Fake>,
    engine: Engine,
}

impl Project {
    fn new(does: impl Fn(&StepCall) -> Action + Send + Sync + 'static) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let places = Mutex::new([(name("m.raw"), Value::Int(5))].into());
        let fake = Arc::new(Fake { does: Box::new(does), places, calls: Mutex::default() });
        let engine = engine(folder.path(), &fake);
        Self { folder, fake, engine }
    }

    async fn run(&self, program: Program) -> (flow_engine::RunSummary, Vec<Progress>) {
        let (progress, mut received) = broadcast::channel(10_000);
        let summary = self.engine.run(plan(program), Forced::None, progress, Cancel::never()).await.unwrap();
        let mut all = vec![];
        while let Ok(progress) = received.try_recv() {
            all.push(progress);
        }
        (summary, all)
    }

    fn calls(&self) -> Vec<Arc<str>> {
        std::mem::take(&mut *self.fake.calls.lock().unwrap())
    }

    fn layout(&self) -> Layout {
        Layout::new(self.folder.path())
    }
}

fn engine(folder: &Path, fake: &Arc<Fake>) -> Engine {
    let options = Options { jobs: Some(4), ..Options::default() };
    Engine::new(folder, fake.clone(), FileMemory::new(folder), options)
}

fn adds_one(call: &StepCall) -> Action {
    match call.args.first() {
        Some((_, Value::Int(value))) => Action::Gives(Value::Int(value + 1)),
        _ => Action::Gives(Value::Int(1)),
    }
}

#[tokio::test]
async fn a_second_run_does_no_work_and_the_journal_holds_both() {
    let project = Project::new(adds_one);
    let before = project.engine.plan(plan(pipeline()), &Choice::default(), Looking::Everywhere).await.unwrap();
    assert!(before.decisions.iter().all(|(_, decision)| decision.verdict == Verdict::Run));
    assert!(!project.layout().root().exists(), "a plan writes nothing");
    let (first, progress) = project.run(pipeline()).await;
    assert_eq!((first.exit_class, first.counts.ran), (ExitClass::Done, 3));
    assert_eq!(first.result, Some(serde_json::json!(7)));
    assert!(matches!(progress.first().unwrap().what, Happening::RunStarted { nodes: 4, .. }));
    assert!(matches!(progress.last().unwrap().what, Happening::RunFinished(_)));
    assert_eq!(project.calls(), ["first".into(), "second".into()]);
    let after = project.engine.plan(plan(pipeline()), &Choice::default(), Looking::Everywhere).await.unwrap();
    assert!(after.decisions.iter().all(|(_, decision)| decision.verdict == Verdict::Reuse));
    assert_eq!(after.inputs.len(), 1);
    let (second, _) = project.run(pipeline()).await;
    assert_eq!((second.counts.ran, second.counts.reused), (0, 3));
    assert!(project.calls().is_empty());
    let history = project.engine.history(9).unwrap();
    assert_eq!(history.iter().map(|run| run.run.clone()).collect::<Vec<_>>(), [second.run_id.clone(), first.run_id]);
    let why = project.engine.why("last", "first").unwrap();
    assert!(matches!(&why.node.decision.unwrap().reasons[..], [Reason::Unchanged { .. }]));
    assert!(!project.layout().scratch().exists());
}

#[tokio::test]
async fn replaying_the_stored_journal_gives_the_same_end() {
    let project = Project::new(|call| match &*call.label {
        "first" if call.attempt == 1 => Action::Fails(Failure::new(ErrorClass::Timeout, "R0000", "slow")),
        _ => adds_one(call),
    });
    let mut program = pipeline();
    let policy = flow_plan::RetryPolicy {
        times: 2,
        on: vec![ErrorClass::Any],
        backoff_min_ms: 1,
        backoff_max_ms: 5,
        within_ms: None,
    };
    program.steps.get_mut(&name("m.first")).unwrap().retry = Some(policy);
    let (summary, progress) = project.run(program).await;
    assert_eq!(summary.status, RunStatus::Succeeded);
    assert!(
        progress.iter().any(|progress| matches!(progress.what, Happening::Retrying { attempt: 2, attempts: 3, .. }))
    );
    let reader = Reader::open(&project.layout()).unwrap().unwrap();
    let run = reader.run(&summary.run_id).unwrap();
    // All from the store: the plan, the start, the events.
    let kept = Plan::from_json(&reader.plan(&run.plan).unwrap().unwrap(), "test").unwrap();
    let mut driver = Driver::new(&kept, run.start.clone());
    for (now, event) in reader.events(&run.run).unwrap() {
        driver.on(event, now);
    }
    assert_eq!(driver.ended(), run.end.as_ref());
    assert_eq!(driver.result(), Some(&Value::Int(7)));
}

#[tokio::test]
async fn one_changed_step_runs_with_what_depends_on_it() {
    let project = Project::new(adds_one);
    project.run(pipeline()).await;
    project.calls();
    let mut changed = pipeline();
    let body = flow_plan::Body::Sql { text: "select something else".into(), connection: None };
    changed.steps.get_mut(&name("m.second")).unwrap().body = body;
    let (summary, _) = project.run(changed).await;
    assert_eq!(project.calls(), ["second".into()]);
    assert_eq!((summary.counts.ran, summary.counts.reused), (1, 2), "its result is the same, so nothing is written");
}

#[tokio::test]
async fn failures_are_told_with_their_followers_and_their_logs() {
    let project = Project::new(|call| match &*call.label {
        "first" => Action::Fails(Failure::new(ErrorClass::Exit(3), "R0103", "it ended with status 3")),
        _ => Action::Prints(3),
    });
    let mut program = pipeline();
    program.flows.get_mut(&name("m.f")).unwrap().body.nodes.push(call(4, "free", "free", vec![]));
    program.steps.insert(name("m.free"), step("free", 0));
    let (summary, progress) = project.run(program).await;
    assert_eq!((summary.exit_class, summary.failures.len()), (ExitClass::StepFailed, 1));
    assert_eq!(&*summary.failures[0].label, "first");
    let why = project.engine.why("last", "second").unwrap();
    assert_eq!((why.node.status, &*why.because.unwrap().label), (NodeStatus::NotRun, "first"));
    let logs = project.engine.logs("last", Some("free")).unwrap();
    let lines: Vec<&str> =
        logs[0].lines.iter().filter_map(|line| line.split_once(" out ")).map(|(_, text)| text).collect();
    assert_eq!(lines, ["line 0", "line 1", "line 2"]);
    assert_eq!(progress.iter().filter(|progress| matches!(progress.what, Happening::Log { .. })).count(), 3);
    assert!(matches!(project.engine.logs("last", Some("nothing")), Err(EngineError::Store(StoreError::NoStep { .. }))));
}

#[tokio::test]
async fn a_cancel_ends_what_is_under_way() {
    let project = Project::new(|_| Action::Sleeps(Duration::from_secs(3600)));
    let (source, cancel) = CancelSource::new();
    let (progress, mut received) = broadcast::channel(1000);
    let running = project.engine.run(plan(pipeline()), Forced::None, progress, cancel);
    let cancelling = async {
        while let Ok(progress) = received.recv().await {
            if matches!(progress.what, Happening::NodeStarted { ref label, .. } if &**label == "first") {
                source.cancel();
            }
        }
    };
    let (summary, ()) = tokio::join!(running, cancelling);
    let summary = summary.unwrap();
    assert_eq!((summary.status, summary.exit_class), (RunStatus::Cancelled, ExitClass::Cancelled));
    // What was cancelled is no record: the next run begins where this one stopped.
    let (again, _) =
        Project { folder: project.folder, engine: project.engine, fake: project.fake }.run_sleepless().await;
    assert_eq!(again.status, RunStatus::Succeeded);
}

impl Project {
    /// As `run`, on the same project with an executor that does not sleep.
    async fn run_sleepless(self) -> (flow_engine::RunSummary, Vec<Progress>) {
        let places = Mutex::new(self.fake.places.lock().unwrap().clone());
        let fake = Arc::new(Fake { does: Box::new(adds_one), places, calls: Mutex::default() });
        let engine = engine(self.folder.path(), &fake);
        Self { folder: self.folder, fake, engine }.run(pipeline()).await
    }
}

#[tokio::test(start_paused = true)]
async fn an_executor_that_panics_or_never_ends_fails_only_its_step() {
    let project = Project::new(|call| match &*call.label {
        "panics" => Action::Panics,
        "hangs" => Action::NeverEnds,
        _ => Action::Gives(Value::Int(1)),
    });
    let steps = ["panics", "hangs", "fine"].map(|short| Step { timeout_ms: 1000, ..step(short, 0) });
    let nodes = (0..).zip(["panics", "hangs", "fine"]).map(|(id, label)| call(id, label, label, vec![])).collect();
    let (summary, _) = project.run(program(steps.into(), vec![], vec![flow("f", nodes, None)])).await;
    let codes: Vec<_> = summary.failures.iter().map(|failed| (&*failed.label, &*failed.failure.code)).collect();
    assert_eq!(codes, [("panics", "R0732"), ("hangs", "R0733")]);
    assert_eq!(summary.counts.ran, 1);
}

#[tokio::test]
async fn two_runs_on_one_project_do_not_meet() {
    let project = Project::new(|_| Action::Sleeps(Duration::from_millis(600)));
    let second = engine(project.folder.path(), &project.fake);
    let patient = Engine::new(
        project.folder.path(),
        project.fake.clone(),
        FileMemory::new(project.folder.path()),
        Options { wait_for_lock: Some(Duration::from_secs(30)), ..Options::default() },
    );
    let (progress, mut received) = broadcast::channel(1000);
    let first = project.engine.run(plan(pipeline()), Forced::None, progress.clone(), Cancel::never());
    let refused = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let refused = second.run(plan(pipeline()), Forced::None, broadcast::channel(9).0, Cancel::never()).await;
        let waited = patient.run(plan(pipeline()), Forced::None, progress.clone(), Cancel::never()).await;
        (refused, waited)
    };
    let (first, (refused, waited)) = tokio::join!(first, refused);
    let first = first.unwrap();
    match refused {
        Err(EngineError::Store(StoreError::Locked { holder })) => {
            assert_eq!((holder.pid, holder.run), (std::process::id(), first.run_id.clone()));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(waited.unwrap().counts.ran, 0, "it began when the first had ended, and found all done");
    drop(progress);
    let mut told = false;
    while let Ok(progress) = received.recv().await {
        told |= matches!(progress.what, Happening::Locked { ref run, .. } if *run == first.run_id);
    }
    assert!(told);
}

#[tokio::test]
async fn what_has_an_effect_waits_until_its_inputs_are_durable() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::new(folder.path());
    let seen = Arc::new(Mutex::new(vec![]));
    let watched = seen.clone();
    let does = move |call: &StepCall| {
        if &*call.label == "send" {
            // What led here is in the journal, as another process would read it.
            let reader = Reader::open(&layout).unwrap().unwrap();
            let run = reader.run("last").unwrap().run;
            *watched.lock().unwrap() = reader.nodes(&run).unwrap().into_iter().map(|node| node.label).collect();
        }
        adds_one(call)
    };
    let fake = Arc::new(Fake { does: Box::new(does), places: Mutex::default(), calls: Mutex::default() });
    let send = Step { effect: Effect::Write, cache: CachePolicy::Never, ..step("send", 1) };
    let nodes = vec![call(0, "first", "first", vec![int(1)]), call(1, "send", "send", vec![var(0)])];
    let program = program(vec![step("first", 1), send], vec![], vec![flow("f", nodes, None)]);
    let engine = engine(folder.path(), &fake);
    engine.run(plan(program), Forced::None, broadcast::channel(9).0, Cancel::never()).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), ["first".into()]);
}

#[tokio::test]
async fn a_frozen_plan_is_refused_when_its_data_has_changed() {
    let project = Project::new(adds_one);
    let frozen = project.engine.plan(plan(pipeline()), &Choice::default(), Looking::Everywhere).await.unwrap();
    project.engine.verify_inputs(&frozen).await.unwrap();
    project.fake.places.lock().unwrap().insert(name("m.raw"), Value::Int(6));
    let error = project.engine.verify_inputs(&frozen).await.unwrap_err();
    assert_eq!((error.code(), error.to_string().contains("`raw`")), ("R0730", true));
}

#[tokio::test]
async fn a_selection_takes_what_is_cheap_along() {
    let program = pipeline();
    let unselected = flow_engine::unselected(&program, &name("m.f"), &[1].into());
    assert_eq!(unselected, [2, 3].into(), "the input is read, what comes after is left out");
    let project = Project::new(adds_one);
    let choice = Choice { unselected, forced: Forced::None };
    let planned = project.engine.plan(plan(pipeline()), &choice, Looking::Everywhere).await.unwrap();
    let (progress, _) = broadcast::channel(9);
    project.engine.run(planned, Forced::None, progress, Cancel::never()).await.unwrap();
    assert_eq!(project.calls(), ["first".into()]);
}
