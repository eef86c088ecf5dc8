//! From expressions as written to expressions that can be evaluated: names resolved, types checked,
//! conversions explicit.
//!
//! Bidirectional: [`Elaborator::check`] pushes a type that is expected inwards, with the reason why;
//! [`Elaborator::infer`] finds a type. A wrong part becomes [`Type::Unknown`], which fits everything, so
//! one mistake gives one report. In flows, calls of steps and reads of datasets are taken out of the
//! expression into a [`Graph`]; elsewhere they are mistakes. One file per group of constructs.

mod blocks;
mod branches;
mod builtins;
mod calls;
mod coerce;
mod collections;
mod construct;
mod exhaustive;
mod fields;
mod generic;
mod graph;
mod judges;
mod lambda;
mod literals;
mod locals;
mod matching;
mod names;
mod narrow;
mod operators;
mod patterns;
mod strings;

use crate::{
    environment::Environment,
    index::{Definition, DefinitionKind},
    names::ModuleId,
    output::Output,
    problems::{
        mismatch::Because,
        names::{BoundTwice, LiteralName, UnusedLet},
    },
    source::span,
};
use flow_diag::{FileId, Problem, Span};
use flow_expr::{Expr, ExprKind, Name, Type, Value, VarId};
use flow_syntax::{TextRange, ast};
use std::sync::Arc;

pub(crate) use blocks::Ended;
pub(crate) use generic::{Substitution, is_generic};
pub(crate) use graph::Graph;
pub(crate) use locals::{It, Local, Locals};

/// Where an expression stands, for messages and for what is allowed there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the body of a `fn` or function-form `guard`.
    Function,
    /// In a constant, default or clause whose value must be known when compiling.
    Constant,
    /// In a `where`, or a row rule of a dataset.
    Rule,
    /// In a lambda.
    Lambda,
    /// In a step's body or clauses.
    Step,
    /// In a flow's statements.
    Flow,
    /// In a flow, where something is decided before anything is started: a guard of a `check`, an arm's `if`.
    Deciding,
    /// In a policy.
    Policy,
    /// In a test.
    Test,
    /// In no program: entered at a prompt.
    Question,
}

impl Place {
    /// As in "cannot stand in …".
    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::Function => "a function",
            Self::Constant => "a constant",
            Self::Rule => "a rule",
            Self::Lambda => "a function in place",
            Self::Step => "a step",
            Self::Flow => "a flow",
            Self::Deciding => "a guard",
            Self::Policy => "a policy",
            Self::Test => "a test",
            Self::Question => "a question",
        }
    }
}

/// Checks the expressions of one body.
pub(crate) struct Elaborator<'a> {
    /// The program.
    pub(crate) env: &'a Environment,
    /// The module of the body.
    pub(crate) module: ModuleId,
    /// Its file.
    pub(crate) file: FileId,
    /// What kind of body it is.
    pub(crate) place: Place,
    /// Names that are bound here.
    pub(crate) locals: Locals,
    /// The type parameters of the function whose body this is.
    pub(crate) type_parameters: Vec<Arc<str>>,
    /// Whether judges can be asked here: in the guards of a step.
    pub(crate) asks_judges: bool,
    /// In flows: the graph that calls go to.
    pub(crate) graph: Option<Graph>,
    /// Problems and index.
    pub(crate) output: &'a mut Output,
}

impl<'a> Elaborator<'a> {
    /// An elaborator for a body in a module.
    pub(crate) fn new(env: &'a Environment, module: ModuleId, place: Place, output: &'a mut Output) -> Self {
        let file = env.names.module(module).file;
        Self {
            env,
            module,
            file,
            place,
            locals: Locals::default(),
            type_parameters: vec![],
            asks_judges: false,
            graph: None,
            output,
        }
    }

    /// The span of a range in this file.
    pub(crate) fn span(&self, range: TextRange) -> Span {
        span(self.file, range)
    }

    /// Reports.
    pub(crate) fn problem(&mut self, problem: impl Into<Problem>) {
        self.output.problem(problem);
    }

    /// Elaborates something from which nothing can be started: it is no part of the flow's graph.
    pub(crate) fn apart<R>(&mut self, place: Place, elaborate: impl FnOnce(&mut Self) -> R) -> R {
        let place = std::mem::replace(&mut self.place, place);
        let graph = self.graph.take();
        let result = elaborate(self);
        self.graph = graph;
        self.place = place;
        result
    }

    /// Elaborates what decides between parts of a flow, before any of them is started.
    pub(crate) fn deciding<R>(&mut self, elaborate: impl FnOnce(&mut Self) -> R) -> R {
        let place = if self.place == Place::Flow { Place::Deciding } else { self.place };
        self.apart(place, elaborate)
    }

    /// Elaborates an expression that must have a type; converts or reports where it has another.
    pub(crate) fn check(&mut self, expr: &ast::Expr, expected: &Type, because: Because<'_>) -> Expr {
        match expr {
            ast::Expr::Paren(paren) => match paren.inner() {
                Some(inner) => self.check(&inner, expected, because),
                None => self.missing(expr.range()).0,
            },
            ast::Expr::If(branch) => self.branch(branch, Some((expected, because))).0,
            ast::Expr::Match(matching) => self.matching(matching, Some((expected, because))).0,
            ast::Expr::List(list) if matches!(self.env.base(expected.required()), Type::List(_)) => {
                self.list_of(list, expected, because)
            }
            ast::Expr::Map(map) if matches!(self.env.base(expected.required()), Type::Map(..)) => {
                self.map_of(map, expected, because)
            }
            _ => {
                let (value, found) = self.elaborate(expr, Some(expected));
                self.coerce(value, &found, expected, because)
            }
        }
    }

    /// As [`Self::check`], where the expression may be missing, which the parser has reported.
    pub(crate) fn check_present(
        &mut self,
        expr: Option<&ast::Expr>,
        expected: &Type,
        because: Because<'_>,
    ) -> Option<Expr> {
        expr.map(|expr| self.check(expr, expected, because))
    }

    /// Elaborates an expression and finds its type.
    pub(crate) fn infer(&mut self, expr: &ast::Expr) -> (Expr, Type) {
        self.elaborate(expr, None)
    }

    /// Elaborates an expression. The hint says what would be welcome: it decides what `0`, `North`, `[]` and
    /// the parameters of a lambda are, but another type may come out.
    pub(crate) fn elaborate(&mut self, expr: &ast::Expr, hint: Option<&Type>) -> (Expr, Type) {
        match expr {
            ast::Expr::Literal(literal) => self.literal(literal, hint),
            ast::Expr::String(string) => self.string(string),
            ast::Expr::Data(data) => self.data(data, hint),
            ast::Expr::Name(name) => self.name(name, hint),
            ast::Expr::Paren(paren) => match paren.inner() {
                Some(inner) => self.elaborate(&inner, hint),
                None => self.missing(paren.range()),
            },
            ast::Expr::List(list) => self.list(list, hint),
            ast::Expr::Map(map) => self.map(map, hint),
            ast::Expr::Unary(unary) => self.unary(unary, hint),
            ast::Expr::Binary(binary) => self.binary(binary, hint),
            ast::Expr::Range(range) => self.range(range),
            ast::Expr::Call(call) => self.call(call, hint),
            ast::Expr::Field(field) => self.field(field, hint),
            ast::Expr::Index(index) => self.index(index),
            ast::Expr::Lambda(lambda) => self.lambda(lambda, hint),
            ast::Expr::If(branch) => self.branch(branch, None),
            ast::Expr::Match(matching) => self.matching(matching, None),
            ast::Expr::For(_) | ast::Expr::Check(_) | ast::Expr::Run(_) => self.flow_expression(expr, hint),
        }
    }

    /// What stands for a part that is missing or wrong, which has been reported.
    pub(crate) fn missing(&self, range: TextRange) -> (Expr, Type) {
        self.unknown(self.span(range))
    }

    /// What stands for a part that is missing or wrong, which has been reported.
    pub(crate) fn unknown(&self, at: Span) -> (Expr, Type) {
        (Expr::new(ExprKind::Const(Value::Unit), at), Type::Unknown)
    }

    /// Binds a name in the scope opened last; a second one of that name is reported.
    pub(crate) fn bind(&mut self, name: &ast::Name, ty: Type, kind: DefinitionKind, expects_use: bool) -> VarId {
        let at = self.span(name.range());
        let mut expects_use = expects_use;
        if let Some(problem) = LiteralName::of(name, at) {
            self.problem(problem);
            expects_use = false;
        }
        if let Some(first) = self.locals.in_this_scope(name.text()) {
            let (first, noun) = (first.at, if kind == DefinitionKind::Parameter { "parameter" } else { "name" });
            self.problem(BoundTwice { name: name.text(), at, first, noun });
            self.locals.forgive(name.text());
        }
        let short: Arc<str> = name.text().into();
        let definition = self.output.index.define_local(|| Definition {
            kind,
            name: Name(short.clone()),
            at,
            ty: Some(ty.clone()),
            docs: None,
        });
        let var = self.locals.fresh();
        self.locals.push(Local { name: short, var, ty, at, definition, used: false, expects_use });
        var
    }

    /// Binds a parameter that is in the index already.
    pub(crate) fn bind_parameter(&mut self, parameter: &crate::environment::Parameter) -> VarId {
        let var = self.locals.fresh();
        let crate::environment::Parameter { name, ty, at, definition, .. } = parameter.clone();
        self.locals.push(Local { name, var, ty, at, definition, used: false, expects_use: false });
        var
    }

    /// Closes the scope opened last and warns of `let`s that nothing mentions.
    pub(crate) fn leave_scope(&mut self) {
        let is_unused = |local: &Local| local.expects_use && !local.used && !local.name.starts_with('_');
        let unused: Vec<_> = self.locals.leave().filter(is_unused).collect();
        for local in unused {
            self.problem(UnusedLet { name: &local.name, at: local.at });
        }
    }
}
