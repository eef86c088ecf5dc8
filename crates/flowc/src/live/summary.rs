//! The last screen of a run: what it came to, what failed and why, and what to do next.

use super::{RunFormat, json, words};
use crate::{
    commands::plan::steps,
    exit::Failure,
    moment::took,
    ui::{Style, Ui, paint},
};
use flow_diag::{Span, render::clean};
use flow_driver::{ContractVerdict, RunStatus};
use flow_engine::RunSummary;
use flow_expr::Name;
use std::fmt::Write as _;

/// Failures and broken promises that are shown; the rest is counted, so that the summary fits a screen.
const MOST_SHOWN: usize = 5;
/// Last lines of standard error that are shown.
const STDERR_LINES: usize = 6;

/// Shows what a run came to.
///
/// `name` stands before it: which of several runs at once it is. `place` shows a place in the text of the
/// program, in a line.
pub(crate) fn tell(
    ui: &Ui,
    format: RunFormat,
    (name, flow): (&str, &Name),
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
        ui.tell(&format!("{name}{}", text(ui.color_err, flow, summary, place)));
    }
    Ok(())
}

/// Gives a run's result. As JSON it is in the summary.
pub(crate) fn result(ui: &Ui, format: RunFormat, summary: &RunSummary) -> Result<(), Failure> {
    match &summary.result {
        _ if format == RunFormat::Json => Ok(()),
        None => Ok(()),
        Some(serde_json::Value::String(text)) => {
            ui.out(&format!("{}{}", text, if text.ends_with('\n') { "" } else { "\n" }))
        }
        Some(value) => ui.out(&format!("{value:#}\n")),
    }
}

fn text(color: bool, flow: &Name, summary: &RunSummary, place: &dyn Fn(Span) -> String) -> String {
    let counts = &summary.counts;
    let time = took(summary.started, summary.ended);
    let mut out = match summary.status {
        RunStatus::Succeeded if counts.ran + counts.recovered == 0 && !summary.late => {
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
    for node in summary.failures.iter().take(MOST_SHOWN) {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  {} {}: {}", paint(color, Style::Bad, "✗"), node.label, words::failure(&node.failure));
        if let Some(at) = node.failure.at {
            out.push_str(&place(at).replacen("  ", "      ", 1));
        }
        for detail in node.failure.details.iter().take(MOST_SHOWN) {
            let _ = writeln!(out, "      {}", clean(detail).replace('\n', "\n      "));
        }
        if let Some(tail) = &node.failure.stderr_tail {
            let lines: Vec<&str> = tail.lines().collect();
            for line in &lines[lines.len().saturating_sub(STDERR_LINES)..] {
                let _ = writeln!(out, "      {} {}", paint(color, Style::Dim, "│"), clean(line));
            }
        }
    }
    more(&mut out, summary.failures.len(), "failures");
    // What made a node fail is told there already.
    let told = |path: &str| summary.failures.iter().any(|failure| *failure.path == *path);
    let contracts: Vec<_> = summary
        .contracts
        .iter()
        .filter(|contract| !(told(&contract.path) && matches!(contract.verdict, ContractVerdict::Require { .. })))
        .collect();
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
            let node = summary.failures.first().map(|failure| format!(" {}", failure.label)).unwrap_or_default();
            let _ = writeln!(out, "  → `flowc show {}`, `flowc why {0}{node}`, `flowc logs {0}{node}`", summary.run_id);
        }
        RunStatus::Cancelled => {
            let _ = writeln!(out, "  → `flowc run {}` goes on: what is done is kept", flow.short());
        }
        _ => {}
    }
    out
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
    let run = paint(color, Style::Dim, &format!("run {}", summary.run_id));
    format!("{} {}{late}: {}  {run}\n", paint(color, style, sign), paint(color, Style::Bold, what), parts.join(", "))
}

fn more(out: &mut String, count: usize, what: &str) {
    if count > MOST_SHOWN {
        out.push_str(&format!("  … and {} more {what}\n", count - MOST_SHOWN));
    }
}
