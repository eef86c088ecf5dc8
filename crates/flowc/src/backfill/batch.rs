//! The runs of a range, so many at once. Each is a run like any other, with its own journal; together they
//! hold the project. A cancel ends those that are under way and begins no more.

use super::outcome::Outcomes;
use crate::{
    commands::run::cancel_on_signals,
    engine,
    exit::{Exit, Failure},
    live::{self, RunFormat},
    places,
    project::Project,
    request::Requested,
    telemetry::{self, Telemetry},
    ui::Ui,
};
use flow_diag::Span;
use flow_engine::{Engine, EngineError, Held, Looking, Progress, RunSummary};
use flow_exec::api::{Cancel, CancelSource};
use flow_plan::{NodeKind, Plan};
use std::{collections::BTreeMap, sync::Arc};
use tokio::{
    sync::broadcast,
    task::{Id, JoinSet},
};

/// How many events a watcher may lag behind before it loses some.
const BACKLOG: usize = 16 * 1024;

/// How the runs of a range are to be made.
pub(crate) struct Batch<'a> {
    pub(crate) project: &'a Project,
    pub(crate) engine: Engine,
    /// Who else is told; none if nobody is.
    pub(crate) telemetry: Option<Telemetry>,
    /// How many at once.
    pub(crate) parallel: usize,
    pub(crate) format: RunFormat,
    pub(crate) ui: Ui,
    /// What else was given on the command line, for the command that goes on.
    pub(crate) given: String,
}

/// Runs them all, and shows what became of them.
pub(crate) async fn run(batch: Batch<'_>, requested: Vec<Requested>) -> Result<Exit, Failure> {
    let Some(first) = requested.first() else { return Ok(Exit::Done) };
    if batch.parallel > 1 {
        check_places(&first.plan)?;
    }
    let (source, cancel) = CancelSource::new();
    let signals = tokio::spawn(cancel_on_signals(source, batch.ui, batch.format));
    let (sender, receiver) = broadcast::channel(16);
    let waiting = tokio::spawn(live::watch(batch.ui, batch.format, receiver, None));
    let held = batch.engine.hold(&first.plan.program, &sender, &cancel).await;
    drop(sender);
    let _ = waiting.await;
    let held = Arc::new(held.map_err(|error| engine::failure(&error))?);
    let outcomes = begin_all(&batch, held, &cancel, requested).await;
    signals.abort();
    let outcomes = outcomes?;
    outcomes.show(&batch.ui, batch.format)?;
    Ok(outcomes.exit())
}

/// Runs at once that replace the same dataset would leave whichever is last.
fn check_places(plan: &Plan) -> Result<(), Failure> {
    let mut nodes = plan.program.flows.values().flat_map(|flow| flow.nodes());
    let shared = nodes.find_map(|node| match &node.kind {
        NodeKind::Write { dataset, partition, .. } if partition.is_empty() => Some(dataset),
        _ => None,
    });
    let Some(dataset) = shared else { return Ok(()) };
    let (flow, dataset) = (plan.flow.short(), dataset.short());
    let message =
        format!("`{flow}` writes `{dataset}`, which has no partitions: runs at once would replace each other's");
    Err(Failure::wrong(message).hint("leave out --parallel, or give the dataset a `partition` and write `ds[key]`"))
}

async fn begin_all(
    batch: &Batch<'_>,
    held: Arc<Held>,
    cancel: &Cancel,
    requested: Vec<Requested>,
) -> Result<Outcomes, Failure> {
    let count = requested.len();
    let (flow, files) = match requested.first() {
        Some(first) => (first.plan.flow.clone(), first.plan.program.files.clone()),
        None => (flow_expr::Name::new(""), vec![]),
    };
    let place = |at: Span| places::excerpt(batch.project, &files, at);
    let values = requested.iter().filter_map(|each| each.varied.clone()).map(|varied| (varied, None));
    let mut outcomes = Outcomes { flow: flow.short().to_owned(), given: batch.given.clone(), runs: values.collect() };
    let mut left = requested.into_iter().enumerate();
    let mut going: JoinSet<Result<RunSummary, EngineError>> = JoinSet::new();
    let mut numbers: BTreeMap<Id, usize> = BTreeMap::new();
    let (mut broken, mut told) = (None, 0);
    loop {
        while going.len() < batch.parallel && broken.is_none() && !cancel.is_cancelled() {
            let Some((number, requested)) = left.next() else { break };
            let given = &outcomes.runs[number].0;
            let name = format!("{}={}", given.name, given.value);
            batch.ui.say(&format!("{} of {count}: {name}", number + 1));
            let prefix = (batch.parallel > 1).then_some(name);
            let show = Show { ui: batch.ui, format: batch.format, prefix, telemetry: batch.telemetry.clone() };
            let one = one(batch.engine.clone(), held.clone(), requested, show, cancel.clone());
            numbers.insert(going.spawn(one).id(), number);
        }
        let Some(done) = going.join_next_with_id().await else { break };
        let (id, result) = match done {
            Ok((id, result)) => (id, result.map_err(|error| engine::failure(&error))),
            Err(error) => (error.id(), Err(Failure::environment(format!("a run broke off: {error}")))),
        };
        let Some(number) = numbers.get(&id).copied() else { continue };
        match result {
            Ok(summary) => {
                let name = &outcomes.runs[number].0;
                let name = (batch.parallel > 1).then(|| format!("{}={}  ", name.name, name.value));
                let name = name.unwrap_or_default();
                live::summary::tell(&batch.ui, batch.format, (&name, &flow, ""), &summary, &place)?;
                outcomes.runs[number].1 = Some(summary);
            }
            Err(failure) => drop(broken.get_or_insert(failure)),
        }
        // Results come in the order of the values, whichever run ends first.
        while let Some((_, Some(summary))) = outcomes.runs.get(told) {
            live::summary::result(&batch.ui, batch.format, summary)?;
            told += 1;
        }
    }
    for (_, summary) in outcomes.runs.iter().skip(told) {
        summary.iter().try_for_each(|summary| live::summary::result(&batch.ui, batch.format, summary))?;
    }
    broken.map_or(Ok(outcomes), Err)
}

/// Who sees a run.
struct Show {
    ui: Ui,
    format: RunFormat,
    prefix: Option<String>,
    telemetry: Option<Telemetry>,
}

async fn one(
    engine: Engine,
    held: Arc<Held>,
    requested: Requested,
    show: Show,
    cancel: Cancel,
) -> Result<RunSummary, EngineError> {
    let Requested { mut plan, choice, .. } = requested;
    if !choice.unselected.is_empty() {
        plan = engine.plan(plan, &choice, Looking::Everywhere).await?;
    }
    let (sender, receiver) = broadcast::channel::<Progress>(BACKLOG);
    let follower = show.telemetry.map(|telemetry| telemetry.follow(&plan, sender.subscribe()));
    let watcher = tokio::spawn(live::watch(show.ui, show.format, receiver, show.prefix));
    let summary = engine.run_held(&held, plan, choice.forced, sender, cancel).await;
    // The channel is closed now, so the watcher ends when it has shown everything.
    let _ = watcher.await;
    telemetry::tell(follower, &show.ui).await;
    summary
}
