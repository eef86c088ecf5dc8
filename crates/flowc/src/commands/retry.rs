//! `flowc retry RUN`: a new run that makes only what the old one did not.

use crate::{
    cli::Global,
    commands::{
        resume::{failure, found},
        run::{told, watched},
    },
    engine,
    exit::Outcome,
    live::RunFormat,
    places,
    project::Project,
    ui::Ui,
};
use clap::Args;
use flow_engine::{EngineError, Options};
use std::time::Duration;

/// Runs once more what failed or did not run in a run: what succeeded in it is not done again
#[derive(Debug, Args)]
pub(crate) struct Retry {
    /// The run's id, a part of it that is its alone, or `last`
    #[arg(default_value = "last")]
    run: String,
    /// Makes this step again as well, and all that follows from it
    #[arg(long, value_name = "STEP")]
    from: Option<String>,
    /// How many things are done at once [default: the number of cores]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    jobs: Option<u32>,
    /// text, or json: one event a line
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: RunFormat,
}

impl Retry {
    pub(crate) fn run(&self, global: &Global, ui: &Ui) -> Outcome {
        let project = Project::find(global)?;
        let engine =
            engine::of(&project, Options { jobs: self.jobs, keep: engine::keep(&project), ..Options::default() });
        let (row, plan) = found(&project, &engine, &self.run, |run, why| EngineError::CannotRetry { run, why })?;
        let (flow, files, follows) = (plan.flow.clone(), plan.program.files.clone(), plan.clone());
        let from = self.from.as_deref().map(Into::into);
        let runtime = engine::runtime()?;
        let retry = watched(*ui, self.format, |sender, cancel| engine.retry(&row.run, plan, from, sender, cancel));
        let summary = runtime.block_on(retry);
        // Threads that still wait for something must not hold up the end.
        runtime.shutdown_timeout(Duration::from_secs(2));
        let summary = summary.map_err(|error| failure(&error, &follows))?;
        told(ui, self.format, (&flow, ""), &summary, &|at| places::excerpt(&project, &files, at))
    }
}
