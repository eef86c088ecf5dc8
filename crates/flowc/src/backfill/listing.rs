//! What `flowc plan` says of a range: for each value whether what its run writes is missing, stale or there.

use super::values::{Varied, compressed};
use crate::{
    columns::{Cell, columns},
    ui::{Style, Ui, paint},
};
use flow_plan::{Decision, NodeKind, Plan, Reason, Verdict, words};
use std::collections::HashMap;

/// Most rows that are shown without `--verbose`.
const MOST_ROWS: usize = 60;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Missing,
    Stale,
    Maybe,
    UpToDate,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Stale => "stale",
            Self::Maybe => "maybe stale",
            Self::UpToDate => "up to date",
        }
    }

    fn style(self) -> Style {
        match self {
            Self::Missing => Style::Bad,
            Self::Stale | Self::Maybe => Style::Warn,
            Self::UpToDate => Style::Dim,
        }
    }
}

/// Plans of one flow for several values of a parameter, a line for each.
pub(crate) fn listing(plans: &[(Option<Varied>, Plan)], ui: &Ui) -> String {
    let Some((Some(first), plan)) = plans.first() else { return String::new() };
    let flow = plan.flow.short();
    let color = ui.color_out;
    let title = format!("plan of {flow} for {} values of {}", plans.len(), first.name);
    let mut out = format!("{}\n", paint(color, Style::Bold, &title));
    let states: Vec<(&str, State, String)> = plans
        .iter()
        .filter_map(|(varied, plan)| {
            let (state, why) = state(plan);
            Some((varied.as_ref()?.value.as_str(), state, why))
        })
        .collect();
    let most = if ui.verbose { usize::MAX } else { MOST_ROWS };
    let rows: Vec<Vec<Cell>> = states
        .iter()
        .take(most)
        .map(|(value, state, why)| {
            let state = Cell::styled(state.word(), state.style());
            vec![Cell::new(format!("  {value}")), state, Cell::styled(why.clone(), Style::Dim)]
        })
        .collect();
    out.push_str(&columns(&rows, color));
    if states.len() > most {
        out.push_str(&format!("  … and {} more: --verbose shows all\n", states.len() - most));
    }
    let counts = [State::Missing, State::Stale, State::Maybe, State::UpToDate]
        .map(|wanted| (states.iter().filter(|(_, state, _)| *state == wanted).count(), wanted.word()));
    let counts = counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
    out.push_str(&format!("{}\n", counts.collect::<Vec<_>>().join(", ")));
    let open = states.iter().filter(|(_, state, _)| *state != State::UpToDate).map(|(value, ..)| *value);
    let open = compressed(open);
    if !open.is_empty() {
        out.push_str(&format!("`flowc run {flow} --{} {open}` makes them\n", first.name.replace('_', "-")));
    }
    out
}

/// The worst that is true of what a plan's run would write, and why.
fn state(plan: &Plan) -> (State, String) {
    let Some(flow) = plan.program.flows.get(&plan.flow) else { return (State::Maybe, String::new()) };
    let nodes: HashMap<u32, _> = flow.nodes().map(|node| (node.id.0, node)).collect();
    let writes = |node: u32| nodes.get(&node).is_some_and(|node| matches!(node.kind, NodeKind::Write { .. }));
    let is_gone = |reason: &&Reason| matches!(reason, Reason::NeverRan | Reason::OutputMissing { .. });
    let missing = plan.decisions.iter().find_map(|(node, decision)| {
        let gone = decision.reasons.iter().find(is_gone);
        gone.filter(|_| writes(node.0) && decision.verdict == Verdict::Run).map(|reason| (node.0, reason))
    });
    let label = |node: u32| nodes.get(&node).map_or("", |node| &*node.label);
    if let Some((node, reason)) = missing {
        return (State::Missing, format!("{}: {}", label(node), words::reason(reason)));
    }
    let first = |wanted: Verdict| plan.decisions.iter().find(|(_, decision)| decision.verdict == wanted);
    let why = |(node, decision): &(flow_plan::NodeId, Decision)| {
        let reasons: Vec<String> = decision.reasons.iter().map(words::reason).collect();
        format!("{}: {}", label(node.0), reasons.join("; "))
    };
    match (first(Verdict::Run), first(Verdict::Maybe)) {
        (Some(found), _) => (State::Stale, why(found)),
        (None, Some(found)) => (State::Maybe, why(found)),
        (None, None) => (State::UpToDate, String::new()),
    }
}
