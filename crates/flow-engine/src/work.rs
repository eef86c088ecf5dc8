//! Doing what the driver commands: each command becomes a task that ends with one event.
//!
//! Whatever an executor does (overrun its time, ignore a cancel, panic), the event comes. Knows nothing
//! of why something is done.

use crate::{
    Looking,
    clock::Clock,
    held::Pools,
    rim::{self, Rim},
    scratch::Scratch,
    watch::{StepLog, Watchers},
};
use flow_driver::{
    AskStep, Event, OverBudget, Partition, Product, Published, Question, Reservation, RunStep, Sighting, Task,
};
use flow_exec::api::{AskCall, Asked, Cancel, CancelSource, ComputeCall, DatasetRef, Execute, StepCall};
use flow_expr::{Expr, Name, Value, VarId, redact::mark};
use flow_plan::{ErrorClass, Failure, Program};
use flow_store::{Layout, Reader, Store, StoreError, is_complete, partition_text};
use futures::FutureExt as _;
use jiff::Timestamp;
use std::{
    collections::HashMap,
    future::Future,
    panic::AssertUnwindSafe,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::{Semaphore, mpsc, oneshot};

/// How long an executor may take to end an attempt whose time is over, or that was cancelled.
const GRACE: Duration = Duration::from_secs(30);

/// How often it is looked whether a person has answered. One row of one table is read.
const LOOK_FOR_ANSWERS: Duration = Duration::from_millis(200);

/// What tasks share.
pub(crate) struct Shared {
    pub(crate) executor: Arc<dyn Execute>,
    pub(crate) program: Arc<Program>,
    pub(crate) layout: Layout,
    pub(crate) run: Arc<str>,
    pub(crate) started: Timestamp,
    pub(crate) clock: Clock,
    pub(crate) watchers: Watchers,
    /// What may be seen of labelled data.
    pub(crate) rim: Arc<Rim>,
    /// None in a plan, which writes nothing.
    pub(crate) store: Option<Arc<Store>>,
    /// None where there is no store yet.
    pub(crate) reader: Option<Mutex<Reader>>,
    /// Folders of attempts.
    pub(crate) scratch: Scratch,
    /// Places that runs which go on at once share; the driver knows only those of its own run.
    pub(crate) pools: Pools,
}

impl Shared {
    fn dataset(&self, dataset: Name, partition: Partition) -> DatasetRef {
        DatasetRef { program: self.program.clone(), dataset, partition, now: self.started }
    }

    /// Asks the store.
    pub(crate) fn ask<T>(
        &self,
        question: impl FnOnce(&Reader) -> Result<Option<T>, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        match &self.reader {
            Some(reader) => question(&reader.lock().unwrap_or_else(PoisonError::into_inner)),
            None => Ok(None),
        }
    }

    /// What is at a dataset's location, and the newest version that can still be had.
    pub(crate) async fn look(
        &self,
        dataset: Name,
        partition: Partition,
        previous: bool,
        looking: Looking,
    ) -> Result<Box<Sighting>, Failure> {
        let name = partition_text(&partition);
        let but_not_of = previous.then_some(&*self.run);
        let last = self.ask(|reader| {
            let versions = reader.versions(dataset.as_str(), &name, but_not_of, 4)?;
            Ok(versions.into_iter().find(|version| is_complete(&self.layout, &version.value)))
        });
        let last = last.map_err(|error| store_failure(&error))?;
        let remote = self.program.datasets.get(&dataset).is_some_and(|declared| declared.location.is_remote());
        let unseen = !previous && remote && looking == Looking::AtFiles;
        let fingerprint = match previous || unseen {
            true => None,
            false => self.executor.fingerprint(self.dataset(dataset, partition)).await?,
        };
        Ok(Box::new(Sighting { fingerprint, last, unseen }))
    }
}

/// The tasks of a run.
pub(crate) struct Work {
    shared: Arc<Shared>,
    events: mpsc::UnboundedSender<Event>,
    running: HashMap<Task, CancelSource>,
    /// Questions to people that are open.
    asked: HashMap<Task, (CancelSource, Arc<str>, u32)>,
}

impl Work {
    pub(crate) fn new(shared: Arc<Shared>, events: mpsc::UnboundedSender<Event>) -> Self {
        Self { shared, events, running: HashMap::new(), asked: HashMap::new() }
    }

    /// The task has been answered.
    pub(crate) fn done(&mut self, task: Task) {
        self.running.remove(&task);
        if let Some((source, ..)) = self.asked.remove(&task) {
            source.cancel();
        }
    }

    pub(crate) fn stop(&self, task: Task) {
        let asked = self.asked.get(&task).map(|(source, ..)| source);
        if let Some(source) = self.running.get(&task).or(asked) {
            source.cancel();
        }
    }

    /// An answer that was written down before its question's time was over counts, though nobody has looked yet.
    pub(crate) fn instead_of(&self, event: Event) -> Event {
        let Event::Timer { task } = event else { return event };
        let Some((_, path, number)) = self.asked.get(&task) else { return event };
        match self.shared.ask(|reader| reader.answer(&self.shared.run, path, *number)) {
            Ok(Some(answer)) => Event::Answered { task, result: Ok(Box::new(answer)) },
            Ok(None) | Err(_) => event,
        }
    }

    /// Looks for a person's answer, which another process writes, until it is there or nobody waits for it. One that
    /// `waits` does not look before what led to it is durable: that the answer before was refused, perhaps.
    pub(crate) fn ask_person(&mut self, question: &Question, waits: bool) {
        let (task, path, number) = (question.task, question.path.clone(), question.number);
        let (source, cancel) = CancelSource::new();
        self.asked.insert(task, (source, path.clone(), number));
        let (shared, events) = (self.shared.clone(), self.events.clone());
        let durable = self.durable(waits);
        tokio::spawn(async move {
            if let Err(error) = durable.await {
                let _ = events.send(Event::Answered { task, result: Err(store_failure(&error)) });
                return;
            }
            let result = loop {
                tokio::select! {
                    () = cancel.cancelled() => return,
                    () = tokio::time::sleep(LOOK_FOR_ANSWERS) => {}
                }
                match shared.ask(|reader| reader.answer(&shared.run, &path, number)) {
                    Ok(None) => {}
                    Ok(Some(answer)) => break Ok(Box::new(answer)),
                    Err(error) => break Err(store_failure(&error)),
                }
            };
            let _ = events.send(Event::Answered { task, result });
        });
    }

    pub(crate) fn look(&self, task: Task, dataset: Name, partition: Partition, previous: bool) {
        let (shared, events) = (self.shared.clone(), self.events.clone());
        tokio::spawn(async move {
            let looking = guarded(shared.look(dataset, partition, previous, Looking::Everywhere));
            let result = looking.await;
            let _ = events.send(Event::Looked { task, result });
        });
    }

    /// Has an ask charged to budgets that runs share.
    pub(crate) fn reserve(&self, task: Task, at: Timestamp, reservation: Box<Reservation>) {
        let events = self.events.clone();
        // A plan asks nobody.
        let Some(store) = &self.shared.store else { return };
        let unknown = OverBudget {
            flow: reservation.budgets.first().map_or_else(|| Name::new(""), |budget| budget.flow.clone()),
            per_ms: None,
            what: "asks".into(),
            cap: 0,
            used: 0,
            wanted: 1,
        };
        let reserved = move |result: Result<Result<(), Box<OverBudget>>, StoreError>| {
            // A store that fails ends the run with the next event; until then nothing is asked.
            let result = result.unwrap_or_else(|_| Err(Box::new(unknown)));
            let _ = events.send(Event::Reserved { task, result });
        };
        store.reserve(at, reservation, Box::new(reserved));
    }

    pub(crate) fn timer(&self, task: Task, at: Timestamp) {
        let (clock, events) = (self.shared.clock.clone(), self.events.clone());
        tokio::spawn(async move {
            // The wall clock may have moved meanwhile; what counts is that the instant has come.
            loop {
                let left = at.duration_since(clock.now());
                match Duration::try_from(left) {
                    Ok(left) if !left.is_zero() => tokio::time::sleep(left).await,
                    _ => break,
                }
            }
            let _ = events.send(Event::Timer { task });
        });
    }

    pub(crate) fn read(&mut self, task: Task, dataset: Name, partition: Partition) {
        let shared = self.shared.clone();
        self.spawn(
            task,
            (None, None),
            false,
            move |cancel| async move {
                let version = shared.executor.read_dataset(shared.dataset(dataset, partition), cancel);
                let result = version.await.map(|version| {
                    Box::new(Published {
                        value: Some(version.value),
                        fingerprint: version.fingerprint,
                        rows: version.rows,
                        expectations: version.expectations,
                    })
                });
                move |task| Event::Read { task, result }
            },
            |task, failure| Event::Read { task, result: Err(failure) },
        );
    }

    pub(crate) fn write(&mut self, task: Task, (dataset, partition): (Name, Partition), value: Value, waits: bool) {
        let shared = self.shared.clone();
        self.spawn(
            task,
            (None, None),
            waits,
            move |cancel| async move {
                let version = shared.executor.write_dataset(shared.dataset(dataset, partition), value, cancel);
                let result = version.await.map(|version| {
                    Box::new(Published {
                        value: None,
                        fingerprint: version.fingerprint,
                        rows: version.rows,
                        expectations: version.expectations,
                    })
                });
                move |task| Event::Written { task, result }
            },
            |task, failure| Event::Written { task, result: Err(failure) },
        );
    }

    pub(crate) fn compute(&mut self, task: Task, expr: &Expr, bindings: Vec<(VarId, Value)>) {
        let shared = self.shared.clone();
        let expr = expr.clone();
        self.spawn(
            task,
            (None, None),
            false,
            move |cancel| async move {
                let call = ComputeCall { program: shared.program.clone(), expr, bindings, now: shared.started };
                let labels = shared.rim.labels_of_rows(&call.bindings);
                let again = (!labels.is_empty()).then(|| (call.clone(), cancel.clone()));
                let mut result = shared.executor.compute(call, cancel).await;
                match (again, &mut result) {
                    (Some((call, cancel)), Ok(value)) if rim::may_hold_rows(value) => {
                        let seen = shared.executor.compute_seen(call, cancel).await;
                        shared.rim.know_computed(value, seen.as_ref().ok(), &labels);
                    }
                    (Some(_), Err(failure)) => failure.unquote(&mark(&labels)),
                    _ => {}
                }
                move |task| Event::Computed { task, result }
            },
            |task, failure| Event::Computed { task, result: Err(failure) },
        );
    }

    pub(crate) fn attempt(&mut self, run: RunStep, waits: bool) {
        let shared = self.shared.clone();
        let timeout = Duration::from_millis(run.timeout_ms);
        let place = run.step.pool.as_ref().and_then(|pool| shared.pools.get(pool)).cloned();
        self.spawn(
            run.task,
            (Some(timeout), place),
            waits,
            move |cancel| async move {
                let result = attempt(&shared, run, cancel).await;
                move |task| Event::Ran { task, result, ask: None }
            },
            |task, failure| Event::Ran { task, result: Err(failure), ask: None },
        );
    }

    /// Fills in a prompt.
    pub(crate) fn render(&mut self, run: RunStep) {
        let shared = self.shared.clone();
        self.spawn(
            run.task,
            (None, None),
            false,
            move |cancel| async move {
                let call = step_call(&shared, run, PathBuf::new());
                let result = shared.executor.render(call, cancel).await;
                move |task| Event::Rendered { task, result }
            },
            |task, failure| Event::Rendered { task, result: Err(failure) },
        );
    }

    /// Asks a model. The charge is durable before anything is sent; how long that may take is the client's
    /// business, which knows how much of it was waiting for the model's rate.
    pub(crate) fn ask(&mut self, run: RunStep, ask: AskStep, waits: bool) {
        let shared = self.shared.clone();
        self.spawn(
            run.task,
            (None, None),
            waits,
            move |cancel| async move {
                let log = step_log(&shared, &run);
                let call = step_call(&shared, run, PathBuf::new());
                let ask = AskCall { model: ask.model, said: ask.said };
                let ending = Ending { log: log.clone() };
                let Asked { result, report } = shared.executor.ask(call, ask, log, cancel).await;
                drop(ending);
                let result = result.map(|outcome| Product { value: outcome.value, rows: outcome.rows });
                move |task| Event::Ran { task, result, ask: report.map(Box::new) }
            },
            |task, failure| Event::Ran { task, result: Err(failure), ask: None },
        );
    }

    /// Starts a task. One that `waits` does so until what led to it is durable.
    fn spawn<F, E>(
        &mut self,
        task: Task,
        (timeout, place): (Option<Duration>, Option<Arc<Semaphore>>),
        waits: bool,
        work: impl FnOnce(Cancel) -> F + Send + 'static,
        failed: fn(Task, Failure) -> Event,
    ) where
        F: Future<Output = E> + Send + 'static,
        E: FnOnce(Task) -> Event + Send + 'static,
    {
        let (source, cancel) = CancelSource::new();
        self.running.insert(task, source);
        let events = self.events.clone();
        // Asked for here and now: the store has not begun to gather what comes after.
        let durable = self.durable(waits);
        tokio::spawn(async move {
            let event = match durable.await {
                Err(error) => failed(task, store_failure(&error)),
                Ok(()) => {
                    match in_place(place, &cancel, guarded_work(work(cancel.clone()), timeout, cancel.clone())).await {
                        Ok(event) => event(task),
                        Err(failure) => failed(task, failure),
                    }
                }
            };
            let _ = events.send(event);
        });
    }

    /// Waits, if at all, until everything written so far, by the time of the call, is durable.
    fn durable(&self, waits: bool) -> impl Future<Output = Result<(), StoreError>> + use<> {
        let store = self.shared.store.clone().filter(|_| waits);
        let (sender, receiver) = oneshot::channel();
        if let Some(store) = &store {
            store.flush(Box::new(move |result| drop(sender.send(result))));
        }
        async move {
            let Some(store) = store else { return Ok(()) };
            receiver.await.unwrap_or_else(|_| store.failure().map_or(Ok(()), Err))
        }
    }
}

/// Work in a place of a pool, for which other runs may have to be waited for. A cancel waits for nothing.
async fn in_place<T>(place: Option<Arc<Semaphore>>, cancel: &Cancel, work: impl Future<Output = T>) -> T {
    let _permit = match place {
        Some(place) => tokio::select! {
            permit = place.acquire_owned() => permit.ok(),
            () = cancel.cancelled() => None,
        },
        None => None,
    };
    work.await
}

/// One attempt, with its own folder and log.
async fn attempt(shared: &Shared, run: RunStep, cancel: Cancel) -> Result<Product, Failure> {
    let folder = shared.scratch.take();
    let folder = folder.map_err(|error| store_failure(&StoreError::from_io(shared.layout.scratch(), &error)))?;
    let log = step_log(shared, &run);
    let ending = Ending { log: log.clone() };
    let result = shared.executor.run_step(step_call(shared, run, folder.path().to_owned()), log, cancel).await;
    drop(ending);
    // What has failed may have left somebody behind who still writes there.
    if result.is_ok() {
        folder.give_back();
    }
    result.map(|outcome| Product { value: outcome.value, rows: outcome.rows })
}

fn step_log(shared: &Shared, run: &RunStep) -> Arc<StepLog> {
    let (path, label, watchers) = (run.path.clone(), run.label.clone(), shared.watchers.clone());
    let rim = shared.rim.clone();
    Arc::new(StepLog::new(&shared.layout, &shared.run, (path, label, run.attempt), watchers, (rim, &run.step)))
}

fn step_call(shared: &Shared, run: RunStep, scratch: PathBuf) -> StepCall {
    StepCall {
        step: run.step,
        program: shared.program.clone(),
        args: run.args,
        attempt: run.attempt,
        idempotency_key: run.idempotency_key,
        timeout: Duration::from_millis(run.timeout_ms),
        scratch,
        run: shared.run.clone(),
        label: run.label,
        now: shared.started,
    }
}

/// What is to be done at an attempt's end, also when it is given up or panics.
struct Ending {
    log: Arc<StepLog>,
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.log.finish();
    }
}

/// Work that may panic, overrun its time or ignore a cancel.
async fn guarded_work<T>(
    work: impl Future<Output = T>,
    timeout: Option<Duration>,
    cancel: Cancel,
) -> Result<T, Failure> {
    let overrun = async {
        match timeout {
            Some(timeout) => tokio::time::sleep(timeout.saturating_add(GRACE)).await,
            None => std::future::pending().await,
        }
    };
    let ignored = async {
        cancel.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        biased;
        result = AssertUnwindSafe(work).catch_unwind() => result.map_err(|panic| panicked(&*panic)),
        () = overrun => Err(gave_up(ErrorClass::Timeout, "its time was over")),
        () = ignored => Err(gave_up(ErrorClass::Internal, "it was cancelled")),
    }
}

async fn guarded<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|panic| Err(panicked(&*panic)))
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> Failure {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string).or(panic.downcast_ref::<String>().cloned());
    let text = text.unwrap_or_else(|| "no message".into());
    Failure::new(ErrorClass::Internal, "R0732", format!("flowc itself failed while doing this: {text}"))
}

fn gave_up(class: ErrorClass, why: &str) -> Failure {
    Failure::new(class, "R0733", format!("{why}, and it had not ended {} s later", GRACE.as_secs()))
}

/// The store's error, as the failure of what needed it.
pub(crate) fn store_failure(error: &StoreError) -> Failure {
    Failure::new(ErrorClass::Internal, error.code(), error.to_string())
}
