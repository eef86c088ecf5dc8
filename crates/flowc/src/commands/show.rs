//! `flowc show RUN [STEP]`: what a run did, or one step of it.

use super::{cut::Cut, doubts};
use crate::{
    cli::{Format, Global},
    columns::{Cell, columns, columns_within},
    engine,
    exit::{Exit, Failure, Outcome},
    live::words,
    moment::{moment, took},
    project::Project,
    ui::{Style, Ui, paint},
};
use clap::Args;
use flow_driver::{How, NodeEnd, NodeStatus};
use flow_engine::{DoubtRow, Engine, Options, QuestionRow, RunDetail, StepDetail};
use flow_plan::AskReport;
use flow_store::ContractRow;
use serde::Serialize;
use serde_json::json;

/// Most nodes that are shown without `--verbose`.
const MOST_ROWS: usize = 60;

/// Most lines of a prompt that are shown.
const MOST_PROMPT_LINES: usize = 40;

/// Shows what a run did, or one step of it
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The run's id, a part of it that is its alone, or `last`
    #[arg(default_value = "last")]
    run: String,
    /// The step, by its label
    step: Option<String>,
    /// text, or json for tools
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

impl Show {
    pub(crate) fn run(&self, global: &Global, ui: &Ui) -> Outcome {
        let project = Project::find(global)?;
        let engine = engine::of(&project, Options::default());
        match &self.step {
            None => self.whole(&project, &engine, ui)?,
            Some(step) => self.one(step, &project, &engine, ui)?,
        }
        Ok(Exit::Done)
    }

    fn whole(&self, project: &Project, engine: &Engine, ui: &Ui) -> Result<(), Failure> {
        let detail = engine.show(&self.run).map_err(|error| engine::failure(&error))?;
        let cut = Cut::of(project, engine, &detail.run)?;
        match self.format {
            Format::Json => ui.out_json(&Shown { format: 1, run: Known { detail: &detail, cut: cut.json() } }),
            Format::Text => ui.out(&run_text(&detail, &cut, ui)),
        }
    }

    fn one(&self, step: &str, project: &Project, engine: &Engine, ui: &Ui) -> Result<(), Failure> {
        let (json, text) = match engine.why(&self.run, step) {
            Ok(detail) => (json!({ "format": 1, "step": detail }), step_text(&detail, ui.color_out)),
            // It has not ended: it may wait for a person, or be in doubt.
            Err(error) => {
                let run = engine.show(&self.run).map_err(|error| engine::failure(&error))?.run;
                let named = |row: &DoubtRow| *row.doubt.label == *step || *row.doubt.path == *step;
                match doubts::of(project, engine, &run)?.into_iter().find(named) {
                    Some(row) => {
                        let text = format!("in doubt: {}\n", doubts::lines(&row.doubt).join("\n"));
                        (json!({ "format": 1, "in_doubt": row }), text)
                    }
                    None => {
                        let open = engine.open_question(&self.run, step).map_err(|_| engine::failure(&error))?;
                        let text = super::approvals::whole(&open, ui.color_out);
                        (json!({ "format": 1, "question": open }), text)
                    }
                }
            }
        };
        match self.format {
            Format::Json => ui.out_json(&json),
            Format::Text => ui.out(&text),
        }
    }
}

/// A run as tools are shown it.
#[derive(Serialize)]
struct Shown<'a> {
    format: u32,
    run: Known<'a>,
}

/// What the store knows of a run, and what the journal says besides of one that was cut off.
#[derive(Serialize)]
struct Known<'a> {
    #[serde(flatten)]
    detail: &'a RunDetail,
    #[serde(flatten)]
    cut: serde_json::Map<String, serde_json::Value>,
}

fn run_text(detail: &RunDetail, cut: &Cut, ui: &Ui) -> String {
    let color = ui.color_out;
    let run = &detail.run;
    let (status, time) = super::history::status(run, cut.state);
    let mut head = vec![
        vec![Cell::styled("run", Style::Dim), Cell::styled(&*run.run, Style::Bold)],
        vec![Cell::styled("flow", Style::Dim), Cell::new(&*run.flow)],
        vec![Cell::styled("status", Style::Dim), status],
        vec![Cell::styled("began", Style::Dim), Cell::new(moment(run.start.started))],
    ];
    if !time.is_empty() {
        head.push(vec![Cell::styled("took", Style::Dim), Cell::new(time)]);
    }
    if let Some(retry) = &run.start.retry {
        let from = retry.from.as_ref().map(|from| format!(", from {from}")).unwrap_or_default();
        head.push(vec![Cell::styled("retry of", Style::Dim), Cell::new(format!("{}{from}", retry.of))]);
    }
    head.extend(cut.rows());
    let mut out = columns(&head, color);
    out.push_str(&cut.text(&run.run));
    out.push('\n');
    let is_shown = |node: &&NodeEnd| ui.verbose || &*node.kind != "compute" || node.status == NodeStatus::Failed;
    let nodes: Vec<&NodeEnd> = detail.nodes.iter().filter(is_shown).collect();
    let most = if ui.verbose { usize::MAX } else { MOST_ROWS };
    let rows: Vec<Vec<Cell>> = nodes.iter().take(most).map(|node| row(node)).collect();
    out.push_str(&columns_within(&rows, color, ui.width));
    if nodes.len() > most {
        out.push_str(&format!("… and {} more: --verbose shows all\n", nodes.len() - most));
    }
    for node in &detail.nodes {
        out.push_str(&failure_text(node, color));
    }
    let broken: Vec<_> = detail.contracts.iter().filter(|row| !row.verdict.kept()).collect();
    if !broken.is_empty() {
        out.push_str(&format!("\n{}\n", paint(color, Style::Bold, "broken promises")));
        for row in broken.into_iter().take(most) {
            out.push_str(&format!("  {}: {}\n", row.label, words::contract(&row.verdict)));
        }
    }
    out
}

fn row(node: &NodeEnd) -> Vec<Cell> {
    let (sign, style) = match node.status {
        NodeStatus::Succeeded => ("✓", Style::Good),
        NodeStatus::Failed => ("✗", Style::Bad),
        NodeStatus::Cancelled => ("■", Style::Warn),
        NodeStatus::NotRun | NodeStatus::Skipped | NodeStatus::Unknown => ("–", Style::Dim),
    };
    let reasons = node.decision.as_ref().map(|decision| words::reasons(&decision.reasons)).unwrap_or_default();
    // Why is told in full below.
    let ended = words::ended_how(node).unwrap_or_else(|| "left out".into());
    vec![
        Cell::styled(sign, style),
        Cell::styled(&*node.label, Style::Bold),
        Cell::new(ended),
        Cell::styled(reasons, Style::Dim),
    ]
}

fn failure_text(node: &NodeEnd, color: bool) -> String {
    let Some(failure) = node.failure.as_ref().or(node.instead_of.as_ref()) else { return String::new() };
    let way = match node.how {
        Some(How::Fallback) => "fell back: ",
        Some(How::Recovered) => "recovered: ",
        _ => "",
    };
    let mut out = format!("\n{}: {way}{}\n", paint(color, Style::Bold, &node.label), words::failure(failure));
    for detail in &failure.details {
        out.push_str(&format!("  {}\n", flow_diag::render::clean(detail).replace('\n', "\n  ")));
    }
    for line in failure.stderr_tail.iter().flat_map(|tail| tail.lines()) {
        out.push_str(&format!("  {} {}\n", paint(color, Style::Dim, "│"), flow_diag::render::clean(line)));
    }
    out
}

/// What a model said in an attempt, and what that cost.
fn ask_rows(ask: &AskReport) -> Vec<Vec<Cell>> {
    let dim = |text: &str| Cell::styled(format!("    {text}"), Style::Dim);
    let served = if ask.served.is_empty() { String::new() } else { format!(" ({})", ask.served) };
    let cost = match ask.known {
        true => flow_plan::words::money(ask.micro_dollars),
        false => format!("not known, charged with {}", flow_plan::words::money(ask.micro_dollars)),
    };
    let tokens = format!("{} tokens in, {} out, {cost}", ask.input_tokens, ask.output_tokens);
    let mut rows = vec![vec![dim("asked"), Cell::new(format!("{}{served}: {tokens}", ask.model.short()))]];
    let mut lines = |heading: &str, text: &str| {
        for (index, line) in text.lines().enumerate() {
            let line = flow_diag::render::clean(line).into_owned();
            rows.push(vec![dim(if index == 0 { heading } else { "" }), Cell::new(line)]);
        }
    };
    let more = ask.asked.lines().count().saturating_sub(MOST_PROMPT_LINES);
    let asked: Vec<&str> = ask.asked.lines().take(MOST_PROMPT_LINES).collect();
    lines("prompt", &asked.join("\n"));
    if more > 0 {
        lines("", &format!("… and {more} more lines: `flowc logs` has all that was sent"));
    }
    lines("said", &ask.answer);
    for (index, leniency) in ask.leniencies.iter().enumerate() {
        rows.push(vec![dim(if index == 0 { "forgiven" } else { "" }), Cell::new(&**leniency)]);
    }
    for call in &ask.calls {
        let refused = call.refused.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        rows.push(vec![dim("called"), Cell::new(format!("{}({}){refused}", call.step, call.arguments))]);
    }
    rows
}

/// What became of a promise, and what was seen.
fn promise_rows(contract: &ContractRow) -> Vec<Vec<Cell>> {
    let text = words::contract(&contract.verdict);
    let lines = text.lines().enumerate().map(|(index, line)| match index {
        0 => vec![Cell::styled("  promise", Style::Dim), Cell::new(line)],
        _ => vec![Cell::new(""), Cell::new(format!("  {}", line.trim_start()))],
    });
    lines.collect()
}

/// What a person was asked, and what became of it.
fn question_rows(row: &QuestionRow) -> Vec<Vec<Cell>> {
    let question = &row.question;
    let dim = |text: &str| Cell::styled(text.to_owned(), Style::Dim);
    let clean = |text: &str| flow_diag::render::clean(text).into_owned();
    let mut rows =
        vec![vec![dim("  asked"), Cell::new(format!("{} {}", moment(question.since), clean(&question.who)))]];
    let mut lines = |heading: &str, text: &str| {
        for (index, line) in text.lines().enumerate() {
            rows.push(vec![dim(if index == 0 { heading } else { "" }), Cell::new(clean(line))]);
        }
    };
    lines("    shown", &question.message);
    for (name, value) in &question.arguments {
        lines("", &format!("{name} = {value}"));
    }
    if let Some(draft) = &question.draft {
        lines("    result", &draft.value);
        lines("    guard", &draft.guard);
    }
    lines("    digest", &question.digest);
    let end = match (&row.end, &row.answer) {
        (Some(end), _) => words::question_end(end),
        (None, Some((_, answer))) => format!("{}, not taken by the run yet", words::answered(answer)),
        (None, None) => format!("until {}: {}", moment(question.until), words::approve_command(&row.run, question)),
    };
    let when = row.ended.map(|at| format!("{} ", moment(at))).unwrap_or_default();
    rows.push(vec![dim(if row.ended.is_some() { "  answer" } else { "  waits" }), Cell::new(format!("{when}{end}"))]);
    rows
}

/// A step of a run: what it did, from what, and why.
pub(crate) fn step_text(detail: &StepDetail, color: bool) -> String {
    let node = &detail.node;
    let mut out = format!("{} in run {}\n", paint(color, Style::Bold, &node.label), detail.run);
    let mut rows =
        vec![vec![Cell::styled("  ended", Style::Dim), Cell::new(words::ended_how(node).unwrap_or("left out".into()))]];
    for (index, reason) in node.decision.iter().flat_map(|decision| &decision.reasons).enumerate() {
        let heading = if index == 0 { "  because" } else { "" };
        rows.push(vec![Cell::styled(heading, Style::Dim), Cell::new(flow_plan::words::reason(reason))]);
    }
    for (index, input) in node.record.iter().flat_map(|record| &record.inputs).enumerate() {
        let heading = if index == 0 { "  from" } else { "" };
        rows.push(vec![Cell::styled(heading, Style::Dim), Cell::new(format!("{} = {}", input.name, input.short))]);
    }
    let mut contracts = detail.contracts.iter().peekable();
    for attempt in &detail.attempts {
        // What was found out about the attempt before, which may have been in the same instant.
        while let Some(contract) = contracts.next_if(|contract| contract.at <= attempt.began) {
            rows.extend(promise_rows(contract));
        }
        let end = attempt.failure.as_ref().map_or("done".into(), words::failure);
        let heading = format!("  attempt {}", attempt.attempt);
        let tool = attempt.tool.iter().map(|tool| format!("tool {}: ", tool.short()));
        let inside: String =
            tool.chain(attempt.judge.iter().map(|judge| format!("judge {}: ", judge.short()))).collect();
        let end = format!("{inside}{end}");
        let time = took(attempt.began, attempt.ended);
        rows.push(vec![
            Cell::styled(heading, Style::Dim),
            Cell::new(format!("{} {time}: {end}", moment(attempt.began))),
        ]);
        rows.extend(attempt.ask.iter().flat_map(ask_rows));
    }
    rows.extend(contracts.flat_map(promise_rows));
    rows.extend(detail.questions.iter().flat_map(question_rows));
    out.push_str(&columns(&rows, color));
    out.push_str(&failure_text(node, color));
    if let Some(because) = &detail.because {
        out.push_str(&failure_text(because, color));
    }
    out
}
