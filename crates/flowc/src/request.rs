//! What `run` and `plan` are asked for: a flow or a plan file, parameters, a selection, what is forced.

use crate::{
    backfill::{Varied, expanded},
    cli::{Global, assignment},
    exit::Failure,
    moment::now,
    programs,
    project::Project,
    report::{self, ProblemFormat},
    ui::Ui,
};
use clap::Args;
use flow_compiler::Compilation;
use flow_diag::Problems;
use flow_driver::Forced;
use flow_engine::{Choice, unselected};
use flow_plan::{
    NodeKind, Plan,
    graph::Graph,
    select::{Selector, select},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// Arguments that `run` and `plan` share.
#[derive(Debug, Args)]
pub(crate) struct Request {
    /// The flow, by its name, or a plan file made with `flowc plan -o` [default: the only flow]
    #[arg(value_name = "FLOW|PLAN")]
    flow: Option<String>,
    /// Parameters of the flow; `--NAME VALUE` is understood too, and ranges and lists such as
    /// day=2026-01-01..2026-01-31,2026-02-05 make one run for each value
    #[arg(value_name = "NAME=VALUE", value_parser = assignment)]
    params: Vec<(String, String)>,
    /// Only this part of the flow, such as '+board_note' or 'tag:finance'
    #[arg(long, value_name = "SELECTOR")]
    select: Option<String>,
    /// Runs this part even if nothing changed; without a selector, everything
    #[arg(long, value_name = "SELECTOR", num_args = 0..=1, default_missing_value = "", require_equals = true)]
    force: Option<String>,
}

/// What is to be planned or run.
pub(crate) struct Requested {
    /// The plan, with decisions only if it came from a file.
    pub(crate) plan: Plan,
    /// Whether it came from a file, and so is for certain inputs.
    pub(crate) is_frozen: bool,
    /// What of it is run.
    pub(crate) choice: Choice,
    /// Which parameter differs in this one, if several were asked for.
    pub(crate) varied: Option<Varied>,
}

impl Request {
    /// A whole flow, as it is asked for by its name alone.
    pub(crate) fn of(flow: &str) -> Self {
        Self { flow: Some(flow.to_owned()), params: vec![], select: None, force: None }
    }

    /// The plans that are asked for, more than one for a range; none if the program has errors, which have
    /// been shown then.
    pub(crate) fn resolve(
        &self,
        project: &Project,
        global: &Global,
        ui: &Ui,
    ) -> Result<Option<Vec<Requested>>, Failure> {
        if let Some(path) = self.flow.as_deref().filter(|flow| flow.ends_with(".json")) {
            return self.frozen(Path::new(path), global).map(|requested| Some(vec![requested]));
        }
        // Trees and index have done their part: without them there is room for the plan.
        let Compilation { sources, problems, program, .. } = programs::compiled(project, global);
        let refused = |problems: &Problems| {
            report::show(ui, ProblemFormat::Text, problems, &sources)?;
            ui.say(&report::summary(ui, problems));
            Ok(None)
        };
        if problems.has_errors() {
            return refused(&problems);
        }
        // Without a flow's name, the first parameter stands in its place.
        let unnamed = self.flow.as_deref().filter(|flow| flow.contains('=')).map(assignment);
        let unnamed = unnamed.transpose().map_err(Failure::wrong)?;
        let params: BTreeMap<String, String> = self.params.iter().cloned().chain(unnamed).collect();
        let wanted = self.flow.as_deref().filter(|flow| !flow.contains('='));
        let flow = match flow_compiler::flow_meant(&program, wanted) {
            Ok(flow) => flow,
            Err(problems) => return refused(&problems),
        };
        let given = expanded(program.flows.get(&flow), &params)?;
        let mut part = program.into_part(&flow);
        let mut requested = Vec::with_capacity(given.len());
        for (place, (params, varied)) in given.iter().enumerate() {
            let part = if place + 1 < given.len() { part.clone() } else { std::mem::take(&mut part) };
            match flow_compiler::plan(part, &flow, params, now()) {
                Ok(plan) => {
                    let choice = self.choice(&plan)?;
                    requested.push(Requested { plan, is_frozen: false, choice, varied: varied.clone() });
                }
                Err(problems) => return refused(&problems),
            }
        }
        if ui.verbose {
            report::show(ui, ProblemFormat::Text, &problems, &sources)?;
        }
        Ok(Some(requested))
    }

    /// What was given besides a range, as it can be given again.
    pub(crate) fn besides(&self, varied: &str, global: &Global) -> String {
        let mut out = String::new();
        let quoted = |text: &str| match text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:+=,@".contains(c)) {
            true if !text.is_empty() => text.to_owned(),
            _ => format!("'{}'", text.replace('\'', "'\\''")),
        };
        // Without a flow's name, the first parameter stands in its place.
        let unnamed = self.flow.as_deref().and_then(|flow| assignment(flow).ok());
        for (name, value) in unnamed.iter().chain(&self.params).filter(|(name, _)| name != varied) {
            out.push_str(&format!(" --{} {}", name.replace('_', "-"), quoted(value)));
        }
        if let Some(selector) = &self.select {
            out.push_str(&format!(" --select {}", quoted(selector)));
        }
        if let Some(project) = &global.project {
            out.push_str(&format!(" --project {}", quoted(&project.display().to_string())));
        }
        if let Some(profile) = &global.profile {
            out.push_str(&format!(" --profile {}", quoted(profile)));
        }
        for (name, value) in &global.set {
            out.push_str(&format!(" --set {}", quoted(&format!("{name}={value}"))));
        }
        out
    }

    fn frozen(&self, path: &Path, global: &Global) -> Result<Requested, Failure> {
        let fixed = [
            (!self.params.is_empty(), "parameters"),
            (self.select.is_some(), "--select"),
            (!global.set.is_empty(), "--set"),
            (global.profile.is_some(), "--profile"),
        ];
        if let Some((_, what)) = fixed.iter().find(|(given, _)| *given) {
            return Err(Failure::wrong(format!("a plan file is run as it is: {what} cannot be given with it"))
                .hint("give them to `flowc plan -o` when the plan is made"));
        }
        let plan = programs::plan_file(path)?;
        let choice = self.choice(&plan)?;
        Ok(Requested { plan, is_frozen: true, choice, varied: None })
    }

    fn choice(&self, plan: &Plan) -> Result<Choice, Failure> {
        let mut choice = Choice::default();
        if self.select.is_none() && self.force.as_deref().is_none_or(str::is_empty) {
            choice.forced = if self.force.is_some() { Forced::All } else { Forced::None };
            return Ok(choice);
        }
        let graph = Graph::of(&plan.program);
        if let Some(text) = &self.select {
            let selected = nodes(&graph, plan, text)?;
            choice.unselected = unselected(&plan.program, &plan.flow, &selected);
        }
        if let Some(text) = &self.force {
            choice.forced = if text.is_empty() {
                Forced::All
            } else {
                Forced::Nodes(nodes(&graph, plan, text)?.into_iter().collect())
            };
        }
        Ok(choice)
    }
}

/// The numbers of the flow's nodes that a selector means.
fn nodes(graph: &Graph, plan: &Plan, text: &str) -> Result<BTreeSet<u32>, Failure> {
    let selector = Selector::parse(text).map_err(|error| Failure::wrong(error.to_string()))?;
    let chosen = select(graph, &selector).map_err(|error| Failure::wrong(error.to_string()))?;
    let chosen: BTreeSet<_> = chosen.into_iter().collect();
    let of_flow = graph.nodes(&plan.flow);
    let nodes: BTreeSet<u32> =
        of_flow.iter().filter(|(_, vertex)| chosen.contains(vertex)).map(|(id, _)| id.0).collect();
    if nodes.is_empty() {
        return Err(Failure::wrong(format!("`{text}` selects nothing of {}", plan.flow)));
    }
    Ok(nodes)
}

/// Whether people think of a node as something that is done, rather than as a value on the way.
pub(crate) fn is_step(kind: &NodeKind) -> bool {
    !matches!(kind, NodeKind::Compute { data: false, .. })
}

/// What a node is, in a few words: `sql step summarize`, `write yearly`.
pub(crate) fn describe(kind: &NodeKind, plan: &Plan) -> String {
    match kind {
        NodeKind::Call { step, .. } => {
            let body = plan.program.steps.get(step).map_or("step", |step| step.body.keyword());
            format!("{body} {}", step.short())
        }
        NodeKind::Read { dataset, .. } => format!("read {}", dataset.short()),
        NodeKind::Write { dataset, .. } => format!("write {}", dataset.short()),
        NodeKind::RequireFresh { dataset, .. } => format!("require {}", dataset.short()),
        NodeKind::Flow { flow, .. } => format!("flow {}", flow.short()),
        NodeKind::Compute { .. } => "compute".into(),
        NodeKind::If { .. } => "if".into(),
        NodeKind::Match { .. } => "match".into(),
        NodeKind::For { .. } => "for".into(),
        NodeKind::Wait { .. } => "wait".into(),
        NodeKind::Require { .. } => "require".into(),
    }
}
