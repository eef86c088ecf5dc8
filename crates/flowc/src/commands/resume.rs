//! `flowc resume RUN`: goes on with a run that was cut off, or says what people must say first.

use crate::{
    arguments::suggested,
    cli::Global,
    commands::{
        doubts,
        run::{told, watched},
    },
    engine,
    exit::{Exit, Failure, Outcome},
    live::RunFormat,
    places,
    project::Project,
    served::Client,
    ui::Ui,
};
use clap::Args;
use flow_engine::{Engine, EngineError, Options, RunRow};
use flow_plan::Plan;
use std::time::Duration;

/// Goes on with a run whose process was killed: what was done stays done, waits and approvals stay as they were
#[derive(Debug, Args)]
pub(crate) struct Resume {
    /// The run's id, a part of it that is its alone, or `last` [default: the newest one that was cut off]
    run: Option<String>,
    /// text, or json: one event a line
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: RunFormat,
}

impl Resume {
    pub(crate) fn run(&self, global: &Global, ui: &Ui) -> Outcome {
        if let Some(client) = Client::of(global)? {
            return self.ask_service(&client, ui);
        }
        let project = Project::find(global)?;
        let engine = engine::of(&project, Options { keep: engine::keep(&project), ..Options::default() });
        let run = match &self.run {
            Some(run) => run.clone(),
            None => newest(&engine)?,
        };
        let (row, plan) = found(&project, &engine, &run, |run, why| EngineError::CannotResume { run, why })?;
        if let Some(reach) = engine.cut_off_at(&row).map_err(|error| engine::failure(&error))? {
            let until = reach.until.map(|until| format!(", until {}", crate::moment::moment(until)));
            let events = format!("{} events{}", reach.events, until.unwrap_or_default());
            ui.tell(&format!("run {} was cut off; its journal has {events}", row.run));
        }
        let (flow, files) = (plan.flow.clone(), plan.program.files.clone());
        let runtime = engine::runtime()?;
        let follows = plan.clone();
        let resume = watched(*ui, self.format, |sender, cancel| engine.resume(&row.run, plan, sender, cancel));
        let summary = runtime.block_on(resume);
        // Threads that still wait for something must not hold up the end.
        runtime.shutdown_timeout(Duration::from_secs(2));
        let summary = summary.map_err(|error| failure(&error, &follows))?;
        told(ui, self.format, (&flow, ""), &summary, &|at| places::excerpt(&project, &files, at))
    }

    /// Who serves the project has its runs.
    fn ask_service(&self, client: &Client, ui: &Ui) -> Outcome {
        let run = self.run.as_deref().unwrap_or("last");
        let answer = client.post(&format!("/runs/{run}/resume"), &serde_json::Value::Null)?;
        ui.tell(&format!("the service goes on with run {}", answer["run"].as_str().unwrap_or(run)));
        Ok(Exit::Done)
    }
}

/// The newest run that was cut off; the newest one if none was, which says why it cannot be gone on with.
fn newest(engine: &Engine) -> Result<String, Failure> {
    let failed = |error| engine::failure(&error);
    for row in engine.history(u32::MAX).map_err(failed)? {
        if row.ended.is_none() && engine.cut_off_at(&row).map_err(failed)?.is_some() {
            return Ok(row.run.to_string());
        }
    }
    Ok("last".into())
}

/// A run with the plan that it follows.
pub(crate) fn found(
    project: &Project,
    engine: &Engine,
    run: &str,
    cannot: impl FnOnce(std::sync::Arc<str>, String) -> EngineError,
) -> Result<(RunRow, Plan), Failure> {
    let row = engine.show(run).map_err(|error| engine::failure(&error))?.run;
    match engine::plan_of_run(project, &row.run)? {
        Some(plan) => Ok((row, plan)),
        None => Err(engine::failure(&cannot(row.run, "its plan is no longer kept".into()))),
    }
}

/// An error of going on with a run; of steps in doubt with the ways out.
pub(crate) fn failure(error: &EngineError, plan: &Plan) -> Failure {
    let EngineError::InDoubt { run, doubts: rows } = error else { return engine::failure(error) };
    let mut failure = engine::failure(error);
    for doubt in rows {
        failure.message.push_str(&format!("\n  {}", doubts::lines(doubt).join("\n  ")));
        for way in doubts::ways_out(run, doubt, Some(plan)) {
            failure.message.push_str(&format!("\n    {way}"));
        }
    }
    let then = suggested(&format!("resume {run}"));
    failure.hint(format!(
        "say what became of it, then `{then}` goes on; `{}` ends the run",
        suggested(&format!("cancel {run}"))
    ))
}
