//! What became of all runs of a range: one summary, and the command that goes on.

use super::values::{Varied, compressed};
use crate::{
    exit::Exit,
    live::{RunFormat, json, words},
    ui::{Style, Ui, paint},
};
use flow_engine::{ExitClass, RunStatus, RunSummary};

/// Runs that are listed; the rest is counted, so that the summary fits a screen.
const MOST_SHOWN: usize = 10;

/// All runs of a range, in the order of its values; none where a run was not begun.
pub(super) struct Outcomes {
    /// The flow, as it can be named again.
    pub(super) flow: String,
    /// What else was given on the command line.
    pub(super) given: String,
    /// The runs.
    pub(super) runs: Vec<(Varied, Option<RunSummary>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Done,
    UpToDate,
    Failed,
    Cancelled,
    NotBegun,
}

fn kind(summary: Option<&RunSummary>) -> Kind {
    match summary {
        None => Kind::NotBegun,
        Some(summary) => match (summary.status, summary.late) {
            (RunStatus::Failed, _) | (RunStatus::Succeeded | RunStatus::Skipped, true) => Kind::Failed,
            (RunStatus::Cancelled, _) => Kind::Cancelled,
            _ if summary.counts.ran + summary.counts.recovered == 0 => Kind::UpToDate,
            _ => Kind::Done,
        },
    }
}

impl Outcomes {
    /// How the command ends: as the first run in order that did not end well.
    pub(super) fn exit(&self) -> Exit {
        let classes = || self.runs.iter().map(|(_, summary)| summary.as_ref().map(|summary| summary.exit_class));
        if classes().any(|class| matches!(class, None | Some(ExitClass::Cancelled))) {
            return Exit::Cancelled;
        }
        match classes().flatten().find(|class| *class != ExitClass::Done) {
            Some(ExitClass::StepFailed) => Exit::StepFailed,
            Some(ExitClass::ContractBroken) => Exit::ContractBroken,
            _ => Exit::Done,
        }
    }

    fn count(&self, wanted: Kind) -> usize {
        self.runs.iter().filter(|(_, summary)| kind(summary.as_ref()) == wanted).count()
    }

    /// Values whose runs have not come to a good end.
    fn open(&self) -> impl Iterator<Item = &Varied> {
        let open = |kind| matches!(kind, Kind::Failed | Kind::Cancelled | Kind::NotBegun);
        self.runs.iter().filter(move |(_, summary)| open(kind(summary.as_ref()))).map(|(varied, _)| varied)
    }

    /// The command that goes on; none if nothing is left to do.
    fn command(&self) -> Option<String> {
        let name = self.open().next()?.name.replace('_', "-");
        let values = compressed(self.open().map(|varied| varied.value.as_str()));
        Some(format!("flowc run {} --{name} {values}{}", self.flow, self.given))
    }

    /// Shows the whole.
    pub(super) fn show(&self, ui: &Ui, format: RunFormat) -> Result<(), crate::exit::Failure> {
        if format == RunFormat::Json {
            let values = |wanted: Kind| -> Vec<&str> {
                let of = self.runs.iter().filter(|(_, summary)| kind(summary.as_ref()) == wanted);
                of.map(|(varied, _)| varied.value.as_str()).collect()
            };
            let event = serde_json::json!({
                "type": "backfill", "flow": self.flow, "done": values(Kind::Done), "up_to_date": values(Kind::UpToDate),
                "failed": values(Kind::Failed), "cancelled": values(Kind::Cancelled),
                "not_begun": values(Kind::NotBegun), "go_on": self.command(),
            });
            return ui.out(&format!("{}\n", json::line(event)));
        }
        if !ui.quiet || self.exit() != Exit::Done {
            ui.tell(&self.text(ui.color_err));
        }
        Ok(())
    }

    fn text(&self, color: bool) -> String {
        let parts = [
            (Kind::Done, "done"),
            (Kind::UpToDate, "up to date"),
            (Kind::Failed, "failed"),
            (Kind::Cancelled, "cancelled"),
            (Kind::NotBegun, "not begun"),
        ];
        let parts: Vec<String> = parts
            .iter()
            .map(|(kind, word)| (self.count(*kind), word))
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        let sign = match self.exit() {
            Exit::Done => paint(color, Style::Good, "✓"),
            Exit::Cancelled => paint(color, Style::Warn, "■"),
            _ => paint(color, Style::Bad, "✗"),
        };
        let name = paint(color, Style::Bold, &self.flow);
        let mut out = format!("{sign} {name}, {} runs: {}\n", self.runs.len(), parts.join(", "));
        let failed: Vec<_> = self
            .runs
            .iter()
            .filter_map(|(varied, summary)| Some((varied, summary.as_ref()?)))
            .filter(|(_, summary)| kind(Some(summary)) == Kind::Failed)
            .collect();
        for (varied, summary) in failed.iter().take(MOST_SHOWN) {
            let why = match summary.failures.first() {
                Some(node) => format!("{}: {}", node.label, words::failure(&node.failure)),
                None => "past its deadline".into(),
            };
            let cross = paint(color, Style::Bad, "✗");
            out.push_str(&format!("  {cross} {}={}: {why}  run {}\n", varied.name, varied.value, summary.run_id));
        }
        if failed.len() > MOST_SHOWN {
            out.push_str(&format!("  … and {} more that failed\n", failed.len() - MOST_SHOWN));
        }
        if let Some(command) = self.command() {
            out.push_str(&format!("  → `{command}` goes on: what is done is kept\n"));
        }
        out
    }
}
