//! What is proved of flows, steps and datasets, in a few words each: for hover, and for hints behind clauses.
//!
//! The bounds are those of `flowc bounds`; here they are only put into words. Worked out once per analysis, when first asked.

use crate::Analysis;
use flow_compiler::{bounds::SystemBounds, freshness, spell, terms, time};
use flow_expr::Name;
use flow_plan::{Provenance, Step};
use std::collections::HashMap;

/// What is known of one declaration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The worst case in few words, for a hint: `≤ 30m`.
    pub short: Option<String>,
    /// Each fact on a line, with where it comes from.
    pub lines: Vec<String>,
}

/// All of them, by declaration.
pub(crate) type ByName = HashMap<Name, Facts>;

/// Works them out for the flows and datasets of the project; those of steps are quick, and made when they are asked for.
pub(crate) fn of_program(analysis: &Analysis) -> ByName {
    let program = &analysis.compilation.program;
    let bounds = SystemBounds::of(program, analysis.compilation.horizon);
    let mut all = ByName::new();
    for flow in program.flows.values() {
        let mut facts = Facts::default();
        let worst = bounds.durations.get(&flow.name).and_then(|bounds| bounds.flow.clone());
        match worst {
            Some(bound) => {
                facts.short = Some(format!("≤ {}", spell::length(bound.worst_ms)));
                facts.lines.push(format!("takes {}", at_most(bound.worst_ms, bound.provenance)));
            }
            None => facts.lines.push("takes any time".to_owned()),
        }
        if let Ok(rhythm) = bounds.rhythm(&flow.name) {
            facts.lines.push(freshness::between(rhythm.gap, &rhythm.zone));
        }
        for (dataset, read) in bounds.inputs.get(&flow.name).into_iter().flatten() {
            let read = match read {
                Ok(input) => format!("{} old", at_most(input.ms, input.provenance)),
                Err(none) => format!("of any age: {}", none.why),
            };
            facts.lines.push(format!("reads `{}`, {read}", dataset.short()));
        }
        all.insert(flow.name.clone(), facts);
    }
    for dataset in program.datasets.values().filter(|dataset| dataset.writer.is_some()) {
        let facts = match bounds.age(&dataset.name) {
            Ok(age) => Facts {
                short: Some(format!("≤ {} old", spell::length(age.total_ms))),
                lines: vec![
                    format!("{} old", at_most(age.total_ms, age.provenance)),
                    format!("{} = {}", freshness::sum(age), spell::length(age.total_ms)),
                ],
            },
            Err(none) => Facts { short: None, lines: vec![format!("of any age: {}", none.why)] },
        };
        all.insert(dataset.name.clone(), facts);
    }
    all
}

/// What is known of a step: its worst case as a sum, its effect.
pub(crate) fn of_step(analysis: &Analysis, step: &Step) -> Facts {
    let bound = time::step_bound(step);
    let sum = terms::of_step(&analysis.compilation.program, step);
    let sum = sum.map(|sum| format!(" = {sum}")).unwrap_or_default();
    let mut lines = vec![format!("takes {}{sum}", at_most(bound.worst_ms, bound.provenance))];
    lines.push(format!("effect {}", format!("{:?}", step.effect).to_lowercase()));
    Facts { short: Some(format!("≤ {}", spell::length(bound.worst_ms))), lines }
}

fn at_most(ms: u64, provenance: Provenance) -> String {
    let provenance = match provenance {
        Provenance::Declared => "declared",
        Provenance::Measured => "measured",
        Provenance::Assumed => "assumed",
    };
    format!("≤ {} ({provenance})", spell::length(ms))
}
