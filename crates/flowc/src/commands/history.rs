//! `flowc history`: the last runs of the project.

use crate::{
    cli::{Format, Global},
    columns::{Cell, columns},
    engine,
    exit::{Exit, Outcome},
    moment::{moment, took},
    project::Project,
    ui::{Style, Ui},
};
use clap::Args;
use flow_driver::RunStatus;
use flow_engine::Options;
use flow_store::RunRow;

/// Lists the last runs, newest first
#[derive(Debug, Args)]
pub(crate) struct History {
    /// Only runs of this flow
    flow: Option<String>,
    /// How many
    #[arg(long, short = 'n', value_name = "N", default_value_t = 20)]
    limit: u32,
    /// text, or json for tools
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

impl History {
    pub(crate) fn run(&self, global: &Global, ui: &Ui) -> Outcome {
        let project = Project::find(global)?;
        // With a flow, the newest runs of all flows must be looked through.
        let most = if self.flow.is_some() { u32::MAX } else { self.limit };
        let rows = engine::of(&project, Options::default()).history(most).map_err(|error| engine::failure(&error))?;
        let is_wanted = |row: &&RunRow| {
            self.flow.as_deref().is_none_or(|flow| *row.flow == *flow || row.flow.rsplit('.').next() == Some(flow))
        };
        let rows: Vec<&RunRow> = rows.iter().filter(is_wanted).take(self.limit as usize).collect();
        match self.format {
            Format::Json => ui.out(&format!("{:#}\n", serde_json::json!({ "format": 1, "runs": rows })))?,
            Format::Text if rows.is_empty() => ui.say("no runs yet"),
            Format::Text => {
                let rows: Vec<Vec<Cell>> = rows.into_iter().map(cells).collect();
                ui.out(&columns(&rows, ui.color_out))?;
            }
        }
        Ok(Exit::Done)
    }
}

fn cells(row: &RunRow) -> Vec<Cell> {
    let (status, time) = status(row);
    let counts = row.end.as_ref().map(|end| {
        let parts = [(end.counts.ran, "ran"), (end.counts.reused, "up to date"), (end.counts.failed, "failed")];
        let parts: Vec<String> =
            parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
        parts.join(", ")
    });
    vec![
        Cell::styled(&*row.run, Style::Bold),
        Cell::new(&*row.flow),
        status,
        Cell::new(moment(row.start.started)),
        Cell::new(time),
        Cell::styled(counts.unwrap_or_default(), Style::Dim),
    ]
}

/// How a run ended, and how long it took.
pub(crate) fn status(row: &RunRow) -> (Cell, String) {
    let cell = match row.end.as_ref().map(|end| end.status) {
        Some(RunStatus::Succeeded) => Cell::styled("succeeded", Style::Good),
        Some(RunStatus::Skipped) => Cell::styled("skipped", Style::Good),
        Some(RunStatus::Failed) => Cell::styled("failed", Style::Bad),
        Some(RunStatus::Cancelled) => Cell::styled("cancelled", Style::Warn),
        None => Cell::styled("unfinished", Style::Warn),
    };
    (cell, row.ended.map(|ended| took(row.start.started, ended)).unwrap_or_default())
}
