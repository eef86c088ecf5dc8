//! Mismatches at a border as the failure of an attempt.
//!
//! Knows only how to word them; finding them is [`flow_expr::codec`]'s work.

use flow_expr::codec::BorderErrors;
use flow_plan::{ErrorClass, Failure};

/// The failure of an attempt whose result does not fit.
pub(crate) fn malformed(errors: &BorderErrors) -> Failure {
    let code = errors.errors.first().map_or(flow_diag::codes::R0108, |error| error.code);
    let message = match errors.total {
        1 => "its result does not fit the step's type".to_owned(),
        total => format!("its result does not fit the step's type in {total} places"),
    };
    let failure = Failure::new(ErrorClass::Malformed, code.as_str(), message);
    errors.errors.iter().fold(failure, |failure, error| failure.detail(error.to_string()))
}
