//! `:doc NAME`: what is written about a declaration, with how it is used.

use crate::{
    Host, Session,
    commands::OWN,
    session::{Compiled, Outcome},
    show,
};
use flow_compiler::Prompt;
use flow_plan::{Flow, Param, Step, words};
use std::fmt::Write as _;

impl Session {
    pub(crate) fn doc(&mut self, name: &str, host: &mut dyn Host) -> Outcome {
        if let Some((own, arguments, what)) = OWN.iter().find(|(own, ..)| name.strip_prefix(':') == Some(*own)) {
            return Outcome::done(format!(":{own} {arguments}\n  {what}\n"));
        }
        let compiled = self.compiled(host);
        match documented(&compiled, name) {
            Some(text) => Outcome::done(text),
            None => Outcome::failed(format!("error: nothing is called `{name}`\n")),
        }
    }
}

/// All that goes by a name: what it is, how it is called, what is written about it.
fn documented(compiled: &Compiled, wanted: &str) -> Option<String> {
    let index = &compiled.compilation.index;
    let entered = format!("{}.{wanted}", Prompt::MODULE);
    let is_declaration = |kind| matches!(kind, flow_compiler::DefinitionKind::Declaration(_));
    let mut found: Vec<_> = index
        .definitions
        .iter()
        .filter(|known| is_declaration(known.kind) && (known.name.as_str() == wanted || known.name.short() == wanted))
        .collect();
    if found.iter().any(|known| known.name.as_str() == entered) {
        found.retain(|known| known.name.as_str() == entered);
    }
    let mut out = String::new();
    for known in found {
        let flow_compiler::DefinitionKind::Declaration(keyword) = known.kind else { continue };
        let program = &compiled.program;
        let shown = match keyword {
            "step" => program.steps.get(&known.name).map(step),
            "flow" => program.flows.get(&known.name).map(flow),
            "dataset" => program.datasets.get(&known.name).map(|dataset| show::dataset(dataset, program)),
            _ => None,
        };
        out.push_str(&shown.unwrap_or_else(|| match &known.ty {
            Some(ty) => format!("{keyword} {}: {}\n", known.name, show::short(ty)),
            None => format!("{keyword} {}\n", known.name),
        }));
        for line in known.docs.iter().flat_map(|docs| docs.lines()) {
            let _ = writeln!(out, "  {line}");
        }
    }
    (!out.is_empty()).then_some(out)
}

fn parameters(params: &[Param]) -> String {
    let one = |param: &Param| {
        let default = if param.default.is_some() { " = …" } else { "" };
        format!("{}: {}{default}", param.name, show::short(&param.ty))
    };
    params.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn step(step: &Step) -> String {
    let assumed = if step.timeout_declared { "" } else { " (assumed)" };
    format!(
        "step {}({}) -> {}\n  {}, at most {} an attempt{assumed}\n",
        step.name.short(),
        parameters(&step.params),
        show::short(&step.returns),
        step.body.keyword(),
        words::duration(step.timeout_ms),
    )
}

fn flow(flow: &Flow) -> String {
    let starts: String =
        flow.starts.iter().map(|start| format!("  starts {}\n", words::trigger(&start.trigger))).collect();
    format!("flow {}({})\n{starts}", flow.name.short(), parameters(&flow.params))
}
