//! `flowc bounds`: how long flows may take, how far their starts lie apart, how old datasets may get, what asks may
//! cost, and why.

mod history;
mod spending;

use crate::{
    cli::{Format, Global, Supposed},
    columns::{Cell, columns},
    exit::{Exit, Failure, Outcome},
    programs,
    project::Project,
    report::{self, ProblemFormat},
    ui::{Style, Ui, paint},
};
use clap::Args;
use flow_compiler::{
    bounds::{Bounded, SystemBounds},
    calendar::moment,
    deadlines, freshness,
    path::{Leg, gain},
    spell,
    spend::Spending,
    terms,
};
use flow_diag::{Problems, Severity};
use flow_expr::Name;
use flow_plan::{CatchUp, Deadline, Flow, Node, NodeKind, Program, Provenance};
use history::History;
use serde_json::{Value as Json, json};

/// Shows what is proved: worst cases, times between starts, ages of datasets, what asks of models may cost
#[derive(Debug, Args)]
pub(crate) struct Bounds {
    /// A flow or dataset [default: all]
    name: Option<String>,
    /// Shows the critical path too, and how much time each other step has
    #[arg(long)]
    path: bool,
    /// Shows beside each bound what the journal says of past runs
    #[arg(long)]
    with_history: bool,
    #[command(flatten)]
    supposed: Supposed,
    /// text, or json for tools
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

impl Bounds {
    pub(crate) fn run(&self, global: &Global, ui: &Ui) -> Outcome {
        let global = &self.supposed.with(global);
        let project = Project::find(global)?;
        let compilation = programs::compiled(&project, global);
        // A promise or policy that cannot be kept is what this is for; anything else leaves parts of the program out.
        let broken = |code: &str| !["E07", "E08", "E0905", "E10"].iter().any(|shown| code.starts_with(shown));
        let broken = |severity, code: &str| severity == Severity::Error && broken(code);
        let wrong: Vec<_> = compilation
            .problems
            .0
            .iter()
            .filter(|found| broken(found.severity, found.code.as_str()))
            .cloned()
            .collect();
        if !wrong.is_empty() {
            let wrong = Problems(wrong);
            report::show(ui, ProblemFormat::Text, &wrong, &compilation.sources)?;
            ui.say(&report::summary(ui, &wrong));
            return Ok(Exit::Wrong);
        }
        let program = &compilation.program;
        let (flows, datasets) = self.meant(program)?;
        let mut bounds = SystemBounds::of(program, compilation.horizon);
        let spending = Spending::of(&mut bounds);
        let history = self.with_history.then(|| History::of(&project)).transpose()?;
        match self.format {
            Format::Json => {
                let flows_json: Vec<Json> = flows.iter().map(|flow| flow_json(&mut bounds, &spending, flow)).collect();
                let datasets_json: Vec<Json> = datasets.iter().map(|name| dataset_json(&bounds, name)).collect();
                let mut all = json!({ "format": 1, "flows": flows_json, "datasets": datasets_json });
                if let Some(history) = &history {
                    all["history"] = history.json(&bounds, &spending, (&flows, &datasets));
                }
                ui.out(&format!("{all:#}\n"))?;
            }
            Format::Text => {
                let mut lines = vec![];
                for flow in &flows {
                    lines.extend(flow_lines(&mut bounds, flow, ui.color_out));
                    lines.extend(spending::lines(&mut bounds, &spending, flow));
                    let measured = history.as_ref().map(|seen| seen.flow_lines(&bounds, &spending, flow, ui.color_out));
                    lines.extend(measured.iter().flat_map(|text| text.lines()).map(ToOwned::to_owned));
                }
                for name in &datasets {
                    lines.extend(dataset_lines(&bounds, name, ui.color_out));
                    let measured = history.as_ref().map(|seen| seen.dataset_lines(&bounds, name, ui.color_out));
                    lines.extend(measured.iter().flat_map(|text| text.lines()).map(ToOwned::to_owned));
                }
                ui.out(&lines.iter().map(|line| format!("{line}\n")).collect::<String>())?;
                if self.path {
                    for flow in &flows {
                        ui.out(&path_lines(&bounds, flow, ui.color_out))?;
                    }
                }
            }
        }
        Ok(Exit::Done)
    }

    /// The flows and written datasets that are asked for, by their whole or short names.
    fn meant<'p>(&self, program: &'p Program) -> Result<(Vec<&'p Flow>, Vec<&'p Name>), Failure> {
        let is_meant = |name: &Name| match &self.name {
            Some(wanted) => name.as_str() == wanted || name.short() == wanted,
            None => !name.as_str().starts_with("std."),
        };
        let flows: Vec<&Flow> = program.flows.values().filter(|flow| is_meant(&flow.name)).collect();
        let written = program.datasets.values().filter(|dataset| dataset.writer.is_some());
        let datasets: Vec<&Name> = written.map(|dataset| &dataset.name).filter(|name| is_meant(name)).collect();
        match &self.name {
            Some(wanted) if flows.is_empty() && datasets.is_empty() => Err(Failure::wrong(format!(
                "there is no flow `{wanted}`, and no dataset `{wanted}` that a flow writes"
            ))),
            _ => Ok((flows, datasets)),
        }
    }
}

fn provenance(provenance: Provenance) -> &'static str {
    match provenance {
        Provenance::Declared => "declared",
        Provenance::Measured => "measured",
        Provenance::Assumed => "assumed",
    }
}

/// `≤ 30m (declared)`.
fn at_most(ms: u64, of: Provenance) -> String {
    format!("≤ {} ({})", spell::length(ms), provenance(of))
}

/// A flow: how long it takes, when it starts, its deadline, what it reads.
fn flow_lines(bounds: &mut SystemBounds<'_>, flow: &Flow, color: bool) -> Vec<String> {
    let worst = bounds.durations.get(&flow.name).and_then(|bounds| bounds.flow.as_ref());
    let worst_ms = worst.map(|bound| bound.worst_ms);
    let takes = worst.map_or("no bound".to_owned(), |bound| at_most(bound.worst_ms, bound.provenance));
    let mut lines = vec![format!("{} {}  {takes}", "flow", paint(color, Style::Bold, flow.name.short()))];
    match bounds.rhythm(&flow.name) {
        Ok(rhythm) => {
            lines.push(format!("  {}", freshness::between(rhythm.gap, &rhythm.zone)));
            if rhythm.delay_ms > 0 {
                lines.push(format!("  a start comes up to {} after its calendar", spell::length(rhythm.delay_ms)));
            }
        }
        Err(none) => lines.push(format!("  no bound between starts: {}", none.why)),
    }
    match flow.catch_up {
        CatchUp::None if !flow.starts.is_empty() => {
            lines.push("  a start that is missed is not made up for: the next one counts from there".to_owned());
        }
        CatchUp::All => lines.push("  starts that are missed are all made up for, one after the other".to_owned()),
        CatchUp::None | CatchUp::Last => {}
    }
    if let (Some(finish), Some(worst_ms)) = (&flow.finish, worst_ms) {
        lines.extend(deadline(bounds, flow, &finish.deadline, worst_ms).map(|line| format!("  {line}")));
    }
    for (dataset, read) in bounds.inputs.get(&flow.name).into_iter().flatten() {
        let short = dataset.short();
        match read {
            Ok(input) => {
                let because = input.because.as_ref().map(|because| format!(": {because}")).unwrap_or_default();
                lines.push(format!("  reads {short}  {} old{because}", at_most(input.ms, input.provenance)));
            }
            Err(none) => lines.push(format!("  reads {short}  of any age: {}", none.why)),
        }
    }
    lines
}

/// The deadline, with the start that has the least time until it.
fn deadline(bounds: &mut SystemBounds<'_>, flow: &Flow, deadline: &Deadline, worst_ms: u64) -> Option<String> {
    let (allowed, what) = match deadline {
        Deadline::Within(within) => (*within, format!("finish within {}", spell::length(*within))),
        Deadline::By { .. } => {
            let tightest = deadlines::tightest(bounds, flow)?;
            let zone = bounds.rhythm(&flow.name).ok()?.zone.clone();
            let (from, to) = (moment(tightest.from, &zone), moment(tightest.to, &zone));
            (tightest.ms(), format!("finish by {to}, at the tightest, from {from}"))
        }
    };
    Some(match allowed.checked_sub(worst_ms) {
        Some(left) => format!("{what}: {} to spare", spell::length(left)),
        None => format!("{what}: {} too late", spell::length(worst_ms - allowed)),
    })
}

/// A dataset: how old it may get, as a sum, against its promise.
fn dataset_lines(bounds: &SystemBounds<'_>, name: &Name, color: bool) -> Vec<String> {
    let promise = promise(bounds, name);
    let promised = promise.map(|ms| format!(", promised within {}", spell::length(ms))).unwrap_or_default();
    let head = |what: &str| format!("dataset {}  {what}{promised}", paint(color, Style::Bold, name.short()));
    match bounds.age(name) {
        Ok(age) => {
            let mut lines = vec![head(&format!("{} old", at_most(age.total_ms, age.provenance)))];
            lines.push(format!("  {} = {}", freshness::sum(age), spell::length(age.total_ms)));
            lines.extend(age.input.as_ref().and_then(|input| input.because.as_ref()).map(|why| format!("  {why}")));
            lines
        }
        Err(none) => vec![head("of any age"), format!("  {}", none.why), format!("  {}", none.help)],
    }
}

fn promise(bounds: &SystemBounds<'_>, name: &Name) -> Option<u64> {
    bounds.program().datasets.get(name)?.fresh.as_ref().map(|fresh| fresh.within_ms)
}

/// The critical path of a flow, what helps most, and the slack of each step.
fn path_lines(bounds: &SystemBounds<'_>, flow: &Flow, color: bool) -> String {
    let path = deadlines::path(bounds, flow);
    let (Some(timeline), Some(parts)) = (bounds.timelines.get(&flow.name), bounds.durations.get(&flow.name)) else {
        return String::new();
    };
    let mut rows: Vec<Vec<Cell>> = vec![];
    for (node, slack) in flow.body.nodes.iter().zip(timeline.slack()) {
        let Some(bound) = parts.nodes.get(&node.id.0).filter(|bound| bound.worst_ms > 0) else { continue };
        let is_on_path = path.iter().any(|leg| leg.node == node.id);
        let kind = if matches!(node.kind, NodeKind::Call { .. }) { "" } else { "block or wait" };
        rows.push(vec![
            Cell::styled(format!("  {}", node.label), Style::Bold),
            Cell::new(at_most(bound.worst_ms, bound.provenance)),
            match is_on_path {
                true => Cell::styled("on the critical path", Style::Warn),
                false => Cell::new(format!("{} of slack", spell::length(slack))),
            },
            Cell::styled(kind, Style::Dim),
            Cell::new(sum(bounds.program(), node).unwrap_or_default()),
            waits(path.iter().find(|leg| leg.node == node.id)),
        ]);
        if let Some(leg) = path.iter().find(|leg| leg.node == node.id) {
            inside_rows(leg, 2, &mut rows);
        }
    }
    let title = paint(color, Style::Bold, &format!("the path of {}", flow.name.short()));
    let most = deadlines::helps_most(&path, |leg| gain(flow, parts, leg.node))
        .map(|(name, gain)| format!("  shortening `{name}` helps most: up to {} less\n", spell::length(gain)));
    format!("\n{title}\n{}{}", columns(&rows, color), most.unwrap_or_default())
}

/// How the worst case of a step that is called comes about.
fn sum(program: &Program, node: &Node) -> Option<String> {
    let NodeKind::Call { step, .. } = &node.kind else { return None };
    terms::of_step(program, program.steps.get(step)?).map(|sum| format!("= {sum}"))
}

/// How much of a part of a path is waiting for a place.
fn waits(leg: Option<&Leg>) -> Cell {
    match leg.map_or(0, |leg| leg.waits_ms) {
        0 => Cell::new(""),
        waits => Cell::new(format!("{} of it waiting for its pool", spell::length(waits))),
    }
}

/// The path inside a branch, a loop or a called flow, each level further in.
fn inside_rows(leg: &Leg, depth: usize, rows: &mut Vec<Vec<Cell>>) {
    for inside in &leg.inside {
        let times = if leg.rounds > 1 { format!("{} × ", leg.rounds) } else { String::new() };
        rows.push(vec![
            Cell::new(format!("{}{}", "  ".repeat(depth), inside.label)),
            Cell::new(format!("{times}{}", at_most(inside.worst_ms, inside.provenance))),
            Cell::styled("on the critical path", Style::Warn),
            Cell::new(""),
            Cell::new(""),
            waits(Some(inside)),
        ]);
        inside_rows(inside, depth + 1, rows);
    }
}

fn leg_json(leg: &Leg) -> Json {
    json!({
        "node": leg.label,
        "step": leg.step.as_ref().map(Name::as_str),
        "worst_ms": leg.worst_ms,
        "waits_ms": leg.waits_ms,
        "provenance": provenance(leg.provenance),
        "rounds": leg.rounds,
        "inside": leg.inside.iter().map(leg_json).collect::<Vec<_>>(),
    })
}

fn none_json<T>(found: &Bounded<T>) -> Json {
    match found {
        Ok(_) => Json::Null,
        Err(none) => json!({ "why": none.why, "help": none.help }),
    }
}

fn flow_json<'a>(bounds: &mut SystemBounds<'a>, spending: &Spending<'a>, flow: &'a Flow) -> Json {
    let spends = spending::json(bounds, spending, flow);
    let tightest = deadlines::tightest(bounds, flow);
    let worst = bounds.durations.get(&flow.name).and_then(|bounds| bounds.flow.as_ref());
    let allowed = flow.finish.as_ref().and_then(|finish| match &finish.deadline {
        Deadline::Within(within) => Some(*within),
        Deadline::By { .. } => tightest.map(|tightest| tightest.ms()),
    });
    let rhythm = bounds.rhythm(&flow.name);
    let path: Vec<Json> = deadlines::path(bounds, flow).iter().map(leg_json).collect();
    let slack = bounds.timelines.get(&flow.name).map(flow_compiler::path::Timeline::slack).unwrap_or_default();
    let slack: Vec<Json> = flow
        .body
        .nodes
        .iter()
        .zip(slack)
        .map(|(node, slack)| json!({ "node": &*node.label, "slack_ms": slack }))
        .collect();
    let reads = bounds.inputs.get(&flow.name).into_iter().flatten().map(|(dataset, read)| {
        json!({
            "dataset": dataset.as_str(),
            "age_ms": read.as_ref().ok().map(|input| input.ms),
            "provenance": read.as_ref().ok().map(|input| provenance(input.provenance)),
            "because": read.as_ref().ok().and_then(|input| input.because.clone()),
            "no_bound": none_json(read),
        })
    });
    json!({
        "flow": flow.name.as_str(),
        "worst_ms": worst.map(|bound| bound.worst_ms),
        "provenance": worst.map(|bound| provenance(bound.provenance)),
        "gap_ms": rhythm.as_ref().ok().map(|rhythm| rhythm.gap.ms()),
        "delay_ms": rhythm.as_ref().ok().map(|rhythm| rhythm.delay_ms),
        "no_bound": none_json(&rhythm),
        "allowed_ms": allowed,
        "path": path,
        "slack": slack,
        "reads": reads.collect::<Vec<_>>(),
        "spends": spends,
    })
}

fn dataset_json(bounds: &SystemBounds<'_>, name: &Name) -> Json {
    let age = bounds.age(name);
    let terms = age.as_ref().ok().map(|age| {
        json!({
            "gap_ms": age.rhythm.gap.ms(),
            "delay_ms": age.rhythm.delay_ms,
            "path_ms": age.path_ms,
            "kept_ms": age.kept.as_ref().map(|kept| kept.ms),
            "input_ms": age.input.as_ref().map(|input| input.ms),
            "input": age.input.as_ref().map(|input| input.dataset.as_str()),
        })
    });
    json!({
        "dataset": name.as_str(),
        "promise_ms": promise(bounds, name),
        "age_ms": age.as_ref().ok().map(|age| age.total_ms),
        "provenance": age.as_ref().ok().map(|age| provenance(age.provenance)),
        "terms": terms,
        "no_bound": none_json(&age),
    })
}
