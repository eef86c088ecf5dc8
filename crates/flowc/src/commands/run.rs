//! `flowc run`: runs a flow, or exactly what a plan file says.

use crate::{
    cli::Global,
    commands::plan,
    engine,
    exit::{Exit, Failure, Outcome},
    live::{self, RunFormat},
    places,
    project::Project,
    request::{Request, Requested},
    ui::Ui,
};
use clap::Args;
use flow_driver::Forced;
use flow_engine::{Engine, EngineError, ExitClass, Options, Progress, RunSummary};
use flow_exec::api::CancelSource;
use std::{path::PathBuf, process, time::Duration};
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
    /// Waits so long for another run on this project to end, such as 10m
    #[arg(long, value_name = "TIME", value_parser = duration)]
    wait: Option<Duration>,
    /// Appends what models answer to a file, for `provider replay file("…")`
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Only shows what would be done, as `flowc plan` does
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
            let Some(plans) = plan::decided(&project, &self.request, global, ui)? else { return Ok(Exit::Wrong) };
            for plan in &plans {
                ui.out(&if self.format == RunFormat::Json { plan.to_json() } else { plan::text(plan, ui) })?;
            }
            return Ok(Exit::Done);
        }
        let Some(requested) = self.request.resolve(&project, global, ui)? else { return Ok(Exit::Wrong) };
        let options = Options { jobs: self.jobs, wait_for_lock: self.wait, ..Options::default() };
        let engine = match &self.record {
            Some(cassette) => engine::recording(&project, options, cassette)?,
            None => engine::of(&project, options),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::environment(format!("starting the runtime: {error}")))?;
        let count = requested.len();
        let mut exit = Exit::Done;
        for (requested, number) in requested.into_iter().zip(1..) {
            if count > 1 {
                ui.say(&format!("{number} of {count}: {}", given(&requested.plan)));
            }
            let flow = requested.plan.flow.clone();
            let files = requested.plan.program.files.clone();
            let summary = runtime.block_on(self.drive(&engine, requested, ui));
            let summary = summary.map_err(|error| engine::failure(&error))?;
            let place = |at| places::excerpt(&project, &files, at);
            live::summary::show(ui, self.format, &flow, &summary, &place)?;
            exit = match summary.exit_class {
                ExitClass::Done => exit,
                // What failed first names the exit code; the other runs of a range do not depend on it.
                _ if exit != Exit::Done => exit,
                ExitClass::StepFailed => Exit::StepFailed,
                ExitClass::ContractBroken => Exit::ContractBroken,
                ExitClass::Cancelled => Exit::Cancelled,
            };
            if summary.exit_class == ExitClass::Cancelled {
                exit = Exit::Cancelled;
                break;
            }
        }
        // Threads that still wait for something must not hold up the end.
        runtime.shutdown_timeout(Duration::from_secs(2));
        Ok(exit)
    }

    async fn drive(&self, engine: &Engine, requested: Requested, ui: &Ui) -> Result<RunSummary, EngineError> {
        let Requested { mut plan, is_frozen, choice } = requested;
        if is_frozen {
            engine.verify_inputs(&plan).await?;
        } else if !choice.unselected.is_empty() {
            plan = engine.plan(plan, &choice).await?;
        }
        let (sender, receiver) = broadcast::channel::<Progress>(BACKLOG);
        let (source, cancel) = CancelSource::new();
        let watcher = tokio::spawn(live::watch(*ui, self.format, receiver));
        let signals = tokio::spawn(cancel_on_signals(source, *ui, self.format));
        let forced: Forced = choice.forced;
        let summary = engine.run(plan, forced, sender, cancel).await;
        signals.abort();
        // The channel is closed now, so the watcher ends when it has shown everything.
        let _ = watcher.await;
        summary
    }
}

/// The first Ctrl-C (or TERM) cancels, the second ends flowc at once.
///
/// Where the run is watched, the view says so: a line of somebody else's would end up under what moves.
async fn cancel_on_signals(source: CancelSource, ui: Ui, format: RunFormat) {
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

/// The parameters of a run, as they are given.
fn given(plan: &flow_plan::Plan) -> String {
    let params = plan.params.iter().map(|(name, value)| format!("{name}={}", flow_plan::words::value(value)));
    params.collect::<Vec<_>>().join(" ")
}

fn duration(text: &str) -> Result<Duration, String> {
    let parsed: jiff::SignedDuration =
        text.parse().map_err(|_| format!("`{text}` is no time: write 30s, 10m or 1h"))?;
    Duration::try_from(parsed).map_err(|_| "a time cannot be negative".into())
}
