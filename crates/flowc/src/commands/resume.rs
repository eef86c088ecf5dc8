//! `flowc resume RUN`: goes on with a run that was cut off.

use crate::{
    cli::Global,
    commands::run::{told, watched},
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

/// Goes on with a run whose process was killed: waits and approvals stay as they were
#[derive(Debug, Args)]
pub(crate) struct Resume {
    /// The run's id, a part of it that is its alone, or `last`
    #[arg(default_value = "last")]
    run: String,
    /// text, or json: one event a line
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: RunFormat,
}

impl Resume {
    pub(crate) fn run(&self, global: &Global, ui: &Ui) -> Outcome {
        let project = Project::find(global)?;
        let engine = engine::of(&project, Options::default());
        let row = engine.show(&self.run).map_err(|error| engine::failure(&error))?.run;
        let gone = || EngineError::CannotResume { run: row.run.clone(), why: "its plan is no longer kept".into() };
        let plan = engine::plan_of_run(&project, &row.run)?.ok_or_else(|| engine::failure(&gone()))?;
        let (flow, files) = (plan.flow.clone(), plan.program.files.clone());
        let runtime = engine::runtime()?;
        let resume = watched(*ui, self.format, |sender, cancel| engine.resume(&row.run, plan, sender, cancel));
        let summary = runtime.block_on(resume);
        // Threads that still wait for something must not hold up the end.
        runtime.shutdown_timeout(Duration::from_secs(2));
        let summary = summary.map_err(|error| engine::failure(&error))?;
        told(ui, self.format, (&flow, ""), &summary, &|at| places::excerpt(&project, &files, at))
    }
}
