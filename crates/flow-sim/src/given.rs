//! `given …`: the statements of a test that change its world.

use crate::{mocks, test::Bench};
use flow_expr::{Context, EvalError, evaluate};
use flow_plan::{Body, Given};

impl Bench<'_> {
    /// Does what a `given` says.
    ///
    /// # Errors
    /// The value has none.
    pub(crate) fn give(&mut self, given: &Given) -> Result<(), EvalError> {
        let program = self.program.clone();
        let context = Context::new(&program.functions, &program.types, self.now);
        match given {
            Given::Dataset { dataset, value } => {
                let value = evaluate(value, &self.scope, &context)?;
                if let Some(dataset) = program.datasets.get(dataset) {
                    self.world.give(dataset, value, &program, self.now);
                }
            }
            Given::Age { dataset, age_ms } => {
                if let Some(dataset) = program.datasets.get(dataset) {
                    self.world.age(dataset, *age_ms, &program, self.now);
                }
            }
            Given::Missing { dataset } => self.world.lose(dataset),
            Given::Step { step, script } => {
                let acts = script.iter().map(|happening| mocks::act(happening, &self.scope, &context));
                let acts = acts.collect::<Result<Vec<_>, _>>()?;
                let body = program.steps.get(step).map(|step| &step.body);
                self.mocks.script(step.clone(), acts, matches!(body, Some(Body::Ask { .. })));
            }
            Given::Real { step } => self.mocks.real(step.clone()),
            Given::Now { at_time } => self.now = *at_time,
        }
        Ok(())
    }
}
