//! What checking gives besides meaning: problems, and the index.

use crate::{annotations::Annotations, index::Index};
use flow_diag::{Problem, Problems};

/// Grows while a program is checked.
#[derive(Debug, Default)]
pub(crate) struct Output {
    /// What is wrong.
    pub(crate) problems: Problems,
    /// Who defines and mentions what.
    pub(crate) index: Index,
    /// Types that are written where the plan keeps none.
    pub(crate) annotations: Annotations,
}

impl Output {
    /// Adds a problem.
    pub(crate) fn problem(&mut self, problem: impl Into<Problem>) {
        self.problems.push(problem);
    }
}
