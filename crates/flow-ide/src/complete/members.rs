//! Behind a dot: fields of records, functions that take the value first, variants of an enum, members of a module.

use super::{Completion, CompletionKind, Context};
use flow_expr::{Name, Type, TypeDef, builtins::TypePattern};
use flow_sema::index::DefinitionKind;
use flow_syntax::ast::{self, AstNode};

pub(super) fn offers(context: &Context<'_>) -> Option<Vec<Completion>> {
    let field = ast::FieldExpr::cast(context.parent()?)?;
    let receiver = field.receiver()?;
    if let ast::Expr::Name(name) = &receiver
        && let Some(items) = of_name(context, name.name()?.text())
    {
        return Some(items);
    }
    let Some(ty) = context.type_of(&receiver) else { return Some(vec![]) };
    let fields = context.fields(&ty).unwrap_or_default().iter();
    let mut items: Vec<Completion> = fields
        .map(|field| Completion::new(&*field.name, CompletionKind::Field, 0).detail(field.ty.to_string()))
        .collect();
    items.extend(functions(&ty));
    items.extend(own_functions(context, &ty));
    Some(items)
}

/// Variants behind a type, members behind a module.
fn of_name(context: &Context<'_>, name: &str) -> Option<Vec<Completion>> {
    let visible = super::visible(context).into_iter().find(|found| found.name == name);
    if let Some(found) = visible {
        let TypeDef::Enum(variants) = context.analysis.compilation.program.types.get(&found.definition.name)? else {
            return None;
        };
        let variant = |variant: &flow_expr::Variant| Completion::new(&*variant.name, CompletionKind::Variant, 0);
        return Some(variants.iter().map(variant).collect());
    }
    let (_, module) = super::import::used(&context.parse).into_iter().find(|(here, _)| here == name)?;
    let definitions = context.analysis.compilation.index.definitions.iter();
    let inside =
        definitions.filter(|found| found.name.as_str().rsplit_once('.').is_some_and(|(of, _)| of == module.as_str()));
    let item = |found: &flow_sema::index::Definition| {
        let DefinitionKind::Declaration(keyword) = found.kind else { return None };
        Some(super::names::called(
            context,
            Completion::new(found.name.short(), CompletionKind::Declaration(keyword), 0),
            found,
            keyword,
        ))
    };
    let items: Vec<Completion> = inside.filter_map(item).collect();
    (!items.is_empty()).then_some(items)
}

/// Built-in functions that take such a value first; those that take anything come last.
fn functions(ty: &Type) -> Vec<Completion> {
    let mut found: Vec<Completion> = vec![];
    for builtin in flow_expr::builtins::builtins() {
        let Some(first) = builtin.signature().params.first() else { continue };
        let Some(rank) = fits(&first.ty, ty) else { continue };
        if found.iter().any(|item| item.label == builtin.name) {
            continue;
        }
        let more = builtin.signature().params.len() > 1;
        found.push(Completion {
            insert: if more { format!("{}($1)", builtin.name) } else { format!("{}()", builtin.name) },
            is_snippet: more,
            docs: Some(builtin.docs.to_owned()),
            ..Completion::new(builtin.name, CompletionKind::Declaration("fn"), rank).detail(builtin.declaration())
        });
    }
    found
}

/// How far down a function belongs whose first parameter is of a pattern; none if it does not take the value.
fn fits(pattern: &TypePattern, ty: &Type) -> Option<u32> {
    match (pattern, ty) {
        (TypePattern::Variable('N'), Type::Int | Type::Float | Type::Decimal | Type::Duration) => Some(12),
        (TypePattern::Variable('N'), _) => None,
        (TypePattern::Variable(_), _) => Some(20),
        (TypePattern::Plain(Type::Decimal), Type::Int) => Some(10),
        (TypePattern::Plain(wanted), ty) => (wanted == ty).then_some(10),
        (TypePattern::Optional(_), Type::Optional(_))
        | (TypePattern::List(_), Type::List(_))
        | (TypePattern::Map(..), Type::Map(..))
        | (TypePattern::Table(_), Type::Table(_)) => Some(10),
        _ => None,
    }
}

/// Functions of the program that take such a value first.
fn own_functions(context: &Context<'_>, ty: &Type) -> Vec<Completion> {
    let program = &context.analysis.compilation.program;
    let takes = |name: &Name| {
        let first = program.functions.get(name).and_then(|function| function.params.first());
        first.is_some_and(|_| first_type(context, name).is_some_and(|first| first == ty.to_string()))
    };
    let visible = super::visible(context).into_iter().filter(|found| takes(&found.definition.name));
    let item = |found: super::Visible<'_>| Completion {
        insert: format!("{}($1)", found.name),
        is_snippet: true,
        declaration: Some(found.definition.name.clone()),
        ..Completion::new(found.name, CompletionKind::Declaration("fn"), 5)
    };
    visible.map(item).collect()
}

/// The type of a function's first parameter, as it is written.
fn first_type(context: &Context<'_>, name: &Name) -> Option<String> {
    let definition = context.analysis.declaration(name)?;
    let ast::Decl::Fn(decl) = crate::place::decl_at(context.analysis, definition.at)? else { return None };
    let ty = decl.params().next()?.ty()?;
    Some(ty.syntax().text().to_string().trim().to_owned())
}
