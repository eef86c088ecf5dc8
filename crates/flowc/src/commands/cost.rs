//! `flowc cost`: what asking models has cost, over all runs that are remembered.

use crate::{
    cli::Global,
    columns::{Cell, columns},
    engine,
    exit::{Exit, Outcome},
    project::Project,
    ui::{Style, Ui},
};
use clap::{Args, ValueEnum};
use flow_engine::Options;
use flow_plan::words::money;
use flow_store::{CostBy, CostRow};

/// Shows what asking models has cost
#[derive(Debug, Args)]
pub(crate) struct Cost {
    /// What the sums are for
    #[arg(long, value_name = "WHAT", default_value = "model")]
    by: By,
    /// text, or json for tools
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum By {
    Model,
    Step,
    Flow,
    Day,
    Run,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

impl Cost {
    pub(crate) fn run(&self, global: &Global, ui: &Ui) -> Outcome {
        let project = Project::find(global)?;
        let by = match self.by {
            By::Model => CostBy::Model,
            By::Step => CostBy::Step,
            By::Flow => CostBy::Flow,
            By::Day => CostBy::Day,
            By::Run => CostBy::Run,
        };
        let rows = engine::of(&project, Options::default()).costs(by).map_err(|error| engine::failure(&error))?;
        match self.format {
            Format::Json => ui.out(&format!("{:#}\n", serde_json::json!({ "format": 1, "costs": rows })))?,
            Format::Text if rows.is_empty() => ui.say("no model was asked yet"),
            Format::Text => ui.out(&columns(&table(&rows), ui.color_out))?,
        }
        Ok(Exit::Done)
    }
}

/// A line for each, and their sum below where there are several.
fn table(rows: &[CostRow]) -> Vec<Vec<Cell>> {
    let mut lines: Vec<Vec<Cell>> = rows.iter().map(line).collect();
    if rows.len() > 1 {
        let sum = |of: fn(&CostRow) -> u64| rows.iter().map(of).sum();
        lines.push(line(&CostRow {
            of: "together".into(),
            asks: sum(|row| row.asks),
            input_tokens: sum(|row| row.input_tokens),
            output_tokens: sum(|row| row.output_tokens),
            micro_dollars: sum(|row| row.micro_dollars),
            unknown: sum(|row| row.unknown),
        }));
    }
    lines
}

fn line(row: &CostRow) -> Vec<Cell> {
    let unknown = match row.unknown {
        0 => String::new(),
        unknown => format!("{unknown} of unknown cost, counted with the worst"),
    };
    vec![
        Cell::styled(&*row.of, Style::Bold),
        Cell::new(money(row.micro_dollars)),
        Cell::new(format!("{} asks", row.asks)),
        Cell::styled(format!("{} tokens in, {} out", row.input_tokens, row.output_tokens), Style::Dim),
        Cell::styled(unknown, Style::Warn),
    ]
}
