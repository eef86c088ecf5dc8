//! Constants, settings and defaults: computed when compiling, by the evaluator that runs them later.

use super::{functions::ensure_callees, signatures::ruled_type};
use crate::{
    environment::{Constant, Environment},
    expr::{Elaborator, It, Place},
    names::ItemId,
    output::Output,
    problems::{
        cycles::{ConstantCycle, Turn},
        mismatch::Because,
        values::{BreaksRule, NoValue, NotConstant},
    },
    source::{one_line, span},
    types::TypeContext,
};
use flow_diag::Span;
use flow_expr::{Context, Expr, ExprKind, Refinement, Type, TypeDef, Value};
use flow_syntax::ast;
use jiff::Timestamp;
use std::rc::Rc;

/// Built-ins whose value depends on when a run starts.
const OF_A_RUN: &[&str] = &["now", "today", "yesterday", "tomorrow", "age"];

/// Works out all constants and settings.
pub(crate) fn constants(env: &Environment, output: &mut Output) {
    for (id, item) in env.names.all() {
        if matches!(item.decl, ast::Decl::Const(_) | ast::Decl::Var(_)) {
            constant(env, id, item.at, output);
        }
    }
}

/// The type and value of a constant or setting, worked out now if need be.
pub(crate) fn constant(env: &Environment, id: ItemId, mention: Span, output: &mut Output) -> Constant {
    if let Some(known) = env.constants.borrow().get(&id) {
        return known.clone();
    }
    if closes_circle(env, id, mention, output) {
        return Constant::unknown();
    }
    env.open.borrow_mut().push((id, mention));
    let found = compute(env, id, output);
    env.open.borrow_mut().pop();
    let mut constants = env.constants.borrow_mut();
    constants.entry(id).or_insert(found).clone()
}

/// Whether a declaration is asked for while it is worked out, which is reported.
pub(super) fn closes_circle(env: &Environment, id: ItemId, mention: Span, output: &mut Output) -> bool {
    if let Some(last) = env.open.borrow_mut().last_mut() {
        last.1 = mention;
    }
    let open = env.open.borrow();
    let Some(start) = open.iter().position(|(known, _)| *known == id) else { return false };
    let turns: Vec<Turn> = open[start..]
        .iter()
        .map(|(id, mention)| {
            let item = env.names.item(*id);
            Turn { name: item.name.clone(), at: item.at, mention: *mention }
        })
        .collect();
    output.problem(ConstantCycle(turns));
    // Each of the circle has no value; that is said once.
    let mut constants = env.constants.borrow_mut();
    for (id, _) in &open[start..] {
        constants.entry(*id).or_insert_with(Constant::unknown);
    }
    true
}

fn compute(env: &Environment, id: ItemId, output: &mut Output) -> Constant {
    let item = env.names.item(id);
    let name = item.name.short();
    let (ty, labels, refinement, written): (_, Vec<ast::LabelRef>, _, _) = match &item.decl {
        ast::Decl::Const(decl) => (decl.ty(), decl.labels().collect(), decl.refinement(), decl.value()),
        ast::Decl::Var(decl) => (decl.ty(), decl.labels().collect(), decl.refinement(), decl.default()),
        _ => return Constant::unknown(),
    };
    let file = env.names.module(item.module).file;
    let context = TypeContext { env, module: item.module, parameters: &[] };
    let mut labels = crate::types::resolve_labels(&context, labels.into_iter(), output);
    let declared = ty.map(|written| (context.resolve(&written, output), span(file, written.range())));
    let mut elaborator = Elaborator::new(env, item.module, Place::Constant, output);
    let (expr, ty) = match (&declared, &written) {
        (Some((ty, at)), Some(written)) => {
            (Some(elaborator.check(written, ty, Because::Declared { name, at: *at })), ty.clone())
        }
        (Some((ty, _)), None) => (None, ty.clone()),
        (None, Some(written)) => {
            let (expr, ty) = elaborator.infer(written);
            (Some(expr), ty)
        }
        (None, None) => (None, Type::Unknown),
    };
    if let Some(expr) = expr.as_ref().filter(|_| labels.is_empty()) {
        labels = output.annotations.labels_within(expr, env);
    }
    let default = expr.and_then(|expr| constant_value(env, &expr, Some((item.at, name)), output));
    let (value, at) = match &item.decl {
        ast::Decl::Var(_) => super::settings::value(env, id, &ty, default, output),
        _ => (default, written.as_ref().map_or(item.at, |written| span(file, written.range()))),
    };
    if let (Some(value), Some(written)) = (&value, refinement) {
        let rule = rule(env, id, &written, &ty, output);
        check_rule(env, &rule, value, at, output);
    }
    Constant { ty, labels, value }
}

/// Reports a known value that breaks a rule of its type's aliases.
pub(crate) fn check_rules(env: &Environment, ty: &Type, value: &Value, at: Span, output: &mut Output) {
    for (_, rule) in env.aliases(ty) {
        check_rule(env, rule, value, at, output);
    }
}

/// Reports a known value that breaks a rule.
fn check_rule(env: &Environment, rule: &Refinement, value: &Value, at: Span, output: &mut Output) {
    if matches!(value, Value::Absent) || !ensure_callees(env, &rule.condition, output) {
        return;
    }
    let functions = env.functions.borrow();
    let context = Context::new(&functions, &env.types, Timestamp::UNIX_EPOCH);
    let holds = flow_expr::evaluate(&rule.condition, value, &context);
    if matches!(holds, Ok(Value::Bool(false))) {
        let shown = Expr::new(ExprKind::Const(value.clone()), at);
        let shown = Expr::new(ExprKind::Builtin("text".into(), vec![shown]), at);
        let value = match flow_expr::evaluate(&shown, &(), &context) {
            Ok(Value::String(text)) if text.is_empty() => "an empty text".to_owned(),
            Ok(Value::String(text)) => format!("`{text}`"),
            _ => "this value".to_owned(),
        };
        let rule_at = rule.condition.at;
        output.problem(BreaksRule { at, value, rule: rule.text.to_string(), rule_at });
    }
}

/// A rule about a value of that type.
pub(crate) fn rule(env: &Environment, id: ItemId, written: &ast::Expr, ty: &Type, output: &mut Output) -> Refinement {
    let mut elaborator = Elaborator::new(env, env.names.item(id).module, Place::Rule, output);
    let bare_fields = env.record(ty).is_some();
    elaborator.locals.set_it(Some(It { ty: ty.clone(), var: flow_expr::VarId::IT, bare_fields }));
    let condition = elaborator.check(written, &Type::Bool, Because::Place("which `where` takes"));
    Refinement { condition, text: one_line(written.syntax()) }
}

/// The value of an expression that must be known when compiling. Reports what is not, or fails.
pub(crate) fn constant_value(
    env: &Environment,
    expr: &Expr,
    declared: Option<(Span, &str)>,
    output: &mut Output,
) -> Option<Value> {
    if let ExprKind::Const(value) = &expr.kind {
        return Some(value.clone());
    }
    let mut of_a_run = None;
    expr.visit(&mut |part| {
        if let ExprKind::Builtin(name, _) = &part.kind
            && OF_A_RUN.contains(&&**name)
        {
            of_a_run = Some((part.at, name.clone()));
        }
    });
    if let Some((at, name)) = of_a_run {
        output.problem(NotConstant { at, what: format!("`{name}()`") });
        return None;
    }
    // What has been reported has no value, and that is not worth a second report.
    if output.problems.has_errors() && has_errors_within(expr, output) || !ensure_callees(env, expr, output) {
        return None;
    }
    let functions = env.functions.borrow();
    let context = Context::new(&functions, &env.types, Timestamp::UNIX_EPOCH);
    match flow_expr::evaluate(expr, &(), &context) {
        Ok(value) => Some(value),
        Err(error) => {
            let declared = declared.map(|(at, name)| (at, name.to_owned()));
            output.problem(NoValue { error, declared });
            None
        }
    }
}

fn has_errors_within(expr: &Expr, output: &Output) -> bool {
    let within = |at: Span| at.file == expr.at.file && expr.at.start <= at.start && at.end <= expr.at.end;
    output.problems.0.iter().any(|problem| problem.severity == flow_diag::Severity::Error && within(problem.span()))
}

impl Elaborator<'_> {
    /// The value of an expression that must be known when compiling.
    pub(crate) fn constant(&mut self, written: &ast::Expr, ty: &Type, because: Because<'_>) -> Option<Value> {
        let before = self.output.problems.0.len();
        let expr = self.apart(Place::Constant, |this| this.check(written, ty, because));
        let is_wrong =
            self.output.problems.0[before..].iter().any(|problem| problem.severity == flow_diag::Severity::Error);
        if is_wrong {
            return None;
        }
        let mut variable = None;
        expr.visit(&mut |part| {
            if let ExprKind::Var(_) = part.kind {
                variable = variable.or(Some(part.at));
            }
        });
        // A lambda's own parameters are no matter: only what comes from outside is not known.
        if let Some(at) = variable.filter(|_| !expr.free_variables().is_empty()) {
            self.problem(NotConstant { at, what: "this parameter or variable".to_owned() });
            return None;
        }
        constant_value(self.env, &expr, None, self.output)
    }

    /// The value of a parameter that a call leaves out.
    pub(crate) fn default_of(&mut self, parameter: &crate::environment::Parameter) -> Option<Expr> {
        if parameter.default.is_some() {
            return parameter.default.clone();
        }
        let written = parameter.written.as_ref()?;
        if let Some(known) = self.env.defaults.borrow().get(&parameter.definition) {
            return known.clone();
        }
        self.env.defaults.borrow_mut().insert(parameter.definition, None);
        let owner = self.env.names.item(parameter.owner);
        let mut elaborator = Elaborator::new(self.env, owner.module, Place::Constant, self.output);
        let because =
            Because::Parameter { owner: owner.name.short(), parameter: &parameter.name, at: Some(parameter.at) };
        let value = elaborator.check(written, &parameter.ty, because);
        self.env.defaults.borrow_mut().insert(parameter.definition, Some(value.clone()));
        Some(value)
    }
}

/// Fills in the defaults of all parameters.
pub(crate) fn defaults(env: &mut Environment, output: &mut Output) {
    let ids: Vec<ItemId> = env.names.all().map(|(id, _)| id).collect();
    for id in ids {
        let Some(signature) = env.signatures.get(&id).cloned() else { continue };
        if signature.params.iter().any(|param| param.has_default) {
            let module = env.names.item(id).module;
            let mut elaborator = Elaborator::new(env, module, Place::Constant, output);
            let found: Vec<Option<Expr>> = signature.params.iter().map(|param| elaborator.default_of(param)).collect();
            let mut signature = (*signature).clone();
            for (param, found) in signature.params.iter_mut().zip(found) {
                param.default = found;
            }
            env.signatures.insert(id, Rc::new(signature));
        }
    }
}

/// Fills in the rules of all parameters that have one.
pub(crate) fn parameter_rules(env: &mut Environment, output: &mut Output) {
    let ids: Vec<ItemId> = env.names.all().map(|(id, _)| id).collect();
    ids.into_iter().for_each(|id| rules_of(env, id, output));
}

fn rules_of(env: &mut Environment, id: ItemId, output: &mut Output) {
    let item = env.names.item(id).clone();
    let params: Vec<ast::Param> = match &item.decl {
        ast::Decl::Fn(decl) => decl.params().collect(),
        ast::Decl::Guard(decl) => decl.params().collect(),
        ast::Decl::Step(decl) => decl.params().collect(),
        ast::Decl::Flow(decl) => decl.params().collect(),
        _ => return,
    };
    for param in params {
        let (Some(name), Some(written)) = (param.name(), param.refinement()) else { continue };
        let ruled = ruled_type(&item.name, name.text());
        let Some(TypeDef::Refined { base, .. }) = env.types.get(&ruled) else { continue };
        let base = base.clone();
        let rule = rule(env, id, &written, &base, output);
        env.types.0.insert(ruled, TypeDef::Refined { base, refinement: rule, labels: vec![] });
    }
}
