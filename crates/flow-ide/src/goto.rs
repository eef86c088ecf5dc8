//! Where the thing at a place is declared, and where its type is.

use crate::{
    Analysis,
    place::{around, token_at, tree},
};
use flow_diag::{FileId, Span};
use flow_expr::{Name, Type};
use flow_syntax::ast;

/// Where what is named at a place is declared: a name, or a module.
#[must_use]
pub fn definition(analysis: &Analysis, at: Span) -> Option<Span> {
    let index = &analysis.compilation.index;
    match index.definition_at(at).and_then(|id| index.definition(id)) {
        Some(definition) => Some(definition.at),
        None => module(analysis, at).map(|file| Span::new(file, 0, 0)),
    }
}

/// Where the type of what stands at a place is declared.
#[must_use]
pub fn type_definition(analysis: &Analysis, at: Span) -> Option<Span> {
    let index = &analysis.compilation.index;
    let of_name = || index.definition(index.definition_at(at)?)?.ty.clone();
    let ty = index.type_at(at).map(|typed| typed.ty.clone()).or_else(of_name)?;
    analysis.declaration(named(&ty)?).map(|definition| definition.at)
}

/// The file of the module that a `use` names at a place.
fn module(analysis: &Analysis, at: Span) -> Option<FileId> {
    let root = tree(analysis, at.file)?;
    let token = token_at(&root, at.start)?;
    let path = around::<ast::Path>(&token)?;
    let parts: Vec<String> = path
        .parts()
        .take_while(|name| name.range().start() <= token.text_range().start())
        .map(|name| name.text().to_owned())
        .collect();
    module_file(analysis, &parts.join("."))
}

/// The file of a module.
pub(crate) fn module_file(analysis: &Analysis, name: &str) -> Option<FileId> {
    let path = format!("{}.flow", name.replace('.', "/"));
    let is_it = |known: &str| known == path || known.strip_suffix(&path).is_some_and(|before| before.ends_with('/'));
    let sources = analysis.compilation.sources.iter();
    sources.filter(|(_, source)| is_it(&source.path)).map(|(file, _)| file).next()
}

/// The named type that a type is made around: the row of a table, the item of a list.
pub(crate) fn named(ty: &Type) -> Option<&Name> {
    match ty {
        Type::Named(name) => Some(name),
        Type::Optional(inner) | Type::List(inner) | Type::Table(inner) | Type::Map(_, inner) => named(inner),
        _ => None,
    }
}
