//! `flowc history`: the last runs of the project.

use crate::{
    cli::{Format, Global},
    columns::{Cell, columns},
    commands::doubts,
    engine,
    exit::{Exit, Outcome},
    moment::{moment, took},
    project::Project,
    ui::{Style, Ui},
};
use clap::Args;
use flow_driver::RunStatus;
use flow_engine::{Engine, Options};
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
        let engine = engine::of(&project, Options::default());
        let rows = engine.history(most).map_err(|error| engine::failure(&error))?;
        let is_wanted = |row: &&RunRow| {
            self.flow.as_deref().is_none_or(|flow| *row.flow == *flow || row.flow.rsplit('.').next() == Some(flow))
        };
        let rows: Vec<&RunRow> = rows.iter().filter(is_wanted).take(self.limit as usize).collect();
        match self.format {
            Format::Json => {
                let rows: Vec<_> = rows.into_iter().map(|row| json(row, state(&project, &engine, row))).collect();
                ui.out(&format!("{:#}\n", serde_json::json!({ "format": 1, "runs": rows })))?;
            }
            Format::Text if rows.is_empty() => ui.say("no runs yet"),
            Format::Text => {
                let rows: Vec<Vec<Cell>> =
                    rows.into_iter().map(|row| cells(row, state(&project, &engine, row))).collect();
                ui.out(&columns(&rows, ui.color_out))?;
            }
        }
        Ok(Exit::Done)
    }
}

/// A run that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// A process drives it.
    UnderWay,
    /// Its process is gone: `flowc resume` goes on with it.
    CutOff,
    /// As well, and somebody must say first what became of a step.
    InDoubt,
}

impl State {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::UnderWay => "under way",
            Self::CutOff => "cut off",
            Self::InDoubt => "in doubt",
        }
    }
}

/// How far a run has come that has not ended; none if it has.
pub(crate) fn state(project: &Project, engine: &Engine, row: &RunRow) -> Option<State> {
    // Whoever goes on with a run that cannot be read is told why; here it is one that was cut off.
    engine.cut_off_at(row).map_or(Some(State::CutOff), |cut| match cut {
        None if row.ended.is_some() => None,
        None => Some(State::UnderWay),
        Some(_) => {
            let doubts = doubts::of(project, engine, row).unwrap_or_default();
            Some(if doubts.iter().any(|row| row.said.is_none()) { State::InDoubt } else { State::CutOff })
        }
    })
}

fn json(row: &RunRow, state: Option<State>) -> serde_json::Value {
    let mut json = serde_json::json!(row);
    if let (Some(state), Some(object)) = (state, json.as_object_mut()) {
        object.insert("state".into(), state.words().into());
    }
    json
}

fn cells(row: &RunRow, state: Option<State>) -> Vec<Cell> {
    let (status, time) = status(row, state);
    let counts = row.end.as_ref().map(|end| {
        let parts = [(end.counts.ran, "ran"), (end.counts.reused, "up to date"), (end.counts.failed, "failed")];
        let parts: Vec<String> =
            parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
        parts.join(", ")
    });
    let retry = row.start.retry.as_ref().map(|retry| format!("retry of {}", retry.of));
    let counts: Vec<String> = retry.into_iter().chain(counts.filter(|counts| !counts.is_empty())).collect();
    vec![
        Cell::styled(&*row.run, Style::Bold),
        Cell::new(&*row.flow),
        status,
        Cell::new(moment(row.start.started)),
        Cell::new(time),
        Cell::styled(counts.join(": "), Style::Dim),
    ]
}

/// How a run ended, and how long it took.
pub(crate) fn status(row: &RunRow, state: Option<State>) -> (Cell, String) {
    let cell = match row.end.as_ref().map(|end| end.status) {
        Some(RunStatus::Succeeded) => Cell::styled("succeeded", Style::Good),
        Some(RunStatus::Skipped) => Cell::styled("skipped", Style::Good),
        Some(RunStatus::Failed) => Cell::styled("failed", Style::Bad),
        Some(RunStatus::Cancelled) => Cell::styled("cancelled", Style::Warn),
        None => Cell::styled(state.map_or("cut off", State::words), Style::Warn),
    };
    (cell, row.ended.map(|ended| took(row.start.started, ended)).unwrap_or_default())
}
