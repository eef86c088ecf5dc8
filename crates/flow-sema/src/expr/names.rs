//! Names where a value is meant: locals, `it` and its fields, declarations, variants.
//!
//! The order of the search: what is bound here, the fields of `it` where they go without it, the module's
//! declarations and `use`s, variants.

use super::{Elaborator, Place};
use crate::{
    names::{Found, ItemId},
    problems::{
        context::{NotAValue, OnlyInFlows, SecretUse},
        names::{UnknownName, WrongKind},
        nearest,
        records::AmbiguousVariant,
    },
};
use flow_diag::Span;
use flow_expr::{Expr, ExprKind, Name, Type, Value};
use flow_syntax::ast::{self, AstNode};
use std::sync::Arc;

/// What a name means where a value is expected.
pub(super) enum Meaning {
    /// A value.
    Value(Expr, Type),
    /// A declaration that is no value by itself: a step to call, a type whose variant follows, …
    Item(ItemId),
    /// A module: a member follows.
    Module(crate::names::ModuleId),
    /// The name of a folder of modules.
    Folder,
    /// Nothing.
    Nothing,
}

impl Elaborator<'_> {
    pub(super) fn name(&mut self, expr: &ast::NameExpr, hint: Option<&Type>) -> (Expr, Type) {
        let Some(name) = expr.name() else { return self.missing(expr.range()) };
        let at = self.span(name.range());
        match self.meaning(&name) {
            Meaning::Value(value, ty) => (value, ty),
            Meaning::Item(item) => self.item_as_value(item, name.text(), at, hint),
            Meaning::Module(_) | Meaning::Folder => {
                self.problem(NotAValue { name: name.text(), at, found: "a module", declared: None, help: None });
                self.unknown(at)
            }
            Meaning::Nothing if name.text().starts_with(char::is_uppercase) => self.variant_name(&name, at, hint),
            Meaning::Nothing => {
                self.unknown_value(name.text(), at, "value");
                self.unknown(at)
            }
        }
    }

    /// What a name means, variants left aside.
    pub(super) fn meaning(&mut self, name: &ast::Name) -> Meaning {
        let (text, at) = (name.text(), self.span(name.range()));
        if let Some(local) = self.locals.find(text) {
            let (var, ty, definition) = (local.var, local.ty.clone(), local.definition);
            self.output.index.mention(at, definition);
            self.output.index.typed(at, &ty);
            return Meaning::Value(Expr::new(ExprKind::Var(var), at), ty);
        }
        if let Some(it) = self.locals.it() {
            if text == "it" {
                let (ty, var) = (it.ty.clone(), it.var);
                self.output.index.typed(at, &ty);
                return Meaning::Value(Expr::new(ExprKind::Var(var), at), ty);
            }
            if it.bare_fields
                && let Some(found) = self.bare_field(text, at)
            {
                return found;
            }
        }
        match self.env.names.find(self.module, text) {
            Found::Item(item) => {
                self.output.index.mention(at, self.env.names.item(item).definition);
                self.item_meaning(item, at)
            }
            Found::Module(module) => Meaning::Module(module),
            Found::Broken => {
                let (value, ty) = self.unknown(at);
                Meaning::Value(value, ty)
            }
            Found::Nothing if self.env.names.is_folder(text) => Meaning::Folder,
            Found::Nothing => Meaning::Nothing,
        }
    }

    /// `amount` for `it.amount`.
    fn bare_field(&mut self, text: &str, at: Span) -> Option<Meaning> {
        let super::It { ty: row, var, .. } = self.locals.it()?.clone();
        let (owner, fields) = self.env.record(&row)?;
        let field = fields.iter().find(|field| &*field.name == text)?;
        if let Some(member) = self.env.member(owner, text) {
            self.output.index.mention(at, member.definition);
        }
        self.output.index.typed(at, &field.ty);
        let base = Box::new(Expr::new(ExprKind::Var(var), at));
        let value = Expr::new(ExprKind::Field { base, name: field.name.clone() }, at);
        Some(Meaning::Value(value, field.ty.clone()))
    }

    /// What a declaration means as a value, as far as it does not depend on what is around it.
    pub(super) fn item_meaning(&mut self, item: ItemId, at: Span) -> Meaning {
        if matches!(self.env.names.item(item).decl, ast::Decl::Const(_) | ast::Decl::Var(_)) {
            let constant = crate::values::constant(self.env, item, at, self.output);
            let declared = self.env.names.item(item);
            self.output.annotations.mention(at, &declared.name, &constant, declared.at);
            let ty = constant.ty;
            self.output.index.typed(at, &ty);
            return match constant.value {
                Some(value) => Meaning::Value(Expr::new(ExprKind::Const(value), at), ty),
                None => Meaning::Value(self.unknown(at).0, Type::Unknown),
            };
        }
        Meaning::Item(item)
    }

    /// A declaration that is named where a value is expected.
    pub(super) fn item_as_value(&mut self, item: ItemId, text: &str, at: Span, hint: Option<&Type>) -> (Expr, Type) {
        let declared = self.env.names.item(item);
        match &declared.decl {
            ast::Decl::Dataset(_) => self.read(item, vec![], false, at),
            ast::Decl::Secret(_) => {
                if hint != Some(&Type::Secret) {
                    self.problem(SecretUse { name: text, at, declared: declared.at });
                    return self.unknown(at);
                }
                // Its name: the value is read by who runs the step.
                (Expr::new(ExprKind::Const(Value::String(declared.name.0.clone())), at), Type::Secret)
            }
            ast::Decl::Fn(_) | ast::Decl::Guard(_) => self.function_as_value(item, at, hint),
            ast::Decl::Const(_) | ast::Decl::Var(_) => self.unknown(at),
            ast::Decl::Step(_) | ast::Decl::Flow(_) => {
                let help = format!("call it: `{text}(…)`");
                let found = if matches!(declared.decl, ast::Decl::Step(_)) { "a step" } else { "a flow" };
                self.problem(NotAValue { name: text, at, found, declared: Some(declared.at), help: Some(help) });
                self.unknown(at)
            }
            _ => {
                let (found, declared) = (declared.keyword(), declared.at);
                self.problem(WrongKind { name: text, at, expected: "a value", found, declared });
                self.unknown(at)
            }
        }
    }

    /// `North` alone: a variant of the type that is welcome, else of the one enum that has it.
    fn variant_name(&mut self, name: &ast::Name, at: Span, hint: Option<&Type>) -> (Expr, Type) {
        match self.enum_of(name.text(), at, hint) {
            Some(Some(owner)) => self.construct_variant(&owner, name.text(), at, at, &[], None),
            Some(None) => self.unknown(at),
            None => {
                self.unknown_variant_or_value(name.text(), at, hint);
                self.unknown(at)
            }
        }
    }

    /// The enum whose variant a name alone is. `None` if there is none, `Some(None)` if that was reported.
    pub(super) fn enum_of(&mut self, variant: &str, at: Span, hint: Option<&Type>) -> Option<Option<Name>> {
        if let Some((owner, variants)) = hint.and_then(|hint| self.env.variants_of(hint.required()))
            && variants.iter().any(|declared| &*declared.name == variant)
        {
            return Some(Some(owner.clone()));
        }
        let env = self.env;
        let all = env.variants.get(variant)?;
        let is_visible = |item: &&ItemId| {
            let declared = env.names.item(**item);
            declared.module == self.module
                || env.names.module(self.module).imported.values().any(|import| import.what == **item)
        };
        let visible: Vec<ItemId> = all.iter().filter(is_visible).copied().collect();
        match visible.as_slice() {
            [] => None,
            [one] => {
                let declared = env.names.item(*one);
                // The variant alone mentions its type.
                let _ = env.names.find(self.module, declared.name.short());
                Some(Some(declared.name.clone()))
            }
            several => {
                let owners = several.iter().map(|item| {
                    let declared = env.names.item(*item);
                    (declared.name.short().to_owned(), declared.at)
                });
                self.problem(AmbiguousVariant { at, variant, owners: owners.collect() });
                Some(None)
            }
        }
    }

    fn unknown_variant_or_value(&mut self, text: &str, at: Span, hint: Option<&Type>) {
        let welcome = hint.map(Type::required).filter(|hint| self.env.variants_of(hint).is_some());
        match welcome {
            Some(owner) => self.unknown_variant(text, at, &owner.clone()),
            None => self.unknown_value(text, at, "value"),
        }
    }

    /// Reports a name that means nothing here, with the nearest that does.
    pub(crate) fn unknown_value(&mut self, text: &str, at: Span, noun: &'static str) {
        if text == "it" {
            self.problem(crate::problems::context::NoIt { at, place: self.place.describe() });
            return;
        }
        // Letters that names cannot have are reported with the text.
        if !text.is_ascii() {
            return;
        }
        let env = self.env;
        let declared: Vec<&str> = env.names.visible(self.module).map(|(name, _)| name).collect();
        let fields = self.locals.it().filter(|it| it.bare_fields).and_then(|it| env.record(&it.ty));
        let mut fields: Vec<&str> =
            fields.into_iter().flat_map(|(_, fields)| fields).map(|field| &*field.name).collect();
        if self.place == Place::Rule || noun == "function" {
            fields.extend(flow_expr::builtins::builtins().map(|builtin| builtin.name));
        }
        let near = nearest(text, self.locals.names().chain(declared).chain(fields)).map(str::to_owned);
        let near = near.map(|near| {
            let at = match env.names.find(self.module, &near) {
                Found::Item(item) => Some(env.names.item(item).at),
                _ => None,
            };
            (near, at)
        });
        let elsewhere = env.names.elsewhere(self.module, text).map(|item| {
            let item = env.names.item(item);
            (item.name.clone(), item.at)
        });
        let import = env.names.module(self.module).import_place;
        let elsewhere = elsewhere.collect();
        let later = self.bound_later(text, at);
        self.problem(UnknownName { name: text, at, noun, nearest: near, elsewhere, import, later });
    }

    /// Where the flow binds a name after a place.
    fn bound_later(&self, text: &str, at: Span) -> Option<Span> {
        let lets = self.graph.as_ref()?.body()?.syntax().descendants().filter_map(ast::LetStmt::cast);
        let names = lets.filter_map(|stmt| stmt.name()).filter(|name| name.text() == text);
        names.map(|name| self.span(name.range())).find(|bound| bound.start > at.start)
    }

    /// A dataset that is read: a node of the graph, once per version. A question has them bound by their whole names,
    /// which no name in a text can be.
    pub(super) fn read(&mut self, item: ItemId, partition: Vec<Expr>, previous: bool, at: Span) -> (Expr, Type) {
        let declared = self.env.names.item(item);
        let ty = self.env.signatures.get(&item).map_or(Type::Unknown, |signature| signature.returns.clone());
        // Before the first run there is no version before.
        let ty = if previous { ty.optional() } else { ty };
        if partition.is_empty()
            && !previous
            && let Some(local) = self.locals.find(declared.name.as_str())
        {
            self.output.index.typed(at, &ty);
            return (Expr::new(ExprKind::Var(local.var), at), ty);
        }
        let Some(graph) = &self.graph else {
            let (name, declared) = (declared.name.short(), declared.at);
            self.problem(OnlyInFlows { name, what: "dataset", at, declared, place: self.place.describe() });
            return (self.unknown(at).0, Type::Unknown);
        };
        self.output.index.typed(at, &ty);
        let name = declared.name.clone();
        if partition.is_empty()
            && let Some(var) = graph.already_read(&name, previous)
        {
            return (Expr::new(ExprKind::Var(var), at), ty);
        }
        let label: Arc<str> = if previous { format!("previous {}", name.short()).into() } else { name.short().into() };
        let whole = partition.is_empty();
        let kind = flow_plan::NodeKind::Read { dataset: name.clone(), previous, partition };
        let (value, ty) = self.hoist(&label, ty, kind, at);
        if let (ExprKind::Var(var), Some(graph), true) = (&value.kind, &mut self.graph, whole) {
            graph.remember_read(name, previous, *var);
        }
        (value, ty)
    }
}
