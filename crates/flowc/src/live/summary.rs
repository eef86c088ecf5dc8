//! The last screen of a run: what it came to, what failed and why, and what to do next.

use super::{RunFormat, json, words};
use crate::{
    arguments::{quoted, suggested},
    columns::{Cell, columns},
    commands::plan::steps,
    exit::Failure,
    moment::took,
    ui::{Style, Ui, paint},
};
use flow_diag::{Span, render::clean};
use flow_driver::{ContractVerdict, RunStatus};
use flow_engine::{RunSummary, TableResult};
use flow_expr::Name;
use std::fmt::Write as _;

/// Failures and broken promises that are shown; the rest is counted, so that the summary fits a screen.
const MOST_SHOWN: usize = 4;
/// Lines below the failures: places, details, ends of standard error. The failures share them.
const MOST_BELOW: usize = 12;
/// Details of a failure that are shown.
const MOST_DETAILS: usize = 5;
/// Last lines of standard error that are shown.
const STDERR_LINES: usize = 6;

/// Columns that a line should not pass: those of the narrowest terminal that people use.
const COLUMNS: usize = 80;

/// Shows what a run came to.
///
/// `again` is what was given besides the flow, for the command that goes on. `name` stands before it: which of several runs at once it is. `place` shows a place in the text of the
/// program, in a line.
pub(crate) fn tell(
    ui: &Ui,
    format: RunFormat,
    (name, flow, again): (&str, &Name, &str),
    summary: &RunSummary,
    place: &dyn Fn(Span) -> String,
) -> Result<(), Failure> {
    if format == RunFormat::Json {
        let mut event = serde_json::json!({ "type": "summary", "flow": flow });
        if let (Some(event), Ok(serde_json::Value::Object(fields))) =
            (event.as_object_mut(), serde_json::to_value(summary))
        {
            event.extend(fields);
        }
        return ui.out(&format!("{}\n", json::line(event)));
    }
    let is_fine = matches!(summary.status, RunStatus::Succeeded | RunStatus::Skipped) && !summary.late;
    if !ui.quiet || !is_fine {
        ui.tell(&format!("{name}{}", text(ui.color_err, (flow, again), summary, place)));
    }
    Ok(())
}

/// Gives a run's result. As JSON it is in the summary.
pub(crate) fn result(ui: &Ui, format: RunFormat, summary: &RunSummary) -> Result<(), Failure> {
    match &summary.result {
        _ if format == RunFormat::Json => Ok(()),
        None => summary.table.as_ref().map_or(Ok(()), |found| table(ui, found)),
        Some(serde_json::Value::String(text)) => {
            ui.out(&format!("{}{}", text, if text.ends_with('\n') { "" } else { "\n" }))
        }
        Some(value) => ui.out(&format!("{value:#}\n")),
    }
}

/// The first rows of a table; that there are more, and where, is no data.
fn table(ui: &Ui, table: &TableResult) -> Result<(), Failure> {
    let cell = |value: &serde_json::Value| match value {
        serde_json::Value::Null => Cell::new(""),
        serde_json::Value::String(text) => Cell::new(clean(text).replace('\n', " ")),
        value => Cell::new(value.to_string()),
    };
    let heads = table.columns.iter().map(|name| Cell::styled(&**name, Style::Bold)).collect();
    let rows = table.first.iter().map(|row| row.iter().map(cell).collect());
    let lines: Vec<Vec<Cell>> = std::iter::once(heads).chain(rows).collect();
    if !table.first.is_empty() {
        ui.out(&columns(&lines, ui.color_out))?;
    }
    let count = match (table.rows, table.first.len() as u64) {
        (0, _) => "no rows".to_owned(),
        (1, _) => "1 row".to_owned(),
        (rows, first) if first < rows => format!("the first {first} of {rows} rows"),
        (rows, _) => format!("{rows} rows"),
    };
    ui.say(&paint(ui.color_err, Style::Dim, &format!("{count}; the whole table is {}", table.file.display())));
    Ok(())
}

fn text(color: bool, (flow, again): (&Name, &str), summary: &RunSummary, place: &dyn Fn(Span) -> String) -> String {
    let counts = &summary.counts;
    let time = took(summary.started, summary.ended);
    let mut out = match summary.status {
        RunStatus::Succeeded if counts.ran + counts.recovered == 0 && counts.reused > 0 && !summary.late => {
            let reused = usize::try_from(counts.reused).unwrap_or(usize::MAX);
            let line = format!("nothing to do: {} up to date", steps(reused));
            format!("{} {line}\n", paint(color, Style::Good, "✓"))
        }
        RunStatus::Succeeded => headline(color, Style::Good, "✓", &format!("{flow} succeeded in {time}"), summary),
        RunStatus::Skipped => headline(color, Style::Good, "✓", &format!("{flow} had nothing to do"), summary),
        RunStatus::Failed => headline(color, Style::Bad, "✗", &format!("{flow} failed after {time}"), summary),
        RunStatus::Cancelled => {
            headline(color, Style::Warn, "■", &format!("{flow} was cancelled after {time}"), summary)
        }
    };
    let below = MOST_BELOW / summary.failures.len().clamp(1, MOST_SHOWN);
    for node in summary.failures.iter().take(MOST_SHOWN) {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  {} {}: {}", paint(color, Style::Bad, "✗"), node.label, words::failure(&node.failure));
        for line in lines_below(color, &node.failure, below, place) {
            let _ = writeln!(out, "      {line}");
        }
    }
    more(&mut out, summary.failures.len(), "failures");
    // What made a node fail is told there already.
    let told = |path: &str| summary.failures.iter().any(|failure| *failure.path == *path);
    let contracts: Vec<_> =
        summary.contracts.iter().filter(|contract| !(told(&contract.path) && is_required(&contract.verdict))).collect();
    for contract in contracts.iter().take(MOST_SHOWN) {
        let _ = writeln!(
            out,
            "  {} {}: {}",
            paint(color, Style::Warn, "!"),
            contract.label,
            words::contract(&contract.verdict)
        );
    }
    more(&mut out, contracts.len(), "broken promises");
    match summary.status {
        RunStatus::Failed => {
            for (index, command) in commands(summary).into_iter().enumerate() {
                let _ = writeln!(out, "  {} `{command}`", if index == 0 { "→" } else { " " });
            }
        }
        RunStatus::Cancelled => {
            let _ = writeln!(out, "  → `flowc run {}{again}` goes on: what is done is kept", flow.short());
        }
        _ => {}
    }
    out
}

fn is_required(verdict: &ContractVerdict) -> bool {
    matches!(verdict, ContractVerdict::Require { .. } | ContractVerdict::Fresh { .. })
}

/// What tells more of a run that failed. Each has a line: with their ids they do not fit into one.
fn commands(summary: &RunSummary) -> Vec<String> {
    let run = &summary.run_id;
    let mut commands = vec![suggested(&format!("show {run}"))];
    if let Some(node) = summary.failures.first() {
        let label = quoted(&node.label);
        commands.push(suggested(&format!("why {run} {label}")));
        // Datasets, expressions and requirements write nothing.
        if !["R03", "R000", "R0703", "R0704"].iter().any(|code| node.failure.code.starts_with(code)) {
            commands.push(suggested(&format!("logs {run} {label}")));
        }
    }
    commands
}

/// What stands below a failure: its place and its details, then the end of standard error in the room that is left.
fn lines_below(color: bool, failure: &flow_plan::Failure, most: usize, place: &dyn Fn(Span) -> String) -> Vec<String> {
    let at = failure.at.map(place).unwrap_or_default();
    let mut lines: Vec<String> = at.lines().map(|line| line.trim_start().to_owned()).collect();
    for detail in failure.details.iter().take(MOST_DETAILS) {
        lines.extend(clean(detail).lines().map(str::to_owned));
    }
    lines.truncate(most);
    let room = STDERR_LINES.min(most - lines.len());
    let tail = failure.stderr_tail.as_deref().map(|tail| last_lines(tail, room)).unwrap_or_default();
    lines.extend(tail.into_iter().map(|line| format!("{} {}", paint(color, Style::Dim, "│"), clean(line))));
    lines
}

/// The last lines, without those of a Python frame whose first line is not among them.
fn last_lines(tail: &str, most: usize) -> Vec<&str> {
    let lines: Vec<&str> = tail.lines().collect();
    let shown = &lines[lines.len().saturating_sub(most)..];
    let is_frame = |line: &&str| line.starts_with("  File \"");
    let cut = if shown.iter().any(is_frame) {
        shown.iter().take_while(|line| line.starts_with(' ') && !is_frame(line)).count()
    } else {
        0
    };
    shown[cut..].to_vec()
}

fn headline(color: bool, style: Style, sign: &str, what: &str, summary: &RunSummary) -> String {
    let counts = &summary.counts;
    let parts = [
        (counts.ran, "ran"),
        (counts.recovered, "recovered"),
        (counts.reused, "up to date"),
        (counts.failed, "failed"),
        (counts.not_run, "not run"),
        (counts.skipped, "left out"),
        (counts.cancelled, "cancelled"),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    let late = if summary.late { ", past its deadline" } else { "" };
    let parts = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
    let run = format!("run {}", summary.run_id);
    let width = [sign, what, late, &parts, &run].iter().map(|text| text.chars().count()).sum::<usize>() + 3;
    let gap = if width > COLUMNS { "\n  " } else { "  " };
    let (sign, what) = (paint(color, style, sign), paint(color, Style::Bold, what));
    format!("{sign} {what}{late}{parts}{gap}{}\n", paint(color, Style::Dim, &run))
}

fn more(out: &mut String, count: usize, what: &str) {
    if count > MOST_SHOWN {
        out.push_str(&format!("  … and {} more {what}\n", count - MOST_SHOWN));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_a_traceback_are_shown_whole() {
        let frame = |line: u32| format!("  File \"a.flow\", line {line}, in f\n    f(x)\n    ^^^^\n");
        let tail = format!("Traceback (most recent call last):\n{}{}{}ValueError: x", frame(1), frame(2), frame(3));
        let shown = last_lines(&tail, STDERR_LINES);
        assert_eq!(shown, ["  File \"a.flow\", line 3, in f", "    f(x)", "    ^^^^", "ValueError: x"]);
        assert_eq!(last_lines("a\n b\n c", STDERR_LINES), ["a", " b", " c"]);
        assert_eq!(last_lines("1\n2\n 3\n4\n5\n6\n7\n8", STDERR_LINES), [" 3", "4", "5", "6", "7", "8"]);
    }
}
