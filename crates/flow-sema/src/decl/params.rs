//! Parameters of steps, flows and partitions as variables, and whether anything uses them.

use super::problems::UnusedParam;
use crate::{
    environment::Parameter,
    expr::{Elaborator, Local},
};
use flow_plan::Param;

/// A parameter, bound in the open scope.
pub(crate) fn bind(el: &mut Elaborator<'_>, parameter: &Parameter) -> Param {
    let var = el.bind_parameter(parameter);
    Param {
        name: parameter.name.clone(),
        var,
        ty: parameter.ty.clone(),
        default: parameter.default.clone(),
        labels: parameter.labels.clone(),
    }
}

/// Warns of parameters that neither an expression nor the body's text uses. Closes the scope.
pub(crate) fn warn_unused(el: &mut Elaborator<'_>, owner: &str, in_text: impl Fn(&str) -> bool) {
    let is_unused = |local: &Local| !local.used && !local.name.starts_with('_') && !in_text(&local.name);
    let unused: Vec<_> = el.locals.leave().filter(is_unused).collect();
    for local in unused {
        el.problem(UnusedParam { name: &local.name, at: local.at, owner });
    }
}
