//! `flowc diff A [B]`: what differs between two plans, revisions, or the last run and now.

use crate::{
    cli::{Format, Global},
    exit::{Exit, Outcome},
    programs,
    ui::{Style, Ui, paint},
};
use clap::Args;
use flow_plan::diff::{Change, Difference, How, diff};

/// Shows what differs between two programs, and what that touches
///
/// Each side is a plan file (plan.json), `last` or a run's id for the plan of that run, a git revision,
/// or `.` for the files as they are.
#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// The old side
    #[arg(value_name = "OLD")]
    old: String,
    /// The new side
    #[arg(value_name = "NEW", default_value = ".")]
    new: String,
    /// text, or json for tools
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Ends with 1 if anything differs
    #[arg(long)]
    exit_code: bool,
}

impl Diff {
    pub(crate) fn run(&self, global: &Global, ui: &Ui) -> Outcome {
        let (Some(mut old), Some(mut new)) =
            (programs::side(&self.old, global, ui)?, programs::side(&self.new, global, ui)?)
        else {
            return Ok(Exit::Wrong);
        };
        // A plan holds the part that one flow reaches; that part is what can be compared.
        match (&old.flow, &new.flow) {
            (Some(flow), None) => new.program = new.program.part(flow),
            (None, Some(flow)) => old.program = old.program.part(flow),
            _ => {}
        }
        let difference = diff(&old.program, &new.program);
        match self.format {
            Format::Json => {
                let json = serde_json::json!({
                    "format": 1, "changes": difference.changes, "touched": difference.touched,
                });
                ui.out(&format!("{json:#}\n"))?;
            }
            Format::Text if difference.is_empty() => ui.say("no difference in meaning"),
            Format::Text => ui.out(&text(&difference, ui.color_out))?,
        }
        Ok(if self.exit_code && !difference.is_empty() { Exit::StepFailed } else { Exit::Done })
    }
}

fn text(difference: &Difference, color: bool) -> String {
    let mut out = String::new();
    for change in &difference.changes {
        out.push_str(&heading(change, color));
        for clause in &change.clauses {
            let contract = if clause.contract { "contract " } else { "" };
            out.push_str(&format!("    {contract}{}\n", clause.clause));
            if let Some(old) = &clause.old {
                out.push_str(&format!("      {}\n", paint(color, Style::Bad, &format!("- {old}"))));
            }
            if let Some(new) = &clause.new {
                out.push_str(&format!("      {}\n", paint(color, Style::Good, &format!("+ {new}"))));
            }
        }
    }
    let mut touched = difference.touched.iter().map(|touched| format!("{} {}", touched.kind.word(), touched.name));
    let shown: Vec<String> = touched.by_ref().take(20).collect();
    if !shown.is_empty() {
        let more = touched.count();
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        out.push_str(&format!("{} {}{more}\n", paint(color, Style::Bold, "touches"), shown.join(", ")));
    }
    out
}

fn heading(change: &Change, color: bool) -> String {
    let (sign, style) = match change.change {
        How::Added => ('+', Style::Good),
        How::Removed => ('-', Style::Bad),
        How::Changed => ('~', Style::Warn),
    };
    let name = paint(color, Style::Bold, change.name.as_str());
    format!("{} {} {name}\n", paint(color, style, &sign.to_string()), change.kind.word())
}
