//! `flowc forecast`: what the coming day brings by what is proved, and which promises cannot be kept.

use crate::{
    cli::{Format, Global, Supposed},
    columns::{Cell, columns},
    exit::{Exit, Failure, Outcome},
    moment::now,
    programs,
    project::Project,
    report::{self, ProblemFormat},
    ui::{Style, Ui, paint},
};
use clap::Args;
use flow_compiler::{
    Compilation, DefinitionKind,
    bounds::SystemBounds,
    calendar::moment,
    forecast::{Forecast as Coming, Span, Start, forecast},
    spell,
};
use flow_diag::{Problem, Problems, Severity};
use flow_expr::Name;
use flow_plan::{
    Program,
    graph::{Graph, VertexKind},
    select::{Selector, select},
};
use jiff::{SignedDuration, SpanRelativeTo, Timestamp, tz::TimeZone};
use serde_json::{Value as Json, json};

/// Starts of a flow that are listed, if there are more.
const MOST_OF_EACH: usize = 3;

/// The longest span that is looked at: the calendars are worked out for two years.
const LONGEST: SignedDuration = SignedDuration::from_hours(366 * 24);

/// Shows what the coming day brings by what is proved, and which promises cannot be kept
#[derive(Debug, Args)]
pub(crate) struct Forecast {
    /// A flow [default: all]
    flow: Option<String>,
    /// How far to look
    #[arg(long = "for", value_name = "TIME", default_value = "24h", value_parser = length)]
    length: SignedDuration,
    /// From when on: 2026-11-24T06:00:00Z [default: now]
    #[arg(long, value_name = "MOMENT")]
    from: Option<Timestamp>,
    #[command(flatten)]
    supposed: Supposed,
    /// text, or json for tools
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

impl Forecast {
    pub(crate) fn run(&self, global: &Global, ui: &Ui) -> Outcome {
        let global = &self.supposed.with(global);
        let project = Project::find(global)?;
        let compilation = programs::compiled(&project, global);
        let errors = || compilation.problems.0.iter().filter(|found| found.severity == Severity::Error);
        let wrong: Vec<Problem> = errors().filter(|found| !is_promise(found)).cloned().collect();
        if !wrong.is_empty() {
            let wrong = Problems(wrong);
            report::show(ui, ProblemFormat::Text, &wrong, &compilation.sources)?;
            ui.say(&report::summary(ui, &wrong));
            return Ok(Exit::Wrong);
        }
        let broken: Vec<Broken> = errors().map(|problem| Broken::of(problem, &compilation)).collect();
        let from = self.from.unwrap_or_else(now);
        let span = Span { from: from.as_millisecond(), until: (from + self.length).as_millisecond() };
        let coming = self.coming(&compilation, span)?;
        match self.format {
            Format::Json => {
                let starts: Vec<Json> = coming.starts.iter().map(start_json).collect();
                let broken: Vec<Json> = broken.iter().map(Broken::json).collect();
                let more: Vec<Json> =
                    coming.more.iter().map(|(flow, count)| json!({ "flow": flow, "starts": count })).collect();
                let unknown: Vec<Json> =
                    coming.unknown.iter().map(|(flow, why)| json!({ "flow": flow, "why": why })).collect();
                let all = json!({
                    "format": 1, "from": from, "until": from + self.length, "assumed": global.assume,
                    "starts": starts, "more": more, "unknown": unknown, "broken": broken,
                });
                ui.out(&format!("{all:#}\n"))?;
            }
            Format::Text => ui.out(&self.text(&coming, &broken, (from, &global.assume), ui.color_out))?,
        }
        Ok(if broken.is_empty() { Exit::Done } else { Exit::Wrong })
    }

    fn coming(&self, compilation: &Compilation, span: Span) -> Result<Coming, Failure> {
        let is_meant = |name: &Name| match &self.flow {
            Some(wanted) => name.as_str() == wanted || name.short() == wanted,
            None => !name.as_str().starts_with("std."),
        };
        let program = &compilation.program;
        if let Some(wanted) = self.flow.as_ref().filter(|_| !program.flows.keys().any(is_meant)) {
            return Err(Failure::wrong(format!("there is no flow `{wanted}`")));
        }
        let mut bounds = SystemBounds::of(program, compilation.horizon);
        Ok(forecast(&mut bounds, span, MOST_OF_EACH, |flow| is_meant(&flow.name)))
    }

    fn text(&self, coming: &Coming, broken: &[Broken], (from, assumed): (Timestamp, &[String]), color: bool) -> String {
        let until = from + self.length;
        let shown = |at: Timestamp| at.to_zoned(TimeZone::system()).strftime("%a %F %H:%M").to_string();
        let mut out = format!("from {} to {}, at the latest by what is declared\n", shown(from), shown(until));
        if !assumed.is_empty() {
            out.push_str(&format!("assumed: {}\n", assumed.join(", ")));
        }
        out.push('\n');
        let rows: Vec<Vec<Cell>> = coming.starts.iter().flat_map(rows).collect();
        out.push_str(&columns(&rows, color));
        for (flow, count) in &coming.more {
            out.push_str(&format!("{} starts {count} more times\n", flow.short()));
        }
        for (flow, why) in &coming.unknown {
            out.push_str(&format!("{}: nobody knows when it starts: {why}\n", flow.short()));
        }
        if coming.starts.is_empty() && coming.unknown.is_empty() {
            out.push_str("nothing starts\n");
        }
        for broken in broken {
            out.push_str(&format!("\n{}\n", broken.text(coming, color)));
        }
        if broken.is_empty() {
            out.push_str("\nevery promise can be kept\n");
        }
        out
    }
}

/// A promise that cannot be kept: of a deadline, an age or what is spent.
fn is_promise(problem: &Problem) -> bool {
    ["E07", "E08", "E0905", "E10"].iter().any(|family| problem.code.as_str().starts_with(family))
}

/// A promise that cannot be kept, whose it is, and who is hit.
struct Broken {
    code: String,
    title: String,
    /// The declaration that promises.
    of: Option<Name>,
    owner: Option<String>,
    /// The datasets made from it, with their owners.
    reaches: Vec<(Name, Option<String>)>,
}

impl Broken {
    fn of(problem: &Problem, compilation: &Compilation) -> Self {
        let (at, program) = (problem.span(), &compilation.program);
        let declared = compilation.index.definitions.iter().filter(|known| {
            matches!(known.kind, DefinitionKind::Declaration(_))
                && known.at.file == at.file
                && known.at.start <= at.start
        });
        let of = declared.max_by_key(|known| known.at.start).map(|known| known.name.clone());
        let owner = of.as_ref().and_then(|name| owner(program, name));
        let reaches = of.as_ref().map_or(vec![], |name| reached(program, name));
        Self { code: problem.code.as_str().to_owned(), title: problem.title.clone(), of, owner, reaches }
    }

    fn text(&self, coming: &Coming, color: bool) -> String {
        let mut out = format!("{} {}", paint(color, Style::Bad, &self.code), self.title);
        if let Some(of) = &self.of {
            let owner = self.owner.as_ref().map(|owner| format!(", of {owner}")).unwrap_or_default();
            out.push_str(&format!("\n  promised by `{}`{owner}", of.short()));
            let is_it = |start: &&Start| start.flow == *of || start.writes.iter().any(|(dataset, _)| dataset == of);
            if let Some(start) = coming.starts.iter().find(is_it) {
                out.push_str(&format!("\n  first with the start of {}", at(start.at, &start.zone)));
            }
        }
        if !self.reaches.is_empty() {
            let reached = self.reaches.iter().map(|(name, owner)| {
                format!("`{}`{}", name.short(), owner.as_ref().map(|owner| format!(" ({owner})")).unwrap_or_default())
            });
            out.push_str(&format!("\n  reaches {}", reached.collect::<Vec<_>>().join(", ")));
        }
        out
    }

    fn json(&self) -> Json {
        let reaches: Vec<Json> =
            self.reaches.iter().map(|(name, owner)| json!({ "dataset": name, "owner": owner })).collect();
        json!({ "code": self.code, "title": self.title, "of": self.of, "owner": self.owner, "reaches": reaches })
    }
}

fn owner(program: &Program, name: &Name) -> Option<String> {
    let of_dataset = program.datasets.get(name).and_then(|dataset| dataset.owner.as_deref());
    let of_flow = program.flows.get(name).and_then(|flow| flow.owner.as_deref());
    of_dataset.or(of_flow).map(str::to_owned)
}

/// The datasets that are made from what a declaration makes, but for itself.
fn reached(program: &Program, name: &Name) -> Vec<(Name, Option<String>)> {
    let graph = Graph::of(program);
    let found = Selector::parse(&format!("{name}+")).and_then(|selector| select(&graph, &selector));
    let vertices = found.unwrap_or_default().into_iter().map(|id| graph.vertex(id));
    let labels: Vec<&str> =
        vertices.filter(|vertex| vertex.kind == VertexKind::Dataset).map(|vertex| &*vertex.label).collect();
    let is_reached = |dataset: &&Name| **dataset != *name && labels.iter().any(|label| *label == dataset.short());
    program.datasets.keys().filter(is_reached).map(|dataset| (dataset.clone(), owner(program, dataset))).collect()
}

/// A start on a line, what it writes below.
fn rows(start: &Start) -> Vec<Vec<Cell>> {
    let zone = &start.zone;
    let late = start.begins_by - start.at;
    let begins = if late > 0 { format!("starts, up to {} later", length_of(late)) } else { "starts".to_owned() };
    let flow = start.flow.short();
    let mut rows = vec![vec![Cell::new(at(start.at, zone)), Cell::styled(flow, Style::Bold), Cell::new(begins)]];
    for (dataset, by) in &start.writes {
        rows.push(vec![
            Cell::new(at(*by, zone)),
            Cell::new(flow),
            Cell::new(format!("has written {}", dataset.short())),
        ]);
    }
    let is_late = start.due.zip(start.ends_by).is_some_and(|(due, end)| end > due);
    let due = start.due.map(|due| format!(", promised by {}", at(due, zone))).unwrap_or_default();
    let style = if is_late { Style::Bad } else { Style::Dim };
    let ends = start.ends_by.map_or_else(|| "any time".to_owned(), |end| at(end, zone));
    rows.push(vec![Cell::new(ends), Cell::new(flow), Cell::styled(format!("has ended{due}"), style)]);
    rows
}

fn start_json(start: &Start) -> Json {
    let moment = |ms: i64| Timestamp::from_millisecond(ms).ok();
    let writes: Vec<Json> =
        start.writes.iter().map(|(dataset, by)| json!({ "dataset": dataset, "by": moment(*by) })).collect();
    json!({
        "flow": start.flow, "at": moment(start.at), "begins_by": moment(start.begins_by),
        "ends_by": start.ends_by.and_then(moment), "due": start.due.and_then(moment), "zone": start.zone, "writes": writes,
    })
}

/// An instant as people of a zone say it: `Tuesday 2026-11-24 06:00 Europe/London`.
fn at(ms: i64, zone: &str) -> String {
    format!("{} {zone}", moment(ms, zone))
}

fn length_of(ms: i64) -> String {
    spell::length(u64::try_from(ms).unwrap_or(0))
}

pub(crate) fn length(text: &str) -> Result<SignedDuration, String> {
    let span: Option<jiff::Span> = text.parse().ok();
    let parsed = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
    let parsed = parsed.ok_or_else(|| format!("`{text}` is no time: write 12h or 7d"))?;
    if parsed <= SignedDuration::ZERO || parsed > LONGEST {
        return Err("it is between a second and 366 days".to_owned());
    }
    Ok(parsed)
}
