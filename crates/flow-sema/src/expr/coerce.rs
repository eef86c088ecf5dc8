//! Which values fit which types, and the two implicit conversions: `Int → Decimal` and `T → T?`.
//!
//! A refined alias and its base fit each other. Where a value comes to a place whose type has rules that its own type
//! does not have, they are checked: at once if the value is known, else when it is computed.

use super::Elaborator;
use crate::{
    environment::Environment,
    problems::mismatch::{Because, Mismatch},
    values::check_rules,
};
use flow_expr::{Expr, ExprKind, Refinement, Type, TypeDef, Value};
use std::sync::Arc;

impl Environment {
    /// Whether a value of one type is one of the other as it stands.
    pub(crate) fn fits(&self, found: &Type, expected: &Type) -> bool {
        match (found, expected) {
            (Type::Unknown, _) | (_, Type::Unknown) => true,
            (Type::Optional(found), Type::Optional(expected)) => self.fits(found, expected),
            (found, Type::Optional(expected)) => self.fits(found, expected),
            (Type::List(found), Type::List(expected)) | (Type::Table(found), Type::Table(expected)) => {
                self.fits(found, expected)
            }
            (Type::Map(key, value), Type::Map(expected_key, expected_value)) => {
                self.fits(key, expected_key) && self.fits(value, expected_value)
            }
            (Type::Function(params, result), Type::Function(expected_params, expected_result)) => {
                params.len() == expected_params.len()
                    && params.iter().zip(expected_params.iter()).all(|(param, expected)| self.fits(expected, param))
                    && self.fits(result, expected_result)
            }
            (found, expected) if found == expected => true,
            (Type::Named(_), _) | (_, Type::Named(_)) => {
                let (found_base, expected_base) = (self.base(found), self.base(expected));
                (found_base != found || expected_base != expected) && self.fits(found_base, expected_base)
            }
            _ => false,
        }
    }

    /// Whether a value of one type can stand for the other, perhaps converted from `Int` to `Decimal`.
    pub(crate) fn converts(&self, found: &Type, expected: &Type) -> bool {
        self.fits(found, expected) || self.widens(found, expected)
    }

    /// Whether the second of two types that fit each other has rules that a value of the first need not keep.
    pub(crate) fn gains(&self, found: &Type, expected: &Type) -> bool {
        match (found, expected) {
            (Type::Unknown, _) | (Type::Table(_), _) | (Type::Function(..), _) => false,
            (Type::Optional(found), Type::Optional(expected)) => self.gains(found, expected),
            (found, Type::Optional(expected)) => self.gains(found, expected),
            (Type::List(found), Type::List(expected)) => self.gains(found, expected),
            (Type::Map(key, value), Type::Map(expected_key, expected_value)) => {
                self.gains(key, expected_key) || self.gains(value, expected_value)
            }
            (_, Type::Named(name)) => match self.types.get(name) {
                Some(TypeDef::Refined { base, refinement, .. }) => {
                    !self.aliases(found).any(|(own, _)| own == name) && (is_rule(refinement) || self.gains(found, base))
                }
                _ => false,
            },
            (Type::Named(_), _) => {
                let base = self.base(found);
                base != found && self.gains(base, expected)
            }
            _ => false,
        }
    }

    /// Whether the rules of a type's names have been read: while they are, those of others are still to be.
    fn knows_rules(&self, ty: &Type) -> bool {
        let is_pending = |rule: &Refinement| matches!(rule.condition.kind, ExprKind::Const(Value::Bool(true)));
        self.aliases(ty).all(|(_, rule)| !(is_rule(rule) && is_pending(rule)))
    }

    /// A type without the rules of its aliases, wherever they are inside: what a value is of which no more is known.
    pub(crate) fn unruled(&self, ty: &Type) -> Type {
        match ty {
            Type::Optional(inner) => self.unruled(inner).optional(),
            Type::List(item) => Type::List(Arc::new(self.unruled(item))),
            Type::Map(key, value) => Type::Map(Arc::new(self.unruled(key)), Arc::new(self.unruled(value))),
            Type::Named(name) => match self.types.get(name) {
                Some(TypeDef::Refined { base, refinement, .. }) if is_rule(refinement) => self.unruled(base),
                Some(TypeDef::Refined { base, .. }) if self.unruled(base) != *base => self.unruled(base),
                _ => ty.clone(),
            },
            plain => plain.clone(),
        }
    }

    fn widens(&self, found: &Type, expected: &Type) -> bool {
        let optional_stays = !matches!(found, Type::Optional(_)) || matches!(expected, Type::Optional(_));
        optional_stays && *self.base(found.required()) == Type::Int && *self.base(expected.required()) == Type::Decimal
    }

    /// The type that values of both types have, if there is one.
    pub(crate) fn join(&self, one: &Type, other: &Type) -> Option<Type> {
        if self.fits(one, other) {
            // `?` gives way to what is known: `[]` and `none` take the type of the other side.
            let joined = if *other == Type::Unknown { one.clone() } else { self.merge(one, other) };
            return Some(self.common(one, other, joined));
        }
        if self.fits(other, one) {
            return Some(self.common(one, other, one.clone()));
        }
        let optional = matches!(one, Type::Optional(_)) || matches!(other, Type::Optional(_));
        let (inner, other_inner) = (one.required(), other.required());
        let joined = if self.widens(inner, other_inner) || self.widens(other_inner, inner) {
            Type::Decimal
        } else if optional && self.fits(inner, other_inner) {
            other_inner.clone()
        } else if optional && self.fits(other_inner, inner) {
            inner.clone()
        } else {
            return None;
        };
        Some(if optional { joined.optional() } else { joined })
    }

    /// A joined type, without rules that only one side keeps.
    fn common(&self, one: &Type, other: &Type, joined: Type) -> Type {
        if self.gains(one, &joined) || self.gains(other, &joined) { self.unruled(&joined) } else { joined }
    }

    /// `one` fits `other`: the one that says more where they differ in what is unknown.
    fn merge(&self, one: &Type, other: &Type) -> Type {
        match (one, other) {
            (known, Type::Unknown) => known.clone(),
            (Type::List(one), Type::List(other)) => Type::List(Arc::new(self.merge(one, other))),
            (Type::Optional(one), Type::Optional(other)) => self.merge(one, other).optional(),
            (one, Type::Optional(other)) => self.merge(one, other).optional(),
            (_, other) => other.clone(),
        }
    }
}

impl Elaborator<'_> {
    /// An expression as one of the expected type; reports where it is none.
    pub(crate) fn coerce(&mut self, expr: Expr, found: &Type, expected: &Type, because: Because<'_>) -> Expr {
        if self.env.fits(found, expected) {
            return self.ruled(expr, found, expected);
        }
        if self.env.widens(found, expected) {
            return self.ruled(widen(expr), &Type::Decimal, expected);
        }
        let at = expr.at;
        let expected = self.shown(expected);
        self.problem(Mismatch { at, expected: &expected, found, because });
        expr
    }

    /// An expression of a type that fits, with a check of the rules that it need not keep by itself.
    pub(crate) fn ruled(&mut self, expr: Expr, found: &Type, expected: &Type) -> Expr {
        if let (Type::Function(_, found), Type::Function(_, expected)) = (found, expected) {
            let Expr { kind: ExprKind::Lambda(params, body), at } = expr else { return expr };
            let body = Box::new(self.ruled(*body, found, expected));
            return Expr::new(ExprKind::Lambda(params, body), at);
        }
        if !self.env.gains(found, expected) {
            return expr;
        }
        if let ExprKind::Const(value) = &expr.kind
            && self.env.knows_rules(expected)
        {
            check_rules(self.env, expected, value, expr.at, self.output);
            return expr;
        }
        let at = expr.at;
        Expr::new(ExprKind::Refined(Box::new(expr), expected.clone()), at)
    }

    /// A type as messages name it: a parameter's rule has no name of its own.
    fn shown(&self, ty: &Type) -> Type {
        match ty {
            Type::Optional(inner) => self.shown(inner).optional(),
            Type::Named(name) if name.short().starts_with(char::is_lowercase) => self.env.base(ty).clone(),
            plain => plain.clone(),
        }
    }

    /// An expression of one of two joined types as one of the joined type.
    pub(crate) fn lift(&self, expr: Expr, found: &Type, joined: &Type) -> Expr {
        if !self.env.fits(found, joined) && self.env.widens(found, joined) { widen(expr) } else { expr }
    }
}

/// Whether a refinement says anything: not one of an alias that only has labels.
fn is_rule(refinement: &Refinement) -> bool {
    !refinement.text.is_empty()
}

/// `Int → Decimal`, at once if the value is known.
fn widen(expr: Expr) -> Expr {
    let at = expr.at;
    let kind = match expr.kind {
        ExprKind::Const(Value::Int(number)) => ExprKind::Const(Value::Decimal(number.into())),
        _ => ExprKind::IntToDecimal(Box::new(expr)),
    };
    Expr::new(kind, at)
}
