//! `flowc plan`: what would run and why, what would not and why, worst cases, what is read and written.

use crate::{
    backfill::{Varied, listing},
    cli::{Format, Global, Supposed},
    columns::{Cell, columns, columns_within},
    engine,
    exit::{Exit, Failure, Outcome},
    project::{Project, write_whole},
    request::{Request, Requested, describe, is_step},
    ui::{Style, Ui, paint},
};
use clap::Args;
use flow_compiler::failures::courses;
use flow_engine::{Looking, Options};
use flow_exec::{Coverage, compiled_rules};
use flow_expr::{Name, redact::redact};
use flow_plan::{Bound, Deadline, NodeKind, Plan as Frozen, Provenance, Verdict, words};
use std::path::PathBuf;

/// Most rows that are shown without `--verbose`.
const MOST_ROWS: usize = 60;

/// Shows what a run would do, and why, without doing it
#[derive(Debug, Args)]
pub(crate) struct Plan {
    #[command(flatten)]
    request: Request,
    /// Writes the plan to this file, for `flowc run FILE`
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    supposed: Supposed,
    /// text, or json for tools
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

impl Plan {
    pub(crate) fn run(&self, global: &Global, ui: &Ui) -> Outcome {
        let global = &self.supposed.with(global);
        if self.out.is_some() && !global.assume.is_empty() {
            return Err(Failure::wrong("a plan for running rests on no assumption: leave out --assume or --out"));
        }
        let project = Project::find(global)?;
        let Some(mut plans) = decided(&project, &self.request, global, ui, Looking::AtFiles)? else {
            return Ok(Exit::Wrong);
        };
        if let Some(path) = &self.out {
            let [(_, plan)] = &mut plans[..] else {
                return Err(Failure::wrong("a file holds one plan, and a range gives many"));
            };
            plan.seal();
            write_whole(path, &plan.to_json())?;
            ui.say(&format!("wrote {}", path.display()));
        }
        match self.format {
            Format::Json if self.out.is_none() => show(&mut plans, true, ui)?,
            Format::Json => {}
            Format::Text if ui.quiet => {}
            Format::Text => show(&mut plans, false, ui)?,
        }
        // The process is about to end, and takes back the memory of a large plan faster than piece by piece.
        std::mem::forget(plans);
        Ok(Exit::Done)
    }
}

/// Shows plans: one in full, those of a range a line each.
pub(crate) fn show(plans: &mut [Decided], as_json: bool, ui: &Ui) -> Result<(), Failure> {
    match plans {
        plans if as_json => plans.iter_mut().try_for_each(|(_, plan)| {
            plan.seal();
            ui.out(&plan.to_json())
        }),
        [(_, plan)] => ui.out(&text(plan, ui)),
        plans => ui.out(&listing(plans, ui)),
    }
}

/// A plan with its decisions, and what is its own in a range of values.
pub(crate) type Decided = (Option<Varied>, Frozen);

/// The plans with their decisions; none if the program has errors, which have been shown then.
pub(crate) fn decided(
    project: &Project,
    request: &Request,
    global: &Global,
    ui: &Ui,
    looking: Looking,
) -> Result<Option<Vec<Decided>>, Failure> {
    let Some(requested) = request.resolve(project, global, ui)? else { return Ok(None) };
    let engine = engine::of(project, Options::default());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::environment(format!("starting the runtime: {error}")))?;
    let plan = |requested: Requested| {
        let plan = runtime.block_on(engine.plan(requested.plan, &requested.choice, looking))?;
        Ok((requested.varied, plan))
    };
    let plans: Result<Vec<_>, _> = requested.into_iter().map(plan).collect();
    plans.map(Some).map_err(|error| engine::failure(&error))
}

/// The plan for people.
pub(crate) fn text(plan: &Frozen, ui: &Ui) -> String {
    let color = ui.color_out;
    let mut out =
        format!("{} {}\n", paint(color, Style::Bold, "plan of"), paint(color, Style::Bold, plan.flow.as_str()));
    let Some(flow) = plan.program.flows.get(&plan.flow) else { return out };
    for (name, value) in &plan.params {
        let param = flow.params.iter().find(|param| param.name == *name);
        let (ty, labels) = param.map_or((None, &[][..]), |param| (Some(&param.ty), &param.labels));
        let seen = redact(value, ty, labels, &plan.program.types);
        out.push_str(&format!("  with {name} = {}\n", words::value(&seen)));
    }
    let kinds: std::collections::HashMap<u32, &NodeKind> = flow.nodes().map(|node| (node.id.0, &node.kind)).collect();
    let labels: std::collections::HashMap<u32, &str> = flow.nodes().map(|node| (node.id.0, &*node.label)).collect();
    let shown: Vec<_> = plan
        .decisions
        .iter()
        .filter(|(id, _)| ui.verbose || kinds.get(&id.0).is_some_and(|kind| is_step(kind)))
        .collect();
    let most = if ui.verbose { usize::MAX } else { MOST_ROWS };
    let rows: Vec<Vec<Cell>> = shown
        .iter()
        .take(most)
        .map(|(id, decision)| {
            let style = match decision.verdict {
                Verdict::Run => Style::Good,
                Verdict::Maybe => Style::Warn,
                Verdict::Reuse | Verdict::Skip => Style::Dim,
            };
            let reasons: Vec<String> = decision.reasons.iter().map(words::reason).collect();
            let bound = plan.bounds.nodes.get(&id.0).filter(|bound| bound.worst_ms > 0).map(bound).unwrap_or_default();
            vec![
                Cell::styled(format!("  {}", words::verdict(decision.verdict)), style),
                Cell::new(labels.get(&id.0).copied().unwrap_or_default()),
                Cell::styled(kinds.get(&id.0).map_or_else(String::new, |kind| describe(kind, plan)), Style::Dim),
                Cell::new(reasons.join("; ")),
                Cell::styled(bound, Style::Dim),
            ]
        })
        .collect();
    out.push_str(&columns_within(&rows, color, ui.width));
    if shown.len() > most {
        out.push_str(&format!("  … and {} more: --verbose shows all\n", shown.len() - most));
    }
    if ui.verbose {
        out.push_str(&failures(plan, flow, color));
        out.push_str(&rules(plan, flow, color));
    }
    // As a run counts them, unless there is nothing of the kind.
    let is_work =
        |kind: &NodeKind| matches!(kind, NodeKind::Call { .. } | NodeKind::Write { .. } | NodeKind::Flow { .. });
    let verdicts = |wanted: &dyn Fn(&NodeKind) -> bool| -> Vec<Verdict> {
        let counted = shown.iter().filter(|(id, _)| kinds.get(&id.0).is_some_and(|kind| wanted(kind)));
        counted.map(|(_, decision)| decision.verdict).collect()
    };
    let work = verdicts(&is_work);
    out.push_str(&totals(plan, &if work.is_empty() { verdicts(&is_step) } else { work }));
    out
}

/// For each call of an AI step: every class of failure, and where it ends.
fn failures(plan: &Frozen, flow: &flow_plan::Flow, color: bool) -> String {
    let mut rows = vec![];
    for node in flow.nodes() {
        let NodeKind::Call { step, recover, .. } = &node.kind else { continue };
        let Some(step) = plan.program.steps.get(step) else { continue };
        for (index, course) in courses(step, recover.is_some()).iter().enumerate() {
            let label = if index == 0 { node.label.to_string() } else { String::new() };
            let ways = Cell::new(course.to_string());
            rows.push(vec![
                Cell::new(format!("  {label}")),
                Cell::styled(course.trouble.to_string(), Style::Dim),
                ways,
            ]);
        }
    }
    let heading = || format!("{}\n", paint(color, Style::Bold, "what goes wrong, and where it ends"));
    if rows.is_empty() { String::new() } else { heading() + &columns(&rows, color) }
}

/// For each rule over the rows of a dataset of the flow: whether it is compiled, and from when on.
fn rules(plan: &Frozen, flow: &flow_plan::Flow, color: bool) -> String {
    let mut datasets: Vec<&Name> = vec![];
    for node in flow.nodes() {
        let (NodeKind::Read { dataset, .. } | NodeKind::Write { dataset, .. }) = &node.kind else { continue };
        if !datasets.contains(&dataset) {
            datasets.push(dataset);
        }
    }
    let mut rows = vec![];
    for dataset in datasets.into_iter().filter_map(|name| plan.program.datasets.get(name)) {
        for (index, rule) in compiled_rules(&plan.program, dataset).into_iter().enumerate() {
            let label = if index == 0 { dataset.name.short() } else { "" };
            let text = rule.column.map_or_else(|| rule.text.to_string(), |column| format!("{column}: {}", rule.text));
            let how = match rule.coverage {
                Coverage::Compiled { more_than, evaluated } if evaluated.is_empty() => {
                    format!("compiled for more than {more_than} rows")
                }
                Coverage::Compiled { more_than, evaluated } => {
                    format!("compiled in part for more than {more_than} rows: {}", evaluated.join(", "))
                }
                Coverage::Evaluated(why) => format!("evaluated row by row: {why}"),
            };
            rows.push(vec![Cell::new(format!("  {label}")), Cell::new(text), Cell::styled(how, Style::Dim)]);
        }
    }
    let heading = || format!("{}\n", paint(color, Style::Bold, "rules over rows"));
    if rows.is_empty() { String::new() } else { heading() + &columns(&rows, color) }
}

fn totals(plan: &Frozen, verdicts: &[Verdict]) -> String {
    let count = |wanted: Verdict| verdicts.iter().filter(|verdict| **verdict == wanted).count();
    let parts = [
        (count(Verdict::Run), "to run"),
        (count(Verdict::Maybe), "that may run"),
        (count(Verdict::Reuse), "up to date"),
        (count(Verdict::Skip), "left out"),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    let mut out = if count(Verdict::Run) + count(Verdict::Maybe) == 0 {
        format!("nothing to do: {} up to date\n", steps(count(Verdict::Reuse)))
    } else {
        format!("{}\n", parts.join(", "))
    };
    if let Some(worst) = &plan.bounds.flow {
        out.push_str(&format!("worst case: {}", bound(worst)));
        let finish = plan.program.flows.get(&plan.flow).and_then(|flow| flow.finish.as_ref());
        if let Some(finish) = finish {
            out.push_str(&match &finish.deadline {
                Deadline::Within(ms) => format!(", promised within {}", words::duration(*ms)),
                Deadline::By { minutes, zone } => {
                    let zone = zone.as_ref().map(|zone| format!(" in {zone}")).unwrap_or_default();
                    format!(", promised by {}{zone}", words::time_of_day(*minutes))
                }
            });
        }
        out.push('\n');
    }
    for flow in plan.program.flows.values().filter(|flow| !flow.budgets.is_empty()) {
        let budgets: Vec<String> = flow.budgets.iter().map(words::flow_budget).collect();
        out.push_str(&format!("budget of {}: {}\n", flow.name.short(), budgets.join("; ")));
    }
    out
}

fn bound(bound: &Bound) -> String {
    let provenance = match bound.provenance {
        Provenance::Declared => "declared",
        Provenance::Measured => "measured",
        Provenance::Assumed => "assumed",
    };
    format!("≤ {} ({provenance})", words::duration(bound.worst_ms))
}

pub(crate) fn steps(count: usize) -> String {
    format!("{count} step{}", if count == 1 { "" } else { "s" })
}
