//! `flowc why RUN STEP`: why a step ran, did not run, or failed.

use crate::{
    cli::{Format, Global},
    commands::show::step_text,
    engine,
    exit::{Exit, Outcome},
    places,
    project::Project,
    ui::Ui,
};
use clap::Args;
use flow_engine::Options;
use flow_plan::Reason;

/// Says why a step ran, did not run, or failed
#[derive(Debug, Args)]
pub(crate) struct Why {
    /// The run's id, a part of it that is its alone, or `last`
    run: String,
    /// The step, by its label
    step: String,
    /// text, or json for tools
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

impl Why {
    pub(crate) fn run(&self, global: &Global, ui: &Ui) -> Outcome {
        let project = Project::find(global)?;
        let engine = engine::of(&project, Options::default());
        let detail = engine.why(&self.run, &self.step).map_err(|error| engine::failure(&error))?;
        if self.format == Format::Json {
            ui.out(&format!("{:#}\n", serde_json::json!({ "format": 1, "step": detail })))?;
            return Ok(Exit::Done);
        }
        ui.out(&step_text(&detail, ui.color_out))?;
        let reasons = detail.node.decision.iter().flat_map(|decision| &decision.reasons);
        let failed = detail.node.failure.as_ref().and_then(|failure| failure.at);
        let changed: Vec<_> = reasons
            .filter_map(|reason| match reason {
                Reason::CodeChanged { at, .. } => Some(*at),
                _ => None,
            })
            .chain(failed)
            .collect();
        if !changed.is_empty()
            && let Some(plan) = engine::plan_of_run(&project, &detail.run)?
        {
            for at in changed {
                ui.out(&places::excerpt(&project, &plan.program.files, at))?;
            }
        }
        Ok(Exit::Done)
    }
}
