//! What is declared with values in it: signatures, constants, settings, functions.
//!
//! Constants may stand in any order and call functions, which mention constants: so each is worked out
//! when it is first asked for, and a circle shows as one that is asked for while it is being worked out.

mod constants;
mod functions;
mod settings;
mod signatures;

pub(crate) use constants::{check_rules, constant, constant_value, constants, defaults, parameter_rules, rule};
pub(crate) use functions::functions;
pub(crate) use settings::{Settings, settings};
pub(crate) use signatures::signatures;
