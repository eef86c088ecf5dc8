//! One written type, and label references.

use crate::{
    environment::Environment,
    names::{Found, ModuleId},
    output::Output,
    problems::{
        names::{UnknownName, WrongKind},
        nearest,
        types::{NotAKey, NotARow, OptionalOfOptional, TypeArguments},
    },
    source::span,
};
use flow_diag::Span;
use flow_expr::{Name, Type};
use flow_syntax::{SyntaxKind, ast};
use std::sync::Arc;

/// Where a type is written.
#[derive(Clone, Copy)]
pub(crate) struct TypeContext<'a> {
    pub(crate) env: &'a Environment,
    pub(crate) module: ModuleId,
    /// The type parameters that are known there.
    pub(crate) parameters: &'a [Arc<str>],
}

const BUILT_IN: &[&str] = &[
    "Unit",
    "Bool",
    "Int",
    "Float",
    "Decimal",
    "String",
    "Date",
    "Time",
    "Timestamp",
    "Duration",
    "Bytes",
    "Json",
    "File",
    "Secret",
    "Approval",
    "List",
    "Map",
    "Table",
];

impl TypeContext<'_> {
    /// What it means; what is wrong is reported and `Unknown`.
    pub(crate) fn resolve(&self, written: &ast::TypeExpr, output: &mut Output) -> Type {
        match written {
            ast::TypeExpr::Named(named) => self.named(named, output),
            ast::TypeExpr::Optional(optional) => {
                let Some(inner) = optional.inner() else { return Type::Unknown };
                let inner_ty = self.resolve(&inner, output);
                if matches!(inner_ty, Type::Optional(_)) {
                    output.problem(OptionalOfOptional { at: self.span(optional.range()) });
                }
                inner_ty.optional()
            }
            ast::TypeExpr::Fn(function) => {
                let params = function.params().map(|param| self.resolve(&param, output)).collect();
                let result = function.result().map_or(Type::Unit, |result| self.resolve(&result, output));
                Type::Function(params, Arc::new(result))
            }
        }
    }

    fn span(&self, range: flow_syntax::TextRange) -> Span {
        span(self.env.names.module(self.module).file, range)
    }

    fn named(&self, named: &ast::NamedType, output: &mut Output) -> Type {
        let Some(path) = named.path() else { return Type::Unknown };
        let parts: Vec<ast::Name> = path.parts().collect();
        let args: Vec<ast::TypeExpr> = named.args().collect();
        // What stands between the brackets is no type, which the parser has reported.
        if args.is_empty() && named.syntax().children().any(|child| child.kind() == SyntaxKind::TYPE_ARG_LIST) {
            return Type::Unknown;
        }
        let at = self.span(path.range());
        if let [only] = parts.as_slice() {
            if self.parameters.iter().any(|parameter| **parameter == *only.text()) {
                self.count(at, only.text(), 0, &args, output);
                return Environment::type_parameter(only.text());
            }
            if let Some(ty) = self.built_in(only.text(), at, &args, output) {
                return ty;
            }
        }
        let ty = self.declared(&parts, at, output);
        let shown = parts.last().map_or("", ast::Name::text);
        if ty != Type::Unknown {
            self.count(at, shown, 0, &args, output);
        }
        ty
    }

    fn declared(&self, parts: &[ast::Name], at: Span, output: &mut Output) -> Type {
        let Some(last) = parts.last() else { return Type::Unknown };
        match self.env.names.find_path(self.module, parts.iter().map(ast::Name::text)) {
            Found::Item(item) => {
                let declared = self.env.names.item(item);
                output.index.mention(self.span(last.range()), declared.definition);
                if !matches!(declared.decl, ast::Decl::Type(_)) {
                    let (found, declared) = (declared.keyword(), declared.at);
                    output.problem(WrongKind { name: last.text(), at, expected: "a type", found, declared });
                    return Type::Unknown;
                }
                self.env.type_items.get(&item).cloned().unwrap_or_else(|| Type::Named(declared.name.clone()))
            }
            Found::Broken => Type::Unknown,
            Found::Module(_) | Found::Nothing => {
                self.unknown(last.text(), at, "type", output);
                Type::Unknown
            }
        }
    }

    fn unknown(&self, text: &str, at: Span, noun: &'static str, output: &mut Output) {
        // The parser has said that types are not spelled like this, and how.
        if noun == "type" && text.starts_with(|first: char| first.is_ascii_lowercase()) {
            return;
        }
        let names = &self.env.names;
        let fits = |item| {
            matches!((&names.item(item).decl, noun), (ast::Decl::Type(_), "type") | (ast::Decl::Label(_), "label"))
        };
        let visible = names.visible(self.module).filter(|(_, item)| fits(*item)).map(|(name, _)| name);
        let built_in: &[&str] = if noun == "type" { BUILT_IN } else { &[] };
        let near = nearest(text, visible.chain(built_in.iter().copied()));
        let near = near.map(|near| match names.find(self.module, near) {
            Found::Item(item) => (near.to_owned(), Some(names.item(item).at)),
            _ => (near.to_owned(), None),
        });
        let elsewhere = names.elsewhere(self.module, text).filter(|item| fits(*item)).map(|item| {
            let item = names.item(item);
            (item.name.clone(), item.at)
        });
        let import = names.module(self.module).import_place;
        let elsewhere = elsewhere.collect();
        output.problem(UnknownName { name: text, at, noun, nearest: near, elsewhere, import, later: None });
    }

    fn built_in(&self, name: &str, at: Span, args: &[ast::TypeExpr], output: &mut Output) -> Option<Type> {
        let plain = match name {
            "Unit" => Type::Unit,
            "Bool" => Type::Bool,
            "Int" => Type::Int,
            "Float" => Type::Float,
            "Decimal" => Type::Decimal,
            "String" => Type::String,
            "Date" => Type::Date,
            "Time" => Type::Time,
            "Timestamp" => Type::Timestamp,
            "Duration" => Type::Duration,
            "Bytes" => Type::Bytes,
            "Json" => Type::Json,
            "File" => Type::File,
            "Secret" => Type::Secret,
            "List" | "Table" | "Map" => return Some(self.container(name, at, args, output)),
            _ => return None,
        };
        self.count(at, name, 0, args, output);
        Some(plain)
    }

    fn container(&self, name: &str, at: Span, args: &[ast::TypeExpr], output: &mut Output) -> Type {
        let takes = if name == "Map" { 2 } else { 1 };
        let fits = self.count(at, name, takes, args, output);
        let resolved: Vec<Type> = args.iter().map(|arg| self.resolve(arg, output)).collect();
        let place = |number: usize| args.get(number).map_or(at, |arg: &ast::TypeExpr| self.span(arg.range()));
        match (name, resolved.as_slice()) {
            ("List", [item]) => Type::List(Arc::new(item.clone())),
            ("Table", [row]) => {
                if self.is_surely_no_row(row) {
                    output.problem(NotARow { at: place(0), found: row });
                }
                Type::Table(Arc::new(row.clone()))
            }
            ("Map", [key, value]) => {
                if self.is_surely_no_key(key) {
                    output.problem(NotAKey { at: place(0), found: key });
                }
                Type::Map(Arc::new(key.clone()), Arc::new(value.clone()))
            }
            _ => {
                debug_assert!(!fits, "the number of arguments was checked");
                Type::Unknown
            }
        }
    }

    /// Types of the program may not be in the table yet: those are looked at when all are.
    fn is_surely_no_row(&self, row: &Type) -> bool {
        match row {
            Type::Unknown => false,
            Type::Named(name) => {
                self.env.types.get(name).is_some()
                    && self.env.record(row).is_none()
                    && !crate::environment::is_type_parameter(name)
            }
            _ => true,
        }
    }

    fn is_surely_no_key(&self, key: &Type) -> bool {
        match key {
            Type::Named(name) => {
                self.env.types.get(name).is_some()
                    && !flow_expr::builtins::is_key(key, &self.env.types)
                    && !crate::environment::is_type_parameter(name)
            }
            _ => !flow_expr::builtins::is_key(key, &self.env.types),
        }
    }

    /// Reports a wrong number of type arguments.
    fn count(&self, at: Span, name: &str, takes: usize, args: &[ast::TypeExpr], output: &mut Output) -> bool {
        if args.len() != takes {
            output.problem(TypeArguments { at, name, takes, given: args.len() });
        }
        args.len() == takes
    }
}

/// The labels that are written after a type.
pub(crate) fn resolve_labels(
    context: &TypeContext<'_>,
    labels: impl Iterator<Item = ast::LabelRef>,
    output: &mut Output,
) -> Vec<Name> {
    let mut found: Vec<Name> = vec![];
    for label in labels {
        let Some(name) = label.name() else { continue };
        let at = context.span(name.range());
        match context.env.names.find(context.module, name.text()) {
            Found::Item(item) => {
                let declared = context.env.names.item(item);
                output.index.mention(at, declared.definition);
                if matches!(declared.decl, ast::Decl::Label(_)) {
                    found.push(declared.name.clone());
                } else {
                    let (found, declared) = (declared.keyword(), declared.at);
                    output.problem(WrongKind { name: name.text(), at, expected: "a label", found, declared });
                }
            }
            Found::Broken => {}
            Found::Module(_) | Found::Nothing => context.unknown(name.text(), at, "label", output),
        }
    }
    found.dedup();
    found
}
