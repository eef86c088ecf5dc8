//! Why a plan could not be made or a run not begun. What fails inside a run is in its summary.

use flow_driver::{Doubt, Misfit};
use flow_expr::Name;
use flow_store::StoreError;
use std::sync::Arc;

/// Why the engine cannot do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The folder of runs.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The plan was made for other data.
    #[error("the plan was made for another version of {}: make it again with `flowc plan -o`", names(.0))]
    InputsChanged(Vec<Name>),
    /// There is no such flow.
    #[error("the plan has no flow `{0}`")]
    NoFlow(Name),
    /// Nobody is asked there.
    #[error("{0}: `flowc approvals` lists what waits for an answer")]
    NotAsked(String),
    /// A run that was cut off cannot be gone on with.
    #[error("run `{run}` cannot be gone on with: {why}")]
    CannotResume {
        /// The run.
        run: Arc<str>,
        /// Why not.
        why: String,
    },
    /// A run that was cut off waits for a person to say what became of these steps.
    #[error("run `{run}` was cut off in {}: nobody knows whether it took effect", doubted(.doubts))]
    InDoubt {
        /// The run.
        run: Arc<str>,
        /// The steps.
        doubts: Vec<Doubt>,
    },
    /// There is nothing to be said of a step, or what is said is not taken.
    #[error("{0}")]
    NotInDoubt(String),
    /// A run cannot be cancelled.
    #[error("run `{run}` cannot be cancelled: {why}")]
    CannotCancel {
        /// The run.
        run: Arc<str>,
        /// Why not.
        why: String,
    },
    /// A run cannot be retried.
    #[error("run `{run}` cannot be retried: {why}")]
    CannotRetry {
        /// The run.
        run: Arc<str>,
        /// Why not.
        why: String,
    },
    /// The answer does not fit the question.
    #[error("the answer is not taken: {0}")]
    Misfit(Misfit),
    /// Something inside the engine went wrong: a fault of flowc.
    #[error("the engine stopped: {0}")]
    Internal(String),
}

impl EngineError {
    /// The code of its page.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::InputsChanged(_) => "R0730",
            Self::NotAsked(_) => "R0763",
            Self::Misfit(_) => "R0762",
            Self::CannotResume { .. } => "R0764",
            Self::InDoubt { .. } => "R0765",
            Self::NotInDoubt(_) => "R0766",
            Self::CannotRetry { .. } => "R0767",
            Self::CannotCancel { .. } => "R0768",
            Self::NoFlow(_) | Self::Internal(_) => "R0731",
        }
    }
}

fn names(names: &[Name]) -> String {
    names.iter().map(|name| format!("`{}`", name.short())).collect::<Vec<_>>().join(", ")
}

fn doubted(doubts: &[Doubt]) -> String {
    doubts.iter().map(|doubt| format!("`{}`", doubt.label)).collect::<Vec<_>>().join(", ")
}
