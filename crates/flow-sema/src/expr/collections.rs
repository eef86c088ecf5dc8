//! Lists, maps, ranges, and looking into them.

use super::Elaborator;
use crate::{
    names::Found,
    problems::{
        collections::{NotIndexable, NotRange, WrongPartition},
        mismatch::{Because, Mismatch},
        types::NotAKey,
    },
};
use flow_diag::Span;
use flow_expr::{Expr, ExprKind, MapKey, Type, Value};
use flow_syntax::ast;
use std::{collections::BTreeMap, sync::Arc};

impl Elaborator<'_> {
    /// A list whose items must be of the expected list's type.
    pub(super) fn list_of(&mut self, expr: &ast::ListExpr, expected: &Type, because: Because<'_>) -> Expr {
        let item = match self.env.base(expected.required()) {
            Type::List(item) => (**item).clone(),
            _ => Type::Unknown,
        };
        let items = expr.items().map(|written| self.check(&written, &item, because)).collect();
        Expr::new(ExprKind::List(items), self.span(expr.range()))
    }

    /// A list whose items agree on a type between them.
    pub(super) fn list(&mut self, expr: &ast::ListExpr, hint: Option<&Type>) -> (Expr, Type) {
        let at = self.span(expr.range());
        let welcome = hint.and_then(|hint| match self.env.base(hint.required()) {
            Type::List(item) => Some((**item).clone()),
            _ => None,
        });
        let (items, common) = self.alike(expr.items(), welcome, "the first item");
        (Expr::new(ExprKind::List(items), at), Type::List(Arc::new(common)))
    }

    /// Values that agree on a type between them.
    fn alike(
        &mut self,
        written: impl Iterator<Item = ast::Expr>,
        welcome: Option<Type>,
        what: &'static str,
    ) -> (Vec<Expr>, Type) {
        let mut found: Vec<(Expr, Type)> = vec![];
        let mut common = Type::Unknown;
        for written in written {
            let hint = if common == Type::Unknown { welcome.clone() } else { Some(common.clone()) };
            let (value, ty) = self.elaborate(&written, hint.as_ref());
            match self.env.join(&common, &ty) {
                Some(joined) => common = joined,
                None => {
                    let first = found.first().map_or(value.at, |(first, _)| first.at);
                    let because = Because::Like { what, at: first };
                    self.problem(Mismatch { at: value.at, expected: &common, found: &ty, because });
                }
            }
            found.push((value, ty));
        }
        let items = found.into_iter().map(|(value, ty)| self.lift(value, &ty, &common)).collect();
        (items, common)
    }

    /// A map whose entries must be of the expected map's types.
    pub(super) fn map_of(&mut self, expr: &ast::MapExpr, expected: &Type, because: Because<'_>) -> Expr {
        let (key_ty, value_ty) = match self.env.base(expected.required()) {
            Type::Map(key, value) => ((**key).clone(), (**value).clone()),
            _ => (Type::Unknown, Type::Unknown),
        };
        let mut entries = vec![];
        for entry in expr.entries() {
            let (Some(key), Some(value)) = (entry.key(), entry.value()) else { continue };
            entries.push((self.check(&key, &key_ty, because), self.check(&value, &value_ty, because)));
        }
        let at = self.span(expr.range());
        self.entries(entries, at)
    }

    /// A map whose keys and values agree on their types.
    pub(super) fn map(&mut self, expr: &ast::MapExpr, hint: Option<&Type>) -> (Expr, Type) {
        let at = self.span(expr.range());
        let (welcome_key, welcome_value) = match hint.map(|hint| self.env.base(hint.required())) {
            Some(Type::Map(key, value)) => (Some((**key).clone()), Some((**value).clone())),
            _ => (None, None),
        };
        let entries = || expr.entries();
        let (keys, key_ty) = self.alike(entries().filter_map(|entry| entry.key()), welcome_key, "the first key");
        let (values, value_ty) =
            self.alike(entries().filter_map(|entry| entry.value()), welcome_value, "the first value");
        if !flow_expr::builtins::is_key(&key_ty, &self.env.types) {
            let at = keys.first().map_or(at, |key| key.at);
            self.problem(NotAKey { at, found: &key_ty });
        }
        let ty = Type::Map(Arc::new(key_ty), Arc::new(value_ty));
        let entries = keys.into_iter().zip(values).collect();
        (self.entries(entries, at), ty)
    }

    /// A constant map if all is constant, else one entry after another put into it.
    fn entries(&mut self, entries: Vec<(Expr, Expr)>, at: Span) -> Expr {
        let mut constant = BTreeMap::new();
        let mut rest = vec![];
        for (key, value) in entries {
            match (&key.kind, &value.kind) {
                (ExprKind::Const(known), ExprKind::Const(held)) if rest.is_empty() => {
                    if let Some(known) = MapKey::from_value(known) {
                        constant.insert(known, held.clone());
                    }
                }
                _ => rest.push((key, value)),
            }
        }
        let start = Expr::new(ExprKind::Const(Value::Map(Arc::new(constant))), at);
        rest.into_iter()
            .fold(start, |map, (key, value)| Expr::new(ExprKind::Builtin("insert".into(), vec![map, key, value]), at))
    }

    /// `a..b`: both ends belong to it.
    pub(super) fn range(&mut self, expr: &ast::RangeExpr) -> (Expr, Type) {
        let at = self.span(expr.range());
        let (Some(start), Some(end)) = (expr.start(), expr.end()) else { return self.missing(expr.range()) };
        let (start, ty) = self.infer(&start);
        let item = self.env.base(&ty).clone();
        match item {
            Type::Int | Type::Date => {
                let because = Because::Like { what: "the start of the range", at: start.at };
                let end = self.check(&end, &item, because);
                (Expr::new(ExprKind::Range(Box::new(start), Box::new(end)), at), Type::List(Arc::new(item)))
            }
            Type::Unknown => {
                self.infer(&end);
                self.unknown(at)
            }
            _ => {
                self.infer(&end);
                self.problem(NotRange { at: start.at, found: &ty });
                self.unknown(at)
            }
        }
    }

    /// `items[0]`, `prices["EUR"]`, `sales[day]`.
    pub(super) fn index(&mut self, expr: &ast::IndexExpr) -> (Expr, Type) {
        let at = self.span(expr.range());
        let (Some(receiver), Some(index)) = (expr.receiver(), expr.index()) else { return self.missing(expr.range()) };
        if let Some(found) = self.partition(&receiver, &index, at) {
            return found;
        }
        let (base, ty) = self.infer(&receiver);
        let (key, result) = match self.env.base(&ty) {
            Type::List(item) => (Type::Int, (**item).clone()),
            Type::Map(key, value) => ((**key).clone(), (**value).clone()),
            Type::Unknown => {
                self.infer(&index);
                return self.unknown(at);
            }
            _ => {
                self.infer(&index);
                self.problem(NotIndexable { at: base.at, found: &ty });
                return self.unknown(at);
            }
        };
        let because = if key == Type::Int { "which counts the items of a list" } else { "the map's keys" };
        let index = self.check(&index, &key, Because::Place(because));
        self.output.index.typed(at, &result);
        (Expr::new(ExprKind::Builtin("at".into(), vec![base, index]), at), result)
    }

    /// `sales[day]` of a partitioned dataset.
    fn partition(&mut self, receiver: &ast::Expr, index: &ast::Expr, at: Span) -> Option<(Expr, Type)> {
        let ast::Expr::Name(name) = receiver else { return None };
        let name = name.name()?;
        if self.locals.is_bound(name.text()) {
            return None;
        }
        let Found::Item(item) = self.env.names.find(self.module, name.text()) else { return None };
        let env = self.env;
        let declared = env.names.item(item);
        if !matches!(declared.decl, ast::Decl::Dataset(_)) {
            return None;
        }
        let name_at = self.span(name.range());
        self.output.index.mention(name_at, declared.definition);
        let keys = self.partition_keys(item, index, at);
        Some(match keys {
            Some(keys) => self.read(item, keys, false, at),
            None => self.unknown(at),
        })
    }

    /// The keys between the brackets of `sales[day]`; reports where the dataset has others.
    pub(crate) fn partition_keys(
        &mut self,
        item: crate::names::ItemId,
        index: &ast::Expr,
        at: Span,
    ) -> Option<Vec<Expr>> {
        let env = self.env;
        let declared = env.names.item(item);
        let signature = env.signatures.get(&item)?;
        let written: Vec<ast::Expr> = match index {
            ast::Expr::List(list) if signature.params.len() > 1 => list.items().collect(),
            one => vec![one.clone()],
        };
        if written.len() != signature.params.len() {
            let keys = signature.params.iter().map(|param| &*param.name).collect();
            let (dataset, declared) = (declared.name.short(), declared.at);
            self.problem(WrongPartition { at, dataset, declared, keys });
            return None;
        }
        let keys = signature.params.iter().zip(&written).map(|(param, written)| {
            let owner = declared.name.short();
            let because = Because::Parameter { owner, parameter: &param.name, at: Some(param.at) };
            self.check(written, &param.ty, because)
        });
        Some(keys.collect())
    }
}
