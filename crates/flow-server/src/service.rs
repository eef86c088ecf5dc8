//! A project that is served: one task that is told what happens, asks the scheduler, writes down what it says and does it.
//!
//! The task alone changes anything, so decisions have one order. Runs go on in tasks of their own. What cannot be written
//! down is not obeyed: the scheduler is then made anew from what is durable, as after a kill.

use crate::{
    Said, Source, Standing, UnderWay, What,
    looks::{Look, look},
    records::{record, row, timestamp},
};
use flow_control::schedule::{Cause, Command, Due, Event, Record, Ruling, Scheduler, StartId, Turn};
use flow_engine::{Engine, EngineError, Held, Progress, RunRow, RunSummary, StoreError};
use flow_exec::api::{Cancel, CancelSource};
use flow_expr::Name;
use flow_plan::{Program, calendar::Horizon};
use flow_store::{Layout, Reader, StartRow, StartWriter};
use jiff::{Timestamp, tz::TimeZone};
use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{Semaphore, broadcast, mpsc, oneshot},
    task::JoinSet,
    time::Instant,
};

/// How often it is looked around.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// After a failure of the store, it is tried again after this time.
const TRY_STORE_AGAIN: Duration = Duration::from_secs(5);

/// How many events a watcher of runs may lag behind before it loses some.
const BACKLOG: usize = 4096;

/// How a project is served.
#[derive(Clone, Debug)]
pub struct ServiceOptions {
    /// Runs at once; others wait for a place.
    pub parallel: usize,
    /// How long what is under way may go on when the service ends. After that it is left, and gone on with by the next.
    pub drain: Duration,
}

impl Default for ServiceOptions {
    fn default() -> Self {
        Self { parallel: 16, drain: Duration::from_secs(30) }
    }
}

/// Why a project cannot be served, or does not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The program has errors.
    #[error("the program has errors:\n{0}")]
    Program(String),
    /// The project is somebody else's, or its store cannot be opened.
    #[error("{0}")]
    Engine(#[from] EngineError),
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// There is no such flow.
    #[error("there is no flow `{0}`")]
    NoFlow(String),
    /// There is no such run under way.
    #[error("no run `{0}` is under way here")]
    NoRun(String),
    /// The run is over, or goes on already.
    #[error("run `{0}` is over, or goes on already")]
    Over(Arc<str>),
    /// Labelled data would be written down in clear.
    #[error("`{0}` is labelled: it cannot be given to a start over the network, which is written down as it is")]
    Labelled(Arc<str>),
    /// The service is ending: nothing more is started.
    #[error("the service is ending, and starts nothing more")]
    Ending,
}

/// What became of a start that was asked for, and the id of its run if it runs.
pub type Asked = (Record, Option<Arc<str>>);

/// Where an answer goes.
type Answer<T> = oneshot::Sender<Result<T, Problem>>;

enum Message {
    Ask { due: Box<Due>, answer: Answer<Asked> },
    Cancel { run: String, answer: Answer<Arc<str>> },
    Resume { run: Box<RunRow>, answer: Answer<Arc<str>> },
    Stand(oneshot::Sender<(Standing, Arc<Program>)>),
    Placed(StartId),
    Looked(Box<Look>),
    End,
}

/// A project that is served, from outside.
#[derive(Clone)]
pub struct Handle {
    name: Arc<str>,
    engine: Engine,
    layout: Layout,
    source: Arc<dyn Source>,
    sender: mpsc::UnboundedSender<Message>,
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Handle {
    /// Where its program comes from.
    #[must_use]
    pub fn source(&self) -> Arc<dyn Source> {
        self.source.clone()
    }

    /// The project's name.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// What can be asked of its store.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// A reading connection to its store.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn reader(&self) -> Result<Option<Reader>, StoreError> {
        Reader::open(&self.layout)
    }

    /// How it stands, and the program that it follows; none if it is served no more.
    pub async fn standing(&self) -> Option<(Standing, Arc<Program>)> {
        let (sender, receiver) = oneshot::channel();
        self.sender.send(Message::Stand(sender)).ok()?;
        receiver.await.ok()
    }

    /// Asks for a start. What became of it is durable when this returns, and the run's id is given if it runs.
    ///
    /// # Errors
    /// There is no such flow, or the service is ending.
    pub async fn start(&self, due: Due) -> Result<Asked, Problem> {
        let (answer, receiver) = oneshot::channel();
        let asked = self.sender.send(Message::Ask { due: Box::new(due), answer });
        asked.map_err(|_| Problem::Ending)?;
        receiver.await.map_err(|_| Problem::Ending)?
    }

    /// Cancels a run that is under way: by its id or its end.
    ///
    /// # Errors
    /// No such run is under way here.
    pub async fn cancel(&self, run: &str) -> Result<Arc<str>, Problem> {
        let (answer, receiver) = oneshot::channel();
        let asked = self.sender.send(Message::Cancel { run: run.into(), answer });
        asked.map_err(|_| Problem::Ending)?;
        receiver.await.map_err(|_| Problem::Ending)?
    }

    /// Goes on with a run that was cut off and that the service could not go on with, such as one of which somebody had to
    /// say first what became of a step.
    ///
    /// # Errors
    /// There is no such run, it is over, or it goes on already.
    pub async fn resume(&self, run: &str) -> Result<Arc<str>, Problem> {
        let reader = self.reader()?.ok_or_else(|| Problem::NoRun(run.into()))?;
        let row = reader.run(run)?;
        if row.ended.is_some() {
            return Err(Problem::Over(row.run));
        }
        let (answer, receiver) = oneshot::channel();
        let asked = self.sender.send(Message::Resume { run: Box::new(row), answer });
        asked.map_err(|_| Problem::Ending)?;
        receiver.await.map_err(|_| Problem::Ending)?
    }

    /// Starts nothing more. The service ends when what is under way has ended.
    pub fn end(&self) {
        let _ = self.sender.send(Message::End);
    }
}

/// A project to be served.
#[derive(Debug)]
pub struct Service {
    handle: Handle,
    root: PathBuf,
    messages: mpsc::UnboundedReceiver<Message>,
}

impl Service {
    /// A service of a project, and how it is spoken to. Opens nothing yet.
    #[must_use]
    pub fn new(name: Arc<str>, root: &Path, engine: Engine, source: Arc<dyn Source>) -> (Self, Handle) {
        let (sender, messages) = mpsc::unbounded_channel();
        let handle = Handle { name, engine, layout: Layout::new(root), source, sender };
        (Self { handle: handle.clone(), root: root.to_path_buf(), messages }, handle)
    }

    /// Serves it until it is told to end, and what is under way then has ended. Dropping the future leaves runs as a kill
    /// would: the next service goes on with them.
    ///
    /// # Errors
    /// The program has errors at the beginning, or the store cannot be opened.
    pub async fn serve(self, options: ServiceOptions, said: broadcast::Sender<Arc<Said>>) -> Result<(), Problem> {
        let Self { handle, root, messages } = self;
        let source = handle.source();
        let from = source.clone();
        let loaded = tokio::task::spawn_blocking(move || (from.stamp(), from.load())).await;
        let (stamp, loaded) = loaded.map_err(|error| Problem::Program(error.to_string()))?;
        let program = loaded.map_err(Problem::Program)?;
        let teller = Teller { project: handle.name.clone(), said };
        let held = hold(&handle, &program, &teller).await?;
        let writer = StartWriter::open(&handle.layout)?;
        let mut going = Going {
            writer,
            held: Arc::new(held),
            scheduler: Scheduler::new(StartId(1)),
            program: program.clone(),
            source,
            stamp,
            year: year(now()),
            refused: None,
            stalled: None,
            ending: None,
            drain: options.drain,
            is_looking: false,
            once: BTreeMap::new(),
            since: Timestamp::now(),
            root,
            runs: BTreeMap::new(),
            tasks: JoinSet::new(),
            places: Arc::new(Semaphore::new(options.parallel.max(1))),
            teller,
            handle,
        };
        going.restore()?;
        going.teller.say(What::Serving { flows: going.watched() });
        going.go(messages).await;
        Ok(())
    }
}

async fn hold(handle: &Handle, program: &Program, teller: &Teller) -> Result<Held, Problem> {
    let (progress, mut happenings) = broadcast::channel::<Progress>(16);
    let told = teller.clone();
    let telling = tokio::spawn(async move {
        while let Ok(progress) = happenings.recv().await {
            if let flow_engine::Happening::Locked { pid, run, since } = progress.what {
                told.say(What::Locked { by: flow_engine::LockHolder { pid, run, since }.to_string() });
            }
        }
    });
    let held = handle.engine.hold_long(program, &progress, &Cancel::never()).await;
    telling.abort();
    Ok(held?)
}

/// Tells whoever listens.
#[derive(Clone, Debug)]
struct Teller {
    project: Arc<str>,
    said: broadcast::Sender<Arc<Said>>,
}

impl Teller {
    fn say(&self, what: What) {
        let _ = self.said.send(Arc::new(Said { at: Timestamp::now(), project: self.project.clone(), what }));
    }
}

/// A run, with what ends it.
struct Run {
    about: UnderWay,
    cancel: CancelSource,
}

/// How a run's task ended.
type Ended = (StartId, Result<RunSummary, Failed>);

/// Why a run did not begin, or did not go on.
enum Failed {
    /// It cannot be planned.
    Plan(Due, String),
    Engine(String),
}

/// A service that goes on.
struct Going {
    handle: Handle,
    root: PathBuf,
    held: Arc<Held>,
    writer: StartWriter,
    scheduler: Scheduler,
    program: Arc<Program>,
    source: Arc<dyn Source>,
    stamp: String,
    year: i16,
    refused: Option<String>,
    /// Since when the store has failed, and why.
    stalled: Option<(Instant, String)>,
    /// Since when it ends.
    ending: Option<Instant>,
    drain: Duration,
    is_looking: bool,
    once: BTreeMap<Name, Arc<str>>,
    since: Timestamp,
    runs: BTreeMap<StartId, Run>,
    tasks: JoinSet<Ended>,
    places: Arc<Semaphore>,
    teller: Teller,
}

impl Going {
    async fn go(&mut self, mut messages: mpsc::UnboundedReceiver<Message>) {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        // What waits for a person may wait for days: it is left, as by a kill.
        while !self.ending.is_some_and(|since| self.tasks.is_empty() || since.elapsed() >= self.drain) {
            let until_tick = self.until_tick();
            tokio::select! {
                message = messages.recv() => match message {
                    Some(message) => self.told(message),
                    None => drop(self.ending.get_or_insert_with(Instant::now)),
                },
                Some(ended) = self.tasks.join_next() => match ended {
                    Ok((start, result)) => self.ended(start, result),
                    // A run's task that panics is a mistake of ours: its journal is there, so it is as if it was killed.
                    Err(error) => self.teller.say(What::Stalled { why: format!("a run broke off: {error}") }),
                },
                _ = looks.tick() => self.look_around(),
                () = tokio::time::sleep(until_tick), if self.ending.is_none() => self.tick(),
            }
        }
        for run in self.runs.values() {
            self.teller.say(What::Left { run: run.about.run.clone(), flow: run.about.flow.clone() });
        }
        self.tasks.shutdown().await;
    }

    /// How long nothing is due. The wall clock may be set, so it is looked at every second at least.
    fn until_tick(&self) -> Duration {
        let due = self.scheduler.next_tick().map(|next| next.saturating_sub(now()).max(0));
        let due = due.map_or(LOOK_EVERY, |ms| Duration::from_millis(ms.unsigned_abs()));
        if self.stalled.is_some() { LOOK_EVERY } else { due.min(LOOK_EVERY) }
    }

    fn tick(&mut self) {
        if let Some((since, _)) = &self.stalled {
            if since.elapsed() < TRY_STORE_AGAIN {
                return;
            }
            // As after a kill: what is durable counts.
            if let Err(error) = self.restore() {
                self.stalled = Some((Instant::now(), error.to_string()));
                return;
            }
        }
        let now = now();
        if year(now) != self.year {
            self.reload();
        }
        let turn = self.scheduler.on(Event::Tick, now);
        self.follow(turn);
    }

    fn told(&mut self, message: Message) {
        match message {
            Message::Ask { due, answer } => drop(answer.send(self.asked(*due))),
            Message::Cancel { run, answer } => {
                let found =
                    self.runs.values().find(|known| *known.about.run == *run || known.about.run.ends_with(&run));
                let found = found.ok_or(Problem::NoRun(run)).map(|known| {
                    known.cancel.cancel();
                    known.about.run.clone()
                });
                let _ = answer.send(found);
            }
            Message::Resume { run, answer } => drop(answer.send(self.resumed(*run))),
            Message::Stand(answer) => drop(answer.send((self.standing(), self.program.clone()))),
            Message::Placed(start) => {
                if let Some(run) = self.runs.get_mut(&start) {
                    run.about.has_place = true;
                }
            }
            Message::Looked(look) => self.looked(*look),
            Message::End => drop(self.ending.get_or_insert_with(Instant::now)),
        }
    }

    fn asked(&mut self, due: Due) -> Result<Asked, Problem> {
        if self.ending.is_some() {
            return Err(Problem::Ending);
        }
        let Some(flow) = self.program.flows.get(&due.flow) else { return Err(Problem::NoFlow(due.flow.to_string())) };
        let labelled =
            flow.params.iter().find(|param| !param.labels.is_empty() && due.params.contains_key(&*param.name));
        if let Some(param) = labelled {
            return Err(Problem::Labelled(param.name.clone()));
        }
        let turn = self.scheduler.on(Event::Asked(due), now());
        let Some(record) = turn.records.last().cloned() else { return Err(Problem::Ending) };
        self.follow(turn);
        if let Some((_, why)) = &self.stalled {
            return Err(Problem::Program(why.clone()));
        }
        let run = self.runs.get(&record.id).map(|run| run.about.run.clone());
        Ok((record, run))
    }

    fn resumed(&mut self, row: RunRow) -> Result<Arc<str>, Problem> {
        if self.ending.is_some() {
            return Err(Problem::Ending);
        }
        if self.runs.values().any(|known| known.about.run == row.run) {
            return Err(Problem::Over(row.run));
        }
        // One that was run by hand has no start of ours: a number that no start gets.
        let start = self.handle.reader()?.map_or(Ok(None), |reader| reader.start_of(&row.run))?;
        let known = start.as_ref().and_then(record).map(|record| (record.id, record.due));
        let (id, due) = known.unwrap_or_else(|| {
            let below = self.runs.keys().filter(|id| id.0 > u64::MAX / 2).map(|id| id.0).min().unwrap_or(u64::MAX);
            let (flow, cause) = (Name::new(&*row.flow), Cause::Hand("".into()));
            let nominal = row.start.started.as_millisecond();
            (StartId(below - 1), Due { flow, cause, nominal, mark: None, clause: None, params: BTreeMap::new() })
        });
        let run = row.run.clone();
        tokio::task::block_in_place(|| self.writer.over(id.0, false))?;
        self.go_on(id, row, &due);
        Ok(run)
    }

    /// Writes down what was decided, and does it.
    fn follow(&mut self, turn: Turn) {
        let Turn { records, commands } = turn;
        if records.is_empty() && commands.is_empty() {
            return;
        }
        let runs: BTreeMap<StartId, Arc<str>> = records
            .iter()
            .filter(|record| record.ruling == Ruling::Run)
            .map(|run| (run.id, Engine::new_run()))
            .collect();
        let rows: Vec<StartRow> = records.iter().map(|record| row(record, runs.get(&record.id).cloned())).collect();
        if let Err(error) = tokio::task::block_in_place(|| self.writer.write(&rows)) {
            self.stall(error.to_string());
            return;
        }
        for record in records {
            let run = runs.get(&record.id).cloned();
            self.teller.say(What::Decided { record: Box::new(record), run });
        }
        for command in commands {
            match command {
                Command::Run(id, due) => {
                    if let Some(run) = runs.get(&id) {
                        self.begin(id, run.clone(), due);
                    }
                }
                Command::Cancel(id) => self.runs.get(&id).into_iter().for_each(|run| run.cancel.cancel()),
            }
        }
    }

    fn stall(&mut self, why: String) {
        self.teller.say(What::Stalled { why: why.clone() });
        self.stalled = Some((Instant::now(), why));
    }

    /// Begins a run, in a task of its own.
    fn begin(&mut self, id: StartId, run: Arc<str>, due: Due) {
        let token = self.under_way(id, run.clone(), &due);
        let (engine, held, source) = (self.handle.engine.clone(), self.held.clone(), self.source.clone());
        let (program, places) = (self.program.clone(), self.places.clone());
        let (progress, sender) = (self.watch(&run), self.handle.sender.clone());
        self.tasks.spawn(async move {
            let _place = places.acquire_owned().await;
            let _ = sender.send(Message::Placed(id));
            let asked = due.clone();
            let planned = tokio::task::spawn_blocking(move || {
                source.plan(&program, &asked.flow, asked.clause, &asked.params, timestamp(asked.nominal))
            });
            let plan = match planned.await {
                Ok(Ok(plan)) => plan,
                Ok(Err(why)) => return (id, Err(Failed::Plan(due, why))),
                Err(error) => return (id, Err(Failed::Plan(due, error.to_string()))),
            };
            let ended = engine.run_as(&held, run, plan, progress, token).await;
            (id, ended.map_err(|error| Failed::Engine(error.to_string())))
        });
    }

    /// Goes on with a run that was cut off, in a task of its own.
    fn go_on(&mut self, id: StartId, row: RunRow, due: &Due) {
        let token = self.under_way(id, row.run.clone(), due);
        let (engine, held, source) = (self.handle.engine.clone(), self.held.clone(), self.source.clone());
        let (places, progress, sender) = (self.places.clone(), self.watch(&row.run), self.handle.sender.clone());
        let reader = self.handle.reader();
        self.teller.say(What::Resumed { run: row.run.clone(), flow: due.flow.clone() });
        self.tasks.spawn(async move {
            let failed = |why: String| (id, Err(Failed::Engine(why)));
            let _place = places.acquire_owned().await;
            let _ = sender.send(Message::Placed(id));
            let json = reader.and_then(|reader| reader.map_or(Ok(None), |reader| reader.plan(&row.plan)));
            let plan = match json {
                Ok(Some(json)) => source.plan_from_json(&json),
                Ok(None) => Err("its plan is no longer kept".into()),
                Err(error) => Err(error.to_string()),
            };
            match plan {
                Ok(plan) => {
                    let ended = engine.resume_held(&held, &row, plan, progress, token).await;
                    (id, ended.map_err(|error| Failed::Engine(error.to_string())))
                }
                Err(why) => failed(why),
            }
        });
    }

    fn under_way(&mut self, start: StartId, run: Arc<str>, due: &Due) -> Cancel {
        let (flow, cause, nominal) = (due.flow.clone(), due.cause.clone(), timestamp(due.nominal));
        let about = UnderWay { start, run, flow, cause, nominal, has_place: false };
        let (cancel, token) = CancelSource::new();
        self.runs.insert(start, Run { about, cancel });
        token
    }

    /// What a run tells goes to whoever listens.
    fn watch(&self, run: &Arc<str>) -> broadcast::Sender<Progress> {
        let (progress, mut happenings) = broadcast::channel::<Progress>(BACKLOG);
        let (teller, run) = (self.teller.clone(), run.clone());
        tokio::spawn(async move {
            loop {
                match happenings.recv().await {
                    Ok(progress) => teller.say(What::Run { run: run.clone(), progress: Box::new(progress) }),
                    Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => break,
                }
            }
        });
        progress
    }

    fn ended(&mut self, id: StartId, result: Result<RunSummary, Failed>) {
        let Some(run) = self.runs.remove(&id) else { return };
        let UnderWay { run, flow, .. } = run.about;
        let event = match &result {
            Err(Failed::Plan(due, why)) => Event::Refused(id, due.clone(), why.as_str().into()),
            _ => Event::Ended(id),
        };
        let (status, why) = match result {
            Ok(summary) => (Some(summary.status), None),
            Err(Failed::Plan(_, why) | Failed::Engine(why)) => (None, Some(why)),
        };
        if let Err(error) = tokio::task::block_in_place(|| self.writer.over(id.0, true)) {
            self.stall(error.to_string());
        }
        self.published_by(&run);
        self.teller.say(What::Ended { run, flow, status, why });
        let turn = self.scheduler.on(event, now());
        // What waits is begun with the next service.
        if self.ending.is_none() {
            self.follow(turn);
        }
    }

    /// Flows that start when a dataset is updated learn at once of what a run has published.
    fn published_by(&mut self, run: &str) {
        let watched = self.scheduler.watched();
        if watched.is_empty() || self.ending.is_some() {
            return;
        }
        let Ok(Some(reader)) = self.handle.reader() else { return };
        let versions = tokio::task::block_in_place(|| reader.versions_of_run(run)).unwrap_or_default();
        for (dataset, version) in versions.into_iter().filter(|(_, version)| version.written) {
            let dataset = Name::new(dataset);
            if watched.contains(&dataset) {
                let turn = self.scheduler.on(Event::Seen { dataset, content: version.fingerprint.hash }, now());
                self.follow(turn);
            }
        }
    }

    fn look_around(&mut self) {
        if self.is_looking || self.ending.is_some() {
            return;
        }
        self.is_looking = true;
        let (engine, source, program) = (self.handle.engine.clone(), self.source.clone(), self.program.clone());
        let about = (self.stamp.clone(), self.scheduler.watched(), std::mem::take(&mut self.once));
        let sender = self.handle.sender.clone();
        tokio::spawn(async move {
            let found = look(engine, source, program, about).await;
            let _ = sender.send(Message::Looked(Box::new(found)));
        });
    }

    fn looked(&mut self, look: Look) {
        self.is_looking = false;
        self.once = look.once;
        if self.ending.is_some() || self.stalled.is_some() {
            return;
        }
        match look.program {
            Some((stamp, Ok(program))) => {
                (self.stamp, self.program, self.refused) = (stamp, program, None);
                self.reload();
                self.teller.say(What::Reloaded { flows: self.watched() });
            }
            Some((stamp, Err(problems))) => {
                self.stamp = stamp;
                self.refused = Some(problems.clone());
                self.teller.say(What::Refused { problems });
            }
            None => {}
        }
        for (dataset, content) in look.seen {
            let turn = self.scheduler.on(Event::Seen { dataset, content }, now());
            self.follow(turn);
        }
    }

    /// Takes in the program: it has changed, or the year has.
    fn reload(&mut self) {
        self.year = year(now());
        // Starts that were missed may be those of the year before.
        let horizon = Horizon::starting(self.year - 1);
        let turn = self.scheduler.adopt(&self.program, horizon, now());
        self.follow(turn);
    }

    /// Goes on from what is durable, as after a kill: with runs that were cut off, and with those that had not begun.
    fn restore(&mut self) -> Result<(), StoreError> {
        let reader = self.handle.reader()?;
        let rows = reader.as_ref().map_or(Ok(vec![]), Reader::starts_to_go_on_from)?;
        let (mut again, mut over) = (vec![], vec![]);
        let mut known = vec![];
        for row in rows {
            let Some(record) = record(&row) else { continue };
            let to_run = record.ruling == Ruling::Run && !row.is_over && !self.runs.contains_key(&record.id);
            if let Some(run) = row.run.clone().filter(|_| to_run) {
                let there = reader.as_ref().map_or(Ok(None), |reader| reader.run_of_id(&run))?;
                match there {
                    Some(row) if row.ended.is_some() => over.push(record.id),
                    there => again.push((record.id, run, record.due.clone(), there)),
                }
            }
            known.push((record, row.is_over));
        }
        let mut scheduler = Scheduler::new(StartId(1));
        scheduler.restore(known);
        self.scheduler = scheduler;
        self.stalled = None;
        self.reload();
        for (id, run, due, there) in again {
            match there {
                Some(row) => self.go_on(id, row, &due),
                None => self.begin(id, run, due),
            }
        }
        for id in over {
            self.writer.over(id.0, true)?;
            let turn = self.scheduler.on(Event::Ended(id), now());
            self.follow(turn);
        }
        match self.stalled.take() {
            None => Ok(()),
            Some((_, why)) => Err(StoreError::Damaged { path: self.root.clone(), reason: why }),
        }
    }

    fn watched(&self) -> usize {
        self.program.flows.values().filter(|flow| !flow.starts.is_empty()).count()
    }

    fn standing(&self) -> Standing {
        let flows = || self.program.flows.keys();
        let waiting = flows().flat_map(|flow| self.scheduler.under_way(flow).1).collect();
        let next = flows().filter_map(|flow| Some((flow.clone(), timestamp(self.scheduler.next_start(flow)?))));
        Standing {
            project: self.handle.name.clone(),
            root: self.root.clone(),
            since: self.since,
            refused: self.refused.clone(),
            stalled: self.stalled.as_ref().map(|(_, why)| why.clone()),
            is_ending: self.ending.is_some(),
            runs: self.runs.values().map(|run| run.about.clone()).collect(),
            waiting,
            next: next.collect(),
        }
    }
}

fn now() -> i64 {
    Timestamp::now().as_millisecond()
}

fn year(ms: i64) -> i16 {
    timestamp(ms).to_zoned(TimeZone::UTC).year()
}
