//! Calls: functions, guards, steps, flows, records, variants; `x.f(y)` is `f(x, y)`.

use super::{Elaborator, Place, names::Meaning};
use crate::{
    arguments::{Callee, Given, GivenValue},
    names::{Found, ItemId},
    problems::{
        arguments::{NotCallable, WrongCount},
        context::OnlyInFlows,
        mismatch::Because,
        names::WrongKind,
    },
};
use flow_diag::Span;
use flow_expr::{Expr, ExprKind, Type, Value};
use flow_plan::NodeKind;
use flow_syntax::ast;

/// Whether a function is declared without a body: it is one of `flow_expr`'s.
pub(super) fn is_built_in(decl: &ast::Decl) -> bool {
    match decl {
        ast::Decl::Fn(decl) => decl.body().is_none(),
        ast::Decl::Guard(decl) => decl.body().is_none() && decl.judge().is_none(),
        _ => false,
    }
}

impl Elaborator<'_> {
    pub(super) fn call(&mut self, expr: &ast::CallExpr, hint: Option<&Type>) -> (Expr, Type) {
        let at = self.span(expr.range());
        let Some(callee) = expr.callee() else { return self.missing(expr.range()) };
        let (value, ty) = match &callee {
            ast::Expr::Name(name) => match name.name() {
                Some(name) => self.call_name(&name, expr, at, hint),
                None => self.missing(expr.range()),
            },
            ast::Expr::Field(field) => self.call_field(field, expr, at, hint),
            other => {
                let (value, ty) = self.infer(other);
                self.not_callable(&value, &ty, expr, at)
            }
        };
        self.output.index.typed(at, &ty);
        (value, ty)
    }

    /// The arguments as written, spreads left aside.
    pub(crate) fn given(&self, expr: &ast::CallExpr) -> Vec<Given> {
        let arguments = expr.args().map(|arg| Given {
            name: arg.name(),
            at: self.span(arg.range()),
            value: GivenValue::Written(arg.value()),
        });
        arguments.collect()
    }

    fn call_name(&mut self, name: &ast::Name, expr: &ast::CallExpr, at: Span, hint: Option<&Type>) -> (Expr, Type) {
        let (text, name_at) = (name.text(), self.span(name.range()));
        let found = self.env.names.find(self.module, text);
        // A parameter called `count` does not hide the function `count`.
        let is_function = matches!(found, Found::Item(_)) || flow_expr::builtins::is_builtin(text);
        if !is_function && let Some(local) = self.locals.find(text) {
            let (value, ty, definition) =
                (Expr::new(ExprKind::Var(local.var), name_at), local.ty.clone(), local.definition);
            self.output.index.mention(name_at, definition);
            return self.call_passed(text, value, &ty, expr, at);
        }
        match found {
            Found::Item(item) if !(self.is_own(item) && flow_expr::builtins::is_builtin(text)) => {
                self.output.index.mention(name_at, self.env.names.item(item).definition);
                let given = self.given(expr);
                self.call_item(item, name_at, expr, given, at, hint)
            }
            Found::Broken => self.check_loose(expr, at),
            _ if text == "previous" => self.previous(expr, at),
            _ if flow_expr::builtins::is_builtin(text) => {
                let given = self.given(expr);
                self.call_builtin(text, name_at, given, at, hint)
            }
            _ if text.starts_with(char::is_uppercase) => match self.enum_of(text, name_at, hint) {
                Some(Some(owner)) => {
                    let given = self.given(expr);
                    self.construct_variant(&owner, text, name_at, at, &given, Some(expr))
                }
                Some(None) => self.check_loose(expr, at),
                None => {
                    self.unknown_value(text, name_at, "type");
                    self.check_loose(expr, at)
                }
            },
            _ => {
                self.unknown_value(text, name_at, "function");
                self.check_loose(expr, at)
            }
        }
    }

    /// What is called is not known, which has been reported: the arguments are still checked for themselves.
    pub(super) fn check_loose(&mut self, expr: &ast::CallExpr, at: Span) -> (Expr, Type) {
        for argument in expr.args() {
            if let Some(value) = argument.value() {
                self.elaborate(&value, Some(&Type::Unknown));
            }
        }
        self.unknown(at)
    }

    /// A call of a function that was passed. There are calls of functions by name only, so one argument goes
    /// through `map`, and two through `zip`, of lists that hold just them.
    fn call_passed(&mut self, name: &str, value: Expr, ty: &Type, expr: &ast::CallExpr, at: Span) -> (Expr, Type) {
        let written: Vec<ast::Expr> = expr.args().filter_map(|arg| arg.value()).collect();
        let Type::Function(params, result) = self.env.base(ty).clone() else {
            return self.not_callable(&value, ty, expr, at);
        };
        if params.is_empty() || params.len() > 2 {
            return self.not_callable(&value, ty, expr, at);
        }
        if written.len() != params.len() {
            let (owner, takes, given) = (name, params.len(), written.len());
            self.problem(WrongCount { at, owner, takes, given });
            return self.check_loose(expr, at);
        }
        let because = Because::Place("which this function takes");
        let lists = written.iter().zip(params.iter()).map(|(written, param)| {
            let argument = self.check(written, param, because);
            Expr::new(ExprKind::List(vec![argument]), at)
        });
        let mut arguments: Vec<Expr> = lists.collect();
        arguments.push(value);
        let through = if params.len() == 1 { "map" } else { "zip" };
        let all = Expr::new(ExprKind::Builtin(through.into(), arguments), at);
        let first = Expr::new(ExprKind::Const(Value::Int(0)), at);
        (Expr::new(ExprKind::Builtin("at".into(), vec![all, first]), at), (*result).clone())
    }

    fn not_callable(&mut self, value: &Expr, ty: &Type, expr: &ast::CallExpr, at: Span) -> (Expr, Type) {
        if *ty != Type::Unknown {
            self.problem(NotCallable { at: value.at, found: ty });
        }
        self.check_loose(expr, at)
    }

    /// `x.f(y)`, `shop.f(y)`, `Region.Failed(reason: r)`.
    fn call_field(
        &mut self,
        field: &ast::FieldExpr,
        expr: &ast::CallExpr,
        at: Span,
        hint: Option<&Type>,
    ) -> (Expr, Type) {
        let (Some(receiver), Some(name)) = (field.receiver(), field.name()) else { return self.check_loose(expr, at) };
        let name_at = self.span(name.range());
        match self.path_or_value(&receiver) {
            Meaning::Value(value, ty) => {
                let given = self.given(expr);
                self.call_method(value, ty, &name, expr, given, at, hint)
            }
            Meaning::Item(item) => {
                let ty = self.env.type_items.get(&item).cloned().unwrap_or(Type::Unknown);
                match self.env.variants_of(&ty).map(|(owner, _)| owner.clone()) {
                    Some(owner) => {
                        let given = self.given(expr);
                        self.construct_variant(&owner, name.text(), name_at, at, &given, Some(expr))
                    }
                    None => {
                        let declared = self.env.names.item(item);
                        let (text, found, declared) = (declared.name.short(), declared.keyword(), declared.at);
                        let at_receiver = self.span(receiver.range());
                        self.problem(WrongKind { name: text, at: at_receiver, expected: "a value", found, declared });
                        self.check_loose(expr, at)
                    }
                }
            }
            path => match self.step_into(&path, &receiver, &name) {
                Meaning::Item(item) => {
                    let given = self.given(expr);
                    self.call_item(item, name_at, expr, given, at, hint)
                }
                Meaning::Value(value, ty) => self.not_callable(&value, &ty, expr, at),
                _ => self.check_loose(expr, at),
            },
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a call has these parts")]
    fn call_method(
        &mut self,
        value: Expr,
        ty: Type,
        name: &ast::Name,
        expr: &ast::CallExpr,
        mut given: Vec<Given>,
        at: Span,
        hint: Option<&Type>,
    ) -> (Expr, Type) {
        let (text, name_at) = (name.text(), self.span(name.range()));
        let is_builtin = flow_expr::builtins::is_builtin(text);
        let item = match self.env.names.find(self.module, text) {
            Found::Item(item) if self.takes_first(item, &ty, is_builtin) && !(is_builtin && self.is_own(item)) => {
                Some(item)
            }
            _ => None,
        };
        let receiver_at = value.at;
        given.insert(0, Given { name: None, at: receiver_at, value: GivenValue::Done(value, ty.clone()) });
        match item {
            Some(item) => {
                self.output.index.mention(name_at, self.env.names.item(item).definition);
                self.call_item(item, name_at, expr, given, at, hint)
            }
            None if is_builtin => self.call_builtin(text, name_at, given, at, hint),
            None if ty == Type::Unknown => self.check_loose(expr, at),
            None => {
                self.unknown_value(text, name_at, "function");
                self.check_loose(expr, at)
            }
        }
    }

    /// Whether `x.f(…)` means this declaration: always, unless a built-in has the name and it takes another type.
    fn takes_first(&self, item: ItemId, ty: &Type, is_builtin: bool) -> bool {
        let Some(signature) = self.env.signatures.get(&item) else { return false };
        let first = signature.params.first();
        !is_builtin || first.is_some_and(|first| super::is_generic(&first.ty) || self.env.converts(ty, &first.ty))
    }

    /// Whether this is the body of that very function: as it cannot call itself, it means the built-in.
    fn is_own(&self, item: ItemId) -> bool {
        self.place == Place::Function && self.env.open.borrow().last().is_some_and(|(open, _)| *open == item)
    }

    fn call_item(
        &mut self,
        item: ItemId,
        name_at: Span,
        expr: &ast::CallExpr,
        given: Vec<Given>,
        at: Span,
        hint: Option<&Type>,
    ) -> (Expr, Type) {
        let env = self.env;
        let declared = env.names.item(item);
        match &declared.decl {
            ast::Decl::Type(_) => self.construct(item, name_at, expr, given, at),
            decl if is_built_in(decl) && flow_expr::builtins::is_builtin(declared.name.short()) => {
                self.call_builtin(declared.name.short(), name_at, given, at, hint)
            }
            ast::Decl::Guard(decl) if decl.judge().is_some() => self.call_judge(item, given, at, hint),
            ast::Decl::Fn(_) | ast::Decl::Guard(_) => {
                let Some((args, returns)) = self.call_arguments(item, given, at) else { return self.unknown(at) };
                (Expr::new(ExprKind::Call(declared.name.clone(), args), at), returns)
            }
            ast::Decl::Step(_) | ast::Decl::Flow(_) => {
                let Some((args, returns)) = self.call_arguments(item, given, at) else { return self.unknown(at) };
                let (name, is_step) = (declared.name.clone(), matches!(declared.decl, ast::Decl::Step(_)));
                if self.graph.is_none() {
                    if self.place != Place::Test {
                        let (name, what) = (name.short(), if is_step { "step" } else { "flow" });
                        let (declared, place) = (declared.at, self.place.describe());
                        self.problem(OnlyInFlows { name, what, at: name_at, declared, place });
                    }
                    return (self.unknown(at).0, returns);
                }
                let label = name.short().to_owned();
                let kind = if is_step {
                    NodeKind::Call { step: name, args, recover: None }
                } else {
                    NodeKind::Flow { flow: name, args, recover: None }
                };
                self.hoist(&label, returns, kind, at)
            }
            _ => {
                let (text, found, declared) = (declared.name.short(), declared.keyword(), declared.at);
                self.problem(WrongKind { name: text, at: name_at, expected: "something to call", found, declared });
                self.check_loose(expr, at)
            }
        }
    }

    /// One value per parameter of a function, step or flow, and what it gives.
    pub(crate) fn call_arguments(&mut self, item: ItemId, given: Vec<Given>, at: Span) -> Option<(Vec<Expr>, Type)> {
        let env = self.env;
        let signature = env.signatures.get(&item)?;
        let declared = env.names.item(item);
        let callee = Callee { name: declared.name.short(), declared: declared.at, at };
        let (args, substitution) = self.arguments(&callee, &signature.params, given);
        Some((args, substitution.apply(&signature.returns)))
    }

    /// `previous(ds)`: the version before this run's own.
    fn previous(&mut self, expr: &ast::CallExpr, at: Span) -> (Expr, Type) {
        let mut args = expr.args();
        if let (Some(arg), None) = (args.next(), args.next())
            && let Some(ast::Expr::Name(name)) = arg.value()
            && let Some(name) = name.name()
            && let Found::Item(item) = self.env.names.find(self.module, name.text())
            && matches!(self.env.names.item(item).decl, ast::Decl::Dataset(_))
        {
            let name_at = self.span(name.range());
            self.output.index.mention(name_at, self.env.names.item(item).definition);
            return self.read(item, vec![], true, at);
        }
        self.problem(crate::problems::context::PreviousOfNothing { at });
        self.check_loose(expr, at)
    }
}
