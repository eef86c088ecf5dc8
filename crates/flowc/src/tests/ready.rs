//! What is looked at before a live test asks anybody: what is skipped, whether the keys are there, whether a recording
//! would hold what it must not.

use super::real::Real;
use crate::exit::Failure;
use flow_diag::codes;
use flow_exec::labels_in_answers;
use flow_expr::Name;
use flow_plan::{Program, SecretSource, Test};
use flow_sim::scripted_misbehaviour;
use std::collections::BTreeSet;

/// Why a test is not run where models are really asked.
pub(crate) fn skipped(test: &Test, program: &Program) -> Option<String> {
    let (step, word) = scripted_misbehaviour(test, program)?;
    Some(format!("it lets `{}` answer with `{word}`, which no model does on demand", step.short()))
}

/// Fails if a model that the tests may ask has no key.
pub(crate) fn keys<'t>(program: &Program, tests: impl Iterator<Item = &'t Test>, real: &Real) -> Result<(), Failure> {
    let mut seen: BTreeSet<Name> = BTreeSet::new();
    for part in tests.flat_map(|test| flow_sim::parts(program, test)) {
        for model in part.models.values() {
            if !seen.insert(model.name.clone()) {
                continue;
            }
            let Err(failure) = real.can_ask(program, model) else { continue };
            let message = format!("the model `{}` cannot be asked: {}", model.name.short(), failure.message);
            let mut failed = Failure::environment(format!("{message} [{}]", codes::R0743.as_str()));
            if let Some(SecretSource::Env(variable)) = model.key.as_ref().and_then(|key| program.secrets.get(key)) {
                failed = failed.hint(format!("set {variable} where flowc is started"));
            }
            return Err(failed
                .hint("a profile with other models: `--profile NAME`")
                .hint("`flowc test` without `--live` and `--record` asks nobody"));
        }
    }
    Ok(())
}

/// Fails if a recording of what the program's models answer would hold labelled data in clear.
pub(crate) fn recordable<'p>(parts: impl Iterator<Item = &'p Program>) -> Result<(), Failure> {
    for part in parts {
        for step in part.steps.values().chain(part.judges.values()) {
            let labels = labels_in_answers(step, part);
            if labels.is_empty() {
                continue;
            }
            let labels: Vec<String> = labels.iter().map(|label| format!("@{}", label.short())).collect();
            let message = format!(
                "what models answer for `{}` is not recorded: it holds data labelled {} [{}]",
                step.name.short(),
                labels.join(", "),
                codes::R0815.as_str()
            );
            return Err(Failure::wrong(message).hint("without `--record`, nothing of it is kept"));
        }
    }
    Ok(())
}
