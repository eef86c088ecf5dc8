//! `flowc run`: runs a flow, or exactly what a plan file says.

use crate::{
    backfill::{self, Batch},
    cli::Global,
    commands::{doubts, plan},
    engine,
    exit::{Exit, Outcome},
    live::{self, RunFormat},
    places,
    project::Project,
    request::{Request, Requested},
    telemetry::{self, Telemetry},
    tests::ready::recordable,
    ui::Ui,
};
use clap::Args;
use flow_diag::Span;
use flow_driver::Forced;
use flow_engine::{Engine, EngineError, ExitClass, Looking, Options, Progress, RunSummary};
use flow_exec::api::{Cancel, CancelSource};
use flow_expr::Name;
use std::{path::PathBuf, process, sync::Arc, time::Duration};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::broadcast,
};

/// How many events a watcher may lag behind before it loses some.
const BACKLOG: usize = 16 * 1024;

/// Runs a flow: what changed, and what depends on it
#[derive(Debug, Args)]
pub(crate) struct Run {
    #[command(flatten)]
    request: Request,
    /// How many things are done at once [default: the number of cores]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    jobs: Option<u32>,
    /// Of a range of values, how many are run at once [default: one after the other]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    parallel: Option<u32>,
    /// Waits so long for another run on this project to end, such as 10m
    #[arg(long, value_name = "TIME", value_parser = duration)]
    wait: Option<Duration>,
    /// Appends what models answer to a file, for `provider replay file("…")`
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Only shows what would be done, as `flowc plan` does; may connect to look at databases and URLs
    #[arg(long)]
    dry_run: bool,
    /// text, or json: one event a line
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: RunFormat,
}

impl Run {
    pub(crate) fn run(&self, global: &Global, ui: &Ui) -> Outcome {
        let project = Project::find(global)?;
        if self.dry_run {
            let Some(mut plans) = plan::decided(&project, &self.request, global, ui, Looking::Everywhere)? else {
                return Ok(Exit::Wrong);
            };
            plan::show(&mut plans, self.format == RunFormat::Json, ui)?;
            return Ok(Exit::Done);
        }
        let Some(mut requested) = self.request.resolve(&project, global, ui)? else { return Ok(Exit::Wrong) };
        if self.record.is_some() {
            recordable(requested.iter().map(|requested| &requested.plan.program))?;
        }
        let parallel = self.parallel.unwrap_or(1).max(1);
        // Runs at once share the places that a single one would have.
        let jobs = match (self.jobs, parallel) {
            (jobs, 1) => jobs,
            (jobs, parallel) => Some(jobs.unwrap_or_else(cores).div_ceil(parallel)),
        };
        let options = Options { jobs, wait_for_lock: self.wait, keep: engine::keep(&project) };
        let (engine, scrub) = engine::running(&project, options, self.record.as_deref())?;
        let telemetry = Telemetry::of(&project, global, scrub, ui);
        let runtime = engine::runtime()?;
        let exit = match requested.pop() {
            Some(only) if requested.is_empty() => {
                doubts::warn(&project, &engine, &only.plan, ui);
                let drive = runtime.block_on(self.drive(&engine, only, telemetry.as_ref(), ui));
                self.told(drive, global, &project, ui)
            }
            last => {
                requested.extend(last);
                let varied = requested.first().and_then(|first| first.varied.as_ref()).map(|varied| &*varied.name);
                let mut given = self.request.besides(varied.unwrap_or_default(), global);
                if parallel > 1 {
                    given.push_str(&format!(" --parallel {parallel}"));
                }
                let parallel = parallel as usize;
                let format = self.format;
                let batch = Batch { project: &project, engine, telemetry, parallel, format, ui: *ui, given };
                runtime.block_on(backfill::run(batch, requested))
            }
        };
        // Threads that still wait for something must not hold up the end.
        runtime.shutdown_timeout(Duration::from_secs(2));
        exit
    }

    /// Shows what a run came to.
    fn told(
        &self,
        drive: (Ran, Result<RunSummary, EngineError>),
        global: &Global,
        project: &Project,
        ui: &Ui,
    ) -> Outcome {
        let (Ran { flow, files, is_labelled }, summary) = drive;
        // What nobody may see is not repeated.
        let again = if is_labelled { " …".into() } else { self.request.besides("", global) };
        let summary = summary.map_err(|error| engine::failure(&error))?;
        let place = |at| places::excerpt(project, &files, at);
        told(ui, self.format, (&flow, &again), &summary, &place)
    }

    async fn drive(
        &self,
        engine: &Engine,
        requested: Requested,
        telemetry: Option<&Telemetry>,
        ui: &Ui,
    ) -> (Ran, Result<RunSummary, EngineError>) {
        let Requested { mut plan, is_frozen, choice, .. } = requested;
        let params = plan.program.flows.get(&plan.flow).map(|flow| flow.params.as_slice()).unwrap_or_default();
        let is_labelled = params.iter().any(|param| !param.labels.is_empty());
        let ran = Ran { flow: plan.flow.clone(), files: plan.program.files.clone(), is_labelled };
        if is_frozen {
            if let Err(error) = engine.verify_inputs(&plan).await {
                return (ran, Err(error));
            }
        } else if !choice.unselected.is_empty() {
            match engine.plan(plan, &choice, Looking::Everywhere).await {
                Ok(decided) => plan = decided,
                Err(error) => return (ran, Err(error)),
            }
        }
        let forced: Forced = choice.forced;
        let mut follower = None;
        let summary = watched(*ui, self.format, |sender, cancel| {
            follower = telemetry.map(|telemetry| telemetry.follow(&plan, sender.subscribe()));
            engine.run(plan, forced, sender, cancel)
        })
        .await;
        telemetry::tell(follower, ui).await;
        (ran, summary)
    }
}

/// What was run, for telling where something went wrong.
struct Ran {
    flow: Name,
    files: Vec<Arc<str>>,
    /// Whether a parameter of the flow has a label.
    is_labelled: bool,
}

/// A run that is shown as it goes on, and cancelled by Ctrl-C.
pub(crate) async fn watched<F: Future<Output = Result<RunSummary, EngineError>>>(
    ui: Ui,
    format: RunFormat,
    run: impl FnOnce(broadcast::Sender<Progress>, Cancel) -> F,
) -> Result<RunSummary, EngineError> {
    let (sender, receiver) = broadcast::channel::<Progress>(BACKLOG);
    let (source, cancel) = CancelSource::new();
    let watcher = tokio::spawn(live::watch(ui, format, receiver, None));
    let signals = tokio::spawn(cancel_on_signals(source, ui, format));
    let summary = run(sender, cancel).await;
    signals.abort();
    // The channel is closed now, so the watcher ends when it has shown everything.
    let _ = watcher.await;
    summary
}

/// Tells how a run ended; gives what that means for whoever started it.
pub(crate) fn told(
    ui: &Ui,
    format: RunFormat,
    (flow, again): (&Name, &str),
    summary: &RunSummary,
    place: &dyn Fn(Span) -> String,
) -> Outcome {
    live::summary::tell(ui, format, ("", flow, again), summary, place)?;
    live::summary::result(ui, format, summary)?;
    Ok(match summary.exit_class {
        ExitClass::Done => Exit::Done,
        ExitClass::StepFailed => Exit::StepFailed,
        ExitClass::ContractBroken => Exit::ContractBroken,
        ExitClass::Cancelled => Exit::Cancelled,
    })
}

/// The first Ctrl-C (or TERM) cancels, the second ends flowc at once.
///
/// Where the run is watched, the view says so: a line of somebody else's would end up under what moves.
pub(crate) async fn cancel_on_signals(source: CancelSource, ui: Ui, format: RunFormat) {
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return;
    };
    let mut asked = false;
    loop {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        if asked {
            ui.tell("ended at once; what was under way may have left processes behind");
            process::exit(130);
        }
        asked = true;
        source.cancel();
        if ui.quiet || format == RunFormat::Json {
            ui.tell(live::plain::CANCELLING);
        }
    }
}

/// As many as this machine has.
fn cores() -> u32 {
    std::thread::available_parallelism().map_or(1, |count| u32::try_from(count.get()).unwrap_or(u32::MAX))
}

pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let parsed: jiff::SignedDuration =
        text.parse().map_err(|_| format!("`{text}` is no time: write 30s, 10m or 1h"))?;
    Duration::try_from(parsed).map_err(|_| "a time cannot be negative".into())
}
