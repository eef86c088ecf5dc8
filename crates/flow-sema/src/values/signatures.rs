//! Signatures of functions, guards, steps and flows, and of datasets with their partition keys.

use crate::{
    environment::{Environment, Parameter, Signature},
    index::{Definition, DefinitionKind},
    names::ItemId,
    output::Output,
    problems::names::{BoundTwice, LiteralName, NoBody},
    source::span,
    types::{TypeContext, pending, resolve_labels},
};
use flow_diag::{FileId, Span};
use flow_expr::{Name, Refinement, Type, TypeDef};
use flow_syntax::ast;
use std::{rc::Rc, sync::Arc};

/// Fills in the table of signatures.
pub(crate) fn signatures(env: &mut Environment, output: &mut Output) {
    let ids: Vec<ItemId> = env.names.all().map(|(id, _)| id).collect();
    for id in ids {
        let item = env.names.item(id).clone();
        let file = env.names.module(item.module).file;
        let (type_params, params, returns): (Vec<ast::Name>, Vec<ast::Param>, _) = match &item.decl {
            ast::Decl::Fn(decl) => (decl.type_params().collect(), decl.params().collect(), decl.return_type()),
            ast::Decl::Guard(decl) => (decl.type_params().collect(), decl.params().collect(), decl.return_type()),
            ast::Decl::Step(decl) => (vec![], decl.params().collect(), decl.return_type()),
            ast::Decl::Flow(decl) => (vec![], decl.params().collect(), decl.return_type()),
            ast::Decl::Dataset(decl) => {
                let signature = dataset(env, &item, decl, file, output);
                env.signatures.insert(id, Rc::new(signature));
                continue;
            }
            _ => continue,
        };
        if matches!(&item.decl, ast::Decl::Fn(decl) if decl.body().is_none())
            && !env.names.module(item.module).is_standard
        {
            output.problem(NoBody { name: item.name.clone(), at: item.at });
        }
        let type_params: Vec<Arc<str>> = type_params.iter().map(|name| name.text().into()).collect();
        let mut rules = vec![];
        let context = TypeContext { env, module: item.module, parameters: &type_params };
        let params = parameters(&context, id, &params, file, &mut rules, output);
        let (returns, returns_at) = match returns {
            Some(written) => (context.resolve(&written, output), span(file, written.range())),
            // A guard says yes or no; what else has no type gives nothing.
            None if matches!(item.decl, ast::Decl::Guard(_)) => (Type::Bool, item.at),
            // `-> {`: there is a type, and the parser has said that it is missing.
            None if has_arrow(&item.decl) => (Type::Unknown, item.at),
            None => (Type::Unit, item.at),
        };
        for (name, base, refinement) in rules {
            env.types.0.insert(name, TypeDef::Refined { base, refinement, labels: vec![] });
        }
        let signature = Signature { params, returns, returns_at };
        output.annotations.signature(&item.name, &signature);
        env.signatures.insert(id, Rc::new(signature));
    }
}

/// The type that stands for a parameter with a rule: `shop.greet.name`.
pub(crate) fn ruled_type(owner: &Name, parameter: &str) -> Name {
    Name::new(format!("{owner}.{parameter}"))
}

fn has_arrow(decl: &ast::Decl) -> bool {
    decl.syntax().children_with_tokens().any(|child| child.kind() == flow_syntax::SyntaxKind::ARROW)
}

fn parameters(
    context: &TypeContext<'_>,
    owner: ItemId,
    written: &[ast::Param],
    file: FileId,
    rules: &mut Vec<(Name, Type, Refinement)>,
    output: &mut Output,
) -> Vec<Parameter> {
    let item = context.env.names.item(owner);
    let mut params: Vec<Parameter> = vec![];
    for param in written {
        let Some(name) = param.name() else { continue };
        let at = span(file, name.range());
        let mut ty = param.ty().map_or(Type::Unknown, |written| context.resolve(&written, output));
        let labels = resolve_labels(context, param.labels(), output);
        if let Some(first) = params.iter().find(|known| *known.name == *name.text()) {
            output.problem(BoundTwice { name: name.text(), at, first: first.at, noun: "parameter" });
            continue;
        }
        if let Some(rule) = param.refinement().filter(|_| ty != Type::Unknown) {
            let ruled = ruled_type(&item.name, name.text());
            rules.push((ruled.clone(), ty.required().clone(), pending(Some(&rule), at)));
            let optional = matches!(ty, Type::Optional(_));
            ty = if optional { Type::Named(ruled).optional() } else { Type::Named(ruled) };
        }
        params.push(Parameter { labels, ..parameter(&name, ty, param.default(), at, owner, output) });
    }
    params
}

fn parameter(
    name: &ast::Name,
    ty: Type,
    written: Option<ast::Expr>,
    at: Span,
    owner: ItemId,
    output: &mut Output,
) -> Parameter {
    if let Some(problem) = LiteralName::of(name, at) {
        output.problem(problem);
    }
    let short: Arc<str> = name.text().into();
    let definition = output.index.define(Definition {
        kind: DefinitionKind::Parameter,
        name: Name(short.clone()),
        at,
        ty: Some(ty.clone()),
        docs: None,
    });
    let has_default = written.is_some();
    Parameter { name: short, ty, labels: vec![], has_default, default: None, written, owner, at, definition }
}

fn dataset(
    env: &Environment,
    item: &crate::names::Item,
    decl: &ast::DatasetDecl,
    file: FileId,
    output: &mut Output,
) -> Signature {
    let context = TypeContext { env, module: item.module, parameters: &[] };
    let (returns, returns_at) = match decl.ty() {
        Some(written) => (context.resolve(&written, output), span(file, written.range())),
        None => (Type::Unknown, item.at),
    };
    let owner = *env.names.module(item.module).own.get(item.name.short()).unwrap_or(&ItemId(u32::MAX));
    let mut params: Vec<Parameter> = vec![];
    for clause in decl.clauses() {
        let ast::DatasetClause::Partition(partition) = clause else { continue };
        let Some(name) = partition.name() else { continue };
        let at = span(file, name.range());
        let ty = partition.ty().map_or(Type::Unknown, |written| context.resolve(&written, output));
        if let Some(first) = params.iter().find(|known| *known.name == *name.text()) {
            output.problem(BoundTwice { name: name.text(), at, first: first.at, noun: "partition key" });
            continue;
        }
        params.push(parameter(&name, ty, None, at, owner, output));
    }
    Signature { params, returns, returns_at }
}
