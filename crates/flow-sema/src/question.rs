//! An expression that stands in no program, checked as if it stood in one: what is entered at a prompt.
//!
//! It knows all declarations by their short names, the datasets without partitions by their data, and the names that were
//! bound before. What the data is, and where values are kept, is not known here. Tested through `flow-repl`.

use crate::{
    environment::Environment,
    expr::{Elaborator, Local, Place},
    index::DefinitionId,
    output::Output,
    problems::mismatch::Because,
};
use flow_diag::{FileId, Span};
use flow_expr::{Expr, Name, Type, VarId};
use flow_plan::Program;
use flow_syntax::ast;
use std::sync::Arc;

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The module of what was declared at the prompt; all declarations are known in it.
    pub module: &'a Name,
    /// The text of its own that the expression stands in.
    pub file: FileId,
    /// The expression; none if only the declarations are to be checked.
    pub expr: Option<&'a ast::Expr>,
    /// The type that it must have.
    pub expected: Option<&'a Type>,
    /// Names that were bound before; a later one hides an earlier one.
    pub bound: &'a [(Arc<str>, Type)],
}

/// What the expression of a question is.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The expression.
    pub expr: Expr,
    /// Its type.
    pub ty: Type,
    /// The datasets that it reads, with the variables that stand for their data.
    pub datasets: Vec<(Name, VarId)>,
    /// The names that it mentions, by their places in [`Question::bound`], with their variables.
    pub bound: Vec<(usize, VarId)>,
}

/// Checks the expression of a question.
pub(crate) fn answer(
    question: &Question<'_>,
    env: &Environment,
    program: &Program,
    output: &mut Output,
) -> Option<Answer> {
    let (module, expr) = (env.names.module_named(question.module.as_str())?, question.expr?);
    let mut elaborator = Elaborator { file: question.file, ..Elaborator::new(env, module, Place::Question, output) };
    elaborator.locals.enter();
    let mut bind = |name: Arc<str>, ty: &Type| {
        let var = elaborator.locals.fresh();
        let (ty, at, definition) = (ty.clone(), Span::default(), DefinitionId::NONE);
        elaborator.locals.push(Local { name, var, ty, at, definition, used: false, expects_use: false });
        var
    };
    let whole = program.datasets.values().filter(|dataset| dataset.partition.is_empty());
    let datasets: Vec<(Name, VarId)> =
        whole.map(|dataset| (dataset.name.clone(), bind(dataset.name.0.clone(), &dataset.ty))).collect();
    let bound: Vec<VarId> = question.bound.iter().map(|(name, ty)| bind(name.clone(), ty)).collect();
    let (expr, ty) = match question.expected {
        Some(ty) => (elaborator.check(expr, ty, Because::Place("here")), ty.clone()),
        None => elaborator.infer(expr),
    };
    elaborator.leave_scope();
    let used = expr.free_variables();
    let datasets = datasets.into_iter().filter(|(_, var)| used.contains(var)).collect();
    let bound = bound.into_iter().enumerate().filter(|(_, var)| used.contains(var)).collect();
    Some(Answer { expr, ty, datasets, bound })
}
