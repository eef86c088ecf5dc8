//! A plan as a file: written as JSON, and read back only if it is what this compiler would obey.
//!
//! Reading refuses another format, another compiler, and a plan whose content is not what its hash
//! says. Where the text comes from is the caller's business.

mod nested;

use crate::{PLAN_FORMAT, Plan, meaning_hash};
use serde::Deserialize;
use std::sync::Arc;

/// Stack for the deepest plan that a checked program can give, most of which is never touched.
const STACK_BYTES: usize = 256 << 20;

/// Why a text is no plan that can be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// It cannot be read at all.
    #[error("this is no plan: {0}")]
    Malformed(String),
    /// It nests more deeply than any program that is checked.
    #[error("an expression of this plan nests too deeply to be read back: give a part of it a name with `let` or `fn`")]
    TooDeep,
    /// Another version of the format.
    #[error(
        "this plan has format {found}, and this compiler reads format {PLAN_FORMAT}: make the plan again with `flowc plan -o`"
    )]
    Format {
        /// Its format.
        found: u64,
    },
    /// Another compiler.
    #[error(
        "this plan was made by flowc {found}, and this is flowc {running}: what it proved may not hold here. Make the plan again with `flowc plan -o`"
    )]
    Compiler {
        /// The compiler that made it.
        found: String,
        /// This compiler.
        running: String,
    },
    /// Its content is not what its hash says.
    #[error("this plan was changed after it was made: its hash is {recorded}, its content has {actual}")]
    Changed {
        /// The hash in the file.
        recorded: String,
        /// The hash of the content.
        actual: String,
    },
    /// It plans a flow that it does not hold.
    #[error("this plan is for the flow `{0}`, which it does not hold")]
    NoFlow(String),
}

impl PlanError {
    /// The code of its page.
    #[must_use]
    pub fn code(&self) -> &'static str {
        flow_diag::codes::R0734.as_str()
    }
}

/// What every version of the format has: enough to say why another one is refused.
#[derive(Deserialize)]
struct Head {
    format: Option<u64>,
    compiler: Option<String>,
}

impl Plan {
    /// The hash that belongs in [`Plan::hash`]: of the meaning of program, flow and parameters.
    #[must_use]
    pub fn content_hash(&self) -> Arc<str> {
        deep(|| meaning_hash(&(&self.program, &self.flow, &self.params)))
    }

    /// Gives the plan its hash, if it has none.
    pub fn seal(&mut self) {
        if self.hash.is_empty() {
            self.hash = self.content_hash();
        }
    }

    /// The plan as JSON, indented, with a line end. It should have been sealed, or it cannot be read back.
    ///
    /// # Panics
    /// When a parameter holds a function, which no checked program can give it.
    #[must_use]
    pub fn to_json(&self) -> String {
        let json = deep(|| serde_json::to_string_pretty(self)).expect("plans hold only values that can be stored");
        json + "\n"
    }

    /// Reads a plan. `compiler` is the version that is running.
    ///
    /// # Errors
    /// The text is no plan, or one that must not be run here.
    pub fn from_json(text: &str, compiler: &str) -> Result<Self, PlanError> {
        deep(|| {
            let json = nested::parse(text)?;
            let head = Head::deserialize(&json).map_err(malformed)?;
            match head.format {
                Some(format) if format == u64::from(PLAN_FORMAT) => {}
                Some(found) => return Err(PlanError::Format { found }),
                None => return Err(PlanError::Malformed("it has no `format`".into())),
            }
            if let Some(found) = head.compiler.filter(|found| found != compiler) {
                return Err(PlanError::Compiler { found, running: compiler.into() });
            }
            let plan = Self::deserialize(json).map_err(malformed)?;
            let actual = meaning_hash(&(&plan.program, &plan.flow, &plan.params));
            if plan.hash != actual {
                return Err(PlanError::Changed { recorded: plan.hash.to_string(), actual: actual.to_string() });
            }
            if !plan.program.flows.contains_key(&plan.flow) {
                return Err(PlanError::NoFlow(plan.flow.to_string()));
            }
            Ok(plan)
        })
    }
}

fn malformed(error: serde_json::Error) -> PlanError {
    PlanError::Malformed(error.to_string())
}

/// Runs something on a stack that is large enough for the deepest plan.
fn deep<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work);
        match thread.expect("a thread can be started").join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}
