//! The shapes of all declared types: fields, variants, what aliases stand for.
//!
//! Aliases are followed on demand, so that the order of declarations means nothing; a circle of aliases is
//! cut and reported. Refinements come later.

use super::resolve::{TypeContext, resolve_labels};
use crate::{
    environment::{Environment, Member},
    index::{Definition, DefinitionKind},
    names::{Found, ItemId},
    output::Output,
    problems::{
        cycles::{InfiniteType, Turn},
        names::BoundTwice,
        types::{NotAKey, NotARow, NotStorable},
    },
    source::{one_line, span},
};
use flow_diag::{FileId, Span};
use flow_expr::{Expr, ExprKind, Field, Name, Refinement, Type, TypeDef, Value, Variant};
use flow_syntax::ast::{self, Documented};
use std::{collections::HashMap, sync::Arc};

/// How far the aliases have been followed.
#[derive(Default)]
pub(crate) struct Aliases {
    open: Vec<(ItemId, Span)>,
}

/// Fills in the tables of types.
pub(crate) fn collect(env: &mut Environment, output: &mut Output) {
    let items: Vec<(ItemId, ast::TypeDecl)> = env
        .names
        .all()
        .filter_map(|(id, item)| match &item.decl {
            ast::Decl::Type(decl) => Some((id, decl.clone())),
            _ => None,
        })
        .collect();
    let mut aliases = Aliases::default();
    let by_item: HashMap<ItemId, &ast::TypeDecl> = items.iter().map(|(id, decl)| (*id, decl)).collect();
    // What each declaration is called, aliases followed; then the shapes, which mention each other by name.
    for (id, decl) in &items {
        aliases.follow(env, &by_item, *id, decl, output);
    }
    for (id, decl) in &items {
        shape(env, *id, decl, output);
    }
    check_shapes(env, &items, output);
}

impl Aliases {
    fn follow(
        &mut self,
        env: &mut Environment,
        all: &HashMap<ItemId, &ast::TypeDecl>,
        id: ItemId,
        decl: &ast::TypeDecl,
        output: &mut Output,
    ) {
        if env.type_items.contains_key(&id) {
            return;
        }
        let item = env.names.item(id).clone();
        let named = Type::Named(item.name.clone());
        let Some(ast::TypeBody::Alias(alias)) = decl.body() else {
            let ty = if decl.body().is_some() { named } else { Type::Unknown };
            env.type_items.insert(id, ty);
            return;
        };
        let file = env.names.module(item.module).file;
        let Some(written) = alias.ty() else {
            env.type_items.insert(id, Type::Unknown);
            return;
        };
        self.open.push((id, span(file, written.range())));
        for (mention, at) in mentioned(env, &item.module, &written, file) {
            if let Some(start) = self.open.iter().position(|(open, _)| *open == mention) {
                self.open.last_mut().into_iter().for_each(|last| last.1 = at);
                let turns = self.open[start..].iter().map(|(open, mention)| {
                    let item = env.names.item(*open);
                    Turn { name: item.name.clone(), at: item.at, mention: *mention }
                });
                output.problem(InfiniteType(turns.collect()));
                for (open, _) in &self.open[start..] {
                    env.type_items.insert(*open, Type::Unknown);
                }
            } else if let Some(other) = all.get(&mention) {
                self.follow(env, all, mention, other, output);
            }
        }
        self.open.pop();
        if env.type_items.contains_key(&id) {
            return;
        }
        let context = TypeContext { env, module: item.module, parameters: &[] };
        let base = context.resolve(&written, output);
        let labels = resolve_labels(&context, alias.labels(), output);
        if alias.refinement().is_none() && alias.labels().next().is_none() {
            env.type_items.insert(id, base);
            return;
        }
        let refinement = pending(alias.refinement().as_ref(), item.at);
        env.types.0.insert(item.name.clone(), TypeDef::Refined { base, refinement, labels });
        env.type_items.insert(id, named);
    }
}

/// Declared types that a written type mentions directly.
fn mentioned(
    env: &Environment,
    module: &crate::names::ModuleId,
    written: &ast::TypeExpr,
    file: FileId,
) -> Vec<(ItemId, Span)> {
    let mut found = vec![];
    let mut waiting = vec![written.clone()];
    while let Some(next) = waiting.pop() {
        match next {
            ast::TypeExpr::Named(named) => {
                waiting.extend(named.args());
                let Some(path) = named.path() else { continue };
                let parts: Vec<ast::Name> = path.parts().collect();
                if let Found::Item(item) = env.names.find_path(*module, parts.iter().map(ast::Name::text)) {
                    found.push((item, span(file, path.range())));
                }
            }
            ast::TypeExpr::Optional(optional) => waiting.extend(optional.inner()),
            ast::TypeExpr::Fn(function) => waiting.extend(function.params().chain(function.result())),
        }
    }
    found
}

/// A refinement of which only its text is known yet; without one of an alias that only has labels.
pub(crate) fn pending(written: Option<&ast::Expr>, at: Span) -> Refinement {
    let text = written.map_or_else(|| "".into(), |written| one_line(written.syntax()));
    Refinement { condition: Expr::new(ExprKind::Const(Value::Bool(true)), at), text }
}

fn shape(env: &mut Environment, id: ItemId, decl: &ast::TypeDecl, output: &mut Output) {
    let item = env.names.item(id).clone();
    match decl.body() {
        Some(ast::TypeBody::Record(record)) => {
            let (fields, members) = fields(env, &item, item.name.as_str(), record.fields(), output);
            env.types.0.insert(item.name.clone(), TypeDef::Record(fields));
            env.members.insert(item.name, members);
        }
        Some(ast::TypeBody::Enum(body)) => {
            let file = env.names.module(item.module).file;
            let mut variants: Vec<Variant> = vec![];
            let mut members: Vec<Member> = vec![];
            for variant in body.variants() {
                let Some(name) = variant.name() else { continue };
                let at = span(file, name.range());
                if let Some(first) = members.iter().find(|member| *member.name == *name.text()) {
                    output.problem(BoundTwice { name: name.text(), at, first: first.at, noun: "variant" });
                    continue;
                }
                let short: Arc<str> = name.text().into();
                let full = format!("{}.{short}", item.name);
                let definition = output.index.define(Definition {
                    kind: DefinitionKind::Variant,
                    name: Name::new(full.as_str()),
                    at,
                    ty: Some(Type::Named(item.name.clone())),
                    docs: variant.docs().map(Into::into),
                });
                let (payload, held) = fields(env, &item, &full, variant.fields(), output);
                env.variants.entry(short.clone()).or_default().push(id);
                members.push(Member { name: short.clone(), at, definition, default: None, fields: held });
                variants.push(Variant { name: short, payload });
            }
            env.types.0.insert(item.name.clone(), TypeDef::Enum(variants));
            env.members.insert(item.name, members);
        }
        Some(ast::TypeBody::Alias(_)) | None => {}
    }
}

fn fields(
    env: &Environment,
    item: &crate::names::Item,
    owner: &str,
    written: impl Iterator<Item = ast::Field>,
    output: &mut Output,
) -> (Vec<Field>, Vec<Member>) {
    let file = env.names.module(item.module).file;
    let context = TypeContext { env, module: item.module, parameters: &[] };
    let mut fields: Vec<Field> = vec![];
    let mut members: Vec<Member> = vec![];
    for field in written {
        let Some(name) = field.name() else { continue };
        let at = span(file, name.range());
        let ty = field.ty().map_or(Type::Unknown, |written| {
            let ty = context.resolve(&written, output);
            storable(&ty, span(file, written.range()), output);
            ty
        });
        let labels = resolve_labels(&context, field.labels(), output);
        if let Some(first) = members.iter().find(|member| *member.name == *name.text()) {
            output.problem(BoundTwice { name: name.text(), at, first: first.at, noun: "field" });
            continue;
        }
        let short: Arc<str> = name.text().into();
        let definition = output.index.define(Definition {
            kind: DefinitionKind::Field,
            name: Name::new(format!("{owner}.{short}")),
            at,
            ty: Some(ty.clone()),
            docs: field.docs().map(Into::into),
        });
        members.push(Member { name: short.clone(), at, definition, default: None, fields: vec![] });
        fields.push(Field { name: short, ty, refinement: None, labels });
    }
    (fields, members)
}

/// A field holds data: no functions, no secrets.
fn storable(ty: &Type, at: Span, output: &mut Output) {
    match ty {
        Type::Function(..) | Type::Secret => output.problem(NotStorable { at, found: ty }),
        Type::Optional(inner) | Type::List(inner) | Type::Map(_, inner) => storable(inner, at, output),
        _ => {}
    }
}

/// What could only be known when all shapes were: tables of records, keys of maps.
fn check_shapes(env: &Environment, items: &[(ItemId, ast::TypeDecl)], output: &mut Output) {
    for (id, decl) in items {
        let item = env.names.item(*id);
        let file = env.names.module(item.module).file;
        let mut written: Vec<ast::TypeExpr> = match decl.body() {
            Some(ast::TypeBody::Record(body)) => body.fields().filter_map(|field| field.ty()).collect(),
            Some(ast::TypeBody::Enum(body)) => {
                body.variants().flat_map(|variant| variant.fields()).filter_map(|field| field.ty()).collect()
            }
            Some(ast::TypeBody::Alias(body)) => body.ty().into_iter().collect(),
            None => vec![],
        };
        let context = TypeContext { env, module: item.module, parameters: &[] };
        let mut silent = Output::default();
        while let Some(next) = written.pop() {
            let ast::TypeExpr::Named(named) = next else {
                if let ast::TypeExpr::Optional(optional) = next {
                    written.extend(optional.inner());
                }
                continue;
            };
            let args: Vec<ast::TypeExpr> = named.args().collect();
            let container = named.path().map(|path| path.text()).unwrap_or_default();
            if let Some(first) = args.first()
                && let ty @ Type::Named(_) = context.resolve(first, &mut silent)
            {
                let at = span(file, first.range());
                if container == "Table" && env.record(&ty).is_none() {
                    output.problem(NotARow { at, found: &ty });
                }
                if container == "Map" && !flow_expr::builtins::is_key(&ty, &env.types) {
                    output.problem(NotAKey { at, found: &ty });
                }
            }
            written.extend(args);
        }
    }
}
