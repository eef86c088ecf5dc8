//! The local engine: a project, its executor and its store, and what can be asked of them.
//!
//! Everything concrete is given to it; it decides nothing that the driver could.

use crate::{
    EngineError, ExitClass, FileMemory, Happening, NodeFailure, Progress, RunSummary,
    clock::Clock,
    held::{Held, Pools, random, run_id},
    plan::foresee,
    result::Shown,
    rim::Rim,
    run::{Over, Running},
    scratch::Scratch,
    watch::Watchers,
    work::Shared,
};
use flow_driver::{DRIVER_FORMAT, Driver, Forced, RunStart, RunStatus};
use flow_exec::api::{Cancel, DatasetRef, Execute};
use flow_expr::Name;
use flow_plan::{Decision, NodeId, NodeKind, Plan, Program, Reason, Verdict, deadlines};
use flow_store::{Keep, Layout, Reader, Store, Write};
use jiff::Timestamp;
use std::{
    collections::{BTreeSet, HashSet},
    num::NonZero,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::broadcast;

/// How a project is run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How many things are done at once; the number of cores if not given.
    pub jobs: Option<u32>,
    /// How long to wait for another run on the project to end; not given: not at all.
    pub wait_for_lock: Option<Duration>,
    /// What is thrown away before a run.
    pub keep: Keep,
}

/// What of a flow is run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Nodes that `--select` leaves out.
    pub unselected: BTreeSet<u32>,
    /// What runs whatever its records say.
    pub forced: Forced,
}

/// Where a plan looks to see what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looking {
    /// At files of this machine: nothing is connected to, no secret is read.
    AtFiles,
    /// Everywhere, as a run does: also at databases and URLs.
    Everywhere,
}

/// A project that can be planned, run and asked.
#[derive(Clone)]
pub struct Engine {
    pub(crate) layout: Layout,
    executor: Arc<dyn Execute>,
    pub(crate) memory: Arc<FileMemory>,
    pub(crate) options: Options,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("layout", &self.layout).field("options", &self.options).finish_non_exhaustive()
    }
}

impl Engine {
    /// The engine of a project. Opens and makes nothing.
    ///
    /// `memory` is what the executor was given too, so that what it finds out is kept.
    #[must_use]
    pub fn new(project: &Path, executor: Arc<dyn Execute>, memory: Arc<FileMemory>, options: Options) -> Self {
        Self { layout: Layout::new(project), executor, memory, options }
    }

    /// Fills in a plan's decisions and the versions of its inputs. Writes nothing; what it looks at is said.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn plan(&self, mut plan: Plan, choice: &Choice, looking: Looking) -> Result<Plan, EngineError> {
        let program = Arc::new(std::mem::take(&mut plan.program));
        let clock = Clock::start();
        let start = RunStart { dry: true, ..self.start(run_id(&clock), &program, &clock, choice.forced.clone()) };
        let (sender, _) = broadcast::channel(1);
        let reader = Reader::open(&self.layout)?;
        let shared = Arc::new(self.shared(&start, program.clone(), clock, sender, None, reader));
        let unselected: HashSet<u32> = choice.unselected.iter().copied().collect();
        let params = plan.params.clone();
        let driver = Driver::with_program(program.clone(), plan.flow.clone(), params, unselected, start);
        let foreseen = foresee(driver, &shared, looking).await?;
        // What a write looked at, to see whether somebody changed it, is no input.
        let read: HashSet<&Name> = program.flows.values().flat_map(|flow| flow.nodes()).filter_map(read_by).collect();
        plan.inputs = foreseen.inputs.into_iter().filter(|input| read.contains(&input.dataset)).collect();
        plan.decisions = foreseen.driver.into_decisions();
        // Large programs are not copied only to be looked at.
        drop(shared);
        plan.program = Arc::unwrap_or_clone(program);
        // What was left out says so, whether or not something of it was looked at.
        let left_out = || Decision { verdict: Verdict::Skip, reasons: vec![Reason::NotSelected] };
        plan.decisions.retain(|(node, _)| !choice.unselected.contains(&node.0));
        plan.decisions.extend(choice.unselected.iter().map(|node| (NodeId(*node), left_out())));
        plan.decisions.sort_by_key(|(node, _)| *node);
        Ok(plan)
    }

    /// Runs a plan. Events go to `progress`; a cancel ends what is under way and starts nothing more.
    ///
    /// # Errors
    /// The run could not begin, or the store failed. What fails inside the run is in its summary.
    pub async fn run(
        &self,
        plan: Plan,
        forced: Forced,
        progress: broadcast::Sender<Progress>,
        cancel: Cancel,
    ) -> Result<RunSummary, EngineError> {
        let held = self.hold(&plan.program, &progress, &cancel).await?;
        self.run_held(&held, plan, forced, progress, cancel).await
    }

    /// As [`Self::run`], in a project that is held; several of these may go on at once.
    ///
    /// # Errors
    /// The run could not begin, or the store failed. What fails inside the run is in its summary.
    pub async fn run_held(
        &self,
        held: &Held,
        plan: Plan,
        forced: Forced,
        progress: broadcast::Sender<Progress>,
        cancel: Cancel,
    ) -> Result<RunSummary, EngineError> {
        self.run_begun(held, held.begin()?, plan, forced, (progress, cancel)).await
    }

    /// As [`Self::run_held`], under an id that was given before: [`Self::new_run`].
    ///
    /// # Errors
    /// The run could not begin, or the store failed. What fails inside the run is in its summary.
    pub async fn run_as(
        &self,
        held: &Held,
        run: Arc<str>,
        plan: Plan,
        progress: broadcast::Sender<Progress>,
        cancel: Cancel,
    ) -> Result<RunSummary, EngineError> {
        self.run_begun(held, held.begin_as(run)?, plan, Forced::None, (progress, cancel)).await
    }

    /// An id for a run that will begin.
    #[must_use]
    pub fn new_run() -> Arc<str> {
        run_id(&Clock::start())
    }

    async fn run_begun(
        &self,
        held: &Held,
        (run, store): (Arc<str>, Arc<Store>),
        mut plan: Plan,
        forced: Forced,
        (progress, cancel): (broadcast::Sender<Progress>, Cancel),
    ) -> Result<RunSummary, EngineError> {
        let flow = plan.program.flows.get(&plan.flow);
        let nodes = flow.ok_or_else(|| EngineError::NoFlow(plan.flow.clone()))?.nodes().count();
        plan.seal();
        let program = Arc::new(plan.program.clone());
        let clock = Clock::start();
        let forced = if forced == Forced::None { forced_in(&plan) } else { forced };
        let _going = held.enter(&*self.executor);
        let unselected = unselected_in(&plan);
        let start = RunStart { unselected: sorted(&unselected), ..self.start(run, &program, &clock, forced) };
        begin(&store, &plan, &start)?;
        let watchers = Watchers { sender: progress.clone(), clock: clock.clone() };
        let reader = store.reader()?;
        let shared = Shared {
            pools: held.pools(),
            ..self.shared(&start, program.clone(), clock.clone(), progress, Some(store.clone()), Some(reader))
        };
        let run = start.run.clone();
        watchers.tell(Happening::RunStarted { run: run.clone(), flow: plan.flow.clone(), nodes });
        shared.rim.know_params(&plan.flow, &plan.params);
        let (rim, of) = (shared.rim.clone(), program.clone());
        let driver = Driver::with_program(program, plan.flow.clone(), plan.params.clone(), unselected, start.clone());
        let over = Running::new(driver, store, Arc::new(shared)).drive(cancel).await;
        // Best effort: a folder that stays goes with the others.
        let _ = std::fs::remove_dir_all(self.layout.scratch().join(&*run));
        let over = over?;
        let shown = self.shown(&over.driver, (&plan.flow, &of, &rim), start.started).await;
        Ok(summary(run, (start.started, clock.now()), over, (&rim, shown)))
    }

    pub(crate) fn executor(&self) -> &dyn Execute {
        &*self.executor
    }

    /// Whether the data that a plan was made for is still what is there.
    ///
    /// # Errors
    /// [`EngineError::InputsChanged`] with the datasets that are not the same.
    pub async fn verify_inputs(&self, plan: &Plan) -> Result<(), EngineError> {
        let program = Arc::new(plan.program.clone());
        let mut changed = vec![];
        for input in &plan.inputs {
            let partitioned = program.datasets.get(&input.dataset).is_some_and(|dataset| !dataset.partition.is_empty());
            if partitioned {
                continue;
            }
            if self.content_of(&program, &input.dataset).await != input.fingerprint {
                changed.push(input.dataset.clone());
            }
        }
        if changed.is_empty() { Ok(()) } else { Err(EngineError::InputsChanged(changed)) }
    }

    /// The digest of what is at a dataset's place now; none if nothing is, or if it cannot be looked at.
    pub async fn content_of(&self, program: &Arc<Program>, dataset: &Name) -> Option<Arc<str>> {
        let (program, dataset) = (program.clone(), dataset.clone());
        let dataset = DatasetRef { program, dataset, partition: vec![], now: Timestamp::now() };
        self.executor.fingerprint(dataset).await.ok().flatten().map(|there| there.hash)
    }

    pub(crate) fn start(&self, run: Arc<str>, program: &Program, clock: &Clock, forced: Forced) -> RunStart {
        let started = clock.now();
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        RunStart {
            run,
            seed: random(),
            started,
            jobs: self.options.jobs.unwrap_or(u32::try_from(cores).unwrap_or(1)).max(1),
            forced,
            unselected: vec![],
            deadlines: deadlines(program, started),
            retry: None,
            dry: false,
        }
    }

    pub(crate) fn shared(
        &self,
        start: &RunStart,
        program: Arc<Program>,
        clock: Clock,
        progress: broadcast::Sender<Progress>,
        store: Option<Arc<Store>>,
        reader: Option<Reader>,
    ) -> Shared {
        Shared {
            executor: self.executor.clone(),
            rim: Arc::new(Rim::new(program.clone(), self.layout.clone())),
            program,
            layout: self.layout.clone(),
            scratch: Scratch::new(&self.layout, &start.run),
            run: start.run.clone(),
            started: start.started,
            clock: clock.clone(),
            watchers: Watchers { sender: progress, clock },
            store,
            reader: reader.map(Mutex::new),
            pools: Pools::default(),
        }
    }
}

/// Writes down that a run of a sealed plan begins.
pub(crate) fn begin(store: &Store, plan: &Plan, start: &RunStart) -> Result<(), EngineError> {
    let known = store.reader()?.has_plan(&plan.hash)?;
    store.write(Write::Begin {
        start: Box::new(start.clone()),
        flow: plan.flow.0.clone(),
        plan_json: (!known).then(|| plan.to_json()),
        plan: plan.hash.clone(),
        format: DRIVER_FORMAT,
    });
    Ok(())
}

/// Nodes that a plan was told to run whatever their records say.
fn forced_in(plan: &Plan) -> Forced {
    let forced = plan.decisions.iter().filter(|(_, decision)| decision.reasons.contains(&Reason::Forced));
    let mut nodes: Vec<u32> = forced.map(|(node, _)| node.0).collect();
    nodes.sort_unstable();
    if nodes.is_empty() { Forced::None } else { Forced::Nodes(nodes) }
}

fn sorted(nodes: &HashSet<u32>) -> Vec<u32> {
    let mut nodes: Vec<u32> = nodes.iter().copied().collect();
    nodes.sort_unstable();
    nodes
}

fn unselected_in(plan: &Plan) -> HashSet<u32> {
    let unselected = plan
        .decisions
        .iter()
        .filter(|(_, decision)| decision.verdict == Verdict::Skip && decision.reasons.contains(&Reason::NotSelected));
    unselected.map(|(node, _)| node.0).collect()
}

pub(crate) fn summary(
    run: Arc<str>,
    (started, ended): (Timestamp, Timestamp),
    over: Over,
    (rim, shown): (&Rim, Shown),
) -> RunSummary {
    let Over { end, driver, broken } = over;
    let failures = driver.root_failures().into_iter();
    let shown = if end.status == RunStatus::Succeeded { shown } else { Shown::default() };
    RunSummary {
        run_id: run,
        status: end.status,
        started,
        ended,
        counts: end.counts,
        failures: failures
            .map(|(path, label, failure)| NodeFailure { path, label, failure: rim.failure((*failure).clone()) })
            .collect(),
        contracts: broken,
        late: end.late,
        exit_class: ExitClass::of(&end),
        result: shown.value,
        table: shown.table,
    }
}

/// The nodes that are left out when only these are selected: all others, but not what reads inputs or
/// computes small things that a selected node needs.
#[must_use]
pub fn unselected(program: &Program, flow: &Name, selected: &BTreeSet<u32>) -> BTreeSet<u32> {
    let Some(flow) = program.flows.get(flow) else { return BTreeSet::new() };
    let nodes: std::collections::HashMap<u32, &flow_plan::Node> =
        flow.body.all_nodes().map(|node| (node.id.0, node)).collect();
    let mut kept = BTreeSet::new();
    let mut open: Vec<u32> = selected.iter().copied().collect();
    while let Some(id) = open.pop() {
        let Some(node) = nodes.get(&id) else { continue };
        if !kept.insert(id) {
            continue;
        }
        open.extend(node.blocks().into_iter().flat_map(|block| block.nodes.iter().map(|node| node.id.0)));
        let cheap = |need: &u32| {
            nodes.get(need).is_some_and(|node| matches!(node.kind, NodeKind::Read { .. } | NodeKind::Compute { .. }))
        };
        open.extend(node.needs.iter().map(|need| need.0).filter(cheap));
    }
    // A node inside a selected or kept one is entered through those around it.
    let mut around: Vec<(u32, &flow_plan::Block)> = vec![];
    for node in flow.body.all_nodes() {
        around.extend(node.blocks().into_iter().map(|block| (node.id.0, block)));
    }
    for (owner, block) in around.into_iter().rev() {
        if block.nodes.iter().any(|node| kept.contains(&node.id.0)) {
            kept.insert(owner);
        }
    }
    nodes.keys().copied().filter(|id| !kept.contains(id)).collect()
}

/// The dataset that a node reads.
fn read_by(node: &flow_plan::Node) -> Option<&Name> {
    match &node.kind {
        NodeKind::Read { dataset, .. } | NodeKind::RequireFresh { dataset, .. } => Some(dataset),
        _ => None,
    }
}
