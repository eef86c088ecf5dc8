//! Calls of built-in functions: the overload is picked by the types of the arguments, lambdas last.

use super::Elaborator;
use crate::{
    arguments::{Given, GivenValue},
    problems::{
        arguments::{NoOverload, UnknownArgument},
        mismatch::{Because, Mismatch},
        values::{NoReason, WrongSchema},
    },
};
use flow_diag::Span;
use flow_expr::{
    Expr, ExprKind, Type, TypeDef, Value,
    builtins::{Bindings, Builtin, TypePattern},
};
use flow_syntax::ast;

/// An overload that is still possible, with what its variables are.
type Candidate = (&'static Builtin, Bindings);

/// An argument on the way: a value with its type, or a lambda that waits.
enum Argument {
    Value(Expr, Type),
    Lambda(ast::Expr),
}

impl Elaborator<'_> {
    pub(super) fn call_builtin(
        &mut self,
        name: &str,
        name_at: Span,
        given: Vec<Given>,
        at: Span,
        _hint: Option<&Type>,
    ) -> (Expr, Type) {
        let overloads = flow_expr::builtins::overloads(name);
        let Some(given) = self.in_order(name, overloads, given) else { return self.unknown(at) };
        let mut arguments: Vec<Argument> = vec![];
        for argument in given {
            let next = match argument.value {
                GivenValue::Done(value, ty) => Argument::Value(value, ty),
                GivenValue::Written(Some(expr)) if self.is_function_expression(&expr) => Argument::Lambda(expr),
                GivenValue::Written(Some(expr)) => {
                    let hint = self.welcome(overloads, &arguments);
                    let (value, ty) = self.elaborate(&expr, hint.as_ref());
                    Argument::Value(value, ty)
                }
                GivenValue::Written(None) => {
                    let (value, ty) = self.unknown(argument.at);
                    Argument::Value(value, ty)
                }
            };
            arguments.push(next);
        }
        self.of_whole(overloads, &mut arguments, at);
        let known: Vec<Option<Type>> = arguments.iter().map(Argument::ty).collect();
        let candidates = flow_expr::builtins::resolve(name, &known, &self.env.types);
        if candidates.is_empty() {
            self.no_overload(name, name_at, overloads, arguments, known);
            return self.unknown(at);
        }
        let (values, candidates) = self.lambdas(name, arguments, candidates);
        let Some((builtin, bindings)) = candidates.into_iter().next() else { return self.unknown(at) };
        self.mention_builtin(builtin, name_at);
        self.schema_is_one(builtin, &values);
        self.reason_is_given(builtin, &values);
        self.finish_call(builtin, &bindings, values, at)
    }

    /// A JSON Schema that is known now is one.
    fn schema_is_one(&mut self, builtin: &Builtin, values: &[(Expr, Type)]) {
        let ("fits_schema" | "schema_errors", Some((schema, _))) = (builtin.name, values.get(1)) else { return };
        let why = match &schema.kind {
            ExprKind::Const(Value::String(text)) => flow_expr::wrong_schema(text),
            ExprKind::Const(Value::Json(json)) => flow_expr::wrong_json_schema(json),
            _ => None,
        };
        if let Some(why) = why {
            self.problem(WrongSchema { at: schema.at, why });
        }
    }

    /// What takes a label off says why, in the text.
    fn reason_is_given(&mut self, builtin: &Builtin, values: &[(Expr, Type)]) {
        let ("declassify", Some((because, ty))) = (builtin.name, values.get(1)) else { return };
        let is_empty = match &because.kind {
            ExprKind::Const(Value::String(text)) if !text.trim().is_empty() => return,
            ExprKind::Const(_) => true,
            _ => false,
        };
        if *ty != Type::Unknown {
            self.problem(NoReason { at: because.at, is_empty });
        }
    }

    /// A type without the labels that another name for it has.
    fn without_labels(&self, ty: Type) -> Type {
        match &ty {
            Type::Named(name) => match self.env.types.get(name) {
                Some(TypeDef::Refined { base, labels, .. }) if !labels.is_empty() => self.without_labels(base.clone()),
                _ => ty,
            },
            Type::Optional(inner) => self.without_labels((**inner).clone()).optional(),
            Type::List(item) => Type::List(self.without_labels((**item).clone()).into()),
            _ => ty,
        }
    }

    /// The standard library declares each built-in, with its docs.
    fn mention_builtin(&mut self, builtin: &Builtin, at: Span) {
        let names = &self.env.names;
        let module = names.module_named(builtin.module);
        if let Some(item) = module.and_then(|module| names.module(module).own.get(builtin.name)) {
            self.output.index.mention(at, names.item(*item).definition);
        }
    }

    /// In a rule about a whole table, `count()` is `it.count()`.
    fn of_whole(&mut self, overloads: &[&Builtin], arguments: &mut Vec<Argument>, at: Span) {
        let Some(it) = self.locals.it().filter(|it| matches!(it.ty, Type::Table(_) | Type::List(_))) else { return };
        if overloads.iter().any(|builtin| builtin.signature().arity().contains(&arguments.len())) {
            return;
        }
        let value = Expr::new(ExprKind::Var(it.var), at);
        arguments.insert(0, Argument::Value(value, it.ty.clone()));
    }

    /// Whether an argument is a function: its parameters' types come from the other arguments.
    fn is_function_expression(&mut self, expr: &ast::Expr) -> bool {
        match expr {
            ast::Expr::Lambda(_) => true,
            ast::Expr::Paren(paren) => paren.inner().is_some_and(|inner| self.is_function_expression(&inner)),
            ast::Expr::Name(name) => name.name().is_some_and(|name| {
                let is_local = self.locals.is_bound(name.text());
                let found = self.env.names.find(self.module, name.text());
                !is_local
                    && matches!(found, crate::names::Found::Item(item)
                        if matches!(self.env.names.item(item).decl, ast::Decl::Fn(_) | ast::Decl::Guard(_)))
            }),
            _ => false,
        }
    }

    /// Named arguments at the places of the first overload that has the names.
    fn in_order(&mut self, name: &str, overloads: &[&Builtin], given: Vec<Given>) -> Option<Vec<Given>> {
        if given.iter().all(|argument| argument.name.is_none()) {
            return Some(given);
        }
        let place =
            |builtin: &Builtin, wanted: &str| builtin.signature().params.iter().position(|param| param.name == wanted);
        let has_all = |builtin: &&&Builtin| {
            given.iter().filter_map(|argument| argument.name.as_ref()).all(|name| place(builtin, name.text()).is_some())
        };
        let Some(builtin) = overloads.iter().find(has_all) else {
            let known: Vec<&str> = overloads
                .iter()
                .flat_map(|builtin| builtin.signature().params.iter().map(|param| param.name))
                .collect();
            let mut names = given.iter().filter_map(|argument| argument.name.as_ref());
            let unknown = names.find(|name| !known.contains(&name.text()))?;
            let at = self.span(unknown.range());
            self.problem(UnknownArgument { at, argument: unknown.text(), owner: name, known, declared: None });
            return None;
        };
        let mut next = 0;
        let mut placed: Vec<(usize, Given)> = vec![];
        for argument in given {
            let position = match &argument.name {
                Some(name) => place(builtin, name.text()).unwrap_or(next),
                None => next,
            };
            next = position + 1;
            placed.push((position, argument));
        }
        placed.sort_by_key(|(position, _)| *position);
        Some(placed.into_iter().map(|(_, argument)| argument).collect())
    }

    /// The type that the next argument would best have, if all overloads that are still possible agree.
    fn welcome(&self, overloads: &[&Builtin], before: &[Argument]) -> Option<Type> {
        let mut found: Option<Type> = None;
        for builtin in overloads {
            let params = &builtin.signature().params;
            let Some(next) = params.get(before.len()) else { continue };
            let mut bindings = Bindings::default();
            let fits = params.iter().zip(before).all(|(param, argument)| match argument {
                Argument::Value(_, ty) => bindings.bind(&param.ty, ty, &self.env.types),
                Argument::Lambda(_) => matches!(param.ty, TypePattern::Function(..)),
            });
            if !fits {
                continue;
            }
            let wanted = bindings.apply(&next.ty);
            match &found {
                Some(other) if *other != wanted => return None,
                _ => found = Some(wanted),
            }
        }
        found
    }

    /// Elaborates the lambdas, whose results decide between overloads that are still possible.
    fn lambdas(
        &mut self,
        name: &str,
        arguments: Vec<Argument>,
        mut candidates: Vec<Candidate>,
    ) -> (Vec<(Expr, Type)>, Vec<Candidate>) {
        let mut values = vec![];
        for (place, argument) in arguments.into_iter().enumerate() {
            let expr = match argument {
                Argument::Value(value, ty) => {
                    values.push((value, ty));
                    continue;
                }
                Argument::Lambda(expr) => expr,
            };
            let arity = match &expr {
                ast::Expr::Lambda(lambda) => Some(lambda.params().count()),
                _ => None,
            };
            let pattern = |builtin: &'static Builtin| builtin.signature().params.get(place).map(|param| &param.ty);
            let takes = |builtin: &'static Builtin| match pattern(builtin) {
                Some(TypePattern::Function(params, _)) => arity.is_none_or(|arity| arity == params.len()),
                _ => false,
            };
            if candidates.iter().any(|(builtin, _)| takes(builtin)) {
                candidates.retain(|(builtin, _)| takes(builtin));
            }
            let hint = candidates.first().and_then(|(builtin, bindings)| {
                let several = candidates.len() > 1;
                match (pattern(builtin)?, bindings.apply(pattern(builtin)?)) {
                    // Overloads differ in what the function gives: let it say.
                    (_, Type::Function(params, _)) if several => Some(Type::Function(params, Type::Unknown.into())),
                    (_, ty) => Some(ty),
                }
            });
            let (value, ty) = self.elaborate(&expr, hint.as_ref());
            let types = &self.env.types;
            let mut fitting = candidates.clone();
            fitting.retain_mut(|(builtin, bindings)| {
                pattern(builtin).is_some_and(|pattern| bindings.bind(pattern, &ty, types))
            });
            if fitting.is_empty() {
                self.wrong_lambda(name, place, &value, &ty, &candidates);
            } else {
                candidates = fitting;
            }
            values.push((value, ty));
        }
        (values, candidates)
    }

    fn wrong_lambda(&mut self, name: &str, place: usize, value: &Expr, ty: &Type, candidates: &[Candidate]) {
        let Some((builtin, bindings)) = candidates.first() else { return };
        let Some(param) = builtin.signature().params.get(place) else { return };
        let because = Because::Parameter { owner: name, parameter: param.name, at: None };
        let (at, expected) = (value.at, bindings.apply(&param.ty));
        match (&expected, ty, &value.kind) {
            (Type::Function(_, wanted), Type::Function(_, found), ExprKind::Lambda(_, body))
                if **wanted != Type::Unknown =>
            {
                self.problem(Mismatch { at: body.at, expected: wanted, found, because });
            }
            (Type::Function(..), Type::Function(..), _) => {
                let found = vec![Some(ty.clone())];
                let signatures = vec![builtin.text.to_owned()];
                self.problem(NoOverload { at, name, found, signatures });
            }
            _ => self.problem(Mismatch { at, expected: &expected, found: ty, because }),
        }
    }

    fn finish_call(
        &mut self,
        builtin: &'static Builtin,
        bindings: &Bindings,
        values: Vec<(Expr, Type)>,
        at: Span,
    ) -> (Expr, Type) {
        let params = &builtin.signature().params;
        let mut args = vec![];
        // `get(ps, 3, 150)`: the result need not keep the rules that not all of them keep.
        let mut is_mixed = false;
        for ((value, ty), param) in values.into_iter().zip(params) {
            let expected = bindings.apply(&param.ty);
            is_mixed |= match (&expected, &ty) {
                (Type::Function(_, wanted), Type::Function(_, found)) => self.env.gains(found, wanted),
                _ => self.env.gains(&ty, &expected),
            };
            args.push(match (&expected, &ty, value) {
                // The sum of Ints and Decimals: the function's result is converted, inside it.
                (
                    Type::Function(_, wanted),
                    Type::Function(_, found),
                    Expr { kind: ExprKind::Lambda(vars, body), at },
                ) => {
                    let body = self.lift(*body, found, wanted);
                    Expr::new(ExprKind::Lambda(vars, Box::new(body)), at)
                }
                (_, _, value) => self.lift(value, &ty, &expected),
            });
        }
        let mut result = bindings.apply(&builtin.signature().result);
        if is_mixed {
            result = self.env.unruled(&result);
        }
        if builtin.name == "declassify" {
            result = self.without_labels(result);
        }
        if builtin.wants_zero() {
            let zero = match result {
                Type::Decimal => Value::Decimal(0.into()),
                Type::Float => Value::Float(0.0),
                _ => Value::Int(0),
            };
            args.push(Expr::new(ExprKind::Const(zero), at));
        }
        (Expr::new(ExprKind::Builtin(builtin.name.into(), args), at), result)
    }

    fn no_overload(
        &mut self,
        name: &str,
        name_at: Span,
        overloads: &[&'static Builtin],
        arguments: Vec<Argument>,
        known: Vec<Option<Type>>,
    ) {
        let is_unknown = known.iter().flatten().any(|ty| *ty == Type::Unknown);
        // The functions among the arguments are checked for themselves.
        for argument in &arguments {
            if let Argument::Lambda(expr) = argument {
                self.elaborate(expr, Some(&Type::Unknown));
            }
        }
        if is_unknown {
            return;
        }
        // `x.length()` of an optional x.
        let present: Vec<Option<Type>> = known.iter().map(|ty| ty.as_ref().map(|ty| ty.required().clone())).collect();
        if !flow_expr::builtins::resolve(name, &present, &self.env.types).is_empty()
            && let Some((Argument::Value(value, ty), _)) =
                arguments.iter().zip(&known).find(|(_, ty)| matches!(ty, Some(Type::Optional(_))))
        {
            let because = format!("which `{name}` takes");
            let (at, expected) = (value.at, ty.required());
            self.problem(Mismatch { at, expected, found: ty, because: Because::Place(&because) });
            return;
        }
        // The forms that fit the first argument say more than all of them.
        let first = known.first().cloned().flatten();
        let fits_first = |builtin: &&&'static Builtin| {
            let param = builtin.signature().params.first();
            match (&first, param) {
                (Some(ty), Some(param)) => Bindings::default().bind(&param.ty, ty, &self.env.types),
                _ => false,
            }
        };
        let close: Vec<String> = overloads.iter().filter(fits_first).map(|builtin| builtin.text.to_owned()).collect();
        let all = || overloads.iter().map(|builtin| builtin.text.to_owned()).collect();
        let signatures = if close.is_empty() { all() } else { close };
        self.problem(NoOverload { at: name_at, name, found: known, signatures });
    }
}

impl Argument {
    fn ty(&self) -> Option<Type> {
        match self {
            Self::Value(_, ty) => Some(ty.clone()),
            Self::Lambda(_) => None,
        }
    }
}
