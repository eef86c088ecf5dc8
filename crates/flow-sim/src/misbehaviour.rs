//! Tests that say how a model misbehaves: no model does that on demand, so they mean nothing where it is really asked.

use crate::facts::class_word;
use flow_expr::Name;
use flow_plan::{Body, Given, Happening, Program, Test, TestStmt};

/// The first AI step, or judge, that a test lets fail or answer in a certain wording, and the word for how.
#[must_use]
pub fn scripted_misbehaviour(test: &Test, program: &Program) -> Option<(Name, String)> {
    test.body.iter().find_map(|stmt| {
        let TestStmt::Given { given: Given::Step { step, script }, .. } = stmt else { return None };
        let declared = program.steps.get(step).or_else(|| program.judges.get(step))?;
        if !matches!(declared.body, Body::Ai(_)) {
            return None;
        }
        let word = script.iter().find_map(|happening| match happening {
            Happening::Fails { class, .. } => Some(class_word(*class)),
            _ => None,
        })?;
        Some((step.clone(), word))
    })
}
