//! `flowc cancel RUN`: ends a run, whoever drives it.

use crate::{
    cli::Global,
    commands::{doubts, resume::found},
    engine,
    exit::{Exit, Failure, Outcome},
    project::Project,
    served::Client,
    ui::Ui,
};
use clap::Args;
use flow_engine::{Cancelling, Engine, EngineError, LockHolder, Options};
use flow_store::SCHEDULER;
use std::{thread::sleep, time::Duration};

/// How often it is looked whether the run has ended.
const LOOK: Duration = Duration::from_millis(100);

/// Ends a run: one that goes on as Ctrl-C does, one that was cut off without running anything
#[derive(Debug, Args)]
pub(crate) struct Cancel {
    /// The run's id, a part of it that is its alone, or `last`
    run: String,
}

impl Cancel {
    pub(crate) fn run(&self, global: &Global, ui: &Ui) -> Outcome {
        if global.server.is_some() {
            return self.ask_service(global, ui);
        }
        let project = Project::find(global)?;
        let engine = engine::of(&project, Options::default());
        let (row, how) = engine.cancelling(&self.run).map_err(|error| engine::failure(&error))?;
        if let Cancelling::Driven(holder) = how {
            // A service is not ended for the sake of one run.
            if *holder.run == *SCHEDULER {
                return self.ask_service(global, ui);
            }
            ask(&row.run, &holder, ui)?;
            if wait(&engine, &row.run)? {
                ui.tell(&format!("run {} has ended", row.run));
                return Ok(Exit::Done);
            }
            ui.tell("its process is gone, and had not ended it");
        }
        let (row, plan) = found(&project, &engine, &row.run, |run, why| EngineError::CannotCancel { run, why })?;
        let in_doubt = doubts::of(&project, &engine, &row)?;
        let (sender, _) = tokio::sync::broadcast::channel(1);
        let runtime = engine::runtime()?;
        let summary = runtime.block_on(engine.cancel_cut_off(&row.run, plan, sender));
        summary.map_err(|error| engine::failure(&error))?;
        for row in in_doubt {
            let line = format!("`{}` may have taken effect: nobody has said", row.doubt.label);
            ui.tell(&row.said.as_ref().map_or(line, |said| format!("`{}`: {}", row.doubt.label, doubts::said(said))));
        }
        ui.tell(&format!("run {} is cancelled; nothing of it was run", row.run));
        Ok(Exit::Done)
    }

    fn ask_service(&self, global: &Global, ui: &Ui) -> Outcome {
        let client = Client::of(global)?.ok_or_else(|| {
            Failure::environment("the project is served by a process that does not say where it listens")
        })?;
        let answer = client.post(&format!("/runs/{}/cancel", self.run), &serde_json::Value::Null)?;
        ui.tell(&format!("asked the service to end run {}", answer["run"].as_str().unwrap_or(&self.run)));
        Ok(Exit::Done)
    }
}

/// Asks the process that drives a run to end it.
fn ask(run: &str, holder: &LockHolder, ui: &Ui) -> Result<(), Failure> {
    if holder.pid == 0 {
        return Err(Failure::environment(format!("run {run} just begins: ask again in a moment")));
    }
    flow_exec::interrupt(holder.pid).map_err(|error| {
        Failure::environment(format!("process {} cannot be asked to end run {run}: {error}", holder.pid))
    })?;
    let others = if *holder.run == *run { "" } else { "; all that goes on with it is ended too" };
    ui.tell(&format!("asked process {} to end run {run}{others}; waiting until it has", holder.pid));
    Ok(())
}

/// Waits until a run is over, or nobody drives it any more; whether it is over.
fn wait(engine: &Engine, run: &str) -> Result<bool, Failure> {
    loop {
        let is_driven = match engine.cancelling(run) {
            Ok((_, how)) => matches!(how, Cancelling::Driven(_)),
            Err(EngineError::CannotCancel { .. }) => return Ok(true),
            Err(error) => return Err(engine::failure(&error)),
        };
        if !is_driven {
            return engine.is_over(run).map_err(|error| engine::failure(&error));
        }
        sleep(LOOK);
    }
}
