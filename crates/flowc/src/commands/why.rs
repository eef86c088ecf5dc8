//! `flowc why [RUN] STEP`: why a step ran, did not run, or failed; of what has not run yet, why it would.

use crate::{
    cli::{Format, Global},
    commands::{plan::decided, show::step_text},
    engine,
    exit::{Exit, Failure, Outcome},
    places, programs,
    project::Project,
    request::Request,
    ui::Ui,
};
use clap::Args;
use flow_engine::{Looking, Options};
use flow_plan::{Node, NodeKind, Reason, words};

/// Says why a step ran, did not run, or failed
#[derive(Debug, Args)]
pub(crate) struct Why {
    /// The run's id, a part of it that is its alone, or `last`; then the step, by its label. Of a step alone the last
    /// run is meant, or what a run would do if there was none
    #[arg(value_names = ["RUN", "STEP"], num_args = 1..=2, required = true)]
    of: Vec<String>,
    /// text, or json for tools
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

impl Why {
    pub(crate) fn run(&self, global: &Global, ui: &Ui) -> Outcome {
        let project = Project::find(global)?;
        let engine = engine::of(&project, Options::default());
        let (run, step) = match &self.of[..] {
            [run, step] => (run.as_str(), step),
            [step] if !engine.history(1).map_err(|error| engine::failure(&error))?.is_empty() => ("last", step),
            [step, ..] => return self.would(step, &project, global, ui),
            [] => return Err(Failure::wrong("of which step?")),
        };
        let detail = engine.why(run, step).map_err(|error| engine::failure(&error))?;
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

    /// What a run of each flow that has such a step would do with it, and why.
    fn would(&self, step: &str, project: &Project, global: &Global, ui: &Ui) -> Outcome {
        let program = programs::compiled(project, global).program;
        let is_meant = |node: &Node| {
            *node.label == *step || matches!(&node.kind, NodeKind::Call { step: called, .. } if called.short() == step)
        };
        let flows: Vec<&str> =
            program.flows.values().filter(|flow| flow.nodes().any(is_meant)).map(|flow| flow.name.as_str()).collect();
        if flows.is_empty() {
            return Err(Failure::wrong(format!("nothing has run yet, and no flow has a step `{step}`")));
        }
        let mut told = vec![];
        for flow in flows {
            let Some(plans) = decided(project, &Request::of(flow), global, ui, Looking::AtFiles)? else {
                return Ok(Exit::Wrong);
            };
            for (_, plan) in plans {
                let Some(flow) = plan.program.flows.get(&plan.flow) else { continue };
                for node in flow.nodes().filter(|node| is_meant(node)) {
                    let Some((_, decision)) = plan.decisions.iter().find(|(id, _)| *id == node.id) else { continue };
                    told.push((plan.flow.clone(), node.label.clone(), decision.clone()));
                }
            }
        }
        if self.format == Format::Json {
            let steps: Vec<_> = told
                .iter()
                .map(|(flow, label, decision)| serde_json::json!({ "flow": flow, "step": label, "decision": decision }))
                .collect();
            ui.out(&format!("{:#}\n", serde_json::json!({ "format": 1, "planned": steps })))?;
            return Ok(Exit::Done);
        }
        for (flow, label, decision) in told {
            let reasons: Vec<String> = decision.reasons.iter().map(words::reason).collect();
            let verdict = words::verdict(decision.verdict);
            ui.out(&format!("{label} of {} has not run; the plan: {verdict}, {}\n", flow.short(), reasons.join("; ")))?;
        }
        Ok(Exit::Done)
    }
}
