//! What `flowc bounds` says of asks, tokens and money: of a run, and of a day, each with its sum.

use super::provenance;
use flow_compiler::{
    bounds::SystemBounds,
    spend::{Measure, OfRun, Spend, Spending, check::sum},
};
use flow_plan::Flow;
use serde_json::{Value as Json, json};

/// Lines of a flow; none if it asks nobody.
pub(super) fn lines<'a>(bounds: &mut SystemBounds<'a>, spending: &Spending<'a>, flow: &'a Flow) -> Vec<String> {
    let Some(run) = spending.run(&flow.name).filter(|run| !run.need.is_nothing()) else { return vec![] };
    let mut lines = vec![format!("a run asks {}", at_most(&run.most))];
    lines.extend(reasons(&run.most));
    lines.extend(sums(run));
    let a_day = spending.per_day(bounds, flow);
    match spending.runs_per_day(bounds, &flow.name) {
        Ok(runs) => {
            let plural = if runs == 1 { "" } else { "s" };
            lines.push(format!("a day of {runs} run{plural} asks {}", at_most(&a_day)));
        }
        Err(none) if Measure::ALL.iter().any(|measure| a_day.of(*measure).is_ok()) => {
            lines.push(format!("a day asks {}, whatever its runs: {}", at_most(&a_day), none.why));
        }
        Err(none) => {
            lines.push(format!("no bound for a day: {}", none.why));
            lines.push(format!("  {}", none.help));
        }
    }
    lines.into_iter().map(|line| format!("  {line}")).collect()
}

/// `≤ 3 asks, 12_000 tokens, $0.02 (declared)`; what has no bound is said to have none.
fn at_most(spend: &Spend) -> String {
    let known: Vec<_> =
        Measure::ALL.iter().filter_map(|measure| Some((*measure, spend.of(*measure).as_ref().ok()?))).collect();
    let grounds = known.iter().map(|(_, amount)| amount.provenance).max();
    let mut all: Vec<String> = known.iter().map(|(measure, amount)| measure.amount(amount.most)).collect();
    let without: Vec<&str> = Measure::ALL
        .iter()
        .filter(|measure| spend.of(**measure).is_err())
        .map(|measure| match measure {
            Measure::Asks => "asks",
            Measure::Tokens => "tokens",
            Measure::Dollars => "money",
        })
        .collect();
    if !without.is_empty() {
        all.push(format!("no bound of {}", without.join(" and ")));
    }
    let grounds = grounds.map(|of| format!(" ({})", provenance(of))).unwrap_or_default();
    format!("≤ {}{grounds}", all.join(", "))
}

/// Why something has no bound, each reason once.
fn reasons(spend: &Spend) -> Vec<String> {
    let mut lines: Vec<String> = vec![];
    for measure in Measure::ALL {
        let Err(none) = spend.of(measure) else { continue };
        let line = format!("  {}: {}", none.why, none.help);
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

/// The sum of the money, else of the asks; and that the flow's own budget ends it, if it does.
fn sums(run: &OfRun<'_>) -> Vec<String> {
    let is_known = |measure: &Measure| run.need.of(*measure).as_ref().is_ok_and(|amount| amount.most > 0);
    let Some(measure) = [Measure::Dollars, Measure::Asks].into_iter().find(is_known) else { return vec![] };
    let (Ok(need), Ok(most)) = (run.need.of(measure), run.most.of(measure)) else { return vec![] };
    let mut line = format!("  {}", sum(&run.parts, measure, 1, need.most));
    if most.most < need.most {
        line.push_str(&format!(", and its budget ends it at {}", measure.amount(most.most)));
    }
    vec![line]
}

/// The same for tools.
pub(super) fn json<'a>(bounds: &mut SystemBounds<'a>, spending: &Spending<'a>, flow: &'a Flow) -> Json {
    let Some(run) = spending.run(&flow.name) else { return Json::Null };
    let parts: Vec<Json> = run
        .parts
        .iter()
        .map(|part| json!({ "name": part.name.as_str(), "times": part.times, "each": amounts(&part.each) }))
        .collect();
    let runs = spending.runs_per_day(bounds, &flow.name);
    json!({
        "run": amounts(&run.most),
        "steps": amounts(&run.need),
        "parts": parts,
        "runs_per_day": runs.as_ref().ok(),
        "day": amounts(&spending.per_day(bounds, flow)),
    })
}

fn amounts(spend: &Spend) -> Json {
    let of = |measure| match spend.of(measure) {
        Ok(amount) => json!({ "most": amount.most, "provenance": provenance(amount.provenance) }),
        Err(none) => json!({ "no_bound": { "why": none.why, "help": none.help } }),
    };
    json!({ "asks": of(Measure::Asks), "tokens": of(Measure::Tokens), "micro_dollars": of(Measure::Dollars) })
}
