//! `flowc cost`: what asking models has cost, over all runs that are remembered.

use crate::{
    cli::{Format, Global},
    columns::{Cell, columns},
    engine,
    exit::{Exit, Outcome},
    programs,
    project::Project,
    tests::usage::counted,
    ui::{Style, Ui, paint},
};
use clap::{Args, ValueEnum};
use flow_engine::{BudgetRow, Options};
use flow_plan::words::{duration, money};
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
        let engine = engine::of(&project, Options::default());
        let rows = engine.costs(by).map_err(|error| engine::failure(&error))?;
        // What a program with errors promises is not known; what was spent is.
        let program = programs::compiled(&project, global).program;
        let budgets = engine.budgets(&program).map_err(|error| engine::failure(&error))?;
        match self.format {
            Format::Json => {
                let json = serde_json::json!({ "format": 1, "costs": rows, "budgets": budgets });
                ui.out(&format!("{json:#}\n"))?;
            }
            Format::Text => {
                match rows.is_empty() {
                    true => ui.say("no model was asked yet"),
                    false => ui.out(&columns(&table(&rows), ui.color_out))?,
                }
                if !budgets.is_empty() {
                    let lines: Vec<Vec<Cell>> = budgets.iter().map(budget).collect();
                    ui.out(&format!(
                        "\n{}\n{}",
                        paint(ui.color_out, Style::Bold, "budgets"),
                        columns(&lines, ui.color_out)
                    ))?;
                }
            }
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
            in_doubt: sum(|row| row.in_doubt),
        }));
    }
    lines
}

/// What is used of a flow's budget: within its time, or in the run that asked last.
fn budget(row: &BudgetRow) -> Vec<Cell> {
    let asks = row.caps.asks.map(|cap| format!("{} of {cap} asks", row.used.asks));
    let tokens = row.caps.tokens.map(|cap| format!("{} of {cap} tokens", row.used.tokens));
    let dollars = row.caps.micro_dollars.map(|cap| format!("{} of {}", money(row.used.micro_dollars), money(cap)));
    let parts: Vec<String> = [asks, tokens, dollars].into_iter().flatten().collect();
    let of = match (row.per_ms, &row.run) {
        (Some(per_ms), _) => format!("per {}", duration(per_ms)),
        (None, Some(run)) => format!("in run {run}"),
        (None, None) => "in a run".to_owned(),
    };
    vec![
        Cell::styled(format!("  {}", row.flow.short()), Style::Bold),
        Cell::new(parts.join(", ")),
        Cell::styled(of, Style::Dim),
    ]
}

fn line(row: &CostRow) -> Vec<Cell> {
    let parts = [(row.unknown, "of unknown cost"), (row.in_doubt, "in doubt: sent, and no end is known")];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    let unknown = match parts.is_empty() {
        true => String::new(),
        false => format!("{}; counted with the worst", parts.join(", ")),
    };
    vec![
        Cell::styled(&*row.of, Style::Bold),
        Cell::new(money(row.micro_dollars)),
        Cell::new(counted(row.asks, "ask")),
        Cell::styled(format!("{} tokens in, {} out", row.input_tokens, row.output_tokens), Style::Dim),
        Cell::styled(unknown, Style::Warn),
    ]
}
