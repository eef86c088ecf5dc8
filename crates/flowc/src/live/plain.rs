//! A run in plain lines: for pipelines, logs, and terminals that cannot be drawn over.

use super::{View, words};
use crate::{
    moment::took,
    ui::{Style, Ui, paint},
};
use flow_driver::{How, NodeStatus};
use flow_engine::{Happening, Progress};
use flow_plan::Verdict;
use jiff::Timestamp;

/// What is said when a run is asked to end.
pub(crate) const CANCELLING: &str = "cancelling: what is under way is ended. Again to end at once";

/// One line for each event that matters.
pub(super) struct Lines {
    ui: Ui,
    began: Option<Timestamp>,
    /// Before each line: which of several runs at once it is.
    prefix: String,
}

impl Lines {
    pub(super) fn new(ui: Ui, name: Option<String>) -> Self {
        let prefix = name.map(|name| format!("{name}  ")).unwrap_or_default();
        Self { ui, began: None, prefix }
    }
}

impl View for Lines {
    fn show(&mut self, event: &Progress) {
        let began = *self.began.get_or_insert(event.at);
        if let Some(line) = line(&event.what, &self.ui) {
            let at = paint(self.ui.color_err, Style::Dim, &format!("{:>6}", took(began, event.at)));
            self.ui.tell(&format!("{at}  {}{line}", self.prefix));
        }
    }

    fn lost(&mut self, events: u64) {
        self.ui.tell(&format!("        … {events} events came too fast to be shown"));
    }
}

/// An event as a line; none for what only `--verbose` shows, or nobody reads.
pub(super) fn line(what: &Happening, ui: &Ui) -> Option<String> {
    let bold = |text: &str| paint(ui.color_err, Style::Bold, text);
    Some(match what {
        Happening::Locked { pid, run, .. } => format!("waiting for run {run} of process {pid} to end"),
        Happening::RunStarted { run, flow, .. } => format!("run {run} of {flow}"),
        Happening::Decided { label, decision, .. } => {
            if decision.verdict != Verdict::Run && !ui.verbose {
                return None;
            }
            if !ui.verbose && decision.reasons.is_empty() {
                return None;
            }
            format!(
                "{}  {}: {}",
                bold(label),
                flow_plan::words::verdict(decision.verdict),
                words::reasons(&decision.reasons)
            )
        }
        Happening::NodeStarted { label, attempt: 1, .. } if ui.verbose => format!("{}  started", bold(label)),
        Happening::NodeStarted { label, attempt, .. } if *attempt > 1 => format!("{}  attempt {attempt}", bold(label)),
        Happening::NodeStarted { .. } => return None,
        Happening::Retrying { label, attempt, attempts, why, retry_at, .. } => format!(
            "{}  {} ({why}); attempt {attempt} of {attempts} at {}",
            bold(label),
            paint(ui.color_err, Style::Warn, "failed"),
            crate::moment::moment(*retry_at)
        ),
        Happening::Waiting { label, why, .. } => format!("{}  {}", bold(label), words::waiting(why)),
        Happening::Asked { run, question } => {
            let first = question.message.lines().next().unwrap_or_default();
            let waits = paint(ui.color_err, Style::Warn, &words::waits_for(question));
            let (first, command) = (flow_diag::render::clean(first), words::approve_command(run, question));
            format!("{}  {first}\n        {waits}\n        {command}", bold(&question.label))
        }
        Happening::AnswerRefused { label, why, .. } => {
            let why = format!("the answer was not taken: {}", flow_diag::render::clean(why));
            format!("{}  {}", bold(label), paint(ui.color_err, Style::Warn, &why))
        }
        Happening::QuestionEnded { label, end, .. } => format!("{}  {}", bold(label), words::question_end(end)),
        Happening::Log { label, line, .. } => {
            if !ui.verbose {
                return None;
            }
            format!("{} │ {}", bold(label), flow_diag::render::clean(line))
        }
        Happening::Contract { label, verdict, .. } => {
            if verdict.kept() && !ui.verbose {
                return None;
            }
            let style = if verdict.kept() { Style::Good } else { Style::Bad };
            format!("{}  {}", bold(label), paint(ui.color_err, style, &words::contract(verdict)))
        }
        Happening::NodeFinished(node) => {
            let dull =
                node.how == Some(How::Reused) || (node.status == NodeStatus::Succeeded && &*node.kind == "compute");
            if dull && !ui.verbose {
                return None;
            }
            let style = match node.status {
                NodeStatus::Succeeded => Style::Good,
                NodeStatus::Failed => Style::Bad,
                _ => Style::Dim,
            };
            format!("{}  {}", bold(&node.label), paint(ui.color_err, style, &words::ended(node)?))
        }
        Happening::Cancelling => CANCELLING.into(),
        Happening::RunFinished(_) => return None,
    })
}
