//! `flowc status`: what needs a person, is broken, late or at risk, what runs and what comes.

use crate::{
    cli::{Format, Global},
    columns::{Cell, columns_within},
    commands::doubts,
    engine,
    exit::{Exit, Failure, Outcome},
    moment::{moment, now},
    programs,
    project::Project,
    report::{self, ProblemFormat},
    served::{Address, Client},
    ui::{Style, Ui, paint},
};
use clap::Args;
use flow_compiler::Compilation;
use flow_control::status::{Facts, Item, Kind, status};
use flow_engine::Options;
use flow_plan::Program;
use flow_server::facts;
use flow_store::{Layout, Reader};
use serde_json::json;
use std::time::Duration;

/// Shows what needs a person, what is broken, late or at risk, what runs and what comes next
#[derive(Debug, Args)]
pub(crate) struct Status {
    /// Goes on showing it, every other second
    #[arg(long, short)]
    watch: bool,
    /// text, or json for tools
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Ends with 1 if something is broken, late or needs a person
    #[arg(long)]
    exit_code: bool,
}

/// How often it is shown anew.
const EVERY: Duration = Duration::from_secs(2);

/// Lines of one kind that are shown without `--verbose`.
const MOST_OF_A_KIND: usize = 8;

impl Status {
    pub(crate) fn run(&self, global: &Global, ui: &Ui) -> Outcome {
        // Who serves it has the program at hand.
        let client = Client::of(global)?;
        loop {
            let items = match &client {
                Some(client) => served(client)?,
                None => gathered(&Project::find(global)?, global, ui)?,
            };
            let Some(items) = items else { return Ok(Exit::Wrong) };
            match self.format {
                Format::Json => ui.out(&format!("{:#}\n", json!({ "format": 1, "at": now(), "items": items })))?,
                Format::Text => {
                    // Home, and what was there before is cleared behind what is written.
                    let clear = if self.watch { "\u{1b}[H\u{1b}[2J" } else { "" };
                    ui.out(&format!("{clear}{}", text(client.as_ref(), &items, ui)))?;
                }
            }
            if !self.watch {
                let is_bad = items.iter().any(|item| item.kind <= Kind::Late);
                return Ok(if self.exit_code && is_bad { Exit::StepFailed } else { Exit::Done });
            }
            std::thread::sleep(EVERY);
        }
    }
}

fn served(client: &Client) -> Result<Option<Vec<Item>>, Failure> {
    let answer = client.get("/status")?;
    serde_json::from_value(answer["items"].clone())
        .map(Some)
        .map_err(|error| Failure::environment(format!("the service answers what is not understood: {error}")))
}

fn gathered(project: &Project, global: &Global, ui: &Ui) -> Result<Option<Vec<Item>>, Failure> {
    let found = facts_of(project, global, ui)?;
    Ok(found.map(|(program, facts)| status(&program, &facts, now().as_millisecond())))
}

/// The program, and what is known of its runs and data; none if it has errors, which have been shown then.
pub(crate) fn facts_of(project: &Project, global: &Global, ui: &Ui) -> Result<Option<(Program, Facts)>, Failure> {
    let Compilation { problems, sources, program, .. } = programs::compiled(project, global);
    if problems.has_errors() {
        report::show(ui, ProblemFormat::Text, &problems, &sources)?;
        ui.say(&report::summary(ui, &problems));
        return Ok(None);
    }
    let engine = engine::of(project, Options::default());
    let reader = Reader::open(&Layout::new(&project.root)).map_err(|error| engine::store_failure(&error))?;
    let in_doubt = |row: &flow_engine::RunRow| {
        doubts::of(project, &engine, row).is_ok_and(|rows| rows.iter().any(|row| row.said.is_none()))
    };
    let is_served = Address::of(project).is_some();
    let facts = facts(&engine, reader.as_ref(), &program, is_served, in_doubt);
    let facts = facts.map_err(|error| engine::failure(&error))?;
    Ok(Some((program, facts)))
}

fn text(client: Option<&Client>, items: &[Item], ui: &Ui) -> String {
    let mut out = String::new();
    let count = |kind: Kind| items.iter().filter(|item| item.kind == kind).count();
    let counts: Vec<String> = [
        (Kind::NeedsPerson, "need a person", Style::Bad),
        (Kind::Broken, "broken", Style::Bad),
        (Kind::Late, "late", Style::Bad),
        (Kind::AtRisk, "at risk", Style::Warn),
        (Kind::Waits, "waiting", Style::Dim),
        (Kind::Runs, "running", Style::Good),
    ]
    .into_iter()
    .filter(|(kind, ..)| count(*kind) > 0)
    .map(|(kind, word, style)| paint(ui.color_out, style, &format!("{} {word}", count(kind))))
    .collect();
    let summary = if counts.is_empty() { paint(ui.color_out, Style::Good, "all is well") } else { counts.join(", ") };
    let served = match client {
        Some(client) => format!("served at {}", client.url()),
        None => "not served: `flowc serve` starts what is due".to_owned(),
    };
    out.push_str(&format!("{}  {summary}  {}\n", moment(now()), paint(ui.color_out, Style::Dim, &served)));
    for (kind, title, style) in [
        (Kind::NeedsPerson, "needs a person", Style::Bad),
        (Kind::Broken, "broken", Style::Bad),
        (Kind::Late, "late", Style::Bad),
        (Kind::AtRisk, "at risk", Style::Warn),
        (Kind::Waits, "waits", Style::Dim),
        (Kind::Runs, "runs", Style::Good),
        (Kind::Next, "next", Style::Dim),
    ] {
        let of_kind: Vec<&Item> = items.iter().filter(|item| item.kind == kind).collect();
        if of_kind.is_empty() {
            continue;
        }
        let most = if ui.verbose { usize::MAX } else { MOST_OF_A_KIND };
        out.push_str(&format!("\n{}\n", paint(ui.color_out, style, title)));
        let rows: Vec<Vec<Cell>> = of_kind.iter().take(most).map(|item| row(item, style)).collect();
        out.push_str(&columns_within(&rows, ui.color_out, ui.width));
        if of_kind.len() > most {
            out.push_str(&format!("  … and {} more: --verbose shows all\n", of_kind.len() - most));
        }
    }
    out
}

fn row(item: &Item, style: Style) -> Vec<Cell> {
    let chance =
        item.chance.map(|chance| format!("{:.0} % likely to be kept, by {} runs", chance.kept * 100.0, chance.runs));
    let mut notes: Vec<String> = chance.into_iter().collect();
    notes.extend(item.owner.as_ref().map(|owner| format!("of {owner}")));
    notes.extend(item.way_out.clone());
    let name = if matches!(item.kind, Kind::Next) { Style::Dim } else { style };
    vec![
        Cell::new(" "),
        Cell::styled(&*item.of, name),
        Cell::new(item.says.lines().next().unwrap_or_default()),
        Cell::styled(notes.join("; "), Style::Dim),
    ]
}
